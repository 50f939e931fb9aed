// SPDX-License-Identifier: MIT
import { makeIsa, type Row, wordBytes } from '../../backends/thumb/isa.js';
import { encodeRow } from '../../backends/thumb/isa-codec.js';
import { plainName, SIGNATURES } from '../../backends/thumb/isa-names.js';
import { printOperands } from '../../backends/thumb/isa-print.js';
import type { Random } from '../differential/random.js';
import { casesOf } from '../isa/thumb-cases.js';
import { randomOperands } from '../isa/thumb-random.js';

/** Cases of one instruction each, with everything that it can see: what the board runs and what the simulator runs. */

/** Where code lies (16 MB of the board's memory), and the memory that instructions load from and store to. */
export const CODE = { start: 0x21000000, end: 0x22000000 } as const;
export const ARENA = { start: 0x20300000, length: 128 } as const;
/** Entry points of the firmware, with the Thumb bit: start.S, behind the vectors. */
const EXIT = { next: 0x41, taken: 0x45 } as const;

export interface CosimCase {
  readonly row: Row;
  readonly operands: readonly number[];
  /** Condition of an IT instruction before it. */
  readonly condition: number | null;
  readonly title: string;
  /** Address of the first instruction, and its bytes and those of what belongs to it. */
  readonly entry: number;
  readonly text: Uint8Array;
  /** Address of the instruction itself. */
  readonly at: number;
  /** Where control may go on: behind the text and, for what can branch, elsewhere. */
  readonly next: number;
  readonly target: number | null;
  /** Halfwords by address: the text, its literals, and the ways out. */
  readonly code: ReadonlyMap<number, number>;
  /** r0 to r12, SP, LR. */
  readonly registers: Int32Array;
  /** N Z C V in bits 3 to 0. */
  readonly flags: number;
  /** Contents of the arena; empty if the instruction has no memory operand. */
  readonly arena: Uint8Array;
}

const isa = makeIsa('dsp');
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001, -2, -1];

/** Edge values, shift amounts, a register's value again, and any. */
function someValue(random: Random, before: number | undefined): number {
  const kind = random.below(10);
  if (kind < 3) return random.pick(EDGES) | 0;
  if (kind < 5) return random.below(70) | (random.chance(30) ? random.u32() << 8 : 0);
  if (kind < 6 && before !== undefined) return before;
  return random.u32() | 0;
}

function someRegisters(random: Random): Int32Array {
  const out = new Int32Array(15);
  for (let i = 0; i < 15; i++) out[i] = someValue(random, out[i - 1]);
  return out;
}

const countOf = (mask: number): number => {
  let n = 0;
  for (let v = mask; v !== 0; v &= v - 1) n++;
  return n;
};

/** 1 / (1 + 2^sh) modulo 2^32, for base and index in one register; sh 1 to 3. */
const INVERSE = [0, 0xaaaaaaab, 0xcccccccd, 0x38e38e39] as const;

/**
 * Lets a memory instruction's address point into the arena, by what the manual says of its operands; sometimes at an address
 * that is not aligned. Returns the lowest address, or null for other instructions.
 */
function aim(row: Row, o: readonly number[], r: Int32Array, random: Random): number | null {
  const name = plainName(row.name);
  const [base = '', form = ''] = name.split('.');
  const signature = SIGNATURES[row.name].join(' ');
  const any = ARENA.start + 8 + random.below(48);
  const strict = signature.includes('mask') || signature.startsWith('rt rt2');
  let to = strict && !random.chance(6) ? any & ~3 : any;
  /** SP holds multiples of 4 only. */
  const point = (n: number, offset: number): number => {
    if (n === 13) to -= (to - offset) & 3;
    r[n] = to - offset;
    return to;
  };
  switch (signature) {
    case 'rt rn imm':
    case 'rt rt2 rn imm': {
      const [n, imm] = o.slice(-2) as [number, number];
      return point(n, form === 'post' ? 0 : imm);
    }
    case 'rt rn rm sh': {
      const [, n, m, sh] = o as [number, number, number, number];
      if (n !== m) return point(n, r[m]! << sh);
      if (sh === 0) to &= ~1;
      r[n] = sh === 0 ? to / 2 : Math.imul(to, INVERSE[sh]!);
      return to;
    }
    case 'rn mask':
      return point(o[0]!, base.endsWith('db') ? -4 * countOf(o[1]!) : 0);
    case 'mask':
      return point(13, base === 'push' ? -4 * countOf(o[0]!) : 0);
    default:
      return null;
  }
}

/** Instructions for an IT block: some set the flags that those behind them depend on. */
const BLOCK: readonly (readonly [string, readonly number[], 2 | 4])[] = [
  ['add.i.it', [0, 0, 1], 2],
  ['mov.i.it', [1, 77], 2],
  ['lsl.i.it', [2, 3, 4], 2],
  ['cmp', [4, 5], 2],
  ['cmp.i', [6, 1], 2],
  ['adds', [8, 9, 10], 4],
  ['subs.i', [7, 7, 1], 4],
  ['eor', [11, 11, 12], 4],
];

function encoded(name: string, operands: readonly number[], at: number, least: 2 | 4): Uint8Array {
  const bytes = isa.encode(name, operands, at, least);
  if (!bytes) throw new Error(`${name} ${operands} has no encoding`);
  return bytes;
}

class Code {
  readonly halves = new Map<number, number>();

  put(at: number, values: readonly number[]): void {
    for (const [i, v] of values.entries()) this.halves.set(at + 2 * i, v);
  }

  bytes(at: number, bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i += 2) this.halves.set(at + i, bytes[i]! | (bytes[i + 1]! << 8));
  }

  /** Loads PC with an address, and leaves all else alone; at most 10 bytes. */
  leave(at: number, to: number): void {
    // ldr.w pc, [pc, #0 or #4]: counted from the word of at + 4.
    this.put(at, [0xf8df, at & 2 ? 0xf004 : 0xf000, ...(at & 2 ? [0xbf00] : []), to & 0xffff, to >>> 16]);
  }

  /** Narrow branch, within 2 KB. */
  hop(at: number, to: number): void {
    this.put(at, [0xe000 | (((to - at - 4) >> 1) & 0x7ff)]);
  }

  /** What stands behind the instruction and at its target. They may be neighbours: then each holds only a narrow branch. */
  exits(next: number, target: number | null): void {
    if (target === null || target === next) this.leave(next, EXIT.next);
    else if (Math.abs(target - next) > 1000) {
      this.leave(next, EXIT.next);
      this.leave(target, EXIT.taken);
    } else {
      const free = Math.max(next, target) + 2;
      this.hop(next, free);
      this.leave(free, EXIT.next);
      this.hop(target, free + 12);
      this.leave(free + 12, EXIT.taken);
    }
  }
}

const MARGIN = 64;
const someAddress = (random: Random, low: number, high: number): number => low + 2 * random.below((high - low) >> 1);

/** Place for an instruction and operands that suit it: branch targets must lie in the code memory, and not in the text. */
function place(row: Row, edges: readonly number[] | undefined, random: Random, head: number): [number, number[]] {
  const branch = row.operands.findIndex((o) => o.kind === 'branch');
  const literal = row.operands.some((o) => o.kind === 'literal');
  for (let tries = 0; tries < 1000; tries++) {
    const first = tries === 0 ? edges : undefined;
    let low: number = CODE.start + 8192;
    let high: number = CODE.end - 8192;
    if (branch < 0) {
      // Literals at the edges were chosen for an aligned place.
      const at = someAddress(random, low, high) & (first && literal ? ~3 : ~1);
      return [at, first ? [...first] : randomOperands(row, random, at, row.it === 'in' ? 'in' : 'out')];
    }
    const operands = first ? [...first] : randomOperands(row, random, 0, 'out');
    const rel = operands[branch]!;
    if (rel > -2 - head && rel < row.size) continue;
    low = Math.max(CODE.start, CODE.start - rel) + MARGIN;
    high = Math.min(CODE.end, CODE.end - rel) - MARGIN;
    if (low < high) return [someAddress(random, low, high), operands];
  }
  throw new Error(`no place for ${row.name}`);
}

const INDIRECT = new Set(['bx', 'blx']);

/** The number `index` of a row's cases: the operands at their edges come first, then random ones. */
export function makeCase(row: Row, edges: readonly (readonly number[])[], index: number, random: Random): CosimCase {
  const code = new Code();
  const registers = someRegisters(random);
  const inBlock = row.it === 'in' || (row.it !== 'out' && random.chance(25));
  const condition = inBlock ? random.below(15) : null;
  const head = inBlock ? 2 : 0;
  const [at, operands] = place(row, edges[index], random, head);
  const name = plainName(row.name);
  const word = encodeRow(row, operands, at);
  if (word === null) throw new Error(`${row.name} ${operands} is not valid at ${at}`);

  const pieces = [wordBytes(row.size, word)];
  if (condition !== null) pieces.unshift(encoded('it', [condition, 8], at - 2, 2));
  if (name === 'it') {
    const mask = operands[1]!;
    for (let n = 4 - (31 - Math.clz32(mask & -mask)); n > 0; n--) {
      const [inner, values, least] = random.pick(BLOCK);
      pieces.push(encoded(inner, values, 0, least));
    }
  }
  const text = Uint8Array.from(pieces.flatMap((p) => [...p]));
  const entry = at - head;
  const next = entry + text.length;

  for (const [i, o] of row.operands.entries())
    if (o.kind === 'literal') code.put((at + operands[i]!) & ~1, [random.u32() & 0xffff, random.u32() & 0xffff]);
  const lowest = aim(row, operands, registers, random);
  const arena =
    lowest === null ? new Uint8Array() : Uint8Array.from({ length: ARENA.length }, () => random.u32() >>> 7);

  let target: number | null = null;
  const branch = row.operands.findIndex((o) => o.kind === 'branch');
  if (branch >= 0) target = at + operands[branch]!;
  const returns = name === 'pop' && (operands[0]! & 0x8000) !== 0;
  if (INDIRECT.has(name) || returns) {
    do target = someAddress(random, CODE.start + MARGIN, CODE.end - MARGIN);
    while (Math.abs(target - at) < 100);
    // Bit 0 clear asks for a state that the core does not have: a fault.
    const pointer = random.chance(6) ? target : target | 1;
    if (!returns) registers[operands[0]!] = pointer;
    else new DataView(arena.buffer).setUint32(lowest! - ARENA.start + 4 * countOf(operands[0]!) - 4, pointer, true);
  }
  if ((name === 'cbz' || name === 'cbnz') && random.chance(40)) registers[operands[0]!] = 0;
  code.exits(next, target);
  code.bytes(entry, text);
  // SP holds multiples of 4 only; where a fault may come, the core needs memory for its exception frame.
  const usesStack = row.operands.some((o, i) => (o.kind === 'reg' || o.kind === 'fixed') && operands[i] === 13);
  if (usesStack) registers[13]! &= ~3;
  else if (SIGNATURES[row.name].join() !== 'mask') registers[13] = ARENA.start + 4 * random.below(32);
  return {
    row,
    operands,
    condition,
    title: `${condition === null ? '' : `it ${condition}; `}${printOperands(row, operands, at, '')} [${row.name} ${row.bits}]`,
    entry,
    text,
    at,
    next,
    target,
    code: code.halves,
    registers,
    flags: random.below(16),
    arena,
  };
}

/** Operands at their edges, each for two states. */
export function edgesOf(row: Row): number[][] {
  return casesOf(row, 'inside').flatMap((o) => [o, o]);
}
