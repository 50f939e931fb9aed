// SPDX-License-Identifier: MIT
import type { StatusName } from '../../compiler/image/status.js';
import { bstr, type Change, components, head, join, type Piece, tstr, uint } from './manifest-forms.js';
import { bytesOf } from './manifest-samples.js';

const replace =
  (...pieces: readonly Piece[]) =>
  (): Uint8Array =>
    join(...pieces);
const append =
  (...pieces: readonly Piece[]) =>
  (bytes: Uint8Array): Uint8Array =>
    join(bytes, ...pieces);
/** Another first byte: the head of a map or array. */
const headed =
  (first: number, ...more: readonly Piece[]) =>
  (bytes: Uint8Array): Uint8Array =>
    join(first, bytes.subarray(1), ...more);
const flip =
  (at: number) =>
  (bytes: Uint8Array): Uint8Array => {
    const out = bytes.slice();
    out[at < 0 ? out.length + at : at]! ^= 1;
    return out;
  };

/** The same signature with the order of the group added to its second half: it fits the equation, and is none (RFC 8032, section 5.1.7). */
const beyondOrder = (signature: Uint8Array): Uint8Array => {
  const out = signature.slice();
  let sum = 2n ** 252n + 27742317777372353535851937790883648493n;
  for (let i = 32; i < 64; i++, sum >>= 8n) {
    sum += BigInt(out[i]!);
    out[i] = Number(sum & 0xffn);
  }
  return out;
};

/** Each refusal: what is wrong in a manifest that is right but for it. */
export const REFUSED: readonly (readonly [string, StatusName, Change])[] = [
  ['a byte behind the end', 'manifest', { envelope: append(0) }],
  ['an envelope that ends early', 'manifest', { envelope: (b) => b.subarray(0, -1) }],
  ['an envelope of three keys', 'manifest', { envelope: headed(0xa3, 0x04, 0x00) }],
  ['an envelope of one key', 'manifest', { envelope: headed(0xa1) }],
  ['an envelope of indefinite length', 'manifest', { envelope: headed(0xbf, 0xff) }],
  ['another tag', 'manifest', { envelope: (b) => join(0xd8, 0x6c, b) }],
  ['tag 107 in a longer form', 'manifest', { envelope: (b) => join(0xd9, 0x00, 0x6b, b) }],
  ['a tag and nothing else', 'manifest', { envelope: replace(0xd8, 0x6b) }],
  [
    'no signature',
    'manifest',
    { authentication: (b) => (b[0] === 0x81 ? join(0x80) : headed(0x81)(b.subarray(0, 39))) },
  ],
  [
    'two signatures',
    'manifest',
    { authentication: (b) => headed(b[0]! + 1, bstr(b.subarray(b[0] === 0x81 ? 3 : 41)))(b) },
  ],
  ['a signature of another algorithm', 'manifest', { cose: (b) => join(b.subarray(0, 5), 0x26, b.subarray(6)) }],
  ['a COSE_Sign1 without tag', 'manifest', { cose: (b) => b.subarray(1) }],
  ['a signature of 63 bytes', 'manifest', { signature: (b) => b.subarray(1) }],
  ['another digest algorithm', 'manifest', { payload: (b) => join(b.subarray(0, 3), 0x2b, b.subarray(4)) }],
  ['a manifest behind its end', 'manifest', { wrapped: append(0) }],
  ['a manifest in a longer form', 'manifest', { wrapped: (b) => join(0x59, 0x00, b.subarray(1)) }],
  ['a manifest of indefinite length', 'manifest', { wrapped: (b) => join(0x5f, b, 0xff) }],
  ['a manifest that is text', 'manifest', { wrapped: headed(0x78) }],
  ['a manifest of no bytes', 'manifest', { manifest: replace() }],
  ['a changed signature, first half', 'signature', { signature: flip(0) }],
  ['a changed signature, second half', 'signature', { signature: flip(40) }],
  ['a signature beyond the order of the group', 'signature', { signature: beyondOrder }],
  ['a wrong digest that is signed, its first byte', 'manifest_digest', { payload: flip(6) }],
  ['a wrong digest that is signed, its last byte', 'manifest_digest', { payload: flip(-1) }],
  ['a changed manifest', 'manifest_digest', { envelope: flip(-1) }],
  ['a changed sequence number', 'manifest_digest', { envelope: (b) => flip(b.indexOf(0xa5, 118) + 4)(b) }],
  ['version 2', 'manifest', { version: replace(0x01, 0x02) }],
  ['no version', 'manifest', { version: replace() }],
  ['a key twice', 'manifest', { version: replace(0x01, 0x01, 0x01, 0x01), manifest: headed(0xa6) }],
  ['a key that devices do not know', 'manifest', { manifest: headed(0xa6, 0x17, bstr(0xa0)) }],
  ['a map of fewer keys than there are', 'manifest', { manifest: headed(0xa4) }],
  ['a map of more keys than there are', 'manifest', { manifest: headed(0xa6) }],
  ['a map of indefinite length', 'manifest', { manifest: headed(0xbf, 0xff) }],
  ['keys in another order', 'manifest', { version: replace(0x02, 0x07), sequence: replace(0x01, 0x01) }],
  ['a key in a longer form', 'manifest', { version: replace(0x18, 0x01, 0x01) }],
  ['bytes in the manifest behind its map', 'manifest', { manifest: append(0) }],
  ['sequence number 2^32', 'manifest', { sequence: replace(0x02, uint(2 ** 32)) }],
  ['a negative sequence number', 'manifest', { sequence: replace(0x02, 0x20) }],
  ['a sequence number that is text', 'manifest', { sequence: replace(0x02, tstr('7')) }],
  ['a sequence number in floating point', 'manifest', { sequence: replace(0x02, 0xf9, 0x47, 0x00) }],
  ...[1, 2, 4, 8].map(
    (w) => [`sequence number 7 in ${w} bytes`, 'manifest', { sequence: replace(0x02, head(0, 7, w)) }] as const,
  ),
  ['sequence number 255 in 2 bytes', 'manifest', { sequence: replace(0x02, head(0, 255, 2)) }],
  ['sequence number 65535 in 4 bytes', 'manifest', { sequence: replace(0x02, head(0, 65_535, 4)) }],
  ['size 2^32', 'manifest', { size: replace(0x0e, uint(2 ** 32)) }],
  ['a negative size', 'manifest', { size: replace(0x0e, 0x38, 0xff) }],
  ['no size', 'manifest', { size: replace(), parameters: headed(0xa3) }],
  ['no vendor', 'manifest', { vendor: replace(), parameters: headed(0xa3) }],
  ['no class', 'manifest', { class: replace(), parameters: headed(0xa3) }],
  ['no digest', 'manifest', { digest: replace(), parameters: headed(0xa3) }],
  ['a vendor of 15 bytes', 'manifest', { vendor: replace(0x01, bstr(bytesOf(15, 0))) }],
  ['a class of 17 bytes', 'manifest', { class: replace(0x02, bstr(bytesOf(17, 0))) }],
  [
    'a digest of 31 bytes',
    'manifest',
    { digest: (b) => replace(0x03, bstr(b.subarray(3, 6), 0x1f, b.subarray(7, 38)))() },
  ],
  ['a digest of another algorithm', 'manifest', { digest: (b) => join(b.subarray(0, 4), 0x10, b.subarray(5)) }],
  // What comes behind it fits too: a reader that passes by what is not there would take it.
  ['a digest that is left out behind its head', 'manifest', { digest: (b) => b.subarray(0, 7) }],
  ['a vendor twice', 'manifest', { vendor: (b) => join(b, b), parameters: headed(0xa5) }],
  ['a parameter more', 'manifest', { parameters: headed(0xa5, 0x18, 0x18, bstr(bytesOf(16, 0))) }],
  ['no condition of the vendor', 'manifest', { conditions: replace(0x02, 0x0f), shared: headed(0x84) }],
  ['no condition of the class', 'manifest', { conditions: replace(0x01, 0x0f), shared: headed(0x84) }],
  ['no condition at all', 'manifest', { conditions: replace(), shared: headed(0x82) }],
  ['conditions in another order', 'manifest', { conditions: replace(0x02, 0x0f, 0x01, 0x0f) }],
  ['a condition that reports nothing', 'manifest', { conditions: replace(0x01, 0x00, 0x02, 0x0f) }],
  ['a command more', 'manifest', { shared: headed(0x88, 0x05, 0x0f) }],
  ['no image match in install', 'manifest', { install: (b) => join(0x84, b.subarray(1, -2)) }],
  ['no fetch in install', 'manifest', { install: (b) => join(0x84, b.subarray(1, -4), b.subarray(-2)) }],
  ['a command more in install', 'manifest', { install: headed(0x88, 0x03, 0x0f) }],
  ['another condition in validate', 'manifest', { validate: replace(0x82, 0x01, 0x0f) }],
  ['an empty validate', 'manifest', { validate: replace(0x80) }],
  ['a validate of indefinite length', 'manifest', { validate: replace(0x9f, 0x03, 0x0f, 0xff) }],
  ['no component', 'manifest', { components: replace(0x80) }],
  ['a component of no parts', 'manifest', { components: replace(0x81, 0x80) }],
  ['no component, but its parts', 'manifest', { components: replace(0x80, 0x81, bstr(0x66)) }],
  ['an empty part', 'manifest', { components: replace(components('fc', '', 'timer')) }],
  ['a part with a dot', 'manifest', { components: replace(components('fc.timer')) }],
  ['a part with a space', 'manifest', { components: replace(components('fc', 'a timer')) }],
  ['a part with a zero', 'manifest', { components: replace(components('fc', 'timer\0')) }],
  ['a part beyond ASCII', 'manifest', { components: replace(components('fc', 'zeitgeber-ü')) }],
  ['a part that is deleted', 'manifest', { components: replace(components('fc', '\x7f')) }],
  ['a part that is text', 'manifest', { components: replace(0x81, 0x81, tstr('timer')) }],
  ['a component that is not in a list', 'manifest', { components: (b) => b.subarray(1) }],
  ['more parts than there are', 'manifest', { components: (b) => join(0x81, head(4, 0xffff_ffff), b.subarray(2)) }],
  ['lists in lists', 'manifest', { components: replace(...Array.from({ length: 100 }, () => 0x81), 0x80) }],
  [
    'two components',
    'limit',
    { components: () => join(0x82, components('a').subarray(1), components('b').subarray(1)) },
  ],
  ['a name of 32 characters', 'limit', { components: replace(components('fc', 'x'.repeat(28))) }],
  ['a name of 31 characters and a part', 'limit', { components: replace(components('x'.repeat(30), 'y')) }],
  ['a part of 31 characters', 'limit', { components: replace(components('x'.repeat(31))) }],
  ['a part of 200 characters', 'limit', { components: replace(components('x'.repeat(200))) }],
  ['16 parts', 'limit', { components: replace(components(...'abcdefghijklmnop')) }],
  ['a URI of 128 characters', 'limit', { uri: replace(0xa1, 0x15, tstr(`coap://${'u'.repeat(121)}`)) }],
  ['a URI of 300 characters', 'limit', { uri: replace(0xa1, 0x15, tstr('u'.repeat(300))) }],
  ['an empty URI', 'manifest', { uri: replace(0xa1, 0x15, 0x60) }],
  ['a URI with a space', 'manifest', { uri: replace(0xa1, 0x15, tstr('coap://a/b c')) }],
  ['a URI with a line feed', 'manifest', { uri: replace(0xa1, 0x15, tstr('coap://a\n')) }],
  ['a URI beyond ASCII', 'manifest', { uri: replace(0xa1, 0x15, tstr('coap://ä')) }],
  ['a URI that is bytes', 'manifest', { uri: replace(0xa1, 0x15, bstr(0x61)) }],
  ['a URI in pieces', 'manifest', { uri: replace(0xa1, 0x15, 0x7f, tstr('coap://a'), 0xff) }],
  ['a URI longer than the manifest', 'manifest', { uri: replace(0xa1, 0x15, head(3, 0xffff_ffff)) }],
  ['a parameter of the URI more', 'manifest', { uri: headed(0xa2, 0x16, 0x00) }],
  ['641 bytes', 'limit', { envelope: (b) => join(b, new Uint8Array(641 - b.length)) }],
  ['65536 bytes', 'limit', { envelope: (b) => join(b, new Uint8Array(65_536 - b.length)) }],
  ['nothing', 'manifest', { envelope: replace() }],
];
