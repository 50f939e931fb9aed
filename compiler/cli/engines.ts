// SPDX-License-Identifier: MIT
import { cpuModel, withoutFeatures } from '../../backends/index.js';
import type { Program } from '../bpf/program.js';
import type { Target } from '../codegen/target.js';
import { compile, type Level } from '../compile.js';
import type { HelperRow } from '../contract/helpers.js';
import type { Contract } from '../contract/types.js';
import { CompileError } from '../errors/index.js';
import type { RunRequest, RunResult } from '../host/engine.js';
import type { Image } from '../image/image.js';
import type { ImageMap } from '../image/map.js';
import { readImage } from '../image/read.js';
import { interpret } from '../interpreter/interpreter.js';
import { simulate } from '../simulator/simulator.js';
import type { Verdict } from '../verifier/facts.js';
import { emulatorOf, type QemuCase, QemuEngine } from './qemu.js';
import { missingForCounting } from './qemu-count.js';

export const ENGINES = ['interp', 'sim', 'qemu'] as const;
export type EngineName = (typeof ENGINES)[number];

/** Fuel given to a run when the command line says nothing. */
export const DEFAULT_FUEL = 10_000_000;

/** Something an engine can run: eBPF for the interpreter, an image for the others. */
export interface Job {
  readonly contract: Contract;
  readonly request: RunRequest;
  /** Rows besides HELPERS, allowed whatever the contract says. */
  readonly helpers: readonly HelperRow[];
  readonly bpf?: { readonly program: Program; readonly entry: number };
  readonly native?: { readonly image: Image; readonly entry: string; readonly map?: ImageMap };
}

/** A target as an engine runs it. */
export interface Stand {
  readonly target: Target;
  /** Where --engine qemu runs it; null for the simulator. */
  readonly board: string | null;
  /** Features of the core that the board's processor has not, and `target` therefore neither. */
  readonly lacks: readonly string[];
}

/**
 * What to compile for and run on: the simulator has the core as it is, an emulated board (the core's first, if none is named)
 * may lack some of its features. Errors: FCC0001 for a board that is none of the core's, FCC0806 if it has none.
 */
export function standFor(engine: EngineName, target: Target, board?: string): Stand {
  if (engine !== 'qemu') return { target, board: null, lacks: [] };
  const emulator = emulatorOf(target.core, board);
  return { target: withoutFeatures(target, emulator.lacks), board: emulator.board, lacks: emulator.lacks };
}

/** Compiles one entry point for the native engines. Errors: the verdict's, if it is rejected. */
export function prepareNative(
  program: Program,
  entry: number,
  o: { target: Target; contract: Contract; level: Level; helpers: readonly HelperRow[] },
): NonNullable<Job['native']> | Extract<Verdict, { verdict: 'rejected' }> {
  const result = compile(program, { ...o, entries: [entry] });
  if (result.kind === 'rejected') {
    const rejected = result.verdicts.find((v) => v.verdict === 'rejected');
    if (rejected?.verdict !== 'rejected') throw new Error('rejected without a rejected verdict');
    return rejected;
  }
  return { image: readImage(result.image), entry: program.functions[entry]!.name, map: result.map };
}

/**
 * Runs jobs on one engine, in order; `stand` is standFor's, for the native engines. Errors: FCC08xx if the emulator is missing or
 * lacks what an image needs, FCC0701 if a request does not fit.
 */
export async function runJobs(engine: EngineName, stand: Stand | null, jobs: readonly Job[]): Promise<RunResult[]> {
  if (engine === 'interp') {
    return jobs.map(({ bpf, contract, request, helpers }) => {
      if (!bpf)
        throw new CompileError('FCC0711', 'the interpreter runs objects, not images', { help: 'use --engine sim' });
      return interpret(bpf.program, bpf.entry, contract, request, { helpers });
    });
  }
  if (!stand) throw new Error('native engines need a target');
  const native = jobs.map((job) => {
    if (!job.native) throw new Error('native engines need an image');
    return { ...job, ...job.native };
  });
  const results =
    engine === 'sim'
      ? native.map((n) =>
          simulate(n.image, n.entry, n.contract, n.request, {
            cpu: cpuModel(stand.target),
            helpers: n.helpers,
            maxInstructions: patience(n.image, n.request.fuel),
          }),
        )
      : await emulate(stand, native);
  return results.map((r, i) => withPlace(r, native[i]!.map));
}

function emulate({ target, board, lacks }: Stand, jobs: readonly QemuCase[]): Promise<RunResult[]> {
  for (const { image, entry } of jobs) {
    if (image instanceof Uint8Array || (image.features & ~target.core.featureBits) === 0) continue;
    throw new CompileError('FCC0807', `the image of ${entry} needs instructions that the core of ${board} lacks`, {
      ...(lacks.length > 0 && { expected: `an image for ${target.core.name} without ${lacks.join(', ')}` }),
      got: `features 0x${image.features.toString(16)}, of which the board has 0x${target.core.featureBits.toString(16)}`,
      help: 'run the object instead of the image: it is compiled for what the board has; or use --engine sim',
    });
  }
  // Counting slows emulation down: for a run that somebody looks at, not for thousands.
  const count = jobs.length === 1 && missingForCounting() === null;
  return new QemuEngine(target, { board: board ?? undefined, count }).runBatch(jobs);
}

/** Native instructions a unit of fuel may stand for before the simulator calls a run endless. */
const PER_FUEL = 32;

/**
 * Native instructions after which the simulator kills a run. An image that fcc made ends by fuel or by its worst case; a
 * damaged or hostile one may do neither.
 */
function patience(image: Image, fuel: number): number {
  return Math.min(2 ** 31, Math.max(PER_FUEL * fuel, image.worstCase ?? 0));
}

/** Adds the eBPF place to a native trap, from the image's map. */
function withPlace(result: RunResult, map: ImageMap | undefined): RunResult {
  const site = result.trap?.site ?? null;
  if (!result.trap || site === null || !map) return result;
  const place = map.sites[site];
  return place ? { ...result, trap: { ...result.trap, func: place.func, slot: place.slot } } : result;
}
