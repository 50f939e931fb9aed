// SPDX-License-Identifier: MIT
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fcc, inFolder } from '../cli/capture.js';
import { MISBEHAVE, MISBEHAVE_CONTRACT } from '../cli/objects.js';
import { CONFORM, document, RUN } from '../cli/shapes.js';
import { PLACES } from './boards.js';
import { available } from './engine.js';

const QEMU = ['-t', 'cortex-m4', '--engine', 'qemu'];
const put = (index: number) => [
  ...['run', MISBEHAVE, '--contract', MISBEHAVE_CONTRACT, '--function', 'put', ...QEMU],
  ...['--ctx', `hex:0${index}00000005000000`],
];

describe.skipIf(!available)('the command line with the emulator', () => {
  it('runs, and counts as many instructions as the simulator does', async () => {
    const simulated = document(RUN, (await fcc([...put(2), '--json'].map((a) => (a === 'qemu' ? 'sim' : a)))).out);
    const { instructions } = simulated;
    expect(await fcc(put(2))).toEqual({ code: 0, out: `r0 = 0x5 (5) after ${instructions} instructions\n`, err: '' });
    const answer = document(RUN, (await fcc([...put(2), '--json'])).out);
    expect(answer).toMatchObject({ engine: 'qemu', target: 'cortex-m4', status: 'ok', r0: '0x5', instructions });
  });

  it('names the source line of a trap', async () => {
    const plain = await fcc(put(4));
    expect([plain.code, plain.out]).toEqual([1, '']);
    expect(plain.err).toMatch(/^trap 1 \(memory\) at site 0.*\n {2}--> \.\/misbehave\.c:14\n$/);
    const answer = document(RUN, (await fcc([...put(4), '--json'])).out);
    expect(answer.trap).toMatchObject({ code: 1, site: 0, file: './misbehave.c', line: 14 });
  });

  it('writes files back, and judges vectors', () =>
    inFolder(async (folder) => {
      const context = join(folder, 'ctx');
      expect((await fcc([...put(1), '--ctx-out', context])).code).toBe(0);
      expect(readFileSync(context).toString('hex')).toBe('0100000005000000');
      // r0 = 42; exit, and the same with a wrong expectation
      const vector = (name: string, r0: string) =>
        `{"name":"${name}","program_hex":"b70000002a0000009500000000000000","memory_hex":null,"expected_r0":"${r0}"}\n`;
      const file = join(folder, 'v.jsonl');
      writeFileSync(file, vector('right', '0x2a') + vector('wrong', '0x2b'));
      const { code, out } = await fcc(['conform', file, ...QEMU, '--json']);
      expect(code).toBe(1);
      expect(document(CONFORM, out)).toMatchObject({ total: 2, passed: 1, skipped: 0, failed: [{ name: 'wrong' }] });
    }));

  it.each(PLACES.filter((p) => p.missing === null))('runs on $title too', async ({ target, board }) => {
    const args = put(1).map((a) => (a === 'cortex-m4' ? target.core.name : a));
    const answer = await fcc([...args, '--board', board, '--json']);
    expect([answer.code, answer.err]).toEqual([0, '']);
    expect(document(RUN, answer.out)).toMatchObject({ engine: 'qemu', target: target.core.name, board, r0: '0x5' });
  });
});
