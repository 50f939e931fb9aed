// SPDX-License-Identifier: MIT
import type { Scalar } from './domain.js';
import * as domain from './domain.js';
import { Frame } from './frame.js';
import { type Abs, type Combine, type Leaks, merge, num, pointer } from './value.js';

/** Gives numbers to sets of registers and slots that hold the same number. */
export class Identities {
  private last = 0;
  fresh(): number {
    return ++this.last;
  }
}

/** What is known before an instruction: registers (undefined: not initialised on some path) and the own stack frame. */
export class State {
  private constructor(
    readonly regs: (Abs | undefined)[],
    readonly frame: Frame,
    private readonly ids: Identities,
  ) {}

  /** State at a function's entry: r1..r5 as given, r10 the frame's end, the rest not initialised. */
  static entry(func: number, args: readonly (Abs | undefined)[], ids: Identities): State {
    const regs: (Abs | undefined)[] = new Array(11).fill(undefined);
    for (let i = 0; i < 5; i++) {
      const a = args[i];
      regs[i + 1] = a?.kind === 'num' ? num(a.s) : a;
    }
    regs[10] = pointer({ kind: 'frame', func });
    return new State(regs, Frame.empty(), ids);
  }

  copy(): State {
    return new State([...this.regs], this.frame.copy(), this.ids);
  }

  /** The register's value, given an identity that a copy can share. */
  shared(reg: number): Abs | undefined {
    const a = this.regs[reg];
    if (a?.kind !== 'num' || a.id !== 0 || domain.asConstant(a.s) !== undefined) return a;
    const named = num(a.s, this.ids.fresh());
    this.regs[reg] = named;
    return named;
  }

  /** A comparison showed more about a register: it and everything that holds the same number get the better value. */
  refine(reg: number, s: Scalar): void {
    const a = this.regs[reg];
    if (a?.kind !== 'num' || a.s === s) return;
    this.regs[reg] = num(s, a.id);
    if (a.id === 0) return;
    const better = (b: Abs): Abs => {
      if (b.kind !== 'num' || b.id !== a.id) return b;
      // Both describe one number; the meet cannot be empty on a path that is taken.
      return num(domain.meet(b.s, s) ?? s, a.id);
    };
    for (let r = 0; r < 10; r++) {
      const b = this.regs[r];
      if (b) this.regs[r] = better(b);
    }
    this.frame.update(better);
  }

  /** Makes this the upper bound of itself and `next`. Returns whether it changed. */
  absorb(next: State, combine: Combine, leaks: Leaks): boolean {
    // Locations stay equal only if they were equal on both sides: one identity per pair of old ones.
    const pairs = new Map<number, Map<number, number>>();
    const identity = (mine: Abs, other: Abs, merged: Abs): Abs => {
      if (merged.kind !== 'num') return merged;
      let id = 0;
      if (mine.kind === 'num' && other.kind === 'num' && mine.id !== 0 && other.id !== 0) {
        const row = pairs.get(mine.id) ?? new Map<number, number>();
        pairs.set(mine.id, row);
        id = row.get(other.id) ?? (row.size === 0 ? mine.id : this.ids.fresh());
        row.set(other.id, id);
      }
      return merged.id === id ? merged : num(merged.s, id);
    };
    let changed = false;
    for (let r = 0; r < 10; r++) {
      const mine = this.regs[r];
      const other = next.regs[r];
      if (!mine) continue;
      const merged = merge(mine, other, combine, leaks);
      const settled = merged && other ? identity(mine, other, merged) : merged;
      if (settled === mine) continue;
      this.regs[r] = settled;
      changed = true;
    }
    return this.frame.absorb(next.frame, combine, identity, leaks) || changed;
  }
}
