// SPDX-License-Identifier: MIT
import type { Item } from '../../compiler/codegen/asm.js';
import type { Peephole } from '../../compiler/codegen/target.js';
import { type Name, plainName } from './isa-names.js';
import { type Effects, effectsOf } from './semantics-effects.js';

export type Instruction = Extract<Item, { kind: 'inst' }>;
export type Choice = Extract<Item, { kind: 'either' }>;

/** What makes new items, and whether the core has an encoding for an instruction. */
export interface Tools extends Peephole {
  encodes(name: string, operands: readonly number[]): boolean;
}

/** Items that go together, and what they do to registers (as masks), flags and memory. */
export interface Unit {
  readonly items: readonly Item[];
  /** The instruction, if it is a single one outside IT blocks. */
  readonly single: Instruction | null;
  readonly reads: number;
  readonly writes: number;
  readonly readsFlags: boolean;
  readonly setsFlags: boolean;
  readonly loads: boolean;
  readonly stores: boolean;
}

/** Names that asm.inst takes and decoding never gives: see isa.ts. */
const ALIASES: Readonly<Record<string, Name>> = { 'ldr.aligned': 'ldr', 'str.aligned': 'str' };

const known = new WeakMap<Instruction, Effects>();

/** What an instruction of an expansion touches; pseudo names are what they stand for. */
export function effectsBy(x: Instruction): Effects {
  let found = known.get(x);
  if (!found) {
    found = effectsOf(plainName((ALIASES[x.name] ?? x.name) as Name), x.operands);
    known.set(x, found);
  }
  return found;
}

/** The register that a load from the literal pool writes. */
export function literalRegister(x: Choice): number | null {
  const near = x.near[0];
  return x.literal !== null && near?.kind === 'ref' ? near.operands[0]! : null;
}

/** Instructions that an IT instruction with this mask governs. */
export const itLength = (mask: number): number => 4 - (31 - Math.clz32(mask & -mask));

function unitOf(items: readonly Item[]): Unit {
  let [reads, writes] = [0, 0];
  let [readsFlags, setsFlags, loads, stores] = [items.length > 1, false, false, false];
  for (const x of items) {
    if (x.kind !== 'inst') continue;
    const e = effectsBy(x);
    reads |= e.uses;
    writes |= e.defs;
    readsFlags ||= e.flagsUsed !== '';
    setsFlags ||= e.flagsSet !== '';
    loads ||= e.loads > 0 && !e.literal;
    stores ||= e.stores > 0;
  }
  const [first] = items;
  const single = items.length === 1 && first?.kind === 'inst' ? first : null;
  return { items, single, reads, writes, readsFlags, setsFlags, loads, stores };
}

/**
 * Rewrites the straight pieces of a list: `run` gets the units between two places where control may enter or leave, and may
 * change the list. Loads from the literal pool are units; calls and jumps are what separates.
 */
export function overRuns(items: readonly Item[], run: (units: Unit[]) => void): Item[] {
  const out: Item[] = [];
  let units: Unit[] = [];
  const flush = (): void => {
    if (units.length > 1) run(units);
    for (const u of units) for (const x of u.items) out.push(x);
    units = [];
  };
  for (let i = 0; i < items.length; i++) {
    const x = items[i]!;
    const rd = x.kind === 'either' ? literalRegister(x) : null;
    if (rd !== null) units.push({ ...unitOf([]), items: [x], writes: 1 << rd });
    else if (x.kind !== 'inst' || x.name === 'blx' || x.name === 'bx' || x.name === 'pop' || x.name === 'push') {
      flush();
      out.push(x);
    } else if (x.name === 'it') {
      const end = i + 1 + itLength(x.operands[1]!);
      const block = items.slice(i, end);
      // What else stands between (a label, a jump) ends the run.
      if (block.every((y) => y.kind === 'inst')) units.push(unitOf(block));
      else {
        flush();
        for (const y of block) out.push(y);
      }
      i = end - 1;
    } else units.push(unitOf([x]));
  }
  flush();
  return out;
}

/** Can a unit that does `a` change places with one that does `b`, as far as registers go? Memory and flags are the caller's. */
export function independent(a: Pick<Unit, 'reads' | 'writes'>, b: Pick<Unit, 'reads' | 'writes'>): boolean {
  return (a.writes & (b.reads | b.writes)) === 0 && (a.reads & b.writes) === 0;
}

/** A new unit of one instruction. */
export function unitFor(item: Item): Unit {
  return unitOf([item]);
}
