// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { compile, type Level } from '../../compiler/compile.js';
import { fault } from '../safety/judge.js';
import { KINDS } from '../safety/kinds.js';
import { probes } from '../safety/probes.js';
import { available, engine, target } from './engine.js';

describe.runIf(available)('out-of-bounds accesses under QEMU', () => {
  it('every program that compiles traps where it has to and runs where it may, next to untouched canaries', async () => {
    const cases = KINDS.flatMap(probes).flatMap(({ name, text, contract, runs }, i) => {
      const level: Level = i % 2 === 0 ? 0 : 2;
      const compiled = compile(assemble(text, 'probe'), { target, contract, level });
      if (compiled.kind === 'rejected') return [];
      return runs.map((run) => ({
        label: `${name}, ${run.name}, -O${level}`,
        run,
        job: { image: compiled.image, entry: 'probe', contract, request: run.request },
      }));
    });
    const results = await engine.runBatch(cases.map((c) => c.job));
    const wrong = cases.flatMap(({ label, run }, i) => {
      const problem = fault(run, results[i]!);
      return problem === null ? [] : [`${label}: ${problem}`];
    });
    expect(wrong.length, wrong.slice(0, 8).join('\n')).toBe(0);
    expect(cases.filter((c) => c.run.expected === 'bad').length).toBeGreaterThan(5000);
    expect(cases.filter((c) => c.run.expected === 'ok').length).toBeGreaterThan(3000);
  }, 600_000);
});
