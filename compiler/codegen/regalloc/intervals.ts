// SPDX-License-Identifier: MIT
import { analyseFlow, type Flow } from '../flow.js';
import { isVirtual, type MFunc, type MInst, type MReg, type RegMask } from '../machine.js';
import { termEdges, termInst } from '../validate-machine.js';
import { AFTER, BEFORE, posOf, READ, WRITE } from './positions.js';

/** Virtual register `v` is live at positions [s, e). */
export interface Range {
  s: number;
  e: number;
  readonly v: MReg;
}

/**
 * Where a register would serve. With `lo < hi` the value must be in a register of `mask` throughout [lo, hi); with
 * `lo == hi` it is read or made there by a move, which is cheaper from a register.
 */
export interface Use {
  readonly lo: number;
  readonly hi: number;
  readonly mask: RegMask;
  readonly weight: number;
}

/** It would save a move (cost one, if `weight` is negative) to have the value at `pos` in register `reg`, or where `other` is at `otherPos`. */
export interface Hint {
  readonly pos: number;
  readonly reg: number;
  readonly other: MReg;
  readonly otherPos: number;
  readonly weight: number;
}

/** Values that a move would join: it vanishes if both get one place. With a negative weight, one place for both costs a move. */
export interface Affinity {
  readonly a: MReg;
  readonly aPos: number;
  readonly b: MReg;
  readonly bPos: number;
  readonly weight: number;
  /** One place makes for a shorter encoding only. */
  readonly near?: true;
}

export interface Interval {
  ranges: Range[];
  uses: Use[];
  hints: Hint[];
  /** Index that defines it, and the definition if it may be repeated. */
  def: number;
  remat: MInst | null;
}

export interface Intervals {
  readonly flow: Flow;
  /** By vreg; undefined: not in reachable code. Ranges and uses are sorted; a value never read may have no range. */
  readonly of: (Interval | undefined)[];
  readonly affinities: Affinity[];
  /** Per physical register: sorted ranges in which it cannot hold a value. */
  readonly blocked: { s: number; e: number }[][];
  /** Header index and terminator index of each block (by place in fn.blocks), -1 if unreachable. */
  readonly header: Int32Array;
  readonly term: Int32Array;
  /** Block of each index. */
  readonly blockOf: Int32Array;
  /** Live on entry, by block; parameters are not in it. */
  readonly liveIn: MReg[][];
}

/** Copies that the allocator makes itself, in the moves before the instruction. */
export const isCopy = (inst: MInst): boolean =>
  inst.move === true && inst.specs.every((s) => s.role !== 'imm' && !('fixed' in s && s.fixed !== undefined));

/** The result tied to the use at operand `k`, or -1. */
export const tiedTo = (inst: MInst, k: number): number => inst.specs.findIndex((s) => s.role === 'def' && s.tied === k);

/** The one register that operand `k` has to have, from itself or the operand tied to it; undefined if it is free. */
export function fixedOf(inst: MInst, k: number): number | undefined {
  const s = inst.specs[k]!;
  if (s.role === 'use') {
    if (s.fixed !== undefined) return s.fixed;
    const d = inst.specs[tiedTo(inst, k)];
    return d?.role === 'def' ? d.fixed : undefined;
  }
  if (s.role !== 'def') return undefined;
  if (s.fixed !== undefined) return s.fixed;
  const u = s.tied === undefined ? undefined : inst.specs[s.tied];
  return u?.role === 'use' ? u.fixed : undefined;
}

/**
 * The operand whose register an untied use reads instead of its own: the result that is tied to another use of the same
 * value, because that register holds the value as long as uses are read. -1: none.
 */
export function sharesTied(inst: MInst, k: number): number {
  if (fixedOf(inst, k) !== undefined || tiedTo(inst, k) >= 0) return -1;
  return inst.specs.findIndex(
    (s, d) =>
      s.role === 'def' &&
      s.tied !== undefined &&
      inst.operands[s.tied] === inst.operands[k] &&
      fixedOf(inst, d) === undefined &&
      !s.early,
  );
}

/** Live ranges, register needs and blocked registers of a validated function. `all`: registers that may be given out. */
export function buildIntervals(fn: MFunc, all: RegMask, registers: number): Intervals {
  const flow = analyseFlow(fn.blocks);
  const n = fn.blocks.length;
  const header = new Int32Array(n).fill(-1);
  const term = new Int32Array(n).fill(-1);
  const blockOfList: number[] = [];
  for (const b of flow.order) {
    header[b] = blockOfList.length;
    term[b] = header[b] + fn.blocks[b]!.insts.length + 1;
    for (let i = header[b]!; i <= term[b]!; i++) blockOfList.push(b);
  }
  const blockOf = Int32Array.from(blockOfList);
  const liveIn = liveness(fn, flow);
  const of: (Interval | undefined)[] = [];
  const affinities: Affinity[] = [];
  const blocked: { s: number; e: number }[][] = Array.from({ length: registers }, () => []);

  const start = new Int32Array(fn.nextVreg);
  const end = new Int32Array(fn.nextVreg);
  const block = (r: number, s: number, e: number): void => {
    const list = blocked[r]!;
    const last = list.at(-1);
    if (last && last.e >= s) {
      last.s = Math.min(last.s, s);
      last.e = Math.max(last.e, e);
    } else list.push({ s, e });
  };

  for (const b of flow.order) {
    const mb = fn.blocks[b]!;
    const w = flow.frequency[b]!;
    const h = header[b]!;
    const t = term[b]!;
    const live: MReg[] = [];
    const define = (v: MReg, index: number, s: number, e: number): Interval => {
      const made: Interval = { ranges: [], uses: [], hints: [], def: index, remat: null };
      of[v] = made;
      start[v] = s;
      end[v] = e;
      live.push(v);
      return made;
    };
    const reach = (v: MReg, pos: number): void => {
      if (end[v]! < pos) end[v] = pos;
    };
    for (const v of liveIn[b]!) {
      start[v] = posOf(h, BEFORE);
      end[v] = start[v];
      live.push(v);
    }
    for (const p of mb.params) {
      const at = posOf(h, BEFORE);
      define(p, h, at, at).uses.push({ lo: at, hi: at, mask: all, weight: w });
    }

    const scan = (inst: MInst, i: number): void => {
      const before = posOf(i, BEFORE);
      if (isCopy(inst)) {
        const [d, u] = inst.operands as [MReg, MReg];
        reach(u, before);
        of[u]!.uses.push({ lo: before - 1, hi: before - 1, mask: all, weight: w });
        define(d, i, before, before).uses.push({ lo: before, hi: before, mask: all, weight: w });
        affinities.push({ a: d, aPos: before, b: u, bPos: before - 1, weight: w });
        return;
      }
      inst.specs.forEach((s, k) => {
        if (s.role !== 'use') return;
        const v = inst.operands[k]!;
        const fixed = fixedOf(inst, k);
        if (fixed !== undefined) {
          block(fixed, before, tiedTo(inst, k) >= 0 ? posOf(i, AFTER) : posOf(i, WRITE));
          of[v]!.hints.push({ pos: before - 1, reg: fixed, other: -1, otherPos: 0, weight: w });
        } else if (tiedTo(inst, k) < 0) {
          if (sharesTied(inst, k) >= 0) return;
          reach(v, posOf(i, WRITE));
          of[v]!.uses.push({ lo: before, hi: posOf(i, WRITE), mask: s.mask ?? all, weight: w });
          return;
        }
        reach(v, before);
        of[v]!.uses.push({ lo: before - 1, hi: before - 1, mask: all, weight: w });
      });
      let fixedDefs = 0;
      let freeDefs = false;
      inst.specs.forEach((s, k) => {
        if (s.role !== 'def') return;
        const v = inst.operands[k]!;
        const fixed = fixedOf(inst, k);
        if (fixed !== undefined) {
          fixedDefs |= 1 << fixed;
          if (s.tied === undefined) block(fixed, posOf(i, s.early ? READ : WRITE), posOf(i, AFTER));
          const made = define(v, i, posOf(i, AFTER), posOf(i, AFTER));
          made.uses.push({ lo: posOf(i, AFTER), hi: posOf(i, AFTER), mask: all, weight: w });
          made.hints.push({ pos: posOf(i, AFTER), reg: fixed, other: -1, otherPos: 0, weight: w });
          return;
        }
        freeDefs = true;
        let lo = posOf(i, s.early ? READ : WRITE);
        let mask = s.mask ?? all;
        if (s.tied !== undefined) {
          lo = before;
          const u = inst.specs[s.tied]!;
          if (u.role === 'use' && u.mask !== undefined) mask &= u.mask;
          inst.specs.forEach((x, j) => {
            if (x.role === 'use' && x.mask !== undefined && sharesTied(inst, j) === k) mask &= x.mask;
          });
          affinities.push({ a: v, aPos: before, b: inst.operands[s.tied]!, bPos: before - 1, weight: w });
        }
        const made = define(v, i, lo, posOf(i, AFTER));
        for (const k of s.near ?? []) {
          const b = inst.operands[k]!;
          // Half of what a move costs. A repeatable value stays apart, so that it can be repeated.
          if (inst.specs[k]!.role === 'use' && of[b]!.remat === null)
            affinities.push({
              a: v,
              aPos: lo,
              b,
              bPos: before,
              weight: w / 2,
              near: true,
            });
        }
        for (const k of s.apart ?? [])
          if (inst.specs[k]!.role === 'use')
            affinities.push({
              a: v,
              aPos: lo,
              b: inst.operands[k]!,
              bPos: before,
              weight: -w,
            });
        made.uses.push({ lo, hi: posOf(i, AFTER), mask, weight: w });
        // Repeated into whatever register is wanted, so only a definition that takes any.
        if (inst.remat && s.mask === undefined) made.remat = inst;
      });
      inst.specs.forEach((s, k) => {
        if (s.role !== 'temp') return;
        // A temporary of a call is dead when the call destroys its registers, so it may be one of them.
        const hi = inst.clobbers !== 0 && !freeDefs ? posOf(i, WRITE) : posOf(i, AFTER);
        const mask = (s.mask ?? all) & ~fixedDefs;
        define(inst.operands[k]!, i, posOf(i, READ), hi).uses.push({ lo: posOf(i, READ), hi, mask, weight: w });
      });
      for (let r = 0; r < registers; r++) if ((inst.clobbers >>> r) & 1) block(r, posOf(i, WRITE), posOf(i, AFTER));
    };

    mb.insts.forEach((inst, k) => {
      scan(inst, h + 1 + k);
    });
    const ti = termInst(mb);
    if (ti) scan(ti, t);
    const out = posOf(t + 1, BEFORE);
    termEdges(mb).forEach((e, k) => {
      const s = flow.succs[b]![k]!;
      for (const v of liveIn[s]!) reach(v, out);
      const params = fn.blocks[s]!.params;
      e.args.forEach((v, j) => {
        reach(v, out);
        of[v]!.uses.push({ lo: out - 1, hi: out - 1, mask: all, weight: w });
        affinities.push({ a: params[j]!, aPos: posOf(header[s]!, BEFORE), b: v, bPos: out - 1, weight: w });
      });
      for (const [last, v] of cycles(params, e.args))
        affinities.push({
          a: last,
          aPos: posOf(header[s]!, BEFORE),
          b: v,
          bPos: out - 1,
          weight: -w,
        });
    });
    for (const v of live) {
      const s = start[v]!;
      const e = end[v]!;
      if (e <= s) continue;
      const ranges = of[v]!.ranges;
      const last = ranges.at(-1);
      if (last && last.e === s) last.e = e;
      else ranges.push({ s, e, v });
    }
  }
  for (const iv of of) iv?.uses.sort((x, y) => x.lo - y.lo || x.hi - y.hi);
  return { flow, of, affinities, blocked, header, term, blockOf, liveIn };
}

/** Longer chains of moves are not looked into. */
const MAX_CYCLE = 12;

/**
 * Of an edge's moves those that pass values on from parameter to parameter (x to p, p to q): the last one, q, and x. If x lay
 * in q's place, the moves would be a cycle, which takes one more.
 */
function cycles(params: readonly MReg[], args: readonly MReg[]): [last: MReg, first: MReg][] {
  const out: [MReg, MReg][] = [];
  const taker = new Map(args.map((a, j) => [a, params[j]!]));
  const isParam = new Set(params);
  for (const a of taker.keys()) {
    let last = a;
    let steps = 0;
    for (let to = taker.get(a); to !== undefined && steps <= MAX_CYCLE; to = taker.get(to)) {
      last = to;
      steps++;
    }
    if (steps >= 2 && steps <= MAX_CYCLE && !isParam.has(a)) out.push([last, a]);
  }
  return out;
}

/**
 * Values live on entry of each block, by walking from every use up to the definition: work is proportional to the answer,
 * whatever the shape of the control flow.
 */
function liveness(fn: MFunc, flow: Flow): MReg[][] {
  const liveIn: MReg[][] = fn.blocks.map(() => []);
  const defBlock = new Int32Array(fn.nextVreg).fill(-1);
  const usedIn: number[][] = [];
  for (const b of flow.order) {
    const mb = fn.blocks[b]!;
    const see = (inst: MInst): void =>
      inst.specs.forEach((s, k) => {
        const v = inst.operands[k]!;
        if (s.role === 'imm' || !isVirtual(v)) return;
        if (s.role !== 'use') defBlock[v] = b;
        else mark(v);
      });
    const mark = (v: MReg): void => {
      if (defBlock[v] === b) return;
      usedIn[v] ??= [];
      if (usedIn[v]!.at(-1) !== b) usedIn[v]!.push(b);
    };
    for (const p of mb.params) defBlock[p] = b;
    for (const inst of mb.insts) see(inst);
    const t = termInst(mb);
    if (t) see(t);
    for (const e of termEdges(mb)) for (const a of e.args) mark(a);
  }
  const seen = new Int32Array(fn.blocks.length).fill(-1);
  usedIn.forEach((blocks, v) => {
    const work = [...blocks];
    for (let b = work.pop(); b !== undefined; b = work.pop()) {
      if (seen[b] === v || defBlock[v] === b) continue;
      seen[b] = v;
      liveIn[b]!.push(v);
      for (const p of flow.preds[b]!) work.push(p);
    }
  });
  return liveIn;
}
