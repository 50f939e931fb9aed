// SPDX-License-Identifier: MIT
import { encodeModified } from './isa-codec.js';
import { ARITH, type Arith, COMPARE, type Compare, type PlainName, SHIFTS } from './isa-names.js';
import type { Machine, Meaning, ShiftKind } from './semantics-domain.js';

/** Data processing. Operand order as in isa-names.ts. */

/** Writes a destination register. SP's low two bits are always zero. */
export function put<V, B>(m: Machine<V, B>, r: number, value: V): void {
  m.set(r, r === 13 ? m.d.and(value, m.d.const(~3)) : value);
}

function flagsNZ<V, B>(m: Machine<V, B>, r: V): void {
  m.n = m.d.isNegative(r);
  m.z = m.d.isZero(r);
}

/** Second operand with the carry that its shifter gives out; `carry` is only asked for where it is used. */
interface Second<V, B> {
  value: V;
  carry: () => B;
}

type Fetch = <V, B>(m: Machine<V, B>, o: readonly number[], at: number) => Second<V, B>;

const plain: Fetch = (m, o, at) => ({ value: m.get(o[at]!), carry: () => m.c });
const shiftedBy =
  (kind: ShiftKind): Fetch =>
  (m, o, at) => {
    const a = m.get(o[at]!);
    const n = m.d.const(o[at + 1]!);
    return { value: m.d.shift(kind, a, n), carry: () => m.d.shiftCarry(kind, a, n, m.c) };
  };
/** A rotated immediate gives its top bit out (ThumbExpandImm_C), a plain or replicated one leaves the carry. */
const immediate: Fetch = (m, o, at) => {
  const value = o[at]!;
  return {
    value: m.d.const(value),
    carry: () => ((encodeModified(value) ?? 0) >= 0x400 ? m.d.bool((value | 0) < 0) : m.c),
  };
};

/** Result of an operation; `set` sets the flags, with the shifter's carry where the operation is a logical one. */
type Operation = <V, B>(m: Machine<V, B>, a: V, b: Second<V, B>, set: boolean) => V;

const sum =
  (invertA: boolean, invertB: boolean, carryIn: boolean | null): Operation =>
  (m, a, b, set) => {
    const d = m.d;
    const x = invertA ? d.not(a) : a;
    const y = invertB ? d.not(b.value) : b.value;
    const c = carryIn === null ? m.c : d.bool(carryIn);
    const r = d.adc(x, y, c);
    if (set) {
      const carry = d.carry(x, y, c);
      m.v = d.overflow(x, y, c);
      m.c = carry;
      flagsNZ(m, r);
    }
    return r;
  };

const logic =
  (op: <V, B>(m: Machine<V, B>, a: V, b: V) => V): Operation =>
  (m, a, b, set) => {
    const r = op(m, a, b.value);
    if (set) {
      m.c = b.carry();
      flagsNZ(m, r);
    }
    return r;
  };

const and = logic((m, a, b) => m.d.and(a, b));
const eor = logic((m, a, b) => m.d.xor(a, b));
const add = sum(false, false, false);
const sub = sum(false, true, true);

const OPERATIONS = {
  and,
  orr: logic((m, a, b) => m.d.or(a, b)),
  eor,
  bic: logic((m, a, b) => m.d.and(a, m.d.not(b))),
  orn: logic((m, a, b) => m.d.or(a, m.d.not(b))),
  add,
  adc: sum(false, false, null),
  sub,
  sbc: sum(false, true, null),
  rsb: sum(true, false, true),
} as const satisfies Record<Arith, Operation>;

const COMPARISONS = { cmp: sub, cmn: add, tst: and, teq: eor } as const satisfies Record<Compare, Operation>;

const FORMS: readonly (readonly [suffix: string, Fetch])[] = [
  ['', plain],
  ['.i', immediate],
  ...SHIFTS.map((s) => [`.${s}`, shiftedBy(s)] as const),
];

/** The names of a family, as the type of its table. */
type Family<N extends string> = Record<N, Meaning>;
type Form = '' | '.i' | `.${ShiftKind}`;
type ArithNames = `${Arith}${'' | 's'}${Form}`;
type CompareNames = `${Compare}${Form}`;
type MvnNames = `mvn${'' | 's'}${Form}`;

const arith = Object.fromEntries(
  ARITH.flatMap((name) =>
    [false, true].flatMap((set) =>
      FORMS.map(([suffix, fetch]): [string, Meaning] => [
        `${name}${set ? 's' : ''}${suffix}`,
        (m, o) => put(m, o[0]!, OPERATIONS[name](m, m.get(o[1]!), fetch(m, o, 2), set)),
      ]),
    ),
  ),
) as Family<ArithNames>;

const compare = Object.fromEntries(
  COMPARE.flatMap((name) =>
    FORMS.map(([suffix, fetch]): [string, Meaning] => [
      `${name}${suffix}`,
      (m, o) => {
        COMPARISONS[name](m, m.get(o[0]!), fetch(m, o, 1), true);
      },
    ]),
  ),
) as Family<CompareNames>;

const second: Operation = logic((_, __, b) => b);
const inverted: Operation = logic((m, _, b) => m.d.not(b));

const move =
  (op: Operation, fetch: Fetch, set: boolean): Meaning =>
  (m, o) =>
    put(m, o[0]!, op(m, m.d.const(0), fetch(m, o, 1), set));

const mvn = Object.fromEntries(
  [false, true].flatMap((set) =>
    FORMS.map(([suffix, fetch]): [string, Meaning] => [`mvn${set ? 's' : ''}${suffix}`, move(inverted, fetch, set)]),
  ),
) as Family<MvnNames>;

/** Shift by the low byte of a register. */
const shiftReg =
  (kind: ShiftKind, set: boolean): Meaning =>
  (m, o) => {
    const a = m.get(o[1]!);
    const n = m.d.and(m.get(o[2]!), m.d.const(255));
    const r = m.d.shift(kind, a, n);
    if (set) {
      m.c = m.d.shiftCarry(kind, a, n, m.c);
      flagsNZ(m, r);
    }
    m.set(o[0]!, r);
  };

type ShiftNames = `${ShiftKind}${'' | 's'}${'' | '.i'}`;
const shifts = Object.fromEntries(
  SHIFTS.flatMap((kind) =>
    [false, true].flatMap((set): [string, Meaning][] => [
      [`${kind}${set ? 's' : ''}`, shiftReg(kind, set)],
      [`${kind}${set ? 's' : ''}.i`, move(second, shiftedBy(kind), set)],
    ]),
  ),
) as Family<ShiftNames>;

const rrx =
  (set: boolean): Meaning =>
  (m, o) => {
    const d = m.d;
    const a = m.get(o[1]!);
    const top = d.ite(m.c, d.const(0x80000000), d.const(0));
    const r = d.or(d.shift('lsr', a, d.const(1)), top);
    if (set) {
      m.c = d.negate(d.isZero(d.and(a, d.const(1))));
      flagsNZ(m, r);
    }
    m.set(o[0]!, r);
  };

const mul =
  (set: boolean): Meaning =>
  (m, o) => {
    const r = m.d.mul(m.get(o[1]!), m.get(o[2]!));
    // C and V stay (ARMv7-M MUL).
    if (set) flagsNZ(m, r);
    m.set(o[0]!, r);
  };

/** (rdlo, rdhi) = rn * rm + addends, each a pair of low and high word. */
const long =
  (signed: boolean, addends: 'none' | 'pair' | 'words'): Meaning =>
  (m, o) => {
    const d = m.d;
    const [a, b] = [m.get(o[2]!), m.get(o[3]!)];
    let lo = d.mul(a, b);
    let hi = signed ? d.smulh(a, b) : d.umulh(a, b);
    if (addends !== 'none') {
      const [l, h] = [m.get(o[0]!), m.get(o[1]!)];
      const no = d.bool(false);
      const zero = d.const(0);
      const c = d.carry(lo, l, no);
      lo = d.adc(lo, l, no);
      if (addends === 'pair') hi = d.adc(hi, h, c);
      else {
        hi = d.adc(hi, zero, c);
        hi = d.adc(hi, zero, d.carry(lo, h, no));
        lo = d.adc(lo, h, no);
      }
    }
    m.set(o[0]!, lo);
    m.set(o[1]!, hi);
  };

type Unary = <V, B>(m: Machine<V, B>, a: V) => V;
const unary =
  (op: Unary): Meaning =>
  (m, o) =>
    m.set(o[0]!, op(m, m.get(o[1]!)));
const swapHalves: Unary = (m, a) => m.d.shift('ror', m.d.rev(a), m.d.const(16));
const ones = (width: number): number => (width === 32 ? 0xffffffff : 2 ** width - 1);

const field =
  (signed: boolean): Meaning =>
  (m, o) => {
    const [, , lsb, width] = o as [number, number, number, number];
    const d = m.d;
    const up = d.shift('lsl', m.get(o[1]!), d.const(32 - lsb - width));
    m.set(o[0]!, d.shift(signed ? 'asr' : 'lsr', up, d.const(32 - width)));
  };

/** rd with the bits of `from` in its field. */
function insert<V, B>(m: Machine<V, B>, rd: number, from: V, lsb: number, width: number): void {
  const d = m.d;
  const mask = ones(width) * 2 ** lsb;
  const bits = d.and(d.shift('lsl', from, d.const(lsb)), d.const(mask));
  m.set(rd, d.or(d.and(m.get(rd), d.not(d.const(mask))), bits));
}

const singles = {
  mov: move(second, plain, false),
  movs: move(second, plain, true),
  'mov.i': move(second, immediate, false),
  'movs.i': move(second, immediate, true),
  movw: move(second, immediate, false),
  movt: (m, o) => {
    const d = m.d;
    m.set(o[0]!, d.or(d.and(m.get(o[0]!), d.const(0xffff)), d.const(o[1]! * 65536)));
  },
  rrx: rrx(false),
  rrxs: rrx(true),
  mul: mul(false),
  muls: mul(true),
  mla: (m, o) => {
    const d = m.d;
    m.set(o[0]!, d.adc(d.mul(m.get(o[1]!), m.get(o[2]!)), m.get(o[3]!), d.bool(false)));
  },
  mls: (m, o) => {
    const d = m.d;
    m.set(o[0]!, d.adc(m.get(o[3]!), d.not(d.mul(m.get(o[1]!), m.get(o[2]!))), d.bool(true)));
  },
  umull: long(false, 'none'),
  smull: long(true, 'none'),
  umlal: long(false, 'pair'),
  smlal: long(true, 'pair'),
  umaal: long(false, 'words'),
  udiv: (m, o) => m.set(o[0]!, m.d.udiv(m.get(o[1]!), m.get(o[2]!))),
  sdiv: (m, o) => m.set(o[0]!, m.d.sdiv(m.get(o[1]!), m.get(o[2]!))),
  rev: unary((m, a) => m.d.rev(a)),
  rev16: unary(swapHalves),
  revsh: unary((m, a) => m.d.sext(swapHalves(m, a), 16)),
  rbit: unary((m, a) => m.d.rbit(a)),
  clz: unary((m, a) => m.d.clz(a)),
  sxtb: unary((m, a) => m.d.sext(a, 8)),
  sxth: unary((m, a) => m.d.sext(a, 16)),
  uxtb: unary((m, a) => m.d.and(a, m.d.const(0xff))),
  uxth: unary((m, a) => m.d.and(a, m.d.const(0xffff))),
  ubfx: field(false),
  sbfx: field(true),
  bfi: (m, o) => insert(m, o[0]!, m.get(o[1]!), o[2]!, o[3]!),
  bfc: (m, o) => insert(m, o[0]!, m.d.const(0), o[1]!, o[2]!),
} as const satisfies Partial<Record<PlainName, Meaning>>;

export const DATA_MEANINGS = { ...arith, ...compare, ...mvn, ...shifts, ...singles } as const;
