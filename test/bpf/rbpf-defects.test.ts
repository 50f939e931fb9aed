// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { rbpfProgram } from '../../compiler/bpf/rbpf.js';
import { CompileError } from '../../compiler/errors/index.js';
import { NOTHING, refusal, runs } from './rbpf/everywhere.js';
import { rbpfSample } from './rbpf/samples.js';
import { rbpfBytes, withNames } from './rbpf/write.js';

/** What was wrong with Femto-Containers' own engine, as images of its format. The numbers are those of test/cases/femto-*.case. */

const slots = (...lines: string[]): Uint8Array =>
  new Uint8Array(Buffer.from(lines.map((l) => l.replaceAll(' ', '')).join(''), 'hex'));
const image = (...lines: string[]): Uint8Array => rbpfBytes({ text: slots(...lines) });
const code = (...lines: string[]): string => refusal(image(...lines)).code;
const EXIT = '95 00 0000 00000000';
const R0_IS_1 = 'b7 00 0000 01000000';

/** r0 of a program that all engines run to its end. */
function r0(...lines: string[]): bigint {
  const result = runs(image(...lines));
  expect([result.rejected, result.status]).toEqual([[], 'ok']);
  return result.r0;
}

describe('defect 1: a jump into the second slot of a 64-bit load', () => {
  // r0 = 0, then over the first slot.
  it.each(['18', 'b8', 'd8'])('of opcode 0x%s is refused', (opcode) => {
    expect(
      code('b7 00 0000 00000000', '05 00 0100 00000000', `${opcode} 02 0000 00000000`, '00 00 0000 00000000', EXIT),
    ).toBe('FCC0308');
    expect(code(`${opcode} 02 0000 00000000`, '00 00 0000 00000000', '05 00 feff 00000000')).toBe('FCC0308');
    expect(code('15 01 0100 00000000', `${opcode} 02 0000 00000000`, '00 00 0000 00000000', EXIT)).toBe('FCC0308');
  });

  it.each(['18', 'b8', 'd8'])('nor does the second slot of 0x%s hide an instruction', (opcode) => {
    // *(u64 *)(r1 + 0) = r10
    expect(code(`${opcode} 02 0000 00000000`, '7b a1 0000 00000000', EXIT)).toBe('FCC0310');
  });

  it('nor is it an entry', () => {
    const { rodata, at } = withNames(new Uint8Array(0), ['f']);
    const text = slots('d8 02 0000 00000000', '00 00 0000 00000000', EXIT);
    const functions = [{ name: at[0]!, place: 8 }];
    expect(refusal(rbpfBytes({ rodata, text, functions })).code).toBe('FCC0213');
  });
});

describe('defect 2: the ends of the text', () => {
  it('a jump to its length is refused', () => {
    expect(code('05 00 0100 00000000', EXIT)).toBe('FCC0307');
    expect(code('b7 00 0000 00000000', '15 01 0100 00000000', EXIT)).toBe('FCC0307');
  });

  it('and one before its start', () => {
    expect(code('05 00 feff 00000000', EXIT)).toBe('FCC0307');
    expect(code('06 00 0000 00000080', EXIT)).toBe('FCC0307');
  });

  it('a jump back to its first instruction is right', () => {
    // r2 starts as the context's length, 0: two rounds and a half.
    expect(
      r0(
        '07 02 0000 01000000',
        '55 02 0100 03000000',
        '05 00 0100 00000000',
        '05 00 fcff 00000000',
        'bf 20 0000 00000000',
        EXIT,
      ),
    ).toBe(3n);
  });
});

describe('defect 3: r10', () => {
  it.each([
    ['moved to', 'b7 0a 0000 00000000'],
    ['added to', '07 0a 0000 f8ffffff'],
    ['loaded', '79 1a 0000 00000000'],
    ['negated', '87 0a 0000 00000000'],
    ['swapped', 'dc 0a 0000 10000000'],
  ])('is not %s', (_, line) => {
    expect(code(line, R0_IS_1, EXIT)).toBe('FCC0306');
  });

  it.each(['18', 'b8', 'd8'])('is not the destination of 0x%s', (opcode) => {
    expect(code(`${opcode} 0a 0000 00000000`, '00 00 0000 00000000', R0_IS_1, EXIT)).toBe('FCC0306');
  });
});

describe('defect 4: addresses that wrap', () => {
  const LOAD = '79 20 0000 00000000';
  const STORE = '7b 02 0000 00000000';
  it.each([
    ['0x7ffffffc', 'fcffff7f', '00000000'],
    ['0xfffffffc', 'fcffffff', '00000000'],
    ['0xfffffffffffffffc', 'fcffffff', 'ffffffff'],
    ['0x7ffffffffffffffc', 'fcffffff', 'ffffff7f'],
    ['0xffffffff00000000', '00000000', 'ffffffff'],
  ])('%s and 8 bytes is no memory', (_, low, high) => {
    const address = [`18 02 0000 ${low}`, `00 00 0000 ${high}`, R0_IS_1];
    for (const access of [LOAD, STORE]) {
      const { rejected, trap } = runs(image(...address, access, EXIT));
      // A number is no pointer: the access is guarded everywhere.
      expect([rejected, trap?.name]).toEqual([[], 'memory']);
    }
  });

  it.each(['fcffff7f', 'fcffffff', '00000080', '00000081'])(
    'nor is the context with an offset of 0x%s behind it',
    (n) => {
      const context = { ...NOTHING, context: new Uint8Array(16) };
      // r3 = n as u32, from the context's first word, so that nobody knows it.
      const bytes = new Uint8Array(16);
      bytes.set(Buffer.from(n, 'hex'));
      const lines = ['61 13 0000 00000000', '0f 31 0000 00000000', '79 10 0000 00000000', EXIT];
      const result = runs(image(...lines), { request: { ...context, context: bytes } });
      expect([result.rejected, result.trap?.name]).toEqual([[], 'memory']);
    },
  );
});

describe('defect 5: numbers', () => {
  it('the low half of a 64-bit load has no sign', () => {
    expect(r0('18 00 0000 ffffffff', '00 00 0000 00000000', EXIT)).toBe(0xffff_ffffn);
    expect(r0('18 00 0000 000000f0', '00 00 0000 01000000', EXIT)).toBe(0x1_f000_0000n);
  });

  it('and the immediate of a move has one', () => {
    expect(r0('b7 00 0000 ffffffff', EXIT)).toBe(0xffff_ffff_ffff_ffffn);
  });

  it('0x87 is negation, of 64 bits and as 0x84 of 32', () => {
    expect(r0('b7 00 0000 05000000', '87 00 0000 00000000', EXIT)).toBe(2n ** 64n - 5n);
    expect(r0('b7 00 0000 05000000', '84 00 0000 00000000', EXIT)).toBe(2n ** 32n - 5n);
  });

  it('crc32 has both, and is right: see the committed images', () => {
    const insns = rbpfProgram(rbpfSample('crc32'), 'crc32').functions[0]!.insns;
    expect(insns.some((i) => i.kind === 'lddw' && (i.imm & 0x8000_0000n) !== 0n)).toBe(true);
  });
});

describe('defect 6: the last instruction', () => {
  it('may be a jump', () => {
    expect(r0('05 00 0200 00000000', R0_IS_1, EXIT, '05 00 fdff 00000000')).toBe(1n);
  });

  it('is not fallen through', () => {
    expect(code(R0_IS_1)).toBe('FCC0309');
    expect(code(R0_IS_1, '15 00 feff 00000000')).toBe('FCC0309');
    expect(code(EXIT, '85 00 0000 20000000')).toBe('FCC0309');
    expect(code('d8 00 0000 00000000', '00 00 0000 00000000')).toBe('FCC0309');
  });
});

it('defect 7: what was read once is not believed the second time', () => {
  const bytes = image(R0_IS_1, EXIT);
  expect(runs(bytes).r0).toBe(1n);
  // r0 = 1 becomes r10 = 1.
  bytes[29] = 0x0a;
  expect(refusal(bytes).code).toBe('FCC0306');
  bytes[29] = 0;
  bytes[32] = 2;
  expect(runs(bytes).r0).toBe(2n);
});

it('and what was read is left as it was', () => {
  const sample = Buffer.from(rbpfSample('crc32'));
  rbpfProgram(sample, 'crc32');
  expect(sample.equals(Buffer.from(rbpfSample('crc32')))).toBe(true);
});

describe('defect 8: lengths are held against the length of the image', () => {
  const parts = {
    data: new Uint8Array(16),
    rodata: withNames(new Uint8Array(8), ['f']).rodata,
    text: slots(R0_IS_1, EXIT),
    functions: [{ name: 8, place: 0 }],
  };
  const WORDS = [
    ['data', 3, 16],
    ['rodata', 4, 16],
    ['text', 5, 16],
    ['the function table', 6, 1],
  ] as const;

  it('the sample is right', () => {
    expect(runs(rbpfBytes(parts)).r0).toBe(1n);
  });

  it.each(WORDS)('%s may not be of another length', (_, word, right) => {
    for (const wrong of [0, right - 1, right + 1, right + 8, 0x7fff_fff8, 0x8000_0000, 0xffff_fff8, 0xffff_ffff]) {
      const error = refusal(rbpfBytes({ ...parts, header: { [word]: wrong } }));
      expect([error.code, error.details.help]).toEqual(['FCC0213', expect.stringContaining('cut off')]);
    }
  });

  it('sums that only fit in 32 bits are no sums', () => {
    for (const [word, change] of [
      [3, 2 ** 32 - 16],
      [4, 2 ** 32 - 8],
    ] as const)
      expect(refusal(rbpfBytes({ ...parts, header: { [word]: change, 5: 32 } })).code).toBe('FCC0213');
    // 6 times the number of functions, modulo 2^32, is 6 again.
    expect(refusal(rbpfBytes({ ...parts, header: { 6: 1 + 2 ** 31 } })).code).toBe('FCC0213');
  });

  it('an image that was cut short or has something behind it is refused', () => {
    const whole = rbpfBytes(parts);
    for (let length = 0; length < whole.length; length++)
      expect(refusal(whole.slice(0, length)).code, `${length} bytes`).toBe('FCC0213');
    for (const more of [1, 2, 6, 8])
      expect(refusal(Uint8Array.of(...whole, ...new Uint8Array(more))).code).toBe('FCC0213');
  });

  it('the text is whole slots, and at least one', () => {
    expect(code()).toBe('FCC0312');
    expect(refusal(rbpfBytes({ text: slots(R0_IS_1, EXIT).slice(0, 12) })).code).toBe('FCC0312');
  });

  it.each([
    ['a name outside of rodata', { name: 16, place: 0 }],
    ['a name far outside', { name: 0xffff, place: 0 }],
    ['an empty name', { name: 0, place: 0 }],
    ['a place behind the text', { name: 8, place: 16 }],
    ['a place that is no slot', { name: 8, place: 4 }],
    ['a place far outside', { name: 8, place: 0xfff8 }],
  ])('%s in the function table is refused', (_, row) => {
    const error = refusal(rbpfBytes({ ...parts, functions: [row] }));
    expect([error.code, error.details.at?.offset !== undefined]).toEqual(['FCC0213', true]);
  });

  it.each([
    ['without its NUL', [0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66]],
    ['with a space', [0x66, 0x20, 0x66, 0, 0, 0, 0, 0]],
    ['that is not ASCII', [0xc3, 0xa9, 0, 0, 0, 0, 0, 0]],
  ])('a name %s is refused', (_, rodata) => {
    const functions = [{ name: 0, place: 0 }];
    expect(refusal(rbpfBytes({ ...parts, rodata: Uint8Array.from(rodata), functions })).code).toBe('FCC0213');
  });

  it('functions have one place each, and one name', () => {
    const { rodata, at } = withNames(new Uint8Array(0), ['f', 'g']);
    const text = slots(R0_IS_1, EXIT, R0_IS_1, EXIT);
    const of = (...rows: { name: number; place: number }[]) => rbpfBytes({ rodata, text, functions: rows });
    const [f, g] = [at[0]!, at[1]!];
    expect(refusal(of({ name: f, place: 0 }, { name: g, place: 0 })).message).toContain('g is at the same place as f');
    expect(refusal(of({ name: f, place: 0 }, { name: f, place: 16 })).message).toContain('another function named f');
    expect(rbpfProgram(of({ name: f, place: 0 }, { name: g, place: 16 }), 'x').entries.length).toBe(2);
  });

  it('versions and flags that are not known are refused', () => {
    for (const [word, value] of [
      [1, 1],
      [1, 0xffff_ffff],
      [2, 1],
      [2, 2],
      [2, 0x8000_0000],
    ] as const)
      expect(refusal(rbpfBytes({ ...parts, header: { [word]: value } })).code).toBe('FCC0214');
    expect(refusal(rbpfBytes({ ...parts, header: { 2: 1 } })).message).toContain('compressed');
    const functions = [{ name: 8, flags: 1, place: 0 }];
    expect(refusal(rbpfBytes({ ...parts, functions })).code).toBe('FCC0214');
    expect(refusal(rbpfBytes({ ...parts, header: { 0: 0x72425046 } })).code).toBe('FCC0213');
  });

  it('a header of eight words is told from a damaged one', () => {
    // Magic, version, flags; data 0, bss 8, rodata 0, text 16, and behind what other images have, no function.
    const { buffer } = rbpfBytes({ text: new Uint8Array(4), header: { 4: 8, 5: 0, 6: 16 } });
    const image = Uint8Array.of(...new Uint8Array(buffer), ...slots(R0_IS_1, EXIT));
    expect([refusal(image).code, refusal(image).message]).toEqual(['FCC0214', expect.stringContaining('eighth word')]);
  });

  it('no bytes at all are refused like any others', () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(28), new Uint8Array(27).fill(0xff)])
      expect(() => rbpfProgram(bytes, 'x')).toThrow(CompileError);
  });
});

it('defect 9: a loop takes more than 200 branches', () => {
  // r2 = the context's length, 0; up to 10000.
  expect(r0('b7 00 0000 00000000', '0f 20 0000 00000000', '07 02 0000 01000000', '55 02 fdff 10270000', EXIT)).toBe(
    49_995_000n,
  );
});

describe('defect 10: division by zero and shifts are RFC 9669’s', () => {
  // r0 = 7, r2 = n; the context's length is not known to be 0.
  const with2 = (n: string, line: string): bigint => r0('b7 00 0000 07000000', `07 02 0000 ${n}`, line, EXIT);

  it.each([
    ['/', '3f 20 0000 00000000', 0n],
    ['%', '9f 20 0000 00000000', 7n],
    ['/ of 32 bits', '3c 20 0000 00000000', 0n],
    ['% of 32 bits', '9c 20 0000 00000000', 7n],
    ['signed /', '3f 20 0100 00000000', 0n],
    ['signed %', '9f 20 0100 00000000', 7n],
  ])('7 %s 0', (_, line, wanted) => {
    expect(with2('00000000', line)).toBe(wanted);
  });

  it.each([
    ['<<', '6f 20 0000 00000000', 7n << 1n],
    ['>>', '7f 20 0000 00000000', 3n],
    ['s>>', 'cf 20 0000 00000000', 3n],
  ])('7 %s 65', (_, line, wanted) => {
    expect(with2('41000000', line)).toBe(wanted);
  });

  it.each([
    ['<<', '6c 20 0000 00000000', 7n << 1n],
    ['>>', '7c 20 0000 00000000', 3n],
    ['s>>', 'cc 20 0000 00000000', 3n],
  ])('7 %s 33 of 32 bits', (_, line, wanted) => {
    expect(with2('21000000', line)).toBe(wanted);
  });
});
