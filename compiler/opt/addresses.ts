// SPDX-License-Identifier: MIT
import { makers } from '../ir/analysis.js';
import { toSigned } from '../ir/arith.js';
import type { Inst, Module, Value } from '../ir/ir.js';
import { pass } from './pass.js';

/** Offsets that eBPF itself has: signed 16 bits. Targets take every such offset, though not all in one instruction. */
const MIN_OFFSET = -0x8000;
const MAX_OFFSET = 0x7fff;

/**
 * Takes: a guarded module. Gives: constants added to an address in the access's offset. Addresses are 32 bits by then and
 * wrap, so the sum is the same; what was guarded or proved is the sum.
 */
export const foldAddresses = pass(
  'addresses',
  (module: Module) => {
    let changed = false;
    for (const fn of module.funcs) {
      const made = makers(fn);
      const instOf = (v: Value): Inst | undefined => made.get(v);
      for (const inst of fn.blocks.flatMap((b) => b.insts)) {
        if (inst.op !== 'load' && inst.op !== 'store' && inst.op !== 'atomic') continue;
        for (let sum = instOf(inst.args[0]!); sum?.op === 'add'; sum = instOf(inst.args[0]!)) {
          const added = instOf(sum.args[1]!);
          if (added?.op !== 'const') break;
          const off = inst.off! + Number(toSigned(added.imm!, 32));
          if (off < MIN_OFFSET || off > MAX_OFFSET) break;
          inst.args[0] = sum.args[0]!;
          inst.off = off;
          changed = true;
        }
      }
    }
    return changed;
  },
  { requires: ['guarded'] },
);
