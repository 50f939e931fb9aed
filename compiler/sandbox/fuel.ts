// SPDX-License-Identifier: MIT
import { graphOf, type Loop, localFuncs, loopsOf } from '../ir/analysis.js';
import type { Block, Func, Inst, Module } from '../ir/ir.js';

/** What a unit of fuel is written as at most: 32 bits. */
const MOST = 0xffffffffn;

/**
 * What going through code once costs: the eBPF instructions that it came from, those of loops with a bound as often as that says, and
 * those of local functions at each call. Loops without a bound count once, as they pay for their rounds themselves.
 */
export class Costs {
  readonly #locals: ReadonlyMap<number, Func>;
  readonly #known = new Map<Func, bigint>();

  constructor(module: Module) {
    this.#locals = localFuncs(module);
  }

  /** Of a whole function. There is no recursion. */
  of(fn: Func): bigint {
    let sum = this.#known.get(fn);
    if (sum === undefined) {
      sum = this.through(new Set(fn.blocks), loopsOf(graphOf(fn)).loops);
      this.#known.set(fn, sum);
    }
    return sum;
  }

  /** Of some blocks, with the loops that lie in them; 1 to 2^32 - 1. */
  through(blocks: ReadonlySet<Block>, inside: readonly Loop[]): bigint {
    const rounds = new Map<Block, bigint>();
    for (const { header, body } of inside) {
      if (header.bound === undefined) continue;
      // The header runs once more than its loop has rounds.
      const times = BigInt(header.bound) + 1n;
      for (const b of body) rounds.set(b, (rounds.get(b) ?? 1n) * times);
    }
    // An instruction of eBPF may have become several, in blocks of different loops: it runs as often as the one that runs most.
    const places = new Map<string, bigint>();
    let sum = 0n;
    for (const b of blocks) {
      const times = rounds.get(b) ?? 1n;
      for (const { origin } of [...b.insts, b.term]) {
        const place = `${origin.func}:${origin.slot}`;
        const old = places.get(place) ?? 0n;
        if (times > old) places.set(place, times);
      }
      for (const { callee } of b.insts) {
        const local = callee === undefined ? undefined : this.#locals.get(callee);
        if (local) sum += times * this.of(local);
      }
    }
    for (const times of places.values()) sum += times;
    return sum < 1n ? 1n : sum > MOST ? MOST : sum;
  }
}

/**
 * Makes every cycle that has no bound pay: at the end of each block that an edge backwards leaves. Cycles that are not
 * natural loops always pay. So a run executes at most its fuel in eBPF instructions, and besides what a run without such cycles would.
 */
export function insertFuel(fn: Func, costs: Costs): void {
  const graph = graphOf(fn);
  const { loops, irreducible } = loopsOf(graph);
  const paying = new Map<Block, bigint>();
  const charge = (block: Block, amount: bigint): void => {
    const old = paying.get(block) ?? 0n;
    paying.set(block, amount > old ? amount : old);
  };
  const byHeader = new Map(loops.map((loop) => [loop.header, loop]));
  for (const loop of loops) {
    if (loop.header.bound !== undefined) continue;
    // By its blocks and not by all loops, so that many loops cost no square. Its own header has no bound, and so no weight.
    const inside = [...loop.body].flatMap((b) => byHeader.get(b) ?? []);
    const amount = costs.through(loop.body, inside);
    for (const latch of loop.latches) charge(latch, amount);
  }
  if (irreducible.length > 0) {
    const amount = costs.through(new Set(fn.blocks), loops);
    for (const { from } of irreducible) charge(from, amount);
  }
  for (const [block, imm] of paying) {
    const fuel: Inst = { op: 'fuel', args: [], results: [], origin: block.term.origin, imm };
    block.insts.push(fuel);
  }
}
