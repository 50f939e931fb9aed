// SPDX-License-Identifier: MIT
import { nodeCrypto } from '../../compiler/cli/ota-crypto.js';
import { PROFILES, type Profile } from '../../compiler/ota/keys.js';
import { buildManifest, type ManifestInput } from '../../compiler/ota/manifest.js';
import { type Made, signerFrom } from './manifest-forms.js';

/** Key pair of RFC 8032, section 7.1, test 1. */
export const OURS = signerFrom(Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex'));
export const SECOND = signerFrom(new Uint8Array(32).fill(2));

export const bytesOf = (length: number, from: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (from + 7 * i) & 0xff);

export const input = (profile: Profile, more: Partial<ManifestInput> = {}): ManifestInput => ({
  profile,
  sequence: 7,
  component: ['fc', 'timer'],
  vendor: bytesOf(16, 0x10),
  classId: bytesOf(16, 0x50),
  image: bytesOf(300, 1),
  uri: 'coap://[::1]:40000/m/7f3a',
  ...more,
});

export const valuesOf = ({ image, ...rest }: ManifestInput) => ({
  ...rest,
  size: image.length,
  digest: nodeCrypto.sha256(image),
});

/** Inputs that go up to each limit. */
export const INPUTS: ManifestInput[] = PROFILES.flatMap((profile) => [
  input(profile),
  ...[0, 1, 23, 24, 255, 256, 65_535, 65_536, 0xffff_ffff].map((sequence) => input(profile, { sequence })),
  ...[0, 8, 23, 24, 255, 256, 65_536].map((n) => input(profile, { image: bytesOf(n, 2) })),
  input(profile, { component: ['x'] }),
  input(profile, { component: ['fc', 'timer', 'guest'] }),
  input(profile, { component: ['fc', 'a-part-of-23-characters'] }),
  input(profile, { component: ['a-part-of-all-30-characters-xx'] }),
  input(profile, { component: 'abcdefghijklmno'.split('') }),
  input(profile, { uri: 'coap://a' }),
  ...[23, 24, 127].map((n) => input(profile, { uri: `coap://[2001:db8::1]:5683/${'u'.repeat(n)}`.slice(0, n) })),
]);

export const madeOf = (i: ManifestInput): Made => ({
  profile: i.profile,
  values: valuesOf(i),
  bytes: buildManifest(i, nodeCrypto, OURS),
});
