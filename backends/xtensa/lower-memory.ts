// SPDX-License-Identifier: MIT

import type { Rule } from '../../compiler/codegen/lower.js';
import type { Asm, MInst } from '../../compiler/codegen/machine.js';
import { step, stored } from '../../compiler/codegen/operands.js';
import type { Operand, Selector } from '../../compiler/codegen/select.js';
import { INSTANCE } from '../../compiler/image/fields.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import { INSTANCE_REG, SCRATCH } from './abi.js';
import { addParts, addTo, isUnsignedBranch, loadConstant } from './lower-constants.js';

/**
 * Memory. Loads and stores take an offset of 0..255 units of their size and fault unless the address is a multiple of it, so
 * an access of which less is known is put together from smaller ones.
 */

/** A sum of offsets as the signed number it stands for modulo 2^32. */
const signed = (v: number): number => v | 0;

/** Bytes that one access of a word of the operation may move. */
type Unit = 1 | 2 | 4;

function unitOf(inst: Inst): Unit {
  const size = inst.size ?? 1;
  return Math.min(size, inst.access?.align ?? 1, 4) as Unit;
}

/** Do the loads or stores of this access take the offset? */
function reaches(inst: Inst, offset: number): boolean {
  const unit = unitOf(inst);
  return offset >= 0 && offset % unit === 0 && offset + inst.size! - unit <= 255 * unit;
}

/** The address of a load or store, with as much as possible of its computation in the offset. */
function addressOf(s: Selector, inst: Inst): { base: Operand; offset: number } {
  let value = inst.args[0]!;
  let offset = inst.off ?? 0;
  for (;;) {
    const sum = s.definition(value, 'add', 'sub');
    const part = sum && step(s, sum);
    if (!part) break;
    const c = signed(part.c);
    // Worth it if the addition itself goes: alone here, or all its readers are accesses that can take the constant.
    const takes = (i: Inst): boolean => reaches(i, signed((i.off ?? 0) + c));
    const alone = s.fold(value, 'add', 'sub') !== undefined;
    if (!(reaches(inst, signed(offset + c)) && s.onlyAddresses(value, takes)) && !(alone && isNear(inst, offset + c)))
      break;
    value = part.x;
    offset = signed(offset + c);
  }
  const base = s.definition(value, 'base');
  if (base) {
    const { add } = s.context.regionBase(base.region!);
    if (add !== 0 && reaches(inst, signed(offset + add))) {
      return { base: s.useReg(s.needRawBase(base)), offset: signed(offset + add) };
    }
  }
  return { base: s.use(value), offset };
}

/** Is an offset within reach of one addi or addmi and the access? */
function isNear(inst: Inst, offset: number): boolean {
  return reaches(inst, signed(offset)) || split(inst, signed(offset)).rest >= 0;
}

/** An offset as what one addi or addmi adds and what is left for the access, -1 if there is no such pair. */
function split(inst: Inst, offset: number): { add: number; rest: number } {
  if (offset >= -128 && offset <= 127) return { add: offset, rest: 0 };
  const rest = offset & 0xff;
  const parts = addParts(offset - rest);
  return parts?.low === 0 && reaches(inst, rest) ? { add: parts.high, rest } : { add: offset, rest: -1 };
}

/** Emits one access: `own` operands first; `write` gets them and a base and an offset in reach. */
function access(
  s: Selector,
  inst: Inst,
  name: string,
  own: readonly Operand[],
  write: (ops: readonly number[], base: number, offset: number, asm: Asm) => void,
): true {
  const { base, offset } = addressOf(s, inst);
  const count = own.length;
  if (reaches(inst, offset)) {
    s.emit(name, inst.origin, [...own, base, s.imm(offset)], (ops, asm) =>
      write(ops, ops[count]!, ops[count + 1]!, asm),
    );
    return true;
  }
  // Far away: a register of its own holds the address, as the scratch register may be needed for the parts.
  s.emit(`${name}.far`, inst.origin, [...own, base, s.imm(offset), s.temp()], (ops, asm) => {
    const [from, distance, at] = [ops[count]!, ops[count + 1]!, ops[count + 2]!];
    const { add, rest } = split(inst, distance);
    addTo(at, from, add, at, asm);
    write(ops, at, Math.max(rest, 0), asm);
  });
  return true;
}

const LOADS = { 1: ['l8ui', 'l8ui'], 2: ['l16ui', 'l16si'], 4: ['l32i', 'l32i'] } as const;
const STORES = { 1: 's8i', 2: 's16i', 4: 's32i' } as const;

/** rd = `size` bytes at base + offset in units, the rest zero or the sign; rd is not the base if there are several units. */
function loadParts(
  rd: number,
  base: number,
  offset: number,
  size: Unit,
  unit: Unit,
  isSigned: boolean,
  asm: Asm,
): void {
  const [unsignedName, signedName] = LOADS[unit];
  if (size === unit) {
    asm.inst(isSigned ? signedName : unsignedName, rd, base, offset);
    return;
  }
  // From the top unit down.
  const bits = 8 * unit;
  asm.inst(unsignedName, rd, base, offset + size - unit);
  for (let at = size - 2 * unit; at >= 0; at -= unit) {
    asm.inst(unsignedName, SCRATCH, base, offset + at);
    if (isSigned && size === 2) {
      asm.inst('slli', rd, rd, 24);
      asm.inst('srai', rd, rd, 16);
    } else asm.inst('slli', rd, rd, bits);
    asm.inst('add', rd, rd, SCRATCH);
  }
}

/** Both words of a double word. One word of which nobody reads the other is loaded alone. */
const load64: Rule = (s, inst) => {
  if (inst.size !== 8) return false;
  const [low, high] = inst.results as readonly [Value, Value];
  const unit = unitOf(inst);
  const [needLow, needHigh] = [s.isNeeded(low), s.isNeeded(high)];
  const def = (v: Value): Operand => (unit === 4 ? s.def(v) : s.defEarly(v));
  if (!needLow || !needHigh) {
    const extra = needHigh ? 4 : 0;
    return access(s, inst, 'load', [def(needHigh ? high : low)], ([rt], base, offset, asm) =>
      loadParts(rt!, base, offset + extra, 4, unit, false, asm),
    );
  }
  return access(s, inst, 'load64', [def(low), def(high)], ([l, h], base, offset, asm) => {
    const lanes = [
      [l!, 0],
      [h!, 4],
    ] as const;
    for (const [rd, at] of l === base ? [lanes[1], lanes[0]] : lanes)
      loadParts(rd, base, offset + at, 4, unit, false, asm);
  });
};

const loadSmall: Rule = (s, inst) => {
  const { size, signed: isSigned = false } = inst;
  if (size === 8 || size === undefined) throw new Error('a load of unknown size');
  const unit = unitOf(inst);
  const result = inst.results[0]!;
  return access(s, inst, 'load', [unit === size ? s.def(result) : s.defEarly(result)], ([rt], base, offset, asm) => {
    loadParts(rt!, base, offset, size, unit, isSigned, asm);
    // No load extends the sign of a byte.
    if (size !== 1 || !isSigned) return;
    if (s.features.sext) asm.inst('sext', rt!, rt!, 7);
    else {
      asm.inst('slli', rt!, rt!, 24);
      asm.inst('srai', rt!, rt!, 24);
    }
  });
};

export const LOAD: readonly Rule[] = [load64, loadSmall];

/** Stores `size` bytes of rs in units. `same`: every unit of it is the same. */
function storeParts(rs: number, base: number, offset: number, size: Unit, unit: Unit, same: boolean, asm: Asm): void {
  asm.inst(STORES[unit], rs, base, offset);
  for (let at = unit as number; at < size; at += unit) {
    if (!same) asm.inst('extui', SCRATCH, rs, 8 * at, Math.min(16, 32 - 8 * at));
    asm.inst(STORES[unit], same ? rs : SCRATCH, base, offset + at);
  }
}

/** Are all units of a value the same, as those of zero are? */
function repeats(s: Selector, v: Value, size: Unit, unit: Unit): boolean {
  const c = s.constOf(v);
  if (c === undefined) return false;
  const of = (at: number): number => (c >>> (8 * at)) & (2 ** (8 * unit) - 1);
  for (let at = unit as number; at < size; at += unit) if (of(at) !== of(0)) return false;
  return true;
}

export const STORE: readonly Rule[] = [
  (s, inst) => {
    const { size } = inst;
    if (size === undefined) throw new Error('a store of unknown size');
    const unit = unitOf(inst);
    const words = inst.args.slice(1);
    const width: Unit = size === 8 ? 4 : size;
    const same = words.map((v) => repeats(s, v, width, unit));
    const own = size === 8 ? words.map((v) => s.use(v)) : [s.use(stored(s, words[0]!, size))];
    return access(s, inst, 'store', own, (ops, base, offset, asm) => {
      for (const [i, all] of same.entries()) storeParts(ops[i]!, base, offset + 4 * i, width, unit, all, asm);
    });
  },
];

/** The instance's fields do not change during a run, and it takes one load: cheaper to repeat than to spill. */
const REMAT: Partial<MInst> = { remat: true };

/** The base of a region, and apart from it the base without the constant that belongs to it, as accesses want it. */
export const base: Rule = (s, inst) => {
  const { offset, add } = s.context.regionBase(inst.region!);
  const raw = s.rawBase(inst);
  const result = inst.results[0]!;
  const field = (rd: number, at: number, asm: Asm): void => asm.inst('l32i', rd, INSTANCE_REG, at);
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
  s.emit(
    'base',
    inst.origin,
    [s.def(result), s.imm(offset), s.imm(add)],
    ([d, o, a], asm) => {
      field(d!, o!, asm);
      addTo(d!, d!, a!, SCRATCH, asm);
    },
    // Repeated, it may go to the scratch register, so it must not need that one for the constant.
    addParts(add) ? REMAT : {},
  );
  return true;
};

export const length: Rule = (s, inst) => {
  const operands = [s.def(inst.results[0]!), s.imm(s.context.regionLength(inst.region!))];
  s.emit('length', inst.origin, operands, ([d, o], asm) => asm.inst('l32i', d!, INSTANCE_REG, o!), REMAT);
  return true;
};

/** Words up to which zeroing is unrolled: that many have the two-byte form of the store. */
const UNROLLED = 16;

/**
 * A loop of the processor's own takes fewer bytes and no branch, but cannot stand everywhere (target.ts).
 * Frames are multiples of 8 bytes at multiples of 8, as they lie in the 8-aligned data block.
 */
export const zeroframe: Rule = (s, inst) => {
  const bytes = s.fn.frameBytes;
  if (bytes === 0) return true;
  if (bytes % 8 !== 0) throw new Error(`a frame of ${bytes} bytes`);
  const { offset, add } = s.context.regionBase({ kind: 'frame', func: s.fn.index });
  const words = bytes / 4;
  const pairs = words / 2;
  s.emit(
    'zeroframe',
    inst.origin,
    [s.temp(), s.temp()],
    ([at, zero], asm) => {
      asm.inst('l32i', at!, INSTANCE_REG, offset);
      addTo(at!, at!, add, SCRATCH, asm);
      asm.inst('movi', zero!, 0);
      if (words <= UNROLLED) {
        for (let i = 0; i < words; i++) asm.inst('s32i', zero!, at!, 4 * i);
        return;
      }
      loadConstant(SCRATCH, pairs, asm);
      const [begin, end] = [asm.newLabel(), asm.newLabel()];
      const body = (to: Asm): void => {
        to.inst('s32i', zero!, at!, 0);
        to.inst('s32i', zero!, at!, 4);
        to.inst('addi', at!, at!, 8);
      };
      const counted = (to: Asm): void => {
        body(to);
        to.inst('addi', SCRATCH, SCRATCH, -1);
        to.ref('bnez', begin, SCRATCH);
      };
      const hardware = (to: Asm): void => {
        to.ref('loop', end, SCRATCH);
        body(to);
      };
      asm.bind(begin);
      if (s.features.loop) asm.either(hardware, counted);
      else counted(asm);
      asm.bind(end);
    },
    { executes: 8 + Math.max(words, 5 * pairs) },
  );
  return true;
};

/** Largest amount that a branch compares with and one instruction subtracts. */
const MAX_DIRECT = 256;

/** Takes fuel; too little is a trap before anything is stored. */
export const fuel: Rule = (s, inst) => {
  const amount = Number(inst.imm ?? 0n);
  if (!(amount >= 0 && amount <= 0xffffffff)) throw new Error(`fuel of ${amount}`);
  const direct = amount === 1 || (amount <= MAX_DIRECT && isUnsignedBranch(amount));
  const operands = direct ? [s.imm(amount)] : [s.imm(amount), s.temp()];
  s.emit('fuel', inst.origin, operands, ([n, t], asm) => {
    const trap = asm.trapSite('fuel', inst.origin);
    asm.inst('l32i', SCRATCH, INSTANCE_REG, INSTANCE.offset.fuel);
    if (t !== undefined) {
      loadConstant(t, n!, asm);
      asm.ref('bltu', trap, SCRATCH, t);
      asm.inst('sub', SCRATCH, SCRATCH, t);
    } else {
      if (n === 1) asm.ref('beqz', trap, SCRATCH);
      else asm.ref('bltui', trap, SCRATCH, n!);
      addTo(SCRATCH, SCRATCH, -n!, SCRATCH, asm);
    }
    asm.inst('s32i', SCRATCH, INSTANCE_REG, INSTANCE.offset.fuel);
  });
  return true;
};
