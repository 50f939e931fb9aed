// SPDX-License-Identifier: MIT
import { type Case, generate } from './generate.js';
import { inputs } from './inputs.js';
import { type Difference, judge, LEVELS, newTally, type Tally } from './judge.js';
import { shrink } from './shrink.js';
import { STAND_INS, SUBJECTS, type Subject } from './targets.js';

/** A difference and the smallest case that still shows one of its sort. */
export interface Finding {
  readonly seed: number;
  readonly difference: Difference;
  readonly small: Case;
}

/** Sorts that shrinking must not leave for one another. */
function sortOf(text: string): string {
  return /^rejected|throws|^executed/.exec(text)?.[0] ?? 'differs';
}

/** What a seed is run on: every subject asked for, and of the stand-ins a few at a time, in turn. */
export function subjectsOf(seed: number, subjects: readonly Subject[], turns: number): readonly Subject[] {
  const own = STAND_INS.filter((s) => subjects.some((x) => x.target.core.name === s.target.core.name));
  const some = Array.from({ length: Math.min(turns, own.length) }, (_, i) => own[(seed * turns + i) % own.length]!);
  return [...subjects, ...some];
}

export interface Plan {
  readonly subjects: readonly Subject[];
  /** Inputs of each program. */
  readonly inputs: number;
  /** Stand-ins that each program runs on besides. */
  readonly standIns: number;
}

export const FULL: Plan = { subjects: SUBJECTS, inputs: 3, standIns: 4 };

/** Runs the program of one seed everywhere; null: no difference. */
export function search(seed: number, plan: Plan, tally: Tally): Finding | null {
  const c = generate(seed);
  const subjects = subjectsOf(seed, plan.subjects, plan.standIns);
  const difference = judge(c, { levels: LEVELS, subjects, requests: inputs(c, plan.inputs) }, tally);
  return difference && reduce(seed, c, difference, subjects);
}

function reduce(seed: number, c: Case, first: Difference, all: readonly Subject[]): Finding {
  const { level, request, target } = first;
  const subjects = all.filter((s) => s.name === target);
  const look = (d: Case): Difference | null =>
    judge(d, { levels: [level], subjects, requests: [d.request] }, newTally());
  const sort = sortOf(first.text);
  const small = shrink({ ...c, request }, (d) => {
    const now = look(d);
    return now !== null && sortOf(now.text) === sort;
  });
  return { seed, difference: look(small) ?? first, small };
}

/** In words: where, what, and the program. */
export function describeFinding({ seed, difference }: Finding): string {
  const { target, level, text } = difference;
  return `seed ${seed}${target && ` on ${target}`} at -O${level}: ${text}`;
}
