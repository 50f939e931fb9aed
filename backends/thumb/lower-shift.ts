// SPDX-License-Identifier: MIT

import type { Selector } from '../../compiler/codegen/select.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';

/** A value shifted by a constant, as the second operand of another instruction takes it. */
export interface Shifted {
  readonly shift: 'lsl' | 'lsr' | 'asr' | 'ror';
  readonly value: Value;
  readonly amount: number;
}

const NAME = { shl: 'lsl', lshr: 'lsr', ashr: 'asr' } as const;

/** Amount of a shift by a constant, 0..31. */
export function shiftAmount(s: Selector, inst: Inst): number | undefined {
  const c = s.constOf(inst.args[1]!);
  return c === undefined ? undefined : c & 31;
}

/** A rotation: shl x, n joined with lshr x, 32 - n by or, add or xor; both read only here. */
export function rotation(s: Selector, inst: Inst): Shifted | null {
  for (const [p, q] of [
    [inst.args[0]!, inst.args[1]!],
    [inst.args[1]!, inst.args[0]!],
  ] as const) {
    const left = s.fold(p, 'shl');
    const right = s.fold(q, 'lshr');
    if (!left || !right || left.args[0]!.id !== right.args[0]!.id) continue;
    const [l, r] = [shiftAmount(s, left), shiftAmount(s, right)];
    if (l !== undefined && r !== undefined && r > 0 && l + r === 32) {
      return { shift: 'ror', value: left.args[0]!, amount: r };
    }
  }
  return null;
}

/** What `v` is if it is a shift or rotation by a constant that only the asking instruction reads. */
export function shiftOf(s: Selector, v: Value): Shifted | null {
  const inst = s.fold(v, 'shl', 'lshr', 'ashr');
  if (inst) {
    const amount = shiftAmount(s, inst);
    return amount ? { shift: NAME[inst.op as keyof typeof NAME], value: inst.args[0]!, amount } : null;
  }
  const joined = s.fold(v, 'or', 'add', 'xor');
  return joined ? rotation(s, joined) : null;
}
