// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { CompileError, type Place } from '../../compiler/errors/index.js';
import { formatError } from '../../compiler/errors/print.js';

const printed = (at: Place | undefined, message = 'no'): readonly string[] =>
  formatError(new CompileError('FCC0101', message, at ? { at } : {})).split('\n');

describe('the first line', () => {
  it.each<[string, Place | undefined, string]>([
    ['nothing', undefined, ''],
    ['an empty place', {}, ''],
    [
      'source line and instruction',
      { file: 'a.c', line: 13, column: 5, section: 'fc/x', instruction: 10 },
      ' (a.c:13, insn 10)',
    ],
    ['a file without its folders', { file: './src/a.c', line: 3 }, ' (a.c:3)'],
    ['a file of another system', { file: 'C:\\src\\a.c', line: 3 }, ' (a.c:3)'],
    ['a line of something without a name', { line: 3 }, ' (line 3)'],
    [
      'the function before its section',
      { file: 'a.o', section: '.text', function: 'f', instruction: 2 },
      ' (f, insn 2)',
    ],
    ['the section alone', { file: 'a.o', section: 'fc/x', instruction: 2 }, ' (fc/x, insn 2)'],
    ['a function in no section', { section: '', function: 'f' }, ' (f)'],
    ['a byte of a file', { file: 'out/a.o', offset: 64 }, ' (a.o, byte 64)'],
    ['a byte of what has no name', { offset: 64 }, ' (byte 64)'],
    ['a file alone', { file: 'out/a.o' }, ' (a.o)'],
  ])('ends with %s', (_what, at, end) => {
    expect(printed(at)[0]).toBe(`error[FCC0101]: no${end}`);
  });

  it('does not say twice what the message says', () => {
    expect(printed({ file: 'out/a.o' }, 'a.o is no object')[0]).toBe('error[FCC0101]: a.o is no object');
    expect(printed({ file: 'out/a.o' }, 'cannot read a.o')[0]).toBe('error[FCC0101]: cannot read a.o');
  });

  it('leaves the whole place to the second', () => {
    expect(printed({ file: 'src/a.c', line: 13, column: 5, section: 'fc/x', instruction: 10 })[1]).toBe(
      '  --> src/a.c:13:5  (fc/x, insn 10)',
    );
    expect(printed({ section: '', function: 'f' })[1]).toBe('  --> (f)');
  });

  it('has the place outside of what is coloured', () => {
    const e = new CompileError('FCC0101', 'no', { at: { file: 'a.c', line: 1 } });
    expect(formatError(e, { color: true }).split('\n')[0]).toBe(
      '\x1b[1;31merror[FCC0101]\x1b[0m: \x1b[1mno\x1b[0m (a.c:1)',
    );
  });
});
