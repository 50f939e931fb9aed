// SPDX-License-Identifier: MIT
import type { Asm, Frame, MFunc, MInst, MReg, RegMask } from '../../compiler/codegen/machine.js';
import { CompileError } from '../../compiler/errors/index.js';
import { INSTANCE } from '../../compiler/image/fields.js';
import {
  CALLEE_SAVED,
  INSTANCE_REG,
  LR,
  MAX_FRAME_OFFSET,
  maskOf,
  PC,
  R0,
  R3,
  SCRATCH,
  SP,
  STACK_ALIGN,
} from './abi.js';

/** What the allocator inserts and what surrounds a function: see Target for each function's meaning. */

const NOWHERE = { func: 0, slot: 0 };

export function move(dst: MReg, src: MReg): MInst {
  return {
    name: 'mov',
    specs: [{ role: 'def' }, { role: 'use' }],
    operands: [dst, src],
    clobbers: 0,
    origin: NOWHERE,
    move: true,
    expand: ([d, s], asm) => asm.inst('mov', d!, s!),
  };
}

export function spillStore(src: MReg, slot: number): MInst {
  return {
    name: 'spill',
    specs: [{ role: 'use' }, { role: 'imm' }],
    operands: [src, slot],
    clobbers: 0,
    origin: NOWHERE,
    expand: ([s, n], asm) => asm.inst('str', s!, SP, asm.frame.spillOffset + 4 * n!),
  };
}

export function spillLoad(dst: MReg, slot: number): MInst {
  return {
    name: 'reload',
    specs: [{ role: 'def' }, { role: 'imm' }],
    operands: [dst, slot],
    clobbers: 0,
    origin: NOWHERE,
    expand: ([d, n], asm) => asm.inst('ldr', d!, SP, asm.frame.spillOffset + 4 * n!),
  };
}

const registersOf = (mask: RegMask): number[] =>
  Array.from({ length: 16 }, (_, r) => r).filter((r) => (mask >>> r) & 1);

/**
 * Lays out the frame. Entries save nothing but the return address (the runtime saves the rest). Functions that call keep
 * SP 8-aligned; one word of padding is pushed as r3, which holds nothing at either end of a function.
 * Errors: FCC0501 if some frame word is out of reach of one load or store.
 */
export function frame(fn: MFunc, spillSlots: number, used: RegMask): Frame {
  const kept = fn.entry ? 0 : used & CALLEE_SAVED;
  let saved = registersOf(kept | (fn.hasCalls ? maskOf(LR) : used & maskOf(LR)));
  const spillOffset = fn.outgoingBytes;
  let adjust = fn.outgoingBytes + 4 * spillSlots;
  if (fn.hasCalls && (adjust + 4 * saved.length) % STACK_ALIGN !== 0) {
    if (adjust === 0) saved = [R3, ...saved];
    else adjust += 4;
  }
  const incomingOffset = adjust + 4 * saved.length;
  const arguments_ = fn.entry ? 0 : 4 * 10;
  if (incomingOffset + arguments_ > MAX_FRAME_OFFSET) {
    throw new CompileError('FCC0501', `function ${fn.name} needs too much native stack`, {
      at: { function: fn.name },
      expected: `at most ${MAX_FRAME_OFFSET - arguments_} bytes`,
      got: `${incomingOffset} bytes`,
      help: 'split the function so that fewer values are alive at once',
    });
  }
  return { incomingOffset, spillOffset, saved, entry: fn.entry, adjust };
}

/** Bytes of native stack: saved registers, return address, spills, outgoing arguments. */
export const stackBytes = (f: Frame): number => f.adjust + 4 * f.saved.length;

export function prologue(asm: Asm): void {
  const { saved, adjust } = asm.frame;
  if (saved.length > 0) asm.inst('push', maskOf(...saved));
  if (adjust > 0) asm.inst('sub.i', SP, SP, adjust);
}

export function epilogue(asm: Asm): void {
  const { saved, adjust } = asm.frame;
  if (adjust > 0) asm.inst('add.i', SP, SP, adjust);
  const returns = saved.includes(LR);
  if (saved.length > 0) asm.inst('pop', maskOf(...saved.map((r) => (r === LR ? PC : r))));
  if (!returns) asm.inst('bx', LR);
}

export function trapCommon(code: number, asm: Asm): void {
  asm.inst('movs.i', R0, code);
  asm.inst('ldr', SCRATCH, INSTANCE_REG, INSTANCE.offset.trap);
  asm.inst('bx', SCRATCH);
}
