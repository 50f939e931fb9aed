// SPDX-License-Identifier: MIT

/**
 * What one instruction of a core can do, as far as the optimiser's choice between equal programs depends on it. Data, so that
 * passes know no target: a core states its shape, the passes ask.
 */
export interface Shape {
  /** Largest left shift of an index register in a load or store: 0 for base + index alone, null for no register offsets. */
  readonly indexShift: number | null;
  /** Constant offsets of loads and stores. `scaled`: `max` is for bytes, and so many times as much for larger accesses. */
  readonly offsets: { readonly min: number; readonly max: number; readonly scaled: boolean };
  /** Loads and stores that also advance their base register by a constant. */
  readonly postIncrement: boolean;
  /** Arithmetic sets flags that branches test: comparing with anything but 0 is an instruction of its own. */
  readonly flags: boolean;
  /** Loads and stores of 2 and 4 bytes at any address. */
  readonly unaligned: boolean;
  /** `bswap` of 16 and 32 bits in one instruction, or two. */
  readonly reverse: boolean;
  /** Registers that hold values over a loop, about. */
  readonly registers: number;
}
