// SPDX-License-Identifier: MIT
import { describe } from 'vitest';
import { conformance } from './native.js';

describe('conformance vectors in the simulator', () => conformance('sim'));
