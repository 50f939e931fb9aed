// SPDX-License-Identifier: MIT
import type { DecodedInst, Isa } from '../../compiler/codegen/target.js';
import { BASE_ROWS } from './isa-base.js';
import { compileRow, decodeRow, encodeRow, type Row } from './isa-codec.js';
import { COMPRESSED_ROWS } from './isa-compressed.js';
import { BRANCHES, type Branch, SIGNATURES } from './isa-names.js';
import { printOperands } from './isa-print.js';

/**
 * The RISC-V instruction table and what follows from it: encoder, decoder, printer. Names and operands: isa-names.ts
 * (SIGNATURES). Rows: isa-base.ts, isa-compressed.ts. What instructions do: semantics.ts.
 * Source: The RISC-V Instruction Set Manual, volume I: Unprivileged ISA.
 */
export type { Feature, Row } from './isa-codec.js';
export { type Name, type PlainName, plainName, SIGNATURES } from './isa-names.js';

/** Every encoding, in table order. */
export const ROWS: readonly Row[] = [...COMPRESSED_ROWS, ...BASE_ROWS].map(compileRow);

/** Features of a core that the table goes by: those of its rows, and `registers16` (RV32E: x0 to x15 only). */
export type Features = Readonly<Record<string, boolean>>;

/** Rows of one name that may be encoded, shortest first; within a size in table order. */
const byName = new Map<string, readonly Row[]>(
  Object.entries(SIGNATURES).map(([name, signature]) => {
    const rows = ROWS.filter((r) => r.name === name);
    if (rows.length === 0) throw new Error(`${name} has no encoding`);
    for (const row of rows)
      if (row.operands.length !== signature.length) throw new Error(`${name}: wrong operand count`);
    return [name, rows.filter((r) => !r.hint).sort((a, b) => a.size - b.size)];
  }),
);

function rowsOf(name: string): readonly Row[] {
  const rows = byName.get(name);
  if (!rows) throw new Error(`no RISC-V instruction is called ${name}`);
  return rows;
}

/** Little-endian bytes of a row's bits. */
export function wordBytes(size: 2 | 4, word: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (word >>> (8 * i)) & 0xff);
}

const has = (features: Features, row: Row): boolean => row.feature === 'base' || features[row.feature] === true;

/** Whether a core has this instruction, and all of its registers. */
export function supports(features: Features, row: Row, operands: readonly number[]): boolean {
  if (!has(features, row)) return false;
  return features.registers16 !== true || row.operands.every((o, i) => o.kind !== 'reg' || operands[i]! < 16);
}

const isBranch = (name: string): name is Branch => (BRANCHES as readonly string[]).includes(name);
/** The branch that is taken where this one is not: funct3 differs in its lowest bit. */
export function opposite(name: Branch): Branch {
  return BRANCHES[BRANCHES.indexOf(name) ^ 1]!;
}
const FAR_BRANCH_SIZE = 8;
const full = (name: string): Row => rowsOf(name).find((r) => r.size === 4)!;

/**
 * The table as the emitter needs it, limited to what a core with these features has. `encode` refuses with null what no row can
 * hold: it never drops bits. An unknown name or a wrong operand count is our bug and throws.
 */
export function makeIsa(features: Features): Isa {
  const far = (name: Branch, [rs1, rs2, rel]: readonly number[]): Uint8Array | null => {
    const skip = encodeRow(full(opposite(name)), [rs1!, rs2!, FAR_BRANCH_SIZE]);
    // The jump stands 4 bytes further on.
    const jump = encodeRow(full('jal'), [0, rel! - 4]);
    return skip === null || jump === null ? null : Uint8Array.of(...wordBytes(4, skip), ...wordBytes(4, jump));
  };
  return {
    encode(name, operands, _address, minSize) {
      for (const row of rowsOf(name)) {
        if (row.size < minSize || !supports(features, row, operands)) continue;
        const word = encodeRow(row, operands);
        if (word !== null) return wordBytes(row.size, word);
      }
      if (!isBranch(name) || minSize > FAR_BRANCH_SIZE || !supports(features, full(name), operands)) return null;
      return far(name, operands);
    },
    sizes(name) {
      const found = rowsOf(name).filter((r) => has(features, r));
      const sizes: number[] = found.map((r) => r.size);
      if (isBranch(name)) sizes.push(FAR_BRANCH_SIZE);
      return [...new Set(sizes)].sort((a, b) => a - b);
    },
    instructions: (_, size) => (size === FAR_BRANCH_SIZE ? 2 : 1),
  };
}

/** An instruction of the text: `operands` as in SIGNATURES[row.name]. */
export interface Decoded {
  readonly row: Row;
  readonly operands: readonly number[];
}

const decodable = ROWS.filter((r) => !r.alias);
const short = decodable.filter((r) => r.size === 2);
/** 32-bit rows by opcode (bits 6 to 2) and funct3 (bits 14 to 12). */
const long: readonly (readonly Row[])[] = Array.from({ length: 256 }, (_, i) => {
  const key = ((i >>> 3) << 2) | ((i & 7) << 12) | 3;
  return decodable.filter((r) => r.size === 4 && ((key ^ r.match) & r.mask & 0x707f) === 0);
});
const shortCache: (Decoded | null | undefined)[] = new Array(65536);

/** Size in bytes of the instruction that starts with this halfword, or null for the codes of longer ones. */
export function sizeOf(first: number): 2 | 4 | null {
  if ((first & 3) !== 3) return 2;
  return (first & 0x1c) === 0x1c ? null : 4;
}

function match(rows: readonly Row[], word: number): Decoded | null {
  for (const row of rows) {
    if (((word ^ row.match) & row.mask) !== 0) continue;
    const operands = decodeRow(row, word);
    if (operands) return { row, operands };
  }
  return null;
}

/**
 * The instruction made of `first` (and `second` if it is a 32-bit one), as any core would read it: `supports` says
 * whether one has it. null: not in the table, or reserved.
 */
export function decode(first: number, second: number): Decoded | null {
  switch (sizeOf(first)) {
    case 2: {
      const known = shortCache[first];
      if (known !== undefined) return known;
      const found = match(short, first);
      shortCache[first] = found;
      return found;
    }
    case 4:
      return match(long[((first & 0x7c) << 1) | ((first >>> 12) & 7)]!, ((second << 16) | first) >>> 0);
    case null:
      return null;
  }
}

/** Assembly text of an instruction at this address. */
export function print(inst: Decoded, address: number): string {
  return printOperands(inst.row, inst.operands, address);
}

/** Instructions of a piece of text. What does not decode is shown as `.half`. */
export function disassemble(text: Uint8Array, address: number): DecodedInst[] {
  const out: DecodedInst[] = [];
  const half = (at: number): number => (text[at] ?? 0) | ((text[at + 1] ?? 0) << 8);
  for (let at = 0; at + 1 < text.length; ) {
    const first = half(at);
    const whole = sizeOf(first) === 2 || at + 4 <= text.length;
    const inst = whole ? decode(first, half(at + 2)) : null;
    const size = inst ? inst.row.size : 2;
    out.push({
      address: address + at,
      size,
      text: inst ? print(inst, address + at) : `.half 0x${first.toString(16).padStart(4, '0')}`,
    });
    at += size;
  }
  return out;
}
