// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { Module } from '../../compiler/ir/ir.js';
import { parseModule } from '../../compiler/ir/parse.js';
import { printModule } from '../../compiler/ir/print.js';
import { removeDead } from '../../compiler/opt/dce.js';
import { fold } from '../../compiler/opt/fold.js';
import { forwardMemory } from '../../compiler/opt/forward.js';
import { runPasses } from '../../compiler/opt/pass.js';
import { Random } from '../differential/random.js';
import { evaluate } from '../ir/evaluate.js';
import { PROGRAM } from './expressions.js';

const fact = (region: string, more = ''): string => `access={${region}, align 1, proved, offset32${more}}`;
const load = (to: string, off: number, size = 4, base = 'v0', region = 'context', signed = false): string => {
  const results = size === 8 ? `${to}: i32, ${to}1: i32` : `${to}: i32`;
  return `${results} = load size=${size} signed=${signed} off=${off} ${base} ${fact(region)}`;
};
const store = (off: number, value: string, size = 4, base = 'v0', region = 'context'): string =>
  `store size=${size} off=${off} ${base}, ${value} ${fact(region, ', write')}`;

/** v0: the context; v4: .data; v5: 7; v6: an address of which nothing is known. */
const entry = (body: string): string => `module (guarded lanes)
func 0 "f" entry frame 0 params (r1.lo r1.hi r2.lo r2.hi) results (lo hi) {
b0(v0: i32, v1: i32, v2: i32, v3: i32):
${`v4: i32 = base region=data
v5: i32 = const imm=0x7
v6: i32 = and v0, v5
${body}`.replace(/^(?!b\d)(.*)$/gm, '  $1 @0:0')}
}
`;

function accesses(body: string): string[] {
  const module = parseModule(entry(body));
  runPasses(module, [forwardMemory, fold, removeDead], { validate: true });
  return module.funcs[0]!.blocks.flatMap((b) => b.insts.flatMap((i) => (i.size ? [`${i.op}${8 * i.size}`] : [])));
}
const lines = (...all: string[]): string => all.join('\n');

describe('what is in memory already', () => {
  it.each<[string, string, string[]]>([
    ['a word that was stored is not loaded', lines(store(0, 'v2'), load('v20', 0), 'ret v20, v20'), ['store32']],
    [
      'nor one that was loaded',
      lines(load('v20', 0), load('v21', 0), 'v22: i32 = add v20, v21', 'ret v22, v22'),
      ['load32'],
    ],
    [
      'halves of a double word are words',
      lines(store(8, 'v2, v3', 8), load('v20', 12), load('v30', 8, 8), 'v22: i32 = add v20, v30', 'ret v22, v301'),
      ['store64'],
    ],
    ['a byte that was stored is cut again', lines(store(0, 'v2', 1), load('v20', 0, 1), 'ret v20, v20'), ['store8']],
    [
      'part of a constant is a constant',
      lines(
        'v19: i32 = const imm=0x12348678',
        store(0, 'v19'),
        load('v20', 0, 2, 'v0', 'context', true),
        'ret v20, v20',
      ),
      ['store32'],
    ],
    ['part of anything else is loaded', lines(store(0, 'v2'), load('v20', 1, 1), 'ret v20, v20'), ['store32', 'load8']],
    [
      'another place through the same address does not matter, the same place does',
      lines(
        load('v20', 0),
        store(4, 'v2'),
        load('v21', 0),
        store(2, 'v2', 2),
        load('v22', 0),
        'v23: i32 = sub v21, v22',
        'v24: i32 = add v20, v23',
        'ret v24, v24',
      ),
      ['load32', 'store32', 'store16', 'load32'],
    ],
    [
      'nor does another region, but an address of which nothing is known',
      lines(
        load('v20', 0),
        store(0, 'v2', 4, 'v4', 'data'),
        load('v21', 0),
        store(0, 'v2', 1, 'v6', '?'),
        load('v22', 0),
        'v23: i32 = sub v21, v22',
        'v24: i32 = add v20, v23',
        'ret v24, v24',
      ),
      ['load32', 'store32', 'store8', 'load32'],
    ],
    [
      'an atomic operation ends it',
      lines(
        load('v20', 0),
        `atomic atomic=add size=4 off=8 v4, v2 ${fact('data', ', write')}`,
        load('v21', 0),
        'v22: i32 = add v20, v21',
        'ret v22, v22',
      ),
      ['load32', 'atomic32', 'load32'],
    ],
    [
      'both ways into a block have to know it',
      lines(
        load('v20', 0),
        'branch eq v20, v2 ? b1() : b2()',
        'b1():',
        store(4, 'v2'),
        load('v21', 8),
        'jump b3(v21)',
        'b2():',
        'jump b3(v20)',
        'b3(v22: i32):',
        load('v23', 0),
        load('v24', 8),
        'v25: i32 = add v23, v24',
        'ret v25, v22',
      ),
      ['load32', 'store32', 'load32', 'load32'],
    ],
  ])('%s', (_, body, wanted) => {
    expect(accesses(body)).toEqual(wanted);
  });

  it('different values that meet are a parameter', () => {
    const met = lines(
      'branch eq v1, v2 ? b1() : b2()',
      'b1():',
      store(8, 'v2'),
      'jump b3()',
      'b2():',
      load('v20', 8),
      'jump b3()',
      'b3():',
      load('v21', 8),
      'ret v21, v21',
    );
    expect(accesses(met)).toEqual(['store32', 'load32']);
    expect(accesses(met.replaceAll('size=4', 'size=2'))).toEqual(['store16', 'load16']);
  });

  const loop = (base: string, region: string, body: string): string =>
    lines(
      load('v20', 0, 4, base, region),
      'jump b1(v20)',
      'b1(v21: i32):',
      load('v22', 0, 4, base, region),
      body,
      'v23: i32 = add v21, v22',
      'branch ult v23, v2 ? b1(v23) : b2()',
      'b2():',
      'ret v23, v23',
    );

  it('a loop that does not write it reads own memory once, and the host’s in each round', () => {
    expect(accesses(loop('v4', 'data', store(0, 'v21')))).toEqual(['load32', 'store32']);
    expect(accesses(loop('v0', 'context', store(0, 'v21', 4, 'v4', 'data')))).toEqual(['load32', 'load32', 'store32']);
    expect(accesses(loop('v4', 'data', store(0, 'v21', 4, 'v4', 'data')))).toEqual(['load32', 'load32', 'store32']);
  });
});

describe('what nobody sees', () => {
  it('is not stored, if all of it is stored again first', () => {
    expect(accesses(lines(store(1, 'v2', 1), store(0, 'v3'), 'ret v2, v2'))).toEqual(['store32']);
    expect(accesses(lines(store(0, 'v2'), store(0, 'v3', 2), 'ret v2, v2'))).toEqual(['store32', 'store16']);
  });
  it('is stored if a trap, a call of the host’s or a load may come before', () => {
    const two = (between: string): string => lines(store(0, 'v2'), between, store(0, 'v3'), 'ret v2, v2');
    expect(accesses(two('trapif cond=eq trap=memory v2, v3'))).toEqual(['store32', 'store32']);
    expect(accesses(two('fuel imm=0x1'))).toEqual(['store32', 'store32']);
    expect(accesses(two(lines(load('v20', 2, 2), store(12, 'v20'))))).toEqual([
      'store32',
      'load16',
      'store32',
      'store32',
    ]);
  });
});

/** Loads and stores at few places, in a diamond inside a loop; addresses that are equal without looking so. */
function randomMemory(seed: number): string {
  const r = new Random(seed);
  let next = 20;
  const body = (seen: readonly string[]): { text: string; values: string[] } => {
    const values = [...seen];
    const out: string[] = [];
    for (let i = r.between(1, 8); i > 0; i--) {
      const size = r.pick([1, 2, 4, 4, 8]);
      const [base, region] = r.pick([
        ['v0', 'context'],
        ['v0', 'context'],
        ['v7', 'context'],
        ['v7', '?'],
      ] as const);
      const off = r.below(16 / size) * size;
      const v = `v${next++}`;
      if (r.chance(12)) out.push(`trapif cond=eq trap=memory ${r.pick(values)}, v5`);
      if (r.chance(45))
        out.push(store(off, size === 8 ? `${r.pick(values)}, ${r.pick(values)}` : r.pick(values), size, base, region));
      else {
        out.push(load(v, off, size, base, region, size < 4 && r.chance(40)).replace(`${v}1:`, `v${next}:`));
        values.push(v);
        if (size === 8) values.push(`v${next++}`);
      }
    }
    return { text: out.join('\n'), values };
  };
  const common = ['v1', 'v2', 'v3', 'v5', 'v9'];
  const [a, b, c, d] = [body(common), body([...common, 'v10', 'v11']), body(common), body(common)];
  return entry(`v8: i32 = const imm=0x0
v9: i32 = const imm=0x8001
v7: i32 = or v0, v8
${a.text}
jump b1(v5, v2)
b1(v10: i32, v11: i32):
${b.text}
branch ult ${r.pick(b.values)}, ${r.pick(b.values)} ? b2() : b3()
b2():
${c.text}
jump b4(${r.pick(c.values)})
b3():
${d.text}
jump b4(${r.pick(d.values)})
b4(v12: i32):
v13: i32 = const imm=0x1
v14: i32 = sub v10, v13
branch eq v14, v8 ? b5() : b1(v14, v12)
b5():
${load('v15', 4)}
ret v15, v12`);
}

it('random accesses give what they gave', () => {
  const outcome = (module: Module, context: Uint8Array): string => {
    const result = evaluate(module, PROGRAM, 0, DEFAULT_CONTRACT, { context, regions: new Map(), fuel: 10000 });
    return `${result.trap ?? result.r0} ${Buffer.from(result.context!).toString('hex')}`;
  };
  for (let seed = 0; seed < 100; seed++) {
    const text = randomMemory(seed);
    const before = parseModule(text);
    const after = parseModule(text);
    runPasses(after, [forwardMemory], { validate: true });
    const r = new Random(seed);
    for (let i = 0; i < 2; i++) {
      const context = Uint8Array.from({ length: 16 }, () => r.below(256));
      const wanted = outcome(before, context);
      expect(outcome(after, context), `seed ${seed}\n${text}\n${printModule(after)}`).toBe(wanted);
    }
  }
});
