// SPDX-License-Identifier: MIT
import { asm, fill, type GoodRow, type GoodRun, type Input, P, prog, read, SPANS, write } from '../rows.js';

/** Byte i where a row does not say what a region holds. */
export const byte = (i: number): bigint => BigInt((i * 7 + 3) & 0xff);
/** A little-endian number in the default contents. */
export const word = (at: number, size: number): bigint =>
  Array.from({ length: size }, (_, i) => byte(at + i) << BigInt(8 * i)).reduce((n, b) => n | b, 0n);
export const sum = (bytes: Iterable<number>): bigint => [...bytes].reduce((n, b) => n + BigInt(b), 0n);
export const sumOf = (n: number): bigint => sum(fill(n));

export type Short = readonly [name: string, text: string, ...runs: (readonly [input: Input, r0?: bigint])[]];
/** Rows of a family: a common head and tail around each text. */
export const family = (name: string, head: string, tail: string, list: readonly Short[]): GoodRow[] =>
  list.map(([row, text, ...runs]) => ({
    name: `${name}: ${row}`,
    text: prog(head, text, tail),
    runs: runs.map(([input, r0]): GoodRun => ({ input, ...(r0 === undefined ? {} : { r0 }) })),
  }));

/** An index below a length: every condition that says so, in both senses, with operands swapped, in both widths. */
const CHECKS: readonly (readonly [name: string, text: (l: string) => string])[] = [
  ['skipped if i >= n', (l) => `if ${l}3 >= ${l}7 goto out`],
  ['skipped if n <= i', (l) => `if ${l}7 <= ${l}3 goto out`],
  ['done if i < n', (l) => `if ${l}3 < ${l}7 goto do\ngoto out\ndo:`],
  ['done if n > i', (l) => `if ${l}7 > ${l}3 goto do\ngoto out\ndo:`],
  ['skipped if i s< 0 or i s>= n', (l) => `if ${l}3 s< 0 goto out\nif ${l}3 s>= ${l}7 goto out`],
  [
    'done if i s> -1 and n s> i',
    (l) => `if ${l}3 s> -1 goto in\ngoto out\nin:\nif ${l}7 s> ${l}3 goto do\ngoto out\ndo:`,
  ],
];
const below: GoodRow[] = (['pkt', 'out', 'out64'] as const).flatMap((span) =>
  (['r', 'w'] as const).flatMap((letter) =>
    CHECKS.map(([name, check]): GoodRow => {
      const { text, field, writable } = SPANS[span];
      const access = writable ? asm(write(1), read(1)) : read(1);
      const hit = writable ? 7n : byte(5);
      return {
        name: `${span}: ${name}, ${letter}`,
        text: prog(letter === 'r' ? P.a : P.a32, text, check(letter), 'r6 += r3', access),
        runs: [
          { input: { a: 5n, [field]: 8 }, r0: hit },
          { input: { a: 7n, [field]: 8 }, r0: writable ? 7n : byte(7) },
          { input: { a: 8n, [field]: 8 }, r0: 0n },
          { input: { a: letter === 'r' ? -1n : 0xffffffffn, [field]: 8 }, r0: 0n },
          { input: { a: 0n, [field]: 0 }, r0: 0n },
        ],
      };
    }),
  ),
);

/** More than one byte at an index that was checked for them. */
const wide: GoodRow[] = ([2, 4, 8] as const).flatMap((size): GoodRow[] => {
  const last = size - 1;
  const at = { a: BigInt(8 - size), pkt: 8 };
  const runs = [
    { input: at, r0: word(8 - size, size) },
    { input: { a: BigInt(9 - size), pkt: 8 }, r0: 0n },
    { input: { a: 0n, pkt: last }, r0: 0n },
    { input: { a: -1n, pkt: 8 }, r0: 0n },
    { input: { a: -BigInt(size), pkt: 8 }, r0: 0n },
  ];
  const row = (name: string, check: string): GoodRow => ({
    name: `${size} bytes: ${name}`,
    text: prog(P.pkt, P.len, P.a, check, 'r6 += r3', read(size)),
    runs,
  });
  return [
    row('i < n, i + size <= n', `if r3 >= r7 goto out\nr4 = r3\nr4 += ${size}\nif r4 > r7 goto out`),
    row('i + size - 1 < n', `if r3 > 1000 goto out\nr4 = r3\nr4 += ${last}\nif r4 >= r7 goto out`),
    row('n >= size, i <= n - size', `if r7 < ${size} goto out\nr4 = r7\nr4 += -${size}\nif r3 > r4 goto out`),
    row('n - i >= size where i <= n', `if r3 > r7 goto out\nr4 = r7\nr4 -= r3\nif r4 < ${size} goto out`),
    row('n - size as signed', `if r3 s< 0 goto out\nr4 = r7\nr4 -= ${size}\nif r3 s> r4 goto out`),
  ];
});

/** data + k <= end in all its forms. */
const END = asm(P.pkt, P.len, 'r5 = r6\nr5 += r7');
const ends: GoodRow[] = ([1, 2, 4, 8] as const).flatMap((size) =>
  (
    [
      ['p + k > end skipped', 'if r4 > r5 goto out'],
      ['end < p + k skipped', 'if r5 < r4 goto out'],
      ['p + k <= end done', 'if r4 <= r5 goto do\ngoto out\ndo:'],
      ['end >= p + k done', 'if r5 >= r4 goto do\ngoto out\ndo:'],
    ] as const
  ).map(
    ([name, check]): GoodRow => ({
      name: `end: ${name}, ${size} bytes`,
      text: prog(END, `r4 = r6\nr4 += ${size}`, check, read(size)),
      runs: [
        { input: { pkt: size }, r0: word(0, size) },
        { input: { pkt: size - 1 }, r0: 0n },
        { input: { pkt: 64 }, r0: word(0, size) },
      ],
    }),
  ),
);
const moreEnds = family('end', END, '', [
  ['p < end', asm('if r6 >= r5 goto out', read(1)), [{ pkt: 1 }, byte(0)], [{ pkt: 0 }, 0n]],
  ['p + 3 < end', asm('r4 = r6\nr4 += 3\nif r4 >= r5 goto out', read(4)), [{ pkt: 4 }, word(0, 4)], [{ pkt: 3 }, 0n]],
  [
    'two headers one after the other',
    asm('r4 = r6\nr4 += 4\nif r4 > r5 goto out\nr3 = r4\nr3 += 4\nif r3 > r5 goto out', read(4, 0, 'r4')),
    [{ pkt: 8 }, word(4, 4)],
    [{ pkt: 7 }, 0n],
  ],
  [
    'distance as a number',
    asm('r4 = r5\nr4 -= r6\nif r4 < 4 goto out', read(4)),
    [{ pkt: 4 }, word(0, 4)],
    [{ pkt: 3 }, 0n],
  ],
  [
    'distance as a signed number',
    asm('r4 = r5\nr4 -= r6\nif r4 s< 4 goto out', read(4)),
    [{ pkt: 4 }, word(0, 4)],
    [{ pkt: 3 }, 0n],
  ],
  [
    'index below the distance',
    asm(P.a, 'r4 = r5\nr4 -= r6\nif r3 >= r4 goto out\nr6 += r3', read(1)),
    [{ pkt: 4, a: 3n }, byte(3)],
    [{ pkt: 4, a: 4n }, 0n],
  ],
  [
    'variable header, then a check',
    asm('if r6 >= r5 goto out', read(1, 0, 'r6', 'r3'), 'r3 &= 15\nr6 += r3\nif r6 >= r5 goto out', read(1)),
    [{ pkt: [3, 0, 0, 9] }, 9n],
    [{ pkt: [3, 0, 0] }, 0n],
  ],
  [
    'variable header in words, then a fixed part',
    asm(
      'if r6 >= r5 goto out',
      read(1, 0, 'r6', 'r3'),
      'r3 &= 15\nr3 <<= 2\nr6 += r3\nr4 = r6\nr4 += 2\nif r4 > r5 goto out',
      read(2),
    ),
    [{ pkt: [1, 0, 0, 0, 1, 2] }, 0x201n],
    [{ pkt: [1, 0, 0, 0, 1] }, 0n],
  ],
  [
    'last byte by the end pointer',
    asm('if r6 == r5 goto out', read(1, -1, 'r5')),
    [{ pkt: 4 }, byte(3)],
    [{ pkt: 0 }, 0n],
  ],
  [
    'last four bytes by the end pointer',
    asm('r4 = r6\nr4 += 4\nif r4 > r5 goto out', read(4, -4, 'r5')),
    [{ pkt: 6 }, word(2, 4)],
    [{ pkt: 3 }, 0n],
  ],
  [
    'ends compared after both moved',
    asm('r6 += 2\nr4 = r6\nr4 += 2\nif r4 > r5 goto out', read(2)),
    [{ pkt: 4 }, word(2, 2)],
    [{ pkt: 3 }, 0n],
  ],
  [
    'end of the first half',
    asm('r7 >>= 1\nr4 = r6\nr4 += r7\nif r6 >= r4 goto out', read(1, -1, 'r4')),
    [{ pkt: 5 }, byte(1)],
    [{ pkt: 1 }, 0n],
  ],
]);

/** A length against constants. */
const fixedPart: GoodRow[] = ([1, 2, 4, 8] as const).flatMap((size) =>
  (
    [
      ['r7 < need', (n: number) => `if r7 < ${n} goto out`],
      ['w7 < need', (n: number) => `if w7 < ${n} goto out`],
      ['r7 <= need - 1', (n: number) => `if r7 <= ${n - 1} goto out`],
      ['r7 s> need - 1', (n: number) => `if r7 s> ${n - 1} goto do\ngoto out\ndo:`],
    ] as const
  ).map(
    ([name, check]): GoodRow => ({
      name: `length: ${name}, ${size} bytes at 5`,
      text: prog(P.pkt, P.len, check(5 + size), read(size, 5)),
      runs: [
        { input: { pkt: 5 + size }, r0: word(5, size) },
        { input: { pkt: 4 + size }, r0: 0n },
      ],
    }),
  ),
);
const lengths = family('length', asm(P.pkt, P.len), '', [
  ['not 0: the first byte', asm('if r7 == 0 goto out', read(1)), [{ pkt: 1 }, byte(0)], [{}, 0n]],
  ['not 0: the last byte', asm('if r7 == 0 goto out\nr6 += r7', read(1, -1)), [{ pkt: 9 }, byte(8)], [{}, 0n]],
  ['exactly 8', asm('if r7 != 8 goto out', read(8)), [{ pkt: 8 }, word(0, 8)], [{ pkt: 9 }, 0n]],
  [
    'a switch over lengths',
    asm('if r7 == 4 goto four\nif r7 == 2 goto two\ngoto out\nfour:', read(4), 'goto out\ntwo:', read(2)),
    [{ pkt: 4 }, word(0, 4)],
    [{ pkt: 2 }, word(0, 2)],
    [{ pkt: 3 }, 0n],
  ],
  ['by its 16-bit field', asm(P.len16, 'if r7 < 4 goto out', read(4)), [{ pkt: 4 }, word(0, 4)], [{ pkt: 3 }, 0n]],
  [
    'both fields say the same',
    asm('r8 = *(u16 *)(r1 + 84)\nif r8 < 4 goto out\nr6 += r7', read(4, -4)),
    [{ pkt: 6 }, word(2, 4)],
    [{ pkt: 3 }, 0n],
  ],
  [
    'loaded twice',
    asm(P.a, 'if r3 >= r7 goto out\nr4 = *(u32 *)(r1 + 16)\nr4 -= r3\nr6 += r4', read(1, -1)),
    [{ pkt: 8, a: 0n }, byte(7)],
    [{ pkt: 8, a: 8n }, 0n],
  ],
  [
    'half of it',
    asm('r7 >>= 1', P.a, 'if r3 >= r7 goto out\nr3 <<= 1\nr6 += r3', read(2)),
    [{ pkt: 9, a: 3n }, word(6, 2)],
    [{ pkt: 9, a: 4n }, 0n],
  ],
  [
    'rounded down to words',
    asm('r7 &= -4', P.a, 'if r3 >= r7 goto out\nr6 += r3', read(1)),
    [{ pkt: 7, a: 3n }, byte(3)],
    [{ pkt: 7, a: 4n }, 0n],
  ],
  [
    'words by / 4',
    asm('r7 /= 4', P.a, 'if r3 >= r7 goto out\nr3 *= 4\nr6 += r3', read(4)),
    [{ pkt: 11, a: 1n }, word(4, 4)],
    [{ pkt: 11, a: 2n }, 0n],
  ],
  [
    'less a trailer of 2',
    asm('if r7 < 2 goto out\nr7 += -2', P.a, 'if r3 > r7 goto out\nr6 += r3', read(2)),
    [{ pkt: 8, a: 6n }, word(6, 2)],
    [{ pkt: 8, a: 7n }, 0n],
  ],
  [
    'less a header that was skipped',
    asm('if r7 < 4 goto out\nr7 += -4\nr6 += 4', P.a, 'if r3 >= r7 goto out\nr6 += r3', read(1)),
    [{ pkt: 8, a: 3n }, byte(7)],
    [{ pkt: 8, a: 4n }, 0n],
  ],
  [
    'signed after subtraction',
    asm('r7 -= 4\nif r7 s< 0 goto out\nr6 += r7', read(4)),
    [{ pkt: 6 }, word(2, 4)],
    [{ pkt: 3 }, 0n],
  ],
  [
    'signed 32-bit after subtraction',
    asm('w7 += -4\nif w7 s< 0 goto out\nr6 += r7', read(4)),
    [{ pkt: 6 }, word(2, 4)],
    [{ pkt: 3 }, 0n],
  ],
]);

const open: GoodRow[] = ([1, 2, 4, 8] as const).flatMap((size) =>
  (
    [
      ['r2 < need', (n: number) => `if r2 < ${n} goto out`],
      ['r2 s< need', (n: number) => `if r2 s< ${n} goto out`],
      ['w2 < need', (n: number) => `if w2 < ${n} goto out`],
      ['base + need > end', (n: number) => `r3 = r1\nr3 += r2\nr4 = r1\nr4 += ${n}\nif r4 > r3 goto out`],
    ] as const
  ).map(
    ([name, check]): GoodRow => ({
      name: `open context: ${name}, ${size} bytes at 8`,
      contract: 'open',
      text: prog(check(8 + size), read(size, 8, 'r1')),
      runs: [
        { input: { ctx: 8 + size }, r0: word(8, size) },
        { input: { ctx: 7 + size }, r0: 0n },
      ],
    }),
  ),
);
const openMore: GoodRow[] = (
  [
    [
      'sum of all bytes',
      'r3 = 0\nloop:\nif r3 >= r2 goto out\nr4 = r1\nr4 += r3\nr5 = *(u8 *)(r4 + 0)\nr0 += r5\nr3 += 1\ngoto loop',
      9,
      sumOf(9),
    ],
    [
      'fletcher over halves',
      'r2 >>= 1\nr6 = 0\nloop:\nif r2 == 0 goto done\nr3 = *(u16 *)(r1 + 0)\nr0 += r3\nr1 += 2\nr2 += -1\ngoto loop\ndone:',
      8,
      [0, 2, 4, 6].reduce((n, i) => n + word(i, 2), 0n),
    ],
    [
      'index from itself',
      'if r2 < 8 goto out\nr3 = *(u64 *)(r1 + 0)\nif r3 >= r2 goto out\nr1 += r3\nr0 = *(u8 *)(r1 + 0)',
      [5, 0, 0, 0, 0, 0, 0, 0],
      0n,
    ],
    ['last byte', 'if r2 == 0 goto out\nr1 += r2\nr0 = *(u8 *)(r1 - 1)', 5, byte(4)],
    [
      'copy to the stack',
      '*(u64 *)(r10 - 8) = 0\nr3 = 0\nloop:\nif r3 >= r2 goto done\nr4 = r1\nr4 += r3\nr5 = *(u8 *)(r4 + 0)\nr4 = r10\nr4 += -8\nr4 += r3\n*(u8 *)(r4 + 0) = r5\nr3 += 1\nif r3 < 8 goto loop\ndone:\nr0 = *(u64 *)(r10 - 8)',
      12,
      word(0, 8),
    ],
    [
      'written in place',
      'r3 = r1\nr3 += r2\nloop:\nif r1 >= r3 goto out\nr4 = *(u8 *)(r1 + 0)\nr4 ^= 255\n*(u8 *)(r1 + 0) = r4\nr0 += 1\nr1 += 1\ngoto loop',
      6,
      6n,
    ],
  ] as const
).map(
  ([name, text, ctx, r0]): GoodRow => ({
    name: `open context: ${name}`,
    contract: 'open',
    text: prog(text),
    runs: [{ input: { ctx }, r0 }, { input: { ctx: 0 } }],
  }),
);

export const COMPARE: readonly GoodRow[] = [
  ...below,
  ...wide,
  ...ends,
  ...moreEnds,
  ...fixedPart,
  ...lengths,
  ...open,
  ...openMore,
];
