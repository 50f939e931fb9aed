// SPDX-License-Identifier: MIT
import { forEachUse, graphOf, removeUnreachable, substitute } from '../ir/analysis.js';
import { type Block, type Edge, edges, type Func, type Module, type Value } from '../ir/ir.js';
import { pass } from './pass.js';

/**
 * Takes: any stage. Gives: no unreachable block, no block that only jumps on, no jump to a block that nothing else jumps to.
 * Branches with two equal edges become jumps. Loop headers with a bound stay where they are.
 */
export const tidyBlocks = pass('blocks', (module: Module) => {
  let changed = false;
  for (const fn of module.funcs) {
    for (;;) {
      const now = removeUnreachable(fn) || threadOne(fn) || mergeAll(fn);
      if (!now) break;
      changed = true;
    }
  }
  return changed;
});

function edgesInto(fn: Func): Map<Block, { from: Block; edge: Edge }[]> {
  const into = new Map<Block, { from: Block; edge: Edge }[]>(fn.blocks.map((b) => [b, []]));
  for (const from of fn.blocks) for (const edge of edges(from.term)) into.get(edge.block)!.push({ from, edge });
  return into;
}

/** Blocks that some edge leads back to. */
function headersOf(fn: Func): Set<Block> {
  const { order, index } = graphOf(fn);
  const back = order.flatMap((from) => edges(from.term).filter((e) => index.get(e.block)! <= index.get(from)!));
  return new Set(back.map((e) => e.block));
}

/** Sends the edges into empty blocks on to where these jump. */
function threadOne(fn: Func): boolean {
  const into = edgesInto(fn);
  const headers = headersOf(fn);
  let changed = false;
  const outside = usedElsewhere(fn);
  for (const block of fn.blocks.slice(1)) {
    const { term } = block;
    if (block.insts.length > 0 || term.kind !== 'jump' || term.to.block === block || block.bound !== undefined)
      continue;
    if (block.params.some((p) => outside.has(p))) continue;
    const target = term.to.block;
    // The bound of an inner loop is not that of the loop around it: their headers stay two.
    if (headers.has(block)) {
      if (target.bound !== undefined) continue;
      headers.add(target);
    }
    for (const { from, edge } of into.get(block)!) {
      if (from === block) continue;
      const args = term.to.args.map((v) => {
        const i = block.params.indexOf(v);
        return i < 0 ? v : edge.args[i]!;
      });
      edge.block = target;
      edge.args = args;
      into.get(target)!.push({ from, edge });
      changed = true;
    }
    into.set(block, []);
  }
  for (const block of fn.blocks) {
    const t = block.term;
    if (t.kind !== 'branch' || t.then.block !== t.else.block) continue;
    if (!t.then.args.every((v, i) => v === t.else.args[i])) continue;
    block.term = { kind: 'jump', to: t.then, origin: t.origin };
    changed = true;
  }
  return changed;
}

/** Parameters that something besides their own block's edges reads. */
function usedElsewhere(fn: Func): Set<Value> {
  const owner = new Map<Value, Block>();
  for (const b of fn.blocks) for (const p of b.params) owner.set(p, b);
  const outside = new Set<Value>();
  forEachUse(fn, (args, block) => {
    for (const v of args) if (owner.get(v) !== block) outside.add(v);
  });
  return outside;
}

/** Appends blocks to their only predecessor where that only jumps there. */
function mergeAll(fn: Func): boolean {
  const into = edgesInto(fn);
  const replaced = new Map<Value, Value>();
  const gone = new Set<Block>();
  for (const block of fn.blocks) {
    if (gone.has(block)) continue;
    for (;;) {
      const { term } = block;
      if (term.kind !== 'jump') break;
      const next = term.to.block;
      if (next === block || next === fn.blocks[0] || into.get(next)!.length !== 1) break;
      next.params.forEach((p, i) => {
        replaced.set(p, term.to.args[i]!);
      });
      block.insts.push(...next.insts);
      block.term = next.term;
      gone.add(next);
    }
  }
  if (gone.size === 0) return false;
  fn.blocks = fn.blocks.filter((b) => !gone.has(b));
  substitute(fn, replaced);
  return true;
}
