// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { finish, prepare } from '../../compiler/compile.js';
import type { RunResult } from '../../compiler/host/engine.js';
import { grantedAddress } from '../../compiler/host/layout.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { contractOf } from '../differential/pointer-world.js';
import { REPRESENTATIVES } from '../differential/targets.js';

/** Programs that some pass once made wrong, found by reading: random ones had not met them. */
const contract = contractOf();

/** How a program ends in the interpreter and on one target of each kind. Context: address of region a, then u32 words from byte 16 on. */
function ends(text: string, length: number, words: readonly number[], fuel: number): { wanted: string; got: string[] } {
  const program = assemble(text, 'loops');
  const context = new Uint8Array(32);
  const view = new DataView(context.buffer);
  view.setBigUint64(0, BigInt(grantedAddress(0, 1)), true);
  for (const [i, w] of words.entries()) view.setUint32(16 + 4 * i, w, true);
  const regions = new Map([['a', Uint8Array.from({ length }, (_, i) => i)]]);
  const say = (r: RunResult): string => (r.trap ? `trap ${r.trap.name}` : `ok ${r.r0}`);
  const wanted = say(interpret(program, program.entries[0]!, contract, { context, regions, fuel: 10_000_000 }));
  const prepared = prepare(program, { contract, level: 2, validate: true });
  if (prepared.kind === 'rejected') throw new Error('rejected');
  const got = REPRESENTATIVES.map(({ target, cpu }) => {
    const image = readImage(finish(prepared, target).image);
    return say(simulate(image, 'main', contract, { context, regions, fuel }, { cpu, maxInstructions: 8_000_000 }));
  });
  return { wanted, got };
}

const START = `entry main:
r9 = r1
r6 = *(u64 *)(r9 + 0)
r8 = *(u32 *)(r9 + 16)
r7 = *(u32 *)(r9 + 20)
r2 = *(u32 *)(r9 + 24)
r0 = 0
r5 = 0
r4 = 0
if r8 == 0 goto out
if r7 == 0 goto out
`;

describe('loops whose guards stand in front', () => {
  it('pay fuel if a bounded loop inside makes the rounds many', () => {
    const text = `${START}outer:
r2 = r6
r2 += r5
r1 = *(u8 *)(r2 + 0)
r0 += r1
r4 = 0
inner:
w0 *= 3
w0 ^= w4
w4 += 1
if w4 < 500000 goto inner
w5 += 1
if w5 < w8 goto outer
out:
exit`;
    expect(ends(text, 100, [100, 1], 0).got).toEqual(REPRESENTATIVES.map(() => 'trap fuel'));
  });

  it('pay fuel if a bounded loop around makes the rounds many', () => {
    const text = `${START}outer:
r4 = 0
inner:
r2 = r6
r2 += r4
r1 = *(u8 *)(r2 + 0)
r0 += r1
w4 += 1
if w4 < w8 goto inner
w5 += 1
if w5 < 1000000 goto outer
out:
exit`;
    expect(ends(text, 100, [100, 1], 0).got).toEqual(REPRESENTATIVES.map(() => 'trap fuel'));
  });

  it('trap by the high lane of an inner loop over the low one of an outer', () => {
    const text = `${START}outer:
r4 = 0
inner:
r3 = r6
r3 += r2
r1 = *(u8 *)(r3 + 0)
r0 += r1
r1 = r2
r1 += -4
w3 = w1
r1 >>= 32
r1 <<= 32
w2 = w2
r2 |= r1
w4 += 1
if w4 < w7 goto inner
r2 = r3
w5 += 1
if w5 < w8 goto outer
out:
exit`;
    const { wanted, got } = ends(text, 64, [1, 2, 2], 4000);
    expect(wanted).toBe('trap memory');
    expect(got).toEqual(REPRESENTATIVES.map(() => 'trap memory'));
  });

  it('pay fuel for a loop around whose latch is theirs', () => {
    const text = `entry main:
r9 = r1
r6 = *(u64 *)(r9 + 0)
r8 = *(u32 *)(r9 + 16)
r0 = 0
outer:
r7 = *(u32 *)(r9 + 20)
r7 += 1
*(u32 *)(r9 + 20) = r7
if w7 == 0x1000000 goto out
r4 = 0
inner:
r2 = r6
r2 += r4
r1 = *(u8 *)(r2 + 0)
r0 += r1
w4 += 1
if w4 < w8 goto inner
goto outer
out:
exit`;
    expect(ends(text, 64, [8, 0xffffff - 10000], 0).got).toEqual(REPRESENTATIVES.map(() => 'trap fuel'));
  });

  it('compile with more accesses than strength reduction looks at', () => {
    const loads = Array.from({ length: 70 }, (_, i) => `r1 = *(u8 *)(r3 + ${i})\nr0 += r1`).join('\n');
    const text = `${START}loop:
r3 = r6
r3 += r5
${loads}
w5 += 1
if w5 < w8 goto loop
out:
exit`;
    const { wanted, got } = ends(text, 100, [20, 1], 4000);
    expect(wanted).toMatch(/^ok /);
    expect(got).toEqual(REPRESENTATIVES.map(() => wanted));
  });
});

describe('comparisons already made', () => {
  it.each(['<', 's<'])('of numbers that share a low lane: %s', (less) => {
    const text = `entry main:
r9 = r1
r6 = *(u32 *)(r9 + 0)
r1 = *(u32 *)(r9 + 16)
r2 = *(u32 *)(r9 + 20)
r0 = 0
r1 <<= 32
r2 <<= 32
r1 |= r6
r2 |= r6
if r1 ${less} r2 goto l
exit
l:
r3 = r1
r3 >>= 32
r3 <<= 32
r4 = r2
r4 >>= 32
r4 <<= 32
r3 |= r6
r4 |= r6
r0 = 1
if r4 ${less} r3 goto bad
r0 = 2
exit
bad:
r0 = 3
exit`;
    const { wanted, got } = ends(text, 8, [1, 2], 10);
    expect(wanted).toBe('ok 2');
    expect(got).toEqual(REPRESENTATIVES.map(() => 'ok 2'));
  });
});

describe('two comparisons made one', () => {
  it.each([
    [1, 'ok 0'],
    [0, 'ok 1'],
    [0xffffffff, 'ok 1'],
    [2, 'ok 0'],
  ])('0 and -1 are neighbours around the end: %i', (x, wanted) => {
    const text = `entry main:
r1 = *(u32 *)(r1 + 16)
w2 = 1
if w1 == 0 goto a
w2 = 0
a:
w3 = 1
if w1 == -1 goto b
w3 = 0
b:
w2 |= w3
r0 = r2
exit`;
    const { wanted: reference, got } = ends(text, 8, [x], 10);
    expect(reference).toBe(wanted);
    expect(got).toEqual(REPRESENTATIVES.map(() => wanted));
  });
});
