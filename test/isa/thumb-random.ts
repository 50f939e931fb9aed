// SPDX-License-Identifier: MIT
import { decodeRow, type ItPosition, type Row } from '../../backends/thumb/isa-codec.js';
import type { Random } from '../differential/random.js';

/** Operands of a random word of this row that the manual defines at `address`. Throws if a thousand words give none. */
export function randomOperands(row: Row, random: Random, address: number, position: ItPosition): number[] {
  for (let tries = 0; tries < 1000; tries++) {
    const word = ((random.u32() & ~row.mask) | row.match) >>> 0;
    const operands = decodeRow(row, word, address, position);
    if (operands) return operands;
  }
  throw new Error(`no operands found for ${row.name} ${row.bits}`);
}
