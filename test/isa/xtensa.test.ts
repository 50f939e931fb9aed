// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  decode,
  disassemble,
  makeIsa,
  print,
  ROWS,
  type Row,
  SIGNATURES,
  sizeOf,
  wordAt,
  wordBytes,
} from '../../backends/xtensa/isa.js';
import { encodeRow } from '../../backends/xtensa/isa-codec.js';
import { BRANCH_PAIRS, type Branch, isBranch, opposite } from '../../backends/xtensa/isa-names.js';
import { B4CONST, B4CONSTU } from '../../backends/xtensa/isa-rows.js';
import { Random } from '../differential/random.js';
import { digest, fromRanges } from './riscv-legal.js';
import { addressesOf, assemblerText, casesOf } from './xtensa-cases.js';
import { full, isa, without } from './xtensa-harness.js';
import { bucketOf, type Legal, longCodes, MISPRINTED, shortCodes } from './xtensa-legal.js';

/** [name, pattern, operands, address, bytes, who said so]: made by regen-xtensa.sh. */
type Case = [name: string, bits: string, operands: number[], address: number, hex: string, by: 'both' | 'llvm' | 'gnu'];
const read = (file: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8'));
const CASES = read('xtensa.json') as Case[];
const LEGAL = read('xtensa-legal.json') as Legal;

const rowOf = new Map<string, Row>(ROWS.filter((r) => !r.alias).map((r) => [`${r.name} ${r.bits}`, r]));
const hexOf = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString('hex');
const RUNS = Number(process.env.FCC_RUNS ?? 100);
const encoded = (name: string, operands: number[], address = 0, least = 1) =>
  hexOf(isa.encode(name, operands, address, least));
const branches = Object.keys(SIGNATURES).filter(isBranch);

describe('Xtensa table', () => {
  it('has a case for every row, and every name has a row', () => {
    const seen = new Set(CASES.map(([name, bits]) => `${name} ${bits}`));
    expect([...rowOf.keys()].filter((k) => !seen.has(k))).toEqual([]);
    for (const name of Object.keys(SIGNATURES)) expect(isa.sizes(name).length, name).toBeGreaterThan(0);
    expect(CASES.length).toBeGreaterThan(2200);
    const by = (who: Case[5]): number => CASES.filter((c) => c[5] === who).length;
    expect(by('both')).toBeGreaterThan(1700);
    // Where LLVM is wrong: l32r at addresses that are no multiples of 4.
    expect(CASES.filter((c) => c[5] === 'gnu').every(([name, , , address]) => name === 'l32r' && address !== 0)).toBe(
      true,
    );
  });

  it('encodes every row at its edges as the assemblers do', () => {
    const wrong = CASES.filter(([name, bits, operands, address, hex]) => {
      const row = rowOf.get(`${name} ${bits}`)!;
      const word = encodeRow(row, operands, address);
      return word === null || hexOf(wordBytes(row.size, word)) !== hex;
    });
    expect(wrong).toEqual([]);
  });

  it('decodes what it encodes', () => {
    for (const [name, bits, operands, address, hex] of CASES) {
      const back = decode(wordAt(Buffer.from(`${hex}`, 'hex'), 0), address)!;
      expect([back.row.name, back.row.bits, back.operands], hex).toEqual([name, bits, operands]);
    }
  });

  it('refuses one past each edge instead of dropping bits', () => {
    let refused = 0;
    for (const row of ROWS)
      for (const address of addressesOf(row))
        for (const operands of casesOf(row, 'outside', address)) {
          expect(encodeRow(row, operands, address), `${row.name} ${row.bits} ${operands}`).toBeNull();
          refused++;
        }
    expect(refused).toBeGreaterThan(1500);
  });

  it('has the ranges that the manual gives', () => {
    const least = (name: string, index: number, operands: number[], address = 0): number[] => {
      const takes = (v: number): boolean => isa.encode(name, operands.with(index, v), address, 1) !== null;
      const far = name === 'addmi' ? 33000 : 2500;
      const found = Array.from({ length: 2 * far + 1 }, (_, i) => i - far).filter(takes);
      return [found[0]!, found.at(-1)!, found.length];
    };
    expect(least('addi', 2, [3, 4, 0])).toEqual([-128, 127, 256]);
    expect(least('addmi', 2, [3, 4, 0])).toEqual([-32768, 32512, 256]);
    expect(least('movi', 1, [3, 0])).toEqual([-2048, 2047, 4096]);
    expect(least('l8ui', 2, [3, 4, 0])).toEqual([0, 255, 256]);
    expect(least('l16si', 2, [3, 4, 0])).toEqual([0, 510, 256]);
    expect(least('s32i', 2, [3, 4, 0])).toEqual([0, 1020, 256]);
    expect(least('slli', 2, [3, 4, 0])).toEqual([1, 31, 31]);
    expect(least('srli', 2, [3, 4, 0])).toEqual([0, 15, 16]);
    expect(least('srai', 2, [3, 4, 0])).toEqual([0, 31, 32]);
    expect(least('ssai', 0, [0])).toEqual([0, 31, 32]);
    expect(least('extui', 2, [3, 4, 0, 5])).toEqual([0, 31, 32]);
    expect(least('extui', 3, [3, 4, 0, 5])).toEqual([1, 16, 16]);
    expect(least('sext', 2, [3, 4, 7])).toEqual([7, 22, 16]);
    expect(least('clamps', 2, [3, 4, 7])).toEqual([7, 22, 16]);
    expect(least('loop', 1, [3, 7])).toEqual([4, 259, 256]);
    expect(least('call0', 0, [0], 1)[0]! & 3).toBe(3);
    for (const v of [-1, 0, 1, 9, 11, 256, 257, 32768, 65536]) {
      expect(isa.encode('beqi', [3, v, 8], 0, 1) !== null, `${v}`).toBe((B4CONST as readonly number[]).includes(v));
      expect(isa.encode('bltui', [3, v, 8], 0, 1) !== null, `${v}`).toBe((B4CONSTU as readonly number[]).includes(v));
    }
  });

  it('random operands: encodings mean the operands they were made of, the short ones too', () => {
    const random = new Random(1);
    let short = 0;
    for (const [name, signature] of Object.entries(SIGNATURES))
      for (let n = 0; n < RUNS; n++) {
        const address = random.below(1 << 20);
        const operands = signature.map((kind) => {
          if (kind === 'rel') return random.chance(50) ? random.below(80) : random.below(1 << 17) - (1 << 16);
          if (/^[a]/.test(kind) && kind !== 'amount') return random.below(16);
          return random.chance(30) ? random.below(4096) - 2048 : random.below(64) * random.pick([1, 2, 4]);
        });
        const bytes = isa.encode(name, operands, address, 1);
        if (!bytes || name === 'pad') continue;
        if (bytes.length === 2) short++;
        const back = decode(wordAt(bytes, 0), address)!;
        if (bytes.length === 6) {
          const jump = decode(wordAt(bytes, 3), address + 3)!;
          expect([back.row.name, back.operands]).toEqual([opposite(name as Branch), operands.with(-1, 6)]);
          expect([jump.row.name, jump.operands]).toEqual(['j', [operands.at(-1)! - 3]]);
        } else expect([back.row.name, back.row.size, back.operands]).toEqual([name, bytes.length, operands]);
      }
    expect(short).toBeGreaterThan(2 * RUNS);
  });

  it('takes the shortest encoding that fits and is long enough', () => {
    expect(encoded('add', [3, 4, 5])).toBe('5a34');
    expect(encoded('add', [3, 4, 5], 0, 3)).toBe('503480');
    expect(encoded('addi', [3, 4, -1])).toBe('0b34');
    expect(encoded('addi', [3, 4, 15])).toBe('fb34');
    expect(encoded('addi', [3, 4, 0])).toBe('32c400');
    expect(encoded('addi', [3, 4, 16])).toHaveLength(6);
    expect(encoded('mov', [3, 4])).toBe('3d04');
    expect(encoded('mov', [3, 4], 0, 3)).toBe(encoded('or', [3, 4, 4]));
    expect(encoded('movi', [5, -32])).toBe('6c05');
    expect(encoded('movi', [5, 95])).toHaveLength(4);
    expect(encoded('movi', [5, 96])).toHaveLength(6);
    expect(encoded('movi', [5, -33])).toHaveLength(6);
    expect(encoded('l32i', [3, 4, 60])).toHaveLength(4);
    expect(encoded('l32i', [3, 4, 64])).toHaveLength(6);
    expect(encoded('s32i', [3, 4, 60])).toHaveLength(4);
    expect(encoded('beqz', [3, 4])).toHaveLength(4);
    expect(encoded('beqz', [3, 67])).toHaveLength(4);
    expect(encoded('bnez', [3, 68])).toHaveLength(6);
    expect(encoded('bnez', [3, 3])).toHaveLength(6);
    expect(encoded('ret', [])).toBe('0df0');
    expect(encoded('ret', [], 0, 3)).toBe('800000');
    expect(encoded('nop', [])).toBe('3df0');
    expect(encoded('nop', [], 0, 3)).toBe('f02000');
    expect(encoded('pad', [])).toBe('0f');
    expect(isa.encode('pad', [], 0, 2)).toBeNull();
    expect(() => isa.encode('bogus', [], 0, 1)).toThrow();
    expect(() => isa.encode('add', [0, 1], 0, 1)).toThrow();
  });

  it('gives a core no encoding that it lacks', () => {
    const plain = makeIsa({});
    expect(plain.sizes('addi')).toEqual([3]);
    expect(plain.sizes('beqz')).toEqual([3, 6]);
    expect(hexOf(plain.encode('mov', [3, 4], 0, 1))).toBe('403420');
    const features: Record<string, string[]> = {
      mul16: ['mul16u', 'mul16s'],
      mul32: ['mull'],
      mul32high: ['muluh', 'mulsh'],
      div32: ['quou', 'quos', 'remu', 'rems'],
      minmax: ['min', 'max', 'minu', 'maxu'],
      sext: ['sext'],
      clamps: ['clamps'],
      nsa: ['nsa', 'nsau'],
      loop: ['loop', 'loopnez', 'loopgtz', 'wsr.lbeg', 'rsr.lend', 'xsr.lcount'],
      s32c1i: ['s32c1i', 'wsr.scompare1', 'rsr.scompare1', 'xsr.scompare1'],
    };
    expect([...Object.keys(features), 'density'].sort()).toEqual(Object.keys(full.features).sort());
    for (const [feature, names] of Object.entries(features))
      for (const name of names) {
        const row = ROWS.find((r) => r.name === name)!;
        const operands = casesOf(row, 'inside', 0)[0]!;
        const lacking = makeIsa(without(feature).features);
        expect([lacking.sizes(name), lacking.encode(name, operands, 0, 1)], name).toEqual([[], null]);
        expect(makeIsa({ [feature]: true }).encode(name, operands, 0, 1), name).toHaveLength(3);
      }
  });

  it('reaches far targets by a branch over a jump', () => {
    expect(branches.length).toBe(2 * BRANCH_PAIRS.length);
    for (const name of branches) {
      const zero = name === 'beqz' || name === 'bnez';
      expect(isa.sizes(name)).toEqual(zero ? [2, 3, 6] : [3, 6]);
      const operands = SIGNATURES[name].slice(0, -1).map((_, i) => 3 + i);
      const words = operands.map((v, i) =>
        SIGNATURES[name][i] === 'as' || SIGNATURES[name][i] === 'at' ? `a${v}` : v,
      );
      const here = 0x1000001;
      for (const rel of [2052, -2045, 131078, -131065, 100000]) {
        const [skip, jump] = disassemble(isa.encode(name, [...operands, rel], here, 1)!, here);
        expect(skip!.text).toBe(`${opposite(name)} ${[...words, '0x1000007'].join(', ')}`);
        expect(jump!.text).toBe(`j 0x${(here + rel).toString(16)}`);
      }
      const near = SIGNATURES[name].length === 2 ? 2051 : 131;
      expect(isa.encode(name, [...operands, near], 0, 1)).toHaveLength(3);
      expect(isa.encode(name, [...operands, near + 1], 0, 1)).toHaveLength(6);
      expect(isa.encode(name, [...operands, 7 - near], 0, 1)).toHaveLength(3);
      expect(isa.encode(name, [...operands, 6 - near], 0, 1)).toHaveLength(6);
      expect(isa.encode(name, [...operands, 8], 0, 6)).toHaveLength(6);
      expect(isa.encode(name, [...operands, 131079], 0, 1)).toBeNull();
      expect(isa.encode(name, [...operands, -131066], 0, 1)).toBeNull();
      expect(isa.encode(name, [...operands, 8], 0, 7)).toBeNull();
      expect(isa.encode(name, operands.with(0, 16).concat(5000), 0, 1)).toBeNull();
      expect(opposite(opposite(name))).toBe(name);
    }
    expect(isa.sizes('loop')).toEqual([3]);
    expect(isa.encode('loop', [3, 260], 0, 1)).toBeNull();
  });

  it('2-byte codes: what LLVM decodes for the ESP32, with its text, and the same bits again', () => {
    expect(compare(shortCodes(), LEGAL.short, LEGAL.shortTexts, false)).toBe(5 * 4096 + 256 + 2);
  });

  it('3-byte codes: what LLVM decodes for the ESP32, with its text, and the same bits again', () => {
    expect(compare(longCodes(), LEGAL.long, LEGAL.longTexts, true)).toBeGreaterThan(40000);
  });

  /** Number of legal codes. */
  function compare(codes: readonly number[], ranges: Legal['short'], texts: readonly string[], long: boolean): number {
    const buckets: string[][] = Array.from({ length: 256 }, () => []);
    const legal = codes.flatMap((code, i) => {
      const inst = decode(code, 0);
      if (!inst) return [];
      if (encodeRow(inst.row, inst.operands, 0) !== code) throw new Error(`${code.toString(16)} is not what it was`);
      if (!MISPRINTED.has(inst.row.name)) buckets[bucketOf(code, long)]!.push(assemblerText(inst.row, inst.operands));
      return [i];
    });
    const want = fromRanges(ranges);
    const hex = (indices: readonly number[]): string[] => indices.slice(0, 20).map((i) => codes[i]!.toString(16));
    const [ours, theirs] = [new Set(legal), new Set(want)];
    expect(hex(legal.filter((i) => !theirs.has(i)))).toEqual([]);
    expect(hex(want.filter((i) => !ours.has(i)))).toEqual([]);
    expect(buckets.map(digest)).toEqual(texts);
    return legal.length;
  }

  it('sizes follow op0; what does not decode is shown as data', () => {
    expect(Array.from({ length: 16 }, (_, i) => sizeOf(0xf0 | i))).toEqual([
      3,
      3,
      3,
      3,
      3,
      3,
      3,
      3,
      2,
      2,
      2,
      2,
      2,
      2,
      null,
      null,
    ]);
    const text = Uint8Array.of(0x5a, 0x34, 0x0f, 0x32, 0xc4, 0x00, 0x0d, 0xf0, 0x32, 0xc4);
    expect(disassemble(text, 0x100).map((i) => [i.address, i.size, i.text])).toEqual([
      [0x100, 2, 'add.n a3, a4, a5'],
      [0x102, 1, '.byte 0x0f'],
      [0x103, 3, 'addi a3, a4, 0'],
      [0x106, 2, 'ret.n'],
      [0x108, 1, '.byte 0x32'],
      [0x109, 1, '.byte 0xc4'],
    ]);
    expect(decode(0, 0)).toBeNull();
    expect(print(decode(0x0009a6, 0x100)!, 0x100)).toBe('blti a9, -1, 0x104');
  });

  it('shows literal pools and what aligns functions as data', () => {
    const bytes: number[] = [];
    const add = (name: string, ...operands: number[]): void =>
      void bytes.push(...isa.encode(name, operands, bytes.length, 1)!);
    // A pool that reads like instructions, a function, and another one with its own.
    bytes.push(0x12, 0x34, 0x56, 0x78, 0x21, 0x43, 0x65, 0x07);
    add('l32r', 2, 0 - bytes.length);
    add('l32r', 3, 4 - bytes.length);
    add('ret');
    while (bytes.length % 4 !== 0) bytes.push(0);
    const pool = bytes.length;
    bytes.push(0x35, 0, 0, 0);
    add('addi', 1, 1, -16);
    add('l32r', 2, pool - bytes.length);
    add('jx', 2);
    add('nop');
    const listed = disassemble(Uint8Array.from(bytes), 0).map((i) => `${i.address.toString(16)}: ${i.text}`);
    expect(listed).toEqual([
      '0: .word 0x78563412',
      '4: .word 0x07654321',
      '8: l32r a2, 0x0',
      'b: l32r a3, 0x4',
      'e: ret.n',
      '10: .word 0x00000035',
      '14: addi a1, a1, -16',
      '17: l32r a2, 0x10',
      '1a: jx a2',
      '1d: nop.n',
    ]);
    const next = Uint8Array.of(...isa.encode('ret', [], 0, 3)!, 0, ...isa.encode('movi', [2, 1], 0, 1)!);
    expect(disassemble(next, 0).map((i) => i.text)).toEqual(['ret', '.byte 0x00', 'movi.n a2, 1']);
  });
});
