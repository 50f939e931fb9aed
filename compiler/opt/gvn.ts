// SPDX-License-Identifier: MIT
import { ById, dominatorPreorder, graphOf, removeUnreachable, Scoped, substitute } from '../ir/analysis.js';
import { type Func, type Inst, type Module, OPS, type Value } from '../ir/ir.js';
import { printRegion } from '../ir/print.js';
import { pass } from './pass.js';

/**
 * Takes: any stage. Gives: no pure operation that repeats one which dominates it; the first one's results serve both.
 * Memory operations and guards stay.
 */
export const shareCommon = pass('gvn', (module: Module) => {
  let changed = false;
  for (const fn of module.funcs) changed = shareIn(fn) || changed;
  return changed;
});

function shareIn(fn: Func): boolean {
  removeUnreachable(fn);
  const graph = graphOf(fn);
  const replaced = new ById<Value, Value>();
  const found = new Scoped<string, Inst>(graph);
  for (const block of dominatorPreorder(graph)) {
    const kept: Inst[] = [];
    for (const inst of block.insts) {
      for (let i = 0; i < inst.args.length; i++) {
        for (let to = replaced.get(inst.args[i]!); to; to = replaced.get(to)) inst.args[i] = to;
      }
      if (OPS[inst.op].effect !== 'pure') {
        kept.push(inst);
        continue;
      }
      const key = keyOf(inst);
      const earlier = found.last(key, block);
      if (earlier) {
        inst.results.forEach((v, i) => {
          replaced.set(v, earlier.results[i]!);
        });
      } else {
        kept.push(inst);
        found.add(key, block, inst);
      }
    }
    block.insts = kept;
  }
  substitute(fn, replaced);
  return replaced.size > 0;
}

function keyOf(inst: Inst): string {
  const info = OPS[inst.op];
  const args = inst.args.map((v) => v.id);
  if ('commutative' in info && info.commutative) args.sort((a, b) => a - b);
  const region = inst.region ? printRegion(inst.region) : '';
  const types = inst.results.map((v) => v.ty).join();
  return [inst.op, types, inst.imm, inst.bits, inst.cond, region, ...args].join(' ');
}
