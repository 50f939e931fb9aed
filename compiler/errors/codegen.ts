// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC05xx: code generation and target limits. */
export const CODEGEN_ERRORS = {
  FCC0501: {
    stage: 'codegen',
    exit: 4,
    title: 'not supported by the target',
    explain:
      'The program needs something that the target cannot do, such as a native stack frame beyond the reach of its loads and stores, or, for an image of eBPF text, calls that nest deeper than the interpreter on the device has frames for.',
    wrong: 'one function in which more than a thousand values are alive at once',
    right: 'the same work in parts, or the values in an array',
  },
  FCC0502: {
    stage: 'codegen',
    exit: 1,
    title: 'over a limit of the contract',
    explain:
      'The contract bounds the stack or the instructions of a run, and the compiled program may need more, or has no worst case at all because some loop is not bounded. Native stack and eBPF frames count together; helper bodies do not count.',
    contract: '{ "hook": "fc/timer", "limits": { "instructions": 1000 } }',
    wrong: 'r0 = 0\nagain:\nr0 += 1\nif r0 != 4096 goto again\nexit',
    right: 'r0 = 0\nagain:\nr0 += 1\nif r0 != 64 goto again\nexit',
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
