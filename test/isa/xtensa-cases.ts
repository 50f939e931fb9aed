// SPDX-License-Identifier: MIT
import { ROWS } from '../../backends/xtensa/isa.js';
import { BASES, encodeRow, type Row } from '../../backends/xtensa/isa-codec.js';
import { printOperands } from '../../backends/xtensa/isa-print.js';

/** Operand edges for every row, and the assembly text that an independent assembler is given. */
export interface XtensaCase {
  /** Index in ROWS. */
  readonly row: number;
  readonly operands: readonly number[];
  readonly address: number;
}

/** Addresses that make a difference to PC-relative fields. */
export const addressesOf = (row: Row): readonly number[] =>
  row.operands.some((o) => o.kind === 'imm' && (o.rel === 'call' || o.rel === 'literal')) ? [0, 1, 2, 3] : [0];

/** Values at the edges of what an operand takes, and values one past each edge. */
export function edges(row: Row, i: number, address: number): { inside: number[]; outside: number[] } {
  const { operand: o, range, codes, order } = row.slots[i]!;
  if (o.kind === 'reg') return { inside: [0, 1, 3, 8, 15], outside: [-1, 16, 0.5, 2 ** 32] };
  if (codes) {
    const inside = [...codes.keys()];
    const near = inside.flatMap((v) => [v - 1, v + 1, -v, v + 0.5, v + 2 ** 32]);
    return { inside, outside: [...new Set(near)].filter((v) => !codes.has(v)) };
  }
  const base = o.rel ? BASES[o.rel](address) : 0;
  const { min, max, step } = range;
  const bias = o.bias ?? 0;
  const bits = order.flatMap((b) => [2 ** b, -(2 ** b)]).map((v) => v + bias);
  const inside = [min, max, min + step, max - step, ...bits].filter((v) => v >= min && v <= max);
  const outside = [min - step, max + step, min + step / 2, min + 0.5, min + 2 ** 32];
  if (step > 1) outside.push(min + 1, max - 1);
  return { inside: [...new Set(inside)].map((v) => v + base), outside: outside.map((v) => v + base) };
}

/** Operand lists with one operand at an edge each. */
export function casesOf(row: Row, which: 'inside' | 'outside', address: number): number[][] {
  const base = row.operands.map((o, i) => (o.kind === 'reg' ? 3 + i : edges(row, i, address).inside[0]!));
  const out = new Map<string, number[]>();
  const add = (v: number[]): void => void out.set(v.join(), v);
  if (which === 'inside') add(base);
  row.operands.forEach((_, i) => {
    for (const v of edges(row, i, address)[which]) add(base.map((b, j) => (j === i ? v : b)));
  });
  if (which === 'inside')
    for (const v of out.values())
      if (encodeRow(row, v, address) === null) throw new Error(`${row.name} ${row.bits} does not take ${v}`);
  return [...out.values()];
}

export const signedText = (rel: number): string => `${rel < 0 ? '-' : '+'}${Math.abs(rel)}`;

/** Text as LLVM writes it: special registers as operands, PC-relative operands as the distance from the instruction. */
export function assemblerText(row: Row, operands: readonly number[]): string {
  const text = printOperands(row, operands, 0).replace(/^([rwx]sr)\.(\w+) (a\d+)$/, '$1 $3, $2');
  const i = row.operands.findIndex((o) => o.kind === 'imm' && o.rel !== undefined);
  return i < 0 ? text : text.replace(/0x[0-9a-f]+$/, `. ${signedText(operands[i]!)}`);
}

/** Every row that an assembler can be asked for: aliases have bits of other rows. */
export function allCases(): XtensaCase[] {
  return ROWS.flatMap((row, i) =>
    row.alias
      ? []
      : addressesOf(row).flatMap((address) =>
          casesOf(row, 'inside', address).map((operands) => ({ row: i, operands, address })),
        ),
  );
}
