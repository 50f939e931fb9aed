// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cpuModel } from '../../backends/index.js';
import { cycles } from '../bench/cycles.js';
import type { Executed, Figures } from '../bench/types.js';
import type { Program } from '../bpf/program.js';
import type { Target } from '../codegen/target.js';
import { finish, type PrepareOptions, type ProgramSummary, prepare } from '../compile.js';
import { type Contract, fieldRights } from '../contract/types.js';
import { ebpfImage } from '../ebpf-image.js';
import { CompileError } from '../errors/index.js';
import type { RunResult } from '../host/engine.js';
import { makeGuest } from '../host/guest.js';
import { INTRINSIC_BASE, INTRINSICS } from '../image/fields.js';
import type { Image } from '../image/image.js';
import type { ImageMap } from '../image/map.js';
import { readImage } from '../image/read.js';
import { simulate } from '../simulator/simulator.js';
import type { BenchProgram, LoadedJob } from './bench-jobs.js';
import { headersOf, hostFields, type NativeStand } from './bench-native.js';
import { readElf32, symbolAddress } from './elf32.js';
import { failure, type QemuCase, type QemuEngine } from './qemu.js';
import { BOARDS } from './qemu-boards.js';
import { runtimeFolder } from './qemu-build.js';
import { cacheFolder, runTool } from './qemu-count.js';
import { contractPatches } from './qemu-records.js';
import { batchPlan, Names, RECORD_BYTES, splitCounts, total } from './qemu-split.js';

/** Ways to compile one program that are compared. */
export type FccColumn = 'contract' | 'guarded' | 'unguarded' | 'contractOs' | 'interpreter';

/** One program compiled one way. */
export interface FccVariant {
  readonly column: FccColumn;
  readonly image: Image;
  readonly contract: Contract;
  /** null: not compiled, but interpreted. */
  readonly compiled: { readonly map: ImageMap; readonly summary: ProgramSummary } | null;
}

/** What a variant did. */
export interface FccRun {
  readonly figures: Figures;
  readonly executed: readonly Executed[];
  /** Address of the text's first byte. */
  readonly base: number;
  readonly error: string | null;
}

/**
 * What a program that knows nothing of its hook gets of it: memory of the same sizes and rights, but no size, field or range is known
 * when it is compiled, so that each pointer out of the context has to be looked up.
 */
export function unknownHook(contract: Contract): Contract {
  const { context } = contract;
  const writable = context.access === 'rw' || context.fields.some((f) => fieldRights(f) === 'rw');
  return {
    ...contract,
    context: { ...context, size: null, access: writable ? 'rw' : 'r', fields: [] },
    regions: contract.regions.map((r) => ({ ...r, size: null, minSize: 0, maxSize: 0x7fffffff })),
    limits: { stackBytes: null, instructions: null },
  };
}

/** Compiles one entry point one way, for a target as it is emulated. null and why not, if it is refused. */
export function compileVariant(
  job: LoadedJob,
  program: BenchProgram,
  column: FccColumn,
  target: Target,
): FccVariant | string {
  const object = column === 'contractOs' ? job.small : job.object;
  if (object === null) return 'not compiled for size';
  // An image for the interpreter has one right for the whole context.
  const known = column !== 'guarded' && column !== 'interpreter';
  const contract = known ? program.contract : unknownHook(program.contract);
  const entry = object.functions.findIndex((f) => f.name === program.name && object.entries.includes(f.index));
  if (entry < 0) return `the object compiled for size has no ${program.name}`;
  if (column === 'interpreter') {
    const image = readImage(ebpfImage(object, { contract, entries: [entry] }));
    return { column, image, contract, compiled: null };
  }
  const limits = { stackBytes: null, instructions: null };
  return compileEntry(
    object,
    target,
    { contract: { ...contract, limits }, entries: [entry], unguarded: column === 'unguarded' },
    column,
  );
}

function compileEntry(object: Program, target: Target, o: PrepareOptions, column: FccColumn): FccVariant | string {
  try {
    const prepared = prepare(object, o);
    if (prepared.kind === 'rejected') {
      const rejected = prepared.verdicts.find((v) => v.verdict === 'rejected');
      return rejected?.errors[0]?.message ?? 'refused';
    }
    const { image, map, programs } = finish(prepared, target);
    return { column, image: readImage(image), contract: o.contract!, compiled: { map, summary: programs[0]! } };
  } catch (e) {
    if (e instanceof CompileError) return e.message;
    throw e;
  }
}

/**
 * Runs variants of one program in one boot of the board's firmware and counts. The result of each has to be the interpreter's: where it is
 * not, `error` says so and the figures are null.
 */
export async function runVariants(
  engine: QemuEngine,
  target: Target,
  program: BenchProgram,
  variants: readonly FccVariant[],
  routines: (imports: readonly number[]) => number | null,
): Promise<FccRun[]> {
  const context = makeGuest(program.contract, program.request).context?.bytes ?? null;
  const cases = variants.map(
    (v): QemuCase => ({
      image: v.image,
      entry: program.name,
      contract: v.contract,
      request: { ...program.request, context, fuel: 0xffffffff },
      patches: contractPatches(program.contract),
    }),
  );
  const elf = readElf32(readFileSync(engine.firmware()));
  const names = new Names(elf);
  const pool = symbolAddress(elf, 'pool_start');
  const { results, sections } = await engine.runCounted(cases, batchPlan(elf, names));
  return variants.map((v, i): FccRun => {
    const raw = results[i]!;
    const base = pool + RECORD_BYTES + v.image.textOffset;
    const split = splitCounts(sections[i + 1] ?? [], names, pool);
    const got: Outcome = {
      trap: failure(raw),
      r0: raw.r0,
      context:
        raw.context && program.request.context && hostFields(raw.context, program.request.context, program.contract),
      regions: new Map(program.contract.regions.map((r, k) => [r.name, raw.regions[k] ?? new Uint8Array()])),
    };
    const error = differs(got, program.expected!);
    const routineBytes = routines(v.image.imports);
    const figures: Figures = {
      instructions: error === null ? total(split.program) : null,
      cycles: error === null ? cycles(split.program, target.core.name) : null,
      textBytes: routineBytes === null ? null : v.image.text.length + routineBytes,
      ...(v.compiled && {
        stackBytes: v.compiled.summary.stackBytes,
        guards: error === null ? guardsOf(split.program, v.compiled.map, base) : null,
      }),
      loadInstructions: split.load,
      enterInstructions: split.enter,
    };
    return { figures, executed: split.program, base, error };
  });
}

/** Guards executed: how often control came to the first instruction of each. */
function guardsOf(rows: readonly Executed[], map: ImageMap, base: number): number {
  const counts = new Map(rows.map((r) => [r.address, r.count]));
  return map.text.reduce((n, { offset, guard }) => n + (guard ? (counts.get(base + offset) ?? 0) : 0), 0);
}

/** What a run left, as far as all ways to run a program have it. */
export interface Outcome {
  readonly trap: string | null;
  readonly r0: bigint;
  readonly context: Uint8Array | null;
  readonly regions: ReadonlyMap<string, Uint8Array>;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** What differs from the interpreter's result, in words, or null. `bits`: of r0. */
export function differs(got: Outcome, expected: RunResult, bits = 64): string | null {
  if (got.trap !== null) return got.trap;
  const r0 = BigInt.asUintN(bits, expected.r0);
  if (got.r0 !== r0) return `r0 is 0x${got.r0.toString(16)} instead of 0x${r0.toString(16)}`;
  if (got.context && expected.context && !same(got.context, expected.context)) return 'the context differs afterwards';
  for (const [name, bytes] of expected.regions)
    if (!same(got.regions.get(name) ?? new Uint8Array(), bytes)) return `region ${name} differs afterwards`;
  return null;
}

/** As `runVariants`, in the simulator, where routines are not counted and load and entry are not seen; nothing is interpreted there. */
export function simulateVariant(target: Target, program: BenchProgram, v: FccVariant): FccRun {
  if (!v.compiled) return { figures: NONE, executed: [], base: 0, error: null };
  // The program's contract, so that the context gets its addresses, also where the image knows nothing of it.
  const request = { ...program.request, fuel: 0xffffffff };
  const result = simulate(v.image, program.name, program.contract, request, { cpu: cpuModel(target) });
  const trap = result.trap ? `trap ${result.trap.name}` : null;
  const error = differs({ ...result, trap }, program.expected!);
  return {
    figures: {
      ...NONE,
      instructions: error === null ? result.instructions : null,
      textBytes: v.image.text.length,
      stackBytes: v.compiled?.summary.stackBytes ?? null,
    },
    executed: [],
    base: 0,
    error,
  };
}

/** Figures of what is not measured. */
export const NONE: Figures = { instructions: null, cycles: null, textBytes: null };

/** Bytes of code of the runtime's interpreter with what it calls. */
export function interpreterBytes(stand: NativeStand): number {
  return linkRoutines(stand, ['fcc_interpret', 'fcc_check_ebpf']);
}

/**
 * Bytes of code of the runtime's routines that images with these imports call, and of what those call of the compiler's library: linked
 * alone. null if the board has no compiler.
 */
export function routineBytes(stand: NativeStand): (imports: readonly number[]) => number | null {
  const known = new Map<string, number>();
  return (imports) => {
    const names = imports
      .filter((id) => id >= INTRINSIC_BASE)
      .map((id) => `fcc_${INTRINSICS[id - INTRINSIC_BASE]!.name}`)
      .sort();
    const key = names.join(' ');
    const before = known.get(key);
    if (before !== undefined) return before;
    const bytes = names.length === 0 ? 0 : linkRoutines(stand, names);
    known.set(key, bytes);
    return bytes;
  };
}

/** Flags of the runtime's sources in firmware: see qemu-boards.ts. */
const RUNTIME_FLAGS = [
  '-std=c11',
  '-ffreestanding',
  '-O2',
  '-Iinclude',
  '-ffunction-sections',
  '-fdata-sections',
  '-DFCC_INTERPRETER=1',
];

function linkRoutines({ tools, board }: NativeStand, names: readonly string[]): number {
  const root = runtimeFolder()!;
  const args = BOARDS[board]!.build.flatMap((step) => ('tool' in step ? step.args : []));
  const sources = args.filter((a) => /^src\/.*\.[cS]$/.test(a) && !a.includes('enter'));
  const hash = createHash('sha256').update(JSON.stringify([tools.processor, sources, RUNTIME_FLAGS]));
  for (const path of [...sources, ...headersOf('src', 'include')]) hash.update(readFileSync(join(root, path)));
  const folder = join(cacheFolder(), `routines-${hash.digest('hex').slice(0, 24)}`);
  const object = (source: string, at: string): string => join(at, `${basename(source).replace('.', '-')}.o`);
  if (!existsSync(folder)) {
    const scratch = mkdtempSync(join(cacheFolder(), 'build-'));
    for (const source of sources)
      runTool(
        tools.gcc,
        [...RUNTIME_FLAGS, ...tools.processor, '-c', source, '-o', object(source, scratch)],
        'the runtime',
        root,
      );
    if (existsSync(folder)) rmSync(scratch, { recursive: true, force: true });
    else renameSync(scratch, folder);
  }
  const scratch = mkdtempSync(join(cacheFolder(), 'build-'));
  try {
    mkdirSync(scratch, { recursive: true });
    const out = join(scratch, 'routines.elf');
    runTool(
      tools.gcc,
      [
        ...[...tools.processor, '-nostdlib', '-nostartfiles', '-Wl,--gc-sections', '-Wl,-e,0', '-Wl,--build-id=none'],
        ...['-Wl,--unresolved-symbols=ignore-all', '-Wl,--no-warn-rwx-segments'],
        ...names.map((n) => `-Wl,-u,${n}`),
        ...sources.map((s) => object(s, folder)),
        ...['-lgcc', '-o', out],
      ],
      'the routines of the runtime',
    );
    return readElf32(readFileSync(out)).sections.reduce((n, s) => n + (s.executable ? s.size : 0), 0);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
