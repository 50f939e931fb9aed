// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Program } from '../../compiler/bpf/program.js';
import { rawProgram } from '../../compiler/bpf/raw.js';
import { rbpfProgram } from '../../compiler/bpf/rbpf.js';
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { ebpfImage } from '../../compiler/ebpf-image.js';
import { CompileError } from '../../compiler/errors/index.js';
import { ENTRY_SIZE, HEADER, UNKNOWN } from '../../compiler/image/fields.js';
import { readImage } from '../../compiler/image/read.js';
import { statusNumber } from '../../compiler/image/status.js';
import { RBPF_SAMPLES, rbpfSample } from '../bpf/rbpf/samples.js';
import { rbpfBytes, rbpfOf, withNames } from '../bpf/rbpf/write.js';
import { expectation, FIXTURE_NAMES, loadFixture, observed, requestOf } from '../fixtures/all.js';
import { mutateRbpf, randomFrom } from '../malformed/mutate.js';
import { build, buildBatch, HOST_FLAGS, missingCompiler, rawOnHost, runOnHost } from './host-engine.js';

/** Scale of the suite: 1 is what every run does. */
const MUTANTS = 2000 * Number(process.env.FCC_MUTANTS ?? 1);
const SEED = Number(process.env.FCC_SEED ?? 1);
const ROOM = 1 << 16;
const missing = missingCompiler('gcc');

interface Job {
  readonly bytes: Uint8Array;
  readonly contract?: Contract;
  /** Bytes for the image that is made. */
  readonly room?: number;
}

interface Converted {
  readonly status: number;
  readonly image: Uint8Array;
}

const EXIT = Uint8Array.of(0x95, 0, 0, 0, 0, 0, 0, 0);
const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** What of the context is read-only, as an image of eBPF text for this contract has it behind its code. */
function contractOf(contract: Contract): { head: number[]; rights: number[]; kept: number[] } {
  const image = readImage(ebpfImage(rawProgram(EXIT, 'none'), { contract }));
  const at = image.trapTable + 4 * image.trapCount;
  const view = new DataView(image.text.buffer, image.text.byteOffset, image.text.byteLength);
  const count = 1 + 2 * view.getUint32(at, true);
  const kept =
    image.contextRights === 'r' ? [] : Array.from({ length: count }, (_, i) => view.getUint32(at + 4 * i, true));
  const rights = image.regions.map((r) => (r.rights === 'rw' ? 3 : 1));
  const length = image.contextLength ?? UNKNOWN;
  return { head: [image.contractHash, length, image.contextAlign, rights.length, kept.length], rights, kept };
}

/** The device's converter, for each image. */
function convert(program: string, jobs: readonly Job[]): Converted[] {
  const input = Buffer.concat(
    jobs.flatMap(({ bytes, contract = DEFAULT_CONTRACT, room = ROOM }) => {
      const { head, rights, kept } = contractOf(contract);
      return [...[bytes.length, ...head, room, ...rights, ...kept].map(word), bytes];
    }),
  );
  const output = execFileSync(program, { input, maxBuffer: 1 << 28 });
  let at = 0;
  return jobs.map(() => {
    const status = output.readInt32LE(at);
    const length = output.readUInt32LE(at + 4);
    at += 8 + length;
    return { status, image: Uint8Array.from(output.subarray(at - length, at)) };
  });
}

/** The host tool's answer: a program, or the code of an error. */
function read(bytes: Uint8Array): Program | string {
  try {
    return rbpfProgram(bytes, 'app.rbpf');
  } catch (e) {
    if (!(e instanceof CompileError)) throw e;
    return e.code;
  }
}

/** Name of the first entry of an image that may have an import that nobody has. */
const firstEntry = (image: Uint8Array): string =>
  Buffer.from(image.subarray(HEADER.size + ENTRY_SIZE - 24, HEADER.size + ENTRY_SIZE))
    .toString('latin1')
    .replaceAll('\0', '');

/** Of the image, not of its text. */
const STRUCTURE = ['FCC0209', 'FCC0213', 'FCC0214'];

const [MAGIC, VERSION, LENGTH, ENTRY, IMPORT, TEXT, MEMORY] = (
  ['magic', 'version', 'length', 'entry', 'import', 'text', 'memory'] as const
).map(statusNumber);

describe.skipIf(missing !== null)(`Femto-Container images on a device${missing ? ` (${missing})` : ''}`, () => {
  let folder = '';
  let converter = '';
  let batch = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fcc-rbpf-'));
    converter = join(folder, 'rbpf');
    const flags = ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
    build('gcc', [...HOST_FLAGS, ...flags, 'src/validate.c', 'src/rbpf.c', 'test/host/rbpf.c'], converter);
    batch = buildBatch(folder);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const one = (bytes: Uint8Array, room = ROOM): Converted => convert(converter, [{ bytes, room }])[0]!;

  it('every fixture gives the expected results', () => {
    // state_machine keeps addresses of functions in rodata, which the format cannot.
    const cases = FIXTURE_NAMES.filter((n) => n !== 'state_machine').flatMap((name) => {
      const { contract, objects, runs } = loadFixture(name);
      const sample = RBPF_SAMPLES.find((s) => s.name === name);
      const images = [...objects.map((o) => rbpfOf(o.program)), ...(sample?.table ? [rbpfSample(name)] : [])];
      return images.flatMap((bytes) => runs.map((run) => ({ name, bytes, contract, run })));
    });
    const converted = convert(converter, cases);
    const results = runOnHost(
      batch,
      cases.map(({ contract, run }, i) => {
        const { status, image } = converted[i]!;
        expect(status).toBe(0);
        return { image, entry: run.program, contract, request: requestOf(run) };
      }),
    );
    cases.forEach(({ name, run }, i) => {
      expect({ name, ...observed(run, results[i]!) }).toEqual({ name, ...expectation(run) });
    });
    expect(cases.length).toBeGreaterThan(100);
  });

  it('an image says what the host tool would have made of it', () => {
    for (const { name } of RBPF_SAMPLES) {
      const { contract } = loadFixture(name);
      const bytes = rbpfSample(name);
      const program = rbpfProgram(bytes, 'main.rbpf');
      const wanted = readImage(ebpfImage(program, { contract }));
      const { status, image } = convert(converter, [{ bytes, contract }])[0]!;
      expect([name, status]).toEqual([name, 0]);
      const made = readImage(image);
      const told = (i: typeof made): unknown => ({
        ...{ entries: i.entries, imports: [...i.imports].sort(), rodata: i.rodata, data: i.data },
        ...{ contractHash: i.contractHash, contextLength: i.contextLength, contextAlign: i.contextAlign },
        ...{ contextRights: i.contextRights, frameLength: i.frameLength, bssLength: i.bssLength, fuelled: i.fuelled },
        code: i.text.subarray(0, i.trapTable),
        rights: i.regions.map((r) => r.rights),
      });
      expect(told(made)).toEqual(told(wanted));
    }
  });

  it(`${MUTANTS} mutants: the same verdict on the image, and nothing ever leaves its memory`, () => {
    const samples = RBPF_SAMPLES.map(({ name }) => ({ bytes: rbpfSample(name), ...loadFixture(name) }));
    const cases = Array.from({ length: MUTANTS }, (_, i) => {
      const random = randomFrom(SEED * 5_000_011 + i);
      const { name, bytes, contract, runs } = samples[random(samples.length)]!;
      const mutant = mutateRbpf(bytes, random);
      return { label: `${i}, ${name}`, bytes: mutant, contract, run: runs[0]!, wanted: read(mutant) };
    });
    const converted = convert(converter, cases);
    const seen = { refused: 0, text: 0, ran: 0 };
    const jobs = cases.flatMap(({ label, contract, run, wanted }, i) => {
      const { status, image } = converted[i]!;
      if (status !== 0) {
        expect([label, typeof wanted]).toEqual([label, 'string']);
        seen.refused++;
        return [];
      }
      if (typeof wanted === 'string') expect([label, STRUCTURE.includes(wanted)]).toEqual([label, false]);
      const entry = firstEntry(image);
      return [{ wanted, label, job: { image, entry, contract, request: { ...requestOf(run), fuel: 10_000 } } }];
    });
    const results = rawOnHost(
      batch,
      jobs.map((j) => j.job),
    );
    jobs.forEach(({ wanted, label }, i) => {
      const { status } = results[i]!;
      // What the host tool reads has text that the device takes. The device does not look at fields without a meaning.
      if (typeof wanted !== 'string') expect([label, status === TEXT]).toEqual([label, false]);
      if (status === 0) seen.ran++;
      if (status === TEXT) seen.text++;
    });
    expect(Math.min(seen.refused, seen.text, seen.ran)).toBeGreaterThan(MUTANTS / 50);
  });

  const { rodata, at } = withNames(new Uint8Array(0), ['first', 'second']);
  const functions = [
    { name: at[0]!, place: 0 },
    { name: at[1]!, place: 8 },
  ];
  const text = Uint8Array.from([...EXIT, ...EXIT]);
  const good = rbpfBytes({ rodata, text, functions });
  const slots = (...lines: string[]): Uint8Array =>
    new Uint8Array(Buffer.from(lines.map((l) => l.replaceAll(' ', '')).join(''), 'hex'));
  const ofText = (...lines: string[]): number =>
    one(rbpfBytes({ text: slots(...lines, '95 00 0000 00000000') })).status;

  it('is refused with a status that says why', () => {
    const header = (changes: Record<number, number>): number =>
      one(rbpfBytes({ rodata, text, functions, header: changes })).status;
    const table = (...rows: typeof functions): number => one(rbpfBytes({ rodata, text, functions: rows })).status;
    expect(one(good).status).toBe(0);
    expect(one(new Uint8Array(0)).status).toBe(MAGIC);
    expect(one(good.subarray(0, 27)).status).toBe(MAGIC);
    expect(header({ 0: 0x46504273 })).toBe(MAGIC);
    expect(header({ 1: 1 })).toBe(VERSION);
    expect(header({ 2: 1 })).toBe(VERSION);
    // Defect 8: sections that the image does not have, also by sums that wrap.
    expect(header({ 3: 8 })).toBe(LENGTH);
    expect(header({ 3: 0xffffffff, 4: rodata.length + 1 })).toBe(LENGTH);
    expect(header({ 5: 0xfffffff8 })).toBe(LENGTH);
    expect(header({ 6: 0x80000002 })).toBe(LENGTH);
    expect(one(good.subarray(0, good.length - 1)).status).toBe(LENGTH);
    expect(one(Uint8Array.from([...good, 0])).status).toBe(LENGTH);
    expect(one(rbpfBytes({ text: new Uint8Array(0) })).status).toBe(TEXT);
    expect(one(rbpfBytes({ text: text.subarray(0, 12) })).status).toBe(TEXT);
    expect(table({ name: at[0]!, place: 16 })).toBe(ENTRY);
    expect(table({ name: at[0]!, place: 4 })).toBe(ENTRY);
    expect(table({ name: rodata.length, place: 0 })).toBe(ENTRY);
    expect(table({ name: 5, place: 0 })).toBe(ENTRY);
    expect(table(functions[0]!, functions[0]!)).toBe(ENTRY);
    expect(table(functions[0]!, { name: at[1]!, place: 0 })).toBe(ENTRY);
    expect(one(rbpfBytes({ rodata, text, functions: [{ ...functions[0]!, flags: 1 }] })).status).toBe(VERSION);
    const many = withNames(
      new Uint8Array(0),
      Array.from({ length: 65 }, (_, i) => `f${i}`),
    );
    const crowd = { rodata: many.rodata, text: new Uint8Array(8 * 65).fill(0x95) };
    expect(one(rbpfBytes({ ...crowd, functions: many.at.map((name, i) => ({ name, place: 8 * i })) })).status).toBe(
      ENTRY,
    );
  });

  it('is refused for what its text refers to', () => {
    // Addresses beyond data and rodata, with a second half, without a second slot, with a source; a load that only the loader makes.
    expect(ofText('b8 01 0000 01000000', '00 00 0000 00000000')).toBe(TEXT);
    expect(ofText('d8 01 0000 00000080', '00 00 0000 00000000')).toBe(TEXT);
    expect(ofText('d8 01 0000 00000000', '00 00 0000 01000000')).toBe(TEXT);
    expect(ofText('b8 11 0000 00000000', '00 00 0000 00000000')).toBe(TEXT);
    expect(ofText('18 61 0000 00000000', '00 00 0000 00000000')).toBe(TEXT);
    expect(one(rbpfBytes({ text: slots('b8 01 0000 00000000') })).status).toBe(TEXT);
    // A call that was not linked.
    expect(ofText('85 10 0000 ffffffff')).toBe(TEXT);
    // A call by a register.
    expect(ofText('8d 01 0000 00000000')).toBe(TEXT);
    // One past the end is an address.
    expect(ofText('b8 01 0000 00000000', '00 00 0000 00000000')).toBe(0);
    const call = (id: number): string => `85 00 0000 ${Buffer.from(word(id)).toString('hex')}`;
    const calls = (n: number): number => ofText(...Array.from({ length: n }, (_, i) => call(i + 1)));
    expect([calls(256), calls(257)]).toEqual([0, IMPORT]);
  });

  it('has text that the loader refuses where an engine must not run it', () => {
    const exit = '95 00 0000 00000000';
    const wide = ['18 02 0000 00000000', '00 00 0000 00000000'];
    const load = (...lines: string[]): number => {
      const { status, image } = one(rbpfBytes({ text: slots(...lines) }));
      if (status !== 0) return status;
      const request = { context: null, regions: new Map<string, Uint8Array>(), fuel: 100 };
      return rawOnHost(batch, [{ image, entry: 'main', contract: DEFAULT_CONTRACT, request }])[0]!.status;
    };
    expect(load(exit)).toBe(0);
    expect(load('b7 00 0000 00000000', exit)).toBe(0);
    const refused = {
      'a jump into the second slot of a 64-bit load': ['05 00 0100 00000000', ...wide, exit],
      'a branch there': ['15 01 0100 00000000', ...wide, exit],
      'a call there': ['85 10 0000 01000000', ...wide, exit],
      'a second slot that is an instruction': ['18 02 0000 00000000', '7b a1 0000 00000000', exit],
      'a jump to the end of the text': ['05 00 0100 00000000', exit],
      'a jump before its start': ['05 00 feff 00000000', exit],
      'a long jump before its start': ['06 00 0000 00000080', exit],
      'a write of r10': ['b7 0a 0000 00000000', exit],
      'a load into r10': ['79 1a 0000 00000000', exit],
      'a register that does not exist': ['bf b0 0000 00000000', exit],
      'an instruction that does not exist': ['ff 00 0000 00000000', exit],
      'an end that is no exit': [exit, 'b7 00 0000 00000000'],
      'an end in a call': [exit, '85 00 0000 20000000'],
    };
    const statuses = Object.entries(refused).map(([what, lines]) => [what, load(...lines)]);
    expect(statuses).toEqual(Object.keys(refused).map((what) => [what, TEXT]));
    // Loops and jumps back to the first instruction are right, and NEG, and a last instruction that jumps back.
    expect(load('07 02 0000 01000000', '87 03 0000 00000000', '55 02 fdff 03000000', exit)).toBe(0);
    expect(load('05 00 0100 00000000', exit, '05 00 feff 00000000')).toBe(0);
  });

  it('needs room for all of it, and writes nothing beyond', () => {
    const { image } = one(good);
    expect(one(good, image.length).status).toBe(0);
    for (let room = 0; room < image.length; room += 8) expect([room, one(good, room).status]).toEqual([room, MEMORY]);
  });
});
