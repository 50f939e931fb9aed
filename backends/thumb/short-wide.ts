// SPDX-License-Identifier: MIT

import type { Rule } from '../../compiler/codegen/lower.js';
import type { Asm } from '../../compiler/codegen/machine.js';
import type { Operand, Selector } from '../../compiler/codegen/select.js';
import type { Inst, Value } from '../../compiler/ir/ir.js';
import { lowOnly, pairOf } from './lower-wide.js';
import { ADD, MUL, SUB } from './short-alu.js';
import { isByte } from './short-constants.js';

/**
 * Pairs of lanes with 16-bit encodings. adcs and sbcs work in the place of the high lane; mov and movs leave the carry alone, so
 * they may stand between the two lanes.
 */
type Pair = readonly [low: Value, high: Value];

/** The operation on the low lanes alone, if nobody reads the high result. */
const narrow =
  (rules: readonly Rule[]): Rule =>
  (s, inst) => {
    if (!lowOnly(s, inst)) return false;
    const [al, , bl] = inst.args as [Value, Value, Value, Value];
    const half: Inst = { ...inst, args: [al, bl], results: [inst.results[0]!] };
    return rules.some((rule) => rule(s, half));
  };

/** How the low lanes are added or subtracted. */
interface Low {
  readonly name: 'adds' | 'subs' | 'adds.i' | 'subs.i' | 'rsbs.i';
  readonly x: Value;
  readonly y: Operand;
  /** In the place of x: the constant takes two-address form. */
  readonly inPlace: boolean;
}

function lowLane(s: Selector, name: 'adds' | 'subs', x: Value, y: Value): Low {
  const c = s.constOf(y);
  return c !== undefined && isByte(c)
    ? { name: `${name}.i`, x, y: s.imm(c), inPlace: c > 7 }
    : { name, x, y: s.use(y), inPlace: false };
}

/**
 * low by `low`, then high by `high`, which may not find its operands destroyed: the low result stays off them. `own`: operands of
 * the high lane, of which the result is number 0.
 */
function carried(
  s: Selector,
  inst: Inst,
  name: string,
  low: Low,
  own: readonly Operand[],
  high: (ops: readonly number[], asm: Asm) => void,
): true {
  const [l] = inst.results as readonly [Value, Value];
  const { spec, reg } = s.defEarly(l);
  // In the place of what nobody reads any more.
  const tied = low.inPlace || !s.isNeeded(low.x);
  const def: Operand = tied ? { spec: { role: 'def', early: true, tied: 1 }, reg } : { spec, reg };
  s.emit(name, inst.origin, [def, s.use(low.x), low.y, ...own], ([dl, x, y, ...rest], asm) => {
    asm.inst(low.name, dl!, x!, y!);
    high(rest, asm);
  });
  return true;
}

/** a + b or a - b. The high lane of `b` may be a small constant. */
function pair(s: Selector, inst: Inst, op: 'add' | 'sub', a: Pair, b: Pair): true {
  const h = inst.results[1]!;
  const low = lowLane(s, op === 'add' ? 'adds' : 'subs', a[0], b[0]);
  const name = op === 'add' ? 'adcs' : 'sbcs';
  const c = s.constOf(b[1]);
  if (c !== undefined && isByte(c)) {
    if (op === 'add' && s.constOf(a[1]) === 0 && c === 0)
      return carried(s, inst, 'add64.carry', low, [s.def(h)], ([d], asm) => {
        asm.inst('movs.i', d!, 0);
        asm.inst('adcs', d!, d!, d!);
      });
    if (op === 'add')
      return carried(s, inst, 'add64.i', low, [s.defEarly(h), s.use(a[1]), s.imm(c)], ([d, x, n], asm) => {
        asm.inst('movs.i', d!, n!);
        asm.inst('adcs', d!, d!, x!);
      });
    return carried(s, inst, 'sub64.i', low, [s.defTied(h, 4), s.use(a[1]), s.temp(), s.imm(c)], ([d, , t, n], asm) => {
      asm.inst('movs.i', t!, n!);
      asm.inst('sbcs', d!, d!, t!);
    });
  }
  return carried(s, inst, `${op}64`, low, [s.defTied(h, 4), s.use(a[1]), s.use(b[1])], ([d, , y], asm) =>
    asm.inst(name, d!, d!, y!),
  );
}

export const ADD64: readonly Rule[] = [
  narrow(ADD),
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    const byte = (v: Value): boolean => isByte(s.constOf(v) ?? -1);
    // Constants on the right; else what is read later.
    const later = s.isNeeded(al) && !s.isNeeded(bl) && !byte(bl);
    const turn = byte(ah) !== byte(bh) ? byte(ah) : byte(al) !== byte(bl) ? byte(al) : later;
    const c = turn ? pairOf(s, al, ah) : pairOf(s, bl, bh);
    const [x, y]: [Pair, Pair] = turn
      ? [
          [bl, bh],
          [al, ah],
        ]
      : [
          [al, ah],
          [bl, bh],
        ];
    // A small negative number is subtracted.
    const n = c === undefined ? undefined : BigInt.asUintN(64, -c);
    if (n !== undefined && n > 0n && n <= 0xffn) return minus(s, inst, x, Number(n));
    return pair(s, inst, 'add', x, y);
  },
];

/** a - n for a small n. */
function minus(s: Selector, inst: Inst, a: Pair, n: number): true {
  const h = inst.results[1]!;
  const low: Low = { name: 'subs.i', x: a[0], y: s.imm(n), inPlace: n > 7 };
  return carried(s, inst, 'sub64.i', low, [s.defTied(h, 4), s.use(a[1]), s.temp()], ([d, , t], asm) => {
    asm.inst('movs.i', t!, 0);
    asm.inst('sbcs', d!, d!, t!);
  });
}

export const SUB64: readonly Rule[] = [
  narrow(SUB),
  // 0 - b.
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    if (pairOf(s, al, ah) !== 0n) return false;
    const low: Low = { name: 'rsbs.i', x: bl, y: s.imm(0), inPlace: false };
    return carried(s, inst, 'neg64', low, [s.defEarly(inst.results[1]!), s.use(bh)], ([d, x], asm) => {
      asm.inst('movs.i', d!, 0);
      asm.inst('sbcs', d!, d!, x!);
    });
  },
  (s, inst) => {
    const [al, ah, bl, bh] = inst.args as [Value, Value, Value, Value];
    return pair(s, inst, 'sub', [al, ah], [bl, bh]);
  },
];

export const MUL64: readonly Rule[] = [narrow(MUL)];
