// SPDX-License-Identifier: MIT
import type { Program } from '../bpf/program.js';
import { type ElfObject, SHF, SHT, STB, STT } from '../elf/elf.js';

/** ELF64 (System V gABI): lengths of the header, of a section's header, of a symbol. */
const ELF_HEADER = 64;
const SECTION_HEADER = 64;
const SYMBOL = 24;

const aligned = (n: number, to: number): number => Math.ceil(n / Math.max(to, 1)) * Math.max(to, 1);

/** Bytes of a string table: each string once, none where it is the end of another. */
function stringsLength(names: readonly string[]): number {
  const all = [...new Set(names)].filter((name) => name !== '');
  const kept = all.filter((name) => !all.some((other) => other !== name && other.endsWith(name)));
  return 1 + kept.reduce((n, name) => n + name.length + 1, 0);
}

/**
 * Bytes of an object without all that a loader does not ask for: information for debuggers, BTF, local labels. As
 * `llvm-strip --strip-unneeded` leaves it if it is told to remove .BTF and .llvm_addrsig as well.
 */
export function strippedLength({ sections, symbols, relocations }: ElfObject): number {
  const loaded = sections.filter((s) => (s.flags & SHF.ALLOC) !== 0);
  const relocating = sections.filter((s) => s.type === SHT.REL && relocations.has(s.info));
  const wanted = new Set([...relocations.values()].flat().map((r) => r.symbol.index));
  const here = new Set(loaded.map((s) => s.index));
  const kept = symbols.filter(
    (s) => wanted.has(s.index) || (s.index > 0 && s.binding !== STB.LOCAL && here.has(s.section)),
  );
  const names = [
    ...[...loaded, ...relocating].map((s) => s.name),
    ...['.strtab', '.symtab'],
    ...kept.filter((s) => s.type !== STT.SECTION).map((s) => s.name),
  ];
  let at = ELF_HEADER;
  for (const s of loaded) if (s.type !== SHT.NOBITS) at = aligned(at, s.align) + s.size;
  at = aligned(at, 8) + SYMBOL * (1 + kept.length);
  for (const s of relocating) at = aligned(at, s.align) + s.size;
  at += stringsLength(names);
  // The first header is empty; two belong to the tables of strings and symbols.
  return aligned(at, 8) + SECTION_HEADER * (1 + loaded.length + relocating.length + 2);
}

/** Femto-Containers' header, and a row of its table of functions. */
const RBPF_HEADER = 28;
const RBPF_FUNCTION = 6;

/**
 * Bytes of a program as an image of Femto-Containers: header, data with zeroed variables, rodata with the names of the entries, text, table
 * of functions (the format: bpf/rbpf.ts). null: it needs addresses of functions, which the format has not.
 */
export function rbpfLength({ functions, globals, entries }: Program): number | null {
  if ((globals.pointers ?? []).length > 0) return null;
  if (functions.some((f) => f.insns.some((i) => i.kind === 'funcaddr'))) return null;
  const names = entries.reduce((n, e) => n + functions[e]!.name.length + 1, 0);
  const text = functions.reduce((n, f) => n + f.bytes.length, 0);
  const data = aligned(globals.data.length + globals.bssLength, 8);
  return RBPF_HEADER + data + aligned(globals.rodata.length + names, 8) + text + RBPF_FUNCTION * entries.length;
}
