// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixtureFile, loadFixture } from '../fixtures/all.js';
import { type Captured, fcc, inFolder } from './capture.js';
import {
  EXIT,
  FLETCHER,
  FLETCHER_CONTRACT,
  LOAD_PAST_STACK,
  MISBEHAVE,
  MISBEHAVE_CONTRACT,
  MOV_R0_42,
  PLAIN,
  raw,
} from './objects.js';
import { document, FAILURE, REJECTED, RUN } from './shapes.js';

const [RIOT] = loadFixture('fletcher32').runs;
const FLETCHER_RUN = [
  ...[FLETCHER, '--contract', FLETCHER_CONTRACT, '--ctx', `hex:${RIOT!.context}`],
  ...['--region', `data=hex:${RIOT!.regions.data}`],
];
/** index 9 of 4, value 1 */
const PUT_OUTSIDE = ['--contract', MISBEHAVE_CONTRACT, '--function', 'put', '--ctx', 'hex:0900000001000000'];
const WAIT = ['--contract', MISBEHAVE_CONTRACT, '--function', 'wait', '--ctx', 'hex:0100000000000000'];
const M4 = ['-t', 'cortex-m4'];

async function imageIn(folder: string): Promise<{ image: string; map: string }> {
  const [image, map] = [join(folder, 'a.fcc'), join(folder, 'a.map')];
  const args = [MISBEHAVE, ...M4, '--contract', MISBEHAVE_CONTRACT, '-o', image, '--map', map];
  expect((await fcc(['compile', ...args])).code).toBe(0);
  return { image, map };
}

describe('fcc run', () => {
  it('runs an object in the interpreter', async () => {
    const { code, out, err } = await fcc(['run', ...FLETCHER_RUN]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^r0 = 0x5bac8c3d \(1538034749\) after \d+ instructions\n$/);
  });

  it('compiles and runs it in the simulator with a target', async () => {
    const { code, out } = await fcc(['run', ...FLETCHER_RUN, ...M4]);
    expect(code).toBe(0);
    expect(out).toMatch(/^r0 = 0x5bac8c3d /);
  });

  it('answers in the documented shape with --json', async () => {
    for (const [more, engine, target] of [
      [[], 'interp', null],
      [M4, 'sim', 'cortex-m4'],
    ] as const) {
      const { code, out } = await fcc(['run', ...FLETCHER_RUN, ...more, '--json']);
      expect(code).toBe(0);
      const answer = document(RUN, out);
      expect(answer).toMatchObject({ engine, target, status: 'ok', r0: '0x5bac8c3d' });
      expect(answer.trap).toBeUndefined();
      expect(answer.instructions).toBeGreaterThan(180 * 4);
    }
  });

  it('shows negative results as such', async () => {
    // r0 = -2
    const { out } = await fcc(['run', '-', '--raw'], raw('b7000000feffffff', EXIT));
    expect(out).toBe('r0 = 0xfffffffffffffffe (-2) after 2 instructions\n');
  });

  it('runs an image, with the entry chosen', () =>
    inFolder(async (folder) => {
      const { image } = await imageIn(folder);
      const args = ['run', image, '--contract', MISBEHAVE_CONTRACT, '--ctx', 'hex:0200000005000000'];
      const { code, out } = await fcc([...args, '--function', 'put']);
      expect(code).toBe(0);
      expect(out).toMatch(/^r0 = 0x5 /);
      const unnamed = await fcc(args);
      expect([unnamed.code, unnamed.out]).toEqual([2, '']);
      expect(unnamed.err).toContain('error[FCC0004]: the image has several entry points');
      expect(unnamed.err).toContain('put, wait');
      expect((await fcc([...args, '--function', 'get'])).err).toContain('no entry point named get');
    }));

  it('reads object, context and region from standard input', async () => {
    const object = new Uint8Array(readFileSync(MISBEHAVE));
    const args = ['run', '-', '--contract', MISBEHAVE_CONTRACT, '--function', 'put', '--ctx'];
    expect((await fcc([...args, 'hex:0100000007000000'], object)).out).toMatch(/^r0 = 0x7 /);
    const twice = await fcc([...args, '-'], object);
    expect([twice.code, twice.out]).toEqual([2, '']);
    const context = await fcc(['run', MISBEHAVE, ...args.slice(2), '-'], raw('0100000008000000'));
    expect(context.out).toMatch(/^r0 = 0x8 /);
  });
});

describe('traps of fcc run', () => {
  const trapped = ({ code, out, err }: Captured): string => {
    expect([code, out]).toEqual([1, '']);
    return err;
  };

  it('name the source line on every engine', async () => {
    const interp = trapped(await fcc(['run', MISBEHAVE, ...PUT_OUTSIDE]));
    expect(interp).toMatch(/^trap 1 \(memory\): put, instruction 8: write: 4 bytes .*\n {2}--> \.\/misbehave\.c:14\n$/);
    const sim = trapped(await fcc(['run', MISBEHAVE, ...PUT_OUTSIDE, ...M4]));
    expect(sim).toMatch(/^trap 1 \(memory\) at site 0.*\n {2}--> \.\/misbehave\.c:14\n$/);
  });

  it('--fuel ends an endless loop', async () => {
    for (const more of [[], M4]) {
      const err = trapped(await fcc(['run', MISBEHAVE, ...WAIT, '--fuel', '1000', ...more]));
      expect(err).toMatch(/^trap 2 \(fuel\).*\n {2}--> \.\/misbehave\.c:20\n$/);
    }
    for (const fuel of ['0', '-1', 'x', '1e3', '4294967296']) {
      const { code, err } = await fcc(['run', MISBEHAVE, ...WAIT, `--fuel=${fuel}`]);
      expect([code, err]).toEqual([2, expect.stringContaining('--fuel does not take')]);
    }
  });

  it('are in the documented shape with --json', async () => {
    const interp = await fcc(['run', MISBEHAVE, ...PUT_OUTSIDE, '--json']);
    expect([interp.code, interp.err]).toEqual([1, '']);
    const place = { file: './misbehave.c', line: 14 };
    expect(document(RUN, interp.out)).toMatchObject({
      status: 'trap',
      r0: '0x0',
      trap: { code: 1, site: null, ...place },
    });
    const sim = await fcc(['run', MISBEHAVE, ...PUT_OUTSIDE, ...M4, '--json']);
    expect(document(RUN, sim.out)).toMatchObject({ status: 'trap', trap: { code: 1, site: 0, ...place } });
  });

  it('of an image need its map for the line, and say so', () =>
    inFolder(async (folder) => {
      const { image, map } = await imageIn(folder);
      const err = trapped(await fcc(['run', image, ...PUT_OUTSIDE]));
      expect(err).toMatch(/^trap 1 \(memory\) at site 0/);
      expect(err).toContain('--map FILE');
      expect(trapped(await fcc(['run', image, ...PUT_OUTSIDE, '--map', map]))).toContain('--> ./misbehave.c:14');
      const other = await fcc(['compile', MISBEHAVE, ...M4, '-o', join(folder, 'b.fcc'), '--map', map]);
      expect(other.code).toBe(0);
      const wrong = await fcc(['run', image, ...PUT_OUTSIDE, '--map', map]);
      expect(wrong.code).toBe(3);
      expect(wrong.err).toContain('error[FCC0611]: the map belongs to another image');
    }));

  it('of an object without line information say how to get it', async () => {
    const err = trapped(await fcc(['run', PLAIN, '--ctx', 'hex:00000000']));
    expect(err).toContain('trap 1 (memory)');
    expect(err).toContain('compile with -g');
  });
});

describe('memory of fcc run', () => {
  const copy = fixtureFile('memory_copy', 'v3.o');
  const contract = fixtureFile('memory_copy', 'contract.json');
  const [first] = loadFixture('memory_copy').runs;

  it('--region NAME=FILE:rw and --ctx-out write back what the program left, in files of the same length', () =>
    inFolder(async (folder) => {
      const regions = Object.entries(first!.regions).flatMap(([name, hex]) => {
        writeFileSync(join(folder, name), Buffer.from(hex, 'hex'));
        return ['--region', `${name}=${join(folder, name)}:rw`];
      });
      const context = join(folder, 'ctx.out');
      const { code } = await fcc([
        ...['run', copy, '--contract', contract, '--function', first!.program],
        ...['--ctx', `hex:${first!.context}`, '--ctx-out', context, ...regions],
      ]);
      expect(code).toBe(0);
      const after = { ...first!.regions, ...first!.regionsAfter };
      for (const [name, hex] of Object.entries(after)) {
        expect(readFileSync(join(folder, name)).toString('hex'), name).toBe(hex);
      }
      expect(readFileSync(context).toString('hex')).toBe(first!.contextAfter ?? first!.context);
      expect(readdirSync(folder).sort()).toEqual([...Object.keys(after), 'ctx.out'].sort());
    }));

  it('a region without :rw stays as it was', () =>
    inFolder(async (folder) => {
      const args = Object.entries(first!.regions).flatMap(([name, hex]) => {
        writeFileSync(join(folder, name), Buffer.from(hex, 'hex'));
        return ['--region', `${name}=${join(folder, name)}`];
      });
      const run = ['run', copy, '--contract', contract, '--function', first!.program, '--ctx', `hex:${first!.context}`];
      expect((await fcc([...run, ...args])).code).toBe(0);
      for (const [name, hex] of Object.entries(first!.regions)) {
        expect(readFileSync(join(folder, name)).toString('hex')).toBe(hex);
      }
    }));

  it('an output that cannot be written is an error, and no other is written', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'ctx');
      const args = [
        'run',
        MISBEHAVE,
        '--contract',
        MISBEHAVE_CONTRACT,
        '--function',
        'put',
        '--ctx',
        'hex:0000000001000000',
      ];
      const { code, out, err } = await fcc([...args, '--ctx-out', join(folder, 'no/ctx')]);
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain('error[FCC0003]');
      expect((await fcc([...args, '--ctx-out', file])).code).toBe(0);
      expect(readFileSync(file).toString('hex')).toBe('0000000001000000');
      expect(readdirSync(folder)).toEqual(['ctx']);
      const both = await fcc([...args, '--ctx-out', '-', '--json']);
      expect([both.code, both.err]).toEqual([2, expect.stringContaining('both want standard output')]);
    }));

  it.each([
    ['a region without a size that is not given', [], 'FCC0701', 'region data is not given'],
    ['a region that the contract does not have', ['--region', 'x=hex:00'], 'FCC0701', 'the contract has no region x'],
    ['a region given twice', ['--region', 'data=hex:00', '--region', 'data=hex:'], 'FCC0001', 'data is given twice'],
    ['a region without a name', ['--region', '=hex:00'], 'FCC0001', '--region is incomplete'],
    ['a region without a value', ['--region', 'data'], 'FCC0001', '--region is incomplete'],
    ['odd digits', ['--region', 'data=hex:0'], 'FCC0001', 'not hexadecimal'],
    ['a missing region file', ['--region', 'data=no.bin:rw'], 'FCC0002', 'cannot read no.bin'],
    ['a region that is too long', ['--region', `data=hex:${'00'.repeat(4098)}`], 'FCC0701', 'data'],
    ['a context of the wrong length', ['--region', 'data=hex:', '--ctx', 'hex:00'], 'FCC0701', 'context'],
  ])('%s is refused', async (_what, args, error, message) => {
    for (const engine of [[], M4]) {
      const { code, out, err } = await fcc(['run', FLETCHER, '--contract', FLETCHER_CONTRACT, ...args, ...engine]);
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain(`error[${error}]`);
      expect(err).toContain(message);
    }
  });

  it('an empty region is given as hex:', async () => {
    const { code, out } = await fcc(['run', FLETCHER, '--contract', FLETCHER_CONTRACT, '--region', 'data=hex:']);
    expect(code).toBe(0);
    expect(out).toMatch(/^r0 = 0xffffffff /);
  });
});

describe('errors of fcc run', () => {
  it('a rejected program is not run', async () => {
    const program = raw(LOAD_PAST_STACK, EXIT);
    const native = await fcc(['run', '-', '--raw', ...M4, '--json'], program);
    expect(native.code).toBe(1);
    expect(document(REJECTED, native.out).programs[0]!.errors[0]!.code).toBe('FCC0107');
    const interp = await fcc(['run', '-', '--raw'], program);
    expect([interp.code, interp.out]).toEqual([1, '']);
    expect(interp.err).toContain('trap 1 (memory)');
  });

  it.each([
    ['an image in the interpreter', ['--engine', 'interp'], 2, 'FCC0711'],
    ['an image under another contract', ['--contract', FLETCHER_CONTRACT], 2, 'FCC0712'],
    ['an unknown engine', ['--engine', 'gpu'], 2, 'FCC0001'],
    ['a map that is none', ['--map', MISBEHAVE_CONTRACT], 3, 'FCC0611'],
  ])('%s', (_what, args, exit, error) =>
    inFolder(async (folder) => {
      const { image } = await imageIn(folder);
      const base = [
        'run',
        image,
        '--function',
        'put',
        ...(args[0] === '--contract' ? [] : ['--contract', MISBEHAVE_CONTRACT]),
      ];
      const { code, out } = await fcc([...base, ...args, '--json']);
      expect(code).toBe(exit);
      expect(document(FAILURE, out).error.code).toBe(error);
    }),
  );

  it('damaged images are malformed, whatever byte it is', () =>
    inFolder(async (folder) => {
      const { image } = await imageIn(folder);
      const good = new Uint8Array(readFileSync(image));
      for (const at of [0, 4, 8, 16, 40, good.length - 1]) {
        const bad = good.slice();
        bad[at]! ^= 0x40;
        const { code, out, err } = await fcc(['run', '-', '--contract', MISBEHAVE_CONTRACT, '--function', 'put'], bad);
        expect([code, out], `byte ${at}`).toEqual([3, '']);
        expect(err).toMatch(/^error\[FCC0(201|60\d)\]/);
      }
    }));

  it('native engines need a target', async () => {
    const { code, err } = await fcc(['run', MISBEHAVE, '--engine', 'sim']);
    expect([code, err]).toEqual([2, expect.stringContaining('add -t cortex-m4')]);
  });

  it('a result of 42 is the same everywhere', async () => {
    for (const more of [[], M4, [...M4, '-O', '0']]) {
      const { out } = await fcc(['run', '-', '--raw', ...more], raw(MOV_R0_42, EXIT));
      expect(out).toMatch(/^r0 = 0x2a \(42\)/);
    }
  });
});
