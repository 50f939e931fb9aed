// SPDX-License-Identifier: MIT

import type { RegMask } from '../../compiler/codegen/machine.js';
import type { HelperArg } from '../../compiler/contract/helpers.js';

/**
 * Registers, calls and the frame, as data. Source for calls to C: RISC-V ELF psABI, integer calling convention (ilp32), and
 * ilp32e for cores with 16 registers. gp (x3) and tp (x4) are the firmware's and occur nowhere.
 *
 * Frame, from SP upwards: outgoing stack arguments, spill slots, saved registers and return address, incoming stack arguments.
 */
export const ZERO = 0;
export const RA = 1;
export const SP = 2;
export const A0 = 10;
export const A3 = 13;

/** Number of result registers, from a0 on. */
export const RESULT_REGS = 2;
/** Largest SP offset of one load or store: frames beyond it are refused. */
export const MAX_FRAME_OFFSET = 2047;

/** The set of some registers. */
export const maskOf = (...registers: number[]): RegMask => registers.reduce((m, r) => (m | (1 << r)) >>> 0, 0);
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

const down = (from: number, to: number): number[] => range(to, from).reverse();

/** x8 to x15: what most 16-bit encodings take. */
const POPULAR = maskOf(...range(8, 15));

/** What selection knows of the registers that a core has. */
export interface Abi {
  /** Address of the instance; never written by text. */
  readonly instance: number;
  /** Free within one MInst and for inserted moves; holds nothing from one MInst to the next. */
  readonly scratch: number;
  /**
   * The popular ones first, of them the last arguments, which are asked for least; then those that a call destroys, then those
   * that have to be saved.
   */
  readonly allocationOrder: readonly number[];
  readonly short: RegMask;
  readonly callerSaved: RegMask;
  readonly calleeSaved: RegMask;
  /** What a call destroys, the scratch register included. */
  readonly callClobbers: RegMask;
  /** Registers of the first argument words, in order. */
  readonly argumentRegisters: readonly number[];
  /** SP is a multiple of this everywhere. */
  readonly stackAlign: number;
  /** 64-bit stack arguments start at multiples of 8 bytes. */
  readonly alignStackPairs: boolean;
}

function abi(
  given: Pick<Abi, 'instance' | 'scratch' | 'allocationOrder' | 'stackAlign'>,
  saved: readonly number[],
  args: readonly number[],
): Abi {
  const calleeSaved = maskOf(...saved);
  const callerSaved = (maskOf(...given.allocationOrder) & ~calleeSaved) >>> 0;
  return {
    ...given,
    short: (POPULAR & maskOf(...given.allocationOrder)) >>> 0,
    callerSaved,
    calleeSaved,
    callClobbers: (callerSaved | maskOf(RA, given.scratch)) >>> 0,
    argumentRegisters: args,
    // No argument is aligned more than the stack is.
    alignStackPairs: given.stackAlign >= 8,
  };
}

/** s11 and t6 are set apart. */
const ILP32 = abi(
  {
    instance: 27,
    scratch: 31,
    allocationOrder: [...down(15, 10), 8, 9, 16, 17, ...range(5, 7), ...range(28, 30), ...range(18, 26)],
    stackAlign: 16,
  },
  [8, 9, ...range(18, 26)],
  range(10, 17),
);

/** s1 and t2 are set apart; ra serves last, as a function that uses it has to save it. */
const ILP32E = abi(
  { instance: 9, scratch: 7, allocationOrder: [...down(15, 10), 8, 5, 6, RA], stackAlign: 4 },
  [8],
  range(10, 15),
);

/** The convention of a core with these features. */
export const abiOf = (features: Readonly<Record<string, boolean>>): Abi =>
  features.registers16 === true ? ILP32E : ILP32;

/** Where one argument word goes. `stack` is a byte offset in the outgoing area. */
export type ArgPlace = { readonly reg: number } | { readonly stack: number };

export interface ArgPlaces {
  readonly places: ArgPlace[];
  readonly stackBytes: number;
}

/** Places of argument words one behind the other from word `first` on: lanes of program-local calls, intrinsics. */
export function wordArgs(abi: Abi, count: number, first = 0): ArgPlaces {
  return place(abi, first, Array<1>(count).fill(1));
}

/** Places of a helper's argument words (u64: low, high), the instance in a0 apart. */
export function helperArgs(abi: Abi, args: readonly Pick<HelperArg, 'kind'>[]): ArgPlaces {
  const words = args.map((a) => (a.kind === 'u64' ? 2 : 1));
  return place(abi, 1, words);
}

/**
 * Words in the next registers, then on the stack. A pair starts at any register and may be split between the last one and the
 * stack; one that lies on the stack as a whole is aligned there.
 */
function place({ argumentRegisters, alignStackPairs }: Abi, first: number, args: readonly (1 | 2)[]): ArgPlaces {
  const places: ArgPlace[] = [];
  let next = first;
  let stack = 0;
  for (const words of args) {
    if (words === 2 && alignStackPairs && next >= argumentRegisters.length) stack = (stack + 7) & ~7;
    for (let i = 0; i < words; i++) {
      const reg = argumentRegisters[next++];
      if (reg !== undefined) places.push({ reg });
      else {
        places.push({ stack });
        stack += 4;
      }
    }
  }
  return { places, stackBytes: stack };
}
