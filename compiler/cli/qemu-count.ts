// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompileError } from '../errors/index.js';
import { has, runtimeFolder } from './qemu-build.js';

/** What the counting plug-in (runtime-c/bench/plugin.c) says of one address: counts by bank, bank 1 first. */
export interface CountedRow {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly banks: readonly { readonly count: number; readonly taken: number }[];
}

/** Executed instructions between two cuts, in order of addresses. */
export type CountedSection = readonly CountedRow[];

/** Where counting goes to another bank, or a section ends. */
export interface CountingPlan {
  /** An instruction takes 2^shift nanoseconds of emulated time, so that a run counts the same each time. */
  readonly shift: number;
  /** First and last address, and bank: 1 to 3, or 0 for not counted. Where two overlap, the later one. */
  readonly marks: readonly (readonly [first: number, last: number, bank: number])[];
  readonly cuts: readonly number[];
}

const COMPILERS = ['cc', 'gcc', 'clang', 'clang-19'];

/** The host's C compiler, or null. */
export function hostCompiler(): string | null {
  return COMPILERS.find(has) ?? null;
}

/** What is missing to count, or null. */
export function missingForCounting(): string | null {
  return hostCompiler() === null ? 'no C compiler of the host (apt-get install gcc)' : null;
}

/** Path of the plug-in, built once for each state of its source into the system's temporary folder. Errors: FCC0802. */
export function buildPlugin(): string {
  const source = join(runtimeFolder()!, 'bench', 'plugin.c');
  const compiler = hostCompiler();
  if (compiler === null) throw new CompileError('FCC0801', missingForCounting()!);
  const cache = cacheFolder();
  const hash = createHash('sha256').update(readFileSync(source)).update(compiler).update(process.arch).digest('hex');
  const plugin = join(cache, `counting-${hash.slice(0, 24)}.so`);
  if (existsSync(plugin)) return plugin;
  const scratch = mkdtempSync(join(cache, 'build-'));
  try {
    const out = join(scratch, 'plugin.so');
    runTool(compiler, ['-shared', '-fPIC', '-O2', '-fvisibility=hidden', '-o', out, source], 'the counting plug-in');
    renameSync(out, plugin);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return plugin;
}

/** The folder that firmware and plug-in are kept in, made if it is not there. */
export function cacheFolder(): string {
  const cache = join(tmpdir(), `fcc-firmware-${process.getuid?.() ?? 0}`);
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  return cache;
}

/** Runs a compiler or linker. Errors: FCC0802, `what` does not build. */
export function runTool(tool: string, args: readonly string[], what: string, cwd?: string): string {
  const run = spawnSync(tool, args, { cwd, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (run.status === 0) return run.stdout;
  throw new CompileError('FCC0802', `${what} does not build`, {
    got: tool,
    reason: (run.stderr || String(run.error ?? '')).slice(0, 2000),
  });
}

/** Arguments that make QEMU count into `out`. */
export function countingArgs({ marks, cuts, shift }: CountingPlan, out: string): string[] {
  const words = [
    `out=${out}`,
    ...marks.map(([first, last, bank]) => `mark=${first}:${last}:${bank}`),
    ...cuts.map((address) => `cut=${address}`),
  ];
  return ['-icount', `shift=${shift}`, '-plugin', [buildPlugin(), ...words].join(',')];
}

/** The sections of a file that the plug-in wrote. */
export function readCounts(text: string): CountedSection[] {
  const sections: CountedRow[][] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('section')) sections.push([]);
    else if (line !== '') {
      const [address = '', bytes = '', ...counts] = line.split(' ');
      const numbers = counts.map(Number);
      sections.at(-1)!.push({
        address: Number.parseInt(address, 16),
        bytes: new Uint8Array(Buffer.from(bytes, 'hex')),
        banks: Array.from({ length: numbers.length / 2 }, (_, i) => ({
          count: numbers[2 * i]!,
          taken: numbers[2 * i + 1]!,
        })),
      });
    }
  }
  return sections;
}
