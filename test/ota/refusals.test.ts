// SPDX-License-Identifier: MIT
import { afterAll, beforeAll, expect, it } from 'vitest';
import { componentParts } from '../../compiler/contract/component.js';
import type { StatusName } from '../../compiler/image/status.js';
import { classId, DEFAULT_VENDOR, vendorId } from '../../compiler/ota/uuid.js';
import {
  answering,
  type CoapServer,
  describeDevices,
  HOOKS,
  imageOf,
  type Offer,
  offer,
  Rig,
  startCoapServer,
} from './e2e-world.js';

/** What every device runs while it is offered something else, and its number. */
const OLD = 41;
const OLD_SEQUENCE = 5;
const NEW = 42;

const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((b, i) => (i === at ? b ^ 1 : b));

interface Refusal {
  readonly what: string;
  readonly status: StatusName;
  /** `uri` is where the image will be. */
  readonly offer: (rig: Rig, uri: string) => Offer;
  /** What else the report says. */
  readonly update?: Readonly<Record<string, string>>;
}

const fresh = (rig: Rig): Uint8Array => answering(rig.kind, NEW);
const sample = componentParts(HOOKS.sample);

/** A manifest with one thing that is not as it should be, for an image that is. */
const manifest =
  (
    more: Parameters<Rig['manifest']>[3] | ((rig: Rig) => Parameters<Rig['manifest']>[3]),
    sequence = OLD_SEQUENCE + 1,
  ) =>
  (rig: Rig, uri: string): Offer => {
    const image = fresh(rig);
    return { image, manifest: rig.manifest(image, sequence, uri, typeof more === 'function' ? more(rig) : more) };
  };

const REFUSALS: readonly Refusal[] = [
  {
    what: 'a changed payload',
    status: 'digest',
    offer: (rig, uri) => {
      const image = fresh(rig);
      return { manifest: rig.manifest(image, 6, uri), image: flipped(image, image.length - 8) };
    },
  },
  {
    what: 'a changed manifest',
    status: 'manifest_digest',
    offer: (rig, uri) => {
      const image = fresh(rig);
      const whole = rig.manifest(image, 6, uri);
      // Its last bytes are commands of the manifest; the signature is in front.
      return { manifest: flipped(whole, whole.length - 1), image };
    },
  },
  {
    what: 'a changed signature',
    status: 'signature',
    offer: (rig, uri) => {
      const image = fresh(rig);
      const whole = rig.manifest(image, 6, uri);
      const other = rig.manifest(image, 7, uri);
      // Ed25519 is deterministic: the first byte that differs behind the digest is the signature's.
      const first = whole.findIndex((b, i) => i > 64 && b !== other[i]);
      return { manifest: flipped(whole, first), image };
    },
  },
  { what: 'a key that it does not know', status: 'signature', offer: manifest((rig) => ({ key: rig.keys.stranger })) },
  { what: 'a right key of another tenant', status: 'tenant', offer: manifest((rig) => ({ key: rig.keys.guest })) },
  { what: 'a right key for another hook', status: 'key', offer: manifest((rig) => ({ key: rig.keys.sampler })) },
  { what: 'the sequence number that it has', status: 'sequence', offer: manifest({}, OLD_SEQUENCE) },
  { what: 'an older sequence number', status: 'sequence', offer: manifest({}, OLD_SEQUENCE - 1) },
  { what: 'another vendor', status: 'vendor', offer: manifest({ vendor: vendorId('example.org') }) },
  {
    what: 'another class',
    status: 'class',
    offer: manifest({ classId: classId(vendorId(DEFAULT_VENDOR), 'toaster') }),
  },
  { what: 'a component that it has not', status: 'component', offer: manifest({ component: ['fc', 'other'] }) },
  {
    what: 'an image for another target',
    status: 'target',
    offer: (rig, uri) => {
      const image = answering('rv32imc', NEW);
      return { manifest: rig.manifest(image, 6, uri), image };
    },
  },
  {
    what: 'an image for another hook',
    status: 'contract',
    offer: (rig, uri) => {
      const image = answering(rig.kind, NEW, 'sample');
      return { manifest: rig.manifest(image, 6, uri), image };
    },
  },
  {
    what: 'an image longer than its slot',
    status: 'size',
    offer: (rig, uri) => {
      const image = new Uint8Array(1032);
      return { manifest: rig.manifest(image, 6, uri, { component: sample }), image };
    },
  },
  {
    what: 'more bytes than the manifest says',
    status: 'size',
    offer: (rig, uri) => {
      const image = fresh(rig);
      return { manifest: rig.manifest(image, 6, uri), image: new Uint8Array([...image, ...new Uint8Array(64)]) };
    },
  },
  {
    what: 'a truncated transfer',
    status: 'truncated',
    offer: (rig, uri) => {
      const image = fresh(rig);
      return { manifest: rig.manifest(image, 6, uri), image: image.subarray(0, image.length - 16) };
    },
  },
  {
    what: 'a transfer that ends with a whole block',
    status: 'truncated',
    offer: (rig, uri) => {
      const image = fresh(rig);
      return { manifest: rig.manifest(image, 6, uri), image: image.subarray(0, 64) };
    },
  },
  {
    what: 'an image that nobody serves',
    status: 'fetch',
    offer: (rig, uri) => ({ manifest: rig.manifest(fresh(rig), 6, uri), image: null }),
  },
  {
    what: 'a manifest over its limits',
    status: 'limit',
    offer: (rig, uri) => {
      const image = fresh(rig);
      return { manifest: new Uint8Array([...rig.manifest(image, 6, uri), ...new Uint8Array(640)]), image };
    },
  },
  {
    what: 'bytes behind a manifest',
    status: 'manifest',
    offer: (rig, uri) => {
      const image = fresh(rig);
      return { manifest: new Uint8Array([...rig.manifest(image, 6, uri), 0]), image };
    },
  },
  {
    what: 'a helper that the key may not give',
    status: 'helper',
    update: { helper: '16' },
    offer: (rig, uri) => {
      const image = imageOf(rig.kind, `r1 = 1\nr2 = 2\ncall 16\nr0 = ${NEW}`);
      return { manifest: rig.manifest(image, 6, uri, { key: rig.keys.quiet }), image };
    },
  },
  {
    what: 'something that is no image',
    status: 'magic',
    offer: (rig, uri) => {
      const image = new Uint8Array(256).fill(7);
      return { manifest: rig.manifest(image, 6, uri), image };
    },
  },
];

describeDevices(
  'a device (%s) that runs an image',
  (kind) => {
    let server: CoapServer;
    beforeAll(async () => {
      server = await startCoapServer();
    });
    afterAll(() => server?.close());

    it('refuses what is wrong with an update, each with its own status, and runs on', () =>
      Rig.with(kind, { trial: 0 }, async (rig) => {
        const image = answering(kind, OLD);
        const first = { manifest: rig.manifest(image, OLD_SEQUENCE, server.url('/i0')), image };
        expect((await offer(rig, server, '0', first)).status).toBe('ok');
        const { places: before } = await rig.runs(OLD);
        for (const [i, refusal] of REFUSALS.entries()) {
          const path = `${i + 1}`;
          const { status, report } = await offer(rig, server, path, refusal.offer(rig, server.url(`/i${path}`)));
          expect(status, refusal.what).toBe(refusal.status);
          expect(report.update, refusal.what).toMatchObject(refusal.update ?? {});
          const { places } = await rig.runs(OLD);
          for (const [name, { image, sequence, floor }] of Object.entries(before))
            expect(places[name], refusal.what).toMatchObject({ image, sequence, floor });
        }
        const good = { image: fresh(rig), manifest: rig.manifest(fresh(rig), 6, server.url('/i99')) };
        expect((await offer(rig, server, '99', good)).status).toBe('ok');
        await rig.runs(NEW);
      }));
  },
  'libcoap',
);
