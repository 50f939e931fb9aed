// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { compile, funcOf, IMAC, Machine, MEMORY } from './harness.js';

/** The allocator puts a result where an operand dies, as the 16-bit encodings want it. */

const words = 'r1.lo, r1.hi, r2.lo, r2.hi';
const store = 'store size=4 off=0 access={context, proved, align 4, write} v0, v6 @0:0 ret @0:1';

it('a chain of operations takes 2 bytes each', () => {
  const code = compile([
    funcOf(
      `b0(v0:i32, v1:i32, v2:i32, v3:i32):
        v4:i32 = xor v1, v2 @0:0 v5:i32 = or v4, v3 @0:0 v6:i32 = and v5, v1 @0:0 ${store}`,
      words,
      '',
    ),
  ]);
  // Three operations, the store and the return.
  expect(code.codeBytes).toBe(2 * 5);
  const m = new Machine();
  m.run(code, [MEMORY, 0b1100, 0b1010, 0b1000]);
  expect(m.memory[0]).toBe(((0b1100 ^ 0b1010) | 0b1000) & 0b1100);
});

it('an operand that lives on is not copied for it', () => {
  const code = compile(
    [
      funcOf(
        `b0(v0:i32, v1:i32, v2:i32, v3:i32):
          v4:i32 = sub v1, v2 @0:0 v5:i32 = sub v1, v3 @0:0 v6:i32 = mul v4, v5 @0:0
          v7:i32 = mul v1, v6 @0:0 store size=4 off=4 access={context, proved, align 4, write} v0, v7 @0:0 ${store}`,
        words,
        '',
      ),
    ],
    IMAC,
  );
  const m = new Machine();
  // Two differences, two products, two stores and the return: no move.
  expect(m.run(code, [MEMORY, 50, 8, 9]).instructions).toBe(7);
  expect(new DataView(m.memory.buffer).getUint32(4, true)).toBe(50 * 42 * 41);
});
