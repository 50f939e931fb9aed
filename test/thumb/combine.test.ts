// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Cond, Func, Inst, Op, Value } from '../../compiler/ir/ir.js';
import { compile, EDGES, LEVELS, Machine } from './harness.js';
import { apply, holds } from './reference.js';

/**
 * Random straight-line functions over lanes that end in a branch: what selection folds into one instruction must give what
 * the operations give one by one.
 */

const O = { func: 0, slot: 0 };
const CONDS: readonly Cond[] = ['eq', 'ne', 'ult', 'ule', 'ugt', 'uge', 'slt', 'sle', 'sgt', 'sge', 'set', 'nset'];
/** Weighted by how much selection makes of them. */
const OPS: readonly Op[] = [
  'add',
  'add',
  'add',
  'sub',
  'sub',
  'mul',
  'mul',
  'and',
  'and',
  'and',
  'or',
  'or',
  'xor',
  'xor',
  'shl',
  'shl',
  'shl',
  'lshr',
  'lshr',
  'lshr',
  'ashr',
  'ashr',
  'sext',
  'bswap',
  'icmp',
  'icmp',
  'select',
  'udiv',
  'smod',
  'umul64',
  'add64',
  'sub64',
  'mul64',
  'shl64',
  'ashr64',
  'icmp64',
];
const RESULTS: Partial<Record<Op, number>> = {
  umul64: 2,
  add64: 2,
  sub64: 2,
  mul64: 2,
  shl64: 2,
  lshr64: 2,
  ashr64: 2,
};
const ARGS: Partial<Record<Op, number>> = {
  sext: 1,
  bswap: 1,
  select: 3,
  add64: 4,
  sub64: 4,
  mul64: 4,
  shl64: 3,
  ashr64: 3,
  icmp64: 4,
};
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

/** What selection makes one instruction of and chance does not bring together; the values worth reading. */
function pattern(r: Random, recent: () => Value, fresh: () => Value, insts: Inst[]): Value[] {
  const out = (op: Op, args: Value[], more: Partial<Inst> = {}): Value[] => {
    const results = Array.from({ length: RESULTS[op] ?? 1 }, fresh);
    insts.push({ op, args, results, origin: O, ...more });
    return results;
  };
  const one = (op: Op, ...args: Value[]): Value => out(op, args)[0]!;
  const k = (n: number): Value => out('const', [], { imm: BigInt(n >>> 0) })[0]!;
  const [x, y] = [recent(), recent()];
  switch (r.next(5)) {
    case 0: {
      // A rotation by a variable, its amount masked or not, or nearly one.
      const amount = r.next(2) ? one('and', y, k(31)) : y;
      const rest = one('sub', k(r.pick([0, 32, 64, 31])), amount);
      const [l, s] = r.next(2) ? [amount, rest] : [rest, amount];
      return [one(r.pick(['or', 'or', 'add', 'xor'] as const), one('shl', x, l), one('lshr', x, s))];
    }
    case 1: {
      // A field put into another number.
      const lsb = r.next(31);
      const width = 1 + r.next(32 - lsb);
      const ones = width === 32 ? 0xffffffff : 2 ** width - 1;
      const field = (ones << lsb) >>> 0;
      const into = one('and', x, k(~field));
      const shifted = r.next(2)
        ? one('and', one('shl', y, k(lsb)), k(field))
        : one('shl', one('and', y, k(ones)), k(lsb));
      return [r.next(2) ? one('or', into, shifted) : one('or', shifted, into)];
    }
    case 2: {
      // A product of numbers no wider than 32 bits, and a sum with it.
      const high = (v: Value): Value => (r.next(3) ? one('ashr', v, k(31)) : k(0));
      const [l, h] = r.next(3) ? out('mul64', [x, high(x), y, high(y)]) : out('umul64', [x, y]);
      const sum = r.next(2) ? [l!, h!, recent(), recent()] : [recent(), recent(), l!, h!];
      return r.next(4) ? out('add64', sum) : [l!, h!];
    }
    case 3: {
      // A choice of something made for it alone.
      const [cond] = out('icmp', [recent(), r.next(2) ? k(r.pick(CONSTANTS)) : recent()], { cond: r.pick(CONDS) });
      const made = one(
        r.pick(['add', 'sub', 'and', 'or', 'xor', 'shl', 'ashr'] as const),
        x,
        r.next(2) ? y : k(r.pick(CONSTANTS)),
      );
      const less = r.next(3) ? made : one('sub', k(r.pick([0, 1, 255])), x);
      return [r.next(2) ? one('select', cond!, less, y) : one('select', cond!, x, less)];
    }
    default: {
      // 64-bit shifts of what has a zero or a one in it, by an amount that is masked already.
      const amount = r.next(2) ? one('and', y, k(63)) : y;
      const lanes = r.pick([
        [x, k(0)],
        [k(1), k(0)],
        [k(0), x],
        [x, y],
      ] as const);
      const [l, h] = out(r.pick(['shl64', 'lshr64', 'ashr64'] as const), [...lanes, amount]);
      return r.pick([[l!], [h!], [l!, h!]] as const).slice();
    }
  }
}

/** Four parameter lanes, then operations whose arguments are mostly recent values and constants; two lanes out. */
function make(r: Random): Made {
  let next = 0;
  const fresh = (): Value => ({ id: next++, ty: 'i32' });
  const params = [fresh(), fresh(), fresh(), fresh()];
  const insts: Inst[] = [];
  const values = [...params];
  const constant = (): Value => {
    const v = fresh();
    insts.push({ op: 'const', args: [], results: [v], origin: O, imm: BigInt(r.pick(CONSTANTS)) });
    return v;
  };
  const recent = (): Value =>
    values[values.length - 1 - Math.min(values.length - 1, r.next(r.next(3) === 0 ? 99 : 4))]!;
  const argument = (): Value => (r.next(5) < 2 ? constant() : recent());
  for (let i = 3 + r.next(14); i > 0; i--) {
    const op = r.pick(OPS);
    const args = Array.from({ length: ARGS[op] ?? 2 }, argument);
    if (args.every((a) => insts.some((x) => x.op === 'const' && x.results[0] === a))) args[0] = recent();
    if (op === 'shl64' || op === 'ashr64') args[2] = recent();
    const results = Array.from({ length: RESULTS[op] ?? 1 }, fresh);
    const inst: Inst = { op, args, results, origin: O };
    if (op === 'sext') inst.bits = r.pick([8, 16] as const);
    if (op === 'bswap') inst.bits = r.pick([16, 32] as const);
    if (op === 'icmp' || op === 'icmp64') inst.cond = r.pick(CONDS);
    insts.push(inst);
    values.push(...results);
    if (r.next(5) === 0) values.push(...pattern(r, recent, fresh, insts));
    // Patterns are rare by chance: rotations and bit fields.
    if (r.next(6) === 0) {
      const [x, n] = [recent(), 1 + r.next(31)];
      const shift = (o: Op, by: number, of = x): Value => {
        const [k, v] = [fresh(), fresh()];
        insts.push({ op: 'const', args: [], results: [k], origin: O, imm: BigInt(by) });
        insts.push({ op: o, args: [of, k], results: [v], origin: O });
        return v;
      };
      const v = fresh();
      const parts = r.next(2)
        ? [shift('shl', n), shift('lshr', 32 - n)]
        : [recent(), shift('lshr', n, shift('shl', r.next(n + 1)))];
      insts.push({ op: r.pick(['or', 'add', 'xor', 'sub'] as const), args: parts, results: [v], origin: O });
      values.push(v);
    }
  }
  const [cond, wide] = [r.pick(CONDS), r.next(2) === 0];
  const args = Array.from({ length: wide ? 4 : 2 }, argument);
  const [p, q] = [fresh(), fresh()];
  const join = { id: 2, params: [p, q], insts: [] as Inst[], term: { kind: 'ret' as const, args: [p, q], origin: O } };
  const arm = (id: number, x: Value, y: Value): Func['blocks'][number] => ({
    id,
    params: [],
    insts: [],
    term: { kind: 'jump', to: { block: join, args: [x, y] }, origin: O },
  });
  const [then, other] = [arm(1, recent(), recent()), arm(3, values.at(-1)!, constant())];
  const entry: Func['blocks'][number] = {
    id: 0,
    params,
    insts,
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
    nextValue: next,
    nextBlock: 4,
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

const machine = new Machine();

const FUNCTIONS = Math.ceil(Number(process.env.FCC_RUNS ?? 120) / 2);

describe.each(LEVELS)('random straight-line functions on %s', (level) => {
  it.each([1, 2])('seed %i', (seed) => {
    const r = new Random(seed * 7919);
    for (let i = 0; i < FUNCTIONS; i++) {
      const made = make(r);
      const code = compile([made.fn], { level });
      for (let k = 0; k < 12; k++) {
        const input = Array.from({ length: 4 }, () => (r.next(3) ? r.pick(EDGES) : r.next(2 ** 32)));
        const out = machine.run(code, input);
        const got = [out.r0, out.r1];
        expect(got, `seed ${seed} function ${i} of ${input}`).toEqual(evaluate(made, input));
      }
    }
  });
});
