// SPDX-License-Identifier: MIT
import {
  type ById,
  type Def,
  definitions,
  type Graph,
  graphOf,
  type Loop,
  loopsOf,
  removeUnreachable,
} from '../ir/analysis.js';
import { type Block, edges, type Func, type Module, type Value } from '../ir/ir.js';
import { Nest } from './affine.js';
import { copyBlocks, mergeCopies } from './copies.js';
import { Front } from './front.js';
import { blockBefore } from './fronts.js';
import { type Located, LoopGuards } from './loop-guards.js';
import { pass } from './pass.js';

/**
 * Takes: a guarded module. Gives: loops in two copies, where tests in front of the loop show that no round can fail some of its
 * guards: one without those guards, entered if the tests hold, and the loop as it was. The tests do nothing else, so that
 * results, memory and traps are those of the loop as it was. The first pays no fuel where the tests show its rounds to be few. A nest of loops is copied as a whole if all its guards go.
 */
export const splitLoops = pass(
  'versions',
  (module: Module) => {
    let changed = false;
    for (const fn of module.funcs) changed = new Versions(fn).run() || changed;
    return changed;
  },
  { requires: ['guarded'] },
);

/** Most instructions of a loop that is copied, constants apart; of a function, most blocks, and loops copied. */
const MOST_INSTS = 160;
const MOST_BLOCKS = 2000;
const MOST_COPIES = 24;

/** Rounds of a nest, those of all its loops that need no fuel multiplied, that may go without: as loops.ts has it. One loop alone: a fraction of it. */
const MOST_ROUNDS = 1 << 20;
const MOST_OF_ONE = 1 << 16;
/** Fewer are not worth the test. */
const LEAST_ROUNDS = 16;

class Versions {
  /** Headers of loops that need no second look. */
  private readonly done = new Set<Block>();

  constructor(private readonly fn: Func) {}

  run(): boolean {
    removeUnreachable(this.fn);
    if (!hasGuards(this.fn.blocks)) return false;
    let copies = 0;
    while (copies < MOST_COPIES && this.fn.blocks.length <= MOST_BLOCKS && this.round()) copies++;
    return copies > 0;
  }

  /** Copies one loop. */
  private round(): boolean {
    const { fn } = this;
    const graph = graphOf(fn);
    const { loops, irreducible } = loopsOf(graph);
    if (irreducible.length > 0) return false;
    const defs = definitions(fn);
    const ordered = [...loops].sort((a, b) => b.body.size - a.body.size);
    for (const loop of ordered) {
      if (this.done.has(loop.header)) continue;
      this.done.add(loop.header);
      if (this.split(loop, ordered, graph, defs)) return true;
    }
    return false;
  }

  private split(loop: Loop, loops: readonly Loop[], graph: Graph, defs: ById<Value, Def>): boolean {
    const { fn } = this;
    const { header, body } = loop;
    if (header.bound !== undefined && header.bound <= 1) return false;
    let size = 0;
    for (const b of body) for (const i of b.insts) if (i.op !== 'const') size++;
    if (size > MOST_INSTS || !hasGuards(body)) return false;
    const inside = loops.filter((l) => body.has(l.header));
    const outside = loops.filter((l) => l !== loop && l.body.has(header));
    const nest = new Nest(loop, inside, graph, defs);
    const front = new Front(fn, defs, header.term.origin);
    const around = outside.map((l) => ({
      loop: l,
      nest: new Nest(
        l,
        loops.filter((x) => l.body.has(x.header)),
        graph,
        defs,
      ),
      front: new Front(fn, defs, header.term.origin),
    }));
    const located: Located = (address, rights, span) => {
      for (const o of around) {
        const at = o.nest.at(address, o.front);
        if (at) return room(o.front, at, rights, span);
      }
      return room(front, nest.at(address, front)!, rights, span);
    };
    const guards = new LoopGuards(nest, graph, front, located);
    const total = guards.prove();
    const { proved } = guards;
    if (front.impossible || proved.size === 0) return false;
    if (inside.length > 1 && proved.size < total) return false;
    for (const o of around) {
      if (o.front.empty) continue;
      const block = this.entrance(o.loop, graph);
      o.front.build(block, { block: o.loop.header, args: block.params }, { block: o.loop.header, args: block.params });
    }
    const limits = this.unpaid(guards, nest, outside);
    if (front.impossible) return false;
    const block = this.entrance(loop, graph);
    const copy = copyBlocks(fn, body);
    for (const b of copy.blocks.values()) b.cold = true;
    for (const b of body) b.insts = b.insts.filter((i) => !proved.has(i));
    for (const [l, limit] of limits) {
      l.header.bound = Math.min(limit, l.header.bound ?? limit);
    }
    for (const b of body) {
      const back = backLoops(b, loops);
      if (back.some((l) => limits.has(l)) && back.every((l) => l.header.bound !== undefined))
        b.insts = b.insts.filter((i) => i.op !== 'fuel');
    }
    const more = front.build(
      block,
      { block: header, args: block.params },
      { block: copy.blocks.get(header)!, args: block.params },
    );
    fn.blocks.splice(fn.blocks.indexOf(block) + 1, 0, ...more);
    mergeCopies(fn, body, copy);
    for (const l of inside) {
      this.done.add(l.header);
      this.done.add(copy.blocks.get(l.header)!);
    }
    return true;
  }

  /**
   * Loops that pay fuel and need not: their rounds are found to be few in front, so that with those of the loops around and inside that have a
   * bound they stay below what a unit of fuel may stand for.
   */
  private unpaid(guards: LoopGuards, nest: Nest, outside: readonly Loop[]): Map<Loop, number> {
    const limits = new Map<Loop, number>();
    const paying = nest.loops.filter((l) => l.header.bound === undefined);
    const depth = Math.max(...paying.map((l) => nest.around(l.header).filter((x) => paying.includes(x)).length), 0);
    if (depth === 0) return limits;
    let rest = MOST_ROUNDS;
    for (const { header } of [...nest.loops, ...outside]) rest /= (header.bound ?? 0) + 1;
    const limit = Math.min(MOST_OF_ONE, Math.floor(rest ** (1 / depth)) - 1);
    if (limit < LEAST_ROUNDS) return limits;
    for (const l of paying) if (guards.limit(l, BigInt(limit))) limits.set(l, limit);
    return limits;
  }

  /** A new block through which control enters a loop, right before its header. */
  private entrance({ header, body }: Loop, graph: Graph): Block {
    const { fn } = this;
    const into = graph.preds.get(header)!.filter((p) => !body.has(p.from));
    const block = blockBefore(fn, header, into);
    fn.blocks.splice(fn.blocks.indexOf(header), 0, block);
    return block;
  }
}

/** Loops that the block is a latch of: several, where they share it. */
function backLoops(b: Block, loops: readonly Loop[]): Loop[] {
  return loops.filter((l) => l.body.has(b) && edges(b.term).some((e) => e.block === l.header));
}

function hasGuards(blocks: Iterable<Block>): boolean {
  for (const b of blocks)
    for (const i of b.insts) if (i.op === 'search' || (i.op === 'trapif' && i.trap === 'memory')) return true;
  return false;
}

/** Base of the region that holds an address, and the number of places in it where `span` bytes may start: 0 if there is none. */
function room(front: Front, address: Value, rights: bigint, span: bigint): readonly [Value, Value] {
  const [base, length] = front.emit('locate', [address], 2, { imm: rights }) as [Value, Value];
  if (span === 1n) return [base, length];
  const long = front.icmp('uge', length, front.constant(span));
  const places = front.binary('sub', length, front.constant(span - 1n));
  return [base, front.select(long, places, front.constant(0n))];
}
