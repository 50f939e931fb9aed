// SPDX-License-Identifier: MIT
import { lineAt, type Program } from './bpf/program.js';
import { type Generated, generate } from './codegen/codegen.js';
import type { Target } from './codegen/target.js';
import { type HelperRow, helpersOf } from './contract/helpers.js';
import { type Contract, DEFAULT_CONTRACT, searchRights } from './contract/types.js';
import { CompileError } from './errors/index.js';
import { contractParts } from './image/contract-parts.js';
import type { ImageMap, MapPlace } from './image/map.js';
import { readImage } from './image/read.js';
import { writeImage } from './image/write.js';
import { localFuncs } from './ir/analysis.js';
import { buildModule } from './ir/build.js';
import type { Func, Module, Origin } from './ir/ir.js';
import { type Level, optimise, tune } from './opt/pipeline.js';
import { type FunctionGuards, guardModule, guardsKept } from './sandbox/sandbox.js';
import type { Facts, Verdict } from './verifier/facts.js';
import { mergeFacts, weakWrites } from './verifier/merge.js';
import { verify } from './verifier/verify.js';

export type { Level } from './opt/pipeline.js';

/** All that is not the target's: what `prepare` needs. */
export interface PrepareOptions {
  /** Default: DEFAULT_CONTRACT. */
  readonly contract?: Contract;
  /** Default: 2. */
  readonly level?: Level;
  /** Function indices to compile as entry points; default: all of the program's. */
  readonly entries?: readonly number[];
  /** An access that would need a guard is an error. */
  readonly strict?: boolean;
  /** Helper rows besides HELPERS, allowed whatever the contract says. */
  readonly helpers?: readonly HelperRow[];
  /** Validate the intermediate representation after every pass: for tests. */
  readonly validate?: boolean;
  /** Neither guards nor fuel, to measure what they cost. Only `fcc bench` asks for it, and throws the image away. */
  readonly unguarded?: boolean;
  /** Called between verifying and the rest: to measure the two apart. */
  readonly verified?: () => void;
}

export interface CompileOptions extends PrepareOptions {
  readonly target: Target;
}

/** A program on its way: verified, guarded and optimised. Any number of targets may take it from here; none changes it. */
export interface Prepared {
  readonly kind: 'prepared';
  readonly program: Program;
  readonly entries: readonly number[];
  readonly contract: Contract;
  readonly helpers: readonly HelperRow[];
  readonly level: Level;
  readonly validate?: boolean;
  readonly module: Module;
  readonly guards: readonly FunctionGuards[];
  /** What was proved for all entries together, and the writes taken for mere numbers to get there: for `guardReport`. */
  readonly facts: Facts;
  readonly opaque: ReadonlySet<string>;
}

/** What became of one entry point; local functions that several entries reach count for each. */
export interface ProgramSummary {
  readonly name: string;
  readonly section: string;
  /** Instructions of everything the entry reaches, lddw counting once. */
  readonly ebpfInstructions: number;
  /** Native code of the same, literal pools included, trap table apart. */
  readonly textBytes: number;
  /** Native stack and eBPF frames. */
  readonly stackBytes: number;
  /** Memory accesses and helper buffers: how many there are, are proved, and keep a guard in the code. */
  readonly guards: { readonly accesses: number; readonly proved: number; readonly kept: number };
  /** Native instructions of the longest run, or null: fuelled. */
  readonly worstCase: number | null;
}

export interface Compiled {
  readonly kind: 'compiled';
  readonly image: Uint8Array;
  readonly map: ImageMap;
  readonly programs: readonly ProgramSummary[];
}

export interface Rejected {
  readonly kind: 'rejected';
  /** One per entry; at least one is rejected. */
  readonly verdicts: readonly Verdict[];
}

/**
 * Verifies and compiles a program for one target: an image, its map, and a summary per entry point; or the verdicts if any
 * entry is rejected. Throws CompileError for what the target does not support or the contract's limits forbid (FCC05xx).
 */
export function compile(program: Program, options: CompileOptions): Compiled | Rejected {
  const prepared = prepare(program, options);
  return prepared.kind === 'rejected' ? prepared : finish(prepared, options.target);
}

/** The first half of `compile`, the same for all targets: verifies, puts the guards in and optimises. */
export function prepare(program: Program, options: PrepareOptions = {}): Prepared | Rejected {
  const { contract = DEFAULT_CONTRACT, level = 2, entries = program.entries, helpers: extra = [] } = options;
  const { verdicts, opaque } = verifyTogether(program, entries, contract, options);
  const each = verdicts.flatMap((v) => (v.verdict === 'accepted' ? [v.facts] : []));
  if (each.length < verdicts.length) return { kind: 'rejected', verdicts };
  options.verified?.();
  const facts = mergeFacts(each);
  const helpers = [...helpersOf(contract), ...extra];
  const module = buildModule(program, entries, facts, contract, helpers);
  const { globals } = program;
  const { unguarded } = options;
  const guards = optimise(module, level, (m) => guardModule(m, { globals, contract }, helpers, { unguarded }), {
    validate: options.validate,
  });
  return {
    kind: 'prepared',
    program,
    entries,
    contract,
    helpers,
    level,
    validate: options.validate,
    module,
    guards,
    facts,
    opaque,
  };
}

/** The second half of `compile`: machine code and image for one target. Leaves `prepared` as it is. */
export function finish(prepared: Prepared, target: Target): Compiled {
  const { program, entries, contract, helpers, guards, level, validate } = prepared;
  const { globals } = program;
  const module = tune(prepared.module, target.shape, level, { validate });
  const generated = generate(module, { contract, globals, helpers }, target);
  const image = writeImage({
    arch: target.arch,
    features: target.core.featureBits,
    ...contractParts(contract),
    contextRights: searchRights(contract),
    entries: generated.entries.map((e) => ({
      name: e.name,
      offset: e.offset,
      worstCase: e.worstCase,
      stackLength: e.stackBytes,
    })),
    imports: generated.imports,
    text: generated.text,
    rodata: globals.rodata,
    data: globals.data,
    bssLength: globals.bssLength,
    frameLength: generated.frameLength,
    trapTable: generated.trapTable,
    trapCount: generated.trapCount,
  });
  const programs = entries.map((entry) => summarise(program, entry, prepared.module, guards, generated));
  for (const p of programs) checkLimits(p, contract);
  return { kind: 'compiled', image, map: makeMap(program, generated, readImage(image).checksum), programs };
}

/** Verdicts whose facts may be merged: none counts on a guard that the code shared with the other entries does not have. */
function verifyTogether(
  program: Program,
  entries: readonly number[],
  contract: Contract,
  { strict, helpers }: PrepareOptions,
): { verdicts: Verdict[]; opaque: ReadonlySet<string> } {
  for (let opaque: ReadonlySet<string> = new Set(); ; ) {
    const verdicts = entries.map((entry) => verify(program, entry, contract, { strict, helpers, opaque }));
    const facts = verdicts.flatMap((v) => (v.verdict === 'accepted' ? [v.facts] : []));
    if (facts.length < verdicts.length) return { verdicts, opaque };
    const more = weakWrites(facts);
    if ([...more].every((place) => opaque.has(place))) return { verdicts, opaque };
    opaque = new Set([...opaque, ...more]);
  }
}

/** Holds one program against the contract's limits; no worst case is over any limit. Throws FCC0502. */
function checkLimits({ name, section, stackBytes, worstCase }: ProgramSummary, { limits, hook }: Contract): void {
  const over = (what: string, limit: number | null, need: number | null, unit: string): void => {
    if (limit === null || (need !== null && need <= limit)) return;
    throw new CompileError('FCC0502', `${name} needs more ${what} than hook ${hook} allows`, {
      at: { function: name, section },
      expected: `at most ${limit} ${unit}`,
      got: need === null ? 'no worst case: a loop is not bounded' : `${need} ${unit}`,
    });
  };
  over('stack', limits.stackBytes, stackBytes, 'bytes');
  over('instructions', limits.instructions, worstCase, 'instructions');
}

function makeMap(program: Program, generated: Generated, checksum: number): ImageMap {
  const place = ({ func, slot }: Origin): MapPlace => {
    const line = lineAt(program.functions[func]!, slot);
    return { func, slot, ...(line ? { file: line.file, line: line.line } : {}) };
  };
  return {
    schemaVersion: 1,
    checksum,
    functions: generated.functions.map((f) => ({
      func: f.index,
      name: program.functions[f.index]!.name,
      section: program.functions[f.index]!.section,
      entry: f.entry,
      start: f.start,
      end: f.end,
    })),
    sites: generated.sites.map((s) => ({ ...place(s.origin), trap: s.trap })),
    text: generated.lineMap.map((l) => ({ offset: l.offset, guard: l.guard, ...place(l.origin) })),
  };
}

function summarise(
  program: Program,
  entry: number,
  module: Module,
  guards: readonly FunctionGuards[],
  generated: Generated,
): ProgramSummary {
  const own = reached(module, entry);
  const inside = guards.flatMap((g) => (own.some((f) => g.func.within?.has(f)) ? [g.func] : []));
  const written = [...new Set([...own, ...inside])];
  const fn = program.functions[entry]!;
  const sum = (of: (f: Func) => number, funcs = written): number => funcs.reduce((n, f) => n + of(f), 0);
  const byFunc = new Map(guards.map((g) => [g.func, g]));
  const guardsOf = (f: Func): FunctionGuards => byFunc.get(f)!;
  const places = new Map(generated.functions.map((f) => [`${f.index} ${f.entry}`, f]));
  const made = generated.entries.find((e) => e.index === entry)!;
  return {
    name: fn.name,
    section: fn.section,
    ebpfInstructions: sum((f) => program.functions[f.index]!.insns.length),
    textBytes: sum((f) => {
      const g = places.get(`${f.index} ${f.entry}`)!;
      return g.end - g.start;
    }, own),
    stackBytes: made.stackBytes + made.frameBytes,
    guards: {
      accesses: sum((f) => guardsOf(f).accesses),
      proved: sum((f) => guardsOf(f).proved),
      kept: sum((f) => guardsKept(guardsOf(f))),
    },
    worstCase: made.worstCase,
  };
}

/** The functions of a module that an entry reaches, itself first. */
function reached(module: Module, entry: number): Module['funcs'] {
  const locals = localFuncs(module);
  const out = new Set(module.funcs.filter((f) => f.entry && f.index === entry));
  // A set's walk goes on to what is added meanwhile.
  for (const f of out) {
    for (const { insts } of f.blocks) {
      for (const { callee } of insts) {
        const local = callee === undefined ? undefined : locals.get(callee);
        if (local) out.add(local);
      }
    }
  }
  return [...out];
}
