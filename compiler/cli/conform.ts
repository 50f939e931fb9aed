// SPDX-License-Identifier: MIT
import { rawProgram } from '../bpf/load.js';
import type { Target } from '../codegen/target.js';
import type { Level } from '../compile.js';
import { CONFORMANCE_HELPERS } from '../contract/helpers.js';
import { DEFAULT_CONTRACT } from '../contract/types.js';
import { CompileError } from '../errors/index.js';
import { type Judgement, judge, type Outcome, readVectors, type Vector } from '../host/conform.js';
import type { AddCommand } from './command.js';
import { ENGINES, type EngineName, type Job, prepareNative, runJobs, standFor } from './engines.js';
import { Progress } from './progress.js';
import { readText, type Session, usage, writeJson } from './session.js';
import { checkBoard, choice, levelOption, targetOption } from './values.js';

/** Longest run of a vector: far more than any of them needs, so that an endless loop ends in a failure. */
const VECTOR_FUEL = 1_000_000;

/**
 * Runs vectors on one engine and judges them, in order. `board`: for the engine qemu, default the core's first. `progress` is
 * told how many are done.
 */
export async function conform(
  vectors: readonly Vector[],
  o: { engine: EngineName; target: Target | null; board?: string; level: Level; progress?: (done: number) => void },
): Promise<Judgement[]> {
  const stand = o.target && standFor(o.engine, o.target, o.board);
  const outcomes: (Outcome | Job)[] = vectors.map((v, i) => {
    o.progress?.(i);
    return prepare(v, stand?.target ?? null, o.level);
  });
  const isJob = (x: Outcome | Job): x is Job => !('kind' in x);
  const jobs = outcomes.filter(isJob);
  const results = (await runJobs(o.engine, stand, jobs))[Symbol.iterator]();
  return vectors.map((vector, i) => {
    const outcome = outcomes[i]!;
    if (!isJob(outcome)) return judge(vector, outcome);
    const result = results.next();
    if (result.done) throw new Error('the engine gave too few results');
    return judge(vector, { kind: 'ran', result: result.value });
  });
}

/** Decodes a vector and, for native engines, compiles it. */
function prepare(vector: Vector, target: Target | null, level: Level): Outcome | Job {
  const contract = DEFAULT_CONTRACT;
  const helpers = CONFORMANCE_HELPERS;
  try {
    const program = rawProgram(vector.program, vector.name);
    const entry = program.entries[0]!;
    const request = { context: vector.memory, regions: new Map<string, Uint8Array>(), fuel: VECTOR_FUEL };
    const base = { contract, request, helpers };
    if (!target) return { ...base, bpf: { program, entry } };
    const native = prepareNative(program, entry, { target, contract, level, helpers });
    if ('verdict' in native) throw native.errors[0]!;
    return { ...base, native };
  } catch (e) {
    if (e instanceof CompileError && e.exitCode === 4)
      return { kind: 'unsupported', reason: `${e.code}: ${e.message}` };
    if (e instanceof CompileError) return { kind: 'rejected', code: e.code, message: e.message };
    throw e;
  }
}

interface ConformCommand {
  target?: string;
  engine?: string;
  board?: string;
  optimise: string;
  json?: boolean;
}

/** `fcc conform`: runs test vectors; exit code 1 if any fails. */
export const addConform: AddCommand = (program, session, act) => {
  program
    .command('conform')
    .argument('<FILE...>', 'test vectors, one JSON object a line, - for standard input')
    .description('run test vectors on an engine')
    .option('-t, --target <name>', 'target core (native engines)')
    .option('--engine <name>', 'interp, sim or qemu (default: interp without a target, else sim)')
    .option('--board <name>', 'emulated board of --engine qemu (default: the first that `fcc targets` lists)')
    .option('-O, --optimise <level>', 'optimisation level 0, 1 or 2', '2')
    .action((files: string[], o: ConformCommand) => act(() => runConform(session, files, o)));
};

async function runConform(session: Session, files: readonly string[], o: ConformCommand): Promise<number> {
  const engine = choice('--engine', o.engine ?? (o.target === undefined ? 'interp' : 'sim'), ENGINES);
  if (engine !== 'interp' && o.target === undefined)
    throw usage('--engine sim and qemu need a target', { help: 'add -t cortex-m4' });
  const level = levelOption(o.optimise);
  checkBoard(engine, o.board);
  // A target is checked even where the interpreter does not use it.
  const named = o.target === undefined ? null : targetOption(o.target);
  const vectors = files.flatMap((f) => readVectors(readText(session, f), f));
  const progress = new Progress(session, 'vectors', vectors.length);
  const target = engine === 'interp' ? null : named;
  const board = target && standFor(engine, target, o.board).board;
  const judgements = await conform(vectors, {
    engine,
    target,
    board: o.board,
    level,
    progress: (n) => progress.show(n),
  });
  progress.done();
  const failed = judgements.filter((j) => j.verdict === 'failed');
  const skipped = judgements.filter((j) => j.verdict === 'skipped');
  const passed = judgements.length - failed.length - skipped.length;
  if (o.json) {
    writeJson(session, {
      engine,
      target: named?.core.name ?? null,
      board,
      total: judgements.length,
      passed,
      skipped: skipped.length,
      failed: failed.map(({ name, expected, got }) => ({ name, expected, got })),
      skips: skipped.map(({ name, reason }) => ({ name, reason })),
    });
  } else {
    for (const f of failed) session.out(`failed ${f.name}: expected ${f.expected}, got ${f.got}\n`);
    const reasons = new Map<string, number>();
    for (const s of skipped) reasons.set(s.reason, (reasons.get(s.reason) ?? 0) + 1);
    for (const [reason, n] of reasons) session.out(`skipped ${n}: ${reason}\n`);
    const where = target ? ` on ${target.core.name}${board === null ? '' : ` (${board})`}` : '';
    session.out(
      `${engine}${where}: ${judgements.length} vectors, ${passed} passed, ${skipped.length} skipped, ${failed.length} failed\n`,
    );
  }
  return failed.length === 0 ? 0 : 1;
}
