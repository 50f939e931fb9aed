// SPDX-License-Identifier: MIT
import { type Decoded, plainName } from './isa.js';
import { type Domain, type Machine, MEANINGS } from './semantics.js';

/** What an instruction touches, read off its meaning. Register sets as masks, x0 never in them. */
export interface Effects {
  readonly uses: number;
  readonly defs: number;
  readonly loads: number;
  readonly stores: number;
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
  mul: one,
  mulh: one,
  mulhsu: one,
  mulhu: one,
  div: one,
  divu: one,
  rem: one,
  remu: one,
  eq: one,
  lt: one,
  ltu: one,
  ite: one,
  negate: one,
};

class Recorder implements Machine<Unknown, boolean | null> {
  readonly d = BLANK;
  readonly address = 0;
  readonly size = 4;
  uses = 0;
  defs = 0;
  loads = 0;
  stores = 0;
  flow: Effects['flow'] = 'next';

  get(r: number): Unknown {
    if (r !== 0) this.uses = (this.uses | (1 << r)) >>> 0;
    return null;
  }
  set(r: number): void {
    if (r !== 0) this.defs = (this.defs | (1 << r)) >>> 0;
  }
  load(): Unknown {
    this.loads++;
    return null;
  }
  store(): void {
    this.stores++;
  }
  reserve(): Unknown {
    return this.load();
  }
  storeReserved(): null {
    this.store();
    return null;
  }
  modify(_: Unknown, next: (old: Unknown) => Unknown): Unknown {
    this.load();
    next(null);
    this.store();
    return null;
  }
  jump(_: number, condition: boolean | null): void {
    this.flow = condition === true ? 'direct' : 'conditional';
  }
  jumpTo(): void {
    this.flow = 'indirect';
  }
}

/** Effects of a decoded instruction. */
export function effects(inst: Decoded): Effects {
  const m = new Recorder();
  MEANINGS[plainName(inst.row.name)](m, inst.operands);
  return { uses: m.uses, defs: m.defs, loads: m.loads, stores: m.stores, flow: m.flow };
}
