// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { emitProgram } from '../../compiler/codegen/emit.js';
import type { MBlock, MFunc, MInst, MTerm } from '../../compiler/codegen/machine.js';
import { allocate } from '../../compiler/codegen/regalloc/index.js';
import { CompileError } from '../../compiler/errors/index.js';
import { TRAPS } from '../../compiler/image/traps.js';
import {
  BYTE_TARGET,
  block,
  branch,
  callOf,
  check,
  FRAME,
  func,
  inst,
  jump,
  MOST,
  out,
  print,
  ret,
  runBytes,
  runMachine,
  trap,
} from './bytes.js';
import { Random } from './toy.js';

const emit = (funcs: MFunc[]) =>
  emitProgram(
    funcs.map((fn) => ({ allocation: allocate(fn, BYTE_TARGET), frame: FRAME })),
    BYTE_TARGET,
  );
const outs = (n: number): MInst[] => Array.from({ length: n }, (_, i) => out(i & 255));

/** A random function of `n` blocks; all loops and orders of blocks occur, also unreachable blocks and irreducible loops. */
function randomFunction(r: Random, index: number, n: number, callees: readonly number[]): MFunc {
  const blocks: MBlock[] = [];
  const target = (): number => 1 + r.below(n - 1);
  for (let i = 0; i < n; i++) {
    const insts: MInst[] = [];
    for (let k = r.below(9); k > 0; k--) {
      const what = r.below(10);
      if (what === 0) insts.push(print(r.below(40) * 0x01010101));
      else if (what === 1) insts.push(check(r.below(20)));
      else if (what === 2 && callees.length > 0) insts.push(callOf(r.pick(callees)));
      else insts.push(out(r.below(256)));
    }
    const kind = r.below(12);
    const term: MTerm =
      kind === 0 ? ret : kind === 1 ? trap(100 + i) : kind < 5 ? jump(target()) : branch(target(), target());
    blocks.push(block(i, insts, term));
  }
  return func(index, index === 0, blocks);
}

describe('emission', () => {
  it('keeps the meaning of random programs', () => {
    let traps = 0;
    for (let seed = 1; seed <= 250; seed++) {
      const r = new Random(seed);
      const leaf = randomFunction(r, 1, 2 + r.below(8), []);
      const middle = randomFunction(r, 2, 2 + r.below(20), [1]);
      const funcs = [leaf, middle, randomFunction(r, 0, 2 + r.below(60), [1, 2])];
      const e = emit(funcs);
      const site = (slot: number, name: string): string => {
        const s = e.sites.find((x) => x.origin.slot === slot && x.trap === name)!;
        return `trap ${TRAPS[s.trap].code} at ${e.trapTable + 4 * s.site + 4}`;
      };
      for (let run = 0; run < 6; run++) {
        const bits = new Random(seed * 7 + run);
        const stream = Array.from({ length: 600 }, () => bits.below(3) === 0);
        const input = (n: number): boolean => stream[n]!;
        const want = runMachine(funcs, funcs[2]!, input, site);
        expect(want.length).toBeLessThanOrEqual(MOST);
        const got = runBytes(e.text, e.functions.find((f) => f.entry)!.start, input);
        expect(got.out, `seed ${seed}`).toEqual(want);
        if (`${want.at(-1)}`.startsWith('trap')) traps++;
        const worst = e.functions.find((f) => f.entry)!.worstCase;
        if (worst !== null) expect(got.steps, `seed ${seed}`).toBeLessThanOrEqual(worst);
      }
      expect(e.text.length % 8).toBe(0);
    }
    expect(traps).toBeGreaterThan(100);
  });

  // A conditional jump over n two-byte instructions: it and they are 2 + 2n bytes when short.
  it.each([
    [14, 2],
    [15, 4],
  ])('takes the short jump over %i instructions: %i bytes', (n, size) => {
    const skip = inst('skip', [], (_, asm) => {
      const end = asm.newLabel();
      asm.ref('jset', end);
      for (let i = 0; i < n; i++) asm.inst('out', i);
      asm.bind(end);
    });
    const e = emit([func(0, true, [block(0, [skip], ret)])]);
    expect(e.functions[0]!.end - e.functions[0]!.start).toBe(size + 2 * n + 2);
    expect(runBytes(e.text, 0, () => true).out).toEqual([]);
    expect(runBytes(e.text, 0, () => false).out.length).toBe(n);
  });

  it('grows jumps that only another growth puts out of reach', () => {
    // The outer jump reaches over the inner one as long as that is short, which it cannot be.
    const nest = inst('nest', [], (_, asm) => {
      const a = asm.newLabel();
      const b = asm.newLabel();
      asm.ref('jset', a);
      asm.ref('jset', b);
      for (let i = 0; i < 13; i++) asm.inst('out', i);
      asm.bind(a);
      for (let i = 0; i < 5; i++) asm.inst('out', i);
      asm.bind(b);
    });
    const e = emit([func(0, true, [block(0, [nest], ret)])]);
    expect(e.functions[0]!.end).toBe(4 + 4 + 2 * 18 + 2);
  });

  it('refuses text that no jump spans', () => {
    const b = [
      block(0, outs(1), branch(1, 2)),
      block(1, outs(2100), jump(2)),
      block(2, outs(1), branch(1, 3)),
      block(3, [], ret),
    ];
    let error: unknown;
    try {
      emit([func(0, true, b)]);
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(CompileError);
    expect((error as CompileError).code).toBe('FCC0510');
  });

  it('pools constants once, aligned, and writes them in place where the pool is out of reach', () => {
    const near = emit([func(0, true, [block(0, [print(5), out(1), print(5), print(7)], ret)])]);
    // Four instructions and ret, padding to 4, two words.
    expect(near.functions[0]!.end).toBe(12 + 8);
    expect(runBytes(near.text, 0, () => false).out).toEqual(['5', 1, '5', '7']);
    const distant = emit([func(0, true, [block(0, [print(5), ...outs(70), print(5)], ret)])]);
    expect(distant.functions[0]!.end).toBe(6 + 140 + 2 + 2 + 2 + 4);
    expect(runBytes(distant.text, 0, () => false).out.at(-1)).toBe('5');
  });

  it('lets the usual way fall through and puts traps last', () => {
    const loop = [
      block(0, [out(1)], jump(1)),
      block(1, [out(2)], branch(3, 2), 10),
      block(2, [out(3)], jump(1)),
      block(3, [out(4)], branch(4, 5)),
      block(4, [out(5)], trap(3)),
      block(5, [], ret),
    ];
    const e = emit([func(0, true, loop)]);
    // One instruction a jump: into the turned loop; the two branches; the trap.
    const jumps = [...e.text.subarray(0, e.trapTable)].filter((x, i) => i % 2 === 0 && x >= 2 && x <= 7).length;
    expect(jumps).toBe(4);
    const last = e.lineMap.at(-1)!;
    expect(last.origin.slot).toBe(3);
  });

  it('counts sites once per place and kind, and marks guards', () => {
    const e = emit([func(0, true, [block(0, [check(4), out(1), check(9), check(4)], ret)])]);
    expect(e.sites.map((s) => [s.site, s.origin.slot])).toEqual([
      [0, 4],
      [1, 9],
    ]);
    expect(e.lineMap.map((l) => [l.origin.slot, l.guard])).toEqual([
      [4, true],
      [0, false],
      [9, true],
      [4, true],
      [0, false],
    ]);
    expect(e.text.length).toBe(Math.ceil((e.trapTable + 8) / 8) * 8);
  });

  it('adds up native stack along the deepest calls', () => {
    const frames = [8, 24, 16];
    const funcs = [
      func(1, false, [block(0, [], ret)]),
      func(2, false, [block(0, [callOf(1)], ret)]),
      func(0, true, [block(0, [callOf(1), callOf(2), callOf(1)], ret)]),
    ];
    const e = emitProgram(
      funcs.map((fn, i) => ({ allocation: allocate(fn, BYTE_TARGET), frame: { ...FRAME, adjust: frames[i]! } })),
      BYTE_TARGET,
    );
    expect(e.functions.map((f) => f.stackBytes)).toEqual([8, 32, 48]);
  });
});

describe('worst case', () => {
  const worst = (blocks: MBlock[]): number | null => emit([func(0, true, blocks)]).functions[0]!.worstCase;

  it('takes the longer way', () => {
    // out, jump if set | five outs | ret: the short way skips the five.
    expect(worst([block(0, [out(1)], branch(1, 2)), block(1, outs(5), jump(2)), block(2, [], ret)])).toBe(
      1 + 1 + 5 + 1,
    );
  });

  it('multiplies nested loops by their bounds', () => {
    const nest = (outer?: number, inner?: number): MBlock[] => [
      block(0, [out(1)], jump(1)),
      block(1, [out(2)], jump(2), outer),
      block(2, [out(3), out(4)], branch(2, 3), inner),
      block(3, [out(5)], branch(1, 4)),
      block(4, [], ret),
    ];
    // The inner loop runs 3 times, 3 instructions each, the outer 11 times around it with 3 of its own.
    expect(worst(nest(10, 2))).toBe(1 + 11 * (1 + 3 * 3 + 2) + 1);
    expect(worst(nest(undefined, 2))).toBeNull();
    expect(worst(nest(10, undefined))).toBeNull();
    expect(worst(nest(0xffff, 0xffff))).toBeNull();
  });

  it('knows no bound for a loop with two ways in', () => {
    expect(
      worst([
        block(0, [], branch(1, 2)),
        block(1, [out(1)], jump(2), 3),
        block(2, [out(2)], branch(1, 3), 3),
        block(3, [], ret),
      ]),
    ).toBeNull();
  });

  it('includes callees each time, and the way through a trap once', () => {
    const e = emit([
      func(1, false, [block(0, outs(4), ret)]),
      func(0, true, [block(0, [check(1), callOf(1), callOf(1), check(2)], ret)]),
    ]);
    const stubAndCommon = 2;
    expect(e.functions[0]!.worstCase).toBe(5 + stubAndCommon);
    expect(e.functions[1]!.worstCase).toBe(2 + 2 * (1 + 5) + 1 + stubAndCommon);
  });
});
