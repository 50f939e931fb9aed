// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../compiler/cli/ota-crypto.js';
import { componentName, componentParts, hookComponent } from '../../compiler/contract/component.js';
import { CompileError } from '../../compiler/errors/index.js';
import { type Cbor, decodeCbor, encodeCbor, Tag } from '../../compiler/ota/cbor.js';
import { KEYS, type KeyRow, PROFILES, type Profile } from '../../compiler/ota/keys.js';
import { MANIFEST_MAX, startsManifest, URI_MAX } from '../../compiler/ota/limits.js';
import { buildManifest, type ManifestInput } from '../../compiler/ota/manifest.js';
import { checkManifest, isImageOf, readEnvelope, readManifest, signManifest } from '../../compiler/ota/read.js';
import { classId, uuidText, vendorId } from '../../compiler/ota/uuid.js';
import { imageOf, inputOf, manifestOf, otherSigner, rfcSigner } from './samples.js';

const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');
const bytes = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits, 'hex'));

/** Code of the error that a call ends with. */
function codeOf(body: () => unknown): string | undefined {
  try {
    body();
    return undefined;
  } catch (e) {
    if (e instanceof CompileError) return e.code;
    throw e;
  }
}

interface Vector {
  readonly size: number;
  readonly seed: number;
  readonly sequence: number;
  readonly uri: string;
  readonly vendor: string;
  readonly class: string;
  readonly component: readonly string[];
  readonly signed?: string;
  readonly unsigned?: string;
}
const VECTORS: readonly Vector[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'suit-tool.json'), 'utf8'),
).manifests;

const vectorInput = (v: Vector): ManifestInput => {
  const vendor = vendorId(v.vendor);
  const { sequence, component, uri } = v;
  return {
    profile: 'riot-v9',
    sequence,
    component,
    vendor,
    classId: classId(vendor, v.class),
    image: imageOf(v.size, v.seed),
    uri,
  };
};

describe('riot-v9', () => {
  it.each(VECTORS)('is what suit-tool writes, to the byte: $uri', (v) => {
    const input = vectorInput(v);
    const signed = buildManifest(input, nodeCrypto, rfcSigner);
    const unsigned = buildManifest(input, nodeCrypto, null);
    if (v.signed !== undefined) expect(hex(signed)).toBe(v.signed);
    if (v.unsigned !== undefined) expect(hex(unsigned)).toBe(v.unsigned);
    // Signing what suit-tool left unsigned, or had signed with another key.
    expect(hex(signManifest(unsigned, nodeCrypto, rfcSigner))).toBe(hex(signed));
    expect(hex(signManifest(signed, nodeCrypto, otherSigner))).toBe(hex(buildManifest(input, nodeCrypto, otherSigner)));
    expect(readManifest(bytes(v.signed ?? v.unsigned!))).toMatchObject({
      profile: 'riot-v9',
      uri: v.uri,
      size: v.size,
    });
  });
});

describe('ietf-37', () => {
  // Byte by byte from the draft's CDDL, with nothing of the writer.
  it('is made of the bytes of the draft', () => {
    const input = inputOf('ietf-37');
    const digest = hex(nodeCrypto.sha256(input.image));
    const uri = Buffer.from(input.uri).toString('hex');
    const head = (major: number, n: number): string =>
      Buffer.from(n < 24 ? [(major << 5) | n] : [(major << 5) | 24, n]).toString('hex');
    const bstr = (body: string): string => head(2, body.length / 2) + body;
    const parameters = `a401${bstr(hex(input.vendor))}02${bstr(hex(input.classId))}03${bstr(`822f${bstr(digest)}`)}0e1864`;
    const common = `a2028182${bstr('6663')}${bstr('74696d6572')}04${bstr(`8614${parameters}010f020f`)}`;
    const install = `8614a115${head(3, input.uri.length)}${uri}150f030f`;
    const manifest = bstr(`a50101020703${bstr(common)}07${bstr('82030f')}14${bstr(install)}`);
    const payload = `822f${bstr(hex(nodeCrypto.sha256(bytes(manifest))))}`;
    const signed = bytes(`84${head(3, 10)}${Buffer.from('Signature1').toString('hex')}43a1012740${bstr(payload)}`);
    const sign1 = `d28443a10127a0f6${bstr(hex(rfcSigner.sign(signed)))}`;
    const wanted = `a202${bstr(`82${bstr(payload)}${bstr(sign1)}`)}03${manifest}`;
    expect(hex(buildManifest(input, nodeCrypto, rfcSigner))).toBe(wanted);
    // Another writer may put the tag of envelopes in front.
    expect(readManifest(bytes(`d86b${wanted}`))).toMatchObject({ profile: 'ietf-37', tagged: true, sequence: 7 });
    expect(hex(signManifest(bytes(`d86b${wanted}`), nodeCrypto, rfcSigner))).toBe(wanted);
  });
});

/** What CBOR can be put at a place of a manifest, by the keys that lead there; byte strings on the way are opened and closed again. */
function changed(manifest: Uint8Array, path: readonly number[], change: (value: Cbor) => Cbor): Uint8Array {
  const walk = (value: Cbor, rest: readonly number[]): Cbor => {
    if (value instanceof Uint8Array && rest.length > 0) return encodeCbor(walk(decodeCbor(value, 'it'), rest));
    const [key, ...more] = rest;
    if (key === undefined) return change(value);
    if (value instanceof Tag) return new Tag(value.tag, walk(value.contents as Cbor, rest));
    if (value instanceof Map) return new Map([...value].map(([k, v]) => [k, k === key ? walk(v, more) : v]));
    if (Array.isArray(value)) return value.map((v, i) => (i === key ? walk(v, more) : v));
    throw new Error('no such place');
  };
  return encodeCbor(walk(decodeCbor(manifest, 'it'), path));
}

const with_ =
  (key: number, value: Cbor) =>
  (map: Cbor): Cbor =>
    new Map([...(map as ReadonlyMap<Cbor, Cbor>), [key, value]]);
const without =
  (key: number) =>
  (map: Cbor): Cbor =>
    new Map([...(map as ReadonlyMap<Cbor, Cbor>)].filter(([k]) => k !== key));
const to = (value: Cbor) => (): Cbor => value;
const wrapped =
  (change: (value: Cbor) => Cbor) =>
  (value: Cbor): Cbor =>
    encodeCbor(change(decodeCbor(value as Uint8Array, 'it')));

/** Numbers of install and validate. */
const AT = { 'riot-v9': { install: 9, validate: 10 }, 'ietf-37': { install: 20, validate: 7 } } as const;

describe.each(PROFILES)('manifests of %s', (profile) => {
  const good = manifestOf(profile);
  const { install, validate } = AT[profile];
  const first = profile === 'riot-v9' ? 0 : 1;

  it('are read as they were written, signed or not', () => {
    for (const signer of [rfcSigner, null]) {
      const input = inputOf(profile);
      const read = readManifest(buildManifest(input, nodeCrypto, signer));
      expect(read).toMatchObject({
        profile,
        tagged: false,
        sequence: 7,
        component: ['fc', 'timer'],
        vendor: input.vendor,
        classId: input.classId,
        size: 100,
        uri: input.uri,
      });
      expect(isImageOf(read, input.image, nodeCrypto)).toBe(true);
      expect(isImageOf(read, imageOf(100, 2), nodeCrypto)).toBe(false);
      expect(isImageOf(read, imageOf(101), nodeCrypto)).toBe(false);
      const keys = [otherSigner.publicKey, rfcSigner.publicKey];
      const absent = profile === 'riot-v9' ? 'absent' : 'right';
      expect(checkManifest(read, nodeCrypto, keys)).toEqual(
        signer ? { digest: 'right', signature: 'valid', key: 1 } : { digest: absent, signature: 'absent', key: null },
      );
    }
    const read = readManifest(good);
    expect(checkManifest(read, nodeCrypto, [])).toEqual({ digest: 'right', signature: 'unchecked', key: null });
    expect(checkManifest(read, nodeCrypto, [otherSigner.publicKey])).toMatchObject({ signature: 'wrong', key: null });
    // 32 bytes that are no key.
    expect(checkManifest(read, nodeCrypto, [new Uint8Array(32).fill(0xff)])).toMatchObject({ signature: 'wrong' });
    expect(checkManifest(read, nodeCrypto, [new Uint8Array(5)])).toMatchObject({ signature: 'wrong' });
  });

  it('come back for any input', () => {
    const part = fc.stringMatching(/^[!-\-0-~]{1,6}$/);
    const input = fc.record({
      sequence: fc.nat({ max: 0xffffffff }),
      component: fc.array(part, { minLength: 1, maxLength: 4 }),
      vendor: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      classId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      image: fc.uint8Array({ maxLength: 300 }),
      uri: fc.stringMatching(/^coap:\/\/[a-z0-9.]{1,20}\/[!"$&-~]{0,80}$/),
    });
    fc.assert(
      fc.property(input, (given) => {
        const whole = { profile, ...given };
        const { image, ...rest } = whole;
        const read = readManifest(buildManifest(whole, nodeCrypto, rfcSigner));
        expect(read).toMatchObject({ ...rest, size: image.length, imageDigest: nodeCrypto.sha256(image) });
        expect(checkManifest(read, nodeCrypto, [rfcSigner.publicKey])).toEqual({
          digest: 'right',
          signature: 'valid',
          key: 0,
        });
      }),
    );
  });

  it('that have any byte changed are noticed', () => {
    for (let at = 0; at < good.length; at++) {
      const bad = good.slice();
      bad[at]! ^= 1 << (at % 8);
      const code = codeOf(() => {
        const { digest, signature } = checkManifest(readManifest(bad), nodeCrypto, [rfcSigner.publicKey]);
        expect(digest === 'right' && signature === 'valid', `byte ${at}`).toBe(false);
      });
      if (code !== undefined) expect(code, `byte ${at}`).toMatch(/^FCC081[12]$/);
    }
  });

  it('that are cut or longer are malformed', () => {
    for (let length = 0; length < good.length; length++)
      expect(
        codeOf(() => readManifest(good.subarray(0, length))),
        `${length} bytes`,
      ).toMatch(/^FCC081[12]$/);
    expect(codeOf(() => readManifest(Uint8Array.from([...good, 0])))).toBe('FCC0811');
  });

  it.each<[string, readonly number[], (value: Cbor) => Cbor]>([
    ['an unknown key in the envelope', [], with_(4, 0)],
    ['no authentication', [], without(2)],
    ['no manifest', [], without(3)],
    ['two signatures', [2], wrapped((v) => [...(v as Cbor[]), (v as Cbor[])[first]!])],
    ['another tag than that of a signature', [2, first], wrapped((v) => new Tag(17, (v as Tag).contents))],
    ['a signature without tag', [2, first], wrapped((v) => new Map([[1, (v as Tag).contents as Cbor]]))],
    ['another algorithm', [2, first, 0], to(bytes('a10126'))],
    ['an unprotected header', [2, first, 1], to(new Map([[1, -8]]))],
    ['another payload', [2, first, 2], to(1)],
    ['five parts of a signature', [2, first], wrapped((v) => new Tag(18, [...((v as Tag).contents as Cbor[]), 0]))],
    ['a short signature', [2, first, 3], to(new Uint8Array(63))],
    ['another version', [3, 1], to(2)],
    ['a sequence number of 33 bits', [3, 2], to(2 ** 32)],
    ['a sequence number of 64 bits', [3, 2], to(2n ** 64n - 1n)],
    ['a negative sequence number', [3, 2], to(-1)],
    ['a text as sequence number', [3, 2], to('1')],
    ['an unknown key in the manifest', [3], wrapped(with_(24, 0))],
    ['a text for people', [3], wrapped(with_(13, 0))],
    ['no install', [3], wrapped(without(install))],
    ['no validate', [3], wrapped(without(validate))],
    ['no common', [3], wrapped(without(3))],
    ['two components', [3, 3, 2], (v) => [...(v as Cbor[]), ...(v as Cbor[])]],
    ['no component', [3, 3, 2], to([])],
    ['a component without name', [3, 3, 2, 0], to([])],
    ['a part of a name that is empty', [3, 3, 2, 0, 1], to(new Uint8Array())],
    ['a part of a name that is text', [3, 3, 2, 0, 1], to('timer')],
    ['a part of a name that is not ASCII', [3, 3, 2, 0, 1], to(bytes('c3bc'))],
    [
      'a part of a name that is not ASCII far behind',
      [3, 3, 2, 0, 1],
      to(Uint8Array.from({ length: 400 }, (_, i) => (i === 399 ? 0 : 97))),
    ],
    ['a part of a name with a dot', [3, 3, 2, 0, 1], to(new TextEncoder().encode('a.b'))],
    ['dependencies', [3, 3], wrapped(with_(1, 0))],
    ['a set of parameters that lacks one', [3, 3, 4, 1], without(14)],
    ['a parameter too many', [3, 3, 4, 1], with_(5, 0)],
    ['a short vendor', [3, 3, 4, 1, 1], to(new Uint8Array(15))],
    ['a long class', [3, 3, 4, 1, 2], to(new Uint8Array(17))],
    ['another digest algorithm', [3, 3, 4, 1, 3, 0], to(3)],
    ['a short digest', [3, 3, 4, 1, 3, 1], to(new Uint8Array(20))],
    ['a digest that is text', [3, 3, 4, 1, 3], to('x')],
    ['a size of 33 bits', [3, 3, 4, 1, 14], to(2 ** 32)],
    ['no check of the vendor', [3, 3, 4], wrapped((v) => [...(v as Cbor[]).slice(0, 2), ...(v as Cbor[]).slice(4)])],
    ['class before vendor', [3, 3, 4], wrapped((v) => [...(v as Cbor[]).slice(0, 2), 2, 15, 1, 15])],
    ['another report', [3, 3, 4, 3], to(14)],
    ['no fetch', [3, install], wrapped((v) => [...(v as Cbor[]).slice(0, 2), ...(v as Cbor[]).slice(4)])],
    ['another report of fetch', [3, install, 3], to(3)],
    ['no check of the image', [3, install], wrapped((v) => (v as Cbor[]).slice(0, 4))],
    ['a URI that is bytes', [3, install, 1, 21], to(bytes('636f6170'))],
    ['a URI with a space', [3, install, 1, 21], to('coap://h/a b')],
    ['a URI that is empty', [3, install, 1, 21], to('')],
    ['an odd sequence', [3, validate], to(bytes('8103'))],
    ['a sequence that is no byte string', [3, validate], to([3, 15])],
    ['a run after validate', [3, validate], to(bytes('84030f170f'))],
  ])('are refused with %s', (_, path, change) => {
    expect(codeOf(() => readManifest(changed(good, path, change)))).toBe('FCC0812');
  });

  it('are read whole, however long their parts are', () => {
    const long = changed(good, [3, 3, 2, 0, 1], to(new Uint8Array(400).fill(97)));
    expect(readManifest(long).component[1]).toHaveLength(400);
  });

  it('are refused with other bytes in a byte string than CBOR', () => {
    for (const path of [[2], [2, first], [3, 3], [3, 3, 4], [3, install], [3, validate], [3, 3, 4, 1, 3]]) {
      const bad = changed(good, path, (v) => Uint8Array.from([...(v as Uint8Array), 0]));
      expect(
        codeOf(() => readManifest(bad)),
        path.join(),
      ).toBe('FCC0811');
    }
  });

  it('may say anything where only the envelope is wanted', () => {
    const odd = changed(good, [3], to(bytes('a0')));
    expect(readEnvelope(odd)).toMatchObject({ profile });
    expect(
      checkManifest(readEnvelope(signManifest(odd, nodeCrypto, rfcSigner)), nodeCrypto, [rfcSigner.publicKey]),
    ).toMatchObject({
      digest: 'right',
      signature: 'valid',
    });
  });

  it('are within the limits of devices', () => {
    const uri = (length: number): string => `coap://h/${'u'.repeat(length - 9)}`;
    expect(readManifest(manifestOf(profile, { uri: uri(URI_MAX - 1) })).uri).toHaveLength(127);
    expect(codeOf(() => manifestOf(profile, { uri: uri(URI_MAX) }))).toBe('FCC0813');
    expect(codeOf(() => manifestOf(profile, { component: ['fc', 'x'.repeat(28)] }))).toBe('FCC0813');
    expect(codeOf(() => buildManifest(inputOf(profile), nodeCrypto, rfcSigner, good.length))).toBeUndefined();
    expect(codeOf(() => buildManifest(inputOf(profile), nodeCrypto, rfcSigner, good.length - 1))).toBe('FCC0813');
    // The longest name and URI fit.
    const longest = manifestOf(profile, {
      component: ['fc', 'x'.repeat(27)],
      uri: uri(127),
      sequence: 2 ** 32 - 1,
      image: imageOf(70000),
    });
    expect(longest.length).toBeLessThanOrEqual(MANIFEST_MAX);
  });

  it.each<[string, Partial<ManifestInput>]>([
    ['no name', { component: [] }],
    ['a dot', { component: ['fc', 'a.b'] }],
    ['an empty part', { component: ['fc', ''] }],
    ['negative', { sequence: -1 }],
    ['33 bits', { sequence: 2 ** 32 }],
    ['broken', { sequence: 1.5 }],
    ['no number', { sequence: Number.NaN }],
    ['short', { vendor: new Uint8Array(15) }],
    ['long', { classId: new Uint8Array(17) }],
    ['http', { uri: 'http://h/x' }],
    ['no host', { uri: 'coap:///x' }],
    ['space', { uri: 'coap://h/a b' }],
    ['not ASCII', { uri: 'coap://h/ü' }],
    ['address without brackets', { uri: 'coap://fd00::1/x' }],
    ['empty', { uri: '' }],
    ['port 0', { uri: 'coap://h:0/x' }],
    ['port 65536', { uri: 'coap://h:65536/x' }],
    ['no address in brackets', { uri: 'coap://[zz]/x' }],
    ['IPv4 in brackets', { uri: 'coap://[10.0.0.1]/x' }],
    ['a fragment', { uri: 'coap://h/x#y' }],
    ['a percent sign alone', { uri: 'coap://h/100%' }],
    ['a percent sign before no digits', { uri: 'coap://h/%zz' }],
  ])('are not made of values that cannot be: %s', (_, more) => {
    expect(codeOf(() => manifestOf(profile, more))).toBe('FCC0817');
  });

  it.each([
    'coap://h',
    'coap://h/',
    'coap://[fe80::1%25tap0]/x',
    'coap://[fe80::1%tap0]:1/x',
    'coap://10.0.0.1:65535/a/b?c=d',
    'coap://h/a%20b',
  ])('can have URI %s', (uri) => {
    expect(readManifest(manifestOf(profile, { uri })).uri).toBe(uri);
  });
});

describe('any bytes', () => {
  it('are read, or refused with an error of ours', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (b) => codeOf(() => readManifest(b)) !== undefined));
  });

  it('and so are changed manifests, spliced ones and those with other items at any place', () => {
    const samples = PROFILES.flatMap((profile: Profile) => [manifestOf(profile), manifestOf(profile, {}, null)]);
    const sample = fc.constantFrom(...samples);
    const cut = fc.nat({ max: 300 });
    const spliced = fc
      .tuple(sample, sample, cut, cut, fc.uint8Array({ maxLength: 8 }))
      .map(([a, b, from, upto, between]) => Uint8Array.from([...a.subarray(0, from), ...between, ...b.subarray(upto)]));
    fc.assert(
      fc.property(spliced, (b) => {
        const code = codeOf(() => readManifest(b));
        if (code !== undefined) expect(code).toMatch(/^FCC081[12]$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('are known for manifests by how they begin', () => {
    for (const profile of PROFILES) expect(startsManifest(manifestOf(profile))).toBe(true);
    expect(startsManifest(bytes('d86ba202'))).toBe(true);
    for (const other of ['', 'a2', '7f454c46', '46434331', '72425046', 'd86aa202', 'a103'])
      expect(startsManifest(bytes(other))).toBe(false);
  });
});

describe('components', () => {
  it.each([
    ['fc/timer', undefined, '.fc.timer'],
    ['timer', undefined, '.fc.timer'],
    ['fc', undefined, '.fc.fc'],
    ['fcx/timer', undefined, '.fc.fcx.timer'],
    ['bench/slot', undefined, '.fc.bench.slot'],
    ['fc/timer', 'guest', '.fc.timer.guest'],
    ['fc/coap/a', 'b-c_d', '.fc.coap.a.b-c_d'],
    [`fc/${'x'.repeat(27)}`, undefined, `.fc.${'x'.repeat(27)}`],
  ])('of hook %s and container %s', (hook, container, name) => {
    const parts = componentParts(hook, container);
    expect(componentName(parts)).toBe(name);
    if (container === undefined) expect(hookComponent(hook)).toBe(name);
  });

  it.each([
    ['fc/a.b', undefined, 'FCC0817'],
    ['fc//a', undefined, 'FCC0817'],
    ['fc/', undefined, 'FCC0817'],
    ['', undefined, 'FCC0817'],
    ['fc/tür', undefined, 'FCC0817'],
    ['fc/timer', '', 'FCC0817'],
    ['fc/timer', 'a/b', 'FCC0817'],
    ['fc/timer', 'a.b', 'FCC0817'],
    ['fc/timer', 'a b', 'FCC0817'],
    [`fc/${'x'.repeat(28)}`, undefined, 'FCC0813'],
    ['fc/timer', 'x'.repeat(22), 'FCC0813'],
  ])('cannot be of hook %s and container %s', (hook, container, code) => {
    expect(codeOf(() => componentParts(hook, container))).toBe(code);
    if (container === undefined) expect(hookComponent(hook)).toBeNull();
  });
});

describe('UUIDs', () => {
  it('are those of RIOT, by name or written out', () => {
    const vendor = vendorId('riot-os.org');
    expect(uuidText(vendor)).toBe('547d0d74-6d3a-5a92-9662-4881afd9407b');
    expect(uuidText(classId(vendor, 'nrf52840dk'))).toBe('00c72996-412f-5202-be93-8f1473a2309c');
    for (const text of ['547d0d74-6d3a-5a92-9662-4881afd9407b', '547D0D746D3A5A9296624881AFD9407B']) {
      expect(vendorId(text)).toEqual(vendor);
      expect(classId(imageOf(16), text)).toEqual(vendor);
    }
    // A device's bytes need not be a UUID of the RFC.
    expect(hex(vendorId('ff'.repeat(16)))).toBe('ff'.repeat(16));
    expect(classId(new Uint8Array(16), 'x')).toHaveLength(16);
    expect(uuidText(new Uint8Array(16))).toBe('00000000-0000-0000-0000-000000000000');
  });

  it.each([
    '',
    '547d0d74-6d3a5a92-9662-4881afd9407b',
    '547d0d74-6d3a-5a92-9662-4881afd9407',
    '547d0d746d3a5a9296624881afd9407b0',
    '{547d0d74-6d3a-5a92-9662-4881afd9407b}',
  ])('are not made of %j, which nobody means for a name', (text) => {
    expect(codeOf(() => vendorId(text))).toBe('FCC0817');
    expect(codeOf(() => classId(new Uint8Array(16), text))).toBe('FCC0817');
  });
});

describe('tables', () => {
  it('have each number once in each profile, and names', () => {
    for (const rows of Object.values(KEYS) as (readonly KeyRow[])[]) {
      for (const i of [0, 1] as const) {
        const numbers = rows.map((r) => r.numbers[i]).filter((n) => n !== null);
        expect(new Set(numbers).size).toBe(numbers.length);
      }
      expect(new Set(rows.map((r) => r.name)).size).toBe(rows.length);
    }
  });

  it('and limits are those of the runtime', () => {
    const header = readFileSync(join(import.meta.dirname, '../../runtime-c/include/fcc_manifest.h'), 'utf8');
    const value = (name: string): number => Number(new RegExp(`#define ${name} (\\d+)u`).exec(header)?.[1]);
    expect([MANIFEST_MAX, URI_MAX]).toEqual([value('FCC_MANIFEST_MAX'), value('FCC_URI_MAX')]);
    expect(componentName(componentParts(`fc/${'x'.repeat(27)}`)).length).toBe(value('FCC_COMPONENT_MAX') - 1);
  });
});
