// SPDX-License-Identifier: MIT
import { describe } from 'vitest';
import { REPRESENTATIVES, SUBJECTS } from '../differential/targets.js';
import { conformance } from './native.js';

/** The quick tests take one target of each kind. */
const CHOSEN = Number(process.env.FCC_RUNS ?? 0) >= 2000 ? SUBJECTS : REPRESENTATIVES;

describe.each(CHOSEN)('conformance vectors in the simulator of $name', ({ target }) => conformance('sim', target));
