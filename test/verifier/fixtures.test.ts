// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { verify } from '../../compiler/verifier/verify.js';
import { FIXTURE_NAMES, loadFixture } from '../fixtures/all.js';

/**
 * Accesses and helper arguments that may stay unproved, per program, whatever the eBPF version. All the others have none. The
 * counts follow from the sources: what is left compares with a length that is known only when a run starts, or moves a
 * pointer and its counter in step.
 */
const GUARDS: Readonly<Record<string, number>> = {
  bsearch: 3,
  bubble_sort: 4,
  coap_response: 1,
  crc32: 1,
  fir: 1,
  fletcher32: 1,
  memory_copy: 2,
  packet_filter: 6,
  sha256: 1,
};

describe('fixtures', () => {
  it.each(FIXTURE_NAMES)('%s is accepted, no pointer loses its region, few guards are left', (name) => {
    const fixture = loadFixture(name);
    for (const { program } of fixture.objects) {
      for (const entry of program.entries) {
        const v = verify(program, entry, fixture.contract);
        if (v.verdict === 'rejected') throw v.errors[0]!;
        const all = v.facts.functions.flatMap((f) =>
          f ? [...f.accesses.values(), ...[...f.helperArgs.values()].flat()] : [],
        );
        expect(all.length).toBeGreaterThan(0);
        expect(all.filter((a) => a.region === null)).toEqual([]);
        expect(all.filter((a) => !a.proved).length).toBeLessThanOrEqual(GUARDS[name] ?? 0);
      }
    }
  });
});
