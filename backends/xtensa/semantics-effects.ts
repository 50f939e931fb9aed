// SPDX-License-Identifier: MIT
import type { Decoded } from './isa.js';
import type { Special } from './isa-names.js';
import { type Domain, type Machine, MEANINGS } from './semantics.js';

/** What an instruction touches, read off its meaning. Register sets as masks, special registers by name. */
export interface Effects {
  readonly uses: number;
  readonly defs: number;
  readonly specialsUsed: readonly Special[];
  readonly specialsSet: readonly Special[];
  readonly loads: number;
  readonly stores: number;
  /** The load is of a word of the text. */
  readonly literal: boolean;
  /** direct: a target in the text; indirect: from a register. */
  readonly flow: 'next' | 'direct' | 'conditional' | 'indirect';
}

type Unknown = null;
const one = (): Unknown => null;

/** A domain that knows nothing but whether a truth value is a constant. */
const BLANK: Domain<Unknown, boolean | null> = {
  const: one,
  bool: (b) => b,
  add: one,
  sub: one,
  and: one,
  or: one,
  xor: one,
  sll: one,
  srl: one,
  sra: one,
  funnel: one,
  mul: one,
  mulh: one,
  mulhu: one,
  div: one,
  divu: one,
  rem: one,
  remu: one,
  clz: one,
  eq: one,
  lt: one,
  ltu: one,
  ite: one,
  negate: one,
};

class Recorder implements Machine<Unknown, boolean | null> {
  readonly d = BLANK;
  readonly address = 0;
  readonly size = 3;
  uses = 0;
  defs = 0;
  loads = 0;
  stores = 0;
  isLiteral = false;
  flow: Effects['flow'] = 'next';
  readonly used = new Set<Special>();
  readonly changed = new Set<Special>();

  get(r: number): Unknown {
    this.uses |= 1 << r;
    return null;
  }
  set(r: number): void {
    this.defs |= 1 << r;
  }
  special(name: Special): Unknown {
    this.used.add(name);
    return null;
  }
  setSpecial(name: Special): void {
    this.changed.add(name);
  }
  shiftAmount(): Unknown {
    return this.special('sar');
  }
  load(): Unknown {
    this.loads++;
    return null;
  }
  store(): void {
    this.stores++;
  }
  literal(): Unknown {
    this.isLiteral = true;
    return this.load();
  }
  compareAndSwap(): Unknown {
    this.store();
    return this.load();
  }
  divisor(): Unknown {
    return null;
  }
  jump(_: number, condition: boolean | null): void {
    if (condition !== false) this.flow = condition === true ? 'direct' : 'conditional';
  }
  jumpTo(): void {
    this.flow = 'indirect';
  }
}

/** Effects of a decoded instruction. Where a loop's body ends nothing shows it: that is LEND's doing. */
export function effects({ row, operands }: Decoded): Effects {
  const m = new Recorder();
  if (row.name === 'pad') throw new Error('padding has no effects');
  MEANINGS[row.name](m, operands);
  const { uses, defs, loads, stores, flow } = m;
  return {
    uses,
    defs,
    specialsUsed: [...m.used].sort(),
    specialsSet: [...m.changed].sort(),
    loads,
    stores,
    literal: m.isLiteral,
    flow,
  };
}
