// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findTarget } from '../../backends/index.js';
import { conform } from '../../compiler/cli/conform.js';
import type { EngineName } from '../../compiler/cli/engines.js';
import type { Level } from '../../compiler/compile.js';
import { type Judgement, readVectors } from '../../compiler/host/conform.js';

const PUBLIC = join(import.meta.dirname, '../../../shared/conformance/bpf_conformance.jsonl');
const OWN = join(import.meta.dirname, 'own.jsonl');
const LEVELS: readonly Level[] = [0, 1, 2];
const target = findTarget('cortex-m4')!;

const of = (judgements: readonly Judgement[], verdict: string): Judgement[] =>
  judgements.filter((j) => j.verdict === verdict);

/** Declares the conformance tests of one native engine, at every level. */
export function conformance(engine: EngineName): void {
  const reason = existsSync(PUBLIC) ? '' : ` (skipped: ${PUBLIC} is absent)`;
  const cases = LEVELS.map((level) => ({ level }));

  it.skipIf(reason !== '').each(cases)(
    `the public suite but atomics and indirect calls at -O$level${reason}`,
    async ({ level }) => {
      const judgements = await conform(readVectors(readFileSync(PUBLIC, 'utf8')), { engine, target, level });
      expect(of(judgements, 'failed')).toEqual([]);
      // 34 vectors of the suite use atomic operations, 1 an indirect call.
      expect(of(judgements, 'skipped')).toHaveLength(35);
      expect(of(judgements, 'passed')).toHaveLength(278);
    },
  );

  it.each(cases)('our own at -O$level', async ({ level }) => {
    const vectors = readVectors(readFileSync(OWN, 'utf8'));
    const judgements = await conform(vectors, { engine, target, level });
    expect(of(judgements, 'failed')).toEqual([]);
    expect(of(judgements, 'passed').length).toBeGreaterThanOrEqual(80);
  });
}
