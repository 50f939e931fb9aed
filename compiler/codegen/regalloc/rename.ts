// SPDX-License-Identifier: MIT
import type { RegMask } from '../machine.js';
import type { Piece } from './pieces.js';

/** Not every use gains by a short register, so a few more of them are no reason to change names. */
const MUCH_MORE = 1.5;

type Blocked = readonly { readonly s: number; readonly e: number }[];

/**
 * Registers that are blocked at the same places change names, so that those with the most uses, hot ones first, are short.
 * All that is in one moves along, so no move comes or goes. Changes `reg` of the pieces.
 */
export function rename(
  pieces: readonly Piece[],
  blocked: readonly Blocked[],
  order: readonly number[],
  short: RegMask,
): void {
  const uses = new Float64Array(blocked.length);
  const suits = new Array<RegMask>(blocked.length).fill(0xffffffff);
  const placed = pieces.filter((p) => p.reg >= 0);
  for (const p of placed) {
    // Moves take any register in their short form; a hot instruction may be worth more than its bytes.
    for (const u of p.uses) if (u.lo < u.hi) uses[p.reg]! += 1 + u.weight;
    suits[p.reg] = (suits[p.reg]! & p.mask) >>> 0;
  }
  const now = Int32Array.from(blocked, (_, r) => r);
  const may = (r: number, to: number): boolean => ((suits[r]! >>> to) & 1) === 1 && same(blocked[r]!, blocked[to]!);
  const isShort = (r: number): boolean => ((short >>> r) & 1) === 1;
  const used = order.filter((r) => uses[r]! > 0);
  const shorts = used.filter(isShort).sort((x, y) => uses[x]! - uses[y]!);
  const longs = used.filter((r) => !isShort(r)).sort((x, y) => uses[y]! - uses[x]!);
  for (const l of longs) {
    const k = shorts.findIndex((s) => MUCH_MORE * uses[s]! < uses[l]! && may(l, s) && may(s, l));
    if (k < 0) continue;
    const s = shorts[k]!;
    shorts.splice(k, 1);
    now[l] = s;
    now[s] = l;
  }
  for (const p of placed) p.reg = now[p.reg]!;
}

const same = (a: Blocked, b: Blocked): boolean =>
  a.length === b.length && a.every((r, i) => r.s === b[i]!.s && r.e === b[i]!.e);
