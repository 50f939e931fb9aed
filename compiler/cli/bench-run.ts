// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { cycles } from '../bench/cycles.js';
import type { BenchJob, Executed, Figures, Measured, MeasureOptions, Row } from '../bench/types.js';
import type { Target } from '../codegen/target.js';
import { CompileError } from '../errors/index.js';
import {
  compileVariant,
  differs,
  type FccColumn,
  type FccRun,
  type FccVariant,
  interpreterBytes,
  NONE,
  routineBytes,
  runVariants,
  simulateVariant,
} from './bench-fcc.js';
import { type BenchProgram, bpfCompiler, type LoadedJob, loadJob } from './bench-jobs.js';
import {
  buildNative,
  coreOfBoard,
  type Level,
  type NativeProgram,
  type NativeResult,
  type NativeStand,
  nativeStand,
  runNative,
} from './bench-native.js';
import { type MeasuredProgram, profileText } from './bench-profile.js';
import { versionOf } from './bench-versions.js';
import { standFor } from './engines.js';
import { QemuEngine } from './qemu.js';
import { BOARDS } from './qemu-boards.js';
import { has } from './qemu-build.js';
import { hostCompiler, missingForCounting } from './qemu-count.js';
import type { Session } from './session.js';

/** What there is to measure with on this machine. */
interface Bench {
  readonly target: Target;
  /** The target as its board has it. */
  readonly emulated: Target;
  /** null: counts come from the simulator. */
  readonly engine: QemuEngine | null;
  /** null: nothing for the columns of gcc. */
  readonly stand: NativeStand | null;
  /** What runs the interpreter; null: nothing. */
  readonly interpreter: QemuEngine | null;
  readonly routines: (imports: readonly number[]) => number | null;
  readonly notes: readonly string[];
}

/** A run that does not end is stopped after this much emulated time, a nanosecond an instruction. */
const WATCHDOG_MS = 2000;

const COLUMNS: readonly FccColumn[] = ['contract', 'guarded', 'unguarded', 'contractOs', 'interpreter'];

/**
 * Counts what programs execute on one target: compiled by gcc for the processor, by fcc with and without their contract and without
 * guards, and interpreted there. A row per entry point, in the order of the jobs. What cannot be measured here is null, with a note;
 * a run whose result is not the interpreter's is an error of its row. Errors: those of reading objects, contracts and sources
 * (FCC0002, FCC02xx, FCC03xx, FCC04xx), FCC0802 if a source or our own firmware does not build.
 */
export async function measure(
  session: Session,
  jobs: readonly BenchJob[],
  target: Target,
  { profile, progress }: MeasureOptions,
): Promise<Measured> {
  const bench = prepareBench(target);
  const rows: Row[] = [];
  const profiles: string[] = [];
  for (const [i, job] of jobs.entries()) {
    const folder = mkdtempSync(join(tmpdir(), 'fcc-bench-'));
    try {
      const loaded = await loadJob(session, job, folder);
      for (const program of loaded.programs) {
        const measured = await measureProgram(bench, loaded, program, folder);
        rows.push(measured.row);
        if (profile) profiles.push(profileText(bench.emulated, measured, firmwareOf(bench)));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    progress(i + 1);
  }
  return { rows, notes: bench.notes, versions: versionsOf(bench), profile: profile ? profiles.join('\n') : null };
}

function prepareBench(target: Target): Bench {
  const notes: string[] = [];
  const emulator = target.core.emulators[0];
  const { target: emulated, lacks } = emulator ? standFor('qemu', target) : { target, lacks: [] };
  let engine: QemuEngine | null = new QemuEngine({ core: emulated.core }, { watchdogMs: WATCHDOG_MS });
  const missing = engine.available() ?? missingForCounting();
  if (missing !== null) {
    engine = null;
    notes.push(`${missing}: the simulator counts instead, without the runtime's routines and the interpreter`);
  } else if (lacks.length > 0) notes.push(`fcc: compiled without ${lacks.join(', ')}, which the emulated core lacks`);
  let stand = engine ? nativeStand(target) : null;
  if (stand && !has(stand.tools.gcc)) {
    notes.push(`not installed: ${stand.tools.gcc} (apt-get install ${BOARDS[stand.board]!.packages.join(' ')})`);
    stand = null;
  }
  if (stand?.note) notes.push(stand.note);
  if (stand)
    notes.push(
      'gcc: -ffreestanding, with libgcc; memcpy and its like, and what libgcc lacks, from runtime-c/bench/library.c',
    );
  const other = stand ? standIn(stand) : null;
  if (other !== null)
    notes.push(`routines of the runtime and the interpreter: compiled with ${other}, as for the emulated core`);
  const routines = stand ? routineBytes(stand) : () => null;
  // The interpreter has no build for firmware with windows: the core of the C compiler runs it.
  let interpreter = engine;
  if (engine && stand === null) interpreter = null;
  else if (engine && stand && stand.board !== emulator?.board)
    interpreter = new QemuEngine(coreOfBoard(stand.board), { board: stand.board, watchdogMs: WATCHDOG_MS });
  if (stand)
    notes.push(
      `interpreter: text is the eBPF alone; its own code, for all programs, takes ${interpreterBytes(stand)} bytes`,
    );
  return { target, emulated, engine, interpreter, stand, routines, notes };
}

/** The batch firmware, with a disassembler for it. */
function firmwareOf({ engine, stand }: Bench): { path: string; objdump: string } | null {
  return engine && stand ? { path: engine.firmware(), objdump: objdumpOf(stand) } : null;
}

const objdumpOf = ({ tools }: NativeStand): string => tools.gcc.replace(/gcc$/, 'objdump');

/** The processor that the board's own firmware is compiled for, if programs in C are compiled for another; else null. */
function standIn({ board, tools }: NativeStand): string | null {
  const own = BOARDS[board]!.native!.processor.join(' ');
  return own === tools.processor.join(' ') ? null : own;
}

async function measureProgram(
  bench: Bench,
  loaded: LoadedJob,
  program: BenchProgram,
  folder: string,
): Promise<MeasuredProgram> {
  const notes = [...loaded.notes];
  const errors: string[] = [];
  if (program.expected === null) errors.push(`no run to measure: ${program.problem}`);
  const figures: Record<string, Figures> = {};
  let native: MeasuredProgram['native'] = null;
  for (const [column, level] of [
    ['gccO2', '-O2'],
    ['gccOs', '-Os'],
  ] as const) {
    const done = await measureNative(bench, loaded, program, level, folder);
    if (typeof done === 'string') notes.push(`${column}: ${done}`);
    else {
      if (done.error !== null) errors.push(`${column}: ${done.error}`);
      figures[column] = done.figures;
      if (column === 'gccO2')
        native = {
          program: done.program,
          objdump: objdumpOf(bench.stand!),
          executed: done.executed,
        };
    }
  }
  const variants: FccVariant[] = [];
  for (const column of COLUMNS) {
    const variant = compileVariant(loaded, program, column, bench.emulated);
    if (typeof variant !== 'string') variants.push(variant);
    else if (column === 'contract') errors.push(`${column}: ${variant}`);
    else notes.push(`${column}: ${variant}`);
  }
  const runs = program.expected === null ? [] : await runAll(bench, program, variants);
  for (const [i, run] of runs.entries()) {
    const { column } = variants[i]!;
    if (run.error !== null) errors.push(`${column}: ${run.error}`);
    figures[column] = run.figures;
  }
  const at = variants.findIndex((v) => v.column === 'contract');
  const { accesses, proved } = variants[at]?.compiled?.summary.guards ?? { accesses: 0, proved: 0 };
  const of = (column: string): Figures => figures[column] ?? NONE;
  const row: Row = {
    program: program.row,
    ...{ gccO2: of('gccO2'), gccOs: of('gccOs'), guarded: of('guarded'), contract: of('contract') },
    ...{ unguarded: of('unguarded'), interpreter: of('interpreter'), contractOs: of('contractOs') },
    accesses: { all: accesses, proved },
    ...(errors.length > 0 && { errors }),
    notes: [...new Set(notes)],
  };
  const run = runs[at];
  return { row, native, contract: run ? { variant: variants[at]!, run } : null };
}

async function runAll(bench: Bench, program: BenchProgram, variants: readonly FccVariant[]): Promise<FccRun[]> {
  const { engine, interpreter, emulated, target, routines } = bench;
  if (engine === null) return variants.map((v) => simulateVariant(emulated, program, v));
  const run = async (on: QemuEngine, some: readonly FccVariant[]): Promise<FccRun[]> => {
    try {
      return await runVariants(on, target, program, some, routines);
    } catch (e) {
      if (!(e instanceof CompileError)) throw e;
      // One that brings the firmware down must not hide the others.
      if (some.length > 1) return (await Promise.all(some.map((v) => run(on, [v])))).flat();
      return [{ figures: NONE, executed: [], base: 0, error: e.message }];
    }
  };
  if (interpreter === engine) return run(engine, variants);
  const compiled = await run(
    engine,
    variants.filter((v) => v.compiled !== null),
  );
  const interpreted = interpreter
    ? await run(
        interpreter,
        variants.filter((v) => v.compiled === null),
      )
    : [];
  return [...compiled, ...interpreted];
}

async function measureNative(
  { target, stand }: Bench,
  { source }: LoadedJob,
  program: BenchProgram,
  level: Level,
  folder: string,
): Promise<{ figures: Figures; program: NativeProgram; executed: readonly Executed[]; error: string | null } | string> {
  if (stand === null) return 'no compiler or emulator for it';
  if (source === null) return 'no C source';
  if (program.expected === null) return 'no run to measure';
  const { name, contract, signature, request } = program;
  const entry = { name, contract, signature };
  let built: NativeProgram;
  try {
    built = buildNative(stand, source, level, [entry], folder);
  } catch (e) {
    if (!(e instanceof CompileError)) throw e;
    return `${e.message}: ${(e.details.reason ?? '').split('\n').find((line) => /error|undefined/.test(line)) ?? ''}`;
  }
  let result: NativeResult;
  try {
    [result] = (await runNative(target, stand, built, [{ entry, request }])) as [NativeResult];
  } catch (e) {
    // A helper that ends the container, or a fault: either ends the whole firmware.
    if (!(e instanceof CompileError)) throw e;
    return { figures: { ...NONE, textBytes: built.textBytes }, program: built, executed: [], error: e.message };
  }
  const error = differs({ ...result, trap: null }, nativeExpected(program), 8 * signature.result);
  const { executed } = result;
  const figures: Figures = {
    instructions: error === null ? executed.reduce((n, r) => n + r.count, 0) : null,
    cycles: error === null ? cycles(executed, target.core.name) : null,
    textBytes: built.textBytes,
    stackBytes: built.stackBytes.get(name) ?? null,
  };
  return { figures, program: built, executed, error };
}

/** The expected result; of a context that C lays out otherwise, only what both have in the same size can be compared. */
function nativeExpected({ expected, request, signature }: BenchProgram): NonNullable<BenchProgram['expected']> {
  const { layout } = signature;
  if (layout === null || !expected!.context || !request.context) return expected!;
  const context = Uint8Array.from(request.context);
  context.set(expected!.context.subarray(layout.size), layout.size);
  for (const p of layout.pieces)
    if (!p.pointer && p.size === p.nativeSize) context.set(expected!.context.subarray(p.from, p.from + p.size), p.from);
  return { ...expected!, context };
}

/** Tool -> its own word for its version. */
function versionsOf({ engine, stand, emulated }: Bench): Record<string, string> {
  const board = BOARDS[emulated.core.emulators[0]?.board ?? ''];
  const tools = [
    ...(engine && board ? [board.emulator] : []),
    ...(stand ? [stand.tools.gcc] : []),
    ...[bpfCompiler(), hostCompiler()].filter((t) => t !== null),
  ];
  return Object.fromEntries(tools.map((tool) => [basename(tool), versionOf(tool)]));
}
