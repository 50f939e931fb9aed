// SPDX-License-Identifier: MIT
import type { Rule } from '../../compiler/codegen/lower.js';
import type { Selector } from '../../compiler/codegen/select.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import { constantRight, neutral, result, scaled } from './lower-alu.js';
import { invert, lowMask, negate } from './lower-constants.js';
import { rotation, rotationBy, shiftAmount } from './lower-shift.js';
import type { Selector as ThumbSelector } from './selector.js';
import { addShort, isByte, loadShort } from './short-constants.js';
import { viaLow } from './short-stack.js';

/**
 * Arithmetic with 16-bit encodings: mostly two-address, the result taking the place of the first operand. Constants are
 * operands in registers but where a rule says otherwise.
 */

export const constant: Rule = (s, inst) => {
  const r = result(inst);
  const { features } = s;
  s.emit(
    'const',
    inst.origin,
    [s.def(r), s.imm(s.constOf(r)!)],
    ([rd, v], asm) => viaLow(rd!, asm, (low) => loadShort(low, v! >>> 0, asm, features)),
    { remat: true },
  );
  return true;
};

const plain =
  (name: string): Rule =>
  (s, inst) =>
    s.plain(name, inst, s.def(result(inst)), s.use(inst.args[0]!), s.use(inst.args[1]!));

/** `name` rd, rm where rd is x before and x op y after. */
function inPlace(s: Selector, inst: Inst, name: string, x: Value, y: Value): true {
  s.emit(name, inst.origin, [s.defTied(result(inst), 1), s.use(x), s.use(y)], ([d, , m], asm) =>
    asm.inst(name, d!, d!, m!),
  );
  return true;
}

/** The same for an operation that commutes: in the place of what is not read any more, if one is. */
const commutative =
  (name: string): Rule =>
  (s, inst) => {
    const [a, b] = inst.args as [Value, Value];
    const swap = s.constOf(a) !== undefined || (s.isNeeded(a) && !s.isNeeded(b) && s.constOf(b) === undefined);
    return swap ? inPlace(s, inst, name, b, a) : inPlace(s, inst, name, a, b);
  };

/** A rotation to the right by a register. */
const rotatedBy: Rule = (s, inst) => {
  const r = rotationBy(s, inst);
  return r !== null && s.plain('rors', inst, s.defTied(result(inst), 1), s.use(r.value), s.use(r.amount));
};

/** A rotation to the right, its amount in a temporary. */
const rotated: Rule = (s, inst) => {
  const r = rotation(s, inst);
  if (!r) return false;
  s.emit(
    'ror.i',
    inst.origin,
    [s.defTied(result(inst), 1), s.use(r.value), s.temp(), s.imm(r.amount)],
    ([d, , t, n], asm) => {
      asm.inst('movs.i', t!, n!);
      asm.inst('rors', d!, d!, t!);
    },
  );
  return true;
};

function addImmediate(s: Selector, inst: Inst, x: Value, c: number): boolean {
  if (c === 0) return s.copy(inst, x);
  const r = result(inst);
  const apart = addShort(c, true);
  if (apart) return s.plain(apart.name, inst, s.def(r), s.use(x), s.imm(apart.imm));
  const here = addShort(c, false);
  if (!here) return false;
  s.emit(here.name, inst.origin, [s.defTied(r, 1), s.use(x), s.imm(here.imm)], ([d, , n], asm) =>
    asm.inst(here.name, d!, d!, n!),
  );
  return true;
}

export const ADD: readonly Rule[] = [
  (s, inst) => {
    const k = constantRight(s, inst);
    return k !== null && addImmediate(s, inst, k.x, k.c);
  },
  rotated,
  plain('adds'),
];

export const SUB: readonly Rule[] = [
  (s, inst) => {
    const c = s.constOf(inst.args[1]!);
    return c !== undefined && addImmediate(s, inst, inst.args[0]!, negate(c));
  },
  (s, inst) =>
    s.constOf(inst.args[0]!) === 0 && s.plain('rsbs.i', inst, s.def(result(inst)), s.use(inst.args[1]!), s.imm(0)),
  plain('subs'),
];

export const MUL: readonly Rule[] = [
  neutral(1),
  (s, inst) => {
    const m = scaled(s, inst);
    if (!m) return false;
    const r = result(inst);
    if (m.name === 'lsls') return s.plain('lsls.i', inst, s.def(r), s.use(m.x), s.imm(m.k));
    // (x << k) + x, or (x << k) - x.
    const name = m.name === 'adds' ? 'adds' : 'subs';
    s.emit(`mul.${name}`, inst.origin, [s.defEarly(r), s.use(m.x), s.imm(m.k)], ([d, x, k], asm) => {
      asm.inst('lsls.i', d!, x!, k!);
      asm.inst(name, d!, d!, x!);
    });
    return true;
  },
  commutative('muls'),
];

/** Two shifts by constants. */
function shiftTwice(
  s: Selector,
  inst: Inst,
  x: Value,
  first: readonly [string, number],
  then: readonly [string, number],
): true {
  const operands = [s.def(result(inst)), s.use(x), s.imm(first[1]), s.imm(then[1])];
  s.emit(`${first[0]} ${then[0]}`, inst.origin, operands, ([d, n, a, b], asm) => {
    if (a! > 0) asm.inst(first[0], d!, n!, a!);
    if (b! > 0) asm.inst(then[0], d!, a! > 0 ? d! : n!, b!);
    if (a === 0 && b === 0 && d !== n) asm.inst('mov', d!, n!);
  });
  return true;
}

/** Part of a word: bits [lsb, lsb + width), zero- or sign-extended. */
function extract(s: Selector, inst: Inst, x: Value, lsb: number, width: number, signed: boolean): true {
  if (lsb === 0 && (width === 8 || width === 16)) {
    return s.plain(`${signed ? 's' : 'u'}xt${width === 8 ? 'b' : 'h'}`, inst, s.def(result(inst)), s.use(x));
  }
  const right = signed ? 'asrs.i' : 'lsrs.i';
  return shiftTwice(s, inst, x, ['lsls.i', 32 - lsb - width], [right, 32 - width]);
}

export const AND: readonly Rule[] = [
  neutral(0xffffffff),
  // (x >> n) & (2^k - 1), logical or arithmetic as long as no copied sign bit is asked for.
  (s, inst) => {
    const c = constantRight(s, inst);
    const shift = c && s.fold(c.x, 'lshr', 'ashr');
    const width = c ? lowMask(c.c) : 0;
    const lsb = shift ? shiftAmount(s, shift) : undefined;
    if (!shift || lsb === undefined || width === 0 || lsb + width > 32) return false;
    return extract(s, inst, shift.args[0]!, lsb, width, false);
  },
  (s, inst) => {
    const c = constantRight(s, inst);
    const width = c ? lowMask(c.c) : 0;
    return width > 0 && extract(s, inst, c!.x, 0, width, false);
  },
  // Clearing the low bits.
  (s, inst) => {
    const c = constantRight(s, inst);
    const width = c ? lowMask(invert(c.c)) : 0;
    return width > 0 && shiftTwice(s, inst, c!.x, ['lsrs.i', width], ['lsls.i', width]);
  },
  (s, inst) => {
    const c = constantRight(s, inst);
    if (!c || !isByte(invert(c.c))) return false;
    const operands = [s.defTied(result(inst), 1), s.use(c.x), s.temp(), s.imm(invert(c.c))];
    s.emit('bic.i', inst.origin, operands, ([d, , t, n], asm) => {
      asm.inst('movs.i', t!, n!);
      asm.inst('bics', d!, d!, t!);
    });
    return true;
  },
  (s, inst) => {
    const [a, b] = inst.args as [Value, Value];
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const) {
      const n = s.fold(y, 'xor');
      const k = n && constantRight(s, n);
      if (k?.c === 0xffffffff) return inPlace(s, inst, 'bics', x, k.x);
    }
    return false;
  },
  commutative('ands'),
];

export const OR: readonly Rule[] = [neutral(0), rotated, rotatedBy, commutative('orrs')];

export const XOR: readonly Rule[] = [
  neutral(0),
  (s, inst) => {
    const c = constantRight(s, inst);
    return c?.c === 0xffffffff && s.plain('mvns', inst, s.def(result(inst)), s.use(c.x));
  },
  rotated,
  commutative('eors'),
];

/** Shift by a constant, alone or of a left shift (a bit field). */
const shiftByConstant =
  (name: string, signed: boolean | null): Rule =>
  (s, inst) => {
    const amount = shiftAmount(s, inst);
    if (amount === undefined) return false;
    const x = inst.args[0]!;
    if (amount === 0) return s.copy(inst, x);
    const inner = signed === null ? undefined : s.fold(x, 'shl');
    const left = inner && shiftAmount(s, inner);
    if (inner && left !== undefined && left > 0 && left <= amount) {
      return extract(s, inst, inner.args[0]!, amount - left, 32 - amount, signed!);
    }
    return s.plain(`${name}.i`, inst, s.def(result(inst)), s.use(x), s.imm(amount));
  };

/** The instructions take the low byte of the amount, the operation its low 5 bits: mask, unless a mask is there already. */
const shiftByRegister =
  (name: string): Rule =>
  (s, inst) => {
    const [x, amount] = inst.args as [Value, Value];
    const and = s.definition(amount, 'and');
    const mask = and && constantRight(s, and);
    if (mask && mask.c <= 31) return inPlace(s, inst, name, x, amount);
    const by = mask && (mask.c & 31) === 31 ? mask.x : amount;
    s.emit(name, inst.origin, [s.defTied(result(inst), 1), s.use(x), s.use(by), s.temp()], ([d, , m, t], asm) => {
      asm.inst('movs.i', t!, 31);
      asm.inst('ands', t!, t!, m!);
      asm.inst(name, d!, d!, t!);
    });
    return true;
  };

export const SHL: readonly Rule[] = [shiftByConstant('lsls', null), shiftByRegister('lsls')];
export const LSHR: readonly Rule[] = [shiftByConstant('lsrs', false), shiftByRegister('lsrs')];
export const ASHR: readonly Rule[] = [shiftByConstant('asrs', true), shiftByRegister('asrs')];

export const SEXT: readonly Rule[] = [
  (s, inst) => {
    const swap = s.fold(inst.args[0]!, 'bswap');
    return inst.bits === 16 && swap?.bits === 16 && s.plain('revsh', inst, s.def(result(inst)), s.use(swap.args[0]!));
  },
  (s, inst) => {
    const { bits } = inst;
    if (bits !== 8 && bits !== 16) throw new Error(`sext of ${bits} bits on a lane`);
    const shift = s.fold(inst.args[0]!, 'lshr', 'ashr');
    const lsb = shift && shiftAmount(s, shift);
    if (shift && lsb !== undefined && lsb + bits <= 32) return extract(s, inst, shift.args[0]!, lsb, bits, true);
    return extract(s, inst, inst.args[0]!, 0, bits, true);
  },
];

/**
 * Quotient by the divide instruction. x / 0 = 0 whatever the core's settings: the divisor is in the result's place, where it
 * stays if it is zero. INT_MIN / -1 gives INT_MIN as it should.
 */
export const divide =
  (name: 'udiv' | 'sdiv'): Rule<ThumbSelector> =>
  (s, inst) => {
    if (!s.features.v8mbase) return false;
    const [a, b] = inst.args as [Value, Value];
    if (s.isNonZero(b)) return s.plain(name, inst, s.def(result(inst)), s.use(a), s.use(b));
    s.emit(name, inst.origin, [s.defTied(result(inst), 2), s.use(a), s.use(b)], ([d, n], asm) => {
      const zero = asm.newLabel();
      asm.ref('cbz', zero, d!);
      asm.inst(name, d!, n!, d!);
      asm.bind(zero);
    });
    return true;
  };

/** Remainder: the dividend, less quotient times divisor if that is not zero. */
export const modulo =
  (name: 'udiv' | 'sdiv'): Rule<ThumbSelector> =>
  (s, inst) => {
    if (!s.features.v8mbase) return false;
    const [a, b] = inst.args as [Value, Value];
    const known = s.isNonZero(b);
    s.emit(
      `${name}.mod`,
      inst.origin,
      [s.defTied(result(inst), 1), s.use(a), s.use(b), s.temp()],
      ([d, , m, t], asm) => {
        const zero = asm.newLabel();
        if (!known) asm.ref('cbz', zero, m!);
        asm.inst(name, t!, d!, m!);
        asm.inst('muls', t!, t!, m!);
        asm.inst('subs', d!, d!, t!);
        asm.bind(zero);
      },
    );
    return true;
  };
