// SPDX-License-Identifier: MIT
import { flowGraph } from '../graph/flowgraph.js';
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

/** Blocks reachable from the entry, numbered as a walk over the edges meets them. */
function reachable(entry: Block): Map<Block, number> {
  const number = new Map([[entry, 0]]);
  for (const block of number.keys()) {
    for (const { block: to } of edges(block.term)) if (!number.has(to)) number.set(to, number.size);
  }
  return number;
}

/** Order, predecessors and dominators of a function's reachable blocks. */
export function graphOf(fn: Func): Graph {
  const number = reachable(fn.blocks[0]!);
  const nodes = [...number.keys()];
  const flow = flowGraph(nodes.map((b) => edges(b.term).map((e) => number.get(e.block)!)));
  const order = flow.rpo.map((n) => nodes[n]!);
  const index = new Map(order.map((b, i) => [b, i]));
  const preds = new Map<Block, { from: Block; edge: Edge }[]>(order.map((b) => [b, []]));
  for (const from of order) for (const edge of edges(from.term)) preds.get(edge.block)!.push({ from, edge });
  const idom = new Map(order.slice(1).map((b) => [b, nodes[flow.idom[number.get(b)!]!]!]));
  const children = new Map<Block, Block[]>(order.map((b) => [b, []]));
  for (const [block, up] of idom) children.get(up)!.push(block);
  return {
    order,
    index,
    preds,
    idom,
    children,
    dominates(a, b) {
      const x = number.get(a);
      const y = number.get(b);
      return x !== undefined && y !== undefined && flow.dominates(x, y);
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
  // Each link of a chain is followed once: chains are as long as a function has joins.
  const ends = new Map<Value, Value>();
  const end = (from: Value): Value => {
    const path: Value[] = [];
    let v = from;
    for (let to = ends.get(v) ?? map.get(v); to; to = ends.get(v) ?? map.get(v)) {
      path.push(v);
      v = to;
    }
    for (const p of path) ends.set(p, v);
    return v;
  };
  forEachUse(fn, (args) => {
    for (let i = 0; i < args.length; i++) args[i] = end(args[i]!);
  });
}

/** Drops blocks that no path from the entry reaches. Returns whether there were any. */
export function removeUnreachable(fn: Func): boolean {
  const live = reachable(fn.blocks[0]!);
  if (live.size === fn.blocks.length) return false;
  fn.blocks = fn.blocks.filter((b) => live.has(b));
  return true;
}
