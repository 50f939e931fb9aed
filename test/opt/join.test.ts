// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { findTarget } from '../../backends/index.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { Module } from '../../compiler/ir/ir.js';
import { parseModule } from '../../compiler/ir/parse.js';
import { printModule } from '../../compiler/ir/print.js';
import type { Shape } from '../../compiler/ir/shape.js';
import { removeDead } from '../../compiler/opt/dce.js';
import { fold } from '../../compiler/opt/fold.js';
import { joinLoads } from '../../compiler/opt/join-loads.js';
import { joinStores } from '../../compiler/opt/join-stores.js';
import { runPasses } from '../../compiler/opt/pass.js';
import { Random } from '../differential/random.js';
import { evaluate } from '../ir/evaluate.js';
import { PROGRAM } from './expressions.js';

const ABLE: Shape = { ...findTarget('cortex-m4')!.shape, unaligned: true, reverse: true };
const STRICT: Shape = { ...ABLE, unaligned: false };
const PLAIN: Shape = { ...STRICT, reverse: false };

const fact = (align: number, more = ''): string => `access={context, align ${align}, proved, offset32${more}}`;
const load = (to: string, off: number, align = 1, size = 1): string =>
  `${to}: i32 = load size=${size} signed=false off=${off} v0 ${fact(align)}`;
const store = (off: number, value: string, align = 1, size = 1): string =>
  `store size=${size} off=${off} v0, ${value} ${fact(align, ', write')}`;

/** A guarded entry with constants v10 = 8, v11 = 16, v12 = 24; v0 is the context, and v1 to v3 other parameters. */
function entry(lines: readonly string[], result: string): string {
  const body = ['v10: i32 = const imm=0x8', 'v11: i32 = const imm=0x10', 'v12: i32 = const imm=0x18', ...lines];
  return `module (guarded lanes)
func 0 "f" entry frame 0 params (r1.lo r1.hi r2.lo r2.hi) results (lo hi) {
b0(v0: i32, v1: i32, v2: i32, v3: i32):
${[...body, `ret ${result}, ${result}`].map((l) => `  ${l} @0:0`).join('\n')}
}
`;
}

const passes = (shape: Shape) => [joinLoads(shape), joinStores(shape), fold, removeDead];

/** Accesses and byte reversals that are left, with sizes in bits. */
function rest(lines: readonly string[], result: string, shape = ABLE): string[] {
  const module = parseModule(entry(lines, result));
  runPasses(module, passes(shape), { validate: true });
  const kept = module.funcs[0]!.blocks[0]!.insts.filter((i) => i.size || i.op === 'bswap' || i.op === 'trapif');
  return kept.map((i) => `${i.op}${i.size ? 8 * i.size : (i.bits ?? '')}`);
}

/** r0, trap and context afterwards. */
function outcome(module: Module, context: Uint8Array): string {
  const result = evaluate(module, PROGRAM, 0, DEFAULT_CONTRACT, { context, regions: new Map(), fuel: 10000 });
  return `${result.trap ?? result.r0} ${Buffer.from(result.context!).toString('hex')}`;
}

/** Four bytes from `off` as a number: v20 to v23, the sum in v29. */
const four = (off: number, shifts: readonly string[], align = 1, op = 'or'): string[] => [
  ...[0, 1, 2, 3].map((i) => load(`v2${i}`, off + i, i === 0 ? align : 1)),
  ...[0, 1, 2, 3].map((i) =>
    shifts[i] ? `v3${i}: i32 = shl v2${i}, ${shifts[i]}` : `v3${i}: i32 = or v2${i}, v2${i}`,
  ),
  `v27: i32 = ${op} v33, v31`,
  `v28: i32 = ${op} v30, v27`,
  `v29: i32 = ${op} v28, v32`,
];
const LITTLE = ['', 'v10', 'v11', 'v12'];
const BIG = ['v12', 'v11', 'v10', ''];
const plainFour = (...args: Parameters<typeof four>): string[] =>
  four(...args).flatMap((l) =>
    /= or v2(\d), v2\1$/.test(l) ? [] : [l.replace(/v3([03])\b(?!:)/g, (v, d) => (args[1][Number(d)] ? v : `v2${d}`))],
  );

describe('bytes that make a number', () => {
  it('are one load, turned round for the other order', () => {
    expect(rest(plainFour(1, LITTLE), 'v29')).toEqual(['load32']);
    expect(rest(plainFour(1, BIG), 'v29')).toEqual(['load32', 'bswap32']);
    expect(rest(plainFour(1, BIG, 1, 'add'), 'v29')).toEqual(['load32', 'bswap32']);
  });

  it('need an alignment or a core that does without', () => {
    expect(rest(plainFour(4, LITTLE, 4), 'v29', STRICT)).toEqual(['load32']);
    expect(rest(plainFour(4, LITTLE, 2), 'v29', STRICT)).toEqual(['load16', 'load8', 'load8']);
    expect(rest(plainFour(4, LITTLE, 1), 'v29', STRICT)).toHaveLength(4);
  });

  it('stay bytes where turning them round is more work', () => {
    expect(rest(plainFour(4, BIG, 4), 'v29', PLAIN)).toHaveLength(4);
    expect(rest(plainFour(4, LITTLE, 4), 'v29', PLAIN)).toEqual(['load32']);
  });

  it('stay bytes where one of them is written in between', () => {
    const lines = plainFour(1, LITTLE);
    lines.splice(1, 0, store(2, 'v20'));
    expect(rest(lines, 'v29')).toEqual(['load8', 'store8', 'load16', 'load8']);
    const apart = plainFour(1, LITTLE);
    apart.splice(1, 0, store(9, 'v1'));
    expect(rest(apart, 'v29')).toEqual(['store8', 'load32']);
  });

  it('nested shifts count together, and other terms stay', () => {
    const lines = [
      load('v20', 0),
      load('v21', 1),
      'v22: i32 = shl v20, v10',
      'v23: i32 = or v22, v21',
      'v24: i32 = shl v23, v11',
      'v25: i32 = or v24, v1',
    ];
    expect(rest(lines, 'v25')).toEqual(['load16', 'bswap16']);
  });
});

describe('bytes of a number', () => {
  const parts = ['v20: i32 = lshr v1, v10', 'v21: i32 = lshr v1, v11', 'v22: i32 = lshr v1, v12'];

  it('are one store, turned round for the other order', () => {
    expect(rest([...parts, store(1, 'v1'), store(2, 'v20'), store(3, 'v21'), store(4, 'v22')], 'v1')).toEqual([
      'store32',
    ]);
    const big = [...parts, store(4, 'v1'), store(2, 'v21'), store(3, 'v20'), store(1, 'v22')];
    expect(rest(big, 'v1')).toEqual(['bswap32', 'store32']);
    expect(rest(big, 'v1', { ...ABLE, reverse: false })).toHaveLength(4);
  });

  it('constants and copies too', () => {
    expect(
      rest(['v20: i32 = const imm=0x1', 'v21: i32 = const imm=0xffffff02', store(4, 'v20'), store(5, 'v21')], 'v1'),
    ).toEqual(['store16']);
    const copy = [0, 1, 2, 3].flatMap((i) => [load(`v2${i}`, i), store(9 + i, `v2${i}`)]);
    expect(rest(copy, 'v1')).toEqual(['load32', 'store32']);
  });

  it('a copy to bytes that are read later stays as it is', () => {
    const copy = [0, 1, 2, 3].flatMap((i) => [load(`v2${i}`, i), store(2 + i, `v2${i}`)]);
    expect(rest(copy, 'v1').filter((o) => o.endsWith('32'))).toEqual([]);
  });

  it('nothing is put off behind what may trap', () => {
    const lines = [...parts, store(1, 'v1'), 'trapif cond=eq trap=memory v1, v2', store(2, 'v20')];
    expect(rest(lines, 'v1')).toEqual(['store8', 'trapif', 'store8']);
  });

  it('nothing is put off behind an atomic operation', () => {
    const atomic = `atomic atomic=add size=4 off=8 v0, v1 ${fact(4, ', write')}`;
    expect(rest([...parts, store(1, 'v1'), atomic, store(2, 'v20')], 'v1')).toEqual(['store8', 'atomic32', 'store8']);
  });
});

/** Loads, shifts, sums and stores that often fit together, with guards in between. */
function randomBytes(seed: number): string {
  const r = new Random(seed);
  const lines: string[] = [];
  let next = 20;
  const values = ['v1', 'v10'];
  const put = (text: string): string => {
    const v = `v${next++}`;
    lines.push(`${v}: i32 = ${text}`);
    values.push(v);
    return v;
  };
  const shift = ['v10', 'v11', 'v12'];
  for (let i = r.between(3, 7); i > 0; i--) {
    const kind = r.below(6);
    const at = r.below(12);
    const order = r.chance(50) ? [0, 1, 2, 3] : [3, 2, 1, 0];
    const noise = (): void => {
      if (r.chance(12)) lines.push(store(r.below(16), r.pick(values)));
      if (r.chance(8)) lines.push(`trapif cond=ult trap=memory ${r.pick(values)}, v10`);
      if (r.chance(10)) put(load('', r.below(16)).replace(/^: i32 = /, ''));
    };
    if (kind <= 2) {
      const op = r.pick(['or', 'or', 'add', 'xor']);
      let sum: string | undefined;
      for (const k of r.chance(80) ? order : order.slice(0, 2)) {
        noise();
        const byte = put(load('', at + k).replace(/^: i32 = /, ''));
        const by = order.indexOf(k) - 1;
        const term = by < 0 ? byte : put(`shl ${byte}, ${shift[by]}`);
        sum = sum ? put(`${op} ${sum}, ${term}`) : term;
      }
    } else if (kind === 3) {
      const whole = r.pick(values);
      for (const k of order.slice(0, r.pick([2, 4, 4]))) {
        noise();
        const by = order.indexOf(k) - 1;
        lines.push(store(at + k, by < 0 ? whole : put(`lshr ${whole}, ${shift[by]}`)));
      }
    } else if (kind === 4) {
      const to = r.below(12);
      for (const k of order) {
        noise();
        lines.push(store(to + k, put(load('', at + k).replace(/^: i32 = /, ''))));
      }
    } else for (const k of order) lines.push(store(at + k, r.pick(['v10', 'v11', 'v12'])));
  }
  const sum = values.reduce((a, b) => put(`xor ${a}, ${b}`));
  return entry(lines, sum);
}

it('random bytes come and go as they did', () => {
  let joined = 0;
  for (let seed = 0; seed < 60; seed++) {
    const text = randomBytes(seed);
    const before = parseModule(text);
    const r = new Random(seed);
    for (const shape of [ABLE, STRICT]) {
      const after = parseModule(text);
      runPasses(after, passes(shape), { validate: true });
      if (shape === ABLE && after.funcs[0]!.blocks[0]!.insts.some((i) => i.size === 4)) joined++;
      const context = Uint8Array.from({ length: 16 }, () => r.below(256));
      const wanted = outcome(before, context);
      expect(outcome(after, context), `seed ${seed}\n${text}\n${printModule(after)}`).toBe(wanted);
    }
  }
  expect(joined).toBeGreaterThan(30);
});
