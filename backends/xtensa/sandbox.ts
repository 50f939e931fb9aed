// SPDX-License-Identifier: MIT
import { INSTANCE_REG, LINK, SCRATCH, SP } from './abi.js';

/**
 * What text of this target may look like: the promises that selection keeps and that a judge of machine code can rely on.
 * Everything that is not named here does not occur.
 */

/** Registers with one meaning everywhere in text. */
export const RESERVED = [
  { register: INSTANCE_REG, holds: 'the instance', written: 'never' },
  { register: SP, holds: 'the native stack', written: 'addi, addmi and add of a constant at entry and return' },
  {
    register: LINK,
    holds: 'the return address or an allocated value',
    written: 'call0, callx0, and as any allocated register',
  },
  { register: SCRATCH, holds: 'nothing between two selected operations', written: 'anywhere' },
] as const;

/** Special registers; each is written before it is read within one selected operation. */
export const SPECIAL = [
  { register: 'SAR', written: 'ssl, ssr, ssai', read: 'sll, srl, sra, src' },
  { register: 'LBEG, LEND, LCOUNT', written: 'loop', read: 'its end; LCOUNT is 0 outside loops' },
  { register: 'SCOMPARE1', written: 'wsr.scompare1', read: 's32c1i' },
] as const;

/** How a memory access may name its address. `guarded`: base or sum is shown or guarded to lie in a region. */
export const MEMORY_FORMS = [
  { base: 'instance', offset: 'constant', write: 'the fuel field only', guarded: false },
  { base: 'instance + multiple of 256 in the scratch register', offset: 'constant', write: 'no', guarded: false },
  { base: 'sp', offset: 'constant inside the frame', write: 'any', guarded: false },
  { base: 'sp + multiple of 256 in any register', offset: 'constant inside the frame', write: 'any', guarded: false },
  { base: 'l32r', offset: 'literal pool in front of the function', write: 'no', guarded: false },
  { base: 'allocated register', offset: 'constant, 0..255 units', write: 'any', guarded: true },
] as const;

/** How control may move. */
export const FLOW_FORMS = [
  { form: 'j, bCOND', to: 'an instruction of the same function, or a trap stub' },
  { form: 'loop', to: 'itself once more from the end of its body, which has no branch and no call' },
  { form: 'call0', to: "a function's first instruction, or from a trap stub to its common code" },
  { form: 'l32i a11, [a15 + slot]; callx0 a11', to: 'the helper or intrinsic of an import slot' },
  { form: 'l32i a11, [a15 + trap]; jx a11', to: 'the runtime, from the trap code' },
  { form: 'ret', to: 'the caller' },
] as const;

/** Shapes of guards; each is one selected operation, nothing is put inside it. */
export const GUARD_SHAPES = [
  { op: 'trapif', shape: 'bCOND stub, or a11 = test; beqz or bnez a11, stub; or the opposite branch over j stub' },
  { op: 'search', shape: 'a2 = a15; a5 = rights; call through the slot; beqz a2, stub' },
  { op: 'fuel', shape: 'a11 = fuel; branch to the stub if a11 < amount; a11 -= amount; fuel = a11' },
] as const;
