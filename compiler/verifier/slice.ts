// SPDX-License-Identifier: MIT
import type { Insn } from '../bpf/program.js';
import type { Cfg } from '../cfg/index.js';
import { type Contract, fieldSize } from '../contract/types.js';
import type { Flow } from './flow.js';
import { type CallUses, registers } from './liveness.js';
import { inRegisters, Locations, type Places, registersOf } from './locations.js';

/** Instructions looked at per instruction of the function before the walk gives up: keeps hostile programs linear. */
const EFFORT = 16;
/** How far a branch's condition is followed back to see whether it concerns the value at hand. */
const MAX_CHAIN = 64;

export type Way = 'taken' | 'not taken';

export interface SliceOptions {
  readonly calls: CallUses;
  /** Tells which loads give the length of a region: conditions on the length of the memory at hand then count too. */
  readonly contract?: Contract;
  /**
   * Follow values only, not the addresses they were loaded from, what was given to calls, nor the pointer that an offset is added
   * to: the story of an index.
   */
  readonly valuesOnly?: boolean;
}

/** What one value depends on inside its function. */
export interface Slice {
  /** In program order, without the instruction that was asked about. */
  readonly insns: readonly Insn[];
  /** Branches that every way to the instruction passes in one direction. */
  readonly ways: ReadonlyMap<number, Way>;
  /** Registers whose value at the function's start matters. */
  readonly atEntry: readonly number[];
  /** False: given up after too many rounds, something may be missing. */
  readonly complete: boolean;
}

/** Backward closure over definitions. */
class Closure {
  readonly picked = new Set<Insn>();
  /** Places that matter at the start and the end of each block, by block id. */
  readonly before: Places[];
  readonly after: Places[];
  private readonly seeds = new Map<Insn, Places>();
  private readonly work: number[] = [];
  private readonly queued: Uint8Array;
  private effort: number;

  constructor(
    private readonly cfg: Cfg,
    readonly locations: Locations,
    private readonly valuesOnly: boolean,
  ) {
    this.before = cfg.blocks.map(() => 0n);
    this.after = cfg.blocks.map(() => 0n);
    this.queued = new Uint8Array(cfg.blocks.length);
    this.effort = EFFORT * cfg.fn.insns.length + MAX_CHAIN;
  }

  get complete(): boolean {
    return this.effort > 0;
  }

  /** These places matter right before an instruction. */
  seed(insn: Insn, places: Places): void {
    this.seeds.set(insn, (this.seeds.get(insn) ?? 0n) | places);
    this.push(this.cfg.blockAt[insn.slot]!);
  }

  private push(block: number): void {
    if (this.queued[block] !== 0) return;
    this.queued[block] = 1;
    this.work.push(block);
  }

  run(): void {
    for (let id = this.work.pop(); id !== undefined; id = this.work.pop()) {
      this.queued[id] = 0;
      const block = this.cfg.blocks[id]!;
      let wanted = this.after[id]!;
      for (let i = block.insns.length - 1; i >= 0; i--) {
        const insn = block.insns[i]!;
        if (this.effort-- <= 0) return;
        if (wanted !== 0n) wanted = this.pass(insn, wanted);
        wanted |= this.seeds.get(insn) ?? 0n;
      }
      this.before[id] = wanted;
      for (const p of block.preds) {
        const known = this.after[p]!;
        if ((known | wanted) === known) continue;
        this.after[p] = known | wanted;
        this.push(p);
      }
    }
  }

  private pass(insn: Insn, wanted: Places): Places {
    const uses = this.locations.of(insn);
    if ((wanted & (uses.writes | uses.may)) === 0n) return wanted;
    this.picked.add(insn);
    return (wanted & ~uses.writes) | (this.valuesOnly ? storyOf(insn, uses.values) : uses.reads);
  }
}

/** The values that an instruction's result is made of; of pointer plus offset, the offset. */
function storyOf(insn: Insn, values: Places): Places {
  const sum = insn.kind === 'alu' && insn.width === 64 && (insn.op === 'add' || insn.op === 'sub');
  return sum && insn.src.kind === 'reg' ? inRegisters(1 << insn.src.reg) : values;
}

/** What a branch has to do with an instruction. */
interface Decision {
  /** The way that every run that gets to the instruction took last. */
  readonly way?: Way;
  /** It chooses which of several definitions is made. */
  readonly selects?: boolean;
}

/** Branches, by block, that decide whether the instruction in block `at` runs, or what was defined in `blocks`. */
function deciding(cfg: Cfg, at: number, blocks: ReadonlySet<number>): Map<number, Decision> {
  const out = new Map<number, Decision>();
  const seen = new Set<number>();
  const climb = (from: number, decide: (taken: boolean, nearest: boolean) => Decision): void => {
    let nearest = true;
    for (let b = from; b >= 0 && !seen.has(b); b = cfg.idom[b]!) {
      seen.add(b);
      const { preds } = cfg.blocks[b]!;
      const p = preds[0];
      if (p === undefined || preds.length !== 1 || cfg.blocks[p]!.insns.at(-1)!.kind !== 'branch') continue;
      out.set(p, decide(cfg.blocks[p]!.succs[0] === b, nearest));
      nearest = false;
    }
  };
  climb(at, (taken) => ({ way: taken ? 'taken' : 'not taken' }));
  for (const b of blocks) climb(b, (_taken, nearest) => ({ selects: nearest }));
  // Loops around them: what ends a round or the loop bounds what changes in each.
  const loops = new Set<number>();
  for (const b of [at, ...blocks])
    for (let l = cfg.loopOf[b]!; l >= 0 && !loops.has(l); l = cfg.loops[l]!.parent) loops.add(l);
  const inside = (block: number, loop: number): boolean => {
    for (let l = cfg.loopOf[block]!; l >= 0; l = cfg.loops[l]!.parent) if (l === loop) return true;
    return false;
  };
  for (const { id, insns, succs } of loops.size > 0 ? cfg.blocks : []) {
    const loop = cfg.loopOf[id]!;
    if (insns.at(-1)!.kind !== 'branch' || !loops.has(loop) || out.has(id)) continue;
    if (succs.some((s) => s === cfg.loops[loop]!.header || !inside(s, loop))) out.set(id, {});
  }
  return out;
}

/** What the length of the memory at hand is read from: loads of context fields, and registers at the start of an entry. */
interface Lengths {
  readonly loads: ReadonlySet<Insn>;
  readonly atEntry: Places;
}

/**
 * Lengths of the regions that the pointers among `picked` lead to. Fields are told by offset and size alone: a load elsewhere
 * that looks alike adds a line to a slice and does no harm.
 */
function lengthsOf(flow: Flow, picked: ReadonlySet<Insn>, contract: Contract | undefined): Lengths {
  const loads = new Set<Insn>();
  if (!contract) return { loads, atEntry: 0n };
  const { fields, size } = contract.context;
  const found = (i: Insn): (typeof fields)[number] | undefined =>
    i.kind === 'load' ? fields.find((f) => f.offset === i.off && fieldSize(f) === i.size) : undefined;
  const regions = new Set<string>();
  for (const i of picked) {
    const field = found(i);
    if (field?.kind === 'pointer') regions.add(field.region);
  }
  for (const { insns } of regions.size > 0 ? flow.blocks : [])
    for (const i of insns) {
      const field = found(i);
      if (field?.kind === 'length' && regions.has(field.region)) loads.add(i);
    }
  return { loads, atEntry: contract.passLength && size === null ? inRegisters(1 << 2) : 0n };
}

/** Whether a branch's condition is made of something that matters: followed back through copies and arithmetic. */
function concerns(cfg: Cfg, closure: Closure, lengths: Lengths, block: number, calls: CallUses): boolean {
  const branch = cfg.blocks[block]!.insns.at(-1)!;
  let tracked = inRegisters(registers(branch, calls).reads);
  if ((tracked & closure.after[block]!) !== 0n) return true;
  let left = MAX_CHAIN;
  for (let id = block; ; ) {
    const { insns } = cfg.blocks[id]!;
    for (let i = insns.length - 1; i >= 0 && tracked !== 0n && left > 0; i--, left--) {
      const insn = insns[i]!;
      const uses = closure.locations.of(insn);
      const hit = tracked & uses.writes;
      if (hit === 0n) continue;
      if (closure.picked.has(insn) || lengths.loads.has(insn)) return true;
      tracked = (tracked & ~hit) | uses.values;
    }
    if (tracked === 0n || left <= 0) return false;
    if ((tracked & closure.before[id]!) !== 0n || (id === 0 && (tracked & lengths.atEntry) !== 0n)) return true;
    // Above a join: right unless the register was assigned on one of the sides, and then merely a line too many.
    const above = cfg.idom[id]!;
    if (above < 0) return false;
    id = above;
    left--;
  }
}

/**
 * The instructions of a function that the values in `places` right before `insn` depend on: definitions back through registers
 * and stack words at known offsets, what those read, and the branches that decide about them whose conditions concern the
 * same values. Time and memory are linear in the function.
 */
export function sliceOf(flow: Flow, insn: Insn, places: Places, options: SliceOptions): Slice {
  const { cfg } = flow;
  const { calls, contract } = options;
  const locations = new Locations(flow, calls);
  const closureOf = (valuesOnly: boolean): Closure => {
    const made = new Closure(cfg, locations, valuesOnly);
    made.seed(insn, places);
    made.run();
    return made;
  };
  const closure = closureOf(options.valuesOnly === true);
  // The pointer is no part of an index's story, but says which length counts.
  const pointers = options.valuesOnly && contract ? closureOf(false) : closure;
  const lengths = lengthsOf(flow, pointers.picked, contract);
  const at = cfg.blockAt[insn.slot]!;
  const defined = new Set([...closure.picked].map((i) => cfg.blockAt[i.slot]!));
  const ways = new Map<number, Way>();
  const branches: Insn[] = [];
  const selecting: Insn[] = [];
  for (const [block, { way, selects }] of deciding(cfg, at, defined)) {
    const branch = cfg.blocks[block]!.insns.at(-1)!;
    if (concerns(cfg, closure, lengths, block, calls)) branches.push(branch);
    else if (selects && options.valuesOnly !== true) selecting.push(branch);
    if (way !== undefined) ways.set(branch.slot, way);
  }
  if (options.valuesOnly !== true) {
    // What the conditions compare with is part of the answer.
    for (const branch of branches) closure.seed(branch, inRegisters(registers(branch, calls).reads));
    closure.run();
  }
  for (const branch of [...branches, ...selecting]) closure.picked.add(branch);
  closure.picked.delete(insn);
  return {
    insns: [...closure.picked].sort((a, b) => a.slot - b.slot),
    ways,
    atEntry: registersOf(closure.before[0] ?? 0n),
    complete: closure.complete,
  };
}
