// SPDX-License-Identifier: MIT
import { type ElfObject, MAX_BYTES, type Relocation, type Section, SHF, SHT, STT } from '../elf/elf.js';
import { CompileError } from '../errors/index.js';
import { FUNCTION_TAG, type GlobalRef, type Globals } from './program.js';

/** Relocation of the BPF psABI for a word of 8 bytes that holds an address. */
export const R_BPF_64_ABS64 = 2;

export interface Placed {
  readonly globals: Globals;
  /** Block and offset of a data section's first byte, by section index. */
  readonly bases: ReadonlyMap<number, GlobalRef>;
}

/** Loaded sections that hold metadata for other loaders, not variables. */
const METADATA = new Set(['license', 'version', 'maps', '.maps', '.ksyms', '.kconfig', '.eh_frame', '.llvm_addrsig']);

export function isMapSection(name: string): boolean {
  return name === 'maps' || name === '.maps' || name.startsWith('maps/');
}

function isVariables(s: Section): boolean {
  const kind = s.type === SHT.PROGBITS || s.type === SHT.NOBITS;
  const loaded = (s.flags & SHF.ALLOC) !== 0 && (s.flags & SHF.EXEC) === 0;
  return kind && loaded && s.size > 0 && !METADATA.has(s.name) && !isMapSection(s.name);
}

/** Blocks are 8-aligned, and no eBPF access is wider: a larger alignment has no use. */
const MAX_ALIGN = 8;
const alignUp = (n: number, to: number): number => Math.ceil(n / to) * to;

/** Puts sections one behind the other, each at its alignment, the whole padded to 8. Returns the end. */
function place(
  sections: readonly Section[],
  block: 'data' | 'rodata',
  from: number,
  rows: Globals['sections'][number][],
  bases: Map<number, GlobalRef>,
): number {
  let end = from;
  for (const s of sections) {
    const offset = alignUp(end, Math.max(1, Math.min(s.align, MAX_ALIGN)));
    rows.push({ name: s.name, block, offset, length: s.size });
    bases.set(s.index, { block, offset });
    end = offset + s.size;
  }
  return alignUp(end, MAX_ALIGN);
}

/** The function whose address a relocated word holds: the word itself is the addend. */
function storedFunction(
  section: Section,
  { offset, symbol }: Relocation,
  funcAt: (section: number, offset: number) => number | undefined,
): number | undefined {
  if (offset % 8 !== 0 || offset + 8 > section.data.length) return undefined;
  const view = new DataView(section.data.buffer, section.data.byteOffset, section.data.byteLength);
  const at = BigInt(symbol.value) + view.getBigUint64(offset, true);
  return at <= BigInt(Number.MAX_SAFE_INTEGER) ? funcAt(symbol.section, Number(at)) : undefined;
}

/**
 * Lays out the variables: writable sections with contents, then zeroed ones, in the data block; read-only ones in rodata.
 * Words that hold a function's address get its number. Sections with other addresses are left out (`relocate.ts` refuses
 * references to them).
 * @param funcAt  index of the function that starts at a byte offset of a section
 * @throws CompileError FCC0212
 */
export function placeGlobals(
  object: ElfObject,
  funcAt: (section: number, offset: number) => number | undefined,
): Placed {
  const pointersOf = (s: Section): { offset: number; func: number }[] | null => {
    const found = (object.relocations.get(s.index) ?? []).map((r) => ({
      offset: r.offset,
      func: r.type === R_BPF_64_ABS64 && s.type === SHT.PROGBITS ? storedFunction(s, r, funcAt) : undefined,
    }));
    return found.every((p): p is { offset: number; func: number } => p.func !== undefined) ? found : null;
  };
  const stored = new Map(object.sections.map((s) => [s, isVariables(s) ? pointersOf(s) : null]));
  const variables = object.sections.filter((s) => stored.get(s));
  const writable = variables.filter((s) => (s.flags & SHF.WRITE) !== 0);
  const total = variables.reduce((sum, s) => sum + s.size, 0);
  if (total > MAX_BYTES) {
    throw new CompileError('FCC0212', `${total} bytes of variables, at most ${MAX_BYTES} are accepted`, {
      at: { file: object.file },
    });
  }
  const sections: Globals['sections'][number][] = [];
  const bases = new Map<number, GlobalRef>();
  const inFile = (s: Section): boolean => s.type === SHT.PROGBITS;
  const dataEnd = place(writable.filter(inFile), 'data', 0, sections, bases);
  const bssEnd = place(
    writable.filter((s) => !inFile(s)),
    'data',
    dataEnd,
    sections,
    bases,
  );
  const readOnly = variables.filter((s) => (s.flags & SHF.WRITE) === 0);
  const rodataEnd = place(readOnly, 'rodata', 0, sections, bases);
  const pointers: NonNullable<Globals['pointers']>[number][] = [];
  const data = new Uint8Array(dataEnd);
  const rodata = new Uint8Array(rodataEnd);
  for (const s of variables) {
    const base = bases.get(s.index)!;
    const bytes = base.block === 'data' ? data : rodata;
    if (inFile(s)) bytes.set(s.data, base.offset);
    for (const { offset, func } of stored.get(s)!) {
      new DataView(bytes.buffer).setBigUint64(base.offset + offset, FUNCTION_TAG + BigInt(func), true);
      pointers.push({ block: base.block, offset: base.offset + offset, func });
    }
  }
  const symbols = object.symbols.flatMap((s) => {
    const base = bases.get(s.section);
    const named = s.name !== '' && (s.type === STT.OBJECT || s.type === STT.NOTYPE);
    return base && named ? [{ name: s.name, block: base.block, offset: base.offset + s.value, length: s.size }] : [];
  });
  return { globals: { data, bssLength: bssEnd - dataEnd, rodata, sections, symbols, pointers }, bases };
}
