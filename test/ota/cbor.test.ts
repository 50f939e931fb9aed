// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CompileError } from '../../compiler/errors/index.js';
import { type Cbor, decodeCbor, encodeCbor, Tag } from '../../compiler/ota/cbor.js';
import { CBOR_MAX } from '../../compiler/ota/limits.js';

const bytes = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits, 'hex'));
const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');

/** The reason why bytes are refused; undefined: they are not. */
function refused(input: Uint8Array): string | undefined {
  try {
    decodeCbor(input, 'it');
    return undefined;
  } catch (e) {
    if (e instanceof CompileError && e.code === 'FCC0811') return e.details.reason ?? e.message;
    throw e;
  }
}

describe('CBOR', () => {
  it.each<[string, string]>([
    ['00', '0'],
    ['17', '23'],
    ['1818', '24'],
    ['1bffffffffffffffff', '18446744073709551615'],
    ['3bffffffffffffffff', '-18446744073709551616'],
    ['40', ''],
    ['80', ''],
    ['a0', ''],
    ['f4', 'false'],
    ['f6', 'null'],
    ['62c3bc', 'ü'],
    ['d86b01', '107(1)'],
    // A byte string that is tagged as a regular expression stays one.
    ['d8236128', '35'],
    // A number in a byte string stays a tag too.
    ['c249010000000000000000', '2'],
    ['a28141010181410202', ''],
  ])('takes %s', (digits) => {
    expect(hex(encodeCbor(decodeCbor(bytes(digits), 'it')))).toBe(digits);
  });

  it.each([
    ['', 'in the middle'],
    ['18', 'in the middle'],
    ['4201', 'in the middle'],
    ['81', 'in the middle'],
    ['a101', 'in the middle'],
    ['9bffffffffffffffff', 'in the middle'],
    ['5bffffffffffffffff', 'in the middle'],
    ['bb7fffffffffffffff01', 'in the middle'],
    ['d86b', 'in the middle'],
    ['1801', 'long integer'],
    ['190017', 'long integer'],
    ['1a0000ffff', 'long integer'],
    ['1b00000000ffffffff', 'long integer'],
    ['3817', 'long integer'],
    ['580101', 'long integer'],
    ['780161', 'long integer'],
    ['980100', 'long integer'],
    ['b8010000', 'long integer'],
    ['d81201', 'long integer'],
    ['9f01ff', 'Streaming'],
    ['bf0101ff', 'Streaming'],
    ['5f4101ff', 'Streaming'],
    ['7f6161ff', 'Streaming'],
    ['ff', 'BREAK'],
    ['81ff', 'BREAK'],
    ['a2010201', 'in the middle'],
    ['a201010102', 'order'],
    ['a202010101', 'order'],
    ['a2410200410100', 'order'],
    ['0100', 'Extra'],
    ['f97e00', 'floating'],
    ['fa3f800000', 'floating'],
    ['fb3ff0000000000000', 'floating'],
    ['f7', 'undefined'],
    ['f0', 'simple'],
    ['f800', 'simple'],
    ['f8ff', 'simple'],
    ['1c', 'not implemented'],
    ['3e', 'not implemented'],
    ['62c328', 'utf-8'],
    ['63eda080', 'utf-8'],
  ])('refuses %s: %s', (digits, reason) => {
    expect(refused(bytes(digits))?.toLowerCase()).toContain(reason.toLowerCase());
  });

  it('has bounds: length and depth', () => {
    expect(refused(new Uint8Array(CBOR_MAX + 1))).toContain('too long');
    for (const head of ['81', 'd1', 'a100', 'd86b'])
      expect(refused(bytes(`${head.repeat(5000)}00`)), head).toMatch(/depth/);
    expect(refused(bytes(`${'81'.repeat(10)}00`))).toBeUndefined();
  });

  it('takes Buffers for bytes, when reading and when writing, also inside of others', () => {
    const buffer = Buffer.from('8243010203a1014104', 'hex');
    const value = decodeCbor(buffer, 'it') as readonly Cbor[];
    expect((value[0] as Uint8Array).constructor).toBe(Uint8Array);
    expect(hex(encodeCbor(value))).toBe(buffer.toString('hex'));
    const one = Buffer.from([1]);
    expect(hex(encodeCbor([one, new Map([[1, one]]), new Tag(18, [one])]))).toBe('834101a1014101d2814101');
    expect(encodeCbor(one).constructor).toBe(Uint8Array);
  });

  it('ends with an error of its own, or a value, for all bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        (b) => refused(b) !== undefined || hex(encodeCbor(decodeCbor(b, 'it'))) === hex(b),
      ),
    );
  });

  it('gives back what it writes', () => {
    const leaf = fc.oneof(
      fc.maxSafeInteger(),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array(),
      fc.boolean(),
      fc.constant(null),
    );
    const { value } = fc.letrec<{ value: Cbor }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.array(fc.tuple(fc.integer(), tie('value')), { maxLength: 4 }).map((rows) => new Map(rows)),
        fc.tuple(fc.nat(), tie('value')).map(([tag, v]) => new Tag(tag, v)),
      ),
    }));
    fc.assert(
      fc.property(value, (v) => {
        const written = encodeCbor(v);
        expect(hex(encodeCbor(decodeCbor(written, 'it')))).toBe(hex(written));
      }),
    );
  });
});
