// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { parseModule } from '../../compiler/ir/parse.js';
import { boundLoops } from '../../compiler/opt/loops.js';
import { runPasses } from '../../compiler/opt/pass.js';
import { Random } from '../differential/random.js';
import { evaluate } from '../ir/evaluate.js';
import { PROGRAM } from './expressions.js';

/**
 * A loop over (v20, v21), which start as two words of the context, and a count of rounds v22 that is returned. `body` defines
 * what `back` sends round, `test` is the condition of staying; v7 is 0, v6 is 1.
 */
function loop(body: string, test: string, back: string): string {
  return `module (lanes)
func 0 "f" entry frame 0 params (r1.lo r1.hi r2.lo r2.hi) results (lo hi) {
b0(v0: i32, v1: i32, v2: i32, v3: i32):
  v4: i32 = load size=4 signed=false off=0 v0, v1 access={context, align 4, proved, offset32} @0:0
  v5: i32 = load size=4 signed=false off=4 v0, v1 access={context, align 4, proved, offset32} @0:0
  v7: i32 = const imm=0x0 @0:0
  jump b1(v4, v5, v7) @0:0
b1(v20: i32, v21: i32, v22: i32):
  v6: i32 = const imm=0x1 @0:1
  v23: i32 = add v22, v6 @0:1
${body
  .trim()
  .replace(/^ */gm, '  ')
  .replace(/$/gm, ' @0:1')
  .replace(/(b\d+\(.*\):) @0:1/g, '$1')}
  branch ${test} ? b1(${back}, v23) : b9(v22) @0:2
b9(v30: i32):
  ret v30, v1 @0:3
}
`;
}

const MIDDLE = `v40: i32 = sub v21, v20
v41: i32 = lshr v40, v6
v42: i32 = add v41, v20`;
const half = (above: string, lower: string): string => `${MIDDLE}
v44: i32 = const imm=0x5bd1e995
v45: i32 = mul v42, v44
v46: i32 = xor v45, v22
branch set v46, v6 ? b2() : b3(${lower})
b2():
v43: i32 = add v42, v6
jump b3(${above})
b3(v50: i32, v51: i32):`;

/** A loop and its bound, or none. */
const CASES: [string, string, number | undefined][] = [
  [
    'bits taken away one by one',
    loop(
      'v40: i32 = const imm=0xffffffff\nv41: i32 = add v20, v40\nv42: i32 = and v41, v20',
      'set v41, v20',
      'v42, v21',
    ),
    32,
  ],
  [
    'the same, tested for zero',
    loop('v40: i32 = const imm=0xffffffff\nv41: i32 = add v20, v40\nv42: i32 = and v20, v41', 'ne v42, v7', 'v42, v21'),
    32,
  ],
  [
    'shifted out at the bottom',
    loop('v40: i32 = const imm=0x3\nv41: i32 = lshr v20, v40', 'ne v41, v7', 'v41, v21'),
    11,
  ],
  ['shifted out at the top', loop('v40: i32 = const imm=0x4\nv41: i32 = shl v20, v40', 'ne v20, v7', 'v41, v21'), 8],
  [
    'digits',
    loop('v40: i32 = const imm=0xa\nv41: i32 = udiv v20, v40\nv42: i32 = const imm=0x9', 'ugt v20, v42', 'v41, v21'),
    11,
  ],
  ['greatest common divisor', loop('v40: i32 = umod v20, v21', 'ne v40, v7', 'v21, v40'), 49],
  ['half an interval', loop(half('v43, v21', 'v20, v42'), 'ult v50, v51', 'v50, v51'), 33],
  ['half an interval, other order', loop(half('v43, v21', 'v20, v42'), 'ugt v51, v50', 'v50, v51'), 33],
  [
    'half an interval by choice',
    loop(
      `${MIDDLE}\nv43: i32 = add v42, v6\nv50: i32 = select v3, v43, v20\nv51: i32 = select v3, v21, v42`,
      'ult v50, v51',
      'v50, v51',
    ),
    33,
  ],
];

const NONE: [string, string][] = [
  [
    'masked with something else',
    loop(
      'v40: i32 = const imm=0xfffffffe\nv41: i32 = add v20, v40\nv42: i32 = and v41, v20',
      'set v41, v20',
      'v42, v21',
    ),
  ],
  ['shifted by what may be 0', loop('v41: i32 = lshr v20, v21', 'ne v41, v7', 'v41, v21')],
  ['shifted by 32', loop('v40: i32 = const imm=0x20\nv41: i32 = lshr v20, v40', 'ne v41, v7', 'v41, v21')],
  ['divided by 1', loop('v41: i32 = udiv v20, v6', 'ne v41, v7', 'v41, v21')],
  ['halved until not 7', loop('v41: i32 = lshr v20, v6\nv42: i32 = const imm=0x7', 'ne v41, v42', 'v41, v21')],
  ['the middle kept', loop(half('v42, v21', 'v20, v42'), 'ult v50, v51', 'v50, v51')],
  ['ends exchanged', loop(half('v43, v21', 'v42, v20'), 'ult v50, v51', 'v50, v51')],
  ['tested before, not behind the step', loop(half('v43, v21', 'v20, v42'), 'ult v20, v51', 'v50, v51')],
  [
    'chosen by two conditions',
    loop(
      `${MIDDLE}\nv43: i32 = add v42, v6\nv50: i32 = select v3, v43, v20\nv51: i32 = select v2, v21, v42`,
      'ult v50, v51',
      'v50, v51',
    ),
  ],
];

const boundOf = (text: string): number | undefined => {
  const module = parseModule(text);
  runPasses(module, [boundLoops], { validate: true });
  return module.funcs[0]!.blocks.find((b) => b.id === 1)!.bound;
};

const EDGES = [0, 1, 2, 3, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 2971215073, 1836311903];

describe('loops that count nothing', () => {
  it.each(CASES)('%s', (_, text, bound) => {
    expect(boundOf(text)).toBe(bound);
    const module = parseModule(text);
    const r = new Random(3);
    const number = (): number => (r.chance(50) ? r.pick(EDGES) : r.below(2 ** 31) * (r.chance(50) ? 2 : 1));
    let most = 0n;
    for (let i = 0; i < 150; i++) {
      const context = new Uint8Array(16);
      const view = new DataView(context.buffer);
      view.setUint32(0, i === 0 ? 2971215073 : number(), true);
      view.setUint32(4, i === 0 ? 1836311903 : number(), true);
      const run = evaluate(module, PROGRAM, 0, { ...DEFAULT_CONTRACT }, { context, regions: new Map(), fuel: 100000 });
      expect(run.status).toBe('ok');
      if (run.r0 > most) most = run.r0;
    }
    // The count that is returned is that of back edges taken.
    expect(Number(most)).toBeLessThanOrEqual(bound!);
    expect(Number(most)).toBeGreaterThan(0);
  });

  it.each(NONE)('no bound: %s', (_, text) => {
    expect(boundOf(text)).toBeUndefined();
  });
});
