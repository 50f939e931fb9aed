// SPDX-License-Identifier: MIT
import { type BinaryOp, foldBinary, mask } from '../ir/arith.js';
import type { Inst, Op, Value } from '../ir/ir.js';
import { log2 } from './fold-binary.js';
import type { Rule, Site } from './fold-rule.js';
import { knownBits, unsignedRange } from './known.js';

type LaneOp = Extract<
  Op,
  'add64' | 'sub64' | 'mul64' | 'umul64' | 'udiv64' | 'sdiv64' | 'umod64' | 'smod64' | 'shl64' | 'lshr64' | 'ashr64'
>;

const NARROW = {
  add64: 'add',
  sub64: 'sub',
  mul64: 'mul',
  udiv64: 'udiv',
  sdiv64: 'sdiv',
  umod64: 'umod',
  smod64: 'smod',
  shl64: 'shl',
  lshr64: 'lshr',
  ashr64: 'ashr',
} as const satisfies Record<Exclude<LaneOp, 'umul64'>, BinaryOp>;

/** 64-bit operations over lanes that need less than both lanes of both sides. */
export const laneRule: Rule = (inst, site) => {
  const rule = (RULES as Partial<Record<Op, Rule>>)[inst.op];
  return rule ? (folded(inst, site) ?? rule(inst, site)) : null;
};

const pair = (n: bigint, like: Value, site: Site): Value[] => [
  site.constant(n & mask(32), like),
  site.constant((n >> 32n) & mask(32), like),
];

/** All operands constant. */
function folded(inst: Inst, site: Site): Value[] | null {
  const c = inst.args.map((v) => site.constantOf(v));
  if (!c.every((n) => n !== undefined)) return null;
  const like = inst.args[0]!;
  if (inst.op === 'umul64') return pair(c[0]! * c[1]!, like, site);
  const a = c[0]! | (c[1]! << 32n);
  const b = c.length === 4 ? c[2]! | (c[3]! << 32n) : c[2]!;
  return pair(foldBinary(NARROW[inst.op as keyof typeof NARROW], a, b, 64), like, site);
}

interface Lanes {
  readonly al: Value;
  readonly ah: Value;
  readonly bl: Value;
  readonly bh: Value;
  /** Constants, where they are. */
  readonly b: bigint | undefined;
  readonly zeroHigh: { readonly a: boolean; readonly b: boolean };
  zero(): Value;
}

function lanesOf(inst: Inst, site: Site): Lanes {
  const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
  const [yl, yh] = [site.constantOf(bl), site.constantOf(bh)];
  const b = yl === undefined || yh === undefined ? undefined : yl | (yh << 32n);
  const isZero = (v: Value): boolean => knownBits(v, site.def).zero === mask(32);
  return { al, ah, bl, bh, b, zeroHigh: { a: isZero(ah), b: isZero(bh) }, zero: () => site.constant(0n, al) };
}

const SIGN = 1n << 31n;
const isPositive = (high: Value, site: Site): boolean => (knownBits(high, site.def).zero & SIGN) !== 0n;
const signLane = (low: Value, site: Site): Value => site.one('ashr', [low, site.constant(31n, low)]);
const isSignOf = (low: Value, high: Value, site: Site): boolean => {
  const inner = site.def(high);
  return inner?.op === 'ashr' && inner.args[0] === low && site.constantOf(inner.args[1]!) === 31n;
};

const add64: Rule = (inst, site) => {
  const { al, ah, bl, bh, b } = lanesOf(inst, site);
  const high = (): Value => site.one('add', [ah, bh]);
  if (site.constantOf(al) !== undefined && site.constantOf(ah) !== undefined && b === undefined) {
    return site.emit('add64', [bl, bh, al, ah]);
  }
  if (site.constantOf(bl) === 0n) return [al, high()];
  if (site.constantOf(al) === 0n) return [bl, high()];
  const inner = site.def(al);
  if (b !== undefined && inner?.op === 'add64' && inner.results[0] === al && inner.results[1] === ah) {
    const [, , cl, ch] = inner.args.map((v) => site.constantOf(v));
    if (cl !== undefined && ch !== undefined) {
      const sum = (cl | (ch << 32n)) + b;
      return site.emit('add64', [inner.args[0]!, inner.args[1]!, ...pair(sum, al, site)]);
    }
  }
  const most = unsignedRange(al, site.def).max + unsignedRange(bl, site.def).max;
  return most <= mask(32) ? [site.one('add', [al, bl]), high()] : null;
};

const sub64: Rule = (inst, site) => {
  const { al, ah, bl, bh, b, zero } = lanesOf(inst, site);
  if (al === bl && ah === bh) return [zero(), zero()];
  if (site.constantOf(bl) === 0n) return [al, site.one('sub', [ah, bh])];
  if (b !== undefined) return site.emit('add64', [al, ah, ...pair(-b & mask(64), al, site)]);
  if (unsignedRange(al, site.def).min >= unsignedRange(bl, site.def).max) {
    return [site.one('sub', [al, bl]), site.one('sub', [ah, bh])];
  }
  return null;
};

const mul64: Rule = (inst, site) => {
  const { al, ah, bl, bh, b, zeroHigh } = lanesOf(inst, site);
  if (site.constantOf(al) !== undefined && site.constantOf(ah) !== undefined && b === undefined) {
    return site.emit('mul64', [bl, bh, al, ah]);
  }
  if (b === 1n) return [al, ah];
  const power = b === undefined ? null : log2(b);
  if (power !== null) return shiftBy('shl', al, ah, power, site);
  if (b === mask(64)) {
    const zero = site.constant(0n, al);
    return site.emit('sub64', [zero, zero, al, ah]);
  }
  return zeroHigh.a && zeroHigh.b ? site.emit('umul64', [al, bl]) : null;
};

const umul64: Rule = (inst, site) => {
  const [a, b] = inst.args as [Value, Value];
  if (site.constantOf(a) !== undefined && site.constantOf(b) === undefined) return site.emit('umul64', [b, a]);
  const y = site.constantOf(b);
  const zero = (): Value => site.constant(0n, a);
  if (y === 0n) return [zero(), zero()];
  if (y === 1n) return [a, zero()];
  const power = y === undefined ? null : log2(y);
  if (power !== null) return shiftBy('shl', a, zero(), power, site);
  const most = unsignedRange(a, site.def).max * unsignedRange(b, site.def).max;
  return most <= mask(32) ? [site.one('mul', [a, b]), zero()] : null;
};

const udiv64: Rule = (inst, site) => {
  const { al, ah, bl, b, zeroHigh, zero } = lanesOf(inst, site);
  if (b === 0n) return [zero(), zero()];
  const power = b === undefined ? null : log2(b);
  if (power !== null) return shiftBy('lshr', al, ah, power, site);
  return zeroHigh.a && zeroHigh.b ? [site.one('udiv', [al, bl]), zero()] : null;
};

const umod64: Rule = (inst, site) => {
  const { al, ah, bl, b, zeroHigh, zero } = lanesOf(inst, site);
  if (b === 0n) return [al, ah];
  if (b !== undefined && log2(b) !== null) {
    const [ml, mh] = pair(b - 1n, al, site);
    return [site.one('and', [al, ml!]), site.one('and', [ah, mh!])];
  }
  return zeroHigh.a && zeroHigh.b ? [site.one('umod', [al, bl]), zero()] : null;
};

/** Is the constant a sign-extended 32-bit number that signed 32-bit division handles as 64-bit division does? */
const narrowDivisor = (b: bigint | undefined): b is bigint =>
  b !== undefined && BigInt.asUintN(64, BigInt.asIntN(32, b)) === b && b !== 0n && b !== mask(64);

const sdiv64: Rule = (inst, site) => {
  const { al, ah, bl, bh, b, zero } = lanesOf(inst, site);
  if (b === 0n) return [zero(), zero()];
  if (b === 1n) return [al, ah];
  if (b === mask(64)) return site.emit('sub64', [zero(), zero(), al, ah]);
  if (isPositive(ah, site) && isPositive(bh, site)) return site.emit('udiv64', inst.args);
  // INT32_MIN / -1 is the one quotient of 32-bit numbers that does not fit.
  if (isSignOf(al, ah, site) && narrowDivisor(b)) {
    const low = site.one('sdiv', [al, bl]);
    return [low, signLane(low, site)];
  }
  return null;
};

const smod64: Rule = (inst, site) => {
  const { al, ah, bl, bh, b, zero } = lanesOf(inst, site);
  if (b === 0n) return [al, ah];
  if (b === 1n || b === mask(64)) return [zero(), zero()];
  if (isPositive(ah, site) && isPositive(bh, site)) return site.emit('umod64', inst.args);
  if (isSignOf(al, ah, site) && (narrowDivisor(b) || isSignOf(bl, bh, site))) {
    const low = site.one('smod', [al, bl]);
    return [low, signLane(low, site)];
  }
  return null;
};

const shift64: Rule = (inst, site) => {
  const [lo, hi, amount] = inst.args as [Value, Value, Value];
  const op = NARROW[inst.op as 'shl64' | 'lshr64' | 'ashr64'];
  const n = site.constantOf(amount);
  if (n !== undefined) return shiftBy(op, lo, hi, Number(n & 63n), site);
  const both = site.constantOf(lo) === 0n && site.constantOf(hi) === 0n;
  return both ? [lo, hi] : null;
};

const RULES = {
  add64,
  sub64,
  mul64,
  umul64,
  udiv64,
  umod64,
  sdiv64,
  smod64,
  shl64: shift64,
  lshr64: shift64,
  ashr64: shift64,
} as const satisfies Record<LaneOp, Rule>;

/** A 64-bit shift by a constant 0..63 over lanes: (low, high). */
export function shiftBy(
  op: 'shl' | 'lshr' | 'ashr',
  lo: Value,
  hi: Value,
  n: number,
  site: Pick<Site, 'one' | 'constant'>,
): Value[] {
  if (n === 0) return [lo, hi];
  const by = (v: Value, kind: 'shl' | 'lshr' | 'ashr', k: number): Value =>
    k === 0 ? v : site.one(kind, [v, site.constant(BigInt(k), v)]);
  if (op === 'shl') {
    if (n >= 32) return [site.constant(0n, lo), by(lo, 'shl', n - 32)];
    return [by(lo, 'shl', n), site.one('or', [by(hi, 'shl', n), by(lo, 'lshr', 32 - n)])];
  }
  const top = op === 'ashr' ? by(hi, 'ashr', 31) : site.constant(0n, lo);
  if (n >= 32) return [by(hi, op, n - 32), top];
  return [site.one('or', [by(lo, 'lshr', n), by(hi, 'shl', 32 - n)]), by(hi, op, n)];
}
