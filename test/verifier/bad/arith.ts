// SPDX-License-Identifier: MIT
import { asm, type BadRow, bad, P, prog, read, write } from '../rows.js';

/** One row of a family that all end with a byte read at pkt, out or buf + r3. */
type Short = readonly [name: string, text: string, trap: BadRow['trap'], fine?: BadRow['fine']];
const rows = (family: string, head: string, tail: string, list: readonly Short[]): BadRow[] =>
  list.map(([name, text, trap, fine]) => ({
    name: `${family}: ${name}`,
    text: prog(head, text, tail),
    code: 'FCC0107',
    trap,
    ...(fine ? { fine } : {}),
  }));

const BUF = asm(P.buf, P.a);
const AT = asm('r6 += r3', bad(read(1)));
const PUT = asm('r6 += r3', bad(write(1)));

/** `buf` has 16 bytes. */
const masks = [
  ...rows('mask', BUF, AT, [
    ['& 31', 'r3 &= 31', { a: 16n }, { a: 15n }],
    ['& 16', 'r3 &= 16', { a: 16n }, { a: 15n }],
    ['& -1 in 8 bits', 'r3 &= 255', { a: 255n }, { a: 15n }],
    ['& ~15 in place of & 15', 'r3 &= -16', { a: 16n }, { a: 15n }],
    ['& 15, then + 1', 'r3 &= 15\nr3 += 1', { a: 15n }, { a: 14n }],
    ['& 15, then - 1', 'r3 &= 15\nr3 += -1', { a: 0n }, { a: 1n }],
    ['& 15 of a copy', 'r4 = r3\nr4 &= 15', { a: 16n }, { a: 15n }],
    ['& 15 before an addition of b', `${P.b}\nr3 &= 15\nr4 &= 1\nr3 += r4`, { a: 15n, b: 1n }, { a: 15n }],
    ['| 16 after & 15', `${P.b}\nr4 &= 16\nr3 &= 15\nr3 |= r4`, { b: 16n }, { b: 15n }],
    ['^ 16 after & 15', `${P.b}\nr4 &= 16\nr3 &= 15\nr3 ^= r4`, { b: 16n }, { b: 15n }],
    ['~ after & 15', 'r3 &= 15\nr3 ^= -1', { a: 0n }],
    ['shift after & 15', 'r3 &= 15\nr3 <<= 1', { a: 8n }, { a: 7n }],
    ['* 3 after & 7', 'r3 &= 7\nr3 *= 3', { a: 6n }, { a: 5n }],
    ['sum of & 7 and & 15', `${P.b}\nr3 &= 7\nr4 &= 15\nr3 += r4`, { a: 1n, b: 15n }, { a: 0n, b: 15n }],
    ['difference of & 15 and & 15', `${P.b}\nr3 &= 15\nr4 &= 15\nr3 -= r4`, { a: 0n, b: 1n }, { a: 1n, b: 1n }],
    ['>> 59', 'r3 >>= 59', { a: 1n << 63n }, { a: 15n << 59n }],
    ['s>> 60', 'r3 s>>= 60', { a: -1n }, { a: 7n << 60n }],
    ['>> 27 in 32 bits', 'w3 >>= 27', { a: 0x80000000n }, { a: 15n << 27n }],
    ['w &= 31', 'w3 &= 31', { a: 31n }, { a: 32n }],
    ['(s8) after & 255', 'r3 &= 255\nr3 = (s8)r3\nif r3 s>= 16 goto out', { a: 0x80n }, { a: 15n }],
    ['(s16), upper bound only', 'r3 = (s16)r3\nif r3 s>= 16 goto out', { a: 0xffffn }, { a: 15n }],
    ['(s32), upper bound only', 'r3 = (s32)r3\nif r3 s>= 16 goto out', { a: 0xffffffffn }, { a: 15n }],
    ['be16 of a byte', 'r3 &= 15\nr3 = be16 r3', { a: 1n }, { a: 0n }],
    ['bswap64 of a masked number', 'r3 &= 15\nr3 = bswap64 r3', { a: 1n }, { a: 0n }],
    ['& with a variable mask', `${P.b}\nr3 &= r4`, { a: 16n, b: 16n }, { a: 16n, b: 15n }],
    ['& with a mask checked in 32 bits', `${P.b}\nif w4 > 15 goto out\nr3 &= r4`, { a: -1n, b: 1n << 32n }, { a: -1n }],
    ['neg of & 15', 'r3 &= 15\nr3 = -r3', { a: 1n }, { a: 0n }],
    ['neg in 32 bits', 'w3 &= 15\nw3 = -w3', { a: 1n }, { a: 0n }],
  ]),
  ...([2, 4, 8] as const).map(
    (size): BadRow => ({
      name: `mask: & 15, ${size} bytes`,
      text: prog(BUF, 'r3 &= 15\nr6 += r3', bad(write(size))),
      code: 'FCC0107',
      trap: { a: BigInt(17 - size) },
      fine: { a: BigInt(16 - size) },
    }),
  ),
  ...([2, 4, 8] as const).map(
    (size): BadRow => ({
      name: `mask: ${size}-byte elements, index & ${16 / size}`,
      text: prog(BUF, `r3 &= ${16 / size}\nr3 *= ${size}\nr6 += r3`, bad(read(size))),
      code: 'FCC0107',
      trap: { a: BigInt(16 / size) },
      fine: { a: 0n },
    }),
  ),
];

const modulo = [
  ...rows('modulo', BUF, PUT, [
    ['% 17', 'r3 %= 17', { a: 16n }, { a: 15n }],
    ['% 17 in 32 bits', 'w3 %= 17', { a: 16n }, { a: 15n }],
    ['s% 16', 'r3 s%= 16', { a: -1n }, { a: 1n }],
    ['s% -16', 'r3 s%= -16', { a: -15n }, { a: 15n }],
    ['% -16, a huge number as unsigned', 'r3 %= -16', { a: 16n }, { a: 15n }],
    ['w s% 16, zero-extended', 'w3 s%= 16', { a: 0xffffffffn }, { a: 15n }],
    ['% b, b not above 16', `${P.b}\nif r4 > 16 goto out\nr3 %= r4`, { a: 16n, b: 0n }, { a: 16n, b: 16n }],
    [
      '% b, b low half not above 16',
      `${P.b}\nif w4 > 16 goto out\nif w4 == 0 goto out\nr3 %= r4`,
      { a: 16n, b: 0x100000001n },
      { a: 16n, b: 16n },
    ],
    ['/ 0 is 0, % 0 is the number', 'r4 = 0\nr3 %= r4', { a: 16n }, { a: 15n }],
    ['/ 2 of a number up to 32', 'if r3 > 33 goto out\nr3 /= 2', { a: 32n }, { a: 31n }],
    ['s/ 2 of a number below 32', 'if r3 s>= 32 goto out\nr3 s/= 2', { a: -2n }, { a: 31n }],
    ['s/ by -1', 'r3 &= 15\nr3 s/= -1', { a: 1n }, { a: 0n }],
    ['w s/ by -1, zero-extended', 'w3 &= 15\nw3 s/= -1', { a: 1n }, { a: 0n }],
  ]),
  ...rows('modulo', asm(P.pkt, P.len), asm(P.a, 'r3 %= r7', AT), [
    ['% length, which may be 0', '', { a: 0n, pkt: 0 }, { a: 8n, pkt: 8 }],
    ['% (length + 1)', 'r7 += 1', { a: 8n, pkt: 8 }, { a: 9n, pkt: 8 }],
    ['% length | 1', 'r7 |= 1', { a: 8n, pkt: 8 }, { a: 7n, pkt: 8 }],
    ['% (length - 1) of one', 'if r7 == 0 goto out\nr7 += -1', { a: 1n, pkt: 1 }, { a: 8n, pkt: 8 }],
    [
      '% length tested against another region',
      asm('r8 = *(u32 *)(r1 + 40)', 'if r8 == 0 goto out'),
      { a: 1n, pkt: 0, out: 4 },
      { a: 9n, pkt: 4, out: 4 },
    ],
  ]),
  ...rows('modulo', asm(P.pkt, P.len, P.a32), AT, [
    ['w % length, which may be 0', 'w3 %= w7', { a: 3n, pkt: 0 }, { a: 8n, pkt: 8 }],
    [
      'mask length - 1, length not a power of two',
      'if r7 == 0 goto out\nr7 += -1\nr3 &= r7\nr3 += 1',
      { a: 7n, pkt: 8 },
      { a: 1n, pkt: 8 },
    ],
    ['mask length - 1, length 0', 'r7 += -1\nr3 &= r7', { a: 5n, pkt: 0 }, { a: 5n, pkt: 8 }],
    ['mask length', 'r3 &= r7', { a: 8n, pkt: 8 }, { a: 7n, pkt: 8 }],
    ['mask length | 7', 'r7 |= 7\nr3 &= r7', { a: 5n, pkt: 4 }, { a: 3n, pkt: 4 }],
    ['length / 0 + index', 'r8 = 0\nr4 = r7\nr4 /= r8\nr3 &= 1\nr3 += r4', { a: 1n, pkt: 1 }, { a: 0n, pkt: 1 }],
  ]),
];

const PKT = asm(P.pkt, P.len, P.a);
const clamps = rows('clamp', PKT, AT, [
  ['if (i > n) i = n', 'if r3 <= r7 goto ok\nr3 = r7\nok:', { a: 9n, pkt: 8 }, { a: 7n, pkt: 8 }],
  [
    'if (i >= n) i = n - 1, n may be 0',
    'if r3 < r7 goto ok\nr3 = r7\nr3 += -1\nok:',
    { a: 9n, pkt: 0 },
    { a: 9n, pkt: 8 },
  ],
  ['maximum in place of minimum', 'if r3 >= r7 goto ok\nr3 = r7\nr3 += -1\nok:', { a: 9n, pkt: 8 }, { a: 1n, pkt: 8 }],
  ['clamp of a copy', 'r4 = r3\nif r4 < r7 goto ok\nr4 = 0\nok:', { a: 8n, pkt: 8 }, { a: 7n, pkt: 8 }],
  ['clamp to 0, n may be 0', 'if r3 < r7 goto ok\nr3 = 0\nok:', { a: 8n, pkt: 0 }, { a: 8n, pkt: 8 }],
  ['signed clamp', 'if r3 s< r7 goto ok\nr3 = 0\nok:\nif r7 == 0 goto out', { a: -1n, pkt: 8 }, { a: 8n, pkt: 8 }],
  [
    'clamp in 32 bits of a 64-bit number',
    'if w3 < w7 goto ok\nr3 = 0\nok:\nif r7 == 0 goto out',
    { a: 0x100000000n, pkt: 8 },
    { a: 8n, pkt: 8 },
  ],
  [
    'clamp of n instead of i',
    'if r7 < r3 goto ok\nr7 = r3\nok:\nif r3 > r7 goto out',
    { a: 8n, pkt: 8 },
    { a: 7n, pkt: 8 },
  ],
  [
    'saturating decrement that does not saturate',
    'if r3 > r7 goto out\nif r3 s> 0 goto ok\nr3 = 0\nok:\nr3 += -1',
    { a: 0n, pkt: 8 },
    { a: 1n, pkt: 8 },
  ],
  [
    'minimum of i and n, then the next',
    'if r7 == 0 goto out\nif r3 < r7 goto ok\nr3 = r7\nr3 += -1\nok:\nr3 += 1',
    { a: 20n, pkt: 8 },
    { a: 1n, pkt: 8 },
  ],
  [
    'minimum of two, the wrong one bounded',
    `${P.b}\nif r4 >= r7 goto out\nif r3 > r4 goto ok\nr3 = r4\nok:`,
    { a: 8n, b: 1n, pkt: 8 },
    { a: 0n, b: 1n, pkt: 8 },
  ],
  [
    'absolute value, then sign lost',
    'if r3 s>= 0 goto ok\nr3 = -r3\nok:\nif r3 s>= r7 goto out',
    { a: -(1n << 63n), pkt: 8 },
    { a: -3n, pkt: 8 },
  ],
  [
    'minimum of two lengths where one is the other region',
    `r8 = *(u32 *)(r1 + 40)\nif r8 <= r7 goto ok\nr7 = r8\nok:\nif r3 > r7 goto out`,
    { a: 4n, pkt: 4, out: 4 },
    { a: 4n, pkt: 8, out: 4 },
  ],
]);

const truncations = [
  ...rows('32 bits', PKT, AT, [
    ['low half in range, high half not', 'if w3 >= w7 goto out', { a: 0x100000000n, pkt: 8 }, { a: 1n, pkt: 8 }],
    ['low half in range, top bit set', 'if w3 >= w7 goto out', { a: (1n << 63n) + 1n, pkt: 8 }, { a: 1n, pkt: 8 }],
    ['low half of a copy checked', 'w4 = w3\nif r4 >= r7 goto out', { a: 0x500000001n, pkt: 8 }, { a: 7n, pkt: 8 }],
    ['low half equal', 'if w3 != 1 goto out\nif r7 < 2 goto out', { a: 0x100000001n, pkt: 8 }, { a: 1n, pkt: 8 }],
    [
      'sign-extended copy checked',
      'r4 = (s32)r3\nif r4 s< 0 goto out\nif r4 s>= r7 goto out',
      { a: 0x100000001n, pkt: 8 },
      { a: 1n, pkt: 8 },
    ],
    [
      'high half checked, low half not',
      'r4 = r3\nr4 >>= 32\nif r4 != 0 goto out',
      { a: 8n, pkt: 8 },
      { a: 1n, pkt: 8 },
    ],
    [
      'both halves checked, the high one loosely',
      'r4 = r3\nr4 >>= 33\nif r4 != 0 goto out\nif w3 >= w7 goto out',
      { a: 0x100000000n, pkt: 8 },
      { a: 1n, pkt: 8 },
    ],
    [
      'signed 32-bit bounds, zero-extended',
      'if w3 s>= w7 goto out\nif w3 s< -4 goto out\nw3 = w3',
      { a: -4n, pkt: 8 },
      { a: 1n, pkt: 8 },
    ],
    [
      'signed 32-bit bounds, sign-extended',
      'if w3 s>= w7 goto out\nif w3 s< -4 goto out\nr3 = (s32)r3',
      { a: -4n, pkt: 8 },
      { a: 1n, pkt: 8 },
    ],
    [
      '<<32 >>32 of a number checked before',
      'if r3 s>= r7 goto out\nr3 <<= 32\nr3 >>= 32',
      { a: -1n, pkt: 8 },
      { a: 1n, pkt: 8 },
    ],
    [
      '<<32 s>>32 of a number checked as unsigned',
      'w3 = w3\nr4 = 0xf0000000 ll\nif r3 < r4 goto out\nr3 <<= 32\nr3 s>>= 32\nif r3 s>= r7 goto out',
      { a: 0xffffffffn, pkt: 8 },
    ],
    ['<<31 >>31', 'r3 <<= 31\nr3 >>= 31\nif w3 >= w7 goto out', { a: 0x100000000n, pkt: 8 }, { a: 1n, pkt: 8 }],
    ['<<33 >>32 doubles', 'if w3 >= w7 goto out\nr3 <<= 33\nr3 >>= 32', { a: 4n, pkt: 8 }, { a: 3n, pkt: 8 }],
    [
      '<<56 s>>56 of a byte below n',
      'if r3 > 255 goto out\nr3 <<= 56\nr3 s>>= 56\nif r3 s>= r7 goto out',
      { a: 0x80n, pkt: 8 },
      { a: 7n, pkt: 8 },
    ],
    [
      'bit 31 tested, bit 63 not',
      'if w3 s< 0 goto out\nif r3 s>= r7 goto out',
      { a: -0x100000000n, pkt: 8 },
      { a: 7n, pkt: 8 },
    ],
    ['16 bits of it checked', 'r4 = r3\nr4 &= 65535\nif r4 >= r7 goto out', { a: 0x10000n, pkt: 8 }, { a: 7n, pkt: 8 }],
  ]),
  ...(
    [
      ['s8', 'r3 = *(s8 *)(r1 + 48)', 0x80n],
      ['s16', 'r3 = *(s16 *)(r1 + 48)', 0x8000n],
      ['s32', 'r3 = *(s32 *)(r1 + 48)', 0x80000000n],
    ] as const
  ).flatMap(([type, load, a]): BadRow[] => [
    {
      name: `sign: index loaded as ${type}, upper bound only`,
      text: prog(P.pkt, P.len, load, 'if r3 s>= r7 goto out', AT),
      code: 'FCC0107',
      trap: { a, pkt: 8 },
      fine: { a: 7n, pkt: 8 },
    },
    {
      name: `sign: checked unsigned, then extended from ${type}`,
      text: prog(P.pkt, P.len, P.a, `r3 = (${type})r3`, 'r4 = r3\nr4 += 1\nif r4 > r7 goto out', AT),
      code: 'FCC0107',
      trap: { a: -1n, pkt: 8 },
      fine: { a: 7n, pkt: 8 },
    },
    {
      name: `sign: unsigned copy checked, ${type} used`,
      text: prog(P.pkt, P.len, load, `r4 = *(u${type.slice(1)} *)(r1 + 48)`, 'r4 >>= 4\nif r4 >= r7 goto out', AT),
      code: 'FCC0107',
      trap: { a: 0x1fn, pkt: 8 },
      fine: { a: 7n, pkt: 8 },
    },
  ]),
  ...rows('sign', asm(P.pkt, P.len), AT, [
    [
      'byte of the packet as signed',
      'if r7 == 0 goto out\nr3 = *(s8 *)(r6 + 0)\nif r3 s>= r7 goto out',
      { pkt: [0xff] },
      { pkt: [0] },
    ],
    [
      '(s8) of a packet byte below the length',
      'if r7 == 0 goto out\nr3 = *(u8 *)(r6 + 0)\nr3 = (s8)r3\nif w3 s>= w7 goto out\nw3 = w3',
      { pkt: [0xff, 1] },
      { pkt: [1, 1] },
    ],
    [
      'packet half as signed',
      'if r7 < 2 goto out\nr3 = *(s16 *)(r6 + 0)\nif r3 s>= r7 goto out',
      { pkt: [0xff, 0xff] },
      { pkt: [1, 0] },
    ],
  ]),
];

const M62 = 1n << 62n;
const wraps = rows('wraps', PKT, asm('r6 += r3', bad(read(4))), [
  ['i + 4 <= n in 64 bits', 'r4 = r3\nr4 += 4\nif r4 > r7 goto out', { a: -4n, pkt: 8 }, { a: 4n, pkt: 8 }],
  [
    'i + 4 <= n, i up to 2^64 - 1 without the last',
    'r4 = r3\nr4 += 4\nif r4 > r7 goto out\nif r3 == -4 goto out',
    { a: -3n, pkt: 8 },
    { a: 4n, pkt: 8 },
  ],
  [
    'i + 4 <= n in 32 bits',
    'w3 = w3\nw4 = w3\nw4 += 4\nif w4 > w7 goto out',
    { a: 0xfffffffcn, pkt: 8 },
    { a: 4n, pkt: 8 },
  ],
  [
    'i + 4 <= n in 32 bits, then compared in 64',
    'w3 = w3\nw4 = w3\nw4 += 4\nif r4 > r7 goto out',
    { a: 0xffffffffn, pkt: 8 },
    { a: 4n, pkt: 8 },
  ],
  [
    'i + 4 <= n signed, no lower bound',
    'r4 = r3\nr4 += 4\nif r4 s> r7 goto out',
    { a: -1n, pkt: 8 },
    { a: 4n, pkt: 8 },
  ],
  [
    'i + 4 signed wraps at 2^63',
    'if r3 s< 0 goto out\nr4 = r3\nr4 += 4\nif r4 s> r7 goto out',
    { a: (1n << 63n) - 1n, pkt: 8 },
    { a: 4n, pkt: 8 },
  ],
  [
    'i + b <= n',
    `${P.b}\nr5 = r3\nr5 += r4\nif r5 > r7 goto out\nif r4 < 4 goto out`,
    { a: -8n, b: 8n, pkt: 8 },
    { a: 4n, b: 4n, pkt: 8 },
  ],
  [
    'i - b <= n, b above i',
    `${P.b}\nif r4 > 64 goto out\nr5 = r3\nr5 -= r4\nif r5 > r7 goto out`,
    { a: 8n, b: 8n, pkt: 8 },
    { a: 4n, b: 4n, pkt: 8 },
  ],
  [
    'i * 4 < n in 64 bits',
    'r4 = r3\nr4 <<= 2\nif r7 < 4 goto out\nif r4 >= r7 goto out',
    { a: M62, pkt: 8 },
    { a: 1n, pkt: 8 },
  ],
  [
    'i * 4 < n in 32 bits, i * 4 in 64 used',
    'w3 = w3\nw4 = w3\nw4 <<= 2\nif w4 >= w7 goto out\nr3 <<= 2',
    { a: 0x40000000n, pkt: 8 },
    { a: 1n, pkt: 8 },
  ],
  [
    'i * 4 by multiplication in 32 bits',
    'w3 = w3\nw4 = w3\nw4 *= 4\nif r4 >= r7 goto out\nr3 *= 4',
    { a: 0xc0000000n, pkt: 8 },
    { a: 1n, pkt: 8 },
  ],
  ['i * 2^32 is 0 in the low half', 'r4 = r3\nr4 <<= 32\nif w4 >= w7 goto out', { a: 8n, pkt: 8 }, { a: 4n, pkt: 8 }],
  [
    'i * 2^32 < n',
    'r4 = r3\nr4 <<= 32\nif r7 < 4 goto out\nif r4 >= r7 goto out',
    { a: 1n << 32n, pkt: 8 },
    { a: 0n, pkt: 8 },
  ],
  [
    'i * 3 wraps to a small number',
    'r4 = r3\nr4 *= 3\nif r7 < 4 goto out\nif r4 >= r7 goto out',
    { a: 0xaaaaaaaaaaaaaaabn, pkt: 8 },
    { a: 1n, pkt: 8 },
  ],
  ['n - 4 where n < 4, 64 bits', 'r4 = r7\nr4 += -4\nif r3 > r4 goto out', { a: 0n, pkt: 3 }, { a: 4n, pkt: 8 }],
  [
    'n - 4 where n < 4, 32 bits',
    'w4 = w7\nw4 += -4\nif w3 > w4 goto out\nw3 = w3',
    { a: 0n, pkt: 0 },
    { a: 4n, pkt: 8 },
  ],
  [
    'n - 4 where n < 4, subtraction of a register',
    'r5 = 4\nr4 = r7\nr4 -= r5\nif r3 > r4 goto out',
    { a: 8n, pkt: 2 },
    { a: 4n, pkt: 8 },
  ],
  [
    'n - 4 after n != 0',
    'if r7 == 0 goto out\nr4 = r7\nr4 += -4\nif r3 > r4 goto out',
    { a: 0n, pkt: 1 },
    { a: 4n, pkt: 8 },
  ],
  ['n - i >= 4, i above n', 'r4 = r7\nr4 -= r3\nif r4 < 4 goto out', { a: 9n, pkt: 8 }, { a: 4n, pkt: 8 }],
  [
    'n - i >= 4 in 32 bits, i above n',
    'w3 = w3\nw4 = w7\nw4 -= w3\nif w4 < 4 goto out',
    { a: 9n, pkt: 8 },
    { a: 4n, pkt: 8 },
  ],
  ['n - i s>= 4, i very negative', 'r4 = r7\nr4 -= r3\nif r4 s< 4 goto out', { a: -4n, pkt: 8 }, { a: 4n, pkt: 8 }],
  ['-i compared', 'r4 = r3\nr4 = -r4\nif r4 < 4 goto out', { a: 8n, pkt: 8 }, { a: 4n, pkt: 8 }],
  [
    '(n >> 2) - 1 rounds of n = 0',
    'r4 = r7\nr4 >>= 2\nr4 += -1\nif r3 > r4 goto out\nr3 <<= 2',
    { a: 5n, pkt: 0 },
    { a: 1n, pkt: 8 },
  ],
  [
    'n rounded up to a multiple of 4',
    'r4 = r7\nr4 += 3\nr4 &= -4\nif r3 >= r4 goto out\nr3 &= -4',
    { a: 4n, pkt: 7 },
    { a: 3n, pkt: 7 },
  ],
  ['n rounded down, i not', 'r4 = r7\nr4 &= -4\nif r3 >= r4 goto out', { a: 7n, pkt: 8 }, { a: 4n, pkt: 8 }],
  [
    '(i + 3) & -4 < n',
    'if r3 > 100 goto out\nr4 = r3\nr4 += 3\nr4 &= -4\nif r4 > r7 goto out',
    { a: 7n, pkt: 8 },
    { a: 4n, pkt: 8 },
  ],
  [
    'n << 32 >> 32 after n - 4',
    'r4 = r7\nr4 += -4\nr4 <<= 32\nr4 >>= 32\nif r3 > r4 goto out',
    { a: 1n, pkt: 3 },
    { a: 4n, pkt: 8 },
  ],
]);

const shifts = rows('shift', PKT, AT, [
  [
    'count from the context, 64 bits',
    `${P.b}\nr3 >>= r4\nif r4 < 60 goto out\nr3 &= 31\nif r7 < 16 goto out`,
    { a: -1n, b: 64n, pkt: 16 },
    { a: -1n, b: 60n, pkt: 16 },
  ],
  [
    'count 64 is 0',
    `${P.b}\nif r4 < 64 goto out\nr3 >>= r4\nif r7 < 8 goto out\nif r4 != 64 goto out`,
    { a: 8n, b: 64n, pkt: 8 },
    { a: 7n, b: 64n, pkt: 8 },
  ],
  [
    'count 32 is 0 in 32 bits',
    `${P.b}\nw3 >>= w4\nif w4 != 32 goto out\nif r7 < 8 goto out`,
    { a: 8n, b: 32n, pkt: 8 },
    { a: 7n, b: 32n, pkt: 8 },
  ],
  [
    '1 << k is a bound',
    `${P.b}\nr5 = 1\nr5 <<= r4\nif r3 >= r5 goto out\nif r7 < 8 goto out`,
    { a: 8n, b: 4n, pkt: 8 },
    { a: 7n, b: 3n, pkt: 8 },
  ],
  [
    '(1 << k) - 1 with k of 64',
    `${P.b}\nr5 = 1\nr5 <<= r4\nr5 += -1\nr3 &= r5\nif r4 > 64 goto out\nif r7 < 8 goto out`,
    { a: 8n, b: 4n, pkt: 8 },
    { a: 8n, b: 64n, pkt: 8 },
  ],
  ['i >> 1 < n', 'r4 = r3\nr4 >>= 1\nif r4 >= r7 goto out', { a: 8n, pkt: 8 }, { a: 7n, pkt: 8 }],
  ['i >> 1, rounding lost', 'r4 = r3\nr4 >>= 1\nr4 <<= 1\nif r4 >= r7 goto out', { a: 7n, pkt: 7 }, { a: 6n, pkt: 7 }],
  ['s>> 1 of a negative number', 'r3 s>>= 1\nif r3 s>= r7 goto out', { a: -1n, pkt: 8 }, { a: 1n, pkt: 8 }],
  ['/ 2 of i checked', 'r4 = r3\nr4 /= 2\nif r4 >= r7 goto out', { a: 8n, pkt: 8 }, { a: 7n, pkt: 8 }],
  [
    'w s>>= 1 keeps the sign in 32 bits',
    'w3 s>>= 1\nif w3 s>= w7 goto out',
    { a: 0xffffffffn, pkt: 8 },
    { a: 1n, pkt: 8 },
  ],
  ['n << 1', 'r7 <<= 1\nif r3 >= r7 goto out', { a: 8n, pkt: 8 }, { a: 7n, pkt: 8 }],
]);

const units = [
  ...rows('unit', asm(P.arr, P.halves, P.a), '', [
    [
      'words by a count of halves',
      asm('if r3 >= r7 goto out\nr3 <<= 2\nr6 += r3', bad(read(4))),
      { a: 3n, arr: 8 },
      { a: 1n, arr: 8 },
    ],
    [
      'half at i <= count',
      asm('if r3 > r7 goto out\nr3 <<= 1\nr6 += r3', bad(read(2))),
      { a: 4n, arr: 8 },
      { a: 3n, arr: 8 },
    ],
    [
      'word at half i < count',
      asm('if r3 >= r7 goto out\nr3 <<= 1\nr6 += r3', bad(read(4))),
      { a: 3n, arr: 8 },
      { a: 2n, arr: 8 },
    ],
    [
      'the half behind i < count',
      asm('if r3 >= r7 goto out\nr3 <<= 1\nr6 += r3', bad(read(2, 2))),
      { a: 3n, arr: 8 },
      { a: 2n, arr: 8 },
    ],
    [
      'the half before i < count',
      asm('if r3 >= r7 goto out\nr3 <<= 1\nr6 += r3', bad(read(2, -2))),
      { a: 0n, arr: 8 },
      { a: 1n, arr: 8 },
    ],
    [
      'bytes up to 2 * count + 1',
      asm('r7 <<= 1\nr7 += 1\nif r3 >= r7 goto out\nr6 += r3', bad(write(1))),
      { a: 8n, arr: 8 },
      { a: 7n, arr: 8 },
    ],
    [
      'i < 2 * count as halves',
      asm('r7 <<= 1\nif r3 >= r7 goto out\nr3 <<= 1\nr6 += r3', bad(write(2))),
      { a: 4n, arr: 8 },
      { a: 3n, arr: 8 },
    ],
    [
      'i * 2 in 64 bits, i checked in 32',
      asm('if w3 >= w7 goto out\nr3 <<= 1\nr6 += r3', bad(read(2))),
      { a: 0x100000000n, arr: 8 },
      { a: 3n, arr: 8 },
    ],
    [
      'i * 3 for halves',
      asm('if r3 >= r7 goto out\nr3 *= 3\nr6 += r3', bad(read(2))),
      { a: 3n, arr: 8 },
      { a: 2n, arr: 8 },
    ],
    [
      'an odd byte of the last half',
      asm('if r3 >= r7 goto out\nr3 <<= 1\nr6 += r3', bad(read(2, 1))),
      { a: 3n, arr: 8 },
      { a: 2n, arr: 8 },
    ],
    [
      'length up to the odd byte: count * 2 + 2',
      asm('r7 += 1\nif r3 >= r7 goto out\nr3 <<= 1\nr6 += r3', bad(read(1))),
      { a: 4n, arr: 8 },
      { a: 3n, arr: 8 },
    ],
    [
      'count of another unit',
      asm('r8 = *(u32 *)(r1 + 80)\nif r3 > r8 goto out\nr3 <<= 2\nr6 += r3', bad(read(4))),
      { a: 2n, arr: 8 },
      { a: 1n, arr: 8 },
    ],
    [
      'words + 1 for a length not a multiple of 4',
      asm('r8 = *(u32 *)(r1 + 80)\nr8 <<= 2\nr8 += 4\nif r3 >= r8 goto out\nr6 += r3', bad(read(1))),
      { a: 7n, arr: 7 },
      { a: 6n, arr: 7 },
    ],
    [
      'bytes counted by the other region',
      asm('r8 = *(u32 *)(r1 + 40)\nif r3 >= r8 goto out\nr6 += r3', bad(read(1))),
      { a: 8n, arr: 8, out: 9 },
      { a: 7n, arr: 8, out: 9 },
    ],
  ]),
];

export const ARITH: readonly BadRow[] = [...masks, ...modulo, ...clamps, ...truncations, ...wraps, ...shifts, ...units];
