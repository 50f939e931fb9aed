// SPDX-License-Identifier: MIT
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Cbor, decodeCbor, encodeCbor } from '../../compiler/ota/cbor.js';
import { PROFILES } from '../../compiler/ota/keys.js';
import { manifestNotation } from '../../compiler/ota/notation.js';
import { fcc, inFolder } from '../cli/capture.js';
import { imageOf, manifestOf, otherSigner, rfcPem, rfcSigner } from './samples.js';

type File = (name: string, contents: string | Uint8Array) => string;

const withFiles = (body: (file: File, folder: string) => Promise<void>): Promise<void> =>
  inFolder((folder) =>
    body((name, contents) => {
      writeFileSync(join(folder, name), contents);
      return join(folder, name);
    }, folder),
  );

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe.each(PROFILES)('fcc inspect of a manifest of %s', (profile) => {
  const good = manifestOf(profile);

  it('shows what it says, that it is signed, and all of it in diagnostic notation', () =>
    withFiles(async (file) => {
      const path = file('prog.suit', good);
      const plain = await fcc(['inspect', path]);
      expect([plain.code, plain.err]).toEqual([0, '']);
      expect(plain.out).toContain('signature      not checked: give keys with -k\ndigest         right\n');
      expect(plain.out.endsWith(`\n\n${manifestNotation(good, profile)}\n`)).toBe(true);
      const names = ['--vendor', 'riot-os.org', '--class', 'nrf52840dk'];
      const keys = ['-k', file('other.hex', hexOf(otherSigner.publicKey)), '--key', file('site.pem', rfcPem)];
      const { code, out, err } = await fcc([
        'inspect',
        path,
        ...names,
        '--image',
        file('prog.fcc', imageOf(100)),
        ...keys,
      ]);
      expect([code, err]).toEqual([0, '']);
      const rows = Object.fromEntries(
        out
          .split('\n\n')[0]!
          .split('\n')
          .map((l) => l.split(/ {2,}/)),
      );
      expect(rows).toMatchObject({
        kind: 'manifest',
        profile,
        manifestBytes: String(good.length),
        component: '.fc.timer',
        hook: 'fc/timer',
        sequence: '7',
        vendor: '547d0d74-6d3a-5a92-9662-4881afd9407b (riot-os.org)',
        class: expect.stringMatching(/, not nrf52840dk$/),
        imageBytes: '100',
        image: expect.stringMatching(/prog\.fcc is the one$/),
        uri: 'coap://[::1]:40000/prog.fcc',
        signature: expect.stringMatching(/^valid, by .*site\.pem \(21fe31dfa154a261\)$/),
        digest: 'right',
      });
    }));

  it('as a document', () =>
    withFiles(async (file) => {
      const path = file('prog.suit', good);
      const key = file('site.pem', rfcPem);
      const { out } = await fcc(['inspect', path, '--json', '--key', key, '--class', 'native64']);
      expect(JSON.parse(out)).toMatchObject({
        schemaVersion: 1,
        kind: 'manifest',
        profile,
        component: '.fc.timer',
        hooks: ['fc/timer'],
        sequence: 7,
        vendorRight: null,
        classRight: true,
        imageRight: null,
        digest: 'right',
        signature: 'valid',
        key: { file: key, fingerprint: '21fe31dfa154a261' },
        notation: manifestNotation(good, profile),
        errors: [],
      });
    }));

  it('ends with 5 where signature, digest or image are wrong, and shows it all the same', () =>
    withFiles(async (file) => {
      const other = file('other.hex', hexOf(otherSigner.publicKey));
      const site = file('site.pem', rfcPem);
      const path = file('prog.suit', good);
      const unknown = await fcc(['inspect', path, '-k', other]);
      expect(unknown).toMatchObject({ code: 5, err: expect.stringContaining('error[FCC0814]') });
      expect(unknown.out).toContain('by none of the keys given');
      const unsigned = await fcc(['inspect', file('u.suit', manifestOf(profile, {}, null)), '-k', other]);
      expect(unsigned).toMatchObject({ code: 5, err: expect.stringContaining('is not signed') });
      expect((await fcc(['inspect', file('u.suit', manifestOf(profile, {}, null))])).code).toBe(0);

      // Another manifest under the same signature.
      const [a, b] = [good, manifestOf(profile, { sequence: 8 })].map(
        (m) => decodeCbor(m, 'it') as Map<number, Uint8Array>,
      );
      const changed = file(
        'changed.suit',
        encodeCbor(
          new Map([
            [2, a!.get(2)!],
            [3, b!.get(3)!],
          ]),
        ),
      );
      for (const keys of [[], ['-k', site]]) {
        const got = await fcc(['inspect', changed, ...keys]);
        expect(got).toMatchObject({ code: 5, err: expect.stringContaining('error[FCC0815]') });
        expect(got.err).not.toContain('FCC0814');
        expect(got.out).toContain('wrong: not that of the manifest');
      }

      const image = file('prog.fcc', imageOf(100, 2));
      const got = await fcc(['inspect', path, '--image', image, '-k', other, '--json']);
      const document = JSON.parse(got.out);
      expect([got.code, document.imageRight, document.signature]).toEqual([5, false, 'wrong']);
      expect(document.errors.map((e: { code: string }) => e.code)).toEqual(['FCC0814', 'FCC0816']);
      expect(got.err).toMatch(/error\[FCC0814\][\s\S]*error\[FCC0816\]/);
      expect((await fcc(['inspect', path, '--image', file('long.fcc', imageOf(101))])).code).toBe(5);
    }));

  it('of a container in a place of its own', () =>
    withFiles(async (file) => {
      const { out } = await fcc([
        'inspect',
        file('m', manifestOf(profile, { component: ['fc', 'timer', 'guest'] }, rfcSigner)),
      ]);
      expect(out).toContain('hook           fc/timer/guest, or fc/timer with container guest\n');
    }));

  it('refuses damaged ones, and shows those that are only unknown', () =>
    withFiles(async (file) => {
      const cut = await fcc(['inspect', file('cut.suit', good.subarray(0, 100))]);
      expect(cut).toMatchObject({ code: 3, out: '', err: expect.stringContaining('error[FCC0811]') });
      const map = decodeCbor(good, 'it') as Map<number, Uint8Array>;
      const odd = encodeCbor(
        new Map([
          [2, map.get(2)!],
          [3, encodeCbor(new Map([[1, 1]]))],
        ]),
      );
      const shown = await fcc(['inspect', file('odd.suit', odd)]);
      expect(shown).toMatchObject({ code: 3, err: expect.stringContaining('error[FCC0812]') });
      expect(shown.out).toContain('/ manifest / 3: << {/ manifest-version / 1: 1} >>');
      const json = JSON.parse((await fcc(['inspect', file('odd.suit', odd), '--json'])).out);
      expect(json.error).toMatchObject({ code: 'FCC0812', file: expect.stringContaining('odd.suit') });
    }));

  it('quotes nothing that controls a terminal in what it says of one', () =>
    withFiles(async (file) => {
      const map = decodeCbor(good, 'it') as Map<number, Uint8Array>;
      const body = decodeCbor(map.get(3)!, 'it') as Map<number, Cbor>;
      const evil = `\u001b[2J\u009b2J\u007f\u202e${'x'.repeat(73)}\u{1f600}\u{1f600}`;
      for (const changed of [new Map(body).set(1, evil), new Map([[evil, 1]])]) {
        const odd = encodeCbor(
          new Map([
            [2, map.get(2)!],
            [3, encodeCbor(changed as Cbor)],
          ]),
        );
        const { code, out, err } = await fcc(['inspect', file('odd.suit', odd)]);
        expect([code, err]).toEqual([3, expect.stringContaining(String.raw`"\u001b[2J\u009b2J\u007f\u202ex`)]);
        expect(`${out}${err}`).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
      }
    }));
});

describe('fcc inspect', () => {
  it('reads a manifest from standard input', async () => {
    const { code, out } = await fcc(['inspect', '-'], manifestOf('riot-v9'));
    expect([code, out]).toEqual([0, expect.stringContaining('sequence       7')]);
  });

  it('refuses options for manifests with other files', () =>
    withFiles(async (file) => {
      const path = file('x', 'hello');
      expect(await fcc(['inspect', path, '-k', path])).toMatchObject({
        code: 2,
        err: expect.stringContaining('is no manifest'),
      });
      expect(await fcc(['inspect', path])).toMatchObject({ code: 3, err: expect.stringContaining('FCC0201') });
    }));

  it('refuses keys that are none', () =>
    withFiles(async (file) => {
      const path = file('prog.suit', manifestOf('riot-v9'));
      expect(await fcc(['inspect', path, '-k', path])).toMatchObject({
        code: 3,
        out: '',
        err: expect.stringContaining('FCC0821'),
      });
    }));
});
