// SPDX-License-Identifier: MIT
import { checkComponent, componentName } from '../contract/component.js';
import { CompileError } from '../errors/index.js';
import { type Cbor, encodeCbor, Tag } from './cbor.js';
import {
  type KeyName,
  keyNumber,
  PROFILE_FACTS,
  PROTECTED,
  type Profile,
  REPORT_ALL,
  TAG_SIGN1,
  type Table,
} from './keys.js';
import { MANIFEST_MAX, URI_MAX } from './limits.js';

/** What manifests need of cryptography: SHA-256 (FIPS 180-4) and Ed25519 (RFC 8032). The library has none of its own. */
export interface Crypto {
  /** 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array;
  /** Public key 32 bytes, signature 64. */
  verify(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** A private key. */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
}

export interface ManifestInput {
  readonly profile: Profile;
  /** 0 to 2^32 - 1; devices take only higher ones than they had. */
  readonly sequence: number;
  /** Parts of the component's name (contract/component.ts). */
  readonly component: readonly string[];
  /** UUIDs, 16 bytes (uuid.ts). */
  readonly vendor: Uint8Array;
  readonly classId: Uint8Array;
  /** The image, whole. */
  readonly image: Uint8Array;
  /** Where the device fetches it. */
  readonly uri: string;
}

/** A map by the names of its keys. */
function mapOf<T extends Table>(profile: Profile, table: T, entries: readonly (readonly [KeyName<T>, Cbor])[]): Cbor {
  return new Map(entries.map(([name, value]) => [keyNumber(table, name, profile), value]));
}

/** A byte string that holds commands with their arguments. */
function sequence(profile: Profile, commands: readonly (readonly [KeyName<'commands'>, Cbor])[]): Uint8Array {
  return encodeCbor(commands.flatMap(([name, argument]) => [keyNumber('commands', name, profile), argument]));
}

/** Digest with its algorithm, encoded: SUIT_Digest. */
const digestOf = (profile: Profile, digest: Uint8Array): Uint8Array =>
  encodeCbor([PROFILE_FACTS[profile].sha256, digest]);

/** What is signed: Sig_structure of COSE_Sign1 (RFC 9052, section 4.4). */
export const signedBytes = (payload: Uint8Array): Uint8Array =>
  encodeCbor(['Signature1', PROTECTED, new Uint8Array(), payload]);

/** SHA-256 of an encoded manifest with the header of the byte string that it is in. */
export const manifestDigest = (manifest: Uint8Array, crypto: Crypto): Uint8Array => crypto.sha256(encodeCbor(manifest));

/**
 * An envelope, encoded: authentication and manifest. Without a signer nothing is signed: in riot-v9 the list of
 * signatures is empty, as RIOT's tool writes it; in ietf-37 it has the digest alone.
 */
export function envelope(profile: Profile, manifest: Uint8Array, crypto: Crypto, signer: Signer | null): Uint8Array {
  const payload = digestOf(profile, manifestDigest(manifest, crypto));
  const apart = PROFILE_FACTS[profile].digestApart;
  const signature = (key: Signer): Uint8Array =>
    encodeCbor(new Tag(TAG_SIGN1, [PROTECTED, new Map(), apart ? null : payload, key.sign(signedBytes(payload))]));
  const authentication = [...(apart ? [payload] : []), ...(signer ? [signature(signer)] : [])];
  return encodeCbor(
    mapOf(profile, 'envelope', [
      ['authentication-wrapper', encodeCbor(authentication)],
      ['manifest', manifest],
    ]),
  );
}

/**
 * Manifest that installs one image to one component, in deterministic CBOR; `signer` null leaves it unsigned. `limit` is
 * the bytes that devices take.
 * @throws CompileError FCC0813 for what is over a device's limits, FCC0817 for values that cannot be
 */
export function buildManifest(
  input: ManifestInput,
  crypto: Crypto,
  signer: Signer | null,
  limit: number = MANIFEST_MAX,
): Uint8Array {
  checkInput(input);
  const { profile, image } = input;
  const { fetchReport, uri, shared } = PROFILE_FACTS[profile];
  const common = mapOf(profile, 'common', [
    ['components', [input.component.map((part) => new TextEncoder().encode(part))]],
    [
      shared,
      sequence(profile, [
        [
          'directive-override-parameters',
          mapOf(profile, 'parameters', [
            ['vendor-identifier', input.vendor],
            ['class-identifier', input.classId],
            ['image-digest', digestOf(profile, crypto.sha256(image))],
            ['image-size', image.length],
          ]),
        ],
        ['condition-vendor-identifier', REPORT_ALL],
        ['condition-class-identifier', REPORT_ALL],
      ]),
    ],
  ]);
  const install = sequence(profile, [
    [uri, mapOf(profile, 'parameters', [['uri', input.uri]])],
    ['directive-fetch', fetchReport],
    ['condition-image-match', REPORT_ALL],
  ]);
  const manifest = mapOf(profile, 'manifest', [
    ['manifest-version', 1],
    ['manifest-sequence-number', input.sequence],
    ['common', encodeCbor(common)],
    ['install', install],
    ['validate', sequence(profile, [['condition-image-match', REPORT_ALL]])],
  ]);
  const bytes = envelope(profile, encodeCbor(manifest), crypto, signer);
  checkLength(bytes, limit, input);
  return bytes;
}

/**
 * A URI that devices take apart (RFC 7252, section 6.1): scheme, a name or an IPv6 address with or without zone, a port, a
 * path and query without fragment, and percent signs only in front of two digits.
 */
const URI =
  /^coap:\/\/(?:\[(?=[^\]]*:[^\]]*:)[0-9A-Fa-f:.]+(?:%[\w.~-]+)?\]|[0-9A-Za-z._-]+)(?::(\d{1,5}))?(?:\/(?:[\x21\x22\x24\x26-\x7e]|%[0-9A-Fa-f]{2})*)?$/;

function isUri(text: string): boolean {
  const m = URI.exec(text);
  const port = Number(m?.[1] ?? 5683);
  return m !== null && port >= 1 && port <= 65535;
}

function checkInput({ sequence, component, vendor, classId, uri }: ManifestInput): void {
  checkComponent(component, 'the component');
  const value = (what: string, expected: string, got: string): CompileError =>
    new CompileError('FCC0817', `${what} cannot be in a manifest`, { expected, got });
  if (!Number.isInteger(sequence) || sequence < 0 || sequence > 0xffffffff)
    throw value('the sequence number', 'a whole number from 0 to 4294967295', String(sequence));
  for (const [what, uuid] of [
    ['the vendor', vendor],
    ['the class', classId],
  ] as const)
    if (uuid.length !== 16) throw value(what, 'a UUID of 16 bytes', `${uuid.length} bytes`);
  if (!isUri(uri))
    throw value(
      'the URI',
      'coap://HOST[:PORT]/PATH in printable ASCII, an IPv6 address in brackets, a port of 1 to 65535, no fragment',
      JSON.stringify(uri),
    );
  if (uri.length < URI_MAX) return;
  throw new CompileError('FCC0813', 'the URI is too long', {
    expected: `at most ${URI_MAX - 1} characters (FCC_URI_MAX of fcc_manifest.h, and RIOT’s own)`,
    got: `${uri.length}`,
    help: 'serve the image under a shorter path',
  });
}

function checkLength(bytes: Uint8Array, limit: number, { component, uri }: ManifestInput): void {
  if (bytes.length <= limit) return;
  throw new CompileError('FCC0813', `the manifest is too long`, {
    expected: `at most ${limit} bytes (FCC_MANIFEST_MAX of fcc_manifest.h, and RIOT’s own)`,
    got: `${bytes.length}`,
    help: `URI (${uri.length} bytes) and component ${componentName(component)} can be shorter`,
  });
}
