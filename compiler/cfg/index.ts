// SPDX-License-Identifier: MIT
export { buildCallGraph, type CallGraph } from './callgraph.js';
export { type Block, buildCfg, type Cfg, type Loop } from './cfg.js';
export { loopBlocks } from './loops.js';
