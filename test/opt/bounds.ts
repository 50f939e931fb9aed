// SPDX-License-Identifier: MIT
import { assemble } from '../../compiler/bpf/asm.js';
import type { Program } from '../../compiler/bpf/program.js';
import { buildCfg, type Cfg } from '../../compiler/cfg/index.js';
import { finish, type Level } from '../../compiler/compile.js';
import { HELPERS } from '../../compiler/contract/helpers.js';
import { type Contract, DEFAULT_CONTRACT } from '../../compiler/contract/types.js';
import type { RunRequest, RunResult } from '../../compiler/host/engine.js';
import { readImage } from '../../compiler/image/read.js';
import { interpret } from '../../compiler/interpreter/interpreter.js';
import { buildModule } from '../../compiler/ir/build.js';
import { optimise } from '../../compiler/opt/pipeline.js';
import { guardModule } from '../../compiler/sandbox/sandbox.js';
import { simulate } from '../../compiler/simulator/simulator.js';
import type { Facts } from '../../compiler/verifier/facts.js';
import type { Subject } from '../differential/targets.js';
import { bareFacts } from '../ir/bare.js';

/** 16 bytes of numbers that programs read. */
export const BOUNDS_CONTRACT: Contract = {
  ...DEFAULT_CONTRACT,
  context: { size: 16, access: 'rw', align: 8, fields: [] },
};

export const contextRequest = (bytes: Uint8Array, fuel = 3000): RunRequest => ({
  context: bytes,
  regions: new Map(),
  fuel,
});

/** Numbers below `n`, the same for the same seed (mulberry32's mixing). */
export function randomNumbers(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

/**
 * A program of blocks that jump anywhere, many of them empty, so that headers are threaded, merged and left alone in every way.
 * What is left of a budget and a mixed number decide where it goes.
 */
export function tangle(seed: number): Program {
  const below = randomNumbers(seed);
  const count = 3 + below(9);
  const block = (): string => `b${1 + below(count)}`;
  // Mostly a bit forwards or back, so that nests come out and not only knots.
  const near = (i: number): string => (below(4) === 0 ? block() : `b${Math.min(count, Math.max(1, i + 2 - below(5)))}`);
  const text = ['r9 = *(u8 *)(r1 + 0)', 'r3 = *(u64 *)(r1 + 8)', 'r0 = 0', 'r4 = 1'];
  for (let i = 1; i <= count; i++) {
    text.push(`b${i}:`);
    const kind = below(5);
    if (kind > 1) {
      text.push('r3 *= 1103515245', 'r3 += 12345', 'r4 = r3', `r4 >>= ${16 + below(8)}`);
      if (kind > 2) text.push('r0 += r4', 'r0 ^= r9');
      if (below(2) === 0) text.push('r9 += -1', `if r9 s< ${below(3)} goto out`);
    }
    if (kind === 0) text.push(`goto ${near(i)}`);
    else text.push(`if r4 & ${1 + below(7)} goto ${near(i)}`, ...(below(3) === 0 ? [`goto ${near(i)}`] : []));
  }
  text.push('out:', 'exit');
  return assemble(text.join('\n'));
}

/**
 * A program of nested loops whose headers are often empty blocks that only jump on, to a header further inside: what becomes
 * of one must not be counted as the other. Inner loops go round seldom, outer ones as long as the budget lasts.
 */
export function nested(seed: number): Program {
  const below = randomNumbers(seed);
  const text = ['r9 = *(u8 *)(r1 + 0)', 'r3 = *(u64 *)(r1 + 8)', 'r0 = 0', 'r4 = 1'];
  let labels = 0;
  const mix = ['r3 *= 1103515245', 'r3 += 12345', 'r4 = r3', 'r4 >>= 16'];
  const loop = (depth: number): void => {
    const [head, body, out] = [`h${labels}`, `c${labels}`, `o${labels++}`];
    text.push(`${head}:`);
    // Without instructions of its own: another jump enters behind it.
    if (below(2) === 0) text.push(`goto ${body}`, ...(below(2) === 0 ? ['r0 += 1', `goto ${body}`] : []));
    text.push(`${body}:`);
    if (depth > 0 && below(4) > 0) loop(depth - 1);
    if (below(2) === 0) text.push(...mix, 'r0 += r4');
    if (depth > 0 && below(3) === 0) loop(depth - 1);
    if (below(4) === 0) text.push(`if r4 & 5 goto ${out}`);
    if (below(2) === 0) text.push('r9 += -1', `if r9 s> 0 goto ${head}`);
    else text.push(...mix, `if r4 & ${1 + 2 * below(2)} goto ${below(2) === 0 ? head : body}`);
    text.push(`${out}:`);
  };
  for (let n = 1 + below(2); n > 0; n--) loop(1 + below(2));
  text.push('exit');
  return assemble(text.join('\n'));
}

/** Counts, by slot of each natural loop's header, the most back edges that runs take per entry of the loop. */
export class LoopCounter {
  readonly cfg: Cfg;
  readonly most = new Map<number, number>();
  private readonly headers: ReadonlyMap<number, ReadonlySet<number>>;

  constructor(private readonly program: Program) {
    this.cfg = buildCfg(program.functions[0]!);
    this.headers = new Map(this.cfg.loops.map((l) => [l.header, new Set(l.latches)]));
    for (const header of this.headers.keys()) this.most.set(this.cfg.blocks[header]!.start, 0);
  }

  run(request: RunRequest): RunResult {
    const now = new Map<number, number>();
    let before = -1;
    return interpret(this.program, 0, BOUNDS_CONTRACT, request, {
      trace: ({ slot }) => {
        const block = this.cfg.blockAt[slot]!;
        const latches = this.headers.get(block);
        if (latches && this.cfg.blocks[block]!.start === slot) {
          const n = latches.has(before) ? now.get(slot)! + 1 : 0;
          now.set(slot, n);
          this.most.set(slot, Math.max(this.most.get(slot)!, n));
        }
        before = block;
      },
    });
  }
}

/** Facts that know nothing but how often loops of the first function go round. */
export function loopFacts(program: Program, loops: ReadonlyMap<number, number>): Facts {
  const facts = bareFacts(program);
  return { ...facts, functions: facts.functions.map((f, i) => (f && i === 0 ? { ...f, loops } : f)) };
}

/** An image made with those facts, and its worst case. */
export function compileWith(program: Program, facts: Facts, level: Level, { target }: Subject) {
  const { globals } = program;
  const context = { globals, contract: BOUNDS_CONTRACT };
  const module = buildModule(program, [0], facts, BOUNDS_CONTRACT, HELPERS);
  const guards = optimise(module, level, (m) => guardModule(m, context, HELPERS), { validate: true });
  const { image } = finish(
    {
      kind: 'prepared',
      level,
      program,
      entries: [0],
      contract: BOUNDS_CONTRACT,
      helpers: HELPERS,
      module,
      guards,
      facts,
      opaque: new Set(),
    },
    target,
  );
  const read = readImage(image);
  const run = (request: RunRequest, cpu: Subject['cpu']): RunResult =>
    simulate(read, 0, BOUNDS_CONTRACT, { ...request, fuel: 1_000_000 }, { cpu, maxInstructions: 5_000_000 });
  return { run, worstCase: read.entries[0]!.worstCase, module };
}
