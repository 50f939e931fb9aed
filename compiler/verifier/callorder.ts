// SPDX-License-Identifier: MIT
import { addressTaken, type Program } from '../bpf/program.js';
import { buildCallGraph } from '../cfg/index.js';

/**
 * Functions, callees before callers. Indirect calls count as calls of every function whose address is taken; where that
 * closes a circle the order is broken somewhere, and the analysis refuses a call against it.
 * @throws CompileError FCC0314 for recursion by direct calls
 */
export function callOrder(program: Program): readonly number[] {
  const graph = buildCallGraph(program);
  if (!program.functions.some((f) => f.insns.some((insn) => insn.kind === 'callx'))) return graph.bottomUp;
  const taken = addressTaken(program);
  const callees = program.functions.map((f, i) =>
    f.insns.some((insn) => insn.kind === 'callx') ? [...graph.callees[i]!, ...taken] : graph.callees[i]!,
  );
  const order: number[] = [];
  const seen = new Set<number>();
  const visit = (func: number): void => {
    if (seen.has(func)) return;
    seen.add(func);
    callees[func]!.forEach(visit);
    order.push(func);
  };
  program.functions.forEach((_, i) => {
    visit(i);
  });
  return order;
}
