// SPDX-License-Identifier: MIT
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fcc, inFolder } from './capture.js';
import { EXIT, LOAD_PAST_STACK, MOV_R0_42 } from './objects.js';
import { CONFORM, document, FAILURE } from './shapes.js';

const line = (
  name: string,
  program: string[],
  r0: string | null,
  error: string | null = null,
  memory: string | null = null,
) =>
  JSON.stringify({ name, program_hex: program.join(''), memory_hex: memory, expected_r0: r0, expected_error: error });
const RIGHT = line('right', [MOV_R0_42, EXIT], '0x2a');
/** *(u64 *)(r10 - 8) = 0; lock *(u64 *)(r10 - 8) += r0 */
/** r0 = *(u8 *)(r1 + 1) */
const MEMORY = line('memory', ['7110010000000000', EXIT], '0x7', null, '0507');
const REFUSED = line('refused', [LOAD_PAST_STACK, EXIT], null, 'outside');
const WRONG = line('wrong', [MOV_R0_42, EXIT], '0x2b');
const ATOMIC = line('atomic', ['b700000000000000', '7b0af8ff00000000', 'db0af8ff00000000', EXIT], '0x0');
const bytes = (...lines: string[]): Uint8Array => new TextEncoder().encode(`${lines.join('\n')}\n`);

describe('fcc conform', () => {
  it.each([
    ['the interpreter', [], 'interp: 3 vectors, 3 passed, 0 skipped, 0 failed\n'],
    ['the simulator', ['-t', 'cortex-m4'], 'sim on cortex-m4: 3 vectors, 3 passed, 0 skipped, 0 failed\n'],
    [
      'the interpreter, with a target',
      ['-t', 'cortex-m4', '--engine', 'interp'],
      'interp: 3 vectors, 3 passed, 0 skipped, 0 failed\n',
    ],
  ])('counts what passes in %s', async (_what, more, expected) => {
    expect(await fcc(['conform', '-', ...more], bytes(RIGHT, MEMORY, REFUSED))).toEqual({
      code: 0,
      out: expected,
      err: '',
    });
  });

  it('a failure is named, with both results, and ends with exit code 1', async () => {
    const { code, out } = await fcc(['conform', '-'], bytes(RIGHT, WRONG));
    expect(code).toBe(1);
    expect(out).toMatch(
      /^failed wrong: expected .*0x2b.*, got .*0x2a.*\ninterp: 2 vectors, 1 passed, 0 skipped, 1 failed\n$/,
    );
  });

  it('answers in the documented shape with --json', async () => {
    const { code, out, err } = await fcc(['conform', '-', '--json', '-t', 'cortex-m4'], bytes(RIGHT, WRONG, ATOMIC));
    expect([code, err]).toEqual([1, '']);
    const answer = document(CONFORM, out);
    expect(answer).toMatchObject({ total: 3, passed: 2, skipped: 0 });
    expect(answer.failed.map((f) => f.name)).toEqual(['wrong']);
    expect(answer.total).toBe(answer.passed + answer.skipped + answer.failed.length);
  });

  it('takes several files', () =>
    inFolder(async (folder) => {
      const files = [join(folder, 'a.jsonl'), join(folder, 'b.jsonl')];
      writeFileSync(files[0]!, bytes(RIGHT));
      writeFileSync(files[1]!, bytes(MEMORY, REFUSED));
      const { out } = await fcc(['conform', ...files]);
      expect(out).toContain('3 vectors, 3 passed');
    }));

  it.each([
    ['not JSON', 'nonsense', 'line 2'],
    ['no name', '{"program_hex": "9500000000000000"}', 'name'],
    ['odd digits', line('x', ['950'], '0x0'), 'program_hex'],
  ])('a malformed vector (%s) is named by its line: exit code 3', async (_what, bad, message) => {
    const plain = await fcc(['conform', '-'], bytes(RIGHT, bad));
    expect([plain.code, plain.out]).toEqual([3, '']);
    expect(plain.err).toContain('error[FCC0702]: line 2');
    expect(plain.err).toContain(message);
    const json = await fcc(['conform', '-', '--json'], bytes(RIGHT, bad));
    expect(document(FAILURE, json.out).error).toMatchObject({ code: 'FCC0702', line: 2 });
  });

  it('native engines need a target, and files must be there', async () => {
    const { code, err } = await fcc(['conform', '-', '--engine', 'qemu'], bytes(RIGHT));
    expect([code, err]).toEqual([2, expect.stringContaining('add -t cortex-m4')]);
    expect((await fcc(['conform', 'missing.jsonl'])).code).toBe(2);
    expect((await fcc(['conform'])).code).toBe(2);
    expect((await fcc(['conform', '-', '-t', 'z80'], bytes(RIGHT))).code).toBe(2);
  });
});
