// SPDX-License-Identifier: MIT
import { mask, toSigned } from '../ir/arith.js';
import { type Block, edges, type Inst, newValue, type Value } from '../ir/ir.js';
import { type Linear, plus } from './induction.js';
import { type Access, type Choice, type Found, type Site, ZERO } from './strength-plan.js';

/** A new variable of a loop: `first` in the first round, then by `step`. */
interface Variable {
  readonly param: Value;
  readonly next: Value;
  readonly step: bigint;
  readonly first: Linear;
  /** Where the step is made: behind this access, or at the end of the block. */
  readonly block: Block;
  readonly behind: Access | null;
}

/** Takes: a loop. Gives: new variables of it, with what they start with computed in front of the loop, each sum once. */
export class Variables {
  private readonly built = new Map<string, Value>();

  constructor(private readonly site: Site) {}

  private emit(op: Inst['op'], args: Value[], more: Partial<Inst> = {}): Value {
    const { fn, front, defs } = this.site;
    const result = newValue(fn, 'i32');
    const inst: Inst = { op, args, results: [result], origin: front.term.origin, ...more };
    front.insts.push(inst);
    defs.set(result, { kind: 'inst', inst, index: 0, block: front });
    return result;
  }

  private constant(n: bigint): Value {
    return this.emit('const', [], { imm: n & mask(32) });
  }

  /** The sum, computed in front of the loop. */
  build({ terms, add }: Linear): Value {
    const key = `${[...terms].map(([v, k]) => `${v.id}*${k}`).sort()} ${add}`;
    const known = this.built.get(key);
    if (known) return known;
    let sum: Value | null = null;
    const negative: [Value, bigint][] = [];
    const scaled = (v: Value, k: bigint): Value => {
      if (k === 1n) return v;
      const power = k.toString(2).lastIndexOf('1') === 0 ? BigInt(k.toString(2).length - 1) : null;
      return power === null ? this.emit('mul', [v, this.constant(k)]) : this.emit('shl', [v, this.constant(power)]);
    };
    for (const [v, k] of terms) {
      const signed = toSigned(k, 32);
      if (signed < 0n) negative.push([v, -signed]);
      else sum = sum ? this.emit('add', [sum, scaled(v, k)]) : scaled(v, k);
    }
    if (!sum) {
      sum = this.constant(add);
    } else if (add !== 0n) sum = this.emit('add', [sum, this.constant(add)]);
    for (const [v, k] of negative) sum = this.emit('sub', [sum, scaled(v, k)]);
    this.built.set(key, sum);
    return sum;
  }

  /** A new variable of the loop. */
  variable(first: Linear, step: bigint, block: Block, behind: Access | null): Variable {
    const { loop, latch, fn, front, defs } = this.site;
    const { header } = loop;
    const param = newValue(fn, 'i32');
    const next = newValue(fn, 'i32');
    const by = newValue(fn, 'i32');
    const origin = behind?.inst.origin ?? block.term.origin;
    const constant: Inst = { op: 'const', args: [], results: [by], origin, imm: step & mask(32) };
    const add: Inst = { op: 'add', args: [param, by], results: [next], origin };
    if (behind) block.insts.splice(block.insts.indexOf(behind.inst) + 1, 0, constant, add);
    else block.insts.push(constant, add);
    defs.set(param, { kind: 'param', index: header.params.length, block: header });
    defs.set(next, { kind: 'inst', inst: add, index: 0, block });
    defs.set(by, { kind: 'inst', inst: constant, index: 0, block });
    header.params.push(param);
    for (const e of edges(front.term)) if (e.block === header) e.args.push(this.build(first));
    for (const e of edges(latch.term)) if (e.block === header) e.args.push(next);
    return { param, next, step, first, block, behind };
  }

  /** The variable's value at an access: before its step or behind it. */
  at(v: Variable, a: Access): { value: Value; first: Linear } {
    const { graph } = this.site;
    const grown =
      v.behind && v.block === a.block
        ? a.block.insts.indexOf(a.inst) > a.block.insts.indexOf(v.behind.inst)
        : v.block !== a.block && graph.dominates(v.block, a.block);
    if (!grown) return { value: v.param, first: v.first };
    return { value: v.next, first: plus(v.first, { terms: new Map(), add: v.step & mask(32) }, 1n) };
  }

  /** A constant at the end of a block. */
  constantAt(block: Block, n: bigint): Value {
    const { fn, defs } = this.site;
    const result = newValue(fn, 'i32');
    const inst: Inst = { op: 'const', args: [], results: [result], origin: block.term.origin, imm: n };
    block.insts.push(inst);
    defs.set(result, { kind: 'inst', inst, index: 0, block });
    return result;
  }
}

/**
 * Takes: what was found in a loop, the variables chosen for it and the maker of them. Gives: the loop with its addresses and last
 * test written with these. What they replace stays until it is removed as dead.
 */
export function apply(found: Found, choice: Choice, variables: Variables): void {
  new Applier(found, choice, variables).run();
}

class Applier {
  private readonly site: Site;
  /** Variables that the test looks at step right before it. */
  private readonly stepBlock: Block;

  constructor(
    private readonly found: Found,
    private readonly choice: Choice,
    private readonly variables: Variables,
  ) {
    this.site = found.site;
    this.stepBlock = choice.test === 'keep' ? found.site.latch : found.leaving!.counted.exit.block;
  }

  run(): void {
    if (this.choice.test === 'count') this.count();
    if (this.choice.index !== 0n) this.index();
    this.pointers();
  }

  /** Tests what the tested counter lacks to its end: it comes to 0 by steps the other way. */
  private count(): void {
    const { counted, end, start } = this.found.leaving!;
    const step = -counted.counter.step;
    const first = this.endsAtZero(plus(end, start, -1n), step);
    this.retest(this.variables.variable(first, step, this.stepBlock, null), null);
  }

  private index(): void {
    const { index: step, test, times, ways } = this.choice;
    let first = ZERO;
    if (test === 'index') {
      const { start, end } = this.found.leaving!;
      first = this.endsAtZero(plus(ZERO, plus(start, end, -1n), times!), step);
    }
    const index = this.variables.variable(first, step, this.stepBlock, null);
    for (const way of ways) {
      if (way.by === 'index') for (const a of way.group.accesses) this.byIndex(a, index, way.shift);
    }
    if (test === 'index') this.retest(index, null);
  }

  private pointers(): void {
    const { site, variables } = this;
    let tested: { variable: Variable; times: bigint } | null = null;
    for (const way of this.choice.ways) {
      if (way.by === 'index') continue;
      const { accesses, offsets, step } = way.group;
      if (way.by === 'counter') {
        for (const a of accesses) this.byPointer(a, way.param, way.start);
        continue;
      }
      const { behind, times } = way;
      const lowest = { terms: accesses[0]!.first.terms, add: offsets[0]! & mask(32) };
      const block = behind?.block ?? (times === null ? site.latch : this.stepBlock);
      const variable = variables.variable(lowest, step, block, behind);
      for (const a of accesses) {
        const { value, first } = variables.at(variable, a);
        this.byPointer(a, value, first);
      }
      if (times !== null) tested = { variable, times };
    }
    if (tested) {
      const { start, end } = this.found.leaving!;
      const { variable, times } = tested;
      this.retest(variable, plus(variable.first, plus(end, start, -1n), times));
    }
  }

  /**
   * The start of a variable that is 0 behind its step when the loop ends, from that of one that is 0 when the tested counter has
   * its end. The step is made in the block of the test.
   */
  private endsAtZero(first: Linear, step: bigint): Linear {
    return this.found.leaving!.counted.grown ? first : plus(first, { terms: new Map(), add: step & mask(32) }, -1n);
  }

  /** Makes the last test one of `v` against what it is when the tested counter has its end; null: it is 0 when it has grown. */
  private retest(v: Variable, end: Linear | null): void {
    const { graph } = this.site;
    const { exit, grown } = this.found.leaving!.counted;
    const { block } = exit;
    const t = block.term;
    if (t.kind !== 'branch') return;
    const isNext = v.block === block || graph.dominates(v.block, block);
    let to = end ?? ZERO;
    // The variable's own first value stands for the counter's start: tested values are a step ahead where one of them grew.
    if (end && isNext !== grown) {
      const by = { terms: new Map(), add: v.step & mask(32) };
      to = plus(end, by, isNext ? 1n : -1n);
    }
    const limit = to.terms.size === 0 ? this.variables.constantAt(block, to.add) : this.variables.build(to);
    const stays = this.site.loop.body.has(t.then.block);
    block.term = { ...t, cond: stays ? 'ne' : 'eq', args: [isNext ? v.next : v.param, limit] };
  }

  private byPointer({ inst, first }: Access, pointer: Value, start: Linear): void {
    inst.args[0] = pointer;
    inst.off = Number(toSigned((first.add - start.add) & mask(32), 32));
  }

  private byIndex(a: Access, index: Variable, shift: bigint): void {
    const { fn, defs } = this.site;
    const { value, first } = this.variables.at(index, a);
    const base = this.variables.build(plus(a.first, first, -(1n << shift)));
    const { block, inst } = a;
    const made: Inst[] = [];
    const make = (op: Inst['op'], args: Value[], more: Partial<Inst> = {}): Value => {
      const result = newValue(fn, 'i32');
      made.push({ op, args, results: [result], origin: inst.origin, ...more });
      defs.set(result, { kind: 'inst', inst: made.at(-1)!, index: 0, block });
      return result;
    };
    const scaled = shift === 0n ? value : make('shl', [value, make('const', [], { imm: shift })]);
    inst.args[0] = make('add', [base, scaled]);
    inst.off = 0;
    block.insts.splice(block.insts.indexOf(inst), 0, ...made);
  }
}
