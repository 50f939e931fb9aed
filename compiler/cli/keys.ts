// SPDX-License-Identifier: MIT
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { isReserved } from '../contract/names.js';
import { CompileError } from '../errors/index.js';
import type { AddCommand } from './command.js';
import {
  fingerprint,
  type KeyFile,
  loadPublicKey,
  parseKey,
  publicKeyObject,
  rawPublicKey,
  readPassphrase,
} from './ota-crypto.js';
import {
  keepInputs,
  type Output,
  readInput,
  type Session,
  systemReason,
  usage,
  writeJson,
  writeOutputs,
} from './session.js';
import { table } from './table.js';
import { choice } from './values.js';

/** What `fcc keys` does. */
export const KEY_WORK = ['gen', 'pub', 'list'] as const;
/** Forms of a public key. */
export const KEY_FORMATS = ['pem', 'hex', 'c'] as const;

interface KeysCommand {
  output?: string;
  format?: string;
  name?: string;
  passphraseFile?: string;
  json?: boolean;
}

/** Files in a folder that are longer are no keys. */
const KEY_FILE_MAX = 16384;

/** Writes a private key: to a file of its own that nobody else can read from its first byte on. Errors: FCC0003. */
function writePrivate(path: string, text: string): void {
  let file: number | undefined;
  try {
    // Fails if the name exists, also as a link to nowhere.
    file = openSync(path, 'wx', 0o600);
    // The umask may have taken rights away.
    fchmodSync(file, 0o600);
    // Unlike writeSync, until all is written.
    writeFileSync(file, text);
    closeSync(file);
  } catch (e) {
    if (file !== undefined) rmSync(path, { force: true });
    const exists = (e as { code?: unknown }).code === 'EEXIST';
    throw new CompileError('FCC0003', `cannot write ${path}`, {
      reason: systemReason(e),
      ...(exists
        ? { help: 'keys are not overwritten: whoever has only the new one can update no device of the old one' }
        : {}),
    });
  }
}

function gen(session: Session, files: readonly string[], o: KeysCommand): void {
  if (files.length > 0) throw usage('keys gen takes no file', { help: 'name the output with -o' });
  const output = o.output ?? 'fcc-key.pem';
  if (o.json && output === '-') throw usage('--json and an output both want standard output');
  const passphrase = readPassphrase(session, o.passphraseFile);
  if (passphrase === '') throw usage('the passphrase is empty', { got: o.passphraseFile });
  const { privateKey } = generateKeyPairSync('ed25519');
  const text = privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }),
  }) as string;
  const publicKey = rawPublicKey(privateKey);
  if (output === '-') session.out(text);
  else writePrivate(output, text);
  if (o.json)
    writeJson(session, { output, fingerprint: fingerprint(publicKey), publicKey, encrypted: passphrase !== undefined });
  else
    (output === '-' ? session.err : session.out)(
      `${output === '-' ? 'key' : output}: Ed25519 key ${fingerprint(publicKey)}${passphrase === undefined ? '' : ', encrypted'}\n`,
    );
}

/** A public key as an array for firmware: `public_key` of fcc_key_t (fcc_manifest.h). */
function cArray(name: string, publicKey: Uint8Array): string {
  const bytes = [...publicKey].map((b) => `0x${b.toString(16).padStart(2, '0')}`);
  const rows = [0, 8, 16, 24].map((at) => `    ${bytes.slice(at, at + 8).join(', ')},`);
  return `/* Public key ${fingerprint(publicKey)}, Ed25519. Written by \`fcc keys pub\`. */
#pragma once
#include <stdint.h>

static const uint8_t ${name}[32] = {
${rows.join('\n')}
};
`;
}

/** The array's name: what --name says, or made of the file's. */
function cName(file: string, wanted: string | undefined): string {
  const name =
    wanted ??
    `${file === '-' ? 'public' : basename(file).replace(/\..*$/, '').replace(/\W/g, '_')}_key`.replace(/^(?=\d)/, 'k');
  if (/^[A-Za-z]\w*$/.test(name) && !isReserved(name)) return name;
  throw usage('--name is no identifier of C', { got: name });
}

/** Whether a file has a private key in it, as far as it can be read. */
function hasPrivate(path: string): boolean {
  try {
    const before = statSync(path);
    return before.isFile() && before.size <= KEY_FILE_MAX && /PRIVATE KEY-----/.test(readFileSync(path, 'latin1'));
  } catch {
    // What is wrong with the name is said when it is written to.
    return false;
  }
}

function pub(session: Session, files: readonly string[], o: KeysCommand): void {
  const [file] = files;
  if (file === undefined || files.length > 1) throw usage('keys pub needs one key', { expected: 'fcc keys pub KEY' });
  const format = choice('--format', o.format ?? 'pem', KEY_FORMATS);
  if (o.name !== undefined && format !== 'c') throw usage('--name is for --format c');
  const name = format === 'c' ? cName(file, o.name) : '';
  const output = o.output ?? '-';
  keepInputs(output, [file, o.passphraseFile]);
  // A mistaken name must not cost a key: nothing else signs for the devices that have its public one.
  if (output !== '-' && hasPrivate(output)) throw usage('the output would replace a private key', { got: output });
  const publicKey = loadPublicKey(session, file, o.passphraseFile);
  const text = {
    pem: () => publicKeyObject(publicKey).export({ type: 'spki', format: 'pem' }) as string,
    hex: () => `${Buffer.from(publicKey).toString('hex')}\n`,
    c: () => cArray(name, publicKey),
  }[format]();
  const written: Output[] = o.json && output === '-' ? [] : [[output, text]];
  writeOutputs(session, written);
  if (o.json)
    writeJson(session, {
      fingerprint: fingerprint(publicKey),
      publicKey,
      ...(output === '-' ? { text } : { output }),
    });
}

/** What the file system says of a path. Errors: FCC0002. */
function asked<T>(path: string, question: () => T): T {
  try {
    return question();
  } catch (e) {
    throw new CompileError('FCC0002', `cannot read ${path}`, { reason: systemReason(e) });
  }
}

const statOf = (path: string): Stats => asked(path, () => statSync(path));

interface Row {
  readonly file: string;
  readonly kind: string;
  readonly encrypted: boolean;
  readonly fingerprint: string | null;
  readonly publicKey: Uint8Array | null;
  /** Rights that others than the owner have to a private key, as octal digits; null: none, or it is a public one. */
  readonly open: string | null;
}

function row(file: string, { kind, encrypted, key }: KeyFile): Row {
  const publicKey = key && rawPublicKey(key as KeyObject);
  const mode = file === '-' || process.platform === 'win32' ? 0 : statOf(file).mode & 0o777;
  const open = kind === 'private' && (mode & 0o077) !== 0 ? mode.toString(8).padStart(4, '0') : null;
  return { file, kind, encrypted, publicKey, fingerprint: publicKey && fingerprint(publicKey), open };
}

/** The keys of a folder: files that are none are passed over. */
function rowsOfFolder(session: Session, folder: string, passphrase: string | undefined): Row[] {
  const names = asked(folder, () => readdirSync(folder, { withFileTypes: true }))
    .filter((e) => e.isFile())
    .map((e) => join(folder, e.name))
    .filter((file) => statOf(file).size <= KEY_FILE_MAX)
    .sort();
  return names.flatMap((path) => {
    try {
      return [rowOf(session, path, passphrase)];
    } catch (e) {
      if (e instanceof CompileError && e.code === 'FCC0821') return [];
      throw e;
    }
  });
}

function rowOf(session: Session, path: string, passphrase: string | undefined): Row {
  const text = Buffer.from(readInput(session, path)).toString('utf8');
  try {
    return row(path, parseKey(text, path, passphrase));
  } catch (e) {
    // Of several encrypted keys, one passphrase opens one: the others are listed as what they are.
    if (e instanceof CompileError && e.code === 'FCC0822') return row(path, parseKey(text, path));
    throw e;
  }
}

function list(session: Session, files: readonly string[], o: KeysCommand): void {
  if (o.output !== undefined) throw usage('--output is for keys gen and keys pub');
  const passphrase = readPassphrase(session, o.passphraseFile);
  const isFolder = (path: string): boolean => path !== '-' && statOf(path).isDirectory();
  const rows = (files.length === 0 ? ['.'] : files).flatMap((path) =>
    isFolder(path) ? rowsOfFolder(session, path, passphrase) : [rowOf(session, path, passphrase)],
  );
  if (o.json) {
    writeJson(session, { keys: rows });
    return;
  }
  const cells = rows.map((r) => [
    r.file,
    `${r.kind}${r.encrypted ? ', encrypted' : ''}`,
    r.fingerprint ?? '-',
    r.publicKey ? Buffer.from(r.publicKey).toString('hex') : '-',
  ]);
  session.out(rows.length === 0 ? 'no keys\n' : table(['file', 'kind', 'fingerprint', 'public key'], cells));
  for (const { file, open } of rows)
    if (open !== null)
      session.err(`warning: ${file} has mode ${open}: others can read the private key; chmod 600 ${file}\n`);
}

/** `fcc keys`: makes keys, writes public ones for devices, lists what is there. */
export const addKeys: AddCommand = (program, session, act) => {
  program
    .command('keys')
    .argument('WHAT', '"gen": new private key; "pub": the public key of a key; "list": keys in files and folders')
    .argument('[FILE...]', 'the key of pub, - for standard input; files and folders of list (default: this folder)')
    .description('make Ed25519 keys for manifests, write their public keys for devices, list them')
    .option('-o, --output <file>', 'output file, - for standard output (gen: fcc-key.pem, pub: standard output)')
    .option('--format <format>', 'pub: pem, hex, or c: a header with an array for firmware', 'pem')
    .option('--name <name>', 'pub --format c: name of the array (default: made of the file’s)')
    .option('--passphrase-file <file>', 'file with the passphrase of an encrypted key; gen: encrypts the new one')
    .action((what: string, files: string[], o: KeysCommand) =>
      act(() => {
        const work = choice('keys', what, KEY_WORK);
        if (work !== 'pub' && (o.name !== undefined || o.format !== 'pem'))
          throw usage(`--${o.name !== undefined ? 'name' : 'format'} is for keys pub`);
        ({ gen, pub, list })[work](session, files, o);
        return 0;
      }),
    );
};
