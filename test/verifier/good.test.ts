// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { finish, prepare } from '../../compiler/compile.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { guardsKept } from '../../compiler/sandbox/sandbox.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import type { Verdict } from '../../compiler/verifier/facts.js';
import { verify } from '../../compiler/verifier/verify.js';
import { findSubject } from '../differential/targets.js';
import { GOOD } from './good/index.js';
import { NOT_PROVED } from './good/not-proved.js';
import { CONTRACTS, type GoodRow, requestFor } from './rows.js';

const SUBJECTS = ['cortex-m4', 'rv32imc', 'esp32'].map(findSubject);
/** With few runs wanted every eighth row runs, on one of the targets in turn. */
const QUICK = Number(process.env.FCC_RUNS ?? 1000) < 1000;
const rows = GOOD.map((row, i) => [row.name, row, i] as const);

const errors = (v: Verdict): string[] =>
  v.verdict === 'accepted' ? [] : v.errors.map((e) => `${e.code} line ${e.details.at?.line}: ${e.message}`);
const strict = (row: GoodRow): Verdict => {
  const program = assemble(row.text);
  return verify(program, program.entries[0]!, CONTRACTS[row.contract ?? 'main'], { strict: true });
};

/** Runs a row on all engines; whatever is wrong, in words. */
function ran(row: GoodRow, index: number): string[] {
  const name = row.contract ?? 'main';
  const contract = CONTRACTS[name];
  const program = assemble(row.text);
  const wrong: string[] = [];
  const subjects = QUICK ? [SUBJECTS[index % SUBJECTS.length]!] : SUBJECTS;
  const prepared = prepare(program, { contract });
  if (prepared.kind === 'rejected') return [`refused: ${errors(prepared.verdicts[0]!).join(', ')}`];
  const kept = prepared.guards.reduce((n, g) => n + guardsKept(g), 0);
  if (kept > 0 && !NOT_PROVED.has(row.name)) wrong.push(`${kept} guards kept`);
  const images = subjects.map((s) => ({ ...s, image: readImage(finish(prepared, s.target).image) }));
  for (const [i, { input, r0 }] of row.runs.entries()) {
    const request = requestFor(name, input);
    const reference = interpret(program, program.entries[0]!, contract, request);
    if (reference.trap) wrong.push(`run ${i}: ${reference.trap.name} ${reference.trap.detail}`);
    else if (r0 !== undefined && reference.r0 !== r0) wrong.push(`run ${i}: r0 ${reference.r0}, wanted ${r0}`);
    for (const { name: core, image, cpu } of images) {
      const result = simulate(image, 0, contract, request, { cpu });
      if (result.trap || result.r0 !== reference.r0)
        wrong.push(`run ${i}, ${core}: ${result.trap?.name ?? result.r0}, wanted ${reference.r0}`);
      for (const [region, bytes] of reference.regions)
        if (Buffer.compare(bytes, result.regions.get(region)!) !== 0)
          wrong.push(`run ${i}, ${core}: ${region} differs`);
    }
  }
  return wrong;
}

describe('programs that stay inside', () => {
  it('are more than 200, each with a name of its own', () => {
    expect(GOOD.length - NOT_PROVED.size).toBeGreaterThan(200);
    expect(GOOD.map((r) => r.name).filter((n, i, all) => all.indexOf(n) !== i)).toEqual([]);
    expect([...NOT_PROVED.keys()].filter((n) => !GOOD.some((r) => r.name === n))).toEqual([]);
  });

  it.each(rows.filter(([name]) => !NOT_PROVED.has(name)))('strict accepts: %s', (_name, row) => {
    expect(errors(strict(row))).toEqual([]);
  });

  it.each(rows.filter(([name]) => NOT_PROVED.has(name)))('kept with guards: %s', (_name, row) => {
    const codes = errors(strict(row)).map((e) => e.slice(0, 7));
    expect(codes.length, 'shown now: take it off NOT_PROVED').toBeGreaterThan(0);
    expect(codes.filter((c) => c !== 'FCC0106' && c !== 'FCC0107')).toEqual([]);
  });

  it.each(QUICK ? rows.filter((_, i) => i % 8 === 0) : rows)('runs: %s', (_name, row, i) => {
    expect(row.runs.length).toBeGreaterThan(0);
    expect(ran(row, i).join('\n')).toBe('');
  });
});
