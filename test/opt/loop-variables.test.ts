// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { Module } from '../../compiler/ir/ir.js';
import { parseModule } from '../../compiler/ir/parse.js';
import { printModule } from '../../compiler/ir/print.js';
import type { Shape } from '../../compiler/ir/shape.js';
import { tidyCounters } from '../../compiler/opt/counters.js';
import { removeDead } from '../../compiler/opt/dce.js';
import { mergeExits } from '../../compiler/opt/exits.js';
import { fold } from '../../compiler/opt/fold.js';
import { type Pass, runPasses } from '../../compiler/opt/pass.js';
import { strengthen } from '../../compiler/opt/strength.js';
import { Random } from '../differential/random.js';
import { evaluate } from '../ir/evaluate.js';
import { PROGRAM } from './expressions.js';

/** Cores that differ in all that the choice of a loop's variables depends on. */
const BASE = { unaligned: true, reverse: true, registers: 12 } as const;
const SHAPES: Record<string, Shape> = {
  'scaled index': {
    ...BASE,
    indexShift: 3,
    offsets: { min: -255, max: 4095, scaled: false },
    postIncrement: true,
    flags: true,
  },
  index: { ...BASE, indexShift: 0, offsets: { min: 0, max: 31, scaled: true }, postIncrement: false, flags: true },
  pointers: {
    ...BASE,
    indexShift: null,
    offsets: { min: -2048, max: 2047, scaled: false },
    postIncrement: false,
    flags: false,
  },
};

const ACCESS = 'access={context, align 4, proved, offset32}';
const START = `module (guarded lanes)
func 0 "f" entry frame 0 params (r1.lo r1.hi r2.lo r2.hi) results (lo hi) {
b0(v0: i32, v1: i32, v2: i32, v3: i32):`;

/** r0 and memory after a run, or the trap. */
function outcome(module: Module, context: Uint8Array): string {
  const request = { context, regions: new Map(), fuel: 10000 };
  const result = evaluate(module, PROGRAM, 0, { ...DEFAULT_CONTRACT }, request);
  return `${result.trap ?? result.r0} ${Buffer.from(result.context!).toString('hex')}`;
}

const CONDS = ['ne', 'ne', 'ne', 'eq', 'ult', 'ule', 'ugt', 'uge', 'slt', 'sle', 'sgt', 'sge'] as const;

/**
 * A loop of at most 20 rounds over a context of 512 bytes: two variables, accesses at sums of them, up to three tests, before or
 * behind the accesses, of old or grown values against constants, bytes of the context or their sums.
 */
function randomLoop(seed: number): string {
  const r = new Random(seed);
  const limit = (): string => r.pick(['v4', 'v5', 'v6', 'v7', 'v7', 'v8']);
  const step = r.pick([1, 1, 1, 2, -1, -2, 3]);
  const from = r.between(60, 100);
  /** The first test is for equality with a value that the counter will have. */
  const meets = r.chance(25);
  const to = meets ? from + step * r.between(1, 12) : r.between(50, 110);
  const walk = r.pick([1, 2, 4, step, 2 * step, -1]);
  let next = 50;
  const lines: string[] = [];
  const put = (text: string): string => {
    const v = `v${next++}`;
    lines.push(`  ${v}: i32 = ${text} @0:1`);
    return v;
  };
  const c = (n: number): string => put(`const imm=0x${(n >>> 0).toString(16)}`);
  let sum = 'v22';
  const accesses = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const scale = r.below(2);
      const own = put(`shl v20, ${c(scale)}`);
      let address = r.pick([put(`add v0, ${scale ? own : 'v20'}`), 'v21', put(`add v9, v20`), put('add v21, v5')]);
      if (address === 'v21' && r.chance(30)) address = put(`add v21, ${c(r.below(8))}`);
      const size = r.pick([1, 2, 4]);
      const off = r.below(12);
      if (r.chance(60))
        sum = put(`xor ${sum}, ${put(`load size=${size} signed=false off=${off} ${address} ${ACCESS}`)}`);
      else lines.push(`  store size=${size} off=${off} ${address}, ${r.pick([sum, 'v20', 'v21'])} ${ACCESS} @0:1`);
    }
  };
  const block = (): string => lines.splice(0).join('\n');
  const tested = r.pick(meets ? ['v20', 'v40'] : ['v20', 'v40', 'v40', 'v41', 'v42']);
  const cond = meets ? 'ne' : r.pick(CONDS);
  const first = `branch ${cond} ${tested}, ${meets ? 'v7' : limit()} ? b2() : b5`;
  const second = `branch ${r.chance(60) ? cond : r.pick(CONDS)} ${r.chance(70) ? tested : 'v40'}, ${limit()} ? b3() : b5`;
  accesses(r.below(4));
  const leaves = r.chance(60) ? sum : r.pick(['v20', 'v40', 'v21']);
  const head = block();
  accesses(r.chance(30) ? r.below(3) : 0);
  const tail = block();
  const guard = r.chance(50) ? `branch ${r.pick(CONDS)} v6, ${limit()} ? b6() : b7()` : 'jump b6()';
  return `${START}
  v4: i32 = load size=1 signed=false off=0 v0 ${ACCESS} @0:0
  v5: i32 = load size=1 signed=false off=1 v0 ${ACCESS} @0:0
  v6: i32 = const imm=0x${from.toString(16)} @0:0
  v7: i32 = const imm=0x${to.toString(16)} @0:0
  v10: i32 = const imm=0x1 @0:0
  v8: i32 = add v4, v10 @0:0
  v9: i32 = add v0, v10 @0:0
  v11: i32 = const imm=0x0 @0:0
  v12: i32 = const imm=0x64 @0:0
  v13: i32 = add v0, v12 @0:0
  ${guard} @0:0
b6():
  jump b1(v6, v13, v11, v11) @0:0
b7():
  ret v11, v11 @0:0
b1(v20: i32, v21: i32, v22: i32, v23: i32):
  v30: i32 = const imm=0x${(step >>> 0).toString(16)} @0:1
  v31: i32 = const imm=0x${(walk >>> 0).toString(16)} @0:1
  v40: i32 = add v20, v30 @0:1
  v41: i32 = add v21, v31 @0:1
  v42: i32 = add v23, v10 @0:1
${head}
  ${first}(${leaves}) @0:2
b2():
  ${second}(${r.chance(80) ? leaves : 'v42'}) @0:3
b3():
${tail}
  v43: i32 = const imm=0x14 @0:4
  branch ult v42, v43 ? b1(v40, v41, ${sum}, v42) : b5(${leaves}) @0:4
b5(v44: i32):
  ret v44, v11 @0:5
}
`;
}

/** Loops for each way to run the passes. */
const RUNS = Number(process.env.FCC_RUNS ?? 25);

const passes: [string, readonly Pass[]][] = [
  ['exits', [mergeExits]],
  ['counters', [tidyCounters]],
  ...Object.entries(SHAPES).flatMap(([name, shape]): [string, readonly Pass[]][] => [
    [`strength, ${name}`, [strengthen(shape), removeDead]],
    [`all, ${name}`, [tidyCounters, fold, mergeExits, fold, strengthen(shape), removeDead, fold]],
  ]),
];

describe('random loops keep results and memory', () => {
  it.each(passes)('%s', (_, list) => {
    let changed = 0;
    for (let seed = 0; seed < RUNS; seed++) {
      const text = randomLoop(seed);
      const before = parseModule(text);
      const after = parseModule(text);
      runPasses(after, list, { validate: true });
      if (printModule(after) !== printModule(before)) changed++;
      const r = new Random(seed + 1);
      for (let i = 0; i < 3; i++) {
        const context = Uint8Array.from({ length: 512 }, () => r.between(i === 0 ? 55 : 0, i === 1 ? 3 : 115));
        expect(outcome(after, context), `seed ${seed}\n${text}\n${printModule(after)}`).toBe(outcome(before, context));
      }
    }
    expect(changed).toBeGreaterThan(0);
  });
});

/** A loop that adds up the lanes of a 64-bit counter, its step made in one block or in two that join. */
function wideLoop(start: bigint, step: bigint, end: bigint, grown: boolean, joined: boolean): string {
  const lanes = (n: bigint): [string, string] => [
    `0x${BigInt.asUintN(32, n).toString(16)}`,
    `0x${BigInt.asUintN(32, n >> 32n).toString(16)}`,
  ];
  const constants: [string, bigint][] = [
    ['v10, v11', start],
    ['v12, v13', step],
    ['v14, v15', end],
  ];
  const made = constants.flatMap(([names, n]) =>
    names.split(', ').map((v, i) => `  ${v}: i32 = const imm=${lanes(n)[i]} @0:0`),
  );
  const add = (low: string, high: string): string => `  ${low}: i32, ${high}: i32 = add64 v20, v21, v12, v13 @0:1`;
  const next = joined ? 'v36, v37' : 'v30, v31';
  return `${START}
${made.join('\n')}
  v5: i32 = const imm=0x0 @0:0
  v6: i32 = const imm=0x1 @0:0
  v8: i32 = const imm=0x64 @0:0
  jump b1(v10, v11, v5, v5) @0:0
b1(v20: i32, v21: i32, v22: i32, v23: i32):
${add('v30', 'v31')}
  v24: i32 = xor v22, v20 @0:1
  v25: i32 = add v24, v21 @0:1
  v26: i32 = add v23, v6 @0:1
  branch set v23, v6 ? b2() : b3() @0:1
b2():
${add('v32', 'v33')}
  jump b4(${joined ? 'v32, v33' : 'v30, v31'}) @0:1
b3():
${add('v34', 'v35')}
  jump b4(${joined ? 'v34, v35' : 'v30, v31'}) @0:1
b4(v36: i32, v37: i32):
  branch eq wide ${grown ? next : 'v20, v21'}, v14, v15 ? b6(v25, v26) : b5() @0:2
b5():
  branch ult v26, v8 ? b1(${next}, v25, v26) : b6(v25, v26) @0:3
b6(v40: i32, v41: i32):
  ret v40, v41 @0:4
}
`;
}

describe('64-bit counters over lanes', () => {
  const narrowed = (text: string): Module => {
    const module = parseModule(text);
    runPasses(module, [tidyCounters, removeDead, fold, removeDead, tidyCounters, fold, removeDead], { validate: true });
    return module;
  };
  it.each<[string, bigint, bigint, bigint, boolean]>([
    ['up', 0n, 1n, 31n, true],
    ['below zero', -63n, 1n, -1n, true],
    ['to zero, the last value being its step', -8n, 2n, 0n, false],
    ['in the upper half', (5n << 32n) + 3n, 4n, (5n << 32n) + 23n, true],
    ['down', 9n, -3n, 0n, true],
    ['over a border', 0xfffffffdn, 1n, 0x100000002n, false],
    ['over the end', 0n, 2n, 5n, false],
    ['the wrong way', 5n, 1n, 3n, false],
  ])('%s', (_, start, step, end, gone) => {
    for (const grown of [false, true]) {
      for (const joined of [false, true]) {
        const text = wideLoop(start, step, end, grown, joined);
        const module = narrowed(text);
        const context = new Uint8Array(16);
        expect(outcome(module, context), `${text}\n${printModule(module)}`).toBe(outcome(parseModule(text), context));
        if (gone) expect(printModule(module)).not.toMatch(/add64|wide/);
      }
    }
  });

  it('random ones keep their sums', () => {
    const r = new Random(7);
    for (let i = 0; i < 2 * RUNS; i++) {
      const near = r.pick([0n, 1n << 31n, 1n << 32n, 1n << 63n, -1n]);
      const start = near + BigInt(r.between(-9, 9));
      const step = BigInt(r.pick([1, 2, 3, -1, -2, 1 << 30]));
      const end = start + step * BigInt(r.between(-2, 12)) + BigInt(r.chance(20) ? 1 : 0);
      const text = wideLoop(start, step, end, r.chance(50), r.chance(50));
      const module = narrowed(text);
      const context = new Uint8Array(16);
      expect(outcome(module, context), `${text}\n${printModule(module)}`).toBe(outcome(parseModule(text), context));
    }
  });
});
