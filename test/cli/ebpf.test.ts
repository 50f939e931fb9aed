// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findTarget } from '../../backends/index.js';
import { QemuEngine } from '../../compiler/cli/qemu.js';
import { readImage } from '../../compiler/image/read.js';
import { contractFile, rbpfFile } from '../bpf/rbpf/samples.js';
import { rbpfBytes, withNames } from '../bpf/rbpf/write.js';
import { FIXTURE_NAMES, fixtureFile, loadFixture } from '../fixtures/all.js';
import { fcc, inFolder } from './capture.js';
import { EXIT, FLETCHER, FLETCHER_CONTRACT, LOAD_PAST_STACK, MISBEHAVE, MISBEHAVE_CONTRACT, raw } from './objects.js';
import { COMPILE, document, REJECTED, RUN } from './shapes.js';

/** Index 4, one behind the last slot: a store that traps at misbehave.c:14. */
const BAD = ['--function', 'put', '--contract', MISBEHAVE_CONTRACT, '--ctx', 'hex:0400000001000000'];
const GOOD = ['--function', 'put', '--contract', MISBEHAVE_CONTRACT, '--ctx', 'hex:0200000028000000'];
const QEMU = ['-t', 'cortex-m4', '--engine', 'qemu'];
const emulated = new QemuEngine(findTarget('cortex-m4')!).available() === null;

/** Compiles misbehave.o and its map into a folder. */
async function misbehave(folder: string): Promise<{ image: string; map: string }> {
  const [image, map] = [join(folder, 'm.fcc'), join(folder, 'm.map')];
  const made = await fcc([
    'compile',
    MISBEHAVE,
    '-t',
    'ebpf',
    '--contract',
    MISBEHAVE_CONTRACT,
    '-o',
    image,
    '--map',
    map,
  ]);
  expect([made.code, made.err]).toEqual([0, '']);
  return { image, map };
}

describe('fcc compile -t ebpf', () => {
  it('writes an image of eBPF text for any core', () =>
    inFolder(async (folder) => {
      const output = join(folder, 'two.fcc');
      const args = ['compile', MISBEHAVE, '-t', 'ebpf', '--contract', MISBEHAVE_CONTRACT, '-o', output];
      const { code, out, err } = await fcc(args);
      expect([code, err]).toEqual([0, '']);
      const image = readImage(readFileSync(output));
      expect([image.arch, image.features, image.entries.map((e) => e.name)]).toEqual(['ebpf', 0, ['put', 'wait']]);
      const lines = out.trimEnd().split('\n');
      expect(lines).toHaveLength(3);
      expect(lines[0]).toMatch(
        /^put: 15 eBPF instructions -> 1\d\d bytes, stack \d+, 7 of 7 accesses guarded \(6 proved\), fuelled$/,
      );
      expect(lines[2]).toBe(`${output}: ${image.bytes.length} bytes for the interpreter on any core`);
      const json = document(COMPILE, (await fcc([...args, '--json'])).out);
      expect([json.target, json.programs.map((p) => p.worstCase)]).toEqual(['ebpf', [null, null]]);
    }));

  it('writes a C header and a listing as well', () =>
    inFolder(async (folder) => {
      const header = join(folder, 'counter.h');
      const input = [rbpfFile('thread_counter'), '--contract', contractFile('thread_counter'), '-t', 'ebpf'];
      expect((await fcc(['compile', ...input, '--format', 'c', '-o', header])).code).toBe(0);
      const text = readFileSync(header, 'utf8');
      for (const part of [
        '#define COUNTER_LENGTH ',
        '#define COUNTER_ENTRY_THREAD_COUNTER 0',
        '0x46, 0x43, 0x43, 0x31',
      ])
        expect(text).toContain(part);
      const listing = await fcc(['compile', ...input, '--format', 'asm', '-o', '-']);
      expect(listing.out).toContain('entry thread_counter:\n');
    }));

  it('verifies first: what is rejected for a core is rejected', () =>
    inFolder(async (folder) => {
      const input = join(folder, 'in.bin');
      writeFileSync(input, raw(LOAD_PAST_STACK, EXIT));
      const args = ['compile', input, '--raw', '-t', 'ebpf', '-o', join(folder, 'x.fcc')];
      const { code, err } = await fcc(args);
      expect([code, err]).toEqual([1, expect.stringContaining('error[FCC0107]')]);
      const json = await fcc([...args, '--json']);
      expect(document(REJECTED, json.out).programs[0]!.errors[0]!.code).toBe('FCC0107');
      expect(readdirSync(folder)).toEqual(['in.bin']);
      expect((await fcc([...args, '--format', 'sarif'])).code).toBe(1);
    }));

  it('--strict refuses what would need a guard on a core', async () => {
    const args = ['compile', MISBEHAVE, '-t', 'ebpf', '--contract', MISBEHAVE_CONTRACT, '-o', '/dev/null'];
    expect((await fcc(args)).code).toBe(0);
    expect((await fcc([...args, '--strict'])).code).toBe(1);
  });

  it('has no guards to list', async () => {
    const { code, err } = await fcc(['compile', FLETCHER, '-t', 'ebpf', '--guards', '-o', '/dev/null']);
    expect([code, err]).toEqual([2, expect.stringContaining('the interpreter checks every access')]);
  });

  it('holds the limits of the contract, which an interpreter cannot keep', () =>
    inFolder(async (folder) => {
      const limited = async (limits: object) => {
        const contract = join(folder, 'c.json');
        writeFileSync(contract, JSON.stringify({ hook: 'x', limits }));
        const input = join(folder, 'in.bin');
        writeFileSync(input, raw('b700000001000000', EXIT));
        return fcc(['compile', input, '--raw', '--contract', contract, '-t', 'ebpf', '-o', '/dev/null']);
      };
      const instructions = await limited({ instructions: 1000 });
      expect([instructions.code, instructions.err]).toEqual([1, expect.stringContaining('error[FCC0502]')]);
      expect((await limited({ stackBytes: 512 })).err).toContain('with those of the interpreter');
      expect((await limited({ stackBytes: 8192 })).code).toBe(0);
    }));

  it('imports the helpers that a run can reach, and no other number', () =>
    inFolder(async (folder) => {
      const input = join(folder, 'in.bin');
      const output = join(folder, 'x.fcc');
      const importsOf = async (...insns: string[]) => {
        writeFileSync(input, raw(...insns));
        const { code, err } = await fcc(['compile', input, '--raw', '-t', 'ebpf', '-o', output]);
        expect([code, err]).toEqual([0, '']);
        return readImage(readFileSync(output)).imports;
      };
      // Behind the end: no helper at all, an intrinsic, a number that no import can have, one that is allowed.
      for (const id of ['00000000', '00000080', 'ffffffff', '0f270000', '20000000'])
        expect(await importsOf('b700000000000000', EXIT, `85000000${id}`, EXIT)).toEqual([]);
      expect(await importsOf('8500000020000000', EXIT)).toEqual([0x20]);
      // By a register's value: that one, not all that are allowed.
      expect(await importsOf('b702000020000000', '8d02000000000000', EXIT)).toEqual([0x20]);
      expect((await fcc(['run', output, '--ctx', 'hex:00'])).out).toContain('r0 = 0x3e8');
    }));

  it('refuses calls that nest deeper than the interpreter on a device goes', () =>
    inFolder(async (folder) => {
      // Function i calls function i + 1.
      const chain = (n: number): Uint8Array =>
        raw(...Array.from({ length: n - 1 }, () => ['8510000001000000', EXIT]).flat(), 'b700000001000000', EXIT);
      const compiled = async (n: number) => {
        const input = join(folder, 'in.bin');
        writeFileSync(input, chain(n));
        return fcc(['compile', input, '--raw', '-t', 'ebpf', '-o', join(folder, 'x.fcc')]);
      };
      expect((await compiled(8)).code).toBe(0);
      const { code, err } = await compiled(9);
      expect([code, err]).toEqual([4, expect.stringContaining('error[FCC0501]: the calls of main nest too deep')]);
    }));

  it('is no core elsewhere', async () => {
    for (const args of [
      ['run', FLETCHER],
      ['disasm', FLETCHER],
      ['conform', FLETCHER],
    ]) {
      const { code, err } = await fcc([...args, '-t', 'ebpf']);
      expect([code, err]).toEqual([2, expect.stringContaining('`ebpf` is for `fcc compile` alone')]);
    }
    const { out } = await fcc(['targets']);
    expect(out).toMatch(/\n\nebpf {2}no core: /);
    const json = JSON.parse((await fcc(['targets', '--json'])).out);
    expect(json.interpreted).toMatchObject([{ name: 'ebpf', arch: 'ebpf' }]);
    expect((await fcc(['completion', 'bash'])).out).toMatch(/'compile -t'\|'compile --target'[|)].* ebpf'/);
  });
});

describe('images of eBPF text', () => {
  it('run in the interpreter, as their objects do', () =>
    inFolder(async (folder) => {
      for (const name of FIXTURE_NAMES) {
        const output = join(folder, `${name}.fcc`);
        const contract = ['--contract', fixtureFile(name, 'contract.json')];
        await fcc(['compile', fixtureFile(name, 'v3.o'), '-t', 'ebpf', ...contract, '-o', output]);
        const run = loadFixture(name).runs[0]!;
        const regions = Object.entries(run.regions).flatMap(([k, v]) => ['--region', `${k}=hex:${v}`]);
        const asked = [...contract, '--function', run.program, '--ctx', `hex:${run.context}`, ...regions, '--json'];
        const [mine, object] = [
          await fcc(['run', output, ...asked]),
          await fcc(['run', fixtureFile(name, 'v3.o'), ...asked]),
        ];
        expect([mine.code, document(RUN, mine.out)]).toEqual([0, document(RUN, object.out)]);
      }
    }));

  it(
    'run an entry by its whole name, of which an image keeps 23 characters, or by those',
    () =>
      inFolder(async (folder) => {
        const one = 'a_name_that_is_much_too_long_1';
        const two = 'a_name_that_is_much_too_long_2';
        const { rodata, at } = withNames(new Uint8Array(0), [one, two]);
        const text = raw('b700000001000000', EXIT, 'b700000002000000', EXIT);
        const functions = at.map((name, i) => ({ name, place: 16 * i }));
        const [input, output] = [join(folder, 'in.rbpf'), join(folder, 'x.fcc')];
        const engines = [['ebpf'], ['cortex-m4'], ...(emulated ? [['cortex-m4', ...QEMU.slice(2)]] : [])] as const;
        for (const [target, ...engine] of engines) {
          const runOf = async (...args: string[]) => fcc(['run', output, '--ctx', 'hex:00', ...engine, ...args]);
          const compile = async (rows: typeof functions) => {
            writeFileSync(input, rbpfBytes({ rodata, text, functions: rows }));
            expect((await fcc(['compile', input, '-t', target, '-o', output])).code).toBe(0);
          };
          await compile(functions);
          expect((await runOf('--function', one)).out).toMatch(/^r0 = 0x1 /);
          expect((await runOf('--function', two)).out).toMatch(/^r0 = 0x2 /);
          expect((await runOf('--function', one.slice(0, 23))).err).toContain('error[FCC0004]');
          await compile(functions.slice(1));
          for (const args of [[], ['--function', two], ['--function', two.slice(0, 23)]])
            expect((await runOf(...args)).out).toMatch(/^r0 = 0x2 /);
          expect((await runOf('--function', one)).code).toBe(2);
        }
      }),
    120_000,
  );

  it('name the source line of a trap by their map', () =>
    inFolder(async (folder) => {
      const { image, map } = await misbehave(folder);
      expect((await fcc(['run', image, ...GOOD])).out).toMatch(/^r0 = 0x28 \(40\) after \d+ instructions\n$/);
      const traps = await fcc(['run', image, ...BAD]);
      expect([traps.code, traps.err]).toEqual([
        1,
        expect.stringMatching(/^trap 1 \(memory\): put, instruction \d+: write: /),
      ]);
      expect(traps.err).toContain('--map FILE');
      const { err } = await fcc(['run', image, ...BAD, '--map', map]);
      expect(err).toContain('--> ./misbehave.c:14\n');
    }));

  it.runIf(emulated)(
    'and run in the interpreter of the firmware',
    () =>
      inFolder(async (folder) => {
        const { image, map } = await misbehave(folder);
        const good = await fcc(['run', image, ...GOOD, ...QEMU]);
        expect([good.code, good.out]).toEqual([0, expect.stringMatching(/^r0 = 0x28 \(40\)/)]);
        const { code, err } = await fcc(['run', image, ...BAD, ...QEMU, '--map', map]);
        expect([code, err]).toEqual([
          1,
          expect.stringMatching(/^trap 1 \(memory\) at site \d+\n {2}--> \.\/misbehave\.c:14\n$/),
        ]);
      }),
    120_000,
  );

  it('need a firmware with an interpreter', () =>
    inFolder(async (folder) => {
      const { image } = await misbehave(folder);
      const { code, err } = await fcc(['run', image, ...GOOD, '-t', 'esp32', '--engine', 'qemu']);
      expect([code, err]).toEqual([4, expect.stringContaining('no firmware with an interpreter for esp32')]);
    }));

  it("import the firmware's own helpers like any others", () =>
    inFolder(async (folder) => {
      const contract = join(folder, 'c.json');
      const signatures = [
        { id: 0x200, name: 'led', args: [{ kind: 'u32', name: 'on' }], result: { kind: 'void' }, doc: 'Sets an LED.' },
      ];
      writeFileSync(contract, JSON.stringify({ hook: 'x', helpers: ['led'], signatures }));
      const input = join(folder, 'in.bin');
      writeFileSync(input, raw('b701000001000000', '8500000000020000', 'b700000000000000', EXIT));
      const output = join(folder, 'x.fcc');
      const made = await fcc(['compile', input, '--raw', '--contract', contract, '-t', 'ebpf', '-o', output]);
      expect([made.code, made.err]).toEqual([0, '']);
      expect(JSON.parse((await fcc(['inspect', output, '--json'])).out).imports).toMatchObject([{ id: 0x200 }]);
      // What it does is known on a device only; here it does as little as for the object.
      const [mine, object] = await Promise.all(
        [[output], [input, '--raw']].map((of) => fcc(['run', ...of, '--contract', contract, '--ctx', 'hex:00'])),
      );
      const said = object!.err.trimEnd();
      expect([object!.code, said]).toEqual([1, expect.stringContaining('(0x200) is the firmware')]);
      expect([mine!.code, mine!.err]).toEqual([1, expect.stringContaining(said)]);
      // Without the contract nobody knows it.
      expect((await fcc(['compile', input, '--raw', '-t', 'ebpf', '-o', output])).code).toBe(1);
    }));

  it('have no native code, for the simulator or a core', () =>
    inFolder(async (folder) => {
      const { image } = await misbehave(folder);
      for (const [more, said] of [
        [['--engine', 'sim'], 'the simulator runs native code'],
        [['--engine', 'qemu'], '--engine qemu needs a target'],
        [['-t', 'cortex-m4'], 'no --engine qemu'],
        [['-t', 'cortex-m4', '--engine', 'sim'], 'the simulator runs native code'],
      ] as const) {
        const { code, err } = await fcc(['run', image, ...GOOD, ...more]);
        expect([code, err]).toEqual([2, expect.stringContaining(said)]);
      }
    }));

  it('are shown as eBPF', () =>
    inFolder(async (folder) => {
      const { image } = await misbehave(folder);
      const listing = await fcc(['disasm', image]);
      expect([listing.code, listing.err]).toEqual([0, '']);
      expect(listing.out).toContain('entry put:\n');
      expect(JSON.parse((await fcc(['disasm', image, '--json'])).out).target).toBe('ebpf');
      const shown = JSON.parse((await fcc(['inspect', image, '--json'])).out);
      expect(shown).toMatchObject({
        kind: 'image',
        arch: 'ebpf',
        functions: 2,
        entries: [{ name: 'put' }, { name: 'wait' }],
      });
      expect(shown).not.toHaveProperty('trapSites');
    }));

  it('are of one contract, as all images are', () =>
    inFolder(async (folder) => {
      const { image } = await misbehave(folder);
      const { code, err } = await fcc([
        'run',
        image,
        '--function',
        'put',
        '--contract',
        FLETCHER_CONTRACT,
        '--region',
        'data=hex:00',
      ]);
      expect([code, err]).toEqual([2, expect.stringContaining('error[FCC0712]')]);
    }));
});
