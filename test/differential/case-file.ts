// SPDX-License-Identifier: MIT
import { assemble } from '../../compiler/bpf/asm.js';
import { printProgram } from '../../compiler/bpf/print.js';
import type { Program } from '../../compiler/bpf/program.js';
import { parseContract } from '../../compiler/contract/schema.js';
import type { ContextField, Contract } from '../../compiler/contract/types.js';
import type { RunRequest } from '../../compiler/host/engine.js';
import { toHex } from './encode.js';

/**
 * A difference that was found, as a file: lines `KEY: VALUE`, then the program. Keys: `found` (where and what, for people), `contract`
 * (as contract files have it, in one line), `context` and `region NAME` (hexadecimal; a context that is absent is `none`).
 */
export interface StoredCase {
  readonly found: string;
  readonly program: Program;
  readonly contract: Contract;
  readonly request: RunRequest;
}

const FUEL = 1_000_000;

function fieldText(field: ContextField): object {
  const { kind, ...rest } = field;
  const range = 'range' in field && field.range ? { range: field.range.map(String) } : {};
  return { type: kind, ...rest, ...range };
}

/** JSON that parseContract reads back to the same contract. */
export function contractText(c: Contract): string {
  const context = { ...c.context, fields: c.context.fields.map(fieldText) };
  return JSON.stringify({ ...c, context });
}

export function writeCase({ found, program, contract, request }: StoredCase): string {
  const lines = [
    `found: ${found.replaceAll('\n', ' ')}`,
    `contract: ${contractText(contract)}`,
    `context: ${request.context ? toHex(request.context) : 'none'}`,
    ...[...request.regions].map(([name, bytes]) => `region ${name}: ${toHex(bytes)}`),
  ];
  return `${lines.join('\n')}\n\n${printProgram(program)}`;
}

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (b) => Number.parseInt(b, 16));

/** Reads a case; `name` is what messages call it. Throws on anything that is not of the form above. */
export function readCase(text: string, name: string): StoredCase {
  const end = text.indexOf('\n\n');
  if (end < 0) throw new Error(`${name}: no empty line before the program`);
  const keys = new Map(
    text
      .slice(0, end)
      .split('\n')
      .map((line): [string, string] => {
        const at = line.indexOf(':');
        if (at < 0) throw new Error(`${name}: ${line}`);
        return [line.slice(0, at), line.slice(at + 1).trim()];
      }),
  );
  const take = (key: string): string => {
    const value = keys.get(key);
    if (value === undefined) throw new Error(`${name}: no ${key}`);
    return value;
  };
  const context = take('context');
  const regions = [...keys].flatMap(([key, value]): [string, Uint8Array][] =>
    key.startsWith('region ') ? [[key.slice(7), bytesOf(value)]] : [],
  );
  return {
    found: take('found'),
    program: assemble(text.slice(end), name),
    contract: parseContract(take('contract'), name),
    request: { context: context === 'none' ? null : bytesOf(context), regions: new Map(regions), fuel: FUEL },
  };
}
