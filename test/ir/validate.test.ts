// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { parseModule } from '../../compiler/ir/parse.js';
import { validateModule } from '../../compiler/ir/validate.js';

const wide = (body: string): string =>
  `module ()\nfunc 0 "f" entry frame 0 params (r1) results (lo hi) {\nb0(v0: i64):\n${body}\n}\n`;
const lanes = (body: string, more = ''): string =>
  `module (lanes${more})\nfunc 0 "f" entry frame 0 params (r1.lo r1.hi) results (lo hi) {\nb0(v0: i32, v1: i32):\n${body}\n}\n`;

describe('validator', () => {
  it('takes a right module', () => {
    expect(() => validateModule(parseModule(wide('  v1: i64 = add v0, v0 @0:0\n  ret v1 @0:1')))).not.toThrow();
  });

  it.each([
    [
      'types that differ',
      wide('  v1: i32 = trunc v0 @0:0\n  v2: i64 = add v0, v1 @0:0\n  ret v2 @0:1'),
      'types differ',
    ],
    ['too few arguments', wide('  v1: i64 = add v0 @0:0\n  ret v1 @0:1'), 'number of arguments'],
    ['too few results', lanes('  v2: i32 = add64 v0, v1, v0, v1 @0:0\n  ret v2, v2 @0:1'), 'number of results'],
    ['a lane operation while wide', wide('  v1: i64, v2: i64 = umul64 v0, v0 @0:0\n  ret v1 @0:1'), 'other stage'],
    ['a wide operation over lanes', lanes('  v2: i32 = zext v0 @0:0\n  ret v2, v2 @0:1'), 'other stage'],
    ['a wide value over lanes', lanes('  v2: i64 = const imm=0x0 @0:0\n  ret v0, v0 @0:1'), 'is wide'],
    ['a constant too large', lanes('  v2: i32 = const imm=0x100000000 @0:0\n  ret v2, v2 @0:1'), 'imm out of range'],
    [
      'a use before the definition',
      wide('  v1: i64 = add v2, v2 @0:0\n  v2: i64 = add v0, v0 @0:0\n  ret v1 @0:1'),
      'dominate',
    ],
    [
      'a use beside the definition',
      wide(
        '  branch eq v0, v0 ? b1() : b2() @0:0\nb1():\n  v1: i64 = add v0, v0 @0:1\n  ret v1 @0:2\nb2():\n  ret v1 @0:3',
      ),
      'dominate',
    ],
    [
      'an edge without its argument',
      wide('  jump b1() @0:0\nb1(v1: i64):\n  ret v1 @0:1'),
      'do not fit its parameters',
    ],
    ['an edge to the entry', wide('  jump b0(v0) @0:0'), 'entry block'],
    ['a result of one lane', lanes('  ret v0 @0:1'), 'results do not fit'],
    [
      'a guarded address of two lanes',
      lanes('  v2: i32 = load size=4 signed=false off=0 v0, v1 @0:0\n  ret v2, v2 @0:1', ' guarded'),
      'bad address',
    ],
    [
      'an unguarded address of one lane',
      lanes('  v2: i32 = load size=4 signed=false off=0 v0 @0:0\n  ret v2, v2 @0:1'),
      'bad address',
    ],
    ['a call of nothing', wide('  v1: i64 = call callee=3 v0 @0:0\n  ret v1 @0:1'), 'callee'],
    ['a sign extension to the same width', lanes('  v2: i32 = sext bits=32 v0 @0:0\n  ret v2, v2 @0:1'), 'bad sext'],
    [
      'a critical edge after splitting',
      lanes(
        '  branch eq v0, v1 ? b1() : b2() @0:0\nb1():\n  jump b2() @0:1\nb2():\n  ret v0, v1 @0:2',
        ' split-critical-edges',
      ),
      'critical edge',
    ],
  ])('refuses %s', (_, text, message) => {
    expect(() => validateModule(parseModule(text))).toThrow(message);
  });

  it('refuses a call that does not fit the callee', () => {
    const callee =
      'func 1 "g" local frame 0 params (r1 r2) results (lo hi) {\nb0(v0: i64, v1: i64):\n  ret v0 @1:0\n}\n';
    const text = wide('  v1: i64 = call callee=1 v0 @0:0\n  ret v1 @0:1') + callee;
    expect(() => validateModule(parseModule(text))).toThrow('arguments do not fit the callee');
  });
});
