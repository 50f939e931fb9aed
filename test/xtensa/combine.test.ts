// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Cond, Func, Inst, Op, Value } from '../../compiler/ir/ir.js';
import { CONDS } from '../opt/expressions.js';
import { apply, holds } from '../thumb/reference.js';
import { BENCHES, EDGES } from './harness.js';

/**
 * Random straight-line functions over lanes that end in a branch: what selection folds into one instruction, and whatever
 * registers allocation gives, must give what the operations give one by one.
 */

const O = { func: 0, slot: 0 };
/** Number of arguments and results of what is generated, and how often: by how much selection makes of it. */
const MAKE: readonly { op: Op; args?: number; results?: number; weight?: number }[] = [
  { op: 'add', weight: 4 },
  { op: 'sub', weight: 3 },
  { op: 'mul', weight: 2 },
  { op: 'and', weight: 4 },
  { op: 'or', weight: 2 },
  { op: 'xor', weight: 2 },
  { op: 'shl', weight: 3 },
  { op: 'lshr', weight: 3 },
  { op: 'ashr', weight: 2 },
  { op: 'sext', args: 1 },
  { op: 'bswap', args: 1 },
  { op: 'icmp', weight: 3 },
  { op: 'select', args: 3, weight: 3 },
  { op: 'udiv' },
  { op: 'smod' },
  { op: 'sdiv' },
  { op: 'umod' },
  { op: 'umul64', results: 2 },
  { op: 'add64', args: 4, results: 2, weight: 4 },
  { op: 'sub64', args: 4, results: 2, weight: 4 },
  { op: 'mul64', args: 4, results: 2, weight: 2 },
  { op: 'shl64', args: 3, results: 2 },
  { op: 'lshr64', args: 3, results: 2 },
  { op: 'ashr64', args: 3, results: 2 },
  { op: 'icmp64', args: 4, weight: 3 },
];
const CHOICES = MAKE.flatMap((m) => Array.from({ length: m.weight ?? 1 }, () => m));
const CONSTANTS = [...EDGES, 5, 9, 24, 16, 20, 12, 0x3f, 0xfff, 4094, 0x1ff, 0xfffffffd, 0x80, 0xff0, 0xdeadbeef];

class Random {
  constructor(private state: number) {}
  next(n: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * n);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.next(list.length)]!;
  }
}

interface Made {
  readonly fn: Func;
  readonly cond: Cond;
  readonly wide: boolean;
}

/** Collects instructions of one block, and the values that later ones may take. */
class Draft {
  readonly insts: Inst[] = [];
  readonly values: Value[];
  private readonly known = new Set<Value>();
  next = 0;

  constructor(
    private readonly r: Random,
    readonly params: readonly Value[],
  ) {
    this.values = [...params];
    this.next = params.length;
  }

  fresh(): Value {
    return { id: this.next++, ty: 'i32' };
  }
  constant(c = this.r.pick(CONSTANTS)): Value {
    const v = this.fresh();
    this.known.add(v);
    this.insts.push({ op: 'const', args: [], results: [v], origin: O, imm: BigInt(c) });
    return v;
  }
  recent(): Value {
    const back = this.r.next(this.r.next(3) === 0 ? 99 : 4);
    return this.values[this.values.length - 1 - Math.min(this.values.length - 1, back)]!;
  }
  argument(): Value {
    return this.r.next(5) < 2 ? this.constant() : this.recent();
  }
  emit(op: Op, args: Value[], results = 1, more: Partial<Inst> = {}): readonly Value[] {
    const out = Array.from({ length: results }, () => this.fresh());
    this.insts.push({ op, args, results: out, origin: O, ...more });
    return out;
  }
  any(): void {
    const { r } = this;
    const { op, args: count = 2, results = 1 } = r.pick(CHOICES);
    const args = Array.from({ length: count }, () => this.argument());
    // Doubled and halved pairs: lanes that are one value.
    if (count === 4 && r.next(4) === 0) args[r.pick([1, 2, 3])] = args[r.next(2)]!;
    if (args.every((a) => this.known.has(a))) args[0] = this.recent();
    if (op.endsWith('64') && count === 3 && this.known.has(args[2]!)) args[2] = this.recent();
    const more: Partial<Inst> = {};
    if (op === 'sext') more.bits = r.pick([8, 16] as const);
    if (op === 'bswap') more.bits = r.pick([16, 32] as const);
    if (op.startsWith('icmp')) more.cond = r.pick(CONDS);
    this.values.push(...this.emit(op, args, results, more));
  }
  /** Rotations, funnels, bit fields and scaled sums, which are rare by chance. */
  pattern(): void {
    const { r } = this;
    const n = 1 + r.next(31);
    const shift = (op: Op, of: Value, by: number): Value => this.emit(op, [of, this.constant(by)])[0]!;
    const [x, y] = [this.recent(), this.recent()];
    const parts = r.pick([
      () => [shift('shl', x, n), shift('lshr', x, 32 - n)],
      () => [shift('lshr', y, 32 - n), shift('shl', x, n)],
      () => [y, shift('lshr', shift('shl', x, r.next(n + 1)), n)],
      () => [shift('shl', x, 1 + r.next(3)), y],
      () => [this.emit('and', [x, this.constant()])[0]!, this.constant()],
    ])();
    this.values.push(...this.emit(r.pick(['or', 'add', 'xor', 'sub'] as const), parts));
    // A comparison that only decides a select.
    if (r.next(2)) {
      const [a, b] = [this.argument(), this.recent()];
      const [condition] = this.emit('icmp', r.next(2) ? [a, b] : [b, a], 1, { cond: r.pick(CONDS) });
      const arms = r.pick([
        [a, b],
        [b, a],
        [this.argument(), this.argument()],
      ]);
      this.values.push(...this.emit('select', [condition!, ...arms]));
    }
  }
}

/** Four parameter lanes, then operations whose arguments are mostly recent values and constants; two lanes out. */
function make(r: Random): Made {
  const params: Value[] = [0, 1, 2, 3].map((id) => ({ id, ty: 'i32' }));
  const d = new Draft(r, params);
  for (let i = 3 + r.next(14); i > 0; i--) {
    d.any();
    if (r.next(5) === 0) d.pattern();
  }
  const [cond, wide] = [r.pick(CONDS), r.next(2) === 0];
  const args = Array.from({ length: wide ? 4 : 2 }, () => d.argument());
  const [p, q] = [d.fresh(), d.fresh()];
  const join = { id: 2, params: [p, q], insts: [] as Inst[], term: { kind: 'ret' as const, args: [p, q], origin: O } };
  const arm = (id: number, x: Value, y: Value): Func['blocks'][number] => ({
    id,
    params: [],
    insts: [],
    term: { kind: 'jump', to: { block: join, args: [x, y] }, origin: O },
  });
  const [then, other] = [arm(1, d.recent(), d.recent()), arm(3, d.values.at(-1)!, d.constant())];
  const entry: Func['blocks'][number] = {
    id: r.next(2) ? 0 : 5,
    params,
    insts: d.insts,
    term: {
      kind: 'branch',
      cond,
      wide,
      args,
      // biome-ignore lint/suspicious/noThenProperty: the IR's name for the taken edge.
      then: { block: then, args: [] },
      else: { block: other, args: [] },
      origin: O,
    },
  };
  const lane = (reg: number, l: 'lo' | 'hi') => ({ reg, lane: l });
  const fn: Func = {
    index: 0,
    name: 'f',
    entry: false,
    blocks: [entry, then, other, join],
    params: [lane(1, 'lo'), lane(1, 'hi'), lane(2, 'lo'), lane(2, 'hi')],
    results: ['lo', 'hi'],
    frameBytes: 0,
    nextValue: d.next,
    nextBlock: 6,
  };
  return { fn, cond, wide };
}

function evaluate({ fn, cond, wide }: Made, input: readonly number[]): number[] {
  const [entry, then, other] = fn.blocks;
  const env = new Map<Value, number>(entry!.params.map((p, i) => [p, input[i]!]));
  const get = (v: Value): number => env.get(v)!;
  for (const inst of entry!.insts) {
    const out = apply(inst, inst.args.map(get));
    inst.results.forEach((v, i) => {
      env.set(v, out[i]!);
    });
  }
  const { term } = entry!;
  if (term.kind !== 'branch') throw new Error('no branch');
  const a = term.args.map((v) => BigInt(get(v)));
  const holding = wide
    ? holds(cond, 64, a[0]! | (a[1]! << 32n), a[2]! | (a[3]! << 32n))
    : holds(cond, 32, a[0]!, a[1]!);
  const to = (holding ? then : other)!.term;
  if (to.kind !== 'jump') throw new Error('no jump');
  return to.to.args.map(get);
}

const FUNCTIONS = Math.ceil(Number(process.env.FCC_RUNS ?? 600) / 15);

describe.each(BENCHES)('random straight-line functions on $name', (bench) => {
  it.each([1, 2])('seed %i', (seed) => {
    const r = new Random(seed * 7919);
    const machine = bench.machine();
    for (let i = 0; i < FUNCTIONS; i++) {
      const made = make(r);
      // Every third one with its blocks far apart.
      const code = bench.compile([made.fn], { gap: i % 3 === 2 ? r.pick([40, 200, 2400]) : 0 });
      for (let k = 0; k < 10; k++) {
        const input = Array.from({ length: 4 }, () => (r.next(3) ? r.pick(EDGES) : r.next(2 ** 32)));
        const out = machine.run(code, input);
        expect([out.lo, out.hi], `seed ${seed} function ${i} of ${input}`).toEqual(evaluate(made, input));
      }
    }
  });
});
