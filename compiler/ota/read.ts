// SPDX-License-Identifier: MIT
import { componentName } from '../contract/component.js';
import { CompileError } from '../errors/index.js';
import { type Cbor, decodeCbor, leafNotation, Tag } from './cbor.js';
import {
  type KeyName,
  keyNumber,
  PROFILE_FACTS,
  PROTECTED,
  type Profile,
  REPORT_ALL,
  TAG_ENVELOPE,
  TAG_SIGN1,
  type Table,
} from './keys.js';
import { type Crypto, envelope, manifestDigest, type Signer, signedBytes } from './manifest.js';

/** What is around a manifest. */
export interface Envelope {
  readonly profile: Profile;
  /** Whether it has tag 107 in front. */
  readonly tagged: boolean;
  /** The manifest, encoded, without the header of its byte string. */
  readonly manifest: Uint8Array;
  /** The encoded digest that is signed, and the digest in it; null: none, as in unsigned manifests of riot-v9. */
  readonly payload: Uint8Array | null;
  readonly digest: Uint8Array | null;
  /** 64 bytes; null: not signed. */
  readonly signature: Uint8Array | null;
}

/** What a manifest says, unchecked. */
export interface Manifest extends Envelope {
  readonly sequence: number;
  /** Parts of the component's name. */
  readonly component: readonly string[];
  readonly vendor: Uint8Array;
  readonly classId: Uint8Array;
  /** Bytes of the image. */
  readonly size: number;
  /** SHA-256 of the image. */
  readonly imageDigest: Uint8Array;
  readonly uri: string;
}

const hex = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** An item in a few words, for messages. */
function kindOf(value: Cbor | undefined): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Tag) return `tag ${value.tag}`;
  if (value instanceof Map) {
    const keys = [...value.keys()].slice(0, 10).map((k) => kindOf(k));
    return keys.length === 0 ? 'an empty map' : `a map of ${keys.join(', ')}${value.size > 10 ? ', …' : ''}`;
  }
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'string' ? leafNotation([...value].slice(0, 80).join('')) : String(value);
}

/** Takes values apart, each of which has one form only. Every mistake is FCC0812 with the name of the part. */
class Parts {
  constructor(private readonly file: string | undefined) {}

  refuse(where: string, expected: string, got: string): CompileError {
    const at = this.file === undefined ? {} : { at: { file: this.file } };
    return new CompileError('FCC0812', `${where} is not as fcc packs it`, { ...at, expected, got });
  }

  decode(value: Cbor | undefined, where: string): Cbor {
    return decodeCbor(this.bytes(value, where), where, this.file);
  }

  bytes(value: Cbor | undefined, where: string, length?: number): Uint8Array {
    if (value instanceof Uint8Array && (length === undefined || value.length === length)) return value;
    throw this.refuse(where, length === undefined ? 'a byte string' : `${length} bytes`, kindOf(value));
  }

  array(value: Cbor | undefined, where: string, length?: number): readonly Cbor[] {
    if (Array.isArray(value) && (length === undefined || value.length === length)) return value;
    throw this.refuse(where, length === undefined ? 'an array' : `an array of ${length}`, kindOf(value));
  }

  /** A whole number of 32 bits, without sign. */
  u32(value: Cbor | undefined, where: string): number {
    if (typeof value === 'number' && value >= 0 && value <= 0xffffffff) return value;
    throw this.refuse(where, 'a whole number from 0 to 4294967295', kindOf(value));
  }

  /** Printable ASCII; as bytes where a component has it. */
  ascii(value: Cbor | undefined, where: string): string {
    const text = value instanceof Uint8Array ? Array.from(value, (c) => String.fromCharCode(c)).join('') : value;
    if (typeof text === 'string' && /^[\x21-\x7e]+$/.test(text)) return text;
    throw this.refuse(where, 'printable ASCII characters', kindOf(value));
  }

  equal(value: Cbor | undefined, wanted: number, where: string): void {
    if (value !== wanted) throw this.refuse(where, String(wanted), kindOf(value));
  }

  /** A map of these keys and no others. */
  map<T extends Table>(
    value: Cbor | undefined,
    profile: Profile,
    table: T,
    names: readonly KeyName<T>[],
    where: string,
  ): readonly Cbor[] {
    const keys = names.map((name) => keyNumber(table, name, profile));
    if (value instanceof Map && value.size === keys.length && keys.every((key) => value.has(key)))
      return keys.map((key) => value.get(key)!);
    throw this.refuse(where, `a map of ${keys.join(', ')} (${names.join(', ')})`, kindOf(value));
  }

  /** Commands in this order, in a byte string; their arguments. */
  sequence(
    value: Cbor | undefined,
    profile: Profile,
    names: readonly KeyName<'commands'>[],
    where: string,
  ): readonly Cbor[] {
    const items = this.array(this.decode(value, where), where, 2 * names.length);
    return names.map((name, i) => {
      this.equal(items[2 * i], keyNumber('commands', name, profile), `${where}, command ${i + 1} (${name})`);
      return items[2 * i + 1]!;
    });
  }

  /** SUIT_Digest, encoded: the digest. */
  digest(value: Cbor | undefined, profile: Profile, where: string): Uint8Array {
    const [algorithm, digest] = this.array(this.decode(value, where), where, 2);
    this.equal(algorithm, PROFILE_FACTS[profile].sha256, `${where}, algorithm`);
    return this.bytes(digest, where, 32);
  }
}

/** What is signed, and the signature: of a COSE_Sign1 in a byte string. */
function signatureOf(parts: Parts, value: Cbor, profile: Profile): { payload: Cbor; signature: Uint8Array } {
  const where = 'the signature';
  const tag = parts.decode(value, where);
  if (!(tag instanceof Tag) || tag.tag !== TAG_SIGN1)
    throw parts.refuse(where, `COSE_Sign1, tag ${TAG_SIGN1}`, kindOf(tag));
  const [header, unprotected, payload, signature] = parts.array(tag.contents as Cbor, where, 4);
  if (!(header instanceof Uint8Array) || !same(header, PROTECTED))
    throw parts.refuse(
      `${where}’s header`,
      `${hex(PROTECTED)}: algorithm EdDSA`,
      header instanceof Uint8Array ? hex(header) : kindOf(header),
    );
  if (!(unprotected instanceof Map) || unprotected.size > 0)
    throw parts.refuse(`${where}’s unprotected header`, 'an empty map', kindOf(unprotected));
  if (PROFILE_FACTS[profile].digestApart && payload !== null)
    throw parts.refuse(`${where}’s payload`, 'null, as the digest stands apart', kindOf(payload));
  return { payload: payload!, signature: parts.bytes(signature, where, 64) };
}

/**
 * Reads what is around a manifest; the manifest itself can be any.
 * @throws CompileError FCC0811 for CBOR that is not deterministic, FCC0812 for all else
 */
export function readEnvelope(bytes: Uint8Array, file?: string): Envelope {
  const parts = new Parts(file);
  let value = decodeCbor(bytes, 'the manifest', file);
  const tagged = value instanceof Tag && value.tag === TAG_ENVELOPE;
  if (value instanceof Tag && tagged) value = value.contents as Cbor;
  // Both profiles have the same two keys here.
  const [wrapper, manifest] = parts.map(
    value,
    'riot-v9',
    'envelope',
    ['authentication-wrapper', 'manifest'],
    'the envelope',
  );
  const where = 'the authentication';
  const blocks = parts.array(parts.decode(wrapper, where), where);
  // A digest in front is what draft 37 has and draft 9 has not.
  const [first, ...others] = blocks;
  const apart = first !== undefined && Array.isArray(parts.decode(first, where));
  if (tagged && !apart) throw parts.refuse(where, 'a digest in front, as the envelope has a tag', kindOf(blocks));
  const profile: Profile = apart ? 'ietf-37' : 'riot-v9';
  const signatures = apart ? others : blocks;
  if (signatures.length > 1) throw parts.refuse(where, 'one signature, or none', `${signatures.length}`);
  const signed = signatures.length === 0 ? null : signatureOf(parts, signatures[0]!, profile);
  const payload = apart ? first! : (signed?.payload ?? null);
  return {
    profile,
    tagged,
    manifest: parts.bytes(manifest, 'the manifest'),
    payload: payload === null ? null : parts.bytes(payload, 'the digest'),
    digest: payload === null ? null : parts.digest(payload, profile, 'the digest'),
    signature: signed?.signature ?? null,
  };
}

/**
 * Reads a manifest of either profile, every part of which has the form that `buildManifest` writes. Digest and signature
 * are not checked: `checkManifest` does that.
 * @throws CompileError FCC0811 for CBOR that is not deterministic, FCC0812 for all else, whatever the bytes are
 */
export function readManifest(bytes: Uint8Array, file?: string): Manifest {
  const outer = readEnvelope(bytes, file);
  const { profile } = outer;
  const parts = new Parts(file);
  const { fetchReport, uri: setter, shared } = PROFILE_FACTS[profile];
  const [version, number, common, install, validate] = parts.map(
    decodeCbor(outer.manifest, 'the manifest', file),
    profile,
    'manifest',
    ['manifest-version', 'manifest-sequence-number', 'common', 'install', 'validate'],
    'the manifest',
  );
  parts.equal(version, 1, 'the version');
  const [components, sequence] = parts.map(
    parts.decode(common, 'common'),
    profile,
    'common',
    ['components', shared],
    'common',
  );
  const [component] = parts.array(components, 'the list of components', 1);
  const names = parts.array(component, 'the component');
  if (names.length === 0) throw parts.refuse('the component', 'a name of one part or more', 'none');

  const [description, ...conditions] = parts.sequence(
    sequence,
    profile,
    ['directive-override-parameters', 'condition-vendor-identifier', 'condition-class-identifier'],
    shared,
  );
  const [vendor, classId, digest, size] = parts.map(
    description,
    profile,
    'parameters',
    ['vendor-identifier', 'class-identifier', 'image-digest', 'image-size'],
    'the description of the image',
  );
  const [place, fetch, match] = parts.sequence(
    install,
    profile,
    [setter, 'directive-fetch', 'condition-image-match'],
    'install',
  );
  const [uri] = parts.map(place, profile, 'parameters', ['uri'], 'the parameters of install');
  const [valid] = parts.sequence(validate, profile, ['condition-image-match'], 'validate');
  for (const condition of [...conditions, match, valid])
    parts.equal(condition, REPORT_ALL, 'the report of a condition');
  parts.equal(fetch, fetchReport, 'the report of directive-fetch');
  if (typeof uri !== 'string') throw parts.refuse('the URI', 'text', kindOf(uri));
  return {
    ...outer,
    sequence: parts.u32(number, 'the sequence number'),
    component: names.map((name) => {
      const part = parts.ascii(parts.bytes(name, 'the component'), 'the component');
      // Devices print a dot in front of each part.
      if (part.includes('.'))
        throw parts.refuse('the component', 'parts without dots', JSON.stringify(part.slice(0, 80)));
      return part;
    }),
    vendor: parts.bytes(vendor, 'the vendor', 16),
    classId: parts.bytes(classId, 'the class', 16),
    size: parts.u32(size, 'the size of the image'),
    imageDigest: parts.digest(digest, profile, 'the digest of the image'),
    uri: parts.ascii(uri, 'the URI'),
  };
}

/** What can be said of a manifest with some public keys. */
export interface Checked {
  /** Whether the digest that is signed is that of the manifest; absent: the manifest is unsigned and of riot-v9. */
  readonly digest: 'right' | 'wrong' | 'absent';
  /** unchecked: no key was given. */
  readonly signature: 'valid' | 'wrong' | 'unchecked' | 'absent';
  /** Number of the key that signed, in the list given. */
  readonly key: number | null;
}

/** Checks digest and signature; a device does it in this order too, the signature first. */
export function checkManifest(manifest: Envelope, crypto: Crypto, publicKeys: readonly Uint8Array[]): Checked {
  const { payload, digest, signature } = manifest;
  const right = digest && same(digest, manifestDigest(manifest.manifest, crypto));
  const key =
    payload && signature ? publicKeys.findIndex((k) => crypto.verify(k, signedBytes(payload), signature)) : -1;
  return {
    digest: right === null ? 'absent' : right ? 'right' : 'wrong',
    signature: !signature ? 'absent' : publicKeys.length === 0 ? 'unchecked' : key < 0 ? 'wrong' : 'valid',
    key: key < 0 ? null : key,
  };
}

/** Whether an image is the one that a manifest describes. */
export function isImageOf(manifest: Manifest, image: Uint8Array, crypto: Crypto): boolean {
  return manifest.size === image.length && same(manifest.imageDigest, crypto.sha256(image));
}

/**
 * Signs a manifest, or replaces its signature; the manifest stays as it is. The tag in front, if there is one, is left
 * away.
 * @throws CompileError as readEnvelope
 */
export function signManifest(bytes: Uint8Array, crypto: Crypto, signer: Signer, file?: string): Uint8Array {
  const { profile, manifest } = readEnvelope(bytes, file);
  return envelope(profile, manifest, crypto, signer);
}

/** Name of a manifest's component as devices print it. */
export const manifestComponent = (manifest: Manifest): string => componentName(manifest.component);
