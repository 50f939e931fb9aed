// SPDX-License-Identifier: MIT
import { BLOCK, type Board, codePieces, runFirmware } from './cosim-board.js';
import { ARENA, type CosimCase } from './cosim-cases.js';

/** Builds and boots the firmware in cosim/, which runs single instructions on QEMU's Cortex-M4. */

const FLAGS = [
  ...['-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=soft', '-std=c11', '-ffreestanding', '-nostdlib', '-Wall', '-Wextra'],
  ...['-Werror', '-O2', '-fno-tree-loop-distribute-patterns', '-Wl,--build-id=none', '-Iruntime-c/firmware/batch'],
  ...[
    `-DBLOCK=${BLOCK}`,
    `-DARENA=${ARENA.start}`,
    '-DSTATE_WORDS=16',
    '-DRESULT_WORDS=17',
    '-T',
    'runtime-c/firmware/batch/link.ld',
  ],
  ...['FLASH=0', 'RAM=0x20000000', 'STACK_TOP=0x20400000', 'POOL=0x21000000'].map((d) => `-Wl,--defsym=${d}`),
];
const QEMU = ['-M', 'mps2-an386', '-display', 'none', '-monitor', 'none', '-serial', 'none'];

export const CORTEX_M4: Board = {
  compiler: 'arm-none-eabi-gcc',
  compile: [
    ...FLAGS,
    ...['start.S', 'main.c'].map((f) => `test/emulated/cosim/${f}`),
    'runtime-c/firmware/batch/port/semihosting.c',
  ],
  emulator: 'qemu-system-arm',
  run: (elf) => [...QEMU, '-semihosting-config', 'enable=on,target=native', '-kernel', elf],
};

export interface Outcome {
  /** Control went on behind the instruction, or at its target, or the core faulted: then nothing else is told. */
  readonly flow: 'next' | 'taken' | 'fault';
  readonly registers: Int32Array;
  readonly flags: number;
  readonly arena: Uint8Array;
}

/**
 * Words of a case: entry, flags, r0 to r12, LR, SP, words of the arena, number of pieces of code; the arena; the pieces, each
 * address, number of halfwords, halfwords padded to a word.
 */
function record(c: CosimCase): number[] {
  const r = c.registers;
  const arena = new Uint32Array(c.arena.buffer, 0, c.arena.length / 4);
  const code = codePieces(c.code);
  const state = [c.entry | 1, c.flags << 28, ...r.subarray(0, 13), r[14]!, r[13]!];
  return [...state, arena.length, code.count, ...arena, ...code.words];
}

const FLOWS = ['next', 'taken', 'fault'] as const;

function readResults(bytes: Buffer, cases: readonly CosimCase[]): Outcome[] {
  let at = 0;
  const out = cases.map((c): Outcome => {
    const word = (i: number): number => bytes.readInt32LE(at + 4 * i);
    const registers = Int32Array.from([...Array.from({ length: 13 }, (_, i) => word(2 + i)), word(16), word(15)]);
    const flow = FLOWS[word(0)];
    if (!flow) throw new Error(`unknown outcome ${word(0)}`);
    const flags = word(1) >>> 28;
    at += 68 + c.arena.length;
    return { flow, registers, flags, arena: Uint8Array.from(bytes.subarray(at - c.arena.length, at)) };
  });
  if (at !== bytes.length) throw new Error(`${bytes.length} bytes of results instead of ${at}`);
  return out;
}

/** Runs all cases in one boot. Throws if the firmware does not build, or does not finish in `limitMs`. */
export async function runOnBoard(cases: readonly CosimCase[], limitMs: number): Promise<Outcome[]> {
  return readResults(await runFirmware(CORTEX_M4, cases.map(record), limitMs), cases);
}
