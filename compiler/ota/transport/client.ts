// SPDX-License-Identifier: MIT
import { Agent, type OutgoingMessage, updateTiming } from 'coap';
import { CompileError } from '../../errors/index.js';
import { canonical, type Peer } from './address.js';
import { blockOf, blockOption } from './server.js';
import type { UdpPort } from './socket.js';

/** Times of RFC 7252 section 4.8: the first wait for an acknowledgement, and how often a message is sent again. */
export interface Timing {
  readonly ackTimeoutMs: number;
  readonly retries: number;
}

/** A response: its code such as `2.05`, its payload and its Block2 and ETag options. */
export interface Answer {
  readonly code: string;
  readonly payload: Uint8Array;
  readonly block: Buffer | null;
  readonly etag: string | null;
}

type Handle = Parameters<Agent['_handle']>;

/** The name that Block2 has for the library's agent: none. */
const HIDDEN = 'block of an answer';

/**
 * The coap library's agent for one device. It does messages: numbers, tokens, acknowledgements, sending again. Putting blocks together is
 * not left to it, as it takes them in the order in which datagrams come, a repeated one twice.
 */
class DeviceAgent extends Agent {
  peer: Peer | undefined;

  override _handle(packet: Handle[0], from: Handle[1], local: Handle[2]): void {
    const { peer } = this;
    if (!peer || from.port !== peer.port || canonical(from.address) !== canonical(peer.address)) return;
    // Acknowledgements that come again are no reason to answer anything.
    if ((packet.ack || packet.reset) && !this._msgIdToReq.has(packet.messageId)) return;
    for (const option of packet.options) {
      // Of a response to a GET, Block1 means nothing.
      if (option.name === 'Block2' || option.name === 'Block1')
        (option as { name: string }).name = option.name === 'Block2' ? HIDDEN : '';
    }
    try {
      super._handle(packet, from, local);
    } catch {
      // What the library cannot read is no answer.
    }
  }
}

/** Whether nothing came in time; anything else that is thrown is no loss of datagrams. */
export class NoAnswer extends Error {}

/** A client of one device. */
export class CoapClient {
  private readonly agent: DeviceAgent;
  private readonly running = new Set<{ readonly cancel: () => void }>();
  private closed = false;

  constructor(
    port: UdpPort,
    private readonly peer: Peer,
    private readonly timing: Timing,
  ) {
    updateTiming({ ackTimeout: timing.ackTimeoutMs / 1000, maxRetransmit: timing.retries });
    // The agent uses `on`, `send`, `address` and `type` of a socket.
    this.agent = new DeviceAgent({ socket: port as never });
    this.agent.peer = peer;
    this.agent.on('error', () => {});
  }

  /** How long a request can take: MAX_TRANSMIT_WAIT of RFC 7252 section 4.8.2, in milliseconds. */
  get patience(): number {
    return this.timing.ackTimeoutMs * (2 ** (this.timing.retries + 1) - 1) * 1.5;
  }

  /**
   * Sends one confirmable request, again where an acknowledgement is missing, and waits for its response at most `waitMs` milliseconds.
   * Errors: NoAnswer.
   */
  request(
    method: 'GET' | 'POST',
    path: string,
    { payload, block, waitMs }: { payload?: string; block?: Buffer; waitMs: number },
  ): Promise<Answer> {
    if (this.closed) return Promise.reject(new NoAnswer('cancelled'));
    return new Promise((answered, failed) => {
      const { address, port } = this.peer;
      const request: OutgoingMessage = this.agent.request({
        method,
        hostname: address,
        port,
        pathname: path,
        retrySend: this.timing.retries,
        ...(block ? { options: { Block2: block } } : {}),
      });
      const end = (): void => {
        clearTimeout(timer);
        this.running.delete(entry);
        // Its timers go, and so does what comes late.
        this.agent.abort(request);
        request.removeAllListeners('response');
      };
      const entry = {
        cancel: () => {
          end();
          failed(new NoAnswer('cancelled'));
        },
      };
      this.running.add(entry);
      const timer = setTimeout(
        () => {
          end();
          failed(new NoAnswer(`no answer to ${method} ${path}`));
        },
        Math.min(waitMs, this.patience),
      );
      request.on('error', (e: Error) => {
        end();
        failed(new NoAnswer(e.message));
      });
      request.on('response', (response: OutgoingMessage['response']) => {
        const options = response._packet.options ?? [];
        const value = (name: string): unknown => options.find((o) => String(o.name) === name)?.value;
        const hidden = value(HIDDEN);
        const etag = value('ETag');
        end();
        answered({
          code: response.code,
          payload: new Uint8Array(response.payload),
          block: Buffer.isBuffer(hidden) ? hidden : null,
          etag: etag === undefined ? null : String(etag),
        });
      });
      request.end(payload === undefined ? undefined : Buffer.from(payload));
    });
  }

  /**
   * Fetches a resource of at most `limit` bytes, in as many blocks as the device likes. A representation that changes in the middle is
   * fetched anew, three times at most. Errors: NoAnswer, also for one that always changes; FCC0853 for blocks that do not fit together.
   */
  async get(path: string, limit: number, waitMs: number): Promise<Answer> {
    const until = Date.now() + waitMs;
    for (let turn = 0; ; turn++) {
      const whole = await this.fetch(path, limit, until);
      if (whole) return whole;
      if (turn === 3) throw new NoAnswer(`${path} changes while it is fetched`);
    }
  }

  /** One turn of `get`; null: the representation changed. */
  private async fetch(path: string, limit: number, until: number): Promise<Answer | null> {
    const left = (): number => Math.max(1, until - Date.now());
    const first = await this.request('GET', path, { waitMs: left() });
    if (!first.code.startsWith('2.') || !first.block) return first;
    let block = blockOf(first.block);
    if (block?.num !== 0) throw mismatch('the first block is not the first');
    const { size } = block;
    const parts = [first.payload];
    let total = first.payload.length;
    while (block.more) {
      if (parts.at(-1)!.length !== size) throw mismatch('a block in the middle is not full');
      if (total > limit) throw mismatch(`it is longer than ${limit} bytes`);
      const num: number = parts.length;
      const next = await this.request('GET', path, { block: blockOption(num, size), waitMs: left() });
      if (!next.code.startsWith('2.') || next.etag !== first.etag) return null;
      const got: ReturnType<typeof blockOf> = next.block && blockOf(next.block);
      if (got?.num !== num || got.size !== size) throw mismatch('another block than the one asked for');
      block = got;
      parts.push(next.payload);
      total += next.payload.length;
    }
    if (total > limit) throw mismatch(`it is longer than ${limit} bytes`);
    return { ...first, payload: new Uint8Array(Buffer.concat(parts)) };
  }

  /** Ends what runs: its promises fail, its timers go. Nothing can be asked afterwards. */
  close(): void {
    this.closed = true;
    for (const { cancel } of [...this.running]) cancel();
  }
}

function mismatch(reason: string): CompileError {
  return new CompileError('FCC0853', 'malformed answer of the device: its blocks do not fit together', { reason });
}
