// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { findTarget } from '../../backends/index.js';
import { assemble } from '../../compiler/bpf/asm.js';
import { compile } from '../../compiler/compile.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';

const target = findTarget('cortex-m4')!;
/** Ten rounds of a few instructions, and a stack slot that stays in memory. */
const LOOP = `
r1 = 10
*(u64 *)(r10 - 8) = r1
again:
lock *(u64 *)(r10 - 8) += r1
r1 += -1
if r1 != 0 goto again
r0 = *(u64 *)(r10 - 8)
exit
`;
/** As many rounds as the caller says. */
const OPEN = `
r0 = 0
again:
r0 += 1
if r0 < r2 goto again
exit
`;
const limited = (source: string, stackBytes: number | null, instructions: number | null) =>
  compile(assemble(source), { target, contract: { ...DEFAULT_CONTRACT, limits: { stackBytes, instructions } } });

describe('limits of the contract', () => {
  it('admits what fits', () => {
    const result = limited(LOOP, 64, 200);
    expect(result.kind).toBe('compiled');
    if (result.kind !== 'compiled') return;
    expect(result.programs[0]!.worstCase).toBeGreaterThanOrEqual(20);
    expect(result.programs[0]!.stackBytes).toBeGreaterThanOrEqual(8);
  });
  it('refuses too much stack', () => {
    expect(() => limited(LOOP, 7, null)).toThrow(expect.objectContaining({ code: 'FCC0502' }));
  });
  it('refuses too many instructions', () => {
    expect(() => limited(LOOP, null, 19)).toThrow(expect.objectContaining({ code: 'FCC0502' }));
  });
  it('refuses a loop without a bound', () => {
    expect(limited(OPEN, null, null).kind).toBe('compiled');
    expect(() => limited(OPEN, null, 1_000_000_000)).toThrow(expect.objectContaining({ code: 'FCC0502' }));
  });
});
