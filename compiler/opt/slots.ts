// SPDX-License-Identifier: MIT
import { ById, type Graph, graphOf, makers, removeUnreachable, substitute } from '../ir/analysis.js';
import { mask } from '../ir/arith.js';
import { type Block, type Func, type Inst, type Module, newValue, type Op, type Origin, type Value } from '../ir/ir.js';
import { frameUses } from './frame-use.js';
import { pass } from './pass.js';

/**
 * Takes: a guarded module. Gives: bytes of stack frames that only loads and stores of the function itself at constant offsets
 * touch, as values instead; what overlaps anything else stays in memory. After the guards, because every address is a single
 * value there, helper buffers are cut to one lane, and functions that were put into others have brought their frames.
 */
export const promoteSlots = pass(
  'slots',
  (module: Module) => {
    let changed = false;
    for (const [fn, use] of frameUses(module)) {
      if (use.exact.size === 0 || use.whole) continue;
      changed = new Promotion(fn, use.exact, use.shared).run() || changed;
    }
    return changed;
  },
  { requires: ['guarded'] },
);

/** One lane of an access, at most 4 bytes. */
interface Part {
  readonly from: number;
  readonly size: number;
  readonly inst: Inst;
  /** Position of the value among the instruction's results or stored values. */
  readonly lane: number;
}

/** Bytes that are always accessed together, kept in one value, zero-extended. */
interface Atom {
  readonly from: number;
  readonly size: number;
  /** What happens to it, by block, in program order. */
  readonly events: Map<Block, Event[]>;
}

type Event = { readonly kind: 'set' | 'get'; readonly value: Value };

class Promotion {
  private readonly graph: Graph;
  /** By the first byte; null for bytes that stay in memory. */
  private readonly atoms: (Atom | null)[];
  private readonly replaced = new ById<Value, Value>();
  private zero: Value | null = null;
  private out: Inst[] = [];
  private block!: Block;
  private origin: Origin = { func: 0, slot: 0 };
  private readonly made: ById<Value, Inst>;

  constructor(
    private readonly fn: Func,
    private readonly exact: ReadonlyMap<Inst, number>,
    private readonly shared: Uint8Array,
  ) {
    removeUnreachable(fn);
    this.graph = graphOf(fn);
    this.made = makers(fn);
    this.atoms = new Array(fn.frameBytes).fill(null);
  }

  run(): boolean {
    this.choose();
    const atoms = this.atoms.filter((a) => a !== null);
    if (atoms.length === 0) return false;
    for (const block of this.graph.order) this.rewrite(block);
    for (const atom of atoms) this.connect(atom);
    substitute(this.fn, this.replaced);
    return true;
  }

  /** Decides which bytes become values. Parts that overlap, directly or through others, have one fate. */
  private choose(): void {
    const parts = [...this.exact].flatMap(([inst, from]) => partsOf(inst, from)).sort((a, b) => a.from - b.from);
    for (let i = 0; i < parts.length; ) {
      const group: Part[] = [];
      const { from } = parts[i]!;
      let to = from;
      for (let p = parts[i]; p && (group.length === 0 || p.from < to); p = parts[++i]) {
        group.push(p);
        to = Math.max(to, p.from + p.size);
      }
      if (to - from > 4 || this.shared.subarray(from, to).includes(1)) continue;
      const cuts = [...new Set(group.flatMap((p) => [p.from, p.from + p.size]))].sort((a, b) => a - b);
      if (!this.pays(group, cuts)) continue;
      for (let k = 0; k + 1 < cuts.length; k++)
        this.atoms[cuts[k]!] = { from: cuts[k]!, size: cuts[k + 1]! - cuts[k]!, events: new Map() };
    }
  }

  /** Is taking values apart and putting them together no more work than the accesses are? */
  private pays(group: readonly Part[], cuts: readonly number[]): boolean {
    let cost = 0;
    for (const { from, size, inst, lane } of group) {
      const pieces = cuts.filter((c) => c >= from && c < from + size).length;
      if (pieces === 1) continue;
      const stored = inst.op === 'store' ? this.made.get(inst.args[1 + lane]!) : undefined;
      if (stored?.op !== 'const') cost += inst.op === 'store' ? pieces : 2 * (pieces - 1);
    }
    return cost <= group.length;
  }

  private emit(op: Op, args: Value[], more: Partial<Inst> = {}): Value {
    const result = newValue(this.fn, 'i32');
    const inst: Inst = { op, args, results: [result], origin: this.origin, ...more };
    this.out.push(inst);
    return result;
  }
  private constant(n: number): Value {
    return this.emit('const', [], { imm: BigInt(n) });
  }

  private rewrite(block: Block): void {
    this.block = block;
    this.out = [];
    for (const inst of block.insts) {
      const from = this.exact.get(inst);
      const parts = from === undefined ? [] : partsOf(inst, from);
      const moved = parts.map((p) => this.atoms[p.from] != null);
      if (!moved.includes(true)) {
        this.out.push(inst);
        continue;
      }
      this.origin = inst.origin;
      parts.forEach((part, i) => {
        if (!moved[i]) this.out.push(alone(part));
        else if (inst.op === 'store') this.store(part);
        else this.load(part);
      });
    }
    block.insts = this.out;
  }

  private event(atom: Atom, event: Event): void {
    const list = atom.events.get(this.block);
    if (list) list.push(event);
    else atom.events.set(this.block, [event]);
  }

  private atomsOf({ from, size }: Part): Atom[] {
    const out: Atom[] = [];
    for (let at = from; at < from + size; at += out.at(-1)!.size) out.push(this.atoms[at]!);
    return out;
  }

  private store(part: Part): void {
    const value = part.inst.args[1 + part.lane]!;
    for (const atom of this.atomsOf(part)) {
      let piece = value;
      const shift = 8 * (atom.from - part.from);
      if (shift > 0) piece = this.emit('lshr', [piece, this.constant(shift)]);
      if (atom.size < 4) piece = this.emit('and', [piece, this.constant(Number(mask(8 * atom.size)))]);
      this.event(atom, { kind: 'set', value: piece });
    }
  }

  private load(part: Part): void {
    const { inst, lane, size, from } = part;
    let whole: Value | undefined;
    for (const atom of this.atomsOf(part)) {
      let piece = newValue(this.fn, 'i32');
      this.event(atom, { kind: 'get', value: piece });
      const shift = 8 * (atom.from - from);
      if (shift > 0) piece = this.emit('shl', [piece, this.constant(shift)]);
      whole = whole ? this.emit('or', [whole, piece]) : piece;
    }
    if (inst.signed && size < 4) whole = this.emit('sext', [whole!], { bits: (8 * size) as 8 | 16 });
    this.replaced.set(inst.results[lane]!, whole!);
  }

  /** Gives every read of an atom what was written last on the way there: the frame's zero if nothing was. */
  private connect({ events }: Atom): void {
    const { graph } = this;
    const live = new Set<Block>();
    const work: Block[] = [];
    const need = (block: Block): void => {
      if (live.has(block)) return;
      live.add(block);
      work.push(block);
    };
    for (const [block, list] of events) if (list[0]!.kind === 'get') need(block);
    const sets = (block: Block): boolean => events.get(block)?.some((e) => e.kind === 'set') === true;
    for (let block = work.pop(); block; block = work.pop())
      for (const { from } of graph.preds.get(block)!) if (!sets(from)) need(from);

    const end = new ById<Block, Value>();
    const joins: Block[] = [];
    const concerned = [...new Set([...live, ...events.keys()])];
    concerned.sort((a, b) => graph.index.get(a)! - graph.index.get(b)!);
    for (const block of concerned) {
      let now: Value | undefined;
      if (live.has(block)) {
        const preds = graph.preds.get(block)!;
        if (preds.length === 0) now = this.initial();
        else if (preds.length === 1) now = end.get(preds[0]!.from)!;
        else {
          now = newValue(this.fn, 'i32');
          block.params.push(now);
          joins.push(block);
        }
      }
      for (const { kind, value } of events.get(block) ?? []) {
        if (kind === 'set') now = value;
        else this.replaced.set(value, now!);
      }
      if (now) end.set(block, now);
    }
    for (const block of joins) for (const { from, edge } of graph.preds.get(block)!) edge.args.push(end.get(from)!);
  }

  /** What a frame holds at first: zero where the program may look at it. */
  private initial(): Value {
    if (!this.zero) {
      this.zero = newValue(this.fn, 'i32');
      const origin = { func: this.fn.index, slot: 0 };
      this.fn.blocks[0]!.insts.unshift({ op: 'const', args: [], results: [this.zero], origin, imm: 0n });
    }
    return this.zero;
  }
}

function partsOf(inst: Inst, from: number): Part[] {
  if (inst.size !== 8) return [{ from, size: inst.size!, inst, lane: 0 }];
  return [0, 1].map((lane) => ({ from: from + 4 * lane, size: 4, inst, lane }));
}

/** The instruction for one of its lanes, where the other is a value now. */
function alone({ inst, lane }: Part): Inst {
  const [address, ...values] = inst.args;
  const align = Math.min(inst.access!.align, 4) as 1 | 2 | 4;
  const { span } = inst.access!;
  const half = span && ([span[0] + 4 * lane, span[0] + 4 * lane + 4] as const);
  return {
    ...inst,
    size: 4,
    off: inst.off! + 4 * lane,
    args: inst.op === 'store' ? [address!, values[lane]!] : [address!],
    results: inst.op === 'store' ? [] : [inst.results[lane]!],
    access: { ...inst.access!, align, ...(half ? { span: half } : {}) },
  };
}
