// SPDX-License-Identifier: MIT
import { createPrivateKey } from 'node:crypto';
import { nodeCrypto, signerOf } from '../../compiler/cli/ota-crypto.js';
import type { Profile } from '../../compiler/ota/keys.js';
import type { Signer } from '../../compiler/ota/manifest.js';
import { mutateBytes, type Random } from '../malformed/mutate.js';

/** Manifests written byte by byte, beside compiler/ota: so that each part can be wrong, or in another form, with all around it right. */

/** The private key of these 32 bytes (RFC 8410, section 7). */
export function signerFrom(seed: Uint8Array): Signer {
  const key = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return signerOf(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
}

/** Head of an item: major type and argument in the shortest form, or in `width` bytes (0: within the head). */
export function head(major: number, argument: number, width?: number): Uint8Array {
  const bytes =
    width ?? (argument < 24 ? 0 : argument < 0x100 ? 1 : argument < 0x1_0000 ? 2 : argument <= 0xffff_ffff ? 4 : 8);
  if (bytes === 0) return Uint8Array.of((major << 5) | argument);
  const out = new Uint8Array(1 + bytes);
  out[0] = (major << 5) | (24 + Math.log2(bytes));
  for (let i = bytes, rest = BigInt(argument); i > 0; i--, rest >>= 8n) out[i] = Number(rest & 0xffn);
  return out;
}

export type Piece = Uint8Array | readonly number[] | number;
export function join(...pieces: readonly Piece[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce<number>((n, p) => n + (typeof p === 'number' ? 1 : p.length), 0));
  let at = 0;
  for (const piece of pieces) {
    if (typeof piece === 'number') out[at++] = piece;
    else {
      out.set(piece, at);
      at += piece.length;
    }
  }
  return out;
}

export const bstr = (...pieces: readonly Piece[]): Uint8Array => {
  const bytes = join(...pieces);
  return join(head(2, bytes.length), bytes);
};

export const tstr = (text: string): Uint8Array => {
  const bytes = new TextEncoder().encode(text);
  return join(head(3, bytes.length), bytes);
};

export const uint = (n: number): Uint8Array => head(0, n);

/** [[part, …]] */
export const components = (...parts: readonly string[]): Uint8Array =>
  join(0x81, head(4, parts.length), ...parts.map((p) => bstr(new TextEncoder().encode(p))));

/** Parts of a manifest, from the innermost; what a change gets is all that the part is made of. */
export const PARTS = [
  'version',
  'sequence',
  'components',
  'vendor',
  'class',
  'digest',
  'size',
  'parameters',
  'conditions',
  'shared',
  'common',
  'uri',
  'install',
  'validate',
  'manifest',
  'wrapped',
  'payload',
  'signature',
  'cose',
  'authentication',
  'envelope',
] as const;
export type Part = (typeof PARTS)[number];
export type Change = Partial<Record<Part, (bytes: Uint8Array) => Uint8Array>>;

export interface Values {
  readonly sequence: number;
  readonly size: number;
  readonly component: readonly string[];
  readonly vendor: Uint8Array;
  readonly classId: Uint8Array;
  readonly digest: Uint8Array;
  readonly uri: string;
}

/** Signed manifest of these values, parts of it changed. What is around a change is right for what has come of it. */
export function forge(profile: Profile, values: Values, signer: Signer, change: Change = {}): Uint8Array {
  const part = (name: Part, ...pieces: readonly Piece[]): Uint8Array => {
    const bytes = join(...pieces);
    return change[name]?.(bytes) ?? bytes;
  };
  const old = profile === 'riot-v9';
  const algorithm = old ? 0x02 : 0x2f;
  const digest = (bytes: Uint8Array): Uint8Array => bstr(0x82, algorithm, bstr(bytes));
  const parameters = part(
    'parameters',
    0xa4,
    part('vendor', 0x01, bstr(values.vendor)),
    part('class', 0x02, bstr(values.classId)),
    part('digest', 0x03, digest(values.digest)),
    part('size', 0x0e, uint(values.size)),
  );
  const shared = part('shared', 0x86, 0x14, parameters, part('conditions', 0x01, 0x0f, 0x02, 0x0f));
  const common = part('common', 0xa2, 0x02, part('components', components(...values.component)), 0x04, bstr(shared));
  const uri = part('uri', 0xa1, 0x15, tstr(values.uri));
  const install = part('install', 0x86, old ? 0x13 : 0x14, uri, 0x15, old ? 0x02 : 0x0f, 0x03, 0x0f);
  const validate = part('validate', 0x82, 0x03, 0x0f);
  const manifest = part(
    'manifest',
    0xa5,
    part('version', 0x01, 0x01),
    part('sequence', 0x02, uint(values.sequence)),
    ...[0x03, bstr(common)],
    ...(old ? [0x09, bstr(install), 0x0a, bstr(validate)] : [0x07, bstr(validate), 0x14, bstr(install)]),
  );
  const wrapped = part('wrapped', bstr(manifest));
  const payload = part('payload', digest(nodeCrypto.sha256(wrapped)));
  const signature = part(
    'signature',
    signer.sign(join(0x84, tstr('Signature1'), bstr(0xa1, 0x01, 0x27), bstr(), payload)),
  );
  const cose = part('cose', 0xd2, 0x84, bstr(0xa1, 0x01, 0x27), 0xa0, old ? payload : 0xf6, bstr(signature));
  const authentication = part('authentication', ...(old ? [0x81, bstr(cose)] : [0x82, payload, bstr(cose)]));
  return part('envelope', 0xa2, 0x02, bstr(authentication), 0x03, wrapped);
}

const pick = <T>(list: readonly T[], random: Random): T => list[random(list.length)]!;

/** Bytes that heads of manifests begin with, and some that they must not. */
const HEADS = [
  ...[0x00, 0x01, 0x02, 0x03, 0x0e, 0x0f, 0x13, 0x14, 0x15, 0x18, 0x19, 0x1a, 0x1b, 0x1f, 0x20, 0x2f, 0x38, 0x40, 0x41],
  ...[0x43, 0x50, 0x58, 0x59, 0x5a, 0x5b, 0x5f, 0x60, 0x61, 0x78, 0x79, 0x7f, 0x80, 0x81, 0x82, 0x86, 0x98, 0x9f, 0xa0],
  ...[0xa1, 0xa2, 0xa4, 0xa5, 0xb8, 0xbf, 0xc0, 0xd2, 0xd8, 0xe0, 0xf4, 0xf6, 0xf7, 0xf9, 0xfb, 0xff],
];

/** Changes that know of heads: another type, count or form; something put in, left out or doubled. */
function mutateItems(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random(Math.max(1, bytes.length));
  const before = bytes.subarray(0, at);
  const byte = bytes[at] ?? 0;
  const after = bytes.subarray(at + 1);
  switch (random(8)) {
    case 0:
      return join(before, (byte & 0x1f) | (random(8) << 5), after);
    case 1:
      return join(before, (byte + pick([1, 255, 2, 254, 32], random)) & 0xff, after);
    case 2:
      return join(before, pick(HEADS, random), after);
    case 3: // The same argument in another width.
      return join(before, head(byte >> 5, byte & 0x1f, pick([1, 2, 4, 8], random)), after);
    case 4:
      return join(
        before,
        head(random(8), random(2) === 0 ? random(40) : pick([24, 255, 256, 65535, 65536, 0xffff_ffff], random)),
        after,
      );
    case 5:
      return join(before, after.subarray(random(4)));
    case 6:
      return join(before, pick(HEADS, random), byte, after);
    default: {
      const from = random(at + 1);
      return join(before, bytes.subarray(from, from + 1 + random(40)), byte, after);
    }
  }
}

export interface Made {
  readonly profile: Profile;
  readonly values: Values;
  readonly bytes: Uint8Array;
}

/** One mutant of manifests: bytes anywhere, parts of two, or, with a signer, a part of one with all around it made right. */
export function mutant(made: readonly Made[], signer: Signer | null, random: Random): Uint8Array {
  const { profile, values, bytes } = pick(made, random);
  const change = (b: Uint8Array): Uint8Array => (random(3) === 0 ? mutateBytes(b, random) : mutateItems(b, random));
  switch (random(signer === null ? 5 : 10)) {
    case 0:
    case 1:
      return change(bytes);
    case 2: {
      const other = pick(made, random).bytes;
      const at = random(bytes.length);
      return join(bytes.subarray(0, at), other.subarray(random(2) === 0 ? at : random(other.length)));
    }
    case 3:
      return change(change(bytes));
    case 4:
      return random(4) === 0 ? join(bytes, pick(made, random).bytes) : join(0xd8, 0x6b, bytes);
    default: {
      const parts = Array.from({ length: 1 + random(2) }, () => pick(PARTS, random));
      return forge(profile, values, signer!, Object.fromEntries(parts.map((name) => [name, change])));
    }
  }
}
