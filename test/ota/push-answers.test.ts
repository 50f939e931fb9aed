// SPDX-License-Identifier: MIT
import { createSocket } from 'node:dgram';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CompileError } from '../../compiler/errors/index.js';
import { parseReport, type Report } from '../../compiler/ota/transport/report.js';
import { fcc } from '../cli/capture.js';
import { randomizer } from '../image/samples.js';
import { IMAGE, packing, world } from './push-world.js';

describe('fcc push to a device that says little', () => {
  it('a stock RIOT has no report: the image was fetched, no verdict', () =>
    world({ stock: true }, async (w) => {
      const given = [...packing(w), '--seq', '7', '--class', 'native64', '--retries', '0'];
      const { code, out, err } = await w.push(...given);
      expect([code, out]).toEqual([5, expect.stringContaining('sequence number 7')]);
      expect(err).toContain(
        'error[FCC0854]: the image was fetched, but this device does not tell how the update ended',
      );
      expect([...w.device.fetched.values()][1]).toEqual(Buffer.from(IMAGE));
      // What its report would tell has to be given.
      expect(await w.push(...packing(w))).toMatchObject({ code: 2, err: expect.stringContaining('--seq') });
      const noClass = await w.push(...packing(w), '--seq', '8');
      expect(noClass).toMatchObject({ code: 2, err: expect.stringContaining('--class') });
    }));

  it('one that does not fetch', () =>
    world({ deaf: true }, async (w) => {
      const { code, err } = await w.push(...packing(w), '--timeout', '1');
      expect(code).toBe(5);
      expect(err).toContain('error[FCC0854]: the device took the message but did not fetch the manifest in 1 s');
      expect(err).toMatch(/can it reach coap:\/\/127\.0\.0\.1:\d+\/m\//);
    }));

  it('one that is not there', () =>
    world({}, async (w) => {
      w.device.close();
      const { code, err } = await w.push(...packing(w), '--ack-timeout', '20', '--retries', '1');
      expect([code, err]).toEqual([5, expect.stringContaining('error[FCC0850]: the device at 127.0.0.1:')]);
      const name = await fcc(['push', 'coap://no-such-device.invalid', ...packing(w)]);
      expect([name.code, name.err]).toEqual([5, expect.stringContaining('no address for no-such-device.invalid')]);
    }));

  it('one that is busy is not asked again at once', () =>
    world({ reportCodes: Array<string>(10_000).fill('5.03') }, async (w) => {
      const { code, err } = await w.push(...packing(w), '--timeout', '1', '--poll', '50');
      expect([code, err]).toEqual([5, expect.stringContaining('answered 5.03 Service Unavailable to GET /fcc/update')]);
      // Two questions a turn of 50 ms would be 40.
      expect(w.device.reports()).toBeLessThanOrEqual(40);
    }));

  it('one that is busy at first', () =>
    world({ reportCodes: ['5.03', '5.00'] }, async (w) => {
      expect((await w.push(...packing(w))).code).toBe(0);
    }));

  it.each([2147483647, 4294967294, 4294967295])(
    'one that claims to have had sequence number %i: nothing is signed',
    (floor) =>
      world({ floor }, async (w) => {
        const { code, out, err } = await w.push(...packing(w));
        expect([code, out, w.device.triggers]).toEqual([2, '', []]);
        expect(err).toContain(`the device claims to have had sequence number ${floor} in .fc.timer`);
        if (floor < 4294967295) expect((await w.push(...packing(w), '--seq', String(floor + 1))).code).toBe(0);
      }),
  );

  it('one that has another update first', () =>
    world({ triggerCodes: ['4.09', '5.03'] }, async (w) => {
      expect((await w.push(...packing(w))).code).toBe(0);
      expect(w.device.triggers).toHaveLength(3);
    }));

  it.each([
    ['4.00', 'the device answered 4.00 Bad Request to POST /suit/trigger'],
    ['4.04', 'the device runs no update client'],
    ['4.13', 'the URL is too long for it'],
  ])('one that refuses with %s', (code, text) =>
    world({ triggerCodes: [code] }, async (w) => {
      const said = await w.push(...packing(w));
      expect([said.code, said.err]).toEqual([5, expect.stringContaining(text)]);
      expect(said.err).toContain('FCC0851');
    }),
  );

  it.each(['0', '-1', '1.5', 'x', '12345678901', '\u001b[2J'])('one whose attempt is %j', (triggerPayload) =>
    world({ triggerPayload, deaf: true }, async (w) => {
      const { code, err } = await w.push(...packing(w));
      expect([code, err]).toEqual([5, expect.stringContaining('error[FCC0853]')]);
      expect(err).not.toContain('\u001b');
    }),
  );

  it.each<[string, (text: string) => string | Buffer]>([
    ['nothing', () => 'x'],
    ['bytes', () => Buffer.from([0, 255, 10, 7])],
    ['an escape sequence', (t) => t.replace('.fc.timer', '\u001b[31m')],
    ['a number that is none', (t) => t.replace('attempts', 'attempts').replace(/floor \d+/, 'floor 0x7')],
    ['a line cut short', (t) => t.slice(0, t.indexOf(' places'))],
    ['two lines of the device', (t) => t + t],
  ])('one whose report is %s', (_, report) =>
    world({ report }, async (w) => {
      const { code, err } = await w.push(...packing(w));
      expect([code, err]).toEqual([5, expect.stringContaining('error[FCC0853]: malformed report of the device')]);
      expect([err.includes('\u001b'), w.device.triggers]).toEqual([false, []]);
    }),
  );

  it('a report without end is not read', () =>
    world({ report: () => 'x'.repeat(20_000) }, async (w) => {
      const { code, err } = await w.push(...packing(w));
      expect([code, err]).toEqual([5, expect.stringContaining('longer than 16384 bytes')]);
    }));
});

/** A stock RIOT by hand, which asks for the blocks of the image, 64 bytes each, in the order given. */
async function stockByHand(order: (blocks: number) => readonly number[]): Promise<{ url: string; close(): void }> {
  const socket = createSocket('udp4');
  let id = 0;
  const waiting = new Map<number, (answer: Buffer) => void>();
  const fetch = (port: number, path: string, num: number): Promise<Buffer> => {
    const [a, b] = path
      .split('/')
      .slice(1)
      .map((part) => Buffer.from(part));
    const value = num * 16 + 2;
    const block = value > 255 ? [0xc2, value >> 8, value & 255] : [0xc1, value];
    const request = [0x40, 0x01, 0, ++id, 0xb0 + a!.length, ...a!, b!.length, ...b!, ...block];
    return new Promise((got) => {
      waiting.set(id, got);
      socket.send(Buffer.from(request), port, '127.0.0.1');
    });
  };
  socket.on('message', (m, from) => {
    if (m[0]! >> 4 === 6) waiting.get(m.readUInt16BE(2))?.(m);
    else {
      const trigger = m[1] === 2;
      const token = m.subarray(4, 4 + (m[0]! & 15));
      const answer = [0x60 + token.length, trigger ? 0x41 : 0x84, m[2]!, m[3]!, ...token];
      socket.send(Buffer.from(answer), from.port, from.address);
      const url = trigger && new URL(m.subarray(m.indexOf(0xff, 4 + token.length) + 1).toString());
      if (!url) return;
      void (async () => {
        for (let num = 0; num < 5; num++) await fetch(from.port, url.pathname, num);
        for (const num of order(Math.ceil(IMAGE.length / 64)))
          await fetch(from.port, url.pathname.replace('/m/', '/i/'), num);
      })();
    }
  });
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
  return { url: `coap://127.0.0.1:${socket.address().port}`, close: () => socket.close() };
}

describe('fcc push to a device that only fetches', () => {
  const all = (n: number): number[] => [...Array(n).keys()];
  const whole = /error\[FCC0854\]: the image was fetched, but/;
  const part = /error\[FCC0854\]: the device fetched \d+ of 520 bytes of the image in/;
  it.each<[string, (n: number) => number[], RegExp, number]>([
    ['each block once', all, whole, 20],
    ['its first block again in the middle', (n) => [0, 1, 2, 0, ...all(n).slice(3)], whole, 20],
    ['everything twice', (n) => [...all(n), ...all(n)], whole, 20],
    ['not all', (n) => all(n - 1), part, 1.5],
    ['all but one', (n) => all(n).filter((i) => i !== 3), part, 1.5],
  ])('%s', (_, order, text, seconds) =>
    world({}, async (w) => {
      const device = await stockByHand(order);
      const short = ['--poll', '20', '--ack-timeout', '20', '--retries', '1', '--timeout', String(seconds)];
      const { code, err } = await fcc(['push', device.url, ...packing(w), ...short, '--seq', '1', '--class', 'x']);
      device.close();
      expect([code, err]).toEqual([5, expect.stringMatching(text)]);
    }),
  );
});

describe('what a device answers', () => {
  const report = [
    `device vendor ${'1'.repeat(32)} class ${'2'.repeat(32)} arch 1 features 7 interpreter 0 places 1`,
    'update 3 phase done status -34 helper 0 component .fc.timer sequence 9 received 5 size 6',
    'place .fc.timer tenant 1 hook 2 contract 3 image 1 sequence 9 floor 10 limit 4096 length 6 trial 1 of 3 runs 2 traps 1 trap 1 site 4294967295 value -9223372036854775808 state stopped rejected 8 rejected-trap 255 rejected-site 0',
    '',
  ].join('\n');
  const parse = (text: string): Report => parseReport(new TextEncoder().encode(text));

  it('is read, whatever it has besides', () => {
    const { device, update, places } = parse(
      report.replace(' arch', ' colour red arch').replace('\nplace', '\nnews 1 2 3\nplace'),
    );
    expect(device).toMatchObject({ vendor: '1'.repeat(32), arch: 1, features: 7, interpreter: false });
    expect(update).toMatchObject({ attempts: 3, phase: 'done', status: -34, component: '.fc.timer' });
    expect(places).toMatchObject([{ sequence: 9, trial: true, value: -(1n << 63n), rejectedTrap: 255, limit: 4096 }]);
    expect(parse(report.replace('-34', '34')).update.status).toBe(-34);
    expect(parse(report.replace('-34', '0')).update.status).toBe(0);
    expect(parse(report.replace('component .fc.timer', 'component -')).update.component).toBeNull();
  });

  it('is a report or FCC0853, whatever it is', () => {
    const outcome = (bytes: Uint8Array): unknown => {
      try {
        return typeof parseReport(bytes);
      } catch (e) {
        return e instanceof CompileError ? e.code : e;
      }
    };
    const bytes = new TextEncoder().encode(report);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.uint8Array({ maxLength: 4 }), fc.nat(9), (at, put, drop) => {
        const changed = new Uint8Array([...bytes.subarray(0, at), ...put, ...bytes.subarray(at + drop)]);
        expect(['object', 'FCC0853']).toContain(outcome(changed));
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (any) => outcome(any) === 'FCC0853'));
    for (let length = 0; length < bytes.length - 1; length++)
      expect(outcome(bytes.subarray(0, length))).toSatisfy(
        (o: unknown) => o === 'FCC0853' || length > report.length - 8,
      );
  });

  it('can be any datagram: the push ends with an error of its own', () =>
    world({}, async (w) => {
      w.device.close();
      const random = randomizer(7);
      const socket = createSocket('udp4');
      let answers = 0;
      socket.on('message', (m, from) => {
        answers++;
        const token = m.subarray(4, 4 + (m[0]! & 15));
        // An acknowledgement, separate answers, or a reset; of any code; then what may be options.
        const head = [0x60, 0x40, 0x50, 0x70][random(8)] ?? 0x60;
        const code = [0x45, 0x45, 0x45, 0x44, 0x84, 0xa0, random(256)][random(7)]!;
        const options = [
          [],
          [0xd1, 0x0a, random(256)],
          [0xd2, 0x0a, random(256), random(256)],
          [random(256), random(256)],
        ][random(4)]!;
        const tail = Uint8Array.from({ length: random(80) }, () => random(256));
        socket.send(
          Buffer.from([head + token.length, code, m[2]!, m[3]!, ...token, ...options, 0xff, ...tail]),
          from.port,
          from.address,
        );
      });
      await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
      const url = `coap://127.0.0.1:${socket.address().port}`;
      const short = ['--ack-timeout', '10', '--retries', '0', '--timeout', '0.1', '--seq', '1', '--class', 'x'];
      for (let i = 0; i < 40; i++) {
        const { code, err } = await fcc(['push', url, ...packing(w), ...short]);
        expect([code, err]).toEqual([5, expect.stringMatching(/(^|\n)error\[FCC085[0134]\]/)]);
      }
      socket.close();
      expect(answers).toBeGreaterThan(40);
    }));
});
