// SPDX-License-Identifier: MIT
import type { Cond, Inst } from '../../compiler/ir/ir.js';

/** What pure lane operations give, by RFC 9669, on bigints: unsigned 32-bit lanes in and out. */

const u = (n: number, v: bigint): bigint => BigInt.asUintN(n, v);
const s = (n: number, v: bigint): bigint => BigInt.asIntN(n, v);

export function holds(cond: Cond, n: number, a: bigint, b: bigint): boolean {
  const [sa, sb] = [s(n, a), s(n, b)];
  const table: Record<Cond, boolean> = {
    eq: a === b,
    ne: a !== b,
    ult: a < b,
    ule: a <= b,
    ugt: a > b,
    uge: a >= b,
    slt: sa < sb,
    sle: sa <= sb,
    sgt: sa > sb,
    sge: sa >= sb,
    set: (a & b) !== 0n,
    nset: (a & b) === 0n,
  };
  return table[cond];
}

function binary(op: string, n: number, a: bigint, b: bigint): bigint {
  const amount = b & BigInt(n - 1);
  switch (op) {
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return a * b;
    case 'udiv':
      return b === 0n ? 0n : a / b;
    case 'umod':
      return b === 0n ? a : a % b;
    case 'sdiv':
      return b === 0n ? 0n : s(n, a) / s(n, b);
    case 'smod':
      return b === 0n ? a : s(n, a) % s(n, b);
    case 'and':
      return a & b;
    case 'or':
      return a | b;
    case 'xor':
      return a ^ b;
    case 'shl':
      return a << amount;
    case 'lshr':
      return a >> amount;
    case 'ashr':
      return s(n, a) >> amount;
    default:
      throw new Error(`no reference for ${op}`);
  }
}

/** Results of a pure operation on lanes. */
export function apply(inst: Pick<Inst, 'op' | 'imm' | 'bits' | 'cond'>, args: readonly number[]): number[] {
  const a = args.map(BigInt);
  const wide = (i: number): bigint => a[i]! | (a[i + 1]! << 32n);
  const one = (v: bigint): number[] => [Number(u(32, v))];
  const two = (v: bigint): number[] => [Number(u(32, v)), Number(u(32, v >> 32n))];
  switch (inst.op) {
    case 'const':
      return one(inst.imm!);
    case 'sext':
      return one(s(inst.bits!, a[0]!));
    case 'bswap':
      return one(
        inst.bits === 16
          ? ((a[0]! & 0xffn) << 8n) | ((a[0]! >> 8n) & 0xffn)
          : ((a[0]! & 0xffn) << 24n) | ((a[0]! & 0xff00n) << 8n) | ((a[0]! >> 8n) & 0xff00n) | (a[0]! >> 24n),
      );
    case 'icmp':
      return one(holds(inst.cond!, 32, a[0]!, a[1]!) ? 1n : 0n);
    case 'icmp64':
      return one(holds(inst.cond!, 64, wide(0), wide(2)) ? 1n : 0n);
    case 'select':
      return one(a[0] === 0n ? a[2]! : a[1]!);
    case 'umul64':
      return two(a[0]! * a[1]!);
    case 'shl64':
    case 'lshr64':
    case 'ashr64':
      return two(binary(inst.op.slice(0, -2), 64, wide(0), a[2]!));
    case 'add64':
    case 'sub64':
    case 'mul64':
    case 'udiv64':
    case 'umod64':
    case 'sdiv64':
    case 'smod64':
      return two(binary(inst.op.slice(0, -2), 64, wide(0), wide(2)));
    default:
      return one(binary(inst.op, 32, a[0]!, a[1]!));
  }
}
