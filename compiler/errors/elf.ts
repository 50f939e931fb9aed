// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC02xx: ELF objects. */
export const ELF_ERRORS = {
  FCC0201: {
    stage: 'elf',
    exit: 3,
    title: 'not an eBPF ELF object',
    explain: 'The file is not a 64-bit little-endian ELF relocatable object for machine BPF (247).',
  },
} as const satisfies Record<string, ErrorRow>;
