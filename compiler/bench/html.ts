// SPDX-License-Identifier: MIT
import { COST_TABLES } from './costs.js';
import type { BenchDocument } from './document.js';
import { COLUMN_TITLES, type Column, figure, ratio } from './figures.js';
import { element as el, escapeText as esc } from './markup.js';
import { PEERS } from './peers.js';
import { type BarGroup, type Plot, plotSvg } from './plot.js';
import { STYLE } from './style.js';
import { COMPARISONS, columnMean, countText, extrasOf, incompleteMeans, ratioText, type TableOf } from './text.js';

/** Bars longer than this many times gcc are cut: one outlier shall not flatten all others. */
const CUT = 4;

/** What each column is, for whoever reads nothing else. */
const MEANINGS: readonly (readonly [Column, string])[] = [
  ['gccO2', 'the C source compiled natively by gcc -O2, no protection: the measure'],
  ['gccOs', 'the same by gcc -Os'],
  ['guarded', 'fcc, nothing known of the hook: each access is looked up in the region table unless proved'],
  ['contract', 'fcc with the contract of the hook: what the product is'],
  ['unguarded', 'fcc with guards and fuel left out, for measurement only: never an image'],
  ['interpreter', 'the same object interpreted by our interpreter in C'],
  ['contractOs', 'fcc with contract on the object that clang -Os made'],
];

/**
 * A report of one or more targets: one HTML file with everything in it, no script and nothing to load. It is well-formed XML too.
 */
export function benchHtml(documents: readonly (BenchDocument & { readonly profile?: string })[]): string {
  const targets = documents.map((d) => d.target);
  const [first] = documents;
  const title = `fcc bench: ${targets.join(', ')}`;
  const head = [
    el('meta', { charset: 'utf-8' }),
    el('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    el('title', {}, esc(title)),
    el('style', {}, STYLE),
  ];
  const links = documents.length < 2 ? '' : targets.map((t) => el('a', { href: `#${t}` }, esc(t))).join('');
  const body = [
    el('h1', {}, 'As fast as C?'),
    el('p', { class: 'soft' }, esc(`${targets.join(', ')} · ${first?.date ?? ''} · ${first?.machine ?? ''}`)),
    el('p', {}, esc(INTRODUCTION)),
    links === '' ? '' : el('nav', {}, links),
    ...documents.map(section),
    method(documents),
    peers(),
  ];
  return `<!DOCTYPE html>\n${el('html', { lang: 'en' }, el('head', {}, ...head), '\n', el('body', {}, ...body))}\n`;
}

const INTRODUCTION =
  'Each program is one entry point of an eBPF object, run once on the same input by every engine. Instructions are counted exactly ' +
  'under emulation; cycles are estimates. Less is better everywhere; 1.00 is native C without any protection.';

function section(doc: BenchDocument & { readonly profile?: string }): string {
  const [executed, estimated, text] = COMPARISONS as readonly [TableOf, TableOf, TableOf];
  return el(
    'section',
    { id: doc.target },
    el('h2', {}, esc(doc.target)),
    tiles(doc),
    el('h3', {}, 'Executed instructions, ratio to gcc -O2'),
    legend(['gccOs', 'guarded', 'contract', 'unguarded']),
    plotFigure(ratioPlot(doc, executed, ['gccOs', 'guarded', 'contract', 'unguarded'])),
    comparisonTable(doc, executed),
    el('h3', {}, 'Estimated cycles, ratio to gcc -O2'),
    legend(['gccOs', 'guarded', 'contract', 'unguarded']),
    plotFigure(ratioPlot(doc, estimated, ['gccOs', 'guarded', 'contract', 'unguarded'])),
    comparisonTable(doc, estimated),
    el('h3', {}, 'Text bytes'),
    legend(['gccOs', 'contractOs', 'contract']),
    plotFigure(bytesPlot(doc, ['gccOs', 'contractOs', 'contract'])),
    comparisonTable(doc, text),
    el('h3', {}, 'Compiled or interpreted: executed instructions, ratio to gcc -O2, logarithmic'),
    legend(['contract', 'interpreter']),
    plotFigure(logPlot(doc, executed)),
    el('h3', {}, 'Guards, stack and load'),
    el(
      'p',
      { class: 'soft' },
      'Guards that were executed, bytes of stack, instructions to load an image once and to enter and leave it each run.',
    ),
    extrasTable(doc),
    notes(doc),
    doc.profile === undefined ? '' : el('h3', {}, 'Profile') + el('pre', {}, esc(doc.profile)),
  );
}

/** The figures that matter most. */
function tiles({ geomean, geomeanCycles, worst, accesses }: BenchDocument): string {
  const tile = (value: string, text: string): string =>
    el('li', {}, el('b', {}, esc(value)), el('span', {}, esc(text)));
  const of = (r: number | null): string => ratioText(r);
  return el(
    'ul',
    { class: 'tiles' },
    tile(of(geomean.contract), 'instructions to gcc -O2, geometric mean, with contracts'),
    tile(of(geomean.guarded), 'the same with all guards, no contracts'),
    tile(
      of(worst.contract?.ratio ?? null),
      `worst program with contract${worst.contract ? `: ${worst.contract.program}` : ''}`,
    ),
    tile(of(geomeanCycles.contract), 'estimated cycles to gcc -O2, with contracts'),
    tile(of(geomean.textBytes), 'text bytes to gcc -Os'),
    tile(of(geomean.interpreter), 'instructions to gcc -O2, interpreted'),
    tile(
      accesses.share === null ? '-' : `${(accesses.share * 100).toFixed(0)} %`,
      `accesses proved: ${accesses.proved} of ${accesses.all}`,
    ),
  );
}

const legend = (columns: readonly Column[]): string =>
  el('ul', { class: 'legend' }, ...columns.map((c) => el('li', {}, el('i', { class: c }), esc(COLUMN_TITLES[c]))));

const plotFigure = (plot: Plot | null): string =>
  plot ? el('figure', {}, plotSvg(plot)) : el('p', { class: 'soft' }, 'Nothing was measured.');

const known = (groups: readonly BarGroup[]): boolean => groups.some((g) => g.bars.some((b) => b.value !== null));

function ratioGroups(doc: BenchDocument, c: TableOf, columns: readonly Column[]): BarGroup[] {
  const groups: BarGroup[] = doc.rows.map((row) => ({
    name: row.program,
    bars: columns.map((kind) => {
      const [count, base] = [figure(row, kind, c.metric), figure(row, c.base, c.metric)];
      const value = ratio(count, base);
      const hint = `${row.program}, ${COLUMN_TITLES[kind]}: ${countText(count)}, ${COLUMN_TITLES[c.base]}: ${countText(base)}`;
      return { kind, value, label: ratioText(value), hint };
    }),
  }));
  const bars = columns.map((kind) => {
    const value = columnMean(doc.rows, c, kind);
    return {
      kind,
      value,
      label: ratioText(value),
      hint: `geometric mean, ${COLUMN_TITLES[kind]}: ${ratioText(value)}`,
    };
  });
  return [...groups, { name: 'geometric mean', apart: true, bars }];
}

function ratioPlot(doc: BenchDocument, c: TableOf, columns: readonly Column[]): Plot | null {
  const groups = ratioGroups(doc, c, columns);
  if (!known(groups)) return null;
  return { title: `${doc.target}: ${c.title}`, groups, scale: 'linear', limit: CUT, marks: [1], tick: tickText };
}

function logPlot(doc: BenchDocument, c: TableOf): Plot | null {
  const groups = ratioGroups(doc, c, ['contract', 'interpreter']);
  if (!known(groups)) return null;
  return {
    title: `${doc.target}: compiled or interpreted`,
    groups,
    scale: 'log',
    marks: [1],
    tick: tickText,
  };
}

function bytesPlot(doc: BenchDocument, columns: readonly Column[]): Plot | null {
  const groups = doc.rows.map((row) => ({
    name: row.program,
    bars: columns.map((kind) => {
      const value = row[kind].textBytes;
      return {
        kind,
        value,
        label: countText(value),
        hint: `${row.program}, ${COLUMN_TITLES[kind]}: ${countText(value)} bytes`,
      };
    }),
  }));
  if (!known(groups)) return null;
  return { title: `${doc.target}: text bytes`, groups, scale: 'linear', marks: [], tick: tickText };
}

/** A number on an axis without digits that say nothing. */
const tickText = (value: number): string => String(Number(value.toPrecision(6)));

function comparisonTable({ rows }: BenchDocument, c: TableOf): string {
  const cell = (count: number | null, base: number | null, isBase: boolean): string => {
    const r = isBase ? null : ratio(count, base);
    const shade = r === null ? '' : r <= 1 ? 'good' : r > 1.5 ? 'bad' : '';
    const small = isBase ? '' : ` ${el('small', shade === '' ? {} : { class: shade }, ratioText(r))}`;
    return esc(countText(count)) + small;
  };
  const body = rows.map((row) => {
    const base = figure(row, c.base, c.metric);
    return tableRow(
      row.program,
      c.columns.map((k) => cell(figure(row, k, c.metric), base, k === c.base)),
    );
  });
  const means = c.columns.map((k) => (k === c.base ? '' : el('small', {}, ratioText(columnMean(rows, c, k)))));
  const head = ['program', ...c.columns.map((k) => COLUMN_TITLES[k])];
  return dataTable(head, 1, [...body, tableRow('geometric mean', means, 'last')]);
}

function extrasTable({ rows }: BenchDocument): string {
  const shown = extrasOf(rows);
  const body = rows.map((row) => {
    const cells = shown.map((e) => esc(e.of(row)));
    return tableRow(row.program, cells);
  });
  return dataTable(['program', ...shown.map((e) => e.title)], 1, body);
}

/** A row with its name; cells are markup, aligned right from `numbers` on. */
export function tableRow(name: string, cells: readonly string[], kind = '', numbers = 0): string {
  const data = cells.map((c, i) => el('td', i >= numbers ? { class: 'n' } : {}, c));
  return el('tr', kind === '' ? {} : { class: kind }, el('th', { scope: 'row' }, esc(name)), ...data);
}

/** A table with a head; columns from `numbers` on are aligned right. */
export function dataTable(head: readonly string[], numbers: number, rows: readonly string[]): string {
  const cells = head.map((h, i) => el('th', i >= numbers ? { scope: 'col', class: 'n' } : { scope: 'col' }, esc(h)));
  const table = el('table', {}, el('thead', {}, el('tr', {}, ...cells)), el('tbody', {}, ...rows));
  return el('div', { class: 'wide' }, table);
}

function notes(doc: BenchDocument): string {
  const own = doc.rows.flatMap((r) => [...(r.errors ?? []), ...r.notes].map((n) => `${r.program}: ${n}`));
  const lines = [...incompleteMeans(doc), ...doc.notes, ...own];
  if (lines.length === 0) return '';
  return el('h3', {}, 'Notes') + el('ul', {}, ...lines.map((n) => el('li', {}, esc(n))));
}

/** What was done how, with which tools. */
function method(documents: readonly BenchDocument[]): string {
  const pairs = (list: readonly (readonly [string, string])[]): string =>
    el('dl', {}, ...list.flatMap(([term, text]) => [el('dt', {}, esc(term)), el('dd', {}, esc(text))]));
  const versions = new Map(documents.flatMap((d) => Object.entries(d.versions)));
  const costs = documents.flatMap((d) => {
    const table = COST_TABLES[d.target];
    if (!table) return [];
    const reading = table.reading === '' ? '' : ` Our reading: ${table.reading}.`;
    return [[`cycles, ${d.target}`, `${table.core}: ${table.source}.${reading}`] as const];
  });
  const [first] = documents;
  return el(
    'section',
    { id: 'method' },
    el('h2', {}, 'How it was measured'),
    pairs(MEANINGS.map(([column, text]) => [COLUMN_TITLES[column], text] as const)),
    el('h3', {}, 'Rules'),
    pairs([...RULES, ...costs]),
    el('h3', {}, 'Machine and versions'),
    pairs([['date', first?.date ?? ''], ['machine', first?.machine ?? ''], ...versions]),
  );
}

const RULES: readonly (readonly [string, string])[] = [
  [
    'instructions',
    'counted by a plug-in of the emulator, from the first instruction of the program to its return, with the routines of runtime ' +
      'and libgcc that it calls, without the bodies of helpers; entering and leaving the container are counted apart',
  ],
  [
    'cycles',
    'count of each instruction times the cost of its kind, memory without wait states; an estimate, not a measurement',
  ],
  ['text bytes', 'code with literal pools and the table of traps; constants, firmware and helpers apart'],
  ['means', 'geometric, over all programs that have both figures'],
  ['results', 'every run must give what the reference interpreter gives, in result and memory; else it has no figures'],
];

function peers(): string {
  const tables = PEERS.map(({ title, source, head, rows, numbers }) => {
    const body = rows.map(([name = '', ...cells]) => tableRow(name, cells.map(esc), '', numbers - 1));
    return el('h3', {}, esc(title)) + el('p', { class: 'soft' }, esc(source)) + dataTable(head, numbers, body);
  });
  return el(
    'section',
    { class: 'peers', id: 'peers' },
    el('h2', {}, 'Others’ figures'),
    el('p', {}, 'For orientation. These were not measured in this run, and not with these programs and inputs.'),
    ...tables,
  );
}
