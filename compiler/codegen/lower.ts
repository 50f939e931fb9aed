// SPDX-License-Identifier: MIT
import {
  type Block,
  type Cond,
  type Edge,
  type Func,
  type Inst,
  OPS,
  type Op,
  type Term,
  type Value,
} from '../ir/ir.js';
import type { MBlock, MEdge, MFunc, MInst, MReg, MTerm } from './machine.js';
import type { Operand, Selector } from './select.js';

/** Selects one operation; false: another rule has to. */
export type Rule<S extends Selector = Selector> = (s: S, inst: Inst) => boolean;

/** A condition as machine operands, and how to jump on it. */
export interface Branch {
  readonly name: string;
  readonly operands: readonly Operand[];
  /** Jumps to `label` if the condition holds, or does not when `invert`. */
  readonly jump: Extract<MTerm, { kind: 'branch' }>['branch'];
}

/** What an instruction set gives to have functions lowered. */
export interface Lowering<S extends Selector = Selector> {
  /** How each operation is selected: the first rule that matches wins. */
  readonly rules: Readonly<Record<Op, readonly Rule<S>[]>>;
  /** An instruction that puts a constant, an unsigned number, into a register. */
  constant(s: S, reg: MReg, value: number, at: Pick<Term, 'origin'>): MInst;
  branch(s: S, cond: Cond, wide: boolean, args: readonly Value[], at: Pick<Term, 'origin'>): Branch;
  /** Registers of the first argument lanes of local calls and of entries. */
  readonly argumentRegisters: readonly number[];
  readonly resultRegisters: readonly [lo: number, hi: number];
  /** An instruction that loads the incoming stack argument at this byte offset behind the frame. */
  incoming(s: S, value: Value, offset: number, at: Pick<Term, 'origin'>): MInst;
}

/** A rule for operations that earlier stages replace. */
export const early: Rule = (_, inst) => {
  throw new Error(`${inst.op} must not reach lowering`);
};

class Lowerer<S extends Selector> {
  constructor(
    private readonly s: S,
    private readonly l: Lowering<S>,
  ) {}

  run(): MFunc {
    const { s } = this;
    const { fn } = s;
    const order = dominanceOrder(fn);
    const made = new Map<Block, MBlock>();
    for (const block of [...order].reverse()) {
      s.start(block);
      const { term, before } = this.term(block.term);
      const chunks: MInst[][] = [before];
      for (let i = block.insts.length - 1; i >= 0; i--) {
        this.inst(block.insts[i]!);
        chunks.push(s.take());
      }
      const first = block === fn.blocks[0];
      if (first) chunks.push(s.opening({ origin: { func: fn.index, slot: 0 } }), this.parameters());
      made.set(block, {
        id: block.id,
        params: first ? [] : block.params.map((p) => s.need(p)),
        insts: chunks.reverse().flat(),
        term,
        ...(block.bound === undefined ? {} : { bound: block.bound }),
      });
    }
    return {
      index: fn.index,
      name: fn.name,
      entry: fn.entry,
      blocks: fn.blocks.flatMap((b) => made.get(b) ?? []),
      nextVreg: s.vregCount,
      outgoingBytes: s.outgoingBytes,
      hasCalls: s.calls,
    };
  }

  private inst(inst: Inst): void {
    const { s } = this;
    const { effect } = OPS[inst.op];
    if ((effect === 'pure' || effect === 'read') && !s.isWanted(inst)) return;
    if (!this.l.rules[inst.op].some((rule) => rule(s, inst))) throw new Error(`no way to select ${inst.op}`);
  }

  /** A constant for one reader right here, in a register of its own; other values in theirs. */
  private here(v: Value, at: Term, before: MInst[]): MReg {
    const c = this.s.constOf(v);
    return c === undefined ? this.s.need(v) : this.constantHere(c, at, before);
  }

  private constantHere(c: number, at: Term, before: MInst[]): MReg {
    const reg = this.s.fresh();
    before.push(this.l.constant(this.s, reg, c, at));
    return reg;
  }

  /** The terminator, and the instructions that have to stand before it. */
  private term(term: Term): { term: MTerm; before: MInst[] } {
    const { s, l } = this;
    const before: MInst[] = [];
    const edge = (e: Edge): MEdge => ({ block: e.block.id, args: e.args.map((v) => this.here(v, term, before)) });
    const { origin } = term;
    switch (term.kind) {
      case 'jump':
        return { term: { kind: 'jump', to: edge(term.to), origin }, before };
      case 'branch': {
        const [then, other] = [edge(term.then), edge(term.else)];
        const c = l.branch(s, term.cond, term.wide, term.args, term);
        before.push(...s.take());
        const inst = s.make(`branch.${c.name}`, origin, c.operands);
        return { term: { kind: 'branch', inst, then, else: other, branch: c.jump, origin }, before };
      }
      case 'ret': {
        const fixed: readonly number[] = s.fn.entry ? l.resultRegisters : l.argumentRegisters;
        // The runtime takes 64 bits, whichever lanes the program leaves.
        const lane = (which: 'lo' | 'hi'): Value | undefined => term.args[s.fn.results.indexOf(which)];
        const values = s.fn.entry ? [lane('lo'), lane('hi')] : term.args;
        const uses = values.map((v, i): Operand => {
          const reg = v ? this.here(v, term, before) : this.constantHere(0, term, before);
          return { spec: { role: 'use', fixed: fixed[i]! }, reg };
        });
        return { term: { kind: 'ret', inst: s.make('ret', origin, uses), origin }, before };
      }
      case 'trap':
        return { term: { kind: 'trap', trap: term.trap, origin }, before };
    }
  }

  /**
   * Function parameters. An entry gets context and length in the first and third argument register (the low lanes of eBPF r1
   * and r2); high lanes are zero and only made where something reads them. Others get their lanes in order, then on the stack.
   */
  private parameters(): MInst[] {
    const { s, l } = this;
    const { fn } = s;
    const values = fn.blocks[0]!.params;
    if (values.length !== fn.params.length) throw new Error(`${fn.name}: parameters and values differ in number`);
    const origin = { func: fn.index, slot: 0 };
    const out: MInst[] = [];
    const fixed: Operand[] = [];
    values.forEach((v, i) => {
      const p = fn.params[i]!;
      if (p.lane === null) throw new Error(`${fn.name} has parameters that are not lanes`);
      if (!s.isNeeded(v)) return;
      const register = l.argumentRegisters[fn.entry ? 2 * (p.reg - 1) : i];
      if (fn.entry) {
        if (p.reg !== 1 && p.reg !== 2) throw new Error(`entry ${fn.name} takes r${p.reg}`);
        if (p.lane === 'hi') out.push(l.constant(s, s.need(v), 0, { origin }));
        else fixed.push(s.defFixed(v, register!));
      } else if (register !== undefined) fixed.push(s.defFixed(v, register));
      else out.push(l.incoming(s, v, 4 * (i - l.argumentRegisters.length), { origin }));
    });
    return fixed.length > 0 ? [s.make('parameters', origin, fixed, () => {}), ...out] : out;
  }
}

/** Blocks so that each stands behind those that dominate it: reverse postorder. */
function dominanceOrder(fn: Func): Block[] {
  const seen = new Set<Block>();
  const post: Block[] = [];
  const stack: { block: Block; edges: Edge[] }[] = [];
  const enter = (block: Block): void => {
    if (seen.has(block)) return;
    seen.add(block);
    const t = block.term;
    stack.push({ block, edges: t.kind === 'jump' ? [t.to] : t.kind === 'branch' ? [t.then, t.else] : [] });
  };
  enter(fn.blocks[0]!);
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const next = top.edges.pop();
    if (next) enter(next.block);
    else post.push(stack.pop()!.block);
  }
  return post.reverse();
}

/**
 * Selects machine instructions for a selector's function: over lanes, guarded and without critical edges. Blocks that nothing
 * reaches are dropped. Throws (our bug) on operations of earlier stages.
 */
export function lowerFunction<S extends Selector>(selector: S, lowering: Lowering<S>): MFunc {
  return new Lowerer(selector, lowering).run();
}
