// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC07xx: running. */
export const RUN_ERRORS = {
  FCC0701: {
    stage: 'run',
    exit: 2,
    title: 'run request does not fit the program',
    explain:
      'The context, a region or an entry name given to run does not fit what the program or its contract declares.',
  },
} as const satisfies Record<string, ErrorRow>;
