// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rawProgram } from '../../compiler/bpf/load.js';
import { CONFORMANCE_HELPERS } from '../../compiler/contract/helpers.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { type Judgement, judge, readVectors, type Vector } from '../../compiler/host/conform.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { decodeTwin } from './twin.js';

const PUBLIC = join(import.meta.dirname, '../../../shared/conformance/bpf_conformance.jsonl');
const OWN = join(import.meta.dirname, 'own.jsonl');

function run(vector: Vector): Judgement {
  const request = { context: vector.memory, regions: new Map(), fuel: 1_000_000 };
  const program = rawProgram(vector.program, vector.name);
  const twin = decodeTwin(vector.program, vector.name);
  expect(
    program.functions.map((f) => f.insns),
    vector.name,
  ).toEqual(twin.functions.map((f) => f.insns));
  const result = interpret(program, 0, DEFAULT_CONTRACT, request, { helpers: CONFORMANCE_HELPERS });
  return judge(vector, { kind: 'ran', result });
}

const failed = (vectors: readonly Vector[]): Judgement[] => vectors.map(run).filter((j) => j.verdict !== 'passed');

describe('conformance vectors in the interpreter', () => {
  const reason = existsSync(PUBLIC) ? '' : ` (skipped: ${PUBLIC} is absent)`;
  it.skipIf(reason !== '')(`all 313 of the public suite${reason}`, () => {
    const vectors = readVectors(readFileSync(PUBLIC, 'utf8'));
    expect(vectors).toHaveLength(313);
    expect(failed(vectors)).toEqual([]);
  });

  it('all of our own', () => {
    const vectors = readVectors(readFileSync(OWN, 'utf8'));
    expect(vectors.length).toBeGreaterThanOrEqual(80);
    expect(new Set(vectors.map((v) => v.name)).size).toBe(vectors.length);
    expect(failed(vectors)).toEqual([]);
  });
});
