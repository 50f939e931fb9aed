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
    expect(err).toMatch(
      /^error\[FCC0107\]: invalid memory access: r\d may be out of bounds \(misbehave\.c:14, insn 8\)\n/,
    );
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

  it('--log full shows the state before every instruction, by function, block and source line', async () => {
    const { code, out } = await fcc(['verify', ...TWO, '--log', 'full']);
    expect(code).toBe(0);
    const [put, wait] = out.split(/^(?=wait )/m);
    expect(put).toMatch(/^put \(fc\/slot\):\n/);
    const rows = put!.split('\n');
    expect(rows.filter((r) => /^ {4}14 \| slots\[ctx->index\] = ctx->value;/.test(r)).length).toBeGreaterThan(0);
    expect(rows.filter((r) => r.trim() === '; ./misbehave.c')).toHaveLength(1);
    // Every instruction has its state on the row above.
    const numbers = rows.flatMap((r, i) =>
      /^ *\d+: /.test(r) ? [[Number.parseInt(r, 10), rows[i - 1]!] as const] : [],
    );
    expect(numbers).toHaveLength(15);
    for (const [, state] of numbers) expect(state).toMatch(/^ {8}; .*r10=stack/);
    // The loop: two ways in, and the verdicts come last.
    expect(wait!.split('\n')[1]).toBe('        ; from the start, insn 1');
    expect(wait!.trimEnd().split('\n').slice(-3)).toEqual(['', 'fc/slot/put: accepted', 'fc/slot/wait: accepted']);
    expect((await fcc(['verify', ...TWO, '--log', 'all'])).code).toBe(2);
  });

  it('--log full marks what no run reaches', async () => {
    const jump = '0500010000000000';
    const { out } = await fcc(['verify', '-', '--raw', '--log', 'full'], raw(MOV_R0_42, jump, MOV_R0_42, EXIT));
    expect(out).toMatch(/\n {8}; unreachable\n {5}2: r0 = 42\n\n/);
    expect(out.match(/unreachable/g)).toHaveLength(1);
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
    expect(err.trimEnd().split('\n').at(-1)).toMatch(
      /^note: .*compile with -g \(clang\) or -C debuginfo=2 and bpf-linker --btf \(rustc\)/,
    );
    expect(err.match(/^note:/gm)).toHaveLength(1);
    const ok = await fcc(['verify', PLAIN]);
    expect([ok.code, ok.err]).toEqual([0, '']);
  });

  it('without lines the instruction stands between its neighbours, marked', async () => {
    const { err } = await fcc(['verify', '-', '--raw'], raw(MOV_R0_42, MOV_R0_42, MOV_R0_42, LOAD_PAST_STACK, EXIT));
    expect(err.split('\n').slice(1, 7)).toEqual([
      '  --> (main, insn 3)',
      '    1 |  r0 = 42',
      '    2 |  r0 = 42',
      '    3 |  r0 = *(u8 *)(r10 + 0)',
      expect.stringMatching(/^ {6}\| {2}\^{21} reads 1 byte at stack/),
      '    4 |  exit',
    ]);
    // An error without a note has no mark of its own.
    const bare = await fcc(['verify', '-', '--raw'], raw('bf60000000000000', EXIT));
    expect(bare.err.split('\n').slice(2, 4)).toEqual(['    0 |  r0 = r6', '    1 |  exit']);
  });

  it('shows the first errors and counts the others; documents have all', async () => {
    const program = raw(...Array.from({ length: 25 }, () => LOAD_PAST_STACK), EXIT);
    const { code, err } = await fcc(['verify', '-', '--raw'], program);
    expect(code).toBe(1);
    expect(err.match(/^error\[FCC0107\]/gm)).toHaveLength(20);
    expect(err).toContain('\nnote: 5 more errors in main; --json lists all\n');
    const json = await fcc(['verify', '-', '--raw', '--json'], program);
    expect(document(REJECTED, json.out).programs[0]!.errors).toHaveLength(25);
  });

  it('--json lists the accesses of accepted programs: proved or guarded, and where', async () => {
    const { out } = await fcc(['verify', ...TWO, '--json']);
    const [put, wait] = JSON.parse(out).programs;
    // Each line of the source: index and value are read from the context, the slot is written; `wait` reads its flag.
    const guarded = put.accesses.filter((a: { verdict: string }) => a.verdict === 'guarded');
    expect(guarded).toEqual([
      {
        function: 'put',
        instruction: 8,
        argument: null,
        file: './misbehave.c',
        line: 14,
        access: 'write',
        bytes: 4,
        region: 'data',
        verdict: 'guarded',
      },
    ]);
    expect(put.accesses[0]).toMatchObject({
      instruction: 0,
      access: 'read',
      bytes: 4,
      region: 'ctx',
      verdict: 'proved',
    });
    expect(put.accesses).toHaveLength(7);
    expect(wait.accesses).toMatchObject([{ function: 'wait', region: 'ctx', access: 'read', verdict: 'proved' }]);
    const rejected = JSON.parse((await fcc(['verify', ...TWO, '--strict', '--json'])).out);
    expect(rejected.programs[0].accesses).toEqual([]);
    const args = [fixtureFile('thread_counter', 'v3.o'), '--contract', fixtureFile('thread_counter', 'contract.json')];
    const helpers = JSON.parse((await fcc(['verify', ...args, '--json'])).out).programs[0].accesses;
    expect(helpers).toContainEqual(
      expect.objectContaining({ argument: 1, bytes: null, region: 'stack', verdict: 'proved' }),
    );
  });

  it('--format text and json are the plain answer and --json', async () => {
    expect(await fcc(['verify', ...TWO, '--format', 'text'])).toEqual(await fcc(['verify', ...TWO]));
    const json = await fcc(['verify', ...TWO, '--json']);
    expect(await fcc(['verify', ...TWO, '--format', 'json'])).toEqual(json);
    expect(await fcc(['verify', ...TWO, '--format', 'json', '--json'])).toEqual(json);
    for (const wrong of [
      ['--format', 'xml'],
      ['--log', 'full', '--json'],
      ['--log', 'full', '--format', 'sarif'],
      ['--format', 'sarif', '--json'],
      ['--format', 'text', '--json'],
    ]) {
      const { code, err } = await fcc(['verify', ...TWO, ...wrong]);
      expect([code, err]).toEqual([2, expect.stringContaining('error[FCC0001]')]);
    }
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
