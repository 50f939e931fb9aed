// SPDX-License-Identifier: MIT
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crc32 } from '../../compiler/image/crc32.js';
import { ENTRY_SIZE, HEADER, INTRINSIC_BASE, INTRINSICS, REGION } from '../../compiler/image/fields.js';
import { statusNumber } from '../../compiler/image/status.js';
import { type ImageParts, writeImage } from '../../compiler/image/write.js';
import { randomizer } from '../image/samples.js';

const MUTANTS = 1500;
const SEED = 20261121;
const ROOT = join(import.meta.dirname, '../../runtime-c');
const hasGcc = process.arch === 'x64' && spawnSync('gcc', ['--version'], { stdio: 'ignore' }).status === 0;
if (!hasGcc) {
  if (process.env.CI) throw new Error('gcc is not installed');
  console.warn('fcc_load not tested on the host: gcc is not installed');
}

/** Words as bytes. */
const words = (...values: number[]): number[] => [...new Uint8Array(Uint32Array.from(values).buffer)];

/**
 * `r0 = 0; exit`, a table of functions with nothing in it, and what is kept of the context. The host of load.c wants bytes
 * 8 to 11 and 16 to 23 kept, has a region of 16 bytes and allows helper 1.
 */
const PARTS: ImageParts = {
  arch: 'ebpf',
  features: 1,
  contractHash: 0,
  contextAlign: 8,
  contextRights: 'rw',
  contextLength: null,
  entries: [{ name: 'main', offset: 0, worstCase: null, stackLength: 1024 }],
  imports: [1],
  regions: [{ minLength: 0, maxLength: 16, rights: 'rw', align: 8 }],
  text: Uint8Array.from(words(0xb7, 0, 0x95, 0, 2, 6, 6, 16, 0x01000000)),
  rodata: Uint8Array.of(1, 2, 3),
  data: Uint8Array.of(4, 5, 6, 7, 8, 9, 10, 11, 12),
  bssLength: 8,
  frameLength: 4096,
  trapTable: 16,
  trapCount: 0,
};

type Change = readonly [offset: number, size: 1 | 2 | 4, value: number];

/** The image with some fields replaced; the checksum is nothing that fcc_load looks at. */
function patched(...changes: readonly Change[]): Uint8Array {
  const bytes = writeImage(PARTS);
  const view = new DataView(bytes.buffer);
  for (const [offset, size, value] of changes) {
    if (size === 1) view.setUint8(offset, value);
    else if (size === 2) view.setUint16(offset, value, true);
    else view.setUint32(offset, value, true);
  }
  return bytes;
}

const h = HEADER.offset;
const entry = HEADER.size;
const importAt = entry + ENTRY_SIZE;
const row = importAt + 4;
const { offset: r } = REGION;
const kept = Math.ceil((row + REGION.size) / 8) * 8 + PARTS.trapTable;

/** What readers on a host refuse at once, and a device when it comes to use it. */
const CASES: readonly (readonly [
  what: string,
  image: Uint8Array,
  status: Parameters<typeof statusNumber>[0] | null,
])[] = [
  ['the image as it is', patched(), null],
  ['a wrong checksum and a wrong name hash', patched([h.checksum, 4, 1], [entry + 4, 4, 1]), null],
  ['an unknown instruction set', patched([h.arch, 2, 9]), 'target'],
  ['a feature that the core has not', patched([h.features, 4, 3]), 'target'],
  ['a frame of more memory than there is', patched([h.frame_length, 4, 0x01000008]), 'header'],
  ['less stack than the interpreter takes', patched([h.stack_length, 4, 1023]), 'stack'],
  ['no stack at all', patched([h.stack_length, 4, 0]), 'stack'],
  ['more stack than the host has', patched([h.stack_length, 4, 0xffffffff]), 'stack'],
  ['a context of which nothing is kept', patched([kept, 4, 0]), 'context'],
  ['one of which a byte is not kept', patched([kept + 8, 4, 5]), 'context'],
  ['one of which a stretch is not kept', patched([kept, 4, 1]), 'context'],
  ['one of which all is kept', patched([kept, 4, 1], [kept + 4, 4, 0], [kept + 8, 4, 0x01000000]), null],
  ['one that is only read', patched([h.context_rights, 1, 1], [kept, 4, 0]), null],
  ['a function table behind the text', patched([h.trap_table, 4, 48]), 'text'],
  ['more functions than text', patched([h.trap_count, 4, 0x40000001]), 'text'],
  ['a function table at an odd place', patched([h.trap_table, 4, 12]), 'text'],
  ['an entry at an odd place', patched([entry, 4, 4]), 'text'],
  ['an entry behind the text', patched([entry, 4, 40]), 'entry'],
  ['import 0', patched([importAt, 4, 0]), 'helper'],
  ['a helper that the host has and does not allow', patched([importAt, 4, 2]), 'helper'],
  ['a helper that the host allows and has not', patched([importAt, 4, 3]), 'helper'],
  ['the last intrinsic', patched([importAt, 4, INTRINSIC_BASE + INTRINSICS.length - 1]), null],
  ['an intrinsic behind the last', patched([importAt, 4, INTRINSIC_BASE + INTRINSICS.length]), 'helper'],
  ['import 0xffffffff', patched([importAt, 4, 0xffffffff]), 'helper'],
  ['a shortest length above the longest', patched([row + r.min_length, 4, 17]), 'grant'],
  ['a region that is too long for its row', patched([row + r.max_length, 4, 15]), 'grant'],
  ['alignment 0', patched([row + r.align, 1, 0]), 'grant'],
  ['more rights than are granted', patched([row + r.rights, 1, 7]), 'grant'],
];

describe('the stack of the interpreter', () => {
  it('is the same for images and for fcc_load', () => {
    const said = /INTERPRETER_STACK = (\d+);/.exec(readFileSync(join(ROOT, '../compiler/ebpf-image.ts'), 'utf8'));
    const wanted = /FCC_INTERPRETER_STACK (\d+)u/.exec(readFileSync(join(ROOT, 'src/interp.h'), 'utf8'));
    expect(said![1]).toBe(wanted![1]);
  });
});

describe.skipIf(!hasGcc)('fcc_load on the host', () => {
  let folder = '';
  let program = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fcc-load-'));
    program = join(folder, 'load');
    const flags = ['-std=c11', '-g', '-Wall', '-Wextra', '-Werror', '-no-pie', '-DFCC_INTERPRETER=1', '-Iinclude'];
    const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
    const sources = [
      'src/validate.c',
      'src/fcc.c',
      'src/interp.c',
      'src/check-ebpf.c',
      'src/intrinsics.c',
      'test/load.c',
    ];
    execFileSync('gcc', [...flags, ...sanitizers, ...sources, '-o', program], { cwd: ROOT });
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Answers to each image: status and refused id; then the statuses with image, memory and grant above 4 GiB. */
  function load(images: readonly Uint8Array[]): { status: number; refused: number; high: number[] }[] {
    const input = Buffer.concat(
      images.flatMap((image) => {
        const length = Buffer.alloc(4);
        length.writeUInt32LE(image.length);
        return [length, image];
      }),
    );
    const lines = execFileSync(program, { input, encoding: 'utf8', maxBuffer: 1 << 24 })
      .trim()
      .split('\n');
    expect(lines.length).toBe(4 * images.length);
    return images.map((_, i) => {
      const four = lines.slice(4 * i, 4 * i + 4).map((line) => line.split(' ').map(Number));
      return { status: four[0]![0]!, refused: four[0]![1]!, high: four.slice(1).map((f) => f[0]!) };
    });
  }

  it('judges what fcc_check leaves to it', () => {
    const answers = load(CASES.map(([, image]) => image));
    const expected = CASES.map(([what, , status]) => [what, status === null ? 0 : statusNumber(status)]);
    expect(answers.map(({ status }, i) => [CASES[i]![0], status])).toEqual(expected);
    for (const [i, { status, refused }] of answers.entries())
      if (status === statusNumber('helper'))
        expect(refused).toBe(new DataView(CASES[i]![1].buffer).getUint32(importAt, true));
  });

  it('refuses addresses above 4 GiB instead of cutting them', () => {
    const [answer] = load([patched()]);
    expect(answer).toEqual({
      status: 0,
      refused: 0,
      high: [statusNumber('memory'), statusNumber('memory'), statusNumber('grant')],
    });
  });

  it('neither reads nor writes outside of image and memory, whatever the image says', () => {
    const random = randomizer(SEED);
    const interesting = [
      0, 1, 2, 7, 8, 0x10, 0x80, 0xff, 0xffff, 0x01000000, 0x40000001, 0x7fffffff, 0xfffffff8, 0xffffffff,
    ];
    const mutants = Array.from({ length: MUTANTS }, () => {
      const bytes = patched();
      const view = new DataView(bytes.buffer);
      for (let k = random(4); k >= 0; k--) {
        const at = random(5) === 0 ? random(bytes.length) : 12 + random(row + REGION.size - 12);
        const kind = random(4);
        if (kind < 2) bytes[at] = random(256);
        else if (kind === 2)
          view.setUint32(Math.min(at & ~3, bytes.length - 4), interesting[random(interesting.length)]!, true);
        else view.setUint16(Math.min(at & ~1, bytes.length - 2), random(300), true);
      }
      view.setUint32(h.checksum, 0, true);
      view.setUint32(h.checksum, crc32(bytes), true);
      return bytes;
    });
    const seen = new Set(load(mutants).map((a) => a.status));
    for (const name of ['header', 'entry', 'target', 'stack', 'context', 'helper', 'grant', 'text'] as const)
      expect([name, seen.has(statusNumber(name))]).toEqual([name, true]);
    expect(seen.has(0)).toBe(true);
  });
});
