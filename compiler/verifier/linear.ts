// SPDX-License-Identifier: MIT

/**
 * A sum of symbols with whole coefficients, and a constant. As the value of a register it counts modulo 2^64 (what 64-bit
 * arithmetic computes); as a row of Relations it is a whole number, every symbol standing for its signed value. All numbers are
 * safe integers: an operation whose result is not gives null, and what is null is not known.
 */
export interface Form {
  /** Ascending; as many as `coefs`, which are never 0. */
  readonly syms: readonly number[];
  readonly coefs: readonly number[];
  readonly c: number;
}

/** Longest form that a register or slot keeps: pointer, index, two bounds and what a shift leaves fit with room to spare. */
export const MAX_TERMS = 6;
/** Longest sum met while a bound is derived. */
const MAX_SUM = 14;

const NONE: readonly number[] = [];

export const constantForm = (c: number): Form => ({ syms: NONE, coefs: NONE, c });
export const ZERO_FORM = constantForm(0);
const ONE: readonly number[] = [1];
export const symbolForm = (sym: number): Form => ({ syms: [sym], coefs: ONE, c: 0 });

export const isConstantForm = (f: Form): boolean => f.syms.length === 0;

/** The symbol that a form consists of, alone and once; null for any other form. */
export const loneSymbol = (f: Form): number | null =>
  f.syms.length === 1 && f.coefs[0] === 1 && f.c === 0 ? f.syms[0]! : null;

export function sameTerms(a: Form, b: Form): boolean {
  if (a === b) return true;
  const n = a.syms.length;
  if (n !== b.syms.length) return false;
  for (let i = 0; i < n; i++) if (a.syms[i] !== b.syms[i] || a.coefs[i] !== b.coefs[i]) return false;
  return true;
}

export const equalForms = (a: Form, b: Form): boolean => a === b || (a.c === b.c && sameTerms(a, b));

/** a + k * b, exactly. */
export function plus(a: Form, b: Form, k = 1): Form | null {
  const syms: number[] = [];
  const coefs: number[] = [];
  const n = a.syms.length;
  const m = b.syms.length;
  for (let i = 0, j = 0; i < n || j < m; ) {
    const s = i < n ? a.syms[i]! : Number.POSITIVE_INFINITY;
    const t = j < m ? b.syms[j]! : Number.POSITIVE_INFINITY;
    let coef = 0;
    if (s <= t) coef = a.coefs[i++]!;
    if (t <= s) {
      const add = k * b.coefs[j++]!;
      coef += add;
      if (!Number.isSafeInteger(add)) return null;
    }
    if (coef === 0) continue;
    if (!Number.isSafeInteger(coef)) return null;
    syms.push(s < t ? s : t);
    coefs.push(coef);
  }
  const moved = k * b.c;
  const c = a.c + moved;
  if (syms.length > MAX_SUM || !Number.isSafeInteger(moved) || !Number.isSafeInteger(c)) return null;
  return { syms, coefs, c };
}

/** f + n. */
export function shifted(f: Form, n: number): Form | null {
  if (n === 0) return f;
  const c = f.c + n;
  return Number.isSafeInteger(c) ? { syms: f.syms, coefs: f.coefs, c } : null;
}

/** k * f. */
export function scaled(f: Form, k: number): Form | null {
  if (k === 1) return f;
  return plus(ZERO_FORM, f, k);
}

/** f / k where k divides every coefficient and the constant; else null. */
export function divided(f: Form, k: number): Form | null {
  if (f.c % k !== 0 || f.coefs.some((a) => a % k !== 0)) return null;
  return { syms: f.syms, coefs: f.coefs.map((a) => a / k), c: f.c / k };
}

export function gcd(a: number, b: number): number {
  let x = Math.abs(a);
  let y = Math.abs(b);
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** Greatest common divisor of the coefficients, 0 for a constant. */
export const content = (f: Form): number => f.coefs.reduce(gcd, 0);

/** f with symbols replaced by forms. */
export function substituted(f: Form, by: (sym: number) => Form | undefined): Form | null {
  let out: Form | null = f;
  for (let i = 0; i < f.syms.length; i++) {
    const sym = f.syms[i]!;
    const to = by(sym);
    if (!to) continue;
    const change: Form | null = plus(to, symbolForm(sym), -1);
    out = change && plus(out, change, f.coefs[i]!);
    if (!out) return null;
  }
  return out;
}
