// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseModule } from '../../compiler/ir/parse.js';
import { boundLoops } from '../../compiler/opt/loops.js';
import { runPasses } from '../../compiler/opt/pass.js';

const CONDS = ['eq', 'ne', 'ult', 'ule', 'ugt', 'uge', 'slt', 'sle', 'sgt', 'sge'] as const;
type Cond = (typeof CONDS)[number];
const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;

interface Shape {
  readonly start: number;
  readonly step: number;
  readonly limit: number;
  readonly cond: Cond;
  /** The grown value is tested, and the limit comes first. */
  readonly grown: boolean;
  readonly flipped: boolean;
}

function boundOf({ start, step, limit, cond, grown, flipped }: Shape): number | undefined {
  const tested = grown ? 'v6' : 'v4';
  const module = parseModule(`module (lanes)
func 0 "f" entry frame 0 params (r1.lo r1.hi) results (lo hi) {
b0(v0: i32, v1: i32):
  v2: i32 = const imm=${hex(start)} @0:0
  v3: i32 = const imm=${hex(limit)} @0:0
  jump b1(v2) @0:0
b1(v4: i32):
  v5: i32 = const imm=${hex(step)} @0:1
  v6: i32 = add v4, v5 @0:1
  branch ${cond} ${flipped ? `v3, ${tested}` : `${tested}, v3`} ? b1(v6) : b2() @0:2
b2():
  ret v4, v1 @0:3
}`);
  runPasses(module, [boundLoops], { validate: true });
  return module.funcs[0]!.blocks[1]!.bound;
}

function holds(cond: Cond, a: number, b: number): boolean {
  const [x, y] = cond.startsWith('s') ? [a | 0, b | 0] : [a >>> 0, b >>> 0];
  switch (cond.slice(-2)) {
    case 'eq':
      return x === y;
    case 'ne':
      return x !== y;
    case 'lt':
      return x < y;
    case 'le':
      return x <= y;
    case 'gt':
      return x > y;
    default:
      return x >= y;
  }
}

/** Back edges that are really taken, or null if more than `cap`. */
function count(s: Shape, cap: number): number | null {
  let i = s.start | 0;
  for (let n = 0; n <= cap; n++) {
    const next = (i + s.step) | 0;
    const tested = s.grown ? next : i;
    if (!(s.flipped ? holds(s.cond, s.limit, tested) : holds(s.cond, tested, s.limit))) return n;
    i = next;
  }
  return null;
}

const plain = { grown: false, flipped: false };

describe('loop bounds', () => {
  it.each<[string, Shape, number]>([
    ['up, less', { ...plain, start: 0, step: 1, limit: 10, cond: 'ult' }, 10],
    ['up by 3', { ...plain, start: 0, step: 3, limit: 10, cond: 'ult' }, 4],
    ['up, or equal, signed from below zero', { ...plain, start: -4, step: 2, limit: 4, cond: 'sle' }, 5],
    ['down, greater', { ...plain, start: 10, step: -1, limit: 0, cond: 'ugt' }, 10],
    ['down, signed, past zero', { ...plain, start: 5, step: -2, limit: -1, cond: 'sge' }, 4],
    ['grown value, not equal', { grown: true, flipped: false, start: 0, step: 4, limit: 64, cond: 'ne' }, 15],
    ['limit first', { grown: false, flipped: true, start: 0, step: 1, limit: 7, cond: 'ugt' }, 7],
    ['never', { ...plain, start: 9, step: 1, limit: 9, cond: 'ult' }, 0],
  ])('%s', (_, shape, expected) => {
    expect(count(shape, 100)).toBe(expected);
    expect(boundOf(shape)).toBe(expected);
  });

  it.each<[string, Shape]>([
    ['steps over the limit', { ...plain, start: 0, step: 3, limit: 10, cond: 'ne' }],
    ['wraps below zero', { ...plain, start: 10, step: -1, limit: 0, cond: 'uge' }],
    ['wraps at the top', { ...plain, start: 0, step: 1, limit: -1, cond: 'ule' }],
    ['wraps past the largest signed number', { ...plain, start: 0, step: 2, limit: 0x7fffffff, cond: 'slt' }],
    ['walks away', { ...plain, start: 0, step: -1, limit: 10, cond: 'ult' }],
  ])('says nothing of a loop that %s', (_, shape) => {
    expect(boundOf(shape)).toBeUndefined();
  });

  it('never claims too few rounds', () => {
    const edge = fc.constantFrom(0, 1, 2, 7, 64, -1, -2, -64, 0x7fffffff, -0x80000000, 0x7ffffff0, -0x7ffffff0);
    const number = fc.oneof(edge, fc.integer({ min: -40, max: 40 }));
    const shape = fc.record({
      start: number,
      step: fc.integer({ min: -5, max: 5 }).filter((n) => n !== 0),
      limit: number,
      cond: fc.constantFrom(...CONDS),
      grown: fc.boolean(),
      flipped: fc.boolean(),
    });
    let exact = 0;
    fc.assert(
      fc.property(shape, (s) => {
        const bound = boundOf(s);
        if (bound === undefined) return;
        const real = count(s, 2000);
        if (real === null) expect(bound).toBeGreaterThan(2000);
        else expect(bound).toBeGreaterThanOrEqual(real);
        if (bound === real) exact++;
      }),
      { numRuns: 1500, seed: 20 },
    );
    expect(exact).toBeGreaterThan(200);
  });

  it('leaves a bound out when a nest takes too long', () => {
    expect(boundOf({ ...plain, start: 0, step: 1, limit: 1 << 19, cond: 'ult' })).toBe(1 << 19);
    expect(boundOf({ ...plain, start: 0, step: 1, limit: 1 << 21, cond: 'ult' })).toBeUndefined();
  });
});
