// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { helperArgs, localArgs } from '../../backends/xtensa/abi.js';
import {
  BENCHES,
  type Bench,
  type Compiled,
  FAR_SLOTS,
  funcOf,
  helperImport,
  type Import,
  INSTANCE_AT,
  lanes,
  MEMORY,
} from './harness.js';

describe('words of a call', () => {
  it('are placed as the calling convention says', () => {
    const u32 = { kind: 'u32' } as const;
    const u64 = { kind: 'u64' } as const;
    const reg = (...r: number[]) => r.map((n) => ({ reg: n }));
    expect(helperArgs([u32, u32, u32, u32, u32, u32])).toEqual({
      places: [...reg(3, 4, 5, 6, 7), { stack: 0 }],
      stackBytes: 4,
    });
    expect(helperArgs([u64]).places).toEqual(reg(4, 5));
    expect(helperArgs([u32, u64, u32])).toEqual({ places: reg(3, 4, 5, 6), stackBytes: 0 });
    // A pair starts at an even word, on the stack too, and what follows does not come back to a7.
    expect(helperArgs([u32, u32, u32, u32, u64, u32, u64])).toEqual({
      places: [...reg(3, 4, 5, 6), { stack: 0 }, { stack: 4 }, { stack: 8 }, { stack: 16 }, { stack: 20 }],
      stackBytes: 24,
    });
    expect(localArgs(8)).toEqual({
      places: [...reg(2, 3, 4, 5, 6, 7), { stack: 0 }, { stack: 4 }],
      stackBytes: 8,
    });
  });
});

describe.each(BENCHES)('$name', (bench) => {
  describe('calls', () => {
    it('helper with five words, its result used after values that live across the call', () => {
      const m = bench.machine();
      const code = bench.one(
        `b0(v0:i32, v1:i32, v2:i32, v3:i32):
          v4:i32 = const imm=0x12345678 @0:0
          v5:i32 = helper helper=1 v0, v4, v1, v2, v3 @0:0
          v6:i32 = add v5, v0 @0:0
          v7:i32 = add v6, v3 @0:0
          ret v7 @0:1`,
        lanes(4),
      );
      const seen: number[] = [];
      const printf: Import = {
        slot: helperImport(1),
        run: (a) => {
          seen.push(...a);
          return [100];
        },
      };
      expect(m.run(code, [1, 2, 3, 4], [printf]).lo).toBe(105);
      expect(seen).toEqual([INSTANCE_AT, 1, 0x12345678, 2, 3, 4]);
    });

    it('helper of 64 bits', () => {
      const m = bench.machine();
      const code = bench.one(
        'b0(v0:i32, v1:i32): v2:i32, v3:i32 = helper helper=5 v1, v0 @0:0 ret v3, v2 @0:1',
        lanes(2),
        'lo, hi',
      );
      const swap: Import = { slot: helperImport(5), run: ([, , lo, hi]) => [lo! + 1, hi! + 1] };
      expect(m.run(code, [10, 20], [swap])).toMatchObject({ lo: 11, hi: 21 });
    });

    it('import slot beyond the reach of one load from the instance', () => {
      const body = 'b0(v0:i32, v1:i32, v2:i32, v3:i32): v4:i32, v5:i32 = udiv64 v0, v1, v2, v3 @0:0 ret v4 @0:1';
      const code = bench.compile([funcOf(body, lanes(4), 'lo')], { slots: FAR_SLOTS });
      expect(bench.machine().run(code, [100, 0, 7, 0]).lo).toBe(14);
    });

    it('local call with ten words, four on the stack, two results; constants among them', () => {
      const params = Array.from({ length: 10 }, (_, i) => `v${i}:i32`).join(', ');
      // Weighted sum, so that exchanged words show.
      let sum = 'v10:i32 = add v0, v0 @1:0';
      for (let i = 1; i < 10; i++) {
        sum += ` v${20 + i}:i32 = const imm=${i + 2} @1:0 v${40 + i}:i32 = mul v${i}, v${20 + i} @1:0`;
        sum += ` v${10 + i}:i32 = add v${9 + i}, v${40 + i} @1:0`;
      }
      const callee = funcOf(`b0(${params}): ${sum} ret v19, v9 @1:1`, lanes(10), 'lo, hi', undefined, 1);
      const caller = funcOf(
        `b0(v0:i32, v1:i32, v2:i32, v3:i32):
          v4:i32 = const imm=1000 @0:0
          v5:i32 = const imm=70000 @0:0
          v6:i32, v7:i32 = call callee=1 v3, v4, v2, v1, v5, v0, v1, v2, v4, v3 @0:0
          v8:i32 = add v6, v1 @0:0
          ret v8, v7 @0:1`,
        lanes(4),
        'lo, hi',
      );
      const code = bench.compile([caller, callee], { callees: [caller, callee] });
      const m = bench.machine();
      const [a, b, c, d] = [11, 22, 33, 44];
      const passed = [d, 1000, c, b, 70000, a, b, c, 1000, d];
      const want = passed.reduce((s, v, i) => s + v * (i + 2), 0);
      expect(m.run(code, [a, b, c, d])).toMatchObject({ lo: want + b, hi: d });
    });
  });

  describe('frames', () => {
    // Frames are the same on every core; the large ones take time.
    const largest = bench === BENCHES[0] ? 270 : 40;

    it.each([4, 10, 13, 14, largest])('%i values alive at once', (n) => {
      for (const kind of ['local frame 0', 'entry frame 0']) {
        const m = bench.machine().fill();
        const data = new DataView(Uint8Array.from(m.memory).buffer);
        const word = (i: number): number => data.getUint32(4 * i, true);
        let want = word(n - 1) * 2;
        for (let i = 1; i < n; i++) want ^= word(n - 1 - i);
        const code = pressure(bench, n, kind);
        const out = m.run(code, [MEMORY], [], kind.startsWith('entry'));
        expect(out.lo).toBe(want >>> 0);
        expect(code.spillSlots > 0).toBe(n > 11);
        expect(code.stackBytes % 16).toBe(0);
        if (kind.startsWith('entry')) expect(out.hi).toBe(0);
      }
    });

    it('that spill across loops, calls and stack arguments beyond the reach of one store', () => {
      // Rotates more values than there are registers once around a loop, so that moves between slots form cycles.
      for (const n of [20, largest]) {
        const name = (k: number, i: number): string => `v${1000 * k + i}`;
        const list = (k: number, typed = true): string =>
          Array.from({ length: n }, (_, i) => `${name(k, i)}${typed ? ':i32' : ''}`).join(', ');
        const rotated = Array.from({ length: n }, (_, i) => name(2, (i + 1) % n)).join(', ');
        const loads = Array.from(
          { length: n },
          (_, i) =>
            `${name(1, i)}:i32 = load size=4 signed=false off=${4 * i} access={context, proved, align 4} v0 @0:0`,
        ).join('\n');
        let sum = `v3000:i32 = add ${name(2, 0)}, ${name(2, 0)} @0:3`;
        for (let i = 1; i < n; i++) {
          sum += ` v${4000 + i}:i32 = const imm=${i + 2} @0:3 v${5000 + i}:i32 = mul ${name(2, i)}, v${4000 + i} @0:3`;
          sum += ` v${3000 + i}:i32 = add v${2999 + i}, v${5000 + i} @0:3`;
        }
        const text = `b0(v0:i32, v1:i32): ${loads} v2:i32 = const imm=0 @0:0 v3:i32 = const imm=1 @0:0
            jump b1(v1, ${list(1, false)}) @0:1
          b1(v4:i32, ${list(2)}):
            branch eq v4, v2 ? b3() : b2() @0:2
          b2(): v5:i32 = sub v4, v3 @0:2 jump b1(v5, ${rotated}) @0:2
          b3(): ${sum} ret v${2999 + n} @0:4`;
        const m = bench.machine().fill();
        const data = new DataView(m.memory.buffer);
        const code = bench.one(text, lanes(2));
        for (const times of [0, 1, 7]) {
          let want = 0;
          for (let i = 0; i < n; i++)
            want = (want + Math.imul(data.getUint32(4 * ((i + times) % n), true), i + 2)) >>> 0;
          expect(m.run(code, [MEMORY, times]).lo).toBe(want);
        }
      }
    });

    it('beyond the reach of addmi are refused', () => {
      expect(() =>
        bench.target.frame(
          { index: 0, name: 'f', entry: false, blocks: [], nextVreg: 64, outgoingBytes: 0, hasCalls: false },
          8200,
          0,
        ),
      ).toThrow(/native stack/);
    });

    it('entries take context and length from a2 and a4 and zero high lanes', () => {
      const m = bench.machine();
      const code = bench.one(
        'b0(v0:i32, v1:i32, v2:i32, v3:i32): v4:i32 = add v0, v2 @0:0 v5:i32 = or v1, v3 @0:0 ret v4, v5 @0:1',
        lanes(4),
        'lo, hi',
        'entry frame 0',
      );
      expect(m.run(code, [40, 99, 2, 99], [], true)).toMatchObject({ lo: 42, hi: 0 });
    });
  });
});

/** n + 2 values alive at once: loaded from memory and added up in reverse. */
function pressure(bench: Bench, n: number, kind: string): Compiled {
  const access = 'access={context, proved, align 4}';
  const loads = Array.from(
    { length: n },
    (_, i) => `v${i + 10}:i32 = load size=4 signed=false off=${4 * i} ${access} v0 @0:0`,
  );
  let sums = `v5:i32 = add v0, v0 @0:0 store size=4 off=0 ${access} v0, v5 @0:0 v5000:i32 = add v${n + 9}, v${n + 9} @0:0`;
  for (let i = 1; i < n; i++) sums += ` v${5000 + i}:i32 = xor v${4999 + i}, v${n + 9 - i} @0:0`;
  return bench.one(`b0(v0:i32): ${loads.join(' ')} ${sums} ret v${4999 + n} @0:1`, lanes(1), 'lo', kind);
}
