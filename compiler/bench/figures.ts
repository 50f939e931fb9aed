// SPDX-License-Identifier: MIT
import { ENGINES, type Figures, type Row } from './types.js';

/** The columns of a row: the engines, and fcc on the object that clang -Os made. */
export const COLUMNS = [...ENGINES, 'contractOs'] as const;
export type Column = (typeof COLUMNS)[number];

/** Figures that a column may have; less is better for each. */
export const METRICS = [
  'instructions',
  'cycles',
  'textBytes',
  'stackBytes',
  'guards',
  'loadInstructions',
  'enterInstructions',
] as const satisfies readonly (keyof Figures)[];
export type Metric = (typeof METRICS)[number];

/** How people read a column's name. */
export const COLUMN_TITLES: Readonly<Record<Column, string>> = {
  gccO2: 'gcc -O2',
  gccOs: 'gcc -Os',
  guarded: 'fcc guarded',
  contract: 'fcc contract',
  unguarded: 'fcc unguarded',
  interpreter: 'interpreter',
  contractOs: 'fcc -Os object',
};

/** How people read a metric's name. */
export const METRIC_TITLES: Readonly<Record<Metric, string>> = {
  instructions: 'executed instructions',
  cycles: 'estimated cycles',
  textBytes: 'text bytes',
  stackBytes: 'stack bytes',
  guards: 'guards executed',
  loadInstructions: 'instructions to load',
  enterInstructions: 'instructions to enter and leave',
};

/** The figure, or null where it was not measured. */
export const figure = (row: Row, column: Column, metric: Metric): number | null => row[column][metric] ?? null;

/** `a / b`, or null where either is unknown or there is nothing to divide by. */
export function ratio(a: number | null, b: number | null): number | null {
  return a === null || b === null || b === 0 ? null : a / b;
}

/** Geometric mean of the ratios that are known and above zero; null: there are none. */
export function geomean(ratios: readonly (number | null)[]): number | null {
  const logs = ratios.flatMap((r) => (r !== null && r > 0 ? [Math.log(r)] : []));
  return logs.length === 0 ? null : Math.exp(logs.reduce((a, b) => a + b) / logs.length);
}

/** Columns that are held against gcc -O2. */
export const COMPARED = [
  'gccOs',
  'guarded',
  'contract',
  'unguarded',
  'interpreter',
] as const satisfies readonly Column[];
type Compared = (typeof COMPARED)[number];

/** Geometric means over the rows of one target; null: no row has both figures. */
export interface Geomeans extends Readonly<Record<Compared, number | null>> {
  /** Text of fcc on the -Os object to text of gcc -Os. */
  readonly textBytes: number | null;
  /** Text of fcc on the -O2 object to text of gcc -O2. */
  readonly textBytesO2: number | null;
}

/** Geometric mean over the rows of one column's figure to another's. */
export const meanRatio = (rows: readonly Row[], metric: Metric, column: Column, base: Column): number | null =>
  geomean(rows.map((r) => ratio(figure(r, column, metric), figure(r, base, metric))));

/** Of executed instructions (of cycles, where `metric` says so) to those of gcc -O2, and of bytes. */
export function geomeans(rows: readonly Row[], metric: 'instructions' | 'cycles' = 'instructions'): Geomeans {
  const of = (column: Compared): number | null => meanRatio(rows, metric, column, 'gccO2');
  return {
    gccOs: of('gccOs'),
    guarded: of('guarded'),
    contract: of('contract'),
    unguarded: of('unguarded'),
    interpreter: of('interpreter'),
    textBytes: meanRatio(rows, 'textBytes', 'contractOs', 'gccOs'),
    textBytesO2: meanRatio(rows, 'textBytes', 'contract', 'gccO2'),
  };
}

/** How many rows are in each mean of `geomeans`. */
export function programsIn(rows: readonly Row[]): { readonly all: number } & Readonly<Record<keyof Geomeans, number>> {
  const both = (metric: Metric, column: Column, base: Column): number =>
    rows.filter((r) => (ratio(figure(r, column, metric), figure(r, base, metric)) ?? 0) > 0).length;
  const of = (column: Compared): number => both('instructions', column, 'gccO2');
  return {
    all: rows.length,
    gccOs: of('gccOs'),
    guarded: of('guarded'),
    contract: of('contract'),
    unguarded: of('unguarded'),
    interpreter: of('interpreter'),
    textBytes: both('textBytes', 'contractOs', 'gccOs'),
    textBytesO2: both('textBytes', 'contract', 'gccO2'),
  };
}

/** The row whose column is furthest above gcc -O2 in executed instructions; null: no ratio is known. */
export function worst(rows: readonly Row[], column: Compared): { program: string; ratio: number } | null {
  let found: { program: string; ratio: number } | null = null;
  for (const row of rows) {
    const r = ratio(row[column].instructions, row.gccO2.instructions);
    if (r !== null && (found === null || r > found.ratio)) found = { program: row.program, ratio: r };
  }
  return found;
}

/** Memory accesses of all rows, and how many of them the verifier proved. */
export function accesses(rows: readonly Row[]): { all: number; proved: number; share: number | null } {
  const all = rows.reduce((n, r) => n + r.accesses.all, 0);
  const proved = rows.reduce((n, r) => n + r.accesses.proved, 0);
  return { all, proved, share: ratio(proved, all) };
}
