// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { targets } from '../../backends/index.js';
import { conform } from '../../compiler/cli/conform.js';
import { QemuEngine } from '../../compiler/cli/qemu.js';
import { compile } from '../../compiler/compile.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { readVectors } from '../../compiler/host/conform.js';
import { writeImage } from '../../compiler/image/write.js';
import { expectation, FIXTURE_NAMES, loadFixture, observed, requestOf } from '../fixtures/all.js';
import { available } from './engine.js';

/** Text of one entry, as halfwords, padded with nop; no guards, no traps: what a hostile image could hold. */
function bare(featureBits: number, ...halfwords: number[]): Uint8Array {
  while (halfwords.length % 4 !== 0) halfwords.push(0xbf00);
  return writeImage({
    arch: 'thumb',
    features: featureBits,
    contractHash: 0,
    contextAlign: 1,
    contextRights: 'rw',
    contextLength: null,
    entries: [{ name: 'main', offset: 0, worstCase: null, stackLength: 0 }],
    imports: [],
    regions: [],
    text: new Uint8Array(Uint16Array.from(halfwords).buffer),
    rodata: new Uint8Array(),
    data: new Uint8Array(),
    bssLength: 0,
    frameLength: 0,
    trapTable: 2 * halfwords.length,
    trapCount: 0,
  });
}

const MOVS_R0_42 = 0x202a;
const MOVS_R1_0 = 0x2100;
const BX_LR = 0x4770;
const UDF = 0xde00;
const B_SELF = 0xe7fe;
/** movs r0, #0xff; lsls r0, r0, #24: 0xff000000 is mapped on none of the boards. */
const UNMAPPED = [0x20ff, 0x0600] as const;
const LDR_R0_R0 = 0x6800;
const STR_R0_R0 = 0x6000;

describe.runIf(available).each(targets.map((t) => [t.core.name, t] as const))('%s under QEMU', (_name, target) => {
  it('runs every fixture', async () => {
    const cases = FIXTURE_NAMES.flatMap((name) => {
      const { contract, runs, objects } = loadFixture(name);
      return objects.flatMap(({ program }) => {
        const compiled = compile(program, { target, contract });
        if (compiled.kind === 'rejected') throw new Error(`${name} is rejected`);
        return runs.map((run) => ({
          run,
          job: { image: compiled.image, entry: run.program, contract, request: requestOf(run) },
        }));
      });
    });
    const results = await new QemuEngine(target).runBatch(cases.map((c) => c.job));
    cases.forEach(({ run }, i) => {
      expect(observed(run, results[i]!)).toEqual(expectation(run));
    });
    expect(cases.length).toBeGreaterThan(100);
  });

  it('passes our own vectors', async () => {
    const vectors = readVectors(readFileSync(join(import.meta.dirname, '../conformance/own.jsonl'), 'utf8'));
    const judgements = await conform(vectors, { engine: 'qemu', target, level: 2 });
    expect(judgements.filter((j) => j.verdict !== 'passed')).toEqual([]);
  });

  it('recovers from faults and endless loops, and runs on', async () => {
    const { featureBits } = target.core;
    const request = { context: null, regions: new Map<string, Uint8Array>(), fuel: 1000 };
    const good = bare(featureBits, MOVS_R0_42, MOVS_R1_0, BX_LR);
    const bad = [
      bare(featureBits, UDF),
      bare(featureBits, ...UNMAPPED, LDR_R0_R0),
      bare(featureBits, ...UNMAPPED, STR_R0_R0),
      bare(featureBits, B_SELF),
    ];
    const images = bad.flatMap((image) => [image, good]);
    const engine = new QemuEngine(target, { watchdogMs: 300 });
    const results = await engine.runBatch(
      images.map((image) => ({ image, entry: 'main', contract: DEFAULT_CONTRACT, request })),
    );
    expect(results.map((r) => r.trap?.name ?? r.r0)).toEqual(['fault', 42n, 'fault', 42n, 'fault', 42n, 'killed', 42n]);
  });
});
