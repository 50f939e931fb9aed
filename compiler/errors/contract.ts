// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC04xx: hook contracts. */
export const CONTRACT_ERRORS = {
  FCC0401: {
    stage: 'contract',
    exit: 3,
    title: 'malformed contract',
    explain: 'The hook contract is not valid JSON or does not follow the schema.',
  },
} as const satisfies Record<string, ErrorRow>;
