// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { cpuModel, findTarget } from '../../backends/index.js';
import { assemble } from '../../compiler/bpf/asm.js';
import type { Program } from '../../compiler/bpf/program.js';
import { finish, type Prepared } from '../../compiler/compile.js';
import { HELPERS, type HelperRow, helpersOf } from '../../compiler/contract/helpers.js';
import { parseContract } from '../../compiler/contract/schema.js';
import type { Contract } from '../../compiler/contract/types.js';
import { ebpfImage } from '../../compiler/ebpf-image.js';
import type { RunRequest } from '../../compiler/host/engine.js';
import { makeGuest } from '../../compiler/host/guest.js';
import type { HelperBody } from '../../compiler/host/helpers.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { buildModule } from '../../compiler/ir/build.js';
import { parseModule } from '../../compiler/ir/parse.js';
import { printModule } from '../../compiler/ir/print.js';
import { validateModule } from '../../compiler/ir/validate.js';
import { optimise } from '../../compiler/opt/pipeline.js';
import { guardModule } from '../../compiler/sandbox/sandbox.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import type { AccessFact, Facts } from '../../compiler/verifier/facts.js';
import { verify } from '../../compiler/verifier/verify.js';
import { bareFacts } from '../ir/bare.js';
import { evaluate } from '../ir/evaluate.js';

const parse = (value: object): Contract => parseContract(JSON.stringify(value), 'c');
const bytes = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => i + 1);

describe('length fields in units', () => {
  const lengths = (regionSize: number | null, unit: number, size = 4): Contract =>
    parse({
      hook: 'h',
      context: { size: 16, fields: [{ name: 'n', offset: 8, type: 'length', size, region: 'r', unit }] },
      regions: [{ name: 'r', size: regionSize, ...(regionSize === null ? { maxSize: 4096 } : {}) }],
    });
  const request = (length: number): RunRequest => ({
    context: new Uint8Array(16).fill(0xee),
    regions: new Map([['r', bytes(length)]]),
    fuel: 1000,
  });

  it.each([
    [1, 0, 0],
    [1, 7, 7],
    [2, 7, 3],
    [2, 8, 4],
    [3, 8, 2],
    [3, 9, 3],
    [12, 11, 0],
    [12, 4096, 341],
    [65536, 4096, 0],
  ])('unit %i: %i bytes are %i in memory and in code', (unit, length, count) => {
    for (const fixed of [null, length]) {
      const contract = lengths(fixed, unit);
      const { context } = makeGuest(contract, request(length));
      expect([...context!.bytes.subarray(7, 13)]).toEqual([0xee, count & 255, count >> 8, 0, 0, 0xee]);

      const program = assemble('r0 = *(u32 *)(r1 + 8)\nexit');
      const access: AccessFact = {
        ...{ region: { kind: 'context' }, proved: true, offset32: true, align: 1, write: false },
        trusted: { what: 'length', index: 0, ...(unit === 1 ? {} : { unit }) },
      };
      const bare = bareFacts(program);
      const facts: Facts = {
        ...bare,
        functions: bare.functions.map((f) => f && { ...f, accesses: new Map([[0, access]]) }),
      };
      const module = buildModule(program, [0], facts, contract, HELPERS);
      validateModule(module);
      expect(evaluate(module, program, 0, contract, request(length)).r0).toBe(BigInt(count));
      expect(interpret(program, 0, contract, request(length)).r0).toBe(BigInt(count));
    }
  });

  it('hold as many units as their bytes can', () => {
    const contract = parse({
      hook: 'h',
      context: { size: 8, fields: [{ name: 'n', offset: 0, type: 'length', size: 2, region: 'r', unit: 4 }] },
      regions: [{ name: 'r', maxSize: 4 * 65536 - 1 }],
    });
    const ask = { context: new Uint8Array(8), regions: new Map([['r', new Uint8Array(4 * 65536 - 1)]]), fuel: 1 };
    expect([...makeGuest(contract, ask).context!.bytes.subarray(0, 4)]).toEqual([255, 255, 0, 0]);
  });

  it('are part of the facts that the text form keeps', () => {
    const text = (unit: string): string =>
      `module ()\nfunc 0 "f" entry frame 0 params (r1) results (lo hi) {\nb0(v0: i64):\n  v1: i64 = load size=8 signed=false off=8 v0 access={context, align 8, proved, length 3${unit}} @0:0\n  ret v1 @0:1\n}\n`;
    for (const unit of ['', ', unit 2', ', unit 65536']) expect(printModule(parseModule(text(unit)))).toBe(text(unit));
    const [inst] = parseModule(text(', unit 12')).funcs[0]!.blocks[0]!.insts;
    expect(inst!.access!.trusted).toEqual({ what: 'length', index: 3, unit: 12 });
    expect(() => parseModule(text('').replace('length 3', 'unit 3'))).toThrow('a fact');
  });
});

/** One of each instruction set and calling convention. */
const TARGETS = ['cortex-m4', 'cortex-m0', 'rv32imac', 'esp8266'].map((name) => findTarget(name)!);

/** Compiles without a verdict: every access is guarded, nothing is known. */
function native(
  program: Program,
  contract: Contract,
  helpers: readonly HelperRow[],
  request: RunRequest,
  bodies?: ReadonlyMap<number, HelperBody>,
) {
  const facts = bareFacts(program);
  return TARGETS.map((target) => {
    const module = buildModule(program, [0], facts, contract, helpers);
    const guards = optimise(module, 2, (m) => guardModule(m, { globals: program.globals, contract }, helpers), {
      validate: true,
    });
    const state = { module, guards, facts, opaque: new Set<string>() };
    const prepared: Prepared = { kind: 'prepared', level: 2, program, entries: [0], contract, helpers, ...state };
    const image = readImage(finish(prepared, target).image);
    const own = helpers.filter((h) => !HELPERS.some((b) => b.id === h.id));
    return simulate(image, 0, contract, request, { cpu: cpuModel(target), helpers: own, bodies });
  });
}

describe('results that are a region or null', () => {
  const contract = parse({
    hook: 'h',
    context: { size: 8 },
    regions: [
      { name: 'first', size: 4 },
      { name: 'buf', size: 8 },
    ],
  });
  /** Bears the name of a helper whose body gives its argument back, so that the program chooses the C result. */
  const row = (nullable: boolean): HelperRow => ({
    id: 5,
    name: 'unwind',
    args: [{ kind: 'u64', name: 'value' }],
    result: { kind: 'region', region: 'buf', ...(nullable ? { nullable: true as const } : {}) },
    doc: '',
  });
  const program = assemble(`r1 = *(u64 *)(r1 + 0)
call 5
if r0 == 0 goto none
r0 = *(u8 *)(r0 + 2)
exit
none:
r0 = 77
exit`);
  const request = (value: bigint): RunRequest => {
    const context = new Uint8Array(8);
    new DataView(context.buffer).setBigUint64(0, value, true);
    return { context, regions: new Map([['buf', bytes(8)]]), fuel: 1000 };
  };
  // A C pointer has 32 bits; which of them are set does not matter, only whether one is.
  const cases: readonly [value: bigint, nullable: boolean, r0: bigint][] = [
    [0n, true, 77n],
    [1n, true, 3n],
    [0x5000_0000n, true, 3n],
    [0xffff_ffffn, true, 3n],
    [0xdead_0000_0000n, true, 77n],
    [0n, false, 3n],
    [1n, false, 3n],
  ];

  it.each(cases)('C result %s, nullable %s', (value, nullable, r0) => {
    const helpers = [...HELPERS, row(nullable)];
    const ask = request(value);
    expect(interpret(program, 0, contract, ask, { helpers: [row(nullable)] })).toMatchObject({ status: 'ok', r0 });
    const module = buildModule(program, [0], bareFacts(program), contract, helpers);
    validateModule(module);
    expect(evaluate(module, program, 0, contract, ask, [row(nullable)]).r0).toBe(r0);
    const all = native(program, contract, helpers, ask).map((r) => [r.status, r.r0]);
    expect(all).toEqual(TARGETS.map(() => ['ok', r0]));
  });
});

describe('hooks that run in interrupts', () => {
  const contract = (interrupt: boolean): Contract =>
    parse({
      hook: 'h',
      helpers: null,
      interrupt,
      signatures: [
        { id: 0x200, name: 'nap', blocks: true },
        { id: 0x201, name: 'peek' },
      ],
    });
  const request: RunRequest = { context: null, regions: new Map(), fuel: 1000 };
  const bodies = new Map<number, HelperBody>([0x200, 0x201].map((id) => [id, () => 0n]));
  const call = (id: number): Program => assemble(`call ${id}\nr0 = 0\nexit`);

  it.each([
    [0x20, true],
    [0x60, true],
    [0x201, true],
    [0x200, false],
  ])('helper %i: allowed there %s', (id, allowed) => {
    for (const interrupt of [false, true]) {
      const may = allowed || !interrupt;
      const verdict = verify(call(id), 0, contract(interrupt));
      const errors = verdict.verdict === 'rejected' ? verdict.errors.map((e) => e.code) : [];
      expect(errors).toEqual(may ? [] : ['FCC0104']);
      if (verdict.verdict === 'rejected') expect(verdict.errors[0]!.details.help).toContain('may block');
      const run = interpret(call(id), 0, contract(interrupt), request, { bodies });
      expect([run.status, run.trap?.detail ?? '']).toEqual(
        may ? ['ok', ''] : ['trap', expect.stringContaining('not allowed by the contract')],
      );
    }
  });

  it('do not make images that ask for what blocks, if helpers are called by value', () => {
    const program = assemble('r2 = 0x20\nr1 = 0\ncallx r2\nr0 = 0\nexit');
    const imports = (c: Contract) => readImage(ebpfImage(program, { contract: c })).imports;
    const all = helpersOf(contract(true));
    expect([...imports(contract(false))]).toEqual(all.map((h) => h.id));
    expect([...imports(contract(true))]).toEqual(all.filter((h) => !h.blocks).map((h) => h.id));
    expect(all.filter((h) => h.blocks).length).toBe(4);
    expect([...imports(parse({ hook: 'h', helpers: ['now_ms'] }))]).toEqual([0x20]);
  });
});

describe('helpers of the firmware’s own', () => {
  const contract = parse({
    hook: 'h',
    context: { size: 8 },
    regions: [{ name: 'buf', size: 8 }],
    helpers: ['send', 'find'],
    signatures: [
      { id: 0x200, name: 'send', args: [{ kind: 'u32', name: 'n', range: [1, 9] }], result: { kind: 'i32' } },
      { id: 0x201, name: 'find', result: { kind: 'region', region: 'buf', nullable: true } },
      { id: 0x202, name: 'other' },
    ],
  });
  const request: RunRequest = { context: new Uint8Array(8), regions: new Map(), fuel: 1000 };
  const call = (id: number, argument = 5): Program => assemble(`r1 = ${argument}\ncall ${id}\nexit`);
  const run = (program: Program, bodies?: ReadonlyMap<number, HelperBody>) =>
    interpret(program, 0, contract, request, { bodies });

  it('end a run of the test engines with a trap that names them', () => {
    const { status, trap } = run(call(0x200));
    expect([status, trap?.name]).toEqual(['trap', 'helper']);
    expect(trap?.detail).toContain("helper send (0x200) is the firmware's own");
  });

  it('are not callable unless the contract lists them', () => {
    expect(run(call(0x202)).trap?.detail).toContain('helper 514 is unknown or not allowed');
    expect(run(call(0x203)).trap?.detail).toContain('helper 515 is unknown or not allowed');
  });

  it('can be given a body', () => {
    const seen: bigint[][] = [];
    const bodies = new Map<number, HelperBody>([
      [
        0x200,
        (args) => {
          seen.push([...args]);
          return -2n;
        },
      ],
      [0x201, (_, memory) => BigInt(memory.regionBase('buf')) + 4n],
    ]);
    expect(run(call(0x200), bodies)).toMatchObject({ status: 'ok', r0: (1n << 64n) - 2n });
    expect(seen).toEqual([[5n]]);
    const base = run(call(0x201), bodies).r0;
    expect(base & 0xffn).toBe(BigInt(makeGuest(contract, request).regions[0]!.base & 0xff));
  });

  it('keep the ranges of their arguments', () => {
    const bodies = new Map<number, HelperBody>([[0x200, () => 0n]]);
    for (const n of [1, 9]) expect(run(call(0x200, n), bodies).status).toBe('ok');
    for (const n of [0, 10, -1])
      expect(run(call(0x200, n), bodies).trap?.detail).toContain('argument 1 (n) of send is');
  });

  it('have no names in common with objects of the language', () => {
    const odd = parse({
      hook: 'h',
      helpers: null,
      signatures: [
        { id: 0x200, name: 'constructor' },
        { id: 0x201, name: 'toString' },
      ],
    });
    for (const id of [0x200, 0x201])
      expect(interpret(call(id), 0, odd, { ...request, context: null }).trap?.detail).toContain(
        "is the firmware's own",
      );
  });
});
