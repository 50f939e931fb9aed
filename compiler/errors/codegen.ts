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
} as const satisfies Record<string, ErrorRow>;
