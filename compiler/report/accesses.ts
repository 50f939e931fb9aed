// SPDX-License-Identifier: MIT
import type { Program } from '../bpf/program.js';
import type { Contract } from '../contract/types.js';
import { regionName } from '../verifier/describe.js';
import { lineOf } from '../verifier/diagnose.js';
import type { AccessFact, Facts, HelperArgFact } from '../verifier/facts.js';

/** One memory access of an accepted program, as tools want it. */
export interface AccessRow {
  readonly function: string;
  readonly instruction: number;
  /** Position of a helper's buffer among its arguments; null for loads, stores and atomics. */
  readonly argument: number | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly access: 'read' | 'write';
  /** Bytes of a load, store or atomic. */
  readonly bytes: number | null;
  /** Null: not known. */
  readonly region: string | null;
  /** Guarded: before the optimiser, which may cover one guard by another. */
  readonly verdict: 'proved' | 'guarded';
}

/** Every access in the facts of a program, in program order. */
export function accessReport(program: Program, contract: Contract, facts: Facts): AccessRow[] {
  const rows: AccessRow[] = [];
  facts.functions.forEach((own, func) => {
    if (!own) return;
    const fn = program.functions[func]!;
    for (const insn of fn.insns) {
      const add = (fact: AccessFact | HelperArgFact, argument: number | null): void => {
        const line = lineOf(fn, insn.slot);
        rows.push({
          function: fn.name,
          instruction: insn.slot,
          argument,
          file: line?.file ?? null,
          line: line?.line ?? null,
          access: fact.write ? 'write' : 'read',
          bytes: 'size' in insn ? insn.size : null,
          region: fact.region && regionName({ program, contract }, fact.region),
          verdict: fact.proved ? 'proved' : 'guarded',
        });
      };
      const access = own.accesses.get(insn.slot);
      if (access) add(access, null);
      for (const arg of own.helperArgs.get(insn.slot) ?? []) add(arg, arg.arg);
    }
  });
  return rows;
}
