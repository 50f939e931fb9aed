// SPDX-License-Identifier: MIT
import { COLUMNS, COMPARED, type Column, figure, METRICS, meanRatio } from './figures.js';
import type { Baseline } from './parse.js';
import type { Row } from './types.js';

/** One figure that is worse or better than it was. */
export interface Change {
  /** Program, or "geomean". */
  readonly where: string;
  /** "contract.instructions", "accesses.proved"; of a mean the ratio's name. */
  readonly what: string;
  readonly before: number;
  /** null: it was measured before and is not now. */
  readonly now: number | null;
  /** Percent that it is worse by, negative where better; infinite where it was 0 or is not measured any more. */
  readonly percent: number;
}

export interface Comparison {
  readonly target: string;
  /** Worse by more than the threshold, the worst first. */
  readonly worse: readonly Change[];
  /** Better by more than the threshold, the best first. */
  readonly better: readonly Change[];
  /** Rows of the baseline that were not measured. */
  readonly missing: readonly string[];
  /** Rows that the baseline has not. */
  readonly fresh: readonly string[];
  /** Tools whose versions differ: "gcc: 12.2 -> 13.1". */
  readonly versions: readonly string[];
}

/** What is judged: what fcc makes. gcc's own figures are the measure, not the measured. */
const JUDGED = COLUMNS.filter((c) => c !== 'gccO2' && c !== 'gccOs');

function change(where: string, what: string, before: number | null, now: number | null): Change | null {
  if (before === null) return null;
  const worse = now === null || (before === 0 && now > 0);
  const percent = worse ? Number.POSITIVE_INFINITY : before === 0 ? 0 : ((now - before) * 100) / before;
  return { where, what, before, now, percent };
}

function rowChanges(before: Row, now: Row): (Change | null)[] {
  const figures = JUDGED.flatMap((column) =>
    METRICS.map((metric) =>
      change(now.program, `${column}.${metric}`, figure(before, column, metric), figure(now, column, metric)),
    ),
  );
  // Accesses that are not proved: fewer are better, as for all figures.
  const open = (r: Row): number => r.accesses.all - r.accesses.proved;
  return [...figures, change(now.program, 'accesses not proved', open(before), open(now))];
}

/** Means over the rows that both have, so that a program more or less does not move them. */
function meanChanges(before: readonly Row[], now: readonly Row[]): (Change | null)[] {
  const mean = (what: string, metric: 'instructions' | 'cycles' | 'textBytes', column: Column, base: Column) =>
    change('geomean', what, meanRatio(before, metric, column, base), meanRatio(now, metric, column, base));
  const ours = COMPARED.filter((c) => c !== 'gccOs');
  return [
    ...ours.map((c) => mean(c, 'instructions', c, 'gccO2')),
    ...ours.map((c) => mean(`${c} cycles`, 'cycles', c, 'gccO2')),
    mean('textBytes', 'textBytes', 'contractOs', 'gccOs'),
  ];
}

/** Percent that are rounding and no change. */
const NOISE = 1e-9;

/** Holds rows against those of a baseline of the same target; `threshold` in percent. */
export function compare(
  target: string,
  now: { readonly rows: readonly Row[]; readonly versions: Readonly<Record<string, string>> },
  before: Baseline,
  threshold: number,
): Comparison {
  const old = new Map(before.rows.map((r) => [r.program, r]));
  const common = now.rows.filter((r) => old.has(r.program));
  const names = new Set(common.map((r) => r.program));
  const changes = [
    ...meanChanges(
      common.map((r) => old.get(r.program)!),
      common,
    ),
    ...common.flatMap((r) => rowChanges(old.get(r.program)!, r)),
  ].filter((c) => c !== null);
  return {
    target,
    worse: changes.filter((c) => c.percent > threshold + NOISE).sort((a, b) => order(b.percent, a.percent)),
    better: changes.filter((c) => c.percent < -threshold - NOISE).sort((a, b) => order(a.percent, b.percent)),
    missing: before.rows.filter((r) => !names.has(r.program)).map((r) => r.program),
    fresh: now.rows.filter((r) => !old.has(r.program)).map((r) => r.program),
    versions: Object.entries(now.versions).flatMap(([tool, version]) => {
      const was = before.versions[tool];
      return was === undefined || was === version ? [] : [`${tool}: ${was} -> ${version}`];
    }),
  };
}

/** Comparison of two percentages, infinite ones too. */
const order = (a: number, b: number): number => (a === b ? 0 : a - b);

const number = (n: number): string => (Number.isInteger(n) ? String(n) : n.toFixed(3));

/** One change for people: "fir contract.instructions: 6220 -> 6500 (+4.5 %)". */
export function changeText(c: Change): string {
  const now = c.now === null ? 'not measured' : number(c.now);
  const sign = c.percent > 0 ? '+' : '';
  const percent = Number.isFinite(c.percent) ? ` (${sign}${c.percent.toFixed(1)} %)` : '';
  return `${c.where} ${c.what}: ${number(c.before)} -> ${now}${percent}`;
}
