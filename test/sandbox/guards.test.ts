// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { rawProgram } from '../../compiler/bpf/load.js';
import type { Program } from '../../compiler/bpf/program.js';
import { HELPERS } from '../../compiler/contract/helpers.js';
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { RunRequest } from '../../compiler/host/engine.js';
import { parseModule } from '../../compiler/ir/parse.js';
import { optimise } from '../../compiler/opt/pipeline.js';
import { type FunctionGuards, guardModule, guardsKept } from '../../compiler/sandbox/sandbox.js';
import { evaluate } from '../ir/evaluate.js';

const EXIT = Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
const program: Program = {
  ...rawProgram(EXIT, 'exit'),
  globals: { data: new Uint8Array(16), bssLength: 8, rodata: new Uint8Array(24), sections: [], symbols: [] },
};

/** Region "fixed" 20 bytes rw, "open" 8 to 64 bytes rw, "seen" 12 bytes r. The context: two numbers, then as `layout` says. */
function contractWith(size: number | null, locked: boolean): Contract {
  return {
    ...DEFAULT_CONTRACT,
    context: {
      size,
      access: 'rw',
      align: 8,
      // Bytes 24..31 are read-only: two writable stretches.
      fields: locked ? [{ kind: 'scalar', name: 'locked', offset: 24, size: 8, access: 'r' }] : [],
    },
    regions: [
      { name: 'fixed', access: 'rw', size: 20, minSize: 20, maxSize: 20, align: 4 },
      { name: 'open', access: 'rw', size: null, minSize: 8, maxSize: 64, align: 4 },
      { name: 'seen', access: 'r', size: 12, minSize: 12, maxSize: 12, align: 4 },
    ],
  };
}

/** Length of the run-time sized region and context in these tests. */
const OPEN = 13;
const CONTEXT = 44;

interface Place {
  readonly name: string;
  readonly region: string;
  readonly length: number;
  readonly contract: Contract;
  readonly writable: (byte: number) => boolean;
}

const whole = (): boolean => true;
const place = (
  name: string,
  region: string,
  length: number,
  writable: Place['writable'] = whole,
  contract = contractWith(CONTEXT, false),
): Place => ({
  name,
  region,
  length,
  contract,
  writable,
});
const unlocked = (byte: number): boolean => byte < 24 || byte >= 32;
const PLACES: readonly Place[] = [
  place('stack frame', 'frame.0', 32),
  place('data and bss', 'data', 24),
  place('rodata', 'rodata', 24, () => false),
  place('context', 'context', CONTEXT),
  place('context with a read-only field', 'context', CONTEXT, unlocked, contractWith(CONTEXT, true)),
  place('context of any length', 'context', CONTEXT, whole, contractWith(null, false)),
  place('context of any length with a read-only field', 'context', CONTEXT, unlocked, contractWith(null, true)),
  place('granted region', 'granted.0', 20),
  place('granted region of any length', 'granted.1', OPEN),
  place('granted read-only region', 'granted.2', 12, () => false),
];

/** Runs with the 64-bit number `a` at context + 0 and `b` at context + 8; pattern bytes behind. */
function request(a: bigint, b = 0n): RunRequest {
  const context = Uint8Array.from({ length: CONTEXT }, (_, i) => i + 1);
  const view = new DataView(context.buffer);
  view.setBigUint64(0, BigInt.asUintN(64, a), true);
  view.setBigUint64(8, BigInt.asUintN(64, b), true);
  return { context, regions: new Map([['open', new Uint8Array(OPEN)]]), fuel: 1000 };
}

const INPUT = 'access={context, align 8, proved, offset32}';

/** A function that does `body` with v3 = base of the region + number at context + 0, and v4 = number at context + 8. */
function accessModule(region: string, body: string, level: 0 | 1 | 2, contract: Contract) {
  const module = parseModule(`module ()
func 0 "f" entry frame 32 params (r1 r2) results (lo hi) {
b0(v0: i64, v1: i64):
  v2: i64 = load size=8 signed=false off=0 v0 ${INPUT} @0:0
  v4: i64 = load size=8 signed=false off=8 v0 ${INPUT} @0:1
  v5: i32 = base region=${region} @0:2
  v6: i64 = zext v5 @0:2
  v3: i64 = add v6, v2 @0:3
${body}
}`);
  const guards = optimise(module, level, (m) => guardModule(m, { globals: program.globals, contract }, HELPERS), {
    validate: true,
  });
  return { module, guards };
}

const KNOWN = ['offset32', 'region', 'nothing'] as const;

/** A search goes by one right for the whole context, and by the interpreter's frames of 512 bytes: not its cases. */
const placesFor = (known: (typeof KNOWN)[number]): Place[] =>
  PLACES.filter((p) => known !== 'nothing' || (p.writable !== unlocked && p.region !== 'frame.0'));

const LEVELS = [0, 2] as const;
const SIZES = [1, 2, 4, 8] as const;

/** Offsets around both ends, and far ones whose low halves look innocent. */
function deltas({ length, writable }: Place, far: boolean): bigint[] {
  const edges = writable === unlocked ? [24, 32] : [];
  const steps = [-8, -5, -4, -3, -2, -1, 0, 1, 5];
  const near = [0, ...edges, length].flatMap((edge) => steps.map((d) => BigInt(edge + d)));
  if (!far) return [...near, -(1n << 31n) + 16n, (1n << 31n) - 16n];
  return [
    ...near,
    1n << 32n,
    (1n << 32n) + 4n,
    -(1n << 32n),
    -(1n << 32n) + 8n,
    1n << 63n,
    (1n << 63n) + 3n,
    (7n << 40n) + 1n,
  ];
}

const inside = (p: Place, at: bigint, size: number, write: boolean): boolean => {
  if (at < 0n || at + BigInt(size) > BigInt(p.length)) return false;
  return !write || Array.from({ length: size }, (_, i) => Number(at) + i).every(p.writable);
};

describe('a guarded access runs exactly where it is allowed', () => {
  for (const known of KNOWN) {
    it.each(placesFor(known))(`${known} known: $name`, (p) => {
      const fact = known === 'nothing' ? '?' : p.region;
      const more = known === 'offset32' ? ', offset32' : '';
      for (const level of LEVELS) {
        for (const write of [false, true]) {
          for (const size of SIZES) {
            for (const off of [0, -5]) {
              const access = `access={${fact}, align 1${more}${write ? ', write' : ''}}`;
              const value = size === 8 ? 'v4' : 'v9';
              const body = write
                ? `  v9: i32 = trunc v4 @0:4\n  store size=${size} off=${off} v3, ${value} ${access} @0:4\n  ret v2 @0:5`
                : `  v8: ${size === 8 ? 'i64' : 'i32'} = load size=${size} signed=false off=${off} v3 ${access} @0:4\n  ret v2 @0:5`;
              const { module } = accessModule(p.region, body, level, p.contract);
              for (const d of deltas(p, known !== 'offset32')) {
                const got = evaluate(module, program, 0, p.contract, request(d));
                const ok = inside(p, d + BigInt(off), size, write);
                const what = `-O${level} ${write ? 'store' : 'load'} of ${size} at ${d} + ${off}`;
                expect(got.trap ?? 'ok', what).toBe(ok ? 'ok' : 'memory');
              }
            }
          }
        }
      }
    });
  }
});

describe('helper buffers', () => {
  const lengths = [
    0n,
    1n,
    5n,
    13n,
    20n,
    24n,
    44n,
    45n,
    0x7fffffffn,
    0x80000000n,
    0xffffffffn,
    1n << 32n,
    (1n << 32n) + 5n,
  ];
  for (const known of KNOWN) {
    it.each(placesFor(known).filter((p) => p.region !== 'frame.0'))(
      `of run-time length, ${known} known: $name`,
      (p) => {
        const fact = known === 'nothing' ? '?' : p.region;
        const more = known === 'offset32' ? ', offset32' : '';
        const wide = known !== 'offset32';
        // memcpy(p, p, n): the bytes have to be there and writable.
        const pointer = wide ? 'v3' : 'v10';
        const facts = [0, 1].map((arg) => `{${fact}, align 1${more}, arg ${arg}}`).join(' ');
        const body = `  v9: i32 = trunc v4 @0:4
  v10: i32 = trunc v3 @0:4
  helper helper=2 ${pointer}, ${pointer}, v9 helperArgs=[${facts}] @0:4
  ret v2 @0:5`;
        for (const level of LEVELS) {
          const { module } = accessModule(p.region, body, level, p.contract);
          for (const n of lengths) {
            for (const d of deltas(p, wide)) {
              const size = Number(n & 0xffffffffn);
              const ok = size === 0 || inside(p, d, size, true);
              const got = evaluate(module, program, 0, p.contract, request(d, n));
              expect(got.trap ?? 'ok', `-O${level} ${n} bytes at ${d}`).toBe(ok ? 'ok' : 'memory');
            }
          }
        }
      },
    );
  }

  it('a context argument has to be the context', () => {
    const contract = contractWith(CONTEXT, false);
    const row = {
      id: 0x66,
      name: 'look',
      args: [{ kind: 'context', name: 'c' }],
      result: { kind: 'u32' },
      doc: '',
    } as const;
    const module = parseModule(`module ()
func 0 "f" entry frame 0 params (r1 r2) results (lo hi) {
b0(v0: i64, v1: i64):
  v2: i64 = load size=8 signed=false off=0 v0 ${INPUT} @0:0
  v3: i64 = add v0, v2 @0:1
  v4: i32 = helper helper=102 v3 @0:2
  ret v2 @0:3
}`);
    optimise(module, 2, (m) => guardModule(m, { globals: program.globals, contract }, [row]), { validate: true });
    const insts = module.funcs[0]!.blocks.flatMap((b) => b.insts);
    expect(insts.filter((i) => i.op === 'trapif').map((i) => i.trap)).toContain('helper');
    expect(insts.find((i) => i.op === 'helper')!.args).toHaveLength(1);
  });
});

describe('accounts', () => {
  const contract = contractWith(CONTEXT, false);
  const counts = (g: readonly FunctionGuards[]) => g.map((r) => [r.accesses, r.proved, guardsKept(r)]);
  const load = (id: number, off: number, more: string): string =>
    `  v${id}: i32 = load size=4 signed=false off=${off} v3 access={granted.1, align 1${more}} @0:${id}`;

  it('count what is proved, what is guarded, and what stays guarded', () => {
    const body = `${load(10, 0, ', offset32')}\n${load(11, 0, ', offset32')}\n${load(12, 8, ', offset32')}\n  ret v4 @0:20`;
    expect(counts(accessModule('granted.1', body, 0, contract).guards)).toEqual([[5, 2, 3]]);
    // The second access repeats the first, whose guard covers it; the third reaches further.
    expect(counts(accessModule('granted.1', body, 2, contract).guards)).toEqual([[5, 2, 2]]);
  });

  it('a smaller access inside a guarded one needs no guard of its own, a larger one does', () => {
    const at = (id: number, size: number, off: number): string =>
      `  v${id}: i32 = load size=${size} signed=false off=${off} v3 access={granted.0, align 1, offset32} @0:${id}`;
    const inner = `${at(10, 4, 4)}\n${at(11, 2, 6)}\n  ret v4 @0:20`;
    const outer = `${at(10, 2, 6)}\n${at(11, 4, 4)}\n  ret v4 @0:20`;
    expect(counts(accessModule('granted.0', inner, 2, contract).guards)).toEqual([[4, 2, 1]]);
    expect(counts(accessModule('granted.0', outer, 2, contract).guards)).toEqual([[4, 2, 2]]);
  });

  it('refuses to run twice, or before the lanes', () => {
    const { module } = accessModule('data', '  ret v2 @0:4', 0, contract);
    const again = () => guardModule(module, { globals: program.globals, contract }, HELPERS);
    expect(again).toThrow('once');
    module.properties.clear();
    expect(again).toThrow('lanes');
  });
});

describe('fuel', () => {
  const loop = (limit: string): string => `module ()
func 0 "f" entry frame 0 params (r1 r2) results (lo hi) {
b0(v0: i64, v1: i64):
  v2: i32 = const imm=0x0 @0:0
  v3: i32 = trunc v1 @0:0
  v4: i32 = const imm=0x10 @0:0
  v5: i32 = const imm=0x1 @0:0
  jump b1(v2) @0:0
b1(v6: i32):
  v7: i32 = add v6, v5 @0:1
  branch ult v6, ${limit} ? b1(v7) : b2() @0:2
b2():
  ret v0 @0:3
}`;
  it.each([
    ['a bounded loop pays none', 'v4', 0],
    ['a loop without a bound pays on its back edge', 'v3', 1],
  ])('%s', (_, limit, count) => {
    const contract = contractWith(CONTEXT, false);
    const module = parseModule(loop(limit));
    optimise(module, 1, (m) => guardModule(m, { globals: program.globals, contract }, HELPERS), { validate: true });
    const fuel = module.funcs[0]!.blocks.flatMap((b) => b.insts.filter((i) => i.op === 'fuel'));
    expect(fuel).toHaveLength(count);
    for (const f of fuel) expect(f.imm).toBeGreaterThanOrEqual(1n);
  });

  it('flow that goes backwards into the middle of a cycle pays', () => {
    const contract = contractWith(CONTEXT, false);
    const module = parseModule(`module ()
func 0 "f" entry frame 0 params (r1 r2) results (lo hi) {
b0(v0: i64, v1: i64):
  branch eq v0, v1 ? b1() : b2() @0:0
b1():
  branch ult v0, v1 ? b2() : b3() @0:1
b2():
  branch ugt v0, v1 ? b1() : b3() @0:2
b3():
  ret v0 @0:3
}`);
    optimise(module, 0, (m) => guardModule(m, { globals: program.globals, contract }, HELPERS), { validate: true });
    expect(module.funcs[0]!.blocks.flatMap((b) => b.insts.filter((i) => i.op === 'fuel'))).toHaveLength(1);
  });
});
