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
    wrong: 'fcc run counter.o --contract timer.json --ctx hex:00  (the contract says: context of 8 bytes)',
    right: 'fcc run counter.o --contract timer.json --ctx hex:0000000000000000',
  },
  FCC0702: {
    stage: 'run',
    exit: 3,
    title: 'malformed test vector',
    explain:
      'A line of a test vector file is not a JSON object with name, program_hex, memory_hex and exactly one of expected_r0 and expected_error. The message gives the line.',
    wrong: '{"name": "one", "program_hex": "b70000000100000095", "expected_r0": "1"}',
    right:
      '{"name": "one", "program_hex": "b7000000010000009500000000000000", "memory_hex": null, "expected_r0": "0x1"}',
  },
  FCC0703: {
    stage: 'run',
    exit: 3,
    title: 'malformed baseline',
    explain:
      'The file given to `fcc bench --baseline` is not a document, or array of documents, that `fcc bench --json` of this schema version writes. The message says where in it.',
    wrong: 'fcc bench --csv before.csv && fcc bench --baseline before.csv --threshold 2',
    right: 'fcc bench --json > before.json && fcc bench --baseline before.json --threshold 2',
  },
  FCC0711: {
    stage: 'run',
    exit: 2,
    title: 'the interpreter runs eBPF',
    explain:
      'An image for a core holds native code only. The interpreter needs the eBPF object that it was compiled from, or an image that was compiled with -t ebpf.',
    wrong: 'fcc run prog.fcc --engine interp',
    right: 'fcc run prog.o --engine interp',
  },
  FCC0712: {
    stage: 'run',
    exit: 2,
    title: 'image compiled against another contract',
    explain:
      'The hash in the image is not that of the contract given. Guards were decided for the contract that the compiler saw, so the image must be run under that one.',
    wrong: 'fcc compile a.o -t cortex-m4 --contract a.json && fcc run a.fcc',
    right: 'fcc compile a.o -t cortex-m4 --contract a.json && fcc run a.fcc --contract a.json',
  },
  FCC0713: {
    stage: 'run',
    exit: 4,
    title: 'no target runs this image',
    explain: 'The image is for an instruction set, or needs core features, that no target known to this fcc has.',
    wrong: 'fcc run image_for_xtensa.fcc',
    right: 'fcc compile prog.o -t cortex-m4 && fcc run prog.fcc',
  },
} as const satisfies Record<string, ErrorRow>;
