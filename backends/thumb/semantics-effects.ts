// SPDX-License-Identifier: MIT
import { type Decoded, plainName } from './isa.js';
import { type Domain, type Machine, MEANINGS } from './semantics.js';

/** What an instruction touches, read off its meaning. Register sets as masks; flags as letters of "nzcv". */
export interface Effects {
  readonly uses: number;
  readonly defs: number;
  readonly flagsUsed: string;
  readonly flagsSet: string;
  readonly loads: number;
  readonly stores: number;
  /** PC-relative data reads among `loads`. */
  readonly literal: boolean;
  /** direct: a target in the text; indirect: from a register or the stack. */
  readonly flow: 'next' | 'direct' | 'conditional' | 'indirect' | 'stop';
}

type Unknown = null;
const one = (): Unknown => null;

/** A domain that knows nothing but whether a truth value is a constant. */
const BLANK: Domain<Unknown, boolean | null> = {
  const: one,
  bool: (b) => b,
  mul: one,
  umulh: one,
  smulh: one,
  udiv: one,
  sdiv: one,
  and: one,
  or: one,
  xor: one,
  not: one,
  shift: one,
  shiftCarry: one,
  adc: one,
  carry: one,
  overflow: one,
  clz: one,
  rbit: one,
  rev: one,
  sext: one,
  isZero: one,
  isNegative: one,
  ite: one,
  both: one,
  either: one,
  same: one,
  negate: one,
};

class Recorder implements Machine<Unknown, boolean | null> {
  readonly d = BLANK;
  readonly address = 0;
  readonly size = 4;
  uses = 0;
  defs = 0;
  flagsUsed = new Set<string>();
  flagsSet = new Set<string>();
  loads = 0;
  stores = 0;
  literal = false;
  flow: Effects['flow'] = 'next';

  #read(f: string): null {
    this.flagsUsed.add(f);
    return null;
  }
  get n(): boolean | null {
    return this.#read('n');
  }
  set n(_: boolean | null) {
    this.flagsSet.add('n');
  }
  get z(): boolean | null {
    return this.#read('z');
  }
  set z(_: boolean | null) {
    this.flagsSet.add('z');
  }
  get c(): boolean | null {
    return this.#read('c');
  }
  set c(_: boolean | null) {
    this.flagsSet.add('c');
  }
  get v(): boolean | null {
    return this.#read('v');
  }
  set v(_: boolean | null) {
    this.flagsSet.add('v');
  }
  get(r: number): Unknown {
    this.uses |= 1 << r;
    return null;
  }
  set(r: number): void {
    this.defs |= 1 << r;
  }
  load(_: Unknown, __: number, ___: boolean, via: 'base' | 'literal'): Unknown {
    this.loads++;
    this.literal ||= via === 'literal';
    return null;
  }
  store(): void {
    this.stores++;
  }
  loadExclusive(): Unknown {
    this.loads++;
    return null;
  }
  storeExclusive(): null {
    this.stores++;
    return null;
  }
  jump(_: number, condition: boolean | null): void {
    this.flow = condition === true ? 'direct' : 'conditional';
  }
  jumpTo(): void {
    this.flow = 'indirect';
  }
  startIt(): void {}
  stop(): void {
    this.flow = 'stop';
  }
}

/**
 * Effects of a decoded instruction, as if its IT condition, if any, held. A flag that keeps its value counts as used and set. The
 * IT instruction reads no flags itself: those it guards do.
 */
export function effects(inst: Decoded): Effects {
  const m = new Recorder();
  MEANINGS[plainName(inst.row.name)](m, inst.operands);
  const letters = (s: Set<string>): string => [...'nzcv'].filter((f) => s.has(f)).join('');
  return {
    uses: m.uses,
    defs: m.defs,
    flagsUsed: letters(m.flagsUsed),
    flagsSet: letters(m.flagsSet),
    loads: m.loads,
    stores: m.stores,
    literal: m.literal,
    flow: m.flow,
  };
}
