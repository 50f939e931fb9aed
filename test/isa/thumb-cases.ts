// SPDX-License-Identifier: MIT

import { CONDITIONS, ROWS } from '../../backends/thumb/isa.js';
import type { Operand, Row } from '../../backends/thumb/isa-codec.js';
import { encodeRow } from '../../backends/thumb/isa-codec.js';
import { printOperands } from '../../backends/thumb/isa-print.js';

/** Operand edges for every row, and the assembly text that an independent assembler is given. All at this address. */
export const ADDRESS = 0;

export interface IsaCase {
  /** Index in ROWS. */
  readonly row: number;
  readonly operands: readonly number[];
  readonly text: string;
}

const bitsOf = (row: Row, fields: string): number => [...row.bits].filter((c) => fields.includes(c)).length;

/** Values at the edges of what an operand takes, and values one past each edge. */
export function edges(row: Row, o: Operand, before: number): { inside: number[]; outside: number[] } {
  switch (o.kind) {
    case 'reg': {
      const width = bitsOf(row, o.fields);
      const all = Array.from({ length: 16 }, (_, i) => i);
      const inside = all.filter((r) => r < 2 ** width && (o.allow >>> r) & 1);
      const pick = new Set([inside[0]!, inside[1]!, inside[inside.length - 1]!, inside[inside.length >> 1]!]);
      if ((o.allow >>> 13) & 1 && width === 4) pick.add(13);
      return { inside: [...pick], outside: [-1, 16, ...all.filter((r) => !inside.includes(r)).slice(0, 3)] };
    }
    case 'fixed':
      return { inside: [o.value], outside: [o.value + 1, o.value - 1] };
    case 'imm': {
      const lo = o.min * o.scale;
      const hi = o.max * o.scale;
      const step = Math.abs(o.scale);
      const outside = [Math.max(lo, hi) + step, Math.min(lo, hi) - step, 0.5];
      if (step > 1) outside.push(lo + 1);
      return {
        inside: [...new Set([lo, hi, (o.min + 1) * o.scale, Math.trunc((o.min + o.max) / 2) * o.scale])],
        outside,
      };
    }
    case 'sign': {
      const top = (2 ** (bitsOf(row, o.fields) - 1) - 1) * o.scale;
      const outside = [top + o.scale, -top - o.scale];
      if (o.scale > 1) outside.push(1, -2);
      return { inside: [top, -top, 0, o.scale, -o.scale], outside };
    }
    case 'shift':
      return { inside: [1, o.max, 7], outside: [0, o.max + 1, -1] };
    case 'mod':
      return {
        inside: [0, 1, 255, 256, 0x00ab00ab, 0xab00ab00, 0xabababab, 0xff000000, 0x80000000, 0x3fc, 0x1fe, 0xff0],
        outside: [257, 0x101, 0x1ff, 0x00ab00ac, 0xff000001, 0x80000001, 2 ** 32, -(2 ** 31) - 1, 0x12345678],
      };
    case 'width':
      return { inside: [...new Set([1, 32 - before])], outside: [0, 33 - before, -1] };
    case 'branch': {
      const n = bitsOf(row, o.fields);
      const [lo, hi] = o.signed ? [-(2 ** n) + 4, 2 ** n + 2] : [4, 2 ** (n + 1) + 2];
      return { inside: [lo, hi, 4, 6], outside: [lo - 2, hi + 2, 5] };
    }
    case 'literal': {
      const n = bitsOf(row, o.fields);
      const top = (2 ** n - 1) * o.scale;
      const reach = top - (top % o.multiple);
      const least = o.sign > 0 ? 0 : o.multiple;
      const outside = [o.sign * (reach + o.multiple) + 4];
      if (o.multiple > 1) outside.push(o.sign * (least + 1) + 4);
      return { inside: [o.sign * least + 4, o.sign * reach + 4], outside };
    }
    case 'list': {
      const all = o.regs.reduce((m, r) => m | (1 << r), 0);
      const one = 1 << o.regs[o.regs.length - 1]!;
      const none = [0, 1 << 13, all | (1 << 13), 0x10000];
      if (o.least === 2) none.push(one);
      const inside = o.regs.flatMap((r) => (o.least === 1 ? [1 << r, 3 | (1 << r)] : [(1 << r) | (r === 0 ? 2 : 1)]));
      return {
        inside: [...new Set([...inside, all & 0x7fff, all & 0x1fff])].filter((m) => m !== one || o.least === 1),
        outside: none,
      };
    }
    case 'single':
      return { inside: [1 << 0, 1 << 8, 1 << 12], outside: [1 << 13, 3, 0] };
  }
}

/** A valid value for the operands that a case does not vary. */
function middle(row: Row): number[] | null {
  const choices: number[][] = [];
  for (const o of row.operands) choices.push(edges(row, o, 0).inside);
  const tryAll = (i: number, at: number[]): number[] | null => {
    if (i === choices.length) return encodeRow(row, at, ADDRESS) === null ? null : at;
    const c = choices[i]!;
    for (const v of [...c.slice(Math.min(i, c.length - 1)), ...c]) {
      const found = tryAll(i + 1, [...at, v]);
      if (found) return found;
    }
    return null;
  };
  return tryAll(0, []);
}

/** Operand lists with one operand at an edge each, tied operands following; only those the row takes. */
export function casesOf(row: Row, which: 'inside' | 'outside'): number[][] {
  const base = middle(row);
  if (!base) throw new Error(`no operands found for ${row.name} ${row.bits}`);
  const out = new Map<string, number[]>();
  const add = (v: number[]) => {
    const taken = encodeRow(row, v, ADDRESS) !== null;
    if (which === 'outside' ? !taken || true : taken) out.set(v.join(), v);
  };
  if (which === 'inside') add(base);
  row.operands.forEach((o, i) => {
    for (const v of edges(row, o, base[i - 1] ?? 0)[which]) {
      const next = [...base];
      next[i] = v;
      // A second operand in the same field must follow.
      row.operands.forEach((p, j) => {
        if (j !== i && o.kind === 'reg' && p.kind === 'reg' && p.fields === o.fields) next[j] = v;
      });
      add(next);
    }
    if (o.kind === 'width' && which === 'inside')
      for (const lsb of [0, 31])
        for (const w of [1, 32 - lsb]) {
          const next = [...base];
          next[i - 1] = lsb;
          next[i] = w;
          add(next);
        }
  });
  return [...out.values()];
}

/** Text for llvm-mc: branch targets as the offset from PC, IT condition eq inside blocks. */
export function assemblerText(row: Row, operands: readonly number[]): string {
  const text = printOperands(row, operands, ADDRESS, row.it === 'in' ? 'eq' : '');
  const at = row.operands.findIndex((o) => o.kind === 'branch');
  return at < 0 ? text : text.replace(/#\S+$/, `#${operands[at]! - 4}`);
}

/** Assemblers want the instructions of an IT block to follow it. */
export function fillers(c: IsaCase): string[] {
  if (ROWS[c.row]!.name !== 'it') return [];
  const [cond, mask] = c.operands as [number, number];
  const count = 4 - (31 - Math.clz32(mask & -mask));
  return Array.from({ length: count }, (_, i) => {
    const here = i === 0 ? cond : (cond & 14) | ((mask >>> (4 - i)) & 1);
    return `nop${CONDITIONS[here] ?? ''}\n`;
  });
}

export function allCases(): IsaCase[] {
  return ROWS.flatMap((row, i) =>
    row.alias
      ? []
      : casesOf(row, 'inside').map((operands) => ({ row: i, operands, text: assemblerText(row, operands) })),
  );
}
