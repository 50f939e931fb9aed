// SPDX-License-Identifier: MIT
import type { Core, Isa, Target } from '../../compiler/codegen/target.js';
import { ALLOCATION_ORDER, CALLEE_SAVED, CALLER_SAVED, SCRATCH } from './abi.js';
import { disassemble, makeIsa } from './isa.js';
import { REGISTER_NAMES } from './isa-print.js';
import { lower } from './lower.js';
import { buildConstant } from './lower-constants.js';
import {
  epilogue,
  frame,
  move,
  prologue,
  spillLoad,
  spillStore,
  stackBytes,
  trapCommon,
  trapStub,
} from './lower-frame.js';

/** Bytes that are fetched at once, and the bytes of a loop instruction. */
const FETCH = 4;
const LOOP_SIZE = 3;

/**
 * The first instruction of a loop must lie within one fetched word (ISA Reference Manual, LOOP). Selected loops begin with an
 * instruction that has a 2-byte encoding; where even that does not fit, there is no encoding of the loop.
 */
function withLoops({ encode, ...isa }: Isa, density: boolean): Isa {
  const last = FETCH - (density ? 2 : 3);
  return {
    ...isa,
    encode: (name, operands, address, minSize) =>
      name === 'loop' && (address + LOOP_SIZE) % FETCH > last ? null : encode(name, operands, address, minSize),
  };
}

/** The Xtensa target for one core: what is beyond the core instruction set goes by its features. */
export function xtensaTarget(core: Core): Target {
  return {
    arch: 'xtensa',
    core,
    shape: {
      indexShift: null,
      offsets: { min: 0, max: 255, scaled: true },
      postIncrement: false,
      flags: false,
      unaligned: false,
      reverse: false,
      registers: 11,
    },
    isa: withLoops(makeIsa(core.features), core.features.density === true),
    poolFirst: true,
    registers: {
      names: REGISTER_NAMES,
      allocationOrder: ALLOCATION_ORDER,
      callerSaved: CALLER_SAVED,
      calleeSaved: CALLEE_SAVED,
    },
    lower: lower(core.features),
    move,
    spillStore,
    spillLoad,
    scratch: SCRATCH,
    prologue,
    epilogue,
    jump: (label, asm) => asm.ref('j', label),
    literalLoad: (rd, label, asm) => asm.ref('l32r', label, rd),
    literalFar: buildConstant,
    frame,
    stackBytes,
    trapStub,
    trapCommon: trapCommon(core.features),
    disassemble,
  };
}
