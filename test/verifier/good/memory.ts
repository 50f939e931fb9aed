// SPDX-License-Identifier: MIT
import { asm, type GoodRow, P, read, write } from '../rows.js';
import { byte, family, sumOf, word } from './compare.js';

const PKT = asm(P.pkt, P.len, P.a);
const AT = asm('r6 += r3', read(1));

const spills = family('spill', PKT, AT, [
  [
    'index spilled before the check',
    '*(u64 *)(r10 - 8) = r3\nif r3 >= r7 goto out\nr3 = *(u64 *)(r10 - 8)',
    [{ a: 7n, pkt: 8 }, byte(7)],
    [{ a: 8n, pkt: 8 }, 0n],
  ],
  [
    'index spilled after the check',
    'if r3 >= r7 goto out\n*(u64 *)(r10 - 8) = r3\nr3 = 0\nr3 = *(u64 *)(r10 - 8)',
    [{ a: 7n, pkt: 8 }, byte(7)],
  ],
  [
    'checked after it was read back',
    '*(u64 *)(r10 - 8) = r3\nr4 = *(u64 *)(r10 - 8)\nif r4 >= r7 goto out\nr3 = *(u64 *)(r10 - 8)',
    [{ a: 7n, pkt: 8 }, byte(7)],
  ],
  [
    'length spilled',
    '*(u64 *)(r10 - 8) = r7\nr7 = 0\nr4 = *(u64 *)(r10 - 8)\nif r3 >= r4 goto out',
    [{ a: 7n, pkt: 8 }, byte(7)],
  ],
  [
    'length spilled in 4 bytes',
    '*(u32 *)(r10 - 8) = r7\nr7 = 0\nr4 = *(u32 *)(r10 - 8)\nif r3 >= r4 goto out',
    [{ a: 7n, pkt: 8 }, byte(7)],
  ],
  [
    'index spilled in 4 bytes',
    'w3 = w3\nif r3 >= r7 goto out\n*(u32 *)(r10 - 4) = r3\nr3 = *(u32 *)(r10 - 4)',
    [{ a: 7n, pkt: 8 }, byte(7)],
  ],
  [
    'small index spilled in a byte',
    'r3 &= 63\nif r3 >= r7 goto out\n*(u8 *)(r10 - 1) = r3\nr3 = *(u8 *)(r10 - 1)',
    [{ a: 7n, pkt: 8 }, byte(7)],
  ],
  [
    'base spilled',
    '*(u64 *)(r10 - 8) = r6\nr6 = 0\nif r3 >= r7 goto out\nr6 = *(u64 *)(r10 - 8)',
    [{ a: 7n, pkt: 8 }, byte(7)],
  ],
  [
    'all three spilled',
    '*(u64 *)(r10 - 8) = r6\n*(u64 *)(r10 - 16) = r7\n*(u64 *)(r10 - 24) = r3\nr4 = *(u64 *)(r10 - 16)\nr5 = *(u64 *)(r10 - 24)\nif r5 >= r4 goto out\nr3 = *(u64 *)(r10 - 24)\nr6 = *(u64 *)(r10 - 8)',
    [{ a: 7n, pkt: 8 }, byte(7)],
  ],
  [
    'a neighbouring slot changed',
    'if r3 >= r7 goto out\n*(u64 *)(r10 - 8) = r3\n*(u64 *)(r10 - 16) = -1\nr3 = *(u64 *)(r10 - 8)',
    [{ a: 7n, pkt: 8 }, byte(7)],
  ],
  [
    'a global changed',
    asm(
      '.bss z 8',
      'r5 = z ll\nif r3 >= r7 goto out\n*(u64 *)(r10 - 8) = r3\n*(u64 *)(r5 + 0) = -1\nr3 = *(u64 *)(r10 - 8)',
    ),
    [{ a: 7n, pkt: 8 }, byte(7)],
  ],
  [
    'across a helper',
    'if r3 >= r7 goto out\n*(u64 *)(r10 - 8) = r3\n*(u64 *)(r10 - 16) = r6\ncall 0x20\nr3 = *(u64 *)(r10 - 8)\nr6 = *(u64 *)(r10 - 16)',
    [{ a: 7n, pkt: 8 }, byte(7)],
  ],
  [
    'in r8 and r9 across a helper',
    'if r3 >= r7 goto out\nr8 = r3\nr9 = r6\ncall 0x20\nr3 = r8\nr6 = r9',
    [{ a: 7n, pkt: 8 }, byte(7)],
  ],
  [
    'a counter on the stack',
    '*(u64 *)(r10 - 8) = 0\nloop:\nr3 = *(u64 *)(r10 - 8)\nif r3 >= r7 goto done\nr4 = r6\nr4 += r3\nr5 = *(u8 *)(r4 + 0)\nr0 += r5\nr3 += 1\n*(u64 *)(r10 - 8) = r3\ngoto loop\ndone:\nif r7 == 0 goto out\nr3 = 0\nr9 = r0\nr4 = *(u8 *)(r6 + 0)\nr3 &= r4',
    [{ pkt: 5 }],
    [{}, 0n],
  ],
]);

const stack = family('stack', asm(P.a), '', [
  [
    'array of 16 bytes, masked',
    asm('*(u64 *)(r10 - 8) = 0\n*(u64 *)(r10 - 16) = 0\nr3 &= 15\nr6 = r10\nr6 += -16\nr6 += r3', write(1), read(1)),
    [{ a: 31n }, 7n],
  ],
  [
    'array of words, checked',
    asm(
      '*(u64 *)(r10 - 8) = 0\n*(u64 *)(r10 - 16) = 0\nif r3 > 3 goto out\nr3 <<= 2\nr6 = r10\nr6 += -16\nr6 += r3',
      write(4),
      read(4),
    ),
    [{ a: 3n }, 7n],
    [{ a: 4n }, 0n],
  ],
  [
    'filled by a loop, summed by another',
    asm(
      'r3 = 0\nfill:\nr6 = r10\nr6 += -32\nr6 += r3\n*(u8 *)(r6 + 0) = r3\nr3 += 1\nif r3 != 32 goto fill\nr3 = 0\nsum:\nr6 = r10\nr6 += -32\nr6 += r3',
      read(1, 0, 'r6', 'r4'),
      'r0 += r4\nr3 += 1\nif r3 < 32 goto sum',
    ),
    [{}, 496n],
  ],
  [
    'filled from the top down',
    asm(
      'r6 = r10\nr3 = 4\nloop:\nr6 += -8\n*(u64 *)(r6 + 0) = r3\nr3 += -1\nif r3 != 0 goto loop\nr0 = *(u64 *)(r10 - 32)',
    ),
    [{}, 1n],
  ],
  [
    'cleared by a walking pointer',
    asm('r6 = r10\nr6 += -64\nloop:\n*(u64 *)(r6 + 0) = 0\nr6 += 8\nif r6 != r10 goto loop\nr0 = *(u64 *)(r10 - 8)'),
    [{}, 0n],
  ],
  [
    'a histogram of the packet',
    asm(
      '*(u64 *)(r10 - 8) = 0\n*(u64 *)(r10 - 16) = 0',
      P.pkt,
      P.len,
      'r3 = 0\nloop:\nif r3 >= r7 goto done\nr4 = r6\nr4 += r3',
      read(1, 0, 'r4', 'r5'),
      'r5 &= 15\nr4 = r10\nr4 += -16\nr4 += r5\nr8 = *(u8 *)(r4 + 0)\nr8 += 1\n*(u8 *)(r4 + 0) = r8\nr3 += 1\ngoto loop\ndone:\nr0 = *(u8 *)(r10 - 13)',
    ),
    [{ pkt: [3, 19, 3] }, 3n],
  ],
  [
    'a table of nibbles',
    asm(
      '*(u64 *)(r10 - 16) = 0x03020100\n*(u64 *)(r10 - 8) = 0x07060504\nr3 &= 255\nr4 = r3\nr4 >>= 4\nr3 &= 15\nr6 = r10\nr6 += -16\nr6 += r3',
      read(1),
      'r6 = r10\nr6 += -16\nr6 += r4',
      read(1, 0, 'r6', 'r5'),
      'r0 += r5',
    ),
    [{ a: 0x21n }, 3n],
  ],
  [
    'a ring of 8',
    asm(
      '*(u64 *)(r10 - 8) = 0\nr4 = 0\nloop:\nr5 = r3\nr5 &= 7\nr6 = r10\nr6 += -8\nr6 += r5\n*(u8 *)(r6 + 0) = r4\nr3 += 1\nr4 += 1\nif r4 != 10 goto loop\nr0 = *(u8 *)(r10 - 8)',
    ),
    [{ a: 0n }, 8n],
  ],
  [
    'the whole frame',
    asm(
      'r3 = 0\nloop:\nr6 = r10\nr6 += -512\nr6 += r3\n*(u64 *)(r6 + 0) = r3\nr3 += 8\nif r3 < 512 goto loop\nr0 = *(u64 *)(r10 - 8)',
    ),
    [{}, 504n],
  ],
  [
    'index subtracted from the top',
    asm(
      'if r3 == 0 goto out\nif r3 > 16 goto out\n*(u64 *)(r10 - 8) = 0\n*(u64 *)(r10 - 16) = 0\nr6 = r10\nr6 -= r3',
      write(1),
      read(1),
    ),
    [{ a: 16n }, 7n],
    [{ a: 17n }, 0n],
  ],
  [
    'reversed on the stack',
    asm(
      '*(u64 *)(r10 - 8) = 0x01020304\nr3 = 0\nr4 = 7\nloop:\nif r3 >= r4 goto done\nr6 = r10\nr6 += -8\nr6 += r3\nr7 = r10\nr7 += -8\nr7 += r4',
      read(1, 0, 'r6', 'r8'),
      read(1, 0, 'r7', 'r9'),
      '*(u8 *)(r6 + 0) = r9\n*(u8 *)(r7 + 0) = r8\nr3 += 1\nr4 += -1\ngoto loop\ndone:\nr0 = *(u8 *)(r10 - 1)',
    ),
    [{}, 4n],
  ],
]);

const GLOBALS = asm(
  '.data d 000102030405060708090a0b0c0d0e0f',
  '.bss z 32',
  '.rodata c 101112131415161718191a1b1c1d1e1f',
);
const globals = family('global', asm(GLOBALS, P.a), '', [
  ['rodata, masked', asm('r6 = c ll\nr3 &= 15', AT), [{ a: 31n }, 0x1fn]],
  ['rodata, checked', asm('r6 = c ll\nif r3 > 15 goto out', AT), [{ a: 15n }, 0x1fn], [{ a: 16n }, 0n]],
  ['rodata halves', asm('r6 = c ll\nif r3 >= 8 goto out\nr3 <<= 1\nr6 += r3', read(2)), [{ a: 7n }, 0x1f1en]],
  [
    'data by an index from the packet',
    asm(P.pkt, P.len, 'if r7 == 0 goto out\nr3 = *(u8 *)(r6 + 0)\nr3 >>= 4\nr6 = d ll', AT),
    [{ pkt: [0x9f] }, 9n],
  ],
  [
    'a ring in bss with its head beside it',
    asm(
      'r6 = z ll\nr4 = *(u32 *)(r6 + 16)\nr4 &= 15\nr5 = r6\nr5 += r4\n*(u8 *)(r5 + 0) = 5\nr4 += 1\nr4 &= 15\n*(u32 *)(r6 + 16) = r4\nr0 = *(u8 *)(r6 + 0)',
    ),
    [{}, 5n],
  ],
  [
    'a ring in bss, wrapped by comparison',
    asm(
      'r6 = z ll\nr4 = *(u32 *)(r6 + 16)\nif r4 < 16 goto ok\nr4 = 0\nok:\nr5 = r6\nr5 += r4\n*(u8 *)(r5 + 0) = 5\nr0 = r4',
    ),
    [{}, 0n],
  ],
  [
    'bss cleared by a loop',
    asm(
      'r6 = z ll\nr3 = 0\nloop:\nr4 = r6\nr4 += r3\n*(u32 *)(r4 + 0) = 0\nr3 += 4\nif r3 != 32 goto loop\nr0 = *(u64 *)(r6 + 24)',
    ),
    [{}, 0n],
  ],
  [
    'a walk over rodata',
    asm('r6 = c ll\nr7 = r6\nr7 += 16\nloop:', read(1, 0, 'r6', 'r4'), 'r0 += r4\nr6 += 1\nif r6 != r7 goto loop'),
    [{}, 376n],
  ],
  [
    'a count in a global, checked after each load',
    asm('r6 = z ll\n*(u64 *)(r6 + 24) = r3\nr3 = *(u64 *)(r6 + 24)\nif r3 > 15 goto out\nr6 = d ll', AT),
    [{ a: 9n }, 9n],
    [{ a: 16n }, 0n],
  ],
  [
    'substitution: each byte of the packet by a table',
    asm(
      P.pkt,
      P.len,
      'r9 = c ll\nr3 = 0\nloop:\nif r3 >= r7 goto out\nr4 = r6\nr4 += r3',
      read(1, 0, 'r4', 'r5'),
      'r5 &= 15\nr4 = r9\nr4 += r5',
      read(1, 0, 'r4', 'r5'),
      'r0 += r5\nr3 += 1\ngoto loop',
    ),
    [{ pkt: [1, 18] }, 0x23n],
  ],
  [
    'pdu, checked',
    asm('r9 = r3\ncall 0x43\nr6 = r0\nr0 = 0\nif r9 > 60 goto out\nr6 += r9', write(4), read(4)),
    [{ a: 60n }, 7n],
    [{ a: 61n }, 0n],
  ],
  [
    'atomic counter among four',
    asm('r6 = z ll\nr3 &= 3\nr3 <<= 3\nr6 += r3\nr4 = 1\nlock *(u64 *)(r6 + 0) += r4', read(8)),
    [{ a: 7n }, 1n],
  ],
  [
    'fetched value masked',
    asm('r6 = z ll\nr4 = 1\nr4 = atomic_fetch_add((u64 *)(r6 + 0), r4)\nr4 &= 15\nr6 = d ll\nr6 += r4', read(1)),
    [{}, 0n],
  ],
]);

const fields = family('field', '', '', [
  ['a store in each writable field', '*(u64 *)(r1 + 48) = 3\n*(u8 *)(r1 + 63) = 1\nr0 = *(u64 *)(r1 + 48)', [{}, 3n]],
  [
    'a variable place within a and b',
    asm(P.a, 'if r3 > 15 goto out\nr1 += r3\n*(u8 *)(r1 + 48) = 9\nr0 = *(u8 *)(r1 + 48)'),
    [{ a: 15n }, 9n],
    [{ a: 16n }, 0n],
  ],
  [
    'all bytes from a to c, read',
    asm(P.a, 'if r3 > 23 goto out\nr1 += r3\nr0 = *(u8 *)(r1 + 48)'),
    [{ a: 16n, c: 5n }, 5n],
  ],
  ['a promised number as an index', asm(P.kind, P.buf, AT), [{ kind: 15 }, byte(15)]],
  ['a promised number as a shift', asm(P.kind, 'r0 = 1\nr0 <<= r3'), [{ kind: 15 }, 32768n]],
  ['an atomic on a field', 'r3 = 2\nlock *(u64 *)(r1 + 48) += r3\nr0 = *(u64 *)(r1 + 48)', [{ a: 5n }, 7n]],
]);

const MEM = (dst: string, src: string, n: string): string => asm('r9 = r1', n, dst, src, 'call 0x02');
const helpers = family('helper', '', '', [
  [
    'memcpy of up to 16 from buf',
    asm(
      MEM(
        'r1 = r10\nr1 += -16',
        'r2 = *(u64 *)(r9 + 0)',
        '*(u64 *)(r10 - 16) = 0\nr3 = *(u64 *)(r1 + 48)\nif r3 > 16 goto out',
      ),
      'r0 = *(u8 *)(r10 - 16)',
    ),
    [{ a: 16n }, byte(0)],
    [{ a: 17n }, 0n],
  ],
  [
    'memcpy of the whole packet',
    asm(
      MEM('r1 = r10\nr1 += -64', 'r2 = *(u64 *)(r9 + 8)', '*(u64 *)(r10 - 64) = 0\nr3 = *(u32 *)(r1 + 16)'),
      'r0 = *(u8 *)(r10 - 64)',
    ),
    [{ pkt: 64 }, byte(0)],
    [{}, 0n],
  ],
  [
    'memcpy where out is long enough',
    asm(
      MEM(
        'r1 = *(u64 *)(r9 + 32)',
        'r2 = *(u64 *)(r9 + 8)',
        'r3 = *(u32 *)(r1 + 16)\nr4 = *(u32 *)(r1 + 40)\nif r3 > r4 goto out',
      ),
      'r0 = 1',
    ),
    [{ pkt: 8, out: 8 }, 1n],
    [{ pkt: 9, out: 8 }, 0n],
  ],
  [
    'memcpy of the smaller length',
    asm(
      MEM(
        'r1 = *(u64 *)(r9 + 32)',
        'r2 = *(u64 *)(r9 + 8)',
        'r3 = *(u32 *)(r1 + 16)\nr4 = *(u32 *)(r1 + 40)\nif r3 <= r4 goto ok\nr3 = r4\nok:',
      ),
      'r0 = 1',
    ),
    [{ pkt: 9, out: 8 }, 1n],
  ],
  [
    'memcpy behind a header',
    asm(
      MEM(
        'r1 = r10\nr1 += -64',
        'r2 = *(u64 *)(r9 + 8)\nr2 += 4',
        'r3 = *(u32 *)(r1 + 16)\nif r3 < 4 goto out\nr3 += -4',
      ),
      'r0 = 1',
    ),
    [{ pkt: 8 }, 1n],
    [{ pkt: 3 }, 0n],
  ],
  [
    'memcpy of offset and length',
    asm(
      MEM(
        'r1 = r10\nr1 += -64',
        'r2 = *(u64 *)(r9 + 8)\nr4 = *(u64 *)(r9 + 56)\nr2 += r4',
        'r5 = *(u32 *)(r1 + 16)\nr4 = *(u64 *)(r1 + 56)\nif r4 > r5 goto out\nr5 -= r4\nr3 = *(u64 *)(r1 + 48)\nif r3 > r5 goto out',
      ).replace('r4 = *(u64 *)(r9 + 56)\nr2 += r4', 'r2 += r4'),
      'r0 = 1',
    ),
    [{ pkt: 8, a: 4n, b: 4n }, 1n],
    [{ pkt: 8, a: 5n, b: 4n }, 0n],
  ],
  [
    'memcpy of halves',
    asm(MEM('r1 = r10\nr1 += -64', 'r2 = *(u64 *)(r9 + 24)', 'r3 = *(u32 *)(r1 + 20)\nr3 <<= 1'), 'r0 = 1'),
    [{ arr: 9 }, 1n],
  ],
  [
    'fetch at a place of buf',
    asm('r2 = *(u64 *)(r1 + 0)\nr3 = *(u64 *)(r1 + 48)\nr3 &= 12\nr2 += r3\nr1 = 1\ncall 0x12'),
    [{ a: 15n }, 0n],
  ],
  [
    'fetch at i + 4 <= n of out',
    asm(
      'r2 = *(u64 *)(r1 + 32)\nr3 = *(u64 *)(r1 + 48)\nr4 = *(u32 *)(r1 + 40)\nif r4 < 4 goto out\nr4 += -4\nif r3 > r4 goto out\nr2 += r3\nr1 = 1\ncall 0x12',
    ),
    [{ a: 4n, out: 8 }, 0n],
    [{ a: 5n, out: 8 }, 0n],
  ],
  [
    'decimal into 10 bytes of out',
    asm('r4 = *(u32 *)(r1 + 40)\nif r4 < 10 goto out\nr1 = *(u64 *)(r1 + 32)\nr2 = 42\ncall 0x51'),
    [{ out: 10 }, 2n],
    [{ out: 9 }, 0n],
  ],
  [
    'a result checked as an index',
    asm('r9 = r1\ncall 0x20\nr3 = r0\nr0 = 0\nif r3 > 15 goto out\nr6 = *(u64 *)(r9 + 0)', AT),
    [{}, 0n],
  ],
  [
    'a signed result checked on both sides',
    asm(
      'r9 = r1\n*(u64 *)(r10 - 8) = 0\nr1 = 1\nr2 = r10\nr2 += -8\ncall 0x32\nr3 = r0\nr0 = 0\nif r3 s< 0 goto out\nif r3 s> 15 goto out\nr6 = *(u64 *)(r9 + 0)',
      AT,
    ),
    [{}, byte(1)],
  ],
  [
    'a device value masked',
    asm(
      'r9 = r1\n*(u64 *)(r10 - 8) = 0\nr1 = 1\nr2 = r10\nr2 += -8\ncall 0x32\nr3 = *(s16 *)(r10 - 8)\nr3 &= 15\nr6 = *(u64 *)(r9 + 0)',
      AT,
    ),
    [{}, byte(2000 & 15)],
  ],
]);

const callRows: GoodRow[] = (
  [
    [
      'pointer and length',
      'entry main:\nr2 = *(u32 *)(r1 + 16)\nr1 = *(u64 *)(r1 + 8)\ncall f\nexit\nfunc f:\nr0 = 0\nloop:\nif r2 == 0 goto out\nr2 += -1\nr3 = r1\nr3 += r2\nr4 = *(u8 *)(r3 + 0)\nr0 += r4\ngoto loop\nout:\nexit',
      { pkt: 5 },
      sumOf(5),
    ],
    [
      'pointer and length, last byte',
      'entry main:\nr2 = *(u32 *)(r1 + 16)\nr1 = *(u64 *)(r1 + 8)\ncall f\nexit\nfunc f:\nr0 = 0\nif r2 == 0 goto out\nr1 += r2\nr0 = *(u8 *)(r1 - 1)\nout:\nexit',
      { pkt: 5 },
      byte(4),
    ],
    [
      'pointer, length and index',
      'entry main:\nr3 = *(u64 *)(r1 + 48)\nr2 = *(u32 *)(r1 + 16)\nr1 = *(u64 *)(r1 + 8)\ncall f\nexit\nfunc f:\nr0 = 0\nif r3 >= r2 goto out\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nout:\nexit',
      { pkt: 5, a: 4n },
      byte(4),
    ],
    [
      'checked by the caller',
      'entry main:\nr3 = *(u64 *)(r1 + 48)\nr2 = *(u32 *)(r1 + 16)\nr1 = *(u64 *)(r1 + 8)\nr0 = 0\nif r3 >= r2 goto out\nr1 += r3\ncall f\nout:\nexit\nfunc f:\nr0 = *(u8 *)(r1 + 0)\nexit',
      { pkt: 5, a: 4n },
      byte(4),
    ],
    [
      'twice with the same region, other offsets',
      'entry main:\nr9 = r1\nr2 = 0\nr1 = *(u64 *)(r9 + 0)\ncall f\nr8 = r0\nr2 = 12\nr1 = *(u64 *)(r9 + 0)\ncall f\nr0 += r8\nexit\nfunc f:\nr1 += r2\nr0 = *(u32 *)(r1 + 0)\nexit',
      {},
      word(0, 4) + word(12, 4),
    ],
    [
      'frame argument, written and read',
      'entry main:\nr1 = r10\nr1 += -16\ncall f\nr0 = *(u64 *)(r10 - 16)\nr2 = *(u64 *)(r10 - 8)\nr0 += r2\nexit\nfunc f:\n*(u64 *)(r1 + 0) = 3\n*(u64 *)(r1 + 8) = 4\nr0 = 0\nexit',
      {},
      7n,
    ],
    [
      'frame array and count',
      'entry main:\nr1 = r10\nr1 += -32\nr2 = 32\ncall f\nr0 = *(u8 *)(r10 - 1)\nexit\nfunc f:\nr3 = 0\nloop:\nif r3 >= r2 goto out\nr4 = r1\nr4 += r3\n*(u8 *)(r4 + 0) = 9\nr3 += 1\ngoto loop\nout:\nr0 = 0\nexit',
      {},
      9n,
    ],
    [
      "a length in the caller's frame",
      'entry main:\nr2 = *(u32 *)(r1 + 16)\nr1 = *(u64 *)(r1 + 8)\ncall f\nexit\nfunc f:\nr6 = r1\nr7 = r2\ncall g\nr0 &= 15\nif r0 < r7 goto ok\nr0 = 0\nexit\nok:\nr6 += r0\nr0 = *(u8 *)(r6 + 0)\nexit\nfunc g:\nr0 = r2\nexit',
      { pkt: 5 },
      0n,
    ],
    [
      'a bounded result',
      'entry main:\nr9 = r1\nr1 = *(u64 *)(r9 + 48)\ncall f\nr6 = *(u64 *)(r9 + 0)\nr6 += r0\nr0 = *(u8 *)(r6 + 0)\nexit\nfunc f:\nr0 = 15\nif r1 > 15 goto out\nr0 = r1\nout:\nexit',
      { a: 99n },
      byte(15),
    ],
    [
      'a pointer as the result',
      'entry main:\ncall f\nr0 = *(u32 *)(r0 + 0)\nexit\nfunc f:\nr0 = *(u64 *)(r1 + 0)\nr0 += 12\nexit',
      {},
      word(12, 4),
    ],
    [
      'three deep',
      'entry main:\nr2 = *(u32 *)(r1 + 16)\nr1 = *(u64 *)(r1 + 8)\ncall f\nexit\nfunc f:\ncall g\nexit\nfunc g:\nr0 = 0\nif r2 < 4 goto out\ncall h\nout:\nexit\nfunc h:\nr0 = *(u32 *)(r1 + 0)\nexit',
      { pkt: 4 },
      word(0, 4),
    ],
    [
      'a loop of calls',
      'entry main:\nr6 = *(u64 *)(r1 + 8)\nr7 = *(u32 *)(r1 + 16)\nr8 = 0\nr9 = 0\nloop:\nif r8 >= r7 goto out\nr1 = r6\nr1 += r8\ncall f\nr9 += r0\nr8 += 1\ngoto loop\nout:\nr0 = r9\nexit\nfunc f:\nr0 = *(u8 *)(r1 + 0)\nexit',
      { pkt: 5 },
      sumOf(5),
    ],
    [
      'the context passed on',
      'entry main:\ncall f\nexit\nfunc f:\nr0 = 0\nr2 = *(u32 *)(r1 + 16)\nif r2 < 8 goto out\nr1 = *(u64 *)(r1 + 8)\nr0 = *(u64 *)(r1 + 0)\nout:\nexit',
      { pkt: 8 },
      word(0, 8),
    ],
    [
      'one of two functions',
      'entry main:\nr3 = *(u64 *)(r1 + 56)\nr2 = *(u64 *)(r1 + 48)\nr1 = *(u64 *)(r1 + 0)\nr4 = f ll\nif r3 == 0 goto use\nr4 = g ll\nuse:\ncallx r4\nexit\nfunc f:\nr2 &= 15\nr1 += r2\nr0 = *(u8 *)(r1 + 0)\nexit\nfunc g:\nr2 &= 7\nr1 += r2\nr0 = *(u8 *)(r1 + 8)\nexit',
      { a: 15n, b: 1n },
      byte(15),
    ],
    [
      'an array of the caller in a callee with an index',
      'entry main:\nr2 = *(u64 *)(r1 + 48)\n*(u64 *)(r10 - 8) = 0\n*(u64 *)(r10 - 16) = 0\nr1 = r10\nr1 += -16\ncall f\nr0 = *(u8 *)(r10 - 1)\nexit\nfunc f:\nif r2 > 15 goto out\nr1 += r2\n*(u8 *)(r1 + 0) = 3\nout:\nr0 = 0\nexit',
      { a: 15n },
      3n,
    ],
  ] as const
).map(([name, text, input, r0]): GoodRow => ({ name: `call: ${name}`, text, runs: [{ input, r0 }, { input: {} }] }));

export const MEMORY: readonly GoodRow[] = [...spills, ...stack, ...globals, ...fields, ...helpers, ...callRows];
