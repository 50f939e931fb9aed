// SPDX-License-Identifier: MIT
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { PARTS, RAM_ITEMS, type RuntimeFigure, type RuntimeLevel } from '../bench/runtime.js';
import type { Target } from '../codegen/target.js';
import { type NativeStand, nativeStand } from './bench-native.js';
import { type Elf32, readElf32 } from './elf32.js';
import { emulate } from './qemu.js';
import { BOARDS } from './qemu-boards.js';
import { runtimeFolder } from './qemu-build.js';
import { type CountedSection, type CountingPlan, countingArgs, readCounts, runTool } from './qemu-count.js';

/** As runtime-c/Makefile. */
const FLAGS = [
  ...['-std=c11', '-ffreestanding', '-nostdlib', '-Wall', '-Wextra', '-fno-tree-loop-distribute-patterns'],
  ...['-ffunction-sections', '-fdata-sections', '-Iinclude'],
];
const INTERPRETER = '-DFCC_INTERPRETER=1';
const COUNTS = 'counts.txt';
/** Time for one boot, which takes a fraction of a second. */
const BOOT_MS = 60_000;
/** What linkers keep for unwinding, which no firmware needs. */
const UNWINDING = /^\.(eh_frame|ARM\.ex)/;
/** Sources that the firmware of the bench goes without. */
const LEFT_OUT: readonly string[] = ['helpers.c', 'rbpf.c', ...PARTS.find((p) => p.key === 'update')!.sources];
/** Sources of the interpreter. */
const INTERPRETED = ['interp.c', 'check-ebpf.c'];

/** memset and memcpy, which compilers call for what initialises and copies structures. */
const MEMORY = ['PART_MEMORY', 'PART_SET'];

const PORTS: Readonly<Record<Target['arch'], string>> = {
  thumb: 'src/port/thumb/enter.S',
  riscv32: 'src/port/riscv/enter.S',
  xtensa: 'src/port/xtensa/enter.S',
};

/** Where C for a core is compiled and run, or null: there is no compiler for its own ABI. */
export function runtimeStand(target: Target): NativeStand | null {
  const stand = nativeStand(target);
  return stand && stand.board === target.core.emulators[0]?.board ? stand : null;
}

/** Sources of the runtime for a core, relative to runtime-c: all C files of src, and its way into containers. */
export function runtimeSources({ arch }: Target): string[] {
  const all = readdirSync(join(runtimeFolder()!, 'src')).filter((name) => name.endsWith('.c'));
  return [...all.sort().map((name) => `src/${name}`), PORTS[arch]];
}

/** Sources that are of no part of PARTS. */
export function unknownSources(sources: readonly string[]): string[] {
  const known: readonly string[] = PARTS.flatMap((p) => [...p.sources]);
  return sources.map((path) => basename(path)).filter((name) => !known.includes(name));
}

/** Does something in a folder that is gone afterwards. */
async function inFolder<T>(make: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'fcc-runtime-'));
  try {
    return await make(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function object({ tools }: NativeStand, source: string, more: readonly string[], out: string): Elf32 {
  runTool(tools.gcc, [...FLAGS, ...tools.processor, ...more, '-c', source, '-o', out], source, runtimeFolder()!);
  return readElf32(readFileSync(out));
}

/** Bytes of code and constants of each source at -Os, by its name. The others are compiled as without the interpreter. Errors: FCC0802. */
export function runtimeSizes(stand: NativeStand, sources: readonly string[]): Promise<Map<string, number>> {
  return inFolder((folder) => {
    const bytes = sources.map((source): [string, number] => {
      const more = INTERPRETED.includes(basename(source)) ? [INTERPRETER] : [];
      const { sections } = object(stand, source, ['-Os', ...more], join(folder, 'object.o'));
      const kept = sections.filter((s) => s.constant && !UNWINDING.test(s.name));
      return [basename(source), kept.reduce((n, s) => n + s.size, 0)];
    });
    return new Map(bytes);
  });
}

/** Sizes of what the firmware keeps in RAM. Errors: FCC0802. */
export async function runtimeRam(stand: NativeStand): Promise<RuntimeFigure[]> {
  const sizes = await arraySizes(stand, 'bench/ram.c');
  return RAM_ITEMS.map(({ key, symbol }): RuntimeFigure => ({ key, level: '-Os', value: sizes.get(symbol) ?? null }));
}

/** Bytes of each array of a source, by its name. Errors: FCC0802. */
export function arraySizes(stand: NativeStand, source: string): Promise<Map<string, number>> {
  return inFolder((folder) => {
    const { symbols } = object(stand, source, ['-Os', '-fno-common'], join(folder, 'arrays.o'));
    return new Map(symbols.map(({ name, size }) => [name, size]));
  });
}

/** What runtime-c/bench/runtime.c is to do: BENCH_HOOK and so on of runtime.h. */
export interface RuntimeCase {
  readonly kind: 'HOOK' | 'AGAIN' | 'RUN' | 'LOAD' | 'SUM';
  readonly image: Uint8Array | null;
  /** Containers, or bytes. */
  readonly count: number;
}

/** The list of cases, in C; images stand in flash, aligned. */
export function casesSource(cases: readonly RuntimeCase[], helpers: readonly number[], features: number): string {
  const images = cases.flatMap(({ image }, i) =>
    image === null ? [] : [`_Alignas(8) const uint8_t bench_image_${i}[] = { ${[...image].join(', ')} };`],
  );
  const rows = cases.map(({ kind, image, count }, i) => {
    const bytes = image === null ? 'NULL, 0' : `bench_image_${i}, ${image.length}`;
    return `{ BENCH_${kind}, ${bytes}, ${count} }`;
  });
  return [
    '#include <stddef.h>',
    '#include "runtime.h"',
    ...images,
    `const bench_case_t bench_cases[] = { ${rows.join(', ')} };`,
    `const uint32_t bench_case_count = ${cases.length};`,
    `const uint32_t bench_helper_ids[] = { ${[...helpers, 0].join(', ')} };`,
    `const uint32_t bench_features = ${features}u;`,
    '',
  ].join('\n');
}

/** What one case executed. */
export interface RuntimeCount {
  /** Up to the first instruction of a container; all of it if there is none, or it is interpreted. */
  readonly before: number;
  /** Of containers. */
  readonly inside: number;
  /** Behind the first instruction of a container, without those of containers. */
  readonly behind: number;
  /** Of all these, in the port's fcc_enter. */
  readonly enter: number;
}

/** First and last address of a symbol with a size. */
const rangeOf = (elf: Elf32, test: (name: string) => boolean) =>
  elf.symbols.flatMap((s) => (test(s.name) && s.size > 0 ? [[s.address, s.address + s.size - 1] as const] : []));

const BEFORE = 1;
const BEHIND = 2;

function planOf(elf: Elf32): CountingPlan {
  const start = ['fcc_hook_run', 'fcc_run', 'fcc_load', 'fcc_crc32'];
  const entries = elf.symbols.filter((s) => start.includes(s.name));
  const own = rangeOf(
    elf,
    (name) => name === 'main' || (name.startsWith('bench_') && !name.startsWith('bench_image_')),
  );
  const images = rangeOf(elf, (name) => name.startsWith('bench_image_'));
  return {
    shift: 0,
    marks: [
      ...entries.map((s) => [s.address, s.address, BEFORE] as const),
      ...images.map(([first, last]) => [first, last, BEHIND] as const),
      ...own.map(([first, last]) => [first, last, 0] as const),
    ],
    cuts: elf.symbols.filter((s) => s.name === 'bench_cut').map((s) => s.address),
  };
}

function countOf(section: CountedSection, elf: Elf32): RuntimeCount {
  const images = rangeOf(elf, (name) => name.startsWith('bench_image_'));
  const at = (name: string): number => elf.symbols.find((s) => s.name === name)?.address ?? 0;
  // The way in is one piece, up to what ends a container from elsewhere.
  const gate = [at('fcc_enter'), Math.min(...['fcc_trapped', 'fcc_abort'].map(at).filter((a) => a > at('fcc_enter')))];
  const sum = { before: 0, inside: 0, behind: 0, enter: 0 };
  for (const { address, banks } of section) {
    const counts = [banks[BEFORE - 1]!.count, banks[BEHIND - 1]!.count] as const;
    const inside = images.some(([first, last]) => address >= first && address <= last);
    sum.before += counts[0];
    if (inside) sum.inside += counts[1];
    else sum.behind += counts[1];
    if (address >= gate[0]! && address < gate[1]!) sum.enter += counts[0] + counts[1];
  }
  return sum;
}

/**
 * Builds the firmware of the bench with these cases, runs it and counts. `interpreter`: with the interpreter of eBPF. Errors: FCC0802 if
 * it does not build, FCC0803 if the emulator or a case fails, FCC0801 without a compiler for the counting plug-in.
 */
export function countRuntime(
  stand: NativeStand,
  target: Target,
  level: RuntimeLevel,
  cases: readonly RuntimeCase[],
  { interpreter, helpers }: { interpreter: boolean; helpers: readonly number[] },
): Promise<RuntimeCount[]> {
  const { tools, board } = stand;
  const root = runtimeFolder()!;
  return inFolder(async (folder) => {
    const list = join(folder, 'cases.c');
    writeFileSync(list, casesSource(cases, helpers, target.core.featureBits));
    const left = interpreter ? LEFT_OUT : [...LEFT_OUT, ...INTERPRETED];
    const sources = runtimeSources(target).filter((source) => !left.includes(basename(source)));
    const memory = MEMORY.map((part) => {
      const out = join(folder, `${part}.o`);
      object(stand, 'bench/library.c', [level, `-D${part}`], out);
      return out;
    });
    const firmware = join(folder, 'runtime.elf');
    const own = [`-I${join(root, 'bench')}`, ...(interpreter ? [INTERPRETER] : []), ...tools.defines];
    const link = [
      '-nostartfiles',
      '-Wl,--gc-sections',
      '-Wl,--build-id=none',
      '-Wl,--no-warn-rwx-segments',
      ...tools.link,
    ];
    runTool(
      tools.gcc,
      [
        ...[...FLAGS, level, ...tools.processor, ...own, ...link, 'bench/runtime.c', list, ...memory],
        ...[...sources, ...tools.sources, '-lgcc', '-o', firmware],
      ],
      'the firmware of the bench',
      root,
    );
    const elf = readElf32(readFileSync(firmware));
    await emulate(BOARDS[board]!, firmware, folder, BOOT_MS, countingArgs(planOf(elf), COUNTS));
    const sections = readCounts(readFileSync(join(folder, COUNTS), 'latin1'));
    // What lies between two cuts is a case, what lies before and behind prepares and judges it.
    return cases.map((_, i) => countOf(sections[2 * i + 1] ?? [], elf));
  });
}
