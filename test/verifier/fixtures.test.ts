// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { verify } from '../../compiler/verifier/verify.js';
import { FIXTURE_NAMES, loadFixture } from '../fixtures/all.js';

describe('fixtures', () => {
  it.each(FIXTURE_NAMES)('%s is accepted strictly: every access is proved, no pointer loses its region', (name) => {
    const fixture = loadFixture(name);
    for (const { program } of fixture.objects) {
      for (const entry of program.entries) {
        const v = verify(program, entry, fixture.contract, { strict: true });
        if (v.verdict === 'rejected') throw v.errors[0]!;
        const all = v.facts.functions.flatMap((f) =>
          f ? [...f.accesses.values(), ...[...f.helperArgs.values()].flat()] : [],
        );
        expect(all.length).toBeGreaterThan(0);
        expect(all.filter((a) => a.region === null)).toEqual([]);
        expect(all.filter((a) => !a.proved)).toEqual([]);
      }
    }
  });
});
