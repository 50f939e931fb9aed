// SPDX-License-Identifier: MIT
import { early, type Lowering, lowerFunction, type Rule } from '../../compiler/codegen/lower.js';
import type { MFunc } from '../../compiler/codegen/machine.js';
import { type Features, Selector } from '../../compiler/codegen/select.js';
import type { LowerContext } from '../../compiler/codegen/target.js';
import type { Func, Op } from '../../compiler/ir/ir.js';
import { ARGUMENT_REGISTERS, RESULT_REGISTERS } from './abi.js';
import * as alu from './lower-alu.js';
import * as bits from './lower-bits.js';
import * as calls from './lower-calls.js';
import { compare32, compare64 } from './lower-compare.js';
import { loadConstant } from './lower-constants.js';
import { loadFromFrame, move } from './lower-frame.js';
import * as memory from './lower-memory.js';
import * as wide from './lower-wide.js';

/** How each operation is selected: the first rule that matches wins. */
const RULES = {
  const: [alu.constant],
  add: alu.ADD,
  sub: alu.SUB,
  mul: alu.MUL,
  udiv: [alu.divide('quou'), calls.intrinsic('udiv32')],
  sdiv: [alu.divide('quos'), calls.intrinsic('sdiv32')],
  umod: [alu.modulo('remu'), calls.intrinsic('umod32')],
  smod: [alu.modulo('rems'), calls.intrinsic('smod32')],
  and: bits.AND,
  or: alu.OR,
  xor: alu.XOR,
  shl: bits.SHL,
  lshr: bits.LSHR,
  ashr: bits.ASHR,
  sext: bits.SEXT,
  bswap: bits.BSWAP,
  icmp: [alu.icmp],
  select: alu.SELECT,
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
  icmp64: [alu.icmp],
  base: [memory.base],
  length: [memory.length],
  load: memory.LOAD,
  store: memory.STORE,
  atomic: [calls.atomicWord, calls.atomicCall],
  call: [calls.call],
  helper: [calls.helper],
  trapif: [calls.trapif],
  search: [calls.search],
  locate: [calls.locate],
  fuel: [memory.fuel],
  zeroframe: [memory.zeroframe],
} as const satisfies Record<Op, readonly Rule[]>;

const LOWERING: Lowering = {
  rules: RULES,
  constant: (s, reg, value, { origin }) =>
    s.make(
      'const',
      origin,
      [{ spec: { role: 'def' }, reg }, s.imm(value)],
      ([rd, v], asm) => loadConstant(rd!, v!, asm),
      { remat: true },
    ),
  branch: (s, cond, isWide, args) => {
    const c = isWide ? compare64(s, cond, args) : compare32(s, cond, args[0]!, args[1]!);
    return { ...c, jump: (ops, invert, label, asm) => c.jump(ops, !invert, label, asm) };
  },
  argumentRegisters: ARGUMENT_REGISTERS,
  resultRegisters: RESULT_REGISTERS,
  incoming: (s, value, offset, { origin }) =>
    s.make('parameter', origin, [s.def(value), s.imm(offset)], ([d, o], asm) =>
      loadFromFrame(d!, asm.frame.incomingOffset + o!, asm),
    ),
};

/** Selects instructions for one function, by what the core has. See Target.lower. */
export const lower =
  (features: Features) =>
  (fn: Func, context: LowerContext): MFunc =>
    lowerFunction(new Selector(fn, context, features, move), LOWERING);
