// SPDX-License-Identifier: MIT
import { addressTaken, type Insn } from '../bpf/program.js';
import type { HelperRow } from '../contract/helpers.js';
import type { World } from './assertions.js';
import { callOrder } from './callorder.js';
import type { Context } from './context.js';
import * as domain from './domain.js';
import { buildFlow, type Flow } from './flow.js';
import { absorb, PLAIN_JOIN } from './join.js';
import { symbolForm } from './linear.js';
import { type CallUses, liveRegisters } from './liveness.js';
import { rebased } from './rebase.js';
import { highOf } from './relations.js';
import { type Report, SILENT, type Summary } from './report.js';
import { State } from './state.js';
import { Symbols } from './symbols.js';
import { thresholdsOf } from './thresholds.js';
import { branch, step } from './transfer.js';
import { type Abs, covers, forget, formOf, merge, NO_LEAKS, num, pointer } from './value.js';
import { combineFor, modeFor } from './widening.js';

/** Bounds of loops beyond this are of no use to anybody. */
const MAX_ROUNDS = 2 ** 31;
/** Descending passes that win back what widening lost. The first gives symbols names that states can be compared by. */
const NARROWING_PASSES = 3;

/** Without a loop nothing was widened. */
const passes = (f: FunctionState): number => (f.flow.blocks.some((b) => b.header) ? NARROWING_PASSES : 1);

interface FunctionState {
  readonly flow: Flow;
  readonly live: readonly number[];
  readonly thresholds: readonly bigint[];
  /** Joined arguments r1..r5 of all calls seen; undefined: not called yet. */
  args: State | undefined;
  argChanges: number;
  summary: Summary | undefined;
  summaryChanges: number;
  /** State at each block's start, and on each of its ways out; by reverse postorder. */
  before: (State | undefined)[];
  after: (State | null)[][];
  /** By loop header: the state at which the loop was entered in the last descending pass. */
  entries: (State | undefined)[];
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
 * Abstract interpretation of everything an entry point reaches. Functions are analysed with the join of all their calls'
 * arguments (context-insensitive), each to a fixpoint over its blocks in reverse postorder; a changed summary makes its
 * callers stale. Afterwards `walk` goes once over the final states, callers first, and tells a report what it sees.
 */
export class Analysis {
  private readonly functions = new Map<number, FunctionState>();
  private readonly symbols: Symbols;
  private readonly active = new Set<number>();
  private readonly order: readonly number[];
  private readonly taken: readonly number[];
  private readonly uses = new Map<number, readonly boolean[]>();
  private readonly calls: CallUses;
  /** Instructions executed on abstract states so far: the work done. */
  work = 0;
  /** Functions the final walk is done with. */
  private readonly walked = new Set<number>();
  /** While walking: arguments of the calls on the final states, by callee; null while the fixpoint is sought. */
  private refined: Map<number, State> | null = null;

  /** @throws CompileError FCC0314 for recursion */
  constructor(
    private readonly world: World,
    private readonly entry: number,
    private readonly strict: boolean,
    private readonly helpers: ReadonlyMap<number, HelperRow>,
  ) {
    this.symbols = new Symbols(world.contract);
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
        entries: [],
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

  private entryArgs(): State {
    const { contract } = this.world;
    const { size } = contract.context;
    const length = size === null ? domain.between(0n, 0xffffffffn) : domain.constantScalar(BigInt(size));
    const symbol = this.symbols.lengthOf({ kind: 'context' });
    const known = num(length, symbol === null ? null : symbolForm(symbol));
    return State.arguments([pointer({ kind: 'context' }), contract.passLength ? known : undefined], this.symbols);
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
    for (let pass = 0; pass < passes(f); pass++) {
      effects = this.noEffects();
      this.descend(func, f, effects, SILENT, pass > 0);
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
    const combine = combineFor(f.thresholds, f.summaryChanges);
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

  /** Registers that are dead at a block's start carry nothing: they cannot spoil a join or keep an address alive. */
  private prune(f: FunctionState, block: number, state: State): State {
    const live = f.live[block]!;
    for (let r = 0; r < 10; r++) if ((live & (1 << r)) === 0) state.regs[r] = undefined;
    state.prune();
    return state;
  }

  private ascend(func: number, f: FunctionState): void {
    const n = f.flow.blocks.length;
    f.before = new Array(n).fill(undefined);
    f.after = f.flow.blocks.map((b) => b.succs.map(() => null));
    const dirty = new Uint8Array(n);
    const visits = new Uint32Array(n);
    f.before[0] = this.start(func, f);
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
          if (f.flow.blocks[s]!.header) f.before[s]!.settle();
        } else {
          const mode = modeFor(f.thresholds, visits[s]!);
          if (!absorb(old, this.prune(f, s, out), mode, NO_LEAKS)) return;
          if (f.flow.blocks[s]!.header) {
            visits[s]!++;
            if (!mode.loose) old.settle();
          }
        }
        dirty[s] = 1;
        next = Math.min(next, s);
      });
      b = next;
    }
  }

  /**
   * One pass that recomputes every block's state from its predecessors' last ways out. Sound from any sound states. `named`: those come
   * from a pass like this one, so that symbols in them mean what they mean in the headers' states.
   */
  private descend(func: number, f: FunctionState, effects: Effects, report: Report, named = true): void {
    for (const [b, block] of f.flow.blocks.entries()) {
      let start: State | undefined = b === 0 ? this.start(func, f) : undefined;
      const header = f.before[b];
      for (const out of this.waysInto(f, b, (p) => p < b)) {
        if (start) absorb(start, out, PLAIN_JOIN, report);
        else {
          start = this.prune(f, b, out.copy());
          if (block.header) start.settle();
        }
      }
      const rounds = this.waysInto(f, b, (p) => p >= b);
      if (start && block.header) start.settle();
      const entry = block.loops[0] === b ? start?.copy() : undefined;
      const earlier = f.entries[b];
      for (const out of rounds) {
        const before = named && earlier ? { entry: earlier, rounds } : null;
        const told = entry && header ? rebased(out, header, entry, before) : out;
        if (start) absorb(start, told, PLAIN_JOIN, report);
        else start = this.prune(f, b, told.copy());
      }
      f.entries[b] = entry;
      if (start && block.header) start.settle();
      if (start && block.loops[0] === b) this.reportRounds(start, b, block.insns[0]!, report);
      f.before[b] = start;
      if (start) this.runBlock(func, f, b, effects, report);
      else f.after[b] = block.succs.map(() => null);
    }
  }

  /** State at the function's entry. */
  private start(func: number, f: FunctionState): State {
    const state = this.prune(f, 0, State.entry(func, f.args!));
    const [first] = f.flow.blocks;
    if (first!.loops[0] === 0) state.countRound(0, false);
    if (first!.header) state.settle();
    return state;
  }

  private reportRounds(state: State, header: number, first: Insn, report: Report): void {
    const rounds = state.rounds.get(header);
    if (rounds?.kind !== 'num') return;
    const f = formOf(rounds);
    // The count is the form modulo 2^64; as a whole number it must not be negative to say anything.
    const shown = f && state.relations.atLeast(f, 0) ? state.relations.boundHigh(f) : MAX_ROUNDS;
    const most = Math.min(highOf(rounds.s.x.smax), shown);
    if (most < MAX_ROUNDS) report.loop(first, Math.max(0, most));
  }

  /** The state on the way from one block to another: counts the rounds of the loops that it stays in. */
  private along(f: FunctionState, from: number, way: number, state: State): State {
    const to = f.flow.blocks[from]!.succs[way]!;
    const { loops } = f.flow.blocks[to]!;
    for (const h of state.rounds.keys()) if (!loops.includes(h)) state.rounds.delete(h);
    if (loops[0] === to) state.countRound(to, to <= from);
    return state;
  }

  /** States on the ways into a block from predecessors of a kind. */
  private waysInto(f: FunctionState, block: number, from: (pred: number) => boolean): State[] {
    return f.flow.blocks[block]!.preds.filter(from).flatMap((p) =>
      f.flow.blocks[p]!.succs.flatMap((s, k) => (s === block ? (f.after[p]![k] ?? []) : [])),
    );
  }

  private runBlock(func: number, f: FunctionState, b: number, effects: Effects, report: Report): void {
    const block = f.flow.blocks[b]!;
    this.work += block.insns.length;
    const state = f.before[b]!.copy();
    const cx = this.context(func, effects, report);
    f.after[b] = block.succs.map(() => null);
    for (const insn of block.insns) {
      report.enter(insn, state);
      if (insn.kind === 'branch') {
        f.after[b] = branch(cx, state, insn).map((out, k) => out && this.along(f, b, k, out));
        return;
      }
      if (!step(cx, state, insn)) return;
    }
    f.after[b] = [this.along(f, b, 0, state)];
  }

  private context(func: number, effects: Effects, report: Report): Context {
    return {
      world: this.world,
      symbols: this.symbols,
      func,
      strict: this.strict,
      isEntry: func === this.entry,
      report,
      helper: (id) => this.helpers.get(id),
      taken: this.taken,
      // An indirect call may go to a function that the order by direct calls has put before its caller.
      recursive: (callee) => this.active.has(callee) || callee === this.entry || this.walked.has(callee),
      call: (callee, state) => this.call(func, callee, state, report),
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

  private call(caller: number, callee: number, state: State, report: Report): Summary | undefined {
    const f = this.state(callee);
    const args = state.handedOver(this.uses.get(callee)!);
    args.settle();
    if (this.refined) {
      const old = this.refined.get(callee);
      if (old) absorb(old, args, PLAIN_JOIN, report);
      else this.refined.set(callee, args);
      return f.summary;
    }
    f.callers.add(caller);
    const old = f.args;
    if (!old) {
      f.args = args;
      f.stale = true;
    } else if (absorb(old, args, modeFor(f.thresholds, f.argChanges), NO_LEAKS)) {
      f.argChanges++;
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
        for (let pass = 0; pass < NARROWING_PASSES; pass++) this.descend(func, f, this.noEffects(), SILENT, pass > 0);
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
