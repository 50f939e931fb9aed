// SPDX-License-Identifier: MIT

const UNSIGNED = 'compares two numbers as unsigned before either is known to be below 2^63';
const UPPER = 'a 32-bit comparison says nothing of a number whose upper half is not known';
const MULTIPLE = 'that a distance is a multiple of the step is not kept through the rounds';

/**
 * Rows that are right and that the verifier does not show to be so: they keep guards, and --strict refuses them. The reason says
 * what is missing. A row that is shown after all has to leave this list.
 */
export const NOT_PROVED: ReadonlyMap<string, string> = new Map([
  ['relative: i < j < n', UNSIGNED],
  ['relative: i <= j < n', UNSIGNED],
  ['relative: average of i < j < n', UNSIGNED],
  ['relative: i + (j - i) / 2', UNSIGNED],
  ['relative: w s> -1 and w s< n, sign-extended', UPPER],
  ['relative: w s bounds, zero-extended', UPPER],
  ['relative: w i < n, zero-extended by shifts', UPPER],
  ['relative: w i < n, zero-extended by a move', UPPER],
  ['bounded: 64-bit number that fits 32 bits', UPPER],
  ['relative: i | 1 < n of an even i', 'the even part of a number without bounds may be near 2^64'],
  ['length: signed 32-bit after subtraction', 'a difference that may wrap at 32 bits is not followed'],
  ['loop: for i != n, step 2, n rounded to even', MULTIPLE],
  ['walk: p != end, step 4, end rounded', MULTIPLE],
  ['array: sum of halves by an end pointer', MULTIPLE],
  ['open context: fletcher over halves', 'a count that goes down by one while the address goes up by two'],
  ['walk: a string up to its end', 'the end is compared for equality beside a second limit'],
  ['array: insertion sort', 'the inner index goes down from the outer one, which stays below the length'],
]);
