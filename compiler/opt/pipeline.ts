// SPDX-License-Identifier: MIT
import { cloneModule } from '../ir/clone.js';
import type { Module } from '../ir/ir.js';
import type { Shape } from '../ir/shape.js';
import { foldAddresses } from './addresses.js';
import { tidyBlocks } from './blocks.js';
import { tidyCounters } from './counters.js';
import { splitCriticalEdges } from './critical-edges.js';
import { removeDead } from './dce.js';
import { dropUnseenBits } from './demanded.js';
import { mergeExits } from './exits.js';
import { fold } from './fold.js';
import { forwardMemory } from './forward.js';
import { shrinkFrames } from './frames.js';
import { mergeGuards } from './guards.js';
import { guessRegions } from './guess.js';
import { shareCommon } from './gvn.js';
import { hoistInvariant } from './hoist.js';
import { makeTruths } from './ifconvert.js';
import { inlineCalls } from './inline.js';
import { joinLoads } from './join-loads.js';
import { joinStores } from './join-stores.js';
import { boundLoops } from './loops.js';
import { narrowRanges } from './narrow-ranges.js';
import { dropParameters } from './params.js';
import { type Pass, type RunOptions, repeat, runPasses } from './pass.js';
import { narrowPointers } from './pointers.js';
import { boundByRanges } from './range-bounds.js';
import { shareRooms } from './rooms.js';
import { promoteSlots } from './slots.js';
import { split64 } from './split64.js';
import { strengthen } from './strength.js';
import { threadJumps } from './threads.js';
import { splitLoops } from './versions.js';

/** Optimisation level: 0 only what is needed, 1 one round of everything, 2 until nothing changes. */
export type Level = 0 | 1 | 2;

/** Passes before the guards are put in, and after. */
export interface Pipeline {
  readonly before: readonly Pass[];
  readonly after: readonly Pass[];
}

const CLEAN = [dropParameters, fold, shareCommon, tidyBlocks, removeDead] as const;
/** Over lanes. */
const FLOW = [makeTruths, threadJumps, dropUnseenBits, ...CLEAN] as const;
const GUARDED = [...CLEAN, mergeGuards, foldAddresses] as const;

export const PIPELINES = {
  0: { before: [split64, boundLoops], after: [splitCriticalEdges] },
  1: {
    before: [repeat('clean', CLEAN, 1), narrowPointers, split64, repeat('clean', CLEAN, 2), boundLoops],
    after: [
      inlineCalls,
      repeat('clean guarded', GUARDED, 1),
      promoteSlots,
      forwardMemory,
      repeat('clean guarded', GUARDED, 2),
      shrinkFrames,
      foldAddresses,
      splitCriticalEdges,
    ],
  },
  2: {
    before: [
      repeat('clean', CLEAN, 8),
      tidyCounters,
      narrowRanges,
      repeat('clean', CLEAN, 8),
      narrowPointers,
      split64,
      repeat('clean', CLEAN, 8),
      narrowRanges,
      repeat('flow', FLOW, 8),
      tidyCounters,
      repeat('clean', CLEAN, 2),
      tidyCounters,
      narrowRanges,
      repeat('flow', FLOW, 2),
      boundByRanges,
      boundLoops,
    ],
    after: [
      inlineCalls,
      mergeExits,
      repeat('clean guarded', GUARDED, 8),
      promoteSlots,
      forwardMemory,
      narrowRanges,
      makeTruths,
      threadJumps,
      dropUnseenBits,
      repeat('clean guarded', GUARDED, 8),
      hoistInvariant,
      repeat('clean guarded', GUARDED, 8),
      splitLoops,
      repeat('clean guarded', GUARDED, 8),
      mergeExits,
      shareRooms,
      hoistInvariant,
      guessRegions,
      repeat('clean guarded', GUARDED, 2),
      shrinkFrames,
      repeat('clean guarded', GUARDED, 1),
      splitCriticalEdges,
    ],
  },
} as const satisfies Record<Level, Pipeline>;

/**
 * Takes a module from build.ts to what code generation lowers: over lanes, guarded, without critical edges. `guard` puts the
 * guards in (the sandbox's guardModule; this folder does not know it); its answer is handed back.
 */
export function optimise<T>(module: Module, level: Level, guard: (module: Module) => T, options: RunOptions = {}): T {
  const { before, after } = PIPELINES[level];
  runPasses(module, before, options);
  const answer = guard(module);
  runPasses(module, after, options);
  return answer;
}

/** Passes that choose between equal programs by what a core's instructions can do; none below level 2. */
function tuning(shape: Shape, level: Level): readonly Pass[] {
  // A dead reader of a value would keep selection from folding it.
  return level < 2
    ? []
    : [
        joinLoads(shape),
        joinStores(shape),
        repeat('clean joined', CLEAN, 2),
        strengthen(shape),
        removeDead,
        splitCriticalEdges,
      ];
}

/** The optimised module as one core wants it: a module of its own, ready for code generation. `module` stays as it is. */
export function tune(module: Module, shape: Shape, level: Level, options: RunOptions = {}): Module {
  const own = cloneModule(module);
  runPasses(own, tuning(shape, level), options);
  return own;
}
