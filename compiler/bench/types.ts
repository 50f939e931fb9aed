// SPDX-License-Identifier: MIT

/** Ways to run one program that the benchmark compares. */
export const ENGINES = ['gccO2', 'gccOs', 'guarded', 'contract', 'unguarded', 'interpreter'] as const;
export type BenchEngine = (typeof ENGINES)[number];

/** One way's figures. null: not measured, `Row.notes` says why. */
export interface Figures {
  /** Executed native instructions from the program's first to its return; routines of library or runtime count, helpers do not. */
  readonly instructions: number | null;
  /** Estimated cycles by the core's cost table. */
  readonly cycles: number | null;
  /** Code with its literal pools, trap table and shared trap code; constants apart. */
  readonly textBytes: number | null;
  /** Native stack and frames in bytes, as far as known. */
  readonly stackBytes?: number | null;
  /** Guards executed (guarded and contract). */
  readonly guards?: number | null;
  /** Instructions of checking and loading the image, and of entering and leaving it, apart from `instructions`. */
  readonly loadInstructions?: number | null;
  readonly enterInstructions?: number | null;
}

/** What a counting run says of one address: the basis of instructions and cycles. */
export interface Executed {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly count: number;
  /** How often the next instruction executed was not the one behind it. */
  readonly taken: number;
}

export interface Row extends Readonly<Record<BenchEngine, Figures>> {
  /** Entry point, with its object where an object has several: "memory_copy/copy_bytes". */
  readonly program: string;
  /** fcc at its smallest on the object that clang -Os made, to hold against gccOs: text bytes above all. */
  readonly contractOs: Figures;
  readonly accesses: { readonly all: number; readonly proved: number };
  /** Results that differ from the interpreter's and runs that trapped: such a figure is null, and the benchmark fails. */
  readonly errors?: readonly string[];
  readonly notes: readonly string[];
}

/** One object or source file to measure. */
export interface BenchJob {
  /** For messages and progress: "fir". */
  readonly name: string;
  /** eBPF object, or null: it is built from the source. */
  readonly object: string | null;
  /** C source, or null: looked for beside the object. */
  readonly source: string | null;
}

export interface MeasureOptions {
  /** Collect `Measured.profile`. */
  readonly profile: boolean;
  /** Told after each job how many are done. */
  readonly progress: (done: number) => void;
}

/** What measuring jobs on one target gives. */
export interface Measured {
  readonly rows: readonly Row[];
  /** What holds for the whole run: a compiler that is missing, a core that another stands for. */
  readonly notes: readonly string[];
  /** Tool -> version as it says it of itself. */
  readonly versions: Readonly<Record<string, string>>;
  /** The hottest addresses per program, as text; null where not asked for. */
  readonly profile: string | null;
}
