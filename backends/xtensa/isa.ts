// SPDX-License-Identifier: MIT
import type { DecodedInst, Isa } from '../../compiler/codegen/target.js';
import { compileRow, decodeRow, encodeRow, type Row, type Size } from './isa-codec.js';
import { type Branch, isBranch, opposite, SIGNATURES } from './isa-names.js';
import { printOperands } from './isa-print.js';
import { ROW_SPECS } from './isa-rows.js';

/**
 * The Xtensa instruction table and what follows from it: encoder, decoder, printer. Names and operands: isa-names.ts
 * (SIGNATURES). Rows: isa-rows.ts. What instructions do: semantics.ts.
 * Source: Xtensa Instruction Set Architecture Reference Manual.
 */
export type { Feature, Row, Size } from './isa-codec.js';
export { type Name, SIGNATURES } from './isa-names.js';

/** Every encoding, in table order. */
export const ROWS: readonly Row[] = ROW_SPECS.map(compileRow);

/** Features of a core: those of rows, by name. */
export type Features = Readonly<Record<string, boolean>>;

/** Rows of one name, shortest first. */
const byName = new Map<string, readonly Row[]>(
  Object.entries(SIGNATURES).map(([name, signature]) => {
    const rows = ROWS.filter((r) => r.name === name);
    if (rows.length === 0) throw new Error(`${name} has no encoding`);
    for (const row of rows)
      if (row.operands.length !== signature.length) throw new Error(`${name}: wrong operand count`);
    return [name, rows.sort((a, b) => a.size - b.size)];
  }),
);

function rowsOf(name: string): readonly Row[] {
  const rows = byName.get(name);
  if (!rows) throw new Error(`no Xtensa instruction is called ${name}`);
  return rows;
}

/** Little-endian bytes of a row's bits. */
export function wordBytes(size: Size, word: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (word >>> (8 * i)) & 0xff);
}

/** Whether a core has this encoding. */
export const supports = (features: Features, row: Row): boolean =>
  row.feature === 'base' || features[row.feature] === true;

const FAR_BRANCH_SIZE = 6;
const full = (name: string): Row => rowsOf(name).find((r) => r.size === 3)!;

/** The opposite branch over a `j`. */
function farBranch(name: Branch, operands: readonly number[], address: number): Uint8Array | null {
  const rel = operands.at(-1)!;
  const skip = encodeRow(full(opposite(name)), [...operands.slice(0, -1), FAR_BRANCH_SIZE], address);
  const jump = encodeRow(full('j'), [rel - 3], address + 3);
  return skip === null || jump === null ? null : Uint8Array.of(...wordBytes(3, skip), ...wordBytes(3, jump));
}

/**
 * The table as the emitter needs it, limited to what a core with these features has. `encode` refuses with null what no row can
 * hold: it never drops bits. An unknown name or a wrong operand count is our bug and throws.
 */
export function makeIsa(features: Features): Isa {
  return {
    encode(name, operands, address, minSize) {
      for (const row of rowsOf(name)) {
        if (row.size < minSize || !supports(features, row)) continue;
        const word = encodeRow(row, operands, address);
        if (word !== null) return wordBytes(row.size, word);
      }
      return isBranch(name) && minSize <= FAR_BRANCH_SIZE ? farBranch(name, operands, address) : null;
    },
    sizes(name) {
      const sizes: number[] = rowsOf(name)
        .filter((r) => supports(features, r))
        .map((r) => r.size);
      if (isBranch(name)) sizes.push(FAR_BRANCH_SIZE);
      return sizes;
    },
    instructions: (_, size) => (size === FAR_BRANCH_SIZE ? 2 : 1),
  };
}

/** An instruction of the text: `operands` as in SIGNATURES[row.name]. */
export interface Decoded {
  readonly row: Row;
  readonly operands: readonly number[];
}

/** Rows by the lowest four bits, op0. */
const byOpcode: readonly (readonly Row[])[] = Array.from({ length: 16 }, (_, op0) =>
  ROWS.filter((r) => !r.alias && (r.match & 15) === op0),
);

/** Size in bytes of the instruction that starts with this byte, or null for the codes of longer ones. */
export function sizeOf(first: number): 2 | 3 | null {
  const op0 = first & 15;
  return op0 < 8 ? 3 : op0 < 14 ? 2 : null;
}

/**
 * The instruction at `address` that these bytes make (`word` little-endian, what is behind the instruction ignored), as any
 * core would read it: `supports` says whether one has it. null: not in the table, or reserved.
 */
export function decode(word: number, address: number): Decoded | null {
  for (const row of byOpcode[word & 15]!) {
    if (((word ^ row.match) & row.mask) !== 0) continue;
    const operands = decodeRow(row, word, address);
    if (operands) return { row, operands };
  }
  return null;
}

/** Assembly text of an instruction at this address. */
export function print(inst: Decoded, address: number): string {
  return printOperands(inst.row, inst.operands, address);
}

/** The three bytes at an offset as a number, zeros behind the end. */
export function wordAt(text: Uint8Array, at: number): number {
  return text[at]! | ((text[at + 1] ?? 0) << 8) | ((text[at + 2] ?? 0) << 16);
}

/** Control never goes on behind these: zeros up to the next multiple of 4 are then there to align what follows. */
const ENDS: ReadonlySet<string> = new Set(['j', 'jx', 'ret']);
/** Literal pools stand before the loads that tell of them; each pass over the text knows them better. */
const MAX_PASSES = 8;

/** Zero bytes from here to the next multiple of 4, or 0 if they are not all zero. */
function zerosToAlign(text: Uint8Array, at: number, address: number): number {
  const count = -(address + at) & 3;
  return text.subarray(at, at + count).every((b) => b === 0) ? count : 0;
}

/** One pass, with the words at these addresses as constants. `literals`: addresses that loads refer to. */
function sweep(text: Uint8Array, address: number, pool: ReadonlySet<number>) {
  const list: DecodedInst[] = [];
  const literals = new Set<number>();
  const put = (at: number, size: number, words: string): void =>
    void list.push({ address: address + at, size, text: words });
  const data = (at: number, size: 1 | 4): void => {
    const bytes = [...text.subarray(at, at + size)].reverse();
    const digits = bytes.map((b) => b.toString(16).padStart(2, '0')).join('');
    put(at, size, `${size === 4 ? '.word' : '.byte'} 0x${digits}`);
  };
  for (let at = 0; at < text.length; ) {
    const here = address + at;
    if (pool.has(here)) {
      data(at, 4);
      at += 4;
      continue;
    }
    const inst = decode(wordAt(text, at), here);
    const size = inst?.row.size ?? 0;
    if (!inst || at + size > text.length || pool.has(here + 1) || (size === 3 && pool.has(here + 2))) {
      data(at++, 1);
      continue;
    }
    put(at, size, print(inst, here));
    at += size;
    const { name } = inst.row;
    if (name === 'l32r') {
      const word = here + inst.operands[1]!;
      if (word >= address && word + 4 <= address + text.length) literals.add(word);
    }
    for (let n = ENDS.has(name) ? zerosToAlign(text, at, address) : 0; n > 0 && at < text.length; n--) data(at++, 1);
  }
  return { list, literals };
}

/**
 * Instructions of a piece of text, and the words of literal pools as `.word`. What does not decode is shown byte by byte as
 * `.byte`.
 */
export function disassemble(text: Uint8Array, address: number): DecodedInst[] {
  let pool: ReadonlySet<number> = new Set();
  for (let pass = 1; ; pass++) {
    const { list, literals } = sweep(text, address, pool);
    if (pass === MAX_PASSES || (literals.size === pool.size && [...literals].every((a) => pool.has(a)))) return list;
    pool = literals;
  }
}
