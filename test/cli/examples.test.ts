// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { findTarget } from '../../backends/index.js';
import { assemble } from '../../compiler/bpf/asm.js';
import { rawProgram } from '../../compiler/bpf/raw.js';
import { compile, prepare } from '../../compiler/compile.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { CompileError, ERRORS, type ErrorCode, type ErrorRow } from '../../compiler/errors/index.js';
import { readVectors } from '../../compiler/host/conform.js';
import { slotBytes } from '../errors/slots.js';
import { fcc } from './capture.js';

/**
 * The examples of `fcc explain` that are whole: the wrong one earns the code and nothing else, the right one no error. All of
 * these stages are, but for what is written in C.
 */
const WHOLE_STAGES = ['bpf', 'verifier', 'contract'];
const IN_C: readonly ErrorCode[] = ['FCC0412'];
/** Of other stages. */
const WHOLE_TOO: readonly ErrorCode[] = ['FCC0502', 'FCC0702'];

const ROWS = Object.entries(ERRORS).map(([code, row]): [ErrorCode, ErrorRow] => [code as ErrorCode, row]);
const WHOLE = ROWS.filter(
  ([code, row]) => WHOLE_TOO.includes(code) || (WHOLE_STAGES.includes(row.stage) && !IN_C.includes(code)),
);

const contractOf = (text: string | undefined): Contract =>
  text === undefined ? DEFAULT_CONTRACT : parseContract(text, 'example');

/** Codes of the errors that a program has under a contract, up to native code where the stage is that. */
function judgeProgram(text: string, row: ErrorRow, contract: Contract): readonly string[] {
  const bytes = slotBytes(text);
  const program = bytes ? rawProgram(bytes, 'example') : assemble(text);
  const options = { contract, strict: row.strict === true };
  const target = findTarget('cortex-m4')!;
  const result = row.stage === 'codegen' ? compile(program, { ...options, target }) : prepare(program, options);
  if (result.kind !== 'rejected') return [];
  return result.verdicts.flatMap((v) => (v.verdict === 'accepted' ? [] : v.errors.map((e) => e.code)));
}

/** Codes of the errors that one example of a row has. */
function judge(row: ErrorRow, example: string): readonly string[] {
  try {
    if (row.stage === 'run') {
      expect(readVectors(example)).toHaveLength(1);
      return [];
    }
    if (!example.startsWith('{')) return judgeProgram(example, row, contractOf(row.contract));
    const contract = parseContract(example, 'example');
    return row.program === undefined ? [] : judgeProgram(row.program, row, contract);
  } catch (e) {
    if (e instanceof CompileError) return [e.code];
    throw e;
  }
}

describe('examples of fcc explain', () => {
  it.each(WHOLE)('%s: the wrong one earns it, the right one nothing', (code, row) => {
    expect(new Set(judge(row, row.wrong))).toEqual(new Set([code]));
    expect(judge(row, row.right)).toEqual([]);
  });

  it.each(ROWS)('%s: both are shown, with all they need', async (code, row) => {
    const { code: exit, out } = await fcc(['explain', code]);
    const indented = (text: string): string => text.replace(/^(?=.)/gm, '    ');
    expect(exit).toBe(0);
    for (const part of [row.wrong, row.right, row.contract, row.program])
      if (part !== undefined) expect(out).toContain(indented(part));
    expect(row.wrong).not.toBe(row.right);
    expect(out.includes('\n\nboth are verified with --strict\n\nwrong:\n')).toBe(row.strict === true);
  });
});
