// SPDX-License-Identifier: MIT
import elfy from 'elfy';
import { CompileError } from '../errors/index.js';
import { Bytes } from './bytes.js';

/** ELF constants used by the loader (System V gABI; values of the BPF psABI). */
export const SHT = { PROGBITS: 1, SYMTAB: 2, STRTAB: 3, RELA: 4, NOBITS: 8, REL: 9 } as const;
export const SHF = { WRITE: 1, ALLOC: 2, EXEC: 4 } as const;
export const SHN = { UNDEF: 0, ABS: 0xfff1, COMMON: 0xfff2 } as const;
export const STT = { NOTYPE: 0, OBJECT: 1, FUNC: 2, SECTION: 3 } as const;
export const STB = { LOCAL: 0, GLOBAL: 1, WEAK: 2 } as const;

const EM_BPF = 247;
const ET_REL = 1;
const HEADER_SIZE = 64;
const SECTION_SIZE = 64;
const SYMBOL_SIZE = 24;
const REL_SIZE = 16;

/** Bounds on what is read, so that a few bytes of input cannot ask for much time or memory. */
const MAX_SECTIONS = 8192;
const MAX_SYMBOLS = 200_000;
const MAX_NAME = 1024;
/** Length of all section names together; elfy reads each of them by a scan of the table. */
const MAX_NAMES = 1 << 20;
/** Largest file, and largest zeroed section. A microcontroller's flash is a fraction of it. */
export const MAX_BYTES = 64 << 20;

export interface Section {
  readonly index: number;
  readonly name: string;
  /** SHT_* and SHF_* numbers. */
  readonly type: number;
  readonly flags: number;
  /** Bytes in the file (for NOBITS: of zeros), and the contents (empty for NOBITS). */
  readonly offset: number;
  readonly size: number;
  readonly data: Uint8Array;
  readonly link: number;
  readonly info: number;
  readonly align: number;
}

export interface ElfSymbol {
  readonly index: number;
  readonly name: string;
  readonly binding: number;
  readonly type: number;
  /** STV_HIDDEN or STV_INTERNAL. */
  readonly hidden: boolean;
  /** Section index, or SHN.UNDEF, SHN.ABS, SHN.COMMON. */
  readonly section: number;
  /** Offset in the section, and length in bytes (0: unknown). */
  readonly value: number;
  readonly size: number;
}

export interface Relocation {
  /** Offset in the section that is relocated. */
  readonly offset: number;
  readonly type: number;
  readonly symbol: ElfSymbol;
}

export interface ElfObject {
  readonly file: string;
  readonly sections: readonly Section[];
  readonly symbols: readonly ElfSymbol[];
  /** REL entries by index of the section that they relocate, in file order. */
  readonly relocations: ReadonlyMap<number, readonly Relocation[]>;
}

/** The few Buffer methods that elfy calls, over a plain byte array, so that it also runs where Node's Buffer is absent. */
class ElfyBytes extends Uint8Array {
  override slice(start?: number, end?: number): ElfyBytes {
    return super.subarray(start, end) as ElfyBytes;
  }
  override toString(): string {
    return new TextDecoder().decode(this);
  }
  readUInt16LE(offset: number): number {
    return new DataView(this.buffer, this.byteOffset, this.byteLength).getUint16(offset, true);
  }
  readUInt32LE(offset: number): number {
    return new DataView(this.buffer, this.byteOffset, this.byteLength).getUint32(offset, true);
  }
}

/** Checks the identification and the header's table bounds. Returns the number of sections. */
function checkHeader(file: Bytes, name: string): number {
  const bad = (expected: string, got: string): never => {
    throw new CompileError('FCC0201', `not an eBPF ELF object: ${got}`, {
      at: { file: name, offset: 0 },
      expected,
      got,
    });
  };
  if (file.length < HEADER_SIZE) bad(`an ELF header of ${HEADER_SIZE} bytes`, `a file of ${file.length} bytes`);
  if (file.u32(0) === 0xdec04342)
    bad('an object', 'LLVM bitcode, as rustc writes it: make an object with bpf-linker or llc');
  if (file.u32(0) !== 0x464c457f) bad('the ELF magic number', 'no ELF magic number');
  if (file.u8(4) !== 2) bad('a 64-bit object', 'ELF class is not 64-bit');
  if (file.u8(5) !== 1) bad('a little-endian object', 'byte order is not little-endian (clang: -target bpfel)');
  if (file.u16(16) !== ET_REL) bad('a relocatable object (type 1)', `ELF type ${file.u16(16)}`);
  if (file.u16(18) !== EM_BPF) bad('machine 247 (BPF)', `machine ${file.u16(18)}`);
  if (file.u16(56) !== 0) bad('no program headers', 'program headers');
  if (file.u16(58) !== SECTION_SIZE)
    file.fail(`section headers of ${file.u16(58)} bytes instead of ${SECTION_SIZE}`, 58);
  const count = file.u16(60);
  if (count === 0) file.fail('no sections', 60);
  if (count > MAX_SECTIONS) {
    throw new CompileError('FCC0212', `${count} sections, at most ${MAX_SECTIONS} are accepted`, {
      at: { file: name },
    });
  }
  if (file.u16(62) >= count) file.fail(`section name table ${file.u16(62)} of ${count} sections`, 62);
  const table = file.u64(40);
  if (table < HEADER_SIZE) file.fail('section headers inside the file header', 40);
  file.check(table, count * SECTION_SIZE);
  return count;
}

type RawSection = Omit<Section, 'data' | 'name'> & { readonly nameOffset: number };

/** Reads the section headers and checks every bound that elfy takes on trust. */
function checkSections(file: Bytes, name: string, count: number): RawSection[] {
  const table = file.u64(40);
  const raw: RawSection[] = [];
  for (let index = 0; index < count; index++) {
    const at = table + index * SECTION_SIZE;
    const type = file.u32(at + 4);
    const offset = file.u64(at + 24);
    const size = file.u64(at + 32);
    const align = file.u64(at + 48);
    if (type !== SHT.NOBITS) file.check(offset, size);
    if (size > MAX_BYTES) {
      throw new CompileError('FCC0212', `section ${index} has ${size} bytes, at most ${MAX_BYTES} are accepted`, {
        at: { file: name, offset: at },
      });
    }
    if (align > 1 && (align & (align - 1)) !== 0) file.fail(`alignment ${align} is not a power of two`, at + 48);
    raw.push({
      index,
      nameOffset: file.u32(at),
      type,
      flags: file.u32(at + 8),
      offset,
      size,
      link: file.u32(at + 40),
      info: file.u32(at + 44),
      align,
    });
  }
  const spans = raw.filter((s) => s.type !== SHT.NOBITS && s.size > 0).sort((a, b) => a.offset - b.offset);
  for (const [i, s] of spans.entries()) {
    const next = spans[i + 1];
    if (next && next.offset < s.offset + s.size)
      file.fail(`sections ${s.index} and ${next.index} overlap`, next.offset);
  }
  const names = raw[file.u16(62)]!;
  if (names.type !== SHT.STRTAB) file.fail('the section name table is no string table', 62);
  const strings = file.part(names.offset, names.size, 'section name table');
  let total = 0;
  for (const s of raw) total += strings.text(s.nameOffset, MAX_NAME).length;
  if (total > MAX_NAMES) file.fail('section names are too long');
  return raw;
}

function readSections(bytes: Uint8Array, raw: readonly RawSection[]): Section[] {
  const parsed = elfy.parse(new ElfyBytes(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength)).body
    .sections;
  return raw.map((r) => {
    const { nameOffset: _, ...own } = r;
    const s = parsed[r.index];
    // elfy and the checks above read the same fields twice; a difference would be a bug in one of them.
    if (!s || s.off !== r.offset || s.size !== r.size) throw new Error(`elfy disagrees about section ${r.index}`);
    return {
      ...own,
      name: s.name,
      data: r.type === SHT.NOBITS ? new Uint8Array(0) : bytes.subarray(s.off, s.off + s.data.length),
    };
  });
}

function readSymbols(file: string, sections: readonly Section[]): ElfSymbol[] {
  const tables = sections.filter((s) => s.type === SHT.SYMTAB);
  const table = tables[0];
  if (!table) return [];
  const view: Bytes = new Bytes(table.data, 'FCC0203', 'symbol table', file);
  if (tables.length > 1) view.fail('there are several');
  if (view.length % SYMBOL_SIZE !== 0) view.fail(`length ${view.length} is not a multiple of ${SYMBOL_SIZE}`);
  const count = view.length / SYMBOL_SIZE;
  if (count > MAX_SYMBOLS) {
    throw new CompileError('FCC0212', `${count} symbols, at most ${MAX_SYMBOLS} are accepted`, { at: { file } });
  }
  const stringTable = sections[table.link];
  if (stringTable?.type !== SHT.STRTAB) view.fail(`section ${table.link} is not its string table`);
  const strings = new Bytes(stringTable.data, 'FCC0203', 'symbol names', file);
  const symbols: ElfSymbol[] = [];
  for (let index = 0; index < count; index++) {
    const at = index * SYMBOL_SIZE;
    const info = view.u8(at + 4);
    const section = view.u16(at + 6);
    const value = view.u64(at + 8);
    const size = view.u64(at + 16);
    const ordinary = section > 0 && section < 0xff00;
    const home = ordinary ? sections[section] : undefined;
    if (ordinary && !home) view.fail(`symbol ${index} is in section ${section} of ${sections.length}`, at);
    if (home && (value > home.size || size > home.size - value)) {
      view.fail(`symbol ${index} lies outside of section ${home.name}`, at);
    }
    symbols.push({
      index,
      name: strings.text(view.u32(at), 4096),
      binding: info >> 4,
      type: info & 15,
      hidden: (view.u8(at + 5) & 3) === 1 || (view.u8(at + 5) & 3) === 2,
      section,
      value,
      size,
    });
  }
  return symbols;
}

/** Relocations of the sections that are loaded (SHF_ALLOC); those of debug sections are of no interest. */
function readRelocations(
  file: string,
  sections: readonly Section[],
  symbols: readonly ElfSymbol[],
): Map<number, Relocation[]> {
  const found = new Map<number, Relocation[]>();
  for (const s of sections) {
    if (s.type !== SHT.REL && s.type !== SHT.RELA) continue;
    const view: Bytes = new Bytes(s.data, 'FCC0204', `relocations ${s.name}`, file);
    const target = sections[s.info];
    if (!target) view.fail(`section ${s.info} does not exist`);
    if ((target.flags & SHF.ALLOC) === 0) continue;
    if (s.type === SHT.RELA) {
      throw new CompileError('FCC0205', `relocations ${s.name} have addends of their own (RELA)`, {
        at: { file, section: target.name },
        expected: 'relocations of kind REL, as clang and rustc write them',
      });
    }
    if (target.type === SHT.NOBITS) view.fail(`section ${target.name} has no contents`);
    if (sections[s.link]?.type !== SHT.SYMTAB) view.fail(`section ${s.link} is not a symbol table`);
    if (view.length % REL_SIZE !== 0) view.fail(`length ${view.length} is not a multiple of ${REL_SIZE}`);
    if (found.has(target.index)) view.fail(`section ${target.name} is relocated twice`);
    const list: Relocation[] = [];
    for (let at = 0; at < view.length; at += REL_SIZE) {
      const offset = view.u64(at);
      const symbol = symbols[view.u32(at + 12)];
      if (!symbol) view.fail(`symbol ${view.u32(at + 12)} of ${symbols.length}`, at);
      if (offset >= target.size) view.fail(`offset ${offset} lies outside of section ${target.name}`, at);
      list.push({ offset, type: view.u32(at + 8), symbol });
    }
    found.set(target.index, list);
  }
  return found;
}

/**
 * Reads an eBPF ELF object. Every offset, length, count and index in the result has been checked against what it refers to.
 * @throws CompileError FCC0201..FCC0205, FCC0212; never anything else for any input bytes.
 */
export function readElf(bytes: Uint8Array, file: string): ElfObject {
  if (bytes.length > MAX_BYTES) {
    throw new CompileError('FCC0212', `${bytes.length} bytes, at most ${MAX_BYTES} are accepted`, { at: { file } });
  }
  const view: Bytes = new Bytes(bytes, 'FCC0202', 'ELF object', file);
  const raw = checkSections(view, file, checkHeader(view, file));
  const sections = readSections(bytes, raw);
  const symbols = readSymbols(file, sections);
  return { file, sections, symbols, relocations: readRelocations(file, sections, symbols) };
}
