// SPDX-License-Identifier: MIT
import type { Core, Target } from '../../compiler/codegen/target.js';
import { abiOf, RA, ZERO } from './abi.js';
import { disassemble, makeIsa } from './isa.js';
import { REGISTER_NAMES } from './isa-print.js';
import { lower } from './lower.js';
import { loadConstant } from './lower-constants.js';
import { epilogue, frame, move, prologue, spillLoad, spillStore, stackBytes, trapCommon } from './lower-frame.js';

/** The RISC-V target for one core: RV32I and what its features add. */
export function riscvTarget(core: Core): Target {
  const { features } = core;
  const abi = abiOf(features);
  return {
    arch: 'riscv32',
    core,
    isa: makeIsa(features),
    shape: {
      indexShift: null,
      offsets: { min: -2048, max: 2047, scaled: false },
      postIncrement: false,
      flags: false,
      unaligned: false,
      reverse: false,
      registers: 20,
    },
    registers: {
      names: REGISTER_NAMES,
      allocationOrder: abi.allocationOrder,
      callerSaved: abi.callerSaved,
      calleeSaved: abi.calleeSaved,
      short: abi.short,
    },
    lower: (fn, context) => lower(features, fn, context),
    move,
    spillStore,
    spillLoad,
    scratch: abi.scratch,
    prologue,
    epilogue,
    jump: (label, asm) => asm.ref('jal', label, ZERO),
    // No pools: two instructions make any constant.
    literalLoad: () => {
      throw new Error('RISC-V text has no literal pools');
    },
    literalFar: (rd, value, asm) => loadConstant(rd, value >>> 0, asm),
    frame: (fn, spillSlots, used) => frame(abi, fn, spillSlots, used),
    stackBytes,
    trapStub: (common, asm) => asm.ref('jal.long', common, RA),
    trapCommon: (code, asm) => trapCommon(abi, code, asm),
    disassemble,
  };
}
