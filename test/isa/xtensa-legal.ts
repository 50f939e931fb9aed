// SPDX-License-Identifier: MIT

/** What is asked of the decoder as a whole, in a form small enough to keep. */

/** All halfwords that are 2-byte instructions. */
export const shortCodes = (): number[] =>
  Array.from({ length: 65536 }, (_, h) => h).filter((h) => (h & 15) >= 8 && (h & 15) <= 13);

const field = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/**
 * 3-byte words: of op0 = 0 every op2, op1, r and t with four values of s; of the other codes every r and t with one of s and three
 * of the upper byte.
 */
export function longCodes(): number[] {
  const out: number[] = [];
  for (const top of field(256))
    for (const r of field(16))
      for (const s of [0, 1, 3, 8]) for (const t of field(16)) out.push((top << 16) | (r << 12) | (s << 8) | (t << 4));
  for (const op0 of field(8).slice(1))
    for (const top of [0, 0x7f, 0x81])
      for (const r of field(16))
        for (const t of field(16)) out.push((top << 16) | (r << 12) | (3 << 8) | (t << 4) | op0);
  return out;
}

/** Which digest the text of a code goes into. */
export const bucketOf = (code: number, long: boolean): number => (long ? code >>> 16 : code >>> 8);

/** LLVM 22 prints the fields of l32r and call0 instead of distances, and any addmi as one of 0. */
export const MISPRINTED: ReadonlySet<string> = new Set(['l32r', 'call0', 'addmi']);

export interface Legal {
  /** Indices in shortCodes() and longCodes() of those that LLVM decodes as instructions of the table, as ranges. */
  readonly short: [number, number][];
  readonly long: [number, number][];
  /** Digests of their texts, by bucket. */
  readonly shortTexts: string[];
  readonly longTexts: string[];
}
