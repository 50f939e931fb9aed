// SPDX-License-Identifier: MIT
import type { Name } from './isa-names.js';

/**
 * One row per encoding, and the one packer and unpacker of operand fields. A pattern is 8, 16 or 24 bits, most significant
 * first, of the little-endian word: 0 and 1 are fixed, letters are fields, whose bits run from the most significant down.
 */
export type Operand =
  /** Register number. A field of several letters holds it once for each: only in rows that are not decoded. */
  | { readonly kind: 'reg'; readonly fields: string }
  | {
      readonly kind: 'imm';
      readonly fields: string;
      /** Bits of the number that the field holds, "7:0" unless the field is scattered: "4|3:0". */
      readonly layout: string;
      readonly signed?: boolean;
      /** Added to the number that the field holds. */
      readonly bias?: number;
      /** Numbers by what the field holds, where no rule gives them; undefined: reserved. */
      readonly values?: readonly (number | undefined)[];
      /** Distance from the instruction, of which the field holds that from `BASES[rel]`; printed as the address it leads to. */
      readonly rel?: keyof typeof BASES;
    };

/** Where PC-relative fields count from, as a distance from the instruction at `address` (ISA Reference Manual, chapter 6). */
export const BASES = {
  branch: () => 4,
  call: (address: number) => 4 - (address & 3),
  literal: (address: number) => (4 - (address & 3)) & 3,
} as const satisfies Record<string, (address: number) => number>;

/** What a core must have for an encoding; `base` every core has. */
export type Feature =
  | 'base'
  | 'density'
  | 'mul16'
  | 'mul32'
  | 'mul32high'
  | 'div32'
  | 'minmax'
  | 'sext'
  | 'clamps'
  | 'nsa'
  | 'loop'
  | 's32c1i';

export interface RowSpec {
  readonly name: Name;
  readonly bits: string;
  readonly operands: readonly Operand[];
  readonly feature: Feature;
  /** Never the result of decoding: another row decodes these bits to the same effect, or they are no instruction. */
  readonly alias?: boolean;
  /** Assembly text of the manual; {i} stands for operand i. */
  readonly text: string;
}

interface Slot {
  readonly operand: Operand;
  /** Bit positions of the field, the most significant first. */
  readonly positions: readonly number[];
  /** Of immediates: the bit of the number at each position, and the top one of them. */
  readonly order: readonly number[];
  readonly top: number;
  /** Of `values`: what the field holds by number. */
  readonly codes: ReadonlyMap<number, number> | null;
  readonly range: Range;
}

/** Least and greatest number that a field holds, its bias included, and the step between numbers. */
interface Range {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

export type Size = 1 | 2 | 3;

export interface Row extends RowSpec {
  readonly size: Size;
  readonly mask: number;
  readonly match: number;
  readonly slots: readonly Slot[];
}

/** "4|3:0" as 4, 3, 2, 1, 0. */
function bitsOfLayout(layout: string): number[] {
  return layout.split('|').flatMap((part) => {
    const [high, low = high] = part.split(':').map(Number) as [number, number?];
    return Array.from({ length: high - low! + 1 }, (_, i) => high - i);
  });
}

function rangeOf(order: readonly number[], signed: boolean, bias: number): Range {
  const top = Math.max(...order);
  const step = 2 ** Math.min(...order);
  const [min, max] = signed ? [-(2 ** top), 2 ** top - step] : [0, 2 ** (top + 1) - step];
  return { min: min + bias, max: max + bias, step };
}

const SIZES: Readonly<Record<number, Size>> = { 8: 1, 16: 2, 24: 3 };

function slotOf(operand: Operand, letters: ReadonlyMap<string, readonly number[]>): Slot {
  const positions = [...operand.fields].flatMap((c) => letters.get(c) ?? []);
  const nothing = { operand, positions, order: [], top: 0, codes: null, range: { min: 0, max: 15, step: 1 } };
  if (operand.kind === 'reg') {
    if (positions.length !== 4 * operand.fields.length)
      throw new Error(`register field ${operand.fields} is not 4 bits wide`);
    return nothing;
  }
  const order = bitsOfLayout(operand.layout);
  if (order.length !== positions.length) throw new Error(`layout ${operand.layout} has not the width of its field`);
  const codes = operand.values
    ? new Map(operand.values.flatMap((v, i) => (v === undefined ? [] : [[v, i] as const])))
    : null;
  const range = rangeOf(order, operand.signed === true, operand.bias ?? 0);
  return { operand, positions, order, top: Math.max(...order), codes, range };
}

/** Turns a row's pattern into masks and bit positions. Throws if pattern and operands do not fit together. */
export function compileRow(spec: RowSpec): Row {
  const bits = spec.bits.replaceAll(' ', '');
  const size = SIZES[bits.length];
  if (!size) throw new Error(`${spec.name}: pattern of ${bits.length} bits`);
  let mask = 0;
  let match = 0;
  const letters = new Map<string, number[]>();
  [...bits].forEach((c, i) => {
    const position = bits.length - 1 - i;
    if (c === '0' || c === '1') {
      mask |= 1 << position;
      if (c === '1') match |= 1 << position;
    } else letters.set(c, [...(letters.get(c) ?? []), position]);
  });
  const used = new Set(spec.operands.flatMap((o) => [...o.fields]));
  for (const c of letters.keys()) if (!used.has(c)) throw new Error(`${spec.name}: field ${c} has no operand`);
  if ((size === 2) !== (spec.feature === 'density')) throw new Error(`${spec.name}: wrong feature`);
  return { ...spec, size, mask, match, slots: spec.operands.map((o) => slotOf(o, letters)) };
}

/** What the field holds for a number, or null if it cannot. */
function codeOf({ operand, codes, range }: Slot, v: number, address: number): number | null {
  if (!Number.isInteger(v)) return null;
  if (operand.kind === 'reg') return v >= 0 && v <= 15 ? v : null;
  if (codes) return codes.get(v) ?? null;
  const n = operand.rel ? v - BASES[operand.rel](address) : v;
  const { min, max, step } = range;
  const bias = operand.bias ?? 0;
  return n < min || n > max || (n - bias) % step !== 0 ? null : n - bias;
}

/** The row's bits, or null if it does not take these operands in an instruction at `address`. */
export function encodeRow(row: Row, operands: readonly number[], address: number): number | null {
  if (operands.length !== row.slots.length) throw new Error(`${row.name} takes ${row.slots.length} operands`);
  let word = row.match;
  for (let i = 0; i < row.slots.length; i++) {
    const slot = row.slots[i]!;
    const code = codeOf(slot, operands[i]!, address);
    if (code === null) return null;
    const { positions, order } = slot;
    for (let k = 0; k < positions.length; k++)
      word |= ((code >> (slot.operand.kind === 'reg' ? 3 - (k & 3) : order[k]!)) & 1) << positions[k]!;
  }
  return word;
}

/** Operands of a word that matches the row's fixed bits, in an instruction at `address`; null where they are reserved. */
export function decodeRow(row: Row, word: number, address: number): number[] | null {
  const out: number[] = [];
  for (const { operand: o, positions, order, top } of row.slots) {
    let v = 0;
    if (o.kind === 'reg') {
      for (const p of positions) v = 2 * v + ((word >>> p) & 1);
      out.push(v);
      continue;
    }
    positions.forEach((p, i) => {
      v |= ((word >>> p) & 1) << order[i]!;
    });
    if (o.values) {
      const value = o.values[v];
      if (value === undefined) return null;
      out.push(value);
      continue;
    }
    if (o.signed) v = (v << (31 - top)) >> (31 - top);
    out.push(v + (o.bias ?? 0) + (o.rel ? BASES[o.rel](address) : 0));
  }
  return out;
}
