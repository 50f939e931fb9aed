// SPDX-License-Identifier: MIT
import { ROWS } from '../../backends/riscv/isa.js';
import { encodeRow, type Row } from '../../backends/riscv/isa-codec.js';
import { printOperands } from '../../backends/riscv/isa-print.js';

/** Operand edges for every row, and the assembly text that an independent assembler is given. */
export interface RiscvCase {
  /** Index in ROWS. */
  readonly row: number;
  readonly operands: readonly number[];
  readonly text: string;
}

/** Values at the edges of what an operand takes, and values one past each edge. */
export function edges(row: Row, i: number): { inside: number[]; outside: number[] } {
  const slot = row.slots[i]!;
  const o = slot.operand;
  switch (o.kind) {
    case 'reg': {
      const all = Array.from({ length: 32 }, (_, r) => r);
      const inside = all.filter((r) => (o.allow >>> r) & 1 && r - o.base < 2 ** slot.positions.length);
      const outside = all.filter((r) => !inside.includes(r));
      const pick = [inside[0]!, inside[1]!, inside[inside.length >> 1]!, inside[inside.length - 1]!, 1, 2, 15, 16];
      return {
        inside: [...new Set(pick)].filter((r) => inside.includes(r)),
        outside: [-1, 32, 0.5, ...outside],
      };
    }
    case 'fixed':
      return { inside: [o.value], outside: [o.value + 1, o.value - 1, o.value + 8] };
    case 'imm': {
      const { min, max, step } = slot.range;
      const bits = slot.order.flatMap((b) => [2 ** b, ...(o.signed ? [-(2 ** b)] : [])]);
      const wrap = (v: number): number => (o.modulo !== undefined && v < 0 ? v + 2 ** o.modulo : v);
      const inside = [min, max, min + step, max - step, step, -step, 0, ...bits]
        .filter((v) => v >= min && v <= max && !(o.nonzero && v === 0))
        .map(wrap);
      const outside = [wrap(min - step), wrap(max + step), min + step / 2, 0.5, 2 ** 31, 2 ** 32 + step];
      if (step > 1) outside.push(min + 1, step - 1);
      if (o.nonzero) outside.push(0);
      if (o.modulo !== undefined) outside.push(-1, 2 ** o.modulo);
      return { inside: [...new Set(inside)], outside };
    }
  }
}

/** Operand lists with one operand at an edge each, operands of the same field following. */
export function casesOf(row: Row, which: 'inside' | 'outside'): number[][] {
  const same = (i: number, j: number): boolean => {
    const [a, b] = [row.operands[i]!, row.operands[j]!];
    return a.kind === 'reg' && b.kind === 'reg' && a.fields === b.fields;
  };
  // Distinct registers where the row allows them.
  const base = row.operands.map((o, i) => {
    const inside = edges(row, i).inside;
    const first = row.operands.findIndex((_, j) => same(i, j));
    return inside[o.kind === 'reg' ? Math.min(first + 1, inside.length - 1) : 0]!;
  });
  const withValue = (i: number, v: number): number[] => base.map((b, j) => (j === i || same(i, j) ? v : b));
  const out = new Map<string, number[]>();
  const add = (v: number[]): void => void out.set(v.join(), v);
  row.operands.forEach((_, i) => {
    if (which === 'inside') add(withValue(i, base[i]!));
    for (const v of edges(row, i)[which]) add(withValue(i, v));
  });
  if (which === 'outside')
    // Operands of one field with two values.
    row.operands.forEach((_, i) => {
      row.operands.forEach((__, j) => {
        if (i < j && same(i, j)) add(base.map((b, k) => (k === i ? edges(row, i).inside.find((r) => r !== b)! : b)));
      });
    });
  else
    for (const v of out.values())
      if (encodeRow(row, v) === null) throw new Error(`${row.name} ${row.bits} does not take ${v}`);
  return [...out.values()];
}

/** Text for llvm-mc: targets as the signed distance from the instruction. */
export function assemblerText(row: Row, operands: readonly number[]): string {
  const i = row.operands.findIndex((o) => o.kind === 'imm' && o.rel === true);
  const text = printOperands(row, operands, 0);
  if (i < 0) return text;
  const rel = operands[i]!;
  return text.replace(/0x[0-9a-f]+$/, `${rel < 0 ? '-' : ''}0x${Math.abs(rel).toString(16)}`);
}

export function allCases(): RiscvCase[] {
  return ROWS.flatMap((row, i) =>
    row.alias
      ? []
      : casesOf(row, 'inside').map((operands) => ({ row: i, operands, text: assemblerText(row, operands) })),
  );
}
