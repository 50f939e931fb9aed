// SPDX-License-Identifier: MIT
import { ById, type Def, definitions, type Graph, graphOf, type Loop, loopsOf, substitute } from '../ir/analysis.js';
import { mask, toSigned, toUnsigned } from '../ir/arith.js';
import { type Block, type Cond, type Func, type Inst, type Module, newValue, type Value } from '../ir/ir.js';
import { constantOf, instOf } from './induction.js';
import { widthOf } from './known.js';
import { pass } from './pass.js';

/**
 * Takes: any stage before the guards. Gives: counters of loops in the form that other passes read. Where a counter starts at a
 * constant and an exit compares it with a constant for equality, the exit compares for order, so that ranges follow from it; a
 * 64-bit counter over lanes whose values share one high lane has that as a constant; a step that several blocks make is made
 * once. Values and rounds stay.
 */
export const tidyCounters = pass('counters', (module: Module) => {
  let changed = false;
  for (const fn of module.funcs) {
    const graph = graphOf(fn);
    const { loops } = loopsOf(graph);
    if (loops.length === 0) continue;
    const defs = definitions(fn);
    const replaced = new ById<Value, Value>();
    for (const loop of loops) changed = new Tidy(fn, graph, defs, loop, replaced).run() || changed;
    substitute(fn, replaced);
  }
  return changed;
});

/** A counter as one value, or as two lanes. Numbers are as wide as the counter. */
interface Counter {
  readonly params: readonly Value[];
  readonly bits: 32 | 64;
  readonly start: bigint;
  /** Signed, not 0. */
  readonly step: bigint;
}

/** An exit that every round tries: it is taken when the counter, before its step or behind it, equals `end`. */
interface Exit {
  readonly block: Block;
  readonly counter: Counter;
  readonly grown: boolean;
  readonly end: bigint;
  /** The lanes' disjunction is compared with 0. */
  readonly or: boolean;
}

/** How many joins a step is looked for behind. */
const DEPTH = 4;

class Tidy {
  private changed = false;

  constructor(
    private readonly fn: Func,
    private readonly graph: Graph,
    private readonly defs: ById<Value, Def>,
    private readonly loop: Loop,
    /** High lanes that turned out constant. */
    private readonly replaced: ById<Value, Value>,
  ) {}

  run(): boolean {
    const { header, body, latches } = this.loop;
    for (const param of header.params) this.oneStep(param);
    for (const block of body) {
      if (!latches.every((l) => this.graph.dominates(block, l))) continue;
      const exit = this.exitAt(block);
      if (exit) this.order(exit);
    }
    return this.changed;
  }

  /** By how much a lane pair or value is more than the counter; null if that is not one constant. */
  private stepOf(values: readonly Value[], params: readonly Value[], depth = DEPTH): bigint | null {
    const [v, h] = values;
    if (!v || depth === 0) return null;
    const def = this.defs.get(v);
    if (def?.kind === 'inst') {
      const { inst } = def;
      const pair = params.length === 2;
      if (inst.op !== (pair ? 'add64' : 'add')) return null;
      if (pair && (inst.results[0] !== v || inst.results[1] !== h)) return null;
      if (params.some((p, i) => inst.args[i] !== p)) return null;
      const by = inst.args.slice(params.length).map((x) => constantOf(x, this.defs));
      if (by.some((c) => c === undefined)) return null;
      const sum = pair ? by[0]! | (by[1]! << 32n) : by[0]!;
      return toSigned(sum, pair ? 64 : widthOf(v));
    }
    if (!def || def.block === this.loop.header || !this.loop.body.has(def.block)) return null;
    const at = values.map((x) => def.block.params.indexOf(x));
    if (at.includes(-1)) return null;
    let step: bigint | null = null;
    for (const { edge } of this.graph.preds.get(def.block)!) {
      const s = this.stepOf(
        at.map((i) => edge.args[i]!),
        params,
        depth - 1,
      );
      if (s === null || (step !== null && s !== step)) return null;
      step = s;
    }
    return step;
  }

  /** The counter that header parameters are: constant start, constant step; null if not. */
  private counterOf(params: readonly Value[]): Counter | null {
    const { header, body } = this.loop;
    const at = params.map((p) => header.params.indexOf(p));
    if (params.length === 0 || at.includes(-1)) return null;
    const bits = params.length === 2 ? 64 : widthOf(params[0]!);
    let start: bigint | null = null;
    let step: bigint | null = null;
    for (const { from, edge } of this.graph.preds.get(header)!) {
      const values = at.map((i) => edge.args[i]!);
      if (body.has(from)) {
        const s = this.stepOf(values, params);
        if (s === null || s === 0n || (step !== null && s !== step)) return null;
        step = s;
      } else {
        const lanes = values.map((v) => constantOf(v, this.defs));
        if (lanes.some((c) => c === undefined)) return null;
        const c = lanes[0]! | ((lanes[1] ?? 0n) << 32n);
        if (start !== null && c !== start) return null;
        start = c;
      }
    }
    return start === null || step === null ? null : { params, bits, start, step };
  }

  private exitAt(block: Block): Exit | null {
    const t = block.term;
    if (t.kind !== 'branch' || (t.cond !== 'eq' && t.cond !== 'ne')) return null;
    const { body, header } = this.loop;
    const [inside, outside] = t.cond === 'ne' ? [t.then, t.else] : [t.else, t.then];
    if (!body.has(inside.block) || body.has(outside.block)) return null;
    const half = t.args.length / 2;
    const lanes = t.args.slice(half).map((v) => constantOf(v, this.defs));
    if (lanes.some((c) => c === undefined)) return null;
    const end = lanes[0]! | ((lanes[1] ?? 0n) << 32n);
    const tested = t.args.slice(0, half);
    if (tested.every((v) => header.params.includes(v))) {
      const counter = this.counterOf(tested);
      return counter && { block, counter, grown: false, end, or: false };
    }
    const params = this.rootOf(tested);
    const counter = params && this.counterOf(params);
    if (counter && this.stepOf(tested, params) === counter.step) return { block, counter, grown: true, end, or: false };
    return half === 1 && end === 0n ? this.exitByOr(block, tested[0]!) : null;
  }

  /** The grown lanes' disjunction, or a join of such, is zero. */
  private exitByOr(block: Block, tested: Value): Exit | null {
    const inst = this.defs.get(this.through(tested));
    if (inst?.kind !== 'inst' || inst.inst.op !== 'or') return null;
    const params = this.rootOf(inst.inst.args);
    const counter = params?.length === 2 ? this.counterOf(params) : null;
    if (!counter || !params || !this.isOrOf(tested, params, counter.step)) return null;
    return { block, counter, grown: true, end: 0n, or: true };
  }

  /** One of the values that a join may stand for. */
  private through(v: Value, depth = DEPTH): Value {
    const def = this.defs.get(v);
    if (def?.kind !== 'param' || depth === 0 || def.block === this.loop.header || !this.loop.body.has(def.block))
      return v;
    return this.through(this.graph.preds.get(def.block)![0]!.edge.args[def.index]!, depth - 1);
  }

  private isOrOf(v: Value, params: readonly Value[], step: bigint, depth = DEPTH): boolean {
    const def = this.defs.get(v);
    if (!def || depth === 0 || !this.loop.body.has(def.block)) return false;
    if (def.kind === 'inst') return def.inst.op === 'or' && this.stepOf(def.inst.args, params) === step;
    if (def.block === this.loop.header) return false;
    return this.graph.preds.get(def.block)!.every((p) => this.isOrOf(p.edge.args[def.index]!, params, step, depth - 1));
  }

  /** The header's parameters that a sum, or a join of sums, starts from. */
  private rootOf(values: readonly Value[], depth = DEPTH): Value[] | null {
    const def = values[0] && this.defs.get(values[0]);
    if (!def || depth === 0 || !this.loop.body.has(def.block)) return null;
    if (def.kind === 'inst') return def.inst.args.slice(0, values.length);
    const into = this.graph.preds.get(def.block)![0];
    const at = values.map((v) => def.block.params.indexOf(v));
    if (def.block === this.loop.header || !into || at.includes(-1)) return null;
    return this.rootOf(
      at.map((i) => into.edge.args[i]!),
      depth - 1,
    );
  }

  /** The exit as a comparison for order, if the tested values go from their first to the end without wrapping or stepping over it. */
  private order({ block, counter, grown, end, or }: Exit): void {
    const { bits, step, start, params } = counter;
    const t = block.term;
    if (t.kind !== 'branch') return;
    for (const signed of [false, true]) {
      const number = (n: bigint): bigint => (signed ? toSigned(n, bits) : toUnsigned(n, bits));
      const [low, high] = signed ? [-(1n << BigInt(bits - 1)), mask(bits - 1)] : [0n, mask(bits)];
      const first = number(start) + (grown ? step : 0n);
      const last = number(end);
      const way = step > 0n ? last - first : first - last;
      if (first < low || first > high || way < 0n || way % (step > 0n ? step : -step) !== 0n) continue;
      const stay = `${signed ? 's' : 'u'}${step > 0n ? 'lt' : 'gt'}` as Cond;
      if (params.length === 2) this.narrow(block, counter, grown, number(start), last, or);
      else {
        const leaves = t.cond === 'eq';
        const opposite = `${signed ? 's' : 'u'}${step > 0n ? 'ge' : 'le'}` as Cond;
        block.term = { ...t, cond: leaves ? opposite : stay };
        this.changed = true;
      }
      return;
    }
  }

  /** Lanes: values from `start` to where the loop is left have one high lane, so the low lanes tell them apart. */
  private narrow(
    block: Block,
    { params, step }: Counter,
    grown: boolean,
    start: bigint,
    end: bigint,
    or: boolean,
  ): void {
    const t = block.term;
    const [low, high] = params as [Value, Value];
    // The last value that the parameter has.
    const last = grown ? end - step : end;
    if (t.kind !== 'branch' || t.wide === or || start >> 32n !== last >> 32n) return;
    const [tested] = t.args as [Value];
    const args = or ? [this.added(low, step, block), t.args[1]!] : [tested, t.args[2]!];
    block.term = { ...t, wide: false, args };
    const zero = this.constant(BigInt.asUintN(32, start >> 32n), this.loop.header);
    this.replaced.set(high, zero);
    this.changed = true;
  }

  private constant(imm: bigint, block: Block): Value {
    const result = newValue(this.fn, 'i32');
    const inst: Inst = { op: 'const', args: [], results: [result], origin: block.term.origin, imm };
    block.insts.unshift(inst);
    this.defs.set(result, { kind: 'inst', inst, index: 0, block });
    return result;
  }

  /** A step that comes through joins is made where the round ends. */
  private oneStep(param: Value): void {
    const { header, latches, body } = this.loop;
    const at = header.params.indexOf(param);
    const edgesBack = this.graph.preds.get(header)!.filter((p) => body.has(p.from));
    const [only] = edgesBack;
    if (!only || latches.length !== 1) return;
    const next = only.edge.args[at]!;
    if (instOf(next, this.defs) || next === param) return;
    const step = this.stepOf([next], [param]);
    if (step === null || step === 0n) return;
    const sum = this.added(param, step, only.from);
    only.edge.args[at] = sum;
    this.changed = true;
  }

  /** v + step, at the end of a block. */
  private added(v: Value, step: bigint, block: Block): Value {
    const { origin } = block.term;
    const by = newValue(this.fn, v.ty);
    const sum = newValue(this.fn, v.ty);
    const constant: Inst = { op: 'const', args: [], results: [by], origin, imm: toUnsigned(step, widthOf(v)) };
    const add: Inst = { op: 'add', args: [v, by], results: [sum], origin };
    block.insts.push(constant, add);
    this.defs.set(by, { kind: 'inst', inst: constant, index: 0, block });
    this.defs.set(sum, { kind: 'inst', inst: add, index: 0, block });
    return sum;
  }
}
