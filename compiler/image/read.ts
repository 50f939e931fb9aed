// SPDX-License-Identifier: MIT
import type { Rights } from '../contract/types.js';
import { CompileError } from '../errors/index.js';
import { crc32, crc32Text } from './crc32.js';
import {
  ARCHES,
  type Arch,
  CODE_ALIGN,
  ENTRY,
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
  instanceImportOffset,
  layoutOf,
  REGION,
  REGION_FIELDS,
  RIGHT_READ,
  RIGHT_WRITE,
  UNKNOWN,
} from './fields.js';
import type { Image, ImageEntry, ImageRegion } from './image.js';
import { REFUSALS, type RefusalName } from './status.js';

export type { Image, ImageEntry, ImageRegion } from './image.js';

/** Throws the CompileError of a refusal. `offset` is the byte offset in the image of what is wrong. */
function refuse(name: RefusalName, what: string, offset: number, expected: string, got: string): never {
  const row = REFUSALS.find((r) => r.name === name)!;
  throw new CompileError(row.error, `${what}: ${row.doc}`, { at: { offset }, expected, got });
}

const hex = (n: number): string => `0x${n.toString(16)}`;

/**
 * One table row of an image: reads fields by name and refuses by field. Rules are of two kinds. A device relies on those
 * that `need` states: fcc_check in runtime-c applies them, in the same order. The others, by `want` and what calls it, are
 * for readers on a host: they keep names readable, and tell early what a device refuses when it loads or runs the image or
 * what cannot harm it.
 */
class Row<T extends readonly FieldRow[]> {
  private readonly layout: { size: number; offset: Readonly<Record<T[number]['name'], number>> };
  constructor(
    private readonly view: DataView,
    private readonly at: number,
    private readonly rows: T,
    private readonly reason: RefusalName,
    private readonly title: string,
    private readonly all: boolean,
  ) {
    this.layout = layoutOf(rows);
  }
  get(name: T[number]['name']): number {
    const at = this.at + this.layout.offset[name];
    const type = this.rows.find((r) => r.name === name)!.type;
    if (type === 'u8') return this.view.getUint8(at);
    return type === 'u16' ? this.view.getUint16(at, true) : this.view.getUint32(at, true);
  }
  /** Refuses unless `ok`. */
  need(ok: boolean, name: T[number]['name'], expected: string, reason: RefusalName = this.reason): void {
    if (!ok) refuse(reason, `${this.title}.${name}`, this.at + this.layout.offset[name], expected, hex(this.get(name)));
  }
  /** The same, of a rule that no device relies on. */
  want(ok: boolean, name: T[number]['name'], expected: string, reason: RefusalName = this.reason): void {
    if (this.all) this.need(ok, name, expected, reason);
  }
  max(name: T[number]['name'], limit: number): void {
    this.want(this.get(name) <= limit, name, `at most ${hex(limit)}`);
  }
  align(name: T[number]['name']): 1 | 2 | 4 | 8 {
    const v = this.get(name);
    this.want(v === 1 || v === 2 || v === 4 || v === 8, name, '1, 2, 4 or 8');
    return v as 1 | 2 | 4 | 8;
  }
  rights(name: T[number]['name']): Rights {
    const v = this.get(name);
    this.want(v === RIGHT_READ || v === (RIGHT_READ | RIGHT_WRITE), name, '1 (read) or 3 (read and write)');
    return v === RIGHT_READ ? 'r' : 'rw';
  }
}

/** Text of a NUL-padded name field; refuses an empty, unprintable or badly padded one. A device relies on its last byte. */
function readName(bytes: Uint8Array, at: number, all: boolean): string {
  let length = 0;
  while (length < ENTRY_NAME_LENGTH && bytes[at + length] !== 0) length++;
  if ((length === 0 && all) || length === ENTRY_NAME_LENGTH)
    refuse('entry', 'entry name', at, `1 to ${ENTRY_NAME_LENGTH - 1} bytes`, `${length} bytes`);
  for (let i = all ? 0 : ENTRY_NAME_LENGTH - 1; i < ENTRY_NAME_LENGTH; i++) {
    const b = bytes[at + i]!;
    if (i < length ? b < 0x21 || b > 0x7e : b !== 0)
      refuse('entry', 'entry name', at + i, i < length ? 'printable ASCII' : 'NUL padding', hex(b));
  }
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

/** CRC-32 of an image, its own field counting as zero. `bytes` must be as long as a header. */
function checksumOf(bytes: Uint8Array): number {
  // Not slice: a Node Buffer's shares the caller's bytes.
  const copy = new Uint8Array(bytes);
  copy.fill(0, HEADER.offset.checksum, HEADER.offset.checksum + 4);
  return crc32(copy);
}

/** Header checks that need nothing but the header and the bytes: magic, version, lengths, checksum, arch, bounds. */
function checkHeader(bytes: Uint8Array, h: Row<typeof HEADER_FIELDS>): Arch {
  const max = IMAGE_LIMITS.MAX_LENGTH.value;
  h.need(h.get('magic') === IMAGE_MAGIC, 'magic', hex(IMAGE_MAGIC), 'magic');
  h.need(h.get('version') === IMAGE_VERSION, 'version', String(IMAGE_VERSION), 'version');
  h.need(h.get('header_length') === HEADER.size, 'header_length', String(HEADER.size), 'version');
  const total = h.get('total_length');
  h.need(total === bytes.length, 'total_length', hex(bytes.length), 'length');
  h.want(total <= max && total % 8 === 0, 'total_length', `a multiple of 8 up to ${hex(max)}`, 'length');
  // Before what damage may have done to other fields; fcc_validate asks for it last, fcc_check not at all.
  h.want(h.get('checksum') === checksumOf(bytes), 'checksum', hex(checksumOf(bytes)), 'checksum');
  const arches = Object.keys(ARCHES) as Arch[];
  const arch = arches.find((a) => ARCHES[a] === h.get('arch'));
  h.want(arch !== undefined, 'arch', Object.values(ARCHES).join(', '), 'arch');
  for (const name of ['text_length', 'rodata_length', 'data_length', 'bss_length', 'frame_length'] as const) {
    h.need(h.get(name) <= max, name, `at most ${hex(max)}`);
    h.need(h.get(name) % 8 === 0, name, 'a multiple of 8');
  }
  h.need(h.get('entry_count') >= 1, 'entry_count', 'at least 1');
  h.max('entry_count', IMAGE_LIMITS.MAX_ENTRIES.value);
  h.max('import_count', IMAGE_LIMITS.MAX_IMPORTS.value);
  h.need(
    h.get('region_count') <= IMAGE_LIMITS.MAX_REGIONS.value,
    'region_count',
    `at most ${hex(IMAGE_LIMITS.MAX_REGIONS.value)}`,
  );
  h.max('stack_length', max);
  h.want((h.get('flags') & ~FLAG_FUELLED) === 0, 'flags', 'no bits but 0');
  h.want(
    (h.get('flags') === FLAG_FUELLED) === (h.get('worst_case') === UNKNOWN),
    'flags',
    'bit 0 set if and only if there is no worst case',
  );
  const context = h.get('context_length');
  h.want(context === UNKNOWN || context <= max, 'context_length', `at most ${hex(max)} or ${hex(UNKNOWN)}`);
  const align = CODE_ALIGN[arch ?? 'ebpf'];
  const text = h.get('text_length');
  h.want(h.get('trap_table') % align === 0, 'trap_table', `a multiple of ${align}`);
  h.max('trap_table', text);
  h.max('trap_count', Math.floor((text - h.get('trap_table')) / 4));
  return arch ?? 'ebpf';
}

/**
 * Reads and validates an image; nothing of it is used before it was checked. `bytes` must be exactly one image. The result
 * holds views into `bytes`. Throws CompileError FCC0601 to FCC0609 with the byte offset, what was expected and what is there.
 */
export function readImage(bytes: Uint8Array): Image {
  return read(bytes, true);
}

/** Throws as readImage does, but only for what fcc_check refuses too: the rules that a device relies on. */
export function checkImage(bytes: Uint8Array): void {
  read(bytes, false);
}

/** `all`: by the rules for readers as well. */
function read(bytes: Uint8Array, all: boolean): Image {
  if (bytes.length < HEADER.size)
    refuse('magic', 'header', 0, `at least ${HEADER.size} bytes`, `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const h = new Row(view, 0, HEADER_FIELDS, 'header', 'header', all);
  const arch = checkHeader(bytes, h);
  const contextAlign = h.align('context_align');
  const contextRights = h.rights('context_rights');

  const entryCount = h.get('entry_count');
  const importsAt = HEADER.size + entryCount * ENTRY_SIZE;
  const regionsAt = importsAt + h.get('import_count') * IMPORT.size;
  const tablesEnd = regionsAt + h.get('region_count') * REGION.size;
  const textOffset = Math.ceil(tablesEnd / 8) * 8;
  const rodataOffset = textOffset + h.get('text_length');
  const dataOffset = rodataOffset + h.get('rodata_length');
  const end = dataOffset + h.get('data_length');
  if (end !== bytes.length)
    refuse('length', 'sections', HEADER.offset.text_length, hex(bytes.length), `${hex(end)} by tables and sections`);
  for (let i = tablesEnd; i < textOffset && all; i++)
    if (bytes[i] !== 0) refuse('header', 'padding', i, 'zero', hex(bytes[i]!));

  const entries: (ImageEntry & { nameHash: number })[] = [];
  for (let i = 0; i < entryCount; i++) {
    const at = HEADER.size + i * ENTRY_SIZE;
    const e = new Row(view, at, ENTRY_FIELDS, 'entry', `entry[${i}]`, all);
    const offset = e.get('offset');
    const place = `a multiple of ${CODE_ALIGN[arch]} below ${hex(h.get('text_length'))}`;
    e.need(offset < h.get('text_length'), 'offset', place);
    e.want(offset % CODE_ALIGN[arch] === 0, 'offset', place);
    e.max('stack_length', h.get('stack_length'));
    e.max('worst_case', h.get('worst_case'));
    const name = readName(bytes, at + ENTRY.size, all);
    const nameHash = e.get('name_hash');
    // A name of full length may have been cut: its hash is then of the longer name.
    if (name.length < ENTRY_NAME_LENGTH - 1)
      e.want(nameHash === crc32Text(name), 'name_hash', `${hex(crc32Text(name))} (of ${name})`);
    e.want(!entries.some((o) => o.nameHash === nameHash), 'name_hash', 'a hash that no earlier entry has');
    const worst = e.get('worst_case');
    entries.push({
      name,
      nameHash,
      offset,
      worstCase: worst === UNKNOWN ? null : worst,
      stackLength: e.get('stack_length'),
    });
  }
  const imports: number[] = [];
  for (let at = importsAt; at < regionsAt; at += IMPORT.size) {
    const row = new Row(view, at, IMPORT_FIELDS, 'import', `import[${imports.length}]`, all);
    const id = row.get('id');
    row.want(id !== 0 && id < INTRINSIC_BASE + INTRINSICS.length, 'id', 'a helper id or a known intrinsic');
    imports.push(id);
  }
  const regions: ImageRegion[] = [];
  for (let at = regionsAt; at < tablesEnd; at += REGION.size) {
    const row = new Row(view, at, REGION_FIELDS, 'region', `region[${regions.length}]`, all);
    row.max('min_length', row.get('max_length'));
    row.want(row.get('reserved') === 0, 'reserved', 'zero');
    regions.push({
      minLength: row.get('min_length'),
      maxLength: row.get('max_length'),
      rights: row.rights('rights'),
      align: row.align('align'),
    });
  }
  const context = h.get('context_length');
  const worst = h.get('worst_case');
  return {
    bytes,
    arch,
    version: h.get('version'),
    checksum: h.get('checksum'),
    features: h.get('features'),
    contractHash: h.get('contract_hash'),
    contextAlign,
    contextRights,
    contextLength: context === UNKNOWN ? null : context,
    entries,
    imports,
    regions,
    text: bytes.subarray(textOffset, rodataOffset),
    rodata: bytes.subarray(rodataOffset, dataOffset),
    data: bytes.subarray(dataOffset, end),
    textOffset,
    rodataOffset,
    dataOffset,
    bssLength: h.get('bss_length'),
    frameLength: h.get('frame_length'),
    stackLength: h.get('stack_length'),
    fuelled: worst === UNKNOWN,
    worstCase: worst === UNKNOWN ? null : worst,
    trapTable: h.get('trap_table'),
    trapCount: h.get('trap_count'),
    instanceLength: instanceImportOffset(regions.length, imports.length),
    blockLength: h.get('data_length') + h.get('bss_length') + h.get('frame_length'),
  };
}

/**
 * The entry of a name: the whole one, also if the image keeps only its beginning, or the beginning that it keeps, if no other entry
 * has the same. Else undefined.
 */
export function findEntry(image: Image, name: string): (ImageEntry & { readonly nameHash: number }) | undefined {
  const hash = crc32Text(name);
  const kept = image.entries.filter((e) => e.name === name);
  return image.entries.find((e) => e.nameHash === hash) ?? (kept.length === 1 ? kept[0] : undefined);
}
