// SPDX-License-Identifier: MIT
import type { ById, Def, Graph, Loop } from '../ir/analysis.js';
import { mask } from '../ir/arith.js';
import type { Block, Value } from '../ir/ir.js';
import type { Front } from './front.js';
import { type CountedExit, countedExits } from './induction.js';

/** How often a loop goes round, as far as its exits say. */
export interface Rounds {
  readonly exits: readonly CountedExit[];
}

/** Exits of which the number of rounds is asked; each costs a few instructions. */
const MOST_EXITS = 2;
const TOP = mask(32);

/** Exits of a loop that are tried in every round and count to something that does not change, in either direction. */
export function roundsOf(loop: Loop, graph: Graph, defs: ById<Value, Def>): Rounds | null {
  const exits = countedExits(loop, graph, defs).filter((e) => e.everyRound && isCounted(e));
  return exits.length === 0 ? null : { exits: exits.slice(0, MOST_EXITS) };
}

function isCounted({ stay, counter: { step } }: CountedExit): boolean {
  const size = step < 0n ? -step : step;
  switch (stay) {
    case 'ne':
      return (size & (size - 1n)) === 0n;
    case 'ult':
    case 'ule':
    case 'slt':
    case 'sle':
      return step > 0n;
    case 'ugt':
    case 'uge':
    case 'sgt':
    case 'sge':
      return step < 0n;
    default:
      return false;
  }
}

/**
 * Number, counted from 0, of the last round in which the block may be entered. `at` gives a value as it is when the loop is
 * entered, or null. What is to be true for the answer to be right is required of the front. Null: not known.
 */
export function lastRound(
  { exits }: Rounds,
  block: Block,
  loop: Loop,
  graph: Graph,
  front: Front,
  at: (v: Value) => Value | null,
): Value | null {
  let last: Value | null = null;
  for (const e of exits) {
    const [start, limit] = [at(e.counter.start), at(e.limit)];
    if (!start || !limit) continue;
    const r = exitRound(e, start, limit, e.grown || isBehind(e, block, loop, graph), front);
    last = last === null ? r : front.select(front.icmp('ult', r, last), r, last);
  }
  return last;
}

/** Is the block only entered in a round in which the exit's test has held? */
function isBehind({ exit }: CountedExit, block: Block, loop: Loop, graph: Graph): boolean {
  const t = exit.block.term;
  if (t.kind !== 'branch') return false;
  const stay = loop.body.has(t.then.block) ? t.then.block : t.else.block;
  return stay !== loop.header && graph.preds.get(stay)!.length === 1 && graph.dominates(stay, block);
}

/**
 * The test is tried on start + step * r in round r, or on that plus step if the grown value is tested. `held`: rounds are counted
 * in which it held, or in which the grown value's one round earlier did.
 */
function exitRound(e: CountedExit, start: Value, limit: Value, held: boolean, front: Front): Value {
  const { stay, counter } = e;
  const up = counter.step > 0n;
  const step = up ? counter.step : -counter.step;
  const c = (n: bigint): Value => front.constant(n);
  const apart = up ? front.binary('sub', limit, start) : front.binary('sub', start, limit);
  const one = c(1n);
  // Rounds until the test fails: a number n with the last value that holds at start + step * (n - 1).
  if (stay === 'ne') {
    if (step > 1n) front.require('eq', front.binary('and', apart, c(step - 1n)), c(0n));
    const n = front.binary('udiv', apart, c(step));
    return held ? front.binary('sub', n, one) : n;
  }
  const signed = stay[0] === 's';
  const equal = stay.endsWith('e');
  // It holds in round 0, so that the distance is a number; and the first value for which it fails has not wrapped.
  front.require(stay, start, limit);
  const beyond = equal ? step : step - 1n;
  if (beyond > 0n) {
    const edge = signed ? 1n << 31n : 0n;
    if (up) front.require(signed ? 'sle' : 'ule', limit, c(edge + TOP - beyond));
    else front.require(signed ? 'sge' : 'uge', limit, c(edge + beyond));
  }
  const n = front.binary('udiv', equal ? apart : front.binary('sub', apart, one), c(step));
  return held ? n : front.binary('add', n, one);
}
