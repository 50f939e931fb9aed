// SPDX-License-Identifier: MIT

import type { Scalar } from './domain.js';
import * as domain from './domain.js';
import type { Region } from './facts.js';
import type { Thresholds } from './view.js';

/**
 * What a register or a spilled slot holds. A pointer is the start of a region plus an offset (64-bit arithmetic; for a
 * frame the offset counts from r10 and is negative inside). `id`: registers and slots with the same id other than 0 hold
 * the same number, so that a comparison of one bounds all of them.
 */
export type Abs =
  | { readonly kind: 'num'; readonly s: Scalar; readonly id: number }
  | { readonly kind: 'ptr'; readonly region: Region; readonly off: Scalar }
  /** Address of one of some program-local functions: indices, ascending. */
  | { readonly kind: 'func'; readonly funcs: readonly number[] };

/** Receives the functions whose frame address becomes an untracked number. */
export interface Leaks {
  leakFrame(func: number): void;
}
export const NO_LEAKS: Leaks = { leakFrame: () => {} };

export const num = (s: Scalar, id = 0): Abs => ({ kind: 'num', s, id });
export const UNKNOWN_NUMBER: Abs = num(domain.UNKNOWN);
export const numberOf = (n: bigint): Abs => num(domain.constantScalar(n));
const ZERO = domain.constantScalar(0n);
export const pointer = (region: Region, off: Scalar = ZERO): Abs => ({ kind: 'ptr', region, off });

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

/** Upper bound of two values, identities apart; undefined (not initialised) wins. */
export function merge(a: Abs | undefined, b: Abs | undefined, combine: Combine, leaks: Leaks): Abs | undefined {
  // What is not initialised on some path cannot be read, so no address gets away with it.
  if (!a || !b) return undefined;
  if (a === b) return a;
  if (a.kind === 'num' && b.kind === 'num') {
    const s = combine(a.s, b.s);
    return s === a.s ? a : num(s, a.id);
  }
  if (a.kind === 'ptr' && b.kind === 'ptr' && sameRegion(a.region, b.region)) {
    const off = combine(a.off, b.off);
    return off === a.off ? a : pointer(a.region, off);
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
  if (a.kind === 'ptr') return b.kind === 'ptr' && sameRegion(a.region, b.region) && domain.includes(a.off, b.off);
  return b.kind === 'func' && b.funcs.every((f) => a.funcs.includes(f));
}
