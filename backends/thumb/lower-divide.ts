// SPDX-License-Identifier: MIT
import type { Rule } from '../../compiler/codegen/lower.js';
import type { Asm } from '../../compiler/codegen/machine.js';
import type { Value } from '../../compiler/ir/ir.js';
import { SCRATCH } from './abi.js';
import { itBlock, NE } from './lower-compare.js';
import type { Selector } from './selector.js';

/**
 * x / 0 = 0 and x % 0 = x, whatever the core's settings: the divide instruction gives 0 only while CCR.DIV_0_TRP is clear, which is
 * the firmware's to decide. INT_MIN / -1 gives INT_MIN as it should (ARMv7-M manual, A7.7.127). A quotient is made in the place of
 * the divisor, a remainder in that of the dividend: there the right answer for a divisor of zero stands already.
 */
function unlessZero(rm: number, asm: Asm, then: readonly (() => void)[]): void {
  if (rm < 8) {
    const zero = asm.newLabel();
    asm.ref('cbz', zero, rm);
    for (const write of then) write();
    asm.bind(zero);
  } else {
    asm.inst('cmp.i', rm, 0);
    itBlock(
      NE,
      then.map(() => true),
      asm,
    );
    for (const write of then) write();
  }
}

/** Takes: the divide instruction of a quotient. Gives: the rule for it. */
export const divide =
  (name: 'udiv' | 'sdiv'): Rule<Selector> =>
  (s, inst) => {
    const [a, b] = inst.args as [Value, Value];
    if (s.isNonZero(b)) return s.plain(name, inst, s.def(inst.results[0]!), s.use(a), s.use(b));
    s.emit(name, inst.origin, [s.defTied(inst.results[0]!, 2), s.use(a), s.use(b)], ([d, n], asm) =>
      unlessZero(d!, asm, [() => asm.inst(name, d!, n!, d!)]),
    );
    return true;
  };

/** Takes: the divide instruction of a remainder. Gives: the rule for it. */
export const modulo =
  (name: 'udiv' | 'sdiv'): Rule<Selector> =>
  (s, inst) => {
    const [a, b] = inst.args as [Value, Value];
    const rest = (d: number, n: number, m: number, asm: Asm): (() => void)[] => [
      () => asm.inst(name, SCRATCH, n, m),
      () => asm.inst('mls', d, SCRATCH, m, n),
    ];
    if (s.isNonZero(b)) {
      s.emit(`${name}.mod`, inst.origin, [s.def(inst.results[0]!), s.use(a), s.use(b)], ([d, n, m], asm) => {
        for (const write of rest(d!, n!, m!, asm)) write();
      });
    } else {
      s.emit(`${name}.mod`, inst.origin, [s.defTied(inst.results[0]!, 1), s.use(a), s.use(b)], ([d, , m], asm) =>
        unlessZero(m!, asm, rest(d!, d!, m!, asm)),
      );
    }
    return true;
  };
