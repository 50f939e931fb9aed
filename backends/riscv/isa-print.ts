// SPDX-License-Identifier: MIT
import type { Row } from './isa-codec.js';

/** Register names of the calling convention, by number. */
export const REGISTER_NAMES = [
  ...['zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 's0', 's1', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5'],
  ...['a6', 'a7', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6'],
] as const;

const number = (v: number): string => `${v < 0 ? '-' : ''}0x${Math.abs(v).toString(16)}`;
const fenceSet = (v: number): string => [...'iorw'].filter((_, i) => (v >>> (3 - i)) & 1).join('');

function operand(row: Row, i: number, v: number, address: number): string {
  const o = row.operands[i]!;
  switch (o.kind) {
    case 'reg':
      return REGISTER_NAMES[v]!;
    case 'fixed':
      return o.reg ? REGISTER_NAMES[v]! : number(v);
    case 'imm':
      if (o.fence) return fenceSet(v);
      return number(o.rel ? (address + v) >>> 0 : v);
  }
}

/** Text of an instruction, compressed ones by their own mnemonics; jump targets as addresses. */
export function printOperands(row: Row, v: readonly number[], address: number): string {
  return row.text.replace(/\{(\d)\}/g, (_, i: string) => operand(row, Number(i), v[Number(i)]!, address));
}
