// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rawProgram } from '../../compiler/bpf/load.js';
import { CONFORMANCE_HELPERS } from '../../compiler/contract/helpers.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { ebpfImage } from '../../compiler/ebpf-image.js';
import { judge, readVectors } from '../../compiler/host/conform.js';
import { interpretedCases, interpretedWrong } from '../differential/interpreted.js';
import { expectation, FIXTURE_NAMES, loadFixture, observed, requestOf } from '../fixtures/all.js';
import { ONE_PER_BOARD } from './boards.js';

const PUBLIC = join(import.meta.dirname, '../../../shared/conformance/bpf_conformance.jsonl');
const OWN = join(import.meta.dirname, '../conformance/own.jsonl');
const RUNS = Number(process.env.FCC_QEMU_RUNS ?? 300);
const SEED = Number(process.env.FCC_SEED ?? 6_000_000);
/** One of each instruction set, and the one without 64-bit division of its own. The windowed boards have no interpreter. */
const BOARDS = new Set(['mps2-an386', 'lm3s6965evb-m0', 'virt-ibex', 'sim-lx106']);
const PLACES = ONE_PER_BOARD.filter((p) => BOARDS.has(p.board));

describe.each(PLACES)("the runtime's interpreter under QEMU, $title", ({ board, engine, missing }) => {
  // 64 KiB of memory are too little for a batch.
  const small = board === 'lm3s6965evb-m0';

  it.runIf(missing === null).each([
    ['the public vectors', PUBLIC, 313],
    ['our vectors', OWN, 80],
  ])(
    '%s',
    async (_, file, least) => {
      if (!existsSync(file)) throw new Error(`${file} is absent`);
      const vectors = readVectors(readFileSync(file, 'utf8'));
      const cases = vectors.map((v) => {
        const program = rawProgram(v.program, v.name);
        return {
          image: ebpfImage(program, { helpers: CONFORMANCE_HELPERS }),
          entry: 'main',
          contract: DEFAULT_CONTRACT,
          helpers: CONFORMANCE_HELPERS,
          request: { context: v.memory, regions: new Map<string, Uint8Array>(), fuel: 1_000_000 },
        };
      });
      const results = await engine({ watchdogMs: 5000 }).runBatch(cases);
      const failed = vectors
        .map((v, i) => judge(v, { kind: 'ran', result: results[i]! }))
        .filter((j) => j.verdict !== 'passed');
      expect(failed).toEqual([]);
      expect(results.length).toBeGreaterThanOrEqual(least);
    },
    120_000,
  );

  if (small) return;

  it.runIf(missing === null)(
    'every fixture gives the expected results',
    async () => {
      const cases = FIXTURE_NAMES.flatMap((name) => {
        const { contract, runs, objects } = loadFixture(name);
        return objects.flatMap(({ version, program }) => {
          const image = ebpfImage(program, { contract });
          return runs.map((run) => ({
            label: `${name} ${version}: ${run.name}`,
            run,
            job: { image, entry: run.program, contract, request: requestOf(run) },
          }));
        });
      });
      const results = await engine({ watchdogMs: 20_000 }).runBatch(cases.map((c) => c.job));
      cases.forEach(({ label, run }, i) => {
        expect({ label, ...observed(run, results[i]!) }).toEqual({ label, ...expectation(run) });
      });
      expect(cases.length).toBeGreaterThan(100);
    },
    240_000,
  );

  it.runIf(missing === null)(
    `${RUNS} random programs from seed ${SEED} as in the reference interpreter`,
    async () => {
      const cases = interpretedCases(RUNS, SEED);
      const results = await engine({ watchdogMs: 5000 }).runBatch(cases);
      const wrong = interpretedWrong(cases, results);
      expect(wrong).toEqual([]);
      expect(results.filter((r) => r.status === 'ok').length).toBeGreaterThan(RUNS);
    },
    600_000,
  );
});
