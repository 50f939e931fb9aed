// SPDX-License-Identifier: MIT
import type { Scalar } from './domain.js';
import * as domain from './domain.js';
import { Frame } from './frame.js';
import { type Form, isConstantForm, loneSymbol, sameTerms, shifted, symbolForm } from './linear.js';
import { highOf, lowOf, Relations } from './relations.js';
import type { Symbols } from './symbols.js';
import {
  type Abs,
  formOf,
  isBlank,
  num,
  numberOf,
  pointer,
  REGISTERS,
  roundsOf,
  scalarOf,
  withScalar,
} from './value.js';

/**
 * What is known before an instruction: registers (undefined: not initialised on some path), the own stack frame, how often each loop
 * around has gone round, and the relations between all of them.
 */
export class State {
  private constructor(
    readonly regs: (Abs | undefined)[],
    readonly frame: Frame,
    /** By loop header: rounds finished since the loop was entered. */
    readonly rounds: Map<number, Abs>,
    private rel: Relations,
  ) {}

  /** State at a function's entry: the arguments of its calls, r10 the frame's end, the rest not initialised. */
  static entry(func: number, args: State): State {
    const regs: (Abs | undefined)[] = new Array(11).fill(undefined);
    for (let r = 1; r <= 5; r++) regs[r] = args.regs[r];
    regs[10] = pointer({ kind: 'frame', func });
    return new State(regs, Frame.empty(), new Map(), args.rel.copy());
  }

  /** Arguments r1.. of the program itself. */
  static arguments(args: readonly (Abs | undefined)[], symbols: Symbols): State {
    const regs: (Abs | undefined)[] = new Array(11).fill(undefined);
    args.forEach((a, i) => {
      regs[i + 1] = a;
    });
    return new State(regs, Frame.empty(), new Map(), Relations.empty(symbols));
  }

  /** What a call hands over: the arguments that are used, and what is known of them. */
  handedOver(used: readonly boolean[]): State {
    const regs: (Abs | undefined)[] = new Array(11).fill(undefined);
    for (let r = 1; r <= 5; r++) if (used[r - 1]) regs[r] = this.regs[r];
    const made = new State(regs, Frame.empty(), new Map(), this.rel.copy());
    made.prune();
    return made;
  }

  copy(): State {
    return new State([...this.regs], this.frame.copy(), new Map(this.rounds), this.rel.copy());
  }

  get relations(): Relations {
    return this.rel;
  }

  /** The form of a register's number or offset; one that has none gets a symbol. Null for functions and what is not initialised. */
  named(reg: number): Form | null {
    const a = this.regs[reg];
    if (!a || a.kind === 'func') return null;
    const known = formOf(a);
    if (known) return known;
    const { abs, form } = this.name(a);
    this.regs[reg] = abs;
    return form;
  }

  /** The value with a fresh symbol for its form. */
  name(a: Abs & { kind: 'num' | 'ptr' }): { abs: Abs; form: Form } {
    const s = a.kind === 'num' ? a.s : a.off;
    const sym = this.rel.symbols.fresh();
    this.rel.setRange(sym, lowOf(s.x.smin), highOf(s.x.smax));
    const form = symbolForm(sym);
    return { abs: withScalar(a, s, form), form };
  }

  /** A fresh symbol within bounds. */
  freshSymbol(lo: number, hi: number): Form {
    const sym = this.rel.symbols.fresh();
    this.rel.setRange(sym, lo, hi);
    return symbolForm(sym);
  }

  /** The value with its bounds narrowed to what its form says; `rows`: and what rows say of a form of several symbols. */
  sharpen(a: Abs, rows = false): Abs {
    const s = scalarOf(a);
    if (!s || a.kind === 'func' || !a.f) return a;
    const well = rows && a.f.syms.length > 1;
    const lo = well ? this.rel.bound(a.f) : this.rel.interval(a.f);
    const hi = well ? this.rel.boundHigh(a.f) : this.rel.intervalHigh(a.f);
    // Rows that contradict each other: no run comes here.
    if (lo > hi) return a;
    // A sum that may leave the 64-bit numbers says nothing of what it wraps to; a single symbol is a signed number as it is.
    const exact = Number.isFinite(lo) && Number.isFinite(hi);
    if (!exact && loneSymbol(a.f) === null) return a;
    if (lo <= lowOf(s.x.smin) && hi >= highOf(s.x.smax)) return a;
    const bounds = domain.betweenSigned(
      Number.isFinite(lo) ? BigInt(lo) : -(1n << 63n),
      Number.isFinite(hi) ? BigInt(hi) : (1n << 63n) - 1n,
    );
    const met = domain.meet(s, bounds);
    return met ? withScalar(a, met, a.f) : a;
  }

  /** Whether a form as a whole number lies in [lo, hi]; both safe integers. */
  within(f: Form, lo: number, hi: number): boolean {
    return this.rel.atLeast(f, lo) && this.rel.boundHigh(f, hi) <= hi;
  }

  /** A comparison showed more about a register: it and everything that holds the same number get the better value. */
  refine(reg: number, s: Scalar): void {
    const a = this.regs[reg];
    const old = a && scalarOf(a);
    if (!a || !old || old === s || reg === 10) return;
    const f = formOf(a);
    this.regs[reg] = withScalar(a, s, a.kind === 'func' ? null : a.f);
    if (!f || isConstantForm(f)) return;
    this.bounded(f, s);
    const better = (b: Abs): Abs => {
      const theirs = scalarOf(b);
      if (b.kind === 'func' || !theirs || !b.f || b.f.c !== f.c || !sameTerms(b.f, f)) return b;
      // Both describe one number; the meet cannot be empty on a path that is taken.
      return withScalar(b, domain.meet(theirs, s) ?? theirs, b.f);
    };
    for (let r = 0; r < REGISTERS; r++) {
      const b = this.regs[r];
      if (b && r !== reg) this.regs[r] = better(b);
    }
    this.frame.update(better);
  }

  /** Tells the relations the bounds of a form. */
  private bounded(f: Form, s: Scalar): void {
    if (!this.rel.exact(f)) return;
    const lo = lowOf(s.x.smin);
    const hi = highOf(s.x.smax);
    if (Number.isFinite(lo)) this.rel.addAtLeast(f, lo);
    if (!Number.isFinite(hi)) return;
    const minus: Form = { syms: f.syms, coefs: f.coefs.map((k) => -k), c: -f.c };
    this.rel.addAtLeast(minus, -hi);
  }

  /** A pointer that may be null was compared with 0: all that are null with it. */
  settleNull(group: number, isNull: boolean): void {
    const settle = (a: Abs): Abs => {
      if (a.kind !== 'ptr' || a.nullable !== group) return a;
      return isNull ? numberOf(0n) : pointer(a.region, a.off, a.f);
    };
    for (let r = 0; r < REGISTERS; r++) {
      const a = this.regs[r];
      if (a) this.regs[r] = settle(a);
    }
    this.frame.update(settle);
  }

  /** Forgets relations of what no register, slot or counter holds. */
  prune(): void {
    const live = new Set<number>();
    this.each((a) => {
      if (a.kind !== 'func') for (const s of a.f?.syms ?? []) live.add(s);
    });
    this.rel.prune(live, true);
  }

  private each(visit: (a: Abs) => void): void {
    for (let r = 0; r < REGISTERS; r++) {
      const a = this.regs[r];
      if (a) visit(a);
    }
    for (const [, slot] of this.frame.tracked()) visit(slot.abs);
    for (const a of this.rounds.values()) visit(a);
  }

  /**
   * At a loop's header: everything gets a name, constants too, so that what the rounds have in common can be said of it; and what rows say of
   * a symbol becomes its range.
   */
  settle(): void {
    const name = (a: Abs): Abs => (a.kind === 'func' || a.f || isBlank(a) ? a : this.name(a).abs);
    for (let r = 0; r < REGISTERS; r++) {
      const a = this.regs[r];
      if (a) this.regs[r] = name(a);
    }
    this.frame.update(name);
    for (const [h, a] of this.rounds) this.rounds.set(h, name(a));
    const inRows = new Set(this.rel.rows.flatMap((r) => r.syms));
    for (const sym of inRows) {
      const { lo, hi } = this.rel.range(sym);
      if (lo === hi || this.rel.symbols.isFixed(sym)) continue;
      const f = symbolForm(sym);
      this.rel.narrow(sym, this.rel.bound(f), this.rel.boundHigh(f));
    }
  }

  /** One more round of the loop at `header`, or (`again` false) its first. */
  countRound(header: number, again: boolean): void {
    const old = this.rounds.get(header);
    if (!again || !old) {
      this.rounds.set(header, numberOf(0n));
      return;
    }
    if (old.kind !== 'num') throw new Error('a counter is a number');
    const f = formOf(old);
    const s = domain.alu('add', true, old.s, domain.constantScalar(1n));
    this.rounds.set(header, roundsOf(num(s, f && shifted(f, 1))));
  }

  /** Takes over what a join or a translation gave. */
  adopt(relations: Relations): void {
    this.rel = relations;
  }
}
