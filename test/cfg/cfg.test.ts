// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { rawProgram } from '../../compiler/bpf/raw.js';
import { buildCallGraph } from '../../compiler/cfg/callgraph.js';
import { buildCfg, type Cfg } from '../../compiler/cfg/cfg.js';
import { loopBlocks } from '../../compiler/cfg/loops.js';
import { CompileError } from '../../compiler/errors/index.js';

const cfgOf = (text: string): Cfg => buildCfg(assemble(text).functions[0]!);

/** One-slot instructions: [target] jumps, [target, 0] branches, [] exits. Slots are blocks' material for random graphs. */
function code(rows: readonly (readonly number[])[]): Uint8Array {
  const bytes = new Uint8Array(rows.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [i, r] of rows.entries()) {
    view.setUint8(i * 8, r.length === 0 ? 0x95 : r.length === 1 ? 0x06 : 0x15);
    if (r.length === 1) view.setInt32(i * 8 + 4, r[0]! - i - 1, true);
    else if (r.length === 2) view.setInt16(i * 8 + 2, r[0]! - i - 1, true);
  }
  return bytes;
}

function reachable(cfg: Cfg, without = -1): Set<number> {
  const seen = new Set<number>();
  const work = without === 0 ? [] : [0];
  while (work.length > 0) {
    const b = work.pop()!;
    if (seen.has(b) || b === without) continue;
    seen.add(b);
    work.push(...cfg.blocks[b]!.succs);
  }
  return seen;
}

describe('blocks', () => {
  it('of a loop with an lddw, a branch and unreachable code', () => {
    const cfg = cfgOf('r0 = 1 ll\ntop:\nr0 += -1\nif r0 != 0 goto top\nexit\nr0 = 7\nexit');
    expect(cfg.blocks.map((b) => [b.start, b.end, b.succs, b.preds])).toEqual([
      [0, 2, [1], []],
      [2, 4, [1, 2], [0, 1]],
      [4, 5, [], [1]],
      [5, 7, [], []],
    ]);
    expect([...cfg.blockAt]).toEqual([0, 0, 1, 1, 2, 3, 3]);
    expect(cfg.rpo.slice(0, 2)).toEqual([0, 1]);
    expect(cfg.rpoIndex[3]).toBe(-1);
    expect([...cfg.idom]).toEqual([-1, 0, 1, -1]);
    expect(cfg.loops).toEqual([{ id: 0, header: 1, latches: [1], own: [1], parent: -1, children: [], depth: 1 }]);
    expect([...cfg.loopOf]).toEqual([-1, 0, -1, -1]);
    expect(cfg.irreducible).toBe(false);
  });

  it('a branch to the next instruction has both edges to one block', () => {
    const cfg = cfgOf('if r1 == 0 goto +0\nexit');
    expect(cfg.blocks[0]!.succs).toEqual([1, 1]);
    expect(cfg.blocks[1]!.preds).toEqual([0, 0]);
  });

  it('nests loops', () => {
    const cfg = cfgOf(
      'outer:\nr1 += 1\ninner:\nr2 += 1\nif r2 < 9 goto inner\nif r1 < 9 goto outer\nalone:\nif r3 < 9 goto alone\nexit',
    );
    expect(cfg.loops.map((l) => [l.header, l.parent, l.depth, loopBlocks(cfg.loops, l.id)])).toEqual([
      [0, -1, 1, [0, 1, 2]],
      [1, 0, 2, [1]],
      [3, -1, 1, [3]],
    ]);
  });

  it('sees a cycle with two ways in', () => {
    const cfg = cfgOf('if r1 == 0 goto b\na:\nr2 += 1\nb:\nr3 += 1\nif r3 < 9 goto a\nexit');
    expect(cfg.irreducible).toBe(true);
    expect(cfg.loops).toEqual([]);
  });
});

describe('random graphs against plain definitions', () => {
  const graph = fc
    .integer({ min: 1, max: 14 })
    .chain((n) =>
      fc
        .array(fc.array(fc.integer({ min: 0, max: n - 1 }), { maxLength: 2 }), { minLength: n - 1, maxLength: n - 1 })
        .map((rows) => [...rows, [] as number[]]),
    );

  it('dominators, loops and reducibility', () => {
    fc.assert(
      fc.property(graph, (rows) => {
        const cfg = buildCfg(rawProgram(code(rows), 'random').functions[0]!);
        const live = reachable(cfg);
        expect(new Set(cfg.rpo)).toEqual(live);
        // a dominates b: without a, b is out of reach.
        const dom = cfg.blocks.map((a) => {
          const rest = reachable(cfg, a.id);
          return cfg.blocks.map((b) => live.has(a.id) && live.has(b.id) && !rest.has(b.id));
        });
        for (const a of cfg.blocks)
          for (const b of cfg.blocks) expect(cfg.dominates(a.id, b.id)).toBe(dom[a.id]![b.id]);
        for (const b of cfg.rpo) {
          const strict = cfg.rpo.filter((a) => a !== b && dom[a]![b]);
          const nearest = strict.find((a) => strict.every((c) => dom[c]![a]));
          expect(cfg.idom[b]).toBe(nearest ?? -1);
        }
        // Natural loop: header, and what reaches a latch without passing it.
        const bodies = new Map<number, Set<number>>();
        for (const from of cfg.rpo) {
          for (const header of cfg.blocks[from]!.succs) {
            if (!dom[header]![from]) continue;
            const body = bodies.get(header) ?? new Set([header]);
            const work = [from];
            while (work.length > 0) {
              const b = work.pop()!;
              if (body.has(b)) continue;
              body.add(b);
              work.push(...cfg.blocks[b]!.preds.filter((p) => live.has(p)));
            }
            bodies.set(header, body);
          }
        }
        expect(new Set(cfg.loops.map((l) => l.header))).toEqual(new Set(bodies.keys()));
        for (const l of cfg.loops) expect(new Set(loopBlocks(cfg.loops, l.id))).toEqual(bodies.get(l.header));
        // Reducible: without back edges no cycle is left.
        const state = new Map<number, number>();
        const cyclic = (b: number): boolean => {
          if (state.has(b)) return state.get(b) === 1;
          state.set(b, 1);
          const found = cfg.blocks[b]!.succs.some((s) => !dom[s]![b] && cyclic(s));
          state.set(b, 2);
          return found;
        };
        expect(cfg.irreducible).toBe(cyclic(0));
      }),
      { numRuns: 800, seed: 7 },
    );
  });
});

describe('size', () => {
  const N = 100_000;
  const timed = (rows: number[][]): Cfg => {
    const fn = rawProgram(code(rows), 'large').functions[0]!;
    const start = performance.now();
    const cfg = buildCfg(fn);
    // Well under a second on an idle machine; the rest is room for a busy one.
    expect(performance.now() - start).toBeLessThan(5000);
    return cfg;
  };

  it('a long chain of early exits', () => {
    // As far as a 16-bit offset reaches: runs of 30000 checks, each with one block to leave to.
    const reach = 30_000;
    const rows = Array.from({ length: N }, (_, i) => {
      const leave = Math.min((Math.floor(i / reach) + 1) * reach, N - 1);
      return i === N - 1 ? [] : [leave, 0];
    });
    expect(timed(rows).loops).toEqual([]);
  });

  it('deep nests of loops', () => {
    const half = 16_000;
    const rows = Array.from({ length: 2 * half + 1 }, (_, i) =>
      i < half ? [i + 1] : i < 2 * half ? [2 * half - 1 - i, 0] : [],
    );
    expect(timed(rows).loops.at(-1)!.depth).toBe(half);
  });

  it('many back edges to one header', () => {
    const rows = Array.from({ length: N }, (_, i) => (i === N - 1 ? [] : i < 30_000 && i > 0 ? [0, 0] : [i + 1]));
    expect(timed(rows).loops[0]!.latches.length).toBe(29_999);
  });
});

describe('call graph', () => {
  it('orders callees before callers', () => {
    const p = assemble(
      'func a:\ncall b\ncall c\nexit\nfunc b:\ncall c\nexit\nfunc c:\nexit\nfunc unused:\ncall b\nexit',
    );
    const g = buildCallGraph(p);
    expect(g.bottomUp).toEqual([2, 1, 0, 3]);
    expect(g.callees).toEqual([[1, 2], [2], [], [1]]);
  });

  it('refuses recursion, direct and through others', () => {
    const circle = (text: string): CompileError => {
      try {
        buildCallGraph(assemble(text));
      } catch (e) {
        if (e instanceof CompileError) return e;
        throw e;
      }
      throw new Error('was accepted');
    };
    const self = circle('func a:\nr1 = 0\ncall a\nexit');
    expect([self.code, self.details.path, self.details.at?.instruction]).toEqual(['FCC0314', ['a calls a'], 1]);
    const long = circle('func a:\ncall b\nexit\nfunc b:\ncall c\nexit\nfunc c:\ncall b\nexit');
    expect(long.details.path).toEqual(['b calls c', 'c calls b']);
    expect(long.details.at).toMatchObject({ function: 'c', instruction: 0, line: 8 });
  });
});
