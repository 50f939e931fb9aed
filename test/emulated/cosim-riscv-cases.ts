// SPDX-License-Identifier: MIT
import { makeIsa, plainName, type Row, SIGNATURES, wordBytes } from '../../backends/riscv/isa.js';
import { decodeRow, encodeRow } from '../../backends/riscv/isa-codec.js';
import type { Branch, Name, PlainName } from '../../backends/riscv/isa-names.js';
import { printOperands } from '../../backends/riscv/isa-print.js';
import type { Random } from '../differential/random.js';
import { casesOf } from '../isa/riscv-cases.js';

/** Cases of one instruction each, with everything that it can see: what the board runs and what the simulator runs. */

/** Where code lies (16 MB of the board's memory), and the memory that instructions load from and store to. */
export const CODE = { start: 0x81000000, end: 0x82000000 } as const;
export const ARENA = { start: 0x80800000, length: 128 } as const;

export interface RiscvCosimCase {
  readonly row: Row;
  readonly name: PlainName;
  readonly operands: readonly number[];
  readonly title: string;
  /** Address of the first instruction, and its bytes and those of the one behind it: sc.w may have its lr.w in front. */
  readonly entry: number;
  readonly text: Uint8Array;
  /** Address of the instruction itself. */
  readonly at: number;
  /** Where control may go on: behind the text and, for what can branch, elsewhere. */
  readonly next: number;
  readonly target: number | null;
  /** Halfwords by address: the text, and illegal instructions at the ways out. */
  readonly code: ReadonlyMap<number, number>;
  /** x0 to x31. */
  readonly registers: Int32Array;
  /** Contents of the arena; empty if the instruction has no memory operand. */
  readonly arena: Uint8Array;
  /** Address that is reserved when the instruction itself is done. */
  readonly reserved: number | null;
}

const EDGES = [
  0, 1, 2, 31, 32, 0x7f, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001, -2, -1,
];

/** Edge values, shift amounts, a register's value again, and any. */
function someValue(random: Random, before: number): number {
  const kind = random.below(10);
  if (kind < 4) return random.pick(EDGES) | 0;
  if (kind < 5) return random.below(70) | (random.chance(30) ? random.u32() << 8 : 0);
  if (kind < 6) return before;
  return random.u32() | 0;
}

const MARGIN = 64;
const someAddress = (random: Random, low: number, high: number): number => low + 2 * random.below((high - low) >> 1);

/** Index of the operand that addresses memory, or -1. */
const baseOf = (row: Row): number => SIGNATURES[row.name].indexOf('base');

/** Operands that a case can have: no address near 0, no jump to itself or into itself. */
function usable(row: Row, operands: readonly number[]): boolean {
  const name = plainName(row.name);
  if (baseOf(row) >= 0 && operands[baseOf(row)] === 0) return false;
  if (name === 'jalr') return operands[1] !== 0;
  const rel = SIGNATURES[row.name].indexOf('rel');
  return rel < 0 || operands[rel]! < 0 || operands[rel]! >= row.size;
}

function someOperands(row: Row, random: Random): number[] {
  for (let tries = 0; tries < 1000; tries++) {
    const operands = decodeRow(row, ((random.u32() & ~row.mask) | row.match) >>> 0);
    if (operands && usable(row, operands)) return operands;
  }
  throw new Error(`no operands found for ${row.name} ${row.bits}`);
}

function place(random: Random, rel: number): number {
  const low = Math.max(CODE.start, CODE.start - rel) + MARGIN;
  return someAddress(random, low, Math.min(CODE.end, CODE.end - rel) - MARGIN);
}

/** Bytes that an access touches; its address must be a multiple of them. */
const WIDTHS: Partial<Record<PlainName, 1 | 2>> = { lb: 1, lbu: 1, sb: 1, lh: 2, lhu: 2, sh: 2 };

interface Aimed {
  readonly address: number;
  readonly lead: readonly number[] | null;
  readonly reserved: number | null;
}

/**
 * Lets the base register point into the arena. Atomics get misaligned addresses too: there a fault is certain, whereas the
 * emulated cores do misaligned loads and stores, and let a misaligned sc.w fail like any other without a reservation.
 * `lead`: operands of an lr.w in front of sc.w.
 */
function aim(row: Row, o: readonly number[], r: Int32Array, random: Random): Aimed {
  const name = plainName(row.name);
  const base = o[baseOf(row)]!;
  const atomic = row.feature === 'atomics';
  const imm = atomic ? 0 : o[2]!;
  const width = WIDTHS[name] ?? 4;
  const skew = atomic && name !== 'sc.w' && random.chance(6) ? 1 + random.below(3) : 0;
  const address = ARENA.start + 16 + width * random.below(80 / width) + skew;
  r[base] = address - imm;
  if (name !== 'sc.w' || random.chance(25)) return { address, lead: null, reserved: null };
  const other = 1 + ((Math.max(...o) + random.below(28)) % 31);
  if (o.includes(other) || random.chance(70)) return { address, lead: [0, base], reserved: address };
  r[other] = ARENA.start;
  return { address, lead: [0, other], reserved: ARENA.start };
}

const wide = makeIsa({ mul: true, div: true, atomics: true, compressed: false });
const bytesOf = (name: Name, operands: readonly number[]): Uint8Array => {
  const bytes = wide.encode(name, operands, 0, 4);
  if (!bytes) throw new Error(`${name} ${operands} has no encoding`);
  return bytes;
};

/** The number `index` of a row's cases: the operands at their edges come first, then random ones. */
export function makeCase(
  row: Row,
  edges: readonly (readonly number[])[],
  index: number,
  random: Random,
): RiscvCosimCase {
  const operands = edges[index] ?? someOperands(row, random);
  const word = encodeRow(row, operands);
  if (word === null) throw new Error(`${row.name} does not take ${operands}`);
  return caseOf(row, operands, wordBytes(row.size, word), random);
}

/** A branch in its far form: the opposite one over a jump. */
export function makeFarCase(row: Row, random: Random): RiscvCosimCase {
  const operands = someOperands(row, random).slice(0, 2);
  const rel = 2 * (random.below(1 << 20) - (1 << 19));
  const far = Math.abs(rel) < 5000 ? 100000 : rel;
  const bytes = wide.encode(row.name as Branch, [...operands, far], 0, 8);
  if (!bytes) throw new Error(`${row.name} ${operands} ${far} has no far form`);
  return caseOf(row, [...operands, far], bytes, random);
}

function caseOf(row: Row, operands: readonly number[], own: Uint8Array, random: Random): RiscvCosimCase {
  const name = plainName(row.name);
  const registers = new Int32Array(32);
  for (let i = 1; i < 32; i++) registers[i] = someValue(random, registers[i - 1]!);
  const relAt = SIGNATURES[row.name].indexOf('rel');
  const rel = relAt < 0 ? 0 : operands[relAt]!;
  const aimed = baseOf(row) < 0 ? null : aim(row, operands, registers, random);
  const lead = aimed?.lead ? bytesOf('lr.w', aimed.lead) : new Uint8Array();
  const text = Uint8Array.of(...lead, ...own);
  const entry = place(random, rel);
  const at = entry + lead.length;
  const next = entry + text.length;
  let target = relAt < 0 ? null : at + rel;
  if (name === 'jalr') {
    do target = someAddress(random, CODE.start + MARGIN, CODE.end - MARGIN);
    while (Math.abs(target - at) < 100);
    // The lowest bit of the sum is dropped.
    registers[operands[1]!] = target + random.below(2) - operands[2]!;
  }
  if (relAt === 2 && random.chance(40)) {
    const [a, b] = operands as [number, number];
    if (b !== 0) registers[b] = registers[a]!;
    else if (a !== 0) registers[a] = 0;
  }
  const code = new Map<number, number>([[next, 0]]);
  if (target !== null) code.set(target, 0);
  for (let i = 0; i < text.length; i += 2) code.set(entry + i, text[i]! | (text[i + 1]! << 8));
  return {
    row,
    name,
    operands,
    title: `${aimed?.lead ? `lr.w ${aimed.lead}; ` : ''}${printOperands(row, operands, at)} [${row.name} ${row.bits}]`,
    entry,
    text,
    at,
    next,
    target,
    code,
    registers,
    arena: aimed ? Uint8Array.from({ length: ARENA.length }, () => random.u32() >>> 7) : new Uint8Array(),
    reserved: aimed?.reserved ?? null,
  };
}

/** Operands at their edges, each for two states. */
export function edgesOf(row: Row): number[][] {
  return casesOf(row, 'inside')
    .filter((o) => usable(row, o))
    .flatMap((o) => [o, o]);
}
