// SPDX-License-Identifier: MIT
import type { Rule } from '../../compiler/codegen/lower.js';
import type { Asm } from '../../compiler/codegen/machine.js';
import type { Operand } from '../../compiler/codegen/select.js';
import { SWAPPED } from '../../compiler/ir/arith.js';
import type { Value } from '../../compiler/ir/ir.js';
import { CONDITIONS } from './isa-names.js';
import { result } from './lower-alu.js';
import { type Compare, HS, LO } from './lower-compare.js';
import { branchShort, compareOfShort, compareShort, fromCarry, nonZeroShort } from './short-compare.js';
import { loadShort } from './short-constants.js';

/** What comes of a comparison, with 16-bit encodings and no conditional execution: a number, one of two values, a trap. */

/** 1 or 0 from the sign of x. */
const sign: Rule = (s, inst) => {
  const [x, y] = inst.args as [Value, Value];
  const [cond, c] = [inst.cond, s.constOf(y)];
  const rd = (): Operand => s.def(result(inst));
  if ((cond === 'slt' && c === 0) || (cond === 'sle' && c === 0xffffffff))
    return s.plain('lsrs.i', inst, rd(), s.use(x), s.imm(31));
  if (!((cond === 'sge' && c === 0) || (cond === 'sgt' && c === 0xffffffff))) return false;
  s.emit('icmp.sge', inst.origin, [rd(), s.use(x)], ([d, n], asm) => {
    asm.inst('mvns', d!, n!);
    asm.inst('lsrs.i', d!, d!, 31);
  });
  return true;
};

/** x = 0: the carry of 0 - x, and x + -x + carry. x != 0: that of x - 1. */
const zero: Rule = (s, inst) => {
  const { cond } = inst;
  const [x, y] = inst.args as [Value, Value];
  if ((cond !== 'eq' && cond !== 'ne') || s.constOf(y) !== 0) return false;
  if (s.foldCondition(x) || s.fold(x, 'and')) return false;
  if (cond === 'eq') {
    s.emit('icmp.eq', inst.origin, [s.defEarly(result(inst)), s.use(x)], ([d, n], asm) => {
      asm.inst('rsbs.i', d!, n!, 0);
      asm.inst('adcs', d!, d!, n!);
    });
  } else {
    s.emit('icmp.ne', inst.origin, [s.defTied(result(inst), 1), s.use(x), s.temp()], ([d, , t], asm) => {
      asm.inst('subs.i', t!, d!, 1);
      asm.inst('sbcs', d!, d!, t!);
    });
  }
  return true;
};

/** Equality of two registers: their difference is zero, or not. */
const equal: Rule = (s, inst) => {
  const { cond } = inst;
  const [x, y] = inst.args as [Value, Value];
  if ((cond !== 'eq' && cond !== 'ne') || s.constOf(x) !== undefined || s.constOf(y) !== undefined) return false;
  s.emit(`icmp.${cond}`, inst.origin, [s.def(result(inst)), s.use(x), s.use(y), s.temp()], ([d, a, b, t], asm) => {
    asm.inst('subs', d!, a!, b!);
    if (cond === 'eq') {
      asm.inst('rsbs.i', t!, d!, 0);
      asm.inst('adcs', d!, d!, t!);
    } else {
      asm.inst('subs.i', t!, d!, 1);
      asm.inst('sbcs', d!, d!, t!);
    }
  });
  return true;
};

/** By the carry if the condition is the carry; else the result is 1 until a jump over it does not happen. */
const compared: Rule = (s, inst) => {
  const c = compareOfShort(s, inst);
  const { condition } = c;
  if (condition === HS || condition === LO) {
    s.emit(`icmp.${c.name}`, inst.origin, [s.def(result(inst)), ...c.operands], ([d, ...ops], asm) => {
      c.emit(ops, asm);
      fromCarry(condition, d!, asm);
    });
    return true;
  }
  s.emit(`icmp.${c.name}`, inst.origin, [s.defEarly(result(inst)), ...c.operands], ([d, ...ops], asm) => {
    asm.inst('movs.i', d!, 1);
    over(c, ops, asm, () => asm.inst('movs.i', d!, 0));
  });
  return true;
};

/** Does `write` unless the comparison holds. What it writes is short. */
function over(c: Compare, ops: readonly number[], asm: Asm, write: () => void): void {
  const label = asm.newLabel();
  c.emit(ops, asm);
  asm.ref(`b${CONDITIONS[c.condition]!}`, label);
  write();
  asm.bind(label);
}

/** A comparison with its constant on the right. */
const turned =
  (rule: Rule): Rule =>
  (s, inst) => {
    const [a, b] = inst.args as [Value, Value];
    if (inst.op !== 'icmp') return false;
    const turn = s.constOf(a) !== undefined && s.constOf(b) === undefined;
    return rule(s, turn ? { ...inst, args: [b, a], cond: SWAPPED[inst.cond!] } : inst);
  };

export const ICMP: readonly Rule[] = [turned(sign), turned(zero), turned(equal), compared];

/** The result is in the place of one arm already; the other one is put there if it is that one's turn. */
export const SELECT: readonly Rule[] = [
  (s, inst) => {
    const c = nonZeroShort(s, inst.args[0]!);
    const [a, b] = inst.args.slice(1) as [Value, Value];
    const { features } = s;
    const [ca, cb] = [s.constOf(a), s.constOf(b)];
    const r = result(inst);
    if (ca !== undefined && cb !== undefined) {
      // Both constants: the first one is there before the comparison.
      s.emit(
        `select.${c.name}`,
        inst.origin,
        [s.defEarly(r), s.imm(ca), s.imm(cb), ...c.operands],
        ([d, x, y, ...ops], asm) => {
          loadShort(d!, x! >>> 0, asm, features);
          over(c, ops, asm, () => loadShort(d!, y! >>> 0, asm, features));
        },
      );
      return true;
    }
    const keepYes = ca === undefined && (cb !== undefined || !s.isNeeded(a) || s.isNeeded(b));
    const [kept, other, k] = keepYes ? [a, b, cb] : [b, a, ca];
    const when = keepYes ? c : { ...c, condition: c.condition ^ 1 };
    const source = k === undefined ? s.use(other) : s.imm(k);
    s.emit(
      `select.${c.name}`,
      inst.origin,
      [s.defTied(r, 1), s.use(kept), source, ...c.operands],
      ([d, , x, ...ops], asm) => {
        over(when, ops, asm, () => {
          if (k === undefined) asm.inst('mov', d!, x!);
          else loadShort(d!, x! >>> 0, asm, features);
        });
      },
    );
    return true;
  },
];

export const trapif: Rule = (s, inst) => {
  const c = compareShort(s, inst.cond!, inst.args[0]!, inst.args[1]!);
  s.emit(`trapif.${c.name}`, inst.origin, c.operands, (ops, asm) =>
    branchShort(s, c, ops, asm.trapSite(inst.trap!, inst.origin), true, asm),
  );
  return true;
};
