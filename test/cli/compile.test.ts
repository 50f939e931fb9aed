// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outputName } from '../../compiler/cli/compile.js';
import { parseMap } from '../../compiler/image/map.js';
import { readImage } from '../../compiler/image/read.js';
import { fcc, inFolder } from './capture.js';
import {
  EXIT,
  FLETCHER,
  FLETCHER_CONTRACT,
  LOAD_PAST_STACK,
  MISBEHAVE,
  MISBEHAVE_CONTRACT,
  MOV_R0_42,
  raw,
} from './objects.js';
import { COMPILE, document, FAILURE, REJECTED } from './shapes.js';

const TWO = [MISBEHAVE, '-t', 'cortex-m4', '--contract', MISBEHAVE_CONTRACT];
const ONE = [FLETCHER, '-t', 'cortex-m4', '--contract', FLETCHER_CONTRACT];

describe('fcc compile', () => {
  it('writes an image and one line per program', () =>
    inFolder(async (folder) => {
      const output = join(folder, 'two.fcc');
      const { code, out, err } = await fcc(['compile', ...TWO, '-o', output]);
      expect([code, err]).toEqual([0, '']);
      const lines = out.trimEnd().split('\n');
      expect(lines).toHaveLength(3);
      expect(lines[0]).toMatch(
        /^put: 15 eBPF instructions -> \d+ bytes, stack \d+, 1 of 7 accesses guarded \(6 proved\), worst case \d+ instructions$/,
      );
      expect(lines[1]).toMatch(/^wait: 4 eBPF instructions -> \d+ bytes, stack \d+, 0 of 1 .*, fuelled$/);
      const image = readImage(readFileSync(output));
      expect(image.entries.map((e) => e.name)).toEqual(['put', 'wait']);
      expect(lines[2]).toBe(`${output}: ${image.bytes.length} bytes for cortex-m4`);
      expect(readdirSync(folder)).toEqual(['two.fcc']);
    }));

  it('answers in the documented shape with --json', () =>
    inFolder(async (folder) => {
      const output = join(folder, 'two.fcc');
      const { code, out, err } = await fcc(['compile', ...TWO, '-o', output, '--json']);
      expect([code, err]).toEqual([0, '']);
      const answer = document(COMPILE, out);
      expect(answer.target).toBe('cortex-m4');
      expect(answer.imageBytes).toBe(statSync(output).size);
      expect(answer.programs.map((p) => [p.name, p.ebpfInstructions, p.guards.kept])).toEqual([
        ['put', 15, 1],
        ['wait', 4, 0],
      ]);
      expect(answer.programs[0]!.worstCase).toBeGreaterThan(15);
      expect(answer.programs[1]!.worstCase).toBeNull();
    }));

  it('--function compiles one of several programs', () =>
    inFolder(async (folder) => {
      const output = join(folder, 'put.fcc');
      expect((await fcc(['compile', ...TWO, '-o', output, '--function', 'put'])).code).toBe(0);
      expect(readImage(readFileSync(output)).entries.map((e) => e.name)).toEqual(['put']);
      const wrong = await fcc(['compile', ...TWO, '-o', output, '--function', 'get']);
      expect([wrong.code, wrong.out]).toEqual([2, '']);
      expect(wrong.err).toContain('error[FCC0004]: no entry point named get');
      expect(wrong.err).toContain('put, wait');
    }));

  it('twice into the same file gives the same bytes and nothing else', () =>
    inFolder(async (folder) => {
      const output = join(folder, 'a.fcc');
      await fcc(['compile', ...TWO, '-o', output]);
      const first = readFileSync(output);
      chmodSync(output, 0o640);
      expect((await fcc(['compile', ...TWO, '-o', output])).code).toBe(0);
      expect(readFileSync(output).equals(first)).toBe(true);
      expect(statSync(output).mode & 0o777).toBe(0o640);
      expect(readdirSync(folder)).toEqual(['a.fcc']);
    }));

  it('-o - streams the output and keeps standard output clean', async () => {
    const { code, out, err } = await fcc(['compile', ...ONE, '-o', '-', '--format', 'asm']);
    expect(code).toBe(0);
    expect(out).toContain('fletcher32 (fc/fletcher32): entry');
    expect(err).toMatch(/^fletcher32: 40 eBPF instructions.*\nimage: \d+ bytes for cortex-m4\n$/);
  });

  it('names the output after the input, in the current folder', () => {
    expect(outputName('some/counter.v3.o', 'image')).toBe('counter.v3.fcc');
    expect(outputName('counter.v3.o', 'c')).toBe('counter.v3.h');
    expect(outputName('/tmp/counter', 'asm')).toBe('counter.s');
    expect(outputName('-', 'image')).toBe('program.fcc');
  });

  it('--format c gives a header that a C compiler takes, with the image in it', () =>
    inFolder(async (folder) => {
      const image = join(folder, 'two.fcc');
      const header = join(folder, 'slot-2.h');
      await fcc(['compile', ...TWO, '-o', image]);
      expect((await fcc(['compile', ...TWO, '-o', header, '--format', 'c'])).code).toBe(0);
      const text = readFileSync(header, 'utf8');
      const bytes = [...text.matchAll(/0x([0-9a-f]{2})\b(?!u)/g)].map((m) => Number.parseInt(m[1]!, 16));
      expect(Buffer.from(bytes).equals(readFileSync(image))).toBe(true);
      expect(text).toContain('static const uint8_t slot_2[SLOT_2_LENGTH]');
      expect(text).toMatch(/#define SLOT_2_ENTRY_PUT 0 /);
      expect(text).toMatch(/#define SLOT_2_ENTRY_WAIT 1 /);
      expect(text).toMatch(/^}.* fc_slot_ctx_t;$/m);
      expect(text).toContain('for hook fc/slot');
    }));

  it('--map writes places of guards, for this image', () =>
    inFolder(async (folder) => {
      const output = join(folder, 'a.fcc');
      const map = join(folder, 'a.map');
      expect((await fcc(['compile', ...TWO, '-o', output, '--map', map])).code).toBe(0);
      const read = parseMap(readFileSync(map, 'utf8'));
      expect(read.checksum).toBe(readImage(readFileSync(output)).checksum);
      expect(read.sites.map((s) => [s.trap, s.file, s.line])).toEqual([
        ['memory', './misbehave.c', 14],
        ['fuel', './misbehave.c', 20],
      ]);
    }));

  it('--strict refuses what would need a guard and writes nothing', () =>
    inFolder(async (folder) => {
      const output = join(folder, 'a.fcc');
      const { code, out, err } = await fcc(['compile', ...TWO, '-o', output, '--map', join(folder, 'm'), '--strict']);
      expect([code, out]).toEqual([1, '']);
      expect(err).toContain('error[FCC0107]');
      expect(err).toContain('misbehave.c:14');
      expect(err).toContain('slots[ctx->index]');
      expect(readdirSync(folder)).toEqual([]);
    }));

  it('a rejected program is one document with --json', async () => {
    const program = raw(LOAD_PAST_STACK, EXIT);
    const { code, out } = await fcc(['compile', '-', '--raw', '-t', 'cortex-m4', '-o', '/dev/null', '--json'], program);
    expect(code).toBe(1);
    const [rejected] = document(REJECTED, out).programs;
    expect(rejected).toMatchObject({ verdict: 'rejected', errors: [{ code: 'FCC0107', instruction: 0 }] });
  });

  it('-O 0, 1 and 2 are levels, anything else is not', () =>
    inFolder(async (folder) => {
      const sizes: number[] = [];
      for (const level of ['0', '1', '2']) {
        const { code, out } = await fcc(['compile', ...ONE, '-o', join(folder, level), '-O', level, '--json']);
        expect(code).toBe(0);
        sizes.push(document(COMPILE, out).programs[0]!.textBytes);
      }
      expect(sizes[2]).toBeLessThan(sizes[0]!);
      const wrong = await fcc(['compile', ...ONE, '-o', join(folder, 'x'), '-O', '3']);
      expect([wrong.code, existsSync(join(folder, 'x'))]).toEqual([2, false]);
    }));

  it('reads bare instructions and standard input', () =>
    inFolder(async (folder) => {
      const output = join(folder, 'a.fcc');
      const { code } = await fcc(['compile', '-', '--raw', '-t', 'cortex-m4', '-o', output], raw(MOV_R0_42, EXIT));
      expect(code).toBe(0);
      expect(readImage(readFileSync(output)).entries).toHaveLength(1);
    }));
});

describe('outputs of fcc compile', () => {
  const refused = async (folder: string, output: string, ...more: string[]): Promise<string> => {
    const before = readdirSync(folder).sort();
    const { code, out, err } = await fcc(['compile', ...TWO, '-o', output, ...more]);
    expect([code, out]).toEqual([2, '']);
    expect(readdirSync(folder).sort()).toEqual(before);
    return err;
  };

  it('cannot go into a folder that is not there, or over a folder', () =>
    inFolder(async (folder) => {
      expect(await refused(folder, join(folder, 'no/a.fcc'))).toMatch(
        /error\[FCC0003\]: cannot write .*no\/a\.fcc\n.*ENOENT/,
      );
      mkdirSync(join(folder, 'sub'));
      expect(await refused(folder, join(folder, 'sub'))).toContain('it is a folder');
    }));

  it('are all written or none', () =>
    inFolder(async (folder) => {
      const map = join(folder, 'a.map');
      writeFileSync(map, 'as before');
      expect(await refused(folder, join(folder, 'no/a.fcc'), '--map', map)).toContain('FCC0003');
      expect(await refused(folder, join(folder, 'a.fcc'), '--map', join(folder, 'no/a.map'))).toContain('FCC0003');
      expect(readFileSync(map, 'utf8')).toBe('as before');
    }));

  it('may not be the object, nor one file for two of them', () =>
    inFolder(async (folder) => {
      const object = join(folder, 'a.o');
      copyFileSync(MISBEHAVE, object);
      const run = await fcc(['compile', object, ...TWO.slice(1), '-o', object]);
      expect(run.code).toBe(2);
      expect(run.err).toContain('the output would replace the object');
      expect(readFileSync(object).equals(readFileSync(MISBEHAVE))).toBe(true);
      const same = join(folder, 'b');
      expect(await refused(folder, same, '--map', join(folder, '.', 'b'))).toContain('two outputs have the same name');
      expect((await fcc(['compile', ...TWO, '-o', '-', '--json'])).code).toBe(2);
      expect((await fcc(['compile', ...TWO, '-o', join(folder, 'c'), '--map', '-', '--json'])).code).toBe(2);
      expect(existsSync(join(folder, 'c'))).toBe(false);
    }));

  it('leave devices, pipes and links what they are', () =>
    inFolder(async (folder) => {
      expect((await fcc(['compile', ...TWO, '-o', '/dev/null'])).code).toBe(0);
      expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
      const link = join(folder, 'link');
      writeFileSync(join(folder, 'real'), '');
      symlinkSync('real', link);
      expect((await fcc(['compile', ...TWO, '-o', link])).code).toBe(0);
      expect(readdirSync(folder).sort()).toEqual(['link', 'real']);
      expect(readFileSync(join(folder, 'real')).subarray(0, 4).toString()).toBe('FCC1');
    }));

  it('a listing goes to standard output when asked for, and only it', async () => {
    const { code, out, err } = await fcc(['compile', ...TWO, '-o', '/dev/null', '--map', '-']);
    expect(code).toBe(0);
    expect(parseMap(out).functions.map((f) => f.name)).toEqual(['put', 'wait']);
    expect(err).toContain('put: 15 eBPF instructions');
  });
});

describe('input of fcc compile', () => {
  it.each([
    ['no target', [MISBEHAVE], 2, 'FCC0001', 'no target given'],
    ['an unknown target', [MISBEHAVE, '-t', 'z80'], 2, 'FCC0001', 'unknown target z80'],
    ['an unknown format', [...TWO, '--format', 'hex'], 2, 'FCC0001', '--format does not take hex'],
    ['a missing object', ['missing.o', '-t', 'cortex-m4'], 2, 'FCC0002', 'cannot read missing.o'],
    ['a folder', ['/', '-t', 'cortex-m4'], 2, 'FCC0002', 'cannot read /'],
    [
      'a missing contract',
      [MISBEHAVE, '-t', 'cortex-m4', '--contract', 'no.json'],
      2,
      'FCC0002',
      'cannot read no.json',
    ],
    ['an object as contract', [MISBEHAVE, '-t', 'cortex-m4', '--contract', MISBEHAVE], 3, 'FCC0402', 'JSON'],
    ['a contract as object', [MISBEHAVE_CONTRACT, '-t', 'cortex-m4'], 3, 'FCC0201', 'neither an eBPF object nor'],
  ])('%s', async (_what, args, exit, error, message) => {
    const plain = await fcc(['compile', ...args, '-o', '/dev/null']);
    expect([plain.code, plain.out]).toEqual([exit, '']);
    expect(plain.err).toContain(`error[${error}]`);
    expect(plain.err).toContain(message);
    const json = await fcc(['compile', ...args, '-o', '/dev/null', '--json']);
    expect(json.code).toBe(exit);
    expect(document(FAILURE, json.out).error.code).toBe(error);
  });

  it('standard input serves one of object and contract', async () => {
    const { code, err } = await fcc(
      ['compile', '-', '-t', 'cortex-m4', '--contract', '-', '-o', '/dev/null'],
      readFileSync(MISBEHAVE),
    );
    expect(code).toBe(2);
    expect(err).toContain('standard input can be read only once');
  });
});

/** The C compiler of the host, if there is one: the header has to be C. */
describe('headers of --format c', () => {
  const has = (() => {
    try {
      execFileSync('gcc', ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      if (process.env.CI) throw new Error('gcc is not installed');
      console.warn('headers not compiled: gcc is not installed');
      return false;
    }
  })();

  it.skipIf(!has)('are C, and may be included twice', () =>
    inFolder(async (folder) => {
      const header = join(folder, 'two.h');
      await fcc(['compile', ...TWO, '-o', header, '--format', 'c']);
      writeFileSync(
        join(folder, 'a.c'),
        '#include "two.h"\n#include "two.h"\nint main(void) { return two[TWO_LENGTH - 1] & 0; }\n',
      );
      execFileSync('gcc', ['-std=c11', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', 'a.c'], { cwd: folder });
      expect(existsSync(header)).toBe(true);
    }),
  );
});
