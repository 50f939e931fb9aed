// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { finish, prepare } from '../../compiler/compile.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { readImage } from '../../compiler/image/read.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import { REPRESENTATIVES } from '../differential/targets.js';

const FUEL = 10_000;

/** Native instructions until a program that never ends by itself traps for want of fuel, on each target. */
function spent(text: string, level: 0 | 1 | 2): number[] {
  const program = assemble(text, 'fuel');
  const prepared = prepare(program, { level, validate: true });
  if (prepared.kind === 'rejected') throw new Error('rejected');
  return REPRESENTATIVES.map(({ target, cpu }) => {
    const image = readImage(finish(prepared, target).image);
    const context = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);
    const r = simulate(
      image,
      'main',
      DEFAULT_CONTRACT,
      { context, regions: new Map(), fuel: FUEL },
      { cpu, maxInstructions: 2_000_000 },
    );
    expect(r.trap?.name).toBe('fuel');
    return r.instructions!;
  });
}

const INNER = `r4 = 0
inner:
r5 ^= r4
r5 *= 3
r5 += r6
r4 += 1
if r4 < 1000 goto inner
`;

describe('a unit of fuel', () => {
  it.each([0, 1, 2] as const)('counts a bounded loop inside a paying one by its bound, at -O%d', (level) => {
    const text = `entry main:
r3 = *(u32 *)(r1 + 0)
r6 = r3
r5 = 0
outer:
${INNER}r3 -= 1
if r3 != 0 goto outer
r0 = r5
exit`;
    // Without weighing a unit stood for a thousand instructions. The first round is free, and one may be begun that is not paid.
    for (const n of spent(text, level)) expect(n).toBeLessThan(10 * FUEL);
  });

  it.each([0, 1, 2] as const)('counts the bounded loops of a function that such a loop calls, at -O%d', (level) => {
    const text = `entry main:
r7 = *(u32 *)(r1 + 0)
outer:
r1 = r7
call work
r7 -= 1
if r7 != 0 goto outer
exit
func work:
r6 = r1
r5 = 0
${INNER}r0 = r5
exit`;
    for (const n of spent(text, level)) expect(n).toBeLessThan(10 * FUEL);
  });
});
