// SPDX-License-Identifier: MIT
import type { ById, Def, Graph, Loop } from '../ir/analysis.js';
import { mask, toSigned } from '../ir/arith.js';
import type { Inst, Value } from '../ir/ir.js';
import { type CountedExit, constantOf, type Exit, instOf, valuesInto } from './induction.js';
import { unsignedRange } from './known.js';

/** Bounds of a 32-bit number, as the order that was asked for sees it. */
export interface Bounds {
  readonly min: bigint;
  readonly max: bigint;
}

/** What is known of a value where a loop is entered. */
export type BoundsOf = (v: Value, signed: boolean) => Bounds;

const TOP = mask(32);

/** Bounds that follow from how a value is made. */
export function boundsByBits(defs: ById<Value, Def>): BoundsOf {
  return (v, signed) => {
    const r = unsignedRange(v, (x) => instOf(x, defs));
    if (!signed || r.max <= mask(31)) return r;
    if (r.min === r.max) return { min: toSigned(r.min, 32), max: toSigned(r.max, 32) };
    return { min: -(1n << 31n), max: mask(31) };
  };
}

/**
 * How often at most the test can hold, which is how often a back edge is taken. The tested sequence is s, s + d, s + 2d, …
 * where s is the start, or the start plus d if the grown value is tested. Wrapping is ruled out, or there is no answer.
 */
export function roundsOf({ counter, grown, stay, limit }: CountedExit, bounds: BoundsOf): number | null {
  const d = counter.step;
  const signed = stay === 'slt' || stay === 'sle' || stay === 'sgt' || stay === 'sge';
  const [low, high] = signed ? [-(1n << 31n), mask(31)] : [0n, TOP];
  let { min: s0, max: s1 } = bounds(counter.start, signed);
  const { min: e0, max: e1 } = bounds(limit, signed);
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

/**
 * Bounds of loops that count nothing, because each round leaves fewer bits, a fraction, a remainder or half an interval: how
 * often at most the exit's test holds, or null. The exit is tried in every round.
 */
export function roundsByShape(loop: Loop, exit: Exit, graph: Graph, defs: ById<Value, Def>): number | null {
  return (
    shrinking(loop, exit, graph, defs) ?? remainder(loop, exit, graph, defs) ?? halving(loop, exit, graph, defs) ?? null
  );
}

/** A header's parameter and what goes back for it. */
interface Carried {
  readonly param: Value;
  readonly next: Value;
}

function carriedOf(loop: Loop, graph: Graph): Carried[] {
  return loop.header.params.flatMap((param, i) => {
    const { next } = valuesInto(loop, i, graph);
    return next ? [{ param, next }] : [];
  });
}

/** Does the exit's test fail if this value is 0? */
function isNonZeroTest({ stay, args }: Exit, v: Value, defs: ById<Value, Def>): boolean {
  const [a, b] = args as [Value, Value];
  // Whatever is below it.
  if ((stay === 'ugt' && a === v) || (stay === 'ult' && b === v)) return true;
  const c = constantOf(b, defs);
  if (a !== v || c === undefined) return false;
  switch (stay) {
    case 'ne':
      return c === 0n;
    case 'sgt':
      return toSigned(c, 32) >= 0n;
    case 'uge':
      return c > 0n;
    case 'sge':
      return toSigned(c, 32) > 0n;
    default:
      return false;
  }
}

/** x & (x - 1), x >> k, x << k, x / k: after at most so many rounds nothing is left of 32 bits. */
function shrinking(loop: Loop, exit: Exit, graph: Graph, defs: ById<Value, Def>): number | null {
  for (const { param, next } of carriedOf(loop, graph)) {
    const inst = instOf(next, defs);
    const rounds = inst && roundsLeft(inst, param, defs);
    if (!rounds) continue;
    if (isNonZeroTest(exit, next, defs) || isNonZeroTest(exit, param, defs)) return rounds;
    // The bits that both have are what goes back.
    const same = inst.op === 'and' && inst.args.every((v) => exit.args.includes(v));
    if (same && exit.stay === 'set') return rounds;
  }
  return null;
}

function roundsLeft(inst: Inst, param: Value, defs: ById<Value, Def>): number | null {
  const [a, b] = inst.args as [Value, Value];
  const c = b && constantOf(b, defs);
  switch (inst.op) {
    case 'and': {
      const less = instOf(a === param ? b : a, defs);
      const isLess = less?.op === 'add' && less.args[0] === param && constantOf(less.args[1]!, defs) === TOP;
      return isLess && (a === param || b === param) ? 32 : null;
    }
    case 'shl':
    case 'lshr':
      return a === param && c !== undefined && (c & 31n) > 0n ? Math.ceil(32 / Number(c & 31n)) : null;
    case 'udiv':
      return a === param && c !== undefined && c > 1n ? Math.ceil(32 / (c.toString(2).length - 1)) : null;
    default:
      return null;
  }
}

/**
 * (a, b) becomes (b, a mod b) until b is 0: no more rounds than Fibonacci numbers fit 32 bits, which are 47 (Lamé), and two
 * for starts in the wrong order.
 */
const EUCLID = 49;

function remainder(loop: Loop, exit: Exit, graph: Graph, defs: ById<Value, Def>): number | null {
  const carried = carriedOf(loop, graph);
  for (const { param, next } of carried) {
    const inst = instOf(next, defs);
    if (inst?.op !== 'umod' || inst.args[1] !== param) continue;
    const other = carried.find((c) => c.param === inst.args[0]);
    if (other?.next === param && (isNonZeroTest(exit, next, defs) || isNonZeroTest(exit, param, defs))) return EUCLID;
  }
  return null;
}

/**
 * An interval [low, high) that becomes its lower half or what lies above its middle, while low < high. Behind the first test
 * that holds the size is below 2^32, and each round leaves at most half of it, rounded down.
 */
const HALVINGS = 33;

function halving(loop: Loop, exit: Exit, graph: Graph, defs: ById<Value, Def>): number | null {
  const [a, b] = exit.args as [Value, Value];
  if (exit.stay !== 'ult' && exit.stay !== 'ugt') return null;
  const [small, large] = exit.stay === 'ult' ? [a, b] : [b, a];
  const carried = carriedOf(loop, graph);
  const find = (v: Value): Carried | undefined => carried.find((c) => c.param === v || c.next === v);
  const [low, high] = [find(small), find(large)];
  if (!low || !high || low === high) return null;
  // Both before the step, or both behind it.
  if ((low.param === small) !== (high.param === large)) return null;
  const isMiddle = (v: Value): boolean => {
    const sum = instOf(v, defs);
    if (sum?.op !== 'add' || !sum.args.includes(low.param)) return false;
    const half = instOf(sum.args[0] === low.param ? sum.args[1]! : sum.args[0]!, defs);
    if (half?.op !== 'lshr' || constantOf(half.args[1]!, defs) !== 1n) return false;
    const size = instOf(half.args[0]!, defs);
    return size?.op === 'sub' && size.args[0] === high.param && size.args[1] === low.param;
  };
  const isAbove = (v: Value): boolean => {
    const sum = instOf(v, defs);
    return sum?.op === 'add' && constantOf(sum.args[1]!, defs) === 1n && isMiddle(sum.args[0]!);
  };
  const halves = (l: Value, h: Value): boolean => (l === low.param && isMiddle(h)) || (h === high.param && isAbove(l));
  return everyPair(low.next, high.next, loop, graph, defs, halves) ? HALVINGS : null;
}

const JOINS = 4;

/** Does something hold for all pairs of values that two joined values stand for together? */
function everyPair(
  a: Value,
  b: Value,
  loop: Loop,
  graph: Graph,
  defs: ById<Value, Def>,
  holds: (a: Value, b: Value) => boolean,
  depth = JOINS,
): boolean {
  if (holds(a, b)) return true;
  if (depth === 0) return false;
  const [x, y] = [defs.get(a), defs.get(b)];
  const again = (v: Value, w: Value): boolean => everyPair(v, w, loop, graph, defs, holds, depth - 1);
  const [s, t] = [instOf(a, defs), instOf(b, defs)];
  if (s?.op === 'select' && t?.op === 'select' && s.args[0] === t.args[0]) {
    return again(s.args[1]!, t.args[1]!) && again(s.args[2]!, t.args[2]!);
  }
  const block = x?.kind === 'param' ? x.block : y?.kind === 'param' ? y.block : null;
  if (!block || block === loop.header || !loop.body.has(block)) return false;
  const through = (def: Def | undefined, v: Value, args: readonly Value[]): Value =>
    def?.kind === 'param' && def.block === block ? args[def.index]! : v;
  return graph.preds.get(block)!.every(({ edge }) => again(through(x, a, edge.args), through(y, b, edge.args)));
}
