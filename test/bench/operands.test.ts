// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { type FindOperands, operandsRiscv, operandsXtensa } from '../../compiler/bench/operands.js';
import { CASES } from './class-cases.js';
import encodings from './classes.json' with { type: 'json' };

const ABI = 'zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6'.split(
  ' ',
);

/** Registers of a text in the order they are written, and how the assembler's manual reads them. */
interface Text {
  readonly name: string;
  readonly registers: readonly number[];
}

function split(text: string, number: (word: string) => number): Text {
  const [name = '', ...rest] = text.split(/[\s,()]+/);
  return { name, registers: rest.map(number).filter((n) => n >= 0) };
}

const riscvRegister = (word: string): number => ABI.indexOf(word);
const xtensaRegister = (word: string): number => (/^a\d+$/.test(word) ? Number(word.slice(1)) : -1);

const mask = (registers: readonly number[]): number => registers.reduce((m, r) => m | (1 << r), 0);

type Expected = readonly [reads: number, writes: number];

/** By the rule that the first register is written and the others are read, and what is an exception to it. */
function riscvExpected(kind: string, { name, registers }: Text): Expected {
  const [first = 0, ...others] = registers;
  const x = (m: number): number => m & ~1;
  if (kind === 'store' || kind === 'branch') return [x(mask(registers)), 0];
  if (name === 'c.jr') return [mask([first]), 0];
  if (name === 'c.jalr') return [mask([first]), mask([1])];
  if (name === 'c.jal') return [0, mask([1])];
  const kept = name.startsWith('c.') && kind === 'alu' && !/^c\.(li|lui|mv|addi4spn)$/.test(name);
  return [x(mask(kept ? registers : others)), x(mask([first]))];
}

function xtensaExpected(kind: string, { name, registers }: Text): Expected {
  const [first = 0, ...others] = registers;
  if (kind === 'store' || kind === 'branch') return [mask(registers), 0];
  if (kind === 'indirect') return [name.startsWith('ret') ? 1 : mask(registers) | 1, 0];
  if (kind === 'call') return [0, 1];
  if (/^(ss[lra]|ssa8l|loop|mul.*\.aa)/.test(name)) return [mask(registers), 0];
  if (/^mov(eq|ne|lt|ge)z$/.test(name) || name === 's32c1i') return [mask(registers), mask([first])];
  return [mask(others), registers.length === 0 ? 0 : mask([first])];
}

const SETS = [
  ['riscv', operandsRiscv, riscvRegister, riscvExpected, /^(nop|c\.nop|fence|c\.j$)/],
  // What works on boolean registers, or on none.
  ['xtensa', operandsXtensa, xtensaRegister, xtensaExpected, /^(nop|andb|mov[tf] |entry|bt|bf|ssai)/],
] as const;

describe.each(SETS)('registers of %s instructions', (set, find, register, expected, without) => {
  it('are those of the assembler text', () => {
    const given = encodings[set] as Readonly<Record<string, string>>;
    const wrong: string[] = [];
    let seen = 0;
    for (const [kind, , ...texts] of CASES[set]) {
      if (kind === 'system' || kind === 'barrier' || kind === 'jump') continue;
      for (const text of texts) {
        if (without.test(text)) continue;
        seen++;
        const { reads, writes } = (find as FindOperands)(new Uint8Array(Buffer.from(given[text]!, 'hex')));
        const [r, w] = expected(kind, split(text, register));
        if (reads !== r || writes !== w)
          wrong.push(
            `${text}: reads ${reads.toString(2)}, not ${r.toString(2)}; writes ${writes.toString(2)}, not ${w.toString(2)}`,
          );
      }
    }
    expect(wrong).toEqual([]);
    expect(seen).toBeGreaterThan(50);
  });
});
