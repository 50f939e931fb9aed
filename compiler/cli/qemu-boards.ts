// SPDX-License-Identifier: MIT
import type { NativeArch } from '../image/fields.js';

/** Emulated boards: how the test firmware is built for each and started. QEMU 7.2; sources: its documentation of each machine. */

/** Addresses of the firmware's sections, for the linker script. */
interface MemoryMap {
  readonly flash: number;
  readonly ram: number;
  readonly top: number;
  /** Memory for cases, containers and results. */
  readonly pool: number;
}

/**
 * One command of a build, or a file of LLVM's language from which the names of processor and features are to be removed. `{out}` stands
 * for the scratch folder, other paths are relative to runtime-c.
 */
export type BuildStep = { readonly tool: string; readonly args: readonly string[] } | { readonly anyProcessor: string };

export interface Board {
  readonly arch: NativeArch;
  readonly emulator: string;
  /** Arguments before those that all machines share; `{elf}` stands for the firmware. */
  readonly args: readonly string[];
  /** Build steps; the last one leaves `{out}/batch.elf`. */
  readonly build: readonly BuildStep[];
  /** Longest case record that its memory takes, in bytes. */
  readonly maxCase: number;
  /** Debian packages of emulator and compilers. */
  readonly packages: readonly string[];
  /** How programs in C run on it; null: there is no C compiler for its processor. */
  readonly native: NativeTools | null;
}

/** A C compiler for a board, and what a firmware around programs in C is made of. Paths are relative to runtime-c. */
export interface NativeTools {
  readonly gcc: string;
  readonly ar: string;
  /** Processor and ABI. */
  readonly processor: readonly string[];
  /** For the firmware's own sources besides. */
  readonly defines: readonly string[];
  readonly sources: readonly string[];
  /** For the linker. */
  readonly link: readonly string[];
}

const COMMON = [
  'src/validate.c',
  'src/fcc.c',
  'src/intrinsics.c',
  'src/interp.c',
  'src/check-ebpf.c',
  'src/helpers.c',
  'firmware/batch/main.c',
  'firmware/batch/helpers.c',
];
const C_FLAGS = ['-std=c11', '-ffreestanding', '-Wall', '-Wextra', '-O2', '-Iinclude'];
const GCC_FLAGS = [
  // The windowed firmware, which clang builds, has no interpreter.
  '-DFCC_INTERPRETER=1',
  ...[...C_FLAGS, '-nostdlib', '-fno-tree-loop-distribute-patterns', '-ffunction-sections', '-fdata-sections'],
  ...['-Wl,--gc-sections', '-Wl,--build-id=none'],
];
const NATIVE_LINK = 'bench/link.ld';
const hex = (n: number): string => `0x${n.toString(16)}`;
const symbols = ({ flash, ram, top, pool }: MemoryMap): string[] => [
  `FLASH=${hex(flash)}`,
  `RAM=${hex(ram)}`,
  `STACK_TOP=${hex(top)}`,
  `POOL=${hex(pool)}`,
];
const linkerSymbols = (map: MemoryMap): string[] => symbols(map).map((s) => `-Wl,--defsym=${s}`);

/** Record and memory sizes of boards with 16 MiB and more for the pool: the defaults of main.c. */
const LARGE_CASE = 6 << 20;
/** lm3s6965evb has 64 KiB. */
const SMALL_CASE = 24 << 10;
const SMALL = [
  ...[`-DINPUT_SIZE=${SMALL_CASE}u`, `-DARENA_SIZE=${16 << 10}u`, `-DOUTPUT_SIZE=${4 << 10}u`],
  ...[`-DLOG_SIZE=${2 << 10}u`, `-DCONTAINER_STACK=${4 << 10}u`],
];

function cortexM(
  machine: readonly string[],
  cpu: string,
  hz: number,
  map: MemoryMap,
  { maxCase = LARGE_CASE, defines = [] }: { maxCase?: number; defines?: readonly string[] } = {},
): Board {
  const processor = ['-mthumb', '-mfloat-abi=soft', `-mcpu=${cpu}`];
  const tick = `-DTICK=${hz / 10}u`;
  const link = [...linkerSymbols(map), '-T', 'firmware/batch/link.ld'];
  const port = ['thumb/start.S', 'thumb/port.c', 'semihosting.c'].map((name) => `firmware/batch/port/${name}`);
  return {
    arch: 'thumb',
    emulator: 'qemu-system-arm',
    args: ['-M', ...machine, '-semihosting-config', 'enable=on,target=native', '-kernel', '{elf}'],
    build: [
      {
        tool: 'arm-none-eabi-gcc',
        args: [
          ...[...GCC_FLAGS, ...processor, tick, ...defines, ...link, ...COMMON, 'src/port/thumb/enter.S', ...port],
          ...['-lgcc', '-o', '{out}/batch.elf'],
        ],
      },
    ],
    maxCase,
    packages: ['qemu-system-arm', 'gcc-arm-none-eabi'],
    native: {
      ...{ gcc: 'arm-none-eabi-gcc', ar: 'arm-none-eabi-ar', processor, sources: port },
      link: [...linkerSymbols(map), '-T', NATIVE_LINK],
      defines: [tick, ...defines],
    },
  };
}

/** -misa-spec: GCC finds no libgcc for names that list the control registers and fence.i apart, as later ones do. */
function riscvVirt(cpu: string, march: string): Board {
  const map = { flash: 0x80000000, ram: 0x80100000, top: 0x80400000, pool: 0x81000000 };
  const processor = [`-march=${march}`, '-misa-spec=2.2', '-mabi=ilp32', '-mcmodel=medany'];
  const link = [...linkerSymbols(map), '-nostartfiles', '-T', 'firmware/batch/link.ld'];
  const port = ['riscv/start.S', 'riscv/port.c', 'semihosting.c'].map((name) => `firmware/batch/port/${name}`);
  const tick = '-DTICK=1000000u';
  return {
    arch: 'riscv32',
    emulator: 'qemu-system-riscv32',
    args: [
      ...['-M', 'virt', '-cpu', cpu, '-bios', 'none', '-m', '64M'],
      ...['-semihosting-config', 'enable=on,target=native', '-kernel', '{elf}'],
    ],
    build: [
      {
        tool: 'riscv64-unknown-elf-gcc',
        args: [
          ...[...GCC_FLAGS, ...processor, tick, ...link, ...COMMON, 'src/port/riscv/enter.S', ...port],
          ...['-lgcc', '-o', '{out}/batch.elf'],
        ],
      },
    ],
    maxCase: LARGE_CASE,
    packages: ['qemu-system-misc', 'gcc-riscv64-unknown-elf'],
    native: {
      ...{ gcc: 'riscv64-unknown-elf-gcc', ar: 'riscv64-unknown-elf-ar', processor, sources: port },
      link: [...linkerSymbols(map), '-T', NATIVE_LINK],
      defines: [tick],
    },
  };
}

const XTENSA_ARGS = (cpu: string): string[] => ['-M', 'sim', '-cpu', cpu, '-m', '64M', '-semihosting'];
const XTENSA_LINK = 'firmware/batch/port/xtensa/link.ld';
/** Processor clock of the simulated machine: 10 MHz. */
const XTENSA_TICK = '-DTICK=1000000';

/** Firmware with the call0 ABI. */
function xtensaCall0(cpu: string, map: MemoryMap): Board {
  const link = [...linkerSymbols(map), '-nostartfiles', '-T', XTENSA_LINK];
  const processor = ['-mlongcalls'];
  const port = ['start.S', 'port.c', 'simulator.c'].map((name) => `firmware/batch/port/xtensa/${name}`);
  return {
    arch: 'xtensa',
    emulator: 'qemu-system-xtensa',
    args: [...XTENSA_ARGS(cpu), '-device', 'loader,file={elf},cpu-num=0'],
    build: [
      {
        tool: 'xtensa-lx106-elf-gcc',
        args: [
          ...[...GCC_FLAGS, ...processor, XTENSA_TICK, ...link, ...COMMON, 'src/port/xtensa/enter.S', ...port],
          ...['-lgcc', '-o', '{out}/batch.elf'],
        ],
      },
    ],
    maxCase: LARGE_CASE,
    packages: ['qemu-system-misc', 'gcc-xtensa-lx106'],
    native: {
      ...{ gcc: 'xtensa-lx106-elf-gcc', ar: 'xtensa-lx106-elf-ar', processor, link, sources: port },
      defines: [XTENSA_TICK],
    },
  };
}

/**
 * Firmware with the windowed ABI, which Debian has no GCC for. LLVM 22 has it, but its object writer is wrong for l32r
 * (22.1.8), so that its assembler gets the text; GNU ld takes the objects as they are.
 */
function xtensaWindowed(cpu: string, map: MemoryMap, attributes: string): Board {
  const sources = [...COMMON, 'firmware/batch/port/xtensa/port.c', 'firmware/batch/port/xtensa/simulator.c'];
  const assembly = ['src/port/xtensa/enter-windowed.S', 'firmware/batch/port/xtensa/start.S'];
  const stem = (path: string): string => `{out}/${path.replace(/\.[cS]$/, '').replaceAll('/', '-')}`;
  const assemble = (path: string): BuildStep => ({
    tool: 'llvm-mc-22',
    args: ['-triple=xtensa', '-mcpu=esp32', '-filetype=obj', `${stem(path)}.s`, '-o', `${stem(path)}.o`],
  });
  const windowed = ['--target=xtensa', '-D__XTENSA_WINDOWED_ABI__', XTENSA_TICK];
  return {
    arch: 'xtensa',
    emulator: 'qemu-system-xtensa',
    args: [...XTENSA_ARGS(cpu), '-kernel', '{elf}', '-device', `loader,addr=${hex(map.flash + 0x400)},cpu-num=0`],
    build: [
      ...sources.flatMap((path): BuildStep[] => [
        {
          tool: 'clang-22',
          args: [...[...windowed, ...C_FLAGS, '-fno-builtin', '-emit-llvm', '-S', path, '-o', `${stem(path)}.ll`]],
        },
        { anyProcessor: `${stem(path)}.ll` },
        {
          tool: 'llc-22',
          args: [
            ...['-mtriple=xtensa', '-mcpu=esp32', `-mattr=${attributes}`, '-O2', `${stem(path)}.ll`],
            ...['-o', `${stem(path)}.s`],
          ],
        },
        assemble(path),
      ]),
      ...assembly.flatMap((path): BuildStep[] => [
        { tool: 'clang-22', args: [...windowed, '-E', '-x', 'assembler-with-cpp', path, '-o', `${stem(path)}.s`] },
        assemble(path),
      ]),
      {
        tool: 'xtensa-lx106-elf-ld',
        args: [
          ...[
            '--no-relax',
            '--no-warn-rwx-segments',
            '-z',
            'noexecstack',
            ...symbols(map).map((s) => `--defsym=${s}`),
            '-T',
            XTENSA_LINK,
          ],
          ...[...sources, ...assembly].map((path) => `${stem(path)}.o`),
          ...['-o', '{out}/batch.elf'],
        ],
      },
    ],
    maxCase: LARGE_CASE,
    packages: ['qemu-system-misc', 'gcc-xtensa-lx106', 'clang-22', 'llvm-22'],
    native: null,
  };
}

const MPS2 = { flash: 0, ram: 0x20000000, top: 0x20400000, pool: 0x21000000 };
const XTENSA_MAP = { flash: 0x60000000, ram: 0x60100000, top: 0x60200000, pool: 0x60400000 };
const KSEG = { flash: 0xd0100000, ram: 0xd0200000, top: 0xd0300000, pool: 0xd0400000 };

export const BOARDS: Readonly<Record<string, Board>> = {
  'lm3s6965evb-m0': cortexM(
    ['lm3s6965evb', '-cpu', 'cortex-m0'],
    'cortex-m0',
    12_500_000,
    { flash: 0, ram: 0x20000000, top: 0x20004000, pool: 0x20004000 },
    { maxCase: SMALL_CASE, defines: SMALL },
  ),
  'mps2-an385': cortexM(['mps2-an385'], 'cortex-m3', 25_000_000, MPS2),
  'mps2-an386': cortexM(['mps2-an386'], 'cortex-m4', 25_000_000, MPS2),
  'mps2-an500': cortexM(['mps2-an500'], 'cortex-m7', 25_000_000, { ...MPS2, pool: 0x60000000 }),
  // Stands in for a Cortex-M23 as well.
  'mps2-an505': cortexM(
    ['mps2-an505'],
    'cortex-m33',
    20_000_000,
    { flash: 0x10000000, ram: 0x38000000, top: 0x38400000, pool: 0x80000000 },
    { defines: ['-DFCC_SMALL_IMAGES=1'] },
  ),
  'virt-ibex': riscvVirt('lowrisc-ibex', 'rv32imc'),
  'virt-e31': riscvVirt('sifive-e31', 'rv32imac'),
  'sim-lx106': xtensaCall0('lx106', XTENSA_MAP),
  'sim-de212': xtensaWindowed('de212', XTENSA_MAP, '-mul32high'),
  'sim-dc232b': xtensaWindowed('dc232b', KSEG, '-mul32high'),
};
