// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { statusNumber } from '../../compiler/image/status.js';
import { MISBEHAVE, MISBEHAVE_CONTRACT } from '../cli/objects.js';
import { type Event, events, hasIpv6, IMAGE, packing, world } from './push-world.js';

const names = (all: readonly Event[]): string[] => [...new Set(all.map((e) => e.event))];

describe('fcc push', () => {
  it('installs an image, and says so', () =>
    world({ floor: 41 }, async (w) => {
      const { code, out, err } = await w.push(...packing(w));
      expect([code, err]).toEqual([0, '']);
      expect(out).toMatch(/prog\.fcc: \d+ bytes, manifest 2\d\d bytes, for \.fc\.timer, sequence number 42\n/);
      expect(out).toContain('prog.fcc: installed to .fc.timer, sequence number 42\n');
      const [, image] = [...w.device.fetched.values()];
      expect(image).toEqual(Buffer.from(IMAGE));
      expect(w.device.triggers).toHaveLength(1);
      expect(w.device.triggers[0]).toMatch(/^coap:\/\/127\.0\.0\.1:\d+\/m\/[0-9a-f]{4}$/);
    }));

  it('tells what happens as one JSON object a line', () =>
    world({ floor: 300, trial: { of: 3 } }, async (w) => {
      const said = await w.push(...packing(w), '--json', '--wait');
      expect([said.code, said.err]).toEqual([0, '']);
      const all = events(said);
      expect(names(all)).toEqual(['device', 'serving', 'triggered', 'progress', 'verdict', 'trial']);
      const [device] = all;
      expect(device).toMatchObject({ report: true, arch: 1, interpreter: false, places: [{ component: '.fc.timer' }] });
      const last = all.at(-1);
      expect(last).toMatchObject({ event: 'trial', result: 'good', sequence: 301, component: '.fc.timer', trap: null });
      expect(all.find((e) => e.event === 'verdict')).toMatchObject({ status: 0, name: 'ok', sequence: 301 });
      const progress = all.filter((e) => e.event === 'progress' && e.what === 'image').map((e) => e.received as number);
      expect(progress).toEqual([...progress].sort((a, b) => a - b));
      expect(progress.at(-1)).toBe(IMAGE.length);
    }));

  it.each([0, 16, 1024])('serves a device that asks for blocks of %i bytes', (block) =>
    world({ block }, async (w) => {
      expect((await w.push(...packing(w), '--profile', 'ietf-37')).code).toBe(0);
      expect([...w.device.fetched.values()][1]).toEqual(Buffer.from(IMAGE));
    }),
  );

  it.each(['signature', 'sequence', 'digest', 'tenant', 'size', 'fetch'] as const)(
    'ends with 5 where the device says %s',
    (name) =>
      world({ statuses: [statusNumber(name)] }, async (w) => {
        const said = await w.push(...packing(w), '--json');
        expect(said.code).toBe(5);
        expect(said.err).toContain(
          `error[FCC0851]: the device refused ${w.file('prog.fcc')}: FCC_E_${name.toUpperCase()}`,
        );
        const all = events(said);
        expect(all.find((e) => e.event === 'verdict')).toMatchObject({ status: statusNumber(name), name });
        expect(all.at(-1)).toMatchObject({ event: 'error', code: 'FCC0851' });
      }),
  );

  it('names the helper that an image may not call, and a status that it does not know', async () => {
    await world({ statuses: [statusNumber('helper')], helper: 17 }, async (w) => {
      const { code, err } = await w.push(...packing(w));
      expect(code).toBe(5);
      expect(err).toMatch(/FCC_E_HELPER(.|\n)*\(id 17\)/);
    });
    await world({ statuses: [-200] }, async (w) => {
      const { code, err } = await w.push(...packing(w));
      expect([code, err]).toEqual([5, expect.stringContaining('status -200')]);
    });
  });

  it('tells the device again where the container runs just then', () =>
    world({ statuses: [statusNumber('busy'), statusNumber('busy'), 0] }, async (w) => {
      const { code, err } = await w.push(...packing(w));
      expect([code, w.device.triggers.length]).toEqual([0, 3]);
      expect(err).toContain('note: the container of this place runs just now');
    }));
});

describe('fcc push --wait', () => {
  it('says where the trap was that took an image back', () =>
    world({ trial: { of: 5, trapAfter: 1, trap: 1, site: 0 } }, async (w) => {
      const { code, err } = await w.push(
        ...['--object', MISBEHAVE, '-t', 'cortex-m4', '--contract', MISBEHAVE_CONTRACT],
        ...['-k', w.file('site.pem'), '--hook', 'fc/timer', '--map', w.file('prog.map'), '--wait'],
      );
      expect(code).toBe(5);
      expect(err).toMatch(/error\[FCC0855\]: .*misbehave\.o was taken back from \.fc\.timer \(.*misbehave\.c:14\)/);
      expect(err).toContain('trap memory at site 0 in its first runs');
      expect(JSON.parse(readFileSync(w.file('prog.map'), 'utf8')).sites.length).toBeGreaterThan(0);
    }));

  it('notices it without --wait, if it is quick', () =>
    world({ trial: { of: 5, trapAfter: 0, trap: 6, site: 4294967295 } }, async (w) => {
      const said = await w.push(...packing(w), '--json');
      expect(said.code).toBe(5);
      expect(events(said).at(-2)).toMatchObject({ event: 'trial', result: 'taken-back', trap: 'fault', site: null });
    }));

  it('gives up at the end of its time', () =>
    world({ trial: { of: 1e6 } }, async (w) => {
      const { code, err } = await w.push(...packing(w), '--wait', '--timeout', '1.5');
      expect([code, err]).toEqual([5, expect.stringContaining('error[FCC0854]: the trial is not over in 1.5 s')]);
    }));
});

describe('fcc push to a device that restarts', () => {
  it('in the middle: tells it again', () =>
    world({ restarts: 2 }, async (w) => {
      const said = await w.push(...packing(w), '--json');
      expect([said.code, w.device.triggers.length]).toEqual([0, 3]);
      const all = events(said);
      expect(all.filter((e) => e.event === 'restart').map((e) => e.count)).toEqual([1, 2]);
      expect(all.filter((e) => e.event === 'triggered').map((e) => e.again)).toEqual([0, 1, 2]);
    }));

  it('after it had installed: sees that it has', () =>
    world({ restarts: 1, restartAfter: true }, async (w) => {
      const { code, out } = await w.push(...packing(w));
      expect([code, w.device.triggers.length]).toEqual([0, 1]);
      expect(out).toContain('installed to .fc.timer, sequence number 1');
    }));

  it('again and again: gives up', () =>
    world({ restarts: 1000 }, async (w) => {
      const { code, err } = await w.push(...packing(w));
      expect([code, w.device.triggers.length]).toEqual([5, 6]);
      expect(err).toContain('error[FCC0854]: the device restarted during the update, and 5 more times');
      expect(err.match(/note: the device restarted/g)).toHaveLength(5);
    }));
});

describe('fcc push over a bad network', () => {
  it.each([1, 2, 3])('loses every fifth datagram: seed %i', (seed) =>
    world({ lose: (n) => (n + seed) % 5 === 0 }, async (w) => {
      const said = await w.push(...packing(w), '--ack-timeout', '40', '--retries', '6');
      expect([said.code, said.err]).toEqual([0, '']);
    }),
  );

  it('hears everything twice', () =>
    world({ twice: true }, async (w) => {
      const said = await w.push(...packing(w));
      expect([said.code, said.err, w.device.triggers.length]).toEqual([0, '', 1]);
    }));

  it('leaves no timer and no socket behind', async () => {
    const kinds = (): string[] => process.getActiveResourcesInfo().filter((kind) => /Timeout|UDP/.test(kind));
    const before = kinds().length;
    await world({ lose: (n) => n % 7 === 3 }, async (w) => {
      expect((await w.push(...packing(w))).code).toBe(0);
      expect((await w.push(...packing(w), '--seq', '0', '--timeout', '0.2')).code).toBe(5);
      w.device.close();
      expect((await w.push(...packing(w), '--retries', '0')).code).toBe(5);
    });
    // Sockets are closed a moment later.
    await new Promise((next) => setImmediate(next));
    expect(kinds().length).toBeLessThanOrEqual(before);
  });

  it.skipIf(!hasIpv6())('works over IPv6 too', () =>
    world({ ipv6: true }, async (w) => {
      expect(await w.push(...packing(w))).toMatchObject({ code: 0, err: '' });
      expect(w.device.triggers[0]).toMatch(/^coap:\/\/\[::1\]:\d+\/m\//);
    }),
  );
});
