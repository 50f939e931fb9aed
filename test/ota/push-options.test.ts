// SPDX-License-Identifier: MIT
import { createSocket } from 'node:dgram';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OTA_ERRORS } from '../../compiler/errors/ota.js';
import { writeImage } from '../../compiler/image/write.js';
import { fcc } from '../cli/capture.js';
import { MISBEHAVE, MISBEHAVE_CONTRACT } from '../cli/objects.js';
import { SMALL } from '../image/samples.js';
import type { FakeBehaviour } from './fake-device.js';
import { freePort } from './port.js';
import { events, IMAGE, packing, type World, world } from './push-world.js';
import { rfcPem } from './samples.js';

/** Needs its own contract. */
const REJECTED = join(import.meta.dirname, '../../fixtures/coap_response/coap_response.v3.o');

describe('what does not fit', () => {
  it.each<[string, FakeBehaviour, string[], string]>([
    ['instruction set', { arch: 2 }, [], 'for another instruction set'],
    ['a device without one', { arch: 0, interpreter: 1 }, [], 'eBPF text (-t ebpf)'],
    ['length', { limit: 100 }, [], 'longer than its slot'],
    ['place', { components: ['.fc.sample', '.fc.tick'] }, [], 'it has no place .fc.timer'],
    ['container', {}, ['--container', 'guest'], 'it has no place .fc.timer.guest'],
  ])('%s: exit code 4, and nothing is sent', (_, how, more, text) =>
    world(how, async (w) => {
      const { code, err } = await w.push(...packing(w), ...more);
      expect([code, err]).toEqual([4, expect.stringContaining('error[FCC0852]')]);
      expect(err).toContain(text);
      expect(w.device.triggers).toEqual([]);
    }),
  );

  it('features of the core, and an interpreter', () =>
    world({ features: 0 }, async (w) => {
      const object = [
        '--object',
        MISBEHAVE,
        '--contract',
        MISBEHAVE_CONTRACT,
        '-k',
        w.file('site.pem'),
        '--hook',
        'fc/timer',
      ];
      const native = await w.push(...object, '-t', 'cortex-m4');
      expect([native.code, native.err]).toEqual([4, expect.stringContaining('core features that are absent')]);
      const text = await w.push(...object, '-t', 'ebpf');
      expect([text.code, text.err]).toEqual([4, expect.stringContaining('no interpreter')]);
    }));

  it('--no-check leaves it to the device', () =>
    world({ arch: 2, limit: 10 }, async (w) => {
      writeFileSync(w.file('prog.fcc'), 'no image at all');
      expect((await w.push(...packing(w), '--no-check')).code).toBe(0);
      expect([...w.device.fetched.values()][1]?.toString()).toBe('no image at all');
    }));
});

describe('fcc push of a manifest made before', () => {
  const packed = async (w: World, uri: string, name = 'prog', seq = '5'): Promise<void> => {
    const args = ['--hook', 'fc/timer', '--seq', seq, '--class', 'native64', '-k', w.file('site.pem'), '--uri', uri];
    expect(await fcc(['pack', w.file(`${name}.fcc`), ...args])).toMatchObject({ code: 0 });
  };

  it('serves the image where its URI says', () =>
    world({}, async (w) => {
      const port = await freePort();
      await packed(w, `coap://127.0.0.1:${port}/some/where?v=5&x=a%20b`);
      const { code, out, err } = await w.push(w.file('prog.fcc'));
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain('sequence number 5');
      expect(w.device.triggers[0]).toMatch(new RegExp(`^coap://127\\.0\\.0\\.1:${port}/m/`));
      expect(w.device.fetched.get('/some/where')).toEqual(Buffer.from(IMAGE));
    }));

  it('several one after the other', () =>
    world({}, async (w) => {
      const port = await freePort();
      writeFileSync(w.file('b.fcc'), writeImage(SMALL));
      await packed(w, `coap://127.0.0.1:${port}/a`);
      await packed(w, `coap://127.0.0.1:${port}/b`, 'b', '6');
      const { code, out } = await w.push(w.file('prog.fcc'), w.file('b.fcc'));
      expect([code, out.match(/installed/g)?.length]).toEqual([0, 2]);
      expect(w.device.fetched.get('/b')).toEqual(Buffer.from(writeImage(SMALL)));
    }));

  it('is refused where it is another image’s, or its port is taken', () =>
    world({}, async (w) => {
      const taken = createSocket('udp4');
      await new Promise<void>((bound) => taken.bind(0, '127.0.0.1', bound));
      await packed(w, `coap://127.0.0.1:${taken.address().port}/a`);
      const busy = await w.push(w.file('prog.fcc'));
      taken.close();
      expect([busy.code, busy.err]).toEqual([
        5,
        expect.stringContaining('error[FCC0856]: cannot listen on 127.0.0.1:'),
      ]);
      writeFileSync(w.file('prog.fcc'), writeImage(SMALL));
      const other = await w.push(w.file('prog.fcc'));
      expect([other.code, other.err]).toEqual([5, expect.stringContaining('error[FCC0816]')]);
      expect(w.device.triggers).toEqual([]);
    }));

  it('says if its host is none of ours', () =>
    world({}, async (w) => {
      const port = await freePort();
      await packed(w, `coap://192.0.2.77:${port}/a`);
      const { err } = await w.push(w.file('prog.fcc'), '--timeout', '1');
      expect(err).toContain("note: the host in the URI of the manifest is none of this machine's addresses");
    }));
});

describe('fcc push on the command line', () => {
  it.each<[string, string[], string]>([
    ['no image', [], 'no image given'],
    ['no manifest', ['PROG'], 'prog.suit'],
    ['images and an object', ['PROG', '--object', 'x.o', '-k', 'KEY'], '--object takes the place of images'],
    ['an object without key', ['--object', 'x.o'], '--object needs a key'],
    ['no hook', ['PROG', '-k', 'KEY'], 'no hook given'],
    ['a hook without key', ['PROG', '--hook', 'fc/timer'], '--hook is for a manifest that is made here'],
    ['a passphrase without key', ['PROG', '--passphrase-file', 'x'], '--passphrase-file is for a manifest'],
    ['a target without object', ['PROG', '-k', 'KEY', '--hook', 'a', '-t', 'cortex-m4'], '--target is for --object'],
    ['a key and a manifest', ['PROG', '-k', 'KEY', '--hook', 'a', '--manifest', 'x'], '-k makes a manifest'],
    ['two images for one manifest', ['PROG', 'PROG', '--manifest', 'x'], '--manifest is for one image'],
    ['two images and a key', ['PROG', 'PROG', '-k', 'KEY', '--hook', 'a'], 'with -k one image at a time'],
    ['an unknown profile', ['PROG', '-k', 'KEY', '--hook', 'a', '--profile', 'x'], '--profile does not take x'],
    ['a block of 100', ['PROG', '--block', '100'], '--block does not take 100'],
    ['no time', ['PROG', '--timeout', '0'], '--timeout does not take 0'],
    ['a port too large', ['PROG', '--port', '65536'], '--port does not take 65536'],
    ['many retries', ['PROG', '--retries', '11'], '--retries does not take 11'],
    ['a path to announce', ['PROG', '--announce', 'coap://h/x'], '--announce is no address'],
    ['a sequence number too large', ['PROG', '-k', 'KEY', '--hook', 'a', '--seq', '4294967296', '--dry-run'], '--seq'],
    ['a negative one', ['PROG', '-k', 'KEY', '--hook', 'a', '--seq', '-1'], '--seq does not take -1'],
    ['no name of a vendor', ['PROG', '-k', 'KEY', '--hook', 'a', '--vendor', ''], 'the vendor cannot be in a manifest'],
    ['half a UUID', ['PROG', '-k', 'KEY', '--hook', 'a', '--class', '547d0d74-6d3a-5a92-9662-4881afd'], 'the class'],
    ['a wait of weeks', ['PROG', '--ack-timeout', '2147483647', '--retries', '10'], '--ack-timeout does not take'],
    ['an object without target', ['--object', 'OBJECT', '-k', 'KEY', '--hook', 'a'], 'no target given'],
    ['a level without object', ['PROG', '-k', 'KEY', '--hook', 'a', '-O', '7'], '--optimise is for --object'],
    ['a map over the key', ['--object', 'OBJECT', '-k', 'KEY', '-t', 'cortex-m4', '--map', 'KEY'], 'replace an input'],
    [
      'a map over the object',
      ['--object', 'COPY', '-k', 'KEY', '-t', 'cortex-m4', '--map', 'COPY'],
      'replace an input',
    ],
    [
      'a map between events',
      ['--object', 'OBJECT', '-k', 'KEY', '-t', 'cortex-m4', '--map', '-'],
      '--map needs a file',
    ],
  ])('%s: exit code 2', (_, args, text) =>
    world({}, async (w) => {
      copyFileSync(MISBEHAVE, w.file('copy.o'));
      const words: Record<string, string> = {
        ...{ PROG: w.file('prog.fcc'), KEY: w.file('site.pem'), OBJECT: MISBEHAVE, COPY: w.file('copy.o') },
      };
      const { code, out, err } = await w.push(...args.map((a) => words[a] ?? a));
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain(text);
      expect(w.device.reports()).toBe(0);
      expect(readFileSync(w.file('site.pem'), 'utf8')).toBe(rfcPem);
      expect(readFileSync(w.file('copy.o'))).toEqual(readFileSync(MISBEHAVE));
    }),
  );

  it.each(['http://[::1]/', 'coap://[::1]/suit', 'nowhere', 'coap://[::1'])('%s is no device', async (url) => {
    const { code, err } = await fcc(['push', url, 'x.fcc']);
    expect([code, err]).toEqual([2, expect.stringContaining('the URL is no address of a CoAP endpoint')]);
  });

  it.each(['224.0.1.187', '255.255.255.255', '[ff02::fd]', '[::ffff:224.0.1.187]'])(
    '%s is a group, to which nothing is sent',
    (host) =>
      world({}, async (w) => {
        const { code, err } = await fcc(['push', `coap://${host}`, ...packing(w)]);
        expect([code, err]).toEqual([5, expect.stringContaining('is the address of a group')]);
      }),
  );

  it('an IPv4 address may be written as one of IPv6', () =>
    world({}, async (w) => {
      const url = w.device.url.replace('127.0.0.1', '[::ffff:127.0.0.1]');
      expect(await fcc(['push', url, ...packing(w), '--poll', '20'])).toMatchObject({ code: 0, err: '' });
      expect(w.device.triggers[0]).toMatch(/^coap:\/\/127\.0\.0\.1:/);
    }));

  it('an object that is rejected is not sent', () =>
    world({}, async (w) => {
      const args = ['--object', REJECTED, '-t', 'cortex-m4', '-k', w.file('site.pem'), '--hook', 'fc/timer', '--json'];
      const said = await w.push(...args);
      expect([said.code, w.device.reports()]).toEqual([1, 0]);
      expect(events(said)).toMatchObject([{ event: 'rejected', programs: [{ verdict: 'rejected' }] }]);
    }));

  it('--announce is what the device is told', () =>
    world({ deaf: true }, async (w) => {
      await w.push(...packing(w), '--announce', 'coap://192.0.2.7:777', '--timeout', '1');
      expect(w.device.triggers[0]).toMatch(/^coap:\/\/192\.0\.2\.7:777\/m\//);
    }));

  it('--dry-run needs no device', () =>
    world({}, async (w) => {
      w.device.close();
      const text = await fcc(['push', 'coap://[::1]:9', ...packing(w), '--dry-run']);
      expect([text.code, text.err]).toEqual([0, '']);
      expect(text.out).toContain('bytes on the air');
      const json = await fcc(['push', 'coap://127.0.0.1', ...packing(w), '--dry-run', '--json', '--block', '64']);
      const [dry, ...rest] = events(json);
      expect([dry?.event, rest]).toEqual(['dry-run', []]);
      const [row, ...rows] = dry!.traffic as { block: number; image: { payload: number; datagrams: number } }[];
      expect([row?.block, rows, row?.image.payload]).toEqual([64, [], IMAGE.length]);
      expect(row?.image.datagrams).toBe(2 * Math.ceil(IMAGE.length / 64));
      // And writes nothing.
      const object = ['--object', MISBEHAVE, '--contract', MISBEHAVE_CONTRACT, '-t', 'cortex-m4', '--hook', 'fc/timer'];
      const map = ['-k', w.file('site.pem'), '--map', w.file('prog.map'), '--dry-run'];
      expect((await fcc(['push', 'coap://127.0.0.1', ...object, ...map])).code).toBe(0);
      expect(existsSync(w.file('prog.map'))).toBe(false);
    }));

  it('fcc explain has it in examples that can be typed so', () =>
    world({}, async (w) => {
      writeFileSync(w.file('guest.pem'), rfcPem);
      const about = ['--hook', 'fc/timer', '--seq', '1', '--class', 'board', '--uri', 'coap://[fd00::2]/prog.fcc'];
      expect(await fcc(['pack', ...packing(w), ...about])).toMatchObject({ code: 0 });
      const rows = Object.entries(OTA_ERRORS).flatMap(([code, { wrong, right }]) => [
        `${code} ${wrong}`,
        `${code} ${right}`,
      ]);
      const lines = rows.flatMap((row) => row.split(' && ')).filter((line) => line.includes('fcc push'));
      expect(lines.length).toBeGreaterThan(10);
      for (const line of lines) {
        const [, command = ''] = /fcc (push .*?)(?: {2,}\(.*\))?$/.exec(line) ?? [];
        const words = command.replaceAll('"', '').split(' ');
        const args = words.map((word) => (/\.(fcc|pem)$/.test(word) ? w.file(word) : word));
        expect(await fcc([...args, '--dry-run']), line).toMatchObject({ code: 0, err: '' });
      }
    }));

  it('ends with its port free when it is interrupted', () =>
    world({ deaf: true }, async (w) => {
      const port = await freePort();
      const running = w.push(...packing(w), '--port', String(port));
      while (w.device.triggers.length === 0) await new Promise((next) => setTimeout(next, 10));
      process.emit('SIGINT');
      const { code, err } = await running;
      expect([code, err]).toEqual([130, expect.stringContaining('note: interrupted')]);
      const again = createSocket('udp4');
      await new Promise<void>((bound, failed) => {
        again.on('error', failed);
        again.bind({ port, address: '127.0.0.1', exclusive: true }, bound);
      });
      again.close();
      expect(process.listenerCount('SIGINT')).toBe(0);
    }));
});
