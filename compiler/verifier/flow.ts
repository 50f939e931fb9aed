// SPDX-License-Identifier: MIT
import type { BpfFunction, Insn } from '../bpf/program.js';
import { buildCfg, type Cfg } from '../cfg/index.js';

/** A straight run of instructions. `succs` and `preds` index Flow.blocks; a branch lists the jump first, then the way on. */
export interface FlowBlock {
  readonly insns: readonly Insn[];
  readonly succs: readonly number[];
  readonly preds: readonly number[];
  /** Some edge from this or a later block leads here: where the analysis widens. */
  readonly header: boolean;
  /** Headers of the loops around the block, its own included, innermost first. Empty where some cycle has more than one way in. */
  readonly loops: readonly number[];
}

/** The reachable blocks of a function in reverse postorder: the order of analysis. */
export interface Flow {
  readonly cfg: Cfg;
  readonly blocks: readonly FlowBlock[];
}

/** Blocks of a function whose structure the decoder has checked. */
export function buildFlow(fn: BpfFunction): Flow {
  const cfg = buildCfg(fn);
  const at = (id: number): number => cfg.rpoIndex[id]!;
  const around = (id: number): number[] => {
    const headers: number[] = [];
    if (cfg.irreducible) return headers;
    for (let l = cfg.loopOf[id]!; l >= 0; l = cfg.loops[l]!.parent) headers.push(at(cfg.loops[l]!.header));
    return headers;
  };
  return {
    cfg,
    blocks: cfg.rpo.map((id, i) => {
      const block = cfg.blocks[id]!;
      const preds = [...new Set(block.preds)].map(at).filter((p) => p >= 0);
      return {
        insns: block.insns,
        succs: block.succs.map(at),
        preds,
        header: preds.some((p) => p >= i),
        loops: around(id),
      };
    }),
  };
}
