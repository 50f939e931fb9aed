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

/** What a shift amount is made of where only its low 5 bits count. */
function unmasked(s: Selector, v: Value): Value {
  const and = s.definition(v, 'and');
  if (!and) return v;
  for (const [x, y] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const c = s.constOf(and.args[y]!);
    if (c !== undefined && (c & 31) === 31) return unmasked(s, and.args[x]!);
  }
  return v;
}

/** Is `a` a multiple of 32 less `b`? */
function isOpposite(s: Selector, a: Value, b: Value): boolean {
  const sub = s.definition(a, 'sub');
  const c = sub && s.constOf(sub.args[0]!);
  return c !== undefined && c % 32 === 0 && unmasked(s, sub!.args[1]!).id === b.id;
}

/** A rotation to the right by a register's low byte: shl x, n joined with lshr x, -n; both read only here. */
export function rotationBy(s: Selector, inst: Inst): { value: Value; amount: Value } | null {
  for (const [p, q] of [
    [inst.args[0]!, inst.args[1]!],
    [inst.args[1]!, inst.args[0]!],
  ] as const) {
    const left = s.fold(p, 'shl');
    const right = s.fold(q, 'lshr');
    if (!left || !right || left.args[0]!.id !== right.args[0]!.id) continue;
    // By a multiple of 32 both are x, which or leaves alone and add and xor do not.
    if (inst.op !== 'or') return null;
    const [l, r] = [unmasked(s, left.args[1]!), unmasked(s, right.args[1]!)];
    if (isOpposite(s, l, r) || isOpposite(s, r, l)) return { value: left.args[0]!, amount: r };
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
