// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contractJsonSchema } from '../../compiler/contract/schema.js';

const ROOT = resolve(import.meta.dirname, '../..');
const FILE = join(ROOT, 'schema/contract.schema.json');

type Schema = Record<string, unknown>;
const properties = (s: unknown): Record<string, Schema> => (s as { properties: Record<string, Schema> }).properties;

describe('schema/contract.schema.json', () => {
  it('is what `fcc gen schema` prints', () => {
    expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(contractJsonSchema());
  });

  it('describes what people write, not what is read', () => {
    const schema = contractJsonSchema();
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
    expect(schema.required).toEqual(['hook']);
    expect(schema.additionalProperties).toBe(false);
    const top = properties(schema);
    expect(Object.keys(top)).toEqual([
      '$schema',
      'description',
      'hook',
      'context',
      'regions',
      'helpers',
      'signatures',
      'result',
      'passLength',
      'interrupt',
      'limits',
    ]);
    for (const [name, property] of Object.entries(top))
      if (name !== '$schema') expect(property.description, name).toBeTypeOf('string');
    const { items } = properties(top.context).fields as { items: { oneOf: unknown[] } };
    expect(items.oneOf.map((s) => properties(s).type!.const)).toEqual(['scalar', 'pointer', 'length']);
    expect(properties(items.oneOf[2]).unit).toMatchObject({ default: 1, minimum: 1, maximum: 65536 });
  });

  it('is where the contracts of the tree that name one say that it is', () => {
    const naming: string[] = [];
    for (const folder of ['test/contract/objects', 'fixtures', 'runtime-c/examples/bare-metal']) {
      for (const e of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
        if (!e.name.endsWith('contract.json')) continue;
        const path = join(e.parentPath, e.name);
        const { $schema } = JSON.parse(readFileSync(path, 'utf8'));
        if ($schema === undefined) continue;
        naming.push(e.name);
        expect(resolve(dirname(path), $schema), path).toBe(FILE);
      }
    }
    expect(naming).toContain('generated.contract.json');
  });
});
