// SPDX-License-Identifier: MIT
import type { Asm, MInst } from '../../compiler/codegen/machine.js';
import { CONFORMANCE_HELPERS, HELPERS, type HelperRow } from '../../compiler/contract/helpers.js';
import { type IntrinsicName, RIGHT_READ, RIGHT_WRITE } from '../../compiler/image/fields.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import {
  type ArgPlace,
  CALL_CLOBBERS,
  helperArgs,
  INSTANCE_REG,
  localArgs,
  R0,
  RESULT_REGS,
  SCRATCH,
  SP,
} from './abi.js';
import type { Rule } from './lower-alu.js';
import { type Compare, compare32, jumpIf } from './lower-compare.js';
import { loadConstant } from './lower-constants.js';
import type { Operand, Selector } from './lower-select.js';

/** Clobbers are exclusive of results: those are defs. */
function clobbersWithout(results: number): number {
  let mask = CALL_CLOBBERS;
  for (let r = 0; r < results; r++) mask &= ~(1 << r);
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
  args: readonly Value[],
  where: { places: readonly ArgPlace[]; stackBytes: number },
  transfer: (asm: Asm) => void,
  after?: (asm: Asm) => void,
): true {
  if (args.length !== where.places.length) {
    throw new Error(`${name} takes ${where.places.length} words, not ${args.length}`);
  }
  s.outgoingBytes = Math.max(s.outgoingBytes, where.stackBytes);
  const uses: Operand[] = [];
  const constants: { reg: number; value: number }[] = [];
  args.forEach((v, i) => {
    const place = where.places[i]!;
    const c = s.constOf(v);
    if ('stack' in place) {
      s.emit('argument', inst.origin, [s.use(v), s.imm(place.stack)], ([r, o], asm) => asm.inst('str', r!, SP, o!));
    } else if (c !== undefined) constants.push({ reg: place.reg, value: c });
    else uses.push(s.useFixed(v, place.reg));
  });
  const { results } = inst;
  if (results.length > RESULT_REGS) throw new Error(`${name} has ${results.length} results`);
  const more: Partial<MInst> = { clobbers: clobbersWithout(results.length) };
  s.emit(
    name,
    inst.origin,
    [...results.map((r, i) => s.defFixed(r, i)), ...uses],
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
  asm.inst('ldr', SCRATCH, INSTANCE_REG, slot);
  asm.inst('blx', SCRATCH);
}

export const call: Rule = (s, inst) => {
  const callee = s.context.callee(inst.callee!);
  if (callee.results.length !== inst.results.length) {
    throw new Error(`function ${inst.callee} has ${callee.results.length} results, not ${inst.results.length}`);
  }
  return emitCall(s, inst, `call ${inst.callee}`, inst.args, localArgs(callee.params.length), (asm) =>
    asm.ref('bl', asm.functionLabel(inst.callee!, false)),
  );
};

const ROWS: readonly HelperRow[] = [...HELPERS, ...CONFORMANCE_HELPERS];

export const helper: Rule = (s, inst) => {
  const row = ROWS.find((r) => r.id === inst.helper);
  if (!row) throw new Error(`helper ${inst.helper} has no signature`);
  const slot = s.context.helperSlot(row.id);
  return emitCall(s, inst, `helper ${row.name}`, inst.args, helperArgs(row.args), (asm) => {
    asm.inst('mov', R0, INSTANCE_REG);
    through(slot, asm);
  });
};

/** A 64-bit operation that the runtime has a routine for: both operands and the result in r0..r3. */
export const intrinsic =
  (name: IntrinsicName): Rule =>
  (s, inst) => {
    const slot = s.context.intrinsicSlot(name);
    return emitCall(s, inst, name, inst.args, localArgs(4), (asm) => through(slot, asm));
  };

export const search: Rule = (s, inst) => {
  const slot = s.context.intrinsicSlot('search');
  const rights = inst.write ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ;
  const places = helperArgs([{ kind: 'u32' }, { kind: 'u32' }]);
  return emitCall(
    s,
    inst,
    'search',
    inst.args,
    places,
    (asm) => {
      asm.inst('mov', R0, INSTANCE_REG);
      loadConstant(3, rights, asm);
      through(slot, asm);
    },
    (asm) => jumpIf(REFUSED, [R0, 0], asm.trapSite(inst.trap ?? 'memory', inst.origin), asm),
  );
};

/** r0 = 0. */
const REFUSED: Compare = {
  name: 'cmp.i',
  operands: [],
  condition: 0,
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
