// SPDX-License-Identifier: MIT
import { Selector as SharedSelector } from '../../compiler/codegen/select.js';
import { type Graph, graphOf } from '../../compiler/ir/analysis.js';
import { NEGATED, SWAPPED } from '../../compiler/ir/arith.js';
import type { Block, Cond, Edge, Inst, Value } from '../../compiler/ir/ir.js';

/** Does `x cond c` leave x no way to be zero? */
function excludesZero(cond: Cond, c: number): boolean {
  switch (cond) {
    case 'eq':
      return c !== 0;
    case 'ne':
      return c === 0;
    case 'ugt':
    case 'set':
      return true;
    case 'uge':
      return c > 0;
    case 'sgt':
      return (c | 0) >= 0;
    case 'sge':
      return (c | 0) > 0;
    case 'slt':
      return (c | 0) <= 0;
    case 'sle':
      return (c | 0) < 0;
    case 'ult':
    case 'ule':
    case 'nset':
      return false;
  }
}

/** How far up the dominators a branch is looked for, how many parameters deep, and over how many edges. */
const STEPS = 32;
const DEPTH = 3;
const EDGES = 8;

/** Selection with what addressing modes of two registers ask beyond what all instruction sets do. */
export class Selector extends SharedSelector {
  private local: ReadonlySet<Inst> = new Set();

  override start(block: Block): void {
    super.start(block);
    this.local = new Set(block.insts);
  }

  private flow: Graph | undefined;

  /** Is a value that the current block reads shown not to be zero, by how it is made or by a branch on the way here? */
  isNonZero(v: Value): boolean {
    return this.nonZeroIn(v, this.block, DEPTH);
  }

  private nonZeroIn(v: Value, block: Block, depth: number): boolean {
    const c = this.constOf(v);
    if (c !== undefined) return c !== 0;
    const or = this.definition(v, 'or');
    if (or?.args.some((a) => (this.constOf(a) ?? 0) !== 0)) return true;
    this.flow ??= graphOf(this.fn);
    let at: Block | undefined = block;
    for (let step = 0; at && step < STEPS; step++) {
      const preds = this.flow.preds.get(at) ?? [];
      const i = at.params.indexOf(v);
      if (i >= 0) {
        if (depth === 0 || preds.length === 0 || preds.length > EDGES) return false;
        return preds.every(({ from, edge }) => {
          const given = edge.args[i]!;
          return this.leadsOnlyUnlessZero(from, edge, given) || this.nonZeroIn(given, from, depth - 1);
        });
      }
      const [only] = preds;
      if (only && preds.length === 1 && this.leadsOnlyUnlessZero(only.from, only.edge, v)) return true;
      at = this.flow.idom.get(at);
    }
    return false;
  }

  /** Is `edge` of `from` taken only if `v` is not zero? */
  private leadsOnlyUnlessZero({ term }: Block, edge: Edge, v: Value): boolean {
    if (term.kind !== 'branch' || term.wide || term.then === term.else) return false;
    const cond = edge === term.then ? term.cond : NEGATED[term.cond];
    const [x, y] = term.args as [Value, Value];
    const [cx, cy] = [this.constOf(x), this.constOf(y)];
    const and = cond === 'set' ? this.definition(v, 'and') : undefined;
    if (and) {
      // x & y itself, a constant by its number.
      const same = (a: Value, b: Value): boolean =>
        a.id === b.id || (this.constOf(a) !== undefined && this.constOf(a) === this.constOf(b));
      const [a, b] = and.args as [Value, Value];
      if ((same(a, x) && same(b, y)) || (same(a, y) && same(b, x))) return true;
    }
    if (x.id === v.id && cy !== undefined) return excludesZero(cond, cy);
    return y.id === v.id && cx !== undefined && excludesZero(SWAPPED[cond], cx);
  }

  /**
   * The addition in this block that makes `v`, if all its readers, `most` at the most, take it as the address of a load or store of
   * this block that `fits`.
   */
  sharedSum(v: Value, most: number, fits: (access: Inst) => boolean): Inst | undefined {
    const sum = this.definition(v, 'add');
    if (!sum || !this.local.has(sum) || this.usesOf(v).length > most) return undefined;
    return this.onlyAddresses(v, (access) => this.local.has(access) && fits(access)) ? sum : undefined;
  }
}
