// SPDX-License-Identifier: MIT
import { analyseFlow, type Flow } from './flow.js';
import type { ABlock } from './regalloc/index.js';
import { redirect } from './tails.js';

/** Blocks that do nothing but jump are left out: their predecessors go where they go. */
export function threadJumps(blocks: readonly ABlock[]): ABlock[] {
  const next = new Map<number, number>();
  blocks.forEach((b, i) => {
    // The entry has the prologue; a loop header with a bound keeps it.
    if (i > 0 && b.insts.length === 0 && b.term.kind === 'jump' && b.bound === undefined)
      next.set(b.id, b.term.to.block);
  });
  const end = (id: number): number => {
    const seen = new Set<number>();
    let at = id;
    for (let to = next.get(at); to !== undefined && !seen.has(at); to = next.get(at)) {
      seen.add(at);
      at = to;
    }
    // A circle of empty blocks is an endless loop and has to stay.
    return next.has(at) ? id : at;
  };
  // The bound of an inner loop is not that of the loop around it: their headers stay two.
  const { preds, rpo } = analyseFlow(blocks);
  const rank = new Map(rpo.map((b, i) => [b, i]));
  const bounded = new Set(blocks.flatMap((b) => (b.bound === undefined ? [] : [b.id])));
  blocks.forEach((b, i) => {
    const header = preds[i]!.some((p) => rank.get(p)! >= rank.get(i)!);
    if (header && next.has(b.id) && bounded.has(end(b.id))) next.delete(b.id);
  });
  return blocks.map((b) => ({ ...b, term: redirect(b.term, end) }));
}

/** Instructions that a taken branch costs beside itself, for the choice between equally long ways. */
const TAKEN = 0.5;

/**
 * Order of the reachable blocks in text: where falling through saves most, edges do (chains are joined edge by edge, after
 * Pettis and Hansen, "Profile Guided Code Positioning", 1990), chains follow in control-flow order, so that loops stay
 * together, and blocks that end in a trap come last. Falling through saves a jump as a whole, of a branch only that it is
 * taken, as its other way can fall through instead: so a loop that tests at its top is entered by a jump and tests at its
 * bottom. Returns positions in `blocks`; the entry is first.
 */
export function layoutBlocks(blocks: readonly ABlock[], flow: Flow): number[] {
  const edges: { from: number; to: number; weight: number }[] = [];
  for (const b of flow.order) {
    const isJump = flow.succs[b]!.length === 1;
    flow.succs[b]!.forEach((s, k) => {
      edges.push({
        from: b,
        to: s,
        weight: flow.edgeFrequency[b]![k]! * (isJump ? 1 + TAKEN : TAKEN),
      });
    });
  }
  edges.sort((x, y) => y.weight - x.weight);
  // A chain is a list: what follows each block, whether something goes before it, and for its last block where it starts.
  const after = new Int32Array(blocks.length).fill(-1);
  const follows = new Uint8Array(blocks.length);
  const startOf = Int32Array.from(blocks, (_, i) => i);
  const lastOf = Int32Array.from(blocks, (_, i) => i);
  for (const { from, to } of edges) {
    // Only the end of a chain and the start of another can be joined.
    if (to === 0 || after[from] !== -1 || follows[to] === 1 || startOf[from] === to) continue;
    if (blocks[to]!.term.kind === 'trap') continue;
    after[from] = to;
    follows[to] = 1;
    const [start, last] = [startOf[from]!, lastOf[to]!];
    startOf[last] = start;
    lastOf[start] = last;
  }
  const out: number[] = [];
  const cold: number[] = [];
  const placed = new Uint8Array(blocks.length);
  const chains = chainStarts(after, follows);
  for (const b of flow.order) {
    if (placed[b] === 1) continue;
    const chain: number[] = [];
    for (let x = chains[b]!; x !== -1; x = after[x]!) chain.push(x);
    for (const x of chain) placed[x] = 1;
    const isCold = b !== 0 && chain.every((x) => blocks[x]!.term.kind === 'trap');
    for (const x of chain) (isCold ? cold : out).push(x);
  }
  for (const x of cold) out.push(x);
  return out;
}

/** The first block of each block's chain. */
function chainStarts(after: Int32Array, follows: Uint8Array): Int32Array {
  const first = new Int32Array(after.length);
  for (let start = 0; start < after.length; start++) {
    if (follows[start] === 1) continue;
    for (let x = start; x !== -1; x = after[x]!) first[x] = start;
  }
  return first;
}
