// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import type { LineInfo, Program } from '../../compiler/bpf/program.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { CompileError } from '../../compiler/errors/index.js';
import { formatError } from '../../compiler/errors/print.js';
import { verify } from '../../compiler/verifier/verify.js';
import { CASE_CONTRACT } from './cases.js';

const CONTRACT = parseContract(CASE_CONTRACT, 'messages');

/** The program with C lines in place of the assembler's own: [slot, line, column, text]. */
function withLines(program: Program, rows: readonly (readonly [number, number, number, string])[]): Program {
  const lines = new Map<number, LineInfo>(
    rows.map(([slot, line, column, text]) => [slot, { file: 'counter.c', line, column, text }]),
  );
  return { ...program, functions: program.functions.map((f) => ({ ...f, lines })) };
}

function messages(program: Program, strict = false): string[] {
  const v = verify(program, 0, CONTRACT, { strict });
  return v.verdict === 'rejected' ? v.errors.map((e) => formatError(e)) : [];
}

describe('error texts', () => {
  it('a C program: place, source, values, path', () => {
    const program = withLines(
      assemble(
        'entry count fc/timer:\nr3 = *(u64 *)(r1 + 24)\nr3 &= 255\nr0 = 0\nif r3 < 16 goto out\nr1 = *(u64 *)(r1 + 0)\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nout:\nexit',
      ),
      [
        [0, 9, 14, '    uint8_t i = ctx->out;'],
        [3, 11, 7, '    if (i < 16) return 0;'],
        [4, 13, 12, '    return ctx->buf[i];'],
      ],
    );
    expect(messages(program)).toEqual([
      [
        'error[FCC0107]: invalid memory access: r1 is always out of bounds (counter.c:13, insn 6)',
        '  --> counter.c:13:12  (fc/timer, insn 6)',
        '   13 |  return ctx->buf[i];',
        '      |         ^^^^^^^^^^^ reads 1 byte at buf+[16, 255]; buf is 16 bytes',
        ' reason: r1 is buf+[16, 255]',
        ' path:   insn 0 (line 9) r3 = *(u64 *)(r1 + 24)  ->  insn 1 (line 9) r3 &= 255  ->  insn 3 (line 11) if r3 < 16 goto +3: not taken  ->  insn 5 (line 13) r1 += r3',
        ' help:   keep the offset within buf',
      ].join('\n'),
    ]);
  });

  it('--strict: an access that would need a guard', () => {
    const text = 'r3 = *(u64 *)(r1 + 24)\nr1 = *(u64 *)(r1 + 0)\nr3 &= 31\nr1 += r3\nr0 = *(u8 *)(r1 + 0)\nexit';
    expect(messages(assemble(text, 'p.s'), true)).toEqual([
      [
        'error[FCC0107]: invalid memory access: r1 may be out of bounds (p.s:5, insn 4)',
        '  --> p.s:5:1  (main, insn 4)',
        '    5 |  r0 = *(u8 *)(r1 + 0)',
        '      |  ^^ reads 1 byte at buf+[0, 31]; buf is 16 bytes',
        ' reason: r1 is buf+[0, 31]',
        ' path:   insn 0 (line 1) r3 = *(u64 *)(r1 + 24)  ->  insn 2 (line 3) r3 &= 31  ->  insn 3 (line 4) r1 += r3',
        ' help:   compare the index with the length of buf before the access',
      ].join('\n'),
    ]);
    expect(messages(assemble(text, 'p.s'))).toEqual([]);
  });

  it('a register without a value', () => {
    expect(messages(assemble('r0 = r7\nexit', 'p.s'))).toEqual([
      [
        'error[FCC0101]: r7 is read before it is written (p.s:1, insn 0)',
        '  --> p.s:1:1  (main, insn 0)',
        '    1 |  r0 = r7',
        '      |  ^^',
        ' reason: r7 holds no value on at least one path to this instruction',
        ' help:   set r7 on every path before it is used',
      ].join('\n'),
    ]);
  });

  it('a helper that the contract does not allow', () => {
    expect(messages(assemble('call 0x20\nexit', 'p.s'))[0]).toBe(
      [
        'error[FCC0104]: helper now_ms is not allowed by the contract of fc/test (p.s:1, insn 0)',
        '  --> p.s:1:1  (main, insn 0)',
        '    1 |  call 0x20',
        '      |  ^^^^',
        ' wanted: one of printf, memcpy, fetch_local, saul_reg_read, gcoap_resp_init, coap_get_pdu, ztimer_periodic_wakeup',
        ' help:   add "now_ms" to "helpers" in the contract if the hook may grant it',
      ].join('\n'),
    );
  });

  it('a program without line info shows the instruction itself', () => {
    const program = assemble('r2 = 1\n*(u32 *)(r1 + 16) = r2\nr0 = 0\nexit');
    const bare = { ...program, functions: program.functions.map((f) => ({ ...f, lines: new Map() })) };
    expect(messages(bare)).toEqual([
      [
        'error[FCC0108]: write to read-only memory: ctx field len (main, insn 1)',
        '  --> (main, insn 1)',
        '    1 |  *(u32 *)(r1 + 16) = r2',
        '      |  ^^^^^^^^^^^^^^^^^^^^^^ writes 4 bytes at ctx+16',
        ' reason: the contract grants no right to write there',
        ' help:   write to a local variable, a global, or memory that the contract grants for writing',
      ].join('\n'),
    ]);
  });

  it('several errors, most important first, each once', () => {
    const text = 'r0 = *(u8 *)(r10 + 0)\nr0 = *(u64 *)(r10 - 8)\nr3 = r6\nr4 = r6\ncall 9999\nexit';
    const v = verify(assemble(text), 0, CONTRACT);
    expect(v.verdict === 'rejected' && v.errors.map((e) => [e.code, e.details.at?.instruction])).toEqual([
      ['FCC0103', 4],
      ['FCC0102', 1],
      ['FCC0101', 2],
      ['FCC0107', 0],
    ]);
  });

  it('an error in a loop is reported once', () => {
    expect(
      messages(assemble('r3 = 0\nloop:\nr0 = *(u8 *)(r10 + 0)\nr3 += 1\nif r3 < 10 goto loop\nexit')),
    ).toHaveLength(1);
  });
});

describe('formatError', () => {
  it('prints what there is', () => {
    expect(formatError(new CompileError('FCC0001', 'unknown option -x'))).toBe('error[FCC0001]: unknown option -x');
    expect(
      formatError(
        new CompileError('FCC0201', 'not ELF', { at: { file: 'a.o', offset: 16 }, expected: '247', got: '3' }),
      ),
    ).toBe('error[FCC0201]: not ELF (a.o, byte 16)\n  --> a.o  (byte 16)\n wanted: 247\n got:    3');
  });

  it('underlines the expression at the column, tabs and all', () => {
    const at = { file: 'a.c', line: 7, column: 10 };
    const text = '\tx = \tf(a, b[2])->c + 1;';
    expect(
      formatError(new CompileError('FCC0107', 'm', { at: { ...at, column: 7 }, snippet: { text, note: 'n' } })),
    ).toBe(
      'error[FCC0107]: m (a.c:7)\n  --> a.c:7:7\n    7 |  x = \tf(a, b[2])->c + 1;\n      |      \t^^^^^^^^^^^^^ n',
    );
  });

  it('colours only when asked', () => {
    const e = new CompileError('FCC0107', 'm', {
      at: { file: 'a.c', line: 1, column: 1 },
      snippet: { text: 'x;', note: 'n' },
    });
    const coloured = formatError(e, { color: true });
    expect(coloured).toContain('\x1b[');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are what is looked for
    expect(coloured.replace(/\x1b\[[0-9;]*m/g, '')).toBe(formatError(e));
    expect(formatError(e)).not.toContain('\x1b');
  });
});
