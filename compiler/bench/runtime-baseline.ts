// SPDX-License-Identifier: MIT
import { CompileError } from '../errors/index.js';
import { RUNTIME_LEVELS, type RuntimeFigure, type RuntimeLevel, type RuntimeResult } from './runtime.js';

/** What a baseline says of one target. */
export interface RuntimeBaseline {
  readonly target: string;
  readonly figures: readonly RuntimeFigure[];
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isLevel = (value: unknown): value is RuntimeLevel => (RUNTIME_LEVELS as readonly unknown[]).includes(value);
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

/** Reads an earlier --json document of `fcc bench --runtime`. Keys that it does not know are passed over. Errors: FCC0703. */
export function parseRuntime(text: string, file: string, schemaVersion: number): RuntimeBaseline[] {
  const bad = (message: string, expected: string): CompileError =>
    new CompileError('FCC0703', message, {
      at: { file },
      expected,
      help: 'give a file that `fcc bench --runtime --json` wrote',
    });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw bad('the baseline is not JSON', 'one JSON document');
  }
  if (!isFields(document) || document.kind !== 'runtime')
    throw bad('the baseline is none of the runtime', 'kind "runtime"');
  if (document.schemaVersion !== schemaVersion) throw bad('schemaVersion is another', String(schemaVersion));
  if (!Array.isArray(document.targets)) throw bad('targets is no list', 'an array');
  return document.targets.map((t: unknown, i): RuntimeBaseline => {
    const at = `targets[${i}]`;
    if (!isFields(t) || typeof t.target !== 'string' || !Array.isArray(t.figures))
      throw bad(`${at} is no target with figures`, 'target and figures');
    const figures = t.figures.map((f: unknown, k): RuntimeFigure => {
      if (isFields(f) && typeof f.key === 'string' && isLevel(f.level) && (f.value === null || isCount(f.value)))
        return { key: f.key, level: f.level, value: f.value };
      throw bad(`${at}.figures[${k}] is no figure`, 'key, level and value');
    });
    return { target: t.target, figures };
  });
}

/** Percent that are rounding and no change. */
const NOISE = 1e-9;

/** Figures that are worse or better by more than `threshold` percent, in words; a figure that is not measured any more is worse. */
export function compareRuntime(
  now: readonly RuntimeResult[],
  before: readonly RuntimeBaseline[],
  threshold: number,
): { readonly worse: string[]; readonly better: string[] } {
  const worse: string[] = [];
  const better: string[] = [];
  for (const result of now) {
    const old = before.find((b) => b.target === result.target);
    for (const { key, level, value: was } of old?.figures ?? []) {
      if (was === null) continue;
      const is = result.figures.find((f) => f.key === key && f.level === level)?.value ?? null;
      const name = `${result.target} ${key} ${level}: ${was} -> ${is ?? 'not measured'}`;
      if (is === null || is > was * (1 + threshold / 100) + NOISE) worse.push(name);
      else if (is < was * (1 - threshold / 100) - NOISE) better.push(name);
    }
  }
  return { worse, better };
}
