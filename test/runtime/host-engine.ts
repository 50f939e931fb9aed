// SPDX-License-Identifier: MIT
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BatchCase,
  type BatchResult,
  readResults,
  writeCase,
  writeCases,
} from '../../compiler/cli/qemu-records.js';
import type { RunResult } from '../../compiler/host/engine.js';
import { contextResult, makeGuest, regionResults } from '../../compiler/host/guest.js';
import { STATUSES } from '../../compiler/image/status.js';
import { type AnyTrapName, TRAPS } from '../../compiler/image/traps.js';

const RUNTIME = join(import.meta.dirname, '../../runtime-c');

/** Sources of the core with its interpreter, for the host; the port's threads apart. */
export const HOST_CORE = [
  ...['validate', 'fcc', 'intrinsics', 'interp', 'check-ebpf', 'helpers'].map((name) => `src/${name}.c`),
  ...['enter', 'lock', 'memory'].map((name) => `src/port/host/${name}.c`),
];

/** What every program with the core takes: addresses below 4 GiB, so no PIE. */
export const HOST_FLAGS = [
  ...['-std=c11', '-g', '-Wall', '-Wextra', '-Werror', '-fno-pie', '-no-pie', '-pthread'],
  ...['-DFCC_INTERPRETER=1', '-Iinclude', '-Isrc/port/host'],
];

/** null, or why there is no C compiler of that name; a failure where tests must not be left out. */
export function missingCompiler(cc: string): string | null {
  if (spawnSync(cc, ['--version'], { stdio: 'ignore' }).status === 0) return null;
  if (process.env.CI) throw new Error(`${cc} is not installed`);
  return `${cc} is not installed`;
}

/** null, or why there is no libsodium to link with; a failure where tests must not be left out. */
export function missingSodium(): string | null {
  const linked = spawnSync('gcc', ['-xc', '-', '-lsodium', '-o', '/dev/null'], {
    input: 'int main(void) { return 0; }',
  });
  if (linked.status === 0) return null;
  if (process.env.CI) throw new Error('libsodium-dev is not installed');
  return 'libsodium-dev is not installed';
}
/** A folder of its own for `work`, gone afterwards. */
export function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'fcc-host-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Builds a program of C sources; paths are relative to runtime-c. Throws with the compiler's words. */
export function build(cc: string, args: readonly string[], program: string): void {
  const run = spawnSync(cc, [...args, '-o', program], { cwd: RUNTIME, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`${cc}: ${run.stderr || run.error}`);
}

/** The batch firmware as a process of this machine, with sanitizers. */
export function buildBatch(folder: string): string {
  const program = join(folder, 'batch');
  build(
    'gcc',
    [
      ...HOST_FLAGS,
      ...['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
      // The firmware is written for 32-bit cores, and has no C library beside it.
      ...['-Wno-pointer-to-int-cast', '-Wno-int-to-pointer-cast', '-Dmemset=batch_memset', '-Dmemcpy=batch_memcpy'],
      ...HOST_CORE,
      ...['firmware/batch/main.c', 'firmware/batch/helpers.c', 'test/host/port.c'],
    ],
    program,
  );
  return program;
}

/**
 * What the batch firmware says of each case on this machine: images of eBPF text in the C interpreter. Throws with what a sanitizer
 * says.
 */
export function rawOnHost(program: string, cases: readonly BatchCase[]): BatchResult[] {
  return inFolder((cwd) => {
    const records = cases.map((c) => {
      const record = writeCase(c, 0);
      if (!record) throw new Error(`${c.entry}: too long`);
      return record;
    });
    writeFileSync(join(cwd, 'cases.bin'), writeCases(records, 0));
    execFileSync(program, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    const raw = readResults(readFileSync(join(cwd, 'results.bin')), cases);
    if (!raw) throw new Error('an incomplete result file');
    for (const [i, r] of raw.entries())
      if (r.damage !== 0)
        throw new Error(`case ${i} (${cases[i]!.entry}): changed memory at 0x${r.damage.toString(16)}`);
    return raw;
  });
}

/** The same as any engine answers. Throws if the loader refuses an image, too. */
export function runOnHost(program: string, cases: readonly BatchCase[]): RunResult[] {
  return rawOnHost(program, cases).map((r, i) => {
    const c = cases[i]!;
    if (r.status !== 0) {
      const row = STATUSES[-1 - r.status];
      throw new Error(`case ${i} (${c.entry}): ${row?.doc ?? r.status}, helper ${r.refusedHelper}`);
    }
    const made = makeGuest(c.contract, c.request);
    const guest = {
      context: made.context && { ...made.context, bytes: r.context! },
      regions: made.regions.map((region, k) => ({ ...region, bytes: r.regions[k]! })),
    };
    const shared = {
      r0: r.r0,
      instructions: null,
      context: contextResult(c.contract, c.request, guest),
      regions: regionResults(guest),
      log: r.log,
    };
    if (r.trap === 0) return { status: 'ok', ...shared } as const;
    const name = (Object.keys(TRAPS) as AnyTrapName[]).find((t) => TRAPS[t].code === r.trap)!;
    return { status: 'trap', ...shared, trap: { code: r.trap, name, site: r.site } } as const;
  });
}
