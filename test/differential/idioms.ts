// SPDX-License-Identifier: MIT
import type { AluOp, Source, Width } from '../../compiler/bpf/program.js';
import type { Writing } from './writing.js';

/**
 * Short sequences that compilers write and that selectors look for: each of them is one instruction somewhere. Random single operations
 * hardly ever come together so.
 */

interface Registers {
  readonly x: number;
  readonly y: number;
  /** Changed on the way; not x or y. */
  readonly t: number;
  readonly width: Width;
}

type Idiom = (w: Writing, registers: Registers) => void;

const imm = (n: number): Source => ({ kind: 'imm', imm: n });
const reg = (n: number): Source => ({ kind: 'reg', reg: n });

function alu(w: Writing, op: AluOp, width: Width, dst: number, src: Source): void {
  w.put({ kind: 'alu', op, width, dst, src });
}

function copy(w: Writing, { t, y, width }: Registers): void {
  alu(w, 'mov', width, t, reg(y));
}

/** Bits [low, low + count). */
const field = (low: number, count: number): number =>
  Number(BigInt.asIntN(32, ((1n << BigInt(count)) - 1n) << BigInt(low)));

const IDIOMS: readonly Idiom[] = [
  // Rotation, by the right sum of amounts or nearly so.
  (w, { x, t, width }) => {
    const left = w.r.between(1, width - 1);
    alu(w, 'mov', width, t, reg(x));
    alu(w, 'lsh', width, t, imm(left));
    alu(w, w.r.chance(85) ? 'rsh' : 'arsh', width, x, imm(w.r.chance(80) ? width - left : w.r.below(width)));
    alu(w, w.r.pick(['or', 'or', 'add', 'xor'] as const), width, x, reg(t));
  },
  // A field, with its sign or without.
  (w, { x, width }) => {
    const left = w.r.below(width);
    alu(w, 'lsh', width, x, imm(left));
    alu(
      w,
      w.r.pick(['rsh', 'arsh'] as const),
      width,
      x,
      imm(w.r.chance(80) ? w.r.between(left, width - 1) : w.r.below(width)),
    );
  },
  (w, { x, width }) => {
    alu(w, w.r.pick(['rsh', 'arsh'] as const), width, x, imm(w.r.below(width)));
    alu(w, 'and', width, x, imm(field(0, w.r.between(1, 31))));
  },
  (w, { x, width }) => {
    alu(w, 'and', width, x, imm(field(w.r.below(8), w.r.between(1, 24))));
    alu(w, w.r.pick(['lsh', 'rsh'] as const), width, x, imm(w.r.below(16)));
  },
  // Bits cleared, set, turned around; and a field put in.
  (w, { x, width }) => {
    const low = w.r.below(31);
    const bits = field(low, w.r.between(1, 32 - low));
    const op = w.r.pick(['and', 'or', 'xor'] as const);
    alu(w, op, width, x, imm(w.r.chance(50) ? bits : ~bits));
  },
  (w, registers) => {
    const { x, t, width } = registers;
    const low = w.r.below(24);
    const bits = field(low, w.r.between(1, 31 - low));
    copy(w, registers);
    alu(w, 'lsh', width, t, imm(low));
    alu(w, 'and', width, t, imm(bits));
    alu(w, 'and', width, x, imm(~bits));
    alu(w, 'or', width, x, reg(t));
  },
  // And, or with what is turned around.
  (w, registers) => {
    const { x, t, width } = registers;
    copy(w, registers);
    if (w.r.chance(40)) alu(w, w.r.pick(['lsh', 'rsh', 'arsh'] as const), width, t, imm(w.r.below(width)));
    alu(w, 'xor', width, t, imm(-1));
    alu(w, w.r.pick(['and', 'or', 'xor'] as const), width, x, reg(t));
  },
  // A product added or taken away.
  (w, registers) => {
    const { x, t, width } = registers;
    copy(w, registers);
    alu(w, 'mul', width, t, w.source());
    alu(w, w.r.pick(['add', 'sub'] as const), width, x, reg(t));
  },
  // The whole product of two halves.
  (w, { x, y, t }) => {
    const signed = w.r.chance(50);
    const wide = (dst: number, src: number): void =>
      signed ? w.put({ kind: 'movsx', width: 64, from: 32, dst, src }) : alu(w, 'mov', 32, dst, reg(src));
    wide(t, y);
    wide(x, x);
    alu(w, 'mul', 64, x, reg(t));
    if (w.r.chance(50)) alu(w, signed ? 'arsh' : 'rsh', 64, x, imm(32));
  },
  // An operand shifted first.
  (w, registers) => {
    const { x, t, width } = registers;
    copy(w, registers);
    alu(w, w.r.pick(['lsh', 'rsh', 'arsh'] as const), width, t, imm(w.r.below(width)));
    alu(w, w.r.pick(['add', 'sub', 'and', 'or', 'xor'] as const), width, x, reg(t));
  },
  // Byte order with a sign, or of one half.
  (w, { x }) => {
    const bits = w.r.pick([16, 32] as const);
    w.put({ kind: 'endian', op: 'swap', bits, dst: x });
    if (bits === 16 || w.r.chance(50)) w.put({ kind: 'movsx', width: 64, from: bits, dst: x, src: x });
    else alu(w, 'rsh', 64, x, imm(16));
  },
  // Two halves joined, or parted.
  (w, { x, y, t }) => {
    alu(w, 'mov', 32, t, reg(y));
    alu(w, 'lsh', 64, x, imm(32));
    alu(w, w.r.pick(['or', 'add'] as const), 64, x, reg(t));
  },
  // Small and large by comparison, and what is 0 or 1.
  (w, { x, y, width }) => {
    const end = w.labels++;
    const cond = w.r.pick(['gt', 'lt', 'sgt', 'slt', 'ge', 'sle'] as const);
    w.put({ kind: 'branch', cond, width, dst: x, src: reg(y), target: end });
    alu(w, 'mov', width, x, reg(y));
    w.label(end);
  },
  (w, { x, y, t, width }) => {
    const end = w.labels++;
    const cond = w.r.pick(['eq', 'ne', 'gt', 'lt', 'sgt', 'slt', 'set'] as const);
    alu(w, 'mov', 64, t, imm(w.r.pick([0, 1, -1])));
    const src = w.r.chance(50) ? reg(y) : imm(w.r.pick([0, 0, 1, -1, 0x7fffffff, -0x80000000]));
    w.put({ kind: 'branch', cond, width, dst: x, src, target: end });
    alu(w, 'mov', 64, t, imm(w.r.pick([0, 1])));
    w.label(end);
    alu(w, w.r.pick(['mov', 'add', 'xor'] as const), 64, x, reg(t));
  },
  // The sign alone, and the amount without it.
  (w, { x, t, width }) => {
    alu(w, 'mov', width, t, reg(x));
    alu(w, 'arsh', width, t, imm(width - 1));
    alu(w, 'xor', width, x, reg(t));
    alu(w, 'sub', width, x, reg(t));
  },
];

/** One of them; false if there are not enough registers. */
export function idiom(w: Writing): boolean {
  const x = w.changeable();
  const t = x === undefined ? undefined : w.scalarTarget(x);
  if (x === undefined || t === undefined) return false;
  const others = w.with('scalar').filter((n) => n !== t);
  const y = w.r.pick(others);
  w.r.pick(IDIOMS)(w, { x, y, t, width: w.r.pick([32, 64]) });
  w.holds[t] = w.holds[t] === 'scalar' ? 'scalar' : 'nothing';
  return true;
}
