// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cbor, encodeCbor, Tag } from '../../compiler/ota/cbor.js';
import { PROFILES } from '../../compiler/ota/keys.js';
import { guessProfile, manifestNotation } from '../../compiler/ota/notation.js';
import { manifestOf } from './samples.js';

const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');

/** Reads diagnostic notation with comments and embedded CBOR: what this file needs of RFC 8949, section 8, and RFC 8610, appendix G. */
function parse(text: string): Cbor {
  const tokens = text
    .replace(/"(?:\\.|[^"\\])*"|\/[^/]*\//g, (t) => (t.startsWith('/') ? ' ' : t))
    .match(/"(?:\\.|[^"\\])*"|h'[0-9a-f]*'|<<|>>|-?\d+|\w+|[[\]{}(),:]/g)!;
  let at = 0;
  const next = (): string => tokens[at++] ?? '';
  const want = (token: string): void => expect(next()).toBe(token);
  const list = (close: string): Cbor[] => {
    const items: Cbor[] = [];
    while (tokens[at] !== close) {
      items.push(item());
      if (tokens[at] !== close) want(',');
    }
    at++;
    return items;
  };
  const map = (): Cbor => {
    const rows: [Cbor, Cbor][] = [];
    while (tokens[at] !== '}') {
      const key = item();
      want(':');
      rows.push([key, item()]);
      if (tokens[at] !== '}') want(',');
    }
    at++;
    return new Map(rows);
  };
  const item = (): Cbor => {
    const token = next();
    if (token === '[') return list(']');
    if (token === '{') return map();
    if (token === '<<') {
      const [inner] = list('>>');
      return encodeCbor(inner!);
    }
    if (token.startsWith('"')) return JSON.parse(token);
    if (token.startsWith("h'")) return new Uint8Array(Buffer.from(token.slice(2, -1), 'hex'));
    if (token === 'null' || token === 'true' || token === 'false') return JSON.parse(token);
    const number = BigInt(token);
    if (tokens[at] !== '(') return number;
    at++;
    const [inner] = list(')');
    return new Tag(Number(number), inner!);
  };
  const value = item();
  expect(at).toBe(tokens.length);
  return value;
}

describe('diagnostic notation', () => {
  it.each(PROFILES)('of a manifest of %s is the same item, with names', (profile) => {
    for (const bytes of [manifestOf(profile), manifestOf(profile, {}, null)]) {
      expect(guessProfile(bytes)).toBe(profile);
      const text = manifestNotation(bytes, profile);
      expect(hex(encodeCbor(parse(text)))).toBe(hex(bytes));
    }
    const text = manifestNotation(manifestOf(profile), profile);
    for (const name of [
      '/ authentication-wrapper / 2: <<',
      '/ alg / 1: -8 / EdDSA /',
      '/ manifest-sequence-number / 2: 7',
      '/ components / 2: [[h\'6663\' / "fc" /, h\'74696d6572\' / "timer" /]]',
      "/ vendor-identifier / 1: h'547d0d746d3a5a9296624881afd9407b' / 547d0d74-6d3a-5a92-9662-4881afd9407b /",
      '/ condition-image-match / 3, 15',
      '/ uri / 21: "coap://[::1]:40000/prog.fcc"',
    ])
      expect(text).toContain(name);
    for (const line of text.split('\n')) if (!line.includes("h'")) expect(line.length).toBeLessThan(110);
  });

  it('keeps the tag of an envelope', () => {
    const bytes = Uint8Array.from([0xd8, 107, ...manifestOf('ietf-37')]);
    const text = manifestNotation(bytes, guessProfile(bytes));
    expect(text).toMatch(/^107\(\{\n {4}\/ authentication-wrapper/);
    expect(hex(encodeCbor(parse(text)))).toBe(hex(bytes));
  });

  it('names what fcc never packs', () => {
    // A choice of two sequences, a component by its number, an unknown command, an odd end.
    const sequence = encodeCbor([15, [encodeCbor([12, 0]), encodeCbor([20, new Map([[14, 1]])])], 99, null, 3]);
    const bytes = encodeCbor(
      new Map<Cbor, Cbor>([
        [2, encodeCbor([])],
        [3, encodeCbor(new Map([[9, sequence]]))],
        [77, 'x/y'],
      ]),
    );
    const text = manifestNotation(bytes, 'riot-v9');
    expect(text).toContain('/ directive-try-each / 15, [\n');
    expect(text).toContain('<< [/ directive-set-component-index / 12, 0] >>');
    expect(text).toContain('{/ image-size / 14: 1}');
    expect(hex(encodeCbor(parse(text)))).toBe(hex(bytes));
  });

  it('has no characters that control a terminal', () => {
    const name = 'a\u001b[2J\u009b2J\u007f\u202e\n"';
    const bytes = encodeCbor(new Map([[2, name]]));
    const text = manifestNotation(bytes, 'riot-v9');
    expect(text).toBe(String.raw`{/ authentication-wrapper / 2: "a\u001b[2J\u009b2J\u007f\u202e\n\""}`);
    expect(hex(encodeCbor(parse(text)))).toBe(hex(bytes));
  });

  it('ends for any CBOR, however deep it is nested in byte strings', () => {
    let deep: Uint8Array = encodeCbor([15, []]);
    for (let i = 0; i < 1000; i++) deep = encodeCbor([32, deep]);
    const bytes = encodeCbor(
      new Map<Cbor, Cbor>([
        [2, encodeCbor([])],
        [3, encodeCbor(new Map([[9, deep]]))],
      ]),
    );
    expect(manifestNotation(bytes, 'riot-v9')).toContain("h'");
    const leaf = fc.oneof(fc.integer(), fc.string(), fc.uint8Array({ maxLength: 8 }), fc.constant(null), fc.boolean());
    const { value } = fc.letrec<{ value: Cbor }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.array(fc.tuple(fc.nat({ max: 24 }), tie('value')), { maxLength: 4 }).map((rows) => new Map(rows)),
        fc.tuple(fc.constantFrom(18, 107), tie('value')).map(([tag, v]) => new Tag(tag, v)),
        tie('value').map((v) => encodeCbor(v)),
      ),
    }));
    fc.assert(
      fc.property(value, fc.constantFrom(...PROFILES), (v, profile) => {
        const whole = encodeCbor(v);
        expect(hex(encodeCbor(parse(manifestNotation(whole, profile))))).toBe(hex(whole));
        guessProfile(whole);
      }),
    );
  });
});
