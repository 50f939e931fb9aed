// SPDX-License-Identifier: MIT
import { type ElfObject, MAX_BYTES, type Section, SHF, SHT, STT } from '../elf/elf.js';
import { CompileError } from '../errors/index.js';
import type { GlobalRef, Globals } from './program.js';

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

/**
 * Lays out the variables: writable sections with contents, then zeroed ones, in the data block; read-only ones in rodata.
 * Sections whose words hold addresses are left out (`relocate.ts` refuses references to them).
 * @throws CompileError FCC0212
 */
export function placeGlobals(object: ElfObject): Placed {
  const variables = object.sections.filter((s) => isVariables(s) && !object.relocations.get(s.index)?.length);
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
  const data = new Uint8Array(dataEnd);
  const rodata = new Uint8Array(rodataEnd);
  for (const s of variables) {
    const base = bases.get(s.index)!;
    if (inFile(s)) (base.block === 'data' ? data : rodata).set(s.data, base.offset);
  }
  const symbols = object.symbols.flatMap((s) => {
    const base = bases.get(s.section);
    const named = s.name !== '' && (s.type === STT.OBJECT || s.type === STT.NOTYPE);
    return base && named ? [{ name: s.name, block: base.block, offset: base.offset + s.value, length: s.size }] : [];
  });
  return { globals: { data, bssLength: bssEnd - dataEnd, rodata, sections, symbols }, bases };
}
