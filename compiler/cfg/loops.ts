// SPDX-License-Identifier: MIT
import type { Block } from './block.js';

/** A natural loop: a header that dominates the sources of its back edges, and all that reaches those without the header. */
export interface Loop {
  /** Index in Cfg.loops. */
  readonly id: number;
  readonly header: number;
  /** Sources of the back edges, ascending. */
  readonly latches: readonly number[];
  /** Blocks whose innermost loop this is, ascending; with those of inner loops: `loopBlocks`. */
  readonly own: readonly number[];
  /** Enclosing loop, -1 for none, and inner loops. */
  readonly parent: number;
  readonly children: readonly number[];
  /** 1 for an outermost loop. */
  readonly depth: number;
}

export interface Loops {
  readonly loops: readonly Loop[];
  readonly loopOf: Int32Array;
  readonly irreducible: boolean;
}

/**
 * Loop nest, inner loops first: a finished loop is folded into its header, so that the walk for an outer one passes it in
 * one step (union-find; near-linear for any depth of nesting).
 */
export function findLoops(
  blocks: readonly Block[],
  rpo: readonly number[],
  rpoIndex: Int32Array,
  dominates: (a: number, b: number) => boolean,
): Loops {
  const latches = new Map<number, number[]>();
  let irreducible = false;
  for (const id of rpo) {
    for (const to of new Set(blocks[id]!.succs)) {
      if (rpoIndex[to]! > rpoIndex[id]!) continue;
      const known = latches.get(to);
      if (!dominates(to, id)) irreducible = true;
      else if (known) known.push(id);
      else latches.set(to, [id]);
    }
  }
  const folded = new Int32Array(blocks.length).map((_, i) => i);
  const find = (b: number): number => {
    let root = b;
    while (folded[root] !== root) root = folded[root]!;
    for (let at = b; folded[at] !== root; ) {
      const next = folded[at]!;
      folded[at] = root;
      at = next;
    }
    return root;
  };
  /** Header of the innermost loop around a block, other than the one it heads. */
  const outer = new Int32Array(blocks.length).fill(-1);
  const headers = [...latches.keys()].sort((a, b) => rpoIndex[b]! - rpoIndex[a]!);
  for (const header of headers) {
    const work = latches.get(header)!.map(find);
    while (work.length > 0) {
      const b = work.pop()!;
      if (b === header || find(b) === header) continue;
      outer[b] = header;
      folded[b] = header;
      for (const p of blocks[b]!.preds) if (rpoIndex[p]! >= 0) work.push(find(p));
    }
  }
  return { ...nest(blocks, headers.reverse(), latches, outer), irreducible };
}

function nest(
  blocks: readonly Block[],
  headers: readonly number[],
  latches: ReadonlyMap<number, number[]>,
  outer: Int32Array,
): Pick<Loops, 'loops' | 'loopOf'> {
  const indexOf = new Map(headers.map((h, i) => [h, i]));
  const own: number[][] = headers.map(() => []);
  const children: number[][] = headers.map(() => []);
  const loopOf = new Int32Array(blocks.length).fill(-1);
  for (const b of blocks) {
    const loop = indexOf.get(b.id) ?? indexOf.get(outer[b.id]!);
    if (loop === undefined) continue;
    loopOf[b.id] = loop;
    own[loop]!.push(b.id);
  }
  const depth: number[] = [];
  const loops = headers.map((header, id): Loop => {
    const parent = indexOf.get(outer[header]!) ?? -1;
    depth[id] = parent < 0 ? 1 : depth[parent]! + 1;
    if (parent >= 0) children[parent]!.push(id);
    const sources = latches.get(header)!.sort((a, b) => a - b);
    return { id, header, latches: sources, own: own[id]!, parent, children: children[id]!, depth: depth[id]! };
  });
  return { loops, loopOf };
}

/** All blocks of a loop, inner loops' included, ascending. */
export function loopBlocks(loops: readonly Loop[], id: number): number[] {
  const all: number[] = [];
  const work = [id];
  while (work.length > 0) {
    const loop = loops[work.pop()!]!;
    for (const b of loop.own) all.push(b);
    for (const c of loop.children) work.push(c);
  }
  return all.sort((a, b) => a - b);
}
