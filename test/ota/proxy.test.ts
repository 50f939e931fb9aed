// SPDX-License-Identifier: MIT
import { createSocket, type Socket } from 'node:dgram';
import { describe, expect, it, vi } from 'vitest';
import { type Disturbance, type Network, startProxy, type Traffic } from './proxy.js';
import { hasIpv6 } from './push-world.js';

const COUNT = 400;

const open = (type: 'udp4' | 'udp6', address: string): Promise<Socket> =>
  new Promise((resolve) => {
    const socket = createSocket(type);
    socket.bind(0, address, () => resolve(socket));
  });

/** Sends numbers through a proxy to something that says each back; what that got and what came back, in order. */
async function exchange(disturbance: Disturbance, address = '127.0.0.1') {
  const type = address.includes(':') ? 'udp6' : 'udp4';
  const echo = await open(type, address);
  const got: number[] = [];
  echo.on('message', (bytes, { port }) => {
    got.push(bytes.readUInt32LE());
    echo.send(bytes, port, address);
  });
  const proxy: Network = await startProxy(echo.address().port, { holdMs: 5, ...disturbance }, address);
  const client = await open(type, address);
  const back: number[] = [];
  client.on('message', (bytes) => back.push(bytes.readUInt32LE()));
  const { traffic } = proxy;
  const delivered = ({ datagrams, lost, repeated }: Traffic): number => datagrams - lost + repeated;
  for (let i = 0; i < COUNT; i++) {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(i);
    client.send(bytes, proxy.port, address);
    // So that the system's buffers hold them all.
    if (i % 20 === 19) await new Promise((done) => setImmediate(done));
  }
  await vi.waitFor(
    () => {
      expect(traffic.in.datagrams).toBe(COUNT);
      expect(got.length).toBe(delivered(traffic.in));
      expect(traffic.out.datagrams).toBe(got.length);
      expect(back.length).toBe(delivered(traffic.out));
    },
    { timeout: 20_000 },
  );
  await proxy.close();
  for (const socket of [echo, client]) socket.close();
  return { got, back, traffic };
}

const numbers = Array.from({ length: COUNT }, (_, i) => i);

describe('the proxy of the update tests', () => {
  it.each(['127.0.0.1', ...(hasIpv6() ? ['::1'] : [])])('passes everything on and counts, at %s', async (address) => {
    const { got, back, traffic } = await exchange({ seed: 1 }, address);
    expect(got).toEqual(numbers);
    expect(back).toEqual(numbers);
    const all = { datagrams: COUNT, bytes: 8 * COUNT, lost: 0, repeated: 0, reordered: 0 };
    expect(traffic).toEqual({ in: all, out: all });
  });

  it('loses a share, and keeps the others in order', async () => {
    const one = await exchange({ seed: 7, lose: 10 });
    expect(one.got.length).toBe(COUNT - one.traffic.in.lost);
    expect(one.traffic.in.lost).toBeGreaterThan(10);
    expect(one.traffic.in.lost).toBeLessThan(100);
    expect(one.got).toEqual(numbers.filter((n) => one.got.includes(n)));
  });

  it('repeats and reorders without losing', async () => {
    const { got, traffic } = await exchange({ seed: 3, repeat: 10, reorder: 10 });
    expect(traffic.in.repeated).toBeGreaterThan(10);
    expect(traffic.in.reordered).toBeGreaterThan(10);
    expect(got.length).toBe(COUNT + traffic.in.repeated);
    expect(new Set(got)).toEqual(new Set(numbers));
    expect(got).not.toEqual([...got].sort((a, b) => a - b));
  });

  it('cuts everything from one datagram on', async () => {
    const { got, back, traffic } = await exchange({ seed: 1, cutAt: 25 });
    expect(got.length + back.length).toBe(25);
    expect(traffic.in.lost + traffic.out.lost).toBe(traffic.in.datagrams + traffic.out.datagrams - 25);
  });

  it('changes bytes where asked to', async () => {
    const change = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes, (b, i) => (i === 3 ? 1 : b));
    const { got } = await exchange({ seed: 1, change });
    expect(got).toEqual(numbers.map((n) => n + 2 ** 24));
  });
});
