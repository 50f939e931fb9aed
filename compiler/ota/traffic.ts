// SPDX-License-Identifier: MIT

/** Bytes that an IPv6 header without extensions (RFC 8200) and a UDP header (RFC 768) put in front of every datagram. */
export const UDP_IP_HEADER = 40 + 8;

/** What goes over the network for something, both ways, if nothing is lost. */
export interface Traffic {
  readonly datagrams: number;
  /** CoAP: header, token, options and payload marker, of requests and answers. */
  readonly coap: number;
  /** What it is for. */
  readonly payload: number;
  /** Headers of IPv6 and UDP, uncompressed. */
  readonly udpIp: number;
  /** All of them. */
  readonly bytes: number;
}

/** An update on its way. */
export interface UpdateParts {
  /** Lengths in bytes. */
  readonly manifest: number;
  readonly image: number;
  /** Paths with query as the device asks for them: `/m/7f3a`. */
  readonly manifestPath: string;
  readonly imagePath: string;
  /** What the device is told. */
  readonly manifestUrl: string;
}

/** How a device fetches. */
export interface TrafficOptions {
  /** Bytes of a block: 16 to 1024. */
  readonly block: number;
  /** Bytes of the token of its requests, 0 to 8. Default: 4, as the client of the runtime in C. */
  readonly token?: number;
  /** The same for all but the first request of each kind, where that differs. */
  readonly laterToken?: number;
  /** Its first request already has the Block2 option. Default: true; without it the server takes its own largest block. */
  readonly early?: boolean;
  /** Its first request asks for the length of the whole (Size2, RFC 7959 section 4). Default: false. */
  readonly size2?: boolean;
}

/** Numbers of options, RFC 7252 section 5.10 and RFC 7959 section 2.1. */
const OPTION = { etag: 4, uriPath: 11, uriQuery: 15, block2: 23, size2: 28 } as const;

/** Bytes of the token in requests of fcc, and of the ETag in its answers. */
const OUR_TOKEN = 8;
const ETAG = 2;

/** Bytes of options, given as number and length in ascending order (RFC 7252 section 3.1). */
function optionBytes(options: readonly (readonly [number, number])[]): number {
  const extended = (n: number): number => (n < 13 ? 0 : n < 269 ? 1 : 2);
  let last = 0;
  let bytes = 0;
  for (const [number, length] of options) {
    bytes += 1 + extended(number - last) + extended(length) + length;
    last = number;
  }
  return bytes;
}

/** Bytes of an unsigned number as an option's value. */
const uintBytes = (n: number): number => (n === 0 ? 0 : n < 256 ? 1 : n < 65536 ? 2 : 3);

/** One message: header and token, options, and a marker before a payload. */
const message = (token: number, options: readonly (readonly [number, number])[], payload: number): number =>
  4 + token + optionBytes(options) + (payload > 0 ? 1 : 0);

/** Uri-Path and Uri-Query of a path such as `/i/7f3a?x`. */
function uriOptions(path: string): (readonly [number, number])[] {
  const [segments = '', query] = path.split('?', 2);
  const bytes = (text: string): number => new TextEncoder().encode(text).length;
  return [
    ...segments
      .split('/')
      .filter((s) => s !== '')
      .map((s) => [OPTION.uriPath, bytes(s)] as const),
    ...(query ? query.split('&').map((q) => [OPTION.uriQuery, bytes(q)] as const) : []),
  ];
}

function total(datagrams: number, coap: number, payload: number): Traffic {
  const udpIp = datagrams * UDP_IP_HEADER;
  return { datagrams, coap, payload, udpIp, bytes: coap + payload + udpIp };
}

/** Several together. */
export function sum(...parts: readonly Traffic[]): Traffic {
  const all = (key: keyof Traffic): number => parts.reduce((n, p) => n + p[key], 0);
  return total(all('datagrams'), all('coap'), all('payload'));
}

/** Traffic of fetching `length` bytes from a server of fcc, with answers that come with the acknowledgement. */
export function fetchTraffic(path: string, length: number, options: TrafficOptions): Traffic {
  const { block, token = 4, laterToken = token, early = true, size2 = false } = options;
  const szx = Math.log2(block) - 4;
  const uri = uriOptions(path);
  const asks = (num: number): (readonly [number, number])[] => [
    ...uri,
    ...(num > 0 || early ? [[OPTION.block2, uintBytes(num * 16 + szx)] as const] : []),
    ...(num === 0 && size2 ? [[OPTION.size2, 0] as const] : []),
  ];
  if (!early && length < block) return total(2, message(token, asks(0), 0) + message(token, [], length), length);
  const blocks = Math.max(1, Math.ceil(length / block));
  let coap = 0;
  for (let num = 0; num < blocks; num++) {
    const more = num + 1 < blocks;
    const answer: (readonly [number, number])[] = [
      [OPTION.etag, ETAG],
      // The library writes at least one byte, where a number of 0 would need none.
      [OPTION.block2, Math.max(1, uintBytes(num * 16 + (more ? 8 : 0) + szx))],
      ...(num === 0 && size2 ? [[OPTION.size2, uintBytes(length)] as const] : []),
    ];
    const t = num === 0 ? token : laterToken;
    coap += message(t, asks(num), 0) + message(t, answer, 1);
  }
  return total(2 * blocks, coap, length);
}

/** Traffic of telling a device; the answer has the number of an attempt below 10. */
export function triggerTraffic(manifestUrl: string): Traffic {
  const url = new TextEncoder().encode(manifestUrl).length;
  const coap = message(OUR_TOKEN, uriOptions('/suit/trigger'), url) + message(OUR_TOKEN, [], 1);
  return total(2, coap, url + 1);
}

/**
 * Traffic of a whole update, from the message that tells the device to the last block of the image. Reports, which fcc asks for as often as it
 * takes, are apart. Lost datagrams come on top.
 */
export function updateTraffic(
  parts: UpdateParts,
  options: TrafficOptions,
): { readonly trigger: Traffic; readonly manifest: Traffic; readonly image: Traffic; readonly total: Traffic } {
  const trigger = triggerTraffic(parts.manifestUrl);
  const manifest = fetchTraffic(parts.manifestPath, parts.manifest, options);
  const image = fetchTraffic(parts.imagePath, parts.image, options);
  return { trigger, manifest, image, total: sum(trigger, manifest, image) };
}
