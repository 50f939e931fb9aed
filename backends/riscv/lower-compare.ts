// SPDX-License-Identifier: MIT

import type { Asm, Label } from '../../compiler/codegen/machine.js';
import type { Operand } from '../../compiler/codegen/select.js';
import { SWAPPED } from '../../compiler/ir/arith.js';
import type { Cond, Inst, Origin, Value } from '../../compiler/ir/ir.js';
import { ZERO } from './abi.js';
import type { Branch } from './isa-names.js';
import { constantBytes, field, isImmediate, isShort, negate, powerOfTwo } from './lower-constants.js';
import type { RiscvSelector as Selector } from './lower-select.js';

/** Where a comparison is needed: the instructions that prepare it belong there. */
type At = { readonly origin: Origin };

/** One branch: taken, the comparison is decided. Registers are indexes of the comparison's operands. */
interface Step {
  readonly name: Branch;
  readonly a: number;
  readonly b: number;
  /** The outcome if it is taken. */
  readonly holds: boolean;
}

/**
 * A comparison ready to be part of a machine instruction: its operands and the branches that decide it, in order. If none is
 * taken, the outcome is the opposite of the last one's.
 */
export interface Compare {
  readonly operands: readonly Operand[];
  readonly steps: readonly Step[];
}

const OPPOSITE = {
  beq: 'bne',
  bne: 'beq',
  blt: 'bge',
  bge: 'blt',
  bltu: 'bgeu',
  bgeu: 'bltu',
} as const satisfies Record<Branch, Branch>;

/** Branch for a condition on registers; `swap`: with the operands exchanged. */
const BRANCH = {
  eq: { name: 'beq', swap: false },
  ne: { name: 'bne', swap: false },
  ult: { name: 'bltu', swap: false },
  ule: { name: 'bgeu', swap: true },
  ugt: { name: 'bltu', swap: true },
  uge: { name: 'bgeu', swap: false },
  slt: { name: 'blt', swap: false },
  sle: { name: 'bge', swap: true },
  sgt: { name: 'blt', swap: true },
  sge: { name: 'bge', swap: false },
} as const satisfies Record<Exclude<Cond, 'set' | 'nset'>, { name: Branch; swap: boolean }>;

/** x `cond` c is x `to` (c + step), unless c is `not`. Constants as unsigned 32- or 64-bit numbers. */
const NEIGHBOUR: Partial<Record<Cond, { to: Cond; step: 1n | -1n; not: 'zero' | 'umax' | 'smin' | 'smax' }>> = {
  ult: { to: 'ule', step: -1n, not: 'zero' },
  ule: { to: 'ult', step: 1n, not: 'umax' },
  ugt: { to: 'uge', step: 1n, not: 'umax' },
  uge: { to: 'ugt', step: -1n, not: 'zero' },
  slt: { to: 'sle', step: -1n, not: 'smin' },
  sle: { to: 'slt', step: 1n, not: 'smax' },
  sgt: { to: 'sge', step: 1n, not: 'smax' },
  sge: { to: 'sgt', step: -1n, not: 'smin' },
};

/** The other form of a comparison with a constant of `width` bits, or null where it would wrap. */
export function neighbour(cond: Cond, c: bigint, width: 32 | 64): { cond: Cond; c: bigint } | null {
  const n = NEIGHBOUR[cond];
  if (!n) return null;
  const umax = (1n << BigInt(width)) - 1n;
  const edge = { zero: 0n, umax, smin: (umax + 1n) / 2n, smax: umax / 2n }[n.not];
  return c === edge ? null : { cond: n.to, c: BigInt.asUintN(width, c + n.step) };
}

/** A comparison by one branch. */
function single(name: Branch, a: Operand, b: Operand): Compare {
  return { operands: [a, b], steps: [{ name, a: 0, b: 1, holds: true }] };
}

/** a `cond` b on registers. */
function registers(cond: Cond, a: Operand, b: Operand): Compare {
  if (cond === 'set' || cond === 'nset') throw new Error('bits are tested after an and');
  const { name, swap } = BRANCH[cond];
  return swap ? single(name, b, a) : single(name, a, b);
}

/** The opposite comparison. */
export const not = (c: Compare): Compare => ({ ...c, steps: c.steps.map((s) => ({ ...s, holds: !s.holds })) });

/** The same comparison, its last branch one that is taken for the outcome `holds`. */
function ending(c: Compare, holds: boolean): readonly Step[] {
  const last = c.steps.at(-1)!;
  if (last.holds === holds) return c.steps;
  return [...c.steps.slice(0, -1), { ...last, name: OPPOSITE[last.name], holds }];
}

/** Either of two comparisons. */
function either(x: Compare, y: Compare): Compare {
  const n = x.operands.length;
  const firsts = ending(x, true);
  if (firsts.some((s) => !s.holds)) throw new Error('the first of two comparisons must be one branch');
  return {
    operands: [...x.operands, ...y.operands],
    steps: [...firsts, ...y.steps.map((s) => ({ ...s, a: s.a + n, b: s.b + n }))],
  };
}

/** a `cond` b on 32-bit values. */
export function compare32(s: Selector, at: At, cond: Cond, a: Value, b: Value): Compare {
  if (s.constOf(a) !== undefined && s.constOf(b) === undefined) return compare32(s, at, SWAPPED[cond], b, a);
  if (cond === 'set' || cond === 'nset') {
    const c = testBits(s, at, a, b);
    return cond === 'set' ? c : not(c);
  }
  const c = s.constOf(b);
  const found = c === undefined ? null : compareConstant(s, at, cond, a, c, b);
  return found ?? registers(cond, s.use(a), s.use(b));
}

/** (a & b) != 0. */
function testBits(s: Selector, at: At, a: Value, b: Value): Compare {
  const c = s.constOf(b);
  const nonZero = (v: Operand): Compare => single('bne', v, s.imm(ZERO));
  if (c === 0xffffffff || a.id === b.id) return nonZero(s.use(a));
  if (c === undefined || c === 0) return nonZero(s.value('and', at, s.use(a), s.use(b)));
  if (c === 0x80000000) return single('blt', s.use(a), s.imm(ZERO));
  if (isImmediate(c)) return nonZero(s.value('andi', at, s.use(a), s.imm(c | 0)));
  const bit = powerOfTwo(c);
  if (bit >= 0) return single('blt', s.value('slli', at, s.use(a), s.imm(31 - bit)), s.imm(ZERO));
  const f = field(c);
  if (!f) return nonZero(s.value('and', at, s.use(a), s.use(b)));
  const top = f.lsb + f.width;
  const up = top === 32 ? s.use(a) : s.value('slli', at, s.use(a), s.imm(32 - top));
  return nonZero(f.lsb === 0 ? up : s.value('srli', at, up, s.imm(32 - f.width)));
}

/** Against a constant, `reg` being its value, if there is something better than loading it; else null. */
function compareConstant(s: Selector, at: At, cond: Cond, a: Value, c: number, reg: Value): Compare | null {
  if (c === 0) return compareZero(s, at, cond, a);
  const zero = s.imm(ZERO);
  if (cond === 'eq' || cond === 'ne') {
    // A difference takes 2 bytes more than a small constant has, and saves that in its branch.
    if (!s.isOnly(reg) || !isImmediate(negate(c)) || (isShort(c) && !s.diesAt(a))) return null;
    return registers(cond, s.value('addi', at, s.use(a), s.imm(-c | 0)), zero);
  }
  const other = neighbour(cond, BigInt(c), 32);
  const forms = [{ cond, c }, ...(other ? [{ cond: other.cond, c: Number(other.c) }] : [])];
  for (const f of forms) {
    if (f.c === 0) return compareZero(s, at, f.cond, a);
    if (f.c === 0x80000000 && f.cond === 'ult') return single('bge', s.use(a), zero);
    if (f.c === 0x80000000 && f.cond === 'uge') return single('blt', s.use(a), zero);
  }
  if (!s.isOnly(reg)) return null;
  for (const f of forms) {
    const k = powerOfTwo(f.c);
    if (k < 5 || (f.cond !== 'ult' && f.cond !== 'uge')) continue;
    return registers(f.cond === 'ult' ? 'eq' : 'ne', s.value('srli', at, s.use(a), s.imm(k)), zero);
  }
  const better = forms.find((f) => constantBytes(f.c) < constantBytes(c));
  return better ? registers(better.cond, s.use(a), s.constant(better.c, at)) : null;
}

function compareZero(s: Selector, at: At, cond: Cond, a: Value): Compare {
  if (cond === 'eq' || cond === 'ne' || cond === 'ugt' || cond === 'ule') {
    const holds = cond === 'ne' || cond === 'ugt';
    const c = nonZero(s, at, a);
    return holds ? c : not(c);
  }
  return registers(cond, s.use(a), s.imm(ZERO));
}

function nonZero(s: Selector, at: At, a: Value): Compare {
  const inner = s.foldCondition(a);
  if (inner) return compareOf(s, at, inner);
  const and = s.fold(a, 'and');
  if (and) return compare32(s, at, 'set', and.args[0]!, and.args[1]!);
  return single('bne', s.use(a), s.imm(ZERO));
}

/** The comparison that an icmp or icmp64 makes. */
export function compareOf(s: Selector, at: At, inst: Inst): Compare {
  const cond = inst.cond!;
  return inst.op === 'icmp' ? compare32(s, at, cond, inst.args[0]!, inst.args[1]!) : compare64(s, at, cond, inst.args);
}

/** The comparison "v is not zero". */
export const compareNonZero = (s: Selector, at: At, v: Value): Compare => nonZero(s, at, v);

/** (al, ah) `cond` (bl, bh) on lane pairs. */
export function compare64(s: Selector, at: At, cond: Cond, args: readonly Value[]): Compare {
  const [al, ah, bl, bh] = args as [Value, Value, Value, Value];
  const isConst = (v: Value): boolean => s.constOf(v) !== undefined;
  if (isConst(al) && isConst(ah) && !(isConst(bl) && isConst(bh))) {
    return compare64(s, at, SWAPPED[cond], [bl, bh, al, ah]);
  }
  switch (cond) {
    case 'eq':
      return not(differ(s, at, al, ah, bl, bh));
    case 'ne':
      return differ(s, at, al, ah, bl, bh);
    case 'set':
      return testLanes(s, at, al, ah, bl, bh);
    case 'nset':
      return not(testLanes(s, at, al, ah, bl, bh));
    default:
      return orderLanes(s, at, cond, al, ah, bl, bh);
  }
}

const same = (s: Selector, a: Value, b: Value): boolean =>
  a.id === b.id || (s.constOf(a) !== undefined && s.constOf(a) === s.constOf(b));

function differ(s: Selector, at: At, al: Value, ah: Value, bl: Value, bh: Value): Compare {
  if (same(s, ah, bh)) return compare32(s, at, 'ne', al, bl);
  if (same(s, al, bl)) return compare32(s, at, 'ne', ah, bh);
  if (s.constOf(bl) === 0 && s.constOf(bh) === 0) {
    return single('bne', s.value('or', at, s.use(al), s.use(ah)), s.imm(ZERO));
  }
  return either(compare32(s, at, 'ne', al, bl), compare32(s, at, 'ne', ah, bh));
}

function testLanes(s: Selector, at: At, al: Value, ah: Value, bl: Value, bh: Value): Compare {
  const none = (x: Value, y: Value): boolean => s.constOf(x) === 0 || s.constOf(y) === 0;
  if (none(ah, bh)) return compare32(s, at, 'set', al, bl);
  if (none(al, bl)) return compare32(s, at, 'set', ah, bh);
  return either(compare32(s, at, 'set', al, bl), compare32(s, at, 'set', ah, bh));
}

function orderLanes(s: Selector, at: At, cond: Cond, al: Value, ah: Value, bl: Value, bh: Value): Compare {
  const [cl, ch] = [s.constOf(bl), s.constOf(bh)];
  // Equal high lanes: the low lanes decide, as unsigned numbers whatever the sign of the whole.
  if (same(s, ah, bh)) return compare32(s, at, cond.replace('s', 'u') as Cond, al, bl);
  const strict = cond === 'ult' || cond === 'uge' || cond === 'slt' || cond === 'sge';
  if (cl !== undefined && ch !== undefined) {
    const c = (BigInt(ch) << 32n) | BigInt(cl);
    const form = strict ? { cond, c } : neighbour(cond, c, 64);
    if (form && (form.c & 0xffffffffn) === 0n) {
      // Compared with a multiple of 2^32 only the high lane counts.
      const high = Number(form.c >> 32n);
      return (
        compareConstant(s, at, form.cond, ah, high, bh) ??
        registers(form.cond, s.use(ah), high === ch ? s.use(bh) : s.constant(high, at))
      );
    }
  }
  const less = cond === 'ult' || cond === 'slt' || cond === 'uge' || cond === 'sge';
  const sign = cond.startsWith('s');
  const c = less ? below(s, at, sign, al, ah, bl, bh) : below(s, at, sign, bl, bh, al, ah);
  return cond === 'ult' || cond === 'slt' || cond === 'ugt' || cond === 'sgt' ? c : not(c);
}

/** (al, ah) < (bl, bh): by the high lanes if they differ, else by the low ones. */
function below(s: Selector, at: At, sign: boolean, al: Value, ah: Value, bl: Value, bh: Value): Compare {
  const [zeroA, zeroB] = [s.constOf(ah) === 0, s.constOf(bh) === 0];
  const low = compare32(s, at, 'ult', al, bl);
  const [x, y] = [s.use(ah), s.use(bh)];
  // As unsigned numbers, zero is below whatever differs from it.
  if (!sign && zeroA) return either(single('bne', y, s.imm(ZERO)), low);
  const steps: Step[] = [{ name: 'bne', a: 0, b: 1, holds: false }];
  if (sign || !zeroB) steps.unshift({ name: sign ? 'blt' : 'bltu', a: 0, b: 1, holds: true });
  return {
    operands: [x, y, ...low.operands],
    steps: [...steps, ...low.steps.map((t) => ({ ...t, a: t.a + 2, b: t.b + 2 }))],
  };
}

/** Jumps to `label` if the comparison's outcome is `holds`, else falls through. */
export function jumpIf(c: Compare, holds: boolean, ops: readonly number[], label: Label, asm: Asm): void {
  const steps = ending(c, holds);
  const skip = steps.some((s) => s.holds !== holds) ? asm.newLabel() : null;
  for (const s of steps) asm.ref(s.name, s.holds === holds ? label : skip!, ops[s.a]!, ops[s.b]!);
  if (skip !== null) asm.bind(skip);
}

/** Name for listings. */
export const nameOf = (c: Compare): string => c.steps.map((s) => s.name).join('.');
