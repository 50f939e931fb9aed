// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readElf } from '../../compiler/elf/elf.js';
import { crc32 } from '../../compiler/image/crc32.js';
import { HEADER } from '../../compiler/image/fields.js';
import { type ImageParts, writeImage } from '../../compiler/image/write.js';

/** Objects and images with a few bytes changed. */

export type Width = 1 | 2 | 4 | 8;

function put(bytes: Uint8Array, at: number, width: Width, value: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (width === 1) view.setUint8(at, value);
  else if (width === 2) view.setUint16(at, value, true);
  else if (width === 4) view.setUint32(at, value, true);
  else view.setBigUint64(at, BigInt(value), true);
}

/** An object of test/elf/samples: three functions, variables, no line info (plain.o), or what its name says. */
export const sample = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(join(import.meta.dirname, '../elf/samples', name)));

/** Place of a section's contents in the file, and of its row in the section header table (ELF64: e_shoff at 40, 64 bytes a row). */
function sectionOf(bytes: Uint8Array, name: string): { readonly data: number; readonly header: number } {
  const found = readElf(bytes, name).sections.find((s) => s.name === name);
  if (!found) throw new Error(`no section ${name}`);
  const table = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(40, true));
  return { data: found.offset, header: table + 64 * found.index };
}

/** One number of the file itself, of a section's contents, or of a section's header, replaced. */
export type Patch =
  | readonly ['file', at: number, width: Width, value: number]
  | readonly ['data' | 'header', section: string, at: number, width: Width, value: number];

/** A copy of an object with numbers replaced. */
export function patchedObject(bytes: Uint8Array, ...patches: readonly Patch[]): Uint8Array {
  const copy = bytes.slice();
  for (const p of patches) {
    if (p[0] === 'file') put(copy, p[1], p[2], p[3]);
    else put(copy, sectionOf(bytes, p[1])[p[0]] + p[2], p[3], p[4]);
  }
  return copy;
}

/** An image with numbers replaced and the checksum made right again. */
export function patchedImage(
  parts: ImageParts,
  ...patches: readonly (readonly [at: number, width: Width, value: number])[]
): Uint8Array {
  const bytes = writeImage(parts);
  for (const [at, width, value] of patches) put(bytes, at, width, value);
  put(bytes, HEADER.offset.checksum, 4, 0);
  put(bytes, HEADER.offset.checksum, 4, crc32(bytes));
  return bytes;
}
