// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { cpuModel, findTarget } from '../../backends/index.js';
import { assemble } from '../../compiler/bpf/asm.js';
import { compile } from '../../compiler/compile.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { CompileError } from '../../compiler/errors/index.js';
import { crc32 } from '../../compiler/image/crc32.js';
import { HEADER } from '../../compiler/image/fields.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { simulate } from '../../compiler/simulator/simulator.js';

const target = findTarget('cortex-m4')!;
const request = { context: new Uint8Array(8), regions: new Map(), fuel: 1000 };

const program = (text: string) => assemble(text, 'femto');
/** A program with text, rodata, data, bss and frames. */
const FULL = `.data d 0100000000000000
.bss b 8
.rodata c 0200000000000000
r1 = d ll
r2 = c ll
r3 = b ll
r4 = *(u64 *)(r1 + 0)
*(u64 *)(r3 + 0) = r4
*(u64 *)(r10 - 8) = r4
lock *(u64 *)(r10 - 8) += r4
r0 = *(u64 *)(r2 + 0)
exit`;

function imageOf(text: string): Uint8Array {
  const compiled = compile(program(text), { target });
  if (compiled.kind === 'rejected') throw new Error('rejected');
  return compiled.image;
}

/** The code of the error that reading ends in, or null. */
function codeOf(bytes: Uint8Array): string | null {
  try {
    readImage(bytes);
    return null;
  } catch (e) {
    if (e instanceof CompileError) return e.code;
    throw e;
  }
}

/** A copy with another u32 in a header field and the checksum that belongs to it. */
function withField(image: Uint8Array, field: keyof typeof HEADER.offset, value: number): Uint8Array {
  const bytes = Uint8Array.from(image);
  const view = new DataView(bytes.buffer);
  view.setUint32(HEADER.offset[field], value, true);
  view.setUint32(HEADER.offset.checksum, 0, true);
  view.setUint32(HEADER.offset.checksum, crc32(bytes), true);
  return bytes;
}

const field = (image: Uint8Array, name: keyof typeof HEADER.offset): number =>
  new DataView(image.buffer, image.byteOffset, image.length).getUint32(HEADER.offset[name], true);

/** Defects of Femto-Containers that no text of a program shows: see femto-*.case for the others. */
describe('defect 7: nothing is believed because it was believed before', () => {
  it('bytes that were changed in place after an image was read are refused when it is read again', () => {
    const bytes = Uint8Array.from(imageOf(FULL));
    expect(codeOf(bytes)).toBeNull();
    const { text } = readImage(bytes);
    const at = Buffer.from(bytes).indexOf(Buffer.from(text));
    bytes[at]! ^= 1;
    expect(codeOf(bytes)).toMatch(/^FCC06/);
    bytes[at]! ^= 1;
    expect(codeOf(bytes)).toBeNull();
  });

  it('a good program does not vouch for a bad one that takes its place', () => {
    const good = program('r0 = 1\nexit');
    const bad = program('r0 = *(u64 *)(r10 + 0)\nexit');
    for (let i = 0; i < 2; i++) {
      expect(compile(good, { target }).kind).toBe('compiled');
      expect(compile(bad, { target }).kind).toBe('rejected');
    }
  });
});

describe('defect 8: lengths are held against the length of the image', () => {
  const image = imageOf(FULL);
  const lengths = ['text_length', 'rodata_length', 'data_length'] as const;

  it('the sample has all the sections', () => {
    for (const name of [...lengths, 'bss_length', 'frame_length'] as const)
      expect(field(image, name)).toBeGreaterThan(0);
    expect(readImage(image).entries.length).toBe(1);
  });

  it.each(lengths)('%s may be neither larger nor smaller than what is there', (name) => {
    const right = field(image, name);
    for (const wrong of [right + 8, right - 8, right + 1, 0x7fff_fff8, 0xffff_fff8, 0xffff_ffff, image.length])
      expect(codeOf(withField(image, name, wrong)), `${name} ${wrong}`).toMatch(/^FCC06/);
    expect(codeOf(withField(image, name, right))).toBeNull();
  });

  it('lengths that only add up together are refused too', () => {
    const text = field(image, 'text_length');
    const moved = withField(withField(image, 'text_length', text + 8), 'data_length', field(image, 'data_length') - 8);
    // Sections that fit the image but not the code: what is read stays inside.
    if (codeOf(moved) === null) expect(readImage(moved).text.length).toBe(text + 8);
    const wrapped = withField(withField(image, 'text_length', 0xffff_fff8), 'data_length', text + 16);
    expect(codeOf(wrapped)).toMatch(/^FCC06/);
  });

  it.each(['bss_length', 'frame_length', 'stack_length'] as const)('%s has a limit', (name) => {
    for (const wrong of [0x0100_0008, 0x7fff_fff8, 0xffff_fff8])
      expect(codeOf(withField(image, name, wrong)), `${name} ${wrong}`).toMatch(/^FCC06/);
  });

  it('an image that was cut short or has something behind it is refused', () => {
    for (let length = 0; length < image.length; length += 4) expect(codeOf(image.slice(0, length))).toMatch(/^FCC06/);
    expect(codeOf(Uint8Array.of(...image, ...new Uint8Array(8)))).toMatch(/^FCC06/);
  });
});

describe('defect 10: a fault in arithmetic is none', () => {
  it('division by zero does not end the run, and both engines agree', () => {
    const divide = program('r0 = 7\nr2 = *(u64 *)(r1 + 0)\nr0 /= r2\nr0 += 1\nexit');
    const compiled = compile(divide, { target });
    if (compiled.kind === 'rejected') throw new Error('rejected');
    const native = simulate(readImage(compiled.image), 'main', DEFAULT_CONTRACT, request, { cpu: cpuModel(target) });
    const wanted = interpret(divide, 0, DEFAULT_CONTRACT, request);
    expect([native.status, native.r0, wanted.status, wanted.r0]).toEqual(['ok', 1n, 'ok', 1n]);
  });
});
