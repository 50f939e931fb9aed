// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { pathTo } from '../../compiler/verifier/diagnose.js';
import { buildFlow } from '../../compiler/verifier/flow.js';

const CONTRACT = parseContract(
  JSON.stringify({
    hook: 'fc/path',
    context: {
      size: 32,
      access: 'rw',
      align: 8,
      fields: [
        { name: 'pkt', offset: 8, type: 'pointer', region: 'pkt' },
        { name: 'len', offset: 16, type: 'length', size: 4, region: 'pkt' },
      ],
    },
    regions: [{ name: 'pkt', access: 'r', minSize: 0, maxSize: 1500, align: 2 }],
  }),
  'path',
);

/** The path to a register at the last load of a program, without line numbers. */
function path(text: string, reg: number): string[] {
  const program = assemble(`${text}\nexit`);
  const fn = { ...program.functions[0]!, lines: new Map() };
  const load = fn.insns.filter((i) => i.kind === 'load').at(-1)!;
  return pathTo(program, fn, buildFlow(fn), load, reg, CONTRACT).map((s) => s.text);
}

describe('the path of an error', () => {
  it('goes through the stack', () => {
    expect(
      path(
        `r3 = *(u8 *)(r1 + 24)
         *(u64 *)(r10 - 16) = r3
         r7 = *(u64 *)(r1 + 0)
         *(u64 *)(r10 - 8) = r7
         r4 = *(u64 *)(r10 - 16)
         r2 = *(u64 *)(r10 - 8)
         r2 += r4
         r0 = *(u8 *)(r2 + 0)`,
        2,
      ),
    ).toEqual([
      'insn 0 r3 = *(u8 *)(r1 + 24)',
      'insn 1 *(u64 *)(r10 - 16) = r3',
      'insn 4 r4 = *(u64 *)(r10 - 16)',
      'insn 6 r2 += r4',
    ]);
  });

  it('has the conditions on the values at hand and no others', () => {
    expect(
      path(
        `r3 = *(u32 *)(r1 + 24)
         r5 = *(u32 *)(r1 + 28)
         r0 = 0
         if r5 == 1 goto out
         r4 = r3
         r4 <<= 32
         r4 >>= 32
         if r4 > 40 goto out
         r2 = *(u64 *)(r1 + 8)
         r2 += r3
         r0 = *(u8 *)(r2 + 0)
         out:`,
        2,
      ),
    ).toEqual(['insn 0 r3 = *(u32 *)(r1 + 24)', 'insn 7 if r4 > 40 goto +3: not taken', 'insn 9 r2 += r3']);
  });

  it('has what was asked of the length of the memory', () => {
    expect(
      path(
        `r2 = *(u32 *)(r1 + 16)
         r0 = 0
         if r2 >= 20 goto long
         goto out
         long:
         r3 = *(u64 *)(r1 + 8)
         r0 = *(u32 *)(r3 + 17)
         out:`,
        3,
      ),
    ).toEqual(['insn 2 if r2 >= 20 goto +1: taken', 'insn 4 r3 = *(u64 *)(r1 + 8)']);
  });

  it('tells what a loop changes each round', () => {
    expect(
      path(
        `r2 = *(u64 *)(r1 + 8)
         loop:
         r0 = *(u8 *)(r2 + 0)
         r2 += 1
         if r0 != 0 goto loop`,
        2,
      ),
    ).toEqual(['insn 0 r2 = *(u64 *)(r1 + 8)', 'insn 2 r2 += 1, each round']);
  });

  it('takes one side where several meet', () => {
    expect(
      path(
        `r3 = *(u64 *)(r1 + 24)
         if r3 == 1 goto one
         r4 = 200
         goto both
         one:
         r4 = 100
         both:
         r2 = *(u64 *)(r1 + 8)
         r2 += r4
         r0 = *(u8 *)(r2 + 0)`,
        2,
      ),
    ).toEqual([expect.stringMatching(/^insn (2 r4 = 200|4 r4 = 100)$/), 'insn 6 r2 += r4']);
  });

  it('ends at calls, and is short', () => {
    expect(path('r1 = 5\ncall 0x20\nr2 = r0\nr0 = *(u8 *)(r2 + 0)', 2)).toEqual(['insn 1 call 32', 'insn 2 r2 = r0']);
    const long = path(`r2 = *(u64 *)(r1 + 24)\n${'r2 += 1\n'.repeat(50)}r0 = *(u8 *)(r2 + 0)`, 2);
    expect(long).toEqual([45, 46, 47, 48, 49, 50].map((i) => `insn ${i} r2 += 1`));
  });
});
