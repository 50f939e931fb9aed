// SPDX-License-Identifier: MIT
import type { MFunc, RegMask } from '../machine.js';
import { validateMachine } from '../validate-machine.js';
import { allocatePieces } from './allocate.js';
import { checkAllocation } from './check.js';
import { buildIntervals } from './intervals.js';
import { resolve } from './resolve.js';
import type { Allocation, AllocTarget } from './types.js';

export type { ABlock, AInst, Allocation, AllocTarget, Loc } from './types.js';

/**
 * Gives every virtual register of a function a place, and inserts the moves, spills and reloads that this needs. The
 * function itself is not changed. The result has been checked independently; whatever goes wrong is our bug and throws.
 */
export function allocate(fn: MFunc, target: AllocTarget): Allocation {
  validateMachine(fn);
  const allocation = allocateUnchecked(fn, target);
  checkAllocation(allocation, target);
  return allocation;
}

/** The allocation without validation before and check behind it; for tests that look at the two apart. */
export function allocateUnchecked(fn: MFunc, target: AllocTarget): Allocation {
  const { allocationOrder, names } = target.registers;
  let all: RegMask = 0;
  for (const r of allocationOrder) all |= 1 << r;
  const iv = buildIntervals(fn, all >>> 0, Math.min(32, names.length));
  const places = allocatePieces(fn, iv, target.registers, all >>> 0);
  return resolve(fn, iv, places, target);
}
