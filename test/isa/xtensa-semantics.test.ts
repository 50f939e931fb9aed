// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { decode, ROWS, SIGNATURES, wordAt } from '../../backends/xtensa/isa.js';
import { encodeRow } from '../../backends/xtensa/isa-codec.js';
import { isBranch } from '../../backends/xtensa/isa-names.js';
import { B4CONST, B4CONSTU } from '../../backends/xtensa/isa-rows.js';
import { MEANINGS } from '../../backends/xtensa/semantics.js';
import { effects } from '../../backends/xtensa/semantics-effects.js';
import { Random } from '../differential/random.js';
import { casesOf } from './xtensa-cases.js';
import { assemble, BASE, execute, isa, MEMORY, run, word } from './xtensa-harness.js';

const ROUNDS = Number(process.env.FCC_RUNS ?? 60);

const u = (v: bigint): bigint => BigInt.asUintN(32, v);
const s = (v: bigint): bigint => BigInt.asIntN(32, v);
const INT_MIN = -(2n ** 31n);
const n32 = (v: bigint): number => Number(u(v));

/** Results by big integers, written from the manual: a and b unsigned. undefined: an exception. */
const THREE: Readonly<Record<string, (a: bigint, b: bigint) => bigint | undefined>> = {
  add: (a, b) => a + b,
  addx2: (a, b) => 2n * a + b,
  addx4: (a, b) => 4n * a + b,
  addx8: (a, b) => 8n * a + b,
  sub: (a, b) => a - b,
  subx2: (a, b) => 2n * a - b,
  subx4: (a, b) => 4n * a - b,
  subx8: (a, b) => 8n * a - b,
  and: (a, b) => a & b,
  or: (a, b) => a + b - (a & b),
  xor: (a, b) => (a | b) - (a & b),
  mull: (a, b) => a * b,
  mul16u: (a, b) => (a % 65536n) * (b % 65536n),
  mul16s: (a, b) => BigInt.asIntN(16, a) * BigInt.asIntN(16, b),
  muluh: (a, b) => (a * b) >> 32n,
  mulsh: (a, b) => (s(a) * s(b)) >> 32n,
  quou: (a, b) => (b === 0n ? undefined : a / b),
  remu: (a, b) => (b === 0n ? undefined : a % b),
  quos: (a, b) => (b === 0n ? undefined : s(a) === INT_MIN && s(b) === -1n ? INT_MIN : s(a) / s(b)),
  rems: (a, b) => (b === 0n ? undefined : s(a) % s(b)),
  min: (a, b) => (s(a) < s(b) ? a : b),
  max: (a, b) => (s(a) > s(b) ? a : b),
  minu: (a, b) => (a < b ? a : b),
  maxu: (a, b) => (a > b ? a : b),
};
/** Of one register. */
const leading = (a: bigint): number => 32 - (a === 0n ? 0 : a.toString(2).length);
const TWO: Readonly<Record<string, (a: bigint) => bigint>> = {
  mov: (a) => a,
  neg: (a) => -a,
  abs: (a) => (s(a) < 0n ? -a : a),
  nsau: (a) => BigInt(leading(a)),
  nsa: (a) => BigInt(leading(s(a) < 0n ? u(~a) : a) - 1),
};
/** Of a register and a number. */
const clamp = (a: bigint, bit: bigint): bigint => {
  const limit = 2n ** bit;
  return s(a) < -limit ? -limit : s(a) >= limit ? limit - 1n : a;
};
const CONSTANT: Readonly<Record<string, { of: (a: bigint, c: bigint) => bigint; values: readonly number[] }>> = {
  addi: { of: (a, c) => a + c, values: [-128, -127, -2, -1, 0, 1, 8, 15, 16, 127] },
  addmi: { of: (a, c) => a + c, values: [-32768, -256, 0, 256, 32512] },
  slli: { of: (a, c) => a << c, values: [1, 2, 15, 16, 30, 31] },
  srli: { of: (a, c) => a >> c, values: [0, 1, 8, 15] },
  srai: { of: (a, c) => s(a) >> c, values: [0, 1, 15, 16, 31] },
  sext: { of: (a, c) => BigInt.asIntN(Number(c) + 1, a), values: [7, 8, 15, 22] },
  clamps: { of: clamp, values: [7, 8, 15, 22] },
};
/** Conditional moves, and branches on a register against zero. */
const ZERO: Readonly<Record<string, (a: bigint) => boolean>> = {
  eqz: (a) => a === 0n,
  nez: (a) => a !== 0n,
  ltz: (a) => s(a) < 0n,
  gez: (a) => s(a) >= 0n,
};
const bitOf = (a: bigint, b: bigint): bigint => (a >> (b % 32n)) & 1n;
const TAKEN: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  beq: (a, b) => a === b,
  bne: (a, b) => a !== b,
  blt: (a, b) => s(a) < s(b),
  bge: (a, b) => s(a) >= s(b),
  bltu: (a, b) => a < b,
  bgeu: (a, b) => a >= b,
  bany: (a, b) => (a & b) !== 0n,
  bnone: (a, b) => (a & b) === 0n,
  ball: (a, b) => (u(~a) & b) === 0n,
  bnall: (a, b) => (u(~a) & b) !== 0n,
  bbs: (a, b) => bitOf(a, b) === 1n,
  bbc: (a, b) => bitOf(a, b) === 0n,
};

const EDGES = [
  ...[0, 1, 2, 7, 8, 31, 32, 33, 63, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000, 0x3fffff, 0x400000],
  ...[0x7fffffff, 0x80000000, 0x80000001, 0xffbfffff, 0xffff7fff, 0xffff8000, 0xfffffffe, 0xffffffff],
];
const someWord = (random: Random): number => (random.chance(60) ? random.pick(EDGES) : random.u32()) >>> 0;

const CORNERS = EDGES.filter((_, i) => i % 2 === 0 || i >= EDGES.length - 2);

function pairs(random: Random): (readonly [number, number])[] {
  const out = CORNERS.flatMap((a) => CORNERS.map((b) => [a, b] as const));
  for (let n = 0; n < ROUNDS; n++) out.push([random.u32(), someWord(random)]);
  return out;
}

describe('Xtensa semantics against big integers', () => {
  it.each(Object.keys(THREE))('%s', (name) => {
    for (const [a, b] of pairs(new Random(1))) {
      const want = THREE[name]!(BigInt(a), BigInt(b));
      const go = (r: number, x: number, y: number) => execute([[name, r, x, y]], { [x]: a, [y]: b }).r;
      if (want === undefined) {
        expect(() => go(4, 5, 6)).toThrow(/by zero/);
        continue;
      }
      // The result in a register of its own; in one of the sources' for some.
      expect(go(12, 13, 14)[12], `${name} ${a} ${b}`).toBe(n32(want));
      if (a !== b) continue;
      expect([go(3, 3, 4)[3], go(4, 3, 4)[4], go(0, 0, 0)[0]]).toEqual(new Array(3).fill(n32(want)));
    }
    const [own, other] = [0x80000005, 7] as const;
    const want = n32(THREE[name]!(BigInt(own), BigInt(other))!);
    const done = (r: number): number => execute([[name, r, 3, 4]], { 3: own, 4: other }).r[r]!;
    expect([done(3), done(4), done(5)]).toEqual([want, want, want]);
  });

  it.each(Object.keys(TWO))('%s', (name) => {
    const random = new Random(2);
    for (const a of [...EDGES, ...Array.from({ length: ROUNDS }, () => random.u32() >>> random.below(32))])
      for (const [r, x] of [
        [4, 5],
        [6, 6],
      ] as const)
        expect(execute([[name, r, x]], { [x]: a }).r[r], `${name} ${a}`).toBe(n32(TWO[name]!(BigInt(a))));
  });

  it.each(Object.keys(CONSTANT))('%s', (name) => {
    const { of, values } = CONSTANT[name]!;
    const random = new Random(3);
    for (const c of values)
      for (const a of [...EDGES, random.u32(), random.u32()])
        for (const [r, x] of [
          [4, 5],
          [6, 6],
        ] as const) {
          const want = n32(of(BigInt(a), BigInt(c)));
          expect(execute([[name, r, x, c]], { [x]: a }).r[r], `${name} ${a} ${c}`).toBe(want);
        }
  });

  it('movi, extui, l32r', () => {
    for (const v of [-2048, -33, -32, -1, 0, 1, 95, 96, 2047]) expect(execute([['movi', 4, v]], {}).r[4]).toBe(v >>> 0);
    for (const lsb of [0, 1, 8, 15, 16, 31])
      for (const width of [1, 2, 8, 15, 16])
        for (const a of EDGES) {
          const want = n32((BigInt(a) >> BigInt(lsb)) % 2n ** BigInt(width));
          expect(execute([['extui', 4, 5, lsb, width]], { 5: a }).r[4]).toBe(want);
        }
    // What the test's bus gives for a literal is the complement of its address.
    expect(execute([['l32r', 4, -4]], {}).r[4]).toBe(~(BASE - 4) >>> 0);
    const second = execute([['nop'], ['l32r', 4, -262144 + 2]], {});
    expect(second.r[4]).toBe(~(BASE + 4 - 262144) >>> 0);
  });

  it.each(Object.keys(ZERO))('conditional moves and branches: %s', (condition) => {
    for (const a of EDGES) {
      const holds = ZERO[condition]!(BigInt(a));
      const moved = execute([[`mov${condition}`, 4, 5, 6]], { 4: 44, 5: 55, 6: a });
      expect(moved.r[4]).toBe(holds ? 55 : 44);
      expect(execute([[`mov${condition}`, 4, 5, 5]], { 4: 44, 5: a }).r[4]).toBe(holds ? a : 44);
      expect(execute([[`mov${condition}`, 5, 6, 5]], { 5: a, 6: 66 }).r[5]).toBe(holds ? 66 : a);
      const name = { eqz: 'beqz', nez: 'bnez', ltz: 'bltz', gez: 'bgez' }[condition]!;
      for (const rel of [8, 67, -8, 2051, 50000]) {
        const bytes = isa.encode(name, [5, rel], BASE, 1)!;
        expect(run(bytes, { 5: a }, 9).pc, `${name} ${a} ${rel}`).toBe(BASE + (holds ? rel : bytes.length));
      }
    }
  });

  it.each(Object.keys(TAKEN))('%s', (name) => {
    const texts = [-100, 2000].map((rel) => [rel, isa.encode(name, [3, 14, rel], BASE, 1)!] as const);
    for (const [a, b] of pairs(new Random(4)))
      for (const [rel, bytes] of texts) {
        const want = BASE + (TAKEN[name]!(BigInt(a), BigInt(b)) ? rel : bytes.length);
        expect(run(bytes, { 3: a, 14: b }, 9).pc, `${name} ${a} ${b}`).toBe(want);
      }
    const same = isa.encode(name, [3, 3, 8], BASE, 1)!;
    for (const a of EDGES) expect(run(same, { 3: a }, 1).pc).toBe(BASE + (TAKEN[name]!(BigInt(a), BigInt(a)) ? 8 : 3));
  });

  it('branches that compare with a constant or test one bit', () => {
    for (const [name, values, like] of [
      ['beqi', B4CONST, 'beq'],
      ['bnei', B4CONST, 'bne'],
      ['blti', B4CONST, 'blt'],
      ['bgei', B4CONST, 'bge'],
      ['bltui', B4CONSTU, 'bltu'],
      ['bgeui', B4CONSTU, 'bgeu'],
      ['bbsi', [0, 1, 15, 16, 30, 31], 'bbs'],
      ['bbci', [0, 1, 15, 16, 30, 31], 'bbc'],
    ] as const)
      for (const c of values)
        for (const a of [...EDGES, c, c - 1, c + 1, 1 << c]) {
          const holds = TAKEN[like]!(u(BigInt(a)), u(BigInt(c)));
          const { pc } = run(isa.encode(name, [5, c, -50], BASE, 1)!, { 5: a }, 1);
          expect(pc, `${name} ${a} ${c}`).toBe(BASE + (holds ? -50 : 3));
        }
  });

  /** Shifts of the 64 bits high:low by SAR. */
  it('shifts by SAR, 0 to 32', () => {
    const words = [0, 1, 0x12345678, 0x80000000, 0x7fffffff, 0xffffffff, 0xdeadbeef];
    for (let sar = 0; sar <= 32; sar++)
      for (const a of words) {
        const by = (name: string, ...operands: number[]): number =>
          execute(
            [
              ['wsr.sar', 9],
              [name, 4, ...operands],
            ],
            { 5: a, 6: 0x0f1e2d3c, 9: sar },
          ).r[4]!;
        expect(by('srl', 5)).toBe(n32(BigInt(a) >> BigInt(sar)));
        expect(by('sra', 5)).toBe(n32(s(BigInt(a)) >> BigInt(sar)));
        expect(by('sll', 5)).toBe(n32((BigInt(a) << 32n) >> BigInt(sar)));
        expect(by('src', 5, 6)).toBe(n32(((BigInt(a) << 32n) | 0x0f1e2d3cn) >> BigInt(sar)));
        expect(by('src', 5, 5)).toBe(n32(((BigInt(a) << 32n) | BigInt(a)) >> BigInt(sar)));
      }
  });

  it('what sets SAR', () => {
    const set = (name: string, operand: number, value: number): number =>
      execute(
        [
          [name, operand],
          ['rsr.sar', 4],
        ],
        { [operand]: value },
      ).r[4]!;
    for (const a of [...EDGES, 5, 100, 0xdeadbeef]) {
      expect(set('ssr', 5, a)).toBe(a % 32);
      expect(set('ssl', 5, a)).toBe(32 - (a % 32));
      expect(set('ssa8l', 5, a)).toBe(8 * (a % 4));
      expect(set('wsr.sar', 5, a)).toBe(a % 64);
    }
    for (const a of [0, 1, 15, 16, 31]) expect(set('ssai', a, 0)).toBe(a);
    // As the compiler uses them: shifts by the low five bits.
    for (const amount of [0, 1, 17, 31, 32, 63, 0xffffffff])
      for (const a of [1, 0x80000001, 0xdeadbeef]) {
        const shift = (how: string, name: string): number =>
          execute(
            [
              [how, 6],
              [name, 4, 5],
            ],
            { 5: a, 6: amount },
          ).r[4]!;
        const n = BigInt(amount % 32);
        expect(shift('ssl', 'sll')).toBe(n32(BigInt(a) << n));
        expect(shift('ssr', 'srl')).toBe(n32(BigInt(a) >> n));
        expect(shift('ssr', 'sra')).toBe(n32(s(BigInt(a)) >> n));
      }
  });

  it('compare and swap', () => {
    for (const [expected, stored] of [
      [0x87868584, 0x11223344],
      [0x87868583, 0x87868584],
    ] as const) {
      const done = execute(
        [
          ['wsr.scompare1', 6],
          ['s32c1i', 4, 5, 4],
        ],
        { 4: 0x11223344, 5: MEMORY, 6: expected },
      );
      expect([done.r[4], word(done.bytes, 4), word(done.bytes, 0)]).toEqual([0x87868584, stored, 0x83828180]);
    }
    // The value to store is read before the old word is written, also when it is the address.
    const own = execute(
      [
        ['wsr.scompare1', 6],
        ['s32c1i', 5, 5, 0],
      ],
      { 5: MEMORY, 6: 0x83828180 },
    );
    expect([own.r[5], word(own.bytes, 0)]).toEqual([0x83828180, MEMORY]);
  });

  it('special registers are read, written and exchanged', () => {
    for (const name of ['scompare1', 'lbeg', 'lend', 'lcount']) {
      const done = execute(
        [
          [`wsr.${name}`, 4],
          [`xsr.${name}`, 5],
          [`rsr.${name}`, 6],
        ],
        { 4: 0xdeadbeef, 5: 0x12345678 },
      );
      expect([done.r[5], done.r[6]], name).toEqual([0xdeadbeef, 0x12345678]);
    }
    const sar = execute(
      [
        ['wsr.sar', 4],
        ['xsr.sar', 5],
        ['rsr.sar', 6],
      ],
      { 4: 0x7f, 5: 0x20 },
    );
    expect([sar.r[5], sar.r[6]]).toEqual([0x3f, 0x20]);
  });
});

describe('Xtensa effects', () => {
  const of = (name: string, ...operands: number[]) => effects(decode(wordAt(isa.encode(name, operands, 0, 1)!, 0), 0)!);

  it('are read off the meanings', () => {
    expect(of('add', 10, 11, 12)).toEqual({
      uses: 0x1800,
      defs: 0x400,
      specialsUsed: [],
      specialsSet: [],
      loads: 0,
      stores: 0,
      literal: false,
      flow: 'next',
    });
    expect(of('moveqz', 10, 11, 12)).toMatchObject({ uses: 0x1c00, defs: 0x400 });
    expect(of('l32i', 10, 2, 4)).toMatchObject({ uses: 4, defs: 0x400, loads: 1, stores: 0, literal: false });
    expect(of('s32i', 10, 2, 4)).toMatchObject({ uses: 0x404, defs: 0, loads: 0, stores: 1 });
    expect(of('l32r', 10, -4)).toMatchObject({ uses: 0, defs: 0x400, loads: 1, literal: true });
    expect(of('s32c1i', 10, 2, 4)).toMatchObject({ uses: 0x404, defs: 0x400, loads: 1, stores: 1 });
    expect(of('s32c1i', 10, 2, 4).specialsUsed).toEqual(['scompare1']);
    expect(of('bltu', 10, 11, 8)).toMatchObject({ uses: 0xc00, defs: 0, flow: 'conditional' });
    expect(of('beqz', 10, 8)).toMatchObject({ uses: 0x400, flow: 'conditional' });
    expect(of('j', 8)).toMatchObject({ uses: 0, defs: 0, flow: 'direct' });
    expect(of('call0', 8)).toMatchObject({ uses: 0, defs: 1, flow: 'direct' });
    expect(of('callx0', 8)).toMatchObject({ uses: 0x100, defs: 1, flow: 'indirect' });
    expect(of('ret')).toMatchObject({ uses: 1, defs: 0, flow: 'indirect' });
    expect(of('jx', 8)).toMatchObject({ uses: 0x100, defs: 0, flow: 'indirect' });
    expect(of('ssl', 8)).toMatchObject({ uses: 0x100, defs: 0, specialsSet: ['sar'], specialsUsed: [] });
    expect(of('src', 8, 9, 10)).toMatchObject({ uses: 0x600, defs: 0x100, specialsUsed: ['sar'] });
    expect(of('loop', 8, 9)).toMatchObject({ uses: 0x100, specialsSet: ['lbeg', 'lcount', 'lend'], flow: 'next' });
    expect(of('loopnez', 8, 9)).toMatchObject({ uses: 0x100, flow: 'conditional' });
    expect(of('memw')).toMatchObject({ uses: 0, defs: 0, loads: 0, stores: 0, flow: 'next' });
  });

  it('name no register that is not an operand, but for the return address', () => {
    for (const row of ROWS.filter((r) => !r.alias)) {
      const operands = casesOf(row, 'inside', 0)[0]!;
      const e = effects(decode(encodeRow(row, operands, 0)!, 0)!);
      const link = row.name === 'ret' || row.name.startsWith('call') ? 1 : 0;
      const named = row.operands.reduce((m, o, i) => (o.kind === 'reg' ? m | (1 << operands[i]!) : m), link);
      expect((e.uses | e.defs) & ~named, row.bits).toBe(0);
    }
  });

  it('every name has one meaning, and every branch a condition here', () => {
    expect(Object.keys(MEANINGS).sort()).toEqual(
      Object.keys(SIGNATURES)
        .filter((n) => n !== 'pad')
        .sort(),
    );
    const tested = [...Object.keys(TAKEN), ...['bbsi', 'bbci', 'beqi', 'bnei', 'blti', 'bgei', 'bltui', 'bgeui']];
    expect(Object.keys(SIGNATURES).filter(isBranch).sort()).toEqual([...tested, 'beqz', 'bnez', 'bltz', 'bgez'].sort());
    expect(assemble([['nop']])).toHaveLength(2);
  });
});
