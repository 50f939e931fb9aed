// SPDX-License-Identifier: MIT
import type { ById, Def, Graph } from '../ir/analysis.js';
import { mask, NEGATED, SWAPPED, toSigned } from '../ir/arith.js';
import type { Block, Cond, Value } from '../ir/ir.js';
import { type CountedExit, constantOf, instOf, type Linear, plus } from './induction.js';
import { unsignedRange } from './known.js';

/** What branches that were passed on every way to a block say of a value: `cond` holds between it and `limit`. */
export interface Passed {
  readonly cond: Cond;
  readonly limit: Value;
}

/** How many dominators are asked. */
const LOOK_BACK = 24;

/** Conditions on `v` that hold whenever `block` starts. */
export function passedOn(v: Value, block: Block, graph: Graph): Passed[] {
  const out: Passed[] = [];
  let at = block;
  for (let i = 0; i < LOOK_BACK; i++) {
    const above = graph.idom.get(at);
    if (!above) break;
    const t = above.term;
    const into = graph.preds.get(at)!;
    if (t.kind === 'branch' && !t.wide && into.length === 1 && into[0]!.from === above) {
      const cond = into[0]!.edge === t.then ? t.cond : NEGATED[t.cond];
      if (t.args[0] === v) out.push({ cond, limit: t.args[1]! });
      else if (t.args[1] === v) out.push({ cond: SWAPPED[cond], limit: t.args[0]! });
    }
    at = above;
  }
  return out;
}

const DEPTH = 4;

/** Is `v`, as a number of that kind, certainly at least `least` when `block` starts? */
export function isAtLeast(
  v: Value,
  least: bigint,
  signed: boolean,
  block: Block,
  graph: Graph,
  defs: ById<Value, Def>,
  depth = DEPTH,
): boolean {
  const range = unsignedRange(v, (x) => instOf(x, defs));
  if (signed) {
    if (least <= -(1n << 31n)) return true;
    // Below 2^31 both orders agree.
    if (range.max <= mask(31) && range.min >= least) return true;
    if (range.min === range.max && toSigned(range.min, 32) >= least) return true;
  } else if (least <= 0n || range.min >= least) return true;
  if (depth === 0) return false;
  const inst = instOf(v, defs);
  const again = (x: Value, bound: bigint): boolean => isAtLeast(x, bound, signed, block, graph, defs, depth - 1);
  if (inst?.op === 'select' && again(inst.args[1]!, least) && again(inst.args[2]!, least)) return true;
  if (inst?.op === 'lshr' && !signed) {
    const by = constantOf(inst.args[1]!, defs);
    if (by !== undefined && again(inst.args[0]!, least << (by & 31n))) return true;
  }
  // A test of the bits that it has in common with something is one of their conjunction.
  if (inst?.op === 'and' && least === 1n && !signed) {
    const [x, y] = inst.args as [Value, Value];
    const c = constantOf(y, defs);
    const same = (w: Value): boolean => w === y || (c !== undefined && constantOf(w, defs) === c);
    if (passedOn(x, block, graph).some((p) => p.cond === 'set' && same(p.limit))) return true;
  }
  return passedOn(v, block, graph).some(({ cond, limit }) => {
    const c = constantOf(limit, defs);
    if (c === undefined) return false;
    if (cond === 'ne') return c === 0n && least === 1n && !signed;
    const n = signed ? toSigned(c, 32) : c;
    if (cond === 'eq' || cond === (signed ? 'sge' : 'uge')) return n >= least;
    return cond === (signed ? 'sgt' : 'ugt') && n + 1n >= least;
  });
}

/**
 * The number that the tested value does not have while the loop goes on, and has when this exit is taken: the exit as a test
 * for equality. Null if the tested values might step over it or start behind it.
 */
export function exactLimit(
  { counter, grown, stay, limit }: CountedExit,
  header: Block,
  graph: Graph,
  defs: ById<Value, Def>,
): Linear | null {
  const c = constantOf(limit, defs);
  const as = (n: bigint): Linear => ({ terms: new Map(), add: n & mask(32) });
  const exact: Linear = c !== undefined ? as(c) : { terms: new Map([[limit, 1n]]), add: 0n };
  const { step } = counter;
  if (stay === 'ne') return exact;
  if (stay === 'eq' || stay === 'set' || stay === 'nset') return null;
  const signed = stay.startsWith('s');
  const up = stay.endsWith('lt') || stay.endsWith('le');
  if (up !== step > 0n) return null;
  const orEqual = stay.endsWith('e');
  const from = constantOf(counter.start, defs);
  const number = (n: bigint): bigint => (signed ? toSigned(n, 32) : n);
  const [low, high] = signed ? [-(1n << 31n), mask(31)] : [0n, mask(32)];
  if (from !== undefined) {
    const first = number(from) + (grown ? step : 0n);
    if (first < low || first > high) return null;
    if (c !== undefined) {
      const last = number(c) + (orEqual ? (up ? 1n : -1n) : 0n);
      const way = up ? last - first : first - last;
      const size = up ? step : -step;
      if (way < 0n) return null;
      const end = first + ((way + size - 1n) / size) * step;
      return end < low || end > high ? null : as(end);
    }
    if (step !== 1n || !isAtLeast(limit, orEqual ? first - 1n : first, signed, header, graph, defs)) return null;
    if (!orEqual) return exact;
    // One more than the limit must not wrap.
    const { max } = unsignedRange(limit, (x) => instOf(x, defs));
    return max < mask(31) || (!signed && max < mask(32)) ? plus(exact, as(1n), 1n) : null;
  }
  // A start that is no constant: only what was compared before the loop says how it lies to the limit.
  if ((step !== 1n && step !== -1n) || orEqual) return null;
  const strict: Cond = signed ? (up ? 'slt' : 'sgt') : up ? 'ult' : 'ugt';
  const weak: Cond = signed ? (up ? 'sle' : 'sge') : up ? 'ule' : 'uge';
  const holds = passedOn(counter.start, header, graph).some(
    (p) => p.limit === limit && (p.cond === strict || (!grown && p.cond === weak)),
  );
  if (holds) return exact;
  // Counting down to a constant: the start is at least that.
  if (up || c === undefined) return null;
  return isAtLeast(counter.start, number(c) + (grown ? 1n : 0n), signed, header, graph, defs) ? exact : null;
}
