// SPDX-License-Identifier: MIT
import type { MFunc, RegMask } from '../machine.js';
import type { Bundle } from './bundles.js';
import { makeBundles } from './bundles.js';
import type { Intervals } from './intervals.js';
import { MINIMAL, makePiece, type Piece } from './pieces.js';
import { indexOf, lowerBound, posOf } from './positions.js';
import { RegisterMap } from './register-map.js';
import { rename } from './rename.js';
import type { AllocTarget } from './types.js';
import { Wants } from './wants.js';

/** Where every value is at every position. */
export interface Places {
  readonly bundleOf: readonly (Bundle | undefined)[];
  /** Pieces of each bundle, by start. */
  readonly pieces: ReadonlyMap<Bundle, Piece[]>;
  /** Bundles whose slot must be written right behind each definition. */
  readonly storeAtDef: ReadonlySet<Bundle>;
}

/** How many blocks a search for a cheaper place to split looks at. */
const SEARCH_BLOCKS = 48;
/** How many pieces may make room in a short register for another one. */
const MAX_TRADED = 6;

/**
 * Gives pieces registers: largest first; a piece takes a free register, else one whose holders all weigh less, else it is
 * split around what is in its way, and what needs no register goes to memory. Ends because an eviction always replaces
 * pieces by a heavier one, and splits make pieces smaller.
 */
export function allocatePieces(
  fn: MFunc,
  iv: Intervals,
  { allocationOrder: order, calleeSaved, short: given }: AllocTarget['registers'],
  all: RegMask,
): Places {
  const short = given ?? all;
  const bundleOf = makeBundles(iv);
  const wants = new Wants(new Set(bundleOf.flatMap((b) => b ?? [])), iv.blocked.length);
  /** Registers whose first use means to save and restore them. */
  let unsaved = fn.entry ? 0 : calleeSaved;
  const maps = iv.blocked.map((b) => new RegisterMap(b));
  const fixed = iv.blocked.map((b) => new RegisterMap(b));
  const pieces = new Map<Bundle, Piece[]>();
  const storeAtDef = new Set<Bundle>();
  const queue = new Queue();

  const free = (r: number, s: number, e: number): boolean => {
    let clear = true;
    fixed[r]!.overlaps([{ s, e, v: 0 }], () => {
      clear = false;
      return true;
    });
    return clear;
  };
  const piece = (b: Bundle, from: Pick<Piece, 'ranges' | 'uses'>, s: number, e: number): Piece =>
    makePiece(b, from, s, e, all, free);

  const keep = (p: Piece): Piece => {
    const list = pieces.get(p.bundle)!;
    list.splice(
      lowerBound(list, (q) => q.start > p.start),
      0,
      p,
    );
    return p;
  };
  const add = (p: Piece): void => queue.push(keep(p));
  const split = (p: Piece, at: number): [Piece, Piece] => {
    if (at <= p.start || at >= p.end) throw new Error(`split of ${p.start}..${p.end} at ${at}`);
    const a = piece(p.bundle, p, p.start, at);
    const b = piece(p.bundle, p, at, p.end);
    const list = pieces.get(p.bundle)!;
    list.splice(
      lowerBound(list, (q) => q.start >= p.start),
      1,
    );
    return [a, b];
  };
  for (const b of new Set(bundleOf)) {
    if (!b) continue;
    pieces.set(b, []);
    const whole = piece(b, b, b.ranges[0]!.s, b.ranges.at(-1)!.e);
    if (isOnlyMoved(b)) keep(whole).spilled = true;
    else add(whole);
  }

  const score = new Float64Array(maps.length);
  const touched: number[] = [];
  const hints = (p: Piece): void => {
    for (const r of touched) score[r] = 0;
    touched.length = 0;
    const list = p.bundle.hints;
    for (let i = lowerBound(list, (h) => h.pos >= p.start); i < list.length && list[i]!.pos < p.end; i++) {
      const h = list[i]!;
      const reg = h.reg >= 0 ? h.reg : (pieceAt({ bundleOf, pieces }, h.other, h.otherPos)?.reg ?? -1);
      if (reg < 0) continue;
      score[reg]! += h.weight;
      touched.push(reg);
    }
  };

  for (let p = queue.pop(); p; p = queue.pop()) {
    hints(p);
    let best = -1;
    let bestLost = 0;
    let evict = -1;
    let evictWeight = p.weight;
    for (const r of order) {
      if (!((p.mask >>> r) & 1)) continue;
      let heaviest = -1;
      maps[r]!.overlaps(p.ranges, (q) => {
        heaviest = Math.max(heaviest, q ? q.weight : Number.POSITIVE_INFINITY);
        return heaviest >= p.weight;
      });
      if (heaviest < 0) {
        if (best >= 0 && score[r]! < score[best]!) continue;
        // Of equal ones that which others want least.
        const lost = wants.lost(r, p.ranges, p.bundle) + ((unsaved >>> r) & 1);
        if (best >= 0 && score[r]! === score[best]! && lost >= bestLost) continue;
        best = r;
        bestLost = lost;
      } else if (heaviest < evictWeight) {
        evict = r;
        evictWeight = heaviest;
      }
    }
    if (best < 0 && evict >= 0 && p.needs) {
      best = evict;
      for (const q of holders(p, best)) {
        maps[best]!.remove(q);
        q.reg = -1;
        queue.push(q);
      }
    }
    if (best >= 0) {
      p.reg = best;
      p.hinted = score[best]! > 0;
      unsaved = (unsaved & ~(1 << best)) >>> 0;
      maps[best]!.insert(p);
    } else if (!p.needs) p.spilled = true;
    else if (p.weight >= MINIMAL) cutMinimal(p);
    else cut(p);
  }
  if ((all & ~short) !== 0) {
    trade();
    rename([...pieces.values()].flat(), iv.blocked, order, short);
  }
  return { bundleOf, pieces, storeAtDef };

  function holders(p: Piece, r: number): Set<Piece> {
    const out = new Set<Piece>();
    maps[r]!.overlaps(p.ranges, (q) => {
      if (q) out.add(q);
      return false;
    });
    return out;
  }

  /** Once everything has its place: what is used most goes to short registers, and those used less make room. */
  function trade(): void {
    const cost = (p: Piece): number => p.uses.reduce((n, u) => n + u.weight, 0);
    const long = [...pieces.values()]
      .flat()
      .filter((p) => p.reg >= 0 && !((short >>> p.reg) & 1) && !p.hinted)
      .map((p) => ({ p, cost: cost(p) }))
      .sort((x, y) => y.cost - x.cost);
    for (const { p, cost: own } of long) {
      const from = p.reg;
      maps[from]!.remove(p);
      let to = from;
      let least = own;
      for (const r of order) {
        if (!(((short & p.mask) >>> r) & 1)) continue;
        const seen = new Set<Piece>();
        let sum = 0;
        maps[r]!.overlaps(p.ranges, (q) => {
          if (q && seen.has(q)) return false;
          const stays = !q || seen.size === MAX_TRADED || q.hinted || elsewhere(q) < 0;
          sum = stays ? Number.POSITIVE_INFINITY : sum + cost(q);
          if (q) seen.add(q);
          return sum >= least;
        });
        if (sum >= least) continue;
        to = r;
        least = sum;
      }
      for (const q of to === from ? [] : holders(p, to)) {
        maps[to]!.remove(q);
        q.reg = elsewhere(q);
        maps[q.reg]!.insert(q);
      }
      p.reg = to;
      maps[to]!.insert(p);
    }
  }

  /** A register that is not short and free for a piece, or -1. */
  function elsewhere(q: Piece): number {
    return order.find((r) => ((q.mask & ~short) >>> r) & 1 && isFree(r, q)) ?? -1;
  }

  function isFree(r: number, q: Piece): boolean {
    let clear = true;
    maps[r]!.overlaps(q.ranges, () => {
      clear = false;
      return true;
    });
    return clear;
  }

  /** A piece of one instruction that fits nowhere: keeps the register only while the instruction needs it. */
  function cutMinimal(p: Piece): void {
    const own = p.ranges.find((r) => r.s > p.start && r.v !== p.ranges[0]!.v);
    let at = own?.s ?? p.end;
    if (!own) {
      at = 0;
      for (const u of p.uses) if (u.lo < u.hi) at = Math.max(at, u.hi);
    }
    if (at >= p.end || at <= p.start) {
      throw new Error(`${fn.name}: no register for v${p.ranges[0]!.v} at instruction ${indexOf(p.start)}`);
    }
    const [a, b] = split(p, at);
    add(a);
    if (own) {
      add(b);
      return;
    }
    // No move can happen in the middle of an instruction: the slot must have the value already.
    storeAtDef.add(p.bundle);
    keep(b).spilled = true;
  }

  function cut(p: Piece): void {
    const first = p.uses.find((u) => u.lo < u.hi)!;
    // The furthest that any register gets, obstacles being heavier pieces and uses that it does not suit.
    let reach = -1;
    for (const r of order) {
      let c = p.end;
      // A register that suits the whole piece suits each use.
      const u = (p.mask >>> r) & 1 ? undefined : p.uses.find((x) => x.lo < x.hi && !((x.mask >>> r) & 1));
      if (u) c = u.lo;
      maps[r]!.overlaps(p.ranges, (q, pos) => {
        if (pos >= c) return true;
        if (q && q.weight < p.weight) return false;
        c = pos;
        return true;
      });
      if (c > reach) reach = c;
    }
    const limit = posOf(indexOf(reach), 0);
    if (reach >= first.hi && limit > p.start && limit < p.end) {
      let served = first.hi;
      for (const u of p.uses) {
        if (u.lo >= limit) break;
        if (u.lo < u.hi && u.hi <= limit) served = Math.max(served, u.hi);
      }
      const from = posOf(indexOf(served - 1) + 1, 0);
      if (from <= limit) {
        const at = cheapest(p, Math.max(from, p.start + 1), limit);
        if (at > p.start && at < p.end) {
          for (const q of split(p, at)) add(q);
          return;
        }
      }
    }
    const gap = posOf(indexOf(first.lo), 0);
    if (gap > p.start) {
      const at = cheapest(p, p.start + 1, gap);
      const [a, b] = split(p, at);
      if (a.needs) add(a);
      else keep(a).spilled = true;
      add(b);
      return;
    }
    const [a, b] = split(p, posOf(indexOf(first.lo) + 1, 0));
    add(a);
    add(b);
  }

  /** The latest of the least frequent places to split in [lo, hi], both at instruction starts; hi if there is none in between. */
  function cheapest(p: Piece, lo: number, hi: number): number {
    let at = hi;
    const b = iv.blockOf[indexOf(hi)]!;
    let cost = iv.flow.frequency[b]!;
    if (iv.header[b] === indexOf(hi)) cost = Math.min(cost, before(indexOf(hi)));
    let index = iv.header[b]!;
    for (let n = 0; n < SEARCH_BLOCKS && index > 0 && posOf(index, 0) >= lo; n++) {
      // The header itself (moves go to the edges) and the end of the block before it.
      for (const i of [index, index - 1]) {
        const pos = posOf(i, 0);
        const c = i === index ? before(i) : iv.flow.frequency[iv.blockOf[i]!]!;
        if (pos < lo || pos >= hi || c >= cost || !live(p, pos)) continue;
        at = pos;
        cost = c;
      }
      index = iv.header[iv.blockOf[index - 1]!]!;
    }
    return at;
  }

  /** Frequency of the moves that a split at a block's header costs: those of its least frequent way in. */
  function before(header: number): number {
    const b = iv.blockOf[header]!;
    let least = iv.flow.frequency[b]!;
    for (const q of iv.flow.preds[b]!) least = Math.min(least, iv.flow.frequency[q]!);
    return least;
  }

  function live(p: Piece, pos: number): boolean {
    const r = p.ranges[lowerBound(p.ranges, (x) => x.e > pos)];
    return r !== undefined && r.s <= pos;
  }
}

/** A repeatable value that one move reads, no more often than it is made: it is made right there instead. */
function isOnlyMoved({ remat, uses }: Bundle): boolean {
  const [def, use] = uses;
  return remat !== null && uses.length === 2 && use!.lo === use!.hi && use!.weight <= def!.weight;
}

/** The piece that holds `v` at `pos`. */
export function pieceAt(places: Pick<Places, 'bundleOf' | 'pieces'>, v: number, pos: number): Piece | undefined {
  const b = places.bundleOf[v];
  if (!b) return undefined;
  const list = places.pieces.get(b)!;
  const p = list[lowerBound(list, (q) => q.end > pos)];
  return p && p.start <= pos ? p : undefined;
}

/** Pieces by size, largest first; equal ones in order of arrival. */
class Queue {
  private readonly heap: { p: Piece; n: number }[] = [];
  private count = 0;

  private less(i: number, j: number): boolean {
    const a = this.heap[i]!;
    const b = this.heap[j]!;
    return a.p.size > b.p.size || (a.p.size === b.p.size && a.n < b.n);
  }

  private swap(i: number, j: number): void {
    const t = this.heap[i]!;
    this.heap[i] = this.heap[j]!;
    this.heap[j] = t;
  }

  push(p: Piece): void {
    this.heap.push({ p, n: this.count++ });
    for (let i = this.heap.length - 1; i > 0; ) {
      const up = (i - 1) >> 1;
      if (!this.less(i, up)) break;
      this.swap(i, up);
      i = up;
    }
  }

  pop(): Piece | undefined {
    const top = this.heap[0];
    const last = this.heap.pop();
    if (!top || !last) return undefined;
    if (this.heap.length > 0) {
      this.heap[0] = last;
      for (let i = 0; ; ) {
        let c = 2 * i + 1;
        if (c >= this.heap.length) break;
        if (c + 1 < this.heap.length && this.less(c + 1, c)) c++;
        if (!this.less(c, i)) break;
        this.swap(i, c);
        i = c;
      }
    }
    return top.p;
  }
}
