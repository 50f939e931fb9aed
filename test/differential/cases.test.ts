// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { printProgram } from '../../compiler/bpf/print.js';
import { prepare } from '../../compiler/compile.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { contractText, readCase, writeCase } from './case-file.js';
import { generate } from './generate.js';
import { inputs } from './inputs.js';
import { judgeStored, LEVELS } from './judge.js';
import { STAND_INS, SUBJECTS } from './targets.js';

const FOLDER = join(import.meta.dirname, 'cases');
const stored = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));

describe('differences once found', () => {
  it('are kept', () => {
    expect(stored.length).toBeGreaterThan(0);
  });

  it.each(stored)('%s is none any more, on any target', (name) => {
    const c = readCase(readFileSync(join(FOLDER, name), 'utf8'), name);
    const subjects = [...SUBJECTS, ...STAND_INS];
    const { difference, runs } = judgeStored(c, LEVELS, subjects);
    expect(difference && `${difference.target} at -O${difference.level}: ${difference.text}`).toBeNull();
    // One that the verifier refuses is judged by that alone.
    const rejected = prepare(c.program, { contract: c.contract }).kind === 'rejected';
    expect(runs).toBe(rejected ? 0 : LEVELS.length * subjects.length);
  });
});

describe('case files', () => {
  it('read back as the same program, contract and request', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const c = generate(seed);
      for (const request of inputs(c, 2)) {
        const file = writeCase({ found: `seed ${seed}`, program: c.program, contract: c.contract, request });
        const back = readCase(file, 'case');
        expect(back.found).toBe(`seed ${seed}`);
        expect(contractText(back.contract)).toBe(contractText(c.contract));
        expect(printProgram(back.program)).toBe(printProgram(c.program));
        expect(back.program.functions.map((f) => f.insns)).toEqual(c.program.functions.map((f) => f.insns));
        const run = (program: typeof c.program, of: typeof request) =>
          interpret(program, program.entries[0]!, c.contract, of);
        const { trap, ...got } = run(back.program, back.request);
        const { trap: wanted, ...rest } = run(c.program, request);
        expect(got).toEqual(rest);
        expect(trap?.name).toBe(wanted?.name);
      }
    }
  });

  it('say what they lack', () => {
    expect(() => readCase('found: x', 'f')).toThrow('f: no empty line before the program');
    expect(() => readCase('found: x\n\nexit\n', 'f')).toThrow('f: no context');
    expect(() => readCase('found x\n\nexit\n', 'f')).toThrow('f: found x');
  });
});
