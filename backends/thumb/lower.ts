// SPDX-License-Identifier: MIT

import { early, type Lowering, lowerFunction, type Rule } from '../../compiler/codegen/lower.js';
import type { MReg } from '../../compiler/codegen/machine.js';
import type { Features } from '../../compiler/codegen/select.js';
import type { LowerContext } from '../../compiler/codegen/target.js';
import type { Func, Op } from '../../compiler/ir/ir.js';
import { R0, R1, R2, R3, SP } from './abi.js';
import * as alu from './lower-alu.js';
import { ATOMIC } from './lower-atomic.js';
import { ICMP, ICMP64 } from './lower-bool.js';
import * as calls from './lower-calls.js';
import { compare32, compare64, jumpIf } from './lower-compare.js';
import { loadConstant } from './lower-constants.js';
import { move } from './lower-frame.js';
import * as memory from './lower-memory.js';
import { select } from './lower-select.js';
import * as wide from './lower-wide.js';
import { Selector } from './selector.js';
import * as short from './short-alu.js';
import { branchShort, compareShort, compareShort64 } from './short-compare.js';
import * as condition from './short-condition.js';
import { loadShort } from './short-constants.js';
import * as shortMemory from './short-memory.js';
import { loadFromStack, viaLow } from './short-stack.js';
import * as shortWide from './short-wide.js';

/** What is selected alike on all cores. */
const COMMON = {
  zext: [early],
  trunc: [early],
  udiv64: [calls.intrinsic('udiv64')],
  sdiv64: [calls.intrinsic('sdiv64')],
  umod64: [calls.intrinsic('umod64')],
  smod64: [calls.intrinsic('smod64')],
  atomic: ATOMIC,
  call: [calls.call],
  helper: [calls.helper],
  search: [calls.search],
  locate: [calls.locate],
} as const satisfies Partial<Record<Op, readonly Rule<Selector>[]>>;

/** How each operation is selected with the ARMv7-M instructions: the first rule that matches wins. */
const MAINLINE = {
  ...COMMON,
  const: [alu.constant],
  add: alu.ADD,
  sub: alu.SUB,
  mul: alu.MUL,
  udiv: [alu.divide('udiv')],
  sdiv: [alu.divide('sdiv')],
  umod: [alu.modulo('udiv')],
  smod: [alu.modulo('sdiv')],
  and: alu.AND,
  or: alu.OR,
  xor: alu.XOR,
  shl: alu.SHL,
  lshr: alu.LSHR,
  ashr: alu.ASHR,
  sext: alu.SEXT,
  bswap: alu.BSWAP,
  icmp: ICMP,
  select: [select],
  add64: wide.ADD64,
  sub64: wide.SUB64,
  mul64: wide.MUL64,
  umul64: wide.UMUL64,
  shl64: wide.SHL64,
  lshr64: wide.LSHR64,
  ashr64: wide.ASHR64,
  icmp64: ICMP64,
  base: [memory.base],
  length: [memory.length],
  load: memory.LOAD,
  store: memory.STORE,
  trapif: [calls.trapif],
  fuel: [memory.fuel],
  zeroframe: [memory.zeroframe],
} as const satisfies Record<Op, readonly Rule<Selector>[]>;

/** The same with 16-bit encodings, and what ARMv8-M baseline has beyond them. */
const SHORT = {
  ...COMMON,
  const: [short.constant],
  add: short.ADD,
  sub: short.SUB,
  mul: short.MUL,
  udiv: [short.divide('udiv'), calls.intrinsic('udiv32')],
  sdiv: [short.divide('sdiv'), calls.intrinsic('sdiv32')],
  umod: [short.modulo('udiv'), calls.intrinsic('umod32')],
  smod: [short.modulo('sdiv'), calls.intrinsic('smod32')],
  and: short.AND,
  or: short.OR,
  xor: short.XOR,
  shl: short.SHL,
  lshr: short.LSHR,
  ashr: short.ASHR,
  sext: short.SEXT,
  bswap: alu.BSWAP,
  icmp: condition.ICMP,
  select: condition.SELECT,
  add64: shortWide.ADD64,
  sub64: shortWide.SUB64,
  mul64: [...shortWide.MUL64, calls.intrinsic('mul64')],
  umul64: [calls.intrinsic('umul64')],
  shl64: [calls.intrinsic('shl64')],
  lshr64: [calls.intrinsic('lshr64')],
  ashr64: [calls.intrinsic('ashr64')],
  icmp64: condition.ICMP,
  base: [shortMemory.base],
  length: [shortMemory.length],
  load: shortMemory.LOAD,
  store: shortMemory.STORE,
  trapif: [condition.trapif],
  fuel: [shortMemory.fuel],
  zeroframe: [shortMemory.zeroframe],
} as const satisfies Record<Op, readonly Rule<Selector>[]>;

function lowering(features: Features): Lowering<Selector> {
  const full = features.v7m === true;
  return {
    rules: full ? MAINLINE : SHORT,
    constant: (s: Selector, reg: MReg, value, { origin }) =>
      s.make(
        'const',
        origin,
        [{ spec: { role: 'def' }, reg }, s.imm(value)],
        ([rd, v], asm) => {
          if (full) loadConstant(rd!, v! >>> 0, asm);
          else viaLow(rd!, asm, (low) => loadShort(low, v! >>> 0, asm, features));
        },
        { remat: true },
      ),
    branch: (s, cond, isWide, args) => {
      const [a, b] = args;
      if (full) {
        const c = isWide ? compare64(s, cond, args) : compare32(s, cond, a!, b!);
        return {
          name: c.name,
          operands: c.operands,
          jump: (ops, invert, label, asm) => jumpIf(invert ? { ...c, condition: c.condition ^ 1 } : c, ops, label, asm),
        };
      }
      const c = isWide ? compareShort64(s, cond, args) : compareShort(s, cond, a!, b!);
      return {
        name: c.name,
        operands: c.operands,
        jump: (ops, invert, label, asm) =>
          branchShort(s, invert ? { ...c, condition: c.condition ^ 1 } : c, ops, label, false, asm),
      };
    },
    argumentRegisters: [R0, R1, R2, R3],
    resultRegisters: [R0, R1],
    incoming: (s, value, offset, { origin }) =>
      s.make('parameter', origin, [s.def(value), s.imm(offset)], ([d, o], asm) => {
        const at = asm.frame.incomingOffset + o!;
        if (full) asm.inst('ldr', d!, SP, at);
        else loadFromStack(d!, at, asm);
      }),
  };
}

/** Selects instructions for one function, by what the core has. See Target.lower. */
export const lower =
  (features: Features) =>
  (fn: Func, context: LowerContext): ReturnType<typeof lowerFunction> =>
    lowerFunction(new Selector(fn, context, features, move), lowering(features));
