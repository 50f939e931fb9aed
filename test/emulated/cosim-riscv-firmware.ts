// SPDX-License-Identifier: MIT
import { BLOCK, type Board, codePieces, runFirmware } from './cosim-board.js';
import { ARENA, type RiscvCosimCase } from './cosim-riscv-cases.js';

/** Builds and boots the firmware in cosim/riscv/, which runs single instructions on QEMU's RV32 cores. */

const FLAGS = [
  ...['-mabi=ilp32', '-std=c11', '-ffreestanding', '-nostdlib', '-Wall', '-Wextra', '-Werror', '-O2'],
  ...['-fno-tree-loop-distribute-patterns', '-Wl,--build-id=none', '-Iruntime-c/firmware/batch'],
  ...[`-DBLOCK=${BLOCK}`, `-DARENA=${ARENA.start}u`, '-DSTATE_WORDS=31', '-DRESULT_WORDS=33'],
  ...['-T', 'runtime-c/firmware/batch/link.ld'],
  ...['FLASH=0x80000000', 'RAM=0x80100000', 'STACK_TOP=0x80800000', 'POOL=0x81000000'].map((d) => `-Wl,--defsym=${d}`),
];

/** The `virt` machine with one of QEMU's named cores; `march` is what the firmware is built for. */
export const board = (cpu: string, march: string): Board => ({
  compiler: 'riscv64-unknown-elf-gcc',
  compile: [
    `-march=${march}`,
    ...FLAGS,
    'test/emulated/cosim/riscv/start.S',
    'test/emulated/cosim/main.c',
    'runtime-c/firmware/batch/port/semihosting.c',
  ],
  emulator: 'qemu-system-riscv32',
  run: (elf) => [
    ...['-M', 'virt', '-bios', 'none', '-cpu', cpu, '-display', 'none', '-monitor', 'none', '-serial', 'none'],
    ...['-semihosting-config', 'enable=on,target=native', '-kernel', elf],
  ],
});

export interface Outcome {
  /** Control went on behind the instruction, or at its target, or the core faulted: then nothing else is told. */
  readonly flow: 'next' | 'taken' | 'fault';
  /** x0 to x31. */
  readonly registers: Int32Array;
  readonly arena: Uint8Array;
}

/** Words of a case: entry, x1 to x31, words of the arena, number of pieces of code; the arena; the pieces. */
function record(c: RiscvCosimCase): number[] {
  const arena = new Uint32Array(c.arena.buffer, 0, c.arena.length / 4);
  const code = codePieces(c.code);
  return [c.entry, ...c.registers.subarray(1), arena.length, code.count, ...arena, ...code.words];
}

/** Exception code of an illegal instruction. */
const ILLEGAL = 2;

function readResults(bytes: Buffer, cases: readonly RiscvCosimCase[]): Outcome[] {
  let offset = 0;
  const out = cases.map((c): Outcome => {
    const [epc, cause] = [bytes.readUInt32LE(offset), bytes.readUInt32LE(offset + 4)];
    const registers = Int32Array.from({ length: 32 }, (_, i) => (i === 0 ? 0 : bytes.readInt32LE(offset + 4 + 4 * i)));
    offset += 132 + c.arena.length;
    const arena = Uint8Array.from(bytes.subarray(offset - c.arena.length, offset));
    // The ways out are illegal instructions.
    const left = cause === ILLEGAL && (epc === c.next || epc === c.target);
    if (!left && (epc < c.entry || epc >= c.next)) throw new Error(`${c.title}: trap ${cause} at ${epc.toString(16)}`);
    return { flow: !left ? 'fault' : epc === c.next ? 'next' : 'taken', registers, arena };
  });
  if (offset !== bytes.length) throw new Error(`${bytes.length} bytes of results instead of ${offset}`);
  return out;
}

/** Runs all cases in one boot. Throws if the firmware does not build, or does not finish in `limitMs`. */
export async function runOnBoard(on: Board, cases: readonly RiscvCosimCase[], limitMs: number): Promise<Outcome[]> {
  return readResults(await runFirmware(on, cases.map(record), limitMs), cases);
}
