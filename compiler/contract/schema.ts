// SPDX-License-Identifier: MIT
import { CompileError } from '../errors/index.js';
import { complete } from './complete.js';
import { offsetOf, pathText, positionOf } from './place.js';
import type { Fail } from './refuse.js';
import { schema } from './shape.js';
import type { Contract } from './types.js';

export { canonicalContract } from './canonical.js';
export { contractJsonSchema } from './shape.js';

/** Longest line of a file that a message shows. */
const MAX_SNIPPET = 200;

/**
 * Reads a hook contract. Left out: no regions, no helpers (`null` allows all), a writable context of unknown size without
 * fields; `passLength` then defaults to whether the size is unknown. `fileName` only serves messages.
 * @throws CompileError FCC0401 to FCC0411, with line and column of the property at fault
 */
export function parseContract(json: string, fileName: string): Contract {
  const value = readJson(json, fileName);
  return contractOf(value, (code, path, message, details = {}) => {
    const { text, ...position } = positionOf(json, offsetOf(json, path));
    throw new CompileError(code, `contract: ${message}`, {
      ...details,
      at: { file: fileName, ...position },
      ...(text.length <= MAX_SNIPPET ? { snippet: { text } } : {}),
    });
  });
}

/** The contract that a value of the file's form stands for, wherever it comes from. `fail` gives mistakes their place. */
export function contractOf(value: unknown, fail: Fail): Contract {
  const parsed = schema.safeParse(value);
  if (parsed.success) return complete(parsed.data, fail);
  const issue = parsed.error.issues[0]!;
  return fail('FCC0401', issue.path, `${pathText(issue.path)}: ${issue.message}`, {
    help: '`fcc gen schema` prints the JSON schema of contracts; fcc explain FCC0401 shows the form of one',
  });
}

function readJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (e) {
    const message = e instanceof Error ? e.message : String(e);
    const at = /position (\d+)/.exec(message)?.[1];
    const offset = at === undefined ? text.length : Number(at);
    const position = positionOf(text, offset);
    throw new CompileError('FCC0402', 'contract is not valid JSON', {
      at: { file, line: position.line, column: position.column },
      got: text.slice(offset, offset + 10).trim() || 'end of the file',
      ...(position.text.length <= MAX_SNIPPET ? { snippet: { text: position.text } } : {}),
    });
  }
}
