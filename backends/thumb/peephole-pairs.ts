// SPDX-License-Identifier: MIT
import type { Item } from '../../compiler/codegen/asm.js';
import { INSTANCE } from '../../compiler/image/fields.js';
import { INSTANCE_REG, SP } from './abi.js';
import { type Instruction, independent, overRuns, type Tools, type Unit, unitFor } from './peephole-units.js';

/** How many instructions ahead the other word is looked for. */
const WINDOW = 8;

/** One word loaded or stored at an address that is a multiple of 4. */
interface Word {
  readonly load: boolean;
  readonly rt: number;
  readonly base: number;
  readonly offset: number;
}

/**
 * The instance and the stack hold words at multiples of 4; of the program's memory only what selection calls aligned does (ldrd and
 * strd fault elsewhere: ARMv7-M manual, A3.2.1).
 */
function wordOf(x: Instruction | null): Word | null {
  if (!x) return null;
  const [rt, base, offset] = x.operands as [number, number, number];
  const known = x.name === 'ldr.aligned' || x.name === 'str.aligned';
  const own = (x.name === 'ldr' || x.name === 'str') && (base === INSTANCE_REG || base === SP);
  if ((!known && !own) || offset % 4 !== 0) return null;
  return { load: x.name.startsWith('ldr'), rt, base, offset };
}

/** A word of the instance that nothing changes during a run. */
const isConstant = (w: Word): boolean => w.base === INSTANCE_REG && w.offset !== INSTANCE.offset.fuel;

/** May `moved`, the word `w`, change places with `u`? */
function passes(w: Word, moved: Unit, u: Unit): boolean {
  if (!independent(moved, u)) return false;
  if (w.load) return !u.stores || isConstant(w);
  return !u.loads && !u.stores;
}

/**
 * Two words of neighbouring addresses by one instruction. Only inside straight pieces: no access passes a guard, a call or a label.
 */
export function pairAccesses(items: readonly Item[], tools: Tools): Item[] {
  return overRuns(items, (units) => {
    for (let i = 0; i < units.length; i++) {
      const first = wordOf(units[i]!.single);
      if (!first) continue;
      const found = partner(units, i, first);
      if (!found) continue;
      const { at, second, up } = found;
      const [low, high] = first.offset < second.offset ? [first, second] : [second, first];
      const name = first.load ? 'ldrd' : 'strd';
      const operands = [low.rt, high.rt, low.base, low.offset];
      if (!tools.encodes(name, operands)) continue;
      const made = unitFor(tools.inst(name, operands, units[i]!.single!.group));
      units[up ? i : at] = made;
      units.splice(up ? at : i, 1);
      if (!up) i--;
    }
  });
}

/** The other word of a pair with the one at `i`, and whether it moves up to it or the first down to it. */
function partner(units: readonly Unit[], i: number, first: Word): { at: number; second: Word; up: boolean } | null {
  const a = units[i]!;
  let down = true;
  const end = Math.min(units.length, i + 1 + WINDOW);
  for (let k = i + 1; k < end; k++) {
    const u = units[k]!;
    const second = wordOf(u.single);
    const fits =
      second &&
      second.load === first.load &&
      second.base === first.base &&
      Math.abs(second.offset - first.offset) === 4 &&
      // A load must not change the base before the other one, nor may both go to one register.
      !(first.load && (first.rt === second.rt || first.rt === first.base || second.rt === first.base));
    if (fits) {
      let up = true;
      for (let m = i + 1; up && m < k; m++) up = passes(second, u, units[m]!);
      if (up || down) return { at: k, second, up };
    }
    down &&= passes(first, a, u);
    // The base is gone: no other word can be on it.
    if ((u.writes >>> first.base) & 1) return null;
  }
  return null;
}
