// SPDX-License-Identifier: MIT

import type { Rule as AnyRule } from '../../compiler/codegen/lower.js';
import type { Asm, MInst } from '../../compiler/codegen/machine.js';
import { step, stored } from '../../compiler/codegen/operands.js';
import type { Operand } from '../../compiler/codegen/select.js';
import { INSTANCE } from '../../compiler/image/fields.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import { INSTANCE_REG, SCRATCH } from './abi.js';
import { addConstant, addTo, isPattern, loadConstant } from './lower-constants.js';
import type { Selector } from './selector.js';

type Rule = AnyRule<Selector>;

/**
 * Memory. ldr, ldrh, str and strh take any address; ldrd and strd fault unless it is a multiple of 4 (ARMv7-M manual,
 * A3.2.1), so 8 bytes move as two words unless the verifier's alignment says otherwise.
 */

const SIGNED_MAX = 0x7fffffff;

/** A sum of offsets as the signed number it stands for modulo 2^32. */
const signed = (v: number): number => v | 0;

/** Does one load or store of this size take the offset? Both words of 8 bytes must be in reach. */
function reaches(size: number, offset: number): boolean {
  return offset >= -255 && offset <= (size === 8 ? 4091 : 4095);
}

/** Accesses up to which one sum of two registers is made part of each: more bytes from then on. */
const SHARED = 2;

/** A sum that nothing reads but accesses of this block, none with an offset: made part of all of them, it need not be made. */
function sharedSum(s: Selector, value: Value): Inst | undefined {
  const takes = (access: Inst): boolean => access.size !== 8 && (access.off ?? 0) === 0;
  return s.sharedSum(value, SHARED, takes);
}

export interface Address {
  /** Register of the base. */
  readonly base: Operand;
  readonly offset: number;
  /** Added to the base, shifted left by `scale`; then the offset is 0. */
  readonly index: { readonly operand: Operand; readonly scale: number } | null;
}

/**
 * The address of a load or store, with as much as possible of its computation in the addressing mode: offsets that the access
 * `takes`, indexes shifted by up to `maxScale` (-1: no index at all).
 */
export function addressOf(
  s: Selector,
  inst: Inst,
  takes: (access: Inst, offset: number) => boolean,
  maxScale: number,
): Address {
  let value = inst.args[0]!;
  let offset = inst.off ?? 0;
  for (;;) {
    const sum = s.definition(value, 'add', 'sub');
    const part = sum && step(s, sum);
    if (!part) break;
    const c = signed(part.c);
    // Worth it if the addition itself goes: alone here, or all its readers are accesses that can take the constant.
    const all = (i: Inst): boolean => takes(i, signed((i.off ?? 0) + c));
    if (!takes(inst, signed(offset + c)) || !(s.fold(value, 'add', 'sub') || s.onlyAddresses(value, all))) break;
    value = part.x;
    offset = signed(offset + c);
  }
  const base = s.definition(value, 'base');
  if (base) {
    const { add } = s.context.regionBase(base.region!);
    if (add !== 0 && takes(inst, signed(offset + add))) {
      return { base: s.useReg(s.needRawBase(base)), offset: signed(offset + add), index: null };
    }
  }
  if (offset === 0 && maxScale >= 0) {
    const sum = s.fold(value, 'add') ?? sharedSum(s, value);
    const [a, b] = sum && !step(s, sum) ? sum.args : [];
    for (const [x, y] of a && b
      ? ([
          [a, b],
          [b, a],
        ] as const)
      : []) {
      const shl = s.fold(y, 'shl');
      const scale = shl ? s.constOf(shl.args[1]!) : undefined;
      if (shl && scale !== undefined && scale > 0 && scale <= maxScale) {
        return { base: s.use(x), offset, index: { operand: s.use(shl.args[0]!), scale } };
      }
    }
    if (a && b) return { base: s.use(a), offset, index: { operand: s.use(b), scale: 0 } };
  }
  return { base: s.use(value), offset, index: null };
}

/** Emits one access: `own` operands first, then those of the address; `write` gets both and a base and offset in reach. */
function access(
  s: Selector,
  inst: Inst,
  name: string,
  own: readonly Operand[],
  write: (ops: readonly number[], base: number, offset: number, asm: Asm) => void,
): true {
  const at = addressOf(s, inst, (i, offset) => reaches(i.size!, offset), inst.size === 8 ? -1 : 3);
  const count = own.length;
  if (at.index) {
    s.emit(`${name}.r`, inst.origin, [...own, at.base, at.index.operand, s.imm(at.index.scale)], (ops, asm) =>
      asm.inst(`${name}.r`, ...ops),
    );
  } else if (reaches(inst.size!, at.offset)) {
    s.emit(name, inst.origin, [...own, at.base, s.imm(at.offset)], (ops, asm) =>
      write(ops, ops[count]!, ops[count + 1]!, asm),
    );
  } else {
    // Far away: the scratch register holds the address.
    s.emit(`${name}.far`, inst.origin, [...own, at.base, s.imm(at.offset)], (ops, asm) => {
      addTo(SCRATCH, ops[count]!, ops[count + 1]! >>> 0, asm);
      write(ops, SCRATCH, 0, asm);
    });
  }
  return true;
}

/** May ldrd or strd be used at this offset? */
const pairs = (inst: Inst, offset: number): boolean =>
  (inst.access?.align ?? 1) >= 4 && offset % 4 === 0 && offset >= -1020 && offset <= 1020;

const LOADS = { 1: ['ldrb', 'ldrsb'], 2: ['ldrh', 'ldrsh'], 4: ['ldr', 'ldr'] } as const;
const STORES = { 1: 'strb', 2: 'strh', 4: 'str' } as const;

/** Whole double words. One word of which nobody reads the other is loaded alone. */
const load64: Rule = (s, inst) => {
  if (inst.size !== 8) return false;
  const [low, high] = inst.results as readonly [Value, Value];
  const [needLow, needHigh] = [s.isNeeded(low), s.isNeeded(high)];
  if (!needLow || !needHigh) {
    const extra = needHigh ? 4 : 0;
    return access(s, inst, 'ldr', [s.def(needHigh ? high : low)], ([rt], base, offset, asm) =>
      asm.inst('ldr', rt!, base, offset + extra),
    );
  }
  return access(s, inst, 'ldrd', [s.def(low), s.def(high)], ([l, h], base, offset, asm) => {
    if (pairs(inst, offset)) asm.inst('ldrd', l!, h!, base, offset);
    else if (l === base) {
      asm.inst('ldr', h!, base, offset + 4);
      asm.inst('ldr', l!, base, offset);
    } else {
      asm.inst('ldr', l!, base, offset);
      asm.inst('ldr', h!, base, offset + 4);
    }
  });
};

/** Is it a word at a multiple of 4? Then it may become half of an ldrd or strd (peephole-pairs.ts). */
const isAligned = (inst: Inst, offset: number): boolean =>
  inst.size === 4 && (inst.access?.align ?? 1) >= 4 && offset % 4 === 0;

const loadSmall: Rule = (s, inst) => {
  if (inst.size === 8 || inst.size === undefined) throw new Error('a load of unknown size');
  const name = LOADS[inst.size][inst.signed ? 1 : 0];
  return access(s, inst, name, [s.def(inst.results[0]!)], ([rt], base, offset, asm) =>
    asm.inst(isAligned(inst, offset) ? 'ldr.aligned' : name, rt!, base, offset),
  );
};

export const LOAD: readonly Rule[] = [load64, loadSmall];

export const STORE: readonly Rule[] = [
  (s, inst) => {
    if (inst.size !== 8) return false;
    const own = [s.use(inst.args[1]!), s.use(inst.args[2]!)];
    return access(s, inst, 'strd', own, ([l, h], base, offset, asm) => {
      if (pairs(inst, offset)) asm.inst('strd', l!, h!, base, offset);
      else {
        asm.inst('str', l!, base, offset);
        asm.inst('str', h!, base, offset + 4);
      }
    });
  },
  (s, inst) => {
    if (inst.size === 8 || inst.size === undefined) throw new Error('a store of unknown size');
    const name = STORES[inst.size];
    const own = [s.use(stored(s, inst.args[1]!, inst.size))];
    return access(s, inst, name, own, ([rt], base, offset, asm) =>
      asm.inst(isAligned(inst, offset) ? 'str.aligned' : name, rt!, base, offset),
    );
  },
];

/** The instance's fields do not change during a run, and it takes one load: cheaper to repeat than to spill. */
const REMAT: Partial<MInst> = { remat: true };

/** The base of a region, and apart from it the base without the constant that belongs to it, as accesses want it. */
export const base: Rule = (s, inst) => {
  const { offset, add } = s.context.regionBase(inst.region!);
  const raw = s.rawBase(inst);
  const result = inst.results[0]!;
  const field = (rd: number, at: number, asm: Asm): void => asm.inst('ldr', rd, INSTANCE_REG, at);
  if (raw !== undefined) {
    s.emit(
      'base',
      inst.origin,
      [{ spec: { role: 'def' }, reg: raw }, s.imm(offset)],
      ([d, o], asm) => field(d!, o!, asm),
      REMAT,
    );
  }
  if (!s.isNeeded(result)) return true;
  if (Math.abs(add) > SIGNED_MAX) throw new Error(`region ${inst.region!.kind} lies ${add} bytes from its base`);
  s.emit(
    'base',
    inst.origin,
    [s.def(result), s.imm(offset), s.imm(add)],
    ([d, o, a], asm) => {
      const inPlace = addConstant(a! >>> 0) !== null;
      field(inPlace ? d! : SCRATCH, o!, asm);
      addTo(d!, inPlace ? d! : SCRATCH, a! >>> 0, asm);
    },
    REMAT,
  );
  return true;
};

export const length: Rule = (s, inst) => {
  const operands = [s.def(inst.results[0]!), s.imm(s.context.regionLength(inst.region!))];
  s.emit('length', inst.origin, operands, ([d, o], asm) => asm.inst('ldr', d!, INSTANCE_REG, o!), REMAT);
  return true;
};

/** Double words up to which zeroing is unrolled: the loop costs 5 instructions. */
const UNROLLED = 8;

/** Frames are multiples of 8 bytes at multiples of 8 (they lie in the 8-aligned data block), so strd is right. */
export const zeroframe: Rule = (s, inst) => {
  const bytes = s.fn.frameBytes;
  if (bytes === 0) return true;
  if (bytes % 8 !== 0) throw new Error(`a frame of ${bytes} bytes`);
  const { offset, add } = s.context.regionBase({ kind: 'frame', func: s.fn.index });
  const words = bytes / 8;
  const operands = [s.temp(), s.temp()];
  s.emit(
    'zeroframe',
    inst.origin,
    operands,
    ([at, zero], asm) => {
      const inPlace = addConstant(add >>> 0) !== null;
      asm.inst('ldr', inPlace ? at! : SCRATCH, INSTANCE_REG, offset);
      addTo(at!, inPlace ? at! : SCRATCH, add >>> 0, asm);
      loadConstant(zero!, 0, asm);
      if (words <= UNROLLED) {
        for (let i = 0; i < words; i++) asm.inst('strd', zero!, zero!, at!, 8 * i);
        return;
      }
      loadConstant(SCRATCH, words, asm);
      const loop = asm.newLabel();
      asm.bind(loop);
      asm.inst('strd.post', zero!, zero!, at!, 8);
      asm.inst('subs.i', SCRATCH, SCRATCH, 1);
      asm.ref('bne', loop);
    },
    { executes: 6 + 3 * words },
  );
  return true;
};

/** Takes fuel; too little is a trap before anything is stored. */
export const fuel: Rule = (s, inst) => {
  const amount = Number(inst.imm ?? 0n);
  if (!(amount >= 0 && amount <= 0xffffffff)) throw new Error(`fuel of ${amount}`);
  const direct = isPattern(amount);
  const operands = direct ? [s.imm(amount)] : [s.imm(amount), s.temp()];
  s.emit('fuel', inst.origin, operands, ([n, t], asm) => {
    asm.inst('ldr', SCRATCH, INSTANCE_REG, INSTANCE.offset.fuel);
    if (direct) asm.inst('subs.i', SCRATCH, SCRATCH, n!);
    else {
      loadConstant(t!, n!, asm);
      asm.inst('subs', SCRATCH, SCRATCH, t!);
    }
    asm.ref('blo', asm.trapSite('fuel', inst.origin));
    asm.inst('str', SCRATCH, INSTANCE_REG, INSTANCE.offset.fuel);
  });
  return true;
};
