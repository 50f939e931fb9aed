// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../compiler/cli/ota-crypto.js';
import { manifestName } from '../../compiler/cli/pack.js';
import { writeImage } from '../../compiler/image/write.js';
import { PROFILES } from '../../compiler/ota/keys.js';
import { checkManifest, readEnvelope, readManifest } from '../../compiler/ota/read.js';
import { uuidText } from '../../compiler/ota/uuid.js';
import { type Captured, fcc, inFolder } from '../cli/capture.js';
import { SMALL } from '../image/samples.js';
import { imageOf, rfcPem, rfcSigner } from './samples.js';

interface Place {
  readonly image: string;
  readonly key: string;
  readonly at: (name: string) => string;
  /** `fcc pack` of the image with what every manifest needs, unless `more` says otherwise. */
  readonly pack: (...more: readonly string[]) => Promise<Captured>;
}

/** A folder with an image and a key. */
const inPlace = (body: (place: Place) => Promise<void>): Promise<void> =>
  inFolder(async (folder) => {
    const at = (name: string): string => join(folder, name);
    writeFileSync(at('prog.fcc'), writeImage(SMALL));
    writeFileSync(at('site.pem'), rfcPem, { mode: 0o600 });
    const image = at('prog.fcc');
    const key = at('site.pem');
    const usual = {
      '--hook': 'fc/timer',
      '--seq': '1',
      '--class': 'native64',
      '--uri': 'coap://h/prog.fcc',
      '-k': key,
    };
    const pack = (...more: readonly string[]): Promise<Captured> => {
      const rest = Object.entries(usual).flatMap((pair) =>
        more.includes(pair[0]) || (pair[0] === '-k' && more.includes('--unsigned')) ? [] : pair,
      );
      return fcc(['pack', image, ...rest, ...more]);
    };
    await body({ image, key, at, pack });
  });

const read = (path: string) => readManifest(new Uint8Array(readFileSync(path)));
const KEYS = [rfcSigner.publicKey];

describe('fcc pack', () => {
  it('writes a signed manifest of riot-v9 beside the image, and says so in one line', () =>
    inPlace(async ({ at, pack, image }) => {
      const { code, out, err } = await pack();
      expect([code, err]).toEqual([0, '']);
      expect(out).toBe(
        `${at('prog.suit')}: 264 bytes, riot-v9, component .fc.timer, sequence 1, key 21fe31dfa154a261\n`,
      );
      const manifest = read(at('prog.suit'));
      expect(manifest).toMatchObject({
        profile: 'riot-v9',
        sequence: 1,
        component: ['fc', 'timer'],
        uri: 'coap://h/prog.fcc',
      });
      expect(manifest.size).toBe(readFileSync(image).length);
      expect(uuidText(manifest.vendor)).toBe('547d0d74-6d3a-5a92-9662-4881afd9407b');
      expect(checkManifest(manifest, nodeCrypto, KEYS)).toEqual({ digest: 'right', signature: 'valid', key: 0 });
      expect(readdirSync(at('.')).sort()).toEqual(['prog.fcc', 'prog.suit', 'site.pem']);
    }));

  it('takes all that a manifest says', () =>
    inPlace(async ({ at, pack }) => {
      const more = [
        '--profile',
        'ietf-37',
        '--hook',
        'coap',
        '--container',
        'guest',
        '--seq',
        '4294967295',
        '--vendor',
        'example.com',
      ];
      const ids = [
        '--class',
        '00112233-4455-6677-8899-aabbccddeeff',
        '--uri',
        'coap://[fe80::1%25tap0]:1/x',
        '-o',
        at('m'),
      ];
      const { out } = await pack(...more, ...ids, '--json');
      expect(JSON.parse(out)).toEqual({
        schemaVersion: 1,
        output: at('m'),
        manifestBytes: readFileSync(at('m')).length,
        imageBytes: readFileSync(at('prog.fcc')).length,
        profile: 'ietf-37',
        component: '.fc.coap.guest',
        sequence: 4294967295,
        vendor: 'cfbff0d1-9375-5685-968c-48ce8b15ae17',
        class: '00112233-4455-6677-8899-aabbccddeeff',
        uri: 'coap://[fe80::1%25tap0]:1/x',
        key: '21fe31dfa154a261',
      });
      expect(read(at('m'))).toMatchObject({
        profile: 'ietf-37',
        component: ['fc', 'coap', 'guest'],
        sequence: 4294967295,
      });
    }));

  it('writes to standard output, and takes the image from standard input', () =>
    inPlace(async ({ at, pack, image }) => {
      await pack();
      const streamed = await pack('-o', '-');
      expect(streamed.err).toMatch(/^manifest: 264 bytes, /);
      const options = [
        '--hook',
        'fc/timer',
        '--seq',
        '1',
        '--class',
        'native64',
        '--uri',
        'coap://h/prog.fcc',
        '-k',
        at('site.pem'),
      ];
      const piped = await fcc(['pack', '-', ...options, '-o', at('m')], new Uint8Array(readFileSync(image)));
      expect(piped.code).toBe(0);
      expect(readFileSync(at('m'))).toEqual(readFileSync(at('prog.suit')));
    }));

  it('takes the clock for a sequence number, and says what that means', () =>
    inPlace(async ({ at, pack }) => {
      const { code, err } = await pack('--seq', 'now');
      expect(code).toBe(0);
      expect(err).toMatch(/^note: sequence number \d{10} is the clock’s/);
      expect(read(at('prog.suit')).sequence).toBeGreaterThan(1.6e9);
    }));

  it('takes any file with --raw', () =>
    inPlace(async ({ at, image, pack }) => {
      writeFileSync(image, imageOf(20));
      const refused = await pack();
      expect(refused).toMatchObject({ code: 3, out: '', err: expect.stringContaining('FCC0601') });
      expect(refused.err).toContain('--raw');
      expect(existsSync(at('prog.suit'))).toBe(false);
      expect((await pack('--raw')).code).toBe(0);
      expect(read(at('prog.suit')).size).toBe(20);
    }));

  it.each<[string, readonly string[], number, string]>([
    ['a hook with a dot', ['--hook', 'fc/a.b'], 2, 'FCC0817'],
    ['a container with a slash', ['--container', 'a/b'], 2, 'FCC0817'],
    ['a name that is too long', ['--container', 'x'.repeat(22)], 4, 'FCC0813'],
    ['a URI that is too long', ['--uri', `coap://h/${'x'.repeat(119)}`], 4, 'FCC0813'],
    ['a manifest over a lower limit', ['--limit', '263'], 4, 'FCC0813'],
    ['a bad limit', ['--limit', '0'], 2, 'FCC0001'],
    ['a URI of another scheme', ['--uri', 'http://h/x'], 2, 'FCC0817'],
    ['a negative number', ['--seq', '-1'], 2, 'FCC0001'],
    ['a number of 33 bits', ['--seq', '4294967296'], 2, 'FCC0001'],
    ['a number in words', ['--seq', 'one'], 2, 'FCC0001'],
    ['another profile', ['--profile', 'ietf-9'], 2, 'FCC0001'],
    ['no such key', ['-k', '/no/such.pem'], 2, 'FCC0002'],
    ['a key and none', ['--unsigned', '--key', 'x'], 2, 'FCC0001'],
  ])('refuses %s, and writes nothing', (_, more, code, name) =>
    inPlace(async ({ at, pack }) => {
      const got = await pack(...more);
      expect(got).toMatchObject({ code, out: '', err: expect.stringContaining(`error[${name}]`) });
      expect(readdirSync(at('.')).sort()).toEqual(['prog.fcc', 'site.pem']);
      const json = JSON.parse((await pack(...more, '--json')).out);
      expect(json.error.code).toBe(name);
    }),
  );

  it.each(['hook', 'seq', 'class', 'uri'])('wants --%s', (option) =>
    inPlace(async ({ image, key }) => {
      const all = { hook: 'fc/timer', seq: '1', class: 'native64', uri: 'coap://h/x' };
      const rest = Object.entries(all).flatMap(([name, value]) => (name === option ? [] : [`--${name}`, value]));
      expect(await fcc(['pack', image, ...rest, '-k', key])).toMatchObject({
        code: 2,
        err: expect.stringContaining(`no --${option} given`),
      });
    }),
  );

  it('wants a private key, or --unsigned', () =>
    inPlace(async ({ at, image, key, pack }) => {
      const rest = ['--hook', 'fc/timer', '--seq', '1', '--class', 'native64', '--uri', 'coap://h/x'];
      expect(await fcc(['pack', image, ...rest])).toMatchObject({
        code: 2,
        err: expect.stringContaining('no key given'),
      });
      writeFileSync(at('pub.pem'), (await fcc(['keys', 'pub', key])).out);
      expect(await pack('-k', at('pub.pem'))).toMatchObject({ code: 2, err: expect.stringContaining('FCC0822') });
      for (const output of [image, key])
        expect(await pack('-o', output)).toMatchObject({ code: 2, err: expect.stringContaining('replace an input') });
      expect((await pack('-o', '-', '--json')).code).toBe(2);
    }));

  it.each([
    ['prog.fcc', 'prog.suit'],
    ['a.b/prog', 'a.b/prog.suit'],
    ['a/b.c.fcc', 'a/b.c.suit'],
    ['.hidden', '.hidden.suit'],
    ['a/.hidden', 'a/.hidden.suit'],
    ['-', 'program.suit'],
  ])('names the manifest of %s %s', (image, name) => {
    expect(manifestName(image)).toBe(name);
  });
});

describe('fcc sign', () => {
  it.each(PROFILES)('completes what was left unsigned, of %s', (profile) =>
    inPlace(async ({ at, key, pack }) => {
      await pack('--profile', profile);
      const signed = readFileSync(at('prog.suit'));
      const { out } = await pack('--profile', profile, '--unsigned');
      expect(out).toMatch(/unsigned\n$/);
      const unsigned = readFileSync(at('prog.suit'));
      expect(read(at('prog.suit')).signature).toBeNull();
      const elsewhere = await fcc(['sign', at('prog.suit'), '-k', key, '-o', at('m')]);
      expect([elsewhere.code, elsewhere.err]).toEqual([0, '']);
      expect(elsewhere.out).toBe(`${at('m')}: ${signed.length} bytes, ${profile}, key 21fe31dfa154a261\n`);
      expect(readFileSync(at('m'))).toEqual(signed);
      expect(readFileSync(at('prog.suit'))).toEqual(unsigned);
      const inPlaceOf = await fcc(['sign', at('prog.suit'), '-k', key, '--json']);
      expect(JSON.parse(inPlaceOf.out)).toMatchObject({
        output: at('prog.suit'),
        profile,
        manifestBytes: signed.length,
      });
      expect(readFileSync(at('prog.suit'))).toEqual(signed);
      // And once more, with another key.
      await fcc(['keys', 'gen', '-o', at('other.pem')]);
      expect((await fcc(['sign', at('prog.suit'), '-k', at('other.pem')])).code).toBe(0);
      const again = read(at('prog.suit'));
      expect(checkManifest(again, nodeCrypto, KEYS)).toMatchObject({ digest: 'right', signature: 'wrong' });
      await fcc(['sign', at('prog.suit'), '-k', key]);
      expect(readFileSync(at('prog.suit'))).toEqual(signed);
    }),
  );

  it('signs a manifest of another tool too, and says that our devices do not know it', () =>
    inPlace(async ({ at, key }) => {
      // An envelope of riot-v9 with nothing in its manifest but a version.
      writeFileSync(at('m'), Buffer.from('a20241800343a10101', 'hex'));
      const { code, err } = await fcc(['sign', at('m'), '-k', key]);
      expect([code, err]).toEqual([0, expect.stringContaining('note: devices with fcc’s own reader refuse')]);
      expect(checkManifest(readEnvelope(new Uint8Array(readFileSync(at('m')))), nodeCrypto, KEYS)).toMatchObject({
        digest: 'right',
        signature: 'valid',
      });
    }));

  it('refuses what is no manifest, and leaves it as it is', () =>
    inPlace(async ({ at, image, key }) => {
      const before = readFileSync(image);
      expect(await fcc(['sign', image, '-k', key])).toMatchObject({ code: 3, err: expect.stringContaining('FCC081') });
      expect(readFileSync(image)).toEqual(before);
      expect((await fcc(['sign', image])).code).toBe(2);
      expect((await fcc(['sign', at('none'), '-k', key])).code).toBe(2);
      expect((await fcc(['sign', image, '-k', image])).code).toBe(2);
    }));
});
