// SPDX-License-Identifier: MIT
import * as domain from './domain.js';
import type { JoinMode } from './join.js';
import { COARSE } from './thresholds.js';
import { type Combine, giveUp, widening } from './value.js';
import type { Thresholds } from './view.js';

/** Changes of a loop header's state after which widening starts, takes coarser thresholds, none, and gives the value up. */
const WIDEN_AFTER = 1;
const COARSE_AFTER = 12;
const NO_THRESHOLDS_AFTER = 20;
const GIVE_UP_AFTER = 26;
/** After these, rows of relations are only lost; then there are none. */
const FIX_ROWS_AFTER = 3;
const NO_RELATIONS_AFTER = 40;

/** How a state that has changed `visits` times takes in another one. */
export function modeFor(thresholds: Thresholds, visits: number): JoinMode {
  return {
    combine: combineFor(thresholds, visits),
    widen: visits > FIX_ROWS_AFTER,
    loose: visits > NO_RELATIONS_AFTER,
    honest: false,
  };
}

/** The same for bounds and bits alone. */
export function combineFor(thresholds: Thresholds, visits: number): Combine {
  if (visits <= WIDEN_AFTER) return domain.join;
  if (visits > GIVE_UP_AFTER) return giveUp;
  if (visits > NO_THRESHOLDS_AFTER) return widening([]);
  return widening(visits > COARSE_AFTER ? COARSE : thresholds);
}
