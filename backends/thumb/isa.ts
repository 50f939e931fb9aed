// SPDX-License-Identifier: MIT
import type { DecodedInst, Isa } from '../../compiler/codegen/target.js';
import { compileRow, decodeRow, encodeRow, type Feature, type ItPosition, type Row } from './isa-codec.js';
import { DATA_ROWS } from './isa-data.js';
import { FLOW_ROWS } from './isa-flow.js';
import { MEMORY_ROWS } from './isa-memory.js';
import { type Name, plainName, SIGNATURES } from './isa-names.js';
import { conditionName, printOperands } from './isa-print.js';

export type { Feature, ItPosition, Row } from './isa-codec.js';
/**
 * The Thumb instruction table and what follows from it: encoder, decoder, printer. Names and operands: isa-names.ts
 * (SIGNATURES). Rows: isa-data.ts, isa-memory.ts, isa-flow.ts. What instructions do: semantics.ts.
 * Source: ARMv7-M Architecture Reference Manual (DDI 0403E), chapters A5 and A7; ARMv6-M (DDI 0419) for feature v6m,
 * ARMv8-M (DDI 0553) for v8mbase.
 */
export { CONDITIONS, type Name, type PlainName, plainName, SIGNATURES } from './isa-names.js';

/** Every encoding, in table order. */
export const ROWS: readonly Row[] = [...DATA_ROWS, ...MEMORY_ROWS, ...FLOW_ROWS].map(compileRow);

const LEVEL: Readonly<Record<Feature, number>> = { v6m: 0, v8mbase: 1, v7m: 2, dsp: 3 };

/** Does a core of this level have the encoding? */
export const has = (level: Feature, row: Row): boolean => LEVEL[row.feature] <= LEVEL[level];

/**
 * Rows of one name, shortest first; within a size in table order. `.it` names also take the plain name's rows; `jump` is the
 * first of b and bl that the core has and that reaches.
 */
const byName = new Map<string, readonly Row[]>(
  Object.keys(SIGNATURES).map((name) => {
    const plain = plainName(name as Name);
    const rows = ROWS.filter((r) => r.name === name || r.name === plain);
    for (const row of rows)
      if (row.operands.length !== SIGNATURES[row.name].length) throw new Error(`${row.name}: wrong operand count`);
    if (rows.length === 0) throw new Error(`${name} has no encoding`);
    return [name, [...rows].sort((a, b) => a.size - b.size)];
  }),
);
// Where b has no 32-bit form, bl does as well, if nobody needs LR.
byName.set('jump', [...byName.get('b')!, ...byName.get('bl')!]);
// Words at multiples of 4: two of them may become one ldrd or strd.
for (const name of ['ldr', 'str']) byName.set(`${name}.aligned`, byName.get(name)!);

function rowsOf(name: string): readonly Row[] {
  const rows = byName.get(name);
  if (!rows) throw new Error(`no Thumb instruction is called ${name}`);
  return rows;
}

/** Little-endian halfwords of a row's bits, first halfword first. */
export function wordBytes(size: 2 | 4, word: number): Uint8Array {
  const hi = word >>> 16;
  return size === 2
    ? Uint8Array.of(word & 0xff, (word >>> 8) & 0xff)
    : Uint8Array.of(hi & 0xff, hi >>> 8, word & 0xff, (word >>> 8) & 0xff);
}

/**
 * The table as the emitter needs it, limited to what a core of this feature level has. `encode` refuses with null what no row can
 * hold: it never drops bits. An unknown name or a wrong operand count is our bug and throws.
 */
export function makeIsa(level: Feature): Isa {
  const known = (row: Row): boolean => has(level, row);
  return {
    encode(name, operands, address, minSize) {
      for (const row of rowsOf(name)) {
        if (row.size < minSize || !known(row)) continue;
        const word = encodeRow(row, operands, address);
        if (word !== null) return wordBytes(row.size, word);
      }
      return null;
    },
    sizes(name) {
      return [
        ...new Set(
          rowsOf(name)
            .filter(known)
            .map((r) => r.size),
        ),
      ].sort((a, b) => a - b);
    },
  };
}

/** An instruction of the text: `operands` as in SIGNATURES[row.name]. */
export interface Decoded {
  readonly row: Row;
  readonly operands: readonly number[];
}

const decodable = ROWS.filter((r) => !r.alias);
const short = decodable.filter((r) => r.size === 2);
/** 32-bit rows by the top 7 bits of the first halfword. */
const long: readonly (readonly Row[])[] = Array.from({ length: 128 }, (_, top) =>
  decodable.filter((r) => r.size === 4 && (((top << 25) ^ r.match) & r.mask & 0xfe000000) === 0),
);
const shortCache: (readonly Row[] | undefined)[] = new Array(65536);

const fits = (row: Row, position: ItPosition): boolean =>
  row.it === 'any' ||
  (row.it === 'out' && position === 'out') ||
  (row.it === 'in' && position !== 'out') ||
  (row.it === 'last' && position !== 'in');

/** Size in bytes of the instruction that starts with this halfword. */
export function sizeOf(first: number): 2 | 4 {
  return first >>> 11 >= 0b11101 ? 4 : 2;
}

/**
 * The instruction made of `first` (and `second` if it is a 32-bit one) at `address`, standing at `position` of an IT block
 * or outside. null: not in the table, undefined, unpredictable, or not allowed there.
 */
export function decode(first: number, second: number, address: number, position: ItPosition): Decoded | null {
  let rows: readonly Row[];
  let word: number;
  if (sizeOf(first) === 2) {
    word = first;
    rows = shortCache[first] ??= short.filter((r) => ((first ^ r.match) & r.mask) === 0);
  } else {
    word = ((first << 16) | second) >>> 0;
    rows = long[first >>> 9]!;
  }
  for (const row of rows) {
    if (((word ^ row.match) & row.mask) !== 0 || !fits(row, position)) continue;
    const operands = decodeRow(row, word, address, position);
    if (operands) return { row, operands };
  }
  return null;
}

/** Assembly text; `condition` is the suffix inside an IT block, '' outside. */
export function print(inst: Decoded, address: number, condition = ''): string {
  return printOperands(inst.row, inst.operands, address, condition);
}

/**
 * Instructions of a piece of text. What does not decode is shown as `.short`. IT blocks are followed.
 */
export function disassemble(text: Uint8Array, address: number): DecodedInst[] {
  const out: DecodedInst[] = [];
  const half = (at: number): number => (text[at] ?? 0) | ((text[at + 1] ?? 0) << 8);
  let block: ItBlock = NO_IT;
  for (let at = 0; at + 1 < text.length; ) {
    const first = half(at);
    const whole = sizeOf(first) === 2 || at + 4 <= text.length;
    const inst = whole ? decode(first, half(at + 2), address + at, itPosition(block)) : null;
    const size = inst ? inst.row.size : 2;
    const condition = block === NO_IT ? '' : conditionName(block >>> 4);
    out.push({
      address: address + at,
      size,
      text: inst ? print(inst, address + at, condition) : `.short 0x${first.toString(16).padStart(4, '0')}`,
    });
    block = inst?.row.name === 'it' ? itStart(inst.operands[0]!, inst.operands[1]!) : itAdvance(block);
    at += size;
  }
  return out;
}

/** ITSTATE of the manual (A7.3.3): condition in bits 7..4, mask below; 0 outside blocks. */
export type ItBlock = number;
export const NO_IT: ItBlock = 0;
export const itStart = (cond: number, mask: number): ItBlock => (cond << 4) | mask;
export const itAdvance = (b: ItBlock): ItBlock => ((b & 7) === 0 ? NO_IT : (b & 0xe0) | ((b << 1) & 0x1f));
export const itPosition = (b: ItBlock): ItPosition => (b === NO_IT ? 'out' : (b & 15) === 8 ? 'last' : 'in');
