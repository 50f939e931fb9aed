// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { printProgram } from '../../compiler/bpf/print.js';
import type { Level } from '../../compiler/compile.js';
import { REPRESENTATIVES } from '../differential/targets.js';
import { generate } from './generate.js';
import { type Judgement, judge } from './judge.js';
import { repair } from './repair.js';
import { shrink } from './shrink.js';

/** Seeds run from FCC_SEED on, one program each; levels and pairs of targets take turns. */
const RUNS = Math.ceil(Number(process.env.FCC_RUNS ?? 300) / 3);
const SEED = Number(process.env.FCC_SEED ?? 1);

describe('hostile programs, interpreter against simulator', () => {
  it(`${RUNS} programs from seed ${SEED} stay in their regions and mean the same`, () => {
    const seen = { ok: 0, trap: 0, rejected: 0, fuel: 0, placed: 0, coarse: 0 };
    const ran = new Set<string>();
    for (let seed = SEED; seed < SEED + RUNS; seed++) {
      // Every fourth program is judged as it is: what the verifier refuses has to be wrong.
      const c = seed % 4 === 0 ? generate(seed) : repair(generate(seed));
      const level = (seed % 3) as Level;
      const at = Math.floor(seed / 3) % REPRESENTATIVES.length;
      const subjects = [...new Set([at, (at + 3) % REPRESENTATIVES.length])].map((i) => REPRESENTATIVES[i]!);
      for (const { name } of subjects) ran.add(`${name} -O${level}`);
      const judgement = judge(c, level, subjects);
      if ('outcome' in judgement) seen[judgement.outcome]++;
      else {
        const small = shrink(c, (d) => 'bug' in judge(d, level, subjects));
        const now: Judgement = judge(small, level, subjects);
        const { context, regions } = small.world.contract;
        expect.fail(
          [
            `seed ${seed} at -O${level}: ${judgement.bug}`,
            `shrunk: ${'bug' in now ? now.bug : ''}`,
            JSON.stringify({ context, regions }, (_, v) => (typeof v === 'bigint' ? String(v) : v)),
            printProgram(small.program),
          ].join('\n'),
        );
      }
    }
    expect(ran.size).toBe(3 * REPRESENTATIVES.length);
    expect(seen.trap).toBeGreaterThan(RUNS / 6);
    expect(seen.ok).toBeGreaterThan(RUNS / 6);
    expect(seen.placed + seen.coarse + seen.fuel).toBeLessThan(RUNS / 10);
  }, 3_600_000);
});
