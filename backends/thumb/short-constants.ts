// SPDX-License-Identifier: MIT
import type { Asm, Label } from '../../compiler/codegen/machine.js';
import type { Features } from '../../compiler/codegen/select.js';
import { INSTANCE_REG, LR, SCRATCH } from './abi.js';
import { CONDITIONS } from './isa-names.js';
import { invert, negate } from './lower-constants.js';

/**
 * Constants, addresses and jumps with 16-bit encodings, for cores without the ARMv7-M instructions. Everything here writes
 * the flags, and registers are low ones unless it says otherwise.
 */

/** Does movs take it? */
export const isByte = (v: number): boolean => v >= 0 && v <= 0xff;

/** Places of a byte in a word: v = byte << shift with shift > 0, or null. */
function shiftedByte(v: number): { byte: number; shift: number } | null {
  const shift = v === 0 ? 0 : 31 - Math.clz32(v & -v);
  const byte = v >>> shift;
  return shift > 0 && byte <= 0xff ? { byte, shift } : null;
}

/** Can two instructions of 2 bytes make it, where movs cannot? */
export function isTwoStep(v: number): boolean {
  return shiftedByte(v) !== null || (v > 0xff && v <= 0x1fe) || invert(v) <= 0xff;
}

/** rd = v in as few bytes as possible: up to 4, else the literal pool. */
export function loadShort(rd: number, v: number, asm: Asm, features: Features): void {
  const shifted = shiftedByte(v);
  if (isByte(v)) asm.inst('movs.i', rd, v);
  else if (features.v8mbase && v <= 0xffff) asm.inst('movw', rd, v);
  else if (shifted) {
    asm.inst('movs.i', rd, shifted.byte);
    asm.inst('lsls.i', rd, rd, shifted.shift);
  } else if (v <= 0x1fe) {
    asm.inst('movs.i', rd, 0xff);
    asm.inst('adds.i', rd, rd, v - 0xff);
  } else if (invert(v) <= 0xff) {
    asm.inst('movs.i', rd, invert(v));
    asm.inst('mvns', rd, rd);
  } else asm.literal(rd, v);
}

/** rd = v without a literal pool: byte by byte from the top, at most 7 instructions. */
export function loadByBytes(rd: number, v: number, asm: Asm): void {
  let begun = false;
  let shift = 0;
  for (const byte of [v >>> 24, (v >>> 16) & 0xff, (v >>> 8) & 0xff, v & 0xff]) {
    shift += 8;
    if (byte === 0) continue;
    if (!begun) asm.inst('movs.i', rd, byte);
    else {
      asm.inst('lsls.i', rd, rd, shift);
      asm.inst('adds.i', rd, rd, byte);
    }
    begun = true;
    shift = 0;
  }
  if (!begun) asm.inst('movs.i', rd, 0);
  else if (shift > 0) asm.inst('lsls.i', rd, rd, shift);
}

/** How one instruction adds the constant `c`: to another register if `apart`, else in place. null: none does. */
export function addShort(c: number, apart: boolean): { name: 'adds.i' | 'subs.i'; imm: number } | null {
  const most = apart ? 7 : 0xff;
  if (c <= most) return { name: 'adds.i', imm: c };
  return negate(c) <= most ? { name: 'subs.i', imm: negate(c) } : null;
}

/** rd = rn + c. In place, a constant that takes more than two instructions goes through the scratch register. */
export function addShortTo(rd: number, rn: number, c: number, asm: Asm, features: Features): void {
  const one = addShort(c, rd !== rn);
  if (c === 0) {
    if (rd !== rn) asm.inst('mov', rd, rn);
  } else if (one) asm.inst(one.name, rd, rn, one.imm);
  else if (rd !== rn) {
    const down = !isByte(c) && isByte(negate(c));
    loadShort(rd, down ? negate(c) : c, asm, features);
    if (down) asm.inst('subs', rd, rn, rd);
    else asm.inst('adds', rd, rn, rd);
  } else if (c <= 0x1fe) {
    asm.inst('adds.i', rd, rd, 0xff);
    asm.inst('adds.i', rd, rd, c - 0xff);
  } else {
    asm.inst('mov', SCRATCH, rn);
    loadShort(rd, c, asm, features);
    asm.inst('add', rd, rd, SCRATCH);
  }
}

/** Largest offset of a word load from a low base. */
const WORD_REACH = 124;

/** rd = the instance's field at `offset`, a multiple of 4. */
export function loadField(rd: number, offset: number, asm: Asm, features: Features): void {
  if (offset <= WORD_REACH) {
    asm.inst('mov', rd, INSTANCE_REG);
    asm.inst('ldr', rd, rd, offset);
    return;
  }
  // What is left for the load keeps the constant short.
  const rest = offset <= 0xff + WORD_REACH ? Math.max(0, offset - 0xfc) : offset & WORD_REACH;
  loadShort(rd, offset - rest, asm, features);
  asm.inst('add', rd, rd, INSTANCE_REG);
  asm.inst('ldr', rd, rd, rest);
}

/**
 * The unconditional jump for any distance: where `b` has no long form, `bl`, which destroys LR. So that is only for what does not
 * come back (`leaves`) and for functions that have saved it; others are small enough for `b` (lower-frame.ts).
 */
export const farJump = (asm: Pick<Asm, 'frame'>, leaves: boolean): 'jump' | 'b' =>
  leaves || asm.frame.saved.includes(LR) ? 'jump' : 'b';

/** Jumps to `label` if condition number `condition` holds. `leaves`: the label is a trap. */
export function jumpIfShort(condition: number, label: Label, leaves: boolean, asm: Asm): void {
  const over = asm.newLabel();
  asm.either(
    (near) => near.ref(`b${CONDITIONS[condition]!}`, label),
    (far) => {
      far.ref(`b${CONDITIONS[condition ^ 1]!}`, over);
      far.ref(farJump(far, leaves), label);
    },
  );
  asm.bind(over);
}
