// SPDX-License-Identifier: MIT
import type { Item } from '../../compiler/codegen/asm.js';
import { INSTANCE_REG, SP } from './abi.js';
import { liveAfter } from './peephole-flags.js';
import { type Instruction, overRuns, type Tools, type Unit, unitFor } from './peephole-units.js';

/** How many instructions are between an access and the addition at most. */
const WINDOW = 12;

/** r = r + c, flags apart. */
function advance(x: Instruction | null): { register: number; by: number } | null {
  if (!x) return null;
  const [rd, rn, c] = x.operands as [number, number, number];
  const sign = /^adds?\.i$/.test(x.name) ? 1 : /^subs?\.i$/.test(x.name) ? -1 : 0;
  if (sign === 0 || rd !== rn || rd === SP || rd === INSTANCE_REG) return null;
  const by = (sign * c) | 0;
  return { register: rd, by };
}

interface Access {
  readonly name: string;
  /** Moved registers. */
  readonly moved: readonly number[];
  readonly base: number;
  readonly offset: number;
}

const ONE = /^(ldr|ldrb|ldrh|ldrsb|ldrsh|str|strb|strh)(\.aligned)?$/;

/** A load or store at a base and a constant. */
function accessOf(x: Instruction | null): Access | null {
  if (!x) return null;
  const o = x.operands;
  if (ONE.test(x.name)) return { name: x.name.replace('.aligned', ''), moved: [o[0]!], base: o[1]!, offset: o[2]! };
  if (x.name === 'ldrd' || x.name === 'strd')
    return { name: x.name, moved: [o[0]!, o[1]!], base: o[2]!, offset: o[3]! };
  return null;
}

/**
 * An access and the addition that moves its base on, as one instruction: [r], #c or [r, #c]!. Accesses between the two that use the
 * base get their offsets corrected. Nothing but the base's register is written at another time than before.
 */
export function indexAccesses(items: readonly Item[], tools: Tools): Item[] {
  const live = liveAfter(items);
  const needed = new Set(items.filter((_, i) => live[i] !== 0));
  return overRuns(items, (units) => {
    for (let i = 0; i < units.length; i++) {
      const { single } = units[i]!;
      const add = advance(single);
      if (!add || needed.has(single!)) continue;
      if (joinBefore(units, i, add, tools)) i--;
      else if (joinAfter(units, i, add, tools)) i--;
    }
  });
}

type Advance = { readonly register: number; readonly by: number };

function write(a: Access, form: 'pre' | 'post', by: number): { name: string; operands: number[] } {
  return { name: `${a.name}.${form}`, operands: [...a.moved, a.base, by] };
}

/** The same access with another offset, if it has an encoding. */
function shifted(u: Unit, by: number, tools: Tools): Unit | null {
  const a = accessOf(u.single);
  if (!a) return null;
  const operands = [...a.moved, a.base, a.offset + by];
  const { name, group } = u.single!;
  return tools.encodes(name, operands) ? unitFor(tools.inst(name, operands, group)) : null;
}

const touches = (u: Unit, register: number): boolean => (((u.reads | u.writes) >>> register) & 1) === 1;

/** Joins the addition at `i` with an access before it. */
function joinBefore(units: Unit[], i: number, { register, by }: Advance, tools: Tools): boolean {
  const changed: [number, Unit][] = [];
  for (let k = i - 1; k >= 0 && k >= i - WINDOW; k--) {
    const u = units[k]!;
    if (!touches(u, register)) continue;
    const a = accessOf(u.single);
    if (a?.base !== register || a.moved.includes(register)) return false;
    const form = a.offset === 0 ? 'post' : a.offset === by ? 'pre' : null;
    const made = form && write(a, form, by);
    if (made && tools.encodes(made.name, made.operands)) {
      units[k] = unitFor(tools.inst(made.name, made.operands, u.single!.group));
      for (const [at, other] of changed) units[at] = other;
      units.splice(i, 1);
      return true;
    }
    const moved = shifted(u, -by, tools);
    if (!moved) return false;
    changed.push([k, moved]);
  }
  return false;
}

/** Joins the addition at `i` with an access behind it. */
function joinAfter(units: Unit[], i: number, { register, by }: Advance, tools: Tools): boolean {
  const changed: [number, Unit][] = [];
  for (let k = i + 1; k < units.length && k <= i + WINDOW; k++) {
    const u = units[k]!;
    if (!touches(u, register)) continue;
    const a = accessOf(u.single);
    if (a?.base !== register || a.moved.includes(register)) return false;
    const form = a.offset === 0 ? 'pre' : a.offset === -by ? 'post' : null;
    const made = form && write(a, form, by);
    if (made && tools.encodes(made.name, made.operands)) {
      units[k] = unitFor(tools.inst(made.name, made.operands, u.single!.group));
      for (const [at, other] of changed) units[at] = other;
      units.splice(i, 1);
      return true;
    }
    const moved = shifted(u, by, tools);
    if (!moved) return false;
    changed.push([k, moved]);
  }
  return false;
}
