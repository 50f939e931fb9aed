// SPDX-License-Identifier: MIT
import { flowGraph } from '../graph/flowgraph.js';
import { frequencies } from './frequency.js';
import type { MTerm } from './machine.js';

/** What control flow needs of a block. */
export interface FlowBlock {
  readonly id: number;
  readonly term: MTerm;
}

/** A natural loop; members are block positions (indices into the list given to `analyseFlow`), the header among them. */
export interface Loop {
  readonly header: number;
  readonly parent: Loop | null;
  readonly depth: number;
  readonly members: readonly number[];
}

export interface Flow {
  /** Successors in edge order (then, else), and predecessors, by position. Two edges between the same blocks appear twice. */
  readonly succs: readonly (readonly number[])[];
  readonly preds: readonly (readonly number[])[];
  /** Reachable blocks in reverse postorder. */
  readonly rpo: readonly number[];
  /** Reachable blocks, topological but for back edges, each loop contiguous. */
  readonly order: readonly number[];
  /** Immediate dominator, -1 for the entry and unreachable blocks. */
  readonly idom: readonly number[];
  /** Innermost loop of each block. */
  readonly loopOf: readonly (Loop | null)[];
  /** Outer loops before inner ones. */
  readonly loops: readonly Loop[];
  /** Some cycle has no single entry; it is in no loop of `loops`. */
  readonly irreducible: boolean;
  /** Estimated executions of blocks and of edges (in the order of `succs`), see frequency.ts. */
  readonly frequency: readonly number[];
  readonly edgeFrequency: readonly (readonly number[])[];
  dominates(a: number, b: number): boolean;
}

/** Edges of a terminator as target block ids, in order. */
export function targets(term: MTerm): number[] {
  switch (term.kind) {
    case 'jump':
      return [term.to.block];
    case 'branch':
      return [term.then.block, term.else.block];
    case 'ret':
    case 'trap':
      return [];
  }
}

/** Control flow of a list of blocks whose first is the entry. Throws (our bug) if an edge leads to no block. */
export function analyseFlow(blocks: readonly FlowBlock[]): Flow {
  const n = blocks.length;
  const at = new Map(blocks.map((b, i) => [b.id, i]));
  const succs = blocks.map((b) =>
    targets(b.term).map((id) => {
      const i = at.get(id);
      if (i === undefined) throw new Error(`block ${b.id} jumps to block ${id}, which does not exist`);
      return i;
    }),
  );
  const { rpo, rank, idom, dominates } = flowGraph(succs);
  const preds: number[][] = blocks.map(() => []);
  for (const b of rpo) for (const s of succs[b]!) preds[s]!.push(b);

  // Loops, innermost headers last in reverse postorder: an outer loop is made before those inside it.
  const loops: { header: number; parent: Loop | null; depth: number; members: number[] }[] = [];
  const loopOf: ((typeof loops)[number] | null)[] = blocks.map(() => null);
  let irreducible = false;
  const mark = new Int32Array(n).fill(-1);
  for (const h of rpo) {
    const latches: number[] = [];
    for (const p of preds[h]!) {
      if (dominates(h, p)) latches.push(p);
      else if (rank[p]! >= rank[h]!) irreducible = true;
    }
    if (latches.length === 0) continue;
    const members = [h];
    mark[h] = h;
    for (const work = [...latches]; work.length > 0; ) {
      const b = work.pop()!;
      if (mark[b] === h) continue;
      mark[b] = h;
      members.push(b);
      for (const p of preds[b]!) work.push(p);
    }
    const parent: Loop | null = loopOf[h]!;
    const loop = { header: h, parent, depth: (parent?.depth ?? 0) + 1, members };
    loops.push(loop);
    for (const b of members) loopOf[b] = loop;
  }

  const guessed = frequencies(blocks, { succs, preds, rpo, loopOf, loops });
  return {
    succs,
    preds,
    rpo,
    order: contiguous(rpo, loopOf, loops),
    idom: Array.from(idom),
    loopOf,
    loops,
    irreducible,
    frequency: guessed.block,
    edgeFrequency: guessed.edge,
    dominates,
  };
}

/** Reverse postorder with every loop's blocks moved together, behind its header. */
function contiguous(rpo: readonly number[], loopOf: readonly (Loop | null)[], loops: readonly Loop[]): number[] {
  const items = new Map<Loop | null, (number | Loop)[]>([[null, []], ...loops.map((l) => [l, []] as [Loop, []])]);
  for (const b of rpo) {
    const loop = loopOf[b]!;
    // A loop takes the place of its header in the loop around it.
    if (loop?.header === b) items.get(loop.parent)!.push(loop);
    items.get(loop)!.push(b);
  }
  const out: number[] = [];
  const stack: { list: (number | Loop)[]; i: number }[] = [{ list: items.get(null)!, i: 0 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const item = top.list[top.i++];
    if (item === undefined) stack.pop();
    else if (typeof item === 'number') out.push(item);
    else stack.push({ list: items.get(item)!, i: 0 });
  }
  return out;
}
