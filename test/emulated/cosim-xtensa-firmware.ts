// SPDX-License-Identifier: MIT
import { BLOCK, type Board, codePieces, runFirmware } from './cosim-board.js';
import { ARENA, STATE_SPECIALS, type StateSpecial, type XtensaCosimCase } from './cosim-xtensa-cases.js';

/** Builds and boots the firmware in cosim/xtensa/, which runs single instructions on QEMU's Xtensa cores. */

const hex = (n: number): string => `0x${n.toString(16)}`;
const STATE_WORDS = 16 + STATE_SPECIALS.length;
const RESULT_WORDS = 2 + STATE_WORDS;

/** The `sim` machine with one of QEMU's named cores; `base`: where its memory starts; `has`: HAS_… of cosim/xtensa/start.S. */
export const board = (cpu: string, base: number, has: readonly string[]): Board => ({
  compiler: 'xtensa-lx106-elf-gcc',
  compile: [
    ...['-std=c11', '-ffreestanding', '-nostdlib', '-Wall', '-Wextra', '-Werror', '-O2', '-mlongcalls'],
    ...['-fno-tree-loop-distribute-patterns', '-Iruntime-c/firmware/batch', ...has.map((h) => `-D${h}`)],
    ...[`-DBLOCK=${BLOCK}`, `-DARENA=${hex(base + ARENA.start)}u`],
    ...[`-DSTATE_WORDS=${STATE_WORDS}`, `-DRESULT_WORDS=${RESULT_WORDS}`],
    ...['-T', 'test/emulated/cosim/xtensa/link.ld'],
    ...[`FLASH=${hex(base)}`, `RAM=${hex(base + 0x100000)}`, `STACK_TOP=${hex(base + 0x800000)}`].map(
      (d) => `-Wl,--defsym=${d}`,
    ),
    ...['test/emulated/cosim/xtensa/start.S', 'test/emulated/cosim/main.c'],
    'runtime-c/firmware/batch/port/xtensa/simulator.c',
  ],
  emulator: 'qemu-system-xtensa',
  run: (elf) => [
    ...['-M', 'sim', '-cpu', cpu, '-m', '64M', '-semihosting', '-display', 'none', '-monitor', 'none'],
    // The image says where it lies, but not where the core is to start.
    ...['-serial', 'none', '-kernel', elf, '-device', `loader,addr=${hex(base)},cpu-num=0`],
  ],
});

export interface Outcome {
  /** Control went on behind the instruction, at its target, at its loop's start, or the core faulted: then only memory counts. */
  readonly flow: 'next' | 'taken' | 'looped' | 'fault';
  /** a0 to a15. */
  readonly registers: Int32Array;
  readonly special: Readonly<Record<StateSpecial, number>>;
  readonly arena: Uint8Array;
}

/** Bytes by address as halfwords by even address; bytes between are of no instruction. */
function halves(code: ReadonlyMap<number, number>): Map<number, number> {
  const out = new Map<number, number>();
  for (const [address, byte] of code) {
    const at = address - (address & 1);
    out.set(at, (out.get(at) ?? 0) | (byte << (8 * (address & 1))));
  }
  return out;
}

/** Words of a case: entry, a0 to a15, special registers, words of the arena, number of pieces of code; the arena; the pieces. */
function record(c: XtensaCosimCase): number[] {
  const arena = new Uint32Array(c.arena.buffer, 0, c.arena.length / 4);
  const code = codePieces(halves(c.code));
  const special = STATE_SPECIALS.map((s) => c.special[s]);
  return [c.at, ...c.registers, ...special, arena.length, code.count, ...arena, ...code.words];
}

const ILLEGAL_INSTRUCTION = 0;

function readResults(bytes: Buffer, cases: readonly XtensaCosimCase[]): Outcome[] {
  let offset = 0;
  const out = cases.map((c): Outcome => {
    const [epc, cause] = [bytes.readUInt32LE(offset), bytes.readUInt32LE(offset + 4)];
    const word = (i: number): number => bytes.readInt32LE(offset + 8 + 4 * i);
    const registers = Int32Array.from({ length: 16 }, (_, i) => word(i));
    const special = Object.fromEntries(STATE_SPECIALS.map((s, i) => [s, word(16 + i)])) as Outcome['special'];
    offset += 4 * RESULT_WORDS + c.arena.length;
    const arena = Uint8Array.from(bytes.subarray(offset - c.arena.length, offset));
    const flow = { [c.loopStart ?? -1]: 'looped', [c.target ?? -1]: 'taken', [c.next]: 'next' } as const;
    // The ways out are illegal instructions.
    const left = cause === ILLEGAL_INSTRUCTION ? flow[epc] : undefined;
    const inside = epc >= c.at && epc < c.next;
    if (!left && !inside) throw new Error(`${c.title}: exception ${cause} at ${hex(epc)}`);
    return { flow: left ?? 'fault', registers, special, arena };
  });
  if (offset !== bytes.length) throw new Error(`${bytes.length} bytes of results instead of ${offset}`);
  return out;
}

/** Runs all cases in one boot. Throws if the firmware does not build, or does not finish in `limitMs`. */
export async function runOnBoard(on: Board, cases: readonly XtensaCosimCase[], limitMs: number): Promise<Outcome[]> {
  return readResults(await runFirmware(on, cases.map(record), limitMs), cases);
}
