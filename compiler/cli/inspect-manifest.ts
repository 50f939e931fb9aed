// SPDX-License-Identifier: MIT
import { CompileError } from '../errors/index.js';
import { formatError } from '../errors/print.js';
import { manifestDigest } from '../ota/manifest.js';
import { guessProfile, manifestNotation } from '../ota/notation.js';
import { type Checked, checkManifest, type Manifest, manifestComponent, readManifest } from '../ota/read.js';
import { classId, uuidText, vendorId } from '../ota/uuid.js';
import { fingerprint, loadPublicKey, nodeCrypto } from './ota-crypto.js';
import { errorDocument, inputName, readInput, type Session, writeJson } from './session.js';
import { table } from './table.js';

/** Options of `fcc inspect` that are for manifests. */
export interface ManifestOptions {
  readonly key?: readonly string[];
  readonly passphraseFile?: string;
  readonly image?: string;
  readonly vendor?: string;
  readonly class?: string;
  readonly json?: boolean;
}

interface Key {
  readonly file: string;
  readonly publicKey: Uint8Array;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The hooks that a component can be of: the last part may be a container's name. */
function hooksOf(component: readonly string[]): string[] {
  const whole = component.join('/');
  return component.length > 2 ? [whole, component.slice(0, -1).join('/')] : [whole];
}

/** A name given, compared by its UUID: `right` is null without a name. */
interface Named {
  readonly name: string | null;
  readonly right: boolean | null;
}

function named(name: string | undefined, id: Uint8Array | undefined, found: Uint8Array): Named {
  return { name: name ?? null, right: id === undefined ? null : hex(id) === hex(found) };
}

/** What is known about the image of --image. */
interface ImageState {
  readonly file: string;
  readonly size: number;
  readonly digest: Uint8Array;
  readonly right: boolean;
}

function imageState(session: Session, file: string | undefined, manifest: Manifest): ImageState | null {
  if (file === undefined) return null;
  const bytes = readInput(session, file);
  const digest = nodeCrypto.sha256(bytes);
  const right = bytes.length === manifest.size && hex(digest) === hex(manifest.imageDigest);
  return { file: inputName(file), size: bytes.length, digest, right };
}

/** What is wrong with a manifest that can be read, in the order in which a device finds it. */
function faults(
  file: string,
  manifest: Manifest,
  checked: Checked,
  keys: readonly Key[],
  image: ImageState | null,
): CompileError[] {
  const at = { file };
  const errors: CompileError[] = [];
  if (checked.signature === 'wrong' || (checked.signature === 'absent' && keys.length > 0))
    errors.push(
      new CompileError(
        'FCC0814',
        checked.signature === 'absent' ? 'the manifest is not signed' : 'the signature is by none of the keys given',
        {
          at,
          expected: keys.map((k) => `${k.file} (${fingerprint(k.publicKey)})`).join(', '),
          help: `\`fcc sign ${file} -k KEY\` signs it`,
        },
      ),
    );
  if (checked.digest === 'wrong')
    errors.push(
      new CompileError('FCC0815', 'the manifest was changed after it was signed', {
        at,
        expected: hex(manifest.digest!),
        got: hex(manifestDigest(manifest.manifest, nodeCrypto)),
        reason: 'the digest that is signed is not that of the manifest',
      }),
    );
  if (image && !image.right)
    errors.push(
      new CompileError('FCC0816', `${image.file} is not the image of the manifest`, {
        at,
        expected: `${manifest.size} bytes, SHA-256 ${hex(manifest.imageDigest)}`,
        got: `${image.size} bytes, ${hex(image.digest)}`,
      }),
    );
  return errors;
}

const SIGNATURES = {
  unchecked: 'not checked: give keys with -k',
  absent: 'none: the manifest is unsigned',
  wrong: 'by none of the keys given',
} as const;

const DIGESTS = { right: 'right', wrong: 'wrong: not that of the manifest', absent: 'none' } as const;

/** A UUID with what is known of its name. */
function idText(id: Uint8Array, { name, right }: Named): string {
  if (name === null) return uuidText(id);
  return `${uuidText(id)}${right ? ` (${name})` : `, not ${name}`}`;
}

/**
 * Shows a manifest: what it says, whether digest, signature and image are right, and all of it in diagnostic notation.
 * Returns the exit code. Errors: FCC0811, FCC0812 after the notation, FCC0814 to FCC0816, and those of keys and files.
 */
export function inspectManifest(session: Session, path: string, bytes: Uint8Array, o: ManifestOptions): number {
  const file = inputName(path);
  const keys = (o.key ?? []).map((k) => ({
    file: inputName(k),
    publicKey: loadPublicKey(session, k, o.passphraseFile),
  }));
  let manifest: Manifest;
  try {
    manifest = readManifest(bytes, file);
  } catch (e) {
    // What is CBOR can be shown, whatever it says.
    if (e instanceof CompileError && e.code === 'FCC0812' && !o.json)
      session.out(`${manifestNotation(bytes, guessProfile(bytes), file)}\n`);
    throw e;
  }
  const notation = manifestNotation(bytes, manifest.profile, file);
  const checked = checkManifest(
    manifest,
    nodeCrypto,
    keys.map((k) => k.publicKey),
  );
  const image = imageState(session, o.image, manifest);
  const vendor = named(o.vendor, o.vendor === undefined ? undefined : vendorId(o.vendor), manifest.vendor);
  const device = named(
    o.class,
    o.class === undefined ? undefined : classId(manifest.vendor, o.class),
    manifest.classId,
  );
  const errors = faults(file, manifest, checked, keys, image);
  const signer = checked.key === null ? null : keys[checked.key]!;
  const component = manifestComponent(manifest);
  const hooks = hooksOf(manifest.component);
  if (o.json) {
    writeJson(session, {
      kind: 'manifest',
      profile: manifest.profile,
      tagged: manifest.tagged,
      manifestBytes: bytes.length,
      component,
      hooks,
      sequence: manifest.sequence,
      vendor: uuidText(manifest.vendor),
      vendorRight: vendor.right,
      class: uuidText(manifest.classId),
      classRight: device.right,
      imageBytes: manifest.size,
      imageDigest: manifest.imageDigest,
      imageRight: image?.right ?? null,
      uri: manifest.uri,
      digest: checked.digest,
      signature: checked.signature,
      key: signer && { file: signer.file, fingerprint: fingerprint(signer.publicKey) },
      notation,
      errors: errors.map((e) => errorDocument(e)),
    });
  } else {
    const signature =
      checked.signature === 'valid'
        ? `valid, by ${signer!.file} (${fingerprint(signer!.publicKey)})`
        : SIGNATURES[checked.signature];
    const rows = [
      ['kind', 'manifest'],
      ['profile', `${manifest.profile}${manifest.tagged ? ', with a tag' : ''}`],
      ['manifestBytes', String(bytes.length)],
      ['component', component],
      [
        'hook',
        hooks.length === 1 ? hooks[0]! : `${hooks[0]}, or ${hooks[1]} with container ${manifest.component.at(-1)}`,
      ],
      ['sequence', String(manifest.sequence)],
      ['vendor', idText(manifest.vendor, vendor)],
      ['class', idText(manifest.classId, device)],
      ['imageBytes', String(manifest.size)],
      ['imageDigest', hex(manifest.imageDigest)],
      ...(image ? [['image', image.right ? `${image.file} is the one` : `${image.file} is another one`]] : []),
      ['uri', manifest.uri],
      ['signature', signature],
      ['digest', DIGESTS[checked.digest]],
    ];
    session.out(`${table(rows[0]!, rows.slice(1))}\n${notation}\n`);
  }
  for (const e of errors) session.err(`${formatError(e, { color: session.terminal })}\n`);
  return errors[0]?.exitCode ?? 0;
}
