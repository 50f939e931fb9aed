// SPDX-License-Identifier: MIT
import { ById, definitions, forEachUse, graphOf, type Loop, loopsOf } from '../ir/analysis.js';
import { mask, toSigned } from '../ir/arith.js';
import { type Block, edges, type Func, type Inst, type Module, OPS, type Value } from '../ir/ir.js';
import type { Shape } from '../ir/shape.js';
import { giveFronts, innerFirst } from './fronts.js';
import {
  type Counter,
  constantOf,
  countedExits,
  countersOf,
  exitsOf,
  instOf,
  isInvariant,
  type Linear,
  plus,
} from './induction.js';
import { exactLimit } from './limits.js';
import { boundsByBits, roundsOf } from './loop-bounds.js';
import { type Pass, pass } from './pass.js';
import { apply, Variables } from './strength-apply.js';
import { choose, type Found, type Group, isOutside, type Leaving, linearIn, type Site } from './strength-plan.js';

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
          const site = { loop, latch: loop.latches[0]!, fn, graph, defs, front, shape, around };
          changed = improve(site, readers) || changed;
        }
      }
      return changed;
    },
    { requires: ['guarded'] },
  );
}

/** Most accesses and instructions of a loop that are looked at. */
const MOST_ACCESSES = 64;
const MOST_INSTS = 2000;
/** Most blocks of a loop around others. */
const MOST_AROUND = 200;
/** Offsets of accesses are below this in size. */
const FAR = 1n << 15n;

const NO_BLOCKS: ReadonlySet<Block> = new Set();

/** Blocks that read the variables of loops. */
type Readers = ById<Value, Block[]>;

/** Blocks of the outermost loop around each block; none where that has too many to be looked at again and again. */
function outermostOf(loops: readonly Loop[]): Map<Block, ReadonlySet<Block>> {
  const of = new Map<Block, ReadonlySet<Block>>();
  for (const { body } of innerFirst(loops).reverse()) {
    for (const b of body) if (!of.has(b)) of.set(b, body.size > MOST_AROUND ? NO_BLOCKS : body);
  }
  return of;
}

/** The blocks that read parameters of headers and what goes back into them. */
function readersOf(fn: Func, loops: readonly Loop[]): Readers {
  const readers: Readers = new ById();
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

/** Takes: a loop. Gives: it with better variables, if there are any. Answers whether it got them. */
function improve(site: Site, readers: Readers): boolean {
  const variables = new Variables(site);
  const found = new Finder(site, variables, readers).find();
  const choice = found && choose(found);
  if (!choice) return false;
  apply(found, choice, variables);
  return true;
}

/**
 * Takes: a loop. Gives: what its variables are there for, or null if there is nothing to choose. Only a test of a counter plus a
 * constant is rewritten, as that of a counter of its own.
 */
class Finder {
  private counters: Counter[];
  private groups: Group[] = [];
  private readonly grouped = new Set<Inst>();
  private leaving: Leaving | null = null;
  private readonly needed = new Set<Value>();

  constructor(
    private readonly site: Site,
    private readonly variables: Variables,
    private readonly readers: Readers,
  ) {
    this.counters = countersOf(site.loop, site.graph, site.defs);
  }

  find(): Found | null {
    const { site } = this;
    const { loop } = site;
    if (this.counters.length === 0 || loop.latches.length !== 1) return null;
    let size = 0;
    for (const b of loop.body) size += b.insts.length;
    if (size > MOST_INSTS) return null;
    this.shiftTest();
    this.findGroups();
    this.findLeaving();
    const { counters, groups, grouped, leaving, needed } = this;
    if (groups.length === 0 && !leaving) return null;
    this.findNeeded();
    return { site, counters, groups, grouped, leaving, needed };
  }

  /** The value in the first round and its growth; null if it is not that simple. */
  private walk(v: Value): { first: Linear; step: bigint } | null {
    const { terms, add } = linearIn(this.site, v);
    let first: Linear = { terms: new Map(), add };
    let step = 0n;
    for (const [x, k] of terms) {
      const counter = this.counters.find((c) => c.param === x);
      if (counter) {
        step += k * counter.step;
        first = plus(first, linearIn(this.site, counter.start), k);
      } else if (isOutside(this.site, x)) first = plus(first, { terms: new Map([[x, 1n]]), add: 0n }, k);
      else return null;
    }
    step = toSigned(step & mask(32), 32);
    return step === 0n ? null : { first, step };
  }

  private findGroups(): void {
    const byKey = new Map<string, Group>();
    let count = 0;
    for (const block of this.site.loop.body) {
      for (const [place, inst] of block.insts.entries()) {
        if (inst.op !== 'load' && inst.op !== 'store') continue;
        if (++count > MOST_ACCESSES) break;
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
    const { defs, graph } = this.site;
    const counter = (v: Value): [Counter, bigint] | null => {
      const inst = instOf(v, defs);
      const k = inst?.op === 'add' ? constantOf(inst.args[1]!, defs) : undefined;
      const c = k !== undefined && this.counters.find((x) => x.param === inst!.args[0] && x.next !== v);
      return c ? [c, k!] : null;
    };
    for (const { block } of exitsOf(this.site.loop)) {
      const t = block.term;
      if (t.kind !== 'branch' || !graph.dominates(block, this.site.latch)) continue;
      const at = t.args.findIndex((v) => counter(v) !== null);
      if (at < 0 || !isInvariant(t.args[1 - at]!, this.site.loop, defs)) continue;
      const [c, k] = counter(t.args[at]!)!;
      const by: Linear = { terms: new Map(), add: (k - c.step) & mask(32) };
      const { next } = this.variables.variable(plus(linearIn(this.site, c.start), by, 1n), c.step, block, null);
      t.args = t.args.map((v, i) => (i === at ? next : v));
      break;
    }
    this.counters = countersOf(this.site.loop, this.site.graph, defs);
  }

  /** The test at the end of every round, if it is one of a counter. */
  private findLeaving(): void {
    const { graph, defs } = this.site;
    for (const counted of countedExits(this.site.loop, graph, defs)) {
      if (!counted.everyRound) continue;
      const end = exactLimit(counted, this.site.loop.header, graph, defs);
      if (!end) continue;
      // Nearest to the back edge.
      if (this.leaving && graph.dominates(counted.exit.block, this.leaving.counted.exit.block)) continue;
      this.leaving = {
        counted,
        end,
        start: linearIn(this.site, counted.counter.start),
        rounds: roundsOf(counted, boundsByBits(defs)),
      };
    }
  }

  private findNeeded(): void {
    const { defs } = this.site;
    const { header, body } = this.site.loop;
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
      if ([param, next].some((v) => this.readers.get(v)?.some((b) => !body.has(b)))) need(param);
    }
    for (let v = work.pop(); v; v = work.pop()) {
      const counter = this.counters.find((c) => c.param === v);
      if (counter) need(counter.next);
      const inst = instOf(v, defs);
      if (inst && OPS[inst.op].effect === 'pure') use(inst.args);
    }
  }
}
