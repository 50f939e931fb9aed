// SPDX-License-Identifier: MIT
import type { JumpCond, Source } from '../../compiler/bpf/program.js';
import type { Writing } from './writing.js';

/**
 * 64-bit numbers that have one 32-bit lane in common, compared, put together afresh and compared again: what a compiler that works on lanes
 * knows of one comparison must not be taken for the other.
 */

const reg = (n: number): Source => ({ kind: 'reg', reg: n });
const imm = (n: number): Source => ({ kind: 'imm', imm: n });

const ORDERS: readonly JumpCond[] = ['gt', 'ge', 'lt', 'le', 'sgt', 'sge', 'slt', 'sle'];
const CONDITIONS: readonly JumpCond[] = [...ORDERS, ...ORDERS, 'eq', 'ne', 'set'];

interface Registers {
  readonly a: number;
  readonly b: number;
  /** Low lane, where the two share it. */
  readonly t: number;
  /** What both are made of. */
  readonly x: number;
}

/** Makes the two numbers; gives what makes one of them afresh out of itself and `t`, with the same value. */
type Pair = (w: Writing, registers: Registers) => (n: number) => void;

function shift(w: Writing, op: 'lsh' | 'rsh' | 'arsh', n: number): void {
  w.put({ kind: 'alu', op, width: 64, dst: n, src: imm(32) });
}

function move(w: Writing, width: 32 | 64, dst: number, src: Source): void {
  w.put({ kind: 'alu', op: 'mov', width, dst, src });
}

/** A number for the other lane: small ones are often next to each other. */
function half(w: Writing, dst: number): void {
  move(w, 64, dst, w.r.chance(60) ? imm(w.r.pick([-2, -1, 0, 1, 2, 3, 0x7fffffff, -0x80000000])) : w.source());
}

function join(w: Writing, dst: number, low: number): void {
  shift(w, 'lsh', dst);
  w.put({ kind: 'alu', op: w.r.pick(['or', 'or', 'add', 'xor'] as const), width: 64, dst, src: reg(low) });
}

const PAIRS: readonly Pair[] = [
  // The same low lane.
  (w, { a, b, t, x }) => {
    move(w, 32, t, reg(x));
    half(w, a);
    half(w, b);
    join(w, a, t);
    join(w, b, t);
    return (n) => {
      shift(w, w.r.pick(['rsh', 'arsh'] as const), n);
      join(w, n, t);
    };
  },
  // The same high lane.
  (w, { a, b, t, x }) => {
    for (const n of [a, b]) {
      half(w, t);
      move(w, 32, t, reg(t));
      move(w, 64, n, reg(x));
      shift(w, 'rsh', n);
      join(w, n, t);
    }
    return (n) => {
      move(w, 32, t, reg(n));
      shift(w, 'rsh', n);
      join(w, n, t);
    };
  },
  // One number, with zeros above it and with its sign.
  (w, { a, b, t, x }) => {
    move(w, 32, t, reg(x));
    move(w, 32, a, reg(x));
    w.put({ kind: 'movsx', width: 64, from: 32, dst: b, src: x });
    return (n) => {
      if (n === a) move(w, 32, a, reg(t));
      else w.put({ kind: 'movsx', width: 64, from: 32, dst: b, src: t });
    };
  },
  // One number, and its low lane alone.
  (w, { a, b, t, x }) => {
    move(w, 32, t, reg(x));
    move(w, 64, a, reg(x));
    move(w, 32, b, reg(x));
    return (n) => {
      if (n === b) move(w, 32, b, reg(t));
      else {
        shift(w, 'rsh', a);
        join(w, a, t);
      }
    };
  },
];

const NEGATED: Partial<Record<JumpCond, JumpCond>> = {
  ...{ gt: 'le', ge: 'lt', lt: 'ge', le: 'gt', eq: 'ne', ne: 'eq' },
  ...{ sgt: 'sle', sge: 'slt', slt: 'sge', sle: 'sgt' },
};

/** Compares such numbers two or three times; false if there are not enough registers. */
export function pair(w: Writing): boolean {
  const { r } = w;
  const x = w.scalar();
  const taken = [x];
  for (let i = 0; i < 4; i++) {
    const next = w.scalarTarget(...taken);
    if (next === undefined) return false;
    taken.push(next);
  }
  const [, a, b, t, sum] = taken as [number, number, number, number, number];
  const afresh = r.pick(PAIRS)(w, { a, b, t, x });
  w.imm(sum, r.below(8));
  for (const n of [a, b, t]) w.holds[n] = 'scalar';
  const first = r.pick(CONDITIONS);
  const again = (): void => {
    for (const n of [a, b]) if (r.chance(40)) afresh(n);
  };
  const compare = (cond: JumpCond, target: number): void => {
    const [p, q] = r.chance(50) ? [a, b] : [b, a];
    w.put({ kind: 'branch', cond, width: r.chance(85) ? 64 : 32, dst: p, src: reg(q), target });
  };
  const another = (): JumpCond => r.pick([first, first, NEGATED[first] ?? first, r.pick(CONDITIONS)]);
  const add = (n: number): void => w.addImm(sum, n);
  const [yes, end] = [w.labels++, w.labels++];
  compare(first, yes);
  add(16);
  again();
  compare(another(), end);
  add(32);
  w.put({ kind: 'jump', target: end });
  w.label(yes);
  again();
  compare(another(), end);
  add(64);
  w.label(end);
  return true;
}
