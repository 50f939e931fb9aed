// SPDX-License-Identifier: MIT
import type { RegMask } from '../../compiler/codegen/machine.js';
import type { HelperArg } from '../../compiler/contract/helpers.js';

/**
 * Registers, calls and the frame. Text is CALL0 ABI code on every core (Xtensa ISA Reference Manual, 8.1.2): a0 return
 * address, a1 stack pointer, a2..a7 arguments, a2 and a3 results, a12..a15 preserved.
 *
 * Frame, from SP upwards: outgoing stack arguments, spill slots, saved registers and return address, incoming stack arguments.
 */
export const LINK = 0;
export const SP = 1;
/** Free within one MInst and for inserted moves; holds nothing from one MInst to the next. */
export const SCRATCH = 11;
/** Address of the instance; never written by text. */
export const INSTANCE_REG = 15;

/** The set of some registers. */
export const maskOf = (...registers: number[]): RegMask => registers.reduce((m, r) => (m | (1 << r)) >>> 0, 0);

/** Those that a call destroys first, as they cost nothing to use. The link register last: it has to be saved for it. */
export const ALLOCATION_ORDER: readonly number[] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, LINK];
export const CALLER_SAVED = maskOf(LINK, 2, 3, 4, 5, 6, 7, 8, 9, 10);
export const CALLEE_SAVED = maskOf(12, 13, 14);
/** What a call destroys, the scratch register included. */
export const CALL_CLOBBERS = (CALLER_SAVED | maskOf(SCRATCH)) >>> 0;

export const ARGUMENT_REGISTERS: readonly number[] = [2, 3, 4, 5, 6, 7];
export const FIRST_ARG = 2;
const ARG_REGS = ARGUMENT_REGISTERS.length;
export const RESULT_REGISTERS = [2, 3] as const;

/** SP is always a multiple of this. */
export const STACK_ALIGN = 16;
/** Largest offset of a 32-bit load or store. */
export const MAX_WORD_OFFSET = 1020;
/** Largest SP offset that one addmi and a load or store reach: frames beyond it are refused. */
export const MAX_FRAME_OFFSET = 0x7ffc;

/** Where one argument word goes. `stack` is a byte offset in the outgoing area. */
export type ArgPlace = { readonly reg: number } | { readonly stack: number };

export interface ArgPlaces {
  readonly places: ArgPlace[];
  readonly stackBytes: number;
}

/** Place of argument word `i`. */
const word = (i: number): ArgPlace => (i < ARG_REGS ? { reg: ARGUMENT_REGISTERS[i]! } : { stack: 4 * (i - ARG_REGS) });

/** Places of the argument words of a program-local call: lane by lane. */
export function localArgs(count: number): ArgPlaces {
  return { places: Array.from({ length: count }, (_, i) => word(i)), stackBytes: 4 * Math.max(0, count - ARG_REGS) };
}

/**
 * Places of a helper's argument words (u64: low, high), the instance in a2 apart. A u64 starts at an even word, so in an
 * even register or at an 8-aligned stack offset; the number of argument registers is even, so none is torn.
 */
export function helperArgs(args: readonly Pick<HelperArg, 'kind'>[]): ArgPlaces {
  const places: ArgPlace[] = [];
  let next = 1;
  for (const arg of args) {
    const words = arg.kind === 'u64' ? 2 : 1;
    if (words === 2) next += next & 1;
    for (let i = 0; i < words; i++) places.push(word(next++));
  }
  return { places, stackBytes: 4 * Math.max(0, next - ARG_REGS) };
}
