// SPDX-License-Identifier: MIT
import type { Operand, RowSpec } from './isa-codec.js';
import { GENERAL, imm, low, reg } from './isa-data.js';
import { CONDITIONS } from './isa-names.js';

/** Branches, calls, IT and hints: ARMv7-M manual, A5.2.5, A5.2.6 and A5.3.4. */
const branch = (fields: string, mix = false, signed = true): Operand => ({ kind: 'branch', fields, mix, signed });

export const FLOW_ROWS: readonly RowSpec[] = [
  ...CONDITIONS.flatMap((c, i): RowSpec[] => {
    const cond = i.toString(2).padStart(4, '0');
    return [
      { name: `b${c}`, bits: `1101 ${cond} iiiiiiii`, operands: [branch('i')], it: 'out' },
      {
        name: `b${c}`,
        bits: `11110 s ${cond} iiiiii 10 j 0 k nnnnnnnnnnn`,
        operands: [branch('skjin')],
        it: 'out',
        text: `b${c}.w {0}`,
      },
    ];
  }),
  { name: 'b', bits: '11100 iiiiiiiiiii', operands: [branch('i')], it: 'last' },
  {
    name: 'b',
    bits: '11110 s iiiiiiiiii 10 j 1 k nnnnnnnnnnn',
    operands: [branch('sjkin', true)],
    it: 'last',
    feature: 'v8mbase',
    text: 'b.w {0}',
  },
  {
    name: 'bl',
    bits: '11110 s iiiiiiiiii 11 j 1 k nnnnnnnnnnn',
    operands: [branch('sjkin', true)],
    it: 'last',
    feature: 'v6m',
  },
  {
    name: 'cbz',
    bits: '101100 i 1 iiiii nnn',
    operands: [low('n'), branch('i', false, false)],
    it: 'out',
    feature: 'v8mbase',
  },
  {
    name: 'cbnz',
    bits: '101110 i 1 iiiii nnn',
    operands: [low('n'), branch('i', false, false)],
    it: 'out',
    feature: 'v8mbase',
  },
  { name: 'bx', bits: '010001110 mmmm 000', operands: [reg('m')], it: 'last' },
  { name: 'blx', bits: '010001111 mmmm 000', operands: [reg('m')], it: 'last' },
  {
    name: 'it',
    bits: '10111111 cccc mmmm',
    operands: [imm('c', 14), imm('m', 15, 1, 1)],
    it: 'out',
    feature: 'v7m',
    ok: ([cond, mask]) => cond !== 14 || (mask! & (mask! - 1)) === 0,
    text: 'it{it} {cond}',
  },
  // The special register PRIMASK alone: ARMv7-M manual, B5.2.2, B5.2.3 and B5.2.1.
  {
    name: 'mrs.primask',
    bits: '1111001111101111 1000 dddd 00010000',
    operands: [reg('d', GENERAL)],
    feature: 'v6m',
    text: 'mrs {0}, primask',
  },
  {
    name: 'msr.primask',
    bits: '111100111000 nnnn 1000 1000 00010000',
    operands: [reg('n', GENERAL)],
    feature: 'v6m',
    text: 'msr primask, {0}',
  },
  { name: 'cpsid', bits: '1011011001110010', operands: [], it: 'out', text: 'cpsid i' },
  { name: 'nop', bits: '1011111100000000', operands: [] },
  { name: 'nop', bits: '1111001110101111 1000000000000000', operands: [], text: 'nop.w' },
  { name: 'udf', bits: '11011110 iiiiiiii', operands: [imm('i', 255)] },
  { name: 'udf', bits: '111101111111 iiii 1010 iiiiiiiiiiii', operands: [imm('i', 65535)], text: 'udf.w {0}' },
  { name: 'bkpt', bits: '10111110 iiiiiiii', operands: [imm('i', 255)] },
];
