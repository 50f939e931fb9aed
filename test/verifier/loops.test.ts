// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { buildCfg } from '../../compiler/cfg/index.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { verify } from '../../compiler/verifier/verify.js';
import { asm, CONTRACTS, type Input, MOST, P, prog, requestFor } from './rows.js';

/**
 * Loops and how often at most an edge back to their first instruction is taken each time they are entered, reasoned by hand for the
 * longest regions (64 bytes) and any numbers. `exact`: the bound has to be that; otherwise it may be larger. `longest`: an input that takes
 * it. Several numbers: several loops, outer before inner, by place.
 */
type Row = readonly [name: string, text: string, most: readonly number[], exact: boolean, longest: Input];

const PKT = asm(P.pkt, P.len);
const K = Number(MOST);

const BOUNDED: readonly Row[] = [
  ['do while, up to a constant', 'r3 = 0\nloop:\nr3 += 1\nif r3 < 10 goto loop', [9], true, {}],
  ['do while, != a constant', 'r3 = 0\nloop:\nr3 += 1\nif r3 != 10 goto loop', [9], true, {}],
  ['while, up to a constant', 'r3 = 0\nloop:\nif r3 >= 10 goto out\nr3 += 1\ngoto loop', [10], true, {}],
  ['while, <= a constant', 'r3 = 0\nloop:\nif r3 > 10 goto out\nr3 += 1\ngoto loop', [11], true, {}],
  ['while in 32 bits', 'w3 = 0\nloop:\nif w3 >= 10 goto out\nw3 += 1\ngoto loop', [10], true, {}],
  ['while signed', 'r3 = -5\nloop:\nif r3 s>= 5 goto out\nr3 += 1\ngoto loop', [10], true, {}],
  ['steps of 4', 'r3 = 0\nloop:\nif r3 >= 64 goto out\nr3 += 4\ngoto loop', [16], true, {}],
  ['steps of 4, not a multiple', 'r3 = 0\nloop:\nif r3 >= 63 goto out\nr3 += 4\ngoto loop', [16], true, {}],
  ['steps of 3 to !=', 'r3 = 0\nloop:\nr3 += 3\nif r3 != 30 goto loop', [9], true, {}],
  ['down from a constant', 'r3 = 10\nloop:\nr3 += -1\nif r3 != 0 goto loop', [9], true, {}],
  ['down, tested before', 'r3 = 10\nloop:\nif r3 == 0 goto out\nr3 += -1\ngoto loop', [10], true, {}],
  ['down while s>= 0', 'r3 = 10\nloop:\nr3 += -1\nif r3 s>= 0 goto loop', [10], true, {}],
  ['down while s> 0', 'r3 = 10\nloop:\nr3 += -1\nif r3 s> 0 goto loop', [9], true, {}],
  ['down in 32 bits', 'w3 = 10\nloop:\nw3 += -1\nif w3 != 0 goto loop', [9], true, {}],
  ['up to the length', asm(PKT, 'r3 = 0\nloop:\nif r3 >= r7 goto out\nr3 += 1\ngoto loop'), [K], true, { pkt: K }],
  ['up to the length, w', asm(PKT, 'w3 = 0\nloop:\nif w3 >= w7 goto out\nw3 += 1\ngoto loop'), [K], true, { pkt: K }],
  [
    'up to the length by !=',
    asm(PKT, 'r3 = 0\nloop:\nif r3 == r7 goto out\nr3 += 1\ngoto loop'),
    [K],
    true,
    { pkt: K },
  ],
  [
    'up to the length by 4',
    asm(PKT, 'r3 = 0\nloop:\nif r3 >= r7 goto out\nr3 += 4\ngoto loop'),
    [K / 4],
    true,
    { pkt: K },
  ],
  [
    'i + 4 <= length by 4',
    asm(PKT, 'r3 = 0\nloop:\nr4 = r3\nr4 += 4\nif r4 > r7 goto out\nr3 = r4\ngoto loop'),
    [K / 4],
    true,
    { pkt: K },
  ],
  ['do while i < length', asm(PKT, 'r3 = 0\nloop:\nr3 += 1\nif r3 < r7 goto loop'), [K - 1], true, { pkt: K }],
  ['down from the length', asm(PKT, 'loop:\nif r7 == 0 goto out\nr7 += -1\ngoto loop'), [K], true, { pkt: K }],
  ['down from the length by 4', asm(PKT, 'loop:\nif r7 < 4 goto out\nr7 += -4\ngoto loop'), [K / 4], true, { pkt: K }],
  [
    'a pointer to the end',
    asm(PKT, 'r5 = r6\nr5 += r7\nloop:\nif r6 >= r5 goto out\nr6 += 1\ngoto loop'),
    [K],
    true,
    { pkt: K },
  ],
  [
    'a pointer to the end by !=',
    asm(PKT, 'r5 = r6\nr5 += r7\nloop:\nif r6 == r5 goto out\nr6 += 1\ngoto loop'),
    [K],
    true,
    { pkt: K },
  ],
  [
    'a pointer to the end by 8',
    asm(PKT, 'r5 = r6\nr5 += r7\nloop:\nr4 = r6\nr4 += 8\nif r4 > r5 goto out\nr6 = r4\ngoto loop'),
    [K / 8],
    true,
    { pkt: K },
  ],
  [
    'a pointer back to the start',
    asm(PKT, 'r5 = r6\nr5 += r7\nloop:\nif r5 == r6 goto out\nr5 += -1\ngoto loop'),
    [K],
    true,
    { pkt: K },
  ],
  [
    'a count that the hook promises',
    asm(P.kind, 'loop:\nif r3 == 0 goto out\nr3 += -1\ngoto loop'),
    [15],
    false,
    { kind: 15 },
  ],
  [
    'up to a promised count',
    asm(P.kind, 'r4 = 0\nloop:\nif r4 >= r3 goto out\nr4 += 1\ngoto loop'),
    [15],
    true,
    { kind: 15 },
  ],
  [
    'up to a checked number',
    asm(P.a, 'if r3 > 100 goto out\nr4 = 0\nloop:\nif r4 >= r3 goto out\nr4 += 1\ngoto loop'),
    [100],
    true,
    { a: 100n },
  ],
  [
    'up to a masked number',
    asm(P.a, 'r3 &= 31\nr4 = 0\nloop:\nif r4 >= r3 goto out\nr4 += 1\ngoto loop'),
    [31],
    true,
    { a: 31n },
  ],
  [
    'up to a byte',
    asm(PKT, 'if r7 == 0 goto out\nr3 = *(u8 *)(r6 + 0)\nr4 = 0\nloop:\nif r4 >= r3 goto out\nr4 += 1\ngoto loop'),
    [255],
    true,
    { pkt: [255] },
  ],
  [
    'up to the smaller of two',
    asm(PKT, 'if r7 <= 8 goto ok\nr7 = 8\nok:\nr3 = 0\nloop:\nif r3 >= r7 goto out\nr3 += 1\ngoto loop'),
    [8],
    true,
    { pkt: 9 },
  ],
  [
    'early exit',
    asm(
      PKT,
      'r3 = 0\nloop:\nif r3 >= r7 goto out\nr4 = r6\nr4 += r3\nr4 = *(u8 *)(r4 + 0)\nr3 += 1\nif r4 != 9 goto loop',
    ),
    [K],
    true,
    { pkt: K },
  ],
  [
    'exit by the earlier of two counts',
    'r3 = 0\nr4 = 0\nloop:\nif r3 >= 10 goto out\nif r4 >= 12 goto out\nr3 += 1\nr4 += 2\ngoto loop',
    [6],
    false,
    {},
  ],
  [
    'continue',
    asm(P.a, 'r4 = 0\nloop:\nif r4 >= 10 goto out\nr4 += 1\nif r3 == r4 goto loop\nr0 += 1\ngoto loop'),
    [10],
    true,
    {},
  ],
  [
    'a start that is checked',
    asm(P.a, 'if r3 > 10 goto out\nloop:\nif r3 >= 20 goto out\nr3 += 1\ngoto loop'),
    [20],
    false,
    {},
  ],
  [
    'a counter on the stack',
    '*(u64 *)(r10 - 8) = 0\nloop:\nr3 = *(u64 *)(r10 - 8)\nif r3 >= 10 goto out\nr3 += 1\n*(u64 *)(r10 - 8) = r3\ngoto loop',
    [10],
    true,
    {},
  ],
  [
    'an endless loop that is never entered again',
    'r3 = 0\nloop:\nr3 += 1\nif r3 > 0 goto out\ngoto loop',
    [0],
    true,
    {},
  ],
  [
    'nested',
    'r3 = 0\nouter:\nr4 = 0\ninner:\nr4 += 1\nif r4 < 7 goto inner\nr3 += 1\nif r3 < 5 goto outer',
    [4, 6],
    true,
    {},
  ],
  [
    'nested, tested before',
    'r3 = 0\nouter:\nif r3 >= 5 goto out\nr4 = 0\ninner:\nif r4 >= 7 goto next\nr4 += 1\ngoto inner\nnext:\nr3 += 1\ngoto outer',
    [5, 7],
    true,
    {},
  ],
  [
    'nested to the length',
    asm(
      PKT,
      'r3 = 0\nouter:\nif r3 >= r7 goto out\nr4 = 0\ninner:\nif r4 >= r7 goto next\nr4 += 1\ngoto inner\nnext:\nr3 += 1\ngoto outer',
    ),
    [K, K],
    true,
    { pkt: K },
  ],
  [
    'triangle: j < i',
    asm(
      PKT,
      'r3 = 0\nouter:\nif r3 >= r7 goto out\nr4 = 0\ninner:\nif r4 >= r3 goto next\nr4 += 1\ngoto inner\nnext:\nr3 += 1\ngoto outer',
    ),
    [K, K - 1],
    true,
    { pkt: K },
  ],
  [
    'triangle: j from i',
    asm(
      PKT,
      'r3 = 0\nouter:\nif r3 >= r7 goto out\nr4 = r3\ninner:\nif r4 >= r7 goto next\nr4 += 1\ngoto inner\nnext:\nr3 += 1\ngoto outer',
    ),
    [K, K],
    true,
    { pkt: K },
  ],
  [
    'three deep',
    'r3 = 0\na:\nr4 = 0\nb:\nr5 = 0\nc:\nr5 += 1\nif r5 < 3 goto c\nr4 += 1\nif r4 < 4 goto b\nr3 += 1\nif r3 < 5 goto a',
    [4, 3, 2],
    true,
    {},
  ],
  ['one after the other', 'r3 = 0\na:\nr3 += 1\nif r3 < 5 goto a\nb:\nr3 += 1\nif r3 < 20 goto b', [4, 14], true, {}],
  ['a call in each round', asm('r6 = 0\nloop:\nr1 = r6\ncall 0x20\nr6 += 1\nif r6 < 10 goto loop'), [9], true, {}],
  [
    'copies bounded by two lengths',
    asm(PKT, 'r8 = *(u32 *)(r1 + 40)\nr3 = 0\nloop:\nif r3 >= r7 goto out\nif r3 >= r8 goto out\nr3 += 1\ngoto loop'),
    [K],
    true,
    { pkt: K, out: K },
  ],
];

/** Bounded loops whose bound is not found: rounds that add this or that to a counter. Those inside them are. */
const NOT_FOUND: readonly Row[] = [
  [
    'a step of 1 or 2',
    asm(P.a, 'r4 = 0\nloop:\nif r4 >= 10 goto out\nr4 += 1\nif r3 == 7 goto loop\nr4 += 1\ngoto loop'),
    [10],
    true,
    { a: 7n },
  ],
  [
    'the inner one moves the outer counter',
    asm('r3 = 0\nouter:\nif r3 >= 20 goto out\nr4 = 0\ninner:\nr3 += 1\nr4 += 1\nif r4 < 4 goto inner\ngoto outer'),
    [5, 3],
    false,
    {},
  ],
];

/** Loops that some input keeps going for longer than any bound worth having, or for ever. */
const ENDLESS: readonly (readonly [name: string, text: string])[] = [
  ['for ever', 'loop:\nr0 += 1\ngoto loop'],
  ['until a number of the context is 0', asm(P.a, 'loop:\nif r3 == 0 goto out\nr3 += -1\ngoto loop')],
  ['up to a number of the context', asm(P.a, 'r4 = 0\nloop:\nif r4 >= r3 goto out\nr4 += 1\ngoto loop')],
  ['!= with a step that jumps over', asm(PKT, 'r3 = 0\nloop:\nif r3 == r7 goto out\nr3 += 2\ngoto loop')],
  ['!= from a start behind it', asm(PKT, 'r3 = 100\nloop:\nif r3 == r7 goto out\nr3 += 1\ngoto loop')],
  ['do while != on what may be 0', asm(PKT, 'r3 = 0\nloop:\nr3 += 1\nif r3 != r7 goto loop')],
  ['step from the context', asm(P.b, 'r8 = r4\nr3 = 0\nloop:\nif r3 >= 10 goto out\nr3 += r8\ngoto loop')],
  [
    'step from the packet, 0 among them',
    asm(PKT, 'if r7 == 0 goto out\nr4 = *(u8 *)(r6 + 0)\nr3 = 0\nloop:\nif r3 >= 10 goto out\nr3 += r4\ngoto loop'),
  ],
  ['doubling of 0', asm(P.a, 'r3 &= 1\nloop:\nif r3 > 100 goto out\nr3 <<= 1\ngoto loop')],
  [
    'a counter reset in some rounds',
    asm(P.a, 'r4 = 0\nloop:\nif r4 >= 10 goto out\nr4 += 1\nif r4 != 5 goto loop\nr4 = r3\nr4 &= 3\ngoto loop'),
  ],
  ['the other way', 'r3 = 0\nloop:\nif r3 s>= 10 goto out\nr3 += -1\ngoto loop'],
  ['a limit that runs away', 'r3 = 0\nr4 = 10\nloop:\nif r3 >= r4 goto out\nr3 += 1\nr4 += 1\ngoto loop'],
  ['down unsigned >= 0', 'r3 = 10\nloop:\nr3 += -1\nif r3 >= 0 goto loop'],
  ['a remainder that never is 0', asm(P.a, 'r3 |= 1\nloop:\nr3 += 2\nr4 = r3\nr4 &= 1\nif r4 != 0 goto loop')],
];

/** Times that an edge back to each loop was taken since it was last entered, at most, in a run. */
function taken(text: string, input: Input, fuel: number): Map<number, number> {
  const program = assemble(text);
  const cfg = buildCfg(program.functions[0]!);
  const most = new Map<number, number>();
  const now = new Map<number, number>();
  let before = -1;
  interpret(
    program,
    0,
    CONTRACTS.main,
    { ...requestFor('main', input), fuel },
    {
      trace: ({ slot }) => {
        for (const { header, latches } of cfg.loops) {
          const start = cfg.blocks[header]!.start;
          if (slot !== start) continue;
          const back = before >= 0 && latches.includes(cfg.blockAt[before]!);
          now.set(start, back ? (now.get(start) ?? 0) + 1 : 0);
          most.set(start, Math.max(most.get(start) ?? 0, now.get(start)!));
        }
        before = slot;
      },
    },
  );
  return most;
}

/** Bounds found, by place. */
function bounds(text: string): number[] {
  const v = verify(assemble(text), 0, CONTRACTS.main);
  if (v.verdict === 'rejected') throw v.errors[0]!;
  return [...v.facts.functions[0]!.loops].sort(([a], [b]) => a - b).map(([, n]) => n);
}

describe('bounds of loops', () => {
  it.each(BOUNDED)('%s', (_name, text, most, exact, longest) => {
    const whole = prog(text);
    const found = bounds(whole);
    expect(found.length).toBe(most.length);
    // The reasoned number is what a run really takes.
    const run = [...taken(whole, longest, 100_000)].sort(([a], [b]) => a - b).map(([, n]) => n);
    expect(run).toEqual(most);
    if (exact) expect(found).toEqual(most);
    for (const [i, n] of found.entries()) expect(n).toBeGreaterThanOrEqual(most[i]!);
  });

  it.each(ENDLESS)('none: %s', (_name, text) => {
    expect(bounds(prog(text))).toEqual([]);
  });

  it.each(NOT_FOUND)('not found: %s', (_name, text, most) => {
    const found = bounds(prog(text));
    expect(found.length, 'found now: move it up').toBeLessThan(most.length);
    expect(most).toEqual(expect.arrayContaining(found));
  });

  it('are shown for more than 40 loops', () => {
    expect(BOUNDED.length).toBeGreaterThan(40);
  });
});
