// SPDX-License-Identifier: MIT

/**
 * What one instruction of a core can do, as far as the optimiser's choice between equal programs depends on it. Data, so that
 * passes know no target: a core states its shape, the passes ask.
 */
export interface Shape {
  /** Largest left shift of an index register in a load or store: 0 for base + index alone, null for no register offsets. */
  readonly indexShift: number | null;
  /** Loads and stores that also advance their base register by a constant. */
  readonly postIncrement: boolean;
  /** `select` without a branch: conditional execution or conditional moves. */
  readonly conditional: boolean;
  /** Registers that hold values over a loop, about. */
  readonly registers: number;
}
