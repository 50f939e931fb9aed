// SPDX-License-Identifier: MIT
import type { Name } from './isa-names.js';

/**
 * One row per encoding, and the one packer and unpacker of operand fields. A pattern is 16 or 32 bits, most significant
 * first: 0 and 1 are fixed, letters are fields, whose bits run from the most significant down. Immediates are scattered; their
 * `layout` names the bits of the number that the field holds, in the manual's notation: "5:3|2|6".
 */
export type Operand =
  /** Register number: the field + `base`; `allow` is the mask of numbers that are defined here. */
  | { readonly kind: 'reg'; readonly fields: string; readonly base: 0 | 8; readonly allow: number }
  /** Not encoded: must be this value. `reg`: it is a register number. */
  | { readonly kind: 'fixed'; readonly value: number; readonly reg: boolean }
  | {
      readonly kind: 'imm';
      readonly fields: string;
      readonly layout: string;
      readonly signed: boolean;
      readonly nonzero?: boolean;
      /** Distance from the instruction: printed as the address that it leads to. */
      readonly rel?: boolean;
      /** Negative numbers are written as unsigned ones of this many bits (c.lui: 20). */
      readonly modulo?: number;
      /** A set of i, o, r, w. */
      readonly fence?: boolean;
    };

/** What a core must have for an encoding; `base` every core has. */
export type Feature = 'base' | 'mul' | 'div' | 'atomics' | 'compressed';

export interface RowSpec {
  readonly name: Name;
  readonly bits: string;
  readonly operands: readonly Operand[];
  readonly feature: Feature;
  /** Never the result of decoding: another row decodes these bits to the same effect. */
  readonly alias?: boolean;
  /** Never encoded: a HINT of the C extension, which cores may give a meaning of their own to, though none that computes. */
  readonly hint?: boolean;
  /** Assembly text of the manual; {i} stands for operand i. */
  readonly text: string;
}

interface Slot {
  readonly operand: Operand;
  /** Bit positions of the operand's field, the most significant first. */
  readonly positions: readonly number[];
  /** Of immediates: the bit of the number at each of them, the top one's, and what numbers the field holds. */
  readonly order: readonly number[];
  readonly top: number;
  readonly range: Range;
}

/** Least and greatest number, and the step between numbers. */
interface Range {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

export interface Row extends RowSpec {
  readonly size: 2 | 4;
  readonly mask: number;
  readonly match: number;
  readonly slots: readonly Slot[];
}

/** "5:3|2|6" as 5, 4, 3, 2, 6. */
export function bitsOfLayout(layout: string): number[] {
  return layout.split('|').flatMap((part) => {
    const [high, low = high] = part.split(':').map(Number) as [number, number?];
    return Array.from({ length: high - low! + 1 }, (_, i) => high - i);
  });
}

function rangeOf(order: readonly number[], signed: boolean): Range {
  const top = Math.max(...order);
  const step = 2 ** Math.min(...order);
  return signed ? { min: -(2 ** top), max: 2 ** top - step, step } : { min: 0, max: 2 ** (top + 1) - step, step };
}

const NO_RANGE: Range = { min: 0, max: 0, step: 1 };

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
  const slots = spec.operands.map((operand): Slot => {
    if (operand.kind === 'fixed') return { operand, positions: [], order: [], top: 0, range: NO_RANGE };
    const positions = letters.get(operand.fields);
    if (!positions) throw new Error(`${spec.name}: no field ${operand.fields} in ${spec.bits}`);
    used.add(operand.fields);
    if (operand.kind === 'reg') return { operand, positions, order: [], top: 0, range: NO_RANGE };
    const order = bitsOfLayout(operand.layout);
    if (order.length !== positions.length)
      throw new Error(`${spec.name}: layout ${operand.layout} has not the width of its field in ${spec.bits}`);
    return { operand, positions, order, top: Math.max(...order), range: rangeOf(order, operand.signed) };
  });
  for (const c of letters.keys()) if (!used.has(c)) throw new Error(`${spec.name}: field ${c} has no operand`);
  const size = bits.length === 16 ? 2 : 4;
  if ((size === 2) !== (spec.feature === 'compressed')) throw new Error(`${spec.name}: wrong feature`);
  return { ...spec, size, mask: mask >>> 0, match: match >>> 0, slots };
}

/** Word with the operand in its field, or null if it cannot be written there. */
function pack(word: number, slot: Slot, v: number): number | null {
  const o = slot.operand;
  if (!Number.isInteger(v)) return null;
  switch (o.kind) {
    case 'fixed':
      return v === o.value ? word : null;
    case 'reg': {
      if (v < 0 || v > 31 || ((o.allow >>> v) & 1) === 0) return null;
      const field = v - o.base;
      const width = slot.positions.length;
      slot.positions.forEach((p, i) => {
        word |= ((field >>> (width - 1 - i)) & 1) << p;
      });
      return word;
    }
    case 'imm': {
      const { min, max, step } = slot.range;
      let n = v;
      if (o.modulo !== undefined) {
        if (v < 0 || v >= 2 ** o.modulo) return null;
        if (v >= 2 ** (o.modulo - 1)) n = v - 2 ** o.modulo;
      }
      if (n < min || n > max || n % step !== 0 || (o.nonzero && n === 0)) return null;
      slot.positions.forEach((p, i) => {
        word |= ((n >> slot.order[i]!) & 1) << p;
      });
      return word;
    }
  }
}

/** The row's bits as an unsigned number, or null if it does not take these operands. */
export function encodeRow(row: Row, operands: readonly number[]): number | null {
  if (operands.length !== row.slots.length) throw new Error(`${row.name} takes ${row.slots.length} operands`);
  let word = row.match;
  for (let i = 0; i < row.slots.length; i++) {
    const slot = row.slots[i]!;
    // Operands of one field (rd and rs1 of c.add) hold one value.
    for (let j = 0; j < i; j++) {
      const other = row.slots[j]!.operand;
      const o = slot.operand;
      if (o.kind === 'reg' && other.kind === 'reg' && o.fields === other.fields && operands[i] !== operands[j])
        return null;
    }
    const next = pack(word, slot, operands[i]!);
    if (next === null) return null;
    word = next;
  }
  return word >>> 0;
}

/** Operands of a word that matches the row's fixed bits, or null where they are reserved. */
export function decodeRow(row: Row, word: number): number[] | null {
  const out: number[] = [];
  for (const { operand: o, positions, order, top } of row.slots) {
    switch (o.kind) {
      case 'fixed':
        out.push(o.value);
        break;
      case 'reg': {
        let r = 0;
        for (const p of positions) r = r * 2 + ((word >>> p) & 1);
        r += o.base;
        if (((o.allow >>> r) & 1) === 0) return null;
        out.push(r);
        break;
      }
      case 'imm': {
        let v = 0;
        positions.forEach((p, i) => {
          v |= ((word >>> p) & 1) << order[i]!;
        });
        if (o.signed) v = (v << (31 - top)) >> (31 - top);
        if (o.nonzero && v === 0) return null;
        out.push(o.modulo !== undefined && v < 0 ? v + 2 ** o.modulo : v);
      }
    }
  }
  return out;
}
