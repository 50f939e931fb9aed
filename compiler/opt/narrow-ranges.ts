// SPDX-License-Identifier: MIT
import { ById, removeUnreachable, substitute } from '../ir/analysis.js';
import { NEGATED } from '../ir/arith.js';
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
  type Term,
  type Ty,
  type Value,
} from '../ir/ir.js';
import { Conditions } from './decide.js';
import { decided, only, type Range, signed, TWO31, TWO32, unsigned } from './intervals.js';
import { widthOf } from './known.js';
import { pass } from './pass.js';
import { ceilMask, pairOf, pairRange } from './range-transfer.js';
import { Ranges } from './ranges.js';

/**
 * Takes: any stage. Gives: values and conditions that follow from ranges and from branches passed on the way (ranges.ts,
 * decide.ts) as constants; extensions, masks and carries without effect gone; wide values that fit 32 bits computed and
 * carried in 32 bits. A guard goes only where its condition is shown false on every way to it.
 */
export const narrowRanges = pass('ranges', (module: Module) => {
  let changed = false;
  for (const fn of module.funcs) changed = new Narrower(fn).run() || changed;
  return changed;
});

/** Operations whose low 32 bits come from the low 32 bits of their operands alone. */
const LOW: ReadonlySet<Op> = new Set(['add', 'sub', 'mul', 'and', 'or', 'xor']);
/** Those that are the same in 32 bits if both operands fit. */
const FITTING: ReadonlySet<Op> = new Set(['udiv', 'umod']);

const fitsUnsigned = (r: Range): boolean => r !== null && r.lo >= 0 && r.hi < TWO32;
const fitsSigned = (r: Range): boolean => r !== null && r.lo >= -TWO31 && r.hi < TWO31;

/** A 64-bit parameter that is carried in 32 bits. */
interface Carried {
  readonly block: Block;
  readonly param: Value;
  readonly low: Value;
}

class Narrower {
  private readonly replaced = new ById<Value, Value>();
  private readonly carried: Carried[] = [];
  private out: Inst[] = [];
  private ends: Term | null = null;
  private changed = false;

  constructor(private readonly fn: Func) {}

  run(): boolean {
    const { fn } = this;
    this.changed = removeUnreachable(fn);
    const state = new Ranges(fn);
    const conditions = new Conditions(state.graph);
    state.run({
      enter: (block) => {
        this.out = [];
        this.ends = null;
        conditions.enter(block);
        if (block !== fn.blocks[0]) for (const p of block.params) this.param(block, p, state);
      },
      inst: (inst, block) => {
        if (this.ends) return;
        if (inst.op === 'trapif') {
          const never = this.decide(inst.cond!, false, inst.args, block, state, conditions);
          if (never === false) {
            this.changed = true;
            return;
          }
          if (never === true) this.ends = { kind: 'trap', trap: inst.trap!, origin: inst.origin };
          else conditions.holds(block, NEGATED[inst.cond!], inst.args);
        }
        const values = OPS[inst.op].effect === 'pure' ? this.reduce(inst, block, state, conditions) : null;
        if (!values) {
          if (!this.ends) this.out.push(inst);
          return;
        }
        this.changed = true;
        inst.results.forEach((v, i) => {
          this.replaced.set(v, values[i]!);
        });
      },
      leave: (block) => {
        if (!this.ends) this.term(block, state, conditions);
        else {
          block.term = this.ends;
          this.changed = true;
        }
        block.insts = this.out;
      },
    });
    this.carry(state);
    substitute(fn, this.replaced);
    removeUnreachable(fn);
    return this.changed;
  }

  private make(op: Op, args: Value[], ty: Ty, like: Pick<Inst, 'origin'>, more: Partial<Inst> = {}): Value {
    const v = newValue(this.fn, ty);
    this.out.push({ op, args, results: [v], origin: like.origin, ...more });
    return v;
  }

  private constant(n: number, ty: Ty, like: Pick<Inst, 'origin'>): Value {
    const imm = BigInt.asUintN(ty === 'i64' ? 64 : 32, BigInt(n));
    return this.make('const', [], ty, like, { imm });
  }

  private param(block: Block, param: Value, state: Ranges): void {
    const r = state.at(param);
    if (!r) return;
    const { origin } = block.term;
    if (r.lo === r.hi) {
      this.replaced.set(param, this.constant(r.lo, param.ty, { origin }));
      this.changed = true;
    } else if (param.ty === 'i64' && (fitsUnsigned(r) || fitsSigned(r))) {
      const low = newValue(this.fn, 'i32');
      const wide = this.make('zext', [low], 'i64', { origin });
      this.replaced.set(param, fitsUnsigned(r) ? wide : this.make('sext', [wide], 'i64', { origin }, { bits: 32 }));
      this.carried.push({ block, param, low });
      this.changed = true;
    }
  }

  /** Gives the narrow parameters their arguments, once all blocks have their new code. */
  private carry(state: Ranges): void {
    for (const { block, param, low } of this.carried) {
      const i = block.params.indexOf(param);
      block.params[i] = low;
      for (const { from, edge } of state.graph.preds.get(block)!) {
        if (!edges(from.term).includes(edge)) continue;
        const v = newValue(this.fn, 'i32');
        from.insts.push({ op: 'trunc', args: [edge.args[i]!], results: [v], origin: from.term.origin });
        edge.args[i] = v;
      }
    }
  }

  private decide(
    cond: Cond,
    wide: boolean,
    args: readonly Value[],
    block: Block,
    state: Ranges,
    conditions: Conditions,
  ): boolean | null {
    const asked = conditions.ask(block, cond, args);
    if (asked !== null) return asked;
    if (!wide) return decided(cond, state.again(args[0]!), state.again(args[1]!), widthOf(args[0]!));
    const [al, ah, bl, bh] = args.map(state.of) as [Range, Range, Range, Range];
    return decided(cond, pairRange(al, ah), pairRange(bl, bh), 64);
  }

  private reduce(inst: Inst, block: Block, state: Ranges, conditions: Conditions): Value[] | null {
    const { op } = inst;
    if (op === 'const' || inst.results.length === 0) return null;
    if (op === 'icmp' || op === 'icmp64') {
      const truth = this.decide(inst.cond!, op === 'icmp64', inst.args, block, state, conditions);
      if (truth !== null) return [this.constant(Number(truth), 'i32', inst)];
    }
    const ranges = inst.results.map((_, i) => state.result(inst, i));
    if (ranges.every((r) => r !== null && r.lo === r.hi)) {
      return inst.results.map((v, i) => this.constant(ranges[i]!.lo, v.ty, inst));
    }
    if (inst.results.length === 2) return this.lanes(inst, state);
    if (op === 'icmp') return this.narrowCompare(inst, state);
    const v = inst.results[0]!;
    return this.simpler(inst, v, state) ?? (v.ty === 'i64' ? this.narrowWide(inst, v, ranges[0]!, state) : null);
  }

  /** The same value as an argument, or by a cheaper operation. */
  private simpler(inst: Inst, v: Value, state: Ranges): Value[] | null {
    const [a, b] = inst.args as [Value, Value];
    const bits = widthOf(v);
    if (!a) return null;
    const [ra, rb] = [state.again(a), b ? state.at(b) : null];
    switch (inst.op) {
      case 'sext': {
        const half = 2 ** (inst.bits! - 1);
        const s = signed(ra, bits);
        return s.lo >= -half && s.hi < half ? [a] : null;
      }
      case 'and': {
        const { hi } = unsigned(ra, bits);
        if (rb === null || rb.lo !== rb.hi || !(hi < TWO32)) return null;
        const top = BigInt(ceilMask(hi));
        return (BigInt.asUintN(bits, BigInt(rb.lo)) & top) === top ? [a] : null;
      }
      case 'ashr':
        return signed(ra, bits).lo >= 0 ? [this.make('lshr', inst.args, v.ty, inst)] : null;
      case 'sdiv':
      case 'smod': {
        if (signed(ra, bits).lo < 0 || signed(rb, bits).lo < 0) return null;
        return [this.make(inst.op === 'sdiv' ? 'udiv' : 'umod', inst.args, v.ty, inst)];
      }
      case 'umod':
        return unsigned(ra, bits).hi < unsigned(rb, bits).lo ? [a] : null;
      case 'select':
        if (unsigned(ra, widthOf(a)).lo > 0) return [b];
        return ra !== null && ra.lo === 0 && ra.hi === 0 ? [inst.args[2]!] : null;
      default:
        return null;
    }
  }

  private trunc(v: Value, inst: Pick<Inst, 'origin'>): Value {
    return this.make('trunc', [v], 'i32', inst);
  }

  /** A 64-bit operation whose result fits 32 bits, done in 32 bits. */
  private narrowWide(inst: Inst, v: Value, r: Range, state: Ranges): Value[] | null {
    const positive = fitsUnsigned(r);
    if (!positive && !fitsSigned(r)) return null;
    const [a, b] = inst.args as [Value, Value];
    const amount = b ? state.at(b) : null;
    const shifts = amount !== null && amount.lo >= 0 && amount.hi < 32;
    const fits =
      LOW.has(inst.op) ||
      (inst.op === 'shl' && shifts) ||
      (inst.op === 'lshr' && shifts && fitsUnsigned(state.at(a))) ||
      (FITTING.has(inst.op) && fitsUnsigned(state.at(a)) && fitsUnsigned(state.at(b)));
    if (!fits) return null;
    const low = this.make(inst.op, [this.trunc(a, inst), this.trunc(b, inst)], 'i32', inst);
    const wide = this.make('zext', [low], 'i64', inst);
    return [positive ? wide : this.make('sext', [wide], v.ty, inst, { bits: 32 })];
  }

  /** Operations over lanes without a carry. */
  private lanes(inst: Inst, state: Ranges): Value[] | null {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    const exact = pairOf(inst, state.of);
    const low = (op: Op, x: Value, y: Value): Value => this.make(op, [x, y], 'i32', inst);
    if (inst.op === 'umul64') return fitsUnsigned(exact) ? [low('mul', al, ah), this.constant(0, 'i32', inst)] : null;
    if (inst.op !== 'add64' && inst.op !== 'sub64') return null;
    const op = inst.op === 'add64' ? 'add' : 'sub';
    const high = only(state.result(inst, 1));
    if (fitsUnsigned(exact) || high === 0) return [low(op, al, bl), this.constant(0, 'i32', inst)];
    const [a, b] = [unsigned(state.at(al), 32), unsigned(state.at(bl), 32)];
    const carries = op === 'add' ? a.hi + b.hi >= TWO32 : a.lo < b.hi;
    return carries ? null : [low(op, al, bl), low(op, ah, bh)];
  }

  /** A condition over two 64-bit values that fit 32 bits, over 32 bits. */
  private narrowed(cond: Cond, args: readonly Value[], state: Ranges): Cond | null {
    if (args.length !== 2 || args[0]!.ty !== 'i64') return null;
    const [a, b] = args.map(state.of) as [Range, Range];
    if (cond === 'set' || cond === 'nset') return fitsUnsigned(a) || fitsUnsigned(b) ? cond : null;
    // Both sign-extended: either order of the 64-bit numbers is that order of their low halves.
    if (fitsSigned(a) && fitsSigned(b)) return cond;
    const same = cond === 'eq' || cond === 'ne';
    return fitsUnsigned(a) && fitsUnsigned(b) ? (same ? cond : (`u${cond.slice(1)}` as Cond)) : null;
  }

  private narrowCompare(inst: Inst, state: Ranges): Value[] | null {
    const cond = this.narrowed(inst.cond!, inst.args, state);
    return (
      cond && [
        this.make(
          'icmp',
          inst.args.map((v) => this.trunc(v, inst)),
          'i32',
          inst,
          { cond },
        ),
      ]
    );
  }

  private term(block: Block, state: Ranges, conditions: Conditions): void {
    const t = block.term;
    if (t.kind !== 'branch') return;
    const truth = this.decide(t.cond, t.wide, t.args, block, state, conditions);
    if (truth !== null) {
      block.term = { kind: 'jump', to: truth ? t.then : t.else, origin: t.origin };
      this.changed = true;
      return;
    }
    const cond = this.narrowed(t.cond, t.args, state);
    if (!cond) return;
    t.cond = cond;
    t.args = t.args.map((v) => this.trunc(v, t));
    this.changed = true;
  }
}
