// SPDX-License-Identifier: MIT
import { basename } from 'node:path';
import { type Comparison, changeText, compare } from '../bench/baseline.js';
import { benchCsv } from '../bench/csv.js';
import { type BenchDocument, benchDocument } from '../bench/document.js';
import { benchHtml } from '../bench/html.js';
import { type Baseline, parseBaseline } from '../bench/parse.js';
import { benchText } from '../bench/text.js';
import type { BenchJob, Measured, MeasureOptions } from '../bench/types.js';
import type { Target } from '../codegen/target.js';
import { fixtureObjects } from './bench-size.js';
import { circumstancesOf } from './bench-versions.js';
import { Progress } from './progress.js';
import {
  inputName,
  type Output,
  readText,
  SCHEMA_VERSION,
  type Session,
  usage,
  writeJson,
  writeOutputs,
} from './session.js';

export interface ReportOptions {
  readonly objects: readonly string[];
  readonly sources: readonly string[];
  readonly chosen: readonly Target[];
  readonly json: boolean;
  readonly profile: boolean;
  /** Files to write, `-` being standard output. */
  readonly csv: string | null;
  readonly html: string | null;
  /** Earlier --json document, and how many percent worse is too much. */
  readonly baseline: string | null;
  readonly threshold: number;
}

/** Measures jobs on one target. */
export type Measure = (
  session: Session,
  jobs: readonly BenchJob[],
  target: Target,
  options: MeasureOptions,
) => Promise<Measured>;

/** Compilers and emulators are looked up when they are needed, not when the command line is read. */
const emulated: Measure = async (...args) => (await import('./bench-run.js')).measure(...args);

/** A document with what it was held against. */
type Judged = BenchDocument & {
  readonly baseline?: Comparison & { readonly threshold: number };
  readonly profile?: string;
};

/**
 * `fcc bench`: programs as gcc, fcc and the interpreter run them, counted. Returns 1 if a figure is worse than the baseline's by
 * more than the threshold, or a run went wrong. Errors: FCC0703 for the baseline, those of the measuring.
 */
export async function benchReport(session: Session, o: ReportOptions, measure: Measure = emulated): Promise<number> {
  const outputs = [o.csv, o.html].filter((f) => f !== null);
  if (o.json && outputs.includes('-')) throw usage('--json and another output both go to standard output');
  const named = o.objects.length > 0 || o.sources.length > 0;
  const jobs = jobsOf(named ? o.objects : fixtureObjects(), o.sources);
  const before = o.baseline === null ? null : readBaseline(session, o.baseline, o.chosen);

  const documents: Judged[] = [];
  for (const target of o.chosen) {
    const bar = new Progress(session, `programs on ${target.core.name}`, jobs.length);
    const measured = await measure(session, jobs, target, { profile: o.profile, progress: (done) => bar.show(done) });
    bar.done();
    const document = benchDocument(SCHEMA_VERSION, target.core.name, measured, circumstancesOf());
    const old = before?.find((b) => b.target === document.target);
    documents.push({
      ...document,
      ...(old && { baseline: { threshold: o.threshold, ...compare(document.target, document, old, o.threshold) } }),
      ...(measured.profile !== null && { profile: measured.profile }),
    });
  }

  print(session, documents, o.json, outputs.includes('-'));
  const files: Output[] = [];
  if (o.csv !== null) files.push([o.csv, benchCsv(documents)]);
  if (o.html !== null) files.push([o.html, benchHtml(documents)]);
  writeOutputs(session, files);
  return documents.map((d) => complain(session, d, named)).some((bad) => bad) ? 1 : 0;
}

/** Objects and sources as jobs; an object and a source of one name, up to the first dot, are one job. */
export function jobsOf(objects: readonly string[], sources: readonly string[]): BenchJob[] {
  const name = (path: string): string => basename(path).split('.')[0]!;
  const left = [...sources];
  const pairs = objects.map((object) => {
    const at = left.findIndex((source) => name(source) === name(object));
    return { name: name(object), object, source: at < 0 ? null : left.splice(at, 1)[0]! };
  });
  return [...pairs, ...left.map((source) => ({ name: name(source), object: null, source }))];
}

/** The documents of --baseline, which must have all targets. Errors: FCC0001, FCC0002, FCC0703. */
function readBaseline(session: Session, path: string, chosen: readonly Target[]): Baseline[] {
  const all = parseBaseline(readText(session, path), inputName(path), SCHEMA_VERSION);
  const known = all.map((b) => b.target);
  for (const { core } of chosen)
    if (!known.includes(core.name))
      throw usage(`the baseline has no figures for ${core.name}`, {
        expected: `-t ${known.join(', -t ')}`,
        got: inputName(path),
      });
  return all;
}

/** Documents on standard output, unless a file of another format goes there. */
function print(session: Session, documents: readonly Judged[], json: boolean, taken: boolean): void {
  const [first] = documents;
  if (json && documents.length === 1) writeJson(session, { ...first });
  else if (json) session.out(`${JSON.stringify(documents, null, 2)}\n`);
  else if (!taken)
    session.out(documents.map((d) => benchText(d) + (d.profile === undefined ? '' : `\n${d.profile}`)).join('\n'));
}

/** Says on stderr what went wrong or became worse; true: the benchmark fails. `part`: a choice of programs was asked for. */
function complain(session: Session, { target, rows, baseline }: Judged, part: boolean): boolean {
  const say = (line: string): void => session.err(`${target}: ${line}\n`);
  const errors = rows.flatMap((r) => (r.errors ?? []).map((e) => `${r.program}: ${e}`));
  for (const e of errors) say(e);
  if (!baseline) return errors.length > 0;
  const { worse, better, missing, fresh, versions, threshold } = baseline;
  for (const c of worse) say(`worse: ${changeText(c)}`);
  for (const c of better) say(`better: ${changeText(c)}`);
  for (const program of missing) if (!part) say(`${program} is in the baseline and was not measured`);
  for (const program of fresh) say(`${program} is not in the baseline`);
  for (const v of versions) say(`other version: ${v}`);
  const lost = part ? 0 : missing.length;
  if (worse.length > 0) say(`${worse.length} figures are worse by more than ${threshold} %`);
  return errors.length > 0 || worse.length > 0 || lost > 0;
}
