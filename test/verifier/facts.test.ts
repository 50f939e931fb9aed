// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { CONFORMANCE_HELPERS } from '../../compiler/contract/helpers.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { Facts, FunctionFacts } from '../../compiler/verifier/facts.js';
import { formatLog } from '../../compiler/verifier/log.js';
import { verify } from '../../compiler/verifier/verify.js';
import { CASE_CONTRACT } from './cases.js';

const CONTRACT = parseContract(CASE_CONTRACT, 'facts');

function all(text: string, contract = CONTRACT): Facts {
  const v = verify(assemble(text), 0, contract);
  if (v.verdict === 'rejected') throw v.errors[0]!;
  return v.facts;
}
const main = (text: string, contract = CONTRACT): FunctionFacts => all(text, contract).functions[0]!;

describe('accesses', () => {
  it('trusted fields name what stands in for them', () => {
    const f = main('r2 = *(u64 *)(r1 + 8)\nr3 = *(u32 *)(r1 + 16)\nr4 = *(u16 *)(r1 + 16)\nr0 = 0\nexit');
    expect(f.accesses.get(0)!.trusted).toEqual({ what: 'base', index: 1 });
    expect(f.accesses.get(1)!.trusted).toEqual({ what: 'length', index: 1 });
    expect(f.accesses.get(2)!.trusted).toBeUndefined();
    expect(f.results.get(1)).toMatchObject({ umin: 14n, umax: 1500n });
    expect(f.results.get(2)).toMatchObject({ umin: 0n, umax: 65535n });
  });

  it('a trusted field needs no guard even where the length of the context is not known', () => {
    const text = CASE_CONTRACT.replace('"size":32', '"size":null');
    const f = main('r2 = *(u64 *)(r1 + 8)\nr0 = *(u64 *)(r1 + 24)\nexit', parseContract(text, 'c'));
    expect(f.accesses.get(0)!.proved).toBe(true);
    expect(f.accesses.get(1)).toMatchObject({ proved: false, region: { kind: 'context' }, offset32: true });
  });

  it('alignment comes from region and offset', () => {
    const f = main(
      'r3 = *(u64 *)(r1 + 24)\nr3 &= 4\nr2 = *(u64 *)(r1 + 0)\nr0 = *(u8 *)(r2 + 2)\nr2 += r3\nr0 = *(u32 *)(r2 + 8)\n*(u64 *)(r10 - 12) = 1\nr4 = *(u64 *)(r1 + 24)\nr4 <<= 1\nr0 = *(u8 *)(r4 + 0)\nr0 = *(u8 *)(r4 + 1)\nexit',
    );
    expect([0, 3, 5, 6, 9, 10].map((slot) => f.accesses.get(slot)!.align)).toEqual([8, 2, 4, 4, 2, 1]);
  });

  it('offset32 says whether the offset fits a signed 32-bit number', () => {
    const f = main(
      'r3 = *(u64 *)(r1 + 24)\nr4 = *(u32 *)(r1 + 24)\nr4 >>= 1\nr5 = *(u64 *)(r1 + 0)\nr6 = r5\nr5 += r3\nr6 += r4\nr0 = *(u8 *)(r5 + 0)\nr0 = *(u8 *)(r6 + 0)\nr0 = *(u64 *)(r6 + 0)\nexit',
    );
    expect([7, 8, 9].map((slot) => f.accesses.get(slot)!.offset32)).toEqual([false, false, false]);
    const g = main(
      'r4 = *(u32 *)(r1 + 24)\nr4 >>= 2\nr6 = *(u64 *)(r1 + 0)\nr6 += r4\nr0 = *(u8 *)(r6 + 0)\n*(u8 *)(r6 + 1) = 0\nexit',
    );
    expect(g.accesses.get(4)).toMatchObject({ offset32: true, write: false, region: { kind: 'granted', index: 0 } });
    expect(g.accesses.get(5)).toMatchObject({ offset32: true, write: true });
  });

  it('an offset that could wrap in 32 bits is not offset32', () => {
    const f = main('r4 = *(u32 *)(r1 + 24)\nr6 = *(u64 *)(r1 + 0)\nr6 += r4\nr0 = *(u8 *)(r6 + 0)\nexit');
    expect(f.accesses.get(3)).toMatchObject({ offset32: false, proved: false });
  });

  it('names the owner of a frame in a callee', () => {
    const f = all(
      'entry main:\nr1 = r10\nr1 += -16\ncall f\nr0 = 0\nexit\nfunc f:\n*(u64 *)(r1 + 8) = 1\n*(u64 *)(r10 - 8) = 1\nr0 = 0\nexit',
    ).functions[1]!;
    expect(f.accesses.get(0)!.region).toEqual({ kind: 'frame', func: 0 });
    expect(f.accesses.get(1)!.region).toEqual({ kind: 'frame', func: 1 });
  });
});

describe('frames', () => {
  const bytes = (text: string): number => main(`${text}\nr0 = 0\nexit`).frameBytes;

  it('are as deep as the deepest byte touched, a multiple of 8', () => {
    expect(bytes('')).toBe(0);
    expect(bytes('*(u8 *)(r10 - 1) = 0')).toBe(8);
    expect(bytes('*(u8 *)(r10 - 9) = 0')).toBe(16);
    expect(bytes('*(u64 *)(r10 - 512) = 0')).toBe(512);
    expect(bytes('r3 = *(u64 *)(r1 + 24)\nr3 &= 31\nr4 = r10\nr4 += -32\nr4 += r3\n*(u8 *)(r4 + 0) = 0')).toBe(32);
    expect(bytes('r1 = 1\nr2 = r10\nr2 += -20\ncall 0x12')).toBe(24);
  });

  it.each([
    ['kept in data', '.bss d 8\nr3 = d ll\nr4 = r10\nr4 += -8\n*(u64 *)(r3 + 0) = r4'],
    ['cut to 32 bits', 'w4 = w10'],
    ['printed', '.rodata s 2500\nr1 = s ll\nr2 = r10\nr3 = 0\nr4 = 0\nr5 = 0\ncall 0x01'],
    ['used with an offset without bounds', 'r3 = *(u64 *)(r1 + 24)\nr4 = r10\nr4 += r3\n*(u8 *)(r4 + 0) = 0'],
    [
      'one of two pointers',
      'r3 = *(u64 *)(r1 + 24)\nr4 = r10\nif r3 == 0 goto use\nr4 = r1\nuse:\nr5 = *(u8 *)(r4 + 8)',
    ],
    ['half overwritten', '*(u64 *)(r10 - 8) = r10\n*(u32 *)(r10 - 8) = 0'],
    ['read in part', '*(u64 *)(r10 - 8) = r10\nr3 = *(u32 *)(r10 - 8)'],
    ['copied by a helper', '*(u64 *)(r10 - 8) = r10\nr1 = r10\nr1 += -16\nr2 = r10\nr2 += -8\nr3 = 8\ncall 0x02'],
    ['returned', 'r0 = r10\nexit'],
  ])('are whole when the address is %s', (_name, text) => {
    expect(bytes(text)).toBe(512);
  });

  it('are not whole for what merely lies dead in a register', () => {
    const text = 'r3 = *(u64 *)(r1 + 24)\nr4 = r10\nr4 += -8\n*(u64 *)(r4 + 0) = 0\nif r3 == 0 goto out\nr4 = 7\nout:';
    expect(bytes(text)).toBe(8);
  });

  it('are whole when a callee may find the address in them', () => {
    const f = all(
      'entry main:\nr2 = r10\nr2 += -16\n*(u64 *)(r10 - 8) = r2\nr1 = r10\nr1 += -8\ncall f\nexit\nfunc f:\nr1 = *(u64 *)(r1 + 0)\n*(u8 *)(r1 - 100) = 1\nr0 = 0\nexit',
    );
    expect(f.functions[0]!.frameBytes).toBe(512);
    expect(f.functions[1]!.frameBytes).toBe(0);
  });

  it("a callee's use counts for the caller's frame", () => {
    const f = all('entry main:\nr1 = r10\ncall f\nexit\nfunc f:\n*(u64 *)(r1 - 32) = 1\nr0 = 0\nexit');
    expect(f.functions.map((x) => x!.frameBytes)).toEqual([32, 0]);
  });

  const zeroed = (text: string): boolean => main(`${text}\nexit`).zeroFrame;
  it('are zeroed where a byte may be read unwritten, and only there', () => {
    expect(zeroed('*(u64 *)(r10 - 8) = 0\nr0 = *(u64 *)(r10 - 8)')).toBe(false);
    expect(zeroed('*(u32 *)(r10 - 8) = 0\nr0 = *(u64 *)(r10 - 8)')).toBe(true);
    expect(zeroed('r3 = *(u64 *)(r1 + 24)\nif r3 == 0 goto j\n*(u64 *)(r10 - 8) = 0\nj:\nr0 = *(u64 *)(r10 - 8)')).toBe(
      true,
    );
    expect(zeroed('r1 = 1\nr2 = r10\nr2 += -4\ncall 0x12\nr0 = *(u32 *)(r10 - 4)')).toBe(false);
    // saul_reg_read writes nothing for a handle that it does not know.
    expect(zeroed('r1 = 1\nr2 = r10\nr2 += -8\ncall 0x32\nr0 = *(u64 *)(r10 - 8)')).toBe(true);
  });
});

describe('the rest of the facts', () => {
  it('unreachable instructions and decided branches', () => {
    const f = main('r0 = 1\nif r0 == 1 goto a\nr0 = 2\na:\nif r0 > 5 goto b\nexit\nb:\nr0 = 3\nexit');
    expect(f.reachable).toEqual([true, true, false, true, true, false, false]);
    expect([...f.branches]).toEqual([
      [1, 'always'],
      [3, 'never'],
    ]);
  });

  it('results carry bounds and bits', () => {
    const f = main('r0 = *(u64 *)(r1 + 24)\nr0 &= 0xf0\nr0 |= 1\nexit');
    expect(f.results.get(1)).toMatchObject({ umin: 0n, umax: 0xf0n, value: 0n, known: BigInt.asUintN(64, ~0xf0n) });
    expect(f.results.get(2)).toMatchObject({ umin: 1n, umax: 0xf1n, value: 1n });
    expect(f.results.has(0)).toBe(false);
  });

  it('arguments used, through calls, and not on impossible ways', () => {
    const f = all(
      'entry main:\nr3 = 5\ncall f\nexit\nfunc f:\nr1 = r3\ncall g\nexit\nfunc g:\nr0 = r1\nif r1 == 5 goto out\nr0 = r2\nout:\nexit',
    );
    expect(f.functions.map((x) => x!.argsUsed)).toEqual([
      [false, false, false, false, false],
      [false, false, true, false, false],
      [true, false, false, false, false],
    ]);
  });

  it('functions that the entry does not reach have none', () => {
    const f = all('entry main:\nr0 = 0\nexit\nfunc f:\nr0 = r9\nexit');
    expect(f.functions[1]).toBeUndefined();
    expect(f.entries).toEqual([0]);
  });

  it('helper arguments', () => {
    const f = main(
      'r6 = r1\nr3 = *(u64 *)(r6 + 24)\nr3 &= 31\nr2 = *(u64 *)(r6 + 0)\nr1 = r10\nr1 += -32\ncall 0x02\nr0 = 0\nexit',
    );
    const [dst, src] = f.helperArgs.get(6)!;
    expect(dst).toMatchObject({ arg: 0, region: { kind: 'frame', func: 0 }, proved: true, write: true });
    expect(src).toMatchObject({ arg: 1, region: { kind: 'granted', index: 0 }, proved: false, write: false });
  });

  it('extra helper rows count as allowed', () => {
    const program = assemble('call 5\nexit');
    expect(verify(program, 0, DEFAULT_CONTRACT, { helpers: CONFORMANCE_HELPERS }).verdict).toBe('accepted');
    expect(verify(program, 0, DEFAULT_CONTRACT).verdict).toBe('rejected');
  });

  it('the log shows the state before every instruction', () => {
    expect(
      formatLog(assemble('r3 = *(u8 *)(r1 + 24)\n*(u64 *)(r10 - 8) = r3\nr0 = 1\nexit\nr0 = 2\nexit'), 0, CONTRACT),
    ).toBe(
      [
        'main:',
        '        ; r1=ctx r10=stack',
        '     0: r3 = *(u8 *)(r1 + 24)',
        '        ; r1=ctx r3=[0, 255] r10=stack',
        '     1: *(u64 *)(r10 - 8) = r3',
        '        ; r1=ctx r3=[0, 255] r10=stack | stack-8=[0, 255]',
        '     2: r0 = 1',
        '        ; r0=1 r1=ctx r3=[0, 255] r10=stack | stack-8=[0, 255]',
        '     3: exit',
        '',
        '        ; unreachable',
        '     4: r0 = 2',
        '        ; unreachable',
        '     5: exit',
        '',
      ].join('\n'),
    );
  });
});

describe('cost', () => {
  /** A loop around that many diamonds of random arithmetic and spills; returns the instructions executed on abstract states. */
  function cost(diamonds: number): number {
    let seed = 7;
    const next = (n: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return (seed >> 8) % n;
    };
    const ops = ['+=', '-=', '*=', '|=', '&=', '^=', '<<=', '>>='];
    const step = (): string => `r${next(6)} ${ops[next(8)]} ${next(2) ? `r${next(6)}` : next(1000)}`;
    const body = Array.from(
      { length: diamonds },
      (_, i) =>
        `${step()}\nif r${next(6)} > ${next(100)} goto L${i}\n${step()}\n*(u64 *)(r10 - ${8 * (1 + next(60))}) = r0\nL${i}:`,
    );
    const init = [0, 1, 2, 3, 4, 5].map((r) => `r${r} = ${r}`).join('\n');
    const text = `${init}\nr6 = 0\ntop:\n${body.join('\n')}\nr6 += 1\nif r6 > 1000 goto out\ngoto top\nout:\nexit`;
    let work = 0;
    const verdict = verify(assemble(text), 0, DEFAULT_CONTRACT, {
      work: (n) => {
        work = n;
      },
    });
    expect(verdict.verdict).toBe('accepted');
    return work;
  }

  it('diamonds in a loop are not enumerated: twice as many cost at most about twice as much', () => {
    const [small, large] = [cost(60), cost(120)];
    expect(large / small).toBeLessThan(2.3);
    // Five instructions each, at most 60 times over: widening ends every loop.
    expect(large).toBeLessThan(120 * 5 * 60);
  });
});
