// SPDX-License-Identifier: MIT
import { assemble, type Hostile } from './generate.js';

/** Leaves out runs of lines as long as the case fails. */
export function shrink(start: Hostile, fails: (c: Hostile) => boolean): Hostile {
  let best = start;
  for (let again = true; again; ) {
    again = false;
    for (let f = 0; f < best.source.length; f++) {
      for (let chunk = 16; chunk >= 1; chunk >>= 1) {
        for (let at = (best.source[f]?.length ?? 0) - chunk; at >= 0; at--) {
          const cut = best.source.map((l, i) => (i === f ? [...l.slice(0, at), ...l.slice(at + chunk)] : l));
          const next = assemble(best.seed, best.world, cut, best.entries);
          if (!next || next.program.functions.length !== best.program.functions.length || !fails(next)) continue;
          best = next;
          again = true;
        }
      }
    }
  }
  return best;
}
