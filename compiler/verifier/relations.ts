// SPDX-License-Identifier: MIT
import {
  content,
  type Form,
  gcd,
  loneSymbol,
  plus,
  sameTerms,
  scaled,
  shifted,
  substituted,
  symbolForm,
} from './linear.js';
import type { Range, Symbols } from './symbols.js';

/** Most rows that a state keeps; long ones and those with large constants go first. */
const MAX_ROWS = 40;
/** Longest row that is kept of those that are derived, and most pairs of rows that are combined to be rid of a symbol. */
const MAX_ROW = 3;
const MAX_PAIRS = 24;
/** Rows combined to see that another one is not needed. */
const FEW = 2;
/**
 * How far a bound is sought: most rows combined one after the other, few first, and sums tried for each. Accesses are worth more than
 * joins and sums, of which there are many. Deepest: offset, index, two bounds, count, length.
 */
const QUICK: Effort = { depths: [1, 2, 4], sums: 120 };
export const THOROUGH: Effort = { depths: [1, 2, 4, 6], sums: 500 };

export interface Effort {
  readonly depths: readonly number[];
  readonly sums: number;
}

const MINUS = Number.NEGATIVE_INFINITY;
const PLUS = Number.POSITIVE_INFINITY;

/** A bound from below in doubles: what is too small to be exact is no bound. */
export const lowOf = (n: bigint): number =>
  n < BigInt(Number.MIN_SAFE_INTEGER)
    ? MINUS
    : n > BigInt(Number.MAX_SAFE_INTEGER)
      ? Number.MAX_SAFE_INTEGER
      : Number(n);
/** A bound from above in doubles. */
export const highOf = (n: bigint): number => -lowOf(-n);

/** How unlikely a row is to be of use. */
const weight = (f: Form): number =>
  4 * f.syms.length + Math.log2(1 + Math.abs(f.c)) + f.coefs.reduce((n, k) => n + Math.log2(Math.abs(k)), 0);

function cut(rows: readonly Form[]): readonly Form[] {
  let left = rows;
  while (left.length > MAX_ROWS) {
    let worst = 0;
    for (let i = 1; i < left.length; i++) if (weight(left[i]!) > weight(left[worst]!)) worst = i;
    left = left.filter((_, i) => i !== worst);
  }
  return left;
}

/**
 * What is known of symbols: a range of each, and rows: forms that are >= 0 as whole numbers. Copies share until one of them
 * changes.
 */
export class Relations {
  private shared = false;

  private constructor(
    readonly symbols: Symbols,
    private ranges: Map<number, Range>,
    /** Oldest first; no two with the same terms, none that the ranges imply alone when it came. */
    public rows: readonly Form[],
  ) {}

  static empty(symbols: Symbols): Relations {
    return new Relations(symbols, new Map(), []);
  }

  copy(): Relations {
    this.shared = true;
    const made = new Relations(this.symbols, this.ranges, this.rows);
    made.shared = true;
    return made;
  }

  range(sym: number): Range {
    return this.ranges.get(sym) ?? this.symbols.always(sym);
  }

  /** Fixed symbols of which more is known here than everywhere. */
  rangedFixed(): number[] {
    return [...this.ranges.keys()].filter((s) => this.symbols.isFixed(s));
  }

  /** Puts a range in place of what was known. */
  setRange(sym: number, lo: number, hi: number): void {
    if (this.shared) {
      this.ranges = new Map(this.ranges);
      this.shared = false;
    }
    if (lo === MINUS && hi === PLUS) this.ranges.delete(sym);
    else this.ranges.set(sym, { lo, hi });
  }

  /** Adds bounds to what is known. Contradictions are left alone: the path is not taken. */
  narrow(sym: number, lo: number, hi: number): void {
    const old = this.range(sym);
    const a = lo > old.lo ? lo : old.lo;
    const b = hi < old.hi ? hi : old.hi;
    if (a > b || (a === old.lo && b === old.hi)) return;
    this.setRange(sym, a, b);
  }

  /** Lower bound of a form from the ranges alone; -Infinity: none. */
  interval(f: Form): number {
    let sum = f.c;
    for (let i = 0; i < f.syms.length; i++) {
      const a = f.coefs[i]!;
      const r = this.range(f.syms[i]!);
      const part = a > 0 ? a * r.lo : a * r.hi;
      // Past 2^53 products and sums are not exact: cut down they are still bounds, below they are none.
      if (!(part >= Number.MIN_SAFE_INTEGER)) return MINUS;
      sum += part > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : part;
      if (!(sum >= Number.MIN_SAFE_INTEGER)) return MINUS;
      if (sum > Number.MAX_SAFE_INTEGER) sum = Number.MAX_SAFE_INTEGER;
    }
    return sum;
  }

  /** Upper bound of a form from the ranges alone. */
  intervalHigh(f: Form): number {
    const minus = scaled(f, -1);
    return minus ? -this.interval(minus) : PLUS;
  }

  /**
   * Best lower bound found of a form as a whole number: from the ranges, and by subtracting multiples of rows that cancel a
   * symbol. Stops when `enough` is reached. Sound whatever it finds: s * f - sum of (k >= 0) * row >= b gives f >= b / s, rounded up.
   */
  bound(form: Form, enough = PLUS, effort = QUICK): number {
    const f = this.rows.length === 0 ? form : this.plain(form);
    let best = this.interval(f);
    if (this.rows.length === 0) return best;
    for (const depth of effort.depths) {
      if (best >= enough) break;
      const budget = { left: effort.sums };
      best = Math.max(best, this.search(f, enough, depth, [], budget));
      // No row fits: a deeper search finds none either.
      if (budget.left === effort.sums) break;
    }
    return best;
  }

  /** The form with symbols that can have one value only as constants. */
  plain(f: Form): Form {
    let out: Form = f;
    for (let i = 0; i < f.syms.length; i++) {
      const { lo, hi } = this.range(f.syms[i]!);
      if (lo !== hi) continue;
      const without: Form | null = plus(out, symbolForm(f.syms[i]!), -f.coefs[i]!);
      const constant: Form | null = without && shifted(without, f.coefs[i]! * lo);
      if (!constant) return f;
      out = constant;
    }
    return out;
  }

  /** Best upper bound found. */
  boundHigh(f: Form, enough = MINUS, effort = QUICK): number {
    const minus = scaled(f, -1);
    return minus ? -this.bound(minus, -enough, effort) : PLUS;
  }

  /** Whether a form's whole number is shown to be the signed 64-bit number that it stands for. */
  exact(f: Form): boolean {
    if (f.syms.length === 0 || loneSymbol(f) !== null) return true;
    return (
      this.bound(f, Number.MIN_SAFE_INTEGER) >= Number.MIN_SAFE_INTEGER &&
      this.boundHigh(f, Number.MAX_SAFE_INTEGER) <= Number.MAX_SAFE_INTEGER
    );
  }

  /** Whether f >= n is shown. */
  atLeast(f: Form, n: number, effort = QUICK): boolean {
    return this.bound(f, n, effort) >= n;
  }

  private search(f: Form, enough: number, depth: number, used: readonly number[], budget: { left: number }): number {
    const g = content(f);
    if (g > 1) {
      // g * t + c: whole numbers t are bounded on their own, which rounds what the coefficients cannot reach.
      const t = { syms: f.syms, coefs: f.coefs.map((a) => a / g), c: 0 };
      const least = this.search(t, Math.ceil((enough - f.c) / g), depth, used, budget);
      const most = Math.floor((Number.MAX_SAFE_INTEGER - Math.abs(f.c)) / g);
      // Cut down where the product or the sum would not be exact.
      if (least < -most) return MINUS;
      return g * Math.min(least, most) + f.c;
    }
    let best = this.interval(f);
    if (best >= enough || depth === 0 || f.syms.length === 0) return best;
    // Small coefficients first: what is left then has a common factor, and rounds.
    const order = f.coefs.map((_, i) => i).sort((i, j) => Math.abs(f.coefs[i]!) - Math.abs(f.coefs[j]!));
    for (const i of order) {
      const a = f.coefs[i]!;
      const sym = f.syms[i]!;
      for (let n = this.rows.length - 1; n >= 0; n--) {
        if (budget.left <= 0) return best;
        const row = this.rows[n]!;
        const at = row.syms.indexOf(sym);
        if (at < 0) continue;
        const r = row.coefs[at]!;
        if (r > 0 !== a > 0 || used.includes(n)) continue;
        const d = gcd(a, r);
        const s = Math.abs(r) / d;
        const many = s === 1 ? f : scaled(f, s);
        const rest = many && plus(many, row, -(Math.abs(a) / d));
        if (!rest) continue;
        budget.left--;
        const target = enough === PLUS ? PLUS : (enough - 1) * s + 1;
        const found = Math.ceil(this.search(rest, target, depth - 1, [...used, n], budget) / s);
        if (found > best) best = found;
        if (best >= enough) return best;
      }
    }
    return best;
  }

  /** Adds f >= 0, f being exact as a whole number. */
  add(f: Form): void {
    const n = f.syms.length;
    if (n === 0) return;
    const g = content(f);
    const row: Form = g > 1 ? { syms: f.syms, coefs: f.coefs.map((a) => a / g), c: Math.floor(f.c / g) } : f;
    if (n === 1) {
      const [a] = row.coefs;
      if (a! > 0) this.narrow(row.syms[0]!, -row.c, PLUS);
      else this.narrow(row.syms[0]!, MINUS, row.c);
      return;
    }
    // What ranges say needs no row, unless it is of a constant that has a name: a counter in its first round.
    const counter = (sym: number): boolean => this.range(sym).lo === this.range(sym).hi;
    if (this.interval(row) >= 0 && !row.syms.some(counter)) return;
    const same = this.rows.findIndex((r) => sameTerms(r, row));
    if (same >= 0) {
      if (this.rows[same]!.c <= row.c) return;
      this.rows = [...this.rows.slice(0, same), ...this.rows.slice(same + 1), row];
      return;
    }
    this.rows = cut([...this.rows, row]);
  }

  /** Adds that f is at least n. */
  addAtLeast(f: Form, n: number): void {
    const row = shifted(f, -n);
    if (row) this.add(row);
  }

  /** Puts rows in place of all; those that the ones before them and the ranges imply are left out. */
  setRows(rows: readonly Form[]): void {
    this.rows = [];
    const order = rows.map((row) => ({ row, weight: weight(row) })).sort((a, b) => a.weight - b.weight);
    const implied = (row: Form): boolean => this.search(row, 0, FEW, [], { left: QUICK.sums }) >= 0;
    for (const { row } of order) if (!implied(row)) this.rows = [...this.rows, row];
    this.rows = cut(this.rows);
  }

  /**
   * Forgets what no register, slot or counter holds: ranges, and rows, which first hand on what they imply of the live symbols
   * (Fourier-Motzkin) if `eliminate`. `live`: symbols of the state.
   */
  prune(live: ReadonlySet<number>, eliminate: boolean): void {
    const dead = new Set<number>();
    for (const r of this.rows) for (const s of r.syms) if (!live.has(s) && !this.symbols.isFixed(s)) dead.add(s);
    if (dead.size > 0) {
      if (eliminate) for (const s of dead) this.eliminate(s);
      else this.rows = this.rows.filter((r) => !r.syms.some((s) => dead.has(s)));
    }
    const idle = (s: number): boolean => !live.has(s) && !this.symbols.isFixed(s);
    let gone = false;
    for (const s of this.ranges.keys()) if (idle(s)) gone = true;
    if (!gone) return;
    const ranges = new Map<number, Range>();
    for (const [s, r] of this.ranges) if (!idle(s)) ranges.set(s, r);
    this.ranges = ranges;
    this.shared = false;
  }

  /** Takes a symbol out of the rows: every two rows that bound it from different sides give one without it, its range likewise. */
  private eliminate(sym: number): void {
    const above: Form[] = [];
    const below: Form[] = [];
    const rest: Form[] = [];
    for (const r of this.rows) {
      const at = r.syms.indexOf(sym);
      (at < 0 ? rest : r.coefs[at]! > 0 ? below : above).push(r);
    }
    this.rows = rest;
    const coef = (r: Form): number => r.coefs[r.syms.indexOf(sym)]!;
    const { lo, hi } = this.range(sym);
    const keep = (f: Form | null): void => {
      if (f && f.syms.length <= MAX_ROW) this.add(f);
    };
    const own = { syms: [sym], coefs: [1], c: 0 };
    // k * sym + rest >= 0 holds with the best that sym can be in its place.
    const replaced = (r: Form, by: number): Form | null => {
      const without = Number.isFinite(by) ? plus(r, own, -coef(r)) : null;
      const moved = coef(r) * by;
      return without && Number.isSafeInteger(moved) ? shifted(without, moved) : null;
    };
    for (const r of below) keep(replaced(r, hi));
    for (const r of above) keep(replaced(r, lo));
    if (below.length * above.length > MAX_PAIRS) return;
    for (const p of below)
      for (const q of above) {
        const g = gcd(coef(p), coef(q));
        const many = scaled(p, -coef(q) / g);
        keep(many && plus(many, q, coef(p) / g));
      }
  }

  /**
   * What this says, with symbols replaced by forms that are exact in `base`, together with what `base` says. The two must have no symbol
   * in common but by `to`, which answers for every symbol that is not fixed.
   */
  onTopOf(base: Relations, to: (sym: number) => Form): Relations {
    const out = base.copy();
    const by = (sym: number): Form | undefined => (this.symbols.isFixed(sym) ? undefined : to(sym));
    for (const [sym, { lo, hi }] of this.ranges) {
      const now = by(sym);
      const lone = now ? loneSymbol(now) : sym;
      if (lone !== null) out.narrow(lone, lo, hi);
    }
    const rows = this.rows.flatMap((r) => substituted(r, by) ?? []);
    out.setRows([...base.rows, ...rows]);
    return out;
  }
}
