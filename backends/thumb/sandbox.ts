// SPDX-License-Identifier: MIT
import { INSTANCE_REG, LR, PC, SCRATCH, SP } from './abi.js';

/**
 * What text of this target may look like: the promises that selection keeps and that a judge of machine code can rely on.
 * Everything that is not named here does not occur.
 */

/** Registers with one meaning everywhere in text. */
export const RESERVED = [
  { register: INSTANCE_REG, holds: 'the instance', written: 'never' },
  { register: SP, holds: 'the native stack', written: 'push, pop, and add and sub of a constant at entry and return' },
  {
    register: LR,
    holds: 'the return address or an allocated value',
    written: 'bl, blx, and as any allocated register',
  },
  { register: PC, holds: 'the place', written: 'b, bl, blx, bx, cbz, cbnz and pop' },
  { register: SCRATCH, holds: 'nothing between two selected operations', written: 'anywhere' },
] as const;

/** How a memory access may name its address. `guarded`: base or sum is shown or guarded to lie in a region. */
export const MEMORY_FORMS = [
  { base: 'instance', offset: 'constant', write: 'the fuel field only', guarded: false },
  {
    base: 'low register just copied from the instance',
    offset: 'constant',
    write: 'the fuel field only',
    guarded: false,
  },
  { base: 'sp', offset: 'constant inside the frame', write: 'any', guarded: false },
  { base: 'pc', offset: 'constant: literal pool of the function', write: 'no', guarded: false },
  { base: 'allocated or scratch register', offset: 'constant -255..4095', write: 'any', guarded: true },
  {
    base: 'allocated register, which then moves on by the constant or has done so',
    offset: 'constant -255..255, of pairs -1020..1020',
    write: 'any',
    guarded: true,
  },
  { base: 'allocated register', offset: 'allocated register, shifted left by 0..3', write: 'any', guarded: true },
] as const;

/** How control may move. */
export const FLOW_FORMS = [
  { form: 'b, bCOND, cbz, cbnz', to: 'a block of the same function, a trap stub, or over a literal pool' },
  { form: 'bl', to: "a function's first instruction, or from a trap stub to its common code" },
  { form: 'bl where LR is saved or nothing returns (no 32-bit b)', to: 'what b goes to' },
  { form: 'ldr r12, [r9, #slot]; blx r12', to: 'the helper or intrinsic of an import slot' },
  { form: 'the slot by way of a low register, from r9 or a copy of it in r0; blx that register', to: 'the same' },
  { form: 'ldr r12, [r9, #trap]; bx r12, or by way of r1', to: 'the runtime, from the trap code' },
  { form: 'pop {.., pc} or bx lr', to: 'the caller' },
] as const;

/** Shapes of guards; each is one selected operation, nothing is put inside it. */
export const GUARD_SHAPES = [
  { op: 'trapif', shape: 'compare; bCOND stub, or cbz/cbnz stub; no comparison where its flags are there already' },
  { op: 'search', shape: 'mov r0, r9; r3 = rights; call through the slot; cbz r0, stub or cmp r0, #0; beq stub' },
  { op: 'search', shape: 'the same through a low register; cbz r0 or cmp r0, #0 and a jump to the stub' },
  { op: 'fuel', shape: 'mov t, r9; ldr u, [t, #fuel]; subs u, amount; jump on lo to the stub; str u, [t, #fuel]' },
  { op: 'fuel', shape: 'ldr r12, [r9, #fuel]; subs r12, amount; blo stub; str r12, [r9, #fuel]' },
] as const;
