// SPDX-License-Identifier: MIT
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { CompileError } from '../../errors/index.js';

/** CoAP's port, RFC 7252 section 6.1. */
export const COAP_PORT = 5683;

/** A coap URL in parts, as options of requests have them: host without brackets, port, segments of path and query decoded. */
export interface CoapUrl {
  readonly host: string;
  readonly port: number;
  readonly path: readonly string[];
  readonly query: readonly string[];
}

/** Reads `coap://host[:port][/path][?query]`, a link-local IPv6 address with its zone included; null: it is none. */
export function parseCoapUrl(text: string): CoapUrl | null {
  const m =
    /^coap:\/\/(?:\[([0-9a-f:.]+(?:%[\w.~-]+)?)\]|([\w.~-]+))(?::(\d{1,5}))?(\/[^?#\s]*)?(?:\?([^#\s]*))?$/i.exec(text);
  if (!m) return null;
  const [, v6, name, digits, path = '', query = ''] = m;
  // RFC 6874 writes the percent sign before a zone as %25.
  const host = v6?.replace(/%25(?=.)/, '%') ?? name!;
  const port = digits === undefined ? COAP_PORT : Number(digits);
  if (port < 1 || port > 65535 || (v6 !== undefined && !isIPv6(host))) return null;
  try {
    const decoded = query === '' ? [] : query.split('&').map(decodeURIComponent);
    return { host, port, path: path.split('/').slice(1).map(decodeURIComponent), query: decoded };
  } catch {
    return null;
  }
}

/** `[::1]:40000` or `192.0.2.1:40000`. A zone means nothing to the other side, and is left out. */
export function authority(address: string, port: number): string {
  const bare = address.replace(/%.*$/, '');
  return `${isIPv6(bare) ? `[${bare}]` : bare}:${port}`;
}

/** Where a device is. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  readonly family: 'udp4' | 'udp6';
}

/** An IP address in its one way of writing, without zone: to compare with. */
export function canonical(address: string): string {
  const bare = address.replace(/%.*$/, '');
  return isIPv6(bare) ? new URL(`coap://[${bare}]`).hostname.slice(1, -1) : bare;
}

/** An IPv4 address that is written as one of IPv6 (RFC 4291, section 2.5.5.2), as IPv4; any other stays as it is. */
function unmapped(address: string): string {
  const groups = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical(address));
  const bytes = groups?.slice(1).flatMap((g) => [Number.parseInt(g, 16) >> 8, Number.parseInt(g, 16) & 255]);
  return bytes?.join('.') ?? address;
}

/** Whether an address is that of a group or of all (RFC 4291, section 2.7; RFC 1112, section 4; RFC 919). */
const isGroup = (address: string): boolean =>
  isIPv4(address) ? Number(address.split('.')[0]) >= 224 : canonical(address).startsWith('ff');

/** The device's address. Errors: FCC0850 for a name that nobody knows, and for addresses of groups. */
export async function resolvePeer({ host, port }: CoapUrl): Promise<Peer> {
  const written = isIPv4(host) || isIPv6(host.replace(/%.*$/, ''));
  const found = written
    ? host
    : await lookup(host).then(
        ({ address }) => address,
        (e: Error) => {
          throw new CompileError('FCC0850', `no address for ${host}`, { reason: e.message });
        },
      );
  const address = unmapped(found);
  if (isGroup(address))
    throw new CompileError('FCC0850', `${host} is the address of a group`, {
      reason: 'messages that want an acknowledgement go to one device (RFC 7252, section 8.1)',
    });
  return { address, port, family: isIPv4(address) ? 'udp4' : 'udp6' };
}

/** Whether an address means this machine alone. */
const isLocal = (address: string): boolean => /^(127\.|0\.0\.0\.0$|::1?$)/.test(canonical(address));

/** Whether a device elsewhere is given an address that only this machine knows: as long as an interface has none of its own yet. */
export const leadsNowhere = (local: string, peer: string): boolean => isLocal(local) && !isLocal(peer);

/** The local address that reaches a device: what the kernel gives a socket that is connected to it. Nothing is sent. Errors: FCC0850. */
export async function localAddress(peer: Peer): Promise<string> {
  const socket = createSocket(peer.family);
  const noWay = (reason: string, help?: string): CompileError =>
    new CompileError('FCC0850', `no way to ${authority(peer.address, peer.port)}`, {
      reason,
      help: /^fe80[^%]*$/i.test(peer.address)
        ? 'a link-local address needs its interface: coap://[fe80::1%eth0]/'
        : help,
    });
  try {
    const local = await new Promise<string>((found, failed) => {
      socket.on('error', (e) => failed(noWay(e.message)));
      socket.connect(peer.port, peer.address, () => found(socket.address().address));
    });
    if (leadsNowhere(local, peer.address))
      throw noWay(
        `the only address of this machine towards it is ${local}, which means itself`,
        'wait until the interface has one, or choose one with --address',
      );
    return local;
  } finally {
    socket.close();
  }
}

/** Whether an address is one of this machine's. */
export function isOurs(address: string): boolean {
  const all = Object.values(networkInterfaces()).flatMap((rows) => rows ?? []);
  return all.some((row) => canonical(row.address) === canonical(address)) || /^127\./.test(address);
}
