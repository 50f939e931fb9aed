// SPDX-License-Identifier: MIT

import type { Rule } from '../../compiler/codegen/lower.js';
import type { Asm } from '../../compiler/codegen/machine.js';
import type { Selector } from '../../compiler/codegen/select.js';
import type { Inst, Op, Value } from '../../compiler/ir/ir.js';
import { SCRATCH } from './abi.js';
import type { Branch } from './isa-names.js';
import { ADD, MUL, SUB } from './lower-alu.js';
import { withoutMask } from './lower-bits.js';
import { intrinsic } from './lower-calls.js';
import { addTo, isAddi, isUnsignedBranch } from './lower-constants.js';

/** Operations on pairs of lanes. There is no carry flag: a carry shows as a sum below what was added. */

/** A 64-bit constant made of two lanes. */
function pairOf(s: Selector, low: Value, high: Value): bigint | undefined {
  const [l, h] = [s.constOf(low), s.constOf(high)];
  return l === undefined || h === undefined ? undefined : (BigInt(h) << 32n) | BigInt(l);
}

const lanes = (inst: Inst): { l: Value; h: Value } => ({ l: inst.results[0]!, h: inst.results[1]! });

/** One lane's part of an operation, selected as that operation alone. */
function part(s: Selector, inst: Inst, rules: readonly Rule[], op: Op, args: Value[], to: Value): true {
  const one: Inst = { op, args, results: [to], origin: inst.origin };
  if (!rules.some((rule) => rule(s, one))) throw new Error(`no way to select ${op}`);
  return true;
}

/** With only the low lane read, a 64-bit sum, difference or product is the 32-bit one. */
const lowOnly =
  (rules: readonly Rule[], op: Op): Rule =>
  (s, inst) =>
    !s.isNeeded(inst.results[1]!) && part(s, inst, rules, op, [inst.args[0]!, inst.args[2]!], inst.results[0]!);

/** Does `step` unless a branch is taken. */
function unless(branch: Branch, operands: readonly number[], asm: Asm, step: () => void): void {
  const end = asm.newLabel();
  asm.ref(branch, end, ...operands);
  step();
  asm.bind(end);
}

/** Does `step` if a < b, unsigned. */
const ifBelow = (a: number, b: number, asm: Asm, step: () => void): void => unless('bgeu', [a, b], asm, step);

/**
 * (al, ah) + c for small c above or below zero: the high lane stays where it is, but for a carry or borrow. If both lanes are one
 * value, they share that place, so the low one is read before the high one changes.
 */
function addSmall(s: Selector, inst: Inst, al: Value, ah: Value, c: number): true {
  const { l, h } = lanes(inst);
  const operands = [s.def(l), s.defTied(h, 3), s.use(al), s.use(ah), s.imm(c)];
  s.emit('add64.i', inst.origin, operands, ([dl, dh, a, , k], asm) => {
    const size = Math.abs(k!);
    const direct = size === 1 || isUnsignedBranch(size);
    const carry = (): void => asm.inst('addi', dh!, dh!, k! > 0 ? 1 : -1);
    /** The carry if r < size. */
    const carryIf = (r: number): void =>
      size === 1 ? unless('bnez', [r], asm, carry) : unless('bgeui', [r, size], asm, carry);
    if (k! < 0 && a !== dh && direct) {
      carryIf(a!);
      addTo(dl!, a!, k!, SCRATCH, asm);
    } else if (k! > 0 && direct) {
      addTo(dl!, a!, k!, SCRATCH, asm);
      carryIf(dl!);
    } else {
      const sum = dl === a ? SCRATCH : dl!;
      addTo(sum, a!, k!, SCRATCH, asm);
      if (k! > 0) ifBelow(sum, a!, asm, carry);
      else ifBelow(a!, sum, asm, carry);
      if (sum !== dl) asm.inst('mov', dl!, sum);
    }
  });
  return true;
}

/** (al, ah) + c by some way that a constant allows. */
function addConstant(s: Selector, inst: Inst, al: Value, ah: Value, c: bigint): boolean {
  const low = Number(BigInt.asIntN(32, c));
  if (low !== 0) return BigInt.asIntN(64, c) === BigInt(low) && isAddi(low) && addSmall(s, inst, al, ah, low);
  const { l, h } = lanes(inst);
  const high = Number(BigInt.asUintN(32, c >> 32n)) | 0;
  if (!isAddi(high)) return false;
  s.emit('add64.hi', inst.origin, [s.defTied(l, 1), s.use(al), s.def(h), s.use(ah), s.imm(high)], (ops, asm) =>
    addTo(ops[2]!, ops[3]!, ops[4]!, SCRATCH, asm),
  );
  return true;
}

/** (al, ah) + (bl, 0). */
function addLow(s: Selector, inst: Inst, al: Value, ah: Value, bl: Value): true {
  const { l, h } = lanes(inst);
  const rl = al.id === bl.id ? s.defEarly(l) : s.def(l);
  const operands = [rl, s.defTied(h, 3), s.use(al), s.use(ah), s.use(bl)];
  s.emit('add64.lo', inst.origin, operands, ([dl, dh, a, , b], asm) => {
    asm.inst('add', dl!, a!, b!);
    ifBelow(dl!, dl === a ? b! : a!, asm, () => asm.inst('addi', dh!, dh!, 1));
  });
  return true;
}

/** Twice (l, h): the carry is the top bit. */
function double(s: Selector, inst: Inst, low: Value, ah: Value, bh: Value): true {
  const { l, h } = lanes(inst);
  const operands = [s.defEarly(l), s.def(h), s.use(low), s.use(ah), s.use(bh)];
  s.emit('add64.2', inst.origin, operands, ([dl, dh, a, x, y], asm) => {
    asm.inst('extui', SCRATCH, a!, 31, 1);
    asm.inst('add', dl!, a!, a!);
    if (x === y) asm.inst('addx2', dh!, x!, SCRATCH);
    else {
      asm.inst('add', dh!, x!, y!);
      asm.inst('add', dh!, dh!, SCRATCH);
    }
  });
  return true;
}

/**
 * Sums of both lanes and the carry, which shows by comparing the low sum with a low argument that is still there. Which lane
 * comes first depends on what registers the results got; if neither can, the low sum waits in the scratch register.
 */
function addPairs(s: Selector, inst: Inst, al: Value, ah: Value, bl: Value, bh: Value): true {
  const { l, h } = lanes(inst);
  const operands = [s.def(l), s.def(h), s.use(al), s.use(ah), s.use(bl), s.use(bh)];
  s.emit('add64', inst.origin, operands, ([dl, dh, a, x, b, y], asm) => {
    const left = [a!, b!].find((r) => r !== dl && r !== dh);
    const highFirst = dl === x || dl === y || left === undefined;
    const sum = highFirst && (dh === a || dh === b) ? SCRATCH : dl!;
    const low = (): void => asm.inst('add', sum, a!, b!);
    const high = (): void => asm.inst('add', dh!, x!, y!);
    if (highFirst && sum !== SCRATCH) {
      high();
      low();
    } else {
      low();
      high();
    }
    const other = [a!, b!].find((r) => r !== sum && r !== dh)!;
    ifBelow(sum, other, asm, () => asm.inst('addi', dh!, dh!, 1));
    if (sum !== dl) asm.inst('mov', dl!, sum);
  });
  return true;
}

export const ADD64: readonly Rule[] = [
  lowOnly(ADD, 'add'),
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    const [left, right] = [pairOf(s, al, ah), pairOf(s, bl, bh)];
    if (right !== undefined) return addConstant(s, inst, al, ah, right);
    return left !== undefined && addConstant(s, inst, bl, bh, left);
  },
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    if (s.constOf(bh) === 0) return addLow(s, inst, al, ah, bl);
    if (s.constOf(ah) === 0) return addLow(s, inst, bl, bh, al);
    return al.id === bl.id ? double(s, inst, al, ah, bh) : addPairs(s, inst, al, ah, bl, bh);
  },
];

export const SUB64: readonly Rule[] = [
  lowOnly(SUB, 'sub'),
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    const c = pairOf(s, bl, bh);
    return c !== undefined && addConstant(s, inst, al, ah, -c);
  },
  // 0 - b: the borrow is whether the low lane is not zero.
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    if (pairOf(s, al, ah) !== 0n) return false;
    const { l, h } = lanes(inst);
    s.emit('neg64', inst.origin, [s.def(l), s.def(h), s.use(bl), s.use(bh)], ([dl, dh, b, y], asm) => {
      const high = dh === b ? SCRATCH : dh!;
      asm.inst('neg', high, y!);
      unless('beqz', [b!], asm, () => asm.inst('addi', high, high, -1));
      asm.inst('neg', dl!, b!);
      if (high !== dh) asm.inst('mov', dh!, high);
    });
    return true;
  },
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    if (s.constOf(bh) !== 0) return false;
    const { l, h } = lanes(inst);
    const operands = [s.def(l), s.defTied(h, 3), s.use(al), s.use(ah), s.use(bl)];
    s.emit('sub64.lo', inst.origin, operands, ([dl, dh, a, , b], asm) => {
      const shared = dh === a || dh === b;
      if (shared) asm.inst('sub', SCRATCH, a!, b!);
      ifBelow(a!, b!, asm, () => asm.inst('addi', dh!, dh!, -1));
      if (shared) asm.inst('mov', dl!, SCRATCH);
      else asm.inst('sub', dl!, a!, b!);
    });
    return true;
  },
  (s, inst) => {
    const { l, h } = lanes(inst);
    const operands = [s.def(l), s.def(h), ...inst.args.map((v) => s.use(v))];
    s.emit('sub64', inst.origin, operands, ([dl, dh, a, x, b, y], asm) => {
      const high = dh === a || dh === b ? SCRATCH : dh!;
      asm.inst('sub', high, x!, y!);
      ifBelow(a!, b!, asm, () => asm.inst('addi', high, high, -1));
      asm.inst('sub', dl!, a!, b!);
      if (high !== dh) asm.inst('mov', dh!, high);
    });
    return true;
  },
];

/** (dl, dh) = a * b in full by `high` (muluh, mulsh) and mull. */
function product(high: string, dl: number, dh: number, a: number, b: number, asm: Asm): void {
  const lowLast = dl === a || dl === b;
  const clash = lowLast && (dh === a || dh === b);
  if (lowLast && !clash) asm.inst(high, dh, a, b);
  asm.inst('mull', clash ? SCRATCH : dl, a, b);
  if (!lowLast || clash) asm.inst(high, dh, a, b);
  if (clash) asm.inst('mov', dl, SCRATCH);
}

const hasProduct = (s: Selector): boolean => s.features.mul32 === true && s.features.mul32high === true;

const fullProduct =
  (high: 'muluh' | 'mulsh') =>
  (s: Selector, inst: Inst, a: Value, b: Value): true => {
    const { l, h } = lanes(inst);
    s.emit(high, inst.origin, [s.def(l), s.def(h), s.use(a), s.use(b)], ([dl, dh, x, y], asm) =>
      product(high, dl!, dh!, x!, y!, asm),
    );
    return true;
  };

export const UMUL64: readonly Rule[] = [
  (s, inst) => !s.isNeeded(inst.results[1]!) && part(s, inst, MUL, 'mul', [...inst.args], inst.results[0]!),
  (s, inst) => hasProduct(s) && fullProduct('muluh')(s, inst, inst.args[0]!, inst.args[1]!),
  intrinsic('umul64'),
];

/** Is `high` the sign of `low` in every bit? */
function isSignOf(s: Selector, high: Value, low: Value): boolean {
  const shift = s.definition(high, 'ashr');
  return shift !== undefined && shift.args[0]!.id === low.id && s.constOf(shift.args[1]!) === 31;
}

export const MUL64: readonly Rule[] = [
  lowOnly(MUL, 'mul'),
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    if (!hasProduct(s) || !isSignOf(s, ah, al) || !isSignOf(s, bh, bl)) return false;
    return fullProduct('mulsh')(s, inst, al, bl);
  },
  // al * bl, and the cross products of high lanes that are not zero.
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    const cross = [
      [al, bh],
      [ah, bl],
    ].filter((p) => p.every((v) => s.constOf(v) !== 0)) as [Value, Value][];
    if (cross.length === 0) {
      if (hasProduct(s)) return fullProduct('muluh')(s, inst, al, bl);
      return intrinsic('umul64')(s, { ...inst, args: [al, bl] });
    }
    if (!hasProduct(s)) return false;
    const { l, h } = lanes(inst);
    const uses = [al, bl, ...cross.flat()].map((v) => s.use(v));
    s.emit('mul64', inst.origin, [s.defEarly(l), s.defEarly(h), ...uses], ([dl, dh, a, b, ...more], asm) => {
      product('muluh', dl!, dh!, a!, b!, asm);
      for (let i = 0; i < more.length; i += 2) {
        asm.inst('mull', SCRATCH, more[i]!, more[i + 1]!);
        asm.inst('add', dh!, dh!, SCRATCH);
      }
    });
    return true;
  },
  intrinsic('mul64'),
];

/** Is a shift amount shown to be below 32? */
function isShort(s: Selector, amount: Value): boolean {
  const and = s.definition(amount, 'and');
  return and?.args.some((v) => (s.constOf(v) ?? 0xff) <= 31) ?? false;
}

/**
 * Shifts by a variable amount n in 0..63: both lanes by n & 31, and if bit 5 of n is set one lane moves into the other. "Near"
 * is the lane that bits leave towards the other one, "far". SAR holds 0..32, and src takes all of it.
 */
const shift64 =
  (op: 'shl64' | 'lshr64' | 'ashr64'): Rule =>
  (s, inst) => {
    const [low, high, amount] = inst.args as [Value, Value, Value];
    const left = op === 'shl64';
    const { l, h } = lanes(inst);
    const short = isShort(s, amount);
    const [near, far, dNear, dFar] = left ? [low, high, l, h] : [high, low, h, l];
    const set = left ? 'ssl' : 'ssr';
    const shift = left ? 'sll' : op === 'lshr64' ? 'srl' : 'sra';
    const [needNear, needFar] = [s.isNeeded(dNear), s.isNeeded(dFar)];
    const by = s.use(withoutMask(s, amount, short ? 31 : 63));
    const zero = (rd: number, asm: Asm): void =>
      op === 'ashr64' ? asm.inst('srai', rd, rd, 31) : asm.inst('movi', rd, 0);
    if (!needFar) {
      s.emit(`${op}.near`, inst.origin, [short ? s.def(dNear) : s.defEarly(dNear), s.use(near), by], (ops, asm) => {
        const [dn, n, amt] = ops as [number, number, number];
        asm.inst(set, amt);
        asm.inst(shift, dn, n);
        if (!short) unless('bbci', [amt, 5], asm, () => zero(dn, asm));
      });
      return true;
    }
    const operands = [short ? s.def(dNear) : s.defEarly(dNear), s.defEarly(dFar), s.use(near), s.use(far), by];
    s.emit(op, inst.origin, operands, ([dn, df, n, f, amt], asm) => {
      asm.inst(set, amt!);
      if (left) asm.inst('src', df!, f!, n!);
      else asm.inst('src', df!, n!, f!);
      if (needNear || !short) asm.inst(shift, dn!, n!);
      if (short) return;
      unless('bbci', [amt!, 5], asm, () => {
        asm.inst('mov', df!, dn!);
        if (needNear) zero(dn!, asm);
      });
    });
    return true;
  };

export const SHL64: readonly Rule[] = [shift64('shl64')];
export const LSHR64: readonly Rule[] = [shift64('lshr64')];
export const ASHR64: readonly Rule[] = [shift64('ashr64')];
