// SPDX-License-Identifier: MIT
import type { Origin, TrapName } from '../ir/ir.js';

/**
 * Machine code between selection and emission: blocks of MInst over virtual registers. Every MInst is closed: condition
 * flags and other hidden state never live from one MInst to the next, so the allocator may put moves, reloads and
 * spills anywhere between two of them. What needs flags (add/adc, compare and branch) is one MInst whose `expand` writes
 * several instructions after allocation.
 */

/** 0..31 physical register number of the target, FIRST_VREG and up virtual. */
export type MReg = number;
export const FIRST_VREG = 64;
export const isVirtual = (r: MReg): boolean => r >= FIRST_VREG;

/** Bit i: physical register i. Held as an unsigned 32-bit number. */
export type RegMask = number;

/**
 * How an instruction uses one operand.
 *  use:  read at the start. def: written at the end, may share a register with a use (unless `early`).
 *  temp: scratch, written at any time, distinct from all uses, defs and other temps; the operand is a fresh vreg.
 *  imm:  an integer that the allocator ignores.
 *  `mask` restricts the register (default: all allocatable); `fixed` names the one register.
 *  `tied` on a def: must get the register of the use at that operand index.
 *  `near` on a def: the register of one of the uses at those operand indexes makes for a shorter encoding; never worth a move.
 *  `apart` on a def: having the register of one of the uses at those operand indexes costs an instruction.
 *  `early` on a def: written before the uses are read, so distinct from all uses (but the tied one).
 */
export type OperandSpec =
  | { readonly role: 'use'; readonly mask?: RegMask; readonly fixed?: number }
  | {
      readonly role: 'def';
      readonly mask?: RegMask;
      readonly fixed?: number;
      readonly tied?: number;
      readonly early?: boolean;
      readonly near?: readonly number[];
      readonly apart?: readonly number[];
    }
  | { readonly role: 'temp'; readonly mask?: RegMask }
  | { readonly role: 'imm' };

/** A place in the text that a branch, call or literal load refers to; made by the emitter. */
export type Label = number;

/** Frame of a function after allocation. Offsets in bytes from SP as it is between prologue and epilogue. */
export interface Frame {
  /** Bytes from SP to the incoming stack arguments (saved registers, spill slots and outgoing area). */
  readonly incomingOffset: number;
  /** Offset of spill slot i is spillOffset + 4 * i. */
  readonly spillOffset: number;
  /** Registers saved in the prologue, ascending. */
  readonly saved: readonly number[];
  readonly entry: boolean;
  /** Bytes SP moves beyond the saved registers (outgoing area and spill slots, padded). */
  readonly adjust: number;
}

/** What `expand` writes instructions to. Each call appends; the emitter picks the shortest encoding that fits. */
export interface Asm {
  /** One instruction by ISA mnemonic; operands in the order of the ISA row. Throws (our bug) if no row takes them. */
  inst(name: string, ...operands: number[]): void;
  /** A PC-relative instruction whose last operand is a label; grown until it reaches. */
  ref(name: string, label: Label, ...operands: number[]): void;
  /** rd = 32-bit constant from the function's literal pool. */
  literal(rd: number, value: number): void;
  newLabel(): Label;
  bind(label: Label): void;
  /** Writes what `near` writes if its references reach their labels, else what `far` writes. Neither may bind labels or nest. */
  either(near: (asm: Asm) => void, far: (asm: Asm) => void): void;
  /** Label of the stub that raises a trap for this place; sites are numbered by the emitter. */
  trapSite(trap: TrapName, origin: Origin): Label;
  /** Label of a function's first instruction. */
  functionLabel(index: number, entry: boolean): Label;
  readonly frame: Frame;
}

export interface MInst {
  /** For listings and the checker's messages. */
  readonly name: string;
  readonly specs: readonly OperandSpec[];
  /** Registers (virtual before allocation, physical after) and immediates, one per spec. */
  operands: number[];
  /** Physical registers destroyed besides the defs (calls). */
  readonly clobbers: RegMask;
  readonly origin: Origin;
  /** Register-to-register copy of operand 1 (use) to operand 0 (def): the allocator may delete it. */
  readonly move?: boolean;
  /** Writes no memory, cannot trap and only depends on immediates: may be repeated instead of spilled. */
  readonly remat?: boolean;
  /** Most instructions that the expansion executes; needed only if it jumps backwards within itself. */
  readonly executes?: number;
  /** Writes the final instructions from physical registers. Absent on terminators, which have `branch` or `ret`. */
  readonly expand?: (ops: readonly number[], asm: Asm) => void;
}

export interface MEdge {
  block: number;
  args: MReg[];
}

/** A terminator: uses its operands before the moves of its edges take place. */
export type MTerm =
  | { readonly kind: 'jump'; readonly to: MEdge; readonly origin: Origin }
  | {
      readonly kind: 'branch';
      readonly inst: MInst;
      readonly then: MEdge;
      readonly else: MEdge;
      /** Compares and jumps to `label` if the condition holds, or if it does not when `invert`; else falls through. */
      readonly branch: (ops: readonly number[], invert: boolean, label: Label, asm: Asm) => void;
      readonly origin: Origin;
    }
  /** Results are already in their fixed registers by `inst` (uses with `fixed`). The epilogue is the target's. */
  | { readonly kind: 'ret'; readonly inst: MInst; readonly origin: Origin }
  | { readonly kind: 'trap'; readonly trap: TrapName; readonly origin: Origin };

export interface MBlock {
  readonly id: number;
  /** Virtual registers defined at the block's start by its incoming edges. */
  params: MReg[];
  insts: MInst[];
  term: MTerm;
  /** As in ir.Block. */
  readonly bound?: number;
}

/**
 * Invariants (validated before allocation): SSA (each vreg defined once, definitions dominate uses); no critical edge has
 * arguments; blocks[0] has no predecessors and no params (function parameters arrive by MInsts with fixed defs).
 */
export interface MFunc {
  readonly index: number;
  readonly name: string;
  readonly entry: boolean;
  blocks: MBlock[];
  nextVreg: number;
  /** Bytes of outgoing stack arguments needed by any call in it. */
  outgoingBytes: number;
  /** Does it call anything (so that the return address must be saved)? */
  readonly hasCalls: boolean;
}
