// SPDX-License-Identifier: MIT
import { early, type Lowering, lowerFunction, type Rule } from '../../compiler/codegen/lower.js';
import type { MFunc } from '../../compiler/codegen/machine.js';
import type { Features } from '../../compiler/codegen/select.js';
import type { LowerContext } from '../../compiler/codegen/target.js';
import type { Func, Op } from '../../compiler/ir/ir.js';
import { A0, type Abi, abiOf, SP } from './abi.js';
import * as alu from './lower-alu.js';
import * as calls from './lower-calls.js';
import { compare32, compare64, jumpIf, nameOf } from './lower-compare.js';
import { icmp, icmp64 } from './lower-icmp.js';
import * as memory from './lower-memory.js';
import { RiscvSelector } from './lower-select.js';
import * as wide from './lower-wide.js';

/** How each operation is selected: the first rule that matches wins. */
const RULES = {
  const: [alu.constant],
  add: alu.ADD,
  sub: alu.SUB,
  mul: [...alu.MUL, calls.intrinsic('umul64')],
  udiv: [alu.divide('divu'), calls.intrinsic('udiv32')],
  sdiv: [alu.divide('div'), calls.intrinsic('sdiv32')],
  umod: [alu.modulo('remu'), calls.intrinsic('umod32')],
  smod: [alu.modulo('rem'), calls.intrinsic('smod32')],
  and: alu.AND,
  or: alu.OR,
  xor: alu.XOR,
  shl: alu.SHL,
  lshr: alu.LSHR,
  ashr: alu.ASHR,
  sext: alu.SEXT,
  bswap: memory.BSWAP,
  icmp: [icmp],
  select: [alu.select],
  zext: [early],
  trunc: [early],
  add64: wide.ADD64,
  sub64: wide.SUB64,
  mul64: wide.MUL64,
  umul64: wide.UMUL64,
  udiv64: [calls.intrinsic('udiv64')],
  sdiv64: [calls.intrinsic('sdiv64')],
  umod64: [calls.intrinsic('umod64')],
  smod64: [calls.intrinsic('smod64')],
  shl64: wide.SHL64,
  lshr64: wide.LSHR64,
  ashr64: wide.ASHR64,
  icmp64: [icmp64],
  base: [memory.base],
  length: [memory.length],
  load: [memory.load],
  store: [memory.store],
  atomic: [calls.atomicNative, calls.atomicCall],
  call: [calls.call],
  helper: [calls.helper],
  trapif: [calls.trapif],
  search: [calls.search],
  locate: [calls.locate],
  fuel: [memory.fuel],
  zeroframe: [memory.zeroframe],
} as const satisfies Record<Op, readonly Rule<RiscvSelector>[]>;

const lowering = (abi: Abi): Lowering<RiscvSelector> => ({
  rules: RULES,
  constant: (s, reg, value, at) => s.makeConstant(reg, value, at),
  branch: (s, cond, isWide, args, at) => {
    const c = isWide ? compare64(s, at, cond, args) : compare32(s, at, cond, args[0]!, args[1]!);
    return {
      name: nameOf(c),
      operands: c.operands,
      jump: (ops, invert, label, asm) => jumpIf(c, !invert, ops, label, asm),
    };
  },
  argumentRegisters: abi.argumentRegisters,
  resultRegisters: [A0, A0 + 1],
  incoming: (s, value, offset, { origin }) =>
    s.make('parameter', origin, [s.def(value), s.imm(offset)], ([d, o], asm) =>
      asm.inst('lw', d!, SP, asm.frame.incomingOffset + o!),
    ),
});

/** Selects instructions for one function, by what the core has. See Target.lower. */
export function lower(features: Features, fn: Func, context: LowerContext): MFunc {
  const abi = abiOf(features);
  const leaf = !fn.blocks.some((b) => b.insts.some((inst) => calls.isCall(features, inst)));
  return lowerFunction(new RiscvSelector(fn, context, features, abi, leaf), lowering(abi));
}
