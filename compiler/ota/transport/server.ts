// SPDX-License-Identifier: MIT
import { type CoapPacket, type IncomingMessage, type OutgoingMessage, Server } from 'coap';
import type { UdpPort } from './socket.js';

/** Something to fetch. */
export interface Resource {
  readonly bytes: Uint8Array;
  /** Called for each answer with content: its place in `bytes`. */
  readonly onBlock?: (start: number, end: number) => void;
}

/** Options that RFC 7252 section 5.4.1 lets a server pass over; of the others it must know each. */
const ELECTIVE = new Set([
  'ETag',
  'Observe',
  'Location-Path',
  'Content-Format',
  'Max-Age',
  'Hop-Limit',
  'Location-Query',
  'Size2',
  'Size1',
  'No-Response',
]);
const KNOWN = new Set(['Uri-Host', 'Uri-Port', 'Uri-Path', 'Uri-Query', 'Accept', 'Block2']);

const passes = (name: string): boolean =>
  KNOWN.has(name) || ELECTIVE.has(name) || (/^\d+$/.test(name) && Number(name) % 2 === 0);

/** Block sizes: 2 to the power of 4 to 10 (RFC 7959 section 2.2). */
export const BLOCK_SIZES = [16, 32, 64, 128, 256, 512, 1024] as const;

/** Number and size of the block that an option asks for; null: no such block. */
export function blockOf(option: Buffer): { num: number; size: number; more: boolean } | null {
  const value = [...option].reduce((n, b) => n * 256 + b, 0);
  if (option.length > 3 || value % 8 === 7) return null;
  return { num: Math.floor(value / 16), size: 2 ** ((value % 8) + 4), more: (value & 8) !== 0 };
}

/** A Block2 option without its bit for more: at least one byte, as the library reads none as blocks of no size. */
export function blockOption(num: number, size: number): Buffer {
  const value = num * 16 + Math.log2(size) - 4;
  return Buffer.from([value >> 16, (value >> 8) & 255, value & 255].slice(value > 65535 ? 0 : value > 255 ? 1 : 2));
}

/**
 * The coap library's server for GET of constant bytes. It keeps nothing between datagrams: the same request gets the same answer, however
 * often and in whatever order it comes. So a peer can fill none of our memory, and a token used twice brings nobody another one's blocks,
 * as the library's own caches would.
 */
class BlockServer extends Server {
  override _handle(packet: CoapPacket, from: Parameters<Server['_handle']>[1]): void {
    if (packet.code === '0.00') {
      // An empty confirmable message is a ping (RFC 7252 section 4.3); others are the agent's.
      if (packet.confirmable === true) this.reset(packet, from);
      return;
    }
    // Neither streams nor uploads: Observe may be passed over, and the other methods are refused whole.
    const get = packet.code === '0.01';
    packet.options = packet.options?.filter(({ name }) => name !== 'Observe' && (get || name !== 'Block1'));
    if (packet.code === '0.05') packet.code = '0.02';
    super._handle(packet, from);
    this._block2Cache.reset();
    this._lru.clear();
  }

  private reset(packet: CoapPacket, from: Parameters<Server['_handle']>[1]): void {
    const id = packet.messageId ?? 0;
    (this._sock as UdpPort | null)?.send(Buffer.from([0x70, 0, id >> 8, id & 255]), 0, 4, from.port, from.address);
  }
}

/** The answer to one request: its code, if it is a refusal. */
function answer(
  request: IncomingMessage,
  response: OutgoingMessage,
  resources: ReadonlyMap<string, Resource>,
  largest: number,
): string | null {
  const options = request._packet.options ?? [];
  if (options.some(({ name }) => !passes(String(name)))) return '4.02';
  if (request.method !== 'GET') return '4.05';
  const resource = resources.get(request.url);
  if (!resource) return '4.04';
  const { bytes } = resource;
  const asked = options.find(({ name }) => name === 'Block2')?.value;
  let block = Buffer.isBuffer(asked) ? blockOf(asked) : { num: 0, size: largest, more: false };
  if (!block) return '4.02';
  // A smaller block that starts where the one asked for does (RFC 7959 section 2.4).
  if (block.size > largest) block = { ...block, num: (block.num * block.size) / largest, size: largest };
  const start = block.num * block.size;
  if (start >= bytes.length && start > 0) return '4.02';
  // Without the option, what fits into one block needs none in the answer.
  const whole = asked === undefined && bytes.length < largest;
  const rest = options.filter(({ name }) => name !== 'Block2');
  response._request.options = whole ? rest : [...rest, { name: 'Block2', value: blockOption(block.num, block.size) }];
  resource.onBlock?.(whole ? 0 : start, whole ? bytes.length : Math.min(bytes.length, start + block.size));
  // The library cuts the block out, and sets Block2, ETag, and Size2 where it was asked for.
  response.end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  return null;
}

/**
 * Serves resources, by path and query such as `/i/7f3a`, to whoever asks; the table may change meanwhile. `largest` is the longest block,
 * 16 to 1024. Returns what ends it; the socket stays open.
 */
export function serve(port: UdpPort, resources: ReadonlyMap<string, Resource>, largest: number): () => void {
  const server = new BlockServer({ type: port.type, cacheSize: 65536 }, (request, response) => {
    response.on('error', () => {});
    const refusal = answer(request, response, resources, largest);
    if (refusal === null) return;
    // The library looks for a block to cut even in answers that have no content.
    response._request.options = [];
    response.code = refusal;
    response.end();
  });
  server.on('error', () => {});
  server.listen(port);
  return () => {
    server.close();
  };
}
