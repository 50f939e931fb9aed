// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import type { HelperRow } from '../../compiler/contract/helpers.js';
import type { Contract } from '../../compiler/contract/types.js';
import type { ErrorCode } from '../../compiler/errors/index.js';
import { verify } from '../../compiler/verifier/verify.js';
import { CONTRACTS, prog } from './rows.js';

/** Helpers of a firmware of its own: ranges, pairs, outputs, results that may be null. */
const SIGNATURES: readonly HelperRow[] = [
  {
    id: 0x200,
    name: 'pin_set',
    args: [
      { kind: 'u32', name: 'pin', range: [0n, 15n] },
      { kind: 'u64', name: 'value', range: [1n, 0x100000000n] },
    ],
    result: { kind: 'void' },
    doc: 'Sets a pin.',
  },
  { id: 0x201, name: 'slot_of', args: [], result: { kind: 'u32', range: [0n, 15n] }, doc: 'A slot of buf.' },
  { id: 0x202, name: 'delta', args: [], result: { kind: 'i32', range: [-4n, 4n] }, doc: 'A small difference.' },
  { id: 0x203, name: 'find', args: [], result: { kind: 'region', region: 'buf', nullable: true }, doc: 'buf or null.' },
  { id: 0x204, name: 'give', args: [], result: { kind: 'region', region: 'pkt' }, doc: 'pkt.' },
  {
    id: 0x205,
    name: 'hash',
    args: [
      { kind: 'buffer', name: 'data', access: 'r', length: 1 },
      { kind: 'u32', name: 'n', range: [1n, 64n] },
      { kind: 'fixed', name: 'out', access: 'w', size: 8, certain: true },
    ],
    result: { kind: 'u64', range: [0n, 7n] },
    doc: 'A hash.',
  },
];
const CONTRACT: Contract = { ...CONTRACTS.main, signatures: SIGNATURES };

const codes = (text: string, strict: boolean, contract = CONTRACT): string[] => {
  const v = verify(assemble(text), 0, contract, { strict });
  return v.verdict === 'accepted' ? [] : v.errors.map((e) => e.code);
};

/** Accepted without a guard. */
const GOOD: readonly (readonly [name: string, text: string])[] = [
  ['arguments within their ranges', 'r1 = 15\nr2 = 1\ncall 0x200\nr0 = 0'],
  ['arguments at the other ends', 'r1 = 0\nr2 = 0x100000000 ll\ncall 0x200\nr0 = 0'],
  ['a masked argument', 'r1 = *(u64 *)(r1 + 48)\nr1 &= 15\nr2 = 1\ncall 0x200\nr0 = 0'],
  ['a u32 whose upper half does not count', 'r1 = *(u64 *)(r1 + 48)\nif w1 > 15 goto out\nr2 = 1\ncall 0x200\nr0 = 0'],
  ['a promised result as an index', 'r9 = r1\ncall 0x201\nr6 = *(u64 *)(r9 + 0)\nr6 += r0\nr0 = *(u8 *)(r6 + 0)'],
  ['a signed promised result', 'r9 = r1\ncall 0x202\nr6 = *(u64 *)(r9 + 0)\nr6 += r0\nr0 = *(u8 *)(r6 + 4)'],
  ['null ruled out by ==', 'call 0x203\nif r0 == 0 goto out\nr0 = *(u8 *)(r0 + 15)'],
  ['null ruled out by !=', 'call 0x203\nif r0 != 0 goto use\ngoto out\nuse:\nr0 = *(u8 *)(r0 + 15)'],
  ['null ruled out in a copy', 'call 0x203\nr6 = r0\nif r6 == 0 goto out\nr0 = *(u8 *)(r0 + 15)'],
  [
    'null ruled out in a spilled copy',
    'call 0x203\n*(u64 *)(r10 - 8) = r0\nif r0 == 0 goto out\nr6 = *(u64 *)(r10 - 8)\nr0 = *(u8 *)(r6 + 15)',
  ],
  ['null ruled out, then an offset', 'call 0x203\nif r0 == 0 goto out\nr0 += 8\nr0 = *(u64 *)(r0 + 0)'],
  ['null passed on, not used', 'call 0x203\nr6 = r0\nr0 = 0\nif r6 == 0 goto out\nr0 = 1'],
  [
    'a region of any length from a helper',
    'r9 = r1\ncall 0x204\nr7 = *(u32 *)(r9 + 16)\nr6 = r0\nr0 = 0\nif r7 < 4 goto out\nr0 = *(u32 *)(r6 + 0)',
  ],
  [
    'pair, output and result',
    'r7 = *(u32 *)(r1 + 16)\nr9 = *(u64 *)(r1 + 0)\nr1 = *(u64 *)(r1 + 8)\nif r7 == 0 goto out\nr2 = r7\nr3 = r10\nr3 += -8\ncall 0x205\nr9 += r0\nr0 = *(u64 *)(r10 - 8)\nr0 = *(u64 *)(r9 + 1)',
  ],
];

/** Refused, strict or not, and the first code. */
const BAD: readonly (readonly [name: string, text: string, code: ErrorCode])[] = [
  ['an argument one above its range', 'r1 = 16\nr2 = 1\ncall 0x200\nr0 = 0', 'FCC0115'],
  ['an argument one below its range', 'r1 = 0\nr2 = 0\ncall 0x200\nr0 = 0', 'FCC0115'],
  ['an argument one above its 64-bit range', 'r1 = 0\nr2 = 0x100000001 ll\ncall 0x200\nr0 = 0', 'FCC0115'],
  ['an argument that may be above', 'r1 = *(u64 *)(r1 + 48)\nr1 &= 31\nr2 = 1\ncall 0x200\nr0 = 0', 'FCC0115'],
  ['a negative argument', 'r1 = -1\nr2 = 1\ncall 0x200\nr0 = 0', 'FCC0115'],
  [
    'an argument checked one too loosely',
    'r1 = *(u64 *)(r1 + 48)\nif r1 > 16 goto out\nr2 = 1\ncall 0x200\nr0 = 0',
    'FCC0115',
  ],
  [
    'an argument checked as signed',
    'r1 = *(u64 *)(r1 + 48)\nif r1 s> 15 goto out\nr2 = 1\ncall 0x200\nr0 = 0',
    'FCC0115',
  ],
  ['a pointer where a range is wanted', 'r2 = 1\ncall 0x200\nr0 = 0', 'FCC0115'],
  ['null not ruled out, read', 'call 0x203\nr0 = *(u8 *)(r0 + 0)', 'FCC0113'],
  ['null not ruled out, written', 'call 0x203\n*(u8 *)(r0 + 0) = 1\nr0 = 0', 'FCC0113'],
  ['null tested the wrong way', 'call 0x203\nif r0 != 0 goto out\nr0 = *(u8 *)(r0 + 0)', 'FCC0107'],
  [
    'null ruled out for another call',
    'call 0x203\nr6 = r0\ncall 0x203\nif r0 == 0 goto out\nr0 = *(u8 *)(r6 + 0)',
    'FCC0113',
  ],
  ['an offset before null is ruled out', 'call 0x203\nr0 += 8\nif r0 == 0 goto out\nr0 = *(u8 *)(r0 + 0)', 'FCC0113'],
  ['null compared with 1', 'call 0x203\nif r0 == 1 goto out\nr0 = *(u8 *)(r0 + 0)', 'FCC0113'],
  [
    'null ruled out on one path',
    'r9 = r1\ncall 0x203\nr3 = *(u64 *)(r9 + 48)\nif r3 == 0 goto use\nif r0 == 0 goto out\nuse:\nr0 = *(u8 *)(r0 + 0)',
    'FCC0113',
  ],
  ['null given to a helper', 'call 0x203\nr1 = r0\nr2 = 4\nr3 = r10\nr3 += -8\ncall 0x205\nr0 = 0', 'FCC0113'],
  ['past the end where null is ruled out', 'call 0x203\nif r0 == 0 goto out\nr0 = *(u8 *)(r0 + 16)', 'FCC0107'],
  ['a void helper gives nothing', 'r1 = 1\nr2 = 1\ncall 0x200', 'FCC0101'],
  ['65 bytes at most 64', 'r1 = *(u64 *)(r1 + 8)\nr2 = 65\nr3 = r10\nr3 += -8\ncall 0x205\nr0 = 0', 'FCC0106'],
  ['no bytes at least 1', 'r1 = *(u64 *)(r1 + 8)\nr2 = 0\nr3 = r10\nr3 += -8\ncall 0x205\nr0 = 0', 'FCC0115'],
  [
    'an output over the end of the stack',
    'r1 = *(u64 *)(r1 + 0)\nr2 = 4\nr3 = r10\nr3 += -7\ncall 0x205\nr0 = 0',
    'FCC0106',
  ],
  ['an output into pkt', 'r3 = *(u64 *)(r1 + 8)\nr1 = *(u64 *)(r1 + 0)\nr2 = 4\ncall 0x205\nr0 = 0', 'FCC0108'],
  ['an id that no signature has', 'call 0x1ff', 'FCC0103'],
];

/** Left to guards. */
const GUARDED: readonly (readonly [name: string, text: string, code: ErrorCode])[] = [
  [
    'a promised result plus one',
    'r9 = r1\ncall 0x201\nr6 = *(u64 *)(r9 + 0)\nr6 += r0\nr0 = *(u8 *)(r6 + 1)',
    'FCC0107',
  ],
  [
    'a signed promised result without its least',
    'r9 = r1\ncall 0x202\nr6 = *(u64 *)(r9 + 0)\nr6 += r0\nr0 = *(u8 *)(r6 + 3)',
    'FCC0107',
  ],
  [
    'a pair of unknown length',
    'r2 = *(u32 *)(r1 + 40)\nr1 = *(u64 *)(r1 + 8)\nif r2 == 0 goto out\nr3 = r10\nr3 += -8\ncall 0x205\nr0 = 0',
    'FCC0106',
  ],
  [
    'a hash as an index of 8 bytes of 16, one too far',
    'r9 = *(u64 *)(r1 + 0)\nr1 = r9\nr2 = 4\nr3 = r10\nr3 += -8\ncall 0x205\nr9 += r0\nr0 = *(u64 *)(r9 + 2)',
    'FCC0107',
  ],
];

describe("a firmware's own helpers", () => {
  it.each(GOOD)('accepted: %s', (_name, text) => {
    expect(codes(prog(text), true)).toEqual([]);
  });
  it.each(BAD)('refused: %s', (_name, text, code) => {
    expect(codes(prog(text), false)[0]).toBe(code);
    expect(codes(prog(text), true)[0]).toBe(code);
  });
  it.each(GUARDED)('guarded: %s', (_name, text, code) => {
    expect(codes(prog(text), false)).toEqual([]);
    expect(codes(prog(text), true)[0]).toBe(code);
  });

  it('are allowed by name like the others', () => {
    const none = { ...CONTRACT, helpers: [] };
    expect(codes(prog('call 0x201'), false, none)).toEqual(['FCC0104']);
    expect(codes(prog('call 0x201'), false, { ...CONTRACT, helpers: ['slot_of'] })).toEqual([]);
  });
});

describe('the result that a hook takes', () => {
  const taking: Contract = { ...CONTRACT, result: { doc: 'verdict', range: [0n, 3n] } };
  it.each([
    ['inside', 'r0 = 3', []],
    ['unknown', 'r0 = *(u64 *)(r1 + 48)', []],
    ['never inside', 'r0 = 4', ['FCC0116']],
    ['negative', 'r0 = -1', ['FCC0116']],
  ] as const)('%s', (_name, text, wanted) => {
    expect(codes(prog(text), false, taking)).toEqual(wanted);
  });
});
