// SPDX-License-Identifier: MIT

import type { MInst, MReg } from '../../compiler/codegen/machine.js';
import { step, stored } from '../../compiler/codegen/operands.js';
import type { Operand } from '../../compiler/codegen/select.js';
import { INSTANCE } from '../../compiler/image/fields.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import type { Rule } from './lower-alu.js';
import { isImmediate, loadConstant, parts, signed } from './lower-constants.js';
import type { RiscvSelector as Selector } from './lower-select.js';

/**
 * Memory. Whether a misaligned access works is up to a core's surroundings (The RISC-V Instruction Set Manual, volume I,
 * loads and stores), so none is ever made: what is not known to be aligned is put together from smaller accesses.
 */

/** Does the offset reach every part of an access of this size? */
const reaches = (size: number, offset: number): boolean => offset >= -2048 && offset <= 2048 - size;

interface Address {
  /** Register of the base, or x0. */
  readonly base: Operand;
  readonly offset: number;
}

/** The address of an access, with as much as possible of its computation in the offset, which is in reach. */
function addressOf(s: Selector, inst: Inst): Address {
  const size = inst.size!;
  let value = inst.args[0]!;
  let offset = inst.off ?? 0;
  for (;;) {
    const sum = s.definition(value, 'add', 'sub');
    const part = sum && step(s, sum);
    if (!part) break;
    const c = signed(part.c);
    // Worth it if the addition itself goes: alone here, or all its readers are accesses that can take the constant.
    const takes = (i: Inst): boolean => reaches(i.size!, signed((i.off ?? 0) + c));
    if (!reaches(size, signed(offset + c)) || !(s.fold(value, 'add', 'sub') || s.onlyAddresses(value, takes))) break;
    value = part.x;
    offset = signed(offset + c);
  }
  const base = s.definition(value, 'base');
  if (base) {
    const { add } = s.context.regionBase(base.region!);
    if (add !== 0 && reaches(size, signed(offset + add))) {
      return { base: s.useReg(s.needRawBase(base)), offset: signed(offset + add) };
    }
  }
  if (reaches(size, offset)) return { base: s.use(value), offset };
  // Far away: the upper part of the offset is added to the base.
  const { upper, low } = parts(offset >>> 0);
  const fits = reaches(size, low);
  const far = s.constant(fits ? (upper << 12) >>> 0 : offset >>> 0, inst);
  return { base: s.value('add', inst, s.use(value), far), offset: fits ? low : 0 };
}

/** The address in a register. */
export function addressIn(s: Selector, inst: Inst): Operand {
  const { base, offset } = addressOf(s, inst);
  return offset === 0 ? base : s.value('addi', inst, base, s.imm(offset));
}

const LOADS = { 1: ['lbu', 'lb'], 2: ['lhu', 'lh'], 4: ['lw', 'lw'] } as const;
const STORES = { 1: 'sb', 2: 'sh', 4: 'sw' } as const;
type Size = keyof typeof STORES;

/** Where a loaded value goes: swapped if its bytes are wanted in the other order. */
interface Wanted {
  readonly reg: MReg;
  readonly swapped: boolean;
}

function wantedOf(s: Selector, v: Value): Wanted | null {
  const swapped = s.swappedInto(v);
  if (swapped !== undefined) return { reg: swapped, swapped: true };
  return s.isNeeded(v) ? { reg: s.need(v), swapped: false } : null;
}

/** Loads a value of up to 4 bytes in as large parts as its alignment allows. */
function loadParts(s: Selector, inst: Inst, { base, offset }: Address, size: Size, to: Wanted): void {
  const unit = (to.swapped ? 1 : Math.min(size, inst.access?.align ?? 1)) as Size;
  const shift = (at: number): number => 8 * (to.swapped ? size - unit - at : at);
  let sum: Operand | null = null;
  for (let at = 0; at < size; at += unit) {
    const top = shift(at) + 8 * unit === 8 * size;
    const name = LOADS[unit][top && inst.signed ? 1 : 0];
    const operands = [base, s.imm(offset + at)];
    const last = at + unit === size;
    if (unit === size) {
      s.plain(name, inst, s.defReg(to.reg), ...operands);
      return;
    }
    let part = s.value(name, inst, ...operands);
    if (shift(at) > 0) part = s.value('slli', inst, part, s.imm(shift(at)));
    if (sum && last) s.plain('or', inst, s.defReg(to.reg), sum, part);
    else sum = sum ? s.value('or', inst, sum, part) : part;
  }
}

export const load: Rule = (s, inst) => {
  const { size } = inst;
  if (size === undefined) throw new Error('a load of unknown size');
  const { base, offset } = addressOf(s, inst);
  inst.results.forEach((v, i) => {
    const to = wantedOf(s, v);
    if (to) loadParts(s, inst, { base, offset: offset + 4 * i }, size === 8 ? 4 : size, to);
  });
  return true;
};

/** Does the access have to be put together? */
const isSplit = (inst: Inst, size: Size): boolean => (inst.access?.align ?? 1) < size;

function storeParts(s: Selector, inst: Inst, { base, offset }: Address, size: Size, value: Value): void {
  const swap = s.fold(value, 'bswap');
  const swapped = swap?.bits === 8 * size && (size === 2 || isSplit(inst, size));
  const v = swapped ? swap.args[0]! : value;
  const unit = (swapped ? 1 : Math.min(size, inst.access?.align ?? 1)) as Size;
  const known = s.constOf(v);
  let rest: Operand | null = null;
  for (let at = 0; at < size; at += unit) {
    const place = s.imm(offset + (swapped ? size - 1 - at : at));
    if (known !== undefined && unit < size) {
      const part = (known >>> (8 * at)) & (unit === 1 ? 0xff : 0xffff);
      s.plain(STORES[unit], inst, s.constant(part, inst), base, place);
      continue;
    }
    if (rest !== null) rest = s.value('srli', inst, rest, s.imm(8 * unit));
    // Stores of x0 have no 16-bit encoding: two of them pay for a register that holds zero.
    else rest = known === 0 && s.wordStores(v) > 1 ? s.useReg(s.need(v)) : s.use(v);
    s.plain(STORES[unit], inst, rest, base, place);
  }
}

export const store: Rule = (s, inst) => {
  const { size } = inst;
  if (size === undefined) throw new Error('a store of unknown size');
  const address = addressOf(s, inst);
  if (size === 8) {
    storeParts(s, inst, address, 4, inst.args[1]!);
    storeParts(s, inst, { ...address, offset: address.offset + 4 }, 4, inst.args[2]!);
  } else storeParts(s, inst, address, size, stored(s, inst.args[1]!, size));
  return true;
};

/** Byte order. */

/** A load that nothing else reads, whose bytes come one by one anyway, takes them in the other order for nothing. */
const swappedLoad: Rule = (s, inst) => {
  const v = inst.args[0]!;
  const from = s.fold(v, 'load');
  if (!from || s.swappedInto(v) !== undefined) return false;
  const size = from.size === 8 ? 4 : from.size!;
  if (size === 1 || inst.bits !== 8 * size || from.signed || !(size === 2 || isSplit(from, size))) return false;
  s.swap(v, inst.results[0]!);
  return true;
};

const bswap16: Rule = (s, inst) => {
  if (inst.bits !== 16) return false;
  const v = inst.args[0]!;
  const x = s.use(v);
  const low = s.value('srli', inst, s.value('slli', inst, x, s.imm(24)), s.imm(16));
  const narrow = s.definition(v, 'load');
  const clear = narrow?.size === 2 && narrow.signed !== true;
  const high = clear
    ? s.value('srli', inst, x, s.imm(8))
    : s.value('srli', inst, s.value('slli', inst, x, s.imm(16)), s.imm(24));
  return s.plain('or', inst, s.def(inst.results[0]!), low, high);
};

/** Every second byte. */
const ALTERNATE = 0x00ff00ff;

/** The bytes of each half change places, then the halves do. */
const bswap32: Rule = (s, inst) => {
  if (inst.bits !== 32) throw new Error(`bswap of ${inst.bits} bits on a lane`);
  const x = s.use(inst.args[0]!);
  const mask = s.common(ALTERNATE);
  const down = s.value('and', inst, s.value('srli', inst, x, s.imm(8)), mask);
  const up = s.value('slli', inst, s.value('and', inst, x, mask), s.imm(8));
  const bytes = s.value('or', inst, down, up);
  const high = s.value('slli', inst, bytes, s.imm(16));
  return s.plain('or', inst, s.def(inst.results[0]!), s.value('srli', inst, bytes, s.imm(16)), high);
};

export const BSWAP: readonly Rule[] = [swappedLoad, bswap16, bswap32];

/** The instance's fields do not change during a run, and it takes one load: cheaper to repeat than to spill. */
const REMAT: Partial<MInst> = { remat: true };

/** reg = a field of the instance. */
function field(s: Selector, inst: Inst, reg: MReg, offset: number): void {
  s.emit(
    'field',
    inst.origin,
    [s.defReg(reg), s.imm(offset)],
    ([d, o], asm) => asm.inst('lw', d!, s.abi.instance, o!),
    REMAT,
  );
}

/** The base of a region, and apart from it the base without the constant that belongs to it, as accesses want it. */
export const base: Rule = (s, inst) => {
  const { offset, add } = s.context.regionBase(inst.region!);
  const raw = s.rawBase(inst);
  const result = inst.results[0]!;
  if (raw !== undefined) field(s, inst, raw, offset);
  if (!s.isNeeded(result)) return true;
  if (add === 0) {
    field(s, inst, s.need(result), offset);
    return true;
  }
  s.emit(
    'base',
    inst.origin,
    [s.def(result), s.imm(offset), s.imm(add)],
    ([d, o, a], asm) => {
      const { scratch, instance } = s.abi;
      asm.inst('lw', d!, instance, o!);
      if (isImmediate(a! >>> 0)) asm.inst('addi', d!, d!, a!);
      else {
        loadConstant(scratch, a! >>> 0, asm);
        asm.inst('add', d!, d!, scratch);
      }
    },
    REMAT,
  );
  return true;
};

export const length: Rule = (s, inst) => {
  field(s, inst, s.need(inst.results[0]!), s.context.regionLength(inst.region!));
  return true;
};

/** Bytes up to which zeroing is unrolled, and bytes that one iteration of the loop zeroes otherwise. */
const UNROLLED = 32;
const STRIDE = 8;

/** Frames are multiples of 8 bytes at multiples of 8 (they lie in the 8-aligned data block). */
export const zeroframe: Rule = (s, inst) => {
  const bytes = s.fn.frameBytes;
  if (bytes === 0) return true;
  if (bytes % STRIDE !== 0) throw new Error(`a frame of ${bytes} bytes`);
  const { offset, add } = s.context.regionBase({ kind: 'frame', func: s.fn.index });
  const reg = s.fresh();
  field(s, inst, reg, offset);
  let at = s.useReg(reg);
  if (add !== 0) {
    at = isImmediate(add >>> 0)
      ? s.value('addi', inst, at, s.imm(add))
      : s.value('add', inst, at, s.constant(add >>> 0, inst));
  }
  const zero = s.zero(inst);
  if (bytes <= UNROLLED) {
    for (let i = 0; i < bytes; i += 4) s.plain('sw', inst, zero, at, s.imm(i));
    return true;
  }
  const moving = s.fresh();
  s.emit(
    'zeroframe',
    inst.origin,
    [{ spec: { role: 'def', tied: 1 }, reg: moving }, at, zero, s.temp()],
    ([a, , z, end], asm) => {
      asm.inst('addi', end!, a!, bytes);
      const loop = asm.newLabel();
      asm.bind(loop);
      for (let i = 0; i < STRIDE; i += 4) asm.inst('sw', z!, a!, i);
      asm.inst('addi', a!, a!, STRIDE);
      asm.ref('bne', loop, a!, end!);
    },
    { executes: 1 + (bytes / STRIDE) * (STRIDE / 4 + 2) },
  );
  return true;
};

/** Takes fuel; too little is a trap before anything is stored: a difference that is above what there was has wrapped. */
export const fuel: Rule = (s, inst) => {
  const amount = Number(inst.imm ?? 0n);
  if (!(amount >= 0 && amount <= 0xffffffff)) throw new Error(`fuel of ${amount}`);
  if (amount === 0) return true;
  const direct = isImmediate(-amount >>> 0) && amount <= 0x7fffffff;
  s.emit('fuel', inst.origin, [s.temp(), s.temp(), s.imm(amount)], ([have, left, n], asm) => {
    const { instance } = s.abi;
    asm.inst('lw', have!, instance, INSTANCE.offset.fuel);
    if (direct) asm.inst('addi', left!, have!, -n!);
    else {
      loadConstant(left!, n!, asm);
      asm.inst('sub', left!, have!, left!);
    }
    asm.ref('bltu', asm.trapSite('fuel', inst.origin), have!, left!);
    asm.inst('sw', left!, instance, INSTANCE.offset.fuel);
  });
  return true;
};
