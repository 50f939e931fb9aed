// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { MFunc, MInst } from '../../compiler/codegen/machine.js';
import { checkAllocation, checkFrame } from '../../compiler/codegen/regalloc/check.js';
import { type Allocation, allocate, allocateUnchecked } from '../../compiler/codegen/regalloc/index.js';
import { sequence } from '../../compiler/codegen/regalloc/moves.js';
import { isSlot, type Loc, SLOT } from '../../compiler/codegen/regalloc/types.js';
import { added, FORMS, Generator, make, ORIGIN, Random, runAllocated, runVirtual, TOY } from './toy.js';

const ALL = Object.keys(FORMS).filter((f) => !['if', 'ift', 'ret'].includes(f));
const random = (seed: number, forms: readonly string[], length: number): MFunc =>
  new Generator(new Random(seed), forms, length).function();

/** One block: instructions given as [form, operands], then ret of two values. */
function straight(list: readonly (readonly [string, ...number[]])[], ret: [number, number]): MFunc {
  const insts = list.map(([form, ...operands]) => make(form, operands));
  const inst = { ...make('ret', ret), expand: undefined };
  return {
    index: 0,
    name: 'straight',
    entry: true,
    blocks: [{ id: 0, params: [], insts, term: { kind: 'ret', inst, origin: ORIGIN } }],
    nextVreg: 200,
    outgoingBytes: 0,
    hasCalls: true,
  };
}
const names = (a: Allocation): string[] => a.blocks.flatMap((b) => b.insts.map((x) => x.inst.name));

describe('allocation of random functions', () => {
  it('computes what the function computes', () => {
    let finished = 0;
    let spilled = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const fn = random(seed, ALL, 4 + (seed % 40));
      const before = runVirtual(fn);
      const a = allocate(fn, TOY);
      expect(runAllocated(a).out, `seed ${seed}`).toEqual(before.out);
      if (before.steps >= 0) finished++;
      if (a.spillSlots > 0) spilled++;
    }
    expect(finished).toBeGreaterThan(80);
    expect(spilled).toBeGreaterThan(60);
  });

  it('does so for every form of instruction alone', () => {
    for (const form of ALL)
      for (let seed = 1; seed <= 6; seed++) {
        const fn = random(seed, [form, 'const', 'inc', 'out'], 12);
        expect(runAllocated(allocate(fn, TOY)).out, `${form} ${seed}`).toEqual(runVirtual(fn).out);
      }
  });

  it('is the same each time and leaves the function alone', () => {
    const fn = random(5, ALL, 30);
    const before = JSON.stringify(fn);
    const a = allocate(fn, TOY);
    expect(JSON.stringify(fn)).toBe(before);
    expect(JSON.stringify(allocate(fn, TOY))).toBe(JSON.stringify(a));
  });

  it('takes 20 000 instructions in seconds', () => {
    const fn = random(1, ['add', 'sub', 'const', 'out', 'inc', 'call'], 2000);
    const size = fn.blocks.reduce((n, b) => n + b.insts.length + 1, 0);
    expect(size).toBeGreaterThan(15_000);
    const start = performance.now();
    allocate(fn, TOY);
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});

describe('quality', () => {
  it('adds nothing to what fits', () => {
    const a = allocate(
      straight(
        [
          ['const', 100, 1],
          ['const', 101, 2],
          ['add', 102, 100, 101],
          ['sub', 103, 102, 101],
          ['move', 104, 103],
          ['call', 105, 106, 104, 100, 101],
        ],
        [105, 106],
      ),
      TOY,
    );
    expect(names(a)).toEqual(['const', 'const', 'add', 'sub', 'call']);
    expect(a.spillSlots).toBe(0);
  });

  it('keeps what lives across a call in a register that the call preserves', () => {
    const a = allocate(
      straight(
        [
          ['const', 100, 1],
          ['inc', 101, 100],
          ['inc', 102, 101],
          ['call', 103, 104, 101, 101, 101],
          ['add', 105, 101, 102],
        ],
        [105, 103],
      ),
      TOY,
    );
    expect(added(a).memory).toBe(0);
    expect(a.usedRegisters & TOY.registers.calleeSaved).not.toBe(0);
  });

  it('repeats constants instead of keeping them in memory', () => {
    const many = Array.from({ length: 12 }, (_, i) => ['const', 100 + i, i] as const);
    const uses = Array.from({ length: 12 }, (_, i) => ['out', 100 + i] as const);
    const a = allocate(straight([...many, ...uses], [100, 101]), TOY);
    expect(added(a).memory).toBe(0);
    expect(runAllocated(a).out).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1]);
  });

  it('turns a counted loop without moves, and spills around it rather than inside', () => {
    // Five values live across the loop, three in it, six registers: the idle ones go to memory outside.
    const idle = Array.from({ length: 5 }, (_, i) => 110 + i);
    const blocks: MFunc['blocks'] = [
      {
        id: 0,
        params: [],
        insts: [make('const', [100, 0]), ...idle.map((v) => make('inc', [v, 100]))],
        term: { kind: 'jump', to: { block: 1, args: [100, 110, 111] }, origin: ORIGIN },
      },
      {
        id: 1,
        params: [101, 102, 103],
        insts: [make('add', [104, 102, 103]), make('add', [105, 103, 104]), make('inc', [106, 101])],
        term: {
          kind: 'branch',
          inst: { ...make('if', [106, 106]), expand: undefined },
          // biome-ignore lint/suspicious/noThenProperty: the two ways of a branch
          then: { block: 2, args: [] },
          else: { block: 3, args: [] },
          branch: () => {},
          origin: ORIGIN,
        },
      },
      { id: 2, params: [], insts: [], term: { kind: 'jump', to: { block: 1, args: [106, 104, 105] }, origin: ORIGIN } },
      {
        id: 3,
        params: [],
        insts: idle.map((v) => make('out', [v])),
        term: { kind: 'ret', inst: { ...make('ret', [104, 105]), expand: undefined }, origin: ORIGIN },
      },
    ];
    const fn: MFunc = { ...straight([], [0, 0]), blocks };
    const a = allocate(fn, TOY);
    expect(runAllocated(a).out).toEqual(runVirtual(fn).out);
    const inLoop = a.blocks
      .filter((b) => b.id === 1 || b.id === 2)
      .flatMap((b) => b.insts.filter((x) => !('source' in x)));
    expect(inLoop.map((x) => x.inst.name)).toEqual([]);
  });
});

describe('hard constraints', () => {
  it('allocates an instruction that needs every register twice over', () => {
    // Six uses that live on, in six registers, and a result.
    const defs = Array.from({ length: 6 }, (_, i) => ['inc', 101 + i, 100] as const);
    const fn = straight(
      [
        ['const', 100, 7],
        ...defs,
        ['wide', 101, 102, 103, 104, 105, 106, 107],
        ['wide', 106, 105, 104, 103, 102, 101, 108],
      ],
      [107, 108],
    );
    expect(runAllocated(allocate(fn, TOY)).out).toEqual(runVirtual(fn).out);
  });

  it('passes one value in several fixed registers and swaps results', () => {
    const fn = straight(
      [
        ['const', 100, 7],
        ['inc', 101, 100],
        ['call', 102, 103, 101, 101, 101],
        ['call', 104, 105, 103, 102, 103],
        ['both', 106, 105, 104],
        ['div', 107, 104, 104],
      ],
      [107, 106],
    );
    expect(runAllocated(allocate(fn, TOY)).out).toEqual(runVirtual(fn).out);
  });

  it('says which value has no register when there is none', () => {
    FORMS.seven = { specs: Array.from({ length: 7 }, () => ({ role: 'use' })) };
    const defs = Array.from({ length: 7 }, (_, i) => ['inc', 101 + i, 100] as const);
    const fn = straight([['const', 100, 7], ...defs, ['seven', 101, 102, 103, 104, 105, 106, 107]], [101, 102]);
    expect(() => allocate(fn, TOY)).toThrow(/no register for v10/);
    delete FORMS.seven;
  });
});

describe('moves at the same time', () => {
  it('end up as if done at once, whatever reads what', () => {
    const r = new Random(11);
    for (let n = 0; n < 1500; n++) {
      const places = [0, 1, 2, 3, SLOT, SLOT + 1, SLOT + 2];
      const moves = places.filter(() => r.below(3) > 0).map((to) => ({ to, from: r.pick(places) }));
      const before = new Map<Loc, number>(places.map((p, i) => [p, 100 + i]));
      const want = new Map(before);
      for (const m of moves) want.set(m.to, before.get(m.from)!);
      const now = new Map(before);
      for (const x of sequence(moves, TOY, ORIGIN, () => SLOT + 9)) {
        if (!('copies' in x)) throw new Error('not a copy');
        expect(isSlot(x.copies.from) && isSlot(x.copies.to)).toBe(false);
        now.set(x.copies.to, now.get(x.copies.from)!);
      }
      for (const p of places) expect(now.get(p)).toBe(want.get(p));
    }
  });
});

describe('the check', () => {
  /** Damages an allocation in one place; null if there is nothing of that kind. */
  const damage: Record<string, (a: Allocation, r: Random) => boolean> = {
    'another register in an operand': (a, r) => {
      const b = r.pick(a.blocks);
      const n = r.below(b.insts.length || 1);
      const x = b.insts[n];
      if (!x || !('source' in x)) return false;
      const k = r.below(x.inst.operands.length);
      if (x.inst.specs[k]!.role === 'imm') return false;
      const operands = [...x.inst.operands];
      operands[k] = (operands[k]! + 1 + r.below(5)) % 6;
      b.insts[n] = { ...x, inst: { ...x.inst, operands } };
      return true;
    },
    'a copy from elsewhere': (a, r) => {
      const b = r.pick(a.blocks);
      const n = r.below(b.insts.length || 1);
      const x = b.insts[n];
      if (!x || !('copies' in x)) return false;
      const from = isSlot(x.copies.from) ? SLOT + ((x.copies.from - SLOT + 1) % a.spillSlots) : (x.copies.from + 1) % 6;
      if (from === x.copies.from) return false;
      b.insts[n] = { ...x, copies: { ...x.copies, from } };
      return true;
    },
    'a copy left out': (a, r) => {
      const b = r.pick(a.blocks);
      const n = r.below(b.insts.length || 1);
      if (!b.insts[n] || !('copies' in b.insts[n])) return false;
      b.insts.splice(n, 1);
      return true;
    },
    'an instruction left out': (a, r) => {
      const b = r.pick(a.blocks);
      const n = r.below(b.insts.length || 1);
      const x = b.insts[n];
      if (!x || !('source' in x) || x.inst.remat) return false;
      b.insts.splice(n, 1);
      return true;
    },
  };

  it.each(Object.keys(damage))('finds %s', (kind) => {
    let damaged = 0;
    let missed = 0;
    for (let seed = 1; seed <= 35; seed++) {
      const fn = random(seed, ALL, 6 + (seed % 20));
      const want = runVirtual(fn).out;
      for (let n = 0; n < 8; n++) {
        const a = allocateUnchecked(fn, TOY);
        checkAllocation(a, TOY);
        if (!damage[kind]!(a, new Random(seed * 100 + n))) continue;
        damaged++;
        try {
          checkAllocation(a, TOY);
        } catch {
          continue;
        }
        // What it lets pass must not matter: a result that nobody reads, a copy that was there already.
        missed++;
        expect(runAllocated(a).out, `seed ${seed}.${n}`).toEqual(want);
      }
    }
    expect(damaged).toBeGreaterThan(40);
    expect(missed / damaged).toBeLessThan(0.35);
  });

  it('finds registers that are reserved, clobbered, not tied or not suitable', () => {
    const tamper = (
      list: readonly (readonly [string, ...number[]])[],
      form: string,
      operand: number,
      reg: number,
    ): (() => void) => {
      const a = allocateUnchecked(straight([...list], [100, 100]), TOY);
      const insts = a.blocks[0]!.insts;
      const n = insts.findIndex((x) => 'source' in x && x.inst.name === form);
      const x = insts[n] as { inst: MInst; source: number };
      const operands = [...x.inst.operands];
      operands[operand] = reg;
      insts[n] = { ...x, inst: { ...x.inst, operands } };
      return () => checkAllocation(a, TOY);
    };
    const two = [
      ['const', 100, 1],
      ['inc', 101, 100],
    ] as const;
    expect(tamper([...two, ['inc', 102, 101]], 'inc', 0, 7)).toThrow(/reserved/);
    expect(tamper([...two, ['mul', 102, 101, 100]], 'mul', 0, 5)).toThrow(/cannot be in register 5/);
    expect(tamper([...two, ['sub', 102, 101, 100]], 'sub', 0, 5)).toThrow(/not tied/);
    expect(tamper([...two, ['callx', 102, 100, 101, 103]], 'callx', 0, 3)).toThrow(/in register 3, not 0/);
  });

  it('wants preserved registers saved, but not by entries', () => {
    const a = allocate(random(9, ALL, 30), TOY);
    expect(a.usedRegisters & 0b110000).toBe(0b110000);
    const frame = { incomingOffset: 0, spillOffset: 0, saved: [4], entry: true, adjust: 0 };
    expect(() => checkFrame(a, frame, TOY)).not.toThrow();
    const local = { ...a, fn: { ...a.fn, entry: false } };
    expect(() => checkFrame(local, frame, TOY)).toThrow(/register 5 is not preserved/);
    expect(() => checkFrame(local, { ...frame, saved: [4, 5] }, TOY)).not.toThrow();
  });
});
