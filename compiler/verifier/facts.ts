// SPDX-License-Identifier: MIT
import type { CompileError } from '../errors/index.js';

/**
 * What the verifier tells the rest of the compiler. Facts are keyed by function index and slot. A missing fact means
 * "unknown", and unknown always means a guard. Nothing here knows a target.
 */

/** The memory object a pointer belongs to. `frame` is the stack frame of function `func` (no recursion: one at a time). */
export type Region =
  | { readonly kind: 'frame'; readonly func: number }
  /** .data + .bss: bytes [0, data.length + bssLength) of the writable block. */
  | { readonly kind: 'data' }
  | { readonly kind: 'rodata' }
  | { readonly kind: 'context' }
  /** Index into contract.regions. */
  | { readonly kind: 'granted'; readonly index: number };

export interface AccessFact {
  /** null: provenance unknown, the address is just a number; needs a search of the region table. */
  readonly region: Region | null;
  /** Shown to lie inside the region (or an allowed field of it) with the right needed: no guard. Implies region != null. */
  readonly proved: boolean;
  /** The offset from the region's base is known to fit in a signed 32-bit number, so that comparing low lanes is exact. */
  readonly offset32: boolean;
  /** Largest power of two up to 8 that is known to divide the address, from region alignment and offset. */
  readonly align: 1 | 2 | 4 | 8;
  readonly write: boolean;
  /**
   * For a proved access: the bytes it may touch, [from, to) counted from the region's base, for a frame from its top (r10), so negative
   * there. Absent: any byte of the region.
   */
  readonly span?: readonly [from: number, to: number];
  /**
   * For a load that reads a trusted context field: the value is the base or the length of a granted region, to be taken
   * from the instance's region table and not from memory.
   */
  readonly trusted?: {
    readonly what: 'base' | 'length';
    readonly index: number;
    /** For a length: bytes per unit, the value is the length divided by it, rounded down. Absent: 1. */
    readonly unit?: number;
  };
}

/** Per pointer argument of a helper call; `length` is the byte count if constant. */
export interface HelperArgFact extends Omit<AccessFact, 'trusted'> {
  readonly arg: number;
}

/** Inclusive bounds of a 64-bit value; `known`/`value`: bits that are certain (known mask) and what they are. */
export interface ValueFact {
  readonly umin: bigint;
  readonly umax: bigint;
  readonly smin: bigint;
  readonly smax: bigint;
  readonly known: bigint;
  readonly value: bigint;
}

/**
 * Callees of an indirect call: any other value of the register is a trap. A program that takes no function's address calls helpers
 * by number.
 */
export type IndirectFact =
  | { readonly kind: 'functions'; readonly funcs: readonly number[] }
  | { readonly kind: 'helper'; readonly id: number };

export interface FunctionFacts {
  /** By slot; instructions that no execution reaches are false and are not compiled. */
  readonly reachable: readonly boolean[];
  /** Loads, stores and atomics, by slot. */
  readonly accesses: ReadonlyMap<number, AccessFact>;
  /** Pointer arguments of helper calls, by slot. */
  readonly helperArgs: ReadonlyMap<number, readonly HelperArgFact[]>;
  /** Conditional branches that always or never jump, by slot. */
  readonly branches: ReadonlyMap<number, 'always' | 'never'>;
  /**
   * Value of the destination register after an instruction at this slot, where something useful is known of a scalar
   * (for example a load known to be at most 255 is recorded by its range anyway; a division result, an and-mask).
   */
  readonly results: ReadonlyMap<number, ValueFact>;
  /**
   * Loops whose rounds are bounded, by slot of the loop's first instruction: how often at most an edge back to it is taken each time
   * the loop is entered.
   */
  readonly loops: ReadonlyMap<number, number>;
  /** What indirect calls may call, by slot. */
  readonly callees: ReadonlyMap<number, IndirectFact>;
  /** Registers r1..r5 that the function may read as arguments. */
  readonly argsUsed: readonly boolean[];
  /** Bytes of stack frame the function can touch below r10, a multiple of 8, 0 if none, at most 512. */
  readonly frameBytes: number;
  /** Some stack byte may be read before it was written: the frame has to be zeroed on entry. */
  readonly zeroFrame: boolean;
}

/** A program that may be compiled. `functions[i]` is undefined for functions no entry reaches. */
export interface Facts {
  readonly functions: readonly (FunctionFacts | undefined)[];
  /** Entry function indices these facts hold for. */
  readonly entries: readonly number[];
}

/** Verdict for one entry point: facts, or every error found (at least one, most important first). */
export type Verdict =
  | { readonly entry: number; readonly verdict: 'accepted'; readonly facts: Facts }
  | { readonly entry: number; readonly verdict: 'rejected'; readonly errors: readonly CompileError[] };
