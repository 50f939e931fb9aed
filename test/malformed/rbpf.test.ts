// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Program } from '../../compiler/bpf/program.js';
import { rbpfProgram } from '../../compiler/bpf/rbpf.js';
import type { Level } from '../../compiler/compile.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { CompileError } from '../../compiler/errors/index.js';
import { judge } from '../adversarial/judge.js';
import { RBPF_SAMPLES, rbpfSample } from '../bpf/rbpf/samples.js';
import { SUBJECTS } from '../differential/targets.js';
import { loadFixture, requestOf } from '../fixtures/all.js';
import { mutateRbpf, randomFrom } from './mutate.js';

/** Scale of the suite: 1 is what every run does. */
const SCALE = Number(process.env.FCC_MUTANTS ?? 1);
const SEED = Number(process.env.FCC_SEED ?? 1);
const RUNS = 2000 * SCALE;
/** Instructions of the interpreter. */
const FUEL = 6000;

const CORES = ['cortex-m4', 'rv32imc', 'esp8266'].map((name) => SUBJECTS.find((s) => s.name === name)!);
const SAMPLES = RBPF_SAMPLES.map(({ name }) => ({ name, bytes: rbpfSample(name), fixture: loadFixture(name) }));

describe('mutated Femto-Container images', () => {
  it(
    `${RUNS} end in a clear error, or in the same result in the interpreter and the simulator`,
    () => {
      const seen = { unread: 0, rejected: 0, fuel: 0, placed: 0, coarse: 0, ok: 0, trap: 0 };
      const bugs: string[] = [];
      for (let i = 0; i < RUNS; i++) {
        const seed = SEED * 3_000_017 + i;
        const random = randomFrom(seed);
        const { name, bytes, fixture } = SAMPLES[random(SAMPLES.length)]!;
        const mutant = mutateRbpf(bytes, random);
        let program: Program;
        try {
          program = rbpfProgram(mutant, 'mutant.rbpf');
        } catch (e) {
          const clear = e instanceof CompileError && e.exitCode === 3 && e.details.at?.file === 'mutant.rbpf';
          if (!clear) bugs.push(`seed ${seed}, ${name}: ${String(e)}`);
          seen.unread++;
          continue;
        }
        const run = requestOf(fixture.runs[random(fixture.runs.length)]!);
        const plain = random(3) === 0;
        const contract = plain ? DEFAULT_CONTRACT : fixture.contract;
        const request = { ...run, regions: plain ? new Map<string, Uint8Array>() : run.regions, fuel: FUEL };
        const world = { contract, request, globals: program.globals };
        const judgement = judge({ seed, world, program, source: [], entries: [] }, random(3) as Level, [
          CORES[random(CORES.length)]!,
        ]);
        if ('bug' in judgement) bugs.push(`seed ${seed}, ${name}: ${judgement.bug}`);
        else seen[judgement.outcome]++;
      }
      expect(bugs.length, bugs.slice(0, 5).join('\n')).toBe(0);
      // Mutants are neither all refused at the first look nor all harmless.
      for (const what of ['unread', 'rejected', 'ok', 'trap'] as const)
        expect(seen[what], `${what} of ${JSON.stringify(seen)}`).toBeGreaterThan(RUNS / 50);
    },
    600_000 * Math.max(1, SCALE),
  );
});
