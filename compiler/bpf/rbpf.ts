// SPDX-License-Identifier: MIT
import { CompileError, type ErrorCode, type ErrorDetails } from '../errors/index.js';
import type { Reference } from './decode.js';
import { fieldsAt, OP_CALL, OP_LDDW, SRC_LOCAL } from './isa.js';
import type { GlobalRef, Program } from './program.js';
import { scanCode, splitCode } from './raw.js';

/**
 * Images of Femto-Containers, "rBPF": header, data, rodata, text, function table, one directly behind the other, little endian.
 * Where an object has relocated 64-bit loads they have two opcodes of their own: the immediate counts from the start of data
 * or rodata.
 */

/** The first four bytes of such an image, "rBPF", as a little-endian number. */
export const RBPF_MAGIC = 0x46504272;
/** Seven words: magic, version, flags, lengths of data, rodata and text, number of functions. */
const HEADER_BYTES = 28;
const FIELDS = { version: 4, flags: 8, data: 12, rodata: 16, text: 20, functions: 24 } as const;
/** A row of the function table, three half-words: offset in rodata of the name, flags, offset in text. */
const FUNCTION_BYTES = 6;
/** Flag of an image whose text is packed: instructions without their unused fields. */
const FLAG_COMPRESSED = 1;
/** 64-bit loads of an address, two slots as lddw. */
const OP_LDDWD = 0xb8;
const OP_LDDWR = 0xd8;
/** Call of what a register holds. Engines of the format have none, so that no image needs it. */
const OP_CALLX = 0x8d;
/** What helps against one that is not whole. */
const DAMAGED = 'the file is damaged, cut off, or has something appended: make it anew';
/** Longest function name, in bytes. */
const MAX_NAME = 255;

/** Refuses the image; the file is the place where `details` has none. */
type Fail = (code: ErrorCode, message: string, details?: ErrorDetails) => never;

/** Whether bytes start as a Femto-Container image does. */
export function isRbpf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === RBPF_MAGIC;
}

interface Sections {
  readonly data: Uint8Array;
  readonly rodata: Uint8Array;
  readonly text: Uint8Array;
  /** Byte offset of the function table in the file. */
  readonly table: number;
  readonly functions: number;
}

/** Whether the lengths fit a header of eight words, as RIOT has had it: that of .bss between data and rodata. */
function isOtherHeader(view: DataView): boolean {
  if (view.byteLength < HEADER_BYTES + 4) return false;
  const word = (i: number): number => view.getUint32(4 * i, true);
  if (word(6) === 0 || word(6) % 8 !== 0) return false;
  return HEADER_BYTES + 4 + word(3) + word(5) + word(6) + FUNCTION_BYTES * word(7) === view.byteLength;
}

/** Cuts the image up. The lengths of the header have to give the length of the file exactly. */
function readSections(bytes: Uint8Array, fail: Fail, file: string): Sections {
  const at = (offset: number): ErrorDetails => ({ at: { file, offset } });
  if (bytes.length < HEADER_BYTES) {
    fail('FCC0213', 'the header is cut off', { ...at(0), expected: `${HEADER_BYTES} bytes`, got: `${bytes.length}` });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const field = (name: keyof typeof FIELDS): number => view.getUint32(FIELDS[name], true);
  if (!isRbpf(bytes)) fail('FCC0213', 'not a Femto-Container image', { ...at(0), expected: '72 42 50 46 ("rBPF")' });
  if (field('version') !== 0) {
    fail('FCC0214', `version ${field('version')} of the format`, { ...at(FIELDS.version), expected: 'version 0' });
  }
  if (field('flags') !== 0) {
    const what = field('flags') === FLAG_COMPRESSED ? 'the text is compressed' : 'unknown flags';
    fail('FCC0214', what, {
      ...at(FIELDS.flags),
      expected: 'flags 0',
      got: `0x${field('flags').toString(16)}`,
      help: 'make the image anew, without compression',
    });
  }
  const [data, rodata, text, functions] = [field('data'), field('rodata'), field('text'), field('functions')];
  const rodataAt = HEADER_BYTES + data;
  const textAt = rodataAt + rodata;
  const table = textAt + text;
  // Sums of numbers of 32 bits: exact.
  const total = table + FUNCTION_BYTES * functions;
  if (total !== bytes.length && isOtherHeader(view)) {
    fail('FCC0214', 'the header has an eighth word, the length of zeroed variables', {
      ...at(FIELDS.rodata),
      expected: 'seven words',
      help: 'compile the object that the image was made from',
    });
  }
  if (total !== bytes.length) {
    fail('FCC0213', 'the lengths in the header do not add up to the length of the file', {
      ...at(FIELDS.data),
      expected: `${bytes.length} bytes`,
      got: `${total} bytes: header ${HEADER_BYTES}, data ${data}, rodata ${rodata}, text ${text}, function table ${FUNCTION_BYTES * functions}`,
    });
  }
  // Not slice: a Node Buffer's shares the caller's bytes, and those of the text are changed.
  return {
    data: Uint8Array.from(bytes.subarray(HEADER_BYTES, rodataAt)),
    rodata: Uint8Array.from(bytes.subarray(rodataAt, textAt)),
    text: Uint8Array.from(bytes.subarray(textAt, table)),
    table,
    functions,
  };
}

/** A NUL-terminated name in rodata; null where there is none. */
function nameAt(rodata: Uint8Array, offset: number): string | null {
  const end = rodata.indexOf(0, offset);
  if (offset >= rodata.length || end <= offset || end - offset > MAX_NAME) return null;
  const name = rodata.subarray(offset, end);
  return name.every((b) => b >= 0x21 && b <= 0x7e) ? String.fromCharCode(...name) : null;
}

/** The function table: name by slot, in the order of the table. `starts` tells which slots start an instruction. */
function readTable(bytes: Uint8Array, s: Sections, starts: Uint8Array, fail: Fail, file: string): Map<number, string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const names = new Map<number, string>();
  const seen = new Set<string>();
  for (let i = 0; i < s.functions; i++) {
    const row = s.table + FUNCTION_BYTES * i;
    const wrong = (offset: number, message: string, expected: string, got: number | string): never =>
      fail('FCC0213', `function ${i}: ${message}`, { at: { file, offset: row + offset }, expected, got: String(got) });
    const name = view.getUint16(row, true);
    const flags = view.getUint16(row + 2, true);
    const place = view.getUint16(row + 4, true);
    const text = nameAt(s.rodata, name);
    if (text === null) {
      return wrong(
        0,
        'its name is none',
        `1 to ${MAX_NAME} characters of printable ASCII without spaces, and a NUL, in the ${s.rodata.length} bytes of rodata`,
        `offset ${name}`,
      );
    }
    if (flags !== 0) {
      fail('FCC0214', `function ${text} has flags`, {
        at: { file, offset: row + 2 },
        expected: '0',
        got: `0x${flags.toString(16)}`,
      });
    }
    if (place % 8 !== 0 || place >= s.text.length || starts[place / 8] !== 1)
      wrong(4, `${text} is not at the start of an instruction`, `a place in ${s.text.length} bytes of text`, place);
    const other = names.get(place / 8);
    if (other !== undefined) wrong(4, `${text} is at the same place as ${other}`, 'one name for each place', place);
    if (seen.has(text)) wrong(0, `there is another function named ${text}`, 'names that differ', text);
    seen.add(text);
    names.set(place / 8, text);
  }
  return names;
}

/** Makes a lddw of every load of an address, in place, and says what each refers to. Refuses what only objects have. */
function resolveLoads(text: Uint8Array, s: Sections, fail: Fail, file: string): Map<number, Reference> {
  const view = new DataView(text.buffer, text.byteOffset, text.byteLength);
  const references = new Map<number, Reference>();
  const slots = Math.floor(text.length / 8);
  for (let slot = 0; slot < slots; slot++) {
    const { opcode, src, imm } = fieldsAt(view, slot);
    const at = { file, instruction: slot };
    if (opcode === OP_LDDW) {
      // Also that of a code address: only a linker makes one, and the format has none.
      if (src !== 0) fail('FCC0315', `64-bit immediate load with source field ${src}`, { at, expected: '0' });
      slot++;
    }
    if (opcode === OP_CALLX)
      fail('FCC0301', 'call of what a register holds, opcode 0x8d', {
        at,
        expected: 'a call of a helper by its number, or of a function',
        help: 'compile the object that the image was made from',
      });
    if (opcode !== OP_LDDWD && opcode !== OP_LDDWR) continue;
    const block = opcode === OP_LDDWD ? 'data' : 'rodata';
    if (src !== 0) fail('FCC0315', `load of an address in ${block} with source field ${src}`, { at, expected: '0' });
    // Without its second slot it is refused with the others of its kind.
    if (slot + 1 < slots) {
      const offset = imm + 2 ** 32 * fieldsAt(view, slot + 1).imm;
      const length = s[block].length;
      // One past the end is a valid address to compute.
      if (offset < 0 || offset > length)
        fail(
          'FCC0209',
          `address .${block}${offset < 0 ? '' : '+'}${offset} lies outside of .${block} (${length} bytes)`,
          { at },
        );
      const ref: GlobalRef = { block, offset };
      references.set(slot, { kind: 'global', ref });
    }
    view.setUint8(8 * slot, OP_LDDW);
    slot++;
  }
  return references;
}

const padded = (bytes: Uint8Array): Uint8Array => {
  const out = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
  out.set(bytes);
  return out;
};

/** The name of the only function where the image names none: the file's, if that can be one. */
function stemOf(file: string): string {
  const base = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
  const stem = base.replace(/(?<=.)\.\w+$/, '');
  return /^[A-Za-z_]\w{0,62}$/.test(stem) ? stem : 'main';
}

/**
 * Reads a Femto-Container image. Entries are the functions of its table, or, where it has none, the start of the text under the
 * file's name. data becomes the writable block, rodata the read-only one, each padded to 8. Functions end where the next one starts,
 * and one may call another as RFC 9669 section 4.3.2 has it; jumps from one into another are refused. Nothing is taken from what
 * engines of that format do otherwise: arithmetic, shifts and 64-bit immediates are RFC 9669's.
 * @param file  what messages call the image; the entry of an image without a function table is named after it
 * @throws CompileError FCC0209, FCC0213, FCC0214, FCC0301..FCC0316; never anything else for any input bytes
 */
export function rbpfProgram(bytes: Uint8Array, file: string): Program {
  const fail: Fail = (code, message, details) => {
    throw new CompileError(code, message, { at: { file }, ...(code === 'FCC0213' && { help: DAMAGED }), ...details });
  };
  const sections = readSections(bytes, fail, file);
  const { text } = sections;
  const references = resolveLoads(text, sections, fail, file);
  const scan = scanCode(text);
  const view = new DataView(text.buffer, text.byteOffset, text.byteLength);
  for (const { slot, target, kind } of scan.refs) {
    const f = fieldsAt(view, slot);
    // What a compiler leaves for a linker to fill in.
    if (kind === 'call' && target === slot && f.opcode === OP_CALL && f.src === SRC_LOCAL) {
      fail('FCC0313', 'the call was not linked: it reaches itself', {
        at: { file, instruction: slot },
        expected: 'a call of the start of a function',
        help: 'mark the functions that a program calls `static inline` and `always_inline`, or compile the object instead of the image',
      });
    }
  }
  const listed = readTable(bytes, sections, scan.starts, fail, file);
  const names = listed.size > 0 ? listed : new Map([[0, stemOf(file)]]);
  // By place: a name of the table may be one that a function without a name gets.
  const indexAt = new Map<number, number>();
  const numbers = (heads: readonly number[]): readonly number[] =>
    heads.map((slot, i) => {
      indexAt.set(slot, i);
      return i;
    });
  const functions = splitCode({ bytes: text, file, scan, names, references, numbers });
  const data = padded(sections.data);
  const rodata = padded(sections.rodata);
  return {
    functions,
    entries: [...names.keys()].map((slot) => indexAt.get(slot)!),
    globals: {
      data,
      bssLength: 0,
      rodata,
      sections: [
        ...(data.length > 0 ? [{ name: '.data', block: 'data' as const, offset: 0, length: data.length }] : []),
        ...(rodata.length > 0 ? [{ name: '.rodata', block: 'rodata' as const, offset: 0, length: rodata.length }] : []),
      ],
      symbols: [],
    },
    origin: 'rbpf',
  };
}
