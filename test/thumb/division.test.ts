// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { compile, EDGES, funcOf, LEVELS, Machine } from './harness.js';

/** Divisors that branches show not to be zero: no test of them is left, and what is left is right. */

const PARAMS = 'r1.lo, r1.hi, r2.lo, r2.hi';

/** v0 / v1 in b1 after a branch, 7 in b2; b1 is reached where `cond` of `args` holds. */
const guarded = (cond: string, args: string, c: number, divisor = 'v1'): string => `
  b0(v0:i32, v1:i32, v2:i32, v3:i32): v4:i32 = const imm=${c} @0:0 v5:i32 = and v1, v4 @0:0
    branch ${cond} ${args} ? b1() : b2() @0:0
  b1(): v6:i32 = udiv v0, ${divisor} @0:1 ret v6 @0:2
  b2(): v7:i32 = const imm=7 @0:1 ret v7 @0:2`;

/** Halfwords of the text that are cbz, or a comparison with zero of one of r0 to r7. */
function tests(text: Uint8Array): number {
  let n = 0;
  for (let at = 0; at + 1 < text.length; at += 2) {
    const h = text[at]! | (text[at + 1]! << 8);
    if ((h & 0xf500) === 0xb100 || (h & 0xf8ff) === 0x2800) n++;
  }
  return n;
}

const CASES: readonly (readonly [string, string, number, boolean, string])[] = [
  ['ugt', 'v1, v4', 0, true, 'v1'],
  ['uge', 'v1, v4', 3, true, 'v1'],
  ['ult', 'v4, v1', 5, true, 'v1'],
  ['sle', 'v4, v1', 1, true, 'v1'],
  ['slt', 'v1, v4', 0, true, 'v1'],
  ['eq', 'v1, v4', 9, true, 'v1'],
  ['set', 'v1, v4', 6, true, 'v1'],
  ['set', 'v1, v4', 6, true, 'v5'],
  ['set', 'v4, v1', 0xff00, true, 'v5'],
  ['ult', 'v1, v4', 5, false, 'v1'],
  ['uge', 'v1, v4', 0, false, 'v1'],
  ['sge', 'v1, v4', 0, false, 'v1'],
  ['sle', 'v1, v4', 0, false, 'v1'],
  ['nset', 'v1, v4', 6, false, 'v1'],
  ['ne', 'v1, v4', 9, false, 'v1'],
  ['ne', 'v0, v4', 0, false, 'v1'],
  ['ugt', 'v0, v1', 0, false, 'v1'],
  ['set', 'v0, v4', 6, false, 'v5'],
];

const holds: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  ult: (a, b) => a < b,
  uge: (a, b) => a >= b,
  ugt: (a, b) => a > b,
  slt: (a, b) => (a | 0) < (b | 0),
  sle: (a, b) => (a | 0) <= (b | 0),
  sge: (a, b) => (a | 0) >= (b | 0),
  set: (a, b) => (a & b) !== 0,
  nset: (a, b) => (a & b) === 0,
};

const machine = new Machine();

describe.each(LEVELS.filter((l) => l !== 'cortex-m0'))('division behind a branch on %s', (level) => {
  it.each(CASES)('%s %s with %i', (cond, args, c, shown, divisor) => {
    const code = compile([funcOf(guarded(cond, args, c, divisor), PARAMS, 'lo')], { level });
    // The same with a divisor that nothing is known of has one test more.
    const other = compile([funcOf(guarded(cond, args, c, 'v2'), PARAMS, 'lo')], { level });
    expect(tests(other.text) - tests(code.text)).toBe(shown ? 1 : 0);
    for (const a of [0, 9, 0xffffffff])
      for (const b of EDGES) {
        const value: Record<string, number> = { v0: a, v1: b, v4: c, v5: (b & c) >>> 0 };
        const [x, y] = args.split(', ').map((v) => value[v]!);
        const d = value[divisor]!;
        const want = holds[cond]!(x!, y!) ? (d === 0 ? 0 : Math.floor(a / d)) : 7;
        expect(machine.run(code, [a, b, 3, 0]).r0).toBe(want);
      }
  });

  it('follows a parameter of a loop over all ways to it', () => {
    // while (b) { t = a % b; a = b; b = t; } return a, tested before and at the bottom.
    const gcd = (entry: string): string => `
      b0(v0:i32, v1:i32, v2:i32, v3:i32): v4:i32 = const imm=0 @0:0 branch ${entry} ? b1() : b4() @0:0
      b1(): jump b2(v0, v1) @0:1
      b2(v5:i32, v6:i32): v7:i32 = umod v5, v6 @0:2 branch ne v7, v4 ? b3() : b5() @0:3
      b3(): jump b2(v6, v7) @0:4
      b4(): ret v0 @0:5
      b5(): ret v6 @0:5`;
    const shown = compile([funcOf(gcd('ne v1, v4'), PARAMS, 'lo')], { level });
    const open = compile([funcOf(gcd('ne v0, v4'), PARAMS, 'lo')], { level });
    expect(tests(open.text)).toBeGreaterThan(tests(shown.text));
    const reference = (a: number, b: number): number => (b === 0 ? a : reference(b, a % b));
    for (const a of [1, 12, 270, 0xffffffff])
      for (const b of [0, 1, 18, 192, 0x80000000]) {
        expect(machine.run(shown, [a, b, 0, 0]).r0).toBe(reference(a, b));
        if (b !== 0) expect(machine.run(open, [a, b, 0, 0]).r0).toBe(reference(a, b));
      }
  });
});
