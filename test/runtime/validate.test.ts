// SPDX-License-Identifier: MIT
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CompileError } from '../../compiler/errors/index.js';
import { imageToC } from '../../compiler/image/cheader.js';
import { crc32 } from '../../compiler/image/crc32.js';
import { ENTRY_SIZE, HEADER } from '../../compiler/image/fields.js';
import { readImage } from '../../compiler/image/read.js';
import { REFUSALS, statusNumber } from '../../compiler/image/status.js';
import { writeImage } from '../../compiler/image/write.js';
import { FULL, randomizer, SMALL } from '../image/samples.js';

const MUTANTS = 4000;
const SEED = 20260819;
const hasGcc = spawnSync('gcc', ['--version'], { stdio: 'ignore' }).status === 0;
if (!hasGcc) {
  if (process.env.CI) throw new Error('gcc is not installed');
  console.warn('agreement of the C validator not tested: gcc is not installed');
}

const INTERESTING = [
  0, 1, 2, 3, 7, 8, 0x10, 0x7f, 0x80, 0xff, 0xffff, 0x01000000, 0x01000008, 0x7fffffff, 0x80000000, 0xfffffff8,
  0xffffffff,
];

/** A damaged image: one to three changes, mostly in the tables; the checksum is made right again for most. */
function mutant(seedImages: readonly Uint8Array[], random: (n: number) => number): Uint8Array {
  let bytes = seedImages[random(seedImages.length)]!.slice();
  const tables = HEADER.size + 3 * ENTRY_SIZE + 40;
  for (let k = random(3); k >= 0; k--) {
    const at = random(random(8) === 0 ? bytes.length : Math.min(tables, bytes.length));
    const view = new DataView(bytes.buffer);
    switch (random(5)) {
      case 0:
        bytes[at]! ^= 1 << random(8);
        break;
      case 1:
        bytes[at] = random(256);
        break;
      case 2:
        if (bytes.length >= 4)
          view.setUint32(Math.min(at & ~3, bytes.length - 4), INTERESTING[random(INTERESTING.length)]!, true);
        break;
      case 3:
        if (bytes.length >= 4) {
          const word = Math.min(at & ~3, bytes.length - 4);
          view.setUint32(word, (view.getUint32(word, true) + [8, -8, 1, -1, 4, -4][random(6)]!) >>> 0, true);
        }
        break;
      default: {
        const length = Math.max(0, bytes.length + [-8, 8, -1, 1, -100, -bytes.length][random(6)]!);
        const next = new Uint8Array(length);
        next.set(bytes.subarray(0, length));
        bytes = next;
        if (random(2) === 0 && length >= HEADER.size)
          new DataView(bytes.buffer).setUint32(HEADER.offset.total_length, length, true);
      }
    }
  }
  if (random(10) !== 0 && bytes.length >= HEADER.size) {
    const view = new DataView(bytes.buffer);
    view.setUint32(HEADER.offset.checksum, 0, true);
    view.setUint32(HEADER.offset.checksum, crc32(bytes), true);
  }
  return bytes;
}

/** The reader's answer as the C loader's number. Anything but a CompileError of an image is a failure of the test. */
function verdict(bytes: Uint8Array): number {
  try {
    const image = readImage(bytes);
    expect(image.bytes.length).toBe(bytes.length);
    return 0;
  } catch (e) {
    if (!(e instanceof CompileError)) throw e;
    expect([3, 4]).toContain(e.exitCode);
    return statusNumber(REFUSALS.find((r) => r.error === e.code)!.name);
  }
}

const random = randomizer(SEED);
const other = {
  ...FULL,
  entries: [FULL.entries[0]!],
  imports: [],
  arch: 'xtensa',
  trapTable: 52,
  trapCount: 1,
} as const;
const seeds = [SMALL, FULL, FULL, other].map(writeImage);
const mutants = [...seeds, ...Array.from({ length: MUTANTS }, () => mutant(seeds, random))];

describe('mutated images', () => {
  const verdicts = mutants.map(verdict);

  it('end in a clear error or a valid image, and every refusal occurs', () => {
    const seen = new Set(verdicts);
    expect([...seen].sort((a, b) => b - a)).toEqual([0, ...REFUSALS.map((r) => statusNumber(r.name))]);
    expect(verdicts.slice(0, seeds.length)).toEqual(seeds.map(() => 0));
  });

  it.skipIf(!hasGcc)('get the same verdict from the C validator, which never reads outside of them', () => {
    const root = join(import.meta.dirname, '../../runtime-c');
    const folder = mkdtempSync(join(tmpdir(), 'fcc-validate-'));
    try {
      const flags = [
        '-std=c11',
        '-g',
        '-Wall',
        '-Wextra',
        '-Werror',
        '-fsanitize=address,undefined',
        '-fno-sanitize-recover=all',
      ];
      const program = join(folder, 'validate');
      execFileSync('gcc', [...flags, '-Iinclude', 'src/validate.c', 'test/validate.c', '-o', program], { cwd: root });
      const input = Buffer.concat(
        mutants.flatMap((m) => {
          const length = Buffer.alloc(4);
          length.writeUInt32LE(m.length);
          return [length, m];
        }),
      );
      const output = execFileSync(program, { input, encoding: 'utf8', maxBuffer: 1 << 24 });
      expect(output.trim().split('\n').map(Number)).toEqual(verdicts);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('an image as C source', () => {
  it.skipIf(!hasGcc)('compiles without a warning', () => {
    const source = `${imageToC(readImage(writeImage(FULL)), 'full', 'fc/*timer')}\nint main(void) { return full[0]; }\n`;
    // A pragma once in the main file is what this test does, no mistake of the text.
    const flags = ['-std=c11', '-Wall', '-Wextra', '-fsyntax-only', '-x', 'c', '-'];
    const run = spawnSync('gcc', flags, { input: source.replace('#pragma once\n', ''), encoding: 'utf8' });
    expect([run.status, run.stderr]).toEqual([0, '']);
  });
});
