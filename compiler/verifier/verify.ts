// SPDX-License-Identifier: MIT
import type { Program } from '../bpf/program.js';
import { allows, type HelperRow, helpersOf } from '../contract/helpers.js';
import type { Contract } from '../contract/types.js';
import { CompileError } from '../errors/index.js';
import { Analysis } from './analysis.js';
import { Collector, type Found, FrameUse } from './collect.js';
import { diagnose } from './diagnose.js';
import type { FunctionFacts, Verdict } from './facts.js';
import type { CallUses } from './liveness.js';
import type { State } from './state.js';

export interface VerifyOptions {
  /** Refuse every access that is not shown to be right, instead of leaving it to a guard. */
  readonly strict?: boolean;
  /** Helper rows besides HELPERS, allowed whatever the contract says. A row replaces one of the same id. */
  readonly helpers?: readonly HelperRow[];
  /** Writes through pointers that count as mere numbers, as `weakWrites` (merge.ts) gives them. */
  readonly opaque?: ReadonlySet<string>;
  /**
   * Called once for every reachable instruction with what is known before it. The state is valid during the call only;
   * `stateText` (log.ts) prints it and `admits` (admits.ts) says whether concrete registers are covered by it.
   */
  readonly observe?: (func: number, slot: number, state: State) => void;
  /** Called once with the number of instructions that were executed on abstract states: the cost, free of machine and load. */
  readonly work?: (instructions: number) => void;
}

/**
 * Verifies everything that an entry point reaches: facts for the rest of the compiler, or the errors found. `entry` is an
 * index of program.functions; the contract is one that `parseContract` or DEFAULT_CONTRACT gives. Time is near-linear in
 * the instructions: no path is enumerated.
 */
export function verify(program: Program, entry: number, contract: Contract, options: VerifyOptions = {}): Verdict {
  if (!program.functions[entry]) throw new Error(`no function ${entry}`);
  const extra = options.helpers ?? [];
  const helpers = new Map<number, HelperRow>([...helpersOf(contract), ...extra].map((row) => [row.id, row]));
  const allowed =
    contract.helpers || contract.interrupt
      ? [...helpersOf(contract).filter((row) => allows(contract, row)), ...extra].map((row) => row.name)
      : null;
  const world = { program, contract: { ...contract, helpers: allowed }, opaque: options.opaque };
  try {
    const analysis = new Analysis(world, entry, options.strict === true, helpers);
    const found: Found[] = [];
    const frames = new FrameUse();
    const collectors = new Map<number, Collector>();
    analysis.walk((func) => {
      const made = new Collector(program.functions[func]!, frames, found, options.observe);
      collectors.set(func, made);
      return made;
    });
    options.work?.(analysis.work);
    if (found.length > 0)
      return { entry, verdict: 'rejected', errors: diagnose(program, (f) => analysis.flowOf(f), found, contract) };
    return {
      entry,
      verdict: 'accepted',
      facts: { entries: [entry], functions: factsOf(program, analysis, helpers, collectors) },
    };
  } catch (e) {
    if (e instanceof CompileError) return { entry, verdict: 'rejected', errors: [e] };
    throw e;
  }
}

function factsOf(
  program: Program,
  analysis: Analysis,
  helpers: ReadonlyMap<number, HelperRow>,
  collectors: ReadonlyMap<number, Collector>,
): (FunctionFacts | undefined)[] {
  const used = new Map<number, boolean[]>();
  const calls: CallUses = {
    helper: (id) => helpers.get(id),
    argsUsed: (func) => used.get(func) ?? [],
  };
  const facts: (FunctionFacts | undefined)[] = program.functions.map(() => undefined);
  for (const func of analysis.bottomUp) {
    const collector = collectors.get(func);
    if (!collector) continue;
    const bits = analysis.argumentsRead(func, calls);
    used.set(
      func,
      [1, 2, 3, 4, 5].map((r) => (bits & (1 << r)) !== 0),
    );
    facts[func] = collector.facts(used.get(func)!);
  }
  return facts;
}
