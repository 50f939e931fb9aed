// SPDX-License-Identifier: MIT
import { arithmetic, condition, define } from './arithmetic.js';
import { call, callNamed, helper } from './calls.js';
import type { Line } from './draft.js';
import { loop } from './loops.js';
import { atomic, fillWindow, indexed, region, spill, store, swap } from './memory.js';
import type { Random } from './random.js';
import { type Callees, type Holds, type Signature, type World, Writing } from './writing.js';

export interface FunctionPlan {
  readonly self: Signature;
  readonly callees: Callees;
  /** About this many instructions, at least 5 or so. */
  readonly budget: number;
  /** The entry function's r2 is the context's length. */
  readonly passLength: boolean;
  /** Called once for certain, whatever else is. */
  readonly next: Signature | null;
  /** Every register holds a number that the result depends on, from the start to the end. */
  readonly crowded: boolean;
}

/** Writes one function. */
export function writeFunction(r: Random, world: World, plan: FunctionPlan): readonly Line[] {
  const w = new Writing(r, world, plan.self, plan.callees);
  w.left = plan.budget;
  prologue(w, plan);
  const half = w.left / 2;
  let due = plan.next !== null;
  while (w.left > 0) {
    if (due && w.left <= half) due = !callNamed(w, plan.next!);
    statement(w, 0);
  }
  if (due) callNamed(w, plan.next!);
  epilogue(w, plan.crowded);
  return w.lines;
}

function prologue(w: Writing, { self, budget, passLength, next, crowded }: FunctionPlan): void {
  const { r } = w;
  const args: readonly Holds[] =
    self.func === 0
      ? ['context', passLength ? 'scalar' : 'nothing']
      : self.args.map((a) => (a === 'stack' ? 'window' : a));
  args.forEach((holds, i) => {
    w.holds[i + 1] = holds;
  });
  w.holds[10] = 'fp';
  // Pointer arguments move to where calls keep them, or the function makes no calls.
  if (next === null && (budget < 12 || r.chance(15))) w.calls = false;
  const pointers = w.with('context', 'window');
  if (w.calls) {
    const homes = [6, 7, 8, 9];
    for (const reg of pointers) {
      const home = homes.splice(r.below(homes.length), 1)[0];
      if (home === undefined) w.holds[reg] = 'nothing';
      else {
        w.move(home, reg);
        w.locked.add(home);
      }
    }
  } else for (const reg of pointers) w.locked.add(reg);
  w.imm(0, r.i32());
  if (crowded) {
    for (let reg = 1; reg < 10; reg++) if (w.holds[reg] === 'nothing') w.put({ kind: 'lddw', dst: reg, imm: r.u64() });
    for (let reg = 1; reg < 10; reg++) if (w.holds[reg] === 'nothing') w.holds[reg] = 'scalar';
  }
  const pressure = crowded ? 9 : budget < 10 ? 0 : r.pick([2, 4, 9]);
  for (let i = 0; i < pressure; i++) define(w);
  if (budget >= 10 && r.chance(70)) fillWindow(w);
}

/** Sometimes most of what is left, so that jumps are long. */
function block(w: Writing, depth: number, most: number): void {
  const long = depth === 0 && w.r.chance(6);
  const stop = Math.max(0, w.left - w.r.between(1, long ? Math.max(most, Math.ceil(0.9 * w.left)) : most));
  while (w.left > stop) statement(w, depth + 1);
}

function choice(w: Writing, depth: number): void {
  const [otherwise, end] = [w.labels++, w.labels++];
  w.put({ kind: 'branch', ...condition(w), target: otherwise });
  const before = { holds: [...w.holds], spilled: [...w.spilled] };
  block(w, depth, 12);
  const leaves = w.keepKind.size === 0 && w.r.chance(15);
  const after = { holds: w.holds, spilled: w.spilled };
  w.holds = [...before.holds];
  w.spilled = [...before.spilled];
  if (leaves) {
    const mine = w.holds;
    w.holds = after.holds;
    epilogue(w, false);
    w.holds = mine;
    w.label(otherwise);
    return;
  }
  if (w.r.chance(50)) {
    w.put({ kind: 'jump', target: end });
    w.label(otherwise);
    block(w, depth, 8);
  } else w.label(otherwise);
  w.label(end);
  const both = (a: readonly Holds[], b: readonly Holds[]): Holds[] => a.map((x, i) => (x === b[i] ? x : 'nothing'));
  w.holds = both(after.holds, w.holds);
  w.spilled = both(after.spilled, w.spilled);
}

function statement(w: Writing, depth: number): void {
  const p = w.r.below(100);
  const room = depth < 3 && w.left > 4;
  if (p < 36) arithmetic(w);
  else if (p < 45) define(w);
  else if (p < 52) store(w);
  else if (p < 58) indexed(w);
  else if (p < 64) atomic(w);
  else if (p < 67) swap(w);
  else if (p < 72) spill(w);
  else if (p < 75) region(w);
  else if (p < 78) w.window || w.loops > 0 || depth > 0 ? arithmetic(w) : fillWindow(w);
  else if (p < 84) room ? choice(w, depth) : arithmetic(w);
  else if (p < 89) {
    if (!room || w.loops >= 2 || !loop(w, depth, block)) arithmetic(w);
  } else if (p < 98) call(w);
  else helper(w);
  // A statement that found nothing to do still costs, so that writing ends.
  w.left -= 0.25;
}

/** Folds what the scalars hold into r0 and leaves. */
function epilogue(w: Writing, all: boolean): void {
  for (const reg of w.with('scalar')) {
    if (reg === 0 || (!all && w.r.chance(40))) continue;
    w.combine(w.r.pick(['xor', 'add', 'sub'] as const), 0, reg);
  }
  w.put({ kind: 'exit' });
}
