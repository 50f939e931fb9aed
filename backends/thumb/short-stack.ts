// SPDX-License-Identifier: MIT
import type { Asm } from '../../compiler/codegen/machine.js';
import { MAX_SHORT_FRAME_OFFSET, maskOf, R0, R1, SP } from './abi.js';

/**
 * Words of the frame with 16-bit encodings, of any register: the allocator asks for the scratch register, which is a high one,
 * where it copies from slot to slot. What is in the way is pushed for a moment, which moves the frame up.
 */

/** Bytes that are pushed at most. */
export const MOMENTARY = 8;

/** Largest offset of a word load from a low base, in words of 4 bytes. */
const REST = 124;

/** r = SP + offset but for what a load or store can add, which is returned. */
function addressTo(r: number, offset: number, asm: Asm): number {
  const rest = offset & REST;
  // At most 2^15, so the rest is a byte when shifted.
  asm.inst('movs.i', r, (offset - rest) >> 7);
  asm.inst('lsls.i', r, r, 7);
  asm.inst('add', r, SP, r);
  return rest;
}

/** Lets `write` work in a low register whose value then goes to `rd`; `pushed`: bytes by which SP is lower meanwhile. */
export function viaLow(rd: number, asm: Asm, write: (low: number, pushed: number) => void): void {
  if (rd < 8) {
    write(rd, 0);
    return;
  }
  asm.inst('push', maskOf(R0));
  write(R0, 4);
  asm.inst('mov', rd, R0);
  asm.inst('pop', maskOf(R0));
}

/** rd = word at SP + offset. */
export function loadFromStack(rd: number, offset: number, asm: Asm): void {
  viaLow(rd, asm, (low, pushed) => {
    const at = offset + pushed;
    if (at <= MAX_SHORT_FRAME_OFFSET) asm.inst('ldr', low, SP, at);
    else {
      const rest = addressTo(low, at, asm);
      asm.inst('ldr', low, low, rest);
    }
  });
}

/** Word at SP + offset = rs. */
export function storeToStack(rs: number, offset: number, asm: Asm): void {
  if (rs < 8 && offset <= MAX_SHORT_FRAME_OFFSET) {
    asm.inst('str', rs, SP, offset);
    return;
  }
  const low = rs < 8 ? rs : R1;
  const address = low === R0 ? R1 : R0;
  asm.inst('push', maskOf(R0, R1));
  if (low !== rs) asm.inst('mov', low, rs);
  const rest = addressTo(address, offset + MOMENTARY, asm);
  asm.inst('str', low, address, rest);
  asm.inst('pop', maskOf(R0, R1));
}
