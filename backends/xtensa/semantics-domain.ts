// SPDX-License-Identifier: MIT
import type { Special } from './isa-names.js';

/**
 * What the instruction semantics are written over: a domain of 32-bit values V and truth values B, and a machine that holds
 * registers and memory. The simulator uses concrete numbers; others use whatever over-approximates them.
 */
export interface Domain<V, B> {
  /** The low 32 bits of a number. */
  const(n: number): V;
  bool(b: boolean): B;
  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  xor(a: V, b: V): V;
  /** Shifts by the low five bits of the amount. */
  sll(a: V, amount: V): V;
  srl(a: V, amount: V): V;
  sra(a: V, amount: V): V;
  /** Low word of the 64 bits high:low shifted right by 0..32. */
  funnel(high: V, low: V, amount: V): V;
  mul(a: V, b: V): V;
  /** Upper words of the signed and unsigned products. */
  mulh(a: V, b: V): V;
  mulhu(a: V, b: V): V;
  /** Truncating division by what is not zero. INT_MIN / -1: quotient INT_MIN, remainder 0. */
  div(a: V, b: V): V;
  divu(a: V, b: V): V;
  rem(a: V, b: V): V;
  remu(a: V, b: V): V;
  /** Leading zeros, 0..32. */
  clz(a: V): V;
  eq(a: V, b: V): B;
  /** a < b, signed and unsigned. */
  lt(a: V, b: V): B;
  ltu(a: V, b: V): B;
  ite(c: B, a: V, b: V): V;
  negate(a: B): B;
}

export interface Machine<V, B> {
  readonly d: Domain<V, B>;
  /** Address of the instruction being done, and its size. */
  readonly address: number;
  readonly size: number;
  /** Registers 0..15. */
  get(r: number): V;
  set(r: number, value: V): void;
  special(name: Special): V;
  setSpecial(name: Special, value: V): void;
  /** The amount in SAR for a shift: more than 32, of which the manual says nothing, faults. */
  shiftAmount(): V;
  /** An access at a misaligned address faults. */
  load(address: V, bytes: 1 | 2 | 4, signed: boolean): V;
  store(address: V, bytes: 1 | 2 | 4, value: V): void;
  /** Word of the text at a known address. */
  literal(address: number): V;
  /** Stores `value` if the word is `expected`; gives what was there. In one piece. */
  compareAndSwap(address: V, expected: V, value: V): V;
  /** A divisor of zero faults. */
  divisor(value: V): V;
  /** Goes on at an instruction of the text if `condition` holds. */
  jump(target: number, condition: B): void;
  /** Goes on where a register says. */
  jumpTo(target: V): void;
}

export type Meaning = <V, B>(m: Machine<V, B>, o: readonly number[]) => void;
