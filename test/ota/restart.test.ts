// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { Random } from '../differential/random.js';
import { answering, describeDevices, longAnswering, Rig, wired } from './e2e-world.js';

/** What another tenant's container answers. */
const NEIGHBOUR = 9;
const IMPATIENT = ['--ack-timeout', '100', '--retries', '5', '--timeout', '40'];

/** Kills a device when the server of a push sees a datagram for the n-th time, some milliseconds later; and starts it again. */
async function pushWithCut(rig: Rig, image: Uint8Array, at: number, afterMs: number) {
  let again: Promise<void> | undefined;
  const seen = (number: number): void => {
    if (number !== at || again) return;
    // At once: before this datagram goes on.
    const wait = afterMs === 0 ? null : new Promise((done) => setTimeout(done, afterMs));
    again = wait === null ? rig.restart() : wait.then(() => rig.restart());
  };
  const pushed = await wired(rig, { server: { seed: 1, seen } }, ({ push }) => push(image, IMPATIENT));
  await again;
  return { ...pushed, cut: again !== undefined };
}

describeDevices('a device (%s) that is cut off in the middle of a push', (kind) => {
  it('is told again after it has started, and gets the image', () =>
    Rig.with(kind, { trial: 0 }, async (rig) => {
      let sequence = 1;
      expect(await rig.pushImage(longAnswering(kind, sequence))).toMatchObject({ code: 0 });
      // At its first request, within the manifest, at the image's first block, and within the image.
      for (const at of [0, 3, 8, 12, 15]) {
        sequence++;
        const { code, cut, verdict, events } = await pushWithCut(rig, longAnswering(kind, sequence), at, 0);
        expect([at, cut, code, verdict?.sequence]).toEqual([at, true, 0, sequence]);
        expect(events.filter((e) => e.event === 'restart').length).toBe(1);
        const { places } = await rig.runs(sequence);
        expect(places['.fc.timer']).toMatchObject({ sequence: String(sequence), floor: String(sequence) });
      }
    }));

  it('runs exactly one valid image afterwards, whenever it was, and leaves its neighbours alone', () =>
    Rig.with(kind, { trial: 0 }, async (rig) => {
      const guest = ['-k', rig.keys.guest.pem, '--container', 'guest'];
      expect(await rig.pushImage(answering(kind, NEIGHBOUR), guest)).toMatchObject({ code: 0 });
      expect(await rig.pushImage(answering(kind, 1))).toMatchObject({ code: 0 });
      let running = { sequence: 1, value: 1 };
      let cuts = 0;
      for (let seed = 1; seed <= 50; seed++) {
        const random = new Random(seed);
        const next = { sequence: running.sequence + 1, value: 100 + seed };
        const pushed = await pushWithCut(rig, longAnswering(kind, next.value), random.below(24), random.below(8));
        cuts += pushed.cut ? 1 : 0;
        // Also after another start.
        if (seed % 5 === 0) await rig.restart();
        const { places } = await rig.report();
        const place = places['.fc.timer']!;
        expect([seed, pushed.code]).toEqual([seed, pushed.code === 0 ? 0 : 5]);
        if (pushed.code === 0 || Number(place.sequence) === next.sequence) running = next;
        expect(place, `seed ${seed}`).toMatchObject({
          ...{ image: expect.stringMatching(/^[01]$/), rejected: '0', trial: '0' },
          ...{ sequence: String(running.sequence), floor: String(running.sequence) },
        });
        await rig.runs(running.value, '.fc.timer', 1);
        await rig.runs(NEIGHBOUR, '.fc.timer.guest', 1);
      }
      expect(cuts).toBeGreaterThan(25);
    }));
});
