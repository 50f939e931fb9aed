// SPDX-License-Identifier: MIT
import { ById, type Def, definitions, forEachUse, type Graph, graphOf, type Loop, loopsOf } from '../ir/analysis.js';
import { mask, toSigned } from '../ir/arith.js';
import { type Block, edges, type Func, type Inst, type Module, newValue, OPS, type Value } from '../ir/ir.js';
import type { Shape } from '../ir/shape.js';
import { giveFronts, innerFirst } from './fronts.js';
import {
  type CountedExit,
  type Counter,
  constantOf,
  countedExits,
  countersOf,
  exitsOf,
  instOf,
  isInvariant,
  type Linear,
  linearOf,
  plus,
} from './induction.js';
import { exactLimit } from './limits.js';
import { boundsByBits, roundsOf } from './loop-bounds.js';
import { type Pass, pass } from './pass.js';

/**
 * Takes: a guarded module. Gives: loops whose addresses and last test are written with the variables that cost the core the
 * fewest instructions a round: one index that ends at zero over bases that no round changes, where the core adds registers in
 * its accesses; else one pointer for each group of addresses that differ by constants, the test on one of them. What is
 * addressed, and how often a loop goes round, stays. Dead variables are left to `dce`.
 */
export function strengthen(shape: Shape): Pass {
  return pass(
    'strength',
    (module: Module) => {
      let changed = false;
      for (const fn of module.funcs) {
        if (loopsOf(graphOf(fn)).loops.length === 0) continue;
        const fronts = giveFronts(fn);
        const graph = graphOf(fn);
        const defs = definitions(fn);
        const { loops } = loopsOf(graph);
        const readers = readersOf(fn, loops);
        const outermost = outermostOf(loops);
        for (const loop of innerFirst(loops)) {
          const front = fronts.get(loop.header)!;
          const around = outermost.get(loop.header)!;
          changed = new Strength({ fn, graph, defs, front, shape, around, readers }, loop).run() || changed;
        }
      }
      return changed;
    },
    { requires: ['guarded'] },
  );
}

interface Work {
  readonly fn: Func;
  readonly graph: Graph;
  readonly defs: ById<Value, Def>;
  readonly front: Block;
  readonly shape: Shape;
  /** Blocks of the outermost loop around; none if it is large. */
  readonly around: ReadonlySet<Block>;
  /** Blocks that read the variables of loops. */
  readonly readers: ById<Value, Block[]>;
}

/** Blocks of the outermost loop around each block; none where that has too many to be looked at again and again. */
function outermostOf(loops: readonly Loop[]): Map<Block, ReadonlySet<Block>> {
  const of = new Map<Block, ReadonlySet<Block>>();
  for (const { body } of innerFirst(loops).reverse()) {
    for (const b of body) if (!of.has(b)) of.set(b, body.size > MOST_AROUND ? NO_BLOCKS : body);
  }
  return of;
}

/** The blocks that read parameters of headers and what goes back into them. */
function readersOf(fn: Func, loops: readonly Loop[]): ById<Value, Block[]> {
  const readers = new ById<Value, Block[]>();
  for (const { header, latches } of loops) {
    for (const p of header.params) readers.set(p, []);
    for (const l of latches) {
      for (const e of edges(l.term)) if (e.block === header) for (const v of e.args) readers.set(v, []);
    }
  }
  forEachUse(fn, (args, block) => {
    for (const v of args) readers.get(v)?.push(block);
  });
  return readers;
}

/** A load or store whose address changes by `step` each round. */
interface Access {
  readonly inst: Inst;
  readonly block: Block;
  readonly place: number;
  /** The address in the first round, offset included. */
  readonly first: Linear;
}

/** Accesses whose addresses differ by constants. */
interface Group {
  readonly step: bigint;
  readonly accesses: Access[];
  /** Constants of the addresses, signed, ascending. */
  readonly offsets: bigint[];
}

/** A variable that a plan makes: `first` in the first round, then by `step`. */
interface Variable {
  readonly param: Value;
  readonly next: Value;
  readonly step: bigint;
  readonly first: Linear;
  /** Where the step is made: behind this access, or at the end of the block. */
  readonly block: Block;
  readonly behind: Access | null;
}

/** How the loop's last test could be made. `end`: the value at which the tested counter leaves. */
interface Leaving {
  readonly counted: CountedExit;
  readonly end: Linear;
  /** How often the test holds at most, or null. */
  readonly rounds: number | null;
}

/** A loop's variables and what they cost a round, in halves of an instruction. */
interface Plan {
  readonly cost: number;
  /** Bytes by which the common index grows; 0: none. */
  readonly index: bigint;
  readonly test: 'keep' | 'index' | 'pointer' | 'count';
}

/** Most accesses and instructions of a loop that are looked at. */
const MOST_ACCESSES = 64;
const MOST_INSTS = 2000;
/** Most blocks of a loop around others. */
const MOST_AROUND = 200;
/** Offsets of accesses are below this in size. */
const FAR = 1n << 15n;

const NO_BLOCKS: ReadonlySet<Block> = new Set();
const ZERO: Linear = { terms: new Map(), add: 0n };

class Strength {
  private counters: Counter[];
  private groups: Group[] = [];
  private readonly grouped = new Set<Inst>();
  private readonly latch: Block;
  private leaving: Leaving | null = null;
  /** Values that something else than grouped addresses and the last test needs. */
  private readonly needed = new Set<Value>();

  constructor(
    private readonly work: Work,
    private readonly loop: Loop,
  ) {
    this.counters = countersOf(loop, work.graph, work.defs);
    this.latch = loop.latches[0]!;
  }

  run(): boolean {
    const { loop } = this;
    if (this.counters.length === 0 || loop.latches.length !== 1) return false;
    let size = 0;
    for (const b of loop.body) size += b.insts.length;
    if (size > MOST_INSTS) return false;
    this.shiftTest();
    this.findGroups();
    this.findLeaving();
    if (this.groups.length === 0 && !this.leaving) return false;
    this.findNeeded();
    const now = this.presentCost();
    const better = this.plans().filter((plan) => plan.cost < now && this.fits(plan));
    const best = better.reduce<Plan | null>((a, b) => (a && a.cost <= b.cost ? a : b), null);
    if (!best) return false;
    this.apply(best);
    return true;
  }

  // What there is.

  private isOutside(v: Value): boolean {
    return !this.loop.body.has(this.work.defs.get(v)!.block);
  }

  /** A value as a sum of what is known in front of the loop and of counters. */
  private linear(v: Value): Linear {
    const { defs } = this.work;
    return linearOf(v, defs, (x) => {
      if (!this.isOutside(x)) return false;
      const inst = instOf(x, defs);
      return inst?.op !== 'add' || constantOf(inst.args[1]!, defs) === undefined;
    });
  }

  /** The value in the first round and its growth; null if it is not that simple. */
  private walk(v: Value): { first: Linear; step: bigint } | null {
    const { terms, add } = this.linear(v);
    let first: Linear = { terms: new Map(), add };
    let step = 0n;
    for (const [x, k] of terms) {
      const counter = this.counters.find((c) => c.param === x);
      if (counter) {
        step += k * counter.step;
        first = plus(first, this.linear(counter.start), k);
      } else if (this.isOutside(x)) first = plus(first, { terms: new Map([[x, 1n]]), add: 0n }, k);
      else return null;
    }
    step = toSigned(step & mask(32), 32);
    return step === 0n ? null : { first, step };
  }

  private findGroups(): void {
    const byKey = new Map<string, Group>();
    let count = 0;
    for (const block of this.loop.body) {
      for (const [place, inst] of block.insts.entries()) {
        if (inst.op !== 'load' && inst.op !== 'store') continue;
        if (++count > MOST_ACCESSES) return;
        const walk = this.walk(inst.args[0]!);
        if (!walk) continue;
        const { terms, add } = plus(walk.first, { terms: new Map(), add: BigInt(inst.off!) & mask(32) }, 1n);
        const key = `${walk.step} ${[...terms].map(([v, k]) => `${v.id}*${k}`).sort()}`;
        let group = byKey.get(key);
        if (!group) {
          group = { step: walk.step, accesses: [], offsets: [] };
          byKey.set(key, group);
          this.groups.push(group);
        }
        group.accesses.push({ inst, block, place, first: { terms, add } });
        this.grouped.add(inst);
      }
    }
    for (const g of this.groups) {
      const all = new Set(g.accesses.map((a) => toSigned(a.first.add, 32)));
      g.offsets.push(...[...all].sort((a, b) => (a < b ? -1 : 1)));
    }
    // Offsets that do not fit into an access stay as they are.
    this.groups = this.groups.filter((g) => {
      const near = g.offsets.at(-1)! - g.offsets[0]! < FAR - 256n;
      if (!near) for (const a of g.accesses) this.grouped.delete(a.inst);
      return near;
    });
  }

  /**
   * Where every round tests a counter plus some constant: makes that a counter of its own, tested when it has grown.
   * The sum was computed each round anyway.
   */
  private shiftTest(): void {
    const { defs, graph } = this.work;
    const counter = (v: Value): [Counter, bigint] | null => {
      const inst = instOf(v, defs);
      const k = inst?.op === 'add' ? constantOf(inst.args[1]!, defs) : undefined;
      const c = k !== undefined && this.counters.find((x) => x.param === inst!.args[0] && x.next !== v);
      return c ? [c, k!] : null;
    };
    for (const { block } of exitsOf(this.loop)) {
      const t = block.term;
      if (t.kind !== 'branch' || !graph.dominates(block, this.latch)) continue;
      const at = t.args.findIndex((v) => counter(v) !== null);
      if (at < 0 || !isInvariant(t.args[1 - at]!, this.loop, defs)) continue;
      const [c, k] = counter(t.args[at]!)!;
      const by: Linear = { terms: new Map(), add: (k - c.step) & mask(32) };
      const { next } = this.variable(plus(this.linear(c.start), by, 1n), c.step, block, null);
      t.args = t.args.map((v, i) => (i === at ? next : v));
      break;
    }
    this.counters = countersOf(this.loop, this.work.graph, defs);
  }

  /** The test at the end of every round, if it is one of a counter. */
  private findLeaving(): void {
    const { graph, defs } = this.work;
    for (const counted of countedExits(this.loop, graph, defs)) {
      if (!counted.everyRound) continue;
      const end = exactLimit(counted, this.loop.header, graph, defs);
      if (!end) continue;
      // Nearest to the back edge.
      if (this.leaving && graph.dominates(counted.exit.block, this.leaving.counted.exit.block)) continue;
      this.leaving = { counted, end, rounds: roundsOf(counted, boundsByBits(defs)) };
    }
  }

  private findNeeded(): void {
    const { defs } = this.work;
    const { header, body } = this.loop;
    const work: Value[] = [];
    const need = (v: Value): void => {
      if (this.needed.has(v)) return;
      this.needed.add(v);
      work.push(v);
    };
    const counters = new Set(this.counters.map((c) => c.param));
    const test = this.leaving?.counted.exit.block;
    const use = (args: readonly Value[]): void => {
      for (const v of args) if (body.has(defs.get(v)!.block)) need(v);
    };
    for (const block of body) {
      for (const inst of block.insts) {
        if (OPS[inst.op].effect === 'pure') continue;
        use(this.grouped.has(inst) ? inst.args.slice(1) : inst.args);
      }
      const t = block.term;
      if ((t.kind === 'branch' && block !== test) || t.kind === 'ret') use(t.args);
      for (const e of edges(t)) {
        e.args.forEach((v, i) => {
          if (e.block !== header || !counters.has(header.params[i]!)) use([v]);
        });
      }
    }
    // What a counter ends with may be read behind the loop.
    for (const { param, next } of this.counters) {
      if ([param, next].some((v) => this.work.readers.get(v)?.some((b) => !body.has(b)))) need(param);
    }
    for (let v = work.pop(); v; v = work.pop()) {
      const counter = this.counters.find((c) => c.param === v);
      if (counter) need(counter.next);
      const inst = instOf(v, defs);
      if (inst && OPS[inst.op].effect === 'pure') use(inst.args);
    }
  }

  // What it costs.

  /** Halves of an instruction: what only some rounds do counts half. */
  private weight(block: Block): number {
    return this.work.graph.dominates(block, this.latch) ? 2 : 1;
  }

  private presentCost(): number {
    const { defs, shape } = this.work;
    let cost = this.leaving ? this.keepCost(this.leaving.counted) : 0;
    const users = new Map<Value, Inst[]>();
    for (const block of this.loop.body) {
      for (const inst of block.insts) {
        for (const v of new Set(inst.args)) users.set(v, [...(users.get(v) ?? []), inst].slice(0, 3));
      }
    }
    const steps = new Set(this.counters.map((c) => c.next));
    const only = (v: Value): Inst | null => (users.get(v)?.length === 1 ? users.get(v)![0]! : null);
    const folds = (inst: Inst): boolean => {
      if (shape.indexShift === null) return false;
      const reader = only(inst.results[0]!);
      if (inst.op === 'add') return reader !== null && this.takesIndex(reader) && reader.off === 0;
      const by = inst.op === 'shl' ? constantOf(inst.args[1]!, defs) : undefined;
      return by !== undefined && by <= BigInt(shape.indexShift) && reader?.op === 'add' && folds(reader);
    };
    for (const block of this.loop.body) {
      for (const inst of block.insts) {
        const [v] = inst.results;
        if (this.grouped.has(inst) && !this.reaches(inst, BigInt(inst.off!))) cost += this.weight(block);
        if (!v || inst.op === 'const' || OPS[inst.op].effect !== 'pure') continue;
        if (steps.has(v)) {
          const counter = this.counters.find((c) => c.next === v)!;
          const stays = this.needed.has(counter.param);
          cost += this.advances(counter) ? (stays ? -2 : 0) : stays ? 0 : 2;
          if (!stays) cost += this.setup(this.linear(counter.start));
        } else if (this.needed.has(v)) continue;
        else if (!folds(inst)) cost += this.weight(block);
      }
    }
    return cost;
  }

  private takesIndex(inst: Inst): boolean {
    return this.grouped.has(inst) && inst.size !== 8 && (inst.access?.align ?? 1) >= inst.size!;
  }

  /** Is the counter a pointer that its only access can advance? */
  private advances(c: Counter): boolean {
    if (!this.work.shape.postIncrement) return false;
    const direct = this.groups.filter((g) => g.accesses.some((a) => a.inst.args[0] === c.param));
    return direct.length === 1 && this.selfAdvancing(direct[0]!) && direct[0]!.accesses.every((a) => a.inst.off === 0);
  }

  /** Can one of the group's accesses make the pointer's step? */
  private selfAdvancing(g: Group): boolean {
    const { shape } = this.work;
    if (!shape.postIncrement || g.offsets.length !== 1 || g.step < -255n || g.step > 255n) return false;
    return this.lastOf(g) !== null;
  }

  /** The access behind all others of the group, if every round makes it. */
  private lastOf(g: Group): Access | null {
    const { graph } = this.work;
    const behind = (a: Access, b: Access): boolean =>
      a.block === b.block ? a.place >= b.place : graph.dominates(b.block, a.block);
    const last = g.accesses.find((a) => g.accesses.every((b) => behind(a, b)));
    if (!last || last.inst.size === 8 || !graph.dominates(last.block, this.latch)) return null;
    // In a loop inside this one it would step more often.
    return this.inInner(last.block) ? null : last;
  }

  private inInner(block: Block): boolean {
    const { graph } = this.work;
    const { header } = this.loop;
    if (block === header) return false;
    // Some block of the loop but the header jumps back to a dominator of `block`.
    for (const b of this.loop.body) {
      for (const e of edges(b.term)) {
        if (e.block !== header && graph.dominates(e.block, b) && graph.dominates(e.block, block)) return true;
      }
    }
    return false;
  }

  /** Halves of an instruction for the group's accesses that do not take their offset from a pointer at `from`. */
  private far(g: Group, from: bigint): number {
    return g.accesses.reduce((sum, a) => {
      const off = toSigned((a.first.add - from) & mask(32), 32);
      return sum + (this.reaches(a.inst, off) ? 0 : this.weight(a.block));
    }, 0);
  }

  private reaches(inst: Inst, off: bigint): boolean {
    const { min, max, scaled } = this.work.shape.offsets;
    return off >= BigInt(min) && off <= BigInt(scaled ? max * inst.size! : max);
  }

  private pointerCost(g: Group): number {
    const fixed = this.fixedFor(g);
    const from = fixed ? this.linear(fixed.start).add : g.offsets[0]! & mask(32);
    return this.stepCost(g, fixed) + this.far(g, from);
  }

  private stepCost(g: Group, fixed: Counter | null): number {
    // A pointer that stays anyway would be advanced by an instruction of its own.
    if (fixed) return this.selfAdvancing(g) && this.linear(fixed.start).add === (g.offsets[0]! & mask(32)) ? -2 : 0;
    return (this.selfAdvancing(g) ? 0 : 2) + this.setup(g.accesses[0]!.first);
  }

  /** What a sum costs in front of the loop, for each of the rounds that are to be expected. */
  private setup({ terms, add }: Linear): number {
    const { bound } = this.loop.header;
    let insts = Math.max(1, terms.size) - 1 + (add === 0n && terms.size > 0 ? 0 : 1);
    for (const k of terms.values()) if (k !== 1n && k !== mask(32)) insts++;
    return (2 * insts) / Math.min(8, (bound ?? 7) + 1);
  }

  /** A counter that stays anyway and from which the group's addresses are a constant away. */
  private fixedFor(g: Group): Counter | null {
    const { terms } = g.accesses[0]!.first;
    return (
      this.counters.find((c) => {
        if (!this.needed.has(c.param) || c.step !== g.step) return false;
        const start = this.linear(c.start);
        if (start.terms.size !== terms.size || [...terms].some(([v, k]) => start.terms.get(v) !== k)) return false;
        return g.accesses.every((a) => this.reaches(a.inst, toSigned((a.first.add - start.add) & mask(32), 32)));
      }) ?? null
    );
  }

  private indexShiftFor(g: Group, index: bigint): bigint | null {
    const { indexShift } = this.work.shape;
    if (indexShift === null || g.offsets.length > 2 || !g.accesses.every((a) => this.takesIndex(a.inst))) return null;
    for (let s = 0n; s <= BigInt(indexShift); s++) if (index << s === g.step) return s;
    return null;
  }

  private keepCost({ exit, counter, grown, limit }: CountedExit): number {
    const { shape, defs } = this.work;
    const c = constantOf(limit, defs);
    if (shape.flags) return grown && c === 0n && this.work.defs.get(counter.next)!.block === exit.block ? 0 : 2;
    return c === undefined || c === 0n ? 0 : 2;
  }

  private plans(): Plan[] {
    const { shape } = this.work;
    const { leaving, groups } = this;
    const out: Plan[] = [];
    const keep = leaving
      ? this.keepCost(leaving.counted) + (this.needed.has(leaving.counted.counter.param) ? 0 : 2)
      : 0;
    const counter = leaving && this.linear(leaving.counted.counter.start);
    const way = leaving && counter ? plus(leaving.end, counter, -1n) : null;
    // Of plans that cost the same, the first: an index needs no long encodings, a count no end computed.
    for (const index of this.indexSteps()) {
      const times = this.countsAs(index);
      for (const test of ['index', 'keep'] as const) {
        if (test === 'index' && (!way || times === null)) continue;
        const first = test === 'index' ? plus(ZERO, way!, -times!) : ZERO;
        let cost = 2 + this.setup(first) + (test === 'keep' ? keep : 0);
        for (const g of groups) {
          const shift = this.indexShiftFor(g, index);
          if (shift === null) cost += this.pointerCost(g);
          else for (const o of g.offsets) cost += this.setup(this.baseOf(g, o, first, shift));
        }
        out.push({ cost, index, test });
      }
    }
    const pointers = groups.reduce((sum, g) => sum + this.pointerCost(g), 0);
    out.push({ cost: pointers + keep, index: 0n, test: 'keep' });
    if (leaving && way) {
      out.push({ cost: pointers + 2 + this.setup(way), index: 0n, test: 'count' });
      const tested = groups.find((g) => this.countsAs(g.step) !== null);
      if (tested) {
        const end = plus(tested.accesses[0]!.first, way, this.countsAs(tested.step)!);
        out.push({ cost: pointers + (shape.flags ? 2 : 0) + this.setup(end), index: 0n, test: 'pointer' });
      }
    }
    return out;
  }

  /** What has to be added to a scaled index that starts at `first` to get the group's address with a constant. */
  private baseOf(g: Group, offset: bigint, first: Linear, shift: bigint): Linear {
    const { terms } = g.accesses[0]!.first;
    return plus({ terms, add: offset & mask(32) }, first, -(1n << shift));
  }

  private indexSteps(): Set<bigint> {
    const { indexShift } = this.work.shape;
    const steps = new Set<bigint>();
    if (indexShift === null) return steps;
    for (const { step } of this.groups) {
      for (let s = 0n; s <= BigInt(indexShift); s++) if (step % (1n << s) === 0n) steps.add(step >> s);
    }
    return steps;
  }

  /**
   * How often the tested counter's step goes into `step`, if a variable with that step meets its end exactly when the counter
   * does: no earlier multiple of the difference is 0 modulo 2^32.
   */
  private countsAs(step: bigint): bigint | null {
    const { leaving } = this;
    if (!leaving) return null;
    const own = leaving.counted.counter.step;
    if (step % own !== 0n) return null;
    const times = step / own;
    if (times === 1n || times === -1n) return times;
    if (leaving.rounds === null) return null;
    const size = step < 0n ? -step : step;
    return size * BigInt(leaving.rounds + 2) <= mask(32) ? times : null;
  }

  /** Would the loop's values still have a register each? */
  private fits(plan: Plan): boolean {
    const { defs, shape } = this.work;
    const { header, body } = this.loop;
    const { graph, around } = this.work;
    const outer = new Set<Value>();
    const see = (v: Value): void => {
      const { block } = defs.get(v)!;
      if (!body.has(block) && graph.dominates(block, header) && constantOf(v, defs) === undefined) outer.add(v);
    };
    // What the loops around this one read behind it lives through it.
    for (const block of around) {
      if (body.has(block)) continue;
      for (const inst of block.insts) inst.args.forEach(see);
      if (block.term.kind === 'branch') block.term.args.forEach(see);
      for (const e of edges(block.term)) if (e.block !== header) e.args.forEach(see);
    }
    for (const block of body) {
      for (const inst of block.insts) {
        if (inst.results.length > 0 && OPS[inst.op].effect === 'pure' && !inst.results.some((v) => this.needed.has(v)))
          continue;
        (this.grouped.has(inst) ? inst.args.slice(1) : inst.args).forEach(see);
      }
      if (block.term.kind === 'branch' && block !== this.leaving?.counted.exit.block) block.term.args.forEach(see);
      for (const e of edges(block.term)) e.args.forEach(see);
    }
    const stays = header.params.filter((p) => this.needed.has(p) || !this.counters.some((c) => c.param === p)).length;
    let own = plan.test === 'keep' ? 1 : plan.test === 'index' ? 0 : 1;
    if (plan.index !== 0n) own++;
    for (const g of this.groups) own += this.indexShiftFor(g, plan.index) === null ? 1 : g.offsets.length;
    // One or two for what a round computes.
    return outer.size + stays + own + 1 <= shape.registers;
  }

  // Doing it.

  private readonly built = new Map<string, Value>();

  private emit(op: Inst['op'], args: Value[], more: Partial<Inst> = {}): Value {
    const { fn, front, defs } = this.work;
    const result = newValue(fn, 'i32');
    const inst: Inst = { op, args, results: [result], origin: front.term.origin, ...more };
    front.insts.push(inst);
    defs.set(result, { kind: 'inst', inst, index: 0, block: front });
    return result;
  }

  private constant(n: bigint): Value {
    return this.emit('const', [], { imm: n & mask(32) });
  }

  /** The sum, computed in front of the loop. */
  private build({ terms, add }: Linear): Value {
    const key = `${[...terms].map(([v, k]) => `${v.id}*${k}`).sort()} ${add}`;
    const known = this.built.get(key);
    if (known) return known;
    let sum: Value | null = null;
    const negative: [Value, bigint][] = [];
    const scaled = (v: Value, k: bigint): Value => {
      if (k === 1n) return v;
      const power = k.toString(2).lastIndexOf('1') === 0 ? BigInt(k.toString(2).length - 1) : null;
      return power === null ? this.emit('mul', [v, this.constant(k)]) : this.emit('shl', [v, this.constant(power)]);
    };
    for (const [v, k] of terms) {
      const signed = toSigned(k, 32);
      if (signed < 0n) negative.push([v, -signed]);
      else sum = sum ? this.emit('add', [sum, scaled(v, k)]) : scaled(v, k);
    }
    if (!sum) {
      sum = this.constant(add);
    } else if (add !== 0n) sum = this.emit('add', [sum, this.constant(add)]);
    for (const [v, k] of negative) sum = this.emit('sub', [sum, scaled(v, k)]);
    this.built.set(key, sum);
    return sum;
  }

  /** A new variable of the loop. */
  private variable(first: Linear, step: bigint, block: Block, behind: Access | null): Variable {
    const { fn, front, defs } = this.work;
    const { header } = this.loop;
    const param = newValue(fn, 'i32');
    const next = newValue(fn, 'i32');
    const by = newValue(fn, 'i32');
    const origin = behind?.inst.origin ?? block.term.origin;
    const constant: Inst = { op: 'const', args: [], results: [by], origin, imm: step & mask(32) };
    const add: Inst = { op: 'add', args: [param, by], results: [next], origin };
    if (behind) block.insts.splice(block.insts.indexOf(behind.inst) + 1, 0, constant, add);
    else block.insts.push(constant, add);
    defs.set(param, { kind: 'param', index: header.params.length, block: header });
    defs.set(next, { kind: 'inst', inst: add, index: 0, block });
    defs.set(by, { kind: 'inst', inst: constant, index: 0, block });
    header.params.push(param);
    for (const e of edges(front.term)) if (e.block === header) e.args.push(this.build(first));
    for (const e of edges(this.latch.term)) if (e.block === header) e.args.push(next);
    return { param, next, step, first, block, behind };
  }

  /** The variable's value at an access: before its step or behind it. */
  private at(v: Variable, a: Access): { value: Value; first: Linear } {
    const { graph } = this.work;
    const grown =
      v.behind && v.block === a.block
        ? a.block.insts.indexOf(a.inst) > a.block.insts.indexOf(v.behind.inst)
        : v.block !== a.block && graph.dominates(v.block, a.block);
    if (!grown) return { value: v.param, first: v.first };
    return { value: v.next, first: plus(v.first, { terms: new Map(), add: v.step & mask(32) }, 1n) };
  }

  private apply(plan: Plan): void {
    const { leaving } = this;
    const test = leaving?.counted.exit.block ?? null;
    // Variables that the test looks at step right before it.
    const stepBlock = plan.test === 'keep' ? this.latch : test!;
    if (plan.test === 'count') {
      const { counter } = leaving!.counted;
      // end - counter: it comes to 0 by steps the other way.
      const first = plus(leaving!.end, this.linear(counter.start), -1n);
      const tested = this.variable(this.endsAtZero(first, -counter.step), -counter.step, stepBlock, null);
      this.retest(tested, null);
    }
    if (plan.index !== 0n) {
      let first: Linear = ZERO;
      if (plan.test === 'index') {
        const times = this.countsAs(plan.index)!;
        first = plus(first, plus(this.linear(leaving!.counted.counter.start), leaving!.end, -1n), times);
        first = this.endsAtZero(first, plan.index);
      }
      const index = this.variable(first, plan.index, stepBlock, null);
      for (const g of this.groups) {
        const shift = this.indexShiftFor(g, plan.index);
        if (shift !== null) for (const a of g.accesses) this.byIndex(a, index, shift);
      }
      if (plan.test === 'index') this.retest(index, null);
    }
    let pointer: { variable: Variable; times: bigint } | null = null;
    for (const g of this.groups) {
      if (plan.index !== 0n && this.indexShiftFor(g, plan.index) !== null) continue;
      const fixed = plan.test === 'pointer' && !pointer ? null : this.fixedFor(g);
      if (fixed) {
        for (const a of g.accesses) this.byPointer(a, fixed.param, this.linear(fixed.start));
        continue;
      }
      const times = this.countsAs(g.step);
      const isTested = plan.test === 'pointer' && !pointer && times !== null;
      const behind = this.selfAdvancing(g) ? this.lastOf(g) : null;
      const { terms } = g.accesses[0]!.first;
      const lowest = { terms, add: g.offsets[0]! & mask(32) };
      const block = behind?.block ?? (isTested ? stepBlock : this.latch);
      const variable = this.variable(lowest, g.step, block, behind);
      for (const a of g.accesses) {
        const { value, first } = this.at(variable, a);
        this.byPointer(a, value, first);
      }
      if (isTested) pointer = { variable, times: times! };
    }
    if (pointer) {
      const { counter } = leaving!.counted;
      const way = plus(leaving!.end, this.linear(counter.start), -1n);
      this.retest(pointer.variable, plus(pointer.variable.first, way, pointer.times));
    }
  }

  /**
   * The start of a variable that is 0 behind its step when the loop ends, from that of one that is 0 when the tested counter has
   * its end. The step is made in the block of the test.
   */
  private endsAtZero(first: Linear, step: bigint): Linear {
    return this.leaving!.counted.grown ? first : plus(first, { terms: new Map(), add: step & mask(32) }, -1n);
  }

  /** Makes the last test one of `v` against what it is when the tested counter has its end; null: it is 0 when it has grown. */
  private retest(v: Variable, end: Linear | null): void {
    const { graph } = this.work;
    const { exit, grown } = this.leaving!.counted;
    const { block } = exit;
    const t = block.term;
    if (t.kind !== 'branch') return;
    const isNext = v.block === block || graph.dominates(v.block, block);
    let to = end ?? ZERO;
    // The variable's own first value stands for the counter's start: tested values are a step ahead where one of them grew.
    if (end && isNext !== grown) {
      const by = { terms: new Map(), add: v.step & mask(32) };
      to = plus(end, by, isNext ? 1n : -1n);
    }
    const limit = to.terms.size === 0 ? this.constantAt(block, to.add) : this.build(to);
    const stays = this.loop.body.has(t.then.block);
    block.term = { ...t, cond: stays ? 'ne' : 'eq', args: [isNext ? v.next : v.param, limit] };
  }

  private constantAt(block: Block, n: bigint): Value {
    const { fn, defs } = this.work;
    const result = newValue(fn, 'i32');
    const inst: Inst = { op: 'const', args: [], results: [result], origin: block.term.origin, imm: n };
    block.insts.push(inst);
    defs.set(result, { kind: 'inst', inst, index: 0, block });
    return result;
  }

  private byPointer({ inst, first }: Access, pointer: Value, start: Linear): void {
    inst.args[0] = pointer;
    inst.off = Number(toSigned((first.add - start.add) & mask(32), 32));
  }

  private byIndex(a: Access, index: Variable, shift: bigint): void {
    const { fn, defs } = this.work;
    const { value, first } = this.at(index, a);
    const base = this.build(plus(a.first, first, -(1n << shift)));
    const { block, inst } = a;
    const made: Inst[] = [];
    const make = (op: Inst['op'], args: Value[], more: Partial<Inst> = {}): Value => {
      const result = newValue(fn, 'i32');
      made.push({ op, args, results: [result], origin: inst.origin, ...more });
      defs.set(result, { kind: 'inst', inst: made.at(-1)!, index: 0, block });
      return result;
    };
    const scaled = shift === 0n ? value : make('shl', [value, make('const', [], { imm: shift })]);
    inst.args[0] = make('add', [base, scaled]);
    inst.off = 0;
    block.insts.splice(block.insts.indexOf(inst), 0, ...made);
  }
}
