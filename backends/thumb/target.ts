// SPDX-License-Identifier: MIT
import type { Core, Target } from '../../compiler/codegen/target.js';
import * as abi from './abi.js';
import { levelOf } from './cores.js';
import { disassemble, makeIsa } from './isa.js';
import { REGISTER_NAMES } from './isa-print.js';
import { lower } from './lower.js';
import * as frames from './lower-frame.js';
import { peephole } from './peephole.js';
import { farJump, loadByBytes } from './short-constants.js';

/** The Thumb target for one core: its features choose between instructions, registers and frames. */
export function thumbTarget(core: Core): Target {
  const { features } = core;
  const { v7m, v8mbase } = features;
  return {
    arch: 'thumb',
    core,
    isa: makeIsa(levelOf(features)),
    shape: v7m
      ? {
          indexShift: 3,
          offsets: { min: -255, max: 4095, scaled: false },
          postIncrement: true,
          flags: true,
          unaligned: true,
          reverse: true,
          registers: 12,
        }
      : {
          indexShift: 0,
          offsets: { min: 0, max: 31, scaled: true },
          postIncrement: false,
          flags: true,
          unaligned: false,
          reverse: true,
          registers: 7,
        },
    registers: v7m
      ? {
          names: REGISTER_NAMES,
          allocationOrder: abi.ALLOCATION_ORDER,
          callerSaved: abi.CALLER_SAVED,
          calleeSaved: abi.CALLEE_SAVED,
          short: abi.SHORT_REGISTERS,
        }
      : {
          names: REGISTER_NAMES,
          allocationOrder: abi.SHORT_ORDER,
          callerSaved: abi.SHORT_CALLER_SAVED,
          calleeSaved: abi.SHORT_CALLEE_SAVED,
        },
    lower: lower(features),
    move: frames.move,
    spillStore: v7m ? frames.spillStore : frames.spillStoreShort,
    spillLoad: v7m ? frames.spillLoad : frames.spillLoadShort,
    scratch: abi.SCRATCH,
    prologue: frames.prologue(features),
    epilogue: frames.epilogue(features),
    jump: (label, asm) => asm.ref(farJump(asm, false), label),
    literalLoad: (rd, label, asm) => asm.ref('ldr.lit', label, rd),
    literalFar: (rd, value, asm) => {
      if (!v8mbase) {
        loadByBytes(rd, value, asm);
        return;
      }
      asm.inst('movw', rd, value & 0xffff);
      asm.inst('movt', rd, value >>> 16);
    },
    peephole: peephole(features),
    frame: frames.frame(features),
    stackBytes: frames.stackBytes(features),
    trapStub: (common, asm) => asm.ref('bl', common),
    trapCommon: frames.trapCommon(features),
    disassemble,
  };
}
