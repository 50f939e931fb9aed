// SPDX-License-Identifier: MIT
import { graphOf, makers, removeUnreachable } from '../ir/analysis.js';
import { foldBinary, foldCond, isBinary, NEGATED, SWAPPED } from '../ir/arith.js';
import {
  type Block,
  type Cond,
  type Edge,
  edges,
  type Func,
  type Inst,
  type Module,
  newValue,
  OPS,
  type Term,
  type Value,
} from '../ir/ir.js';
import { implied } from './decide.js';
import { decided, exactly, type Range, refined } from './intervals.js';
import { widthOf } from './known.js';
import { pass } from './pass.js';
import { between, type Into, intoOf, repair } from './repair.js';

/**
 * Takes: any stage. Gives: an edge into a block whose branch is decided by what the edge brings, or by a condition that was
 * passed on the way to it, leads to where that branch goes, over a copy of the block's few instructions. Loop headers stay.
 */
export const threadJumps = pass('threads', (module: Module) => {
  let changed = false;
  for (const fn of module.funcs) changed = new Threader(fn, module.properties.has('guarded')).run() || changed;
  return changed;
});

/** Instructions besides constants that all copies of a block may have together, beyond the block itself. */
const COPIED = 2;
/** How far up a row of blocks conditions are looked for. */
const UP = 12;
/** Blocks in which the values of a copied block may have to be renamed, and how many parameters that may take. */
const SPREAD = 24;
const CARRIED = 3;

class Threader {
  private readonly into: Into;
  private readonly headers = new Set<Block>();
  private readonly made;
  /** Blocks that may use a value; never too few. */
  private readonly users = new Map<Value, Set<Block>>();
  private readonly fresh: Block[] = [];

  constructor(
    private readonly fn: Func,
    private readonly guarded: boolean,
  ) {
    removeUnreachable(fn);
    this.into = intoOf(fn);
    this.made = makers(fn);
    const { order, index } = graphOf(fn);
    for (const from of order) {
      for (const e of edges(from.term)) if (index.get(e.block)! <= index.get(from)!) this.headers.add(e.block);
    }
    for (const b of fn.blocks) this.uses(b);
  }

  run(): boolean {
    let changed = false;
    for (const block of this.fn.blocks) changed = this.block(block) || changed;
    this.fn.blocks.push(...this.fresh);
    removeUnreachable(this.fn);
    return changed;
  }

  private readonly used = (v: Value, block: Block): void => {
    let set = this.users.get(v);
    if (!set) {
      set = new Set();
      this.users.set(v, set);
    }
    set.add(block);
  };

  private uses(block: Block): void {
    for (const inst of block.insts) for (const v of inst.args) this.used(v, block);
    const t = block.term;
    if (t.kind === 'branch' || t.kind === 'ret') for (const v of t.args) this.used(v, block);
    for (const e of edges(t)) for (const v of e.args) this.used(v, block);
  }

  private block(block: Block): boolean {
    const t = block.term;
    if (t.kind !== 'branch' || block === this.fn.blocks[0] || this.headers.has(block) || block.bound !== undefined)
      return false;
    if (t.then.block === block || t.else.block === block) return false;
    if (!block.insts.every((i) => this.copies(i))) return false;
    const copied = block.insts.filter((i) => i.op !== 'const');
    const into = this.into.get(block)!;
    if (into.length < 2) return false;
    const ways = into.flatMap((way) => {
      const holds = this.decide(block, t, way.from, way.edge);
      return holds === null ? [] : [{ ...way, to: holds ? t.then : t.else }];
    });
    // Where all ways are known the block itself goes.
    const copies = ways.length - (ways.length === into.length ? 1 : 0);
    if (ways.length === 0 || copied.length * copies > COPIED) return false;
    if (copies > 0 && copied.some((i) => OPS[i.op].effect !== 'pure')) return false;
    let changed = false;
    const gone = ways.length === into.length;
    for (const way of ways) changed = this.thread(block, way.from, way.edge, way.to, gone) || changed;
    return changed;
  }

  /** Accesses are copied only once they have their guards: each is guarded, and counted, once. */
  private copies(inst: Inst): boolean {
    const { effect } = OPS[inst.op];
    return effect === 'pure' || (this.guarded && (effect === 'read' || effect === 'write'));
  }

  /** Does the block's condition hold if it is entered by this edge? */
  private decide(block: Block, t: Term & { kind: 'branch' }, from: Block, edge: Edge): boolean | null {
    const here = new Map<Value, Value>(block.params.map((p, i) => [p, edge.args[i]!]));
    const args = t.args.map((v) => here.get(v) ?? v);
    const constants = args.map((v) => this.constant(v, here, block, 4));
    const bits = widthOf(args[0]!);
    const [a, b, c, d] = constants;
    if (constants.every((n) => n !== undefined)) {
      return t.wide ? foldCond(t.cond, a! | (b! << 32n), c! | (d! << 32n), 64) : foldCond(t.cond, a!, b!, bits);
    }
    if (t.wide) return null;
    return this.passed(t.cond, args as [Value, Value], b, from, edge, bits);
  }

  /** A value in the block as a number, if what the edge brings makes it one. */
  private constant(v: Value, here: ReadonlyMap<Value, Value>, block: Block, depth: number): bigint | undefined {
    const inst = this.made.get(here.get(v) ?? v);
    if (!inst || depth === 0) return undefined;
    if (inst.op === 'const') return inst.imm;
    // Only what this block computes depends on the edge.
    if (!block.insts.includes(inst) || inst.args.length !== 2) return undefined;
    const [a, b] = inst.args.map((x) => this.constant(x, here, block, depth - 1));
    if (a === undefined || b === undefined) return undefined;
    const bits = widthOf(inst.args[0]!);
    if (inst.op === 'icmp') return foldCond(inst.cond!, a, b, bits) ? 1n : 0n;
    return isBinary(inst.op) ? foldBinary(inst.op, a, b, bits) : undefined;
  }

  /** Does the condition follow from those that were passed on the only way to the edge? */
  private passed(
    cond: Cond,
    [a, b]: [Value, Value],
    c: bigint | undefined,
    from: Block,
    edge: Edge,
    bits: number,
  ): boolean | null {
    const limit = c === undefined ? null : exactly(c, bits);
    let known: Range = null;
    for (let [at, by, steps] = [from, edge, 0]; steps < UP; steps++) {
      const t = at.term;
      if (t.kind === 'branch' && !t.wide) {
        const holds = by === t.then ? t.cond : NEGATED[t.cond];
        const [x, y] = t.args as [Value, Value];
        const answer =
          x === a && y === b ? implied(holds, cond) : x === b && y === a ? implied(SWAPPED[holds], cond) : null;
        if (answer !== null) return answer;
        if (limit && x === a) {
          const n = this.made.get(y);
          if (n?.op === 'const') known = refined(holds, known, exactly(n.imm!, bits), bits);
          const follows = decided(cond, known, limit, bits);
          if (follows !== null) return follows;
        }
      }
      const up = this.into.get(at)!;
      if (up.length !== 1) return null;
      ({ from: at, edge: by } = up[0]!);
    }
    return null;
  }

  /** Leads an edge past the block; false if too much would have to be told of it. `gone`: no edge will be left. */
  private thread(block: Block, from: Block, edge: Edge, to: Edge, gone: boolean): boolean {
    const { fn, into } = this;
    const names = new Map<Value, Value>(block.params.map((p, i) => [p, edge.args[i]!]));
    const insts = block.insts.map((inst): Inst => {
      const results = inst.results.map((v) => newValue(fn, v.ty));
      const copy = { ...inst, args: inst.args.map((v) => names.get(v) ?? v), results };
      inst.results.forEach((v, i) => {
        names.set(v, results[i]!);
      });
      return copy;
    });
    const onward: Edge = { block: to.block, args: to.args.map((v) => names.get(v) ?? v) };
    const copy: Block = {
      id: fn.nextBlock++,
      params: [],
      insts,
      term: { kind: 'jump', to: onward, origin: block.term.origin },
    };
    // As if done, to see what else would change.
    const ways = into.get(block)!;
    const was = ways.findIndex((w) => w.edge === edge);
    ways.splice(was, 1);
    into.set(copy, [{ from, edge }]);
    into.get(to.block)!.push({ from: copy, edge: onward });
    const needs: { value: Value; at: Map<Block, Value>; blocks: Set<Block> }[] = [];
    let room = SPREAD;
    let params = 0;
    for (const [value, name] of names) {
      const users = [...(this.users.get(value) ?? [])].filter((u) => u !== block && usesOf(u, value));
      if (users.length === 0) continue;
      const at = new Map([
        [block, value],
        [copy, name],
      ]);
      const blocks = between(at, users, into, room);
      for (const b of blocks ?? []) if (into.get(b)!.filter((w) => !gone || w.from !== block).length > 1) params++;
      if (!blocks || params > CARRIED) {
        ways.splice(was, 0, { from, edge });
        into.delete(copy);
        into.get(to.block)!.pop();
        return false;
      }
      room -= blocks.size;
      needs.push({ value, at, blocks });
    }
    this.fresh.push(copy);
    for (const inst of insts) for (const v of inst.results) this.made.set(v, inst);
    edge.block = copy;
    edge.args = [];
    this.uses(copy);
    for (const { value, at, blocks } of needs) repair(fn, { value, at }, blocks, into, this.used);
    return true;
  }
}

/** Is the value really read in the block? */
function usesOf(block: Block, v: Value): boolean {
  const t = block.term;
  if ((t.kind === 'branch' || t.kind === 'ret') && t.args.includes(v)) return true;
  return edges(t).some((e) => e.args.includes(v)) || block.insts.some((i) => i.args.includes(v));
}
