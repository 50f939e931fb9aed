// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import type { Insn } from '../../compiler/bpf/program.js';
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { RunRequest, RunResult } from '../../compiler/host/engine.js';
import { interpret, type TraceState } from '../../compiler/interpreter/interpreter.js';
import { decodeTwin } from '../conformance/twin.js';
import { assembleLines, type Draft } from '../differential/draft.js';

const imm = (n: number) => ({ kind: 'imm', imm: n }) as const;
const reg = (n: number) => ({ kind: 'reg', reg: n }) as const;
const mov = (dst: number, n: number): Draft => ({ kind: 'alu', op: 'mov', width: 64, dst, src: imm(n) });
const copy = (dst: number, src: number): Draft => ({ kind: 'alu', op: 'mov', width: 64, dst, src: reg(src) });
const load = (size: 1 | 2 | 4 | 8, dst: number, base: number, off: number): Draft => ({
  kind: 'load',
  size,
  signed: false,
  dst,
  base,
  off,
});
const store = (size: 1 | 2 | 4 | 8, base: number, off: number, n: number): Draft => ({
  kind: 'store',
  size,
  base,
  off,
  src: imm(n),
});
const exit: Draft = { kind: 'exit' };

function run(
  source: Draft[][],
  request: Partial<RunRequest> = {},
  contract: Contract = DEFAULT_CONTRACT,
  trace?: (s: TraceState) => void,
): RunResult {
  const lines = source.map((f) => f.map((draft) => ({ kind: 'insn' as const, draft, pinned: false })));
  const full = { context: null, regions: new Map(), fuel: 1000, ...request };
  return interpret(decodeTwin(assembleLines(lines), 'main'), 0, contract, full, { trace });
}

const PDU: Contract = {
  ...DEFAULT_CONTRACT,
  context: {
    size: 24,
    access: 'rw',
    align: 8,
    fields: [
      { kind: 'pointer', name: 'in', offset: 0, region: 'in' },
      { kind: 'length', name: 'len', offset: 8, size: 4, region: 'in' },
      { kind: 'scalar', name: 'ro', offset: 16, size: 4, access: 'r' },
    ],
  },
  regions: [{ name: 'in', access: 'r', size: null, minSize: 1, maxSize: 16, align: 1 }],
  helpers: ['now_ms'],
};
const pdu = (): Partial<RunRequest> => ({
  context: new Uint8Array(24).fill(9),
  regions: new Map([['in', Uint8Array.of(5, 6, 7)]]),
});

describe('memory', () => {
  it.each([1, 2, 4, 8] as const)('%i bytes at both ends of the context and one past', (size) => {
    const context = new Uint8Array(16).fill(1);
    expect(run([[load(size, 0, 1, 0), exit]], { context }).status).toBe('ok');
    expect(run([[load(size, 0, 1, 16 - size), exit]], { context }).status).toBe('ok');
    for (const off of [-1, 17 - size, 16, -size]) {
      const refused = run([[mov(0, 0), store(size, 1, off, -1), exit]], { context });
      expect(refused.trap).toMatchObject({ name: 'memory', code: 1, func: 0, slot: 1, site: null });
      expect(refused.context).toEqual(context);
    }
  });

  it('rights by field, and pointers that read as such', () => {
    const read = [load(8, 1, 1, 0), load(1, 0, 1, 2), exit];
    expect(run([[copy(6, 1), ...read]], pdu(), PDU).r0).toBe(7n);
    expect(run([[load(4, 0, 1, 8), exit]], pdu(), PDU).r0).toBe(3n);
    for (const off of [0, 7, 8, 11, 16, 19])
      expect(run([[mov(0, 0), store(1, 1, off, 0), exit]], pdu(), PDU).trap?.detail).toContain('read-only');
    expect(run([[mov(0, 0), store(4, 1, 14, 0), exit]], pdu(), PDU).status).toBe('trap');
    expect(run([[load(8, 1, 1, 0), store(1, 1, 0, 0), exit]], pdu(), PDU).trap?.detail).toContain('read-only');
    const wrote = run([[mov(0, 0), store(4, 1, 12, 0), exit]], pdu(), PDU);
    expect(wrote.status).toBe('ok');
    expect([...wrote.context!.subarray(0, 16)]).toEqual([...Array(12).fill(9), 0, 0, 0, 0]);
  });

  it('requests that do not fit the contract are refused', () => {
    const bad =
      (request: Partial<RunRequest>): (() => unknown) =>
      () =>
        run([[mov(0, 0), exit]], { ...pdu(), ...request }, PDU);
    expect(bad({ context: new Uint8Array(23) })).toThrow('wrong length');
    expect(bad({ context: null })).toThrow('no context');
    expect(bad({ regions: new Map([['out', new Uint8Array(1)]]) })).toThrow('no region "out"');
    expect(bad({ regions: new Map([['in', new Uint8Array(17)]]) })).toThrow('wrong length');
  });
});

describe('calls', () => {
  it('give a zeroed frame each time and take it away', () => {
    const callee = [load(8, 0, 10, -8), store(8, 10, -8, 5), exit];
    const call: Draft = { kind: 'call', func: 1 };
    expect(run([[call, copy(6, 0), call, exit], callee])).toMatchObject({ status: 'ok', r0: 0n, instructions: 10 });
    const leak = [copy(0, 10), exit];
    expect(run([[call, load(8, 0, 0, -8), exit], leak]).trap).toMatchObject({ name: 'memory', slot: 1 });
  });

  it('stop at recursion, fuel and forbidden helpers', () => {
    expect(
      run([
        [{ kind: 'call', func: 1 }, exit],
        [{ kind: 'call', func: 1 }, exit],
      ]).trap?.name,
    ).toBe('stack');
    const spin = run([[mov(0, 0), exit]], { fuel: 1 });
    expect(spin).toMatchObject({ status: 'trap', instructions: 1, trap: { name: 'fuel', code: 2, slot: 1 } });
    expect(run([[{ kind: 'helper', id: 0x10 }, exit]], pdu(), PDU).trap?.name).toBe('helper');
    expect(run([[{ kind: 'helper', id: 0x20 }, exit]], pdu(), PDU).r0).toBe(1000n);
    expect(run([[mov(1, -1), { kind: 'callx', reg: 1 }, exit]]).trap?.name).toBe('helper');
  });

  it('check pointer arguments of helpers as whole registers', () => {
    const high: Draft = { kind: 'lddw', dst: 3, imm: 1n << 32n };
    const add: Draft = { kind: 'alu', op: 'add', width: 64, dst: 2, src: reg(3) };
    const fetch: Draft = { kind: 'helper', id: 0x12 };
    const context = new Uint8Array(4).fill(1);
    expect([...run([[copy(2, 1), fetch, exit]], { context }).context!]).toEqual([0, 0, 0, 0]);
    expect(run([[copy(2, 1), high, add, fetch, exit]], { context }).trap?.name).toBe('memory');
    expect(run([[copy(2, 1), fetch, exit]], { context: new Uint8Array(3) }).trap?.name).toBe('memory');
  });
});

it('trace sees every instruction and where pointers point', () => {
  const seen: [Insn['kind'], string | undefined][] = [];
  run([[load(1, 0, 1, 0), exit]], { context: new Uint8Array(1) }, DEFAULT_CONTRACT, (s) => {
    seen.push([s.insn.kind, s.memory.locate(s.registers[1]!, 1)?.area.kind]);
  });
  expect(seen).toEqual([
    ['load', 'context'],
    ['exit', 'context'],
  ]);
});
