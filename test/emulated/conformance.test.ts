// SPDX-License-Identifier: MIT
import { describe } from 'vitest';
import { conformance } from '../conformance/native.js';
import { available } from './engine.js';

describe.runIf(available)('conformance vectors under QEMU', () => conformance('qemu'));
