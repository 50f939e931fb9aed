// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC02xx: ELF objects, and images of Femto-Containers. */
export const ELF_ERRORS = {
  FCC0201: {
    stage: 'elf',
    exit: 3,
    title: 'not an eBPF ELF object',
    explain: 'The file is not a 64-bit little-endian ELF relocatable object for machine BPF (247).',
    wrong: 'clang -O2 -c prog.c -o prog.o && fcc verify prog.o   (an object for this computer)',
    right: 'clang -O2 -g -target bpf -mcpu=v3 -ffreestanding -c prog.c -o prog.o && fcc verify prog.o',
  },
  FCC0202: {
    stage: 'elf',
    exit: 3,
    title: 'malformed ELF object',
    explain:
      'An offset, length, count or index in the object points outside of what it refers to, or two sections overlap. The file is truncated or damaged.',
    wrong: 'head -c 1000 prog.o >half.o && fcc verify half.o',
    right: 'fcc verify prog.o',
  },
  FCC0203: {
    stage: 'elf',
    exit: 3,
    title: 'malformed symbol table',
    explain: 'A symbol names a section that does not exist, or lies outside of its section.',
    wrong:
      'a symbol table with { name = timer, section = fc/timer, value = 0, size = 96 }, where fc/timer has 80 bytes',
    right:
      'clang -O2 -g -target bpf -mcpu=v3 -ffreestanding -c prog.c -o prog.o && fcc verify prog.o   (written by a compiler, not by hand)',
  },
  FCC0204: {
    stage: 'elf',
    exit: 3,
    title: 'malformed relocation',
    explain:
      'A relocation names a symbol that does not exist, or a place outside of its section or one that is not the instruction it is meant for.',
    wrong: 'a relocation at offset 4 of fc/timer, in the middle of an instruction',
    right: 'a relocation at offset 8, the start of the instruction that loads the address',
  },
  FCC0205: {
    stage: 'elf',
    exit: 3,
    title: 'unsupported relocation',
    explain:
      'The object uses a relocation other than R_BPF_64_64 on a 64-bit immediate load and R_BPF_64_32 on a call.',
    wrong:
      'int calls;   /* compiled with -fcommon: in no section */\n\n__attribute__((section("fc/timer")))\nint run(void *ctx) { return ++calls; }',
    right: 'static int calls;\n\n__attribute__((section("fc/timer")))\nint run(void *ctx) { return ++calls; }',
  },
  FCC0206: {
    stage: 'elf',
    exit: 3,
    title: 'undefined symbol',
    explain:
      'The program refers to a function or variable that the object does not define. Helpers are not linked by name: they are called through their number. All functions of a program must be in one object.',
    wrong: 'extern unsigned now(void);\n\n__attribute__((section("fc/timer")))\nint run(void *ctx) { return now(); }',
    right:
      'static unsigned (*const now)(void) = (void *)0x20;\n\n__attribute__((section("fc/timer")))\nint run(void *ctx) { return now(); }',
  },
  FCC0207: {
    stage: 'elf',
    exit: 3,
    title: 'reference to a map',
    explain:
      'The program refers to a BPF map. Containers have no maps: state is kept in .data and .bss or in the key-value stores.',
    wrong:
      'struct { int (*type)[2]; } counts __attribute__((section(".maps")));\nstatic int *(*const lookup)(void *, const void *) = (void *)1;\n\n__attribute__((section("fc/timer")))\nint run(const unsigned *ctx) { return lookup(&counts, ctx) != 0; }',
    right:
      'static unsigned counts[16];\n\n__attribute__((section("fc/timer")))\nint run(const unsigned *ctx) { return ++counts[*ctx & 15]; }',
  },
  FCC0208: {
    stage: 'elf',
    exit: 3,
    title: 'address stored in data',
    explain:
      'An initialised variable holds the address of another variable. The address is only known when a container is loaded, and images are not relocated. Store an index instead, or take the address in code. Tables of functions are fine, as long as their section holds no other addresses.',
    wrong:
      'const char *const names[] = {"on", "off"};\n\n__attribute__((section("fc/timer")))\nint run(const unsigned *ctx) { return names[*ctx & 1][0]; }',
    right:
      'const char names[2][4] = {"on", "off"};\n\n__attribute__((section("fc/timer")))\nint run(const unsigned *ctx) { return names[*ctx & 1][0]; }',
  },
  FCC0209: {
    stage: 'elf',
    exit: 3,
    title: 'address outside of its variable section',
    explain: 'A 64-bit immediate load refers to a place before the start or behind the end of a data section.',
    wrong:
      'int table[4];\n\n__attribute__((section("fc/timer")))\nint run(void *ctx) {\n    int *last;\n    asm("%0 = table + 48 ll" : "=r"(last));\n    return ++*last;\n}',
    right:
      'int table[4];\n\n__attribute__((section("fc/timer")))\nint run(void *ctx) {\n    int *last;\n    asm("%0 = table + 12 ll" : "=r"(last));\n    return ++*last;\n}',
  },
  FCC0210: {
    stage: 'elf',
    exit: 3,
    title: 'malformed BTF',
    explain:
      'The sections .BTF or .BTF.ext, from which source lines are taken, are damaged. Without them (compile without -g, or llvm-strip -g) the program loads, but messages cannot name source lines.',
    wrong: 'llvm-objcopy --update-section .BTF=notes.txt prog.o && fcc verify prog.o',
    right: 'llvm-strip -g prog.o && fcc verify prog.o',
  },
  FCC0211: {
    stage: 'elf',
    exit: 3,
    title: 'no program in the object',
    explain: 'The object has no executable section with a global function that a hook could start.',
    wrong: 'static int run(void *ctx) { return 0; }',
    right: '__attribute__((section("fc/timer")))\nint run(void *ctx) { return 0; }',
  },
  FCC0212: {
    stage: 'elf',
    exit: 3,
    title: 'object is too large',
    explain:
      'The object has more sections, symbols, functions or bytes of variables than fcc accepts. The message names the bound.',
    wrong:
      'static char log[65 << 20];\n\n__attribute__((section("fc/timer")))\nint run(const unsigned *ctx) { return ++log[*ctx]; }',
    right:
      'static char log[4 << 10];\n\n__attribute__((section("fc/timer")))\nint run(const unsigned *ctx) { return ++log[*ctx & 4095]; }',
  },
  FCC0213: {
    stage: 'elf',
    exit: 3,
    title: 'malformed Femto-Container image',
    explain:
      'The file starts as an image of Femto-Containers ("rBPF") does, but the lengths in its header do not add up to the length of the file, or its function table names a place that is not the start of an instruction, or a name that is not in rodata. The file is truncated or damaged.',
    wrong: 'head -c 100 app.bin >half.bin && fcc verify half.bin',
    right: 'fcc verify app.bin',
  },
  FCC0214: {
    stage: 'elf',
    exit: 3,
    title: 'unsupported Femto-Container image',
    explain:
      'The image is of another version of the format, or has flags that fcc does not know how to read: compressed text, or flags of a function.',
    wrong: 'an image with flags 1: its text is compressed',
    right: 'the image of the same program with flags 0, or the object that it was made from',
  },
} as const satisfies Record<string, ErrorRow>;
