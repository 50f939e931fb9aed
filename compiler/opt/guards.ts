// SPDX-License-Identifier: MIT
import { dominatorPreorder, graphOf, makers, removeUnreachable, Scoped } from '../ir/analysis.js';
import { mask, toSigned } from '../ir/arith.js';
import { type Block, type Func, type Inst, type Module, newValue, OPS, type Value } from '../ir/ir.js';
import { pass } from './pass.js';

/**
 * Takes: a guarded module. Gives: no guard that is implied by one which dominates it: equal conditions; a bound on a value
 * plus an offset that another bound on that value covers; a search inside the bytes of another search. Regions do not change
 * while a program runs, and values never do, so nothing between two guards can undo the first. Of two lower bounds on one value
 * (lengths, mostly) with nothing observable between them, the larger stands in the place of the first.
 */
export const mergeGuards = pass(
  'guards',
  (module: Module) => {
    let changed = false;
    for (const fn of module.funcs) changed = mergeIn(fn) || changed;
    for (const fn of module.funcs) changed = joinBounds(fn) || changed;
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
  /** Makes `x - s < n` of an `x` that is known to be at least s a comparison of x; gives the constant that it needs. */
  const plainBound = (inst: Inst, block: Block): Inst | null => {
    const n = constantOf(inst.args[1]!);
    const { root, add } = sumOf(inst.args[0]!);
    if (inst.op !== 'trapif' || inst.cond !== 'ult' || n === undefined || add === 0n) return null;
    const s = -toSigned(add, 32);
    if (s <= 0n || s + n > mask(32)) return null;
    const least = (p: Inst): boolean => p.cond === 'ult' && p.args[0] === root && (constantOf(p.args[1]!) ?? 0n) >= s;
    if (
      !passed
        .at(root, block)
        .slice(-LOOK_BACK)
        .some((p) => least(p.what))
    )
      return null;
    const sum = constantFor(fn, inst, s + n);
    made.set(sum.results[0]!, sum);
    inst.args = [root, sum.results[0]!];
    return sum;
  };
  for (const block of dominatorPreorder(graph)) {
    block.insts = block.insts.flatMap((inst) => {
      if (inst.op !== 'trapif' && inst.op !== 'search') return inst;
      const fresh = plainBound(inst, block);
      if (fresh) changed = true;
      const [a, limit] = inst.args as [Value, Value];
      const key = `${inst.op} ${inst.cond} ${a.id} ${limit.id} ${inst.write}`;
      const { root } = sumOf(a);
      const twin = same.last(key, block);
      const near = passed.at(root, block).slice(-LOOK_BACK);
      if ((twin && covers(twin, inst)) || near.some((p) => covers(p.what, inst))) {
        changed = true;
        return fresh ?? [];
      }
      same.add(key, block, inst);
      passed.add(root, block, inst);
      return fresh ? [fresh, inst] : inst;
    });
  }
  return changed;
}

function constantFor(fn: Func, { origin }: Inst, imm: bigint): Inst {
  return { op: 'const', args: [], results: [newValue(fn, 'i32')], origin, imm };
}

/** Lower bounds on one value, in one block. */
function joinBounds(fn: Func): boolean {
  const made = makers(fn);
  const constantOf = (v: Value): bigint | undefined => {
    const inst = made.get(v);
    return inst?.op === 'const' ? inst.imm : undefined;
  };
  let changed = false;
  for (const block of fn.blocks) {
    /** The first guard of each value since something observable, and the constant that it is to have. */
    let open = new Map<Value, { readonly guard: Inst; bound: bigint }>();
    const gone = new Set<Inst>();
    const raised = new Map<Inst, bigint>();
    for (const inst of block.insts) {
      const bound = inst.op === 'trapif' && inst.cond === 'ult' ? constantOf(inst.args[1]!) : undefined;
      if (bound !== undefined && inst.trap === 'memory') {
        const first = open.get(inst.args[0]!);
        if (!first) open.set(inst.args[0]!, { guard: inst, bound });
        else {
          gone.add(inst);
          if (bound > first.bound) {
            first.bound = bound;
            raised.set(first.guard, bound);
          }
        }
        continue;
      }
      const { effect } = OPS[inst.op];
      const passes = inst.op === 'search' || (inst.op === 'trapif' && inst.trap === 'memory');
      if (effect !== 'pure' && effect !== 'read' && !passes) open = new Map();
    }
    if (gone.size === 0) continue;
    changed = true;
    block.insts = block.insts.flatMap((inst) => {
      if (gone.has(inst)) return [];
      const bound = raised.get(inst);
      if (bound === undefined) return inst;
      const limit = constantFor(fn, inst, bound);
      inst.args = [inst.args[0]!, limit.results[0]!];
      return [limit, inst];
    });
  }
  return changed;
}
