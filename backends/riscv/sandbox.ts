// SPDX-License-Identifier: MIT
import { abiOf, RA, SP } from './abi.js';

/**
 * What text of this target may look like: the promises that selection keeps and that a judge of machine code can rely on.
 * Everything that is not named here does not occur.
 */

/** Registers with one meaning everywhere in text of a core with these features. */
export function reservedRegisters(features: Readonly<Record<string, boolean>>) {
  const { instance, scratch } = abiOf(features);
  return [
    { register: 0, holds: 'zero', written: 'by atomics whose old value nobody wants, and by jumps' },
    { register: RA, holds: 'the return address or, with 16 registers, an allocated value', written: 'jal, jalr, lw' },
    { register: SP, holds: 'the native stack', written: 'addi of a constant at entry and return' },
    { register: 3, holds: "the firmware's", written: 'never read nor written' },
    { register: 4, holds: "the firmware's", written: 'never read nor written' },
    { register: instance, holds: 'the instance', written: 'never' },
    { register: scratch, holds: 'nothing between two selected operations', written: 'anywhere' },
  ] as const;
}

/** How a memory access may name its address. `guarded`: base or sum is shown or guarded to lie in a region. */
export const MEMORY_FORMS = [
  { base: 'instance', offset: 'constant', write: 'the fuel field only', guarded: false },
  { base: 'sp', offset: 'constant inside the frame', write: 'any', guarded: false },
  { base: 'allocated register', offset: 'constant -2048..2047', write: 'any', guarded: true },
  { base: 'allocated register of lr.w, sc.w and amo', offset: 'none', write: 'any', guarded: true },
] as const;

/** How control may move. */
export const FLOW_FORMS = [
  { form: 'branch, branch over jal x0, or jal x0', to: 'a block of the same function or a trap stub' },
  { form: 'branch forward over one move, shift or division', to: 'the end of its selected operation' },
  { form: 'jal ra', to: "a function's first instruction, or from a trap stub to its common code" },
  { form: 'lw scratch, slot(instance); jalr ra, scratch', to: 'the helper or intrinsic of an import slot' },
  { form: 'lw scratch, trap(instance); jalr x0, scratch', to: 'the runtime, from the trap code' },
  { form: 'jalr x0, ra', to: 'the caller' },
] as const;

/** Shapes of guards; each is one selected operation, nothing is put inside it but where `prepared` by a plain one. */
export const GUARD_SHAPES = [
  {
    op: 'trapif',
    shape: 'branch stub, on registers or zero',
    prepared: 'addi, and, andi, slli, srli or li of an operand',
  },
  { op: 'search', shape: 'mv a0, instance; a3 = rights; call through the slot; beq a0, zero, stub', prepared: null },
  {
    op: 'fuel',
    shape: 'lw have, fuel(instance); left = have - amount; bltu have, left, stub; sw left, fuel(instance)',
    prepared: null,
  },
] as const;
