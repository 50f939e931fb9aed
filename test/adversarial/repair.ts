// SPDX-License-Identifier: MIT
import { verify } from '../../compiler/verifier/verify.js';
import type { Line } from '../differential/draft.js';
import { slotsOf } from '../differential/encode.js';
import { assemble, type Hostile } from './generate.js';

const ROUNDS = 25;

/** The lines without the instructions at these slots. */
function without(lines: readonly Line[], slots: ReadonlySet<number>): Line[] {
  let slot = 0;
  return lines.filter((l) => {
    if (l.kind === 'label') return true;
    const here = slot;
    slot += slotsOf(l.draft);
    return !slots.has(here) || l.draft.kind === 'exit';
  });
}

/** Takes the instructions out that the verifier refuses, so that the rest is compiled and run. */
export function repair(start: Hostile): Hostile {
  let best = start;
  for (let round = 0; round < ROUNDS; round++) {
    const verdict = best.program.entries
      .map((e) => verify(best.program, e, best.world.contract))
      .find((v) => v.verdict === 'rejected');
    if (verdict?.verdict !== 'rejected') return best;
    const gone = best.program.functions.map(() => new Set<number>());
    for (const { details } of verdict.errors) {
      const func = best.program.functions.findIndex((f) => f.name === details.at?.function);
      if (func >= 0 && details.at?.instruction !== undefined) gone[func]!.add(details.at.instruction);
    }
    const source = best.source.map((lines, f) => without(lines, gone[f]!));
    const next = assemble(best.seed, best.world, source, best.entries);
    if (!next || next.program.functions.length !== best.program.functions.length) return best;
    best = next;
  }
  return best;
}
