// SPDX-License-Identifier: MIT
import { UNKNOWN } from '../image/fields.js';
import { analyseFlow, type Loop } from './flow.js';
import type { MTerm } from './machine.js';

/** A block as it was emitted. */
export interface CostBlock {
  readonly id: number;
  readonly term: MTerm;
  /** Most executed instructions of one run through it, calls apart; what an edge adds is in `edges`. */
  readonly instructions: number;
  /** Functions it calls, one entry per call. */
  readonly calls: readonly string[];
  /** Instructions that each edge of the terminator adds. */
  readonly edges: readonly number[];
  /** On a loop header: how often at most back edges are taken per entry. */
  readonly bound?: number;
}

/**
 * Most native instructions that a run of each function executes, its callees included, helper and intrinsic bodies apart;
 * null where a loop has no bound or more than one way in, or where the count does not fit the image (UNKNOWN - 1).
 * `trapTail`: instructions of the trap stub and its shared code, which a run goes through at most once. `blocks[0]` is the entry.
 */
export function worstCases(
  funcs: readonly { readonly key: string; readonly blocks: readonly CostBlock[] }[],
  trapTail: number,
): Map<string, number | null> {
  const worst = new Map<string, number>();
  const calling = funcs.map(({ key, blocks }) => ({ key, blocks, calls: new Set(blocks.flatMap((b) => b.calls)) }));
  for (const f of calleesFirst(calling))
    worst.set(
      f.key,
      longest(f.blocks, (callee) => worst.get(callee)!),
    );
  return new Map(
    funcs.map((f) => {
      const n = worst.get(f.key)! + trapTail;
      return [f.key, n < UNKNOWN ? n : null];
    }),
  );
}

/** Functions so that each stands behind those it calls. Throws (our bug) on recursion and calls of what is not there. */
export function calleesFirst<F extends { readonly key: string; readonly calls: Iterable<string> }>(
  funcs: readonly F[],
): F[] {
  const byKey = new Map(funcs.map((f) => [f.key, f]));
  const out: F[] = [];
  const state = new Map<F, 'open' | 'done'>();
  const stack: { f: F; calls: Iterator<string> }[] = [];
  const enter = (key: string): void => {
    const f = byKey.get(key);
    if (f && state.get(f) === 'done') return;
    if (!f || state.get(f) === 'open') throw new Error(`call of ${key}: ${f ? 'recursion' : 'no such function'}`);
    state.set(f, 'open');
    stack.push({ f, calls: f.calls[Symbol.iterator]() });
  };
  for (const { key } of funcs) {
    enter(key);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = top.calls.next();
      if (!next.done) enter(next.value);
      else {
        state.set(top.f, 'done');
        out.push(top.f);
        stack.pop();
      }
    }
  }
  return out;
}

/** Longest run through one function; Infinity: not bounded. */
function longest(blocks: readonly CostBlock[], callee: (key: string) => number): number {
  const flow = analyseFlow(blocks);
  if (flow.irreducible) return Number.POSITIVE_INFINITY;
  const own = blocks.map((b) => b.calls.reduce((n, c) => n + callee(c), b.instructions));
  const place = new Int32Array(blocks.length);
  flow.order.forEach((b, i) => {
    place[b] = i;
  });
  const children = new Map<Loop | null, Map<number, Loop>>([[null, new Map()]]);
  for (const l of flow.loops) {
    children.set(l, new Map());
    children.get(l.parent)!.set(l.header, l);
  }
  const edge = (from: number, to: number): number =>
    flow.succs[from]!.reduce((n, s, k) => (s === to ? Math.max(n, blocks[from]!.edges[k] ?? 0) : n), 0);

  /**
   * Longest way from the start of a region (a loop's header, or the entry) to the end of each of its blocks without taking
   * the region's own back edges; loops inside are run as often as they can be.
   */
  const region = (loop: Loop | null): Map<number, number> => {
    const members = loop ? [...loop.members].sort((a, b) => place[a]! - place[b]!) : flow.order;
    const inside = loop ? new Set(members) : null;
    const start = loop ? loop.header : 0;
    const dist = new Map<number, number>();
    for (const b of members) {
      if (dist.has(b)) continue;
      const inner = children.get(loop)!.get(b);
      const within = inner ? regions.get(inner)! : null;
      let reach = 0;
      if (b !== start)
        for (const p of flow.preds[b]!)
          if ((inside === null || inside.has(p)) && !within?.has(p)) reach = Math.max(reach, dist.get(p)! + edge(p, b));
      if (!within) {
        dist.set(b, reach + own[b]!);
        continue;
      }
      let round = 0;
      for (const p of flow.preds[b]!) if (within.has(p)) round = Math.max(round, within.get(p)! + edge(p, b));
      const bound = blocks[b]!.bound;
      const rounds = bound === undefined ? Number.POSITIVE_INFINITY : bound === 0 ? 0 : bound * round;
      for (const [x, d] of within) dist.set(x, reach + rounds + d);
    }
    return dist;
  };
  // Inner loops before those around them.
  const regions = new Map<Loop, Map<number, number>>();
  for (const loop of [...flow.loops].reverse()) {
    regions.set(loop, region(loop));
    for (const inner of children.get(loop)!.values()) regions.delete(inner);
  }
  let worst = 0;
  for (const d of region(null).values()) worst = Math.max(worst, d);
  return worst;
}
