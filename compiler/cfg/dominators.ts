// SPDX-License-Identifier: MIT
import type { Block } from './block.js';

export interface Dominators {
  readonly idom: Int32Array;
  dominates(a: number, b: number): boolean;
}

/**
 * Dominator tree after Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001): immediate dominators are
 * refined in reverse postorder until nothing changes; reducible graphs need one pass and one to see it.
 * Walks up the tree make the worst case quadratic; branches that each skip thousands of blocks are needed for that.
 */
export function dominators(blocks: readonly Block[], rpo: readonly number[], rpoIndex: Int32Array): Dominators {
  // All in rpo positions: an idom's position is smaller than its block's.
  const idom = new Int32Array(rpo.length).fill(-1);
  idom[0] = 0;
  const preds = rpo.map((id) => {
    const own = blocks[id]!.preds.map((p) => rpoIndex[p]!).filter((p) => p >= 0);
    // Deepest first: with thousands of early exits to one block each step up the tree is then made once.
    return own.sort((a, b) => b - a);
  });
  const intersect = (x: number, y: number): number => {
    let a = x;
    let b = y;
    while (a !== b) {
      while (a > b) a = idom[a]!;
      while (b > a) b = idom[b]!;
    }
    return a;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = 1; i < rpo.length; i++) {
      let best = -1;
      for (const p of preds[i]!) {
        if (idom[p] !== -1) best = best === -1 ? p : intersect(p, best);
      }
      if (best !== idom[i]) {
        idom[i] = best;
        changed = true;
      }
    }
  }
  return { idom: byBlock(blocks.length, rpo, idom), dominates: ancestry(rpo, rpoIndex, idom) };
}

function byBlock(count: number, rpo: readonly number[], idom: Int32Array): Int32Array {
  const out = new Int32Array(count).fill(-1);
  for (let i = 1; i < rpo.length; i++) out[rpo[i]!] = rpo[idom[i]!]!;
  return out;
}

/** Ancestor test in constant time: each node's descendants are an interval of a preorder of the tree. */
function ancestry(rpo: readonly number[], rpoIndex: Int32Array, idom: Int32Array): (a: number, b: number) => boolean {
  const size = new Int32Array(rpo.length).fill(1);
  for (let i = rpo.length - 1; i > 0; i--) size[idom[i]!]! += size[i]!;
  const first = new Int32Array(rpo.length);
  const free = new Int32Array(rpo.length);
  free[0] = 1;
  for (let i = 1; i < rpo.length; i++) {
    const parent = idom[i]!;
    first[i] = free[parent]!;
    free[parent]! += size[i]!;
    free[i] = first[i]! + 1;
  }
  return (a, b) => {
    const x = rpoIndex[a]!;
    const y = rpoIndex[b]!;
    return x >= 0 && y >= 0 && first[x]! <= first[y]! && first[y]! < first[x]! + size[x]!;
  };
}
