// SPDX-License-Identifier: MIT
import type { NativeArch } from '../image/fields.js';

/** What the simulator asks of an instruction set; each backend that can be simulated gives one. */

/** Memory as the processor sees it. Addresses are unsigned; every method throws `CpuFault` where the access is not allowed. */
export interface Bus {
  /** Little-endian unsigned value. */
  read(address: number, bytes: 1 | 2 | 4): number;
  /** Word of the text, read relative to PC. */
  literal(address: number): number;
  write(address: number, bytes: 1 | 2 | 4, value: number): void;
}

/** The processor stops here: `detail` says why, for people. */
export class CpuFault extends Error {}

export interface Cpu {
  /** Any 32-bit numbers; the register numbers are those of `Abi`. */
  readonly registers: Int32Array;
  /** Unsigned address of the next instruction. */
  pc: number;
  /** Native instructions executed so far. */
  readonly instructions: number;
  /**
   * Executes until the next instruction's address lies outside the text (returns true) or `limit` instructions are executed in
   * all (returns false). Throws CpuFault on undefined instructions and what the bus refuses; `pc` is then the culprit's.
   */
  run(limit: number): boolean;
  /** Puts arbitrary values (from `random`, 32-bit) into what a called function may destroy: flags and scratch state. */
  scramble(random: () => number): void;
  /** Address and text of an instruction, for fault messages. */
  describe(address: number): string;
}

/** The platform's C calling convention, as data. */
export interface Abi {
  /** Registers of the first argument words, in order. */
  readonly argumentRegisters: readonly number[];
  /** 64-bit arguments start at an even word, in registers and on the stack. */
  readonly alignPairs: boolean;
  /** Without `alignPairs`: 64-bit arguments that lie on the stack as a whole start at an even word there. */
  readonly alignStackPairs?: boolean;
  readonly resultRegisters: readonly [lo: number, hi: number];
  /** Registers that a called function may destroy (arguments and results too). */
  readonly callerSaved: readonly number[];
  readonly stackPointer: number;
  readonly stackAlign: number;
  readonly linkRegister: number;
  /** What the link register holds after a trap, behind the start of the site's entry in the trap table. */
  readonly trapLink: 3 | 4;
  /** Holds the instance while a container runs. */
  readonly instanceRegister: number;
  /** Added to an instruction's address to make a code pointer (the Thumb bit). */
  readonly codeBit: number;
}

/** The processor of one core: instructions and accesses that it has not are faults. */
export interface CpuModel {
  readonly arch: NativeArch;
  readonly abi: Abi;
  create(text: Uint8Array, textAddress: number, bus: Bus): Cpu;
}
