// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { flowGraph } from '../../compiler/graph/flowgraph.js';
import { Random } from '../differential/random.js';

/** Nodes that can be reached from the entry without passing `without`: dominance by its definition. */
function reached(succs: readonly (readonly number[])[], without: number): Set<number> {
  const seen = new Set<number>();
  const work = without === 0 ? [] : [0];
  for (let node = work.pop(); node !== undefined; node = work.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    work.push(...succs[node]!.filter((s) => s !== without));
  }
  return seen;
}

describe('flow graphs', () => {
  it('2000 random graphs agree with the definition of dominance', () => {
    const r = new Random(41);
    for (let round = 0; round < 2000; round++) {
      const n = r.between(1, 12);
      const succs = Array.from({ length: n }, () => Array.from({ length: r.below(4) }, () => r.below(n)));
      const graph = flowGraph(succs);
      const all = reached(succs, -1);
      expect(new Set(graph.rpo)).toEqual(all);
      for (let a = 0; a < n; a++) {
        const without = reached(succs, a);
        const dominated = [...all].filter((b) => !without.has(b));
        for (let b = 0; b < n; b++) {
          expect(graph.dominates(a, b), `${JSON.stringify(succs)} ${a} ${b}`).toBe(all.has(a) && dominated.includes(b));
        }
        const up = graph.idom[a]!;
        if (a === 0 || !all.has(a)) expect(up).toBe(-1);
        else {
          // The nearest of the strict dominators: all others dominate it.
          const strict = [...all].filter((d) => d !== a && graph.dominates(d, a));
          expect(strict).toContain(up);
          expect(strict.every((d) => graph.dominates(d, up))).toBe(true);
        }
      }
    }
  });

  it('orders a node before its successors but for back edges', () => {
    const { rpo, rank } = flowGraph([[1, 2], [3], [3], [1, 4], [], [4]]);
    expect(rpo[0]).toBe(0);
    expect(rank[5]).toBe(-1);
    expect(rank[3]).toBeLessThan(rank[4]!);
  });

  it('takes 100 000 nodes whose branches each skip 30 000', () => {
    const n = 100_000;
    const succs = Array.from({ length: n }, (_, i) => (i + 1 < n ? [Math.min(i + 30_000, n - 1), i + 1] : []));
    const { idom, dominates } = flowGraph(succs);
    expect(idom[n - 1]).toBeGreaterThanOrEqual(0);
    expect(dominates(0, n - 1)).toBe(true);
    expect(dominates(1, n - 1)).toBe(false);
  });
});
