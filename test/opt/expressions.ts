// SPDX-License-Identifier: MIT
import { rawProgram } from '../../compiler/bpf/load.js';
import { DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { Module } from '../../compiler/ir/ir.js';
import { Random } from '../differential/random.js';
import { evaluate } from '../ir/evaluate.js';

/** exit; the evaluator wants a program for its globals. */
export const PROGRAM = rawProgram(Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0), 'empty');

export const BINARY = [
  'add',
  'sub',
  'mul',
  'udiv',
  'sdiv',
  'umod',
  'smod',
  'and',
  'or',
  'xor',
  'shl',
  'lshr',
  'ashr',
] as const;
const PAIRS = ['add64', 'sub64', 'mul64', 'udiv64', 'sdiv64', 'umod64', 'smod64'] as const;
const SHIFTS = ['shl64', 'lshr64', 'ashr64'] as const;
export const CONDS = ['eq', 'ne', 'ult', 'ule', 'ugt', 'uge', 'slt', 'sle', 'sgt', 'sge', 'set', 'nset'] as const;

/** Numbers at which arithmetic changes its mind. */
const EDGES = [
  0n,
  1n,
  2n,
  3n,
  7n,
  8n,
  16n,
  31n,
  32n,
  33n,
  63n,
  64n,
  0xffn,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xfffffffen,
];
const EDGES64 = [
  ...EDGES,
  0xffffffffn,
  1n << 32n,
  1n << 33n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 2n,
  (1n << 64n) - 1n,
];

/** Context bytes that hold two 64-bit values: the inputs of a random function. */
export function inputs(a: bigint, b: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, a, true);
  view.setBigUint64(8, b, true);
  return bytes;
}

export const someInputs = (r: Random): Uint8Array => {
  const n = (): bigint =>
    r.chance(60) ? r.pick(EDGES64) : BigInt.asUintN(64, BigInt(r.below(2 ** 31)) * 0x9e3779b97f4a7c15n);
  return inputs(n(), n());
};

/** What the module's entry returns for these inputs: r0, or the trap. */
export function run(module: Module, context: Uint8Array): bigint | string {
  const contract = { ...DEFAULT_CONTRACT };
  const result = evaluate(module, PROGRAM, 0, contract, { context, regions: new Map(), fuel: 10000 });
  return result.trap ?? result.r0;
}

/** Text of a random straight-line function of two 64-bit inputs, ending in a branch, over wide values or lanes. */
export function randomFunction(seed: number, lanes: boolean): string {
  const r = new Random(seed);
  const lines: string[] = [];
  const narrow: string[] = [];
  const wide: string[][] = [];
  let next = 4;
  const fresh = (): string => `v${next++}`;
  const put = (types: string[], text: string): string[] => {
    const ids = types.map(() => fresh());
    lines.push(`  ${ids.map((v, i) => `${v}: ${types[i]}`).join(', ')} = ${text} @0:0`);
    return ids;
  };
  const one = (text: string): void => {
    narrow.push(put(['i32'], text)[0]!);
  };
  const two = (text: string): void => {
    wide.push(lanes ? put(['i32', 'i32'], text) : put(['i64'], text));
  };
  const access = 'access={context, align 1, proved, offset32}';
  for (const off of [0, 8]) two(`load size=8 signed=false off=${off} ${lanes ? 'v0, v1' : 'v0'} ${access}`);
  one(`load size=1 signed=false off=0 ${lanes ? 'v0, v1' : 'v0'} ${access}`);
  one(`load size=2 signed=true off=8 ${lanes ? 'v0, v1' : 'v0'} ${access}`);
  const n = (): string => r.pick(narrow);
  const w = (): string => r.pick(wide).join(', ');
  const length = r.between(6, 24);
  for (let i = 0; i < length; i++) {
    const kind = r.below(lanes ? 11 : 10);
    if (kind === 0) one(`const imm=0x${r.pick(EDGES).toString(16)}`);
    else if (kind === 1) {
      const c = r.pick(EDGES64);
      if (!lanes) two(`const imm=0x${c.toString(16)}`);
      else {
        const parts = [c & 0xffffffffn, c >> 32n].map((x) => put(['i32'], `const imm=0x${x.toString(16)}`)[0]!);
        wide.push(parts);
      }
    } else if (kind <= 3) one(`${r.pick(BINARY)} ${n()}, ${n()}`);
    else if (kind <= 5) {
      if (!lanes) two(`${r.pick(BINARY)} ${w()}, ${w()}`);
      else if (r.chance(30)) two(`${r.pick(SHIFTS)} ${w()}, ${n()}`);
      else two(`${r.pick(PAIRS)} ${w()}, ${w()}`);
    } else if (kind === 6) one(`sext bits=${r.pick([8, 16])} ${n()}`);
    else if (kind === 7) one(`${lanes ? 'icmp64' : 'icmp'} cond=${r.pick(CONDS)} ${w()}, ${w()}`);
    else if (kind === 8)
      one(r.chance(50) ? `select ${n()}, ${n()}, ${n()}` : `icmp cond=${r.pick(CONDS)} ${n()}, ${n()}`);
    else if (kind === 9) {
      if (lanes) wide.push([n(), n()]);
      else if (r.chance(30)) one(`trunc ${w()}`);
      else two(r.pick([`zext ${n()}`, `sext bits=32 ${w()}`, `bswap bits=${r.pick([16, 32, 64])} ${w()}`]));
    } else {
      if (r.chance(50)) two(`umul64 ${n()}, ${n()}`);
      else wide.push([n(), put(['i32'], `ashr ${narrow.at(-1)}, ${put(['i32'], 'const imm=0x1f')[0]}`)[0]!]);
    }
  }
  const onWide = r.chance(60);
  const test = onWide ? `${lanes ? 'wide ' : ''}${w()}, ${w()}` : `${n()}, ${n()}`;
  const params = lanes ? 'v0: i32, v1: i32, v2: i32, v3: i32' : 'v0: i64, v1: i64';
  const regs = lanes ? 'r1.lo r1.hi r2.lo r2.hi' : 'r1 r2';
  const trap = r.chance(50) ? `  trapif cond=${r.pick(CONDS)} trap=memory ${n()}, ${n()} @0:1\n` : '';
  return `module (${lanes ? 'lanes' : ''})
func 0 "f" entry frame 0 params (${regs}) results (lo hi) {
b0(${params}):
${lines.join('\n')}
${trap}  branch ${r.pick(CONDS)} ${test} ? b1() : b2() @0:2
b1():
  ret ${w()} @0:3
b2():
  ret ${wide.at(-1)!.join(', ')} @0:4
}
`;
}
