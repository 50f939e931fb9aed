// SPDX-License-Identifier: MIT
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { STATUSES } from '../../compiler/image/status.js';
import { fetchTraffic, sum } from '../../compiler/ota/traffic.js';
import { builtMain } from '../cli/built.js';
import { fcc } from '../cli/capture.js';
import {
  answering,
  contractFile,
  describeDevice,
  describeDevices,
  type Event,
  HOOKS,
  imageOf,
  longAnswering,
  longestAnswering,
  Rig,
  TARGET,
  wired,
} from './e2e-world.js';
import { freePort } from './port.js';
import { hasIpv6 } from './push-world.js';

const OK = { status: 0, name: 'ok' };

/** Reads its context at the offset that its second field has: the period in milliseconds, which is far behind its end. */
const TRAPPING = 'r2 = *(u32*)(r1 + 4)\nr1 += r2\nr0 = *(u8*)(r1 + 0)';

describeDevices('fcc push to a device (%s)', (kind) => {
  it('packs, installs and starts an image, and the next one after it', () =>
    Rig.with(kind, { trial: 0 }, async (rig) => {
      const first = await rig.pushImage(answering(kind, 7));
      expect(first).toMatchObject({ code: 0, err: '', verdict: { ...OK, component: '.fc.timer', sequence: 1 } });
      const before = await rig.runs(7);
      expect(before.places['.fc.timer']).toMatchObject({ image: expect.stringMatching(/[01]/), floor: '1' });
      expect(await rig.pushImage(answering(kind, 8))).toMatchObject({ code: 0, verdict: { ...OK, sequence: 2 } });
      const after = await rig.runs(8);
      expect(after.places['.fc.timer']!.image).not.toBe(before.places['.fc.timer']!.image);
      // What is in flash is what starts.
      await rig.restart();
      expect((await rig.runs(8)).places['.fc.timer']).toMatchObject({ sequence: '2', floor: '2' });
    }));

  it('takes both profiles, to every place of every tenant', () =>
    Rig.with(kind, { trial: 0 }, async (rig) => {
      const guest = ['-k', rig.keys.guest.pem, '--container', 'guest'];
      const places = [
        { name: '.fc.timer', args: [], hook: 'timer' },
        { name: '.fc.timer.guest', args: guest, hook: 'timer' },
        { name: '.fc.sample', args: ['-k', rig.keys.sampler.pem, '--hook', HOOKS.sample], hook: 'sample' },
      ] as const;
      for (const [i, profile] of (['riot-v9', 'ietf-37'] as const).entries())
        for (const [j, { name, args, hook }] of places.entries()) {
          const value = 10 * i + j + 1;
          const pushed = await rig.pushImage(answering(kind, value, hook), ['--profile', profile, ...args]);
          expect(pushed).toMatchObject({ code: 0, verdict: { ...OK, component: name, sequence: i + 1 } });
          await rig.runs(value, name);
        }
      // Neighbours were left alone.
      for (const [j, { name }] of places.entries()) await rig.runs(10 + j + 1, name);
    }));

  it('takes a manifest that fcc pack made, at the port that its URI says', () =>
    Rig.with(kind, { trial: 0 }, async (rig) => {
      const image = rig.file('timer.fcc', answering(kind, 9));
      const port = await freePort();
      const uri = `coap://127.0.0.1:${port}/timer.fcc`;
      const packed = await fcc([
        ...['pack', image, '--hook', HOOKS.timer, '--seq', '17', '--class', 'fcc-test', '--uri', uri],
        ...['-k', rig.keys.house.pem],
      ]);
      expect(packed).toMatchObject({ code: 0, err: '' });
      expect(await rig.push([image])).toMatchObject({ code: 0, verdict: { ...OK, sequence: 17 } });
      await rig.runs(9);
    }));

  it('takes several images in turn', () =>
    Rig.with(kind, { trial: 0 }, async (rig) => {
      const port = await freePort();
      const images: string[] = [];
      for (const [hook, value] of [
        ['timer', 3],
        ['sample', 4],
      ] as const) {
        const image = rig.file(`${hook}.fcc`, answering(kind, value, hook));
        const uri = `coap://127.0.0.1:${port}/${hook}.fcc`;
        const args = [
          '--hook',
          HOOKS[hook],
          '--seq',
          '1',
          '--class',
          'fcc-test',
          '--uri',
          uri,
          '-k',
          rig.keys.house.pem,
        ];
        expect(await fcc(['pack', image, ...args])).toMatchObject({ code: 0 });
        images.push(image);
      }
      const { code, err, events } = await rig.push(images);
      expect([code, err]).toEqual([0, '']);
      const verdicts = events.filter((e) => e.event === 'verdict').map((e) => e.component);
      expect(verdicts).toEqual(['.fc.timer', '.fc.sample']);
      await rig.runs(3);
      await rig.runs(4, '.fc.sample');
    }));

  it('ends well or with a clear error where two push at once', () =>
    Rig.with(kind, { trial: 0 }, async (rig) => {
      const both = await Promise.all([
        rig.pushImage(longAnswering(kind, 3)),
        rig.pushImage(answering(kind, 4, 'sample'), ['--hook', HOOKS.sample]),
      ]);
      for (const [i, { code, err }] of both.entries()) {
        if (code === 0) await rig.runs(3 + i, i === 0 ? '.fc.timer' : '.fc.sample');
        else expect([code, err]).toEqual([5, expect.stringMatching(/^error\[FCC\d{4}\]: /)]);
      }
      expect(both.some(({ code }) => code === 0)).toBe(true);
    }));

  it('takes an image that fills its slot, by blocks of any size', () =>
    Rig.with(kind, { trial: 0, block: 16 }, async (rig) => {
      for (const [i, block] of [16, 128, 1024].entries()) {
        await rig.kill();
        await rig.start({ block });
        const image = longestAnswering(kind, 500 + i);
        expect(image.length).toBe(4096);
        expect(await rig.pushImage(image)).toMatchObject({ code: 0, verdict: { ...OK, received: image.length } });
        await rig.runs(500 + i);
      }
    }));

  it.each([64, 256, 1024])('sends as many bytes as --dry-run and bench say, by blocks of %i', (block) =>
    Rig.with(kind, { trial: 0, block, ackTimeout: 60_000 }, (rig) =>
      wired(rig, {}, async ({ push, server }) => {
        const image = longAnswering(kind, 6);
        let serving: Event | undefined;
        const { code } = await push(image, [], (e) => {
          if (e.event === 'serving') serving = e;
        });
        expect(code).toBe(0);
        const { url, bytes } = serving!.manifest as { url: string; bytes: number };
        const path = new URL(url.replace('coap:', 'http:')).pathname;
        // What the server sees: both fetches.
        const counted = [fetchTraffic(path, bytes, { block }), fetchTraffic(path, image.length, { block })];
        const { datagrams, coap, payload } = sum(...counted);
        const { in: asked, out: answered } = server.traffic;
        expect(asked.datagrams + answered.datagrams).toBe(datagrams);
        expect(asked.bytes + answered.bytes).toBe(coap + payload);
      }),
    ),
  );

  it('says that there is no further sequence number', () =>
    Rig.with(kind, { trial: 0 }, async (rig) => {
      const last = 2 ** 32 - 1;
      expect(await rig.pushImage(answering(kind, 5), ['--seq', String(last)])).toMatchObject({ code: 0 });
      const { code, err } = await rig.pushImage(answering(kind, 6));
      expect(code).not.toBe(0);
      expect(err).toMatch(/^error\[FCC\d{4}\]: /);
      expect((await rig.runs(5)).places['.fc.timer']).toMatchObject({ floor: String(last) });
    }));

  it.skipIf(!hasIpv6())('takes an IPv6 address', () =>
    Rig.with(kind, { trial: 0, ipv6: true }, async (rig) => {
      expect(await rig.pushImage(answering(kind, 6))).toMatchObject({ code: 0, err: '', verdict: OK });
      await rig.runs(6);
    }),
  );

  it('compiles an object on the way', () =>
    Rig.with(kind, { trial: 0 }, async (rig) => {
      const source = rig.file(
        'answer.c',
        'struct context { unsigned ticks, period; };\n__attribute__((section("fc/timer"))) long answer(struct context *ctx)\n{\n    return ctx->ticks ? 1234 : 1234 + (ctx->period == 0);\n}\n',
      );
      const object = rig.path('answer.o');
      const clang = spawnSync('clang-19', ['-O2', '-target', 'bpf', '-mcpu=v3', '-c', source, '-o', object]);
      expect([clang.status, String(clang.stderr)]).toEqual([0, '']);
      const args = [
        '--object',
        object,
        '-t',
        TARGET[kind],
        '--contract',
        contractFile('timer'),
        '-k',
        rig.keys.house.pem,
      ];
      expect(await rig.push(args)).toMatchObject({ code: 0, verdict: OK });
      await rig.runs(1234);
    }));

  it('with --wait says that the image is good after its first runs', () =>
    Rig.with(kind, { trial: 3 }, async (rig) => {
      const pushed = await rig.pushImage(answering(kind, 7), ['--wait']);
      expect(pushed).toMatchObject({
        code: 0,
        verdict: OK,
        trial: { result: 'good', component: '.fc.timer', sequence: 1 },
      });
      expect((await rig.runs(7)).places['.fc.timer']).toMatchObject({ trial: '0', rejected: '0' });
    }));

  it('with --wait says where an image trapped, and that the one before it runs again', () =>
    Rig.with(kind, { trial: 3 }, async (rig) => {
      expect(await rig.pushImage(answering(kind, 7), ['--wait'])).toMatchObject({ code: 0 });
      const pushed = await rig.pushImage(imageOf(kind, TRAPPING), ['--wait']);
      expect(pushed.code).toBe(5);
      expect(pushed.verdict).toMatchObject({ ...OK, sequence: 2 });
      expect(pushed.trial).toMatchObject({ result: 'taken-back', sequence: 2, trap: 'memory' });
      expect(pushed.trial!.site).toEqual(kind === 'arm' ? 0 : expect.anything());
      const { places } = await rig.runs(7);
      expect(places['.fc.timer']).toMatchObject({ sequence: '1', floor: '2', rejected: '2', trial: '0' });
      // The number is used up; the next one is taken.
      expect(await rig.pushImage(answering(kind, 8), ['--seq', '2'])).toMatchObject({ code: 5 });
      expect(await rig.pushImage(answering(kind, 8), ['--wait'])).toMatchObject({
        code: 0,
        verdict: { ...OK, sequence: 3 },
      });
      await rig.runs(8);
    }));

  it('with --wait says that an image was taken back with which the device starts again and again', () =>
    Rig.with(kind, { trial: 3 }, async (rig) => {
      expect(await rig.pushImage(answering(kind, 7), ['--wait'])).toMatchObject({ code: 0 });
      await rig.kill();
      // One run at each start: too few to make it good.
      const lazy = { period: 900_000 };
      await rig.start(lazy);
      let installed: (() => void) | undefined;
      const verdict = new Promise<void>((done) => {
        installed = done;
      });
      const hear = ({ event }: Event): void => {
        if (event === 'verdict') installed!();
      };
      const pushing = rig.pushImage(answering(kind, 8), ['--wait'], { hear });
      await Promise.race([verdict, pushing]);
      // FCC_TRIAL_BOOTS of fcc_update.h starts, and one more.
      for (let boot = 0; boot < 4; boot++) {
        await rig.kill();
        await rig.start(lazy);
      }
      const pushed = await pushing;
      expect(pushed).toMatchObject({ code: 5, trial: { result: 'taken-back', sequence: 2, trap: null } });
      await rig.kill();
      await rig.start();
      const { places } = await rig.runs(7);
      expect(places['.fc.timer']).toMatchObject({ sequence: '1', rejected: '2', 'rejected-trap': '0' });
    }));

  it('takes a first image back to the one of the firmware', () =>
    Rig.with(kind, { trial: 3 }, async (rig) => {
      expect((await rig.report()).places['.fc.timer']).toMatchObject({ image: 'factory' });
      expect(await rig.pushImage(imageOf(kind, TRAPPING), ['--wait'])).toMatchObject({ code: 5 });
      const { places } = await rig.until(({ places }) => expect(places['.fc.timer']!.image).toBe('factory'));
      expect(places['.fc.timer']).toMatchObject({ rejected: '1', floor: '1' });
    }));

  it('ends with 5 and the device’s reason where it is refused', () =>
    Rig.with(kind, { trial: 0 }, async (rig) => {
      const refused = async (args: readonly string[], name: string, image = answering(kind, 7)): Promise<void> => {
        const { code, verdict, error, err } = await rig.pushImage(image, [...args, '--no-check']);
        expect([name, code, verdict?.name]).toEqual([name, 5, name]);
        expect(error).toMatchObject({ stage: 'device' });
        expect(err).toMatch(/^error\[FCC\d{4}\]: /);
        expect(err).toContain(STATUSES.find((s) => s.name === name)!.doc);
      };
      // What its report says that it cannot take is not sent at all.
      expect((await rig.pushImage(answering('rv32imc', 7))).code).toBe(4);
      expect((await rig.report()).update.update).toBe('0');
      await refused(['-k', rig.keys.stranger.pem], 'signature');
      await refused(['-k', rig.keys.guest.pem], 'tenant');
      await refused(['-k', rig.keys.sampler.pem], 'key');
      await refused(['--seq', '0'], 'sequence');
      await refused(['--vendor', 'example.org'], 'vendor');
      await refused(['--class', 'toaster'], 'class');
      await refused(['--hook', 'fc/other', '--seq', '1'], 'component');
      await refused([], 'target', answering('rv32imc', 7));
      await refused(['-k', rig.keys.quiet.pem], 'helper', imageOf(kind, 'r1 = 1\nr2 = 2\ncall 16\nr0 = 0'));
      await rig.until(({ places }) => expect(places['.fc.timer']!.image).toBe('factory'));
    }));
});

describeDevice('fcc push as a process', (kind) => {
  const start = (rig: Rig, args: readonly string[]) => {
    const image = rig.file('image', answering(kind, 7));
    const words = [builtMain(), 'push', rig.url(), image, '-k', rig.keys.house.pem, '--hook', HOOKS.timer, ...args];
    const child = spawn(process.execPath, words, { cwd: join(import.meta.dirname, '../..') });
    let out = '';
    let err = '';
    child.stdout.on('data', (text) => {
      out += text;
    });
    child.stderr.on('data', (text) => {
      err += text;
    });
    const ended = new Promise<{ code: number | null; out: string; err: string }>((done) => {
      child.on('close', (code) => done({ code, out, err }));
    });
    return { child, ended };
  };

  it('ends by itself, and says what the device said', () =>
    Rig.with(kind, { trial: 0 }, async (rig) => {
      const { code, out, err } = await start(rig, ['--seq', '3']).ended;
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain('.fc.timer');
      await rig.runs(7);
    }));

  it('ends with 130 when it is interrupted, and the next one is not hindered', () =>
    // The device asks for some ten seconds (31 of these times), so that it has not given up before the signal, even on a busy machine.
    Rig.with(kind, { trial: 0, ackTimeout: 300 }, (rig) =>
      wired(rig, {}, async ({ server }) => {
        server.cut(true);
        const announce = ['--port', String(server.target), '--announce', `coap://127.0.0.1:${server.port}`];
        const { child, ended } = start(rig, ['--seq', '3', ...announce]);
        await rig.until(({ update }) => expect(update.update).toBe('1'));
        child.kill('SIGINT');
        expect((await ended).code).toBe(130);
        await rig.until(({ update }) => expect(update.phase).toBe('done'));
        // Its port is free again.
        server.cut(false);
        expect((await start(rig, ['--seq', '3', ...announce]).ended).code).toBe(0);
        await rig.runs(7);
      }),
    ));

  it('ends with 5 where nobody answers', () =>
    Rig.with(kind, { trial: 0 }, async (rig) => {
      await rig.kill();
      const { code, err } = await start(rig, ['--seq', '3', '--ack-timeout', '20', '--timeout', '1']).ended;
      expect(code).toBe(5);
      expect(err).toMatch(/^error\[FCC\d{4}\]: /);
    }));
});
