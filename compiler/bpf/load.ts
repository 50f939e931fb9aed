// SPDX-License-Identifier: MIT
import { readLineInfo } from '../elf/btf.js';
import { type ElfObject, type ElfSymbol, readElf, type Section, SHF, SHT, STB, STT } from '../elf/elf.js';
import { CompileError } from '../errors/index.js';
import { decodeFunction } from './decode.js';
import { type Placed, placeGlobals } from './globals.js';
import type { LineInfo, Program } from './program.js';
import { resolveReferences, type Span } from './relocate.js';

export { rawProgram } from './raw.js';

const MAX_FUNCTIONS = 10_000;

/** Whether the section holds code that a toolchain places by itself, and not by SEC("..."). */
function isText(section: Section): boolean {
  return section.name === '.text' || section.name.startsWith('.text.');
}

function isGlobal(s: ElfSymbol): boolean {
  return s.binding !== STB.LOCAL && !s.hidden;
}

/** Splits a program section at its function symbols. Code before the first, or without any, is a function of its own. */
function splitSection(object: ElfObject, section: Section, symbols: readonly ElfSymbol[], first: number): Span[] {
  const where = { file: object.file, section: section.name };
  let marks = symbols.filter((s) => s.type === STT.FUNC);
  // Hand-written assembly without .type: its global labels are the functions.
  if (marks.length === 0) marks = symbols.filter((s) => s.type === STT.NOTYPE && s.binding !== STB.LOCAL);
  // Of several names for one place the global one counts, then the first.
  const heads = new Map<number, ElfSymbol | undefined>();
  for (const s of marks) {
    const known = heads.get(s.value);
    if (!known || (!isGlobal(known) && isGlobal(s))) heads.set(s.value, s);
  }
  if (!heads.has(0)) heads.set(0, undefined);
  const starts = [...heads.keys()].sort((a, b) => a - b);
  return starts.map((start, i) => {
    const symbol = heads.get(start);
    const limit = starts[i + 1] ?? section.size;
    const end = symbol && symbol.size > 0 ? start + symbol.size : limit;
    if (start % 8 !== 0 || end > limit || start >= section.size) {
      throw new CompileError('FCC0203', `function ${symbol?.name ?? section.name} does not fit its section`, {
        at: { ...where, offset: start },
        expected: `a multiple of 8, ending at ${limit} at the latest`,
        got: `[${start}, ${end})`,
      });
    }
    return {
      index: first + i,
      name: symbol?.name || `${section.name}+${start}`,
      section,
      start,
      end,
      global: symbol !== undefined && isGlobal(symbol),
    };
  });
}

function findFunctions(object: ElfObject): Span[] {
  const spans: Span[] = [];
  const bySection = new Map<number, ElfSymbol[]>();
  for (const s of object.symbols) {
    const list = bySection.get(s.section);
    if (list) list.push(s);
    else bySection.set(s.section, [s]);
  }
  for (const section of object.sections) {
    if (section.type !== SHT.PROGBITS || (section.flags & SHF.EXEC) === 0 || section.size === 0) continue;
    if (section.size % 8 !== 0) {
      throw new CompileError('FCC0312', `section ${section.name} has ${section.size} bytes`, {
        at: { file: object.file, section: section.name },
        expected: 'a multiple of 8 bytes',
      });
    }
    spans.push(...splitSection(object, section, bySection.get(section.index) ?? [], spans.length));
  }
  if (spans.length > MAX_FUNCTIONS) {
    throw new CompileError('FCC0212', `${spans.length} functions, at most ${MAX_FUNCTIONS} are accepted`, {
      at: { file: object.file },
    });
  }
  return spans;
}

/** Global functions of named program sections; of .text only if no named section has one. */
function findEntries(object: ElfObject, spans: readonly Span[]): number[] {
  const globals = spans.filter((s) => s.global);
  const named = globals.filter((s) => !isText(s.section));
  const entries = (named.length > 0 ? named : globals).map((s) => s.index);
  if (entries.length > 0) return entries;
  throw new CompileError('FCC0211', 'no program in the object', {
    at: { file: object.file },
    expected: 'a global function in an executable section',
    got: spans.length === 0 ? 'no executable section' : `only static functions: ${spans[0]!.name}`,
  });
}

/** Line info of each span by slot; spans of a section are ascending. */
function linesOf(
  spans: readonly Span[],
  bySection: ReadonlyMap<number, [number, LineInfo][]>,
): Map<number, LineInfo>[] {
  const lines = spans.map(() => new Map<number, LineInfo>());
  for (const [section, list] of bySection) {
    const own = spans.filter((s) => s.section.index === section);
    const sorted = [...list].sort((a, b) => a[0] - b[0]);
    let next = 0;
    for (const span of own) {
      for (; next < sorted.length && sorted[next]![0] < span.end; next++) {
        const [offset, line] = sorted[next]!;
        if (offset >= span.start) lines[span.index]!.set((offset - span.start) / 8, line);
      }
    }
  }
  return lines;
}

/**
 * Reads an ELF object of clang or rustc: functions with relocations resolved, entries, globals, line info.
 * @param fileName  what messages call the object
 * @throws CompileError FCC02xx or FCC03xx; never anything else for any input bytes
 */
export function loadProgram(bytes: Uint8Array, fileName: string): Program {
  const object = readElf(bytes, fileName);
  const spans = findFunctions(object);
  const entries = findEntries(object, spans);
  const lines = linesOf(spans, readLineInfo(object));
  const heads = new Map(spans.map((s) => [`${s.section.index}:${s.start}`, s.index]));
  const placed: Placed = placeGlobals(object, (section, offset) => heads.get(`${section}:${offset}`));
  const resolved = resolveReferences(object, spans, lines, placed);
  const functions = spans.map((s, i) =>
    decodeFunction({
      index: s.index,
      name: s.name,
      section: s.section.name,
      file: fileName,
      lines: lines[i]!,
      ...resolved[i]!,
    }),
  );
  return { functions, entries, globals: placed.globals, origin: 'elf' };
}
