// SPDX-License-Identifier: MIT
import type { Asm } from '../../compiler/codegen/machine.js';

/** A 32-bit value as an unsigned number. */
export const u32 = (v: number): number => v >>> 0;
export const negate = (v: number): number => -v >>> 0;
export const invert = (v: number): number => ~v >>> 0;

/** Is `v` a modified immediate constant (ARMv7-M manual, A5.3.2): a rotated byte with its top bit set, or a byte pattern? */
export function isPattern(v: number): boolean {
  if (v <= 0xff) return true;
  const low = v & 0xff;
  if (v === low * 0x00010001 || v === low * 0x01010101) return true;
  if (v === ((v >>> 8) & 0xff) * 0x01000100) return true;
  const lead = Math.clz32(v);
  return lead < 24 && (u32(v << lead) >>> 24) << 24 === v << lead;
}

/** Number of ones if `v` is 2^k - 1 with k in 1..31, else 0. */
export function lowMask(v: number): number {
  const k = 32 - Math.clz32(v);
  return k >= 1 && k <= 31 && v === 2 ** k - 1 ? k : 0;
}

/** k if `v` is 2^k, else -1. */
export function powerOfTwo(v: number): number {
  return v !== 0 && (v & (v - 1)) === 0 ? 31 - Math.clz32(v) : -1;
}

/** May one move of an IT block write it? */
export const loadable = (v: number): boolean => v <= 0xffff || isPattern(v);

/** rd = v in as few bytes as possible: one instruction, else the literal pool. */
export function loadConstant(rd: number, v: number, asm: Asm): void {
  if (v <= 0xff && rd < 8) asm.inst('movs.i', rd, v);
  else if (v <= 0xffff || isPattern(v)) asm.inst('mov.i', rd, v);
  else if (isPattern(invert(v))) asm.inst('mvn.i', rd, invert(v));
  else asm.literal(rd, v);
}

/** How to add the constant `c` to a register in one instruction: name and immediate, or null. */
export function addConstant(c: number): { name: string; imm: number } | null {
  const n = negate(c);
  if (c <= 0xff) return { name: 'adds.i', imm: c };
  if (n <= 0xff) return { name: 'subs.i', imm: n };
  if (isPattern(c)) return { name: 'adds.i', imm: c };
  if (isPattern(n)) return { name: 'subs.i', imm: n };
  if (c <= 0xfff) return { name: 'add.i', imm: c };
  if (n <= 0xfff) return { name: 'sub.i', imm: n };
  return null;
}

/** rd = rn + c; rd may be rn, and is written before rn is read only if they differ. */
export function addTo(rd: number, rn: number, c: number, asm: Asm): void {
  const one = addConstant(c);
  if (c === 0) {
    if (rd !== rn) asm.inst('mov', rd, rn);
  } else if (one) asm.inst(one.name, rd, rn, one.imm);
  else if (rd !== rn) {
    loadConstant(rd, c, asm);
    asm.inst('adds', rd, rd, rn);
  } else throw new Error('addTo needs two registers for this constant');
}
