// SPDX-License-Identifier: MIT
import { CONDITIONS, type Condition, LOADS, type PlainName, STORES, type Transfer } from './isa-names.js';
import { DATA_MEANINGS, put } from './semantics-data.js';
import { conditionHolds, type Machine, type Meaning } from './semantics-domain.js';

/**
 * What each instruction does, once, for the simulator and whoever else reasons about text. A `.it` name means what its plain name
 * means; whether an instruction of an IT block is done at all is the machine's business.
 * Source: ARMv7-M Architecture Reference Manual (DDI 0403E), chapter A7.
 */
export { conditionHolds, type Domain, type Machine, type Meaning, type ShiftKind } from './semantics-domain.js';

type Address = <V, B>(m: Machine<V, B>, o: readonly number[]) => V;

const plus = <V, B>(m: Machine<V, B>, a: V, n: number): V => m.d.adc(a, m.d.const(n), m.d.bool(false));
const offset: Address = (m, o) => plus(m, m.get(o[1]!), o[2]!);
const indexed: Address = (m, o) =>
  m.d.adc(m.get(o[1]!), m.d.shift('lsl', m.get(o[2]!), m.d.const(o[3]!)), m.d.bool(false));

const SIZES: Readonly<Record<Transfer, { bytes: 1 | 2 | 4; signed: boolean }>> = {
  ldr: { bytes: 4, signed: false },
  ldrb: { bytes: 1, signed: false },
  ldrh: { bytes: 2, signed: false },
  ldrsb: { bytes: 1, signed: true },
  ldrsh: { bytes: 2, signed: true },
  str: { bytes: 4, signed: false },
  strb: { bytes: 1, signed: false },
  strh: { bytes: 2, signed: false },
};

function transfer(name: Transfer): Record<'' | '.r' | '.pre' | '.post', Meaning> {
  const { bytes, signed } = SIZES[name];
  const isLoad = (LOADS as readonly string[]).includes(name);
  const move = <V, B>(m: Machine<V, B>, t: number, address: V): void => {
    if (isLoad) m.set(t, m.load(address, bytes, signed, 'base', false));
    else m.store(address, bytes, m.get(t), false);
  };
  return {
    '': (m, o) => move(m, o[0]!, offset(m, o)),
    '.r': (m, o) => move(m, o[0]!, indexed(m, o)),
    '.pre': (m, o) => {
      const to = offset(m, o);
      move(m, o[0]!, to);
      put(m, o[1]!, to);
    },
    '.post': (m, o) => {
      const to = offset(m, o);
      move(m, o[0]!, m.get(o[1]!));
      put(m, o[1]!, to);
    },
  };
}

const transfers = Object.fromEntries(
  [...LOADS, ...STORES].flatMap((name) =>
    Object.entries(transfer(name)).map(([suffix, meaning]) => [`${name}${suffix}`, meaning]),
  ),
) as Record<`${Transfer}${'' | '.r' | '.pre' | '.post'}`, Meaning>;

/** Two words; `at`: before or after the base moves; `back`: it moves. */
const pair =
  (isLoad: boolean, at: 'offset' | 'pre' | 'post'): Meaning =>
  (m, o) => {
    const [t, t2, n, imm] = o as [number, number, number, number];
    const base = m.get(n);
    const moved = plus(m, base, imm);
    const address = at === 'post' ? base : moved;
    if (isLoad) {
      const first = m.load(address, 4, false, 'base', true);
      m.set(t2, m.load(plus(m, address, 4), 4, false, 'base', true));
      m.set(t, first);
    } else {
      m.store(address, 4, m.get(t), true);
      m.store(plus(m, address, 4), 4, m.get(t2), true);
    }
    if (at !== 'offset') m.set(n, moved);
  };

const registersOf = (mask: number): number[] => Array.from({ length: 16 }, (_, r) => r).filter((r) => (mask >>> r) & 1);

/** Words of a register set, lowest register at the lowest address. `down`: the words end below the base. */
function multiple<V, B>(
  m: Machine<V, B>,
  n: number,
  mask: number,
  isLoad: boolean,
  down: boolean,
  back: boolean,
): void {
  const registers = registersOf(mask);
  const base = m.get(n);
  const moved = plus(m, base, (down ? -4 : 4) * registers.length);
  let address = down ? moved : base;
  // In a box: a domain's values may themselves be null.
  let target: { readonly value: V } | null = null;
  const loaded: [number, V][] = [];
  for (const r of registers) {
    if (!isLoad) m.store(address, 4, m.get(r), true);
    else if (r === 15) target = { value: m.load(address, 4, false, 'base', true) };
    else loaded.push([r, m.load(address, 4, false, 'base', true)]);
    address = plus(m, address, 4);
  }
  if (back) m.set(n, moved);
  for (const [r, v] of loaded) m.set(r, v);
  if (target !== null) m.jumpTo(target.value, 'pop');
}

const block =
  (isLoad: boolean, down: boolean, back: boolean): Meaning =>
  (m, o) =>
    multiple(m, o[0]!, o[1]!, isLoad, down, back);

const memory = {
  ldrex: (m, o) => m.set(o[0]!, m.loadExclusive(offset(m, o))),
  strex: (m, o) => {
    const done = m.storeExclusive(plus(m, m.get(o[2]!), o[3]!), m.get(o[1]!));
    m.set(o[0]!, m.d.ite(done, m.d.const(0), m.d.const(1)));
  },
  'ldr.lit': (m, o) => m.set(o[0]!, m.load(m.d.const(m.address + o[1]!), 4, false, 'literal', true)),
  adr: (m, o) => m.set(o[0]!, m.d.const(m.address + o[1]!)),
  ldrd: pair(true, 'offset'),
  'ldrd.pre': pair(true, 'pre'),
  'ldrd.post': pair(true, 'post'),
  strd: pair(false, 'offset'),
  'strd.pre': pair(false, 'pre'),
  'strd.post': pair(false, 'post'),
  ldm: block(true, false, false),
  'ldm.wb': block(true, false, true),
  ldmdb: block(true, true, false),
  'ldmdb.wb': block(true, true, true),
  stm: block(false, false, false),
  'stm.wb': block(false, false, true),
  stmdb: block(false, true, false),
  'stmdb.wb': block(false, true, true),
  push: (m, o) => multiple(m, 13, o[0]!, false, true, true),
  pop: (m, o) => multiple(m, 13, o[0]!, true, false, true),
} as const satisfies Partial<Record<PlainName, Meaning>>;

const branches = Object.fromEntries(
  CONDITIONS.map((name, cond): [string, Meaning] => [
    `b${name}`,
    (m, o) => m.jump(m.address + o[0]!, conditionHolds(m, cond)),
  ]),
) as Record<`b${Condition}`, Meaning>;

const flow = {
  b: (m, o) => m.jump(m.address + o[0]!, m.d.bool(true)),
  bl: (m, o) => {
    m.set(14, m.d.const(m.address + m.size + 1));
    m.jump(m.address + o[0]!, m.d.bool(true));
  },
  cbz: (m, o) => m.jump(m.address + o[1]!, m.d.isZero(m.get(o[0]!))),
  cbnz: (m, o) => m.jump(m.address + o[1]!, m.d.negate(m.d.isZero(m.get(o[0]!)))),
  bx: (m, o) => m.jumpTo(m.get(o[0]!), 'bx'),
  blx: (m, o) => {
    const to = m.get(o[0]!);
    m.set(14, m.d.const(m.address + m.size + 1));
    m.jumpTo(to, 'blx');
  },
  it: (m, o) => m.startIt(o[0]!, o[1]!),
  // No interrupt comes here, so that none is ever kept off.
  'mrs.primask': (m, o) => m.set(o[0]!, m.d.const(0)),
  'msr.primask': (m, o) => {
    m.get(o[0]!);
  },
  cpsid: () => {},
  nop: () => {},
  udf: (m, o) => m.stop('udf', o[0]!),
  bkpt: (m, o) => m.stop('bkpt', o[0]!),
} as const satisfies Partial<Record<PlainName, Meaning>>;

/** One meaning per instruction name: a name without one does not compile. */
export const MEANINGS = {
  ...DATA_MEANINGS,
  ...transfers,
  ...memory,
  ...branches,
  ...flow,
} as const satisfies Record<PlainName, Meaning>;
