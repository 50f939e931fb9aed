// SPDX-License-Identifier: MIT

import { rawProgram } from '../../compiler/bpf/load.js';
import type { Insn, Program } from '../../compiler/bpf/program.js';
import type { Contract } from '../../compiler/contract/types.js';
import type { RunRequest } from '../../compiler/host/engine.js';
import { encode, slotsOf } from './encode.js';

/** `Insn` without its slot; `target` of jumps is a label number of the same function. */
export type Draft = Insn extends infer I ? (I extends Insn ? Omit<I, 'slot'> : never) : never;

/** A line of a function being written. Pinned instructions count a loop down: the shrinker leaves them alone. */
export type Line =
  | { readonly kind: 'label'; readonly id: number }
  | { readonly kind: 'insn'; readonly draft: Draft; readonly pinned: boolean };

/** A program with all it needs to run. `source` is what the shrinker works on: lines by function, function 0 is the entry. */
export interface Case {
  readonly seed: number;
  readonly program: Program;
  readonly bytes: Uint8Array;
  readonly contract: Contract;
  readonly request: RunRequest;
  readonly source: readonly (readonly Line[])[];
}

/** Lays out the functions one after another, resolves labels and encodes. */
export function assembleLines(source: readonly (readonly Line[])[]): Uint8Array {
  const starts: number[] = [];
  const labels: Map<number, number>[] = [];
  let slot = 0;
  for (const lines of source) {
    starts.push(slot);
    const here = new Map<number, number>();
    for (const line of lines) {
      if (line.kind === 'label') here.set(line.id, slot);
      else slot += slotsOf(line.draft);
    }
    labels.push(here);
  }
  slot = 0;
  const insns: Insn[] = [];
  source.forEach((lines, f) => {
    for (const line of lines) {
      if (line.kind === 'label') continue;
      const { draft } = line;
      if (draft.kind === 'jump' || draft.kind === 'branch') {
        const target = labels[f]!.get(draft.target);
        if (target === undefined) throw new Error(`no label ${draft.target}`);
        insns.push({ ...draft, slot, target });
      } else insns.push({ ...draft, slot });
      slot += slotsOf(draft);
    }
  });
  return encode(insns, starts);
}

const called = (line: Line): number | undefined =>
  line.kind === 'insn' && (line.draft.kind === 'call' || line.draft.kind === 'funcaddr') ? line.draft.func : undefined;

/** A raw program has a function only where a call or an address leads: leaves out those that nothing names, and renumbers the others. */
export function dropUncalled(all: readonly (readonly Line[])[]): (readonly Line[])[] {
  const seen = new Set([0]);
  all.forEach((lines, f) => {
    if (seen.has(f)) for (const l of lines) seen.add(called(l) ?? 0);
  });
  const order = [...seen].sort((a, b) => a - b);
  return order.map((f) =>
    all[f]!.map((l): Line => {
      const func = called(l);
      return l.kind === 'label' || func === undefined
        ? l
        : { ...l, draft: { ...l.draft, func: order.indexOf(func) } as typeof l.draft };
    }),
  );
}

/** Makes a case of source lines; functions that nothing names are left out. */
export function makeCase(
  seed: number,
  lines: readonly (readonly Line[])[],
  contract: Contract,
  request: RunRequest,
): Case {
  const source = dropUncalled(lines);
  const bytes = assembleLines(source);
  return { seed, program: rawProgram(bytes, `random-${seed}`), bytes, contract, request, source };
}
