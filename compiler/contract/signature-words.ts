// SPDX-License-Identifier: MIT
import type { HelperArg, HelperRow } from './helpers.js';

/** Kinds of a helper's arguments as the interpreter in C knows them; those of memory are sums. */
export const ARG_KINDS = { u32: 0, u64: 1, context: 2, string: 3, buffer: 4, write: 8, fixed: 16, range: 32 } as const;
/** Bit of an argument's word where its detail starts. */
export const ARG_DETAIL = 6;
export const RESULT_KINDS = ['void', 'u32', 'i32', 'u64', 'region'] as const;

/**
 * A helper's row of the interpreter's table, as C words between commas: id, head, arguments. Ranges of results are promises of the
 * firmware to the compiler and not in it, nor which region a result is.
 */
export function signatureWords(row: HelperRow): string {
  const args = row.args.flatMap(argumentWords);
  const head = `FCC_SIGNATURE_HEAD(FCC_RESULT_${row.result.kind.toUpperCase()}, ${row.args.length}u, ${2 + args.length}u)`;
  return [`0x${row.id.toString(16)}u`, head, ...args].join(', ');
}

function argumentWords(arg: HelperArg): string[] {
  const word = (kind: number, detail = 0): string => `FCC_ARGUMENT(${kind}u, ${detail}u)`;
  switch (arg.kind) {
    case 'u32':
    case 'u64': {
      if (!arg.range) return [word(ARG_KINDS[arg.kind])];
      const bounds = arg.range.flatMap((n) => (arg.kind === 'u32' ? [n] : [n & 0xffffffffn, n >> 32n]));
      return [word(ARG_KINDS[arg.kind] + ARG_KINDS.range), ...bounds.map((n) => `${n}u`)];
    }
    case 'context':
      return [word(ARG_KINDS.context)];
    case 'cstring':
      return [word(ARG_KINDS.string)];
    case 'fixed':
    case 'buffer': {
      const kind = ARG_KINDS.buffer + (arg.access === 'r' ? 0 : ARG_KINDS.write);
      return [arg.kind === 'fixed' ? word(kind + ARG_KINDS.fixed, arg.size) : word(kind, arg.length)];
    }
  }
}
