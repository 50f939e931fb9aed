// SPDX-License-Identifier: MIT
import { dataTable, tableRow } from './html.js';
import { element as el, escapeText as esc } from './markup.js';
import { GOAL_CORE, type RuntimeDocument } from './runtime.js';
import { runtimeRemarks, runtimeTables } from './runtime-text.js';
import { STYLE } from './style.js';

const RULES: readonly (readonly [string, string])[] = [
  ['ROM', 'code and constants of the objects that gcc -Os makes, before the linker leaves anything out'],
  [
    'RAM',
    'sizes of structures, as the compiler for the core lays them out; a container’s block and stack are the image’s own',
  ],
  [
    'instructions',
    'counted by a plug-in of the emulator, from the first of the function to its return, with what it calls and with the ' +
      'container’s own; loading: up to the first instruction of the container, fcc_run’s share included',
  ],
];

/** A report of the runtime: one HTML file without anything to load, well-formed XML too. */
export function runtimeHtml(doc: RuntimeDocument): string {
  const targets = doc.targets.map((t) => t.target).join(', ');
  const head = [
    el('meta', { charset: 'utf-8' }),
    el('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    el('title', {}, esc(`fcc bench --runtime: ${targets}`)),
    el('style', {}, STYLE),
  ];
  const tables = runtimeTables(doc).flatMap(({ title, head: [first = '', ...columns], rows }) => [
    el('h2', {}, esc(title)),
    dataTable(
      [first, ...columns],
      1,
      rows.map(([name = '', ...cells]) => tableRow(name, cells.map(esc))),
    ),
  ]);
  const pairs = [...RULES, ['goals', `of ${GOAL_CORE}, at -Os`] as const, ...Object.entries(doc.versions)];
  const remarks = runtimeRemarks(doc).map((r) => el('li', {}, esc(r)));
  const body = [
    el('h1', {}, 'What the runtime costs'),
    el('p', { class: 'soft' }, esc(`${targets} · ${doc.date} · ${doc.machine}`)),
    ...tables,
    remarks.length === 0 ? '' : el('h2', {}, 'Remarks') + el('ul', {}, ...remarks),
    el('h2', {}, 'How it was measured'),
    el('dl', {}, ...pairs.flatMap(([term, text]) => [el('dt', {}, esc(term)), el('dd', {}, esc(text))])),
  ];
  return `<!DOCTYPE html>\n${el('html', { lang: 'en' }, el('head', {}, ...head), '\n', el('body', {}, ...body))}\n`;
}
