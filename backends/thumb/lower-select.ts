// SPDX-License-Identifier: MIT
import type { Rule } from '../../compiler/codegen/lower.js';
import type { Asm } from '../../compiler/codegen/machine.js';
import type { Operand, Selector } from '../../compiler/codegen/select.js';
import type { Op, Value } from '../../compiler/ir/ir.js';
import { compareNonZero, itBlock } from './lower-compare.js';
import { addConstant, invert, isPattern, loadable, negate } from './lower-constants.js';
import { shiftAmount } from './lower-shift.js';

/** select: a comparison, and what is done in an IT block by it. */

/** One way of a select: a register to be moved, or one instruction that makes the value. */
interface Arm {
  readonly operands: readonly Operand[];
  readonly name: string;
  /** A plain register: nothing to do where it is the result's. */
  readonly register: boolean;
}

/** Operations of which one instruction of an IT block may make the result, by what it is called there. */
const DONE_THERE: Partial<Record<Op, string>> = {
  add: 'add',
  sub: 'sub',
  and: 'and',
  or: 'orr',
  xor: 'eor',
  shl: 'lsl',
  lshr: 'lsr',
  ashr: 'asr',
};

/** An operation that nothing else wants the result of. */
function folded(s: Selector, v: Value): Arm | null {
  const inst = s.fold(v, ...(Object.keys(DONE_THERE) as Op[]));
  if (!inst) return null;
  const [a, b] = inst.args as [Value, Value];
  const from = s.constOf(a);
  if (from !== undefined)
    return inst.op === 'sub' && isPattern(from)
      ? { operands: [s.use(b), s.imm(from)], name: 'rsb.i.it', register: false }
      : null;
  const name = DONE_THERE[inst.op]!;
  const c = s.constOf(b);
  const made = (by: string, second: Operand): Arm => ({ operands: [s.use(a), second], name: by, register: false });
  if (inst.op === 'shl' || inst.op === 'lshr' || inst.op === 'ashr') {
    const amount = shiftAmount(s, inst);
    // By a register the amount would have to be masked first.
    return amount ? made(`${name}.i.it`, s.imm(amount)) : null;
  }
  if (c === undefined) return made(`${name}.it`, s.use(b));
  if (inst.op === 'add' || inst.op === 'sub') {
    const k = c === 0 ? null : addConstant(inst.op === 'add' ? c : negate(c));
    return k && made(k.name.startsWith('add') ? 'add.i.it' : 'sub.i.it', s.imm(k.imm));
  }
  return isPattern(c) ? made(`${name}.i`, s.imm(c)) : null;
}

function arm(s: Selector, v: Value): Arm {
  const c = s.constOf(v);
  if (c !== undefined && loadable(c)) return { operands: [s.imm(c)], name: 'mov.i.it', register: false };
  if (c !== undefined && isPattern(invert(c))) return { operands: [s.imm(invert(c))], name: 'mvn.i', register: false };
  return folded(s, v) ?? { operands: [s.use(v)], name: 'mov', register: true };
}

export const select: Rule = (s, inst) => {
  const c = compareNonZero(s, inst.args[0]!);
  const yes = arm(s, inst.args[1]!);
  const no = arm(s, inst.args[2]!);
  const count = yes.operands.length;
  const end = count + no.operands.length;
  // In the place of an arm that ends here, that arm is nothing to do.
  const near = [...(yes.register ? [1] : []), ...(no.register ? [1 + count] : [])];
  const { spec, reg } = s.def(inst.results[0]!);
  const result: Operand = { spec: { ...spec, near } as Operand['spec'], reg };
  const operands = [result, ...yes.operands, ...no.operands, ...c.operands];
  s.emit(`select.${c.name}`, inst.origin, operands, ([d, ...ops], asm) => {
    const [a, b] = [ops.slice(0, count), ops.slice(count, end)];
    c.emit(ops.slice(end), asm);
    const write = (way: Arm, own: readonly number[], to: Asm): void => to.inst(way.name, d!, ...own);
    const skipYes = yes.register && a[0] === d;
    const skipNo = no.register && b[0] === d;
    if (skipYes && skipNo) return;
    if (skipYes) itBlock(c.condition ^ 1, [true], asm);
    else itBlock(c.condition, skipNo ? [true] : [true, false], asm);
    if (!skipYes) write(yes, a, asm);
    if (!skipNo) write(no, b, asm);
  });
  return true;
};
