// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { foldCond } from '../../compiler/ir/arith.js';
import { parseModule } from '../../compiler/ir/parse.js';
import { printModule } from '../../compiler/ir/print.js';
import { tidyBlocks } from '../../compiler/opt/blocks.js';
import { removeDead } from '../../compiler/opt/dce.js';
import { implied } from '../../compiler/opt/decide.js';
import { fold } from '../../compiler/opt/fold.js';
import { shareCommon } from '../../compiler/opt/gvn.js';
import { ifConvert, makeTruths } from '../../compiler/opt/ifconvert.js';
import { narrowRanges } from '../../compiler/opt/narrow-ranges.js';
import { dropParameters } from '../../compiler/opt/params.js';
import { type Pass, repeat, runPasses } from '../../compiler/opt/pass.js';
import { split64 } from '../../compiler/opt/split64.js';
import { threadJumps } from '../../compiler/opt/threads.js';
import { Random } from '../differential/random.js';
import { CONDS, inputs, randomFunction, run, someInputs } from './expressions.js';

const clean = repeat('clean', [dropParameters, fold, shareCommon, tidyBlocks, removeDead], 8);

/** A lanes function over x (v4) and y (v6), the low lanes of two 64-bit inputs; `body` follows their loads. */
function lanes(body: string): string {
  const fact = 'access={context, align 8, proved, offset32}';
  const text = `module (lanes guarded)
func 0 "f" entry frame 0 params (r1.lo r1.hi r2.lo r2.hi) results (lo hi) {
b0(v0: i32, v1: i32, v2: i32, v3: i32):
  v4: i32, v5: i32 = load size=8 signed=false off=0 v0 ${fact}
  v6: i32, v7: i32 = load size=8 signed=false off=8 v0 ${fact}
  v8: i32 = const imm=0x0
  v9: i32 = const imm=0x1
${body.trim().replace(/^(?!b\d)/gm, '  ')}
}`;
  return text.replace(/^( {2}.*)$/gm, '$1 @0:0');
}

/** What is left of it after `passes`: operations but loads and constants, then the terminators' kinds. */
function shape(text: string, passes: readonly Pass[]): string {
  const before = parseModule(text);
  const after = parseModule(text);
  runPasses(after, passes, { validate: true });
  const r = new Random(1);
  for (let i = 0; i < 24; i++) {
    const context = i < 16 ? inputs(BigInt(i % 6), BigInt(Math.floor(i / 6))) : someInputs(r);
    expect(run(after, context), printModule(after)).toBe(run(before, context));
  }
  const { blocks } = after.funcs[0]!;
  const ops = blocks.flatMap((b) => b.insts.map((i) => i.op)).filter((o) => o !== 'load' && o !== 'const');
  return [...ops, '|', ...blocks.map((b) => (b.term.kind === 'branch' ? b.term.cond : b.term.kind))].join(' ');
}

describe('random functions give the same', () => {
  it.each<[string, boolean, readonly Pass[]]>([
    ...[narrowRanges, threadJumps, makeTruths].flatMap((p): [string, boolean, Pass[]][] => [
      [`${p.name}, wide`, false, [p]],
      [`${p.name}, lanes`, true, [p]],
    ]),
    ['everything, wide to lanes', false, [narrowRanges, clean, split64, narrowRanges, makeTruths, threadJumps, clean]],
  ])('%s', (_, isLanes, passes) => {
    for (let seed = 500; seed < 530; seed++) {
      const text = randomFunction(seed, isLanes);
      const [before, after] = [parseModule(text), parseModule(text)];
      runPasses(after, passes, { validate: true });
      const r = new Random(seed);
      for (let i = 0; i < 4; i++) {
        const context = someInputs(r);
        expect(run(after, context), `seed ${seed}\n${text}\n${printModule(after)}`).toBe(run(before, context));
      }
    }
  });
});

describe('threads', () => {
  const then = [threadJumps, clean];
  it('leads a constant past the test of it', () => {
    const text = lanes(`
branch ult v4, v6 ? b1() : b3(v8)
b1():
branch eq v4, v9 ? b3(v9) : b2()
b2():
v10: i32 = add v4, v6
jump b3(v8)
b3(v11: i32):
branch ne v11, v8 ? b4() : b5()
b4():
ret v4, v8
b5():
ret v6, v8`);
    expect(shape(text, then)).toBe('| ult eq ret ret');
  });

  it('leads past a condition that the edge has seen, and renames what comes after', () => {
    const text = lanes(`
branch ult v4, v6 ? b1(v4) : b1(v6)
b1(v10: i32):
v11: i32 = add v10, v9
branch uge v4, v6 ? b2() : b3()
b2():
v12: i32 = mul v11, v6
jump b4(v12)
b3():
jump b4(v9)
b4(v13: i32):
v14: i32 = xor v13, v11
ret v14, v10`);
    expect(shape(text, then)).toBe('xor add add mul | ult ret jump jump');
  });

  it('leaves a loop header where it is', () => {
    const text = lanes(`
v10: i32 = const imm=0x3
v11: i32 = and v4, v10
jump b1(v8, v8)
b1(v12: i32, v13: i32):
branch ult v12, v11 ? b2() : b3()
b2():
v14: i32 = add v12, v9
v15: i32 = add v13, v6
jump b1(v14, v15)
b3():
ret v13, v8`);
    expect(shape(text, then)).toBe('and add add | jump ult jump ret');
  });
});

describe('truths and selects', () => {
  it('a 1 or 0 by a branch is a comparison', () => {
    const text = lanes(`
branch slt v4, v6 ? b1(v8) : b1(v9)
b1(v10: i32):
ret v10, v8`);
    expect(shape(text, [makeTruths, clean])).toBe('icmp | ret');
  });

  it.each([
    ['neighbours', 3, 4, 'add icmp | ret'],
    ['one bit apart', 3, 7, 'or icmp | ret'],
    ['any two', 3, 9, 'icmp icmp or | ret'],
  ])('x == a || x == b, %s', (_, a, b, left) => {
    const text = lanes(`
v10: i32 = const imm=0x${a.toString(16)}
v11: i32 = const imm=0x${b.toString(16)}
v12: i32 = icmp cond=eq v4, v10
v13: i32 = icmp cond=eq v4, v11
v14: i32 = or v12, v13
ret v14, v8`);
    expect(shape(text, [clean])).toBe(left);
  });

  it('a short way around is a select', () => {
    const text = lanes(`
branch slt v4, v6 ? b1() : b2(v6)
b1():
v10: i32 = sub v4, v9
jump b2(v10)
b2(v11: i32):
ret v11, v8`);
    expect(shape(text, [ifConvert, clean])).toBe('add icmp select | ret');
  });

  it('a way that stores is none', () => {
    const text = lanes(`
branch slt v4, v6 ? b1() : b2(v6)
b1():
store size=4 off=0 v0, v6 access={context, align 8, proved, offset32}
jump b2(v4)
b2(v11: i32):
ret v11, v8`);
    expect(shape(text, [ifConvert, clean])).toContain('store');
    expect(shape(text, [ifConvert, clean])).toContain('slt');
  });
});

describe('ranges', () => {
  const then = [narrowRanges, clean];
  it('a counter below its limit needs no test, mask or extension of its own', () => {
    const text = lanes(`
v10: i32 = const imm=0x64
v11: i32 = const imm=0x7f
jump b1(v8, v8)
b1(v12: i32, v13: i32):
branch ult v12, v10 ? b2() : b3()
b2():
v14: i32 = and v12, v11
v15: i32 = sext bits=8 v14
v16: i32 = add v13, v15
trapif cond=ugt trap=memory v12, v11
v17: i32 = add v12, v9
jump b1(v17, v16)
b3():
ret v13, v12`);
    expect(shape(text, then)).toBe('add add | jump ult jump ret');
  });

  it('a guard that may stop the run stays, and the test behind it that always holds goes', () => {
    const text = lanes(`
v10: i32 = const imm=0x81
v11: i32 = const imm=0x7f
jump b1(v8)
b1(v12: i32):
branch ult v12, v10 ? b2() : b3()
b2():
trapif cond=ugt trap=memory v12, v11
v17: i32 = add v12, v9
jump b1(v17)
b3():
ret v12, v8`);
    expect(shape(text, then)).toBe('trapif add | jump jump');
  });

  it('a wide counter is carried in 32 bits', () => {
    const module = parseModule(`module ()
func 0 "f" entry frame 0 params (r1 r2) results (lo hi) {
b0(v0: i64, v1: i64):
  v7: i32 = load size=4 signed=false off=0 v0 access={context, align 8, proved, offset32} @0:0
  v2: i64 = zext v7 @0:0
  v3: i64 = const imm=0x0 @0:0
  v4: i64 = const imm=0x1 @0:0
  jump b1(v3) @0:0
b1(v5: i64):
  branch ult v5, v2 ? b2() : b3() @0:1
b2():
  v6: i64 = add v5, v4 @0:2
  jump b1(v6) @0:3
b3():
  ret v5 @0:4
}`);
    const all = [clean, narrowRanges, clean, split64, clean, narrowRanges, clean];
    runPasses(module, all, { validate: true });
    const { blocks } = module.funcs[0]!;
    expect(blocks.map((b) => b.params.length).slice(1)).toEqual([1, 0, 0]);
    expect(blocks.flatMap((b) => b.insts.map((i) => i.op)).filter((o) => o !== 'const')).toEqual(['load', 'add']);
    expect(run(module, inputs(37n, 0n))).toBe(37n);
  });

  it('a pair of lanes below one whose high lane is 0 has none either', () => {
    const text = lanes(`
branch ule wide v4, v5, v6, v8 ? b1() : b2()
b1():
branch eq v5, v8 ? b3() : b2()
b2():
ret v4, v5
b3():
ret v6, v4`);
    expect(shape(text, then)).toBe('| ule ret ret');
  });

  it('a condition behind its contrary is decided, of the same two values in either order', () => {
    const text = lanes(`
branch ult v4, v6 ? b1() : b2()
b1():
branch ule v6, v4 ? b3() : b2()
b2():
ret v4, v8
b3():
ret v6, v8`);
    expect(shape(text, then)).toBe('| ret');
  });
});

describe('one condition from another', () => {
  it('implied answers as all pairs of four-bit numbers do', () => {
    const pairs = Array.from({ length: 256 }, (_, i) => [BigInt(i >> 4), BigInt(i & 15)] as const);
    let known = 0;
    for (const first of CONDS) {
      const where = pairs.filter(([a, b]) => foldCond(first, a, b, 4));
      for (const second of CONDS) {
        const answer = implied(first, second);
        if (answer === null) continue;
        known++;
        expect(
          where.every(([a, b]) => foldCond(second, a, b, 4) === answer),
          `${first} ${second}`,
        ).toBe(true);
      }
    }
    expect(known).toBeGreaterThan(40);
  });
});
