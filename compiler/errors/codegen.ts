// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC05xx: code generation and target limits. */
export const CODEGEN_ERRORS = {
  FCC0501: {
    stage: 'codegen',
    exit: 4,
    title: 'not supported by the target',
    explain: 'The program uses an instruction that code generation for this target does not support.',
  },
  FCC0510: {
    stage: 'codegen',
    exit: 4,
    title: 'text too large for the branches of the target',
    explain:
      'A branch, call or check would have to reach further than any encoding of it can. The text of one image is limited by the reach of conditional branches to the trap table at its end (1 MiB on Thumb-2).',
  },
} as const satisfies Record<string, ErrorRow>;
