// SPDX-License-Identifier: MIT
import { ById, type Graph, graphOf, loopsOf, removeUnreachable, substitute } from '../ir/analysis.js';
import { mask } from '../ir/arith.js';
import { type Block, type Func, type Inst, type Module, newValue, OPS, type Op, type Value } from '../ir/ir.js';
import { mayChange, ordersStore, sameRegion } from './alias.js';
import { pass } from './pass.js';

/**
 * Takes: a guarded module. Gives: no load of what is known to be there because it was stored or loaded before on every way to it, and no
 * store that another one covers before anybody can look. RFC 9669 has no volatile accesses: memory that the host may change meanwhile
 * need not be read again, but each round of a loop reads it anew, so that a program can wait for the host. Atomic operations and calls
 * end what is known.
 */
export const forwardMemory = pass(
  'forward',
  (module: Module) => {
    let changed = false;
    for (const fn of module.funcs) {
      if (!fn.blocks.some((b) => b.insts.some((i) => i.op === 'load' || i.op === 'store'))) continue;
      changed = new Forwarder(fn).run() || changed;
    }
    return changed;
  },
  { requires: ['guarded'] },
);

/** `size` bytes at base + off are those of a value, of which the bits above do not count. */
interface Entry {
  readonly base: Value;
  readonly off: number;
  readonly size: number;
  /** The value, or what would make it: a parameter of a block, with what its predecessors know, in their order. */
  value: Value | { readonly block: Block; readonly from: readonly Entry[]; readonly depth: number };
  /** Extended as a load would: null for what was stored, and for words. */
  readonly signed: boolean | null;
  /** The access, for what is known of its place. */
  readonly inst: Inst;
}

/** What is remembered at a time, latest first out. */
const MOST_ENTRIES = 32;
/** Joins that a value goes through at most. */
const MOST_DEEP = 32;
/** Writes of a loop that are held against what is known in front of it. */
const MOST_WRITES = 64;
/** Stores that wait for one that covers them. */
const MOST_WAITING = 16;

class Forwarder {
  private readonly replaced = new ById<Value, Value>();
  private readonly made = new ById<Value, Inst>();
  private readonly ends = new ById<Block, readonly Entry[]>();
  private changed = false;

  constructor(private readonly fn: Func) {}

  run(): boolean {
    removeUnreachable(this.fn);
    const graph = graphOf(this.fn);
    const writes = writesOfLoops(graph);
    for (const block of graph.order) this.block(block, this.start(block, graph, writes), graph);
    substitute(this.fn, this.replaced);
    return this.changed;
  }

  /** What is known at the start of a block: on all ways into it, and unchanged by the loop that it is the header of. */
  private start(block: Block, graph: Graph, writes: ById<Block, readonly Inst[] | null>): Entry[] {
    const loop = writes.get(block);
    if (loop === null) return [];
    const index = graph.index.get(block)!;
    const preds = graph.preds.get(block)!.filter((p) => graph.index.get(p.from)! < index);
    // A way back that does not make a loop of this block's may come from anywhere.
    const back = graph.preds.get(block)!.filter((p) => graph.index.get(p.from)! >= index);
    if (preds.length === 0 || back.some((p) => !graph.dominates(block, p.from))) return [];
    const [first, ...others] = preds.map((p) => this.ends.get(p.from)!);
    const known = first!.flatMap((e) => {
      const found = others.map((list) => list.findLast((o) => samePlace(e, o)));
      const from = [e, ...found.filter((o) => o !== undefined)];
      if (from.length < preds.length) return [];
      // What is known of a place on one way need not hold on another.
      const inst = from.every((o) => o.inst === e.inst) ? e.inst : plain(e.inst);
      if (from.every((o) => o.value === e.value)) return [{ ...e, inst }];
      const depth = 1 + Math.max(...from.map((o) => ('block' in o.value ? o.value.depth : 0)));
      return back.length > 0 || depth > MOST_DEEP ? [] : [{ ...e, inst, value: { block, from, depth } }];
    });
    return loop ? known.filter((e) => isOwn(e.inst) && !loop.some((w) => mayChange(w, e.inst))) : known;
  }

  private block(block: Block, start: Entry[], graph: Graph): void {
    let known = start;
    let waiting: Inst[] = [];
    const out: Inst[] = [];
    const dead = new Set<Inst>();
    const learn = (entry: Entry): void => {
      if (known.length >= MOST_ENTRIES) known.shift();
      known.push(entry);
    };
    for (const inst of block.insts) {
      for (let i = 0; i < inst.args.length; i++) inst.args[i] = this.latest(inst.args[i]!);
      for (const v of inst.results) this.made.set(v, inst);
      const { effect } = OPS[inst.op];
      if (effect === 'pure') {
        out.push(inst);
        continue;
      }
      if (inst.op === 'load') {
        const given = this.given(inst, known, out, graph);
        if (given) {
          inst.results.forEach((v, i) => {
            this.replaced.set(v, given[i]!);
          });
          this.changed = true;
          continue;
        }
        for (const e of entriesOf(inst)) learn(e);
      } else if (inst.op === 'store') {
        for (const s of waiting) if (covers(inst, s)) dead.add(s);
      }
      if (waiting.length > 0) waiting = waiting.filter((s) => !dead.has(s) && !ordersStore(inst, s));
      if (effect === 'write' || effect === 'call') known = known.filter((e) => !mayChange(inst, e.inst));
      if (inst.op === 'store') {
        for (const e of entriesOf(inst)) learn(e);
        if (waiting.length >= MOST_WAITING) waiting.shift();
        waiting.push(inst);
      }
      out.push(inst);
    }
    if (dead.size > 0) this.changed = true;
    block.insts = dead.size > 0 ? out.filter((i) => !dead.has(i)) : out;
    this.ends.set(block, known);
  }

  /** The value of an entry; makes the parameter where ways meet that bring different ones. */
  private valueOf(e: Entry, graph: Graph): Value {
    if (!('block' in e.value)) return e.value;
    const { block, from } = e.value;
    const values = from.map((o) => this.valueOf(o, graph));
    const param = newValue(this.fn, 'i32');
    block.params.push(param);
    graph.preds.get(block)!.forEach(({ edge }, i) => {
      edge.args.push(values[i]!);
    });
    e.value = param;
    return param;
  }

  private latest(v: Value): Value {
    let to = v;
    for (let next = this.replaced.get(to); next; next = this.replaced.get(to)) to = next;
    return to;
  }

  /** The results of a load, if they are known; null: not all of them. */
  private given(load: Inst, known: readonly Entry[], out: Inst[], graph: Graph): Value[] | null {
    const emit = (op: Op, args: Value[], more: Partial<Inst> = {}): Value => {
      const value = newValue(this.fn, 'i32');
      const inst: Inst = { op, args, results: [value], origin: load.origin, ...more };
      out.push(inst);
      this.made.set(value, inst);
      return value;
    };
    const size = Math.min(load.size!, 4);
    const found = load.results.map((_, lane) => {
      const off = load.off! + 4 * lane;
      return known.findLast((e) => e.base === load.args[0] && e.off <= off && off + size <= e.off + e.size);
    });
    const parts = found.flatMap((e, lane): (() => Value)[] => {
      if (!e) return [];
      const constant = 'block' in e.value ? undefined : this.made.get(e.value);
      if (constant?.op === 'const') {
        const shift = BigInt(8 * (load.off! + 4 * lane - e.off));
        const bits = (constant.imm! >> shift) & mask(8 * size);
        const imm = load.signed ? BigInt.asUintN(32, BigInt.asIntN(8 * size, bits)) : bits;
        return [() => emit('const', [], { imm })];
      }
      // Cutting a part out of a number is no less work than loading it.
      if (e.size !== size || e.off !== load.off! + 4 * lane) return [];
      const value = (): Value => this.valueOf(e, graph);
      if (size === 4 || e.signed === load.signed) return [value];
      if (load.signed) return [() => emit('sext', [value()], { bits: (8 * size) as 8 | 16 })];
      return [() => emit('and', [value(), emit('const', [], { imm: mask(8 * size) })])];
    });
    return parts.length === load.results.length ? parts.map((make) => make()) : null;
  }
}

const samePlace = (a: Entry, b: Entry): boolean =>
  a.base === b.base && a.off === b.off && a.size === b.size && a.signed === b.signed && sameOrNo(a.inst, b.inst);

function sameOrNo(a: Inst, b: Inst): boolean {
  const [r, s] = [a.access?.region ?? null, b.access?.region ?? null];
  return r === s || sameRegion(r, s);
}

/** The access without what is known of the bytes inside its region. */
function plain(inst: Inst): Inst {
  if (!inst.access?.span) return inst;
  const { span: _, ...access } = inst.access;
  return { ...inst, access };
}

/** Memory of the instance, which nobody else writes while the program runs. */
function isOwn({ access }: Inst): boolean {
  const kind = access?.region?.kind;
  return kind === 'frame' || kind === 'data' || kind === 'rodata';
}

/** What an access tells, word by word. */
function entriesOf(inst: Inst): Entry[] {
  const [base, ...stored] = inst.args;
  const values = inst.op === 'store' ? stored : inst.results;
  const signed = inst.op === 'store' || inst.size! >= 4 ? null : inst.signed === true;
  return values.map((value, i) => ({
    base: base!,
    off: inst.off! + 4 * i,
    size: Math.min(inst.size!, 4),
    value,
    signed,
    inst,
  }));
}

/** Does the second store write all that the first wrote? */
const covers = (store: Inst, earlier: Inst): boolean =>
  store.args[0] === earlier.args[0] &&
  store.off! <= earlier.off! &&
  earlier.off! + earlier.size! <= store.off! + store.size!;

/** What each loop writes, by its header; null: too much. */
function writesOfLoops(graph: Graph): ById<Block, readonly Inst[] | null> {
  const writes = new ById<Block, readonly Inst[] | null>();
  const own = new ById<Block, readonly Inst[]>();
  for (const block of graph.order) {
    const list = block.insts.filter((i) => OPS[i.op].effect === 'write' || OPS[i.op].effect === 'call');
    if (list.length > 0) own.set(block, list);
  }
  for (const { header, body } of loopsOf(graph).loops) {
    const all: Inst[] = [];
    for (const b of body) {
      all.push(...(own.get(b) ?? []));
      if (all.length > MOST_WRITES) break;
    }
    writes.set(header, all.length > MOST_WRITES ? null : all);
  }
  return writes;
}
