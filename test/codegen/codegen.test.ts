// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { generate } from '../../compiler/codegen/codegen.js';
import type { LowerContext, Target } from '../../compiler/codegen/target.js';
import { HELPERS } from '../../compiler/contract/helpers.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { INTRINSIC_BASE, INTRINSICS, instanceImportOffset, instanceRegionOffset } from '../../compiler/image/fields.js';
import type { Func, Inst, Module, Property } from '../../compiler/ir/ir.js';
import { BYTE_TARGET, block, callOf, check, FRAME, func, out, ret, runBytes } from './bytes.js';
import { ORIGIN } from './toy.js';

/** A function that calls others, uses helpers and has a frame; lowered to calls, its own number, and a check. */
function ir(index: number, entry: boolean, frameBytes: number, callees: number[], helpers: number[] = []): Func {
  const insts = [
    ...callees.map((callee): Inst => ({ op: 'call', args: [], results: [], origin: ORIGIN, callee })),
    ...helpers.map((helper): Inst => ({ op: 'helper', args: [], results: [], origin: ORIGIN, helper })),
  ];
  return {
    index,
    name: `f${index}`,
    entry,
    blocks: [{ id: 0, params: [], insts, term: { kind: 'ret', args: [], origin: ORIGIN } }],
    params: [],
    results: [],
    frameBytes,
    nextValue: 0,
    nextBlock: 1,
  };
}
const moduleOf = (...funcs: Func[]): Module => ({
  funcs,
  properties: new Set<Property>(['lanes', 'guarded', 'split-critical-edges']),
});
const INPUT = { contract: DEFAULT_CONTRACT, globals: { data: { length: 16 }, bssLength: 8 }, helpers: HELPERS };

function compile(module: Module) {
  const bases = new Map<number, number>();
  const slots: number[] = [];
  const lower = (fn: Func, context: LowerContext) => {
    bases.set(fn.index, context.regionBase({ kind: 'frame', func: fn.index }).add);
    const insts = fn.blocks[0]!.insts;
    for (const i of insts) if (i.helper !== undefined) slots.push(context.helperSlot(i.helper));
    if (insts.some((i) => i.helper !== undefined)) slots.push(context.intrinsicSlot('umod64'));
    const calls = insts.flatMap((i) => {
      if (i.callee === undefined) return [];
      expect(context.callee(i.callee).params).toEqual([]);
      return [callOf(i.callee)];
    });
    return func(fn.index, fn.entry, [block(0, [...calls, out(fn.index), check(fn.index)], ret)]);
  };
  const target = { ...BYTE_TARGET, lower, frame: () => ({ ...FRAME, adjust: 8 }) } as Target;
  return { generated: generate(module, INPUT, target), bases, slots };
}

describe('generate', () => {
  it('overlays the frames of functions that are never live together', () => {
    // 0 -> 2 -> 3, 1 -> 3; the entry 1 is called by 0 as well.
    const { generated, bases } = compile(
      moduleOf(
        ir(0, true, 16, [2, 1]),
        ir(1, true, 8, [3]),
        ir(1, false, 8, [3]),
        ir(2, false, 24, [3]),
        ir(3, false, 40, []),
      ),
    );
    const globals = 16 + 8;
    expect(bases.get(0)).toBe(globals);
    expect(bases.get(1)).toBe(globals + 16);
    expect(bases.get(2)).toBe(globals + 16);
    expect(bases.get(3)).toBe(globals + 16 + 24);
    expect(generated.frameLength).toBe(16 + 24 + 40);
    expect(generated.entries.map((e) => [e.index, e.name, e.frameBytes, e.stackBytes])).toEqual([
      [0, 'f0', 80, 24],
      [1, 'f1', 48, 16],
    ]);
    expect(generated.stackLength).toBe(24);
    // Every function has three instructions (print, check, return) and one per call; 2 for the trap at the end.
    expect(generated.entries.map((e) => e.worstCase)).toEqual([5 + 2 * (4 + 3) + 2, 4 + 3 + 2]);
    expect(generated.worstCase).toBe(21);
    for (const e of generated.entries)
      expect(runBytes(generated.text, e.offset, () => false).out).toEqual(e.index === 0 ? [3, 2, 3, 1, 0] : [3, 1]);
    expect(generated.functions.map((f) => [f.index, f.entry])).toEqual([
      [3, false],
      [2, false],
      [1, false],
      [0, true],
      [1, true],
    ]);
  });

  it('numbers imports by first use', () => {
    const [a, b] = [HELPERS[3]!.id, HELPERS[1]!.id];
    const { generated, slots } = compile(moduleOf(ir(0, true, 0, [], [a, b, a])));
    const umod = INTRINSIC_BASE + INTRINSICS.findIndex((i) => i.name === 'umod64');
    expect(generated.imports).toEqual([a, b, umod]);
    expect(slots).toEqual([0, 1, 0, 2].map((i) => instanceImportOffset(0, i)));
    expect(instanceRegionOffset(3, 'base')).toBe(slots[0]);
  });

  it('refuses what earlier stages must not let through', () => {
    expect(() => compile(moduleOf(ir(0, true, 0, [1]), ir(1, false, 0, [2]), ir(2, false, 0, [1])))).toThrow(
      /recursion/,
    );
    expect(() => compile(moduleOf(ir(0, true, 0, [1])))).toThrow(/not in the module/);
    expect(() => compile(moduleOf(ir(0, true, 0, [], [0x7777])))).toThrow(/unknown helper/);
    expect(() => compile({ funcs: [], properties: new Set() })).toThrow(/lanes/);
  });
});
