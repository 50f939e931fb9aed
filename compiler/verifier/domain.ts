// SPDX-License-Identifier: MIT
import type { AluOp, JumpCond, Width } from '../bpf/program.js';
import type { Thresholds, View } from './view.js';
import * as view from './view.js';
import { apply, refine as refineView, swapBytes } from './viewops.js';

/**
 * What is known of a 64-bit register that is a number: the whole (`x`) and, on its own, its low half (`lo`), so that
 * 32-bit arithmetic and comparisons lose nothing. The halves of small-width test domains scale along.
 */
export interface Scalar {
  readonly x: View;
  readonly lo: View;
}

const half = (w: number): number => w / 2;

/** Smallest number >= n whose low half is in [lo, hi]; may exceed the width. */
function roundUp(n: bigint, w: number, lo: bigint, hi: bigint): bigint {
  const h = BigInt(half(w));
  const low = n & ((1n << h) - 1n);
  if (low < lo) return ((n >> h) << h) | lo;
  return low > hi ? (((n >> h) + 1n) << h) | lo : n;
}

/** Largest number <= n whose low half is in [lo, hi]; negative if there is none. */
function roundDown(n: bigint, w: number, lo: bigint, hi: bigint): bigint {
  const h = BigInt(half(w));
  const low = n & ((1n << h) - 1n);
  if (low > hi) return ((n >> h) << h) | hi;
  return low < lo ? (((n >> h) - 1n) << h) | hi : n;
}

/** Makes whole and low half agree; null if they exclude each other. */
export function couple(x0: View, lo0: View): Scalar | null {
  let x: View | null = x0;
  let lo: View | null = lo0;
  for (let round = 0; round < 2; round++) {
    const lowered: View | null = view.meet(lo, view.truncate(x, lo.w));
    if (!lowered) return null;
    lo = lowered;
    const umin = roundUp(x.umin, x.w, lo.umin, lo.umax);
    const umax = roundDown(x.umax, x.w, lo.umin, lo.umax);
    if (umin > umax) return null;
    const l = view.limits(lo.w);
    const fits: boolean = x.smin >= l.smin && x.smax <= l.smax;
    const smin: bigint = fits && lo.smin > x.smin ? lo.smin : x.smin;
    const smax: bigint = fits && lo.smax < x.smax ? lo.smax : x.smax;
    const value: bigint = x.value | lo.value;
    const unknown: bigint = x.unknown & ~(l.mask & ~lo.unknown);
    if (umin === x.umin && umax === x.umax && smin === x.smin && smax === x.smax && unknown === x.unknown) break;
    x = view.reduce({ w: x.w, umin, umax, smin, smax, value, unknown });
    if (!x) return null;
  }
  return { x, lo };
}

function sure(s: Scalar | null): Scalar {
  if (!s) throw new Error('empty result of an abstract operation');
  return s;
}

/** The scalar that a view of the whole describes. */
export const ofView = (x: View): Scalar => ({ x, lo: view.truncate(x, half(x.w)) });
/** The scalar whose low half is `lo` and whose high half is zero. */
export const ofLow = (lo: View): Scalar => ({ x: view.zeroExtend(lo, lo.w * 2), lo });

export const unknownScalar = (w = 64): Scalar => ({ x: view.top(w), lo: view.top(half(w)) });
export const UNKNOWN: Scalar = unknownScalar();
export const constantScalar = (n: bigint, w = 64): Scalar => ofView(view.constant(w, n));
/** Inclusive unsigned bounds. */
export const between = (umin: bigint, umax: bigint): Scalar => ofView(view.fromUnsigned(64, umin, umax));
/** Inclusive signed bounds. */
export const betweenSigned = (smin: bigint, smax: bigint): Scalar => ofView(view.fromSigned(64, smin, smax));

/** The constant as an unsigned number, or undefined. */
export const asConstant = (s: Scalar): bigint | undefined => (view.isConstant(s.x) ? s.x.umin : undefined);

export const includes = (a: Scalar, b: Scalar): boolean => view.includes(a.x, b.x) && view.includes(a.lo, b.lo);
export const equal = (a: Scalar, b: Scalar): boolean => view.equal(a.x, b.x) && view.equal(a.lo, b.lo);
export const contains = (s: Scalar, n: bigint): boolean => view.contains(s.x, n) && view.contains(s.lo, n);
export const meet = (a: Scalar, b: Scalar): Scalar | null => {
  const x = view.meet(a.x, b.x);
  const lo = view.meet(a.lo, b.lo);
  return x && lo ? couple(x, lo) : null;
};
export const join = (a: Scalar, b: Scalar): Scalar =>
  includes(a, b) ? a : sure(couple(view.join(a.x, b.x), view.join(a.lo, b.lo)));
export const widen = (old: Scalar, next: Scalar, ts: Thresholds): Scalar =>
  includes(old, next) ? old : sure(couple(view.widen(old.x, next.x, ts), view.widen(old.lo, next.lo, ts)));

/** Operations whose low result half depends on the operands' low halves alone. */
const LOW_ONLY: ReadonlySet<AluOp> = new Set(['add', 'sub', 'mul', 'or', 'and', 'xor', 'neg', 'mov']);

/** Abstract result of an ALU instruction. `wide`: on the whole; else on the low halves, the high half becoming zero. */
export function alu(op: AluOp, wide: boolean, a: Scalar, b: Scalar): Scalar {
  if (op === 'mov') return wide ? b : ofLow(b.lo);
  if (!wide) return ofLow(apply(op, a.lo, b.lo));
  const { w } = a.x;
  const h = BigInt(half(w));
  // Shifting the low half to the top forgets the high half: how compilers extend 32-bit numbers without ALU32.
  if (op === 'lsh' && view.isConstant(b.x) && (b.x.umin & BigInt(w - 1)) === h)
    return ofView(
      view.make(w, {
        umin: a.lo.umin << h,
        umax: a.lo.umax << h,
        smin: a.lo.smin << h,
        smax: a.lo.smax << h,
        value: a.lo.value << h,
        unknown: a.lo.unknown << h,
      }),
    );
  const x = apply(op, a.x, b.x);
  return LOW_ONLY.has(op) ? sure(couple(x, apply(op, a.lo, b.lo))) : ofView(x);
}

/** Sign extension of the low `from` bits to the whole, or (`wide` false) to the low half with a zero high half. */
export function movsx(from: number, wide: boolean, a: Scalar): Scalar {
  const low = from === a.lo.w ? a.lo : view.truncate(from < a.lo.w ? a.lo : a.x, from);
  return wide ? ofView(view.signExtend(low, a.x.w)) : ofLow(view.signExtend(low, a.lo.w));
}

/** le, be and swap on the low `bits` (RFC 9669 section 4.2, little-endian machine); the rest becomes zero. */
export function endian(op: 'le' | 'be' | 'swap', bits: 16 | 32 | 64, a: Scalar): Scalar {
  const low = bits === 64 ? a.x : view.truncate(a.lo, bits);
  const out = op === 'le' ? low : swapBytes(low);
  return ofView(view.zeroExtend(out, 64));
}

/** Both operands where the condition holds (`taken`) or fails; null: it never does. */
export function refine(
  cond: JumpCond,
  width: Width,
  taken: boolean,
  a: Scalar,
  b: Scalar,
): readonly [Scalar, Scalar] | null {
  return refineWide(cond, width === 64, taken, a, b);
}

/** As `refine`, at any width: `wide` compares the whole, else the low halves. */
export function refineWide(
  cond: JumpCond,
  wide: boolean,
  taken: boolean,
  a: Scalar,
  b: Scalar,
): readonly [Scalar, Scalar] | null {
  const views = wide ? refineView(cond, taken, a.x, b.x) : refineView(cond, taken, a.lo, b.lo);
  if (!views) return null;
  const ra = wide ? couple(views[0], a.lo) : couple(a.x, views[0]);
  const rb = wide ? couple(views[1], b.lo) : couple(b.x, views[1]);
  return ra && rb ? [ra, rb] : null;
}
