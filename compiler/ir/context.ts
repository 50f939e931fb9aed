// SPDX-License-Identifier: MIT
import type { Program } from '../bpf/program.js';
import type { HelperRow } from '../contract/helpers.js';
import type { Contract } from '../contract/types.js';
import type { Facts, FunctionFacts } from '../verifier/facts.js';

/** What building needs to know besides the function itself. */
export interface BuildContext {
  readonly program: Program;
  readonly facts: Facts;
  readonly contract: Contract;
  readonly helpers: readonly HelperRow[];
}

/** Registers a local function takes as parameters, 1..5. */
export function parameterRegs(facts: FunctionFacts): number[] {
  return [1, 2, 3, 4, 5].filter((r) => facts.argsUsed[r - 1]);
}
