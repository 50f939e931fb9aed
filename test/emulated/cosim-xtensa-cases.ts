// SPDX-License-Identifier: MIT
import { makeIsa, type Name, type Row, SIGNATURES, wordBytes } from '../../backends/xtensa/isa.js';
import { decodeRow, encodeRow } from '../../backends/xtensa/isa-codec.js';
import { LOADS, STORES } from '../../backends/xtensa/isa-names.js';
import { printOperands } from '../../backends/xtensa/isa-print.js';
import type { Random } from '../differential/random.js';

/** Cases of one instruction each, with everything that it can see: what a board runs and what the simulator runs. */

/** Special registers in the order of the firmware's records. */
export const STATE_SPECIALS = ['sar', 'lbeg', 'lend', 'lcount', 'scompare1'] as const;
export type StateSpecial = (typeof STATE_SPECIALS)[number];

/** Distances from the start of a board's memory: code of cases, and the memory that instructions load from and store to. */
export const CODE = { start: 0x01000000, end: 0x02000000 } as const;
export const ARENA = { start: 0x00800000, length: 128 } as const;

export interface XtensaCosimCase {
  readonly row: Row;
  readonly name: Name;
  readonly operands: readonly number[];
  readonly title: string;
  /** Address of the instruction, and its bytes with those of what belongs to it: a loop may have its body behind it. */
  readonly at: number;
  readonly text: Uint8Array;
  /** Where control may go on: behind the text, where it branches to, where the loop that it ends starts. */
  readonly next: number;
  readonly target: number | null;
  readonly loopStart: number | null;
  /** Bytes by address: the text, its literal, and illegal instructions at the ways out. */
  readonly code: ReadonlyMap<number, number>;
  /** a0 to a15. */
  readonly registers: Int32Array;
  readonly special: Readonly<Record<StateSpecial, number>>;
  /** Address and contents of the arena; empty if the instruction has no memory operand. */
  readonly arenaAt: number;
  readonly arena: Uint8Array;
  /** More than one instruction: a loop with its body, a branch in its far form. */
  readonly several: boolean;
}

const EDGES = [
  ...[0, 1, 2, 3, 8, 31, 32, 33, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001],
  ...[-2, -1],
];

/** Edge values, small numbers, numbers of any length, a register's value again, and any. */
function someValue(random: Random, before: number): number {
  const kind = random.below(10);
  if (kind < 3) return random.pick(EDGES) | 0;
  if (kind < 4) return random.below(70) | (random.chance(30) ? random.u32() << 8 : 0);
  if (kind < 6) return ((random.u32() >>> random.below(32)) * random.pick([1, -1])) | 0;
  if (kind < 7) return before;
  return random.u32() | 0;
}

/** Words of every field at its edges (none, all, one of its bits), other fields at random. */
export function edgeWords(row: Row, random: Random): number[] {
  return row.slots.flatMap(({ positions }) => {
    const field = positions.reduce((m, p) => m | (1 << p), 0);
    return [0, field, ...positions.map((p) => 1 << p)].map(
      (bits) => (random.u32() & ~row.mask & ~field & (2 ** (8 * row.size) - 1)) | bits | row.match,
    );
  });
}

const MARGIN = 64;
/** Size of a branch in its far form. */
const FAR = 6;

/** Memory bytes that an access touches; its address must be a multiple of them. */
const WIDTHS: Partial<Record<Name, 1 | 2>> = { l8ui: 1, s8i: 1, l16ui: 2, l16si: 2, s16i: 2 };
const ACCESSES: ReadonlySet<Name> = new Set<Name>([...LOADS, ...STORES, 's32c1i']);
/** Shifts by SAR: of amounts above 32 the manual says nothing. */
const BY_SAR: ReadonlySet<Name> = new Set<Name>(['src', 'sll', 'srl', 'sra']);
/** Control goes where the register says; with ret that is a0. */
const INDIRECT: ReadonlySet<Name> = new Set<Name>(['jx', 'callx0', 'ret']);
const isLoop = (name: Name): boolean => name.startsWith('loop');

const everything = makeIsa(new Proxy({}, { get: () => true }) as Record<string, boolean>);
const encoded = (name: Name, operands: readonly number[], at: number, least: number): Uint8Array => {
  const bytes = everything.encode(name, operands, at, least);
  if (!bytes) throw new Error(`${name} ${operands} has no encoding`);
  return bytes;
};

/** What a board and a row have to do with each other. */
export interface Setting {
  /** Where the board's memory starts. */
  readonly base: number;
  /** Special registers that the core lacks stay zero. With loops, instructions are put at a loop's end too. */
  readonly loops: boolean;
  readonly s32c1i: boolean;
}

/** Makes cases of one row; `word` is one of its encodings, any if absent. */
export function makeCase(row: Row, word: number | undefined, on: Setting, random: Random): XtensaCosimCase {
  for (let tries = 0; tries < 1000; tries++) {
    const bits =
      tries === 0 && word !== undefined ? word : ((random.u32() & ~row.mask) | row.match) & (2 ** (8 * row.size) - 1);
    const at = on.base + CODE.start + 0x80000 + random.below(CODE.end - CODE.start - 0x100000);
    const operands = decodeRow(row, bits, at);
    const rel = operands === null ? 0 : relOf(row.name, operands);
    // No jump to itself or into itself.
    if (operands === null || (rel > -3 && rel < row.size && SIGNATURES[row.name].includes('rel'))) continue;
    const back = encodeRow(row, operands, at);
    if (back !== bits) throw new Error(`${row.name} ${operands}: ${bits.toString(16)} becomes ${back?.toString(16)}`);
    return caseOf(row, operands, wordBytes(row.size, bits), at, on, random, false);
  }
  throw new Error(`no operands found for ${row.name} ${row.bits}`);
}

/** A branch in its far form: the opposite one over a jump. */
export function makeFarCase(row: Row, on: Setting, random: Random): XtensaCosimCase {
  const at = on.base + CODE.start + 0x400000 + random.below(0x400000);
  const word = ((random.u32() & ~row.mask) | row.match) & 0xffffff;
  const any = random.below(131000 * 2) - 131000;
  const operands = [...decodeRow(row, word, at)!.slice(0, -1), Math.abs(any) < 3000 ? 100000 : any];
  return caseOf(row, operands, encoded(row.name, operands, at, FAR), at, on, random, true);
}

/** A whole loop: its body adds to a register in each turn. */
export function makeLoopCase(row: Row, on: Setting, random: Random): XtensaCosimCase {
  const at = on.base + CODE.start + 0x400000 + random.below(0x400000);
  const counter = random.below(16);
  const body: number[] = [];
  for (let n = 1 + random.below(3); n > 0; n--) {
    const ar = random.below(16);
    const names = ['add', 'sub', 'xor', 'addx2'] as const;
    body.push(...encoded(random.pick(names), [ar, random.below(16), random.below(16)], 0, random.pick([2, 3])));
  }
  const operands = [counter, 3 + body.length];
  const text = Uint8Array.of(...encoded(row.name, operands, at, 3), ...body);
  const c = caseOf(row, operands, text, at, on, random, true);
  // A count of zero is 2^32 for `loop`.
  c.registers[counter] =
    random.below(row.name === 'loop' ? 9 : 12) + (row.name === 'loop' ? 1 : row.name === 'loopgtz' ? -2 : 0);
  return c;
}

const relOf = (name: Name, operands: readonly number[]): number => operands[SIGNATURES[name].indexOf('rel')] ?? 0;

/** Lets branches be taken about as often as not, where random values would hardly ever take one of the ways. */
function decide(name: Name, operands: readonly number[], r: Int32Array, random: Random): void {
  const signature = SIGNATURES[name].join(' ');
  const [s, t] = operands as [number, number];
  if (signature === 'as at rel' && random.chance(50)) {
    if (name === 'ball' || name === 'bnall') r[s] = r[s]! | r[t]!;
    else if (name === 'bany' || name === 'bnone') r[s] = r[s]! & ~r[t]!;
    else r[s] = r[t]!;
  }
  if (signature === 'as const rel' && random.chance(60)) r[s] = t + random.below(3) - 1;
  if (signature === 'as rel' && random.chance(40)) r[s] = random.pick([0, 0, 1, -1]);
  if (signature === 'ar as at' && name.startsWith('mov') && random.chance(50)) r[operands[2]!] = 0;
  if (/^(quo|rem)/.test(name) && random.chance(16)) {
    const overflow = random.chance(50);
    if (overflow) r[operands[1]!] = -(2 ** 31);
    r[operands[2]!] = overflow ? -1 : 0;
  }
}

function caseOf(
  row: Row,
  operands: readonly number[],
  text: Uint8Array,
  at: number,
  on: Setting,
  random: Random,
  several: boolean,
): XtensaCosimCase {
  const { name } = row;
  const registers = new Int32Array(16);
  for (let i = 0; i < 16; i++) registers[i] = someValue(random, registers[i - 1] ?? 0);
  const next = at + text.length;
  const special: Record<StateSpecial, number> = {
    sar: random.below(BY_SAR.has(name) ? 33 : 64),
    lbeg: on.loops ? random.u32() | 0 : 0,
    lend: on.loops ? random.u32() | 0 : 0,
    lcount: on.loops ? random.pick([0, 1, 2, random.u32() | 0]) : 0,
    scompare1: on.s32c1i ? random.u32() | 0 : 0,
  };
  const arenaAt = on.base + ARENA.start;
  const isAccess = ACCESSES.has(name);
  const arena = new Uint8Array(isAccess ? ARENA.length : 0).map(() => random.u32() >>> 7);
  decide(name, operands, registers, random);
  if (isAccess) {
    const width = WIDTHS[name] ?? 4;
    const offset =
      16 + width * random.below(80 / width) + (width > 1 && random.chance(6) ? 1 + random.below(width - 1) : 0);
    registers[operands[1]!] = arenaAt + offset - operands[2]!;
    if (on.s32c1i && random.chance(50)) special.scompare1 = new DataView(arena.buffer).getInt32(offset & ~3, true);
  }
  const code = new Map<number, number>();
  const put = (where: number, bytes: ArrayLike<number>): void => {
    for (let i = 0; i < bytes.length; i++) code.set(where + i, bytes[i]!);
  };
  const elsewhere = (): number => {
    for (;;) {
      const to = on.base + CODE.start + MARGIN + random.below(CODE.end - CODE.start - 2 * MARGIN);
      if (Math.abs(to - at) > 100) return to;
    }
  };
  let target: number | null = null;
  if (name === 'l32r') put(at + operands[1]!, wordBytes(4 as 3, random.u32()));
  else if (SIGNATURES[name].includes('rel')) target = at + relOf(name, operands);
  if (INDIRECT.has(name)) {
    target = elsewhere();
    registers[name === 'ret' ? 0 : operands[0]!] = target;
  }
  // The manual forbids what changes loop registers, and loops themselves, at a loop's end.
  const ends = on.loops && !several && !isLoop(name) && !/^[wx]sr\.l/.test(name) && random.chance(25);
  let loopStart: number | null = null;
  if (ends) {
    do loopStart = elsewhere();
    while (target !== null && Math.abs(loopStart - target) < 8);
    special.lend = next | 0;
    special.lbeg = loopStart | 0;
  }
  for (const exit of [next, target, loopStart]) if (exit !== null) put(exit, [0, 0, 0]);
  put(at, text);
  return {
    row,
    name,
    operands,
    title: `${printOperands(row, operands, at)} [${row.bits}]${ends ? " at a loop's end" : ''}${several ? ' with more' : ''}`,
    at,
    text,
    next,
    target,
    loopStart,
    code,
    registers,
    special,
    arenaAt,
    arena,
    several,
  };
}
