// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { MBlock, MFunc, MInst, MTerm } from '../../compiler/codegen/machine.js';
import { validateMachine } from '../../compiler/codegen/validate-machine.js';
import { make, ORIGIN } from './toy.js';

const jump = (block: number, ...args: number[]): MTerm => ({ kind: 'jump', to: { block, args }, origin: ORIGIN });
const ret = (a: number): MTerm => ({
  kind: 'ret',
  inst: { ...make('ret', [a, a]), expand: undefined },
  origin: ORIGIN,
});
const branch = (v: number, then: number, other: number, args: number[] = []): MTerm => ({
  kind: 'branch',
  inst: { ...make('if', [v, v]), expand: undefined },
  // biome-ignore lint/suspicious/noThenProperty: the two ways of a branch
  then: { block: then, args },
  else: { block: other, args: [] },
  branch: () => {},
  origin: ORIGIN,
});
const block = (id: number, params: number[], insts: MInst[], term: MTerm): MBlock => ({ id, params, insts, term });
const func = (...blocks: MBlock[]): MFunc => ({
  index: 0,
  name: 'f',
  entry: true,
  blocks,
  nextVreg: 100,
  outgoingBytes: 0,
  hasCalls: false,
});
const one = (v: number): MInst => make('const', [v, 1]);

describe('machine code before allocation', () => {
  it('may be a loop with parameters', () => {
    const fn = func(
      block(0, [], [one(64)], jump(1, 64)),
      block(1, [65], [make('inc', [66, 65])], branch(66, 2, 3)),
      block(2, [], [], jump(1, 66)),
      block(3, [], [], ret(66)),
    );
    expect(() => validateMachine(fn)).not.toThrow();
  });

  const wrong: [string, MFunc, RegExp][] = [
    ['no block', func(), /no blocks/],
    ['two blocks of one id', func(block(0, [], [one(64)], ret(64)), block(0, [], [], ret(64))), /twice/],
    ['an edge to nowhere', func(block(0, [], [], jump(7))), /does not exist/],
    ['an entry with parameters', func(block(0, [64], [], ret(64))), /entry block: has parameters/],
    ['a jump to the entry', func(block(0, [], [], jump(1)), block(1, [], [], jump(0))), /has predecessors/],
    ['two definitions', func(block(0, [], [one(64), one(64)], ret(64))), /defined twice/],
    ['a definition beyond nextVreg', func(block(0, [], [one(100)], ret(100))), /not below nextVreg/],
    ['a physical register as an operand', func(block(0, [], [one(3)], ret(3))), /not virtual/],
    ['a use before its definition', func(block(0, [], [make('inc', [65, 64]), one(64)], ret(64))), /every way/],
    [
      'a use that only one way defines',
      func(block(0, [], [one(64)], branch(64, 1, 2)), block(1, [], [one(65)], jump(2)), block(2, [], [], ret(65))),
      /every way/,
    ],
    ['a use of nothing', func(block(0, [], [], ret(70))), /not defined/],
    ['an argument too few', func(block(0, [], [one(64)], jump(1)), block(1, [65], [], ret(65))), /number of arguments/],
    [
      'a critical edge with arguments',
      func(block(0, [], [one(64)], branch(64, 1, 2, [64])), block(1, [65], [], ret(65)), block(2, [], [], jump(1, 64))),
      /critical/,
    ],
    [
      'an operand without a spec',
      func(block(0, [], [{ ...one(64), operands: [64] }], ret(64))),
      /one operand per spec/,
    ],
    ['no expansion', func(block(0, [], [{ ...one(64), expand: undefined }], ret(64))), /no expansion/],
    [
      'a repeatable instruction with a use',
      func(block(0, [], [one(64), { ...make('inc', [65, 64]), remat: true }], ret(65))),
      /repeatable/,
    ],
    [
      'a mask of no register',
      func(block(0, [], [{ ...one(64), specs: [{ role: 'def', mask: 0 }, { role: 'imm' }] }], ret(64))),
      /no register suits/,
    ],
    [
      'a tie to a result',
      func(block(0, [], [{ ...one(64), specs: [{ role: 'def', tied: 0 }, { role: 'imm' }] }], ret(64))),
      /no use/,
    ],
  ];
  it.each(wrong)('must not have %s', (_, fn, message) => {
    expect(() => validateMachine(fn)).toThrow(message);
  });
});
