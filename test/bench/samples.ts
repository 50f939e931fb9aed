// SPDX-License-Identifier: MIT
import { type BenchDocument, benchDocument } from '../../compiler/bench/document.js';
import { COLUMNS, type Column } from '../../compiler/bench/figures.js';
import type { Figures, Measured, Row } from '../../compiler/bench/types.js';

const NOTHING: Figures = { instructions: null, cycles: null, textBytes: null };

/** Instructions of each column; cycles are twice as many, text bytes a tenth. */
export function rowOf(program: string, counts: Partial<Record<Column, number | null>>, more: Partial<Row> = {}): Row {
  const columns = COLUMNS.map((column): [Column, Figures] => {
    const n = counts[column];
    if (n === undefined || n === null) return [column, NOTHING];
    return [column, { instructions: n, cycles: 2 * n, textBytes: n / 10, guards: 0, stackBytes: 16 }];
  });
  const figures = Object.fromEntries(columns) as Record<Column, Figures>;
  return { program, ...figures, accesses: { all: 4, proved: 3 }, notes: [], ...more };
}

export const measured = (rows: readonly Row[], more: Partial<Measured> = {}): Measured => ({
  rows,
  notes: [],
  versions: { gcc: '12.2.1' },
  profile: null,
  ...more,
});

export const documentOf = (rows: readonly Row[], more: Partial<Measured> = {}, target = 'cortex-m4'): BenchDocument =>
  benchDocument(1, target, measured(rows, more), {
    machine: 'a machine',
    date: '2026-01-31T12:00:00Z',
    versions: { fcc: '0.1.0' },
  });

/** Two programs whose ratios are round: with contract 0.5 and 2, guarded 1 and 4. */
export const TWO: readonly Row[] = [
  rowOf('fir', {
    gccO2: 1000,
    gccOs: 1100,
    guarded: 1000,
    contract: 500,
    unguarded: 400,
    interpreter: 50_000,
    contractOs: 550,
  }),
  rowOf(
    'copy/words',
    { gccO2: 200, gccOs: 400, guarded: 800, contract: 400, unguarded: 300, interpreter: 8000, contractOs: 1600 },
    { notes: ['built <twice> & counted "once"'] },
  ),
];
