// SPDX-License-Identifier: MIT
import { createSocket, type Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { Agent, createServer, type Server } from 'coap';

/** How a fake device behaves. All optional: by default it fetches and installs everything. */
export interface FakeBehaviour {
  /** Status of each attempt in turn, the last one for all that follow. */
  readonly statuses?: readonly number[];
  readonly helper?: number;
  /** Block size that it asks for; 0: none, the server chooses. */
  readonly block?: number;
  /** Runs that a trial takes, and what ends it: one more report is one more run. */
  readonly trial?: { readonly of: number; readonly trapAfter?: number; readonly trap?: number; readonly site?: number };
  /** Restarts (loses its counts) so often, after it has fetched the manifest. */
  readonly restarts?: number;
  /** The restart comes after the installation. */
  readonly restartAfter?: boolean;
  /** A stock RIOT: no report, and an empty answer to the trigger. */
  readonly stock?: boolean;
  /** Neither fetches nor ends. */
  readonly deaf?: boolean;
  /** Bytes of the report, in place of what it would say. */
  readonly report?: (text: string) => string | Buffer;
  /** CoAP codes of the first reports that are asked for. */
  readonly reportCodes?: readonly string[];
  /** CoAP codes of the first triggers. */
  readonly triggerCodes?: readonly string[];
  /** Payload of the answer to the trigger. */
  readonly triggerPayload?: string;
  readonly arch?: number;
  readonly features?: number;
  readonly interpreter?: 0 | 1;
  readonly limit?: number;
  readonly floor?: number;
  readonly components?: readonly string[];
  readonly ipv6?: boolean;
  /** Datagrams, counted both ways, that are lost; its own fetching, which is the library's, apart. */
  readonly lose?: (n: number) => boolean;
  /** Every datagram that it sends is sent twice, with the same exception. */
  readonly twice?: boolean;
}

export interface FakeDevice {
  readonly url: string;
  /** What was fetched, by the path of the URL. */
  readonly fetched: Map<string, Buffer>;
  readonly triggers: readonly string[];
  readonly reports: () => number;
  close(): void;
}

export const VENDOR = '547d0d746d3a5a9296624881afd9407b';
export const CLASS = 'bcc90984fe7d562bb4c9a24f26a3a9cd';

/** The URI in a manifest: the text behind `coap:` as far as it is printable. */
export function uriIn(manifest: Buffer): string {
  const text = manifest.toString('latin1');
  const start = text.indexOf('coap://');
  // The length of a text string stands in front of it: one byte, or 0x78 and one more.
  const head = manifest[start - 1]!;
  const length = head < 0x78 && head >= 0x60 ? head - 0x60 : head;
  return text.slice(start, start + length);
}

/** Starts a device in this process that takes triggers, fetches by blocks and reports. */
export async function fakeDevice(how: FakeBehaviour = {}): Promise<FakeDevice> {
  const fetched = new Map<string, Buffer>();
  const triggers: string[] = [];
  const type = how.ipv6 ? 'udp6' : 'udp4';
  const host = type === 'udp6' ? '::1' : '127.0.0.1';
  const components = how.components ?? ['.fc.timer'];
  let reports = 0;
  let restarts = how.restarts ?? 0;
  let count = 0;
  let attempts = 0;
  let phase: 'idle' | 'fetching' | 'done' = 'idle';
  let status = 0;
  let received = 0;
  let ended = 0;
  let text: string | Buffer = '';
  let open = true;
  let place = { image: 'none', sequence: 0, floor: how.floor ?? 0, length: 0, trial: 0, runs: 0, rejected: 0 };

  const socket: Socket = createSocket(type);
  await new Promise<void>((bound) => socket.bind(0, host, bound));
  const { port } = socket.address() as AddressInfo;
  const send = socket.send.bind(socket) as (...args: unknown[]) => void;
  if (how.lose || how.twice) {
    const lossy = (...args: unknown[]): void => {
      if (how.lose?.(count++)) return;
      send(...args);
      if (how.twice) send(...args.slice(0, 5));
    };
    socket.send = lossy as never;
    const emit = socket.emit.bind(socket) as (...args: unknown[]) => boolean;
    socket.emit = ((...args: unknown[]) =>
      args[0] === 'message' && how.lose?.(count++) ? true : emit(...args)) as never;
  }

  const report = (): string => {
    const line = (words: Record<string, unknown>): string =>
      Object.entries(words)
        .map(([key, value]) => `${key} ${value}`)
        .join(' ');
    const rest = { trap: 0, site: 4294967295, value: -1, state: 'idle' };
    const last = { rejected: place.rejected, 'rejected-trap': 0, 'rejected-site': 4294967295 };
    if (place.rejected > 0) {
      last['rejected-trap'] = how.trial?.trap ?? 1;
      last['rejected-site'] = how.trial?.site ?? 0;
    }
    const { arch = 1, features = 0xffff, interpreter = 0, limit = 4096, helper = 0 } = how;
    return [
      `device ${line({ vendor: VENDOR, class: CLASS, arch, features, interpreter, places: components.length })}`,
      `update ${attempts} ${line({ phase, status, helper, component: components[0], sequence: place.sequence, received, size: received })}`,
      ...components.map(
        (component, i) =>
          `place ${component} ${line({ tenant: 1, hook: 7 + i, contract: 0, image: place.image, sequence: place.sequence, floor: place.floor, limit, length: place.length, trial: place.trial, of: how.trial?.of ?? 0, runs: place.runs, traps: 0, ...rest, ...last, future: 'x' })}`,
      ),
      'future line 1',
      '',
    ].join('\n');
  };

  /** One more run of the container on trial. */
  const run = (): void => {
    if (!how.trial || place.trial === 0) return;
    place.runs++;
    if (how.trial.trapAfter !== undefined && place.runs > how.trial.trapAfter)
      place = { ...place, rejected: place.sequence, image: 'factory', sequence: 0, trial: 0 };
    else if (place.runs >= how.trial.of) place.trial = 0;
  };

  const agent = new Agent({ type });
  agent.on('error', () => {});
  const get = (url: string): Promise<Buffer> =>
    new Promise((done, failed) => {
      const { hostname, port: from, pathname, search } = new URL(url);
      const block = how.block ?? 64;
      const parts: Buffer[] = [];
      const ask = (num: number, szx: number | null): void => {
        const value = szx === null ? null : num * 16 + szx;
        const request = agent.request({
          hostname: hostname.replace(/[[\]]/g, ''),
          port: Number(from),
          pathname: decodeURIComponent(pathname),
          query: decodeURIComponent(search.slice(1)),
          ...(value === null
            ? {}
            : { options: { Block2: Buffer.from([value >> 8, value & 255].slice(value > 255 ? 0 : 1)) } }),
        });
        request.on('error', failed);
        request.on('response', (response) => {
          if (response.code !== '2.05') failed(new Error(response.code));
          parts.push(response.payload);
          done(Buffer.concat(parts));
        });
        request.end();
      };
      // The library's agent asks for the other blocks itself.
      ask(0, block === 0 ? null : Math.log2(block) - 4);
    });

  const restart = (): void => {
    restarts--;
    attempts = 0;
    phase = 'idle';
    received = 0;
  };

  const update = async (url: string): Promise<void> => {
    const mine = attempts;
    const manifest = await get(url);
    fetched.set(new URL(url).pathname, manifest);
    if (restarts > 0 && !how.restartAfter) return restart();
    const uri = uriIn(manifest);
    const image = await get(uri);
    fetched.set(new URL(uri).pathname, image);
    received = image.length;
    status = how.statuses?.[Math.min(ended, how.statuses.length - 1)] ?? 0;
    ended++;
    phase = 'done';
    if (status === 0) {
      const sequence = sequenceIn(manifest);
      const trial = how.trial ? 1 : 0;
      place = { ...place, image: '1', sequence, floor: sequence, length: image.length, trial, runs: 0 };
    }
    if (restarts > 0) restart();
    else if (mine !== attempts) attempts = mine;
  };

  const server: Server = createServer({ type }, (request, response) => {
    response.on('error', () => {});
    if (request.url === '/fcc/update' && !how.stock) {
      const asked = request._packet.options?.find((o) => o.name === 'Block2')?.value as Buffer | undefined;
      // The text is made for its first block.
      if (!asked || asked.readUIntBE(0, asked.length) < 16) {
        const refusal = how.reportCodes?.[reports++];
        if (refusal !== undefined) {
          response._request.options = [];
          response.code = refusal;
          response.end();
          return;
        }
        run();
        text = how.report ? how.report(report()) : report();
      }
      // 64 bytes a block whatever is asked for, as a small device would.
      const options = (response._request.options ?? []) as { name: string; value: unknown }[];
      if (!options.some((o) => o.name === 'Block2')) options.push({ name: 'Block2', value: Buffer.from([2]) });
      response._request.options = options as never;
      response.end(text);
      return;
    }
    if (request.url !== '/suit/trigger') {
      response.code = '4.04';
      response.end();
      return;
    }
    const code = how.triggerCodes?.[triggers.length];
    triggers.push(request.payload.toString());
    response.code = code ?? '2.01';
    if (code !== undefined) {
      response.end();
      return;
    }
    attempts++;
    phase = 'fetching';
    response.end(how.triggerPayload ?? (how.stock ? undefined : String(attempts)));
    if (!how.deaf) void update(request.payload.toString()).catch(() => {});
  });
  server.on('error', () => {});
  server.listen(socket);
  return {
    url: `coap://${type === 'udp6' ? '[::1]' : host}:${port}/`,
    fetched,
    triggers,
    reports: () => reports,
    close: () => {
      if (!open) return;
      open = false;
      server.close();
      socket.close();
      for (const request of agent._msgIdToReq.values()) agent.abort(request);
      agent.close();
    },
  };
}

/** The sequence number in a manifest: the value of key 2 behind the version (1: 1). */
function sequenceIn(manifest: Buffer): number {
  const at = manifest.indexOf(Buffer.from([0x01, 0x01, 0x02]));
  const head = manifest[at + 3]!;
  if (head < 24) return head;
  return manifest.readUIntBE(at + 4, 2 ** (head - 24));
}
