// SPDX-License-Identifier: MIT
import {
  COUNT_ITEMS,
  IMPORTS,
  RAM_ITEMS,
  RUNTIME_LEVELS,
  type RuntimeDocument,
  type RuntimeFigure,
  type RuntimeLevel,
  type RuntimeResult,
  romFigures,
  romItems,
  runtimeDocument,
} from '../bench/runtime.js';
import { compareRuntime, parseRuntime } from '../bench/runtime-baseline.js';
import { runtimeHtml } from '../bench/runtime-html.js';
import { runtimeText } from '../bench/runtime-text.js';
import { assemble } from '../bpf/asm.js';
import type { Program } from '../bpf/program.js';
import type { Target } from '../codegen/target.js';
import { compile } from '../compile.js';
import { type Contract, DEFAULT_CONTRACT } from '../contract/types.js';
import { ebpfImage } from '../ebpf-image.js';
import {
  countRuntime,
  type RuntimeCase,
  type RuntimeCount,
  runtimeRam,
  runtimeSizes,
  runtimeSources,
  runtimeStand,
  unknownSources,
} from './bench-runtime-build.js';
import { circumstancesOf, versionOf } from './bench-versions.js';
import { standFor } from './engines.js';
import { Progress } from './progress.js';
import { BOARDS } from './qemu-boards.js';
import { has, missingTools, runtimeFolder } from './qemu-build.js';
import { hostCompiler, missingForCounting } from './qemu-count.js';
import { inputName, readText, SCHEMA_VERSION, type Session, usage, writeJson, writeOutputs } from './session.js';

export interface RuntimeOptions {
  readonly chosen: readonly Target[];
  readonly json: boolean;
  /** File to write, `-` being standard output. */
  readonly html: string | null;
  /** Earlier --json document, and how many percent worse is too much. */
  readonly baseline: string | null;
  readonly threshold: number;
}

/** Measures the runtime for one target. */
export type MeasureRuntime = (target: Target) => Promise<RuntimeResult>;

/** What the cases' hook gives: as BENCH_CONTEXT_LENGTH of runtime-c/bench/runtime.h. */
const CONTRACT: Contract = {
  ...DEFAULT_CONTRACT,
  hook: 'bench',
  context: { size: 16, access: 'rw', align: 8, fields: [] },
};

/** Helpers that images import, and how they are called. */
const HELPERS: readonly (readonly [id: number, text: string])[] = [
  [0x20, 'call 32'],
  [0x60, 'call 96'],
  [0x30, 'r1 = 0\ncall 48'],
  [0x31, 'r1 = 0\ncall 49'],
];

/** A container that imports so many helpers, and calls each; without any it is trivial. */
const program = (imports: number): Program =>
  assemble(
    `entry main:\n${HELPERS.slice(0, imports)
      .map(([, text]) => `${text}\n`)
      .join('')}r0 = 1\nexit`,
  );

/** Containers of a hook: none apart. */
const SOME = [1, 3] as const;
/** Bytes whose checksums are counted. */
const SHORT = 256;
const LONG = 512;

/**
 * `fcc bench --runtime`: bytes of ROM and RAM of the C runtime, and instructions that it executes around a container. Returns 1 if
 * a figure is worse than the baseline's by more than the threshold. Errors: FCC0703 for the baseline, FCC0801 to FCC0803.
 */
export async function benchRuntime(
  session: Session,
  o: RuntimeOptions,
  measure: MeasureRuntime = measureRuntime,
): Promise<number> {
  if (runtimeFolder() === null) throw usage('the folder runtime-c with the sources of the runtime is missing');
  if (o.json && o.html === '-') throw usage('--json and another output both go to standard output');
  const before =
    o.baseline === null ? null : parseRuntime(readText(session, o.baseline), inputName(o.baseline), SCHEMA_VERSION);
  const bar = new Progress(session, 'targets', o.chosen.length);
  const results: RuntimeResult[] = [];
  for (const [i, target] of o.chosen.entries()) {
    bar.show(i);
    results.push(await measure(target));
  }
  bar.done();
  const doc: RuntimeDocument = runtimeDocument(SCHEMA_VERSION, results, circumstancesOf(toolsOf(o.chosen)));
  if (o.json) writeJson(session, { ...doc });
  else if (o.html !== '-') session.out(runtimeText(doc));
  if (o.html !== null) writeOutputs(session, [[o.html, runtimeHtml(doc)]]);
  if (before === null) return 0;
  const { worse, better } = compareRuntime(doc.targets, before, o.threshold);
  for (const line of worse) session.err(`worse: ${line}\n`);
  for (const line of better) session.err(`better: ${line}\n`);
  return worse.length > 0 ? 1 : 0;
}

/** Tool -> its own word for its version, of those that are there. */
function toolsOf(chosen: readonly Target[]): Record<string, string> {
  const tools = chosen.flatMap((target) => {
    const stand = runtimeStand(target);
    return stand ? [stand.tools.gcc, BOARDS[stand.board]!.emulator] : [];
  });
  const host = hostCompiler();
  const all = [...new Set([...tools, ...(host === null ? [] : [host])])].filter(has);
  return Object.fromEntries(all.map((tool) => [tool, versionOf(tool)]));
}

/** Measures what can be measured here; what cannot is null, with a note. Errors: FCC0802, FCC0803. */
export async function measureRuntime(target: Target): Promise<RuntimeResult> {
  const stand = runtimeStand(target);
  const sources = runtimeSources(target);
  const unknown = unknownSources(sources);
  const items = [...romItems(unknown), ...RAM_ITEMS, ...COUNT_ITEMS];
  const result = (figures: readonly RuntimeFigure[], notes: readonly string[]): RuntimeResult => ({
    target: target.core.name,
    items: items.map(({ key, group, title, goal }) => ({ key, group, title, goal })),
    figures,
    notes,
  });
  if (stand === null) return result([], ['no packaged C compiler for it']);
  const { packages } = BOARDS[stand.board]!;
  if (!has(stand.tools.gcc))
    return result([], [`not installed: ${stand.tools.gcc} (apt-get install ${packages.join(' ')})`]);
  const sizes = [...romFigures(await runtimeSizes(stand, sources), unknown), ...(await runtimeRam(stand))];
  const missing = missingTools(BOARDS[stand.board]!);
  const uncounted = missing.length > 0 ? `not installed: ${missing.join(', ')}` : missingForCounting();
  if (uncounted !== null) return result(sizes, [`${uncounted}: nothing is counted`]);
  const counts: RuntimeFigure[] = [];
  for (const level of RUNTIME_LEVELS) counts.push(...(await countsOf(target, level)));
  return result([...sizes, ...counts], []);
}

/** Executed instructions of the runtime, compiled at one level. Errors: FCC0802, FCC0803. */
async function countsOf(target: Target, level: RuntimeLevel): Promise<RuntimeFigure[]> {
  const stand = runtimeStand(target)!;
  const native = imports(standFor('qemu', target).target);
  const trivial = native[0]!;
  const sum = (count: number): RuntimeCase => ({ kind: 'SUM', image: null, count });
  const cases: RuntimeCase[] = [
    { kind: 'HOOK', image: null, count: 0 },
    { kind: 'HOOK', image: trivial, count: 1 },
    ...SOME.map((count): RuntimeCase => ({ kind: 'AGAIN', image: trivial, count })),
    { kind: 'RUN', image: trivial, count: 1 },
    ...native.map((image): RuntimeCase => ({ kind: 'LOAD', image, count: 1 })),
    sum(SHORT),
    sum(LONG),
  ];
  const helpers = HELPERS.map(([id]) => id);
  const done = await countRuntime(stand, target, level, cases, { interpreter: false, helpers });
  const ebpf = ebpfImage(program(0), { contract: CONTRACT });
  const interpreted = await countRuntime(
    stand,
    target,
    level,
    [
      { kind: 'AGAIN', image: ebpf, count: 1 },
      { kind: 'LOAD', image: ebpf, count: 1 },
      { kind: 'RUN', image: ebpf, count: 1 },
    ],
    { interpreter: true, helpers },
  );
  return figuresOf(done, interpreted).map(([key, value]) => ({ key: `counts.${key}`, level, value }));
}

/** Images of containers with so many imports as IMPORTS says. */
function imports(target: Target): Uint8Array[] {
  return IMPORTS.map((n) => {
    const compiled = compile(program(n), { target, contract: CONTRACT });
    if (compiled.kind === 'rejected') throw new Error('a program of the bench is rejected');
    return compiled.image;
  });
}

const all = ({ before, inside, behind }: RuntimeCount): number => before + inside + behind;

/** The figures of counts in the order of `countsOf`. */
function figuresOf(
  native: readonly RuntimeCount[],
  ebpf: readonly RuntimeCount[],
): [key: string, value: number | null][] {
  const [none, first, one, three, run, ...rest] = native as [
    ...[RuntimeCount, RuntimeCount, RuntimeCount, RuntimeCount, RuntimeCount],
    ...RuntimeCount[],
  ];
  const loads = rest.slice(0, IMPORTS.length);
  const [short, long] = rest.slice(IMPORTS.length) as [RuntimeCount, RuntimeCount];
  const [hook, load, interpretedRun] = ebpf as [RuntimeCount, RuntimeCount, RuntimeCount];
  return [
    ['hook.0', all(none)],
    ['hook.first', all(first)],
    ['hook.1', all(one)],
    ['hook.more', (all(three) - all(one)) / 2],
    ['container', one.inside],
    ['run', all(run)],
    ['enter', run.enter],
    ...loads.map((l, i): [string, number] => [`load.${IMPORTS[i]}`, l.before]),
    ['checksum', (all(long) - all(short)) / (LONG - SHORT)],
    ['interpreted.hook', all(hook)],
    ['interpreted.run', all(interpretedRun)],
    ['interpreted.load', all(load) - all(interpretedRun)],
  ];
}
