// SPDX-License-Identifier: MIT
import { flowGraph } from '../graph/flowgraph.js';
import { type Block, type Edge, edges, type Func, type Inst, type Module, type Value } from './ir.js';

/** Values or blocks of one function as keys: a table by their ids, which are dense enough. */
export class ById<K extends { readonly id: number }, T> {
  private readonly list: (T | undefined)[] = [];
  /** How often something was set for the first time. */
  size = 0;

  get(key: K): T | undefined {
    return this.list[key.id];
  }

  has(key: K): boolean {
    return this.list[key.id] !== undefined;
  }

  set(key: K, what: T): void {
    // Written one behind the other, a list stays dense.
    while (this.list.length < key.id) this.list.push(undefined);
    if (this.list[key.id] === undefined) this.size++;
    this.list[key.id] = what;
  }
}

type ByBlock<T> = Pick<ById<Block, T>, 'get' | 'has'>;

/** The reachable blocks of a function in reverse postorder, with predecessors and dominators. A snapshot: rebuild after edits. */
export interface Graph {
  readonly order: readonly Block[];
  /** Position in `order`; unreachable blocks are not in it. */
  readonly index: ByBlock<number>;
  /** One entry per incoming edge from a reachable block. Made when it is first asked for: before edges are edited. */
  readonly preds: ByBlock<readonly { from: Block; edge: Edge }[]>;
  /** Immediate dominator; undefined for the entry block. */
  readonly idom: ByBlock<Block>;
  /** Children in the dominator tree, in reverse postorder. */
  readonly children: ByBlock<readonly Block[]>;
  /** Reflexive. */
  dominates(a: Block, b: Block): boolean;
}

/** Blocks reachable from the entry, in the order in which a walk over the edges meets them, and their places in it. */
function reachable(fn: Func): { nodes: Block[]; number: Int32Array } {
  const number = new Int32Array(fn.nextBlock).fill(-1);
  const nodes: Block[] = [];
  const meet = (block: Block): void => {
    if (number[block.id] !== -1) return;
    number[block.id] = nodes.length;
    nodes.push(block);
  };
  meet(fn.blocks[0]!);
  for (let i = 0; i < nodes.length; i++) {
    const { term } = nodes[i]!;
    if (term.kind === 'jump') meet(term.to.block);
    else if (term.kind === 'branch') {
      meet(term.then.block);
      meet(term.else.block);
    }
  }
  return { nodes, number };
}

/** Order, predecessors and dominators of a function's reachable blocks. */
export function graphOf(fn: Func): Graph {
  const { nodes, number } = reachable(fn);
  const flow = flowGraph(nodes.map((b) => edges(b.term).map((e) => number[e.block.id]!)));
  const order = flow.rpo.map((n) => nodes[n]!);
  const index = new ById<Block, number>();
  const idom = new ById<Block, Block>();
  for (let id = 0; id < number.length; id++) {
    const n = number[id]!;
    if (n < 0) continue;
    index.set(nodes[n]!, flow.rank[n]!);
    if (n > 0) idom.set(nodes[n]!, nodes[flow.idom[n]!]!);
  }
  const numbered = (b: Block): number => number[b.id] ?? -1;
  let preds: ById<Block, { from: Block; edge: Edge }[]> | undefined;
  let children: ById<Block, Block[]> | undefined;
  const lists = <T>(): ById<Block, T[]> => {
    const made = new ById<Block, T[]>();
    for (let id = 0; id < number.length; id++) if (number[id]! >= 0) made.set(nodes[number[id]!]!, []);
    return made;
  };
  return {
    order,
    index,
    idom,
    get preds() {
      if (preds) return preds;
      preds = lists();
      for (const from of order) for (const edge of edges(from.term)) preds.get(edge.block)!.push({ from, edge });
      return preds;
    },
    get children() {
      if (children) return children;
      children = lists();
      for (const block of order) children.get(idom.get(block) ?? block)!.push(block);
      // The entry is nobody's child.
      children.get(order[0]!)!.shift();
      return children;
    },
    dominates(a, b) {
      const [x, y] = [numbered(a), numbered(b)];
      return x >= 0 && y >= 0 && flow.dominates(x, y);
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
      else listed(latches, edge.block).push(from);
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

/** The list of a key, made when it is first asked for. */
export function listed<K, T>(map: Map<K, T[]>, key: K): T[] {
  let list = map.get(key);
  if (!list) {
    list = [];
    map.set(key, list);
  }
  return list;
}

/** A preorder of the dominator tree: while a block's subtree is visited, what it dominates is exactly what is visited. */
export function dominatorPreorder(graph: Graph): Block[] {
  const out: Block[] = [];
  const work = graph.order.slice(0, 1);
  for (let block = work.pop(); block; block = work.pop()) {
    out.push(block);
    const children = graph.children.get(block)!;
    for (let i = children.length - 1; i >= 0; i--) work.push(children[i]!);
  }
  return out;
}

/**
 * What blocks know that dominate the one at hand, by key, latest first. Only for a walk in dominator preorder: what does not
 * dominate the block of a question will not dominate a later one either, and is forgotten.
 */
export class Scoped<K, T> {
  private readonly stacks = new Map<K, { readonly block: Block; readonly what: T }[]>();

  constructor(private readonly graph: Graph) {}

  /** What is known of a key, oldest first. */
  at(key: K, block: Block): readonly { readonly what: T }[] {
    const stack = this.stacks.get(key);
    if (!stack) return [];
    while (stack.length > 0 && !this.graph.dominates(stack.at(-1)!.block, block)) stack.pop();
    return stack;
  }

  /** The latest that is known of a key. */
  last(key: K, block: Block): T | undefined {
    return this.at(key, block).at(-1)?.what;
  }

  add(key: K, block: Block, what: T): void {
    this.at(key, block);
    listed(this.stacks, key).push({ block, what });
  }
}

/** The module's functions that calls reach, by index. */
export function localFuncs(module: Module): Map<number, Func> {
  return new Map(module.funcs.flatMap((f) => (f.entry ? [] : [[f.index, f]])));
}

/** Where a value comes from: an instruction, or a parameter of a block. */
export type Def =
  | { readonly kind: 'inst'; readonly inst: Inst; readonly index: number; readonly block: Block }
  | { readonly kind: 'param'; readonly index: number; readonly block: Block };

/** The definition of every value of the function. */
export function definitions(fn: Func): ById<Value, Def> {
  const defs = new ById<Value, Def>();
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

/** The instruction that makes each value; parameters have none. */
export function makers(fn: Func): ById<Value, Inst> {
  const made = new ById<Value, Inst>();
  for (const { insts } of fn.blocks) for (const inst of insts) for (const v of inst.results) made.set(v, inst);
  return made;
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
export function substitute(fn: Func, map: ById<Value, Value>): void {
  if (map.size === 0) return;
  // Each link of a chain is followed once: chains are as long as a function has joins.
  const ends = new ById<Value, Value>();
  const end = (from: Value): Value => {
    if (!map.has(from)) return from;
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
  const { nodes, number } = reachable(fn);
  if (nodes.length === fn.blocks.length) return false;
  fn.blocks = fn.blocks.filter((b) => number[b.id]! >= 0);
  return true;
}
