// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalContract, parseContract } from '../../compiler/contract/schema.js';
import type { Contract } from '../../compiler/contract/types.js';
import { CompileError } from '../../compiler/errors/index.js';
import { contractHash } from '../../compiler/image/contract-hash.js';
import { fixtureFile } from '../fixtures/all.js';

const loadFixtureContract = (name: string): Contract => {
  const path = fixtureFile(name, 'contract.json');
  return parseContract(readFileSync(path, 'utf8'), path);
};

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
      description: 'a timer',
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

  it('reads units of length fields, and what the result means', () => {
    const contract = parseContract(
      JSON.stringify({
        hook: 'h',
        context: {
          size: 8,
          fields: [
            { name: 'words', offset: 0, type: 'length', region: 'a', unit: 2, size: 2 },
            { name: 'bytes', offset: 4, type: 'length', region: 'a', unit: 1 },
          ],
        },
        // 65535 units of 2 bytes and one byte more: the largest that 16 bits can count.
        regions: [{ name: 'a', maxSize: 131071 }],
        result: { doc: 'drop or accept', range: [0, '0x1'] },
      }),
      'c.json',
    );
    expect(contract.context.fields).toEqual([
      { kind: 'length', name: 'words', offset: 0, size: 2, region: 'a', unit: 2 },
      { kind: 'length', name: 'bytes', offset: 4, size: 4, region: 'a' },
    ]);
    expect(contract.result).toEqual({ doc: 'drop or accept', range: [0n, 1n] });
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
      'a length field too narrow even in units',
      JSON.stringify({
        hook: 'h',
        context: { size: 2, fields: [{ name: 'n', offset: 0, type: 'length', size: 2, region: 'a', unit: 4 }] },
        regions: [{ name: 'a', maxSize: 4 * 65536 }],
      }),
      'FCC0409',
    ],
    ['a result range upside down', '{"hook":"h","result":{"doc":"d","range":[2,1]}}', 'FCC0410'],
    [
      'a result range beyond 64 bits',
      '{"hook":"h","result":{"doc":"d","range":[0,"99999999999999999999"]}}',
      'FCC0410',
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
    [withContext(8, { name: 'n', offset: 0, type: 'length', region: 'buf', unit: 0 }), 'context.fields[0].unit'],
    [withContext(8, { name: 'n', offset: 0, type: 'length', region: 'buf', unit: 65537 }), 'context.fields[0].unit'],
    [withContext(8, { name: 'n', offset: 0, type: 'length', region: 'buf', unit: 1.5 }), 'context.fields[0].unit'],
    [withContext(8, { name: 'n', offset: 0, type: 'scalar', size: 4, unit: 2 }), 'context.fields[0]'],
    ['{"hook":"h","result":{}}', 'result.doc'],
    ['{"hook":"h","result":{"doc":"d","range":[0,-1]}}', 'result.range[1]'],
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

  it.each([
    ['{ "hook": "h",\n  "colour": 1 }', 1, 1, '{ "hook": "h",'],
    ['{ "hook": "h",\n  "regions": [\n    { "name": "a" },\n    { "name": "b", "size": -1 } ] }', 4, 28, undefined],
    ['{"hook":"h","regions":[{"name":"a","size":1},\n {"size":2,"name":"a"}]}', 2, 19, undefined],
    ['{"hook":"h","helpers":["printf",\n\t"now"]}', 2, 2, '\t"now"]}'],
    ['{"hook":"h", "hook":\n"a b"}', 2, 1, '"a b"}'],
    ['{"hook":"h","context":{"fields":[{"name":"a","offset":0,"type":"pointer"}]}}', 1, 34, undefined],
    [`{"hook":"h","description":"${'x'.repeat(200)}","helpers":[1]}`, 1, 241, undefined],
  ])('says where: %j', (json, line, column, text) => {
    const { at, snippet } = refusal(json).details;
    expect([at?.line, at?.column]).toEqual([line, column]);
    if (text !== undefined) expect(snippet?.text).toBe(text);
    if (json.length > 200) expect(snippet).toBeUndefined();
  });

  it.each([
    ['{"hook":"h","context":{"align":3}}', 'context.align: expected 1, 2, 4 or 8'],
    [
      withContext(8, { name: 'a', offset: 0, type: 'scalar', size: 3 }),
      'context.fields[0].size: expected 1, 2, 4 or 8',
    ],
    [withContext(8, { name: 'a', offset: 0, type: 'length', size: 1, region: 'buf' }), 'expected 2, 4 or 8'],
    [
      withContext(8, { name: 'a', offset: 0, type: 'scalar', size: 4, range: [-1, 0] }),
      'context.fields[0].range[0]: Too small: expected number to be >=0',
    ],
    [
      withContext(8, { name: 'a', offset: 0, type: 'scalar', size: 4, range: ['x', 0] }),
      'range[0]: expected an unsigned',
    ],
  ])('says what is expected: %s', (json, message) => {
    expect(refusal(json).message).toContain(message);
  });

  it('every mistake comes with help', () => {
    const mistakes = [
      '{"hook":1}',
      withContext(6, { name: 'a', offset: 4, type: 'scalar', size: 4 }),
      withContext(8, { name: 'a', offset: 0, type: 'pointer', region: 'nope' }),
      '{"hook":"h","helpers":["now"]}',
      withRegion({ name: 'a', minSize: 9, maxSize: 8 }),
      withRegion({ name: 'a', size: 9, minSize: 8 }),
      '{"hook":"h","regions":[{"name":"a","size":1},{"name":"a","size":2}]}',
    ];
    for (const json of mistakes) expect(refusal(json).details.help, json).toBeTypeOf('string');
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

  it('texts for readers and units of 1 change nothing', () => {
    const length = { name: 'n', offset: 0, type: 'length', region: 'r' };
    const make = (more: object, field: object, region: object): string =>
      canonicalContract(
        parseContract(
          JSON.stringify({ hook: 'h', ...more, context: { fields: [field] }, regions: [{ name: 'r', ...region }] }),
          'c.json',
        ),
      );
    const plain = make({}, length, {});
    expect(
      make({ description: 'd', signatures: [] }, { ...length, unit: 1, description: 'd' }, { description: 'd' }),
    ).toBe(plain);
    expect(make({ result: { doc: 'what it is' } }, length, {})).toBe(plain);
    expect(make({}, { ...length, unit: 2 }, {})).not.toBe(plain);
    expect(make({ result: { doc: '', range: [0, 1] } }, length, {})).not.toBe(plain);
    expect(make({ interrupt: false }, length, {})).toBe(plain);
    expect(make({ interrupt: true }, length, {})).not.toBe(plain);
  });

  it('hashes are those of fcc 0.1.0 for contracts without the newer members', () => {
    // What that version computed for the files of these fixtures, and for the smallest contract.
    const old: Record<string, string> = {
      arith64: '5e51915c',
      bsearch: 'ad01885d',
      bubble_sort: '70aba4c2',
      calls_globals: '45cbb047',
      coap_response: '54ef4765',
      crc32: '6f5f3d1d',
      event_counters: '33e16fa4',
      fir: '0e68813b',
      memory_copy: '165df67c',
      moving_average: '8e48f6a3',
      packet_filter: 'b14ae254',
      sha256: 'c43b762d',
      state_machine: 'de8aaae5',
      thread_counter: 'afe0a205',
    };
    const hex = (contract: Contract): string => contractHash(contract).toString(16).padStart(8, '0');
    const now = Object.fromEntries(Object.keys(old).map((name) => [name, hex(loadFixtureContract(name))]));
    expect(now).toEqual(old);
    expect(hex(parseContract('{"hook":"h"}', 'c.json'))).toBe('e0e55fce');
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
