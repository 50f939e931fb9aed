// SPDX-License-Identifier: MIT
import type { ErrorCode } from '../../compiler/errors/index.js';

/** The contract of the cases below. */
export const CASE_CONTRACT = JSON.stringify({
  hook: 'fc/test',
  context: {
    size: 32,
    access: 'rw',
    align: 8,
    fields: [
      { name: 'buf', offset: 0, type: 'pointer', region: 'buf' },
      { name: 'pkt', offset: 8, type: 'pointer', region: 'pkt' },
      { name: 'len', offset: 16, type: 'length', size: 4, region: 'pkt' },
      { name: 'kind', offset: 20, type: 'scalar', size: 4, access: 'r', range: [0, 15] },
      { name: 'out', offset: 24, type: 'scalar', size: 8, access: 'rw' },
    ],
  },
  regions: [
    { name: 'buf', access: 'rw', size: 16, align: 4 },
    { name: 'pkt', access: 'r', minSize: 14, maxSize: 1500, align: 2 },
    { name: 'pdu', access: 'rw', size: 64, align: 4 },
  ],
  helpers: [
    'printf',
    'memcpy',
    'fetch_local',
    'saul_reg_read',
    'gcoap_resp_init',
    'coap_get_pdu',
    'ztimer_periodic_wakeup',
  ],
  passLength: true,
});

type Case = readonly [name: string, text: string];

/** Programs that need no guard at all. */
export const PROVED: readonly Case[] = [
  ['a constant', 'r0 = 1'],
  ['the context length', 'r0 = r2'],
  ['lddw', 'r0 = 0x123456789abcdef0 ll'],
  ['all of one context field', 'r0 = *(u64 *)(r1 + 24)'],
  ['a byte of a writable field', 'r0 = *(u8 *)(r1 + 31)'],
  ['a write to a writable field', 'r2 = 5\n*(u64 *)(r1 + 24) = r2\nr0 = 0'],
  ['part of a length field', 'r0 = *(u16 *)(r1 + 16)'],
  ['a trusted length', 'r0 = *(u32 *)(r1 + 16)'],
  ['a trusted base', 'r0 = *(u64 *)(r1 + 0)'],
  ['a fixed region', 'r1 = *(u64 *)(r1 + 0)\nr0 = *(u32 *)(r1 + 12)'],
  ['a write to a fixed region', 'r1 = *(u64 *)(r1 + 0)\nr2 = 1\n*(u8 *)(r1 + 15) = r2\nr0 = 0'],
  ['the sure part of a region', 'r1 = *(u64 *)(r1 + 8)\nr0 = *(u16 *)(r1 + 12)'],
  ['the stack', '*(u64 *)(r10 - 8) = 7\nr0 = *(u64 *)(r10 - 8)'],
  ['the deepest stack byte', '*(u8 *)(r10 - 512) = 7\nr0 = *(u8 *)(r10 - 512)'],
  ['part of a stack slot', '*(u64 *)(r10 - 8) = 7\nr0 = *(u8 *)(r10 - 3)'],
  ['a spilled pointer', '*(u64 *)(r10 - 8) = r1\nr3 = *(u64 *)(r10 - 8)\nr0 = *(u64 *)(r3 + 24)'],
  [
    'a spilled number',
    'r3 = *(u32 *)(r1 + 20)\n*(u64 *)(r10 - 8) = r3\nr4 = *(u64 *)(r10 - 8)\nr1 = *(u64 *)(r1 + 0)\nr1 += r4\nr0 = *(u8 *)(r1 + 0)',
  ],
  [
    'a number spilled in 4 bytes',
    'r3 = *(u32 *)(r1 + 20)\n*(u32 *)(r10 - 8) = r3\nr4 = *(u32 *)(r10 - 8)\nr1 = *(u64 *)(r1 + 0)\nr1 += r4\nr0 = *(u8 *)(r1 + 0)',
  ],
  ['a masked index', 'r3 = *(u64 *)(r1 + 24)\nr3 &= 15\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)'],
  [
    'a masked and scaled index',
    'r3 = *(u64 *)(r1 + 24)\nr3 &= 3\nr3 <<= 2\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u32 *)(r1 + 0)',
  ],
  ['an index by modulo', 'r3 = *(u64 *)(r1 + 24)\nr3 %= 13\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u32 *)(r1 + 0)'],
  [
    'an index by right shift',
    'r3 = *(u64 *)(r1 + 24)\nr3 >>= 60\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)',
  ],
  ['an index by division', 'w3 = 100\nw3 /= 7\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 1)'],
  [
    'a compared index',
    'r3 = *(u64 *)(r1 + 24)\nr0 = 0\nif r3 > 12 goto out\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u32 *)(r1 + 0)\nout:',
  ],
  [
    'an index compared in 32 bits',
    'w3 = *(u32 *)(r1 + 24)\nr0 = 0\nif w3 > 15 goto out\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nout:',
  ],
  [
    'a signed comparison of both sides',
    'r3 = *(u64 *)(r1 + 24)\nr0 = 0\nif r3 s< 0 goto out\nif r3 s>= 16 goto out\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nout:',
  ],
  [
    'a comparison of a copy',
    'r3 = *(u64 *)(r1 + 24)\nr4 = r3\nr0 = 0\nif r4 > 15 goto out\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nout:',
  ],
  [
    'a comparison of a spilled copy',
    'r3 = *(u64 *)(r1 + 24)\nr4 = r3\n*(u64 *)(r10 - 8) = r4\nr0 = 0\nif r3 > 15 goto out\nr4 = *(u64 *)(r10 - 8)\nr1 = *(u64 *)(r1 + 0)\nr1 += r4\nr0 = *(u8 *)(r1 + 0)\nout:',
  ],
  [
    'zero extension by two shifts',
    'r3 = *(u64 *)(r1 + 24)\nr0 = 0\nif w3 > 15 goto out\nr3 <<= 32\nr3 >>= 32\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nout:',
  ],
  [
    'a tested bit',
    'r3 = *(u8 *)(r1 + 24)\nr0 = 0\nif r3 & 0xf0 goto out\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nout:',
  ],
  [
    'equality',
    'r3 = *(u64 *)(r1 + 24)\nr0 = 0\nif r3 != 9 goto out\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nout:',
  ],
  ['a range that the hook promises', 'r3 = *(u32 *)(r1 + 20)\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)'],
  [
    'a counted loop',
    'r3 = 0\nr0 = 0\nr1 = *(u64 *)(r1 + 0)\nloop:\nr4 = r1\nr4 += r3\nr5 = *(u32 *)(r4 + 0)\nr0 += r5\nr3 += 4\nif r3 != 16 goto loop',
  ],
  [
    'a loop by comparison',
    'r3 = 0\nr0 = 0\nr1 = *(u64 *)(r1 + 0)\nloop:\nr4 = r1\nr4 += r3\nr5 = *(u8 *)(r4 + 0)\nr0 += r5\nr3 += 1\nif r3 < 16 goto loop',
  ],
  [
    'a loop that counts down',
    'r3 = 15\nr0 = 0\nr1 = *(u64 *)(r1 + 0)\nloop:\nr4 = r1\nr4 += r3\nr5 = *(u8 *)(r4 + 0)\nr0 += r5\nr3 += -1\nif r3 s>= 0 goto loop',
  ],
  [
    'an array on the stack',
    'r3 = 0\nloop:\nr4 = r10\nr4 += -64\nr4 += r3\n*(u32 *)(r4 + 0) = 0\nr3 += 4\nif r3 < 64 goto loop\nr0 = 0',
  ],
  [
    'two nested loops',
    'r3 = 0\nr1 = *(u64 *)(r1 + 0)\nouter:\nr4 = 0\ninner:\nr5 = r1\nr5 += r3\nr5 += r4\n*(u8 *)(r5 + 0) = 1\nr4 += 1\nif r4 < 4 goto inner\nr3 += 4\nif r3 < 13 goto outer\nr0 = 0',
  ],
  [
    'a pointer that walks to an end',
    'r3 = r10\nr3 += -32\nr4 = 0\nloop:\n*(u8 *)(r3 + 0) = 0\nr3 += 1\nr4 += 1\nif r4 < 1 goto loop\nr0 = 0',
  ],
  [
    'one of two offsets',
    'r3 = 4\nr4 = *(u64 *)(r1 + 24)\nif r4 == 0 goto skip\nr3 = 8\nskip:\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u64 *)(r1 + 0)',
  ],
  [
    'a loop up to the length field',
    'r2 = *(u32 *)(r1 + 16)\nr1 = *(u64 *)(r1 + 8)\nr3 = 0\nr0 = 0\nloop:\nif r3 >= r2 goto out\nr4 = r1\nr4 += r3\nr5 = *(u8 *)(r4 + 0)\nr0 += r5\nr3 += 1\ngoto loop\nout:',
  ],
  ['data', '.data d 0102030405060708\nr1 = d ll\nr0 = *(u32 *)(r1 + 4)'],
  ['bss behind data', '.data d 0102030405060708\n.bss z 16\nr1 = z ll\n*(u64 *)(r1 + 8) = 1\nr0 = 0'],
  ['rodata', '.rodata c 0102030405060708\nr1 = c ll\nr0 = *(u64 *)(r1 + 0)'],
  [
    'an index from rodata',
    '.rodata c 0500000000000000\nr3 = c ll\nr4 = *(u8 *)(r3 + 0)\nr1 = *(u64 *)(r1 + 0)\nr1 += r4\nr0 = *(u8 *)(r1 + 10)',
  ],
  ['the difference of two pointers', 'r3 = r1\nr3 += 24\nr3 -= r1\nr1 += r3\nr0 = *(u64 *)(r1 + 0)'],
  ['a local call', 'entry main:\ncall f\nexit\nfunc f:\nr0 = *(u64 *)(r1 + 24)'],
  [
    "a local call that writes the caller's frame",
    'entry main:\nr1 = r10\nr1 += -8\ncall f\nr0 = *(u64 *)(r10 - 8)\nexit\nfunc f:\n*(u64 *)(r1 + 0) = 3\nr0 = 0',
  ],
  [
    'a result of a local call',
    'entry main:\nr6 = r1\ncall f\nr6 = *(u64 *)(r6 + 0)\nr6 += r0\nr0 = *(u8 *)(r6 + 0)\nexit\nfunc f:\nr0 = *(u64 *)(r1 + 24)\nr0 &= 15',
  ],
  ['a pointer from a local call', 'entry main:\ncall f\nr0 = *(u8 *)(r0 + 15)\nexit\nfunc f:\nr0 = *(u64 *)(r1 + 0)'],
  [
    'r6 over a call',
    'entry main:\nr6 = *(u64 *)(r1 + 0)\ncall f\nr0 = *(u8 *)(r6 + 15)\nexit\nfunc f:\nr6 = 0\nr0 = 0',
  ],
  [
    'two calls with different indices',
    'entry main:\nr6 = r1\nr2 = 3\ncall f\nr1 = r6\nr2 = 12\ncall f\nexit\nfunc f:\nr1 = *(u64 *)(r1 + 0)\nr1 += r2\nr0 = *(u32 *)(r1 + 0)',
  ],
  ['printf', '.rodata s 2575000000000000\nr1 = s ll\nr2 = 1\nr3 = 2\nr4 = 3\nr5 = 4\ncall 0x01'],
  ['fetch into the stack', 'r1 = 1\nr2 = r10\nr2 += -4\ncall 0x12\nr0 = *(u32 *)(r10 - 4)'],
  ['memcpy to the stack', 'r2 = *(u64 *)(r1 + 0)\nr1 = r10\nr1 += -16\nr3 = 16\ncall 0x02\nr0 = *(u64 *)(r10 - 8)'],
  [
    'memcpy with a bounded length',
    'r3 = *(u64 *)(r1 + 24)\nr3 &= 15\nr2 = *(u64 *)(r1 + 0)\nr1 = r10\nr1 += -16\ncall 0x02\nr0 = 0',
  ],
  ['memcpy of nothing', 'r1 = 0\nr2 = 0\nr3 = 0\ncall 0x02\nr0 = 0'],
  ['the context as a helper argument', 'r2 = 69\ncall 0x40'],
  ['a region that a helper gives', 'call 0x43\n*(u64 *)(r0 + 56) = 0\nr0 = 0'],
  ['an atomic addition', '*(u64 *)(r10 - 8) = 1\nr3 = 2\nlock *(u64 *)(r10 - 8) += r3\nr0 = *(u64 *)(r10 - 8)'],
  ['an indirect call of a known function', 'entry main:\nr2 = f ll\ncallx r2\nexit\nfunc f:\nr0 = 4'],
  [
    'an indirect call of one of two functions',
    'entry main:\nr3 = *(u64 *)(r1 + 24)\nr2 = f ll\nif r3 == 0 goto use\nr2 = g ll\nuse:\ncallx r2\nexit\nfunc f:\nr0 = 1\nexit\nfunc g:\nr0 = 2',
  ],
  [
    'an indirect call of a number where an address is taken',
    'entry main:\nr3 = f ll\nr2 = *(u64 *)(r1 + 24)\ncallx r2\nexit\nfunc f:\nr0 = 1',
  ],
  ['dead code may be wrong', 'r0 = 0\nexit\nr0 = *(u64 *)(r10 + 8)\n'],
  ['a branch that is never taken may be wrong', 'r0 = 0\nif r0 == 0 goto out\nr0 = *(u64 *)(r10 + 8)\nout:'],
  [
    'movsx keeps an index',
    'r3 = *(u32 *)(r1 + 20)\nr3 = (s8)r3\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)',
  ],
  [
    'a byte swap of 16 bits',
    'r3 = *(u8 *)(r1 + 20)\nr3 = be16 r3\nr3 >>= 8\nr3 &= 15\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)',
  ],
];

/** Programs that are accepted with guards: what each guarded access or argument is in, in program order. */
export const GUARDED: readonly (readonly [name: string, text: string, regions: readonly string[]])[] = [
  ['an unbounded index', 'r3 = *(u64 *)(r1 + 24)\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)', ['granted']],
  [
    'an index bounded on one side',
    'r3 = *(u64 *)(r1 + 24)\nr0 = 0\nif r3 s> 15 goto out\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nout:',
    ['granted'],
  ],
  [
    'an index off by one',
    'r3 = *(u64 *)(r1 + 24)\nr3 &= 15\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u16 *)(r1 + 0)',
    ['granted'],
  ],
  ['the unsure part of a region', 'r1 = *(u64 *)(r1 + 8)\nr0 = *(u8 *)(r1 + 14)', ['granted']],
  ['the last possible byte of a region', 'r1 = *(u64 *)(r1 + 8)\nr0 = *(u8 *)(r1 + 1499)', ['granted']],
  ['a number as an address', 'r3 = *(u64 *)(r1 + 24)\nr0 = *(u32 *)(r3 + 0)', ['search']],
  ['a constant address', 'r3 = 0x20000000\nr0 = *(u32 *)(r3 + 0)', ['search']],
  ['a pointer cut to 32 bits', 'w3 = w1\nr0 = *(u64 *)(r3 + 24)', ['search']],
  ['a pointer with bits cleared', 'r1 &= -8\nr0 = *(u64 *)(r1 + 24)', ['search']],
  ['a sum of two pointers', 'r3 = r10\nr3 += r1\nr0 = *(u8 *)(r3 + 0)', ['search']],
  [
    'one of two pointers',
    'r3 = *(u64 *)(r1 + 24)\nr4 = *(u64 *)(r1 + 0)\nif r3 == 0 goto use\nr4 = *(u64 *)(r1 + 8)\nuse:\nr0 = *(u8 *)(r4 + 0)',
    ['search'],
  ],
  [
    'a pointer or null',
    'r3 = *(u64 *)(r1 + 24)\nr4 = *(u64 *)(r1 + 0)\nif r3 == 0 goto use\nr4 = 0\nuse:\nr0 = *(u8 *)(r4 + 0)',
    ['search'],
  ],
  [
    'a variable place on the stack',
    'r3 = *(u64 *)(r1 + 24)\nr4 = r10\nr4 -= r3\n*(u8 *)(r4 + 0) = 1\nr0 = 0',
    ['frame'],
  ],
  [
    'a variable place in data',
    '.data d 0102030405060708\nr3 = *(u64 *)(r1 + 24)\nr4 = d ll\nr4 += r3\nr0 = *(u8 *)(r4 + 0)',
    ['data'],
  ],
  [
    'a variable place in rodata',
    '.rodata d 0102030405060708\nr3 = *(u64 *)(r1 + 24)\nr4 = d ll\nr4 += r3\nr0 = *(u8 *)(r4 + 0)',
    ['rodata'],
  ],
  ['a variable read of the context', 'r3 = *(u64 *)(r1 + 24)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)', ['context']],
  [
    'a pointer read back after an unknown write',
    '*(u64 *)(r10 - 8) = r1\nr3 = *(u64 *)(r1 + 24)\n*(u64 *)(r3 + 0) = r3\nr1 = *(u64 *)(r10 - 8)\nr0 = *(u64 *)(r1 + 24)',
    ['search', 'search'],
  ],
  [
    'a pointer read back after a variable write',
    '*(u64 *)(r10 - 8) = r1\nr3 = *(u64 *)(r1 + 24)\nr3 &= 15\nr4 = r10\nr4 += -16\nr4 += r3\n*(u8 *)(r4 + 0) = r3\nr1 = *(u64 *)(r10 - 8)\nr0 = *(u64 *)(r1 + 24)',
    ['search'],
  ],
  [
    'a pointer partly overwritten',
    '*(u64 *)(r10 - 8) = r1\n*(u8 *)(r10 - 5) = 0\nr1 = *(u64 *)(r10 - 8)\nr0 = *(u64 *)(r1 + 24)',
    ['search'],
  ],
  [
    'a pointer kept in data',
    '.bss d 8\nr3 = d ll\n*(u64 *)(r3 + 0) = r1\nr4 = *(u64 *)(r3 + 0)\nr0 = *(u64 *)(r4 + 24)',
    ['search'],
  ],
  [
    'a loop without a bound',
    'r3 = *(u64 *)(r1 + 24)\nr0 = 0\nr1 = *(u64 *)(r1 + 0)\nloop:\nr4 = *(u8 *)(r1 + 0)\nr0 += r4\nr1 += 1\nr3 += -1\nif r3 != 0 goto loop',
    ['granted'],
  ],
  [
    'a bound checked on one path only',
    'r3 = *(u64 *)(r1 + 24)\nif r3 == 77 goto use\nr3 &= 15\nuse:\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)',
    ['granted'],
  ],
  [
    "a caller's pointer overwritten by the callee",
    'entry main:\n*(u64 *)(r10 - 8) = r1\nr1 = r10\nr1 += -8\ncall f\nr1 = *(u64 *)(r10 - 8)\nr0 = *(u64 *)(r1 + 24)\nexit\nfunc f:\n*(u64 *)(r1 + 0) = 0x20000000\nr0 = 0',
    ['search'],
  ],
  ["a callee's frame address", 'entry main:\ncall f\nr0 = *(u8 *)(r0 - 8)\nexit\nfunc f:\nr0 = r10', ['search']],
  [
    'two calls with different pointers',
    'entry main:\nr6 = r1\nr1 = *(u64 *)(r6 + 0)\ncall f\nr1 = *(u64 *)(r6 + 8)\ncall f\nexit\nfunc f:\nr0 = *(u8 *)(r1 + 0)',
    ['search'],
  ],
  [
    'a helper buffer without a bound',
    'r3 = *(u64 *)(r1 + 24)\nr2 = *(u64 *)(r1 + 0)\nr1 = r2\ncall 0x02\nr0 = 0',
    ['granted', 'granted'],
  ],
  ['a helper buffer at an unknown address', 'r2 = *(u64 *)(r1 + 24)\nr1 = 1\ncall 0x12', ['search']],
  [
    'a writable range is no promise',
    'r3 = *(u32 *)(r1 + 24)\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)',
    ['granted'],
  ],
  [
    'a variable write within the writable part',
    'r3 = *(u64 *)(r1 + 24)\nr0 = 0\nif r3 < 24 goto out\nif r3 s< 0 goto out\nr1 += r3\n*(u8 *)(r1 + 0) = 1\nout:',
    ['context'],
  ],
  [
    'a copy on one path only',
    'r3 = *(u64 *)(r1 + 24)\nr6 = *(u64 *)(r1 + 24)\nr4 = r3\nif r3 == 77 goto use\nr4 = r6\nuse:\nr0 = 0\nif r4 > 15 goto out\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nout:',
    ['granted'],
  ],
  [
    'copies that drift apart in a loop',
    'r3 = *(u64 *)(r1 + 24)\nr6 = *(u64 *)(r1 + 0)\nr4 = r3\nr0 = 0\nloop:\nif r4 > 15 goto out\nr5 = r6\nr5 += r3\nr2 = *(u8 *)(r5 + 0)\nr3 = r4\nr3 += 1\nr4 = *(u64 *)(r1 + 24)\ngoto loop\nout:',
    ['granted'],
  ],
];

/** Programs that are refused, and the code of the first error. */
export const REFUSED: readonly (readonly [name: string, text: string, code: ErrorCode])[] = [
  ['no result', '', 'FCC0101'],
  ['a result on one path only', 'r3 = *(u64 *)(r1 + 24)\nif r3 == 0 goto out\nr0 = 0\nout:', 'FCC0101'],
  ['an argument that the hook does not pass', 'r0 = r3', 'FCC0101'],
  ['r6 at entry', 'r0 = r6', 'FCC0101'],
  ['r1 after a helper', 'r6 = r1\nr2 = 1\ncall 0x40\nr0 = *(u64 *)(r1 + 24)', 'FCC0101'],
  ['r2 after a local call', 'entry main:\nr2 = 1\ncall f\nr0 = r2\nexit\nfunc f:\nr0 = 0', 'FCC0101'],
  ["the caller's r6 in a callee", 'entry main:\nr6 = 1\ncall f\nexit\nfunc f:\nr0 = r6', 'FCC0101'],
  ['the result of a function without one', 'entry main:\ncall f\nexit\nfunc f:\nr1 = 0', 'FCC0101'],
  ['the result of a helper without one', 'r1 = r10\nr1 += -4\n*(u32 *)(r10 - 4) = 1\nr2 = 5\ncall 0x61', 'FCC0101'],
  ['an uninitialised address', 'r0 = *(u64 *)(r7 + 0)', 'FCC0101'],
  ['an uninitialised stored value', '*(u64 *)(r10 - 8) = r8\nr0 = 0', 'FCC0101'],
  ['an uninitialised comparison', 'r0 = 0\nif r5 == 1 goto out\nout:', 'FCC0101'],
  ['a missing helper argument', 'r1 = 1\nr2 = r10\nr2 += -8\nr0 = 0\ncall 0x40', 'FCC0105'],
  ['unwritten stack', 'r0 = *(u64 *)(r10 - 8)', 'FCC0102'],
  [
    'stack that another function wrote',
    'entry main:\n*(u64 *)(r10 - 8) = 1\ncall f\nexit\nfunc f:\nr0 = *(u64 *)(r10 - 8)',
    'FCC0102',
  ],
  ['unwritten stack given to a helper', 'r1 = r10\nr1 += -8\nr2 = 5\ncall 0x61\nr0 = 0', 'FCC0102'],
  ['an atomic on unwritten stack', 'r3 = 1\nlock *(u64 *)(r10 - 8) += r3\nr0 = 0', 'FCC0102'],
  ['an unknown helper', 'call 9999', 'FCC0103'],
  ['helper 0', 'call 0', 'FCC0103'],
  ['a helper that is not allowed', 'call 0x20', 'FCC0104'],
  ['not the context', 'r1 += 8\nr2 = 69\ncall 0x40', 'FCC0105'],
  ['the stack as context', 'r1 = r10\nr2 = 69\ncall 0x40', 'FCC0105'],
  [
    'a string on the stack',
    'r1 = r10\nr1 += -8\n*(u64 *)(r10 - 8) = 0\nr2 = 1\nr3 = 2\nr4 = 3\nr5 = 4\ncall 0x01',
    'FCC0105',
  ],
  [
    'a string without an end',
    '.rodata s 6161616161616161\nr1 = s ll\nr2 = 1\nr3 = 2\nr4 = 3\nr5 = 4\ncall 0x01',
    'FCC0105',
  ],
  [
    'a string at a variable place',
    '.rodata s 6161616161616100\nr6 = *(u64 *)(r1 + 24)\nr6 &= 3\nr1 = s ll\nr1 += r6\nr2 = 1\nr3 = 2\nr4 = 3\nr5 = 4\ncall 0x01',
    'FCC0105',
  ],
  ['a helper buffer beyond the stack', 'r1 = 1\nr2 = r10\ncall 0x12', 'FCC0106'],
  [
    'a helper buffer longer than its region',
    'r2 = *(u64 *)(r1 + 0)\nr1 = r10\nr1 += -32\nr3 = 17\ncall 0x02\nr0 = 0',
    'FCC0106',
  ],
  ['a null helper buffer', 'r1 = 1\nr2 = 0\ncall 0x12', 'FCC0106'],
  ['a helper writing to rodata', '.rodata c 0102030405060708\nr1 = 1\nr2 = c ll\ncall 0x12', 'FCC0108'],
  ['a helper writing to a read-only region', 'r1 = *(u64 *)(r1 + 8)\nr2 = r1\nr3 = 4\ncall 0x02\nr0 = 0', 'FCC0108'],
  ['a read above the stack', 'r0 = *(u8 *)(r10 + 0)', 'FCC0107'],
  ['a read over the end of the stack', '*(u64 *)(r10 - 8) = 0\nr0 = *(u64 *)(r10 - 4)', 'FCC0107'],
  ['a write below the stack', '*(u8 *)(r10 - 513) = 0\nr0 = 0', 'FCC0107'],
  ['a read behind the context', 'r0 = *(u8 *)(r1 + 32)', 'FCC0107'],
  ['a read over the end of the context', 'r0 = *(u64 *)(r1 + 28)', 'FCC0107'],
  ['a read before the context', 'r0 = *(u8 *)(r1 - 1)', 'FCC0107'],
  ['a read behind a fixed region', 'r1 = *(u64 *)(r1 + 0)\nr0 = *(u8 *)(r1 + 16)', 'FCC0107'],
  ['a read behind the longest region', 'r1 = *(u64 *)(r1 + 8)\nr0 = *(u8 *)(r1 + 1500)', 'FCC0107'],
  ['a read behind data', '.data d 0102030405060708\nr1 = d ll\nr0 = *(u64 *)(r1 + 1)', 'FCC0107'],
  ['a read behind rodata', '.rodata d 0102030405060708\nr1 = d ll\nr0 = *(u8 *)(r1 + 8)', 'FCC0107'],
  ['a null pointer', 'r1 = 0\nr0 = *(u64 *)(r1 + 0)', 'FCC0107'],
  ['an offset from a null pointer', 'r1 = 0\nr0 = *(u64 *)(r1 + 16)', 'FCC0107'],
  ['an offset that wraps', 'r1 += -1\nr0 = *(u64 *)(r1 + 0)', 'FCC0107'],
  ['a huge offset', 'r3 = 0x7fffffff\nr1 += r3\nr0 = *(u64 *)(r1 + 0)', 'FCC0107'],
  ['an offset of 2^63', 'r3 = 0x8000000000000000 ll\nr1 += r3\nr0 = *(u64 *)(r1 + 0)', 'FCC0107'],
  [
    'an index that is always too large',
    'r3 = *(u64 *)(r1 + 24)\nr0 = 0\nif r3 < 16 goto out\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nout:',
    'FCC0107',
  ],
  ['an error behind a local call', 'entry main:\nr1 = r10\ncall f\nexit\nfunc f:\nr0 = *(u8 *)(r1 + 0)', 'FCC0107'],
  ['a write to rodata', '.rodata c 0102030405060708\nr1 = c ll\n*(u8 *)(r1 + 0) = 1\nr0 = 0', 'FCC0108'],
  ['a write to a read-only region', 'r1 = *(u64 *)(r1 + 8)\n*(u8 *)(r1 + 0) = 1\nr0 = 0', 'FCC0108'],
  ['a write to a pointer field', '*(u64 *)(r1 + 0) = 1\nr0 = 0', 'FCC0108'],
  ['a write to a byte of a pointer field', '*(u8 *)(r1 + 11) = 1\nr0 = 0', 'FCC0108'],
  ['a write to a length field', '*(u32 *)(r1 + 16) = 1\nr0 = 0', 'FCC0108'],
  ['a write to a read-only field', '*(u32 *)(r1 + 20) = 1\nr0 = 0', 'FCC0108'],
  ['a write over a read-only and a writable field', '*(u64 *)(r1 + 20) = 1\nr0 = 0', 'FCC0108'],
  ['an atomic on a read-only field', 'r3 = 1\nlock *(u32 *)(r1 + 20) += w3\nr0 = 0', 'FCC0108'],
  ['half of a pointer field', 'r0 = *(u32 *)(r1 + 0)', 'FCC0109'],
  ['a load across two pointer fields', 'r0 = *(u64 *)(r1 + 4)', 'FCC0109'],
  [
    'a write at a variable place of the context',
    'r3 = *(u64 *)(r1 + 24)\nr1 += r3\n*(u8 *)(r1 + 0) = 1\nr0 = 0',
    'FCC0110',
  ],
  [
    'a write at a bounded place over mixed rights',
    'r3 = *(u64 *)(r1 + 24)\nr3 &= 31\nr1 += r3\n*(u8 *)(r1 + 0) = 1\nr0 = 0',
    'FCC0110',
  ],
  ['an indirect call of an unknown number', 'r2 = *(u64 *)(r1 + 24)\ncallx r2', 'FCC0112'],
  ['an indirect call of a pointer', 'r2 = r10\ncallx r2\nr3 = f ll\nexit\nfunc f:\nr0 = 1', 'FCC0112'],
  ['an indirect call of a helper that does not exist', 'r2 = 30000\ncallx r2', 'FCC0103'],
  [
    'an indirect call of one of two functions, one of which recurses',
    'entry main:\nr3 = *(u64 *)(r1 + 24)\nr2 = f ll\nif r3 == 0 goto use\nr2 = g ll\nuse:\ncallx r2\nexit\nfunc f:\nr0 = 1\nexit\nfunc g:\nr2 = f ll\nr2 |= 1\ncallx r2\nr0 = 2',
    'FCC0114',
  ],
  ['recursion', 'entry main:\ncall main\nr0 = 0', 'FCC0314'],
  ['recursion of two', 'entry main:\ncall f\nexit\nfunc f:\ncall g\nexit\nfunc g:\ncall f\nr0 = 0', 'FCC0314'],
  ['indirect recursion', 'entry main:\nr2 = f ll\ncallx r2\nexit\nfunc f:\nr2 = f ll\ncallx r2\nr0 = 0', 'FCC0114'],
];
