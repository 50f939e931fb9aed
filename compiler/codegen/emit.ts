// SPDX-License-Identifier: MIT

import { CODE_ALIGN } from '../image/fields.js';
import { TRAPS } from '../image/traps.js';
import type { Origin, TrapName } from '../ir/ir.js';
import { functionKey, type Group, type Item, instItem, Labels, Recorder, refItem } from './asm.js';
import { analyseFlow } from './flow.js';
import { layoutBlocks, threadJumps } from './layout.js';
import type { Frame, Label } from './machine.js';
import type { ABlock, Allocation } from './regalloc/index.js';
import { chosen, type Placed, relax, type Section, sizeOf } from './relax.js';
import { copyReturns, mergeTwins } from './tails.js';
import type { Isa, Target } from './target.js';
import { type CostBlock, calleesFirst, worstCases } from './worstcase.js';

export interface FuncToEmit {
  readonly allocation: Allocation;
  readonly frame: Frame;
}

export interface EmittedFunction {
  readonly index: number;
  readonly entry: boolean;
  /** Byte offsets in text; the literal pool is included. `code`: of the first instruction. */
  readonly start: number;
  readonly code: number;
  readonly end: number;
  readonly frame: Frame;
  /** Native stack of one call of it, and of the deepest chain of calls from it. */
  readonly ownStack: number;
  readonly stackBytes: number;
  /** Native instructions of its longest run, callees included, helper bodies apart; null: not bounded. */
  readonly worstCase: number | null;
}

export interface TrapSite {
  readonly site: number;
  readonly trap: TrapName;
  readonly origin: Origin;
}

/** From `offset` on, until the next entry. `guard`: a check that the sandbox asked for. */
export interface LineEntry {
  readonly offset: number;
  readonly origin: Origin;
  readonly guard: boolean;
}

export interface Emitted {
  /** Functions, shared trap code, trap table, zeros up to a multiple of 8. */
  readonly text: Uint8Array;
  readonly functions: readonly EmittedFunction[];
  /** Offset of the trap table (4 bytes a site). */
  readonly trapTable: number;
  readonly sites: readonly TrapSite[];
  /** Ascending; an entry for each change. */
  readonly lineMap: readonly LineEntry[];
}

/** One block as recorded. */
interface Recorded {
  readonly id: number;
  readonly items: readonly Item[];
}

/**
 * Lays out and encodes allocated functions, in the order given. Throws CompileError FCC0510 if some branch cannot reach its
 * target.
 */
export function emitProgram(funcs: readonly FuncToEmit[], target: Target): Emitted {
  const labels = new Labels();
  const align = CODE_ALIGN[target.arch];
  const recorded = funcs.map((f) => record(f, target, labels));
  const sections: Section[] = recorded.map((r) => ({
    align,
    items: r.blocks.flatMap((b) => b.items),
    pool: r.recorder.pool,
    poolFirst: target.poolFirst === true,
  }));

  // Shared code of each kind of trap that occurs, then the table.
  const shared = sharedTraps(labels, target);
  const table = trapTable(labels, shared.common, target);
  const { poolFirst = false } = target;
  sections.push(
    { align, items: shared.items, pool: shared.pool, poolFirst },
    { align, items: table, pool: new Map(), poolFirst },
  );
  const laid = relax(sections, target.isa);
  const trapTableAt = laid.bounds.at(-1)!.start;
  if (laid.bounds.at(-1)!.end !== trapTableAt + 4 * labels.sites.length)
    throw new Error('a trap table entry is not 4 bytes long');

  const trapTail = labels.sites.length > 0 ? 1 + shared.longest : 0;
  const costs = worstCases(
    recorded.map((r) => ({ key: r.key, blocks: r.cost() })),
    trapTail,
  );
  const own = new Map(funcs.map((f, i) => [recorded[i]!.key, target.stackBytes(f.frame)]));
  const stack = deepest(recorded, own);
  return {
    text: laid.text,
    functions: funcs.map(({ allocation, frame }, i) => ({
      index: allocation.fn.index,
      entry: allocation.fn.entry,
      ...laid.bounds[i]!,
      frame,
      ownStack: own.get(recorded[i]!.key)!,
      stackBytes: stack.get(recorded[i]!.key)!,
      worstCase: costs.get(recorded[i]!.key)!,
    })),
    trapTable: trapTableAt,
    sites: labels.sites.map(({ trap, origin }, site) => ({ site, trap, origin })),
    lineMap: lineMap(laid.placed),
  };
}

interface RecordedFunction {
  readonly key: string;
  readonly recorder: Recorder;
  /** In the order of text. */
  readonly blocks: Recorded[];
  readonly calls: ReadonlySet<string>;
  /** Executed instructions by block; valid once the text is laid out. */
  cost(): CostBlock[];
}

function record({ allocation, frame }: FuncToEmit, target: Target, labels: Labels): RecordedFunction {
  const { fn } = allocation;
  const recorder = new Recorder(labels, target, frame, allocation.blocks[0]!.term.origin);
  const key = functionKey(fn.index, fn.entry);
  const all = arrange(allocation.blocks, frame, target);
  const flow = analyseFlow(all);
  const order = layoutBlocks(all, flow).map((i) => all[i]!);
  const isElse = flow.edgeFrequency.map(([then = 0, other = 0]) => other > then);
  const elseLikely = new Set(all.filter((_, i) => isElse[i]).map((b) => b.id));
  const at = new Map(order.map((b) => [b.id, labels.fresh()]));
  order.forEach((b, i) => {
    recorder.begin(b.insts[0]?.inst.origin ?? b.term.origin);
    if (i === 0) {
      recorder.bind(labels.functionLabel(key));
      target.prologue(recorder);
    }
    recorder.bind(at.get(b.id)!);
    expandBody(b, recorder);
    const jump = terminate(b, order[i + 1]?.id, elseLikely.has(b.id), recorder, target, at);
    if (!jump) return;
    recorder.begin(b.term.origin, undefined, jump.edge);
    target.jump(at.get(jump.to)!, recorder);
  });
  const items = peephole(recorder.items, target);
  const blocks = byBlock(
    items,
    order.map((b) => ({ id: b.id, label: at.get(b.id)! })),
  );
  const calls = new Set<string>();
  for (const x of items)
    if (x.kind === 'inst' || x.kind === 'ref') for (const c of x.group.calls) calls.add(c);
    else if (x.kind === 'either')
      for (const y of [...x.near, ...x.far])
        if (y.kind === 'inst' || y.kind === 'ref') for (const c of y.group.calls) calls.add(c);
  return {
    key,
    recorder,
    blocks,
    calls,
    cost: () =>
      blocks.map((r, i) => {
        const { instructions, calls: called, edges } = count(r.items, target.isa);
        return {
          id: r.id,
          term: order[i]!.term,
          bound: order[i]!.bound,
          instructions,
          calls: called,
          edges,
        };
      }),
  };
}

function expandBody(b: ABlock, recorder: Recorder): void {
  for (const { inst } of b.insts) {
    recorder.begin(inst.origin, inst.executes);
    inst.expand!(inst.operands, recorder);
  }
}

/** Blocks with more instructions are neither compared nor copied. */
const SHORT_BLOCK = 6;

/** Blocks as they go to text: reachable, without empty ones and twins, short returns copied. */
function arrange(blocks: readonly ABlock[], frame: Frame, target: Target): ABlock[] {
  const threaded = threadJumps(blocks);
  const { rpo } = analyseFlow(threaded);
  const isReachable = new Set(rpo);
  const reachable = threaded.filter((_, i) => isReachable.has(i));
  // What short blocks expand to, with labels that only serve to compare.
  const trial = new Recorder(new Labels(), target, frame, blocks[0]!.term.origin);
  const record = (write: () => void): readonly Item[] => {
    trial.items = [];
    write();
    return trial.items;
  };
  const bodies = new Map<number, readonly Item[]>();
  for (const b of reachable) {
    if (b.insts.length > SHORT_BLOCK || (b.term.kind !== 'jump' && b.term.kind !== 'ret')) continue;
    bodies.set(
      b.id,
      record(() => expandBody(b, trial)),
    );
  }
  const bytes = (b: ABlock): number => {
    const body = bodies.get(b.id);
    if (!body) return Number.POSITIVE_INFINITY;
    return sizeOf(body) + sizeOf(record(() => terminate(b, undefined, false, trial, target, NO_LABELS)));
  };
  const jump = sizeOf(record(() => target.jump(trial.newLabel(), trial)));
  return copyReturns(mergeTwins(reachable, bodies), bytes, jump);
}

/** The items as the target would rather have them. */
function peephole(items: readonly Item[], target: Target): readonly Item[] {
  if (!target.peephole) return items;
  const references = new Map<Label, number>();
  for (const x of items)
    for (const y of x.kind === 'either' ? [...x.near, ...x.far] : [x])
      if (y.kind === 'ref') references.set(y.label, (references.get(y.label) ?? 0) + 1);
  return target.peephole(items, {
    inst: (name, operands, group) => instItem(target.isa, name, operands, group),
    ref: (name, label, operands, group) => refItem(target.isa, name, label, operands, group),
    references: (label) => references.get(label) ?? 0,
  });
}

/** Cuts a function's items before the bind of each block's label; what stands before the first belongs to it. */
function byBlock(items: readonly Item[], order: readonly { id: number; label: Label }[]): Recorded[] {
  const out: { id: number; items: Item[] }[] = [];
  let own: Item[] = [];
  for (const x of items) {
    const next = order[out.length];
    if (x.kind === 'bind' && x.label === next?.label) {
      if (out.length > 0) own = [];
      out.push({ id: next.id, items: own });
    }
    own.push(x);
  }
  if (out.length !== order.length) throw new Error('a block lost its place in text');
  return out;
}

const NO_LABELS: ReadonlyMap<number, Label> = new Map();

/**
 * Writes a terminator but for a jump behind it; which edge needs that jump, if any: of a branch that falls nowhere the less
 * likely one.
 */
function terminate(
  b: ABlock,
  next: number | undefined,
  elseLikely: boolean,
  asm: Recorder,
  target: Target,
  at: ReadonlyMap<number, number>,
): { edge: number; to: number } | null {
  const t = b.term;
  switch (t.kind) {
    case 'jump':
      return t.to.block === next ? null : { edge: 0, to: t.to.block };
    case 'branch': {
      asm.begin(t.inst.origin, t.inst.executes);
      if (t.then.block === t.else.block) return t.then.block === next ? null : { edge: 0, to: t.then.block };
      const [then, other] = [t.then.block, t.else.block];
      const falls = then === next || other === next;
      const invert = falls ? then === next : elseLikely;
      t.branch(t.inst.operands, invert, at.get(invert ? other : then)!, asm);
      return falls ? null : invert ? { edge: 0, to: then } : { edge: 1, to: other };
    }
    case 'ret':
      asm.begin(t.inst.origin);
      t.inst.expand?.(t.inst.operands, asm);
      target.epilogue(asm);
      return null;
    case 'trap':
      asm.begin(t.origin);
      target.jump(asm.trapSite(t.trap, t.origin), asm);
      return null;
  }
}

/** Executed instructions of items in a row, those apart that only one edge executes, and the functions they call, once per call. */
function count(items: readonly Item[], isa: Isa): { instructions: number; calls: string[]; edges: [number, number] } {
  const groups = new Map<Group, number>();
  for (const x of chosen(items)) {
    if (x.kind === 'bind') continue;
    const n = x.kind === 'ref' ? (isa.instructions?.(x.name, x.size) ?? 1) : 1;
    groups.set(x.group, (groups.get(x.group) ?? 0) + n);
  }
  let instructions = 0;
  const calls: string[] = [];
  const edges: [number, number] = [0, 0];
  for (const [g, n] of groups) {
    if (g.loops && g.executes === undefined) throw new Error('an expansion loops without saying how often');
    if (g.edge === undefined) instructions += Math.max(n, g.executes ?? 0);
    else edges[g.edge]! += n;
    for (const c of g.calls) calls.push(c);
  }
  return { instructions, calls, edges };
}

const NOWHERE: Origin = { func: -1, slot: -1 };
const NO_FRAME: Frame = { incomingOffset: 0, spillOffset: 0, saved: [], entry: true, adjust: 0 };

function sharedTraps(labels: Labels, target: Target) {
  const asm = new Recorder(labels, target, NO_FRAME, NOWHERE);
  const common = new Map<TrapName, number>();
  let longest = 0;
  for (const { trap } of labels.sites) {
    if (common.has(trap)) continue;
    const label = labels.fresh();
    common.set(trap, label);
    const before = asm.items.length;
    asm.begin(NOWHERE);
    asm.bind(label);
    target.trapCommon(TRAPS[trap].code, asm);
    longest = Math.max(longest, count(asm.items.slice(before), target.isa).instructions);
  }
  return { items: asm.items, pool: asm.pool, common, longest };
}

function trapTable(labels: Labels, common: ReadonlyMap<TrapName, number>, target: Target): Item[] {
  const asm = new Recorder(labels, target, NO_FRAME, NOWHERE);
  for (const s of labels.sites) {
    asm.bind(s.label);
    target.trapStub(common.get(s.trap)!, asm);
  }
  return asm.items;
}

/** Stack of the deepest chain of calls from each function. Throws (our bug) on recursion. */
function deepest(
  funcs: readonly Pick<RecordedFunction, 'key' | 'calls'>[],
  own: ReadonlyMap<string, number>,
): Map<string, number> {
  const out = new Map<string, number>();
  for (const { key, calls } of calleesFirst(funcs)) {
    let below = 0;
    for (const c of calls) below = Math.max(below, out.get(c)!);
    out.set(key, own.get(key)! + below);
  }
  return out;
}

function lineMap(placed: readonly (readonly Placed[])[]): LineEntry[] {
  const out: LineEntry[] = [];
  for (const section of placed)
    for (const { offset, item } of section) {
      const { origin, guard } = item.group;
      const last = out.at(-1);
      if (origin.func < 0) continue;
      if (last && last.guard === guard && last.origin.func === origin.func && last.origin.slot === origin.slot)
        continue;
      out.push({ offset, origin, guard });
    }
  return out;
}
