// SPDX-License-Identifier: MIT
import { foldCond, mask, SWAPPED, toSigned } from '../ir/arith.js';
import type { Cond, Value } from '../ir/ir.js';
import type { Site } from './fold-rule.js';
import { type Known, knownBits, widthOf } from './known.js';

/** A condition over two values, or over two lane pairs (al, ah, bl, bh) when `wide`. */
export interface Comparison {
  readonly cond: Cond;
  readonly wide: boolean;
  readonly args: Value[];
}

/** The same condition decided or made simpler, or null. */
export function compareRule(c: Comparison, site: Site): Comparison | boolean | null {
  return c.wide ? wideRule(c, site) : narrowRule(c, site);
}

const SIGNED: ReadonlySet<Cond> = new Set(['slt', 'sle', 'sgt', 'sge']);

/** Bounds of a comparison's operand in the order that the condition uses. */
function bounds(k: Known, bits: number, signed: boolean): [bigint, bigint] {
  const all = mask(bits);
  if (!signed) return [k.one, all & ~k.zero];
  const sign = 1n << BigInt(bits - 1);
  // Smallest: sign bit set if it can be, other unknown bits 0. Largest: the other way round.
  const min = k.zero & sign ? k.one : k.one | sign;
  const max = k.one & sign ? all & ~k.zero : all & ~k.zero & ~sign;
  return [toSigned(min, bits), toSigned(max, bits)];
}

/** What follows from known bits alone. */
function decide(cond: Cond, a: Known, b: Known, bits: number): boolean | null {
  const all = mask(bits);
  if (cond === 'set' || cond === 'nset') {
    if ((a.one & b.one) !== 0n) return cond === 'set';
    return ((a.zero | b.zero) & all) === all ? cond === 'nset' : null;
  }
  if (cond === 'eq' || cond === 'ne') {
    return (a.one & b.zero) !== 0n || (a.zero & b.one) !== 0n ? cond === 'ne' : null;
  }
  const signed = SIGNED.has(cond);
  const [amin, amax] = bounds(a, bits, signed);
  const [bmin, bmax] = bounds(b, bits, signed);
  const less = amax < bmin;
  const lessOrEqual = amax <= bmin;
  const greater = amin > bmax;
  const greaterOrEqual = amin >= bmax;
  const yes = { l: less, le: lessOrEqual, g: greater, ge: greaterOrEqual };
  switch (cond) {
    case 'ult':
    case 'slt':
      return yes.l ? true : yes.ge ? false : null;
    case 'ule':
    case 'sle':
      return yes.le ? true : yes.g ? false : null;
    case 'ugt':
    case 'sgt':
      return yes.g ? true : yes.le ? false : null;
    case 'uge':
    case 'sge':
      return yes.ge ? true : yes.l ? false : null;
  }
}

const REFLEXIVE: Record<Exclude<Cond, 'set' | 'nset'>, boolean> = {
  eq: true,
  ne: false,
  ult: false,
  ule: true,
  ugt: false,
  uge: true,
  slt: false,
  sle: true,
  sgt: false,
  sge: true,
};

function narrowRule({ cond, args }: Comparison, site: Site): Comparison | boolean | null {
  const [a, b] = args as [Value, Value];
  const bits = widthOf(a);
  const x = site.constantOf(a);
  const y = site.constantOf(b);
  if (x !== undefined && y !== undefined) return foldCond(cond, x, y, bits);
  const make = (cond: Cond, left: Value, right: Value): Comparison => ({ cond, wide: false, args: [left, right] });
  if (a === b) {
    if (cond === 'set' || cond === 'nset') return make(cond === 'set' ? 'ne' : 'eq', a, site.constant(0n, a));
    return REFLEXIVE[cond];
  }
  if (x !== undefined) return make(SWAPPED[cond], b, a);
  const decided = decide(cond, knownBits(a, site.def), knownBits(b, site.def), bits);
  if (decided !== null) return decided;
  const inner = site.def(a);
  if (y === undefined) return null;
  if (inner?.op === 'sext' && y === 0n && (cond === 'slt' || cond === 'sge')) {
    const sign = site.constant(1n << BigInt(inner.bits! - 1), a);
    return make(cond === 'slt' ? 'set' : 'nset', inner.args[0]!, sign);
  }
  if (cond === 'ult' && y === 1n) return make('eq', a, site.constant(0n, a));
  if (cond === 'uge' && y === 1n) return make('ne', a, site.constant(0n, a));
  if (cond === 'ugt' && y === 0n) return make('ne', a, b);
  if (cond === 'ule' && y === 0n) return make('eq', a, b);
  if (cond === 'set' && y === mask(bits)) return make('ne', a, site.constant(0n, a));
  if (cond === 'nset' && y === mask(bits)) return make('eq', a, site.constant(0n, a));
  if (cond !== 'eq' && cond !== 'ne') return null;
  // Comparing the result of a comparison, a masked value or a sum with a constant.
  if (inner?.op === 'and' && y === 0n) return make(cond === 'ne' ? 'set' : 'nset', inner.args[0]!, inner.args[1]!);
  if ((inner?.op === 'xor' || inner?.op === 'sub') && y === 0n) return make(cond, inner.args[0]!, inner.args[1]!);
  const c = inner && inner.args.length === 2 ? site.constantOf(inner.args[1]!) : undefined;
  // Where the sum is made anyway, comparing what it was made of would only keep both alive.
  if (inner?.op === 'add' && c !== undefined && site.isUsedOnce(a)) {
    return make(cond, inner.args[0]!, site.constant((y - c) & mask(bits), a));
  }
  if (inner?.op === 'xor' && c !== undefined) return make(cond, inner.args[0]!, site.constant(y ^ c, a));
  return null;
}

/** Is `high` the sign of `low`? */
function signOf(low: Value, high: Value, site: Site): boolean {
  const inner = site.def(high);
  if (inner?.op === 'ashr' && inner.args[0] === low && site.constantOf(inner.args[1]!) === 31n) return true;
  const [l, h] = [site.constantOf(low), site.constantOf(high)];
  if (l !== undefined && h !== undefined) return h === (l >> 31n === 1n ? mask(32) : 0n);
  return h === 0n && (knownBits(low, site.def).zero & (1n << 31n)) !== 0n;
}

function wideRule({ cond, args }: Comparison, site: Site): Comparison | boolean | null {
  const [al, ah, bl, bh] = args as [Value, Value, Value, Value];
  const [xl, xh, yl, yh] = args.map((v) => site.constantOf(v));
  if (xl !== undefined && xh !== undefined) {
    if (yl !== undefined && yh !== undefined) return foldCond(cond, xl | (xh << 32n), yl | (yh << 32n), 64);
    return { cond: SWAPPED[cond], wide: true, args: [bl, bh, al, ah] };
  }
  const join = (l: Value, h: Value): Known => {
    const low = knownBits(l, site.def);
    const high = knownBits(h, site.def);
    return { zero: low.zero | (high.zero << 32n), one: low.one | (high.one << 32n) };
  };
  const decided = decide(cond, join(al, ah), join(bl, bh), 64);
  if (decided !== null) return decided;
  const make = (cond: Cond, left: Value, right: Value): Comparison => ({ cond, wide: false, args: [left, right] });
  const low = (c: Cond): Comparison => make(c, al, bl);

  if (cond === 'set' || cond === 'nset') {
    if (xh === 0n || yh === 0n) return low(cond);
    return xl === 0n || yl === 0n ? make(cond, ah, bh) : null;
  }
  const sameHigh = ah === bh || (xh !== undefined && xh === yh);
  if (sameHigh) return low(SIGNED.has(cond) ? (`u${cond.slice(1)}` as Cond) : cond);
  if (al === bl && (cond === 'eq' || cond === 'ne')) return make(cond, ah, bh);
  // Both are sign-extended 32-bit values: either order of 64-bit numbers is that order of the low lanes.
  if (signOf(al, ah, site) && signOf(bl, bh, site)) return low(cond);
  if (yl === undefined || yh === undefined) return null;
  if ((cond === 'eq' || cond === 'ne') && yl === 0n && yh === 0n) return make(cond, site.one('or', [al, ah]), bl);
  // Bounds at a multiple of 2^32 only look at the high lane.
  if (yl === 0n && (cond === 'ult' || cond === 'uge' || cond === 'slt' || cond === 'sge')) return make(cond, ah, bh);
  if (yl === mask(32) && (cond === 'ugt' || cond === 'ule' || cond === 'sgt' || cond === 'sle')) {
    return make(cond, ah, bh);
  }
  return null;
}
