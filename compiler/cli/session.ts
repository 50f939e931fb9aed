// SPDX-License-Identifier: MIT
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CompileError } from '../errors/index.js';
import { formatError } from '../errors/print.js';

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

/** Bytes of a file, `-` being standard input. Errors: FCC0002. */
export function readInput(session: Session, path: string): Uint8Array {
  try {
    const data = path === '-' ? session.stdin() : new Uint8Array(readFileSync(path));
    if (data.length > MAX_INPUT) {
      throw new CompileError('FCC0002', `cannot read ${path}`, {
        expected: `at most ${MAX_INPUT} bytes`,
        got: `${data.length} bytes`,
      });
    }
    return data;
  } catch (e) {
    if (e instanceof CompileError) throw e;
    throw new CompileError('FCC0002', `cannot read ${path}`, { reason: systemReason(e) });
  }
}

/** Text of a UTF-8 file. Errors: FCC0002. */
export function readText(session: Session, path: string): string {
  return Buffer.from(readInput(session, path)).toString('utf8');
}

/** Writes a whole file or nothing: into a temporary neighbour first, then renamed. `-` is standard output. Errors: FCC0003. */
export function writeOutput(session: Session, path: string, data: string | Uint8Array): void {
  if (path === '-') {
    session.out(data);
    return;
  }
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    writeFileSync(temporary, data, { flag: 'wx' });
    renameSync(temporary, path);
  } catch (e) {
    rmSync(temporary, { force: true });
    throw new CompileError('FCC0003', `cannot write ${path}`, { reason: systemReason(e) });
  }
}

/** The operating system's word for a failed call, without the path it repeats. */
function systemReason(e: unknown): string {
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
