// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { Random } from '../differential/random.js';
import { answering, describeDevices, type Event, longAnswering, Rig, wired } from './e2e-world.js';
import type { Disturbance } from './proxy.js';

const OLD = 41;
const NEW = 42;
const SEEDS = [1, 2, 3, 4, 5, 6];

/** Repeats come soon, so that a lost datagram does not take seconds. */
const IMPATIENT = ['--ack-timeout', '100', '--retries', '5', '--timeout', '50'];

const TROUBLES: readonly ({ readonly what: string } & Omit<Disturbance, 'seed'>)[] = [
  { what: 'lost', lose: 10 },
  { what: 'repeated', repeat: 10 },
  { what: 'reordered', reorder: 10 },
  { what: 'lost, repeated and reordered', lose: 10, repeat: 10, reorder: 10 },
];

/** A push with a network's troubles, to a device that runs an image: how it ended, after what it ended with has been looked at. */
const push = (kind: Rig['kind'], trouble: Disturbance): Promise<boolean> =>
  Rig.with(kind, { trial: 0 }, async (rig) => {
    expect(await rig.pushImage(answering(kind, OLD))).toMatchObject({ code: 0 });
    await rig.runs(OLD);
    const other = { ...trouble, seed: trouble.seed + 1000 };
    const { code, verdict, error } = await wired(rig, { host: trouble, server: other }, ({ push }) =>
      push(longAnswering(kind, NEW), IMPATIENT),
    );
    if (code === 0) {
      expect(verdict).toMatchObject({ name: 'ok', sequence: 2 });
      await rig.runs(NEW);
      return true;
    }
    expect(code).toBe(5);
    expect(error).toMatchObject({ stage: 'device' });
    if (verdict) {
      // What the device could not fetch, or did not get whole; the old image goes on.
      expect(verdict.name).toMatch(/^(fetch|truncated|digest)$/);
      await rig.runs(OLD);
      return false;
    }
    // Nothing was heard of the end: one of both runs.
    const { places } = await rig.until(({ update }) => expect(update.phase).not.toBe('fetching'));
    const place = places['.fc.timer']!;
    await rig.runs(place.sequence === '2' ? NEW : OLD);
    return false;
  });

/** How many datagrams a server of such an image sees, both ways, if none is lost. */
const datagrams = (kind: Rig['kind']): Promise<number> =>
  Rig.with(kind, { trial: 0, ackTimeout: 60_000 }, (rig) =>
    wired(rig, {}, async ({ push, server }) => {
      expect(await push(longAnswering(kind, NEW))).toMatchObject({ code: 0 });
      return server.traffic.in.datagrams + server.traffic.out.datagrams;
    }),
  );

describeDevices('a push to a device (%s)', (kind) => {
  it.each(TROUBLES)('where a tenth of the datagrams is $what', async ({ what: _, ...shares }) => {
    const ended = await Promise.all(SEEDS.map((seed) => push(kind, { seed, ...shares })));
    // A block is asked for five times: that none gets through is rare.
    expect(ended.filter((good) => good).length).toBeGreaterThanOrEqual(SEEDS.length - 1);
  });

  it('ends with an error and the old image where the server is gone in the middle, and does not hinder the next', () =>
    Rig.with(kind, { trial: 0, ackTimeout: 20 }, async (rig) => {
      expect(await rig.pushImage(answering(kind, OLD))).toMatchObject({ code: 0 });
      const all = await datagrams(kind);
      // The manifest's first blocks, its last ones, the image's; the very last answer apart, which is all that it needs.
      for (const cutAt of [0, 1, 4, Math.floor(all / 2), all - 3, all - 1]) {
        const gone = await wired(rig, { server: { seed: 1, cutAt } }, ({ push }) =>
          push(longAnswering(kind, NEW), IMPATIENT),
        );
        expect([cutAt, gone.code, gone.verdict?.name]).toEqual([cutAt, 5, 'fetch']);
        expect((await rig.runs(OLD)).places['.fc.timer']).toMatchObject({ sequence: '1', floor: '1' });
      }
      expect(await rig.pushImage(answering(kind, NEW))).toMatchObject({ code: 0, verdict: { sequence: 2 } });
      await rig.runs(NEW);
    }));

  it('ends with an error where the device is not heard any more', () =>
    Rig.with(kind, { trial: 0 }, async (rig) => {
      expect(await rig.pushImage(answering(kind, OLD))).toMatchObject({ code: 0 });
      // The report is asked for, by blocks; then nothing comes through.
      const mute = await wired(rig, { host: { seed: 1, cutAt: 8 } }, ({ push }) =>
        push(answering(kind, NEW), ['--ack-timeout', '20', '--retries', '2', '--timeout', '5']),
      );
      expect(mute.code).toBe(5);
      expect(mute.verdict).toBe(undefined);
      expect(mute.err).toMatch(/^error\[FCC\d{4}\]: /);
      await rig.runs(OLD);
    }));

  it('ends with an error where its verdict is not heard, which is carried out all the same', () =>
    Rig.with(kind, { trial: 0 }, (rig) =>
      wired(rig, {}, async ({ push, host }) => {
        const hear = ({ event }: Event): void => {
          if (event === 'triggered') host.cut(true);
        };
        const hasty = ['--ack-timeout', '20', '--retries', '2', '--timeout', '4'];
        const first = await push(answering(kind, NEW), hasty, hear);
        expect(first).toMatchObject({ code: 5, verdict: undefined });
        expect(first.err).toMatch(/^error\[FCC\d{4}\]: /);
        await rig.runs(NEW);
        host.cut(false);
        expect(await push(answering(kind, NEW + 1), IMPATIENT)).toMatchObject({ code: 0, verdict: { sequence: 2 } });
        await rig.runs(NEW + 1);
      }),
    ));

  it('runs the one image or the other, whatever bits change on the way', async () => {
    await Promise.all(
      SEEDS.map((seed) =>
        Rig.with(kind, { trial: 0 }, async (rig) => {
          expect(await rig.pushImage(answering(kind, OLD))).toMatchObject({ code: 0 });
          const random = new Random(seed);
          const change = (bytes: Uint8Array): Uint8Array => {
            const at = random.below(10) === 0 ? random.below(8 * bytes.length) : -1;
            return bytes.map((b, i) => (i === at >> 3 ? b ^ (1 << (at & 7)) : b));
          };
          const hasty = ['--ack-timeout', '50', '--timeout', '8'];
          // What is said may have been changed as well: so only that it ends.
          await wired(rig, { host: { seed, change }, server: { seed, change } }, ({ push }) =>
            push(longAnswering(kind, NEW), hasty),
          );
          const { places } = await rig.until(({ update }) => expect(update.phase).not.toBe('fetching'));
          const { sequence } = places['.fc.timer']!;
          await rig.runs(sequence === '1' ? OLD : NEW);
          // Both stand in their slots as they were sent.
          await rig.restart();
          expect((await rig.runs(sequence === '1' ? OLD : NEW)).places['.fc.timer']).toMatchObject({ sequence });
        }),
      ),
    );
  });

  it('is refused where bytes change on the way', () =>
    Rig.with(kind, { trial: 0 }, async (rig) => {
      expect(await rig.pushImage(answering(kind, OLD))).toMatchObject({ code: 0 });
      const last = (bytes: Uint8Array): Uint8Array => bytes.map((b, i) => (i === bytes.length - 1 ? b ^ 0x10 : b));
      const change: Disturbance['change'] = (bytes, direction) => (direction === 'out' ? last(bytes) : bytes);
      const changed = await wired(rig, { server: { seed: 1, change } }, ({ push }) => push(answering(kind, NEW)));
      expect(changed.code).toBe(5);
      expect(changed.verdict?.name).toMatch(/^(manifest|signature|manifest_digest|digest)$/);
      await rig.runs(OLD);
    }));
});
