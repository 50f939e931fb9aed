// SPDX-License-Identifier: MIT
import type { Operand, RowSpec } from './isa-codec.js';
import { type Arith, type Name, SHIFTS } from './isa-names.js';

/** Data processing: ARMv7-M manual, A5.2 (16 bit) and A5.3 (32 bit). */

/** Masks of allowed registers: all but SP and PC; all but PC. */
export const GENERAL = 0x5fff;
export const NOT_PC = 0x7fff;

export const reg = (fields: string, allow = GENERAL): Operand => ({ kind: 'reg', fields, allow });
export const low = (fields: string): Operand => ({ kind: 'reg', fields, allow: 0xff });
export const sp: Operand = { kind: 'fixed', value: 13, reg: true };
export const just = (value: number): Operand => ({ kind: 'fixed', value, reg: false });
export const imm = (fields: string, max: number, scale = 1, min = 0): Operand => ({
  kind: 'imm',
  fields,
  scale,
  min,
  max,
});
const mod: Operand = { kind: 'mod', fields: 'i' };
const shift = (type: number): Operand => ({ kind: 'shift', fields: 'i', max: type === 1 || type === 2 ? 32 : 31 });
const width = (end: boolean): Operand => ({ kind: 'width', fields: 'w', end });
const d = reg('d');
const n = reg('n');
const m = reg('m');
const bin = (value: number, bits: number): string => value.toString(2).padStart(bits, '0');

/** A 16-bit encoding that sets the flags outside IT blocks and leaves them alone inside: two rows. */
function twin(
  name: Name,
  plain: string,
  bits: string,
  operands: readonly Operand[],
  text?: string,
  alias = false,
): RowSpec[] {
  const mnemonic = plain.replace('.i', '');
  const rest = text ?? operands.map((_, i) => `{${i}}`).join(', ');
  return [
    { name, bits, operands, it: 'out', text: `${mnemonic}s ${rest}`, alias },
    { name: `${plain}.it` as Name, bits, operands, it: 'in', text: `${mnemonic} ${rest}`, alias },
  ];
}

const [ld, ln, lm] = [low('d'), low('n'), low('m')];
const SHORT: readonly RowSpec[] = [
  ...(['lsl', 'lsr', 'asr'] as const).flatMap((s, i) =>
    twin(`${s}s.i`, `${s}.i`, `000 ${bin(i, 2)} iiiii mmm ddd`, [ld, lm, shift(i)]),
  ),
  ...twin('adds', 'add', '0001100 mmm nnn ddd', [ld, ln, lm]),
  ...twin('subs', 'sub', '0001101 mmm nnn ddd', [ld, ln, lm]),
  ...twin('adds.i', 'add.i', '0001110 iii nnn ddd', [ld, ln, imm('i', 7)]),
  ...twin('subs.i', 'sub.i', '0001111 iii nnn ddd', [ld, ln, imm('i', 7)]),
  ...twin('movs.i', 'mov.i', '00100 ddd iiiiiiii', [ld, imm('i', 255)]),
  { name: 'cmp.i', bits: '00101 nnn iiiiiiii', operands: [ln, imm('i', 255)] },
  ...twin('adds.i', 'add.i', '00110 ddd iiiiiiii', [ld, ld, imm('i', 255)], '{0}, {2}'),
  ...twin('subs.i', 'sub.i', '00111 ddd iiiiiiii', [ld, ld, imm('i', 255)], '{0}, {2}'),
  { name: 'movs', bits: '0000000000 mmm ddd', operands: [ld, lm], it: 'out' },
  ...(
    [
      [0, 'and'],
      [1, 'eor'],
      [2, 'lsl'],
      [3, 'lsr'],
      [4, 'asr'],
      [5, 'adc'],
      [6, 'sbc'],
      [7, 'ror'],
      [12, 'orr'],
      [14, 'bic'],
    ] as const
  ).flatMap(([op, name]) => twin(`${name}s`, name, `010000 ${bin(op, 4)} mmm ddd`, [ld, ld, lm], '{0}, {2}')),
  // The commutative ones also with the destination as second source.
  ...(
    [
      [0, 'and'],
      [1, 'eor'],
      [5, 'adc'],
      [12, 'orr'],
      [13, 'mul'],
    ] as const
  ).flatMap(([op, name]) =>
    twin(
      `${name}s`,
      name,
      `010000 ${bin(op, 4)} mmm ddd`,
      [ld, lm, ld],
      name === 'mul' ? '{0}, {1}, {0}' : '{0}, {1}',
      name !== 'mul',
    ),
  ),
  ...twin('muls', 'mul', '0100001101 mmm ddd', [ld, ld, lm], '{0}, {2}', true),
  { name: 'tst', bits: '0100001000 mmm nnn', operands: [ln, lm] },
  ...twin('rsbs.i', 'rsb.i', '0100001001 nnn ddd', [ld, ln, just(0)]),
  { name: 'cmp', bits: '0100001010 mmm nnn', operands: [ln, lm] },
  { name: 'cmn', bits: '0100001011 mmm nnn', operands: [ln, lm] },
  ...twin('mvns', 'mvn', '0100001111 mmm ddd', [ld, lm]),
  { name: 'add', bits: '01000100 d mmmm ddd', operands: [d, d, m], text: 'add {0}, {2}' },
  { name: 'add', bits: '01000100 d 1101 ddd', operands: [d, d, sp], text: 'add {0}, sp, {0}' },
  { name: 'add', bits: '01000100 d mmmm ddd', operands: [d, m, d], alias: true, text: 'add {0}, {1}' },
  { name: 'add', bits: '01000100 d 1101 ddd', operands: [d, sp, d], alias: true, text: 'add {0}, sp, {0}' },
  {
    name: 'cmp',
    bits: '01000101 n mmmm nnn',
    operands: [reg('n', NOT_PC), reg('m', NOT_PC)],
    ok: ([a, b]) => a! >= 8 || b! >= 8,
  },
  { name: 'mov', bits: '01000110 d mmmm ddd', operands: [reg('d', NOT_PC), reg('m', NOT_PC)] },
  { name: 'add.i', bits: '10101 ddd iiiiiiii', operands: [ld, sp, imm('i', 255, 4)] },
  { name: 'add.i', bits: '101100000 iiiiiii', operands: [sp, sp, imm('i', 127, 4)], text: 'add sp, {2}' },
  { name: 'sub.i', bits: '101100001 iiiiiii', operands: [sp, sp, imm('i', 127, 4)], text: 'sub sp, {2}' },
  { name: 'sxth', bits: '1011001000 mmm ddd', operands: [ld, lm] },
  { name: 'sxtb', bits: '1011001001 mmm ddd', operands: [ld, lm] },
  { name: 'uxth', bits: '1011001010 mmm ddd', operands: [ld, lm] },
  { name: 'uxtb', bits: '1011001011 mmm ddd', operands: [ld, lm] },
  { name: 'rev', bits: '1011101000 mmm ddd', operands: [ld, lm] },
  { name: 'rev16', bits: '1011101001 mmm ddd', operands: [ld, lm] },
  { name: 'revsh', bits: '1011101011 mmm ddd', operands: [ld, lm] },
];

/** Opcodes of the shifted-register and modified-immediate groups; orn has no short form, rsb no commutation. */
const WIDE: Readonly<Record<Arith, number>> = {
  and: 0,
  bic: 1,
  orr: 2,
  orn: 3,
  eor: 4,
  add: 8,
  adc: 10,
  sbc: 11,
  sub: 13,
  rsb: 14,
};
/** Text follows the disassemblers, which leave the width out where there is no 16-bit form to tell it from. */
const NO_WIDTH = { register: ['orn', 'rsb'], immediate: ['and', 'orr', 'eor', 'bic', 'orn', 'adc', 'sbc'] } as const;
const widthOf = (base: Arith, form: keyof typeof NO_WIDTH): string =>
  (NO_WIDTH[form] as readonly string[]).includes(base) ? '' : '.w';

const arith: readonly RowSpec[] = (Object.keys(WIDE) as Arith[]).flatMap((base) =>
  [0, 1].flatMap((s): RowSpec[] => {
    const name = s ? (`${base}s` as const) : base;
    const first = base === 'add' || base === 'sub' ? reg('n', NOT_PC) : n;
    const op = `${bin(WIDE[base], 4)} ${s}`;
    const rows: RowSpec[] = [
      {
        name,
        bits: `1110101 ${op} nnnn 0 000 dddd 00 00 mmmm`,
        operands: [d, first, m],
        text: `${name}${widthOf(base, 'register')} {0}, {1}, {2}`,
      },
      ...SHIFTS.map(
        (sh, type): RowSpec => ({
          name: `${name}.${sh}`,
          bits: `1110101 ${op} nnnn 0 iii dddd ii ${bin(type, 2)} mmmm`,
          operands: [d, first, m, shift(type)],
          text: `${name}${widthOf(base, 'register')} {0}, {1}, {2}, ${sh} {d3}`,
        }),
      ),
      {
        name: `${name}.i`,
        bits: `11110 i 0 ${op} nnnn 0 iii dddd iiiiiiii`,
        operands: [d, first, mod],
        text: `${name}${widthOf(base, 'immediate')} {0}, {1}, {2}`,
      },
    ];
    if (base === 'add' || base === 'sub')
      rows.push({
        name: `${name}.i`,
        bits: `11110 i 0 ${op} 1101 0 iii 1101 iiiiiiii`,
        operands: [sp, sp, mod],
        text: `${name}.w sp, sp, {2}`,
      });
    return rows;
  }),
);

const plainImmediate: readonly RowSpec[] = (
  [
    ['add', '00000'],
    ['sub', '01010'],
  ] as const
).flatMap(([name, op]): RowSpec[] => [
  {
    name: `${name}.i`,
    bits: `11110 i 1 ${op} nnnn 0 iii dddd iiiiiiii`,
    operands: [d, reg('n', NOT_PC), imm('i', 4095)],
    text: `${name}w {0}, {1}, {2}`,
  },
  {
    name: `${name}.i`,
    bits: `11110 i 1 ${op} 1101 0 iii 1101 iiiiiiii`,
    operands: [sp, sp, imm('i', 4095)],
    text: `${name}w sp, sp, {2}`,
  },
]);

const compare: readonly RowSpec[] = (
  [
    ['tst', 0, n],
    ['teq', 4, n],
    ['cmn', 8, reg('n', NOT_PC)],
    ['cmp', 13, reg('n', NOT_PC)],
  ] as const
).flatMap(([name, op, first]): RowSpec[] => {
  const long = `${name}.w`;
  return [
    {
      name,
      bits: `1110101 ${bin(op, 4)} 1 nnnn 0 000 1111 00 00 mmmm`,
      operands: [first, m],
      text: `${long} {0}, {1}`,
    },
    ...SHIFTS.map(
      (sh, type): RowSpec => ({
        name: `${name}.${sh}`,
        bits: `1110101 ${bin(op, 4)} 1 nnnn 0 iii 1111 ii ${bin(type, 2)} mmmm`,
        operands: [first, m, shift(type)],
        text: `${long} {0}, {1}, ${sh} {d2}`,
      }),
    ),
    {
      name: `${name}.i`,
      bits: `11110 i 0 ${bin(op, 4)} 1 nnnn 0 iii 1111 iiiiiiii`,
      operands: [first, mod],
      text: `${long} {0}, {1}`,
    },
  ];
});

const moves: readonly RowSpec[] = [
  ...[0, 1].flatMap((s): RowSpec[] => {
    const f = s ? ('s' as const) : ('' as const);
    const mn = s ? ('mvns' as const) : ('mvn' as const);
    return [
      {
        name: s ? 'movs' : 'mov',
        bits: `11101010010 ${s} 1111 0 000 dddd 00 00 mmmm`,
        operands: [d, m],
        text: `mov${f}.w {0}, {1}`,
      },
      {
        name: s ? 'movs.i' : 'mov.i',
        bits: `11110 i 00010 ${s} 1111 0 iii dddd iiiiiiii`,
        operands: [d, mod],
        text: `mov${f}.w {0}, {1}`,
      },
      {
        name: mn,
        bits: `11101010011 ${s} 1111 0 000 dddd 00 00 mmmm`,
        operands: [d, m],
        text: `${mn}.w {0}, {1}`,
      },
      ...SHIFTS.map(
        (sh, type): RowSpec => ({
          name: `${mn}.${sh}`,
          bits: `11101010011 ${s} 1111 0 iii dddd ii ${bin(type, 2)} mmmm`,
          operands: [d, m, shift(type)],
          text: `${mn}.w {0}, {1}, ${sh} {d2}`,
        }),
      ),
      {
        name: `${mn}.i`,
        bits: `11110 i 00011 ${s} 1111 0 iii dddd iiiiiiii`,
        operands: [d, mod],
        text: `${mn} {0}, {1}`,
      },
      ...SHIFTS.flatMap((sh, type): RowSpec[] => [
        {
          name: s ? `${sh}s.i` : `${sh}.i`,
          bits: `11101010010 ${s} 1111 0 iii dddd ii ${bin(type, 2)} mmmm`,
          operands: [d, m, shift(type)],
          text: `${sh}${f}.w {0}, {1}, {2}`,
        },
        {
          name: s ? `${sh}s` : sh,
          bits: `111110100 ${bin(type, 2)} ${s} nnnn 1111 dddd 0000 mmmm`,
          operands: [d, n, m],
          text: `${sh}${f}.w {0}, {1}, {2}`,
        },
      ]),
      {
        name: s ? 'rrxs' : 'rrx',
        bits: `11101010010 ${s} 1111 0 000 dddd 00 11 mmmm`,
        operands: [d, m],
        text: `rrx${f} {0}, {1}`,
      },
    ];
  }),
  // movw decodes under its own name.
  {
    name: 'mov.i',
    bits: '11110 i 100100 jjjj 0 iii dddd iiiiiiii',
    operands: [d, imm('ji', 65535)],
    alias: true,
    feature: 'v8mbase',
  },
  {
    name: 'movw',
    bits: '11110 i 100100 jjjj 0 iii dddd iiiiiiii',
    operands: [d, imm('ji', 65535)],
    feature: 'v8mbase',
  },
  {
    name: 'movt',
    bits: '11110 i 101100 jjjj 0 iii dddd iiiiiiii',
    operands: [d, imm('ji', 65535)],
    feature: 'v8mbase',
  },
];

const both = (): Operand => ({ kind: 'reg', fields: 'm', allow: GENERAL, also: 'q' });
const long = (name: Name, op: string, last: string, more: Partial<RowSpec> = {}): RowSpec => ({
  name,
  bits: `111110111 ${op} nnnn llll hhhh ${last} mmmm`,
  operands: [reg('l'), reg('h'), n, m],
  ok: ([lo, hi]) => lo !== hi,
  ...more,
});

const others: readonly RowSpec[] = [
  { name: 'mul', bits: '111110110000 nnnn 1111 dddd 0000 mmmm', operands: [d, n, m] },
  { name: 'mla', bits: '111110110000 nnnn aaaa dddd 0000 mmmm', operands: [d, n, m, reg('a')] },
  { name: 'mls', bits: '111110110000 nnnn aaaa dddd 0001 mmmm', operands: [d, n, m, reg('a')] },
  long('smull', '000', '0000'),
  long('umull', '010', '0000'),
  long('smlal', '100', '0000'),
  long('umlal', '110', '0000'),
  long('umaal', '110', '0110', { feature: 'dsp' }),
  { name: 'sdiv', bits: '111110111001 nnnn 1111 dddd 1111 mmmm', operands: [d, n, m], feature: 'v8mbase' },
  { name: 'udiv', bits: '111110111011 nnnn 1111 dddd 1111 mmmm', operands: [d, n, m], feature: 'v8mbase' },
  ...(['rev', 'rev16', 'rbit', 'revsh'] as const).map(
    (name, i): RowSpec => ({
      name,
      bits: `111110101001 qqqq 1111 dddd 10 ${bin(i, 2)} mmmm`,
      operands: [d, both()],
      text: name === 'rbit' ? 'rbit {0}, {1}' : `${name}.w {0}, {1}`,
    }),
  ),
  { name: 'clz', bits: '111110101011 qqqq 1111 dddd 1000 mmmm', operands: [d, both()] },
  ...(
    [
      ['sxth', 0],
      ['uxth', 1],
      ['sxtb', 4],
      ['uxtb', 5],
    ] as const
  ).map(
    ([name, op]): RowSpec => ({
      name,
      bits: `111110100 ${bin(op, 3)} 1111 1111 dddd 10 00 mmmm`,
      operands: [d, m],
      text: `${name}.w {0}, {1}`,
    }),
  ),
  { name: 'ubfx', bits: '111100111100 nnnn 0 iii dddd ii 0 wwwww', operands: [d, n, imm('i', 31), width(false)] },
  { name: 'sbfx', bits: '111100110100 nnnn 0 iii dddd ii 0 wwwww', operands: [d, n, imm('i', 31), width(false)] },
  { name: 'bfi', bits: '111100110110 nnnn 0 iii dddd ii 0 wwwww', operands: [d, n, imm('i', 31), width(true)] },
  { name: 'bfc', bits: '111100110110 1111 0 iii dddd ii 0 wwwww', operands: [d, imm('i', 31), width(true)] },
];

export const DATA_ROWS: readonly RowSpec[] = [...SHORT, ...arith, ...plainImmediate, ...compare, ...moves, ...others];
