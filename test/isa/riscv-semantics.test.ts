// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { riscvCpu } from '../../backends/riscv/cpu.js';
import { decode, type PlainName, plainName, ROWS, SIGNATURES } from '../../backends/riscv/isa.js';
import { encodeRow } from '../../backends/riscv/isa-codec.js';
import { MEANINGS } from '../../backends/riscv/semantics.js';
import { effects } from '../../backends/riscv/semantics-effects.js';
import { Random } from '../differential/random.js';
import { casesOf } from './riscv-cases.js';
import { BASE, execute, full, isa, MEMORY, testBus, word } from './riscv-harness.js';

const ROUNDS = Number(process.env.FCC_RUNS ?? 60);

const u = (v: bigint): bigint => BigInt.asUintN(32, v);
const s = (v: bigint): bigint => BigInt.asIntN(32, v);
const INT_MIN = -(2n ** 31n);

/** Results by big integers, written from the manual: a and b unsigned. */
const ALU: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  sll: (a, b) => a * 2n ** (b % 32n),
  slt: (a, b) => (s(a) < s(b) ? 1n : 0n),
  sltu: (a, b) => (a < b ? 1n : 0n),
  xor: (a, b) => (a | b) - (a & b),
  srl: (a, b) => a / 2n ** (b % 32n),
  sra: (a, b) => s(a) >> (b % 32n),
  or: (a, b) => a + b - (a & b),
  and: (a, b) => a & b,
  mul: (a, b) => a * b,
  mulh: (a, b) => (s(a) * s(b)) >> 32n,
  mulhsu: (a, b) => (s(a) * b) >> 32n,
  mulhu: (a, b) => (a * b) >> 32n,
  div: (a, b) => (b === 0n ? -1n : s(a) === INT_MIN && s(b) === -1n ? INT_MIN : s(a) / s(b)),
  divu: (a, b) => (b === 0n ? -1n : a / b),
  rem: (a, b) => (b === 0n ? a : s(a) === INT_MIN && s(b) === -1n ? 0n : s(a) % s(b)),
  remu: (a, b) => (b === 0n ? a : a % b),
};
const IMMEDIATE: Readonly<Record<string, string>> = {
  addi: 'add',
  slti: 'slt',
  sltiu: 'sltu',
  xori: 'xor',
  ori: 'or',
  andi: 'and',
  slli: 'sll',
  srli: 'srl',
  srai: 'sra',
};
const TAKEN: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  beq: (a, b) => a === b,
  bne: (a, b) => a !== b,
  blt: (a, b) => s(a) < s(b),
  bge: (a, b) => s(a) >= s(b),
  bltu: (a, b) => a < b,
  bgeu: (a, b) => a >= b,
};
const MODIFIED: Readonly<Record<string, (old: bigint, v: bigint) => bigint>> = {
  'amoswap.w': (_, v) => v,
  'amoadd.w': (old, v) => old + v,
  'amoxor.w': (old, v) => old ^ v,
  'amoand.w': (old, v) => old & v,
  'amoor.w': (old, v) => old | v,
  'amomin.w': (old, v) => (s(old) < s(v) ? old : v),
  'amomax.w': (old, v) => (s(old) > s(v) ? old : v),
  'amominu.w': (old, v) => (old < v ? old : v),
  'amomaxu.w': (old, v) => (old > v ? old : v),
};

const EDGES = [
  0, 1, 2, 31, 32, 33, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, -1,
];
const someWord = (random: Random): number => (random.chance(60) ? random.pick(EDGES) : random.u32()) >>> 0;

describe('RISC-V semantics against big integers', () => {
  it.each(Object.keys(ALU))('%s', (name) => {
    const random = new Random(1);
    const pairs = EDGES.flatMap((a) => EDGES.map((b) => [a >>> 0, b >>> 0] as const));
    for (let n = 0; n < ROUNDS; n++) pairs.push([random.u32(), someWord(random)]);
    for (const [a, b] of pairs) {
      const want = Number(u(ALU[name]!(BigInt(a), BigInt(b))));
      // Three registers, and the short forms: rd = rs1, rd = rs2.
      for (const [rd, rs1, rs2] of [
        [20, 21, 22],
        [8, 8, 9],
        [8, 9, 8],
      ] as const)
        expect(execute([[name, rd, rs1, rs2]], { [rs1]: a, [rs2]: b }).r[rd], `${name} ${a} ${b}`).toBe(want);
      if (a === b) expect(execute([[name, 8, 8, 8]], { 8: a }).r[8]).toBe(want);
    }
    expect(execute([[name, 0, 8, 9]], { 8: 5, 9: 7 }).r[0]).toBe(0);
  });

  it.each(Object.keys(IMMEDIATE))('%s', (name) => {
    const random = new Random(2);
    const shift = SIGNATURES[name as 'addi'].includes('amount');
    const values = shift ? [0, 1, 4, 16, 30, 31] : [-2048, -2047, -33, -32, -31, -1, 0, 1, 4, 16, 31, 32, 1020, 2047];
    for (const v of [
      ...values,
      ...Array.from({ length: 10 }, () => (shift ? random.below(32) : random.below(64) - 32)),
    ])
      for (const a of [...EDGES, random.u32()]) {
        const want = Number(u(ALU[IMMEDIATE[name]!]!(u(BigInt(a)), u(BigInt(v)))));
        for (const [rd, rs1] of [
          [20, 21],
          [8, 8],
          [9, 2],
          [2, 2],
          [10, 11],
        ] as const)
          expect(execute([[name, rd, rs1, v]], { [rs1]: a }).r[rd], `${name} ${a} ${v}`).toBe(want);
      }
    expect(execute([[name, 10, 0, 3]], {}).r[10]).toBe(Number(u(ALU[IMMEDIATE[name]!]!(0n, 3n))));
  });

  it.each(Object.keys(TAKEN))('%s', (name) => {
    for (const a of EDGES)
      for (const b of EDGES)
        for (const rel of [8, -8, 40, 3000, 100000]) {
          const [x, y] = [u(BigInt(a)), u(BigInt(b))];
          const size = isa.encode(name, [8, 9, rel], 0, 2)!.length;
          // The far form is two instructions.
          const two = execute([[name, 8, 9, rel]], { 8: a, 9: b });
          if (size < 8) expect(two.pc).toBe(BASE + (TAKEN[name]!(x, y) ? rel : size));
          else {
            const cpu = riscvCpu(full).create(isa.encode(name, [8, 9, rel], 0, 2)!, BASE, testBus());
            cpu.registers.set([a, b], 8);
            cpu.pc = BASE;
            expect(cpu.run(5)).toBe(true);
            expect(cpu.pc).toBe(BASE + (TAKEN[name]!(x, y) ? rel : size));
          }
          if (b === 0) expect(execute([[name, 8, 0, 8]], { 8: a }).pc - BASE === 8).toBe(TAKEN[name]!(x, 0n));
          if (a === 0) expect(execute([[name, 0, 9, 8]], { 9: b }).pc - BASE === 8).toBe(TAKEN[name]!(0n, y));
        }
  });

  it.each(Object.keys(MODIFIED))('%s', (name) => {
    for (const order of ['', '.aq', '.rl', '.aqrl'])
      for (const old of EDGES)
        for (const v of EDGES) {
          const done = execute(
            [
              ['sw', 20, 21, 0],
              [`${name}${order}`, 10, 22, 21],
            ],
            { 20: old, 21: MEMORY + 8, 22: v },
          );
          expect(done.r[10]).toBe(old >>> 0);
          expect(word(done.bytes, 8)).toBe(u(MODIFIED[name]!(u(BigInt(old)), u(BigInt(v)))));
          expect([word(done.bytes, 4), word(done.bytes, 12)]).toEqual([0x87868584n, 0x8f8e8d8cn]);
        }
    // The value is read before the result is written; the result may have no place.
    const same = execute([[name, 22, 22, 21]], { 21: MEMORY, 22: 5 });
    expect([same.r[22], word(same.bytes, 0)]).toEqual([0x83828180, u(MODIFIED[name]!(0x83828180n, 5n))]);
    expect(execute([[name, 0, 22, 21]], { 21: MEMORY, 22: 5 }).r[0]).toBe(0);
    for (const offset of [1, 2, 3])
      expect(() => execute([[name, 10, 22, 21]], { 21: MEMORY + offset, 22: 5 })).toThrow(/misaligned/);
  });
});

describe('RISC-V effects', () => {
  const of = (name: string, ...operands: number[]) => {
    const b = isa.encode(name, operands, 0, 2)!;
    const half = (i: number) => (b[i] ?? 0) | ((b[i + 1] ?? 0) << 8);
    return effects(decode(half(0), half(2))!);
  };

  it('are read off the meanings', () => {
    expect(of('add', 10, 11, 12)).toEqual({ uses: 0x1800, defs: 0x400, loads: 0, stores: 0, flow: 'next' });
    expect(of('add', 0, 31, 12)).toMatchObject({ uses: 0x80001000, defs: 0 });
    expect(of('addi', 10, 0, 4)).toMatchObject({ uses: 0, defs: 0x400 });
    expect(of('lw', 10, 2, 4)).toMatchObject({ uses: 4, defs: 0x400, loads: 1, stores: 0 });
    expect(of('sw', 10, 2, 4)).toMatchObject({ uses: 0x404, defs: 0, loads: 0, stores: 1 });
    expect(of('bltu', 10, 11, 8)).toMatchObject({ uses: 0xc00, defs: 0, flow: 'conditional' });
    expect(of('jal', 1, 8)).toMatchObject({ uses: 0, defs: 2, flow: 'direct' });
    expect(of('jalr', 0, 1, 0)).toMatchObject({ uses: 2, defs: 0, flow: 'indirect' });
    expect(of('amomax.w', 10, 11, 12)).toMatchObject({ uses: 0x1800, defs: 0x400, loads: 1, stores: 1 });
    expect(of('lr.w', 10, 12)).toMatchObject({ uses: 0x1000, defs: 0x400, loads: 1, stores: 0 });
    expect(of('sc.w', 10, 11, 12)).toMatchObject({ uses: 0x1800, defs: 0x400, loads: 0, stores: 1 });
    expect(of('fence', 1, 1)).toMatchObject({ uses: 0, defs: 0, flow: 'next' });
  });

  it('name no register that is not an operand, in every row', () => {
    for (const row of ROWS) {
      const operands = casesOf(row, 'inside')[0]!;
      if (row.alias) continue;
      const word = encodeRow(row, operands)!;
      const e = effects(decode(word & 0xffff, word >>> 16)!);
      const named = row.operands.reduce(
        (m, o, i) => (o.kind === 'reg' || (o.kind === 'fixed' && o.reg) ? m | (1 << operands[i]!) : m),
        0,
      );
      expect((e.uses | e.defs) & ~named, row.bits).toBe(0);
    }
  });

  it('every name has one meaning', () => {
    const plain = new Set(Object.keys(SIGNATURES).map((n) => plainName(n as PlainName)));
    expect(Object.keys(MEANINGS).sort()).toEqual([...plain].sort());
  });
});
