// SPDX-License-Identifier: MIT
import { CompileError } from '../errors/index.js';
import { COLUMNS, METRICS } from './figures.js';
import type { Figures, Row } from './types.js';

/** What a baseline is read for. */
export interface Baseline {
  readonly target: string;
  readonly rows: readonly Row[];
  readonly versions: Readonly<Record<string, string>>;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

/**
 * Reads an earlier --json document, or an array of them. Keys that it does not know are passed over. Errors: FCC0703, which says
 * where in the document.
 */
export function parseBaseline(text: string, file: string, schemaVersion: number): Baseline[] {
  const bad = (message: string, expected: string, got: unknown): CompileError =>
    new CompileError('FCC0703', message, {
      at: { file },
      expected,
      got: describe(got),
      help: 'give a file that `fcc bench --json` wrote',
    });

  const fields = (value: unknown, path: string): Fields => {
    if (isFields(value)) return value;
    throw bad(`${path} is no object`, 'an object', value);
  };
  const list = (value: unknown, path: string): readonly unknown[] => {
    if (Array.isArray(value)) return value;
    throw bad(`${path} is no list`, 'an array', value);
  };
  const name = (value: unknown, path: string): string => {
    if (typeof value === 'string' && value !== '') return value;
    throw bad(`${path} is no name`, 'a string', value);
  };

  const figures = (value: unknown, path: string): Figures => {
    const from = fields(value, path);
    const read = METRICS.map((metric) => {
      const given = from[metric] ?? null;
      if (given !== null && !isCount(given)) throw bad(`${path}.${metric} is no count`, 'a number or null', given);
      return [metric, given] as const;
    });
    return Object.fromEntries(read) as unknown as Figures;
  };

  const row = (value: unknown, path: string): Row => {
    const from = fields(value, path);
    const columns = COLUMNS.map((column) => [column, figures(from[column], `${path}.${column}`)] as const);
    const counts = fields(from.accesses ?? { all: 0, proved: 0 }, `${path}.accesses`);
    for (const key of ['all', 'proved'])
      if (!isCount(counts[key])) throw bad(`${path}.accesses.${key} is no count`, 'a number', counts[key]);
    return {
      program: name(from.program, `${path}.program`),
      ...Object.fromEntries(columns),
      accesses: { all: Number(counts.all), proved: Number(counts.proved) },
      notes: [],
    } as unknown as Row;
  };

  const one = (value: unknown, path: string): Baseline => {
    const from = fields(value, path === '' ? 'the document' : path);
    const at = (key: string): string => (path === '' ? key : `${path}.${key}`);
    if (from.schemaVersion !== schemaVersion)
      throw bad(`${at('schemaVersion')} is another`, String(schemaVersion), from.schemaVersion);
    const rows = list(from.rows, at('rows')).map((r, i) => row(r, `${at('rows')}[${i}]`));
    const programs = rows.map((r) => r.program);
    const twice = programs.find((p, i) => programs.indexOf(p) < i);
    if (twice !== undefined) throw bad(`${at('rows')} has two of one program`, 'one row a program', twice);
    const versions = Object.entries(isFields(from.versions) ? from.versions : {});
    return {
      target: name(from.target, at('target')),
      rows,
      versions: Object.fromEntries(versions.flatMap(([tool, v]) => (typeof v === 'string' ? [[tool, v]] : []))),
    };
  };

  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (e) {
    throw bad('the baseline is not JSON', 'one JSON document', e instanceof SyntaxError ? e : String(e));
  }
  if (!Array.isArray(document)) return [one(document, '')];
  if (document.length === 0) throw bad('the baseline is empty', 'one document a target', document);
  const all = document.map((d, i) => one(d, `[${i}]`));
  const twice = all.find((d, i) => all.findIndex((e) => e.target === d.target) < i);
  if (twice) throw bad('the baseline has a target twice', 'one document a target', twice.target);
  return all;
}

/** A value in a few words. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value instanceof Error) return value.message;
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}
