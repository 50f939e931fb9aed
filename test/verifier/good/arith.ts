// SPDX-License-Identifier: MIT
import { asm, type GoodRow, P, prog, read, write } from '../rows.js';
import { byte, family, word } from './compare.js';

const BUF = asm(P.buf, P.a);
const PKT = asm(P.pkt, P.len, P.a);
const AT = asm('r6 += r3', read(1));

/** Indices that arithmetic alone bounds, into 16 bytes. */
const bounded = family('bounded', BUF, AT, [
  ['& 15', 'r3 &= 15', [{ a: 31n }, byte(15)]],
  ['w & 15', 'w3 &= 15', [{ a: -1n }, byte(15)]],
  ['% 16', 'r3 %= 16', [{ a: -1n }, byte(15)]],
  ['w % 13', 'w3 %= 13', [{ a: 14n }, byte(1)]],
  [
    '% b where b is 1 to 16',
    `${P.b}\nif r4 == 0 goto out\nif r4 > 16 goto out\nr3 %= r4`,
    [{ a: 9n, b: 8n }, byte(1)],
    [{ a: 9n, b: 0n }, 0n],
  ],
  ['>> 60', 'r3 >>= 60', [{ a: -1n }, byte(15)]],
  ['w >> 28', 'w3 >>= 28', [{ a: 0x70000000n }, byte(7)]],
  ['& 7, + 8', 'r3 &= 7\nr3 += 8', [{ a: 7n }, byte(15)]],
  ['& 7, * 2, + 1', 'r3 &= 7\nr3 <<= 1\nr3 |= 1', [{ a: 7n }, byte(15)]],
  ['sum of & 7 and & 7', `${P.b}\nr3 &= 7\nr4 &= 7\nr3 += r4`, [{ a: 7n, b: 7n }, byte(14)]],
  ['15 - (& 15)', 'r3 &= 15\nr4 = 15\nr4 -= r3\nr3 = r4', [{ a: 3n }, byte(12)]],
  ['neg and mask', 'r3 = -r3\nr3 &= 15', [{ a: 1n }, byte(15)]],
  [
    'two nibbles of a byte',
    'r3 &= 255\nr4 = r3\nr4 >>= 4\nr3 &= 15\nr6 += r4\nr0 = *(u8 *)(r6 + 0)\nr6 -= r4',
    [{ a: 0x21n }, byte(1)],
  ],
  ['x - (x & -16)', 'r4 = r3\nr4 &= -16\nr3 -= r4\nr3 &= 15', [{ a: 0x35n }, byte(5)]],
  ['s% with a sign test', 'r3 s%= 16\nif r3 s< 0 goto out', [{ a: 17n }, byte(1)], [{ a: -1n }, 0n]],
  [
    '(s8) in bounds on both sides',
    'r3 = (s8)r3\nif r3 s< 0 goto out\nif r3 s> 15 goto out',
    [{ a: 0x10fn }, byte(15)],
    [{ a: 0xffn }, 0n],
  ],
  ['a promised range', P.kind, [{ kind: 15 }, byte(15)]],
  ['a promised range, sign-extended', `${P.kind}\nr3 = (s32)r3`, [{ kind: 9 }, byte(9)]],
  ['be16 of two bytes, top nibble', 'r3 &= 0xffff\nr3 = be16 r3\nr3 >>= 12', [{ a: 0x50n }, byte(5)]],
  ['popcount of a byte', 'r3 &= 255\nr4 = r3\nr4 >>= 1\nr4 &= 0x55\nr3 -= r4\nr3 &= 15', [{ a: 0xffn }]],
  ['hash: multiplied, top bits', 'w3 *= 0x61c88647\nw3 >>= 28', [{ a: 1n }, byte(6)]],
  ['clamp to 15', 'if r3 <= 15 goto ok\nr3 = 15\nok:', [{ a: 99n }, byte(15)], [{ a: 4n }, byte(4)]],
  [
    'signed clamp to 0 and 15',
    'if r3 s>= 0 goto low\nr3 = 0\nlow:\nif r3 s<= 15 goto ok\nr3 = 15\nok:',
    [{ a: -5n }, byte(0)],
    [{ a: 20n }, byte(15)],
  ],
  [
    'saturating decrement',
    'if r3 > 16 goto out\nif r3 == 0 goto ok\nr3 += -1\nok:',
    [{ a: 16n }, byte(15)],
    [{ a: 0n }, byte(0)],
  ],
  ['saturating increment', 'r3 &= 15\nif r3 == 15 goto ok\nr3 += 1\nok:', [{ a: 15n }, byte(15)], [{ a: 4n }, byte(5)]],
  [
    'wrapping increment',
    'r3 &= 15\nr3 += 1\nif r3 != 16 goto ok\nr3 = 0\nok:',
    [{ a: 15n }, byte(0)],
    [{ a: 4n }, byte(5)],
  ],
  [
    'one of four places',
    'r3 &= 3\nif r3 == 0 goto zero\nif r3 == 1 goto one\nr3 = 15\ngoto use\nzero:\nr3 = 3\ngoto use\none:\nr3 = 8\nuse:',
    [{ a: 1n }, byte(8)],
    [{ a: 2n }, byte(15)],
  ],
  ['a difference of two pointers', 'r4 = r6\nr4 += 12\nr5 = r4\nr5 -= r6\nr3 = r5', [{}, byte(12)]],
  [
    '64-bit number that fits 32 bits',
    'r4 = r3\nr4 >>= 32\nif r4 != 0 goto out\nif w3 > 15 goto out',
    [{ a: 15n }, byte(15)],
    [{ a: 1n << 32n }, 0n],
  ],
  ['low half, zero-extended by a move', 'if w3 > 15 goto out\nw3 = w3', [{ a: (1n << 40n) + 3n }, byte(3)]],
  [
    'low half, zero-extended by shifts',
    'if w3 > 15 goto out\nr3 <<= 32\nr3 >>= 32',
    [{ a: (1n << 40n) + 3n }, byte(3)],
  ],
  [
    'low half, shifts before the check',
    'r3 <<= 32\nr3 >>= 32\nif r3 > 15 goto out',
    [{ a: (1n << 40n) + 3n }, byte(3)],
  ],
  [
    'low half, sign-extended by shifts',
    'r3 <<= 32\nr3 s>>= 32\nif r3 s< 0 goto out\nif r3 s> 15 goto out',
    [{ a: 9n }, byte(9)],
    [{ a: 0xffffffffn }, 0n],
  ],
  [
    'sign-extended, checked as unsigned',
    'r3 <<= 32\nr3 s>>= 32\nif r3 > 15 goto out',
    [{ a: 9n }, byte(9)],
    [{ a: 0xffffffffn }, 0n],
  ],
  [
    '32-bit check of a sign-extended number',
    'r4 = (s32)r3\nif w4 > 15 goto out\nr3 = r4',
    [{ a: 9n }, byte(9)],
    [{ a: 0xffffffffn }, 0n],
  ],
  ['w of a copy used', 'w4 = w3\nif w4 > 15 goto out\nr3 = r4', [{ a: (1n << 40n) + 3n }, byte(3)]],
]);

/** Elements of 2, 4 and 8 bytes, by shift and by multiplication. */
const elements: GoodRow[] = ([2, 4, 8] as const).flatMap((size): GoodRow[] => {
  const n = 16 / size;
  const log = Math.log2(size);
  const runs = [
    { input: { a: BigInt(n - 1) }, r0: word(16 - size, size) },
    { input: { a: BigInt(n) } },
    { input: { a: -1n } },
  ];
  const row = (name: string, text: string): GoodRow => ({
    name: `elements of ${size}: ${name}`,
    text: prog(BUF, text, 'r6 += r3', read(size)),
    runs,
  });
  return [
    row('masked and shifted', `r3 &= ${n - 1}\nr3 <<= ${log}`),
    row('masked and multiplied', `r3 &= ${n - 1}\nr3 *= ${size}`),
    row('checked and shifted', `if r3 >= ${n} goto out\nr3 <<= ${log}`),
    row('checked in 32 bits and shifted', `w3 = w3\nif w3 >= ${n} goto out\nw3 <<= ${log}`),
    row('shifted, then masked', `r3 <<= ${log}\nr3 &= ${16 - size}`),
  ];
});
const ARR = asm(P.arr, P.halves, P.a);
const counts = family('count', ARR, '', [
  [
    'halves, i < n',
    asm('if r3 >= r7 goto out\nr3 <<= 1\nr6 += r3', read(2)),
    [{ arr: 9, a: 3n }, word(6, 2)],
    [{ arr: 9, a: 4n }, 0n],
  ],
  [
    'halves, i < n, multiplied',
    asm('if r3 >= r7 goto out\nr3 *= 2\nr6 += r3', read(2)),
    [{ arr: 9, a: 3n }, word(6, 2)],
    [{ arr: 9, a: 4n }, 0n],
  ],
  [
    'halves, w i < n',
    asm('w3 = w3\nif w3 >= w7 goto out\nr3 <<= 1\nr6 += r3', read(2)),
    [{ arr: 8, a: 3n }, word(6, 2)],
    [{ arr: 8, a: 4n }, 0n],
  ],
  ['halves written', asm('if r3 >= r7 goto out\nr3 <<= 1\nr6 += r3', write(2), read(2)), [{ arr: 8, a: 3n }, 7n]],
  ['both bytes of a half', asm('if r3 >= r7 goto out\nr3 <<= 1\nr6 += r3', read(1, 1)), [{ arr: 8, a: 3n }, byte(7)]],
  [
    'words, i < n',
    asm(P.words, 'if r3 >= r7 goto out\nr3 <<= 2\nr6 += r3', read(4)),
    [{ arr: 11, a: 1n }, word(4, 4)],
    [{ arr: 11, a: 2n }, 0n],
  ],
  [
    'words in 32-bit arithmetic',
    asm(P.words, 'w3 = w3\nif w3 >= w7 goto out\nw3 <<= 2\nr6 += r3', read(4)),
    [{ arr: 11, a: 1n }, word(4, 4)],
  ],
  [
    'halves of a count of words',
    asm(P.words, 'r7 <<= 1\nif r3 >= r7 goto out\nr3 <<= 1\nr6 += r3', read(2)),
    [{ arr: 8, a: 3n }, word(6, 2)],
  ],
  [
    'the last half',
    asm('if r7 == 0 goto out\nr7 += -1\nr7 <<= 1\nr6 += r7', read(2)),
    [{ arr: 8 }, word(6, 2)],
    [{ arr: 1 }, 0n],
  ],
  [
    'neighbours i and i + 1',
    asm('r4 = r3\nr4 += 1\nif r3 >= r7 goto out\nif r4 >= r7 goto out\nr3 <<= 1\nr6 += r3', read(2, 2)),
    [{ arr: 8, a: 2n }, word(6, 2)],
    [{ arr: 8, a: 3n }, 0n],
  ],
]);

/** Indices against a length after arithmetic. */
const relative = family('relative', PKT, AT, [
  [
    'minimum of i and n - 1',
    'if r7 == 0 goto out\nif r3 < r7 goto ok\nr3 = r7\nr3 += -1\nok:',
    [{ a: 99n, pkt: 8 }, byte(7)],
    [{ a: 3n, pkt: 8 }, byte(3)],
    [{ a: 3n }, 0n],
  ],
  [
    '0 where i is not below n',
    'if r7 == 0 goto out\nif r3 < r7 goto ok\nr3 = 0\nok:',
    [{ a: 99n, pkt: 8 }, byte(0)],
    [{ a: 3n, pkt: 8 }, byte(3)],
  ],
  ['% n, n not 0', 'if r7 == 0 goto out\nr3 %= r7', [{ a: 13n, pkt: 8 }, byte(5)], [{ a: 13n }, 0n]],
  ['w % n, n not 0', 'if r7 == 0 goto out\nw3 %= w7', [{ a: 13n, pkt: 8 }, byte(5)], [{ a: 13n }, 0n]],
  ['& (n - 1)', 'if r7 == 0 goto out\nr7 += -1\nr3 &= r7', [{ a: 13n, pkt: 8 }, byte(5)], [{ a: 13n }, 0n]],
  ['half of i < n', 'if r3 >= r7 goto out\nr3 >>= 1', [{ a: 7n, pkt: 8 }, byte(3)]],
  ['i / 3 of i < n', 'if r3 >= r7 goto out\nr3 /= 3', [{ a: 7n, pkt: 8 }, byte(2)]],
  ['i / b of i < n', `${P.b}\nif r3 >= r7 goto out\nr3 /= r4`, [{ a: 7n, b: 2n, pkt: 8 }, byte(3)]],
  ['i % b of i < n', `${P.b}\nif r3 >= r7 goto out\nr3 %= r4`, [{ a: 7n, b: 0n, pkt: 8 }, byte(7)]],
  ['i & b of i < n', `${P.b}\nif r3 >= r7 goto out\nr3 &= r4`, [{ a: 7n, b: 6n, pkt: 8 }, byte(6)]],
  ['i >> b of i < n', `${P.b}\nif r3 >= r7 goto out\nr3 >>= r4`, [{ a: 7n, b: 1n, pkt: 8 }, byte(3)]],
  [
    'n - 1 - i',
    'if r3 >= r7 goto out\nr4 = r7\nr4 -= r3\nr4 += -1\nr3 = r4',
    [{ a: 2n, pkt: 8 }, byte(5)],
    [{ a: 8n, pkt: 8 }, 0n],
  ],
  [
    'i - 1 of 0 < i <= n',
    'if r3 == 0 goto out\nif r3 > r7 goto out\nr3 += -1',
    [{ a: 8n, pkt: 8 }, byte(7)],
    [{ a: 0n, pkt: 8 }, 0n],
  ],
  [
    'i + j < n',
    `${P.b}\nif r3 > 64 goto out\nif r4 > 64 goto out\nr3 += r4\nif r3 >= r7 goto out`,
    [{ a: 3n, b: 4n, pkt: 8 }, byte(7)],
    [{ a: 4n, b: 4n, pkt: 8 }, 0n],
  ],
  [
    'i <= n, j < n - i',
    `${P.b}\nif r3 > r7 goto out\nr5 = r7\nr5 -= r3\nif r4 >= r5 goto out\nr3 += r4`,
    [{ a: 3n, b: 4n, pkt: 8 }, byte(7)],
    [{ a: 4n, b: 4n, pkt: 8 }, 0n],
  ],
  [
    'i < j < n',
    `${P.b}\nif r3 >= r4 goto out\nif r4 >= r7 goto out`,
    [{ a: 3n, b: 7n, pkt: 8 }, byte(3)],
    [{ a: 3n, b: 8n, pkt: 8 }, 0n],
  ],
  ['i <= j < n', `${P.b}\nif r3 > r4 goto out\nif r4 >= r7 goto out`, [{ a: 7n, b: 7n, pkt: 8 }, byte(7)]],
  [
    'i < j and j < n the other way round',
    `${P.b}\nif r4 >= r7 goto out\nif r3 >= r4 goto out`,
    [{ a: 3n, b: 7n, pkt: 8 }, byte(3)],
  ],
  [
    'average of i < j < n',
    `${P.b}\nif r3 >= r4 goto out\nif r4 >= r7 goto out\nr3 += r4\nr3 >>= 1`,
    [{ a: 2n, b: 7n, pkt: 8 }, byte(4)],
  ],
  [
    'i + (j - i) / 2',
    `${P.b}\nif r3 >= r4 goto out\nif r4 > r7 goto out\nr4 -= r3\nr4 >>= 1\nr3 += r4`,
    [{ a: 2n, b: 8n, pkt: 8 }, byte(5)],
  ],
  [
    'equal to an index below n',
    `${P.b}\nif r4 >= r7 goto out\nif r3 != r4 goto out`,
    [{ a: 5n, b: 5n, pkt: 8 }, byte(5)],
    [{ a: 5n, b: 4n, pkt: 8 }, 0n],
  ],
  [
    'minimum of three',
    `${P.b}\nr5 = *(u64 *)(r1 + 64)\nif r4 >= r3 goto one\nr3 = r4\none:\nif r5 >= r3 goto two\nr3 = r5\ntwo:\nif r3 >= r7 goto out`,
    [{ a: 9n, b: 5n, c: 7n, pkt: 8 }, byte(5)],
  ],
  [
    'minimum of two where one is below n',
    `${P.b}\nif r4 >= r7 goto out\nif r3 <= r4 goto ok\nr3 = r4\nok:`,
    [{ a: 9n, b: 5n, pkt: 8 }, byte(5)],
    [{ a: 2n, b: 5n, pkt: 8 }, byte(2)],
  ],
  [
    'minimum of both lengths',
    asm('r8 = *(u32 *)(r1 + 40)\nif r7 <= r8 goto ok\nr7 = r8\nok:\nif r3 >= r7 goto out'),
    [{ a: 4n, pkt: 8, out: 5 }, byte(4)],
    [{ a: 5n, pkt: 8, out: 5 }, 0n],
  ],
  [
    'lengths equal, index below the other',
    asm('r8 = *(u32 *)(r1 + 40)\nif r7 != r8 goto out\nif r3 >= r8 goto out'),
    [{ a: 4n, pkt: 5, out: 5 }, byte(4)],
    [{ a: 4n, pkt: 5, out: 6 }, 0n],
  ],
  [
    'i below a length that is below n',
    asm('r8 = *(u32 *)(r1 + 40)\nif r8 > r7 goto out\nif r3 >= r8 goto out'),
    [{ a: 4n, pkt: 8, out: 5 }, byte(4)],
  ],
  [
    'two ways to an index below n',
    `${P.b}\nif r4 == 0 goto other\nif r3 >= r7 goto out\ngoto use\nother:\nr3 >>= 1\nif r3 >= r7 goto out\nuse:`,
    [{ a: 9n, b: 0n, pkt: 8 }, byte(4)],
    [{ a: 7n, b: 1n, pkt: 8 }, byte(7)],
  ],
  [
    'a flag that remembers nothing wrong',
    `${P.b}\nr5 = 0\nif r4 == 0 goto on\nr5 = 1\non:\nif r3 >= r7 goto out\nr3 += r5\nif r3 >= r7 goto out`,
    [{ a: 6n, b: 1n, pkt: 8 }, byte(7)],
    [{ a: 7n, b: 1n, pkt: 8 }, 0n],
  ],
  [
    'signed 32-bit int index, both bounds',
    'r3 <<= 32\nr3 s>>= 32\nif r3 s< 0 goto out\nif r3 s>= r7 goto out',
    [{ a: 7n, pkt: 8 }, byte(7)],
    [{ a: 0xffffffffn, pkt: 8 }, 0n],
  ],
  [
    'w s bounds, zero-extended',
    'if w3 s< 0 goto out\nif w3 s>= w7 goto out\nw3 = w3',
    [{ a: 7n, pkt: 8 }, byte(7)],
    [{ a: 0xffffffffn, pkt: 8 }, 0n],
  ],
  [
    'w s> -1 and w s< n, sign-extended',
    'if w3 s<= -1 goto out\nif w3 s>= w7 goto out\nr3 = (s32)r3',
    [{ a: 7n, pkt: 8 }, byte(7)],
    [{ a: 0xffffffffn, pkt: 8 }, 0n],
  ],
  [
    'w i < n, zero-extended by shifts',
    'if w3 >= w7 goto out\nr3 <<= 32\nr3 >>= 32',
    [{ a: (1n << 40n) + 7n, pkt: 8 }, byte(7)],
  ],
  ['w i < n, zero-extended by a move', 'if w3 >= w7 goto out\nw3 = w3', [{ a: (1n << 40n) + 7n, pkt: 8 }, byte(7)]],
  [
    'n compared in 32 bits, i in 64',
    'w3 = w3\nif r3 >= r7 goto out\nr4 = r3\nw4 += 1\nif w4 > w7 goto out',
    [{ a: 7n, pkt: 8 }, byte(7)],
  ],
  [
    'i a byte, n above it',
    'r3 &= 255\nif r7 <= r3 goto out',
    [{ a: 0x107n, pkt: 8 }, byte(7)],
    [{ a: 8n, pkt: 8 }, 0n],
  ],
  ['i | 1 < n of an even i', 'r3 &= -2\nr4 = r3\nr4 |= 1\nif r4 >= r7 goto out', [{ a: 7n, pkt: 8 }, byte(6)]],
  [
    '2 i + 1 < n, a heap',
    'if r3 > 100 goto out\nr3 <<= 1\nr3 += 1\nif r3 >= r7 goto out',
    [{ a: 3n, pkt: 8 }, byte(7)],
    [{ a: 4n, pkt: 8 }, 0n],
  ],
  ['parent of i < n', 'if r3 == 0 goto out\nif r3 >= r7 goto out\nr3 += -1\nr3 >>= 1', [{ a: 7n, pkt: 8 }, byte(3)]],
  [
    'row and column',
    `${P.b}\nif r3 > 3 goto out\nif r4 > 3 goto out\nr3 <<= 2\nr3 += r4\nif r7 < 16 goto out`,
    [{ a: 3n, b: 3n, pkt: 16 }, byte(15)],
    [{ a: 3n, b: 4n, pkt: 16 }, 0n],
  ],
  [
    'header words and a fixed part',
    asm(
      'if r7 < 20 goto out',
      read(1, 0, 'r6', 'r3'),
      'r3 &= 15\nr3 <<= 2\nif r3 < 20 goto out\nr4 = r3\nr4 += 4\nif r4 > r7 goto out\nr3 += 3',
    ),
    [{ pkt: [5, ...Array.from({ length: 23 }, () => 9)] }, 9n],
    [{ pkt: [5, ...Array.from({ length: 22 }, () => 9)] }, 0n],
  ],
]);

export const ARITH: readonly GoodRow[] = [...bounded, ...elements, ...counts, ...relative];
