// SPDX-License-Identifier: MIT
import { ById, forEachUse, graphOf, removeUnreachable, substitute } from '../ir/analysis.js';
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

interface Incoming {
  readonly from: Block;
  readonly edge: Edge;
}

function edgesInto(fn: Func): ById<Block, Incoming[]> {
  const into = new ById<Block, Incoming[]>();
  for (const b of fn.blocks) into.set(b, []);
  for (const from of fn.blocks) for (const edge of edges(from.term)) into.get(edge.block)!.push({ from, edge });
  return into;
}

/** Blocks that some edge leads back to. */
function headersOf(fn: Func): Set<Block> {
  const { order, index } = graphOf(fn);
  const back = order.flatMap((from) => edges(from.term).filter((e) => index.get(e.block)! <= index.get(from)!));
  return new Set(back.map((e) => e.block));
}

/** Does nothing but jump to another block, and is no loop header with a bound. */
const isEmpty = ({ insts, term, bound }: Block): boolean =>
  insts.length === 0 && term.kind === 'jump' && bound === undefined;

/** Sends the edges into empty blocks on to where these jump, and makes branches with two equal edges jumps. */
function threadOne(fn: Func): boolean {
  const empty = fn.blocks.slice(1).filter(isEmpty);
  let changed = empty.length > 0 && threadAll(fn, empty);
  for (const block of fn.blocks) {
    const t = block.term;
    if (t.kind !== 'branch' || t.then.block !== t.else.block) continue;
    if (!t.then.args.every((v, i) => v === t.else.args[i])) continue;
    block.term = { kind: 'jump', to: t.then, origin: t.origin };
    changed = true;
  }
  return changed;
}

function threadAll(fn: Func, empty: readonly Block[]): boolean {
  const into = edgesInto(fn);
  const headers = headersOf(fn);
  let changed = false;
  const outside = usedElsewhere(fn, empty);
  for (const block of empty) {
    const { term } = block;
    if (term.kind !== 'jump' || term.to.block === block) continue;
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
  return changed;
}

/** Parameters of some blocks that something besides their own block reads. */
function usedElsewhere(fn: Func, blocks: readonly Block[]): Set<Value> {
  const owner = new ById<Value, Block>();
  for (const b of blocks) for (const p of b.params) owner.set(p, b);
  const outside = new Set<Value>();
  if (owner.size === 0) return outside;
  forEachUse(fn, (args, block) => {
    for (const v of args) if ((owner.get(v) ?? block) !== block) outside.add(v);
  });
  return outside;
}

/** Appends blocks to their only predecessor where that only jumps there. */
function mergeAll(fn: Func): boolean {
  const into = new Uint8Array(fn.nextBlock);
  const count = ({ block }: Edge): void => {
    into[block.id] = Math.min(2, into[block.id]! + 1);
  };
  for (const { term } of fn.blocks) {
    if (term.kind === 'jump') count(term.to);
    else if (term.kind === 'branch') {
      count(term.then);
      count(term.else);
    }
  }
  const replaced = new ById<Value, Value>();
  const gone = new Set<Block>();
  for (const block of fn.blocks) {
    if (gone.has(block)) continue;
    for (;;) {
      const { term } = block;
      if (term.kind !== 'jump') break;
      const next = term.to.block;
      if (next === block || next === fn.blocks[0] || into[next.id] !== 1) break;
      next.params.forEach((p, i) => {
        replaced.set(p, term.to.args[i]!);
      });
      for (const inst of next.insts) block.insts.push(inst);
      block.term = next.term;
      gone.add(next);
    }
  }
  if (gone.size === 0) return false;
  fn.blocks = fn.blocks.filter((b) => !gone.has(b));
  substitute(fn, replaced);
  return true;
}
