// SPDX-License-Identifier: MIT
import type { BpfFunction, Program } from '../bpf/program.js';
import { type CompileError, type ErrorCode, type ErrorRow, errorRow, type Place } from '../errors/index.js';
import { lineOf, Rejection } from '../verifier/diagnose.js';
import type { GuardRow } from './guards.js';

/**
 * Errors and guards in the Static Analysis Results Interchange Format, version 2.1.0 (OASIS standard, 2020): what code review
 * systems read. The comments name its sections.
 */

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

type Json = Record<string, unknown>;

/** What a log is about. */
export interface SarifInput {
  /** Version of the compiler. */
  readonly version: string;
  /** The object as the user named it; null: standard input, which has no address. */
  readonly object: string | null;
  /** Set as soon as the object could be read: steps of paths then get their source lines. */
  readonly program?: Program;
  readonly errors: readonly CompileError[];
  /** Guards to list as notes: those in the code. */
  readonly guards?: readonly GuardRow[];
  readonly exitCode: number;
}

/** 3.4.3: a path as a URI reference. Relative ones stay relative, to be resolved against the folder of the build. */
export function artifactUri(path: string): string {
  const parts = path.replace(/\\/g, '/').split('/');
  const clean = parts.filter((p, i) => p !== '.' && (p !== '' || i === 0));
  const uri = clean.map(encodeURIComponent).join('/');
  return path.startsWith('/') ? `file://${uri}` : uri;
}

/** 3.29: file and region. A line needs 1 or more; a byte offset stands where a binary is at fault. */
function physical(file: string | undefined, at: Pick<Place, 'line' | 'column' | 'offset'>): Json {
  if (file === undefined) return {};
  const { line, column, offset } = at;
  const start = line === undefined || line < 1 ? {} : { startLine: line, ...(column ? { startColumn: column } : {}) };
  const region = 'startLine' in start ? start : offset === undefined ? undefined : { byteOffset: offset };
  return { physicalLocation: { artifactLocation: { uri: artifactUri(file) }, ...(region ? { region } : {}) } };
}

/** 3.33: the function, and the instruction in it. */
function logical(section: string | undefined, name: string | undefined, slot: number | undefined): Json {
  if (name === undefined) return {};
  const full = section ? `${section}/${name}` : name;
  const fn = { name, fullyQualifiedName: full, kind: 'function' };
  if (slot === undefined) return { logicalLocations: [fn] };
  const insn = { name: `insn ${slot}`, fullyQualifiedName: `${full}/insn ${slot}`, kind: 'instruction' };
  return { logicalLocations: [insn, fn] };
}

class Log {
  private readonly rules = new Map<ErrorCode, number>();
  private readonly results: Json[] = [];

  constructor(private readonly input: SarifInput) {}

  /** 3.49: one row of the error table. */
  private rule(code: ErrorCode): Json {
    const row: ErrorRow = errorRow(code);
    const examples = [row.wrong && `Wrong:\n${row.wrong}`, row.right && `Right:\n${row.right}`].filter(Boolean);
    return {
      id: code,
      name: row.title,
      shortDescription: { text: row.title },
      fullDescription: { text: row.explain },
      help: { text: [row.explain, ...examples].join('\n\n') },
      defaultConfiguration: { level: 'error' },
      properties: { tags: [row.stage] },
    };
  }

  private file(named: string | undefined): string | undefined {
    if (named !== undefined && named !== 'standard input') return named;
    return this.input.object ?? undefined;
  }

  private placeOf({ file, line, column, offset, section, function: name, instruction }: Place): Json {
    return { ...physical(this.file(file), { line, column, offset }), ...logical(section, name, instruction) };
  }

  private insideOf(fn: BpfFunction, slot: number): Json {
    const line = lineOf(fn, slot);
    const at = line ? { line: line.line, column: line.column } : {};
    return { ...physical(this.file(line?.file), at), ...logical(fn.section, fn.name, slot) };
  }

  /** 3.36: the path that leads to the place, itself the last step. */
  private flow(e: Rejection, message: string, end: Json): Json {
    const fn = this.input.program?.functions[e.blame.func];
    if (!fn || e.steps.length === 0) return {};
    const steps = e.steps.map(({ slot, text }) => ({ ...this.insideOf(fn, slot), message: { text } }));
    const locations = [...steps, { ...end, message: { text: message } }].map((location) => ({ location }));
    return { codeFlows: [{ threadFlows: [{ locations }] }] };
  }

  /** 3.27. */
  private add(code: ErrorCode, level: 'error' | 'note', text: string, place: Json, more: Json): void {
    const ruleIndex = this.rules.get(code) ?? this.rules.size;
    this.rules.set(code, ruleIndex);
    const locations = Object.keys(place).length > 0 ? [place] : [];
    this.results.push({ ruleId: code, ruleIndex, level, message: { text }, locations, ...more });
  }

  error(e: CompileError): void {
    const { at, snippet, expected, got, reason, help } = e.details;
    const parts = [
      snippet?.note === undefined ? e.message : `${e.message} (${snippet.note})`,
      expected && `wanted: ${expected}`,
      got && `got: ${got}`,
      reason && `reason: ${reason}`,
      help && `help: ${help}`,
    ];
    const place = this.placeOf(at ?? {});
    const flow = e instanceof Rejection ? this.flow(e, e.message, place) : {};
    this.add(e.code, 'error', parts.filter(Boolean).join('\n'), place, flow);
  }

  guard(row: GuardRow): void {
    const { source, section, function: name, instruction } = row;
    const what = row.form === 'search' ? 'a search of all regions' : `a compare with ${row.region}`;
    const text = [`guarded at run time by ${what}: ${row.access}`, `help: ${row.help}`].join('\n');
    const place = this.placeOf({
      ...(source ? { file: source.file, line: source.line, column: source.column } : {}),
      section,
      function: name,
      instruction,
    });
    this.add(row.code, 'note', text, place, row.rejection ? this.flow(row.rejection, 'guarded access', place) : {});
  }

  /** 3.13 and 3.14: the file with its one run. */
  document(): Json {
    const { version, object, exitCode } = this.input;
    const driver = {
      name: 'fcc',
      version,
      semanticVersion: version,
      rules: [...this.rules.keys()].map((c) => this.rule(c)),
    };
    const run = {
      tool: { driver },
      // The run did its work whatever it found; it failed where an input could not be read as what it should be.
      invocations: [{ executionSuccessful: exitCode <= 1, exitCode }],
      ...(object === null
        ? {}
        : { artifacts: [{ location: { uri: artifactUri(object) }, roles: ['analysisTarget'] }] }),
      columnKind: 'utf16CodeUnits',
      results: this.results,
    };
    // 3.13.2: the version comes first.
    return { version: '2.1.0', $schema: SCHEMA, runs: [run] };
  }
}

/** One SARIF log: an error level result for each error, a note for each guard that is in the code. A plain value, to be written as JSON. */
export function sarifLog(input: SarifInput): Json {
  const log = new Log(input);
  for (const e of input.errors) log.error(e);
  for (const row of input.guards ?? []) if (row.kept) log.guard(row);
  return log.document();
}
