// SPDX-License-Identifier: MIT
import type { Prepared } from '../compile.js';
import type { GuardRow } from '../report/guards.js';

/** `./slot.c:14:3  (put, insn 8)`. */
function placeText({ source, function: name, instruction }: GuardRow): string {
  const inside = `(${name}, insn ${instruction})`;
  return source ? `${source.file}:${source.line}:${source.column}  ${inside}` : inside;
}

function rowText(row: GuardRow): string {
  const { source } = row;
  const form = row.form === 'search' ? 'search of all regions, the pointer is unknown' : `compare with ${row.region}`;
  return [
    `guard: ${form}`,
    `  --> ${placeText(row)}`,
    `${String(source?.line ?? row.instruction).padStart(5)} |  ${source?.text.trim() ?? row.text}`,
    ` access: ${row.access}`,
    ...(row.reason === null ? [] : [` reason: ${row.reason}`]),
    ` help:   ${row.help}`,
  ].join('\n');
}

const accesses = (n: number): string => (n === 1 ? '1 access' : `${n} accesses`);

/** The guards of a compiled program for people: one paragraph each, and how many accesses are covered by them. */
export function guardsText(prepared: Prepared, rows: readonly GuardRow[]): string {
  const kept = rows.filter((r) => r.kept);
  const all = prepared.guards.reduce((n, g) => n + g.accesses, 0);
  const covered = rows.length - kept.length;
  const more = covered === 0 ? '' : `; ${accesses(covered)} more covered by another guard`;
  if (all === 0) return 'guards: none, the program accesses no memory\n';
  if (kept.length === 0)
    return `guards: none, ${all === 1 ? '1 access is' : `all ${all} accesses are`} proved${more}\n`;
  return `${kept.map((r) => `${rowText(r)}\n`).join('\n')}guards: ${kept.length} of ${accesses(all)} guarded${more}\n`;
}

/** The rows of `compile --json`. */
export function guardsDocument(rows: readonly GuardRow[]): Record<string, unknown>[] {
  return rows.map((r) => ({
    section: r.section,
    function: r.function,
    instruction: r.instruction,
    argument: r.argument,
    file: r.source?.file ?? null,
    line: r.source?.line ?? null,
    text: r.source?.text.trim() ?? r.text,
    kind: r.write ? 'write' : 'read',
    access: r.access,
    region: r.region,
    form: r.form,
    kept: r.kept,
    reason: r.reason,
    help: r.help,
  }));
}
