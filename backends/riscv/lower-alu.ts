// SPDX-License-Identifier: MIT

import type { Operand } from '../../compiler/codegen/select.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import { ZERO } from './abi.js';
import { compareNonZero, jumpIf, nameOf, not } from './lower-compare.js';
import { constantBytes, invert, isImmediate, loadConstant, lowMask, negate, powerOfTwo } from './lower-constants.js';
import type { RiscvSelector as Selector } from './lower-select.js';

/** One way to select an operation: emits and returns true, or leaves everything alone and returns false. */
export type Rule = (s: Selector, inst: Inst) => boolean;

const result = (inst: Inst): Value => inst.results[0]!;

/** The arguments with a constant, if there is one, on the right. */
function constantRight(s: Selector, inst: Inst): { x: Value; c: number } | null {
  const [a, b] = inst.args as [Value, Value];
  const right = s.constOf(b);
  if (right !== undefined) return { x: a, c: right };
  const left = s.constOf(a);
  return left === undefined ? null : { x: b, c: left };
}

/** Amount of a shift by a constant, 0..31. */
function shiftAmount(s: Selector, inst: Inst): number | undefined {
  const c = s.constOf(inst.args[1]!);
  return c === undefined ? undefined : c & 31;
}

export const constant: Rule = (s, inst) => s.load(inst, result(inst), s.constOf(result(inst))!);

const register =
  (name: string): Rule =>
  (s, inst) =>
    s.plain(name, inst, s.def(result(inst)), s.use(inst.args[0]!), s.use(inst.args[1]!));

/** `name` with a constant that the instruction takes. */
const immediate =
  (name: string): Rule =>
  (s, inst) => {
    const k = constantRight(s, inst);
    if (!k || !isImmediate(k.c)) return false;
    return s.plain(name, inst, s.def(result(inst)), s.use(k.x), s.imm(k.c | 0));
  };

/** x op c is x itself. */
const neutral =
  (c: number): Rule =>
  (s, inst) => {
    const k = constantRight(s, inst);
    return k?.c === c && s.put(inst, result(inst), s.use(k.x));
  };

export const ADD: readonly Rule[] = [neutral(0), immediate('addi'), register('add')];

export const SUB: readonly Rule[] = [
  (s, inst) => {
    const c = s.constOf(inst.args[1]!);
    if (c === undefined || !isImmediate(negate(c))) return false;
    if (c === 0) return s.put(inst, result(inst), s.use(inst.args[0]!));
    return s.plain('addi', inst, s.def(result(inst)), s.use(inst.args[0]!), s.imm(-c | 0));
  },
  register('sub'),
];

/** By 2^k, 2^k + 1 or 2^k - 1 with shifts. */
const scaled: Rule = (s, inst) => {
  const c = constantRight(s, inst);
  if (!c) return false;
  const rd = s.def(result(inst));
  const [exact, above, below] = [powerOfTwo(c.c), powerOfTwo(c.c - 1), powerOfTwo((c.c + 1) >>> 0)];
  if (exact > 0) return s.plain('slli', inst, rd, s.use(c.x), s.imm(exact));
  if (c.c > 2 && above > 0)
    return s.plain('add', inst, rd, s.value('slli', inst, s.use(c.x), s.imm(above)), s.use(c.x));
  if (below <= 1) return false;
  return s.plain('sub', inst, rd, s.value('slli', inst, s.use(c.x), s.imm(below)), s.use(c.x));
};

export const MUL: readonly Rule[] = [
  neutral(1),
  scaled,
  (s, inst) => s.features.mul === true && register('mul')(s, inst),
];

/** Bits [lsb, lsb + width) of a word, zero- or sign-extended, by shifts. */
function extract(s: Selector, inst: Inst, x: Value, lsb: number, width: number, signed: boolean): true {
  const up = 32 - lsb - width;
  const at = up === 0 ? s.use(x) : s.value('slli', inst, s.use(x), s.imm(up));
  return s.plain(signed ? 'srai' : 'srli', inst, s.def(result(inst)), at, s.imm(32 - width));
}

export const AND: readonly Rule[] = [
  neutral(0xffffffff),
  // (x >> n) & (2^k - 1), logical or arithmetic as long as no copied sign bit is asked for.
  (s, inst) => {
    const c = constantRight(s, inst);
    const shift = c && s.fold(c.x, 'lshr', 'ashr');
    const width = c ? lowMask(c.c) : 0;
    const lsb = shift ? shiftAmount(s, shift) : undefined;
    if (!shift || lsb === undefined || width === 0 || lsb + width > 32) return false;
    return extract(s, inst, shift.args[0]!, lsb, width, false);
  },
  immediate('andi'),
  (s, inst) => {
    const c = constantRight(s, inst);
    const width = c ? lowMask(c.c) : 0;
    return width > 0 && extract(s, inst, c!.x, 0, width, false);
  },
  // Clearing the low bits.
  (s, inst) => {
    const c = constantRight(s, inst);
    const low = c ? lowMask(invert(c.c)) : 0;
    if (low === 0) return false;
    const x = s.value('srli', inst, s.use(c!.x), s.imm(low));
    return s.plain('slli', inst, s.def(result(inst)), x, s.imm(low));
  },
  register('and'),
];

export const OR: readonly Rule[] = [neutral(0), immediate('ori'), register('or')];
export const XOR: readonly Rule[] = [neutral(0), immediate('xori'), register('xor')];

const shiftByConstant =
  (name: string): Rule =>
  (s, inst) => {
    const amount = shiftAmount(s, inst);
    if (amount === undefined) return false;
    if (amount === 0) return s.put(inst, result(inst), s.use(inst.args[0]!));
    return s.plain(name, inst, s.def(result(inst)), s.use(inst.args[0]!), s.imm(amount));
  };

/** What the amount is before a mask that changes nothing in its low `bits` bits, all that a shift looks at. */
export function unmasked(s: Selector, amount: Value, bits: 5 | 6): Value {
  const and = s.definition(amount, 'and');
  const mask = and && constantRight(s, and);
  const all = 2 ** bits - 1;
  return mask && (mask.c & all) === all ? mask.x : amount;
}

const shiftByRegister =
  (name: string): Rule =>
  (s, inst) =>
    s.plain(name, inst, s.def(result(inst)), s.use(inst.args[0]!), s.use(unmasked(s, inst.args[1]!, 5)));

export const SHL: readonly Rule[] = [shiftByConstant('slli'), shiftByRegister('sll')];
export const LSHR: readonly Rule[] = [shiftByConstant('srli'), shiftByRegister('srl')];
export const ASHR: readonly Rule[] = [shiftByConstant('srai'), shiftByRegister('sra')];

export const SEXT: readonly Rule[] = [
  (s, inst) => {
    const { bits } = inst;
    if (bits !== 8 && bits !== 16) throw new Error(`sext of ${bits} bits on a lane`);
    const shift = s.fold(inst.args[0]!, 'lshr', 'ashr');
    const lsb = shift && shiftAmount(s, shift);
    if (shift && lsb !== undefined && lsb + bits <= 32) return extract(s, inst, shift.args[0]!, lsb, bits, true);
    return extract(s, inst, inst.args[0]!, 0, bits, true);
  },
];

/** Is the divisor shown not to be zero by how it is made? */
function nonZero(s: Selector, v: Value): boolean {
  const c = s.constOf(v);
  if (c !== undefined) return c !== 0;
  const or = s.definition(v, 'or');
  return or?.args.some((a) => (s.constOf(a) ?? 0) !== 0) ?? false;
}

/**
 * x / 0 = 0: the instruction would give all ones. In the divisor's register the zero that the divisor is stays as the result.
 * INT_MIN / -1 gives INT_MIN as it should (The RISC-V Instruction Set Manual, volume I, "M" extension, division by zero).
 */
export const divide =
  (name: 'divu' | 'div'): Rule =>
  (s, inst) => {
    if (s.features.div !== true) return false;
    const [a, b] = inst.args as [Value, Value];
    if (nonZero(s, b)) return s.plain(name, inst, s.def(result(inst)), s.use(a), s.use(b));
    const operands = [s.defTied(result(inst), 2), s.use(a), s.useReg(s.need(b))];
    s.emit(name, inst.origin, operands, ([d, n], asm) => {
      const skip = asm.newLabel();
      asm.ref('beq', skip, d!, ZERO);
      asm.inst(name, d!, n!, d!);
      asm.bind(skip);
    });
    return true;
  };

/** x % 0 = x and INT_MIN % -1 = 0 are what the instruction gives. */
export const modulo =
  (name: 'remu' | 'rem'): Rule =>
  (s, inst) =>
    s.features.div === true && register(name)(s, inst);

/** A constant that one instruction makes: cheaper than holding it in a register. */
const isCheap = (c: number | undefined): c is number => c !== undefined && (isImmediate(c) || (c & 0xfff) === 0);

/** The result is in the register of one arm; a move over which the other case jumps brings the other one. */
export const select: Rule = (s, inst) => {
  const [cond, yes, no] = inst.args as [Value, Value, Value];
  const [cy, cn] = [s.constOf(yes), s.constOf(no)];
  const c = compareNonZero(s, inst, cond);
  // The arm that is moved: a cheap constant rather than a value, a value that lives on rather than one that dies.
  const moveYes =
    isCheap(cy) && isCheap(cn)
      ? constantBytes(cy) < constantBytes(cn)
      : isCheap(cy) || (!isCheap(cn) && s.diesAt(no) && !s.diesAt(yes));
  const [kept, moved] = moveYes ? [no, yes] : [yes, no];
  const value = moveYes ? cy : cn;
  const other: Operand = isCheap(value) ? s.imm(value) : s.useReg(s.need(moved));
  const operands = [s.defTied(result(inst), 1), s.useReg(s.need(kept)), other, ...c.operands];
  s.emit(`select.${nameOf(c)}`, inst.origin, operands, ([d, , m, ...ops], asm) => {
    const skip = asm.newLabel();
    jumpIf(moveYes ? not(c) : c, true, ops, skip, asm);
    if (isCheap(value)) loadConstant(d!, value, asm);
    else asm.inst('addi', d!, m!, 0);
    asm.bind(skip);
  });
  return true;
};
