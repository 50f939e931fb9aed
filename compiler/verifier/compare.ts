// SPDX-License-Identifier: MIT
import type { Insn, JumpCond, Width } from '../bpf/program.js';
import type { Scalar } from './domain.js';
import * as domain from './domain.js';
import { type Form, isConstantForm, loneSymbol, plus, scaled } from './linear.js';
import type { State } from './state.js';
import { type Abs, formOf, sameRegion } from './value.js';
import { NEGATED } from './viewops.js';

type BranchInsn = Insn & { kind: 'branch' };

/** The state where a comparison of `a` and `b` holds (`taken`) or fails; null: that way is impossible. */
export function compareWay(state: State, insn: BranchInsn, taken: boolean, left: Abs, right: Abs): State | null {
  const [a, b] = [state.sharpen(left, true), state.sharpen(right, true)];
  if (a.kind === 'num' && b.kind === 'num') {
    if (insn.src.kind === 'reg' && insn.src.reg === insn.dst) return state.copy();
    const refined = domain.refine(insn.cond, insn.width, taken, a.s, b.s);
    return refined && related(state, insn, taken, refined, WHOLE);
  }
  const isNull = nullTest(insn, taken, a, b);
  if (isNull !== undefined && a.kind === 'ptr') {
    const out = state.copy();
    if (a.nullable > 0) out.settleNull(a.nullable, isNull);
    else if (!isNull) settleAlone(out, insn.dst, a);
    return out;
  }
  if (a.kind !== 'ptr' || b.kind !== 'ptr' || insn.width !== 64 || insn.cond === 'set') return state.copy();
  if (a.nullable !== 0 || b.nullable !== 0 || !sameRegion(a.region, b.region)) return state.copy();
  return comparePointers(state, insn, taken, a, b);
}

/** For a comparison of a pointer with 0 that tells: whether it is null there. */
function nullTest(insn: BranchInsn, taken: boolean, a: Abs, b: Abs): boolean | undefined {
  if (a.kind !== 'ptr' || a.nullable === 0) return undefined;
  if (b.kind !== 'num' || domain.asConstant(b.s) !== 0n) return undefined;
  // The pointer itself, not something computed from it: null plus 4 is not 0. Addresses have 32 bits, so half a comparison does.
  if (domain.asConstant(a.off) !== 0n) return undefined;
  if (insn.cond === 'eq') return taken;
  return insn.cond === 'ne' ? !taken : undefined;
}

function settleAlone(out: State, reg: number, a: Abs & { kind: 'ptr' }): void {
  out.regs[reg] = { ...a, nullable: 0 };
}

/**
 * Pointers into one region compare as their offsets if neither address can wrap: offsets are not negative, or, in a frame, not below the
 * frame; no object lies in the first page.
 */
function comparePointers(
  state: State,
  insn: BranchInsn,
  taken: boolean,
  a: Abs & { kind: 'ptr' },
  b: Abs & { kind: 'ptr' },
): State | null {
  const equality = insn.cond === 'eq' || insn.cond === 'ne';
  const lowest = a.region.kind === 'frame' ? -512n : 0n;
  if (!equality && !SIGNED.has(insn.cond)) {
    const inside = (p: Abs & { kind: 'ptr' }): boolean => {
      if (p.off.x.smin >= lowest) return true;
      const f = formOf(p);
      return f !== null && state.within(f, Number(lowest), Number.MAX_SAFE_INTEGER);
    };
    if (!inside(a) || !inside(b)) return state.copy();
  } else if (!equality) return state.copy();
  // As signed numbers offsets order like addresses; as unsigned ones only where none is negative.
  const ordered = { ...insn, cond: equality ? insn.cond : AS_SIGNED[insn.cond as keyof typeof AS_SIGNED] };
  const refined = domain.refine(ordered.cond, 64, taken, a.off, b.off);
  return refined && related(state, ordered, taken, refined, WHOLE);
}

const SIGNED: ReadonlySet<JumpCond> = new Set(['sgt', 'sge', 'slt', 'sle']);
const AS_SIGNED = { gt: 'sgt', ge: 'sge', lt: 'slt', le: 'sle' } as const satisfies Partial<Record<JumpCond, JumpCond>>;
const WHOLE = Number.MAX_SAFE_INTEGER;

/** The state with both operands refined and their relation added. */
function related(
  state: State,
  insn: BranchInsn,
  taken: boolean,
  refined: readonly [Scalar, Scalar],
  most: number,
): State | null {
  const out = state.copy();
  const source = insn.src.kind === 'reg' ? insn.src.reg : null;
  const f = source === null ? formOf(out.regs[insn.dst]!) : out.named(insn.dst);
  const g = source === null || source === 10 ? constantOf(refined[1]) : out.named(source);
  out.refine(insn.dst, refined[0]);
  if (source !== null) out.refine(source, refined[1]);
  if (!f || !g) return out;
  // A single symbol beside a constant is a matter of its range.
  if (isConstantForm(g) && (loneSymbol(f) !== null || isConstantForm(f))) return out;
  if (!comparable(out, insn.cond, insn.width, f, most) || !comparable(out, insn.cond, insn.width, g, most)) return out;
  return addRelation(out, taken ? insn.cond : NEGATED[insn.cond], f, g) ? out : null;
}

function constantOf(s: Scalar): Form | null {
  const c = domain.asConstant(s);
  const n = c === undefined ? Number.NaN : Number(BigInt.asIntN(64, c));
  return Number.isSafeInteger(n) ? { syms: [], coefs: [], c: n } : null;
}

/** Whether the form as a whole number is what the comparison looks at. */
function comparable(state: State, cond: JumpCond, width: Width, f: Form, most: number): boolean {
  if (width === 32)
    return SIGNED.has(cond) ? state.within(f, -(2 ** 31), 2 ** 31 - 1) : state.within(f, 0, 2 ** 32 - 1);
  if (SIGNED.has(cond)) return state.relations.exact(f);
  if (loneSymbol(f) !== null) return state.relations.atLeast(f, 0);
  return state.within(f, 0, most);
}

/** Adds what a condition says of two whole numbers; false: it never holds. */
function addRelation(state: State, cond: JumpCond | 'clear', f: Form, g: Form): boolean {
  const up = plus(g, f, -1);
  const down = up && scaled(up, -1);
  if (!up || !down) return true;
  const { relations } = state;
  const atLeast = (e: Form, n: number): boolean => {
    if (relations.boundHigh(e, n - 1) < n) return false;
    relations.addAtLeast(e, n);
    return true;
  };
  switch (cond) {
    case 'lt':
    case 'slt':
      return atLeast(up, 1);
    case 'le':
    case 'sle':
      return atLeast(up, 0);
    case 'gt':
    case 'sgt':
      return atLeast(down, 1);
    case 'ge':
    case 'sge':
      return atLeast(down, 0);
    case 'eq':
      return atLeast(up, 0) && atLeast(down, 0);
    case 'ne': {
      // Where one side is shown not to pass the other, it does not reach it either.
      if (relations.atLeast(up, 0)) return atLeast(up, 1);
      if (relations.atLeast(down, 0)) return atLeast(down, 1);
      return true;
    }
    case 'set':
    case 'clear':
      return true;
  }
}
