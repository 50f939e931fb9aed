// SPDX-License-Identifier: MIT
import type { Circumstances } from './document.js';

/** Compiler levels that the runtime is counted at. */
export const RUNTIME_LEVELS = ['-Os', '-O2'] as const;
export type RuntimeLevel = (typeof RUNTIME_LEVELS)[number];

export const RUNTIME_GROUPS = ['rom', 'ram', 'counts'] as const;
export type RuntimeGroup = (typeof RUNTIME_GROUPS)[number];

/** One thing that is measured: a line of the tables. */
export interface RuntimeItem {
  /** Stays what it is: baselines are compared by it. */
  readonly key: string;
  readonly group: RuntimeGroup;
  readonly title: string;
  /** Not more than this, on the core of GOAL_CORE; at `-Os`, if counted. null: no goal. */
  readonly goal: number | null;
}

/** One figure; null: not measured. */
export interface RuntimeFigure {
  readonly key: string;
  /** Sizes are those of `-Os`. */
  readonly level: RuntimeLevel;
  readonly value: number | null;
}

/** What was measured on one target. */
export interface RuntimeResult {
  readonly target: string;
  readonly items: readonly RuntimeItem[];
  readonly figures: readonly RuntimeFigure[];
  readonly notes: readonly string[];
}

/** Goals were set for this core. */
export const GOAL_CORE = 'cortex-m4';

/** Which source is of which part of the runtime, by its name in runtime-c/src. */
export const PARTS = [
  { key: 'loader', title: 'loader: check, link, run', sources: ['validate.c', 'fcc.c'] },
  { key: 'hooks', title: 'hooks, containers, tenants', sources: ['hooks.c', 'install.c'] },
  { key: 'stores', title: 'key-value stores', sources: ['store.c'] },
  { key: 'enter', title: 'way in and out of containers', sources: ['enter.S'] },
  { key: 'intrinsics', title: 'intrinsics that images call', sources: ['intrinsics.c'] },
  { key: 'helpers', title: 'generic helpers', sources: ['helpers.c'] },
  { key: 'interpreter', title: 'interpreter of eBPF', sources: ['interp.c', 'check-ebpf.c'] },
  { key: 'rbpf', title: 'reader of rBPF images', sources: ['rbpf.c'] },
  {
    key: 'update',
    title: 'updates over the air, crypto apart',
    sources: [
      'manifest.c',
      'update.c',
      'update-place.c',
      'update-record.c',
      'update-report.c',
      'coap.c',
      'coap-url.c',
      'update-coap.c',
      'update-coap-server.c',
    ],
  },
] as const;

/** Parts that make up the sums. */
export const SUMS = [
  { key: 'rom.loader', title: 'loader', parts: ['loader'], goal: 1024 },
  { key: 'rom.core', title: 'core: loader, hooks, stores', parts: ['loader', 'hooks', 'stores'], goal: 3072 },
] as const;

/** Memory of the firmware, by the arrays of runtime-c/bench/ram.c. */
export const RAM_ITEMS: readonly (RuntimeItem & { readonly symbol: string })[] = [
  ...[0, 2, 4].map((n) => ({
    key: `ram.container.${n}`,
    group: 'ram' as const,
    title: `container with ${n} imports, beside its block`,
    goal: n === 2 ? 100 : null,
    symbol: `ram_container_${n}`,
  })),
  { key: 'ram.slot', group: 'ram', title: 'slot of it', goal: null, symbol: 'ram_slot' },
  { key: 'ram.instance.2', group: 'ram', title: 'instance of it with 2 imports', goal: null, symbol: 'ram_instance_2' },
  { key: 'ram.region', group: 'ram', title: 'each region', goal: null, symbol: 'ram_region' },
  { key: 'ram.tenant', group: 'ram', title: 'tenant', goal: null, symbol: 'ram_tenant' },
  { key: 'ram.hook', group: 'ram', title: 'hook', goal: null, symbol: 'ram_hook' },
  { key: 'ram.store', group: 'ram', title: 'value in a store', goal: null, symbol: 'ram_store_row' },
];

/** Imports of the images whose loading is counted. */
export const IMPORTS = [0, 1, 2, 4] as const;

const counted = (key: string, title: string, goal: number | null = null): RuntimeItem => ({
  key: `counts.${key}`,
  group: 'counts',
  title,
  goal,
});

/** Executed instructions. */
export const COUNT_ITEMS: readonly RuntimeItem[] = [
  counted('hook.0', 'fcc_hook_run, no container'),
  counted('hook.first', 'fcc_hook_run, one container, for the first time'),
  counted('hook.1', 'fcc_hook_run, one container, context as before', 30),
  counted('hook.more', 'each further container, context as before'),
  counted('container', 'of these, the container itself'),
  counted('run', 'fcc_run'),
  counted('enter', 'of it, fcc_enter in and out'),
  ...IMPORTS.map((n) => counted(`load.${n}`, `fcc_load to the first instruction, ${n} imports`, 500 + n)),
  counted('checksum', 'checksum, each byte'),
  counted('interpreted.hook', 'fcc_hook_run, one container interpreted, context as before'),
  counted('interpreted.run', 'fcc_run, interpreted'),
  counted('interpreted.load', 'fcc_load, interpreted'),
];

/** Items of the sizes of some sources. `unknown`: sources that are of no part. */
export function romItems(unknown: readonly string[]): RuntimeItem[] {
  const part = (key: string, title: string): RuntimeItem => ({
    key: `rom.part.${key}`,
    group: 'rom',
    title,
    goal: null,
  });
  return [
    ...PARTS.map(({ key, title }) => part(key, title)),
    ...unknown.map((source) => part(source, source)),
    ...SUMS.map(({ key, title, goal }) => ({ key, group: 'rom' as const, title: `sum: ${title}`, goal })),
  ];
}

/** Figures of the sizes of compiled sources, by name of the source; a part is null if any of its sources is. */
export function romFigures(bytes: ReadonlyMap<string, number | null>, unknown: readonly string[]): RuntimeFigure[] {
  const sum = (sources: readonly string[]): number | null =>
    sources.reduce<number | null>((n, source) => {
      const own = bytes.get(source) ?? null;
      return n === null || own === null ? null : n + own;
    }, 0);
  const at = (key: string, value: number | null): RuntimeFigure => ({ key, level: '-Os', value });
  const sourcesOf = (parts: readonly string[]): string[] =>
    PARTS.flatMap((p) => (parts.includes(p.key) ? [...p.sources] : []));
  return [
    ...PARTS.map(({ key, sources }) => at(`rom.part.${key}`, sum(sources))),
    ...unknown.map((source) => at(`rom.part.${source}`, sum([source]))),
    ...SUMS.map(({ key, parts }) => at(key, sum(sourcesOf(parts)))),
  ];
}

/**
 * Others' figures, for orientation. Source of bytes: the Femto-Containers paper (Middleware 2022, arXiv 2210.03432); of instructions: see the
 * table of engines in peers.ts.
 */
export const PUBLISHED = [
  { name: 'Femto-Containers, bytes of ROM', cortexM4: 2992, esp32: 3968, riscv: 4292 },
  { name: 'CertFC, bytes of ROM', cortexM4: 1378, esp32: 1598, riscv: 1626 },
  { name: 'Femto-Containers, bytes of RAM', cortexM4: 624, esp32: null, riscv: null },
  { name: 'Femto-Containers, instructions of an empty call', cortexM4: 194, esp32: null, riscv: null },
] as const;

/** The --json document of `fcc bench --runtime`. */
export interface RuntimeDocument extends Circumstances {
  readonly schemaVersion: number;
  readonly kind: 'runtime';
  readonly goalCore: string;
  readonly targets: readonly RuntimeResult[];
  readonly published: typeof PUBLISHED;
}

/** Puts what was measured into one document. */
export function runtimeDocument(
  schemaVersion: number,
  targets: readonly RuntimeResult[],
  circumstances: Circumstances,
): RuntimeDocument {
  return { schemaVersion, kind: 'runtime', ...circumstances, goalCore: GOAL_CORE, targets, published: PUBLISHED };
}

/** The figure of an item; null: not measured. */
export function figureOf({ figures }: RuntimeResult, key: string, level: RuntimeLevel): number | null {
  return figures.find((f) => f.key === key && f.level === level)?.value ?? null;
}

/** One figure that is above its goal. */
export interface Missed {
  readonly target: string;
  readonly item: RuntimeItem;
  readonly value: number;
}

/** Figures above their goals, on the core that these are for. */
export function missedGoals({ targets }: RuntimeDocument): Missed[] {
  return targets
    .filter((t) => t.target === GOAL_CORE)
    .flatMap((t) =>
      t.items.flatMap((item) => {
        const value = figureOf(t, item.key, '-Os');
        return item.goal !== null && value !== null && value > item.goal ? [{ target: t.target, item, value }] : [];
      }),
    );
}
