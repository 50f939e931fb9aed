// SPDX-License-Identifier: MIT
import type { AluOp } from '../bpf/program.js';
import type { Scalar } from './domain.js';
import * as domain from './domain.js';
import { constantForm, divided, type Form, isConstantForm, MAX_TERMS, plus, scaled, shifted } from './linear.js';
import type { State } from './state.js';

/** Forms of results: what 64-bit and 32-bit arithmetic gives as a sum of symbols, or a new symbol and what is known of it. */

/** An operand: its bounds, its form if it has one yet, and how to give it one. */
export interface Operand {
  readonly s: Scalar;
  readonly form: Form | null;
  name(): Form | null;
}

const WORD = 2 ** 32;
/** Largest power of two that a form is divided or multiplied by. */
const MAX_SHIFT = 52;

const isPowerOfTwo = (n: number): boolean => (BigInt(n) & (BigInt(n) - 1n)) === 0n;

const lowestBit = (n: number): number => Number(BigInt(n) & -BigInt(n));

const kept = (f: Form | null): Form | null => (f && f.syms.length <= MAX_TERMS ? f : null);

/** A form for a 32-bit result, whose upper half is zero: the sum itself if it is shown not to wrap. */
function in32(state: State, f: Form | null): Form | null {
  return f && state.within(f, 0, WORD - 1) ? kept(f) : null;
}

/** A small constant as a signed number; undefined for others. */
function constantOf(s: Scalar, wide: boolean): number | undefined {
  if (wide) {
    const c = domain.asConstant(s);
    if (c === undefined) return undefined;
    const n = Number(BigInt.asIntN(64, c));
    return Number.isSafeInteger(n) ? n : undefined;
  }
  return s.lo.umin === s.lo.umax ? Number(BigInt.asIntN(32, s.lo.umin)) : undefined;
}

/**
 * Form of the result of an ALU instruction other than a move; null: none worth keeping. `result`: its bounds. The forms of operands
 * count modulo 2^64, so sums, differences and multiples need no proof in 64 bits, and in 32 bits a proof that they do not wrap.
 */
export function resultForm(
  state: State,
  op: AluOp,
  wide: boolean,
  a: Operand,
  b: Operand,
  result: Scalar,
): Form | null {
  // A constant that comes from a symbol keeps it: the first round of a loop shows what all rounds have in common.
  const plain = (x: Operand): boolean => x.form === null || isConstantForm(x.form);
  if (domain.asConstant(result) !== undefined && plain(a) && plain(b)) return null;
  const n = constantOf(b.s, wide);
  if (n === undefined && (op === 'mul' || op === 'and') && constantOf(a.s, wide) !== undefined)
    return resultForm(state, op, wide, b, a, result);
  switch (op) {
    case 'add':
    case 'sub': {
      if (!wide && !a.form && !b.form && wraps(op, a.s, b.s)) return null;
      const [f, g] = [a.name(), n === undefined ? b.name() : constantForm(n)];
      const sum = f && g && plus(f, g, op === 'add' ? 1 : -1);
      return wide ? kept(sum) : in32(state, sum);
    }
    case 'neg': {
      const f = a.name();
      const minus = f && scaled(f, -1);
      return wide ? kept(minus) : in32(state, minus);
    }
    case 'mul':
      return n === undefined ? null : multiple(state, wide, a, n);
    case 'lsh': {
      const amount = n === undefined ? undefined : n & (wide ? 63 : 31);
      return amount === undefined || amount > MAX_SHIFT ? null : multiple(state, wide, a, 2 ** amount);
    }
    case 'rsh':
    case 'arsh':
      if (n === undefined) return op === 'arsh' && !positive(state, wide, a) ? null : smaller(state, wide, a, result);
      return quotientByShift(state, op === 'arsh', wide, a, n & (wide ? 63 : 31));
    case 'div':
      if (n === undefined || n <= 0) return smaller(state, wide, a, result);
      return quotient(state, number(state, wide, a), n);
    case 'mod':
      return remainder(state, wide, a, b, n, result);
    case 'and':
      return masked(state, wide, a, b, n, result);
    case 'or':
    case 'xor': {
      const [x, y] = wide ? [a.s.x, b.s.x] : [a.s.lo, b.s.lo];
      // Without common bits nothing is carried.
      if (((x.value | x.unknown) & (y.value | y.unknown)) !== 0n) return null;
      const [f, g] = [a.name(), n === undefined ? b.name() : constantForm(n)];
      const sum = f && g && plus(f, g);
      return wide ? kept(sum) : in32(state, sum);
    }
    case 'sdiv':
    case 'smod':
    case 'mov':
      return null;
  }
}

/** Whether a 32-bit sum or difference may wrap as far as the bounds say; forms of what has no name yet say no more. */
function wraps(op: 'add' | 'sub', a: Scalar, b: Scalar): boolean {
  return op === 'add' ? a.lo.umax + b.lo.umax > 0xffffffffn : a.lo.umin < b.lo.umax;
}

function multiple(state: State, wide: boolean, a: Operand, k: number): Form | null {
  const f = a.name();
  const product = f && scaled(f, k);
  return wide ? kept(product) : in32(state, product);
}

/**
 * The form of an operand whose whole number is its unsigned value (of the low half unless `wide`); null if that is not shown.
 */
function number(state: State, wide: boolean, a: Operand): Form | null {
  const f = a.name();
  return f && state.within(f, 0, wide ? Number.MAX_SAFE_INTEGER : WORD - 1) ? f : null;
}

/** Whether the operand is shown to be no negative number. */
function positive(state: State, wide: boolean, a: Operand): boolean {
  const f = a.name();
  return f !== null && state.within(f, 0, wide ? Number.MAX_SAFE_INTEGER : WORD / 2 - 1);
}

/** A new symbol for the whole part of f / k, k > 0: f is exact. */
function quotient(state: State, f: Form | null, k: number): Form | null {
  if (!f || k === 1) return f;
  const even = divided(f, k);
  if (even) return even;
  const lo = state.relations.bound(f);
  const hi = state.relations.boundHigh(f);
  const q = state.freshSymbol(Math.floor(lo / k), Math.floor(hi / k));
  const least = plus(f, q, -k);
  if (!least) return q;
  state.relations.add(least);
  const most = scaled(least, -1);
  const row = most && shifted(most, k - 1);
  if (row) state.relations.add(row);
  return q;
}

/** Right shift by a constant: first what a left shift put there, then a division by what is left. */
function quotientByShift(state: State, signed: boolean, wide: boolean, a: Operand, amount: number): Form | null {
  let f = a.name();
  if (!f) return null;
  const bits = wide ? 64 : 32;
  let left = amount;
  if (wide)
    while (left > 0) {
      const half: Form | null = divided(f, 2);
      if (!half) break;
      f = half;
      left--;
    }
  // f counts modulo 2^width now: its value is the number itself only within these bounds.
  const width = bits - (amount - left);
  const least = signed ? -(2 ** (width - 1)) : 0;
  const most = signed ? 2 ** (width - 1) - 1 : 2 ** width - 1;
  const lo = Math.max(least, Number.MIN_SAFE_INTEGER);
  const hi = Math.min(most, Number.MAX_SAFE_INTEGER);
  if (!state.within(f, lo, hi)) return null;
  const q = left > MAX_SHIFT ? null : quotient(state, f, 2 ** left);
  // The upper half of a 32-bit result is zero, whatever the sign.
  return wide || !signed ? kept(q) : in32(state, q);
}

/** A symbol for a result that is not above its first operand. */
function smaller(state: State, wide: boolean, a: Operand, result: Scalar): Form | null {
  const f = number(state, wide, a);
  if (!f || isConstantForm(f)) return null;
  const d = freshFor(state, result);
  const row = d && plus(f, d, -1);
  if (row) state.relations.add(row);
  return d;
}

function freshFor(state: State, result: Scalar): Form | null {
  const { umin, umax } = result.x;
  if (umax > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  return state.freshSymbol(Number(umin), Number(umax));
}

/** x % k: below k where k is not 0, and not above x. */
function remainder(
  state: State,
  wide: boolean,
  a: Operand,
  b: Operand,
  n: number | undefined,
  result: Scalar,
): Form | null {
  const d = smaller(state, wide, a, result) ?? freshFor(state, result);
  if (!d || n !== undefined) return d;
  const divisor = wide ? b.s.x : b.s.lo;
  const g = divisor.umin > 0n ? number(state, wide, b) : null;
  const row = g && plus(g, d, -1);
  if (row) state.relations.addAtLeast(row, 1);
  return d;
}

function masked(
  state: State,
  wide: boolean,
  a: Operand,
  b: Operand,
  n: number | undefined,
  result: Scalar,
): Form | null {
  const f = a.form || n !== undefined ? number(state, wide, a) : null;
  if (f && n !== undefined && n !== 0) {
    // Ones from some bit up to the highest that the number can have round down to a multiple; ones from bit 0 change nothing.
    const least = lowestBit(n);
    if (n < 0 ? isPowerOfTwo(-n) : isPowerOfTwo(n + least) && state.within(f, 0, n + least - 1)) {
      const q = quotient(state, f, least);
      return q && kept(scaled(q, least));
    }
  }
  const d = freshFor(state, result);
  if (!d) return null;
  const g = n === undefined && b.form ? number(state, wide, b) : null;
  for (const operand of [f, g]) {
    const row = operand && plus(operand, d, -1);
    if (row) state.relations.add(row);
  }
  return d;
}

/** Form of a sign extension of the low `from` bits: the number itself where it fits. */
export function extendedForm(state: State, from: number, wide: boolean, a: Operand): Form | null {
  const f = a.form ?? (domain.asConstant(a.s) === undefined ? a.name() : null);
  if (!f) return null;
  const most = 2 ** (from - 1) - 1;
  return state.within(f, wide ? -most - 1 : 0, most) ? kept(f) : null;
}

/** Form of the low `bits` of a number, zero-extended. */
export function lowForm(state: State, bits: number, a: Operand): Form | null {
  const f = a.form ?? (domain.asConstant(a.s) === undefined ? a.name() : null);
  if (!f || bits === 64) return f;
  return state.within(f, 0, 2 ** bits - 1) ? kept(f) : null;
}
