// SPDX-License-Identifier: MIT

import { analyseFlow, targets } from '../flow.js';
import { type Frame, isVirtual, type MInst, type MReg, type RegMask } from '../machine.js';
import { termEdges, termInst } from '../validate-machine.js';
import { type ABlock, type Allocation, type AllocTarget, isSlot, type Loc, SLOT } from './types.js';

/** Which values of the original function each place holds. A place that is missing holds none. */
type State = Map<Loc, readonly MReg[]>;

/**
 * Shows that an allocation does what the original function says, by following which values every register and slot holds
 * along every way. It believes nothing of the allocator but which inserted instruction copies what. Throws (our bug) at
 * the first place where a value is not where it is read, or a constraint does not hold.
 */
export function checkAllocation(a: Allocation, target: AllocTarget): void {
  new Checker(a, target).run();
}

/** A function that is not an entry saves every register it destroys and must preserve. Throws (our bug) if not. */
export function checkFrame(a: Allocation, frame: Frame, target: AllocTarget): void {
  if (a.fn.entry) return;
  const lost = a.usedRegisters & target.registers.calleeSaved;
  for (let r = 0; r < 32; r++)
    if ((lost >>> r) & 1 && !frame.saved.includes(r)) throw new Error(`${a.fn.name}: register ${r} is not preserved`);
}

class Checker {
  private readonly canonical = new Map<MReg, MReg>();
  private readonly remats = new Map<MReg, MInst>();
  private readonly given: RegMask;
  private readonly scratch: number;
  private readonly blocks = new Map<number, ABlock>();
  private where = '';
  private written = 0;

  constructor(
    private readonly a: Allocation,
    target: AllocTarget,
  ) {
    this.scratch = target.scratch;
    let given = 1 << target.scratch;
    for (const r of target.registers.allocationOrder) given |= 1 << r;
    this.given = given >>> 0;
    for (const b of a.fn.blocks) {
      for (const inst of b.insts) {
        if (inst.remat) this.remats.set(inst.operands[0]!, inst);
        // A copy gives its value a second name; in SSA the first one stands for it wherever the second is defined.
        if (inst.move) this.canonical.set(inst.operands[0]!, inst.operands[1]!);
      }
    }
    for (const b of a.blocks) this.blocks.set(b.id, b);
  }

  private fail(what: string): never {
    throw new Error(`allocation of ${this.a.fn.name}, ${this.where}: ${what}`);
  }

  private name(v: MReg): MReg {
    let x = v;
    for (let y = this.canonical.get(x); y !== undefined; y = this.canonical.get(x)) x = y;
    return x;
  }

  run(): void {
    this.structure();
    const states = new Map<number, State>([[this.a.blocks[0]!.id, new Map()]]);
    // Rounds over the blocks in order: each sees what those before it have said, so only loops need another round.
    const order = analyseFlow(this.a.blocks).rpo.map((i) => this.a.blocks[i]!);
    const waiting = new Set([this.a.blocks[0]!.id]);
    while (waiting.size > 0) {
      for (const b of order) {
        if (!waiting.delete(b.id)) continue;
        const state: State = new Map(states.get(b.id));
        this.block(b, state, false);
        targets(b.term).forEach((to, k) => {
          const out = this.leave(b, k, state);
          const known = states.get(to);
          const next = known ? meet(known, out) : out;
          if (next === known) return;
          states.set(to, next);
          waiting.add(to);
        });
      }
    }
    for (const [id, state] of states) this.block(this.blocks.get(id)!, new Map(state), true);
    const missed = this.written & ~this.a.usedRegisters;
    if (missed !== 0) this.fail(`register mask ${missed.toString(16)} is written but not listed as used`);
  }

  /** Every original instruction is there once, in order; edges lead where they led. */
  private structure(): void {
    if (this.a.blocks[0]!.original !== this.a.fn.blocks[0]) this.fail('does not start with the entry block');
    for (const b of this.a.blocks) {
      this.where = `block ${b.id}`;
      if (!b.original) {
        if (b.term.kind !== 'jump') this.fail('is inserted and is not a jump');
        continue;
      }
      const mb = b.original;
      let next = 0;
      const skip = (to: number): void => {
        for (; next < to; next++) {
          const inst = mb.insts[next]!;
          if (!inst.move && !inst.remat) this.fail(`${inst.name} is missing`);
        }
      };
      for (const x of b.insts) {
        if (!('source' in x)) continue;
        const inst = mb.insts[x.source];
        if (x.source < next || !inst) this.fail('instructions are out of order');
        skip(x.source);
        this.same(inst, x.inst);
        next++;
      }
      skip(mb.insts.length);
      if (b.term.kind !== mb.term.kind) this.fail('ends in another way');
      const from = termInst(mb);
      if (from) this.same(from, termInst(b)!);
      const to = targets(b.term);
      targets(mb.term).forEach((id, k) => {
        const reached = this.blocks.get(to[k]!);
        if (!reached) this.fail(`edge ${k} leads nowhere`);
        const end = reached.original ? reached.id : targets(reached.term)[0];
        if (end !== id) this.fail(`edge ${k} leads to block ${end}, not ${id}`);
      });
    }
  }

  private same(from: MInst, to: MInst): void {
    if (from.specs !== to.specs || from.expand !== to.expand || from.clobbers !== to.clobbers)
      this.fail(`${from.name} was replaced`);
    from.specs.forEach((s, k) => {
      if (s.role === 'imm' ? from.operands[k] !== to.operands[k] : isVirtual(to.operands[k]!))
        this.fail(`${from.name} has a wrong operand ${k}`);
    });
  }

  private block(b: ABlock, state: State, check: boolean): void {
    const mb = b.original;
    // A repeatable instruction that was left out needs no mention: its value is the same each time.
    b.insts.forEach((x, n) => {
      if (check) this.where = `block ${b.id}, instruction ${n} (${x.inst.name})`;
      if ('copies' in x) {
        if (check) this.place(x.copies.to);
        const held = state.get(x.copies.from);
        if (held) state.set(x.copies.to, held);
        else state.delete(x.copies.to);
      } else if ('remat' in x) {
        if (check) {
          this.place(x.remat.to);
          const def = this.remats.get(x.remat.vreg);
          if (!def || def.expand !== x.inst.expand || x.inst.operands[0] !== x.remat.to)
            this.fail('does not repeat a repeatable instruction');
          def.operands.forEach((o, k) => {
            if (k > 0 && o !== x.inst.operands[k]) this.fail('repeats with another immediate');
          });
        }
        state.set(x.remat.to, [this.name(x.remat.vreg)]);
      } else {
        this.inst(mb!.insts[x.source]!, x.inst, state, check);
      }
    });
    if (!mb) return;
    const t = termInst(mb);
    if (check) this.where = `block ${b.id}, terminator`;
    if (t) this.inst(t, termInst(b)!, state, check);
  }

  private place(to: Loc): void {
    if (isSlot(to)) {
      if (to >= SLOT + this.a.spillSlots) this.fail(`writes slot ${to - SLOT}, which does not exist`);
    } else {
      this.written |= 1 << to;
    }
  }

  private inst(from: MInst, to: MInst, state: State, check: boolean): void {
    if (check) this.constraints(from, to, state);
    // Expansions may use the scratch register.
    state.delete(this.scratch);
    for (let r = 0; r < 32; r++) if ((from.clobbers >>> r) & 1) state.delete(r);
    from.specs.forEach((s, k) => {
      if (s.role === 'temp') state.delete(to.operands[k]!);
    });
    from.specs.forEach((s, k) => {
      if (s.role !== 'def') return;
      // A copy that was kept as an instruction defines its source's name once more.
      const v = this.name(from.operands[k]!);
      if (!from.move) forget(state, v);
      state.set(to.operands[k]!, [v]);
    });
  }

  private constraints(from: MInst, to: MInst, state: State): void {
    this.written |= from.clobbers;
    from.specs.forEach((s, k) => {
      if (s.role === 'imm') return;
      const r = to.operands[k]!;
      const v = from.operands[k]!;
      const fixed = 'fixed' in s ? s.fixed : undefined;
      if (fixed !== undefined && r !== fixed) this.fail(`operand ${k} is in register ${r}, not ${fixed}`);
      if (s.mask !== undefined && fixed === undefined && !((s.mask >>> r) & 1))
        this.fail(`operand ${k} cannot be in register ${r}`);
      if (s.role === 'use') {
        if (!state.get(r)?.includes(this.name(v)))
          this.fail(`operand ${k} is to be v${v}; register ${r} does not hold it`);
        return;
      }
      this.written |= 1 << r;
      const pinned = s.role === 'def' && s.tied !== undefined ? from.specs[s.tied] : undefined;
      const free = fixed === undefined && !(pinned?.role === 'use' && pinned.fixed !== undefined);
      if (free && !((this.given >>> r) & 1)) this.fail(`operand ${k} is in register ${r}, which is reserved`);
      if (s.role === 'def' && s.tied !== undefined && to.operands[s.tied] !== r) this.fail(`operand ${k} is not tied`);
      from.specs.forEach((x, j) => {
        if (j === k || x.role === 'imm' || to.operands[j] !== r) return;
        const early = s.role === 'temp' || (s.role === 'def' && s.early === true);
        if (x.role === 'use') {
          const tied = s.role === 'def' && s.tied === j;
          if (early && !tied) this.fail(`operand ${k} is written before operand ${j} is read`);
        } else this.fail(`operands ${k} and ${j} are written to one register`);
      });
      if (s.role === 'def' && free && (from.clobbers >>> r) & 1) this.fail(`operand ${k} is in a clobbered register`);
    });
  }

  /** State behind edge `k` of a block: the parameters of the original edge take the names of their arguments. */
  private leave(b: ABlock, k: number, state: State): State {
    const edge = b.original ? termEdges(b.original)[k] : undefined;
    if (!edge || edge.args.length === 0) return state;
    const params = this.blocks.get(edge.block)!.original!.params;
    const fresh = new Set(params);
    const out: State = new Map();
    for (const [loc, held] of state) {
      const now = held.filter((v) => !fresh.has(v));
      params.forEach((p, j) => {
        if (held.includes(this.name(edge.args[j]!))) now.push(p);
      });
      if (now.length > 0) out.set(loc, now);
    }
    return out;
  }
}

/** `v` is being defined anew: whatever held it holds an old value. */
function forget(state: State, v: MReg): void {
  for (const [loc, held] of state) {
    if (!held.includes(v)) continue;
    const rest = held.filter((x) => x !== v);
    if (rest.length > 0) state.set(loc, rest);
    else state.delete(loc);
  }
}

/** What both say; the first itself if it is not less. */
function meet(a: State, b: State): State {
  let same = true;
  const out: State = new Map();
  for (const [loc, held] of a) {
    const other = b.get(loc) ?? [];
    const both = held.every((v) => other.includes(v)) ? held : held.filter((v) => other.includes(v));
    if (both.length !== held.length) same = false;
    if (both.length > 0) out.set(loc, both);
  }
  return same ? a : out;
}
