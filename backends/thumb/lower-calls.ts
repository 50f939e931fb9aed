// SPDX-License-Identifier: MIT

import type { Rule } from '../../compiler/codegen/lower.js';
import type { Asm, MInst } from '../../compiler/codegen/machine.js';
import type { Features, Operand, Selector } from '../../compiler/codegen/select.js';
import { INTRINSICS, type IntrinsicName, RIGHT_READ, RIGHT_WRITE } from '../../compiler/image/fields.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import {
  type ArgPlace,
  CALL_CLOBBERS,
  helperArgs,
  INSTANCE_REG,
  intrinsicArgs,
  KEPT_REGISTERS,
  localArgs,
  R0,
  RESULT_REGS,
  SCRATCH,
  SP,
} from './abi.js';
import { type Compare, compare32, EQ, jumpIf } from './lower-compare.js';
import { addConstant, addTo, loadConstant } from './lower-constants.js';
import { branchShort } from './short-compare.js';
import { addShort, addShortTo, loadField, loadShort } from './short-constants.js';

/** Clobbers are exclusive of results: those are defs. */
function clobbersWithout(results: number): number {
  let mask = CALL_CLOBBERS;
  for (let r = 0; r < results; r++) mask &= ~(1 << r);
  return mask >>> 0;
}

/** rd = constant, by what the core has. */
function load(rd: number, value: number, asm: Asm, features: Features): void {
  if (features.v7m) loadConstant(rd, value, asm);
  else loadShort(rd, value, asm, features);
}

/** rd = rn + c, by what the core has; the scratch register may be destroyed. */
export function addConstantTo(rd: number, rn: number, c: number, asm: Asm, features: Features): void {
  if (!features.v7m) addShortTo(rd, rn, c >>> 0, asm, features);
  else if (c === 0 || addConstant(c >>> 0)) addTo(rd, rn, c >>> 0, asm);
  else {
    loadConstant(SCRATCH, c >>> 0, asm);
    asm.inst('adds', rd, rn, SCRATCH);
  }
}

/** An argument word: a value, a value and a constant to add to it, or a number. */
export type Word = Value | { readonly value: Value; readonly plus: number } | number;

interface Call {
  readonly name: string;
  readonly words: readonly Word[];
  readonly places: readonly ArgPlace[];
  readonly stackBytes: number;
  /** r0 is the instance. */
  readonly instance: boolean;
  /** Slot of the instance that holds the address; null: a function of the text, by `transfer`. */
  readonly slot: number | null;
  readonly transfer?: (asm: Asm) => void;
  readonly after?: (asm: Asm) => void;
}

/**
 * Emits a call: stack arguments one by one, then the call itself with its register arguments fixed. A constant goes
 * straight into its argument register, which the call destroys anyway.
 */
function emitCall(s: Selector, inst: Inst, call: Call): true {
  const { name, words, places, instance, slot } = call;
  const { features } = s;
  if (words.length !== places.length) throw new Error(`${name} takes ${places.length} words, not ${words.length}`);
  s.outgoingBytes = Math.max(s.outgoingBytes, call.stackBytes);
  s.calls = true;
  const uses: Operand[] = [];
  const constants: { reg: number; value: number }[] = [];
  let taken = instance ? 1 << R0 : 0;
  words.forEach((w, i) => {
    const place = places[i]!;
    if ('stack' in place) {
      stackArgument(s, inst, w, place.stack);
      return;
    }
    const { reg } = place;
    taken |= 1 << reg;
    const known = typeof w === 'number' ? w : 'plus' in w ? undefined : s.constOf(w);
    if (known !== undefined) {
      constants.push({ reg, value: known });
      return;
    }
    uses.push(typeof w === 'object' && 'plus' in w ? sum(s, inst, w, reg) : s.useFixed(valueIn(w), reg));
  });
  const { results } = inst;
  if (results.length > RESULT_REGS) throw new Error(`${name} has ${results.length} results`);
  // The address of what is called: in the scratch register, or where only low ones load, in one that no argument takes.
  const spare = [3, 2, 1, 0].find((r) => !((taken >>> r) & 1));
  const temps = slot === null || features.v7m || spare !== undefined ? [] : [keptTemp(s)];
  const first = results.length + uses.length;
  s.emit(
    name,
    inst.origin,
    [...results.map((r, i) => s.defFixed(r, i)), ...uses, ...temps],
    (ops, asm) => {
      for (const c of constants) load(c.reg, c.value, asm, features);
      if (instance) asm.inst('mov', R0, INSTANCE_REG);
      if (slot !== null) through(slot, features.v7m ? SCRATCH : (spare ?? ops[first]!), instance, asm, features);
      call.transfer?.(asm);
      call.after?.(asm);
    },
    { clobbers: clobbersWithout(results.length) } satisfies Partial<MInst>,
  );
  return true;
}

/** A value and a constant, added up in a register of its own that becomes the argument's. */
function sum(s: Selector, inst: Inst, w: { readonly value: Value; readonly plus: number }, fixed: number): Operand {
  if (w.plus === 0) return s.useFixed(w.value, fixed);
  const reg = s.fresh();
  const { features } = s;
  // Two-address where only that takes the constant.
  const c = w.plus >>> 0;
  const inPlace = !features.v7m && addShort(c, true) === null && addShort(c, false) !== null;
  const def: Operand = { spec: inPlace ? { role: 'def', tied: 1 } : { role: 'def' }, reg };
  s.emit('argument', inst.origin, [def, s.use(w.value), s.imm(w.plus)], ([d, n, k], asm) =>
    addConstantTo(d!, n!, k!, asm, features),
  );
  return { spec: { role: 'use', fixed }, reg };
}

const keptTemp = (s: Selector): Operand => ({ spec: { role: 'temp', mask: KEPT_REGISTERS }, reg: s.fresh() });

function valueIn(w: Word): Value {
  if (typeof w === 'number') throw new Error('a number has no register');
  return 'plus' in w ? w.value : w;
}

function stackArgument(s: Selector, inst: Inst, w: Word, at: number): void {
  const { features } = s;
  if (typeof w === 'number') {
    s.emit('argument', inst.origin, [s.temp(), s.imm(w), s.imm(at)], ([t, v, o], asm) => {
      load(t!, v! >>> 0, asm, features);
      asm.inst('str', t!, SP, o!);
    });
  } else if ('plus' in w) {
    const operands = [s.temp(), s.use(w.value), s.imm(w.plus), s.imm(at)];
    s.emit('argument', inst.origin, operands, ([t, v, c, o], asm) => {
      addConstantTo(t!, v!, c!, asm, features);
      asm.inst('str', t!, SP, o!);
    });
  } else s.emit('argument', inst.origin, [s.use(w), s.imm(at)], ([r, o], asm) => asm.inst('str', r!, SP, o!));
}

/** A call through a slot of the instance, which is in r0 if `instance`; `to` is destroyed. */
function through(slot: number, to: number, instance: boolean, asm: Asm, features: Features): void {
  if (features.v7m) asm.inst('ldr', to, INSTANCE_REG, slot);
  else if (!instance) loadField(to, slot, asm, features);
  else if (slot <= 124) asm.inst('ldr', to, R0, slot);
  else {
    loadShort(to, slot, asm, features);
    asm.inst('ldr.r', to, R0, to, 0);
  }
  asm.inst('blx', to);
}

export const call: Rule = (s, inst) => {
  const callee = s.context.callee(inst.callee!);
  if (callee.results.length !== inst.results.length) {
    throw new Error(`function ${inst.callee} has ${callee.results.length} results, not ${inst.results.length}`);
  }
  return emitCall(s, inst, {
    name: `call ${inst.callee}`,
    words: inst.args,
    ...localArgs(callee.params.length),
    instance: false,
    slot: null,
    transfer: (asm) => asm.ref('bl', asm.functionLabel(inst.callee!, false)),
  });
};

export const helper: Rule = (s, inst) => {
  const row = s.context.helper(inst.helper!);
  return emitCall(s, inst, {
    name: `helper ${row.name}`,
    words: inst.args,
    ...helperArgs(row.args),
    instance: true,
    slot: s.context.helperSlot(row.id),
  });
};

/** Calls a routine of the runtime that does not get the instance. */
export function callIntrinsic(s: Selector, inst: Inst, name: IntrinsicName, words: readonly Word[]): true {
  const row = INTRINSICS.find((r) => r.name === name)!;
  return emitCall(s, inst, {
    name,
    words,
    ...intrinsicArgs(row.args),
    instance: false,
    slot: s.context.intrinsicSlot(name),
  });
}

/** An operation that the runtime has a routine for. */
export const intrinsic =
  (name: IntrinsicName): Rule =>
  (s, inst) =>
    callIntrinsic(s, inst, name, inst.args);

export const search: Rule = (s, inst) =>
  emitCall(s, inst, {
    name: 'search',
    words: [...inst.args, inst.write ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ],
    ...helperArgs([{ kind: 'u32' }, { kind: 'u32' }, { kind: 'u32' }]),
    instance: true,
    slot: s.context.intrinsicSlot('search'),
    after: (asm) => {
      const site = asm.trapSite(inst.trap ?? 'memory', inst.origin);
      if (s.features.v7m) jumpIf(REFUSED, [R0, 0], site, asm);
      else branchShort(s, REFUSED, [R0, 0], site, true, asm);
    },
  });

export const locate: Rule = (s, inst) =>
  emitCall(s, inst, {
    name: 'locate',
    words: [...inst.args, Number(inst.imm)],
    ...helperArgs([{ kind: 'u32' }, { kind: 'u32' }]),
    instance: true,
    slot: s.context.intrinsicSlot('locate'),
  });

/** r0 = 0. */
const REFUSED: Compare = {
  name: 'cmp.i',
  operands: [],
  condition: EQ,
  zero: true,
  emit: (ops, asm) => asm.inst('cmp.i', ...ops),
};

export const trapif: Rule = (s, inst) => {
  const c = compare32(s, inst.cond!, inst.args[0]!, inst.args[1]!);
  s.emit(`trapif.${c.name}`, inst.origin, c.operands, (ops, asm) =>
    jumpIf(c, ops, asm.trapSite(inst.trap!, inst.origin), asm),
  );
  return true;
};
