// SPDX-License-Identifier: MIT
import type { Row } from './isa-codec.js';

/** Register names, by number. */
export const REGISTER_NAMES = [
  ...['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'],
  ...['a8', 'a9', 'a10', 'a11', 'a12', 'a13', 'a14', 'a15'],
] as const;

function operand(row: Row, i: number, v: number, address: number): string {
  const o = row.operands[i]!;
  if (o.kind === 'reg') return REGISTER_NAMES[v]!;
  return o.rel ? `0x${((address + v) >>> 0).toString(16)}` : String(v);
}

/** Text of an instruction, density forms by their own mnemonics; jump and literal targets as addresses. */
export function printOperands(row: Row, v: readonly number[], address: number): string {
  return row.text.replace(/\{(\d)\}/g, (_, i: string) => operand(row, Number(i), v[Number(i)]!, address));
}
