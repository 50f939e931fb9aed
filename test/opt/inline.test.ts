// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { findTarget } from '../../backends/index.js';
import { assemble } from '../../compiler/bpf/asm.js';
import { compile, prepare } from '../../compiler/compile.js';
import type { Module } from '../../compiler/ir/ir.js';
import { parseModule } from '../../compiler/ir/parse.js';
import { inlineCalls } from '../../compiler/opt/inline.js';
import { runPasses } from '../../compiler/opt/pass.js';
import { guardReport } from '../../compiler/report/guards.js';
import { run } from './expressions.js';

const CONTEXT = 'access={context, align 1, proved, offset32}';
const CONTENT = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
/** The first two words of CONTENT. */
const [A, B] = [0x04030201n, 0x08070605n];
const result = (low: bigint, high: bigint): bigint => BigInt.asUintN(32, low) | (BigInt.asUintN(32, high) << 32n);

/** An entry that reads v5 and v6 from the context, and local functions 1, 2, … of one parameter and one result each. */
function program(frame: number, body: string, locals: readonly (readonly [frame: number, body: string])[]): string {
  const origin = (text: string, func: number): string =>
    text.replace(/^(?!b\d)(.*)$/gm, (line) => `${line} @${func}:0`);
  const functions = locals.map(
    ([bytes, text], i) =>
      `func ${i + 1} "g${i + 1}" local frame ${bytes} params (r1.lo) results (lo) {\nb0(v0: i32):\n${origin(text, i + 1)}\n}\n`,
  );
  const first = `v5: i32 = load size=4 signed=false off=0 v0 ${CONTEXT}
v6: i32 = load size=4 signed=false off=4 v0 ${CONTEXT}
${body}`;
  return `module (guarded lanes)
func 0 "f" entry frame ${frame} params (r1.lo r1.hi r2.lo r2.hi) results (lo hi) {
b0(v0: i32, v1: i32, v2: i32, v3: i32):
${origin(first, 0)}
}
${functions.join('')}`;
}

function inlined(text: string): Module {
  const module = parseModule(text);
  const before = run(parseModule(text), CONTENT);
  runPasses(module, [inlineCalls], { validate: true });
  expect(run(module, CONTENT)).toBe(before);
  return module;
}

const opsOf = (module: Module): string[] => module.funcs[0]!.blocks.flatMap((b) => b.insts.map((i) => i.op));
const LONG = Array.from({ length: 30 }, (_, i) => `v${i + 1}: i32 = mul v${i}, v${i}`).join('\n');

describe('local functions', () => {
  it('take the place of their only call, however long, and are gone', () => {
    const module = inlined(program(0, 'v7: i32 = call callee=1 v5\nret v7, v6', [[0, `${LONG}\nret v30`]]));
    expect(module.funcs).toHaveLength(1);
    expect(opsOf(module)).not.toContain('call');
  });

  it('stay if they are long and called twice, and do not if they are short', () => {
    const calls = 'v7: i32 = call callee=1 v5\nv8: i32 = call callee=1 v6\nret v7, v8';
    expect(inlined(program(0, calls, [[0, `${LONG}\nret v30`]])).funcs).toHaveLength(2);
    const short = inlined(program(0, calls, [[0, 'v1: i32 = add v0, v0\nret v1']]));
    expect(short.funcs).toHaveLength(1);
    expect(run(short, CONTENT)).toBe(result(2n * A, 2n * B));
  });

  it('with several ways out and loops keep their blocks and bounds', () => {
    const body = `v1: i32 = const imm=0x3
jump b1(v0, v1)
b1(v2: i32, v3: i32) bound 2:
v4: i32 = add v2, v2
v5: i32 = const imm=0x1
v6: i32 = sub v3, v5
v7: i32 = const imm=0x0
branch eq v6, v7 ? b2() : b3()
b2():
ret v4
b3():
branch ult v4, v0 ? b4() : b1(v4, v6)
b4():
ret v0`;
    const module = inlined(program(0, 'v7: i32 = call callee=1 v5\nret v7, v6', [[0, body]]));
    expect(module.funcs[0]!.blocks.map((b) => b.bound).filter((b) => b !== undefined)).toEqual([2]);
  });

  it('bring the functions they call', () => {
    const module = inlined(
      program(0, 'v7: i32 = call callee=1 v5\nret v7, v6', [
        [0, 'v1: i32 = call callee=2 v0\nv2: i32 = add v1, v0\nret v2'],
        [0, 'v1: i32 = mul v0, v0\nret v1'],
      ]),
    );
    expect(module.funcs).toHaveLength(1);
    expect(run(module, CONTENT)).toBe(result(A * A + A, B));
  });
});

describe('frames of functions that are put into others', () => {
  const own = (index: number, span: string): string =>
    `access={frame.${index}, align 4, proved, offset32, write, span ${span}}`;
  const caller = `v7: i32 = base region=frame.0
store size=4 off=0 v7, v6 ${own(0, '-8 -4')}
v8: i32 = call callee=1 v5
v9: i32 = load size=4 signed=false off=0 v7 ${own(0, '-8 -4')}
ret v8, v9`;
  const callee = `v1: i32 = base region=frame.1
store size=4 off=4 v1, v0 ${own(1, '-12 -8')}
v2: i32 = load size=4 signed=false off=4 v1 ${own(1, '-12 -8')}
ret v2`;

  it('lie below the caller’s, and facts say so', () => {
    const module = inlined(program(8, caller, [[16, callee]]));
    const [fn] = module.funcs;
    expect(fn!.frameBytes).toBe(24);
    const facts = fn!.blocks.flatMap((b) =>
      b.insts.flatMap((i) => (i.access?.region?.kind === 'frame' ? [i.access] : [])),
    );
    expect(facts.map((f) => f.span)).toEqual([
      [-8, -4],
      [-20, -16],
      [-20, -16],
      [-8, -4],
    ]);
    expect(run(module, CONTENT)).toBe(result(A, B));
  });

  it('are zeroed where they were, each time', () => {
    const zeroed = `zeroframe
v1: i32 = base region=frame.1
v2: i32 = load size=4 signed=false off=8 v1 ${own(1, '-8 -4')}
store size=4 off=8 v1, v0 ${own(1, '-8 -4')}
ret v2`;
    const twice = `v7: i32 = call callee=1 v5\nv8: i32 = call callee=1 v6\nret v7, v8`;
    const module = inlined(program(0, twice, [[16, zeroed]]));
    expect(module.funcs).toHaveLength(1);
    expect(run(module, CONTENT)).toBe(0n);
  });

  it('move with the name for a function that is handed a pointer into them', () => {
    const passing = `v1: i32 = base region=frame.1
store size=4 off=4 v1, v0 ${own(1, '-12 -8')}
v2: i32 = call callee=2 v1
ret v2`;
    const reading = `${Array.from({ length: 14 }, (_, i) => `v${i + 1}: i32 = load size=4 signed=false off=4 v0 ${own(1, '-12 -8')}`).join('\n')}
ret v14`;
    const body = `v7: i32 = base region=frame.0
v8: i32 = call callee=1 v5
store size=4 off=4 v7, v6 ${own(0, '-12 -8')}
v9: i32 = call callee=3 v7
ret v8, v9`;
    const other = `v1: i32 = const imm=0x0\nv2: i32 = add v0, v1\nv3: i32 = load size=4 signed=false off=4 v2 ${own(0, '-12 -8')}\nret v3`;
    const module = inlined(
      program(16, body, [
        [16, passing],
        [0, reading],
        [0, other],
      ]),
    );
    expect(module.funcs).toHaveLength(1);
    const regions = module.funcs[0]!.blocks.flatMap((b) =>
      b.insts.flatMap((i) => (i.access?.region?.kind === 'frame' ? [i.access.region.func] : [])),
    );
    expect(new Set(regions)).toEqual(new Set([0]));
    expect(run(module, CONTENT)).toBe(result(A, B));
  });
});

describe('what is said of an image', () => {
  const SOURCE = `
entry main:
r6 = r2
call inner
r0 += r6
exit
func inner:
r0 = *(u8 *)(r1 + 7)
exit`;

  it('counts the functions inside an entry, and their guards', () => {
    const made = compile(assemble(SOURCE), { target: findTarget('cortex-m4')! });
    if (made.kind === 'rejected') throw new Error('rejected');
    expect(made.map.functions).toHaveLength(1);
    expect(made.programs).toMatchObject([{ ebpfInstructions: 6, guards: { accesses: 1, proved: 0, kept: 1 } }]);
    expect(made.map.sites.map((s) => [s.func, s.slot, s.trap])).toEqual([[1, 0, 'memory']]);
  });

  it('lists a guard at the function it was written in', () => {
    const prepared = prepare(assemble(SOURCE));
    if (prepared.kind === 'rejected') throw new Error('rejected');
    expect(guardReport(prepared)).toMatchObject([{ function: 'inner', instruction: 0, kept: true }]);
  });
});
