// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { helperArgs, localArgs } from '../../backends/thumb/abi.js';
import { TRAPS } from '../../compiler/image/traps.js';
import {
  type Compiled,
  compile,
  funcOf,
  helperImport,
  type Import,
  INSTANCE_AT,
  intrinsicImport,
  LEVELS,
  type Level,
  Machine,
  MEMORY,
} from './harness.js';
import { apply } from './reference.js';

/** Cortex-M23 loads and stores as Cortex-M0 does. */
const WHOLE = LEVELS.filter((l) => l !== 'cortex-m23');

const oneFor =
  (level: Level) =>
  (body: string, params = 'r1.lo, r1.hi, r2.lo, r2.hi', results = 'lo', more?: string): Compiled =>
    compile([funcOf(body, params, results, more)], { level });

const filled = (): Machine => {
  const m = new Machine();
  for (let i = 0; i < m.memory.length; i++) m.memory[i] = (i * 37 + (i >> 8) * 11 + 129) & 0xff;
  return m;
};

const OFFSETS = [-4096, -1024, -256, -255, -5, -1, 0, 1, 3, 4, 31, 62, 124, 128, 255, 1020, 1024, 2047];
const AT = 2000;

describe.each(WHOLE)('loads on %s', (level) => {
  const one = oneFor(level);
  const m = filled();
  const data = new DataView(m.memory.buffer);

  it.each([1, 2, 4, 8])('of %i bytes at every kind of offset, low registers and not, aligned or not', (size) => {
    for (const signed of size < 4 ? [false, true] : [false]) {
      for (const align of [1, 4]) {
        for (const off of OFFSETS) {
          if (align === 4 && off % 4 !== 0) continue;
          const base = off < -AT ? MEMORY + 4096 : MEMORY + AT;
          const results = size === 8 ? 'v1:i32, v2:i32' : 'v1:i32';
          const back = size === 8 ? 'v1, v2' : 'v1';
          const text = `b0(v0:i32):
            ${results} = load size=${size} signed=${signed} off=${off} access={context, proved, align ${align}} v0 @0:0
            ret ${back} @0:1`;
          const out = m.run(one(text, 'r1.lo', size === 8 ? 'lo, hi' : 'lo'), [base]);
          const at = base + off - MEMORY;
          const want =
            size === 8 || size === 4
              ? data.getUint32(at, true)
              : size === 2
                ? (signed ? data.getInt16(at, true) : data.getUint16(at, true)) >>> 0
                : (signed ? data.getInt8(at) : data.getUint8(at)) >>> 0;
          expect(out.r0, `${size} bytes at ${off}`).toBe(want);
          if (size === 8) expect(out.r1).toBe(data.getUint32(at + 4, true));
        }
      }
    }
  });

  it('of one half of a double word reads that word', () => {
    for (const [lane, at] of [
      ['v1', 8],
      ['v2', 12],
    ] as const) {
      const text = `b0(v0:i32): v1:i32, v2:i32 = load size=8 signed=false off=8 v0 @0:0 ret ${lane} @0:1`;
      expect(m.run(one(text, 'r1.lo'), [MEMORY]).r0).toBe(data.getUint32(at, true));
    }
  });

  it('through constants and indexes that are added to the address', () => {
    for (const [lines, want] of [
      ['v4:i32 = const imm=12 @0:0 v5:i32 = add v0, v4 @0:0', 12],
      ['v4:i32 = const imm=0xfffffffc @0:0 v6:i32 = add v4, v0 @0:0 v5:i32 = sub v6, v4 @0:0', 0],
      ['v4:i32 = const imm=2000 @0:0 v6:i32 = sub v0, v4 @0:0 v5:i32 = add v6, v4 @0:0', 0],
      ['v5:i32 = add v0, v1 @0:0', 5],
      ['v4:i32 = const imm=2 @0:0 v6:i32 = shl v1, v4 @0:0 v5:i32 = add v0, v6 @0:0', 20],
      ['v4:i32 = const imm=3 @0:0 v6:i32 = shl v1, v4 @0:0 v5:i32 = add v6, v0 @0:0', 40],
      ['v4:i32 = const imm=4 @0:0 v6:i32 = shl v1, v4 @0:0 v5:i32 = add v6, v0 @0:0', 80],
    ] as const) {
      for (const [size, off] of [
        [1, 0],
        [2, 0],
        [4, 0],
        [4, 6],
        [8, 0],
      ] as const) {
        const results = size === 8 ? 'v7:i32, v8:i32' : 'v7:i32';
        const text = `b0(v0:i32, v1:i32): ${lines} ${results} = load size=${size} signed=false off=${off} v5 @0:0 ret v7 @0:1`;
        const got = m.run(one(text, 'r1.lo, r1.hi'), [MEMORY + 100, 5]).r0;
        const at = 100 + want + off;
        const mask = size === 1 ? 0xff : size === 2 ? 0xffff : 0xffffffff;
        expect(got, lines).toBe((data.getUint32(at, true) & mask) >>> 0);
      }
    }
  });

  it('relative to a region whose base has a constant part, shared or not', () => {
    for (const add of [0, 8, 200, 300, 1000, 0x1234 - 0x1000, 4000]) {
      const text = `b0():
        v0:i32 = base region=frame.0 @0:0
        v1:i32 = load size=4 signed=false off=16 v0 @0:0
        v2:i32 = load size=2 signed=false off=2 v0 @0:0
        v3:i32 = base region=frame.0 @0:0
        v5:i32 = add v1, v2 @0:0
        v6:i32 = add v5, v3 @0:0
        ret v6 @0:1`;
      const out = m.run(compile([funcOf(text, '', 'lo')], { add, level }), []);
      expect(out.r0).toBe((data.getUint32(add + 16, true) + data.getUint16(add + 2, true) + MEMORY + add) >>> 0);
    }
  });

  it('of a region length', () => {
    expect(m.run(one('b0(): v0:i32 = length region=context @0:0 ret v0 @0:1', ''), []).r0).toBe(4096);
  });
});

describe.each(WHOLE)('stores on %s', (level) => {
  const one = oneFor(level);
  it.each([1, 2, 4, 8])('of %i bytes write these bytes and no others', (size) => {
    for (const align of [1, 4]) {
      for (const off of OFFSETS) {
        if (align === 4 && off % 4 !== 0) continue;
        const m = filled();
        const want = Uint8Array.from(m.memory);
        const base = off < -AT ? MEMORY + 4096 : MEMORY + AT;
        const value = size === 8 ? 'v1, v2' : 'v1';
        const text = `b0(v0:i32, v1:i32, v2:i32):
          store size=${size} off=${off} access={context, proved, align ${align}, write} v0, ${value} @0:0
          ret @0:1`;
        m.run(one(text, 'r1.lo, r1.hi, r2.lo', ''), [base, 0x81828384, 0x91929394]);
        const at = base + off - MEMORY;
        [0x84, 0x83, 0x82, 0x81, 0x94, 0x93, 0x92, 0x91].slice(0, size).forEach((b, i) => {
          want[at + i] = b;
        });
        expect(Buffer.compare(m.memory, want)).toBe(0);
      }
    }
  });

  it('leave out masks and extensions of bits that are not stored', () => {
    const m = filled();
    const code = one(
      `b0(v0:i32, v1:i32):
        v2:i32 = const imm=0xff @0:0
        v3:i32 = and v1, v2 @0:0
        store size=1 off=0 v0, v3 @0:0
        v4:i32 = const imm=0x7f @0:0
        v5:i32 = and v1, v4 @0:0
        store size=1 off=1 v0, v5 @0:0
        v6:i32 = sext bits=16 v1 @0:0
        store size=2 off=2 v0, v6 @0:0
        v7:i32 = sext bits=8 v1 @0:0
        store size=4 off=4 v0, v7 @0:0
        ret @0:1`,
      'r1.lo, r1.hi',
      '',
    );
    m.run(code, [MEMORY, 0x123456f8]);
    expect([...m.memory.slice(0, 8)]).toEqual([0xf8, 0x78, 0xf8, 0x56, 0xf8, 0xff, 0xff, 0xff]);
  });

  it.each([8, 16, 64, 72, 512])('zero a frame of %i bytes and nothing else', (bytes) => {
    for (const add of [0, 256, 1000]) {
      const m = filled();
      const want = Uint8Array.from(m.memory).fill(0, add, add + bytes);
      m.run(compile([funcOf('b0(): zeroframe @0:0 ret @0:1', '', '', `local frame ${bytes}`)], { add, level }), []);
      expect(Buffer.compare(m.memory, want)).toBe(0);
    }
  });
});

describe.each(LEVELS)('traps and fuel on %s', (level) => {
  const one = oneFor(level);
  it('trapif traps exactly if its condition holds', () => {
    const m = new Machine();
    for (const [cond, b, traps] of [
      ['ugt', 'v1', [false, true]],
      ['eq', 'v1', [true, false]],
      ['eq', 'v2', [false, false]],
      ['ne', 'v2', [true, true]],
    ] as const) {
      const code = one(
        `b0(v0:i32, v1:i32): v2:i32 = const imm=0 @0:0 trapif cond=${cond} trap=memory v0, ${b} @0:0 ret v1 @0:1`,
        'r1.lo, r1.hi',
      );
      expect([7, 8].map((a) => m.run(code, [a, 7]).trap)).toEqual(traps.map((t) => (t ? TRAPS.memory.code : null)));
    }
  });

  it.each([1, 255, 256, 999, 1000])('%i units of fuel, then a trap that stores nothing', (units) => {
    const m = new Machine();
    const code = one(`b0(): fuel imm=${units} @0:0 ret @0:1`, '', '');
    let left = 1000;
    for (; left >= units && left > 1000 - 3 * units; left -= units) {
      m.setFuel(left);
      expect(m.run(code, []).trap).toBeNull();
      expect(m.instanceWord(0)).toBe(left - units);
    }
    m.setFuel(units - 1);
    expect(m.run(code, []).trap).toBe(TRAPS.fuel.code);
    expect(m.instanceWord(0)).toBe(units - 1);
  });

  it('fuel beyond what an immediate holds', () => {
    const m = new Machine();
    const code = one('b0(): fuel imm=123457 @0:0 ret @0:1', '', '');
    m.setFuel(123457);
    expect(m.run(code, []).trap).toBeNull();
    expect(m.instanceWord(0)).toBe(0);
    m.setFuel(123456);
    expect(m.run(code, []).trap).toBe(TRAPS.fuel.code);
  });

  it.each([
    [false, 1],
    [true, 3],
  ])('search asks for the right and traps on refusal (write %s)', (write, rights) => {
    const m = new Machine();
    const code = one(
      `b0(v0:i32, v1:i32): v2:i32 = const imm=4 @0:0 search write=${write} v0, v2 @0:0 ret v1 @0:1`,
      'r1.lo, r1.hi',
    );
    const seen: number[][] = [];
    const answer = (yes: number): Import => ({
      slot: intrinsicImport('search'),
      run: (a) => {
        seen.push([...a]);
        return [yes];
      },
    });
    expect(m.run(code, [0x1234, 77], [answer(1)])).toMatchObject({ trap: null, r0: 77 });
    expect(m.run(code, [0x1234, 77], [answer(0)]).trap).toBe(TRAPS.memory.code);
    expect(seen).toEqual([0, 1].map(() => [INSTANCE_AT, 0x1234, 4, rights]));
  });
});

describe('argument words', () => {
  it('place words as the procedure call standard says', () => {
    const u32 = { kind: 'u32' } as const;
    const u64 = { kind: 'u64' } as const;
    expect(helperArgs([u32, u32, u32, u32, u32])).toEqual({
      places: [{ reg: 1 }, { reg: 2 }, { reg: 3 }, { stack: 0 }, { stack: 4 }],
      stackBytes: 8,
    });
    expect(helperArgs([u64]).places).toEqual([{ reg: 2 }, { reg: 3 }]);
    expect(helperArgs([u32, u64, u32])).toEqual({
      places: [{ reg: 1 }, { reg: 2 }, { reg: 3 }, { stack: 0 }],
      stackBytes: 4,
    });
    // A pair that does not fit goes to the stack whole, and what follows does not come back to r3.
    expect(helperArgs([u32, u32, u64, u32])).toEqual({
      places: [{ reg: 1 }, { reg: 2 }, { stack: 0 }, { stack: 4 }, { stack: 8 }],
      stackBytes: 12,
    });
    expect(helperArgs([u64, u32, u64]).places).toEqual([
      { reg: 2 },
      { reg: 3 },
      { stack: 0 },
      { stack: 8 },
      { stack: 12 },
    ]);
    expect(localArgs(6)).toEqual({
      places: [{ reg: 0 }, { reg: 1 }, { reg: 2 }, { reg: 3 }, { stack: 0 }, { stack: 4 }],
      stackBytes: 8,
    });
  });
});

describe.each(LEVELS)('calls on %s', (level) => {
  const one = oneFor(level);

  it('helper with five words, its result used after values that live across the call', () => {
    const m = new Machine();
    const code = one(
      `b0(v0:i32, v1:i32, v2:i32, v3:i32):
        v4:i32 = const imm=0x12345678 @0:0
        v5:i32 = helper helper=1 v0, v4, v1, v2, v3 @0:0
        v6:i32 = add v5, v0 @0:0
        v7:i32 = add v6, v3 @0:0
        ret v7 @0:1`,
    );
    const seen: number[] = [];
    const printf: Import = {
      slot: helperImport(1),
      run: (a, stack) => {
        seen.push(...a, stack(0), stack(1));
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
    );
    const swap: Import = { slot: helperImport(5), run: ([, , lo, hi]) => [lo! + 1, hi! + 1] };
    expect(m.run(code, [10, 20], [swap])).toMatchObject({ r0: 11, r1: 21 });
  });

  it.each(['udiv64', 'umod64', 'sdiv64', 'smod64'] as const)('%s through its intrinsic', (op) => {
    const m = new Machine();
    const code = one(
      `b0(v0:i32, v1:i32, v2:i32, v3:i32): v4:i32, v5:i32 = ${op} v0, v1, v2, v3 @0:0 ret v4, v5 @0:1`,
      undefined,
      'lo, hi',
    );
    const divide: Import = { slot: intrinsicImport(op), run: (a) => apply({ op }, a) };
    for (const args of [
      [7, 0, 2, 0],
      [0, 0x80000000, 0xffffffff, 0xffffffff],
      [5, 1, 0, 0],
    ]) {
      const out = m.run(code, args, [divide]);
      expect([out.r0, out.r1]).toEqual(apply({ op }, args));
    }
  });

  it('local call with ten words, six on the stack, two results; constants among them', () => {
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
        v5:i32 = const imm=70000 @0:0
        v6:i32, v7:i32 = call callee=1 v3, v4, v2, v1, v5, v0, v1, v2, v4, v3 @0:0
        v8:i32 = add v6, v1 @0:0
        ret v8, v7 @0:1`,
      'r1.lo, r1.hi, r2.lo, r2.hi',
      'lo, hi',
    );
    const code = compile([caller, callee], { callees: [caller, callee], level });
    const m = new Machine();
    const [a, b, c, d] = [11, 22, 33, 44];
    const passed = [d, 1000, c, b, 70000, a, b, c, 1000, d];
    const want = passed.reduce((s, v, i) => s + v * (i + 2), 0);
    expect(m.run(code, [a, b, c, d])).toMatchObject({ r0: want + b, r1: d });
  });
});

describe.each(WHOLE)('frames on %s', (level) => {
  const one = oneFor(level);
  /** n + 2 values alive at once, for 12 registers, or 8: loaded from memory and added up in reverse. */
  const pressure = (n: number, params: string, results: string, kind: string): Compiled => {
    const loads = Array.from({ length: n }, (_, i) => `v${i + 10}:i32 = load size=4 signed=false off=${4 * i} v0 @0:0`);
    let sums = `v5:i32 = add v0, v0 @0:0 store size=4 off=0 v0, v5 @0:0 v5000:i32 = add v${n + 9}, v${n + 9} @0:0`;
    for (let i = 1; i < n; i++) sums += ` v${5000 + i}:i32 = xor v${4999 + i}, v${n + 9 - i} @0:0`;
    return one(`b0(v0:i32): ${loads.join(' ')} ${sums} ret v${4999 + n} @0:1`, params, results, kind);
  };

  it.each([4, 10, 11, 12, 40, 300])('%i values alive at once', (n) => {
    for (const kind of ['local frame 0', 'entry frame 0']) {
      const m = filled();
      const data = new DataView(Uint8Array.from(m.memory).buffer);
      const word = (i: number): number => data.getUint32(4 * i, true);
      let want = word(n - 1) * 2;
      for (let i = 1; i < n; i++) want ^= word(n - 1 - i);
      const code = pressure(n, 'r1.lo', 'lo', kind);
      const out = m.run(code, [MEMORY], [], kind.startsWith('entry'));
      expect(out.r0).toBe(want >>> 0);
      expect(code.spillSlots > 0).toBe(n > (level === 'cortex-m4' ? 10 : 6));
      if (kind.startsWith('entry')) expect(out.r1).toBe(0);
    }
  });

  it('beyond the reach of one load or store are refused', () => {
    expect(() => pressure(1050, 'r1.lo', 'lo', 'local frame 0')).toThrow(/native stack/);
  });

  it('entries take context and length from r0 and r2 and zero high lanes', () => {
    const m = new Machine();
    const code = one(
      'b0(v0:i32, v1:i32, v2:i32, v3:i32): v4:i32 = add v0, v2 @0:0 v5:i32 = or v1, v3 @0:0 ret v4, v5 @0:1',
      undefined,
      'lo, hi',
      'entry frame 0',
    );
    expect(m.run(code, [40, 99, 2, 99], [], true)).toMatchObject({ r0: 42, r1: 0 });
  });
});
