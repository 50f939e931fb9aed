// SPDX-License-Identifier: MIT
import type { Asm, Label } from '../../compiler/codegen/machine.js';
import type { Operand, Selector } from '../../compiler/codegen/select.js';
import { SWAPPED } from '../../compiler/ir/arith.js';
import type { Cond, Inst, Value } from '../../compiler/ir/ir.js';
import { type Compare, EQ, HS, isBits, type LO, MI, NE, NUMBER, neighbour, not, PL } from './lower-compare.js';
import { lowMask, negate, powerOfTwo } from './lower-constants.js';
import { farJump, isByte, jumpIfShort } from './short-constants.js';

/**
 * Comparisons with 16-bit encodings. What has to be computed first goes to temporaries; a chain of two comparisons jumps over
 * the second one if the first has decided.
 */

const single = (name: string, condition: number, operands: readonly Operand[], zero = false): Compare => ({
  operands,
  condition,
  emit: (ops, asm) => asm.inst(name, ...ops),
  zero,
  name,
});

/** The flags of x shifted by a constant: of the bits that are left. */
const shifted = (s: Selector, name: 'lsls.i' | 'lsrs.i', x: Value, amount: number, condition: number): Compare => ({
  operands: [s.temp(), s.use(x), s.imm(amount)],
  condition,
  emit: ([t, a, n], asm) => asm.inst(name, t!, a!, n!),
  name: `shift.${name}`,
});

/** a `cond` b on 32-bit values. */
export function compareShort(s: Selector, cond: Cond, a: Value, b: Value): Compare {
  if (s.constOf(a) !== undefined && s.constOf(b) === undefined) return compareShort(s, SWAPPED[cond], b, a);
  const c = s.constOf(b);
  const found = c === undefined ? null : withConstant(s, cond, a, c);
  return found ?? single(isBits(cond) ? 'tst' : 'cmp', NUMBER[cond], [s.use(a), s.use(b)]);
}

function withConstant(s: Selector, cond: Cond, a: Value, c: number): Compare | null {
  if (isBits(cond)) return testConstant(s, cond, a, c);
  if (c === 0 && (cond === 'eq' || cond === 'ne')) {
    const inner = s.foldCondition(a);
    if (inner) return cond === 'ne' ? compareOfShort(s, inner) : not(compareOfShort(s, inner));
    const and = s.fold(a, 'and');
    if (and) return compareShort(s, cond === 'ne' ? 'set' : 'nset', and.args[0]!, and.args[1]!);
    return single('cmp.i', NUMBER[cond], [s.use(a), s.imm(0)], true);
  }
  const other = neighbour(cond, BigInt(c), 32);
  const forms = [{ cond, c }, ...(other ? [{ cond: other.cond, c: Number(other.c) }] : [])];
  for (const f of forms) if (isByte(f.c)) return single('cmp.i', NUMBER[f.cond], [s.use(a), s.imm(f.c)]);
  // x < 2^k if nothing is left of x >> k.
  for (const f of forms) {
    const k = powerOfTwo(f.c);
    if (k > 0 && f.cond === 'ult') return shifted(s, 'lsrs.i', a, k, EQ);
    if (k > 0 && f.cond === 'uge') return shifted(s, 'lsrs.i', a, k, NE);
  }
  // cmn sets the flags of cmp with -c, but for c = 0 and c = 2^31.
  for (const f of forms) if (isByte(negate(f.c))) return negative(s, NUMBER[f.cond], a, negate(f.c));
  return null;
}

const negative = (s: Selector, condition: number, a: Value, n: number): Compare => ({
  operands: [s.temp(), s.use(a), s.imm(n)],
  condition,
  emit: ([t, x, c], asm) => {
    asm.inst('movs.i', t!, c!);
    asm.inst('cmn', x!, t!);
  },
  name: 'cmn.i',
});

/** A mask of one bit, of low or of high ones: a shift leaves just these bits. */
function testConstant(s: Selector, cond: Cond, a: Value, c: number): Compare | null {
  const condition = NUMBER[cond];
  if (c === 0xffffffff) return single('tst', condition, [s.use(a), s.use(a)]);
  const bit = powerOfTwo(c);
  const sign = cond === 'set' ? MI : PL;
  if (bit === 31) return single('tst', sign, [s.use(a), s.use(a)]);
  if (bit >= 0) return shifted(s, 'lsls.i', a, 31 - bit, sign);
  const low = lowMask(c);
  if (low > 0) return shifted(s, 'lsls.i', a, 32 - low, condition);
  const high = lowMask(~c >>> 0);
  return high > 0 ? shifted(s, 'lsrs.i', a, high, condition) : null;
}

/** The comparison that an icmp or icmp64 makes. */
export function compareOfShort(s: Selector, inst: Inst): Compare {
  const cond = inst.cond!;
  return inst.op === 'icmp' ? compareShort(s, cond, inst.args[0]!, inst.args[1]!) : compareShort64(s, cond, inst.args);
}

/** The comparison "v is not zero". */
export const nonZeroShort = (s: Selector, v: Value): Compare => withConstant(s, 'ne', v, 0)!;

/** (al, ah) `cond` (bl, bh) on lane pairs. */
export function compareShort64(s: Selector, cond: Cond, args: readonly Value[]): Compare {
  const [al, ah, bl, bh] = args as [Value, Value, Value, Value];
  const known = (v: Value): boolean => s.constOf(v) !== undefined;
  if (known(al) && known(ah) && !(known(bl) && known(bh))) return compareShort64(s, SWAPPED[cond], [bl, bh, al, ah]);
  const same = known(ah) && s.constOf(ah) === s.constOf(bh);
  if (isBits(cond)) {
    for (const [a, b, x, y] of [
      [al, bl, ah, bh],
      [ah, bh, al, bl],
    ] as const)
      if (s.constOf(x) === 0 || s.constOf(y) === 0) return compareShort(s, cond, a, b);
    return chain(s, cond, al, ah, bl, bh);
  }
  if (cond === 'eq' || cond === 'ne') {
    if (same) return compareShort(s, cond, al, bl);
    return s.constOf(bl) === 0 && s.constOf(bh) === 0 ? zeroLanes(s, cond, al, ah) : chain(s, cond, al, ah, bl, bh);
  }
  // Equal high lanes: the low lanes decide, as unsigned numbers whatever the sign of the whole.
  if (same) return compareShort(s, cond.replace('s', 'u') as Cond, al, bl);
  return orderLanes(s, cond, [al, ah], [bl, bh]);
}

const zeroLanes = (s: Selector, cond: Cond, l: Value, h: Value): Compare => ({
  name: 'zero64',
  operands: [s.temp(), s.use(l), s.use(h)],
  condition: NUMBER[cond],
  emit: ([t, a, b], asm) => {
    asm.inst('mov', t!, a!);
    asm.inst('orrs', t!, t!, b!);
  },
});

/** Compares the low lanes, and the high ones if the low ones were equal (for tst: had no common bit). */
function chain(s: Selector, cond: Cond, al: Value, ah: Value, bl: Value, bh: Value): Compare {
  const name = isBits(cond) ? 'tst' : 'cmp';
  const lane = (v: Value): { name: string; operand: Operand } => {
    const c = s.constOf(v);
    return name === 'cmp' && c !== undefined && isByte(c)
      ? { name: 'cmp.i', operand: s.imm(c) }
      : { name, operand: s.use(v) };
  };
  const low = lane(bl);
  const high = lane(bh);
  return {
    name: `${name}64`,
    operands: [s.use(al), low.operand, s.use(ah), high.operand],
    condition: NUMBER[cond],
    emit: ([a, b, x, y], asm) => {
      const decided = asm.newLabel();
      asm.inst(low.name, a!, b!);
      asm.ref('bne', decided);
      asm.inst(high.name, x!, y!);
      asm.bind(decided);
    },
  };
}

type Pair = readonly [low: Value, high: Value];

function orderLanes(s: Selector, cond: Cond, a: Pair, b: Pair): Compare {
  const [cl, ch] = b.map((v) => s.constOf(v));
  const strict = (k: Cond): boolean => k === 'ult' || k === 'uge' || k === 'slt' || k === 'sge';
  if (cl !== undefined && ch !== undefined) {
    const c = (BigInt(ch) << 32n) | BigInt(cl);
    const other = neighbour(cond, c, 64);
    const forms = [{ cond, c }, ...(other ? [other] : [])];
    for (const f of forms) {
      const [low, high] = [Number(f.c & 0xffffffffn), Number(f.c >> 32n)];
      // A low lane of zero borrows nothing: the high lane decides.
      if (strict(f.cond) && low === 0) {
        const found = withConstant(s, f.cond, a[1], high) ?? (high === ch ? compareShort(s, f.cond, a[1], b[1]) : null);
        if (found) return found;
      }
    }
    // Taken the other way round, both constants go through one temporary.
    for (const f of forms) {
      const [low, high] = [Number(f.c & 0xffffffffn), Number(f.c >> 32n)];
      if (!strict(f.cond) && isByte(low) && isByte(high))
        return constantOrder(s, NUMBER[SWAPPED[f.cond]], low, high, a);
    }
  }
  // cmp and sbcs tell < from >=; the other two are those with the operands exchanged.
  return strict(cond) ? ordered(s, NUMBER[cond], a, b) : ordered(s, NUMBER[SWAPPED[cond]], b, a);
}

/** Flags of the constant (low, high) - x. */
const constantOrder = (s: Selector, condition: number, low: number, high: number, x: Pair): Compare => ({
  name: 'cmp64.i',
  operands: [s.temp(), s.use(x[0]), s.use(x[1]), s.imm(low), s.imm(high)],
  condition,
  emit: ([t, l, h, c, d], asm) => {
    asm.inst('movs.i', t!, c!);
    asm.inst('cmp', t!, l!);
    // movs leaves the carry alone.
    asm.inst('movs.i', t!, d!);
    asm.inst('sbcs', t!, t!, h!);
  },
});

/** Flags of x - y. */
function ordered(s: Selector, condition: number, x: Pair, y: Pair): Compare {
  const byte = (v: Value): number | undefined => {
    const c = s.constOf(v);
    return c !== undefined && isByte(c) ? c : undefined;
  };
  const [xh, yl, yh] = [byte(x[1]), byte(y[0]), byte(y[1])];
  return {
    name: 'cmp64',
    operands: [
      s.temp(),
      s.use(x[0]),
      yl === undefined ? s.use(y[0]) : s.imm(yl),
      xh === undefined ? s.use(x[1]) : s.imm(xh),
      yh === undefined ? s.use(y[1]) : s.temp(),
    ],
    condition,
    emit: ([t, a, b, h, k], asm) => {
      asm.inst(yl === undefined ? 'cmp' : 'cmp.i', a!, b!);
      // Neither mov nor movs touches the carry.
      asm.inst(xh === undefined ? 'mov' : 'movs.i', t!, h!);
      if (yh !== undefined) asm.inst('movs.i', k!, yh);
      asm.inst('sbcs', t!, t!, k!);
    },
  };
}

/** Jumps to `label` if the comparison holds. `leaves`: the label is a trap. */
export function branchShort(
  s: Pick<Selector, 'features'>,
  c: Compare,
  ops: readonly number[],
  label: Label,
  leaves: boolean,
  asm: Asm,
): void {
  if (c.zero && s.features.v8mbase) {
    const [name, opposite] = c.condition === EQ ? ['cbz', 'cbnz'] : ['cbnz', 'cbz'];
    const over = asm.newLabel();
    asm.either(
      (near) => near.ref(name!, label, ops[0]!),
      (far) => {
        far.ref(opposite!, over, ops[0]!);
        far.ref(farJump(far, leaves), label);
      },
    );
    asm.bind(over);
    return;
  }
  c.emit(ops, asm);
  jumpIfShort(c.condition, label, leaves, asm);
}

/** rd = carry, or 1 - carry: no operand of the comparison is needed any more. */
export function fromCarry(condition: typeof HS | typeof LO, rd: number, asm: Asm): void {
  if (condition === HS) {
    asm.inst('movs.i', rd, 0);
    asm.inst('adcs', rd, rd, rd);
  } else {
    asm.inst('sbcs', rd, rd, rd);
    asm.inst('rsbs.i', rd, rd, 0);
  }
}
