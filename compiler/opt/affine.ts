// SPDX-License-Identifier: MIT
import type { ById, Def, Graph, Loop } from '../ir/analysis.js';
import { mask, toSigned } from '../ir/arith.js';
import { type Block, type Inst, OPS, type Value } from '../ir/ir.js';
import type { Front } from './front.js';
import { constantOf, type Linear, NOTHING, plus, valuesInto } from './induction.js';

/** How deep values are looked into, and how many instructions one of them may be made of again. */
const DEPTH = 12;
const MOST_COPIED = 24;

/**
 * Values of a nest of loops seen from in front of the outermost: what they are in the first round of all, and by how much they
 * change from round to round of each loop.
 */
export class Nest {
  private readonly params = new Map<
    Value,
    { readonly loop: Loop; readonly start: Value | null; readonly next: Value | null }
  >();
  private readonly deltas = new Map<string, bigint | null>();
  private readonly sums = new Map<Value, Linear>();
  private readonly copies = new Map<Front, Map<Value, Value | null>>();

  /** `loops`: the outermost, then all inside it. */
  constructor(
    readonly outer: Loop,
    readonly loops: readonly Loop[],
    graph: Graph,
    readonly defs: ById<Value, Def>,
  ) {
    for (const loop of loops) {
      loop.header.params.forEach((p, i) => {
        this.params.set(p, { loop, ...valuesInto(loop, i, graph) });
      });
    }
  }

  /** The loops around a block, outermost first. */
  around(block: Block): Loop[] {
    return this.loops.filter((l) => l.body.has(block)).sort((a, b) => b.body.size - a.body.size);
  }

  isOutside(v: Value): boolean {
    const def = this.defs.get(v);
    return def !== undefined && !this.outer.body.has(def.block);
  }

  def(v: Value): Inst | undefined {
    const d = this.defs.get(v);
    return d?.kind === 'inst' ? d.inst : undefined;
  }

  constant(v: Value): bigint | undefined {
    return constantOf(v, this.defs);
  }

  /** What a header's parameter of the nest starts and goes on with. */
  param(v: Value): { readonly loop: Loop; readonly start: Value | null; readonly next: Value | null } | undefined {
    return this.params.get(v);
  }

  /** The value in the first round of all loops, made again in front; null if it is not known there. */
  at(v: Value, front: Front): Value | null {
    let made = this.copies.get(front);
    if (!made) {
      made = new Map();
      this.copies.set(front, made);
    }
    return this.again(v, front, made, { left: MOST_COPIED }, DEPTH);
  }

  private again(
    v: Value,
    front: Front,
    made: Map<Value, Value | null>,
    budget: { left: number },
    depth: number,
  ): Value | null {
    if (this.isOutside(v)) return v;
    const before = made.get(v);
    if (before !== undefined) return before;
    const result = this.copied(v, front, made, budget, depth);
    // A search that was cut short says nothing about a shorter one.
    if (result || budget.left > 0) made.set(v, result);
    return result;
  }

  private copied(
    v: Value,
    front: Front,
    made: Map<Value, Value | null>,
    budget: { left: number },
    depth: number,
  ): Value | null {
    const param = this.params.get(v);
    if (param) return param.start && this.again(param.start, front, made, budget, depth - 1);
    const inst = this.def(v);
    if (!inst) return null;
    if (inst.op === 'const') return front.constant(inst.imm!);
    if (OPS[inst.op].effect !== 'pure' || inst.op === 'locate' || depth <= 0 || --budget.left <= 0) return null;
    const args: Value[] = [];
    for (const a of inst.args) {
      const copy = this.again(a, front, made, budget, depth - 1);
      if (!copy) return null;
      args.push(copy);
    }
    const { op, imm, bits, cond, region } = inst;
    const more: Partial<Inst> = {};
    if (imm !== undefined) more.imm = imm;
    if (bits !== undefined) more.bits = bits;
    if (cond !== undefined) more.cond = cond;
    if (region !== undefined) more.region = region;
    const index = inst.results.indexOf(v);
    if (inst.results.length === 1 && args.length === 2 && cond === undefined) {
      return front.binary(op, args[0]!, args[1]!);
    }
    return front.emit(op, args, inst.results.length, more)[index]!;
  }

  /**
   * By how much the value, read in a block that `chain` are the loops around, grows (signed, modulo 2^32) from one round of
   * `loop` to the next, all other loops being in the same rounds; null if that is not always the same.
   */
  delta(v: Value, loop: Loop, chain: readonly Loop[], depth = DEPTH): bigint | null {
    if (this.isOutside(v)) return 0n;
    const key = `${v.id} ${loop.header.id} ${chain.at(-1)!.header.id}`;
    let known = this.deltas.get(key);
    if (known === undefined) {
      known = this.grows(v, loop, chain, depth);
      this.deltas.set(key, known);
    }
    return known;
  }

  /** Is the value the same in all rounds of these loops? */
  rests(v: Value, loops: readonly Loop[], chain: readonly Loop[]): boolean {
    return loops.every((l) => this.delta(v, l, chain) === 0n);
  }

  private grows(v: Value, loop: Loop, chain: readonly Loop[], depth: number): bigint | null {
    const param = this.params.get(v);
    if (param) return this.paramDelta(v, loop, chain, depth);
    const inst = this.def(v);
    if (!inst || depth <= 0) return null;
    if (inst.op === 'const') return 0n;
    const of = (i: number): bigint | null => this.delta(inst.args[i]!, loop, chain, depth - 1);
    const combine = (a: bigint | null, b: bigint | null, sign: bigint): bigint | null =>
      a === null || b === null ? null : toSigned((a + sign * b) & mask(32), 32);
    const times = (n: bigint): bigint | null => combine(0n, of(0), n);
    const low = v === inst.results[0];
    const by = inst.args.length === 2 ? this.constant(inst.args[1]!) : undefined;
    if (inst.op === 'add') return combine(of(0), of(1), 1n);
    if (inst.op === 'sub') return combine(of(0), of(1), -1n);
    if (inst.op === 'add64' && low) return combine(of(0), of(2), 1n);
    if (inst.op === 'sub64' && low) return combine(of(0), of(2), -1n);
    if (inst.op === 'shl' && by !== undefined) return times(1n << (by & 31n));
    if (inst.op === 'mul' && by !== undefined) return times(by);
    if (OPS[inst.op].effect !== 'pure') return null;
    return inst.args.every((_, i) => of(i) === 0n) ? 0n : null;
  }

  private paramDelta(v: Value, loop: Loop, chain: readonly Loop[], depth: number): bigint | null {
    const { loop: own, start, next } = this.params.get(v)!;
    // Behind a loop its variables are as its last round left them.
    if (!chain.includes(own)) return null;
    if (own !== loop) {
      // Within a round of an inner loop, an outer one's variables rest; an inner one's start anew with each outer round.
      if (own.body.has(loop.header)) return 0n;
      return loop.body.has(own.header) && start && depth > 0 ? this.delta(start, loop, chain, depth - 1) : null;
    }
    if (!next) return null;
    if (next === v) return 0n;
    const inst = this.def(next);
    if (!inst || next !== inst.results[0] || inst.args[0] !== v) return null;
    const by = inst.op === 'add' ? inst.args[1] : inst.op === 'add64' ? inst.args[2] : undefined;
    const step = by && this.constant(by);
    return step === undefined ? null : toSigned(step, 32);
  }

  /** The value as a sum, through low lanes of 64-bit sums too; what is not one is a term of its own. */
  sum(v: Value, depth = DEPTH): Linear {
    let known = this.sums.get(v);
    if (!known) {
      known = this.added(v, depth);
      this.sums.set(v, known);
    }
    return known;
  }

  private added(v: Value, depth: number): Linear {
    const inst = this.def(v);
    if (inst?.op === 'const') return { terms: new Map(), add: inst.imm! };
    const leaf = { terms: new Map([[v, 1n]]), add: 0n };
    if (!inst || depth <= 0) return leaf;
    const low = v === inst.results[0];
    const of = (i: number): Linear => this.sum(inst.args[i]!, depth - 1);
    const by = inst.args.length === 2 ? this.constant(inst.args[1]!) : undefined;
    if (inst.op === 'add') return plus(of(0), of(1), 1n);
    if (inst.op === 'sub') return plus(of(0), of(1), -1n);
    if (inst.op === 'add64' && low) return plus(of(0), of(2), 1n);
    if (inst.op === 'sub64' && low) return plus(of(0), of(2), -1n);
    if (inst.op === 'shl' && by !== undefined) return plus(NOTHING, of(0), 1n << (by & 31n));
    if (inst.op === 'mul' && by !== undefined) return plus(NOTHING, of(0), by);
    return leaf;
  }
}
