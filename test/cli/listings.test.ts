// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findTarget } from '../../backends/index.js';
import { nativeListing } from '../../compiler/cli/native.js';
import { readImage } from '../../compiler/image/read.js';
import { fixtureFile } from '../fixtures/all.js';
import { fcc, inFolder } from './capture.js';
import { EXIT, LOAD_PAST_STACK, MISBEHAVE, MISBEHAVE_CONTRACT, MOV_R0_42, raw } from './objects.js';
import { document, FAILURE, REJECTED } from './shapes.js';

const TWO = [MISBEHAVE, '--contract', MISBEHAVE_CONTRACT];
const halves = (...h: number[]): Uint8Array => Uint8Array.from(h.flatMap((x) => [x & 255, x >> 8]));

describe('fcc disasm', () => {
  it('shows eBPF without a target', async () => {
    const { code, out, err } = await fcc(['disasm', MISBEHAVE]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/r2 <<= 2/);
    expect(out).toContain('exit');
  });

  it('shows source, eBPF and native code side by side, guards marked', async () => {
    const { code, out } = await fcc(['disasm', ...TWO, '-t', 'cortex-m4', '-S']);
    expect(code).toBe(0);
    expect(out).toContain('; ./misbehave.c:14  slots[ctx->index] = ctx->value;');
    expect(out).toMatch(/^put \(fc\/slot\): entry, \d+ bytes$/m);
    expect(out).toMatch(/^ +16: exit +[0-9a-f]+: [0-9a-f]{4} +[a-z]+ /m);
    expect(out).toMatch(/ ! +[0-9a-f]+: [0-9a-f]+ +b(hs|hi|lo|ls) /);
    expect(out).toMatch(/^trap table: 2 sites\n( +[0-9a-f]+: [0-9a-f]{8} +bl #0x[0-9a-f]+\n){2}$/m);
    const without = await fcc(['disasm', ...TWO, '-t', 'cortex-m4']);
    expect(without.out).not.toContain('misbehave.c');
  });

  it('shows every byte of the text once', () =>
    inFolder(async (folder) => {
      const image = join(folder, 'a.fcc');
      for (const name of ['sha256', 'coap_response', 'calls_globals']) {
        const args = [fixtureFile(name, 'v4.o'), '-t', 'cortex-m4', '--contract', fixtureFile(name, 'contract.json')];
        expect((await fcc(['compile', ...args, '-o', image])).code).toBe(0);
        const { text, trapTable, trapCount } = readImage(readFileSync(image));
        const { out } = await fcc(['disasm', ...args]);
        const shown = [...out.matchAll(/^.*?([0-9a-f]+): ([0-9a-f]{4}|[0-9a-f]{8}) {2,6}\S/gm)]
          .map((m) => m[2])
          .join('');
        expect(shown).toBe(
          Buffer.from(text.subarray(0, trapTable + 4 * trapCount))
            .toString('hex')
            .slice(0, shown.length),
        );
        expect(shown.length).toBeGreaterThan(2 * text.length - 32);
      }
    }));

  it('shows an image, with its map side by side', () =>
    inFolder(async (folder) => {
      const [image, map] = [join(folder, 'a.fcc'), join(folder, 'a.map')];
      await fcc(['compile', ...TWO, '-t', 'cortex-m4', '-o', image, '--map', map]);
      const plain = await fcc(['disasm', image]);
      expect(plain.out).toMatch(/^ +0: [0-9a-f]+ /);
      const mapped = await fcc(['disasm', image, '--map', map, '-S']);
      expect(mapped.out).toContain('; ./misbehave.c:14');
      expect(mapped.out).toMatch(/^ +! +[0-9a-f]+: /m);
      const json = JSON.parse((await fcc(['disasm', image, '--json'])).out);
      expect(json).toMatchObject({ schemaVersion: 1, target: expect.stringContaining('cortex') });
      expect(json.instructions[0]).toMatchObject({ address: 0 });
      expect(json.listing.length).toBeGreaterThan(json.instructions.length - 1);
      await fcc(['compile', MISBEHAVE, '-t', 'cortex-m4', '-o', join(folder, 'b.fcc'), '--map', map]);
      expect((await fcc(['disasm', image, '--map', map])).code).toBe(3);
    }));

  it('a rejected program is one document with --json', async () => {
    const args = ['disasm', '-', '--raw', '-t', 'cortex-m4'];
    const plain = await fcc(args, raw(LOAD_PAST_STACK, EXIT));
    expect([plain.code, plain.out]).toEqual([1, '']);
    const json = await fcc([...args, '--json'], raw(LOAD_PAST_STACK, EXIT));
    expect(document(REJECTED, json.out).programs[0]!.verdict).toBe('rejected');
  });
});

describe('native code of listings', () => {
  const target = findTarget('cortex-m4')!;
  const list = async (text: Uint8Array) => (await nativeListing(target, text)).map((i) => `${i.address} ${i.text}`);

  it('is in the words of capstone', async () => {
    expect(await list(halves(0x202a, 0xf8d9, 0x1004, 0x4770))).toEqual([
      '0 movs r0, #0x2a',
      '2 ldr.w r1, [sb, #4]',
      '6 bx lr',
    ]);
  });

  it('shows words that are loaded as words, whatever instruction they would be', async () => {
    // ldr r0, [pc, #4]; ldr r1, [pc, #8]; bx lr; nop; 0xf000bf08 (an IT instruction and half a branch); 0xffffffff; movs r0, #1
    const text = halves(0x4801, 0x4902, 0x4770, 0xbf00, 0xbf08, 0xf000, 0xffff, 0xffff, 0x2001);
    expect(await list(text)).toEqual([
      '0 ldr r0, [pc, #4]',
      '2 ldr r1, [pc, #8]',
      '4 bx lr',
      '6 nop',
      '8 .word 0xf000bf08',
      '12 .word 0xffffffff',
      '16 movs r0, #1',
    ]);
  });

  it('falls back to our own printer where capstone does not know or agree', async () => {
    // 0xde00 is udf #0; 0xf7f0a000 is udf.w #0; 0xffff ends in the middle
    const shown = await list(halves(0xde00, 0x2000, 0xffff));
    expect(shown[0]).toMatch(/^0 udf/);
    expect(shown.slice(1)).toEqual(['2 movs r0, #0', '4 .short 0xffff']);
    expect(await list(new Uint8Array())).toEqual([]);
  });

  it('has no second word for other instruction sets', async () => {
    const other = { ...target, arch: 'riscv32' as const, disassemble: () => [{ address: 0, size: 2, text: 'ours' }] };
    expect(await nativeListing(other, halves(0x202a))).toEqual([{ address: 0, size: 2, text: 'ours' }]);
  });
});

describe('fcc inspect', () => {
  it('shows an object: functions, sizes, helpers', async () => {
    const { code, out, err } = await fcc(['inspect', fixtureFile('thread_counter', 'v3.o')]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^kind +object$/m);
    expect(out).toMatch(/thread_counter +fc\/sched +true +16 +/);
    const json = JSON.parse((await fcc(['inspect', fixtureFile('thread_counter', 'v3.o'), '--json'])).out);
    expect(json).toMatchObject({
      schemaVersion: 1,
      kind: 'object',
      functions: [{ name: 'thread_counter', helpers: [0x13, 0x11] }],
    });
  });

  it('shows an image: lengths that add up, entries, imports by name', () =>
    inFolder(async (folder) => {
      const image = join(folder, 'a.fcc');
      const contract = fixtureFile('thread_counter', 'contract.json');
      await fcc([
        'compile',
        fixtureFile('thread_counter', 'v3.o'),
        '-t',
        'cortex-m4',
        '--contract',
        contract,
        '-o',
        image,
      ]);
      const { out } = await fcc(['inspect', image]);
      expect(out).toMatch(/^arch +thumb$/m);
      expect(out).toContain('store_global');
      const json = JSON.parse((await fcc(['inspect', '-', '--json'], new Uint8Array(readFileSync(image)))).out);
      expect(json).toMatchObject({
        ...{ schemaVersion: 1, kind: 'image', arch: 'thumb', imageBytes: readFileSync(image).length },
        context: { length: 16, align: 8, rights: 'r' },
        entries: [{ name: 'thread_counter' }],
      });
      expect(json.imports.map((i: { name: string }) => i.name).sort()).toEqual(['fetch_global', 'store_global']);
    }));

  it.each([
    ['nothing', new Uint8Array(), 'an empty file'],
    ['bare instructions', raw(MOV_R0_42, EXIT), '--raw'],
    ['a picture', new TextEncoder().encode('\x89PNG....'), 'neither an eBPF object nor an fcc image'],
  ])('%s is neither: exit code 3', async (_what, bytes, message) => {
    const { code, out, err } = await fcc(['inspect', '-'], bytes);
    expect([code, out]).toEqual([3, '']);
    expect(err).toContain('error[FCC0201]: standard input is neither');
    expect(err).toContain(message);
    expect(document(FAILURE, (await fcc(['inspect', '-', '--json'], bytes)).out).error.code).toBe('FCC0201');
  });
});
