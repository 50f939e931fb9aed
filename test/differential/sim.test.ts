// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { printProgram } from '../../compiler/bpf/print.js';
import { describeFinding, search } from './find.js';
import { LEVELS, newTally } from './judge.js';
import { STAND_INS, SUBJECTS } from './targets.js';

/** Programs, each on every target at every level. `npm run fuzz` does the same for longer. */
const PROGRAMS = Math.ceil(Number(process.env.FCC_RUNS ?? 600) / 15);
const SEED = Number(process.env.FCC_SEED ?? 1);
const STAND_INS_EACH = 2;

describe('random programs, interpreter against simulator', () => {
  it(`${PROGRAMS} programs from seed ${SEED} mean the same on all targets at all levels`, () => {
    const tally = newTally();
    for (let seed = SEED; seed < SEED + PROGRAMS; seed++) {
      const found = search(seed, { subjects: SUBJECTS, inputs: 2, standIns: STAND_INS_EACH }, tally);
      if (found) expect.fail(`${describeFinding(found)}\n${printProgram(found.small.program)}`);
    }
    console.log(
      `${PROGRAMS} programs, ${tally.runs} runs: ${tally.ok} ok, ${tally.trap} trapped; ${tally.rejected} programs rejected`,
    );
    const each = LEVELS.length * 2 * (SUBJECTS.length + Math.min(STAND_INS_EACH, STAND_INS.length));
    expect(tally.runs).toBe((PROGRAMS - tally.rejected) * each);
    expect(tally.ok).toBeGreaterThan(tally.runs / 2);
    expect(tally.trap).toBeGreaterThan(0);
    expect(tally.rejected).toBeLessThan(PROGRAMS / 20);
  }, 3_600_000);
});
