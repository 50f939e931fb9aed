// SPDX-License-Identifier: MIT
import { type Graph, Scoped } from '../ir/analysis.js';
import { NEGATED, SWAPPED } from '../ir/arith.js';
import type { Block, Cond, Value } from '../ir/ir.js';

/** Orders of two numbers as a set: less, equal, greater. */
const [LESS, EQUAL, GREATER] = [1, 2, 4] as const;
const ANY = LESS | EQUAL | GREATER;

interface Orders {
  /** Of the numbers read as unsigned and as signed. */
  readonly unsigned: number;
  readonly signed: number;
}

const unsigned = (set: number): Orders => ({ unsigned: set, signed: set & EQUAL ? ANY : LESS | GREATER });
const signed = (set: number): Orders => ({ signed: set, unsigned: set & EQUAL ? ANY : LESS | GREATER });

const ORDERS: { readonly [C in Cond]?: Orders } = {
  eq: { unsigned: EQUAL, signed: EQUAL },
  ne: { unsigned: LESS | GREATER, signed: LESS | GREATER },
  ult: unsigned(LESS),
  ule: unsigned(LESS | EQUAL),
  ugt: unsigned(GREATER),
  uge: unsigned(GREATER | EQUAL),
  slt: signed(LESS),
  sle: signed(LESS | EQUAL),
  sgt: signed(GREATER),
  sge: signed(GREATER | EQUAL),
};

/** Does `question` hold where `known` does, of the same operands? null: it may or may not. */
export function implied(known: Cond, question: Cond): boolean | null {
  if (known === question) return true;
  if (known === NEGATED[question]) return false;
  const [k, q] = [ORDERS[known], ORDERS[question]];
  if (!k || !q) return null;
  for (const order of ['unsigned', 'signed'] as const) {
    if (!exactIn(question, order)) continue;
    if ((k[order] & ~q[order]) === 0) return true;
    if ((k[order] & q[order]) === 0) return false;
  }
  return null;
}

/** Orders are exactly what a condition means in its own reading; equality in both. */
const exactIn = (cond: Cond, order: 'unsigned' | 'signed'): boolean =>
  cond === 'eq' || cond === 'ne' || cond.startsWith(order === 'unsigned' ? 'u' : 's');

/** How many of the latest conditions over two values are asked. */
const LOOK_BACK = 8;

/** Conditions that hold at the block at hand because a branch or a guard on the way there has seen them. Dominator preorder. */
export class Conditions {
  private readonly seen: Scoped<string, { readonly first: readonly Value[]; readonly cond: Cond }>;

  constructor(private readonly graph: Graph) {
    this.seen = new Scoped(graph);
  }

  /** From here on cond(args) holds: two values, or two pairs of lanes. */
  holds(block: Block, cond: Cond, args: readonly Value[]): void {
    this.seen.add(keyOf(args), block, { first: firstOf(args), cond });
  }

  /** What the branch into a block with one way in says. */
  enter(block: Block): void {
    const into = this.graph.preds.get(block)!;
    const [only] = into;
    if (!only || into.length !== 1 || only.from.term.kind !== 'branch') return;
    const { term } = only.from;
    this.holds(block, only.edge === term.then ? term.cond : NEGATED[term.cond], term.args);
  }

  /** Is the condition known there? */
  ask(block: Block, cond: Cond, args: readonly Value[]): boolean | null {
    for (const { what } of this.seen.at(keyOf(args), block).slice(-LOOK_BACK).reverse()) {
      const isSame = what.first.every((v, i) => v === args[i]);
      const answer = implied(isSame ? what.cond : SWAPPED[what.cond], cond);
      if (answer !== null) return answer;
    }
    return null;
  }
}

/** The first operand: a value, or both lanes of a pair, as two numbers may share one. */
const firstOf = (args: readonly Value[]): readonly Value[] => args.slice(0, args.length / 2);

/** The same for both orders of the operands. */
function keyOf(args: readonly Value[]): string {
  const half = args.length / 2;
  const [a, b] = [args.slice(0, half), args.slice(half)].map((l) => l.map((v) => v.id).join('.'));
  return a! < b! ? `${a} ${b}` : `${b} ${a}`;
}
