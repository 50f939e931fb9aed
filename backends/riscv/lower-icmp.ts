// SPDX-License-Identifier: MIT

import type { Operand } from '../../compiler/codegen/select.js';
import { SWAPPED } from '../../compiler/ir/arith.js';
import type { Cond, Inst, Value } from '../../compiler/ir/ir.js';
import { ZERO } from './abi.js';
import type { Rule } from './lower-alu.js';
import { neighbour } from './lower-compare.js';
import { isImmediate, powerOfTwo } from './lower-constants.js';
import type { RiscvSelector as Selector } from './lower-select.js';

/** Comparisons as values: 0 or 1 by slt and sltu. */

/** The instruction that leaves the answer in the result's register, or its opposite if `flip`. */
interface Answer {
  readonly name: 'slt' | 'slti' | 'sltu' | 'sltiu' | 'srli';
  readonly operands: readonly [Operand, Operand];
  readonly flip: boolean;
}

const flip = (a: Answer): Answer => ({ ...a, flip: !a.flip });

/** x != 0. */
const nonZero = (s: Selector, x: Operand): Answer => ({ name: 'sltu', operands: [s.imm(ZERO), x], flip: false });
/** x == 0. */
const isZero = (s: Selector, x: Operand): Answer => ({ name: 'sltiu', operands: [x, s.imm(1)], flip: false });

/** x < 0. */
const negative = (s: Selector, x: Value): Answer => ({ name: 'srli', operands: [s.use(x), s.imm(31)], flip: false });

/** Zero if and only if the two are equal. */
function difference(s: Selector, inst: Inst, a: Value, b: Value): Operand {
  const c = s.constOf(b);
  if (c === 0) return s.use(a);
  if (c !== undefined && isImmediate(-c >>> 0)) return s.value('addi', inst, s.use(a), s.imm(-c | 0));
  return s.value('xor', inst, s.use(a), s.use(b));
}

/** Nonzero if and only if the two have a bit in common. */
function common(s: Selector, inst: Inst, a: Value, b: Value): Operand {
  const c = s.constOf(b);
  if (c !== undefined && isImmediate(c)) return s.value('andi', inst, s.use(a), s.imm(c | 0));
  return s.value('and', inst, s.use(a), s.use(b));
}

function below(s: Selector, sign: boolean, a: Value, b: Value): Answer {
  const c = s.constOf(b);
  const name = sign ? 'slt' : 'sltu';
  if (c !== undefined && c !== 0 && isImmediate(c)) {
    return { name: `${name}i`.replace('ui', 'iu') as 'slti', operands: [s.use(a), s.imm(c | 0)], flip: false };
  }
  return { name, operands: [s.use(a), s.use(b)], flip: false };
}

function answer(s: Selector, inst: Inst, cond: Cond, a: Value, b: Value): Answer {
  if (s.constOf(a) !== undefined && s.constOf(b) === undefined) return answer(s, inst, SWAPPED[cond], b, a);
  const c = s.constOf(b);
  switch (cond) {
    case 'eq':
      return isZero(s, difference(s, inst, a, b));
    case 'ne':
      return nonZero(s, difference(s, inst, a, b));
    case 'set':
    case 'nset': {
      const bit = c === undefined ? -1 : powerOfTwo(c);
      if (cond === 'set' && bit === 31) return negative(s, a);
      const both = common(s, inst, a, b);
      return cond === 'set' ? nonZero(s, both) : isZero(s, both);
    }
    case 'slt':
      if (c === 0) return negative(s, a);
      return below(s, true, a, b);
    case 'sge':
      return flip(answer(s, inst, 'slt', a, b));
    case 'ult':
      return c === 1 ? isZero(s, s.use(a)) : below(s, false, a, b);
    case 'uge':
      return c === 1 ? nonZero(s, s.use(a)) : flip(below(s, false, a, b));
    default: {
      // x <= c is x < c + 1, but for the largest c.
      const other = c === undefined ? null : neighbour(cond, BigInt(c), 32);
      const strict = cond === 'ule' || cond === 'sle';
      const sign = cond === 'sle' || cond === 'sgt';
      if (c === 0 && !sign) return strict ? isZero(s, s.use(a)) : nonZero(s, s.use(a));
      if (strict && other && isImmediate(Number(other.c))) {
        const n = Number(other.c);
        if (sign && n === 0) return negative(s, a);
        return { name: sign ? 'slti' : 'sltiu', operands: [s.use(a), s.imm(n | 0)], flip: false };
      }
      const swapped = below(s, sign, b, a);
      return strict ? flip(swapped) : swapped;
    }
  }
}

function give(s: Selector, inst: Inst, a: Answer): true {
  const rd = s.def(inst.results[0]!);
  if (!a.flip) return s.plain(a.name, inst, rd, ...a.operands);
  return s.plain('xori', inst, rd, s.value(a.name, inst, ...a.operands), s.imm(1));
}

export const icmp: Rule = (s, inst) => give(s, inst, answer(s, inst, inst.cond!, inst.args[0]!, inst.args[1]!));

const none = (s: Selector, v: Value): boolean => s.constOf(v) === 0;
const same = (s: Selector, a: Value, b: Value): boolean =>
  a.id === b.id || (s.constOf(a) !== undefined && s.constOf(a) === s.constOf(b));

/** On lane pairs. */
export const icmp64: Rule = (s, inst) => {
  const cond = inst.cond!;
  const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
  switch (cond) {
    case 'eq':
    case 'ne': {
      const parts = [
        [al, bl],
        [ah, bh],
      ].filter(([a, b]) => !same(s, a!, b!));
      const [x, y] = parts.map(([a, b]) => (s.constOf(a!) === undefined ? [a!, b!] : [b!, a!])) as [Value, Value][];
      if (!x) return s.load(inst, inst.results[0]!, cond === 'eq' ? 1 : 0);
      const first = difference(s, inst, x[0], x[1]);
      const both = y ? s.value('or', inst, first, difference(s, inst, y[0], y[1])) : first;
      return give(s, inst, cond === 'eq' ? isZero(s, both) : nonZero(s, both));
    }
    case 'set':
    case 'nset': {
      const lanes = [
        [al, bl],
        [ah, bh],
      ].filter(([a, b]) => !none(s, a!) && !none(s, b!));
      const [x, y] = lanes.map(([a, b]) => (s.constOf(a!) === undefined ? [a!, b!] : [b!, a!])) as [Value, Value][];
      if (!x) return s.load(inst, inst.results[0]!, cond === 'nset' ? 1 : 0);
      const first = common(s, inst, x[0], x[1]);
      const both = y ? s.value('or', inst, first, common(s, inst, y[0], y[1])) : first;
      return give(s, inst, cond === 'set' ? nonZero(s, both) : isZero(s, both));
    }
    default:
      return order(s, inst, cond, [al, ah], [bl, bh]);
  }
};

type Pair = readonly [Value, Value];

function order(s: Selector, inst: Inst, cond: Cond, a: Pair, b: Pair): true {
  if (same(s, a[1], b[1])) return give(s, inst, answer(s, inst, cond.replace('s', 'u') as Cond, a[0], b[0]));
  if (cond === 'ugt' || cond === 'sgt' || cond === 'ule' || cond === 'sle') {
    return order(s, inst, SWAPPED[cond], b, a);
  }
  const sign = cond === 'slt' || cond === 'sge';
  const opposite = cond === 'uge' || cond === 'sge';
  const high = below(s, sign, a[1], b[1]);
  // Less than a multiple of 2^32: only the high lane counts.
  if (s.constOf(b[0]) === 0) return give(s, inst, opposite ? flip(high) : high);
  const low = s.value(...spread(below(s, false, a[0], b[0]), inst));
  const decided = opposite ? s.fresh() : null;
  const rd = decided === null ? s.defTied(inst.results[0]!, 1) : { ...s.defTied(inst.results[0]!, 1), reg: decided };
  s.emit(
    `icmp64.${high.name}`,
    inst.origin,
    [rd, low, s.use(a[1]), s.use(b[1]), ...high.operands],
    ([d, , x, y, ...rest], asm) => {
      const skip = asm.newLabel();
      asm.ref('beq', skip, x!, y!);
      asm.inst(high.name, d!, ...rest);
      asm.bind(skip);
    },
  );
  return decided === null || s.plain('xori', inst, s.def(inst.results[0]!), s.useReg(decided), s.imm(1));
}

const spread = (a: Answer, inst: Inst): [string, Inst, ...Operand[]] => [a.name, inst, ...a.operands];
