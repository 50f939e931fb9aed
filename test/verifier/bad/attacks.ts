// SPDX-License-Identifier: MIT
import { asm, type BadRow, bad, P, prog, read, write } from '../rows.js';

/**
 * Programs against an analysis that knows linear relations: sums that only count modulo 2^64, numbers near the limits of what is exact,
 * joins and loops that must not keep what one side says, quotients and remainders, comparisons of what cannot be compared.
 */
type Short = readonly [name: string, text: string, trap: BadRow['trap'], fine?: BadRow['fine']];
const rows = (family: string, head: string, tail: string, list: readonly Short[]): BadRow[] =>
  list.map(([name, text, trap, fine]) => ({
    name: `${family}: ${name}`,
    text: prog(head, text, tail),
    code: 'FCC0107',
    trap,
    ...(fine ? { fine } : {}),
  }));
const hex = (n: bigint): string => `0x${BigInt.asUintN(64, n).toString(16)} ll`;
const BUF = asm(P.buf, P.a);
const PKT = asm(P.pkt, P.len, P.a);
const AT = asm('r6 += r3', bad(read(1)));

const T49 = 1n << 49n;
const T53 = 1n << 53n;
/** 11 * X11 is 2^53 + 25, which doubles round down. */
const X11 = (T53 + 25n) / 11n;
const exactness = rows('exact', BUF, AT, [
  // x & 2^49 is not x, though the logarithm of 2^49 + 1 rounds to 49.
  [
    'a mask of one high bit',
    `r5 = ${hex(T49)}\nif r3 > r5 goto out\nr4 = r3\nr4 &= r5\nr3 -= r4`,
    { a: 16n },
    { a: 15n },
  ],
  [
    'a mask of one high bit and one low bit off',
    `r5 = ${hex((1n << 50n) - 2n)}\nif r3 > r5 goto out\nr4 = r3\nr4 &= r5\nr3 -= r4\nr3 *= 16`,
    { a: 1n },
    { a: 2n },
  ],
  [
    'rounding down to no power of two',
    `r5 = ${hex(-T49 - 1n)}\nr4 = ${hex(T49 * 2n)}\nif r3 > r4 goto out\nr4 = r3\nr4 &= r5\nr3 -= r4\nr3 >>= 45`,
    { a: T49 },
    { a: 0n },
  ],
  // 2^53 - 1 - 11 x + z: doubles make the product too small by one.
  [
    'a product beyond 2^53',
    asm(
      `r5 = ${hex(X11)}\nif r3 > r5 goto out\nr5 = ${hex(X11 - 1n)}\nif r3 < r5 goto out`,
      `${P.b}\nr4 &= 1\nr4 += 25\nr3 *= -11\nr3 += r4\nr5 = ${hex(T53 - 1n)}\nr3 += r5`,
    ),
    { a: X11, b: 0n },
    { a: X11, b: 1n },
  ],
  [
    'a product beyond 2^53, to the upper end',
    asm(
      `r5 = ${hex(X11)}\nif r3 > r5 goto out\nr5 = ${hex(X11 - 1n)}\nif r3 < r5 goto out`,
      `${P.b}\nr4 &= 1\nr4 += 10\nr3 *= 11\nr3 -= r4\nr5 = ${hex(T53 - 1n)}\nr3 -= r5`,
    ),
    { a: X11, b: 0n },
    { a: X11, b: 1n },
  ],
  [
    'a sum of numbers near 2^53',
    `r5 = ${hex(T53)}\nif r3 > r5 goto out\nr4 = r3\nr4 += r5\nr4 += 1\nr4 -= r5\nr3 = r4\nr5 = ${hex(T53 - 16n)}\nr3 -= r5\nif r3 s< 0 goto out`,
    { a: T53 },
    { a: T53 - 10n },
  ],
  [
    'a bound just above 2^53',
    `r5 = ${hex(T53 + 2n)}\nif r3 > r5 goto out\nr5 = ${hex(T53 - 14n)}\nif r3 < r5 goto out\nr3 -= r5`,
    { a: T53 + 2n },
    { a: T53 + 1n },
  ],
  [
    'a bound just above 2^63',
    `r5 = ${hex((1n << 63n) + 2n)}\nif r3 > r5 goto out\nr5 = ${hex((1n << 63n) - 14n)}\nif r3 < r5 goto out\nr3 -= r5`,
    { a: (1n << 63n) + 2n },
    { a: (1n << 63n) + 1n },
  ],
  [
    'a bound near 2^64',
    `r5 = ${hex(-2n)}\nif r3 > r5 goto out\nr5 = ${hex(-18n)}\nif r3 < r5 goto out\nr3 -= r5`,
    { a: -2n },
    { a: -3n },
  ],
  ['16 times 2^60', `r3 &= 16\nr4 = r3\nr4 <<= 60\nif r4 != 0 goto out`, { a: 16n }, { a: 0n }],
  [
    'difference of multiples that wrapped',
    `${P.b}\nr5 = r3\nr5 -= r4\nr5 <<= 60\nif r5 != 0 goto out\nif r4 > 0 goto out`,
    { a: 16n },
    { a: 0n },
  ],
  [
    'times an odd number and back',
    `r4 = r3\nr4 *= 3\nr5 = ${hex(0xaaaaaaaaaaaaaaabn)}\nr4 *= r5\nif r4 != r3 goto out`,
    { a: 16n },
    { a: 15n },
  ],
  ['x + x = 0 means x = 0 or 2^63', `r4 = r3\nr4 += r3\nif r4 != 0 goto out`, { a: 1n << 63n }, { a: 0n }],
  ['x = -x means x = 0 or 2^63', `r4 = r3\nr4 = -r4\nif r4 != r3 goto out`, { a: 1n << 63n }, { a: 0n }],
  ['2 x <= 30 unsigned', `r4 = r3\nr4 <<= 1\nif r4 > 30 goto out`, { a: (1n << 63n) + 1n }, { a: 15n }],
  [
    '2 x s<= 30 and 2 x s>= 0',
    `r4 = r3\nr4 <<= 1\nif r4 s> 30 goto out\nif r4 s< 0 goto out`,
    { a: 1n << 63n },
    { a: 15n },
  ],
  [
    'x - y s<= 0 with y negative',
    `${P.b}\nr5 = r3\nr5 -= r4\nif r5 s> 0 goto out\nif r4 s> 15 goto out\nif r3 s< 0 goto out`,
    { a: 1n << 62n, b: -(1n << 63n) + 5n },
    { a: 3n, b: 4n },
  ],
  [
    'x s<= y + 1 where y + 1 wraps',
    `${P.b}\nr5 = r4\nr5 += 1\nif r3 s< r5 goto out\nif r4 s< 20 goto out\nif r3 s> 15 goto out`,
    { a: -5n, b: (1n << 63n) - 1n },
  ],
  [
    'x <= y + 1 where y is the largest number',
    `${P.b}\nr5 = r4\nr5 += 1\nif r5 > 15 goto out\nif r3 > r4 goto out`,
    { a: 16n, b: -1n },
    { a: 4n, b: 5n },
  ],
  [
    '-x s>= 0 for x of -2^63 too',
    `r4 = r3\nr4 = -r4\nif r4 s> 0 goto out\nif r3 s> 15 goto out`,
    { a: -(1n << 63n) },
    { a: 15n },
  ],
  [
    '32-bit sum compared, 64-bit sum used',
    `${P.b}\nw3 = w3\nw4 = w4\nr5 = r3\nw5 += w4\nif r5 > 15 goto out\nr3 += r4`,
    { a: 0xffffffffn, b: 1n },
    { a: 7n, b: 8n },
  ],
  [
    '32-bit difference compared, 64-bit difference used',
    `${P.b}\nw3 = w3\nw4 = w4\nr5 = r3\nw5 -= w4\nif r5 > 15 goto out\nr3 -= r4`,
    { a: 1n, b: 0xfffffffan },
    { a: 8n, b: 7n },
  ],
  ['32-bit product compared', `w3 = w3\nr5 = r3\nw5 *= 0x10000\nif r5 > 15 goto out`, { a: 0x10000n }, { a: 0n }],
  [
    '64-bit number equal in 32 bits to a small one',
    `${P.b}\nif r4 > 15 goto out\nif w3 != w4 goto out`,
    { a: 0x100000003n, b: 3n },
    { a: 3n, b: 3n },
  ],
  [
    'order in 32 bits by a sign-extended bound',
    `${P.b}\nif r4 s> 15 goto out\nif w3 s> w4 goto out\nif r3 s< 0 goto out`,
    { a: 0x80000000n, b: 3n },
    { a: 3n, b: 3n },
  ],
  [
    'a zero-extended negative is not below its source',
    'r4 = r3\nw4 = w4\nif r3 s> 15 goto out\nif r4 s< 0 goto out\nr3 = r4',
    { a: -1n },
    { a: 15n },
  ],
  [
    'a sign-extended number is not above 0 with its source',
    'w4 = w3\nr3 = (s32)r3\nif r4 s< 0 goto out\nif r3 s> 15 goto out',
    { a: 0xffffffffn },
    { a: 15n },
  ],
]);

const quotients = rows('quotient', BUF, AT, [
  ['x / 4 * 4 <= 16', 'r4 = r3\nr4 >>= 2\nr4 <<= 2\nif r4 > 16 goto out', { a: 19n }, { a: 15n }],
  ['x / 4 s<= 3 of a negative number', 'r4 = r3\nr4 s>>= 2\nif r4 s> 3 goto out', { a: -1n }, { a: 15n }],
  ['x / 3 <= 5', 'r4 = r3\nr4 /= 3\nif r4 > 5 goto out', { a: 17n }, { a: 15n }],
  ['x - x % 4 <= 12 + 4', 'r4 = r3\nr4 %= 4\nr5 = r3\nr5 -= r4\nif r5 > 16 goto out', { a: 16n }, { a: 15n }],
  ['x % y < y, y = 0', `${P.b}\nif r4 > 15 goto out\nr3 %= r4`, { a: 16n, b: 0n }, { a: 16n, b: 15n }],
  [
    'x % y <= x, doubled',
    `${P.b}\nif r3 > 15 goto out\nr5 = r3\nr5 %= r4\nr3 += r5`,
    { a: 8n, b: 9n },
    { a: 8n, b: 8n },
  ],
  [
    'x / y <= x, y = 0 gives 0, not x',
    `${P.b}\nif r3 > 15 goto out\nr5 = r3\nr5 /= r4\nr3 -= r5\nr3 += 15`,
    { a: 1n, b: 0n },
    { a: 15n, b: 1n },
  ],
  [
    'x >> y is not above x as unsigned only',
    `${P.b}\nr5 = r3\nr5 >>= r4\nif r3 s> 15 goto out\nr3 = r5`,
    { a: -1n, b: 1n },
    { a: 15n, b: 1n },
  ],
  [
    'x s>> y of a negative x is above x',
    `${P.b}\nif r3 s> 15 goto out\nr5 = r3\nr5 s>>= r4\nr3 = r5`,
    { a: -1n, b: 63n },
    { a: 15n, b: 1n },
  ],
  [
    'x & y is not above y as unsigned only',
    `${P.b}\nif r4 s> 15 goto out\nr3 &= r4`,
    { a: -1n, b: -1n },
    { a: -1n, b: 15n },
  ],
  [
    'x | y of two small numbers',
    `${P.b}\nif r3 > 10 goto out\nif r4 > 16 goto out\nr3 |= r4`,
    { a: 0n, b: 16n },
    { a: 10n, b: 5n },
  ],
  [
    'x | y is no sum',
    `${P.b}\nr3 &= 7\nr4 &= 12\nr5 = r3\nr5 += r4\nr3 |= r4\nr5 -= r3\nr3 = r5\nr3 <<= 2`,
    { a: 4n, b: 4n },
    { a: 3n, b: 4n },
  ],
  [
    'x ^ y is no difference',
    `${P.b}\nr3 &= 15\nr4 &= 15\nr5 = r3\nr5 ^= r4\nr3 -= r5`,
    { a: 0n, b: 1n },
    { a: 1n, b: 1n },
  ],
  ['x s/ 2 rounds to 0', 'r4 = r3\nr4 s/= 2\nif r4 s< 0 goto out\nif r4 s> 7 goto out', { a: -1n }, { a: 15n }],
  ['x s% 4 is negative with x', 'if r3 s> 15 goto out\nr3 s%= 4', { a: -1n }, { a: 15n }],
  ['a shift by 63 of a masked number', 'r3 &= 1\nr3 <<= 63\nr3 s>>= 63', { a: 1n }, { a: 0n }],
  ['<< 60 >> 60 is signed', 'r3 <<= 60\nr3 s>>= 60', { a: 15n }, { a: 7n }],
  ['<< 59 >> 59', 'r3 <<= 59\nr3 >>= 59', { a: 16n }, { a: 15n }],
  ['w << 28 s>> 28, zero-extended', 'w3 <<= 28\nw3 s>>= 28', { a: 15n }, { a: 7n }],
]);

const joins = rows('join', PKT, AT, [
  [
    'i < n on one side, i < 64 on the other',
    `${P.b}\nif r4 == 0 goto small\nif r3 >= r7 goto out\ngoto use\nsmall:\nif r3 >= 64 goto out\nuse:`,
    { a: 8n, pkt: 8 },
    { a: 7n, pkt: 8 },
  ],
  [
    'i = n - 1 on one side, 0 on the other, n may be 0',
    `${P.b}\nif r7 == 0 goto zero\nr3 = r7\nr3 += -1\ngoto use\nzero:\nr3 = 0\nuse:`,
    { pkt: 0 },
    { pkt: 4 },
  ],
  [
    'i = n - 1 or i = n - 2',
    `${P.b}\nif r7 == 0 goto out\nr3 = r7\nr3 += -1\nif r4 == 0 goto use\nr3 += -1\nuse:`,
    { pkt: 1, b: 1n },
    { pkt: 1, b: 0n },
  ],
  [
    'i = j on one side, i = j + 1 on the other',
    `${P.b}\nr5 = r3\nif r4 == 0 goto use\nr5 += 1\nuse:\nif r3 >= r7 goto out\nr3 = r5`,
    { a: 7n, b: 1n, pkt: 8 },
    { a: 7n, b: 0n, pkt: 8 },
  ],
  [
    '2 i = j on one side',
    `${P.b}\nr5 = r3\nr5 <<= 1\nif r4 == 0 goto use\nr5 = 0\nuse:\nif r5 >= r7 goto out\nif r7 == 0 goto out`,
    { a: 8n, b: 1n, pkt: 8 },
    { a: 3n, b: 1n, pkt: 8 },
  ],
  [
    'i + j = n, then j from elsewhere on one path',
    `${P.b}\nif r3 > r7 goto out\nr5 = r7\nr5 -= r3\nif r4 == 0 goto use\nr5 = r4\nuse:\nif r5 == 0 goto out`,
    { a: 8n, b: 1n, pkt: 8 },
    { a: 7n, b: 1n, pkt: 8 },
  ],
  [
    'both sides unbounded, equal below',
    `${P.b}\nif r4 == 0 goto other\nr3 = r4\nother:\nif r4 >= r7 goto out`,
    { a: 8n, b: 0n, pkt: 8 },
    { a: 8n, b: 7n, pkt: 8 },
  ],
  [
    'minimum by a jump on the wrong operand',
    `${P.b}\nr5 = r3\nif r3 < r4 goto use\nr5 = r3\nuse:\nif r4 >= r7 goto out\nr3 = r5`,
    { a: 9n, b: 3n, pkt: 8 },
    { a: 3n, b: 4n, pkt: 8 },
  ],
  [
    'maximum taken for a minimum',
    `${P.b}\nr5 = r4\nif r3 < r4 goto use\nr5 = r3\nuse:\nif r3 >= r7 goto out\nr3 = r5`,
    { a: 3n, b: 8n, pkt: 8 },
    { a: 3n, b: 7n, pkt: 8 },
  ],
  [
    'three ways, one loose',
    `${P.b}\nif r4 == 1 goto one\nif r4 == 2 goto two\nif r3 >= r7 goto out\ngoto use\none:\nif r3 >= r7 goto out\ngoto use\ntwo:\nif r3 > r7 goto out\nuse:`,
    { a: 8n, b: 2n, pkt: 8 },
    { a: 7n, b: 2n, pkt: 8 },
  ],
  [
    'signs differ by side',
    `${P.b}\nif r3 s>= r7 goto out\nif r4 == 0 goto use\nif r3 s< 0 goto out\nuse:`,
    { a: -1n, pkt: 8 },
    { a: 3n, pkt: 8 },
  ],
  [
    'pointers that differ by side, index too',
    `${P.b}\nif r3 >= r7 goto out\nif r4 == 0 goto use\nr6 += r3\nr3 += 1\nr3 -= r3\nr3 += 1\nuse:`,
    { a: 7n, b: 1n, pkt: 8 },
    { a: 6n, b: 1n, pkt: 8 },
  ],
  [
    'a length of one side, the region of the other',
    `${P.b}\nr8 = *(u32 *)(r1 + 40)\nr9 = *(u64 *)(r1 + 32)\nif r4 == 0 goto use\nr6 = r9\nuse:\nif r3 >= r7 goto out`,
    { a: 7n, b: 1n, pkt: 8, out: 7 },
    { a: 7n, b: 0n, pkt: 8, out: 7 },
  ],
]);

const loops = rows('invariant', PKT, '', [
  [
    'p and n move together, n by one less each other round',
    asm(
      'r8 = 0\nloop:\nif r7 s<= 0 goto out',
      bad(read(1)),
      'r6 += 1\nr8 ^= 1\nif r8 == 0 goto loop\nr7 += -1\ngoto loop',
    ),
    { pkt: 4 },
    { pkt: 1 },
  ],
  [
    'p and n move together, p by two at the end',
    asm('loop:\nif r7 == 0 goto out', bad(read(1)), 'r6 += 1\nr7 += -1\nif r7 != 1 goto loop\nr6 += 1\ngoto loop'),
    { pkt: 4 },
    { pkt: 1 },
  ],
  [
    'n -= 4 while n != 0',
    asm('loop:\nif r7 == 0 goto out', bad(read(4)), 'r6 += 4\nr7 += -4\ngoto loop'),
    { pkt: 6 },
    { pkt: 8 },
  ],
  [
    'n -= 4 while n > 0, signed later',
    asm('loop:\nif r7 s< 1 goto out', bad(read(4)), 'r6 += 4\nr7 += -4\ngoto loop'),
    { pkt: 6 },
    { pkt: 8 },
  ],
  [
    'n -= 4 while n > 0, unsigned',
    asm(
      'r8 = 0\nloop:\nif r7 == 0 goto out\nif r8 > 20 goto out',
      bad(read(1)),
      'r8 += 1\nr6 += 4\nr7 += -4\ngoto loop',
    ),
    { pkt: 6 },
    { pkt: 8 },
  ],
  [
    'the end comes nearer by 2, the index goes up by 1',
    asm(
      'r3 = 0\nloop:\nif r3 s>= r7 goto done\nr3 += 1\nr7 += -2\ngoto loop\ndone:\nr4 = *(u32 *)(r1 + 16)\nif r4 == 0 goto out\nr6 += r7',
      bad(read(1)),
    ),
    { pkt: 1 },
    { pkt: 3 },
  ],
  [
    'two pointers meet, then one more',
    asm(
      'if r7 == 0 goto out\nr5 = r6\nr5 += r7\nr5 += -1\nloop:\nif r6 >= r5 goto done\nr6 += 1\nr5 += -1\ngoto loop\ndone:\nr6 += 1',
      bad(read(1)),
    ),
    { pkt: 1 },
    { pkt: 4 },
  ],
  [
    'two pointers pass each other',
    asm('r5 = r6\nr5 += r7\nloop:\nif r6 == r5 goto out', bad(read(1)), 'r6 += 1\nr5 += -1\ngoto loop'),
    { pkt: 5 },
    { pkt: 4 },
  ],
  [
    'a stride read from the packet once',
    asm(
      'if r7 == 0 goto out',
      read(1, 0, 'r6', 'r8'),
      'r3 = 0\nloop:\nif r3 >= r7 goto out\nr4 = r6\nr4 += r3',
      bad(read(2, 0, 'r4', 'r5')),
      'r3 += r8\nif r8 != 0 goto loop',
    ),
    { pkt: [3, 0, 0, 1] },
    { pkt: [5, 0, 0] },
  ],
  [
    'hash slot: multiplied, shifted by one too few',
    asm('r3 *= 0x61c88647\nw3 >>= 27\nif r7 < 16 goto out\nr6 += r3', bad(read(1))),
    { a: 2n, pkt: 16 },
    { a: 0n, pkt: 16 },
  ],
  [
    'average of i and n',
    asm('if r3 > r7 goto out\nr4 = r3\nr4 += r7\nr4 >>= 1\nr6 += r4', bad(read(1))),
    { a: 8n, pkt: 8 },
    { a: 7n, pkt: 8 },
  ],
  [
    'average rounded up of i < n',
    asm('if r3 >= r7 goto out\nr4 = r3\nr4 += r7\nr4 += 1\nr4 >>= 1\nr6 += r4', bad(read(1))),
    { a: 7n, pkt: 8 },
    { a: 6n, pkt: 9 },
  ],
  [
    'average that wraps',
    asm(
      'if r7 < 2 goto out\nr4 = r3\nr4 += r7\nr4 >>= 1\nif r3 < r7 goto use\ngoto out\nuse:\nr4 += 1\nr6 += r4',
      bad(read(1)),
    ),
    { a: 7n, pkt: 8 },
    { a: 3n, pkt: 8 },
  ],
  [
    'a state machine with one loose transition',
    asm(
      'r8 = 0\nr3 = 0\nloop:\nif r8 == 2 goto two\nif r3 >= r7 goto out\ngoto get\ntwo:\nif r3 > r7 goto out\nget:\nr4 = r6\nr4 += r3',
      bad(read(1, 0, 'r4', 'r5')),
      'r3 += 1\nr8 = r5\nr8 &= 3\ngoto loop',
    ),
    { pkt: [1, 2] },
    { pkt: [1, 1] },
  ],
  [
    'a ring index kept below n, n shrinks',
    asm(
      'if r7 < 2 goto out\nif r3 >= r7 goto out\nr7 += -1\nr3 += 1\nif r3 <= r7 goto use\nr3 = 0\nuse:\nr3 += 1\nr6 += r3',
      bad(read(1)),
    ),
    { a: 6n, pkt: 8 },
    { a: 5n, pkt: 8 },
  ],
  [
    'a heap: child of i < n',
    asm('if r3 >= r7 goto out\nr3 <<= 1\nr3 += 1\nr6 += r3', bad(read(1))),
    { a: 4n, pkt: 8 },
    { a: 3n, pkt: 8 },
  ],
  [
    'a heap: second child where the first is inside',
    asm('if r3 > 64 goto out\nr3 <<= 1\nr3 += 1\nif r3 >= r7 goto out\nr6 += r3', bad(read(1, 1))),
    { a: 3n, pkt: 8 },
    { a: 2n, pkt: 8 },
  ],
  [
    'a matrix: i * width + j, width > row',
    asm(P.b, 'if r3 > 3 goto out\nif r4 > 4 goto out\nr3 <<= 2\nr3 += r4\nif r7 < 16 goto out\nr6 += r3', bad(read(1))),
    { a: 3n, b: 4n, pkt: 16 },
    { a: 3n, b: 3n, pkt: 16 },
  ],
  [
    'a window: i + w <= n by w alone',
    asm(P.b, 'if r4 > r7 goto out\nif r3 >= r7 goto out\nif r4 == 0 goto out\nr6 += r3\nr6 += r4', bad(read(1, -1))),
    { a: 7n, b: 2n, pkt: 8 },
    { a: 7n, b: 1n, pkt: 8 },
  ],
  [
    'a window: length minus a checked offset, one too many',
    asm(P.b, 'if r3 > r7 goto out\nr5 = r7\nr5 -= r3\nif r4 > r5 goto out\nr6 += r3\nr6 += r4', bad(read(1))),
    { a: 4n, b: 4n, pkt: 8 },
    { a: 4n, b: 3n, pkt: 8 },
  ],
  [
    'header words and options: fixed part added twice',
    asm(
      'if r7 < 20 goto out',
      read(1, 0, 'r6', 'r3'),
      'r3 &= 15\nr3 <<= 2\nif r3 < 20 goto out\nif r3 > r7 goto out\nr6 += r3',
      bad(read(4)),
    ),
    { pkt: [5, ...Array.from({ length: 22 }, () => 0)] },
    { pkt: [5, ...Array.from({ length: 23 }, () => 0)] },
  ],
]);

/** Control flow that no analysis of loops may simplify: several ways in, several ways out, things that change in between. */
const flow = rows('flow', asm(PKT, P.count), '', [
  [
    'into a loop past its check',
    asm(
      'if r8 == 1 goto mid\nr3 = 0\nloop:\nif r3 >= r7 goto out\nmid:\nr4 = r6\nr4 += r3',
      bad(read(1, 0, 'r4', 'r5')),
      'r3 += 1\ngoto loop',
    ),
    { a: 8n, b: 1n, pkt: 8 },
    { a: 7n, b: 1n, pkt: 8 },
  ],
  [
    'into a loop with an index one further',
    asm(
      'r3 = 0\nif r8 == 1 goto mid\nloop:\nif r3 >= r7 goto out\nmid:\nr4 = r6\nr4 += r3',
      bad(read(1, 0, 'r4', 'r5')),
      'r3 += 1\ngoto loop',
    ),
    { b: 1n, pkt: 0 },
    { b: 0n, pkt: 0 },
  ],
  [
    'two loops that share their bodies',
    asm(
      'r3 = 0\none:\nif r3 >= r7 goto out\ngoto body\ntwo:\nif r3 > r7 goto out\nbody:\nr4 = r6\nr4 += r3',
      bad(read(1, 0, 'r4', 'r5')),
      'r3 += 1\nif r8 == 0 goto one\ngoto two',
    ),
    { b: 1n, pkt: 4 },
    { b: 0n, pkt: 4 },
  ],
  [
    'the index behind a loop is n',
    asm('r3 = 0\nloop:\nif r3 >= r7 goto done\nr3 += 1\ngoto loop\ndone:\nr6 += r3', bad(read(1))),
    { pkt: 4 },
  ],
  [
    'two ways out of a loop',
    asm(
      'r3 = 0\nloop:\nif r3 == r8 goto done\nif r3 >= r7 goto done\nr3 += 1\ngoto loop\ndone:\nr6 += r3',
      bad(read(1)),
    ),
    { b: 9n, pkt: 4 },
    { b: 3n, pkt: 4 },
  ],
  [
    'the outer loop moves the end that the inner one trusts',
    asm(
      'r2 = 0\nouter:\nif r2 == 2 goto out\nr3 = 0\ninner:\nif r3 >= r7 goto next\nr4 = r6\nr4 += r3',
      bad(read(1, 0, 'r4', 'r5')),
      'r3 += 1\ngoto inner\nnext:\nr7 += 1\nr2 += 1\ngoto outer',
    ),
    { pkt: 4 },
  ],
  [
    'the outer loop moves the base that the inner one trusts',
    asm(
      'r2 = 0\nouter:\nif r2 == 2 goto out\nr3 = 0\ninner:\nif r3 >= r7 goto next\nr4 = r6\nr4 += r3',
      bad(read(1, 0, 'r4', 'r5')),
      'r3 += 1\ngoto inner\nnext:\nr6 += 1\nr2 += 1\ngoto outer',
    ),
    { pkt: 4 },
    { pkt: 0 },
  ],
  [
    'the end changes in one round of an inner loop only',
    asm(
      'r2 = 0\nouter:\nif r2 == 3 goto out\nr3 = 0\ninner:\nif r3 >= r7 goto next\nr4 = r6\nr4 += r3',
      bad(read(1, 0, 'r4', 'r5')),
      'r3 += 1\nif r3 != r8 goto inner\nr7 += 1\ngoto inner\nnext:\nr2 += 1\ngoto outer',
    ),
    { b: 1n, pkt: 2 },
    { b: 9n, pkt: 2 },
  ],
  [
    'start and end of a walk change places',
    asm(
      'r5 = r6\nr5 += r7\nr2 = 0\nouter:\nif r2 == 2 goto out\nif r6 == r5 goto next',
      bad(read(1, 0, 'r6', 'r4')),
      'next:\nr4 = r6\nr6 = r5\nr5 = r4\nr2 += 1\ngoto outer',
    ),
    { pkt: 3 },
    { pkt: 0 },
  ],
  [
    'a counter on the stack that a variable store hits',
    asm(
      'r8 &= 8\n*(u64 *)(r10 - 16) = 0\n*(u64 *)(r10 - 8) = 0\nloop:\nr3 = *(u64 *)(r10 - 8)\nif r3 >= r7 goto out\nr2 = r10\nr2 += -16\nr2 += r8\n*(u64 *)(r2 + 0) = 9\nr3 = *(u64 *)(r10 - 8)\nr4 = r6\nr4 += r3',
      bad(read(1, 0, 'r4', 'r5')),
      'r3 += 1\n*(u64 *)(r10 - 8) = r3\ngoto loop',
    ),
    { b: 8n, pkt: 9 },
    { b: 0n, pkt: 9 },
  ],
  [
    'a counter on the stack, counted by an atomic before its use',
    asm(
      '*(u64 *)(r10 - 8) = 0\nloop:\nr3 = *(u64 *)(r10 - 8)\nif r3 >= r7 goto out\nr2 = 1\nlock *(u64 *)(r10 - 8) += r2\nr3 = *(u64 *)(r10 - 8)\nr4 = r6\nr4 += r3',
      bad(read(1, 0, 'r4', 'r5')),
      'goto loop',
    ),
    { pkt: 4 },
    { pkt: 0 },
  ],
  [
    'an index kept in the context, written since',
    asm(
      '*(u64 *)(r1 + 48) = 0\nloop:\nr3 = *(u64 *)(r1 + 48)\nif r3 >= r7 goto out\nr2 = r3\nr2 += 1\n*(u64 *)(r1 + 48) = r2\nr3 = *(u64 *)(r1 + 48)\nr4 = r6\nr4 += r3',
      bad(read(1, 0, 'r4', 'r5')),
      'goto loop',
    ),
    { pkt: 4 },
    { pkt: 0 },
  ],
  [
    'a length kept in a register that one round replaces',
    asm(
      'r2 = r7\nr3 = 0\nloop:\nif r3 >= r2 goto out\nr4 = r6\nr4 += r3',
      bad(read(1, 0, 'r4', 'r5')),
      'r3 += 1\nif r5 != 9 goto loop\nr2 = r8\ngoto loop',
    ),
    { pkt: [1, 9, 1], b: 4n },
    { pkt: [1, 9, 1], b: 3n },
  ],
  [
    'a step that doubles each round',
    asm(
      'r2 = 1\nr3 = 0\nloop:\nif r3 == r7 goto out\nif r2 > 64 goto out\nr4 = r6\nr4 += r3',
      bad(read(1, 0, 'r4', 'r5')),
      'r3 += r2\nr2 <<= 1\ngoto loop',
    ),
    { pkt: 4 },
    { pkt: 3 },
  ],
  [
    'up and down in turn, drifting',
    asm(
      'r3 = 0\nr2 = 0\nloop:\nif r2 == 40 goto out\nif r3 s< 0 goto out\nif r2 & 1 goto down\nr3 += 2\ngoto use\ndown:\nr3 += -1\nuse:\nif r7 < 16 goto out\nr4 = r6\nr4 += r3',
      bad(read(1, 0, 'r4', 'r5')),
      'r2 += 1\ngoto loop',
    ),
    { pkt: 16 },
    { pkt: 15 },
  ],
]);

/** More indices of a kind of its own. */
const mixed: BadRow[] = [
  {
    name: 'constant: done if i <= 16',
    text: prog(BUF, 'if r3 <= 16 goto do\ngoto out\ndo:\nr6 += r3', bad(read(1))),
    trap: { a: 16n },
    fine: { a: 15n },
  },
  {
    name: 'constant: skipped if i >= 17',
    text: prog(BUF, 'if r3 >= 17 goto out\nr6 += r3', bad(read(1))),
    trap: { a: 16n },
    fine: { a: 15n },
  },
  {
    name: 'constant: done if i < 17',
    text: prog(BUF, 'if r3 < 17 goto do\ngoto out\ndo:\nr6 += r3', bad(read(1))),
    trap: { a: 16n },
    fine: { a: 15n },
  },
  {
    name: 'constant: done if i s<= 16, from 0 on',
    text: prog(BUF, 'if r3 s< 0 goto out\nif r3 s<= 16 goto do\ngoto out\ndo:\nr6 += r3', bad(read(1))),
    trap: { a: 16n },
    fine: { a: 15n },
  },
  {
    name: 'constant: skipped if w i >= 17',
    text: prog(BUF, 'w3 = w3\nif w3 >= 17 goto out\nr6 += r3', bad(read(1))),
    trap: { a: 16n },
    fine: { a: 15n },
  },
  {
    name: 'quotient: x | y of 8 and 7 at most, 8 bytes',
    text: prog(BUF, P.b, 'if r3 > 8 goto out\nif r4 > 7 goto out\nr3 |= r4\nr6 += r3', bad(read(8))),
    trap: { a: 8n, b: 7n },
    fine: { a: 8n, b: 0n },
  },
  {
    name: 'atomic: word at i < n',
    text: prog(P.out, P.outlen, P.a, 'if r3 >= r7 goto out\nr6 += r3\nr4 = 1', bad('lock *(u32 *)(r6 + 0) += w4')),
    trap: { a: 5n, out: 8 },
    fine: { a: 4n, out: 8 },
  },
  {
    name: 'atomic: exchange of 8 at i + 4 <= n',
    text: prog(
      P.out,
      P.outlen,
      P.a,
      'if r3 > 64 goto out\nr4 = r3\nr4 += 4\nif r4 > r7 goto out\nr6 += r3\nr4 = 1',
      bad('r4 = xchg_64(r6 + 0, r4)'),
    ),
    trap: { a: 1n, out: 8 },
    fine: { a: 0n, out: 8 },
  },
  {
    name: 'atomic: cmpxchg at the end',
    text: prog(P.out, P.outlen, 'r6 += r7\nr4 = 1', bad('w0 = cmpxchg32_32(r6 + 0, w0, w4)')),
    trap: { out: 8 },
  },
  {
    name: 'pointer in a register pair swapped',
    text: prog(
      P.pkt,
      P.len,
      P.a,
      'r8 = *(u64 *)(r1 + 0)\nif r3 > 15 goto out\nr4 = r6\nr6 = r8\nr8 = r4\nr8 += r3',
      bad(read(1, 0, 'r8')),
    ),
    trap: { a: 8n, pkt: 8 },
    fine: { a: 7n, pkt: 8 },
  },
  {
    name: 'instruction offset added to a checked index',
    text: prog(P.pkt, P.len, P.a, 'if r3 >= r7 goto out\nr6 += r3', bad(read(1, 1))),
    trap: { a: 7n, pkt: 8 },
    fine: { a: 6n, pkt: 8 },
  },
  {
    name: 'instruction offset -1 at a checked index',
    text: prog(P.pkt, P.len, P.a, 'if r3 >= r7 goto out\nr6 += r3', bad(read(1, -1))),
    trap: { a: 0n, pkt: 8 },
    fine: { a: 1n, pkt: 8 },
  },
  {
    name: 'instruction offset 32767',
    text: prog(P.pkt, P.len, P.a, 'r6 += r3', bad(read(1, 32767))),
    trap: { a: 0n, pkt: 8 },
    fine: { a: -32767n, pkt: 8 },
  },
  {
    name: 'instruction offset -32768',
    text: prog(P.pkt, P.len, P.a, 'r6 += r3', bad(read(1, -32768))),
    trap: { a: 0n, pkt: 8 },
    fine: { a: 32768n, pkt: 8 },
  },
  { name: 'index taken from r2 of the hook', text: prog(P.buf, 'r6 += r2', bad(write(1))), trap: {} },
].map((r) => ({ ...r, code: 'FCC0107' }) as const);

export const ATTACKS: readonly BadRow[] = [...exactness, ...quotients, ...joins, ...loops, ...flow, ...mixed];
