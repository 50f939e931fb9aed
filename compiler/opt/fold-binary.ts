// SPDX-License-Identifier: MIT
import { type BinaryOp, foldBinary, foldBswap, foldSext, isBinary, mask } from '../ir/arith.js';
import type { Inst, Value } from '../ir/ir.js';
import type { Rule, Site } from './fold-rule.js';
import { knownBits, unsignedRange, widthOf } from './known.js';

/** log2 of a power of two, or null. */
export function log2(n: bigint): number | null {
  if (n <= 0n || (n & (n - 1n)) !== 0n) return null;
  return n.toString(2).length - 1;
}

/** Identities of two-operand operations of either width. Constants are on the right of commutative ones already. */
export const binaryRule: Rule = (inst, site) => {
  const { op } = inst;
  if (!isBinary(op)) return null;
  const [a, b] = inst.args as [Value, Value];
  const bits = widthOf(a);
  const x = site.constantOf(a);
  const y = site.constantOf(b);
  if (x !== undefined && y !== undefined) return [site.constant(foldBinary(op, x, y, bits), a)];
  if (a === b) {
    const same = sameOperands(op, a, site);
    if (same) return [same];
  }
  const found =
    (y !== undefined ? byConstant(op, a, y, site) : null) ??
    (x !== undefined ? ofConstant(op, x, a, site) : null) ??
    cancel(op, a, b, site);
  return found ? [found] : null;
};

function sameOperands(op: BinaryOp, a: Value, site: Site): Value | null {
  switch (op) {
    case 'sub':
    case 'xor':
    case 'umod':
    case 'smod':
      // x % x is 0, and 0 % 0 is 0.
      return site.constant(0n, a);
    case 'and':
    case 'or':
      return a;
    default:
      return null;
  }
}

/** op(a, constant). Shift amounts are taken below the width. */
function byConstant(op: BinaryOp, a: Value, y: bigint, site: Site): Value | null {
  const bits = widthOf(a);
  const all = mask(bits);
  const con = (n: bigint): Value => site.constant(n, a);
  const power = log2(y);
  switch (op) {
    case 'add':
      return y === 0n ? a : reassociate(op, a, y, site);
    case 'sub':
      return y === 0n ? a : site.one('add', [a, con(-y & all)]);
    case 'mul':
      if (y === 0n) return con(0n);
      if (y === 1n) return a;
      if (y === all) return site.one('sub', [con(0n), a]);
      return power !== null ? site.one('shl', [a, con(BigInt(power))]) : reassociate(op, a, y, site);
    case 'udiv':
      if (y === 0n) return con(0n);
      if (power !== null) return power === 0 ? a : site.one('lshr', [a, con(BigInt(power))]);
      return unsignedRange(a, site.def).max < y ? con(0n) : null;
    case 'umod':
      if (y === 0n) return a;
      if (power !== null) return site.one('and', [a, con(y - 1n)]);
      return unsignedRange(a, site.def).max < y ? a : null;
    case 'sdiv':
      if (y === 0n) return con(0n);
      if (y === 1n) return a;
      if (y === all) return site.one('sub', [con(0n), a]);
      return notNegative(a, y, site) ? site.one('udiv', [a, con(y)]) : null;
    case 'smod':
      if (y === 0n) return a;
      if (y === 1n || y === all) return con(0n);
      return notNegative(a, y, site) ? site.one('umod', [a, con(y)]) : null;
    case 'and': {
      if (y === 0n) return con(0n);
      if ((all & ~y & ~knownBits(a, site.def).zero) === 0n) return a;
      return reassociate(op, a, y, site);
    }
    case 'or':
      if (y === 0n) return a;
      if (y === all) return con(all);
      return reassociate(op, a, y, site);
    case 'xor':
      return y === 0n ? a : reassociate(op, a, y, site);
    case 'shl':
    case 'lshr':
    case 'ashr':
      return shift(op, a, y & BigInt(bits - 1), y, site);
  }
}

const notNegative = (a: Value, y: bigint, site: Site): boolean => {
  const sign = 1n << BigInt(widthOf(a) - 1);
  return (y & sign) === 0n && (knownBits(a, site.def).zero & sign) !== 0n;
};

/** (x op c) op y -> x op (c op y) for the operations that allow it. */
function reassociate(op: 'add' | 'mul' | 'and' | 'or' | 'xor', a: Value, y: bigint, site: Site): Value | null {
  const inner = site.def(a);
  if (inner?.op !== op) return null;
  const c = site.constantOf(inner.args[1]!);
  if (c === undefined) return null;
  return site.one(op, [inner.args[0]!, site.constant(foldBinary(op, c, y, widthOf(a)), a)]);
}

function shift(op: 'shl' | 'lshr' | 'ashr', a: Value, n: bigint, raw: bigint, site: Site): Value | null {
  const bits = widthOf(a);
  const con = (k: bigint): Value => site.constant(k, a);
  if (n === 0n) return a;
  if (n !== raw) return site.one(op, [a, con(n)]);
  const inner = site.def(a);
  const k = inner && isBinary(inner.op) ? site.constantOf(inner.args[1]!) : undefined;
  if (inner && k !== undefined && k > 0n && k < BigInt(bits)) {
    const from = inner.args[0]!;
    if (inner.op === op) {
      const sum = n + k;
      if (sum < BigInt(bits)) return site.one(op, [from, con(sum)]);
      return op === 'ashr' ? site.one(op, [from, con(BigInt(bits - 1))]) : con(0n);
    }
    if (inner.op === 'shl' && n === k) {
      const kept = bits - Number(n);
      if (op === 'lshr') return site.one('and', [from, con(mask(kept))]);
      if (op === 'ashr' && (kept === 8 || kept === 16 || (kept === 32 && bits === 64))) {
        return site.one('sext', [from], { bits: kept });
      }
    }
    if (inner.op === 'lshr' && op === 'shl' && n === k) {
      return site.one('and', [from, con((mask(bits) >> n) << n)]);
    }
  }
  const sign = 1n << BigInt(bits - 1);
  if (op === 'ashr' && (knownBits(a, site.def).zero & sign) !== 0n) return site.one('lshr', [a, con(n)]);
  return null;
}

/** op(constant, b). */
function ofConstant(op: BinaryOp, x: bigint, like: Value, site: Site): Value | null {
  const all = mask(widthOf(like));
  switch (op) {
    case 'shl':
    case 'lshr':
    case 'udiv':
    case 'sdiv':
    case 'umod':
    case 'smod':
      return x === 0n ? site.constant(0n, like) : null;
    case 'ashr':
      return x === 0n || x === all ? site.constant(x, like) : null;
    default:
      return null;
  }
}

/** Sums and differences of which a part cancels; a guard's offset from a base is one. */
function cancel(op: BinaryOp, a: Value, b: Value, site: Site): Value | null {
  const left = site.def(a);
  const right = site.def(b);
  if (op === 'sub') {
    const sum = summands(a, left);
    if (sum) {
      const [p, q] = sum;
      if (p === b) return q;
      if (q === b) return p;
      // (p + c) - b -> (p - b) + c, so that p - b can cancel and constants gather.
      if (site.constantOf(q) !== undefined && site.constantOf(b) === undefined) {
        return site.one('add', [site.one('sub', [p, b]), q]);
      }
    }
    if (right?.op === 'add') {
      const [p, q] = right.args as [Value, Value];
      if (p === a || q === a) return site.one('sub', [site.constant(0n, a), p === a ? q : p]);
    }
  }
  if (op === 'add') {
    if (left?.op === 'sub' && left.args[1] === b) return left.args[0]!;
    if (right?.op === 'sub' && right.args[1] === a) return right.args[0]!;
    // (p + c) + b -> (p + b) + c: constants end up outermost, where addresses take them as offsets.
    if (left?.op === 'add' && site.constantOf(left.args[1]!) !== undefined && site.constantOf(b) === undefined) {
      return site.one('add', [site.one('add', [left.args[0]!, b]), left.args[1]!]);
    }
    if (right?.op === 'add' && site.constantOf(right.args[1]!) !== undefined) {
      return site.one('add', [site.one('add', [a, right.args[0]!]), right.args[1]!]);
    }
  }
  return null;
}

/** What a sum, or the low lane of one over lanes, is made of. */
function summands(v: Value, inst: Inst | undefined): readonly [Value, Value] | null {
  if (inst?.op === 'add') return [inst.args[0]!, inst.args[1]!];
  return inst?.op === 'add64' && inst.results[0] === v ? [inst.args[0]!, inst.args[2]!] : null;
}

/** Extensions, byte swaps, selects and the changes of width. */
export const unaryRule: Rule = (inst, site) => {
  const a = inst.args[0];
  if (!a) return null;
  const x = site.constantOf(a);
  const inner = site.def(a);
  switch (inst.op) {
    case 'sext': {
      const bits = widthOf(a);
      if (x !== undefined) return [site.constant(foldSext(x, inst.bits!, bits), a)];
      // Already in range: all bits from the sign bit up are zero.
      const above = mask(bits) & ~mask(inst.bits! - 1);
      if ((above & ~knownBits(a, site.def).zero) === 0n) return [a];
      if (inner?.op === 'sext') {
        if (inner.bits! <= inst.bits!) return [a];
        return site.emit('sext', [inner.args[0]!], { bits: inst.bits });
      }
      if (inner?.op === 'load' && inner.signed && inner.size! * 8 <= inst.bits!) return [a];
      if (inner?.op === 'and') {
        const m = site.constantOf(inner.args[1]!);
        const low = mask(inst.bits!);
        if (m !== undefined && (m & low) === low) return site.emit('sext', [inner.args[0]!], { bits: inst.bits });
      }
      return null;
    }
    case 'bswap':
      if (x !== undefined) return [site.constant(foldBswap(x, inst.bits!), a)];
      if (inner?.op === 'bswap' && inner.bits === inst.bits && inst.bits === widthOf(a)) return [inner.args[0]!];
      return null;
    case 'zext':
      return x !== undefined ? [site.constant(x, inst.results[0]!)] : null;
    case 'trunc':
      if (x !== undefined) return [site.constant(x, inst.results[0]!)];
      return inner?.op === 'zext' ? [inner.args[0]!] : null;
    case 'select':
      return select(inst, site);
    default:
      return null;
  }
};

function select(inst: Inst, site: Site): Value[] | null {
  const [c, a, b] = inst.args as [Value, Value, Value];
  const known = knownBits(c, site.def);
  if (known.one !== 0n) return [a];
  if (known.zero === mask(widthOf(c))) return [b];
  if (a === b) return [a];
  const test = site.def(c);
  const bool = test?.op === 'icmp' || test?.op === 'icmp64';
  if (bool && a.ty === 'i32' && site.constantOf(a) === 1n && site.constantOf(b) === 0n) return [c];
  return null;
}
