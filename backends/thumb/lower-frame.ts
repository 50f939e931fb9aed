// SPDX-License-Identifier: MIT
import type { Asm, Frame, MFunc, MInst, MReg, RegMask } from '../../compiler/codegen/machine.js';
import type { Features } from '../../compiler/codegen/select.js';
import { CompileError } from '../../compiler/errors/index.js';
import { INSTANCE } from '../../compiler/image/fields.js';
import {
  CALLEE_SAVED,
  INSTANCE_REG,
  LR,
  MAX_FRAME_OFFSET,
  MAX_SHORT_ADJUST,
  maskOf,
  PC,
  R0,
  R1,
  R3,
  SCRATCH,
  SP,
  STACK_ALIGN,
} from './abi.js';
import { loadField } from './short-constants.js';
import { loadFromStack, MOMENTARY, storeToStack } from './short-stack.js';

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

/** The same with 16-bit encodings. */
export const spillStoreShort = (src: MReg, slot: number): MInst => ({
  ...spillStore(src, slot),
  expand: ([s, n], asm) => storeToStack(s!, asm.frame.spillOffset + 4 * n!, asm),
});

export const spillLoadShort = (dst: MReg, slot: number): MInst => ({
  ...spillLoad(dst, slot),
  expand: ([d, n], asm) => loadFromStack(d!, asm.frame.spillOffset + 4 * n!, asm),
});

const registersOf = (mask: RegMask): number[] =>
  Array.from({ length: 16 }, (_, r) => r).filter((r) => (mask >>> r) & 1);

/**
 * Machine instructions in a function up to which jumps reach with 16 bits, 60 bytes for each: more than nearly all take. One that
 * proves larger all the same is refused (FCC0510), as its jumps have no other form.
 */
const SURELY_NEAR = 32;

/** May it have to jump by `bl`, which destroys the return address? Only where `b` has no 32-bit form. */
function jumpsFar(fn: MFunc): boolean {
  const size = fn.blocks.reduce((n, b) => n + b.insts.length + 1, 0);
  // A block that traps jumps to the end of the text.
  return size > SURELY_NEAR || fn.blocks.some((b) => b.term.kind === 'trap');
}

/**
 * Lays out the frame. Entries save nothing but the return address (the runtime saves the rest). Functions that call keep
 * SP 8-aligned; one word of padding is pushed as r3, which holds nothing at either end of a function.
 * Errors: FCC0501 if some frame word is out of reach of one load or store.
 */
export const frame =
  (features: Features) =>
  (fn: MFunc, spillSlots: number, used: RegMask): Frame => {
    const kept = fn.entry ? 0 : used & CALLEE_SAVED;
    const keepsLink = fn.hasCalls || (!features.v8mbase && jumpsFar(fn));
    let saved = registersOf(kept | (keepsLink ? maskOf(LR) : used & maskOf(LR)));
    const spillOffset = fn.outgoingBytes;
    let adjust = fn.outgoingBytes + 4 * spillSlots;
    if (fn.hasCalls && (adjust + 4 * saved.length) % STACK_ALIGN !== 0) {
      if (adjust === 0) saved = [R3, ...saved];
      else adjust += 4;
    }
    const incomingOffset = adjust + 4 * saved.length;
    const arguments_ = fn.entry ? 0 : 4 * 10;
    const most = MAX_FRAME_OFFSET - arguments_ - (features.v7m ? 0 : MOMENTARY);
    if (incomingOffset > most) {
      throw new CompileError('FCC0501', `function ${fn.name} needs too much native stack`, {
        at: { function: fn.name },
        expected: `at most ${most} bytes`,
        got: `${incomingOffset} bytes`,
        help: 'split the function so that fewer values are alive at once',
      });
    }
    return { incomingOffset, spillOffset, saved, entry: fn.entry, adjust };
  };

/** Bytes of native stack: saved registers, return address, spills and outgoing arguments. */
export const stackBytes =
  (features: Features) =>
  (f: Frame): number =>
    f.adjust + 4 * f.saved.length + (features.v7m || f.adjust === 0 ? 0 : MOMENTARY);

/** Moves SP by a frame's size, in steps as large as one instruction takes. */
function moveStack(name: 'add.i' | 'sub.i', bytes: number, asm: Asm, features: Features): void {
  const most = features.v7m ? MAX_FRAME_OFFSET : MAX_SHORT_ADJUST;
  for (let left = bytes; left > 0; left -= most) asm.inst(name, SP, SP, Math.min(left, most));
}

export const prologue =
  (features: Features) =>
  (asm: Asm): void => {
    const { saved, adjust } = asm.frame;
    if (saved.length > 0) asm.inst('push', maskOf(...saved));
    moveStack('sub.i', adjust, asm, features);
  };

export const epilogue =
  (features: Features) =>
  (asm: Asm): void => {
    const { saved, adjust } = asm.frame;
    moveStack('add.i', adjust, asm, features);
    const returns = saved.includes(LR);
    if (saved.length > 0) asm.inst('pop', maskOf(...saved.map((r) => (r === LR ? PC : r))));
    if (!returns) asm.inst('bx', LR);
  };

export const trapCommon =
  (features: Features) =>
  (code: number, asm: Asm): void => {
    const to = features.v7m ? SCRATCH : R1;
    asm.inst('movs.i', R0, code);
    if (features.v7m) asm.inst('ldr', to, INSTANCE_REG, INSTANCE.offset.trap);
    else loadField(to, INSTANCE.offset.trap, asm, features);
    asm.inst('bx', to);
  };
