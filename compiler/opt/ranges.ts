// SPDX-License-Identifier: MIT
import { type Graph, graphOf } from '../ir/analysis.js';
import { NEGATED, SWAPPED } from '../ir/arith.js';
import { type Block, type Cond, type Edge, edges, type Func, type Inst, type Value } from '../ir/ir.js';
import { printRegion } from '../ir/print.js';
import {
  exactly,
  type Interval,
  join,
  meet,
  only,
  type Range,
  range,
  refined,
  sameRange,
  signed,
  TWO31,
  TWO32,
  unsigned,
} from './intervals.js';
import { widthOf } from './known.js';
import { transfer } from './range-transfer.js';

/** Rounds over the function in which bounds that move are moved on to a step below; after them they are given up. */
const STEPPING = 4;
/** Rounds in all before every parameter of a loop header counts as unknown, after which one more round is exact. */
const RISING = 8;
/** Rounds that take back what stepping put in excess. */
const FALLING = 2;

const STEPS = { 32: [-TWO31, -32768, -1, 0, 255, 65535, TWO31 - 1], 64: [-TWO31, -1, 0, 65535, TWO32 - 1] } as const;

/** What a walk finds at the start and the end of blocks, instruction by instruction. */
export interface Visitor {
  enter?(block: Block, state: Ranges): void;
  /** Called before the instruction's results have their ranges. */
  inst?(inst: Inst, block: Block, state: Ranges): void;
  leave?(block: Block, state: Ranges): void;
}

/**
 * Ranges of a function's values by the definitions, the branches and the guards that lead to a place: forward, over loops until
 * nothing moves. Rounds are bounded, each visits every instruction once, so the time is linear.
 */
export class Ranges {
  readonly graph: Graph;
  /** Per value: undefined while nothing reaches it. */
  private readonly settled: (Range | undefined)[] = [];
  private readonly now: (Range | undefined)[] = [];
  private readonly makers: (Inst | undefined)[] = [];
  private undo: (() => void)[] = [];
  private readonly headers = new Set<Block>();
  /** What holds the length of a region at the place at hand. */
  private readonly lengths = new Map<string, Value>();
  /** Parameters of headers with a bound: all that they can be if they start as given and are stepped so often. */
  private readonly steps = new Map<Value, Interval>();
  /** What they start as, by id, from the edges into the loop that this round has seen. */
  private readonly starts: Range[] = [];

  constructor(fn: Func) {
    this.graph = graphOf(fn);
    const { order, index, preds } = this.graph;
    for (const block of order) {
      if (preds.get(block)!.some((p) => index.get(p.from)! >= index.get(block)!)) this.headers.add(block);
      for (const inst of block.insts) for (const v of inst.results) this.makers[v.id] = inst;
    }
    for (const h of this.headers) this.noteSteps(h);
  }

  /** Parameters that every way back into a bounded loop gives what they were and a constant more. */
  private noteSteps(header: Block): void {
    const { bound } = header;
    if (bound === undefined) return;
    const { index, preds } = this.graph;
    const backs = preds.get(header)!.filter((p) => index.get(p.from)! >= index.get(header)!);
    header.params.forEach((p, i) => {
      const by = backs.map(({ edge }) => {
        const v = edge.args[i]!;
        const inst = this.makers[v.id];
        if (v === p) return 0;
        // The low lane of a sum is the sum of the low lanes.
        const sum = inst?.op === 'add' || (inst?.op === 'add64' && inst.results[0] === v) ? inst : undefined;
        const k = sum?.args[0] === p ? this.makers[sum.args[sum.args.length / 2]!.id] : undefined;
        const step = k?.op === 'const' ? exactly(k.imm!, widthOf(p)) : null;
        return step ? signed(step, widthOf(p)).lo : null;
      });
      if (!by.every((n) => n !== null)) return;
      this.steps.set(p, { lo: Math.min(0, ...by) * bound, hi: Math.max(0, ...by) * bound });
    });
  }

  /** Finds the ranges that hold at every run, then visits everything once more with them. */
  run(visitor: Visitor): void {
    if (this.headers.size === 0) {
      this.walk(0, visitor);
      return;
    }
    let round = 1;
    while (this.walk(round, {})) {
      if (++round <= RISING) continue;
      for (const h of this.headers) for (const p of h.params) this.settled[p.id] = null;
      this.walk(0, {});
      break;
    }
    for (let i = 1; i < FALLING; i++) this.walk(0, {});
    this.walk(0, visitor);
  }

  /** What is known of a value at the place that the walk has reached. */
  at(v: Value): Range {
    const r = this.now[v.id] ?? null;
    const inst = this.makers[v.id];
    return r === null && inst?.op === 'base' ? this.baseOf(inst) : r;
  }

  /** No region ends above 2^32 - 1 (image/fields.ts): the longer it is known to be, the lower it starts. */
  private baseOf(inst: Inst): Range {
    const length = this.lengths.get(printRegion(inst.region!));
    return length ? range(0, TWO32 - 1 - unsigned(this.at(length), 32).lo, 32) : null;
  }

  readonly of = (v: Value): Range => this.at(v);

  /** The range of a value that an instruction may show narrower here than where it stands, one step back. */
  again(v: Value): Range {
    const inst = this.makers[v.id];
    const r = this.at(v);
    if (!inst || inst.op === 'load') return r;
    return meet(r, this.result(inst, inst.results.indexOf(v)), widthOf(v));
  }

  /** One visit of everything. `round` 0: bounds stay or shrink; otherwise returns whether a header's parameter grew. */
  private walk(round: number, visitor: Visitor): boolean {
    const { graph } = this;
    this.now.length = 0;
    this.starts.length = 0;
    this.undo = [];
    /** Per edge: ranges of its arguments as its source saw them in this walk. */
    const passed = new Map<Edge, Range[]>();
    const reached = new Set<Block>([graph.order[0]!]);
    let grew = false;
    const open: { readonly block: Block; readonly before: number }[] = [];
    const work = [graph.order[0]!];
    for (let block = work.pop(); block; block = work.pop()) {
      const children = graph.children.get(block)!;
      for (let i = children.length - 1; i >= 0; i--) work.push(children[i]!);
      for (let top = open.at(-1); top && top.block !== graph.idom.get(block); top = open.at(-1)) {
        this.back(top.before);
        open.pop();
      }
      open.push({ block, before: this.undo.length });
      // Nothing has led here yet in this round.
      if (!reached.has(block)) continue;
      if (block !== graph.order[0]) this.params(block, passed);
      else for (const p of block.params) this.now[p.id] = null;
      this.enterBy(block);
      visitor.enter?.(block, this);
      for (const inst of block.insts) {
        visitor.inst?.(inst, block, this);
        inst.results.forEach((v, i) => {
          this.now[v.id] = this.result(inst, i);
        });
        if (inst.op === 'length') this.noteLength(inst);
        if (inst.op === 'trapif') this.holds(NEGATED[inst.cond!], inst.args[0]!, inst.args[1]!);
      }
      visitor.leave?.(block, this);
      for (const edge of edges(block.term)) {
        reached.add(edge.block);
        const ranges = this.along(block, edge);
        passed.set(edge, ranges);
        this.start(block, edge, ranges);
        if (round > 0 && this.headers.has(edge.block)) grew = this.grow(edge, ranges, round) || grew;
      }
    }
    if (round === 0) this.shrink(passed);
    return grew;
  }

  private noteLength(inst: Inst): void {
    const region = printRegion(inst.region!);
    if (this.lengths.has(region)) return;
    this.lengths.set(region, inst.results[0]!);
    this.undo.push(() => {
      this.lengths.delete(region);
    });
  }

  /** Ranges of an edge's arguments where the edge is taken. */
  private along(from: Block, edge: Edge): Range[] {
    const before = this.undo.length;
    this.taken(from, edge);
    const ranges = edge.args.map((v) => this.again(v));
    this.back(before);
    return ranges;
  }

  /** What the edges into a block brought so far, one list an edge. */
  private brought(block: Block, passed: ReadonlyMap<Edge, Range[]>): Range[][] {
    return this.graph.preds.get(block)!.flatMap((p) => {
      const list = passed.get(p.edge);
      return list ? [list] : [];
    });
  }

  /** A header's parameters have what was settled, others the join of what was passed. */
  private params(block: Block, passed: ReadonlyMap<Edge, Range[]>): void {
    const header = this.headers.has(block);
    const lists = this.brought(block, passed);
    block.params.forEach((p, i) => {
      const bits = widthOf(p);
      this.now[p.id] = header ? (this.settled[p.id] ?? null) : joinAll(lists, i, bits);
    });
  }

  /** Takes into a header's parameters what an edge brings. */
  private grow(edge: Edge, ranges: readonly Range[], round: number): boolean {
    let grew = false;
    edge.block.params.forEach((p, i) => {
      const bits = widthOf(p);
      const was = this.settled[p.id];
      const is = ranges[i]!;
      if (was === null) return;
      if (was === undefined) this.settled[p.id] = is;
      else {
        const both = join(was, is, bits);
        if (sameRange(both, was)) return;
        const next = round > STEPPING ? null : round > 1 ? stepped(was, both, bits) : both;
        const walked = this.walked(p, bits);
        // A way back that leads past that cannot be taken once more.
        if (sameRange(walked, was)) return;
        this.settled[p.id] = walked ?? next;
      }
      grew = true;
    });
    return grew;
  }

  private start(from: Block, edge: Edge, ranges: readonly Range[]): void {
    const { index } = this.graph;
    if (edge.block.bound === undefined || index.get(from)! >= index.get(edge.block)!) return;
    edge.block.params.forEach((p, i) => {
      const was = this.starts[p.id];
      this.starts[p.id] = was === undefined ? ranges[i]! : join(was, ranges[i]!, widthOf(p));
    });
  }

  /** Where stepping leads a parameter from where it starts, if the loop has a bound. */
  private walked(p: Value, bits: number): Range {
    const [start, steps] = [this.starts[p.id] ?? null, this.steps.get(p)];
    return start && steps ? range(start.lo + steps.lo, start.hi + steps.hi, bits) : null;
  }

  /** Each header's parameters: what all edges brought in a round that assumed what was settled. */
  private shrink(passed: ReadonlyMap<Edge, Range[]>): void {
    for (const h of this.headers) {
      const lists = this.brought(h, passed);
      if (lists.length === 0) continue;
      h.params.forEach((p, i) => {
        const bits = widthOf(p);
        const joined = joinAll(lists, i, bits);
        this.settled[p.id] = meet(this.settled[p.id] ?? null, joined, bits);
      });
    }
  }

  /** What the branch that leads to a block with one way in says. */
  private enterBy(block: Block): void {
    const into = this.graph.preds.get(block)!;
    const [only] = into;
    if (!only || into.length !== 1) return;
    this.taken(only.from, only.edge);
  }

  /** Notes what taking an edge says. */
  private taken({ term }: Block, edge: Edge): void {
    if (term.kind !== 'branch') return;
    const cond = edge === term.then ? term.cond : NEGATED[term.cond];
    const [a, b, c, d] = term.args as [Value, Value, Value, Value];
    if (!term.wide) {
      this.holds(cond, a, b);
      return;
    }
    // Over lanes the high ones decide, or are equal.
    const high = OF_HIGH[cond];
    if (high) this.holds(high, b, d);
    const [x, y] = [unsigned(this.at(b), 32), unsigned(this.at(d), 32)];
    const same = x.lo === x.hi && y.lo === y.hi && x.lo === y.lo;
    if (cond === 'eq' || (same && high)) this.holds(OF_LOW[cond] ?? cond, a, c);
  }

  /** The range of a result, by its operands and by what is known of regions. */
  result(inst: Inst, index: number): Range {
    const r = transfer(inst, index, this.of);
    const wide = inst.op === 'add' && inst.results[0]!.ty === 'i64';
    if ((!wide && (inst.op !== 'add64' || index === 0)) || !this.isEnd(inst)) return r;
    return wide ? meet(r, range(0, TWO32 - 1, 64), 64) : range(0, 0, 32);
  }

  /** Is it the sum of a region's base and its length? No region ends above 2^32 - 1 (image/fields.ts). */
  private isEnd({ op, args }: Inst): boolean {
    const [low, high] =
      op === 'add'
        ? [args, []]
        : [
            [args[0]!, args[2]!],
            [args[1]!, args[3]!],
          ];
    const [p, q] = low.map((v) => {
      const inst = this.makers[v.id];
      return inst?.op === 'zext' ? this.makers[inst.args[0]!.id] : inst;
    });
    const ends = (p?.op === 'base' && q?.op === 'length') || (p?.op === 'length' && q?.op === 'base');
    if (!p || !q || !ends || !high.every((v) => only(this.at(v)) === 0)) return false;
    return printRegion(p.region!) === printRegion(q.region!);
  }

  /** Notes what cond(a, b) says of both, and of what they were made of. */
  private holds(cond: Cond, a: Value, b: Value): void {
    const bits = widthOf(a);
    const [ra, rb] = [this.at(a), this.at(b)];
    this.narrow(a, refined(cond, ra, rb, bits));
    this.narrow(b, refined(SWAPPED[cond], rb, ra, bits));
  }

  private narrow(v: Value, r: Range): void {
    for (let [x, is] = [v, r]; ; ) {
      if (!is || sameRange(is, this.at(x))) return;
      const [{ id }, was] = [x, this.now[x.id]];
      this.undo.push(() => {
        this.now[id] = was;
      });
      this.now[id] = is;
      // x = y + c: y is x - c.
      const inst = this.makers[x.id];
      const c = inst && (inst.op === 'add' || inst.op === 'zext') ? inst : undefined;
      if (!c) return;
      const y = c.args[0]!;
      const bits = widthOf(y);
      if (c.op === 'zext') is = meet(this.at(y), range(is.lo, is.hi, 32), bits);
      else {
        const by = this.makers[c.args[1]!.id];
        const k = by?.op === 'const' ? exactly(by.imm!, bits) : null;
        if (!k) return;
        is = meet(this.at(y), range(is.lo - k.lo, is.hi - k.lo, bits), bits);
      }
      x = y;
    }
  }

  private back(to: number): void {
    while (this.undo.length > to) this.undo.pop()!();
  }
}

/** What an order of 64-bit numbers says of their high lanes, and of their low lanes where the high ones are equal. */
const OF_HIGH: { readonly [C in Cond]?: Cond } = {
  eq: 'eq',
  ult: 'ule',
  ule: 'ule',
  ugt: 'uge',
  uge: 'uge',
  slt: 'sle',
  sle: 'sle',
  sgt: 'sge',
  sge: 'sge',
};
const OF_LOW: { readonly [C in Cond]?: Cond } = { slt: 'ult', sle: 'ule', sgt: 'ugt', sge: 'uge' };

/** What column `i` of some lists holds. */
const joinAll = (lists: readonly Range[][], i: number, bits: number): Range =>
  lists.map((l) => l[i] ?? null).reduce((a, b) => join(a, b, bits), lists[0]?.[i] ?? null);

/** Both bounds moved on to the next step where they moved. */
function stepped(was: NonNullable<Range>, both: Range, bits: 32 | 64): Range {
  if (!both) return null;
  const lo = both.lo < was.lo ? STEPS[bits].findLast((s) => s <= both.lo) : both.lo;
  const hi = both.hi > was.hi ? STEPS[bits].find((s) => s >= both.hi) : both.hi;
  return lo === undefined || hi === undefined ? null : range(lo, hi, bits);
}
