// SPDX-License-Identifier: MIT
import type { HelperRow } from '../contract/helpers.js';
import type { AccessFact, HelperArgFact } from '../verifier/facts.js';
import type { Ty } from './ir.js';

/** Whether a guard for this access must look at the high half of the address; without a fact: yes. */
export function needsHigh(fact: Pick<AccessFact, 'region' | 'proved' | 'offset32'> | undefined): boolean {
  if (!fact) return true;
  return !fact.proved && !(fact.region !== null && fact.offset32);
}

export const isPointerArg = (kind: HelperRow['args'][number]['kind']): boolean => kind !== 'u32' && kind !== 'u64';

/**
 * Types of a helper's arguments before the sandbox pass, one per argument of the row: a pointer that still needs its high
 * half checked is passed whole (i64, two lanes after split64); afterwards every pointer is one i32.
 */
export function helperArgTypes(row: HelperRow, facts: readonly HelperArgFact[] | undefined): Ty[] {
  return row.args.map((arg, i) => {
    if (arg.kind === 'u64') return 'i64';
    if (!isPointerArg(arg.kind)) return 'i32';
    return needsHigh(facts?.find((f) => f.arg === i)) ? 'i64' : 'i32';
  });
}

/** Result type of a helper before split64, or null. */
export function helperResultType(row: HelperRow): Ty | null {
  switch (row.result.kind) {
    case 'void':
      return null;
    case 'u64':
      return 'i64';
    case 'u32':
    case 'i32':
    case 'region':
      return 'i32';
  }
}
