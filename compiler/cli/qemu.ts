// SPDX-License-Identifier: MIT
import { spawn, spawnSync } from 'node:child_process';
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
import type { Core } from '../codegen/target.js';
import { CompileError } from '../errors/index.js';
import type { RunResult } from '../host/engine.js';
import { contextResult, makeGuest, regionResults } from '../host/guest.js';
import type { Image } from '../image/image.js';
import { LOAD_FAILURES, REFUSALS } from '../image/status.js';
import { type AnyTrapName, TRAPS } from '../image/traps.js';
import { type BatchCase, type BatchResult, readResults, writeCase, writeCases } from './qemu-records.js';

const QEMU = 'qemu-system-arm';
const GCC = 'arm-none-eabi-gcc';
const INSTALL = 'apt-get install qemu-system-arm gcc-arm-none-eabi';

/** Boards that the firmware runs on: compiler option and memory map (QEMU 7.2). */
const BOARDS: Readonly<
  Record<string, { cpu: string; flash: number; ram: number; top: number; pool: number; hz: number }>
> = {
  'mps2-an385': { cpu: 'cortex-m3', flash: 0, ram: 0x20000000, top: 0x20400000, pool: 0x21000000, hz: 25_000_000 },
  'mps2-an386': { cpu: 'cortex-m4', flash: 0, ram: 0x20000000, top: 0x20400000, pool: 0x21000000, hz: 25_000_000 },
  'mps2-an500': { cpu: 'cortex-m7', flash: 0, ram: 0x20000000, top: 0x20400000, pool: 0x60000000, hz: 25_000_000 },
  'mps2-an505': {
    cpu: 'cortex-m33',
    flash: 0x10000000,
    ram: 0x38000000,
    top: 0x38400000,
    pool: 0x80000000,
    hz: 20_000_000,
  },
};

const SOURCES = [
  'src/validate.c',
  'src/fcc.c',
  'src/intrinsics.c',
  'src/port/thumb/enter.S',
  'firmware/batch/start.S',
  'firmware/batch/main.c',
  'firmware/batch/helpers.c',
];
const FLAGS = [
  ...['-mthumb', '-mfloat-abi=soft', '-std=c11', '-ffreestanding', '-nostdlib', '-Wall', '-Wextra', '-O2'],
  ...['-fno-tree-loop-distribute-patterns', '-ffunction-sections', '-fdata-sections', '-Wl,--gc-sections'],
  ...['-Wl,--build-id=none', '-Iinclude'],
];

/** Cases in one boot: keeps the time that a boot may take, and its files, small. */
const CASES_PER_BOOT = 4000;
const BYTES_PER_BOOT = 256 << 20;

/** What a batch needs of one case; the image as bytes or as read. */
export type QemuCase = Omit<BatchCase, 'image'> & { readonly image: Uint8Array | Image };

export interface QemuOptions {
  /** A case that runs longer than this is killed (trap `killed`); rounded up to 100 ms of emulated time. Default 10 s. */
  readonly watchdogMs?: number;
  /** Time limit for one boot. Default: 60 s, and 20 ms a case. */
  readonly bootMs?: number;
}

/** Folder of the C runtime: beside the compiler in a checkout, at the top of the package once built. */
function runtimeFolder(): string | null {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at))
    if (existsSync(join(at, 'runtime-c', 'include', 'fcc_image.h'))) return join(at, 'runtime-c');
  return null;
}

const has = (tool: string): boolean => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0;

/** Runs images on the emulated board of a core. */
export class QemuEngine {
  readonly #core: Core;
  readonly #options: QemuOptions;

  constructor(target: { readonly core: Core }, options: QemuOptions = {}) {
    this.#core = target.core;
    this.#options = options;
  }

  /** null, or what is missing to use this engine. */
  available(): string | null {
    if (!this.#core.qemu || !BOARDS[this.#core.qemu.machine]) return `there is no firmware for ${this.#core.name}`;
    if (!has(QEMU)) return `${QEMU} is not installed (${INSTALL})`;
    if (!has(GCC)) return `${GCC} is not installed (${INSTALL})`;
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
    if (!this.#core.qemu || !BOARDS[this.#core.qemu.machine])
      throw new CompileError('FCC0806', `there is no firmware for ${this.#core.name}`, {
        expected: Object.keys(BOARDS).join(' or '),
        got: this.#core.qemu?.machine ?? 'no emulator',
      });
    const missing = this.available();
    if (missing) throw new CompileError('FCC0801', missing, { help: INSTALL });
    const plain = cases.map(
      (c): BatchCase => ({ ...c, image: c.image instanceof Uint8Array ? c.image : c.image.bytes }),
    );
    const records = plain.map((c) => {
      const record = writeCase(c, this.#core.featureBits);
      if (!record)
        throw new CompileError('FCC0701', `${c.entry}: image, context and regions are too long for the board`);
      return record;
    });
    const firmware = buildFirmware(this.#core.qemu.machine);
    const results: BatchResult[] = [];
    for (let from = 0; from < plain.length; ) {
      let to = from;
      let bytes = 0;
      while (to < plain.length && to - from < CASES_PER_BOOT && (to === from || bytes < BYTES_PER_BOOT))
        bytes += records[to++]!.length;
      results.push(...(await this.#boot(firmware, plain.slice(from, to), records.slice(from, to))));
      from = to;
    }
    return results;
  }

  async #boot(firmware: string, cases: readonly BatchCase[], records: readonly Uint8Array[]): Promise<BatchResult[]> {
    const folder = mkdtempSync(join(tmpdir(), 'fcc-qemu-'));
    try {
      const ticks = Math.ceil((this.#options.watchdogMs ?? 10_000) / 100) + 1;
      writeFileSync(join(folder, 'cases.bin'), writeCases(records, ticks));
      const limit = this.#options.bootMs ?? 60_000 + 20 * cases.length;
      await emulate(this.#core.qemu!, firmware, folder, limit);
      const results = readResults(readFileSync(join(folder, 'results.bin')), cases);
      if (!results) throw new CompileError('FCC0803', 'the emulator left an incomplete result file');
      return results;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/**
 * Path of the firmware for a board; built once for each state of its sources into the system's temporary folder. Several
 * processes may do so at once: each builds under its own name and renames.
 */
function buildFirmware(machine: string): string {
  const root = runtimeFolder()!;
  const board = BOARDS[machine]!;
  const defsyms = [`FLASH=${board.flash}`, `RAM=${board.ram}`, `STACK_TOP=${board.top}`, `POOL=${board.pool}`];
  const args = [...FLAGS, `-mcpu=${board.cpu}`, `-DTICK=${board.hz / 10}u`, ...defsyms.map((d) => `-Wl,--defsym=${d}`)];
  const hash = createHash('sha256').update(JSON.stringify(args));
  for (const folder of ['include', 'src', 'src/port/thumb', 'firmware/batch'])
    for (const name of readdirSync(join(root, folder)).sort())
      if (/\.(c|h|S|ld)$/.test(name)) hash.update(name).update(readFileSync(join(root, folder, name)));
  const uid = process.getuid?.() ?? 0;
  const cache = join(tmpdir(), `fcc-firmware-${uid}`);
  const elf = join(cache, `${machine}-${hash.digest('hex').slice(0, 24)}.elf`);
  if (existsSync(elf)) return elf;
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const scratch = mkdtempSync(join(cache, 'build-'));
  try {
    const out = join(scratch, 'batch.elf');
    const all = [...args, '-T', 'firmware/batch/link.ld', ...SOURCES, '-lgcc', '-o', out];
    const run = spawnSync(GCC, all, { cwd: root, encoding: 'utf8' });
    if (run.status !== 0)
      throw new CompileError('FCC0802', 'the test firmware does not build', {
        reason: (run.stderr || String(run.error ?? '')).slice(0, 2000),
      });
    renameSync(out, elf);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return elf;
}

/** Exit codes of the firmware (firmware/batch/main.c). */
const EXITS: Readonly<Record<number, string>> = {
  2: 'the firmware could not read its cases',
  3: 'the firmware could not write its results',
  4: 'the firmware itself caused a processor fault',
};

function emulate(qemu: NonNullable<Core['qemu']>, firmware: string, cwd: string, limitMs: number): Promise<void> {
  const args = [
    ...['-M', qemu.machine, ...(qemu.cpu ? ['-cpu', qemu.cpu] : []), '-display', 'none', '-monitor', 'none'],
    ...['-serial', 'none', '-semihosting-config', 'enable=on,target=native', '-kernel', firmware],
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(QEMU, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
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
      reject(new CompileError('FCC0803', `${QEMU} did not start`, { reason: e.message }));
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
