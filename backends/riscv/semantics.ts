// SPDX-License-Identifier: MIT
import { AMO, type Amo, type Branch, type Load, type PlainName, type Store } from './isa-names.js';
import { type Domain, type Machine, type Meaning, MODIFY } from './semantics-domain.js';

/**
 * What each instruction does, once, for the simulator and whoever else reasons about text. Operand order as in isa-names.ts.
 * Source: The RISC-V Instruction Set Manual, volume I, chapters RV32I, M and A.
 */
export type { Domain, Machine, Meaning } from './semantics-domain.js';

type Two = <V, B>(d: Domain<V, B>, a: V, b: V) => V;
type Condition = <V, B>(d: Domain<V, B>, a: V, b: V) => B;

const registers =
  (op: Two): Meaning =>
  (m, o) =>
    m.set(o[0]!, op(m.d, m.get(o[1]!), m.get(o[2]!)));
const immediate =
  (op: Two): Meaning =>
  (m, o) =>
    m.set(o[0]!, op(m.d, m.get(o[1]!), m.d.const(o[2]!)));

const asNumber =
  (condition: Condition): Two =>
  (d, a, b) =>
    d.ite(condition(d, a, b), d.const(1), d.const(0));

const add: Two = (d, a, b) => d.add(a, b);
const and: Two = (d, a, b) => d.and(a, b);
const or: Two = (d, a, b) => d.or(a, b);
const xor: Two = (d, a, b) => d.xor(a, b);
const sll: Two = (d, a, b) => d.sll(a, b);
const srl: Two = (d, a, b) => d.srl(a, b);
const sra: Two = (d, a, b) => d.sra(a, b);
const eq: Condition = (d, a, b) => d.eq(a, b);
const lt: Condition = (d, a, b) => d.lt(a, b);
const ltu: Condition = (d, a, b) => d.ltu(a, b);
const not =
  (condition: Condition): Condition =>
  (d, a, b) =>
    d.negate(condition(d, a, b));

const effective = <V, B>(m: Machine<V, B>, o: readonly number[]): V => m.d.add(m.get(o[1]!), m.d.const(o[2]!));

const load =
  (bytes: 1 | 2 | 4, signed: boolean): Meaning =>
  (m, o) =>
    m.set(o[0]!, m.load(effective(m, o), bytes, signed));
const loads = {
  lb: load(1, true),
  lh: load(2, true),
  lw: load(4, true),
  lbu: load(1, false),
  lhu: load(2, false),
} as const satisfies Record<Load, Meaning>;

const store =
  (bytes: 1 | 2 | 4): Meaning =>
  (m, o) =>
    m.store(effective(m, o), bytes, m.get(o[0]!));
const stores = { sb: store(1), sh: store(2), sw: store(4) } as const satisfies Record<Store, Meaning>;

const branch =
  (condition: Condition): Meaning =>
  (m, o) =>
    m.jump(m.address + o[2]!, condition(m.d, m.get(o[0]!), m.get(o[1]!)));
const branches = {
  beq: branch(eq),
  bne: branch(not(eq)),
  blt: branch(lt),
  bge: branch(not(lt)),
  bltu: branch(ltu),
  bgeu: branch(not(ltu)),
} as const satisfies Record<Branch, Meaning>;

/** The upper 20 bits of a word, as a number. */
const upper = (imm20: number): number => imm20 << 12;

const amo = Object.fromEntries(
  AMO.map((name): [Amo, Meaning] => [
    name,
    (m, o) => {
      const value = m.get(o[1]!);
      m.set(
        o[0]!,
        m.modify(m.get(o[2]!), (old) => MODIFY[name](m.d, old, value)),
      );
    },
  ]),
) as Record<Amo, Meaning>;

/** One meaning per instruction name: a name without one does not compile. */
export const MEANINGS = {
  add: registers(add),
  sub: registers((d, a, b) => d.sub(a, b)),
  sll: registers(sll),
  slt: registers(asNumber(lt)),
  sltu: registers(asNumber(ltu)),
  xor: registers(xor),
  srl: registers(srl),
  sra: registers(sra),
  or: registers(or),
  and: registers(and),
  mul: registers((d, a, b) => d.mul(a, b)),
  mulh: registers((d, a, b) => d.mulh(a, b)),
  mulhsu: registers((d, a, b) => d.mulhsu(a, b)),
  mulhu: registers((d, a, b) => d.mulhu(a, b)),
  div: registers((d, a, b) => d.div(a, b)),
  divu: registers((d, a, b) => d.divu(a, b)),
  rem: registers((d, a, b) => d.rem(a, b)),
  remu: registers((d, a, b) => d.remu(a, b)),
  addi: immediate(add),
  slti: immediate(asNumber(lt)),
  sltiu: immediate(asNumber(ltu)),
  xori: immediate(xor),
  ori: immediate(or),
  andi: immediate(and),
  slli: immediate(sll),
  srli: immediate(srl),
  srai: immediate(sra),
  ...loads,
  ...stores,
  ...branches,
  ...amo,
  lui: (m, o) => m.set(o[0]!, m.d.const(upper(o[1]!))),
  auipc: (m, o) => m.set(o[0]!, m.d.const(m.address + upper(o[1]!))),
  jal: (m, o) => {
    m.set(o[0]!, m.d.const(m.address + m.size));
    m.jump(m.address + o[1]!, m.d.bool(true));
  },
  jalr: (m, o) => {
    // The target first: rd may be rs1.
    const target = m.d.and(effective(m, o), m.d.const(~1));
    m.set(o[0]!, m.d.const(m.address + m.size));
    m.jumpTo(target);
  },
  fence: () => {},
  'lr.w': (m, o) => m.set(o[0]!, m.reserve(m.get(o[1]!))),
  'sc.w': (m, o) => {
    const stored = m.storeReserved(m.get(o[2]!), m.get(o[1]!));
    m.set(o[0]!, m.d.ite(stored, m.d.const(0), m.d.const(1)));
  },
} as const satisfies Record<PlainName, Meaning>;
