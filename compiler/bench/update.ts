// SPDX-License-Identifier: MIT
import type { Circumstances } from './document.js';
import { geomean, ratio } from './figures.js';

/** Block sizes of CoAP that updates are counted at: RIOT's default, a usual one and the largest. */
export const UPDATE_BLOCKS = [64, 256, 1024] as const;
export type UpdateBlock = (typeof UPDATE_BLOCKS)[number];

/** What can be sent instead of native images: as fcc, clang and Femto-Containers have it. */
export const OTHER_FORMS = [
  { key: 'ebpf', title: 'eBPF image' },
  { key: 'elf', title: 'eBPF object' },
  { key: 'stripped', title: 'stripped' },
  { key: 'rbpf', title: 'Femto-Container' },
] as const;
/** What the others are held against: forms that exist without fcc. */
export const COMPARED_FORMS = ['elf', 'stripped', 'rbpf'] as const;

/** Bytes that one update sends, all layers and both directions, nothing lost; those of a link's own frames apart. */
export interface Air {
  readonly datagrams: number;
  readonly image: number;
  readonly manifest: number;
  /** Headers, tokens and options of CoAP, empty messages, and the text of the trigger. */
  readonly coap: number;
  /** Headers of IPv6 and UDP: 48 bytes a datagram. */
  readonly udp: number;
}

/** One program in one form. */
export interface UpdateForm {
  /** Bytes of the image, object or container, and of its manifest. */
  readonly bytes: number;
  readonly manifest: number;
  readonly air: Readonly<Record<UpdateBlock, Air>>;
}

export interface UpdateRow {
  readonly program: string;
  /** By target name or key of OTHER_FORMS; null: there is none, `notes` of the document says why. */
  readonly forms: Readonly<Record<string, UpdateForm | null>>;
}

/** Bytes of the update path on a device. */
export interface UpdateSize {
  readonly kind: 'rom' | 'ram';
  readonly name: string;
  /** null: not measured. */
  readonly bytes: number | null;
}

/** The --json document of `fcc bench --update`. */
export interface UpdateDocument extends Circumstances {
  readonly schemaVersion: number;
  readonly kind: 'update';
  readonly profile: string;
  readonly targets: readonly string[];
  readonly rows: readonly UpdateRow[];
  /** Block size -> form -> form that it is held against -> geometric mean of the ratios of whole updates. */
  readonly geomean: Readonly<Record<UpdateBlock, Readonly<Record<string, Readonly<Record<string, number | null>>>>>>;
  /** The same of images alone. */
  readonly geomeanImage: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
  /** The core that `sizes` are of; at -Os. */
  readonly core: string;
  readonly sizes: readonly UpdateSize[];
  readonly notes: readonly string[];
}

/** All bytes of an update. */
export const airTotal = ({ image, manifest, coap, udp }: Air): number => image + manifest + coap + udp;

/** Keys of all forms of a document, targets first. */
export const formsOf = (targets: readonly string[]): string[] => [...targets, ...OTHER_FORMS.map((f) => f.key)];

/** Means of `value` over the programs that have both forms. */
function means(
  rows: readonly UpdateRow[],
  keys: readonly string[],
  value: (form: UpdateForm) => number,
): Record<string, Record<string, number | null>> {
  const of = (row: UpdateRow, key: string): number | null => {
    const form = row.forms[key];
    return form ? value(form) : null;
  };
  const mean = (key: string, other: string): number | null =>
    geomean(rows.map((row) => ratio(of(row, key), of(row, other))));
  return Object.fromEntries(
    keys.map((key) => [key, Object.fromEntries(COMPARED_FORMS.map((other) => [other, mean(key, other)]))]),
  );
}

/** Puts what was measured into one document. */
export function updateDocument(
  schemaVersion: number,
  measured: Pick<UpdateDocument, 'profile' | 'targets' | 'rows' | 'core' | 'sizes' | 'notes'>,
  circumstances: Circumstances,
): UpdateDocument {
  const { rows, targets } = measured;
  const keys = formsOf(targets);
  const at = (block: UpdateBlock) => means(rows, keys, (form) => airTotal(form.air[block]));
  return {
    schemaVersion,
    kind: 'update',
    ...circumstances,
    ...measured,
    geomean: { 64: at(64), 256: at(256), 1024: at(1024) },
    geomeanImage: means(rows, keys, (form) => form.bytes),
  };
}

/** Layers of an update, for tables. */
export const LAYERS = [
  { key: 'image', title: 'image' },
  { key: 'manifest', title: 'manifest' },
  { key: 'coap', title: 'CoAP' },
  { key: 'udp', title: 'UDP and IPv6' },
] as const satisfies readonly { key: keyof Air; title: string }[];

/** Sum of one layer over the programs that have every form; null: none has. */
export function layerSum(rows: readonly UpdateRow[], key: string, block: UpdateBlock, layer: keyof Air): number | null {
  const whole = rows.filter((row) => Object.values(row.forms).every((form) => form !== null));
  const forms = whole.flatMap((row) => row.forms[key] ?? []);
  return forms.length === 0 ? null : forms.reduce((n, form) => n + form.air[block][layer], 0);
}
