// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Target } from '../../compiler/codegen/target.js';
import type { Inst } from '../../compiler/ir/ir.js';
import { readCase, writeCase } from './case-file.js';
import { describeFinding, type Finding, type Plan, search } from './find.js';
import { parseOptions } from './fuzz-options.js';
import { generate } from './generate.js';
import { judgeStored, newTally } from './judge.js';
import { findSubject, SUBJECTS, type Subject } from './targets.js';

const right = findSubject('cortex-m4');

/** The same target, but for one operation that it takes for another. */
function wrong(change: (inst: Inst) => Inst): Subject {
  const target: Target = {
    ...right.target,
    lower: (fn, context) => {
      const insts = fn.blocks.map((b) => b.insts);
      try {
        for (const b of fn.blocks) b.insts = b.insts.map(change);
        return right.target.lower(fn, context);
      } finally {
        fn.blocks.forEach((b, i) => {
          b.insts = insts[i]!;
        });
      }
    },
  };
  return { ...right, name: 'wrong', target };
}

/** What a small program finds. */
function first(subject: Subject): Finding {
  const plan: Plan = { subjects: [subject], inputs: 2, standIns: 0 };
  for (let seed = 1; seed < 200; seed++) {
    if (generate(seed).bytes.length > 8 * 90) continue;
    const found = search(seed, plan, newTally());
    if (found) return found;
  }
  throw new Error('nothing found');
}

describe('a target that is wrong', () => {
  it.each([
    ['exclusive or for or', (inst: Inst): Inst => (inst.op === 'or' ? { ...inst, op: 'xor' } : inst)],
    ['bytes without their sign', (inst: Inst): Inst => (inst.op === 'load' ? { ...inst, signed: false } : inst)],
  ])('is found out, and a small case of it can be kept: %s', (_, change) => {
    const bad = wrong(change);
    const found = first(bad);
    expect(describeFinding(found)).toMatch(/^seed \d+ on wrong at -O[012]: /);
    expect(found.small.program.functions.flatMap((f) => f.insns).length).toBeLessThan(16);
    const { program, contract, request } = found.small;
    const kept = readCase(writeCase({ found: describeFinding(found), program, contract, request }), 'kept');
    const { level } = found.difference;
    expect(judgeStored(kept, [level], [bad]).difference?.text).toBe(found.difference.text);
    expect(judgeStored(kept, [level], [right])).toEqual({ difference: null, runs: 1 });
  });

  it('is found out where it throws', () => {
    const found = first(
      wrong((inst) => {
        if (inst.op === 'mul') throw new Error('no such thing');
        return inst;
      }),
    );
    expect(found.difference.text).toBe('code generation throws: no such thing');
    expect(found.small.program.functions.flatMap((f) => f.insns).length).toBeLessThan(10);
  });
});

describe('npm run fuzz', () => {
  const root = resolve(import.meta.dirname, '..', '..');
  const fuzz = (...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'scripts', 'fuzz.mjs'), ...args], { cwd: root, encoding: 'utf8' });

  it('counts what it ran, and stores nothing where nothing differs', () => {
    const cases = mkdtempSync(join(tmpdir(), 'fcc-fuzz-'));
    try {
      const run = fuzz(
        ...'--runs 1 --seed 7 --jobs 1 --inputs 1 --targets cortex-m3,cortex-m4 --cases'.split(' '),
        cases,
      );
      expect(run.stderr).toBe('');
      expect(run.stdout).toMatch(
        /^10 programs \(seeds 7 to 16\) on 2 targets at -O0, -O1 and -O2: \d+ program runs, \d+ ok, \d+ trapped; \d programs rejected; 0 differences; \d+ runs a minute with 1 job\n$/,
      );
      expect(run.status).toBe(0);
      expect(readdirSync(cases)).toEqual([]);
    } finally {
      rmSync(cases, { recursive: true });
    }
  });

  it('reads its options', () => {
    const { seconds, runs, seed, plan } = parseOptions('--runs 9 --seed 5 --targets esp32,esp32-loop'.split(' '));
    expect({ seconds, runs, seed, names: plan.subjects.map((s) => s.name) }).toEqual({
      seconds: Number.POSITIVE_INFINITY,
      runs: 9,
      seed: 5,
      names: ['esp32', 'esp32-loop'],
    });
    expect(parseOptions([]).seconds).toBe(60);
    expect(parseOptions(['--minutes', '2']).runs).toBe(Number.POSITIVE_INFINITY);
    expect(parseOptions([]).plan.subjects).toEqual(SUBJECTS);
  });

  it.each([
    [['--targets', 'z80'], 'no target z80; there are cortex-m0,'],
    [['--jobs', '0'], '--jobs 0: not a number from 1 up'],
    [['--minutes', 'x'], '--minutes x: not a number from 0 up'],
    [['--hours', '1'], "Unknown option '--hours'"],
  ])('says what is wrong with %s', (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(message);
  });
});
