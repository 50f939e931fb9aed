// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { BenchJob } from '../bench/types.js';
import type { Program } from '../bpf/program.js';
import { type ContextField, type Contract, fieldSize } from '../contract/types.js';
import { readTypes } from '../elf/btf-types.js';
import { readElf } from '../elf/elf.js';
import { CompileError } from '../errors/index.js';
import type { RunRequest, RunResult } from '../host/engine.js';
import { interpret } from '../interpreter/interpreter.js';
import { type NativeSignature, nativeSignature } from './bench-layout.js';
import { contractsFor, loadObject } from './load.js';
import { has } from './qemu-build.js';
import { runTool } from './qemu-count.js';
import type { Session } from './session.js';

/** One entry point to measure, with the run that it is measured on. */
export interface BenchProgram {
  /** Name of its row. */
  readonly row: string;
  readonly name: string;
  /** Index among the object's functions. */
  readonly entry: number;
  readonly contract: Contract;
  readonly signature: NativeSignature;
  readonly request: RunRequest;
  /** What the interpreter says of that run; null: no input ends without a trap, see `problem`. */
  readonly expected: RunResult | null;
  readonly problem: string | null;
}

/** A job with its files found, built and read. */
export interface LoadedJob {
  readonly object: Program;
  /** The same source compiled for size, or null. */
  readonly small: Program | null;
  /** C source, or null. */
  readonly source: string | null;
  readonly programs: readonly BenchProgram[];
  readonly notes: readonly string[];
}

/** eBPF instructions after which an input is given up. */
const FUEL = 20_000_000;
/** Length of a context or region that the contract leaves open. */
const OPEN_LENGTH = 256;
const CLANGS = ['clang-19', 'clang', 'clang-22'];
/** As fixtures/rebuild.sh. */
const CLANG_FLAGS = ['-g', '-target', 'bpf', '-mcpu=v3', '-ffreestanding', '-w'];

/** The clang that builds eBPF objects, or null. */
export const bpfCompiler = (): string | null => CLANGS.find(has) ?? null;

/** Path up to the first dot of the file's name. */
const stemOf = (path: string): string => join(dirname(path), basename(path).split('.')[0]!);

const ifThere = (path: string): string | null => (existsSync(path) ? path : null);

/**
 * Finds what a job names and what lies beside it: NAME.c, NAME.contract.json, NAME.expected.json, NAME.Os.o; builds what is missing
 * into `folder`. Errors: of reading and building (FCC0002, FCC02xx, FCC04xx, FCC0801, FCC0802).
 */
export async function loadJob(session: Session, job: BenchJob, folder: string): Promise<LoadedJob> {
  const notes: string[] = [];
  const stem = stemOf(job.object ?? job.source!);
  const source = job.source ?? ifThere(`${stem}.c`);
  const path = job.object ?? buildObject(job.source!, '-O2', folder);
  const object = loadObject(session, path, false);
  const contractFile = ifThere(`${stem}.contract.json`) ?? undefined;
  const contracts = await contractsFor(session, object, contractFile, object.entries);
  const types = readTypes(readElf(new Uint8Array(readFileSync(path)), path));
  const runs = expectedRuns(`${stem}.expected.json`);
  const programs = object.entries.map((entry, i): BenchProgram => {
    const { name } = object.functions[entry]!;
    const contract = contracts[i]!;
    const best = longestRun(object, entry, contract, runs.get(name) ?? inputs(contract));
    const row = object.entries.length > 1 ? `${job.name}/${name}` : job.name;
    return { row, name, entry, contract, signature: nativeSignature(types, name, contract), ...best };
  });
  let small: Program | null = null;
  const smallPath = ifThere(`${stem}.Os.o`) ?? (source !== null && bpfCompiler() !== null ? '' : null);
  if (smallPath === null) notes.push('no object compiled for size: no source, or no clang (apt-get install clang-19)');
  else small = loadObject(session, smallPath === '' ? buildObject(source!, '-Os', folder) : smallPath, false);
  if (source === null) notes.push('no C source beside the object');
  return { object, small, source, programs, notes };
}

/** Compiles a C source to an eBPF object. Errors: FCC0801, FCC0802. */
function buildObject(source: string, level: string, folder: string): string {
  const clang = bpfCompiler();
  if (clang === null) throw new CompileError('FCC0801', 'not installed: clang (apt-get install clang-19)');
  const out = join(folder, `${basename(source, '.c')}${level}.o`);
  runTool(clang, [level, ...CLANG_FLAGS, '-c', source, '-o', out], basename(source));
  return out;
}

interface ExpectedFile {
  readonly runs: readonly {
    readonly program: string;
    readonly context?: string | null;
    readonly regions?: Readonly<Record<string, string>>;
  }[];
}

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

/** Requests by entry point of a file of expected results, as the fixtures have them; none if there is no such file. */
function expectedRuns(path: string): Map<string, RunRequest[]> {
  const found = new Map<string, RunRequest[]>();
  if (!existsSync(path)) return found;
  const { runs } = JSON.parse(readFileSync(path, 'utf8')) as ExpectedFile;
  for (const { program, context, regions } of runs) {
    const request = {
      context: context === null || context === undefined ? null : bytesOf(context),
      regions: new Map(Object.entries(regions ?? {}).map(([name, hex]) => [name, bytesOf(hex)])),
      fuel: FUEL,
    };
    found.set(program, [...(found.get(program) ?? []), request]);
  }
  return found;
}

/** The request that executes most of those that end well. */
function longestRun(
  object: Program,
  entry: number,
  contract: Contract,
  requests: readonly RunRequest[],
): Pick<BenchProgram, 'request' | 'expected' | 'problem'> {
  let best: { request: RunRequest; expected: RunResult } | null = null;
  let problem: string | null = null;
  for (const request of requests) {
    const result = interpret(object, entry, contract, request);
    if (result.status === 'trap')
      problem ??= `trap ${result.trap?.name} in the interpreter: ${result.trap?.detail ?? ''}`;
    else if ((result.instructions ?? 0) > (best?.expected.instructions ?? -1)) best = { request, expected: result };
  }
  if (best) return { ...best, problem: null };
  return { request: requests[0]!, expected: null, problem: problem ?? 'no run is given' };
}

/** Repeats from run to run: xorshift by Marsaglia, "Xorshift RNGs", 2003. */
function randomBytes(length: number, seed: number): Uint8Array {
  let x = seed;
  return Uint8Array.from({ length }, () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 16;
  });
}

/**
 * Inputs where no file says any: random bytes, small numbers (a count in the context then ends its loop), zeros. Fields with a range are
 * inside it, regions have the contract's length, or what lies between its bounds.
 */
function inputs(contract: Contract): RunRequest[] {
  const kinds: ((bytes: Uint8Array) => Uint8Array)[] = [
    (bytes) => bytes,
    (bytes) => bytes.map((b, i) => (i % 4 === 0 ? b & 63 : 0)),
    (bytes) => bytes.fill(0),
  ];
  return kinds.map((kind) => {
    const context = kind(randomBytes(contract.context.size ?? OPEN_LENGTH, 0x1234567));
    for (const field of contract.context.fields) intoRange(context, field);
    const regions = contract.regions.map((r, i): [string, Uint8Array] => {
      const length = r.size ?? Math.max(r.minSize, Math.min(r.maxSize, OPEN_LENGTH));
      return [r.name, randomBytes(length, 0x9876543 + i)];
    });
    return { context, regions: new Map(regions), fuel: FUEL };
  });
}

function intoRange(context: Uint8Array, field: ContextField): void {
  if (field.kind !== 'scalar' || !field.range) return;
  const [low, high] = field.range;
  let value = 0n;
  for (let i = fieldSize(field) - 1; i >= 0; i--) value = (value << 8n) | BigInt(context[field.offset + i]!);
  value = low + (value % (high - low + 1n));
  for (let i = 0; i < fieldSize(field); i++) context[field.offset + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}
