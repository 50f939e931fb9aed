// SPDX-License-Identifier: MIT
import type { MBlock, MEdge, MFunc, MInst, MReg, MTerm } from '../../compiler/codegen/machine.js';
import type { LowerContext } from '../../compiler/codegen/target.js';
import {
  type Block,
  type Edge,
  type Func,
  type Inst,
  OPS,
  type Op,
  type Term,
  type Value,
} from '../../compiler/ir/ir.js';
import { ARG_REGS, SP } from './abi.js';
import type { Rule } from './lower-alu.js';
import * as alu from './lower-alu.js';
import * as calls from './lower-calls.js';
import { compare32, compare64, jumpIf } from './lower-compare.js';
import { loadConstant } from './lower-constants.js';
import * as memory from './lower-memory.js';
import { type Operand, Selector } from './lower-select.js';
import * as wide from './lower-wide.js';

const early: Rule = (_, inst) => {
  throw new Error(`${inst.op} must not reach lowering`);
};

/** How each operation is selected: the first rule that matches wins. */
const RULES = {
  const: [alu.constant],
  add: alu.ADD,
  sub: alu.SUB,
  mul: alu.MUL,
  udiv: [alu.divide('udiv')],
  sdiv: [alu.divide('sdiv')],
  umod: [alu.modulo('udiv')],
  smod: [alu.modulo('sdiv')],
  and: alu.AND,
  or: alu.OR,
  xor: alu.XOR,
  shl: alu.SHL,
  lshr: alu.LSHR,
  ashr: alu.ASHR,
  sext: alu.SEXT,
  bswap: alu.BSWAP,
  icmp: [alu.icmp],
  select: [alu.select],
  zext: [early],
  trunc: [early],
  add64: wide.ADD64,
  sub64: wide.SUB64,
  mul64: wide.MUL64,
  umul64: wide.UMUL64,
  udiv64: [calls.intrinsic('udiv64')],
  sdiv64: [calls.intrinsic('sdiv64')],
  umod64: [calls.intrinsic('umod64')],
  smod64: [calls.intrinsic('smod64')],
  shl64: wide.SHL64,
  lshr64: wide.LSHR64,
  ashr64: wide.ASHR64,
  icmp64: [alu.icmp],
  base: [memory.base],
  length: [memory.length],
  load: memory.LOAD,
  store: memory.STORE,
  call: [calls.call],
  helper: [calls.helper],
  trapif: [calls.trapif],
  search: [calls.search],
  fuel: [memory.fuel],
  zeroframe: [memory.zeroframe],
} as const satisfies Record<Op, readonly Rule[]>;

/** Operations that become calls, so that the return address has to be saved. */
const CALLS: ReadonlySet<Op> = new Set<Op>(['call', 'helper', 'search', 'udiv64', 'sdiv64', 'umod64', 'smod64']);

function selectInst(s: Selector, inst: Inst): void {
  const { effect } = OPS[inst.op];
  const wanted = inst.results.some((r) => s.isNeeded(r)) || (inst.op === 'base' && s.rawBase(inst) !== undefined);
  if ((effect === 'pure' || effect === 'read') && !wanted) return;
  const rules: readonly Rule[] = RULES[inst.op];
  if (!rules.some((rule) => rule(s, inst))) throw new Error(`no way to select ${inst.op}`);
}

/** A constant for one reader right here, in a register of its own; other values in theirs. */
function here(s: Selector, v: Value, at: Term): { reg: MReg; made: MInst | null } {
  const c = s.constOf(v);
  if (c === undefined) return { reg: s.need(v), made: null };
  const reg = s.fresh();
  return { reg, made: constant(s, reg, c, at) };
}

function constant(s: Selector, reg: MReg, c: number, at: Pick<Term, 'origin'>): MInst {
  const operands: Operand[] = [{ spec: { role: 'def' }, reg }, s.imm(c)];
  return s.make('const', at.origin, operands, ([rd, v], asm) => loadConstant(rd!, v! >>> 0, asm), { remat: true });
}

/** The terminator, and the instructions that have to stand before it. */
function selectTerm(s: Selector, term: Term): { term: MTerm; before: MInst[] } {
  const before: MInst[] = [];
  const edge = (e: Edge): MEdge => ({
    block: e.block.id,
    args: e.args.map((v) => {
      const { reg, made } = here(s, v, term);
      if (made) before.push(made);
      return reg;
    }),
  });
  const { origin } = term;
  switch (term.kind) {
    case 'jump':
      return { term: { kind: 'jump', to: edge(term.to), origin }, before };
    case 'branch': {
      const [then, other] = [edge(term.then), edge(term.else)];
      const [a, b] = term.args as [Value, Value];
      const c = term.wide ? compare64(s, term.cond, term.args) : compare32(s, term.cond, a, b);
      const inst = s.make(`branch.${c.name}`, origin, c.operands);
      return {
        term: {
          kind: 'branch',
          inst,
          then,
          else: other,
          branch: (ops, invert, label, asm) =>
            jumpIf(invert ? { ...c, condition: c.condition ^ 1 } : c, ops, label, asm),
          origin,
        },
        before,
      };
    }
    case 'ret': {
      const uses: Operand[] = [];
      const put = (v: Value | null, fixed: number): void => {
        const { reg, made } = v ? here(s, v, term) : zero();
        if (made) before.push(made);
        uses.push({ spec: { role: 'use', fixed }, reg });
      };
      const zero = (): { reg: MReg; made: MInst } => {
        const reg = s.fresh();
        return { reg, made: constant(s, reg, 0, term) };
      };
      if (s.fn.entry) {
        // The runtime takes 64 bits, whichever lanes the program leaves.
        const lane = (which: 'lo' | 'hi'): Value | null => term.args[s.fn.results.indexOf(which)] ?? null;
        put(lane('lo'), 0);
        put(lane('hi'), 1);
      } else for (const [i, v] of term.args.entries()) put(v, i);
      return { term: { kind: 'ret', inst: s.make('ret', origin, uses), origin }, before };
    }
    case 'trap':
      return { term: { kind: 'trap', trap: term.trap, origin }, before };
  }
}

/**
 * Function parameters. An entry gets context and length in r0 and r2 (the low lanes of eBPF r1 and r2); high lanes are
 * zero and only made where something reads them. Others get their lanes in r0..r3, then on the stack.
 */
function parameters(s: Selector): MInst[] {
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
    if (fn.entry) {
      if (p.reg !== 1 && p.reg !== 2) throw new Error(`entry ${fn.name} takes r${p.reg}`);
      if (p.lane === 'hi') out.push(constant(s, s.need(v), 0, { origin }));
      else fixed.push(s.defFixed(v, p.reg === 1 ? 0 : 2));
    } else if (i < ARG_REGS) fixed.push(s.defFixed(v, i));
    else {
      const operands = [s.def(v), s.imm(4 * (i - ARG_REGS))];
      const expand: MInst['expand'] = ([d, o], asm) => asm.inst('ldr', d!, SP, asm.frame.incomingOffset + o!);
      out.push(s.make('parameter', origin, operands, expand));
    }
  });
  return fixed.length > 0 ? [s.make('parameters', origin, fixed, () => {}), ...out] : out;
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
 * Selects Thumb instructions for one function over lanes, guarded and without critical edges. Blocks that nothing reaches
 * are dropped. Throws (our bug) on operations of earlier stages.
 */
export function lower(fn: Func, context: LowerContext): MFunc {
  const s = new Selector(fn, context);
  const order = dominanceOrder(fn);
  const made = new Map<Block, MBlock>();
  for (const block of [...order].reverse()) {
    s.start(block);
    const { term, before } = selectTerm(s, block.term);
    const chunks: MInst[][] = [before];
    for (let i = block.insts.length - 1; i >= 0; i--) {
      selectInst(s, block.insts[i]!);
      chunks.push(s.take());
    }
    const first = block === fn.blocks[0];
    if (first) chunks.push(parameters(s));
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
    hasCalls: order.some((b) => b.insts.some((i) => CALLS.has(i.op))),
  };
}
