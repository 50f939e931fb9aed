// SPDX-License-Identifier: MIT
import type { Operand, RowSpec } from './isa-codec.js';
import { GENERAL, imm, just, low, NOT_PC, reg, sp } from './isa-data.js';
import type { Transfer } from './isa-names.js';

/** Loads and stores: ARMv7-M manual, A5.2.4 and A5.3.5 to A5.3.10. */
const t = reg('t');
const base = reg('n', NOT_PC);
const sign = (scale: number): Operand => ({ kind: 'sign', fields: 'ui', scale });
const list = (fields: string, regs: readonly number[], least: 1 | 2): Operand => ({
  kind: 'list',
  fields,
  regs,
  least,
});
const LOW = [7, 6, 5, 4, 3, 2, 1, 0];
const TO_12 = [12, 11, 10, 9, 8, ...LOW];
const has = (mask: number, r: number): boolean => ((mask >>> r) & 1) === 1;

interface TransferRow {
  /** First halfword of the register and 8-bit forms, without the base register. */
  readonly op: string;
  /** Bytes moved, and the opcodes of the 16-bit forms. */
  readonly size: 1 | 2 | 4;
  readonly shortReg: string;
  readonly shortImm?: string;
  readonly shortSp?: string;
}
const TRANSFERS: Readonly<Record<Transfer, TransferRow>> = {
  str: { op: '111110000100', size: 4, shortReg: '000', shortImm: '01100', shortSp: '10010' },
  ldr: { op: '111110000101', size: 4, shortReg: '100', shortImm: '01101', shortSp: '10011' },
  strb: { op: '111110000000', size: 1, shortReg: '010', shortImm: '01110' },
  ldrb: { op: '111110000001', size: 1, shortReg: '110', shortImm: '01111' },
  strh: { op: '111110000010', size: 2, shortReg: '001', shortImm: '10000' },
  ldrh: { op: '111110000011', size: 2, shortReg: '101', shortImm: '10001' },
  ldrsb: { op: '111110010001', size: 1, shortReg: '011' },
  ldrsh: { op: '111110010011', size: 2, shortReg: '111' },
};

const single: readonly RowSpec[] = (Object.keys(TRANSFERS) as Transfer[]).flatMap((name): RowSpec[] => {
  const row = TRANSFERS[name];
  const rows: RowSpec[] = [];
  // With write-back the base must not be the moved register; push and pop of one word are rows of their own.
  const indexed = ([rt, rn]: readonly number[]): boolean => rt !== rn;
  const stack = name === 'str' ? -4 : name === 'ldr' ? 4 : 0;
  if (row.shortImm)
    rows.push({
      name,
      bits: `${row.shortImm} iiiii nnn ttt`,
      operands: [low('t'), low('n'), imm('i', 31, row.size)],
      text: `${name} {0}, [{1}{,2}]`,
    });
  if (row.shortSp)
    rows.push({
      name,
      bits: `${row.shortSp} ttt iiiiiiii`,
      operands: [low('t'), sp, imm('i', 255, 4)],
      text: `${name} {0}, [sp{,2}]`,
    });
  rows.push(
    {
      name: `${name}.r`,
      bits: `0101 ${row.shortReg} mmm nnn ttt`,
      operands: [low('t'), low('n'), low('m'), just(0)],
      text: `${name} {0}, [{1}, {2}]`,
    },
    {
      name,
      bits: `${row.op.slice(0, 8)}1${row.op.slice(9)} nnnn tttt iiiiiiiiiiii`,
      operands: [t, base, imm('i', 4095)],
      text: `${name}.w {0}, [{1}{,2}]`,
    },
    {
      name,
      bits: `${row.op} nnnn tttt 1100 iiiiiiii`,
      operands: [t, base, imm('i', 255, -1, 1)],
      text: `${name} {0}, [{1}, {2}]`,
    },
    {
      name: `${name}.pre`,
      bits: `${row.op} nnnn tttt 11u1 iiiiiiii`,
      operands: [t, base, sign(1)],
      ok: (v) => indexed(v) && !(name === 'str' && v[1] === 13 && v[2] === stack),
      text: `${name} {0}, [{1}, {2}]!`,
    },
    {
      name: `${name}.post`,
      bits: `${row.op} nnnn tttt 10u1 iiiiiiii`,
      operands: [t, base, sign(1)],
      ok: (v) => indexed(v) && !(name === 'ldr' && v[1] === 13 && v[2] === stack),
      text: `${name} {0}, [{1}], {2}`,
    },
    {
      name: `${name}.r`,
      bits: `${row.op} nnnn tttt 000000 ii mmmm`,
      operands: [t, base, reg('m'), imm('i', 3)],
      text: `${name}.w {0}, [{1}, {2}{lsl3}]`,
    },
  );
  return rows;
});

const pairs: readonly RowSpec[] = (['strd', 'ldrd'] as const).flatMap((name, load): RowSpec[] => {
  const operands = [t, reg('s'), base, sign(4)];
  const distinct = ([a, b]: readonly number[]): boolean => load === 0 || a !== b;
  const indexed = (v: readonly number[]): boolean => distinct(v) && v[0] !== v[2] && v[1] !== v[2];
  const bits = (p: number, w: number): string => `1110100 ${p} u 1 ${w} ${load} nnnn tttt ssss iiiiiiii`;
  return [
    { name, bits: bits(1, 0), operands, ok: distinct, text: `${name} {0}, {1}, [{2}{,3}]` },
    { name: `${name}.pre`, bits: bits(1, 1), operands, ok: indexed, text: `${name} {0}, {1}, [{2}, {3}]!` },
    { name: `${name}.post`, bits: bits(0, 1), operands, ok: indexed, text: `${name} {0}, {1}, [{2}], {3}` },
  ];
});

/** Multiple: without PC in the list (returns are pop's), base never SP where that is push or pop. */
const multiple: readonly RowSpec[] = [
  {
    name: 'stm.wb',
    bits: '11000 nnn llllllll',
    operands: [low('n'), list('l', LOW, 1)],
    ok: ([n, mask]) => !has(mask!, n!),
    text: 'stm {0}!, {1}',
  },
  {
    name: 'ldm.wb',
    bits: '11001 nnn llllllll',
    operands: [low('n'), list('l', LOW, 1)],
    ok: ([n, mask]) => !has(mask!, n!),
    text: 'ldm {0}!, {1}',
  },
  {
    name: 'ldm',
    bits: '11001 nnn llllllll',
    operands: [low('n'), list('l', LOW, 1)],
    ok: ([n, mask]) => has(mask!, n!),
    text: 'ldm {0}, {1}',
  },
  ...(
    [
      ['stm', 'stm', '010', 0],
      ['ldm', 'ldm', '010', 1],
      ['stmdb', 'stmdb', '100', 0],
      ['ldmdb', 'ldmdb', '100', 1],
    ] as const
  ).flatMap(([name, mnemonic, op, load]): RowSpec[] => {
    const operands = (n: Operand): Operand[] => [n, list('ml', [14, ...TO_12], 2)];
    const width = name.endsWith('db') ? '' : '.w';
    // stmdb sp! is push, ldm sp! is pop.
    const owned = name === 'stmdb' || name === 'ldm';
    return [
      {
        name,
        bits: `1110 ${op.slice(0, 2) === '01' ? '1000 10' : '1001 00'} 0 ${load} nnnn 0 m 0 lllllllllllll`,
        operands: operands(base),
        text: `${mnemonic}${width} {0}, {1}`,
      },
      {
        name: `${name}.wb`,
        bits: `1110 ${op.slice(0, 2) === '01' ? '1000 10' : '1001 00'} 1 ${load} nnnn 0 m 0 lllllllllllll`,
        operands: operands(owned ? reg('n', GENERAL) : base),
        ok: ([n, mask]) => !has(mask!, n!),
        text: `${mnemonic}${width} {0}!, {1}`,
      },
    ];
  }),
  { name: 'push', bits: '1011010 m llllllll', operands: [list('ml', [14, ...LOW], 1)] },
  {
    name: 'pop',
    bits: '1011110 p llllllll',
    operands: [list('pl', [15, ...LOW], 1)],
    ok: ([mask], last) => last || !has(mask!, 15),
  },
  {
    name: 'push',
    bits: '1110100100101101 0 m 0 lllllllllllll',
    operands: [list('ml', [14, ...TO_12], 2)],
    text: 'push.w {0}',
  },
  {
    name: 'pop',
    bits: '1110100010111101 p m 0 lllllllllllll',
    operands: [list('pml', [15, 14, ...TO_12], 2)],
    ok: ([mask], last) => (last || !has(mask!, 15)) && !(has(mask!, 15) && has(mask!, 14)),
    text: 'pop.w {0}',
  },
  {
    name: 'push',
    bits: '1111100001001101 tttt 110100000100',
    operands: [{ kind: 'single', fields: 't', allow: GENERAL }],
    text: 'str {0-}, [sp, #-4]!',
  },
  {
    name: 'pop',
    bits: '1111100001011101 tttt 101100000100',
    operands: [{ kind: 'single', fields: 't', allow: GENERAL | 0x8000 }],
    ok: ([mask], last) => last || !has(mask!, 15),
    text: 'ldr {0-}, [sp], #4',
  },
];

const literals: readonly RowSpec[] = [
  {
    name: 'ldr.lit',
    bits: '01001 ttt iiiiiiii',
    operands: [low('t'), { kind: 'literal', fields: 'i', scale: 4, sign: 1, multiple: 4 }],
    text: 'ldr {0}, [pc, {1}]',
  },
  ...([1, -1] as const).map(
    (s): RowSpec => ({
      name: 'ldr.lit',
      bits: `11111000 ${s === 1 ? 1 : 0} 1011111 tttt iiiiiiiiiiii`,
      operands: [t, { kind: 'literal', fields: 'i', scale: 1, sign: s, multiple: 4 }],
      text: 'ldr.w {0}, [pc, {1}]',
    }),
  ),
  {
    name: 'adr',
    bits: '10100 ddd iiiiiiii',
    operands: [low('d'), { kind: 'literal', fields: 'i', scale: 4, sign: 1, multiple: 4 }],
    text: 'adr {0}, {1}',
  },
  ...([1, -1] as const).map(
    (s): RowSpec => ({
      name: 'adr',
      bits: `11110 i ${s === 1 ? '100000' : '101010'} 1111 0 iii dddd iiiiiiii`,
      operands: [reg('d'), { kind: 'literal', fields: 'i', scale: 1, sign: s, multiple: 1 }],
      text: 'adr.w {0}, {1}',
    }),
  ),
];

/** Status, address and value of an exclusive store are in three registers. */
const apart = ([d, t, n]: readonly number[]): boolean => d !== t && d !== n;
const exclusive: readonly RowSpec[] = [
  {
    name: 'ldrex',
    bits: '111010000101 nnnn tttt 1111 iiiiiiii',
    operands: [t, base, imm('i', 255, 4)],
    feature: 'v8mbase',
    text: 'ldrex {0}, [{1}{,2}]',
  },
  {
    name: 'strex',
    bits: '111010000100 nnnn tttt dddd iiiiiiii',
    operands: [reg('d'), t, base, imm('i', 255, 4)],
    feature: 'v8mbase',
    ok: apart,
    text: 'strex {0}, {1}, [{2}{,3}]',
  },
];

export const MEMORY_ROWS: readonly RowSpec[] = [...single, ...pairs, ...multiple, ...literals, ...exclusive];
