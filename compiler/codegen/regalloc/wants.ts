// SPDX-License-Identifier: MIT
import type { Bundle } from './bundles.js';
import type { Range } from './intervals.js';
import { lowerBound } from './positions.js';

/** Around a fixed operand, where its value would lie in that register: at most this many positions to either side. */
const REACH = 64;
/** Bounds the work of one question. */
const MAX_RANGES = 8;
const MAX_WANTS = 32;

interface Want {
  readonly s: number;
  readonly e: number;
  readonly weight: number;
  readonly bundle: Bundle;
}

/** Which values want which fixed register where: who has no wish of its own had better stay out of their way. */
export class Wants {
  /** By register, sorted by start. */
  private readonly of: Want[][];

  constructor(bundles: Iterable<Bundle>, registers: number) {
    this.of = Array.from({ length: registers }, () => []);
    for (const bundle of bundles)
      for (const h of bundle.hints) {
        if (h.reg < 0) continue;
        const r = bundle.ranges[lowerBound(bundle.ranges, (x) => x.e > h.pos)];
        if (!r || r.s > h.pos) continue;
        const s = Math.max(r.s, h.pos - REACH);
        this.of[h.reg]!.push({ s, e: Math.min(r.e, h.pos + REACH), weight: h.weight, bundle });
      }
    for (const list of this.of) list.sort((x, y) => x.s - y.s);
  }

  /** What others lose if `own` holds the register throughout the ranges; long lists are only looked into at their start. */
  lost(reg: number, ranges: readonly Range[], own: Bundle): number {
    const list = this.of[reg]!;
    if (list.length === 0) return 0;
    let sum = 0;
    let seen = 0;
    for (let k = 0; k < ranges.length && k < MAX_RANGES; k++) {
      const r = ranges[k]!;
      for (let i = lowerBound(list, (w) => w.s > r.s - 2 * REACH); i < list.length && list[i]!.s < r.e; i++) {
        if (++seen > MAX_WANTS) return sum;
        const w = list[i]!;
        if (w.e > r.s && w.bundle !== own) sum += w.weight;
      }
    }
    return sum;
  }
}
