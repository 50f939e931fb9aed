// SPDX-License-Identifier: MIT

/**
 * Order and dominance of a directed graph, for every stage that has one: nodes are numbers, node 0 is the entry. The stages
 * keep their own kinds of block; what they share is only this.
 */
export interface FlowGraph {
  /** Reachable nodes in reverse postorder of a depth-first walk that takes successors in their order. */
  readonly rpo: readonly number[];
  /** Position in `rpo` by node, -1 if unreachable. */
  readonly rank: Int32Array;
  /** Immediate dominator by node, -1 for the entry and unreachable nodes. */
  readonly idom: Int32Array;
  /** Whether every way from the entry to `b` goes through `a`; true for a = b, false for unreachable nodes. Constant time. */
  dominates(a: number, b: number): boolean;
}

interface Walk {
  /** Nodes in the order in which they were met, and each one's number in it (-1: never). */
  readonly met: number[];
  readonly number: Int32Array;
  /** By number: number of the node it was met from. */
  readonly parent: number[];
  readonly postorder: number[];
}

function walk(succs: readonly (readonly number[])[]): Walk {
  const number = new Int32Array(succs.length).fill(-1);
  const met = [0];
  const parent = [0];
  const postorder: number[] = [];
  number[0] = 0;
  const stack = [{ node: 0, next: 0 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const to = succs[top.node]![top.next++];
    if (to === undefined) {
      postorder.push(top.node);
      stack.pop();
    } else if (number[to] === -1) {
      number[to] = met.length;
      met.push(to);
      parent.push(number[top.node]!);
      stack.push({ node: to, next: 0 });
    }
  }
  return { met, number, parent, postorder };
}

/**
 * Immediate dominators by number, after the Semi-NCA algorithm of Georgiadis ("Linear-Time Algorithms for Dominators and Related
 * Problems", 2005, section 2.3): semidominators with path compression, then each node's nearest ancestor that is not
 * below its semidominator. Near-linear in practice; the compression makes the first half n log n at most.
 */
function dominatorNumbers({ met, number, parent }: Walk, preds: readonly (readonly number[])[]): Int32Array {
  const n = met.length;
  const semi = Int32Array.from({ length: n }, (_, i) => i);
  const label = Int32Array.from({ length: n }, (_, i) => i);
  // Parent in the forest of finished nodes; -1: not linked yet.
  const ancestor = new Int32Array(n).fill(-1);
  const path: number[] = [];
  /** The number with the least semidominator on the forest path that ends in v. */
  const evaluate = (v: number): number => {
    if (ancestor[v] === -1) return v;
    for (let u = v; ancestor[ancestor[u]!] !== -1; u = ancestor[u]!) path.push(u);
    for (let u = path.pop(); u !== undefined; u = path.pop()) {
      const up = ancestor[u]!;
      if (semi[label[up]!]! < semi[label[u]!]!) label[u] = label[up]!;
      ancestor[u] = ancestor[up]!;
    }
    return label[v]!;
  };
  for (let w = n - 1; w > 0; w--) {
    for (const p of preds[met[w]!]!) {
      const u = evaluate(number[p]!);
      if (semi[u]! < semi[w]!) semi[w] = semi[u]!;
    }
    ancestor[w] = parent[w]!;
  }
  const idom = Int32Array.from(parent);
  for (let w = 1; w < n; w++) while (idom[w]! > semi[w]!) idom[w] = idom[idom[w]!]!;
  return idom;
}

/** Order and dominance of the graph with these successors. Successor numbers must be below succs.length. */
export function flowGraph(succs: readonly (readonly number[])[]): FlowGraph {
  const w = walk(succs);
  const rpo = w.postorder.reverse();
  const rank = new Int32Array(succs.length).fill(-1);
  for (const [i, node] of rpo.entries()) rank[node] = i;
  const preds: number[][] = succs.map(() => []);
  for (const node of rpo) for (const s of succs[node]!) preds[s]!.push(node);
  const numbers = dominatorNumbers(w, preds);
  const idom = new Int32Array(succs.length).fill(-1);
  for (let i = 1; i < w.met.length; i++) idom[w.met[i]!] = w.met[numbers[i]!]!;

  // Each node's descendants are an interval of a preorder of the dominator tree; parents come first in `met`.
  const size = new Int32Array(w.met.length).fill(1);
  for (let i = size.length - 1; i > 0; i--) size[numbers[i]!]! += size[i]!;
  const first = new Int32Array(size.length);
  const free = new Int32Array(size.length).fill(1);
  for (let i = 1; i < size.length; i++) {
    const up = numbers[i]!;
    first[i] = first[up]! + free[up]!;
    free[up]! += size[i]!;
  }
  const dominates = (a: number, b: number): boolean => {
    const x = w.number[a]!;
    const y = w.number[b]!;
    return x >= 0 && y >= 0 && first[x]! <= first[y]! && first[y]! < first[x]! + size[x]!;
  };
  return { rpo, rank, idom, dominates };
}
