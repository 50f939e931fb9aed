// SPDX-License-Identifier: MIT
import { type ById, type Def, definitions, type Graph, graphOf, type Loop, loopsOf } from '../ir/analysis.js';
import { mask, NEGATED } from '../ir/arith.js';
import { type Block, type Cond, type Edge, type Func, type Inst, type Module, newValue, type Value } from '../ir/ir.js';
import { giveFronts } from './fronts.js';
import { constantOf, isInvariant } from './induction.js';
import { pass } from './pass.js';

/**
 * Takes: a module over lanes. Gives: two tests in a row that leave a loop to the same place, of one value against two that no
 * round changes, as one test against the smaller, which is found in front of the loop.
 */
export const mergeExits = pass(
  'exits',
  (module: Module) => {
    let changed = false;
    for (const fn of module.funcs) changed = mergeIn(fn) || changed;
    return changed;
  },
  { requires: ['lanes'] },
);

function mergeIn(fn: Func): boolean {
  // Fronts are only made where something will be merged.
  const found = (graph: Graph, defs: ById<Value, Def>): Merge[] =>
    loopsOf(graph).loops.flatMap((loop) => [...loop.body].flatMap((b) => mergeAt(b, loop, graph, defs) ?? []));
  if (found(graphOf(fn), definitions(fn)).length === 0) return false;
  const fronts = giveFronts(fn);
  const graph = graphOf(fn);
  const done = new Set<Block>();
  const defs = definitions(fn);
  for (const merge of found(graph, defs)) {
    const { first, second } = merge;
    // A row of three takes two runs of the pass.
    if (done.has(first) || done.has(second)) continue;
    done.add(first);
    done.add(second);
    const front = fronts.get(merge.loop.header)!;
    apply(fn, merge, front, smallerAt(merge, front, graph, defs));
  }
  return done.size > 0;
}

/** value <cond> limit keeps the loop going. */
interface Bound {
  readonly cond: 'ult' | 'ule' | 'slt' | 'sle';
  readonly value: Value;
  readonly limit: Value;
  readonly inside: Edge;
  readonly outside: Edge;
}

interface Merge {
  readonly loop: Loop;
  readonly first: Block;
  readonly second: Block;
  readonly cond: Bound['cond'];
  readonly value: Value;
  /** Two limits: values, or constants. */
  readonly limits: readonly [Value | bigint, Value | bigint];
}

function boundAt(block: Block, loop: Loop, defs: ById<Value, Def>): Bound | null {
  const t = block.term;
  if (t.kind !== 'branch' || t.wide) return null;
  const stays = loop.body.has(t.then.block);
  if (stays === loop.body.has(t.else.block)) return null;
  const [inside, outside] = stays ? [t.then, t.else] : [t.else, t.then];
  const cond: Cond = stays ? t.cond : NEGATED[t.cond];
  const [a, b] = t.args as [Value, Value];
  const make = (c: Bound['cond'], value: Value, limit: Value): Bound | null =>
    isInvariant(limit, loop, defs) && !isInvariant(value, loop, defs)
      ? { cond: c, value, limit, inside, outside }
      : null;
  switch (cond) {
    case 'ult':
    case 'ule':
    case 'slt':
    case 'sle':
      return make(cond, a, b);
    case 'ugt':
      return make('ult', b, a);
    case 'uge':
      return make('ule', b, a);
    case 'sgt':
      return make('slt', b, a);
    case 'sge':
      return make('sle', b, a);
    default:
      return null;
  }
}

/** Largest number in the order of a condition. */
const TOP = { ult: mask(32), ule: mask(32), slt: mask(31), sle: mask(31) } as const;
/** Smallest number in that order, as unsigned bits. */
const BOTTOM = { ult: 0n, ule: 0n, slt: 1n << 31n, sle: 1n << 31n } as const;
const STRICT = { ult: 'ult', ule: 'ult', slt: 'slt', sle: 'slt' } as const;
const WEAK = { ult: 'ule', ule: 'ule', slt: 'sle', sle: 'sle' } as const;

function mergeAt(first: Block, loop: Loop, graph: Graph, defs: ById<Value, Def>): Merge | null {
  const a = boundAt(first, loop, defs);
  if (!a || a.inside.block === loop.header) return null;
  const second = a.inside.block;
  if (graph.preds.get(second)!.length !== 1 || second.params.length > 0 || second === first) return null;
  // What stands between the two tests is only seen by rounds that go on.
  if (second.insts.some((i) => i.op !== 'const' && !isMovable(i))) return null;
  const b = boundAt(second, loop, defs);
  if (!b || b.value !== a.value || STRICT[a.cond] !== STRICT[b.cond]) return null;
  if (a.outside.block !== b.outside.block || !sameArgs(a.outside, b.outside, defs)) return null;
  const [x, y] = [constantOf(a.limit, defs), constantOf(b.limit, defs)];
  if (x !== undefined && y !== undefined) return null;
  const merge = (cond: Bound['cond'], p: Value | bigint, q: Value | bigint): Merge => ({
    loop,
    first,
    second,
    cond,
    value: a.value,
    limits: [p, q],
  });
  if (a.cond === b.cond) return merge(a.cond, x ?? a.limit, y ?? b.limit);
  // value <= c is value < c + 1 unless that wraps, and the other way round: the constant's test takes the other's form.
  const cond = x === undefined ? a.cond : b.cond;
  const shift = (c: bigint): bigint | null => {
    if (cond === STRICT[cond]) return c === TOP[cond] ? null : (c + 1n) & mask(32);
    return c === BOTTOM[cond] ? null : (c - 1n) & mask(32);
  };
  if (cond !== STRICT[cond] && cond !== WEAK[cond]) return null;
  if (x !== undefined) {
    const c = shift(x);
    return c === null ? null : merge(cond, c, b.limit);
  }
  if (y === undefined) return null;
  const c = shift(y);
  return c === null ? null : merge(cond, a.limit, c);
}

/** Cheap and without effects: a round that leaves does not make it. */
const isMovable = (inst: Inst): boolean => inst.op === 'add' || inst.op === 'sub' || inst.op === 'shl';

function sameArgs(a: Edge, b: Edge, defs: ById<Value, Def>): boolean {
  return a.args.every((v, i) => {
    const w = b.args[i]!;
    if (v === w) return true;
    const c = constantOf(v, defs);
    return c !== undefined && c === constantOf(w, defs);
  });
}

/** How many blocks that dominate a loop are asked for the smaller of two values. */
const LOOK_BACK = 16;

/** A value that already is the smaller of a merge's limits: of a join behind a branch on them. */
function smallerAt({ cond, limits }: Merge, front: Block, graph: Graph, defs: ById<Value, Def>): Value | null {
  const is = (v: Value, limit: Value | bigint): boolean =>
    typeof limit === 'bigint' ? constantOf(v, defs) === limit : v === limit;
  const [p, q] = limits;
  let join: Block | undefined = front;
  for (let i = 0; i < LOOK_BACK && join; i++, join = graph.idom.get(join)) {
    const above = graph.idom.get(join);
    const into = graph.preds.get(join)!;
    if (!above || join.params.length === 0 || into.length !== 2) continue;
    const t = above.term;
    if (t.kind !== 'branch' || t.wide) continue;
    const [a, b] = t.args as [Value, Value];
    if (!(is(a, p) && is(b, q)) && !(is(a, q) && is(b, p))) continue;
    const less = t.cond === STRICT[cond] || t.cond === WEAK[cond];
    const more = NEGATED[t.cond] === STRICT[cond] || NEGATED[t.cond] === WEAK[cond];
    if (!less && !more) continue;
    /** The edge into the join on the side of the branch that `side` starts. */
    const by = (side: Edge): Edge | undefined =>
      into.find(({ from, edge }) => edge === side || (from === side.block && graph.preds.get(from)!.length === 1))
        ?.edge;
    const [small, large] = less ? [by(t.then), by(t.else)] : [by(t.else), by(t.then)];
    if (!small || !large || small === large) continue;
    const at = join.params.findIndex((_, k) => small.args[k] === a && large.args[k] === b);
    if (at >= 0) return join.params[at]!;
  }
  return null;
}

function apply(fn: Func, { first, second, cond, value, limits }: Merge, front: Block, known: Value | null): void {
  const one = first.term;
  const two = second.term;
  if (one.kind !== 'branch' || two.kind !== 'branch') return;
  const emit = (op: Inst['op'], args: Value[], more: Partial<Inst> = {}): Value => {
    const result = newValue(fn, 'i32');
    front.insts.push({ op, args, results: [result], origin: one.origin, ...more });
    return result;
  };
  const smaller = known ?? smallerOf(limits, STRICT[cond], emit);
  const inside = one.then.block === second ? one.then : one.else;
  const outside = one.then.block === second ? one.else : one.then;
  // biome-ignore lint/suspicious/noThenProperty: the field of Term
  first.term = { ...one, cond, args: [value, smaller], then: inside, else: outside };
  const on = two.then.block === outside.block ? two.else : two.then;
  second.term = { kind: 'jump', to: on, origin: two.origin };
}

function smallerOf(
  limits: Merge['limits'],
  cond: Cond,
  emit: (op: Inst['op'], args: Value[], more?: Partial<Inst>) => Value,
): Value {
  const [p, q] = limits.map((l) => (typeof l === 'bigint' ? emit('const', [], { imm: l }) : l)) as [Value, Value];
  // A constant goes second, where targets have it as an immediate.
  const [x, y] = typeof limits[0] === 'bigint' ? [q, p] : [p, q];
  return emit('select', [emit('icmp', [x, y], { cond }), x, y]);
}
