// SPDX-License-Identifier: MIT
import { ById, makers, removeUnreachable } from '../ir/analysis.js';
import { NEGATED } from '../ir/arith.js';
import {
  type Block,
  type Cond,
  type Edge,
  edges,
  type Func,
  type Inst,
  type Module,
  newValue,
  OPS,
  type Term,
  type Value,
} from '../ir/ir.js';
import { type Pass, pass } from './pass.js';

type Branch = Term & { kind: 'branch' };

/** A branch whose two ways meet at once: what each way computes, and what it brings to the block where they meet. */
interface Meeting {
  readonly branch: Branch;
  readonly insts: readonly Inst[];
  readonly to: Block;
  readonly ways: readonly [readonly Value[], readonly Value[]];
}

/** What makes a value out of a branch: null if the branch should stay. */
type Choice = (m: Meeting, constantOf: (v: Value) => bigint | undefined) => boolean;

/**
 * Takes: any stage. Gives: branches that only make a 1 or a 0 as the value of their comparison. The ways compute nothing.
 */
export const makeTruths: Pass = converter('truths', (m, constantOf) => {
  if (m.insts.some((i) => i.op !== 'const')) return false;
  const different = m.ways[0].flatMap((x, i) => (x === m.ways[1][i] ? [] : [[x, m.ways[1][i]!] as const]));
  return different.length === 1 && different.every(([x, y]) => isTruth(constantOf(x), constantOf(y)));
});

const isTruth = (x: bigint | undefined, y: bigint | undefined): boolean =>
  (x === 1n && y === 0n) || (x === 0n && y === 1n);

/** Instructions that both ways together may compute where one of them was taken before, and values they may choose. */
const COMPUTED = 1;
const CHOSEN = 1;

/**
 * For cores with conditional moves. Takes: a guarded module. Gives: short branches that meet again as selects, with what the
 * ways compute, which is pure and total, done on both.
 */
export const ifConvert: Pass = converter('ifconvert', (m) => {
  if (m.branch.wide) return false;
  const computed = m.insts.filter((i) => i.op !== 'const');
  const chosen = m.ways[0].filter((x, i) => x !== m.ways[1][i]).length;
  return computed.length <= COMPUTED && chosen <= CHOSEN && computed.every((i) => CHEAP.has(i.op));
});

const CHEAP: ReadonlySet<Inst['op']> = new Set(['add', 'sub', 'and', 'or', 'xor', 'shl', 'lshr', 'ashr', 'sext']);

function converter(name: string, chooses: Choice): Pass {
  return pass(name, (module: Module) => {
    let changed = false;
    for (const fn of module.funcs) changed = convertIn(fn, chooses) || changed;
    return changed;
  });
}

function convertIn(fn: Func, chooses: Choice): boolean {
  removeUnreachable(fn);
  const into = new ById<Block, number>();
  for (const b of fn.blocks) for (const e of edges(b.term)) into.set(e.block, (into.get(e.block) ?? 0) + 1);
  const made = makers(fn);
  const constantOf = (v: Value): bigint | undefined => {
    const inst = made.get(v);
    return inst?.op === 'const' ? inst.imm : undefined;
  };
  let changed = false;
  // Backwards, so that what meets inside a way has become part of it.
  for (const block of [...fn.blocks].reverse()) {
    const m = meetingOf(block, (b) => into.get(b)! === 1);
    if (!m || !chooses(m, constantOf)) continue;
    changed = true;
    convert(fn, block, m, constantOf);
    into.set(m.to, into.get(m.to)! - 1);
  }
  removeUnreachable(fn);
  return changed;
}

/** Where a way leads, if it does nothing but compute on the way. */
function wayOf(edge: Edge, alone: (b: Block) => boolean): { through: Block | null; insts: Inst[]; edge: Edge } {
  const { block } = edge;
  const pure = block.insts.every((i) => OPS[i.op].effect === 'pure');
  if (!alone(block) || block.term.kind !== 'jump' || block.params.length > 0 || !pure) {
    return { through: null, insts: [], edge };
  }
  return { through: block, insts: block.insts, edge: block.term.to };
}

function meetingOf(block: Block, alone: (b: Block) => boolean): Meeting | null {
  const t = block.term;
  if (t.kind !== 'branch') return null;
  const [a, b] = [wayOf(t.then, alone), wayOf(t.else, alone)];
  const met =
    a.edge.block === b.edge.block
      ? [a, b]
      : a.edge.block === t.else.block
        ? [a, { through: null, insts: [], edge: t.else }]
        : b.edge.block === t.then.block
          ? [{ through: null, insts: [], edge: t.then }, b]
          : null;
  if (!met) return null;
  const [x, y] = met as [typeof a, typeof b];
  if (x.edge.block === block) return null;
  return { branch: t, insts: [...x.insts, ...y.insts], to: x.edge.block, ways: [x.edge.args, y.edge.args] };
}

function convert(fn: Func, block: Block, m: Meeting, constantOf: (v: Value) => bigint | undefined): void {
  const { branch } = m;
  const { origin } = branch;
  block.insts.push(...m.insts);
  const one = (op: Inst['op'], args: Value[], more: Partial<Inst>): Value => {
    const v = newValue(fn, op === 'select' ? args[1]!.ty : 'i32');
    block.insts.push({ op, args, results: [v], origin, ...more });
    return v;
  };
  const test = (cond: Cond): Value => one(branch.wide ? 'icmp64' : 'icmp', [...branch.args], { cond });
  const args = m.ways[0].map((x, i) => {
    const y = m.ways[1][i]!;
    if (x === y) return x;
    if (x.ty === 'i32' && isTruth(constantOf(x), constantOf(y))) {
      return test(constantOf(x) === 1n ? branch.cond : NEGATED[branch.cond]);
    }
    return one('select', [test(branch.cond), x, y], {});
  });
  block.term = { kind: 'jump', to: { block: m.to, args }, origin };
}
