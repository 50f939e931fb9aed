// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Insn, Source } from '../../compiler/bpf/program.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { decodeTwin } from '../conformance/twin.js';
import { toHex } from './encode.js';
import { type Case, generate, shrink } from './generate.js';

const SEEDS = Array.from({ length: 500 }, (_, i) => i + 1);
const cases = SEEDS.map(generate);
const all = cases.flatMap((c) => c.program.functions.flatMap((f) => f.insns));
const count = (c: Case): number => c.program.functions.reduce((n, f) => n + f.insns.length, 0);
const results = cases.map((c) => interpret(c.program, 0, c.contract, c.request));

/** What makes two instructions differ in kind, not in operands. */
function form(i: Insn): string[] {
  switch (i.kind) {
    case 'alu':
      return [`${i.op}${i.width} ${i.src.kind}`];
    case 'movsx':
      return [`movsx${i.from} ${i.width}`];
    case 'endian':
      return [`${i.op}${i.bits}`];
    case 'load':
      return [`load${i.signed ? 's' : 'u'}${i.size}`, i.off % i.size === 0 ? 'aligned' : 'unaligned'];
    case 'store':
      return [`store${i.size} ${i.src.kind}`];
    case 'atomic':
      return [
        `${i.op}${i.size}${i.fetch ? ' fetch' : ''}`,
        i.off % i.size === 0 ? 'atomic aligned' : 'atomic unaligned',
      ];
    case 'branch':
      return [`${i.cond}${i.width} ${i.src.kind}`, i.target <= i.slot ? 'backward' : 'forward'];
    case 'helper':
      return [`helper ${i.id}`];
    default:
      return [i.kind];
  }
}

const isImm = (src: Source, imm: number): boolean => src.kind === 'imm' && src.imm === imm;

const ops = ['add', 'sub', 'mul', 'div', 'sdiv', 'or', 'and', 'lsh', 'rsh', 'mod', 'smod', 'xor', 'mov', 'arsh'];
const conds = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sgt', 'sge', 'slt', 'sle', 'set'];
const WANTED = [
  ...[...ops, ...conds].flatMap((op) => [32, 64].flatMap((w) => ['reg', 'imm'].map((s) => `${op}${w} ${s}`))),
  ...['neg32 imm', 'neg64 imm'],
  ...['movsx8 32', 'movsx16 32', 'movsx8 64', 'movsx16 64', 'movsx32 64'],
  ...['le', 'be', 'swap'].flatMap((op) => [16, 32, 64].map((b) => `${op}${b}`)),
  ...['loadu1', 'loadu2', 'loadu4', 'loadu8', 'loads1', 'loads2', 'loads4', 'aligned', 'unaligned'],
  ...[1, 2, 4, 8].flatMap((s) => [`store${s} reg`, `store${s} imm`]),
  ...['add', 'or', 'and', 'xor'].flatMap((op) => [4, 8].flatMap((s) => [`${op}${s}`, `${op}${s} fetch`])),
  ...['xchg', 'cmpxchg'].flatMap((op) => [`${op}4 fetch`, `${op}8 fetch`]),
  ...['atomic aligned', 'atomic unaligned', 'funcaddr', 'callx'],
  ...['lddw', 'jump', 'call', 'exit', 'forward', 'backward'],
  ...[0x02, 0x10, 0x11, 0x12, 0x13, 0x20, 0x30, 0x31, 0x32, 0x50, 0x51, 0x60, 0x61].map((id) => `helper ${id}`),
];

describe('random programs', () => {
  it('are a function of the seed', () => {
    for (const seed of [1, 77, 400]) expect(toHex(generate(seed).bytes)).toBe(toHex(cases[seed - 1]!.bytes));
    expect(new Set(cases.map((c) => toHex(c.bytes))).size).toBe(cases.length);
  });

  it('have 5 to about 400 instructions, few more', () => {
    const sizes = cases.map(count);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(5);
    expect(Math.max(...sizes)).toBeGreaterThan(150);
    expect(Math.max(...sizes)).toBeLessThan(900);
    expect(sizes.filter((n) => n > 400).length).toBeLessThan(0.05 * cases.length);
  });

  it('contain every kind of instruction that code generation takes', () => {
    const seen = new Set(all.flatMap(form));
    expect(WANTED.filter((w) => !seen.has(w))).toEqual([]);
  });

  it('have loops that share a head or a latch, pairs of lanes, and contexts that are partly read-only', () => {
    const functions = cases.flatMap((c) => c.program.functions.map((f) => f.insns));
    const back = functions.map((insns) =>
      insns.flatMap((i) => ((i.kind === 'branch' || i.kind === 'jump') && i.target <= i.slot ? [i] : [])),
    );
    const shared = back.filter((jumps) => new Set(jumps.map((j) => j.target)).size < jumps.length);
    expect(shared.length).toBeGreaterThan(20);
    // The inner loop's test right in front of the outer one's jump back.
    const latches = back.filter((jumps) =>
      jumps.some((j) => j.kind === 'jump' && jumps.some((i) => i.kind === 'branch' && i.slot === j.slot - 1)),
    );
    expect(latches.length).toBeGreaterThan(5);
    const halves = functions.filter(
      (insns) =>
        insns.filter((i) => i.kind === 'alu' && i.op === 'lsh' && i.width === 64 && isImm(i.src, 32)).length > 1,
    );
    expect(halves.length).toBeGreaterThan(50);
    const mixed = cases.filter((c) => c.contract.regions.length === 0 && c.contract.context.fields.length > 0);
    expect(mixed.length).toBeGreaterThan(20);
    expect(new Set(mixed.map((c) => c.contract.context.access))).toEqual(new Set(['r', 'rw']));
  });

  it('are decoded as the plain decoder does', () => {
    for (const c of cases)
      expect(c.program.functions.map((f) => f.insns)).toEqual(
        decodeTwin(c.bytes, 'twin').functions.map((f) => f.insns),
      );
  });

  it('end well or in a trap of an access or an indirect call, mostly well', () => {
    const allowed = [undefined, 'memory', 'helper'];
    const bad = results.flatMap((r, i) => (allowed.includes(r.trap?.name) ? [] : [[SEEDS[i], r.trap]]));
    expect(bad).toEqual([]);
    const ok = results.filter((r) => r.status === 'ok').length;
    expect(ok).toBeGreaterThan(0.7 * cases.length);
    expect(ok).toBeLessThan(0.99 * cases.length);
  });

  it('trap only where the seed asked for stray accesses', () => {
    // A context with pointer fields never goes with stray accesses: they could read an address.
    const strays = cases.filter((c, i) => c.contract.regions.length > 0 && results[i]!.status === 'trap');
    expect(strays.map((c) => c.seed)).toEqual([]);
  });
});

describe('shrink', () => {
  it('keeps what fails and little else', () => {
    const multiplies = (c: Case): boolean =>
      c.program.functions.some((f) => f.insns.some((i) => i.kind === 'alu' && i.op === 'mul' && i.width === 64));
    const big = cases.find((c) => count(c) > 100 && multiplies(c))!;
    const small = shrink(big, multiplies);
    expect(multiplies(small)).toBe(true);
    expect(count(small)).toBeLessThan(8);
  });
});
