// SPDX-License-Identifier: MIT
import type { Program } from '../bpf/program.js';
import type { Contract } from '../contract/types.js';
import { CompileError } from '../errors/index.js';
import { formatError } from '../errors/print.js';
import { accessReport } from '../report/accesses.js';
import { type SarifInput, sarifLog } from '../report/sarif.js';
import { formatSlice, type SliceReport, sliceReports } from '../report/slice.js';
import { lineOf, neighbours, Rejection } from '../verifier/diagnose.js';
import type { Verdict } from '../verifier/facts.js';
import type { VerifyOptions } from '../verifier/verify.js';
import { errorDocument, reportError, type Session, usage, VERSION } from './session.js';
import { choice } from './values.js';

/** How `fcc verify` answers. */
export const REPORT_FORMATS = ['text', 'json', 'sarif'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** Errors printed for one program; the others are counted. Documents have all. */
const MAX_SHOWN = 20;

/** The format that --format and --json ask for. Errors: FCC0001. */
export function reportFormat(o: { readonly format?: string; readonly json?: boolean }): ReportFormat {
  const format = o.format === undefined ? undefined : choice('--format', o.format, REPORT_FORMATS);
  if (o.json && format !== undefined && format !== 'json') {
    throw usage('--json and --format ask for different documents', { got: `--format ${format}` });
  }
  return o.json ? 'json' : (format ?? 'text');
}

/** A SARIF log as the text of a file. */
export function sarifText(input: Omit<SarifInput, 'version'>): string {
  return `${JSON.stringify(sarifLog({ version: VERSION, ...input }), null, 2)}\n`;
}

/** What SARIF calls the object of the command line. */
export const sarifObject = (path: string): string | null => (path === '-' ? null : path);

/**
 * Runs the work of a command that answers with documents: an error that ends it early (an object that cannot be read, a wrong
 * contract) becomes a document too. `write` takes the text of a SARIF log.
 */
export async function reporting(
  session: Session,
  how: { readonly format: ReportFormat; readonly object: string; readonly write: (text: string) => void },
  body: () => Promise<number>,
): Promise<number> {
  try {
    return await body();
  } catch (e) {
    // What could not be written once is not tried again.
    if (!(e instanceof CompileError) || how.format === 'text' || e.code === 'FCC0003') throw e;
    reportError(session, e, how.format === 'json');
    if (how.format === 'sarif')
      how.write(sarifText({ object: sarifObject(how.object), errors: [e], exitCode: e.exitCode }));
    return e.exitCode;
  }
}

/** Said where a source line would help. */
export const NO_LINES =
  'the object has no line information; compile with -g (clang) or -C debuginfo=2 and bpf-linker --btf (rustc) to see source lines';

/** An object of a compiler that was not asked for line information. */
export function hasNoLines(program: Program): boolean {
  return program.origin === 'elf' && program.functions.every((f) => f.lines.size === 0);
}

/** An error as printed; where there is no source line the instruction stands between its neighbours. */
export function errorText(program: Program, e: CompileError, color: boolean): string {
  const text = formatError(e, { color });
  if (!(e instanceof Rejection)) return text;
  const fn = program.functions[e.blame.func]!;
  if (lineOf(fn, e.blame.slot)) return text;
  // Title, place, the instruction, and below it the mark if there is a note.
  const lines = text.split('\n');
  const row = (n: { slot: number; text: string }): string => `${String(n.slot).padStart(5)} |  ${n.text}`;
  const around = neighbours(program, fn, e.blame.slot);
  const behind = e.details.snippet?.note === undefined ? 3 : 4;
  return [
    ...lines.slice(0, 2),
    ...around.filter((n) => n.slot < e.blame.slot).map(row),
    ...lines.slice(2, behind),
    ...around.filter((n) => n.slot > e.blame.slot).map(row),
    ...lines.slice(behind),
  ].join('\n');
}

/** Slices by the error they belong to. */
export type Slices = ReadonlyMap<CompileError, SliceReport>;

/** The slices behind the errors that are shown of each rejected program. `contracts`: one per verdict. */
export function slicesOf(
  program: Program,
  contracts: readonly Contract[],
  verdicts: readonly Verdict[],
  options: Omit<VerifyOptions, 'observe'>,
): Slices {
  const out = new Map<CompileError, SliceReport>();
  for (const [at, v] of verdicts.entries()) {
    if (v.verdict === 'accepted') continue;
    const errors = v.errors.slice(0, MAX_SHOWN).filter((e) => e instanceof Rejection);
    const blames = errors.map((e) => e.blame);
    sliceReports(program, v.entry, contracts[at]!, blames, options).forEach((s, i) => {
      out.set(errors[i]!, s);
    });
  }
  return out;
}

/** Prints the errors of rejected programs; returns the exit code: 1, or the first error's where that is not a rejection. */
export function reportVerdicts(
  session: Session,
  program: Program,
  verdicts: readonly Verdict[],
  slices: Slices = new Map(),
): number {
  let code = 0;
  for (const v of verdicts) {
    if (v.verdict === 'accepted') continue;
    for (const e of v.errors.slice(0, MAX_SHOWN)) {
      const slice = slices.get(e);
      session.err(`${errorText(program, e, session.terminal)}\n${slice ? formatSlice(program, slice) : ''}\n`);
    }
    const more = v.errors.length - MAX_SHOWN;
    const { name } = program.functions[v.entry]!;
    if (more > 0) session.err(`note: ${more} more ${more === 1 ? 'error' : 'errors'} in ${name}; --json lists all\n\n`);
    code = v.errors.reduce((worst, e) => Math.max(worst, e.exitCode), code);
  }
  if (code > 0 && hasNoLines(program)) session.err(`note: ${NO_LINES}\n`);
  return code;
}

/** One row of the `programs` list of documents about verdicts; with the contract also every access of an accepted one. */
export function verdictDocument(
  program: Program,
  verdict: Verdict,
  more: { readonly contract?: Contract; readonly slices?: Slices } = {},
): Record<string, unknown> {
  const fn = program.functions[verdict.entry]!;
  const document = (e: CompileError): Record<string, unknown> => {
    const slice = more.slices?.get(e);
    return { ...errorDocument(e), ...(slice ? { slice: slice.rows } : {}) };
  };
  return {
    section: fn.section,
    function: fn.name,
    verdict: verdict.verdict,
    errors: verdict.verdict === 'rejected' ? verdict.errors.map(document) : [],
    ...(more.contract
      ? { accesses: verdict.verdict === 'accepted' ? accessReport(program, more.contract, verdict.facts) : [] }
      : {}),
  };
}
