// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fingerprint, loadSigner, nodeCrypto, parseKey } from '../../compiler/cli/ota-crypto.js';
import { processSession } from '../../compiler/cli/session.js';
import { builtMain } from '../cli/built.js';
import { fcc, inFolder } from '../cli/capture.js';
import { rfcPem, rfcSigner } from './samples.js';

const PUBLIC = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
const FINGERPRINT = '21fe31dfa154a261';

describe('Ed25519 by Node', () => {
  it('is that of RFC 8032', () => {
    expect(Buffer.from(rfcSigner.publicKey).toString('hex')).toBe(PUBLIC);
    // Section 7.1, test 1: the empty message.
    const signature = rfcSigner.sign(new Uint8Array());
    expect(Buffer.from(signature).toString('hex')).toBe(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    );
    expect(nodeCrypto.verify(rfcSigner.publicKey, new Uint8Array(), signature)).toBe(true);
    expect(nodeCrypto.verify(rfcSigner.publicKey, new Uint8Array(1), signature)).toBe(false);
    expect(nodeCrypto.sha256(new Uint8Array()).constructor).toBe(Uint8Array);
    expect(fingerprint(rfcSigner.publicKey)).toBe(FINGERPRINT);
  });
});

describe('fcc keys gen', () => {
  it('writes a key that nobody else can read, whatever the umask, and signs with', () =>
    inFolder(async (folder) => {
      const keys = ['000', '777'].map((mask) => {
        const path = join(folder, `${mask}.pem`);
        // The umask is the process's: one of its own.
        const line = 'umask "$1"; exec "$2" "$3" keys gen -o "$4"';
        const args = ['-c', line, 'sh', mask, process.execPath, builtMain(), path];
        const { status, stdout, stderr } = spawnSync('sh', args, { encoding: 'utf8' });
        expect([status, stderr]).toEqual([0, '']);
        expect(stdout).toMatch(/^\S+: Ed25519 key [0-9a-f]{16}\n$/);
        expect(statSync(path).mode & 0o777).toBe(0o600);
        expect(loadSigner(processSession, path).sign(new Uint8Array())).toHaveLength(64);
        return readFileSync(path, 'utf8');
      });
      expect(keys[0]).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
      expect(keys[0]).not.toBe(keys[1]);
    }));

  it('overwrites nothing, and follows no link', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'key.pem');
      writeFileSync(path, 'mine');
      symlinkSync(join(folder, 'nowhere'), join(folder, 'link.pem'));
      for (const name of ['key.pem', 'link.pem']) {
        const { code, out, err } = await fcc(['keys', 'gen', '-o', join(folder, name)]);
        expect([code, out]).toEqual([2, '']);
        expect(err).toContain('error[FCC0003]');
        expect(err).toContain('keys are not overwritten');
      }
      expect(readFileSync(path, 'utf8')).toBe('mine');
      expect(readdirSync(folder).sort()).toEqual(['key.pem', 'link.pem']);
      const nowhere = await fcc(['keys', 'gen', '-o', join(folder, 'no', 'key.pem')]);
      expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('ENOENT')]);
    }));

  it('writes to standard output, encrypted ones, and documents', () =>
    inFolder(async (folder) => {
      const plain = await fcc(['keys', 'gen', '-o', '-']);
      expect(parseKey(plain.out, '-')).toMatchObject({ kind: 'private', encrypted: false });
      expect(plain.err).toMatch(/^key: Ed25519 key [0-9a-f]{16}\n$/);
      const [path, words] = [join(folder, 'key.pem'), join(folder, 'words')];
      writeFileSync(words, 'open sesame\nand more\n');
      const made = await fcc(['keys', 'gen', '-o', path, '--passphrase-file', words, '--json']);
      const document = JSON.parse(made.out);
      expect(document).toMatchObject({ schemaVersion: 1, output: path, encrypted: true });
      const text = readFileSync(path, 'utf8');
      expect(text).toContain('ENCRYPTED PRIVATE KEY');
      expect(parseKey(text, 'key.pem', 'open sesame').key).not.toBeNull();
      const shown = await fcc(['keys', 'pub', path, '--passphrase-file', words, '--format', 'hex']);
      expect(shown.out).toBe(`${document.publicKey}\n`);
      const without = await fcc(['keys', 'pub', path]);
      expect([without.code, without.err]).toEqual([2, expect.stringContaining('FCC0822')]);
      writeFileSync(words, 'open rye\n');
      const wrong = await fcc(['keys', 'pub', path, '--passphrase-file', words]);
      expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('cannot be decrypted')]);
      writeFileSync(words, '\n');
      expect((await fcc(['keys', 'gen', '-o', join(folder, 'k'), '--passphrase-file', words])).code).toBe(2);
      expect(existsSync(join(folder, 'k'))).toBe(false);
    }));
});

describe('fcc keys pub', () => {
  it('writes PEM, digits and C, from private and public keys in all forms', () =>
    inFolder(async (folder) => {
      const at = (name: string, text: string): string => {
        writeFileSync(join(folder, name), text);
        return join(folder, name);
      };
      const site = at('site-1.pem', rfcPem);
      const pem = await fcc(['keys', 'pub', site]);
      expect(pem.out).toBe(
        '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n',
      );
      const digits = await fcc(['keys', 'pub', at('pub.pem', pem.out), '--format', 'hex']);
      expect(digits.out).toBe(`${PUBLIC}\n`);
      const c = await fcc(['keys', 'pub', at('pub.hex', digits.out), '--format', 'c']);
      expect([c.code, c.err]).toEqual([0, '']);
      expect(c.out).toContain('static const uint8_t pub_key[32] = {\n    0xd7, 0x5a, 0x98, 0x01, ');
      expect(
        c.out
          .match(/0x[0-9a-f]{2}/g)
          ?.map((b) => b.slice(2))
          .join(''),
      ).toBe(PUBLIC);
      expect((await fcc(['keys', 'pub', site, '--format', 'c'])).out).toContain('uint8_t site_1_key[32]');
      const mine = await fcc(['keys', 'pub', site, '--format', 'c', '--name', 'mine']);
      expect(mine.out).toContain('uint8_t mine[32]');
      writeFileSync(join(folder, 'mine.h'), mine.out);
      const source = '#include "mine.h"\n#include "mine.h"\nint main(void) { return mine[31] == 0x1a ? 0 : 1; }\n';
      const binary = join(folder, 'main');
      const args = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-I', folder, '-xc', '-', '-o', binary];
      const compiled = spawnSync('gcc', args, { input: source, encoding: 'utf8' });
      expect([compiled.stderr, compiled.status, spawnSync(binary).status]).toEqual(['', 0, 0]);
      expect((await fcc(['keys', 'pub', '-', '--format', 'c'], Buffer.from(rfcPem))).out).toContain('public_key[32]');
      const output = join(folder, 'key.h');
      const written = await fcc(['keys', 'pub', site, '--format', 'c', '-o', output, '--json']);
      expect(JSON.parse(written.out)).toEqual({
        schemaVersion: 1,
        fingerprint: FINGERPRINT,
        publicKey: PUBLIC,
        output,
      });
      expect(readFileSync(output, 'utf8')).toContain('site_1_key');
      expect(JSON.parse((await fcc(['keys', 'pub', site, '--json'])).out).text).toBe(pem.out);
    }));

  it.each([
    ['--name', 'int', '--format', 'c'],
    ['--name', '1x', '--format', 'c'],
    ['--name', 'a-b', '--format', 'c'],
    ['--name', 'x'],
    ['--format', 'der'],
  ])('refuses %s %s', (...options) =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'k.pem'), rfcPem);
      const { code, out, err } = await fcc(['keys', 'pub', join(folder, 'k.pem'), ...options]);
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain('FCC0001');
    }),
  );

  it('refuses to replace the key, several keys and none', () =>
    inFolder(async (folder) => {
      const key = join(folder, 'k.pem');
      writeFileSync(key, rfcPem);
      for (const args of [[key, '-o', key], [key, key], []]) expect((await fcc(['keys', 'pub', ...args])).code).toBe(2);
      expect(readFileSync(key, 'utf8')).toBe(rfcPem);
    }));

  it('refuses to replace another private key, and the passphrase', () =>
    inFolder(async (folder) => {
      const [key, other, pass] = ['k.pem', 'other.pem', 'pass'].map((name) => join(folder, name));
      writeFileSync(key!, rfcPem);
      writeFileSync(other!, rfcPem);
      writeFileSync(pass!, 'secret\n');
      const over = await fcc(['keys', 'pub', key!, '-o', other!]);
      expect(over).toMatchObject({ code: 2, err: expect.stringContaining('would replace a private key') });
      const secret = await fcc(['keys', 'pub', key!, '--passphrase-file', pass!, '-o', pass!]);
      expect(secret).toMatchObject({ code: 2, err: expect.stringContaining('would replace an input') });
      expect([readFileSync(other!, 'utf8'), readFileSync(pass!, 'utf8')]).toEqual([rfcPem, 'secret\n']);
      // A public key there may be replaced.
      for (const _ of [1, 2]) expect((await fcc(['keys', 'pub', key!, '-o', join(folder, 'pub')])).code).toBe(0);
    }));
});

const pemOf = (type: 'rsa' | 'x25519' | 'ec' | 'ed448'): string => {
  const options = { rsa: { modulusLength: 1024 }, ec: { namedCurve: 'P-256' }, x25519: {}, ed448: {} }[type];
  const { privateKey } = generateKeyPairSync(type as 'rsa', options as { modulusLength: number });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
};

describe('files that are no keys', () => {
  it.each<[string, () => string]>([
    ['empty', () => ''],
    ['text', () => 'hello\n'],
    ['a certificate', () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
    ['a cut key', () => rfcPem.slice(0, 60)],
    ['damaged base64', () => rfcPem.replace('MC4C', 'MC5C')],
    ['63 digits', () => PUBLIC.slice(1)],
    ['RSA', () => pemOf('rsa')],
    ['X25519', () => pemOf('x25519')],
    ['Ed448', () => pemOf('ed448')],
    ['P-256', () => pemOf('ec')],
  ])('%s', (_, text) =>
    inFolder(async (folder) => {
      const path = join(folder, 'k.pem');
      writeFileSync(path, text());
      const { code, out, err } = await fcc(['keys', 'pub', path]);
      expect([code, out]).toEqual([3, '']);
      expect(err).toContain('error[FCC0821]: ');
      expect((await fcc(['keys', 'list', path])).code).toBe(3);
      expect((await fcc(['keys', 'list', folder])).out).toBe('no keys\n');
    }),
  );
});

describe('fcc keys list', () => {
  it('shows what is in files and folders, and keys that others can read', () =>
    inFolder(async (folder) => {
      const [secret, open, pub] = ['a.pem', 'b.pem', 'c.hex'].map((n) => join(folder, n)) as [string, string, string];
      writeFileSync(secret, rfcPem, { mode: 0o600 });
      writeFileSync(open, rfcPem);
      chmodSync(open, 0o640);
      writeFileSync(pub, `${PUBLIC}\n`);
      chmodSync(pub, 0o644);
      writeFileSync(join(folder, 'other.txt'), 'nothing');
      mkdirSync(join(folder, 'deeper'));
      const { code, out, err } = await fcc(['keys', 'list', folder]);
      expect(code).toBe(0);
      const rows = out
        .trimEnd()
        .split('\n')
        .map((l) => l.split(/ {2,}/));
      expect(rows).toEqual([
        ['file', 'kind', 'fingerprint', 'public key'],
        [secret, 'private', FINGERPRINT, PUBLIC],
        [open, 'private', FINGERPRINT, PUBLIC],
        [pub, 'public', FINGERPRINT, PUBLIC],
      ]);
      expect(err).toBe(`warning: ${open} has mode 0640: others can read the private key; chmod 600 ${open}\n`);
      const json = JSON.parse((await fcc(['keys', 'list', open, pub, '--json'])).out);
      expect(json.keys).toMatchObject([
        { file: open, kind: 'private', open: '0640', publicKey: PUBLIC },
        { file: pub, kind: 'public', open: null },
      ]);
    }));

  it('shows encrypted keys, with and without their passphrase', () =>
    inFolder(async (folder) => {
      const words = join(folder, 'words');
      writeFileSync(words, 'x');
      await fcc(['keys', 'gen', '-o', join(folder, 'k.pem'), '--passphrase-file', words]);
      expect((await fcc(['keys', 'list', folder])).out).toMatch(/k\.pem {2}private, encrypted {2}- +-\n/);
      expect((await fcc(['keys', 'list', folder, '--passphrase-file', words])).out).toMatch(
        /encrypted {2}[0-9a-f]{16} {2}[0-9a-f]{64}\n/,
      );
      writeFileSync(words, 'y');
      expect((await fcc(['keys', 'list', folder, '--passphrase-file', words])).out).toMatch(/encrypted {2}- +-\n/);
    }));

  it('refuses names that the system does not take, with its reason', () =>
    inFolder(async (folder) => {
      const loop = join(folder, 'loop');
      symlinkSync(loop, loop);
      const file = join(folder, 'k.pem');
      writeFileSync(file, rfcPem, { mode: 0o600 });
      for (const [path, reason] of [
        [loop, 'ELOOP'],
        [join(folder, 'x'.repeat(300)), 'ENAMETOOLONG'],
        [join(file, 'x'), 'ENOTDIR'],
      ] as const) {
        const { code, err } = await fcc(['keys', 'list', path]);
        expect([code, err]).toEqual([2, expect.stringContaining(reason)]);
        expect(err).toContain('error[FCC0002]');
        expect((await fcc(['keys', 'pub', file, '-o', path])).code).toBe(2);
      }
      chmodSync(folder, 0o300);
      const closed = await fcc(['keys', 'list', folder]);
      chmodSync(folder, 0o700);
      // The superuser may read anywhere.
      expect(closed.code).toBe(process.getuid?.() === 0 ? 0 : 2);
    }));

  it('refuses files that are not there, and options of the others', async () => {
    expect(await fcc(['keys', 'list', '/no/such'])).toMatchObject({ code: 2, err: expect.stringContaining('FCC0002') });
    for (const options of [
      ['-o', 'x'],
      ['--name', 'x'],
      ['--format', 'hex'],
    ])
      expect(await fcc(['keys', 'list', '.', ...options])).toMatchObject({
        code: 2,
        err: expect.stringContaining('is for keys'),
      });
    expect(await fcc(['keys', 'make'])).toMatchObject({ code: 2, err: expect.stringContaining('gen, pub, list') });
    expect((await fcc(['keys'])).code).toBe(2);
    expect((await fcc(['keys', 'gen', 'x'])).code).toBe(2);
  });
});
