// SPDX-License-Identifier: MIT
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeImage } from '../../compiler/image/write.js';
import { fixtureFile } from '../fixtures/all.js';
import { SMALL } from '../image/samples.js';
import { fakeDevice } from '../ota/fake-device.js';
import { rfcPem } from '../ota/samples.js';
import { builtMain } from './built.js';
import { inFolder } from './capture.js';
import { MISBEHAVE, MISBEHAVE_CONTRACT } from './objects.js';

const script = builtMain();

const fcc = (args: readonly string[], input?: Uint8Array) =>
  spawnSync(process.execPath, [script, ...args], { input, timeout: 30_000 });
const TWO = ['-t', 'cortex-m4', '--contract', MISBEHAVE_CONTRACT];

/** Starts fcc and closes its standard output after the first piece, as `head` does. */
function closeEarly(args: readonly string[]): Promise<{ code: number | null; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let err = '';
    child.stderr.on('data', (t) => {
      err += t;
    });
    child.stdout.once('data', () => child.stdout.destroy());
    child.on('close', (code) => resolve({ code, err }));
  });
}

describe('fcc as a process', () => {
  it('pipes: object in, image out, image in', () => {
    const compiled = fcc(['compile', '-', ...TWO, '-o', '-'], readFileSync(MISBEHAVE));
    expect([compiled.status, compiled.stdout.subarray(0, 4).toString()]).toEqual([0, 'FCC1']);
    const args = ['run', '-', '--contract', MISBEHAVE_CONTRACT, '--function', 'put', '--ctx', 'hex:0300000009000000'];
    const ran = fcc(args, compiled.stdout);
    expect([ran.status, ran.stderr.toString()]).toEqual([0, '']);
    expect(ran.stdout.toString()).toMatch(/^r0 = 0x9 /);
  });

  it('errors go to stderr, without colours in a pipe, and set the exit code', () => {
    for (const [args, code] of [
      [['verify', MISBEHAVE, '--contract', MISBEHAVE_CONTRACT, '--strict', '--function', 'put'], 1],
      [['verify'], 2],
      [['verify', MISBEHAVE_CONTRACT], 3],
      [[], 2],
    ] as const) {
      const { status, stdout, stderr } = fcc(args);
      expect(status).toBe(code);
      expect(stderr.toString()).toMatch(/^(error\[FCC|Usage: )/);
      expect(stderr.toString()).not.toContain('\x1b');
      if (code !== 1) expect(stdout.toString()).toBe('');
    }
  });

  it('a reader that leaves early is no error', async () => {
    const sha = ['disasm', fixtureFile('sha256', 'v2.o'), '--contract', fixtureFile('sha256', 'contract.json')];
    expect(await closeEarly([...sha, '-t', 'cortex-m4', '-O', '0', '-S', '--json'])).toEqual({ code: 0, err: '' });
  });

  it('a reader that leaves early does not make a success of a push that has not ended', () =>
    inFolder(async (folder) => {
      const file = (name: string, contents: string | Uint8Array): string => {
        writeFileSync(join(folder, name), contents, { mode: 0o600 });
        return join(folder, name);
      };
      const device = await fakeDevice({ deaf: true });
      const image = file('prog.fcc', writeImage(SMALL));
      const words = ['push', device.url, image, '--hook', 'fc/timer', '-k', file('site.pem', rfcPem)];
      const { code, err } = await closeEarly([...words, '--json', '--poll', '20', '--timeout', '2']);
      device.close();
      expect([code, err]).toEqual([5, expect.stringContaining('error[FCC0854]')]);
    }));

  it('a folder without the right to write keeps its contents', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'a.fcc'), 'as before');
      chmodSync(folder, 0o555);
      const { status, stderr } = fcc(['compile', MISBEHAVE, ...TWO, '-o', join(folder, 'a.fcc')]);
      chmodSync(folder, 0o755);
      // The superuser may write anywhere.
      if (process.getuid?.() === 0) expect(status).toBe(0);
      else {
        expect([status, stderr.toString()]).toEqual([2, expect.stringContaining('EACCES')]);
        expect(readFileSync(join(folder, 'a.fcc'), 'utf8')).toBe('as before');
      }
      expect(readdirSync(folder)).toEqual(['a.fcc']);
    }));

  it('a full device leaves nothing behind', () => {
    const { status, stderr } = fcc(['compile', MISBEHAVE, ...TWO, '-o', '/dev/full']);
    expect([status, stderr.toString()]).toEqual([2, expect.stringContaining('cannot write /dev/full')]);
  });

  it('a missing emulator is a device error: exit code 5, and what to install', () => {
    const args = ['run', MISBEHAVE, ...TWO, '--function', 'put', '--engine', 'qemu'];
    const run = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', env: { PATH: '/no/such/folder' } });
    expect([run.status, run.stdout]).toEqual([5, '']);
    expect(run.stderr).toContain('error[FCC0801]: not installed: qemu-system-arm, arm-none-eabi-gcc');
    expect(run.stderr).toContain('apt-get install');
  });
});
