// SPDX-License-Identifier: MIT
import type { Rule } from '../../compiler/codegen/lower.js';
import type { Operand, Selector } from '../../compiler/codegen/select.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import { SCRATCH } from './abi.js';
import { addConstant, invert, isPattern, loadConstant, lowMask, negate, powerOfTwo } from './lower-constants.js';
import { rotation, rotationBy, shiftAmount, shiftOf } from './lower-shift.js';

export { divide, modulo } from './lower-divide.js';

export const result = (inst: Inst): Value => inst.results[0]!;

/** The arguments with a constant, if there is one, on the right. */
export function constantRight(s: Selector, inst: Inst): { x: Value; c: number } | null {
  const [a, b] = inst.args as [Value, Value];
  const right = s.constOf(b);
  if (right !== undefined) return { x: a, c: right };
  const left = s.constOf(a);
  return left === undefined ? null : { x: b, c: left };
}

/** Rules shared by the two-operand operations. */

export const constant: Rule = (s, inst) => {
  const r = result(inst);
  s.emit('const', inst.origin, [s.def(r), s.imm(s.constOf(r)!)], ([rd, v], asm) => loadConstant(rd!, v! >>> 0, asm), {
    remat: true,
  });
  return true;
};

const register =
  (name: string): Rule =>
  (s, inst) =>
    s.plain(name, inst, s.def(result(inst)), s.use(inst.args[0]!), s.use(inst.args[1]!));

/** Takes a shift of the right argument; of the left one too if the operation commutes or `reversed` computes b op a. */
const shifted =
  (name: string, reversed: string | null): Rule =>
  (s, inst) => {
    const [a, b] = inst.args as [Value, Value];
    for (const [x, y, as] of [
      [a, b, name],
      [b, a, reversed],
    ] as const) {
      const sh = as === null ? null : shiftOf(s, y);
      if (sh)
        return s.plain(`${as}.${sh.shift}`, inst, s.def(result(inst)), s.use(x), s.use(sh.value), s.imm(sh.amount));
    }
    return false;
  };

const rotated: Rule = (s, inst) => {
  const r = rotation(s, inst);
  return r !== null && s.plain('ror.i', inst, s.def(result(inst)), s.use(r.value), s.imm(r.amount));
};

const rotatedBy: Rule = (s, inst) => {
  const r = rotationBy(s, inst);
  return r !== null && s.plain('rors', inst, s.def(result(inst)), s.use(r.value), s.use(r.amount));
};

/** The place and width of a run of ones that is not the whole word, or null. */
function run(mask: number): { lsb: number; width: number } | null {
  const lsb = 31 - Math.clz32(mask & -mask);
  const width = lowMask(mask >>> lsb);
  return width > 0 ? { lsb, width } : null;
}

/** What is put into a field of zeros: y of y << lsb, whose bits beside the field are zero or masked away. */
function inserted(s: Selector, v: Value, lsb: number, width: number): Value | null {
  const field = ((2 ** width - 1) << lsb) >>> 0;
  const and = s.fold(v, 'and');
  const k = and && constantRight(s, and);
  if (k) {
    if (k.c !== field) return null;
    if (lsb === 0) return k.x;
    const shl = s.fold(k.x, 'shl');
    return shl && shiftAmount(s, shl) === lsb ? shl.args[0]! : null;
  }
  const shl = s.fold(v, 'shl');
  if (!shl || lsb === 0 || shiftAmount(s, shl) !== lsb) return null;
  if (lsb + width === 32) return shl.args[0]!;
  const low = s.fold(shl.args[0]!, 'and');
  const m = low && constantRight(s, low);
  return m && lowMask(m.c) === width ? m.x : null;
}

/** (x & ~field) | (y << lsb & field), in the place of x. */
const insertField: Rule = (s, inst) => {
  const [a, b] = inst.args as [Value, Value];
  for (const [p, q] of [
    [a, b],
    [b, a],
  ] as const) {
    const and = s.fold(p, 'and');
    const k = and && constantRight(s, and);
    const field = k && run(invert(k.c));
    const y = field && inserted(s, q, field.lsb, field.width);
    if (!y) continue;
    const operands = [s.defTied(result(inst), 1), s.use(k!.x), s.use(y), s.imm(field.lsb), s.imm(field.width)];
    s.emit('bfi', inst.origin, operands, ([d, , m, lsb, width], asm) => asm.inst('bfi', d!, m!, lsb!, width!));
    return true;
  }
  return false;
};

/** `name` with a constant that the instruction takes, after `map`. */
const immediate =
  (name: string, map: (c: number) => number = (c) => c): Rule =>
  (s, inst) => {
    const k = constantRight(s, inst);
    if (!k || !isPattern(map(k.c))) return false;
    return s.plain(name, inst, s.def(result(inst)), s.use(k.x), s.imm(map(k.c)));
  };

/** x op c is x itself. */
export const neutral =
  (c: number): Rule =>
  (s, inst) => {
    const k = constantRight(s, inst);
    return k?.c === c && s.copy(inst, k.x);
  };

/** a op (b ^ -1). */
const inverted =
  (name: string): Rule =>
  (s, inst) => {
    const [a, b] = inst.args as [Value, Value];
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const) {
      const n = s.fold(y, 'xor');
      const k = n && constantRight(s, n);
      if (k?.c === 0xffffffff) return s.plain(name, inst, s.def(result(inst)), s.use(x), s.use(k.x));
    }
    return false;
  };

function addImmediate(s: Selector, inst: Inst, x: Value, c: number): boolean {
  if (c === 0) return s.copy(inst, x);
  const k = addConstant(c);
  return k !== null && s.plain(k.name, inst, s.def(result(inst)), s.use(x), s.imm(k.imm));
}

/** a * b + c. */
const multiplyAdd: Rule = (s, inst) => {
  const [a, b] = inst.args as [Value, Value];
  for (const [m, x] of [
    [a, b],
    [b, a],
  ] as const) {
    const mul = s.fold(m, 'mul');
    if (mul && !scaled(s, mul)) {
      return s.plain('mla', inst, s.def(result(inst)), s.use(mul.args[0]!), s.use(mul.args[1]!), s.use(x));
    }
  }
  return false;
};

export const ADD: readonly Rule[] = [
  (s, inst) => {
    const k = constantRight(s, inst);
    return k !== null && addImmediate(s, inst, k.x, k.c);
  },
  rotated,
  multiplyAdd,
  shifted('adds', 'adds'),
  register('adds'),
];

export const SUB: readonly Rule[] = [
  (s, inst) => {
    const c = s.constOf(inst.args[1]!);
    return c !== undefined && addImmediate(s, inst, inst.args[0]!, negate(c));
  },
  (s, inst) => {
    const c = s.constOf(inst.args[0]!);
    if (c === undefined || !isPattern(c)) return false;
    return s.plain('rsbs.i', inst, s.def(result(inst)), s.use(inst.args[1]!), s.imm(c));
  },
  (s, inst) => {
    const mul = s.fold(inst.args[1]!, 'mul');
    if (!mul || scaled(s, mul)) return false;
    return s.plain('mls', inst, s.def(result(inst)), s.use(mul.args[0]!), s.use(mul.args[1]!), s.use(inst.args[0]!));
  },
  shifted('subs', 'rsbs'),
  register('subs'),
];

/** Multiplication by 2^k, 2^k + 1 or 2^k - 1: a name and shift that do it, or null. */
export function scaled(s: Selector, inst: Inst): { x: Value; name: 'lsls' | 'adds' | 'rsbs'; k: number } | null {
  const c = constantRight(s, inst);
  if (!c) return null;
  const [exact, above, below] = [powerOfTwo(c.c), powerOfTwo(c.c - 1), powerOfTwo((c.c + 1) >>> 0)];
  if (exact > 0) return { x: c.x, name: 'lsls', k: exact };
  if (c.c > 2 && above > 0) return { x: c.x, name: 'adds', k: above };
  return below > 1 ? { x: c.x, name: 'rsbs', k: below } : null;
}

export const MUL: readonly Rule[] = [
  neutral(1),
  (s, inst) => {
    const m = scaled(s, inst);
    if (!m) return false;
    const rd = s.def(result(inst));
    if (m.name === 'lsls') return s.plain('lsls.i', inst, rd, s.use(m.x), s.imm(m.k));
    return s.plain(`${m.name}.lsl`, inst, rd, s.use(m.x), s.use(m.x), s.imm(m.k));
  },
  // Only a 16-bit encoding sets the flags; the 32-bit one is the plain name.
  (s, inst) => {
    s.emit('mul', inst.origin, [s.def(result(inst)), ...inst.args.map((v) => s.use(v))], ([d, n, m], asm) => {
      const short = d! < 8 && n! < 8 && m! < 8 && (d === n || d === m);
      asm.inst(short ? 'muls' : 'mul', d!, n!, m!);
    });
    return true;
  },
];

/** Part of a word: bits [lsb, lsb + width), zero- or sign-extended. */
function extract(s: Selector, inst: Inst, x: Value, lsb: number, width: number, signed: boolean): true {
  const rd = s.def(result(inst));
  const sign = signed ? 's' : 'u';
  if (lsb === 0 && (width === 8 || width === 16)) {
    return s.plain(`${sign}xt${width === 8 ? 'b' : 'h'}`, inst, rd, s.use(x));
  }
  if (lsb + width === 32) return s.plain(signed ? 'asrs.i' : 'lsrs.i', inst, rd, s.use(x), s.imm(lsb));
  return s.plain(`${sign}bfx`, inst, rd, s.use(x), s.imm(lsb), s.imm(width));
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
    return (c?.c === 0xff || c?.c === 0xffff) && extract(s, inst, c.x, 0, c.c === 0xff ? 8 : 16, false);
  },
  immediate('ands.i'),
  immediate('bics.i', invert),
  (s, inst) => {
    const c = constantRight(s, inst);
    const width = c ? lowMask(c.c) : 0;
    return width > 0 && extract(s, inst, c!.x, 0, width, false);
  },
  // Clearing the low bits: in place if the registers fall so.
  (s, inst) => {
    const c = constantRight(s, inst);
    const width = c ? lowMask(invert(c.c)) : 0;
    if (width === 0) return false;
    s.emit('bfc', inst.origin, [s.def(result(inst)), s.use(c!.x), s.imm(width)], ([d, n, w], asm) => {
      if (d === n) asm.inst('bfc', d!, 0, w!);
      else {
        asm.inst('lsrs.i', d!, n!, w!);
        asm.inst('lsls.i', d!, d!, w!);
      }
    });
    return true;
  },
  inverted('bics'),
  shifted('ands', 'ands'),
  register('ands'),
];

export const OR: readonly Rule[] = [
  neutral(0),
  immediate('orrs.i'),
  immediate('orns.i', invert),
  rotated,
  rotatedBy,
  insertField,
  inverted('orns'),
  shifted('orrs', 'orrs'),
  register('orrs'),
];

export const XOR: readonly Rule[] = [
  neutral(0),
  (s, inst) => {
    const c = constantRight(s, inst);
    if (c?.c !== 0xffffffff) return false;
    const sh = shiftOf(s, c.x);
    const rd = s.def(result(inst));
    if (sh) return s.plain(`mvns.${sh.shift}`, inst, rd, s.use(sh.value), s.imm(sh.amount));
    return s.plain('mvns', inst, rd, s.use(c.x));
  },
  immediate('eors.i'),
  rotated,
  shifted('eors', 'eors'),
  register('eors'),
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
    const amount = inst.args[1]!;
    const and = s.definition(amount, 'and');
    const mask = and && constantRight(s, and);
    const operands = (by: Value): Operand[] => [s.def(result(inst)), s.use(inst.args[0]!), s.use(by)];
    if (mask && mask.c <= 31) return s.plain(name, inst, ...operands(amount));
    const by = mask && (mask.c & 31) === 31 ? mask.x : amount;
    s.emit(name, inst.origin, operands(by), ([d, n, m], asm) => {
      asm.inst('and.i', SCRATCH, m!, 31);
      asm.inst(name, d!, n!, SCRATCH);
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

export const BSWAP: readonly Rule[] = [
  (s, inst) => inst.bits === 32 && s.plain('rev', inst, s.def(result(inst)), s.use(inst.args[0]!)),
  (s, inst) => {
    if (inst.bits !== 16) throw new Error(`bswap of ${inst.bits} bits on a lane`);
    s.emit('rev16', inst.origin, [s.def(result(inst)), s.use(inst.args[0]!)], ([d, m], asm) => {
      asm.inst('rev16', d!, m!);
      asm.inst('uxth', d!, d!);
    });
    return true;
  },
];
