// SPDX-License-Identifier: MIT
import type { Scalar } from './domain.js';
import * as domain from './domain.js';
import { type Hull, hull, type Place } from './hull.js';
import { equalForms, type Form, isConstantForm, symbolForm } from './linear.js';
import { highOf, lowOf, Relations } from './relations.js';
import type { State } from './state.js';
import {
  type Abs,
  type Combine,
  forget,
  formOf,
  isBlank,
  type Leaks,
  merge,
  REGISTERS,
  roundsOf,
  scalarOf,
  UNKNOWN_NUMBER,
  withScalar,
} from './value.js';

/** How two states are joined. */
export interface JoinMode {
  readonly combine: Combine;
  /** Relations that would need another look at the loop are given up. */
  readonly widen: boolean;
  /** Last resort: all relations are given up. */
  readonly loose: boolean;
  /**
   * A symbol of the result means what it meant in both states. Otherwise an old name may stay for something new, where that makes the
   * states look alike: good for seeing that nothing changes any more, wrong for comparing a state with an earlier one (`rebased`).
   */
  readonly honest: boolean;
}

export const PLAIN_JOIN: JoinMode = { combine: domain.join, widen: false, loose: false, honest: true };

/** Makes a state the upper bound of itself and `next`. Returns whether it changed. */
export function absorb(state: State, next: State, mode: JoinMode, leaks: Leaks): boolean {
  return new Absorb(state, next, mode, leaks).run();
}

/** Where a value of a state is: a register (0 to 9), a slot (negative offset), or the rounds of a loop (ROUNDS + header). */
type Location = number;
const ROUNDS = 16;

/** One join of two states: makes the first the upper bound of both. */
class Absorb {
  private changed = false;
  /** Locations whose value changes or whose forms differ, with what they become, their forms apart. */
  private readonly locations: Location[] = [];
  private readonly merged: Abs[] = [];
  /** Parallel to `locations`: null where there is no form to settle. */
  private readonly places: (Place | null)[] = [];
  private readonly removed: Location[] = [];
  /** Symbols of locations that are the same in both. */
  private readonly alive = new Set<number>();
  private readonly mine: Relations;
  private readonly theirs: Relations;

  constructor(
    private readonly a: State,
    private readonly b: State,
    private readonly mode: JoinMode,
    private readonly leaks: Leaks,
  ) {
    // Values without a name get one here, which must not touch the states.
    this.mine = a.relations.copy();
    this.theirs = b.relations.copy();
  }

  /** Returns whether the first state changed, names apart. */
  run(): boolean {
    const { a, b } = this;
    for (let r = 0; r < REGISTERS; r++) {
      const mine = a.regs[r];
      if (!mine) continue;
      const other = b.regs[r];
      if (other) this.join(mine, other, r);
      else this.remove(r);
    }
    this.joinFrames();
    for (const [h, mine] of a.rounds) {
      const other = b.rounds.get(h);
      if (other) this.join(mine, other, ROUNDS + h);
      else this.remove(ROUNDS + h);
    }
    const places = this.places.filter((p) => p !== null);
    const joined: Hull = hull(this.mine, this.theirs, places, this.alive, this.mode);
    const changed = this.changed || joined.weaker || joined.forms.some((f) => f === null);
    if (!changed && !this.mode.honest) return false;
    let next = 0;
    for (const [i, at] of this.locations.entries()) {
      const merged = this.merged[i]!;
      const s = scalarOf(merged);
      const form = this.places[i] ? joined.forms[next++]! : null;
      const kept = this.places[i] || this.mode.loose ? form : merged.kind === 'func' ? null : merged.f;
      this.put(at, s ? withScalar(merged, s, kept && isConstantForm(kept) ? null : kept) : merged);
    }
    for (const at of this.removed) this.put(at, undefined);
    a.adopt(this.mode.loose ? Relations.empty(this.mine.symbols) : joined.relations);
    return changed;
  }

  private put(at: Location, abs: Abs | undefined): void {
    const { a } = this;
    if (at < 0) {
      if (abs) a.frame.replace(at, abs);
      else a.frame.forget(at);
    } else if (at < ROUNDS) a.regs[at] = abs;
    else if (abs) a.rounds.set(at - ROUNDS, abs);
    else a.rounds.delete(at - ROUNDS);
  }

  private remove(at: Location): void {
    this.changed = true;
    this.removed.push(at);
  }

  private joinFrames(): void {
    const { a, b, leaks } = this;
    if (a.frame.absorbWritten(b.frame)) this.changed = true;
    for (const [at, slot] of a.frame.tracked()) {
      const other = b.frame.slot(at);
      if (other && other.size === slot.size) {
        const merged = slot.abs === other.abs ? slot.abs : merge(slot.abs, other.abs, this.mode.combine, leaks);
        if (merged && (slot.size === 8 || merged !== UNKNOWN_NUMBER)) {
          this.join(slot.abs, other.abs, at);
          continue;
        }
      }
      forget(slot.abs, leaks);
      this.remove(at);
    }
    for (const [at, slot] of b.frame.tracked()) if (a.frame.slot(at)?.size !== slot.size) forget(slot.abs, leaks);
  }

  private join(mine: Abs, other: Abs, at: Location): void {
    if (this.mode.loose && mine.kind !== 'func' && mine.f) this.changed = true;
    else if (mine === other && !this.mode.loose) {
      if (mine.kind !== 'func' && mine.f) for (const s of mine.f.syms) this.alive.add(s);
      return;
    }
    const seen = this.b.sharpen(other);
    const upper = merge(mine, seen, this.mode.combine, this.leaks)!;
    // What is already covered stays the same object.
    const merged = at >= ROUNDS && upper !== mine ? roundsOf(upper) : upper;
    const s = scalarOf(merged);
    if (merged.kind !== mine.kind || s !== scalarOf(mine) || (merged !== mine && merged.kind !== 'num'))
      this.changed = true;
    const comparable = s && merged.kind === mine.kind && merged.kind === other.kind && merged.kind !== 'func';
    const [f, g] = comparable && !this.mode.loose ? [formOf(mine), formOf(other)] : [null, null];
    // A value of which nothing is known has no name worth giving.
    const blank = (!f && isBlank(mine)) || (!g && isBlank(other));
    if (!s || blank || (!f && !g)) {
      if (f) this.changed = true;
      if (merged === mine && !f && !this.mode.loose) return;
      if (merged !== mine) this.changed = true;
      this.locations.push(at);
      this.merged.push(f && s ? withScalar(merged, s, null) : merged);
      this.places.push(null);
      return;
    }
    if (f && g && merged === mine && equalForms(f, g)) {
      for (const sym of f.syms) this.alive.add(sym);
      return;
    }
    this.locations.push(at);
    this.merged.push(merged);
    this.places.push({
      a: f ?? nameIn(this.mine, scalarOf(mine)!),
      b: g ?? nameIn(this.theirs, scalarOf(other)!),
      lo: lowOf(s.x.smin),
      hi: highOf(s.x.smax),
      ...(at >= ROUNDS ? { counter: true } : {}),
    });
  }
}

function nameIn(relations: Relations, s: Scalar): Form {
  const sym = relations.symbols.fresh();
  relations.setRange(sym, lowOf(s.x.smin), highOf(s.x.smax));
  return symbolForm(sym);
}
