// SPDX-License-Identifier: MIT
import type { Inst, Value } from '../ir/ir.js';
import {
  decided,
  exactly,
  type Interval,
  join,
  meet,
  only,
  type Range,
  range,
  signed,
  TWO31,
  TWO32,
  unsigned,
} from './intervals.js';
import { widthOf } from './known.js';

/** What the range of an argument is where the instruction stands. */
export type RangeOf = (v: Value) => Range;

/** Up to here intervals of 64-bit values reach. */
const EXACT = 2 ** 52;

/** The range of result `index` of an instruction; null for what the ranges of its arguments do not show. */
export function transfer(inst: Inst, index: number, of: RangeOf): Range {
  const v = inst.results[index]!;
  const bits = widthOf(v);
  switch (inst.op) {
    case 'const':
      return exactly(inst.imm!, bits);
    case 'load': {
      const wide = inst.size! * 8;
      if (wide >= bits) return null;
      const half = 2 ** (wide - 1);
      return inst.signed ? range(-half, half - 1, bits) : range(0, 2 * half - 1, bits);
    }
    case 'length':
      return inst.imm === undefined ? null : range(0, Number(inst.imm), bits);
    case 'icmp': {
      const [a, b] = inst.args as [Value, Value];
      const truth = decided(inst.cond!, of(a), of(b), widthOf(a));
      return truth === null ? range(0, 1, bits) : range(Number(truth), Number(truth), bits);
    }
    case 'icmp64':
      return range(0, 1, bits);
    case 'select':
      return join(of(inst.args[1]!), of(inst.args[2]!), bits);
    case 'zext': {
      const u = unsigned(of(inst.args[0]!), 32);
      return range(u.lo, u.hi, 64);
    }
    case 'trunc': {
      const r = of(inst.args[0]!);
      return r && range(r.lo, r.hi, 32);
    }
    case 'sext': {
      const half = 2 ** (inst.bits! - 1);
      const s = signed(of(inst.args[0]!), bits);
      return s.lo >= -half && s.hi < half ? range(s.lo, s.hi, bits) : range(-half, half - 1, bits);
    }
    case 'bswap':
      return inst.bits! < bits ? range(0, 2 ** inst.bits! - 1, bits) : null;
    case 'add64':
    case 'sub64':
    case 'umul64':
      return laneOf(pairOf(inst, of), index);
    default:
      return inst.args.length === 2 ? binary(inst, of, bits) : null;
  }
}

function binary(inst: Inst, of: RangeOf, bits: 32 | 64): Range {
  const [a, b] = inst.args.map(of) as [Range, Range];
  const [ua, ub] = [unsigned(a, bits), unsigned(b, bits)];
  switch (inst.op) {
    case 'add':
      return a && b && range(a.lo + b.lo, a.hi + b.hi, bits);
    case 'sub':
      return a && b && range(a.lo - b.hi, a.hi - b.lo, bits);
    case 'mul':
      return a && b && product(a, b, bits);
    case 'and':
      return meet(notAbove(ua.hi, bits), notAbove(ub.hi, bits), bits);
    case 'or':
    case 'xor': {
      const top = Math.max(ua.hi, ub.hi);
      if (!(top < EXACT)) return null;
      // No bit above the highest of either; an or is at least either.
      const low = inst.op === 'or' ? Math.max(ua.lo, ub.lo) : 0;
      return range(low, ceilMask(top), bits);
    }
    case 'shl': {
      const n = only(b);
      if (n === null || !a || n < 0 || n >= bits) return null;
      return range(a.lo * 2 ** n, a.hi * 2 ** n, bits);
    }
    case 'lshr': {
      const n = only(b);
      const known = n !== null && n >= 0 && n < bits;
      if (!(ua.hi < EXACT)) return known && n > bits - 52 ? range(0, 2 ** (bits - n) - 1, bits) : null;
      return range(known ? Math.floor(ua.lo / 2 ** n) : 0, known ? Math.floor(ua.hi / 2 ** n) : ua.hi, bits);
    }
    case 'ashr': {
      const n = only(b);
      const s = signed(a, bits);
      if (!Number.isFinite(s.lo)) {
        const half = n !== null && n > bits - 52 && n < bits ? 2 ** (bits - 1 - n) : Number.POSITIVE_INFINITY;
        return range(-half, half - 1, bits);
      }
      if (n === null || n < 0 || n >= bits) return range(Math.min(s.lo, 0), Math.max(s.hi, 0), bits);
      return range(Math.floor(s.lo / 2 ** n), Math.floor(s.hi / 2 ** n), bits);
    }
    case 'udiv':
      // x / 0 = 0.
      return range(ub.lo > 0 ? Math.floor(ua.lo / ub.hi) : 0, Math.floor(ua.hi / Math.max(ub.lo, 1)), bits);
    case 'umod':
      // x % 0 = x.
      return range(0, ub.lo > 0 ? Math.min(ua.hi, ub.hi - 1) : ua.hi, bits);
    case 'sdiv': {
      const [n, d] = [signed(a, bits), only(b)];
      const by = d !== null && bits === 32 && d >= TWO31 ? d - TWO32 : d;
      if (by === null || by <= 0 || !Number.isFinite(n.lo)) return null;
      return range(Math.trunc(n.lo / by), Math.trunc(n.hi / by), bits);
    }
    case 'smod': {
      const [n, d] = [signed(a, bits), only(b)];
      const by = d !== null && bits === 32 && d >= TWO31 ? d - TWO32 : d;
      if (by === null || by <= 0) return null;
      return range(n.lo >= 0 ? 0 : Math.max(n.lo, 1 - by), n.hi <= 0 ? 0 : Math.min(n.hi, by - 1), bits);
    }
    default:
      return null;
  }
}

/** The smallest 2^k - 1 that is not below n. */
export function ceilMask(n: number): number {
  let m = 1;
  while (m <= n) m *= 2;
  return m - 1;
}

const notAbove = (hi: number, bits: number): Range => (hi < EXACT ? range(0, hi, bits) : null);

function product(a: Interval, b: Interval, bits: number): Range {
  const all = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
  return range(Math.min(...all), Math.max(...all), bits);
}

/** The 64-bit number that a pair of lanes stands for, as far as it is small. */
export function pairRange(low: Range, high: Range): Range {
  const h = signed(high, 32);
  const l = unsigned(low, 32);
  return range(h.lo * TWO32 + (h.lo === h.hi ? l.lo : 0), h.hi * TWO32 + (h.lo === h.hi ? l.hi : TWO32 - 1), 64);
}

/** A lane of a 64-bit number. */
function laneOf(r: Range, index: number): Range {
  if (!r) return null;
  const [first, last] = [Math.floor(r.lo / TWO32), Math.floor(r.hi / TWO32)];
  if (index === 1) return range(first, last, 32);
  return first === last ? range(r.lo - first * TWO32, r.hi - first * TWO32, 32) : null;
}

/** The exact result of a 64-bit operation over lanes. */
export function pairOf(inst: Inst, of: RangeOf): Range {
  const r = inst.args.map(of);
  if (inst.op === 'umul64') return product(unsigned(r[0]!, 32), unsigned(r[1]!, 32), 64);
  const [a, b] = [pairRange(r[0]!, r[1]!), pairRange(r[2]!, r[3]!)];
  if (!a || !b) return null;
  return inst.op === 'add64' ? range(a.lo + b.lo, a.hi + b.hi, 64) : range(a.lo - b.hi, a.hi - b.lo, 64);
}
