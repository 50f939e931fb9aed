// SPDX-License-Identifier: MIT

import type { Rule } from '../../compiler/codegen/lower.js';
import type { Asm, MInst } from '../../compiler/codegen/machine.js';
import type { Operand, Selector } from '../../compiler/codegen/select.js';
import { ATOMIC_OPS, type IntrinsicName, RIGHT_READ, RIGHT_WRITE } from '../../compiler/image/fields.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import {
  type ArgPlaces,
  CALL_CLOBBERS,
  FIRST_ARG,
  helperArgs,
  INSTANCE_REG,
  localArgs,
  RESULT_REGISTERS,
  SCRATCH,
  SP,
} from './abi.js';
import { compare32 } from './lower-compare.js';
import { addTo, isAddi, loadConstant } from './lower-constants.js';

/** Clobbers are exclusive of results: those are defs. */
function clobbersWithout(results: number): number {
  let mask = CALL_CLOBBERS;
  for (let i = 0; i < results; i++) mask &= ~(1 << (FIRST_ARG + i));
  return mask >>> 0;
}

interface Call {
  readonly name: string;
  /** Argument words: values and, where the selection adds some, constants. */
  readonly args: readonly (Value | number)[];
  readonly where: ArgPlaces;
  readonly transfer: (asm: Asm) => void;
  readonly after?: (asm: Asm) => void;
}

/**
 * Emits a call: stack arguments one by one, then the call itself with its register arguments fixed. A constant goes
 * straight into its argument register, which the call destroys anyway.
 */
function emitCall(s: Selector, inst: Inst, { name, args, where, transfer, after }: Call): true {
  if (args.length !== where.places.length) {
    throw new Error(`${name} takes ${where.places.length} words, not ${args.length}`);
  }
  s.calls = true;
  s.outgoingBytes = Math.max(s.outgoingBytes, where.stackBytes);
  const uses: Operand[] = [];
  const constants: { reg: number; value: number }[] = [];
  args.forEach((v, i) => {
    const place = where.places[i]!;
    const c = typeof v === 'number' ? v : s.constOf(v);
    if ('stack' in place) {
      if (typeof v === 'number') throw new Error(`${name} passes a constant of its own on the stack`);
      s.emit('argument', inst.origin, [s.use(v), s.imm(place.stack)], ([r, o], asm) => asm.inst('s32i', r!, SP, o!));
    } else if (c !== undefined) constants.push({ reg: place.reg, value: c });
    else uses.push(s.useFixed(v as Value, place.reg));
  });
  const { results } = inst;
  if (results.length > RESULT_REGISTERS.length) throw new Error(`${name} has ${results.length} results`);
  const more: Partial<MInst> = { clobbers: clobbersWithout(results.length) };
  s.emit(
    name,
    inst.origin,
    [...results.map((r, i) => s.defFixed(r, FIRST_ARG + i)), ...uses],
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
function through(slot: number, asm: Asm): void {
  if (slot <= MAX_SLOT_OFFSET) asm.inst('l32i', SCRATCH, INSTANCE_REG, slot);
  else {
    asm.inst('addmi', SCRATCH, INSTANCE_REG, slot & ~0xff);
    asm.inst('l32i', SCRATCH, SCRATCH, slot & 0xff);
  }
  asm.inst('callx0', SCRATCH);
}
/** Reach of one load; an instance has more import slots. */
const MAX_SLOT_OFFSET = 1020;

export const call: Rule = (s, inst) => {
  const callee = s.context.callee(inst.callee!);
  if (callee.results.length !== inst.results.length) {
    throw new Error(`function ${inst.callee} has ${callee.results.length} results, not ${inst.results.length}`);
  }
  return emitCall(s, inst, {
    name: `call ${inst.callee}`,
    args: inst.args,
    where: localArgs(callee.params.length),
    transfer: (asm) => asm.ref('call0', asm.functionLabel(inst.callee!, false)),
  });
};

export const helper: Rule = (s, inst) => {
  const row = s.context.helper(inst.helper!);
  const slot = s.context.helperSlot(row.id);
  return emitCall(s, inst, {
    name: `helper ${row.name}`,
    args: inst.args,
    where: helperArgs(row.args),
    transfer: (asm) => {
      asm.inst('mov', FIRST_ARG, INSTANCE_REG);
      through(slot, asm);
    },
  });
};

/** An operation that the runtime has a routine for; its 64-bit arguments come first, so all words follow each other. */
export const intrinsic =
  (name: IntrinsicName): Rule =>
  (s, inst) => {
    const slot = s.context.intrinsicSlot(name);
    return emitCall(s, inst, {
      name,
      args: inst.args,
      where: localArgs(inst.args.length),
      transfer: (asm) => through(slot, asm),
    });
  };

export const search: Rule = (s, inst) => {
  const slot = s.context.intrinsicSlot('search');
  const rights = inst.write ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ;
  return emitCall(s, inst, {
    name: 'search',
    args: [...inst.args, rights],
    where: helperArgs([{ kind: 'u32' }, { kind: 'u32' }, { kind: 'u32' }]),
    transfer: (asm) => {
      asm.inst('mov', FIRST_ARG, INSTANCE_REG);
      through(slot, asm);
    },
    after: (asm) => asm.ref('beqz', asm.trapSite(inst.trap ?? 'memory', inst.origin), FIRST_ARG),
  });
};

export const locate: Rule = (s, inst) => {
  const slot = s.context.intrinsicSlot('locate');
  return emitCall(s, inst, {
    name: 'locate',
    args: [...inst.args, Number(inst.imm)],
    where: helperArgs([{ kind: 'u32' }, { kind: 'u32' }]),
    transfer: (asm) => {
      asm.inst('mov', FIRST_ARG, INSTANCE_REG);
      through(slot, asm);
    },
  });
};

export const trapif: Rule = (s, inst) => {
  const c = compare32(s, inst.cond!, inst.args[0]!, inst.args[1]!);
  s.emit(`trapif.${c.name}`, inst.origin, c.operands, (ops, asm) =>
    c.jump(ops, true, asm.trapSite(inst.trap!, inst.origin), asm),
  );
  return true;
};

/** Read-modify-write by the runtime's routine, whatever the alignment. The address is the last word but the operation's number. */
export const atomicCall: Rule = (s, inst) => {
  const [address, ...values] = inst.args as [Value, ...Value[]];
  const exchange = inst.atomic === 'cmpxchg';
  const slot = s.context.intrinsicSlot(`${exchange ? 'cmpxchg' : 'atomic'}${inst.size === 8 ? 64 : 32}`);
  const args = [...values, address, ...(exchange ? [] : [ATOMIC_OPS.indexOf(inst.atomic as 'add')])];
  const at = FIRST_ARG + values.length;
  const off = inst.off ?? 0;
  return emitCall(s, inst, {
    name: `atomic.${inst.atomic}`,
    args,
    where: localArgs(args.length),
    transfer: (asm) => {
      addTo(at, at, off, SCRATCH, asm);
      through(slot, asm);
    },
  });
};

const MODIFY = { add: 'add', or: 'or', and: 'and', xor: 'xor' } as const;
/** Times that the swap can fail because something else wrote the word in between, as far as the worst case counts it. */
const RETRIES = 1;

/**
 * A word at a multiple of 4 by compare-and-swap: s32c1i stores a register if the word is what SCOMPARE1 holds, and gives what
 * was there. It orders memory accesses before and after it as well.
 */
export const atomicWord: Rule = (s, inst) => {
  if (!s.features.s32c1i || inst.size !== 4 || (inst.access?.align ?? 1) < 4) return false;
  const [address, ...values] = inst.args as [Value, ...Value[]];
  const old = inst.results[0];
  const off = inst.off ?? 0;
  const near = off >= 0 && off <= 1020 && off % 4 === 0;
  /** The address as the instructions take it; far away in a register of its own. */
  const tail = [s.use(address), s.imm(off), ...(near ? [] : [s.temp()])];
  const place = ([base, offset, temp]: readonly number[], asm: Asm): readonly [number, number] => {
    if (temp === undefined) return [base!, offset!];
    addTo(temp, base!, offset!, temp, asm);
    return [temp, 0];
  };
  if (inst.atomic === 'cmpxchg') {
    const [expected, value] = values as [Value, Value];
    const result = old ? s.defEarly(old) : s.temp();
    s.emit('atomic.cmpxchg', inst.origin, [result, s.use(expected), s.use(value), ...tail], ([d, e, v, ...at], asm) => {
      const [base, offset] = place(at, asm);
      asm.inst('mov', d!, v!);
      asm.inst('wsr.scompare1', e!);
      asm.inst('s32c1i', d!, base, offset);
    });
    return true;
  }
  const result = old ? s.defEarly(old) : s.temp();
  const name = inst.atomic!;
  const c = s.constOf(values[0]!);
  const small = name === 'add' && c !== undefined && isAddi(c) ? c | 0 : undefined;
  const body = 5;
  s.emit(
    `atomic.${name}`,
    inst.origin,
    [result, small === undefined ? s.use(values[0]!) : s.imm(small), ...tail],
    ([d, v, ...at], asm) => {
      const [base, offset] = place(at, asm);
      const again = asm.newLabel();
      asm.inst('l32i', SCRATCH, base, offset);
      asm.bind(again);
      asm.inst('mov', d!, SCRATCH);
      asm.inst('wsr.scompare1', d!);
      if (small !== undefined) asm.inst('addi', SCRATCH, d!, v!);
      else if (name === 'xchg') asm.inst('mov', SCRATCH, v!);
      else asm.inst(MODIFY[name as keyof typeof MODIFY], SCRATCH, d!, v!);
      asm.inst('s32c1i', SCRATCH, base, offset);
      asm.ref('bne', again, SCRATCH, d!);
    },
    { executes: 3 + (1 + RETRIES) * body },
  );
  return true;
};
