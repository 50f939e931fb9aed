// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { compile, finish, prepare } from '../../compiler/compile.js';
import { toHex } from './encode.js';
import { generate } from './generate.js';
import { LEVELS } from './judge.js';
import { SUBJECTS } from './targets.js';

/** Makes everything that code generation is given unchangeable: a write to it throws. */
function freeze(value: unknown, seen = new Set<object>()): void {
  if (typeof value !== 'object' || value === null || seen.has(value) || ArrayBuffer.isView(value)) return;
  seen.add(value);
  for (const part of Object.values(value)) freeze(part, seen);
  if (value instanceof Map || value instanceof Set) {
    for (const part of value.values()) freeze(part, seen);
    Object.defineProperties(value, { set: { value: refuse }, add: { value: refuse }, delete: { value: refuse } });
  }
  Object.freeze(value);
}

const refuse = (): never => {
  throw new Error('a frozen collection is changed');
};

const SEEDS = [3, 27];

describe('compilation in two steps', () => {
  it.each(SEEDS)('is compilation in one, and changes nothing in between: seed %i', (seed) => {
    for (const level of LEVELS) {
      const { program, contract } = generate(seed);
      const prepared = prepare(program, { contract, level });
      if (prepared.kind === 'rejected') throw new Error(`seed ${seed} is rejected`);
      freeze(prepared.module);
      freeze(prepared.guards);
      for (const { target, name } of SUBJECTS) {
        const [first, second] = [finish(prepared, target), finish(prepared, target)];
        expect(toHex(second.image), name).toBe(toHex(first.image));
        if (level !== 2) continue;
        const whole = compile(program, { contract, level, target });
        expect(whole.kind === 'compiled' && toHex(whole.image), name).toBe(toHex(first.image));
        expect(whole.kind === 'compiled' && whole.programs, name).toEqual(first.programs);
      }
    }
  });
});
