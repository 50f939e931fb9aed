// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { BpfFunction, Insn, Program } from '../../compiler/bpf/program.js';
import { CONFORMANCE_HELPERS, HELPERS } from '../../compiler/contract/helpers.js';
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import { buildModule } from '../../compiler/ir/build.js';
import { printModule } from '../../compiler/ir/print.js';
import { validateModule } from '../../compiler/ir/validate.js';
import type { Facts, FunctionFacts } from '../../compiler/verifier/facts.js';
import type { Draft } from '../differential/draft.js';
import { slotsOf } from '../differential/encode.js';
import { bareFacts } from './bare.js';
import { evaluate } from './evaluate.js';

function func(index: number, drafts: readonly Draft[]): BpfFunction {
  let slot = 0;
  const insns = drafts.map((d) => {
    const insn = { ...d, slot } as Insn;
    slot += slotsOf(insn);
    return insn;
  });
  const at: (Insn | undefined)[] = Array.from({ length: slot });
  for (const i of insns) at[i.slot] = i;
  return {
    index,
    name: `f${index}`,
    section: 's',
    slots: slot,
    insns,
    at,
    lines: new Map(),
    bytes: new Uint8Array(8 * slot),
  };
}

const program = (...functions: Draft[][]): Program => ({
  functions: functions.map((d, i) => func(i, d)),
  entries: [0],
  globals: {
    data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    bssLength: 8,
    rodata: Uint8Array.of(9, 8, 7),
    sections: [],
    symbols: [],
  },
  origin: 'asm',
});

const imm = (dst: number, n: number): Draft => ({
  kind: 'alu',
  op: 'mov',
  width: 64,
  dst,
  src: { kind: 'imm', imm: n },
});
const copy = (dst: number, reg: number): Draft => ({
  kind: 'alu',
  op: 'mov',
  width: 64,
  dst,
  src: { kind: 'reg', reg },
});
const EXIT: Draft = { kind: 'exit' };

function withFacts(p: Program, index: number, more: Partial<FunctionFacts>): Facts {
  const bare = bareFacts(p);
  return { ...bare, functions: bare.functions.map((f, i) => (i === index && f ? { ...f, ...more } : f)) };
}

const ask = { context: new Uint8Array(16), regions: new Map(), fuel: 1000 };
const build = (p: Program, facts = bareFacts(p), contract: Contract = DEFAULT_CONTRACT, entries = [0]) => {
  const module = buildModule(p, entries, facts, contract, [...HELPERS, ...CONFORMANCE_HELPERS]);
  validateModule(module);
  return module;
};
const opsOf = (m: ReturnType<typeof build>, f = 0): string[] =>
  m.funcs[f]!.blocks.flatMap((b) => b.insts.map((i) => i.op));

describe('building', () => {
  it('does not look at what is not reachable', () => {
    const p = program([imm(0, 7), EXIT, { kind: 'callx', reg: 1 }, EXIT]);
    const module = build(p, withFacts(p, 0, { reachable: [true, true, false, false] }));
    expect(evaluate(module, p, 0, DEFAULT_CONTRACT, ask).r0).toBe(7n);
  });

  it('folds branches that facts decide', () => {
    const branch: Draft = { kind: 'branch', cond: 'eq', width: 64, dst: 2, src: { kind: 'imm', imm: 16 }, target: 3 };
    const p = program([branch, imm(0, 1), EXIT, imm(0, 2), EXIT]);
    expect(build(p).funcs[0]!.blocks).toHaveLength(3);
    const module = build(
      p,
      withFacts(p, 0, { branches: new Map([[0, 'always']]), reachable: [true, false, false, true, true] }),
    );
    expect(module.funcs[0]!.blocks.some((b) => b.term.kind === 'branch')).toBe(false);
    expect(evaluate(module, p, 0, DEFAULT_CONTRACT, ask).r0).toBe(2n);
  });

  it('a branch into what facts call unreachable ends in a trap', () => {
    const branch: Draft = { kind: 'branch', cond: 'ne', width: 64, dst: 2, src: { kind: 'imm', imm: 16 }, target: 3 };
    const p = program([branch, imm(0, 1), EXIT, imm(0, 2), EXIT]);
    const module = build(p, withFacts(p, 0, { reachable: [true, true, true, false, false] }));
    expect(module.funcs[0]!.blocks.map((b) => b.term.kind).sort()).toEqual(['branch', 'ret', 'trap']);
    expect(evaluate(module, p, 0, DEFAULT_CONTRACT, ask).r0).toBe(1n);
  });

  it('a loop back to the first instruction keeps the entry block apart', () => {
    const down: Draft = { kind: 'alu', op: 'add', width: 64, dst: 2, src: { kind: 'imm', imm: -1 } };
    const back: Draft = { kind: 'branch', cond: 'gt', width: 64, dst: 2, src: { kind: 'imm', imm: 5 }, target: 0 };
    const p = program([down, back, copy(0, 2), EXIT]);
    expect(evaluate(build(p), p, 0, DEFAULT_CONTRACT, ask).r0).toBe(5n);
  });

  it('builds an entry that is also called twice, and nothing that no entry reaches', () => {
    const p = program([imm(1, 3), { kind: 'call', func: 1 }, EXIT], [copy(0, 1), EXIT], [imm(0, 0), EXIT]);
    const module = build(p, bareFacts(p), DEFAULT_CONTRACT, [0, 1]);
    expect(module.funcs.map((f) => [f.index, f.entry])).toEqual([
      [0, true],
      [1, true],
      [1, false],
    ]);
    expect(evaluate(module, p, 0, DEFAULT_CONTRACT, ask).r0).toBe(3n);
  });

  it('passes the registers that the callee uses, and no others', () => {
    const p = program([copy(3, 2), { kind: 'call', func: 1 }, EXIT], [copy(0, 3), EXIT]);
    const module = build(p, withFacts(p, 1, { argsUsed: [false, false, true, false, false] }));
    expect(module.funcs[1]!.params).toEqual([{ reg: 3, lane: null }]);
    expect(evaluate(module, p, 0, DEFAULT_CONTRACT, ask).r0).toBe(16n);
  });

  it('zeroes the frame only where facts ask for it', () => {
    const load: Draft = { kind: 'load', size: 8, signed: false, dst: 0, base: 10, off: -8 };
    const p = program([load, EXIT]);
    expect(evaluate(build(p), p, 0, DEFAULT_CONTRACT, ask).r0).toBe(0n);
    expect(opsOf(build(p))).toContain('zeroframe');
    expect(opsOf(build(p, withFacts(p, 0, { zeroFrame: false })))).not.toContain('zeroframe');
  });

  it('takes globals from their blocks', () => {
    const load: Draft = { kind: 'load', size: 2, signed: false, dst: 0, base: 3, off: 1 };
    const p = program([{ kind: 'global', dst: 3, ref: { block: 'data', offset: 4 } }, load, EXIT]);
    expect(evaluate(build(p), p, 0, DEFAULT_CONTRACT, ask).r0).toBe(0x0706n);
  });

  it('takes trusted fields from the region table, not from memory', () => {
    const contract: Contract = {
      ...DEFAULT_CONTRACT,
      regions: [
        { name: 'a', access: 'r', size: null, minSize: 0, maxSize: 64, align: 1 },
        { name: 'b', access: 'r', size: 12, minSize: 12, maxSize: 12, align: 1 },
      ],
    };
    const load = (dst: number, off: number): Draft => ({ kind: 'load', size: 8, signed: false, dst, base: 1, off });
    const p = program([
      load(0, 0),
      load(3, 8),
      { kind: 'alu', op: 'add', width: 64, dst: 0, src: { kind: 'reg', reg: 3 } },
      EXIT,
    ]);
    const access = { region: { kind: 'context' }, proved: true, offset32: true, align: 8, write: false } as const;
    const accesses = new Map(
      [0, 1].map((slot) => [slot, { ...access, trusted: { what: 'length', index: slot } as const }]),
    );
    const module = build(p, withFacts(p, 0, { accesses }), contract);
    expect(opsOf(module)).not.toContain('load');
    const regions = new Map([['a', new Uint8Array(30)]]);
    expect(evaluate(module, p, 0, contract, { ...ask, regions }).r0).toBe(42n);
  });

  it('writes what facts know of the upper half into the code', () => {
    const p = program([copy(0, 2), EXIT]);
    const range = (umin: bigint, umax: bigint, smin: bigint, smax: bigint) =>
      printModule(
        build(p, withFacts(p, 0, { results: new Map([[0, { umin, umax, smin, smax, known: 0n, value: 0n }]]) })),
      );
    const top = (1n << 63n) - 1n;
    expect(range(0n, 0xffffn, 0n, 0xffffn)).toMatch(/trunc v1 .*\n.* = zext/);
    expect(range(0n, (1n << 64n) - 1n, -5n, 5n)).toMatch(/sext bits=32 v1/);
    expect(range(16n, 16n, 16n, 16n)).toMatch(/const imm=0x10 .*\n {2}ret/);
    expect(range(0n, (1n << 64n) - 1n, -top - 1n, top)).toMatch(/:\n {2}zeroframe @0:0\n {2}ret v1/);
  });
});
