// SPDX-License-Identifier: MIT
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rbpfProgram } from '../../compiler/bpf/rbpf.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { expectation, FIXTURE_NAMES, loadFixture, observed, requestOf } from '../fixtures/all.js';
import { agreed, engines, everywhere, refusal, runs } from './rbpf/everywhere.js';
import { RBPF_SAMPLES, rbpfFile, rbpfSample } from './rbpf/samples.js';
import { rbpfBytes, rbpfOf, withNames } from './rbpf/write.js';

const slots = (...lines: string[]): Uint8Array =>
  new Uint8Array(Buffer.from(lines.map((l) => l.replace(/;.*/, '').replaceAll(' ', '')).join(''), 'hex'));
const EXIT = '95 00 0000 00000000';
const R0_IS_1 = 'b7 00 0000 01000000';
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const image = (...lines: string[]): Uint8Array => rbpfBytes({ text: slots(...lines) });
const code = (...lines: string[]): string => refusal(image(...lines)).code;
/** r0 of a bare program, the same in all engines. */
const r0 = (...lines: string[]): bigint => {
  const result = runs(image(...lines));
  expect([result.rejected, result.status]).toEqual([[], 'ok']);
  return result.r0;
};

describe('committed Femto-Container images', () => {
  it.each(RBPF_SAMPLES)('$name is that of the object', ({ name, table }) => {
    const { program } = loadFixture(name).objects.find((o) => o.version === 'v2')!;
    const made = rbpfOf(program, { table });
    if (process.env.FCC_BLESS === '1') writeFileSync(rbpfFile(name), made);
    expect(Buffer.from(rbpfSample(name)).equals(Buffer.from(made))).toBe(true);
  });

  it.each(RBPF_SAMPLES)('$name gives the expected results in every engine', ({ name }) => {
    const { contract, runs: expected } = loadFixture(name);
    const program = rbpfProgram(rbpfSample(name), rbpfFile(name));
    expect(program.entries.map((e) => program.functions[e]!.name)).toEqual([name]);
    const everyone = engines(program, contract, program.entries[0]!);
    for (const run of expected) {
      const result = agreed(everyone, requestOf(run));
      expect(result.rejected).toEqual([]);
      expect(observed(run, result)).toEqual(expectation(run));
    }
  });

  it.each([
    ['crc32', 0xd8],
    ['moving_average', 0xb8],
  ])('%s has loads of opcode %i', (name, opcode) => {
    const sample = rbpfSample(name);
    const { slots: length } = rbpfProgram(sample, name).functions[0]!;
    const end = sample.length - 6;
    const text = sample.subarray(end - 8 * length, end);
    expect(Array.from({ length }, (_, i) => text[8 * i])).toContain(opcode);
  });

  it('a helper of a later id, or a region, needs no more than the contract', () => {
    const program = rbpfProgram(rbpfSample('coap_response'), 'coap');
    const run = loadFixture('coap_response').runs[0]!;
    const { context } = requestOf(run);
    // Without one there is no region for the response.
    const request = { context, regions: new Map<string, Uint8Array>(), fuel: 1000 };
    expect(everywhere(program, { contract: DEFAULT_CONTRACT, request }).status).toBe('trap');
  });
});

describe('every fixture as a Femto-Container image', () => {
  // state_machine keeps addresses of functions in rodata, which the format cannot.
  const names = FIXTURE_NAMES.filter((n) => n !== 'state_machine');

  it.each(names)('%s runs as the object does', (name) => {
    const { contract, objects, runs: expected } = loadFixture(name);
    for (const { program } of objects) {
      const again = rbpfProgram(rbpfOf(program), name);
      // What native code is made of.
      expect(again.functions.map((f) => f.insns)).toEqual(program.functions.map((f) => f.insns));
      expect(again.entries).toEqual(program.entries);
      for (const run of expected) {
        const entry = again.functions.find((f) => f.name === run.program)!.index;
        const result = interpret(again, entry, contract, requestOf(run));
        expect(observed(run, result)).toEqual(expectation(run));
      }
    }
  });
});

describe('names and entries', () => {
  const twice = [R0_IS_1, EXIT, 'b7 00 0000 02000000', EXIT];

  it('an image without a function table starts at its first instruction, under the name of its file', () => {
    const made = image(R0_IS_1, EXIT);
    const names = ['a/b/count.rbpf', 'count', 'standard input', '9.bin', 'é.bin', '.rbpf'].map(
      (file) => rbpfProgram(made, file).functions[0]!.name,
    );
    expect(names).toEqual(['count', 'count', 'main', 'main', 'main', 'main']);
  });

  it('functions of the table are the entries, in its order', () => {
    const { rodata, at } = withNames(bytes('2a00000000000000'), ['second', 'first']);
    const functions = [
      { name: at[0]!, place: 16 },
      { name: at[1]!, place: 0 },
    ];
    const program = rbpfProgram(rbpfBytes({ rodata, text: slots(...twice), functions }), 'app.rbpf');
    expect(program.entries.map((e) => [program.functions[e]!.name, program.functions[e]!.slots])).toEqual([
      ['second', 2],
      ['first', 2],
    ]);
    expect(program.entries.map((entry) => everywhere(program, { entry }).r0)).toEqual([2n, 1n]);
  });

  it('code that no table names and nothing calls is a function of nobody', () => {
    const { rodata, at } = withNames(new Uint8Array(0), ['only']);
    const functions = [{ name: at[0]!, place: 16 }];
    const program = rbpfProgram(rbpfBytes({ rodata, text: slots(...twice), functions }), 'app.rbpf');
    expect(program.functions.map((f) => f.name)).toEqual(['fn_0', 'only']);
    expect(everywhere(program).r0).toBe(2n);
  });

  it('a name of the table that looks like one of ours is the function at its place', () => {
    // Slot 2 is called and has no name: it is fn_2. So is the name of the last function, which starts the run.
    const call = '85 10 0000 01000000';
    for (const [name, place] of [
      ['fn_2', 4],
      ['fn_4', 2],
      ['fn_0', 4],
    ] as const) {
      const { rodata, at } = withNames(new Uint8Array(0), [name]);
      const text = slots(call, EXIT, 'b7 00 0000 02000000', EXIT, 'b7 00 0000 04000000', EXIT);
      const program = rbpfProgram(rbpfBytes({ rodata, text, functions: [{ name: at[0]!, place: 8 * place }] }), 'x');
      expect([name, everywhere(program).r0]).toEqual([name, BigInt(place)]);
    }
    const { rodata, at } = withNames(new Uint8Array(0), ['fn_4']);
    const text = slots('85 10 0000 03000000', EXIT, R0_IS_1, EXIT, 'b7 00 0000 04000000', EXIT);
    const program = rbpfProgram(rbpfBytes({ rodata, text, functions: [{ name: at[0]!, place: 16 }] }), 'x');
    expect(everywhere(program).r0).toBe(1n);
  });

  it('functions call each other as RFC 9669 says', () => {
    const call = '85 10 0000 02000000';
    const callee = ['bf 10 0000 00000000', '0f 10 0000 00000000', EXIT];
    expect(r0('b7 01 0000 14000000', call, '07 00 0000 01000000', EXIT, ...callee)).toBe(41n);
  });

  it('a call that was not linked is refused, as is one of no function', () => {
    const error = refusal(image('85 10 0000 ffffffff', EXIT));
    expect([error.code, error.message]).toEqual(['FCC0313', 'the call was not linked: it reaches itself']);
    expect(error.details.help).toContain('always_inline');
    expect(code('85 10 0000 05000000', EXIT)).toBe('FCC0313');
    expect(code('85 10 0000 f0ffffff', EXIT)).toBe('FCC0313');
    // Into the second slot of a 64-bit load.
    expect(code('85 10 0000 02000000', EXIT, 'd8 00 0000 00000000', '00 00 0000 00000000', EXIT)).toBe('FCC0313');
  });

  it('a call by a register is refused: engines of the format have none, and the device would not know which helpers it means', () => {
    for (const call of ['8d 01 0000 00000000', '8d 00 0000 00000000'])
      expect(code('b7 01 0000 20000000', call, EXIT)).toBe('FCC0301');
    // Half of a 64-bit immediate is no instruction.
    expect(r0('18 00 0000 01000000', '00 00 0000 8d000000', EXIT)).toBe(0x8d_0000_0001n);
  });

  it('a jump from one function into another is refused', () => {
    const { rodata, at } = withNames(new Uint8Array(0), ['f', 'g']);
    const functions = at.map((name, i) => ({ name, place: 16 * i }));
    const text = slots('15 01 0200 00000000', EXIT, R0_IS_1, EXIT);
    expect(refusal(rbpfBytes({ rodata, text, functions })).code).toBe('FCC0307');
  });
});

describe('loads of addresses', () => {
  const load = (block: 'b8' | 'd8', offset: string, high = '00000000'): string[] => [
    `${block} 01 0000 ${offset}`,
    `00 00 0000 ${high}`,
  ];
  const parts = { data: bytes('0102030405060708'), rodata: bytes('1112131415161718') };
  const made = (...lines: string[]): Uint8Array => rbpfBytes({ ...parts, text: slots(...lines) });
  const READ = '71 10 0000 00000000';

  it('0xb8 counts from data, 0xd8 from rodata', () => {
    expect(runs(made(...load('b8', '02000000'), READ, EXIT)).r0).toBe(3n);
    expect(runs(made(...load('d8', '02000000'), READ, EXIT)).r0).toBe(0x13n);
  });

  it('data may be written, rodata not', () => {
    const write = '72 01 0000 2a000000';
    const stored = runs(made(...load('b8', '07000000'), write, READ, EXIT));
    expect([stored.rejected, stored.r0]).toEqual([[], 42n]);
    const refused = runs(made(...load('d8', '07000000'), write, READ, EXIT));
    expect([refused.rejected, refused.trap?.name]).toEqual([['FCC0108'], 'memory']);
  });

  it('an access behind the end of a block is refused, the address of the end is not', () => {
    for (const block of ['b8', 'd8'] as const) {
      expect(runs(made(...load(block, '08000000'), R0_IS_1, EXIT)).r0).toBe(1n);
      const behind = runs(made(...load(block, '08000000'), READ, EXIT));
      expect([behind.rejected.length, behind.trap?.name]).toEqual([1, 'memory']);
      for (const [offset, high] of [
        ['09000000', '00000000'],
        ['f8ffffff', 'ffffffff'],
        ['ffffffff', '00000000'],
        ['00000000', '01000000'],
        ['00000080', '00000000'],
      ] as const)
        expect(refusal(made(...load(block, offset, high), READ, EXIT)).code).toBe('FCC0209');
    }
  });

  it('lengths that are no multiples of 8 are padded with zeros', () => {
    const program = rbpfProgram(
      rbpfBytes({ data: bytes('010203'), rodata: bytes('11'), text: slots(R0_IS_1, EXIT) }),
      'x',
    );
    expect([program.globals.data, program.globals.rodata].map((b) => Buffer.from(b).toString('hex'))).toEqual([
      '0102030000000000',
      '1100000000000000',
    ]);
  });

  it('their unused fields are held to be zero, and r10 is no destination', () => {
    expect(code('b8 11 0000 00000000', '00 00 0000 00000000', EXIT)).toBe('FCC0315');
    expect(code('d8 41 0000 00000000', '00 00 0000 00000000', EXIT)).toBe('FCC0315');
    // The addresses that RFC 9669 has are for linkers, those of code too: the device's converter knows none.
    for (const source of ['1', '2', '3', '4', '5', '6'])
      expect(code(`18 ${source}1 0000 01000000`, '00 00 0000 00000000', R0_IS_1, EXIT)).toBe('FCC0315');
    expect(code('d8 01 0100 00000000', '00 00 0000 00000000', EXIT)).toBe('FCC0303');
    expect(code('b8 0b 0000 00000000', '00 00 0000 00000000', EXIT)).toBe('FCC0305');
    expect(code('b8 0a 0000 00000000', '00 00 0000 00000000', EXIT)).toBe('FCC0306');
    expect(code('d8 01 0000 00000000')).toBe('FCC0311');
    for (const second of ['95 00 0000 00000000', '00 01 0000 00000000', '00 00 0100 00000000'])
      expect(code('d8 01 0000 00000000', second, EXIT)).toBe('FCC0310');
  });

  it('are known only where an instruction starts', () => {
    // A 64-bit immediate whose upper half looks like one.
    expect(r0('18 00 0000 01000000', '00 00 0000 b8000000', EXIT)).toBe(0xb8_0000_0001n);
  });
});
