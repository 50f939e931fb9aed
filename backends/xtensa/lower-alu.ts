// SPDX-License-Identifier: MIT

import type { Rule } from '../../compiler/codegen/lower.js';
import type { Selector } from '../../compiler/codegen/select.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import { SCRATCH } from './abi.js';
import {
  constantRight,
  disjoint,
  funnel,
  neutral,
  orders,
  register,
  result,
  shiftAmount,
  shiftLeft,
} from './lower-bits.js';
import { intrinsic } from './lower-calls.js';
import { compareNonZero, compareOf, materialise, moveIf, withoutBranch } from './lower-compare.js';
import { addParts, addTo, isMovi, loadConstant, negate, powerOfTwo } from './lower-constants.js';

export const constant: Rule = (s, inst) => {
  const r = result(inst);
  s.emit('const', inst.origin, [s.def(r), s.imm(s.constOf(r)!)], ([rd, v], asm) => loadConstant(rd!, v!, asm), {
    remat: true,
  });
  return true;
};

/** (x << 1..3) + y or - y in one instruction. */
function scaledBy(s: Selector, v: Value): { x: Value; factor: number } | null {
  const shl = s.fold(v, 'shl');
  const n = shl && shiftAmount(s, shl);
  return shl && n !== undefined && n >= 1 && n <= 3 ? { x: shl.args[0]!, factor: 2 ** n } : null;
}

/** Scaled sums of a register and itself, by what they multiply with. */
const TIMES: ReadonlyMap<number, string> = new Map([
  [3, 'addx2'],
  [5, 'addx4'],
  [9, 'addx8'],
]);

/** x * c + y, where c is 3, 5 or 9 times 2, 4 or 8, as in reading decimal digits. */
const scaledTwice: Rule = (s, inst) => {
  for (const [p, y] of orders(inst.args)) {
    const mul = s.fold(p, 'mul');
    const k = mul && constantRight(s, mul);
    for (const factor of k ? [2, 4, 8] : []) {
      const name = TIMES.get(k!.c / factor);
      if (!name) continue;
      s.emit(`addx${factor}.${name}`, inst.origin, [s.def(result(inst)), s.use(k!.x), s.use(y)], ([d, x, z], asm) => {
        asm.inst(name, SCRATCH, x!, x!);
        asm.inst(`addx${factor}`, d!, SCRATCH, z!);
      });
      return true;
    }
  }
  return false;
};

function addImmediate(s: Selector, inst: Inst, x: Value, c: number): boolean {
  if (c === 0) return s.copy(inst, x);
  if (!isMovi(c) && !addParts(c)) return false;
  s.emit('addi', inst.origin, [s.def(result(inst)), s.use(x), s.imm(c | 0)], ([d, n, k], asm) =>
    addTo(d!, n!, k!, SCRATCH, asm),
  );
  return true;
}

export const ADD: readonly Rule[] = [
  (s, inst) => {
    const k = constantRight(s, inst);
    return k !== null && addImmediate(s, inst, k.x, k.c);
  },
  funnel,
  (s, inst) => {
    for (const [p, y] of orders(inst.args)) {
      const scaled = scaledBy(s, p);
      if (scaled) return s.plain(`addx${scaled.factor}`, inst, s.def(result(inst)), s.use(scaled.x), s.use(y));
    }
    return false;
  },
  scaledTwice,
  register('add'),
];

/** A sum in disguise. */
const asSum: Rule = (s, inst) => disjoint(s, inst) && ADD.some((rule) => rule(s, inst));

export const OR: readonly Rule[] = [neutral(0), funnel, asSum, register('or')];
export const XOR: readonly Rule[] = [neutral(0), funnel, asSum, register('xor')];

export const SUB: readonly Rule[] = [
  (s, inst) => {
    const c = s.constOf(inst.args[1]!);
    return c !== undefined && addImmediate(s, inst, inst.args[0]!, negate(c));
  },
  (s, inst) => s.constOf(inst.args[0]!) === 0 && s.plain('neg', inst, s.def(result(inst)), s.use(inst.args[1]!)),
  (s, inst) => {
    const scaled = scaledBy(s, inst.args[0]!);
    if (!scaled) return false;
    return s.plain(`subx${scaled.factor}`, inst, s.def(result(inst)), s.use(scaled.x), s.use(inst.args[1]!));
  },
  register('sub'),
];

export const MUL: readonly Rule[] = [
  neutral(1),
  (s, inst) => {
    const k = constantRight(s, inst);
    if (!k) return false;
    const shift = powerOfTwo(k.c);
    if (shift > 0) return shiftLeft(s, inst, k.x, shift);
    if (k.c === 0xffffffff) return s.plain('neg', inst, s.def(result(inst)), s.use(k.x));
    const name = k.c === 7 ? 'subx8' : TIMES.get(k.c);
    return name !== undefined && s.plain(name, inst, s.def(result(inst)), s.use(k.x), s.use(k.x));
  },
  (s, inst) => s.features.mul32 === true && register('mull')(s, inst),
  intrinsic('umul64'),
];

/** Is the divisor shown not to be zero by how it is made? */
function nonZero(s: Selector, v: Value): boolean {
  const c = s.constOf(v);
  if (c !== undefined) return c !== 0;
  const or = s.definition(v, 'or');
  return or?.args.some((a) => (s.constOf(a) ?? 0) !== 0) ?? false;
}

/** quou and quos raise an exception for a zero divisor; quos gives INT_MIN / -1 = INT_MIN (ISA Reference Manual, chapter 6). */
export const divide =
  (name: 'quou' | 'quos'): Rule =>
  (s, inst) => {
    if (!s.features.div32) return false;
    const [a, b] = inst.args as [Value, Value];
    if (nonZero(s, b)) return s.plain(name, inst, s.def(result(inst)), s.use(a), s.use(b));
    s.emit(name, inst.origin, [s.defEarly(result(inst)), s.use(a), s.use(b)], ([d, n, m], asm) => {
      const end = asm.newLabel();
      asm.inst('movi', d!, 0);
      asm.ref('beqz', end, m!);
      asm.inst(name, d!, n!, m!);
      asm.bind(end);
    });
    return true;
  };

/** As above; what is divided stays if the divisor is zero. rems gives INT_MIN % -1 = 0. */
export const modulo =
  (name: 'remu' | 'rems'): Rule =>
  (s, inst) => {
    if (!s.features.div32) return false;
    const [a, b] = inst.args as [Value, Value];
    if (nonZero(s, b)) return s.plain(name, inst, s.def(result(inst)), s.use(a), s.use(b));
    s.emit(name, inst.origin, [s.defTied(result(inst), 1), s.use(a), s.use(b)], ([d, , m], asm) => {
      const end = asm.newLabel();
      asm.ref('beqz', end, m!);
      asm.inst(name, d!, d!, m!);
      asm.bind(end);
    });
    return true;
  };

export const icmp: Rule = (s, inst) => {
  const c = compareOf(s, inst);
  const value = withoutBranch(s, c);
  const r = result(inst);
  const rd = value ? s.def(r) : s.defEarly(r);
  s.emit(`icmp.${c.name}`, inst.origin, [rd, ...c.operands], ([d, ...ops], asm) => {
    if (value) value(d!, ops, asm);
    else materialise(c, d!, ops, asm);
  });
  return true;
};

const EXTREMES = {
  ult: ['minu', 'maxu'],
  ule: ['minu', 'maxu'],
  ugt: ['maxu', 'minu'],
  uge: ['maxu', 'minu'],
  slt: ['min', 'max'],
  sle: ['min', 'max'],
  sgt: ['max', 'min'],
  sge: ['max', 'min'],
} as const;

export const SELECT: readonly Rule[] = [
  // The smaller or larger of what is compared.
  (s, inst) => {
    const [condition, a, b] = inst.args as [Value, Value, Value];
    const icmp = s.features.minmax ? s.foldCondition(condition) : undefined;
    if (icmp?.op !== 'icmp' || !(icmp.cond! in EXTREMES)) return false;
    const [first, second] = EXTREMES[icmp.cond as keyof typeof EXTREMES];
    const same = (x: Value, y: Value): boolean =>
      x.id === y.id || (s.constOf(x) !== undefined && s.constOf(x) === s.constOf(y));
    const [x, y] = icmp.args as [Value, Value];
    const name = same(a, x) && same(b, y) ? first : same(a, y) && same(b, x) ? second : null;
    return name !== null && s.plain(name, inst, s.def(result(inst)), s.use(x), s.use(y));
  },
  // One arm stands in the result's register from the start, the other replaces it.
  (s, inst) => {
    const [condition, a, b] = inst.args as [Value, Value, Value];
    const c = compareNonZero(s, condition);
    const short = (v: Value): number | undefined => {
      const k = s.constOf(v);
      return k !== undefined && isMovi(k) ? k | 0 : undefined;
    };
    const [ca, cb] = [short(a), short(b)];
    const replace = (tied: Value, by: number | Value, holds: boolean): true => {
      const move = typeof by !== 'number' && holds ? moveIf(c) : null;
      const operands = [s.defTied(result(inst), 1), s.use(tied), typeof by === 'number' ? s.imm(by) : s.use(by)];
      s.emit(`select.${c.name}`, inst.origin, [...operands, ...c.operands], ([d, , v, ...ops], asm) => {
        if (move) {
          move(d!, v!, ops, asm);
          return;
        }
        const end = asm.newLabel();
        c.jump(ops, !holds, end, asm);
        asm.inst(typeof by === 'number' ? 'movi' : 'mov', d!, v!);
        asm.bind(end);
      });
      return true;
    };
    if (ca !== undefined && cb !== undefined) {
      s.emit(
        `select.${c.name}`,
        inst.origin,
        [s.defEarly(result(inst)), s.imm(ca), s.imm(cb), ...c.operands],
        ([d, x, y, ...ops], asm) => {
          const end = asm.newLabel();
          asm.inst('movi', d!, x!);
          c.jump(ops, true, end, asm);
          asm.inst('movi', d!, y!);
          asm.bind(end);
        },
      );
      return true;
    }
    if (cb !== undefined) return replace(a, cb, false);
    return replace(b, ca ?? a, true);
  },
];
