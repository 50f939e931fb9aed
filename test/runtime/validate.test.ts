// SPDX-License-Identifier: MIT
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { CompileError } from '../../compiler/errors/index.js';
import { crc32 } from '../../compiler/image/crc32.js';
import { imageToC } from '../../compiler/image/csource.js';
import { ENTRY_SIZE, HEADER } from '../../compiler/image/fields.js';
import { checkImage, readImage } from '../../compiler/image/read.js';
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

/** The number in C of what a call says of an image. Anything but a CompileError of an image is a failure of the test. */
function verdict(run: () => unknown): number {
  try {
    run();
    return 0;
  } catch (e) {
    if (!(e instanceof CompileError)) throw e;
    expect([3, 4]).toContain(e.exitCode);
    return statusNumber(REFUSALS.find((r) => r.error === e.code)!.name);
  }
}

/** Whether the checksum is right: by the definition, not by the reader. */
function isWhole(bytes: Uint8Array): boolean {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const said = view.getUint32(HEADER.offset.checksum, true);
  view.setUint32(HEADER.offset.checksum, 0, true);
  return crc32(copy) === said;
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

/** Refusals by rules that a device relies on. */
const RELIED: readonly string[] = ['magic', 'version', 'length', 'header', 'entry'];

describe('mutated images', () => {
  const read = mutants.map((m) => verdict(() => expect(readImage(m).bytes.length).toBe(m.length)));
  const checked = mutants.map((m) => verdict(() => checkImage(m)));

  it('end in a clear error or a valid image, and every refusal occurs', () => {
    expect([...new Set(read)].sort((a, b) => b - a)).toEqual([0, ...REFUSALS.map((r) => statusNumber(r.name))]);
    expect(read.slice(0, seeds.length)).toEqual(seeds.map(() => 0));
    const relied = REFUSALS.filter((r) => RELIED.includes(r.name)).map((r) => statusNumber(r.name));
    expect([...new Set(checked)].sort((a, b) => b - a)).toEqual([0, ...relied]);
  });

  it('that the reader takes, the device takes too', () => {
    const taken = checked.filter((_, i) => read[i] === 0);
    expect(taken.length).toBeGreaterThan(seeds.length);
    expect(new Set(taken)).toEqual(new Set([0]));
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
      const damaged = statusNumber('checksum');
      const validated = checked.map((v, i) => (v === 0 && !isWhole(mutants[i]!) ? damaged : v));
      expect(validated).toContain(damaged);
      expect(output.trim().split('\n')).toEqual(checked.map((v, i) => `${v} ${validated[i]}`));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('an image as C source', () => {
  it.skipIf(!hasGcc)('compiles without a warning', () => {
    const source = `${imageToC(readImage(writeImage(FULL)), 'full', { ...DEFAULT_CONTRACT, hook: 'fc/*timer' })}\nint main(void) { return full[0]; }\n`;
    // A pragma once in the main file is what this test does, no mistake of the text.
    const flags = ['-std=c11', '-Wall', '-Wextra', '-fsyntax-only', '-x', 'c', '-'];
    const run = spawnSync('gcc', flags, { input: source.replace('#pragma once\n', ''), encoding: 'utf8' });
    expect([run.status, run.stderr]).toEqual([0, '']);
  });
});
