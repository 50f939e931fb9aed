// SPDX-License-Identifier: MIT
import { graphOf, removeUnreachable } from '../ir/analysis.js';
import { mask, toSigned } from '../ir/arith.js';
import { type Block, edges, type Func, type Inst, type Module, newValue, type Value } from '../ir/ir.js';
import { pass } from './pass.js';

/**
 * Takes: a wide module without guards. Gives: behind an access of `size` bytes at p + off, the values p + k with
 * off <= k <= off + size written as extensions of their low halves. An access that did not trap lies in a region, and no
 * region ends above 2^32 - 1 (image/fields.ts), so those sums are below 2^32. Values do not change.
 */
export const narrowPointers = pass(
  'pointers',
  (module: Module) => {
    let changed = false;
    for (const fn of module.funcs) changed = new Narrower(fn).run() || changed;
    return changed;
  },
  { refuses: ['lanes', 'guarded'] },
);

/** value = root + k. */
interface Member {
  readonly value: Value;
  readonly root: Value;
  readonly k: bigint;
  readonly block: Block;
}

class Narrower {
  private readonly defs = new Map<Value, Inst>();
  private readonly family = new Map<Value, Member[]>();
  private readonly memberOf = new Map<Value, Member>();
  private readonly graph: ReturnType<typeof graphOf>;
  /** Bytes [from, to] around a root that accesses have shown, by block. */
  private readonly shown = new Map<Value, { block: Block; from: bigint; to: bigint }[]>();
  /** What a value is called behind the access, by block; a block sees those of its dominators. */
  private readonly names = new Map<Block, Map<Value, Value>>();
  private changed = false;

  constructor(private readonly fn: Func) {
    removeUnreachable(fn);
    this.graph = graphOf(fn);
  }

  run(): boolean {
    for (const block of this.graph.order) this.block(block);
    return this.changed;
  }

  private block(block: Block): void {
    const names = new Map(this.names.get(this.graph.idom.get(block)!) ?? []);
    this.names.set(block, names);
    const out: Inst[] = [];
    const rename = (args: Value[]): void => {
      args.forEach((v, i) => {
        args[i] = names.get(v) ?? v;
      });
    };
    for (const inst of block.insts) {
      const members = inst.args.map((v) => this.memberOf.get(v) ?? this.join(v, block));
      rename(inst.args);
      out.push(inst);
      for (const v of inst.results) this.defs.set(v, inst);
      if (inst.op === 'add' && inst.results[0]!.ty === 'i64') {
        const k = this.constantOf(inst.args[1]!);
        const base = members[0]!;
        if (k !== undefined) {
          const member = this.add({ value: inst.results[0]!, root: base.root, k: base.k + toSigned(k, 64), block });
          if (this.isShown(member, block)) this.narrow(member, inst, names, out);
        }
      } else if (inst.op === 'load' || inst.op === 'store' || inst.op === 'atomic') {
        const base = members[0]!;
        const from = base.k + BigInt(inst.off!);
        const to = from + BigInt(inst.size!);
        this.shown.set(base.root, [...(this.shown.get(base.root) ?? []), { block, from, to }]);
        for (const m of this.family.get(base.root)!) {
          if (m.k >= from && m.k <= to && this.graph.dominates(m.block, block)) this.narrow(m, inst, names, out);
        }
      }
    }
    block.insts = out;
    const t = block.term;
    if (t.kind === 'branch' || t.kind === 'ret') rename(t.args);
    for (const e of edges(t)) rename(e.args);
  }

  private constantOf(v: Value): bigint | undefined {
    const inst = this.defs.get(v);
    return inst?.op === 'const' ? inst.imm : undefined;
  }

  /** A value that is no sum is its own root. It is taken to be defined where it is first read: later than in truth. */
  private join(value: Value, block: Block): Member {
    return this.add({ value, root: value, k: 0n, block });
  }

  private add(member: Member): Member {
    this.memberOf.set(member.value, member);
    this.family.set(member.root, [...(this.family.get(member.root) ?? []), member]);
    return member;
  }

  private isShown(m: Member, block: Block): boolean {
    const shown = this.shown.get(m.root) ?? [];
    return shown.some((s) => s.from <= m.k && m.k <= s.to && this.graph.dominates(s.block, block));
  }

  /** From here on the value is called by an extension of its low half. */
  private narrow(m: Member, at: Inst, names: Map<Value, Value>, out: Inst[]): void {
    const { value } = m;
    if (value.ty !== 'i64' || names.has(value) || this.isNarrow(value)) return;
    const low = newValue(this.fn, 'i32');
    const again = newValue(this.fn, 'i64');
    out.push({ op: 'trunc', args: [value], results: [low], origin: at.origin });
    const zext: Inst = { op: 'zext', args: [low], results: [again], origin: at.origin };
    out.push(zext);
    this.defs.set(again, zext);
    this.memberOf.set(again, { ...m, value: again });
    names.set(value, again);
    this.changed = true;
  }

  private isNarrow(v: Value): boolean {
    const inst = this.defs.get(v);
    return inst?.op === 'zext' || (inst?.op === 'const' && inst.imm! <= mask(32));
  }
}
