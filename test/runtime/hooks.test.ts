// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findTarget } from '../../backends/index.js';
import { imagesHeader } from './hooks-images.js';

/** runtime-c/test/hooks: hooks, tenants, stores and helpers, on emulated cores. */
const RUNTIME = resolve(import.meta.dirname, '../../runtime-c');
const TESTS = join(RUNTIME, 'test/hooks');
const SUITES = ['install', 'run', 'stop', 'time', 'store', 'helpers'];
const CORE = ['validate', 'fcc', 'hooks', 'install', 'store', 'helpers', 'intrinsics', 'interp', 'check-ebpf'];

const BOARDS = [
  { core: 'cortex-m4', machine: ['-M', 'mps2-an386'] },
  { core: 'cortex-m0', machine: ['-M', 'lm3s6965evb', '-cpu', 'cortex-m0'] },
];
const WAYS = [
  ...BOARDS.flatMap((board) =>
    [false, true].map((interpreted) => ({ ...board, interpreted, clock: false, floats: 'soft' })),
  ),
  { ...BOARDS[0]!, interpreted: false, clock: true, floats: 'soft' },
  { ...BOARDS[0]!, interpreted: false, clock: false, floats: 'hard' },
];

const TITLE = 'on $core, interpreted: $interpreted, clock of the firmware: $clock, $floats floats';

const missing = ['arm-none-eabi-gcc', 'qemu-system-arm'].filter(
  (t) => spawnSync(t, ['--version'], { stdio: 'ignore' }).status !== 0,
);
if (missing.length > 0) {
  // Continuous integration installs the tools; there a missing one is a failure.
  if (process.env.CI) throw new Error(`not installed: ${missing.join(', ')}`);
  console.warn(`tests of hooks not run: ${missing.join(', ')} not installed`);
}

/** Names of the tests in a suite's table. */
const namesOf = (suite: string, clock: boolean): string[] => {
  const source = readFileSync(join(TESTS, `${suite}.c`), 'utf8');
  const parts = source.split(/^#(?:if FCC_CLOCK|else|endif)$/m);
  const part = parts.length === 1 ? source : parts[clock ? 1 : 2]!;
  return [...part.matchAll(/\{ "([^"]+)", _\w+ \}/g)].map((m) => m[1]!);
};

describe.skipIf(missing.length > 0)('the core of the runtime', () => {
  const out = mkdtempSync(join(tmpdir(), 'fcc-hooks-'));
  afterAll(() => rmSync(out, { recursive: true, force: true }));

  it.each(WAYS)(TITLE, ({ core, machine, ...way }) => {
    const folder = mkdtempSync(join(out, 'way-'));
    const { interpreted, clock, floats } = way;
    writeFileSync(join(folder, 'images.h'), imagesHeader(interpreted ? null : findTarget(core)!));
    const elf = join(folder, 'test.elf');
    const sources = [
      ...CORE.map((f) => `src/${f}.c`),
      'src/port/thumb/enter.S',
      'firmware/batch/port/semihosting.c',
      ...['world', 'thumb', ...SUITES].map((f) => `test/hooks/${f}.c`),
    ];
    const build = spawnSync(
      'arm-none-eabi-gcc',
      [
        ...`-mcpu=${core} -mthumb -mfloat-abi=${floats} -std=c11 -Os -ffreestanding -nostdlib`.split(' '),
        ...'-Wall -Wextra -Werror -fno-tree-loop-distribute-patterns -ffunction-sections -fdata-sections'.split(' '),
        ...(floats === 'hard' ? ['-mfpu=fpv4-sp-d16'] : []),
        ...(interpreted ? ['-DFCC_INTERPRETER=1'] : []),
        ...(clock ? ['-DFCC_CLOCK=1'] : []),
        ...['-Iinclude', `-I${folder}`, '-T', 'test/hooks/link.ld', '-Wl,--gc-sections', '-Wl,--build-id=none'],
        ...[...sources, '-lgcc', '-o', elf],
      ],
      { cwd: RUNTIME, encoding: 'utf8' },
    );
    expect([build.status, build.stderr]).toEqual([0, '']);
    // An instruction takes a fixed time, so that interrupts come at the same places on every machine.
    const quiet = ['-display', 'none', '-monitor', 'none', '-serial', 'none', '-icount', 'shift=6'];
    const run = spawnSync(
      'qemu-system-arm',
      [...machine, ...quiet, '-semihosting-config', 'enable=on,target=native', '-kernel', elf],
      { cwd: folder, encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' },
    );
    const said = readFileSync(join(folder, 'results.txt'), 'utf8').trimEnd().split('\n');
    const names = SUITES.flatMap((s) => namesOf(s, clock));
    expect(names.length).toBeGreaterThan(30);
    expect(said).toEqual(names.map((n) => `ok ${n}`));
    expect(run.status).toBe(0);
  });

  it('every suite is run', () => {
    const files = readdirSync(TESTS).filter((f) => /\.c$/.test(f));
    expect(files.sort()).toEqual(['thumb.c', 'world.c', ...SUITES.map((s) => `${s}.c`)].sort());
  });
});
