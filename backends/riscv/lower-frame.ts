// SPDX-License-Identifier: MIT
import type { Asm, Frame, MFunc, MInst, MReg, RegMask } from '../../compiler/codegen/machine.js';
import { CompileError } from '../../compiler/errors/index.js';
import { INSTANCE } from '../../compiler/image/fields.js';
import { A0, type Abi, MAX_FRAME_OFFSET, maskOf, RA, SP, ZERO } from './abi.js';
import { loadConstant } from './lower-constants.js';

/** What the allocator inserts and what surrounds a function: see Target for each function's meaning. */

const NOWHERE = { func: 0, slot: 0 };
/** Words of arguments at most: five of 64 bits. */
const ARGUMENT_WORDS = 10;

export function move(dst: MReg, src: MReg): MInst {
  return {
    name: 'mv',
    specs: [{ role: 'def' }, { role: 'use' }],
    operands: [dst, src],
    clobbers: 0,
    origin: NOWHERE,
    move: true,
    expand: ([d, s], asm) => asm.inst('addi', d!, s!, 0),
  };
}

export function spillStore(src: MReg, slot: number): MInst {
  return {
    name: 'spill',
    specs: [{ role: 'use' }, { role: 'imm' }],
    operands: [src, slot],
    clobbers: 0,
    origin: NOWHERE,
    expand: ([s, n], asm) => asm.inst('sw', s!, SP, asm.frame.spillOffset + 4 * n!),
  };
}

export function spillLoad(dst: MReg, slot: number): MInst {
  return {
    name: 'reload',
    specs: [{ role: 'def' }, { role: 'imm' }],
    operands: [dst, slot],
    clobbers: 0,
    origin: NOWHERE,
    expand: ([d, n], asm) => asm.inst('lw', d!, SP, asm.frame.spillOffset + 4 * n!),
  };
}

const registersOf = (mask: RegMask): number[] =>
  Array.from({ length: 32 }, (_, r) => r).filter((r) => (mask >>> r) & 1);

/**
 * Lays out the frame. Entries save nothing but the return address (the runtime saves the rest). SP stays aligned.
 * Errors: FCC0501 if some frame word is out of reach of one load or store.
 */
export function frame(abi: Abi, fn: MFunc, spillSlots: number, used: RegMask): Frame {
  const kept = fn.entry ? 0 : used & abi.calleeSaved;
  const saved = registersOf(kept | (fn.hasCalls ? maskOf(RA) : used & maskOf(RA)));
  const spillOffset = fn.outgoingBytes;
  const needed = fn.outgoingBytes + 4 * (spillSlots + saved.length);
  const incomingOffset = Math.ceil(needed / abi.stackAlign) * abi.stackAlign;
  const most = MAX_FRAME_OFFSET - (fn.entry ? 0 : 4 * ARGUMENT_WORDS);
  if (incomingOffset > most) {
    throw new CompileError('FCC0501', `function ${fn.name} needs too much native stack`, {
      at: { function: fn.name },
      expected: `at most ${most} bytes`,
      got: `${incomingOffset} bytes`,
      help: 'split the function so that fewer values are alive at once',
    });
  }
  return { incomingOffset, spillOffset, saved, entry: fn.entry, adjust: incomingOffset - 4 * saved.length };
}

/** Bytes of native stack: saved registers, return address, spills, outgoing arguments. */
export const stackBytes = (f: Frame): number => f.incomingOffset;

export function prologue(asm: Asm): void {
  const { saved, adjust, incomingOffset } = asm.frame;
  if (incomingOffset > 0) asm.inst('addi', SP, SP, -incomingOffset);
  saved.forEach((r, i) => {
    asm.inst('sw', r, SP, adjust + 4 * i);
  });
}

export function epilogue(asm: Asm): void {
  const { saved, adjust, incomingOffset } = asm.frame;
  saved.forEach((r, i) => {
    asm.inst('lw', r, SP, adjust + 4 * i);
  });
  if (incomingOffset > 0) asm.inst('addi', SP, SP, incomingOffset);
  asm.inst('jalr', ZERO, RA, 0);
}

export function trapCommon(abi: Abi, code: number, asm: Asm): void {
  loadConstant(A0, code, asm);
  asm.inst('lw', abi.scratch, abi.instance, INSTANCE.offset.trap);
  asm.inst('jalr', ZERO, abi.scratch, 0);
}
