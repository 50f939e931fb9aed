// SPDX-License-Identifier: MIT
import { type ById, type Def, definitions, type Graph, graphOf, loopsOf, removeUnreachable } from '../ir/analysis.js';
import { type Block, type Func, type Inst, type Module, newValue, OPS, type Value } from '../ir/ir.js';
import { blockBefore } from './fronts.js';
import { pass } from './pass.js';

/**
 * Takes: a guarded module. Gives: pure operations that every round of a loop repeats with the same operands, done once in
 * front of the loop; guards on such operands too, if they stand at the start of the loop's header, where nothing
 * observable comes between the place in front and them. Constants stay: targets have them as immediates.
 */
export const hoistInvariant = pass(
  'hoist',
  (module: Module) => {
    let changed = false;
    for (const fn of module.funcs) {
      removeUnreachable(fn);
      const graph = graphOf(fn);
      const loops = nestOf(graph);
      if (loops.length === 0) continue;
      const work: Work = { fn, graph, defs: definitions(fn), fronts: new Map() };
      for (const loop of loops) changed = new Hoist(work, loop).run() || changed;
      fn.blocks = fn.blocks.flatMap((b) => work.fronts.get(b) ?? b);
    }
    return changed;
  },
  { requires: ['guarded'] },
);

/** A natural loop and those around it. */
interface Nested {
  readonly header: Block;
  readonly latches: readonly Block[];
  /** Header included; the blocks in front of inner loops are put in as they are made. */
  readonly body: Set<Block>;
  parent: Nested | null;
}

/** The loops of a function, innermost first, so that what left an inner loop can leave the outer one. */
function nestOf(graph: Graph): Nested[] {
  const loops = [...loopsOf(graph).loops]
    .sort((a, b) => a.body.size - b.body.size)
    .map((l): Nested => ({ ...l, body: new Set(l.body), parent: null }));
  const around = new Map<Block, Nested>();
  for (const loop of [...loops].reverse()) {
    loop.parent = around.get(loop.header) ?? null;
    for (const b of loop.body) around.set(b, loop);
  }
  return loops;
}

/** What the loops of one function share. */
interface Work {
  readonly fn: Func;
  /** As it was before the first loop: it has no blocks in front of loops. */
  readonly graph: Graph;
  /** Kept up to date. */
  readonly defs: ById<Value, Def>;
  /** Blocks made in front of loops, followed by the header itself, by header. */
  readonly fronts: Map<Block, readonly [Block, Block]>;
}

class Hoist {
  private readonly moved: Inst[] = [];
  private readonly gone = new Set<Inst>();
  private readonly outside = new Set<Value>();

  constructor(
    private readonly work: Work,
    private readonly loop: Nested,
  ) {}

  run(): boolean {
    const { header, latches, body } = this.loop;
    const { graph, defs } = this.work;
    for (const block of this.ordered()) {
      // A block in front of an inner loop has no way on but that loop's header, so it dominates what the header does.
      const at = graph.index.has(block) ? block : this.after(block);
      if (!latches.every((l) => graph.dominates(at, l))) continue;
      for (const inst of block.insts) {
        if (inst.op !== 'const' && OPS[inst.op].effect === 'pure' && inst.args.every((v) => this.isReady(v))) {
          this.take(inst);
        }
      }
    }
    // A guard may pass another that stays only if both raise the same trap.
    const passed = new Set<string>();
    for (const inst of header.insts) {
      const { effect } = OPS[inst.op];
      if (effect === 'pure' || effect === 'read') continue;
      if (inst.op !== 'trapif' && inst.op !== 'search') break;
      const trap = inst.trap ?? 'memory';
      const ready = inst.args.every((v) => this.isReady(v)) && [...passed].every((t) => t === trap);
      if (ready) this.take(inst);
      else passed.add(trap);
    }
    if (this.gone.size === 0) return false;
    for (const block of body) block.insts = block.insts.filter((i) => !this.gone.has(i));
    const front = this.front();
    for (const inst of this.moved) {
      front.insts.push(inst);
      inst.results.forEach((v, index) => {
        defs.set(v, { kind: 'inst', inst, index, block: front });
      });
    }
    return true;
  }

  /** The header that a block in front of a loop jumps to. */
  private after(front: Block): Block {
    return front.term.kind === 'jump' ? front.term.to.block : front;
  }

  /** The loop's blocks in dominance order. */
  private ordered(): Block[] {
    const { index } = this.work.graph;
    const place = (b: Block): number => index.get(b) ?? index.get(this.after(b))! - 0.5;
    return [...this.loop.body]
      .map((b) => ({ b, at: place(b) }))
      .sort((x, y) => x.at - y.at)
      .map(({ b }) => b);
  }

  /** Is the value there in front of the loop, or a constant that can be made there? */
  private isReady(v: Value): boolean {
    const def = this.work.defs.get(v)!;
    return !this.loop.body.has(def.block) || this.outside.has(v) || (def.kind === 'inst' && def.inst.op === 'const');
  }

  private take(inst: Inst): void {
    inst.args = inst.args.map((v) => {
      const def = this.work.defs.get(v)!;
      if (def.kind !== 'inst' || def.inst.op !== 'const' || !this.loop.body.has(def.block)) return v;
      const copy = newValue(this.work.fn, v.ty);
      this.moved.push({ ...def.inst, results: [copy] });
      return copy;
    });
    this.moved.push(inst);
    this.gone.add(inst);
    for (const v of inst.results) this.outside.add(v);
  }

  /** The block whose only way on is into the loop; made if there is none. */
  private front(): Block {
    const { header, body } = this.loop;
    const { fn, graph, defs, fronts } = this.work;
    const into = graph.preds.get(header)!.filter((p) => !body.has(p.from));
    const [only] = into;
    if (only && into.length === 1 && only.from.term.kind === 'jump') return only.from;
    const front = blockBefore(fn, header, into);
    front.params.forEach((v, index) => {
      defs.set(v, { kind: 'param', index, block: front });
    });
    fronts.set(header, [front, header]);
    for (let outer = this.loop.parent; outer; outer = outer.parent) outer.body.add(front);
    return front;
  }
}
