// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalContract, parseContract } from '../../compiler/contract/schema.js';
import { CompileError } from '../../compiler/errors/index.js';

function refusal(json: string): CompileError {
  try {
    parseContract(json, 'c.json');
  } catch (e) {
    if (e instanceof CompileError) return e;
    throw e;
  }
  throw new Error('accepted');
}

const withContext = (size: number | null, ...fields: unknown[]): string =>
  JSON.stringify({ hook: 'h', context: { size, fields }, regions: [{ name: 'buf', maxSize: 64 }] });
const withRegion = (region: unknown): string => JSON.stringify({ hook: 'h', regions: [region] });

describe('parseContract', () => {
  it('fills in defaults: default deny, unknown context', () => {
    expect(parseContract('{"hook":"fc/timer"}', 'c.json')).toEqual({
      hook: 'fc/timer',
      context: { size: null, access: 'rw', align: 1, fields: [] },
      regions: [],
      helpers: [],
      passLength: true,
      limits: { stackBytes: null, instructions: null },
    });
  });

  it('reads every kind of field and region', () => {
    const contract = parseContract(
      `{ "hook": "fc/timer", "description": "a timer", "context": { "size": 16, "access": "rw", "align": 4, "fields": [
         {"name":"x","offset":12,"type":"scalar","size":4,"access":"r","range":[0,100]},
         {"name":"buf","offset":0,"type":"pointer","region":"packet"},
         {"name":"len","offset":8,"type":"length","size":4,"region":"packet"} ] },
         "regions":[{"name":"packet","access":"r","size":null,"minSize":0,"maxSize":1500,"align":4},
                    {"name":"out","access":"rw","size":32}],
         "helpers":["printf"], "limits": { "instructions": 1000 } }`,
      'c.json',
    );
    expect(contract).toEqual({
      hook: 'fc/timer',
      context: {
        size: 16,
        access: 'rw',
        align: 4,
        fields: [
          { kind: 'pointer', name: 'buf', offset: 0, region: 'packet' },
          { kind: 'length', name: 'len', offset: 8, size: 4, region: 'packet' },
          { kind: 'scalar', name: 'x', offset: 12, size: 4, access: 'r', range: [0n, 100n] },
        ],
      },
      regions: [
        { name: 'packet', access: 'r', size: null, minSize: 0, maxSize: 1500, align: 4 },
        { name: 'out', access: 'rw', size: 32, minSize: 32, maxSize: 32, align: 1 },
      ],
      helpers: ['printf'],
      passLength: false,
      limits: { stackBytes: null, instructions: 1000 },
    });
  });

  it('takes bounds beyond 2^53 as strings', () => {
    const field = {
      name: 'x',
      offset: 0,
      type: 'scalar',
      size: 8,
      access: 'r',
      range: ['0x10', '18446744073709551615'],
    };
    expect(parseContract(withContext(8, field), 'c.json').context.fields[0]).toMatchObject({
      range: [16n, (1n << 64n) - 1n],
    });
  });

  it.each([
    [
      'two fields overlap',
      withContext(
        16,
        { name: 'a', offset: 0, type: 'scalar', size: 8 },
        { name: 'b', offset: 7, type: 'scalar', size: 1 },
      ),
      'FCC0403',
    ],
    [
      'a field overlaps a pointer',
      withContext(
        16,
        { name: 'b', offset: 4, type: 'scalar', size: 4 },
        { name: 'a', offset: 0, type: 'pointer', region: 'buf' },
      ),
      'FCC0403',
    ],
    ['a field ends behind the context', withContext(6, { name: 'a', offset: 4, type: 'scalar', size: 4 }), 'FCC0404'],
    [
      'a pointer to an unknown region',
      withContext(8, { name: 'a', offset: 0, type: 'pointer', region: 'nope' }),
      'FCC0405',
    ],
    [
      'a length of an unknown region',
      withContext(8, { name: 'a', offset: 0, type: 'length', size: 4, region: 'nope' }),
      'FCC0405',
    ],
    ['an unknown helper', '{"hook":"h","helpers":["now"]}', 'FCC0406'],
    [
      'a pointer of 4 bytes',
      withContext(8, { name: 'a', offset: 0, type: 'pointer', size: 4, region: 'buf' }),
      'FCC0407',
    ],
    ['a pointer at 4', withContext(12, { name: 'a', offset: 4, type: 'pointer', region: 'buf' }), 'FCC0407'],
    [
      'a writable pointer',
      withContext(8, { name: 'a', offset: 0, type: 'pointer', access: 'rw', region: 'buf' }),
      'FCC0407',
    ],
    [
      'a writable length',
      withContext(8, { name: 'a', offset: 0, type: 'length', size: 4, access: 'rw', region: 'buf' }),
      'FCC0407',
    ],
    [
      'two fields of one name',
      withContext(
        8,
        { name: 'a', offset: 0, type: 'scalar', size: 4 },
        { name: 'a', offset: 4, type: 'scalar', size: 4 },
      ),
      'FCC0408',
    ],
    ['two regions of one name', '{"hook":"h","regions":[{"name":"a","size":1},{"name":"a","size":2}]}', 'FCC0408'],
    ['a helper listed twice', '{"hook":"h","helpers":["printf","printf"]}', 'FCC0408'],
    ['minSize above maxSize', withRegion({ name: 'a', minSize: 9, maxSize: 8 }), 'FCC0409'],
    ['a size and another minSize', withRegion({ name: 'a', size: 9, minSize: 8 }), 'FCC0409'],
    [
      'a length field too narrow',
      JSON.stringify({
        hook: 'h',
        context: { size: 2, fields: [{ name: 'n', offset: 0, type: 'length', size: 2, region: 'a' }] },
        regions: [{ name: 'a', maxSize: 65536 }],
      }),
      'FCC0409',
    ],
    [
      'a range upside down',
      withContext(4, { name: 'a', offset: 0, type: 'scalar', size: 4, access: 'r', range: [5, 4] }),
      'FCC0410',
    ],
    [
      'a range beyond the size',
      withContext(4, { name: 'a', offset: 0, type: 'scalar', size: 1, access: 'r', range: [0, 256] }),
      'FCC0410',
    ],
    [
      'a range of a writable field',
      withContext(4, { name: 'a', offset: 0, type: 'scalar', size: 1, access: 'rw', range: [0, 5] }),
      'FCC0410',
    ],
  ])('refuses: %s', (_name, json, code) => {
    const e = refusal(json);
    expect([e.code, e.exitCode, e.details.at?.file]).toEqual([code, 3, 'c.json']);
  });

  it.each([
    ['[]', 'top level'],
    ['{}', 'hook'],
    ['{"hook":""}', 'hook'],
    ['{"hook":"a b"}', 'hook'],
    ['{"hook":"h","colour":1}', 'top level'],
    ['{"hook":"h","context":{"size":-1}}', 'context.size'],
    ['{"hook":"h","context":{"size":1.5}}', 'context.size'],
    ['{"hook":"h","context":{"size":16777217}}', 'context.size'],
    ['{"hook":"h","context":{"align":3}}', 'context.align'],
    ['{"hook":"h","context":{"fields":[{"name":"a","offset":0,"type":"struct"}]}}', 'context.fields[0].type'],
    ['{"hook":"h","context":{"fields":[{"name":"a","offset":0,"type":"scalar","size":3}]}}', 'context.fields[0].size'],
    ['{"hook":"h","context":{"fields":[{"name":"a","offset":0,"type":"pointer"}]}}', 'context.fields[0].region'],
    ['{"hook":"h","regions":[{"name":"1"}]}', 'regions[0].name'],
    ['{"hook":"h","regions":[{"name":"a","access":"w"}]}', 'regions[0].access'],
    ['{"hook":"h","helpers":"printf"}', 'helpers'],
    ['{"hook":"h","limits":{"instructions":0}}', 'limits.instructions'],
    [JSON.stringify({ hook: 'h', regions: Array.from({ length: 33 }, (_, i) => ({ name: `r${i}` })) }), 'regions'],
  ])('names the property: %s', (json, path) => {
    const e = refusal(json);
    expect(e.code).toBe('FCC0401');
    expect(e.message.startsWith(`contract: ${path}: `), e.message).toBe(true);
  });

  it.each([
    ['{\n  "hook": "h",\n}', 3, 1],
    ['{"hook" "h"}', 1, 9],
    ['', 1, 1],
    ['{"hook": "h"', 1, 13],
    ['{"hook": "h"} x', 1, 15],
  ])('gives line and column of a syntax error: %j', (json, line, column) => {
    const e = refusal(json);
    expect([e.code, e.details.at?.line, e.details.at?.column]).toEqual(['FCC0402', line, column]);
  });

  it('never ends in anything but a contract or a CompileError', () => {
    const json = fc.oneof(fc.json(), fc.string(), fc.constant('{"hook":"h","context":null}'));
    fc.assert(
      fc.property(json, (text) => {
        try {
          expect(parseContract(text, 'c.json').hook).toBeTypeOf('string');
        } catch (e) {
          expect(e).toBeInstanceOf(CompileError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('canonicalContract', () => {
  const text = (hook: string, helpers: string[], fields: unknown[]): string =>
    canonicalContract(parseContract(JSON.stringify({ helpers, hook, context: { fields, size: 8 } }), 'c.json'));
  const a = { name: 'a', offset: 0, type: 'scalar', size: 4 };
  const b = { size: 4, type: 'scalar', offset: 4, name: 'b' };

  it('does not depend on order, spelling or defaults', () => {
    const one = text('h', ['printf', 'memcpy'], [a, b]);
    expect(text('h', ['memcpy', 'printf'], [b, { ...a, access: 'rw' }])).toBe(one);
    expect(one).toBe(
      '{"context":{"access":"rw","align":1,"fields":[{"access":"rw","kind":"scalar","name":"a","offset":0,"size":4},' +
        '{"access":"rw","kind":"scalar","name":"b","offset":4,"size":4}],"size":8},"helpers":["memcpy","printf"],' +
        '"hook":"h","limits":{"instructions":null,"stackBytes":null},"passLength":false,"regions":[]}',
    );
  });

  it('differs where the meaning differs', () => {
    const all = [
      text('h', ['printf'], [a]),
      text('g', ['printf'], [a]),
      text('h', [], [a]),
      text('h', ['printf'], [{ ...a, access: 'r' }]),
      text('h', ['printf'], [{ ...a, access: 'r', range: [0, 5] }]),
      text('h', ['printf'], [{ ...a, access: 'r', range: [0, 6] }]),
      text('h', ['printf'], [a, b]),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});
