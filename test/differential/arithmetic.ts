// SPDX-License-Identifier: MIT
import type { AluOp, JumpCond, Source, Width } from '../../compiler/bpf/program.js';
import { idiom } from './idioms.js';
import { load } from './memory.js';
import { pair } from './pairs.js';
import type { Writing } from './writing.js';

const ALU: readonly AluOp[] = [
  'add',
  'sub',
  'mul',
  'div',
  'sdiv',
  'or',
  'and',
  'lsh',
  'rsh',
  'neg',
  'mod',
  'smod',
  'xor',
  'mov',
  'arsh',
];
const DIVISIONS = ['div', 'sdiv', 'mod', 'smod'] as const;
const CONDITIONS: readonly JumpCond[] = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sgt', 'sge', 'slt', 'sle', 'set'];
/** What comparisons are often with. */
const LIMITS = [0, 0, 1, -1, 7, 8, 15, 16, 255, 256, 2047, 2048, 0x7fffffff, -0x80000000] as const;
/** Divisors that a selector may treat apart. */
const DIVISORS = [0, 1, -1, 2, -2, 3, 7, 8, -8, 10, 255, 256, 1000, 0x7fffffff, -0x80000000] as const;

/** A new scalar from a constant or memory. */
export function define(w: Writing): void {
  const dst = w.scalarTarget();
  if (dst === undefined) return;
  if (w.r.chance(40)) w.constant(dst);
  else if (!load(w, dst)) w.imm(dst, w.r.i32());
}

/** A division by an interesting constant, or of the least number by one in a register. */
function divide(w: Writing, dst: number): void {
  const { r } = w;
  const width: Width = r.pick([32, 64]);
  const op = r.pick(DIVISIONS);
  const divisor = r.pick(DIVISORS);
  if (r.chance(30))
    w.put({ kind: 'lddw', dst, imm: r.pick([1n << 63n, 1n << 31n, 0xffffffff80000000n, (1n << 64n) - 1n]) });
  const by = r.chance(40) ? w.scalarTarget(dst) : undefined;
  let src: Source = { kind: 'imm', imm: divisor };
  if (by !== undefined) {
    w.imm(by, divisor);
    src = { kind: 'reg', reg: by };
  }
  w.put({ kind: 'alu', op, width, dst, src });
}

/** One operation on registers; sometimes a few that belong together. */
export function arithmetic(w: Writing): void {
  const { r } = w;
  const dst = w.changeable();
  if (dst === undefined) {
    define(w);
    return;
  }
  if (r.chance(15) && idiom(w)) return;
  if (r.chance(2) && pair(w)) return;
  const width: Width = r.pick([32, 64]);
  switch (r.below(12)) {
    case 0: {
      const from = width === 64 ? r.pick([8, 16, 32] as const) : r.pick([8, 16] as const);
      w.put({ kind: 'movsx', width, from, dst, src: w.scalar() });
      return;
    }
    case 1: {
      const op = r.pick(['le', 'be', 'swap'] as const);
      w.put({ kind: 'endian', op, bits: r.pick([16, 32, 64] as const), dst });
      return;
    }
    case 2:
      divide(w, dst);
      return;
  }
  const op = r.pick(ALU);
  let src = op === 'neg' ? ({ kind: 'imm', imm: 0 } as const) : w.source();
  // Immediate amounts beyond the width are legal but refused by other verifiers; amounts in registers are any.
  if ((op === 'lsh' || op === 'rsh' || op === 'arsh') && src.kind === 'imm') src = { kind: 'imm', imm: r.below(width) };
  w.put({ kind: 'alu', op, width, dst, src });
}

/** Condition of a branch on scalars; often against a number at which selection differs. */
export function condition(w: Writing): { cond: JumpCond; width: Width; dst: number; src: Source } {
  const { r } = w;
  const src: Source = r.chance(25) ? { kind: 'imm', imm: r.pick(LIMITS) } : w.source();
  return { cond: r.pick(CONDITIONS), width: r.pick([32, 64]), dst: w.scalar(), src };
}
