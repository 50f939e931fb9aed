// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { findTarget } from '../../backends/index.js';
import { figureOf, RUNTIME_LEVELS, type RuntimeLevel } from '../../compiler/bench/runtime.js';
import { measureRuntime } from '../../compiler/cli/bench-runtime.js';
import { missingForCounting } from '../../compiler/cli/qemu-count.js';
import { available } from './engine.js';

const missing = available ? missingForCounting() : 'no emulator';
if (missing !== null && process.env.CI) throw new Error(missing);

/** Above what any compiler made of it so far, below what a loop too many would. */
const BOUNDS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  'counts.hook.0': [1, 100],
  'counts.hook.first': [20, 500],
  'counts.hook.1': [20, 400],
  'counts.hook.more': [15, 350],
  'counts.container': [2, 8],
  'counts.run': [20, 200],
  'counts.enter': [4, 60],
  'counts.load.0': [50, 1000],
  'counts.load.4': [80, 1500],
  'counts.checksum': [4, 120],
  'counts.interpreted.hook': [60, 3000],
  'counts.interpreted.run': [40, 3000],
  'counts.interpreted.load': [50, 2000],
};

describe.skipIf(missing !== null)('fcc bench --runtime under QEMU', () => {
  it.each(['cortex-m4', 'cortex-m0', 'rv32imc', 'esp8266'])(
    'measures all of %s',
    async (name) => {
      const target = findTarget(name)!;
      const result = await measureRuntime(target);
      expect(result.notes).toEqual([]);
      const levels = (group: string): readonly RuntimeLevel[] => (group === 'counts' ? RUNTIME_LEVELS : ['-Os']);
      const open = result.items.flatMap(({ key, group }) =>
        levels(group)
          .filter((level) => figureOf(result, key, level) === null)
          .map((level) => `${key} ${level}`),
      );
      expect(open).toEqual([]);
      for (const level of RUNTIME_LEVELS) {
        const of = (key: string): number => figureOf(result, `counts.${key}`, level)!;
        const wrong = Object.entries(BOUNDS).filter(([key, [least, most]]) => {
          const value = figureOf(result, key, level)!;
          return value < least || value > most;
        });
        expect(wrong.map(([key]) => [level, key, figureOf(result, key, level)])).toEqual([]);
        // Each import costs something, a container less than its hook and the loader more than a run.
        expect(of('load.0') < of('load.1') && of('load.1') < of('load.2') && of('load.2') < of('load.4')).toBe(true);
        expect(
          of('hook.0') < of('hook.1') &&
            of('hook.1') <= of('hook.first') &&
            of('container') < of('run') &&
            of('run') < of('load.0'),
        ).toBe(true);
      }
      // 32-bit layouts are the same for all cores.
      expect(figureOf(result, 'ram.region', '-Os')).toBe(12);
      expect(figureOf(result, 'ram.store', '-Os')).toBe(16);
      const container = figureOf(result, 'ram.container.2', '-Os')!;
      expect(container).toBe(figureOf(result, 'ram.slot', '-Os')! + figureOf(result, 'ram.instance.2', '-Os')!);
      if (name === 'cortex-m4') expect(await measureRuntime(target), 'once more').toEqual(result);
    },
    240_000,
  );

  it('says what it cannot measure', async () => {
    const { figures, notes } = await measureRuntime(findTarget('esp32')!);
    expect({ figures, notes }).toEqual({ figures: [], notes: ['no packaged C compiler for it'] });
  });
});
