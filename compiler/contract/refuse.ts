// SPDX-License-Identifier: MIT
import type { ErrorCode, ErrorDetails } from '../errors/index.js';
import type { Path } from './place.js';

/** Refuses what stands at `path`. */
export type Fail = (code: ErrorCode, path: Path, message: string, details?: ErrorDetails) => never;

type Range = readonly [bigint, bigint];

/** Refuses the second of two equal names. */
export function unique(what: string, names: readonly string[], path: (i: number) => Path, fail: Fail): void {
  const second = names.findIndex((n, i) => names.indexOf(n) !== i);
  if (second >= 0) {
    fail('FCC0408', path(second), `two ${what}s are named ${names[second]}`, {
      help: `give each ${what} a name of its own`,
    });
  }
}

/** The unsigned numbers of a range, which must ascend and stay within `bits`. `what` is said of it in messages. */
export function unsignedRange(
  range: readonly [number | string, number | string],
  bits: number,
  what: string,
  path: Path,
  fail: Fail,
): Range {
  return ascending([BigInt(range[0]), BigInt(range[1])], 0n, (1n << BigInt(bits)) - 1n, what, path, fail);
}

/** As `unsignedRange`, within given bounds. */
export function ascending(range: Range, least: bigint, most: bigint, what: string, path: Path, fail: Fail): Range {
  if (range[0] > range[1] || range[0] < least || range[1] > most) {
    fail('FCC0410', path, `range of ${what} is [${range[0]}, ${range[1]}]`, {
      expected: `ascending, within [${least}, ${most}]`,
      help: 'the first number is the smallest value, the second the largest; both are values that it can have',
    });
  }
  return range;
}
