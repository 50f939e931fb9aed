// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { targets } from '../../backends/index.js';
import { FIXTURE_NAMES, fixtureFile, loadFixture } from '../fixtures/all.js';
import { fcc } from './capture.js';

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
    // The programs' own bytes, and the trap code and table behind them.
    expect(bytes).toBeGreaterThan(image.programs.reduce((n: number, p: { textBytes: number }) => n + p.textBytes, 0));
    expect(geomean['cortex-m4']).toBeCloseTo(bytes / (8 * slots), 12);
  });

  it('prints a table for people', async () => {
    const { out } = await fcc(['bench', '--size', fixtureFile('fir', 'v3.o'), '-t', 'cortex-m4', '-t', 'cortex-m3']);
    expect(out).toMatch(
      /^program +eBPF +cortex-m4 +cortex-m3\nfir\.v3\.o +\d+ +\d+ +\d+\ngeomean to eBPF +\d\.\d\d +\d\.\d\d\n$/,
    );
  });

  it.each([
    [['bench'], 'nothing to measure'],
    [['bench', '--size', '-t', 'pdp-11'], 'unknown target pdp-11'],
  ])('%j is a mistake on the command line', async (args, message) => {
    const { code, err } = await fcc(args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});
