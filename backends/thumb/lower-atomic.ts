// SPDX-License-Identifier: MIT

import type { Rule } from '../../compiler/codegen/lower.js';
import type { Asm } from '../../compiler/codegen/machine.js';
import { ATOMIC_OPS } from '../../compiler/image/fields.js';
import type { Value } from '../../compiler/ir/ir.js';
import { addConstantTo, callIntrinsic, type Word } from './lower-calls.js';

/**
 * Atomic operations. One core executes the text and whatever interrupts it, in program order: ldrex and strex are enough, and
 * no barrier is needed.
 */
const MODIFY = { add: 'adds', or: 'orrs', and: 'ands', xor: 'eors' } as const;

/** Largest offset of ldrex and strex. */
const MAX_OFFSET = 1020;

/**
 * Loads, computes, and stores unless something came between, which on one core only an exception does: then once more. There is
 * no bound for that, but exceptions are not the container's work; the worst case counts one round.
 */
const exclusive: Rule = (s, inst) => {
  const { features } = s;
  if (!features.v8mbase || inst.size !== 4 || (inst.access?.align ?? 1) < 4) return false;
  const op = inst.atomic!;
  const [address, ...values] = inst.args as [Value, ...Value[]];
  const offset = inst.off ?? 0;
  const near = offset >= 0 && offset <= MAX_OFFSET && offset % 4 === 0;
  const result = inst.results[0];
  const old = result && s.isNeeded(result) ? s.defEarly(result) : s.temp();
  const computes = op !== 'xchg' && op !== 'cmpxchg';
  // The status, which has to be apart from address and value; what is computed; the address, if it takes an addition.
  const temps = Array.from({ length: 1 + (computes ? 1 : 0) + (near ? 0 : 1) }, () => s.temp());
  const operands = [old, s.use(address), s.imm(offset), ...temps, ...values.map((v) => s.use(v))];
  s.emit(
    `atomic ${op}`,
    inst.origin,
    operands,
    ([r, given, off, status, ...rest], asm) => {
      const computed = computes ? rest.shift()! : -1;
      const base = near ? given! : rest.shift()!;
      if (!near) addConstantTo(base, given!, off!, asm, features);
      const at = near ? off! : 0;
      const [again, done] = [asm.newLabel(), asm.newLabel()];
      asm.bind(again);
      asm.inst('ldrex', r!, base, at);
      if (op === 'cmpxchg') {
        asm.inst('cmp', r!, rest[0]!);
        asm.ref('bne', done);
      } else if (computes) modify(MODIFY[op], computed, r!, rest[0]!, features.v7m === true, asm);
      asm.inst('strex', status!, computes ? computed : rest.at(-1)!, base, at);
      asm.inst('cmp.i', status!, 0);
      asm.ref('bne', again);
      asm.bind(done);
    },
    // Each instruction once, as the emitter counts anyway.
    { executes: 1 },
  );
  return true;
};

/** d = a op b, all three apart. */
function modify(
  name: (typeof MODIFY)[keyof typeof MODIFY],
  d: number,
  a: number,
  b: number,
  three: boolean,
  asm: Asm,
): void {
  if (three || name === 'adds') {
    asm.inst(name, d, a, b);
    return;
  }
  asm.inst('mov', d, a);
  asm.inst(name, d, d, b);
}

/** Largest offset of ldrd and strd. */
const MAX_PAIR_OFFSET = 1020;
const MODIFY_PAIR = {
  add: ['adds', 'adcs'],
  or: ['orrs', 'orrs'],
  and: ['ands', 'ands'],
  xor: ['eors', 'eors'],
} as const;

/**
 * 64 bits with interrupts off for four instructions, of which none can fault: the access is shown to be allowed and aligned. In
 * unprivileged code PRIMASK does not change, as in the routine that does the same.
 */
const masked: Rule = (s, inst) => {
  const { features } = s;
  const op = inst.atomic!;
  if (!features.v7m || inst.size !== 8 || op === 'cmpxchg' || (inst.access?.align ?? 1) < 4) return false;
  const [address, low, high] = inst.args as [Value, Value, Value];
  const offset = inst.off ?? 0;
  if (offset < -MAX_PAIR_OFFSET || offset > MAX_PAIR_OFFSET || offset % 4 !== 0) return false;
  const isWanted = inst.results.some((r) => s.isNeeded(r));
  const old = inst.results.length === 2 && isWanted ? inst.results.map((r) => s.defEarly(r)) : [s.temp(), s.temp()];
  const computes = op !== 'xchg';
  // What is computed goes over the old value if nobody wants that.
  const fresh = computes && isWanted ? [s.temp(), s.temp()] : [];
  const operands = [...old, s.use(address), s.imm(offset), s.use(low), s.use(high), s.temp(), ...fresh];
  s.emit(
    `atomic64 ${op}`,
    inst.origin,
    operands,
    ([oldLow, oldHigh, base, off, a, b, state, ...rest], asm) => {
      const [l, h] = computes ? (rest.length === 2 ? rest : [oldLow, oldHigh]) : [a, b];
      asm.inst('mrs.primask', state!);
      asm.inst('cpsid');
      asm.inst('ldrd', oldLow!, oldHigh!, base!, off!);
      if (computes) {
        const [first, second] = MODIFY_PAIR[op];
        asm.inst(first, l!, oldLow!, a!);
        asm.inst(second, h!, oldHigh!, b!);
      }
      asm.inst('strd', l!, h!, base!, off!);
      asm.inst('msr.primask', state!);
    },
    { executes: 1 },
  );
  return true;
};

/** By the runtime's routine, at any alignment. */
const byRoutine: Rule = (s, inst) => {
  const [value, ...values] = inst.args as [Value, ...Value[]];
  const address: Word = inst.off ? { value, plus: inst.off } : value;
  const bits = inst.size === 8 ? 64 : 32;
  if (inst.atomic === 'cmpxchg') return callIntrinsic(s, inst, `cmpxchg${bits}`, [...values, address]);
  return callIntrinsic(s, inst, `atomic${bits}`, [...values, address, ATOMIC_OPS.indexOf(inst.atomic!)]);
};

export const ATOMIC: readonly Rule[] = [exclusive, masked, byRoutine];
