// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BOARDS, type Board, type BuildStep } from '../../../compiler/cli/qemu-boards.js';
import { buildFirmware } from '../../../compiler/cli/qemu-build.js';
import {
  type BatchCase,
  type BatchResult,
  readResults,
  writeCase,
  writeCases,
} from '../../../compiler/cli/qemu-records.js';
import type { Dialect } from './dialects.js';

const HELPERS = fileURLToPath(new URL('helpers.c', import.meta.url));
/** The runtime's own helpers, as source and on their way through LLVM: what they stand on is not in this firmware. */
const OWN_HELPERS = /^(src\/helpers\.c|\{out\}\/src-helpers\.\w+)$/;
const ALL_FEATURES = 0xffffffff;

/** The board's firmware with the helpers of this folder and its check around fcc_enter; `tick`: clock ticks between interrupts. */
function instrumented(board: Board, { build }: Dialect, tick: number | null): Board {
  const source = createHash('sha256').update(readFileSync(HELPERS)).digest('hex').slice(0, 16);
  const change = (step: BuildStep): BuildStep => {
    if (!('tool' in step)) return step;
    const args = step.args.flatMap((a) => {
      if (OWN_HELPERS.test(a)) return [];
      if (a === 'firmware/batch/helpers.c') return HELPERS;
      if (tick !== null && a.startsWith('-DTICK=')) return `-DTICK=${tick}`;
      return build ? build.flag(a) : a;
    });
    if (step.tool.endsWith('-gcc')) args.push('-Wl,--wrap=fcc_enter', `-DTEST_SOURCE=0x${source}`);
    if (step.tool.endsWith('-ld')) args.push('--wrap=fcc_enter');
    if (step.tool.startsWith('clang')) args.push(`-DTEST_SOURCE=0x${source}`);
    return { tool: step.tool, args };
  };
  const isPart = (step: BuildStep): boolean =>
    'tool' in step
      ? !/^(clang|llc|llvm)/.test(step.tool) || !step.args.some((a) => OWN_HELPERS.test(a))
      : !OWN_HELPERS.test(step.anyProcessor);
  return { ...board, build: board.build.filter(isPart).map(change) };
}

/** An instruction takes 64 ns of a board's time: its interrupts come at the same places on every machine. */
const COUNTED = ['-icount', 'shift=6'];

/**
 * Runs cases in one boot of the instrumented firmware. `watchdog` in ticks, of 100 ms or, with `tick`, of that many turns of the
 * board's clock. Throws if anything but the cases fails.
 */
export function runOn(
  name: string,
  dialect: Dialect,
  cases: readonly BatchCase[],
  { watchdog, tick = null }: { watchdog: number; tick?: number | null },
): BatchResult[] {
  const board = instrumented(BOARDS[name]!, dialect, tick);
  const elf = buildFirmware(`ports-${name}`, board);
  const records = cases.map((c) => {
    const record = writeCase(c, ALL_FEATURES);
    if (record === null || record.length > board.maxCase) throw new Error(`${c.entry} is too long for ${name}`);
    return record;
  });
  const folder = mkdtempSync(join(tmpdir(), 'fcc-ports-'));
  try {
    writeFileSync(join(folder, 'cases.bin'), writeCases(records, watchdog));
    const args = board.args.map((a) => a.replaceAll('{elf}', elf));
    const run = spawnSync(
      board.emulator,
      [...args, ...(tick === null ? [] : COUNTED), '-display', 'none', '-monitor', 'none', '-serial', 'none'],
      {
        cwd: folder,
        encoding: 'utf8',
        timeout: 40_000,
        killSignal: 'SIGKILL',
      },
    );
    if (run.status !== 0)
      throw new Error(`${name}: the emulator ended with ${run.status ?? run.signal}: ${run.stderr}`);
    const results = readResults(readFileSync(join(folder, 'results.bin')), cases);
    if (!results) throw new Error(`${name}: incomplete results`);
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
