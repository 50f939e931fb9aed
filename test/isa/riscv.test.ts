// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  decode,
  disassemble,
  makeIsa,
  opposite,
  print,
  ROWS,
  type Row,
  SIGNATURES,
  sizeOf,
  wordBytes,
} from '../../backends/riscv/isa.js';
import { encodeRow } from '../../backends/riscv/isa-codec.js';
import { BRANCHES } from '../../backends/riscv/isa-names.js';
import { Random } from '../differential/random.js';
import { assemblerText, casesOf } from './riscv-cases.js';
import { byUpperByte, digest, fromRanges, type Legal, longCodes, shortCodes } from './riscv-legal.js';

/** [name, pattern, operands, text by llvm-mc, bytes by llvm-mc]: made by regen-riscv.sh. */
type Case = [name: string, bits: string, operands: number[], text: string, hex: string];
const read = (file: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8'));
const CASES = read('riscv.json') as Case[];
const LEGAL = read('riscv-legal.json') as Legal;

/** Words of longCodes() that llvm-mc decodes and the table leaves out: fences of an empty set, fence.i, sc.w.aq, lr.w.rl. */
const LEFT_OUT_LONG: readonly string[] = [
  ...['1dd3a32f', 'f', '200000f', '400000f', '600000f', '800000f', 'a00000f', 'c00000f', 'e00000f', '100f'],
  ...['1200202f', '1c00202f'],
];

const rowOf = new Map<string, Row>(ROWS.filter((r) => !r.alias).map((r) => [`${r.name} ${r.bits}`, r]));
const hexOf = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString('hex');
const ALL = { mul: true, div: true, atomics: true, compressed: true, registers16: false };
const RUNS = Number(process.env.FCC_RUNS ?? 100);
const isa = makeIsa(ALL);
const wide = makeIsa({ ...ALL, compressed: false });
const decodeWord = (word: number) => decode(word & 0xffff, word >>> 16);
const encoded = (name: string, operands: number[], least = 2, table = isa) =>
  hexOf(table.encode(name, operands, 0, least));

describe('RISC-V table', () => {
  it('has a case for every row, and every name has a row', () => {
    const seen = new Set(CASES.map(([name, bits]) => `${name} ${bits}`));
    expect([...rowOf.keys()].filter((k) => !seen.has(k))).toEqual([]);
    for (const name of Object.keys(SIGNATURES)) expect(isa.sizes(name).length, name).toBeGreaterThan(0);
    expect(CASES.length).toBeGreaterThan(2300);
  });

  it('encodes every row at its edges as llvm-mc does', () => {
    const wrong = CASES.filter(([name, bits, operands, , hex]) => {
      const row = rowOf.get(`${name} ${bits}`)!;
      const word = encodeRow(row, operands);
      return word === null || hexOf(wordBytes(row.size, word)) !== hex;
    });
    expect(wrong).toEqual([]);
  });

  it('decodes what it encodes, and writes it as llvm-mc does', () => {
    for (const [name, bits, operands, text] of CASES) {
      const row = rowOf.get(`${name} ${bits}`)!;
      const back = decodeWord(encodeRow(row, operands)!)!;
      expect([back.row.name, back.operands, assemblerText(back.row, back.operands)]).toEqual([name, operands, text]);
    }
  });

  it('refuses one past each edge instead of dropping bits', () => {
    let refused = 0;
    for (const row of ROWS) {
      for (const operands of casesOf(row, 'outside')) {
        expect(encodeRow(row, operands), `${row.name} ${row.bits} ${operands}`).toBeNull();
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(2000);
  });

  it('random operands: encodings mean the operands they were made of, the short ones too', () => {
    const random = new Random(1);
    const register = (): number => (random.chance(50) ? 8 + random.below(8) : random.below(32));
    let short = 0;
    for (const [name, signature] of Object.entries(SIGNATURES)) {
      for (let n = 0; n < RUNS; n++) {
        const operands = signature.map((kind, i) => {
          if (kind === 'imm') return random.chance(70) ? random.below(128) - 64 : random.below(4096) - 2048;
          if (kind === 'amount') return random.below(32);
          if (kind === 'rel') return 2 * (random.below(4096) - 2048);
          if (kind === 'imm20') return random.chance(50) ? random.below(32) : 0xfffff - random.below(70);
          if (kind === 'pred' || kind === 'succ') return 1 + random.below(15);
          return i > 0 && random.chance(20) ? 0 : register();
        });
        const bytes = isa.encode(name, operands, 0, 2);
        expect(bytes, `${name} ${operands}`).not.toBeNull();
        if (bytes!.length === 8) continue;
        if (bytes!.length === 2) short++;
        const word = bytes!.reduce((w, b, i) => w | (b << (8 * i)), 0) >>> 0;
        const back = decodeWord(word)!;
        expect(back.row.hint ?? false).toBe(false);
        const plain = name === 'jal.long' ? 'jal' : name;
        if (back.row.name === plain && back.operands.join() === operands.join()) continue;
        // Another way to say the same: operands swapped, or an addition of zero.
        const swapped =
          back.row.name === plain && ['add', 'and', 'or', 'xor', 'beq', 'bne'].includes(plain)
            ? [...back.operands].sort((a, b) => a - b).join() === [...operands].sort((a, b) => a - b).join()
            : false;
        const moved = plain === 'addi' && back.row.name === 'add' && operands[2] === 0;
        expect(swapped || moved, `${name} ${operands} is ${print(back, 0)}`).toBe(true);
        if (moved) expect(back.operands).toEqual([operands[0], 0, operands[1]]);
      }
    }
    expect(short).toBeGreaterThan(RUNS);
  });

  it('takes the shortest encoding that fits and is long enough', () => {
    expect(encoded('addi', [10, 10, 4])).toBe('1105');
    expect(encoded('addi', [10, 10, 4], 4)).toBe('13054500');
    expect(encoded('addi', [10, 0, -5])).toBe('6d55');
    expect(encoded('addi', [10, 11, 0])).toBe('2e85');
    expect(encoded('add', [10, 0, 11])).toBe('2e85');
    expect(encoded('add', [10, 11, 0])).toBe('2e85');
    expect(encoded('add', [10, 10, 11])).toBe('2e95');
    expect(encoded('add', [10, 11, 10])).toBe('2e95');
    expect(encoded('and', [8, 9, 8])).toBe(encoded('and', [8, 8, 9]));
    expect(encoded('sub', [8, 9, 8])).toHaveLength(8);
    expect(encoded('addi', [2, 2, -64])).toBe('3971');
    expect(encoded('addi', [8, 2, 16])).toBe('0008');
    expect(encoded('lw', [8, 9, 4])).toBe('c040');
    expect(encoded('lw', [10, 2, 4])).toBe('1245');
    expect(encoded('sw', [31, 2, 252])).toBe('fedf');
    expect(encoded('jalr', [0, 1, 0])).toBe('8280');
    expect(encoded('jalr', [1, 11, 0])).toBe('8295');
    expect(encoded('lui', [10, 0xfffff])).toBe('7d75');
    expect(encoded('beq', [10, 0, 8])).toBe('01c5');
    expect(encoded('beq', [0, 10, 8])).toBe('01c5');
    expect(encoded('jal', [1, 2])).toHaveLength(4);
    expect(encoded('jal.long', [1, 2])).toBe('ef002000');
    expect(encoded('addi', [0, 0, 0])).toBe('0100');
    expect(() => isa.encode('bogus', [], 0, 2)).toThrow();
    expect(() => isa.encode('add', [0, 1], 0, 2)).toThrow();
  });

  it('writes no HINT and no reserved code', () => {
    for (const [name, operands] of [
      ['addi', [0, 0, 5]],
      ['addi', [0, 10, 0]],
      ['lui', [0, 1]],
      ['lui', [2, 1]],
      ['lui', [10, 0]],
      ['slli', [10, 10, 0]],
      ['slli', [0, 0, 3]],
      ['srli', [8, 8, 0]],
      ['srai', [8, 8, 0]],
      ['add', [0, 0, 10]],
      ['add', [0, 10, 0]],
      ['lw', [0, 2, 4]],
      ['jalr', [0, 0, 0]],
      ['jalr', [1, 0, 0]],
    ] as const)
      expect(isa.encode(name, operands, 0, 2), `${name} ${operands}`).toHaveLength(4);
    expect(encoded('addi', [10, 10, 0])).toBe('2a85');
  });

  it('gives a core no encoding that it lacks', () => {
    const plain = makeIsa({ registers16: true });
    expect(plain.sizes('addi')).toEqual([4]);
    expect(plain.sizes('beq')).toEqual([4, 8]);
    for (const name of ['mul', 'mulhu', 'div', 'remu', 'lr.w', 'amoadd.w.aqrl']) {
      expect(plain.sizes(name), name).toEqual([]);
      expect(plain.encode(name, [1, 2, 3].slice(0, SIGNATURES[name as 'mul'].length), 0, 2), name).toBeNull();
    }
    expect(plain.encode('addi', [15, 15, 1], 0, 2)).toHaveLength(4);
    expect(plain.encode('addi', [16, 15, 1], 0, 2)).toBeNull();
    expect(plain.encode('lw', [15, 16, 4], 0, 2)).toBeNull();
    expect(plain.encode('beq', [15, 16, 40000], 0, 2)).toBeNull();
    expect(plain.encode('beq', [15, 14, 40000], 0, 2)).toHaveLength(8);
    expect(makeIsa({ mul: true }).sizes('div')).toEqual([]);
    expect(makeIsa({ mul: true }).sizes('mulhsu')).toEqual([4]);
    expect(encoded('addi', [10, 10, 4], 2, wide)).toBe('13054500');
  });

  it('reaches far targets by a branch over a jump', () => {
    for (const name of BRANCHES) {
      const zero = name === 'beq' || name === 'bne';
      expect(isa.sizes(name)).toEqual(zero ? [2, 4, 8] : [4, 8]);
      for (const rel of [4096, -4098, 2 ** 20 + 2, -(2 ** 20) + 4, 100000]) {
        const bytes = isa.encode(name, [20, 21, rel], 0, 2)!;
        const [skip, jump] = disassemble(bytes, 0x1000000);
        expect(skip!.text).toBe(`${opposite(name)} s4, s5, 0x1000008`);
        expect(jump!.text).toBe(`jal zero, 0x${(0x1000000 + rel).toString(16)}`);
      }
      expect(isa.encode(name, [20, 21, 4094], 0, 2)).toHaveLength(4);
      expect(isa.encode(name, [20, 21, -4096], 0, 2)).toHaveLength(4);
      expect(isa.encode(name, [20, 21, 8], 0, 8)).toHaveLength(8);
      expect(isa.encode(name, [20, 21, 2 ** 20 + 4], 0, 2)).toBeNull();
      expect(isa.encode(name, [20, 21, -(2 ** 20) + 2], 0, 2)).toBeNull();
      expect(isa.encode(name, [20, 21, 4097], 0, 2)).toBeNull();
      expect(isa.encode(name, [32, 21, 8192], 0, 2)).toBeNull();
    }
    expect(BRANCHES.map(opposite)).toEqual(['bne', 'beq', 'bge', 'blt', 'bgeu', 'bltu']);
  });

  it('all halfwords: legal where llvm-mc says so on RV32IMAC, with its text, and the same bits again', () => {
    // The code that is defined to be illegal, and the one that calls the debugger: text contains neither.
    const leftOut = [0x0000, 0x9002];
    const codes = shortCodes();
    const legal = codes.filter((h) => decode(h, 0) !== null);
    const want = fromRanges(LEGAL.short).map((i) => codes[i]!);
    expect(legal).toEqual(want.filter((h) => !leftOut.includes(h)));
    expect(legal.length).toBe(28822);
    const texts = want.map((h) => {
      const inst = decode(h, 0);
      if (inst) expect(encodeRow(inst.row, inst.operands)).toBe(h);
      if (!inst) return h === 0 ? 'c.unimp' : 'c.ebreak';
      return assemblerText(inst.row, inst.operands);
    });
    expect(byUpperByte(want, texts).map(digest)).toEqual(LEGAL.texts);
  });

  it('32-bit codes: legal where llvm-mc says so on RV32IMAC', () => {
    const codes = longCodes();
    const want = new Set(fromRanges(LEGAL.long).map((i) => codes[i]!));
    const ours = new Set(codes.filter((w) => decodeWord(w) !== null));
    expect([...ours].filter((w) => !want.has(w))).toEqual([]);
    const lacking = [...want].filter((w) => !ours.has(w)).map((w) => w.toString(16));
    expect(lacking).toEqual(LEFT_OUT_LONG);
    expect(ours.size).toBeGreaterThan(4000);
  });

  it('sizes follow the low bits; what does not decode is shown as data', () => {
    expect([0x0001, 0x0013, 0x001f, 0x003f, 0x007f].map(sizeOf)).toEqual([2, 4, null, null, null]);
    expect(decode(0x001f, 0)).toBeNull();
    const text = Uint8Array.of(0x11, 0x05, 0x00, 0x00, 0x13, 0x05, 0x45, 0x00, 0x13, 0x05);
    expect(disassemble(text, 0x100).map((i) => [i.address, i.size, i.text])).toEqual([
      [0x100, 2, 'c.addi a0, 0x4'],
      [0x102, 2, '.half 0x0000'],
      [0x104, 4, 'addi a0, a0, 0x4'],
      [0x108, 2, '.half 0x0513'],
    ]);
  });
});
