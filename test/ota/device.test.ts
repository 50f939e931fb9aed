// SPDX-License-Identifier: MIT
import { spawn, spawnSync } from 'node:child_process';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { nodeCrypto, parseKey, signerOf } from '../../compiler/cli/ota-crypto.js';
import { componentParts } from '../../compiler/contract/component.js';
import { buildManifest, type ManifestInput } from '../../compiler/ota/manifest.js';
import { classId, DEFAULT_VENDOR, vendorId } from '../../compiler/ota/uuid.js';
import { builtMain } from '../cli/built.js';
import { block, decode, encode, type Message, numberOf, OPTION, type Read } from '../runtime/coap-script.js';
import { missingCompiler } from '../runtime/host-engine.js';
import { startDevice } from './device.js';
import {
  answering,
  DEVICE_CLASS,
  EXAMPLE,
  imageOf,
  kindsHere,
  LONG_MS,
  missingCoap,
  parseReport,
  Rig,
  run,
  trigger,
} from './e2e-world.js';
import { freePort } from './port.js';
import { hasIpv6 } from './push-world.js';

/** The device process against servers of our own that are hard to deal with, and its demo build. */

const missing = missingCoap() ?? missingCompiler('gcc');
const kinds = missing === null ? kindsHere() : [];

/** What a server does with a request: sends whatever datagrams it likes, now or later. */
type Answer = (request: Read, content: Uint8Array, send: (message: Message) => void) => void;

/** A CoAP server on a socket of ours; contents by path. */
class Server {
  readonly contents = new Map<string, Uint8Array>();
  requests = 0;
  private readonly socket: Socket;

  private constructor(
    private readonly answer: Answer,
    private readonly host: '127.0.0.1' | '::1',
  ) {
    this.socket = createSocket(host === '::1' ? 'udp6' : 'udp4');
    this.socket.on('message', (bytes, from) => this.hear(bytes, from));
  }

  static open(answer: Answer, host: '127.0.0.1' | '::1' = '127.0.0.1'): Promise<Server> {
    const server = new Server(answer, host);
    return new Promise((done) => server.socket.bind(0, host, () => done(server)));
  }

  url(path: string): string {
    const host = this.host === '::1' ? '[::1]' : this.host;
    return `coap://${host}:${this.socket.address().port}/${path}`;
  }

  private hear(bytes: Buffer, from: RemoteInfo): void {
    const request = decode(bytes);
    // Acknowledgements of separate answers.
    if (request.code !== '0.01') return;
    this.requests++;
    const path = request.options.filter(([n]) => n === OPTION.uriPath).map(([, v]) => v.toString());
    const content = this.contents.get(path.join('/')) ?? new Uint8Array();
    this.answer(request, content, (message) =>
      this.socket.send(Buffer.from(encode(message), 'hex'), from.port, from.address),
    );
  }

  close(): void {
    this.socket.close();
  }
}

/** The right answer to a request. */
function right(request: Read, content: Uint8Array): Message {
  const wanted = numberOf(request, OPTION.block2);
  const size = 16 << (wanted & 7);
  const at = (wanted >> 4) * size;
  const more = at + size < content.length;
  return {
    type: 'ack',
    code: '2.05',
    id: request.id,
    token: request.token,
    options: [[OPTION.block2, block(wanted >> 4, more, size)]],
    payload: content.subarray(at, at + size),
  };
}

let serverId = 0;
const empty = (request: Read): Message => ({ type: 'ack', code: '0.00', id: request.id });
/** The same by itself, with a number of the server's. */
const apart = (message: Message, type: 'con' | 'non'): Message => ({ ...message, type, id: ++serverId & 0xffff });
const old: Message[] = [];

const SERVERS: Readonly<Record<string, Answer>> = {
  'answers at once': (request, content, send) => send(right(request, content)),
  'acknowledges first and answers by itself': (request, content, send) => {
    send(empty(request));
    setTimeout(() => send(apart(right(request, content), 'con')), 5);
  },
  'answers by itself before it acknowledges': (request, content, send) => {
    send(apart(right(request, content), 'con'));
    setTimeout(() => send(empty(request)), 5);
  },
  'answers without any acknowledgement': (request, content, send) => send(apart(right(request, content), 'non')),
  'sends every answer three times': (request, content, send) => {
    for (let i = 0; i < 3; i++) send(right(request, content));
    const message = apart(right(request, content), 'con');
    for (let i = 0; i < 2; i++) send(message);
  },
  'sends all its old answers before each new one': (request, content, send) => {
    for (const message of old) send(message);
    old.push(right(request, content), apart(right(request, content), 'non'));
    send(right(request, content));
  },
  'sends answers with wrong tokens, numbers and blocks of others first': (request, content, send) => {
    const good = right(request, content);
    const wrong = { ...good, payload: 'wrong'.repeat(4) };
    send({ ...wrong, token: '00112233' });
    send({ ...wrong, token: '' });
    send({ ...wrong, id: request.id ^ 0x4000 });
    send({ ...apart(wrong, 'con'), token: `${request.token}00` });
    send({ type: 'rst', code: '0.00', id: request.id ^ 1 });
    send(good);
  },
  'loses every second request': (request, content, send) => {
    if (lost.has(request.id)) send(right(request, content));
    else lost.add(request.id);
  },
  'has blocks of 16 bytes': (request, content, send) => {
    const wanted = numberOf(request, OPTION.block2);
    const at = (wanted >> 4) * (16 << (wanted & 7));
    const message = right(request, content);
    const options: Message['options'] = [[OPTION.block2, block(at / 16, at + 16 < content.length, 16)]];
    send({ ...message, options, payload: content.subarray(at, at + 16) });
  },
};
const lost = new Set<number>();

/** Fetches an update from a server; the attempt's end as the device tells it. */
async function update(
  rig: Rig,
  server: Server,
  image: Uint8Array,
  sequence = 1,
): Promise<Readonly<Record<string, string>>> {
  server.contents.set('i', image);
  server.contents.set('m', rig.manifest(image, sequence, server.url('i')));
  const attempt = await trigger(rig, server.url('m'));
  const report = await rig.until((r) => {
    expect(r.update.update).toBe(attempt);
    expect(r.update.phase).toBe('done');
  });
  return report.update;
}

describe.skipIf(missing !== null)(`the device as a process${missing ? ` (${missing})` : ''}`, () => {
  describe.each(kinds)('(%s)', (kind) => {
    it(
      'takes an update from a server that ...',
      () =>
        Rig.with(kind, { ackTimeout: 100 }, async (rig) => {
          let sequence = 0;
          for (const [name, answer] of Object.entries(SERVERS)) {
            old.length = 0;
            lost.clear();
            const server = await Server.open(answer);
            try {
              sequence++;
              const image = answering(kind, 1000 + sequence);
              expect([name, (await update(rig, server, image, sequence)).status]).toEqual([name, '0']);
              await rig.runs(1000 + sequence);
            } finally {
              server.close();
            }
          }
        }),
      120_000,
    );

    it('asks in blocks of the size that it is started with', async () => {
      for (const size of [16, 64, 256, 1024])
        await Rig.with(kind, { block: size }, async (rig) => {
          const sizes = new Set<number>();
          const server = await Server.open((request, content, send) => {
            sizes.add(16 << (numberOf(request, OPTION.block2) & 7));
            send(right(request, content));
          });
          const image = answering(kind, size);
          try {
            expect((await update(rig, server, image)).status).toBe('0');
            await rig.runs(size);
          } finally {
            server.close();
          }
          const manifest = server.contents.get('m')!;
          expect([[...sizes], server.requests]).toEqual([
            [size],
            Math.ceil(image.length / size) + Math.ceil(manifest.length / size),
          ]);
        });
    }, 120_000);
  });

  it.skipIf(!hasIpv6() || !kinds.includes('host'))('takes an update by IPv6', () =>
    Rig.with('host', {}, async (rig) => {
      const { port, kill } = await startDevice({
        kind: 'host',
        flash: rig.path('flash6'),
        keys: rig.keys.file,
        ipv6: true,
        period: 20,
        class: Buffer.from(classId(vendorId(DEFAULT_VENDOR), DEVICE_CLASS)).toString('hex'),
      });
      const server = await Server.open(SERVERS['answers at once']!, '::1');
      try {
        const image = answering('host', 6);
        server.contents.set('i', image);
        server.contents.set('m', rig.manifest(image, 1, server.url('i')));
        const url = `coap://[::1]:${port}`;
        await run('coap-client-notls', ['-B', '5', '-m', 'put', '-e', server.url('m'), `${url}/suit/trigger`]);
        await vi.waitFor(
          async () => {
            const { out } = await run('coap-client-notls', ['-B', '5', '-m', 'get', `${url}/fcc/update`]);
            expect(parseReport(out).places['.fc.timer']).toMatchObject({ value: '6', trial: '0' });
          },
          { timeout: LONG_MS, interval: 50 },
        );
      } finally {
        server.close();
        kill('SIGKILL');
      }
    }),
  );

  it.skipIf(!kinds.includes('arm'))('runs images that switch interrupts off, which a process may not', () =>
    Rig.with('arm', {}, async (rig) => {
      // A 64-bit atomic addition: ARMv7-M has no instruction for it.
      const image = imageOf(
        'arm',
        'r1 = 40\n*(u64 *)(r10 - 8) = r1\nr2 = 2\nlock *(u64 *)(r10 - 8) += r2\nr0 = *(u64 *)(r10 - 8)',
      );
      const server = await Server.open(SERVERS['answers at once']!);
      try {
        expect((await update(rig, server, image)).status).toBe('0');
        await rig.runs(42);
      } finally {
        server.close();
      }
    }),
  );

  describe('as its Makefile builds it', () => {
    const out = mkdtempSync(join(tmpdir(), 'fcc-demo-'));
    afterAll(() => rmSync(out, { recursive: true, force: true }));

    it('believes the demo keys', async () => {
      const settings = ['TEXT=ebpf', `OUT=${out}`, `FCC=${process.execPath} ${builtMain()}`];
      const make = spawnSync('make', ['-s', '-C', EXAMPLE, 'all', ...settings], { encoding: 'utf8' });
      expect([make.status, make.stderr.replace(/^note:.*\n/gm, '')]).toEqual([0, '']);
      const port = await freePort();
      const child = spawn(join(out, 'device-ebpf'), [
        '--flash',
        join(out, 'flash'),
        '--ipv4',
        '--port',
        `${port}`,
        '--period',
        '20',
      ]);
      try {
        const report = async () =>
          parseReport(
            (await run('coap-client-notls', ['-B', '5', '-m', 'get', `coap://127.0.0.1:${port}/fcc/update`])).out,
          );
        await vi.waitFor(async () => expect((await report()).places['.fc.timer']!.image).toBe('factory'), {
          timeout: LONG_MS,
        });
        const server = await Server.open(SERVERS['answers at once']!);
        const image = answering('host', 5);
        const vendor = vendorId('riot-os.org');
        const key = signerOf(parseKey(readFileSync(join(out, 'guest.pem'), 'utf8'), 'guest.pem').key!);
        server.contents.set('i', image);
        const input: ManifestInput = {
          profile: 'ietf-37',
          sequence: 1,
          component: componentParts('fc/timer', 'guest'),
          vendor,
          classId: classId(vendor, 'fcc-example'),
          image,
          uri: server.url('i'),
        };
        server.contents.set('m', buildManifest(input, nodeCrypto, key));
        await run('coap-client-notls', [
          '-B',
          '5',
          '-m',
          'post',
          '-e',
          server.url('m'),
          `coap://127.0.0.1:${port}/suit/trigger`,
        ]);
        await vi.waitFor(
          async () =>
            expect((await report()).places['.fc.timer.guest']).toMatchObject({ image: '0', value: '5', trial: '0' }),
          { timeout: LONG_MS, interval: 50 },
        );
        server.close();
      } finally {
        child.kill('SIGKILL');
      }
    }, 120_000);
  });
});
