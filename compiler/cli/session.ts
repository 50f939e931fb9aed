// SPDX-License-Identifier: MIT
import { randomBytes } from 'node:crypto';
import { readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CompileError } from '../errors/index.js';
import { formatError } from '../errors/print.js';

/** Version of the compiler: the package's. */
export const VERSION = '0.1.0';

/** Version of every --json document. */
export const SCHEMA_VERSION = 1;

/** Largest input file that is read, so that a wrong path cannot exhaust memory: 64 MiB. */
const MAX_INPUT = 64 * 1024 * 1024;

/**
 * What a command may touch of the outside world. Tests pass their own; the command line passes the process's.
 * Output is collected by the command and written once.
 */
export interface Session {
  readonly out: (text: string | Uint8Array) => void;
  readonly err: (text: string) => void;
  /** stderr is a terminal: colour and progress are welcome. */
  readonly terminal: boolean;
  readonly stdin: () => Uint8Array;
}

export const processSession: Session = {
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
  terminal: process.stderr.isTTY === true && !process.env.NO_COLOR,
  stdin: () => new Uint8Array(readFileSync(0)),
};

/** Sessions whose standard input is used up. */
const drained = new WeakSet<Session>();

/** What messages call an input: `-` is standard input. */
export const inputName = (path: string): string => (path === '-' ? 'standard input' : path);

/** Bytes of a file, `-` being standard input. Errors: FCC0002. */
export function readInput(session: Session, path: string): Uint8Array {
  if (path === '-') {
    if (drained.has(session))
      throw usage('standard input can be read only once', { help: 'give a file for one of them' });
    drained.add(session);
  }
  try {
    const data = path === '-' ? session.stdin() : readFile(path);
    if (data.length <= MAX_INPUT) return data;
  } catch (e) {
    throw new CompileError('FCC0002', `cannot read ${inputName(path)}`, { reason: systemReason(e) });
  }
  throw new CompileError('FCC0002', `cannot read ${inputName(path)}`, { expected: `at most ${MAX_INPUT} bytes` });
}

/** A file's bytes; one byte more than allowed stands for anything larger, so that a huge file is not read. */
function readFile(path: string): Uint8Array {
  const size = statSync(path).size;
  return size > MAX_INPUT ? new Uint8Array(MAX_INPUT + 1) : new Uint8Array(readFileSync(path));
}

/** Text of a UTF-8 file. Errors: FCC0002. */
export function readText(session: Session, path: string): string {
  return Buffer.from(readInput(session, path)).toString('utf8');
}

/** Whether two names, neither of them `-`, are one file. */
export function samePath(a: string, b: string): boolean {
  const real = (path: string): string => {
    try {
      return realpathSync(path);
    } catch {
      return resolve(path);
    }
  };
  return real(a) === real(b);
}

/** Refuses an output that is one of the inputs; `-` and undefined are no files. Errors: FCC0001. */
export function keepInputs(output: string, inputs: readonly (string | undefined)[]): void {
  if (output !== '-' && inputs.some((path) => path !== undefined && path !== '-' && samePath(output, path)))
    throw usage('the output would replace an input', { got: output });
}

/** One output: where it goes (`-` is standard output) and its contents. */
export type Output = readonly [path: string, data: string | Uint8Array];

/**
 * Writes all of several files or none: each into a temporary neighbour first, then renamed; standard output comes last. A path
 * that is no regular file (/dev/null, a pipe) is written to and stays what it is. Errors: FCC0003, FCC0001 if two go to the
 * same place.
 */
export function writeOutputs(session: Session, outputs: readonly Output[]): void {
  const places = new Set(outputs.map(([path]) => (path === '-' ? '-' : resolve(path))));
  if (places.size < outputs.length) throw usage('two outputs have the same name');
  const waiting: { path: string; temporary: string; target: string }[] = [];
  let current = '';
  try {
    const direct: Output[] = [];
    for (const [path, data] of outputs) {
      if (path === '-') continue;
      current = path;
      const before = statSync(path, { throwIfNoEntry: false });
      if (before?.isDirectory()) throw Object.assign(new Error('EISDIR: it is a folder'), { code: 'EISDIR' });
      if (before && !before.isFile()) {
        direct.push([path, data]);
        continue;
      }
      // Behind a symbolic link the file is replaced, not the link.
      const target = before ? realpathSync(path) : path;
      const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
      waiting.push({ path, temporary, target });
      writeFileSync(temporary, data, { flag: 'wx', mode: before ? before.mode & 0o777 : 0o666 });
    }
    for (const w of waiting) {
      current = w.path;
      renameSync(w.temporary, w.target);
    }
    for (const [path, data] of direct) {
      current = path;
      writeFileSync(path, data);
    }
  } catch (e) {
    for (const { temporary } of waiting) rmSync(temporary, { force: true });
    throw new CompileError('FCC0003', `cannot write ${current}`, { reason: systemReason(e) });
  }
  for (const [path, data] of outputs) if (path === '-') session.out(data);
}

/** The operating system's word for a failed call, without the path it repeats. */
export function systemReason(e: unknown): string {
  if (!(e instanceof Error) || !('code' in e)) throw e;
  return e.message.replace(/, \w+ '.*'$/, '');
}

/** Writes a --json document. */
export function writeJson(session: Session, document: Record<string, unknown>): void {
  session.out(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...document }, jsonValue, 2)}\n`);
}

/** 64-bit numbers as hexadecimal text, bytes as hexadecimal text. */
function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return value;
}

/** One error as the documents of `verify` and the error document carry it. */
export function errorDocument(e: CompileError): Record<string, unknown> {
  const { at, expected, got, reason, path, help } = e.details;
  return {
    code: e.code,
    stage: e.stage,
    file: at?.file ?? null,
    line: at?.line ?? null,
    function: at?.function ?? null,
    instruction: at?.instruction ?? null,
    offset: at?.offset ?? null,
    message: e.message,
    expected: expected ?? null,
    got: got ?? null,
    reason: reason ?? null,
    path: path ?? null,
    help: help ?? null,
  };
}

/** Prints a user's error: for people on stderr, and as a document on stdout under --json. */
export function reportError(session: Session, e: CompileError, json: boolean): void {
  session.err(`${formatError(e, { color: session.terminal })}\n`);
  if (json) writeJson(session, { error: errorDocument(e) });
}

/** A mistake on the command line. */
export function usage(message: string, details: { expected?: string; got?: string; help?: string } = {}): CompileError {
  return new CompileError('FCC0001', message, details);
}
