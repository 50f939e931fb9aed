// SPDX-License-Identifier: MIT
import type { ErrorRow } from './row.js';

/** FCC06xx: images and maps. FCC08xx: emulators and devices. */
export const IMAGE_ERRORS = {
  FCC0601: {
    stage: 'image',
    exit: 3,
    title: 'not an fcc image',
    explain: 'The file does not start with the magic number of an fcc image, or is shorter than an image header.',
    wrong: 'head -c 40 prog.fcc >short.fcc && fcc inspect short.fcc',
    right: 'fcc inspect prog.fcc',
  },
  FCC0602: {
    stage: 'image',
    exit: 3,
    title: 'unsupported image version',
    explain:
      'The image was written for another version of the format. Compile it again with the fcc that is to read it; images are not converted.',
    wrong: 'fcc run written_by_a_later_fcc.fcc',
    right: 'fcc compile prog.o -t cortex-m4 -o prog.fcc && fcc run prog.fcc',
  },
  FCC0603: {
    stage: 'image',
    exit: 3,
    title: 'image lengths do not add up',
    explain:
      'The total length in the header, the lengths of the tables and sections, and the length of the file must agree exactly. A truncated download or trailing bytes are the usual reason.',
    wrong: 'head -c 200 prog.fcc >half.fcc && fcc inspect half.fcc',
    right: 'fcc inspect prog.fcc',
  },
  FCC0604: {
    stage: 'image',
    exit: 3,
    title: 'wrong image checksum',
    explain:
      'The CRC-32 over the image differs from the one in its header: some byte was changed after it was written.',
    wrong: 'printf x | dd of=prog.fcc bs=1 seek=100 conv=notrunc && fcc run prog.fcc',
    right: 'fcc compile prog.o -t cortex-m4 -o prog.fcc && fcc run prog.fcc',
  },
  FCC0605: {
    stage: 'image',
    exit: 4,
    title: 'unknown instruction set in image',
    explain: 'The instruction set number in the header is none that this fcc knows.',
    wrong: 'an image whose header has the instruction set number 9',
    right: 'fcc compile prog.o -t cortex-m4 -o prog.fcc && fcc run prog.fcc   (1: Thumb-2)',
  },
  FCC0606: {
    stage: 'image',
    exit: 3,
    title: 'invalid image header',
    explain:
      'A header field has a value outside what the format allows: an unknown flag, a count or length beyond the bounds, an alignment that is not 1, 2, 4 or 8, rights other than read or read-write, a trap table outside the text, or padding that is not zero.',
    wrong: 'an image whose header says "alignment of the context: 3"',
    right: 'alignment 1, 2, 4 or 8, as fcc compile writes it',
  },
  FCC0607: {
    stage: 'image',
    exit: 3,
    title: 'invalid image entry point',
    explain:
      'An entry point lies outside the text or between two instruction starts, its name is empty or not printable ASCII padded with NUL, its name hash is wrong or used twice, or its worst case and stack do not agree with the header.',
    wrong: 'an image whose entry point starts at byte 1 of the text',
    right: 'an entry point at the start of an instruction, as fcc compile writes it',
  },
  FCC0608: {
    stage: 'image',
    exit: 3,
    title: 'invalid image import',
    explain: 'An import is neither a helper id (1 to 0x7fffffff) nor the number of a known intrinsic.',
    wrong: 'an image that imports helper 0',
    right: 'an image that imports helpers from 1 to 0x7fffffff, as fcc compile writes it',
  },
  FCC0609: {
    stage: 'image',
    exit: 3,
    title: 'invalid image region',
    explain:
      'A region row has a shortest length above its longest, rights other than read or read-write, an alignment that is not 1, 2, 4 or 8, or a reserved field that is not zero.',
    wrong: 'an image with a region of at least 64 and at most 32 bytes',
    right: 'a region of at least 32 and at most 64 bytes, as fcc compile writes it',
  },
  FCC0610: {
    stage: 'image',
    exit: 4,
    title: 'program does not fit the image format',
    explain:
      'The program has more entry points, helpers or regions, or longer sections, than an image can hold, or an entry name that is not printable ASCII. The message names the bound.',
    wrong: 'an object with 65 programs',
    right: 'at most 64 programs an object, or fcc compile --function NAME for one of them',
  },
  FCC0611: {
    stage: 'image',
    exit: 3,
    title: 'malformed map file',
    explain: 'The map file is not the JSON that `fcc compile --map` writes, or belongs to another image.',
    wrong: 'fcc compile a.o -t cortex-m4 --map a.map && fcc run b.fcc --map a.map',
    right: 'fcc compile b.o -t cortex-m4 --map b.map && fcc run b.fcc --map b.map',
  },
  FCC0612: {
    stage: 'image',
    exit: 3,
    title: 'malformed eBPF image',
    explain:
      'The image has eBPF as its text, but not as `fcc compile -t ebpf` writes it: its table of functions, an entry point or a 64-bit load names a place that does not exist, or the instructions do not fit what the header says.',
    wrong: 'an image of eBPF text with an entry point at the second slot of a 64-bit load',
    right: 'fcc compile prog.o -t ebpf -o prog.fcc && fcc run prog.fcc',
  },
  FCC0801: {
    stage: 'device',
    exit: 5,
    title: 'emulator or cross-compiler missing',
    explain:
      'The qemu engine needs the emulator and the compiler of the target: qemu-system-arm and gcc-arm-none-eabi for Thumb, qemu-system-misc and gcc-riscv64-unknown-elf for RISC-V, qemu-system-misc and gcc-xtensa-lx106 for Xtensa, and clang-22 and llvm-22 too for its windowed cores (Debian packages). It also needs the runtime-c folder with its sources. The message names what is missing.',
    wrong: 'fcc run prog.o -t cortex-m4 --engine qemu   without the packages',
    right: 'apt-get install qemu-system-arm gcc-arm-none-eabi, or --engine sim, which needs neither',
  },
  FCC0802: {
    stage: 'device',
    exit: 5,
    title: 'firmware does not build',
    explain:
      'The cross-compiler could not build the test firmware. Its messages follow; a compiler older than GCC 10 or a missing libgcc are the usual reasons.',
    wrong: 'fcc run prog.o -t cortex-m4 --engine qemu   with arm-none-eabi-gcc 9',
    right: 'fcc run prog.o -t cortex-m4 --engine qemu   with arm-none-eabi-gcc 10 or later',
  },
  FCC0803: {
    stage: 'device',
    exit: 5,
    title: 'emulator failed',
    explain:
      'The emulator ended with an error, ran into its time limit, or left a result file that is incomplete. Nothing is retried.',
    wrong: 'fcc run prog.o -t cortex-m4 --engine qemu   on a machine that is too slow or out of memory',
    right: 'fcc run prog.o -t cortex-m4 --engine sim',
  },
  FCC0804: {
    stage: 'device',
    exit: 5,
    title: 'loader refused the image',
    explain:
      'The runtime on the device did not load the image or did not accept its context or regions. The message gives the reason by name; for a helper, its id.',
    wrong: 'fcc run prog.fcc -t cortex-m3 --engine qemu   with an image for a larger core',
    right: 'fcc run prog.fcc -t cortex-m4 --engine qemu',
  },
  FCC0805: {
    stage: 'device',
    exit: 5,
    title: 'memory outside the container was changed',
    explain:
      'After a run, bytes around the memory that the container was given differ from the pattern written before. The sandbox failed: please report it with the program.',
    wrong: 'a guard that lets a store through: a mistake of the compiler or the runtime',
    right: 'fcc run prog.o --engine interp   (to compare with, for the report)',
  },
  FCC0806: {
    stage: 'device',
    exit: 4,
    title: 'no emulator for the target',
    explain:
      'There is no batch firmware for this core: it has no emulated board, or none that the firmware knows. Use the simulator.',
    wrong: 'fcc run prog.o -t CORE --engine qemu   with a core that `fcc targets` shows without a board',
    right: 'fcc run prog.o -t CORE --engine sim',
  },
  FCC0807: {
    stage: 'device',
    exit: 4,
    title: 'the emulated core lacks features',
    explain:
      'No emulator has every instruction of this core. An object is compiled for what the emulated processor has, but an image is what it is, and this one needs more.',
    wrong: 'fcc compile prog.o -t esp32 && fcc run prog.fcc -t esp32 --engine qemu',
    right: 'fcc run prog.o -t esp32 --engine qemu, or the image with --engine sim',
  },
} as const satisfies Record<string, ErrorRow>;
