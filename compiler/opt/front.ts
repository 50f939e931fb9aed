// SPDX-License-Identifier: MIT
import type { ById, Def } from '../ir/analysis.js';
import { foldBinary, foldCond, isBinary, mask, NEGATED } from '../ir/arith.js';
import {
  type Block,
  type Cond,
  type Edge,
  type Func,
  type Inst,
  newValue,
  type Op,
  type Origin,
  type Value,
} from '../ir/ir.js';
import { instOf } from './induction.js';

/** A condition that has to hold, and the instructions that only it and what follows need. */
interface Test {
  readonly insts: Inst[];
  readonly cond: Cond;
  readonly args: [Value, Value];
}

/**
 * Code in front of a loop under construction: instructions, and conditions to be tried one after the other. Equal operations
 * are made once, constants are computed. `impossible` once a condition is known not to hold.
 */
export class Front {
  private readonly tests: Test[] = [];
  private insts: Inst[] = [];
  private readonly made = new Map<string, readonly Value[]>();
  private readonly constants = new Map<Value, bigint>();
  private readonly tried = new Set<string>();
  impossible = false;

  constructor(
    private readonly fn: Func,
    private readonly defs: ById<Value, Def>,
    readonly origin: Origin,
  ) {}

  get empty(): boolean {
    return this.insts.length === 0 && this.tests.length === 0;
  }

  constant(imm: bigint): Value {
    const [v] = this.emit('const', [], 1, { imm: imm & mask(32) });
    this.constants.set(v!, imm & mask(32));
    return v!;
  }

  /** The constant that a value is. */
  known(v: Value): bigint | undefined {
    const inst = instOf(v, this.defs);
    return this.constants.get(v) ?? (inst?.op === 'const' ? inst.imm : undefined);
  }

  /** An operation, or what stood for the same one before. */
  emit(op: Op, args: Value[], results: number, more: Partial<Inst> = {}): readonly Value[] {
    const key = [op, more.imm, more.bits, more.cond, JSON.stringify(more.region), ...args.map((v) => v.id)].join(' ');
    let values = this.made.get(key);
    if (!values) {
      values = Array.from({ length: results }, () => newValue(this.fn, 'i32'));
      this.insts.push({ op, args, results: values, origin: this.origin, ...more });
      this.made.set(key, values);
    }
    return values;
  }

  binary(op: Op, a: Value, b: Value): Value {
    const [x, y] = [this.known(a), this.known(b)];
    if (x !== undefined && y !== undefined && isBinary(op)) return this.constant(foldBinary(op, x, y, 32));
    if (y === 0n && (op === 'add' || op === 'sub' || op === 'shl' || op === 'lshr')) return a;
    if (y === 1n && (op === 'mul' || op === 'udiv')) return a;
    if (op === 'mul' && y !== undefined && (y & (y - 1n)) === 0n) return this.binary('shl', a, this.constant(log2(y)));
    if (op === 'udiv' && y !== undefined && (y & (y - 1n)) === 0n)
      return this.binary('lshr', a, this.constant(log2(y)));
    return this.emit(op, [a, b], 1)[0]!;
  }

  select(cond: Value, a: Value, b: Value): Value {
    const c = this.known(cond);
    return c === undefined ? this.emit('select', [cond, a, b], 1)[0]! : c !== 0n ? a : b;
  }

  icmp(cond: Cond, a: Value, b: Value): Value {
    const known = this.decided(cond, a, b);
    return known === undefined ? this.emit('icmp', [a, b], 1, { cond })[0]! : this.constant(known ? 1n : 0n);
  }

  private decided(cond: Cond, a: Value, b: Value): boolean | undefined {
    const [x, y] = [this.known(a), this.known(b)];
    if (x !== undefined && y !== undefined) return foldCond(cond, x, y, 32);
    if (cond === 'uge' && y === 0n) return true;
    if (cond === 'ule' && (x === 0n || y === mask(32))) return true;
    return undefined;
  }

  /** From here on this holds. */
  require(cond: Cond, a: Value, b: Value): void {
    const known = this.decided(cond, a, b);
    if (known === false) this.impossible = true;
    const key = `${cond} ${a.id} ${b.id}`;
    if (known !== undefined || this.tried.has(key)) return;
    this.tried.add(key);
    this.tests.push({ insts: this.insts, cond, args: [a, b] });
    this.insts = [];
  }

  /**
   * The blocks: the first test's stands at the end of `at`, in place of its terminator; `good` is where control goes if all
   * hold, `bad` if one does not.
   */
  build(at: Block, good: Edge, bad: Edge): Block[] {
    const blocks: Block[] = [];
    const { origin } = this;
    let block = at;
    for (const { insts, cond, args } of this.tests) {
      const next: Block = {
        id: this.fn.nextBlock++,
        params: [],
        insts: [],
        term: { kind: 'trap', trap: 'unreachable', origin },
      };
      block.insts.push(...insts);
      const on: Edge = { block: next, args: [] };
      const off: Edge = { block: bad.block, args: [...bad.args] };
      // biome-ignore lint/suspicious/noThenProperty: `then` is the edge taken when the condition holds.
      block.term = { kind: 'branch', cond: NEGATED[cond], wide: false, args, then: off, else: on, origin };
      blocks.push(next);
      block = next;
    }
    block.insts.push(...this.insts);
    block.term = { kind: 'jump', to: { block: good.block, args: [...good.args] }, origin };
    return blocks;
  }
}

const log2 = (n: bigint): bigint => BigInt(n.toString(2).length - 1);
