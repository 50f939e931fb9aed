// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  answering,
  type CoapServer,
  describeDevice,
  describeDevices,
  type Event,
  longAnswering,
  offer,
  Rig,
  run,
  startCoapServer,
  trigger,
  wired,
} from './e2e-world.js';

/** libcoap in place of each side: its client triggers and fetches, its server serves. */

const BLOCKS = [64, 256, 1024];

describeDevices(
  'a device (%s) and libcoap',
  (kind) => {
    let server: CoapServer;
    beforeAll(async () => {
      server = await startCoapServer();
    });
    afterAll(() => server?.close());

    it.each(BLOCKS)('fetches blocks of %i from its server, told by its client', (block) =>
      Rig.with(kind, { trial: 0, block }, async (rig) => {
        for (const [i, profile] of (['riot-v9', 'ietf-37'] as const).entries()) {
          const path = `${block}-${profile}`;
          const image = longAnswering(kind, block + i);
          const manifest = rig.manifest(image, i + 1, server.url(`/i${path}`), { profile });
          const { status, report } = await offer(rig, server, path, { manifest, image });
          expect(status).toBe('ok');
          expect(report.update).toMatchObject({ received: String(image.length), size: String(image.length) });
          await rig.runs(block + i);
        }
      }),
    );

    it('tells what is wrong with a trigger', () =>
      Rig.with(kind, { trial: 0 }, async (rig) => {
        expect(await trigger(rig, 'http://127.0.0.1/m')).toMatch(/^4\.00/);
        expect(await trigger(rig, 'coap://example.org/m')).toMatch(/^4\.00/);
        expect(await trigger(rig, `coap://127.0.0.1:9/${'m'.repeat(120)}`)).toMatch(/^4\.13/);
        expect((await rig.report()).update).toMatchObject({ update: '0', phase: 'idle' });
        // Nobody is there: it is asked for some time, in which nothing else is taken.
        expect(await trigger(rig, 'coap://127.0.0.1:9/m')).toBe('1');
        expect(await trigger(rig, server.url('/m'))).toMatch(/^4\.09/);
        await rig.until(({ update }) => expect(update).toMatchObject({ phase: 'done', update: '1' }));
        const image = answering(kind, 5);
        const manifest = rig.manifest(image, 1, server.url('/ilate'));
        expect((await offer(rig, server, 'late', { manifest, image })).status).toBe('ok');
        await rig.runs(5);
      }));

    it('serves it the report by blocks of any size', () =>
      Rig.with(kind, {}, async (rig) => {
        // One after the other: the device keeps one text, and libcoap waits long where it changes between blocks.
        for (const b of ['16', '32', '64', '1024']) {
          const { out } = await run('coap-client-notls', ['-B', '20', '-b', b, '-m', 'get', rig.url('/fcc/update')]);
          expect(out).toMatch(/^device vendor [0-9a-f]{32} class [0-9a-f]{32} arch \d .*\nupdate 0 phase idle /);
          expect(out.match(/^place /gm)!.length).toBe(3);
        }
      }));
  },
  'libcoap',
);

describeDevice(
  'libcoap’s client and fcc push',
  (kind) => {
    it('fetches manifest and image by blocks of any size, while a device fetches them too', () =>
      Rig.with(kind, { trial: 0, ackTimeout: 400 }, async (rig) => {
        const image = longAnswering(kind, 77);
        // The device's own requests do not get through until the client has everything.
        await wired(rig, {}, async ({ push, server }) => {
          server.cut(true);
          const got = new Map<string, Buffer>();
          const fetchAll = async (event: Event): Promise<void> => {
            for (const part of ['manifest', 'image'] as const) {
              const { url, bytes } = event[part] as { url: string; bytes: number };
              for (const block of BLOCKS) {
                const file = rig.path(`got-${part}-${block}`);
                const path = new URL(url.replace('coap:', 'http:')).pathname;
                const { err } = await run('coap-client-notls', [
                  ...['-B', '20', '-b', String(block), '-o', file, '-m', 'get'],
                  `coap://127.0.0.1:${server.target}${path}`,
                ]);
                expect(err).toBe('');
                got.set(`${part} ${block}`, readFileSync(file));
                expect(got.get(`${part} ${block}`)!.length).toBe(bytes);
              }
            }
            server.cut(false);
          };
          let fetching: Promise<void> | undefined;
          const hear = (event: Event): void => {
            if (event.event === 'serving') fetching = fetchAll(event);
          };
          const pushed = await push(image, ['--timeout', '50'], hear);
          await fetching;
          expect(pushed).toMatchObject({ code: 0, verdict: { name: 'ok' } });
          for (const block of BLOCKS) expect(new Uint8Array(got.get(`image ${block}`)!)).toEqual(image);
          await rig.runs(77);
        });
      }));
  },
  'libcoap',
);
