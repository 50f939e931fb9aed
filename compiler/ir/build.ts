// SPDX-License-Identifier: MIT
import type { BpfFunction, Insn, Program } from '../bpf/program.js';
import type { HelperRow } from '../contract/helpers.js';
import type { Contract } from '../contract/types.js';
import type { Facts, FunctionFacts } from '../verifier/facts.js';
import { graphOf, listed, loopsOf, removeUnreachable } from './analysis.js';
import { type BuildContext, parameterRegs } from './context.js';
import { type Flow, flowOf, nextSlot } from './flow.js';
import { type Block, edges, type Func, type Module, newValue, type Origin, type Term, type Value } from './ir.js';
import { Translator } from './translate.js';

/** A function to build: as an entry point or as a local function. */
interface Wanted {
  readonly index: number;
  readonly entry: boolean;
}

const FRAME_POINTER = 10;
const TRACKED = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
/** The context and its length; r2 is a parameter even if the contract passes no length, so that all entries look alike. */
const ENTRY_REGS = [1, 2] as const;

/**
 * Builds the wide SSA of every function that `entries` reach. A function that is an entry and also called is built twice.
 */
export function buildModule(
  program: Program,
  entries: readonly number[],
  facts: Facts,
  contract: Contract,
  helpers: readonly HelperRow[],
): Module {
  const context: BuildContext = { program, facts, contract, helpers };
  const wanted: Wanted[] = entries.map((index) => ({ index, entry: true }));
  const locals = new Set<number>();
  const funcs: Func[] = [];
  for (let i = 0; i < wanted.length; i++) {
    const { index, entry } = wanted[i]!;
    const fn = program.functions[index];
    const own = facts.functions[index];
    if (!fn || !own) throw new Error(`no facts for function ${index}`);
    const built = buildFunc(fn, own, entry, context);
    funcs.push(built);
    for (const block of built.blocks) {
      for (const { callee } of block.insts) {
        if (callee === undefined || locals.has(callee)) continue;
        locals.add(callee);
        wanted.push({ index: callee, entry: false });
      }
    }
  }
  return { funcs, properties: new Set() };
}

/** Values of r0..r9 at a point; undefined: nothing the program may read. */
type State = (Value | undefined)[];

function buildFunc(fn: BpfFunction, facts: FunctionFacts, entry: boolean, context: BuildContext): Func {
  const regs = entry ? [...ENTRY_REGS] : parameterRegs(facts);
  const out: Func = {
    index: fn.index,
    name: fn.name,
    entry,
    blocks: [],
    params: regs.map((reg) => ({ reg, lane: null })),
    results: ['lo', 'hi'],
    frameBytes: facts.frameBytes,
    nextValue: 0,
    nextBlock: 0,
  };
  const start: Origin = { func: fn.index, slot: 0 };
  const newBlock = (params: Value[]): Block => {
    const b: Block = {
      id: out.nextBlock++,
      params,
      insts: [],
      term: { kind: 'trap', trap: 'unreachable', origin: start },
    };
    out.blocks.push(b);
    return b;
  };

  const first = newBlock(regs.map(() => newValue(out, 'i64')));
  const flow = flowOf(fn, facts);
  const live = liveIn(fn, flow, facts, context);

  // A block with several predecessors takes every register that is live at its start as a parameter; the pass that drops
  // parameters whose edges agree makes that minimal.
  const blocks = new Map<number, { block: Block; regs: number[] }>();
  for (const [leader, node] of flow.nodes) {
    const params = node.preds > 1 || leader === 0 ? TRACKED.filter((r) => (live.get(leader)! >> r) & 1) : [];
    blocks.set(leader, { block: newBlock(params.map(() => newValue(out, 'i64'))), regs: params });
  }

  const translator = new Translator(fn, facts, out, context, newBlock);
  translator.start(first);
  translator.prologue();
  const initial: State = [];
  regs.forEach((reg, i) => {
    initial[reg] = first.params[i];
  });
  const states = new Map<number, State>();

  const edgeTo = (slot: number, state: State, origin: Origin): { block: Block; args: Value[] } => {
    const target = blocks.get(slot);
    // The verifier showed that nothing goes on there.
    if (!target) return { block: trapBlock(origin), args: [] };
    if (target.regs.length === 0 && !states.has(slot)) states.set(slot, [...state]);
    return { block: target.block, args: target.regs.map((r) => state[r] ?? translator.undefinedValue(origin)) };
  };
  const trapBlock = (origin: Origin): Block => {
    const b = newBlock([]);
    b.term = { kind: 'trap', trap: 'unreachable', origin };
    return b;
  };

  first.term = { kind: 'jump', to: edgeTo(0, initial, start), origin: start };
  for (const [leader, node] of flow.nodes) {
    const { block, regs: params } = blocks.get(leader)!;
    const state: State = [...(states.get(leader) ?? [])];
    params.forEach((r, i) => {
      state[r] = block.params[i];
    });
    translator.start(block, state);
    for (const insn of node.insns) translator.insn(insn);
    translator.current.term = termOf(node.insns.at(-1)!);

    function termOf(last: Insn): Term {
      const origin = { func: fn.index, slot: last.slot };
      switch (last.kind) {
        case 'exit':
          return { kind: 'ret', args: [translator.read(0)], origin };
        case 'jump':
          return { kind: 'jump', to: edgeTo(last.target, translator.state, origin), origin };
        case 'branch': {
          const known = facts.branches.get(last.slot);
          if (known === undefined) {
            const test = translator.branch(last);
            return {
              kind: 'branch',
              ...test,
              wide: false,
              // biome-ignore lint/suspicious/noThenProperty: the field of Term
              then: edgeTo(last.target, translator.state, origin),
              else: edgeTo(nextSlot(last), translator.state, origin),
              origin,
            };
          }
          const to = known === 'always' ? last.target : nextSlot(last);
          return { kind: 'jump', to: edgeTo(to, translator.state, origin), origin };
        }
        case 'alu':
        case 'movsx':
        case 'endian':
        case 'lddw':
        case 'global':
        case 'funcaddr':
        case 'load':
        case 'store':
        case 'atomic':
        case 'call':
        case 'helper':
        case 'callx':
          return { kind: 'jump', to: edgeTo(nextSlot(last), translator.state, origin), origin };
      }
    }
  }
  removeUnreachable(out);
  mergeEntry(out);
  setBounds(out, new Map([...blocks].map(([slot, { block }]) => [block, slot])), facts);
  return out;
}

/**
 * Puts what the facts say of a loop on its header. Where some cycle has several ways in, a way into a loop may become one of
 * its back edges once another way turns out to be dead: such functions get no bounds.
 */
function setBounds(fn: Func, slotOf: ReadonlyMap<Block, number>, facts: FunctionFacts): void {
  if (facts.loops.size === 0) return;
  const { loops, irreducible } = loopsOf(graphOf(fn));
  if (irreducible.length > 0) return;
  for (const { header } of loops) {
    const slot = slotOf.get(header);
    const bound = slot === undefined ? undefined : facts.loops.get(slot);
    if (bound !== undefined) header.bound = bound;
  }
}

/** Appends the first program block to the entry block when nothing else jumps to it. */
function mergeEntry(fn: Func): void {
  const first = fn.blocks[0]!;
  if (first.term.kind !== 'jump') return;
  const { block, args } = first.term.to;
  if (fn.blocks.some((b) => b !== first && edges(b.term).some((e) => e.block === block))) return;
  const map = new Map(block.params.map((p, i) => [p, args[i]!]));
  first.insts = first.insts.concat(block.insts);
  first.term = block.term;
  fn.blocks = fn.blocks.filter((b) => b !== block);
  const swap = (list: Value[]): void => {
    for (let i = 0; i < list.length; i++) list[i] = map.get(list[i]!) ?? list[i]!;
  };
  for (const b of fn.blocks) {
    for (const inst of b.insts) swap(inst.args);
    if (b.term.kind === 'branch' || b.term.kind === 'ret') swap(b.term.args);
    for (const e of edges(b.term)) swap(e.args);
  }
}

/** r0..r9 that an instruction reads and writes (r10 never changes and is not tracked). */
function effects(insn: Insn, facts: FunctionFacts, context: BuildContext): { reads: number[]; writes: number[] } {
  const src = (s: { kind: 'reg'; reg: number } | { kind: 'imm'; imm: number }): number[] =>
    s.kind === 'reg' ? [s.reg] : [];
  const caller = [0, 1, 2, 3, 4, 5];
  const helperReads = (id: number): number[] =>
    caller.slice(1, 1 + (context.helpers.find((h) => h.id === id)?.args.length ?? 0));
  switch (insn.kind) {
    case 'alu':
      if (insn.op === 'mov') return { reads: src(insn.src), writes: [insn.dst] };
      if (insn.op === 'neg') return { reads: [insn.dst], writes: [insn.dst] };
      return { reads: [insn.dst, ...src(insn.src)], writes: [insn.dst] };
    case 'movsx':
      return { reads: [insn.src], writes: [insn.dst] };
    case 'endian':
      return { reads: [insn.dst], writes: [insn.dst] };
    case 'lddw':
    case 'global':
    case 'funcaddr':
      return { reads: [], writes: [insn.dst] };
    case 'load':
      return { reads: [insn.base], writes: [insn.dst] };
    case 'store':
      return { reads: [insn.base, ...src(insn.src)], writes: [] };
    case 'atomic':
      if (insn.op === 'cmpxchg') return { reads: [insn.base, insn.src, 0], writes: [0] };
      return { reads: [insn.base, insn.src], writes: insn.fetch ? [insn.src] : [] };
    case 'jump':
      return { reads: [], writes: [] };
    case 'branch':
      return { reads: [insn.dst, ...src(insn.src)], writes: [] };
    case 'call': {
      const callee = context.facts.functions[insn.func];
      return { reads: callee ? parameterRegs(callee) : [], writes: caller };
    }
    case 'helper':
      return { reads: helperReads(insn.id), writes: caller };
    case 'callx': {
      const fact = facts.callees.get(insn.slot);
      if (fact?.kind === 'helper') return { reads: helperReads(fact.id), writes: caller };
      const used = (fact?.funcs ?? []).flatMap((f) => parameterRegs(context.facts.functions[f]!));
      return { reads: [insn.reg, ...new Set(used)], writes: caller };
    }
    case 'exit':
      return { reads: [0], writes: [] };
  }
}

/** Registers live at the start of each block, as a set of bits, by backward iteration to the fixpoint. */
function liveIn(fn: BpfFunction, flow: Flow, facts: FunctionFacts, context: BuildContext): Map<number, number> {
  const bits = (regs: readonly number[]): number => regs.reduce((m, r) => (r === FRAME_POINTER ? m : m | (1 << r)), 0);
  const preds = new Map<number, number[]>();
  /** By block: read before it is written, and not written. */
  const passes = new Map<number, { reads: number; keeps: number }>();
  for (const [leader, node] of flow.nodes) {
    for (const s of node.succs) listed(preds, s).push(leader);
    const pass = { reads: 0, keeps: -1 };
    for (let i = node.insns.length - 1; i >= 0; i--) {
      const { reads, writes } = effects(node.insns[i]!, facts, context);
      const kept = ~bits(writes);
      pass.reads = (pass.reads & kept) | bits(reads);
      pass.keeps &= kept;
    }
    passes.set(leader, pass);
  }
  const live = new Map([...flow.nodes.keys()].map((s) => [s, 0]));
  // Successors are taken from the end of the list before their predecessors.
  const work = [...flow.nodes.keys()];
  const queued = new Set(work);
  for (let leader = work.pop(); leader !== undefined; leader = work.pop()) {
    queued.delete(leader);
    const { reads, keeps } = passes.get(leader)!;
    const now = flow.nodes.get(leader)!.succs.reduce((m, s) => m | live.get(s)!, 0);
    const before = reads | (now & keeps);
    if (before === live.get(leader)) continue;
    live.set(leader, before);
    for (const p of preds.get(leader) ?? []) {
      if (queued.has(p)) continue;
      queued.add(p);
      work.push(p);
    }
  }
  if (!live.has(0)) throw new Error(`function ${fn.name} starts with an unreachable instruction`);
  return live;
}
