// SPDX-License-Identifier: MIT
import { graphOf, loopsOf } from '../ir/analysis.js';
import type { Block, Func, Inst } from '../ir/ir.js';

/** Number of eBPF instructions that some code came from: the rough cost of going through it once, at least 1. */
function cost(blocks: Iterable<Block>): bigint {
  const places = new Set<string>();
  for (const b of blocks) {
    for (const { origin } of [...b.insts, b.term]) places.add(`${origin.func}:${origin.slot}`);
  }
  return BigInt(Math.max(1, places.size));
}

/**
 * Makes every cycle that has no bound pay: at the end of each block that an edge backwards leaves. Cycles that are not
 * natural loops always pay.
 */
export function insertFuel(fn: Func): void {
  const graph = graphOf(fn);
  const { loops, irreducible } = loopsOf(graph);
  const paying = new Map<Block, bigint>();
  const charge = (block: Block, amount: bigint): void => {
    const old = paying.get(block) ?? 0n;
    paying.set(block, amount > old ? amount : old);
  };
  for (const loop of loops) {
    if (loop.header.bound !== undefined) continue;
    const amount = cost(loop.body);
    for (const latch of loop.latches) charge(latch, amount);
  }
  if (irreducible.length > 0) {
    const amount = cost(fn.blocks);
    for (const { from } of irreducible) charge(from, amount);
  }
  for (const [block, imm] of paying) {
    const fuel: Inst = { op: 'fuel', args: [], results: [], origin: block.term.origin, imm };
    block.insts.push(fuel);
  }
}
