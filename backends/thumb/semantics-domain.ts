// SPDX-License-Identifier: MIT

/**
 * What the instruction semantics are written over: a domain of 32-bit values V and truth values B, and a machine that holds
 * registers, flags and memory. The simulator uses concrete numbers; others use whatever over-approximates them.
 */
export type ShiftKind = 'lsl' | 'lsr' | 'asr' | 'ror';

export interface Domain<V, B> {
  /** The low 32 bits of a number. */
  const(n: number): V;
  bool(b: boolean): B;
  mul(a: V, b: V): V;
  /** Upper words of the unsigned and signed products. */
  umulh(a: V, b: V): V;
  smulh(a: V, b: V): V;
  /** Truncating division; 0 for a zero divisor, INT_MIN / -1 = INT_MIN. */
  udiv(a: V, b: V): V;
  sdiv(a: V, b: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  xor(a: V, b: V): V;
  not(a: V): V;
  /** Shift by 0..255 as the manual's Shift_C: amounts of 32 and more shift everything out; ror goes round. */
  shift(kind: ShiftKind, a: V, amount: V): V;
  /** Its carry out; `carry` for an amount of 0. */
  shiftCarry(kind: ShiftKind, a: V, amount: V, carry: B): B;
  /** a + b + c modulo 2^32; whether that overflows unsigned and signed (the manual's AddWithCarry). */
  adc(a: V, b: V, c: B): V;
  carry(a: V, b: V, c: B): B;
  overflow(a: V, b: V, c: B): B;
  clz(a: V): V;
  rbit(a: V): V;
  /** Reverses the four bytes. */
  rev(a: V): V;
  /** Sign-extends the low 8 or 16 bits. */
  sext(a: V, bits: number): V;
  isZero(a: V): B;
  isNegative(a: V): B;
  ite(c: B, a: V, b: V): V;
  both(a: B, b: B): B;
  either(a: B, b: B): B;
  same(a: B, b: B): B;
  negate(a: B): B;
}

export interface Machine<V, B> {
  readonly d: Domain<V, B>;
  n: B;
  z: B;
  c: B;
  v: B;
  /** Address of the instruction being done, and its size. */
  readonly address: number;
  readonly size: number;
  /** Registers 0..14. */
  get(r: number): V;
  set(r: number, value: V): void;
  /**
   * `via` says how the address came about: through a base register, or relative to PC (then it is a constant). `strict`: a
   * misaligned address faults whatever the core's settings.
   */
  load(address: V, bytes: 1 | 2 | 4, signed: boolean, via: 'base' | 'literal', strict: boolean): V;
  store(address: V, bytes: 1 | 2 | 4, value: V, strict: boolean): void;
  /** Loads a word and watches it; stores one, if it is the one watched and nothing has come between: then true. */
  loadExclusive(address: V): V;
  storeExclusive(address: V, value: V): B;
  /** Goes on at an instruction of the text if `condition` holds. */
  jump(target: number, condition: B): void;
  /** Goes on where a register or stack word says; bit 0 must be set. */
  jumpTo(target: V, how: 'bx' | 'blx' | 'pop'): void;
  startIt(cond: number, mask: number): void;
  stop(why: 'udf' | 'bkpt', imm: number): void;
}

export type Meaning = <V, B>(m: Machine<V, B>, o: readonly number[]) => void;

/** Whether condition number 0..14 holds (manual, A7.3). */
export function conditionHolds<V, B>(m: Machine<V, B>, cond: number): B {
  const d = m.d;
  let base: B;
  switch (cond >> 1) {
    case 0:
      base = m.z;
      break;
    case 1:
      base = m.c;
      break;
    case 2:
      base = m.n;
      break;
    case 3:
      base = m.v;
      break;
    case 4:
      base = d.both(m.c, d.negate(m.z));
      break;
    case 5:
      base = d.same(m.n, m.v);
      break;
    case 6:
      base = d.both(d.same(m.n, m.v), d.negate(m.z));
      break;
    case 7:
      return d.bool(true);
    default:
      throw new Error(`condition ${cond}`);
  }
  return (cond & 1) === 1 ? d.negate(base) : base;
}
