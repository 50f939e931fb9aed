// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import type { Program } from '../../compiler/bpf/program.js';
import { finish, prepare } from '../../compiler/compile.js';
import type { RunResult } from '../../compiler/host/engine.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import type { Verdict } from '../../compiler/verifier/facts.js';
import { verify } from '../../compiler/verifier/verify.js';
import { findSubject } from '../differential/targets.js';
import { BAD } from './bad/index.js';
import { type BadRow, CONTRACTS, requestFor } from './rows.js';

const SUBJECTS = ['cortex-m4', 'rv32imc', 'esp32'].map(findSubject);
/** With few runs wanted every eighth row runs, on one of the targets in turn. */
const QUICK = Number(process.env.FCC_RUNS ?? 1000) < 1000;
const compiled = (index: number): readonly (typeof SUBJECTS)[number][] =>
  QUICK ? [SUBJECTS[index % SUBJECTS.length]!] : SUBJECTS;
const runs = <T>(rows: readonly T[]): readonly T[] => (QUICK ? rows.filter((_, i) => i % 8 === 0) : rows);
const hex = (b: Uint8Array | null | undefined): string => (b ? Buffer.from(b).toString('hex') : 'none');

const verdict = (row: BadRow, strict: boolean): Verdict => {
  const program = assemble(row.text);
  return verify(program, program.entries[0]!, CONTRACTS[row.contract ?? 'main'], { strict });
};
const firstCode = (v: Verdict): string => (v.verdict === 'accepted' ? 'accepted' : v.errors[0]!.code);
/** Everything a run leaves behind, for comparison between engines. */
const left = (r: RunResult): string =>
  `${hex(r.context)} ${[...r.regions].map(([name, bytes]) => `${name}=${hex(bytes)}`).join(' ')}`;

/** Line of an instruction, as line info has it. */
const lineOf = (program: Program, func: number, slot: number): number | undefined =>
  program.functions[func]!.lines.get(slot)?.line;

/** The lines of a text that are marked as going outside. */
const marked = (text: string): number[] => text.split('\n').flatMap((l, i) => (l.endsWith(';!') ? [i + 1] : []));

/** Runs a row that traps on all engines; whatever is wrong, in words. */
function trapped(row: BadRow, index: number): string[] {
  const contract = CONTRACTS[row.contract ?? 'main'];
  const program = assemble(row.text);
  const wrong: string[] = [];
  const entry = program.entries[0]!;
  const v = verify(program, entry, contract);
  // What is never inside on any input known here may be refused as well.
  if (v.verdict === 'rejected' && (row.fine || firstCode(v) !== row.code)) wrong.push(`refused: ${firstCode(v)}`);
  const lines = marked(row.text);
  const request = requestFor(row.contract ?? 'main', row.trap!);
  const reference = interpret(program, entry, contract, request);
  const place = reference.trap && lineOf(program, reference.trap.func!, reference.trap.slot!);
  if (reference.trap?.name !== 'memory') wrong.push(`interpreter: ${reference.trap?.name ?? 'no trap'}`);
  else if (!lines.includes(place!)) wrong.push(`interpreter: trap in line ${place}: ${reference.trap.detail}`);
  const fine = row.fine && requestFor(row.contract ?? 'main', row.fine);
  const good = fine && interpret(program, entry, contract, fine);
  if (good?.trap) wrong.push(`fine input, interpreter: ${good.trap.name} ${good.trap.detail}`);
  const subjects = v.verdict === 'accepted' ? compiled(index) : [];
  const prepared = subjects.length > 0 ? prepare(program, { contract }) : null;
  if (prepared?.kind !== 'prepared') return wrong;
  for (const { name, target, cpu } of subjects) {
    const { image, map } = finish(prepared, target);
    const read = readImage(image);
    const result = simulate(read, 0, contract, request, { cpu });
    if (result.trap?.name !== 'memory') wrong.push(`${name}: ${result.trap?.name ?? 'no trap'} ${result.trap?.detail}`);
    else {
      const site = map.sites[result.trap.site!];
      const at = site && lineOf(program, site.func, site.slot);
      if (at !== undefined && !lines.includes(at)) wrong.push(`${name}: trap in line ${at}`);
    }
    if (left(result) !== left(reference)) wrong.push(`${name}: ${left(result)}, interpreter: ${left(reference)}`);
    if (!fine || !good) continue;
    const ran = simulate(read, 0, contract, fine, { cpu });
    if (ran.trap || ran.r0 !== good.r0 || left(ran) !== left(good))
      wrong.push(`fine input, ${name}: ${ran.trap?.name ?? ran.r0}`);
  }
  return wrong;
}

describe('programs that go outside', () => {
  const trapping = BAD.filter((r) => r.trap);
  const refused = BAD.filter((r) => !r.trap);

  it('are more than 300, each with a name of its own', () => {
    expect(BAD.length).toBeGreaterThan(300);
    expect(BAD.map((r) => r.name).filter((n, i, all) => all.indexOf(n) !== i)).toEqual([]);
  });

  it.each(runs(trapping).map((r, i) => [r.name, r, i] as const))('trap: %s', (_name, row, i) => {
    expect(trapped(row, i).join('\n')).toBe('');
  });

  it.each(BAD.map((r) => [r.name, r] as const))('strict refuses: %s', (_name, row) => {
    const v = verdict(row, true);
    expect(firstCode(v)).toBe(row.code);
    const lines = marked(row.text);
    // The first line of the message has to lead to the place, or to one that is not shown to be right either.
    if (v.verdict === 'rejected' && lines.length > 0)
      expect(v.errors.some((e) => lines.includes(e.details.at?.line ?? 0))).toBe(true);
  });

  it.each(refused.map((r) => [r.name, r] as const))('refused: %s', (_name, row) => {
    expect(firstCode(verdict(row, false))).toBe(row.code);
  });
});
