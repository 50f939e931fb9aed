// SPDX-License-Identifier: MIT
import { ById, listed, localFuncs } from '../ir/analysis.js';
import { cloneTerm } from '../ir/clone.js';
import { type Block, type Func, type Inst, type Module, newValue, type Value } from '../ir/ir.js';
import { frameNames, Mover } from './inline-frames.js';
import { pass } from './pass.js';

/**
 * Takes: a guarded module. Gives: local functions that are called from one place, and small ones, in the place of their calls; those
 * that nothing calls any more are gone, and `within` of a function says where its code went. Guards were decided before, so that each is
 * reported for the function it was written in. The frame of such a function lies below its caller's, in one area for all of a caller.
 */
export const inlineCalls = pass(
  'inline',
  (module: Module) => {
    if (!module.funcs.some((f) => f.blocks.some((b) => b.insts.some((i) => i.op === 'call')))) return false;
    return new Inliner(module).run();
  },
  { requires: ['guarded'] },
);

/** Operations that a call costs about as much as, in instructions: passing, calling, saving, returning. */
const SMALL = 10;
/** What all copies of one function may come to. */
const MOST_COPIED = 40;
/** A function that has grown to this takes no more: what comes behind is near-linear, branches have a range. */
const MOST = 4000;
/** Zeroing a frame of more bytes stays the callee's own. */
const MOST_ZEROED = 64;

interface Call {
  readonly inst: Inst;
  readonly callee: Func;
}

class Inliner {
  private readonly locals: ReadonlyMap<number, Func>;
  /** Calls of each local function, all over the module. */
  private readonly sites = new Map<Func, number>();
  private readonly sizes = new Map<Func, number>();
  /** Functions whose code a function contains. */
  private readonly inside = new Map<Func, Func[]>();
  private readonly twice: ReadonlySet<number>;
  private readonly names: Map<number, Set<Func>>;

  constructor(private readonly module: Module) {
    this.locals = localFuncs(module);
    const entries = new Set(module.funcs.filter((f) => f.entry).map((f) => f.index));
    this.twice = new Set([...this.locals.keys()].filter((index) => entries.has(index)));
    this.names = frameNames(module);
    for (const fn of module.funcs) {
      this.sizes.set(fn, sizeOf(fn));
      for (const { callee } of this.callsOf(fn)) this.sites.set(callee, (this.sites.get(callee) ?? 0) + 1);
    }
  }

  run(): boolean {
    let changed = false;
    for (const fn of this.calleesFirst()) changed = this.into(fn) || changed;
    if (!changed) return false;
    const called = new Set(this.module.funcs.flatMap((f) => this.callsOf(f).map((c) => c.callee)));
    this.module.funcs = this.module.funcs.filter((fn) => {
      if (fn.entry || called.has(fn) || !fn.within) return true;
      // Whoever holds on to it sees that its code is elsewhere.
      fn.blocks = [];
      return false;
    });
    return true;
  }

  private callsOf(fn: Func): Call[] {
    return fn.blocks.flatMap((b) =>
      b.insts.flatMap((inst) => (inst.op === 'call' ? [{ inst, callee: this.locals.get(inst.callee!)! }] : [])),
    );
  }

  private calleesFirst(): Func[] {
    const out: Func[] = [];
    const met = new Set<Func>();
    for (const root of this.module.funcs) {
      const stack = [{ fn: root, calls: this.callsOf(root) }];
      if (met.has(root)) continue;
      met.add(root);
      for (let top = stack.at(-1); top; top = stack.at(-1)) {
        const next = top.calls.pop();
        if (!next) out.push(stack.pop()!.fn);
        else if (!met.has(next.callee)) {
          met.add(next.callee);
          stack.push({ fn: next.callee, calls: this.callsOf(next.callee) });
        }
      }
    }
    return out;
  }

  private into(fn: Func): boolean {
    let size = this.sizes.get(fn)!;
    const chosen = new Map<Inst, Func>();
    for (const { inst, callee } of this.callsOf(fn)) {
      const more = this.sizes.get(callee)!;
      if (size + more > MOST || !this.pays(callee, more) || !this.frameFits(fn, callee)) continue;
      size += more;
      chosen.set(inst, callee);
    }
    if (chosen.size === 0) return false;
    this.sizes.set(fn, size);
    const area = Math.max(...[...chosen.values()].map((c) => c.frameBytes));
    const mover = new Mover(fn, area, this.names);
    fn.blocks = fn.blocks.flatMap((block) => this.rebuild(fn, block, chosen, mover));
    for (const callee of new Set(chosen.values())) {
      if (callee.frameBytes > 0) mover.rename(callee);
      for (const [index, users] of this.names) if (users.has(callee) && index !== fn.index) users.add(fn);
      for (const inner of [callee, ...(this.inside.get(callee) ?? [])]) {
        inner.within ??= new Set();
        inner.within.add(fn);
        listed(this.inside, fn).push(inner);
      }
    }
    return true;
  }

  private pays(callee: Func, size: number): boolean {
    const sites = this.sites.get(callee)!;
    return sites === 1 || size <= SMALL || size * sites <= MOST_COPIED;
  }

  /** Can the caller's frame take in the callee's, with every fact about it? */
  private frameFits(fn: Func, callee: Func): boolean {
    if (callee.frameBytes === 0) return true;
    // Frames go by the functions' names: which copy is meant has to be clear.
    if (this.twice.has(fn.index) || this.twice.has(callee.index)) return false;
    const others = this.names.get(callee.index)?.size ?? 0;
    if (others > 0 && this.sites.get(callee) !== 1) return false;
    return callee.frameBytes <= MOST_ZEROED || !callee.blocks[0]!.insts.some((i) => i.op === 'zeroframe');
  }

  /** The blocks that a block of the caller becomes. */
  private rebuild(fn: Func, block: Block, chosen: ReadonlyMap<Inst, Func>, mover: Mover): Block[] {
    const out = [block];
    const old = block.insts;
    if (!old.some((i) => chosen.has(i))) return out;
    const { term } = block;
    let at = block;
    at.insts = [];
    for (const inst of old) {
      const callee = chosen.get(inst);
      if (!callee) {
        at.insts.push(inst);
        continue;
      }
      const behind: Block = { id: fn.nextBlock++, params: [...inst.results], insts: [], term };
      const body = copyBody(fn, callee, inst, behind, mover);
      at.term = { kind: 'jump', to: { block: body[0]!, args: [] }, origin: inst.origin };
      out.push(...body, behind);
      at = behind;
    }
    at.term = term;
    return out;
  }
}

/** What a function counts for: what becomes code. */
function sizeOf(fn: Func): number {
  let size = 0;
  for (const { insts, term } of fn.blocks) {
    for (const { op } of insts) if (op !== 'const') size++;
    if (term.kind === 'branch') size++;
  }
  return size;
}

/** The callee's blocks with values and blocks of the caller's; returns lead to `behind`, which takes the results. */
function copyBody(fn: Func, callee: Func, call: Inst, behind: Block, mover: Mover): Block[] {
  const values = new ById<Value, Value>();
  const blocks = new ById<Block, Block>();
  const [entry] = callee.blocks;
  entry!.params.forEach((p, i) => {
    values.set(p, call.args[i]!);
  });
  const fresh = (v: Value): Value => {
    const made = newValue(fn, v.ty);
    values.set(v, made);
    return made;
  };
  const use = (v: Value): Value => values.get(v)!;
  // Values may be used in blocks that come before the one that makes them in the list.
  for (const b of callee.blocks) {
    const params = b === entry ? [] : b.params.map(fresh);
    for (const inst of b.insts) for (const v of inst.results) fresh(v);
    blocks.set(b, { ...b, id: fn.nextBlock++, params });
  }
  for (const b of callee.blocks) {
    const copy = blocks.get(b)!;
    copy.insts = b.insts.flatMap((inst) =>
      mover.copied({ ...inst, args: inst.args.map(use), results: inst.results.map(use) }, callee),
    );
    const { term } = b;
    if (term.kind === 'ret') {
      copy.term = { kind: 'jump', to: { block: behind, args: term.args.map(use) }, origin: term.origin };
    } else {
      copy.term = cloneTerm(term, (e) => ({ block: blocks.get(e.block)!, args: e.args.map(use) }));
      if (copy.term.kind === 'branch') copy.term.args = copy.term.args.map(use);
    }
  }
  return callee.blocks.map((b) => blocks.get(b)!);
}
