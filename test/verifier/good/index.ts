// SPDX-License-Identifier: MIT
import type { GoodRow } from '../rows.js';
import { ARITH } from './arith.js';
import { COMPARE } from './compare.js';
import { LOOPS } from './loops.js';
import { MEMORY } from './memory.js';

/** Programs that never go outside, and that need no guard under their contract. */
export const GOOD: readonly GoodRow[] = [...COMPARE, ...ARITH, ...LOOPS, ...MEMORY];
