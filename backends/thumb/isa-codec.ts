// SPDX-License-Identifier: MIT
import type { Name } from './isa-names.js';

/**
 * One row per encoding, and the one packer and unpacker of operand fields. A pattern is 16 or 32 bits, first halfword first:
 * 0 and 1 are fixed (the manual's should-be bits too: other values are unpredictable), letters are fields, whose bits run
 * from the most significant down. `fields` names the letters that an operand's bits are made of, in order.
 */
export type Operand =
  /** Register number; `allow` is the mask of numbers that are defined here. `also`: a second field with the same number. */
  | { readonly kind: 'reg'; readonly fields: string; readonly allow: number; readonly also?: string }
  /** Not encoded: must be this value. `reg`: it is a register number. */
  | { readonly kind: 'fixed'; readonly value: number; readonly reg: boolean }
  /** value = field * scale, field in [min, max]; scale may be negative. */
  | {
      readonly kind: 'imm';
      readonly fields: string;
      readonly scale: number;
      readonly min: number;
      readonly max: number;
    }
  /** Sign bit (1: add) and magnitude in units of `scale`; minus zero has no value. */
  | { readonly kind: 'sign'; readonly fields: string; readonly scale: number }
  /** Shift amount: lsl and ror 1..31, lsr and asr 1..32 (32 is written as 0). */
  | { readonly kind: 'shift'; readonly fields: string; readonly max: 31 | 32 }
  /** Modified immediate (architecture manual, ThumbExpandImm), as an unsigned 32-bit number; negative numbers are taken modulo 2^32. */
  | { readonly kind: 'mod'; readonly fields: string }
  /** Bit field's width as width - 1, or (`end`) as the number of its top bit; needs lsb + width <= 32, lsb the operand before. */
  | { readonly kind: 'width'; readonly fields: string; readonly end: boolean }
  /** Signed branch offset in halfwords from address + 4; `mix`: bits 22 and 21 are written as NOT(J EOR S). */
  | { readonly kind: 'branch'; readonly fields: string; readonly mix: boolean; readonly signed: boolean }
  /** Offset from Align(address + 4, 4): value = ± field * scale, a multiple of `multiple`. */
  | {
      readonly kind: 'literal';
      readonly fields: string;
      readonly scale: number;
      readonly sign: 1 | -1;
      readonly multiple: 1 | 4;
    }
  /** Register set; `regs` are the register numbers of the field's bits from the top. */
  | { readonly kind: 'list'; readonly fields: string; readonly regs: readonly number[]; readonly least: 1 | 2 }
  /** Register set of exactly one, written as a number. */
  | { readonly kind: 'single'; readonly fields: string; readonly allow: number };

/** Where an instruction may stand: outside IT blocks, inside, both, or outside and last in a block. */
export type ItUse = 'any' | 'out' | 'in' | 'last';
/** Where it does stand. */
export type ItPosition = 'out' | 'in' | 'last';
/**
 * Least architecture that has the encoding: ARMv6-M, ARMv8-M baseline, ARMv7-M, ARMv7E-M (`dsp`). Each has all of those before it
 * (of what is in the table).
 */
export type Feature = 'v6m' | 'v8mbase' | 'v7m' | 'dsp';

export interface RowSpec {
  readonly name: Name;
  readonly bits: string;
  readonly operands: readonly Operand[];
  readonly it?: ItUse;
  readonly feature?: Feature;
  /** Never the result of decoding: another row decodes these bits to the same effect. */
  readonly alias?: boolean;
  /** What the manual calls unpredictable beyond single operands. `last`: outside IT blocks or last in one. */
  readonly ok?: (v: readonly number[], last: boolean) => boolean;
  /** Assembly text; {i} stands for operand i. Default: the name without its form suffix, then the operands. */
  readonly text?: string;
}

interface Slot {
  readonly operand: Operand;
  readonly positions: readonly number[];
  readonly also: readonly number[];
}

export interface Row extends RowSpec {
  readonly size: 2 | 4;
  readonly mask: number;
  readonly match: number;
  readonly slots: readonly Slot[];
  readonly feature: Feature;
  readonly it: ItUse;
}

const popcount = (x: number): number => {
  let n = 0;
  for (let v = x >>> 0; v !== 0; v &= v - 1) n++;
  return n;
};

/** Turns a row's pattern into masks and bit positions. Throws if pattern and operands do not fit together. */
export function compileRow(spec: RowSpec): Row {
  const bits = spec.bits.replaceAll(' ', '');
  if (bits.length !== 16 && bits.length !== 32) throw new Error(`${spec.name}: pattern of ${bits.length} bits`);
  let mask = 0;
  let match = 0;
  const letters = new Map<string, number[]>();
  for (let i = 0; i < bits.length; i++) {
    const c = bits[i]!;
    const position = bits.length - 1 - i;
    if (c === '0' || c === '1') {
      mask |= 1 << position;
      if (c === '1') match |= 1 << position;
    } else letters.set(c, [...(letters.get(c) ?? []), position]);
  }
  const used = new Set<string>();
  const find = (fields: string): number[] =>
    [...fields].flatMap((c) => {
      used.add(c);
      const at = letters.get(c);
      if (!at) throw new Error(`${spec.name}: no field ${c} in ${spec.bits}`);
      return at;
    });
  const slots = spec.operands.map((operand) => ({
    operand,
    positions: operand.kind === 'fixed' ? [] : find(operand.fields),
    also: operand.kind === 'reg' && operand.also !== undefined ? find(operand.also) : [],
  }));
  for (const c of letters.keys()) if (!used.has(c)) throw new Error(`${spec.name}: field ${c} has no operand`);
  return {
    feature: bits.length === 16 && spec.it !== 'in' ? 'v6m' : 'v7m',
    it: 'any',
    ...spec,
    size: bits.length === 16 ? 2 : 4,
    mask: mask >>> 0,
    match: match >>> 0,
    slots,
  };
}

/** The 12-bit field of a modified immediate, or null if the number is not one. The shortest way of writing it is taken. */
export function encodeModified(value: number): number | null {
  if (!Number.isInteger(value) || value < -0x80000000 || value > 0xffffffff) return null;
  const v = value >>> 0;
  if (v < 256) return v;
  const b = v & 0xff;
  if (b !== 0 && v === (b | (b << 16)) >>> 0) return 0x100 | b;
  const c = (v >>> 8) & 0xff;
  if (v === ((c << 8) | (c << 24)) >>> 0) return 0x200 | c;
  if (v === (b * 0x01010101) >>> 0) return 0x300 | b;
  const rotation = 8 + Math.clz32(v);
  if (rotation > 31) return null;
  const byte = ((v << rotation) | (v >>> (32 - rotation))) >>> 0;
  return byte < 256 ? (rotation << 7) | (byte & 0x7f) : null;
}

/** Value of a modified immediate's field as an unsigned number, or null where it is unpredictable. */
export function decodeModified(field: number): number | null {
  const byte = field & 0xff;
  if (field >= 0x400) {
    const rotation = field >>> 7;
    const v = 0x80 | (field & 0x7f);
    return ((v >>> rotation) | (v << (32 - rotation))) >>> 0;
  }
  const pattern = field >>> 8;
  if (pattern === 0) return byte;
  if (byte === 0) return null;
  return (byte * [0, 0x00010001, 0x01000100, 0x01010101][pattern]!) >>> 0;
}

/** Address that PC-relative data is counted from. */
const aligned = (address: number): number => (address + 4) & ~3;

/** Field value of an operand, or null if the operand cannot be written here. */
function toField(o: Operand, v: number, width: number, before: number | undefined, address: number): number | null {
  if (!Number.isInteger(v)) return null;
  switch (o.kind) {
    case 'reg':
      return v >= 0 && v < 16 && (o.allow >>> v) & 1 ? v : null;
    case 'fixed':
      return v === o.value ? 0 : null;
    case 'imm': {
      const f = v / o.scale;
      return Number.isInteger(f) && f >= o.min && f <= o.max ? f + 0 : null;
    }
    case 'sign': {
      const f = Math.abs(v) / o.scale;
      const limit = 2 ** (width - 1);
      return Number.isInteger(f) && f < limit ? (v < 0 ? f : f + limit) : null;
    }
    case 'shift':
      return v >= 1 && v <= o.max ? v & 31 : null;
    case 'mod':
      return encodeModified(v);
    case 'width':
      return v >= 1 && before! + v <= 32 ? (o.end ? before! + v - 1 : v - 1) : null;
    case 'branch': {
      const f = (v - 4) / 2;
      const half = 2 ** (width - 1);
      if (!Number.isInteger(f)) return null;
      if (!o.signed) return f >= 0 && f < 2 * half ? f : null;
      if (f < -half || f >= half) return null;
      return o.mix ? mixed(f & (2 * half - 1)) : f & (2 * half - 1);
    }
    case 'literal': {
      const from = address + v - aligned(address);
      const f = (from * o.sign) / o.scale;
      // Zero belongs to the adding form alone.
      return Number.isInteger(f) && from % o.multiple === 0 && (o.sign > 0 ? f >= 0 : f > 0) ? f : null;
    }
    case 'list': {
      if (v < 0 || v > 0xffff) return null;
      let f = 0;
      let rest = v;
      o.regs.forEach((r, i) => {
        if ((v >>> r) & 1) f |= 1 << (width - 1 - i);
        rest &= ~(1 << r);
      });
      return rest === 0 && popcount(v) >= o.least ? f : null;
    }
    case 'single': {
      const r = 31 - Math.clz32(v);
      return v > 0 && v === 1 << r && (o.allow >>> r) & 1 ? r : null;
    }
  }
}

/** Swaps between I1, I2 and J1, J2 = NOT(I EOR S) in a 24-bit branch field S I1 I2 imm10 imm11. */
function mixed(f: number): number {
  return f & 0x800000 ? f : f ^ 0x600000;
}

/** Operand value of a field, or null where the manual leaves it undefined. */
function fromField(o: Operand, f: number, width: number, before: number | undefined, address: number): number | null {
  switch (o.kind) {
    case 'reg':
      return (o.allow >>> f) & 1 ? f : null;
    case 'fixed':
      return o.value;
    case 'imm':
      return f >= o.min && f <= o.max ? f * o.scale + 0 : null;
    case 'sign': {
      const limit = 2 ** (width - 1);
      if (f >= limit) return (f - limit) * o.scale;
      return f === 0 ? null : -f * o.scale;
    }
    case 'shift':
      return f === 0 ? (o.max === 32 ? 32 : null) : f;
    case 'mod':
      return decodeModified(f);
    case 'width': {
      const w = o.end ? f - before! + 1 : f + 1;
      return w >= 1 && before! + w <= 32 ? w : null;
    }
    case 'branch': {
      const raw = o.mix ? mixed(f) : f;
      return (o.signed && raw >= 2 ** (width - 1) ? raw - 2 ** width : raw) * 2 + 4;
    }
    case 'literal': {
      const from = f * o.scale * o.sign;
      return from % o.multiple === 0 && (f > 0 || o.sign > 0) ? aligned(address) + from - address : null;
    }
    case 'list': {
      let v = 0;
      o.regs.forEach((r, i) => {
        if ((f >>> (width - 1 - i)) & 1) v |= 1 << r;
      });
      return popcount(v) >= o.least ? v : null;
    }
    case 'single':
      return (o.allow >>> f) & 1 ? 1 << f : null;
  }
}

/** Writes `value` at bit positions of `word`; false if it does not fit or if other bits stand there already. */
function place(state: { word: number; taken: number }, positions: readonly number[], value: number): boolean {
  const width = positions.length;
  if (value < 0 || value >= 2 ** width) return false;
  for (let i = 0; i < width; i++) {
    const bit = 1 << positions[i]!;
    const set = (value >>> (width - 1 - i)) & 1;
    if (state.taken & bit) {
      if (((state.word & bit) !== 0) !== (set === 1)) return false;
    } else {
      state.taken |= bit;
      if (set) state.word |= bit;
    }
  }
  return true;
}

/** The row's bits as an unsigned number, or null if it does not take these operands. */
export function encodeRow(row: Row, operands: readonly number[], address: number): number | null {
  if (operands.length !== row.slots.length) throw new Error(`${row.name} takes ${row.slots.length} operands`);
  const state = { word: row.match | 0, taken: row.mask | 0 };
  for (let i = 0; i < row.slots.length; i++) {
    const { operand, positions, also } = row.slots[i]!;
    const field = toField(operand, operands[i]!, positions.length, operands[i - 1], address);
    if (field === null || !place(state, positions, field)) return null;
    if (also.length > 0 && !place(state, also, field)) return null;
  }
  if (row.ok && !row.ok(operands, true)) return null;
  return state.word >>> 0;
}

const gather = (word: number, positions: readonly number[]): number => {
  let f = 0;
  for (const p of positions) f = f * 2 + ((word >>> p) & 1);
  return f;
};

/** Operands of a word that matches the row's fixed bits, or null where they are undefined or unpredictable. */
export function decodeRow(row: Row, word: number, address: number, position: ItPosition): number[] | null {
  const out: number[] = [];
  for (const { operand, positions, also } of row.slots) {
    const field = gather(word, positions);
    if (also.length > 0 && gather(word, also) !== field) return null;
    const v = fromField(operand, field, positions.length, out[out.length - 1], address);
    if (v === null) return null;
    out.push(v);
  }
  return row.ok && !row.ok(out, position !== 'in') ? null : out;
}
