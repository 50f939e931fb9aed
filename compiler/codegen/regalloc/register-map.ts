// SPDX-License-Identifier: MIT
import type { Range } from './intervals.js';
import type { Piece } from './pieces.js';

/** A chunk that grows to this many entries is cut into two. */
const CHUNK = 256;

/** Occupied ranges in a row, sorted and disjoint. Owner null: fixed operands and clobbers. */
interface Chunk {
  readonly starts: number[];
  readonly ends: number[];
  readonly owners: (Piece | null)[];
}

const emptyChunk = (): Chunk => ({ starts: [], ends: [], owners: [] });

/** Sorted occupied ranges of one physical register, in chunks, so that a change moves few of them. No chunk is empty but the only one. */
export class RegisterMap {
  private readonly chunks: Chunk[] = [];

  constructor(blocked: readonly { s: number; e: number }[]) {
    for (const b of blocked) {
      let last = this.chunks.at(-1);
      if (!last || last.starts.length >= CHUNK / 2) {
        last = emptyChunk();
        this.chunks.push(last);
      }
      last.starts.push(b.s);
      last.ends.push(b.e);
      last.owners.push(null);
    }
    if (this.chunks.length === 0) this.chunks.push(emptyChunk());
  }

  /** The first chunk with an entry that ends behind `pos`, else the last. */
  private chunkAt(pos: number): number {
    let lo = 0;
    let hi = this.chunks.length - 1;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (this.chunks[mid]!.ends.at(-1)! > pos) hi = mid;
      else lo = mid + 1;
    }
    return lo;
  }

  /** Calls `hit` for every overlap with the ranges, in order, until it answers true. */
  overlaps(ranges: readonly Range[], hit: (owner: Piece | null, pos: number) => boolean): void {
    if (ranges.length === 0) return;
    let c = this.chunkAt(ranges[0]!.s);
    let i = firstBehind(this.chunks[c]!, ranges[0]!.s);
    for (const r of ranges) {
      let chunk = this.chunks[c]!;
      // Most often the next range begins at the same entry, or at the one behind it.
      if (i < chunk.ends.length && chunk.ends[i]! <= r.s) i++;
      if (i >= chunk.ends.length || chunk.ends[i]! <= r.s) {
        c = this.chunkAt(r.s);
        chunk = this.chunks[c]!;
        i = firstBehind(chunk, r.s);
      }
      for (let d = c, k = i; ; k++) {
        let at = this.chunks[d]!;
        if (k >= at.starts.length) {
          if (d + 1 >= this.chunks.length) break;
          at = this.chunks[++d]!;
          k = 0;
        }
        if (at.starts[k]! >= r.e) break;
        if (hit(at.owners[k]!, Math.max(at.starts[k]!, r.s))) return;
      }
    }
  }

  insert(piece: Piece): void {
    for (const r of piece.ranges) {
      const c = this.chunkAt(r.s);
      const chunk = this.chunks[c]!;
      const i = firstBehind(chunk, r.s);
      chunk.starts.splice(i, 0, r.s);
      chunk.ends.splice(i, 0, r.e);
      chunk.owners.splice(i, 0, piece);
      if (chunk.starts.length <= CHUNK) continue;
      const rest = CHUNK / 2;
      this.chunks.splice(c + 1, 0, {
        starts: chunk.starts.splice(rest),
        ends: chunk.ends.splice(rest),
        owners: chunk.owners.splice(rest),
      });
    }
  }

  remove(piece: Piece): void {
    for (const r of piece.ranges) {
      const c = this.chunkAt(r.s);
      const chunk = this.chunks[c]!;
      const i = firstBehind(chunk, r.s);
      if (chunk.owners[i] !== piece) throw new Error('register map lost a piece');
      chunk.starts.splice(i, 1);
      chunk.ends.splice(i, 1);
      chunk.owners.splice(i, 1);
      if (chunk.starts.length === 0 && this.chunks.length > 1) this.chunks.splice(c, 1);
    }
  }
}

/** First entry of a chunk that ends behind `pos`, else its length. */
function firstBehind({ ends }: Chunk, pos: number): number {
  let lo = 0;
  let hi = ends.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (ends[mid]! > pos) hi = mid;
    else lo = mid + 1;
  }
  return lo;
}
