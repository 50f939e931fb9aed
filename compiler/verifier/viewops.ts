// SPDX-License-Identifier: MIT
import type { AluOp, JumpCond } from '../bpf/program.js';
import {
  constant,
  contains,
  fromBits,
  fromSigned,
  fromUnsigned,
  isConstant,
  join,
  limits,
  make,
  max,
  meet,
  min,
  reduce,
  top,
  trailingZeros,
  type View,
} from './view.js';

/** Abstract RFC 9669 arithmetic on views of one width. Every function is sound: it covers each concrete result. */
type Binary = (a: View, b: View) => View;

/** Concrete results, for operands that are constants and for tests; the result is unsigned. RFC 9669 section 4.1. */
export function concrete(op: AluOp, w: number, a: bigint, b: bigint): bigint {
  const x = BigInt.asUintN(w, a);
  const y = BigInt.asUintN(w, b);
  const sx = BigInt.asIntN(w, a);
  const sy = BigInt.asIntN(w, b);
  const amount = y & BigInt(w - 1);
  const out = (): bigint => {
    switch (op) {
      case 'add':
        return x + y;
      case 'sub':
        return x - y;
      case 'mul':
        return x * y;
      case 'div':
        return y === 0n ? 0n : x / y;
      case 'sdiv':
        return y === 0n ? 0n : sx / sy;
      case 'mod':
        return y === 0n ? x : x % y;
      case 'smod':
        return y === 0n ? x : sx % sy;
      case 'or':
        return x | y;
      case 'and':
        return x & y;
      case 'xor':
        return x ^ y;
      case 'lsh':
        return x << amount;
      case 'rsh':
        return x >> amount;
      case 'arsh':
        return sx >> amount;
      case 'neg':
        return -x;
      case 'mov':
        return y;
    }
  };
  return BigInt.asUintN(w, out());
}

/** Bounds of a sum or difference given exactly, before wrapping: kept if both ends wrap the same number of times. */
function wrapped(w: number, ulo: bigint, uhi: bigint, slo: bigint, shi: bigint, bits: View): View {
  const l = limits(w);
  const lap = BigInt(w);
  const parts: { -readonly [K in keyof View]?: View[K] } = { value: bits.value, unknown: bits.unknown };
  if (ulo >> lap === uhi >> lap) {
    parts.umin = ulo & l.mask;
    parts.umax = uhi & l.mask;
  }
  if ((slo + l.sign) >> lap === (shi + l.sign) >> lap) {
    parts.smin = BigInt.asIntN(w, slo);
    parts.smax = BigInt.asIntN(w, shi);
  }
  return make(w, parts);
}

/** Known bits of a + b: a bit is certain where no carry from an uncertain one can reach it. */
function addBits(a: View, b: View): View {
  const { mask } = limits(a.w);
  const low = (a.value + b.value) & mask;
  const high = (low + a.unknown + b.unknown) & mask;
  const unknown = (low ^ high) | a.unknown | b.unknown;
  return { ...a, value: low & ~unknown, unknown };
}

/** Known bits of a - b: as addition, the borrow from uncertain bits being what moves. */
function subBits(a: View, b: View): View {
  const { mask } = limits(a.w);
  const d = (a.value - b.value) & mask;
  const high = (d + a.unknown) & mask;
  const low = (d - b.unknown) & mask;
  const unknown = (low ^ high) | a.unknown | b.unknown;
  return { ...a, value: d & ~unknown, unknown };
}

/** Known low bits of a product: those below the first bit that an uncertain bit of either side can change. */
function mulBits(a: View, b: View): View {
  const { w } = a;
  const ka = trailingZeros(a.unknown, w);
  const kb = trailingZeros(b.unknown, w);
  const la = a.value & ((1n << BigInt(ka)) - 1n);
  const lb = b.value & ((1n << BigInt(kb)) - 1n);
  const k = Math.min(w, ka + trailingZeros(lb, w), kb + trailingZeros(la, w), ka + kb);
  const sure = (1n << BigInt(k)) - 1n;
  return { ...a, value: (la * lb) & sure, unknown: limits(w).mask & ~sure };
}

function mul(a: View, b: View): View {
  const { w } = a;
  const l = limits(w);
  const bits = mulBits(a, b);
  const parts: { -readonly [K in keyof View]?: View[K] } = { value: bits.value, unknown: bits.unknown };
  if (a.umax * b.umax <= l.mask) {
    parts.umin = a.umin * b.umin;
    parts.umax = a.umax * b.umax;
  }
  const [lo, hi] = hull([a.smin * b.smin, a.smin * b.smax, a.smax * b.smin, a.smax * b.smax]);
  if (lo >= l.smin && hi <= l.smax) {
    parts.smin = lo;
    parts.smax = hi;
  }
  return make(w, parts);
}

function hull(all: readonly bigint[]): [bigint, bigint] {
  let lo = all[0]!;
  let hi = all[0]!;
  for (const n of all) {
    if (n < lo) lo = n;
    if (n > hi) hi = n;
  }
  return [lo, hi];
}

function udiv(a: View, b: View): View {
  const least = b.umin > 0n ? b.umin : 1n;
  if (b.umax === 0n) return constant(a.w, 0n);
  return fromUnsigned(a.w, b.umin === 0n ? 0n : a.umin / b.umax, a.umax / least);
}

function sdiv(a: View, b: View): View {
  const { w } = a;
  const l = limits(w);
  // INT_MIN / -1 wraps to INT_MIN, which the corners below do not show.
  if (a.smin === l.smin && contains(b, -1n)) return top(w);
  const corners: bigint[] = contains(b, 0n) ? [0n] : [];
  const part = (lo: bigint, hi: bigint): void => {
    if (lo > hi) return;
    corners.push(a.smin / lo, a.smin / hi, a.smax / lo, a.smax / hi);
  };
  part(b.smin, b.smax < -1n ? b.smax : -1n);
  part(b.smin > 1n ? b.smin : 1n, b.smax);
  const [lo, hi] = hull(corners);
  return fromSigned(w, lo, hi);
}

function umod(a: View, b: View): View {
  if (a.umax < b.umin) return a;
  // A power of two keeps the low bits.
  if (isConstant(b) && b.umin > 0n && (b.umin & (b.umin - 1n)) === 0n) return and(a, constant(a.w, b.umin - 1n));
  const most = b.umin === 0n || b.umax - 1n > a.umax ? a.umax : b.umax - 1n;
  return fromUnsigned(a.w, 0n, most);
}

function smod(a: View, b: View): View {
  const lo = a.smin < 0n ? a.smin : 0n;
  const hi = a.smax > 0n ? a.smax : 0n;
  if (contains(b, 0n)) return fromSigned(a.w, lo, hi);
  const abs = (n: bigint): bigint => (n < 0n ? -n : n);
  const most = max(abs(b.smin), abs(b.smax)) - 1n;
  return fromSigned(a.w, lo < -most ? -most : lo, hi > most ? most : hi);
}

function and(a: View, b: View): View {
  const value = a.value & b.value;
  const unknown = (a.value | a.unknown) & (b.value | b.unknown) & ~value;
  const umax = min(a.umax, b.umax);
  return make(a.w, { value, unknown, umax });
}

function or(a: View, b: View): View {
  const value = a.value | b.value;
  const unknown = (a.unknown | b.unknown) & ~value;
  const umin = max(a.umin, b.umin);
  return make(a.w, { value, unknown, umin });
}

function xor(a: View, b: View): View {
  const unknown = a.unknown | b.unknown;
  return fromBits(a.w, (a.value ^ b.value) & ~unknown, unknown);
}

/** Shift amounts that `b` allows after masking with w - 1. */
function amounts(b: View): number[] {
  const { w } = b;
  const mask = BigInt(w - 1);
  const all: number[] = [];
  const small = b.umax < BigInt(w);
  for (let k = small ? Number(b.umin) : 0; k <= (small ? Number(b.umax) : w - 1); k++)
    if (((BigInt(k) ^ b.value) & mask & ~b.unknown) === 0n) all.push(k);
  return all;
}

/** Up to this many amounts a shift is the union over all of them; beyond, of the smallest and largest bounds. */
const MAX_AMOUNTS = 8;

function shift(one: (a: View, k: bigint) => View, many: (a: View, least: bigint, most: bigint) => View): Binary {
  return (a, b) => {
    const ks = amounts(b);
    if (ks.length > MAX_AMOUNTS) return many(a, BigInt(ks[0]!), BigInt(ks[ks.length - 1]!));
    return ks.map((k) => one(a, BigInt(k))).reduce(join);
  };
}

function lsh1(a: View, k: bigint): View {
  const l = limits(a.w);
  const parts: { -readonly [K in keyof View]?: View[K] } = {
    value: (a.value << k) & l.mask,
    unknown: (a.unknown << k) & l.mask,
  };
  if (a.umax << k <= l.mask) {
    parts.umin = a.umin << k;
    parts.umax = a.umax << k;
  }
  if (a.smin << k >= l.smin && a.smax << k <= l.smax) {
    parts.smin = a.smin << k;
    parts.smax = a.smax << k;
  }
  return make(a.w, parts);
}

const lsh = shift(lsh1, (a, least, most) => {
  const l = limits(a.w);
  const zeros = (1n << (BigInt(trailingZeros(a.value | a.unknown, a.w)) + least)) - 1n;
  const unknown = l.mask & ~zeros;
  if (a.umax << most <= l.mask) return make(a.w, { umin: a.umin << least, umax: a.umax << most, value: 0n, unknown });
  return fromBits(a.w, 0n, unknown);
});

const rsh = shift(
  (a, k) => make(a.w, { umin: a.umin >> k, umax: a.umax >> k, value: a.value >> k, unknown: a.unknown >> k }),
  (a, least, most) => fromUnsigned(a.w, a.umin >> most, a.umax >> least),
);

const arsh = shift(
  (a, k) => {
    const signed = (n: bigint): bigint => BigInt.asUintN(a.w, BigInt.asIntN(a.w, n) >> k);
    return make(a.w, { smin: a.smin >> k, smax: a.smax >> k, value: signed(a.value), unknown: signed(a.unknown) });
  },
  (a, least, most) => {
    const [lo, hi] = hull([a.smin >> least, a.smin >> most, a.smax >> least, a.smax >> most]);
    return fromSigned(a.w, lo, hi);
  },
);

const add: Binary = (a, b) =>
  wrapped(a.w, a.umin + b.umin, a.umax + b.umax, a.smin + b.smin, a.smax + b.smax, addBits(a, b));
const sub: Binary = (a, b) =>
  wrapped(a.w, a.umin - b.umax, a.umax - b.umin, a.smin - b.smax, a.smax - b.smin, subBits(a, b));

const OPS = {
  add,
  sub,
  mul,
  div: udiv,
  sdiv,
  mod: umod,
  smod,
  or,
  and,
  xor,
  lsh,
  rsh,
  arsh,
  neg: (a) => sub(constant(a.w, 0n), a),
  mov: (_a, b) => b,
} satisfies Record<AluOp, Binary>;

/** Abstract result of an operation at the views' width. */
export function apply(op: AluOp, a: View, b: View): View {
  if (isConstant(b) && (isConstant(a) || op === 'mov')) return constant(a.w, concrete(op, a.w, a.umin, b.umin));
  return OPS[op](a, b);
}

/** Reverses the bytes; the width is a multiple of 8. */
export function swapBytes(v: View): View {
  const swap = (n: bigint): bigint => {
    let out = 0n;
    for (let i = 0n; i < BigInt(v.w); i += 8n) out = (out << 8n) | ((n >> i) & 0xffn);
    return out;
  };
  return fromBits(v.w, swap(v.value), swap(v.unknown));
}

type Pair = readonly [View, View] | null;

const bound = (v: View, parts: Partial<View>): View | null => meet(v, { ...top(v.w), ...parts });

function pair(a: View | null, b: View | null): Pair {
  return a && b ? [a, b] : null;
}

/** `a` without the one number `n`, as far as bounds can say it. */
function without(a: View, n: bigint): View | null {
  if (isConstant(a)) return a.umin === n ? null : a;
  const s = BigInt.asIntN(a.w, n);
  return reduce({
    ...a,
    umin: a.umin === n ? a.umin + 1n : a.umin,
    umax: a.umax === n ? a.umax - 1n : a.umax,
    smin: a.smin === s ? a.smin + 1n : a.smin,
    smax: a.smax === s ? a.smax - 1n : a.smax,
  });
}

const REFINE = {
  eq: (a, b) => {
    const both = meet(a, b);
    return pair(both, both);
  },
  ne: (a, b) => pair(isConstant(b) ? without(a, b.umin) : a, isConstant(a) ? without(b, a.umin) : b),
  gt: (a, b) => pair(bound(a, { umin: b.umin + 1n }), bound(b, { umax: a.umax - 1n })),
  ge: (a, b) => pair(bound(a, { umin: b.umin }), bound(b, { umax: a.umax })),
  lt: (a, b) => pair(bound(a, { umax: b.umax - 1n }), bound(b, { umin: a.umin + 1n })),
  le: (a, b) => pair(bound(a, { umax: b.umax }), bound(b, { umin: a.umin })),
  sgt: (a, b) => pair(bound(a, { smin: b.smin + 1n }), bound(b, { smax: a.smax - 1n })),
  sge: (a, b) => pair(bound(a, { smin: b.smin }), bound(b, { smax: a.smax })),
  slt: (a, b) => pair(bound(a, { smax: b.smax - 1n }), bound(b, { smin: a.smin + 1n })),
  sle: (a, b) => pair(bound(a, { smax: b.smax }), bound(b, { smin: a.smin })),
  set: (a, b) => {
    const common = (a.value | a.unknown) & (b.value | b.unknown);
    if (common === 0n) return null;
    if ((common & (common - 1n)) !== 0n) return [a, b];
    const bit = { value: common, unknown: limits(a.w).mask & ~common };
    return pair(bound(a, bit), bound(b, bit));
  },
  clear: (a, b) => {
    if ((a.value & b.value) !== 0n) return null;
    const { mask } = limits(a.w);
    return pair(bound(a, { value: 0n, unknown: mask & ~b.value }), bound(b, { value: 0n, unknown: mask & ~a.value }));
  },
} satisfies Record<JumpCond | 'clear', (a: View, b: View) => Pair>;

/** What holds where a condition fails. */
export const NEGATED = {
  eq: 'ne',
  ne: 'eq',
  gt: 'le',
  ge: 'lt',
  lt: 'ge',
  le: 'gt',
  sgt: 'sle',
  sge: 'slt',
  slt: 'sge',
  sle: 'sgt',
  set: 'clear',
} as const satisfies Record<JumpCond, JumpCond | 'clear'>;

/** Both operands as they can be where the condition holds (or, with `taken` false, fails); null: it never does. */
export function refine(cond: JumpCond, taken: boolean, a: View, b: View): Pair {
  return REFINE[taken ? cond : NEGATED[cond]](a, b);
}
