// SPDX-License-Identifier: MIT
import type { Domain } from './semantics-domain.js';

/** Concrete numbers: values are signed 32-bit integers, truths are booleans. */

function mulhu(a: number, b: number): number {
  const [al, ah, bl, bh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  // Each product is below 2^32, so sums of two stay exact.
  const mid1 = ah * bl + ((al * bl) >>> 16);
  const mid2 = al * bh + (mid1 % 65536);
  return (ah * bh + Math.floor(mid1 / 65536) + Math.floor(mid2 / 65536)) | 0;
}

export const CONCRETE: Domain<number, boolean> = {
  const: (n) => n | 0,
  bool: (b) => b,
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  // JavaScript's shifts take the low five bits of the amount too.
  sll: (a, n) => a << n,
  srl: (a, n) => (a >>> n) | 0,
  sra: (a, n) => a >> n,
  mul: (a, b) => Math.imul(a, b),
  mulh: (a, b) => (mulhu(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)) | 0,
  mulhsu: (a, b) => (mulhu(a, b) - (a < 0 ? b : 0)) | 0,
  mulhu,
  div: (a, b) => (b === 0 ? -1 : (a / b) | 0),
  divu: (a, b) => (b === 0 ? -1 : Math.floor((a >>> 0) / (b >>> 0)) | 0),
  rem: (a, b) => (b === 0 ? a : (a % b) | 0),
  remu: (a, b) => (b === 0 ? a : ((a >>> 0) % (b >>> 0)) | 0),
  eq: (a, b) => a === b,
  lt: (a, b) => a < b,
  ltu: (a, b) => a >>> 0 < b >>> 0,
  ite: (c, a, b) => (c ? a : b),
  negate: (a) => !a,
};
