// SPDX-License-Identifier: MIT
import type { Asm } from '../../compiler/codegen/machine.js';
import { B4CONST, B4CONSTU } from './isa-rows.js';

/** A 32-bit value as an unsigned number. */
export const u32 = (v: number): number => v >>> 0;
export const negate = (v: number): number => -v >>> 0;
export const invert = (v: number): number => ~v >>> 0;

/** Number of ones if `v` is 2^k - 1 with k in 1..31, else 0. */
export function lowMask(v: number): number {
  const k = 32 - Math.clz32(v);
  return k >= 1 && k <= 31 && v === 2 ** k - 1 ? k : 0;
}

/** k if `v` is 2^k, else -1. */
export function powerOfTwo(v: number): number {
  return v !== 0 && (v & (v - 1)) === 0 ? 31 - Math.clz32(v) : -1;
}

/** Trailing zeros of a value that is not zero. */
export const trailingZeros = (v: number): number => 31 - Math.clz32(v & -v);

/** Lowest bit and width of `v` if it is one run of ones, or null. */
export function bitField(v: number): { lsb: number; width: number } | null {
  if (v === 0) return null;
  const lsb = trailingZeros(v);
  const ones = v >>> lsb;
  return (ones & (ones + 1)) === 0 ? { lsb, width: 32 - Math.clz32(ones) } : null;
}

/** Immediates of movi, addi and addmi. */
export const isMovi = (v: number): boolean => (v | 0) >= -2048 && (v | 0) <= 2047;
const isNarrowMovi = (v: number): boolean => (v | 0) >= -32 && (v | 0) <= 95;
export const isAddi = (v: number): boolean => (v | 0) >= -128 && (v | 0) <= 127;
export const isAddmi = (v: number): boolean => (v & 0xff) === 0 && (v | 0) >= -32768 && (v | 0) <= 32512;

/** Constants that branches compare with. */
const SIGNED_BRANCH: ReadonlySet<number> = new Set(B4CONST);
const UNSIGNED_BRANCH: ReadonlySet<number> = new Set(B4CONSTU);
export const isSignedBranch = (v: number): boolean => SIGNED_BRANCH.has(v | 0);
export const isUnsignedBranch = (v: number): boolean => UNSIGNED_BRANCH.has(u32(v));

/** `c` as two parts, each of which addmi or addi adds, or null. */
export function addParts(c: number): { high: number; low: number } | null {
  const low = (c << 24) >> 24;
  const high = (c - low) | 0;
  return isAddmi(high) ? { high, low } : null;
}

/** rd = v in as few bytes as possible: up to two instructions without a temporary, else the literal pool. */
export function loadConstant(rd: number, v: number, asm: Asm): void {
  const c = v | 0;
  if (isMovi(c)) {
    asm.inst('movi', rd, c);
    return;
  }
  const ones = lowMask(u32(c));
  if (ones > 0) {
    asm.inst('movi', rd, -1);
    shiftRightLogical(rd, rd, 32 - ones, asm);
    return;
  }
  const zeros = trailingZeros(c);
  const shifted = c >> zeros;
  if (isNarrowMovi(shifted)) {
    asm.inst('movi', rd, shifted);
    asm.inst('slli', rd, rd, zeros);
    return;
  }
  const rest = (c << 24) >> 24;
  const high = (c - rest) | 0;
  if (isAddmi(high)) {
    asm.inst('movi', rd, rest);
    asm.inst('addmi', rd, rd, high);
    return;
  }
  if (isMovi(shifted)) {
    asm.inst('movi', rd, shifted);
    asm.inst('slli', rd, rd, zeros);
    return;
  }
  asm.literal(rd, u32(c));
}

/** rd = v without a literal. */
export function buildConstant(rd: number, v: number, asm: Asm): void {
  // The last 16 bits by addmi and addi, whose sum covers every value of 16 bits; above them 12 bits and 4 bits.
  const low = (v << 24) >> 24;
  const mid = ((v - low) << 16) >> 16;
  const top = ((v - low - mid) | 0) >> 16;
  asm.inst('movi', rd, top >> 4);
  asm.inst('slli', rd, rd, 4);
  if ((top & 15) !== 0) asm.inst('addi', rd, rd, top & 15);
  asm.inst('slli', rd, rd, 16);
  if (mid !== 0) asm.inst('addmi', rd, rd, mid);
  if (low !== 0) asm.inst('addi', rd, rd, low);
}

/** rd = rn >> n with zeros from above, n in 1..31: srli only takes 0..15. */
export function shiftRightLogical(rd: number, rn: number, n: number, asm: Asm): void {
  if (n <= 15) asm.inst('srli', rd, rn, n);
  else asm.inst('extui', rd, rn, n, 32 - n);
}

/**
 * rd = rn + c; rd may be rn. `temp`: a register that is neither, for constants that the immediates do not reach; it may be rd
 * if that is not rn.
 */
export function addTo(rd: number, rn: number, c: number, temp: number, asm: Asm): void {
  const v = c | 0;
  if (v === 0) {
    if (rd !== rn) asm.inst('mov', rd, rn);
    return;
  }
  if (isAddi(v)) {
    asm.inst('addi', rd, rn, v);
    return;
  }
  const parts = addParts(v);
  if (parts?.low === 0) asm.inst('addmi', rd, rn, v);
  else if (parts && (!isMovi(v) || temp === rn)) {
    asm.inst('addmi', rd, rn, parts.high);
    asm.inst('addi', rd, rd, parts.low);
  } else {
    if (temp === rn) throw new Error('addTo needs a temporary for this constant');
    loadConstant(temp, v, asm);
    asm.inst('add', rd, rn, temp);
  }
}
