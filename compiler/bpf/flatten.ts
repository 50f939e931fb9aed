// SPDX-License-Identifier: MIT
import { OP_CALL, OP_LDDW, SRC_LOCAL } from './isa.js';
import { addressTaken, type BpfFunction, FUNCTION_TAG, type Insn, type Program } from './program.js';

/** Source field of a lddw of a byte of a block, by number of the block in its first immediate (RFC 9669 section 5.4, map by index). */
export const SRC_BLOCK = 6;
/** Numbers of the blocks. */
export const BLOCKS = { data: 0, rodata: 1 } as const;

/** Bytes of one stack frame, and how many there are at most: as the reference interpreter has them. */
export const FLAT_FRAME = 512;
export const MAX_DEPTH = 8;

/** A whole program as one stretch of eBPF, for interpreters. */
export interface FlatProgram {
  /** Functions in order, 8 bytes a slot; calls and blocks by number inside it. */
  readonly code: Uint8Array;
  /** Byte offset of each function of the program. */
  readonly offsets: readonly number[];
  /** Functions whose address is taken: only they may be called indirectly. */
  readonly taken: readonly number[];
  /** Ids of the helpers that it names. */
  readonly helpers: readonly number[];
  /** Whether a register's value may name a helper: an indirect call in a program that takes no function's address. */
  readonly helperByValue: boolean;
  /** Bytes of all frames; 0 if no function uses r10. */
  readonly frameBytes: number;
}

/** Whether any instruction of a function names r10. */
export const isFrameUse = (fn: BpfFunction): boolean => {
  const view = new DataView(fn.bytes.buffer, fn.bytes.byteOffset, fn.bytes.byteLength);
  return fn.insns.some(({ slot }) => {
    const regs = view.getUint8(8 * slot + 1);
    return (regs & 15) === 10 || regs >> 4 === 10;
  });
};

/** Puts all functions of a program one behind the other. Nothing is verified: an interpreter checks what it runs. */
export function flatten(program: Program): FlatProgram {
  const { functions } = program;
  const offsets: number[] = [];
  let length = 0;
  for (const fn of functions) {
    offsets.push(length);
    length += 8 * fn.slots;
  }
  const code = new Uint8Array(length);
  const view = new DataView(code.buffer);
  functions.forEach((fn, i) => {
    code.set(fn.bytes, offsets[i]!);
    for (const insn of fn.insns) patch(view, offsets[i]! / 8 + insn.slot, insn, offsets);
  });
  const all = functions.flatMap((fn) => fn.insns);
  const taken = addressTaken(program);
  return {
    code,
    offsets,
    taken,
    helpers: [...new Set(all.flatMap((i) => (i.kind === 'helper' ? [i.id] : [])))],
    helperByValue: taken.length === 0 && all.some((i) => i.kind === 'callx'),
    frameBytes: functions.some(isFrameUse) ? MAX_DEPTH * FLAT_FRAME : 0,
  };
}

/** Rewrites what an instruction refers to outside its function. */
function patch(view: DataView, slot: number, insn: Insn, offsets: readonly number[]): void {
  const at = 8 * slot;
  const pair = (source: number, low: number, high: number): void => {
    view.setUint8(at, OP_LDDW);
    view.setUint8(at + 1, ('dst' in insn ? insn.dst : 0) | (source << 4));
    view.setInt32(at + 4, low, true);
    view.setInt32(at + 12, high, true);
  };
  if (insn.kind === 'call') {
    view.setUint8(at, OP_CALL);
    view.setUint8(at + 1, SRC_LOCAL << 4);
    view.setInt32(at + 4, offsets[insn.func]! / 8 - (slot + 1), true);
  } else if (insn.kind === 'helper') {
    view.setInt32(at + 4, insn.id, true);
  } else if (insn.kind === 'global') {
    pair(SRC_BLOCK, BLOCKS[insn.ref.block], insn.ref.offset);
  } else if (insn.kind === 'funcaddr') {
    const value = FUNCTION_TAG + BigInt(insn.func);
    pair(0, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  }
}
