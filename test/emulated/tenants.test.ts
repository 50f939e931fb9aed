// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readElf } from '../../compiler/elf/elf.js';
import { builtMain } from '../cli/built.js';

/** The firmware of runtime-c/examples/tenants: three containers at work and five hostile ones, on every instruction set, native and interpreted. */

const RUNTIME = resolve(import.meta.dirname, '../../runtime-c');
const EXAMPLE = join(RUNTIME, 'examples/tenants');
const BROKEN = join(import.meta.dirname, 'tenants');
const TOOLS = [
  ...['make', 'clang-19', 'arm-none-eabi-gcc', 'riscv64-unknown-elf-gcc', 'xtensa-lx106-elf-gcc'],
  ...['qemu-system-arm', 'qemu-system-riscv32', 'qemu-system-xtensa'],
];
const missing = TOOLS.filter((t) => spawnSync(t, ['--version'], { stdio: 'ignore' }).status !== 0);
if (missing.length > 0) {
  // Continuous integration installs the tools; there a missing one is a failure.
  if (process.env.CI) throw new Error(`not installed: ${missing.join(', ')}`);
  console.warn(`firmware with tenants not run: ${missing.join(', ')} not installed`);
}

const CORES = ['cortex-m4', 'cortex-m0', 'rv32imc', 'esp8266'];

/** The log; # stands for a number that depends on the size of code or of the firmware. Results, counts and traps follow from the sources. */
const LOG = `firmware: 2 hooks, 2 tenants, a store of 28 rows
meter for the house in fc/tick: installed, # bytes of flash, # bytes of memory
average for the house in fc/sample: installed, # bytes of flash, # bytes of memory
report for the guest in fc/sample: installed, # bytes of flash, # bytes of memory
meter for the guest in fc/tick: refused, its tenant has no right to this hook
neighbours (start): average 25, report 1, meter in step: all well

spin loops for ever
spin for the guest in fc/sample: installed, # bytes of flash, # bytes of memory
spin: trap fuel; average and report ran
spin: the guest's time is used up; its report waits, the house's average ran
spin: stopped after 3 traps in a row, its hook passes it by
spin: restarted with fresh globals; told to behave, it answers 0
spin: fuel for four thousand million turns; stopped by the timer's interrupt: trap killed
neighbours (after spin): average 124, report 5, meter in step: all well

recurse calls itself; fcc refuses its source, this is eBPF by hand for the interpreter
recurse for the guest in fc/sample: installed, 144 bytes of flash, # bytes of memory
recurse: trap stack
neighbours (after recurse): average 131, report 6, meter in step: all well

scribble writes and reads everywhere
scribble for the guest in fc/sample: installed, # bytes of flash, # bytes of memory
scribble: 1-byte stores: # tried, # refused, # in its own memory, 0 elsewhere
scribble: 2-byte stores: # tried, # refused, # in its own memory, 0 elsewhere
scribble: 4-byte stores: # tried, # refused, # in its own memory, 0 elsewhere
scribble: 8-byte stores: # tried, # refused, # in its own memory, 0 elsewhere
scribble: atomic additions: # tried, # refused, # in its own memory, 0 elsewhere
scribble: stores by index: # tried, # refused, # in its own memory, 0 elsewhere
scribble: copies by memcpy: # tried, # refused, # in its own memory, 0 elsewhere
scribble: results of fetch_global: # tried, # refused, # in its own memory, 0 elsewhere
scribble: 4-byte loads: # tried, # refused, # in its own memory, 0 elsewhere
scribble: loads by memcpy: # tried, # refused, # in its own memory, 0 elsewhere
scribble: 1-byte stores while the timer interrupts: 0 elsewhere
neighbours (after scribble): average 138, report 7, meter in step: all well

meddle writes the context that its neighbours get as well; eBPF by hand
meddle, which claims that it may, for the guest in fc/sample: refused, it wants more of the context than its contract gives
meddle for the guest in fc/sample: installed, 152 bytes of flash, # bytes of memory
meddle: trap memory; the average got its round as it was
neighbours (after meddle): average 152, report 9, meter in step: all well

greedy wants the valve, which is not for its hook
greedy for the guest in fc/sample: refused, it was made for another contract
greedy with the hook's hash in its header for the guest in fc/sample: refused, it wants a helper that it may not call: 512
computed calls numbers that its context says; fcc refuses its source, this is eBPF by hand
computed for the guest in fc/sample: installed, 168 bytes of flash, # bytes of memory
computed: 1536 numbers tried, 1 is its import, 1535 end with a helper trap
neighbours (after computed): average 159, report 10, meter in step: all well

hoard fills the stores
hoard for the guest in fc/sample: installed, # bytes of flash, # bytes of memory
another hoard for the guest in fc/sample: refused, its tenant has no quota left
hoard: 100 keys tried in each of 3 stores, 6 rows taken, which is the guest's quota of 8
neighbours (while the guest's rows are full): average 166, report 11, meter in step: all well
neighbours (after hoard): average 173, report 12, meter in step: all well

managing
report: update refused, its checksum is wrong; the old one goes on
neighbours (old report): average 180, report 13, meter in step: all well
report: replaced while the timer runs, its store stays; told to speak: run 14, value 7
report: updated again and again for ten interrupts of the timer: all well
report: uninstalled, and its rows of the store with it
all uninstalled

verdict: host and neighbours unharmed, 3934 claims, 0 wrong
`.split('\n');

describe.skipIf(missing.length > 0)('the firmware with tenants', () => {
  const main = missing.length > 0 ? '' : builtMain();
  const out = mkdtempSync(join(tmpdir(), 'fcc-tenants-'));
  afterAll(() => rmSync(out, { recursive: true, force: true }));

  const make = (goal: string, ...args: string[]) => {
    const all = ['-s', '-C', EXAMPLE, goal, ...args, `OUT=${out}`, `FCC=${process.execPath} ${main}`];
    return spawnSync('make', all, { encoding: 'utf8', timeout: 120_000 });
  };

  const broken = (name: string): string[] => [
    `EXTRA=-I. -Wl,--wrap=fcc_load ${join(BROKEN, 'replace.c')} ${join(BROKEN, `${name}.c`)}`,
    `ELF=${join(out, `${name}.elf`)}`,
  ];

  /** Exit code and lines of a run, and what the emulator has to say besides. */
  const run = (...args: string[]) => {
    const build = make('all', ...args);
    expect([build.status, build.stderr]).toEqual([0, '']);
    const { status, stdout, stderr } = make('run', ...args);
    // QEMU's lm3s6965evb starts its own timers with a period of 0, and says so.
    const noise = stderr.replace('Timer with period zero, disabling\n', '');
    return { status, lines: stdout.replaceAll('\r', '').split('\n'), noise };
  };

  const agrees = (line: string, pattern: string): boolean =>
    new RegExp(`^${pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('#', '\\d+')}$`).test(line);

  const unharmed = (result: ReturnType<typeof run>): void => {
    expect(result.lines.filter((line, i) => !agrees(line, LOG[i] ?? ''))).toEqual([]);
    expect({ ...result, lines: result.lines.length }).toEqual({ status: 0, lines: LOG.length, noise: '' });
    for (const line of result.lines.filter((l) => l.includes(' tried, ') && l.startsWith('scribble'))) {
      const [tried, refused, own] = /(\d+) tried, (\d+) refused, (\d+) in/.exec(line)!.slice(1).map(Number);
      // At least its whole RAM, its flash and the 32 bits in steps; loads reach its constants and context, too.
      expect(tried).toBeGreaterThan(25_000);
      expect(refused! + own!).toBe(tried);
      expect(own).toBeLessThan(line.includes('load') ? 100 : 17);
    }
  };

  it.each(CORES)('native containers on %s: host and neighbours go on', (core) => {
    unharmed(run(`CORE=${core}`));
  });

  it.each(CORES.filter((core) => core !== 'cortex-m0'))('interpreted containers on %s: the same log', (core) => {
    unharmed(run(`CORE=${core}`, 'TEXT=ebpf'));
  });

  it('prints what the manual shows', () => {
    const { lines } = run('CORE=cortex-m4');
    // Sizes change with compilers; the manual is right up to them.
    const bare = (text: string): string => text.replace(/\d+ (bytes|tried|refused|in its own)/g, 'n $1');
    expect(bare(readFileSync(join(RUNTIME, 'README.md'), 'utf8'))).toContain(bare(lines.join('\n').trimEnd()));
  });

  it('notices a region search that is wrong by one byte', () => {
    const { status, lines } = run('CORE=cortex-m4', ...broken('off-by-one'));
    expect(status).not.toBe(0);
    expect(lines).toContain('WRONG: every access outside of its memory is a memory trap');
    expect(lines).toContain('WRONG: nothing changed but its own memory');
    expect(lines.at(-2)).toMatch(/^verdict: DAMAGED, /);
  });

  it('notices a changed bit in stack, flash, neighbours, region table, counters, stores and its own state', () => {
    const { status, lines } = run('CORE=cortex-m4', ...broken('bit-flips'));
    expect(status).not.toBe(0);
    const kinds = lines.flatMap((line, i) => {
      const kind = /^scribble: (.*): \d+ tried/.exec(line)?.[1];
      return kind === undefined ? [] : [[kind, lines[i - 1]]];
    });
    const wrong = 'WRONG: nothing changed but its own memory';
    // Stores by index are compared with one region: they never search.
    expect(kinds.filter(([, before]) => before !== wrong).map(([kind]) => kind)).toEqual(['stores by index']);
    expect(kinds).toHaveLength(10);
    expect(lines.at(-2)).toMatch(/^verdict: DAMAGED, /);
  });

  it('is not built from what fcc refuses, and fcc says why', () => {
    const { status, stdout, stderr } = make('refused');
    expect(status).toBe(0);
    expect(stdout).toContain('recurse:\n');
    expect(stderr).toMatch(/error\[FCC0314\]: recursion: down is called while it is active \(recurse\.c:7/);
    expect(stderr).toMatch(/error\[FCC0114\]: down is called while it is active \(recurse_pointer\.c:9/);
    expect(stderr).toMatch(/error\[FCC0112\]: r\d is not known to be the address of a function \(computed\.c:8/);
  });

  it('has committed objects that are those of their sources', () => {
    const again = mkdtempSync(join(out, 'objects-'));
    expect(make('objects', `OBJ=${again}`)).toMatchObject({ status: 0, stderr: '' });
    // What fcc reads: debug information has checksums of the headers, which fcc writes.
    const read = (folder: string, name: string) => {
      const { sections } = readElf(readFileSync(join(folder, `${name}.o`)), name);
      return sections
        .filter((s) => !/debug|tab$/.test(s.name))
        .map((s) => [s.name, Buffer.from(s.data).toString('hex')]);
    };
    for (const name of 'average report spin scribble hoard meter greedy recurse recurse_pointer computed'.split(' ')) {
      expect(read(again, name), name).toEqual(read(join(EXAMPLE, 'containers'), name));
    }
  });
});
