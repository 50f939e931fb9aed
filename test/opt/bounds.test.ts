// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { assemble } from '../../compiler/bpf/asm.js';
import { HELPERS } from '../../compiler/contract/helpers.js';
import { buildModule } from '../../compiler/ir/build.js';
import { edges } from '../../compiler/ir/ir.js';
import { parseModule } from '../../compiler/ir/parse.js';
import { printModule } from '../../compiler/ir/print.js';
import { boundLoops } from '../../compiler/opt/loops.js';
import { runPasses } from '../../compiler/opt/pass.js';
import { verify } from '../../compiler/verifier/verify.js';
import { SUBJECTS } from '../differential/targets.js';
import {
  BOUNDS_CONTRACT,
  compileWith,
  contextRequest,
  LoopCounter,
  loopFacts,
  nested,
  randomNumbers,
  tangle,
} from './bounds.js';

const TWO = SUBJECTS.filter((s) => s.name === 'cortex-m4' || s.name === 'rv32imc');
const PROGRAMS = Math.ceil(Number(process.env.FCC_RUNS ?? 120) / 4);
/** Verifying takes longer than all the rest. */
const OWN = Math.ceil(PROGRAMS / 2);
const INPUTS = 12;

const context = (...bytes: number[]): Uint8Array => Uint8Array.from({ length: 16 }, (_, i) => bytes[i] ?? 0);

/** Two loops, each as often as a byte of the context says; the inner one starts at slot 3, the outer one at slot 1. */
const NEST = `r0 = 0
outer:
r2 = *(u8 *)(r1 + 1)
r4 = 0
inner:
r0 += r4
r4 += 1
if r4 < r2 goto inner
r3 = *(u8 *)(r1 + 0)
r5 += 1
if r5 < r3 goto outer
exit`.replace('r0 = 0', 'r0 = 0\nr5 = 0');
const OUTER = 2;
const INNER = 4;

describe('bounds from facts', () => {
  const program = assemble(NEST);

  it('come to the header of the loop at that slot, and are printed', () => {
    const bounds = new Map([
      [OUTER, 5],
      [INNER, 7],
      [0, 99],
    ]);
    const module = buildModule(program, [0], loopFacts(program, bounds), BOUNDS_CONTRACT, HELPERS);
    const found = module.funcs[0]!.blocks.flatMap((b) => (b.bound === undefined ? [] : [b.bound])).sort();
    expect(found).toEqual([5, 7]);
    const header = module.funcs[0]!.blocks.find((b) => b.bound === 7)!;
    // The inner loop jumps back to itself.
    expect(edges(header.term).map((e) => e.block)).toContain(header);
    expect(printModule(parseModule(printModule(module)))).toBe(printModule(module));
  });

  it.each([0, 1, 2] as const)('make a worst case where nothing else bounds the loops, at -O%i', (level) => {
    const words = assemble(NEST.replaceAll('u8', 'u32'));
    for (const subject of TWO) {
      // Words: that a byte is below 256 bounds the loops by itself.
      const without = compileWith(words, loopFacts(words, new Map()), level, subject);
      expect(without.worstCase).toBeNull();
      for (const [n, m] of [
        [1, 1],
        [3, 1],
        [1, 9],
        [6, 5],
      ] as const) {
        const facts = loopFacts(
          program,
          new Map([
            [OUTER, n - 1],
            [INNER, m - 1],
          ]),
        );
        const { run, worstCase } = compileWith(program, facts, level, subject);
        const longest = run(contextRequest(context(n, m)), subject.cpu);
        expect(longest.status).toBe('ok');
        // Inner rounds count for each outer one; a trap at the last moment may cost a few instructions more, and so may
        // the copy of a loop that keeps its guards.
        expect(worstCase).toBeGreaterThanOrEqual(longest.instructions!);
        expect(worstCase).toBeLessThanOrEqual(longest.instructions! + 12 + (level === 2 ? 4 * (n * m + 4) : 0));
        for (const fewer of [context(0, 0), context(1, m), context(n, 1)])
          expect(run(contextRequest(fewer), subject.cpu).instructions).toBeLessThanOrEqual(worstCase!);
      }
    }
  });

  it('are multiplied through a nest, and given up beyond what a worst case is good for', () => {
    // Words: that a byte is below 256 bounds the inner loop by itself.
    const words = assemble(NEST.replaceAll('u8', 'u32'));
    const of = (outer: number, inner: number): number | null => {
      const bounds = new Map([
        [OUTER, outer],
        [INNER, inner],
      ]);
      return compileWith(words, loopFacts(words, bounds), 2, TWO[0]!).worstCase;
    };
    expect(of(1000, 1000)! / of(1000, 500)!).toBeCloseTo(2, 1);
    expect(of(1000, 1000)! / of(500, 1000)!).toBeCloseTo(2, 1);
    expect(of(2000, 2000)).toBeNull();
  });

  it('give way to a smaller count, and stand against a larger one', () => {
    const text = (bound: string): string => `module (lanes)
func 0 "f" entry frame 0 params (r1.lo r1.hi) results (lo hi) {
b0(v0: i32, v1: i32):
  v2: i32 = const imm=0x0 @0:0
  v3: i32 = const imm=0xa @0:0
  jump b1(v2) @0:0
b1(v4: i32)${bound}:
  v5: i32 = const imm=0x1 @0:1
  v6: i32 = add v4, v5 @0:1
  branch ult v6, v3 ? b1(v6) : b2() @0:2
b2():
  ret v4, v1 @0:3
}`;
    const boundOf = (bound: string): number | undefined => {
      const module = parseModule(text(bound));
      runPasses(module, [boundLoops], { validate: true });
      return module.funcs[0]!.blocks[1]!.bound;
    };
    expect([boundOf(''), boundOf(' bound 4'), boundOf(' bound 9'), boundOf(' bound 40')]).toEqual([9, 4, 9, 9]);
  });

  it('leave blocks that are no headers any more', () => {
    const module = parseModule(`module (lanes)
func 0 "f" entry frame 0 params (r1.lo r1.hi) results (lo hi) {
b0(v0: i32, v1: i32):
  jump b1() @0:0
b1() bound 4:
  ret v0, v1 @0:3
}`);
    runPasses(module, [boundLoops]);
    expect(module.funcs[0]!.blocks[1]!.bound).toBeUndefined();
  });

  it('are not taken where a cycle has two ways in', () => {
    const knot = assemble(`r0 = *(u8 *)(r1 + 0)
if r0 == 3 goto b
a:
r0 += -1
self:
r0 += 1
if r0 == 5 goto self
b:
r0 += -1
if r0 s> 0 goto a
exit`);
    const slots = new LoopCounter(knot).cfg.loops.map((l) => new LoopCounter(knot).cfg.blocks[l.header]!.start);
    expect(slots).toEqual([3]);
    const module = buildModule(knot, [0], loopFacts(knot, new Map([[3, 0]])), BOUNDS_CONTRACT, HELPERS);
    expect(module.funcs[0]!.blocks.filter((b) => b.bound !== undefined)).toEqual([]);
  });
});

describe('the worst case, with bounds counted in runs', () => {
  it.each([
    ['tangled', tangle],
    ['nested', nested],
  ])(`${PROGRAMS} %s programs never execute more, on two targets at every level`, (_, make) => {
    let bounded = 0;
    let runs = 0;
    let inside = 0;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const program = make(seed);
      const counter = new LoopCounter(program);
      if (counter.cfg.loops.length === 0) continue;
      const below = randomNumbers(seed ^ 0x5eed);
      const requests = Array.from({ length: INPUTS }, () =>
        contextRequest(context(below(40), ...Array.from({ length: 15 }, () => below(256)))),
      );
      const wanted = requests.map((request) => counter.run(request));
      const ended = requests.flatMap((request, i) =>
        wanted[i]!.trap?.name === 'fuel' ? [] : [{ request, r0: wanted[i]!.r0 }],
      );
      // Some facts are kept back: a loop without one must not get another's.
      const known = [...counter.most].filter(() => seed % 2 === 0 || below(3) > 0);
      const facts = loopFacts(program, new Map(known));
      const level = ([0, 1, 2] as const)[seed % 3]!;
      for (const subject of TWO) {
        const { run, worstCase } = compileWith(program, facts, level, subject);
        if (worstCase === null) continue;
        bounded++;
        if (counter.cfg.loops.some((l) => l.depth > 1)) inside++;
        for (const { request, r0 } of ended) {
          runs++;
          const native = run(request, subject.cpu);
          const at = { seed, level, on: subject.name };
          expect({ ...at, r0: native.r0 }).toEqual({ ...at, r0 });
          if (native.instructions! > worstCase)
            expect.fail(`${JSON.stringify(at)}: ${native.instructions} of ${worstCase}`);
        }
      }
    }
    expect(bounded).toBeGreaterThan(PROGRAMS / 4);
    expect(inside).toBeGreaterThan(PROGRAMS / 20);
    expect(runs).toBeGreaterThan(bounded * 4);
  });

  it.each([
    ['tangled', tangle],
    ['nested', nested],
  ])(`${OWN} %s programs never execute more than with the verifier's own bounds`, (_, make) => {
    let bounded = 0;
    for (let seed = 1; seed <= OWN; seed++) {
      const program = make(seed);
      const verdict = verify(program, 0, BOUNDS_CONTRACT);
      if (verdict.verdict === 'rejected') continue;
      const { loops } = verdict.facts.functions[0]!;
      const below = randomNumbers(seed ^ 0xfac7);
      const counter = new LoopCounter(program);
      const subject = TWO[seed % 2]!;
      const { run, worstCase } = compileWith(program, verdict.facts, 2, subject);
      if (worstCase !== null && loops.size > 0) bounded++;
      for (let i = 0; i < INPUTS; i++) {
        const request = contextRequest(context(...Array.from({ length: 16 }, () => below(256))));
        counter.run(request);
        if (worstCase === null) continue;
        const native = run(request, subject.cpu);
        if (native.instructions! > worstCase)
          expect.fail(`${subject.name}, seed ${seed}: ${native.instructions} of ${worstCase}`);
      }
      for (const [slot, bound] of loops) {
        const most = counter.most.get(slot);
        if (most !== undefined && most > bound) expect.fail(`seed ${seed}, slot ${slot}: ${most} rounds of ${bound}`);
      }
    }
    console.log(`${bounded} of ${OWN} programs have loops with bounds and a worst case`);
    expect(bounded).toBeGreaterThan(0);
  });
});
