// SPDX-License-Identifier: MIT
import { graphOf, type Loop, loopsOf } from '../ir/analysis.js';
import { type Block, type Edge, type Func, newValue } from '../ir/ir.js';

/**
 * Gives every natural loop a block in front of it: the only way in, whose only way on is the header. Answers the fronts by
 * header; graphs made before are stale.
 */
export function giveFronts(fn: Func): Map<Block, Block> {
  const graph = graphOf(fn);
  const fronts = new Map<Block, Block>();
  const made = new Map<Block, Block>();
  for (const { header, body } of loopsOf(graph).loops) {
    const into = graph.preds.get(header)!.filter((p) => !body.has(p.from));
    const [only] = into;
    if (only && into.length === 1 && only.from.term.kind === 'jump') {
      fronts.set(header, only.from);
      continue;
    }
    const front = blockBefore(fn, header, into);
    fronts.set(header, front);
    made.set(header, front);
  }
  if (made.size > 0) fn.blocks = fn.blocks.flatMap((b) => (made.has(b) ? [made.get(b)!, b] : b));
  return fronts;
}

/** A new block between some edges and the block they led to; whose place among the function's blocks is the caller's business. */
export function blockBefore(fn: Func, to: Block, into: readonly { readonly edge: Edge }[]): Block {
  const params = to.params.map((p) => newValue(fn, p.ty));
  const { origin } = to.term;
  const onward = { block: to, args: [...params] };
  const front: Block = { id: fn.nextBlock++, params, insts: [], term: { kind: 'jump', to: onward, origin } };
  for (const { edge } of into) edge.block = front;
  return front;
}

/** Loops, those of fewer blocks first: inner ones before those around them. */
export const innerFirst = (loops: readonly Loop[]): Loop[] => [...loops].sort((a, b) => a.body.size - b.body.size);
