// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { abiOf, helperArgs, MAX_FRAME_OFFSET, wordArgs } from '../../backends/riscv/abi.js';
import { riscvTarget } from '../../backends/riscv/target.js';
import type { Core } from '../../compiler/codegen/target.js';
import { apply } from '../thumb/reference.js';
import {
  type Compiled,
  compile,
  EMAC,
  funcOf,
  helperImport,
  IMAC,
  type Import,
  INSTANCE_AT,
  lowerContext,
  Machine,
  MEMORY,
  VARIANTS,
} from './harness.js';

/** Calls, frames, entries, and text in which not everything is near. */

const one = (
  body: string,
  params = 'r1.lo, r1.hi, r2.lo, r2.hi',
  results = 'lo',
  core: Core = IMAC,
  more = 'local frame 0',
): Compiled => compile([funcOf(body, params, results, more)], core);

describe('argument words', () => {
  const u32 = { kind: 'u32' } as const;
  const u64 = { kind: 'u64' } as const;
  const [wide, narrow] = [abiOf(IMAC.features), abiOf(EMAC.features)];
  const regs = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => ({ reg: from + i }));
  const stack = (...offsets: number[]) => offsets.map((o) => ({ stack: o }));

  // As riscv64-unknown-elf-gcc 12.2 passes them, -mabi=ilp32 and -mabi=ilp32e.
  it('of C functions lie where the psABI says', () => {
    expect(helperArgs(wide, [u32, u32, u32, u32, u32])).toEqual({ places: regs(11, 15), stackBytes: 0 });
    expect(helperArgs(wide, [u64, u32, u64]).places).toEqual(regs(11, 15));
    // Seven words in registers, a pair split between a7 and the stack, a word, a pair aligned to 8.
    expect(helperArgs(wide, [u32, u32, u32, u32, u32, u32, u64, u32, u64])).toEqual({
      places: [...regs(11, 17), ...stack(0, 4, 8, 12)],
      stackBytes: 16,
    });
    expect(helperArgs(wide, [u64, u64, u64, u32, u64, u64])).toEqual({
      places: [...regs(11, 17), ...stack(0, 4, 8, 12)],
      stackBytes: 16,
    });
    expect(helperArgs(wide, [u64, u64, u64, u32, u32, u64])).toEqual({
      places: [...regs(11, 17), ...stack(0, 8, 12)],
      stackBytes: 16,
    });
    expect(helperArgs(wide, [u64, u64, u64, u64, u32])).toEqual({
      places: [...regs(11, 17), ...stack(0, 4)],
      stackBytes: 8,
    });
  });

  it('of C functions with few registers have no gaps', () => {
    expect(helperArgs(narrow, [u64, u64, u64, u64, u32])).toEqual({
      places: [...regs(11, 15), ...stack(0, 4, 8, 12)],
      stackBytes: 16,
    });
    expect(helperArgs(narrow, [u32, u32, u32, u32, u32, u32, u64]).places.slice(5)).toEqual(stack(0, 4, 8));
  });

  it('of local calls follow one another', () => {
    expect(wordArgs(wide, 10)).toEqual({ places: [...regs(10, 17), ...stack(0, 4)], stackBytes: 8 });
    expect(wordArgs(narrow, 10)).toEqual({ places: [...regs(10, 15), ...stack(0, 4, 8, 12)], stackBytes: 16 });
  });
});

describe.each(VARIANTS)('calls on $name', (core) => {
  const registers = abiOf(core.features).argumentRegisters.length;

  it('helper with five words, its result used after values that live across the call', () => {
    const m = new Machine();
    const code = one(
      `b0(v0:i32, v1:i32, v2:i32, v3:i32):
        v4:i32 = const imm=0x12345678 @0:0
        v5:i32 = helper helper=1 v0, v4, v1, v2, v3 @0:0
        v6:i32 = add v5, v0 @0:0
        v7:i32 = add v6, v3 @0:0
        ret v7 @0:1`,
      undefined,
      undefined,
      core,
    );
    const seen: number[] = [];
    const printf: Import = {
      slot: helperImport(1),
      run: (a) => {
        seen.push(...a.slice(0, 6));
        return [100];
      },
    };
    expect(m.run(code, [1, 2, 3, 4], [printf]).r0).toBe(105);
    expect(seen).toEqual([INSTANCE_AT, 1, 0x12345678, 2, 3, 4]);
  });

  it('helper of 64 bits', () => {
    const m = new Machine();
    const code = one(
      'b0(v0:i32, v1:i32): v2:i32, v3:i32 = helper helper=5 v1, v0 @0:0 ret v3, v2 @0:1',
      'r1.lo, r1.hi',
      'lo, hi',
      core,
    );
    const swap: Import = { slot: helperImport(5), run: ([, lo, hi]) => [lo! + 1, hi! + 1] };
    expect(m.run(code, [10, 20], [swap])).toMatchObject({ r0: 11, r1: 21 });
  });

  it.each(['udiv64', 'umod64', 'sdiv64', 'smod64'] as const)('%s through its intrinsic', (op) => {
    const m = new Machine();
    const code = one(
      `b0(v0:i32, v1:i32, v2:i32, v3:i32): v4:i32, v5:i32 = ${op} v0, v1, v2, v3 @0:0 ret v4, v5 @0:1`,
      undefined,
      'lo, hi',
      core,
    );
    for (const args of [
      [7, 0, 2, 0],
      [0, 0x80000000, 0xffffffff, 0xffffffff],
      [5, 1, 0, 0],
    ]) {
      const out = m.run(code, args);
      expect([out.r0, out.r1]).toEqual(apply({ op }, args));
    }
    expect(new Set(m.called)).toEqual(new Set([op]));
  });

  it('local call with ten words, some on the stack, two results; constants among them', () => {
    const words = Array.from({ length: 10 }, (_, i) => `r${1 + (i >> 1)}.${i % 2 ? 'hi' : 'lo'}`).join(', ');
    const params = Array.from({ length: 10 }, (_, i) => `v${i}:i32`).join(', ');
    // Weighted sum, so that exchanged words show.
    let sum = 'v10:i32 = add v0, v0 @1:0';
    for (let i = 1; i < 10; i++) {
      sum += ` v${20 + i}:i32 = const imm=${i + 2} @1:0 v${40 + i}:i32 = mul v${i}, v${20 + i} @1:0`;
      sum += ` v${10 + i}:i32 = add v${9 + i}, v${40 + i} @1:0`;
    }
    const callee = funcOf(`b0(${params}): ${sum} ret v19, v9 @1:1`, words, 'lo, hi', undefined, 1);
    const caller = funcOf(
      `b0(v0:i32, v1:i32, v2:i32, v3:i32):
        v4:i32 = const imm=1000 @0:0
        v5:i32 = const imm=0 @0:0
        v6:i32, v7:i32 = call callee=1 v3, v4, v2, v1, v5, v0, v1, v2, v4, v3 @0:0
        v8:i32 = add v6, v1 @0:0
        ret v8, v7 @0:1`,
      'r1.lo, r1.hi, r2.lo, r2.hi',
      'lo, hi',
    );
    const code = compile([caller, callee], core, { callees: [caller, callee] });
    const m = new Machine();
    const [a, b, c, d] = [11, 22, 33, 44];
    const passed = [d, 1000, c, b, 0, a, b, c, 1000, d];
    const want = passed.reduce((s, v, i) => s + v * (i + 2), 0);
    expect(m.run(code, [a, b, c, d])).toMatchObject({ r0: want + b, r1: d });
    const outgoing = 4 * (10 - registers);
    expect(code.stackBytes).toBeGreaterThanOrEqual(outgoing + 8);
  });

  it('a local function that calls nothing has no frame', () => {
    const code = one('b0(v0:i32, v1:i32): v2:i32 = add v0, v1 @0:0 ret v2 @0:1', 'r1.lo, r1.hi', 'lo', core);
    expect(code.stackBytes).toBe(0);
    expect(new Machine().run(code, [2, 3])).toMatchObject({ r0: 5, instructions: 2 });
  });

  it('entries take context and length from a0 and a2 and zero high lanes', () => {
    const m = new Machine();
    const code = one(
      'b0(v0:i32, v1:i32, v2:i32, v3:i32): v4:i32 = add v0, v2 @0:0 v5:i32 = or v1, v3 @0:0 ret v4, v5 @0:1',
      undefined,
      'lo, hi',
      core,
      'entry frame 0',
    );
    expect(m.run(code, [40, 99, 2, 99], [], true)).toMatchObject({ r0: 42, r1: 0 });
    const low = one('b0(v0:i32): ret v0 @0:1', 'r2.lo', 'lo', core, 'entry frame 0');
    expect(m.run(low, [40, 99, 2, 99], [], true)).toMatchObject({ r0: 2, r1: 0 });
  });
});

const filled = (): Machine => {
  const m = new Machine();
  for (let i = 0; i < m.memory.length; i++) m.memory[i] = (i * 37 + (i >> 8) * 11 + 129) & 0xff;
  return m;
};
const aligned = 'access={context, proved, align 4}';

describe.each([IMAC, EMAC])('frames on $name', (core) => {
  /** n + 2 values alive at once: loaded from memory and added up in reverse. */
  const pressure = (n: number, kind: string): Compiled => {
    const loads = Array.from({ length: n }, (_, i) => `v${i + 10}:i32 = load size=4 off=${4 * i} ${aligned} v0 @0:0`);
    let sums = `v5:i32 = add v0, v0 @0:0 store size=4 off=0 ${aligned} v0, v5 @0:0 v5000:i32 = add v${n + 9}, v${n + 9} @0:0`;
    for (let i = 1; i < n; i++) sums += ` v${5000 + i}:i32 = xor v${4999 + i}, v${n + 9 - i} @0:0`;
    return one(`b0(v0:i32): ${loads.join(' ')} ${sums} ret v${4999 + n} @0:1`, 'r1.lo', 'lo', core, kind);
  };
  const free = abiOf(core.features).allocationOrder.length;

  it.each([4, 8, 20, 30, 60])('%i values alive at once', (n) => {
    for (const kind of ['local frame 0', 'entry frame 0']) {
      const m = filled();
      const data = new DataView(Uint8Array.from(m.memory).buffer);
      const word = (i: number): number => data.getUint32(4 * i, true);
      let want = word(n - 1) * 2;
      for (let i = 1; i < n; i++) want ^= word(n - 1 - i);
      const code = pressure(n, kind);
      const out = m.run(code, [MEMORY], [], kind.startsWith('entry'));
      expect(out.r0).toBe(want >>> 0);
      expect(code.spillSlots > 0).toBe(n + 1 > free);
      expect(code.stackBytes % abiOf(core.features).stackAlign).toBe(0);
      if (kind.startsWith('entry')) expect(out.r1).toBe(0);
    }
  });

  it('end where one load or store does not reach the whole frame', () => {
    const target = riscvTarget(core);
    const fn = target.lower(funcOf('b0(): ret @0:1', '', ''), lowerContext());
    // Arguments of a caller lie behind the frame.
    const most = Math.floor((MAX_FRAME_OFFSET - 40) / 16) * 4;
    expect(target.frame(fn, most, 0).incomingOffset).toBe(4 * most);
    expect(() => target.frame(fn, most + 4, 0)).toThrow(/native stack/);
    expect(target.frame({ ...fn, entry: true }, most + 4, 0).incomingOffset).toBe(4 * most + 16);
  });
});

describe.each(VARIANTS)('long text on $name', (core) => {
  /** A branch over `n` multiplications of a chain, and a trap behind all of them. */
  const long = (n: number): Compiled => {
    const chain = Array.from({ length: n }, (_, i) => `v${i + 10}:i32 = xor v${i + 9}, v1 @0:0`).join(' ');
    return one(
      `b0(v0:i32, v1:i32): v2:i32 = const imm=0 @0:0 branch eq v0, v2 ? b1() : b2() @0:0
       b1(): trapif cond=ugt trap=memory v1, v0 @0:0 v9:i32 = add v1, v1 @0:0 ${chain} jump b3(v${n + 9}) @0:0
       b2(): jump b3(v1) @0:0
       b3(v4000:i32): ret v4000 @0:1`,
      'r1.lo, r1.hi',
      'lo',
      core,
    );
  };

  it.each([10, 130, 1100])('branches, jumps and traps over %i instructions', (n) => {
    const m = new Machine();
    const code = long(n);
    expect(code.codeBytes).toBeGreaterThan(2 * n);
    expect(m.run(code, [1, 77]).r0).toBe(77);
    expect(m.run(code, [0, 77])).toMatchObject({ trap: 1 });
    expect(m.run(code, [0, 0])).toMatchObject({ trap: null, r0: 0 });
  });

  it('calls of a function far away', () => {
    const chain = Array.from({ length: 1100 }, (_, i) => `v${i + 10}:i32 = xor v${i + 9}, v1 @1:0`).join(' ');
    const words = 'r1.lo, r1.hi';
    const far = funcOf(
      `b0(v0:i32, v1:i32): v9:i32 = add v0, v1 @1:0 ${chain} ret v1109 @1:1`,
      words,
      'lo',
      undefined,
      1,
    );
    const caller = funcOf(
      'b0(v0:i32, v1:i32): v2:i32 = call callee=1 v0, v1 @0:0 v3:i32 = call callee=1 v2, v0 @0:0 ret v3 @0:1',
      words,
      'lo',
    );
    const code = compile([caller, far], core, { callees: [caller, far] });
    // An even number of exclusive ors with one value cancel out.
    expect(new Machine().run(code, [5, 9]).r0).toBe(5 + 9 + 5);
  });
});
