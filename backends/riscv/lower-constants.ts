// SPDX-License-Identifier: MIT
import type { Asm } from '../../compiler/codegen/machine.js';
import { ZERO } from './abi.js';

/** Constants and what instructions take of them. A 32-bit value is an unsigned number. */

export const negate = (v: number): number => -v >>> 0;
export const invert = (v: number): number => ~v >>> 0;
/** The value as the signed number it stands for. */
export const signed = (v: number): number => v | 0;

const fits = (v: number, bits: number): boolean => {
  const n = signed(v);
  return n >= -(2 ** (bits - 1)) && n < 2 ** (bits - 1);
};

/** Does the immediate of an I-type instruction hold it (sign-extended from 12 bits)? */
export const isImmediate = (v: number): boolean => fits(v, 12);
/** Does a 16-bit encoding take it as an immediate? */
export const isShort = (v: number): boolean => fits(v, 6);

/** Number of ones if `v` is 2^k - 1 with k in 1..31, else 0. */
export function lowMask(v: number): number {
  const k = 32 - Math.clz32(v);
  return k >= 1 && k <= 31 && v === 2 ** k - 1 ? k : 0;
}

/** k if `v` is 2^k, else -1. */
export function powerOfTwo(v: number): number {
  return v !== 0 && (v & (v - 1)) === 0 ? 31 - Math.clz32(v) : -1;
}

/** First one and number of ones if `v` is ones in a row, else null. */
export function field(v: number): { lsb: number; width: number } | null {
  if (v === 0) return null;
  const lsb = powerOfTwo((v & -v) >>> 0);
  const ones = v >>> lsb;
  const width = ones === 0xffffffff ? 32 : lowMask(ones);
  return width === 0 ? null : { lsb, width };
}

/** Upper 20 bits for lui so that a signed 12-bit number, `low`, makes up the rest. */
export function parts(v: number): { upper: number; low: number } {
  const upper = ((v + 0x800) >>> 12) & 0xfffff;
  return { upper, low: signed(v - upper * 4096) };
}

type Step = { readonly name: 'addi' | 'lui' | 'slli' | 'srli'; readonly imm: number };

/** Bytes of a step with compressed encodings: lui and shifts of small numbers, addi of small numbers onto its own register. */
function bytes({ name, imm }: Step, first: boolean, rd: number): number {
  switch (name) {
    case 'addi':
      return isShort(imm) ? 2 : 4;
    case 'lui':
      return first && fits(imm << 12, 18) ? 2 : 4;
    case 'slli':
      return 2;
    case 'srli':
      return rd >= 8 && rd <= 15 ? 2 : 4;
  }
}

/** Ways to make a constant, the plain one first. */
function ways(v: number): Step[][] {
  if (isImmediate(v)) return [[{ name: 'addi', imm: signed(v) }]];
  const { upper, low } = parts(v);
  const out: Step[][] = [
    low === 0
      ? [{ name: 'lui', imm: upper }]
      : [
          { name: 'lui', imm: upper },
          { name: 'addi', imm: low },
        ],
  ];
  const zeros = 31 - Math.clz32(v & -v);
  const odd = signed(v) >> zeros;
  if (zeros > 0 && fits(odd, 12)) {
    out.push([
      { name: 'addi', imm: odd },
      { name: 'slli', imm: zeros },
    ]);
  }
  if (lowMask(v) > 0) {
    out.push([
      { name: 'addi', imm: -1 },
      { name: 'srli', imm: 32 - lowMask(v) },
    ]);
  }
  return out;
}

/** Bytes that the constant takes, if its register is a popular one. */
export function constantBytes(v: number): number {
  return Math.min(...ways(v).map((way) => way.reduce((n, step, i) => n + bytes(step, i === 0, 8), 0)));
}

/** rd = v in as few bytes as possible, then in as few instructions. */
export function loadConstant(rd: number, v: number, asm: Asm): void {
  let best: Step[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (const way of ways(v)) {
    const cost = way.reduce((n, step, i) => n + bytes(step, i === 0, rd), 0) + way.length / 8;
    if (cost >= least) continue;
    best = way;
    least = cost;
  }
  best.forEach(({ name, imm }, i) => {
    if (name === 'lui') asm.inst('lui', rd, imm);
    else asm.inst(name, rd, i === 0 ? ZERO : rd, imm);
  });
}
