// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { hull, type Place } from '../../compiler/verifier/hull.js';
import {
  constantForm,
  divided,
  equalForms,
  type Form,
  gcd,
  plus,
  scaled,
  shifted,
  substituted,
  symbolForm,
} from '../../compiler/verifier/linear.js';
import { Relations } from '../../compiler/verifier/relations.js';
import { Symbols } from '../../compiler/verifier/symbols.js';
import { Random } from '../differential/random.js';

/** Sums of symbols against plain numbers: every point of small ranges. */
const RUNS = Number(process.env.FCC_RUNS ?? 600);
type Point = ReadonlyMap<number, number>;

const evaluate = (f: Form, p: Point): number => f.syms.reduce((n, s, i) => n + f.coefs[i]! * p.get(s)!, f.c);

function form(r: Random, syms: readonly number[], most = 3): Form {
  let f = constantForm(r.between(-6, 6));
  for (const s of syms) if (r.chance(60)) f = plus(f, symbolForm(s), r.between(-most, most))!;
  return f;
}

/** Symbols within ranges and rows over them. */
interface Box {
  readonly relations: Relations;
  readonly ranges: ReadonlyMap<number, readonly [number, number]>;
  readonly rows: readonly Form[];
}

function box(r: Random, symbols: Symbols, syms: readonly number[]): Box {
  const relations = Relations.empty(symbols);
  const ranges = new Map<number, readonly [number, number]>();
  for (const s of syms) {
    const lo = r.between(-4, 3);
    const hi = lo + r.below(5);
    ranges.set(s, [lo, hi]);
    relations.setRange(s, lo, hi);
  }
  const rows: Form[] = [];
  for (let i = r.below(5); i > 0; i--) {
    const row = form(r, syms, 4);
    if (row.syms.length === 0) continue;
    rows.push(row);
    relations.add(row);
  }
  return { relations, ranges, rows };
}

/** All points that ranges and rows allow. */
function points({ ranges, rows }: Box): Point[] {
  let all: Point[] = [new Map()];
  for (const [s, [lo, hi]] of ranges)
    all = all.flatMap((p) => Array.from({ length: hi - lo + 1 }, (_, i) => new Map([...p, [s, lo + i]])));
  return all.filter((p) => rows.every((row) => evaluate(row, p) >= 0));
}

/** Symbols beyond the fixed ones. */
function three(): { symbols: Symbols; syms: number[] } {
  const symbols = new Symbols(DEFAULT_CONTRACT);
  return { symbols, syms: [symbols.fresh(), symbols.fresh(), symbols.fresh()] };
}

describe('sums of symbols', () => {
  it('add, scale, shift, divide and substitute as numbers do', () => {
    const r = new Random(1);
    const { syms } = three();
    for (let i = 0; i < RUNS; i++) {
      const [f, g, h] = [form(r, syms), form(r, syms), form(r, syms)];
      const k = r.between(-5, 5);
      const p: Point = new Map(syms.map((s) => [s, r.between(-9, 9)]));
      expect(evaluate(plus(f, g, k)!, p)).toBe(evaluate(f, p) + k * evaluate(g, p));
      expect(evaluate(scaled(f, k)!, p)).toBe(k * evaluate(f, p) + 0);
      expect(evaluate(shifted(f, k)!, p)).toBe(evaluate(f, p) + k);
      const moved = new Map([...p, [syms[0]!, evaluate(h, p)]]);
      expect(evaluate(substituted(f, (s) => (s === syms[0] ? h : undefined))!, p)).toBe(evaluate(f, moved));
      if (k > 0) {
        const part = divided(f, k);
        if (part) expect(k * evaluate(part, p)).toBe(evaluate(f, p));
        expect(equalForms(divided(scaled(f, k)!, k)!, f)).toBe(true);
      }
    }
  });

  it('give nothing where numbers stop being exact', () => {
    const most = Number.MAX_SAFE_INTEGER;
    expect(shifted(constantForm(most), 1)).toBeNull();
    expect(scaled(constantForm(most), 2)).toBeNull();
    expect(plus(symbolForm(9), constantForm(most), -2)).toBeNull();
    const f = scaled(symbolForm(9), most)!;
    expect(plus(f, symbolForm(9))).toBeNull();
    expect(gcd(12, -18)).toBe(6);
  });
});

describe('bounds of sums', () => {
  it('are never above the least value nor below the greatest', () => {
    const r = new Random(2);
    let tight = 0;
    let asked = 0;
    for (let i = 0; i < RUNS; i++) {
      const { symbols, syms } = three();
      const b = box(r, symbols, syms);
      const all = points(b);
      if (all.length === 0) continue;
      for (let n = 0; n < 4; n++) {
        const f = form(r, syms);
        const values = all.map((p) => evaluate(f, p));
        const [least, greatest] = [Math.min(...values), Math.max(...values)];
        const found = b.relations.bound(f);
        expect(found).toBeLessThanOrEqual(least);
        expect(b.relations.boundHigh(f)).toBeGreaterThanOrEqual(greatest);
        expect(b.relations.interval(f)).toBeLessThanOrEqual(least);
        expect(b.relations.atLeast(f, least + 1)).toBe(false);
        asked++;
        if (found === least) tight++;
      }
    }
    // Bounds that say nothing would be right as well.
    expect(tight).toBeGreaterThan(asked / 2);
  });

  it('stay right near the end of exact numbers', () => {
    const r = new Random(3);
    const { symbols, syms } = three();
    for (let i = 0; i < RUNS; i++) {
      const relations = Relations.empty(symbols);
      const wide = BigInt(Number.MAX_SAFE_INTEGER);
      const ends = new Map<number, readonly [bigint, bigint]>();
      let f: Form | null = constantForm(r.pick([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0, 1]) - 0);
      for (const s of syms) {
        const k = r.pick([1, 2, 3, 5, 7, 11, 1024, -1, -3, -11]);
        const near = wide / BigInt(Math.abs(k)) + BigInt(r.between(-3, 3));
        const n = (near > wide ? wide : near) * (r.chance(50) ? 1n : -1n);
        const [lo, hi] = r.chance(50) ? [n, n] : [n < 0n ? n : 0n, n < 0n ? 0n : n];
        ends.set(s, [lo, hi]);
        relations.setRange(s, Number(lo), Number(hi));
        f = plus(f, symbolForm(s), k);
        if (!f) break;
      }
      if (!f) continue;
      const least = f.syms.reduce((n, s, j) => {
        const k = BigInt(f.coefs[j]!);
        return n + k * ends.get(s)![k > 0n ? 0 : 1];
      }, BigInt(f.c));
      const found = relations.bound(f);
      if (Number.isFinite(found)) expect(BigInt(found) <= least, `${found} <= ${least}`).toBe(true);
    }
  });

  it('stay right near the end of exact numbers where rows say more', () => {
    const r = new Random(7);
    const exact = (f: Form, p: ReadonlyMap<number, bigint>): bigint =>
      f.syms.reduce((n, s, i) => n + BigInt(f.coefs[i]!) * p.get(s)!, BigInt(f.c));
    let asked = 0;
    for (let i = 0; i < 4 * RUNS; i++) {
      const { symbols, syms } = three();
      const relations = Relations.empty(symbols);
      const ks = syms.map(() => r.pick([1, 2, 3, 7, 11, 1024, -1, -2, -5, -11]));
      const least = syms.map((_, j) => {
        const room = Math.floor(Number.MAX_SAFE_INTEGER / Math.abs(ks[j]!)) - 4;
        return r.pick([room, -room - 4, Math.floor(room / 2), 0, r.between(-9, 9)]);
      });
      syms.forEach((s, j) => {
        relations.setRange(s, least[j]!, least[j]! + 3);
      });
      const at = (n: readonly number[]): Map<number, bigint> =>
        new Map(syms.map((s, j) => [s, BigInt(least[j]! + n[j]!)]));
      // Rows that hold at some point, just.
      const rows: Form[] = [];
      for (let k = 0; k < 3; k++) {
        let f: Form | null = constantForm(0);
        for (const [j, s] of syms.entries())
          if (r.chance(70)) f = f && plus(f, symbolForm(s), r.chance(70) ? ks[j]! : -1);
        if (!f || f.syms.length < 2) continue;
        const value = exact(f, at([r.below(4), r.below(4), r.below(4)]));
        const c = -value + BigInt(r.below(2));
        if (c > BigInt(Number.MAX_SAFE_INTEGER) || c < BigInt(Number.MIN_SAFE_INTEGER)) continue;
        const row = shifted(f, Number(c))!;
        rows.push(row);
        relations.add(row);
      }
      const all = Array.from({ length: 64 }, (_, n) => at([n & 3, (n >> 2) & 3, n >> 4])).filter((p) =>
        rows.every((row) => exact(row, p) >= 0n),
      );
      if (all.length === 0) continue;
      let f: Form | null = constantForm(r.pick([0, 1, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]));
      for (const [j, s] of syms.entries())
        if (r.chance(80)) f = f && plus(f, symbolForm(s), r.chance(50) ? ks[j]! : -ks[j]!);
      if (!f) continue;
      asked++;
      const values = all.map((p) => exact(f, p));
      const smallest = values.reduce((a, b) => (a < b ? a : b));
      const found = relations.bound(f);
      if (Number.isFinite(found)) expect(BigInt(found) <= smallest, `${found} <= ${smallest}`).toBe(true);
      relations.prune(new Set([syms[0]!, syms[1]!]), true);
      for (const row of relations.rows)
        if (!row.syms.includes(syms[2]!)) for (const p of all) expect(exact(row, p) >= 0n).toBe(true);
    }
    expect(asked).toBeGreaterThan(RUNS / 4);
  });

  it('are kept by pruning as far as live symbols go', () => {
    const r = new Random(4);
    for (let i = 0; i < RUNS; i++) {
      const { symbols, syms } = three();
      const b = box(r, symbols, syms);
      const all = points(b);
      if (all.length === 0) continue;
      b.relations.prune(new Set([syms[0]!]), i % 2 === 0);
      const values = all.map((p) => p.get(syms[0]!)!);
      expect(b.relations.bound(symbolForm(syms[0]!))).toBeLessThanOrEqual(Math.min(...values));
      for (const row of b.relations.rows) for (const p of all) expect(evaluate(row, p)).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('joins', () => {
  it.each([false, true])('hold every point of both sides, widening %s', (widen) => {
    const r = new Random(widen ? 5 : 6);
    let kept = 0;
    for (let i = 0; i < RUNS; i++) {
      const { symbols, syms } = three();
      const [a, b] = [box(r, symbols, syms), box(r, symbols, syms)];
      const [ofA, ofB] = [points(a), points(b)];
      if (ofA.length === 0 || ofB.length === 0) continue;
      const places: Place[] = Array.from({ length: r.between(1, 4) }, () => {
        const f = form(r, syms);
        const g = r.chance(30) ? f : r.chance(40) ? shifted(f, r.between(-2, 2))! : form(r, syms);
        const values = [...ofA.map((p) => evaluate(f, p)), ...ofB.map((p) => evaluate(g, p))];
        return { a: f, b: g, lo: Math.min(...values), hi: Math.max(...values) };
      });
      const joined = hull(a.relations.copy(), b.relations.copy(), places, new Set(), { widen });
      kept += joined.relations.rows.length;
      for (const [side, all] of [
        ['a', ofA],
        ['b', ofB],
      ] as const)
        for (const p of all) {
          const bad = outside(
            joined.forms,
            joined.relations,
            places.map((x) => evaluate(x[side], p)),
            p,
          );
          if (bad) expect({ bad, side, point: [...p], places, rowsA: a.rows, rowsB: b.rows }).toBe('inside');
        }
    }
    // A join that forgets everything would be right as well. Widening keeps only what both sides say alike.
    expect(kept).toBeGreaterThan(widen ? 0 : RUNS / 10);
  });
});

/** What of a join does not hold where its places have these values and old symbols those of a point; null: all does. */
function outside(
  forms: readonly (Form | null)[],
  relations: Relations,
  values: readonly number[],
  old: Point,
): string | null {
  const p = new Map(old);
  // New symbols from the places that they name, one unknown at a time.
  for (let again = true; again; ) {
    again = false;
    for (const [i, f] of forms.entries()) {
      const open = f ? f.syms.filter((s) => !p.has(s)) : [];
      const [s] = open;
      if (!f || open.length !== 1) continue;
      const k = f.coefs[f.syms.indexOf(s!)]!;
      p.set(s!, 0);
      const rest = values[i]! - evaluate(f, p);
      p.delete(s!);
      if (rest % k !== 0) return `place ${i} is no whole multiple`;
      p.set(s!, rest / k);
      again = true;
    }
  }
  for (const [i, f] of forms.entries()) {
    if (f?.syms.every((s) => p.has(s)) && evaluate(f, p) !== values[i]) return `place ${i}`;
  }
  for (const row of relations.rows)
    if (row.syms.every((s) => p.has(s)) && evaluate(row, p) < 0) return `row ${JSON.stringify(row)}`;
  // Ranges of symbols that the join still uses.
  const used = new Set([...forms.flatMap((f) => f?.syms ?? []), ...relations.rows.flatMap((row) => row.syms)]);
  for (const s of used) {
    const n = p.get(s);
    const { lo, hi } = relations.range(s);
    if (n !== undefined && (n < lo || n > hi)) return `symbol ${s} is ${n}, not in [${lo}, ${hi}]`;
  }
  return null;
}
