// SPDX-License-Identifier: MIT
import type { Domain, ShiftKind } from './semantics-domain.js';

/** Concrete numbers: values are signed 32-bit integers, truths are booleans. */

function umulh(a: number, b: number): number {
  const [al, ah, bl, bh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const low = al * bl;
  const mid1 = ah * bl + (low >>> 16);
  // Below 2^53: each product is below 2^32.
  const mid2 = al * bh + (mid1 % 65536);
  return (ah * bh + Math.floor(mid1 / 65536) + Math.floor(mid2 / 65536)) | 0;
}

function shift(kind: ShiftKind, a: number, n: number): number {
  if (n === 0) return a;
  switch (kind) {
    case 'lsl':
      return n > 31 ? 0 : a << n;
    case 'lsr':
      return n > 31 ? 0 : (a >>> n) | 0;
    case 'asr':
      return a >> Math.min(n, 31);
    case 'ror':
      return (n & 31) === 0 ? a : (a >>> (n & 31)) | (a << (32 - (n & 31)));
  }
}

function shiftCarry(kind: ShiftKind, a: number, n: number, carry: boolean): boolean {
  if (n === 0) return carry;
  switch (kind) {
    case 'lsl':
      return n <= 32 && ((a >>> (32 - n)) & 1) === 1;
    case 'lsr':
      return n <= 32 && ((a >>> (n - 1)) & 1) === 1;
    case 'asr':
      return ((a >> Math.min(n - 1, 31)) & 1) === 1;
    case 'ror':
      return ((a >>> ((n - 1) & 31)) & 1) === 1;
  }
}

function rbit(a: number): number {
  let r = 0;
  for (let i = 0; i < 32; i++) if ((a >>> i) & 1) r |= 1 << (31 - i);
  return r;
}

export const CONCRETE: Domain<number, boolean> = {
  const: (n) => n | 0,
  bool: (b) => b,
  mul: (a, b) => Math.imul(a, b),
  umulh,
  smulh: (a, b) => (umulh(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)) | 0,
  udiv: (a, b) => (b === 0 ? 0 : Math.floor((a >>> 0) / (b >>> 0)) | 0),
  sdiv: (a, b) => (b === 0 ? 0 : (a / b) | 0),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  not: (a) => ~a,
  shift,
  shiftCarry,
  adc: (a, b, c) => (a + b + (c ? 1 : 0)) | 0,
  carry: (a, b, c) => (a >>> 0) + (b >>> 0) + (c ? 1 : 0) > 0xffffffff,
  overflow: (a, b, c) => {
    const r = (a + b + (c ? 1 : 0)) | 0;
    return ((a ^ r) & (b ^ r)) < 0;
  },
  clz: (a) => Math.clz32(a),
  rbit,
  rev: (a) => ((a & 0xff) << 24) | ((a & 0xff00) << 8) | ((a >>> 8) & 0xff00) | (a >>> 24),
  sext: (a, bits) => (a << (32 - bits)) >> (32 - bits),
  isZero: (a) => a === 0,
  isNegative: (a) => a < 0,
  ite: (c, a, b) => (c ? a : b),
  both: (a, b) => a && b,
  either: (a, b) => a || b,
  same: (a, b) => a === b,
  negate: (a) => !a,
};
