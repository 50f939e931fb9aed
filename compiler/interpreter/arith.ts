// SPDX-License-Identifier: MIT
import type { AluOp, AtomicOp, JumpCond, Width } from '../bpf/program.js';

/**
 * RFC 9669 arithmetic on bigints. Registers are unsigned 64-bit numbers; the functions here take operands already cut to the
 * operation's width and give any integer, which the caller cuts again.
 */
const signed = (width: Width, x: bigint): bigint => BigInt.asIntN(width, x);

/** Section 4.1. `a` is the destination, `b` the source, both unsigned of `w` bits. */
const ALU: Readonly<Record<AluOp, (a: bigint, b: bigint, w: Width) => bigint>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => (b === 0n ? 0n : a / b),
  // Bigint division truncates towards zero, as section 4.1 asks; INT_MIN / -1 leaves the width and wraps back to INT_MIN.
  sdiv: (a, b, w) => (b === 0n ? 0n : signed(w, a) / signed(w, b)),
  mod: (a, b) => (b === 0n ? a : a % b),
  smod: (a, b, w) => (b === 0n ? a : signed(w, a) % signed(w, b)),
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  xor: (a, b) => a ^ b,
  lsh: (a, b, w) => a << (b & BigInt(w - 1)),
  rsh: (a, b, w) => a >> (b & BigInt(w - 1)),
  arsh: (a, b, w) => signed(w, a) >> (b & BigInt(w - 1)),
  neg: (a) => -a,
  mov: (_, b) => b,
};

/** Result of an ALU operation as the whole register: 32-bit operations clear the upper half. */
export function alu(op: AluOp, width: Width, dst: bigint, src: bigint): bigint {
  return BigInt.asUintN(width, ALU[op](BigInt.asUintN(width, dst), BigInt.asUintN(width, src), width));
}

/** Section 4.1, movsx: sign-extends the low `from` bits to `width` and clears what is above. */
export function moveSigned(width: Width, from: 8 | 16 | 32, src: bigint): bigint {
  return BigInt.asUintN(width, BigInt.asIntN(from, src));
}

/** Section 4.2 on a little-endian machine: `le` cuts, `be` and `swap` reverse the low bytes; the rest becomes zero. */
export function endian(op: 'le' | 'be' | 'swap', bits: 16 | 32 | 64, value: bigint): bigint {
  if (op === 'le') return BigInt.asUintN(bits, value);
  let out = 0n;
  for (let bit = 0; bit < bits; bit += 8) out = (out << 8n) | ((value >> BigInt(bit)) & 0xffn);
  return out;
}

/** Section 4.3. `a` and `b` unsigned of `w` bits. */
const CONDITIONS: Readonly<Record<JumpCond, (a: bigint, b: bigint, w: Width) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  sgt: (a, b, w) => signed(w, a) > signed(w, b),
  sge: (a, b, w) => signed(w, a) >= signed(w, b),
  slt: (a, b, w) => signed(w, a) < signed(w, b),
  sle: (a, b, w) => signed(w, a) <= signed(w, b),
  set: (a, b) => (a & b) !== 0n,
};

/** Whether a conditional jump of this width is taken. */
export function holds(cond: JumpCond, width: Width, dst: bigint, src: bigint): boolean {
  return CONDITIONS[cond](BigInt.asUintN(width, dst), BigInt.asUintN(width, src), width);
}

/** Section 5.3: what an atomic leaves in memory; `expected` is r0, used by cmpxchg alone. All of `bits` bits. */
export const ATOMIC: Readonly<Record<AtomicOp, (old: bigint, src: bigint, expected: bigint) => bigint>> = {
  add: (old, src) => old + src,
  or: (old, src) => old | src,
  and: (old, src) => old & src,
  xor: (old, src) => old ^ src,
  xchg: (_, src) => src,
  cmpxchg: (old, src, expected) => (old === expected ? src : old),
};
