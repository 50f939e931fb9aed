// SPDX-License-Identifier: MIT
import type { Item } from '../../compiler/codegen/asm.js';
import type { Features } from '../../compiler/codegen/select.js';
import type { Peephole } from '../../compiler/codegen/target.js';
import { levelOf } from './cores.js';
import { makeIsa } from './isa.js';
import { extendLoads } from './peephole-extend.js';
import { reuseFlags } from './peephole-flags.js';
import { indexAccesses } from './peephole-index.js';
import { pairAccesses } from './peephole-pairs.js';
import { shorten } from './peephole-short.js';

/**
 * What is better seen over instructions with registers than over operations: loads that extend, pairs of words, addresses that advance with an access,
 * flags that are there already, and shorter names for the same thing.
 * Takes and gives a function's items: see Target.peephole. Each pass looks a bounded number of instructions back or ahead.
 */
export function peephole(features: Features): (items: readonly Item[], tools: Peephole) => readonly Item[] {
  const isa = makeIsa(levelOf(features));
  const encodes = (name: string, operands: readonly number[]): boolean => isa.encode(name, operands, 0, 0) !== null;
  return (items, given) => {
    const tools = { ...given, encodes };
    let out = extendLoads(items, tools);
    if (features.v7m) out = indexAccesses(pairAccesses(out, tools), tools);
    const pinned = new Set<Item>();
    return shorten(reuseFlags(out, tools, pinned), tools, pinned);
  };
}
