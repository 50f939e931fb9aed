// SPDX-License-Identifier: MIT
import type { BadRow } from '../rows.js';
import { ARITH } from './arith.js';
import { ATTACKS } from './attacks.js';
import { COMPARE } from './compare.js';
import { LOOPS } from './loops.js';
import { MEMORY } from './memory.js';

/** Programs that read or write outside on some input, or always. */
export const BAD: readonly BadRow[] = [...COMPARE, ...ARITH, ...LOOPS, ...MEMORY, ...ATTACKS];
