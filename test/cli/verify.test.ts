// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { fixtureFile } from '../fixtures/all.js';
import { fcc } from './capture.js';
import { EXIT, LOAD_PAST_STACK, MISBEHAVE, MISBEHAVE_CONTRACT, MOV_R0_42, PLAIN, raw } from './objects.js';
import { document, FAILURE, REJECTED, VERIFY } from './shapes.js';

const TWO = [MISBEHAVE, '--contract', MISBEHAVE_CONTRACT];

describe('fcc verify', () => {
  it('gives a verdict per program', async () => {
    expect(await fcc(['verify', ...TWO])).toEqual({
      code: 0,
      out: 'fc/slot/put: accepted\nfc/slot/wait: accepted\n',
      err: '',
    });
  });

  it('--strict shows what is not proved: where, why and what would help', async () => {
    const { code, out, err } = await fcc(['verify', ...TWO, '--strict']);
    expect([code, out]).toEqual([1, 'fc/slot/put: rejected\nfc/slot/wait: accepted\n']);
    expect(err).toMatch(/^error\[FCC0107\]: invalid memory access: r\d may be out of bounds\n/);
    expect(err).toMatch(/ {2}--> \.\/misbehave\.c:14:\d+ {2}\(fc\/slot, insn 8\)\n/);
    expect(err).toContain('14 |  slots[ctx->index] = ctx->value;');
    expect(err).toMatch(/\n reason: .*\n/);
    expect(err).toMatch(/\n help: {3}.*\n/);
    expect(err).not.toContain('\x1b');
  });

  it('answers in the documented shape with --json', async () => {
    const { code, out } = await fcc(['verify', ...TWO, '--strict', '--json']);
    expect(code).toBe(1);
    const [put, wait] = document(VERIFY, out).programs;
    expect(put).toMatchObject({ section: 'fc/slot', function: 'put', verdict: 'rejected' });
    expect(put!.errors).toHaveLength(1);
    expect(put!.errors[0]).toMatchObject({ code: 'FCC0107', file: './misbehave.c', line: 14, instruction: 8 });
    expect(put!.errors[0]!.help).not.toBeNull();
    expect(wait).toMatchObject({ section: 'fc/slot', function: 'wait', verdict: 'accepted', errors: [] });
  });

  it('--function verifies one', async () => {
    const { code, out } = await fcc(['verify', ...TWO, '--strict', '--function', 'wait']);
    expect([code, out]).toEqual([0, 'fc/slot/wait: accepted\n']);
  });

  it('--log full shows states', async () => {
    const { code, out } = await fcc(['verify', ...TWO, '--function', 'wait', '--log', 'full']);
    expect(code).toBe(0);
    expect(out).toContain('r1');
    expect(out.split('\n').length).toBeGreaterThan(4);
    expect((await fcc(['verify', ...TWO, '--log', 'all'])).code).toBe(2);
  });

  it('a helper that the contract does not allow is named', async () => {
    const args = ['verify', fixtureFile('thread_counter', 'v3.o'), '--contract', MISBEHAVE_CONTRACT];
    const { code, err } = await fcc(args);
    expect(code).toBe(1);
    expect(err).toContain('error[FCC0104]');
    expect(err).toMatch(/thread_counter\.c:\d+/);
  });

  it('raw instructions have no lines, but numbers', async () => {
    const { code, out } = await fcc(['verify', '-', '--raw', '--json'], raw(MOV_R0_42, LOAD_PAST_STACK, EXIT));
    expect(code).toBe(1);
    const [error] = document(REJECTED, out).programs[0]!.errors;
    expect(error).toMatchObject({ code: 'FCC0107', file: null, line: null, instruction: 1 });
  });

  it('an object without line information is rejected with instructions, and a hint', async () => {
    const { code, err } = await fcc(['verify', PLAIN, '--strict']);
    expect(code).toBe(1);
    expect(err).toContain('insn 0');
    expect(err.trimEnd().split('\n').at(-1)).toMatch(/^note: .*compile with -g/);
    const ok = await fcc(['verify', PLAIN]);
    expect([ok.code, ok.err]).toEqual([0, '']);
  });

  it.each([
    ['no instruction', raw(), 'FCC0312'],
    ['half an instruction', raw('b700'), 'FCC0312'],
    ['an unknown opcode', raw('ff00000000000000', EXIT), 'FCC0301'],
    ['no exit', raw(MOV_R0_42), 'FCC0309'],
    ['a jump outside', raw('0500050000000000', EXIT), 'FCC0307'],
    ['a write to r10', raw('b70a000000000000', EXIT), 'FCC0306'],
  ])('%s is malformed: exit code 3', async (_what, program, error) => {
    const { code, out, err } = await fcc(['verify', '-', '--raw'], program);
    expect([code, out]).toEqual([3, '']);
    expect(err).toContain(`error[${error}]`);
    expect(document(FAILURE, (await fcc(['verify', '-', '--raw', '--json'], program)).out).error.code).toBe(error);
  });
});
