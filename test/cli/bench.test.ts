// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { targets } from '../../backends/index.js';
import { benchScale, type MeasureScale, type ScaleRow } from '../../compiler/cli/bench-scale.js';
import { measureScale, type ScaleCost, type ScaleJob } from '../../compiler/cli/scale-measure.js';
import { SCALE_SHAPES } from '../../compiler/cli/scale-programs.js';
import { FIXTURE_NAMES, fixtureFile, loadFixture } from '../fixtures/all.js';
import { fcc } from './capture.js';
import { captured } from './captured.js';

interface Sizes {
  readonly rows: readonly { program: string; ebpfBytes: number; textBytes: Record<string, number | null> }[];
  readonly geomean: Record<string, number>;
}

const sizes = async (...args: string[]): Promise<Sizes> => {
  const { code, out, err } = await fcc(['bench', '--size', '--json', ...args]);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out);
};

describe('fcc bench --size', () => {
  it('knows every fixture on every target, none larger than its eBPF on Thumb and RV32', async () => {
    const { rows } = await sizes();
    expect(rows.map((r) => r.program)).toEqual(FIXTURE_NAMES.map((name) => `${name}.v3.o`));
    const large: string[] = [];
    for (const { program, ebpfBytes, textBytes } of rows) {
      expect(Object.keys(textBytes)).toEqual(targets.map((t) => t.core.name));
      for (const { arch, core } of targets) {
        const bytes = textBytes[core.name];
        if (arch !== 'xtensa' && (bytes === null || bytes! > ebpfBytes))
          large.push(`${program} on ${core.name}: ${bytes}`);
      }
    }
    expect(large).toEqual([]);
  });

  it('counts all text of an image and all slots of an object', async () => {
    const { rows, geomean } = await sizes(fixtureFile('crc32', 'v3.o'), '-t', 'cortex-m4', '-O', '1');
    const slots = loadFixture('crc32').objects[1]!.program.functions.reduce((n, f) => n + f.slots, 0);
    const image = JSON.parse(
      (
        await fcc([
          ...['compile', fixtureFile('crc32', 'v3.o'), '--contract', fixtureFile('crc32', 'contract.json')],
          ...['-t', 'cortex-m4', '-O', '1', '-o', '/dev/null', '--json'],
        ])
      ).out,
    );
    const [row] = rows;
    expect(row).toMatchObject({ program: 'crc32.v3.o', ebpfBytes: 8 * slots });
    expect(Object.keys(row!.textBytes)).toEqual(['cortex-m4']);
    const bytes = row!.textBytes['cortex-m4']!;
    // The programs' own bytes, and the trap code and table behind them if anything can trap.
    expect(bytes).toBeGreaterThanOrEqual(
      image.programs.reduce((n: number, p: { textBytes: number }) => n + p.textBytes, 0),
    );
    expect(geomean['cortex-m4']).toBeCloseTo(bytes / (8 * slots), 12);
  });

  it('prints a table for people', async () => {
    const { out } = await fcc(['bench', '--size', fixtureFile('fir', 'v3.o'), '-t', 'cortex-m4', '-t', 'cortex-m3']);
    expect(out).toMatch(
      /^program +eBPF +cortex-m4 +cortex-m3\nfir\.v3\.o +\d+ +\d+ +\d+\ngeomean to eBPF +\d\.\d\d +\d\.\d\d\n$/,
    );
  });

  it.each([
    [['bench', '-t', 'pdp-11'], 'unknown target pdp-11'],
    [['bench', '-O', '1'], '--optimise is for --size'],
    [['bench', '--sizes', '1000'], '--sizes is for --scale'],
    [['bench', '--threshold', '2'], '--threshold is for --baseline'],
    [['bench', '--baseline', 'b.json', '--threshold', 'some'], '--threshold does not take some'],
    [['bench', '--json', '--csv', '-'], '--json and another output'],
    [['bench', '--size', '--html', 'x.html'], '--html does not go with --size'],
    [['bench', '--scale', '--object', 'x.o'], '--object does not go with --scale'],
    [['bench', '--size', '-t', 'pdp-11'], 'unknown target pdp-11'],
    [['bench', '--size', '--scale'], 'two things to measure'],
    [['bench', '--size', '--sizes', '1000'], '--sizes is for --scale'],
    [['bench', '--size', '--limit', '1.2'], '--limit is for --scale'],
    [['bench', '--scale', 'a.o'], '--scale takes no files'],
    [['bench', '--scale', '--sizes', '10,1000'], '--sizes does not take 10,1000'],
    [['bench', '--scale', '--sizes', '2000,1000'], '--sizes does not take 2000,1000'],
    [['bench', '--scale', '--sizes', 'many'], '--sizes does not take many'],
    [['bench', '--scale', '--sizes', '1000,2000000'], '--sizes does not take 1000,2000000'],
    [['bench', '--scale', '--limit', 'low'], '--limit does not take low'],
    [['bench', '--scale', '-t', 'pdp-11'], 'unknown target pdp-11'],
  ])('%j is a mistake on the command line', async (args, message) => {
    const { code, err } = await fcc(args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

const M4 = targets.find((t) => t.core.name === 'cortex-m4')!;
const M0 = targets.find((t) => t.core.name === 'cortex-m0')!;

/** `fcc bench --scale` with costs of our own. */
async function scaled(measure: MeasureScale, o: { limit?: number; json?: boolean; sizes?: number[] } = {}) {
  const { session, said } = captured();
  const { limit = null, json = false, sizes = [1000, 10_000] } = o;
  const code = await benchScale(session, { chosen: [M4, M0], level: 2, sizes, json, limit }, measure);
  return { code, ...said };
}

const MIB = 2 ** 20;

/** Costs that grow as n, n^1.5 and n^2. */
const powers: MeasureScale = async ({ size }) => {
  const n = size / 1000;
  const cost: ScaleCost = {
    verifyMs: 5 * n,
    compileMs: 5 * n ** 1.5,
    baseBytes: 50 * MIB,
    peakBytes: (50 + 10 * n ** 2) * MIB,
    textBytes: size * 4,
  };
  return cost;
};

describe('fcc bench --scale', () => {
  it('computes the exponents between sizes of one shape on one target', async () => {
    const { code, out, err } = await scaled(powers, { json: true, sizes: [1000, 2000, 10_000] });
    expect([code, err]).toEqual([0, '']);
    const { schemaVersion, limit, within, rows } = JSON.parse(out);
    expect([schemaVersion, limit, within]).toEqual([1, null, true]);
    expect(rows.length).toBe(2 * SCALE_SHAPES.length * 3);
    for (const [i, { shape, target, size, exponents }] of (rows as ScaleRow[]).entries()) {
      expect([target, shape]).toEqual([i < 12 ? 'cortex-m4' : 'cortex-m0', SCALE_SHAPES[Math.floor(i / 3) % 4]]);
      if (size === 1000) expect(exponents).toEqual({ verify: null, compile: null, memory: null });
      else {
        expect(exponents.verify).toBeCloseTo(1, 9);
        expect(exponents.compile).toBeCloseTo(1.5, 9);
        expect(exponents.memory).toBeCloseTo(2, 9);
      }
    }
  });

  it('prints a table for people, and fails above the limit only', async () => {
    const fine = await scaled(powers, { limit: 2.1 });
    expect([fine.code, fine.err]).toEqual([0, '']);
    expect(fine.out).toMatch(/^target +shape +instructions +verify +\^ +compile +\^ +memory +\^ +text\n/);
    expect(fine.out).toMatch(/\ncortex-m4 +straight +1000 +5\.0 ms +5\.0 ms +50 MiB \+ 10 MiB +4000\n/);
    expect(fine.out).toMatch(
      /\ncortex-m4 +straight +10000 +50 ms +1\.00 +158 ms +1\.50 +50 MiB \+ 1000 MiB +2\.00 +40000\n/,
    );
    const over = await scaled(powers, { limit: 1.2 });
    expect(over.code).toBe(1);
    expect(over.err).toContain('straight of 10000 on cortex-m4 grows faster than n^1.2\n');
    expect(over.err.trim().split('\n').length).toBe(2 * SCALE_SHAPES.length);
  });

  it('says nothing of growth where too little was measured, or the target refuses', async () => {
    const little: MeasureScale = async (job) => ({ ...((await powers(job)) as ScaleCost), verifyMs: job.size / 1e4 });
    const rows: ScaleRow[] = JSON.parse((await scaled(little, { json: true })).out).rows;
    expect(rows.every((r) => r.exponents.verify === null)).toBe(true);
    const refuse: MeasureScale = async (job) => (job.target === 'cortex-m0' ? { refused: 'FCC0510' } : powers(job));
    const { code, out } = await scaled(refuse, { limit: 2.1 });
    expect(code).toBe(0);
    expect(out).toMatch(/\ncortex-m0 +loops +10000 +refused: FCC0510\n/);
  });

  it('measures real programs', () => {
    const job: ScaleJob = { shape: 'branchy', size: 150, target: 'cortex-m4', level: 1 };
    const cost = measureScale(job) as ScaleCost;
    expect(cost.verifyMs).toBeGreaterThan(0);
    expect(cost.compileMs).toBeGreaterThan(0);
    expect(cost.textBytes).toBeGreaterThan(150);
    expect(cost.textBytes).toBeLessThan(150 * 20);
    expect(cost.baseBytes).toBeGreaterThan(MIB);
    expect(cost.peakBytes).toBeGreaterThanOrEqual(cost.baseBytes);
  });
});
