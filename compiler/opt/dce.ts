// SPDX-License-Identifier: MIT

import { needsHigh } from '../ir/access.js';
import { ById, type Def, definitions, listed, localFuncs, removeUnreachable } from '../ir/analysis.js';
import { type Block, edges, type Func, type Inst, type Module, newValue, OPS, type Op, type Value } from '../ir/ir.js';
import { pass } from './pass.js';

/**
 * Takes: any stage. Gives: no computation, block parameter, function parameter, call argument or result lane that nothing
 * observes, across functions; 64-bit lane operations of which only the low lane is observed become 32-bit ones. Never
 * removes effects; a load counts as one until a guard or a proof stands for its trap.
 */
export const removeDead = pass('dce', (module: Module) => {
  for (const fn of module.funcs) removeUnreachable(fn);
  const live = new Liveness(module).run();
  let changed = false;
  for (const fn of module.funcs) changed = new Sweep(module, fn, live.get(fn)!).run() || changed;
  // Calls last: they are cut to what each callee still takes and gives.
  const calls = callsOf(module);
  for (const fn of module.funcs) {
    if (!fn.entry) changed = cutSignature(module, fn, calls.get(fn.index) ?? [], live) || changed;
  }
  return changed;
});

/** Narrow operation that gives the low lane, for those where the low lane needs only low lanes. */
const LOW_LANE = { add64: 'add', sub64: 'sub', mul64: 'mul', umul64: 'mul' } as const satisfies Partial<Record<Op, Op>>;
const isLowLane = (op: Op): op is keyof typeof LOW_LANE => op in LOW_LANE;

/** Must the instruction stay although nothing uses its results? */
function stays(inst: Inst, guarded: boolean): boolean {
  const { effect } = OPS[inst.op];
  if (effect === 'pure') return false;
  return effect !== 'read' || !(guarded || inst.access?.proved);
}

/** Positions of a pair's lanes in the argument list of a memory operation that no guard reads. */
function unguardedHigh(module: Module, inst: Inst): boolean {
  const memory = inst.op === 'load' || inst.op === 'store' || inst.op === 'atomic';
  return memory && module.properties.has('lanes') && !module.properties.has('guarded') && !needsHigh(inst.access);
}

/** What is live in one function. */
class Live {
  private readonly marks: Uint8Array;
  readonly defs: ById<Value, Def>;
  /** Arguments of the edges into each block. */
  readonly incoming = new ById<Block, Value[][]>();
  /** Calls of the function, and where they are. */
  readonly calls: { readonly at: Live; readonly inst: Inst }[] = [];
  /** Results that some call has asked for. */
  readonly asked = new Set<number>();

  constructor(readonly fn: Func) {
    this.marks = new Uint8Array(fn.nextValue);
    this.defs = definitions(fn);
    for (const block of fn.blocks) this.incoming.set(block, []);
    for (const block of fn.blocks) for (const e of edges(block.term)) this.incoming.get(e.block)!.push(e.args);
  }

  has(v: Value): boolean {
    return this.marks[v.id] === 1;
  }

  add(v: Value): void {
    this.marks[v.id] = 1;
  }
}

class Liveness {
  private readonly of: ReadonlyMap<Func, Live>;
  private readonly locals: ReadonlyMap<number, Func>;
  /** Values to be looked at, and where they are. */
  private readonly work: Value[] = [];
  private readonly places: Live[] = [];

  constructor(private readonly module: Module) {
    this.of = new Map(module.funcs.map((fn) => [fn, new Live(fn)]));
    this.locals = localFuncs(module);
  }

  run(): ReadonlyMap<Func, Live> {
    const { module } = this;
    const guarded = module.properties.has('guarded');
    for (const at of this.of.values()) {
      for (const { insts } of at.fn.blocks) {
        for (const inst of insts) if (inst.op === 'call') this.calleeOf(inst).calls.push({ at, inst });
      }
    }
    for (const [fn, at] of this.of) {
      // A wide result is one value that stays; only lanes are cut from signatures.
      const keepsResults = fn.entry || !module.properties.has('lanes');
      for (const { insts, term } of fn.blocks) {
        for (const inst of insts) if (stays(inst, guarded)) this.needArgs(at, inst, null);
        if (term.kind === 'branch' || (term.kind === 'ret' && keepsResults))
          for (const v of term.args) this.need(at, v);
      }
    }
    for (let v = this.work.pop(); v; v = this.work.pop()) this.spread(this.places.pop()!, v);
    return this.of;
  }

  /** The callee of a call, as the module has it. */
  private calleeOf(inst: Inst): Live {
    const callee = this.locals.get(inst.callee!);
    if (!callee) throw new Error(`call of function ${inst.callee}, which is not in the module`);
    return this.of.get(callee)!;
  }

  private need(at: Live, v: Value): void {
    if (at.has(v)) return;
    at.add(v);
    this.work.push(v);
    this.places.push(at);
  }

  private needResult(callee: Live, index: number): void {
    if (callee.asked.has(index)) return;
    callee.asked.add(index);
    for (const { term } of callee.fn.blocks) if (term.kind === 'ret') this.need(callee, term.args[index]!);
  }

  /** Needs what an instruction reads for one of its results, or for its effect (null). */
  private needArgs(at: Live, inst: Inst, result: number | null): void {
    const { args } = inst;
    // Arguments of a call are needed when the callee's parameter is; see spread.
    if (inst.op === 'call') return;
    if (isLowLane(inst.op) && result === 0) {
      this.need(at, args[0]!);
      this.need(at, args[inst.op === 'umul64' ? 1 : 2]!);
    } else if (inst.op === 'shl64' && result === 0) {
      this.need(at, args[0]!);
      this.need(at, args[2]!);
    } else if ((inst.op === 'lshr64' || inst.op === 'ashr64') && result === 1) {
      this.need(at, args[1]!);
      this.need(at, args[2]!);
    } else {
      const skipHigh = unguardedHigh(this.module, inst);
      args.forEach((v, i) => {
        if (!(skipHigh && i === 1)) this.need(at, v);
      });
    }
  }

  private spread(at: Live, v: Value): void {
    const def = at.defs.get(v)!;
    if (def.kind === 'inst') {
      if (def.inst.op === 'call') this.needResult(this.calleeOf(def.inst), def.index);
      this.needArgs(at, def.inst, def.index);
    } else if (def.block !== at.fn.blocks[0]) {
      for (const args of at.incoming.get(def.block)!) this.need(at, args[def.index]!);
    } else {
      for (const call of at.calls) this.need(call.at, call.inst.args[def.index]!);
    }
  }
}

class Sweep {
  private zero: Value | null = null;
  private changed = false;

  constructor(
    private readonly module: Module,
    private readonly fn: Func,
    private readonly live: Live,
  ) {}

  run(): boolean {
    const { fn, live } = this;
    const guarded = this.module.properties.has('guarded');
    const entry = fn.blocks[0]!;
    for (const block of fn.blocks) {
      const kept = block.insts.filter((i) => stays(i, guarded) || i.results.some((v) => live.has(v)));
      if (kept.length !== block.insts.length) this.changed = true;
      block.insts = kept.map((inst) => this.narrow(inst, guarded));
    }
    // Edges are cut while the parameters still stand.
    for (const block of fn.blocks) {
      for (const e of edges(block.term)) {
        if (e.block !== entry) e.args = e.args.filter((_, i) => live.has(e.block.params[i]!));
      }
    }
    for (const block of fn.blocks) {
      if (block === entry || block.params.every((v) => live.has(v))) continue;
      block.params = block.params.filter((v) => live.has(v));
      this.changed = true;
    }
    // Placed last, so that it dominates every use.
    if (this.zero) {
      const origin = { func: fn.index, slot: 0 };
      entry.insts.unshift({ op: 'const', args: [], results: [this.zero], origin, imm: 0n });
    }
    return this.changed;
  }

  private zeroValue(): Value {
    this.zero ??= newValue(this.fn, 'i32');
    return this.zero;
  }

  /** Puts 0 for an argument that is not looked at. */
  private blank(inst: Inst, i: number): void {
    if (this.live.has(inst.args[i]!)) return;
    inst.args[i] = this.zeroValue();
    this.changed = true;
  }

  private narrow(inst: Inst, guarded: boolean): Inst {
    const { live } = this;
    if (unguardedHigh(this.module, inst)) {
      this.blank(inst, 1);
      return inst;
    }
    if (inst.op === 'atomic' && inst.results.length > 0 && !inst.results.some((v) => live.has(v))) {
      this.changed = true;
      return { ...inst, results: [] };
    }
    const [lo, hi] = inst.results;
    if (!lo || !hi) return inst;
    if (isLowLane(inst.op) && !live.has(hi)) {
      this.changed = true;
      const b = inst.op === 'umul64' ? 1 : 2;
      return { ...inst, op: LOW_LANE[inst.op], args: [inst.args[0]!, inst.args[b]!], results: [lo] };
    }
    if (inst.op === 'shl64' && !live.has(hi)) this.blank(inst, 1);
    if ((inst.op === 'lshr64' || inst.op === 'ashr64') && !live.has(lo)) this.blank(inst, 0);
    if (inst.op === 'load' && guarded && (!live.has(lo) || !live.has(hi))) {
      this.changed = true;
      const access = inst.access && { ...inst.access, align: Math.min(inst.access.align, 4) as 1 | 2 | 4 };
      const off = live.has(lo) ? inst.off! : inst.off! + 4;
      return { ...inst, size: 4, off, access, results: [live.has(lo) ? lo : hi] };
    }
    return inst;
  }
}

/** A call and its place. */
interface Call {
  readonly fn: Func;
  readonly block: Block;
  readonly i: number;
  readonly inst: Inst;
}

/** All calls, by the callee's index. */
function callsOf(module: Module): Map<number, Call[]> {
  const calls = new Map<number, Call[]>();
  for (const fn of module.funcs) {
    for (const block of fn.blocks) {
      block.insts.forEach((inst, i) => {
        if (inst.callee !== undefined) listed(calls, inst.callee).push({ fn, block, i, inst });
      });
    }
  }
  return calls;
}

/** Drops parameters and result lanes of a local function that nothing uses, at every call too. */
function cutSignature(module: Module, fn: Func, calls: readonly Call[], live: ReadonlyMap<Func, Live>): boolean {
  const entry = fn.blocks[0]!;
  const own = live.get(fn)!;
  const params = entry.params.map((v) => own.has(v));
  const lanes = module.properties.has('lanes');
  const results = fn.results.map((_, i) => !lanes || calls.some((c) => live.get(c.fn)!.has(c.inst.results[i]!)));
  if (params.every(Boolean) && results.every(Boolean)) return false;
  entry.params = entry.params.filter((_, i) => params[i]);
  fn.params = fn.params.filter((_, i) => params[i]);
  if (lanes) {
    fn.results = fn.results.filter((_, i) => results[i]);
    for (const { term } of fn.blocks) if (term.kind === 'ret') term.args = term.args.filter((_, i) => results[i]);
  }
  for (const { block, inst, i } of calls) {
    block.insts[i] = {
      ...inst,
      args: inst.args.filter((_, k) => params[k]),
      results: lanes ? inst.results.filter((_, k) => results[k]) : inst.results,
    };
  }
  return true;
}
