// SPDX-License-Identifier: MIT

/**
 * What is known of a machine number of `w` bits, w a power of two: inclusive unsigned and signed bounds, and bits whose
 * value is certain (`unknown` has a 1 where a bit is not; `value` is 0 there). The three describe the same set and are
 * reduced against each other. The empty set is `null`. Widths below 8 exist so that tests can try every value.
 */
export interface View {
  readonly w: number;
  readonly umin: bigint;
  readonly umax: bigint;
  readonly smin: bigint;
  readonly smax: bigint;
  readonly value: bigint;
  readonly unknown: bigint;
}

interface Limits {
  readonly mask: bigint;
  readonly sign: bigint;
  readonly smin: bigint;
  readonly smax: bigint;
  readonly top: View;
}

const limitsByWidth: Limits[] = [];

/** Constants of a width: all-ones mask, sign bit, signed bounds and the view that knows nothing. */
export function limits(w: number): Limits {
  const seen = limitsByWidth[w];
  if (seen) return seen;
  const mask = (1n << BigInt(w)) - 1n;
  const sign = 1n << BigInt(w - 1);
  const top = { w, umin: 0n, umax: mask, smin: -sign, smax: sign - 1n, value: 0n, unknown: mask };
  const made = { mask, sign, smin: -sign, smax: sign - 1n, top };
  limitsByWidth[w] = made;
  return made;
}

export const top = (w: number): View => limits(w).top;

export function constant(w: number, n: bigint): View {
  const u = BigInt.asUintN(w, n);
  const s = BigInt.asIntN(w, n);
  return { w, umin: u, umax: u, smin: s, smax: s, value: u, unknown: 0n };
}

export const isConstant = (v: View): boolean => v.umin === v.umax;
export const isTop = (v: View): boolean => {
  const l = limits(v.w);
  return v.umin === 0n && v.umax === l.mask && v.smin === l.smin && v.smax === l.smax && v.unknown === l.mask;
};

/** Mask of the bits at or below the highest set bit. */
export function fill(n: bigint): bigint {
  return n === 0n ? 0n : (1n << BigInt(n.toString(2).length)) - 1n;
}

/** Number of trailing zero bits, `w` for zero. */
export function trailingZeros(n: bigint, w: number): number {
  if (n === 0n) return w;
  let k = 0;
  let low = Number(n & 0xffffffffn);
  let rest = n;
  while (low === 0) {
    k += 32;
    rest >>= 32n;
    low = Number(rest & 0xffffffffn);
  }
  return Math.min(w, k + 31 - Math.clz32(low & -low));
}

export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
export const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** Makes the three descriptions agree; null if they exclude each other. */
export function reduce(v: View): View | null {
  const { w } = v;
  const l = limits(w);
  let { umin, umax, smin, smax, value, unknown } = v;
  // Each round only tightens; three reach the fixpoint in nearly all cases, and stopping early is sound.
  for (let round = 0; round < 3; round++) {
    if (umin > umax || smin > smax) return null;
    const before = [umin, umax, smin, smax, unknown] as const;
    umin = max(umin, value);
    umax = min(umax, value | unknown);
    if ((unknown & l.sign) !== 0n) {
      smin = max(smin, BigInt.asIntN(w, value | l.sign));
      smax = min(smax, (value | unknown) & ~l.sign);
    } else {
      smin = max(smin, BigInt.asIntN(w, value));
      smax = min(smax, BigInt.asIntN(w, value | unknown));
    }
    if (umin > umax || smin > smax) return null;
    // Unsigned bounds in one half of the number circle order the signed ones, and the reverse.
    if (umax < l.sign || umin >= l.sign) {
      smin = max(smin, BigInt.asIntN(w, umin));
      smax = min(smax, BigInt.asIntN(w, umax));
    } else if (smin < 0n && smax >= 0n) {
      if (umin > smax) smax = -1n;
      else if (umax < BigInt.asUintN(w, smin)) smin = 0n;
    }
    if (smin > smax) return null;
    if (smin >= 0n || smax < 0n) {
      umin = max(umin, BigInt.asUintN(w, smin));
      umax = min(umax, BigInt.asUintN(w, smax));
      if (umin > umax) return null;
    }
    const prefix = l.mask ^ fill(umin ^ umax);
    if (((umin ^ value) & prefix & ~unknown) !== 0n) return null;
    value |= umin & prefix & unknown;
    unknown &= ~prefix;
    if (umin === before[0] && umax === before[1] && smin === before[2] && smax === before[3] && unknown === before[4])
      break;
  }
  if (umin > umax || smin > smax) return null;
  return { w, umin, umax, smin, smax, value, unknown };
}

/** For results that cannot be empty: an abstract operation on non-empty operands. */
function sure(v: View | null): View {
  if (!v) throw new Error('empty result of an abstract operation');
  return v;
}

/** The view of all numbers that the given bounds and bits allow; missing ones are unbounded. */
export function make(w: number, parts: Partial<Omit<View, 'w'>>): View {
  return sure(reduce({ ...top(w), ...parts }));
}

export const fromUnsigned = (w: number, umin: bigint, umax: bigint): View => make(w, { umin, umax });
export const fromSigned = (w: number, smin: bigint, smax: bigint): View => make(w, { smin, smax });
export const fromBits = (w: number, value: bigint, unknown: bigint): View =>
  make(w, { value: value & ~unknown, unknown });

/** Whether a concrete number (any representative) is in the view. */
export function contains(v: View, n: bigint): boolean {
  const u = BigInt.asUintN(v.w, n);
  const s = BigInt.asIntN(v.w, n);
  return u >= v.umin && u <= v.umax && s >= v.smin && s <= v.smax && (u & ~v.unknown) === v.value;
}

export function equal(a: View, b: View): boolean {
  return (
    a === b ||
    (a.umin === b.umin &&
      a.umax === b.umax &&
      a.smin === b.smin &&
      a.smax === b.smax &&
      a.unknown === b.unknown &&
      a.value === b.value)
  );
}

/** Whether every number of `b` is shown to be in `a`. */
export function includes(a: View, b: View): boolean {
  return (
    a === b ||
    (a.umin <= b.umin &&
      a.umax >= b.umax &&
      a.smin <= b.smin &&
      a.smax >= b.smax &&
      (b.unknown & ~a.unknown) === 0n &&
      (b.value & ~a.unknown) === a.value)
  );
}

export function meet(a: View, b: View): View | null {
  if (((a.value ^ b.value) & ~a.unknown & ~b.unknown) !== 0n) return null;
  return reduce({
    w: a.w,
    umin: max(a.umin, b.umin),
    umax: min(a.umax, b.umax),
    smin: max(a.smin, b.smin),
    smax: min(a.smax, b.smax),
    value: a.value | b.value,
    unknown: a.unknown & b.unknown,
  });
}

export function join(a: View, b: View): View {
  if (includes(a, b)) return a;
  if (includes(b, a)) return b;
  const unknown = a.unknown | b.unknown | (a.value ^ b.value);
  return sure(
    reduce({
      w: a.w,
      umin: min(a.umin, b.umin),
      umax: max(a.umax, b.umax),
      smin: min(a.smin, b.smin),
      smax: max(a.smax, b.smax),
      value: a.value & ~unknown,
      unknown,
    }),
  );
}

/** Bounds to which widening may jump, ascending signed numbers. */
export type Thresholds = readonly bigint[];

function below(ts: Thresholds, n: bigint, lowest: bigint): bigint {
  for (let i = ts.length - 1; i >= 0; i--) if (ts[i]! <= n) return max(ts[i]!, lowest);
  return lowest;
}

function above(ts: Thresholds, n: bigint, highest: bigint): bigint {
  for (const t of ts) if (t >= n) return min(t, highest);
  return highest;
}

/**
 * An upper bound of `old` and `next` that jumps: a bound that moved goes on to the next threshold, a bit that became
 * uncertain takes all higher ones with it. Low bits (alignment) survive.
 */
export function widen(old: View, next: View, ts: Thresholds): View {
  if (includes(old, next)) return old;
  const l = limits(old.w);
  const joined = join(old, next);
  const fresh = joined.unknown & ~old.unknown;
  const unknown = fresh === 0n ? joined.unknown : joined.unknown | (l.mask & ~((fresh & -fresh) - 1n));
  return sure(
    reduce({
      w: old.w,
      umin: joined.umin < old.umin ? max(0n, below(ts, joined.umin, 0n)) : old.umin,
      umax: joined.umax > old.umax ? above(ts, joined.umax, l.mask) : old.umax,
      smin: joined.smin < old.smin ? below(ts, joined.smin, l.smin) : old.smin,
      smax: joined.smax > old.smax ? above(ts, joined.smax, l.smax) : old.smax,
      value: joined.value & ~unknown,
      unknown,
    }),
  );
}

/** The low `w` bits. */
export function truncate(v: View, w: number): View {
  if (w === v.w) return v;
  const shift = BigInt(w);
  const l = limits(w);
  const parts: { -readonly [K in keyof View]?: View[K] } = { value: v.value & l.mask, unknown: v.unknown & l.mask };
  if (v.umin >> shift === v.umax >> shift) {
    parts.umin = v.umin & l.mask;
    parts.umax = v.umax & l.mask;
  }
  if (v.smin >= l.smin && v.smax <= l.smax) {
    parts.smin = v.smin;
    parts.smax = v.smax;
  }
  return make(w, parts);
}

export function zeroExtend(v: View, w: number): View {
  return make(w, { umin: v.umin, umax: v.umax, value: v.value, unknown: v.unknown });
}

export function signExtend(v: View, w: number): View {
  const l = limits(v.w);
  const high = limits(w).mask ^ l.mask;
  const bits =
    (v.unknown & l.sign) !== 0n
      ? { value: v.value, unknown: v.unknown | high }
      : { value: (v.value & l.sign) !== 0n ? v.value | high : v.value, unknown: v.unknown };
  return make(w, { smin: v.smin, smax: v.smax, ...bits });
}
