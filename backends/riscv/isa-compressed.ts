// SPDX-License-Identifier: MIT
import type { Operand, RowSpec } from './isa-codec.js';
import type { Name } from './isa-names.js';

/**
 * 16-bit encodings of RV32 without floating point: The RISC-V Instruction Set Manual, volume I, chapter "C". Each is a row of the
 * instruction that it expands to. HINTs (results that go nowhere) are decoded as what they expand to and never encoded;
 * reserved and custom codes are in no row. c.ebreak is left out: text never contains it.
 */
type Imm = Extract<Operand, { kind: 'imm' }>;
const ANY = 0xffffffff;
const NOT_ZERO = 0xfffffffe;
const NOT_ZERO_SP = 0xfffffffa;
/** x8 to x15, written in three bits. */
const POPULAR = 0x0000ff00;

const reg = (fields: string, allow = NOT_ZERO): Operand => ({ kind: 'reg', fields, base: 0, allow });
const low = (fields: string): Operand => ({ kind: 'reg', fields, base: 8, allow: POPULAR });
const just = (value: number): Operand => ({ kind: 'fixed', value, reg: true });
const imm = (layout: string, more: Partial<Imm> = {}): Imm => ({
  kind: 'imm',
  fields: 'i',
  layout,
  signed: true,
  ...more,
});
const offset = (layout: string): Imm => imm(layout, { signed: false });
const none: Operand = { kind: 'fixed', value: 0, reg: false };
const zero = just(0);
const sp = just(2);
const link = just(1);

const row = (
  name: Name,
  text: string,
  bits: string,
  operands: readonly Operand[],
  more: Partial<RowSpec> = {},
): RowSpec => ({ name, bits, operands, feature: 'compressed', text, ...more });
const hint = { hint: true } as const;
const alias = { alias: true } as const;

const six = imm('5|4:0');
const sixNonzero = imm('5|4:0', { nonzero: true });
const amount = imm('4:0', { signed: false, nonzero: true });
const upper = imm('5|4:0', { nonzero: true, modulo: 20 });
const jump = imm('11|4|9:8|10|6|7|3:1|5', { rel: true });
const branch = imm('8|4:3|7:6|2:1|5', { rel: true });
const word = offset('5:3|2|6');

const [d, s, t] = [low('d'), low('s'), low('t')];

const shiftRight = (name: 'srli' | 'srai', code: string): RowSpec[] => [
  row(name, `c.${name} {0}, {2}`, `100 0 ${code} ddd iiiii 01`, [d, d, amount]),
  row(name, `c.${name} {0}, {2}`, `100 0 ${code} ddd 00000 01`, [d, d, none], hint),
];

/** rd op= rs2; `swap`: the operation may take its operands in either order. */
const two = (name: 'sub' | 'xor' | 'or' | 'and', code: string, swap: boolean): RowSpec[] => {
  const bits = `100 0 11 ddd ${code} ttt 01`;
  const rows = [row(name, `c.${name} {0}, {2}`, bits, [d, d, t])];
  if (swap) rows.push(row(name, `c.${name} {0}, {1}`, bits, [d, t, d], alias));
  return rows;
};

const onZero = (name: 'beq' | 'bne', code: string): RowSpec[] => {
  const bits = `${code} iii sss iiiii 01`;
  return [
    row(name, `c.${name}z {0}, {2}`, bits, [s, zero, branch]),
    row(name, `c.${name}z {1}, {2}`, bits, [zero, s, branch], alias),
  ];
};

const MV = '100 0 ddddd ttttt 10';
const ADD = '100 1 ddddd ttttt 10';

export const COMPRESSED_ROWS: readonly RowSpec[] = [
  // Quadrant 0.
  row('addi', 'c.addi4spn {0}, {1}, {2}', '000 iiiiiiii ddd 00', [
    d,
    sp,
    imm('5:4|9:6|2|3', { signed: false, nonzero: true }),
  ]),
  row('lw', 'c.lw {0}, {2}({1})', '010 iii sss ii ddd 00', [d, s, word]),
  row('sw', 'c.sw {0}, {2}({1})', '110 iii sss ii ttt 00', [t, s, word]),
  // Quadrant 1.
  row('addi', 'c.nop', '000 0 00000 00000 01', [zero, zero, none]),
  row('addi', 'c.nop {2}', '000 i 00000 iiiii 01', [zero, zero, sixNonzero], hint),
  row('addi', 'c.addi {0}, {2}', '000 i ddddd iiiii 01', [reg('d'), reg('d'), sixNonzero]),
  row('addi', 'c.addi {0}, {2}', '000 0 ddddd 00000 01', [reg('d'), reg('d'), none], hint),
  row('jal', 'c.jal {1}', '001 iiiiiiiiiii 01', [link, jump]),
  row('addi', 'c.li {0}, {2}', '010 i ddddd iiiii 01', [reg('d'), zero, six]),
  row('addi', 'c.li {0}, {2}', '010 i 00000 iiiii 01', [zero, zero, six], hint),
  row('addi', 'c.addi16sp {0}, {2}', '011 i 00010 iiiii 01', [sp, sp, imm('9|4|6|8:7|5', { nonzero: true })]),
  row('lui', 'c.lui {0}, {1}', '011 i ddddd iiiii 01', [reg('d', NOT_ZERO_SP), upper]),
  row('lui', 'c.lui {0}, {1}', '011 i 00000 iiiii 01', [zero, upper], hint),
  ...shiftRight('srli', '00'),
  ...shiftRight('srai', '01'),
  row('andi', 'c.andi {0}, {2}', '100 i 10 ddd iiiii 01', [d, d, six]),
  ...two('sub', '00', false),
  ...two('xor', '01', true),
  ...two('or', '10', true),
  ...two('and', '11', true),
  row('jal', 'c.j {1}', '101 iiiiiiiiiii 01', [zero, jump]),
  ...onZero('beq', '110'),
  ...onZero('bne', '111'),
  // Quadrant 2.
  row('slli', 'c.slli {0}, {2}', '000 0 ddddd iiiii 10', [reg('d'), reg('d'), amount]),
  row('slli', 'c.slli {0}, {2}', '000 0 ddddd 00000 10', [reg('d', ANY), reg('d', ANY), none], hint),
  row('slli', 'c.slli {0}, {2}', '000 0 00000 iiiii 10', [zero, zero, amount], hint),
  row('lw', 'c.lwsp {0}, {2}({1})', '010 i ddddd iiiii 10', [reg('d'), sp, offset('5|4:2|7:6')]),
  row('jalr', 'c.jr {1}', '100 0 sssss 00000 10', [zero, reg('s'), none]),
  row('add', 'c.mv {0}, {2}', MV, [reg('d'), zero, reg('t')]),
  row('add', 'c.mv {0}, {1}', MV, [reg('d'), reg('t'), zero], alias),
  row('addi', 'c.mv {0}, {1}', MV, [reg('d'), reg('t'), none], alias),
  row('add', 'c.mv {0}, {2}', '100 0 00000 ttttt 10', [zero, zero, reg('t')], hint),
  row('jalr', 'c.jalr {1}', '100 1 sssss 00000 10', [link, reg('s'), none]),
  row('add', 'c.add {0}, {2}', ADD, [reg('d'), reg('d'), reg('t')]),
  row('add', 'c.add {0}, {1}', ADD, [reg('d'), reg('t'), reg('d')], alias),
  row('add', 'c.add {0}, {2}', '100 1 00000 ttttt 10', [zero, zero, reg('t')], hint),
  row('sw', 'c.swsp {0}, {2}({1})', '110 iiiiii ttttt 10', [reg('t', ANY), sp, offset('5:2|7:6')]),
];
