// SPDX-License-Identifier: MIT
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Target } from '../codegen/target.js';
import type { Level } from '../compile.js';
import { Progress } from './progress.js';
import type { ScaleCost, ScaleJob, ScaleRefusal } from './scale-measure.js';
import { SCALE_SHAPES, type ScaleShape } from './scale-programs.js';
import { type Session, writeJson } from './session.js';
import { table } from './table.js';

/** One program on one target, and how its costs grew from the program of the same shape before it. */
export interface ScaleRow extends Partial<ScaleCost>, Partial<ScaleRefusal> {
  readonly target: string;
  readonly shape: ScaleShape;
  /** Instructions. */
  readonly size: number;
  /** log(cost / cost before) / log(size / size before); null: nothing before, or too little to tell. */
  readonly exponents: Readonly<Record<Measured, number | null>>;
}

/** What is measured; `memory`: what the peak adds to the memory of a process that has compiled a small program. */
const MEASURED = ['verify', 'compile', 'memory'] as const;
type Measured = (typeof MEASURED)[number];

/** Costs below these say nothing of growth: clock ticks, pages of an engine that collects when it likes. */
const LEAST: Readonly<Record<Measured, number>> = { verify: 2, compile: 2, memory: 8 * 2 ** 20 };

export interface ScaleOptions {
  readonly chosen: readonly Target[];
  readonly level: Level;
  readonly sizes: readonly number[];
  readonly json: boolean;
  /** Largest exponent that is right, or null: whatever it is. */
  readonly limit: number | null;
}

/** Measures one job. */
export type MeasureScale = (job: ScaleJob) => Promise<ScaleCost | ScaleRefusal>;

/** Peaks of memory are a process's own, and code that is warm would favour whatever comes last: each job gets a process. */
const inChild: MeasureScale = async (job) => {
  const child = fileURLToPath(new URL('./scale-child.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', child, JSON.stringify(job)]);
  return JSON.parse(stdout);
};

/** `fcc bench --scale`: what programs of each shape cost at each size. Returns 1 if something grows faster than the limit. */
export async function benchScale(session: Session, o: ScaleOptions, measure: MeasureScale = inChild): Promise<number> {
  const jobs = o.chosen.flatMap(({ core }) =>
    SCALE_SHAPES.flatMap((shape) => o.sizes.map((size) => ({ shape, size, target: core.name, level: o.level }))),
  );
  const bar = new Progress(session, 'programs', jobs.length);
  const rows: ScaleRow[] = [];
  for (const [i, job] of jobs.entries()) {
    bar.show(i);
    const cost = await measure(job);
    const before = rows.at(-1);
    const { target, shape, size } = job;
    const same = before?.shape === shape && before.target === target ? before : undefined;
    rows.push({ target, shape, size, ...cost, exponents: exponents(size, cost, same) });
  }
  bar.done();
  const over = rows.filter((r) => o.limit !== null && MEASURED.some((m) => (r.exponents[m] ?? 0) > o.limit!));
  if (o.json) writeJson(session, { level: o.level, limit: o.limit, rows, within: over.length === 0 });
  else {
    session.out(table(HEAD, rows.map(cells)));
    for (const r of over) session.err(`${r.shape} of ${r.size} on ${r.target} grows faster than n^${o.limit}\n`);
  }
  return over.length === 0 ? 0 : 1;
}

type Cost = Partial<ScaleCost> & Partial<ScaleRefusal>;

const amount = (m: Measured, c: Cost): number | undefined =>
  m === 'verify' ? c.verifyMs : m === 'compile' ? c.compileMs : c.peakBytes && c.peakBytes - c.baseBytes!;

function exponents(size: number, now: Cost, before: ScaleRow | undefined): Record<Measured, number | null> {
  const of = (m: Measured): number | null => {
    const [a, b] = [before && amount(m, before), amount(m, now)];
    if (!before || a === undefined || b === undefined || a < LEAST[m] || b < LEAST[m]) return null;
    return Math.log(b / a) / Math.log(size / before.size);
  };
  return { verify: of('verify'), compile: of('compile'), memory: of('memory') };
}

const HEAD = ['target', 'shape', 'instructions', 'verify', '^', 'compile', '^', 'memory', '^', 'text'];

const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

function cells(r: ScaleRow): string[] {
  const { verifyMs, compileMs, peakBytes, baseBytes, textBytes } = r;
  const power = (m: Measured): string => r.exponents[m]?.toFixed(2) ?? '';
  const known = verifyMs !== undefined;
  return [
    r.target,
    r.shape,
    String(r.size),
    known ? milliseconds(verifyMs) : `refused: ${r.refused}`,
    power('verify'),
    known ? milliseconds(compileMs!) : '',
    power('compile'),
    known ? `${mebibytes(baseBytes!)} + ${mebibytes(peakBytes! - baseBytes!)}` : '',
    power('memory'),
    known ? String(textBytes) : '',
  ];
}
