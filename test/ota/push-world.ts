// SPDX-License-Identifier: MIT
import { writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { writeImage } from '../../compiler/image/write.js';
import { type Captured, fcc, inFolder } from '../cli/capture.js';
import { SMALL } from '../image/samples.js';
import { type FakeBehaviour, type FakeDevice, fakeDevice } from './fake-device.js';
import { rfcPem } from './samples.js';

/** Not every machine has ::1. */
export const hasIpv6 = (): boolean =>
  Object.values(networkInterfaces()).some((rows) => rows?.some((r) => r.address === '::1'));

/** Times so short that a suite is. */
export const FAST = ['--poll', '20', '--ack-timeout', '100', '--retries', '4', '--timeout', '20'];
export const IMAGE = writeImage({ ...SMALL, text: new Uint8Array(400).map((_, i) => i), trapTable: 400 });

export interface World {
  readonly device: FakeDevice;
  readonly folder: string;
  readonly file: (name: string) => string;
  /** fcc push to the device with short times. */
  readonly push: (...args: readonly string[]) => Promise<Captured>;
}

/** A device, and a folder with prog.fcc and site.pem. */
export function world(how: FakeBehaviour, body: (w: World) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const device = await fakeDevice(how);
    const file = (name: string): string => join(folder, name);
    writeFileSync(file('prog.fcc'), IMAGE);
    writeFileSync(file('site.pem'), rfcPem, { mode: 0o600 });
    const push = (...args: readonly string[]): Promise<Captured> => fcc(['push', device.url, ...FAST, ...args]);
    try {
      await body({ device, folder, file, push });
    } finally {
      device.close();
    }
  });
}

/** Arguments that pack on the way. */
export const packing = ({ file }: World): string[] => [file('prog.fcc'), '-k', file('site.pem'), '--hook', 'fc/timer'];

export interface Event {
  readonly schemaVersion: number;
  readonly event: string;
  readonly [key: string]: unknown;
}

/** Every line of --json is one object. */
export const events = ({ out }: Captured): Event[] => {
  expect(out.endsWith('\n')).toBe(true);
  const all = out.trimEnd().split('\n');
  return all.map((line) => {
    const event = JSON.parse(line) as Event;
    expect(event.schemaVersion).toBe(1);
    return event;
  });
};
