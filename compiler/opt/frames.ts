// SPDX-License-Identifier: MIT
import { toUnsigned } from '../ir/arith.js';
import { type Func, type Inst, type Module, newValue } from '../ir/ir.js';
import { frameUses } from './frame-use.js';
import { pass } from './pass.js';

/**
 * Takes: a guarded module. Gives: stack frames cut to the bytes that something still touches, and the zeroing of those alone; frames
 * that nothing touches are gone. To run behind removeDead, which drops addresses that nothing uses.
 */
export const shrinkFrames = pass(
  'frames',
  (module: Module) => {
    /** Bytes cut from the top, by function index. */
    const lowered = new Map<number, number>();
    // The frames of a function that is there twice go by one name.
    const entries = new Set(module.funcs.filter((f) => f.entry).map((f) => f.index));
    const twice = new Set(module.funcs.filter((f) => !f.entry && entries.has(f.index)).map((f) => f.index));
    let changed = false;
    for (const [fn, { exact, shared, whole }] of frameUses(module)) {
      if (fn.frameBytes === 0 || whole || twice.has(fn.index)) continue;
      for (const [inst, from] of exact) shared.fill(1, from, from + inst.size!);
      const first = shared.indexOf(1);
      // Frames start and end at multiples of 8: alignment counts on it.
      const from = first < 0 ? fn.frameBytes : first - (first % 8);
      const to = first < 0 ? fn.frameBytes : Math.ceil((shared.lastIndexOf(1) + 1) / 8) * 8;
      if (from === 0 && to === fn.frameBytes) continue;
      if (to < fn.frameBytes) lowered.set(fn.index, fn.frameBytes - to);
      fn.frameBytes = to - from;
      raise(fn, from);
      changed = true;
    }
    if (lowered.size > 0) moveSpans(module, lowered);
    return changed;
  },
  { requires: ['guarded'] },
);

/** Takes `by` bytes from the bottom of the frame: what was computed from the old base stays right. */
function raise(fn: Func, by: number): void {
  for (const block of fn.blocks) {
    block.insts = block.insts.flatMap((inst): Inst[] => {
      if (inst.op === 'zeroframe') return fn.frameBytes > 0 ? [inst] : [];
      const own = inst.op === 'base' && inst.region!.kind === 'frame' && inst.region!.func === fn.index;
      if (!own || by === 0) return [inst];
      const [base, less] = [newValue(fn, 'i32'), newValue(fn, 'i32')];
      const { origin, results } = inst;
      return [
        { ...inst, results: [base] },
        { op: 'const', args: [], results: [less], origin, imm: toUnsigned(BigInt(-by), 32) },
        { op: 'add', args: [base, less], results, origin },
      ];
    });
  }
}

/** Spans count from the frame's top, which has come down by so many bytes. */
function moveSpans(module: Module, lowered: ReadonlyMap<number, number>): void {
  const moved = <F extends NonNullable<Inst['access']>>(fact: F): F => {
    const by = fact.region?.kind === 'frame' ? lowered.get(fact.region.func) : undefined;
    return by === undefined || !fact.span ? fact : { ...fact, span: [fact.span[0] + by, fact.span[1] + by] };
  };
  for (const { blocks } of module.funcs) {
    for (const { insts } of blocks) {
      for (const inst of insts) {
        if (inst.access) inst.access = moved(inst.access);
        if (inst.helperArgs) inst.helperArgs = inst.helperArgs.map(moved);
      }
    }
  }
}
