// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Core } from '../../compiler/codegen/target.js';
import type { Inst } from '../../compiler/ir/ir.js';
import { BINARY, CONDS } from '../opt/expressions.js';
import { apply } from '../thumb/reference.js';
import { compile, EDGES, funcOf, IMAC, Machine, VARIANTS } from './harness.js';

/** Every operation, with every edge value, as registers and as constants on either side: against the reference. */

const machine = new Machine();

type Op = Pick<Inst, 'op' | 'cond' | 'bits'>;
const text = (op: Op): string => `${op.op}${op.cond ? ` cond=${op.cond}` : ''}${op.bits ? ` bits=${op.bits}` : ''}`;

/** `op` over lanes, of which `constants` are known; which results are read; returns a runner over the other lanes. */
function build(
  core: Core,
  op: Op,
  results: number,
  constants: readonly (number | null)[],
  read: readonly number[],
): (free: readonly number[]) => number[] {
  const lanes = constants.map((_, i) => `v${i}`);
  const params = lanes.filter((_, i) => constants[i] === null);
  const named = params.map((_, i) => `r${1 + (i >> 1)}.${i % 2 ? 'hi' : 'lo'}`);
  const consts = constants.flatMap((c, i) => (c === null ? [] : [`v${i}:i32 = const imm=${c} @0:0`]));
  const outs = Array.from({ length: results }, (_, i) => `v${90 + i}`);
  const body = `b0(${params.map((p) => `${p}:i32`).join(', ')}):
    ${consts.join('\n')}
    ${outs.map((o) => `${o}:i32`).join(', ')} = ${text(op)} ${lanes.join(', ')} @0:0
    ret ${read.map((i) => outs[i]).join(', ')} @0:1`;
  const code = compile([funcOf(body, named.join(', '), read.length === 2 ? 'lo, hi' : 'lo')], core);
  return (free) => {
    const out = machine.run(code, free);
    if (out.trap !== null) throw new Error('trapped');
    return [out.r0, out.r1].slice(0, read.length);
  };
}

const READS = { 1: [[0]], 2: [[0, 1], [0], [1]] } as const;

/** Runs all `inputs` (full lane lists) with the lanes of `known` given as constants; returns the differences. */
function differences(
  core: Core,
  op: Op,
  results: 1 | 2,
  inputs: readonly (readonly number[])[],
  known: readonly number[],
): string[] {
  const bad: string[] = [];
  for (const read of READS[results]) {
    const made = new Map<string, ReturnType<typeof build>>();
    for (const input of inputs) {
      const constants = input.map((v, i) => (known.includes(i) ? v : null));
      const key = constants.join();
      let run = made.get(key);
      if (!run) {
        run = build(core, op, results, constants, read);
        made.set(key, run);
      }
      const got = run(input.filter((_, i) => !known.includes(i)));
      const all = apply(op, input);
      const want = read.map((i) => all[i]!);
      if (got.join() !== want.join())
        bad.push(`${core.name} ${text(op)} ${input.join(', ')} [const ${known}] gives ${got}, not ${want}`);
    }
  }
  return bad;
}

/** Without rv32imc, which differs in atomics alone. */
const CORES = VARIANTS.filter((c) => c.name !== 'rv32imc');

/** With FCC_RUNS in the thousands every input, else one of so many (a prime, so that all values of each lane have their turn). */
const THOROUGH = Number(process.env.FCC_RUNS ?? 0) >= 2000;
const pairs = EDGES.flatMap((a) => EDGES.map((b) => [a, b]));
/**
 * Fewer on what is not the largest core, as only few operations depend on features; and fewer with constants, as each needs a
 * function of its own.
 */
const some = (
  core: Core,
  inputs: readonly (readonly number[])[],
  known: readonly number[],
): readonly (readonly number[])[] => {
  const step = THOROUGH ? 1 : known.length === 0 ? 11 : 53;
  return inputs.filter((_, i) => i % (core === IMAC ? step : 5 * step) === 0);
};

describe.each(CORES)('$name', (core) => {
  describe('binary operations', () => {
    it.each(BINARY)('%s', (op) => {
      for (const known of [[], [0], [1]])
        expect(differences(core, { op }, 1, some(core, pairs, known), known)).toEqual([]);
    });
  });

  it.each(CONDS)('icmp %s', (cond) => {
    for (const known of [[], [0], [1]])
      expect(differences(core, { op: 'icmp', cond }, 1, some(core, pairs, known), known)).toEqual([]);
  });

  it.each([
    { op: 'sext', bits: 8 },
    { op: 'sext', bits: 16 },
    { op: 'bswap', bits: 16 },
    { op: 'bswap', bits: 32 },
  ] as const)('%o', (op) => {
    const inputs = EDGES.map((a) => [a]);
    expect(differences(core, op, 1, inputs, [])).toEqual([]);
  });

  it('constants', () => {
    const shapes = EDGES.flatMap((c) => [c, ~c >>> 0, (c << 12) >>> 0, (c << 5) >>> 0, c >>> 3, (c + 0x800) >>> 0]);
    const values = [
      ...shapes.filter((_, i) => THOROUGH || i % 5 === 0),
      0x7fffff,
      0x7ffff800,
      0xabcdef01,
      0x1ff000,
      0x1f,
      0x20,
      0x1ffff,
      0xfff00000,
    ];
    const bad = values.filter((c) => build(core, { op: 'or' }, 1, [null, c], [0])([0])[0] !== c);
    expect(bad).toEqual([]);
  });

  it('select', () => {
    const inputs = [0, 1, 5, 0x80000000].flatMap((c) =>
      [0, 3, 0xffff, 0x12345678, 0xffffff00].flatMap((a) => [
        [c, a, 9],
        [c, 9, a],
        [c, a, a],
      ]),
    );
    for (const known of [[], [1], [2], [1, 2]])
      expect(differences(core, { op: 'select' }, 1, inputs, known)).toEqual([]);
  });
});

/** Pairs of lanes around 64-bit edges. */
const WIDE: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 0],
  [0x7ff, 0],
  [0x80000000, 0],
  [0xffffffff, 0],
  [0, 1],
  [0x12345678, 0x9abcdef0],
  [0xffffffff, 0x7fffffff],
  [0, 0x80000000],
  [1, 0x80000000],
  [0xfffff801, 0xffffffff],
  [0xfffff800, 0xffffffff],
  [0, 0xffffffff],
  [0xffffffff, 0xffffffff],
];
const quads = WIDE.flatMap((a) => WIDE.map((b) => [...a, ...b]));
const KNOWN: readonly (readonly number[])[] = [[], [2, 3], [0, 1], [3], [1, 3], [2], [1]];

describe.each(CORES)('pairs of lanes on $name', (core) => {
  it.each(['add64', 'sub64', 'mul64', 'udiv64', 'smod64'] as const)('%s', (op) => {
    for (const known of KNOWN) expect(differences(core, { op }, 2, some(core, quads, known), known)).toEqual([]);
  });

  it.each(CONDS)('icmp64 %s', (cond) => {
    for (const known of KNOWN)
      expect(differences(core, { op: 'icmp64', cond }, 1, some(core, quads, known), known)).toEqual([]);
  });

  it('umul64', () => {
    for (const known of [[], [0], [1]])
      expect(differences(core, { op: 'umul64' }, 2, some(core, pairs, known), known)).toEqual([]);
  });

  it.each(['shl64', 'lshr64', 'ashr64'] as const)('%s', (op) => {
    const amounts = [...Array.from({ length: 64 }, (_, i) => i), 64, 65, 127, 255, 256, 0xffffffff];
    const inputs = WIDE.flatMap((a) => amounts.map((n) => [...a, n]));
    for (const known of [[], [1], [0], [0, 1]])
      expect(differences(core, { op }, 2, some(core, inputs, known), known)).toEqual([]);
  });
});
