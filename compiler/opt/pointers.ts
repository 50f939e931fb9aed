// SPDX-License-Identifier: MIT
import { ById, dominatorPreorder, graphOf, removeUnreachable } from '../ir/analysis.js';
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
}

/**
 * Walks the dominator tree, so that what it has noted is what holds at the block at hand: `undo` takes back what a subtree
 * noted once that is left.
 */
class Narrower {
  private readonly defs = new ById<Value, Inst>();
  private readonly memberOf = new Map<Value, Member>();
  /** Members that are not narrow yet, by `place`. */
  private readonly waiting = new Map<string, Member[]>();
  /** Places that accesses have shown, by `place`. */
  private readonly shown = new Map<string, true>();
  /** What a value is called behind the access. */
  private readonly names = new Map<Value, Value>();
  private undo: (() => void)[] = [];
  private changed = false;

  constructor(private readonly fn: Func) {
    removeUnreachable(fn);
  }

  run(): boolean {
    const graph = graphOf(this.fn);
    /** Open blocks of the dominator tree, and how much had been noted before each. */
    const open: { block: Block; before: number }[] = [];
    for (const block of dominatorPreorder(graph)) {
      for (let top = open.at(-1); top && top.block !== graph.idom.get(block); top = open.at(-1)) {
        while (this.undo.length > top.before) this.undo.pop()!();
        open.pop();
      }
      open.push({ block, before: this.undo.length });
      this.block(block);
    }
    return this.changed;
  }

  private block(block: Block): void {
    const out: Inst[] = [];
    const rename = (args: Value[]): void => {
      args.forEach((v, i) => {
        args[i] = this.names.get(v) ?? v;
      });
    };
    for (const inst of block.insts) {
      // Only addresses and their sums matter.
      const member = inst.args.map((v) => this.memberOf.get(v) ?? this.add({ value: v, root: v, k: 0n }))[0];
      rename(inst.args);
      out.push(inst);
      for (const v of inst.results) this.defs.set(v, inst);
      if (inst.op === 'add' && inst.results[0]!.ty === 'i64') {
        const k = this.constantOf(inst.args[1]!);
        if (k !== undefined) {
          const sum = this.add({ value: inst.results[0]!, root: member!.root, k: member!.k + toSigned(k, 64) });
          if (this.shown.get(place(sum.root, sum.k))) this.narrow(place(sum.root, sum.k), inst, out);
        }
      } else if (inst.op === 'load' || inst.op === 'store' || inst.op === 'atomic') {
        const from = member!.k + BigInt(inst.off!);
        for (let k = from; k <= from + BigInt(inst.size!); k++) {
          const at = place(member!.root, k);
          this.show(at);
          this.narrow(at, inst, out);
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

  /** A value that is no sum is its own root. */
  private add(member: Member): Member {
    this.note(this.memberOf, member.value, member);
    const at = place(member.root, member.k);
    this.note(this.waiting, at, [...(this.waiting.get(at) ?? []), member]);
    return member;
  }

  private show(at: string): void {
    if (!this.shown.has(at)) this.note(this.shown, at, true);
  }

  /** Sets an entry until the subtree at hand is left. */
  private note<K, T>(map: Map<K, T>, key: K, value: T): void {
    const old = map.get(key);
    map.set(key, value);
    this.undo.push(() => {
      if (old === undefined) map.delete(key);
      else map.set(key, old);
    });
  }

  /** From here on the values of a place are called by an extension of their low halves. */
  private narrow(at: string, inst: Inst, out: Inst[]): void {
    const members = this.waiting.get(at) ?? [];
    if (members.length === 0) return;
    this.note(this.waiting, at, []);
    for (const m of members) {
      const { value } = m;
      if (value.ty !== 'i64' || this.isNarrow(value)) continue;
      const low = newValue(this.fn, 'i32');
      const again = newValue(this.fn, 'i64');
      out.push({ op: 'trunc', args: [value], results: [low], origin: inst.origin });
      const zext: Inst = { op: 'zext', args: [low], results: [again], origin: inst.origin };
      out.push(zext);
      this.defs.set(again, zext);
      this.note(this.memberOf, again, { ...m, value: again });
      this.note(this.names, value, again);
      this.changed = true;
    }
  }

  private isNarrow(v: Value): boolean {
    const inst = this.defs.get(v);
    return inst?.op === 'zext' || (inst?.op === 'const' && inst.imm! <= mask(32));
  }
}

const place = (root: Value, k: bigint): string => `${root.id} ${k}`;
