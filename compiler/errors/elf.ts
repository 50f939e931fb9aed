// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC02xx: ELF objects. */
export const ELF_ERRORS = {
  FCC0201: {
    stage: 'elf',
    exit: 3,
    title: 'not an eBPF ELF object',
    explain: 'The file is not a 64-bit little-endian ELF relocatable object for machine BPF (247).',
    wrong: 'fcc verify prog.x86.o   built by clang -c prog.c',
    right: 'clang -O2 -g -target bpf -mcpu=v3 -ffreestanding -c prog.c -o prog.o && fcc verify prog.o',
  },
  FCC0202: {
    stage: 'elf',
    exit: 3,
    title: 'malformed ELF object',
    explain:
      'An offset, length, count or index in the object points outside of what it refers to, or two sections overlap. The file is truncated or damaged.',
  },
  FCC0203: {
    stage: 'elf',
    exit: 3,
    title: 'malformed symbol table',
    explain: 'A symbol names a section that does not exist, or lies outside of its section.',
  },
  FCC0204: {
    stage: 'elf',
    exit: 3,
    title: 'malformed relocation',
    explain:
      'A relocation names a symbol that does not exist, or a place outside of its section or one that is not the instruction it is meant for.',
  },
  FCC0205: {
    stage: 'elf',
    exit: 3,
    title: 'unsupported relocation',
    explain:
      'The object uses a relocation other than R_BPF_64_64 on a 64-bit immediate load and R_BPF_64_32 on a call.',
  },
  FCC0206: {
    stage: 'elf',
    exit: 3,
    title: 'undefined symbol',
    explain:
      'The program refers to a function or variable that the object does not define. Helpers are not linked by name: they are called through their number. All functions of a program must be in one object.',
    wrong: 'extern unsigned now(void);',
    right: 'static unsigned (*now)(void) = (void *)0x20;',
  },
  FCC0207: {
    stage: 'elf',
    exit: 3,
    title: 'reference to a map',
    explain:
      'The program refers to a BPF map. Containers have no maps: state is kept in .data and .bss or in the key-value stores.',
    wrong: 'struct { int (*type)[2]; } counts __attribute__((section(".maps")));',
    right: 'static unsigned counts[16];',
  },
  FCC0208: {
    stage: 'elf',
    exit: 3,
    title: 'address stored in data',
    explain:
      'An initialised variable holds the address of another variable. The address is only known when a container is loaded, and images are not relocated. Store an index instead, or take the address in code. Tables of functions are fine, as long as their section holds no other addresses.',
    wrong: 'const char *const names[] = {"on", "off"};',
    right: 'const char names[2][4] = {"on", "off"};',
  },
  FCC0209: {
    stage: 'elf',
    exit: 3,
    title: 'address outside of its variable section',
    explain: 'A 64-bit immediate load refers to a place before the start or behind the end of a data section.',
  },
  FCC0210: {
    stage: 'elf',
    exit: 3,
    title: 'malformed BTF',
    explain:
      'The sections .BTF or .BTF.ext, from which source lines are taken, are damaged. Without them (compile without -g, or llvm-strip -g) the program loads, but messages cannot name source lines.',
  },
  FCC0211: {
    stage: 'elf',
    exit: 3,
    title: 'no program in the object',
    explain: 'The object has no executable section with a global function that a hook could start.',
    wrong: 'static int run(void *ctx) { return 0; }',
    right: '__attribute__((section("fc/timer"))) int run(void *ctx) { return 0; }',
  },
  FCC0212: {
    stage: 'elf',
    exit: 3,
    title: 'object is too large',
    explain:
      'The object has more sections, symbols, functions or bytes of variables than fcc accepts. The message names the bound.',
  },
} as const satisfies Record<string, ErrorRow>;
