// SPDX-License-Identifier: MIT
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ARENA, type CosimCase } from './cosim-cases.js';

/** Builds and boots the firmware in cosim/, which runs single instructions on QEMU's Cortex-M4. */

const GCC = 'arm-none-eabi-gcc';
const QEMU = 'qemu-system-arm';
const ROOT = resolve(import.meta.dirname, '../..');
/** Bytes of cases that the board holds at a time. */
const BLOCK = 1 << 20;
const FLAGS = [
  ...['-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=soft', '-std=c11', '-ffreestanding', '-nostdlib', '-Wall', '-Wextra'],
  ...['-Werror', '-O2', '-fno-tree-loop-distribute-patterns', '-Wl,--build-id=none', '-Iruntime-c/firmware/batch'],
  ...[`-DBLOCK=${BLOCK}`, `-DARENA=${ARENA.start}`, '-T', 'runtime-c/firmware/batch/link.ld'],
  ...['FLASH=0', 'RAM=0x20000000', 'STACK_TOP=0x20400000', 'POOL=0x21000000'].map((d) => `-Wl,--defsym=${d}`),
];
const BOARD = ['-M', 'mps2-an386', '-display', 'none', '-monitor', 'none', '-serial', 'none'];

export interface Outcome {
  /** Control went on behind the instruction, or at its target, or the core faulted: then nothing else is told. */
  readonly flow: 'next' | 'taken' | 'fault';
  readonly registers: Int32Array;
  readonly flags: number;
  readonly arena: Uint8Array;
}

/** null, or the tool that is not installed. */
export function missingTool(): string | null {
  return [GCC, QEMU].find((t) => spawnSync(t, ['--version'], { stdio: 'ignore' }).status !== 0) ?? null;
}

/**
 * Words of a case: entry, flags, r0 to r12, LR, SP, words of the arena, number of pieces of code; the arena; the pieces, each
 * address, number of halfwords, halfwords padded to a word.
 */
function record(c: CosimCase): number[] {
  const r = c.registers;
  const arena = new Uint32Array(c.arena.buffer, 0, c.arena.length / 4);
  const pieces: number[][] = [];
  let previous = Number.NaN;
  for (const [address, half] of [...c.code].sort(([a], [b]) => a - b)) {
    if (address !== previous + 2) pieces.push([address]);
    pieces[pieces.length - 1]!.push(half);
    previous = address;
  }
  const code = pieces.flatMap(([address, ...halves]) => {
    const words = Array.from(
      { length: (halves.length + 1) >> 1 },
      (_, i) => halves[2 * i]! | ((halves[2 * i + 1] ?? 0) << 16),
    );
    return [address!, halves.length, ...words];
  });
  const state = [c.entry | 1, c.flags << 28, ...r.subarray(0, 13), r[14]!, r[13]!];
  return [...state, arena.length, pieces.length, ...arena, ...code];
}

/** The input file: blocks of cases, each with its length in front. */
function writeCases(cases: readonly CosimCase[]): Uint8Array {
  const blocks: number[][] = [[]];
  for (const c of cases) {
    const words = record(c);
    if (blocks[blocks.length - 1]!.length + words.length > BLOCK / 4) blocks.push([]);
    blocks[blocks.length - 1]!.push(...words);
  }
  return new Uint8Array(Int32Array.from(blocks.flatMap((b) => [4 * b.length, ...b])).buffer);
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
  const folder = mkdtempSync(join(tmpdir(), 'fcc-cosim-'));
  try {
    const elf = join(folder, 'cosim.elf');
    const sources = ['start.S', 'main.c'].map((f) => `test/emulated/cosim/${f}`);
    const built = spawnSync(GCC, [...FLAGS, ...sources, '-o', elf], { cwd: ROOT, encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`the firmware does not build: ${built.stderr}`);
    writeFileSync(join(folder, 'cases.bin'), writeCases(cases));
    await new Promise<void>((done, fail) => {
      const args = [...BOARD, '-semihosting-config', 'enable=on,target=native', '-kernel', elf];
      const child = spawn(QEMU, args, {
        cwd: folder,
        stdio: ['ignore', 'ignore', 'inherit'],
        timeout: limitMs,
        killSignal: 'SIGKILL',
      });
      child.on('error', fail);
      child.on('close', (code, signal) =>
        code === 0 ? done() : fail(new Error(`the emulator ended with ${signal ?? `exit code ${code}`}`)),
      );
    });
    return readResults(readFileSync(join(folder, 'results.bin')), cases);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
