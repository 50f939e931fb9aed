// SPDX-License-Identifier: MIT
import type { BpfFunction, Insn } from '../bpf/program.js';
import { flowGraph } from '../graph/flowgraph.js';
import type { Block } from './block.js';
import { findLoops, type Loop } from './loops.js';

export type { Block } from './block.js';

export interface Cfg {
  readonly fn: BpfFunction;
  readonly blocks: readonly Block[];
  /** Block id by slot (second slots of lddw belong to their instruction's block). */
  readonly blockAt: Int32Array;
  /** Reachable blocks in reverse postorder, the entry first. */
  readonly rpo: readonly number[];
  /** Position in `rpo` by block id, -1 for unreachable blocks. */
  readonly rpoIndex: Int32Array;
  /** Immediate dominator by block id; -1 for the entry and for unreachable blocks. */
  readonly idom: Int32Array;
  /** Whether every way from the entry to block `b` goes through block `a` (true for a = b). False for unreachable ones. */
  dominates(a: number, b: number): boolean;
  /** Natural loops, outer before inner. Back edges to one header make one loop. */
  readonly loops: readonly Loop[];
  /** Innermost loop by block id, -1 outside of all loops. */
  readonly loopOf: Int32Array;
  /** Some cycle is entered elsewhere than at a block that dominates it: `loops` does not cover every cycle. */
  readonly irreducible: boolean;
}

export type { Loop } from './loops.js';

function leaders(fn: BpfFunction): Uint8Array {
  const leader = new Uint8Array(fn.slots);
  leader[0] = 1;
  for (const [i, insn] of fn.insns.entries()) {
    const next = fn.insns[i + 1];
    if (insn.kind === 'jump' || insn.kind === 'branch') leader[insn.target] = 1;
    if (next && (insn.kind === 'jump' || insn.kind === 'branch' || insn.kind === 'exit')) leader[next.slot] = 1;
  }
  return leader;
}

function successors(last: Insn, end: number, blockAt: Int32Array): number[] {
  switch (last.kind) {
    case 'exit':
      return [];
    case 'jump':
      return [blockAt[last.target]!];
    case 'branch':
      return [blockAt[last.target]!, blockAt[end]!];
    case 'alu':
    case 'movsx':
    case 'endian':
    case 'lddw':
    case 'global':
    case 'funcaddr':
    case 'load':
    case 'store':
    case 'atomic':
    case 'call':
    case 'helper':
    case 'callx':
      return [blockAt[end]!];
  }
}

function buildBlocks(fn: BpfFunction): { blocks: Block[]; blockAt: Int32Array } {
  const leader = leaders(fn);
  const blockAt = new Int32Array(fn.slots);
  let count = 0;
  for (let slot = 0; slot < fn.slots; slot++) {
    count += leader[slot]!;
    blockAt[slot] = count - 1;
  }
  const insns: Insn[][] = Array.from({ length: count }, () => []);
  for (const insn of fn.insns) insns[blockAt[insn.slot]!]!.push(insn);
  const preds: number[][] = Array.from({ length: count }, () => []);
  const blocks = insns.map((own, id): Block => {
    const start = own[0]!.slot;
    const end = insns[id + 1]?.[0]?.slot ?? fn.slots;
    const succs = successors(own.at(-1)!, end, blockAt);
    for (const s of succs) preds[s]!.push(id);
    return { id, start, end, insns: own, succs, preds: preds[id]! };
  });
  return { blocks, blockAt };
}

/**
 * Control-flow graph of a decoded function (whose jumps the decoder has checked). Near-linear in its instructions.
 * Calls do not end a block.
 */
export function buildCfg(fn: BpfFunction): Cfg {
  const { blocks, blockAt } = buildBlocks(fn);
  const { rpo, rank: rpoIndex, idom, dominates } = flowGraph(blocks.map((b) => b.succs));
  return { fn, blocks, blockAt, rpo, rpoIndex, idom, dominates, ...findLoops(blocks, rpo, rpoIndex, dominates) };
}
