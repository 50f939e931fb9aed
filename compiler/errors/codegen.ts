// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC05xx: code generation and target limits. */
export const CODEGEN_ERRORS = {
  FCC0501: {
    stage: 'codegen',
    exit: 4,
    title: 'not supported by the target',
    explain:
      'The program uses something that code generation for this target does not support. For now these are atomic operations and indirect calls; the interpreter runs both.',
    wrong: '__sync_fetch_and_add(&counter, 1);',
    right: 'counter++;  (a container runs in one thread, and nothing else writes its globals)',
  },
  FCC0502: {
    stage: 'codegen',
    exit: 1,
    title: 'over a limit of the contract',
    explain:
      'The contract bounds the stack or the instructions of a run, and the compiled program may need more, or has no worst case at all because some loop is not bounded. Native stack and eBPF frames count together; helper bodies do not count.',
    wrong: '"limits": {"instructions": 1000} and a loop of 4096 rounds',
    right: '"limits": {"instructions": 100000}, or a loop of 64 rounds',
  },
  FCC0510: {
    stage: 'codegen',
    exit: 4,
    title: 'text too large for the branches of the target',
    explain:
      'A branch, call or check would have to reach further than any encoding of it can. The text of one image is limited by the reach of conditional branches to the trap table at its end (1 MiB on Thumb-2).',
    wrong: 'one object with all programs of a device in it',
    right: 'one object and one image per hook, or fcc compile --function NAME',
  },
} as const satisfies Record<string, ErrorRow>;
