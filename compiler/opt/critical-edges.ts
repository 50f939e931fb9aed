// SPDX-License-Identifier: MIT
import { graphOf, removeUnreachable } from '../ir/analysis.js';
import { type Block, edges, type Module } from '../ir/ir.js';
import { pass } from './pass.js';

/**
 * Gives every edge from a block with two successors to a block with several predecessors a block of its own, so that code
 * generation has a place for the moves of the edge. Nothing else changes.
 */
export const splitCriticalEdges = pass(
  'split-critical-edges',
  (module: Module) => {
    let changed = false;
    for (const fn of module.funcs) {
      changed = removeUnreachable(fn) || changed;
      const { order, preds } = graphOf(fn);
      const blocks: Block[] = [];
      for (const block of order) {
        blocks.push(block);
        if (block.term.kind !== 'branch') continue;
        for (const edge of edges(block.term)) {
          if (preds.get(edge.block)!.length < 2) continue;
          const { origin } = block.term;
          const between: Block = {
            id: fn.nextBlock++,
            params: [],
            insts: [],
            term: { kind: 'jump', to: { block: edge.block, args: edge.args }, origin },
          };
          edge.block = between;
          edge.args = [];
          blocks.push(between);
          changed = true;
        }
      }
      fn.blocks = blocks;
    }
    return changed;
  },
  { breaks: [], establishes: ['split-critical-edges'] },
);
