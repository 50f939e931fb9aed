// SPDX-License-Identifier: MIT
import type { Amo } from './isa-names.js';

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
  mul(a: V, b: V): V;
  /** Upper words of the signed, signed by unsigned, and unsigned products. */
  mulh(a: V, b: V): V;
  mulhsu(a: V, b: V): V;
  mulhu(a: V, b: V): V;
  /** Truncating division. By zero: quotient all ones, remainder the dividend. INT_MIN / -1: quotient INT_MIN, remainder 0. */
  div(a: V, b: V): V;
  divu(a: V, b: V): V;
  rem(a: V, b: V): V;
  remu(a: V, b: V): V;
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
  /** Registers 0..31. Register 0 reads as zero, writes to it are dropped. */
  get(r: number): V;
  set(r: number, value: V): void;
  /** An access at a misaligned address faults. */
  load(address: V, bytes: 1 | 2 | 4, signed: boolean): V;
  store(address: V, bytes: 1 | 2 | 4, value: V): void;
  /** Word at an address that is then reserved (lr.w). */
  reserve(address: V): V;
  /** Stores if the reservation of that address still holds; it ends in any case. Whether it stored (sc.w). */
  storeReserved(address: V, value: V): B;
  /** Read-modify-write of a word in one piece: gives the old value, stores `next` of it. */
  modify(address: V, next: (old: V) => V): V;
  /** Goes on at an instruction of the text if `condition` holds. */
  jump(target: number, condition: B): void;
  /** Goes on where a register says; bit 0 is already clear. */
  jumpTo(target: V): void;
}

export type Meaning = <V, B>(m: Machine<V, B>, o: readonly number[]) => void;

/** Stored value of each read-modify-write. */
export const MODIFY = {
  'amoswap.w': (_, __, value) => value,
  'amoadd.w': (d, old, value) => d.add(old, value),
  'amoxor.w': (d, old, value) => d.xor(old, value),
  'amoand.w': (d, old, value) => d.and(old, value),
  'amoor.w': (d, old, value) => d.or(old, value),
  'amomin.w': (d, old, value) => d.ite(d.lt(value, old), value, old),
  'amomax.w': (d, old, value) => d.ite(d.lt(old, value), value, old),
  'amominu.w': (d, old, value) => d.ite(d.ltu(value, old), value, old),
  'amomaxu.w': (d, old, value) => d.ite(d.ltu(old, value), value, old),
} as const satisfies Record<Amo, <V, B>(d: Domain<V, B>, old: V, value: V) => V>;
