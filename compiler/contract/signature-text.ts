// SPDX-License-Identifier: MIT
import type { HelperArg, HelperResult, HelperRow } from './helpers.js';

/**
 * A helper's signature as one line, the form of declaration tags:
 * `0x200 send(r data[n], u32 n in 1..64) -> i32 in -5..64 -- queues bytes`; `0x201 blocks nap(u32 ms)` for one that may block.
 * Arguments: `u32 n`, `u64 n`, `ctx c`, `cstring s`, `r|w|rw p[4]` with a number of bytes or the argument that says it, `certain`
 * before it if all bytes are written on every call. Result: `void` or nothing, `u32`, `i32`, `u64`, `region NAME`, `region NAME or null`.
 */
const ROW = /^(0x[0-9a-fA-F]+|\d+) +(blocks +)?([A-Za-z_]\w*) *\(([^()]*)\)([\s\S]*)$/;
/** What stands behind the arguments, before the text. Bounds have no dots: that each text is looked at once. */
const RETURNS = /^-> *(\S.*)$/;
const NUMBER = /^(u32|u64) +(\w+)(?: +in +([^\s.]+)\.\.([^\s.]+))?$/;
const WHOLE = /^(ctx|cstring) +(\w+)$/;
const MEMORY = /^(certain +)?(r|w|rw) +(\w+)\[(\w+)\]$/;
const RESULT = /^(void|u32|i32|u64)(?: +in +([^\s.]+)\.\.([^\s.]+))?$/;
const REGION = /^region +(\S+?)( +or +null)?$/;

/** As many as the calling convention of eBPF has registers for (RFC 9669 section 2). */
const MAX_ARGUMENTS = 5;

/** What is wrong with a signature's text. */
export class SignatureMistake {
  constructor(
    readonly got: string,
    readonly expected: string,
  ) {}
}

/** Reads a signature into the form that a row of "signatures" has in a contract file; its sense is not looked at. */
export function parseSignature(text: string): Record<string, unknown> | SignatureMistake {
  const m = ROW.exec(text);
  const dashes = m ? m[5]!.indexOf(' --') : -1;
  const doc = dashes < 0 ? undefined : m![5]!.slice(dashes + 3).replace(/^ /, '');
  const behind = m ? (dashes < 0 ? m[5]! : m[5]!.slice(0, dashes)).trim() : '';
  const result = RETURNS.exec(behind)?.[1];
  if (!m || (behind !== '' && result === undefined))
    return new SignatureMistake(text, 'ID NAME(ARGUMENTS) -> RESULT -- TEXT, or ID blocks NAME...');
  const [, id, blocks, name, list] = m;
  const texts = list!.trim() === '' ? [] : list!.split(',', MAX_ARGUMENTS + 1).map((a) => a.trim());
  if (texts.length > MAX_ARGUMENTS) return new SignatureMistake(list!, `at most ${MAX_ARGUMENTS} arguments`);
  const names = texts.map((a) => (NUMBER.exec(a)?.[2] ?? WHOLE.exec(a)?.[2] ?? MEMORY.exec(a)?.[3])!);
  const args: unknown[] = [];
  for (const a of texts) {
    const arg = parseArg(a, names);
    if (arg instanceof SignatureMistake) return arg;
    args.push(arg);
  }
  const returned = parseResult(result ?? 'void');
  if (returned instanceof SignatureMistake) return returned;
  return {
    id,
    name,
    args,
    result: returned,
    ...(blocks ? { blocks: true } : {}),
    ...(doc === undefined ? {} : { doc }),
  };
}

const ranged = (lo: string | undefined, hi: string | undefined): { range?: unknown } =>
  lo === undefined ? {} : { range: [lo, hi] };

function parseArg(text: string, names: readonly string[]): Record<string, unknown> | SignatureMistake {
  const number = NUMBER.exec(text);
  if (number) return { kind: number[1], name: number[2], ...ranged(number[3], number[4]) };
  const whole = WHOLE.exec(text);
  if (whole) return { kind: whole[1] === 'ctx' ? 'context' : 'cstring', name: whole[2] };
  const memory = MEMORY.exec(text);
  if (!memory)
    return new SignatureMistake(text, 'u32 n, u64 n, u32 n in 1..64, ctx c, cstring s, r p[4], w p[n], certain w p[4]');
  const [, certain, access, name, size] = memory;
  const common = { name, access, ...(certain ? { certain: true } : {}) };
  if (/^(0x[0-9a-fA-F]+|\d+)$/.test(size!)) return { kind: 'fixed', ...common, size: Number(size) };
  const length = names.indexOf(size!);
  if (length < 0) return new SignatureMistake(text, `a number of bytes, or one of ${names.join(', ')}`);
  return { kind: 'buffer', ...common, length };
}

function parseResult(text: string): Record<string, unknown> | SignatureMistake {
  const number = RESULT.exec(text);
  if (number) return { kind: number[1], ...ranged(number[2], number[3]) };
  const region = REGION.exec(text);
  if (!region) return new SignatureMistake(text, 'void, u32, i32, u64, i32 in -5..0, region NAME, region NAME or null');
  return { kind: 'region', region: region[1], ...(region[2] ? { nullable: true } : {}) };
}

const within = (range: readonly [bigint, bigint] | undefined): string => (range ? ` in ${range[0]}..${range[1]}` : '');

function argText(arg: HelperArg, all: readonly HelperArg[]): string {
  switch (arg.kind) {
    case 'u32':
    case 'u64':
      return `${arg.kind} ${arg.name}${within(arg.range)}`;
    case 'context':
      return `ctx ${arg.name}`;
    case 'cstring':
      return `cstring ${arg.name}`;
    case 'fixed':
      return `${arg.certain ? 'certain ' : ''}${arg.access} ${arg.name}[${arg.size}]`;
    case 'buffer':
      return `${arg.access} ${arg.name}[${all[arg.length]!.name}]`;
  }
}

function resultText(result: HelperResult): string {
  if (result.kind === 'region') return `region ${result.region}${result.nullable ? ' or null' : ''}`;
  return result.kind === 'void' ? 'void' : `${result.kind}${within(result.range)}`;
}

/** The line that `parseSignature` reads. */
export function signatureText(row: HelperRow): string {
  const args = row.args.map((a) => argText(a, row.args)).join(', ');
  const doc = row.doc === '' ? '' : ` -- ${row.doc}`;
  return `0x${row.id.toString(16)} ${row.blocks ? 'blocks ' : ''}${row.name}(${args}) -> ${resultText(row.result)}${doc}`;
}
