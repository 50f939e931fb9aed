// SPDX-License-Identifier: MIT

import type { RegMask } from '../../compiler/codegen/machine.js';
import type { HelperArg } from '../../compiler/contract/helpers.js';

/**
 * Registers, calls and the frame. Source for calls to C: Procedure Call Standard for the Arm Architecture (AAPCS32).
 *
 * Frame, from SP upwards: outgoing stack arguments, spill slots, saved registers and return address, incoming stack arguments.
 */
export const R0 = 0;
export const R1 = 1;
export const R2 = 2;
export const R3 = 3;
/** Address of the instance; never written by text. */
export const INSTANCE_REG = 9;
/** Free within one MInst and for inserted moves; holds nothing from one MInst to the next. */
export const SCRATCH = 12;
export const SP = 13;
export const LR = 14;
export const PC = 15;

/** The set of some registers. */
export const maskOf = (...registers: number[]): RegMask => registers.reduce((m, r) => (m | (1 << r)) >>> 0, 0);

/** Low registers first: most 16-bit encodings take only those. LR last: entries save it, and nothing else. */
export const ALLOCATION_ORDER: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, LR];
export const CALLER_SAVED = maskOf(R0, R1, R2, R3, LR);
/** r0-r7: what 16-bit encodings take. */
export const SHORT_REGISTERS = maskOf(0, 1, 2, 3, 4, 5, 6, 7);
export const CALLEE_SAVED = maskOf(4, 5, 6, 7, 8, 10, 11);
/** What a call destroys, the scratch register included. */
export const CALL_CLOBBERS = maskOf(R0, R1, R2, R3, SCRATCH, LR);

/** Number of argument and result registers. */
export const ARG_REGS = 4;
export const RESULT_REGS = 2;

/**
 * Cores with 16-bit encodings only give values no other registers than r0-r7: moving one to a high register and back costs what
 * its slot in the frame costs. So LR is free for jumps once it is saved.
 */
export const SHORT_ORDER: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7];
export const SHORT_CALLER_SAVED = maskOf(R0, R1, R2, R3);
export const SHORT_CALLEE_SAVED = maskOf(4, 5, 6, 7);
/** Low registers that a call leaves alone. */
export const KEPT_REGISTERS = SHORT_CALLEE_SAVED;

/** SP is a multiple of this at every call. */
export const STACK_ALIGN = 8;
/** Largest SP offset of one 32-bit load or store: frames beyond it are refused. */
export const MAX_FRAME_OFFSET = 4095;
/** The same for 16-bit encodings, and how far they move SP at once. */
export const MAX_SHORT_FRAME_OFFSET = 1020;
export const MAX_SHORT_ADJUST = 508;

/** Where one argument word goes. `stack` is a byte offset in the outgoing area. */
export type ArgPlace = { readonly reg: number } | { readonly stack: number };

/** Places of the argument words of a program-local call: lane by lane. */
export function localArgs(count: number): { places: ArgPlace[]; stackBytes: number } {
  const places = Array.from(
    { length: count },
    (_, i): ArgPlace => (i < ARG_REGS ? { reg: i } : { stack: 4 * (i - ARG_REGS) }),
  );
  return { places, stackBytes: 4 * Math.max(0, count - ARG_REGS) };
}

/**
 * Places of a helper's argument words (u64: low, high), the instance in r0 apart. A u64 starts at an even register or an
 * 8-aligned stack offset; after the first stack word, registers are no longer used (AAPCS32 6.5, rules C.3 to C.8).
 */
export const helperArgs = (args: readonly Pick<HelperArg, 'kind'>[]): { places: ArgPlace[]; stackBytes: number } =>
  argsFrom(
    R1,
    args.map((a) => a.kind === 'u64'),
  );

/** The same for a routine of the runtime that does not get the instance. */
export const intrinsicArgs = (args: readonly ('u32' | 'u64')[]): { places: ArgPlace[]; stackBytes: number } =>
  argsFrom(
    R0,
    args.map((a) => a === 'u64'),
  );

function argsFrom(first: number, doubles: readonly boolean[]): { places: ArgPlace[]; stackBytes: number } {
  const places: ArgPlace[] = [];
  let reg = first;
  let stack = 0;
  for (const double of doubles) {
    const words = double ? 2 : 1;
    if (words === 2) reg += reg & 1;
    if (reg + words <= ARG_REGS) {
      for (let i = 0; i < words; i++) places.push({ reg: reg++ });
      continue;
    }
    reg = ARG_REGS;
    if (words === 2) stack = (stack + 7) & ~7;
    for (let i = 0; i < words; i++, stack += 4) places.push({ stack });
  }
  return { places, stackBytes: stack };
}
