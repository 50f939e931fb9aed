// SPDX-License-Identifier: MIT
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { CompileError } from '../errors/index.js';
import type { Crypto, Signer } from '../ota/manifest.js';
import { inputName, readInput, type Session } from './session.js';

/** DER in front of 32 bytes: SubjectPublicKeyInfo of Ed25519 (RFC 8410, section 4). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** A raw public key, 32 bytes, as Node wants it. */
export const publicKeyObject = (publicKey: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' });

/** SHA-256 and Ed25519 of Node. */
export const nodeCrypto: Crypto = {
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  verify: (publicKey, bytes, signature) => {
    try {
      return verify(null, bytes, publicKeyObject(publicKey), signature);
    } catch {
      // A public key that is no point of the curve made no signature.
      return false;
    }
  },
};

/** The 32 bytes of a public key, or of the one that belongs to a private key. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const of = key.type === 'private' ? createPublicKey(key) : key;
  return new Uint8Array(of.export({ format: 'der', type: 'spki' }).subarray(SPKI.length));
}

/** Signs with a private key of Node's. */
export const signerOf = (key: KeyObject): Signer => ({
  publicKey: rawPublicKey(key),
  sign: (bytes) => new Uint8Array(sign(null, bytes, key)),
});

/** Short name of a key: the first 16 hexadecimal digits of SHA-256 over its 32 public bytes. */
export const fingerprint = (publicKey: Uint8Array): string =>
  createHash('sha256').update(publicKey).digest('hex').slice(0, 16);

/** What a key file holds. `key` is null for a private key that is encrypted and has no passphrase given. */
export type KeyFile =
  | { readonly kind: 'private' | 'public'; readonly encrypted: boolean; readonly key: KeyObject }
  | { readonly kind: 'private'; readonly encrypted: true; readonly key: null };

/**
 * Reads a key from the text of a file; `name` is the file in messages.
 * @throws CompileError FCC0821 if it is none, FCC0822 if the passphrase is wrong
 */
export function parseKey(text: string, name: string, passphrase?: string): KeyFile {
  const none = (got: string): CompileError =>
    new CompileError('FCC0821', `${name} is not an Ed25519 key`, {
      at: { file: name },
      expected: 'PEM with a PKCS #8 private key or a public key of Ed25519, or 64 hexadecimal digits of a public key',
      got,
    });
  const digits = text.trim();
  if (/^[0-9a-f]{64}$/i.test(digits)) {
    try {
      return { kind: 'public', encrypted: false, key: publicKeyObject(Buffer.from(digits, 'hex')) };
    } catch {
      throw none('digits that are no public key');
    }
  }
  const label = /^-----BEGIN ([A-Z ]+)-----/m.exec(text)?.[1];
  if (label === undefined) throw none(text === '' ? 'an empty file' : 'no PEM');
  const encrypted = label === 'ENCRYPTED PRIVATE KEY';
  if (encrypted && passphrase === undefined) return { kind: 'private', encrypted, key: null };
  if (!encrypted && label !== 'PRIVATE KEY' && label !== 'PUBLIC KEY') throw none(label);
  let key: KeyObject;
  try {
    key = label === 'PUBLIC KEY' ? createPublicKey(text) : createPrivateKey({ key: text, passphrase });
  } catch {
    if (encrypted)
      throw new CompileError('FCC0822', `${name} cannot be decrypted`, {
        at: { file: name },
        reason: 'the passphrase is another one, or the file is damaged',
        help: 'the first line of --passphrase-file is the passphrase',
      });
    throw none(`${label} that cannot be read`);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw none(`a key of ${key.asymmetricKeyType}`);
  return { kind: key.type === 'private' ? 'private' : 'public', encrypted, key };
}

/** Passphrase in a file: its first line. */
export function readPassphrase(session: Session, path: string | undefined): string | undefined {
  return path === undefined ? undefined : Buffer.from(readInput(session, path)).toString('utf8').split(/\r?\n/, 1)[0];
}

function readKey(session: Session, path: string, passphraseFile: string | undefined): KeyFile & { key: KeyObject } {
  const text = Buffer.from(readInput(session, path)).toString('utf8');
  const read = parseKey(text, inputName(path), readPassphrase(session, passphraseFile));
  if (read.key !== null) return read;
  throw new CompileError('FCC0822', `${inputName(path)} is encrypted`, {
    at: { file: inputName(path) },
    help: 'give the file with its passphrase with --passphrase-file',
  });
}

/** The private key in a file. Errors: FCC0002, FCC0821, FCC0822. */
export function loadSigner(session: Session, path: string, passphraseFile?: string): Signer {
  const { kind, key } = readKey(session, path, passphraseFile);
  if (kind === 'private') return signerOf(key);
  throw new CompileError('FCC0822', `${inputName(path)} is a public key`, {
    at: { file: inputName(path) },
    expected: 'the private one, which signs',
    help: 'it is the file that `fcc keys gen` wrote',
  });
}

/** The 32 bytes of the public key in a file, which may hold the private one. Errors: FCC0002, FCC0821, FCC0822. */
export function loadPublicKey(session: Session, path: string, passphraseFile?: string): Uint8Array {
  return rawPublicKey(readKey(session, path, passphraseFile).key);
}
