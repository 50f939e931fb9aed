// SPDX-License-Identifier: MIT
import { crc32 } from '../../compiler/image/crc32.js';
import { ENTRY_SIZE, HEADER, HEADER_FIELDS, IMPORT, REGION } from '../../compiler/image/fields.js';

/** Whole numbers from 0 to below - 1; the same seed gives the same numbers in every run. */
export type Random = (below: number) => number;

/** splitmix32. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) % below;
  };
}

const pick = <T>(list: readonly T[], random: Random): T => list[random(list.length)]!;

/** Values that counts, sizes and offsets go wrong at. */
const EDGES = [
  0n,
  1n,
  7n,
  8n,
  0x7fn,
  0xffn,
  0xfff0n,
  0xffffn,
  0x10000n,
  0x0100_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fff8n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0xffff_ffff_ffff_ffffn,
];

/** Writes an edge value, or the old one moved a little, into `width` bytes. */
function setField(bytes: Uint8Array, at: number, width: number, random: Random): void {
  if (at < 0 || at + width > bytes.length) return;
  const old = bytes.subarray(at, at + width).reduceRight((n, b) => (n << 8n) | BigInt(b), 0n);
  const value = random(3) === 0 ? old + BigInt(random(17)) - 8n : pick(EDGES, random);
  for (let i = 0; i < width; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

/** Flips, overwrites, repeats or swaps bytes anywhere, or changes the length. */
export function mutateBytes(original: Uint8Array, random: Random): Uint8Array {
  const bytes = Uint8Array.from(original);
  const place = (): number => random(Math.max(1, bytes.length));
  switch (random(6)) {
    case 0:
      for (let n = 1 + random(4); n > 0; n--) bytes[place()]! ^= 1 << random(8);
      return bytes;
    case 1:
      for (let n = 1 + random(4); n > 0; n--) bytes[place()] = random(256);
      return bytes;
    case 2:
      return bytes.slice(0, place());
    case 3:
      return Uint8Array.of(...bytes, ...Array.from({ length: 1 + random(64) }, () => random(256)));
    case 4: {
      const from = place();
      const length = Math.min(1 + random(64), bytes.length - from);
      bytes.copyWithin(Math.max(0, Math.min(place(), bytes.length - length)), from, from + length);
      return bytes;
    }
    default: {
      const from = place();
      bytes.fill(pick([0, 0xff, 0x7f, 0x80], random), from, from + 1 + random(32));
      return bytes;
    }
  }
}

const ELF_HEADER = [
  [4, 1],
  [5, 1],
  [16, 2],
  [18, 2],
  [40, 8],
  [46, 2],
  [58, 2],
  [60, 2],
  [62, 2],
] as const;
/** Fields of a section header: name, type, flags, address, offset, size, link, info, alignment, entry size. */
const SECTION_FIELDS = [
  [0, 4],
  [4, 4],
  [8, 8],
  [16, 8],
  [24, 8],
  [32, 8],
  [40, 4],
  [44, 4],
  [48, 8],
  [56, 8],
] as const;
const SHT_PROGBITS = 1;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHT_REL = 9;

interface Where {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly size: number;
  readonly header: number;
}

/** Sections of an object that is known to be well-formed. */
function sectionsOf(bytes: Uint8Array): Where[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const table = Number(view.getBigUint64(40, true));
  return Array.from({ length: view.getUint16(60, true) }, (_, i) => {
    const header = table + 64 * i;
    return {
      header,
      type: view.getUint32(header + 4, true),
      flags: Number(view.getBigUint64(header + 8, true)),
      offset: Number(view.getBigUint64(header + 24, true)),
      size: Number(view.getBigUint64(header + 32, true)),
    };
  });
}

/** Changes one to three fields of an object: headers, instructions, relocations, symbols, strings, type and line information. */
export function mutateObject(original: Uint8Array, random: Random): Uint8Array {
  if (random(5) === 0) return mutateBytes(original, random);
  const bytes = Uint8Array.from(original);
  const sections = sectionsOf(original).filter((s) => s.type !== 0);
  const inside = (
    wanted: (s: Where) => boolean,
    entry: number,
    fields: readonly (readonly [number, number])[],
  ): void => {
    const list = sections.filter((s) => wanted(s) && s.size >= entry);
    if (list.length === 0) return;
    const s = pick(list, random);
    const [at, width] = pick(fields, random);
    setField(bytes, s.offset + entry * random(Math.floor(s.size / entry)) + at, width, random);
  };
  for (let n = 1 + random(3); n > 0; n--) {
    switch (random(8)) {
      case 0: {
        const [at, width] = pick(ELF_HEADER, random);
        setField(bytes, at, width, random);
        break;
      }
      case 1:
      case 2: {
        const [at, width] = pick(SECTION_FIELDS, random);
        setField(bytes, pick(sections, random).header + at, width, random);
        break;
      }
      case 3: // Instructions: opcode, registers, offset, immediate.
        inside((s) => (s.flags & 4) !== 0, 8, [
          [0, 1],
          [1, 1],
          [2, 2],
          [4, 4],
        ]);
        break;
      case 4: // Relocations: place, type, symbol.
        inside((s) => s.type === SHT_REL, 16, [
          [0, 8],
          [8, 4],
          [12, 4],
        ]);
        break;
      case 5: // Symbols: name, kind, visibility, section, value, size.
        inside((s) => s.type === SHT_SYMTAB, 24, [
          [0, 4],
          [4, 1],
          [5, 1],
          [6, 2],
          [8, 8],
          [16, 8],
        ]);
        break;
      case 6: // Type and line information: lengths and offsets are 32-bit words, mostly in its header.
        inside((s) => s.type === SHT_PROGBITS && (s.flags & 2) === 0, 4, [[0, 4]]);
        for (const s of sections)
          if (s.type === SHT_PROGBITS && (s.flags & 2) === 0 && s.size > 32 && random(3) === 0)
            setField(bytes, s.offset + 4 * random(8), 4, random);
        break;
      default:
        inside((s) => s.type === SHT_STRTAB, 1, [[0, 1]]);
    }
  }
  return bytes;
}

/** Which fields an instruction uses besides its registers, by its opcode; roughly. */
function fieldsOf(opcode: number): { readonly offset: boolean; readonly immediate: boolean } {
  const kind = opcode & 7;
  const jump = kind === 5 && opcode !== 0x85 && opcode !== 0x95;
  return {
    offset: (kind > 0 && kind < 4) || jump,
    immediate:
      opcode === 0xb8 || opcode === 0xd8 || (kind > 3 && (opcode & 8) === 0 && opcode !== 0x95 && opcode !== 0x05),
  };
}

/** Changes one or two fields of a Femto-Container image: its header, function table, instructions and data. */
export function mutateRbpf(original: Uint8Array, random: Random): Uint8Array {
  if (random(6) === 0) return mutateBytes(original, random);
  const bytes = Uint8Array.from(original);
  const view = new DataView(original.buffer, original.byteOffset, original.length);
  const [data, rodata, text, functions] = [12, 16, 20, 24].map((at) => view.getUint32(at, true));
  const code = 28 + data! + rodata!;
  for (let n = 1 + random(2); n > 0; n--) {
    const places = Array.from({ length: text! >> 3 }, (_, i) => code + 8 * i);
    const at = pick(places, random);
    /** An instruction that has this field. */
    const one = (field: 'offset' | 'immediate'): number =>
      pick(places.filter((p) => fieldsOf(bytes[p]!)[field]).concat(at), random);
    switch (random(12)) {
      case 0:
        setField(bytes, 4 * random(7), 4, random);
        break;
      case 1:
        if (functions! > 0) setField(bytes, code + text! + 2 * random(3 * functions!), 2, random);
        break;
      case 2:
      case 3:
        if (code > 28) bytes[28 + random(code - 28)] = random(256);
        break;
      case 4:
        setField(bytes, at + random(8), 1, random);
        break;
      case 5: // Another operation of the same class, or another size.
        bytes[at]! ^= pick([0x08, 0x10, 0x20, 0x40, 0x80, 0x18], random);
        break;
      case 6: // Loads of addresses, calls, ends.
        bytes[at] = pick([0xb8, 0xd8, 0x18, 0x85, 0x95, 0x05], random);
        break;
      case 7:
      case 8: // Registers that exist.
        bytes[at + 1] = random(10) | (bytes[at + 1]! > 15 ? random(11) << 4 : 0);
        break;
      case 9: {
        // Another distance.
        const place = one('offset') + 2;
        bytes[place] = bytes[place]! + random(17) - 8;
        break;
      }
      default:
        setField(bytes, one('immediate') + 4, 4, random);
    }
  }
  return bytes;
}

const WIDTHS = { u8: 1, u16: 2, u32: 4 } as const;

/** Writes the checksum that a reader expects, so that what is behind it is reached. */
export function sealImage(bytes: Uint8Array): Uint8Array {
  if (bytes.length < HEADER.size) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(HEADER.offset.checksum, 0, true);
  view.setUint32(HEADER.offset.checksum, crc32(bytes), true);
  return bytes;
}

/**
 * Changes header and table fields of an image and mends its checksum; now and then any bytes, with the checksum left wrong: changed
 * text may loop without taking fuel, which only a limit on instructions ends.
 */
export function mutateImage(original: Uint8Array, random: Random): Uint8Array {
  if (random(4) === 0) return mutateBytes(original, random);
  const bytes = Uint8Array.from(original);
  const view = new DataView(original.buffer, original.byteOffset, original.length);
  const count = (field: 'entry_count' | 'import_count' | 'region_count'): number =>
    view.getUint16(HEADER.offset[field], true);
  const imports = HEADER.size + ENTRY_SIZE * count('entry_count');
  const regions = imports + IMPORT.size * count('import_count');
  const text = regions + REGION.size * count('region_count');
  for (let n = 1 + random(2); n > 0; n--) {
    switch (random(4)) {
      case 0:
      case 1: {
        const row = pick(HEADER_FIELDS, random);
        setField(bytes, HEADER.offset[row.name], WIDTHS[row.type], random);
        break;
      }
      case 2:
        setField(bytes, HEADER.size + 4 * random((text - HEADER.size) >> 2), 4, random);
        break;
      default:
        setField(bytes, HEADER.size + random(text - HEADER.size), 1, random);
    }
  }
  return sealImage(bytes);
}

/** Changes one to three halfwords of an image's text and mends the checksum. */
export function mutateText(original: Uint8Array, text: { start: number; length: number }, random: Random): Uint8Array {
  const bytes = Uint8Array.from(original);
  for (let n = 1 + random(3); n > 0; n--) {
    const at = text.start + 2 * random(text.length >> 1);
    if (random(2) === 0) bytes[at + random(2)]! ^= 1 << random(8);
    else {
      bytes[at] = random(256);
      bytes[at + 1] = random(256);
    }
  }
  return sealImage(bytes);
}

const WORDS = [
  'null',
  'true',
  '-1',
  '0',
  '1e999',
  '4294967296',
  '18446744073709551616',
  '0.5',
  '""',
  '"rw"',
  '"pointer"',
  '"__proto__"',
  '[]',
  '{}',
  '[null]',
  '"\\u0000"',
  '9007199254740993',
];

/** Replaces, drops, repeats or swaps tokens of a JSON text; now and then any bytes. */
export function mutateJson(original: string, random: Random): Uint8Array {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  if (random(4) === 0) return mutateBytes(encode(original), random);
  const tokens = original.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+|\s+/g)!;
  const solid = tokens.flatMap((t, i) => (/\S/.test(t) ? [i] : []));
  for (let n = 1 + random(3); n > 0; n--) {
    const at = pick(solid, random);
    switch (random(5)) {
      case 0:
      case 1:
        tokens[at] = pick(WORDS, random);
        break;
      case 2:
        tokens[at] = '';
        break;
      case 3:
        tokens[at] = `${tokens[at]}${tokens[at]}`;
        break;
      default:
        tokens[at] = tokens[pick(solid, random)]!;
    }
  }
  return encode(tokens.join(''));
}
