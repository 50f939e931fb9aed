// SPDX-License-Identifier: MIT
import type { Item } from './asm.js';
import { analyseFlow } from './flow.js';
import type { MEdge, MTerm } from './machine.js';
import type { ABlock } from './regalloc/index.js';

/** Blocks as emission sees them: what each expands to, its terminator apart, by block id. */
export type Bodies = ReadonlyMap<number, readonly Item[]>;

/** Blocks that lead to merged ones may be twins in the next round; few go deeper. */
const ROUNDS = 3;
/** Most bytes that one copy of a return adds, and all copies of a function's returns together. */
const COPY_BYTES = 6;
const ALL_COPIES_BYTES = 32;

/** Terminators with every edge sent elsewhere. */
export function redirect(t: MTerm, to: (id: number) => number): MTerm {
  const edge = (e: MEdge): MEdge => ({ ...e, block: to(e.block) });
  if (t.kind === 'jump') return { ...t, to: edge(t.to) };
  // biome-ignore lint/suspicious/noThenProperty: the two ways of a branch
  return t.kind === 'branch' ? { ...t, then: edge(t.then), else: edge(t.else) } : t;
}

/** Text that is equal for blocks that do the same; null if a block cannot be another's twin. */
function keyOf(b: ABlock, body: readonly Item[]): string | null {
  if (b.bound !== undefined || (b.term.kind !== 'jump' && b.term.kind !== 'ret')) return null;
  const parts: string[] = [b.term.kind === 'jump' ? `j${b.term.to.block}` : 'r'];
  for (const x of body) {
    // A label inside makes the block one of its own.
    if (x.kind === 'bind') return null;
    if (x.kind === 'inst') parts.push(`${x.name} ${x.operands.join()}`);
    else if (x.kind === 'ref') parts.push(`${x.name} ${x.operands.join()} L${x.label}`);
    else return null;
  }
  return parts.join(';');
}

/**
 * Leaves one of several blocks outside loops that do the same and go to the same place. Saves bytes; what it can cost is that
 * a block is jumped to where it was fallen into.
 */
export function mergeTwins(blocks: readonly ABlock[], bodies: Bodies): ABlock[] {
  let out = [...blocks];
  const { loopOf } = analyseFlow(out);
  const inLoop = new Set(out.filter((_, i) => loopOf[i]).map((b) => b.id));
  for (let round = 0; round < ROUNDS; round++) {
    const first = new Map<string, number>();
    const same = new Map<number, number>();
    out.forEach((b, i) => {
      const body = bodies.get(b.id);
      const key = i === 0 || !body || inLoop.has(b.id) ? null : keyOf(b, body);
      if (key === null) return;
      const twin = first.get(key);
      if (twin === undefined) first.set(key, b.id);
      else same.set(b.id, twin);
    });
    if (same.size === 0) break;
    out = out
      .filter((b) => !same.has(b.id))
      .map((b) => ({
        ...b,
        term: redirect(b.term, (id) => same.get(id) ?? id),
      }));
  }
  return out;
}

/**
 * Gives blocks that jump to a short return one of their own, which saves the jump. `bytes`: what a block's instructions and
 * return take, `jump`: what a jump takes.
 */
export function copyReturns(blocks: readonly ABlock[], bytes: (b: ABlock) => number, jump: number): ABlock[] {
  const byId = new Map(blocks.map((b) => [b.id, b]));
  const takers = new Map<number, ABlock[]>();
  const branched = new Set<number>();
  for (const b of blocks) {
    if (b.term.kind === 'jump') {
      const list = takers.get(b.term.to.block);
      if (list) list.push(b);
      else takers.set(b.term.to.block, [b]);
    } else if (b.term.kind === 'branch') {
      branched.add(b.term.then.block);
      branched.add(b.term.else.block);
    }
  }
  let left = ALL_COPIES_BYTES;
  let nextId = blocks.reduce((n, b) => Math.max(n, b.id), 0) + 1;
  const copies: ABlock[] = [];
  const goes = new Map<number, number>();
  for (const [id, list] of takers) {
    const ret = byId.get(id)!;
    if (ret.term.kind !== 'ret' || ret.bound !== undefined) continue;
    const more = bytes(ret) - jump;
    if (more > COPY_BYTES) continue;
    // One of those that jump to it can fall into it.
    for (const b of branched.has(id) ? list : list.slice(1)) {
      if (more > left) break;
      left -= Math.max(more, 0);
      const copy = { ...ret, id: nextId++, original: null };
      copies.push(copy);
      goes.set(b.id, copy.id);
    }
  }
  if (copies.length === 0) return [...blocks];
  return [
    ...blocks.map((b) => (goes.has(b.id) ? { ...b, term: redirect(b.term, () => goes.get(b.id)!) } : b)),
    ...copies,
  ];
}
