// SPDX-License-Identifier: MIT
import { asm, type BadRow, bad, MOST, P, prog, read, SPANS, write } from '../rows.js';

/**
 * An index compared with a length in the wrong sense. `skip`: a condition that jumps away; the index 8 passes it although the length
 * is 8. `take`: one that jumps to the access.
 */
const SKIPS: readonly (readonly [name: string, cond: string])[] = [
  ['i > n', '3 > 7'],
  ['n < i', '7 < 3'],
  ['i != n', '3 != 7'],
  ['i s> n', '3 s> 7'],
  ['n s< i', '7 s< 3'],
];
const TAKES: readonly (readonly [name: string, cond: string])[] = [
  ['i <= n', '3 <= 7'],
  ['n >= i', '7 >= 3'],
  ['i == n', '3 == 7'],
  ['i s<= n', '3 s<= 7'],
  ['n s>= i', '7 s>= 3'],
];
const branch = (letter: string, cond: string): string => {
  const [a, sign, b] = cond.split(' ');
  return `if ${letter}${a} ${sign} ${letter}${b}`;
};

/** i may be n: the byte behind the last. Index 8, length 8. */
const byOne: BadRow[] = (['pkt', 'out', 'out64'] as const).flatMap((span) =>
  (['r', 'w'] as const).flatMap((letter) => {
    const { text, field, writable } = SPANS[span];
    const access = bad(writable ? write(1) : read(1));
    // A 64-bit index from the context is non-negative only by a check; a 32-bit one by its load.
    const index = letter === 'r' && span === 'pkt' ? P.a : P.a32;
    const trap = { a: 8n, [field]: 8 };
    const head = asm(index, text);
    return [
      ...SKIPS.map(([name, cond]) => ({
        name: `${span}: skipped if ${name}, ${letter}`,
        text: prog(head, `${branch(letter, cond)} goto out`, 'r6 += r3', access),
        code: 'FCC0107' as const,
        trap,
        fine: cond.includes('!=') ? undefined : { a: 7n, [field]: 8 },
      })),
      ...TAKES.map(([name, cond]) => ({
        name: `${span}: done if ${name}, ${letter}`,
        text: prog(head, `${branch(letter, cond)} goto do`, 'goto out', 'do:', 'r6 += r3', access),
        code: 'FCC0107' as const,
        trap,
        fine: cond.includes('==') ? undefined : { a: 7n, [field]: 8 },
      })),
    ];
  }),
);

/** A signed comparison alone leaves the negative numbers; index -1. */
const signedOnly: BadRow[] = (
  [
    ['i s>= n, 64 bits', P.a, 'if r3 s>= r7 goto out', -1n],
    ['n s<= i, 64 bits', P.a, 'if r7 s<= r3 goto out', -1n],
    ['i s> n - 1, 64 bits', asm(P.a, 'r8 = 0'), 'r8 = r7\nr8 += -1\nif r3 s> r8 goto out', -1n],
    ['w s>= n, 32 bits', P.a32, 'if w3 s>= w7 goto out', 0xffffffffn],
    ['w s>= n, index zero-extended later', P.a, 'if w3 s>= w7 goto out\nw3 = w3', 0xffffffffn],
    ['w s>= n, index sign-extended later', P.a, 'if w3 s>= w7 goto out\nr3 <<= 32\nr3 s>>= 32', 0xffffffffn],
    ['s>= 8 against a fixed length', asm(P.a, 'r7 = 8'), 'if r3 s>= 8 goto out', -1n],
    ['s> -2 is not s>= 0', P.a, 'if r3 s>= r7 goto out\nif r3 s> -2 goto ok\ngoto out\nok:', -1n],
    ['s>= -1 is not s>= 0', P.a, 'if r3 s>= r7 goto out\nif r3 s< -1 goto out', -1n],
    ['lower bound of the low half only', P.a, 'if r3 s>= r7 goto out\nif w3 s< 0 goto out', -0x100000000n],
  ] as const
).map(([name, index, check, a]) => ({
  name: `signed: ${name}`,
  text: prog(P.pkt, P.len, index, check, 'r6 += r3', bad(read(1))),
  code: 'FCC0107',
  trap: { a, pkt: 8 },
  fine: { a: 3n, pkt: 8 },
}));

/** i < n, and then more bytes than one: the last index, length 8. */
const tooWide: BadRow[] = ([2, 4, 8] as const).flatMap((size) =>
  (['r', 'w'] as const).flatMap((letter): BadRow[] => {
    const index = letter === 'r' ? P.a : P.a32;
    const check = `if ${letter}3 >= ${letter}7 goto out`;
    return [
      {
        name: `${size} bytes at i < n, read, ${letter}`,
        text: prog(P.pkt, P.len, index, check, 'r6 += r3', bad(read(size))),
        code: 'FCC0107',
        trap: { a: 7n, pkt: 8 },
        fine: { a: 0n, pkt: 8 },
      },
      {
        name: `${size} bytes at i + ${size - 1} <= n, write, ${letter}`,
        text: prog(
          P.out,
          P.outlen,
          index,
          `if ${letter}3 > 1000 goto out`,
          'r4 = r3',
          `r4 += ${size - 1}`,
          `if ${letter}4 > ${letter}7 goto out`,
          'r6 += r3',
          bad(write(size)),
        ),
        code: 'FCC0107',
        trap: { a: BigInt(8 - size + 1), out: 8 },
        fine: { a: BigInt(8 - size), out: 8 },
      },
    ];
  }),
);

/** p + k against the end, one byte short of what is read. Length = size - 1. */
const ends: BadRow[] = ([1, 2, 4, 8] as const).flatMap((size): BadRow[] =>
  (
    [
      ['p + k > end', `if r4 > r5 goto out`],
      ['end < p + k', `if r5 < r4 goto out`],
      ['p + k <= end', `if r4 <= r5 goto do\ngoto out\ndo:`],
      ['end >= p + k', `if r5 >= r4 goto do\ngoto out\ndo:`],
    ] as const
  ).map(([name, check]) => ({
    name: `end: ${name}, k ${size - 1}, ${size} bytes read`,
    text: prog(P.pkt, P.len, 'r5 = r6\nr5 += r7', `r4 = r6\nr4 += ${size - 1}`, check, bad(read(size))),
    code: 'FCC0107',
    trap: { pkt: size - 1 },
    fine: { pkt: size },
  })),
);

const ENDS = asm(P.pkt, P.len, 'r5 = r6\nr5 += r7');
const moreEnds: BadRow[] = [
  {
    name: 'end: data + 4 <= end, 5 bytes read',
    text: prog(ENDS, 'r4 = r6\nr4 += 4\nif r4 > r5 goto out', read(4, 0, 'r6', 'r2'), bad(read(1, 4))),
    trap: { pkt: 4 },
    fine: { pkt: 5 },
  },
  {
    name: 'end: data + 4 <= end, 4 bytes at 1',
    text: prog(ENDS, 'r4 = r6\nr4 += 4\nif r4 > r5 goto out', bad(read(4, 1))),
    trap: { pkt: 4 },
    fine: { pkt: 5 },
  },
  {
    name: 'end: data + 4 <= end, byte before data',
    text: prog(ENDS, 'r4 = r6\nr4 += 4\nif r4 > r5 goto out', 'r3 = *(u8 *)(r6 + 0)\nr3 &= 1\nr6 -= r3', bad(read(1))),
    trap: { pkt: [1, 2, 3, 4] },
    fine: { pkt: [2, 2, 3, 4] },
  },
  {
    name: 'end: data < end, data moved on by 1 since',
    text: prog(ENDS, 'if r6 >= r5 goto out', 'r6 += 1', bad(read(1))),
    trap: { pkt: 1 },
    fine: { pkt: 2 },
  },
  {
    name: 'end: data - 1 < end',
    text: prog(ENDS, 'r4 = r6\nr4 += -1\nif r4 >= r5 goto out', bad(read(1))),
    trap: { pkt: 0 },
    fine: { pkt: 1 },
  },
  {
    name: 'end: data <= end - 0',
    text: prog(ENDS, 'if r6 > r5 goto out', bad(read(1))),
    trap: { pkt: 0 },
    fine: { pkt: 1 },
  },
  {
    name: 'end: end + 1',
    text: prog(ENDS, 'r5 += 1', 'r4 = r6\nr4 += 4\nif r4 > r5 goto out', bad(read(4))),
    trap: { pkt: 3 },
    fine: { pkt: 4 },
  },
  {
    name: 'end: equality in place of order',
    text: prog(ENDS, 'r4 = r6\nr4 += 4\nif r4 == r5 goto out', bad(read(4))),
    trap: { pkt: 3 },
    fine: { pkt: 5 },
  },
  {
    name: 'end: low halves compared, right only where addresses do not matter',
    text: prog(ENDS, 'r4 = r6\nr4 += 4\nif w4 > w5 goto out', bad(read(8))),
    trap: { pkt: 4 },
    fine: { pkt: 8 },
  },
  {
    name: 'end: end - data the wrong way round',
    text: prog(ENDS, P.a, 'r4 = r6\nr4 -= r5\nif r3 >= r4 goto out', 'r6 += r3', bad(read(1))),
    trap: { pkt: 8, a: 8n },
    fine: { pkt: 8, a: 7n },
  },
  {
    name: 'end: end - data signed, data beyond it',
    text: prog(ENDS, 'r6 += 9\nr4 = r5\nr4 -= r6\nif r4 == 0 goto out', bad(read(1))),
    trap: { pkt: 8 },
    fine: { pkt: 10 },
  },
  {
    name: 'end: distance as unsigned, data beyond it',
    text: prog(ENDS, 'r6 += 9\nr4 = r5\nr4 -= r6\nif r4 < 1 goto out', bad(read(1))),
    trap: { pkt: 8 },
    fine: { pkt: 10 },
  },
  {
    name: 'end: half of the distance',
    text: prog(ENDS, P.a, 'r4 = r5\nr4 -= r6\nr4 >>= 1\nif r3 >= r4 goto out\nr3 <<= 1', 'r6 += r3', bad(read(4))),
    trap: { pkt: 8, a: 3n },
    fine: { pkt: 8, a: 1n },
  },
  {
    name: 'end: variable header length, compared before it is added',
    text: prog(ENDS, 'r4 = r6\nr4 += 1\nif r4 > r5 goto out', 'r3 = *(u8 *)(r6 + 0)\nr3 &= 15\nr6 += r3', bad(read(1))),
    trap: { pkt: [4, 1, 1, 1] },
    fine: { pkt: [3, 1, 1, 1] },
  },
  {
    name: 'end: variable header length, fixed part left out',
    text: prog(
      ENDS,
      'r4 = r6\nr4 += 1\nif r4 > r5 goto out',
      'r3 = *(u8 *)(r6 + 0)\nr3 &= 15\nr3 <<= 2\nr6 += r3\nif r6 > r5 goto out',
      bad(read(2)),
    ),
    trap: { pkt: [1, 1, 1, 1, 1] },
    fine: { pkt: [1, 1, 1, 1, 1, 1] },
  },
].map((row) => ({ ...row, code: 'FCC0107' }) as const);

/** Constant against length: what is checked and what is read differ by one. */
const fixedPart: BadRow[] = ([1, 2, 4, 8] as const).flatMap((size): BadRow[] =>
  [0, 1, 5].flatMap((at): BadRow[] => {
    const need = at + size;
    return [
      {
        name: `length >= ${need - 1}, ${size} bytes at ${at}`,
        text: prog(P.pkt, P.len, `if r7 < ${need - 1} goto out`, bad(read(size, at))),
        code: 'FCC0107',
        trap: { pkt: need - 1 },
        fine: { pkt: need },
      },
    ];
  }),
);
const fixedMore: BadRow[] = [
  {
    name: 'length != 0 where 2 bytes are read',
    text: prog(P.pkt, P.len, 'if r7 == 0 goto out', bad(read(2))),
    trap: { pkt: 1 },
    fine: { pkt: 2 },
  },
  {
    name: 'length & 4 where byte 4 is read',
    text: prog(P.pkt, P.len, 'if r7 & 4 goto do\ngoto out\ndo:', bad(read(1, 4))),
    trap: { pkt: 4 },
    fine: { pkt: 5 },
  },
  {
    name: 'length in 16 bits, below 4 the wrong way',
    text: prog(P.pkt, P.len16, 'if r7 > 4 goto out', bad(read(4))),
    trap: { pkt: 3 },
    fine: { pkt: 4 },
  },
  {
    name: 'length s> -1',
    text: prog(P.pkt, P.len, 'if r7 s> -1 goto do\ngoto out\ndo:', bad(read(1))),
    trap: { pkt: 0 },
    fine: { pkt: 1 },
  },
  {
    name: 'length != the longest one',
    text: prog(P.pkt, P.len, `if r7 == ${MOST} goto out`, bad(read(1, MOST - 2))),
    trap: { pkt: MOST - 2 },
    fine: { pkt: MOST - 1 },
  },
  {
    name: 'longest region, byte behind it',
    text: prog(P.pkt, P.len, 'r3 = r7\nr6 += r3', bad(read(1))),
    trap: { pkt: MOST },
  },
  {
    name: 'last byte of what may be empty: base + length - 1',
    text: prog(P.pkt, P.len, 'r6 += r7', bad(read(1, -1))),
    trap: { pkt: 0 },
    fine: { pkt: 1 },
  },
  {
    name: 'last four bytes of what may have three',
    text: prog(P.pkt, P.len, 'if r7 < 3 goto out\nr6 += r7', bad(read(4, -4))),
    trap: { pkt: 3 },
    fine: { pkt: 4 },
  },
  {
    name: 'length tested after the access',
    text: prog(P.pkt, P.len, bad(read(1, 3)), 'if r7 < 4 goto out\nr0 = 1'),
    trap: { pkt: 3 },
    fine: { pkt: 4 },
  },
].map((row) => ({ ...row, code: 'FCC0107' }) as const);

/** The context of a length that only r2 tells: r2 is compared one too loosely. */
const openContext: BadRow[] = ([1, 2, 4, 8] as const).flatMap((size): BadRow[] =>
  (
    [
      ['r2 < need - 1', (n: number) => `if r2 < ${n - 1} goto out`],
      ['r2 s< need - 1', (n: number) => `if r2 s< ${n - 1} goto out`],
      ['w2 < need - 1', (n: number) => `if w2 < ${n - 1} goto out`],
      ['base + need - 1 > end', (n: number) => `r3 = r1\nr3 += r2\nr4 = r1\nr4 += ${n - 1}\nif r4 > r3 goto out`],
    ] as const
  ).map(([name, check]) => ({
    name: `open context: ${name}, ${size} bytes at 8`,
    contract: 'open' as const,
    text: prog(check(8 + size), bad(read(size, 8, 'r1'))),
    code: 'FCC0107' as const,
    trap: { ctx: 8 + size - 1 },
    fine: { ctx: 8 + size },
  })),
);
const openMore: BadRow[] = [
  {
    name: 'open context: no check',
    contract: 'open',
    text: prog(bad(read(1, 0, 'r1'))),
    code: 'FCC0107',
    trap: { ctx: 0 },
    fine: { ctx: 1 },
  },
  {
    name: 'open context: index <= r2',
    contract: 'open',
    text: prog('if r2 < 8 goto out', 'r3 = *(u64 *)(r1 + 0)\nif r3 > r2 goto out\nr1 += r3', bad(write(1, 0, 'r1'))),
    code: 'FCC0107',
    trap: { ctx: [8, 0, 0, 0, 0, 0, 0, 0] },
    fine: { ctx: [7, 0, 0, 0, 0, 0, 0, 0] },
  },
  {
    name: 'open context: r2 changed before it is compared',
    contract: 'open',
    text: prog('r2 += 1\nif r2 < 4 goto out', bad(read(4, 0, 'r1'))),
    code: 'FCC0107',
    trap: { ctx: 3 },
    fine: { ctx: 4 },
  },
  {
    name: 'open context: length not passed, length assumed',
    contract: 'blind',
    text: prog(bad(read(8, 0, 'r1'))),
    code: 'FCC0107',
    trap: { ctx: 7 },
    fine: { ctx: 8 },
  },
  {
    name: 'open context: a checked word moved on by one byte',
    contract: 'open',
    text: prog('if r2 < 4 goto out\nr1 += 1', bad(read(4, 0, 'r1'))),
    code: 'FCC0107',
    trap: { ctx: 4 },
    fine: { ctx: 5 },
  },
];

export const COMPARE: readonly BadRow[] = [
  ...byOne,
  ...signedOnly,
  ...tooWide,
  ...ends,
  ...moreEnds,
  ...fixedPart,
  ...fixedMore,
  ...openContext,
  ...openMore,
];
