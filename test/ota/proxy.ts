// SPDX-License-Identifier: MIT
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { Random } from '../differential/random.js';

/** What a proxy does to datagrams, in both directions. Shares are in percent of all datagrams, each decided on its own. */
export interface Disturbance {
  /** What happens depends on this, on the order of the datagrams, and on nothing else. */
  readonly seed: number;
  /** Never delivered. */
  readonly lose?: number;
  /** Delivered a second time: at once, or behind some of those that come after it. */
  readonly repeat?: number;
  /** Delivered behind one to three of those that come after it in the same direction; after `holdMs` if there are none. */
  readonly reorder?: number;
  readonly holdMs?: number;
  /** Nothing is delivered from this datagram on, counted from 0 in both directions together. */
  readonly cutAt?: number;
  /** Called for every datagram that comes in, with its number; before anything is done with it. */
  readonly seen?: (number: number, bytes: Uint8Array, direction: Direction) => void;
  /** What is delivered instead of a datagram: for a network that changes bytes. */
  readonly change?: (bytes: Uint8Array, direction: Direction) => Uint8Array;
}

/** To the process behind the proxy, or from it. */
export type Direction = 'in' | 'out';

/** Of one direction. Bytes are those of datagrams that came in, UDP headers apart. */
export interface Traffic {
  datagrams: number;
  bytes: number;
  lost: number;
  repeated: number;
  reordered: number;
}

export interface Network {
  /** Where it listens. */
  readonly port: number;
  readonly traffic: Readonly<Record<Direction, Traffic>>;
  /** The port that it sends on to. */
  readonly target: number;
  /** Delivers nothing any more, or again. */
  cut(off: boolean): void;
  close(): Promise<void>;
}

const HOLD_MS = 30;
const NONE: Disturbance = { seed: 0 };

interface Held {
  readonly send: () => void;
  /** Datagrams that are to pass before it. */
  left: number;
  readonly timer: NodeJS.Timeout;
}

const bound = (socket: Socket, address: string): Promise<number> =>
  new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, address, () => {
      socket.off('error', reject);
      // A datagram to a port that nobody has comes back as an error of the socket: lost, as on any network.
      socket.on('error', () => {});
      resolve(socket.address().port);
    });
  });

/**
 * A UDP proxy on loopback in front of `port`: whoever sends to it is answered from it. `address` is 127.0.0.1 or ::1.
 */
export async function startProxy(
  port: number,
  disturbance: Disturbance = NONE,
  address = '127.0.0.1',
): Promise<Network> {
  const { seed, lose = 0, repeat = 0, reorder = 0, holdMs = HOLD_MS, seen, change } = disturbance;
  const cutAt = disturbance.cutAt ?? Number.POSITIVE_INFINITY;
  const random = new Random(seed);
  const type = address.includes(':') ? 'udp6' : 'udp4';
  const front = createSocket(type);
  const traffic = { in: none(), out: none() };
  const held: Record<Direction, Held[]> = { in: [], out: [] };
  /** One socket for each peer, so that answers find back. */
  const peers = new Map<string, Promise<Socket>>();
  let number = 0;
  let closed = false;
  let off = false;

  const hold = (direction: Direction, send: () => void): void => {
    const one: Held = { send, left: 1 + random.below(3), timer: setTimeout(() => release(direction, one), holdMs) };
    held[direction].push(one);
  };
  const release = (direction: Direction, one: Held): void => {
    clearTimeout(one.timer);
    const at = held[direction].indexOf(one);
    if (at < 0) return;
    held[direction].splice(at, 1);
    if (!closed) one.send();
  };
  const pass = (direction: Direction, send: () => void): void => {
    send();
    for (const one of [...held[direction]]) if (--one.left <= 0) release(direction, one);
  };

  /** One datagram comes in; `deliver` sends bytes on. */
  const take = (direction: Direction, bytes: Buffer, deliver: (bytes: Uint8Array) => void): void => {
    const own = number++;
    const count = traffic[direction];
    count.datagrams++;
    count.bytes += bytes.length;
    seen?.(own, bytes, direction);
    // All three are drawn for each, so that one share does not change what the others hit.
    const [lost, again, late] = [lose, repeat, reorder].map((share) => random.below(1000) < share * 10);
    if (off || closed || own >= cutAt || lost) {
      count.lost++;
      return;
    }
    const changed = change ? change(bytes, direction) : bytes;
    const send = (): void => deliver(changed);
    if (again) {
      count.repeated++;
      if (random.below(2) === 0) pass(direction, send);
      else hold(direction, send);
    }
    if (late) {
      count.reordered++;
      hold(direction, send);
    } else pass(direction, send);
  };

  const peerOf = async ({ address: from, port: fromPort }: RemoteInfo): Promise<Socket> => {
    const back = createSocket(type);
    await bound(back, address);
    back.on('message', (bytes) => take('out', bytes, (some) => !closed && front.send(some, fromPort, from)));
    return back;
  };

  front.on('message', (bytes, from) => {
    const name = `${from.address} ${from.port}`;
    const peer = peers.get(name) ?? peerOf(from);
    peers.set(name, peer);
    void peer.then((back) => take('in', bytes, (some) => !closed && back.send(some, port, address)));
  });

  return {
    port: await bound(front, address),
    traffic,
    target: port,
    cut: (now) => {
      off = now;
    },
    close: async () => {
      closed = true;
      for (const one of [...held.in, ...held.out]) clearTimeout(one.timer);
      const sockets = [front, ...(await Promise.all(peers.values()))];
      await Promise.all(sockets.map((socket) => new Promise<void>((done) => socket.close(() => done()))));
    },
  };
}

const none = (): Traffic => ({ datagrams: 0, bytes: 0, lost: 0, repeated: 0, reordered: 0 });
