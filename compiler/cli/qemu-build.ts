// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CompileError } from '../errors/index.js';
import type { Board, BuildStep } from './qemu-boards.js';

/** Folder of the C runtime: beside the compiler in a checkout, at the top of the package once built. */
export function runtimeFolder(): string | null {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at))
    if (existsSync(join(at, 'runtime-c', 'include', 'fcc_image.h'))) return join(at, 'runtime-c');
  return null;
}

const found = new Map<string, boolean>();

/** Whether a program can be started. */
export function has(tool: string): boolean {
  let there = found.get(tool);
  if (there === undefined) {
    there = spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0;
    found.set(tool, there);
  }
  return there;
}

/** Tools that a board needs and that are not installed. */
export function missingTools({ emulator, build }: Board): string[] {
  return [...new Set([emulator, ...build.flatMap((s) => ('tool' in s ? [s.tool] : []))])].filter((tool) => !has(tool));
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((e) => {
      const path = join(folder, e.name);
      if (e.isDirectory()) return sources(path);
      return /\.(c|h|S|ld)$/.test(e.name) ? [path] : [];
    });
}

/** What clang notes of the processor in every function, and what would go before the code generator's own arguments. */
const PROCESSOR = /"(target-cpu|target-features|tune-cpu)"="[^"]*"/g;

function runStep(step: BuildStep, root: string, out: string): void {
  if (!('tool' in step)) {
    const path = step.anyProcessor.replaceAll('{out}', out);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(PROCESSOR, ''));
    return;
  }
  const { tool, args } = step;
  const run = spawnSync(
    tool,
    args.map((a) => a.replaceAll('{out}', out)),
    { cwd: root, encoding: 'utf8' },
  );
  if (run.status === 0) return;
  throw new CompileError('FCC0802', 'the test firmware does not build', {
    got: tool,
    reason: (run.stderr || String(run.error ?? '')).slice(0, 2000),
  });
}

/**
 * Path of the firmware for a board; built once for each state of its sources into the system's temporary folder. Several
 * processes may do so at once: each builds under its own name and renames. Errors: FCC0802.
 */
export function buildFirmware(name: string, board: Board): string {
  const root = runtimeFolder()!;
  const hash = createHash('sha256').update(JSON.stringify(board.build));
  for (const folder of ['include', 'src', 'firmware/batch'])
    for (const path of sources(join(root, folder))) hash.update(path.slice(root.length)).update(readFileSync(path));
  const uid = process.getuid?.() ?? 0;
  const cache = join(tmpdir(), `fcc-firmware-${uid}`);
  const elf = join(cache, `${name}-${hash.digest('hex').slice(0, 24)}.elf`);
  if (existsSync(elf)) return elf;
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const scratch = mkdtempSync(join(cache, 'build-'));
  try {
    for (const step of board.build) runStep(step, root, scratch);
    renameSync(join(scratch, 'batch.elf'), elf);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return elf;
}
