// SPDX-License-Identifier: MIT
import type { BenchDocument } from './document.js';
import { COLUMN_TITLES, COMPARED, type Column, figure, geomean, type Metric, ratio } from './figures.js';
import type { Row } from './types.js';

/** A ratio with three significant digits at least where there is room: 0.98, 1.25, 12.3, 174. */
export function ratioText(r: number | null): string {
  return r === null ? '-' : r.toFixed(r >= 99.95 ? 0 : r >= 9.995 ? 1 : 2);
}

/** A count, or `-` where it was not measured. */
export const countText = (n: number | null): string => (n === null ? '-' : String(n));

/** What one table compares: a metric of some columns, with the ratio to one of them. */
export interface TableOf {
  readonly title: string;
  readonly metric: Metric;
  readonly base: Column;
  readonly columns: readonly Column[];
}

const ALL = ['gccO2', 'gccOs', 'guarded', 'contract', 'unguarded', 'interpreter'] as const;

/** The tables of a report, in this order. */
export const COMPARISONS: readonly TableOf[] = [
  { title: 'executed instructions (ratio to gcc -O2)', metric: 'instructions', base: 'gccO2', columns: ALL },
  { title: 'estimated cycles (ratio to gcc -O2)', metric: 'cycles', base: 'gccO2', columns: ALL },
  {
    title: 'text bytes (ratio to gcc -Os)',
    metric: 'textBytes',
    base: 'gccOs',
    columns: ['gccO2', 'gccOs', 'guarded', 'contract', 'unguarded', 'contractOs'],
  },
];

/** Geometric mean of a table's column over all rows; of the base it is 1 if any row has it. */
export const columnMean = (rows: readonly Row[], { metric, base }: TableOf, column: Column): number | null =>
  geomean(rows.map((r) => ratio(figure(r, column, metric), figure(r, base, metric))));

/** What a table says besides: counts that are compared with nothing. */
export interface Extra {
  readonly title: string;
  readonly of: (row: Row) => string;
}

const extra =
  (column: Column, metric: Metric) =>
  (row: Row): string =>
    countText(figure(row, column, metric));

const EXTRAS: readonly Extra[] = [
  { title: 'accesses proved', of: ({ accesses: a }) => `${a.proved}/${a.all}` },
  { title: 'guards: contract', of: extra('contract', 'guards') },
  { title: 'guards: guarded', of: extra('guarded', 'guards') },
  { title: 'stack: gcc -O2', of: extra('gccO2', 'stackBytes') },
  { title: 'stack: contract', of: extra('contract', 'stackBytes') },
  { title: 'to load', of: extra('contract', 'loadInstructions') },
  { title: 'to enter and leave', of: extra('contract', 'enterInstructions') },
];

/** Those that something is known of. */
export const extrasOf = (rows: readonly Row[]): readonly Extra[] =>
  EXTRAS.filter((e) => rows.some((r) => e.of(r) !== '-'));

/** First column to the left, the others to the right, two spaces apart; no trailing blanks. */
function grid(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((r) => (r[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((c, i) => (i === 0 ? c.padEnd(widths[0]!) : c.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [head, ...rows].map((r) => `${line(r)}\n`).join('');
}

/** Count and ratio as one cell, the ratios of a column under each other. */
function cells(rows: readonly Row[], c: TableOf, column: Column): string[] {
  const counts = rows.map((r) => countText(figure(r, column, c.metric)));
  if (column === c.base) return counts;
  const ratios = rows.map((r) => ratioText(ratio(figure(r, column, c.metric), figure(r, c.base, c.metric))));
  const width = Math.max(0, ...ratios.map((r) => r.length));
  return counts.map((n, i) => `${n} ${ratios[i]!.padStart(width)}`);
}

function comparisonText(rows: readonly Row[], c: TableOf): string {
  // A column that nothing was measured of says nothing.
  const columns = c.columns.filter((column) => rows.some((r) => figure(r, column, c.metric) !== null));
  if (columns.length === 0) return '';
  const body = columns.map((column) => cells(rows, c, column));
  const lines = rows.map((r, i) => [r.program, ...body.map((column) => column[i]!)]);
  const means = columns.map((column) => (column === c.base ? '' : ratioText(columnMean(rows, c, column))));
  const head = ['program', ...columns.map((column) => COLUMN_TITLES[column])];
  return `${c.title}\n${grid(head, [...lines, ['geomean', ...means]])}\n`;
}

/** Says of which means some programs are missing. */
export function incompleteMeans({ programs }: BenchDocument): string[] {
  return COMPARED.flatMap((column) => {
    const some = programs[column] > 0 && programs[column] < programs.all;
    return some ? [`geomean of ${COLUMN_TITLES[column]}: ${programs[column]} of ${programs.all} programs`] : [];
  });
}

/** The document as tables for a terminal, notes and circumstances behind them. */
export function benchText(doc: BenchDocument): string {
  const { rows, worst, accesses } = doc;
  const tables = COMPARISONS.map((c) => comparisonText(rows, { ...c, title: `${doc.target}: ${c.title}` }));
  const shown = extrasOf(rows);
  const extras = grid(
    ['program', ...shown.map((e) => e.title)],
    rows.map((r) => [r.program, ...shown.map((e) => e.of(r))]),
  );
  const lines = [
    ...incompleteMeans(doc),
    worst.contract && `worst with contract: ${worst.contract.program} ${ratioText(worst.contract.ratio)}`,
    worst.guarded && `worst guarded: ${worst.guarded.program} ${ratioText(worst.guarded.ratio)}`,
    accesses.share !== null &&
      `accesses proved: ${accesses.proved} of ${accesses.all}, ${(accesses.share * 100).toFixed(1)} %`,
    ...doc.notes.map((n) => `note: ${n}`),
    ...rows.flatMap((r) => r.notes.map((n) => `${r.program}: ${n}`)),
    `${doc.date}, ${doc.machine}`,
    Object.entries(doc.versions)
      .map(([tool, version]) => `${tool} ${version}`)
      .join(', '),
  ].filter((l) => typeof l === 'string' && l !== '');
  return `${tables.join('')}${doc.target}: guards, stack and load\n${extras}\n${lines.map((l) => `${l}\n`).join('')}`;
}
