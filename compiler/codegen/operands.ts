// SPDX-License-Identifier: MIT
import type { Inst, Value } from '../ir/ir.js';
import type { Selector } from './select.js';

/** What selection for any instruction set asks of the operands of memory accesses. */

/** The constant that an addition or subtraction adds to its other argument; null if it adds none. */
export function step(s: Selector, inst: Inst): { x: Value; c: number } | null {
  const [a, b] = inst.args as [Value, Value];
  const [ca, cb] = [s.constOf(a), s.constOf(b)];
  if (inst.op === 'sub') return cb === undefined ? null : { x: a, c: -cb };
  if (cb !== undefined) return { x: a, c: cb };
  return ca === undefined ? null : { x: b, c: ca };
}

/** What a store of `size` bytes needs of a value: an and or sign extension that only changes bits above does not matter. */
export function stored(s: Selector, v: Value, size: 1 | 2 | 4): Value {
  const mask = size === 1 ? 0xff : size === 2 ? 0xffff : 0xffffffff;
  const and = s.fold(v, 'and');
  if (and) {
    for (const [x, y] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const c = s.constOf(and.args[y]!);
      if (c !== undefined && (c & mask) >>> 0 === mask) return stored(s, and.args[x]!, size);
    }
  }
  const sext = s.fold(v, 'sext');
  return sext && sext.bits! >= 8 * size ? stored(s, sext.args[0]!, size) : v;
}
