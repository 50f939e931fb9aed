// SPDX-License-Identifier: MIT
import type { Feature, Operand, RowSpec } from './isa-codec.js';
import {
  ARITHMETIC,
  CONDITIONAL_MOVES,
  DIVIDE,
  EXTREMES,
  LOADS,
  LOOPS,
  MULTIPLY_HIGH,
  MULTIPLY16,
  type Name,
  SHIFT_SETS,
  SPECIAL_ACCESS,
  SPECIALS,
  STORES,
} from './isa-names.js';

/**
 * Encodings: Xtensa Instruction Set Architecture Reference Manual, chapters 6 and 7.3 (opcode maps), of the call0 ABI's part of
 * the set: register windows, exceptions and everything privileged are left out. Fields as the manual has them for little-endian
 * cores: op2 op1 r s t op0.
 */

/** Constants that beqi and its kind compare with, and those of bltui and bgeui, by encoding (tables 3-17 and 3-18). */
export const B4CONST = [-1, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256] as const;
export const B4CONSTU = [32768, 65536, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256] as const;

const reg = (fields: string): Operand => ({ kind: 'reg', fields });
const ar = reg('r');
const as = reg('s');
const at = reg('t');
const imm = (layout: string, more: Partial<Extract<Operand, { kind: 'imm' }>> = {}): Operand => ({
  kind: 'imm',
  fields: 'i',
  layout,
  ...more,
});
const signed = (layout: string): Operand => imm(layout, { signed: true });
const table = (layout: string, values: readonly (number | undefined)[], fields = 'i'): Operand =>
  imm(layout, { fields, values });
const counted = (n: number, value: (i: number) => number | undefined): (number | undefined)[] =>
  Array.from({ length: n }, (_, i) => value(i));
const bin = (n: number, width = 4): string => n.toString(2).padStart(width, '0');

const list = (count: number): string => Array.from({ length: count }, (_, i) => `{${i}}`).join(', ');
const row = (
  name: Name,
  bits: string,
  operands: readonly Operand[],
  feature: Feature = 'base',
  more: Partial<RowSpec> = {},
): RowSpec => ({ name, bits, operands, feature, text: `${name} ${list(operands.length)}`.trim(), ...more });
const short = (name: Name, bits: string, operands: readonly Operand[]): RowSpec =>
  row(name, bits, operands, 'density', { text: `${name}.n ${list(operands.length)}`.trim() });

/** Three registers: op2 and op1 tell them apart. */
const three = (names: readonly Name[], op1: number, op2: readonly number[], feature: Feature = 'base'): RowSpec[] =>
  names.map((name, i) => row(name, `${bin(op2[i]!)} ${bin(op1)} rrrr ssss tttt 0000`, [ar, as, at], feature));

const near: Operand = imm('7:0', { signed: true, rel: 'branch' });
const branch = (name: Name, code: number): RowSpec => row(name, `iiiiiiii ${bin(code)} ssss tttt 0111`, [as, at, near]);
const bitBranch = (name: Name, code: number): RowSpec =>
  row(name, `iiiiiiii ${bin(code >> 1, 3)}b ssss bbbb 0111`, [as, imm('4|3:0', { fields: 'b' }), near]);
const constantBranch = (name: Name, mn: string, values: readonly number[]): RowSpec =>
  row(name, `iiiiiiii cccc ssss ${mn} 0110`, [as, table('3:0', values, 'c'), near]);
const zeroBranch = (name: Name, m: number): RowSpec =>
  row(name, `iiiiiiiiiiii ssss ${bin(m, 2)}01 0110`, [as, imm('11:0', { signed: true, rel: 'branch' })]);
const shortBranch = (name: Name, bit: string): RowSpec =>
  short(name, `jjjj ssss 1${bit}ii 1100`, [as, imm('5:4|3:0', { fields: 'ij', rel: 'branch' })]);

/** Loads and stores: an offset of 0..255 units. */
const access = (name: Name, code: number, layout: string, feature: Feature = 'base'): RowSpec =>
  row(name, `iiiiiiii ${bin(code)} ssss tttt 0010`, [at, as, imm(layout)], feature);
const LOAD_CODES = [0, 1, 2, 9] as const;
const STORE_CODES = [4, 5, 6] as const;
const LAYOUT = { l8ui: '7:0', l16ui: '8:1', l32i: '9:2', l16si: '8:1', s8i: '7:0', s16i: '8:1', s32i: '9:2' } as const;

const SPECIAL_CODES = { rsr: '0000 0011', wsr: '0001 0011', xsr: '0110 0001' } as const;
const SPECIAL_FEATURES = { sar: 'base', lbeg: 'loop', lend: 'loop', lcount: 'loop', scompare1: 's32c1i' } as const;

/** Numbers of sext and clamps: the bit below those that are all copies of the sign. */
const signBit = imm('3:0', { bias: 7 });

const DENSITY: readonly RowSpec[] = [
  short('add', 'rrrr ssss tttt 1010', [ar, as, at]),
  short('addi', 'rrrr ssss iiii 1011', [
    ar,
    as,
    table(
      '3:0',
      counted(16, (i) => (i === 0 ? -1 : i)),
    ),
  ]),
  short('l32i', 'iiii ssss tttt 1000', [at, as, imm('5:2')]),
  short('s32i', 'iiii ssss tttt 1001', [at, as, imm('5:2')]),
  short('mov', '0000 ssss tttt 1101', [at, as]),
  // Seven bits that stand for -32..95.
  short('movi', 'jjjj ssss 0iii 1100', [
    as,
    table(
      '6:4|3:0',
      counted(128, (i) => (i < 96 ? i : i - 128)),
      'ij',
    ),
  ]),
  shortBranch('beqz', '0'),
  shortBranch('bnez', '1'),
  short('ret', '1111 0000 0000 1101', []),
  short('nop', '1111 0000 0011 1101', []),
];

const ALU: readonly RowSpec[] = [
  ...three(ARITHMETIC, 0, [1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15]),
  row('neg', '0110 0000 rrrr 0000 tttt 0000', [ar, at]),
  row('abs', '0110 0000 rrrr 0001 tttt 0000', [ar, at]),
  ...three(['src'], 1, [8]),
  ...three(MULTIPLY16, 1, [12, 13], 'mul16'),
  ...three(['mull'], 2, [8], 'mul32'),
  ...three(MULTIPLY_HIGH, 2, [10, 11], 'mul32high'),
  ...three(DIVIDE, 2, [12, 13, 14, 15], 'div32'),
  ...three(EXTREMES, 3, [4, 5, 6, 7], 'minmax'),
  ...three(CONDITIONAL_MOVES, 3, [8, 9, 10, 11]),
  row('mov', '0010 0000 rrrr ssss tttt 0000', [ar, reg('st')], 'base', { alias: true }),
  row('addi', 'iiiiiiii 1100 ssss tttt 0010', [at, as, signed('7:0')]),
  row('addmi', 'iiiiiiii 1101 ssss tttt 0010', [at, as, signed('15:8')]),
  row('movi', 'jjjjjjjj 1010 iiii tttt 0010', [at, imm('11:8|7:0', { fields: 'ij', signed: true })]),
  // The field holds 32 minus the amount.
  row('slli', '000i 0001 rrrr ssss jjjj 0000', [
    ar,
    as,
    table(
      '4|3:0',
      counted(32, (i) => (i === 0 ? undefined : 32 - i)),
      'ij',
    ),
  ]),
  row('srai', '001i 0001 rrrr jjjj tttt 0000', [ar, at, imm('4|3:0', { fields: 'ij' })]),
  row('srli', '0100 0001 rrrr iiii tttt 0000', [ar, at, imm('3:0')]),
  row('extui', 'wwww 010i rrrr jjjj tttt 0000', [
    ar,
    at,
    imm('4|3:0', { fields: 'ij' }),
    imm('3:0', { fields: 'w', bias: 1 }),
  ]),
  row('sll', '1010 0001 rrrr ssss 0000 0000', [ar, as]),
  row('srl', '1001 0001 rrrr 0000 tttt 0000', [ar, at]),
  row('sra', '1011 0001 rrrr 0000 tttt 0000', [ar, at]),
  ...SHIFT_SETS.map((name, i) => row(name, `0100 0000 ${bin(i)} ssss 0000 0000`, [as])),
  row('ssai', '0100 0000 0100 jjjj 000i 0000', [imm('4|3:0', { fields: 'ij' })]),
  row('nsa', '0100 0000 1110 ssss tttt 0000', [at, as], 'nsa'),
  row('nsau', '0100 0000 1111 ssss tttt 0000', [at, as], 'nsa'),
  row('sext', '0010 0011 rrrr ssss iiii 0000', [ar, as, signBit], 'sext'),
  row('clamps', '0011 0011 rrrr ssss iiii 0000', [ar, as, signBit], 'clamps'),
];

const MEMORY: readonly RowSpec[] = [
  ...LOADS.map((name, i) => access(name, LOAD_CODES[i]!, LAYOUT[name])),
  ...STORES.map((name, i) => access(name, STORE_CODES[i]!, LAYOUT[name])),
  access('s32c1i', 14, '9:2', 's32c1i'),
  row('l32r', 'iiiiiiiiiiiiiiii tttt 0001', [at, imm('17:2', { bias: -(2 ** 18), rel: 'literal' })]),
  row('memw', '0000 0000 0010 0000 1100 0000', []),
  row('extw', '0000 0000 0010 0000 1101 0000', []),
];

const FLOW: readonly RowSpec[] = [
  ...(['bnone', 'beq', 'blt', 'bltu', 'ball', 'bbc'] as const).map((name, i) => branch(name, i)),
  bitBranch('bbci', 6),
  ...(['bany', 'bne', 'bge', 'bgeu', 'bnall', 'bbs'] as const).map((name, i) => branch(name, 8 + i)),
  bitBranch('bbsi', 14),
  ...(['beqi', 'bnei', 'blti', 'bgei'] as const).map((name, m) => constantBranch(name, `${bin(m, 2)}10`, B4CONST)),
  constantBranch('bltui', '1011', B4CONSTU),
  constantBranch('bgeui', '1111', B4CONSTU),
  ...(['beqz', 'bnez', 'bltz', 'bgez'] as const).map((name, m) => zeroBranch(name, m)),
  ...LOOPS.map((name, i) =>
    row(name, `iiiiiiii ${bin(8 + i)} ssss 0111 0110`, [as, imm('7:0', { rel: 'branch' })], 'loop'),
  ),
  row('j', 'iiiiiiiiiiiiiiiiii 00 0110', [imm('17:0', { signed: true, rel: 'branch' })]),
  row('jx', '0000 0000 0000 ssss 1010 0000', [as]),
  row('call0', 'iiiiiiiiiiiiiiiiii 00 0101', [imm('19:2', { signed: true, rel: 'call' })]),
  row('callx0', '0000 0000 0000 ssss 1100 0000', [as]),
  row('ret', '0000 0000 0000 0000 1000 0000', []),
  row('nop', '0000 0000 0010 0000 1111 0000', []),
];

const SPECIAL: readonly RowSpec[] = SPECIAL_ACCESS.flatMap((name) =>
  (Object.keys(SPECIALS) as (keyof typeof SPECIALS)[]).map((special) =>
    row(
      `${name}.${special}`,
      `${SPECIAL_CODES[name]} ${bin(SPECIALS[special], 8)} tttt 0000`,
      [at],
      SPECIAL_FEATURES[special],
    ),
  ),
);

/** No instruction starts with op0 = 15. */
const PAD: RowSpec = row('pad', '0000 1111', [], 'base', { alias: true });

/** Every encoding, the 2-byte ones first. */
export const ROW_SPECS: readonly RowSpec[] = [...DENSITY, ...ALU, ...MEMORY, ...FLOW, ...SPECIAL, PAD];
