// SPDX-License-Identifier: MIT
import {
  type Branch,
  type LOOPS,
  type Load,
  type Name,
  SPECIALS,
  type Special,
  type SpecialName,
  type Store,
} from './isa-names.js';
import type { Domain, Machine, Meaning } from './semantics-domain.js';

/**
 * What each instruction does, once, for the simulator and whoever else reasons about text. Operand order as in isa-names.ts.
 * Source: Xtensa Instruction Set Architecture Reference Manual, chapter 6.
 */
export type { Domain, Machine, Meaning } from './semantics-domain.js';

type One = <V, B>(d: Domain<V, B>, a: V) => V;
type Two = <V, B>(d: Domain<V, B>, a: V, b: V) => V;
type Condition = <V, B>(d: Domain<V, B>, a: V, b: V) => B;

const two =
  (op: Two): Meaning =>
  (m, o) =>
    m.set(o[0]!, op(m.d, m.get(o[1]!), m.get(o[2]!)));
const one =
  (op: One): Meaning =>
  (m, o) =>
    m.set(o[0]!, op(m.d, m.get(o[1]!)));
/** The last operand is a number. */
const constant =
  (op: Two): Meaning =>
  (m, o) =>
    m.set(o[0]!, op(m.d, m.get(o[1]!), m.d.const(o[2]!)));

const add: Two = (d, a, b) => d.add(a, b);
/** a times 2, 4 or 8, then `op`. */
const scaled =
  (shift: 1 | 2 | 3, op: Two): Two =>
  (d, a, b) =>
    op(d, d.sll(a, d.const(shift)), b);
const sub: Two = (d, a, b) => d.sub(a, b);

const eq: Condition = (d, a, b) => d.eq(a, b);
const lt: Condition = (d, a, b) => d.lt(a, b);
const ltu: Condition = (d, a, b) => d.ltu(a, b);
const not =
  (condition: Condition): Condition =>
  (d, a, b) =>
    d.negate(condition(d, a, b));
const noneSet: Condition = (d, a, b) => d.eq(d.and(a, b), d.const(0));
const allSet: Condition = (d, a, b) => d.eq(d.and(a, b), b);
const bitClear: Condition = (d, a, b) => d.eq(d.and(d.srl(a, b), d.const(1)), d.const(0));

const choose =
  (condition: Condition, swap: boolean): Two =>
  (d, a, b) =>
    d.ite(condition(d, a, b), swap ? b : a, swap ? a : b);

/** `op` of operands of which none is divided by zero. */
const divide =
  (op: Two): Meaning =>
  (m, o) =>
    m.set(o[0]!, op(m.d, m.get(o[1]!), m.divisor(m.get(o[2]!))));

/** Moves if the third register compares with zero as it should. */
const moveIf =
  (condition: Condition): Meaning =>
  (m, o) =>
    m.set(o[0]!, m.d.ite(condition(m.d, m.get(o[2]!), m.d.const(0)), m.get(o[1]!), m.get(o[0]!)));

const low16: One = (d, a) => d.and(a, d.const(0xffff));
const signed16: One = (d, a) => d.sra(d.sll(a, d.const(16)), d.const(16));
const product16 =
  (half: One): Two =>
  (d, a, b) =>
    d.mul(half(d, a), half(d, b));
/** What is left of a number without its sign: ones become zeros if it is negative. */
const magnitude: One = (d, a) => d.xor(a, d.sra(a, d.const(31)));

const shiftSet =
  (amount: One): Meaning =>
  (m, o) =>
    m.setSpecial('sar', amount(m.d, m.get(o[0]!)));
const byteBits: One = (d, a) => d.sll(d.and(a, d.const(3)), d.const(3));
const from32 =
  (amount: One): One =>
  (d, a) =>
    d.sub(d.const(32), amount(d, a));
const low5: One = (d, a) => d.and(a, d.const(31));

const effective = <V, B>(m: Machine<V, B>, o: readonly number[]): V => m.d.add(m.get(o[1]!), m.d.const(o[2]!));
const load =
  (bytes: 1 | 2 | 4, signed: boolean): Meaning =>
  (m, o) =>
    m.set(o[0]!, m.load(effective(m, o), bytes, signed));
const loads = {
  l8ui: load(1, false),
  l16ui: load(2, false),
  l32i: load(4, false),
  l16si: load(2, true),
} as const satisfies Record<Load, Meaning>;
const store =
  (bytes: 1 | 2 | 4): Meaning =>
  (m, o) =>
    m.store(effective(m, o), bytes, m.get(o[0]!));
const stores = { s8i: store(1), s16i: store(2), s32i: store(4) } as const satisfies Record<Store, Meaning>;

const branch =
  (condition: Condition): Meaning =>
  (m, o) =>
    m.jump(m.address + o[2]!, condition(m.d, m.get(o[0]!), m.get(o[1]!)));
const constantBranch =
  (condition: Condition): Meaning =>
  (m, o) =>
    m.jump(m.address + o[2]!, condition(m.d, m.get(o[0]!), m.d.const(o[1]!)));
const zeroBranch =
  (condition: Condition): Meaning =>
  (m, o) =>
    m.jump(m.address + o[1]!, condition(m.d, m.get(o[0]!), m.d.const(0)));
const branches = {
  bnone: branch(noneSet),
  bany: branch(not(noneSet)),
  beq: branch(eq),
  bne: branch(not(eq)),
  blt: branch(lt),
  bge: branch(not(lt)),
  bltu: branch(ltu),
  bgeu: branch(not(ltu)),
  ball: branch(allSet),
  bnall: branch(not(allSet)),
  bbc: branch(bitClear),
  bbs: branch(not(bitClear)),
  bbci: constantBranch(bitClear),
  bbsi: constantBranch(not(bitClear)),
  beqi: constantBranch(eq),
  bnei: constantBranch(not(eq)),
  blti: constantBranch(lt),
  bgei: constantBranch(not(lt)),
  bltui: constantBranch(ltu),
  bgeui: constantBranch(not(ltu)),
  beqz: zeroBranch(eq),
  bnez: zeroBranch(not(eq)),
  bltz: zeroBranch(lt),
  bgez: zeroBranch(not(lt)),
} as const satisfies Record<Branch, Meaning>;

/** The body up to the target, as often as the register says; behind it at once if `none` holds of register and zero. */
const loop =
  (none: Condition): Meaning =>
  (m, o) => {
    const count = m.get(o[0]!);
    m.setSpecial('lbeg', m.d.const(m.address + m.size));
    m.setSpecial('lend', m.d.const(m.address + o[1]!));
    m.setSpecial('lcount', m.d.sub(count, m.d.const(1)));
    m.jump(m.address + o[1]!, none(m.d, count, m.d.const(0)));
  };
const loops = {
  loop: loop((d) => d.bool(false)),
  loopnez: loop(eq),
  loopgtz: loop((d, a, zero) => d.negate(d.lt(zero, a))),
} as const satisfies Record<(typeof LOOPS)[number], Meaning>;

const specials = Object.fromEntries(
  (Object.keys(SPECIALS) as Special[]).flatMap((name): [SpecialName, Meaning][] => [
    [`rsr.${name}`, (m, o) => m.set(o[0]!, m.special(name))],
    [`wsr.${name}`, (m, o) => m.setSpecial(name, m.get(o[0]!))],
    [
      `xsr.${name}`,
      (m, o) => {
        const old = m.special(name);
        m.setSpecial(name, m.get(o[0]!));
        m.set(o[0]!, old);
      },
    ],
  ]),
) as Record<SpecialName, Meaning>;

const link = <V, B>(m: Machine<V, B>): void => m.set(0, m.d.const(m.address + m.size));
const nothing: Meaning = () => {};

/** One meaning per instruction name: a name without one does not compile. */
export const MEANINGS = {
  and: two((d, a, b) => d.and(a, b)),
  or: two((d, a, b) => d.or(a, b)),
  xor: two((d, a, b) => d.xor(a, b)),
  add: two(add),
  addx2: two(scaled(1, add)),
  addx4: two(scaled(2, add)),
  addx8: two(scaled(3, add)),
  sub: two(sub),
  subx2: two(scaled(1, sub)),
  subx4: two(scaled(2, sub)),
  subx8: two(scaled(3, sub)),
  neg: one((d, a) => d.sub(d.const(0), a)),
  abs: one((d, a) => d.ite(d.lt(a, d.const(0)), d.sub(d.const(0), a), a)),
  mov: one((_, a) => a),
  movi: (m, o) => m.set(o[0]!, m.d.const(o[1]!)),
  addi: constant(add),
  addmi: constant(add),
  mull: two((d, a, b) => d.mul(a, b)),
  mul16u: two(product16(low16)),
  mul16s: two(product16(signed16)),
  muluh: two((d, a, b) => d.mulhu(a, b)),
  mulsh: two((d, a, b) => d.mulh(a, b)),
  quou: divide((d, a, b) => d.divu(a, b)),
  quos: divide((d, a, b) => d.div(a, b)),
  remu: divide((d, a, b) => d.remu(a, b)),
  rems: divide((d, a, b) => d.rem(a, b)),
  min: two(choose(lt, false)),
  max: two(choose(lt, true)),
  minu: two(choose(ltu, false)),
  maxu: two(choose(ltu, true)),
  moveqz: moveIf(eq),
  movnez: moveIf(not(eq)),
  movltz: moveIf(lt),
  movgez: moveIf(not(lt)),
  slli: constant((d, a, n) => d.sll(a, n)),
  srli: constant((d, a, n) => d.srl(a, n)),
  srai: constant((d, a, n) => d.sra(a, n)),
  extui: (m, o) => m.set(o[0]!, m.d.and(m.d.srl(m.get(o[1]!), m.d.const(o[2]!)), m.d.const(2 ** o[3]! - 1))),
  ssr: shiftSet(low5),
  ssl: shiftSet(from32(low5)),
  ssa8l: shiftSet(byteBits),
  ssai: (m, o) => m.setSpecial('sar', m.d.const(o[0]!)),
  src: (m, o) => m.set(o[0]!, m.d.funnel(m.get(o[1]!), m.get(o[2]!), m.shiftAmount())),
  sll: (m, o) => m.set(o[0]!, m.d.funnel(m.get(o[1]!), m.d.const(0), m.shiftAmount())),
  srl: (m, o) => m.set(o[0]!, m.d.funnel(m.d.const(0), m.get(o[1]!), m.shiftAmount())),
  sra: (m, o) => {
    const a = m.get(o[1]!);
    m.set(o[0]!, m.d.funnel(m.d.sra(a, m.d.const(31)), a, m.shiftAmount()));
  },
  sext: (m, o) => {
    const above = m.d.const(31 - o[2]!);
    m.set(o[0]!, m.d.sra(m.d.sll(m.get(o[1]!), above), above));
  },
  clamps: (m, o) => {
    const { d } = m;
    const [least, most] = [d.const(-(2 ** o[2]!)), d.const(2 ** o[2]! - 1)];
    const a = m.get(o[1]!);
    m.set(o[0]!, d.ite(d.lt(a, least), least, d.ite(d.lt(most, a), most, a)));
  },
  nsa: one((d, a) => d.sub(d.clz(magnitude(d, a)), d.const(1))),
  nsau: one((d, a) => d.clz(a)),
  ...loads,
  ...stores,
  l32r: (m, o) => m.set(o[0]!, m.literal(m.address + o[1]!)),
  s32c1i: (m, o) => m.set(o[0]!, m.compareAndSwap(effective(m, o), m.special('scompare1'), m.get(o[0]!))),
  ...branches,
  ...loops,
  ...specials,
  j: (m, o) => m.jump(m.address + o[0]!, m.d.bool(true)),
  jx: (m, o) => m.jumpTo(m.get(o[0]!)),
  call0: (m, o) => {
    link(m);
    m.jump(m.address + o[0]!, m.d.bool(true));
  },
  callx0: (m, o) => {
    // The target first: it may be in a0.
    const target = m.get(o[0]!);
    link(m);
    m.jumpTo(target);
  },
  ret: (m) => m.jumpTo(m.get(0)),
  nop: nothing,
  memw: nothing,
  extw: nothing,
} as const satisfies Record<Exclude<Name, 'pad'>, Meaning>;
