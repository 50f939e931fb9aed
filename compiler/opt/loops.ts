// SPDX-License-Identifier: MIT
import { type ById, type Def, definitions, type Graph, graphOf, type Loop, loopsOf } from '../ir/analysis.js';
import { mask, NEGATED, SWAPPED, toSigned } from '../ir/arith.js';
import type { Block, Cond, Func, Inst, Module, Value } from '../ir/ir.js';
import { unsignedRange } from './known.js';
import { pass } from './pass.js';

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
  for (const loop of loops) {
    const { header } = loop;
    if (!headers.has(header)) continue;
    for (const exit of exits(loop)) {
      const bound = countTo(loop, exit, graph, defs);
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

/** A way out of a loop: while `stay` holds over `args`, this branch stays inside. */
interface Exit {
  readonly block: Block;
  readonly stay: Cond;
  readonly args: readonly Value[];
}

function exits(loop: Loop): Exit[] {
  const out: Exit[] = [];
  for (const block of loop.body) {
    const t = block.term;
    if (t.kind !== 'branch' || t.wide) continue;
    const [inThen, inElse] = [loop.body.has(t.then.block), loop.body.has(t.else.block)];
    if (inThen !== inElse) out.push({ block, stay: inThen ? t.cond : NEGATED[t.cond], args: t.args });
  }
  return out;
}

/** A variable that starts at `start` and grows by `step` (32-bit, wrapping) each time round. */
interface Counter {
  readonly param: Value;
  readonly start: Value;
  readonly step: bigint;
  /** The grown value, as it goes into the back edges. */
  readonly next: Value;
}

function counterOf(param: Value, loop: Loop, graph: Graph, defs: ById<Value, Def>): Counter | null {
  const index = loop.header.params.indexOf(param);
  if (index < 0) return null;
  let start: Value | null = null;
  let next: Value | null = null;
  for (const { from, edge } of graph.preds.get(loop.header)!) {
    const v = edge.args[index]!;
    if (loop.body.has(from)) {
      if (next && next !== v) return null;
      next = v;
    } else {
      if (start && start !== v) return null;
      start = v;
    }
  }
  if (!start || !next) return null;
  const inst = instOf(next, defs);
  if (inst?.op !== 'add' || inst.args[0] !== param) return null;
  const step = constantOf(inst.args[1]!, defs);
  return step === undefined || step === 0n ? null : { param, start, step: toSigned(step, 32), next };
}

const instOf = (v: Value, defs: ById<Value, Def>): Inst | undefined => {
  const def = defs.get(v);
  return def?.kind === 'inst' ? def.inst : undefined;
};
const constantOf = (v: Value, defs: ById<Value, Def>): bigint | undefined => {
  const inst = instOf(v, defs);
  return inst?.op === 'const' ? inst.imm : undefined;
};

/** Bound on the number of back edges taken because of one exit, or null. */
function countTo(loop: Loop, exit: Exit, graph: Graph, defs: ById<Value, Def>): number | null {
  // The exit is tried once each time round only if it dominates every back edge.
  if (!loop.latches.every((l) => graph.dominates(exit.block, l))) return null;
  for (const flip of [false, true]) {
    const [tested, limit] = flip ? [exit.args[1]!, exit.args[0]!] : [exit.args[0]!, exit.args[1]!];
    const stay = flip ? SWAPPED[exit.stay] : exit.stay;
    const from = defs.get(limit);
    if (!from || (loop.body.has(from.block) && constantOf(limit, defs) === undefined)) continue;
    const inst = instOf(tested, defs);
    for (const param of [tested, inst?.op === 'add' ? inst.args[0]! : tested]) {
      const counter = counterOf(param, loop, graph, defs);
      if (!counter || (tested !== counter.param && tested !== counter.next)) continue;
      const rounds = roundsOf(counter, tested === counter.next, stay, limit, defs);
      if (rounds !== null) return rounds;
    }
  }
  return null;
}

const TOP = mask(32);

/**
 * How often at most the test can hold, which is how often a back edge is taken. The tested sequence is s, s + d, s + 2d, …
 * where s is the start, or the start plus d if the grown value is tested. Wrapping is ruled out, or there is no answer.
 */
function roundsOf(c: Counter, grown: boolean, stay: Cond, limit: Value, defs: ById<Value, Def>): number | null {
  const def = (v: Value): Inst | undefined => instOf(v, defs);
  const start = unsignedRange(c.start, def);
  const end = unsignedRange(limit, def);
  const d = c.step;
  const signed = stay === 'slt' || stay === 'sle' || stay === 'sgt' || stay === 'sge';
  // Unsigned and signed numbers agree below 2^31; constants may be negative.
  let [s0, s1] = [start.min, start.max];
  let [e0, e1] = [end.min, end.max];
  let [low, high] = [0n, TOP];
  if (signed) {
    [low, high] = [-(1n << 31n), (1n << 31n) - 1n];
    for (const r of [start, end]) if (r.min !== r.max && r.max > high) return null;
    if (start.min === start.max) s0 = s1 = toSigned(start.min, 32);
    if (end.min === end.max) e0 = e1 = toSigned(end.min, 32);
  }
  if (grown) {
    [s0, s1] = [s0 + d, s1 + d];
    if (s0 < low || s1 > high) return null;
  }
  const result = (n: bigint): number | null => (n < 0n ? 0 : n <= TOP ? Number(n) : null);
  const up = (last: bigint): bigint => (last - s0 + d - 1n) / d;
  const down = (last: bigint): bigint => (s1 - last - d - 1n) / -d;
  switch (stay) {
    case 'ult':
    case 'slt':
    case 'ule':
    case 'sle': {
      // Holds for s + k*d < last; the first value at or above `last` must not have wrapped.
      const last = stay === 'ult' || stay === 'slt' ? e1 : e1 + 1n;
      if (d < 0n || last - 1n + d > high) return null;
      return last <= s0 ? 0 : result(up(last));
    }
    case 'ugt':
    case 'sgt':
    case 'uge':
    case 'sge': {
      const last = stay === 'ugt' || stay === 'sgt' ? e0 : e0 - 1n;
      if (d > 0n || last + 1n + d < low) return null;
      return last >= s1 ? 0 : result(down(last));
    }
    case 'ne': {
      if (e0 !== e1) return null;
      // Distance to the limit in the direction of the step, wrapping as the hardware does.
      const distance = (s: bigint): bigint => (d > 0n ? e0 - s : s - e0) & TOP;
      const size = d > 0n ? d : -d;
      if (size === 1n) {
        // Every start arrives; the farthest of a range that does not pass the limit counts.
        const passes = d > 0n ? s1 > e0 && s0 <= e0 : s0 < e0 && s1 >= e0;
        return passes ? null : result(distance(d > 0n ? s0 : s1));
      }
      return s0 === s1 && distance(s0) % size === 0n ? result(distance(s0) / size) : null;
    }
    default:
      return null;
  }
}
