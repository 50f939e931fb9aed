// SPDX-License-Identifier: MIT
import { componentName, componentParts } from '../contract/component.js';
import { CompileError } from '../errors/index.js';
import { readImage } from '../image/read.js';
import { DEFAULT_VENDOR, PROFILES } from '../ota/keys.js';
import { MANIFEST_MAX } from '../ota/limits.js';
import type { Signer } from '../ota/manifest.js';
import type { AddCommand } from './command.js';
import { fingerprint, loadSigner, nodeCrypto } from './ota-crypto.js';
import { inputName, keepInputs, readInput, type Session, usage, writeJson, writeOutputs } from './session.js';
import { choice, countOption } from './values.js';

interface PackCommand {
  profile: string;
  hook?: string;
  container?: string;
  seq?: string;
  vendor: string;
  class?: string;
  uri?: string;
  key?: string;
  passphraseFile?: string;
  unsigned?: boolean;
  output?: string;
  limit?: string;
  raw?: boolean;
  json?: boolean;
}

/** Where a manifest goes if nobody says: beside the image, with another ending. */
export const manifestName = (image: string): string =>
  image === '-' ? 'program.suit' : `${image.replace(/(?<=[^/\\])\.[^./\\]+$/, '')}.suit`;

/** --seq: a number of 32 bits, or `now`, the seconds since 1970. Errors: FCC0001. */
export function sequenceOption(session: Session, text: string): number {
  if (text === 'now') {
    const now = Math.floor(Date.now() / 1000);
    session.err(`note: sequence number ${now} is the clock’s; devices take only higher ones from then on\n`);
    return now;
  }
  const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (value >= 0 && value <= 0xffffffff) return value;
  throw usage(`--seq does not take ${text}`, { expected: 'a whole number from 0 to 4294967295, or now' });
}

/** The bytes of an image, which has to be one of ours unless `raw`. Errors: FCC0002, FCC06xx. */
export function imageBytes(session: Session, file: string, raw: boolean): Uint8Array {
  const bytes = readInput(session, file);
  if (raw) return bytes;
  try {
    readImage(bytes);
  } catch (e) {
    if (!(e instanceof CompileError)) throw e;
    const help = e.code === 'FCC0601' ? { help: 'files of any kind are packed with --raw' } : {};
    throw new CompileError(e.code, e.message, {
      ...e.details,
      ...help,
      at: { file: inputName(file), ...e.details.at },
    });
  }
  return bytes;
}

/** An option that has no default. */
function needed(name: string, value: string | undefined, example: string): string {
  if (value !== undefined) return value;
  throw usage(`no --${name} given`, { expected: example });
}

function signerOption(session: Session, o: PackCommand): Signer | null {
  if (o.unsigned && o.key !== undefined) throw usage('--unsigned and --key exclude each other');
  if (o.unsigned) return null;
  if (o.key === undefined)
    throw usage('no key given', {
      expected: '-k KEY, or --unsigned for a manifest that `fcc sign` completes',
      help: '`fcc keys gen` makes one',
    });
  return loadSigner(session, o.key, o.passphraseFile);
}

/** `fcc pack`: the manifest of an image. */
async function pack(session: Session, file: string, o: PackCommand): Promise<void> {
  const profile = choice('--profile', o.profile, PROFILES);
  const component = componentParts(needed('hook', o.hook, '--hook fc/timer'), o.container);
  const seq = needed('seq', o.seq, '--seq NUMBER, above the one before');
  const { classId, uuidText, vendorId } = await import('../ota/uuid.js');
  const vendor = vendorId(o.vendor);
  const device = classId(vendor, needed('class', o.class, '--class NAME or UUID of the device’s class'));
  const uri = needed('uri', o.uri, '--uri coap://HOST[:PORT]/PATH where the device gets the image');
  const limit = o.limit === undefined ? MANIFEST_MAX : countOption('--limit', o.limit);
  const output = o.output ?? manifestName(file);
  keepInputs(output, [file, o.key, o.passphraseFile]);
  if (o.json && output === '-') throw usage('--json and an output both want standard output');
  const signer = signerOption(session, o);
  const image = imageBytes(session, file, o.raw === true);
  const sequence = sequenceOption(session, seq);
  const { buildManifest } = await import('../ota/manifest.js');
  const input = { profile, sequence, component, vendor, classId: device, image, uri };
  const bytes = buildManifest(input, nodeCrypto, signer, limit);
  writeOutputs(session, [[output, bytes]]);
  const name = componentName(component);
  const key = signer && fingerprint(signer.publicKey);
  if (o.json) {
    const ids = { vendor: uuidText(vendor), class: uuidText(device) };
    const about = { profile, component: name, sequence, ...ids, uri, key };
    return writeJson(session, { output, manifestBytes: bytes.length, imageBytes: image.length, ...about });
  }
  const words = [`${bytes.length} bytes`, profile, `component ${name}`, `sequence ${sequence}`];
  const say = output === '-' ? session.err : session.out;
  say(`${output === '-' ? 'manifest' : output}: ${[...words, key === null ? 'unsigned' : `key ${key}`].join(', ')}\n`);
}

export const addPack: AddCommand = (program, session, act) => {
  program
    .command('pack')
    .argument('IMAGE', 'image that `fcc compile` wrote, - for standard input')
    .description('write the signed SUIT manifest of an image, for devices that update over the air')
    .option('--profile <name>', 'riot-v9: what RIOT reads; ietf-37: the newest draft', 'riot-v9')
    .option('--hook <name>', 'hook that the image is for')
    .option('--container <name>', 'name of the place, where the hook has several')
    .option('--seq <number>', 'sequence number, higher than the last one; now: seconds since 1970')
    .option('--vendor <domain>', 'vendor of the device: domain or UUID', DEFAULT_VENDOR)
    .option('--class <name>', 'class of the device, for RIOT its board: name or UUID')
    .option('--uri <uri>', 'where the device gets the image: coap://…')
    .option('-k, --key <file>', 'private key that signs')
    .option('--passphrase-file <file>', 'file with the key’s passphrase')
    .option('--unsigned', 'leave the signature to `fcc sign`')
    .option('-o, --output <file>', 'output file, - for standard output (default: the image’s name with .suit)')
    .option('--limit <bytes>', `bytes of manifest that the device takes (default: ${MANIFEST_MAX})`)
    .option('--raw', 'the file need not be an image of fcc')
    .action((file: string, o: PackCommand) =>
      act(async () => {
        await pack(session, file, o);
        return 0;
      }),
    );
};
