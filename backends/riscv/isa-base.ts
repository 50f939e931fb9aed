// SPDX-License-Identifier: MIT
import type { Feature, Operand, RowSpec } from './isa-codec.js';
import {
  AMO,
  BRANCHES,
  DIVIDE,
  IMMEDIATE,
  LOAD_ORDERS,
  LOADS,
  MULTIPLY,
  type Name,
  ORDERS,
  type Order,
  REGISTER,
  SHIFT,
  STORE_ORDERS,
  STORES,
} from './isa-names.js';

/** 32-bit encodings: The RISC-V Instruction Set Manual, volume I, chapters RV32I, M and A (Zaamo, Zalrsc). */
const ANY = 0xffffffff;
const reg = (fields: string): Operand => ({ kind: 'reg', fields, base: 0, allow: ANY });
const imm = (layout: string, more: Partial<Extract<Operand, { kind: 'imm' }>> = {}): Operand => ({
  kind: 'imm',
  fields: 'i',
  layout,
  signed: true,
  ...more,
});
const rd = reg('d');
const rs1 = reg('s');
const rs2 = reg('t');
const bin = (n: number, width: number): string => n.toString(2).padStart(width, '0');

const three = (
  names: readonly Name[],
  feature: Feature,
  pattern: (i: number) => readonly [string, number],
): RowSpec[] =>
  names.map((name, i) => {
    const [funct7, funct3] = pattern(i);
    const bits = `${funct7} ttttt sssss ${bin(funct3, 3)} ddddd 0110011`;
    return { name, bits, operands: [rd, rs1, rs2], feature, text: `${name} {0}, {1}, {2}` };
  });

/** funct3 of the names, in their order. */
const REGISTER_CODES = [0, 0, 1, 2, 3, 4, 5, 5, 6, 7] as const;
const IMMEDIATE_CODES = [0, 2, 3, 4, 6, 7] as const;
const LOAD_CODES = [0, 1, 2, 4, 5] as const;
const BRANCH_CODES = [0, 1, 4, 5, 6, 7] as const;
const AMO_CODES = [0b00001, 0b00000, 0b00100, 0b01100, 0b01000, 0b10000, 0b10100, 0b11000, 0b11100] as const;

const ORDER_BITS: Readonly<Record<Order, string>> = { '': '00', '.aq': '10', '.rl': '01', '.aqrl': '11' };
const atomic = (base: string, orders: readonly Order[], funct5: string): RowSpec[] =>
  orders.map((order) => {
    const load = base === 'lr.w';
    const name = `${base}${order}` as Name;
    return {
      name,
      bits: `${funct5} ${ORDER_BITS[order]} ${load ? '00000' : 'ttttt'} sssss 010 ddddd 0101111`,
      operands: load ? [rd, rs1] : [rd, rs2, rs1],
      feature: 'atomics',
      text: load ? `${name} {0}, ({1})` : `${name} {0}, {1}, ({2})`,
    };
  });

const set = (fields: string): Operand => ({
  kind: 'imm',
  fields,
  layout: '3:0',
  signed: false,
  nonzero: true,
  fence: true,
});

const jal: Omit<RowSpec, 'name'> = {
  bits: 'iiiiiiiiiiiiiiiiiiii ddddd 1101111',
  operands: [rd, imm('20|10:1|11|19:12', { rel: true })],
  feature: 'base',
  text: 'jal {0}, {1}',
};

export const BASE_ROWS: readonly RowSpec[] = [
  ...three(REGISTER, 'base', (i) => [
    REGISTER[i] === 'sub' || REGISTER[i] === 'sra' ? '0100000' : '0000000',
    REGISTER_CODES[i]!,
  ]),
  ...three(MULTIPLY, 'mul', (i) => ['0000001', i]),
  ...three(DIVIDE, 'div', (i) => ['0000001', 4 + i]),
  ...IMMEDIATE.map(
    (name, i): RowSpec => ({
      name,
      bits: `iiiiiiiiiiii sssss ${bin(IMMEDIATE_CODES[i]!, 3)} ddddd 0010011`,
      operands: [rd, rs1, imm('11:0')],
      feature: 'base',
      text: `${name} {0}, {1}, {2}`,
    }),
  ),
  ...SHIFT.map(
    (name): RowSpec => ({
      name,
      bits: `${name === 'srai' ? '0100000' : '0000000'} iiiii sssss ${name === 'slli' ? '001' : '101'} ddddd 0010011`,
      operands: [rd, rs1, imm('4:0', { signed: false })],
      feature: 'base',
      text: `${name} {0}, {1}, {2}`,
    }),
  ),
  ...LOADS.map(
    (name, i): RowSpec => ({
      name,
      bits: `iiiiiiiiiiii sssss ${bin(LOAD_CODES[i]!, 3)} ddddd 0000011`,
      operands: [rd, rs1, imm('11:0')],
      feature: 'base',
      text: `${name} {0}, {2}({1})`,
    }),
  ),
  ...STORES.map(
    (name, i): RowSpec => ({
      name,
      bits: `iiiiiii ttttt sssss ${bin(i, 3)} iiiii 0100011`,
      operands: [rs2, rs1, imm('11:5|4:0')],
      feature: 'base',
      text: `${name} {0}, {2}({1})`,
    }),
  ),
  ...BRANCHES.map(
    (name, i): RowSpec => ({
      name,
      bits: `iiiiiii ttttt sssss ${bin(BRANCH_CODES[i]!, 3)} iiiii 1100011`,
      operands: [rs1, rs2, imm('12|10:5|4:1|11', { rel: true })],
      feature: 'base',
      text: `${name} {0}, {1}, {2}`,
    }),
  ),
  ...(['lui', 'auipc'] as const).map(
    (name): RowSpec => ({
      name,
      bits: `iiiiiiiiiiiiiiiiiiii ddddd ${name === 'lui' ? '0110111' : '0010111'}`,
      operands: [rd, imm('19:0', { signed: false })],
      feature: 'base',
      text: `${name} {0}, {1}`,
    }),
  ),
  { name: 'jal', ...jal },
  { name: 'jal.long', ...jal, alias: true },
  {
    name: 'jalr',
    bits: 'iiiiiiiiiiii sssss 000 ddddd 1100111',
    operands: [rd, rs1, imm('11:0')],
    feature: 'base',
    text: 'jalr {0}, {2}({1})',
  },
  {
    name: 'fence',
    bits: '0000 pppp qqqq 00000 000 00000 0001111',
    operands: [set('p'), set('q')],
    feature: 'base',
    text: 'fence {0}, {1}',
  },
  ...atomic('lr.w', LOAD_ORDERS, '00010'),
  ...atomic('sc.w', STORE_ORDERS, '00011'),
  ...AMO.flatMap((name, i) => atomic(name, ORDERS, bin(AMO_CODES[i]!, 5))),
];
