// SPDX-License-Identifier: MIT
import type { AluOp, AtomicOp, JumpCond, MemSize } from './program.js';

/** LLVM's spelling of eBPF assembly, for the printer and the assembler alike. */
export const ALU_SIGNS = {
  add: '+=',
  sub: '-=',
  mul: '*=',
  div: '/=',
  sdiv: 's/=',
  or: '|=',
  and: '&=',
  lsh: '<<=',
  rsh: '>>=',
  mod: '%=',
  smod: 's%=',
  xor: '^=',
  mov: '=',
  arsh: 's>>=',
} as const satisfies Record<Exclude<AluOp, 'neg'>, string>;

export const COND_SIGNS = {
  eq: '==',
  ne: '!=',
  gt: '>',
  ge: '>=',
  lt: '<',
  le: '<=',
  sgt: 's>',
  sge: 's>=',
  slt: 's<',
  sle: 's<=',
  set: '&',
} as const satisfies Record<JumpCond, string>;

/** Operations with a sign of their own in `lock *(u64 *)(r1 + 0) += r2`. */
export const ATOMIC_SIGNS = { add: '+=', or: '|=', and: '&=', xor: '^=' } as const satisfies Partial<
  Record<AtomicOp, string>
>;

export const ENDIAN_NAMES = { le: 'le', be: 'be', swap: 'bswap' } as const;

export const sizeName = (size: MemSize, signed = false): string => `${signed ? 's' : 'u'}${size * 8}`;
