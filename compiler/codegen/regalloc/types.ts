// SPDX-License-Identifier: MIT
import type { MBlock, MFunc, MInst, MReg, MTerm, RegMask } from '../machine.js';
import type { Target } from '../target.js';

/** Where a value is: physical register r as r, spill slot s as SLOT + s. */
export type Loc = number;
export const SLOT = 1 << 20;
export const isSlot = (l: Loc): boolean => l >= SLOT;

/** What the allocator asks of a target. */
export type AllocTarget = Pick<Target, 'registers' | 'move' | 'spillStore' | 'spillLoad' | 'scratch'>;

/**
 * One instruction after allocation. `source`: index of the MInst it was in the block's `insts`; an inserted one has
 * `copies`: it copies `from` to `to`, or repeats the instruction that defined the virtual register `remat` into `to`.
 */
export type AInst =
  | { readonly inst: MInst; readonly source: number }
  | { readonly inst: MInst; readonly copies: { readonly from: Loc; readonly to: Loc } }
  | { readonly inst: MInst; readonly remat: { readonly vreg: MReg; readonly to: Loc } };

export interface ABlock {
  readonly id: number;
  readonly insts: AInst[];
  /** Operands are physical; edges have no arguments left. */
  readonly term: MTerm;
  /** The block it was, or null if it was inserted on an edge. */
  readonly original: MBlock | null;
  readonly bound?: number;
}

export interface Allocation {
  readonly fn: MFunc;
  /** First the entry; the order is that of `fn`, inserted blocks at the end. */
  readonly blocks: ABlock[];
  readonly spillSlots: number;
  /** Every register that the function writes, clobbers of calls included. */
  readonly usedRegisters: RegMask;
}
