// SPDX-License-Identifier: MIT
import { type Contract, fieldRights, fieldSize, MAX_LENGTH } from './types.js';

/** Whether the container may write `length` bytes at `offset` in the context: every byte by its field's right. */
export function contextWritable(contract: Contract, offset: number, length: number): boolean {
  const { fields, access } = contract.context;
  for (let at = offset; at < offset + length; at++) {
    const field = fields.find((f) => at >= f.offset && at < f.offset + fieldSize(f));
    const right = field === undefined ? access : fieldRights(field);
    if (right !== 'rw') return false;
  }
  return true;
}

/** Bytes of the context that a container may not write. */
interface KeptStretch {
  readonly offset: number;
  length: number;
}

/** Length of a stretch that goes on to the end of any context. */
const WHOLE_CONTEXT = MAX_LENGTH;

/**
 * Stretches of the context that the program may not write, ascending; the last one reaches beyond the fields if what no field covers is
 * read-only.
 */
function keptOfContext(contract: Contract): KeptStretch[] {
  const { fields, size, access } = contract.context;
  const ends = fields.flatMap((f) => [f.offset, f.offset + fieldSize(f)]);
  const end = size ?? Math.max(0, ...ends);
  // Rights change at the ends of fields only.
  const cuts = [...new Set([0, ...ends, end])].filter((at) => at <= end).sort((a, b) => a - b);
  const kept: KeptStretch[] = [];
  for (const [i, to] of cuts.entries()) {
    const at = cuts[i - 1];
    if (at === undefined || contextWritable(contract, at, 1)) continue;
    const last = kept.at(-1);
    if (last && last.offset + last.length === at) last.length = to - last.offset;
    else kept.push({ offset: at, length: to - at });
  }
  const whole = kept[0]?.length === end || end === 0;
  if (access === 'r' && whole) return [{ offset: 0, length: WHOLE_CONTEXT }];
  if (access === 'r') kept.push({ offset: end, length: WHOLE_CONTEXT });
  return kept;
}

/** The same as words, as the runtime has them: how many stretches, then offset and length of each. */
export function keptWords(contract: Contract): number[] {
  const kept = keptOfContext(contract);
  return [kept.length, ...kept.flatMap((k) => [k.offset, k.length])];
}

/** Whether a list of `keptWords` keeps all of any context. */
export function isReadOnly([count, offset, length]: readonly number[]): boolean {
  return count === 1 && offset === 0 && length === WHOLE_CONTEXT;
}
