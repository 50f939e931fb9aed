// SPDX-License-Identifier: MIT
import { createSocket } from 'node:dgram';

/**
 * Ports for what has to be told its port. Not from the system: it gives the same one to the next who asks for any, as
 * test files beside this one do all the time. These lie below its own (32768 and up on Linux), a thousand for each worker.
 */
const BASE = 12_000 + (Number(process.env.VITEST_POOL_ID ?? 0) % 20) * 1000;
let next = Math.floor(Math.random() * 1000);

/** A UDP port of 127.0.0.1 that nobody has, and that is not given again soon. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 1000; tries++) {
    const port = BASE + (next++ % 1000);
    const socket = createSocket('udp4');
    const bound = await new Promise<boolean>((done) => {
      socket.once('error', () => done(false));
      socket.bind(port, '127.0.0.1', () => done(true));
    });
    await new Promise<void>((closed) => socket.close(() => closed()));
    if (bound) return port;
  }
  throw new Error('no port is free');
}
