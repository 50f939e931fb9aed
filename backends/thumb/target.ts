// SPDX-License-Identifier: MIT
import type { Core, Target } from '../../compiler/codegen/target.js';
import { ALLOCATION_ORDER, CALLEE_SAVED, CALLER_SAVED, SCRATCH, SHORT_REGISTERS } from './abi.js';
import { disassemble, makeIsa } from './isa.js';
import { REGISTER_NAMES } from './isa-print.js';
import { lower } from './lower.js';
import { epilogue, frame, move, prologue, spillLoad, spillStore, stackBytes, trapCommon } from './lower-frame.js';

/** The Thumb target for one core. Every core of cores.ts has the ARMv7-M mainline instructions. */
export function thumbTarget(core: Core): Target {
  if (!core.features.v7m) throw new Error(`${core.name} lacks the ARMv7-M instructions that selection uses`);
  return {
    arch: 'thumb',
    core,
    isa: makeIsa('v7m'),
    registers: {
      names: REGISTER_NAMES,
      allocationOrder: ALLOCATION_ORDER,
      callerSaved: CALLER_SAVED,
      calleeSaved: CALLEE_SAVED,
      short: SHORT_REGISTERS,
    },
    lower,
    move,
    spillStore,
    spillLoad,
    scratch: SCRATCH,
    prologue,
    epilogue,
    jump: (label, asm) => asm.ref('b', label),
    literalLoad: (rd, label, asm) => asm.ref('ldr.lit', label, rd),
    literalFar: (rd, value, asm) => {
      asm.inst('movw', rd, value & 0xffff);
      asm.inst('movt', rd, value >>> 16);
    },
    frame,
    stackBytes,
    trapStub: (common, asm) => asm.ref('bl', common),
    trapCommon,
    disassemble,
  };
}
