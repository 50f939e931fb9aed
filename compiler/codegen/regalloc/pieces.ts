// SPDX-License-Identifier: MIT
import type { RegMask } from '../machine.js';
import type { Bundle } from './bundles.js';
import type { Range, Use } from './intervals.js';
import { indexOf, lowerBound, posOf } from './positions.js';

/** Part of a bundle that stays in one place. The pieces of a bundle partition its extent. */
export interface Piece {
  readonly bundle: Bundle;
  readonly start: number;
  readonly end: number;
  readonly ranges: readonly Range[];
  readonly uses: readonly Use[];
  /** Registers that suit every use. */
  readonly mask: RegMask;
  /** What it costs to evict it, per position; MINIMAL and up: it cannot be split into parts that all fit elsewhere. */
  readonly weight: number;
  /** Number of live positions. */
  readonly size: number;
  /** Needs a register somewhere. */
  readonly needs: boolean;
  /** Physical register, or -1: spilled or not placed yet. */
  reg: number;
  /** Another register would cost a move. */
  hinted: boolean;
  /** Stays in memory (or is repeated). */
  spilled: boolean;
}

export const MINIMAL = 1e12;

const bits = (m: RegMask): number => {
  let n = 0;
  for (let x = m >>> 0; x !== 0; x &= x - 1) n++;
  return n;
};

/** A piece of what the bundle has in [start, end). */
export function makePiece(
  bundle: Bundle,
  from: Pick<Piece, 'ranges' | 'uses'>,
  start: number,
  end: number,
  all: RegMask,
  free: (reg: number, s: number, e: number) => boolean,
): Piece {
  const ranges: Range[] = [];
  for (let i = lowerBound(from.ranges, (r) => r.e > start); i < from.ranges.length; i++) {
    const r = from.ranges[i]!;
    if (r.s >= end) break;
    ranges.push(r.s >= start && r.e <= end ? r : { s: Math.max(r.s, start), e: Math.min(r.e, end), v: r.v });
  }
  const uses: Use[] = [];
  for (let i = lowerBound(from.uses, (u) => u.lo >= start); i < from.uses.length; i++) {
    const u = from.uses[i]!;
    if (u.lo >= end) break;
    if (u.hi <= end) uses.push(u);
  }
  let mask = all;
  let cost = 0;
  let needs = false;
  let lo = Number.MAX_SAFE_INTEGER;
  let hi = 0;
  for (const u of uses) {
    cost += u.weight;
    if (u.lo === u.hi) continue;
    mask &= u.mask;
    needs = true;
    lo = Math.min(lo, u.lo);
    hi = Math.max(hi, u.hi);
  }
  let size = 0;
  for (const r of ranges) size += r.e - r.s;
  if (bundle.remat) cost /= 2;
  let weight = cost / (size + 8);
  if (needs && start >= posOf(indexOf(lo), 0) && end <= posOf(indexOf(lo) + 1, 0)) {
    // What can still be cut shorter gives way; then, the fewer registers suit, the more it insists; of equals the longer.
    let suits = 0;
    for (let r = 0; r < 32; r++) if ((mask >>> r) & 1 && free(r, start, end)) suits |= 1 << r;
    const last = end <= hi && ranges.every((r) => r.v === ranges[0]!.v);
    weight = MINIMAL * (34 - bits(suits) + (last ? 100 : 0)) + size;
  }
  return {
    bundle,
    start,
    end,
    ranges,
    uses,
    mask: mask >>> 0,
    weight,
    size,
    needs,
    reg: -1,
    hinted: false,
    spilled: false,
  };
}
