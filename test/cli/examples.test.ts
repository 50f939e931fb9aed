// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { parseContract } from '../../compiler/contract/schema.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { CompileError, ERRORS, type ErrorCode } from '../../compiler/errors/index.js';
import { verify } from '../../compiler/verifier/verify.js';

/** The examples of `fcc explain` that are whole programs or contracts: the wrong one earns the code, the right one none. */

const CODE_EXAMPLES = [
  ...(['FCC0306', 'FCC0307', 'FCC0308', 'FCC0309', 'FCC0317'] as const),
  ...(['FCC0101', 'FCC0102', 'FCC0103', 'FCC0105', 'FCC0106', 'FCC0107', 'FCC0112'] as const),
];
const CONTRACT_EXAMPLES = ['FCC0401', 'FCC0402'] as const;

/** What comes of an example: the codes of its errors. */
function judge(text: string, body: () => readonly string[]): readonly string[] {
  try {
    return body();
  } catch (e) {
    if (e instanceof CompileError) return [e.code];
    throw new Error(`${text}: ${String(e)}`);
  }
}

function program(code: ErrorCode, text: string): readonly string[] {
  // Fragments go on to an end of their own, except where the missing end is the point.
  const whole = code === 'FCC0309' || text.endsWith('exit') ? text : `${text}\nr0 = 0\nexit`;
  const withF = text.includes('f ll') ? `${whole}\nfunc f:\nr0 = 0\nexit` : whole;
  return judge(text, () => {
    const loaded = assemble(withF);
    const verdict = verify(loaded, loaded.entries[0]!, DEFAULT_CONTRACT);
    return verdict.verdict === 'accepted' ? [] : verdict.errors.map((e) => e.code);
  });
}

const contract = (text: string): readonly string[] =>
  judge(text, () => {
    parseContract(text, 'example');
    return [];
  });

describe('examples of fcc explain', () => {
  it.each(CODE_EXAMPLES)('%s: the program earns it', (code) => {
    const { wrong, right } = ERRORS[code];
    expect(program(code, wrong)).toContain(code);
    expect(program(code, right)).toEqual([]);
  });

  it.each(CONTRACT_EXAMPLES)('%s: the contract earns it', (code) => {
    const { wrong, right } = ERRORS[code];
    expect(contract(wrong)).toEqual([code]);
    expect(contract(right)).toEqual([]);
  });
});
