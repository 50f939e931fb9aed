// SPDX-License-Identifier: MIT
import type { Asm, Label } from '../../compiler/codegen/machine.js';
import type { Operand, Selector } from '../../compiler/codegen/select.js';
import { SWAPPED } from '../../compiler/ir/arith.js';
import type { Cond, Inst, Value } from '../../compiler/ir/ir.js';
import { SCRATCH } from './abi.js';
import { type Branch, opposite } from './isa-names.js';
import {
  bitField,
  isAddi,
  isAddmi,
  isSignedBranch,
  isUnsignedBranch,
  negate,
  powerOfTwo,
  shiftRightLogical,
  u32,
} from './lower-constants.js';

/**
 * One condition on 32-bit values: a branch on the operands, or on the scratch register and perhaps a constant after `prepare`
 * has written that register from the operands.
 */
export interface Test {
  readonly branch: Branch;
  readonly operands: readonly Operand[];
  readonly prepare: ((ops: readonly number[], asm: Asm) => void) | null;
  readonly imm?: number;
}

export const notTest = (t: Test): Test => ({ ...t, branch: opposite(t.branch) });

const direct = (branch: Branch, ...operands: Operand[]): Test => ({ branch, operands, prepare: null });

/** A test of the scratch register that `prepare` makes of one or two registers. */
export const prepared = (branch: Branch, prepare: NonNullable<Test['prepare']>, ...operands: Operand[]): Test => ({
  branch,
  operands,
  prepare,
});

export function jumpTest(t: Test, ops: readonly number[], holds: boolean, label: Label, asm: Asm): void {
  const branch = holds ? t.branch : opposite(t.branch);
  t.prepare?.(ops, asm);
  if (!t.prepare) asm.ref(branch, label, ...ops);
  else if (t.imm === undefined) asm.ref(branch, label, SCRATCH);
  else asm.ref(branch, label, SCRATCH, t.imm);
}

/** Comparisons of two registers: the branch, and whether it takes them the other way round. */
const REGISTERS = {
  eq: ['beq', false],
  ne: ['bne', false],
  ult: ['bltu', false],
  uge: ['bgeu', false],
  ugt: ['bltu', true],
  ule: ['bgeu', true],
  slt: ['blt', false],
  sge: ['bge', false],
  sgt: ['blt', true],
  sle: ['bge', true],
  set: ['bany', false],
  nset: ['bnone', false],
} as const satisfies Record<Cond, readonly [Branch, boolean]>;

/** a `cond` b on 32-bit values, as one test. */
export function test32(s: Selector, cond: Cond, a: Value, b: Value): Test {
  if (s.constOf(a) !== undefined && s.constOf(b) === undefined) return test32(s, SWAPPED[cond], b, a);
  const c = s.constOf(b);
  const found = c === undefined ? null : testConstant(s, cond, a, c);
  if (found) return found;
  if (cond === 'eq' || cond === 'ne') {
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const) {
      const all = allBits(s, cond, x, y);
      if (all) return all;
    }
  }
  const [branch, swap] = REGISTERS[cond];
  return swap ? direct(branch, s.use(b), s.use(a)) : direct(branch, s.use(a), s.use(b));
}

/** (x & m) == m. */
function allBits(s: Selector, cond: 'eq' | 'ne', masked: Value, m: Value): Test | null {
  const and = s.fold(masked, 'and');
  if (!and) return null;
  const same = (v: Value): boolean => v.id === m.id || (s.constOf(v) !== undefined && s.constOf(v) === s.constOf(m));
  const other = same(and.args[1]!) ? and.args[0]! : same(and.args[0]!) ? and.args[1]! : null;
  return other && direct(cond === 'eq' ? 'ball' : 'bnall', s.use(other), s.use(m));
}

/** a `cond` c, if there is something better than two registers. */
export function testConstant(s: Selector, cond: Cond, a: Value, c: number): Test | null {
  switch (cond) {
    case 'set':
      return testMask(s, a, c);
    case 'nset': {
      const t = testMask(s, a, c);
      return t && notTest(t);
    }
    case 'eq':
      return testEqual(s, a, c);
    case 'ne': {
      const t = testEqual(s, a, c);
      return t && notTest(t);
    }
    case 'slt':
      return testBelow(s, a, c, true);
    case 'sle':
      return c === 0x7fffffff ? null : testBelow(s, a, u32(c + 1), true);
    case 'ult':
      return testBelow(s, a, c, false);
    case 'ule':
      return c === 0xffffffff ? null : testBelow(s, a, c + 1, false);
    case 'sge':
    case 'sgt':
    case 'uge':
    case 'ugt': {
      const t = testConstant(s, COMPLEMENT[cond], a, c);
      return t && notTest(t);
    }
  }
}

/** Conditions of which those that testConstant knows are the opposites. */
export const COMPLEMENT = { sge: 'slt', sgt: 'sle', uge: 'ult', ugt: 'ule' } as const;

/** a & mask is not zero. */
function testMask(s: Selector, a: Value, mask: number): Test | null {
  if (mask === 0xffffffff) return direct('bnez', s.use(a));
  const bit = powerOfTwo(mask);
  if (bit === 31) return direct('bltz', s.use(a));
  if (bit >= 0) return direct('bbsi', s.use(a), s.imm(bit));
  const field = bitField(mask);
  if (!field) return null;
  const { lsb, width } = field;
  if (width <= 16) return prepared('bnez', ([r], asm) => asm.inst('extui', SCRATCH, r!, lsb, width), s.use(a));
  if (lsb + width === 32) return prepared('bnez', ([r], asm) => asm.inst('srli', SCRATCH, r!, lsb), s.use(a));
  return lsb === 0 ? prepared('bnez', ([r], asm) => asm.inst('slli', SCRATCH, r!, 32 - width), s.use(a)) : null;
}

/** a == c. */
export function testEqual(s: Selector, a: Value, c: number): Test | null {
  const and = s.fold(a, 'and');
  if (c === 0) return and ? test32(s, 'nset', and.args[0]!, and.args[1]!) : direct('beqz', s.use(a));
  const field = and && testField(s, and, c);
  if (field) return field;
  if (isSignedBranch(c)) return direct('beqi', s.use(a), s.imm(c | 0));
  const n = negate(c) | 0;
  const name = isAddi(n) ? 'addi' : isAddmi(n) ? 'addmi' : null;
  return name && prepared('beqz', ([r], asm) => asm.inst(name, SCRATCH, r!, n), s.use(a));
}

/** A field of bits within a word is a constant: taken out, it is compared with a smaller one. */
function testField(s: Selector, and: Inst, c: number): Test | null {
  const [x, y] = s.constOf(and.args[0]!) === undefined ? and.args : [...and.args].reverse();
  const field = bitField(s.constOf(y!) ?? 0);
  if (!field || field.width > 16) return null;
  const { lsb, width } = field;
  const wanted = c >>> lsb;
  if (wanted << lsb !== (c | 0) || wanted >= 2 ** width) return null;
  const take = (r: number, asm: Asm): void => asm.inst('extui', SCRATCH, r, lsb, width);
  if (isSignedBranch(wanted)) return { ...prepared('beqi', ([r], asm) => take(r!, asm), s.use(x!)), imm: wanted };
  if (!isAddi(-wanted)) return null;
  const subtract = ([r]: readonly number[], asm: Asm): void => {
    take(r!, asm);
    asm.inst('addi', SCRATCH, SCRATCH, -wanted);
  };
  return prepared('beqz', subtract, s.use(x!));
}

/** a < c. */
function testBelow(s: Selector, a: Value, c: number, signed: boolean): Test | null {
  if (signed) {
    if (c === 0) return direct('bltz', s.use(a));
    return isSignedBranch(c) ? direct('blti', s.use(a), s.imm(c | 0)) : null;
  }
  if (c === 1) return testEqual(s, a, 0);
  if (c === 0x80000000) return direct('bgez', s.use(a));
  if (isUnsignedBranch(c)) return direct('bltui', s.use(a), s.imm(c));
  const k = powerOfTwo(c);
  return k > 0 ? prepared('beqz', ([r], asm) => shiftRightLogical(SCRATCH, r!, k, asm), s.use(a)) : null;
}
