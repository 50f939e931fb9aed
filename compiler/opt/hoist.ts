// SPDX-License-Identifier: MIT
import { definitions, type Graph, graphOf, type Loop, loopsOf, removeUnreachable } from '../ir/analysis.js';
import { type Block, type Func, type Inst, type Module, newValue, OPS, type Value } from '../ir/ir.js';
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
      // Innermost first, so that what left an inner loop can leave the outer one.
      const headers = [...loopsOf(graphOf(fn)).loops].sort((a, b) => a.body.size - b.body.size).map((l) => l.header);
      for (const header of headers) {
        const graph = graphOf(fn);
        const loop = loopsOf(graph).loops.find((l) => l.header === header);
        if (loop) changed = new Hoist(fn, graph, loop).run() || changed;
      }
    }
    return changed;
  },
  { requires: ['guarded'] },
);

class Hoist {
  private readonly defs: ReturnType<typeof definitions>;
  private readonly moved: Inst[] = [];
  private readonly gone = new Set<Inst>();
  private readonly outside = new Set<Value>();

  constructor(
    private readonly fn: Func,
    private readonly graph: Graph,
    private readonly loop: Loop,
  ) {
    this.defs = definitions(fn);
  }

  run(): boolean {
    const { header, latches, body } = this.loop;
    for (const block of this.graph.order) {
      if (!body.has(block) || !latches.every((l) => this.graph.dominates(block, l))) continue;
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
    this.front().insts.push(...this.moved);
    return true;
  }

  /** Is the value there in front of the loop, or a constant that can be made there? */
  private isReady(v: Value): boolean {
    const def = this.defs.get(v)!;
    return !this.loop.body.has(def.block) || this.outside.has(v) || (def.kind === 'inst' && def.inst.op === 'const');
  }

  private take(inst: Inst): void {
    inst.args = inst.args.map((v) => {
      const def = this.defs.get(v)!;
      if (def.kind !== 'inst' || def.inst.op !== 'const' || !this.loop.body.has(def.block)) return v;
      const copy = newValue(this.fn, v.ty);
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
    const into = this.graph.preds.get(header)!.filter((p) => !body.has(p.from));
    const [only] = into;
    if (only && into.length === 1 && only.from.term.kind === 'jump') return only.from;
    const params = header.params.map((p) => newValue(this.fn, p.ty));
    const { origin } = header.term;
    const front: Block = {
      id: this.fn.nextBlock++,
      params,
      insts: [],
      term: { kind: 'jump', to: { block: header, args: [...params] }, origin },
    };
    for (const { edge } of into) edge.block = front;
    this.fn.blocks.splice(this.fn.blocks.indexOf(header), 0, front);
    return front;
  }
}
