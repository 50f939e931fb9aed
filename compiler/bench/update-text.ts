// SPDX-License-Identifier: MIT
import {
  airTotal,
  COMPARED_FORMS,
  formsOf,
  LAYERS,
  layerSum,
  OTHER_FORMS,
  UPDATE_BLOCKS,
  type UpdateBlock,
  type UpdateDocument,
} from './update.js';

type Cells = readonly string[];

const numberText = (value: number | null): string => (value === null ? '-' : String(value));
const ratioText = (value: number | null | undefined): string =>
  value === null || value === undefined ? '-' : value.toFixed(2);

/** Titles left, figures right, two spaces between; no trailing blanks. */
function tableText(title: string, head: Cells, rows: readonly Cells[]): string {
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i]!.length)));
  const line = (cells: Cells): string =>
    cells
      .map((c, i) => (i === 0 ? c.padEnd(widths[i]!) : c.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [title, line(head), ...rows.map(line)].map((l) => `${l}\n`).join('');
}

const titleOf = (key: string): string => OTHER_FORMS.find((f) => f.key === key)?.title ?? key;

/** Means as rows: one for each form that others are held against. */
const meanRows = (keys: readonly string[], means: Readonly<Record<string, Readonly<Record<string, number | null>>>>) =>
  COMPARED_FORMS.map((other) => [`geomean to ${titleOf(other)}`, ...keys.map((key) => ratioText(means[key]?.[other]))]);

/** What is sent, without any protocol. */
function imageTable({ rows, targets, geomeanImage }: UpdateDocument): string {
  const keys = formsOf(targets);
  return tableText(
    'bytes of the image itself',
    ['program', ...keys.map(titleOf)],
    [
      ...rows.map((row) => [row.program, ...keys.map((key) => numberText(row.forms[key]?.bytes ?? null))]),
      ...meanRows(keys, geomeanImage),
    ],
  );
}

/** Whole updates with one block size. */
function airTable({ rows, targets, geomean }: UpdateDocument, block: UpdateBlock): string {
  const keys = formsOf(targets);
  const cell = (form: UpdateDocument['rows'][number]['forms'][string] | undefined): string =>
    form ? String(airTotal(form.air[block])) : '-';
  return tableText(
    `bytes on the air of a whole update, blocks of ${block}`,
    ['program', ...keys.map(titleOf)],
    [
      ...rows.map((row) => [row.program, ...keys.map((key) => cell(row.forms[key]))]),
      ...meanRows(keys, geomean[block]),
    ],
  );
}

/** Where the bytes go, all programs together. */
function layerTable({ rows, targets }: UpdateDocument): string {
  const keys = formsOf(targets);
  const lines = UPDATE_BLOCKS.flatMap((block) => [
    ...LAYERS.map(({ key: layer, title }) => [
      `${block}: ${title}`,
      ...keys.map((key) => numberText(layerSum(rows, key, block, layer))),
    ]),
    [`${block}: datagrams`, ...keys.map((key) => numberText(layerSum(rows, key, block, 'datagrams')))],
  ]);
  return tableText(
    'the same by layer, sums of the programs that have every form',
    ['block size', ...keys.map(titleOf)],
    lines,
  );
}

/** ROM and RAM of the device. */
function sizeTable({ sizes, core }: UpdateDocument): string {
  const of = (kind: 'rom' | 'ram') => sizes.filter((s) => s.kind === kind);
  const rom = of('rom').flatMap((s) => s.bytes ?? []);
  return tableText(
    `the update path on ${core}, bytes at -Os, crypto apart`,
    ['', 'ROM', 'RAM'],
    [
      ...of('rom').map(({ name, bytes }) => [name, numberText(bytes), '']),
      ['sum of ROM', rom.length === 0 ? '-' : String(rom.reduce((n, bytes) => n + bytes, 0)), ''],
      ...of('ram').map(({ name, bytes }) => [name, '', numberText(bytes)]),
    ],
  );
}

/** The document for people. */
export function updateText(doc: UpdateDocument): string {
  const tables = [
    imageTable(doc),
    ...UPDATE_BLOCKS.map((block) => airTable(doc, block)),
    layerTable(doc),
    sizeTable(doc),
  ];
  return `${tables.join('\n')}${doc.notes.length > 0 ? '\n' : ''}${doc.notes.map((n) => `${n}\n`).join('')}`;
}
