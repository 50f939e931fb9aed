// SPDX-License-Identifier: MIT
import { cpuModel, findTarget } from '../../../backends/index.js';
import type { Program } from '../../../compiler/bpf/program.js';
import { rbpfProgram } from '../../../compiler/bpf/rbpf.js';
import { compile } from '../../../compiler/compile.js';
import { type Contract, DEFAULT_CONTRACT } from '../../../compiler/contract/types.js';
import { compileEbpf, ebpfProgram } from '../../../compiler/ebpf.js';
import { CompileError, ERRORS } from '../../../compiler/errors/index.js';
import type { RunRequest, RunResult } from '../../../compiler/host/engine.js';
import { readImage } from '../../../compiler/image/read.js';
import { interpret } from '../../../compiler/interpreter/interpreter.js';
import { simulate } from '../../../compiler/simulator/simulator.js';
import type { Verdict } from '../../../compiler/verifier/facts.js';
import { disagreement } from '../../differential/agree.js';

/** One of each instruction set, and code with and without an optimiser. */
const TARGETS = (
  [
    ['cortex-m4', 2],
    ['rv32imc', 2],
    ['esp8266', 0],
  ] as const
).map(([name, level]) => ({ target: findTarget(name)!, level }));

export const NOTHING: RunRequest = { context: null, regions: new Map(), fuel: 1_000_000 };

export interface Asked {
  readonly contract?: Contract;
  readonly request?: RunRequest;
  /** Default: the first. */
  readonly entry?: number;
}

interface Engine {
  readonly name: string;
  readonly run: (request: RunRequest) => RunResult;
}

/** The reference interpreter first; `rejected` has the verifier's codes, and without any the others are there too. */
export interface Engines {
  readonly all: readonly Engine[];
  readonly rejected: readonly string[];
}

/** One entry for the reference interpreter, again from an image of eBPF text, and as native code for several cores in the simulator. */
export function engines(program: Program, contract: Contract, entry: number): Engines {
  const all: Engine[] = [{ name: 'interpreter', run: (request) => interpret(program, entry, contract, request) }];
  const made = compileEbpf(program, { contract, entries: [entry] });
  const rejected = (verdicts: readonly Verdict[]): string[] =>
    verdicts.flatMap((v) => (v.verdict === 'rejected' ? v.errors.map((e) => e.code) : []));
  if (made.kind === 'rejected') {
    const first = compile(program, { target: TARGETS[0]!.target, contract, entries: [entry] });
    const codes = first.kind === 'rejected' ? rejected(first.verdicts) : [];
    if (codes.join() !== rejected(made.verdicts).join()) throw new Error('one target accepts what the other rejects');
    return { all, rejected: codes };
  }
  const again = ebpfProgram(readImage(made.image), 'again');
  all.push({ name: 'eBPF text', run: (request) => interpret(again, again.entries[0]!, contract, request) });
  for (const { target, level } of TARGETS) {
    const compiled = compile(program, { target, contract, level, entries: [entry] });
    if (compiled.kind === 'rejected') throw new Error('one target accepts what the other rejects');
    const native = readImage(compiled.image);
    const { name } = program.functions[entry]!;
    all.push({
      name: `${target.core.name} -O${level}`,
      run: (request) => simulate(native, name, contract, request, { cpu: cpuModel(target) }),
    });
  }
  return { all, rejected: [] };
}

/** The answer of all of them, which has to be one. */
export function agreed(
  { all, rejected }: Engines,
  request: RunRequest,
): RunResult & { readonly rejected: readonly string[] } {
  const [wanted, ...others] = all.map(({ name, run }) => ({ name, result: run(request) }));
  for (const { name, result } of others) {
    const difference = disagreement(wanted!.result, result);
    if (difference !== null) throw new Error(`${name}: ${difference}`);
  }
  return { ...wanted!.result, rejected };
}

/** Both at once, for a single run. */
export function everywhere(
  program: Program,
  { contract = DEFAULT_CONTRACT, request = NOTHING, entry = program.entries[0]! }: Asked = {},
): ReturnType<typeof agreed> {
  return agreed(engines(program, contract, entry), request);
}

/** As `everywhere`, of an image. */
export const runs = (bytes: Uint8Array, asked?: Asked): ReturnType<typeof everywhere> =>
  everywhere(rbpfProgram(bytes, 'app.rbpf'), asked);

/** The error that reading an image ends in: it says where, and ends with exit code 3. */
export function refusal(bytes: Uint8Array): CompileError {
  try {
    rbpfProgram(bytes, 'app.rbpf');
  } catch (e) {
    if (!(e instanceof CompileError)) throw e;
    if (e.exitCode !== 3 || ERRORS[e.code].exit !== 3) throw new Error(`exit code ${e.exitCode}`);
    if (e.details.at?.file !== 'app.rbpf') throw new Error(`${e.code} does not say in which file`);
    return e;
  }
  throw new Error('was accepted');
}
