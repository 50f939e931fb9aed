// SPDX-License-Identifier: MIT
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { nodeCrypto, signerOf } from '../../compiler/cli/ota-crypto.js';
import type { Profile } from '../../compiler/ota/keys.js';
import { buildManifest, type ManifestInput, type Signer } from '../../compiler/ota/manifest.js';
import { classId, vendorId } from '../../compiler/ota/uuid.js';

/** Private key of RFC 8032, section 7.1, test 1: everybody knows it. */
const RFC8032 = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';

/** PKCS #8 of an Ed25519 key (RFC 8410, section 7) in front of its 32 bytes. */
const PKCS8 = '302e020100300506032b657004220420';

export const rfcKey: KeyObject = createPrivateKey({
  key: Buffer.from(PKCS8 + RFC8032, 'hex'),
  format: 'der',
  type: 'pkcs8',
});
export const rfcPem = rfcKey.export({ type: 'pkcs8', format: 'pem' }) as string;
export const rfcSigner: Signer = signerOf(rfcKey);

/** A key that is new in each run. */
export const otherSigner: Signer = signerOf(generateKeyPairSync('ed25519').privateKey);

/** Image bytes by a formula. */
export const imageOf = (size: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8) * 13 + seed) & 255);

export const VENDOR = vendorId('riot-os.org');

/** An input that is all right. */
export const inputOf = (profile: Profile, more: Partial<ManifestInput> = {}): ManifestInput => ({
  profile,
  sequence: 7,
  component: ['fc', 'timer'],
  vendor: VENDOR,
  classId: classId(VENDOR, 'native64'),
  image: imageOf(100),
  uri: 'coap://[::1]:40000/prog.fcc',
  ...more,
});

/** A manifest that is all right, signed with the key of the RFC. */
export const manifestOf = (
  profile: Profile,
  more: Partial<ManifestInput> = {},
  signer: Signer | null = rfcSigner,
): Uint8Array => buildManifest(inputOf(profile, more), nodeCrypto, signer);
