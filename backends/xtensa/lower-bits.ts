// SPDX-License-Identifier: MIT

import type { Rule } from '../../compiler/codegen/lower.js';
import type { Asm } from '../../compiler/codegen/machine.js';
import type { Selector } from '../../compiler/codegen/select.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import { SCRATCH } from './abi.js';
import { bitField, isMovi, lowMask, shiftRightLogical } from './lower-constants.js';

/** Shifts, bit fields and bytes. Shifts by an amount in SAR set it in the same machine instruction. */

export const result = (inst: Inst): Value => inst.results[0]!;

/** The arguments with a constant, if there is one, on the right. */
export function constantRight(s: Selector, inst: Inst): { x: Value; c: number } | null {
  const [a, b] = inst.args as [Value, Value];
  const right = s.constOf(b);
  if (right !== undefined) return { x: a, c: right };
  const left = s.constOf(a);
  return left === undefined ? null : { x: b, c: left };
}

/** Amount of a shift by a constant, 0..31. */
export function shiftAmount(s: Selector, inst: Inst): number | undefined {
  const c = s.constOf(inst.args[1]!);
  return c === undefined ? undefined : c & 31;
}

/** Both orders of the arguments of an operation that commutes. */
export const orders = ([a, b]: readonly Value[]): readonly (readonly [Value, Value])[] => [
  [a!, b!],
  [b!, a!],
];

// Rules shared by the two-operand operations.

export const register =
  (name: string): Rule =>
  (s, inst) =>
    s.plain(name, inst, s.def(result(inst)), s.use(inst.args[0]!), s.use(inst.args[1]!));

/** x op c is x itself. */
export const neutral =
  (c: number): Rule =>
  (s, inst) => {
    const k = constantRight(s, inst);
    return k?.c === c && s.copy(inst, k.x);
  };

/**
 * Two words shifted as one: shl x, n joined with lshr y, 32 - n by or, add or xor, both read only here. With x = y a
 * rotation.
 */
export const funnel: Rule = (s, inst) => {
  for (const [p, q] of orders(inst.args)) {
    const left = s.fold(p, 'shl');
    const right = s.fold(q, 'lshr');
    if (!left || !right) continue;
    const [l, r] = [shiftAmount(s, left), shiftAmount(s, right)];
    if (l === undefined || r === undefined || r === 0 || l + r !== 32) continue;
    const operands = [s.def(result(inst)), s.use(left.args[0]!), s.use(right.args[0]!), s.imm(r)];
    s.emit('src', inst.origin, operands, ([d, x, y, n], asm) => {
      asm.inst('ssai', n!);
      asm.inst('src', d!, x!, y!);
    });
    return true;
  }
  return false;
};

/** Adding a register to itself is the shorter shift by 1. */
export function shiftLeft(s: Selector, inst: Inst, x: Value, n: number): true {
  const rd = s.def(result(inst));
  return n === 1 ? s.plain('add', inst, rd, s.use(x), s.use(x)) : s.plain('slli', inst, rd, s.use(x), s.imm(n));
}

/** Bits [lsb, lsb + width) of a word, with zeros above; false if that takes a constant. */
function extract(s: Selector, inst: Inst, x: Value, lsb: number, width: number): boolean {
  const rd = s.def(result(inst));
  if (width <= 16) return s.plain('extui', inst, rd, s.use(x), s.imm(lsb), s.imm(width));
  const above = 32 - lsb - width;
  if (above === 0) return s.plain('srli', inst, rd, s.use(x), s.imm(lsb));
  s.emit('field', inst.origin, [rd, s.use(x)], ([d, r], asm) => {
    asm.inst('slli', d!, r!, above);
    asm.inst('srli', d!, d!, 32 - width);
  });
  return true;
}

/** Bits [lsb, lsb + width) of a word, sign-extended. */
function extractSigned(s: Selector, inst: Inst, x: Value, lsb: number, width: number): true {
  const rd = s.def(result(inst));
  const above = 32 - lsb - width;
  if (above === 0) return s.plain('srai', inst, rd, s.use(x), s.imm(lsb));
  if (lsb === 0 && s.features.sext && width >= 8 && width <= 23)
    return s.plain('sext', inst, rd, s.use(x), s.imm(width - 1));
  s.emit('field', inst.origin, [rd, s.use(x)], ([d, r], asm) => {
    asm.inst('slli', d!, r!, above);
    asm.inst('srai', d!, d!, 32 - width);
  });
  return true;
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
    return extract(s, inst, shift.args[0]!, lsb, width);
  },
  (s, inst) => {
    const c = constantRight(s, inst);
    const width = c ? lowMask(c.c) : 0;
    return width > 0 && extract(s, inst, c!.x, 0, width);
  },
  // A run of ones that no short constant is: out and back.
  (s, inst) => {
    const c = constantRight(s, inst);
    const field = c && !isMovi(c.c) ? bitField(c.c) : null;
    if (!field) return false;
    const { lsb, width } = field;
    if (width > 16 && lsb + width < 32) return false;
    s.emit('bits', inst.origin, [s.def(result(inst)), s.use(c!.x)], ([d, r], asm) => {
      if (width <= 16) asm.inst('extui', d!, r!, lsb, width);
      else asm.inst('srli', d!, r!, lsb);
      asm.inst('slli', d!, d!, lsb);
    });
    return true;
  },
  register('and'),
];

/** Shift right by a constant, alone or of a left shift (a bit field). */
const shiftRight =
  (signed: boolean): Rule =>
  (s, inst) => {
    const amount = shiftAmount(s, inst);
    if (amount === undefined) return false;
    const x = inst.args[0]!;
    if (amount === 0) return s.copy(inst, x);
    const inner = s.fold(x, 'shl');
    const left = inner && shiftAmount(s, inner);
    if (inner && left !== undefined && left > 0 && left <= amount) {
      const [lsb, width] = [amount - left, 32 - amount];
      if (signed) return extractSigned(s, inst, inner.args[0]!, lsb, width);
      if (width <= 16) return extract(s, inst, inner.args[0]!, lsb, width);
    }
    if (signed) return s.plain('srai', inst, s.def(result(inst)), s.use(x), s.imm(amount));
    s.emit('srli', inst.origin, [s.def(result(inst)), s.use(x), s.imm(amount)], ([d, r, n], asm) =>
      shiftRightLogical(d!, r!, n!, asm),
    );
    return true;
  };

/** A value whose bits in `mask` are those of `v`, an and that keeps these bits left out. */
export function withoutMask(s: Selector, v: Value, mask: number): Value {
  const and = s.definition(v, 'and');
  const k = and && constantRight(s, and);
  return k && (k.c & mask) === mask ? withoutMask(s, k.x, mask) : v;
}

/** How deep the making of a value is looked into. */
const DEPTH = 4;

/** The bits of a value that are not certainly zero. */
function possibleBits(s: Selector, v: Value, depth = DEPTH): number {
  const c = s.constOf(v);
  if (c !== undefined) return c;
  const made = s.definition(v, 'and', 'or', 'xor', 'shl', 'lshr', 'load', 'icmp', 'icmp64', 'bswap', 'select');
  if (!made || depth === 0) return 0xffffffff;
  const of = (i: number): number => possibleBits(s, made.args[i]!, depth - 1);
  switch (made.op) {
    case 'and':
      return (of(0) & of(1)) >>> 0;
    case 'or':
    case 'xor':
      return (of(0) | of(1)) >>> 0;
    case 'select':
      return (of(1) | of(2)) >>> 0;
    case 'shl':
    case 'lshr': {
      const n = shiftAmount(s, made);
      if (n === undefined) return 0xffffffff;
      return made.op === 'shl' ? (of(0) << n) >>> 0 : of(0) >>> n;
    }
    case 'icmp':
    case 'icmp64':
      return 1;
    case 'bswap':
      return made.bits === 16 ? 0xffff : 0xffffffff;
    case 'load':
      return made.signed || made.size! >= 4 ? 0xffffffff : 2 ** (8 * made.size!) - 1;
    default:
      return 0xffffffff;
  }
}

/** Have the arguments no bit in common? Then or and exclusive or are a sum, which has shorter and more forms. */
export const disjoint = (s: Selector, inst: Inst): boolean =>
  (possibleBits(s, inst.args[0]!) & possibleBits(s, inst.args[1]!)) === 0;

/** The amount's low 5 bits go to SAR (ssl, ssr), as the operation has it; a left shift by 0 is one by 32 - 32. */
const shiftByRegister =
  (set: 'ssl' | 'ssr', name: 'sll' | 'srl' | 'sra'): Rule =>
  (s, inst) => {
    const [x, amount] = inst.args as [Value, Value];
    const operands = [s.def(result(inst)), s.use(x), s.use(withoutMask(s, amount, 31))];
    s.emit(name, inst.origin, operands, ([d, r, n], asm) => {
      asm.inst(set, n!);
      asm.inst(name, d!, r!);
    });
    return true;
  };

export const SHL: readonly Rule[] = [
  (s, inst) => {
    const amount = shiftAmount(s, inst);
    if (amount === undefined) return false;
    return amount === 0 ? s.copy(inst, inst.args[0]!) : shiftLeft(s, inst, inst.args[0]!, amount);
  },
  shiftByRegister('ssl', 'sll'),
];
export const LSHR: readonly Rule[] = [shiftRight(false), shiftByRegister('ssr', 'srl')];
export const ASHR: readonly Rule[] = [shiftRight(true), shiftByRegister('ssr', 'sra')];

/** rd = low 16 bits of r with their bytes exchanged and the sign or zeros above. */
function swap16(rd: number, r: number, signed: boolean, asm: Asm): void {
  asm.inst('extui', SCRATCH, r, 8, 8);
  if (signed) {
    asm.inst('slli', rd, r, 24);
    asm.inst('srai', rd, rd, 16);
  } else {
    asm.inst('extui', rd, r, 0, 8);
    asm.inst('slli', rd, rd, 8);
  }
  asm.inst('add', rd, rd, SCRATCH);
}

export const SEXT: readonly Rule[] = [
  (s, inst) => {
    const swap = inst.bits === 16 ? s.fold(inst.args[0]!, 'bswap') : undefined;
    if (swap?.bits !== 16) return false;
    s.emit('bswap16.signed', inst.origin, [s.def(result(inst)), s.use(swap.args[0]!)], ([d, r], asm) =>
      swap16(d!, r!, true, asm),
    );
    return true;
  },
  (s, inst) => {
    const { bits } = inst;
    if (bits !== 8 && bits !== 16) throw new Error(`sext of ${bits} bits on a lane`);
    const shift = s.fold(inst.args[0]!, 'lshr', 'ashr');
    const lsb = shift && shiftAmount(s, shift);
    if (shift && lsb !== undefined && lsb + bits <= 32) return extractSigned(s, inst, shift.args[0]!, lsb, bits);
    return extractSigned(s, inst, inst.args[0]!, 0, bits);
  },
];

export const BSWAP: readonly Rule[] = [
  // ABCD: 00AB, then each src brings in one byte: BABC, CBAB, DCBA.
  (s, inst) => {
    if (inst.bits !== 32) return false;
    s.emit('bswap32', inst.origin, [s.def(result(inst)), s.use(inst.args[0]!)], ([d, r], asm) => {
      asm.inst('ssai', 8);
      asm.inst('extui', SCRATCH, r!, 16, 16);
      asm.inst('src', SCRATCH, SCRATCH, r!);
      asm.inst('src', SCRATCH, SCRATCH, SCRATCH);
      asm.inst('src', d!, r!, SCRATCH);
    });
    return true;
  },
  (s, inst) => {
    if (inst.bits !== 16) throw new Error(`bswap of ${inst.bits} bits on a lane`);
    s.emit('bswap16', inst.origin, [s.def(result(inst)), s.use(inst.args[0]!)], ([d, r], asm) =>
      swap16(d!, r!, false, asm),
    );
    return true;
  },
];
