// SPDX-License-Identifier: MIT
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Core, Emulator } from '../codegen/target.js';
import { CompileError } from '../errors/index.js';
import type { RunResult } from '../host/engine.js';
import { contextResult, makeGuest, regionResults } from '../host/guest.js';
import type { Image } from '../image/image.js';
import { findEntry } from '../image/read.js';
import { STATUSES } from '../image/status.js';
import { type AnyTrapName, TRAPS } from '../image/traps.js';
import { readElf32, symbolAddress } from './elf32.js';
import { BOARDS, type Board } from './qemu-boards.js';
import { buildFirmware, missingTools, runtimeFolder } from './qemu-build.js';
import { type CountedSection, type CountingPlan, countingArgs, readCounts } from './qemu-count.js';
import { type BatchCase, type BatchResult, readResults, writeCase, writeCases } from './qemu-records.js';
import { batchPlan, Names, splitCounts, total } from './qemu-split.js';

/** Cases in one boot: keeps the time that a boot may take, and its files, small. */
const CASES_PER_BOOT = 4000;
const BYTES_PER_BOOT = 256 << 20;
/** Of emulated time while counting: a core of 16 MHz, so that the watchdog ends what is endless in bearable time. */
const EMULATED_SHIFT = 6;
/** File that the counting plug-in writes. */
const COUNTS = 'counts.txt';

/** What a batch needs of one case; the image as bytes or as read. */
export type QemuCase = Omit<BatchCase, 'image'> & { readonly image: Uint8Array | Image };

export interface QemuOptions {
  /** One of the core's boards; default: its first. */
  readonly board?: string;
  /** A case that runs longer than this is killed (trap `killed`); rounded up to 100 ms of emulated time. Default 10 s. */
  readonly watchdogMs?: number;
  /** `runBatch` counts executed instructions, all cases in one boot; needs a C compiler of the host, see `missingForCounting`. */
  readonly count?: boolean;
  /** Time limit for one boot. Default: 60 s, and 20 ms a case. */
  readonly bootMs?: number;
}

/**
 * The emulator of a core: the one with this board, or the first. Errors: FCC0806 if the core has none, FCC0001 if it has another.
 */
export function emulatorOf(core: Core, board?: string): Emulator {
  const found = board === undefined ? core.emulators[0] : core.emulators.find((e) => e.board === board);
  if (found) return found;
  const names = core.emulators.map((e) => e.board).join(', ');
  if (names !== '')
    throw new CompileError('FCC0001', `${core.name} is not emulated on a board ${board}`, { expected: names });
  throw new CompileError('FCC0806', `there is no firmware for ${core.name}`, { got: 'no emulator' });
}

/** Runs images on the emulated board of a core. */
export class QemuEngine {
  readonly #core: Core;
  readonly #options: QemuOptions;

  constructor(target: { readonly core: Core }, options: QemuOptions = {}) {
    this.#core = target.core;
    this.#options = options;
  }

  #board(): { name: string; board: Board } {
    const { board: name } = emulatorOf(this.#core, this.#options.board);
    const board = BOARDS[name];
    if (!board) throw new CompileError('FCC0806', `there is no firmware for ${name}`, { got: this.#core.name });
    return { name, board };
  }

  /** null, or what is missing to use this engine. */
  available(): string | null {
    const { emulators, name } = this.#core;
    const wanted = this.#options.board ?? emulators[0]?.board;
    const board = emulators.some((e) => e.board === wanted) ? BOARDS[wanted!] : undefined;
    if (!board) return `there is no firmware for ${name}${wanted === undefined ? '' : ` on ${wanted}`}`;
    const tools = missingTools(board);
    if (tools.length > 0) return `not installed: ${tools.join(', ')} (apt-get install ${board.packages.join(' ')})`;
    if (!runtimeFolder()) return 'the folder runtime-c with the sources of the firmware is missing';
    return null;
  }

  /**
   * Runs cases in order, thousands a boot. Throws CompileError: FCC0801 tools missing, FCC0802 firmware does not build,
   * FCC0803 emulator failed, FCC0804 image, context or regions refused by the loader, FCC0805 memory outside was changed,
   * FCC0701 a request does not fit its contract, FCC0806 no firmware for the core.
   */
  async runBatch(cases: readonly QemuCase[]): Promise<RunResult[]> {
    const counts: (number | null)[] = cases.map(() => null);
    const raw = this.#options.count ? await this.#countedBatch(cases, counts) : await this.runRaw(cases);
    return raw.map((r, i) => ({
      ...toResult(r, cases[i]!, `case ${i} (${cases[i]!.entry})`),
      instructions: counts[i]!,
    }));
  }

  async #countedBatch(cases: readonly QemuCase[], counts: (number | null)[]): Promise<BatchResult[]> {
    const elf = readElf32(readFileSync(this.firmware()));
    const names = new Names(elf);
    const { results, sections } = await this.runCounted(cases, batchPlan(elf, names, EMULATED_SHIFT));
    const pool = symbolAddress(elf, 'pool_start');
    for (let i = 0; i < cases.length; i++) counts[i] = total(splitCounts(sections[i + 1] ?? [], names, pool).program);
    return results;
  }

  /** As runBatch, but tells refusals and damage of each case instead of throwing. */
  async runRaw(cases: readonly QemuCase[]): Promise<BatchResult[]> {
    const { name, board } = this.#ready();
    const { plain, records } = this.#records(cases);
    const firmware = buildFirmware(name, board);
    const results: BatchResult[] = [];
    for (let from = 0; from < plain.length; ) {
      let to = from;
      let bytes = 0;
      while (to < plain.length && to - from < CASES_PER_BOOT && (to === from || bytes < BYTES_PER_BOOT))
        bytes += records[to++]!.length;
      results.push(...(await this.#boot(board, firmware, plain.slice(from, to), records.slice(from, to))).results);
      from = to;
    }
    return results;
  }

  /**
   * Runs cases in one boot of a firmware (default: the board's) and counts what is executed: a section for what comes before the first
   * cut and one behind each, see qemu-count.ts. Errors: as runRaw.
   */
  async runCounted(
    cases: readonly QemuCase[],
    plan: CountingPlan,
    firmware = this.firmware(),
  ): Promise<{ results: BatchResult[]; sections: CountedSection[] }> {
    const { board } = this.#ready();
    const { plain, records } = this.#records(cases);
    return this.#boot(board, firmware, plain, records, plan);
  }

  /** Path of the board's firmware. Errors: FCC0801, FCC0802, FCC0806. */
  firmware(): string {
    const { name, board } = this.#ready();
    return buildFirmware(name, board);
  }

  /** The board, once it is sure that everything is installed. Errors: FCC0801, FCC0806. */
  #ready(): { name: string; board: Board } {
    const found = this.#board();
    const missing = this.available();
    if (missing) throw new CompileError('FCC0801', missing);
    return found;
  }

  #records(cases: readonly QemuCase[]): { plain: BatchCase[]; records: Uint8Array[] } {
    const { name, board } = this.#board();
    const plain = cases.map(({ image, ...c }): BatchCase => {
      if (image instanceof Uint8Array) return { ...c, image };
      return { ...c, image: image.bytes, entryHash: findEntry(image, c.entry)?.nameHash };
    });
    const records = plain.map((c) => {
      const record = writeCase(c, this.#core.featureBits);
      if (record === null || record.length > board.maxCase)
        throw new CompileError('FCC0701', `${c.entry}: image, context and regions are too long for ${name}`, {
          expected: `at most ${board.maxCase} bytes`,
          ...(record && { got: `${record.length} bytes` }),
        });
      return record;
    });
    return { plain, records };
  }

  async #boot(
    board: Board,
    firmware: string,
    cases: readonly BatchCase[],
    records: readonly Uint8Array[],
    plan?: CountingPlan,
  ): Promise<{ results: BatchResult[]; sections: CountedSection[] }> {
    const folder = mkdtempSync(join(tmpdir(), 'fcc-qemu-'));
    try {
      const ticks = Math.ceil((this.#options.watchdogMs ?? 10_000) / 100) + 1;
      writeFileSync(join(folder, 'cases.bin'), writeCases(records, ticks));
      const limit = this.#options.bootMs ?? 60_000 + 20 * cases.length;
      await emulate(board, firmware, folder, limit, plan ? countingArgs(plan, COUNTS) : []);
      const results = readResults(readFileSync(join(folder, 'results.bin')), cases);
      if (!results) throw new CompileError('FCC0803', 'the emulator left an incomplete result file');
      return { results, sections: plan ? readCounts(readFileSync(join(folder, COUNTS), 'latin1')) : [] };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** Exit codes of the firmware (firmware/batch/main.c). */
const EXITS: Readonly<Record<number, string>> = {
  2: 'the firmware could not read its cases',
  3: 'the firmware could not write its results',
  4: 'the firmware itself caused a processor fault',
};

/** Runs a firmware in a folder to its end. `more`: for the emulator. Errors: FCC0803 if it fails, or takes longer than the limit. */
export function emulate(
  board: Board,
  firmware: string,
  cwd: string,
  limitMs: number,
  more: readonly string[],
): Promise<void> {
  const { emulator } = board;
  const args = [
    ...board.args.map((a) => a.replaceAll('{elf}', firmware)),
    ...['-display', 'none', '-monitor', 'none', '-serial', 'none'],
    ...more,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(emulator, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    let late = false;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 4000) said += text;
    });
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.on('error', (e) => {
      clearTimeout(timer);
      reject(new CompileError('FCC0803', `${emulator} did not start`, { reason: e.message }));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (late) reject(new CompileError('FCC0803', `the emulator did not finish in ${limitMs} ms`));
      else if (code !== 0)
        reject(
          new CompileError('FCC0803', EXITS[code ?? -1] ?? `the emulator ended with ${signal ?? `exit code ${code}`}`, {
            ...(said && { reason: said.trim() }),
          }),
        );
      else resolve();
    });
  });
}

const STATUS: readonly { name: string; doc: string }[] = STATUSES;

/** Why the loader did not run a case; null: it did. */
function refusal({ status, refusedHelper }: BatchResult): string | null {
  if (status === 0) return null;
  const row = STATUS[-1 - status];
  return `${row?.doc ?? status}${row?.name === 'helper' ? ` (id ${refusedHelper})` : ''}`;
}

/** The trap that ended a case; null: none, or a number that is no trap's. */
const trapName = (code: number): AnyTrapName | null =>
  (Object.keys(TRAPS) as AnyTrapName[]).find((t) => TRAPS[t].code === code) ?? null;

/** How a case ended, in words; null: well. */
export function failure(raw: BatchResult): string | null {
  const refused = refusal(raw);
  if (refused !== null) return `refused by the loader: ${refused}`;
  if (raw.damage !== 0) return `memory outside the container was changed, at 0x${raw.damage.toString(16)}`;
  return raw.trap === 0 ? null : `trap ${trapName(raw.trap) ?? raw.trap}`;
}

function toResult(raw: BatchResult, c: QemuCase, label: string): RunResult {
  const refused = refusal(raw);
  if (refused !== null) throw new CompileError('FCC0804', `${label}: the loader refused to run it: ${refused}`);
  if (raw.damage !== 0)
    throw new CompileError('FCC0805', `${label}: memory outside the container was changed`, {
      got: `a changed byte at 0x${raw.damage.toString(16)}`,
    });
  const made = makeGuest(c.contract, c.request);
  const guest = {
    context: made.context && { ...made.context, bytes: raw.context! },
    regions: made.regions.map((r, i) => ({ ...r, bytes: raw.regions[i]! })),
  };
  const shared = {
    r0: raw.r0,
    instructions: null,
    context: contextResult(c.contract, c.request, guest),
    regions: regionResults(guest),
    log: raw.log,
  };
  if (raw.trap === 0) return { status: 'ok', ...shared };
  const name = trapName(raw.trap);
  if (!name) throw new CompileError('FCC0803', `${label} ended with the unknown trap code ${raw.trap}`);
  const detail = raw.fault !== 0 ? { detail: `fault status 0x${raw.fault.toString(16).padStart(8, '0')}` } : {};
  return { status: 'trap', ...shared, trap: { code: raw.trap, name, site: raw.site, ...detail } };
}
