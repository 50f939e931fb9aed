// SPDX-License-Identifier: MIT
import type { Prepared } from '../../compiler/compile.js';
import { type Contract, searchRights } from '../../compiler/contract/types.js';
import type { RunRequest, RunResult } from '../../compiler/host/engine.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { disagreement } from './agree.js';

/**
 * Where compiled code may be stricter than the interpreter, and nowhere else: a write through a pointer that the verifier lost is looked up in the
 * region table, which has one right for the whole context (`searchRights`). If some of the context is read-only, such a write into the rest of it is
 * a memory trap too.
 */
export type LostWrites = Pick<Prepared, 'program' | 'facts'> & { readonly contract: Contract };

/**
 * Whether a native run ended with a memory trap right before the first time that some lost write went to the context, everything being then as in the
 * interpreter. Any other end is right only if it is the interpreter's.
 */
export function refusedAsLost(
  { program, facts, contract }: LostWrites,
  request: RunRequest,
  native: RunResult,
): boolean {
  if (native.trap?.name !== 'memory' || searchRights(contract) === 'rw') return false;
  const firsts = new Map<string, number>();
  let count = 0;
  interpret(program, program.entries[0]!, contract, request, {
    trace: ({ func, slot, insn, registers, memory }) => {
      const at = count++;
      if (insn.kind !== 'store' && insn.kind !== 'atomic') return;
      if (facts.functions[func]?.accesses.get(slot)?.region !== null) return;
      const hit = memory.locate(BigInt.asUintN(64, registers[insn.base]! + BigInt(insn.off)), insn.size);
      const place = `${func}:${slot}`;
      if (hit?.area.kind === 'context' && !firsts.has(place)) firsts.set(place, at);
    },
  });
  return [...firsts.values()].some((fuel) => {
    const until = interpret(program, program.entries[0]!, contract, { ...request, fuel });
    return disagreement({ ...until, trap: native.trap! }, native) === null;
  });
}
