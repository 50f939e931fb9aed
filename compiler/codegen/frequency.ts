// SPDX-License-Identifier: MIT
import type { Flow, FlowBlock, Loop } from './flow.js';

/** How often code runs, guessed from its shape: what the allocator and the layout weigh costs by. */
export interface Frequencies {
  /** Estimated executions of each block per call, by position; 0 if unreachable. */
  readonly block: readonly number[];
  /** Estimated executions of each edge, in the order of `succs`. */
  readonly edge: readonly (readonly number[])[];
}

/** Rounds of a loop of unknown length, and the deepest nesting that counts. */
const ROUNDS = 8;
const MAX_FREQUENCY = ROUNDS ** 6;
/** A block of a loop counts at least this share of the loop's header; few programs have a branch that is never taken. */
const LEAST_SHARE = 1 / 16;
const TRAP = 0.01;
/** Branch heuristics after Ball and Larus, "Branch Prediction for Free" (1993): into a loop, and away from an early return. */
const ENTERS_LOOP = 0.8;
const STAYS = 0.65;

/** Guesses frequencies: loops run ROUNDS times, traps hardly ever happen, other branches go either way. Linear. */
export function frequencies(
  blocks: readonly FlowBlock[],
  flow: Pick<Flow, 'succs' | 'preds' | 'rpo' | 'loopOf' | 'loops'>,
): Frequencies {
  const { succs, preds, rpo, loopOf } = flow;
  const rank = new Int32Array(blocks.length).fill(-1);
  rpo.forEach((b, i) => {
    rank[b] = i;
  });
  const contains = (l: Loop, b: number): boolean => {
    let m = loopOf[b] ?? null;
    while (m !== null && m.depth > l.depth) m = m.parent;
    return m === l;
  };
  const leaves = (b: number, s: number): boolean => {
    const l = loopOf[b];
    return l !== null && l !== undefined && !contains(l, s);
  };
  const isTrap = (b: number): boolean => blocks[b]!.term.kind === 'trap';
  // A loop is left once per entry, however many ways out it has.
  const exits = new Map<Loop, number>();
  for (const b of rpo)
    for (const s of succs[b]!) if (leaves(b, s) && !isTrap(s)) exits.set(loopOf[b]!, (exits.get(loopOf[b]!) ?? 0) + 1);
  const headers = new Set(flow.loops.map((l) => l.header));
  const entersLoop = (b: number, s: number): boolean => {
    const only = succs[s]!.length === 1 ? succs[s]![0]! : s;
    return [s, only].some((h) => headers.has(h) && !contains(loopOf[h]!, b));
  };
  const returns = (s: number): boolean => {
    const only = succs[s]!.length === 1 ? succs[s]![0]! : s;
    return blocks[only]!.term.kind === 'ret';
  };

  /** Probability of the first of two successors. */
  const first = (b: number, x: number, y: number): number => {
    if (isTrap(x) !== isTrap(y)) return isTrap(x) ? TRAP : 1 - TRAP;
    if (leaves(b, x) !== leaves(b, y)) {
      const out = 1 / (ROUNDS * exits.get(loopOf[b]!)!);
      return leaves(b, x) ? out : 1 - out;
    }
    if (entersLoop(b, x) !== entersLoop(b, y)) return entersLoop(b, x) ? ENTERS_LOOP : 1 - ENTERS_LOOP;
    if (returns(x) !== returns(y)) return returns(x) ? 1 - STAYS : STAYS;
    return 0.5;
  };

  const block = new Array<number>(blocks.length).fill(0);
  const edge = blocks.map((): number[] => []);
  block[0] = 1;
  for (const b of rpo) {
    const loop = loopOf[b] ?? null;
    if (b !== 0) {
      let sum = 0;
      let last = -1;
      for (const p of preds[b]!) {
        // Two edges from one block appear as two predecessors.
        if (p === last || rank[p]! >= rank[b]!) continue;
        last = p;
        succs[p]!.forEach((s, k) => {
          if (s === b) sum += edge[p]![k]!;
        });
      }
      if (loop?.header === b) sum *= ROUNDS;
      const least = loop && loop.header !== b ? block[loop.header]! * LEAST_SHARE : LEAST_SHARE;
      block[b] = Math.min(isTrap(b) ? sum : Math.max(sum, least), MAX_FREQUENCY);
    }
    const [x, y] = succs[b]!;
    if (y === undefined) edge[b] = x === undefined ? [] : [block[b]!];
    else {
      const p = first(b, x!, y);
      edge[b] = [block[b]! * p, block[b]! * (1 - p)];
    }
  }
  return { block, edge };
}
