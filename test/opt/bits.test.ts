// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { foldBinary, foldCond } from '../../compiler/ir/arith.js';
import { parseModule } from '../../compiler/ir/parse.js';
import { printModule } from '../../compiler/ir/print.js';
import { tidyBlocks } from '../../compiler/opt/blocks.js';
import { removeDead } from '../../compiler/opt/dce.js';
import { dropUnseenBits } from '../../compiler/opt/demanded.js';
import { fold } from '../../compiler/opt/fold.js';
import { shareCommon } from '../../compiler/opt/gvn.js';
import { decided, exactly, join, meet, type Range, range, refined } from '../../compiler/opt/intervals.js';
import { dropParameters } from '../../compiler/opt/params.js';
import { repeat, runPasses } from '../../compiler/opt/pass.js';
import { boundByRanges, roundsIn } from '../../compiler/opt/range-bounds.js';
import { transfer } from '../../compiler/opt/range-transfer.js';
import { Random } from '../differential/random.js';
import { BINARY, CONDS, randomFunction, run, someInputs } from './expressions.js';

const clean = repeat('clean', [dropParameters, fold, shareCommon, tidyBlocks, removeDead], 8);

/** A guarded lanes function that computes from x (v4, the first word of the context) and may store at offset 8. */
const over = (body: string): string =>
  `module (lanes guarded)
func 0 "f" entry frame 0 params (r1.lo r1.hi r2.lo r2.hi) results (lo hi) {
b0(v0: i32, v1: i32, v2: i32, v3: i32):
  v4: i32 = load size=4 signed=false off=0 v0 ACCESS
  v8: i32 = const imm=0x0
  v9: i32 = const imm=0xffff
  v10: i32 = const imm=0x10
${body.trim().replace(/^(?!b\d)/gm, '  ')}
}`
    .replace(/^( {2}.*)$/gm, '$1 @0:0')
    .replaceAll('ACCESS', 'access={context, align 8, proved, offset32}');

function opsAfter(text: string): string[] {
  const [before, after] = [parseModule(text), parseModule(text)];
  runPasses(after, [repeat('bits', [dropUnseenBits, clean], 4)], { validate: true });
  const r = new Random(3);
  for (let i = 0; i < 20; i++) {
    const context = someInputs(r);
    expect(run(after, context), printModule(after)).toBe(run(before, context));
  }
  return after.funcs[0]!.blocks.flatMap((b) =>
    b.insts
      .filter((i) => i.op !== 'const')
      .map((i) => (i.op === 'load' ? `load${i.size}${i.signed ? 's' : ''}` : i.op)),
  );
}

describe('bits that nothing looks at', () => {
  it.each<[string, string, string[]]>([
    [
      'a mask before a store of as many bits',
      'v11: i32 = and v4, v9\nstore size=2 off=8 v0, v11 ACCESS\nret v8, v8',
      ['load4', 'store'],
    ],
    [
      'a sign extension before a sum that is masked',
      'v11: i32 = sext bits=16 v4\nv12: i32 = add v11, v9\nv13: i32 = and v12, v9\nret v13, v8',
      ['load4', 'add', 'and'],
    ],
    [
      'a mask that a shift drops anyway',
      'v11: i32 = const imm=0xfff0ffff\nv12: i32 = or v4, v11\nv13: i32 = shl v4, v10\nv14: i32 = and v4, v9\nv15: i32 = shl v14, v10\nret v15, v8',
      ['load4', 'shl'],
    ],
    [
      'the sign that an arithmetic shift brings, when it is cut off',
      'v11: i32 = ashr v4, v10\nv12: i32 = and v11, v9\nret v12, v8',
      ['load4', 'lshr'],
    ],
    [
      'a load extended by the sign is one',
      'v11: i32 = load size=2 signed=false off=2 v0 ACCESS\nv12: i32 = sext bits=16 v11\nret v12, v8',
      ['load2s'],
    ],
    [
      'a load whose sign nobody looks at is none',
      'v11: i32 = load size=2 signed=true off=2 v0 ACCESS\nstore size=2 off=8 v0, v11 ACCESS\nret v8, v8',
      ['load2', 'store'],
    ],
    [
      'a load needed both ways stays',
      'v11: i32 = load size=2 signed=false off=2 v0 ACCESS\nv12: i32 = sext bits=16 v11\nret v12, v11',
      ['load2', 'sext'],
    ],
  ])('%s', (_, body, ops) => {
    expect(opsAfter(over(body))).toEqual(ops);
  });

  it('are followed around loops', () => {
    const text = over(`
jump b1(v4, v8)
b1(v11: i32, v12: i32):
v13: i32 = and v11, v9
v14: i32 = add v13, v9
v15: i32 = const imm=0x1
v16: i32 = add v12, v15
branch ult v16, v10 ? b1(v14, v16) : b2()
b2():
store size=2 off=8 v0, v14 ACCESS
ret v8, v8`);
    expect(opsAfter(text)).toEqual(['load4', 'add', 'add', 'store']);
  });

  it('random functions give the same', () => {
    for (let seed = 900; seed < 940; seed++) {
      const text = randomFunction(seed, true);
      const [before, after] = [parseModule(text), parseModule(text)];
      runPasses(after, [dropUnseenBits, clean, dropUnseenBits], { validate: true });
      const r = new Random(seed);
      for (let i = 0; i < 4; i++) {
        const context = someInputs(r);
        expect(run(after, context), `seed ${seed}\n${text}\n${printModule(after)}`).toBe(run(before, context));
      }
    }
  });
});

/** Numbers around which intervals change. */
const EDGES = [0, 1, 2, 5, 127, 255, 65535, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1];

/** Is n, an unsigned number of 32 bits, in a range? */
const holds = (r: Range, n: number): boolean => !r || [n, n - 2 ** 32].some((m) => r.lo <= m && m <= r.hi);

/** A random range and some numbers in it. */
function some(r: Random): { r: Range; in: number[] } {
  const lo = r.pick(EDGES) - (r.chance(40) ? 2 ** 32 : 0);
  const hi = lo + r.pick([0, 0, 1, 3, 255, 70000, 2 ** 30]);
  const made = range(lo, hi, 32);
  const inside = [lo, hi, lo + Math.floor((hi - lo) / 2)].map((n) => ((n % 2 ** 32) + 2 ** 32) % 2 ** 32);
  return { r: made, in: inside };
}

describe('intervals hold what they should', () => {
  it('ranges of operations, of what is in both or either, and behind conditions', () => {
    const r = new Random(11);
    let narrow = 0;
    for (let i = 0; i < 3000; i++) {
      const [a, b] = [some(r), some(r)];
      const [x, y] = [r.pick(a.in), r.pick(b.in)];
      const op = r.pick(BINARY);
      const values = [0, 1, 2].map((id) => ({ id, ty: 'i32' as const }));
      const inst = { op, args: values.slice(0, 2), results: [values[2]!], origin: { func: 0, slot: 0 } };
      const result = transfer(inst, 0, (v) => (v === values[0] ? a.r : b.r));
      const is = Number(foldBinary(op, BigInt(x), BigInt(y), 32));
      expect(holds(result, is), `${op} ${JSON.stringify([a, b, x, y, result, is])}`).toBe(true);
      if (result) narrow++;
      expect(holds(join(a.r, b.r, 32), x)).toBe(true);
      expect(holds(meet(a.r, range(x, x, 32), 32), x)).toBe(true);
      const cond = r.pick(CONDS);
      const truth = foldCond(cond, BigInt(x), BigInt(y), 32);
      const known = decided(cond, a.r, b.r, 32);
      if (known !== null) expect(truth, `${cond} ${JSON.stringify([a, b, x, y])}`).toBe(known);
      if (truth) expect(holds(refined(cond, a.r, b.r, 32), x), `${cond} ${JSON.stringify([a, b, x, y])}`).toBe(true);
    }
    expect(narrow).toBeGreaterThan(1000);
  });

  it('a constant of either width is exactly itself', () => {
    expect(exactly(0xffffffffn, 32)).toEqual({ lo: 2 ** 32 - 1, hi: 2 ** 32 - 1 });
    expect(exactly((1n << 64n) - 5n, 64)).toEqual({ lo: -5, hi: -5 });
    expect(exactly(1n << 60n, 64)).toBeNull();
  });
});

describe('bounds by ranges', () => {
  const loop = (step: string, test: string): string => `module (lanes)
func 0 "f" entry frame 0 params (r1.lo r1.hi) results (lo hi) {
b0(v0: i32, v1: i32):
  v2: i32 = const imm=0x3f @0:0
  v3: i32 = and v0, v2 @0:0
  jump b1(v3) @0:0
b1(v4: i32):
  v5: i32 = const imm=${step} @0:0
  v6: i32 = add v4, v5 @0:0
  v7: i32 = const imm=0x3f @0:0
  branch ${test}, v7 ? b1(v6) : b2() @0:0
b2():
  ret v4, v4 @0:0
}`;
  const bound = (text: string): number | undefined => {
    const module = parseModule(text);
    runPasses(module, [boundByRanges], { validate: true });
    return module.funcs[0]!.blocks[1]!.bound;
  };

  it('a number that is stepped down while it stays small is bounded, whatever the test', () => {
    expect(bound(loop('0xffffffff', 'ult v6'))).toBe(63);
    expect(bound(loop('0xffffffff', 'ne v6'))).toBeUndefined();
  });

  it('a step larger than what is left of the circle proves nothing', () => {
    expect(roundsIn({ lo: 0, hi: 62 }, [-1])).toBe(62);
    expect(roundsIn({ lo: 0, hi: 62 }, [3, 2])).toBe(31);
    expect(roundsIn({ lo: 0, hi: 62 }, [3, -2])).toBeNull();
    expect(roundsIn({ lo: 0, hi: 62 }, [0])).toBeNull();
    expect(roundsIn({ lo: 0, hi: 2 ** 32 - 3 }, [3])).toBeNull();
    expect(roundsIn(null, [1])).toBeNull();
  });
});
