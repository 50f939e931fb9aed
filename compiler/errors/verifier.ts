// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC01xx: verifier rejections. */
export const VERIFIER_ERRORS = {
  FCC0107: {
    stage: 'verifier',
    exit: 1,
    title: 'invalid memory access',
    explain:
      'The access can never be inside the memory that the pointer may reach, or the program runs with --strict and the verifier cannot show that it is.',
  },
} as const satisfies Record<string, ErrorRow>;
