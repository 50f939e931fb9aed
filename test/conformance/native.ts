// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { conform } from '../../compiler/cli/conform.js';
import type { EngineName } from '../../compiler/cli/engines.js';
import type { Target } from '../../compiler/codegen/target.js';
import type { Level } from '../../compiler/compile.js';
import { type Judgement, readVectors } from '../../compiler/host/conform.js';

const PUBLIC = join(import.meta.dirname, '../../../shared/conformance/bpf_conformance.jsonl');
const OWN = join(import.meta.dirname, 'own.jsonl');
/** The quick tests take the highest level. */
const LEVELS: readonly Level[] = Number(process.env.FCC_RUNS ?? 0) >= 2000 ? [0, 1, 2] : [2];

const of = (judgements: readonly Judgement[], verdict: string): Judgement[] =>
  judgements.filter((j) => j.verdict === verdict);

/** Declares the conformance tests of one native engine and target, at every level; `board` as in `fcc conform`. */
export function conformance(engine: EngineName, target: Target, board?: string): void {
  const reason = existsSync(PUBLIC) ? '' : ` (skipped: ${PUBLIC} is absent)`;
  const cases = LEVELS.map((level) => ({ level }));

  it.skipIf(reason !== '').each(cases)(`the public suite at -O$level${reason}`, async ({ level }) => {
    const judgements = await conform(readVectors(readFileSync(PUBLIC, 'utf8')), { engine, target, level, board });
    expect(of(judgements, 'failed')).toEqual([]);
    expect(of(judgements, 'skipped')).toEqual([]);
    expect(of(judgements, 'passed')).toHaveLength(313);
  });

  it.each(cases)('our own at -O$level', async ({ level }) => {
    const vectors = readVectors(readFileSync(OWN, 'utf8'));
    const judgements = await conform(vectors, { engine, target, level, board });
    expect(of(judgements, 'failed')).toEqual([]);
    expect(of(judgements, 'passed').length).toBeGreaterThanOrEqual(80);
  });
}
