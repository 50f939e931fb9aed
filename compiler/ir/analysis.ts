// SPDX-License-Identifier: MIT
import { type Block, type Edge, edges, type Func, type Inst, type Value } from './ir.js';

/** The reachable blocks of a function in reverse postorder, with predecessors and dominators. A snapshot: rebuild after edits. */
export interface Graph {
  readonly order: readonly Block[];
  /** Position in `order`; unreachable blocks are not in it. */
  readonly index: ReadonlyMap<Block, number>;
  /** One entry per incoming edge from a reachable block. */
  readonly preds: ReadonlyMap<Block, readonly { from: Block; edge: Edge }[]>;
  /** Immediate dominator; undefined for the entry block. */
  readonly idom: ReadonlyMap<Block, Block>;
  /** Children in the dominator tree, in reverse postorder. */
  readonly children: ReadonlyMap<Block, readonly Block[]>;
  /** Reflexive. */
  dominates(a: Block, b: Block): boolean;
}

function reversePostorder(entry: Block): Block[] {
  const seen = new Set<Block>([entry]);
  const post: Block[] = [];
  const stack = [{ block: entry, out: edges(entry.term), next: 0 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const edge = top.out[top.next++];
    if (!edge) {
      post.push(top.block);
      stack.pop();
    } else if (!seen.has(edge.block)) {
      seen.add(edge.block);
      stack.push({ block: edge.block, out: edges(edge.block.term), next: 0 });
    }
  }
  return post.reverse();
}

/** Dominators by the iterative scheme of Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm". */
export function graphOf(fn: Func): Graph {
  const order = reversePostorder(fn.blocks[0]!);
  const index = new Map(order.map((b, i) => [b, i]));
  const preds = new Map<Block, { from: Block; edge: Edge }[]>(order.map((b) => [b, []]));
  for (const from of order) for (const edge of edges(from.term)) preds.get(edge.block)!.push({ from, edge });

  const idom: number[] = order.map((_, i) => (i === 0 ? 0 : -1));
  const meet = (a: number, b: number): number => {
    while (a !== b) {
      while (a > b) a = idom[a]!;
      while (b > a) b = idom[b]!;
    }
    return a;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = 1; i < order.length; i++) {
      let best = -1;
      for (const { from } of preds.get(order[i]!)!) {
        const p = index.get(from)!;
        if (idom[p] !== -1) best = best === -1 ? p : meet(best, p);
      }
      if (best !== idom[i]) {
        idom[i] = best;
        changed = true;
      }
    }
  }

  const children = new Map<Block, Block[]>(order.map((b) => [b, []]));
  for (let i = 1; i < order.length; i++) children.get(order[idom[i]!]!)!.push(order[i]!);
  // Interval numbering of the dominator tree: parents come before children in `order`, so sizes add up backwards.
  const size = order.map(() => 1);
  for (let i = order.length - 1; i > 0; i--) size[idom[i]!]! += size[i]!;
  const start = order.map(() => 0);
  const next = order.map(() => 1);
  for (let i = 1; i < order.length; i++) {
    const p = idom[i]!;
    start[i] = start[p]! + next[p]!;
    next[p]! += size[i]!;
  }
  return {
    order,
    index,
    preds,
    idom: new Map(order.slice(1).map((b, i) => [b, order[idom[i + 1]!]!])),
    children,
    dominates(a, b) {
      const x = index.get(a);
      const y = index.get(b);
      if (x === undefined || y === undefined) return false;
      return start[x]! <= start[y]! && start[y]! < start[x]! + size[x]!;
    },
  };
}

export interface Loop {
  readonly header: Block;
  /** Header included. */
  readonly body: ReadonlySet<Block>;
  /** Sources of the back edges, one entry per edge. */
  readonly latches: readonly Block[];
}

/** Natural loops, and the edges that go backwards without forming one (irreducible flow). */
export interface Loops {
  readonly loops: readonly Loop[];
  readonly irreducible: readonly { readonly from: Block; readonly edge: Edge }[];
}

/** Finds the natural loops; back edges to one header make one loop. */
export function loopsOf(graph: Graph): Loops {
  const latches = new Map<Block, Block[]>();
  const irreducible: { from: Block; edge: Edge }[] = [];
  for (const from of graph.order) {
    for (const edge of edges(from.term)) {
      if (graph.index.get(edge.block)! > graph.index.get(from)!) continue;
      if (!graph.dominates(edge.block, from)) irreducible.push({ from, edge });
      else latches.set(edge.block, [...(latches.get(edge.block) ?? []), from]);
    }
  }
  const loops = [...latches].map(([header, from]) => {
    const body = new Set([header]);
    const work = [...from];
    for (let b = work.pop(); b; b = work.pop()) {
      if (body.has(b)) continue;
      body.add(b);
      for (const p of graph.preds.get(b)!) work.push(p.from);
    }
    return { header, body, latches: from };
  });
  return { loops, irreducible };
}

/** Where a value comes from: an instruction, or a parameter of a block. */
export type Def =
  | { readonly kind: 'inst'; readonly inst: Inst; readonly index: number; readonly block: Block }
  | { readonly kind: 'param'; readonly index: number; readonly block: Block };

/** The definition of every value of the function. */
export function definitions(fn: Func): Map<Value, Def> {
  const defs = new Map<Value, Def>();
  for (const block of fn.blocks) {
    block.params.forEach((v, index) => {
      defs.set(v, { kind: 'param', index, block });
    });
    for (const inst of block.insts) {
      inst.results.forEach((v, index) => {
        defs.set(v, { kind: 'inst', inst, index, block });
      });
    }
  }
  return defs;
}

/** Calls `visit` for every place that reads values: instruction arguments, terminator arguments, edge arguments. */
export function forEachUse(fn: Func, visit: (args: Value[], block: Block) => void): void {
  for (const block of fn.blocks) {
    for (const inst of block.insts) visit(inst.args, block);
    const t = block.term;
    if (t.kind === 'branch' || t.kind === 'ret') visit(t.args, block);
    for (const edge of edges(t)) visit(edge.args, block);
  }
}

/** Replaces values everywhere, following chains of replacements. */
export function substitute(fn: Func, map: ReadonlyMap<Value, Value>): void {
  if (map.size === 0) return;
  forEachUse(fn, (args) => {
    for (let i = 0; i < args.length; i++) {
      let v = args[i]!;
      for (let to = map.get(v); to; to = map.get(v)) v = to;
      args[i] = v;
    }
  });
}

/** Drops blocks that no path from the entry reaches. Returns whether there were any. */
export function removeUnreachable(fn: Func): boolean {
  const order = reversePostorder(fn.blocks[0]!);
  if (order.length === fn.blocks.length) return false;
  const live = new Set(order);
  fn.blocks = fn.blocks.filter((b) => live.has(b));
  return true;
}
