// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { analyseFlow } from '../../compiler/codegen/flow.js';
import { layoutBlocks } from '../../compiler/codegen/layout.js';
import type { MTerm } from '../../compiler/codegen/machine.js';
import type { Piece } from '../../compiler/codegen/regalloc/pieces.js';
import { RegisterMap } from '../../compiler/codegen/regalloc/register-map.js';
import type { ABlock } from '../../compiler/codegen/regalloc/types.js';
import { type CostBlock, calleesFirst, worstCases } from '../../compiler/codegen/worstcase.js';
import { randomNumbers } from '../opt/bounds.js';

const origin = { func: 0, slot: 0 };
const jump = (block: number): MTerm => ({ kind: 'jump', to: { block, args: [] }, origin });
const stop: MTerm = { kind: 'trap', trap: 'unreachable', origin };
const LONG = 130_000;
/** Calls of one function by the next. */
const CHAIN = 30_000;

/** A two-way end; the instruction does not matter here. */
const either = (then: number, other: number): MTerm =>
  ({
    kind: 'branch',
    // biome-ignore lint/suspicious/noThenProperty: the two ways of a branch
    then: { block: then, args: [] },
    else: { block: other, args: [] },
  }) as unknown as MTerm;

describe('programs far longer than a stack is deep', () => {
  it('a row of blocks is laid out in its order', () => {
    const blocks = Array.from({ length: LONG }, (_, id): ABlock => {
      return { id, insts: [], term: id + 1 < LONG ? jump(id + 1) : stop, original: null };
    });
    const order = layoutBlocks(blocks, analyseFlow(blocks));
    expect(order.length).toBe(LONG);
    expect(order.every((b, i) => b === i)).toBe(true);
  });

  it('a chain of calls: its worst case is the sum', () => {
    const funcs = Array.from({ length: CHAIN }, (_, i) => {
      const calls = i + 1 < CHAIN ? [String(i + 1)] : [];
      const block: CostBlock = { id: 0, term: stop, instructions: 2, calls, edges: [] };
      return { key: String(i), blocks: [block] };
    });
    const worst = worstCases(funcs, 5);
    expect([worst.get('0'), worst.get(String(CHAIN - 1))]).toEqual([2 * CHAIN + 5, 7]);
  });

  it('a nest of 600 loops: each round of an outer one pays for all inside', () => {
    // Headers 0..d-1 down, then latches d-1..0 up: block d + i goes back to header d - 1 - i, or on.
    const deep = 600;
    const end = 2 * deep;
    const blocks = Array.from({ length: end + 1 }, (_, id): CostBlock => {
      const term = id < deep ? jump(id + 1) : id < end ? either(end - 1 - id, id + 1) : stop;
      return { id, term, instructions: 1, calls: [], edges: [0, 0], ...(id < deep ? { bound: 0 } : {}) };
    });
    expect(worstCases([{ key: 'f', blocks }], 0).get('f')).toBe(end + 1);
    // The innermost goes round once more: its header and its latch again.
    const once = blocks.map((b) => (b.id === deep - 1 ? { ...b, bound: 1 } : b));
    expect(worstCases([{ key: 'f', blocks: once }], 0).get('f')).toBe(end + 3);
  });

  it('refuses circles of calls and calls of nothing', () => {
    const calls = (key: string, ...to: string[]) => ({ key, calls: to });
    expect(() => calleesFirst([calls('a', 'b'), calls('b', 'c'), calls('c', 'b')])).toThrow('recursion');
    expect(() => calleesFirst([calls('a', 'z')])).toThrow('no such function');
    const order = calleesFirst([calls('a', 'c', 'b'), calls('b', 'c'), calls('c')]).map((f) => f.key);
    expect(order).toEqual(['c', 'b', 'a']);
  });
});

describe('the map of a register', () => {
  it('finds what overlaps, however often it changes', () => {
    const below = randomNumbers(7);
    const blocked = Array.from({ length: 300 }, (_, i) => ({ s: 40 * i + 20, e: 40 * i + 22 }));
    const map = new RegisterMap(blocked);
    /** Owner by position. */
    const model = new Map<number, Piece | null>(
      blocked.flatMap(({ s, e }) => [s, e - 1].map((p) => [p, null] as const)),
    );
    const held: Piece[] = [];
    const spans = (p: Piece): number[] => p.ranges.flatMap((r) => Array.from({ length: r.e - r.s }, (_, i) => r.s + i));
    let clear = 0;
    for (let n = 0; n < 4000; n++) {
      const start = below(12_000);
      const ranges = Array.from({ length: 1 + below(3) }, (_, i) => {
        const s = start + 30 * i + below(8);
        return { s, e: s + 1 + below(10), v: 0 };
      });
      const piece = { ranges } as unknown as Piece;
      const hits: (Piece | null)[] = [];
      map.overlaps(ranges, (owner) => {
        hits.push(owner);
        return false;
      });
      const wanted = new Set(spans(piece).flatMap((p) => (model.has(p) ? [model.get(p)!] : [])));
      expect(new Set(hits)).toEqual(wanted);
      if (wanted.size === 0) {
        clear++;
        map.insert(piece);
        held.push(piece);
        for (const p of spans(piece)) model.set(p, piece);
      }
      if (held.length > 0 && below(3) === 0) {
        const [gone] = held.splice(below(held.length), 1);
        map.remove(gone!);
        for (const p of spans(gone!)) model.delete(p);
      }
    }
    expect(clear).toBeGreaterThan(500);
    expect(() => map.remove({ ranges: [{ s: 1, e: 2, v: 0 }] } as unknown as Piece)).toThrow('lost');
  });
});
