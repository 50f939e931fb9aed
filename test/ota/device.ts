// SPDX-License-Identifier: MIT
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { madeOnce } from '../cache.js';
import { builtMain } from '../cli/built.js';

/** The device of runtime-c/examples/update as a process: `arm` with native containers under qemu-arm, `host` with the interpreter. */

const ROOT = resolve(import.meta.dirname, '../..');
const RUNTIME = join(ROOT, 'runtime-c');
const EXAMPLE = join(RUNTIME, 'examples/update');
const CACHE = join(ROOT, 'build', 'test-device');

export type DeviceKind = 'arm' | 'host';

const TEXT: Readonly<Record<DeviceKind, string>> = { arm: 'native', host: 'ebpf' };
const COMPILER: Readonly<Record<DeviceKind, string>> = { arm: 'arm-linux-gnueabihf-gcc', host: 'gcc' };

/** Options of the C compiler. A device of this machine looks after itself. */
const CFLAGS: Readonly<Record<DeviceKind, string>> = {
  arm: '-O2 -g',
  host: '-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all',
};

export interface DeviceOptions {
  readonly kind: DeviceKind;
  /** File that is the flash; made if it is not there, and kept. */
  readonly flash: string;
  /** File of public keys: runtime-c/examples/update/linux/keys.c. */
  readonly keys: string;
  /** Of loopback; 0 or nothing: any. */
  readonly port?: number;
  /** ::1 instead of 127.0.0.1. */
  readonly ipv6?: boolean;
  /** UUIDs, 32 hexadecimal digits. */
  readonly vendor?: string;
  readonly class?: string;
  /** Bytes: 16 to 1024. */
  readonly block?: number;
  /** Milliseconds. */
  readonly ackTimeout?: number;
  /** Milliseconds between runs of the hooks. */
  readonly period?: number;
  /** Runs until a new image is good. */
  readonly trial?: number;
  readonly seed?: number;
}

export interface DeviceProcess {
  readonly port: number;
  readonly process: ChildProcess;
  kill(signal?: NodeJS.Signals): void;
  /** What it has printed so far. */
  log(): string;
  /** Its exit code, null after a signal. */
  readonly exited: Promise<number | null>;
}

/** null, or what keeps a kind of device from being built and run here. */
function missing(kind: DeviceKind): string | null {
  const tools = ['make', COMPILER[kind], ...(kind === 'arm' ? ['qemu-arm'] : [])];
  const tool = tools.find((t) => spawnSync(t, ['--version'], { stdio: 'ignore' }).status !== 0);
  if (tool !== undefined) return `${tool} is not installed`;
  const folder = mkdtempSync(join(tmpdir(), 'fcc-sodium-'));
  try {
    const source = join(folder, 'sodium.c');
    writeFileSync(source, '#include <sodium.h>\nint main(void)\n{\n    return sodium_init();\n}\n');
    const args = [source, ...(kind === 'arm' ? ['-static'] : []), '-lsodium', '-o', join(folder, 'sodium')];
    if (spawnSync(COMPILER[kind], args, { stdio: 'ignore' }).status === 0) return null;
    return `${COMPILER[kind]} finds no libsodium`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Hash of all that a device is made of; `main` is the compiler, named by its own hash. */
function sourcesHash(main: string): string {
  const hash = createHash('sha256').update(main);
  for (const part of ['include', 'src', 'examples/update']) {
    const names = readdirSync(join(RUNTIME, part), { recursive: true, encoding: 'utf8' });
    for (const name of names.filter((n) => !n.startsWith('build')).sort()) {
      const path = join(RUNTIME, part, name);
      if (statSync(path).isFile()) hash.update(`\n${part}/${name}\n`).update(readFileSync(path));
    }
  }
  return hash.digest('hex').slice(0, 24);
}

/**
 * Builds the device, once for each state of its sources. `cflags` are more options for the C
 * compiler. Its path, or undefined, with a line that says why, where packages are missing.
 * @throws Error with the words of make, or where a compiler is missing that must not be
 */
export function buildDevice(kind: DeviceKind, cflags = CFLAGS[kind]): string | undefined {
  const known = built.get(`${kind} ${cflags}`);
  if (known !== undefined) return known.program;
  const program = build(kind, cflags);
  built.set(`${kind} ${cflags}`, { program });
  return program;
}

/** What this process has built. */
const built = new Map<string, { readonly program: string | undefined }>();

function build(kind: DeviceKind, cflags: string): string | undefined {
  const why = missing(kind);
  if (why !== null) {
    // The packages for Arm cannot be had on every machine; gcc and its libsodium are always installed for the tests.
    if (process.env.CI && kind === 'host') throw new Error(why);
    console.warn(`device (${kind}) not built: ${why}`);
    return undefined;
  }
  const main = builtMain();
  const key = createHash('sha256')
    .update(`${kind} ${cflags} ${sourcesHash(main)}`)
    .digest('hex')
    .slice(0, 24);
  const folder = madeOnce(CACHE, key, (scratch) => {
    const settings = [
      `TEXT=${TEXT[kind]}`,
      'KEYS=none',
      `OUT=${scratch}`,
      `FCC=${process.execPath} ${main}`,
      `CFLAGS=${cflags}`,
    ];
    const make = spawnSync('make', ['-s', '-C', EXAMPLE, 'all', ...settings], { encoding: 'utf8' });
    if (make.status !== 0 || make.stderr !== '') throw new Error(`device (${kind}): ${make.stderr || make.error}`);
  });
  return join(folder, `device-${TEXT[kind]}`);
}

const option = (name: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [`--${name}`, String(value)];

/**
 * Starts a device and waits until it listens. Whoever starts it kills it.
 * @throws Error if it cannot be built here, or ends at once
 */
export function startDevice(options: DeviceOptions): Promise<DeviceProcess> {
  const program = buildDevice(options.kind);
  if (program === undefined) throw new Error(`no device of kind ${options.kind} here`);
  const args = [
    ...['--flash', options.flash, '--keys', options.keys, ...(options.ipv6 ? [] : ['--ipv4'])],
    ...option('port', options.port),
    ...option('vendor', options.vendor),
    ...option('class', options.class),
    ...option('block', options.block),
    ...option('ack-timeout', options.ackTimeout),
    ...option('period', options.period),
    ...option('trial', options.trial),
    ...option('seed', options.seed),
  ];
  const child =
    options.kind === 'arm'
      ? spawn('qemu-arm', [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
      : spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  const exited = new Promise<number | null>((done) => {
    child.once('close', (code) => done(code));
  });
  return new Promise((started, failed) => {
    const device = {
      process: child,
      kill: (signal?: NodeJS.Signals) => void child.kill(signal),
      log: () => log,
      exited,
    };
    const hear = (bytes: Buffer): void => {
      log += bytes.toString('utf8');
      const port = /^device: port (\d+)$/m.exec(log)?.[1];
      if (port !== undefined) started({ ...device, port: Number(port) });
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', failed);
    void exited.then((code) => failed(new Error(`the device ended with ${code}: ${log}`)));
  });
}
