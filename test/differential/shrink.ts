// SPDX-License-Identifier: MIT
import { type Case, type Draft, type Line, makeCase } from './draft.js';

/** Register that an instruction writes, if it only writes a register. */
function written(draft: Draft): number | undefined {
  switch (draft.kind) {
    case 'alu':
    case 'movsx':
    case 'endian':
    case 'lddw':
    case 'load':
      return draft.dst;
    default:
      return undefined;
  }
}

const isExit = (line: Line | undefined): boolean => line?.kind === 'insn' && line.draft.kind === 'exit';

/** Instructions of all functions. */
const size = (source: Case['source']): number => source.flat().filter((l) => l.kind === 'insn').length;

/**
 * Makes a failing case smaller as long as it fails: leaves out runs of lines, then single ones, then turns results into
 * zero. `fails` gets structurally sound cases only, but may be given one that reads unset registers or that never ends: it has to
 * verify the program before it runs it and call what is rejected no failure. Loop counting is left alone unless its whole
 * loop goes.
 */
export function shrink(start: Case, fails: (c: Case) => boolean): Case {
  let best = start;
  const attempt = (source: Case['source']): boolean => {
    let next: Case;
    try {
      next = makeCase(best.seed, source, best.contract, best.request);
    } catch {
      return false;
    }
    if (!fails(next)) return false;
    best = next;
    return true;
  };
  const replace = (f: number, from: number, to: number, by: readonly Line[]): boolean => {
    const lines = best.source[f]!;
    const gone = lines.slice(from, to);
    if (!wholeLoops(lines, gone)) return false;
    return attempt(best.source.map((l, i) => (i === f ? [...l.slice(0, from), ...by, ...l.slice(to)] : l)));
  };

  for (let before = Number.POSITIVE_INFINITY; size(best.source) < before; ) {
    before = size(best.source);
    for (let f = 0; f < best.source.length; f++) {
      for (let chunk = 128; chunk >= 1; chunk >>= 1)
        for (let at = best.source[f]!.length - chunk - 1; at >= 0; at--)
          if (at + chunk < best.source[f]!.length) replace(f, at, at + chunk, []);
    }
  }
  best.source.forEach((lines, f) => {
    lines.forEach((line, at) => {
      if (line.kind !== 'insn' || line.pinned || isExit(line)) return;
      const dst = written(line.draft);
      if (dst === undefined || (line.draft.kind === 'alu' && line.draft.op === 'mov' && line.draft.src.kind === 'imm'))
        return;
      const draft: Draft = { kind: 'alu', op: 'mov', width: 64, dst, src: { kind: 'imm', imm: 0 } };
      replace(f, at, at + 1, [{ kind: 'insn', draft, pinned: false }]);
    });
  });
  return best;
}

const isPinned = (l: Line, kind: 'branch' | 'jump'): boolean => l.kind === 'insn' && l.pinned && l.draft.kind === kind;

/**
 * A loop without its counting would not end: a line that counts goes after every test that its register counts for, and a test that leads
 * out of a loop after the jump back over it.
 */
function wholeLoops(lines: readonly Line[], gone: readonly Line[]): boolean {
  const counted = new Set(gone.flatMap((l) => (l.kind === 'insn' && l.pinned ? (written(l.draft) ?? []) : [])));
  const leave = new Set(gone.filter((l) => isPinned(l, 'branch')));
  return lines.every((l, at) => {
    if (l.kind === 'label' || gone.includes(l)) return true;
    if (isPinned(l, 'branch') && l.draft.kind === 'branch' && counted.has(l.draft.dst)) return false;
    if (!l.pinned || leave.size === 0 || (l.draft.kind !== 'jump' && l.draft.kind !== 'branch')) return true;
    const { target } = l.draft;
    const head = lines.findIndex((h) => h.kind === 'label' && h.id === target);
    return !lines.slice(head, at).some((t) => leave.has(t) && leadsOver(t, at, lines));
  });
}

/** Whether a branch goes to a place behind this line. */
function leadsOver(line: Line, at: number, lines: readonly Line[]): boolean {
  if (line.kind === 'label' || line.draft.kind !== 'branch') return false;
  const { target } = line.draft;
  return lines.findIndex((h) => h.kind === 'label' && h.id === target) > at;
}
