// SPDX-License-Identifier: MIT

import type { Rule as AnyRule } from '../../compiler/codegen/lower.js';
import type { Asm, MInst } from '../../compiler/codegen/machine.js';
import { stored } from '../../compiler/codegen/operands.js';
import type { Operand } from '../../compiler/codegen/select.js';
import { INSTANCE } from '../../compiler/image/fields.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import { INSTANCE_REG } from './abi.js';
import { LO } from './lower-compare.js';
import { type Address, addressOf } from './lower-memory.js';
import type { Selector } from './selector.js';
import { addShort, addShortTo, isByte, isTwoStep, jumpIfShort, loadField, loadShort } from './short-constants.js';
import { viaLow } from './short-stack.js';

type Rule = AnyRule<Selector>;

/**
 * Memory with 16-bit encodings: offsets of 5 bits in units of the access, none below zero, and nothing that is not aligned. An
 * access of less known alignment is made of parts, the largest that its alignment allows, lowest address first.
 */
type Part = 1 | 2 | 4;

/** Bytes that one load or store of this access moves. */
function partOf(inst: Pick<Inst, 'size' | 'access'>): Part {
  const align = inst.access?.align ?? 1;
  const most = Math.min(inst.size!, 4);
  return (align >= most ? most : align >= 2 ? 2 : 1) as Part;
}

/** Do all parts take the offset in their encodings? */
export function reachesShort(inst: Pick<Inst, 'size' | 'access'>, offset: number): boolean {
  const part = partOf(inst);
  return offset >= 0 && offset % part === 0 && offset <= 32 * part - inst.size!;
}

const LOAD_PART = { 1: 'ldrb', 2: 'ldrh', 4: 'ldr' } as const;
const STORE_PART = { 1: 'strb', 2: 'strh', 4: 'str' } as const;
const SIGNED_LOAD = { 1: 'ldrsb', 2: 'ldrsh', 4: 'ldr' } as const;

/** What of an offset the encoding holds, and what has to be added to the base before, as cheaply as can be. */
function divided(inst: Inst, offset: number): { rest: number; add: number } {
  if (offset < 0) return { rest: 0, add: offset };
  const part = partOf(inst);
  const most = 32 * part - inst.size!;
  const span = 1 << (31 - Math.clz32(most + part));
  const near = offset <= most + 0xff;
  const rest = near ? Math.min(most, offset - (offset % part)) : (offset % span) - (offset % part);
  return { rest, add: offset - rest };
}

/**
 * Emits one access. `own` operands come first, `write` gets them with a base and an offset in reach. `spare`: operand of `own`
 * that may hold the address meanwhile, as it is written only by the access itself; else a temporary does.
 */
function access(
  s: Selector,
  inst: Inst,
  name: string,
  own: readonly Operand[],
  spare: number | null,
  write: (ops: readonly number[], base: number, offset: number, asm: Asm) => void,
  at: Address = addressOf(s, inst, reachesShort, -1),
): true {
  const { features } = s;
  const count = own.length;
  if (at.index) throw new Error('an index where none is expected');
  if (reachesShort(inst, at.offset)) {
    s.emit(name, inst.origin, [...own, at.base, s.imm(at.offset)], (ops, asm) =>
      write(ops, ops[count]!, ops[count + 1]!, asm),
    );
    return true;
  }
  const { rest, add } = divided(inst, at.offset);
  const temps = spare === null ? [s.temp()] : [];
  s.emit(`${name}.far`, inst.origin, [...own, at.base, s.imm(add), s.imm(rest), ...temps], (ops, asm) => {
    const t = spare === null ? ops[count + 3]! : ops[spare]!;
    addShortTo(t, ops[count]!, ops[count + 1]! >>> 0, asm, features);
    write(ops, t, ops[count + 2]!, asm);
  });
  return true;
}

/** An access of one part whose address is a sum of two registers, or a register and a constant out of reach. */
function byRegister(s: Selector, inst: Inst, name: string, own: Operand, isLoad: boolean, at: Address): boolean {
  const { features } = s;
  if (at.index) return s.plain(`${name}.r`, inst, own, at.base, at.index.operand, s.imm(0));
  const c = at.offset;
  // Where an addition in one instruction brings it into reach, that is as good.
  if (addShort(divided(inst, c).add >>> 0, true) || !(isByte(c) || isTwoStep(c >>> 0))) return false;
  const operands = [isLoad ? early(own) : own, at.base, s.imm(c)];
  s.emit(`${name}.r`, inst.origin, isLoad ? operands : [...operands, s.temp()], ([rt, base, n, t], asm) => {
    const index = isLoad ? rt! : t!;
    loadShort(index, n! >>> 0, asm, features);
    asm.inst(`${name}.r`, rt!, base!, index, 0);
  });
  return true;
}

/** rt = the value of `size` bytes at base + offset, by parts; `t` is free. rt is not the base if there are several parts. */
function loadParts(rt: number, base: number, offset: number, size: number, part: Part, t: number, asm: Asm): void {
  asm.inst(LOAD_PART[part], rt, base, offset);
  for (let i: number = part; i < size; i += part) {
    asm.inst(LOAD_PART[part], t, base, offset + i);
    asm.inst('lsls.i', t, t, 8 * i);
    asm.inst('orrs', rt, rt, t);
  }
}

function storeParts(rt: number, base: number, offset: number, size: number, part: Part, t: number, asm: Asm): void {
  asm.inst(STORE_PART[part], rt, base, offset);
  for (let i: number = part; i < size; i += part) {
    asm.inst('lsrs.i', t, rt, 8 * i);
    asm.inst(STORE_PART[part], t, base, offset + i);
  }
}

/** Operand `o` written before the uses are read. */
const early = (o: Operand): Operand => ({ ...o, spec: { ...o.spec, early: true } as Operand['spec'] });

/** Whole double words. Of one lane that nobody reads, nothing is loaded. */
const load64: Rule = (s, inst) => {
  if (inst.size !== 8) return false;
  const [low, high] = inst.results as readonly [Value, Value];
  const [needLow, needHigh] = [s.isNeeded(low), s.isNeeded(high)];
  if (!needLow || !needHigh) {
    const value = needHigh ? high : low;
    const half: Inst = { ...inst, size: 4, off: (inst.off ?? 0) + (needHigh ? 4 : 0), results: [value], signed: false };
    return loadSmall(s, half);
  }
  const part = partOf(inst);
  if (part === 4) {
    // The lane that takes the base's place comes last.
    return access(s, inst, 'ldr64', [s.def(low), s.def(high)], null, ([l, h], base, offset, asm) => {
      const lanes = [
        [l!, offset],
        [h!, offset + 4],
      ] as const;
      for (const [r, o] of l === base ? [lanes[1], lanes[0]] : lanes) asm.inst('ldr', r, base, o);
    });
  }
  const own = [s.defEarly(low), s.defEarly(high), s.temp()];
  return access(s, inst, 'ldr64.parts', own, null, ([l, h, t], base, offset, asm) => {
    loadParts(l!, base, offset, 4, part, t!, asm);
    loadParts(h!, base, offset + 4, 4, part, t!, asm);
  });
};

const loadSmall: Rule = (s, inst) => {
  const { size } = inst;
  if (size === 8 || size === undefined) throw new Error('a load of unknown size');
  const [value] = inst.results as readonly [Value];
  const part = partOf(inst);
  const signed = inst.signed === true && size < 4;
  if (part === size) {
    const at = addressOf(s, inst, reachesShort, 0);
    const name = signed ? SIGNED_LOAD[part] : LOAD_PART[part];
    if (!reachesShort(inst, at.offset) || at.index) {
      if (byRegister(s, inst, name, s.def(value), true, at)) return true;
    }
    const own = reachesShort(inst, at.offset) ? s.def(value) : s.defEarly(value);
    return access(
      s,
      inst,
      name,
      [own],
      0,
      ([rt], base, offset, asm) => {
        asm.inst(LOAD_PART[part], rt!, base, offset);
        if (signed) asm.inst(size === 1 ? 'sxtb' : 'sxth', rt!, rt!);
      },
      at,
    );
  }
  return access(s, inst, 'ldr.parts', [s.defEarly(value), s.temp()], null, ([rt, t], base, offset, asm) => {
    loadParts(rt!, base, offset, size, part, t!, asm);
    if (signed) asm.inst('sxth', rt!, rt!);
  });
};

export const LOAD: readonly Rule[] = [load64, loadSmall];

export const STORE: readonly Rule[] = [
  (s, inst) => {
    if (inst.size !== 8) return false;
    const part = partOf(inst);
    const own = [s.use(inst.args[1]!), s.use(inst.args[2]!), ...(part === 4 ? [] : [s.temp()])];
    return access(s, inst, 'str64', own, null, ([l, h, t], base, offset, asm) => {
      storeParts(l!, base, offset, 4, part, t!, asm);
      storeParts(h!, base, offset + 4, 4, part, t!, asm);
    });
  },
  (s, inst) => {
    const { size } = inst;
    if (size === 8 || size === undefined) throw new Error('a store of unknown size');
    const part = partOf(inst);
    const value = s.use(stored(s, inst.args[1]!, size));
    if (part === size) {
      const at = addressOf(s, inst, reachesShort, 0);
      if (!reachesShort(inst, at.offset) || at.index) {
        if (byRegister(s, inst, STORE_PART[part], value, false, at)) return true;
      }
      return access(
        s,
        inst,
        STORE_PART[part],
        [value],
        null,
        ([rt], base, offset, asm) => asm.inst(STORE_PART[part], rt!, base, offset),
        at,
      );
    }
    return access(s, inst, 'str.parts', [value, s.temp()], null, ([rt, t], base, offset, asm) =>
      storeParts(rt!, base, offset, size, part, t!, asm),
    );
  },
];

/** The instance's fields do not change during a run, and it takes two short instructions: cheaper to repeat than to spill. */
const REMAT: Partial<MInst> = { remat: true };

function field(s: Selector, inst: Inst, def: Operand, offset: number, add: number): void {
  const { features } = s;
  s.emit(
    inst.op,
    inst.origin,
    [def, s.imm(offset), s.imm(add)],
    ([d, o, a], asm) =>
      viaLow(d!, asm, (low) => {
        loadField(low, o!, asm, features);
        addShortTo(low, low, a! >>> 0, asm, features);
      }),
    REMAT,
  );
}

/** The base of a region, and apart from it the base without the constant that belongs to it, as accesses want it. */
export const base: Rule = (s, inst) => {
  const { offset, add } = s.context.regionBase(inst.region!);
  const raw = s.rawBase(inst);
  const [value] = inst.results as readonly [Value];
  if (raw !== undefined) field(s, inst, { spec: { role: 'def' }, reg: raw }, offset, 0);
  if (s.isNeeded(value)) field(s, inst, s.def(value), offset, add);
  return true;
};

export const length: Rule = (s, inst) => {
  field(s, inst, s.def(inst.results[0]!), s.context.regionLength(inst.region!), 0);
  return true;
};

/** Words up to which zeroing is unrolled: the loop takes 5 short instructions. */
const UNROLLED = 6;
/** Most instructions before the loop: field 5, addition 9, two zeros, count 7. */
const SET_UP = 23;

/** Frames are multiples of 8 bytes at multiples of 8. */
export const zeroframe: Rule = (s, inst) => {
  const bytes = s.fn.frameBytes;
  if (bytes === 0) return true;
  if (bytes % 8 !== 0) throw new Error(`a frame of ${bytes} bytes`);
  const { offset, add } = s.context.regionBase({ kind: 'frame', func: s.fn.index });
  const { features } = s;
  const words = bytes / 4;
  const unrolled = words <= UNROLLED;
  const operands = [s.temp(), s.temp(), ...(unrolled ? [] : [s.temp(), s.temp()])];
  s.emit(
    'zeroframe',
    inst.origin,
    operands,
    ([at, zero, more, left], asm) => {
      loadField(at!, offset, asm, features);
      addShortTo(at!, at!, add >>> 0, asm, features);
      asm.inst('movs.i', zero!, 0);
      if (unrolled) {
        for (let i = 0; i < words; i++) asm.inst('str', zero!, at!, 4 * i);
        return;
      }
      asm.inst('movs.i', more!, 0);
      loadShort(left!, words / 2, asm, features);
      const loop = asm.newLabel();
      asm.bind(loop);
      asm.inst('stm.wb', at!, (1 << zero!) | (1 << more!));
      asm.inst('subs.i', left!, left!, 1);
      asm.ref('bne', loop);
    },
    { executes: SET_UP + 3 * (words / 2) },
  );
  return true;
};

/** Takes fuel; too little is a trap before anything is stored. */
export const fuel: Rule = (s, inst) => {
  const amount = Number(inst.imm ?? 0n);
  if (!(amount >= 0 && amount <= 0xffffffff)) throw new Error(`fuel of ${amount}`);
  const direct = isByte(amount);
  const { features } = s;
  const operands = [s.imm(amount), s.temp(), s.temp(), ...(direct ? [] : [s.temp()])];
  s.emit('fuel', inst.origin, operands, ([n, at, left, t], asm) => {
    asm.inst('mov', at!, INSTANCE_REG);
    asm.inst('ldr', left!, at!, INSTANCE.offset.fuel);
    if (direct) asm.inst('subs.i', left!, left!, n!);
    else {
      loadShort(t!, n!, asm, features);
      asm.inst('subs', left!, left!, t!);
    }
    jumpIfShort(LO, asm.trapSite('fuel', inst.origin), true, asm);
    asm.inst('str', left!, at!, INSTANCE.offset.fuel);
  });
  return true;
};
