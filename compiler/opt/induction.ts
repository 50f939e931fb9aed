// SPDX-License-Identifier: MIT
import type { ById, Def, Graph, Loop } from '../ir/analysis.js';
import { mask, NEGATED, SWAPPED, toSigned } from '../ir/arith.js';
import type { Block, Cond, Inst, Value } from '../ir/ir.js';

/** A variable of a loop that starts at `start` and grows by `step` (32-bit, wrapping) each time round. */
export interface Counter {
  readonly param: Value;
  /** The same on every way into the loop. */
  readonly start: Value;
  /** Signed, not 0. */
  readonly step: bigint;
  /** The grown value, as it goes into the back edges: `add param, step`. */
  readonly next: Value;
}

/** A way out of a loop: while `stay` holds over `args`, this branch stays inside. */
export interface Exit {
  readonly block: Block;
  readonly stay: Cond;
  readonly args: readonly Value[];
}

/** An exit that compares a counter with something that no round changes: while `stay`(tested, limit) the loop goes on. */
export interface CountedExit {
  readonly exit: Exit;
  readonly counter: Counter;
  /** The grown value is compared, not the one that the round began with. */
  readonly grown: boolean;
  readonly stay: Cond;
  readonly limit: Value;
  /** The test is made exactly once in every round that reaches a back edge. */
  readonly everyRound: boolean;
}

/**
 * add + sum of factor * value, modulo 2^32. Values of `terms` are no sums themselves, or deeper than was looked. Factors are
 * unsigned 32-bit and not 0.
 */
export interface Linear {
  readonly terms: ReadonlyMap<Value, bigint>;
  readonly add: bigint;
}

export const instOf = (v: Value, defs: ById<Value, Def>): Inst | undefined => {
  const def = defs.get(v);
  return def?.kind === 'inst' ? def.inst : undefined;
};

export const constantOf = (v: Value, defs: ById<Value, Def>): bigint | undefined => {
  const inst = instOf(v, defs);
  return inst?.op === 'const' ? inst.imm : undefined;
};

/** Is the value the same in every round: made outside, or a constant? */
export function isInvariant(v: Value, loop: Loop, defs: ById<Value, Def>): boolean {
  const def = defs.get(v);
  return def !== undefined && (!loop.body.has(def.block) || constantOf(v, defs) !== undefined);
}

/** Branches of which one edge leaves the loop. */
export function exitsOf(loop: Loop): Exit[] {
  const out: Exit[] = [];
  for (const block of loop.body) {
    const t = block.term;
    if (t.kind !== 'branch' || t.wide) continue;
    const [inThen, inElse] = [loop.body.has(t.then.block), loop.body.has(t.else.block)];
    if (inThen !== inElse) out.push({ block, stay: inThen ? t.cond : NEGATED[t.cond], args: t.args });
  }
  return out;
}

/** What a header's parameter is at the loop's entry and on its back edges; null where edges differ. */
export function valuesInto(
  loop: Loop,
  index: number,
  graph: Graph,
): { readonly start: Value | null; readonly next: Value | null } {
  let start: Value | null | undefined;
  let next: Value | null | undefined;
  for (const { from, edge } of graph.preds.get(loop.header)!) {
    const v = edge.args[index]!;
    if (loop.body.has(from)) next = next === undefined || next === v ? v : null;
    else start = start === undefined || start === v ? v : null;
  }
  return { start: start ?? null, next: next ?? null };
}

/** The counter that a parameter of the loop's header is, or null. */
export function counterOf(param: Value, loop: Loop, graph: Graph, defs: ById<Value, Def>): Counter | null {
  const index = loop.header.params.indexOf(param);
  if (index < 0) return null;
  const { start, next } = valuesInto(loop, index, graph);
  if (!start || !next) return null;
  const inst = instOf(next, defs);
  if (inst?.op !== 'add' || inst.args[0] !== param) return null;
  const step = constantOf(inst.args[1]!, defs);
  return step === undefined || step === 0n ? null : { param, start, step: toSigned(step, 32), next };
}

/** All counters of a loop, in the order of the header's parameters. */
export function countersOf(loop: Loop, graph: Graph, defs: ById<Value, Def>): Counter[] {
  return loop.header.params.flatMap((p) => counterOf(p, loop, graph, defs) ?? []);
}

/** Exits that compare a counter, or what it grows to, with an invariant value. */
export function countedExits(loop: Loop, graph: Graph, defs: ById<Value, Def>): CountedExit[] {
  return exitsOf(loop).flatMap((exit) => countedExit(loop, exit, graph, defs) ?? []);
}

export function countedExit(loop: Loop, exit: Exit, graph: Graph, defs: ById<Value, Def>): CountedExit | null {
  if (exit.stay === 'set' || exit.stay === 'nset') return null;
  const everyRound = loop.latches.every((l) => graph.dominates(exit.block, l));
  for (const flip of [false, true]) {
    const [tested, limit] = flip ? [exit.args[1]!, exit.args[0]!] : [exit.args[0]!, exit.args[1]!];
    const stay = flip ? SWAPPED[exit.stay] : exit.stay;
    if (!isInvariant(limit, loop, defs)) continue;
    const inst = instOf(tested, defs);
    for (const param of [tested, inst?.op === 'add' ? inst.args[0]! : tested]) {
      const counter = counterOf(param, loop, graph, defs);
      if (!counter || (tested !== counter.param && tested !== counter.next)) continue;
      return { exit, counter, grown: tested === counter.next, stay, limit, everyRound };
    }
  }
  return null;
}

/** How deep sums are looked into, and how many different values one may have. */
const DEPTH = 8;
const MOST_TERMS = 4;

/** A value as a sum: through add, sub, and products with constants. `stop`: values that are not looked into. */
export function linearOf(v: Value, defs: ById<Value, Def>, stop: (v: Value) => boolean, depth = DEPTH): Linear {
  const leaf = (): Linear => ({ terms: new Map([[v, 1n]]), add: 0n });
  const inst = instOf(v, defs);
  if (inst?.op === 'const') return { terms: new Map(), add: inst.imm! };
  if (!inst || depth === 0 || stop(v)) return leaf();
  const of = (i: number): Linear => linearOf(inst.args[i]!, defs, stop, depth - 1);
  const by = (): bigint | undefined => constantOf(inst.args[1]!, defs);
  let sum: Linear | null = null;
  if (inst.op === 'add') sum = plus(of(0), of(1), 1n);
  else if (inst.op === 'sub') sum = plus(of(0), of(1), -1n);
  else if (inst.op === 'shl' && by() !== undefined) sum = plus(NOTHING, of(0), 1n << (by()! & 31n));
  else if (inst.op === 'mul' && by() !== undefined) sum = plus(NOTHING, of(0), by()!);
  return sum && sum.terms.size <= MOST_TERMS ? sum : leaf();
}

/** The empty sum. */
export const NOTHING: Linear = { terms: new Map(), add: 0n };

/** a + factor * b. */
export function plus(a: Linear, b: Linear, factor: bigint): Linear {
  const terms = new Map(a.terms);
  for (const [v, k] of b.terms) {
    const sum = ((terms.get(v) ?? 0n) + factor * k) & mask(32);
    if (sum === 0n) terms.delete(v);
    else terms.set(v, sum);
  }
  return { terms, add: (a.add + factor * b.add) & mask(32) };
}
