// SPDX-License-Identifier: MIT
import type { Asm, MInst, MReg } from '../../compiler/codegen/machine.js';
import type { Features, Operand } from '../../compiler/codegen/select.js';
import { ATOMIC_OPS, type IntrinsicName, RIGHT_READ, RIGHT_WRITE } from '../../compiler/image/fields.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import { A0, A3, type Abi, type ArgPlaces, helperArgs, RA, RESULT_REGS, SP, wordArgs, ZERO } from './abi.js';
import type { Rule } from './lower-alu.js';
import { compare32, jumpIf, nameOf } from './lower-compare.js';
import { loadConstant } from './lower-constants.js';
import { addressIn } from './lower-memory.js';
import type { RiscvSelector as Selector } from './lower-select.js';

/** An argument word: a register or a constant. */
type Argument = { readonly reg: MReg } | { readonly constant: number };

function argument(s: Selector, v: Value): Argument {
  const constant = s.constOf(v);
  return constant === undefined ? { reg: s.need(v) } : { constant };
}

/** Clobbers are exclusive of results: those are defs. */
function clobbersWithout(abi: Abi, results: number): number {
  let mask = abi.callClobbers;
  for (let r = 0; r < results; r++) mask &= ~(1 << (A0 + r));
  return mask >>> 0;
}

/**
 * Emits a call: stack arguments one by one, then the call itself with its register arguments fixed. A constant goes
 * straight into its argument register, which the call destroys anyway.
 */
function emitCall(
  s: Selector,
  inst: Inst,
  name: string,
  args: readonly Argument[],
  where: ArgPlaces,
  transfer: (asm: Asm) => void,
  after?: (asm: Asm) => void,
): true {
  if (args.length !== where.places.length) {
    throw new Error(`${name} takes ${where.places.length} words, not ${args.length}`);
  }
  s.calls = true;
  s.outgoingBytes = Math.max(s.outgoingBytes, where.stackBytes);
  const uses: Operand[] = [];
  const constants: { reg: number; value: number }[] = [];
  args.forEach((arg, i) => {
    const place = where.places[i]!;
    if ('stack' in place) {
      const value = 'reg' in arg ? s.useReg(arg.reg) : s.constant(arg.constant, inst);
      s.plain('sw', inst, value, s.imm(SP), s.imm(place.stack));
    } else if ('reg' in arg) uses.push({ spec: { role: 'use', fixed: place.reg }, reg: arg.reg });
    else constants.push({ reg: place.reg, value: arg.constant });
  });
  const { results } = inst;
  if (results.length > RESULT_REGS) throw new Error(`${name} has ${results.length} results`);
  const more: Partial<MInst> = { clobbers: clobbersWithout(s.abi, results.length) };
  s.emit(
    name,
    inst.origin,
    [...results.map((r, i) => s.defFixed(r, A0 + i)), ...uses],
    (_, asm) => {
      for (const c of constants) loadConstant(c.reg, c.value, asm);
      transfer(asm);
      after?.(asm);
    },
    more,
  );
  return true;
}

/** A call through a slot of the instance. */
function through({ scratch, instance }: Abi, slot: number, asm: Asm): void {
  asm.inst('lw', scratch, instance, slot);
  asm.inst('jalr', RA, scratch, 0);
}

export const call: Rule = (s, inst) => {
  const callee = s.context.callee(inst.callee!);
  if (callee.results.length !== inst.results.length) {
    throw new Error(`function ${inst.callee} has ${callee.results.length} results, not ${inst.results.length}`);
  }
  const args = inst.args.map((v) => argument(s, v));
  return emitCall(s, inst, `call ${inst.callee}`, args, wordArgs(s.abi, callee.params.length), (asm) =>
    asm.ref('jal', asm.functionLabel(inst.callee!, false), RA),
  );
};

export const helper: Rule = (s, inst) => {
  const row = s.context.helper(inst.helper!);
  const slot = s.context.helperSlot(row.id);
  const args = inst.args.map((v) => argument(s, v));
  return emitCall(s, inst, `helper ${row.name}`, args, helperArgs(s.abi, row.args), (asm) => {
    asm.inst('addi', A0, s.abi.instance, 0);
    through(s.abi, slot, asm);
  });
};

/** The runtime's routine for an operation: its operands, word by word, and its results. */
export const intrinsic =
  (name: IntrinsicName): Rule =>
  (s, inst) => {
    const slot = s.context.intrinsicSlot(name);
    const args = inst.args.map((v) => argument(s, v));
    return emitCall(s, inst, name, args, wordArgs(s.abi, args.length), (asm) => through(s.abi, slot, asm));
  };

export const search: Rule = (s, inst) => {
  const slot = s.context.intrinsicSlot('search');
  const rights = inst.write ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ;
  const args = inst.args.map((v) => argument(s, v));
  return emitCall(
    s,
    inst,
    'search',
    args,
    wordArgs(s.abi, args.length, 1),
    (asm) => {
      asm.inst('addi', A0, s.abi.instance, 0);
      loadConstant(A3, rights, asm);
      through(s.abi, slot, asm);
    },
    (asm) => asm.ref('beq', asm.trapSite(inst.trap ?? 'memory', inst.origin), A0, ZERO),
  );
};

export const locate: Rule = (s, inst) => {
  const slot = s.context.intrinsicSlot('locate');
  return emitCall(s, inst, 'locate', [argument(s, inst.args[0]!)], wordArgs(s.abi, 1, 1), (asm) => {
    asm.inst('addi', A0, s.abi.instance, 0);
    loadConstant(A0 + 2, Number(inst.imm), asm);
    through(s.abi, slot, asm);
  });
};

export const trapif: Rule = (s, inst) => {
  const c = compare32(s, inst, inst.cond!, inst.args[0]!, inst.args[1]!);
  s.emit(`trapif.${nameOf(c)}`, inst.origin, c.operands, (ops, asm) =>
    jumpIf(c, true, ops, asm.trapSite(inst.trap!, inst.origin), asm),
  );
  return true;
};

const AMO = {
  add: 'amoadd.w.aqrl',
  or: 'amoor.w.aqrl',
  and: 'amoand.w.aqrl',
  xor: 'amoxor.w.aqrl',
  xchg: 'amoswap.w.aqrl',
} as const;

/** May the A extension do it? Its accesses are words at multiples of 4. */
const native = (features: Features, inst: Inst): boolean =>
  features.atomics === true && inst.size === 4 && (inst.access?.align ?? 1) >= 4;

/** An iteration of the loop is 4 instructions; another one is needed only if the reservation was lost to an interrupt. */
const EXCHANGE_EXECUTES = 8;

/**
 * Fully ordered, as eBPF's atomics are. The loop is one that the manual guarantees to succeed in the end: at most 16
 * instructions, no other access to memory, no jump backwards but the retry ("A" extension, eventual success of sc.w).
 */
export const atomicNative: Rule = (s, inst) => {
  if (!native(s.features, inst)) return false;
  const address = addressIn(s, inst);
  const result = inst.results[0];
  const wanted = result !== undefined && s.isNeeded(result);
  const [x, y] = inst.args.slice(1) as [Value, Value];
  if (inst.atomic !== 'cmpxchg') {
    return s.plain(AMO[inst.atomic!], inst, wanted ? s.def(result) : s.imm(ZERO), s.use(x), address);
  }
  const old: Operand = wanted ? s.defEarly(result) : s.temp();
  s.emit(
    'cmpxchg',
    inst.origin,
    [old, s.use(x), s.use(y), address, s.temp()],
    ([d, expected, value, base, failed], asm) => {
      const [again, out] = [asm.newLabel(), asm.newLabel()];
      asm.bind(again);
      asm.inst('lr.w.aqrl', d!, base!);
      asm.ref('bne', out, d!, expected!);
      asm.inst('sc.w.rl', failed!, value!, base!);
      asm.ref('bne', again, failed!, ZERO);
      asm.bind(out);
    },
    { executes: EXCHANGE_EXECUTES },
  );
  return true;
};

/** By the runtime's routine, at any alignment. */
export const atomicCall: Rule = (s, inst) => {
  const { atomic } = inst;
  const exchange = atomic === 'cmpxchg';
  const slot = s.context.intrinsicSlot(`${exchange ? 'cmpxchg' : 'atomic'}${inst.size === 8 ? 64 : 32}`);
  const values = inst.args.slice(1).map((v) => argument(s, v));
  const address = addressIn(s, inst);
  const at: Argument = address.spec.role === 'imm' ? { constant: 0 } : { reg: address.reg };
  const op: Argument[] = exchange ? [] : [{ constant: ATOMIC_OPS.indexOf(atomic as (typeof ATOMIC_OPS)[number]) }];
  const args = [...values, at, ...op];
  return emitCall(s, inst, `atomic ${atomic}`, args, wordArgs(s.abi, args.length), (asm) => through(s.abi, slot, asm));
};

/** Will the operation be a call, whatever else is decided? */
export function isCall(features: Features, inst: Inst): boolean {
  switch (inst.op) {
    case 'call':
    case 'helper':
    case 'search':
    case 'locate':
    case 'udiv64':
    case 'sdiv64':
    case 'umod64':
    case 'smod64':
      return true;
    case 'atomic':
      return !native(features, inst);
    case 'mul':
    case 'mul64':
    case 'umul64':
      return features.mul !== true;
    case 'udiv':
    case 'sdiv':
    case 'umod':
    case 'smod':
      return features.div !== true;
    default:
      return false;
  }
}
