// SPDX-License-Identifier: MIT
import { type ElfObject, type ElfSymbol, type Relocation, type Section, SHF, SHN, SHT } from '../elf/elf.js';
import { CompileError, type ErrorCode, type ErrorDetails } from '../errors/index.js';
import { placeOf, type Reference } from './decode.js';
import { isMapSection, type Placed, R_BPF_64_ABS64 } from './globals.js';
import { fieldsAt, OP_CALL, OP_LDDW, SRC_LOCAL } from './isa.js';
import type { LineInfo } from './program.js';
import { scanCode } from './raw.js';

/** A function's place in its section, before decoding. */
export interface Span {
  readonly index: number;
  readonly name: string;
  readonly section: Section;
  /** Byte offsets in the section. */
  readonly start: number;
  readonly end: number;
  /** Global and visible: a hook may start it. */
  readonly global: boolean;
}

/** Relocation types of the BPF psABI that occur in loaded sections. */
const R_BPF_64_64 = 1;
const R_BPF_64_ABS32 = 3;
const R_BPF_64_32 = 10;
const NAMES: Record<number, string> = {
  [R_BPF_64_64]: 'R_BPF_64_64',
  [R_BPF_64_ABS64]: 'R_BPF_64_ABS64',
  [R_BPF_64_ABS32]: 'R_BPF_64_ABS32',
  4: 'R_BPF_64_NODYLD32',
  [R_BPF_64_32]: 'R_BPF_64_32',
};

/** A function's bytes with what its calls and 64-bit loads refer to, by slot. */
export interface Resolved {
  readonly bytes: Uint8Array;
  readonly calls: ReadonlyMap<number, number>;
  readonly references: ReadonlyMap<number, Reference>;
}

class Resolver {
  /** Function index by section index and byte offset of its start. */
  private readonly heads = new Map<number, Map<number, number>>();

  constructor(
    private readonly object: ElfObject,
    spans: readonly Span[],
    private readonly placed: Placed,
  ) {
    for (const s of spans) {
      const own = this.heads.get(s.section.index) ?? new Map<number, number>();
      own.set(s.start, s.index);
      this.heads.set(s.section.index, own);
    }
  }

  resolve(span: Span, lines: ReadonlyMap<number, LineInfo>): Resolved {
    const code = span.section.data.subarray(span.start, span.end);
    const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
    const fail = (slot: number, code: ErrorCode, message: string, details: ErrorDetails = {}): never => {
      const place = placeOf({ file: this.object.file, name: span.name, section: span.section.name, lines }, slot);
      throw new CompileError(code, message, { ...place, ...details });
    };
    const calls = new Map<number, number>();
    const references = new Map<number, Reference>();
    const { refs, starts } = scanCode(code);
    const relocated = new Set<number>();

    for (const r of this.relocationsIn(span)) {
      const slot = Math.floor((r.offset - span.start) / 8);
      const bad = (message: string): never => fail(slot, 'FCC0204', `relocation at offset ${r.offset}: ${message}`);
      if (r.offset % 8 !== 0) bad('not at the start of a slot');
      if (starts[slot] !== 1) bad('not at the start of an instruction');
      if (relocated.has(slot)) bad('the instruction is relocated twice');
      relocated.add(slot);
      const f = fieldsAt(view, slot);
      if (r.type === R_BPF_64_64) {
        if (f.opcode !== OP_LDDW || slot + 1 >= starts.length) bad('not on a 64-bit immediate load');
        if (f.src !== 0) bad(`on a 64-bit immediate load with source field ${f.src}`);
        const high = fieldsAt(view, slot + 1).imm;
        // clang leaves the upper half zero for any offset in a section; the psABI lets it carry a negative addend.
        const addend = high === 0 ? f.imm >>> 0 : high === -1 && f.imm < 0 ? f.imm : Number.NaN;
        references.set(
          slot,
          this.reference(r.symbol, addend, (...a) => fail(slot, ...a)),
        );
      } else if (r.type === R_BPF_64_32) {
        if (f.opcode !== OP_CALL || f.src !== SRC_LOCAL) bad('not on a local call');
        calls.set(
          slot,
          this.callee(r.symbol, f.imm, (...a) => fail(slot, ...a)),
        );
      } else {
        fail(slot, 'FCC0205', `relocation ${NAMES[r.type] ?? `type ${r.type}`} in code`);
      }
    }
    for (const ref of refs) {
      if (relocated.has(ref.slot)) continue;
      const func = this.heads.get(span.section.index)!.get(span.start + ref.target * 8);
      if (func === undefined) {
        fail(
          ref.slot,
          'FCC0313',
          `${ref.kind === 'call' ? 'call' : 'code address'} does not reach the start of a function`,
        );
      } else if (ref.kind === 'call') calls.set(ref.slot, func);
      else references.set(ref.slot, { kind: 'funcaddr', func });
    }
    return { bytes: code.slice(), calls, references };
  }

  /** Relocations of the span's section by ascending offset, computed once per section. */
  private relocationsIn(span: Span): readonly Relocation[] {
    const key = span.section.index;
    let sorted = this.sorted.get(key);
    if (!sorted) {
      sorted = [...(this.object.relocations.get(key) ?? [])].sort((a, b) => a.offset - b.offset);
      this.sorted.set(key, sorted);
    }
    const lower = (offset: number): number => {
      let low = 0;
      let high = sorted.length;
      while (low < high) {
        const mid = (low + high) >> 1;
        if (sorted[mid]!.offset < offset) low = mid + 1;
        else high = mid;
      }
      return low;
    };
    return sorted.slice(lower(span.start), lower(span.end));
  }
  private readonly sorted = new Map<number, Relocation[]>();

  private defined(symbol: ElfSymbol, fail: Fail): void {
    const name = symbol.name || `number ${symbol.index}`;
    if (symbol.section === SHN.UNDEF) {
      fail('FCC0206', `undefined symbol ${name}`, {
        help: 'define it in the same object; call a helper through its number',
      });
    }
    if (symbol.section >= 0xff00) {
      const common = symbol.section === SHN.COMMON;
      fail('FCC0205', `symbol ${name} is ${common ? 'a common symbol' : 'in no section'}`, {
        help: common ? 'compile with -fno-common' : undefined,
      });
    }
  }

  private callee(symbol: ElfSymbol, imm: number, fail: Fail): number {
    this.defined(symbol, fail);
    // The immediate counts slots from the next instruction, for a function's own symbol (-1) and a section's alike.
    const offset = symbol.value + (imm + 1) * 8;
    const func = this.heads.get(symbol.section)?.get(offset);
    if (func !== undefined) return func;
    const name = symbol.name || this.object.sections[symbol.section]!.name;
    return fail(
      'FCC0313',
      `call of ${name}${offset === symbol.value ? '' : `+${offset - symbol.value}`}, which is not a function`,
    );
  }

  private reference(symbol: ElfSymbol, addend: number, fail: Fail): Reference {
    this.defined(symbol, fail);
    const section = this.object.sections[symbol.section]!;
    const name = symbol.name || section.name;
    if (isMapSection(section.name)) fail('FCC0207', `reference to the map ${name}`);
    const offset = symbol.value + addend;
    if ((section.flags & SHF.EXEC) !== 0) {
      const func = this.heads.get(section.index)?.get(offset);
      return func === undefined
        ? fail('FCC0313', `address of ${name}+${addend}, which is not a function`)
        : { kind: 'funcaddr', func };
    }
    const base = this.placed.bases.get(section.index);
    if (!base) return this.refuseSection(section.index, name, fail);
    // One past the end is a valid address to compute.
    if (!(offset >= 0 && offset <= section.size)) {
      fail('FCC0209', `address ${name}+${addend} lies outside of section ${section.name} (${section.size} bytes)`);
    }
    return { kind: 'global', ref: { block: base.block, offset: base.offset + offset } };
  }

  private refuseSection(index: number, name: string, fail: Fail): never {
    const section = this.object.sections[index]!;
    const stored = this.object.relocations.get(index)?.[0];
    if (stored) {
      const what = stored.symbol.name || this.object.sections[stored.symbol.section]?.name || 'a symbol';
      return fail(
        'FCC0208',
        `${name} is in section ${section.name}, which holds the address of ${what} at offset ${stored.offset}`,
        {
          help: 'store an index or an array of characters instead of an address',
        },
      );
    }
    const kind = section.type === SHT.PROGBITS || section.type === SHT.NOBITS ? 'is not loaded' : 'holds no variables';
    return fail('FCC0204', `reference to ${name}, whose section ${section.name || index} ${kind}`);
  }
}

type Fail = (code: ErrorCode, message: string, details?: ErrorDetails) => never;

/**
 * Resolves every call and every relocated 64-bit load, function by function.
 * @param lines  line info of each span, for messages
 * @throws CompileError FCC0204..FCC0209, FCC0313
 */
export function resolveReferences(
  object: ElfObject,
  spans: readonly Span[],
  lines: readonly ReadonlyMap<number, LineInfo>[],
  placed: Placed,
): Resolved[] {
  const resolver = new Resolver(object, spans, placed);
  return spans.map((s, i) => resolver.resolve(s, lines[i]!));
}
