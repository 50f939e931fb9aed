// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { cpuModel, findTarget } from '../../backends/index.js';
import type { Insn } from '../../compiler/bpf/program.js';
import { compile } from '../../compiler/compile.js';
import { readImage } from '../../compiler/image/read.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { expectation, FIXTURE_NAMES, loadFixture, observed, requestOf } from '../fixtures/all.js';

/** Whole programs on the cores without the ARMv7-M instructions: they run as expected, and text is no larger than the program. */

const TWO_SLOTS: readonly Insn['kind'][] = ['lddw', 'global', 'funcaddr'];
const CASES = [
  ['cortex-m0', 0],
  ['cortex-m0', 1],
  ['cortex-m0', 2],
  ['cortex-m23', 2],
] as const;

describe.each(FIXTURE_NAMES)('%s', (name) => {
  const { contract, runs, objects } = loadFixture(name);
  const { program } = objects.find((o) => o.version === 'v4')!;
  const slots = program.functions.flatMap((f) => f.insns).reduce((n, i) => n + (TWO_SLOTS.includes(i.kind) ? 2 : 1), 0);

  it.each(CASES)('on %s at -O%i', (core, level) => {
    const target = findTarget(core)!;
    const compiled = compile(program, { target, contract, level, validate: true });
    if (compiled.kind === 'rejected') throw new Error(JSON.stringify(compiled.verdicts));
    const image = readImage(compiled.image);
    for (const run of runs) {
      const result = simulate(image, run.program, contract, requestOf(run), { cpu: cpuModel(target) });
      expect(observed(run, result)).toEqual(expectation(run));
      const entry = image.entries.find((e) => e.name === run.program)!;
      if (entry.worstCase !== null) expect(result.instructions).toBeLessThanOrEqual(entry.worstCase);
    }
    if (level === 2) expect(image.text.length).toBeLessThanOrEqual(8 * slots);
  });
});
