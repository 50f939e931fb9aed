// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC00xx: command line and files. */
export const USAGE_ERRORS = {
  FCC0001: {
    stage: 'usage',
    exit: 2,
    title: 'bad command line',
    explain:
      'The command, an option or its value is not one that fcc knows. The message names it and what would be accepted; `fcc COMMAND --help` lists the options.',
    wrong: 'fcc compile prog.o --target cortex-m99',
    right: 'fcc compile prog.o --target cortex-m4',
  },
  FCC0002: {
    stage: 'usage',
    exit: 2,
    title: 'cannot read input',
    explain:
      'The input file does not exist, may not be read or is larger than 64 MiB. The reason is the operating system’s.',
    wrong: 'fcc verify missing.o',
    right: 'clang -O2 -g -target bpf -c prog.c -o prog.o && fcc verify prog.o',
  },
  FCC0003: {
    stage: 'usage',
    exit: 2,
    title: 'cannot write output',
    explain:
      'The output could not be written. Output goes into a temporary file beside its destination and is renamed when complete, so a file that was there before is untouched.',
    wrong: 'fcc compile prog.o -t cortex-m4 -o /no/such/folder/prog.fcc',
    right: 'fcc compile prog.o -t cortex-m4 -o prog.fcc',
  },
  FCC0004: {
    stage: 'usage',
    exit: 2,
    title: 'no such program',
    explain:
      'The object or image has no entry point of that name, or has several and none was chosen. Entry points are the global functions in named sections.',
    wrong: 'fcc run two_programs.o',
    right: 'fcc run two_programs.o --function copy_words',
  },
} as const satisfies Record<string, ErrorRow>;
