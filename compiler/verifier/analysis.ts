// SPDX-License-Identifier: MIT
import { addressTaken, type Program } from '../bpf/program.js';
import { buildCallGraph } from '../cfg/index.js';
import type { HelperRow } from '../contract/helpers.js';
import type { World } from './assertions.js';
import type { Context } from './context.js';
import * as domain from './domain.js';
import { buildFlow, type Flow } from './flow.js';
import { type CallUses, liveRegisters } from './liveness.js';
import { type Report, SILENT, type Summary } from './report.js';
import { Identities, State } from './state.js';
import { COARSE, thresholdsOf } from './thresholds.js';
import { branch, step } from './transfer.js';
import { type Abs, type Combine, covers, forget, giveUp, merge, NO_LEAKS, num, pointer, widening } from './value.js';

/** Changes of a loop header's state after which widening starts, takes coarser thresholds, none, and gives the value up. */
const WIDEN_AFTER = 1;
const COARSE_AFTER = 12;
const NO_THRESHOLDS_AFTER = 20;
const GIVE_UP_AFTER = 26;
/** Descending passes that win back what widening lost. */
const NARROWING_PASSES = 2;

interface FunctionState {
  readonly flow: Flow;
  readonly live: readonly number[];
  readonly thresholds: readonly bigint[];
  /** Joined arguments r1..r5 of all calls seen; undefined: not called yet. */
  args: (Abs | undefined)[] | undefined;
  argChanges: number;
  summary: Summary | undefined;
  summaryChanges: number;
  /** State at each block's start, and on each of its ways out; by reverse postorder. */
  before: (State | undefined)[];
  after: (State | null)[][];
  stale: boolean;
  readonly callers: Set<number>;
}

/** One summary in the making. */
interface Effects {
  returned: boolean;
  result: Abs | undefined;
  writes: Set<number>;
  writesAnywhere: boolean;
  readsFrames: boolean;
}

/**
 * Functions, callees before callers. Indirect calls count as calls of every function whose address is taken; where that
 * closes a circle the order is broken somewhere, and the analysis refuses a call against it.
 * @throws CompileError FCC0314 for recursion by direct calls
 */
function callOrder(program: Program): readonly number[] {
  const graph = buildCallGraph(program);
  if (!program.functions.some((f) => f.insns.some((insn) => insn.kind === 'callx'))) return graph.bottomUp;
  const taken = addressTaken(program);
  const callees = program.functions.map((f, i) =>
    f.insns.some((insn) => insn.kind === 'callx') ? [...graph.callees[i]!, ...taken] : graph.callees[i]!,
  );
  const order: number[] = [];
  const seen = new Set<number>();
  const visit = (func: number): void => {
    if (seen.has(func)) return;
    seen.add(func);
    callees[func]!.forEach(visit);
    order.push(func);
  };
  program.functions.forEach((_, i) => {
    visit(i);
  });
  return order;
}

/**
 * Abstract interpretation of everything an entry point reaches. Functions are analysed with the join of all their calls'
 * arguments (context-insensitive), each to a fixpoint over its blocks in reverse postorder; a changed summary makes its
 * callers stale. Afterwards `walk` goes once over the final states, callers first, and tells a report what it sees.
 */
export class Analysis {
  private readonly functions = new Map<number, FunctionState>();
  private readonly ids = new Identities();
  private readonly active = new Set<number>();
  private readonly order: readonly number[];
  private readonly taken: readonly number[];
  private readonly uses = new Map<number, readonly boolean[]>();
  private readonly calls: CallUses;
  /** Functions the final walk is done with. */
  private readonly walked = new Set<number>();
  /** While walking: arguments of the calls on the final states, by callee; null while the fixpoint is sought. */
  private refined: Map<number, (Abs | undefined)[]> | null = null;

  /** @throws CompileError FCC0314 for recursion */
  constructor(
    private readonly world: World,
    private readonly entry: number,
    private readonly strict: boolean,
    private readonly helpers: ReadonlyMap<number, HelperRow>,
  ) {
    this.order = callOrder(world.program);
    this.taken = addressTaken(world.program);
    this.calls = {
      helper: (id) => helpers.get(id),
      argsUsed: (func) => this.uses.get(func) ?? [true, true, true, true, true],
    };
    this.flood();
    const start = this.state(entry);
    start.args = this.entryArgs();
    this.analyse(entry);
    for (let work = this.stale(); work !== undefined; work = this.stale()) this.analyse(work);
  }

  /** Liveness of every function, callees first, as calls read what their callee reads. */
  private flood(): void {
    for (const index of this.order) {
      const flow = buildFlow(this.world.program.functions[index]!);
      const live = liveRegisters(flow, this.calls);
      this.uses.set(
        index,
        [1, 2, 3, 4, 5].map((r) => (live[0]! & (1 << r)) !== 0),
      );
      this.functions.set(index, {
        flow,
        live,
        thresholds: thresholdsOf(this.world, flow),
        args: undefined,
        argChanges: 0,
        summary: undefined,
        summaryChanges: 0,
        before: [],
        after: [],
        stale: false,
        callers: new Set(),
      });
    }
  }

  private state(func: number): FunctionState {
    const f = this.functions.get(func);
    if (!f) throw new Error(`function ${func} is not in the call graph`);
    return f;
  }

  private entryArgs(): (Abs | undefined)[] {
    const { contract } = this.world;
    const { size } = contract.context;
    const length = size === null ? domain.between(0n, 0xffffffffn) : domain.constantScalar(BigInt(size));
    return [pointer({ kind: 'context' }), contract.passLength ? num(length) : undefined];
  }

  /** A function to analyse again, callees first. */
  private stale(): number | undefined {
    return this.order.find((f) => this.state(f).stale && this.state(f).args !== undefined);
  }

  // ---- one function ----

  private analyse(func: number): void {
    const f = this.state(func);
    if (this.active.has(func)) throw new Error(`function ${func} is analysed within itself`);
    this.active.add(func);
    f.stale = false;
    this.ascend(func, f);
    let effects = this.noEffects();
    for (let pass = 0; pass < NARROWING_PASSES; pass++) {
      effects = this.noEffects();
      this.descend(func, f, effects, SILENT);
    }
    this.active.delete(func);
    this.summarise(f, effects);
  }

  private noEffects(): Effects {
    return { returned: false, result: undefined, writes: new Set(), writesAnywhere: false, readsFrames: false };
  }

  private summarise(f: FunctionState, e: Effects): void {
    const old = f.summary;
    if (!e.returned) return;
    const first = !old;
    const writes = new Set([...(old?.writes ?? []), ...e.writes]);
    const writesAnywhere = e.writesAnywhere || old?.writesAnywhere === true;
    const readsFrames = e.readsFrames || old?.readsFrames === true;
    const combine = this.combineFor(f, f.summaryChanges);
    const result = old ? merge(old.result, e.result, combine, NO_LEAKS) : e.result;
    const same =
      !first &&
      covers(old.result, e.result) &&
      writes.size === old.writes.size &&
      writesAnywhere === old.writesAnywhere &&
      readsFrames === old.readsFrames;
    if (same) return;
    f.summaryChanges++;
    f.summary = { result, writes, writesAnywhere, readsFrames };
    for (const c of f.callers) this.state(c).stale = true;
  }

  private combineFor(f: FunctionState, visits: number): Combine {
    if (visits <= WIDEN_AFTER) return domain.join;
    if (visits > GIVE_UP_AFTER) return giveUp;
    if (visits > NO_THRESHOLDS_AFTER) return widening([]);
    return widening(visits > COARSE_AFTER ? COARSE : f.thresholds);
  }

  /** Registers that are dead at a block's start carry nothing: they cannot spoil a join or keep an address alive. */
  private prune(f: FunctionState, block: number, state: State): State {
    const live = f.live[block]!;
    for (let r = 0; r < 10; r++) if ((live & (1 << r)) === 0) state.regs[r] = undefined;
    return state;
  }

  private ascend(func: number, f: FunctionState): void {
    const n = f.flow.blocks.length;
    f.before = new Array(n).fill(undefined);
    f.after = f.flow.blocks.map((b) => b.succs.map(() => null));
    const dirty = new Uint8Array(n);
    const visits = new Uint32Array(n);
    f.before[0] = this.prune(f, 0, State.entry(func, f.args!, this.ids));
    dirty[0] = 1;
    const effects = this.noEffects();
    for (let b = 0; b < n; ) {
      if (dirty[b] === 0) {
        b++;
        continue;
      }
      dirty[b] = 0;
      this.runBlock(func, f, b, effects, SILENT);
      let next = b + 1;
      f.flow.blocks[b]!.succs.forEach((s, k) => {
        const out = f.after[b]![k];
        if (!out) return;
        const old = f.before[s];
        if (!old) {
          f.before[s] = this.prune(f, s, out.copy());
        } else {
          if (!old.absorb(this.prune(f, s, out), this.combineFor(f, visits[s]!), NO_LEAKS)) return;
          if (f.flow.blocks[s]!.header) visits[s]!++;
        }
        dirty[s] = 1;
        next = Math.min(next, s);
      });
      b = next;
    }
  }

  /** One pass that recomputes every block's state from its predecessors' last ways out. Sound from any sound states. */
  private descend(func: number, f: FunctionState, effects: Effects, report: Report): void {
    for (const [b, block] of f.flow.blocks.entries()) {
      let start: State | undefined = b === 0 ? this.prune(f, 0, State.entry(func, f.args!, this.ids)) : undefined;
      for (const p of block.preds)
        f.flow.blocks[p]!.succs.forEach((s, k) => {
          const out = f.after[p]![k];
          if (s !== b || !out) return;
          if (start) start.absorb(out, domain.join, report);
          else start = this.prune(f, b, out.copy());
        });
      f.before[b] = start;
      if (start) this.runBlock(func, f, b, effects, report);
      else f.after[b] = block.succs.map(() => null);
    }
  }

  private runBlock(func: number, f: FunctionState, b: number, effects: Effects, report: Report): void {
    const block = f.flow.blocks[b]!;
    const state = f.before[b]!.copy();
    const cx = this.context(func, effects, report);
    f.after[b] = block.succs.map(() => null);
    for (const insn of block.insns) {
      report.enter(insn, state);
      if (insn.kind === 'branch') {
        f.after[b] = [...branch(cx, state, insn)];
        return;
      }
      if (!step(cx, state, insn)) return;
    }
    f.after[b] = [state];
  }

  private context(func: number, effects: Effects, report: Report): Context {
    return {
      world: this.world,
      func,
      strict: this.strict,
      isEntry: func === this.entry,
      report,
      helper: (id) => this.helpers.get(id),
      taken: this.taken,
      // An indirect call may go to a function that the order by direct calls has put before its caller.
      recursive: (callee) => this.active.has(callee) || callee === this.entry || this.walked.has(callee),
      call: (callee, args) => this.call(func, callee, args, report),
      writes: (target) => {
        if (target === null) effects.writesAnywhere = true;
        else effects.writes.add(target);
      },
      readsFrames: () => {
        effects.readsFrames = true;
      },
      returns: (r0) => {
        // Callers see the summary: an address that it calls a mere number gets away here.
        if (this.state(func).summary?.result?.kind === 'num') forget(r0, report);
        effects.result = effects.returned ? merge(effects.result, r0, domain.join, report) : r0;
        effects.returned = true;
      },
    };
  }

  private call(
    caller: number,
    callee: number,
    given: readonly (Abs | undefined)[],
    report: Report,
  ): Summary | undefined {
    const f = this.state(callee);
    const used = this.uses.get(callee)!;
    const args = given.map((a, i) => (used[i] ? a : undefined));
    if (this.refined) {
      const old = this.refined.get(callee);
      this.refined.set(callee, old ? old.map((a, i) => merge(a, args[i], domain.join, report)) : args);
      return f.summary;
    }
    f.callers.add(caller);
    const old = f.args;
    if (!old?.every((a, i) => covers(a, args[i]))) {
      const combine = this.combineFor(f, f.argChanges++);
      f.args = old ? old.map((a, i) => merge(a, args[i], combine, NO_LEAKS)) : args;
      f.stale = true;
    }
    if (f.stale) this.analyse(callee);
    return f.summary;
  }

  // ---- the final walk ----

  /**
   * Goes over everything reachable on the final states, callers before callees, once per instruction. `reportFor` is asked
   * once per reachable function.
   */
  walk(reportFor: (func: number) => Report): void {
    const calls = new Map([[this.entry, this.entryArgs()]]);
    this.refined = calls;
    for (const func of [...this.order].reverse()) {
      const args = calls.get(func);
      this.walked.add(func);
      if (!args) continue;
      const f = this.state(func);
      this.active.add(func);
      if (func !== this.entry) {
        // All callers are final now: their arguments may be tighter than those met on the way.
        f.args = args;
        this.refined = new Map();
        this.ascend(func, f);
        this.descend(func, f, this.noEffects(), SILENT);
        this.refined = calls;
      }
      this.descend(func, f, this.noEffects(), reportFor(func));
      this.active.delete(func);
    }
  }

  flowOf(func: number): Flow {
    return this.state(func).flow;
  }

  /** Functions in call-graph order, callees first. */
  get bottomUp(): readonly number[] {
    return this.order;
  }

  /** Registers that may be read at a function's start, on ways that the final states leave possible, as a bit set. */
  argumentsRead(func: number, calls: CallUses): number {
    const f = this.state(func);
    return liveRegisters(f.flow, calls, (b, k) => f.after[b]?.[k] === null)[0]!;
  }
}
