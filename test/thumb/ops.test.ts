// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Inst } from '../../compiler/ir/ir.js';
import { BINARY, CONDS } from '../opt/expressions.js';
import { compile, EDGES, funcOf, LEVELS, type Level, Machine } from './harness.js';
import { apply } from './reference.js';

/** Every operation, with every edge value, as registers and as constants on either side: against the reference. */

const machine = new Machine();

type Op = Pick<Inst, 'op' | 'cond' | 'bits'>;
const text = (op: Op): string => `${op.op}${op.cond ? ` cond=${op.cond}` : ''}${op.bits ? ` bits=${op.bits}` : ''}`;

/** `op` over `count` lanes, of which `constants` are known; returns a runner over the others. */
function build(
  level: Level,
  op: Op,
  results: number,
  constants: readonly (number | null)[],
): (free: readonly number[]) => number[] {
  const lanes = constants.map((_, i) => `v${i}`);
  const params = lanes.filter((_, i) => constants[i] === null);
  const named = params.map((_, i) => `r${1 + (i >> 1)}.${i % 2 ? 'hi' : 'lo'}`);
  const consts = constants.flatMap((c, i) => (c === null ? [] : [`v${i}:i32 = const imm=${c} @0:0`]));
  const outs = Array.from({ length: results }, (_, i) => `v${90 + i}`);
  const body = `b0(${params.map((p) => `${p}:i32`).join(', ')}):
    ${consts.join('\n')}
    ${outs.map((o) => `${o}:i32`).join(', ')} = ${text(op)} ${lanes.join(', ')} @0:0
    ret ${outs.join(', ')} @0:1`;
  const code = compile([funcOf(body, named.join(', '), results === 2 ? 'lo, hi' : 'lo')], { level });
  return (free) => {
    const out = machine.run(code, free);
    if (out.trap !== null) throw new Error('trapped');
    return results === 2 ? [out.r0, out.r1] : [out.r0];
  };
}

/** Runs all `inputs` (full lane lists) with the lanes of `known` given as constants; returns the differences. */
function differences(
  level: Level,
  op: Op,
  results: number,
  inputs: readonly (readonly number[])[],
  known: readonly number[],
): string[] {
  const bad: string[] = [];
  const made = new Map<string, ReturnType<typeof build>>();
  for (const input of inputs) {
    const constants = input.map((v, i) => (known.includes(i) ? v : null));
    const key = constants.join();
    let run = made.get(key);
    if (!run) {
      run = build(level, op, results, constants);
      made.set(key, run);
    }
    const got = run(input.filter((_, i) => !known.includes(i)));
    const want = apply(op, input);
    if (got.join() !== want.join())
      bad.push(`${text(op)} ${input.join(', ')} [const ${known}] gives ${got}, not ${want}`);
  }
  return bad;
}

/** Each constant is a text of its own: every other one, unless more is asked for. */
const some = <T>(list: readonly T[]): readonly T[] =>
  process.env.FCC_RUNS ? list : list.filter((_, i) => i % 2 === 0);
const pairsOf = (list: readonly number[]): number[][] => list.flatMap((a) => list.map((b) => [a, b]));
const [ALL_PAIRS, SOME_PAIRS] = [pairsOf(EDGES), pairsOf(some(EDGES))];
const pairs = (known: readonly number[]): number[][] => (known.length === 0 ? ALL_PAIRS : SOME_PAIRS);

/** Cortex-M23 does as Cortex-M0 does, but for constants, comparisons with zero and division. */
const WHOLE: readonly Level[] = ['cortex-m4', 'cortex-m0'];
const DIVISION = ['udiv', 'sdiv', 'umod', 'smod'] as const;

describe.each(LEVELS)('binary operations on %s', (level) => {
  it.each(WHOLE.includes(level) ? BINARY : DIVISION)('%s', (op) => {
    for (const known of [[], [0], [1]]) expect(differences(level, { op }, 1, pairs(known), known)).toEqual([]);
  });
});

describe.each(WHOLE)('comparisons on %s', (level) => {
  it.each(CONDS)('icmp %s', (cond) => {
    for (const known of [[], [0], [1]])
      expect(differences(level, { op: 'icmp', cond }, 1, pairs(known), known)).toEqual([]);
  });
});

describe.each(LEVELS)('unary operations and select on %s', (level) => {
  it.each([
    { op: 'sext', bits: 8 },
    { op: 'sext', bits: 16 },
    { op: 'bswap', bits: 16 },
    { op: 'bswap', bits: 32 },
  ] as const)('%o', (op) => {
    expect(
      differences(
        level,
        op,
        1,
        EDGES.map((a) => [a]),
        [],
      ),
    ).toEqual([]);
  });

  it('const', () => {
    const values = [...EDGES, 0x1fe, 0x101, 0x1010101, 0xff00ff00, 0xff000000, 0xfffeffff, 0xabcdef01, 0xdead];
    const bad = values.filter((c) => build(level, { op: 'or' }, 1, [null, c])([0])[0] !== c);
    expect(bad).toEqual([]);
  });

  it('select', () => {
    const inputs = [0, 1, 5, 0x80000000].flatMap((c) =>
      [3, 0xffff, 0x12345678, 0xffffff00].flatMap((a) => [
        [c, a, 9],
        [c, 9, a],
        [c, a, a],
      ]),
    );
    for (const known of [[], [1], [2], [1, 2]])
      expect(differences(level, { op: 'select' }, 1, inputs, known)).toEqual([]);
  });
});

/** Pairs of lanes around 64-bit edges. */
const WIDE: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 0],
  [2, 0],
  [0xff, 0],
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
const quadsOf = (list: readonly (readonly [number, number])[]): number[][] =>
  list.flatMap((a) => list.map((b) => [...a, ...b]));
const [ALL_QUADS, SOME_QUADS] = [quadsOf(WIDE), quadsOf(some(WIDE))];
const quads = (known: readonly number[]): number[][] => (known.length === 0 ? ALL_QUADS : SOME_QUADS);
const KNOWN: readonly (readonly number[])[] = [[], [2, 3], [0, 1], [3], [1, 3], [2], [1]];

describe.each(WHOLE)('pairs of lanes on %s', (level) => {
  it.each(['add64', 'sub64', 'mul64'] as const)('%s', (op) => {
    for (const known of KNOWN) expect(differences(level, { op }, 2, quads(known), known)).toEqual([]);
  });

  it.each(CONDS)('icmp64 %s', (cond) => {
    for (const known of KNOWN) expect(differences(level, { op: 'icmp64', cond }, 1, quads(known), known)).toEqual([]);
  });

  it('umul64', () => {
    for (const known of [[], [0], [1]])
      expect(differences(level, { op: 'umul64' }, 2, pairs(known), known)).toEqual([]);
  });

  it.each(['shl64', 'lshr64', 'ashr64'] as const)('%s', (op) => {
    const amounts = [...Array.from({ length: 64 }, (_, i) => i), 64, 65, 127, 255, 256, 0xffffffff];
    const inputs = (by: readonly number[]): number[][] => WIDE.flatMap((a) => by.map((n) => [...a, n]));
    for (const known of [[], [1]]) expect(differences(level, { op }, 2, inputs(amounts), known)).toEqual([]);
    expect(differences(level, { op }, 2, inputs([0, 1, 31, 32, 33, 63, 64, 255]), [2])).toEqual([]);
  });
});
