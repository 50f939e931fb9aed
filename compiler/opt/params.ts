// SPDX-License-Identifier: MIT
import { ById, listed, makers, removeUnreachable, substitute } from '../ir/analysis.js';
import { type Block, edges, type Func, type Inst, type Module, newValue, type Value } from '../ir/ir.js';
import { pass } from './pass.js';

/**
 * Takes: any stage. Gives: no block parameter to which every edge gives the same value (or itself), the same constant, or
 * what another parameter of the block gets. Only the blocks' parameters and edges change.
 */
export const dropParameters = pass('params', (module: Module) => {
  let changed = false;
  for (const fn of module.funcs) {
    removeUnreachable(fn);
    while (dropIn(fn)) changed = true;
  }
  return changed;
});

function dropIn(fn: Func): boolean {
  const made = makers(fn);
  const constant = (v: Value): bigint | undefined => {
    const inst = made.get(v);
    return inst?.op === 'const' ? inst.imm : undefined;
  };
  const incoming = new Map<Block, Value[][]>();
  for (const b of fn.blocks) for (const e of edges(b.term)) listed(incoming, e.block).push(e.args);

  const replaced = new ById<Value, Value>();
  const follow = (v: Value): Value => {
    let to = v;
    for (let next = replaced.get(to); next; next = replaced.get(to)) to = next;
    // Shortens the chain, which may be as long as the function has joins.
    if (to !== v) replaced.set(v, to);
    return to;
  };
  for (const block of fn.blocks.slice(1)) {
    const lists = incoming.get(block)!;
    const drop = new Set<number>();
    const columns = new Map<string, Value>();
    const constants: Inst[] = [];
    block.params.forEach((param, i) => {
      const column = lists.map((args) => follow(args[i]!));
      const others = [...new Set(column)].filter((v) => v !== param);
      const [first] = others;
      const key = column.map((v) => (v === param ? 'self' : v.id)).join();
      const twin = columns.get(key);
      if (first && others.length === 1) {
        replaced.set(param, first);
      } else if (first && others.every((v) => constant(v) !== undefined && constant(v) === constant(first))) {
        const fresh = newValue(fn, param.ty);
        const inst: Inst = {
          op: 'const',
          args: [],
          results: [fresh],
          origin: block.term.origin,
          imm: constant(first)!,
        };
        constants.push(inst);
        // Blocks behind see it in this round: otherwise a row of joins takes a round each.
        made.set(fresh, inst);
        replaced.set(param, fresh);
      } else if (twin) {
        replaced.set(param, twin);
      } else {
        columns.set(key, param);
        return;
      }
      drop.add(i);
    });
    if (drop.size === 0) continue;
    block.params = block.params.filter((_, i) => !drop.has(i));
    for (const args of lists) args.splice(0, args.length, ...args.filter((_, i) => !drop.has(i)));
    block.insts.unshift(...constants);
  }
  substitute(fn, replaced);
  return replaced.size > 0;
}
