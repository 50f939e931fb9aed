// SPDX-License-Identifier: MIT
import { accesses, type Geomeans, geomeans, programsIn, worst } from './figures.js';
import type { Measured, Row } from './types.js';

/** Where and when figures were taken. */
export interface Circumstances {
  /** Processor, number of cores, memory and system of the host. */
  readonly machine: string;
  /** UTC, "2026-01-31T12:00:00Z". */
  readonly date: string;
  /** Tool -> version as it says it of itself. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Figures of one target: the --json document, and what every report is made from. */
export interface BenchDocument extends Circumstances {
  readonly schemaVersion: number;
  readonly target: string;
  readonly rows: readonly Row[];
  /** Ratios to the executed instructions of gcc -O2. */
  readonly geomean: Geomeans;
  /** The same of estimated cycles. */
  readonly geomeanCycles: Geomeans;
  /** How many programs there are, and how many in each mean of `geomean`. */
  readonly programs: { readonly all: number } & Readonly<Record<keyof Geomeans, number>>;
  /** The program whose ratio is the largest, guarded and with contract. */
  readonly worst: Readonly<Record<'guarded' | 'contract', { readonly program: string; readonly ratio: number } | null>>;
  /** Accesses of all programs, with contracts. */
  readonly accesses: { readonly all: number; readonly proved: number; readonly share: number | null };
  readonly notes: readonly string[];
}

/** Puts measured rows, their means and the circumstances into one document. */
export function benchDocument(
  schemaVersion: number,
  target: string,
  { rows, notes, versions }: Measured,
  circumstances: Circumstances,
): BenchDocument {
  return {
    schemaVersion,
    target,
    machine: circumstances.machine,
    date: circumstances.date,
    versions: { ...circumstances.versions, ...versions },
    rows,
    geomean: geomeans(rows),
    geomeanCycles: geomeans(rows, 'cycles'),
    programs: programsIn(rows),
    worst: { guarded: worst(rows, 'guarded'), contract: worst(rows, 'contract') },
    accesses: accesses(rows),
    notes,
  };
}
