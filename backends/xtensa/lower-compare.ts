// SPDX-License-Identifier: MIT
import type { Asm, Label } from '../../compiler/codegen/machine.js';
import type { Operand, Selector } from '../../compiler/codegen/select.js';
import { SWAPPED } from '../../compiler/ir/arith.js';
import type { Cond, Inst, Value } from '../../compiler/ir/ir.js';
import { SCRATCH } from './abi.js';
import { COMPLEMENT, jumpTest, notTest, prepared, type Test, test32, testConstant, testEqual } from './lower-test.js';

/** A comparison ready to be part of a machine instruction. */
export interface Compare {
  /** Name for listings. */
  readonly name: string;
  readonly operands: readonly Operand[];
  /** Jumps to `label` if the comparison is `holds`, else falls through. Writes no register but the scratch register. */
  readonly jump: (ops: readonly number[], holds: boolean, label: Label, asm: Asm) => void;
  /** The one test it consists of. */
  readonly test: Test | null;
}

const single = (t: Test): Compare => ({
  name: t.branch,
  operands: t.operands,
  jump: (ops, holds, label, asm) => jumpTest(t, ops, holds, label, asm),
  test: t,
});

/** The opposite comparison. */
export const not = (c: Compare): Compare =>
  c.test
    ? single(notTest(c.test))
    : { ...c, name: `not.${c.name}`, jump: (ops, holds, label, asm) => c.jump(ops, !holds, label, asm) };

const isZero = (s: Selector, v: Value): boolean => s.constOf(v) === 0;

/** a `cond` b on 32-bit values. */
export function compare32(s: Selector, cond: Cond, a: Value, b: Value): Compare {
  const inner = (cond === 'eq' || cond === 'ne') && isZero(s, b) ? s.foldCondition(a) : undefined;
  if (inner) return cond === 'ne' ? compareOf(s, inner) : not(compareOf(s, inner));
  return single(test32(s, cond, a, b));
}

/** The comparison that an icmp or icmp64 makes. */
export function compareOf(s: Selector, inst: Inst): Compare {
  const cond = inst.cond!;
  return inst.op === 'icmp' ? compare32(s, cond, inst.args[0]!, inst.args[1]!) : compare64(s, cond, inst.args);
}

/** (al, ah) `cond` (bl, bh) on lane pairs. */
export function compare64(s: Selector, cond: Cond, args: readonly Value[]): Compare {
  const [al, ah, bl, bh] = args as [Value, Value, Value, Value];
  const isConst = (v: Value): boolean => s.constOf(v) !== undefined;
  if (isConst(al) && isConst(ah) && !(isConst(bl) && isConst(bh))) {
    return compare64(s, SWAPPED[cond], [bl, bh, al, ah]);
  }
  switch (cond) {
    case 'set':
      return testLanes(s, al, ah, bl, bh);
    case 'nset':
      return not(testLanes(s, al, ah, bl, bh));
    case 'ne':
      return differLanes(s, al, ah, bl, bh);
    case 'eq':
      return not(differLanes(s, al, ah, bl, bh));
    case 'ult':
    case 'slt':
      return below(s, cond, al, ah, bl, bh);
    case 'uge':
    case 'sge':
      return not(below(s, COMPLEMENT[cond], al, ah, bl, bh));
    case 'ule':
    case 'sle':
      return not(above(s, cond === 'sle' ? 'sgt' : 'ugt', al, ah, bl, bh));
    case 'ugt':
    case 'sgt':
      return above(s, cond, al, ah, bl, bh);
  }
}

/** A comparison of several tests. Operands of each are a stretch of all operands. */
function joined(name: string, tests: readonly Test[], jump: (t: Joined) => void): Compare {
  const starts: number[] = [];
  const operands: Operand[] = [];
  for (const t of tests) {
    starts.push(operands.length);
    operands.push(...t.operands);
  }
  return {
    name,
    operands,
    test: null,
    jump: (ops, holds, label, asm) => {
      const end = asm.newLabel();
      const go = (i: number, sense: boolean, to: Label): void => {
        const at = starts[i]!;
        jumpTest(tests[i]!, ops.slice(at, at + tests[i]!.operands.length), sense, to, asm);
      };
      jump({ holds, label, end, go });
      asm.bind(end);
    },
  };
}

interface Joined {
  readonly holds: boolean;
  readonly label: Label;
  /** Falls through. */
  readonly end: Label;
  /** Jumps to `to` if test i is `sense`. */
  go(i: number, sense: boolean, to: Label): void;
}

/** One of two tests holds. */
const anyOf = (name: string, x: Test, y: Test): Compare =>
  joined(name, [x, y], ({ holds, label, end, go }) => {
    go(0, true, holds ? label : end);
    go(1, holds, label);
  });

function testLanes(s: Selector, al: Value, ah: Value, bl: Value, bh: Value): Compare {
  if ([al, bl].some((v) => isZero(s, v))) return single(test32(s, 'set', ah, bh));
  if ([ah, bh].some((v) => isZero(s, v))) return single(test32(s, 'set', al, bl));
  return anyOf('set64', test32(s, 'set', al, bl), test32(s, 'set', ah, bh));
}

function differLanes(s: Selector, al: Value, ah: Value, bl: Value, bh: Value): Compare {
  if (isZero(s, bl) && isZero(s, bh)) {
    return single(prepared('bnez', ([l, h], asm) => asm.inst('or', SCRATCH, l!, h!), s.use(al), s.use(ah)));
  }
  if (sameConstant(s, ah, bh)) return compare32(s, 'ne', al, bl);
  if (sameConstant(s, al, bl)) return compare32(s, 'ne', ah, bh);
  return anyOf('ne64', test32(s, 'ne', al, bl), test32(s, 'ne', ah, bh));
}

/** a < b on pairs. */
function below(s: Selector, cond: 'ult' | 'slt', al: Value, ah: Value, bl: Value, bh: Value): Compare {
  // Equal high lanes: the low lanes decide, as unsigned numbers whatever the sign of the whole.
  if (sameConstant(s, ah, bh)) return compare32(s, 'ult', al, bl);
  if (isZero(s, bl)) return single(test32(s, cond, ah, bh));
  return ordered(s, cond, ah, bh, test32(s, 'ult', al, bl));
}

/** a > b on pairs: with a constant b as not a < b + 1, as branches take a constant on the right only. */
function above(s: Selector, cond: 'ugt' | 'sgt', al: Value, ah: Value, bl: Value, bh: Value): Compare {
  const less = cond === 'ugt' ? 'ult' : 'slt';
  const cl = s.constOf(bl);
  if (cl !== undefined && !sameConstant(s, ah, bh)) {
    if (cl === 0xffffffff) return single(test32(s, cond, ah, bh));
    const low = testConstant(s, 'ult', al, cl + 1);
    if (low) return not(ordered(s, less, ah, bh, low));
  }
  return below(s, less, bl, bh, al, ah);
}

function sameConstant(s: Selector, a: Value, b: Value): boolean {
  return s.constOf(a) !== undefined && s.constOf(a) === s.constOf(b);
}

/** ah < bh, or they are the same and `low` holds. */
function ordered(s: Selector, cond: 'ult' | 'slt', ah: Value, bh: Value, low: Test): Compare {
  const differ = test32(s, 'ne', ah, bh);
  if (cond === 'ult' && isZero(s, bh)) return not(anyOf('uge64', differ, notTest(low)));
  if (cond === 'ult' && isZero(s, ah)) return anyOf('ult64', differ, low);
  return joined(`${cond}64`, [test32(s, cond, ah, bh), differ, low], ({ holds, label, end, go }) => {
    go(0, true, holds ? label : end);
    go(1, true, holds ? end : label);
    go(2, holds, label);
  });
}

/** The comparison "v is not zero". */
export function compareNonZero(s: Selector, v: Value): Compare {
  const inner = s.foldCondition(v);
  return inner ? compareOf(s, inner) : single(notTest(testEqual(s, v, 0)!));
}

/**
 * How rd = 1 or 0 by a single test is computed without a branch, or null. The operands are read before rd is written.
 */
export function withoutBranch(
  s: Selector,
  c: Compare,
): ((rd: number, ops: readonly number[], asm: Asm) => void) | null {
  if (!c.test) return null;
  const { branch, prepare } = c.test;
  /** What is tested, in some register. */
  const tested = (ops: readonly number[], asm: Asm): number => {
    prepare?.(ops, asm);
    return prepare ? SCRATCH : ops[0]!;
  };
  switch (branch) {
    case 'bltz':
      return (rd, ops, asm) => asm.inst('extui', rd, tested(ops, asm), 31, 1);
    case 'bgez':
      return (rd, ops, asm) => {
        asm.inst('srai', rd, tested(ops, asm), 31);
        asm.inst('addi', rd, rd, 1);
      };
    case 'bbsi':
      return (rd, [r, bit], asm) => asm.inst('extui', rd, r!, bit!, 1);
    case 'beqz':
      if (!s.features.nsa) return null;
      return (rd, ops, asm) => {
        asm.inst('nsau', rd, tested(ops, asm));
        asm.inst('srli', rd, rd, 5);
      };
    case 'bnez':
      if (!s.features.minmax) return null;
      return (rd, ops, asm) => {
        const r = tested(ops, asm);
        const one = r === SCRATCH ? rd : SCRATCH;
        asm.inst('movi', one, 1);
        asm.inst('minu', rd, r, one);
      };
    default:
      return null;
  }
}

/** rd = 1 if the comparison holds, else 0; rd is none of the operands. */
export function materialise(c: Compare, rd: number, ops: readonly number[], asm: Asm): void {
  const end = asm.newLabel();
  asm.inst('movi', rd, 1);
  c.jump(ops, true, end, asm);
  asm.inst('movi', rd, 0);
  asm.bind(end);
}

/** Conditional moves by a register against zero. */
const MOVES = { beqz: 'moveqz', bnez: 'movnez', bltz: 'movltz', bgez: 'movgez' } as const;

/** rd = rs if the comparison holds, by a conditional move; or null if there is none for it. */
export function moveIf(c: Compare): ((rd: number, rs: number, ops: readonly number[], asm: Asm) => void) | null {
  if (!c.test) return null;
  const { branch, prepare } = c.test;
  if (!(branch in MOVES)) return null;
  const name = MOVES[branch as keyof typeof MOVES];
  return (rd, rs, ops, asm) => {
    prepare?.(ops, asm);
    asm.inst(name, rd, rs, prepare ? SCRATCH : ops[0]!);
  };
}
