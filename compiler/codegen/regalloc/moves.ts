// SPDX-License-Identifier: MIT
import type { MInst, MReg } from '../machine.js';
import { type AInst, type AllocTarget, isSlot, type Loc, SLOT } from './types.js';

/** One of a set of moves that happen at the same time. `from`: a place, or the definition to repeat. */
export interface Move {
  readonly from: Loc | { readonly vreg: MReg; readonly inst: MInst };
  readonly to: Loc;
}

/**
 * Instructions that have the effect of all moves at once. The destinations are distinct. Copies between slots and cycles
 * go through the target's scratch register; a cycle that needs it for a copy between slots as well keeps one value in
 * an extra slot, which `extraSlot` makes.
 */
export function sequence(
  moves: readonly Move[],
  target: AllocTarget,
  origin: MInst['origin'],
  extraSlot: () => Loc,
): AInst[] {
  const out: AInst[] = [];
  const made = (m: MInst): MInst => ({ ...m, origin });
  const copy = (from: Loc, to: Loc): void => {
    if (isSlot(from) && isSlot(to)) {
      copy(from, target.scratch);
      copy(target.scratch, to);
    } else {
      const inst = isSlot(from)
        ? target.spillLoad(to, from - SLOT)
        : isSlot(to)
          ? target.spillStore(from, to - SLOT)
          : target.move(to, from);
      out.push({ inst: made(inst), copies: { from, to } });
    }
  };
  const remat = (vreg: MReg, inst: MInst, to: Loc): void => {
    const reg = isSlot(to) ? target.scratch : to;
    out.push({ inst: { ...inst, operands: [reg, ...inst.operands.slice(1)], origin }, remat: { vreg, to: reg } });
    if (isSlot(to)) copy(reg, to);
  };

  /** Pending copies by destination, and how many pending copies read a place. */
  const pending = new Map<Loc, Loc>();
  const readers = new Map<Loc, number>();
  const last: (() => void)[] = [];
  for (const m of moves) {
    if (typeof m.from !== 'number') {
      const { vreg, inst } = m.from;
      last.push(() => remat(vreg, inst, m.to));
    } else if (m.from !== m.to) {
      if (pending.has(m.to)) throw new Error('two moves into one place');
      pending.set(m.to, m.from);
      readers.set(m.from, (readers.get(m.from) ?? 0) + 1);
    }
  }
  const ready = [...pending.keys()].filter((to) => !readers.get(to));
  const drain = (): void => {
    for (let to = ready.pop(); to !== undefined; to = ready.pop()) {
      const from = pending.get(to)!;
      pending.delete(to);
      copy(from, to);
      const left = readers.get(from)! - 1;
      readers.set(from, left);
      if (left === 0 && pending.has(from)) ready.push(from);
    }
  };
  drain();
  // What is left are cycles without branches.
  while (pending.size > 0) {
    const start = pending.keys().next().value!;
    const cycle = [start];
    for (let at = pending.get(start)!; at !== start; at = pending.get(at)!) cycle.push(at);
    const busy = cycle.some((to) => isSlot(to) && isSlot(pending.get(to)!));
    const kept = busy ? extraSlot() : target.scratch;
    copy(start, kept);
    for (const to of cycle) {
      const from = pending.get(to)!;
      copy(from === start ? kept : from, to);
      pending.delete(to);
    }
  }
  for (const f of last) f();
  return out;
}
