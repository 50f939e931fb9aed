// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Const, Keystone, loadKeystone } from 'keystone-wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { CONDITIONS, ROWS, type Row, wordBytes } from '../../backends/thumb/isa.js';
import { encodeRow } from '../../backends/thumb/isa-codec.js';
import { printOperands } from '../../backends/thumb/isa-print.js';
import { Random } from '../differential/random.js';
import { randomOperands } from './thumb-random.js';

/**
 * A second assembler that is not ours (LLVM's of 2016, grown apart since) reads what our printer writes. Branch targets are
 * absolute here, unlike in the cases for llvm-mc; so every text stands in the middle of what branches reach.
 */
const ADDRESS = 0x2000000;
const SEED = 20240611;
const RANDOM_PER_ROW = 25;

/** How many bytes from the instruction a branch reaches at most, by mnemonic. */
const TOP: Readonly<Record<string, number>> = {
  ...Object.fromEntries(CONDITIONS.map((c) => [`b${c}`, 258])),
  ...{ b: 2050, 'b.w': 0x1000002 },
};

/** Mnemonics that it reads differently, and the text that means to it what ours means. */
const DIFFERENT: readonly Difference[] = [
  {
    names: ['adr.w'],
    reason:
      "the number is the target, though in the short adr it is the offset from PC, as in ours and in LLVM's today",
    text: (text, rel) => text.replace(/#.*/, `#${ADDRESS + rel}`),
  },
  {
    names: CONDITIONS.map((c) => `b${c}.w`),
    reason: 'counts from the instruction instead of PC, which is 4 further: its own short form and b.w do not',
    text: (text, rel) => text.replace(/#.*/, `#${ADDRESS + rel - 4}`),
  },
  {
    names: Object.keys(TOP),
    reason:
      'the last 4 bytes of the reach: its range check, too, forgets that PC is 4 further; it refuses or takes the long form',
    when: (name, rel) => rel > TOP[name]! - 4,
    text: null,
  },
  {
    names: ['mrs', 'msr'],
    reason: 'the mode that has division knows no special registers of the M profile',
    text: null,
  },
];

interface Difference {
  readonly names: readonly string[];
  readonly reason: string;
  /** Which values of the PC-relative operand; default all. */
  readonly when?: (name: string, rel: number) => boolean;
  /** null: it has no text for this. */
  readonly text: ((text: string, rel: number) => string) | null;
}

interface Sample {
  readonly row: Row;
  readonly operands: readonly number[];
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const rows = ROWS.filter((r) => !r.alias);

/** The edges that llvm-mc has answered for, and random operands beside them. */
function samples(): Sample[] {
  const stored = JSON.parse(readFileSync(join(import.meta.dirname, 'thumb.json'), 'utf8')) as [
    string,
    string,
    number[],
  ][];
  const rowOf = new Map(rows.map((r) => [`${r.name} ${r.bits}`, r]));
  const random = new Random(SEED);
  return [
    ...stored.map(([name, bits, operands]) => ({ row: rowOf.get(`${name} ${bits}`)!, operands })),
    ...rows.flatMap((row) =>
      Array.from({ length: RANDOM_PER_ROW }, () => ({
        row,
        operands: randomOperands(row, random, ADDRESS, row.it === 'in' ? 'in' : 'out'),
      })),
    ),
  ];
}

let keystone: Keystone;
beforeAll(async () => {
  // It warns of IT blocks longer than one, which ARMv8 deprecates; the mode without V8 lacks udiv.
  await loadKeystone({ printErr: () => {} });
  keystone = new Keystone(Const.KS_ARCH_ARM, Const.KS_MODE_THUMB | Const.KS_MODE_V8);
});

/** Its bytes for a text, or why it refuses. */
function assemble(text: string, inBlock: boolean): string {
  try {
    const hex = hexOf(keystone.asm(inBlock ? `it eq; ${text}` : text, { address: inBlock ? ADDRESS - 2 : ADDRESS }));
    return inBlock ? hex.slice(4) : hex;
  } catch (e) {
    return `refused: ${String(e)}`;
  }
}

describe('keystone as second assembler', () => {
  const seen = new Set<Row>();
  const wrong: string[] = [];
  const used = new Set<string>();
  let compared = 0;
  beforeAll(() => {
    for (const { row, operands } of samples()) {
      const inBlock = row.it === 'in';
      const own = hexOf(wordBytes(row.size, encodeRow(row, operands, ADDRESS)!));
      const text = printOperands(row, operands, ADDRESS, inBlock ? 'eq' : '');
      const name = text.split(' ')[0]!;
      const rel = operands[operands.length - 1]!;
      const other = DIFFERENT.find((d) => d.names.includes(name) && (d.when?.(name, rel) ?? true));
      const got = assemble(other?.text ? other.text(text, rel) : text, inBlock);
      if (other) {
        // The list holds what is needed and no more.
        if (assemble(text, inBlock) !== own) used.add(name);
        else if (other.text === null) wrong.push(`${text}: agrees, though listed`);
        if (other.text === null) continue;
      }
      compared++;
      seen.add(row);
      if (got !== own) wrong.push(`${row.name} | ${row.bits} | ${text}: ${got}, ours ${own}`);
    }
  });

  it('makes the same bytes of the printed text of every row', () => {
    expect(wrong).toEqual([]);
    expect(rows.filter((r) => !seen.has(r)).map((r) => r.name)).toEqual(['mrs.primask', 'msr.primask']);
    expect(compared).toBeGreaterThan(14000);
  });

  it('differs nowhere but where listed, and there everywhere', () => {
    expect([...used].sort()).toEqual(DIFFERENT.flatMap((d) => d.names).sort());
  });

  it('refuses a valid text of a width that the printer leaves out', () => {
    expect(assemble('ldr.w r0, [r1, #-4]', false)).toMatch(/refused/);
    expect(assemble('ldr r0, [r1, #-4]', false)).toBe('51f8040c');
  });
});
