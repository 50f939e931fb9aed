// SPDX-License-Identifier: MIT
import { foldBinary, mask } from '../ir/arith.js';
import type { Inst, Value } from '../ir/ir.js';

/** Bits of a value that are certainly 0 or certainly 1. */
export interface Known {
  readonly zero: bigint;
  readonly one: bigint;
}

/** Finds the instruction that defines a value; undefined for parameters. */
export type DefOf = (v: Value) => Inst | undefined;

/** How far back definitions are followed: enough for the chains that address and mask arithmetic makes. */
const DEPTH = 6;

const NOTHING: Known = { zero: 0n, one: 0n };

export const widthOf = (v: Value): 32 | 64 => (v.ty === 'i64' ? 64 : 32);

/** Bits above the highest that `max` needs are zero. */
const below = (max: bigint, bits: number): Known => {
  const used = BigInt(max === 0n ? 0 : max.toString(2).length);
  return { zero: mask(bits) & ~((1n << used) - 1n), one: 0n };
};

export function knownBits(v: Value, def: DefOf, depth = DEPTH): Known {
  const inst = def(v);
  if (!inst || depth === 0) return NOTHING;
  const bits = widthOf(v);
  const all = mask(bits);
  const of = (i: number): Known => knownBits(inst.args[i]!, def, depth - 1);
  const max = (i: number): bigint => mask(widthOf(inst.args[i]!)) & ~of(i).zero;
  /** Amount of a shift, if constant. */
  const amount = (): bigint | null => {
    const k = of(1);
    return (k.zero | k.one) === all ? k.one & BigInt(bits - 1) : null;
  };
  switch (inst.op) {
    case 'const':
      return { zero: all & ~inst.imm!, one: inst.imm! };
    case 'and': {
      const [a, b] = [of(0), of(1)];
      return { zero: a.zero | b.zero, one: a.one & b.one };
    }
    case 'or': {
      const [a, b] = [of(0), of(1)];
      return { zero: a.zero & b.zero, one: a.one | b.one };
    }
    case 'xor': {
      const [a, b] = [of(0), of(1)];
      return { zero: (a.zero & b.zero) | (a.one & b.one), one: (a.zero & b.one) | (a.one & b.zero) };
    }
    case 'shl': {
      const n = amount();
      if (n === null) return NOTHING;
      const a = of(0);
      return { zero: ((a.zero << n) | ((1n << n) - 1n)) & all, one: (a.one << n) & all };
    }
    case 'lshr': {
      const n = amount();
      if (n === null) return below(max(0), bits);
      const a = of(0);
      return { zero: (a.zero >> n) | (all & ~(all >> n)), one: a.one >> n };
    }
    case 'ashr': {
      const n = amount();
      if (n === null) return NOTHING;
      const a = of(0);
      const half = BigInt(bits);
      // Shifting each mask arithmetically copies what is known of the sign bit.
      const shift = (m: bigint): bigint => foldBinary('ashr', m, n, Number(half));
      return { zero: shift(a.zero), one: shift(a.one) };
    }
    case 'add': {
      const sum = max(0) + max(1);
      return sum <= all ? below(sum, bits) : lowZeros(of(0), of(1), all);
    }
    case 'mul': {
      const product = max(0) * max(1);
      return product <= all ? below(product, bits) : NOTHING;
    }
    case 'udiv':
      return below(max(0), bits);
    case 'umod': {
      const [a, b] = [max(0), max(1)];
      // x % 0 is x, so the divisor bounds the result only if it is not zero.
      return below(of(1).one !== 0n && b - 1n < a ? b - 1n : a, bits);
    }
    case 'sext': {
      const a = of(0);
      const low = mask(inst.bits! - 1);
      const sign = 1n << BigInt(inst.bits! - 1);
      if (a.zero & sign) return { zero: (a.zero & low) | (all & ~low), one: a.one & low };
      if (a.one & sign) return { zero: a.zero & low, one: (a.one & low) | (all & ~low) };
      return { zero: a.zero & low, one: a.one & low };
    }
    case 'bswap':
      return { zero: all & ~mask(inst.bits!), one: 0n };
    case 'icmp':
    case 'icmp64':
      return { zero: all & ~1n, one: 0n };
    case 'select': {
      const [a, b] = [of(1), of(2)];
      return { zero: a.zero & b.zero, one: a.one & b.one };
    }
    case 'zext': {
      const a = of(0);
      return { zero: a.zero | (all & ~mask(32)), one: a.one };
    }
    case 'trunc': {
      const a = of(0);
      return { zero: a.zero & all, one: a.one & all };
    }
    case 'load':
      if (inst.signed || inst.size! * 8 >= bits) return NOTHING;
      return { zero: all & ~mask(inst.size! * 8), one: 0n };
    case 'length':
      return inst.imm === undefined ? NOTHING : below(inst.imm, bits);
    case 'umul64': {
      const product = max(0) * max(1);
      return v === inst.results[1] ? below(product >> 32n, 32) : product <= all ? below(product, 32) : NOTHING;
    }
    case 'add64':
      // Both high lanes zero: the sum's high lane is the carry.
      if (v === inst.results[1] && max(1) === 0n && max(3) === 0n) return { zero: all & ~1n, one: 0n };
      return NOTHING;
    default:
      return NOTHING;
  }
}

/** Low zero bits that both summands have stay zero. */
function lowZeros(a: Known, b: Known, all: bigint): Known {
  const both = a.zero & b.zero;
  const firstUnknown = ~both & all & -(~both & all);
  return { zero: firstUnknown === 0n ? all : firstUnknown - 1n, one: 0n };
}

/** Unsigned bounds that follow from known bits, or exactly from what the contract says of a length. */
export function unsignedRange(v: Value, def: DefOf): { min: bigint; max: bigint } {
  const inst = def(v);
  if (inst?.op === 'length' && inst.imm !== undefined) return { min: 0n, max: inst.imm };
  const k = knownBits(v, def);
  return { min: k.one, max: mask(widthOf(v)) & ~k.zero };
}
