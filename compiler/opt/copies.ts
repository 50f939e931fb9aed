// SPDX-License-Identifier: MIT
import { ById, graphOf } from '../ir/analysis.js';
import { type Block, type Edge, edges, type Func, type Inst, newValue, type Term, type Value } from '../ir/ir.js';

/** A second copy of some blocks, with values of its own. Edges that leave the blocks lead where the first's lead. */
export interface Copy {
  readonly blocks: ReadonlyMap<Block, Block>;
  readonly values: ById<Value, Value>;
}

/** Copies blocks of a function and puts the copies at its end. Nothing leads to them yet. */
export function copyBlocks(fn: Func, body: ReadonlySet<Block>): Copy {
  const blocks = new Map<Block, Block>();
  const values = new ById<Value, Value>();
  const fresh = (v: Value): Value => {
    const made = newValue(fn, v.ty);
    values.set(v, made);
    return made;
  };
  for (const b of body) {
    blocks.set(b, { ...b, id: fn.nextBlock++, params: b.params.map(fresh), insts: [] });
    for (const inst of b.insts) inst.results.forEach(fresh);
  }
  const of = (v: Value): Value => values.get(v) ?? v;
  const edge = (e: Edge): Edge => ({ block: blocks.get(e.block) ?? e.block, args: e.args.map(of) });
  for (const [b, copy] of blocks) {
    copy.insts = b.insts.map((i): Inst => ({ ...i, args: i.args.map(of), results: i.results.map(of) }));
    copy.term = copyTerm(b.term, of, edge);
    fn.blocks.push(copy);
  }
  return { blocks, values };
}

function copyTerm(t: Term, of: (v: Value) => Value, edge: (e: Edge) => Edge): Term {
  switch (t.kind) {
    case 'jump':
      return { ...t, to: edge(t.to) };
    case 'branch':
      // biome-ignore lint/suspicious/noThenProperty: `then` is the edge taken when the condition holds.
      return { ...t, args: t.args.map(of), then: edge(t.then), else: edge(t.else) };
    case 'ret':
      return { ...t, args: t.args.map(of) };
    case 'trap':
      return { ...t };
  }
}

/**
 * Values of the copied blocks that are read elsewhere: from now on each reader gets the value of whichever copy control came
 * through, by block parameters where the two meet (Braun and others, CC 2013, section 2). To be called when edges lead
 * into both copies. Blocks that hold the first copy: `body`.
 */
export function mergeCopies(fn: Func, body: ReadonlySet<Block>, copy: Copy): void {
  const graph = graphOf(fn);
  const clones = new Set(copy.blocks.values());
  const inside = new ById<Value, true>();
  for (const b of body) {
    for (const v of b.params) inside.set(v, true);
    for (const inst of b.insts) for (const v of inst.results) inside.set(v, true);
  }
  /** By value, what it is called at the start of a block. */
  const names = new Map<Value, Map<Block, Value>>();
  const atEnd = (v: Value, block: Block): Value => {
    if (body.has(block)) return v;
    return clones.has(block) ? copy.values.get(v)! : atStart(v, block);
  };
  const atStart = (v: Value, block: Block): Value => {
    let map = names.get(v);
    if (!map) {
      map = new Map();
      names.set(v, map);
    }
    const known = map.get(block);
    if (known) return known;
    const preds = graph.preds.get(block)!;
    if (preds.length === 1) {
      const name = atEnd(v, preds[0]!.from);
      map.set(block, name);
      return name;
    }
    const param = newValue(fn, v.ty);
    map.set(block, param);
    block.params.push(param);
    for (const { from, edge } of preds) edge.args.push(atEnd(v, from));
    return param;
  };
  for (const block of graph.order) {
    if (body.has(block) || clones.has(block)) continue;
    const rename = (args: Value[]): void => {
      for (let i = 0; i < args.length; i++) if (inside.has(args[i]!)) args[i] = atStart(args[i]!, block);
    };
    for (const inst of block.insts) rename(inst.args);
    const t = block.term;
    if (t.kind === 'branch' || t.kind === 'ret') rename(t.args);
    for (const e of edges(t)) rename(e.args);
  }
}
