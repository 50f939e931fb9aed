// SPDX-License-Identifier: MIT

import { makers, removeUnreachable } from '../ir/analysis.js';
import type { Block, Func, Inst, Module, Value } from '../ir/ir.js';
import { exactly, type Range, signed, TWO32 } from './intervals.js';
import { pass } from './pass.js';
import { Ranges } from './ranges.js';

/**
 * Takes: a module over lanes, before the guards. Gives: on headers of natural loops, `bound` from a parameter that every way back
 * steps in one direction while its range is finite: the smaller of that and what was there. Code does not change.
 */
export const boundByRanges = pass(
  'range-bounds',
  (module: Module) => {
    for (const fn of module.funcs) boundIn(fn);
    return false;
  },
  { requires: ['lanes'], breaks: [] },
);

function boundIn(fn: Func): void {
  removeUnreachable(fn);
  const made = makers(fn);
  const found: { readonly header: Block; readonly bound: number }[] = [];
  new Ranges(fn).run({
    enter: (block, state) => {
      const { index, preds, dominates } = state.graph;
      const backs = preds.get(block)!.filter((p) => index.get(p.from)! >= index.get(block)!);
      if (backs.length === 0 || !backs.every((p) => dominates(block, p.from))) return;
      for (const [i, p] of block.params.entries()) {
        const steps = backs.map(({ edge }) => stepOf(edge.args[i]!, p, made.get(edge.args[i]!), (v) => made.get(v)));
        const bound = roundsIn(state.at(p), steps);
        if (bound !== null) found.push({ header: block, bound });
      }
    },
  });
  for (const { header, bound } of found) header.bound = Math.min(header.bound ?? bound, bound);
}

/** How much more than the parameter a value is, if a constant; 0 for what tells nothing. */
function stepOf(v: Value, param: Value, inst: Inst | undefined, def: (v: Value) => Inst | undefined): number {
  if (v === param || inst?.op !== 'add' || inst.args[0] !== param) return 0;
  const by = def(inst.args[1]!);
  return by?.op === 'const' ? signed(exactly(by.imm!, 32), 32).lo : 0;
}

/**
 * How often a number that stays in a range can be stepped. It never comes around: a step is smaller than the part of the
 * circle of 2^32 numbers outside the range.
 */
export function roundsIn(r: Range, steps: readonly number[]): number | null {
  if (!r) return null;
  const width = r.hi - r.lo;
  const sizes = steps.map(Math.abs);
  const oneWay = steps.every((n) => n > 0) || steps.every((n) => n < 0);
  if (!oneWay || Math.max(...sizes) >= TWO32 - width) return null;
  return Math.floor(width / Math.min(...sizes));
}
