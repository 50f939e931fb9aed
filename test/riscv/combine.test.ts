// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Cond, Func, Inst, Op, Value } from '../../compiler/ir/ir.js';
import { apply, holds } from '../thumb/reference.js';
import { compile, EDGES, Machine, VARIANTS } from './harness.js';

/**
 * Random straight-line functions over lanes that end in a branch: what selection folds into one instruction must give what
 * the operations give one by one.
 */

const O = { func: 0, slot: 0 };
const CONDS: readonly Cond[] = ['eq', 'ne', 'ult', 'ule', 'ugt', 'uge', 'slt', 'sle', 'sgt', 'sge', 'set', 'nset'];
/** How often each operation is drawn, its arguments and its results. */
const OPS: readonly (readonly [Op, number, number, number])[] = [
  ['add', 3, 2, 1],
  ['sub', 2, 2, 1],
  ['mul', 2, 2, 1],
  ['and', 4, 2, 1],
  ['or', 2, 2, 1],
  ['xor', 2, 2, 1],
  ['shl', 3, 2, 1],
  ['lshr', 3, 2, 1],
  ['ashr', 2, 2, 1],
  ['sext', 1, 1, 1],
  ['bswap', 1, 1, 1],
  ['icmp', 4, 2, 1],
  ['select', 3, 3, 1],
  ['udiv', 1, 2, 1],
  ['sdiv', 1, 2, 1],
  ['smod', 1, 2, 1],
  ['umul64', 1, 2, 2],
  ['add64', 2, 4, 2],
  ['sub64', 2, 4, 2],
  ['mul64', 1, 4, 2],
  ['shl64', 1, 3, 2],
  ['lshr64', 1, 3, 2],
  ['ashr64', 1, 3, 2],
  ['icmp64', 3, 4, 1],
];
const DRAWN = OPS.flatMap((row) => Array.from({ length: row[1] }, () => row));
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

/** Four parameter lanes, then operations whose arguments are mostly recent values and constants; two lanes out. */
function make(r: Random): Made {
  let next = 0;
  const fresh = (): Value => ({ id: next++, ty: 'i32' });
  const params = [fresh(), fresh(), fresh(), fresh()];
  const insts: Inst[] = [];
  const values = [...params];
  const constants: Value[] = [];
  const constant = (): Value => {
    // Now and then one that is there already, as after common constants have been merged.
    if (constants.length > 0 && r.next(4) === 0) return r.pick(constants);
    const v = fresh();
    insts.push({ op: 'const', args: [], results: [v], origin: O, imm: BigInt(r.pick(CONSTANTS)) });
    constants.push(v);
    return v;
  };
  const recent = (): Value =>
    values[values.length - 1 - Math.min(values.length - 1, r.next(r.next(3) === 0 ? 99 : 4))]!;
  const argument = (): Value => (r.next(5) < 2 ? constant() : recent());
  for (let i = 3 + r.next(16); i > 0; i--) {
    const [op, , count, results] = r.pick(DRAWN);
    const inst: Inst = {
      op,
      args: Array.from({ length: count }, argument),
      results: Array.from({ length: results }, fresh),
      origin: O,
    };
    if (op === 'select' && r.next(2)) inst.args[0] = recent();
    if (op === 'sext') inst.bits = r.pick([8, 16] as const);
    if (op === 'bswap') inst.bits = r.pick([16, 32] as const);
    if (op === 'icmp' || op === 'icmp64') inst.cond = r.pick(CONDS);
    insts.push(inst);
    values.push(...inst.results);
  }
  const [cond, wide] = [r.pick(CONDS), r.next(2) === 0];
  const args = Array.from({ length: wide ? 4 : 2 }, argument);
  if (!wide && r.next(3) === 0) args[1] = constant();
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
    blocks: r.next(2) ? [entry, then, other, join] : [entry, other, then, join],
    params: [lane(1, 'lo'), lane(1, 'hi'), lane(2, 'lo'), lane(2, 'hi')],
    results: ['lo', 'hi'],
    frameBytes: 0,
    nextValue: next,
    nextBlock: 4,
  };
  return { fn, cond, wide };
}

function evaluate({ fn, cond, wide }: Made, input: readonly number[]): number[] {
  const entry = fn.blocks[0]!;
  const env = new Map<Value, number>(entry.params.map((p, i) => [p, input[i]!]));
  const get = (v: Value): number => env.get(v)!;
  for (const inst of entry.insts) {
    const out = apply(inst, inst.args.map(get));
    inst.results.forEach((v, i) => {
      env.set(v, out[i]!);
    });
  }
  const { term } = entry;
  if (term.kind !== 'branch') throw new Error('no branch');
  const a = term.args.map((v) => BigInt(get(v)));
  const holding = wide
    ? holds(cond, 64, a[0]! | (a[1]! << 32n), a[2]! | (a[3]! << 32n))
    : holds(cond, 32, a[0]!, a[1]!);
  const to = (holding ? term.then : term.else).block.term;
  if (to.kind !== 'jump') throw new Error('no jump');
  return to.to.args.map(get);
}

const machine = new Machine();
const FUNCTIONS = Math.ceil(Number(process.env.FCC_RUNS ?? 400) / 8);

describe('random straight-line functions', () => {
  it.each(VARIANTS)('on $name', (core) => {
    const r = new Random(core.featureBits * 7919);
    for (let i = 0; i < FUNCTIONS; i++) {
      const made = make(r);
      const code = compile([made.fn], core);
      for (let k = 0; k < 12; k++) {
        const input = Array.from({ length: 4 }, () => (r.next(3) ? r.pick(EDGES) : r.next(2 ** 32)));
        const out = machine.run(code, input);
        expect([out.r0, out.r1], `${core.name}: function ${i} of ${input}`).toEqual(evaluate(made, input));
      }
    }
  });
});
