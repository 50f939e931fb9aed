// SPDX-License-Identifier: MIT
import { contains } from './domain.js';
import type { Region } from './facts.js';
import type { State } from './state.js';
import type { Abs } from './value.js';

/** Where things are in a concrete run. A frame's address is its r10. */
export interface Addresses {
  region(region: Region): bigint;
  func(index: number): bigint;
}

/** Whether a concrete 64-bit value is one of those that `abs` stands for. */
export function admitsValue(abs: Abs, value: bigint, at: Addresses): boolean {
  switch (abs.kind) {
    case 'num':
      return contains(abs.s, value);
    case 'ptr':
      return contains(abs.off, BigInt.asUintN(64, value - at.region(abs.region)));
    case 'func':
      return abs.funcs.some((f) => BigInt.asUintN(64, value) === at.func(f));
  }
}

/**
 * Compares a concrete machine state with what the verifier says of the place: r0..r10 as unsigned numbers, and the bytes of
 * the function's frame by offset from r10. Returns the first thing that is not covered, or null.
 */
export function firstMismatch(
  state: State,
  registers: readonly bigint[],
  frame: (offset: number, size: number) => bigint,
  at: Addresses,
): string | null {
  const byIdentity = new Map<number, bigint>();
  const differs = (what: string, abs: Abs, value: bigint): string | null => {
    if (!admitsValue(abs, value, at)) return `${what} is 0x${value.toString(16)}`;
    if (abs.kind !== 'num' || abs.id === 0) return null;
    const twin = byIdentity.get(abs.id) ?? value;
    byIdentity.set(abs.id, value);
    return twin === value ? null : `${what} is 0x${value.toString(16)}, its twin 0x${twin.toString(16)}`;
  };
  for (const [r, abs] of state.regs.entries()) {
    const bad = abs && differs(`r${r}`, abs, registers[r]!);
    if (bad) return bad;
  }
  for (const [off, slot] of state.frame.entries()) {
    const bad = differs(`stack${off}`, slot.abs, frame(off, slot.size));
    if (bad) return bad;
  }
  return null;
}
