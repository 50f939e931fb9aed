// SPDX-License-Identifier: MIT
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Bus } from '../../compiler/simulator/cpu.js';

/** What co-simulation is the same for every instruction set: cases go to the firmware in a file and results come back in one. */

const ROOT = resolve(import.meta.dirname, '../..');
/** Bytes of cases that the firmware holds at a time (cosim/main.c: BLOCK). */
export const BLOCK = 1 << 20;

export interface Board {
  readonly compiler: string;
  /** Flags and sources, from the project's folder. */
  readonly compile: readonly string[];
  readonly emulator: string;
  readonly run: (elf: string) => readonly string[];
}

/**
 * null, or the tool that is not installed: then the suite is not run, and says why. Continuous integration installs the
 * tools; there a missing one is a failure.
 */
export function missingTool(board: Pick<Board, 'compiler' | 'emulator'>): string | null {
  const missing =
    [board.compiler, board.emulator].find((t) => spawnSync(t, ['--version'], { stdio: 'ignore' }).status !== 0) ?? null;
  if (missing && process.env.CI) throw new Error(`${missing} is not installed`);
  if (missing) console.warn(`co-simulation not run: ${missing} is not installed`);
  return missing;
}

/** Code by halfwords as pieces of neighbours: each address, number of halfwords, halfwords padded to a word. */
export function codePieces(code: ReadonlyMap<number, number>): { count: number; words: number[] } {
  const pieces: number[][] = [];
  let previous = Number.NaN;
  for (const [address, half] of [...code].sort(([a], [b]) => a - b)) {
    if (address !== previous + 2) pieces.push([address]);
    pieces[pieces.length - 1]!.push(half);
    previous = address;
  }
  const words = pieces.flatMap(([address, ...halves]) => [
    address!,
    halves.length,
    ...Array.from({ length: (halves.length + 1) >> 1 }, (_, i) => halves[2 * i]! | ((halves[2 * i + 1] ?? 0) << 16)),
  ]);
  return { count: pieces.length, words };
}

/** The input file: blocks of cases, each with its length in front. */
function inBlocks(records: readonly (readonly number[])[]): Uint8Array {
  const blocks: number[][] = [[]];
  for (const words of records) {
    if (blocks[blocks.length - 1]!.length + words.length > BLOCK / 4) blocks.push([]);
    blocks[blocks.length - 1]!.push(...words);
  }
  return new Uint8Array(Int32Array.from(blocks.flatMap((b) => [4 * b.length, ...b])).buffer);
}

/** Runs all cases, given as words, in one boot; gives the result file. Throws if the firmware does not build, or does not finish in `limitMs`. */
export async function runFirmware(
  board: Board,
  records: readonly (readonly number[])[],
  limitMs: number,
): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'fcc-cosim-'));
  try {
    const elf = join(folder, 'cosim.elf');
    const built = spawnSync(board.compiler, [...board.compile, '-o', elf], { cwd: ROOT, encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`the firmware does not build: ${built.stderr}`);
    writeFileSync(join(folder, 'cases.bin'), inBlocks(records));
    await new Promise<void>((done, fail) => {
      const child = spawn(board.emulator, board.run(elf), {
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
    return readFileSync(join(folder, 'results.bin'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An access that no case should make: the generator's mistake or the semantics', never a CpuFault. */
export class Stray extends Error {}

/** The memory that a case may touch, from address `start` on. */
export function arenaBus(start: number, arena: Uint8Array, literal: Bus['literal']): Bus {
  const view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength);
  const offset = (address: number, bytes: number): number => {
    const at = address - start;
    if (at < 0 || at + bytes > arena.length) throw new Stray(`access at 0x${address.toString(16)}`);
    return at;
  };
  return {
    read(address, bytes) {
      const at = offset(address, bytes);
      return bytes === 4 ? view.getUint32(at, true) : bytes === 2 ? view.getUint16(at, true) : view.getUint8(at);
    },
    literal,
    write(address, bytes, value) {
      const at = offset(address, bytes);
      if (bytes === 4) view.setUint32(at, value, true);
      else if (bytes === 2) view.setUint16(at, value, true);
      else view.setUint8(at, value);
    },
  };
}
