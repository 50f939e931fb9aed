// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { ATOMIC_OPS } from '../../compiler/image/fields.js';
import { TRAPS } from '../../compiler/image/traps.js';
import { BENCHES, funcOf, type Import, INSTANCE_AT, intrinsicImport, lanes, MEMORY, update } from './harness.js';

const OFFSETS = [
  -4096, -256, -129, -128, -5, -4, 0, 1, 2, 4, 62, 128, 251, 252, 255, 256, 508, 510, 511, 1016, 1020, 1024, 1276, 2047,
];
const AT = 2000;
/** Stored values; the parts of some are alike. */
const CONSTANTS = [0, 0xffffffff, 0x00010001, 0x81828384, 0x5a5a5a5a];
/** What is known of the address; a multiple of it is where the access goes. */
const ALIGNS = [1, 2, 4, 8] as const;

describe.each(BENCHES)('$name', (bench) => {
  // The cores differ in what follows a load, not in offsets: each takes its share of them.
  const share = BENCHES.indexOf(bench);
  const offsets = OFFSETS.filter((_, i) => i % BENCHES.length === share || i % 8 === 0);

  describe('loads', () => {
    const m = bench.machine().fill();
    const data = new DataView(m.memory.buffer);

    it.each([1, 2, 4, 8])('of %i bytes at every kind of offset and alignment', (size) => {
      for (const signed of size < 4 ? [false, true] : [false]) {
        for (const align of ALIGNS) {
          for (const off of offsets) {
            // The address as a whole is a multiple of what is known, its parts need not be.
            const start = (off < -AT ? 4096 : AT) + off;
            const at = start - (start % align) + (align === 1 ? 1 : 0);
            const results = size === 8 ? 'v1:i32, v2:i32' : 'v1:i32';
            const text = `b0(v0:i32):
              ${results} = load size=${size} signed=${signed} off=${off} access={context, proved, align ${align}} v0 @0:0
              ret ${size === 8 ? 'v1, v2' : 'v1'} @0:1`;
            const out = m.run(bench.one(text, 'r1.lo', size === 8 ? 'lo, hi' : 'lo'), [MEMORY + at - off]);
            const want =
              size === 8 || size === 4
                ? data.getUint32(at, true)
                : size === 2
                  ? (signed ? data.getInt16(at, true) : data.getUint16(at, true)) >>> 0
                  : (signed ? data.getInt8(at) : data.getUint8(at)) >>> 0;
            expect(out.lo, `${size} bytes at ${off}, align ${align}`).toBe(want);
            if (size === 8) expect(out.hi).toBe(data.getUint32(at + 4, true));
          }
        }
      }
    });

    it.each([1, 4])('of one half of a double word reads that word (align %i)', (align) => {
      for (const [lane, at] of [
        ['v1', 8],
        ['v2', 12],
      ] as const) {
        const text = `b0(v0:i32): v1:i32, v2:i32 = load size=8 signed=false off=8 access={context, proved, align ${align}} v0 @0:0 ret ${lane} @0:1`;
        expect(m.run(bench.one(text, 'r1.lo'), [MEMORY]).lo).toBe(data.getUint32(at, true));
      }
    });

    it('through constants that are added to the address', () => {
      for (const [lines, want] of [
        ['v4:i32 = const imm=12 @0:0 v5:i32 = add v0, v4 @0:0', 12],
        ['v4:i32 = const imm=0xfffffffc @0:0 v6:i32 = add v4, v0 @0:0 v5:i32 = sub v6, v4 @0:0', 0],
        ['v4:i32 = const imm=2000 @0:0 v6:i32 = sub v0, v4 @0:0 v5:i32 = add v6, v4 @0:0', 0],
        ['v4:i32 = const imm=1000 @0:0 v5:i32 = add v0, v4 @0:0', 1000],
        ['v5:i32 = add v0, v1 @0:0', 4],
        ['v4:i32 = const imm=2 @0:0 v6:i32 = shl v1, v4 @0:0 v5:i32 = add v0, v6 @0:0', 16],
      ] as const) {
        for (const [size, off, align] of [
          [1, 0, 1],
          [2, 0, 2],
          [2, 1, 1],
          [4, 0, 4],
          [4, 8, 4],
          [4, 6, 2],
          [8, 0, 4],
          [8, 0, 1],
        ] as const) {
          const results = size === 8 ? 'v7:i32, v8:i32' : 'v7:i32';
          const access = `access={context, proved, align ${align}}`;
          const text = `b0(v0:i32, v1:i32): ${lines} ${results} = load size=${size} signed=false off=${off} ${access} v5 @0:0 ret v7 @0:1`;
          const got = m.run(bench.one(text, lanes(2)), [MEMORY + 100, 4]).lo;
          const mask = size === 1 ? 0xff : size === 2 ? 0xffff : 0xffffffff;
          expect(got, lines).toBe((data.getUint32(100 + want + off, true) & mask) >>> 0);
        }
      }
    });

    it('relative to a region whose base has a constant part, shared or not', () => {
      for (const add of [0, 8, 200, 300, 1000, 3000]) {
        const text = `b0():
          v0:i32 = base region=frame.0 @0:0
          v1:i32 = load size=4 signed=false off=16 access={frame.0, proved, align 4} v0 @0:0
          v2:i32 = load size=2 signed=false off=2 access={frame.0, proved, align 2} v0 @0:0
          v3:i32 = base region=frame.0 @0:0
          v5:i32 = add v1, v2 @0:0
          v6:i32 = add v5, v3 @0:0
          ret v6 @0:1`;
        const out = m.run(bench.compile([funcOf(text, '', 'lo')], { add }), []);
        expect(out.lo).toBe((data.getUint32(add + 16, true) + data.getUint16(add + 2, true) + MEMORY + add) >>> 0);
      }
    });

    it('of a region far behind its base, and of a region length', () => {
      const text = 'b0(): v0:i32 = base region=frame.0 @0:0 ret v0 @0:1';
      for (const add of [0x8000, 0x12340, 0x100000])
        expect(m.run(bench.compile([funcOf(text, '', 'lo')], { add }), []).lo).toBe(MEMORY + add);
      expect(m.run(bench.one('b0(): v0:i32 = length region=context @0:0 ret v0 @0:1', ''), []).lo).toBe(4096);
    });
  });

  describe('stores', () => {
    it.each([1, 2, 4, 8])('of %i bytes write these bytes and no others', (size) => {
      const m = bench.machine();
      let turn = 0;
      for (const align of ALIGNS) {
        for (const off of offsets) {
          for (const known of [null, CONSTANTS[turn++ % CONSTANTS.length]!]) {
            m.fill();
            const want = Uint8Array.from(m.memory);
            const start = (off < -AT ? 4096 : AT) + off;
            const at = start - (start % align) + (align === 1 ? 1 : 0);
            const constant = known === null ? '' : `v3:i32 = const imm=${known} @0:0`;
            const low = known === null ? 'v1' : 'v3';
            const text = `b0(v0:i32, v1:i32, v2:i32): ${constant}
              store size=${size} off=${off} access={context, proved, align ${align}, write} v0, ${size === 8 ? `${low}, v2` : low} @0:0
              ret @0:1`;
            m.run(bench.one(text, lanes(3), ''), [MEMORY + at - off, 0x81828384, 0x91929394]);
            const value = new DataView(new ArrayBuffer(8));
            value.setUint32(0, known ?? 0x81828384, true);
            value.setUint32(4, 0x91929394, true);
            for (let i = 0; i < size; i++) want[at + i] = value.getUint8(i);
            expect(Buffer.compare(m.memory, want), `${size} bytes at ${off}, align ${align}`).toBe(0);
          }
        }
      }
    });

    it('leave out masks and extensions of bits that are not stored', () => {
      const m = bench.machine().fill();
      const code = bench.one(
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
        lanes(2),
        '',
      );
      m.run(code, [MEMORY, 0x123456f8]);
      expect([...m.memory.slice(0, 8)]).toEqual([0xf8, 0x78, 0xf8, 0x56, 0xf8, 0xff, 0xff, 0xff]);
    });

    it.each([8, 16, 64, 72, 512])('zero a frame of %i bytes and nothing else', (bytes) => {
      for (const add of [0, 256, 1000]) {
        const m = bench.machine().fill();
        const want = Uint8Array.from(m.memory).fill(0, add, add + bytes);
        m.run(bench.compile([funcOf('b0(): zeroframe @0:0 ret @0:1', '', '', `local frame ${bytes}`)], { add }), []);
        expect(Buffer.compare(m.memory, want)).toBe(0);
      }
    });
  });

  it('zeroing a long frame: by a loop of the processor where one can stand', () => {
    const seen = { loop: 0, branch: 0 };
    for (let n = 0; n < 8; n++) {
      // Instructions of 2 and 3 bytes in front, so that the loop comes to every place in a word.
      const before = Array.from({ length: n }, (_, i) =>
        i % 2 ? `v${i + 1}:i32 = add v${i}, v${i} @0:0` : `v${i + 1}:i32 = mul v${i}, v${i} @0:0`,
      ).join('\n');
      const body = `b0(v0:i32): ${before} store size=4 off=1000 access={context, proved, align 4, write} v0, v${n} @0:0 zeroframe @0:0 ret @0:1`;
      const code = bench.compile([funcOf(body, lanes(1), '', 'local frame 96')], { add: 8 });
      const m = bench.machine().fill();
      const want = Uint8Array.from(m.memory).fill(0, 8, 104);
      m.run(code, [MEMORY]);
      want.set(m.memory.subarray(1000, 1004), 1000);
      expect(Buffer.compare(m.memory, want)).toBe(0);
      const text = bench.target.disassemble(code.text.subarray(code.start), code.start);
      const at = text.findIndex((i) => /^loop /.test(i.text));
      seen[at < 0 ? 'branch' : 'loop']++;
      const first = text[at + 1]!;
      if (at >= 0) expect((first.address % 4) + first.size).toBeLessThanOrEqual(4);
    }
    if (bench.core.features.loop) expect(seen.loop).toBeGreaterThan(seen.branch);
    else expect(seen).toEqual({ loop: 0, branch: 8 });
  });

  describe('atomics', () => {
    const values = [0, 1, 0x12345678, 0xffffffff];
    const m = bench.machine();
    const data = new DataView(m.memory.buffer);

    it.each(ATOMIC_OPS)('%s of a word at every alignment, its old value wanted or not', (op) => {
      for (const align of [1, 4]) {
        for (const off of [-8, 0, 4, 1020, 1024, 2000]) {
          const access = `access={context, proved, align ${align}, write}`;
          for (const wanted of [true, false]) {
            const text = `b0(v0:i32, v1:i32): ${wanted ? 'v2:i32 = ' : ''}atomic atomic=${op} size=4 off=${off} ${access} v0, v1 @0:0
              ret ${wanted ? 'v2' : 'v1'} @0:1`;
            const code = bench.one(text, lanes(2));
            for (const old of values)
              for (const value of values) {
                data.setUint32(1200 + off, old, true);
                expect(m.run(code, [MEMORY + 1200, value]).lo).toBe(wanted ? old : value);
                expect(data.getUint32(1200 + off, true)).toBe(update(op, old, value));
              }
          }
        }
      }
    });

    it('compare-and-exchange of a word', () => {
      for (const align of [2, 8]) {
        const access = `access={context, proved, align ${align}, write}`;
        for (const wanted of [true, false]) {
          const text = `b0(v0:i32, v1:i32, v2:i32): ${wanted ? 'v3:i32 = ' : ''}atomic atomic=cmpxchg size=4 off=12 ${access} v0, v1, v2 @0:0
            ret ${wanted ? 'v3' : 'v2'} @0:1`;
          const code = bench.one(text, lanes(3));
          for (const old of values)
            for (const expected of values) {
              data.setUint32(12, old, true);
              expect(m.run(code, [MEMORY, expected, 77]).lo).toBe(wanted ? old : 77);
              expect(data.getUint32(12, true)).toBe(old === expected ? 77 : old);
            }
        }
      }
    });

    it('of a word call the runtime exactly where s32c1i does not do', () => {
      const calls = (align: number): boolean => {
        let called = false;
        const text = `b0(v0:i32, v1:i32): v2:i32 = atomic atomic=add size=4 off=0 access={context, proved, align ${align}, write} v0, v1 @0:0 ret v2 @0:1`;
        const routine: Import = {
          slot: intrinsicImport('atomic32'),
          run: () => {
            called = true;
            return [5];
          },
        };
        m.run(bench.one(text, lanes(2)), [MEMORY, 1], [routine]);
        return called;
      };
      expect([1, 2, 4, 8].map(calls)).toEqual([true, true, !bench.core.features.s32c1i, !bench.core.features.s32c1i]);
    });

    it('of a double word go to the runtime with the address summed up', () => {
      const seen: number[][] = [];
      const routine = (name: 'atomic64' | 'cmpxchg64'): Import => ({
        slot: intrinsicImport(name),
        run: (a) => {
          seen.push(a.slice(0, name === 'atomic64' ? 4 : 5));
          return [11, 22];
        },
      });
      const access = 'access={context, proved, align 8, write}';
      const xor = `b0(v0:i32, v1:i32, v2:i32): v3:i32, v4:i32 = atomic atomic=xor size=8 off=16 ${access} v0, v1, v2 @0:0 ret v4, v3 @0:1`;
      const out = m.run(bench.one(xor, lanes(3), 'lo, hi'), [MEMORY, 1, 2], [routine('atomic64')]);
      const swap = `b0(v0:i32, v1:i32, v2:i32, v3:i32, v4:i32): atomic atomic=cmpxchg size=8 off=-8 ${access} v0, v1, v2, v3, v4 @0:0 ret v1 @0:1`;
      m.run(bench.one(swap, lanes(5)), [MEMORY, 1, 2, 3, 4], [routine('cmpxchg64')]);
      expect([out.lo, out.hi]).toEqual([22, 11]);
      expect(seen).toEqual([
        [1, 2, MEMORY + 16, ATOMIC_OPS.indexOf('xor')],
        [1, 2, 3, 4, MEMORY - 8],
      ]);
    });
  });

  describe('traps and fuel', () => {
    it('trapif traps exactly if its condition holds', () => {
      const m = bench.machine();
      for (const [cond, b, traps] of [
        ['ugt', 'v1', [false, true]],
        ['eq', 'v1', [true, false]],
        ['eq', 'v2', [false, false]],
        ['ne', 'v2', [true, true]],
      ] as const) {
        const code = bench.one(
          `b0(v0:i32, v1:i32): v2:i32 = const imm=0 @0:0 trapif cond=${cond} trap=memory v0, ${b} @0:0 ret v1 @0:1`,
          lanes(2),
        );
        expect([7, 8].map((a) => m.run(code, [a, 7]).trap)).toEqual(traps.map((t) => (t ? TRAPS.memory.code : null)));
      }
    });

    it('several kinds of traps reach their own code', () => {
      const m = bench.machine();
      const code = bench.one(
        `b0(v0:i32): v1:i32 = const imm=0 @0:0
          trapif cond=eq trap=memory v0, v1 @0:1
          v2:i32 = const imm=1 @0:0
          trapif cond=eq trap=stack v0, v2 @0:2
          v3:i32 = const imm=100 @0:0
          trapif cond=eq trap=helper v0, v3 @0:3
          fuel imm=2000 @0:4
          ret v0 @0:5`,
        lanes(1),
      );
      const traps = (['memory', 'stack', 'helper', 'fuel'] as const).map((t) => TRAPS[t].code);
      expect([0, 1, 100, 5].map((a) => m.run(code, [a]).trap)).toEqual(traps);
    });

    it.each([1, 2, 100, 255, 256, 999, 1000])('%i units of fuel, then a trap that stores nothing', (units) => {
      const m = bench.machine();
      const code = bench.one(`b0(): fuel imm=${units} @0:0 ret @0:1`, '', '');
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

    it.each([0x8000, 0x10000, 123457, 0xfffffff0])('%i units of fuel, and all the fuel there can be', (units) => {
      const m = bench.machine();
      const code = bench.one(`b0(): fuel imm=${units} @0:0 ret @0:1`, '', '');
      for (const [have, left] of [
        [units, 0],
        [0xffffffff, 0xffffffff - units],
        [units - 1, null],
      ] as const) {
        m.setFuel(have);
        expect(m.run(code, []).trap).toBe(left === null ? TRAPS.fuel.code : null);
        expect(m.instanceWord(0)).toBe(left ?? have);
      }
    });

    it.each([
      [false, 1],
      [true, 3],
    ])('search asks for the right and traps on refusal (write %s)', (write, rights) => {
      const m = bench.machine();
      const code = bench.one(
        `b0(v0:i32, v1:i32): v2:i32 = const imm=4 @0:0 search write=${write} v0, v2 @0:0 ret v1 @0:1`,
        lanes(2),
      );
      const seen: number[][] = [];
      const answer = (yes: number): Import => ({
        slot: intrinsicImport('search'),
        run: (a) => {
          seen.push(a.slice(0, 4));
          return [yes];
        },
      });
      expect(m.run(code, [0x1234, 77], [answer(1)])).toMatchObject({ trap: null, lo: 77 });
      expect(m.run(code, [0x1234, 77], [answer(0)]).trap).toBe(TRAPS.memory.code);
      expect(seen).toEqual([0, 1].map(() => [INSTANCE_AT, 0x1234, 4, rights]));
    });
  });
});
