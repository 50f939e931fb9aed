// SPDX-License-Identifier: MIT
import { contains } from './domain.js';
import type { Region } from './facts.js';
import type { Form } from './linear.js';
import type { State } from './state.js';
import { type Abs, formOf } from './value.js';

/** Where things are in a concrete run. A frame's address is its r10. */
export interface Addresses {
  region(region: Region): bigint;
  func(index: number): bigint;
  /** Length in bytes of a region by its contract's name, null for the context; undefined: not known. */
  length?(region: string | null): bigint | undefined;
}

/** Whether a concrete 64-bit value is one of those that `abs` stands for, its form apart. */
export function admitsValue(abs: Abs, value: bigint, at: Addresses): boolean {
  switch (abs.kind) {
    case 'num':
      return contains(abs.s, value);
    case 'ptr':
      return (
        (abs.nullable !== 0 && value === 0n) || contains(abs.off, BigInt.asUintN(64, value - at.region(abs.region)))
      );
    case 'func':
      return abs.funcs.some((f) => BigInt.asUintN(64, value) === at.func(f));
  }
}

/** A place of the state and the number that its form stands for in the run. */
interface Known {
  readonly what: string;
  readonly form: Form;
  readonly value: bigint;
}

/**
 * Compares a concrete machine state with what the verifier says of the place: r0..r10 as unsigned numbers, the bytes of
 * the function's frame by offset from r10, and all relations whose symbols the run determines. Returns the first thing that is not
 * covered, or null.
 */
export function firstMismatch(
  state: State,
  registers: readonly bigint[],
  frame: (offset: number, size: number) => bigint,
  at: Addresses,
): string | null {
  const known: Known[] = [];
  const differs = (what: string, abs: Abs, value: bigint): string | null => {
    if (!admitsValue(abs, value, at)) return `${what} is 0x${value.toString(16)}`;
    const form = formOf(abs);
    if (abs.kind === 'func' || !form || (abs.kind === 'ptr' && abs.nullable !== 0)) return null;
    const base = abs.kind === 'ptr' ? at.region(abs.region) : 0n;
    known.push({ what, form, value: BigInt.asUintN(64, value - base) });
    return null;
  };
  for (const [r, abs] of state.regs.entries()) {
    const bad = abs && differs(`r${r}`, abs, registers[r]!);
    if (bad) return bad;
  }
  for (const [off, slot] of state.frame.entries()) {
    const bad = differs(`stack${off}`, slot.abs, frame(off, slot.size));
    if (bad) return bad;
  }
  return brokenRelation(state, known, at);
}

const low64 = (n: bigint): bigint => BigInt.asUintN(64, n);

/** Finds symbols from places where all others are known, then tries every place and row that is determined. */
function brokenRelation(state: State, known: readonly Known[], at: Addresses): string | null {
  const { relations } = state;
  const symbols = new Map<number, bigint>();
  for (const [sym, region, unit] of relations.symbols.lengths()) {
    const length = at.length?.(region);
    if (length !== undefined) symbols.set(sym, length / BigInt(unit));
  }
  const rest = (form: Form, skip: number): bigint =>
    form.syms.reduce((n, s, i) => (i === skip ? n : n + BigInt(form.coefs[i]!) * symbols.get(s)!), BigInt(form.c));
  for (let found = true; found; ) {
    found = false;
    for (const { form, value } of known) {
      const open = form.syms.map((s, i) => (symbols.has(s) ? -1 : i)).filter((i) => i >= 0);
      const [i] = open;
      if (open.length !== 1 || Math.abs(form.coefs[i!]!) !== 1) continue;
      symbols.set(form.syms[i!]!, BigInt.asIntN(64, BigInt(form.coefs[i!]!) * (value - rest(form, i!))));
      found = true;
    }
  }
  const determined = (form: Form): boolean => form.syms.every((s) => symbols.has(s));
  for (const { what, form, value } of known)
    if (determined(form) && low64(rest(form, -1)) !== low64(value)) return `${what} is not ${formText(form)}`;
  for (const row of relations.rows)
    if (determined(row) && rest(row, -1) < 0n) return `${formText(row)} is negative: ${rest(row, -1)}`;
  for (const [sym, value] of symbols) {
    const { lo, hi } = relations.range(sym);
    const above = Number.isFinite(lo) && value < BigInt(lo);
    if (above || (Number.isFinite(hi) && value > BigInt(hi))) return `symbol ${sym} is ${value}, not in [${lo}, ${hi}]`;
  }
  return null;
}

/** A form in words: `s3 + 4*s5 - 2`. */
export function formText(form: Form): string {
  const parts = form.syms.map((s, i) => {
    const k = form.coefs[i]!;
    return `${k < 0 ? '- ' : '+ '}${Math.abs(k) === 1 ? '' : `${Math.abs(k)}*`}s${s}`;
  });
  if (form.c !== 0 || parts.length === 0) parts.push(`${form.c < 0 ? '- ' : '+ '}${Math.abs(form.c)}`);
  return parts.join(' ').replace(/^\+ /, '');
}
