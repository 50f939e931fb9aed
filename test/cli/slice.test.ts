// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import type { LineInfo, Program } from '../../compiler/bpf/program.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { formatSlice, MAX_ROWS, type SliceReport, sliceReports } from '../../compiler/report/slice.js';
import { Rejection } from '../../compiler/verifier/diagnose.js';
import { buildFlow } from '../../compiler/verifier/flow.js';
import { inRegisters } from '../../compiler/verifier/locations.js';
import { sliceOf } from '../../compiler/verifier/slice.js';
import { verify } from '../../compiler/verifier/verify.js';
import { fcc } from './capture.js';
import { EXIT, LOAD_PAST_STACK, MISBEHAVE, MISBEHAVE_CONTRACT, MOV_R0_42, raw } from './objects.js';

const CONTRACT = parseContract(
  JSON.stringify({
    hook: 'fc/slice',
    context: {
      size: 32,
      access: 'rw',
      align: 8,
      fields: [
        { name: 'buf', offset: 0, type: 'pointer', region: 'buf' },
        { name: 'pkt', offset: 8, type: 'pointer', region: 'pkt' },
        { name: 'len', offset: 16, type: 'length', size: 4, region: 'pkt' },
      ],
    },
    regions: [
      { name: 'buf', access: 'rw', size: 16, align: 4 },
      { name: 'pkt', access: 'r', minSize: 0, maxSize: 1500, align: 2 },
    ],
    helpers: ['fetch_local', 'now_ms', 'memcpy'],
  }),
  'slice',
);

/** The slice behind the first refusal of a program, verified with --strict. */
function sliceOfFirst(program: Program): SliceReport {
  const verdict = verify(program, 0, CONTRACT, { strict: true });
  const error = verdict.verdict === 'rejected' ? verdict.errors[0] : undefined;
  if (!(error instanceof Rejection)) throw new Error('the program is accepted');
  return sliceReports(program, 0, CONTRACT, [error.blame], { strict: true })[0]!;
}
const slots = (report: SliceReport): number[] => report.rows.map((r) => r.instruction);
const slice = (text: string): number[] => slots(sliceOfFirst(assemble(text)));

const SPILLED = `
  r6 = r1
  r3 = *(u8 *)(r6 + 28)
  *(u64 *)(r10 - 8) = r3
  r7 = 5
  r7 += 1
  r0 = 0
  if r3 > 100 goto out
  r7 *= 3
  r4 = *(u64 *)(r10 - 8)
  r2 = *(u64 *)(r6 + 0)
  r2 += r4
  if r7 > 3 goto skip
  r7 = 0
skip:
  r0 = *(u8 *)(r2 + 0)
out:
  exit`;

describe('slices', () => {
  it('follow values through registers and the stack, with the conditions on them, and nothing else', () => {
    // Not r7 and its branch, not r0 = 0.
    expect(slice(SPILLED)).toEqual([0, 1, 2, 6, 8, 9, 10, 13]);
  });

  it('tell what is known at each instruction and where a branch went', () => {
    const { rows, reg, atEntry, complete } = sliceOfFirst(assemble(SPILLED));
    expect([reg, atEntry, complete]).toEqual([2, [1], true]);
    const row = (slot: number) => rows.find((r) => r.instruction === slot)!;
    expect(row(1)).toMatchObject({ text: 'r3 = *(u8 *)(r6 + 28)', way: null, failing: false });
    expect(row(1).value).toMatch(/^r3 = .*\[0, 255\]/);
    expect(row(6)).toMatchObject({ way: 'not taken' });
    expect(row(10).value).toMatch(/^r2 = buf\+\[0, (100|255)\]/);
    expect(row(13)).toMatchObject({ failing: true, value: row(10).value });
  });

  it('a store of a part keeps what was below it', () => {
    const text = `
      r3 = *(u8 *)(r1 + 24)
      *(u64 *)(r10 - 8) = r3
      r4 = *(u8 *)(r1 + 25)
      *(u16 *)(r10 - 6) = r4
      r5 = *(u64 *)(r10 - 8)
      r2 = *(u64 *)(r1 + 0)
      r2 += r5
      r0 = *(u8 *)(r2 + 0)
      exit`;
    expect(slice(text)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    // Overwritten as a whole: the first store no longer matters.
    expect(slice(text.replace('*(u16 *)(r10 - 6)', '*(u64 *)(r10 - 8)'))).toEqual([2, 3, 4, 5, 6, 7]);
  });

  it('know a stack slot behind a copy of r10, and what a helper writes there', () => {
    const text = `
      r6 = r1
      r7 = r10
      r7 += -16
      r3 = *(u8 *)(r6 + 24)
      *(u64 *)(r7 + 8) = r3
      r1 = 1
      r2 = r7
      call 0x12
      r4 = *(u32 *)(r10 - 16)
      r4 &= 63
      r2 = *(u64 *)(r6 + 0)
      r2 += r4
      r0 = *(u8 *)(r2 + 0)
      exit`;
    // fetch_local writes 4 bytes at r2 = r10-16: the key and the pointer matter, the store to r10-8 does not.
    expect(slice(text)).toEqual([0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('show both sides of a choice and the branch between them', () => {
    const text = `
      r3 = *(u8 *)(r1 + 24)
      r6 = 3
      r4 = 1
      if r3 == 0 goto small
      r4 = 200
      goto both
    small:
      r4 = 2
    both:
      r2 = *(u64 *)(r1 + 0)
      r2 += r4
      r0 = *(u8 *)(r2 + 0)
      exit`;
    // Neither r6 nor the first r4, which both sides replace.
    expect(slice(text)).toEqual([3, 4, 6, 7, 8, 9]);
  });

  it('follow a condition on a copy, and one on the length of the memory', () => {
    expect(
      slice(`
      r3 = *(u32 *)(r1 + 24)
      r4 = r3
      r4 <<= 32
      r4 >>= 32
      r0 = 0
      if r4 > 40 goto out
      r5 = *(u64 *)(r1 + 0)
      r5 += r3
      r0 = *(u8 *)(r5 + 0)
    out:
      exit`),
    ).toEqual([0, 1, 2, 3, 5, 6, 7, 8]);
    expect(
      slice(`
      r3 = *(u32 *)(r1 + 16)
      r4 = *(u32 *)(r1 + 24)
      r0 = 0
      if r3 < 20 goto out
      if r4 == 7 goto out
      r5 = *(u64 *)(r1 + 8)
      r0 = *(u32 *)(r5 + 17)
    out:
      exit`),
    ).toEqual([0, 3, 5, 6]);
  });

  it('go round loops', () => {
    expect(
      slice(`
      r2 = *(u64 *)(r1 + 0)
      r3 = 0
      r6 = 0
    loop:
      r0 = *(u8 *)(r2 + 0)
      r6 += r0
      r2 += 1
      r3 += 1
      if r3 != 99 goto loop
      exit`),
      // The count ends the loop, but no condition is on r2: only what moves r2, and the branch that makes it move again.
    ).toEqual([0, 3, 5]);
  });

  it('a call is a definition of what it destroys', () => {
    const { rows } = sliceOfFirst(assemble('r3 = 1\ncall 0x20\nr0 = r3\nexit'));
    expect(rows.map((r) => r.instruction)).toEqual([1, 2]);
  });

  it('of a buffer have its length too', () => {
    expect(
      slice(`
      r6 = 1
      r3 = *(u8 *)(r1 + 24)
      r2 = *(u64 *)(r1 + 0)
      r1 = r10
      r1 += -256
      call 0x02
      r0 = 0
      exit`),
      // The source is 16 bytes: its pointer r2 and the length r3, not the destination r1.
    ).toEqual([1, 2, 5]);
  });

  it('end where the caller begins', () => {
    const program = assemble(`entry a fc/a:
      r1 = *(u64 *)(r1 + 0)
      r2 = 3
      call get
      exit
    func get:
      r2 = r1
      r2 += 16
      r0 = *(u8 *)(r2 + 0)
      exit`);
    const report = sliceOfFirst(program);
    expect([program.functions[report.func]!.name, slots(report), report.atEntry]).toEqual(['get', [0, 1, 2], [1]]);
    expect(formatSlice(program, report)).toContain('r1: as the caller passes it');
  });

  it('are bounded: the nearest instructions stay', () => {
    const text = `r3 = *(u32 *)(r1 + 24)\n${'r3 += 1\n'.repeat(200)}r2 = *(u64 *)(r1 + 0)\nr2 += r3\nr0 = *(u8 *)(r2 + 0)\nexit`;
    const report = sliceOfFirst(assemble(text));
    expect([report.rows.length, report.complete]).toEqual([MAX_ROWS, false]);
    expect(slots(report).slice(-3)).toEqual([201, 202, 203]);
    expect(formatSlice(assemble(text), report)).toContain('not all is shown');
  });

  it('take work that grows with the program, not with its square', () => {
    /** n choices of what r6 is, each with a call that is looked at on every visit. */
    const visits = (n: number): number => {
      const program = assemble(
        [
          'r7 = r1\nr6 = *(u32 *)(r1 + 24)',
          ...Array.from({ length: n }, (_, i) => `if r6 == ${i} goto l${i}\nr6 += 1\ncall 0x20\nl${i}:`),
          'r2 = *(u64 *)(r7 + 0)\nr2 += r6\nr0 = *(u8 *)(r2 + 0)\nexit',
        ].join('\n'),
      );
      const fn = program.functions[0]!;
      let asked = 0;
      const helper = () => {
        asked++;
        return undefined;
      };
      const options = { calls: { helper, argsUsed: () => [] } };
      const { insns, complete } = sliceOf(buildFlow(fn), fn.at[fn.slots - 2]!, inRegisters(1 << 2), options);
      // All of it but the calls, the access and the exit.
      expect([insns.length, complete]).toEqual([2 * n + 4, true]);
      return asked;
    };
    const few = visits(100);
    expect(few).toBeGreaterThanOrEqual(100);
    // Ten times the program; a walk of every path or of every definition would ask a hundred times as often.
    expect(visits(1000)).toBeLessThan(12 * few);
  });
});

describe('the printed slice', () => {
  it('has source lines, values, a mark, and … for what is left out', () => {
    const lines = new Map<number, LineInfo>(
      [
        [0, 3, 'uint8_t i = ctx->at;'],
        [3, 4, 'count(5);'],
        [6, 5, 'if (i > 100) return 0;'],
        [7, 6, 'return ctx->buf[i];'],
      ].map(([slot, line, text]) => [
        slot as number,
        { file: 'a.c', line: line as number, column: 3, text: String(text) },
      ]),
    );
    const made = assemble(SPILLED);
    const program: Program = { ...made, origin: 'elf', functions: made.functions.map((f) => ({ ...f, lines })) };
    const rows = formatSlice(program, sliceOfFirst(program)).trimEnd().split('\n');
    expect(rows[0]).toBe('slice of main: 8 of 15 instructions, what r2 at insn 13 depends on');
    expect(rows.map((r) => r.replace(/ +;.*/, ''))).toEqual([
      rows[0],
      '         r1: as the hook passes it',
      '',
      '     3 | uint8_t i = ctx->at;',
      '      0: r6 = r1',
      '      1: r3 = *(u8 *)(r6 + 28)',
      '      2: *(u64 *)(r10 - 8) = r3',
      '        …',
      '     5 | if (i > 100) return 0;',
      '      6: if r3 > 100 goto +7: not taken',
      '        …',
      '     6 | return ctx->buf[i];',
      '      8: r4 = *(u64 *)(r10 - 8)',
      '      9: r2 = *(u64 *)(r6 + 0)',
      '     10: r2 += r4',
      '        …',
      '>    13: r0 = *(u8 *)(r2 + 0)',
      '        …',
    ]);
    expect(rows[2]!.trim()).toBe('; a.c');
    // Values stand below each other.
    expect(new Set(rows.filter((r) => /^.{1,8}\d+: .*;/.test(r)).map((r) => r.indexOf(' ; '))).size).toBe(1);
  });
});

describe('--slice', () => {
  const put = [MISBEHAVE, '--contract', MISBEHAVE_CONTRACT, '--strict', '--function', 'put'];

  it('prints below the error what it depends on', async () => {
    const { code, out, err } = await fcc(['verify', ...put, '--slice']);
    expect([code, out]).toEqual([1, 'fc/slot/put: rejected\n']);
    const [error, rest] = err.split('\nslice of put: ');
    expect(error).toContain('error[FCC0107]');
    expect(rest).toMatch(/^\d of 15 instructions, what r\d at insn 8 depends on\n/);
    expect(rest).toMatch(/\n {6}0: r2 = \*\(u32 \*\)\(r1 \+ 0\) +; r2 = /);
    expect(rest).toMatch(/\n> {5}8: /);
    const plain = await fcc(['verify', ...put]);
    expect(plain.err).not.toContain('slice of');
  });

  it('is a member of each error in a document', async () => {
    const { out } = await fcc(['verify', ...put, '--slice', '--json']);
    const { slice: rows } = JSON.parse(out).programs[0].errors[0];
    expect(rows.at(0)).toMatchObject({ instruction: 0, file: './misbehave.c', line: 14, failing: false });
    expect(rows.filter((r: { failing: boolean }) => r.failing)).toMatchObject([{ instruction: 8 }]);
    expect(JSON.parse((await fcc(['verify', ...put, '--json'])).out).programs[0].errors[0]).not.toHaveProperty('slice');
  });

  it('prints nothing more where there is no error', async () => {
    const args = ['verify', MISBEHAVE, '--contract', MISBEHAVE_CONTRACT];
    expect(await fcc([...args, '--slice'])).toEqual(await fcc(args));
  });

  it('serves rejections of compile, and bare instructions', async () => {
    const compiled = await fcc(['compile', ...put, '-t', 'cortex-m4', '-o', '/dev/null', '--slice']);
    expect([compiled.code, compiled.out]).toEqual([1, '']);
    expect(compiled.err).toMatch(/\nslice of put: /);
    const bare = await fcc(['verify', '-', '--raw', '--slice'], raw(MOV_R0_42, LOAD_PAST_STACK, EXIT));
    expect(bare.err).toContain('slice of main: 1 of 3 instructions, what r10 at insn 1 depends on\n');
  });
});
