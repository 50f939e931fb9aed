// SPDX-License-Identifier: MIT

/**
 * What instructions are to a core's timing. `jump`, `branch` and `call` have their target in the instruction, `indirect` in a
 * register, `table` in a table in the code; `loadNarrow` is of 8 or 16 bits; `atomic` includes exclusives.
 */
export const KINDS = [
  'alu',
  'multiply',
  'multiplyAdd',
  'multiplyLong',
  'multiplyLongAdd',
  'divide',
  'load',
  'loadNarrow',
  'loadMultiple',
  'store',
  'storeMultiple',
  'atomic',
  'branch',
  'jump',
  'call',
  'indirect',
  'table',
  'system',
  'barrier',
] as const;
export type Kind = (typeof KINDS)[number];

/** One instruction as the cost tables see it. */
export interface Timed {
  readonly kind: Kind;
  /** Registers that a multiple access moves, 1 for all others. */
  readonly registers: number;
}

/** Classifies the bytes of one instruction; null: no instruction that integer code on a microcontroller has. */
export type Classify = (bytes: Uint8Array) => Timed | null;

export const timed = (kind: Kind, registers = 1): Timed => ({ kind, registers });

/** Number of ones in a word of 16 bits. */
export function ones(word: number): number {
  let n = 0;
  for (let rest = word & 0xffff; rest !== 0; rest &= rest - 1) n++;
  return n;
}
