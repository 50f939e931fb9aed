// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AluOp, JumpCond } from '../../compiler/bpf/program.js';
import * as domain from '../../compiler/verifier/domain.js';
import * as view from '../../compiler/verifier/view.js';
import { apply, refine } from '../../compiler/verifier/viewops.js';

/**
 * The meaning of every operation, written once more on plain numbers: RFC 9669 section 4.1 at width `w`.
 */
function meaning(op: AluOp, w: number, x: bigint, y: bigint): bigint {
  const mod = 1n << BigInt(w);
  const signed = (n: bigint): bigint => (n >= mod / 2n ? n - mod : n);
  const wrap = (n: bigint): bigint => ((n % mod) + mod) % mod;
  const k = y % BigInt(w);
  const results: Record<AluOp, () => bigint> = {
    add: () => x + y,
    sub: () => x - y,
    mul: () => x * y,
    div: () => (y === 0n ? 0n : x / y),
    sdiv: () => (y === 0n ? 0n : signed(x) / signed(y)),
    mod: () => (y === 0n ? x : x % y),
    smod: () => (y === 0n ? x : signed(x) % signed(y)),
    or: () => x | y,
    and: () => x & y,
    xor: () => x ^ y,
    lsh: () => x * 2n ** k,
    rsh: () => x / 2n ** k,
    arsh: () => signed(x) >> k,
    neg: () => -x,
    mov: () => y,
  };
  return wrap(results[op]());
}

function holds(cond: JumpCond, w: number, x: bigint, y: bigint): boolean {
  const signed = (n: bigint): bigint => (n >> BigInt(w - 1) === 1n ? n - (1n << BigInt(w)) : n);
  const [a, b] = [signed(x), signed(y)];
  const results: Record<JumpCond, boolean> = {
    eq: x === y,
    ne: x !== y,
    gt: x > y,
    ge: x >= y,
    lt: x < y,
    le: x <= y,
    sgt: a > b,
    sge: a >= b,
    slt: a < b,
    sle: a <= b,
    set: (x & y) !== 0n,
  };
  return results[cond];
}

const OPS: readonly AluOp[] = [
  'add',
  'sub',
  'mul',
  'div',
  'sdiv',
  'mod',
  'smod',
  'or',
  'and',
  'xor',
  'lsh',
  'rsh',
  'arsh',
  'neg',
  'mov',
];
const CONDS: readonly JumpCond[] = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sgt', 'sge', 'slt', 'sle', 'set'];

/** Members of a view as a bit set, which makes "covers every concrete result" one comparison. */
function members(v: view.View): number {
  let set = 0;
  for (let n = 0; n < 1 << v.w; n++) if (view.contains(v, BigInt(n))) set |= 1 << n;
  return set;
}

interface Sample {
  readonly v: view.View;
  readonly set: number;
}

/** Every unsigned and signed interval and every pattern of known bits of a width, without repeats. */
function samples(w: number): Sample[] {
  const size = 1n << BigInt(w);
  const seen = new Map<string, Sample>();
  const add = (parts: Partial<view.View>): void => {
    const v = view.reduce({ ...view.top(w), ...parts });
    if (!v) return;
    const key = [v.umin, v.umax, v.smin, v.smax, v.value, v.unknown].join();
    if (!seen.has(key)) seen.set(key, { v, set: members(v) });
  };
  for (let a = 0n; a < size; a++) {
    for (let b = a; b < size; b++) {
      add({ umin: a, umax: b });
      add({ smin: a - size / 2n, smax: b - size / 2n });
      // Both at once, to have views that no single description gives.
      add({ umin: a, umax: b, smin: -(size / 4n), smax: size / 2n - 2n });
    }
    for (let u = 0n; u < size; u++) if ((a & u) === 0n) add({ value: a, unknown: u });
  }
  return [...seen.values()];
}

/** FCC_EXHAUSTIVE=1 takes every pair (a minute); otherwise a sample of them keeps each operation well under a second. */
const EXHAUSTIVE = process.env.FCC_EXHAUSTIVE === '1';
const strideFor = (total: number, wanted: number): number => (EXHAUSTIVE ? 1 : Math.max(1, Math.floor(total / wanted)));

function* pairs(all: readonly Sample[], wanted: number, offset: number): Generator<readonly [Sample, Sample]> {
  const total = all.length * all.length;
  const stride = strideFor(total, wanted);
  for (let i = offset % stride; i < total; i += stride) yield [all[Math.floor(i / all.length)]!, all[i % all.length]!];
}

const W3 = samples(2);
const W4 = samples(4);

describe('views of 2 and 4 bits against every concrete value', () => {
  it('has enough samples', () => {
    expect(W3.length).toBeGreaterThan(10);
    expect(W4.length).toBeGreaterThan(250);
  });

  it.each(OPS)('%s covers every result', (op) => {
    for (const [w, all, wanted] of [
      [2, W3, 1e6],
      [4, W4, 5000],
    ] as const) {
      const size = 1 << w;
      const table = Array.from({ length: size * size }, (_, i) =>
        Number(meaning(op, w, BigInt(Math.floor(i / size)), BigInt(i % size))),
      );
      for (const [a, b] of pairs(all, wanted, OPS.indexOf(op) * 7)) {
        const result = apply(op, a.v, b.v);
        const got = members(result);
        let need = 0;
        for (let x = 0; x < size; x++) {
          if ((a.set & (1 << x)) === 0) continue;
          for (let y = 0; y < size; y++) if ((b.set & (1 << y)) !== 0) need |= 1 << table[x * size + y]!;
        }
        if ((need & ~got) !== 0) expect({ op, a: a.v, b: b.v, result }).toBe('sound');
      }
    }
    expect(OPS).toContain(op);
  });

  it.each(CONDS)('%s refines without losing a value, taken and not taken', (cond) => {
    const size = 16;
    for (const taken of [true, false]) {
      for (const [a, b] of pairs(W4, 3000, CONDS.indexOf(cond) * 5)) {
        const refined = refine(cond, taken, a.v, b.v);
        let [left, right] = [0, 0];
        for (let x = 0; x < size; x++) {
          if ((a.set & (1 << x)) === 0) continue;
          for (let y = 0; y < size; y++) {
            if ((b.set & (1 << y)) === 0 || holds(cond, 4, BigInt(x), BigInt(y)) !== taken) continue;
            left |= 1 << x;
            right |= 1 << y;
          }
        }
        const [gotLeft, gotRight] = refined ? refined.map(members) : [0, 0];
        if ((left & ~gotLeft!) !== 0 || (right & ~gotRight!) !== 0)
          expect({ cond, taken, a: a.v, b: b.v, refined }).toBe('sound');
        // Never larger than before, or loops would not settle.
        if ((gotLeft! & ~a.set) !== 0 || (gotRight! & ~b.set) !== 0)
          expect({ cond, taken, a: a.v, b: b.v, refined }).toBe('no growth');
      }
    }
    expect(CONDS).toContain(cond);
  });

  it('joins, widens and meets soundly', () => {
    for (const [a, b] of pairs(W4, 10000, 3)) {
      const both = a.set | b.set;
      const thresholds = [-2n, 0n, 5n];
      expect(both & ~members(view.join(a.v, b.v))).toBe(0);
      expect(both & ~members(view.widen(a.v, b.v, thresholds))).toBe(0);
      const met = view.meet(a.v, b.v);
      expect(a.set & b.set & ~(met ? members(met) : 0)).toBe(0);
      if (view.includes(a.v, b.v)) expect(b.set & ~a.set).toBe(0);
    }
  });

  it('reduction loses nothing and is idempotent on what it makes', () => {
    for (const { v, set } of W4) {
      const again = view.reduce(v)!;
      expect(members(again)).toBe(set);
      expect(view.includes(v, again)).toBe(true);
    }
  });

  it('widening settles', () => {
    for (const { v } of W4) {
      let at = v;
      let steps = 0;
      for (let n = 0n; n < 16n; n++) {
        const next = view.widen(at, view.join(at, view.constant(4, n)), [3n]);
        if (!view.equal(next, at)) steps++;
        at = next;
      }
      expect(steps).toBeLessThan(12);
    }
  });

  it('truncates and extends soundly', () => {
    for (const { v, set } of W4) {
      const low = view.truncate(v, 2);
      const [zero, sign] = [view.zeroExtend(v, 8), view.signExtend(v, 8)];
      for (let n = 0; n < 16; n++) {
        if ((set & (1 << n)) === 0) continue;
        expect(view.contains(low, BigInt(n & 3))).toBe(true);
        expect(view.contains(zero, BigInt(n))).toBe(true);
        expect(view.contains(sign, BigInt(n < 8 ? n : n - 16))).toBe(true);
      }
    }
  });
});

/** Scalars of 4 bits whose halves are 2 bits: the coupling of the two views, on every value. */
describe('scalars of 4 bits with halves of 2', () => {
  const all: { s: domain.Scalar; set: number }[] = [];
  const setOf = (s: domain.Scalar): number => {
    let set = 0;
    for (let n = 0; n < 16; n++) if (domain.contains(s, BigInt(n))) set |= 1 << n;
    return set;
  };
  for (const [i, a] of W4.entries()) {
    const low = W3[i % W3.length]!;
    const s = domain.couple(a.v, low.v);
    if (s) all.push({ s, set: setOf(s) });
  }

  it('couples without loss', () => {
    for (const a of W4)
      for (const low of W3) {
        const s = domain.couple(a.v, low.v);
        let need = 0;
        for (let n = 0; n < 16; n++) if ((a.set & (1 << n)) !== 0 && (low.set & (1 << (n & 3))) !== 0) need |= 1 << n;
        expect(need & ~(s ? setOf(s) : 0)).toBe(0);
      }
  });

  it.each(OPS)('%s at both widths covers every result', (op) => {
    const total = all.length * all.length;
    const stride = strideFor(total, 1500);
    for (let i = OPS.indexOf(op); i < total; i += stride) {
      const a = all[Math.floor(i / all.length)]!;
      const b = all[i % all.length]!;
      for (const wide of [true, false]) {
        const result = domain.alu(op, wide, a.s, b.s);
        const got = setOf(result);
        let need = 0;
        for (let x = 0; x < 16; x++)
          for (let y = 0; y < 16; y++)
            if ((a.set & (1 << x)) !== 0 && (b.set & (1 << y)) !== 0)
              need |=
                1 << Number(wide ? meaning(op, 4, BigInt(x), BigInt(y)) : meaning(op, 2, BigInt(x & 3), BigInt(y & 3)));
        if ((need & ~got) !== 0) expect({ op, wide, a: a.s, b: b.s, result }).toBe('sound');
      }
    }
    expect(all.length).toBeGreaterThan(100);
  });

  it.each(CONDS)('%s at both widths refines without loss', (cond) => {
    const total = all.length * all.length;
    const stride = strideFor(total, 700);
    for (let i = CONDS.indexOf(cond); i < total; i += stride) {
      const a = all[Math.floor(i / all.length)]!;
      const b = all[i % all.length]!;
      for (const [wide, taken] of [
        [true, true],
        [true, false],
        [false, true],
        [false, false],
      ] as const) {
        const refined = domain.refineWide(cond, wide, taken, a.s, b.s);
        for (let x = 0; x < 16; x++)
          for (let y = 0; y < 16; y++) {
            if ((a.set & (1 << x)) === 0 || (b.set & (1 << y)) === 0) continue;
            const is = wide ? holds(cond, 4, BigInt(x), BigInt(y)) : holds(cond, 2, BigInt(x & 3), BigInt(y & 3));
            if (is !== taken) continue;
            const kept =
              refined !== null && domain.contains(refined[0], BigInt(x)) && domain.contains(refined[1], BigInt(y));
            if (!kept) expect({ cond, wide, taken, a: a.s, b: b.s, x, y }).toBe('sound');
          }
      }
    }
    expect(all.length).toBeGreaterThan(100);
  });
});

const M64 = (1n << 64n) - 1n;
const EDGES = [
  0n,
  1n,
  2n,
  7n,
  8n,
  31n,
  32n,
  63n,
  255n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  1n << 32n,
  1n << 63n,
  M64,
];
const word = fc.oneof(
  fc.constantFrom(...EDGES),
  fc.bigInt({ min: 0n, max: 300n }),
  fc.bigInt({ min: 0n, max: M64 }),
  fc.bigInt({ min: M64 - 300n, max: M64 }),
);

/** A scalar and some of its members: bounds, bits, 32-bit bounds or a join around random numbers. */
const scalar = fc.array(word, { minLength: 1, maxLength: 4 }).chain((ns) =>
  fc.constantFrom('join', 'range', 'signed', 'bits', 'low', 'top').map((how) => {
    const sorted = [...ns].sort((a, b) => (a < b ? -1 : 1));
    const signed = ns.map((n) => BigInt.asIntN(64, n)).sort((a, b) => (a < b ? -1 : 1));
    const joined = ns.map((n) => domain.constantScalar(n)).reduce(domain.join);
    const low = ns.map((n) => n & 0xffffffffn).sort((a, b) => (a < b ? -1 : 1));
    const s = {
      join: joined,
      range: domain.between(sorted[0]!, sorted.at(-1)!),
      signed: domain.betweenSigned(signed[0]!, signed.at(-1)!),
      bits: domain.ofView(view.fromBits(64, joined.x.value, joined.x.unknown)),
      low: domain.couple(view.top(64), view.fromUnsigned(32, low[0]!, low.at(-1)!))!,
      top: domain.UNKNOWN,
    }[how];
    return { s, ns };
  }),
);

describe('scalars of 64 bits', () => {
  it('every operation covers concrete results', () => {
    fc.assert(
      fc.property(scalar, scalar, fc.constantFrom(...OPS), fc.boolean(), (a, b, op, wide) => {
        const result = domain.alu(op, wide, a.s, b.s);
        for (const x of a.ns)
          for (const y of b.ns) {
            const n = wide ? meaning(op, 64, x, y) : meaning(op, 32, x & 0xffffffffn, y & 0xffffffffn);
            expect(domain.contains(result, n)).toBe(true);
          }
      }),
      { numRuns: 1500 },
    );
  });

  it('constants stay constant', () => {
    fc.assert(
      fc.property(word, word, fc.constantFrom(...OPS), fc.boolean(), (x, y, op, wide) => {
        const result = domain.alu(op, wide, domain.constantScalar(x), domain.constantScalar(y));
        const n = wide ? meaning(op, 64, x, y) : meaning(op, 32, x & 0xffffffffn, y & 0xffffffffn);
        expect(domain.asConstant(result)).toBe(n);
      }),
      { numRuns: 800 },
    );
  });

  it('every comparison keeps the values for which it holds', () => {
    fc.assert(
      fc.property(scalar, scalar, fc.constantFrom(...CONDS), fc.constantFrom(32, 64), (a, b, cond, width) => {
        for (const x of a.ns)
          for (const y of b.ns) {
            const [p, q] = width === 64 ? [x, y] : [x & 0xffffffffn, y & 0xffffffffn];
            const refined = domain.refine(cond, width as 32 | 64, holds(cond, width, p, q), a.s, b.s)!;
            expect(refined).not.toBeNull();
            expect(domain.contains(refined[0], x) && domain.contains(refined[1], y)).toBe(true);
          }
      }),
      { numRuns: 800 },
    );
  });

  it('sign extension and byte order cover concrete results', () => {
    const swap = (n: bigint, bits: number): bigint => {
      let out = 0n;
      for (let i = 0; i < bits; i += 8) out |= ((n >> BigInt(i)) & 0xffn) << BigInt(bits - 8 - i);
      return out;
    };
    fc.assert(
      fc.property(scalar, ({ s, ns }) => {
        for (const x of ns) {
          for (const from of [8, 16, 32]) {
            expect(domain.contains(domain.movsx(from, true, s), BigInt.asIntN(from, x))).toBe(true);
            const narrow = BigInt.asUintN(32, BigInt.asIntN(from, x));
            if (from < 32) expect(domain.contains(domain.movsx(from, false, s), narrow)).toBe(true);
          }
          for (const bits of [16, 32, 64] as const) {
            const low = BigInt.asUintN(bits, x);
            expect(domain.contains(domain.endian('le', bits, s), low)).toBe(true);
            expect(domain.contains(domain.endian('be', bits, s), swap(low, bits))).toBe(true);
            expect(domain.contains(domain.endian('swap', bits, s), swap(low, bits))).toBe(true);
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  it('join, widen and meet cover members; what is included is covered', () => {
    fc.assert(
      fc.property(scalar, scalar, fc.array(word, { maxLength: 3 }), (a, b, ts) => {
        const joined = domain.join(a.s, b.s);
        const wide = domain.widen(
          a.s,
          b.s,
          [...ts].sort((p, q) => (p < q ? -1 : 1)),
        );
        for (const n of [...a.ns, ...b.ns]) {
          expect(domain.contains(joined, n)).toBe(true);
          expect(domain.contains(wide, n)).toBe(true);
        }
        expect(domain.includes(joined, a.s) && domain.includes(joined, b.s)).toBe(true);
        for (const n of a.ns) {
          if (!domain.contains(b.s, n)) continue;
          expect(domain.contains(domain.meet(a.s, b.s)!, n)).toBe(true);
        }
      }),
      { numRuns: 800 },
    );
  });

  it('is precise where compilers rely on it', () => {
    const masked = domain.alu('and', true, domain.UNKNOWN, domain.constantScalar(0xffn));
    expect([masked.x.umin, masked.x.umax]).toEqual([0n, 255n]);
    const scaled = domain.alu('lsh', true, masked, domain.constantScalar(2n));
    expect([scaled.x.umax, scaled.x.unknown]).toEqual([1020n, 0x3fcn]);
    // Zero extension by two shifts keeps what a 32-bit comparison showed.
    const below = domain.refine('lt', 32, true, domain.UNKNOWN, domain.constantScalar(16n))![0];
    const up = domain.alu('lsh', true, below, domain.constantScalar(32n));
    expect(domain.alu('rsh', true, up, domain.constantScalar(32n)).x.umax).toBe(15n);
    // And sign extension likewise.
    const small = domain.refine('slt', 32, true, below, domain.constantScalar(10n))![0];
    const high = domain.alu('lsh', true, small, domain.constantScalar(32n));
    const back = domain.alu('arsh', true, high, domain.constantScalar(32n));
    expect([back.x.smin, back.x.smax]).toEqual([0n, 9n]);
    const rest = domain.alu('mod', true, domain.UNKNOWN, domain.constantScalar(10n));
    expect([rest.x.umin, rest.x.umax]).toEqual([0n, 9n]);
    const quotient = domain.alu('div', false, domain.UNKNOWN, domain.constantScalar(1000n));
    expect(quotient.x.umax).toBe(4294967n);
  });
});
