// SPDX-License-Identifier: MIT
import { describe } from 'vitest';
import { conformance } from '../conformance/native.js';
import { PLACES } from './boards.js';

describe.each(PLACES)('conformance vectors under QEMU, $title', ({ target, board, missing }) => {
  describe.runIf(missing === null)('as far as the board has the core', () => conformance('qemu', target, board));
});
