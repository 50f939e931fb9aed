// SPDX-License-Identifier: MIT
import { MAX_DEPTH } from '../../compiler/bpf/flatten.js';
import type { Program } from '../../compiler/bpf/program.js';
import { buildCallGraph } from '../../compiler/cfg/callgraph.js';
import { ebpfImage } from '../../compiler/ebpf-image.js';
import type { RunResult } from '../../compiler/host/engine.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { disagreement } from './agree.js';
import { generate } from './generate.js';
import { inputs } from './inputs.js';

/** Functions on the longest chain of direct calls. */
function depthOf(program: Program): number {
  const { bottomUp, callees } = buildCallGraph(program);
  const depth: number[] = [];
  for (const f of bottomUp) depth[f] = 1 + Math.max(0, ...callees[f]!.map((c) => depth[c]!));
  return Math.max(...depth);
}

/** Random programs that do not nest too deep for the runtime's interpreter, as images of eBPF text, two runs of each. */
export function interpretedCases(count: number, seed: number) {
  return Array.from({ length: count }, (_, i) => generate(seed + i)).flatMap((c) => {
    if (depthOf(c.program) > MAX_DEPTH) return [];
    const image = ebpfImage(c.program, { contract: c.contract });
    const entry = c.program.functions[c.program.entries[0]!]!.name;
    return inputs(c, 2).map((request) => ({ ...c, request, image, entry }));
  });
}

/** What differs from the reference interpreter's results, by seed. */
export function interpretedWrong(cases: ReturnType<typeof interpretedCases>, results: readonly RunResult[]): string[] {
  return cases.flatMap((c, i) => {
    const wanted = interpret(c.program, c.program.entries[0]!, c.contract, c.request);
    // Regions lie elsewhere there: what is beyond one may be inside another of the same container.
    if (wanted.trap?.name === 'memory') return [];
    const difference = disagreement(wanted, results[i]!);
    return difference === null ? [] : [`seed ${c.seed}: ${difference}`];
  });
}
