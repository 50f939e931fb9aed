// SPDX-License-Identifier: MIT
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { FULL, type Plan } from './find.js';
import { findSubject } from './targets.js';

export const USAGE = `usage: npm run fuzz -- [--minutes N] [--runs R] [--seed S] [--targets A,B] [--inputs I] [--jobs J] [--cases FOLDER]
Random programs on all targets at all levels, interpreter against simulator, until N minutes (default 1) are over or R program runs are done.
--targets: cores, or one without a feature (esp32-loop); without it all, and some stand-ins for each program. Differences are shrunk and written to FOLDER (default test/differential/cases).
Exit: 0 no difference, 1 some, 2 usage.`;

export interface Options {
  readonly help: boolean;
  readonly seconds: number;
  /** Program runs. */
  readonly runs: number;
  readonly seed: number;
  readonly jobs: number;
  readonly folder: string;
  readonly plan: Plan;
}

function number(name: string, text: string, least: number): number {
  const n = Number(text);
  if (text.trim() === '' || !Number.isFinite(n) || n < least)
    throw new Error(`--${name} ${text}: not a number from ${least} up`);
  return n;
}

/** Options of a command line; throws with a reason for people if it is none. Without --minutes and --runs: one minute. */
export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string' },
      runs: { type: 'string' },
      seed: { type: 'string', default: '1' },
      targets: { type: 'string' },
      inputs: { type: 'string', default: String(FULL.inputs) },
      jobs: { type: 'string', default: String(availableParallelism()) },
      cases: { type: 'string', default: 'test/differential/cases' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const subjects = values.targets?.split(',').map(findSubject) ?? FULL.subjects;
  const minutes = values.minutes ?? (values.runs === undefined ? '1' : undefined);
  return {
    help: values.help,
    seconds: minutes === undefined ? Number.POSITIVE_INFINITY : 60 * number('minutes', minutes, 0),
    runs: values.runs === undefined ? Number.POSITIVE_INFINITY : number('runs', values.runs, 1),
    seed: number('seed', values.seed, 0),
    jobs: number('jobs', values.jobs, 1),
    folder: values.cases,
    plan: {
      subjects,
      inputs: number('inputs', values.inputs, 1),
      standIns: values.targets === undefined ? FULL.standIns : 0,
    },
  };
}
