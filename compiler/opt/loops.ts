// SPDX-License-Identifier: MIT
import { type ById, type Def, definitions, type Graph, graphOf, type Loop, listed, loopsOf } from '../ir/analysis.js';
import type { Block, Func, Module, Value } from '../ir/ir.js';
import { constantOf, countedExit, countedExits, type Exit, exitsOf } from './induction.js';
import { join, type Range, signed, unsigned } from './intervals.js';
import { type BoundsOf, boundsByBits, roundsByShape, roundsOf } from './loop-bounds.js';
import { pass } from './pass.js';
import { Ranges } from './ranges.js';

/**
 * Takes: a module over lanes, before the guards, with the bounds that the verifier's facts gave. Gives: on headers of natural
 * loops, `bound`: how often the back edges are taken at most each time the loop is entered; the smaller of what was there and
 * what counting a variable that a condition stops shows. Code does not change.
 */
export const boundLoops = pass(
  'loops',
  (module: Module) => {
    for (const fn of module.funcs) boundIn(fn);
    return false;
  },
  { requires: ['lanes'], breaks: [] },
);

function boundIn(fn: Func): void {
  const graph = graphOf(fn);
  const defs = definitions(fn);
  const { loops, irreducible } = loopsOf(graph);
  // A cycle with several ways in may become a natural loop with more back edges than were counted.
  const headers = new Set(irreducible.length > 0 ? [] : loops.map((l) => l.header));
  for (const block of fn.blocks) if (!headers.has(block)) delete block.bound;
  const bounds = boundsAtEntry(fn, loops, graph, defs);
  for (const loop of loops) {
    const { header } = loop;
    if (!headers.has(header)) continue;
    for (const exit of exitsOf(loop)) {
      const bound = countTo(loop, exit, graph, defs, bounds(loop));
      if (bound !== null && bound < (header.bound ?? Number.POSITIVE_INFINITY)) header.bound = bound;
    }
  }
  // Inner loops first: they have fewer blocks. A nest that may take too long pays fuel in its outer loops.
  const rounds = new Map<Block, number>();
  for (const loop of [...loops].sort((a, b) => a.body.size - b.body.size)) {
    const { header } = loop;
    if (header.bound === undefined) continue;
    let inner = 1;
    for (const b of loop.body) if (b !== header) inner = Math.max(inner, rounds.get(b) ?? 1);
    const total = (header.bound + 1) * inner;
    if (total > MAX_ROUNDS) delete header.bound;
    else rounds.set(header, total);
  }
}

/**
 * Most rounds of a loop nest, inner loops multiplied, that run without fuel. A bound that is known but huge is no use: the
 * worst case would say hours, and nothing could stop the container before.
 */
const MAX_ROUNDS = 1 << 20;

/** Bound on the number of back edges taken because of one exit, or null. */
function countTo(loop: Loop, exit: Exit, graph: Graph, defs: ById<Value, Def>, bounds: BoundsOf): number | null {
  // An exit that is not tried every time round bounds nothing.
  if (!loop.latches.every((l) => graph.dominates(exit.block, l))) return null;
  const counted = countedExit(loop, exit, graph, defs);
  return counted ? roundsOf(counted, bounds) : roundsByShape(loop, exit, graph, defs);
}

/** What ranges say of the start and the limit of each counter where its loop is entered. */
function boundsAtEntry(
  fn: Func,
  loops: readonly Loop[],
  graph: Graph,
  defs: ById<Value, Def>,
): (loop: Loop) => BoundsOf {
  /** By block that enters loops: their headers, and what is asked there. */
  const asked = new Map<Block, [Block, Value[]][]>();
  for (const loop of loops) {
    const values = countedExits(loop, graph, defs).flatMap(({ counter, limit }) => [counter.start, limit]);
    if (values.length === 0) continue;
    for (const { from } of graph.preds.get(loop.header)!) {
      if (!loop.body.has(from)) listed(asked, from).push([loop.header, values]);
    }
  }
  const known = new Map<Block, Map<Value, Range>>();
  if (asked.size > 0) {
    new Ranges(fn).run({
      leave(block, state) {
        for (const [header, values] of asked.get(block) ?? []) {
          const at = known.get(header) ?? new Map<Value, Range>();
          known.set(header, at);
          for (const v of values) {
            const was = at.get(v);
            at.set(v, was === undefined ? state.at(v) : join(was, state.at(v), 32));
          }
        }
      },
    });
  }
  const byBits = boundsByBits(defs);
  return (loop) => (v, isSigned) => {
    const bits = byBits(v, isSigned);
    // A constant inside the loop has no range in front of it.
    const r = known.get(loop.header)?.get(v);
    if (!r || constantOf(v, defs) !== undefined) return bits;
    const { lo, hi } = isSigned ? signed(r, 32) : unsigned(r, 32);
    const [min, max] = [BigInt(lo), BigInt(hi)];
    return { min: min > bits.min ? min : bits.min, max: max < bits.max ? max : bits.max };
  };
}
