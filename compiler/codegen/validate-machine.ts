// SPDX-License-Identifier: MIT
import { analyseFlow } from './flow.js';
import { FIRST_VREG, isVirtual, type MBlock, type MEdge, type MFunc, type MInst, type MReg } from './machine.js';

/** The instruction that a terminator's operands belong to, if it has any. */
export function termInst(block: Pick<MBlock, 'term'>): MInst | null {
  return block.term.kind === 'branch' || block.term.kind === 'ret' ? block.term.inst : null;
}

/** Edges of a block's terminator, in order. */
export function termEdges(block: Pick<MBlock, 'term'>): readonly MEdge[] {
  const t = block.term;
  return t.kind === 'jump' ? [t.to] : t.kind === 'branch' ? [t.then, t.else] : [];
}

/**
 * Checks the invariants of a function before allocation (see MFunc). Whatever is wrong was made by our own selection, so
 * everything throws a plain Error.
 */
export function validateMachine(fn: MFunc): void {
  const fail = (where: string, what: string): never => {
    throw new Error(`machine code of ${fn.name}: ${where}: ${what}`);
  };
  if (fn.blocks.length === 0) fail('function', 'has no blocks');
  const ids = new Set<number>();
  for (const b of fn.blocks) {
    if (ids.has(b.id)) fail(`block ${b.id}`, 'appears twice');
    ids.add(b.id);
  }
  const flow = analyseFlow(fn.blocks);
  if (fn.blocks[0]!.params.length > 0) fail('entry block', 'has parameters');
  if (flow.preds[0]!.length > 0) fail('entry block', 'has predecessors');

  /** Block and place of each definition: -1 for a parameter, else the instruction's index. */
  const defs = new Map<MReg, { block: number; at: number }>();
  const define = (r: MReg, block: number, at: number, where: string): void => {
    if (!isVirtual(r)) fail(where, `defines r${r}, which is not virtual`);
    if (r >= fn.nextVreg) fail(where, `v${r} is not below nextVreg`);
    if (defs.has(r)) fail(where, `v${r} is defined twice`);
    defs.set(r, { block, at });
  };
  fn.blocks.forEach((b, i) => {
    for (const p of b.params) define(p, i, -1, `block ${b.id}`);
    b.insts.forEach((inst, k) => {
      const where = `block ${b.id} ${inst.name}`;
      specs(inst, where, fail);
      inst.specs.forEach((s, j) => {
        if (s.role === 'def' || s.role === 'temp') define(inst.operands[j]!, i, k, where);
      });
      if (!inst.expand) fail(where, 'has no expansion');
    });
    const t = termInst(b);
    if (t) {
      const where = `block ${b.id} ${t.name}`;
      specs(t, where, fail);
      t.specs.forEach((s, j) => {
        if (s.role === 'def') fail(where, 'is a terminator and defines a register');
        if (s.role === 'temp') define(t.operands[j]!, i, b.insts.length, where);
      });
    }
  });

  const use = (r: MReg, block: number, at: number, where: string): void => {
    const d = defs.get(r);
    if (!isVirtual(r) || !d) fail(where, `uses v${r}, which is not defined`);
    const before = d!.block === block ? d!.at < at : flow.dominates(d!.block, block);
    if (!before) fail(where, `v${r} is not defined on every way to its use`);
  };
  for (const i of flow.rpo) {
    const b = fn.blocks[i]!;
    b.insts.forEach((inst, k) => {
      uses(inst, (r) => use(r, i, k, `block ${b.id} ${inst.name}`));
    });
    const t = termInst(b);
    if (t) uses(t, (r) => use(r, i, b.insts.length, `block ${b.id} ${t.name}`));
    termEdges(b).forEach((e, k) => {
      const to = flow.succs[i]![k]!;
      const where = `edge ${b.id} -> ${e.block}`;
      if (e.args.length !== fn.blocks[to]!.params.length) fail(where, 'has the wrong number of arguments');
      if (e.args.length > 0 && b.term.kind === 'branch' && flow.preds[to]!.length > 1)
        fail(where, 'is critical and has arguments');
      for (const a of e.args) use(a, i, b.insts.length + 1, where);
    });
  }
}

function uses(inst: MInst, each: (r: MReg) => void): void {
  inst.specs.forEach((s, j) => {
    if (s.role === 'use') each(inst.operands[j]!);
  });
}

function specs(inst: MInst, where: string, fail: (where: string, what: string) => never): void {
  if (inst.specs.length !== inst.operands.length) fail(where, 'has not one operand per spec');
  const tied = new Set<number>();
  inst.specs.forEach((s, j) => {
    if (s.role === 'imm') {
      if (!Number.isInteger(inst.operands[j])) fail(where, 'has an immediate that is no integer');
      return;
    }
    if ('fixed' in s && s.fixed !== undefined && (s.fixed < 0 || s.fixed >= FIRST_VREG / 2))
      fail(where, 'fixes an operand to no physical register');
    if (s.mask === 0) fail(where, 'has an operand that no register suits');
    if (s.role === 'def' && s.tied !== undefined) {
      if (inst.specs[s.tied]?.role !== 'use') fail(where, 'ties a result to an operand that is no use');
      if (tied.has(s.tied)) fail(where, 'ties two results to one use');
      tied.add(s.tied);
    }
  });
  if (inst.move && (inst.specs[0]?.role !== 'def' || inst.specs[1]?.role !== 'use' || inst.specs.length !== 2))
    fail(where, 'is a move of another shape than def, use');
  if (inst.remat && !inst.specs.every((s, j) => s.role === (j === 0 ? 'def' : 'imm')))
    fail(where, 'is repeatable but is not def, immediates');
}
