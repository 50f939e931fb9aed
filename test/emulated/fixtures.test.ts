// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { compile, type Level } from '../../compiler/compile.js';
import { expectation, FIXTURE_NAMES, loadFixture, observed, requestOf } from '../fixtures/all.js';
import { PLACES } from './boards.js';

const LEVELS: readonly Level[] = [0, 1, 2];

describe.each(PLACES)('fixtures under QEMU, $title', ({ target, engine, missing }) => {
  it.runIf(missing === null)(
    'every object at every level gives the expected results',
    async () => {
      const cases = FIXTURE_NAMES.flatMap((name) => {
        const { contract, runs, objects } = loadFixture(name);
        return objects.flatMap(({ version, program }) =>
          LEVELS.flatMap((level) => {
            const compiled = compile(program, { target, contract, level });
            if (compiled.kind === 'rejected') throw new Error(`${name} ${version} is rejected`);
            return runs.map((run) => ({
              label: `${name} ${version} -O${level}: ${run.name}`,
              run,
              job: { image: compiled.image, entry: run.program, contract, request: requestOf(run) },
            }));
          }),
        );
      });
      const results = await engine({ watchdogMs: 5000 }).runBatch(cases.map((c) => c.job));
      expect(results.length).toBe(cases.length);
      cases.forEach(({ label, run }, i) => {
        expect({ label, ...observed(run, results[i]!) }).toEqual({ label, ...expectation(run) });
      });
      expect(cases.length).toBeGreaterThan(300);
    },
    120_000,
  );
});
