// SPDX-License-Identifier: MIT
import { finish, type Level, prepare } from '../../compiler/compile.js';
import type { RunRequest, RunResult } from '../../compiler/host/engine.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import type { Verdict } from '../../compiler/verifier/facts.js';
import { disagreement } from './agree.js';
import type { Case } from './draft.js';
import { type LostWrites, refusedAsLost } from './lost.js';
import type { Subject } from './targets.js';

export const LEVELS: readonly Level[] = [0, 1, 2];

/** Far beyond what any generated program executes. */
const MAX_NATIVE = 5_000_000;

/** What is wrong with one run, and where. `target` is empty where no target has a part in it. */
export interface Difference {
  readonly target: string;
  readonly level: Level;
  readonly request: RunRequest;
  readonly text: string;
}

/** Program runs (one program, input, target and level each) and how they ended. A rejected program counts none. */
export interface Tally {
  programs: number;
  runs: number;
  ok: number;
  trap: number;
  rejected: number;
}

export const newTally = (): Tally => ({ programs: 0, runs: 0, ok: 0, trap: 0, rejected: 0 });

/**
 * A rejection claims that some access can never be right: it is wrong if the interpreter gets past that access. Returns the
 * contradiction in words, or null.
 */
function wronglyRejected(c: Judged, request: RunRequest, verdict: Verdict & { verdict: 'rejected' }): string | null {
  const places = verdict.errors.map(
    ({ code, details }) => `${code} ${details.at?.function} ${details.at?.instruction}`,
  );
  const passed = new Set<string>();
  const name = (func: number): string => c.program.functions[func]!.name;
  const { trap } = interpret(c.program, c.program.entries[0]!, c.contract, request, {
    trace: ({ func, slot }) => passed.add(`FCC0107 ${name(func)} ${slot}`),
  });
  if (trap?.func !== undefined) passed.delete(`FCC0107 ${name(trap.func)} ${trap.slot}`);
  const wrong = places.find((p) => !p.startsWith('FCC0107') || passed.has(p));
  return wrong === undefined ? null : `rejected: ${wrong}`;
}

/** What is judged: of a generated or a stored case. */
type Judged = Pick<Case, 'program' | 'contract'>;

interface Job {
  readonly levels: readonly Level[];
  readonly subjects: readonly Subject[];
  readonly requests: readonly RunRequest[];
}

/** Attempt to do something in the compiler or the simulator: what it throws is a difference too. */
function attempt<T>(what: string, make: () => T): T | string {
  try {
    return make();
  } catch (e) {
    return `${what} throws: ${e instanceof Error ? e.message : e}`;
  }
}

/** One image in the simulator against what the interpreter says; text of a difference or null. */
function runOne(
  c: LostWrites,
  level: Level,
  subject: Subject,
  image: ReturnType<typeof readImage>,
  wanted: RunResult,
  request: RunRequest,
): string | null {
  const native = simulate(image, 0, c.contract, request, {
    cpu: subject.cpu,
    seed: level + 1,
    maxInstructions: MAX_NATIVE,
  });
  const wrong = disagreement(wanted, native);
  if (wrong) return refusedAsLost(c, request, native) ? null : wrong;
  const worst = image.entries[0]!.worstCase;
  return worst !== null && native.instructions !== null && native.instructions > worst
    ? `executed ${native.instructions} instructions, worst case ${worst}`
    : null;
}

/**
 * Runs a case on every subject at every level with every request and adds to the tally. Returns the first difference to the interpreter: in
 * a result, in time (more than the worst case), a program refused that runs well, or anything that throws.
 */
export function judge(c: Judged, { levels, subjects, requests }: Job, tally: Tally): Difference | null {
  tally.programs++;
  const wanted = requests.map((request) => interpret(c.program, c.program.entries[0]!, c.contract, request));
  for (const level of levels) {
    const no = (target: string, text: string, request = requests[0]!): Difference => ({ target, level, request, text });
    const prepared = attempt('the compiler', () => prepare(c.program, { contract: c.contract, level }));
    if (typeof prepared === 'string') return no('', prepared);
    if (prepared.kind === 'rejected') {
      tally.rejected++;
      for (const verdict of prepared.verdicts)
        for (const request of requests) {
          const wrong = verdict.verdict === 'rejected' ? wronglyRejected(c, request, verdict) : null;
          if (wrong) return no('', wrong, request);
        }
      return null;
    }
    for (const subject of subjects) {
      const image = attempt('code generation', () => readImage(finish(prepared, subject.target).image));
      if (typeof image === 'string') return no(subject.name, image);
      for (const [i, request] of requests.entries()) {
        tally.runs++;
        tally[wanted[i]!.status]++;
        const wrong = attempt('the simulator', () => runOne(prepared, level, subject, image, wanted[i]!, request));
        if (wrong !== null) return no(subject.name, wrong, request);
      }
    }
  }
  return null;
}

/** A stored case on all these subjects and levels, and how many runs that were. */
export function judgeStored(
  c: Judged & { readonly request: RunRequest },
  levels: readonly Level[],
  subjects: readonly Subject[],
): { readonly difference: Difference | null; readonly runs: number } {
  const tally = newTally();
  const difference = judge(c, { levels, subjects, requests: [c.request] }, tally);
  return { difference, runs: tally.runs };
}
