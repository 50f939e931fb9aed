// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { finish, prepare } from '../../compiler/compile.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { REPRESENTATIVES } from '../differential/targets.js';
import { fault } from './judge.js';
import { KINDS } from './kinds.js';
import { type Probe, probes } from './probes.js';

const LEVELS = [0, 2] as const;

/** Runs by core and level. */
const ran = new Map<string, number>();

/** Half of the cores at one level, the others at the other; which half, no regularity of the probes meets (golden ratio). */
function half(index: number, level: (typeof LEVELS)[number]): typeof REPRESENTATIVES {
  const turn = Math.floor(index * 0.618034) + level / 2;
  return REPRESENTATIVES.filter((_, i) => (i + turn) % 2 === 0);
}

/** Everything that is wrong with a probe on the in-process engines, in words, and whether the verifier refused it. */
function judge(probe: Probe, index: number): { refused: boolean; wrong: string[] } {
  const { contract, runs, name } = probe;
  const program = assemble(probe.text, 'probe');
  const wrong: string[] = [];
  const check = (engine: string, run: (r: Probe['runs'][number]) => ReturnType<typeof interpret>): void => {
    for (const r of runs) {
      const problem = fault(r, run(r));
      if (problem !== null) wrong.push(`${name}, ${r.name}, ${engine}: ${problem}\n${probe.text}`);
    }
  };
  for (const level of LEVELS) {
    const prepared = prepare(program, { contract, level });
    if (prepared.kind === 'rejected') {
      const needed = runs.find((r) => r.reached);
      const verdict = prepared.verdicts.find((v) => v.verdict === 'rejected');
      const why = verdict?.verdict === 'rejected' ? verdict.errors[0]!.message : '';
      return { refused: true, wrong: needed ? [`${name}, ${needed.name}: refused: ${why}\n${probe.text}`] : [] };
    }
    for (const { name: core, target, cpu } of half(index, level)) {
      const place = `${core} -O${level}`;
      ran.set(place, (ran.get(place) ?? 0) + runs.length);
      const image = readImage(finish(prepared, target).image);
      check(place, (r) => simulate(image, 'probe', contract, r.request, { cpu }));
    }
  }
  check('interpreter', (r) => interpret(program, program.entries[0]!, contract, r.request));
  return { refused: false, wrong };
}

const seen = { refused: 0, ran: 0, runs: 0 };

describe('accesses are refused, trapped or right', () => {
  it.each(KINDS)('$name', (kind) => {
    const all = probes(kind);
    const wrong: string[] = [];
    for (const [index, probe] of all.entries()) {
      const result = judge(probe, index);
      wrong.push(...result.wrong);
      if (result.refused) seen.refused++;
      else {
        seen.ran++;
        seen.runs += probe.runs.length;
      }
    }
    expect(wrong.length, wrong.slice(0, 5).join('\n\n')).toBe(0);
    expect(all.flatMap((p) => p.runs).some((r) => r.expected === 'ok')).toBe(true);
    expect(all.flatMap((p) => p.runs).some((r) => r.expected === 'bad')).toBe(true);
  });

  it('a good part of the programs is refused, and a good part runs', () => {
    expect(seen.refused).toBeGreaterThan(500);
    expect(seen.ran).toBeGreaterThan(1000);
    expect(seen.runs).toBeGreaterThan(15_000);
    expect([...ran.keys()].sort()).toEqual(
      REPRESENTATIVES.flatMap((s) => LEVELS.map((l) => `${s.name} -O${l}`)).sort(),
    );
    expect(Math.min(...ran.values())).toBeGreaterThan(7000);
  });
});
