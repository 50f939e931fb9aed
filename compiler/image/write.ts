// SPDX-License-Identifier: MIT
import { CompileError } from '../errors/index.js';
import { crc32, crc32Text } from './crc32.js';
import {
  ARCHES,
  CODE_ALIGN,
  ENTRY_FIELDS,
  ENTRY_NAME_LENGTH,
  ENTRY_SIZE,
  type FieldRow,
  FLAG_FUELLED,
  HEADER,
  HEADER_FIELDS,
  IMAGE_LIMITS,
  IMAGE_MAGIC,
  IMAGE_VERSION,
  IMPORT,
  IMPORT_FIELDS,
  INTRINSIC_BASE,
  INTRINSICS,
  layoutOf,
  REGION,
  REGION_FIELDS,
  RIGHT_READ,
  RIGHT_WRITE,
  UNKNOWN,
} from './fields.js';
import type { ImageEntry, ImageParts } from './image.js';

export type { ImageEntry, ImageParts, ImageRegion } from './image.js';

const align8 = (n: number): number => Math.ceil(n / 8) * 8;

/** Writes one value per row of a field table. Throws (our bug) if a value does not fit its field. */
function putFields<T extends readonly FieldRow[]>(
  view: DataView,
  at: number,
  rows: T,
  values: Readonly<Record<T[number]['name'], number>>,
): void {
  const { offset } = layoutOf(rows);
  for (const row of rows) {
    const name = row.name as T[number]['name'];
    const value = values[name];
    const bits = row.type === 'u8' ? 8 : row.type === 'u16' ? 16 : 32;
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits)
      throw new Error(`image field ${name} cannot hold ${value}`);
    if (bits === 8) view.setUint8(at + offset[name], value);
    else if (bits === 16) view.setUint16(at + offset[name], value, true);
    else view.setUint32(at + offset[name], value, true);
  }
}

function bounded(what: string, got: number, limit: { readonly value: number }): void {
  if (got > limit.value)
    throw new CompileError('FCC0610', `the image cannot hold ${what}`, {
      expected: `at most ${limit.value}`,
      got: String(got),
    });
}

/** Refuses what a user's program can ask for and the format cannot hold; throws a plain Error on a bug of the caller. */
function checkParts(p: ImageParts): void {
  const max = IMAGE_LIMITS.MAX_LENGTH;
  bounded('so many entry points', p.entries.length, IMAGE_LIMITS.MAX_ENTRIES);
  bounded('so many helpers', p.imports.length, IMAGE_LIMITS.MAX_IMPORTS);
  bounded('so many regions', p.regions.length, IMAGE_LIMITS.MAX_REGIONS);
  bounded('so much text and data', p.text.length + p.rodata.length + p.data.length + 65536, max);
  bounded('so much zeroed data', align8(p.bssLength), max);
  bounded('so much stack frame', align8(p.frameLength), max);
  bounded('so long a context', p.contextLength ?? 0, max);
  if (p.entries.length === 0) throw new Error('an image needs an entry point');
  const hashes = new Map<number, string>();
  for (const e of p.entries) {
    if (!/^[\x21-\x7e]+$/.test(e.name))
      throw new CompileError('FCC0610', `the entry name ${JSON.stringify(e.name)} cannot be written`, {
        expected: 'printable ASCII without spaces',
      });
    const other = hashes.get(crc32Text(e.name));
    if (other !== undefined)
      throw new CompileError('FCC0610', `the entry names ${other} and ${e.name} have the same hash`, {
        help: 'rename one of the two functions',
      });
    hashes.set(crc32Text(e.name), e.name);
    bounded(`so much native stack (entry ${e.name})`, e.stackLength, max);
    if (e.offset < 0 || e.offset >= p.text.length || e.offset % CODE_ALIGN[p.arch] !== 0)
      throw new Error(`entry ${e.name} at ${e.offset} is not in the text`);
    if (e.worstCase === UNKNOWN) throw new Error('a worst case this large must be null');
  }
  for (const id of p.imports)
    if (id === 0 || id >= INTRINSIC_BASE + INTRINSICS.length) throw new Error(`import ${id} does not exist`);
  for (const r of p.regions) if (r.minLength > r.maxLength) throw new Error('region with min above max');
  if (p.trapTable % CODE_ALIGN[p.arch] !== 0 || p.trapTable + 4 * p.trapCount > p.text.length)
    throw new Error('the trap table is not in the text');
}

const rightsBits = (r: 'r' | 'rw'): number => (r === 'rw' ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ);

/** The longest worst case of any entry in native instructions; null if one has none. */
export function worstCaseOf(entries: readonly Pick<ImageEntry, 'worstCase'>[]): number | null {
  return entries.reduce<number | null>(
    (a, e) => (a === null || e.worstCase === null ? null : Math.max(a, e.worstCase)),
    0,
  );
}

/**
 * Writes an image. The result passes `readImage`. Throws CompileError FCC0610 if the program is too large for the format
 * or an entry name cannot be written.
 */
export function writeImage(p: ImageParts): Uint8Array {
  checkParts(p);
  const tables =
    HEADER.size + p.entries.length * ENTRY_SIZE + p.imports.length * IMPORT.size + p.regions.length * REGION.size;
  const textOffset = align8(tables);
  const rodataOffset = textOffset + align8(p.text.length);
  const dataOffset = rodataOffset + align8(p.rodata.length);
  const total = dataOffset + align8(p.data.length);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  const worst = worstCaseOf(p.entries);
  const header = {
    magic: IMAGE_MAGIC,
    version: IMAGE_VERSION,
    header_length: HEADER.size,
    total_length: total,
    checksum: 0,
    arch: ARCHES[p.arch],
    flags: worst === null ? FLAG_FUELLED : 0,
    features: p.features,
    contract_hash: p.contractHash,
    entry_count: p.entries.length,
    import_count: p.imports.length,
    region_count: p.regions.length,
    context_align: p.contextAlign,
    context_rights: rightsBits(p.contextRights),
    context_length: p.contextLength ?? UNKNOWN,
    text_length: align8(p.text.length),
    rodata_length: align8(p.rodata.length),
    data_length: align8(p.data.length),
    bss_length: align8(p.bssLength),
    frame_length: align8(p.frameLength),
    stack_length: Math.max(...p.entries.map((e) => e.stackLength)),
    worst_case: worst ?? UNKNOWN,
    trap_table: p.trapTable,
    trap_count: p.trapCount,
  };
  let at = HEADER.size;
  for (const e of p.entries) {
    const fields = { offset: e.offset, name_hash: crc32Text(e.name) };
    putFields(view, at, ENTRY_FIELDS, {
      ...fields,
      worst_case: e.worstCase ?? UNKNOWN,
      stack_length: e.stackLength,
    });
    bytes.set(new TextEncoder().encode(e.name).subarray(0, ENTRY_NAME_LENGTH - 1), at + ENTRY_SIZE - ENTRY_NAME_LENGTH);
    at += ENTRY_SIZE;
  }
  for (const id of p.imports) {
    putFields(view, at, IMPORT_FIELDS, { id });
    at += IMPORT.size;
  }
  for (const r of p.regions) {
    putFields(view, at, REGION_FIELDS, {
      min_length: r.minLength,
      max_length: r.maxLength,
      rights: rightsBits(r.rights),
      align: r.align,
      reserved: 0,
    });
    at += REGION.size;
  }
  bytes.set(p.text, textOffset);
  bytes.set(p.rodata, rodataOffset);
  bytes.set(p.data, dataOffset);
  putFields(view, 0, HEADER_FIELDS, header);
  putFields(view, 0, HEADER_FIELDS, { ...header, checksum: crc32(bytes) });
  return bytes;
}
