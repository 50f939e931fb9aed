// SPDX-License-Identifier: MIT
import type { BenchDocument } from './document.js';
import { COLUMNS, figure, METRICS, ratio } from './figures.js';

/** One field as RFC 4180 section 2 has it: quoted where a comma, quote or line end is inside. */
export const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const HEAD = [
  ...['target', 'program', 'column'],
  ...METRICS,
  ...['instructionsToGccO2', 'cyclesToGccO2', 'textBytesToGccOs', 'accesses', 'proved', 'notes'],
];

/** One line a target, program and column (RFC 4180, with a head line); empty fields were not measured. */
export function benchCsv(documents: readonly BenchDocument[]): string {
  const lines = documents.flatMap(({ target, rows }) =>
    rows.flatMap((row) =>
      COLUMNS.map((column) => {
        const own = METRICS.map((metric) => figure(row, column, metric));
        const ratios = [
          ratio(row[column].instructions, row.gccO2.instructions),
          ratio(row[column].cycles, row.gccO2.cycles),
          ratio(row[column].textBytes, row.gccOs.textBytes),
        ].map((r) => r?.toFixed(4) ?? null);
        const rest = [row.accesses.all, row.accesses.proved, row.notes.join('; ')];
        return [target, row.program, column, ...own, ...ratios, ...rest].map((f) => String(f ?? ''));
      }),
    ),
  );
  return [HEAD, ...lines].map((l) => `${l.map(csvField).join(',')}\r\n`).join('');
}
