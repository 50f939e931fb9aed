// SPDX-License-Identifier: MIT

import type { Asm, Label } from '../../compiler/codegen/machine.js';
import type { Operand, Selector } from '../../compiler/codegen/select.js';
import { SWAPPED } from '../../compiler/ir/arith.js';
import type { Cond, Inst, Value } from '../../compiler/ir/ir.js';
import { SCRATCH } from './abi.js';
import { CONDITIONS } from './isa-names.js';
import { isPattern, negate } from './lower-constants.js';
import { shiftOf } from './lower-shift.js';

/** Condition numbers of the instruction set. Bit 0 inverts. */
export const EQ = 0;
export const NE = 1;
export const HS = 2;
export const LO = 3;
export const MI = 4;
export const PL = 5;
export const HI = 8;
export const LS = 9;
export const GE = 10;
export const LT = 11;
export const GT = 12;
export const LE = 13;

export const NUMBER = {
  eq: EQ,
  ne: NE,
  ult: LO,
  ule: LS,
  ugt: HI,
  uge: HS,
  slt: LT,
  sle: LE,
  sgt: GT,
  sge: GE,
  set: NE,
  nset: EQ,
} as const satisfies Record<Cond, number>;

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

/**
 * A comparison ready to be part of a machine instruction: its operands, what writes the flags from their registers, and
 * the condition number to test afterwards. The flags may be written with the scratch register's help.
 */
export interface Compare {
  readonly operands: readonly Operand[];
  readonly condition: number;
  readonly emit: (ops: readonly number[], asm: Asm) => void;
  /** It compares operand 0 with zero for eq or ne: cbz and cbnz do too. */
  readonly zero?: boolean;
  /** Name for listings. */
  readonly name: string;
}

/** One instruction that compares. */
const single = (name: string, condition: number, operands: readonly Operand[], zero = false): Compare => ({
  operands,
  condition,
  emit: (ops, asm) => asm.inst(name, ...ops),
  zero,
  name,
});

export const isBits = (cond: Cond): boolean => cond === 'set' || cond === 'nset';

/** Immediate form of cmp for a constant, or null. cmn sets the flags of cmp with -c but for c = 0 and c = 2^31. */
function compareImmediate(c: number): { name: string; imm: number } | null {
  if (isPattern(c)) return { name: 'cmp.i', imm: c };
  const n = negate(c);
  return c !== 0 && c !== 0x80000000 && isPattern(n) ? { name: 'cmn.i', imm: n } : null;
}

/** a `cond` b on 32-bit values. */
export function compare32(s: Selector, cond: Cond, a: Value, b: Value): Compare {
  if (s.constOf(a) !== undefined && s.constOf(b) === undefined) return compare32(s, SWAPPED[cond], b, a);
  const c = s.constOf(b);
  if (c !== undefined) {
    const found = compareConstant(s, cond, a, c);
    if (found) return found;
  }
  const name = isBits(cond) ? 'tst' : 'cmp';
  const right = shiftOf(s, b);
  if (right) return single(`${name}.${right.shift}`, NUMBER[cond], [s.use(a), s.use(right.value), s.imm(right.amount)]);
  const left = shiftOf(s, a);
  if (left) {
    const condition = NUMBER[SWAPPED[cond]];
    return single(`${name}.${left.shift}`, condition, [s.use(b), s.use(left.value), s.imm(left.amount)]);
  }
  return single(name, NUMBER[cond], [s.use(a), s.use(b)]);
}

function compareConstant(s: Selector, cond: Cond, a: Value, c: number): Compare | null {
  if (isBits(cond)) {
    if (c === 0xffffffff) return single('tst', NUMBER[cond], [s.use(a), s.use(a)]);
    if (c === 0x80000000) return single('cmp.i', cond === 'set' ? MI : PL, [s.use(a), s.imm(0)]);
    return isPattern(c) ? single('tst.i', NUMBER[cond], [s.use(a), s.imm(c)]) : null;
  }
  if (c === 0 && (cond === 'eq' || cond === 'ne')) {
    const inner = s.foldCondition(a);
    if (inner) return cond === 'ne' ? compareOf(s, inner) : not(compareOf(s, inner));
    const and = s.fold(a, 'and');
    if (and) return compare32(s, cond === 'ne' ? 'set' : 'nset', and.args[0]!, and.args[1]!);
    return single('cmp.i', NUMBER[cond], [s.use(a), s.imm(0)], true);
  }
  const direct = compareImmediate(c);
  if (direct) return single(direct.name, NUMBER[cond], [s.use(a), s.imm(direct.imm)]);
  const other = neighbour(cond, BigInt(c), 32);
  const moved = other && compareImmediate(Number(other.c));
  return moved ? single(moved.name, NUMBER[other.cond], [s.use(a), s.imm(moved.imm)]) : null;
}

/** The opposite comparison. */
export const not = (c: Compare): Compare => ({ ...c, condition: c.condition ^ 1 });

/** The comparison that an icmp or icmp64 makes. */
export function compareOf(s: Selector, inst: Inst): Compare {
  const cond = inst.cond!;
  return inst.op === 'icmp' ? compare32(s, cond, inst.args[0]!, inst.args[1]!) : compare64(s, cond, inst.args);
}

/** The comparison "v is not zero". */
export function compareNonZero(s: Selector, v: Value): Compare {
  return compareConstant(s, 'ne', v, 0)!;
}

/** A register operand or, where the instruction takes it, an immediate. */
const lane = (
  s: Selector,
  v: Value,
  name: string,
  takes: (c: number) => boolean,
): { name: string; operand: Operand } => {
  const c = s.constOf(v);
  return c !== undefined && takes(c) ? { name: `${name}.i`, operand: s.imm(c) } : { name, operand: s.use(v) };
};

/** (al, ah) `cond` (bl, bh) on lane pairs. */
export function compare64(s: Selector, cond: Cond, args: readonly Value[]): Compare {
  const [al, ah, bl, bh] = args as [Value, Value, Value, Value];
  const isConst = (v: Value): boolean => s.constOf(v) !== undefined;
  if (isConst(al) && isConst(ah) && !(isConst(bl) && isConst(bh))) {
    return compare64(s, SWAPPED[cond], [bl, bh, al, ah]);
  }
  if (isBits(cond)) return testLanes(s, cond, al, ah, bl, bh);
  if (cond === 'eq' || cond === 'ne') return equalLanes(s, cond, al, ah, bl, bh);
  return orderLanes(s, cond, al, ah, bl, bh);
}

function testLanes(s: Selector, cond: Cond, al: Value, ah: Value, bl: Value, bh: Value): Compare {
  for (const [a, b, x, y] of [
    [al, bl, ah, bh],
    [ah, bh, al, bl],
  ] as const) {
    if (s.constOf(x) === 0 || s.constOf(y) === 0) return compare32(s, cond, a, b);
  }
  return chain(s, 'tst', NUMBER[cond], al, ah, bl, bh);
}

/** Compares the low lanes, and the high ones if the low ones were equal (for tst: had no common bit). */
function chain(s: Selector, name: string, condition: number, al: Value, ah: Value, bl: Value, bh: Value): Compare {
  const low = lane(s, bl, name, isPattern);
  const high = lane(s, bh, name, isPattern);
  return {
    name: `${name}64`,
    operands: [s.use(al), low.operand, s.use(ah), high.operand],
    condition,
    emit: ([a, b, x, y], asm) => {
      asm.inst(low.name, a!, b!);
      asm.inst('it', EQ, 8);
      asm.inst(high.name, x!, y!);
    },
  };
}

function equalLanes(s: Selector, cond: 'eq' | 'ne', al: Value, ah: Value, bl: Value, bh: Value): Compare {
  const c = [s.constOf(bl), s.constOf(bh)] as const;
  if (c[0] === 0 && c[1] === 0) {
    return {
      name: 'zero64',
      operands: [s.use(al), s.use(ah)],
      condition: NUMBER[cond],
      emit: ([l, h], asm) => asm.inst('orrs', SCRATCH, l!, h!),
    };
  }
  if (s.constOf(ah) !== undefined && s.constOf(ah) === s.constOf(bh)) return compare32(s, cond, al, bl);
  // Of a number with a lane of zero: what differs in the other lane, and all of the one that has to be zero.
  for (const [zero, rest, other, x] of [
    [c[0], al, bh, ah],
    [c[1], ah, bl, al],
  ] as const) {
    if (zero !== 0) continue;
    const right = lane(s, other, 'eor', isPattern);
    return {
      name: 'equal64',
      operands: [s.use(x), right.operand, s.use(rest)],
      condition: NUMBER[cond],
      emit: ([a, b, r], asm) => {
        asm.inst(right.name, SCRATCH, a!, b!);
        asm.inst('orrs', SCRATCH, SCRATCH, r!);
      },
    };
  }
  return chain(s, 'cmp', NUMBER[cond], al, ah, bl, bh);
}

function orderLanes(s: Selector, cond: Cond, al: Value, ah: Value, bl: Value, bh: Value): Compare {
  const [cl, ch] = [s.constOf(bl), s.constOf(bh)];
  if (s.constOf(ah) !== undefined && s.constOf(ah) === ch) {
    // Equal high lanes: the low lanes decide, as unsigned numbers whatever the sign of the whole.
    return compare32(s, cond.replace('s', 'u') as Cond, al, bl);
  }
  const strict = (k: Cond): boolean => k === 'ult' || k === 'uge' || k === 'slt' || k === 'sge';
  if (cl !== undefined && ch !== undefined) {
    const c = (BigInt(ch) << 32n) | BigInt(cl);
    const form = strict(cond) ? { cond, c } : neighbour(cond, c, 64);
    if (form) {
      const [low, high] = [Number(form.c & 0xffffffffn), Number(form.c >> 32n)];
      if (low === 0) return compareHigh(s, form.cond, ah, high, ch === high ? bh : null) ?? register();
      if (compareImmediate(low) && isPattern(high)) return constantOrder(s, form.cond, al, ah, low, high);
    }
  }
  return register();

  function register(): Compare {
    // cmp and sbcs tell < from >=; the other two are those with the operands exchanged.
    return strict(cond) ? ordered(s, NUMBER[cond], al, ah, bl, bh) : ordered(s, NUMBER[SWAPPED[cond]], bl, bh, al, ah);
  }
}

/** Comparison with a constant whose low lane is zero, by one that needs no borrow: only the high lane counts. */
function compareHigh(s: Selector, cond: Cond, ah: Value, high: number, same: Value | null): Compare | null {
  const form = compareConstant(s, cond, ah, high);
  return form ?? (same ? compare32(s, cond, ah, same) : null);
}

function constantOrder(s: Selector, cond: Cond, al: Value, ah: Value, low: number, high: number): Compare {
  const first = compareImmediate(low)!;
  return {
    name: 'cmp64.i',
    operands: [s.use(al), s.imm(first.imm), s.use(ah), s.imm(high)],
    condition: NUMBER[cond],
    emit: ([l, c, h, d], asm) => {
      asm.inst(first.name, l!, c!);
      asm.inst('sbcs.i', SCRATCH, h!, d!);
    },
  };
}

function ordered(s: Selector, condition: number, al: Value, ah: Value, bl: Value, bh: Value): Compare {
  const low = lane(s, bl, 'cmp', isPattern);
  const high = lane(s, bh, 'sbcs', isPattern);
  return {
    name: 'cmp64',
    operands: [s.use(al), low.operand, s.use(ah), high.operand],
    condition,
    emit: ([a, b, x, y], asm) => {
      asm.inst(low.name, a!, b!);
      asm.inst(high.name, SCRATCH, x!, y!);
    },
  };
}

/** Jumps to `label` if the comparison holds. */
export function jumpIf(c: Compare, ops: readonly number[], label: Label, asm: Asm): void {
  const compareAndBranch = (to: Asm): void => {
    c.emit(ops, to);
    to.ref(`b${CONDITIONS[c.condition]!}`, label);
  };
  if (c.zero && ops[0]! < 8) {
    const name = c.condition === EQ ? 'cbz' : 'cbnz';
    asm.either((near) => near.ref(name, label, ops[0]!), compareAndBranch);
  } else compareAndBranch(asm);
}

/** IT instruction for up to four instructions; `then[i]`: instruction i runs if the condition holds, else if it does not. */
export function itBlock(condition: number, then: readonly boolean[], asm: Asm): void {
  let mask = 1 << (4 - then.length);
  for (let i = 1; i < then.length; i++) mask |= ((condition & 1) ^ (then[i] ? 0 : 1)) << (4 - i);
  if (!then[0]) throw new Error('the first instruction of an IT block runs if its condition holds');
  asm.inst('it', condition, mask);
}

/** rd = 1 if the comparison holds, else 0. */
export function materialise(c: Compare, rd: number, ops: readonly number[], asm: Asm): void {
  if (c.zero && c.condition === EQ) {
    asm.inst('clz', rd, ops[0]!);
    asm.inst('lsrs.i', rd, rd, 5);
    return;
  }
  c.emit(ops, asm);
  if (rd < 8 && (c.condition === LO || c.condition === HS)) {
    // rd - rd - (not carry) is 0 or -1.
    asm.inst('sbcs', rd, rd, rd);
    if (c.condition === LO) asm.inst('rsbs.i', rd, rd, 0);
    else asm.inst('adds.i', rd, rd, 1);
    return;
  }
  itBlock(c.condition, [true, false], asm);
  asm.inst('mov.i.it', rd, 1);
  asm.inst('mov.i.it', rd, 0);
}
