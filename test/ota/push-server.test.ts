// SPDX-License-Identifier: MIT
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchTraffic, type Traffic, triggerTraffic } from '../../compiler/ota/traffic.js';
import { leadsNowhere, localAddress, parseCoapUrl, resolvePeer } from '../../compiler/ota/transport/address.js';
import { CoapClient } from '../../compiler/ota/transport/client.js';
import { serve } from '../../compiler/ota/transport/server.js';
import { UdpPort } from '../../compiler/ota/transport/socket.js';
import { inFolder } from '../cli/capture.js';
import { fakeDevice } from './fake-device.js';
import { imageOf } from './samples.js';

const HOST = '127.0.0.1';
const IMAGE = imageOf(3001);
const SMALL = imageOf(40, 9);

/** A server of ours; `largest` as --block. */
async function served(
  largest: number,
): Promise<{ port: UdpPort; at: number; blocks: [number, number][]; end(): void }> {
  const port = await UdpPort.listen('udp4', HOST, 0);
  const blocks: [number, number][] = [];
  const resources = new Map([
    ['/i/7f3a', { bytes: IMAGE, onBlock: (start: number, end: number) => void blocks.push([start, end]) }],
    ['/m/x?v=1&b', { bytes: SMALL }],
  ]);
  const stop = serve(port, resources, largest);
  const end = (): void => {
    stop();
    port.close();
  };
  return { port, at: port.address().port, blocks, end };
}

/** An answer, taken apart by hand. */
interface Raw {
  readonly type: number;
  readonly code: string;
  readonly id: number;
  readonly token: string;
  readonly options: readonly (readonly [number, string])[];
  readonly payload: Buffer;
}

function takeApart(bytes: Buffer): Raw {
  const length = bytes[0]! & 15;
  let at = 4 + length;
  let number = 0;
  const options: [number, string][] = [];
  while (at < bytes.length && bytes[at] !== 0xff) {
    const [delta, size] = [bytes[at]! >> 4, bytes[at]! & 15];
    at++;
    const extra = delta === 13 ? bytes[at++]! : 0;
    number += delta + extra;
    options.push([number, bytes.subarray(at, at + size).toString('hex')]);
    at += size;
  }
  return {
    type: (bytes[0]! >> 4) & 3,
    code: `${bytes[1]! >> 5}.${String(bytes[1]! & 31).padStart(2, '0')}`,
    id: bytes.readUInt16BE(2),
    token: bytes.subarray(4, 4 + length).toString('hex'),
    options,
    payload: bytes.subarray(at + 1),
  };
}

/** A client that says exactly what it is told. */
class Hand {
  private constructor(
    private readonly socket: Socket,
    private readonly to: number,
  ) {}

  static async to(port: number): Promise<Hand> {
    const socket = createSocket('udp4');
    await new Promise<void>((bound) => socket.bind(0, HOST, bound));
    return new Hand(socket, port);
  }

  send(bytes: Uint8Array): void {
    this.socket.send(bytes, this.to, HOST);
  }

  /** The next datagram after sending one. */
  async ask(hex: string): Promise<Raw> {
    const answer = new Promise<Buffer>((got) => this.socket.once('message', got));
    this.send(Buffer.from(hex, 'hex'));
    return takeApart(await answer);
  }

  close(): void {
    this.socket.close();
  }
}

/** GET /i/7f3a, confirmable, with a token of one byte, and a Block2 option where one is given. */
const get = (id: number, block?: string): string => {
  const option = block === undefined ? '' : `c${block.length / 2}${block}`;
  return `4101${id.toString(16).padStart(4, '0')}aab169` + `04${Buffer.from('7f3a').toString('hex')}${option}`;
};

const block2 = ({ options }: Raw): string | undefined => options.find(([n]) => n === 23)?.[1];

describe('the server of fcc push', () => {
  let server: Awaited<ReturnType<typeof served>>;
  let hand: Hand;
  beforeAll(async () => {
    server = await served(1024);
    hand = await Hand.to(server.at);
  });
  afterAll(() => {
    hand.close();
    server.end();
  });

  it('gives blocks of the size asked for, in any order and again, and the same ETag with each', async () => {
    // [option, number, bytes]: 64, 256 and 1024 bytes.
    const asked: [string, number, number][] = [
      ['22', 2, 64],
      ['02', 0, 64],
      ['22', 2, 64],
      ['02e2', 46, 64],
      ['44', 4, 256],
      ['26', 2, 1024],
      ['00', 0, 16],
    ];
    const tags = new Set<string>();
    for (const [i, [option, num, size]] of asked.entries()) {
      const answer = await hand.ask(get(100 + i, option));
      expect([answer.type, answer.code, answer.id, answer.token]).toEqual([2, '2.05', 100 + i, 'aa']);
      expect(answer.payload).toEqual(Buffer.from(IMAGE.subarray(num * size, (num + 1) * size)));
      const value = Number.parseInt(block2(answer)!, 16);
      expect([value >> 4, value & 8, 16 << (value & 7)]).toEqual([num, (num + 1) * size < IMAGE.length ? 8 : 0, size]);
      tags.add(answer.options.find(([n]) => n === 4)![1]);
    }
    expect(tags.size).toBe(1);
  });

  it('takes an empty Block2 option for the first 16 bytes', async () => {
    const answer = await hand.ask(get(1, ''));
    expect(answer.payload).toEqual(Buffer.from(IMAGE.subarray(0, 16)));
  });

  it('answers a datagram that comes twice twice, and both the same', async () => {
    const first = await hand.ask(get(7, '12'));
    expect(await hand.ask(get(7, '12'))).toEqual(first);
  });

  it('starts with its own largest block where none is asked for, and sends what fits at once', async () => {
    const answer = await hand.ask(get(8));
    expect([answer.payload.length, block2(answer)]).toEqual([1024, '0e']);
    // /m/x?v=1&b
    const small = await hand.ask('41010009aa' + 'b16d' + '0178' + '43763d31' + '0162');
    expect([small.code, small.payload, small.options]).toEqual(['2.05', Buffer.from(SMALL), []]);
  });

  it('does not mix up contents where a token is used for two', async () => {
    await hand.ask(get(10, '02'));
    const other = await hand.ask('4101000baa' + 'b16d' + '0178' + '43763d31' + '0162' + '8100');
    expect(other.payload).toEqual(Buffer.from(SMALL.subarray(0, 16)));
    const next = await hand.ask('4101000caa' + 'b16d' + '0178' + '43763d31' + '0162' + '8110');
    expect(next.payload).toEqual(Buffer.from(SMALL.subarray(16, 32)));
  });

  it('tells the length where it is asked for', async () => {
    const answer = await hand.ask(`${get(11, '02')}50`);
    expect(answer.options.find(([n]) => n === 28)?.[1]).toBe(IMAGE.length.toString(16).padStart(4, '0'));
  });

  it.each([
    ['another path', `41010020aab16904${Buffer.from('7f3b').toString('hex')}`, '4.04'],
    ['no path', '41010021aa', '4.04'],
    ['a block behind the end', get(0x22, '0ff2'), '4.02'],
    ['a block size of 7', get(0x23, '07'), '4.02'],
    ['a Block2 option of 4 bytes', get(0x24, '00000002'), '4.02'],
    ['POST', get(0x25).replace(/^4101/, '4102'), '4.05'],
    ['PUT with Block1', `${get(0x26)}d1030e`.replace(/^4101/, '4103'), '4.05'],
    ['FETCH', get(0x27).replace(/^4101/, '4105'), '4.05'],
    ['a critical option that it does not know', `41010028aa91${'00'}`, '4.02'],
    ['a proxy’s option', `41010029aad1${(35 - 13).toString(16)}78`, '4.02'],
  ])('refuses %s', async (_, request, code) => {
    const answer = await hand.ask(request);
    expect([answer.type, answer.code, answer.payload.length]).toEqual([2, code, 0]);
  });

  it('passes over Observe and elective options that it does not know', async () => {
    // Observe (6) 0, then option 10 of one byte in front of the path.
    const answer = await hand.ask(`41010030aa60${'41'}00${'1169'}04${Buffer.from('7f3a').toString('hex')}c102`);
    expect([answer.code, answer.payload.length, answer.options.some(([n]) => n === 6)]).toEqual(['2.05', 64, false]);
  });

  it('answers a ping with a reset, and a request that wants no acknowledgement', async () => {
    expect(await hand.ask('40001234')).toMatchObject({ type: 3, code: '0.00', id: 0x1234 });
    const non = await hand.ask(get(0x40, '02').replace(/^41/, '51'));
    expect([non.type, non.code, non.token]).toEqual([1, '2.05', 'aa']);
  });

  it('survives garbage, and answers afterwards', async () => {
    const good = Buffer.from(get(0x50, '02'), 'hex');
    const before = server.port.sent.datagrams;
    for (const hex of [
      '',
      '00',
      '40',
      '4f01',
      '4001',
      '400100',
      'ff'.repeat(40),
      '4101aaaaaaff',
      '60451234',
      '70001234',
    ])
      hand.send(Buffer.from(hex, 'hex'));
    for (let i = 0; i < 300; i++) hand.send(randomBytes(i % 60));
    for (let i = 0; i < 300; i++) {
      const bytes = Buffer.from(good);
      bytes[i % bytes.length]! ^= 1 << (i % 8);
      hand.send(bytes);
    }
    let last: Raw;
    do last = await hand.ask(get(0x51, '02'));
    while (last.id !== 0x51 || last.code !== '2.05');
    expect(last.payload).toEqual(Buffer.from(IMAGE.subarray(0, 64)));
    // Not more than one answer to each of them.
    expect(server.port.sent.datagrams - before).toBeLessThan(1200);
  });

  it('keeps no timer of what was asked', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    await hand.ask(get(0xff, '02'));
    const before = timers();
    for (let i = 0; i < 50; i++) await hand.ask(get(0x100 + i, '02'));
    expect(timers()).toBeLessThan(before + 10);
  });
});

/** What coap-client-notls writes to a file. */
function coapClient(args: readonly string[], url: string): Promise<Buffer> {
  return inFolder(
    (folder) =>
      new Promise<Buffer>((got, failed) => {
        const file = join(folder, 'got');
        execFile('coap-client-notls', [...args, '-o', file, url], (error, _out, err) => {
          if (error || err !== '') failed(error ?? new Error(err));
          else got(readFileSync(file));
        });
      }),
  );
}

/** Counts what goes through it in both directions; one client. */
async function counter(
  to: number,
): Promise<{ at: number; counts: { datagrams: number; bytes: number }; close(): void }> {
  const counts = { datagrams: 0, bytes: 0 };
  const socket = createSocket('udp4');
  let client = 0;
  const seen = new Set<string>();
  socket.on('message', (m, from) => {
    // A busy machine makes libcoap send again: that is no part of the calculation.
    const id = `${from.port === to} ${m.readUInt16BE(2)}`;
    if (!seen.has(id)) {
      counts.datagrams++;
      counts.bytes += m.length;
    }
    seen.add(id);
    if (from.port !== to) client = from.port;
    socket.send(m, from.port === to ? client : to, HOST);
  });
  await new Promise<void>((bound) => socket.bind(0, HOST, bound));
  return { at: (socket.address() as AddressInfo).port, counts, close: () => socket.close() };
}

/** What the proxy counts: libcoap sends a Uri-Port option of 3 bytes with each request. */
const counted = ({ datagrams, coap, payload }: Traffic): { datagrams: number; bytes: number } => ({
  datagrams,
  bytes: coap + payload + 3 * (datagrams / 2),
});

describe('libcoap’s client at the server of fcc push', () => {
  it.each([64, 256, 1024])('gets every byte in blocks of %i, in as many bytes as traffic.ts says', async (block) => {
    const server = await served(1024);
    const proxy = await counter(server.at);
    const got = await coapClient(['-b', String(block)], `coap://${HOST}:${proxy.at}/i/7f3a`);
    proxy.close();
    server.end();
    expect(got).toEqual(Buffer.from(IMAGE));
    // Tokens of libcoap 4.3: one byte at first, and the number of the block in seven or eight.
    const said = fetchTraffic('/i/7f3a', IMAGE.length, { block, token: 1, laterToken: 7 });
    expect(proxy.counts).toEqual(counted(said));
  });

  it('gets every byte without asking for a size', async () => {
    const server = await served(1024);
    const proxy = await counter(server.at);
    expect(await coapClient([], `coap://${HOST}:${proxy.at}/i/7f3a`)).toEqual(Buffer.from(IMAGE));
    const said = fetchTraffic('/i/7f3a', IMAGE.length, { block: 1024, token: 1, laterToken: 7, early: false });
    expect(proxy.counts).toEqual(counted(said));
    proxy.close();
    server.end();
  });

  it.each([16, 64, 256])('and takes the smaller blocks of --block %i', async (largest) => {
    const server = await served(largest);
    expect(await coapClient(['-b', '512'], `coap://${HOST}:${server.at}/i/7f3a`)).toEqual(Buffer.from(IMAGE));
    expect(Math.max(...server.blocks.map(([a, b]) => b - a))).toBe(largest);
    server.end();
  });

  it('gets what fits into one block in one', async () => {
    const server = await served(1024);
    const proxy = await counter(server.at);
    expect(await coapClient([], `coap://${HOST}:${proxy.at}/m/x?v=1&b`)).toEqual(Buffer.from(SMALL));
    const said = fetchTraffic('/m/x?v=1&b', SMALL.length, { block: 1024, token: 1, early: false });
    expect(proxy.counts).toEqual(counted(said));
    proxy.close();
    server.end();
  });
});

describe('the message that tells a device', () => {
  it('takes as many bytes as traffic.ts says', async () => {
    const device = await fakeDevice({ deaf: true });
    const port = await UdpPort.listen('udp4', HOST, 0);
    const client = new CoapClient(port, await resolvePeer(parseCoapUrl(device.url)!), {
      ackTimeoutMs: 500,
      retries: 4,
    });
    const url = 'coap://[fd00::1]:40000/m/7f3a';
    const { code, payload } = await client.request('POST', '/suit/trigger', { payload: url, waitMs: 10_000 });
    expect([code, Buffer.from(payload).toString()]).toEqual(['2.01', '1']);
    const said = triggerTraffic(url);
    expect(port.sent.datagrams + port.received.datagrams).toBe(said.datagrams);
    expect(port.sent.bytes + port.received.bytes).toBe(said.coap + said.payload);
    expect(said.bytes).toBe(said.coap + said.payload + 48 * said.datagrams);
    client.close();
    port.close();
    device.close();
  });
});

describe('coap URLs', () => {
  it.each([
    ['coap://[::1]', ['::1', 5683, [], []]],
    ['coap://[fe80::1%eth0]:40000/', ['fe80::1%eth0', 40000, [''], []]],
    ['coap://[fe80::1%25eth0]/m/7f3a', ['fe80::1%eth0', 5683, ['m', '7f3a'], []]],
    ['COAP://192.0.2.1:1/a%20b/%C3%A9?x=1&y%26', ['192.0.2.1', 1, ['a b', 'é'], ['x=1', 'y&']]],
    ['coap://device.example/', ['device.example', 5683, [''], []]],
  ] as const)('%s', (text, [host, port, path, query]) => {
    expect(parseCoapUrl(text)).toEqual({ host, port, path, query });
  });

  it.each([
    '',
    'coap://',
    'http://[::1]/',
    'coaps://[::1]/',
    'coap://[::1',
    'coap://[::g]/',
    'coap://::1/',
    'coap://h:0/',
    'coap://h:65536/',
    'coap://h:/',
    'coap://h/%zz',
    'coap://h/?%zz',
    'coap://h/#x',
    'coap://u@h/',
    'coap://h/a b',
  ])('but not %s', (text) => {
    expect(parseCoapUrl(text)).toBeNull();
  });
});

describe('the address that a device is told', () => {
  it('is the one that reaches it', async () => {
    expect(await localAddress({ address: HOST, port: 9, family: 'udp4' })).toBe(HOST);
  });

  it.each([
    ['::1', 'fe80::2%tap0', true],
    ['::', 'fd00::2', true],
    ['0.0.0.0', '192.0.2.1', true],
    ['127.0.0.1', '192.0.2.1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['::1', '::1', false],
    ['::1', '0:0:0:0:0:0:0:1', false],
    ['fe80::1', 'fe80::2%tap0', false],
    ['192.0.2.2', '192.0.2.1', false],
  ])('%s for a device at %s leads nowhere: %s', (local, peer, nowhere) => {
    expect(leadsNowhere(local, peer)).toBe(nowhere);
  });
});
