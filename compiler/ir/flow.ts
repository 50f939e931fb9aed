// SPDX-License-Identifier: MIT
import type { BpfFunction, Insn } from '../bpf/program.js';
import type { FunctionFacts } from '../verifier/facts.js';

/** A basic block of reachable eBPF instructions. */
export interface FlowNode {
  readonly insns: Insn[];
  /** Slots of the blocks that follow, facts on branches applied. */
  readonly succs: number[];
  /** Number of incoming edges, counting the function's start as one edge to slot 0. */
  preds: number;
}

export interface Flow {
  /** By first slot, in an order in which a block with one predecessor comes after it. */
  readonly nodes: ReadonlyMap<number, FlowNode>;
}

/** Slot of the instruction behind this one. */
export function nextSlot(insn: Insn): number {
  return insn.slot + (insn.kind === 'lddw' || insn.kind === 'global' || insn.kind === 'funcaddr' ? 2 : 1);
}

function successors(insn: Insn, facts: FunctionFacts): number[] {
  const next = nextSlot(insn);
  switch (insn.kind) {
    case 'exit':
      return [];
    case 'jump':
      return [insn.target];
    case 'branch': {
      const known = facts.branches.get(insn.slot);
      if (known === 'always') return [insn.target];
      return known === 'never' ? [next] : [insn.target, next];
    }
    case 'alu':
    case 'movsx':
    case 'endian':
    case 'lddw':
    case 'global':
    case 'funcaddr':
    case 'load':
    case 'store':
    case 'atomic':
    case 'call':
    case 'helper':
    case 'callx':
      return [next];
  }
}

/**
 * The part of a function that the facts call reachable, as blocks. Unlike the control-flow graph that the verifier works
 * on, it leaves out what the verifier showed dead, so registers that only dead code reads are not live.
 */
export function flowOf(fn: BpfFunction, facts: FunctionFacts): Flow {
  const reachable = (slot: number): boolean => facts.reachable[slot] === true && fn.at[slot] !== undefined;
  const leaders = new Set([0]);
  for (const insn of fn.insns) {
    if (!reachable(insn.slot)) continue;
    const to = successors(insn, facts);
    if (insn.kind === 'jump' || insn.kind === 'branch') for (const s of to) leaders.add(s);
  }
  const made = new Map<number, FlowNode>();
  for (const slot of leaders) {
    if (!reachable(slot)) continue;
    const insns: Insn[] = [];
    let succs: number[] = [];
    for (let at: number | undefined = slot; at !== undefined; ) {
      const insn: Insn = fn.at[at]!;
      insns.push(insn);
      const next = nextSlot(insn);
      succs = successors(insn, facts).filter(reachable);
      const ends: boolean = insn.kind === 'jump' || insn.kind === 'branch' || insn.kind === 'exit';
      at = ends || leaders.has(next) || !reachable(next) ? undefined : next;
    }
    made.set(slot, { insns, succs, preds: slot === 0 ? 1 : 0 });
  }
  for (const node of made.values()) for (const s of node.succs) made.get(s)!.preds++;
  return { nodes: inOrder(made) };
}

/** Reverse postorder from slot 0. */
function inOrder(made: ReadonlyMap<number, FlowNode>): Map<number, FlowNode> {
  const post: number[] = [];
  const seen = new Set([0]);
  const stack = [{ slot: 0, next: 0 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const to = made.get(top.slot)?.succs[top.next++];
    if (to === undefined) {
      post.push(top.slot);
      stack.pop();
    } else if (!seen.has(to)) {
      seen.add(to);
      stack.push({ slot: to, next: 0 });
    }
  }
  return new Map(post.reverse().flatMap((s) => (made.has(s) ? [[s, made.get(s)!]] : [])));
}
