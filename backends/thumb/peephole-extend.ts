// SPDX-License-Identifier: MIT
import type { Item } from '../../compiler/codegen/asm.js';
import { overRuns, type Tools, type Unit, unitFor } from './peephole-units.js';

/** How many instructions a load may stand before its extension. */
const WINDOW = 8;

/** The load that extends as well, by extension and load; the load itself where nothing is left to do. */
const EXTENDING: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sxth: { ldrh: 'ldrsh', ldrsh: 'ldrsh', ldrb: 'ldrb', ldrsb: 'ldrsb' },
  sxtb: { ldrb: 'ldrsb', ldrsb: 'ldrsb' },
  uxth: { ldrh: 'ldrh', ldrb: 'ldrb' },
  uxtb: { ldrb: 'ldrb' },
};

/** Drops the extension of what was loaded for nothing else, where a load extends it as well. */
export function extendLoads(items: readonly Item[], tools: Tools): Item[] {
  return overRuns(items, (units) => {
    for (let i = 0; i < units.length; i++) {
      const x = units[i]!.single;
      const by = x && EXTENDING[x.name];
      if (!by) continue;
      const [d, m] = x.operands as [number, number];
      const at = loadOf(units, i, m, d);
      if (at === null || (d !== m && !isDead(units, i + 1, m))) continue;
      const load = units[at]!.single!;
      const [name, form = ''] = load.name.split(/(?=\.)/);
      const made = by[name!];
      const operands = [d, ...load.operands.slice(1)];
      if (made === undefined || !tools.encodes(made + form, operands)) continue;
      units[at] = unitFor(tools.inst(made + form, operands, load.group));
      units.splice(i, 1);
      i--;
    }
  });
}

const bit = (mask: number, r: number): boolean => ((mask >>> r) & 1) === 1;

/** The load before `i` that writes register `m`, if nothing between touches `m` or `d`. */
function loadOf(units: readonly Unit[], i: number, m: number, d: number): number | null {
  for (let k = i - 1; k >= 0 && k >= i - WINDOW; k--) {
    const { reads, writes, single } = units[k]!;
    if (bit(reads | writes, m)) return single?.operands[0] === m && bit(writes, m) ? k : null;
    if (bit(reads | writes, d)) return null;
  }
  return null;
}

/** Is register `r` written from `i` on before anything reads it, as far as one can see? */
function isDead(units: readonly Unit[], i: number, r: number): boolean {
  for (let k = i; k < units.length && k < i + WINDOW; k++) {
    const { reads, writes, single } = units[k]!;
    if (bit(reads, r)) return false;
    // In an IT block it may not happen.
    if (bit(writes, r)) return single !== null;
  }
  return false;
}
