// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Core } from '../../compiler/codegen/target.js';
import { TRAPS } from '../../compiler/image/traps.js';
import type { Cond } from '../../compiler/ir/ir.js';
import {
  type Compiled,
  compile,
  funcOf,
  IMAC,
  type Import,
  INSTANCE_AT,
  intrinsicImport,
  Machine,
  MEMORY,
  modify,
  VARIANTS,
} from './harness.js';

/** Accesses, guards and atomics. The processor model faults on every access that is not aligned. */

const one = (
  body: string,
  params = 'r1.lo, r1.hi, r2.lo, r2.hi',
  results = 'lo',
  core = IMAC,
  more = 'local frame 0',
  add = 0,
): Compiled => compile([funcOf(body, params, results, more)], core, { add });

const filled = (): Machine => {
  const m = new Machine();
  for (let i = 0; i < m.memory.length; i++) m.memory[i] = (i * 37 + (i >> 8) * 11 + 129) & 0xff;
  return m;
};

const OFFSETS = [-2048, -5, 0, 124, 2040, 2044, 2047, 2048];
const SIZES = [1, 2, 4, 8] as const;
const ALIGNS = [1, 2, 4, 8] as const;
const access = (align: number, write = false): string =>
  `access={context, proved, align ${align}${write ? ', write' : ''}}`;

/** A base inside the memory so that base + off is a multiple of `align` and of nothing more. */
function baseFor(off: number, align: number): number {
  const at = MEMORY + (off < 0 ? 2208 : 992) + off;
  return at - (at & 15) + align - off;
}

/** Value of `size` bytes at an address, as a signed or unsigned number. */
function valueAt(m: Machine, address: number, size: number, signed: boolean): bigint {
  let v = 0n;
  for (let i = size - 1; i >= 0; i--) v = (v << 8n) | BigInt(m.memory[address - MEMORY + i]!);
  return signed ? BigInt.asIntN(8 * size, v) : v;
}

const lanes = (v: bigint): number[] => [Number(BigInt.asUintN(32, v)), Number(BigInt.asUintN(32, v >> 32n))];

describe('loads', () => {
  const m = filled();

  it.each(SIZES)('of %i bytes at every alignment and kind of offset', (size) => {
    for (const align of ALIGNS) {
      for (const signed of size < 4 ? [false, true] : [false]) {
        for (const off of OFFSETS) {
          const base = baseFor(off, align);
          const [results, back] = size === 8 ? ['v1:i32, v2:i32', 'v1, v2'] : ['v1:i32', 'v1'];
          const text = `b0(v0:i32):
            ${results} = load size=${size} signed=${signed} off=${off} ${access(align)} v0 @0:0
            ret ${back} @0:1`;
          const out = m.run(one(text, 'r1.lo', size === 8 ? 'lo, hi' : 'lo'), [base]);
          const want = lanes(valueAt(m, base + off, size, signed));
          const got = size === 8 ? [out.r0, out.r1] : [out.r0];
          expect(got, `${size} bytes at ${off}, align ${align}`).toEqual(want.slice(0, got.length));
        }
      }
    }
  });

  it('of one half of a double word read that word alone', () => {
    for (const [lane, at] of [
      ['v1', 8],
      ['v2', 12],
    ] as const) {
      const text = `b0(v0:i32): v1:i32, v2:i32 = load size=8 off=8 ${access(4)} v0 @0:0 ret ${lane} @0:1`;
      const out = m.run(one(text, 'r1.lo'), [MEMORY]);
      expect(out).toMatchObject({ r0: Number(valueAt(m, MEMORY + at, 4, false)), instructions: 2 });
    }
  });

  it('through constants that are added to the address', () => {
    for (const [lines, want] of [
      ['v4:i32 = const imm=12 @0:0 v5:i32 = add v0, v4 @0:0', 12],
      ['v4:i32 = const imm=0xfffffffc @0:0 v6:i32 = add v4, v0 @0:0 v5:i32 = sub v6, v4 @0:0', 0],
      ['v4:i32 = const imm=2000 @0:0 v6:i32 = sub v0, v4 @0:0 v5:i32 = add v6, v4 @0:0', 0],
      ['v4:i32 = const imm=3000 @0:0 v5:i32 = add v0, v4 @0:0', 3000],
      ['v5:i32 = add v0, v1 @0:0', 5],
    ] as const) {
      for (const size of SIZES) {
        const results = size === 8 ? 'v7:i32, v8:i32' : 'v7:i32';
        const text = `b0(v0:i32, v1:i32): ${lines} ${results} = load size=${size} off=6 v5 @0:0 ret v7 @0:1`;
        const got = m.run(one(text, 'r1.lo, r1.hi'), [MEMORY + 100, 5]).r0;
        expect(got, lines).toBe(lanes(valueAt(m, MEMORY + 106 + want, size, false))[0]);
      }
    }
  });

  it('at a constant address', () => {
    for (const at of [MEMORY, MEMORY + 0x7f0, MEMORY + 0x900]) {
      const text = `b0(): v0:i32 = const imm=${at} @0:0 v1:i32 = load size=4 off=4 ${access(4)} v0 @0:0 ret v1 @0:1`;
      expect(m.run(one(text, ''), []).r0).toBe(Number(valueAt(m, at + 4, 4, false)));
    }
  });

  it('relative to a region whose base has a constant part, shared or not', () => {
    for (const add of [0, 8, 200, 1000, 2040, 2048, 3000, 4000]) {
      const text = `b0():
        v0:i32 = base region=frame.0 @0:0
        v1:i32 = load size=4 signed=false off=16 ${access(4)} v0 @0:0
        v2:i32 = load size=2 signed=false off=2 v0 @0:0
        v3:i32 = base region=frame.0 @0:0
        v5:i32 = add v1, v2 @0:0
        v6:i32 = add v5, v3 @0:0
        ret v6 @0:1`;
      const out = m.run(one(text, '', 'lo', IMAC, 'local frame 0', add), []);
      const [word, half] = [valueAt(m, MEMORY + add + 16, 4, false), valueAt(m, MEMORY + add + 2, 2, false)];
      expect(out.r0).toBe(lanes(word + half + BigInt(MEMORY + add))[0]);
    }
  });

  it('of a region length', () => {
    expect(m.run(one('b0(): v0:i32 = length region=context @0:0 ret v0 @0:1', ''), []).r0).toBe(4096);
  });
});

describe('byte order', () => {
  const m = filled();
  const reversed = (v: bigint, size: number): bigint => {
    let out = 0n;
    for (let i = 0; i < size; i++) out = (out << 8n) | ((v >> BigInt(8 * i)) & 0xffn);
    return out;
  };

  it('of loaded values, alone and with other readers', () => {
    for (const [size, bits] of [
      [2, 16],
      [4, 32],
      [4, 16],
      [2, 32],
    ] as const) {
      for (const align of [1, 2, 4]) {
        for (const keep of ['v3', 'v2']) {
          const text = `b0(v0:i32):
            v1:i32 = load size=${size} signed=false off=4 ${access(align)} v0 @0:0
            v2:i32 = bswap bits=${bits} v1 @0:0
            v3:i32 = add v2, ${keep === 'v3' ? 'v1' : 'v2'} @0:0
            ret ${keep}, v2 @0:1`;
          const base = baseFor(4, align);
          const loaded = valueAt(m, base + 4, size, false);
          const swapped = reversed(loaded, bits / 8);
          const want = lanes(swapped + (keep === 'v3' ? loaded : 0n))[0];
          const out = m.run(one(text, 'r1.lo', 'lo, hi'), [base]);
          expect([out.r0, out.r1]).toEqual([want, Number(swapped)]);
        }
      }
    }
  });

  it('of both halves of a double word', () => {
    for (const align of ALIGNS) {
      const text = `b0(v0:i32):
        v1:i32, v2:i32 = load size=8 off=3 ${access(align)} v0 @0:0
        v3:i32 = bswap bits=32 v2 @0:0
        v4:i32 = bswap bits=32 v1 @0:0
        ret v3, v4 @0:1`;
      const base = baseFor(3, align);
      const out = m.run(one(text, 'r1.lo', 'lo, hi'), [base]);
      expect([out.r0, out.r1]).toEqual(lanes(reversed(valueAt(m, base + 3, 8, false), 8)));
    }
  });

  it('of stored values', () => {
    for (const [size, bits] of [
      [2, 16],
      [4, 32],
      [2, 32],
      [4, 16],
    ] as const) {
      for (const align of [1, 2, 4]) {
        const own = filled();
        const text = `b0(v0:i32, v1:i32):
          v2:i32 = bswap bits=${bits} v1 @0:0
          store size=${size} off=4 ${access(align, true)} v0, v2 @0:0
          ret @0:1`;
        const base = baseFor(4, align);
        own.run(one(text, 'r1.lo, r1.hi', ''), [base, 0x81828384]);
        const want = BigInt.asUintN(8 * size, reversed(0x81828384n, bits / 8));
        expect(valueAt(own, base + 4, size, false)).toBe(want);
      }
    }
  });
});

describe('stores', () => {
  it.each(SIZES)('of %i bytes write these bytes and no others, at every alignment', (size) => {
    for (const align of ALIGNS) {
      for (const off of OFFSETS) {
        for (const known of [false, true]) {
          const m = filled();
          const want = Uint8Array.from(m.memory);
          const base = baseFor(off, align);
          const value = size === 8 ? 'v1, v2' : 'v1';
          const lines = known ? 'v1:i32 = const imm=0x81008384 @0:0 v2:i32 = const imm=0 @0:0' : '';
          const text = `b0(v0:i32${known ? '' : ', v1:i32, v2:i32'}): ${lines}
            store size=${size} off=${off} ${access(align, true)} v0, ${value} @0:0
            ret @0:1`;
          const words = known ? [0x81008384, 0] : [0x81828384, 0x91929394];
          m.run(one(text, known ? 'r1.lo' : 'r1.lo, r1.hi, r2.lo', ''), [base, ...(known ? [] : words)]);
          const at = base + off - MEMORY;
          for (let i = 0; i < size; i++) want[at + i] = (words[i >> 2]! >>> (8 * (i & 3))) & 0xff;
          expect(Buffer.compare(m.memory, want), `${size} bytes at ${off}, align ${align}`).toBe(0);
        }
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

  it.each([8, 16, 32, 40, 72, 512])('zero a frame of %i bytes and nothing else', (bytes) => {
    for (const core of VARIANTS) {
      for (const add of [0, 256, 2040, 3000]) {
        const m = filled();
        const want = Uint8Array.from(m.memory).fill(0, add, add + bytes);
        m.run(one('b0(): zeroframe @0:0 ret @0:1', '', '', core, `local frame ${bytes}`, add), []);
        expect(Buffer.compare(m.memory, want)).toBe(0);
      }
    }
  });
});

const OPS = ['add', 'or', 'and', 'xor', 'xchg'] as const;

/** One atomic operation on the machine, against what it ought to do. */
function atomically(core: Core, op: string, size: 4 | 8, align: number, wanted: boolean, off: number): Machine {
  const m = filled();
  const want = Uint8Array.from(m.memory);
  const base = baseFor(off, align);
  const words = size / 4;
  const n = (op === 'cmpxchg' ? 2 : 1) * words;
  const params = ['v0', ...Array.from({ length: n }, (_, i) => `v${i + 1}`)];
  const results = Array.from({ length: words }, (_, i) => `v${20 + i}`);
  const names = ['r1.lo', 'r1.hi', 'r2.lo', 'r2.hi', 'r3.lo'].slice(0, n + 1).join(', ');
  const text = `b0(${params.map((p) => `${p}:i32`).join(', ')}):
    ${results.map((p) => `${p}:i32`).join(', ')} = atomic atomic=${op} size=${size} off=${off} ${access(align, true)} ${params.join(', ')} @0:0
    ret ${wanted ? results.join(', ') : ''} @0:1`;
  const code = one(text, names, wanted ? (words === 2 ? 'lo, hi' : 'lo') : '', core);
  for (const same of op === 'cmpxchg' ? [false, true] : [false]) {
    const old = valueAt(m, base + off, size, false);
    const value = BigInt.asUintN(8 * size, 0x1122334455667788n);
    const expected = same ? old : old ^ 0x40n;
    const next = op === 'cmpxchg' ? (same ? value : old) : BigInt.asUintN(8 * size, modify(op, old, value));
    const args = [...(op === 'cmpxchg' ? lanes(expected).slice(0, words) : []), ...lanes(value).slice(0, words)];
    const out = m.run(code, [base, ...args]);
    for (let i = 0; i < size; i++) want[base + off - MEMORY + i] = Number((next >> BigInt(8 * i)) & 0xffn);
    expect(Buffer.compare(m.memory, want), `${op} of ${size} at alignment ${align} on ${core.name}`).toBe(0);
    if (wanted) expect([out.r0, out.r1].slice(0, words)).toEqual(lanes(old).slice(0, words));
  }
  return m;
}

describe.each(VARIANTS)('atomics on $name', (core) => {
  it.each([...OPS, 'cmpxchg'])('%s', (op) => {
    for (const wanted of [true, false])
      for (const align of [1, 4])
        for (const off of [0, 3000])
          for (const size of [4, 8] as const) {
            const m = atomically(core, op, size, align, wanted, off);
            const native = core.features.atomics === true && size === 4 && align >= 4;
            const routine = `${op === 'cmpxchg' ? op : 'atomic'}${8 * size}`;
            expect([...new Set(m.called)]).toEqual(native ? [] : [routine]);
          }
  });
});

describe('traps and fuel', () => {
  it('trapif traps exactly if its condition holds', () => {
    const m = new Machine();
    const conds: readonly (readonly [Cond, string, readonly boolean[]])[] = [
      ['ugt', 'v1', [false, true]],
      ['eq', 'v1', [true, false]],
      ['eq', 'v2', [false, false]],
      ['ne', 'v2', [true, true]],
      ['ult', 'v3', [true, false]],
      ['ugt', 'v3', [false, false]],
      ['slt', 'v4', [false, false]],
      ['set', 'v3', [false, true]],
    ];
    for (const [cond, b, traps] of conds) {
      for (const core of VARIANTS) {
        const code = one(
          `b0(v0:i32, v1:i32):
            v2:i32 = const imm=0 @0:0 v3:i32 = const imm=8 @0:0 v4:i32 = const imm=0x80000000 @0:0
            trapif cond=${cond} trap=memory v0, ${b} @0:0 ret v1 @0:1`,
          'r1.lo, r1.hi',
          'lo',
          core,
        );
        const got = [7, 8].map((a) => m.run(code, [a, 7]).trap);
        expect(got, `${cond} ${b}`).toEqual(traps.map((t) => (t ? TRAPS.memory.code : null)));
      }
    }
  });

  it.each([1, 255, 256, 999, 1000, 2047, 2048, 2049, 4097, 123457, 0x80000000, 0xffffffff])(
    '%i units of fuel, then a trap that stores nothing',
    (units) => {
      const m = new Machine();
      const code = one(`b0(): fuel imm=${units} @0:0 ret @0:1`, '', '');
      for (const left of [units, units + 1, 0xffffffff]) {
        if (left > 0xffffffff) continue;
        m.setFuel(left);
        expect(m.run(code, []).trap).toBeNull();
        expect(m.instanceWord(0)).toBe(left - units);
      }
      for (const left of [0, units - 1]) {
        m.setFuel(left);
        expect(m.run(code, []).trap).toBe(TRAPS.fuel.code);
        expect(m.instanceWord(0)).toBe(left);
      }
    },
  );

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
        seen.push(a.slice(0, 4));
        return [yes];
      },
    });
    expect(m.run(code, [0x1234, 77], [answer(1)])).toMatchObject({ trap: null, r0: 77 });
    expect(m.run(code, [0x1234, 77], [answer(0)]).trap).toBe(TRAPS.memory.code);
    expect(seen).toEqual([0, 1].map(() => [INSTANCE_AT, 0x1234, 4, rights]));
  });
});
