// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import {
  figureOf,
  missedGoals,
  PARTS,
  type RuntimeFigure,
  type RuntimeResult,
  romFigures,
  romItems,
  runtimeDocument,
} from '../../compiler/bench/runtime.js';
import { compareRuntime, parseRuntime } from '../../compiler/bench/runtime-baseline.js';
import { runtimeText } from '../../compiler/bench/runtime-text.js';
import { casesSource, unknownSources } from '../../compiler/cli/bench-runtime-build.js';
import { versionIn } from '../../compiler/cli/bench-versions.js';

const figure = (key: string, value: number | null, level: '-Os' | '-O2' = '-Os'): RuntimeFigure => ({
  key,
  level,
  value,
});

/** A target with three things measured. */
const resultOf = (target: string, hook: number | null): RuntimeResult => ({
  target,
  items: [
    { key: 'rom.core', group: 'rom', title: 'core', goal: 3072 },
    { key: 'ram.slot', group: 'ram', title: 'slot', goal: null },
    { key: 'counts.hook.1', group: 'counts', title: 'one container', goal: 30 },
  ],
  figures: [
    figure('rom.core', 3000),
    figure('ram.slot', 32),
    figure('counts.hook.1', hook),
    figure('counts.hook.1', 28.5, '-O2'),
  ],
  notes: target === 'esp32' ? ['nothing is counted'] : [],
});
const circumstances = { machine: 'a machine', date: '2026-01-31T12:00:00Z', versions: {} };
const documentOf = (...targets: RuntimeResult[]) => runtimeDocument(1, targets, circumstances);

describe('sizes of the runtime', () => {
  it('are summed by part; a part with a source that was not measured has none', () => {
    const bytes = new Map<string, number | null>(PARTS.flatMap((p) => p.sources.map((s) => [s, 100] as const)));
    const of = (key: string, unknown: string[] = []) => romFigures(bytes, unknown).find((f) => f.key === key)?.value;
    expect([of('rom.part.loader'), of('rom.loader'), of('rom.core')]).toEqual([200, 200, 500]);
    bytes.set('new.c', 7);
    expect(of('rom.part.new.c', ['new.c'])).toBe(7);
    bytes.delete('store.c');
    expect([of('rom.part.stores'), of('rom.core'), of('rom.loader')]).toEqual([null, null, 200]);
  });

  it('have an item for each figure, also of sources that are of no part', () => {
    expect(unknownSources(['src/fcc.c', 'src/new.c', 'src/port/thumb/enter.S'])).toEqual(['new.c']);
    const keys = romItems(['new.c']).map((i) => i.key);
    expect(romFigures(new Map(), ['new.c']).map((f) => f.key)).toEqual(keys);
  });
});

describe('the text', () => {
  it('has a table for each group, a column for each target and level, and what is missed', () => {
    const lines = runtimeText(documentOf(resultOf('cortex-m4', 31), resultOf('esp32', null))).split('\n');
    expect(lines).toContain('      cortex-m4  esp32    goal');
    expect(lines).toContain('core       3000   3000  ≤ 3072');
    expect(lines).toContain('               cortex-m4 -Os  cortex-m4 -O2  esp32 -Os  esp32 -O2  goal');
    expect(lines).toContain('one container             31          28.50          -      28.50  ≤ 30');
    expect(lines).toContain('Femto-Containers, bytes of ROM                        2992   3968    4292');
    expect(lines).toContain('cortex-m4: one container: 31, goal 30');
    expect(lines).toContain('esp32: nothing is counted');
    expect(lines.filter((l) => l !== l.trimEnd())).toEqual([]);
  });

  it('holds only the core of the goals against them, at -Os', () => {
    expect(missedGoals(documentOf(resultOf('cortex-m0', 99), resultOf('cortex-m4', 30)))).toEqual([]);
    expect(missedGoals(documentOf(resultOf('cortex-m4', 31))).map((m) => m.item.key)).toEqual(['counts.hook.1']);
  });
});

describe('a baseline of the runtime', () => {
  const before = parseRuntime(JSON.stringify(documentOf(resultOf('cortex-m4', 30))), 'b.json', 1);

  it('reads back what was written', () => {
    expect(before.map((b) => b.target)).toEqual(['cortex-m4']);
    expect(before[0]!.figures).toEqual(resultOf('cortex-m4', 30).figures);
    expect(figureOf(resultOf('cortex-m4', 30), 'counts.hook.1', '-O2')).toBe(28.5);
  });

  it('says what is worse and better by more than allowed', () => {
    const against = (hook: number | null, percent = 0) =>
      compareRuntime([resultOf('cortex-m4', hook)], before, percent);
    expect(against(30)).toEqual({ worse: [], better: [] });
    expect(against(33)).toEqual({ worse: ['cortex-m4 counts.hook.1 -Os: 30 -> 33'], better: [] });
    expect(against(33, 10)).toEqual({ worse: [], better: [] });
    expect(against(24)).toEqual({ worse: [], better: ['cortex-m4 counts.hook.1 -Os: 30 -> 24'] });
    expect(against(null, 50).worse).toEqual(['cortex-m4 counts.hook.1 -Os: 30 -> not measured']);
    expect(compareRuntime([resultOf('cortex-m0', 999)], before, 0)).toEqual({ worse: [], better: [] });
  });

  it.each([
    ['{', 'the baseline is not JSON'],
    ['{"rows":[]}', 'the baseline is none of the runtime'],
    ['{"kind":"runtime","schemaVersion":2,"targets":[]}', 'schemaVersion is another'],
    ['{"kind":"runtime","schemaVersion":1,"targets":7}', 'targets is no list'],
    ['{"kind":"runtime","schemaVersion":1,"targets":[{"target":"x"}]}', 'targets[0] is no target with figures'],
    [
      '{"kind":"runtime","schemaVersion":1,"targets":[{"target":"x","figures":[{"key":"k","level":"-O3","value":1}]}]}',
      'targets[0].figures[0] is no figure',
    ],
  ])('is refused: %s', (text, message) => {
    expect(() => parseRuntime(text, 'b.json', 1)).toThrow(message);
  });
});

describe('the list of cases', () => {
  it('is C with images in aligned arrays', () => {
    const cases = [
      { kind: 'HOOK', image: null, count: 0 },
      { kind: 'LOAD', image: Uint8Array.of(1, 2, 255), count: 1 },
    ] as const;
    const lines = casesSource(cases, [0x20, 0x60], 5).split('\n');
    expect(lines).toContain('_Alignas(8) const uint8_t bench_image_1[] = { 1, 2, 255 };');
    expect(lines).toContain(
      'const bench_case_t bench_cases[] = { { BENCH_HOOK, NULL, 0, 0 }, { BENCH_LOAD, bench_image_1, 3, 1 } };',
    );
    expect(lines).toContain('const uint32_t bench_case_count = 2;');
    expect(lines).toContain('const uint32_t bench_helper_ids[] = { 32, 96, 0 };');
    expect(lines).toContain('const uint32_t bench_features = 5u;');
  });
});

describe('versions of tools', () => {
  it.each([
    ['arm-none-eabi-gcc (15:12.2.rel1-1) 12.2.1 20221205', '12.2.1 20221205'],
    ['cc (Debian 12.2.0-14+deb12u1) 12.2.0', '12.2.0'],
    ['QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright', '7.2.22'],
    ['Debian clang version 19.1.7 (3~deb12u1)', '19.1.7'],
    ['xtensa-lx106-elf-gcc (GCC) 12.2.0', '12.2.0'],
    ['a tool', 'a tool'],
  ])('%s', (said, version) => {
    expect(versionIn(said)).toBe(version);
  });
});
