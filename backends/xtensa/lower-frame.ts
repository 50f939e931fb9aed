// SPDX-License-Identifier: MIT
import type { Asm, Frame, MFunc, MInst, MReg, RegMask } from '../../compiler/codegen/machine.js';
import type { Features } from '../../compiler/codegen/select.js';
import { CompileError } from '../../compiler/errors/index.js';
import { INSTANCE } from '../../compiler/image/fields.js';
import {
  CALLEE_SAVED,
  FIRST_ARG,
  INSTANCE_REG,
  LINK,
  MAX_FRAME_OFFSET,
  MAX_WORD_OFFSET,
  maskOf,
  SCRATCH,
  SP,
  STACK_ALIGN,
} from './abi.js';
import { isAddi, isAddmi, loadConstant } from './lower-constants.js';

/** What the allocator inserts and what surrounds a function: see Target for each function's meaning. */

const NOWHERE = { func: 0, slot: 0 };
const WORD = 4;
/** Argument words of a local call that may lie on the caller's stack: ten lanes, six of them in registers. */
const INCOMING_BYTES = 4 * WORD;

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

/** rd = the word at SP + offset. */
export function loadFromFrame(rd: number, offset: number, asm: Asm): void {
  if (offset <= MAX_WORD_OFFSET) asm.inst('l32i', rd, SP, offset);
  else {
    asm.inst('addmi', rd, SP, offset & ~0xff);
    asm.inst('l32i', rd, rd, offset & 0xff);
  }
}

/** In a frame that is out of reach of one store, the word below the spill slots is free for this. */
const spareWord = (f: Frame): number => f.spillOffset - WORD;

/** Far away, another register is lent for the address: the scratch register may hold half of a cycle of moves. */
function storeSpill(rs: number, offset: number, asm: Asm): void {
  if (offset <= MAX_WORD_OFFSET) {
    asm.inst('s32i', rs, SP, offset);
    return;
  }
  const lent = rs === FIRST_ARG ? FIRST_ARG + 1 : FIRST_ARG;
  asm.inst('s32i', lent, SP, spareWord(asm.frame));
  asm.inst('addmi', lent, SP, offset & ~0xff);
  asm.inst('s32i', rs, lent, offset & 0xff);
  asm.inst('l32i', lent, SP, spareWord(asm.frame));
}

export function spillStore(src: MReg, slot: number): MInst {
  return {
    name: 'spill',
    specs: [{ role: 'use' }, { role: 'imm' }],
    operands: [src, slot],
    clobbers: 0,
    origin: NOWHERE,
    expand: ([s, n], asm) => storeSpill(s!, asm.frame.spillOffset + WORD * n!, asm),
  };
}

export function spillLoad(dst: MReg, slot: number): MInst {
  return {
    name: 'reload',
    specs: [{ role: 'def' }, { role: 'imm' }],
    operands: [dst, slot],
    clobbers: 0,
    origin: NOWHERE,
    expand: ([d, n], asm) => loadFromFrame(d!, asm.frame.spillOffset + WORD * n!, asm),
  };
}

const registersOf = (mask: RegMask): number[] =>
  Array.from({ length: 16 }, (_, r) => r).filter((r) => (mask >>> r) & 1);

const align = (n: number): number => Math.ceil(n / STACK_ALIGN) * STACK_ALIGN;

/**
 * Lays out the frame. Entries save nothing but the return address (the runtime saves the rest). SP stays 16-aligned; what that
 * costs lies between the spill slots and the saved registers.
 * Errors: FCC0501 if some frame word is out of reach.
 */
export function frame(fn: MFunc, spillSlots: number, used: RegMask): Frame {
  const kept = fn.entry ? 0 : used & CALLEE_SAVED;
  const saved = registersOf(kept | (fn.hasCalls ? maskOf(LINK) : used & maskOf(LINK)));
  const savedBytes = WORD * saved.length;
  const below = fn.outgoingBytes + WORD * spillSlots;
  const spillOffset = fn.outgoingBytes + (below > MAX_WORD_OFFSET ? WORD : 0);
  const incomingOffset = align(spillOffset + WORD * spillSlots + savedBytes);
  const limit = MAX_FRAME_OFFSET - INCOMING_BYTES;
  if (incomingOffset > limit) {
    throw new CompileError('FCC0501', `function ${fn.name} needs too much native stack`, {
      at: { function: fn.name },
      expected: `at most ${limit} bytes`,
      got: `${incomingOffset} bytes`,
      help: 'split the function so that fewer values are alive at once',
    });
  }
  return { incomingOffset, spillOffset, saved, entry: fn.entry, adjust: incomingOffset - savedBytes };
}

/** Bytes of native stack: saved registers, return address, spills, outgoing arguments, padding. */
export const stackBytes = (f: Frame): number => f.incomingOffset;

/** A frame whose saved registers are out of reach from its lower end is made in two steps: first as much as holds them. */
const steps = (f: Frame): { first: number; rest: number } => {
  const first = f.incomingOffset > MAX_WORD_OFFSET ? align(WORD * f.saved.length) : f.incomingOffset;
  return { first, rest: f.incomingOffset - first };
};

/** SP += c. In one step, as interrupts use what is below SP at any time. */
function moveStack(c: number, asm: Asm): void {
  if (c === 0) return;
  if (isAddi(c)) asm.inst('addi', SP, SP, c);
  else if (isAddmi(c)) asm.inst('addmi', SP, SP, c);
  else {
    loadConstant(SCRATCH, c, asm);
    asm.inst('add', SP, SP, SCRATCH);
  }
}

export function prologue(asm: Asm): void {
  const { saved } = asm.frame;
  const { first, rest } = steps(asm.frame);
  moveStack(-first, asm);
  saved.forEach((r, i) => {
    asm.inst('s32i', r, SP, first - WORD * (saved.length - i));
  });
  moveStack(-rest, asm);
}

export function epilogue(asm: Asm): void {
  const { saved } = asm.frame;
  const { first, rest } = steps(asm.frame);
  moveStack(rest, asm);
  saved.forEach((r, i) => {
    asm.inst('l32i', r, SP, first - WORD * (saved.length - i));
  });
  moveStack(first, asm);
  asm.inst('ret');
}

/** A call0 over a word boundary leaves the address of the byte behind it: 3 behind the start of the entry. */
export function trapStub(common: number, asm: Asm): void {
  asm.ref('call0', common);
  asm.inst('pad');
}

/** Bytes of the shared trap code with 2-byte encodings and without; padded, as call0 only reaches multiples of 4. */
const TRAP_COMMON_BYTES = { dense: 7, plain: 9 } as const;

export const trapCommon =
  (features: Features) =>
  (code: number, asm: Asm): void => {
    asm.inst('movi', FIRST_ARG, code);
    asm.inst('l32i', SCRATCH, INSTANCE_REG, INSTANCE.offset.trap);
    asm.inst('jx', SCRATCH);
    for (let at: number = TRAP_COMMON_BYTES[features.density ? 'dense' : 'plain']; at % 4 !== 0; at++) asm.inst('pad');
  };
