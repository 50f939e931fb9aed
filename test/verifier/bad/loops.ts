// SPDX-License-Identifier: MIT
import { asm, type BadRow, bad, P, prog, read, write } from '../rows.js';

type Short = readonly [name: string, text: string, trap: BadRow['trap'], fine?: BadRow['fine']];
const rows = (family: string, head: string, list: readonly Short[]): BadRow[] =>
  list.map(([name, text, trap, fine]) => ({
    name: `${family}: ${name}`,
    text: prog(head, text),
    code: 'FCC0107',
    trap,
    ...(fine ? { fine } : {}),
  }));

const PKT = asm(P.pkt, P.len);
const OUT = asm(P.out, P.outlen);
/** r4 = the byte at base r6 + r3. */
const get = (size: 1 | 2 | 4 | 8 = 1, off = 0): string =>
  asm('r4 = r6\nr4 += r3', bad(read(size, off, 'r4', 'r5')), 'r0 += r5');
const put = (size: 1 | 2 | 4 | 8 = 1): string => asm('r4 = r6\nr4 += r3', bad(write(size, 0, 'r4')));

/** Counters. */
const counted = rows('loop', PKT, [
  ['for i <= n', asm('r3 = 0\nloop:\nif r3 > r7 goto out', get(), 'r3 += 1\ngoto loop'), { pkt: 8 }],
  ['for w i <= n', asm('w3 = 0\nloop:\nif w3 > w7 goto out', get(), 'w3 += 1\ngoto loop'), { pkt: 8 }],
  ['for i s<= n', asm('r3 = 0\nloop:\nif r3 s> r7 goto out', get(), 'r3 += 1\ngoto loop'), { pkt: 8 }],
  ['do while i <= n', asm('if r7 == 0 goto out\nr3 = 0\nloop:', get(), 'r3 += 1\nif r3 <= r7 goto loop'), { pkt: 8 }],
  [
    'do while i < n on an empty region',
    asm('r3 = 0\nloop:', get(), 'r3 += 1\nif r3 < r7 goto loop'),
    { pkt: 0 },
    { pkt: 8 },
  ],
  [
    'do while i != n on an empty region',
    asm('r3 = 0\nloop:', get(), 'r3 += 1\nif r3 != r7 goto loop'),
    { pkt: 0 },
    { pkt: 8 },
  ],
  ['for i != n + 1', asm('r7 += 1\nr3 = 0\nloop:\nif r3 == r7 goto out', get(), 'r3 += 1\ngoto loop'), { pkt: 8 }],
  [
    'for i != n, step 2, n odd',
    asm('r3 = 0\nloop:\nif r3 == r7 goto out', get(), 'r3 += 2\ngoto loop'),
    { pkt: 7 },
    { pkt: 8 },
  ],
  [
    'for i != n, step 3',
    asm('r3 = 0\nloop:\nif r3 == r7 goto out', get(), 'r3 += 3\ngoto loop'),
    { pkt: 8 },
    { pkt: 9 },
  ],
  [
    'for i != n, start 1',
    asm('r3 = 1\nloop:\nif r3 == r7 goto out', get(), 'r3 += 1\ngoto loop'),
    { pkt: 0 },
    { pkt: 8 },
  ],
  [
    'for i < n, step 2, two bytes',
    asm('r3 = 0\nloop:\nif r3 >= r7 goto out', get(2), 'r3 += 2\ngoto loop'),
    { pkt: 7 },
    { pkt: 8 },
  ],
  [
    'for i < n, step 4, four bytes',
    asm('r3 = 0\nloop:\nif r3 >= r7 goto out', get(4), 'r3 += 4\ngoto loop'),
    { pkt: 9 },
    { pkt: 8 },
  ],
  ['for i < n, byte i + 1', asm('r3 = 0\nloop:\nif r3 >= r7 goto out', get(1, 1), 'r3 += 1\ngoto loop'), { pkt: 8 }],
  [
    'for i < n, byte i - 1',
    asm('r3 = 0\nloop:\nif r3 >= r7 goto out', get(1, -1), 'r3 += 1\ngoto loop'),
    { pkt: 8 },
    { pkt: 0 },
  ],
  [
    'for i < n, i changed before the access',
    asm('r3 = 0\nloop:\nif r3 >= r7 goto out\nr3 += 1', get(), 'goto loop'),
    { pkt: 8 },
    { pkt: 0 },
  ],
  [
    'step 0 and a jump of the index',
    asm(
      'r3 = 0\nloop:\nif r3 >= r7 goto out',
      get(),
      'r3 <<= 1\nr3 += 1\nif r3 < 16 goto in\ngoto out\nin:',
      get(),
      'goto loop',
    ),
    { pkt: 4 },
    { pkt: 16 },
  ],
  [
    'a step from the packet',
    asm('r3 = 0\nloop:\nif r3 == r7 goto out', get(), 'r3 += r5\ngoto loop'),
    { pkt: [3, 0, 0, 3] },
    { pkt: [1, 1] },
  ],
  [
    'a step from the packet that wraps',
    asm(P.b, 'r8 = r4\nr3 = 0\nloop:\nif r3 s>= r7 goto out', get(), 'r3 += r8\nif r0 > 100 goto out\ngoto loop'),
    { pkt: [1, 2, 3], b: -1n },
    { pkt: [1, 2, 3], b: 1n },
  ],
  [
    'step -1 in a loop that goes up',
    asm('r3 = 0\nloop:\nif r3 s>= r7 goto out', get(), 'r3 += -1\ngoto loop'),
    { pkt: 4 },
    { pkt: 0 },
  ],
  ['down from n', asm('r3 = r7\nloop:\nif r3 == 0 goto out', get(), 'r3 += -1\ngoto loop'), { pkt: 4 }, { pkt: 0 }],
  ['down to -1', asm('r3 = r7\nr3 += -1\nloop:\nif r3 s< -1 goto out', get(), 'r3 += -1\ngoto loop'), { pkt: 4 }],
  ['down while s> -2', asm('r3 = r7\nloop:\nr3 += -1\nif r3 s<= -2 goto out', get(), 'goto loop'), { pkt: 4 }],
  [
    'down while unsigned >= 0',
    asm('r3 = r7\nr3 += -1\nr8 = 0\nloop:', get(), 'r3 += -1\nr8 += 1\nif r8 <= 64 goto loop'),
    { pkt: 4 },
  ],
  [
    'down, i - 1 before the test',
    asm('r3 = r7\nloop:\nr3 += -1', get(), 'if r3 s> 0 goto loop'),
    { pkt: 0 },
    { pkt: 4 },
  ],
  [
    'down by 2 from an odd start to 0',
    asm('r3 = r7\nloop:\nr3 += -2', get(), 'if r3 != 0 goto loop'),
    { pkt: 3 },
    { pkt: 4 },
  ],
  ['down in 32 bits from 0', asm('r3 = r7\nloop:\nw3 += -1', get(), 'if w3 != 0 goto loop'), { pkt: 0 }, { pkt: 4 }],
  [
    'down in 32 bits, sign bit as unsigned',
    asm('r3 = r7\nw3 += -1\nloop:\nif w3 s< 0 goto out\nw3 += -1', get(), 'goto loop'),
    { pkt: 1 },
    { pkt: 0 },
  ],
  [
    'rounds counted, index from elsewhere',
    asm('r8 = 0\nr3 = 0\nloop:\nif r8 >= r7 goto out', get(), 'r8 += 1\nr3 += 2\ngoto loop'),
    { pkt: 8 },
    { pkt: 1 },
  ],
  [
    'rounds counted, index ahead by one',
    asm('r8 = 0\nr3 = 1\nloop:\nif r8 >= r7 goto out', get(), 'r8 += 1\nr3 += 1\ngoto loop'),
    { pkt: 8 },
    { pkt: 0 },
  ],
  [
    'n changed in the loop',
    asm('r3 = 0\nloop:\nif r3 >= r7 goto out', get(), 'r3 += 1\nif r3 != 5 goto loop\nr7 += 1\ngoto loop'),
    { pkt: 8 },
    { pkt: 4 },
  ],
  [
    'n is replaced by the other length on one path',
    asm(
      'r8 = *(u32 *)(r1 + 40)\nr3 = 0\nloop:\nif r3 >= r7 goto out',
      get(),
      'r3 += 1\nif r3 != 2 goto loop\nr7 = r8\ngoto loop',
    ),
    { pkt: 4, out: 5 },
    { pkt: 4, out: 4 },
  ],
  [
    'index reset to a number of the context',
    asm(
      'r8 = *(u64 *)(r1 + 56)\nr3 = 0\nloop:\nif r3 == r7 goto out',
      get(),
      'r3 += 1\nif r3 != 2 goto loop\nr3 = r8\ngoto loop',
    ),
    { pkt: 4, b: 5n },
    { pkt: 4, b: 3n },
  ],
  [
    'early exit, then the index again',
    asm(
      'r3 = 0\nloop:\nif r3 >= r7 goto done',
      'r4 = r6\nr4 += r3',
      read(1, 0, 'r4', 'r5'),
      'if r5 == 0 goto done\nr3 += 1\ngoto loop\ndone:',
      get(),
    ),
    { pkt: [1, 1] },
    { pkt: [1, 0] },
  ],
  [
    'check before the loop only',
    asm('r3 = 0\nif r3 >= r7 goto out\nloop:', get(), 'r3 += 1\nif r3 < 9 goto loop'),
    { pkt: 8 },
    { pkt: 9 },
  ],
  ['limit 65 for at most 64 bytes', asm('r3 = 0\nloop:', get(), 'r3 += 1\nif r3 != 65 goto loop'), { pkt: 64 }],
]);

const big = 2n ** 52n;
const wrapping = rows('loop', asm(P.buf, P.count), [
  [
    'a counter that wraps after 2048 steps of 2^52',
    asm(
      P.a,
      `r3 &= 7\nr5 = 0x${big.toString(16)} ll\nr4 = 0\nloop:\nif r4 >= r8 goto done\nr3 += r5\nr4 += 1\ngoto loop\ndone:\nif r3 s> 15 goto out\nr6 += r3`,
      bad(read(1)),
    ),
    { a: 3n, b: 2048n },
    { a: 3n, b: 0n },
  ],
  [
    'a counter that wraps down after 2048 steps',
    asm(
      P.a,
      `r3 &= 7\nr5 = 0x${big.toString(16)} ll\nr4 = 0\nloop:\nif r4 >= r8 goto done\nr3 -= r5\nr4 += 1\ngoto loop\ndone:\nif r3 s< 0 goto out\nr6 += r3`,
      bad(read(1)),
    ),
    { a: 3n, b: 2049n },
    { a: 3n, b: 0n },
  ],
  [
    'a counter in 32 bits that wraps',
    asm(
      'r3 = 5\nr4 = 0\nloop:\nif r4 >= r8 goto done\nw3 += 0x20000000\nr4 += 1\ngoto loop\ndone:\nr3 += -5\nr3 >>= 25\nr6 += r3',
      bad(read(1)),
    ),
    { b: 1n },
    { b: 8n },
  ],
  [
    'doubling until it is 0',
    asm(
      'r3 = 1\nr4 = 0\nloop:\nif r4 >= r8 goto done\nr3 <<= 1\nr4 += 1\ngoto loop\ndone:\nr3 += -1\nr6 += r3',
      bad(read(1)),
    ),
    { b: 64n },
    { b: 4n },
  ],
  [
    'i >= start is no more right once i wrapped in 32 bits',
    asm(
      P.a,
      'w3 = w3\nr5 = r3\nr4 = 0\nloop:\nif r4 >= r8 goto done\nw3 += 1\nr4 += 1\ngoto loop\ndone:\nr3 -= r5\nif r3 s> 15 goto out\nr6 += r3',
      bad(read(1)),
    ),
    { a: 0xffffffffn, b: 1n },
    { a: 3n, b: 2n },
  ],
  [
    'two counters, one of which steps faster on one path',
    asm(
      'r3 = 0\nr4 = 0\nloop:\nif r4 == 8 goto done\nr3 += 1\nif r8 != 1 goto same\nr3 += 1\nsame:\nr4 += 1\nr5 = r6\nr5 += r3',
      bad(write(1, 0, 'r5')),
      'goto loop\ndone:',
    ),
    { b: 1n },
    { b: 0n },
  ],
  [
    'difference kept on all paths but one',
    asm(
      'r3 = 3\nr4 = 0\nr5 = 0\nloop:\nif r5 == 13 goto done\nr3 += 1\nr4 += 1\nr5 += 1\nif r5 != 12 goto loop\nr4 = r8\ngoto loop\ndone:\nif r4 > 12 goto out\nr3 = r4\nr3 += 4\nr6 += r3',
      bad(read(1)),
    ),
    { b: 11n },
    { b: 9n },
  ],
  [
    'a swap of two indices in each round',
    asm(
      'r3 = 0\nr4 = 16\nr5 = 0\nloop:\nif r5 >= r8 goto done\nr2 = r3\nr3 = r4\nr4 = r2\nr5 += 1\ngoto loop\ndone:\nr6 += r3',
      bad(read(1)),
    ),
    { b: 1n },
    { b: 2n },
  ],
  [
    'three indices in a ring',
    asm(
      'r2 = 0\nr3 = 1\nr4 = 17\nr5 = 0\nloop:\nif r5 >= r8 goto done\nr7 = r2\nr2 = r3\nr3 = r4\nr4 = r7\nr5 += 1\ngoto loop\ndone:\nr6 += r2',
      bad(read(1)),
    ),
    { b: 2n },
    { b: 1n },
  ],
  [
    'an index that the second round doubles',
    asm(
      'r3 = 1\nr5 = 0\nloop:\nif r5 >= r8 goto done\nif r5 > 6 goto done\nr3 += r3\nr5 += 1\ngoto loop\ndone:\nr6 += r3',
      bad(read(1)),
    ),
    { b: 4n },
    { b: 3n },
  ],
]);

const nested = rows('nested', PKT, [
  [
    'i + j',
    asm(
      'r3 = 0\nouter:\nif r3 >= r7 goto out\nr8 = 0\ninner:\nif r8 >= r7 goto next\nr4 = r6\nr4 += r3\nr4 += r8',
      bad(read(1, 0, 'r4', 'r5')),
      'r8 += 1\ngoto inner\nnext:\nr3 += 1\ngoto outer',
    ),
    { pkt: 4 },
    { pkt: 1 },
  ],
  [
    'j <= i',
    asm(
      'r3 = 0\nouter:\nif r3 > r7 goto out\nr8 = 0\ninner:\nif r8 > r3 goto next\nr4 = r6\nr4 += r8',
      bad(read(1, 0, 'r4', 'r5')),
      'r8 += 1\ngoto inner\nnext:\nr3 += 1\ngoto outer',
    ),
    { pkt: 4 },
  ],
  [
    'j from i + 1, byte j + 1',
    asm(
      'r3 = 0\nouter:\nif r3 >= r7 goto out\nr8 = r3\nr8 += 1\ninner:\nif r8 >= r7 goto next\nr4 = r6\nr4 += r8',
      bad(read(1, 1, 'r4', 'r5')),
      'r8 += 1\ngoto inner\nnext:\nr3 += 1\ngoto outer',
    ),
    { pkt: 4 },
    { pkt: 1 },
  ],
  [
    'bubble sort up to n',
    asm(
      'r3 = 0\nouter:\nif r3 >= r7 goto out\nr8 = 0\ninner:\nif r8 >= r7 goto next\nr4 = r6\nr4 += r8',
      read(1, 0, 'r4', 'r2'),
      bad(read(1, 1, 'r4', 'r5')),
      'r8 += 1\ngoto inner\nnext:\nr3 += 1\ngoto outer',
    ),
    { pkt: 4 },
    { pkt: 0 },
  ],
  [
    'rows of 8 with the wrong count of rows',
    asm(
      'r7 >>= 3\nr7 += 1\nr3 = 0\nouter:\nif r3 >= r7 goto out\nr8 = 0\ninner:\nif r8 >= 8 goto next\nr4 = r3\nr4 <<= 3\nr4 += r8\nr2 = r6\nr2 += r4',
      bad(read(1, 0, 'r2', 'r5')),
      'r8 += 1\ngoto inner\nnext:\nr3 += 1\ngoto outer',
    ),
    { pkt: 16 },
  ],
  [
    'rows of 9 in a count of 8',
    asm(
      'r7 >>= 3\nr3 = 0\nouter:\nif r3 >= r7 goto out\nr8 = 0\ninner:\nif r8 > 8 goto next\nr4 = r3\nr4 <<= 3\nr4 += r8\nr2 = r6\nr2 += r4',
      bad(read(1, 0, 'r2', 'r5')),
      'r8 += 1\ngoto inner\nnext:\nr3 += 1\ngoto outer',
    ),
    { pkt: 8 },
    { pkt: 7 },
  ],
  [
    'inner loop moves the outer index',
    asm(
      'r3 = 0\nouter:\nif r3 >= r7 goto out\nr8 = 0\ninner:\nif r8 >= 3 goto next\nr4 = r6\nr4 += r3',
      bad(read(1, 0, 'r4', 'r5')),
      'r8 += 1\nr3 += 1\ngoto inner\nnext:\ngoto outer',
    ),
    { pkt: 4 },
    { pkt: 6 },
  ],
]);

const END = asm(PKT, 'r5 = r6\nr5 += r7');
const next = (size: 1 | 2 | 4 | 8 = 1, off = 0): string => asm(bad(read(size, off, 'r6', 'r4')), 'r0 += r4');
/** Pointers that walk to an end pointer. */
const walks = rows('walk', END, [
  ['p <= end', asm('loop:\nif r6 > r5 goto out', next(), 'r6 += 1\ngoto loop'), { pkt: 4 }],
  ['do while p < end, empty', asm('loop:', next(), 'r6 += 1\nif r6 < r5 goto loop'), { pkt: 0 }, { pkt: 4 }],
  ['p != end, step 2', asm('loop:\nif r6 == r5 goto out', next(), 'r6 += 2\ngoto loop'), { pkt: 5 }, { pkt: 4 }],
  [
    'p != end, step 4, one byte',
    asm('loop:\nif r6 == r5 goto out', next(), 'r6 += 4\ngoto loop'),
    { pkt: 6 },
    { pkt: 8 },
  ],
  [
    'p != end, started behind it',
    asm('r6 += 1\nloop:\nif r6 == r5 goto out', next(), 'r6 += 1\ngoto loop'),
    { pkt: 0 },
    { pkt: 4 },
  ],
  [
    'p != end, p moved before the access',
    asm('loop:\nif r6 == r5 goto out\nr6 += 1', next(), 'goto loop'),
    { pkt: 4 },
    { pkt: 0 },
  ],
  [
    'p < end, step 4, four bytes',
    asm('loop:\nif r6 >= r5 goto out', next(4), 'r6 += 4\ngoto loop'),
    { pkt: 6 },
    { pkt: 8 },
  ],
  [
    'p < end, step 1, two bytes',
    asm('loop:\nif r6 >= r5 goto out', next(2), 'r6 += 1\ngoto loop'),
    { pkt: 4 },
    { pkt: 0 },
  ],
  [
    'p + 4 <= end, step 8, eight bytes',
    asm('loop:\nr3 = r6\nr3 += 4\nif r3 > r5 goto out', next(8), 'r6 += 8\ngoto loop'),
    { pkt: 12 },
    { pkt: 8 },
  ],
  [
    'p + 1 <= end checked, moved, read',
    asm('loop:\nr3 = r6\nr3 += 1\nif r3 > r5 goto out\nr6 = r3', next(), 'goto loop'),
    { pkt: 4 },
    { pkt: 0 },
  ],
  [
    'back from end, read before the step',
    asm('r3 = r6\nr6 = r5\nloop:\nif r6 == r3 goto out', next(), 'r6 += -1\ngoto loop'),
    { pkt: 4 },
    { pkt: 0 },
  ],
  [
    'back from end below the start',
    asm('r3 = r6\nr6 = r5\nloop:\nr6 += -1', next(), 'if r6 >= r3 goto loop'),
    { pkt: 4 },
  ],
  [
    'back by 2 to an odd start',
    asm('r3 = r6\nr6 = r5\nloop:\nif r6 == r3 goto out\nr6 += -2', next(), 'goto loop'),
    { pkt: 5 },
    { pkt: 4 },
  ],
  ['p < end + 1', asm('r5 += 1\nloop:\nif r6 >= r5 goto out', next(), 'r6 += 1\ngoto loop'), { pkt: 4 }],
  [
    'end moves too',
    asm('loop:\nif r6 >= r5 goto out', next(), 'r6 += 2\nr5 += 1\nif r0 > 1000 goto out\ngoto loop'),
    { pkt: 4 },
    { pkt: 0 },
  ],
  [
    'a step from the packet, no check behind it',
    asm(
      'loop:\nif r6 >= r5 goto out',
      read(1, 0, 'r6', 'r3'),
      'r3 &= 7\nr3 += 1\nr6 += r3',
      next(),
      'r6 += 1\ngoto loop',
    ),
    { pkt: [1, 1] },
    { pkt: [1, 0, 1] },
  ],
  [
    'a step of 0 to 3 and p != end',
    asm('r2 = 0\nloop:\nif r2 > 20 goto out\nr2 += 1\nif r6 == r5 goto out', next(), 'r4 &= 3\nr6 += r4\ngoto loop'),
    { pkt: [3, 0] },
    { pkt: [1, 1] },
  ],
  [
    'type and length: the value is not checked',
    asm(
      'loop:\nr3 = r6\nr3 += 2\nif r3 > r5 goto out',
      read(1, 1, 'r6', 'r4'),
      'r6 = r3\nr6 += r4',
      bad(read(1, -1)),
      'goto loop',
    ),
    { pkt: [1, 3, 1] },
    { pkt: [1, 1, 1] },
  ],
  [
    'type and length: the header of the next',
    asm(
      'loop:\nif r6 >= r5 goto out',
      bad(read(1, 1, 'r6', 'r4')),
      'r6 += 2\nr6 += r4\nif r6 > r5 goto out\ngoto loop',
    ),
    { pkt: [1, 1, 1, 1] },
    { pkt: [1, 1, 1] },
  ],
  [
    'a count of elements from the packet',
    asm(
      'if r6 >= r5 goto out',
      read(1, 0, 'r6', 'r3'),
      'loop:\nif r3 == 0 goto out\nr6 += 1',
      next(),
      'r3 += -1\ngoto loop',
    ),
    { pkt: [2, 1] },
    { pkt: [2, 1, 1] },
  ],
]);
const writes = rows('fill', OUT, [
  ['for i <= n', asm('r3 = 0\nloop:\nif r3 > r7 goto out', put(), 'r3 += 1\ngoto loop'), { out: 8 }],
  [
    'for i < n, two bytes',
    asm('r3 = 0\nloop:\nif r3 >= r7 goto out', put(2), 'r3 += 1\ngoto loop'),
    { out: 8 },
    { out: 0 },
  ],
  [
    'copy by the length of the source',
    asm(
      'r8 = *(u64 *)(r1 + 8)\nr9 = *(u32 *)(r1 + 16)\nr3 = 0\nloop:\nif r3 >= r9 goto out\nr4 = r8\nr4 += r3',
      read(1, 0, 'r4', 'r5'),
      'r4 = r6\nr4 += r3',
      bad('*(u8 *)(r4 + 0) = r5'),
      'r3 += 1\ngoto loop',
    ),
    { pkt: 9, out: 8 },
    { pkt: 8, out: 8 },
  ],
  [
    'copy by the length of the destination',
    asm(
      'r8 = *(u64 *)(r1 + 8)\nr3 = 0\nloop:\nif r3 >= r7 goto out\nr4 = r8\nr4 += r3',
      bad(read(1, 0, 'r4', 'r5')),
      'r4 = r6\nr4 += r3\n*(u8 *)(r4 + 0) = r5\nr3 += 1\ngoto loop',
    ),
    { pkt: 8, out: 9 },
    { pkt: 8, out: 8 },
  ],
  [
    'copy by the larger of both',
    asm(
      'r9 = *(u32 *)(r1 + 16)\nif r9 <= r7 goto ok\nr7 = r9\nok:\nr3 = 0\nloop:\nif r3 >= r7 goto out',
      put(),
      'r3 += 1\ngoto loop',
    ),
    { pkt: 9, out: 8 },
    { pkt: 8, out: 8 },
  ],
  [
    'reverse: i and n - i',
    asm(
      'r3 = 0\nloop:\nif r3 >= r7 goto out\nr4 = r6\nr4 += r7\nr4 -= r3',
      bad(write(1, 0, 'r4')),
      'r3 += 1\ngoto loop',
    ),
    { out: 8 },
    { out: 0 },
  ],
  [
    'escape: two bytes out for one in, room for one',
    asm(
      'r8 = *(u64 *)(r1 + 8)\nr9 = *(u32 *)(r1 + 16)\nr2 = 0\nr3 = 0\nloop:\nif r2 >= r9 goto out\nif r3 >= r7 goto out\nr4 = r8\nr4 += r2',
      read(1, 0, 'r4', 'r5'),
      'r2 += 1\nr4 = r6\nr4 += r3\nif r5 != 0 goto plain\n*(u8 *)(r4 + 0) = 1\nr4 += 1\nr3 += 1\nplain:',
      bad('*(u8 *)(r4 + 0) = r5'),
      'r3 += 1\ngoto loop',
    ),
    { pkt: [1, 0], out: 2 },
    { pkt: [0, 1], out: 3 },
  ],
  [
    'terminator behind what was copied',
    asm('r3 = 0\nloop:\nif r3 >= r7 goto end\nr4 = r6\nr4 += r3\n*(u8 *)(r4 + 0) = 1\nr3 += 1\ngoto loop\nend:', put()),
    { out: 4 },
  ],
  [
    'binary search, middle rounded up',
    asm(
      'r2 = 0\nr3 = r7\nloop:\nif r2 >= r3 goto out\nr4 = r2\nr4 += r3\nr4 += 1\nr4 >>= 1\nr5 = r6\nr5 += r4',
      bad(read(1, 0, 'r5', 'r8')),
      'if r8 > 100 goto low\nr2 = r4\ngoto loop\nlow:\nr3 = r4\nr3 += -1\ngoto loop',
    ),
    { out: 1 },
    { out: 0 },
  ],
  [
    'binary search, high end included',
    asm(
      'r2 = 0\nr3 = r7\nloop:\nif r2 > r3 goto out\nr4 = r2\nr4 += r3\nr4 >>= 1\nr5 = r6\nr5 += r4',
      bad(read(1, 0, 'r5', 'r8')),
      'r2 = r4\nr2 += 1\ngoto loop',
    ),
    { out: 4 },
  ],
]);

export const LOOPS: readonly BadRow[] = [...counted, ...wrapping, ...nested, ...walks, ...writes];
