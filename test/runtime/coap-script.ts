// SPDX-License-Identifier: MIT
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** CoAP by hand, and the device whose time and network are lines of text (runtime-c/test/coap/script.c). */

export const TYPE = { con: 0, non: 1, ack: 2, rst: 3 } as const;
export type Type = keyof typeof TYPE;

/** A message; options in any order, each its number and value. */
export interface Message {
  readonly type: Type;
  /** As RFC 7252 writes it: "2.05"; "0.00" is an empty message. */
  readonly code: string;
  readonly id: number;
  /** Hexadecimal. */
  readonly token?: string;
  readonly options?: readonly (readonly [number, Uint8Array | string | number])[];
  readonly payload?: Uint8Array | string;
}

export const OPTION = {
  uriHost: 3,
  etag: 4,
  observe: 6,
  uriPort: 7,
  uriPath: 11,
  format: 12,
  uriQuery: 15,
  accept: 17,
  block2: 23,
  block1: 27,
  size2: 28,
} as const;

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A number in as few bytes as it needs (RFC 7252, 3.2). */
function uint(value: number): Buffer {
  const digits = value === 0 ? '' : value.toString(16);
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
}

const valueBytes = (value: Uint8Array | string | number): Buffer =>
  typeof value === 'number' ? uint(value) : typeof value === 'string' ? Buffer.from(value) : Buffer.from(value);

/** Nibble and what extends it (RFC 7252, 3.1). */
function extended(n: number): { nibble: number; more: number[] } {
  if (n < 13) return { nibble: n, more: [] };
  if (n < 269) return { nibble: 13, more: [n - 13] };
  return { nibble: 14, more: [(n - 269) >> 8, (n - 269) & 255] };
}

/** A datagram in hexadecimal. */
export function encode({ type, code, id, token = '', options = [], payload = '' }: Message): string {
  const [cls, detail] = code.split('.').map(Number) as [number, number];
  const bytes = [(1 << 6) | (TYPE[type] << 4) | (token.length / 2), (cls << 5) | detail, id >> 8, id & 255];
  bytes.push(...Buffer.from(token, 'hex'));
  let last = 0;
  for (const [number, value] of [...options].sort((a, b) => a[0] - b[0])) {
    const content = valueBytes(value);
    const [delta, length] = [extended(number - last), extended(content.length)];
    bytes.push((delta.nibble << 4) | length.nibble, ...delta.more, ...length.more, ...content);
    last = number;
  }
  const content = Buffer.from(payload);
  if (content.length > 0) bytes.push(0xff, ...content);
  return hexOf(Uint8Array.from(bytes));
}

/** A message as it was read: the values of options are bytes. */
export interface Read {
  readonly type: Type;
  readonly code: string;
  readonly id: number;
  readonly token: string;
  readonly options: readonly (readonly [number, Buffer])[];
  readonly payload: Buffer;
}

/** Reads a datagram; throws if it is malformed. */
export function decode(datagram: Uint8Array): Read {
  const b = Buffer.from(datagram);
  if (b.length < 4 || b[0]! >> 6 !== 1) throw new Error(`no CoAP: ${hexOf(b)}`);
  let at = 4 + (b[0]! & 15);
  const token = hexOf(b.subarray(4, at));
  const options: [number, Buffer][] = [];
  const extend = (n: number): number => {
    if (n < 13) return n;
    if (n === 13) return 13 + b[at++]!;
    if (n === 15) throw new Error(`reserved nibble: ${hexOf(b)}`);
    at += 2;
    return 269 + b.readUInt16BE(at - 2);
  };
  let number = 0;
  while (at < b.length && b[at] !== 0xff) {
    const head = b[at++]!;
    number += extend(head >> 4);
    const length = extend(head & 15);
    if (at + length > b.length) throw new Error(`option too long: ${hexOf(b)}`);
    options.push([number, b.subarray(at, at + length)]);
    at += length;
  }
  if (at === b.length - 1) throw new Error(`marker without payload: ${hexOf(b)}`);
  return {
    type: (Object.keys(TYPE) as Type[])[(b[0]! >> 4) & 3]!,
    code: `${b[1]! >> 5}.${String(b[1]! & 31).padStart(2, '0')}`,
    id: b.readUInt16BE(2),
    token,
    options,
    payload: at < b.length ? b.subarray(at + 1) : Buffer.alloc(0),
  };
}

/** Value of an option as a number, -1 if it is not there. */
export function numberOf(message: Read, option: number): number {
  const value = message.options.find(([n]) => n === option)?.[1];
  return value === undefined ? -1 : value.reduce((n, byte) => n * 256 + byte, 0);
}

/** A block option's value: number, whether more follow, bytes of a block. */
export const block = (number: number, more: boolean, size: number): number =>
  number * 16 + (more ? 8 : 0) + (Math.log2(size) - 4);

/** Somebody: the last byte of an address, port and interface. */
export const peer = (last: number, port = 5683, iface = 0, prefix = '0'.repeat(30)): string =>
  `${prefix}${last.toString(16).padStart(2, '0')}/${port}/${iface}`;

/** A datagram that the device sent. */
export interface Sent {
  readonly to: string;
  readonly hex: string;
  readonly message: Read;
}

/** What the device did after a line. */
export interface Done {
  readonly sent: readonly Sent[];
  /** What it asked of the engine. */
  readonly engine: readonly string[];
  /** Milliseconds that it wants to wait. */
  readonly wait: number;
}

/** The device. */
export class Script {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;
  private err = '';
  private now = 0;

  constructor(program: string) {
    this.child = spawn(program, [], { stdio: 'pipe' });
    this.child.stderr.on('data', (text) => {
      this.err += text;
    });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  private async line(text: string): Promise<string[]> {
    this.child.stdin.write(`${text}\n`);
    const answer: string[] = [];
    for (;;) {
      const { done, value } = await this.lines.next();
      if (done) throw new Error(`the device ended: ${this.err}`);
      if (value === '.') return answer;
      answer.push(value);
    }
  }

  private async does(text: string): Promise<Done> {
    const lines = await this.line(text);
    const sent = lines
      .filter((l) => l.startsWith('out '))
      .map((l): Sent => {
        const [, to, hex] = l.split(' ') as [string, string, string];
        return { to, hex, message: decode(Buffer.from(hex, 'hex')) };
      });
    const engine = lines.filter((l) => !/^(out|wait) /.test(l));
    return { sent, engine, wait: Number(/^wait (\d+)$/.exec(lines.at(-1) ?? '')?.[1] ?? 0) };
  }

  /** A datagram comes in, and a poll follows. */
  hears(from: string, message: Message | string): Promise<Done> {
    return this.does(`in ${from} ${typeof message === 'string' ? message : encode(message)}`);
  }

  async at(now: number): Promise<void> {
    this.now = now;
    await this.line(`at ${now}`);
  }

  /** Time passes, and a poll follows. */
  async after(ms: number): Promise<Done> {
    await this.at((this.now + ms) % 2 ** 32);
    return this.does('poll');
  }

  async set(name: string, value: number): Promise<void> {
    await this.line(`set ${name} ${value}`);
  }

  async text(bytes: number): Promise<void> {
    await this.line(`text ${bytes}`);
  }

  /** What becomes of a URL: where to, and the options of its request; null if it is of no use. */
  async url(text: string): Promise<{ to: string; options: string[] } | null> {
    const lines = await this.line(`url ${text}`);
    if (lines[0] === 'refused') return null;
    const [, to, hex] = lines[0]!.split(' ') as [string, string, string];
    const { options } = decode(Buffer.from(hex, 'hex'));
    return { to, options: options.map(([n, v]) => `${n} ${v.toString('latin1')}`) };
  }

  /** Ends it; throws if a sanitizer has found something. */
  async close(): Promise<void> {
    const code = await new Promise((done) => {
      this.child.once('close', done);
      this.child.stdin.end();
    });
    if (code !== 0) throw new Error(`exit code ${code}: ${this.err}`);
  }
}
