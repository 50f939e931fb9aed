// SPDX-License-Identifier: MIT
import { printInsn } from '../bpf/print.js';
import type { Insn, LineInfo, Program } from '../bpf/program.js';
import type { HelperRow } from '../contract/helpers.js';
import type { Contract } from '../contract/types.js';
import { type FunctionGuards, keptPlaces } from '../sandbox/sandbox.js';
import { regionName } from '../verifier/describe.js';
import { lineOf, Rejection } from '../verifier/diagnose.js';
import type { AccessFact, Facts, HelperArgFact } from '../verifier/facts.js';
import { buildFlow } from '../verifier/flow.js';
import { verify } from '../verifier/verify.js';
import { Origins } from './origin.js';
import { remedy } from './remedy.js';

/** How an access is checked while the program runs. */
export type GuardForm = 'compare' | 'search';

/** One access that is not shown to be right. */
export interface GuardRow {
  readonly func: number;
  readonly function: string;
  readonly section: string;
  readonly instruction: number;
  /** The instruction as the assembler reads it. */
  readonly text: string;
  /** Position of a helper's buffer among its arguments; null for loads, stores and atomics. */
  readonly argument: number | null;
  readonly source: LineInfo | null;
  readonly write: boolean;
  /** What is accessed: `reads 4 bytes at packet+[0, 1499]; packet is 64 to 1500 bytes`. */
  readonly access: string;
  /** Null: a pointer into memory that is not known. */
  readonly region: string | null;
  /** A compare with the bounds of one region, or a search of the table of all regions. */
  readonly form: GuardForm;
  /** False: another guard that is passed before covers it, so that no code is left. */
  readonly kept: boolean;
  /** Why it is not proved, if the verifier has a word for it. */
  readonly reason: string | null;
  /** What would make it needless. */
  readonly help: string;
  /** The code that --strict would refuse it with. */
  readonly code: 'FCC0106' | 'FCC0107';
  /** The way that leads there, as errors have it. */
  readonly rejection: Rejection | null;
}

/** What `prepare` (compile.ts) knows of a program. */
export interface GuardSource {
  readonly program: Program;
  readonly entries: readonly number[];
  readonly contract: Contract;
  readonly helpers: readonly HelperRow[];
  readonly facts: Facts;
  readonly opaque: ReadonlySet<string>;
  readonly guards: readonly FunctionGuards[];
}

/** What --strict would refuse, by place and argument. */
function refusals(source: GuardSource): ReadonlyMap<string, Rejection> {
  const { program, entries, contract, helpers, opaque } = source;
  const found = new Map<string, Rejection>();
  for (const entry of entries) {
    const verdict = verify(program, entry, contract, { strict: true, helpers, opaque });
    for (const e of verdict.verdict === 'rejected' ? verdict.errors : []) {
      if (!(e instanceof Rejection) || (e.code !== 'FCC0106' && e.code !== 'FCC0107')) continue;
      const { func, slot, reg } = e.blame;
      const key = e.code === 'FCC0106' ? `${func}:${slot}:${reg! - 1}` : `${func}:${slot}`;
      if (!found.has(key)) found.set(key, e);
    }
  }
  return found;
}

/** An access in words where the verifier has none: entries differ on it. */
function plainAccess(insn: Insn, fact: AccessFact | HelperArgFact): string {
  const size = 'size' in insn ? ` ${insn.size} ${insn.size === 1 ? 'byte' : 'bytes'}` : '';
  return `${fact.write ? 'writes' : 'reads'}${size} through a pointer that the programs of this object use differently`;
}

/**
 * Every access that gets a guard, in program order: those whose guard is in the code, and those that another guard covers. What
 * would remove a guard is derived from the facts and from what --strict has to say about the place. Linear in the program.
 */
export function guardReport(source: GuardSource): GuardRow[] {
  const { program, contract, facts, helpers, guards } = source;
  const slotsOf = new Map<number, Set<number>>();
  for (const { guarded } of guards)
    for (const place of guarded.keys()) {
      const [func, slot] = place.split(':').map(Number) as [number, number];
      slotsOf.set(func, (slotsOf.get(func) ?? new Set<number>()).add(slot));
    }
  if (slotsOf.size === 0) return [];
  const byId = new Map(helpers.map((h) => [h.id, h]));
  const kept = new Set(guards.flatMap((g) => [...keptPlaces(g)]));
  const refused = refusals(source);
  const rows: GuardRow[] = [];
  facts.functions.forEach((own, func) => {
    const fn = program.functions[func]!;
    const slots = slotsOf.get(func);
    if (!own || !slots) return;
    const origins = new Origins(program, buildFlow(fn), facts, (id) => byId.get(id));
    for (const slot of [...slots].sort((a, b) => a - b)) {
      const insn = fn.at[slot]!;
      const place = `${func}:${slot}`;
      const add = (fact: AccessFact | HelperArgFact, argument: number | null): void => {
        const rejection = refused.get(argument === null ? place : `${place}:${argument}`) ?? null;
        rows.push({
          func,
          function: fn.name,
          section: fn.section,
          instruction: slot,
          text: printInsn(insn, program),
          argument,
          source: lineOf(fn, slot) ?? null,
          write: fact.write,
          access: rejection?.details.snippet?.note ?? plainAccess(insn, fact),
          region: fact.region && regionName({ program, contract }, fact.region),
          form: fact.region === null ? 'search' : 'compare',
          kept: kept.has(place),
          reason: rejection?.details.reason ?? null,
          help: remedy({ program, contract, helpers, fn, origins, insn, argument, fact, rejection }),
          code: argument === null ? 'FCC0107' : 'FCC0106',
          rejection,
        });
      };
      const access = own.accesses.get(slot);
      if (access && !access.proved) add(access, null);
      for (const arg of own.helperArgs.get(slot) ?? []) if (!arg.proved) add(arg, arg.arg);
    }
  });
  return rows;
}
