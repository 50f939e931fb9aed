// SPDX-License-Identifier: MIT
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cpuModel, findTarget } from '../../backends/index.js';
import type { Row } from '../../compiler/bench/types.js';
import { bpfCompiler } from '../../compiler/cli/bench-jobs.js';
import { measure } from '../../compiler/cli/bench-run.js';
import { missingForCounting } from '../../compiler/cli/qemu-count.js';
import { processSession } from '../../compiler/cli/session.js';
import { compile } from '../../compiler/compile.js';
import { readImage } from '../../compiler/image/read.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { inFolder } from '../cli/capture.js';
import { fixtureFile, loadFixture, requestOf } from '../fixtures/all.js';
import { available } from './engine.js';

const TARGETS = ['cortex-m4', 'cortex-m0', 'rv32imc', 'esp8266'];
const RING = join(import.meta.dirname, 'bench', 'ring.c');
const quiet = { profile: false, progress: () => undefined };

const missing = available ? missingForCounting() : 'no emulator';
if (missing !== null && process.env.CI) throw new Error(missing);

async function rowsOf(
  name: string,
  job: { object: string | null; source: string | null },
  target: string,
): Promise<readonly Row[]> {
  const { rows } = await measure(processSession, [{ name, ...job }], findTarget(target)!, quiet);
  return rows;
}

describe.skipIf(missing !== null)('fcc bench under QEMU', () => {
  it.each(TARGETS)(
    'counts fletcher32 on %s as the simulator does, and all ways to run it',
    async (name) => {
      const target = findTarget(name)!;
      const [row] = await rowsOf('fletcher32', { object: fixtureFile('fletcher32', 'v3.o'), source: null }, name);
      const { contract, runs, objects } = loadFixture('fletcher32');
      const { program } = objects.find((o) => o.version === 'v3')!;
      const compiled = compile(program, { target, contract });
      if (compiled.kind === 'rejected') throw new Error('rejected');
      const image = readImage(compiled.image);
      const simulated = runs.map(
        (r) => simulate(image, r.program, contract, requestOf(r), { cpu: cpuModel(target) }).instructions!,
      );
      expect(row!.errors).toBe(undefined);
      expect(row!.contract.instructions).toBe(Math.max(...simulated));
      expect(row!.contract).toMatchObject({ textBytes: image.text.length });
      for (const column of ['gccO2', 'gccOs', 'guarded', 'unguarded', 'contractOs'] as const) {
        const { instructions, cycles, textBytes } = row![column];
        // Some thousand words are added up, by three instructions at the very least, and nobody needs a hundred.
        expect([column, instructions! > 1000, instructions! < 100_000, cycles! >= instructions!]).toEqual([
          column,
          true,
          true,
          true,
        ]);
        expect(textBytes).toBeGreaterThan(50);
      }
      expect(row!.interpreter.instructions).toBeGreaterThan(10 * row!.contract.instructions!);
      expect(row!.contract.loadInstructions).toBeGreaterThan(100);
      expect(row!.contract.enterInstructions).toBeGreaterThan(20);
      expect(row!.guarded.instructions).toBeGreaterThanOrEqual(row!.unguarded.instructions!);
    },
    120_000,
  );

  it.skipIf(bpfCompiler() === null).each(TARGETS)(
    'on %s builds a source, lays its context out for C, gives it helpers and its variables their values',
    async (name) => {
      const [row] = await rowsOf('ring', { object: null, source: RING }, name);
      // Every column is null and an error wherever a result differs from the interpreter's.
      expect(row!.errors).toBe(undefined);
      expect(row!.gccO2.instructions).toBeGreaterThan(200);
      expect(row!.gccO2.stackBytes).toBeLessThan(200);
      expect(row!.interpreter.instructions).toBeGreaterThan(row!.guarded.instructions!);
      expect(row!.accesses.proved).toBeGreaterThan(5);
    },
    120_000,
  );

  it(
    'takes no figure from a run that ends otherwise than in the interpreter',
    () =>
      inFolder(async (folder) => {
        const source = join(folder, 'fletcher32.c');
        const text = readFileSync(fixtureFile('fletcher32', 'c'), 'utf8').replace(
          '../include',
          join(fixtureFile('fletcher32', 'c'), '../../include'),
        );
        const wrong = text.replaceAll('0xffff', '0xfffe');
        expect(wrong).not.toBe(text);
        writeFileSync(source, wrong);
        const [row] = await rowsOf('fletcher32', { object: fixtureFile('fletcher32', 'v3.o'), source }, 'cortex-m4');
        expect(row!.errors).toEqual([expect.stringMatching(/^gccO2: r0 is /), expect.stringMatching(/^gccOs: r0 is /)]);
        expect(row!.gccO2).toMatchObject({ instructions: null, cycles: null });
        expect(row!.contract.instructions).toBeGreaterThan(1000);
      }),
    120_000,
  );

  it('counts the same each time', async () => {
    const job = { object: fixtureFile('event_counters', 'v3.o'), source: null };
    const [first] = await rowsOf('event_counters', job, 'cortex-m4');
    const [second] = await rowsOf('event_counters', job, 'cortex-m4');
    expect(second).toEqual(first);
    expect(first!.gccO2.cycles).toBeGreaterThan(0);
  }, 120_000);
});
