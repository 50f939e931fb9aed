// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC03xx: eBPF decoding and structure. */
export const BPF_ERRORS = {
  FCC0301: {
    stage: 'bpf',
    exit: 3,
    title: 'unknown opcode',
    explain: 'The instruction is not in the RFC 9669 opcode table (or is one of the deprecated packet instructions).',
  },
} as const satisfies Record<string, ErrorRow>;
