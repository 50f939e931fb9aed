// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { addressTaken, type Program } from '../../compiler/bpf/program.js';
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { compileEbpf, ebpfProgram } from '../../compiler/ebpf.js';
import { ebpfImage } from '../../compiler/ebpf-image.js';
import { CompileError } from '../../compiler/errors/index.js';
import { HEADER } from '../../compiler/image/fields.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { disagreement } from '../differential/agree.js';
import { generate } from '../differential/generate.js';
import { inputs } from '../differential/inputs.js';
import { expectation, FIXTURE_NAMES, loadFixture, observed, requestOf } from '../fixtures/all.js';
import { mutateText, randomFrom, sealImage } from '../malformed/mutate.js';
import { NOTHING } from './rbpf/everywhere.js';

const RUNS = Number(process.env.FCC_RUNS ?? 300);
const SEED = Number(process.env.FCC_SEED ?? 77_000_000);
const MUTANTS = 600 * Number(process.env.FCC_MUTANTS ?? 1);

const again = (program: Program, contract: Contract): Program =>
  ebpfProgram(readImage(ebpfImage(program, { contract })), 'x.fcc');
const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');

/** The error of an image whose words of the text, by number, are others. */
function refusal(program: Program, words: (image: Uint8Array, textAt: number, table: number) => void): CompileError {
  const bytes = ebpfImage(program);
  const { textOffset, trapTable } = readImage(bytes);
  words(bytes, textOffset, textOffset + trapTable);
  try {
    ebpfProgram(readImage(sealImage(bytes)), 'x.fcc');
  } catch (e) {
    if (e instanceof CompileError && e.exitCode === 3 && e.details.at?.file === 'x.fcc') return e;
    throw e;
  }
  throw new Error('was accepted');
}
const put = (bytes: Uint8Array, at: number, word: number): void =>
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, word, true);

describe('a program from an image of eBPF text', () => {
  it.each(FIXTURE_NAMES)('%s is the program that the image was made of', (name) => {
    const { contract, objects, runs } = loadFixture(name);
    for (const { program } of objects) {
      const image = ebpfImage(program, { contract });
      const read = ebpfProgram(readImage(image), name);
      expect(read.functions.map((f) => f.insns)).toEqual(program.functions.map((f) => f.insns));
      expect(addressTaken(read)).toEqual(addressTaken(program));
      expect(hex(ebpfImage(read, { contract }))).toBe(hex(image));
      for (const run of runs) {
        const entry = read.functions.find((f) => f.name === run.program)!.index;
        expect(observed(run, interpret(read, entry, contract, requestOf(run)))).toEqual(expectation(run));
      }
    }
  });

  it(`${RUNS} random programs do the same`, () => {
    let called = 0;
    for (let i = 0; i < RUNS; i++) {
      const c = generate(SEED + i);
      const read = again(c.program, c.contract);
      if (c.program.functions.length > 1) called++;
      for (const request of inputs(c, 2)) {
        const [wanted, got] = [c.program, read].map((p) => interpret(p, p.entries[0]!, c.contract, request));
        const difference = disagreement(wanted!, got!);
        expect(
          difference === null || difference.startsWith('status: trap') ? null : `seed ${c.seed}: ${difference}`,
        ).toBe(null);
        expect(got!.trap?.name).toBe(wanted!.trap?.name);
        expect(got!.instructions).toBe(wanted!.instructions);
      }
    }
    expect(called).toBeGreaterThan(RUNS / 10);
  });

  it('functions that nothing calls leave the others their numbers', () => {
    const program = assemble(`
entry main:
r2 = good ll
r0 = r2
callx r2
exit
func dead:
r0 = 1
exit
func good:
r0 = 42
exit
func also_dead:
r0 = 2
exit`);
    const read = again(program, DEFAULT_CONTRACT);
    expect(read.functions.map((f) => [f.name, f.slots])).toEqual([
      ['main', 7],
      ['unused_1', 1],
      ['fn_7', 4],
      ['unused_3', 1],
    ]);
    expect([program, read].map((p) => interpret(p, 0, DEFAULT_CONTRACT, NOTHING).r0)).toEqual([42n, 42n]);
  });
});

describe('images of eBPF text that are not as they are written', () => {
  const TABLE = assemble('entry main:\nr2 = f ll\ncallx r2\nexit\nfunc f:\nr0 = 42\nexit');
  const GLOBAL = assemble('.data d 0100000000000000\nr1 = d ll\nr0 = *(u64 *)(r1 + 0)\nexit');
  const FRAME = assemble('*(u64 *)(r10 - 8) = 1\nr0 = 1\nexit');

  it('functions of the table start instructions, in order, and something takes their address', () => {
    const word = (i: number, value: number) => refusal(TABLE, (b, _, table) => put(b, table + 4 * i, value));
    // f is function 1 and at slot 4.
    for (const wrong of [4 * 8 + 4, 8, 100 * 8, 0xffff_fff8]) expect(word(1, wrong).code).toBe('FCC0612');
    expect(word(0, 0).message).toContain('nothing takes the address of function 0');
    expect(word(0, 5 * 8).message).toMatch(/order/);
  });

  it('what is kept of the context fits the text', () => {
    const kept = (value: number) => refusal(TABLE, (b, _, table) => put(b, table + 8, value));
    for (const wrong of [1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) expect(kept(wrong).code).toBe('FCC0612');
  });

  it('the table has as many functions as the text', () => {
    const count = (value: number) => refusal(TABLE, (b) => put(b, HEADER.offset.trap_count, value));
    expect(count(0).code).toBe('FCC0612');
    expect(count(1).code).toBe('FCC0612');
    // The table would end with the text.
    expect(count(4).code).toBe('FCC0612');
  });

  it('loads name a block, and a byte of it', () => {
    const load = (at: number, value: number) => refusal(GLOBAL, (b, text) => put(b, text + at, value));
    expect(load(4, 2).message).toContain('no such block');
    expect(load(4, 0xffff_ffff).code).toBe('FCC0612');
    expect(load(12, 9).message).toContain('lies outside');
    expect(load(12, 0xffff_ffff).code).toBe('FCC0612');
    for (const source of [1, 2, 3, 4, 5, 7, 15])
      expect(refusal(GLOBAL, (b, text) => put(b, text, 0x118 + (source << 12))).code).toBe('FCC0612');
  });

  it('entries start instructions', () => {
    expect(refusal(GLOBAL, (b) => put(b, HEADER.size, 8)).message).toContain('entry main');
  });

  it('stack frames are there for who uses r10', () => {
    const frames = (length: number) => refusal(FRAME, (b) => put(b, HEADER.offset.frame_length, length)).message;
    expect(frames(0)).toContain('r10');
    // As the interpreter on a device has it.
    expect([8, 4088].map(frames)).toEqual(['too few stack frames', 'too few stack frames']);
  });

  it('instructions are those of RFC 9669', () => {
    const insn = (value: number) => refusal(FRAME, (b, text) => put(b, text + 8, value)).code;
    expect([insn(0xff), insn(0xb7 + (0x0a << 8)), insn(0x55 + (9 << 16)), insn(0x18)]).toEqual([
      'FCC0301',
      'FCC0306',
      'FCC0307',
      'FCC0310',
    ]);
  });

  it(`${MUTANTS} mutants are refused, or run to some end`, () => {
    const samples = FIXTURE_NAMES.flatMap((name) => {
      const { contract, objects, runs } = loadFixture(name);
      return objects.map(({ program }) => ({ contract, runs, original: ebpfImage(program, { contract }) }));
    });
    const seen = { refused: 0, ran: 0 };
    for (let i = 0; i < MUTANTS; i++) {
      const random = randomFrom(SEED + i);
      const { contract, runs, original } = samples[random(samples.length)]!;
      const { textOffset, text } = readImage(original);
      const bytes = mutateText(original, { start: textOffset, length: text.length }, random);
      try {
        const program = ebpfProgram(readImage(bytes), 'mutant');
        const request = { ...requestOf(runs[random(runs.length)]!), fuel: 2000 };
        interpret(program, program.entries[0]!, contract, request);
        // The verifier takes what was read, too; it takes its time.
        if (i % 8 === 0) compileEbpf(program, { contract });
        seen.ran++;
      } catch (e) {
        if (!(e instanceof CompileError)) throw new Error(`seed ${SEED + i}`, { cause: e });
        seen.refused++;
      }
    }
    expect(seen.refused).toBeGreaterThan(MUTANTS / 10);
    expect(seen.ran).toBeGreaterThan(MUTANTS / 10);
  });
});
