// SPDX-License-Identifier: MIT
import { ATOMIC_OPS, INTRINSICS, type IntrinsicName } from '../../../compiler/image/fields.js';
import { randomizer } from '../../image/samples.js';

/** One call of an intrinsic: context before, and result and context after, as the table of fields.ts and RFC 9669 say. */
export interface IntrinsicCase {
  readonly context: Uint8Array;
  readonly result: bigint;
  readonly after: Uint8Array;
}

const u = (bits: number, v: bigint): bigint => BigInt.asUintN(bits, v);
const s = (bits: number, v: bigint): bigint => BigInt.asIntN(bits, v);
const divide = (a: bigint, b: bigint): bigint => (b === 0n ? 0n : a / b);
const modulo = (a: bigint, b: bigint): bigint => (b === 0n ? a : a % b);

const BINARY: Readonly<Partial<Record<IntrinsicName, (a: bigint, b: bigint) => bigint>>> = {
  udiv64: divide,
  umod64: modulo,
  sdiv64: (a, b) => u(64, divide(s(64, a), s(64, b))),
  smod64: (a, b) => u(64, modulo(s(64, a), s(64, b))),
  udiv32: divide,
  umod32: modulo,
  sdiv32: (a, b) => u(32, divide(s(32, a), s(32, b))),
  smod32: (a, b) => u(32, modulo(s(32, a), s(32, b))),
  mul64: (a, b) => u(64, a * b),
  umul64: (a, b) => a * b,
  shl64: (a, n) => u(64, a << (n & 63n)),
  lshr64: (a, n) => a >> (n & 63n),
  ashr64: (a, n) => u(64, s(64, a) >> (n & 63n)),
};

/** In the order of ATOMIC_OPS. */
const UPDATE: readonly ((old: bigint, value: bigint) => bigint)[] = [
  (o, v) => o + v,
  (o, v) => o | v,
  (o, v) => o & v,
  (o, v) => o ^ v,
  (_, v) => v,
];

const EDGES: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 7n, 10n, 31n, 32n, 33n, 63n, 64n, 0xffffn, 0x10000n, 0x7fffffffn, 0x80000000n, 0x80000001n],
  ...[0xffffffffn, 0x100000000n, 0x100000001n, 0xffffffff00000000n, 0x7fffffffffffffffn, 0x8000000000000000n],
  ...[0x8000000000000001n, 0xfffffffffffffffen, 0xffffffffffffffffn],
];

type Random = (n: number) => number;
/** A number of up to 64 bits whose length is as random as its bits. */
function number64(random: Random): bigint {
  const bits = BigInt.asUintN(
    64,
    (BigInt(random(0x7fffffff)) << 40n) ^ (BigInt(random(0x7fffffff)) << 16n) ^ BigInt(random(0x10000)),
  );
  const some = bits >> BigInt(random(64));
  return random(3) === 0 ? u(64, -some) : some;
}

function bytesOf(words: readonly (readonly [number, bigint])[], length: number, fill?: Uint8Array): Uint8Array {
  const bytes = fill ? fill.slice() : new Uint8Array(length);
  let at = 0;
  for (const [size, value] of words) {
    for (let i = 0; i < size; i++) bytes[at++] = Number((value >> BigInt(8 * i)) & 0xffn);
  }
  return bytes;
}

const read = (bytes: Uint8Array, at: number, size: number): bigint =>
  Array.from(bytes.subarray(at, at + size)).reduceRight((v, b) => (v << 8n) | BigInt(b), 0n);
function write(bytes: Uint8Array, at: number, size: number, value: bigint): Uint8Array {
  const out = bytes.slice();
  for (let i = 0; i < size; i++) out[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return out;
}

function binary(
  name: IntrinsicName,
  f: (a: bigint, b: bigint) => bigint,
  random: Random,
  runs: number,
): IntrinsicCase[] {
  const { args } = INTRINSICS.find((r) => r.name === name)!;
  const [sizeA, sizeB] = args.map((a) => (a === 'u64' ? 8 : 4)) as [number, number];
  const pairs = EDGES.flatMap((a) => EDGES.map((b) => [a, b] as const));
  for (let i = 0; i < runs; i++) pairs.push([number64(random), number64(random)]);
  return pairs.map(([x, y]) => {
    const a = u(8 * sizeA, x);
    const b = u(8 * sizeB, y);
    const context = bytesOf(
      [
        [sizeA, a],
        [sizeB, b],
      ],
      sizeA + sizeB,
    );
    return { context, result: f(a, b), after: context };
  });
}

/** Behind the argument words: room for the word at any alignment, with a neighbour before and one behind. */
function atomics(name: IntrinsicName, random: Random, runs: number): IntrinsicCase[] {
  const size = name.endsWith('64') ? 8 : 4;
  const exchange = name.startsWith('cmpxchg');
  const area = 24;
  const cases: IntrinsicCase[] = [];
  for (let i = 0; i < runs; i++) {
    const fill = Uint8Array.from({ length: area + 24 }, () => random(256));
    const at = area + 4 + (i % 8);
    const old = read(fill, at, size);
    const edge = random(2) === 0 ? EDGES[random(EDGES.length)]! : number64(random);
    const value = u(8 * size, edge);
    if (exchange) {
      const expected =
        random(2) === 0 ? old : u(8 * size, random(2) === 0 ? old ^ (1n << BigInt(random(8 * size))) : edge);
      const words = [
        [size, expected],
        [size, value],
        [4, BigInt(at)],
      ] as const;
      const context = bytesOf(words, 0, fill);
      cases.push({ context, result: old, after: expected === old ? write(context, at, size, value) : context });
    } else {
      const op = random(ATOMIC_OPS.length);
      const context = bytesOf(
        [
          [size, value],
          [4, BigInt(at)],
          [4, BigInt(op)],
        ],
        0,
        fill,
      );
      cases.push({ context, result: old, after: write(context, at, size, u(8 * size, UPDATE[op]!(old, value))) });
    }
  }
  return cases;
}

/** Offset in the lent region (32 bytes, readable and writable), size, rights. */
function searches(): IntrinsicCase[] {
  const max = 0xffffffff;
  const rows: readonly (readonly [number, number, number, 0 | 1])[] = [
    ...[0, 1, 24].flatMap((at) => [1, 2, 3].map((rights) => [at, 8, rights, 1] as const)),
    [0, 32, 3, 1],
    [0, 33, 1, 0],
    [25, 8, 1, 0],
    [31, 1, 2, 1],
    [32, 0, 3, 1],
    [32, 1, 1, 0],
    [-1, 1, 1, 0],
    [-1, 2, 1, 0],
    [-1, 0, 1, 1],
    [1, max, 1, 0],
    [32, max - 31, 1, 0],
    [0, 4, 4, 0],
    [0, 4, 7, 0],
  ];
  return rows.map(([at, size, rights, held]) => {
    const context = bytesOf(
      [at, size, rights].map((w) => [4, u(32, BigInt(w))] as const),
      12,
    );
    return { context, result: BigInt(held), after: context };
  });
}

/** Offset in the lent region and rights; the answer's base is told from that of the lent region, unless there is none. */
function locates(): IntrinsicCase[] {
  const rows: readonly (readonly [number, number, 0 | 1])[] = [
    ...[0, 1, 31].flatMap((at) => [1, 2, 3].map((rights) => [at, rights, 1] as const)),
    [32, 1, 0],
    [-1, 1, 0],
    [0, 4, 0],
    [16, 7, 0],
  ];
  return rows.map(([at, rights, held]) => {
    const context = bytesOf(
      [at, rights].map((w) => [4, u(32, BigInt(w))] as const),
      12,
    );
    return { context, result: held === 1 ? 32n << 32n : 0n, after: context };
  });
}

/** Calls to try of one intrinsic. */
export function casesOf(name: IntrinsicName, seed: number, runs: number): IntrinsicCase[] {
  const random = randomizer(seed);
  if (name === 'search') return searches();
  if (name === 'locate') return locates();
  const f = BINARY[name];
  return f ? binary(name, f, random, runs) : atomics(name, random, Math.max(runs, 200));
}
