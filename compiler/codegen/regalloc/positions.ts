// SPDX-License-Identifier: MIT

/**
 * Program positions. Every block has a header index followed by one index per instruction and one for its terminator, all
 * in the order of allocation. Index i covers four positions:
 *  4i    before: moves that prepare instruction i (fixed uses, tied uses, reloads); on a header index: the block's start
 *  4i+1  the instruction reads its uses; early results and temporaries are live from here
 *  4i+2  it writes its results, clobbered registers are lost
 *  4i+3  after: moves from fixed results, stores
 * A range [s, e) is half open; a value read by the moves at 4i ends at 4i.
 */
export const BEFORE = 0;
export const READ = 1;
export const WRITE = 2;
export const AFTER = 3;
export const posOf = (index: number, part: number): number => 4 * index + part;
export const indexOf = (pos: number): number => pos >> 2;

/** Index of the first element for which `past` holds, in a list where it holds from some place on. */
export function lowerBound<T>(list: readonly T[], past: (x: T) => boolean): number {
  let lo = 0;
  let hi = list.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (past(list[mid]!)) hi = mid;
    else lo = mid + 1;
  }
  return lo;
}
