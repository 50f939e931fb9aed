// SPDX-License-Identifier: MIT
import { ById, forEachUse, graphOf, removeUnreachable, substitute } from '../ir/analysis.js';
import { mask, NEGATED } from '../ir/arith.js';
import {
  type Block,
  type Cond,
  edges,
  type Func,
  type Inst,
  type Module,
  newValue,
  OPS,
  type Op,
  type Origin,
  type Term,
  type Value,
} from '../ir/ir.js';
import { binaryRule, unaryRule } from './fold-binary.js';
import { type Comparison, compareRule } from './fold-compare.js';
import { laneRule } from './fold-lanes.js';
import type { Site } from './fold-rule.js';
import { truthRule } from './fold-truth.js';
import { type DefOf, knownBits, widthOf } from './known.js';
import { pass } from './pass.js';

/**
 * Takes: any stage. Gives: the same values by fewer and narrower operations: constant folding, identities, known bits,
 * conditions decided or narrowed. Never touches memory operations; a guard goes only when its condition is decided.
 */
export const fold = pass('fold', (module: Module) => {
  let changed = false;
  for (const fn of module.funcs) changed = new Folder(fn).run() || changed;
  return changed;
});

class Folder implements Site {
  private readonly defs = new ById<Value, Inst>();
  private readonly replaced = new ById<Value, Value>();
  private out: Inst[] = [];
  private origin: Origin = { func: 0, slot: 0 };
  private changed = false;
  /** Set when the code at hand turns out to trap always. */
  private ends: Term | null = null;

  /** How often values were read when folding began, by id. */
  private readonly uses: Uint32Array;

  constructor(private readonly fn: Func) {
    this.uses = new Uint32Array(fn.nextValue);
    forEachUse(fn, (args) => {
      for (const v of args) this.uses[v.id]!++;
    });
  }

  isUsedOnce(v: Value): boolean {
    return (this.uses[v.id] ?? 0) <= 1;
  }

  readonly def: DefOf = (v) => this.defs.get(v);

  run(): boolean {
    this.changed = removeUnreachable(this.fn);
    for (const block of graphOf(this.fn).order) this.block(block);
    substitute(this.fn, this.replaced);
    removeUnreachable(this.fn);
    return this.changed;
  }

  private block(block: Block): void {
    this.out = [];
    this.ends = null;
    for (const inst of block.insts) {
      this.resolve(inst.args);
      this.origin = inst.origin;
      const values = this.reduce(inst);
      if (!values) {
        this.out.push(inst);
        for (const v of inst.results) this.defs.set(v, inst);
      } else {
        this.changed = true;
        inst.results.forEach((v, i) => {
          this.replaced.set(v, values[i]!);
        });
      }
      if (this.ends) break;
    }
    if (this.ends) block.term = this.ends;
    else this.term(block);
    block.insts = this.out;
  }

  private resolve(args: Value[]): void {
    for (let i = 0; i < args.length; i++) {
      for (let to = this.replaced.get(args[i]!); to; to = this.replaced.get(to)) args[i] = to;
    }
  }

  constantOf(v: Value): bigint | undefined {
    const inst = this.defs.get(v);
    return inst?.op === 'const' ? inst.imm : undefined;
  }

  constant(n: bigint, like: Value): Value {
    return this.make('const', [], { imm: n & mask(widthOf(like)) }, [like.ty])[0]!;
  }

  emit(op: Op, args: Value[], more: Partial<Inst> = {}): Value[] {
    const count = OPS[op].results;
    if (count === null) throw new Error(`folding makes no ${op}`);
    const first = op === 'select' ? args[1]! : args[0]!;
    const ty = op === 'icmp' || op === 'trunc' ? 'i32' : op === 'zext' ? 'i64' : first.ty;
    return this.make(
      op,
      args,
      more,
      Array.from({ length: count }, () => ty),
    );
  }

  one(op: Op, args: Value[], more: Partial<Inst> = {}): Value {
    return this.emit(op, args, more)[0]!;
  }

  private make(op: Op, args: Value[], more: Partial<Inst>, types: Value['ty'][]): Value[] {
    const results = types.map((ty) => newValue(this.fn, ty));
    const inst: Inst = { op, args, results, origin: this.origin, ...more };
    const values = this.reduce(inst);
    if (values) return values;
    this.out.push(inst);
    for (const v of results) this.defs.set(v, inst);
    return results;
  }

  /** What takes the place of an instruction's results; an empty list drops it. */
  private reduce(inst: Inst): Value[] | null {
    const info = OPS[inst.op];
    if (inst.op === 'trapif') return this.trapif(inst);
    if (inst.op === 'const' || info.effect !== 'pure') return null;
    if ('commutative' in info && info.commutative && this.constantOf(inst.args[0]!) !== undefined) {
      if (this.constantOf(inst.args[1]!) === undefined) inst.args.reverse();
    }
    if (inst.op === 'icmp' || inst.op === 'icmp64') return this.comparison(inst);
    const found =
      (inst.results.length === 1 ? (binaryRule(inst, this) ?? truthRule(inst, this)) : null) ??
      unaryRule(inst, this) ??
      laneRule(inst, this);
    if (found) return found;
    const constants = inst.results.map((v) => {
      const k = this.knownOf(inst, v);
      return (k.zero | k.one) === mask(widthOf(v)) ? k.one : undefined;
    });
    if (constants.length > 0 && constants.every((c) => c !== undefined)) {
      return inst.results.map((v, i) => this.constant(constants[i]!, v));
    }
    return null;
  }

  /** Known bits of a result of an instruction that is not in the code yet. */
  private knownOf(inst: Inst, v: Value): ReturnType<typeof knownBits> {
    return knownBits(v, (x) => (inst.results.includes(x) ? inst : this.defs.get(x)));
  }

  private comparison(inst: Inst): Value[] | null {
    const given: Comparison = { cond: inst.cond!, wide: inst.op === 'icmp64', args: inst.args };
    const same = this.asTruth(given);
    if (same) return [same];
    const result = compareRule(given, this);
    if (result === null) return null;
    const like = inst.results[0]!;
    if (typeof result === 'boolean') return [this.constant(result ? 1n : 0n, like)];
    const truth = this.asTruth(result);
    if (truth) return [truth];
    return this.emit(result.wide ? 'icmp64' : 'icmp', result.args, { cond: result.cond });
  }

  /** A value that already is the 0 or 1 that this comparison would give. */
  private asTruth({ cond, args, wide }: Comparison): Value | null {
    const test = wide ? undefined : this.defs.get(args[0]!);
    if (test?.op !== 'icmp' && test?.op !== 'icmp64') return null;
    const asks = truthAsked(cond, this.constantOf(args[1]!));
    if (asks === null) return null;
    return asks ? args[0]! : this.one(test.op, [...test.args], { cond: NEGATED[test.cond!] });
  }

  private trapif(inst: Inst): Value[] | null {
    const result = this.throughTruth({ cond: inst.cond!, wide: false, args: inst.args });
    if (result === null) return null;
    if (result === false) return [];
    if (result === true) {
      this.ends = { kind: 'trap', trap: inst.trap!, origin: inst.origin };
      return [];
    }
    // A guard compares 32-bit values only.
    if (result.wide || result.args[0]!.ty === 'i64') return null;
    this.changed = true;
    inst.cond = result.cond;
    inst.args = result.args;
    return null;
  }

  /** As compareRule, and a test of a comparison's result becomes that comparison. */
  private throughTruth(c: Comparison): Comparison | boolean | null {
    let now = c;
    let any = false;
    for (let i = 0; i < 8; i++) {
      const test = now.wide ? undefined : this.defs.get(now.args[0]!);
      const truth = test?.op === 'icmp' || test?.op === 'icmp64';
      const asks = truth ? truthAsked(now.cond, this.constantOf(now.args[1]!)) : null;
      if (truth && asks !== null) {
        now = { cond: asks ? test.cond! : NEGATED[test.cond!], wide: test.op === 'icmp64', args: [...test.args] };
      } else {
        const result = compareRule(now, this);
        if (typeof result === 'boolean') return result;
        if (result === null) break;
        now = result;
      }
      any = true;
    }
    return any ? now : null;
  }

  private term(block: Block): void {
    const t = block.term;
    this.origin = t.origin;
    if (t.kind === 'branch' || t.kind === 'ret') this.resolve(t.args);
    for (const e of edges(t)) this.resolve(e.args);
    if (t.kind !== 'branch') return;
    const same = t.then.block === t.else.block && t.then.args.every((v, i) => v === t.else.args[i]);
    const result = same ? true : this.throughTruth({ cond: t.cond, wide: t.wide, args: t.args });
    if (result === null) return;
    this.changed = true;
    if (typeof result === 'boolean') {
      block.term = { kind: 'jump', to: result ? t.then : t.else, origin: t.origin };
    } else {
      Object.assign(t, { cond: result.cond satisfies Cond, wide: result.wide, args: result.args });
    }
  }
}

/** Whether comparing a truth with a constant asks if it is 1 (true) or 0 (false); null: neither. */
function truthAsked(cond: Cond, n: bigint | undefined): boolean | null {
  if (n === 0n && (cond === 'ne' || cond === 'eq')) return cond === 'ne';
  if (n === 1n && (cond === 'ne' || cond === 'eq')) return cond === 'eq';
  return n !== undefined && n % 2n === 1n && (cond === 'set' || cond === 'nset') ? cond === 'set' : null;
}
