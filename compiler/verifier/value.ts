// SPDX-License-Identifier: MIT

import type { Scalar } from './domain.js';
import * as domain from './domain.js';
import type { Region } from './facts.js';
import { constantForm, type Form } from './linear.js';
import { isTop, type Thresholds } from './view.js';

/**
 * What a register or a spilled slot holds. A pointer is the start of a region plus an offset (64-bit arithmetic; for a
 * frame the offset counts from r10 and is negative inside). `f`: the number, or the offset, as a sum of symbols modulo 2^64; null:
 * it has no name yet. What has the same form holds the same number.
 */
export type Abs =
  | { readonly kind: 'num'; readonly s: Scalar; readonly f: Form | null }
  | {
      readonly kind: 'ptr';
      readonly region: Region;
      readonly off: Scalar;
      readonly f: Form | null;
      /**
       * Not 0: the value may be 0 instead of the pointer. Values with the same number above 0 are null together; -1: nothing is known of
       * others.
       */
      readonly nullable: number;
    }
  /** Address of one of some program-local functions: indices, ascending. */
  | { readonly kind: 'func'; readonly funcs: readonly number[] };

/** Registers that a program can change; r10 is the frame's end throughout. */
export const REGISTERS = 10;

/** Receives the functions whose frame address becomes an untracked number. */
export interface Leaks {
  leakFrame(func: number): void;
}
export const NO_LEAKS: Leaks = { leakFrame: () => {} };

export const num = (s: Scalar, f: Form | null = null): Abs => ({ kind: 'num', s, f });
export const UNKNOWN_NUMBER: Abs = num(domain.UNKNOWN);
export const numberOf = (n: bigint): Abs => num(domain.constantScalar(n));
const ZERO = domain.constantScalar(0n);
export const pointer = (region: Region, off: Scalar = ZERO, f: Form | null = null, nullable = 0): Abs => ({
  kind: 'ptr',
  region,
  off,
  f,
  nullable,
});

/** The bounds and bits of a number or of an offset; undefined for others. */
export const scalarOf = (a: Abs): Scalar | undefined => (a.kind === 'num' ? a.s : a.kind === 'ptr' ? a.off : undefined);

/** The same value with other bounds and another form. */
export function withScalar(a: Abs, s: Scalar, f: Form | null): Abs {
  if (a.kind === 'num') return a.s === s && a.f === f ? a : num(s, f);
  if (a.kind === 'ptr') return a.off === s && a.f === f ? a : pointer(a.region, s, f, a.nullable);
  return a;
}

/** The form of a number or offset: its own, or its constant signed value. */
export function formOf(a: Abs): Form | null {
  const s = scalarOf(a);
  if (!s || a.kind === 'func') return null;
  if (a.f) return a.f;
  const c = domain.asConstant(s);
  if (c === undefined) return null;
  const n = Number(BigInt.asIntN(64, c));
  return Number.isSafeInteger(n) ? constantForm(n) : null;
}

/**
 * Rounds of a loop: more than this none has finished when its bound is asked for, as that bound, if there is one, is smaller, and fuel ends
 * all other loops long before.
 */
const ROUNDS_RANGE = domain.between(0n, 1n << 52n);

/** The number of rounds within what a run can reach. */
export function roundsOf(a: Abs): Abs {
  if (a.kind !== 'num') throw new Error('a counter is a number');
  const s = domain.meet(a.s, ROUNDS_RANGE);
  return s ? withScalar(a, s, a.f) : a;
}

/** Whether a number or offset may be anything. */
export function isBlank(a: Abs): boolean {
  const s = scalarOf(a);
  return s !== undefined && isTop(s.x) && isTop(s.lo);
}

/** The value without its form: for another state than that which gave the symbols their meaning. */
export const nameless = (a: Abs | undefined): Abs | undefined =>
  a?.kind === 'num' ? num(a.s) : a?.kind === 'ptr' ? pointer(a.region, a.off, null, a.nullable === 0 ? 0 : -1) : a;

export function sameRegion(a: Region, b: Region): boolean {
  if (a.kind === 'frame') return b.kind === 'frame' && a.func === b.func;
  if (a.kind === 'granted') return b.kind === 'granted' && a.index === b.index;
  return a.kind === b.kind;
}

/** A pointer stops being tracked: notes it if it was into a frame. */
export function forget(a: Abs | undefined, leaks: Leaks): void {
  if (a?.kind === 'ptr' && a.region.kind === 'frame') leaks.leakFrame(a.region.func);
}

/** The value as a plain number; a pointer's or function's address is an unknown one. */
export function asNumber(a: Abs, leaks: Leaks): Scalar {
  if (a.kind === 'num') return a.s;
  forget(a, leaks);
  return domain.UNKNOWN;
}

export type Combine = (a: Scalar, b: Scalar) => Scalar;
export const widening =
  (ts: Thresholds): Combine =>
  (a, b) =>
    domain.widen(a, b, ts);
/** Last resort against slow convergence: whatever still changes becomes unknown. */
export const giveUp: Combine = (a, b) => (domain.includes(a, b) ? a : domain.UNKNOWN);

const bothNullable = (a: number, b: number): number => (a === b ? a : a === 0 && b === 0 ? 0 : -1);

/** Upper bound of two values; the form is the first one's, for the caller to settle; undefined (not initialised) wins. */
export function merge(a: Abs | undefined, b: Abs | undefined, combine: Combine, leaks: Leaks): Abs | undefined {
  // What is not initialised on some path cannot be read, so no address gets away with it.
  if (!a || !b) return undefined;
  if (a === b) return a;
  if (a.kind === 'num' && b.kind === 'num') {
    const s = combine(a.s, b.s);
    return s === a.s ? a : num(s, a.f);
  }
  if (a.kind === 'ptr' && b.kind === 'ptr' && sameRegion(a.region, b.region)) {
    const off = combine(a.off, b.off);
    const nullable = bothNullable(a.nullable, b.nullable);
    return off === a.off && nullable === a.nullable ? a : pointer(a.region, off, a.f, nullable);
  }
  if (a.kind === 'func' && b.kind === 'func') {
    const more = b.funcs.filter((f) => !a.funcs.includes(f));
    return more.length === 0 ? a : { kind: 'func', funcs: [...a.funcs, ...more].sort((x, y) => x - y) };
  }
  forget(a, leaks);
  forget(b, leaks);
  return UNKNOWN_NUMBER;
}

/** Whether `b` is covered by `a`. */
export function covers(a: Abs | undefined, b: Abs | undefined): boolean {
  if (!a) return true;
  if (!b) return false;
  if (a.kind === 'num') return b.kind === 'num' ? domain.includes(a.s, b.s) : a.s === domain.UNKNOWN;
  if (a.kind === 'ptr')
    return (
      b.kind === 'ptr' &&
      sameRegion(a.region, b.region) &&
      domain.includes(a.off, b.off) &&
      bothNullable(a.nullable, b.nullable) === a.nullable
    );
  return b.kind === 'func' && b.funcs.every((f) => a.funcs.includes(f));
}
