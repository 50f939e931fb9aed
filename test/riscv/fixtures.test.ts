// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { riscvCpu } from '../../backends/riscv/cpu.js';
import { riscvTarget } from '../../backends/riscv/target.js';
import type { Program } from '../../compiler/bpf/program.js';
import { compile } from '../../compiler/compile.js';
import { readImage } from '../../compiler/image/read.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { expectation, FIXTURE_NAMES, loadFixture, observed, requestOf } from '../fixtures/all.js';
import { IMAC } from './harness.js';

/** Whole programs: an object of each fixture at the highest level, which must not be larger than it is as eBPF. */

/** Bytes of the program as eBPF: lddw takes two slots. */
const ebpfBytes = ({ functions }: Program): number =>
  functions.reduce((n, f) => n + f.insns.reduce((k, i) => k + (i.kind === 'lddw' ? 16 : 8), 0), 0);

describe.each(FIXTURE_NAMES)('%s', (name) => {
  const { contract, runs, objects } = loadFixture(name);

  it('gives the expected results in no more bytes', () => {
    const { program } = objects.find((o) => o.version === 'v4')!;
    const compiled = compile(program, { target: riscvTarget(IMAC), contract, level: 2, validate: true });
    if (compiled.kind === 'rejected') throw new Error(JSON.stringify(compiled.verdicts));
    const image = readImage(compiled.image);
    expect(image.text.length).toBeLessThanOrEqual(ebpfBytes(program));
    for (const run of runs) {
      const result = simulate(image, run.program, contract, requestOf(run), { cpu: riscvCpu(IMAC) });
      expect(observed(run, result)).toEqual(expectation(run));
      const entry = image.entries.find((e) => e.name === run.program)!;
      if (entry.worstCase !== null) expect(result.instructions).toBeLessThanOrEqual(entry.worstCase);
    }
  });
});
