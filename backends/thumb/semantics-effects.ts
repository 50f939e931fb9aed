// SPDX-License-Identifier: MIT
import { type Decoded, type PlainName, plainName } from './isa.js';
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

const FLAGS = ['n', 'z', 'c', 'v'] as const;
/** Letters of every set of flags, bit i of the index for the i-th. */
const LETTERS: readonly string[] = Array.from({ length: 16 }, (_, set) =>
  FLAGS.filter((__, i) => (set >> i) & 1).join(''),
);

class Recorder implements Machine<Unknown, boolean | null> {
  readonly d = BLANK;
  readonly address = 0;
  readonly size = 4;
  uses = 0;
  defs = 0;
  /** Bits of FLAGS. */
  flagsUsed = 0;
  flagsSet = 0;
  loads = 0;
  stores = 0;
  literal = false;
  flow: Effects['flow'] = 'next';

  #read(f: number): null {
    this.flagsUsed |= f;
    return null;
  }
  get n(): boolean | null {
    return this.#read(1);
  }
  set n(_: boolean | null) {
    this.flagsSet |= 1;
  }
  get z(): boolean | null {
    return this.#read(2);
  }
  set z(_: boolean | null) {
    this.flagsSet |= 2;
  }
  get c(): boolean | null {
    return this.#read(4);
  }
  set c(_: boolean | null) {
    this.flagsSet |= 4;
  }
  get v(): boolean | null {
    return this.#read(8);
  }
  set v(_: boolean | null) {
    this.flagsSet |= 8;
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
export const effects = (inst: Decoded): Effects => effectsOf(plainName(inst.row.name), inst.operands);

/** The same of an instruction by name. */
export function effectsOf(name: PlainName, operands: readonly number[]): Effects {
  const m = new Recorder();
  MEANINGS[name](m, operands);
  return {
    uses: m.uses,
    defs: m.defs,
    flagsUsed: LETTERS[m.flagsUsed]!,
    flagsSet: LETTERS[m.flagsSet]!,
    loads: m.loads,
    stores: m.stores,
    literal: m.literal,
    flow: m.flow,
  };
}
