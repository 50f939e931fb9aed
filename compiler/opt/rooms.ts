// SPDX-License-Identifier: MIT
import {
  ById,
  type Def,
  definitions,
  forEachUse,
  type Graph,
  graphOf,
  type Loop,
  loopsOf,
  removeUnreachable,
} from '../ir/analysis.js';
import { mask, toSigned } from '../ir/arith.js';
import {
  type Block,
  type Func,
  type Inst,
  type Module,
  newValue,
  OPS,
  type Op,
  type Origin,
  type Value,
} from '../ir/ir.js';
import { instOf, valuesInto } from './induction.js';
import { pass } from './pass.js';
import { type Access, type Place, RoomSizes, type Test } from './room-sizes.js';

/**
 * Takes: a guarded module. Gives: where several searches start from one pointer, the region of that pointer looked up once, and each
 * search behind a comparison that shows it needless: a branch around it. The search stays for all other addresses, so that
 * what traps, and when, does not change. Searches of constant offsets with nothing observable between them share a comparison.
 */
export const shareRooms = pass(
  'rooms',
  (module: Module) => {
    let changed = false;
    for (const fn of module.funcs) changed = new Rooms(fn).run() || changed;
    return changed;
  },
  { requires: ['guarded'] },
);

/** Farthest constant offset from a pointer. */
const FARTHEST = 0x7000n;
/** Blocks of a function that is looked at. */
const MOST_BLOCKS = 3000;
/** How much more often each loop around a block makes it executed, and how many loops count. */
const PER_LOOP = 8;
const MOST_DEPTH = 4;

class Rooms {
  private readonly graph: Graph;
  private readonly defs: ById<Value, Def>;
  private readonly loops: readonly Loop[];
  private readonly inner = new Map<Block, Loop>();
  private readonly depth = new Map<Block, number>();

  constructor(private readonly fn: Func) {
    removeUnreachable(fn);
    this.graph = graphOf(fn);
    this.defs = definitions(fn);
    this.loops = [...loopsOf(this.graph).loops].sort((a, b) => b.body.size - a.body.size);
  }

  run(): boolean {
    const { blocks } = this.fn;
    if (blocks.length > MOST_BLOCKS) return false;
    if (!blocks.some((b) => !b.cold && b.insts.some((i) => i.op === 'search'))) return false;
    for (const loop of this.loops) {
      for (const b of loop.body) {
        this.inner.set(b, loop);
        this.depth.set(b, (this.depth.get(b) ?? 0) + 1);
      }
    }
    const groups = new Map<string, Access[]>();
    for (const block of this.graph.order) {
      if (block.cold) continue;
      let top: Inst | null = null;
      for (const inst of block.insts) {
        if (inst.op === 'search') {
          const access = this.access(inst, top, block);
          if (access) {
            const { root, high, walks } = access.place;
            const key = `${root.id} ${high?.id} ${walks}`;
            const list = groups.get(key);
            if (list) list.push(access);
            else groups.set(key, [access]);
          }
        }
        if (inst.op === 'trapif' && inst.trap === 'memory' && inst.cond === 'ne') top = inst;
        else if (OPS[inst.op].effect !== 'pure') top = null;
      }
    }
    for (const [key, group] of groups) {
      // Accesses that ask for no high lane go with those that do.
      const { root, high, walks } = group[0]!.place;
      if (!high) continue;
      const plain = `${root.id} undefined ${walks}`;
      const more = groups.get(plain);
      if (!more) continue;
      groups.delete(plain);
      groups.set(key, [...group, ...more]);
    }
    const tests = new Map<Inst, Test>();
    let changed = false;
    for (const group of groups.values()) changed = this.share(group, tests) || changed;
    if (changed) {
      forEachUse(this.fn, (args) => {
        for (const v of args) this.uses.set(v, (this.uses.get(v) ?? 0) + 1);
      });
      this.rewrite(tests);
    }
    return changed;
  }

  private weight(block: Block): number {
    return PER_LOOP ** Math.min(this.depth.get(block) ?? 0, MOST_DEPTH);
  }

  private constant(v: Value): bigint | undefined {
    const inst = instOf(v, this.defs);
    return inst?.op === 'const' ? inst.imm : undefined;
  }

  private access(search: Inst, top: Inst | null, block: Block): Access | null {
    const [address, bytes] = search.args as [Value, Value];
    const size = this.constant(bytes);
    if (size === undefined || size === 0n || size > FARTHEST) return null;
    const sum = instOf(address, this.defs);
    const tops = top && this.constant(top.args[1]!) === 0n ? top.args[0]! : null;
    if (sum?.op === 'add64' && address === sum.results[0] && tops === sum.results[1]) {
      const place = this.wide(sum, block);
      return place && { search, top, block, place, size };
    }
    return { search, top: null, block, place: this.narrow(address, block), size };
  }

  /** Address and guard of a 64-bit sum; an offset above 0 keeps its sign, so that the sum is exact. */
  private wide(sum: Inst, block: Block): Place | null {
    const [al, ah, bl, bh] = sum.args as [Value, Value, Value, Value];
    const c = this.constant(bl);
    if (c !== undefined && this.constant(bh) === 0n) {
      if (c > FARTHEST) return null;
      const inner = instOf(al, this.defs);
      if (inner?.op === 'add64' && al === inner.results[0] && ah === inner.results[1]) {
        const place = this.wide(inner, block);
        if (place?.index && place.offset === 0n) return { ...place, offset: c };
      }
      return { root: al, high: ah, index: null, scale: 0n, offset: c, walks: false };
    }
    const second = this.index(bl, bh);
    const first = this.index(al, ah);
    const flip = first && (!second || this.isInner(al, bl, block));
    const index = flip ? first : second;
    if (!index) return null;
    const [root, high] = flip ? [bl, bh] : [al, ah];
    return { root, high, ...index, offset: 0n, walks: false };
  }

  /** A 64-bit number that is a 32-bit one shifted. */
  private index(low: Value, high: Value): { index: Value; scale: bigint } | null {
    if (this.constant(high) === 0n) return { index: low, scale: 0n };
    const [l, h] = [instOf(low, this.defs), instOf(high, this.defs)];
    if (l?.op !== 'shl' || h?.op !== 'lshr' || l.args[0] !== h.args[0]) return null;
    const [k, rest] = [this.constant(l.args[1]!), this.constant(h.args[1]!)];
    if (k === undefined || rest === undefined || k === 0n || k > 8n || k + rest !== 32n) return null;
    return { index: l.args[0]!, scale: k };
  }

  /** Is `a` made in an inner loop of the block, and `b` further out? */
  private isInner(a: Value, b: Value, block: Block): boolean {
    const loop = this.inner.get(block);
    const within = (v: Value): boolean => loop?.body.has(this.defs.get(v)!.block) === true;
    return within(a) && !within(b);
  }

  private narrow(address: Value, block: Block): Place {
    let root = address;
    let offset = 0n;
    for (;;) {
      const inst = instOf(root, this.defs);
      const lanes = inst?.op === 'add64' && root === inst.results[0];
      const c = inst?.op === 'add' || lanes ? this.constant(inst!.args[lanes ? 2 : 1]!) : undefined;
      const next = c === undefined ? null : toSigned((c + offset) & mask(32), 32);
      if (!inst || next === null || next > FARTHEST || next < -FARTHEST) break;
      root = inst.args[0]!;
      offset = next;
    }
    const loop = this.inner.get(block);
    const def = this.defs.get(root)!;
    if (loop && def.kind === 'param' && def.block === loop.header) {
      const { start } = valuesInto(loop, def.index, this.graph);
      if (start) return { root: start, high: null, index: root, scale: 0n, offset, walks: true };
    }
    const inst = instOf(root, this.defs);
    if (inst?.op === 'add') {
      const [a, b] = inst.args as [Value, Value];
      if (this.isInner(a, b, block)) return { root: b, high: null, index: a, scale: 0n, offset, walks: false };
      if (this.isInner(b, a, block)) return { root: a, high: null, index: b, scale: 0n, offset, walks: false };
    }
    return { root, high: null, index: null, scale: 0n, offset, walks: false };
  }

  /** Looks up the region of a group's root, if that pays, and notes what to test for each access. */
  private share(group: readonly Access[], tests: Map<Inst, Test>): boolean {
    const [one] = group;
    const { root, high } = one!.place;
    let at = group.reduce((b, a) => this.common(b, a.block), one!.block);
    const from = [root, ...(high ? [high] : [])].map((v) => this.defs.get(v)!.block);
    for (let loop = this.inner.get(at); loop && !from.some((b) => loop!.body.has(b)); loop = this.inner.get(at)) {
      at = this.graph.idom.get(loop.header)!;
    }
    if (from.some((b) => !this.graph.dominates(b, at))) return false;
    const gain = group.reduce((sum, a) => sum + this.weight(a.block), 0);
    if (gain < 2 * this.weight(at)) return false;
    const mine = new Set(group.flatMap((a) => [a.search, a.top]));
    const first = at.insts.findIndex((i) => mine.has(i));
    const place = first < 0 ? at.insts.length : first;
    // In front of the first of the searches, if one is here.
    const made = [root, ...(high ? [high] : [])].map((v) => instOf(v, this.defs));
    if (made.some((i) => i && at.insts.indexOf(i) >= place)) return false;
    const sizes = new RoomSizes(this.fn, group, group.map((a) => a.search.origin)[0]!, (v) => this.constant(v));
    for (const a of group) {
      const test = sizes.test(a);
      if (test) tests.set(a.search, { ...test, access: a });
    }
    at.insts.splice(place, 0, ...sizes.insts);
    return true;
  }

  private common(a: Block, b: Block): Block {
    let at = a;
    while (!this.graph.dominates(at, b)) at = this.graph.idom.get(at)!;
    return at;
  }

  /** Puts the branches in. */
  private rewrite(tests: ReadonlyMap<Inst, Test>): void {
    const { fn } = this;
    const blocks: Block[] = [];
    const tops = new Set([...tests.values()].map((t) => t.access.top));
    for (const block of fn.blocks) {
      blocks.push(block);
      let here = block;
      const insts = block.insts;
      const { term } = block;
      here.insts = [];
      const merged = new Set<Inst>();
      for (const [i, inst] of insts.entries()) {
        if (tops.has(inst) || merged.has(inst)) continue;
        const test = tests.get(inst);
        if (!test) {
          here.insts.push(inst);
          continue;
        }
        const cold: Block = this.made(inst.origin);
        const rest: Block = this.made(inst.origin);
        const group = test.least === undefined ? [test] : this.row(insts, i, test, tests);
        for (const t of group) {
          merged.add(t.access.search);
          this.again(t.access, cold);
          if (t.access.top) this.lowOnly(t.access);
        }
        const widest = group.reduce((a, b) => ((b.least ?? 0n) > (a.least ?? 0n) ? b : a));
        here.insts.push(...widest.insts);
        const { origin } = inst;
        const term: Block['term'] = {
          kind: 'branch',
          cond: widest.cond,
          wide: false,
          args: widest.args,
          // biome-ignore lint/suspicious/noThenProperty: `then` is the edge taken when the condition holds.
          then: { block: rest, args: [] },
          else: { block: cold, args: [] },
          origin,
        };
        here.term = term;
        cold.cold = true;
        cold.term = { kind: 'jump', to: { block: rest, args: [] }, origin };
        blocks.push(rest);
        this.colds.push(cold);
        here = rest;
      }
      here.term = term;
    }
    fn.blocks = [...blocks, ...this.colds];
  }

  private readonly colds: Block[] = [];
  /** How often each value is read. */
  private readonly uses = new ById<Value, number>();

  private made(origin: Origin): Block {
    return { id: this.fn.nextBlock++, params: [], insts: [], term: { kind: 'trap', trap: 'unreachable', origin } };
  }

  /** The searches of constant offsets from one root that nothing observable parts from the first. */
  private row(insts: readonly Inst[], from: number, first: Test, tests: ReadonlyMap<Inst, Test>): Test[] {
    const out = [first];
    for (const inst of insts.slice(from + 1, from + 1 + MOST_BETWEEN)) {
      const test = tests.get(inst);
      if (test?.least !== undefined && test.room === first.room) out.push(test);
      const { effect } = OPS[inst.op];
      const passes = inst.op === 'search' || (inst.op === 'trapif' && inst.trap === 'memory');
      if (effect !== 'pure' && effect !== 'read' && !passes) break;
    }
    return out;
  }

  /** Only the guard that has become cold, and makes the sum again, asked for the high lane. */
  private lowOnly({ search, top }: Access): void {
    const sum = instOf(search.args[0]!, this.defs)!;
    if (sum.op !== 'add64' || this.uses.get(top!.args[0]!) !== 1) return;
    const [al, , bl] = sum.args as [Value, Value, Value, Value];
    Object.assign(sum, { op: 'add', args: [al, bl], results: [sum.results[0]!] });
  }

  /** The guards of an access as they were, with what only they need. */
  private again({ search, top, place }: Access, cold: Block): void {
    const { origin } = search;
    if (place.index) {
      let address = search.args[0]!;
      if (top) {
        const sum = instOf(address, this.defs)!;
        const results = sum.results.map((v) => newValue(this.fn, v.ty));
        cold.insts.push({ ...sum, args: [...sum.args], results });
        cold.insts.push({ ...top, args: [results[1]!, top.args[1]!] });
        address = results[0]!;
      }
      cold.insts.push({ ...search, args: [address, search.args[1]!] });
      return;
    }
    // Further down than the place of this block may be what the constants are made by.
    const emit = (op: Op, args: Value[], results: number, imm?: bigint): Value[] => {
      const made = Array.from({ length: results }, () => newValue(this.fn, 'i32'));
      cold.insts.push({ op, args, results: made, origin, ...(imm === undefined ? {} : { imm }) });
      return made;
    };
    const [off] = emit('const', [], 1, place.offset & mask(32)) as [Value];
    const [size] = emit('const', [], 1, this.constant(search.args[1]!)!) as [Value];
    let address: Value;
    if (top) {
      const [zero] = emit('const', [], 1, 0n) as [Value];
      const [low, high] = emit('add64', [place.root, place.high!, off, zero], 2) as [Value, Value];
      cold.insts.push({ ...top, args: [high, zero] });
      address = low;
    } else address = emit('add', [place.root, off], 1)[0]!;
    cold.insts.push({ ...search, args: [address, size] });
  }
}

/** Instructions that are looked at for searches to be done with a first. */
const MOST_BETWEEN = 200;
