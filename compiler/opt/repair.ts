// SPDX-License-Identifier: MIT
import { type Block, type Edge, edges, type Func, newValue, type Value } from '../ir/ir.js';

/** The edges into each block, kept up to date by whoever changes one. */
export type Into = Map<Block, { readonly from: Block; readonly edge: Edge }[]>;

export function intoOf(fn: Func): Into {
  const into: Into = new Map(fn.blocks.map((b) => [b, []]));
  for (const from of fn.blocks) for (const edge of edges(from.term)) into.get(edge.block)!.push({ from, edge });
  return into;
}

/** One value that two blocks define, each in its own name. */
export interface Versions {
  readonly value: Value;
  /** What it is called at the end of a block. */
  readonly at: ReadonlyMap<Block, Value>;
}

/**
 * The blocks between the definitions of a value in `defs` and its uses in `users` (at whose start it is needed), or null if
 * there are more than `most`. `into` is as it will be.
 */
export function between(
  defs: ReadonlyMap<Block, unknown>,
  users: Iterable<Block>,
  into: Into,
  most: number,
): Set<Block> | null {
  const found = new Set<Block>();
  const work = [...users].filter((b) => !defs.has(b));
  for (let block = work.pop(); block; block = work.pop()) {
    if (found.has(block)) continue;
    found.add(block);
    if (found.size > most) return null;
    for (const { from } of into.get(block)!) if (!defs.has(from)) work.push(from);
  }
  return found;
}

/**
 * Renames the uses of a value in `blocks` (from `between`) to the version that reaches them, with a parameter at every join;
 * parameters that turn out to be one value are for dropParameters. `used` is told of each block that uses a value anew.
 */
export function repair(
  fn: Func,
  { value, at }: Versions,
  blocks: ReadonlySet<Block>,
  into: Into,
  used: (v: Value, block: Block) => void,
): void {
  const start = new Map<Block, Value>();
  for (const block of blocks) {
    if (into.get(block)!.length === 1) continue;
    const param = newValue(fn, value.ty);
    start.set(block, param);
    block.params.push(param);
  }
  /** The version at the end of a block; rows of blocks with one way in are walked up. */
  const end = (block: Block): Value => {
    const passed: Block[] = [];
    let b = block;
    for (;;) {
      const v = at.get(b) ?? start.get(b);
      if (v) {
        for (const p of passed) start.set(p, v);
        return v;
      }
      passed.push(b);
      b = into.get(b)![0]!.from;
    }
  };
  const joins = [...start.keys()];
  for (const block of blocks) {
    const v = end(block);
    const rename = (args: Value[]): void => {
      for (let i = 0; i < args.length; i++) {
        if (args[i] !== value) continue;
        args[i] = v;
        used(v, block);
      }
    };
    for (const inst of block.insts) rename(inst.args);
    const t = block.term;
    if (t.kind === 'branch' || t.kind === 'ret') rename(t.args);
    for (const e of edges(t)) rename(e.args);
  }
  for (const block of joins) {
    for (const { from, edge } of into.get(block)!) {
      const v = end(from);
      edge.args.push(v);
      used(v, from);
    }
  }
}
