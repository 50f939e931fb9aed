// SPDX-License-Identifier: MIT
import type { MInst, MReg } from '../machine.js';
import type { Affinity, Hint, Intervals, Range, Use } from './intervals.js';
import { lowerBound } from './positions.js';

/** Values that share one place as long as they are not split: they never overlap. One spill slot serves them all. */
export interface Bundle {
  ranges: Range[];
  uses: Use[];
  hints: Hint[];
  vregs: MReg[];
  /** The definition that is repeated instead of spilled; only for a bundle of one value. */
  remat: MInst | null;
}

/** Bounds the work of merging: longer lists of ranges are left to hints. */
const MAX_RANGES = 3000;
const MAX_FOES = 16;
/** Longer lists are not looked into for the sake of an encoding. */
const MAX_NEAR = 32;

/**
 * Merges values joined by edges, ties and copies, the most frequent first, as long as they do not overlap.
 * Returns the bundle of every value that has a range.
 */
export function makeBundles(iv: Intervals): (Bundle | undefined)[] {
  const of: (Bundle | undefined)[] = iv.of.map((x, v) =>
    x && x.ranges.length > 0
      ? { ranges: x.ranges, uses: x.uses, hints: x.hints, vregs: [v], remat: x.remat }
      : undefined,
  );
  // A repeatable value with other uses than this one stays apart: repeating it is cheaper than keeping it.
  const apart = (v: MReg): boolean => iv.of[v]!.remat !== null && iv.of[v]!.uses.length > 2;
  const sorted = iv.affinities.map((a, i) => ({ a, i })).sort((x, y) => y.a.weight - x.a.weight || x.i - y.i);
  const left: Affinity[] = [];
  /** Would a fixed register that serves `x` be lost to it along with `y`? */
  const misses = (x: Bundle, y: Bundle): boolean =>
    x.hints.length > MAX_NEAR || x.hints.some((h) => h.reg >= 0 && !isClear(iv.blocked[h.reg]!, y.ranges));
  const foes = new Foes(iv.affinities);
  const merge = new Merger();
  for (const { a } of sorted) {
    const x = of[a.a];
    const y = of[a.b];
    if (!x || !y || x === y) continue;
    // A shorter encoding is not worth the move from or to a fixed register.
    const keep =
      a.weight < 0 ||
      (a.near && (misses(x, y) || misses(y, x))) ||
      apart(a.b) ||
      apart(a.a) ||
      foes.cost(x, y, of) > a.weight;
    const ranges = keep ? null : merge.ranges(x.ranges, y.ranges);
    if (!ranges) {
      left.push(a);
      continue;
    }
    const [big, small] = x.vregs.length >= y.vregs.length ? [x, y] : [y, x];
    big.ranges = ranges;
    big.uses = merge.uses(x.uses, y.uses);
    for (const h of small.hints) big.hints.push(h);
    for (const v of small.vregs) big.vregs.push(v);
    big.remat = null;
    for (const v of small.vregs) of[v] = big;
  }
  for (const a of left) {
    if (of[a.a] === of[a.b]) continue;
    of[a.a]!.hints.push({ pos: a.aPos, reg: -1, other: a.b, otherPos: a.bPos, weight: a.weight });
    of[a.b]!.hints.push({ pos: a.bPos, reg: -1, other: a.a, otherPos: a.aPos, weight: a.weight });
  }
  for (const b of new Set(of)) b?.hints.sort((p, q) => p.pos - q.pos);
  return of;
}

/** Does no range overlap a blocked one? Both sorted; long lists are not looked into. */
function isClear(blocked: readonly { readonly s: number; readonly e: number }[], ranges: readonly Range[]): boolean {
  if (ranges.length > MAX_NEAR) return false;
  return ranges.every((r) => (blocked[lowerBound(blocked, (b) => b.e > r.s)]?.s ?? Number.POSITIVE_INFINITY) >= r.e);
}

/** Values that had better not share a register, and what it costs if they do. */
class Foes {
  private readonly foes = new Map<MReg, { readonly v: MReg; readonly cost: number }[]>();

  constructor(affinities: readonly Affinity[]) {
    for (const a of affinities) {
      if (a.weight >= 0) continue;
      this.add(a.a, a.b, -a.weight);
      this.add(a.b, a.a, -a.weight);
    }
  }

  private add(x: MReg, v: MReg, cost: number): void {
    const list = this.foes.get(x);
    if (list) list.push({ v, cost });
    else this.foes.set(x, [{ v, cost }]);
  }

  /** Cost of making two bundles one; those of many values are not looked into. */
  cost(a: Bundle, b: Bundle, of: readonly (Bundle | undefined)[]): number {
    if (this.foes.size === 0) return 0;
    const [small, big] = a.vregs.length <= b.vregs.length ? [a, b] : [b, a];
    if (small.vregs.length > MAX_FOES) return 0;
    let sum = 0;
    for (const x of small.vregs) for (const f of this.foes.get(x) ?? []) if (of[f.v] === big) sum += f.cost;
    return sum;
  }
}

/** A list so much longer than the other that the other's elements are put into it one by one. */
const MUCH_LONGER = 16;

/** Merges sorted lists. A list that it made itself is changed, so that a short one costs little, others are not. */
class Merger {
  private readonly own = new WeakSet<object>();

  /** Both lists as one, or null if they overlap. */
  ranges(a: Range[], b: Range[]): Range[] | null {
    if (a.length + b.length > MAX_RANGES) return null;
    const [long, short] = a.length >= b.length ? [a, b] : [b, a];
    if (this.own.has(long) && short.length * MUCH_LONGER < long.length) {
      const places = short.map((r) => lowerBound(long, (x) => x.e > r.s));
      if (short.some((r, k) => (long[places[k]!]?.s ?? Number.POSITIVE_INFINITY) < r.e)) return null;
      for (let k = short.length - 1; k >= 0; k--) long.splice(places[k]!, 0, short[k]!);
      return long;
    }
    const out: Range[] = [];
    let i = 0;
    let j = 0;
    while (i < a.length || j < b.length) {
      const x = a[i];
      const y = b[j];
      const next = !y || (x && x.s < y.s) ? a[i++]! : b[j++]!;
      if (out.length > 0 && out.at(-1)!.e > next.s) return null;
      out.push(next);
    }
    this.own.add(out);
    return out;
  }

  /** By start; of equal ones those of `a` come first. */
  uses(a: Use[], b: Use[]): Use[] {
    const [long, short] = a.length >= b.length ? [a, b] : [b, a];
    if (this.own.has(long) && short.length * MUCH_LONGER < long.length) {
      const places = short.map((u) => lowerBound(long, (x) => (short === a ? x.lo >= u.lo : x.lo > u.lo)));
      for (let k = short.length - 1; k >= 0; k--) long.splice(places[k]!, 0, short[k]!);
      return long;
    }
    const out: Use[] = [];
    let i = 0;
    let j = 0;
    while (i < a.length && j < b.length) out.push(a[i]!.lo <= b[j]!.lo ? a[i++]! : b[j++]!);
    while (i < a.length) out.push(a[i++]!);
    while (j < b.length) out.push(b[j++]!);
    this.own.add(out);
    return out;
  }
}
