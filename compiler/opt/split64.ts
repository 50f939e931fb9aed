// SPDX-License-Identifier: MIT
import { graphOf, removeUnreachable } from '../ir/analysis.js';
import { type BinaryOp, isBinary } from '../ir/arith.js';
import {
  type Block,
  edges,
  type Func,
  type Inst,
  type Module,
  newValue,
  type Op,
  type Origin,
  type Value,
} from '../ir/ir.js';
import { shiftBy } from './fold-lanes.js';
import { pass } from './pass.js';

/**
 * Takes: a wide module. Gives: the same program over 32-bit lanes, every i64 as (low, high); nothing is optimised but
 * shifts by constants, which need no 64-bit operation. The entry's high parameter lanes are zero by the calling convention.
 */
export const split64 = pass(
  'split64',
  (module: Module) => {
    for (const fn of module.funcs) splitFunc(fn);
    return true;
  },
  { refuses: ['lanes', 'guarded'], establishes: ['lanes'] },
);

type Pair = readonly [Value, Value];

const WIDE = {
  add: 'add64',
  sub: 'sub64',
  mul: 'mul64',
  udiv: 'udiv64',
  sdiv: 'sdiv64',
  umod: 'umod64',
  smod: 'smod64',
  shl: 'shl64',
  lshr: 'lshr64',
  ashr: 'ashr64',
} as const satisfies Partial<Record<Op, Op>>;

function splitFunc(fn: Func): void {
  removeUnreachable(fn);
  const split = new Splitter(fn);
  const order = graphOf(fn).order;
  // Parameters first: an edge may reach a block before its body is split. Blocks come in dominance order.
  for (const block of order) split.params(block);
  fn.params = fn.params.flatMap((p) => [
    { reg: p.reg, lane: 'lo' as const },
    { reg: p.reg, lane: 'hi' as const },
  ]);
  for (const block of order) split.body(block, fn.entry && block === order[0]);
  for (const block of order) split.term(block);
}

class Splitter {
  private readonly pairs = new Map<Value, Pair>();
  /** i32 values that turned out to be the low lane of something: results of trunc. */
  private readonly names = new Map<Value, Value>();
  /** Wide constants, for shift amounts. */
  private readonly constants = new Map<Value, bigint>();
  private insts: Inst[] = [];
  private origin: Origin = { func: 0, slot: 0 };

  constructor(private readonly fn: Func) {}

  private emit(op: Op, args: Value[], results: number, more: Partial<Inst> = {}): Value[] {
    const made = Array.from({ length: results }, () => newValue(this.fn, 'i32'));
    this.insts.push({ op, args, results: made, origin: this.origin, ...more });
    return made;
  }
  one(op: Op, args: Value[], more: Partial<Inst> = {}): Value {
    return this.emit(op, args, 1, more)[0]!;
  }
  constant(n: bigint | number): Value {
    return this.one('const', [], { imm: BigInt.asUintN(32, BigInt(n)) });
  }

  /** The lanes of a wide value, or what an i32 is called now. */
  private lanes(v: Value): Value[] {
    return v.ty === 'i32' ? [this.names.get(v) ?? v] : [...this.pair(v)];
  }
  private pair(v: Value): Pair {
    const p = this.pairs.get(v);
    if (!p) throw new Error(`split64: v${v.id} has no lanes`);
    return p;
  }
  private fresh(v: Value): Value[] {
    if (v.ty === 'i32') return [v];
    const p: Pair = [newValue(this.fn, 'i32'), newValue(this.fn, 'i32')];
    this.pairs.set(v, p);
    return [...p];
  }

  params(block: Block): void {
    block.params = block.params.flatMap((v) => this.fresh(v));
  }

  body(block: Block, entry: boolean): void {
    const old = block.insts;
    this.insts = [];
    if (entry) {
      for (const [v, [lo]] of this.pairs) if (block.params.includes(lo)) this.pairs.set(v, [lo, this.constant(0)]);
    }
    for (const inst of old) {
      this.origin = inst.origin;
      this.inst(inst);
    }
    block.insts = this.insts;
  }

  term(block: Block): void {
    const t = block.term;
    for (const edge of edges(t)) edge.args = edge.args.flatMap((v) => this.lanes(v));
    if (t.kind === 'ret') t.args = t.args.flatMap((v) => this.lanes(v));
    if (t.kind === 'branch') {
      const [a, b] = t.args;
      t.wide = a!.ty === 'i64';
      t.args = [...this.lanes(a!), ...this.lanes(b!)];
    }
  }

  private inst(inst: Inst): void {
    const [result] = inst.results;
    const [a, b] = inst.args;
    if (inst.op === 'trunc') {
      this.names.set(result!, this.pair(a!)[0]);
      return;
    }
    if (inst.op === 'icmp' && a!.ty === 'i64') {
      this.insts.push({ ...inst, op: 'icmp64', args: [...this.pair(a!), ...this.pair(b!)] });
      return;
    }
    const pair = result?.ty === 'i64' ? this.pairOf(inst) : null;
    if (pair) this.pairs.set(result!, pair);
    else this.keep(inst);
  }

  /** Lanes of a pure operation's wide result; null: the operation stays as it is. */
  private pairOf(inst: Inst): Pair | null {
    const [a, b] = inst.args;
    switch (inst.op) {
      case 'const':
        this.constants.set(inst.results[0]!, inst.imm!);
        return [this.constant(inst.imm!), this.constant(inst.imm! >> 32n)];
      case 'zext':
        return [this.lanes(a!)[0]!, this.constant(0)];
      case 'sext': {
        const [lo] = this.pair(a!);
        const low = inst.bits === 32 ? lo : this.one('sext', [lo], { bits: inst.bits });
        return [low, this.one('ashr', [low, this.constant(31)])];
      }
      case 'bswap': {
        const [lo, hi] = this.pair(a!);
        if (inst.bits !== 64) return [this.one('bswap', [lo], { bits: inst.bits }), this.constant(0)];
        return [this.one('bswap', [hi], { bits: 32 }), this.one('bswap', [lo], { bits: 32 })];
      }
      case 'select': {
        const [cond, x, y] = inst.args.map((v) => this.lanes(v));
        return [this.one('select', [cond![0]!, x![0]!, y![0]!]), this.one('select', [cond![0]!, x![1]!, y![1]!])];
      }
      default:
        return isBinary(inst.op) ? this.binary(inst.op, a!, b!) : null;
    }
  }

  /** The same operation, wide arguments and results as pairs. */
  private keep(inst: Inst): void {
    const args = inst.args.flatMap((v) => this.lanes(v));
    const results = inst.results.flatMap((v) => this.fresh(v));
    this.insts.push({ ...inst, args, results });
  }

  private binary(op: BinaryOp, a: Value, b: Value): Pair {
    const [al, ah] = this.pair(a);
    const [bl, bh] = this.pair(b);
    switch (op) {
      case 'and':
      case 'or':
      case 'xor':
        return [this.one(op, [al, bl]), this.one(op, [ah, bh])];
      case 'shl':
      case 'lshr':
      case 'ashr': {
        const amount = this.constants.get(b);
        const [lo, hi] =
          amount !== undefined ? shiftBy(op, al, ah, Number(amount & 63n), this) : this.emit(WIDE[op], [al, ah, bl], 2);
        return [lo!, hi!];
      }
      default: {
        const [lo, hi] = this.emit(WIDE[op], [al, ah, bl, bh], 2);
        return [lo!, hi!];
      }
    }
  }
}
