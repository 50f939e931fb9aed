// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC00xx: command line. */
export const USAGE_ERRORS = {
  FCC0001: {
    stage: 'usage',
    exit: 2,
    title: 'bad command line',
    explain:
      'The command, an option or its value is not one that fcc knows. The message names it and what would be accepted.',
  },
} as const satisfies Record<string, ErrorRow>;
