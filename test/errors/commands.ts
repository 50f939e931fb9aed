// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTarget } from '../../backends/index.js';
import { emulatorOf } from '../../compiler/cli/qemu.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { CompileError, type ErrorCode } from '../../compiler/errors/index.js';
import { formatError } from '../../compiler/errors/print.js';
import { contractHash } from '../../compiler/image/contract-hash.js';
import { statusNumber } from '../../compiler/image/status.js';
import { writeImage } from '../../compiler/image/write.js';
import { builtMain } from '../cli/built.js';
import { fcc, inFolder } from '../cli/capture.js';
import { EXIT, FLETCHER, FLETCHER_CONTRACT, MISBEHAVE, MISBEHAVE_CONTRACT, MOV_R0_42, raw } from '../cli/objects.js';
import { SMALL } from '../image/samples.js';
import { type FakeBehaviour, fakeDevice } from '../ota/fake-device.js';
import { imageOf, manifestOf, rfcPem } from '../ota/samples.js';

/** Errors of the command line, of running and of emulators. The emulators are replaced by scripts. */

export interface Said {
  readonly text: string;
  readonly exit: number;
}

/** What a command line prints as its error; files have their names in `folder`. */
async function said(args: readonly string[], folder: string, stdin?: Uint8Array): Promise<Said> {
  const { code, err } = await fcc(args, stdin);
  return { text: err.replaceAll(`${folder}/`, '').trimEnd(), exit: code };
}

type Args = (file: (name: string, contents: string | Uint8Array) => string, folder: string) => readonly string[];

/** One command line, whose files are made in a folder of its own. */
const command =
  (args: Args): (() => Promise<Said>) =>
  () =>
    inFolder((folder) => {
      const file = (name: string, contents: string | Uint8Array): string => {
        writeFileSync(join(folder, name), contents);
        return join(folder, name);
      };
      return said(args(file, folder), folder);
    });

/** `fcc run` of prog.fcc, the two programs of misbehave.o compiled for a target; prog.map is its map, other.map that of another. */
const ofImage =
  (target: string, ...more: readonly string[]): (() => Promise<Said>) =>
  () =>
    inFolder(async (folder) => {
      const at = (name: string): string => join(folder, name);
      const make = (name: string, level: string): Promise<Said> =>
        said(
          [
            ...['compile', MISBEHAVE, '-t', target, '--contract', MISBEHAVE_CONTRACT, '-O', level],
            ...['-o', at(`${name}.fcc`), '--map', at(`${name}.map`)],
          ],
          folder,
        );
      await make('prog', '2');
      if (more.includes('other.map')) await make('other', '0');
      return said(['run', at('prog.fcc'), ...more.map((a) => (a.endsWith('.map') ? at(a) : a))], folder);
    });

const PUT = ['--contract', MISBEHAVE_CONTRACT, '--function', 'put'];
const CONTEXT = ['--ctx', 'hex:0000000000000000'];

/** A result record of the batch firmware (runtime-c/firmware/batch/batch.h): ten words. */
const record = (status: number, damage: number): string => {
  const words = [40, status, 0, 0xffffffff, 42, 0, 0, damage, 0, 0];
  const bytes = Buffer.alloc(40);
  words.forEach((w, i) => {
    bytes.writeUInt32LE(w >>> 0, 4 * i);
  });
  return [...bytes].map((b) => `\\${b.toString(8).padStart(3, '0')}`).join('');
};

/**
 * Runs `r0 = 42` under QEMU, compiler and emulator being shell scripts; null: not installed. It is a process of its own, as what is
 * installed is looked up once.
 */
const emulated =
  (compiler: string | null, emulator: string | null): (() => Promise<Said>) =>
  () =>
    inFolder(async (folder) => {
      const scripts = [
        ['arm-none-eabi-gcc', compiler],
        ['qemu-system-arm', emulator],
      ] as const;
      for (const [name, lines] of scripts)
        if (lines !== null)
          writeFileSync(join(folder, name), `#!/bin/sh\n[ "$1" = --version ] && exit 0\n${lines}\n`, { mode: 0o755 });
      // Firmware that was built before would be found in the temporary folder.
      const env = { PATH: folder, TMPDIR: folder };
      const input = raw(MOV_R0_42, EXIT);
      const args = [builtMain(), 'run', '-', '--raw', '-t', 'cortex-m4', '--engine', 'qemu'];
      const run = spawnSync(process.execPath, args, { encoding: 'utf8', env, input });
      return { text: run.stderr.trimEnd(), exit: run.status ?? -1 };
    });

/** Makes an empty file where the compiler was told to write. */
const BUILDS = 'for a; do [ "$last" = -o ] && : >"$a"; last=$a; done; exit 0';

/** `fcc pack` of a small image, or with `--raw` of any, as it is right; what is given again counts. */
const pack = (...more: readonly string[]): (() => Promise<Said>) =>
  command((file) => [
    ...['pack', file('prog.fcc', writeImage(SMALL)), '--seq', '1', '--class', 'native64', '--uri', 'coap://h/prog.fcc'],
    ...['--unsigned', ...more],
  ]);

const SUIT = manifestOf('riot-v9');
/** The URI of another file under the same signature. */
const CHANGED = new Uint8Array(
  Buffer.from(Buffer.from(SUIT).toString('latin1').replace('prog.fcc', 'evil.fcc'), 'latin1'),
);
/** Version 2 of manifests. */
const NEWER = new Uint8Array(
  Buffer.from(Buffer.from(SUIT).toString('latin1').replace('\xa5\x01\x01\x02', '\xa5\x01\x02\x02'), 'latin1'),
);

/** `fcc push` of a small image to a device that behaves so; null: there is none. */
const pushed =
  (how: FakeBehaviour | null, ...more: readonly string[]): (() => Promise<Said>) =>
  async () => {
    const device = how && (await fakeDevice(how));
    try {
      const { text, exit } = await command((file) => [
        ...['push', device?.url ?? 'coap://127.0.0.1:9', file('prog.fcc', writeImage(SMALL)), '--hook', 'fc/timer'],
        ...['-k', file('site.pem', rfcPem), '--poll', '20', '--ack-timeout', '20', '--retries', '1', ...more],
      ])();
      return { text: text.replace(/^note: .*\n/gm, ''), exit };
    } finally {
      device?.close();
    }
  };

export const COMMANDS = {
  FCC0001: command(() => ['compile', FLETCHER, '-t', 'cortex-m99']),
  FCC0002: command((_, folder) => ['verify', join(folder, 'missing.o')]),
  FCC0003: command((_, folder) => ['compile', FLETCHER, '-t', 'cortex-m4', '-o', join(folder, 'no', 'prog.fcc')]),
  FCC0004: command(() => ['run', MISBEHAVE, '--contract', MISBEHAVE_CONTRACT, '--function', 'get']),

  FCC0611: ofImage('cortex-m4', ...PUT, ...CONTEXT, '--map', 'other.map'),
  FCC0701: command(() => ['run', MISBEHAVE, ...PUT, '--ctx', 'hex:00']),
  FCC0702: command((file) => [
    'conform',
    file('vectors.jsonl', '{"name": "one", "program_hex": "b70000000100000095", "expected_r0": "1"}\n'),
  ]),
  FCC0703: command((file) => [
    ...['bench', '--threshold', '2', '--baseline'],
    file('before.json', '{"schemaVersion": 1, "target": "cortex-m4", "rows": [{"program": "fir", "gccO2": 6220}]}'),
  ]),
  FCC0711: ofImage('cortex-m4', ...PUT, '--engine', 'interp'),
  FCC0712: ofImage('cortex-m4', '--contract', FLETCHER_CONTRACT, '--function', 'put'),
  // A feature bit that no core has.
  FCC0713: command((file) => [
    'run',
    file('prog.fcc', writeImage({ ...SMALL, features: 0x40000000, contractHash: contractHash(DEFAULT_CONTRACT) })),
  ]),

  FCC0801: emulated(null, null),
  FCC0802: emulated('echo "src/fcc.c:1: error: unknown type name" >&2; exit 1', 'exit 0'),
  FCC0803: emulated(BUILDS, 'echo "qemu-system-arm: unsupported machine type" >&2; exit 1'),
  FCC0804: emulated(BUILDS, `printf '${record(statusNumber('stack'), 0)}' >results.bin`),
  FCC0805: emulated(BUILDS, `printf '${record(0, 0x20001234)}' >results.bin`),
  // Every core of the table has an emulated board so far.
  FCC0806: () => {
    try {
      emulatorOf({ ...findTarget('cortex-m4')!.core, emulators: [] });
    } catch (e) {
      if (e instanceof CompileError) return { text: formatError(e), exit: e.exitCode };
      throw e;
    }
    throw new Error('was accepted');
  },
  FCC0811: command((file) => ['inspect', file('half.suit', SUIT.subarray(0, 100))]),
  FCC0812: command((file) => ['inspect', file('prog.suit', NEWER)]),
  FCC0813: pack('--hook', 'fc/measure-air-quality', '--container', 'building-7'),
  FCC0814: command((file) => [
    ...['inspect', file('prog.suit', SUIT), '-k'],
    file('other.hex', '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c\n'),
  ]),
  FCC0815: command((file) => ['inspect', file('changed.suit', CHANGED)]),
  FCC0816: command((file) => ['inspect', file('prog.suit', SUIT), '--image', file('prog.fcc', imageOf(100, 2))]),
  FCC0817: pack('--hook', 'fc/timer.fast'),
  FCC0821: command((file) => ['keys', 'pub', file('site.pem', 'secret\n')]),
  FCC0822: command((file) => [
    ...['sign', file('prog.suit', SUIT), '-k'],
    file('site.pub', 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\n'),
  ]),
  FCC0850: pushed(null),
  FCC0851: pushed({ statuses: [statusNumber('tenant')] }),
  FCC0852: pushed({ arch: 2 }),
  FCC0853: pushed({ report: (text) => text.replace('.fc.timer tenant 1', '-1') }),
  FCC0854: pushed({ stock: true }, '--seq', '1', '--class', 'native64'),
  FCC0855: pushed({ trial: { of: 3, trapAfter: 1, site: 7 } }, '--wait'),
  FCC0856: pushed({}, '--address', '192.0.2.1'),
  FCC0807: ofImage('esp32', ...PUT, ...CONTEXT, '-t', 'esp32', '--engine', 'qemu'),
} satisfies Partial<Record<ErrorCode, () => Said | Promise<Said>>>;
