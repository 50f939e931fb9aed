// SPDX-License-Identifier: MIT
import { analyseFlow } from './flow.js';
import type { MFunc, MInst, MReg } from './machine.js';
import { fixedOf, isCopy, tiedTo } from './regalloc/intervals.js';
import { termInst } from './validate-machine.js';

/**
 * Takes a function before allocation. Gives the same with repeatable instructions (constants, bases of regions) that stand in a
 * loop moved in front of the outermost loop around them, if something reads their register as it is: allocation keeps them there
 * while registers last, and repeats them where they do not. What only becomes an argument of an edge, a copy or a fixed
 * operand would need a move instead, so it stays.
 */
export function hoistConstants(fn: MFunc): MFunc {
  if (!fn.blocks.some((b) => b.insts.some((i) => i.remat))) return fn;
  const flow = analyseFlow(fn.blocks);
  if (flow.loops.length === 0) return fn;
  const read = new Set<MReg>();
  const look = (inst: MInst): void => {
    if (isCopy(inst)) return;
    inst.specs.forEach((s, k) => {
      if (s.role === 'use' && fixedOf(inst, k) === undefined && tiedTo(inst, k) < 0) read.add(inst.operands[k]!);
    });
  };
  for (const b of fn.blocks) {
    b.insts.forEach(look);
    const t = termInst(b);
    if (t) look(t);
  }
  const moved = new Map<number, MInst[]>();
  const insts = fn.blocks.map((b, i) => {
    if (!flow.loopOf[i]) return b.insts;
    let to = i;
    for (let l = flow.loopOf[to]; l; l = flow.loopOf[to]) to = flow.idom[l.header]!;
    return b.insts.filter((inst) => {
      if (!inst.remat || !read.has(inst.operands[0]!)) return true;
      const list = moved.get(to);
      if (list) list.push(inst);
      else moved.set(to, [inst]);
      return false;
    });
  });
  if (moved.size === 0) return fn;
  return {
    ...fn,
    blocks: fn.blocks.map((b, i) => ({
      ...b,
      insts: [...insts[i]!, ...(moved.get(i) ?? [])],
    })),
  };
}
