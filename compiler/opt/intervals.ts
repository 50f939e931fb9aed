// SPDX-License-Identifier: MIT
import type { Cond } from '../ir/ir.js';

/**
 * Where a value lies: it is congruent, modulo 2^bits, to an integer of [lo, hi]. For 32 bits -2^31 <= lo and hi < 2^32, so
 * one interval can be read as unsigned or as signed numbers; for 64 bits |lo|, |hi| <= 2^52, where numbers and
 * their quotients are exact.
 */
export interface Interval {
  readonly lo: number;
  readonly hi: number;
}

/** Nothing is known: null. */
export type Range = Interval | null;

export const TWO31 = 2 ** 31;
export const TWO32 = 2 ** 32;
const EXACT = 2 ** 52;

/** The integers [lo, hi] as a range of `bits` wide values. */
export function range(lo: number, hi: number, bits: number): Range {
  if (!(lo >= -EXACT && hi <= EXACT)) return null;
  if (bits === 64) return { lo, hi };
  if (hi - lo >= TWO32 - 1) return null;
  const turns = lo < -TWO31 ? Math.ceil((-TWO31 - lo) / TWO32) : hi >= TWO32 ? -Math.ceil((hi - TWO32 + 1) / TWO32) : 0;
  const [from, to] = [lo + turns * TWO32, hi + turns * TWO32];
  return from >= -TWO31 && to < TWO32 ? { lo: from, hi: to } : null;
}

export const exactly = (n: bigint, bits: number): Range => {
  const signed = bits === 64 ? BigInt.asIntN(64, n) : n;
  return range(Number(signed), Number(signed), bits);
};

const ALL32: Interval = { lo: 0, hi: TWO32 - 1 };
const ALL64: Interval = { lo: 0, hi: Number.POSITIVE_INFINITY };
const SIGNED32: Interval = { lo: -TWO31, hi: TWO31 - 1 };
const SIGNED64: Interval = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY };

/** Unsigned bounds; infinity stands for what is too large for a number. */
export function unsigned(r: Range, bits: number): Interval {
  if (r && r.lo >= 0) return r;
  if (bits === 64) return ALL64;
  return r && r.hi < 0 ? { lo: r.lo + TWO32, hi: r.hi + TWO32 } : ALL32;
}

/** Signed bounds. */
export function signed(r: Range, bits: number): Interval {
  if (bits === 64) return r ?? SIGNED64;
  if (r && r.hi < TWO31) return r;
  return r && r.lo >= TWO31 ? { lo: r.lo - TWO32, hi: r.hi - TWO32 } : SIGNED32;
}

const width = (i: Interval): number => i.hi - i.lo;

/** Of both orders the one in which the intervals are whole; null if there is none. */
function common(a: Interval, b: Interval, bits: number): { x: Interval; y: Interval } | null {
  if (bits === 64) return { x: a, y: b };
  const whole = (view: (r: Range, bits: number) => Interval) => {
    const [x, y] = [view(a, bits), view(b, bits)];
    return width(x) === width(a) && width(y) === width(b) ? { x, y } : null;
  };
  const [u, s] = [whole(unsigned), whole(signed)];
  if (!u || !s) return u ?? s;
  const hull = ({ x, y }: { x: Interval; y: Interval }): number => Math.max(x.hi, y.hi) - Math.min(x.lo, y.lo);
  return hull(u) <= hull(s) ? u : s;
}

/** What lies in both. Of what lies in neither nothing is wrong: then one of the two. */
export function meet(a: Range, b: Range, bits: number): Range {
  if (!a || !b) return a ?? b;
  const both = common(a, b, bits);
  if (both) {
    const { x, y } = both;
    const [lo, hi] = [Math.max(x.lo, y.lo), Math.min(x.hi, y.hi)];
    if (lo <= hi) return { lo, hi };
  }
  return width(a) <= width(b) ? a : b;
}

/** What lies in one of them. */
export function join(a: Range, b: Range, bits: number): Range {
  if (!a || !b) return null;
  const both = common(a, b, bits);
  return both ? range(Math.min(both.x.lo, both.y.lo), Math.max(both.x.hi, both.y.hi), bits) : null;
}

export const sameRange = (a: Range, b: Range): boolean => a === b || (!!a && !!b && a.lo === b.lo && a.hi === b.hi);

/** Is a constant known, and which? */
export const only = (r: Range): number | null => (r && r.lo === r.hi ? r.lo : null);

/** Does the condition follow from the ranges of its operands, or its contrary? */
export function decided(cond: Cond, a: Range, b: Range, bits: number): boolean | null {
  const order = (view: (r: Range, bits: number) => Interval): { less: boolean | null; equal: boolean | null } => {
    const [x, y] = [view(a, bits), view(b, bits)];
    return {
      less: x.hi < y.lo ? true : x.lo >= y.hi ? false : null,
      equal: x.hi < y.lo || x.lo > y.hi ? false : x.lo === x.hi && y.lo === y.hi && x.lo === y.lo ? true : null,
    };
  };
  // Swapped: b < a.
  const more = (view: (r: Range, bits: number) => Interval): boolean | null => {
    const [x, y] = [view(a, bits), view(b, bits)];
    return y.hi < x.lo ? true : y.lo >= x.hi ? false : null;
  };
  const not = (v: boolean | null): boolean | null => (v === null ? null : !v);
  switch (cond) {
    case 'ult':
      return order(unsigned).less;
    case 'uge':
      return not(order(unsigned).less);
    case 'ugt':
      return more(unsigned);
    case 'ule':
      return not(more(unsigned));
    case 'slt':
      return order(signed).less;
    case 'sge':
      return not(order(signed).less);
    case 'sgt':
      return more(signed);
    case 'sle':
      return not(more(signed));
    case 'eq':
      return order(unsigned).equal ?? order(signed).equal;
    case 'ne':
      return not(order(unsigned).equal ?? order(signed).equal);
    case 'set':
    case 'nset':
      return null;
  }
}

/** What `a` is where cond(a, b) holds. */
export function refined(cond: Cond, a: Range, b: Range, bits: number): Range {
  const most = bits === 64 ? EXACT : TWO32 - 1;
  const [u, s] = [unsigned(b, bits), signed(b, bits)];
  const [first, last] = bits === 64 ? [-EXACT, EXACT] : [-TWO31, TWO31 - 1];
  const between = (lo: number, hi: number): Range => (lo <= hi ? meet(a, range(lo, hi, bits), bits) : a);
  switch (cond) {
    case 'ult':
      return between(0, u.hi - 1);
    case 'ule':
      return between(0, u.hi);
    case 'ugt':
      return bits === 64 ? a : between(u.lo + 1, most);
    case 'uge':
      return bits === 64 ? a : between(u.lo, most);
    case 'slt':
      return bits === 64 ? upTo(a, s.hi - 1) : between(first, s.hi - 1);
    case 'sle':
      return bits === 64 ? upTo(a, s.hi) : between(first, s.hi);
    case 'sgt':
      return bits === 64 ? downTo(a, s.lo + 1) : between(s.lo + 1, last);
    case 'sge':
      return bits === 64 ? downTo(a, s.lo) : between(s.lo, last);
    case 'eq':
      return meet(a, b, bits);
    case 'ne': {
      const n = only(b);
      if (n === null || !a || a.lo === a.hi) return a;
      const isN = (end: number): boolean => end === n || (bits === 32 && (end === n + TWO32 || end === n - TWO32));
      if (isN(a.lo)) return { lo: a.lo + 1, hi: a.hi };
      return isN(a.hi) ? { lo: a.lo, hi: a.hi - 1 } : a;
    }
    case 'nset': {
      // No bit above the k lowest: below 2^k.
      const n = only(b);
      if (n === null || bits === 64) return a;
      const free = TWO32 - (n < 0 ? n + TWO32 : n);
      return free < TWO32 && Number.isInteger(Math.log2(free)) ? between(0, free - 1) : a;
    }
    case 'set':
      return a;
  }
}

const upTo = (a: Range, hi: number): Range => (a && a.lo <= hi && hi < a.hi ? { lo: a.lo, hi } : a);
const downTo = (a: Range, lo: number): Range => (a && lo <= a.hi && lo > a.lo ? { lo, hi: a.hi } : a);
