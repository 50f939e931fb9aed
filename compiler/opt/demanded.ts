// SPDX-License-Identifier: MIT
import { ById, type Def, definitions, removeUnreachable, substitute } from '../ir/analysis.js';
import {
  type Block,
  edges,
  type Func,
  type Inst,
  type Module,
  newValue,
  type Op,
  type Term,
  type Value,
} from '../ir/ir.js';
import { pass } from './pass.js';

/**
 * Takes: a module over lanes. Gives: no mask, extension or sum that only changes bits which nothing looks at, backwards from
 * stores, comparisons, masks and shifts; loads extended by the sign only where the sign is looked at.
 */
export const dropUnseenBits = pass(
  'demanded',
  (module: Module) => {
    let changed = false;
    for (const fn of module.funcs) changed = new Demand(fn).run() || changed;
    return changed;
  },
  { requires: ['lanes'] },
);

const ALL = 0xffffffff;
const SIGN = 0x80000000;

/** All bits up to the highest of some. */
const upTo = (d: number): number => (d === 0 ? 0 : ALL >>> Math.clz32(d));
/** All bits from the lowest of some. */
const from = (d: number): number => (d === 0 ? 0 : ~((d & -d) - 1) >>> 0);
const low = (bits: number): number => (bits >= 32 ? ALL : 2 ** bits - 1);

class Demand {
  /** Bits of each value that something looks at, by id. */
  private readonly bits: Uint32Array;
  /** The same but for extensions by the sign of what a load gives. */
  private readonly plain: Uint32Array;
  private readonly defs: ById<Value, Def>;
  private readonly incoming = new ById<Block, Value[][]>();
  /** Loads whose sign is extended where that is looked at. */
  private readonly signs = new Set<Value>();
  private readonly work: Value[] = [];
  private readonly replaced = new ById<Value, Value>();

  constructor(private readonly fn: Func) {
    removeUnreachable(fn);
    this.bits = new Uint32Array(fn.nextValue);
    this.plain = new Uint32Array(fn.nextValue);
    this.defs = definitions(fn);
    for (const b of fn.blocks) this.incoming.set(b, []);
    for (const b of fn.blocks) for (const e of edges(b.term)) this.incoming.get(e.block)!.push(e.args);
  }

  run(): boolean {
    const { fn } = this;
    for (const { insts, term } of fn.blocks) {
      for (const inst of insts) this.roots(inst);
      this.ends(term);
    }
    // Masks only grow, at most 32 times each.
    for (let v = this.work.pop(); v; v = this.work.pop()) this.spread(v);
    let changed = false;
    for (const block of fn.blocks) {
      block.insts = block.insts.map((inst) => {
        const simpler = this.simpler(inst);
        if (simpler !== inst) changed = true;
        return simpler;
      });
    }
    substitute(fn, this.replaced);
    return changed;
  }

  private need(v: Value, bits: number, by?: Inst): void {
    if (by && this.extends(v, by)) {
      const result = by.results[0]!;
      if ((this.bits[result.id]! & ~low(by.bits!)) !== 0) this.signs.add(v);
    } else this.plain[v.id]! |= bits;
    const before = this.bits[v.id]!;
    const after = (before | bits) >>> 0;
    if (after === before) return;
    this.bits[v.id] = after;
    this.work.push(v);
  }

  private constant(v: Value): number | undefined {
    const def = this.defs.get(v);
    return def?.kind === 'inst' && def.inst.op === 'const' ? Number(def.inst.imm!) : undefined;
  }

  /** What an instruction looks at whoever uses its results. */
  private roots(inst: Inst): void {
    if (inst.op === 'store') {
      const values = inst.size === 8 ? 2 : 1;
      const first = inst.args.length - values;
      inst.args.forEach((v, i) => {
        this.need(v, i >= first && inst.size! < 4 ? low(inst.size! * 8) : ALL);
      });
    } else if (!(inst.op in SPREAD)) for (const v of inst.args) this.need(v, ALL);
  }

  private compared(cond: string, a: Value, b: Value): void {
    const mask = cond === 'set' || cond === 'nset' ? this.constant(b) : undefined;
    this.need(a, mask ?? ALL);
    this.need(b, ALL);
  }

  private ends(t: Term): void {
    if (t.kind === 'ret') for (const v of t.args) this.need(v, ALL);
    if (t.kind !== 'branch') return;
    if (t.wide) for (const v of t.args) this.need(v, ALL);
    else this.compared(t.cond, t.args[0]!, t.args[1]!);
  }

  private spread(v: Value): void {
    const def = this.defs.get(v)!;
    const d = this.bits[v.id]!;
    if (def.kind === 'param') {
      if (def.block !== this.fn.blocks[0])
        for (const args of this.incoming.get(def.block)!) this.need(args[def.index]!, d);
      return;
    }
    const { inst } = def;
    const rule = (SPREAD as Partial<Record<Op, Spread>>)[inst.op];
    if (!rule) return;
    if (inst.op === 'icmp') {
      this.compared(inst.cond!, inst.args[0]!, inst.args[1]!);
      return;
    }
    const bits = rule(d, inst, (x) => this.constant(x), def.index);
    inst.args.forEach((x, i) => {
      this.need(x, bits[i]!, inst);
    });
  }

  /** Is that the sign extension of what a load gives? */
  private extends(v: Value, by: Inst): boolean {
    const def = this.defs.get(v);
    return by.op === 'sext' && def?.kind === 'inst' && def.inst.op === 'load' && def.inst.size! * 8 === by.bits;
  }

  /** The instruction, or one with the same bits where they are looked at. */
  private simpler(inst: Inst): Inst {
    const [v] = inst.results;
    if (!v || inst.results.length > 1) return inst;
    const d = this.bits[v.id]!;
    const [x] = inst.args;
    if (inst.op === 'load') {
      const above = ~low(inst.size! * 8);
      if (inst.signed) return (d & above) === 0 ? { ...inst, signed: false } : inst;
      const extended = this.signs.has(v) && (this.plain[v.id]! & above) === 0;
      return extended ? { ...inst, signed: true } : inst;
    }
    if (!(inst.op in SPREAD) || inst.op === 'icmp') return inst;
    const c = inst.args.length === 2 ? this.constant(inst.args[1]!) : undefined;
    if (this.passes(inst, d, c)) {
      this.replaced.set(v, x!);
      // Nothing uses it any more: a constant nobody needs is the cheapest that may stay behind.
      return { op: 'const', args: [], results: [newValue(this.fn, 'i32')], origin: inst.origin, imm: 0n };
    }
    if (inst.op === 'ashr' && c !== undefined && (d & ~(ALL >>> (c & 31))) === 0) return { ...inst, op: 'lshr' };
    return inst;
  }

  /** Has the result the bits that are looked at from the first argument, all in place? */
  private passes(inst: Inst, d: number, c: number | undefined): boolean {
    if (d === 0) return false;
    switch (inst.op) {
      case 'and':
        return c !== undefined && (d & ~c) === 0;
      case 'or':
      case 'xor':
        return c !== undefined && (d & c) === 0;
      case 'add':
      case 'sub':
        return c !== undefined && (upTo(d) & c) === 0;
      case 'sext':
        return (d & ~low(inst.bits!)) === 0;
      default:
        return false;
    }
  }
}

type Spread = (d: number, inst: Inst, constant: (v: Value) => number | undefined, index: number) => readonly number[];

const both: Spread = (d) => [d, d];
const carrying: Spread = (d) => [upTo(d), upTo(d)];

/** Which bits of its arguments an operation's result needs for bits `d` of it. */
const SPREAD = {
  add: carrying,
  sub: carrying,
  mul: carrying,
  and: (d, { args }, constant) => [(d & (constant(args[1]!) ?? ALL)) >>> 0, d],
  or: (d, { args }, constant) => [(d & ~(constant(args[1]!) ?? 0)) >>> 0, d],
  xor: both,
  select: (d) => [ALL, d, d],
  icmp: () => [ALL, ALL],
  shl: (d, { args }, constant) => {
    const n = constant(args[1]!);
    return [n === undefined ? upTo(d) : d >>> (n & 31), 31];
  },
  lshr: (d, { args }, constant) => {
    const n = constant(args[1]!);
    return [n === undefined ? from(d) : (d << (n & 31)) >>> 0, 31];
  },
  ashr: (d, { args }, constant) => {
    const n = constant(args[1]!);
    if (n === undefined) return [(from(d) | SIGN) >>> 0, 31];
    const copies = (d & ~(ALL >>> (n & 31))) !== 0;
    return [((d << (n & 31)) | (copies ? SIGN : 0)) >>> 0, 31];
  },
  sext: (d, { bits }) => {
    const seen = d & low(bits!);
    return [(seen | ((d & ~low(bits!)) !== 0 ? 2 ** (bits! - 1) : 0)) >>> 0];
  },
  bswap: (d, { bits }) => [swapped(bits === 16 ? (d & 0xffff) * 0x10000 : d)],
} as const satisfies Partial<Record<Op, Spread>>;

/** Bytes in reverse order. */
function swapped(d: number): number {
  return (((d & 0xff) << 24) | ((d & 0xff00) << 8) | ((d >>> 8) & 0xff00) | (d >>> 24)) >>> 0;
}
