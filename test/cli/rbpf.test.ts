// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseContract } from '../../compiler/contract/schema.js';
import { readImage } from '../../compiler/image/read.js';
import { contractFile, RBPF_SAMPLES, rbpfFile, rbpfSample } from '../bpf/rbpf/samples.js';
import { fixtureFile, loadFixture } from '../fixtures/all.js';
import { fcc, inFolder } from './capture.js';
import { COMPILE, document, FAILURE, REJECTED, RUN } from './shapes.js';

const file = (name: string): string[] => [rbpfFile(name), '--contract', contractFile(name)];
/** Options of `run` for a run of a fixture. */
function asked(name: string, i = 0): string[] {
  const run = loadFixture(name).runs[i]!;
  return [
    ...['--ctx', `hex:${run.context}`],
    ...Object.entries(run.regions).flatMap(([k, v]) => ['--region', `${k}=hex:${v}`]),
  ];
}

describe('Femto-Container images on the command line', () => {
  it.each(RBPF_SAMPLES)('$name: verify, and run as the object runs', async ({ name }) => {
    const verdict = document(REJECTED, (await fcc(['verify', ...file(name), '--json'])).out);
    expect(verdict.programs).toMatchObject([{ function: name, verdict: 'accepted', errors: [] }]);
    const object = [fixtureFile(name, 'v2.o'), '--contract', contractFile(name)];
    for (const where of [[], ['-t', 'cortex-m4']]) {
      const of = async (input: string[]) =>
        document(RUN, (await fcc(['run', ...input, ...asked(name), ...where, '--json'])).out);
      const [mine, wanted] = [await of(file(name)), await of(object)];
      expect(mine).toEqual(wanted);
      expect(`${mine.r0}`).toBe(loadFixture(name).runs[0]!.r0);
    }
  });

  it('compile to an image with the name of the function, or of the file', () =>
    inFolder(async (folder) => {
      for (const name of ['crc32', 'thread_counter']) {
        const output = join(folder, `${name}.fcc`);
        const { out } = await fcc(['compile', ...file(name), '-t', 'cortex-m4', '-o', output, '--json']);
        expect(document(COMPILE, out).programs.map((p) => p.name)).toEqual([name]);
        const run = await fcc(['run', output, '--contract', contractFile(name), ...asked(name)]);
        expect([run.code, run.out]).toEqual([0, expect.stringMatching(`^r0 = ${loadFixture(name).runs[0]!.r0} `)]);
      }
    }));

  it('the image is byte for byte that of the object, but for what names a section', () =>
    inFolder(async (folder) => {
      const text = async (input: string[], name: string): Promise<string> => {
        await fcc(['compile', ...input, '-t', 'cortex-m4', '-o', join(folder, name)]);
        return Buffer.from(readImage(readFileSync(join(folder, name))).text).toString('hex');
      };
      for (const name of ['fletcher32', 'moving_average']) {
        const object = [fixtureFile(name, 'v2.o'), '--contract', contractFile(name)];
        expect(await text(file(name), 'a.fcc')).toBe(await text(object, 'b.fcc'));
      }
    }));

  it('without a contract r1 is a context of any length, and every helper is known', async () => {
    const image = rbpfFile('thread_counter');
    const context = 'hex:00000000000000000700000000000000';
    const results = await Promise.all(
      [[], ['-t', 'cortex-m4'], ['-t', 'esp8266', '-O', '0']].map((where) =>
        fcc(['run', image, '--ctx', context, ...where]),
      ),
    );
    for (const { code, out, err } of results) expect([code, out.slice(0, 12), err]).toEqual([0, 'r0 = 0x1 (1)', '']);
    expect(parseContract(readFileSync(contractFile('thread_counter'), 'utf8'), 'x').helpers).toContain('fetch_global');
  });

  it('inspect and disasm show what is in it', async () => {
    const shown = JSON.parse((await fcc(['inspect', rbpfFile('moving_average'), '--json'])).out);
    expect(shown).toMatchObject({
      schemaVersion: 1,
      kind: 'Femto-Container image',
      functions: [{ name: 'moving_average', entry: true, helpers: expect.arrayContaining([0x31, 0x32]) }],
      dataBytes: 24,
    });
    const listing = await fcc(['disasm', rbpfFile('crc32')]);
    expect([listing.code, listing.err]).toEqual([0, '']);
    expect(listing.out).toContain('_rodata');
    const native = await fcc(['disasm', ...file('crc32'), '-t', 'cortex-m4']);
    expect(native.out).toContain('crc32: entry,');
  });

  it('may come from standard input, and then has no name of its own', async () => {
    const { out } = await fcc(['verify', '-'], rbpfSample('thread_counter'));
    expect(out).toBe('main: accepted\n');
  });

  it('a damaged one is refused by every command, with a place, and leaves nothing behind', () =>
    inFolder(async (folder) => {
      const input = join(folder, 'in.rbpf');
      writeFileSync(input, rbpfSample('crc32').slice(0, -1));
      for (const args of [
        ['compile', input, '-t', 'cortex-m4', '-o', join(folder, 'x.fcc')],
        ['compile', input, '-t', 'ebpf', '-o', join(folder, 'x.fcc')],
        ['verify', input],
        ['run', input],
        ['inspect', input],
        ['disasm', input],
      ]) {
        const { code, err } = await fcc(args);
        expect([code, err.split('\n')[0]]).toEqual([
          3,
          'error[FCC0213]: the lengths in the header do not add up to the length of the file (in.rbpf, byte 12)',
        ]);
        expect(document(FAILURE, (await fcc([...args, '--json'])).out).error.code).toBe('FCC0213');
      }
      expect(readdirSync(folder)).toEqual(['in.rbpf']);
    }));

  it('a program that is not safe is rejected as an object’s is', async () => {
    // r0 = *(u8 *)(r10 + 0)
    const header = '72425046000000000000000000000000000000001000000000000000';
    const bytes = new Uint8Array(Buffer.from(`${header}71a00000000000009500000000000000`, 'hex'));
    const { code, err } = await fcc(['verify', '-'], bytes);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^error\[FCC0107\]: .*\n.*\n.*r0 = \*\(u8 \*\)\(r10 \+ 0\)/),
    ]);
    expect((await fcc(['compile', '-', '-t', 'cortex-m4', '-o', '-'], bytes)).code).toBe(1);
    expect((await fcc(['compile', '-', '-t', 'ebpf', '-o', '-'], bytes)).code).toBe(1);
  });
});
