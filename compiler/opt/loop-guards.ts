// SPDX-License-Identifier: MIT
import type { Graph, Loop } from '../ir/analysis.js';
import { mask, NEGATED, toSigned } from '../ir/arith.js';
import type { Block, Inst, Value } from '../ir/ir.js';
import type { Nest } from './affine.js';
import type { Front } from './front.js';
import { lastRound, roundsOf } from './rounds.js';

/** Finds the region of an address: its base, and the number of places where `span` bytes may start in it. */
export type Located = (address: Value, rights: bigint, span: bigint) => readonly [base: Value, places: Value];

/** Longest way an address may go within a loop: sums of as many as there are loops in a nest stay numbers. */
const FARTHEST = 1n << 28n;
/** Farthest apart that accesses are shown by one test. */
const WIDEST = 1n << 12n;
const MOST_DEPTH = 4;

/** How far a value goes from where it starts, in either direction. */
interface Way {
  readonly start: Value;
  readonly up: Value;
  readonly down: Value;
}

interface Guarded {
  readonly inst: Inst;
  readonly block: Block;
  readonly chain: readonly Loop[];
}

/** Searches of addresses that differ by constants. */
interface Group {
  readonly members: { readonly at: Guarded; readonly off: bigint; readonly size: bigint }[];
  readonly first: bigint;
}

/** The guards of a nest of loops, and which of them the front shows never to fail. */
export class LoopGuards {
  readonly proved = new Set<Inst>();
  /** Low lanes that stay inside a region, so that they do not wrap, and the blocks for whose rounds that was shown. */
  private readonly held = new Map<Value, ReadonlySet<Block>>();

  constructor(
    private readonly nest: Nest,
    private readonly graph: Graph,
    private readonly front: Front,
    private readonly located: Located,
  ) {}

  /** Requires of the front what shows as many guards as possible. Returns how many guards there are. */
  prove(): number {
    const groups = new Map<string, Group>();
    const others: Guarded[] = [];
    let total = 0;
    for (const block of this.graph.order) {
      if (!this.nest.outer.body.has(block)) continue;
      let chain: Loop[] | undefined;
      for (const inst of block.insts) {
        if (inst.op !== 'search' && !(inst.op === 'trapif' && inst.trap === 'memory')) continue;
        total++;
        chain ??= this.nest.around(block);
        if (chain.length > MOST_DEPTH) continue;
        const at = { inst, block, chain };
        if (inst.op === 'search') this.group(at, groups);
        else others.push(at);
      }
    }
    for (const group of groups.values()) this.searches(group);
    for (const at of others) if (this.compare(at)) this.proved.add(at.inst);
    return total;
  }

  /** Requires that a loop of the nest takes its back edges at most `limit` times; false if that is not known in front. */
  limit(loop: Loop, limit: bigint): boolean {
    const { front, nest, graph } = this;
    const chain = nest.around(loop.header);
    const rounds = roundsOf(loop, graph, nest.defs);
    if (!rounds) return false;
    const at = (x: Value): Value | null => (nest.rests(x, chain.slice(0, -1), chain) ? nest.at(x, front) : null);
    const last = lastRound(rounds, loop.header, loop, graph, front, at);
    if (!last) return false;
    front.require('ule', last, front.constant(limit));
    return true;
  }

  private group(at: Guarded, groups: Map<string, Group>): void {
    const [address, size] = at.inst.args as [Value, Value];
    const bytes = this.nest.constant(size);
    if (bytes === undefined || bytes === 0n || bytes > WIDEST) return;
    if (!at.chain.every((l) => this.nest.delta(address, l, at.chain) !== null)) return;
    const { terms, add } = this.nest.sum(address);
    const key = [at.chain.at(-1)!.header.id, ...[...terms].map(([v, k]) => `${v.id}*${k}`).sort()].join(' ');
    let group = groups.get(key);
    if (!group) {
      group = { members: [], first: add };
      groups.set(key, group);
    }
    const off = toSigned((add - group.first) & mask(32), 32);
    if (off < -WIDEST || off > WIDEST) return;
    group.members.push({ at, off, size: bytes });
  }

  private searches({ members }: Group): void {
    const { front } = this;
    const lowest = members.reduce((a, b) => (b.off < a.off ? b : a));
    const end = members.reduce((a, b) => (b.off + b.size > a ? b.off + b.size : a), lowest.off);
    const address = lowest.at.inst.args[0]!;
    const blocks = new Set(members.map((m) => m.at.block));
    const way = this.way(address, lowest.at.chain, blocks);
    if (!way) return;
    const rights = members.some((m) => m.at.inst.write) ? 3n : 1n;
    const [base, places] = this.located(address, rights, end - lowest.off);
    const offset = front.binary('sub', way.start, base);
    front.require('ult', offset, places);
    front.require('ule', way.down, offset);
    front.require('ult', way.up, front.binary('sub', places, offset));
    for (const m of members) {
      this.proved.add(m.at.inst);
      this.held.set(m.at.inst.args[0]!, blocks);
    }
  }

  /** Where a value starts and how far it goes while control is in one of the blocks; null if that is not known. */
  private way(v: Value, chain: readonly Loop[], blocks: Iterable<Block>): Way | null {
    const { nest, front } = this;
    const start = nest.at(v, front);
    if (!start) return null;
    let up = front.constant(0n);
    let down = up;
    for (const [i, loop] of chain.entries()) {
      const by = nest.delta(v, loop, chain);
      if (by === null) return null;
      if (by === 0n) continue;
      const rounds = roundsOf(loop, this.graph, nest.defs);
      if (!rounds) return null;
      const outer = chain.slice(0, i);
      const inner = chain.slice(0, i + 1);
      const at = (x: Value): Value | null => (nest.rests(x, outer, inner) ? nest.at(x, front) : null);
      let last: Value | null = null;
      for (const block of new Set(blocks)) {
        const r = lastRound(rounds, block, loop, this.graph, front, at);
        if (!r) return null;
        last = last === null || last === r ? r : front.select(front.icmp('ugt', r, last), r, last);
      }
      const step = by < 0n ? -by : by;
      if (!last || step > FARTHEST) return null;
      front.require('ule', last, front.constant(FARTHEST / step));
      const far = front.binary('mul', last, front.constant(step));
      if (by > 0n) up = front.binary('add', far, up);
      else down = front.binary('add', far, down);
    }
    return { start, up, down };
  }

  /** A comparison that must not hold. */
  private compare({ inst, chain, block }: Guarded): boolean {
    const { nest, front } = this;
    const [a, b] = inst.args as [Value, Value];
    const cond = inst.cond!;
    const resting = (v: Value): Value | null => (nest.rests(v, chain, chain) ? nest.at(v, front) : null);
    const [x, y] = [resting(a), resting(b)];
    if (x && y) {
      front.require(NEGATED[cond], x, y);
      return true;
    }
    if (cond === 'ne' && nest.constant(b) === 0n) return this.isZero(a, chain, block);
    if (cond !== 'ugt' || !y) return false;
    const way = this.way(a, chain, [block]);
    if (!way) return false;
    front.require('ule', way.start, y);
    front.require('ule', way.down, way.start);
    front.require('ule', way.up, front.binary('sub', y, way.start));
    return true;
  }

  /** Requires what makes a high lane zero in all rounds; false if that is not known. */
  private isZero(v: Value, chain: readonly Loop[], block: Block, depth = 6): boolean {
    const { nest, front } = this;
    const zero = front.constant(0n);
    if (nest.constant(v) === 0n) return true;
    if (depth <= 0) return false;
    if (nest.rests(v, chain, chain)) {
      const at = nest.at(v, front);
      if (at) front.require('eq', at, zero);
      return at !== null;
    }
    const param = nest.param(v);
    if (param) {
      if (!chain.includes(param.loop) || !param.start || !param.next) return false;
      const grown = nest.constant(param.next) === 0n || this.isPairSteady(v, param.next, chain, block);
      return grown && this.isZero(param.start, chain, block, depth - 1);
    }
    const inst = nest.def(v);
    if (!inst) return false;
    const [a, b, c, d] = inst.args as [Value, Value, Value, Value];
    if (inst.op === 'or') return this.isZero(a, chain, block, depth - 1) && this.isZero(b, chain, block, depth - 1);
    if (inst.op === 'lshr') {
      const by = nest.constant(b);
      return by !== undefined && this.isBelow(a, mask(Number(by & 31n)), chain, block);
    }
    if (inst.op !== 'add64' || v !== inst.results[1]) return false;
    const low = inst.results[0]!;
    const lows = [low, a, c];
    if (lows.some((x) => chain.some((l) => nest.delta(x, l, chain) === null))) return false;
    if (!this.isZero(b, chain, block, depth - 1)) return false;
    const [sum, from] = [nest.at(low, front), nest.at(a, front)];
    if (!sum || !from) return false;
    const top = nest.constant(d);
    const small = nest.constant(c);
    if (top === mask(32) && small !== undefined && small !== 0n) {
      // A difference: no borrow at the start, and none later, as nothing wraps.
      if (!this.isSteady(a, chain, block) || !this.isSteady(low, chain, block)) return false;
      front.require('ult', sum, from);
      return true;
    }
    if (!this.isZero(d, chain, block, depth - 1)) return false;
    if (!lows.every((x) => this.isSteady(x, chain, block))) return false;
    front.require('uge', sum, from);
    return true;
  }

  /** Is this the high lane of a 64-bit variable that grows by a constant? Requires that its low lane does not wrap. */
  private isPairSteady(high: Value, next: Value, chain: readonly Loop[], block: Block): boolean {
    const { nest } = this;
    const inst = nest.def(next);
    if (inst?.op !== 'add64' || next !== inst.results[1] || inst.args[1] !== high) return false;
    const [low, , by, top] = inst.args as [Value, Value, Value, Value];
    const step = nest.constant(by);
    const sign = nest.constant(top);
    if (step === undefined || (sign !== 0n && sign !== mask(32))) return false;
    if (step >> 31n !== (sign === 0n ? 0n : 1n)) return false;
    const own = nest.param(low);
    // Lanes of two loops are no pair: the outer one's rests while the inner one's takes each round's carry.
    if (own?.loop !== nest.param(high)?.loop) return false;
    return own !== undefined && own.next === inst.results[0] && this.isSteady(low, chain, block);
  }

  /** Requires that a value goes its way without wrapping. */
  private isSteady(v: Value, chain: readonly Loop[], block: Block): boolean {
    if (this.held.get(v)?.has(block)) return true;
    return this.isBelow(v, mask(32), chain, block);
  }

  /** Requires that a value is at most `top` in all rounds, and goes its way without wrapping. */
  private isBelow(v: Value, top: bigint, chain: readonly Loop[], block: Block): boolean {
    const { front } = this;
    if (chain.some((l) => this.nest.delta(v, l, chain) === null)) return false;
    const way = this.way(v, chain, [block]);
    if (!way) return false;
    front.require('ule', way.down, way.start);
    front.require('ule', way.start, front.constant(top));
    front.require('ule', way.up, front.binary('sub', front.constant(top), way.start));
    return true;
  }
}
