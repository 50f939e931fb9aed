// SPDX-License-Identifier: MIT
import type { ById, Def, Graph, Loop } from '../ir/analysis.js';
import { mask, toSigned } from '../ir/arith.js';
import { type Block, edges, type Func, type Inst, OPS, type Value } from '../ir/ir.js';
import type { Shape } from '../ir/shape.js';
import { type CountedExit, type Counter, constantOf, instOf, type Linear, linearOf, plus } from './induction.js';

/** A loop of one back edge, and what is around it. */
export interface Site {
  readonly loop: Loop;
  /** Where its back edge comes from. */
  readonly latch: Block;
  readonly fn: Func;
  readonly graph: Graph;
  readonly defs: ById<Value, Def>;
  /** The only way into the loop. */
  readonly front: Block;
  readonly shape: Shape;
  /** Blocks of the outermost loop around; none if it is large. */
  readonly around: ReadonlySet<Block>;
}

/** A load or store whose address changes by `step` each round. */
export interface Access {
  readonly inst: Inst;
  readonly block: Block;
  readonly place: number;
  /** The address in the first round, offset included. */
  readonly first: Linear;
}

/** Accesses whose addresses differ by constants. */
export interface Group {
  readonly step: bigint;
  readonly accesses: Access[];
  /** Constants of the addresses, signed, ascending. */
  readonly offsets: bigint[];
}

/** How the loop's last test could be made. `end`: the value at which the tested counter leaves. */
export interface Leaving {
  readonly counted: CountedExit;
  readonly end: Linear;
  /** The tested counter in the first round. */
  readonly start: Linear;
  /** How often the test holds at most, or null. */
  readonly rounds: number | null;
}

/** What a loop's variables are there for: its addresses, its last test and the rest. */
export interface Found {
  readonly site: Site;
  readonly counters: readonly Counter[];
  readonly groups: readonly Group[];
  /** Loads and stores of the groups. */
  readonly grouped: ReadonlySet<Inst>;
  readonly leaving: Leaving | null;
  /** Values that something else than grouped addresses and the last test needs. */
  readonly needed: ReadonlySet<Value>;
}

/** How a group is to be addressed. */
export type Way =
  /** By a base and the common index, shifted left. */
  | { readonly by: 'index'; readonly group: Group; readonly shift: bigint }
  /** By a counter that stays anyway. */
  | { readonly by: 'counter'; readonly group: Group; readonly param: Value; readonly start: Linear }
  /**
   * By a pointer of its own. `behind`: the access that makes its step; `times`: how often the tested counter's step goes into
   * that of the pointer, if that is to be tested instead.
   */
  | {
      readonly by: 'pointer';
      readonly group: Group;
      readonly behind: Access | null;
      readonly times: bigint | null;
    };

/** The variables that a loop is to have. */
export interface Choice {
  /** Bytes by which the common index grows; 0: none. */
  readonly index: bigint;
  /** What the last test looks at: what it does now, the index, one of the pointers, or a count of its own. */
  readonly test: 'keep' | 'index' | 'pointer' | 'count';
  /** How often the tested counter's step goes into that of the index, if the index is to be tested instead. */
  readonly times: bigint | null;
  readonly ways: readonly Way[];
}

/** A choice without its details, and what it costs a round, in halves of an instruction. */
interface Plan extends Pick<Choice, 'index' | 'test'> {
  readonly cost: number;
}

export const ZERO: Linear = { terms: new Map(), add: 0n };

/** Is it made outside the loop? */
export const isOutside = ({ loop, defs }: Site, v: Value): boolean => !loop.body.has(defs.get(v)!.block);

/** A value as a sum of what is known in front of the loop and of counters. */
export function linearIn(site: Site, v: Value): Linear {
  const { defs } = site;
  return linearOf(v, defs, (x) => {
    if (!isOutside(site, x)) return false;
    const inst = instOf(x, defs);
    return inst?.op !== 'add' || constantOf(inst.args[1]!, defs) === undefined;
  });
}

/**
 * Takes: what was found in a loop. Gives: the variables that cost the core the fewest instructions a round and leave every value
 * a register; null if none are better than those it has. Changes nothing.
 */
export function choose(found: Found): Choice | null {
  return new Planner(found).choose();
}

class Planner {
  private readonly site: Site;

  constructor(private readonly found: Found) {
    this.site = found.site;
  }

  choose(): Choice | null {
    const now = this.presentCost();
    const better = this.plans().filter((plan) => plan.cost < now && this.fits(plan));
    const best = better.reduce<Plan | null>((a, b) => (a && a.cost <= b.cost ? a : b), null);
    if (!best) return null;
    const { index, test } = best;
    return { index, test, times: test === 'index' ? this.countsAs(index) : null, ways: this.ways(best) };
  }

  private ways({ index, test }: Plan): Way[] {
    let isTested = test !== 'pointer';
    return this.found.groups.map((group) => {
      const shift = this.indexShiftFor(group, index);
      if (shift !== null) return { by: 'index', group, shift };
      const fixed = isTested ? this.fixedFor(group) : null;
      if (fixed) return { by: 'counter', group, param: fixed.param, start: linearIn(this.site, fixed.start) };
      const times = isTested ? null : this.countsAs(group.step);
      if (times !== null) isTested = true;
      return { by: 'pointer', group, behind: this.selfAdvancing(group) ? this.lastOf(group) : null, times };
    });
  }

  /** Halves of an instruction: what only some rounds do counts half. */
  private weight(block: Block): number {
    return this.site.graph.dominates(block, this.site.latch) ? 2 : 1;
  }

  private presentCost(): number {
    const { loop, defs, shape } = this.site;
    const { counters, grouped, leaving, needed } = this.found;
    let cost = leaving ? this.keepCost(leaving.counted) : 0;
    const users = new Map<Value, Inst[]>();
    for (const block of loop.body) {
      for (const inst of block.insts) {
        for (const v of new Set(inst.args)) users.set(v, [...(users.get(v) ?? []), inst].slice(0, 3));
      }
    }
    const steps = new Set(counters.map((c) => c.next));
    const only = (v: Value): Inst | null => (users.get(v)?.length === 1 ? users.get(v)![0]! : null);
    const folds = (inst: Inst): boolean => {
      if (shape.indexShift === null) return false;
      const reader = only(inst.results[0]!);
      if (inst.op === 'add') return reader !== null && this.takesIndex(reader) && reader.off === 0;
      const by = inst.op === 'shl' ? constantOf(inst.args[1]!, defs) : undefined;
      return by !== undefined && by <= BigInt(shape.indexShift) && reader?.op === 'add' && folds(reader);
    };
    for (const block of loop.body) {
      for (const inst of block.insts) {
        const [v] = inst.results;
        if (grouped.has(inst) && !this.reaches(inst, BigInt(inst.off!))) cost += this.weight(block);
        if (!v || inst.op === 'const' || OPS[inst.op].effect !== 'pure') continue;
        if (steps.has(v)) {
          const counter = counters.find((c) => c.next === v)!;
          const stays = needed.has(counter.param);
          cost += this.advances(counter) ? (stays ? -2 : 0) : stays ? 0 : 2;
          if (!stays) cost += this.setup(linearIn(this.site, counter.start));
        } else if (needed.has(v)) continue;
        else if (!folds(inst)) cost += this.weight(block);
      }
    }
    return cost;
  }

  private takesIndex(inst: Inst): boolean {
    return this.found.grouped.has(inst) && inst.size !== 8 && (inst.access?.align ?? 1) >= inst.size!;
  }

  /** Is the counter a pointer that its only access can advance? */
  private advances(c: Counter): boolean {
    if (!this.site.shape.postIncrement) return false;
    const direct = this.found.groups.filter((g) => g.accesses.some((a) => a.inst.args[0] === c.param));
    return direct.length === 1 && this.selfAdvancing(direct[0]!) && direct[0]!.accesses.every((a) => a.inst.off === 0);
  }

  /** Can one of the group's accesses make the pointer's step? */
  private selfAdvancing(g: Group): boolean {
    const { shape } = this.site;
    if (!shape.postIncrement || g.offsets.length !== 1 || g.step < -255n || g.step > 255n) return false;
    return this.lastOf(g) !== null;
  }

  /** The access behind all others of the group, if every round makes it. */
  private lastOf(g: Group): Access | null {
    const { graph } = this.site;
    const behind = (a: Access, b: Access): boolean =>
      a.block === b.block ? a.place >= b.place : graph.dominates(b.block, a.block);
    const last = g.accesses.find((a) => g.accesses.every((b) => behind(a, b)));
    if (!last || last.inst.size === 8 || !graph.dominates(last.block, this.site.latch)) return null;
    // In a loop inside this one it would step more often.
    return this.inInner(last.block) ? null : last;
  }

  private inInner(block: Block): boolean {
    const { graph } = this.site;
    const { header } = this.site.loop;
    if (block === header) return false;
    // Some block of the loop but the header jumps back to a dominator of `block`.
    for (const b of this.site.loop.body) {
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
    const { min, max, scaled } = this.site.shape.offsets;
    return off >= BigInt(min) && off <= BigInt(scaled ? max * inst.size! : max);
  }

  private pointerCost(g: Group): number {
    const fixed = this.fixedFor(g);
    const from = fixed ? linearIn(this.site, fixed.start).add : g.offsets[0]! & mask(32);
    return this.stepCost(g, fixed) + this.far(g, from);
  }

  private stepCost(g: Group, fixed: Counter | null): number {
    // A pointer that stays anyway would be advanced by an instruction of its own.
    if (fixed)
      return this.selfAdvancing(g) && linearIn(this.site, fixed.start).add === (g.offsets[0]! & mask(32)) ? -2 : 0;
    return (this.selfAdvancing(g) ? 0 : 2) + this.setup(g.accesses[0]!.first);
  }

  /** What a sum costs in front of the loop, for each of the rounds that are to be expected. */
  private setup({ terms, add }: Linear): number {
    const { bound } = this.site.loop.header;
    let insts = Math.max(1, terms.size) - 1 + (add === 0n && terms.size > 0 ? 0 : 1);
    for (const k of terms.values()) if (k !== 1n && k !== mask(32)) insts++;
    return (2 * insts) / Math.min(8, (bound ?? 7) + 1);
  }

  /** A counter that stays anyway and from which the group's addresses are a constant away. */
  private fixedFor(g: Group): Counter | null {
    const { terms } = g.accesses[0]!.first;
    return (
      this.found.counters.find((c) => {
        if (!this.found.needed.has(c.param) || c.step !== g.step) return false;
        const start = linearIn(this.site, c.start);
        if (start.terms.size !== terms.size || [...terms].some(([v, k]) => start.terms.get(v) !== k)) return false;
        return g.accesses.every((a) => this.reaches(a.inst, toSigned((a.first.add - start.add) & mask(32), 32)));
      }) ?? null
    );
  }

  private indexShiftFor(g: Group, index: bigint): bigint | null {
    const { indexShift } = this.site.shape;
    if (indexShift === null || g.offsets.length > 2 || !g.accesses.every((a) => this.takesIndex(a.inst))) return null;
    for (let s = 0n; s <= BigInt(indexShift); s++) if (index << s === g.step) return s;
    return null;
  }

  private keepCost({ exit, counter, grown, limit }: CountedExit): number {
    const { shape, defs } = this.site;
    const c = constantOf(limit, defs);
    if (shape.flags) return grown && c === 0n && this.site.defs.get(counter.next)!.block === exit.block ? 0 : 2;
    return c === undefined || c === 0n ? 0 : 2;
  }

  private plans(): Plan[] {
    const { shape } = this.site;
    const { leaving, groups, needed } = this.found;
    const out: Plan[] = [];
    const keep = leaving ? this.keepCost(leaving.counted) + (needed.has(leaving.counted.counter.param) ? 0 : 2) : 0;
    const way = leaving && plus(leaving.end, leaving.start, -1n);
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
    const { indexShift } = this.site.shape;
    const steps = new Set<bigint>();
    if (indexShift === null) return steps;
    for (const { step } of this.found.groups) {
      for (let s = 0n; s <= BigInt(indexShift); s++) if (step % (1n << s) === 0n) steps.add(step >> s);
    }
    return steps;
  }

  /**
   * How often the tested counter's step goes into `step`, if a variable with that step meets its end exactly when the counter
   * does: no earlier multiple of the difference is 0 modulo 2^32.
   */
  private countsAs(step: bigint): bigint | null {
    const { leaving } = this.found;
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
    const { loop, graph, defs, shape, around } = this.site;
    const { header, body } = loop;
    const { counters, groups, grouped, leaving, needed } = this.found;
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
        const { results } = inst;
        if (results.length > 0 && OPS[inst.op].effect === 'pure' && !results.some((v) => needed.has(v))) continue;
        (grouped.has(inst) ? inst.args.slice(1) : inst.args).forEach(see);
      }
      if (block.term.kind === 'branch' && block !== leaving?.counted.exit.block) block.term.args.forEach(see);
      for (const e of edges(block.term)) e.args.forEach(see);
    }
    const stays = header.params.filter((p) => needed.has(p) || !counters.some((c) => c.param === p)).length;
    let own = plan.test === 'keep' ? 1 : plan.test === 'index' ? 0 : 1;
    if (plan.index !== 0n) own++;
    for (const g of groups) own += this.indexShiftFor(g, plan.index) === null ? 1 : g.offsets.length;
    // One or two for what a round computes.
    return outer.size + stays + own + 1 <= shape.registers;
  }
}
