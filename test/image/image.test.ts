// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { CompileError } from '../../compiler/errors/index.js';
import { generateHeaders } from '../../compiler/image/cheader.js';
import { contractHash } from '../../compiler/image/contract-hash.js';
import { crc32, crc32Text } from '../../compiler/image/crc32.js';
import {
  ENTRY_SIZE,
  HEADER,
  IMAGE_LIMITS,
  INSTANCE_FIELDS,
  INTRINSICS,
  layoutOf,
  REGION,
} from '../../compiler/image/fields.js';
import { formatMap, type ImageMap, parseMap, placeOf } from '../../compiler/image/map.js';
import { checkImage, findEntry, readImage } from '../../compiler/image/read.js';
import { type ImageParts, writeImage } from '../../compiler/image/write.js';
import { crc32 as zlibLike } from './oracle.js';
import { FULL, SMALL } from './samples.js';

/** The error of a call, which must be a CompileError. */
function failure(run: () => unknown): CompileError {
  try {
    run();
  } catch (e) {
    if (e instanceof CompileError) return e;
    throw e;
  }
  throw new Error('no error');
}

/** An image with some bytes replaced and the checksum made right again. */
function patched(parts: ImageParts, ...changes: [offset: number, size: 1 | 2 | 4, value: number][]): Uint8Array {
  const bytes = writeImage(parts);
  const view = new DataView(bytes.buffer);
  for (const [offset, size, value] of changes) {
    if (size === 1) view.setUint8(offset, value);
    else if (size === 2) view.setUint16(offset, value, true);
    else view.setUint32(offset, value, true);
  }
  view.setUint32(HEADER.offset.checksum, 0, true);
  view.setUint32(HEADER.offset.checksum, crc32(bytes), true);
  return bytes;
}

describe('crc32', () => {
  it('has the published check value and agrees with a bitwise one', () => {
    expect(crc32Text('123456789')).toBe(0xcbf43926);
    expect(crc32(new Uint8Array())).toBe(0);
    expect(crc32(FULL.text)).toBe(zlibLike(FULL.text));
  });
});

describe('writeImage and readImage', () => {
  it.each([
    ['small', SMALL],
    ['full', FULL],
  ])('a %s image comes back as it was written', (_, parts) => {
    const bytes = writeImage(parts);
    const image = readImage(bytes);
    const plain = image.entries.map((e) => ({ offset: e.offset, worstCase: e.worstCase, stackLength: e.stackLength }));
    expect(plain).toEqual(parts.entries.map(({ name: _, ...rest }) => rest));
    expect(image.entries.map((e) => e.name)).toEqual(parts.entries.map((e) => e.name.slice(0, 23)));
    for (const e of parts.entries) expect(findEntry(image, e.name)?.offset).toBe(e.offset);
    expect(findEntry(image, 'other')).toBeUndefined();
    const { arch, features, contractHash: hash, contextAlign, contextRights, contextLength, imports, regions } = parts;
    expect(image).toMatchObject({ arch, features, contractHash: hash, contextAlign, contextRights, contextLength });
    expect(image).toMatchObject({ imports, regions, trapTable: parts.trapTable, trapCount: parts.trapCount });
    for (const name of ['text', 'rodata', 'data'] as const) {
      expect(Array.from(image[name].subarray(0, parts[name].length))).toEqual(Array.from(parts[name]));
      expect(image[name].length % 8).toBe(0);
      expect(image[name].subarray(parts[name].length).every((b) => b === 0)).toBe(true);
      expect(image[`${name}Offset`] % 8).toBe(0);
    }
    expect(writeImage({ ...image, entries: parts.entries })).toEqual(bytes);
  });

  it('sums up the entries in the header', () => {
    const image = readImage(writeImage(FULL));
    expect(image).toMatchObject({ fuelled: true, worstCase: null, stackLength: 48, bssLength: 16, frameLength: 512 });
    expect(readImage(writeImage(SMALL))).toMatchObject({ fuelled: false, worstCase: 3, stackLength: 0 });
    // 20 bytes of fixed fields, five regions of 12, four imports; data 24 + bss 16 + frames 512.
    expect([image.instanceLength, image.blockLength]).toEqual([20 + 5 * 12 + 4 * 4, 552]);
  });

  it('reads an image at an odd place of a larger buffer', () => {
    const bytes = writeImage(FULL);
    const larger = new Uint8Array(bytes.length + 5);
    larger.set(bytes, 3);
    expect(readImage(larger.subarray(3, 3 + bytes.length)).text).toEqual(readImage(bytes).text);
  });

  const h = HEADER.offset;
  const entry0 = HEADER.size;
  const imports = HEADER.size + 3 * ENTRY_SIZE;
  const regions = imports + 16;
  const rejected: [what: string, bytes: Uint8Array, code: string, offset: number][] = [
    ['nothing', new Uint8Array(), 'FCC0601', 0],
    ['half a header', writeImage(SMALL).slice(0, HEADER.size - 1), 'FCC0601', 0],
    ['another magic', patched(FULL, [0, 1, 0x47]), 'FCC0601', 0],
    ['version 2', patched(FULL, [h.version, 2, 2]), 'FCC0602', h.version],
    ['another header length', patched(FULL, [h.header_length, 2, 80]), 'FCC0602', h.header_length],
    ['a truncated image', writeImage(FULL).slice(0, -8), 'FCC0603', h.total_length],
    ['a trailing byte', Uint8Array.of(...writeImage(FULL), 0), 'FCC0603', h.total_length],
    ['longer text than there is', patched(FULL, [h.text_length, 4, 80]), 'FCC0603', h.text_length],
    ['one entry more', patched(FULL, [h.entry_count, 2, 4]), 'FCC0603', h.text_length],
    ['architecture 9', patched(FULL, [h.arch, 2, 9]), 'FCC0605', h.arch],
    ['no entry', patched(FULL, [h.entry_count, 2, 0]), 'FCC0606', h.entry_count],
    ['65 entries', patched(FULL, [h.entry_count, 2, 65]), 'FCC0606', h.entry_count],
    ['257 imports', patched(FULL, [h.import_count, 2, 257]), 'FCC0606', h.import_count],
    ['33 regions', patched(FULL, [h.region_count, 2, 33]), 'FCC0606', h.region_count],
    ['a text length beyond the bound', patched(FULL, [h.text_length, 4, 0xfffffff8]), 'FCC0606', h.text_length],
    ['an odd bss length', patched(FULL, [h.bss_length, 4, 4]), 'FCC0606', h.bss_length],
    ['a huge frame', patched(FULL, [h.frame_length, 4, 0x01000008]), 'FCC0606', h.frame_length],
    ['a huge stack', patched(FULL, [h.stack_length, 4, 0x01000001]), 'FCC0606', h.stack_length],
    ['an unknown flag', patched(FULL, [h.flags, 2, 3]), 'FCC0606', h.flags],
    ['fuelled with a worst case', patched(SMALL, [h.flags, 2, 1]), 'FCC0606', h.flags],
    ['a huge context', patched(FULL, [h.context_length, 4, 0x01000001]), 'FCC0606', h.context_length],
    ['a trap table at an odd place', patched(FULL, [h.trap_table, 4, 51]), 'FCC0606', h.trap_table],
    ['a trap table behind the text', patched(FULL, [h.trap_table, 4, 66]), 'FCC0606', h.trap_table],
    ['a trap site too many', patched(FULL, [h.trap_count, 4, 4]), 'FCC0606', h.trap_count],
    ['2^30 trap sites', patched(FULL, [h.trap_count, 4, 0x40000001]), 'FCC0606', h.trap_count],
    ['alignment 3', patched(FULL, [h.context_align, 1, 3]), 'FCC0606', h.context_align],
    ['alignment 0', patched(FULL, [h.context_align, 1, 0]), 'FCC0606', h.context_align],
    ['write without read', patched(FULL, [h.context_rights, 1, 2]), 'FCC0606', h.context_rights],
    ['dirty padding', patched(SMALL, [HEADER.size + ENTRY_SIZE, 1, 1]), 'FCC0606', HEADER.size + ENTRY_SIZE],
    ['an entry at an odd place', patched(FULL, [entry0, 4, 1]), 'FCC0607', entry0],
    ['an entry behind the text', patched(FULL, [entry0, 4, 64]), 'FCC0607', entry0],
    ['a wrong name hash', patched(FULL, [entry0 + 4, 4, 5]), 'FCC0607', entry0 + 4],
    ['a worst case above that of the header', patched(SMALL, [entry0 + 8, 4, 4]), 'FCC0607', entry0 + 8],
    ['more stack than in the header', patched(FULL, [entry0 + 12, 4, 49]), 'FCC0607', entry0 + 12],
    ['an empty name', patched(FULL, [entry0 + 16, 1, 0]), 'FCC0607', entry0 + 16],
    ['a blank in a name', patched(FULL, [entry0 + 18, 1, 0x20]), 'FCC0607', entry0 + 18],
    ['a byte behind a name', patched(FULL, [entry0 + 39, 1, 0x41]), 'FCC0607', entry0 + 39],
    ['a name without end', patched(FULL, [entry0 + ENTRY_SIZE + 39, 1, 0x41]), 'FCC0607', entry0 + ENTRY_SIZE + 16],
    ['helper 0', patched(FULL, [imports, 4, 0]), 'FCC0608', imports],
    ['an unknown intrinsic', patched(FULL, [imports + 4, 4, 0x80000000 + INTRINSICS.length]), 'FCC0608', imports + 4],
    ['min above max', patched(FULL, [regions + REGION.size, 4, 17]), 'FCC0609', regions + REGION.size],
    ['no rights', patched(FULL, [regions + REGION.offset.rights, 1, 0]), 'FCC0609', regions + REGION.offset.rights],
    [
      'region alignment 16',
      patched(FULL, [regions + REGION.offset.align, 1, 16]),
      'FCC0609',
      regions + REGION.offset.align,
    ],
    [
      'a reserved field',
      patched(FULL, [regions + REGION.offset.reserved, 2, 1]),
      'FCC0609',
      regions + REGION.offset.reserved,
    ],
  ];
  it.each(rejected)('refuses %s', (_, bytes, code, offset) => {
    const error = failure(() => readImage(bytes));
    expect([error.code, error.details.at?.offset]).toEqual([code, offset]);
    expect(error.details.expected).toBeTruthy();
    expect(error.details.got).toBeTruthy();
  });

  it('refuses a changed byte by its checksum', () => {
    const bytes = writeImage(FULL);
    bytes[bytes.length - 1]! ^= 0x80;
    expect(failure(() => readImage(bytes)).code).toBe('FCC0604');
    expect(() => checkImage(bytes)).not.toThrow();
  });

  // What a device's memory is safe by; the C runtime agrees, see test/runtime/validate.test.ts.
  const relied = [
    ...['nothing', 'half a header', 'another magic', 'version 2', 'another header length', 'a truncated image'],
    ...['a trailing byte', 'longer text than there is', 'one entry more', 'no entry', '65 entries', '257 imports'],
    ...[
      '33 regions',
      'a text length beyond the bound',
      'an odd bss length',
      'a huge frame',
      'an entry behind the text',
    ],
    ...['a byte behind a name', 'a name without end'],
  ];
  it('tells what a device relies on from what only readers insist on', () => {
    const refused = rejected.filter(([, bytes]) => {
      try {
        checkImage(bytes);
        return false;
      } catch {
        return true;
      }
    });
    expect(refused.map(([what]) => what)).toEqual(relied);
  });

  it('refuses two entries with one hash', () => {
    const second = HEADER.size + ENTRY_SIZE;
    const bytes = patched(FULL, [second + 4, 4, crc32Text('on_timer')]);
    expect(failure(() => readImage(bytes))).toMatchObject({ code: 'FCC0607', details: { at: { offset: second + 4 } } });
  });

  const entry = SMALL.entries[0]!;
  const tooMuch: [string, Partial<ImageParts>][] = [
    ['65 entries', { entries: Array.from({ length: 65 }, (_, i) => ({ ...entry, name: `e${i}` })) }],
    ['257 helpers', { imports: Array.from({ length: 257 }, (_, i) => i + 1) }],
    ['33 regions', { regions: Array.from({ length: 33 }, () => FULL.regions[0]!) }],
    ['a name with a blank', { entries: [{ ...entry, name: 'a b' }] }],
    ['an empty name', { entries: [{ ...entry, name: '' }] }],
    ['a name twice', { entries: [entry, entry] }],
    ['too much bss', { bssLength: IMAGE_LIMITS.MAX_LENGTH.value + 1 }],
    ['too much stack', { entries: [{ ...entry, stackLength: IMAGE_LIMITS.MAX_LENGTH.value + 1 }] }],
  ];
  it.each(tooMuch)('does not write %s', (_, change) => {
    expect(failure(() => writeImage({ ...SMALL, ...change })).code).toBe('FCC0610');
  });

  it('takes nonsense from the compiler for a bug', () => {
    const wrong: Partial<ImageParts>[] = [
      { entries: [] },
      { entries: [{ ...entry, offset: 1 }] },
      { entries: [{ ...entry, offset: 8 }] },
      { imports: [0] },
      { trapTable: 6, trapCount: 1 },
      { features: -1 },
    ];
    for (const change of wrong) {
      expect(() => writeImage({ ...SMALL, ...change })).toThrow();
      expect(() => writeImage({ ...SMALL, ...change })).not.toThrow(CompileError);
    }
  });
});

describe('C headers', () => {
  it('are those in runtime-c/include', () => {
    const folder = join(import.meta.dirname, '../../runtime-c/include');
    for (const [name, text] of Object.entries(generateHeaders()))
      expect(readFileSync(join(folder, name), 'utf8'), name).toBe(text);
  });

  it('agree with the offsets that the assembly files spell out', () => {
    const at = layoutOf(INSTANCE_FIELDS).offset;
    const folder = join(import.meta.dirname, '../../runtime-c');
    const read = (path: string): string => readFileSync(join(folder, path), 'utf8');
    for (const port of ['thumb/enter.S', 'riscv/enter.S', 'xtensa/enter.S', 'xtensa/enter-windowed.S']) {
      const enter = read(`src/port/${port}`);
      expect(enter).toMatch(new RegExp(`(\\.equ|#define) TRAP,? +${at.trap}\n`));
      expect(enter).toMatch(new RegExp(`(\\.equ|#define) HOST_SP,? +${at.host_sp}\n`));
    }
    expect(read('firmware/batch/port/thumb/start.S')).toContain(`ldr r2, [r0, #${at.host_sp}]`);
    expect(read('firmware/batch/port/riscv/start.S')).toContain(`lw sp, ${at.host_sp}(a0)`);
    expect(read('firmware/batch/port/xtensa/start.S')).toContain(`#define HOST_SP ${at.host_sp}\n`);
  });
});

describe('contract hash', () => {
  it('depends on every value and not on the order of keys', () => {
    const { hook, ...rest } = DEFAULT_CONTRACT;
    expect(contractHash({ ...rest, hook })).toBe(contractHash(DEFAULT_CONTRACT));
    expect(contractHash({ ...DEFAULT_CONTRACT, passLength: false })).not.toBe(contractHash(DEFAULT_CONTRACT));
    const field = { kind: 'scalar', name: 'x', offset: 0, size: 8, access: 'r' } as const;
    const ranged = (max: bigint) =>
      contractHash({
        ...DEFAULT_CONTRACT,
        context: { ...DEFAULT_CONTRACT.context, fields: [{ ...field, range: [0n, max] }] },
      });
    expect(ranged(2n ** 63n)).not.toBe(ranged(2n ** 63n + 1n));
  });
});

describe('map', () => {
  const map: ImageMap = {
    schemaVersion: 1,
    checksum: 7,
    functions: [{ func: 0, name: 'f', section: '.text', entry: true, start: 0, end: 20 }],
    sites: [{ trap: 'memory', func: 0, slot: 3, file: 'a.c', line: 5 }],
    text: [
      { offset: 0, func: 0, slot: 0, guard: false },
      { offset: 6, func: 0, slot: 3, guard: true, file: 'a.c', line: 5 },
    ],
  };

  it('round-trips, and finds places', () => {
    expect(parseMap(formatMap(map))).toEqual(map);
    expect([0, 5, 6, 19].map((o) => placeOf(map, o)?.slot)).toEqual([0, 0, 3, 3]);
    expect(placeOf({ ...map, text: [] }, 4)).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['no object', []],
    ['another version', { ...map, schemaVersion: 2 }],
    ['a negative checksum', { ...map, checksum: -1 }],
    ['no sites', { ...map, sites: undefined }],
    ['an unknown trap', { ...map, sites: [{ ...map.sites[0], trap: 'toString' }] }],
    ['a fractional slot', { ...map, text: [{ ...map.text[0], slot: 0.5 }] }],
    ['descending offsets', { ...map, text: [...map.text].reverse() }],
    ['a name that is none', { ...map, functions: [{ ...map.functions[0], name: 3 }] }],
  ])('refuses %s', (_, value) => {
    const error = failure(() => parseMap(JSON.stringify(value), 'x.map'));
    expect([error.code, error.details.at?.file]).toEqual(['FCC0611', 'x.map']);
  });

  it('refuses what is not JSON', () => {
    expect(failure(() => parseMap('{')).code).toBe('FCC0611');
  });
});
