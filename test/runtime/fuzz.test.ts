// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FUZZERS, fuzzSeeds } from './fuzz-seeds.js';
import { build, HOST_FLAGS, inFolder, missingCompiler } from './host-engine.js';
import { INPUTS, madeOf } from './manifest-samples.js';

/**
 * Executions of each fuzzer, the seeds among them. For a long run: FCC_FUZZ_KEEP=FOLDER leaves programs and seeds there, see
 * runtime-c/test/fuzz/README.md.
 */
const RUNS = Number(process.env.FCC_FUZZ_RUNS ?? 5000);
const SEED = Number(process.env.FCC_SEED ?? 1);
const KEEP = process.env.FCC_FUZZ_KEEP;
const missing = missingCompiler('clang-19');

const SOURCES = [
  ...['validate', 'fcc', 'intrinsics', 'interp', 'check-ebpf', 'hooks', 'install', 'store', 'helpers', 'rbpf'].map(
    (s) => `src/${s}.c`,
  ),
  ...['src/port/host/enter.c', 'src/port/host/lock.c'],
  ...['world', 'helpers', 'convert', 'mutate'].map((s) => `test/fuzz/${s}.c`),
];
const FLAGS = [
  ...HOST_FLAGS,
  ...['-O2', '-fno-omit-frame-pointer', '-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'],
  // Helpers are called by registers, not by their types. Comparisons are not traced: that takes three quarters of the time.
  ...['-fno-sanitize=function', '-fno-sanitize-coverage=trace-cmp,trace-div,trace-gep'],
];

describe.skipIf(missing !== null)(`parsers and interpreter under a fuzzer${missing ? ` (${missing})` : ''}`, () => {
  it.each(FUZZERS)(
    '%s: no finding',
    (fuzzer) => {
      inFolder((own) => {
        const folder = KEEP ?? own;
        const [program, seeds] = [join(folder, `fuzz-${fuzzer}`), join(folder, `seeds-${fuzzer}`)];
        mkdirSync(seeds, { recursive: true });
        const inputs = fuzzSeeds(fuzzer);
        for (const [i, seed] of inputs.entries()) writeFileSync(join(seeds, `${i}`), seed);
        build('clang-19', [...FLAGS, ...SOURCES, `test/fuzz/${fuzzer}.c`], program);
        const args = [`-runs=${RUNS}`, `-seed=${SEED}`, '-max_len=4000', '-print_final_stats=1', seeds];
        const run = spawnSync(program, args, { cwd: own, encoding: 'utf8', maxBuffer: 1 << 26 });
        expect([run.status, run.status === 0 ? '' : run.stderr.slice(-4000)]).toEqual([0, '']);
        const executed = Number(/number_of_executed_units: (\d+)/.exec(run.stderr)?.[1]);
        expect(executed).toBeGreaterThanOrEqual(RUNS);
        // A fuzzer whose inputs are all refused finds nothing.
        const ran = Number(/fuzz: (\d+) of \d+ images ran/.exec(run.stderr)?.[1]);
        expect(ran).toBeGreaterThan(executed / 10);
        expect(inputs.length).toBeGreaterThan(50);
      });
    },
    300_000,
  );

  it('manifest: no finding', () => {
    inFolder((own) => {
      const folder = KEEP ?? own;
      const [program, seeds] = [join(folder, 'fuzz-manifest'), join(folder, 'seeds-manifest')];
      mkdirSync(seeds, { recursive: true });
      const inputs = INPUTS.map((i) => madeOf(i).bytes);
      for (const [i, seed] of inputs.entries()) writeFileSync(join(seeds, `${i}`), seed);
      const sanitizers = ['-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'];
      const sources = ['src/manifest.c', 'test/update/believe.c', 'test/fuzz/manifest.c'];
      build('clang-19', [...HOST_FLAGS, '-O2', '-fno-omit-frame-pointer', ...sanitizers, ...sources], program);
      const runs = 100 * RUNS;
      const args = [`-runs=${runs}`, `-seed=${SEED}`, '-max_len=700', '-print_final_stats=1', seeds];
      const run = spawnSync(program, args, { cwd: own, encoding: 'utf8', maxBuffer: 1 << 26 });
      expect([run.status, run.status === 0 ? '' : run.stderr.slice(-4000)]).toEqual([0, '']);
      expect(Number(/number_of_executed_units: (\d+)/.exec(run.stderr)?.[1])).toBeGreaterThanOrEqual(runs);
      const taken = Number(/fuzz: (\d+) of \d+ manifests taken/.exec(run.stderr)?.[1]);
      expect(taken).toBeGreaterThan(runs / 1000);
    });
  }, 300_000);
});
