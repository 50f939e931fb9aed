// SPDX-License-Identifier: MIT
import {
  figureOf,
  GOAL_CORE,
  missedGoals,
  PUBLISHED,
  RUNTIME_GROUPS,
  RUNTIME_LEVELS,
  type RuntimeDocument,
  type RuntimeGroup,
  type RuntimeItem,
  type RuntimeLevel,
  type RuntimeResult,
} from './runtime.js';

/** A table: titles first, then a column of figures each. */
export interface RuntimeTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const TITLES: Readonly<Record<RuntimeGroup, string>> = {
  rom: 'ROM: bytes of code and constants at -Os',
  ram: 'RAM: bytes of the firmware',
  counts: 'executed instructions, from the first of the call to its return',
};

const numberText = (value: number | null): string =>
  value === null ? '-' : Number.isInteger(value) ? String(value) : value.toFixed(2);

const goalText = ({ goal }: RuntimeItem): string => (goal === null ? '' : `≤ ${goal}`);

/** Items of all targets, each once. */
function itemsOf(targets: readonly RuntimeResult[], group: RuntimeGroup): RuntimeItem[] {
  const found = new Map<string, RuntimeItem>();
  for (const { items } of targets) for (const item of items) if (item.group === group) found.set(item.key, item);
  return [...found.values()];
}

function tableOf(targets: readonly RuntimeResult[], group: RuntimeGroup): RuntimeTable {
  const levels: readonly RuntimeLevel[] = group === 'counts' ? RUNTIME_LEVELS : ['-Os'];
  const columns = targets.flatMap((t) => levels.map((level) => ({ t, level })));
  const items = itemsOf(targets, group);
  return {
    title: TITLES[group],
    head: ['', ...columns.map(({ t, level }) => (group === 'counts' ? `${t.target} ${level}` : t.target)), 'goal'],
    rows: items.map((item) => [
      item.title,
      ...columns.map(({ t, level }) => numberText(figureOf(t, item.key, level))),
      goalText(item),
    ]),
  };
}

/** All tables of a document, others' figures last. */
export function runtimeTables({ targets }: RuntimeDocument): RuntimeTable[] {
  return [
    ...RUNTIME_GROUPS.map((group) => tableOf(targets, group)),
    {
      title: 'others, for orientation',
      head: ['', 'Cortex-M4', 'ESP32', 'RISC-V'],
      rows: PUBLISHED.map((p) => [p.name, ...[p.cortexM4, p.esp32, p.riscv].map(numberText)]),
    },
  ];
}

/** Titles left, figures right, two spaces between; no trailing blanks. */
function tableText({ title, head, rows }: RuntimeTable): string {
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((c, i) => (i === 0 ? c.padEnd(widths[i]!) : c.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [title, line(head), ...rows.map(line)].map((l) => `${l}\n`).join('');
}

/** What goes wrong or holds for a target only, one line each. */
export function runtimeRemarks(doc: RuntimeDocument): string[] {
  const missed = missedGoals(doc).map(
    ({ target, item, value }) => `${target}: ${item.title}: ${numberText(value)}, goal ${item.goal}`,
  );
  return [...missed, ...doc.targets.flatMap((t) => t.notes.map((n) => `${t.target}: ${n}`))];
}

/** The document for people. */
export function runtimeText(doc: RuntimeDocument): string {
  const remarks = [`goals are those of ${GOAL_CORE}, at -Os`, ...runtimeRemarks(doc)];
  return `${runtimeTables(doc).map(tableText).join('\n')}\n${remarks.map((r) => `${r}\n`).join('')}`;
}
