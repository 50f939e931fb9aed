// SPDX-License-Identifier: MIT
import type { Insn } from '../bpf/program.js';
import type { ErrorCode } from '../errors/index.js';
import type { Scalar } from './domain.js';
import type { AccessFact, HelperArgFact, IndirectFact, Region } from './facts.js';
import type { State } from './state.js';
import type { Abs, Leaks } from './value.js';

/** A refusal as the analysis finds it; diagnostics adds place, path and source. `reg`: the register whose value is to blame. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly note?: string;
  readonly reason?: string;
  readonly help?: string;
  readonly expected?: string;
  readonly reg?: number;
  /** Smaller is more important; refusals of one rank are listed in program order. */
  readonly rank?: number;
}

/**
 * What a walk over the program tells. While the fixpoint is sought nobody listens (SILENT, but for calls and exits); the
 * last walk collects facts and refusals.
 */
export interface Report extends Leaks {
  /** Before each instruction. */
  enter(insn: Insn, state: State): void;
  access(insn: Insn, fact: AccessFact): void;
  helperArgs(insn: Insn, facts: readonly HelperArgFact[]): void;
  callees(insn: Insn, fact: IndirectFact): void;
  branch(insn: Insn, fate: 'always' | 'never'): void;
  /** At the first instruction of a loop: edges back to it are taken at most so often each time it is entered. */
  loop(first: Insn, rounds: number): void;
  result(insn: Insn, value: Scalar): void;
  /** A frame's bytes from `deepest` (negative, from r10) up may be accessed; null: any byte. */
  touched(func: number, deepest: number | null): void;
  /** Bytes of a frame may be read before they were written. */
  uninitialised(func: number): void;
  /** Some function reads memory at an unknown address, or a frame that is not its own. */
  foreignRead(region: Region | null): void;
  refuse(insn: Insn, state: State, refusal: Refusal): void;
}

export const SILENT: Report = {
  leakFrame: () => {},
  enter: () => {},
  access: () => {},
  helperArgs: () => {},
  callees: () => {},
  branch: () => {},
  loop: () => {},
  result: () => {},
  touched: () => {},
  uninitialised: () => {},
  foreignRead: () => {},
  refuse: () => {},
};

/** What a function does to its callers: its result, and whose frames it may write or read. */
export interface Summary {
  /** undefined: not initialised on some way out. */
  readonly result: Abs | undefined;
  readonly writes: ReadonlySet<number>;
  readonly writesAnywhere: boolean;
  /** It may read a frame that is not its own. */
  readonly readsFrames: boolean;
}
