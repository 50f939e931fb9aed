// SPDX-License-Identifier: MIT
import type { ErrorCode } from '../../../compiler/errors/index.js';
import { asm, type BadRow, bad, P, prog, read, write } from '../rows.js';

type Short = readonly [name: string, text: string, trap: BadRow['trap'], fine?: BadRow['fine']];
const rows = (
  family: string,
  head: string,
  tail: string,
  list: readonly Short[],
  code: ErrorCode = 'FCC0107',
): BadRow[] =>
  list.map(([name, text, trap, fine]) => ({
    name: `${family}: ${name}`,
    text: prog(head, text, tail),
    code,
    trap,
    ...(fine ? { fine } : {}),
  }));
/** Refused with or without --strict. */
const refused = (
  family: string,
  list: readonly (readonly [name: string, text: string, code?: ErrorCode])[],
): BadRow[] => list.map(([name, text, code = 'FCC0107']) => ({ name: `${family}: ${name}`, text: prog(text), code }));

const BUF = asm(P.buf, P.a);
const PKT = asm(P.pkt, P.len, P.a);
const AT = asm('r6 += r3', bad(read(1)));

const spills = [
  ...rows('spill', BUF, AT, [
    [
      '8 bytes stored, low 4 checked',
      '*(u64 *)(r10 - 8) = r3\nr4 = *(u32 *)(r10 - 8)\nif r4 > 15 goto out\nr3 = *(u64 *)(r10 - 8)',
      { a: 1n << 32n },
      { a: 15n },
    ],
    [
      '8 bytes stored, high 4 checked',
      '*(u64 *)(r10 - 8) = r3\nr4 = *(u32 *)(r10 - 4)\nif r4 > 15 goto out\nr3 = *(u64 *)(r10 - 8)',
      { a: 16n },
      { a: 15n },
    ],
    [
      '8 bytes stored, lowest checked',
      '*(u64 *)(r10 - 8) = r3\nr4 = *(u8 *)(r10 - 8)\nif r4 > 15 goto out\nr3 = *(u64 *)(r10 - 8)',
      { a: 256n },
      { a: 15n },
    ],
    [
      'low 4 bytes stored over old ones',
      '*(u64 *)(r10 - 8) = -1\n*(u32 *)(r10 - 8) = r3\nif w3 > 15 goto out\nr3 = *(u64 *)(r10 - 8)',
      { a: 15n },
    ],
    [
      'a byte put over the checked number',
      `${P.b}\nif r3 > 15 goto out\n*(u64 *)(r10 - 8) = r3\n*(u8 *)(r10 - 8) = r4\nr3 = *(u64 *)(r10 - 8)`,
      { b: 16n },
      { b: 15n },
    ],
    [
      'a byte put over the top',
      `${P.b}\nif r3 > 15 goto out\n*(u64 *)(r10 - 8) = r3\n*(u8 *)(r10 - 1) = r4\nr3 = *(u64 *)(r10 - 8)`,
      { b: 1n },
      { a: 15n },
    ],
    [
      'two bytes put across the lower end',
      `${P.b}\nif r3 > 15 goto out\n*(u64 *)(r10 - 8) = r3\n*(u16 *)(r10 - 9) = r4\nr3 = *(u64 *)(r10 - 8)`,
      { b: 0x1000n },
      { a: 15n },
    ],
    [
      '8 bytes put across the middle',
      `${P.b}\nif r3 > 15 goto out\n*(u64 *)(r10 - 8) = r3\n*(u64 *)(r10 - 12) = r4\nr3 = *(u64 *)(r10 - 8)`,
      { b: 16n << 32n },
      { a: 15n },
    ],
    [
      'another slot read back',
      `${P.b}\nif r3 > 15 goto out\n*(u64 *)(r10 - 8) = r3\n*(u64 *)(r10 - 16) = r4\nr3 = *(u64 *)(r10 - 16)`,
      { b: 16n },
      { b: 15n },
    ],
    [
      'read back one byte higher',
      'if r3 > 15 goto out\n*(u64 *)(r10 - 16) = -1\n*(u64 *)(r10 - 8) = r3\nr3 = *(u64 *)(r10 - 9)',
      { a: 0n },
    ],
    [
      'a variable store may hit it',
      `${P.b}\nif r3 > 15 goto out\n*(u64 *)(r10 - 16) = 0\n*(u64 *)(r10 - 8) = r3\nr4 &= 8\nr5 = r10\nr5 += -16\nr5 += r4\n*(u64 *)(r5 + 0) = 16\nr3 = *(u64 *)(r10 - 8)`,
      { b: 8n },
      { a: 15n },
    ],
    [
      'a variable byte store may hit it',
      `${P.b}\nif r3 > 15 goto out\n*(u64 *)(r10 - 16) = 0\n*(u64 *)(r10 - 8) = r3\nr4 &= 15\nr5 = r10\nr5 += -16\nr5 += r4\n*(u8 *)(r5 + 0) = 99\nr3 = *(u64 *)(r10 - 8)`,
      { b: 8n },
      { a: 15n },
    ],
    [
      'changed through a copy of r10',
      'if r3 > 15 goto out\n*(u64 *)(r10 - 8) = r3\nr5 = r10\nr5 += -8\n*(u64 *)(r5 + 0) = 16\nr3 = *(u64 *)(r10 - 8)',
      { a: 0n },
    ],
    [
      'changed by an atomic addition',
      'if r3 > 15 goto out\n*(u64 *)(r10 - 8) = r3\nr4 = 1\nlock *(u64 *)(r10 - 8) += r4\nr3 = *(u64 *)(r10 - 8)',
      { a: 15n },
      { a: 14n },
    ],
    [
      'changed by an atomic or',
      'if r3 > 15 goto out\n*(u64 *)(r10 - 8) = r3\nr4 = 16\nlock *(u64 *)(r10 - 8) |= r4\nr3 = *(u64 *)(r10 - 8)',
      { a: 15n },
    ],
    [
      'the checked copy is another slot than the one changed',
      `if r3 > 15 goto out\n*(u64 *)(r10 - 8) = r3\n*(u64 *)(r10 - 16) = r3\nr4 = 1\nlock *(u64 *)(r10 - 16) += r4\nr5 = *(u64 *)(r10 - 8)\nr3 = *(u64 *)(r10 - 16)\nif r5 > 15 goto out`,
      { a: 15n },
      { a: 14n },
    ],
    [
      'exchanged since',
      `${P.b}\nif r3 > 15 goto out\n*(u64 *)(r10 - 8) = r3\nr4 = xchg_64(r10 - 8, r4)\nr3 = *(u64 *)(r10 - 8)`,
      { b: 16n },
      { b: 15n },
    ],
    [
      'compared and exchanged since',
      `${P.b}\nif r3 > 15 goto out\n*(u64 *)(r10 - 8) = r3\nr0 = 3\nr0 = cmpxchg_64(r10 - 8, r0, r4)\nr3 = *(u64 *)(r10 - 8)`,
      { a: 3n, b: 16n },
      { a: 2n, b: 16n },
    ],
    [
      'low 4 bytes added to atomically',
      `${P.b}\nif r3 > 15 goto out\n*(u64 *)(r10 - 8) = r3\nlock *(u32 *)(r10 - 8) += w4\nr3 = *(u64 *)(r10 - 8)`,
      { a: 15n, b: 1n },
      { a: 15n },
    ],
    [
      '4 bytes kept, sign-extended back',
      'w4 = w3\nif w4 s> 15 goto out\n*(u32 *)(r10 - 8) = r4\nr3 = *(s32 *)(r10 - 8)',
      { a: -1n },
      { a: 15n },
    ],
    [
      '2 bytes kept of a checked number',
      'r3 += -1\n*(u16 *)(r10 - 8) = r3\nif r3 s> 15 goto out\nr3 = *(u16 *)(r10 - 8)',
      { a: 0n },
      { a: 16n },
    ],
    [
      '1 byte kept, extended back',
      'if r3 > 255 goto out\n*(u8 *)(r10 - 8) = r3\nr3 = *(s8 *)(r10 - 8)\nif r3 s> 15 goto out',
      { a: 0x80n },
      { a: 15n },
    ],
    [
      'written on one path only',
      `${P.b}\n*(u64 *)(r10 - 8) = r3\nif r4 == 0 goto use\nr3 &= 15\n*(u64 *)(r10 - 8) = r3\nuse:\nr3 = *(u64 *)(r10 - 8)`,
      { a: 16n },
      { a: 16n, b: 1n },
    ],
    [
      'not written on one path, zero there',
      `${P.b}\nif r4 == 0 goto use\n*(u64 *)(r10 - 8) = 16\nuse:\nr3 = *(u64 *)(r10 - 8)`,
      { b: 1n },
      { b: 0n },
    ],
  ]),
  ...rows('spilled length', asm(P.pkt, P.len, P.a), AT, [
    [
      'stored in one byte',
      '*(u64 *)(r10 - 8) = 0\n*(u8 *)(r10 - 8) = r7\nr4 = *(u64 *)(r10 - 8)\nr4 += 1\nif r3 >= r4 goto out',
      { a: 8n, pkt: 8 },
      { a: 7n, pkt: 8 },
    ],
    [
      'changed by a store through the context',
      `*(u64 *)(r1 + 56) = r7\n*(u64 *)(r1 + 56) = 9\nr7 = *(u64 *)(r1 + 56)\nif r3 >= r7 goto out`,
      { a: 8n, pkt: 8 },
      { a: 7n, pkt: 8 },
    ],
    [
      'one byte more read back',
      '*(u64 *)(r10 - 16) = 1\n*(u64 *)(r10 - 8) = r7\nr5 = *(u64 *)(r10 - 16)\nr7 = *(u64 *)(r10 - 8)\nr7 += r5\nif r3 >= r7 goto out',
      { a: 8n, pkt: 8 },
      { a: 7n, pkt: 8 },
    ],
  ]),
  ...rows('spilled pointer', asm(P.buf, P.a), '', [
    [
      'low byte changed',
      asm('*(u64 *)(r10 - 8) = r6\n*(u8 *)(r10 - 8) = 16\nr6 = *(u64 *)(r10 - 8)', bad(read(1))),
      { a: 0n },
    ],
    [
      'high half changed',
      asm('*(u64 *)(r10 - 8) = r6\n*(u32 *)(r10 - 4) = r3\nr6 = *(u64 *)(r10 - 8)', bad(read(1))),
      { a: 1n },
      { a: 0n },
    ],
    [
      'changed atomically',
      asm('*(u64 *)(r10 - 8) = r6\nlock *(u64 *)(r10 - 8) += r3\nr6 = *(u64 *)(r10 - 8)', bad(read(1))),
      { a: 16n },
      { a: 15n },
    ],
    [
      'replaced by a number on one path',
      asm(
        '*(u64 *)(r10 - 8) = r6\nif r3 == 0 goto use\n*(u64 *)(r10 - 8) = r3\nuse:\nr6 = *(u64 *)(r10 - 8)',
        bad(read(1)),
      ),
      { a: 5n },
      { a: 0n },
    ],
    [
      'moved on by 16 in its slot',
      asm('r6 += 16\n*(u64 *)(r10 - 8) = r6\nr6 = *(u64 *)(r10 - 8)\nr3 &= 1\nr6 -= r3', bad(read(1))),
      { a: 0n },
      { a: 1n },
    ],
    [
      'cut to 4 bytes and past the end',
      asm('*(u64 *)(r10 - 8) = 0\n*(u32 *)(r10 - 8) = r6\nr6 = *(u64 *)(r10 - 8)\nr6 += r3', bad(read(1))),
      { a: 16n },
      { a: 15n },
    ],
    [
      'kept in a global, past the end',
      asm('r5 = g ll\n*(u64 *)(r5 + 0) = r6\nr6 = *(u64 *)(r5 + 0)\nr6 += r3', bad(write(1))),
      { a: 16n },
      { a: 15n },
    ],
  ]).map((r) => ({ ...r, text: r.text.includes('g ll') ? asm('.bss g 8', r.text) : r.text })),
];

const stale = rows('stale', PKT, AT, [
  ['i + 1 after the check', 'if r3 >= r7 goto out\nr3 += 1', { a: 7n, pkt: 8 }, { a: 6n, pkt: 8 }],
  ['i - 1 after the check', 'if r3 >= r7 goto out\nr3 += -1', { a: 0n, pkt: 8 }, { a: 7n, pkt: 8 }],
  ['i * 2 after the check', 'if r3 >= r7 goto out\nr3 <<= 1', { a: 4n, pkt: 8 }, { a: 3n, pkt: 8 }],
  [
    'i replaced after the check',
    `${P.b}\nif r3 >= r7 goto out\nr3 = r4`,
    { a: 1n, b: 8n, pkt: 8 },
    { a: 1n, b: 7n, pkt: 8 },
  ],
  [
    'copy checked, then the copy changed',
    'r4 = r3\nif r4 >= r7 goto out\nr4 += 1\nr3 = r4',
    { a: 7n, pkt: 8 },
    { a: 6n, pkt: 8 },
  ],
  [
    'original changed, then the copy checked',
    'r4 = r3\nr3 += 1\nif r4 >= r7 goto out',
    { a: 7n, pkt: 8 },
    { a: 6n, pkt: 8 },
  ],
  [
    'copy of a copy, changed in between',
    'r4 = r3\nr4 += 1\nr5 = r4\nif r3 >= r7 goto out\nr3 = r5',
    { a: 7n, pkt: 8 },
    { a: 6n, pkt: 8 },
  ],
  ['another number checked', `${P.b}\nif r4 >= r7 goto out`, { a: 8n, pkt: 8 }, { a: 7n, pkt: 8 }],
  [
    'checked on one path only',
    `${P.b}\nif r4 == 1 goto use\nif r3 >= r7 goto out\nuse:`,
    { a: 8n, b: 1n, pkt: 8 },
    { a: 7n, b: 1n, pkt: 8 },
  ],
  [
    'checked on both paths, loosely on one',
    `${P.b}\nif r4 == 1 goto loose\nif r3 >= r7 goto out\ngoto use\nloose:\nif r3 > r7 goto out\nuse:`,
    { a: 8n, b: 1n, pkt: 8 },
    { a: 8n, b: 0n, pkt: 8 },
  ],
  [
    'checked where the other branch comes back',
    'r4 = 0\nif r3 < r7 goto ok\nr4 = 1\nok:\nif r4 == 2 goto out',
    { a: 8n, pkt: 8 },
    { a: 7n, pkt: 8 },
  ],
  [
    'a flag that says the opposite',
    'r4 = 0\nif r3 < r7 goto ok\nr4 = 1\nok:\nif r4 == 0 goto out',
    { a: 8n, pkt: 8 },
    { a: 7n, pkt: 8 },
  ],
  [
    'a flag for another index',
    `${P.b}\nr5 = 0\nif r4 < r7 goto ok\nr5 = 1\nok:\nif r5 == 1 goto out`,
    { a: 8n, pkt: 8 },
    { a: 7n, pkt: 8 },
  ],
  ['both ways of a branch lead here', 'if r3 < r7 goto use\nr0 = 1\nuse:', { a: 8n, pkt: 8 }, { a: 7n, pkt: 8 }],
  ['n grew after the check', 'r7 += 1\nif r3 >= r7 goto out\nr7 += -1', { a: 8n, pkt: 8 }, { a: 7n, pkt: 8 }],
  [
    'n was replaced by a number',
    `${P.b}\nr7 = r4\nif r3 >= r7 goto out`,
    { a: 8n, b: 9n, pkt: 8 },
    { a: 8n, b: 8n, pkt: 8 },
  ],
  ['base moved on after the check', 'if r3 >= r7 goto out\nr6 += 1', { a: 7n, pkt: 8 }, { a: 6n, pkt: 8 }],
  ['base moved on by the checked index twice', 'if r3 >= r7 goto out\nr6 += r3', { a: 4n, pkt: 8 }, { a: 3n, pkt: 8 }],
  [
    'base moved on, length not lowered',
    'if r7 < 4 goto out\nr6 += 4\nif r3 >= r7 goto out',
    { a: 4n, pkt: 8 },
    { a: 3n, pkt: 8 },
  ],
  [
    'base moved on, length lowered by less',
    'if r7 < 4 goto out\nr6 += 4\nr7 += -3\nif r3 >= r7 goto out',
    { a: 4n, pkt: 8 },
    { a: 3n, pkt: 8 },
  ],
  ['base moved on, length below 0', 'r6 += 4\nr7 += -4\nif r3 >= r7 goto out', { a: 0n, pkt: 3 }, { a: 0n, pkt: 5 }],
  [
    'joined from two bases',
    `${P.b}\nif r4 == 0 goto ok\nr6 += 1\nok:\nif r3 >= r7 goto out`,
    { a: 7n, b: 1n, pkt: 8 },
    { a: 7n, b: 0n, pkt: 8 },
  ],
  [
    'index joined with n',
    `${P.b}\nif r3 >= r7 goto out\nif r4 == 0 goto ok\nr3 = r7\nok:`,
    { a: 1n, b: 1n, pkt: 8 },
    { a: 1n, b: 0n, pkt: 8 },
  ],
  [
    'index joined with itself plus 1',
    `${P.b}\nif r3 >= r7 goto out\nif r4 == 0 goto ok\nr3 += 1\nok:`,
    { a: 7n, b: 1n, pkt: 8 },
    { a: 7n, b: 0n, pkt: 8 },
  ],
  [
    'checked in an earlier round only',
    'if r3 >= r7 goto out\nr4 = 0\nloop:\nr5 = r6\nr5 += r3\nr5 += 1\nif r4 == 3 goto last\nr3 += 1\nr4 += 1\ngoto loop\nlast:',
    { a: 5n, pkt: 8 },
    { a: 4n, pkt: 8 },
  ],
  [
    'a loop leaves with an older check',
    'r4 = r7\nloop:\nif r3 < r4 goto done\nr4 += 1\nif r4 < 70 goto loop\ngoto out\ndone:',
    { a: 8n, pkt: 8 },
    { a: 7n, pkt: 8 },
  ],
]);

const OUTLEN = 'r8 = *(u32 *)(r1 + 40)';
const regions = [
  ...rows('region', asm(P.pkt, P.len, P.a), '', [
    [
      "pkt with out's length",
      asm(OUTLEN, 'if r3 >= r8 goto out', AT),
      { a: 8n, pkt: 8, out: 9 },
      { a: 7n, pkt: 8, out: 9 },
    ],
    [
      "out with pkt's length",
      asm(P.out, 'if r3 >= r7 goto out', 'r6 += r3', bad(write(1))),
      { a: 8n, pkt: 9, out: 8 },
      { a: 7n, pkt: 9, out: 8 },
    ],
    ["buf with pkt's length", asm(P.buf, 'if r3 >= r7 goto out', AT), { a: 16n, pkt: 20 }, { a: 15n, pkt: 20 }],
    ["pkt with buf's length", asm('if r3 >= 16 goto out', AT), { a: 8n, pkt: 8 }, { a: 7n, pkt: 8 }],
    [
      "the context with pkt's length",
      asm('if r7 > 88 goto out\nif r3 >= r7 goto out\nr3 += 48\nr1 += r3', bad(read(1, 0, 'r1'))),
      { a: 40n, pkt: 64 },
      { a: 39n, pkt: 64 },
    ],
    [
      "the stack with pkt's length",
      asm(
        '*(u64 *)(r10 - 8) = 0\n*(u64 *)(r10 - 16) = 0\nif r3 >= r7 goto out\nr5 = r10\nr5 += -16\nr5 += r3',
        bad(read(1, 0, 'r5')),
      ),
      { a: 16n, pkt: 20 },
      { a: 15n, pkt: 20 },
    ],
    [
      "pkt's end for out",
      asm('r5 = r6\nr5 += r7', P.out, 'if r6 < r5 goto out', bad(write(1, 7))),
      { pkt: 8, out: 7 },
      { pkt: 8, out: 8 },
    ],
    [
      "out's end for pkt",
      asm('r5 = *(u64 *)(r1 + 32)', OUTLEN, 'r5 += r8\nr4 = r6\nr4 += 4\nif r4 > r5 goto out', bad(read(4))),
      { pkt: 3, out: 4 },
      { pkt: 4, out: 4 },
    ],
    [
      'difference of two regions as an index',
      asm('r4 = *(u64 *)(r1 + 32)\nr4 -= r6\nr3 = r4\nr3 += 8', AT),
      { pkt: 8, out: 8 },
    ],
    [
      'offset in pkt applied to out',
      asm('if r3 >= r7 goto out\nr5 = r6\nr5 += r3\nr5 -= r6', P.out, 'r6 += r5', bad(write(1))),
      { a: 8n, pkt: 9, out: 8 },
      { a: 7n, pkt: 9, out: 8 },
    ],
    [
      'the base of another region on one path',
      asm(P.b, 'if r3 >= r7 goto out\nif r4 == 0 goto ok', P.out, 'ok:', AT),
      { a: 7n, b: 1n, pkt: 8, out: 7 },
      { a: 7n, b: 1n, pkt: 8, out: 8 },
    ],
    [
      'the length of another region on one path',
      asm(P.b, OUTLEN, 'if r4 == 0 goto ok\nr7 = r8\nok:\nif r3 >= r7 goto out', AT),
      { a: 8n, b: 1n, pkt: 8, out: 9 },
      { a: 8n, b: 0n, pkt: 9, out: 8 },
    ],
    [
      'sum of both lengths',
      asm(OUTLEN, 'r7 += r8\nif r3 >= r7 goto out', AT),
      { a: 8n, pkt: 8, out: 1 },
      { a: 7n, pkt: 8, out: 1 },
    ],
    [
      'larger of both lengths',
      asm(OUTLEN, 'if r8 < r7 goto ok\nr7 = r8\nok:\nif r3 >= r7 goto out', AT),
      { a: 8n, pkt: 8, out: 9 },
      { a: 7n, pkt: 8, out: 9 },
    ],
    [
      'lengths equal, then out moved on',
      asm(OUTLEN, 'if r7 != r8 goto out\nif r3 >= r7 goto out', P.out, 'r6 += 1\nr6 += r3', bad(write(1))),
      { a: 7n, pkt: 8, out: 8 },
      { a: 6n, pkt: 8, out: 8 },
    ],
    [
      'lengths compared the wrong way',
      asm(OUTLEN, 'if r7 > r8 goto out\nif r3 >= r8 goto out', AT),
      { a: 8n, pkt: 8, out: 9 },
      { a: 7n, pkt: 8, out: 9 },
    ],
    ['index times 0 of the other region', asm(OUTLEN, 'r4 = r8\nr4 -= r8\nr3 = r7\nr3 += r4', AT), { pkt: 8 }],
  ]),
];

/** Numbers that come out of memory, atomics and helpers, and that nothing bounds. */
const values = [
  ...rows('value', BUF, AT, [
    ['from a global', asm('r5 = g ll\nr3 = *(u8 *)(r5 + 0)'), { a: 0n }],
    [
      'from a global that was checked, then written',
      asm(
        P.b,
        'r5 = z ll\n*(u64 *)(r5 + 0) = r3\nr3 = *(u64 *)(r5 + 0)\nif r3 > 15 goto out\n*(u64 *)(r5 + 0) = r4\nr3 = *(u64 *)(r5 + 0)',
      ),
      { b: 16n },
      { b: 15n },
    ],
    [
      'from a global checked in another load',
      asm('r5 = z ll\n*(u64 *)(r5 + 0) = r3\nr4 = *(u32 *)(r5 + 0)\nif r4 > 15 goto out\nr3 = *(u64 *)(r5 + 0)'),
      { a: 1n << 32n },
      { a: 15n },
    ],
    [
      'from the context, written since',
      asm('if r3 > 15 goto out\n*(u8 *)(r1 + 48) = 16\nr3 = *(u64 *)(r1 + 48)'),
      { a: 0n },
    ],
    ['from a field with no range', 'r3 = *(u64 *)(r1 + 64)', { c: 16n }, { c: 15n }],
    ['a range of 15, then + 1', asm(P.kind, 'r3 += 1'), { kind: 15 }, { kind: 14 }],
    ['a range of 15, then * 2', asm(P.kind, 'r3 <<= 1'), { kind: 8 }, { kind: 7 }],
    ['a range of 15 in the low half of 8 bytes', asm('r3 = *(u64 *)(r1 + 44)'), { kind: 3, a: 1n }, { kind: 3 }],
    ['two bytes of it and two more', asm('r3 = *(u32 *)(r1 + 46)'), { kind: 3, a: 1n }, { kind: 3 }],
    [
      'fetched by an atomic addition',
      asm('*(u64 *)(r10 - 8) = r3\nr3 = 1\nr3 = atomic_fetch_add((u64 *)(r10 - 8), r3)'),
      { a: 16n },
      { a: 15n },
    ],
    [
      'fetched, the operand was checked',
      asm('*(u64 *)(r10 - 8) = r3\nr3 = 1\nif r3 > 15 goto out\nr3 = atomic_fetch_add((u64 *)(r10 - 8), r3)'),
      { a: 16n },
      { a: 15n },
    ],
    [
      'fetched in 32 bits',
      asm('*(u64 *)(r10 - 8) = r3\nr3 = 0\nw3 = atomic_fetch_or((u32 *)(r10 - 8), w3)'),
      { a: 16n },
      { a: 15n },
    ],
    [
      'fetched by and: the old value',
      asm('*(u64 *)(r10 - 8) = r3\nr3 = 15\nr3 = atomic_fetch_and((u64 *)(r10 - 8), r3)'),
      { a: 16n },
      { a: 15n },
    ],
    [
      'exchanged out of memory',
      asm('*(u64 *)(r10 - 8) = r3\nr3 = 7\nr3 = xchg_64(r10 - 8, r3)'),
      { a: 16n },
      { a: 15n },
    ],
    [
      'r0 of cmpxchg',
      asm('*(u64 *)(r10 - 8) = r3\nr0 = 3\nr4 = 5\nr0 = cmpxchg_64(r10 - 8, r0, r4)\nr3 = r0'),
      { a: 16n },
      { a: 15n },
    ],
    [
      'r0 of cmpxchg in 32 bits',
      asm('*(u64 *)(r10 - 8) = r3\nw0 = 3\nw4 = 5\nw0 = cmpxchg32_32(r10 - 8, w0, w4)\nr3 = r0'),
      { a: 0x10n },
      { a: 15n },
    ],
    [
      'in memory after an addition in place',
      asm('*(u64 *)(r10 - 8) = 15\nlock *(u64 *)(r10 - 8) += r3\nr3 = *(u64 *)(r10 - 8)'),
      { a: 1n },
      { a: 0n },
    ],
    [
      'in memory after xor in place',
      asm('*(u64 *)(r10 - 8) = 15\nlock *(u64 *)(r10 - 8) ^= r3\nr3 = *(u64 *)(r10 - 8)'),
      { a: 16n },
      { a: 0n },
    ],
  ]).map((r) => ({
    ...r,
    text: asm(r.text.includes('g ll') ? '.data g 10' : '', r.text.includes('z ll') ? '.bss z 8' : '', r.text),
  })),
  ...rows('helper result', asm('r9 = r1'), asm('r6 = *(u64 *)(r9 + 0)\nr6 += r0', bad(write(1))), [
    ['a time', 'call 0x20', {}],
    [
      'a signed result, upper bound only',
      'r1 = 3\nr2 = r10\nr2 += -8\n*(u64 *)(r10 - 8) = 0\ncall 0x32\nif r0 s> 15 goto out',
      {},
    ],
    ['a stored value', 'r1 = 1\nr2 = 16\ncall 0x10\nr1 = 1\nr2 = r10\nr2 += -4\ncall 0x12\nr0 = *(u32 *)(r10 - 4)', {}],
    [
      'a slot that a helper wrote over',
      '*(u64 *)(r10 - 8) = 3\nr1 = 1\nr2 = 16\ncall 0x10\nr1 = 1\nr2 = r10\nr2 += -8\ncall 0x12\nr0 = *(u64 *)(r10 - 8)',
      {},
    ],
    [
      'a slot that memcpy wrote over',
      asm(
        '*(u64 *)(r10 - 8) = 3\n*(u64 *)(r10 - 16) = 16\nr1 = r10\nr1 += -8\nr2 = r10\nr2 += -16\nr3 = 8\ncall 0x02\nr0 = *(u64 *)(r10 - 8)',
      ),
      {},
    ],
    [
      'a slot that memcpy wrote in part',
      asm(
        '*(u64 *)(r10 - 8) = 3\n*(u64 *)(r10 - 16) = 16\nr1 = r10\nr1 += -8\nr2 = r10\nr2 += -16\nr3 = 1\ncall 0x02\nr0 = *(u64 *)(r10 - 8)',
      ),
      {},
    ],
    [
      'a slot that memcpy of unknown length wrote',
      asm(
        '*(u64 *)(r10 - 8) = 3\n*(u64 *)(r10 - 16) = 16\nr1 = r10\nr1 += -8\nr2 = r10\nr2 += -16\nr3 = *(u64 *)(r9 + 48)\nr3 &= 7\ncall 0x02\nr0 = *(u64 *)(r10 - 8)',
      ),
      { a: 1n },
      { a: 0n },
    ],
    ['a handle + 15', 'r1 = 0\ncall 0x30\nr0 += 15', {}],
  ]),
];

const MEM = (dst: string, src: string, n: string): string => asm('r9 = r1', n, dst, src, bad('call 0x02'), 'r0 = 0');
const helpers = [
  ...rows(
    'helper buffer',
    '',
    '',
    [
      [
        'memcpy of up to 17 from buf',
        MEM('r1 = r10\nr1 += -32', 'r2 = *(u64 *)(r9 + 0)', 'r3 = *(u64 *)(r1 + 48)\nif r3 > 17 goto out'),
        { a: 17n },
        { a: 16n },
      ],
      [
        'memcpy of up to 17 to buf',
        MEM(
          'r2 = r10\nr2 += -32\n*(u64 *)(r2 + 0) = 1\n*(u64 *)(r2 + 8) = 1\n*(u64 *)(r2 + 16) = 1',
          'r1 = *(u64 *)(r9 + 0)',
          'r3 = *(u64 *)(r1 + 48)\nif r3 > 17 goto out',
        ),
        { a: 17n },
        { a: 16n },
      ],
      [
        'memcpy of up to 16 to buf + 1',
        MEM(
          'r2 = r10\nr2 += -16\n*(u64 *)(r2 + 0) = 1\n*(u64 *)(r2 + 8) = 1',
          'r1 = *(u64 *)(r9 + 0)\nr1 += 1',
          'r3 = *(u64 *)(r1 + 48)\nif r3 > 16 goto out',
        ),
        { a: 16n },
        { a: 15n },
      ],
      [
        'memcpy of len + 1 bytes of pkt',
        MEM('r1 = r10\nr1 += -80', 'r2 = *(u64 *)(r9 + 8)', 'r3 = *(u32 *)(r1 + 16)\nr3 += 1'),
        { pkt: 8 },
      ],
      [
        'memcpy of len bytes from pkt + 1',
        MEM('r1 = r10\nr1 += -80', 'r2 = *(u64 *)(r9 + 8)\nr2 += 1', 'r3 = *(u32 *)(r1 + 16)'),
        { pkt: 8 },
        { pkt: 0 },
      ],
      [
        "memcpy of out's length from pkt",
        MEM('r1 = r10\nr1 += -80', 'r2 = *(u64 *)(r9 + 8)', 'r3 = *(u32 *)(r1 + 40)'),
        { pkt: 8, out: 9 },
        { pkt: 8, out: 8 },
      ],
      [
        "memcpy of pkt's length to out",
        MEM('r1 = *(u64 *)(r9 + 32)', 'r2 = *(u64 *)(r9 + 8)', 'r3 = *(u32 *)(r1 + 16)'),
        { pkt: 9, out: 8 },
        { pkt: 8, out: 8 },
      ],
      [
        'memcpy of the longer of both',
        MEM(
          'r1 = *(u64 *)(r9 + 32)',
          'r2 = *(u64 *)(r9 + 8)',
          'r3 = *(u32 *)(r1 + 16)\nr4 = *(u32 *)(r1 + 40)\nif r3 > r4 goto ok\nr3 = r4\nok:',
        ),
        { pkt: 9, out: 8 },
        { pkt: 8, out: 8 },
      ],
      [
        'memcpy of pkt into 63 bytes of stack',
        MEM('r1 = r10\nr1 += -63', 'r2 = *(u64 *)(r9 + 8)', 'r3 = *(u32 *)(r1 + 16)'),
        { pkt: 64 },
        { pkt: 63 },
      ],
      [
        'length with a high half: signed check',
        MEM('r1 = r10\nr1 += -32', 'r2 = *(u64 *)(r9 + 0)', 'r3 = *(u64 *)(r1 + 48)\nif r3 s> 16 goto out'),
        { a: -1n },
        { a: 16n },
      ],
      [
        'length: high half only',
        MEM(
          'r1 = r10\nr1 += -32',
          'r2 = *(u64 *)(r9 + 0)',
          'r3 = *(u64 *)(r1 + 48)\nr4 = r3\nr4 >>= 32\nif r4 != 0 goto out',
        ),
        { a: 17n },
        { a: 16n },
      ],
      [
        'length - 4 below 0',
        MEM('r1 = r10\nr1 += -80', 'r2 = *(u64 *)(r9 + 8)\nr2 += 4', 'r3 = *(u32 *)(r1 + 16)\nr3 += -4'),
        { pkt: 3 },
        { pkt: 8 },
      ],
      [
        'length rounded up to 4',
        MEM('r1 = r10\nr1 += -80', 'r2 = *(u64 *)(r9 + 8)', 'r3 = *(u32 *)(r1 + 16)\nr3 += 3\nr3 &= -4'),
        { pkt: 5 },
        { pkt: 8 },
      ],
      [
        'count of halves times 4',
        MEM('r1 = r10\nr1 += -256', 'r2 = *(u64 *)(r9 + 24)', 'r3 = *(u32 *)(r1 + 20)\nr3 <<= 2'),
        { arr: 2 },
        { arr: 0 },
      ],
      [
        'offset and length, only the length checked',
        MEM(
          'r1 = r10\nr1 += -80',
          'r2 = *(u64 *)(r9 + 8)\nr4 = *(u64 *)(r9 + 56)\nif r4 > 64 goto out\nr2 += r4',
          'r3 = *(u64 *)(r1 + 48)\nr4 = *(u32 *)(r1 + 16)\nif r3 > r4 goto out',
        ),
        { pkt: 8, a: 8n, b: 1n },
        { pkt: 8, a: 8n, b: 0n },
      ],
      [
        'offset + length <= n wraps',
        MEM(
          'r1 = r10\nr1 += -80',
          'r2 = *(u64 *)(r9 + 8)\nr4 = *(u64 *)(r9 + 56)\nr2 += r4',
          'r3 = *(u64 *)(r1 + 48)\nr3 &= 63\nr4 = *(u64 *)(r1 + 56)\nr4 += r3\nr5 = *(u32 *)(r1 + 16)\nif r4 > r5 goto out',
        ),
        { pkt: 8, a: 8n, b: -4n },
        { pkt: 8, a: 4n, b: 4n },
      ],
      [
        'fetch at a masked place of buf',
        asm('r2 = *(u64 *)(r1 + 0)\nr3 = *(u64 *)(r1 + 48)\nr3 &= 15\nr2 += r3\nr1 = 1', bad('call 0x12'), 'r0 = 0'),
        { a: 13n },
        { a: 12n },
      ],
      [
        'fetch at i < n of out',
        asm(
          'r2 = *(u64 *)(r1 + 32)\nr3 = *(u64 *)(r1 + 48)\nr4 = *(u32 *)(r1 + 40)\nif r3 >= r4 goto out\nr2 += r3\nr1 = 1',
          bad('call 0x12'),
          'r0 = 0',
        ),
        { a: 5n, out: 8 },
        { a: 4n, out: 8 },
      ],
      [
        'decimal of 10 bytes into 9 of out',
        asm('r4 = *(u32 *)(r1 + 40)\nif r4 < 9 goto out\nr1 = *(u64 *)(r1 + 32)\nr2 = 1', bad('call 0x51'), 'r0 = 0'),
        { out: 9 },
        { out: 10 },
      ],
      ['a number as the address', asm('r2 = *(u64 *)(r1 + 48)\nr1 = 1', bad('call 0x12'), 'r0 = 0'), { a: 5n }],
    ],
    'FCC0106',
  ),
  ...refused('helper buffer', [
    ['4 bytes at the last 3 of the stack', 'r1 = 1\nr2 = r10\nr2 += -3\ncall 0x12\nr0 = 0', 'FCC0106'],
    ['4 bytes one below the stack', 'r1 = 1\nr2 = r10\nr2 += -513\ncall 0x12\nr0 = 0', 'FCC0106'],
    ['10 bytes at the last 9', 'r1 = r10\nr1 += -9\nr2 = 7\ncall 0x51\nr0 = 0', 'FCC0106'],
    ['8 bytes at the last 7', 'r1 = r10\nr1 += -7\nr2 = 7\nr3 = 0\ncall 0x50\nr0 = 0', 'FCC0106'],
    ['4 bytes at byte 13 of buf', 'r2 = *(u64 *)(r1 + 0)\nr2 += 13\nr1 = 1\ncall 0x12\nr0 = 0', 'FCC0106'],
    ['4 bytes one before buf', 'r2 = *(u64 *)(r1 + 0)\nr2 += -1\nr1 = 1\ncall 0x12\nr0 = 0', 'FCC0106'],
    ['17 bytes from buf', 'r2 = *(u64 *)(r1 + 0)\nr1 = r10\nr1 += -24\nr3 = 17\ncall 0x02\nr0 = 0', 'FCC0106'],
    ['65 bytes of pkt', 'r2 = *(u64 *)(r1 + 8)\nr1 = r10\nr1 += -80\nr3 = 65\ncall 0x02\nr0 = 0', 'FCC0106'],
    ['2^32 - 1 bytes', 'r2 = *(u64 *)(r1 + 0)\nr1 = r10\nr1 += -24\nw3 = -1\ncall 0x02\nr0 = 0', 'FCC0106'],
    ['written into pkt', 'r2 = *(u64 *)(r1 + 8)\nr1 = 1\ncall 0x12\nr0 = 0', 'FCC0108'],
    ['written over the pointer field of the context', 'r2 = r1\nr1 = 1\ncall 0x12\nr0 = 0', 'FCC0108'],
    ['written half over a read-only field', 'r2 = r1\nr2 += 62\nr1 = 1\ncall 0x12\nr0 = 0', 'FCC0108'],
  ]),
];

const calls: BadRow[] = (
  [
    [
      'two callers, one with a length too large',
      asm(
        'entry main:',
        'r9 = r1\nr2 = *(u32 *)(r9 + 16)\nr1 = *(u64 *)(r9 + 8)\ncall f\nr2 = *(u32 *)(r9 + 16)\nr2 += 1\nr1 = *(u64 *)(r9 + 8)\ncall f\nexit',
        'func f:\nr0 = 0\nif r2 == 0 goto out\nr1 += r2',
        bad(read(1, -1, 'r1')),
        'out:\nexit',
      ),
      { pkt: 8 },
    ],
    [
      "one caller gives the other region's length",
      asm(
        'entry main:',
        'r9 = r1\nr2 = *(u32 *)(r9 + 40)\nr1 = *(u64 *)(r9 + 8)\ncall f\nexit',
        'func f:\nr0 = 0\nif r2 == 0 goto out\nr1 += r2',
        bad(read(1, -1, 'r1')),
        'out:\nexit',
      ),
      { pkt: 8, out: 9 },
      { pkt: 8, out: 8 },
    ],
    [
      'two callers with regions swapped',
      asm(
        'entry main:',
        'r9 = r1\nr2 = *(u32 *)(r9 + 16)\nr1 = *(u64 *)(r9 + 8)\ncall f\nr2 = *(u32 *)(r9 + 16)\nr1 = *(u64 *)(r9 + 32)\ncall f\nexit',
        'func f:\nr0 = 0\nif r2 < 4 goto out',
        bad(read(4, 0, 'r1')),
        'out:\nexit',
      ),
      { pkt: 4, out: 3 },
      { pkt: 4, out: 4 },
    ],
    [
      'the callee checks i <= n',
      asm(
        'entry main:',
        'r3 = *(u64 *)(r1 + 48)\nr2 = *(u32 *)(r1 + 16)\nr1 = *(u64 *)(r1 + 8)\ncall f\nexit',
        'func f:\nr0 = 0\nif r3 > r2 goto out\nr1 += r3',
        bad(read(1, 0, 'r1')),
        'out:\nexit',
      ),
      { a: 8n, pkt: 8 },
      { a: 7n, pkt: 8 },
    ],
    [
      'the callee gives back an unchecked index',
      asm(
        'entry main:',
        'r9 = r1\nr1 = *(u64 *)(r9 + 48)\ncall f\nr6 = *(u64 *)(r9 + 0)\nr6 += r0',
        bad(read(1)),
        'exit',
        'func f:\nr0 = r1\nif r1 > 15 goto out\nr0 += 1\nout:\nexit',
      ),
      { a: 15n },
      { a: 14n },
    ],
    [
      'the callee gives back one of two',
      asm(
        'entry main:',
        'r9 = r1\nr1 = *(u64 *)(r9 + 48)\ncall f\nr6 = *(u64 *)(r9 + 0)\nr6 += r0',
        bad(read(1)),
        'exit',
        'func f:\nr0 = 15\nif r1 > 15 goto out\nr0 = 16\nout:\nexit',
      ),
      { a: 15n },
      { a: 16n },
    ],
    [
      "writes over the caller's checked index",
      asm(
        'entry main:',
        'r9 = r1\nr3 = *(u64 *)(r9 + 48)\nr0 = 0\nif r3 > 15 goto out\n*(u64 *)(r10 - 8) = r3\nr1 = r10\nr1 += -8\ncall f\nr3 = *(u64 *)(r10 - 8)\nr6 = *(u64 *)(r9 + 0)\nr6 += r3',
        bad(read(1)),
        'out:\nexit',
        'func f:\nr2 = *(u64 *)(r1 + 0)\nr2 += 1\n*(u64 *)(r1 + 0) = r2\nr0 = 0\nexit',
      ),
      { a: 15n },
      { a: 14n },
    ],
    [
      "writes over the caller's index by way of a second callee",
      asm(
        'entry main:',
        'r9 = r1\n*(u64 *)(r10 - 8) = 3\nr2 = *(u64 *)(r9 + 48)\nr1 = r10\nr1 += -8\ncall f\nr3 = *(u64 *)(r10 - 8)\nr6 = *(u64 *)(r9 + 0)\nr6 += r3',
        bad(read(1)),
        'exit',
        'func f:\ncall g\nexit',
        'func g:\n*(u64 *)(r1 + 0) = r2\nr0 = 0\nexit',
      ),
      { a: 16n },
      { a: 15n },
    ],
    [
      "writes over the caller's pointer found in its frame",
      asm(
        'entry main:',
        'r9 = r1\n*(u64 *)(r10 - 16) = 3\nr2 = r10\nr2 += -16\n*(u64 *)(r10 - 8) = r2\nr1 = r10\nr1 += -8\ncall f\nr3 = *(u64 *)(r10 - 16)\nr6 = *(u64 *)(r9 + 0)\nr6 += r3',
        bad(read(1)),
        'exit',
        'func f:\nr1 = *(u64 *)(r1 + 0)\n*(u8 *)(r1 + 0) = 16\nr0 = 0\nexit',
      ),
      {},
    ],
    [
      'an index relative to a length that the callee changed',
      asm(
        'entry main:',
        'r9 = r1\nr3 = *(u64 *)(r9 + 48)\nr7 = *(u32 *)(r9 + 16)\n*(u64 *)(r10 - 8) = r7\nr8 = r3\nr1 = r10\nr1 += -8\ncall f\nr7 = *(u64 *)(r10 - 8)\nr0 = 0\nif r8 >= r7 goto out\nr6 = *(u64 *)(r9 + 8)\nr6 += r8',
        bad(read(1)),
        'out:\nexit',
        'func f:\nr0 = 1\nlock *(u64 *)(r1 + 0) += r0\nr0 = 0\nexit',
      ),
      { a: 8n, pkt: 8 },
      { a: 7n, pkt: 8 },
    ],
    [
      'frame array of 16, callee index to 16',
      asm(
        'entry main:',
        'r2 = *(u64 *)(r1 + 48)\n*(u64 *)(r10 - 8) = 0\n*(u64 *)(r10 - 16) = 0\nr1 = r10\nr1 += -16\ncall f\nexit',
        'func f:\nr0 = 0\nif r2 > 16 goto out\nr1 += r2',
        bad(write(1, 0, 'r1')),
        'out:\nexit',
      ),
      { a: 16n },
      { a: 15n },
    ],
    [
      'two callers, another frame offset',
      asm(
        'entry main:',
        'r9 = r1\n*(u64 *)(r10 - 8) = 0\n*(u64 *)(r10 - 16) = 0\nr2 = *(u64 *)(r9 + 48)\nr1 = r10\nr1 += -16\ncall f\nr2 = *(u64 *)(r9 + 48)\nr1 = r10\nr1 += -15\ncall f\nexit',
        'func f:\nr0 = 0\nif r2 > 15 goto out\nr1 += r2',
        bad(write(1, 0, 'r1')),
        'out:\nexit',
      ),
      { a: 15n },
      { a: 14n },
    ],
    [
      'one of two functions by a pointer',
      asm(
        'entry main:',
        'r9 = r1\nr3 = *(u64 *)(r9 + 56)\nr1 = *(u64 *)(r9 + 0)\nr2 = *(u64 *)(r9 + 48)\nr4 = f ll\nif r3 == 0 goto use\nr4 = g ll\nuse:\ncallx r4\nexit',
        'func f:\nr0 = 0\nif r2 > 15 goto out\nr1 += r2',
        read(1, 0, 'r1'),
        'out:\nexit',
        'func g:\nr0 = 0\nif r2 > 16 goto out\nr1 += r2',
        bad(read(1, 0, 'r1')),
        'out:\nexit',
      ),
      { a: 16n, b: 1n },
      { a: 16n, b: 0n },
    ],
  ] as const satisfies readonly Short[]
).map(([name, text, trap, ...rest]: Short) => ({
  name: `call: ${name}`,
  text,
  code: 'FCC0107',
  trap,
  ...(rest[0] ? { fine: rest[0] } : {}),
}));

const callsRefused: BadRow[] = (
  [
    [
      "one byte below the caller's frame",
      'entry main:\nr1 = r10\nr1 += -512\ncall f\nexit\nfunc f:\n*(u8 *)(r1 - 1) = 0\nr0 = 0\nexit',
      'FCC0107',
    ],
    [
      "one byte above the caller's frame",
      'entry main:\nr1 = r10\ncall f\nexit\nfunc f:\n*(u8 *)(r1 + 0) = 0\nr0 = 0\nexit',
      'FCC0107',
    ],
    [
      "8 bytes at the caller's last 4",
      'entry main:\nr1 = r10\nr1 += -4\ncall f\nexit\nfunc f:\n*(u64 *)(r1 + 0) = 0\nr0 = 0\nexit',
      'FCC0107',
    ],
    [
      'behind buf, in a callee',
      'entry main:\nr1 = *(u64 *)(r1 + 0)\ncall f\nexit\nfunc f:\nr0 = *(u8 *)(r1 + 16)\nexit',
      'FCC0107',
    ],
    [
      'behind buf, two calls down',
      'entry main:\nr1 = *(u64 *)(r1 + 0)\ncall f\nexit\nfunc f:\nr1 += 8\ncall g\nexit\nfunc g:\nr0 = *(u64 *)(r1 + 1)\nexit',
      'FCC0107',
    ],
    [
      'a pointer given back, past its end',
      'entry main:\ncall f\nr0 = *(u8 *)(r0 + 1)\nexit\nfunc f:\nr0 = *(u64 *)(r1 + 0)\nr0 += 15\nexit',
      'FCC0107',
    ],
    [
      'r1 after the call',
      'entry main:\nr1 = *(u64 *)(r1 + 0)\nr6 = r1\ncall f\nr0 = *(u8 *)(r1 + 0)\nexit\nfunc f:\nr0 = 0\nexit',
      'FCC0101',
    ],
    [
      'r6 of the caller',
      'entry main:\nr6 = *(u64 *)(r1 + 0)\ncall f\nexit\nfunc f:\nr0 = *(u8 *)(r6 + 0)\nexit',
      'FCC0101',
    ],
    ['an argument that was not given', 'entry main:\nr1 = 0\ncall f\nexit\nfunc f:\nr3 += 1\nr0 = r3\nexit', 'FCC0101'],
  ] as const
).map(([name, text, code]) => ({ name: `call: ${name}`, text, code }));

/** Constant offsets one byte beyond every kind of memory. */
const G = (kind: string, n: number): string => (kind === 'bss' ? `.bss g ${n}` : `.${kind} g ${'01'.repeat(n)}`);
const constants: BadRow[] = [
  ...refused('constant', [
    ...([1, 2, 4, 8] as const).flatMap((s): (readonly [string, string, ErrorCode?])[] => [
      [`${s} bytes over the end of the stack`, write(s, -s + 1, 'r10')],
      [`${s} bytes one below the stack`, write(s, -513, 'r10')],
      [`${s} bytes over the end of the context`, read(s, 89 - s, 'r1')],
      [`${s} bytes one before the context`, read(s, -1, 'r1')],
      [`${s} bytes over the end of buf`, asm(P.buf, read(s, 17 - s))],
      [`${s} bytes one before buf`, asm(P.buf, write(s, -1))],
      [`${s} bytes over the longest pkt`, asm(P.pkt, read(s, 65 - s))],
      [`${s} bytes one before pkt`, asm(P.pkt, read(s, -1))],
      [`${s} bytes over the end of data`, asm(G('data', 16), 'r6 = g ll', read(s, 17 - s))],
      [`${s} bytes one before rodata`, asm(G('rodata', 16), 'r6 = g ll', read(s, -1))],
      [`${s} bytes over the end of bss`, asm(G('bss', 16), 'r6 = g ll', write(s, 17 - s))],
      [`${s} bytes over the end of pdu`, asm('call 0x43', write(s, 65 - s, 'r0'))],
    ]),
    ['atomic over the end of buf', asm(P.buf, 'r3 = 1\nlock *(u64 *)(r6 + 9) += r3')],
    ['atomic one before buf', asm(P.buf, 'r3 = 1\nlock *(u32 *)(r6 - 1) += w3')],
    ['exchange over the end of the stack', '*(u64 *)(r10 - 8) = 1\nr3 = 1\nr3 = xchg_64(r10 - 4, r3)'],
    ['behind buf by way of two additions', asm(P.buf, 'r6 += 20\nr6 += -4', read(1))],
    ['behind buf by way of 2^64', asm(P.buf, 'r3 = 0x8000000000000000 ll\nr6 += r3\nr6 += 16\nr6 += r3', read(1))],
    [
      'behind buf by way of a stored offset',
      asm(P.buf, '*(u64 *)(r10 - 8) = 16\nr3 = *(u64 *)(r10 - 8)\nr6 += r3', read(1)),
    ],
    ['before buf by subtraction', asm(P.buf, 'r3 = 1\nr6 -= r3', read(1))],
    ['behind buf by -16 twice', asm(P.buf, 'r3 = -16\nr6 -= r3', read(1))],
    ['a 32-bit -1 is 2^32 - 1', asm(P.buf, 'w3 = -1\nr6 += 1\nr6 += r3', read(1))],
    ['a byte shifted to 16', asm(P.buf, 'r3 = 1\nr3 <<= 4\nr6 += r3', read(1))],
    ['15 + 1 in 8 bits is 16', asm(P.buf, 'r3 = 15\nr3 += 1\nr3 &= 255\nr6 += r3', read(1))],
    ['-1 as unsigned byte', asm(P.buf, 'r3 = -1\nr3 &= 255\nr6 += r3', read(1))],
    ['255 as signed byte', asm(P.buf, 'r3 = 255\nr3 = (s8)r3\nr6 += r3', read(1))],
    ['null', 'r6 = 0\nr0 = *(u8 *)(r6 + 0)'],
    ['a small number', 'r6 = 64\nr0 = *(u64 *)(r6 - 8)'],
  ]),
  ...refused('rights', [
    ['one byte of the pointer field', '*(u8 *)(r1 + 7) = 0', 'FCC0108'],
    ['one byte over into the length field', '*(u8 *)(r1 + 16) = 0', 'FCC0108'],
    ['the last byte of c', '*(u8 *)(r1 + 71) = 0', 'FCC0108'],
    ['8 bytes from the last of b on', '*(u64 *)(r1 + 63) = 0', 'FCC0108'],
    ['8 bytes ending in a', '*(u64 *)(r1 + 41) = 0', 'FCC0108'],
    ['4 bytes that end with kind', '*(u32 *)(r1 + 45) = 0', 'FCC0108'],
    ['rodata', asm('.rodata g 0102', 'r6 = g ll\n*(u8 *)(r6 + 1) = 0'), 'FCC0108'],
    ['pkt', asm(P.pkt, P.len, 'if r7 < 4 goto out', '*(u8 *)(r6 + 3) = 0'), 'FCC0108'],
    ['an atomic on pkt', asm(P.pkt, P.len, 'if r7 < 4 goto out', 'r3 = 1\nlock *(u32 *)(r6 + 0) += w3'), 'FCC0108'],
    ['half a pointer field read', 'r0 = *(u32 *)(r1 + 4)', 'FCC0109'],
    ['a pointer field read one byte late', 'r0 = *(u64 *)(r1 + 1)', 'FCC0109'],
    ['a variable place among fields', asm(P.a, 'r3 &= 63\nr1 += r3\n*(u8 *)(r1 + 0) = 0'), 'FCC0110'],
    ['a variable place from 48 to 64', asm(P.a, 'if r3 > 16 goto out\nr1 += r3\n*(u8 *)(r1 + 48) = 0'), 'FCC0110'],
    ['a variable place below b', asm(P.a, 'if r3 > 12 goto out\nr3 += 44\nr1 += r3\n*(u8 *)(r1 + 0) = 0'), 'FCC0110'],
    ['stack never written', 'r0 = *(u64 *)(r10 - 8)', 'FCC0102'],
    ['stack, one byte below what was written', '*(u64 *)(r10 - 8) = 0\nr0 = *(u8 *)(r10 - 9)', 'FCC0102'],
  ]),
  // Variable indices into globals and the stack, one too far.
  ...(['data', 'bss', 'rodata'] as const).flatMap((kind): BadRow[] => [
    {
      name: `global: ${kind}, & 15 of 15 bytes and padding, then + 1`,
      text: prog(G(kind, 16), P.a, 'r6 = g ll\nr3 &= 15\nr3 += 1\nr6 += r3', bad(read(1))),
      code: 'FCC0107',
      trap: { a: 15n },
      fine: { a: 14n },
    },
    {
      name: `global: ${kind}, i <= 16`,
      text: prog(G(kind, 16), P.a, 'r6 = g ll\nif r3 > 16 goto out\nr6 += r3', bad(read(1))),
      code: 'FCC0107',
      trap: { a: 16n },
      fine: { a: 15n },
    },
    {
      name: `global: ${kind}, halves, i < 16`,
      text: prog(G(kind, 16), P.a, 'r6 = g ll\nif r3 >= 16 goto out\nr3 <<= 1\nr6 += r3', bad(read(2))),
      code: 'FCC0107',
      trap: { a: 8n },
      fine: { a: 7n },
    },
  ]),
  {
    name: 'stack: ring of 16, & 16',
    text: prog(
      P.a,
      '*(u64 *)(r10 - 8) = 0\n*(u64 *)(r10 - 16) = 0\nr3 &= 16\nr6 = r10\nr6 += -16\nr6 += r3',
      bad(read(1)),
    ),
    code: 'FCC0107',
    trap: { a: 16n },
    fine: { a: 15n },
  },
  {
    name: 'stack: index subtracted, below the frame',
    text: prog(P.a, 'r6 = r10\nif r3 > 513 goto out\nif r3 == 0 goto out\nr6 -= r3', bad(write(1))),
    code: 'FCC0107',
    trap: { a: 513n },
    fine: { a: 512n },
  },
  {
    name: 'stack: index subtracted, 0',
    text: prog(P.a, 'r6 = r10\nif r3 > 512 goto out\nr6 -= r3', bad(write(1))),
    code: 'FCC0107',
    trap: { a: 0n },
    fine: { a: 1n },
  },
  {
    name: 'pdu: i <= 64',
    text: prog(
      'r9 = r1\ncall 0x43\nr6 = r0\nr0 = 0\nr3 = *(u64 *)(r9 + 48)\nif r3 > 64 goto out\nr6 += r3',
      bad(write(1)),
    ),
    code: 'FCC0107',
    trap: { a: 64n },
    fine: { a: 63n },
  },
];

/** Pointers that became numbers, and numbers that never were pointers. */
const numbers = rows('number', BUF, '', [
  ['an unknown number', asm(bad(read(1, 0, 'r3'))), { a: 5n }],
  ['a number between two regions', asm('r3 &= 255\nr4 = 0x50ffff00\nr3 += r4', bad(read(8, 0, 'r3'))), { a: 1n }],
  ['pointer | 1', asm('r6 |= 1\nr6 += r3', bad(read(1))), { a: 15n }, { a: 14n }],
  ['pointer & -16 and beyond', asm('r6 &= -16\nr6 += r3', bad(read(1))), { a: 16n }, { a: 15n }],
  ['pointer ^ number', asm('r6 ^= r3', bad(read(1))), { a: 16n }, { a: 15n }],
  ['pointer * 1', asm('r6 *= 1\nr6 += r3', bad(read(1))), { a: 16n }, { a: 15n }],
  ['pointer << 0', asm('r6 <<= 0\nr6 += r3', bad(read(1))), { a: 16n }, { a: 15n }],
  ['pointer in 32 bits', asm('w6 = w6\nr6 += r3', bad(read(1))), { a: 16n }, { a: 15n }],
  ['32-bit addition to a pointer', asm('w6 += w3', bad(read(1))), { a: 16n }, { a: 15n }],
  ['minus a pointer', asm('r6 = -r6\nr6 = -r6\nr6 += r3', bad(read(1))), { a: 16n }, { a: 15n }],
  ['number minus pointer', asm('r3 -= r6\nr3 = -r3', bad(read(1, 0, 'r3'))), { a: -16n }, { a: -15n }],
  ['pointer plus pointer', asm('r5 = r6\nr5 += r6\nr5 -= r6\nr5 += r3', bad(read(1, 0, 'r5'))), { a: 16n }, { a: 15n }],
  ['pointer / 1', asm('r6 /= 1\nr6 += r3', bad(read(1))), { a: 16n }, { a: 15n }],
  ['byte-swapped twice', asm('r6 = bswap64 r6\nr6 = bswap64 r6\nr6 += r3', bad(read(1))), { a: 16n }, { a: 15n }],
  ['(s32) of a pointer', asm('r6 = (s32)r6\nr6 += r3', bad(read(1))), { a: 16n }, { a: 15n }],
  [
    'half each of two pointers',
    asm(
      '*(u64 *)(r10 - 8) = r6\nr4 = *(u64 *)(r1 + 8)\n*(u32 *)(r10 - 8) = r4\nr6 = *(u64 *)(r10 - 8)\nr6 += r3',
      bad(read(1)),
    ),
    { a: 8n, pkt: 8 },
    { a: 7n, pkt: 8 },
  ],
  ['pointer or null, null', asm('if r3 == 0 goto use\nr6 = 0\nuse:', bad(read(1))), { a: 1n }, { a: 0n }],
  [
    'a minimum of pointer and number',
    asm('if r6 < r3 goto use\nr6 = r3\nuse:', bad(read(1))),
    { a: 1n },
    { a: 1n << 40n },
  ],
]);

export const MEMORY: readonly BadRow[] = [
  ...spills,
  ...stale,
  ...regions,
  ...values,
  ...helpers,
  ...calls,
  ...callsRefused,
  ...constants,
  ...numbers,
];
