// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseMap } from '../../compiler/image/map.js';
import { builtMain } from '../cli/built.js';

const RUNTIME = resolve(import.meta.dirname, '../../runtime-c');
const EXAMPLE = join(RUNTIME, 'examples/bare-metal');
const TOOLS = [
  'make',
  'arm-none-eabi-gcc',
  'qemu-system-arm',
  'clang-19',
  'riscv64-unknown-elf-gcc',
  'xtensa-lx106-elf-gcc',
];
const missing = TOOLS.filter((t) => spawnSync(t, ['--version'], { stdio: 'ignore' }).status !== 0);
if (missing.length > 0) {
  // Continuous integration installs the tools; there a missing one is a failure.
  if (process.env.CI) throw new Error(`not installed: ${missing.join(', ')}`);
  console.warn(`bare-metal example not run: ${missing.join(', ')} not installed`);
}

/** What the containers compute, and which traps end the others, follows from their sources. */
const EXPECTED = [
  /^counter in the slot hook: refused, helper 1[79] is not allowed$/,
  /^counter: loaded, \d+ bytes of flash, \d+ bytes of memory$/,
  /^slot: loaded, \d+ bytes of flash, \d+ bytes of memory$/,
  /^counter: result 1$/,
  /^slot 2: result 40$/,
  /^slot 4: trap 1 at site 0$/,
  /^wait: trap 2 at site 1$/,
  /^slot 3: result 42$/,
  /^counter: result 2$/,
  /^slot 3 after a reset: result 2$/,
];

describe.skipIf(missing.length > 0)('the bare-metal example', () => {
  const main = missing.length > 0 ? '' : builtMain();
  const out = mkdtempSync(join(tmpdir(), 'fcc-example-'));
  afterAll(() => rmSync(out, { recursive: true, force: true }));
  const make = (...args: string[]) => {
    const all = ['-s', '-C', EXAMPLE, ...args, `OUT=${out}`, `FCC=${process.execPath} ${main}`];
    return spawnSync('make', all, { encoding: 'utf8', timeout: 60_000 });
  };

  it('builds without a warning, runs, survives its containers, and prints what the manual shows', () => {
    const build = make('all');
    expect([build.status, build.stderr]).toEqual([0, '']);
    const run = make('run');
    expect([run.status, run.stderr]).toEqual([0, '']);
    const lines = run.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(EXPECTED.length);
    for (const [i, line] of lines.entries()) expect(line).toMatch(EXPECTED[i]!);
    // Sizes change with the compiler; the manual is right up to them.
    const bare = (text: string): string => text.replace(/\d+ bytes/g, 'n bytes');
    expect(bare(readFileSync(join(RUNTIME, 'README.md'), 'utf8'))).toContain(bare(lines.join('\n')));
  });

  it('has a committed object that is the one of its source', () => {
    const object = join(out, 'again.o');
    expect(make('objects', `OBJ=${object}`)).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(object).equals(readFileSync(join(EXAMPLE, 'misbehave.o')))).toBe(true);
  });

  it('has a map that names the line of the bad store and of the loop', () => {
    expect(make('all').status).toBe(0);
    const { sites } = parseMap(readFileSync(join(out, 'misbehave.map.json'), 'utf8'));
    const source = readFileSync(join(EXAMPLE, 'misbehave.c'), 'utf8').split('\n');
    expect(sites.map((s) => [s.trap, source[s.line! - 1]!.trim().slice(0, 17)])).toEqual([
      ['memory', 'slots[ctx->index]'],
      ['fuel', 'while (*(volatile'],
    ]);
  });

  const cores = ['cortex-m4', 'cortex-m0', 'rv32imac', 'esp8266'].map((core, column) => ({ core, column }));
  it.each(cores)('the runtime has the sizes for $core that the manual says, within a tenth', ({ core, column }) => {
    const size = spawnSync('make', ['-s', '-C', RUNTIME, 'size', `CORE=${core}`, `OUT=${out}`], { encoding: 'utf8' });
    expect([size.status, size.stderr]).toEqual([0, '']);
    const manual = readFileSync(join(RUNTIME, 'README.md'), 'utf8');
    expect(manual).toMatch(new RegExp(`\\| file \\|.*${cores.map((c) => c.core).join(' \\| ')} \\|`));
    const rows = [...size.stdout.matchAll(/^ *(\d+)\t.*\t(\S+)\.o$/gm)];
    expect(rows).toHaveLength(20);
    for (const [, bytes, name] of rows) {
      const line = new RegExp(`\`src/\\S*${name!.replace('.', '\\.')}\` \\|.*`).exec(manual)?.[0] ?? '';
      const said = line.split('|')[2 + column];
      expect(Number(said) / Number(bytes), name).toBeGreaterThan(0.9);
      expect(Number(said) / Number(bytes), name).toBeLessThan(1.1);
    }
  });
});
