// SPDX-License-Identifier: MIT
import type { Rule } from '../../compiler/codegen/lower.js';
import type { Operand, Selector } from '../../compiler/codegen/select.js';
import type { Cond, Inst, Value } from '../../compiler/ir/ir.js';
import { SCRATCH } from './abi.js';
import { compare32, compareOf, HI, HS, isBits, itBlock, LO, LS, materialise, NE, neighbour } from './lower-compare.js';
import { addConstant, isPattern, negate, powerOfTwo } from './lower-constants.js';

/** Comparisons that are wanted as a number, 0 or 1. */

const def = (s: Selector, inst: Inst): Operand => s.def(inst.results[0]!);

/** The sign of x, or its opposite. */
const sign: Rule = (s, inst) => {
  const [x, y] = inst.args as [Value, Value];
  const [cond, c] = [inst.cond, s.constOf(y)];
  if ((cond === 'slt' && c === 0) || (cond === 'sle' && c === 0xffffffff))
    return s.plain('lsrs.i', inst, def(s, inst), s.use(x), s.imm(31));
  if (!((cond === 'sge' && c === 0) || (cond === 'sgt' && c === 0xffffffff))) return false;
  s.emit('icmp.sge', inst.origin, [def(s, inst), s.use(x)], ([d, n], asm) => {
    asm.inst('mvns', d!, n!);
    asm.inst('lsrs.i', d!, d!, 31);
  });
  return true;
};

/** What a test of common bits tests: two values, and whether a common one gives 1. */
function bits(s: Selector, inst: Inst): { a: Value; b: Value; any: boolean } | null {
  const [x, y] = inst.args as [Value, Value];
  const cond = inst.cond!;
  if (isBits(cond)) return { a: x, b: y, any: cond === 'set' };
  if ((cond !== 'eq' && cond !== 'ne') || s.constOf(y) !== 0) return null;
  const and = s.fold(x, 'and');
  return and ? { a: and.args[0]!, b: and.args[1]!, any: cond === 'ne' } : null;
}

/** d = 1 if d is zero, else 0. */
const IS_ZERO = 5;

const common: Rule = (s, inst) => {
  const t = bits(s, inst);
  if (!t) return false;
  const [a, b] = s.constOf(t.a) === undefined ? [t.a, t.b] : [t.b, t.a];
  const c = s.constOf(b);
  const k = c === undefined ? -1 : powerOfTwo(c);
  if (k === 31 && t.any) return s.plain('lsrs.i', inst, def(s, inst), s.use(a), s.imm(31));
  if (k >= 0 && t.any) return s.plain('ubfx', inst, def(s, inst), s.use(a), s.imm(k), s.imm(1));
  const [name, second] =
    c !== undefined && isPattern(c) ? (['ands.i', s.imm(c)] as const) : (['ands', s.use(b)] as const);
  s.emit('icmp.bits', inst.origin, [def(s, inst), s.use(a), second], ([d, n, m], asm) => {
    asm.inst(name, d!, n!, m!);
    if (t.any) {
      itBlock(NE, [true], asm);
      asm.inst('mov.i.it', d!, 1);
    } else {
      asm.inst('clz', d!, d!);
      asm.inst('lsrs.i', d!, d!, IS_ZERO);
    }
  });
  return true;
};

/** The difference of x and y in one instruction: zero if they are equal. */
function difference(s: Selector, x: Value, y: Value): { name: string; second: Operand } | null {
  const c = s.constOf(y);
  if (c === undefined) return { name: 'subs', second: s.use(y) };
  const k = addConstant(negate(c));
  // The 12-bit forms set no flags.
  return k && /s\.i$/.test(k.name) && s.constOf(x) === undefined ? { name: k.name, second: s.imm(k.imm) } : null;
}

const equal: Rule = (s, inst) => {
  const { cond } = inst;
  const [x, y] = inst.args as [Value, Value];
  if (cond !== 'eq' && cond !== 'ne') return false;
  if (s.constOf(x) !== undefined || (s.constOf(y) === 0 && s.foldCondition(x))) return false;
  if (s.constOf(y) === 0) {
    if (cond === 'eq') return false;
    s.emit('icmp.ne', inst.origin, [def(s, inst), s.use(x)], ([d, n], asm) => {
      asm.inst('subs.i', SCRATCH, n!, 1);
      asm.inst('sbcs', d!, n!, SCRATCH);
    });
    return true;
  }
  const by = difference(s, x, y);
  if (!by) return false;
  s.emit(`icmp.${cond}`, inst.origin, [def(s, inst), s.use(x), by.second], ([d, a, b], asm) => {
    asm.inst(by.name, d!, a!, b!);
    if (cond === 'ne') {
      itBlock(NE, [true], asm);
      asm.inst('mov.i.it', d!, 1);
    } else {
      asm.inst('clz', d!, d!);
      asm.inst('lsrs.i', d!, d!, IS_ZERO);
    }
  });
  return true;
};

const FLIPPED = { ult: 'ugt', ugt: 'ult', ule: 'uge', uge: 'ule' } as const;

/** Unsigned order as the carry tells it, where another order of the operands or the next constant makes it so. */
const carry: Rule = (s, inst) => {
  if (inst.op !== 'icmp') return false;
  const cond = inst.cond as keyof typeof FLIPPED;
  if (!(cond in FLIPPED)) return false;
  const [x, y] = inst.args as [Value, Value];
  const c = s.constOf(y);
  let found = compare32(s, cond, x, y);
  if (found.condition === HI || found.condition === LS) {
    if (c === undefined) {
      if (found.operands.length !== 2) return false;
      found = compare32(s, FLIPPED[cond] as Cond, y, x);
    } else {
      const other = neighbour(cond, BigInt(c), 32);
      if (!other || (other.cond !== 'ult' && other.cond !== 'uge') || !isPattern(Number(other.c))) return false;
      const moved = Number(other.c);
      const condition = other.cond === 'ult' ? LO : HS;
      found = { ...found, name: 'cmp.i', operands: [s.use(x), s.imm(moved)], condition, emit: compareImmediate };
    }
  }
  if (found.condition !== LO && found.condition !== HS) return false;
  const { condition, emit } = found;
  s.emit(`icmp.${found.name}`, inst.origin, [def(s, inst), ...found.operands], ([d, ...ops], asm) => {
    emit(ops, asm);
    // d - d - (not carry) is 0 or -1.
    asm.inst('sbcs', d!, d!, d!);
    if (condition === LO) asm.inst('rsbs.i', d!, d!, 0);
    else asm.inst('adds.i', d!, d!, 1);
  });
  return true;
};

const compareImmediate: ReturnType<typeof compare32>['emit'] = (ops, asm) => asm.inst('cmp.i', ...ops);

const any: Rule = (s, inst) => {
  const c = compareOf(s, inst);
  s.emit(`icmp.${c.name}`, inst.origin, [def(s, inst), ...c.operands], ([d, ...ops], asm) =>
    materialise(c, d!, ops, asm),
  );
  return true;
};

export const ICMP: readonly Rule[] = [sign, common, equal, carry, any];
export const ICMP64: readonly Rule[] = [any];
