// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import type { Program } from '../../compiler/bpf/program.js';
import { parseContract } from '../../compiler/contract/schema.js';
import type { FunctionFacts, Verdict } from '../../compiler/verifier/facts.js';
import { verify } from '../../compiler/verifier/verify.js';
import { CASE_CONTRACT, GUARDED, PROVED, REFUSED } from './cases.js';

const CONTRACT = parseContract(CASE_CONTRACT, 'cases');
const programOf = (text: string): Program => assemble(`${text}\nexit\n`);
const errorsOf = (v: Verdict): string[] =>
  v.verdict === 'rejected' ? v.errors.map((e) => `${e.code} ${e.message}`) : [];
const factsOf = (v: Verdict): FunctionFacts[] =>
  v.verdict === 'accepted' ? v.facts.functions.filter((f) => f !== undefined) : [];

/** What is left to guard, in program order: region kinds, `search` for none. */
function guards(v: Verdict): string[] {
  return factsOf(v).flatMap((f) =>
    [
      ...[...f.accesses].map(([slot, a]) => ({ slot, a })),
      ...[...f.helperArgs].flatMap(([slot, args]) => args.map((a) => ({ slot, a }))),
    ]
      .filter(({ a }) => !a.proved)
      .sort((p, q) => p.slot - q.slot)
      .map(({ a }) => a.region?.kind ?? 'search'),
  );
}

describe('accepted without a guard', () => {
  it.each(PROVED)('%s', (name, text) => {
    const v = verify(programOf(text), 0, CONTRACT);
    expect(errorsOf(v)).toEqual([]);
    // A zero length needs no memory at all, so no region can be named for it.
    expect(guards(v)).toEqual(name === 'memcpy of nothing' ? ['search', 'search'] : []);
    if (name !== 'memcpy of nothing')
      expect(verify(programOf(text), 0, CONTRACT, { strict: true }).verdict).toBe('accepted');
  });
});

describe('accepted with guards', () => {
  it.each(GUARDED)('%s', (_name, text, regions) => {
    const v = verify(programOf(text), 0, CONTRACT);
    expect(errorsOf(v)).toEqual([]);
    expect(guards(v)).toEqual(regions);
  });

  it.each(GUARDED)('strict refuses: %s', (_name, text) => {
    const v = verify(programOf(text), 0, CONTRACT, { strict: true });
    expect(errorsOf(v).every((e) => /^FCC010[67] /.test(e))).toBe(true);
    expect(v.verdict).toBe('rejected');
  });
});

describe('refused', () => {
  it.each(REFUSED)('%s', (_name, text, code) => {
    const v = verify(programOf(text), 0, CONTRACT);
    expect(errorsOf(v)[0]?.slice(0, 7)).toBe(code);
  });
});

it('there are more than a hundred programs', () => {
  expect(PROVED.length + GUARDED.length + REFUSED.length).toBeGreaterThan(130);
});
