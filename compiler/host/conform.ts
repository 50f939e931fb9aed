// SPDX-License-Identifier: MIT
import { CompileError } from '../errors/index.js';
import type { RunResult } from './engine.js';

/** One test vector: a raw program, what it gets and what must come out. */
export interface Vector {
  readonly name: string;
  /** eBPF instructions, little-endian bytes, a multiple of 8. */
  readonly program: Uint8Array;
  /** Passed as the context (r1) with its length in r2; null: no context. */
  readonly memory: Uint8Array | null;
  /** Unsigned 64-bit r0 of a run that ends well; null if it must not end well. */
  readonly r0: bigint | null;
  /** What must go wrong, for people; any rejection or trap will do. null if nothing may. */
  readonly error: string | null;
}

/** What an engine says of a vector: it ran, the compiler refused the program, or the engine cannot take it (and why). */
export type Outcome =
  | { readonly kind: 'ran'; readonly result: Pick<RunResult, 'status' | 'r0' | 'trap'> }
  | { readonly kind: 'rejected'; readonly code: string; readonly message: string }
  | { readonly kind: 'unsupported'; readonly reason: string };

export type Judgement =
  | { readonly name: string; readonly verdict: 'passed' }
  | { readonly name: string; readonly verdict: 'skipped'; readonly reason: string }
  | { readonly name: string; readonly verdict: 'failed'; readonly expected: string; readonly got: string };

function malformed(line: number, message: string, expected: string, got: string, file?: string): never {
  throw new CompileError('FCC0702', `line ${line}: ${message}`, { at: { line, ...(file && { file }) }, expected, got });
}

/** A value of any JSON type in a few characters. */
function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

function hexBytes(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return null;
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

function readVector(source: string, line: number, file?: string): Vector {
  const bad = (message: string, expected: string, got: unknown): never =>
    malformed(line, message, expected, show(got), file);
  let json: unknown;
  try {
    json = JSON.parse(source);
  } catch {
    return bad('not a JSON value', 'one JSON object', source);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return bad('not a vector', 'an object', json);
  const { name, program_hex, memory_hex, expected_r0, expected_error } = json as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') return bad('bad "name"', 'a non-empty string', name);

  const program = typeof program_hex === 'string' ? hexBytes(program_hex) : null;
  if (!program || program.length === 0 || program.length % 8 !== 0)
    return bad('bad "program_hex"', '8 hex-coded bytes an instruction', program_hex);

  const none = memory_hex === null || memory_hex === undefined;
  const memory = typeof memory_hex === 'string' ? hexBytes(memory_hex) : null;
  if (!none && !memory) return bad('bad "memory_hex"', 'hex-coded bytes or null', memory_hex);

  let r0: bigint | null = null;
  if (expected_r0 !== null && expected_r0 !== undefined) {
    if (typeof expected_r0 !== 'string' || !/^0x[0-9a-fA-F]{1,16}$/.test(expected_r0))
      return bad('bad "expected_r0"', 'a string "0x" and 1 to 16 hex digits, or null', expected_r0);
    r0 = BigInt(expected_r0);
  }
  const error = expected_error ?? null;
  if (error !== null && (typeof error !== 'string' || error === ''))
    return bad('bad "expected_error"', 'a non-empty string or null', error);
  if ((r0 === null) === (error === null))
    return bad('nothing to expect', 'one of "expected_r0" and "expected_error"', r0 === null ? 'neither' : 'both');
  return { name, program, memory, r0, error };
}

/**
 * Reads test vectors, one JSON object a line ({name, program_hex, memory_hex, expected_r0, expected_error}; other keys are ignored,
 * empty lines too). Throws CompileError FCC0702 with the line number. `file` is for its message.
 */
export function readVectors(text: string, file?: string): Vector[] {
  return text
    .split('\n')
    .map((source, i) => ({ source: source.trim(), line: i + 1 }))
    .filter(({ source }) => source !== '')
    .map(({ source, line }) => readVector(source, line, file));
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** Holds an outcome against a vector. Only an engine's own `unsupported` is a skip; whatever is not expected is a failure. */
export function judge(vector: Vector, outcome: Outcome): Judgement {
  const { name } = vector;
  if (outcome.kind === 'unsupported') return { name, verdict: 'skipped', reason: outcome.reason };
  const expected = vector.r0 === null ? `error: ${vector.error}` : hex(vector.r0);
  const fail = (got: string): Judgement => ({ name, verdict: 'failed', expected, got });
  if (outcome.kind === 'rejected')
    return vector.r0 === null ? { name, verdict: 'passed' } : fail(`rejected, ${outcome.code}: ${outcome.message}`);
  const { status, r0, trap } = outcome.result;
  if (status === 'trap') {
    if (vector.r0 === null) return { name, verdict: 'passed' };
    return fail(`trap ${trap?.name ?? 'of unknown kind'}${trap?.detail ? `: ${trap.detail}` : ''}`);
  }
  return r0 === vector.r0 ? { name, verdict: 'passed' } : fail(hex(r0));
}
