// SPDX-License-Identifier: MIT
import { asm, type GoodRow, P, read, write } from '../rows.js';
import { byte, family, sumOf, word } from './compare.js';

const PKT = asm(P.pkt, P.len);
const OUT = asm(P.out, P.outlen);
const ARR = asm(P.arr, P.halves);
/** r0 += what lies at base r6 + r3. */
const add = (size: 1 | 2 | 4 | 8 = 1, off = 0): string =>
  asm('r4 = r6\nr4 += r3', read(size, off, 'r4', 'r5'), 'r0 += r5');
const put = (size: 1 | 2 | 4 | 8 = 1): string => asm('r4 = r6\nr4 += r3', write(size, 0, 'r4'));
const words = (n: number, size: number): bigint =>
  Array.from({ length: Math.floor(n / size) }, (_, i) => word(i * size, size)).reduce((a, b) => a + b, 0n);

const counted = family('loop', PKT, '', [
  [
    'for i < n',
    asm('r3 = 0\nloop:\nif r3 >= r7 goto out', add(), 'r3 += 1\ngoto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'for i < n, tested by n > i',
    asm('r3 = 0\nloop:\nif r7 > r3 goto in\ngoto out\nin:', add(), 'r3 += 1\ngoto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'for w i < n',
    asm('w3 = 0\nloop:\nif w3 >= w7 goto out', add(), 'w3 += 1\ngoto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'for i s< n',
    asm('r3 = 0\nloop:\nif r3 s>= r7 goto out', add(), 'r3 += 1\ngoto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'for w i s< n',
    asm('w3 = 0\nloop:\nif w3 s>= w7 goto out', add(), 'w3 += 1\ngoto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'for i != n',
    asm('r3 = 0\nloop:\nif r3 == r7 goto out', add(), 'r3 += 1\ngoto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'do while i < n after a test',
    asm('if r7 == 0 goto out\nr3 = 0\nloop:', add(), 'r3 += 1\nif r3 < r7 goto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'do while i != n after a test',
    asm('if r7 == 0 goto out\nr3 = 0\nloop:', add(), 'r3 += 1\nif r3 != r7 goto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'do while n > i after a test',
    asm('if r7 == 0 goto out\nr3 = 0\nloop:', add(), 'r3 += 1\nif r7 > r3 goto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'for i != n, step 2, n rounded to even',
    asm('r7 &= -2\nr3 = 0\nloop:\nif r3 == r7 goto out', add(2), 'r3 += 2\ngoto loop'),
    [{ pkt: 9 }, words(9, 2)],
    [{ pkt: 1 }, 0n],
  ],
  [
    'for i < n & -4, step 4',
    asm('r7 &= -4\nr3 = 0\nloop:\nif r3 >= r7 goto out', add(4), 'r3 += 4\ngoto loop'),
    [{ pkt: 11 }, words(11, 4)],
    [{ pkt: 3 }, 0n],
  ],
  [
    'for i + 4 <= n, step 4',
    asm('r3 = 0\nloop:\nr8 = r3\nr8 += 4\nif r8 > r7 goto out', add(4), 'r3 = r8\ngoto loop'),
    [{ pkt: 11 }, words(11, 4)],
    [{ pkt: 3 }, 0n],
  ],
  [
    'for i + 1 < n: neighbours',
    asm('r3 = 0\nloop:\nr8 = r3\nr8 += 1\nif r8 >= r7 goto out', add(1, 1), 'r3 += 1\ngoto loop'),
    [{ pkt: 9 }, sumOf(9) - byte(0)],
    [{ pkt: 1 }, 0n],
  ],
  [
    'from 1: the byte before',
    asm('r3 = 1\nloop:\nif r3 >= r7 goto out', add(1, -1), 'r3 += 1\ngoto loop'),
    [{ pkt: 9 }, sumOf(8)],
    [{ pkt: 0 }, 0n],
  ],
  [
    'from a start that is checked',
    asm(P.a, 'loop:\nif r3 >= r7 goto out', add(), 'r3 += 1\ngoto loop'),
    [{ pkt: 9, a: 7n }, byte(7) + byte(8)],
    [{ pkt: 9, a: -1n }, 0n],
  ],
  [
    'step from the context, at least 1',
    asm(
      'r8 = *(u64 *)(r1 + 56)\nif r8 == 0 goto out\nif r8 > 8 goto out\nr3 = 0\nloop:\nif r3 >= r7 goto out',
      add(),
      'r3 += r8\ngoto loop',
    ),
    [{ pkt: 9, b: 4n }, byte(0) + byte(4) + byte(8)],
  ],
  [
    'down from n',
    asm('r3 = r7\nloop:\nif r3 == 0 goto out\nr3 += -1', add(), 'goto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'down from n, decremented in 32 bits',
    asm('r3 = r7\nloop:\nif w3 == 0 goto out\nw3 += -1', add(), 'goto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'down while s>= 0',
    asm('r3 = r7\nr3 += -1\nloop:\nif r3 s< 0 goto out', add(), 'r3 += -1\ngoto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'down while s> -1',
    asm('r3 = r7\nloop:\nr3 += -1\nif r3 s<= -1 goto out', add(), 'goto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'down in a do while',
    asm('if r7 == 0 goto out\nr3 = r7\nloop:\nr3 += -1', add(), 'if r3 != 0 goto loop'),
    [{ pkt: 9 }, sumOf(9)],
  ],
  [
    'down by halves',
    asm('r3 = r7\nloop:\nif r3 == 0 goto out\nr3 >>= 1', add(), 'goto loop'),
    [{ pkt: 9 }, byte(4) + byte(2) + byte(1) + byte(0)],
  ],
  [
    'early exit at a zero',
    asm('r3 = 0\nloop:\nif r3 >= r7 goto out', add(), 'r3 += 1\nif r5 != 0 goto loop'),
    [{ pkt: [1, 2, 0, 4] }, 3n],
  ],
  [
    'found index used behind the loop',
    asm(
      'r3 = 0\nloop:\nif r3 >= r7 goto out\nr4 = r6\nr4 += r3',
      read(1, 0, 'r4', 'r5'),
      'if r5 == 9 goto found\nr3 += 1\ngoto loop\nfound:',
      add(),
    ),
    [{ pkt: [1, 9, 3] }, 9n],
    [{ pkt: 3 }, 0n],
  ],
  [
    'rounds counted beside the index',
    asm('r8 = r7\nr3 = 0\nloop:\nif r8 == 0 goto out', add(), 'r3 += 1\nr8 += -1\ngoto loop'),
    [{ pkt: 9 }, sumOf(9)],
  ],
  [
    'rounds counted, two indices',
    asm('r8 = 0\nr3 = r7\nloop:\nif r8 >= r7 goto out\nr3 += -1', add(), 'r8 += 1\ngoto loop'),
    [{ pkt: 9 }, sumOf(9)],
  ],
  [
    'limit by the smaller of n and 8',
    asm('if r7 <= 8 goto ok\nr7 = 8\nok:\nr3 = 0\nloop:\nif r3 >= r7 goto out', add(), 'r3 += 1\ngoto loop'),
    [{ pkt: 20 }, sumOf(8)],
    [{ pkt: 3 }, sumOf(3)],
  ],
  [
    'limit of 8, and n in the loop',
    asm('r3 = 0\nloop:\nif r3 >= r7 goto out', add(), 'r3 += 1\nif r3 != 8 goto loop'),
    [{ pkt: 20 }, sumOf(8)],
    [{ pkt: 3 }, sumOf(3)],
  ],
  [
    'a count that the hook promises',
    asm(
      'r8 = *(u32 *)(r1 + 44)\nr6 = *(u64 *)(r1 + 0)\nr3 = 0\nloop:\nif r3 >= r8 goto out',
      add(),
      'r3 += 1\ngoto loop',
    ),
    [{ kind: 15 }, sumOf(15)],
    [{ kind: 0 }, 0n],
  ],
  [
    'checksum over halves and an odd byte',
    asm(
      'r3 = 0\nr8 = r7\nr8 &= -2\nloop:\nif r3 >= r8 goto odd',
      add(2),
      'r3 += 2\ngoto loop\nodd:\nif r3 >= r7 goto out',
      add(),
    ),
    [{ pkt: 9 }, words(9, 2) + byte(8)],
    [{ pkt: 8 }, words(8, 2)],
  ],
  [
    'fletcher: two sums',
    asm('r3 = 0\nr8 = 0\nloop:\nif r3 >= r7 goto done', add(), 'r8 += r0\nr3 += 1\ngoto loop\ndone:\nr0 = r8'),
    [{ pkt: 3 }, 3n * byte(0) + 2n * byte(1) + byte(2)],
  ],
  [
    'while n: base forward, length down',
    asm('loop:\nif r7 == 0 goto out', read(1, 0, 'r6', 'r5'), 'r0 += r5\nr6 += 1\nr7 += -1\ngoto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'while n >= 4: base forward by 4, length down by 4',
    asm('loop:\nif r7 < 4 goto out', read(4, 0, 'r6', 'r5'), 'r0 += r5\nr6 += 4\nr7 += -4\ngoto loop'),
    [{ pkt: 9 }, words(9, 4)],
    [{ pkt: 3 }, 0n],
  ],
  [
    'while n >= 4, then the rest bytewise',
    asm(
      'loop:\nif r7 < 4 goto rest',
      read(4, 0, 'r6', 'r5'),
      'r0 += r5\nr6 += 4\nr7 += -4\ngoto loop\nrest:\nif r7 == 0 goto out',
      read(1, 0, 'r6', 'r5'),
      'r0 += r5\nr6 += 1\nr7 += -1\ngoto rest',
    ),
    [{ pkt: 9 }, words(9, 4) + byte(8)],
  ],
  [
    'unrolled by 2',
    asm(
      'r3 = 0\nloop:\nr8 = r3\nr8 += 1\nif r8 >= r7 goto tail',
      add(),
      add(1, 1),
      'r3 += 2\ngoto loop\ntail:\nif r3 >= r7 goto out',
      add(),
    ),
    [{ pkt: 9 }, sumOf(9)],
    [{ pkt: 8 }, sumOf(8)],
  ],
  [
    'continue: every other byte skipped by a flag',
    asm(
      'r8 = 0\nr3 = 0\nloop:\nif r3 >= r7 goto out\nr8 ^= 1\nif r8 == 0 goto next',
      add(),
      'next:\nr3 += 1\ngoto loop',
    ),
    [{ pkt: 4 }, byte(0) + byte(2)],
  ],
  [
    'a step of 1 or 2',
    asm('r3 = 0\nloop:\nif r3 >= r7 goto out', add(), 'r3 += 1\nr5 &= 1\nr3 += r5\ngoto loop'),
    [{ pkt: [2, 1, 9, 2] }, 5n],
  ],
  [
    'a way that no run takes',
    asm(
      'r8 = r7\nr3 = 0\nloop:\nif r8 == 0 goto done\nr3 += 4\nr8 += -1\ngoto loop\ndone:',
      'if r3 > r7 goto out\nif r7 < 2 goto out\nr1 = r7\nr1 += -2\nif r3 > r1 goto out',
      read(1),
    ),
    [{ pkt: 4 }, 0n],
    [{}, 0n],
  ],
]);

const halves = family('array', ARR, '', [
  [
    'sum of halves',
    asm(
      'r3 = 0\nloop:\nif r3 >= r7 goto out\nr8 = r3\nr8 <<= 1\nr4 = r6\nr4 += r8',
      read(2, 0, 'r4', 'r5'),
      'r0 += r5\nr3 += 1\ngoto loop',
    ),
    [{ arr: 9 }, words(9, 2)],
    [{ arr: 1 }, 0n],
  ],
  [
    'sum of halves by a pointer and a count',
    asm('loop:\nif r7 == 0 goto out', read(2, 0, 'r6', 'r5'), 'r0 += r5\nr6 += 2\nr7 += -1\ngoto loop'),
    [{ arr: 9 }, words(9, 2)],
    [{ arr: 1 }, 0n],
  ],
  [
    'sum of halves by an end pointer',
    asm(
      'r7 <<= 1\nr8 = r6\nr8 += r7\nloop:\nif r6 == r8 goto out',
      read(2, 0, 'r6', 'r5'),
      'r0 += r5\nr6 += 2\ngoto loop',
    ),
    [{ arr: 9 }, words(9, 2)],
    [{ arr: 1 }, 0n],
  ],
  [
    'maximum',
    asm(
      'r3 = 0\nloop:\nif r3 >= r7 goto out\nr8 = r3\nr8 <<= 1\nr4 = r6\nr4 += r8',
      read(2, 0, 'r4', 'r5'),
      'r3 += 1\nif r5 <= r0 goto loop\nr0 = r5\ngoto loop',
    ),
    [{ arr: [1, 0, 9, 0, 3, 0] }, 9n],
  ],
  [
    'bubble sort',
    asm(
      'if r7 < 2 goto out\nr7 += -1\nr3 = 0\nouter:\nif r3 >= r7 goto out\nr8 = 0\ninner:\nif r8 >= r7 goto next\nr4 = r8\nr4 <<= 1\nr5 = r6\nr5 += r4',
      read(2, 0, 'r5', 'r2'),
      read(2, 2, 'r5', 'r9'),
      'r8 += 1\nif r2 <= r9 goto inner\n*(u16 *)(r5 + 0) = r9\n*(u16 *)(r5 + 2) = r2\nr0 += 1\ngoto inner\nnext:\nr3 += 1\ngoto outer',
    ),
    [{ arr: [3, 0, 2, 0, 1, 0] }, 3n],
    [{ arr: 2 }, 0n],
  ],
  [
    'bubble sort with a shrinking end',
    asm(
      'outer:\nif r7 < 2 goto out\nr7 += -1\nr8 = 0\ninner:\nif r8 >= r7 goto outer\nr4 = r8\nr4 <<= 1\nr5 = r6\nr5 += r4',
      read(2, 0, 'r5', 'r2'),
      read(2, 2, 'r5', 'r9'),
      'r8 += 1\nif r2 <= r9 goto inner\n*(u16 *)(r5 + 0) = r9\n*(u16 *)(r5 + 2) = r2\nr0 += 1\ngoto inner',
    ),
    [{ arr: [3, 0, 2, 0, 1, 0] }, 3n],
  ],
  [
    'insertion sort',
    asm(
      'r3 = 1\nouter:\nif r3 >= r7 goto out\nr8 = r3\ninner:\nif r8 == 0 goto next\nr4 = r8\nr4 <<= 1\nr5 = r6\nr5 += r4',
      read(2, 0, 'r5', 'r2'),
      read(2, -2, 'r5', 'r9'),
      'if r9 <= r2 goto next\n*(u16 *)(r5 + 0) = r9\n*(u16 *)(r5 - 2) = r2\nr0 += 1\nr8 += -1\ngoto inner\nnext:\nr3 += 1\ngoto outer',
    ),
    [{ arr: [3, 0, 2, 0, 1, 0] }, 3n],
    [{ arr: 2 }, 0n],
  ],
  [
    'selection: j from i + 1',
    asm(
      'r3 = 0\nouter:\nif r3 >= r7 goto out\nr8 = r3\nr8 += 1\ninner:\nif r8 >= r7 goto next\nr4 = r8\nr4 <<= 1\nr5 = r6\nr5 += r4',
      read(2, 0, 'r5', 'r2'),
      'r0 += r2\nr8 += 1\ngoto inner\nnext:\nr3 += 1\ngoto outer',
    ),
    [{ arr: [1, 0, 2, 0, 3, 0] }, 8n],
  ],
  [
    'j < i < n',
    asm(
      'r3 = 0\nouter:\nif r3 >= r7 goto out\nr8 = 0\ninner:\nif r8 >= r3 goto next\nr4 = r8\nr4 <<= 1\nr5 = r6\nr5 += r4',
      read(2, 0, 'r5', 'r2'),
      'r0 += r2\nr8 += 1\ngoto inner\nnext:\nr3 += 1\ngoto outer',
    ),
    [{ arr: [1, 0, 2, 0, 3, 0] }, 4n],
  ],
  [
    'binary search',
    asm(
      P.a,
      'r9 = r3\nr2 = 0\nr3 = r7\nloop:\nif r2 >= r3 goto out\nr4 = r2\nr4 += r3\nr4 >>= 1\nr5 = r4\nr5 <<= 1\nr8 = r6\nr8 += r5',
      read(2, 0, 'r8', 'r5'),
      'if r5 == r9 goto found\nif r5 > r9 goto high\nr2 = r4\nr2 += 1\ngoto loop\nhigh:\nr3 = r4\ngoto loop\nfound:\nr0 = r4\nr0 += 1',
    ),
    [{ arr: [1, 0, 3, 0, 5, 0, 7, 0], a: 5n }, 3n],
    [{ arr: [1, 0, 3, 0], a: 2n }, 0n],
  ],
  [
    'binary search, middle by the distance',
    asm(
      P.a,
      'r9 = r3\nr2 = 0\nr3 = r7\nloop:\nif r2 >= r3 goto out\nr4 = r3\nr4 -= r2\nr4 >>= 1\nr4 += r2\nr5 = r4\nr5 <<= 1\nr8 = r6\nr8 += r5',
      read(2, 0, 'r8', 'r5'),
      'if r5 == r9 goto found\nif r5 > r9 goto high\nr2 = r4\nr2 += 1\ngoto loop\nhigh:\nr3 = r4\ngoto loop\nfound:\nr0 = r4\nr0 += 1',
    ),
    [{ arr: [1, 0, 3, 0, 5, 0, 7, 0], a: 7n }, 4n],
  ],
  [
    'binary search, both ends included',
    asm(
      P.a,
      'r9 = r3\nr2 = 0\nr3 = r7\nr3 += -1\nloop:\nif r2 s> r3 goto out\nr4 = r2\nr4 += r3\nr4 >>= 1\nr5 = r4\nr5 <<= 1\nr8 = r6\nr8 += r5',
      read(2, 0, 'r8', 'r5'),
      'if r5 == r9 goto found\nif r5 > r9 goto high\nr2 = r4\nr2 += 1\ngoto loop\nhigh:\nr3 = r4\nr3 += -1\ngoto loop\nfound:\nr0 = r4\nr0 += 1',
    ),
    [{ arr: [1, 0, 3, 0, 5, 0, 7, 0], a: 1n }, 1n],
    [{ arr: 1, a: 1n }, 0n],
  ],
  [
    'reversed in place',
    asm(
      'r3 = 0\nr8 = r7\nloop:\nr8 += -1\nif r3 s>= r8 goto out\nr4 = r3\nr4 <<= 1\nr5 = r6\nr5 += r4',
      read(2, 0, 'r5', 'r2'),
      'r4 = r8\nr4 <<= 1\nr9 = r6\nr9 += r4',
      read(2, 0, 'r9', 'r4'),
      '*(u16 *)(r5 + 0) = r4\n*(u16 *)(r9 + 0) = r2\nr0 += 1\nr3 += 1\ngoto loop',
    ),
    [{ arr: 12 }, 3n],
    [{ arr: 2 }, 0n],
  ],
  [
    'moving average of three',
    asm(
      'if r7 < 3 goto out\nr7 += -2\nr3 = 0\nloop:\nif r3 >= r7 goto out\nr4 = r3\nr4 <<= 1\nr5 = r6\nr5 += r4',
      read(2, 0, 'r5', 'r2'),
      'r0 += r2',
      read(2, 2, 'r5', 'r2'),
      'r0 += r2',
      read(2, 4, 'r5', 'r2'),
      'r0 += r2\nr3 += 1\ngoto loop',
    ),
    [{ arr: [1, 0, 1, 0, 1, 0, 1, 0] }, 6n],
  ],
  [
    'bytes of all halves',
    asm('r7 <<= 1\nr3 = 0\nloop:\nif r3 >= r7 goto out', add(), 'r3 += 1\ngoto loop'),
    [{ arr: 9 }, sumOf(8)],
  ],
]);

const END = asm(PKT, 'r5 = r6\nr5 += r7');
const take = (size: 1 | 2 | 4 | 8 = 1, off = 0): string => asm(read(size, off, 'r6', 'r4'), 'r0 += r4');
const walks = family('walk', END, '', [
  ['p < end', asm('loop:\nif r6 >= r5 goto out', take(), 'r6 += 1\ngoto loop'), [{ pkt: 9 }, sumOf(9)], [{}, 0n]],
  [
    'end > p',
    asm('loop:\nif r5 > r6 goto in\ngoto out\nin:', take(), 'r6 += 1\ngoto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  ['p != end', asm('loop:\nif r6 == r5 goto out', take(), 'r6 += 1\ngoto loop'), [{ pkt: 9 }, sumOf(9)], [{}, 0n]],
  [
    'do while p < end after a test',
    asm('if r7 == 0 goto out\nloop:', take(), 'r6 += 1\nif r6 < r5 goto loop'),
    [{ pkt: 9 }, sumOf(9)],
  ],
  [
    'do while p != end after a test',
    asm('if r6 == r5 goto out\nloop:', take(), 'r6 += 1\nif r6 != r5 goto loop'),
    [{ pkt: 9 }, sumOf(9)],
  ],
  [
    'p + 2 <= end, step 2',
    asm('loop:\nr3 = r6\nr3 += 2\nif r3 > r5 goto out', take(2), 'r6 += 2\ngoto loop'),
    [{ pkt: 9 }, words(9, 2)],
  ],
  [
    'p + 4 <= end, step 4',
    asm('loop:\nr3 = r6\nr3 += 4\nif r3 > r5 goto out', take(4), 'r6 = r3\ngoto loop'),
    [{ pkt: 11 }, words(11, 4)],
  ],
  [
    'p + 8 <= end, step 8',
    asm('loop:\nr3 = r6\nr3 += 8\nif r5 < r3 goto out', take(8), 'r6 += 8\ngoto loop'),
    [{ pkt: 17 }, (word(0, 8) + word(8, 8)) & ((1n << 64n) - 1n)],
  ],
  [
    'p != end, step 4, end rounded',
    asm('r7 &= -4\nr5 = r6\nr5 += r7\nloop:\nif r6 == r5 goto out', take(4), 'r6 += 4\ngoto loop'),
    [{ pkt: 11 }, words(11, 4)],
  ],
  [
    'back from end',
    asm('loop:\nif r5 == r6 goto out\nr5 += -1', read(1, 0, 'r5', 'r4'), 'r0 += r4\ngoto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'back from end while above the start',
    asm('loop:\nif r5 <= r6 goto out\nr5 += -1', read(1, 0, 'r5', 'r4'), 'r0 += r4\ngoto loop'),
    [{ pkt: 9 }, sumOf(9)],
    [{}, 0n],
  ],
  [
    'from both ends',
    asm('loop:\nif r6 >= r5 goto out', take(), 'r5 += -1', read(1, 0, 'r5', 'r4'), 'r0 += r4\nr6 += 1\ngoto loop'),
    [{ pkt: 4 }, sumOf(4)],
  ],
  [
    'palindrome',
    asm(
      'loop:\nr3 = r6\nr3 += 1\nif r3 >= r5 goto out',
      read(1, 0, 'r6', 'r4'),
      'r5 += -1',
      read(1, 0, 'r5', 'r2'),
      'if r4 != r2 goto out\nr0 += 1\nr6 += 1\ngoto loop',
    ),
    [{ pkt: [1, 2, 2, 1] }, 2n],
  ],
  [
    'early exit at a byte',
    asm('loop:\nif r6 >= r5 goto out', take(), 'r6 += 1\nif r4 != 0 goto loop'),
    [{ pkt: [1, 2, 0, 9] }, 3n],
  ],
  [
    'header, then the rest',
    asm('r3 = r6\nr3 += 4\nif r3 > r5 goto out\nr6 = r3\nloop:\nif r6 >= r5 goto out', take(), 'r6 += 1\ngoto loop'),
    [{ pkt: 9 }, sumOf(9) - sumOf(4)],
  ],
  [
    'records of length byte and value',
    asm(
      'loop:\nif r6 >= r5 goto out',
      read(1, 0, 'r6', 'r3'),
      'r6 += 1\nr4 = r6\nr4 += r3\nif r4 > r5 goto out\nr0 += r3\nr6 = r4\ngoto loop',
    ),
    [{ pkt: [2, 0, 0, 1, 0] }, 3n],
    [{ pkt: [2, 0] }, 0n],
  ],
  [
    'type, length, value: a wanted type',
    asm(
      'loop:\nr3 = r6\nr3 += 2\nif r3 > r5 goto out',
      read(1, 0, 'r6', 'r8'),
      read(1, 1, 'r6', 'r4'),
      'r6 = r3\nr6 += r4\nif r6 > r5 goto out\nif r8 != 7 goto loop\nif r4 == 0 goto loop',
      read(1, 0, 'r3'),
      '',
    ),
    [{ pkt: [1, 1, 0, 7, 2, 55, 0] }, 55n],
    [{ pkt: [7, 2, 1] }, 0n],
  ],
  [
    'type, length, value by indices',
    asm(
      'r3 = 0\nloop:\nr4 = r3\nr4 += 2\nif r4 > r7 goto out\nr8 = r6\nr8 += r3',
      read(1, 1, 'r8', 'r2'),
      'r3 = r4\nr3 += r2\nif r3 > r7 goto out\nr0 += 1\ngoto loop',
    ),
    [{ pkt: [1, 1, 0, 7, 0] }, 2n],
  ],
  [
    'a string up to its end',
    asm(
      'r3 = 0\nloop:\nif r3 >= 16 goto out\nif r6 == r5 goto out',
      read(1, 0, 'r6', 'r4'),
      'if r4 == 0 goto out\nr0 += 1\nr3 += 1\nr6 += 1\ngoto loop',
    ),
    [{ pkt: [1, 2, 3, 0] }, 3n],
    [{ pkt: [1, 2] }, 2n],
  ],
  [
    'digits to a number',
    asm(
      'loop:\nif r6 == r5 goto out',
      read(1, 0, 'r6', 'r4'),
      'r4 += -48\nif r4 > 9 goto out\nr0 *= 10\nr0 += r4\nr6 += 1\ngoto loop',
    ),
    [{ pkt: [0x34, 0x32] }, 42n],
  ],
  [
    'a variable-length number',
    asm(
      'r3 = 0\nloop:\nif r6 >= r5 goto out\nif r3 > 28 goto out',
      read(1, 0, 'r6', 'r4'),
      'r2 = r4\nr2 &= 127\nr2 <<= r3\nr0 |= r2\nr3 += 7\nr6 += 1\nif r4 & 128 goto loop',
    ),
    [{ pkt: [0x85, 0x01] }, 133n],
  ],
]);

const SRC = asm('r8 = *(u64 *)(r1 + 8)', 'r9 = *(u32 *)(r1 + 16)');
const copies = family('copy', asm(OUT, SRC), '', [
  [
    'fill for i < n',
    asm('r3 = 0\nloop:\nif r3 >= r7 goto out', put(), 'r0 += 1\nr3 += 1\ngoto loop'),
    [{ out: 5 }, 5n],
  ],
  [
    'fill words',
    asm(
      'r3 = 0\nloop:\nr4 = r3\nr4 += 4\nif r4 > r7 goto out\nr5 = r6\nr5 += r3',
      write(4, 0, 'r5'),
      'r0 += 1\nr3 = r4\ngoto loop',
    ),
    [{ out: 9 }, 2n],
  ],
  [
    'bounded by both in the loop',
    asm(
      'r3 = 0\nloop:\nif r3 >= r7 goto out\nif r3 >= r9 goto out\nr4 = r8\nr4 += r3',
      read(1, 0, 'r4', 'r5'),
      'r4 = r6\nr4 += r3\n*(u8 *)(r4 + 0) = r5\nr0 += r5\nr3 += 1\ngoto loop',
    ),
    [{ pkt: 5, out: 3 }, sumOf(3)],
    [{ pkt: 3, out: 5 }, sumOf(3)],
  ],
  [
    'bounded by the smaller of both',
    asm(
      'if r9 >= r7 goto ok\nr7 = r9\nok:\nr3 = 0\nloop:\nif r3 >= r7 goto out\nr4 = r8\nr4 += r3',
      read(1, 0, 'r4', 'r5'),
      'r4 = r6\nr4 += r3\n*(u8 *)(r4 + 0) = r5\nr0 += r5\nr3 += 1\ngoto loop',
    ),
    [{ pkt: 5, out: 3 }, sumOf(3)],
    [{ pkt: 3, out: 5 }, sumOf(3)],
  ],
  [
    'where out is long enough',
    asm(
      'if r7 < r9 goto out\nr3 = 0\nloop:\nif r3 >= r9 goto out\nr4 = r8\nr4 += r3',
      read(1, 0, 'r4', 'r5'),
      'r4 = r6\nr4 += r3\n*(u8 *)(r4 + 0) = r5\nr0 += r5\nr3 += 1\ngoto loop',
    ),
    [{ pkt: 3, out: 3 }, sumOf(3)],
    [{ pkt: 4, out: 3 }, 0n],
  ],
  [
    'by two pointers and two ends',
    asm(
      'r9 += r8\nr7 += r6\nloop:\nif r8 >= r9 goto out\nif r6 >= r7 goto out',
      read(1, 0, 'r8', 'r5'),
      '*(u8 *)(r6 + 0) = r5\nr0 += r5\nr8 += 1\nr6 += 1\ngoto loop',
    ),
    [{ pkt: 5, out: 3 }, sumOf(3)],
  ],
  [
    'reversed',
    asm(
      'if r7 != r9 goto out\nr3 = 0\nloop:\nif r3 >= r9 goto out\nr4 = r8\nr4 += r3',
      read(1, 0, 'r4', 'r5'),
      'r4 = r6\nr4 += r7\nr4 -= r3\n*(u8 *)(r4 - 1) = r5\nr0 += r5\nr3 += 1\ngoto loop',
    ),
    [{ pkt: 4, out: 4 }, sumOf(4)],
  ],
  [
    'escaped: room for two checked',
    asm(
      'r7 += r6\nr9 += r8\nloop:\nif r8 >= r9 goto out\nr3 = r6\nr3 += 2\nif r3 > r7 goto out',
      read(1, 0, 'r8', 'r5'),
      'r8 += 1\nr0 += 1\n*(u8 *)(r6 + 0) = r5\nr6 += 1\nif r5 != 0 goto loop\n*(u8 *)(r6 + 0) = 1\nr6 += 1\ngoto loop',
    ),
    [{ pkt: [1, 0, 2], out: 9 }, 3n],
  ],
  [
    'terminated: room for one kept',
    asm(
      'if r7 == 0 goto out\nr7 += -1\nr3 = 0\nloop:\nif r3 >= r7 goto end\nif r3 >= r9 goto end\nr4 = r8\nr4 += r3',
      read(1, 0, 'r4', 'r5'),
      'r4 = r6\nr4 += r3\n*(u8 *)(r4 + 0) = r5\nr0 += 1\nr3 += 1\ngoto loop\nend:\nr6 += r3\n*(u8 *)(r6 + 0) = 0',
    ),
    [{ pkt: 9, out: 4 }, 3n],
    [{ pkt: 1, out: 4 }, 1n],
  ],
  [
    'packed: every second byte',
    asm(
      'r2 = 0\nr3 = 0\nloop:\nif r2 >= r9 goto out\nif r3 >= r7 goto out\nr4 = r8\nr4 += r2',
      read(1, 0, 'r4', 'r5'),
      'r4 = r6\nr4 += r3\n*(u8 *)(r4 + 0) = r5\nr0 += r5\nr2 += 2\nr3 += 1\ngoto loop',
    ),
    [{ pkt: 4, out: 9 }, byte(0) + byte(2)],
  ],
  [
    'digits of a number, from the end',
    asm(
      P.a,
      'r2 = r7\nloop:\nif r2 == 0 goto out\nr2 += -1\nr4 = r3\nr4 %= 10\nr4 += 48\nr5 = r6\nr5 += r2\n*(u8 *)(r5 + 0) = r4\nr0 += 1\nr3 /= 10\nif r3 != 0 goto loop',
    ),
    [{ a: 123n, out: 9 }, 3n],
    [{ a: 123n, out: 2 }, 2n],
  ],
]);

export const LOOPS: readonly GoodRow[] = [...counted, ...halves, ...walks, ...copies];
