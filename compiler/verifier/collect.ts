// SPDX-License-Identifier: MIT
import type { BpfFunction, Insn } from '../bpf/program.js';
import type { Scalar } from './domain.js';
import type { AccessFact, FunctionFacts, HelperArgFact, IndirectFact, Region, ValueFact } from './facts.js';
import { FRAME_SIZE } from './frame.js';
import type { Refusal, Report } from './report.js';
import type { State } from './state.js';
import { limits } from './view.js';

/** A refusal and where it was found. `state` is a copy of what was known there. */
export interface Found {
  readonly func: number;
  readonly insn: Insn;
  readonly refusal: Refusal;
}

/** What concerns frames of any function, gathered over the whole program. */
export class FrameUse {
  readonly leaked = new Set<number>();
  readonly readUnwritten = new Set<number>();
  readonly readByOthers = new Set<number>();
  readAnywhere = false;
  private readonly deepest = new Map<number, number>();

  touched(func: number, deepest: number | null): void {
    const at = Math.max(-FRAME_SIZE, deepest ?? -FRAME_SIZE);
    this.deepest.set(func, Math.min(at, this.deepest.get(func) ?? 0));
  }

  /** A leaked frame address may come back as a number and reach any byte of the frame. */
  bytes(func: number): number {
    if (this.leaked.has(func)) return FRAME_SIZE;
    return Math.ceil((0 - (this.deepest.get(func) ?? 0)) / 8) * 8;
  }

  zeroed(func: number): boolean {
    return this.readUnwritten.has(func) || this.readByOthers.has(func) || (this.readAnywhere && this.leaked.has(func));
  }
}

function factOf(s: Scalar): ValueFact {
  const { umin, umax, smin, smax, value, unknown } = s.x;
  return { umin, umax, smin, smax, known: limits(64).mask & ~unknown, value };
}

/** Gathers the facts and refusals of one function during the final walk. */
export class Collector implements Report {
  private readonly reachable: boolean[];
  private readonly accesses = new Map<number, AccessFact>();
  private readonly args = new Map<number, readonly HelperArgFact[]>();
  private readonly indirect = new Map<number, IndirectFact>();
  private readonly loops = new Map<number, number>();
  private readonly branches = new Map<number, 'always' | 'never'>();
  private readonly results = new Map<number, ValueFact>();

  constructor(
    private readonly fn: BpfFunction,
    private readonly frames: FrameUse,
    private readonly found: Found[],
    private readonly observe?: (func: number, slot: number, state: State) => void,
  ) {
    this.reachable = new Array(fn.slots).fill(false);
  }

  enter(insn: Insn, state: State): void {
    this.reachable[insn.slot] = true;
    this.observe?.(this.fn.index, insn.slot, state);
  }
  access(insn: Insn, fact: AccessFact): void {
    this.accesses.set(insn.slot, fact);
  }
  helperArgs(insn: Insn, facts: readonly HelperArgFact[]): void {
    this.args.set(insn.slot, facts);
  }
  callees(insn: Insn, fact: IndirectFact): void {
    this.indirect.set(insn.slot, fact);
  }
  branch(insn: Insn, fate: 'always' | 'never'): void {
    this.branches.set(insn.slot, fate);
  }
  loop(first: Insn, rounds: number): void {
    this.loops.set(first.slot, rounds);
  }
  result(insn: Insn, value: Scalar): void {
    this.results.set(insn.slot, factOf(value));
  }
  leakFrame(func: number): void {
    this.frames.leaked.add(func);
  }
  touched(func: number, deepest: number | null): void {
    this.frames.touched(func, deepest);
  }
  uninitialised(func: number): void {
    this.frames.readUnwritten.add(func);
  }
  foreignRead(region: Region | null): void {
    if (region === null) this.frames.readAnywhere = true;
    else if (region.kind === 'frame') this.frames.readByOthers.add(region.func);
  }
  refuse(insn: Insn, _state: State, refusal: Refusal): void {
    this.found.push({ func: this.fn.index, insn, refusal });
  }

  facts(argsUsed: readonly boolean[]): FunctionFacts {
    return {
      reachable: this.reachable,
      accesses: this.accesses,
      helperArgs: this.args,
      loops: this.loops,
      callees: this.indirect,
      branches: this.branches,
      results: this.results,
      argsUsed,
      frameBytes: this.frames.bytes(this.fn.index),
      zeroFrame: this.frames.zeroed(this.fn.index),
    };
  }
}
