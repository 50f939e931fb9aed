// SPDX-License-Identifier: MIT
import type { Insn } from '../bpf/program.js';

/** A straight run of instructions: entered at the first, left after the last. */
export interface Block {
  /** Index in Cfg.blocks; blocks are in program order, block 0 is the function's entry. */
  readonly id: number;
  /** Slots [start, end). */
  readonly start: number;
  readonly end: number;
  readonly insns: readonly Insn[];
  /**
   * Block ids. jump: [target]; branch: [taken, not taken], the same block twice if both lead there; exit: [];
   * a block cut by a jump target: [next].
   */
  readonly succs: readonly number[];
  /** Block ids, once per edge; unreachable blocks among them. */
  readonly preds: readonly number[];
}
