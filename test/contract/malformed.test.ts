// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contractFromBtf } from '../../compiler/contract/btf.js';
import { parseContract } from '../../compiler/contract/schema.js';
import type { Contract } from '../../compiler/contract/types.js';
import { readTypes } from '../../compiler/elf/btf-types.js';
import { readElf } from '../../compiler/elf/elf.js';
import { CompileError } from '../../compiler/errors/index.js';
import { mutateBytes, type Random, randomFrom } from '../malformed/mutate.js';
import { Btf, objectWith } from './btf-writer.js';

const OBJECTS = join(import.meta.dirname, 'objects');
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(join(OBJECTS, name)));
const TAGGED = read('tagged.o');
const GENERATED = read('generated.o');
const FILE = read('generated.contract.json');

function refusal(body: () => unknown): CompileError {
  try {
    body();
  } catch (e) {
    if (e instanceof CompileError) return e;
    throw e;
  }
  throw new Error('accepted');
}

describe('.BTF types', () => {
  it('of every kind are read', () => {
    const b = new Btf();
    const i = b.int(4);
    const made = [
      i,
      b.ptr(i),
      b.array(i, 5),
      b.struct('s', 8, [{ name: 'x', type: i, offset: 0 }], true),
      b.union('u', 4, [{ name: 'x', type: i, offset: 0 }]),
      b.enumeration('e', 4, 2),
      b.raw(7, 'fwd', 0, 0),
      b.typedef('t', i),
      b.raw(9, '', 0, i),
      b.raw(10, '', 0, i),
      b.raw(11, '', 0, i),
      b.func('f', b.proto(i, i)),
      b.raw(14, 'v', 0, i, [1]),
      b.raw(15, 'sec', 1, 8, [i, 0, 8]),
      b.raw(16, 'double', 0, 8),
      b.tag('x', i),
      b.raw(18, 'tag', 0, i),
      b.enumeration('e64', 8, 2, true),
    ];
    const types = readTypes(readElf(objectWith(b.bytes()), 'x.o'));
    expect(made.map((n) => types[n]!.kind)).toEqual([
      ...[
        'int',
        'ptr',
        'array',
        'struct',
        'union',
        'enum',
        'fwd',
        'typedef',
        'qualifier',
        'qualifier',
        'qualifier',
        'func',
      ],
      ...['var', 'datasec', 'float', 'tag', 'qualifier', 'enum'],
    ]);
    expect(types).toHaveLength(b.next);
  });

  it.each([
    ['an unknown kind', (b: Btf) => b.raw(20, '', 0, 0), 'unknown kind, 20'],
    ['kind 0', (b: Btf) => b.raw(0, '', 0, 0), 'unknown kind, 0'],
    ['a type that is not there', (b: Btf) => b.ptr(99), 'type 99'],
    ['a member type that is not there', (b: Btf) => b.struct('s', 4, [{ name: 'x', type: 77, offset: 0 }]), 'type 77'],
    ['fewer members than said', (b: Btf) => b.raw(4, 's', 3, 4, [0, 0, 0]), 'outside'],
    ['a cut record', (b: Btf) => b.raw(3, '', 0, 0, [1]), 'outside'],
  ])('%s is malformed', (_what, build, part) => {
    const b = new Btf();
    b.tag('fcc:hook=h', b.func('f', b.proto(0)));
    build(b);
    const e = refusal(() => contractFromBtf(objectWith(b.bytes()), 'f', 'x.o'));
    expect([e.code, e.exitCode]).toEqual(['FCC0210', 3]);
    expect(e.message).toContain(part);
  });

  it('are not looked at where no tag can be', () => {
    const b = new Btf();
    b.raw(31, '', 0, 0);
    expect(contractFromBtf(objectWith(b.bytes()), 'f')).toBeNull();
  });
});

/** xorshift32: the same mutants in every run. */
function generator(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

describe('mutated objects with tags', () => {
  it('give a contract that holds its rules, none, or a CompileError', () => {
    const runs = Math.max(400, 4 * Number(process.env.FCC_RUNS ?? 500));
    const next = generator(0x1b7f);
    const outcomes = new Map<string, number>();
    for (let i = 0; i < runs; i++) {
      const [object, fn] = i % 3 === 0 ? [GENERATED, 'generated'] : [TAGGED, i % 3 === 1 ? 'sum' : 'late'];
      const at = Buffer.from(object).indexOf(Buffer.from([0x9f, 0xeb, 1, 0]));
      const mutant = Uint8Array.from(object);
      const view = new DataView(mutant.buffer);
      // Types are the first part of the section, strings the second.
      const end = at + 24 + view.getUint32(at + 16, true) + view.getUint32(at + 20, true);
      for (let n = 1 + next(3); n > 0; n--) {
        const place = at + next(end - at);
        const kind = next(4);
        if (kind === 0) mutant[place]! ^= 1 << next(8);
        else if (kind === 1) mutant[place] = next(256);
        else if (kind === 2) view.setUint32(place & ~3, next(40), true);
        else mutant[place] = '=,.0r:[]() -'.charCodeAt(next(12));
      }
      let outcome = 'contract';
      try {
        const contract = contractFromBtf(mutant, fn, 'mutant');
        if (contract === null) outcome = 'none';
        else assertRules(contract);
      } catch (e) {
        if (!(e instanceof CompileError)) throw new Error(`mutant ${i}`, { cause: e });
        outcome = e.code;
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect(outcomes.get('contract')).toBeGreaterThan(runs / 10);
    expect(outcomes.get('FCC0210')).toBeGreaterThan(runs / 20);
    expect(outcomes.get('FCC0412')).toBeGreaterThan(runs / 50);
  });
});

const ODD = [
  null,
  true,
  -1,
  0,
  1,
  7,
  300,
  0x7fffffff,
  2 ** 53,
  '',
  'r',
  'rw',
  'text',
  '0x200',
  '99999999999999999999',
  [],
  {},
  [1, 0],
];

/** The file with one value replaced, removed or put in twice. */
function mutateJson(random: Random): string {
  type Node = Record<string, unknown>;
  const file = JSON.parse(new TextDecoder().decode(FILE)) as Node;
  const places: [Node, string][] = [];
  const visit = (node: Node): void => {
    for (const [key, value] of Object.entries(node)) {
      places.push([node, key]);
      if (typeof value === 'object' && value !== null) visit(value as Node);
    }
  };
  visit(file);
  const [node, key] = places[random(places.length)]!;
  const [from, other] = places[random(places.length)]!;
  const kind = random(4);
  if (kind === 0 && Array.isArray(node)) node.push(node[Number(key)]);
  else if (kind === 0) delete node[key];
  // A copy: a value inside itself has no text.
  else if (kind === 1) node[key] = JSON.parse(JSON.stringify(from[other]));
  else node[key] = ODD[random(ODD.length)];
  return JSON.stringify(file);
}

describe('mutated contract files', () => {
  it('give a contract that holds its rules, or a CompileError with a place', () => {
    const runs = Math.max(300, 2 * Number(process.env.FCC_RUNS ?? 500));
    const random = randomFrom(0x5e1f);
    const outcomes = new Map<string, number>();
    for (let i = 0; i < runs; i++) {
      const text = i % 4 === 0 ? new TextDecoder().decode(mutateBytes(FILE, random)) : mutateJson(random);
      let outcome = 'contract';
      try {
        assertRules(parseContract(text, 'mutant'));
      } catch (e) {
        if (!(e instanceof CompileError)) throw new Error(`mutant ${i}`, { cause: e });
        expect(e.details.at?.line).toBeGreaterThan(0);
        outcome = e.code;
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    for (const code of ['contract', 'FCC0401', 'FCC0402']) expect(outcomes.get(code), code).toBeGreaterThan(runs / 50);
    expect(outcomes.size).toBeGreaterThan(6);
  });
});

/** What every contract promises, whatever it was read from. */
function assertRules(contract: Contract): void {
  const { size, fields } = contract.context;
  let at = 0;
  for (const f of fields) {
    expect(f.offset).toBeGreaterThanOrEqual(at);
    at = f.offset + (f.kind === 'pointer' ? 8 : f.size);
    if (f.kind !== 'scalar') expect(contract.regions.map((r) => r.name)).toContain(f.region);
    if (f.kind === 'pointer') expect(f.offset % 8).toBe(0);
  }
  if (size !== null) expect(at).toBeLessThanOrEqual(size);
}
