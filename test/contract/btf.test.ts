// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contractFromBtf } from '../../compiler/contract/btf.js';
import { contractHeader } from '../../compiler/contract/header.js';
import { canonicalContract, parseContract } from '../../compiler/contract/schema.js';
import { CompileError } from '../../compiler/errors/index.js';
import { contractHash } from '../../compiler/image/contract-hash.js';
import { crc32Text } from '../../compiler/image/crc32.js';
import { FIXTURE_NAMES, fixtureFile, loadFixture, VERSIONS } from '../fixtures/all.js';
import { Btf, objectWith } from './btf-writer.js';

const OBJECTS = join(import.meta.dirname, 'objects');
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(join(OBJECTS, name)));
const TAGGED = read('tagged.o');
const GENERATED = read('generated.o');
const FILE = join(OBJECTS, 'generated.contract.json');

function refusal(body: () => unknown): CompileError {
  try {
    body();
  } catch (e) {
    if (e instanceof CompileError) return e;
    throw e;
  }
  throw new Error('accepted');
}

describe('contracts in tags', () => {
  it('say what a file can say: tagged.h', () => {
    expect(contractFromBtf(TAGGED, 'sum')).toEqual({
      hook: 'fc/radio',
      context: {
        description: 'a frame that came in',
        size: 32,
        access: 'r',
        align: 8,
        fields: [
          { kind: 'pointer', name: 'samples', offset: 0, region: 'samples' },
          { kind: 'length', name: 'count', offset: 8, size: 4, region: 'samples', unit: 2 },
          { kind: 'scalar', name: 'level', offset: 12, size: 1, access: 'r' },
          {
            kind: 'scalar',
            name: 'channel',
            description: 'IEEE 802.15.4',
            offset: 13,
            size: 1,
            access: 'r',
            range: [11n, 26n],
          },
          {
            kind: 'scalar',
            name: 'at.seconds',
            description: 'since midnight',
            offset: 16,
            size: 4,
            access: 'r',
            range: [0n, 65535n],
          },
          { kind: 'scalar', name: 'at.flags', offset: 20, size: 2, access: 'rw' },
        ],
      },
      regions: [
        { name: 'log', access: 'rw', size: 64, minSize: 64, maxSize: 64, align: 4 },
        { name: 'samples', access: 'r', size: null, minSize: 4, maxSize: 1500, align: 2 },
      ],
      helpers: ['now_ms', 'send', 'find'],
      signatures: [
        {
          id: 0x200,
          name: 'send',
          args: [
            { kind: 'buffer', name: 'data', access: 'r', length: 1 },
            { kind: 'u32', name: 'n', range: [1n, 64n] },
          ],
          result: { kind: 'i32', range: [-5n, 64n] },
          doc: 'queues a frame',
        },
        {
          id: 0x201,
          name: 'find',
          args: [
            { kind: 'cstring', name: 'name' },
            { kind: 'fixed', name: 'found', access: 'w', size: 4, certain: true },
          ],
          result: { kind: 'region', region: 'log', nullable: true },
          doc: '',
        },
      ],
      result: { doc: 'drop, accept or too short', range: [0n, 2n] },
      passLength: false,
      limits: { stackBytes: 512, instructions: 20000 },
    });
  });

  it('of a function count more than those of its structure', () => {
    const sum = contractFromBtf(TAGGED, 'sum')!;
    expect(contractFromBtf(TAGGED, 'late')).toEqual({
      ...sum,
      hook: 'fc/radio/late',
      limits: { stackBytes: null, instructions: 100 },
    });
  });

  it('need no structure', () => {
    expect(contractFromBtf(TAGGED, 'tick')).toEqual({
      hook: 'fc/tick',
      context: { size: 4, access: 'rw', align: 4, fields: [] },
      regions: [],
      helpers: null,
      signatures: [
        {
          id: 0x200,
          name: 'nap',
          args: [{ kind: 'u32', name: 'ms' }],
          result: { kind: 'void' },
          blocks: true,
          doc: 'waits',
        },
      ],
      passLength: true,
      interrupt: true,
      limits: { stackBytes: null, instructions: null },
    });
  });

  it('are none where nothing is tagged', () => {
    expect(contractFromBtf(TAGGED, 'plain')).toBeNull();
    expect(contractFromBtf(TAGGED, 'no_such_function')).toBeNull();
    for (const name of FIXTURE_NAMES)
      for (const version of VERSIONS) {
        const bytes = new Uint8Array(readFileSync(fixtureFile(name, `${version}.o`)));
        for (const { name: fn } of loadFixture(name).objects[0]!.program.functions)
          expect(contractFromBtf(bytes, fn)).toBeNull();
      }
  });

  it('that `fcc gen header --tags` writes come back as the file says', () => {
    const contract = parseContract(readFileSync(FILE, 'utf8'), FILE);
    const again = contractFromBtf(GENERATED, 'generated')!;
    expect(again).toEqual(contract);
    expect(canonicalContract(again)).toBe(canonicalContract(contract));
    const options = { hookId: crc32Text(contract.hook), contractHash: contractHash(contract), tags: true };
    expect(contractHeader(contract, options)).toBe(readFileSync(join(OBJECTS, 'generated.h'), 'utf8'));
  });
});

/** An object whose program `f` takes a pointer to a structure of these members and tags. */
function tagged(
  members: readonly [name: string, type: (b: Btf) => number, offset: number, ...tags: string[]][],
  whole: readonly string[] = ['fcc:hook=h'],
  more: { size?: number; onFunction?: readonly string[] } = {},
): Uint8Array {
  const b = new Btf();
  const struct = b.struct(
    'ctx',
    more.size ?? 32,
    members.map(([name, type, offset]) => ({ name, type: type(b), offset: 8 * offset })),
  );
  for (const text of whole) b.tag(text, struct);
  members.forEach(([, , , ...tags], i) => {
    for (const text of tags) b.tag(text, struct, i);
  });
  const func = b.func('f', b.proto(b.int(8), b.ptr(struct)));
  for (const text of more.onFunction ?? []) b.tag(text, func);
  return objectWith(b.bytes());
}

const u8 = (b: Btf): number => b.int(1);
const u32 = (b: Btf): number => b.int(4);
const u64 = (b: Btf): number => b.int(8);
const pointer = (b: Btf): number => b.ptr(0);
const bytes = (n: number) => (b: Btf) => b.array(b.int(1), n);
const P = 'fcc:region=p,r,max=64';

describe('what tags cannot do', () => {
  it.each([
    // A pointer or length that the container could write is never trusted, however it is put.
    [
      'a writable pointer',
      tagged([['a', pointer, 0, P, 'fcc:access=rw']]),
      'FCC0407',
      'struct ctx, member a: pointer field a is writable',
    ],
    [
      'a writable length',
      tagged([
        ['a', pointer, 0, P],
        ['n', u32, 8, 'fcc:length=p', 'fcc:access=rw'],
      ]),
      'FCC0407',
      'member n',
    ],
    [
      'a number over a pointer',
      tagged([
        ['a', pointer, 0, P],
        ['x', u32, 4, 'fcc:access=rw'],
      ]),
      'FCC0403',
      'member x',
    ],
    [
      'a pointer over a length',
      tagged([
        ['n', u64, 0, 'fcc:length=p'],
        ['a', pointer, 0, P],
      ]),
      'FCC0403',
      'overlap',
    ],
    ['a misaligned pointer', tagged([['a', pointer, 4, P]]), 'FCC0407', 'offset 4'],
    ['a pointer of 4 bytes', tagged([['a', u32, 0, P]]), 'FCC0407', '4 bytes'],
    ['a field beyond the structure', tagged([['a', pointer, 32, P]]), 'FCC0404', 'ends at 40'],
    ['a region that nobody declares', tagged([['a', pointer, 0, 'fcc:region=p']]), 'FCC0405', 'region p'],
    [
      'a region that two declare',
      tagged([
        ['a', pointer, 0, P],
        ['b', pointer, 8, P],
      ]),
      'FCC0408',
      'member b',
    ],
    ['a writable range', tagged([['x', u32, 0, 'fcc:range=0..1']], ['fcc:context=rw']), 'FCC0410', 'member x'],
    ['an unknown helper', tagged([], ['fcc:helpers=nope']), 'FCC0406', 'struct ctx: there is no helper nope'],
    ['a hook with a space', tagged([], ['fcc:hook=a b']), 'FCC0401', 'hook'],
    ['a bad id', tagged([], ['fcc:helper=0x10 f()']), 'FCC0411', 'id 0x10'],
    ['an unknown key', tagged([['x', u32, 0, 'fcc:lenght=p']]), 'FCC0412', 'member x: tag "fcc:lenght=p"'],
    ['an unknown key of the whole', tagged([], ['fcc:access=r']), 'FCC0412', 'struct ctx: tag "fcc:access=r"'],
    ['no key', tagged([], ['fcc:']), 'FCC0412', 'no such tag'],
    ['an unknown word', tagged([], ['fcc:context=w']), 'FCC0412', 'w has no meaning'],
    ['an empty word', tagged([], ['fcc:context=r,,align=4']), 'FCC0412', 'an empty word'],
    ['two rights', tagged([], ['fcc:context=r,rw']), 'FCC0412', 'contradict'],
    ['a word twice', tagged([], ['fcc:context=align=4,align=8']), 'FCC0412', 'align is given twice'],
    ['no number', tagged([], ['fcc:context=align=four']), 'FCC0412', 'four is no number'],
    ['another size', tagged([], ['fcc:context=r,size=16']), 'FCC0412', 'struct ctx has 32 bytes'],
    ['a region without a name', tagged([], ['fcc:region=,r']), 'FCC0412', 'no name'],
    ['a length without a region', tagged([['n', u32, 0, 'fcc:length=']]), 'FCC0412', 'no name'],
    ['no range', tagged([['x', u32, 0, 'fcc:range=5']]), 'FCC0412', '5 is no range'],
    ['an empty helper name', tagged([], ['fcc:helpers=printf,']), 'FCC0412', 'a name is empty'],
    ['no signature', tagged([], ['fcc:helper=send']), 'FCC0412', 'send is no part of a signature'],
    ['neither yes nor no', tagged([], ['fcc:pass-length=true']), 'FCC0412', 'neither yes nor no'],
    ['neither yes nor no, of interrupts', tagged([], ['fcc:interrupt=']), 'FCC0412', 'neither yes nor no'],
    [
      'a helper that blocks in interrupts',
      tagged([], ['fcc:interrupt=yes', 'fcc:helpers=now_ms,printf']),
      'FCC0413',
      'printf may block',
    ],
    ['limits of nothing', tagged([], ['fcc:limits=time=5']), 'FCC0412', 'time=5 has no meaning'],
    ['a tag twice', tagged([], ['fcc:hook=a', 'fcc:hook=b']), 'FCC0412', 'hook is given twice'],
    [
      'a member tag twice',
      tagged([['x', u32, 0, 'fcc:access=r', 'fcc:access=rw']]),
      'FCC0412',
      'access is given twice',
    ],
    ['pointer and length at once', tagged([['x', u64, 0, P, 'fcc:length=p']]), 'FCC0412', 'not both'],
    ['a length that is a pointer', tagged([['a', pointer, 0, 'fcc:length=p']]), 'FCC0412', 'is a pointer'],
    ['a range of a pointer', tagged([['a', pointer, 0, 'fcc:range=0..1']]), 'FCC0412', 'is a pointer'],
    ['rights of an array', tagged([['a', bytes(4), 0, 'fcc:access=rw']]), 'FCC0412', 'no number and no pointer'],
    [
      'a tag of a parameter',
      (() => {
        const b = new Btf();
        const func = b.func('f', b.proto(b.int(8), b.ptr(b.struct('ctx', 4, []))));
        b.tag('fcc:hook=h', func, 0);
        return objectWith(b.bytes());
      })(),
      'FCC0412',
      'a parameter of f',
    ],
  ])('%s', (_what, object, code, part) => {
    const e = refusal(() => contractFromBtf(object, 'f', 'x.o'));
    expect([e.code, e.details.at?.file, e.details.at?.function]).toEqual([code, 'x.o', 'f']);
    expect(e.message).toContain(part);
    expect(e.details.help ?? e.details.expected).toBeTypeOf('string');
  });

  it('bytes under a pointer stay read-only whatever lies over them', () => {
    const contract = contractFromBtf(
      tagged(
        [
          ['a', pointer, 0, P],
          ['raw', bytes(8), 0],
        ],
        ['fcc:context=rw'],
      ),
      'f',
    )!;
    expect(contract.context.fields).toEqual([{ kind: 'pointer', name: 'a', offset: 0, region: 'p' }]);
  });

  it('an untagged pointer is a number', () => {
    const { context } = contractFromBtf(tagged([['a', pointer, 0]]), 'f')!;
    expect(context.fields).toEqual([{ kind: 'scalar', name: 'a', offset: 0, size: 8, access: 'rw' }]);
  });

  it('tags inside arrays and unions are refused, not overlooked', () => {
    for (const wrap of [
      (b: Btf, t: number) => b.array(t, 2),
      (b: Btf, t: number) => b.union('u', 4, [{ name: 's', type: t, offset: 0 }]),
    ]) {
      const b = new Btf();
      const inner = b.struct('inner', 4, [{ name: 'x', type: b.int(4), offset: 0 }]);
      b.tag('fcc:access=r', inner, 0);
      const struct = b.struct('ctx', 8, [{ name: 'in', type: wrap(b, inner), offset: 0 }]);
      b.func('f', b.proto(b.int(8), b.ptr(struct)));
      const e = refusal(() => contractFromBtf(objectWith(b.bytes()), 'f'));
      expect([e.code, e.message.includes('struct ctx, member in')]).toEqual(['FCC0412', true]);
    }
  });

  it('types of members have no tags, nor structures inside', () => {
    const make = (typeOf: (b: Btf) => number): Uint8Array => tagged([['x', typeOf, 0]]);
    const renamed = (b: Btf): number => {
      const t = b.typedef('percent', b.int(1));
      b.tag('fcc:range=0..100', t);
      return t;
    };
    const inside = (b: Btf): number => {
      const t = b.struct('inner', 4, []);
      b.tag('fcc:hook=h', t);
      return t;
    };
    expect(refusal(() => contractFromBtf(make(renamed), 'f')).message).toContain('its type typedef percent');
    expect(refusal(() => contractFromBtf(make(inside), 'f')).message).toContain('its type struct inner');
  });

  it('takes the hook from the section if nothing names one', () => {
    expect(contractFromBtf(tagged([['x', u8, 0, 'fcc:access=r']], []), 'f')!.hook).toBe('fc/x');
  });

  it('a name without an end, and structures without one, are malformed', () => {
    const endless = (build: (b: Btf) => number): CompileError => {
      const b = new Btf();
      b.tag('fcc:hook=h', b.func('f', b.proto(b.int(8), build(b))));
      return refusal(() => contractFromBtf(objectWith(b.bytes()), 'f'));
    };
    const self = endless((b) => b.ptr(b.typedef('t', b.next)));
    expect([self.code, self.exitCode]).toEqual(['FCC0210', 3]);
    const nested = endless((b) => b.ptr(b.struct('s', 4, [{ name: 'x', type: b.next, offset: 0 }])));
    expect(nested.code).toBe('FCC0210');
    // Each structure holds the one before twice: 2^30 members, none of which is a number.
    const wide = endless((b) => {
      let t = b.array(b.int(1), 3);
      for (let i = 0; i < 30; i++)
        t = b.struct(
          `s${i}`,
          4,
          ['a', 'b'].map((name) => ({ name, type: t, offset: 0 })),
        );
      return b.ptr(t);
    });
    expect(wide.message).toContain('members');
  });
});
