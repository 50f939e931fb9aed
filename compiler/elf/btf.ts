// SPDX-License-Identifier: MIT
import { Bytes } from './bytes.js';
import type { ElfObject, Section } from './elf.js';

/** A source position from .BTF.ext; `text` is the line itself, cut at MAX_TEXT bytes. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

const BTF_MAGIC = 0xeb9f;
const BTF_MAGIC_SWAPPED = 0x9feb;
const BTF_VERSION = 1;
/** Up to the string section's length; up to the line info's length. Longer headers are later versions of the same. */
export const BTF_HEADER = 24;
const EXT_HEADER = 24;
const LINE_RECORD = 16;
const MAX_RECORD = 256;
const MAX_FILE_NAME = 4096;
const MAX_TEXT = 256;

/** A section of that name that holds something. */
export function only(object: ElfObject, name: string): Section | undefined {
  return object.sections.find((s) => s.name === name && s.data.length > 0);
}

/** Checks magic, byte order and version, and returns the header's length. */
export function header(view: Bytes, least: number): number {
  const magic = view.u16(0);
  if (magic === BTF_MAGIC_SWAPPED) view.fail('byte order is big-endian', 0);
  if (magic !== BTF_MAGIC) view.fail(`magic number 0x${magic.toString(16)}`, 0);
  if (view.u8(2) !== BTF_VERSION) view.fail(`version ${view.u8(2)}`, 2);
  const length = view.u32(4);
  if (length < least) view.fail(`header of ${length} bytes`, 4);
  view.check(0, length);
  return length;
}

/**
 * Line info by index of the program section: pairs of byte offset in the section and source position, in file order.
 * Empty without .BTF and .BTF.ext (compiled without -g).
 * @throws CompileError FCC0210 if either section is malformed
 */
export function readLineInfo(object: ElfObject): Map<number, [number, SourceLine][]> {
  const found = new Map<number, [number, SourceLine][]>();
  const btfSection = only(object, '.BTF');
  const extSection = only(object, '.BTF.ext');
  if (!btfSection || !extSection) return found;

  const btf: Bytes = new Bytes(btfSection.data, 'FCC0210', '.BTF', object.file);
  const btfHeader = header(btf, BTF_HEADER);
  const strings = btf.part(btfHeader + btf.u32(16), btf.u32(20), '.BTF strings');
  const names = new Map<number, string>();
  const fileName = (at: number): string => {
    let name = names.get(at);
    if (name === undefined) {
      name = strings.text(at, MAX_FILE_NAME);
      names.set(at, name);
    }
    return name;
  };

  const ext: Bytes = new Bytes(extSection.data, 'FCC0210', '.BTF.ext', object.file);
  const extHeader = header(ext, EXT_HEADER);
  const info: Bytes = ext.part(extHeader + ext.u32(16), ext.u32(20), '.BTF.ext line info');
  if (info.length === 0) return found;
  const record = info.u32(0);
  if (record < LINE_RECORD || record > MAX_RECORD || record % 4 !== 0) info.fail(`records of ${record} bytes`, 0);
  const programs = sectionsByName(object);
  for (let at = 4; at < info.length; ) {
    const name = fileName(info.u32(at));
    const count = info.u32(at + 4);
    at += 8;
    info.check(at, count * record);
    const section = programs.get(name);
    // Two sections of one name cannot be told apart here, and code that was dropped has no section: no lines then.
    if (!section) {
      at += count * record;
      continue;
    }
    const list: [number, SourceLine][] = found.get(section.index) ?? [];
    found.set(section.index, list);
    for (let i = 0; i < count; i++, at += record) {
      const offset = info.u32(at);
      if (offset % 8 !== 0 || offset >= section.size) info.fail(`offset ${offset} is no instruction of ${name}`, at);
      const position = info.u32(at + 12);
      const file = fileName(info.u32(at + 4));
      const text = strings.textCut(info.u32(at + 8), MAX_TEXT);
      list.push([offset, { file, line: position >>> 10, column: position & 0x3ff, text }]);
    }
  }
  return found;
}

function sectionsByName(object: ElfObject): Map<string, Section> {
  const byName = new Map<string, Section>();
  const twice = new Set<string>();
  for (const s of object.sections) {
    if (byName.has(s.name)) twice.add(s.name);
    byName.set(s.name, s);
  }
  for (const name of twice) byName.delete(name);
  return byName;
}
