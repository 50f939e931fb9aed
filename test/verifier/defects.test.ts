// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { rawProgram } from '../../compiler/bpf/load.js';
import type { Program } from '../../compiler/bpf/program.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { CompileError } from '../../compiler/errors/index.js';
import { verify } from '../../compiler/verifier/verify.js';
import { CASE_CONTRACT } from './cases.js';

/** Instructions from hexadecimal: `op regs off imm` as in the file, eight bytes each. */
function raw(...slots: string[]): Program {
  return rawProgram(new Uint8Array(Buffer.from(slots.join('').replace(/\s/g, ''), 'hex')), 'raw');
}

function codeOf(make: () => Program): string {
  try {
    const v = verify(make(), 0, DEFAULT_CONTRACT);
    return v.verdict === 'accepted' ? 'accepted' : v.errors[0]!.code;
  } catch (e) {
    if (e instanceof CompileError) return e.code;
    throw e;
  }
}

const EXIT = '95 00 0000 00000000';
const MOV_R0_1 = 'b7 00 0000 01000000';

/** The defects of the interpreter that this project replaces; each is impossible here. */
describe('defects of Femto-Containers', () => {
  it('1: a jump into the second slot of lddw is refused', () => {
    expect(codeOf(() => raw('05 00 0100 00000000', '18 00 0000 00000000', '95 00 0000 00000000', EXIT))).toMatch(
      /^FCC030[0-9]|FCC031[0-9]$/,
    );
    expect(codeOf(() => raw('05 00 0100 00000000', '18 00 0000 00000000', '00 00 0000 00000000', EXIT))).toBe(
      'FCC0308',
    );
  });

  it('2: a jump to one past the end is refused, a backward jump to instruction 0 is not', () => {
    expect(codeOf(() => raw('05 00 0100 00000000', EXIT))).toBe('FCC0307');
    expect(codeOf(() => raw(MOV_R0_1, '15 01 feff 00000000', EXIT))).toBe('accepted');
  });

  it('3: a write to r10 is refused', () => {
    expect(codeOf(() => raw('b7 0a 0000 00000000', MOV_R0_1, EXIT))).toBe('FCC0306');
    expect(codeOf(() => raw('79 1a 0000 00000000', MOV_R0_1, EXIT))).toBe('FCC0306');
  });

  it('4: an access whose end wraps is never taken for a valid one', () => {
    const contract = parseContract(CASE_CONTRACT, 'defects');
    const verdict = (text: string) => {
      const v = verify(assemble(`${text}\nexit`), 0, contract);
      return v.verdict === 'rejected' ? v.errors[0]!.code : [...v.facts.functions[0]!.accesses.values()].at(-1)!;
    };
    // Offsets near 2^31, 2^32 and 2^64 from a region, whose end would wrap back into it.
    for (const offset of ['0x7ffffffc', '0xfffffffc', '0xfffffffffffffffc'])
      expect(verdict(`r3 = ${offset} ll\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u64 *)(r1 + 0)`)).toBe('FCC0107');
    expect(verdict('r3 = 0x7ffffffc\nr0 = *(u64 *)(r3 + 0)')).toMatchObject({ proved: false, region: null });
    const wide =
      'r3 = *(u64 *)(r1 + 24)\nr4 = 0xfffffff0 ll\nr3 |= r4\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u64 *)(r1 + 0)';
    expect(verdict(wide)).toBe('FCC0107');
    const maybe = 'r3 = *(u64 *)(r1 + 24)\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u64 *)(r1 + 0)';
    expect(verdict(maybe)).toMatchObject({ proved: false, offset32: false });
  });

  it('5: lddw keeps its low half unsigned, and neg is known', () => {
    const v = verify(
      raw('18 00 0000 00000080', '00 00 0000 00000000', '87 00 0000 00000000', EXIT),
      0,
      DEFAULT_CONTRACT,
    );
    if (v.verdict === 'rejected') throw v.errors[0]!;
    const { results } = v.facts.functions[0]!;
    expect(results.get(0)).toMatchObject({ umin: 0x80000000n, umax: 0x80000000n });
    expect(results.get(2)).toMatchObject({ umin: 0xffffffff80000000n, umax: 0xffffffff80000000n });
  });

  it('6: the last instruction need not be exit', () => {
    expect(codeOf(() => raw(MOV_R0_1, '05 00 0100 00000000', EXIT, '05 00 feff 00000000'))).toBe('accepted');
    expect(codeOf(() => raw(MOV_R0_1))).toBe('FCC0309');
  });

  it('7: nothing is remembered from one verification to the next', () => {
    const good = raw(MOV_R0_1, EXIT);
    const bad = raw('bf 90 0000 00000000', EXIT);
    for (const [program, code] of [
      [good, 'accepted'],
      [bad, 'FCC0101'],
      [good, 'accepted'],
      [bad, 'FCC0101'],
    ] as const)
      expect(codeOf(() => program)).toBe(code);
  });

  it('9: long loops are no defect', () => {
    expect(codeOf(() => assemble('r0 = 0\nloop:\nr0 += 1\nif r0 < 1000000 goto loop\nexit'))).toBe('accepted');
  });

  it('10: division by zero and wide shifts have the values that RFC 9669 gives them', () => {
    const v = verify(
      assemble(
        'r2 = 0\nr0 = 7\nr0 /= r2\nr3 = 7\nr3 %= r2\nr4 = 65\nr5 = 1\nr5 <<= r4\nw5 = 1\nw4 = 33\nw5 <<= w4\nexit',
      ),
      0,
      DEFAULT_CONTRACT,
    );
    if (v.verdict === 'rejected') throw v.errors[0]!;
    const at = (slot: number) => v.facts.functions[0]!.results.get(slot)?.umin;
    expect([at(2), at(4), at(7), at(10)]).toEqual([0n, 7n, 2n, 2n]);
  });
});
