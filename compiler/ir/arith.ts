// SPDX-License-Identifier: MIT
import type { Cond, Op } from './ir.js';

/** Arithmetic on unsigned bigints of `bits` width, exactly as RFC 9669 and ir.ts define the operations. */

const MASKS = Array.from({ length: 65 }, (_, bits) => (1n << BigInt(bits)) - 1n);

/** The lowest `bits` bits, 0 to 64 of them. */
export const mask = (bits: number): bigint => MASKS[bits]!;
export const toUnsigned = (v: bigint, bits: number): bigint => BigInt.asUintN(bits, v);
export const toSigned = (v: bigint, bits: number): bigint => BigInt.asIntN(bits, v);

export type BinaryOp = Extract<
  Op,
  'add' | 'sub' | 'mul' | 'udiv' | 'sdiv' | 'umod' | 'smod' | 'and' | 'or' | 'xor' | 'shl' | 'lshr' | 'ashr'
>;

type Fold = (a: bigint, b: bigint, bits: number) => bigint;

// BigInt division truncates towards zero, and asUintN wraps INT_MIN / -1 back to INT_MIN, as the RFC wants.
const FOLD = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  udiv: (a, b) => (b === 0n ? 0n : a / b),
  sdiv: (a, b, n) => (b === 0n ? 0n : toSigned(a, n) / toSigned(b, n)),
  umod: (a, b) => (b === 0n ? a : a % b),
  smod: (a, b, n) => (b === 0n ? a : toSigned(a, n) % toSigned(b, n)),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b, n) => a << (b & BigInt(n - 1)),
  lshr: (a, b, n) => a >> (b & BigInt(n - 1)),
  ashr: (a, b, n) => toSigned(a, n) >> (b & BigInt(n - 1)),
} as const satisfies Record<BinaryOp, Fold>;

export const isBinary = (op: Op): op is BinaryOp => op in FOLD;

/** Result of a two-operand operation, unsigned, of `bits` width. */
export function foldBinary(op: BinaryOp, a: bigint, b: bigint, bits: number): bigint {
  return toUnsigned(FOLD[op](a, b, bits), bits);
}

const COND = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  ult: (a, b) => a < b,
  ule: (a, b) => a <= b,
  ugt: (a, b) => a > b,
  uge: (a, b) => a >= b,
  slt: (a, b, n) => toSigned(a, n) < toSigned(b, n),
  sle: (a, b, n) => toSigned(a, n) <= toSigned(b, n),
  sgt: (a, b, n) => toSigned(a, n) > toSigned(b, n),
  sge: (a, b, n) => toSigned(a, n) >= toSigned(b, n),
  set: (a, b) => (a & b) !== 0n,
  nset: (a, b) => (a & b) === 0n,
} as const satisfies Record<Cond, (a: bigint, b: bigint, bits: number) => boolean>;

export function foldCond(cond: Cond, a: bigint, b: bigint, bits: number): boolean {
  return COND[cond](a, b, bits);
}

/** The condition that holds exactly when `cond` does not. */
export const NEGATED = {
  eq: 'ne',
  ne: 'eq',
  ult: 'uge',
  ule: 'ugt',
  ugt: 'ule',
  uge: 'ult',
  slt: 'sge',
  sle: 'sgt',
  sgt: 'sle',
  sge: 'slt',
  set: 'nset',
  nset: 'set',
} as const satisfies Record<Cond, Cond>;

/** The condition with its operands exchanged. */
export const SWAPPED = {
  eq: 'eq',
  ne: 'ne',
  ult: 'ugt',
  ule: 'uge',
  ugt: 'ult',
  uge: 'ule',
  slt: 'sgt',
  sle: 'sge',
  sgt: 'slt',
  sge: 'sle',
  set: 'set',
  nset: 'nset',
} as const satisfies Record<Cond, Cond>;

/** Sign-extends the low `from` bits to `bits`. */
export const foldSext = (a: bigint, from: number, bits: number): bigint => toUnsigned(toSigned(a, from), bits);

/** Reverses the low `n` bits bytewise, zero above. */
export function foldBswap(a: bigint, n: number): bigint {
  let r = 0n;
  for (let i = 0; i < n; i += 8) r = (r << 8n) | ((a >> BigInt(i)) & 0xffn);
  return r;
}
