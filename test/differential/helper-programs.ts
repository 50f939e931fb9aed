// SPDX-License-Identifier: MIT
import { randomizer } from '../image/samples.js';

/** Ids by scope: store, fetch, delete. */
const SCOPES = [
  [0x10, 0x12, 0x102],
  [0x11, 0x13, 0x103],
  [0x100, 0x101, 0x104],
] as const;
/** Keys of a store that holds 16. */
const KEYS = 20;
const CAPACITY = 16;
/** All conversions of printf, what is none, and a percent sign at the end. */
const PIECES = ['%d', '%u', '%x', '%c', '%%', '%q', '%', 'v=', ' ', '%%d', 'text'];
const NUMBERS = [0, 1, 9, 10, 99, 12345, 65535, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffc18];

/** A program of calls whose result depends on every result and every byte that a helper writes. */
export function helperProgram(seed: number): string {
  const random = randomizer(seed * 0x9e3779b1 + 1);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const fold = (register: string): string => `r6 *= 31\nr6 += ${register}`;
  const number = (): number => (random(3) === 0 ? random(0xffffffff) : pick(NUMBERS)) | 0;
  const formats = [0, 1].map(() => Array.from({ length: random(7) }, () => pick(PIECES)).join(''));
  const out = 'r1 = r10\nr1 += -16';
  const stack = `r7 = *(u64 *)(r10 - 16)\n${fold('r7')}\nr7 = *(u64 *)(r10 - 8)\n${fold('r7')}`;
  const written = `${fold('r0')}\n${stack}`;
  // One store is full from the start; what is deleted makes room.
  const most = pick(SCOPES);
  const full = Array.from({ length: CAPACITY }, (_, key) => `r1 = ${key}\nr2 = ${number()}\ncall ${most[0]}`);
  const steps: (() => string)[] = [
    ...[0, 1, 2, 3, 4, 5].map(() => () => {
      const [store, fetch, remove] = random(3) === 0 ? pick(SCOPES) : most;
      const key = random(KEYS) === 0 ? number() : random(KEYS);
      const what = random(8);
      if (what < 4) return `r1 = ${key}\nr2 = ${number()}\ncall ${store}\n${fold('r0')}`;
      if (what < 6) return `r1 = ${key}\nr2 = r10\nr2 += -${pick([16, 15, 8])}\ncall ${fetch}\n${written}`;
      return `r1 = ${key}\ncall ${remove}\n${fold('r0')}`;
    }),
    () => {
      const values = [2, 3, 4, 5].map((r) => `r${r} = ${number()}`).join('\n');
      return `r1 = f${random(2)} ll\n${values}\ncall 1\n${fold('r0')}`;
    },
    () => `${out}\nr2 = ${number()}\ncall 0x51\n${written}`,
    () => `${out}\nr2 = ${number()}\nr3 = ${pick([0, -1, -2, -3, -4, -5, 1, 2])}\ncall 0x50\n${written}`,
    () => {
      const [to, from] = [random(9), random(9)];
      return `r1 = r10\nr1 += -${16 - to}\nr2 = r10\nr2 += -${16 - from}\nr3 = ${random(8)}\ncall 2\n${stack}`;
    },
  ];
  const rodata = formats.map((text, i) => {
    const bytes = [...text].map((c) => c.charCodeAt(0).toString(16).padStart(2, '0'));
    return `.rodata f${i} ${[...bytes, '00'].join(' ')}`;
  });
  const body = Array.from({ length: 40 }, () => pick(steps)());
  const begin = `r6 = 1\n*(u64 *)(r10 - 16) = 0\n*(u64 *)(r10 - 8) = 0`;
  return `${rodata.join('\n')}\n${begin}\n${full.join('\n')}\n${body.join('\n')}\nr0 = r6\nexit\n`;
}
