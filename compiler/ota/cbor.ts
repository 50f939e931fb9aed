// SPDX-License-Identifier: MIT
import { decode, diagnose, encode, Tag } from 'cbor2';
import { CompileError } from '../errors/index.js';
import { CBOR_MAX, DEPTH_MAX } from './limits.js';

/** The only file that knows the CBOR library. */
export { Tag };

/**
 * A data item (RFC 8949), as far as manifests have them: no floating point numbers, no simple values but false, true and
 * null.
 */
export type Cbor =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | Tag
  | readonly Cbor[]
  | ReadonlyMap<Cbor, Cbor>;

/** Byte arrays of no derived class: the library takes Node's Buffer for a structure of its own, and would encode that. */
function plain(value: Cbor): Cbor {
  if (value instanceof Uint8Array) return value.constructor === Uint8Array ? value : new Uint8Array(value);
  if (value instanceof Tag) return new Tag(value.tag, plain(value.contents as Cbor));
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [plain(k), plain(v)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

/**
 * Deterministic encoding (RFC 8949, section 4.2.1): shortest forms, definite lengths, keys in the order of their
 * encodings.
 */
export function encodeCbor(value: Cbor): Uint8Array {
  return new Uint8Array(encode(plain(value), { cde: true }));
}

/**
 * Reads one item that is encoded deterministically, and nothing behind it. `where` is what messages call it.
 * @throws CompileError FCC0811, whatever the bytes are
 */
export function decodeCbor(bytes: Uint8Array, where: string, file?: string): Cbor {
  const at = file === undefined ? {} : { at: { file } };
  if (bytes.length > CBOR_MAX)
    throw new CompileError('FCC0811', `${where} is too long for a manifest`, {
      ...at,
      expected: `at most ${CBOR_MAX} bytes`,
      got: `${bytes.length}`,
    });
  const refuse = (reason: string): CompileError =>
    new CompileError('FCC0811', `${where} is not deterministic CBOR`, {
      ...at,
      expected: 'one item of RFC 8949, section 4.2.1: shortest forms, definite lengths, keys in order and once',
      reason,
    });
  let value: Cbor;
  try {
    // A copy that is no Buffer: what is cut out of one would be Buffers.
    value = decode<Cbor>(new Uint8Array(bytes), {
      cde: true,
      preferMap: true,
      // Tags stay tags: some of the library's would compile regular expressions or decode once more.
      ignoreGlobalTags: true,
      rejectFloats: true,
      rejectSimple: true,
      rejectUndefined: true,
      // Arrays count twice.
      maxDepth: 2 * DEPTH_MAX,
    });
  } catch (e) {
    if (!(e instanceof Error)) throw e;
    // Reading behind the end: one byte, many, or more than the library can count.
    const cut = e instanceof RangeError || /^Unexpected end|BigInt/.test(e.message);
    throw refuse(cut ? 'it ends in the middle of an item' : e.message);
  }
  // What the library lets pass has to encode to the same bytes.
  const again = encodeCbor(value);
  if (again.length !== bytes.length || again.some((b, i) => b !== bytes[i]))
    throw refuse('it has another, shorter form');
  return value;
}

/**
 * A number, text, byte string, true, false or null in diagnostic notation (RFC 8949, section 8); no character of a text
 * controls a terminal.
 */
export function leafNotation(value: Cbor): string {
  // Without the library, which takes its time for each: hostile manifests have tens of thousands.
  if (value instanceof Uint8Array) return `h'${Array.from(value, (b) => b.toString(16).padStart(2, '0')).join('')}'`;
  if (typeof value !== 'string') return String(value);
  const escaped = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return diagnose(encodeCbor(value)).replace(/[\x7f-\x9f\p{Bidi_Control}\u2028\u2029]/gu, escaped);
}
