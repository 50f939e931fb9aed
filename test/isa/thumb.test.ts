// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  CONDITIONS,
  decode,
  makeIsa,
  print,
  ROWS,
  type Row,
  SIGNATURES,
  sizeOf,
  wordBytes,
} from '../../backends/thumb/isa.js';
import { decodeModified, encodeModified, encodeRow, type Feature } from '../../backends/thumb/isa-codec.js';
import { disassembleThumb } from '../../compiler/cli/capstone.js';
import { casesOf } from './thumb-cases.js';

/** [name, pattern, operands, text, bytes by llvm-mc, least architecture that it takes them for]: made by regen-thumb.sh. */
type Case = [name: string, bits: string, operands: number[], text: string, hex: string, least: Feature];
const CASES = JSON.parse(readFileSync(join(import.meta.dirname, 'thumb.json'), 'utf8')) as Case[];
const rowOf = new Map<string, Row>(ROWS.filter((r) => !r.alias).map((r) => [`${r.name} ${r.bits}`, r]));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const isa = makeIsa('dsp');
const position = (row: Row): 'in' | 'out' => (row.it === 'in' ? 'in' : 'out');
const decodeWord = (row: Row, word: number, address = 0) =>
  row.size === 2 ? decode(word, 0, address, position(row)) : decode(word >>> 16, word & 0xffff, address, position(row));

/** Numbers as unsigned words: the library writes negative ones sometimes so and sometimes so. */
const numbers = (text: string): string =>
  text.replace(/#(-?)(0x[0-9a-f]+|\d+)/g, (_, s, n) => `#${(s ? -n : +n) >>> 0}`);

describe('Thumb table', () => {
  it('has a case for every row, and every name has a row', () => {
    const seen = new Set(CASES.map(([name, bits]) => `${name} ${bits}`));
    expect([...rowOf.keys()].filter((k) => !seen.has(k))).toEqual([]);
    for (const name of Object.keys(SIGNATURES)) expect(isa.sizes(name).length, name).toBeGreaterThan(0);
  });

  it('encodes every row at its edges as llvm-mc does', () => {
    const wrong = CASES.filter(([name, bits, operands, , hex]) => {
      const row = rowOf.get(`${name} ${bits}`)!;
      const word = encodeRow(row, operands, 0);
      return word === null || hexOf(wordBytes(row.size, word)) !== hex;
    });
    expect(wrong).toEqual([]);
    expect(CASES.length).toBeGreaterThan(3900);
  });

  it('decodes what it encodes', () => {
    for (const [name, bits, operands, text] of CASES) {
      const row = rowOf.get(`${name} ${bits}`)!;
      const back = decodeWord(row, encodeRow(row, operands, 0)!);
      expect([back?.row.name, back?.operands], text).toEqual([name, operands]);
    }
  });

  it('refuses one past each edge instead of dropping bits', () => {
    let refused = 0;
    for (const row of ROWS) {
      for (const operands of casesOf(row, 'outside')) {
        const word = encodeRow(row, operands, 0);
        if (word === null) refused++;
        else {
          // Legal after all (another value of the operand): then it must mean exactly these operands.
          const back = decodeWord(row, word);
          expect(
            back?.operands.map((v) => v >>> 0),
            `${row.name} ${row.bits} ${operands}`,
          ).toEqual(operands.map((v) => v >>> 0));
        }
      }
    }
    expect(refused).toBeGreaterThan(3000);
  });

  it('takes the shortest encoding that fits and is long enough', () => {
    expect(hexOf(isa.encode('adds', [0, 1, 2], 0, 2)!)).toBe('8818');
    expect(hexOf(isa.encode('adds', [0, 1, 2], 0, 4)!)).toBe('11eb0200');
    expect(hexOf(isa.encode('ands', [0, 1, 0], 0, 2)!)).toBe('0840');
    expect(hexOf(isa.encode('add.it', [0, 1, 2], 0, 2)!)).toBe('8818');
    expect(isa.encode('add.it', [8, 1, 2], 0, 2)?.length).toBe(4);
    expect(isa.encode('mov.i', [0, 0xffff], 0, 2)?.length).toBe(4);
    expect(isa.encode('mov.i', [0, 0x12345], 0, 2)).toBeNull();
    expect(() => isa.encode('bogus', [], 0, 2)).toThrow();
    expect(() => isa.encode('adds', [0, 1], 0, 2)).toThrow();
  });

  it('knows the architecture of every row as llvm-mc does', () => {
    const order: readonly Feature[] = ['v6m', 'v8mbase', 'v7m', 'dsp'];
    const newest = new Map<string, number>();
    const earlier: string[] = [];
    for (const [name, bits, , text, , least] of CASES) {
      const key = `${name} ${bits}`;
      newest.set(key, Math.max(newest.get(key) ?? 0, order.indexOf(least)));
      if (least !== rowOf.get(key)!.feature) earlier.push(text);
    }
    for (const [key, row] of rowOf) expect(order[newest.get(key)!], key).toBe(row.feature);
    // It takes one single offset of the long conditional branches for ARMv8-M baseline, which has none of them.
    expect(earlier).toEqual(CONDITIONS.map((c) => `b${c}.w #0`));
  });

  it('gives an ARMv8-M baseline core what it has beyond v6-M, and no more', () => {
    const m23 = makeIsa('v8mbase');
    expect(['cbz', 'b', 'udiv', 'movw', 'movt', 'ldrex', 'strex', 'mov.i', 'jump'].map((n) => m23.sizes(n))).toEqual([
      [2],
      [2, 4],
      [4],
      [4],
      [4],
      [4],
      [4],
      [4],
      [2, 4],
    ]);
    expect(['it', 'umull', 'mla', 'ubfx', 'ldrd', 'add.lsl'].flatMap((n) => m23.sizes(n))).toEqual([]);
    expect(m23.sizes('beq')).toEqual([2]);
    expect(m23.encode('mov.i', [0, 0xab00ab], 0, 2)).toBeNull();
  });

  it('jumps by b as far as it reaches, then by its long form or, for want of that, by bl', () => {
    const m0 = makeIsa('v6m');
    const m23 = makeIsa('v8mbase');
    const encoding = (name: string, rel: number): string => hexOf(isa.encode(name, [rel], 0, 2)!);
    for (const rel of [-2044, 4, 2050]) {
      expect(hexOf(m0.encode('jump', [rel], 0, 2)!)).toBe(encoding('b', rel));
      expect(m0.encode('jump', [rel], 0, 2)).toHaveLength(2);
    }
    for (const rel of [-2046, 2052, 0x1000002, 4 - 0x1000000]) {
      expect(hexOf(m0.encode('jump', [rel], 0, 2)!)).toBe(encoding('bl', rel));
      expect(hexOf(m23.encode('jump', [rel], 0, 2)!)).toBe(encoding('b', rel));
    }
    expect(m0.encode('jump', [0x1000004], 0, 2)).toBeNull();
  });

  it('gives a v6-M core no encoding that it lacks', () => {
    const m0 = makeIsa('v6m');
    expect(m0.encode('adds', [8, 1, 2], 0, 2)).toBeNull();
    expect(m0.sizes('cbz')).toEqual([]);
    expect(m0.sizes('it')).toEqual([]);
    expect(m0.sizes('udiv')).toEqual([]);
    expect(m0.sizes('bl')).toEqual([4]);
    expect(m0.sizes('ldr')).toEqual([2]);
  });

  it('counts literal offsets from the aligned PC', () => {
    for (const address of [0, 2, 4, 6]) {
      const target = 64;
      const bytes = isa.encode('ldr.lit', [1, target - address], address, 2)!;
      const back = decode(bytes[0]! | (bytes[1]! << 8), 0, address, 'out')!;
      expect(back.operands).toEqual([1, target - address]);
      expect(bytes[0]).toBe((target - ((address + 4) & ~3)) / 4);
    }
  });

  it('modified immediates: every field value decodes to null or comes back', () => {
    let defined = 0;
    for (let field = 0; field < 4096; field++) {
      const value = decodeModified(field);
      if (value === null) continue;
      defined++;
      expect(decodeModified(encodeModified(value)!)).toBe(value);
    }
    expect(defined).toBe(4096 - 3);
  });

  it('all halfwords: undefined or the same bits again, text as capstone has it', async () => {
    const halves: number[] = [];
    for (let half = 0; half < 65536; half++) {
      if (sizeOf(half) === 4) continue;
      for (const at of ['out', 'in', 'last'] as const) {
        const inst = decode(half, 0, 0x1000, at);
        if (!inst) continue;
        expect(encodeRow(inst.row, inst.operands, 0x1000)).toBe(half);
        // IT would change what the library reads behind it.
        if (at !== 'out' || inst.row.name === 'it' || inst.row.name === 'udf') continue;
        halves.push(half);
      }
    }
    // PC-relative text depends on the place, so decode again where the listing has it.
    const listed = await disassembleThumb(Uint8Array.from(halves.flatMap((h) => [h & 255, h >> 8])), 0x1000);
    expect(listed.length).toBe(halves.length);
    const different = listed.flatMap((l, i) => {
      const inst = decode(halves[i]!, 0, l.address, 'out')!;
      const ours = print(inst, l.address);
      return l.text === ours ? [] : [`${l.text} | ${ours}`];
    });
    expect(different).toEqual([]);
    expect(halves.length).toBeGreaterThan(56000);
  });

  it('32-bit text as capstone has it', async () => {
    const long = CASES.filter(([name, , , , hex]) => hex.length === 8 && name !== 'adr');
    const listed = await disassembleThumb(
      Uint8Array.from(Buffer.from(long.map((c) => c[4]).join(''), 'hex')),
      0x100000,
    );
    const different = listed.flatMap((l, i) => {
      const [, , , , hex] = long[i]!;
      const word = Number.parseInt(hex.slice(2, 4) + hex.slice(0, 2) + hex.slice(6, 8) + hex.slice(4, 6), 16) >>> 0;
      const inst = decode(word >>> 16, word & 0xffff, l.address, 'out');
      const ours = inst ? print(inst, l.address) : '';
      return numbers(l.text) === numbers(ours) ? [] : [`${l.text} | ${ours}`];
    });
    expect(different).toEqual([]);
    expect(listed.length).toBe(long.length);
  });
});
