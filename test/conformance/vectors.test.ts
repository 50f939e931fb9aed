// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { CompileError } from '../../compiler/errors/index.js';
import { judge, readVectors, type Vector } from '../../compiler/host/conform.js';

const good = { name: 'a', program_hex: '9500000000000000', memory_hex: null, expected_r0: '0x0', expected_error: null };

function errorOf(text: string): CompileError {
  try {
    readVectors(text);
  } catch (e) {
    if (e instanceof CompileError) return e;
  }
  throw new Error('was taken');
}

describe('vector files', () => {
  it('are read line by line, other keys and empty lines ignored', () => {
    const text = `${JSON.stringify(good)}\n\n${JSON.stringify({ ...good, name: 'b', memory_hex: 'aBff', note: 1 })}\r\n`;
    expect(readVectors(text)).toEqual([
      { name: 'a', program: Uint8Array.of(0x95, 0, 0, 0, 0, 0, 0, 0), memory: null, r0: 0n, error: null },
      {
        name: 'b',
        program: Uint8Array.of(0x95, 0, 0, 0, 0, 0, 0, 0),
        memory: Uint8Array.of(0xab, 0xff),
        r0: 0n,
        error: null,
      },
    ]);
  });

  it.each([
    ['{', 'JSON'],
    ['[]', 'vector'],
    ['null', 'vector'],
    [JSON.stringify({ ...good, name: 3 }), '"name"'],
    [JSON.stringify({ ...good, program_hex: '95' }), 'program_hex'],
    [JSON.stringify({ ...good, program_hex: '' }), 'program_hex'],
    [JSON.stringify({ ...good, program_hex: '95000000000000zz' }), 'program_hex'],
    [JSON.stringify({ ...good, memory_hex: '0' }), 'memory_hex'],
    [JSON.stringify({ ...good, memory_hex: 5 }), 'memory_hex'],
    [JSON.stringify({ ...good, expected_r0: 0 }), 'expected_r0'],
    [JSON.stringify({ ...good, expected_r0: '0x11112222333344445' }), 'expected_r0'],
    [JSON.stringify({ ...good, expected_r0: null }), 'expect'],
    [JSON.stringify({ ...good, expected_error: 'memory' }), 'expect'],
  ])('refuse %s', (line, word) => {
    const error = errorOf(`${JSON.stringify(good)}\n${line}`);
    expect(error.code).toBe('FCC0702');
    expect(error.details.at?.line).toBe(2);
    expect(error.message).toContain('line 2');
    expect(error.message).toContain(word);
  });
});

describe('judge', () => {
  const wants = (r0: bigint | null): Vector => ({
    name: 'v',
    program: new Uint8Array(8),
    memory: null,
    r0,
    error: r0 === null ? 'memory' : null,
  });
  const ok = (r0: bigint) => ({ kind: 'ran', result: { status: 'ok', r0 } }) as const;
  const trap = {
    kind: 'ran',
    result: { status: 'trap', r0: 0n, trap: { code: 1, name: 'memory', site: null } },
  } as const;
  const rejected = { kind: 'rejected', code: 'FCC0107', message: 'no' } as const;

  it('takes only what is expected', () => {
    expect(judge(wants(3n), ok(3n)).verdict).toBe('passed');
    expect(judge(wants(3n), ok(4n))).toEqual({ name: 'v', verdict: 'failed', expected: '0x3', got: '0x4' });
    expect(judge(wants(0n), trap).verdict).toBe('failed');
    expect(judge(wants(0n), rejected).verdict).toBe('failed');
    expect(judge(wants(null), ok(0n)).verdict).toBe('failed');
    expect(judge(wants(null), trap).verdict).toBe('passed');
    expect(judge(wants(null), rejected).verdict).toBe('passed');
    expect(judge(wants(1n), { kind: 'unsupported', reason: 'atomics' }).verdict).toBe('skipped');
  });
});
