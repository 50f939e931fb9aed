// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC06xx: images. */
export const IMAGE_ERRORS = {
  FCC0601: {
    stage: 'image',
    exit: 3,
    title: 'not an fcc image',
    explain: 'The file does not start with the magic number of an fcc image.',
  },
} as const satisfies Record<string, ErrorRow>;
