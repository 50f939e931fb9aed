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
import { LOAD_FAILURES, REFUSALS } from '../image/status.js';
import { type AnyTrapName, TRAPS } from '../image/traps.js';
import { BOARDS, type Board } from './qemu-boards.js';
import { buildFirmware, missingTools, runtimeFolder } from './qemu-build.js';
import { type BatchCase, type BatchResult, readResults, writeCase, writeCases } from './qemu-records.js';

/** Cases in one boot: keeps the time that a boot may take, and its files, small. */
const CASES_PER_BOOT = 4000;
const BYTES_PER_BOOT = 256 << 20;

/** What a batch needs of one case; the image as bytes or as read. */
export type QemuCase = Omit<BatchCase, 'image'> & { readonly image: Uint8Array | Image };

export interface QemuOptions {
  /** One of the core's boards; default: its first. */
  readonly board?: string;
  /** A case that runs longer than this is killed (trap `killed`); rounded up to 100 ms of emulated time. Default 10 s. */
  readonly watchdogMs?: number;
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
    const raw = await this.runRaw(cases);
    return raw.map((r, i) => toResult(r, cases[i]!, `case ${i} (${cases[i]!.entry})`));
  }

  /** As runBatch, but tells refusals and damage of each case instead of throwing. */
  async runRaw(cases: readonly QemuCase[]): Promise<BatchResult[]> {
    const { name, board } = this.#board();
    const missing = this.available();
    if (missing) throw new CompileError('FCC0801', missing);
    const plain = cases.map(
      (c): BatchCase => ({ ...c, image: c.image instanceof Uint8Array ? c.image : c.image.bytes }),
    );
    const records = plain.map((c) => {
      const record = writeCase(c, this.#core.featureBits);
      if (record === null || record.length > board.maxCase)
        throw new CompileError('FCC0701', `${c.entry}: image, context and regions are too long for ${name}`, {
          expected: `at most ${board.maxCase} bytes`,
          ...(record && { got: `${record.length} bytes` }),
        });
      return record;
    });
    const firmware = buildFirmware(name, board);
    const results: BatchResult[] = [];
    for (let from = 0; from < plain.length; ) {
      let to = from;
      let bytes = 0;
      while (to < plain.length && to - from < CASES_PER_BOOT && (to === from || bytes < BYTES_PER_BOOT))
        bytes += records[to++]!.length;
      results.push(...(await this.#boot(board, firmware, plain.slice(from, to), records.slice(from, to))));
      from = to;
    }
    return results;
  }

  async #boot(
    board: Board,
    firmware: string,
    cases: readonly BatchCase[],
    records: readonly Uint8Array[],
  ): Promise<BatchResult[]> {
    const folder = mkdtempSync(join(tmpdir(), 'fcc-qemu-'));
    try {
      const ticks = Math.ceil((this.#options.watchdogMs ?? 10_000) / 100) + 1;
      writeFileSync(join(folder, 'cases.bin'), writeCases(records, ticks));
      const limit = this.#options.bootMs ?? 60_000 + 20 * cases.length;
      await emulate(board, firmware, folder, limit);
      const results = readResults(readFileSync(join(folder, 'results.bin')), cases);
      if (!results) throw new CompileError('FCC0803', 'the emulator left an incomplete result file');
      return results;
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

function emulate(board: Board, firmware: string, cwd: string, limitMs: number): Promise<void> {
  const { emulator } = board;
  const args = [
    ...board.args.map((a) => a.replaceAll('{elf}', firmware)),
    ...['-display', 'none', '-monitor', 'none', '-serial', 'none'],
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

const STATUS: readonly { name: string; doc: string }[] = [...REFUSALS, ...LOAD_FAILURES];

function toResult(raw: BatchResult, c: QemuCase, label: string): RunResult {
  if (raw.status !== 0) {
    const row = STATUS[-1 - raw.status];
    const helper = row?.name === 'helper' ? ` (id ${raw.refusedHelper})` : '';
    throw new CompileError('FCC0804', `${label}: the loader refused to run it: ${row?.doc ?? raw.status}${helper}`);
  }
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
  const name = (Object.keys(TRAPS) as AnyTrapName[]).find((t) => TRAPS[t].code === raw.trap);
  if (!name) throw new CompileError('FCC0803', `${label} ended with the unknown trap code ${raw.trap}`);
  const detail = raw.fault !== 0 ? { detail: `fault status 0x${raw.fault.toString(16).padStart(8, '0')}` } : {};
  return { status: 'trap', ...shared, trap: { code: raw.trap, name, site: raw.site, ...detail } };
}
