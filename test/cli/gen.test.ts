// SPDX-License-Identifier: MIT
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contractFor, contractsFor, loadObject } from '../../compiler/cli/load.js';
import { contractFromBtf } from '../../compiler/contract/btf.js';
import { contractJsonSchema, parseContract } from '../../compiler/contract/schema.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { CompileError } from '../../compiler/errors/index.js';
import { contractHash } from '../../compiler/image/contract-hash.js';
import { fcc, inFolder } from './capture.js';
import { EXIT, FLETCHER, FLETCHER_CONTRACT, MOV_R0_42, raw } from './objects.js';

const OBJECTS = resolve(import.meta.dirname, '../contract/objects');
const TAGGED = join(OBJECTS, 'tagged.o');
const GENERATED = join(OBJECTS, 'generated.o');
const text = readFileSync(FLETCHER_CONTRACT, 'utf8');
const contract = parseContract(text, 'c');

describe('fcc gen', () => {
  it('header: prints the header, from a file or standard input', async () => {
    const { code, out, err } = await fcc(['gen', 'header', FLETCHER_CONTRACT]);
    expect([code, err]).toEqual([0, '']);
    // zlib.crc32(b"fc/fletcher32") of Python.
    expect(out).toContain('#define FC_FLETCHER32_HOOK_ID 0x4d5b144fu ');
    expect(out).toContain(
      `#define FC_FLETCHER32_CONTRACT_HASH 0x${contractHash(contract).toString(16).padStart(8, '0')}u `,
    );
    expect(out).toContain('#define FC_FLETCHER32_FIELD_WORDS_UNIT 2u /* bytes */');
    expect(out).not.toContain('btf_decl_tag');
    expect((await fcc(['gen', 'header', '-'], Buffer.from(text))).out).toBe(out);
  });

  it('header --tags: objects made with it carry the contract', async () => {
    const { code, out } = await fcc(['gen', 'header', '--tags', join(OBJECTS, 'generated.contract.json')]);
    expect(code).toBe(0);
    expect(out).toBe(readFileSync(join(OBJECTS, 'generated.h'), 'utf8'));
  });

  it('writes to a file, or to a document', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'f.h');
      const printed = await fcc(['gen', 'header', FLETCHER_CONTRACT]);
      const written = await fcc(['gen', 'header', FLETCHER_CONTRACT, '-o', path]);
      expect([written.code, written.out, written.err]).toEqual([0, '', '']);
      expect(readFileSync(path, 'utf8')).toBe(printed.out);
      const both = await fcc(['gen', 'header', FLETCHER_CONTRACT, '-o', path, '--json']);
      expect(JSON.parse(both.out)).toEqual({ schemaVersion: 1, what: 'header', output: path });
      const document = await fcc(['gen', 'header', FLETCHER_CONTRACT, '--json']);
      expect(JSON.parse(document.out)).toEqual({ schemaVersion: 1, what: 'header', text: printed.out });
    }));

  it('contract: writes the file that says what the tags say', async () => {
    const { code, out, err } = await fcc(['gen', 'contract', GENERATED]);
    expect([code, err]).toEqual([0, '']);
    expect(parseContract(out, 'out')).toEqual(contractFromBtf(new Uint8Array(readFileSync(GENERATED)), 'generated'));
    const late = await fcc(['gen', 'contract', '-', '--function', 'late'], new Uint8Array(readFileSync(TAGGED)));
    expect(JSON.parse(late.out)).toMatchObject({
      hook: 'fc/radio/late',
      limits: { stackBytes: null, instructions: 100 },
    });
  });

  it('schema: prints the published schema', async () => {
    const { code, out } = await fcc(['gen', 'schema']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(contractJsonSchema());
    expect(JSON.parse(out)).toEqual(
      JSON.parse(readFileSync(resolve(OBJECTS, '../../../schema/contract.schema.json'), 'utf8')),
    );
  });

  it.each([
    ['nothing', ['gen'], 'missing required argument'],
    ['something else', ['gen', 'image'], 'header, contract, schema'],
    ['no contract', ['gen', 'header'], 'needs a contract'],
    ['a contract too much', ['gen', 'schema', FLETCHER_CONTRACT], 'takes no input'],
    ['no object', ['gen', 'contract'], 'needs an object'],
    [
      'a function of a header',
      ['gen', 'header', FLETCHER_CONTRACT, '--function', 'f'],
      '--function is for gen contract',
    ],
    ['an object without tags', ['gen', 'contract', FLETCHER], 'has no contract in its declarations'],
    [
      'a function without tags',
      ['gen', 'contract', TAGGED, '--function', 'plain'],
      'has no contract in its declarations',
    ],
    ['functions with several contracts', ['gen', 'contract', TAGGED], 'different contracts'],
    ['an unknown function', ['gen', 'contract', TAGGED, '--function', 'f'], 'no entry point named f'],
    ['tags of a schema', ['gen', 'schema', '--tags'], '--tags is for gen header'],
    ['no such file', ['gen', 'header', 'no-such-file.json'], 'cannot read no-such-file.json'],
    ['no such folder', ['gen', 'header', FLETCHER_CONTRACT, '-o', '/no/such/folder/x.h'], 'cannot write'],
  ])('%s: exit 2', async (_what, args, part) => {
    const { code, out, err } = await fcc(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(part);
  });

  it('a wrong contract: exit 3, the place, and nothing written', () =>
    inFolder(async (folder) => {
      const [bad, output] = [join(folder, 'bad.json'), join(folder, 'out.h')];
      writeFileSync(bad, '{\n  "hook": "h",\n  "helpers": ["print"]\n}\n');
      writeFileSync(output, 'before');
      const { code, err } = await fcc(['gen', 'header', bad, '-o', output]);
      expect(code).toBe(3);
      expect(err).toContain('error[FCC0406]: contract: there is no helper print');
      expect(err).toContain(`--> ${bad}:3:15`);
      expect(readFileSync(output, 'utf8')).toBe('before');
      const over = await fcc(['gen', 'header', FLETCHER_CONTRACT, '-o', FLETCHER_CONTRACT]);
      expect([over.code, readFileSync(FLETCHER_CONTRACT, 'utf8')]).toEqual([2, text]);
    }));
});

describe('the contract of an object', () => {
  const session = { out: () => {}, err: () => {}, terminal: false, stdin: () => raw(MOV_R0_42, EXIT) };
  const tagged = loadObject(session, TAGGED, false);
  const entry = (name: string): number => tagged.functions.findIndex((f) => f.name === name);

  it('is what its tags say, per entry point', async () => {
    const bytes = new Uint8Array(readFileSync(TAGGED));
    const names = ['sum', 'late', 'tick', 'plain'];
    expect(tagged.entries.map((e) => tagged.functions[e]!.name)).toEqual(names);
    const contracts = await contractsFor(session, tagged, undefined, tagged.entries);
    expect(contracts).toEqual(names.map((name) => contractFromBtf(bytes, name) ?? DEFAULT_CONTRACT));
    expect(contracts.map((c) => c.hook)).toEqual(['fc/radio', 'fc/radio/late', 'fc/tick', 'default']);
  });

  it('is that of --contract if one is given', async () => {
    expect(await contractFor(session, tagged, FLETCHER_CONTRACT, tagged.entries)).toEqual(contract);
  });

  it('is the default one without tags', async () => {
    for (const [path, bare] of [
      [FLETCHER, false],
      ['-', true],
    ] as const) {
      const program = loadObject(session, path, bare);
      expect(await contractFor(session, program, undefined, program.entries)).toBe(DEFAULT_CONTRACT);
    }
  });

  it('has to be one for all that is compiled together', async () => {
    expect((await contractFor(session, tagged, undefined, [entry('late')])).hook).toBe('fc/radio/late');
    const both = contractFor(session, tagged, undefined, [entry('sum'), entry('tick')]);
    await expect(both).rejects.toThrow('entry points sum and tick have different contracts');
    await expect(both).rejects.toBeInstanceOf(CompileError);
  });

  it('serves verify and compile', () =>
    inFolder(async (folder) => {
      const verified = await fcc(['verify', GENERATED, '--strict']);
      expect([verified.code, verified.err]).toEqual([0, '']);
      const image = join(folder, 'g.fcc');
      expect((await fcc(['compile', GENERATED, '-t', 'cortex-m4', '-o', image])).code).toBe(0);
      const inspected = JSON.parse((await fcc(['inspect', image, '--json'])).out);
      const own = parseContract(readFileSync(join(OBJECTS, 'generated.contract.json'), 'utf8'), 'g');
      expect(Number(inspected.contractHash)).toBe(contractHash(own));
      const several = await fcc(['compile', TAGGED, '-t', 'cortex-m4', '-o', join(folder, 't.fcc')]);
      expect([several.code, several.err.includes('error[FCC0004]')]).toEqual([2, true]);
    }));
});
