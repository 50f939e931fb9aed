// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { parseModule } from '../../compiler/ir/parse.js';
import { printModule } from '../../compiler/ir/print.js';
import { tidyBlocks } from '../../compiler/opt/blocks.js';
import { splitCriticalEdges } from '../../compiler/opt/critical-edges.js';
import { removeDead } from '../../compiler/opt/dce.js';
import { fold } from '../../compiler/opt/fold.js';
import { shareCommon } from '../../compiler/opt/gvn.js';
import { dropParameters } from '../../compiler/opt/params.js';
import { type Pass, pass, repeat, runPasses } from '../../compiler/opt/pass.js';
import { narrowPointers } from '../../compiler/opt/pointers.js';
import { split64 } from '../../compiler/opt/split64.js';
import { Random } from '../differential/random.js';
import { randomFunction, run, someInputs } from './expressions.js';

const clean = repeat('clean', [dropParameters, fold, shareCommon, tidyBlocks, removeDead], 8);

describe('every pass keeps what a function gives', () => {
  const each = [fold, shareCommon, dropParameters, tidyBlocks, removeDead, splitCriticalEdges, clean];
  it.each<[string, boolean, readonly Pass[]]>([
    ...each.map((p): [string, boolean, Pass[]] => [`${p.name}, wide`, false, [p]]),
    ...each.map((p): [string, boolean, Pass[]] => [`${p.name}, lanes`, true, [p]]),
    ['split64', false, [split64]],
    ['pointers', false, [narrowPointers]],
    ['clean, split64, clean', false, [clean, narrowPointers, split64, clean]],
  ])('%s', (_, lanes, passes) => {
    for (let seed = 0; seed < 25; seed++) {
      const text = randomFunction(seed, lanes);
      const before = parseModule(text);
      const after = parseModule(text);
      runPasses(after, passes, { validate: true });
      const r = new Random(seed);
      for (let i = 0; i < 4; i++) {
        const context = someInputs(r);
        expect(run(after, context), `seed ${seed}\n${text}\n${printModule(after)}`).toBe(run(before, context));
      }
    }
  });
});

/** Operations left of a wide function body over v0 and v1 (64-bit inputs v2, v3) after everything. */
function opsOf(body: string): string[] {
  const fact = 'access={context, align 8, proved, offset32}';
  const module = parseModule(
    `module ()
func 0 "f" entry frame 0 params (r1 r2) results (lo hi) {
b0(v0: i64, v1: i64):
  v2: i64 = load size=8 signed=false off=0 v0 ${fact} @0:0
  v3: i64 = load size=8 signed=false off=8 v0 ${fact} @0:0
${body.replace(/^/gm, '  ')} @0:1
}`.replace(/(i32|i64) = ([^@\n]*)$/gm, '$1 = $2 @0:0'),
  );
  runPasses(module, [clean, split64, clean], { validate: true });
  return module.funcs[0]!.blocks.flatMap((b) => b.insts.map((i) => i.op)).filter((o) => o !== 'load' && o !== 'const');
}

describe('narrowing', () => {
  it.each<[string, string, string[]]>([
    ['(x << 32) >> 32 is free', 'v4: i64 = const imm=0x20\nv5: i64 = shl v2, v4\nv6: i64 = lshr v5, v4\nret v6', []],
    [
      '(x << 32) s>> 32 is one shift',
      'v4: i64 = const imm=0x20\nv5: i64 = shl v2, v4\nv6: i64 = ashr v5, v4\nret v6',
      ['ashr'],
    ],
    [
      'a sum cut to 32 bits is a 32-bit sum',
      'v4: i64 = add v2, v3\nv5: i32 = trunc v4\nv6: i64 = zext v5\nret v6',
      ['add'],
    ],
    [
      'a product of two zero-extended values is one long multiplication',
      'v4: i32 = trunc v2\nv5: i32 = trunc v3\nv6: i64 = zext v4\nv7: i64 = zext v5\nv8: i64 = mul v6, v7\nret v8',
      ['umul64'],
    ],
    [
      'and its low half alone a short one',
      'v4: i64 = mul v2, v3\nv5: i64 = const imm=0xffffffff\nv6: i64 = and v4, v5\nret v6',
      ['mul'],
    ],
    ['division by 2^k is a shift', 'v4: i64 = const imm=0x100000000\nv5: i64 = udiv v2, v4\nret v5', []],
    [
      'a 64-bit division of small numbers is a 32-bit one',
      'v4: i64 = const imm=0xffff\nv5: i64 = and v2, v4\nv6: i64 = and v3, v4\nv7: i64 = udiv v5, v6\nret v7',
      ['and', 'and', 'udiv'],
    ],
    [
      'sums of small numbers do not carry',
      'v4: i64 = const imm=0xffff\nv5: i64 = and v2, v4\nv6: i64 = and v3, v4\nv7: i64 = add v5, v6\nret v7',
      ['and', 'and', 'add'],
    ],
    [
      'x * -1 + x is 0',
      'v4: i64 = const imm=0xffffffffffffffff\nv5: i64 = mul v2, v4\nv6: i64 = add v5, v2\nv7: i32 = trunc v6\nv8: i64 = zext v7\nret v8',
      [],
    ],
  ])('%s', (_, body, ops) => {
    expect(opsOf(body)).toEqual(ops);
  });

  it('compares zero-extended values in 32 bits', () => {
    const module = parseModule(`module ()
func 0 "f" entry frame 0 params (r1 r2) results (lo hi) {
b0(v0: i64, v1: i64):
  v2: i64 = const imm=0x40 @0:0
  branch slt v1, v2 ? b1() : b2() @0:1
b1():
  ret v0 @0:2
b2():
  ret v1 @0:3
}`);
    runPasses(module, [split64, clean], { validate: true });
    expect(module.funcs[0]!.blocks[0]!.term).toMatchObject({ kind: 'branch', cond: 'ult', wide: false });
  });
});

describe('across functions', () => {
  const CALLS = `module ()
func 0 "f" entry frame 0 params (r1 r2) results (lo hi) {
b0(v0: i64, v1: i64):
  v2: i64 = call callee=1 v0, v1, v1 @0:0
  v3: i32 = trunc v2 @0:1
  v4: i64 = zext v3 @0:1
  ret v4 @0:2
}
func 1 "g" local frame 0 params (r1 r2 r3) results (lo hi) {
b0(v0: i64, v1: i64, v2: i64):
  v3: i64 = add v1, v2 @1:0
  ret v3 @1:1
}`;
  it('drops parameters and result lanes that nobody uses', () => {
    const module = parseModule(CALLS);
    runPasses(module, [split64, clean], { validate: true });
    const [entry, local] = module.funcs;
    expect(local).toMatchObject({
      params: [
        { reg: 2, lane: 'lo' },
        { reg: 3, lane: 'lo' },
      ],
      results: ['lo'],
    });
    expect(entry!.params.map((p) => `r${p.reg}.${p.lane}`)).toEqual(['r1.lo', 'r1.hi', 'r2.lo', 'r2.hi']);
    expect(entry!.results).toEqual(['lo', 'hi']);
    expect(run(module, new Uint8Array(24))).toBe(48n);
  });

  it('keeps a call for its effect when the result is not used', () => {
    const module = parseModule(CALLS.replace('ret v4', 'ret v0'));
    runPasses(module, [split64, clean], { validate: true });
    expect(module.funcs[1]!.results).toEqual([]);
    expect(module.funcs[0]!.blocks[0]!.insts.map((i) => i.op)).toContain('call');
  });
});

describe('traps', () => {
  const load = (fact: string): string => `module (lanes)
func 0 "f" entry frame 0 params (r1.lo r1.hi r2.lo r2.hi) results (lo hi) {
b0(v0: i32, v1: i32, v2: i32, v3: i32):
  v4: i32 = load size=4 signed=false off=0 v0, v1 access=${fact} @0:0
  ret v2, v3 @0:1
}`;
  it('a load that may trap stays, one that is proved goes', () => {
    const [unknown, proved] = ['{?, align 1}', '{context, align 1, proved}'].map((f) => parseModule(load(f)));
    for (const m of [unknown!, proved!]) runPasses(m, [clean], { validate: true });
    expect(unknown!.funcs[0]!.blocks[0]!.insts.map((i) => i.op)).toContain('load');
    expect(proved!.funcs[0]!.blocks[0]!.insts.map((i) => i.op)).not.toContain('load');
  });
});

describe('the runner', () => {
  const module = () => parseModule(randomFunction(1, false));
  it('refuses a pass whose requirement is missing, or that comes too late', () => {
    const needs = pass('needs', () => false, { requires: ['lanes'] });
    expect(() => runPasses(module(), [needs])).toThrow('needs a module that has lanes');
    expect(() => runPasses(module(), [split64, split64])).toThrow('is for a module without lanes');
  });
  it('takes away and gives properties', () => {
    const m = module();
    runPasses(m, [split64, splitCriticalEdges]);
    expect([...m.properties].sort()).toEqual(['lanes', 'split-critical-edges']);
    runPasses(m, [fold]);
    expect([...m.properties]).toEqual(['lanes']);
  });
  it('names the pass that broke the module', () => {
    const bad = pass('bad', (m) => {
      m.funcs[0]!.blocks[0]!.insts.shift();
      return true;
    });
    expect(() => runPasses(module(), [bad], { validate: true })).toThrow('after pass bad');
  });
});
