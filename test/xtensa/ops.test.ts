// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Inst } from '../../compiler/ir/ir.js';
import { BINARY, CONDS } from '../opt/expressions.js';
import { apply } from '../thumb/reference.js';
import { BENCHES, type Bench, EDGES, funcOf, lanes, type Machine } from './harness.js';

/** Every operation, with every edge value, as registers and as constants on either side: against the reference. */

type Op = Pick<Inst, 'op' | 'cond' | 'bits'>;
const text = (op: Op): string => `${op.op}${op.cond ? ` cond=${op.cond}` : ''}${op.bits ? ` bits=${op.bits}` : ''}`;

/** `op` over lanes, of which those that are numbers are known; returns a runner over the others. `only`: the result read. */
function build(
  bench: Bench,
  machine: Machine,
  op: Op,
  results: number,
  constants: readonly (number | null)[],
  only?: 0 | 1,
): (free: readonly number[]) => number[] {
  const names = constants.map((_, i) => `v${i}`);
  const params = names.filter((_, i) => constants[i] === null);
  const consts = constants.flatMap((c, i) => (c === null ? [] : [`v${i}:i32 = const imm=${c} @0:0`]));
  const outs = Array.from({ length: results }, (_, i) => `v${90 + i}`);
  const body = `b0(${params.map((p) => `${p}:i32`).join(', ')}):
    ${consts.join('\n')}
    ${outs.map((o) => `${o}:i32`).join(', ')} = ${text(op)} ${names.join(', ')} @0:0
    ret ${(only === undefined ? outs : [outs[only]]).join(', ')} @0:1`;
  const both = results === 2 && only === undefined;
  const code = bench.compile([funcOf(body, lanes(params.length), both ? 'lo, hi' : 'lo')]);
  return (free) => {
    const out = machine.run(code, free);
    if (out.trap !== null) throw new Error('trapped');
    return both ? [out.lo, out.hi] : [out.lo];
  };
}

const pairs = EDGES.flatMap((a) => EDGES.map((b) => [a, b]));

/** Pairs of lanes around 64-bit edges. */
const WIDE: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 0],
  [2, 0],
  [0x80, 0],
  [0x7fffffff, 0],
  [0x80000000, 0],
  [0xffffffff, 0],
  [0, 1],
  [1, 1],
  [0x12345678, 0x9abcdef0],
  [0, 0x7fffffff],
  [0xffffffff, 0x7fffffff],
  [0, 0x80000000],
  [1, 0x80000000],
  [0xffffff01, 0xffffffff],
  [0xfffffffe, 0xffffffff],
  [0xffffffff, 0xffffffff],
];
const quads = WIDE.flatMap((a) => WIDE.map((b) => [...a, ...b]));
const KNOWN: readonly (readonly number[])[] = [[], [2, 3], [0, 1], [3], [1, 3], [2], [1]];

describe.each(BENCHES)('$name', (bench) => {
  const machine = bench.machine();

  const turn = BENCHES.indexOf(bench);
  /** Every third one, another third on each core: constants are folded alike on all of them. */
  const third = <T>(inputs: readonly T[]): T[] => inputs.filter((_, i) => i % BENCHES.length === turn);

  /** Runs all `inputs` (full lane lists) with the lanes of `known` given as constants; returns the differences. */
  function differences(
    op: Op,
    results: number,
    inputs: readonly (readonly number[])[],
    known: readonly number[],
    only?: 0 | 1,
  ): string[] {
    const bad: string[] = [];
    const made = new Map<string, ReturnType<typeof build>>();
    for (const input of known.length > 0 ? third(inputs) : inputs) {
      const constants = input.map((v, i) => (known.includes(i) ? v : null));
      const key = constants.join();
      let run = made.get(key);
      if (!run) {
        run = build(bench, machine, op, results, constants, only);
        made.set(key, run);
      }
      const got = run(input.filter((_, i) => !known.includes(i)));
      const both = apply(op, input);
      const want = only === undefined ? both : [both[only]];
      if (got.join() !== want.join())
        bad.push(`${text(op)} ${input.join(', ')} [const ${known}] gives ${got}, not ${want}`);
    }
    return bad;
  }

  it.each(BINARY)('%s', (op) => {
    for (const known of [[], [0], [1]]) expect(differences({ op }, 1, pairs, known)).toEqual([]);
  });

  it.each(CONDS)('icmp %s', (cond) => {
    for (const known of [[], [0], [1]]) expect(differences({ op: 'icmp', cond }, 1, pairs, known)).toEqual([]);
  });

  it.each([
    { op: 'sext', bits: 8 },
    { op: 'sext', bits: 16 },
    { op: 'bswap', bits: 16 },
    { op: 'bswap', bits: 32 },
  ] as const)('%o', (op) => {
    const inputs = EDGES.map((a) => [a]);
    expect(differences(op, 1, inputs, [])).toEqual([]);
  });

  it('const', () => {
    const values = EDGES.flatMap((v) => [v, ~v >>> 0, (v << 12) >>> 0, (v + 0x8000) >>> 0]);
    const more = [95, 96, 2047, 2048, 0x7f80, 0x7f7f, 0x12345000, 0xabcdef01, 0xdead, 0x7ff000, 0xfff80000];
    const wrong = third([...values, ...more]).filter(
      (c) => build(bench, machine, { op: 'or' }, 1, [null, c])([0])[0] !== c,
    );
    expect(wrong).toEqual([]);
  });

  it('select', () => {
    const inputs = [0, 1, 5, 0x80000000].flatMap((c) =>
      [3, 0xffff, 0x12345678, 0xffffff00].flatMap((a) => [
        [c, a, 9],
        [c, 9, a],
        [c, a, a],
      ]),
    );
    for (const known of [[], [1], [2], [1, 2]]) expect(differences({ op: 'select' }, 1, inputs, known)).toEqual([]);
  });

  it.each(['add64', 'sub64', 'mul64'] as const)('%s', (op) => {
    for (const known of KNOWN) expect(differences({ op }, 2, quads, known)).toEqual([]);
    for (const only of [0, 1] as const) expect(differences({ op }, 2, quads, [], only)).toEqual([]);
  });

  it.each(CONDS)('icmp64 %s', (cond) => {
    for (const known of KNOWN) expect(differences({ op: 'icmp64', cond }, 1, quads, known)).toEqual([]);
  });

  it('umul64', () => {
    for (const known of [[], [0], [1]]) expect(differences({ op: 'umul64' }, 2, pairs, known)).toEqual([]);
  });

  it.each(['shl64', 'lshr64', 'ashr64'] as const)('%s', (op) => {
    const amounts = [...Array.from({ length: 64 }, (_, i) => i), 64, 65, 127, 255, 256, 0xffffffff];
    const inputs = WIDE.flatMap((a) => amounts.map((n) => [...a, n]));
    for (const known of [[], [2], [1]]) expect(differences({ op }, 2, inputs, known)).toEqual([]);
    for (const only of [0, 1] as const) expect(differences({ op }, 2, inputs, [], only)).toEqual([]);
  });

  it.each(['udiv64', 'umod64', 'sdiv64', 'smod64'] as const)('%s', (op) => {
    expect(differences({ op }, 2, quads, [])).toEqual([]);
  });
});
