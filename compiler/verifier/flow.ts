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
  return {
    cfg,
    blocks: cfg.rpo.map((id, i) => {
      const block = cfg.blocks[id]!;
      const preds = [...new Set(block.preds)].map(at).filter((p) => p >= 0);
      return { insns: block.insns, succs: block.succs.map(at), preds, header: preds.some((p) => p >= i) };
    }),
  };
}
