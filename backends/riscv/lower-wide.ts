// SPDX-License-Identifier: MIT

import type { Operand } from '../../compiler/codegen/select.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import { ZERO } from './abi.js';
import { type Rule, unmasked } from './lower-alu.js';
import { intrinsic } from './lower-calls.js';
import { isImmediate } from './lower-constants.js';
import type { RiscvSelector as Selector } from './lower-select.js';

/** Operations on pairs of lanes: there is no carry flag, so each step is an instruction of its own. */

type Results = readonly [Value, Value];
type Lanes = readonly [Value, Value, Value, Value];

/** A 64-bit constant made of two lanes. */
function pairOf(s: Selector, low: Value, high: Value): bigint | undefined {
  const [l, h] = [s.constOf(low), s.constOf(high)];
  return l === undefined || h === undefined ? undefined : (BigInt(h) << 32n) | BigInt(l);
}

const isZero = (o: Operand): boolean => o.spec.role === 'imm';

/** rd = a + b, one of which may be x0. */
function sum(s: Selector, inst: Inst, rd: Operand, a: Operand, b: Operand): true {
  if (isZero(a)) return s.plain('addi', inst, rd, b, s.imm(0));
  return isZero(b) ? s.plain('addi', inst, rd, a, s.imm(0)) : s.plain('add', inst, rd, a, b);
}

/** a + b where one may be x0. */
function plus(s: Selector, inst: Inst, a: Operand, b: Operand): Operand {
  if (isZero(a)) return b;
  return isZero(b) ? a : s.value('add', inst, a, b);
}

/** a + v or, if v is a constant that fits, with it. */
function plusValue(s: Selector, inst: Inst, a: Operand, v: Value): Operand {
  const c = s.constOf(v);
  return c !== undefined && c !== 0 && isImmediate(c)
    ? s.value('addi', inst, a, s.imm(c | 0))
    : plus(s, inst, a, s.use(v));
}

/** The low lane is there, in a register: into that of the result. */
function addPair(s: Selector, inst: Inst, [al, ah, bl, bh]: Lanes): true {
  const [l, h] = inst.results as Results;
  const c = s.constOf(bl);
  if (c === 0) {
    // No carry.
    if (s.isNeeded(l)) s.put(inst, l, s.use(al));
    return sum(s, inst, s.def(h), s.use(ah), s.use(bh));
  }
  const small = c !== undefined && isImmediate(c);
  const high = plusValue(s, inst, s.use(ah), bh);
  // The low lane is needed for the carry, whether anything else reads it or not.
  const low = { spec: { role: 'use' as const }, reg: s.need(l) };
  if (small) s.plain('addi', inst, s.def(l), s.use(al), s.imm(c | 0));
  else s.plain('add', inst, s.def(l), s.use(al), s.use(bl));
  const carry = small ? s.value('sltiu', inst, low, s.imm(c | 0)) : s.value('sltu', inst, low, s.use(bl));
  return sum(s, inst, s.def(h), high, carry);
}

function subtractPair(s: Selector, inst: Inst, [al, ah, bl, bh]: Lanes): true {
  const [l, h] = inst.results as Results;
  const c = s.constOf(bl);
  const [xh, yh] = [s.use(ah), s.use(bh)];
  if (c === 0) {
    if (s.isNeeded(l)) s.put(inst, l, s.use(al));
    return s.plain('sub', inst, s.def(h), xh, yh);
  }
  const small = c !== undefined && isImmediate(c) && isImmediate(-c >>> 0);
  const borrow = small ? s.value('sltiu', inst, s.use(al), s.imm(c | 0)) : s.value('sltu', inst, s.use(al), s.use(bl));
  if (s.isNeeded(l)) {
    if (small) s.plain('addi', inst, s.def(l), s.use(al), s.imm(-c | 0));
    else s.plain('sub', inst, s.def(l), s.use(al), s.use(bl));
  }
  // 0 - y - borrow is -(y + borrow): a sum has a 16-bit encoding in either order.
  if (isZero(xh)) {
    const opposite = plus(s, inst, borrow, yh);
    // What is only tested for zero need not change its sign.
    return s.isOnlyTested(h) ? s.put(inst, h, opposite) : s.plain('sub', inst, s.def(h), s.imm(ZERO), opposite);
  }
  const k = s.constOf(bh);
  const less = isZero(yh)
    ? xh
    : k !== undefined && isImmediate(-k >>> 0)
      ? s.value('addi', inst, xh, s.imm(-k | 0))
      : s.value('sub', inst, xh, yh);
  return s.plain('sub', inst, s.def(h), less, borrow);
}

/** With only the low lane read, a 64-bit sum, difference or product is the 32-bit one. */
const lowOnly = (s: Selector, inst: Inst): boolean => !s.isNeeded(inst.results[1]!);

const negated = (low: number, high: number): bigint => BigInt.asUintN(64, -((BigInt(high) << 32n) | BigInt(low)));

export const ADD64: readonly Rule[] = [
  (s, inst) => {
    if (!lowOnly(s, inst)) return false;
    const [al, , bl] = inst.args as unknown as Lanes;
    const [x, y] = s.constOf(al) === undefined ? [al, bl] : [bl, al];
    const c = s.constOf(y);
    const rd = s.def(inst.results[0]!);
    return c !== undefined && isImmediate(c)
      ? s.plain('addi', inst, rd, s.use(x), s.imm(c | 0))
      : s.plain('add', inst, rd, s.use(x), s.use(y));
  },
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as unknown as Lanes;
    const left = s.constOf(al) !== undefined && s.constOf(bl) === undefined;
    const lanes: Lanes = left ? [bl, bh, al, ah] : [al, ah, bl, bh];
    const c = pairOf(s, lanes[2], lanes[3]);
    // Adding a small negative number takes one step more than subtracting its opposite.
    if (c !== undefined && c >> 32n === 0xffffffffn) {
      const low = Number(c & 0xffffffffn);
      const n = negated(low, 0xffffffff);
      if (low !== 0 && n <= 2047n) return subtractSmall(s, inst, lanes[0], lanes[1], Number(n));
    }
    return addPair(s, inst, lanes);
  },
];

/** Subtracts 1..2047. */
function subtractSmall(s: Selector, inst: Inst, al: Value, ah: Value, n: number): true {
  const [l, h] = inst.results as Results;
  const borrow = s.value('sltiu', inst, s.use(al), s.imm(n));
  if (s.isNeeded(l)) s.plain('addi', inst, s.def(l), s.use(al), s.imm(-n));
  return s.plain('sub', inst, s.def(h), s.use(ah), borrow);
}

export const SUB64: readonly Rule[] = [
  (s, inst) => {
    if (!lowOnly(s, inst)) return false;
    const [al, , bl] = inst.args as unknown as Lanes;
    const c = s.constOf(bl);
    const rd = s.def(inst.results[0]!);
    return c !== undefined && isImmediate(-c >>> 0)
      ? s.plain('addi', inst, rd, s.use(al), s.imm(-c | 0))
      : s.plain('sub', inst, rd, s.use(al), s.use(bl));
  },
  (s, inst) => subtractPair(s, inst, inst.args as unknown as Lanes),
];

const product = (s: Selector, inst: Inst, name: string, v: Value, a: Value, b: Value): void => {
  if (s.isNeeded(v)) s.plain(name, inst, s.def(v), s.use(a), s.use(b));
};

export const UMUL64: readonly Rule[] = [
  (s, inst) => {
    if (s.features.mul !== true) return false;
    const [a, b] = inst.args as [Value, Value];
    // The high half first: processors that can do both at once want it so.
    product(s, inst, 'mulhu', inst.results[1]!, a, b);
    product(s, inst, 'mul', inst.results[0]!, a, b);
    return true;
  },
  intrinsic('umul64'),
];

export const MUL64: readonly Rule[] = [
  // al * bl, and the cross products of high lanes that are not zero.
  (s, inst) => {
    if (s.features.mul !== true) return false;
    const [al, ah, bl, bh] = inst.args as unknown as Lanes;
    const [l, h] = inst.results as Results;
    if (s.isNeeded(h)) {
      const cross = [
        [al, bh],
        [ah, bl],
      ].filter((p) => p.every((v) => s.constOf(v) !== 0)) as [Value, Value][];
      const [first, ...rest] = cross.map(([x, y]) => s.value('mul', inst, s.use(x), s.use(y)));
      if (!first) s.plain('mulhu', inst, s.def(h), s.use(al), s.use(bl));
      else {
        const others = rest.reduce((x, y) => s.value('add', inst, x, y), first);
        s.plain('add', inst, s.def(h), s.value('mulhu', inst, s.use(al), s.use(bl)), others);
      }
    }
    product(s, inst, 'mul', l, al, bl);
    return true;
  },
  intrinsic('mul64'),
];

/** Bytes of a call of an intrinsic with its moves, and what being no leaf costs a function: frame and return address. */
const CALL_BYTES = 12;
const FRAME_BYTES = 12;

/** Is the amount known to be below 32? */
function isSmall(s: Selector, amount: Value): boolean {
  const and = s.definition(amount, 'and');
  const c = and?.args.map((a) => s.constOf(a)).find((k) => k !== undefined);
  return c !== undefined && c <= 31;
}

/**
 * Shifts by a variable amount n in 0..63: the near lane gives bits to the far one, and what it loses is filled up. Register
 * shifts look at 5 bits of their amount, so the bits that cross over are shifted by one and then by 31 - n; where n >= 32,
 * the far lane is what the near one would have been. In line if that is not longer than calling the intrinsic.
 */
const shift64 =
  (direction: 'left' | 'right', signed = false): Rule =>
  (s, inst) => {
    const left = direction === 'left';
    const [near, far] = left ? [inst.args[0]!, inst.args[1]!] : [inst.args[1]!, inst.args[0]!];
    const [dNear, dFar] = left ? [inst.results[0]!, inst.results[1]!] : [inst.results[1]!, inst.results[0]!];
    const amount = inst.args[2]!;
    const [out, back, one] = left ? ['sll', 'srl', 'srli'] : [signed ? 'sra' : 'srl', 'sll', 'slli'];
    const small = isSmall(s, amount);
    const [needNear, needFar] = [s.isNeeded(dNear), s.isNeeded(dFar)];
    // A constant that leaves nothing behind when its first bit goes crosses over with none.
    const known = s.constOf(near);
    const nothing = known !== undefined && (left ? known >>> 1 : (known << 1) >>> 0) === 0;
    const empty = s.constOf(far) === 0;
    const crossing = needFar ? (nothing ? 4 : empty ? 12 : 18) : 0;
    const bytes = crossing + (needNear || !small ? 4 : 0) + (small ? 0 : 6 + (needFar ? 2 : 0) + (needNear ? 2 : 0));
    if (bytes > CALL_BYTES + (s.leaf ? FRAME_BYTES : 0)) return false;

    const by = s.use(unmasked(s, amount, 6));
    const moved = needNear || !small ? s.value(out, inst, s.use(near), by) : null;
    const outward = left ? 'sll' : 'srl';
    const crossed = (): Operand => {
      const own = empty ? null : s.value(outward, inst, s.use(far), by);
      if (nothing) return own ?? s.imm(ZERO);
      const half = s.value(one, inst, s.use(near), s.imm(1));
      const over = s.value(back, inst, half, s.value('xori', inst, by, s.imm(-1)));
      return own ? s.value('or', inst, over, own) : over;
    };
    const other = needFar ? crossed() : null;
    if (small) {
      if (needNear) s.put(inst, dNear, moved!);
      if (other) s.put(inst, dFar, other);
      return true;
    }
    const large = s.value('andi', inst, by, s.imm(32));
    const held = other && (isZero(other) ? s.zero(inst) : other);
    const defs = [...(held ? [s.defTied(dFar, 0)] : []), ...(needNear ? [s.defTied(dNear, 0)] : [])];
    const first = defs.length;
    const tied = defs.map((d, i) => ({ ...d, spec: { role: 'def' as const, tied: first + i } }));
    const operands = [...tied, ...(held ? [held] : []), moved!, large];
    s.emit(`shift64.${direction}`, inst.origin, operands, (ops, asm) => {
      const [far, near, test] = [ops[0]!, ops.at(-2)!, ops.at(-1)!];
      const skip = asm.newLabel();
      asm.ref('beq', skip, test, ZERO);
      if (held) asm.inst('addi', far, near, 0);
      if (needNear && signed) asm.inst('srai', near, near, 31);
      else if (needNear) asm.inst('addi', near, ZERO, 0);
      asm.bind(skip);
    });
    return true;
  };

/** The routine masks the amount itself. */
const called =
  (name: 'shl64' | 'lshr64' | 'ashr64'): Rule =>
  (s, inst) => {
    const [low, high, amount] = inst.args as [Value, Value, Value];
    return intrinsic(name)(s, { ...inst, args: [low, high, unmasked(s, amount, 6)] });
  };

export const SHL64: readonly Rule[] = [shift64('left'), called('shl64')];
export const LSHR64: readonly Rule[] = [shift64('right'), called('lshr64')];
export const ASHR64: readonly Rule[] = [shift64('right', true), called('ashr64')];
