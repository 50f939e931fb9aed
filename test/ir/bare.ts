// SPDX-License-Identifier: MIT
import { addressTaken, type Program } from '../../compiler/bpf/program.js';
import type { Facts } from '../../compiler/verifier/facts.js';

/** Facts that know nothing: everything is reachable, every access needs a guard, every frame is whole and zeroed. */
export function bareFacts(program: Program): Facts {
  const funcs = addressTaken(program);
  return {
    entries: program.entries,
    functions: program.functions.map((fn) => ({
      reachable: fn.at.map((insn) => insn !== undefined),
      accesses: new Map(),
      helperArgs: new Map(),
      callees: new Map(
        fn.insns.flatMap((i) => (i.kind === 'callx' ? [[i.slot, { kind: 'functions' as const, funcs }]] : [])),
      ),
      loops: new Map(),
      branches: new Map(),
      results: new Map(),
      argsUsed: [true, true, true, true, true],
      frameBytes: 512,
      zeroFrame: true,
    })),
  };
}
