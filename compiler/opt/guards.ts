// SPDX-License-Identifier: MIT
import { dominatorPreorder, graphOf, makers, removeUnreachable, Scoped } from '../ir/analysis.js';
import { mask } from '../ir/arith.js';
import type { Func, Inst, Module, Value } from '../ir/ir.js';
import { pass } from './pass.js';

/**
 * Takes: a guarded module. Gives: no guard that is implied by one which dominates it: equal conditions; a bound on a value
 * plus an offset that another bound on that value covers; a search inside the bytes of another search. Regions do not change
 * while a program runs, and values never do, so nothing between two guards can undo the first. Guards are never moved.
 */
export const mergeGuards = pass(
  'guards',
  (module: Module) => {
    let changed = false;
    for (const fn of module.funcs) changed = mergeIn(fn) || changed;
    return changed;
  },
  { requires: ['guarded'] },
);

/** v = root + add (mod 2^32). */
interface Sum {
  readonly root: Value;
  readonly add: bigint;
}

/** How many of the latest guards around one value are asked whether they cover another; equal ones are found at any distance. */
const LOOK_BACK = 64;

function mergeIn(fn: Func): boolean {
  removeUnreachable(fn);
  const graph = graphOf(fn);
  const made = makers(fn);
  const defOf = (v: Value): Inst | undefined => made.get(v);
  const constantOf = (v: Value): bigint | undefined => {
    const inst = defOf(v);
    return inst?.op === 'const' ? inst.imm : undefined;
  };
  const sumOf = (v: Value): Sum => {
    const inst = defOf(v);
    const add = inst?.op === 'add' ? constantOf(inst.args[1]!) : undefined;
    return inst && add !== undefined ? { root: inst.args[0]!, add } : { root: v, add: 0n };
  };
  /** b - a where both are sums of one root and b is not below a as a small number, else null. */
  const distance = (a: Value, b: Value): bigint | null => {
    const [x, y] = [sumOf(a), sumOf(b)];
    if (x.root !== y.root) return null;
    const d = (y.add - x.add) & mask(32);
    return d < 1n << 31n ? d : null;
  };

  /** Does having passed `first` mean that `second` does not trap? */
  const covers = (first: Inst, second: Inst): boolean => {
    if (first.op !== second.op) return false;
    const [a, limit] = first.args as [Value, Value];
    const [b, bound] = second.args as [Value, Value];
    if (first.op === 'search') {
      if (second.write && !first.write) return false;
      if (a === b && limit === bound) return true;
      const [n, m] = [constantOf(limit), constantOf(bound)];
      const d = distance(a, b);
      // [b, b + m) inside [a, a + n), which lies in one region and so does not wrap.
      return n !== undefined && m !== undefined && m > 0n && d !== null && d + m <= n;
    }
    if (a === b && limit === bound && first.cond === second.cond) return true;
    const [n, m] = [constantOf(limit), constantOf(bound)];
    if (n === undefined || m === undefined) return false;
    if (first.cond === 'ult' && second.cond === 'ult') return a === b && m <= n;
    if (first.cond !== 'ugt' || second.cond !== 'ugt') return false;
    // After the first, a <= n; so b = a + d <= n + d without wrapping.
    const d = distance(a, b);
    return d !== null && n + d <= m && n + d <= mask(32);
  };

  const same = new Scoped<string, Inst>(graph);
  const passed = new Scoped<Value, Inst>(graph);
  let changed = false;
  for (const block of dominatorPreorder(graph)) {
    block.insts = block.insts.filter((inst) => {
      if (inst.op !== 'trapif' && inst.op !== 'search') return true;
      const [a, limit] = inst.args as [Value, Value];
      const key = `${inst.op} ${inst.cond} ${a.id} ${limit.id} ${inst.write}`;
      const { root } = sumOf(a);
      const twin = same.last(key, block);
      const near = passed.at(root, block).slice(-LOOK_BACK);
      if ((twin && covers(twin, inst)) || near.some((p) => covers(p.what, inst))) {
        changed = true;
        return false;
      }
      same.add(key, block, inst);
      passed.add(root, block, inst);
      return true;
    });
  }
  return changed;
}
