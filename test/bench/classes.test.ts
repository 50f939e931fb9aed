// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { classifyRiscv } from '../../compiler/bench/classes-riscv.js';
import { classifyThumb } from '../../compiler/bench/classes-thumb.js';
import { classifyXtensa } from '../../compiler/bench/classes-xtensa.js';
import type { Classify } from '../../compiler/bench/kinds.js';
import { CASES } from './class-cases.js';
import encodings from './classes.json' with { type: 'json' };

const SETS: Readonly<Record<keyof typeof CASES, Classify>> = {
  thumb: classifyThumb,
  baseline: classifyThumb,
  riscv: classifyRiscv,
  xtensa: classifyXtensa,
};

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

describe.each(Object.keys(CASES) as (keyof typeof CASES)[])('kinds of %s instructions', (set) => {
  const given = encodings[set] as Readonly<Record<string, string>>;

  it('are what the assembler text says', () => {
    const wrong: string[] = [];
    for (const [kind, registers, ...texts] of CASES[set])
      for (const text of texts) {
        const hex = given[text];
        const found = hex === undefined ? null : SETS[set](bytes(hex));
        if (found?.kind !== kind || found.registers !== registers)
          wrong.push(
            `${text} (${hex ?? 'not assembled'}): ${found?.kind} ${found?.registers}, not ${kind} ${registers}`,
          );
      }
    expect(wrong).toEqual([]);
  });

  it('have a case each in the file of encodings', () => {
    expect(Object.keys(given).sort()).toEqual(CASES[set].flatMap(([, , ...texts]) => texts).sort());
  });
});

describe('bytes that are no instruction of these sets', () => {
  it.each([
    ['floating point, vadd.f32 s0, s1, s2', classifyThumb, '30ee810a'],
    ['half of a 32-bit instruction', classifyThumb, '00f0'],
    ['a 16-bit instruction and a half', classifyThumb, '00bf00bf'],
    ['nothing', classifyThumb, ''],
    ['an illegal 16-bit code', classifyRiscv, '0000'],
    ['fadd.s f0, f1, f2', classifyRiscv, '53f02000'],
    ['c.fld, which is not in RV32IMAC', classifyRiscv, '0020'],
    ['half of a 32-bit instruction', classifyRiscv, '1300'],
    ['ill', classifyXtensa, '000000'],
    ['ill.n', classifyXtensa, '6df0'],
    ['add.s f0, f1, f2', classifyXtensa, '20010a'],
    ['a 16-bit code with a byte too many', classifyXtensa, '3df000'],
  ] as const)('%s', (_, classify, hex) => {
    expect(classify(bytes(hex))).toBeNull();
  });
});
