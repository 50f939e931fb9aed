// SPDX-License-Identifier: MIT
import {
  constantForm,
  content,
  equalForms,
  type Form,
  isConstantForm,
  loneSymbol,
  MAX_TERMS,
  plus,
  sameTerms,
  scaled,
  shifted,
  substituted,
  symbolForm,
} from './linear.js';
import type { Relations } from './relations.js';
import type { Range } from './symbols.js';

/** A location of two states that are joined: its form in each, and its bounds in both. */
export interface Place {
  readonly a: Form;
  readonly b: Form;
  /** Bounds of the signed value in the join. */
  readonly lo: number;
  readonly hi: number;
  /** It counts the rounds of a loop. */
  readonly counter?: true;
}

/** A new symbol: what it is in the first state and in the second, and whose bounds it has. */
interface Fresh {
  readonly sym: number;
  readonly a: Form;
  readonly b: Form;
  readonly place: Place;
}

/** What holds of both of two states. */
export interface Hull {
  /** By place; null: too long to be kept. */
  readonly forms: readonly (Form | null)[];
  readonly relations: Relations;
  /** Whether the result says less than the first state did, names apart. */
  readonly weaker: boolean;
}

export interface HullOptions {
  /** Give up what would need another look at the loop: ranges that grow become unbounded, and only rows of the first state stay. */
  readonly widen: boolean;
}

/** A difference of two states, as far as it is not a multiple of earlier ones. */
interface Direction {
  readonly difference: Form;
  /** A term, or the constant (-1), that `difference` has. */
  readonly pivot: number;
  readonly coef: number;
  /** The same in new symbols, and in each state. */
  readonly fresh: Form;
  readonly a: Form;
  readonly b: Form;
}

/** A row that has to give way by more says nothing that a program would count on. */
const MAX_RELAX = 64;

/** Independent movements that others are tried to be multiples of, and new symbols that rows are sought for: the first by rank. */
const MAX_DIRECTIONS = 6;
const MAX_COMPARED = 10;

const CONSTANT = -1;
const coefOf = (f: Form, sym: number): number => {
  if (sym === CONSTANT) return f.c;
  const i = f.syms.indexOf(sym);
  return i < 0 ? 0 : f.coefs[i]!;
};

/**
 * Affine hull (Karr, Affine relationships among variables of a program, 1976) in the form of differences: where the two states
 * agree a form stays; every other place becomes a new symbol, or a sum of such, if its difference is a whole multiple of theirs.
 * Exact modulo 2^64, as no number is ever divided.
 */
class Elimination {
  readonly fresh: Fresh[] = [];
  private readonly directions: Direction[] = [];

  constructor(private readonly next: () => number) {}

  /** The form in the join of a place whose forms differ; `plain`: the same with symbols of one possible value as constants. */
  form(place: Place, plain: { readonly a: Form; readonly b: Form }): Form | null {
    let difference = plus(plain.a, plain.b, -1);
    let sum: Form | null = constantForm(0);
    let a: Form | null = plain.a;
    let b: Form | null = plain.b;
    const same = difference !== null && difference.syms.length === 0 && difference.c === 0;
    for (const d of same ? [] : this.directions) {
      if (!difference || !sum || !a || !b) break;
      const k = coefOf(difference, d.pivot) / d.coef;
      if (k === 0) continue;
      if (!Number.isInteger(k)) {
        sum = null;
        break;
      }
      difference = plus(difference, d.difference, -k);
      sum = plus(sum, d.fresh, k);
      a = plus(a, d.a, -k);
      b = plus(b, d.b, -k);
    }
    if (!same && difference && sum && a && b && difference.syms.length === 0 && difference.c === 0) {
      const form = plus(sum, a);
      return form && form.syms.length <= MAX_TERMS ? form : null;
    }
    const sym = this.next();
    this.fresh.push({ sym, a: place.a, b: place.b, place });
    const own = symbolForm(sym);
    const left = sum && plus(own, sum, -1);
    if (!same && this.directions.length < MAX_DIRECTIONS && difference && left && a && b) {
      // The term with the smallest coefficient: others are then multiples of it more often.
      let pivot = CONSTANT;
      let coef = difference.c;
      for (let i = 0; i < difference.syms.length; i++) {
        const c = difference.coefs[i]!;
        if (coef === 0 || Math.abs(c) < Math.abs(coef)) [pivot, coef] = [difference.syms[i]!, c];
      }
      this.directions.push({ difference, pivot, coef, fresh: left, a, b });
    }
    return own;
  }
}

/**
 * Rank of a difference: places that move by a constant come first, in small steps before large ones, as counters give the symbols that
 * pointers are multiples of; what moves by unknown amounts comes last.
 */
function rank(a: Form, b: Form): number {
  const d = plus(a, b, -1);
  if (!d) return Number.POSITIVE_INFINITY;
  return d.syms.length === 0 ? Math.abs(d.c) : UNKNOWN_STEP + content(d);
}
const UNKNOWN_STEP = 2 ** 53;

/** Joins what two states know of forms. `same`: symbols of places that are the same in both. */
export function hull(
  a: Relations,
  b: Relations,
  places: readonly Place[],
  same: ReadonlySet<number>,
  options: HullOptions,
): Hull {
  const elimination = new Elimination(() => a.symbols.fresh());
  const forms: (Form | null)[] = places.map((p) => (equalForms(p.a, p.b) ? p.a : null));
  const moved = places.flatMap((place, i) => {
    if (forms[i] !== null) return [];
    const plain = { a: a.plain(place.a), b: b.plain(place.b) };
    // What one state says may hold in the other as it stands, where a symbol has one value only.
    if (!isConstantForm(plain.b) && equalForms(a.plain(plain.b), plain.a)) forms[i] = plain.b;
    else if (!isConstantForm(plain.a) && equalForms(b.plain(plain.a), plain.b)) forms[i] = plain.a;
    if (forms[i] !== null) return [];
    return [{ i, place, plain, rank: rank(plain.a, plain.b) }];
  });
  moved.sort((x, y) => x.rank - y.rank || x.i - y.i);
  for (const { i, place, plain } of moved) forms[i] = elimination.form(place, plain);
  return { forms, ...new Join(a, b, places, elimination.fresh, options).run(forms, same) };
}

/**
 * What a new symbol's signed number is in one of the states: the form of its place if that is exact as a whole number, else an unknown
 * number within the bounds of the place.
 */
function inState(relations: Relations, f: Fresh, form: Form): Form {
  if (relations.exact(form)) return form;
  relations.setRange(f.sym, f.place.lo, f.place.hi);
  return symbolForm(f.sym);
}

class Join {
  private readonly inA: ReadonlyMap<number, Form>;
  private readonly inB: ReadonlyMap<number, Form>;
  private readonly ranges: ReadonlyMap<number, Range>;

  constructor(
    private readonly a: Relations,
    private readonly b: Relations,
    private readonly places: readonly Place[],
    private readonly fresh: readonly Fresh[],
    private readonly options: HullOptions,
  ) {
    this.inA = new Map(fresh.map((f) => [f.sym, inState(a, f, f.a)]));
    this.inB = new Map(fresh.map((f) => [f.sym, inState(b, f, f.b)]));
    this.ranges = new Map(fresh.map((f) => [f.sym, f.place]));
  }

  run(forms: readonly (Form | null)[], same: ReadonlySet<number>): Pick<Hull, 'relations' | 'weaker'> {
    const { a, b } = this;
    const out = a.copy();
    const alive = new Set(same);
    for (const f of forms) for (const s of f?.syms ?? []) alive.add(s);
    // Names of the first state that new symbols stand for; a name that is still used is not one of those.
    const renamed = this.names((f) => f.a, alive);
    let weaker = renamed.size < this.fresh.length || this.unlike(forms, renamed);
    const rows = this.rows(renamed, alive, this.counters(forms));
    // Ranges of lengths stay, whoever uses them; what one side alone knows of them must go.
    const used = new Set([...alive, ...a.rangedFixed()]);
    for (const r of rows) for (const s of r.syms) used.add(s);
    for (const sym of used) {
      if (this.inA.has(sym)) continue;
      const [p, q] = [a.range(sym), b.range(sym)];
      if (q.lo >= p.lo && q.hi <= p.hi) continue;
      weaker = true;
      const always = a.symbols.always(sym);
      const wide = this.options.widen;
      const lo = q.lo >= p.lo ? p.lo : wide ? always.lo : q.lo;
      const hi = q.hi <= p.hi ? p.hi : wide ? always.hi : q.hi;
      out.setRange(sym, lo, hi);
    }
    for (const { sym, place } of this.fresh) out.setRange(sym, place.lo, place.hi);
    out.setRows(rows);
    if (!weaker) weaker = this.outgrows() || this.losesRow(out, renamed);
    out.prune(alive, !this.options.widen);
    return { relations: out, weaker };
  }

  /** Whether some place of the join is not what the first state says, up to renaming. */
  private unlike(forms: readonly (Form | null)[], renamed: ReadonlyMap<number, Form>): boolean {
    return forms.some((f, i) => {
      const { a } = this.places[i]!;
      if (f === null || f === a) return f === null;
      const lone = loneSymbol(a);
      if (lone !== null) return !equalForms(renamed.get(lone) ?? a, f);
      const now = substituted(a, (s) => renamed.get(s));
      return !now || !equalForms(now, f);
    });
  }

  /** Old symbols that a new one stands for in one state, as forms over new symbols. `kept`: those that still mean themselves. */
  private names(side: (f: Fresh) => Form, kept: ReadonlySet<number> | null): Map<number, Form> {
    const out = new Map<number, Form>();
    for (const f of this.fresh) {
      const form = side(f);
      const [s] = form.syms;
      const [k] = form.coefs;
      if (form.syms.length !== 1 || (k !== 1 && k !== -1) || out.has(s!)) continue;
      // With `kept`, only plain names count, and no lengths: the state is then the same up to renaming.
      if (kept && (kept.has(s!) || this.a.symbols.isFixed(s!) || loneSymbol(form) === null)) continue;
      const back = scaled(shifted(symbolForm(f.sym), -form.c) ?? symbolForm(f.sym), k);
      if (back) out.set(s!, back);
    }
    return out;
  }

  /** Whether a new symbol can be outside the range that the first state gives the name it stands for. */
  private outgrows(): boolean {
    return this.fresh.some(({ sym, a }) => {
      const { lo, hi } = this.a.range(a.syms[0]!);
      const b = this.inB.get(sym)!;
      return this.b.bound(b, lo) < lo || this.b.boundHigh(b, hi) > hi;
    });
  }

  /** Whether a row of the first state does not follow from what the join says. */
  private losesRow(joined: Relations, renamed: ReadonlyMap<number, Form>): boolean {
    return this.a.rows.some((r) => {
      const now = substituted(r, (s) => renamed.get(s)) ?? r;
      return !joined.rows.some((x) => x === now || (sameTerms(x, now) && x.c <= now.c)) && !joined.atLeast(now, 0);
    });
  }

  /** New symbols that count rounds and are not known by anything else. */
  private counters(forms: readonly (Form | null)[]): Form[] {
    return this.places.flatMap((p, i) => {
      const form = p.counter ? forms[i] : null;
      return form && this.inA.has(loneSymbol(form) ?? -1) ? [form] : [];
    });
  }

  private rows(renamedA: ReadonlyMap<number, Form>, alive: ReadonlySet<number>, counters: readonly Form[]): Form[] {
    const found: Form[] = [];
    const none = this.a.rows.length === 0 && this.b.rows.length === 0;
    if (this.fresh.length === 0 && none) return found;
    const have = (f: Form): boolean => found.some((x) => sameTerms(x, f) && x.c <= f.c);
    const keep = (row: Form): void => {
      const i = found.findIndex((x) => sameTerms(x, row));
      if (i < 0) found.push(row);
      else if (found[i]!.c > row.c) found[i] = row;
    };
    const namesA = none ? renamedA : this.names((f) => f.a, null);
    const namesB = none ? renamedA : this.names((f) => f.b, null);
    const theirs = new Set(this.b.rows);
    for (const r of this.a.rows) {
      if (theirs.has(r)) keep(r);
      const other = substituted(r, (s) => renamedA.get(s));
      if (other && other !== r) this.consider(other, keep, have);
      else if (!theirs.has(r)) this.consider(r, keep, have);
      const more = substituted(r, (s) => namesA.get(s));
      if (more && more !== r && (!other || !sameTerms(more, other))) this.consider(more, keep, have);
    }
    if (this.options.widen) return found;
    const mine = new Set(this.a.rows);
    for (const r of this.b.rows) {
      const other = substituted(r, (s) => namesB.get(s));
      if (other && other !== r) this.consider(other, keep, have);
      if (!mine.has(r)) this.consider(r, keep, have);
    }
    for (const f of this.fresh.slice(0, MAX_COMPARED)) {
      this.between(f, alive, keep, have);
      for (const k of counters) this.ranked(f, k, alive, keep, have);
      if (!none) this.beside(f, alive, [namesA, namesB], keep, have);
    }
    return found;
  }

  /** A new symbol beside what it was on each side: minima and maxima, counters beside their start. */
  private between(f: Fresh, alive: ReadonlySet<number>, keep: (row: Form) => void, have: (f: Form) => boolean): void {
    for (const side of [f.a, f.b]) {
      if (side.syms.length === 0 || side.syms.some((s) => !alive.has(s) && !this.a.symbols.isFixed(s))) continue;
      const up = plus(symbolForm(f.sym), side, -1);
      const down = up && scaled(up, -1);
      if (up) this.consider(up, keep, have);
      if (down) this.consider(down, keep, have);
    }
  }

  /** Lower bound of a form over the symbols of the join, from ranges alone. */
  private interval(f: Form): number {
    let sum = f.c;
    for (let i = 0; i < f.syms.length; i++) {
      const sym = f.syms[i]!;
      const k = f.coefs[i]!;
      const fresh = this.ranges.get(sym);
      const [p, q] = fresh ? [fresh, fresh] : [this.a.range(sym), this.b.range(sym)];
      sum += k > 0 ? k * Math.min(p.lo, q.lo) : k * Math.max(p.hi, q.hi);
    }
    return Number.isSafeInteger(sum) ? sum : Number.NEGATIVE_INFINITY;
  }

  /** A place that moves by at least one in every round bounds how many there can be: start - now >= rounds, or now - start. */
  private ranked(
    f: Fresh,
    counter: Form,
    alive: ReadonlySet<number>,
    keep: (row: Form) => void,
    have: (f: Form) => boolean,
  ): void {
    const start = this.a.plain(f.a);
    if (f.place.counter || start.syms.some((s) => !alive.has(s) && !this.a.symbols.isFixed(s))) return;
    for (const sign of [1, -1]) {
      const way = plus(start, symbolForm(f.sym), -1);
      const left = way && scaled(way, sign);
      const row = left && plus(left, counter, -1);
      if (row) this.consider(row, keep, have);
    }
  }

  /** A new symbol beside those that rows mention together with what it was: bounds that the rows imply but do not spell out. */
  private beside(
    f: Fresh,
    alive: ReadonlySet<number>,
    names: readonly ReadonlyMap<number, Form>[],
    keep: (row: Form) => void,
    have: (f: Form) => boolean,
  ): void {
    const near = new Set<number>();
    [f.a, f.b].forEach((form, i) => {
      for (const row of (i === 0 ? this.a : this.b).rows) {
        if (!row.syms.some((s) => form.syms.includes(s))) continue;
        for (const s of row.syms) {
          if (form.syms.includes(s)) continue;
          const now = alive.has(s) || this.a.symbols.isFixed(s) ? s : names[i]!.get(s)?.syms[0];
          if (now !== undefined) near.add(now);
        }
      }
    });
    near.delete(f.sym);
    for (const s of near) {
      const up = plus(symbolForm(s), symbolForm(f.sym), -1);
      const down = up && scaled(up, -1);
      if (up) this.consider(up, keep, have);
      if (down) this.consider(down, keep, have);
    }
  }

  /** Keeps a candidate with the constant that both states allow; while widening with its own or not at all, or constants would creep. */
  private consider(f: Form, keep: (row: Form) => void, have: (f: Form) => boolean): void {
    if (f.syms.length < 2 || have(f)) return;
    const inA = substituted(f, (s) => this.inA.get(s));
    const inB = inA && substituted(f, (s) => this.inB.get(s));
    if (!inA || !inB) return;
    const lowest = this.options.widen ? 0 : -MAX_RELAX;
    const b = this.b.bound(inB, 0);
    if (b < lowest) return;
    const a = this.a.bound(inA, 0);
    const least = Math.min(a, b, 0);
    // What the joined ranges say needs no row.
    if (least < lowest || (!this.options.widen && this.interval(f) >= least)) return;
    const row = shifted(f, -least);
    if (row) keep(row);
  }
}
