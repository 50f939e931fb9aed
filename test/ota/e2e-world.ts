// SPDX-License-Identifier: MIT
import { execFile, spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { targets } from '../../backends/index.js';
import { assemble } from '../../compiler/bpf/asm.js';
import { main } from '../../compiler/cli/main.js';
import { nodeCrypto, signerOf } from '../../compiler/cli/ota-crypto.js';
import { compile } from '../../compiler/compile.js';
import { componentParts } from '../../compiler/contract/component.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { ebpfImage } from '../../compiler/ebpf-image.js';
import { STATUSES, type StatusName, statusNumber } from '../../compiler/image/status.js';
import { buildManifest, type ManifestInput, type Signer } from '../../compiler/ota/manifest.js';
import { classId, DEFAULT_VENDOR, vendorId } from '../../compiler/ota/uuid.js';
import { buildDevice, startDevice } from './device.js';
import { freePort } from './port.js';
import { type Disturbance, type Network, startProxy } from './proxy.js';

/** What end-to-end tests of updates share: a device as a process of its own, keys, images, and libcoap's programs. */

export const KINDS = ['arm', 'host'] as const;
export type Kind = (typeof KINDS)[number];

export const EXAMPLE = resolve(import.meta.dirname, '../../runtime-c/examples/update');
export const HOOKS = { timer: 'fc/timer', sample: 'fc/sample' } as const;
export type HookName = keyof typeof HOOKS;
export const contractFile = (hook: HookName): string => join(EXAMPLE, `${hook}.contract.json`);
const contractOf = (hook: HookName) => parseContract(readFileSync(contractFile(hook), 'utf8'), contractFile(hook));

/** Bytes of the slots of the timer's places (runtime-c/examples/update). */
const TIMER_SLOT = 4096;

/** -t of what a device runs. */
export const TARGET: Readonly<Record<Kind, string>> = { arm: 'cortex-m4', host: 'ebpf' };

/** --class of devices here. */
export const DEVICE_CLASS = 'fcc-test';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Longer than anything here takes on a busy machine: for what is waited for. */
export const LONG_MS = 60_000;

/** Kinds of devices that can be built here. The native one is left out where a package is missing (scripts/check.sh says which). */
export const kindsHere = (): Kind[] => KINDS.filter((kind) => buildDevice(kind) !== undefined);

/** A suite for each kind of device that there is; one that is skipped if there is none, as without libcoap where that is `needed`. */
export function describeDevices(title: string, suite: (kind: Kind) => void, needed?: 'libcoap'): void {
  const kinds = needed && missingCoap() ? [] : kindsHere();
  describe.each(kinds)(title, suite);
  if (kinds.length === 0) describe.skip(title, () => it('needs what scripts/check.sh installs', () => {}));
}

/** As `describeDevices`, for what does not depend on the kind of device. */
export function describeDevice(title: string, suite: (kind: Kind) => void, needed?: 'libcoap'): void {
  const kind = needed && missingCoap() ? undefined : kindsHere().at(-1);
  if (kind) describe(title, () => suite(kind));
  else describe.skip(title, () => it('needs what scripts/check.sh installs', () => {}));
}

/** A key pair, and its private half as a file. */
export interface Key extends Signer {
  readonly pem: string;
  readonly hex: string;
}

function makeKey(folder: string, name: string): Key {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = join(folder, `${name}.pem`);
  writeFileSync(pem, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  const signer = signerOf(privateKey);
  return { ...signer, pem, hex: hex(signer.publicKey) };
}

/** All that devices believe, with their rights; `stranger` is known to none. */
function makeKeys(folder: string) {
  const key = (name: string): Key => makeKey(folder, name);
  const keys = {
    house: key('house'),
    guest: key('guest'),
    sampler: key('sampler'),
    quiet: key('quiet'),
    stranger: key('stranger'),
  };
  const file = join(folder, 'keys');
  const lines = [
    `${keys.house.hex} tenant 1`,
    `${keys.guest.hex} tenant 2`,
    `${keys.sampler.hex} tenant 1 hooks fc/sample`,
    `${keys.quiet.hex} tenant 1 helpers none`,
  ];
  writeFileSync(file, lines.map((l) => `${l}\n`).join(''));
  return { ...keys, file };
}

/** Image of a program in eBPF assembly, for a kind of device. */
export function imageOf(kind: Kind | 'rv32imc', text: string, hook: HookName = 'timer', variables = ''): Uint8Array {
  const program = assemble(`${variables}entry main:\n${text}\nexit`);
  const contract = contractOf(hook);
  if (kind === 'host') return ebpfImage(program, { contract });
  const target = targets.find((t) => t.core.name === (kind === 'arm' ? TARGET.arm : kind))!;
  const compiled = compile(program, { target, contract });
  if (compiled.kind === 'rejected') throw new Error(JSON.stringify(compiled.verdicts));
  return compiled.image;
}

/** An image whose runs return a number. */
export const answering = (kind: Kind | 'rv32imc', value: number, hook?: HookName): Uint8Array =>
  imageOf(kind, `r0 = ${value}`, hook);

/** As `answering`, in some blocks more: with so many bytes of constants, a multiple of 8. */
export function longAnswering(kind: Kind, value: number, bytes = 256): Uint8Array {
  const constants = Array.from({ length: bytes }, (_, i) => ((i * 37 + value) & 0xff).toString(16).padStart(2, '0'));
  return imageOf(kind, `r0 = ${value}`, 'timer', `.rodata constants ${constants.join('')}\n`);
}

/** As `longAnswering`, exactly as long as the slots of the timer's places. */
export const longestAnswering = (kind: Kind, value: number): Uint8Array =>
  longAnswering(kind, value, TIMER_SLOT - longAnswering(kind, value, 8).length + 8);

/** Runs a program of the system; its output, whatever its exit code. */
export function run(file: string, args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((done) => {
    execFile(file, args, { timeout: LONG_MS }, (e, out, err) =>
      done({ code: e === null ? 0 : typeof e.code === 'number' ? e.code : 1, out, err }),
    );
  });
}

/** What a device says of itself (`GET /fcc/update`), as words. */
export interface Report {
  readonly device: Readonly<Record<string, string>>;
  readonly update: Readonly<Record<string, string>>;
  /** By component. */
  readonly places: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export function parseReport(text: string): Report {
  const pairs = (words: readonly string[]): Record<string, string> =>
    Object.fromEntries(words.flatMap((w, i) => (i % 2 === 0 ? [[w, words[i + 1] ?? '']] : [])));
  const lines = text.split('\n').filter((l) => l !== '');
  // Of the device's line the first word stands alone; of the others it has a value.
  const device = lines
    .find((l) => l.startsWith('device '))
    ?.split(' ')
    .slice(1);
  const update = lines.find((l) => l.startsWith('update '))?.split(' ');
  const places = lines.filter((l) => l.startsWith('place ')).map((l) => pairs(l.split(' ')));
  return {
    device: pairs(device ?? []),
    update: pairs(update ?? []),
    places: Object.fromEntries(places.map((p) => [p.place!, p])),
  };
}

/** The name of a status that a report has as a number. */
export const statusName = (number: string | undefined): StatusName | 'ok' | undefined =>
  number === '0' ? 'ok' : STATUSES.map((s) => s.name).find((name) => String(statusNumber(name)) === number);

export type Device = Awaited<ReturnType<typeof startDevice>>;
export type DeviceOptions = Omit<Parameters<typeof startDevice>[0], 'kind' | 'flash' | 'keys'>;

/** One line of `fcc push --json`. */
export interface Event {
  readonly event: string;
  readonly [key: string]: unknown;
}

export interface PushOptions {
  /** Instead of the device's own: that of what stands in front of it. */
  readonly port?: number;
  /** Told every event when it comes. */
  readonly hear?: (event: Event) => void;
}

/** How a push went. */
export interface Pushed {
  readonly code: number;
  readonly err: string;
  readonly events: readonly Event[];
  /** The last of each. */
  readonly verdict: Event | undefined;
  readonly trial: Event | undefined;
  readonly error: Event | undefined;
}

/** A device with its flash, which outlives its process. */
export class Rig {
  private device: Device | null = null;
  private images = 0;

  private constructor(
    readonly kind: Kind,
    readonly folder: string,
    readonly keys: ReturnType<typeof makeKeys>,
    private readonly options: DeviceOptions,
  ) {}

  /** Runs `body` with a device that has just started with empty flash; both are gone afterwards. */
  static async with<T>(kind: Kind, options: DeviceOptions, body: (rig: Rig) => Promise<T>): Promise<T> {
    const folder = mkdtempSync(join(tmpdir(), 'fcc-update-'));
    const ids = { vendor: hex(vendorId(DEFAULT_VENDOR)), class: hex(classId(vendorId(DEFAULT_VENDOR), DEVICE_CLASS)) };
    const rig = new Rig(kind, folder, makeKeys(folder), { period: 20, ackTimeout: 100, ...ids, ...options });
    try {
      await rig.start();
      return await body(rig);
    } finally {
      await rig.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Starts the process; after the first time at the same port. `options` are for this time. */
  async start(options: Partial<DeviceOptions> = {}): Promise<void> {
    const port = this.device?.port;
    const { kind, keys, folder } = this;
    const at = port === undefined ? {} : { port };
    this.device = await startDevice({
      kind,
      flash: join(folder, 'flash'),
      keys: keys.file,
      ...this.options,
      ...options,
      ...at,
    });
  }

  /** Ends the process at once, as a power cut does. */
  async kill(): Promise<void> {
    this.device?.kill('SIGKILL');
    await this.device?.exited;
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  get port(): number {
    return this.device!.port;
  }

  /** What the process has said. */
  log(): string {
    return this.device!.log();
  }

  url(path = '/', port = this.port): string {
    return `coap://${this.options.ipv6 ? '[::1]' : '127.0.0.1'}:${port}${path}`;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file beside the flash. */
  file(name: string, bytes: Uint8Array | string): string {
    writeFileSync(this.path(name), bytes);
    return this.path(name);
  }

  /** The report, fetched by libcoap. */
  async report(): Promise<Report> {
    const { out } = await run('coap-client-notls', ['-B', '10', '-m', 'get', this.url('/fcc/update')]);
    const report = parseReport(out);
    if (report.update.phase === undefined) throw new Error(`no report: ${out}`);
    return report;
  }

  /** Waits until a report is as wanted. */
  until(want: (report: Report) => void): Promise<Report> {
    return vi.waitFor(
      async () => {
        const report = await this.report();
        want(report);
        return report;
      },
      { timeout: LONG_MS, interval: 50 },
    );
  }

  /** Waits until a place has run, and returned `value`, in as many further runs as `more`. */
  async runs(value: number, component = '.fc.timer', more = 2): Promise<Report> {
    const { places } = await this.report();
    const before = Number(places[component]?.runs ?? 0);
    return this.until((report) => {
      const place = report.places[component]!;
      expect(place).toMatchObject({ state: expect.stringMatching(/idle|running/), value: String(value) });
      expect(Number(place.runs) < before || Number(place.runs) >= before + more).toBe(true);
    });
  }

  /** A manifest, signed by the house where no other key is given; `more` replaces what it says. */
  manifest(
    image: Uint8Array,
    sequence: number,
    uri: string,
    more: Partial<ManifestInput & { key: Key }> = {},
  ): Uint8Array {
    const { key = this.keys.house, ...input } = more;
    const vendor = vendorId(DEFAULT_VENDOR);
    const usual = { profile: 'riot-v9' as const, vendor, classId: classId(vendor, DEVICE_CLASS) };
    const component = componentParts(HOOKS.timer);
    return buildManifest({ ...usual, component, sequence, image, uri, ...input }, nodeCrypto, key);
  }

  /** Runs `fcc push --json` towards this device, or what stands in front of it: the code, and all events. */
  async push(args: readonly string[], { port = this.port, hear }: PushOptions = {}): Promise<Pushed> {
    let out = '';
    let err = '';
    const code = await main(['push', this.url('/', port), ...args, '--poll', '50', '--json'], {
      out: (text) => {
        out += text;
        if (hear) for (const line of String(text).split('\n')) if (line !== '') hear(JSON.parse(line));
      },
      err: (text) => {
        err += text;
      },
      terminal: false,
      stdin: () => new Uint8Array(),
    });
    const events = out
      .split('\n')
      .filter((l) => l !== '')
      .map((l): Event => JSON.parse(l));
    const last = (name: string): Event | undefined => events.filter(({ event }) => event === name).at(-1);
    return { code, err, events, verdict: last('verdict'), trial: last('trial'), error: last('error') };
  }

  /** Writes an image and pushes it, signed by the house for the timer's hook unless `args` say otherwise. */
  pushImage(image: Uint8Array, args: readonly string[] = [], options?: PushOptions): Promise<Pushed> {
    const file = this.file(`image-${this.images++}`, image);
    const key = args.includes('-k') ? [] : ['-k', this.keys.house.pem];
    const hook = args.includes('--hook') ? [] : ['--hook', HOOKS.timer];
    return this.push([file, ...key, ...hook, ...args], options);
  }
}

/** A device behind a network: one proxy in front of it, one in front of the server of `fcc push`. */
export interface Wired {
  readonly host: Network;
  readonly server: Network;
  /** As Rig.pushImage, through both. */
  push(image: Uint8Array, args?: readonly string[], hear?: (event: Event) => void): Promise<Pushed>;
}

/** Puts a network between `fcc push` and a device; gone after `body`. `host`: what it does on the way to the device; `server`: to the server. */
export async function wired<T>(
  rig: Rig,
  { host, server }: { readonly host?: Disturbance; readonly server?: Disturbance },
  body: (wired: Wired) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const [front, back] = await Promise.all([startProxy(rig.port, host), startProxy(port, server)]);
  const announce = ['--port', String(port), '--announce', `coap://127.0.0.1:${back.port}`];
  try {
    return await body({
      host: front,
      server: back,
      push: (image, args = [], hear) => rig.pushImage(image, [...announce, ...args], { port: front.port, hear }),
    });
  } finally {
    await Promise.all([front.close(), back.close()]);
  }
}

/** libcoap's server: takes what is put, and serves it. */
export interface CoapServer {
  readonly port: number;
  url(path: string): string;
  put(path: string, bytes: Uint8Array): Promise<void>;
  close(): void;
}

/** Whether libcoap's programs are there; a failure where tests must not be left out. */
export function missingCoap(): string | null {
  for (const tool of ['coap-client-notls', 'coap-server-notls'])
    if (spawnSync(tool, ['-h'], { stdio: 'ignore' }).error) {
      if (process.env.CI) throw new Error(`${tool} is not installed`);
      return `${tool} is not installed`;
    }
  return null;
}

/** Starts libcoap's server at a port that is free. */
export async function startCoapServer(): Promise<CoapServer> {
  const port = await freePort();
  const server = spawn('coap-server-notls', ['-A', '127.0.0.1', '-p', String(port), '-d', '200'], { stdio: 'ignore' });
  const url = (path: string): string => `coap://127.0.0.1:${port}${path}`;
  const folder = mkdtempSync(join(tmpdir(), 'fcc-coap-'));
  let count = 0;
  await vi.waitFor(
    async () => {
      const { out } = await run('coap-client-notls', ['-B', '1', '-m', 'get', url('/.well-known/core')]);
      expect(out).not.toBe('');
    },
    { timeout: LONG_MS },
  );
  return {
    port,
    url,
    put: async (path, bytes) => {
      const file = join(folder, String(count++));
      writeFileSync(file, bytes);
      const { err } = await run('coap-client-notls', ['-B', '30', '-m', 'put', '-b', '1024', '-f', file, url(path)]);
      expect(err).toBe('');
    },
    close: () => {
      server.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** POST /suit/trigger by libcoap: what it prints, which is the attempt's number or an error. */
export async function trigger(rig: Rig, url: string): Promise<string> {
  const args = ['-B', '30', '-m', 'post', '-t', 'text/plain', '-e', url, rig.url('/suit/trigger')];
  const { out, err } = await run('coap-client-notls', args);
  return `${out}${err}`.trim();
}

/** What is offered to a device: a manifest at one path of a server, an image at another. */
export interface Offer {
  readonly manifest: Uint8Array;
  readonly image: Uint8Array | null;
}

/** Has a device fetch a manifest and an image from libcoap's server, triggered by libcoap's client; how it ended. */
export async function offer(
  rig: Rig,
  server: CoapServer,
  path: string,
  { manifest, image }: Offer,
): Promise<{ status: StatusName | 'ok' | undefined; report: Report }> {
  await server.put(`/m${path}`, manifest);
  if (image) await server.put(`/i${path}`, image);
  const attempt = await trigger(rig, server.url(`/m${path}`));
  expect(attempt).toMatch(/^\d+$/);
  const report = await rig.until(({ update }) => {
    expect(update.update).toBe(attempt);
    expect(update.phase).toBe('done');
  });
  return { status: statusName(report.update.status), report };
}
