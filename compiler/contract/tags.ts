// SPDX-License-Identifier: MIT
import { parseSignature, SignatureMistake } from './signature-text.js';

/**
 * The texts of declaration tags that make a contract of C declarations. A tag is `fcc:KEY=VALUE`; VALUE is words between commas,
 * where `doc=` comes last and takes the rest. Numbers are decimal or 0x.
 */
export const TAG_PREFIX = 'fcc:';

/** Refuses a tag; `expected` shows a right one. */
export type Refuse = (message: string, expected: string) => never;

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** What tags say at a place: a part of a contract file. */
export type Part = Record<string, unknown>;

/** Keys of tags of the context's structure and of the entry function, each with an example. */
export const WHOLE_TAGS = {
  hook: 'fcc:hook=fc/packet',
  context: 'fcc:context=r,align=8',
  region: 'fcc:region=packet,rw,min=14,max=1500,align=4',
  helpers: 'fcc:helpers=printf,now_ms',
  helper: 'fcc:helper=0x200 send(r data[n], u32 n) -> i32',
  result: 'fcc:result=0..2,doc=drop, accept or too short',
  limits: 'fcc:limits=stack=512,instructions=10000',
  'pass-length': 'fcc:pass-length=no',
  interrupt: 'fcc:interrupt=yes',
  doc: 'fcc:doc=what it is',
} as const;

/** Keys of tags of the structure's members, each with an example. */
export const MEMBER_TAGS = {
  region: 'fcc:region=packet',
  length: 'fcc:length=packet,unit=2',
  range: 'fcc:range=0..15',
  access: 'fcc:access=r',
  name: 'fcc:name=packet.length',
  doc: 'fcc:doc=what it is',
} as const;

/** Key and value of a tag's text; undefined for tags that are not ours. */
export function splitTag(text: string): Tag | undefined {
  if (!text.startsWith(TAG_PREFIX)) return undefined;
  const rest = text.slice(TAG_PREFIX.length);
  const at = rest.indexOf('=');
  return at < 0 ? { key: rest, value: '' } : { key: rest.slice(0, at), value: rest.slice(at + 1) };
}

/** `0..15` as the bounds of a contract file, which checks them. */
export function rangeOf(text: string, refuse: Refuse, example: string): [string, string] {
  const m = /^([^.\s]+)\.\.([^.\s]+)$/.exec(text);
  return m ? [m[1]!, m[2]!] : refuse(`${text === '' ? 'nothing' : text} is no range`, example);
}

/** Reads words between commas: those of `bare` stand alone, those of `valued` have `=`. */
export function words(
  value: string,
  bare: readonly string[],
  valued: readonly string[],
  refuse: Refuse,
  example: string,
): Map<string, string> {
  const found = new Map<string, string>();
  const add = (key: string, text: string): void => {
    if (found.has(key)) refuse(`${key} is given twice`, example);
    found.set(key, text);
  };
  for (let rest = value; rest !== ''; ) {
    if (rest.startsWith('doc=') && valued.includes('doc')) {
      add('doc', rest.slice(4));
      break;
    }
    const comma = rest.indexOf(',');
    const word = comma < 0 ? rest : rest.slice(0, comma);
    rest = comma < 0 ? '' : rest.slice(comma + 1);
    const [, key = '', text] = /^([^=]*)(?:=(.*))?$/s.exec(word)!;
    if (text === undefined ? !bare.includes(key) : !valued.includes(key))
      refuse(`${word === '' ? 'an empty word' : word} has no meaning here`, example);
    add(key, text ?? '');
  }
  return found;
}

const RIGHTS = ['r', 'rw'] as const;

/** Rights among words; undefined: none. */
function accessOf(found: ReadonlyMap<string, string>, refuse: Refuse, example: string): Part {
  const given = RIGHTS.filter((r) => found.has(r));
  if (given.length > 1) refuse('r and rw contradict each other', example);
  return given.length === 0 ? {} : { access: given[0] };
}

function numberOf(text: string, refuse: Refuse, example: string): number {
  return /^(0x[0-9a-fA-F]{1,13}|\d{1,16})$/.test(text) ? Number(text) : refuse(`${text} is no number`, example);
}

/** The numbers that words give, under the names that a contract file has for them. */
function numbers(
  found: ReadonlyMap<string, string>,
  names: Readonly<Record<string, string>>,
  refuse: Refuse,
  example: string,
): Part {
  const part: Part = {};
  for (const [word, name] of Object.entries(names)) {
    const text = found.get(word);
    if (text !== undefined) part[name] = numberOf(text, refuse, example);
  }
  return part;
}

const docOf = (found: ReadonlyMap<string, string>): Part => (found.has('doc') ? { description: found.get('doc') } : {});

/** `NAME` alone refers to a region; with anything behind the name it declares one: a row of "regions". */
export function regionOf(value: string, refuse: Refuse): { name: string; row: Part | null } {
  const example = WHOLE_TAGS.region;
  const comma = value.indexOf(',');
  const name = comma < 0 ? value : value.slice(0, comma);
  if (name === '') refuse('the region has no name', example);
  if (comma < 0) return { name, row: null };
  const found = words(value.slice(comma + 1), RIGHTS, ['size', 'min', 'max', 'align', 'doc'], refuse, example);
  const sizes = numbers(found, { size: 'size', min: 'minSize', max: 'maxSize', align: 'align' }, refuse, example);
  return { name, row: { name, ...accessOf(found, refuse, example), ...sizes, ...docOf(found) } };
}

/** Region and unit of a length field. */
export function lengthOf(value: string, refuse: Refuse): Part {
  const example = MEMBER_TAGS.length;
  const [region = '', ...rest] = value.split(',');
  if (region === '') refuse('the region has no name', example);
  return {
    region,
    ...numbers(words(rest.join(','), [], ['unit'], refuse, example), { unit: 'unit' }, refuse, example),
  };
}

/** Rights, alignment and size of the context; size `any` is null. */
export function contextOf(value: string, refuse: Refuse): Part {
  const example = WHOLE_TAGS.context;
  const found = words(value, RIGHTS, ['align', 'size', 'doc'], refuse, example);
  const size = found.get('size');
  const open = size === 'any' ? { size: null } : {};
  if (size === 'any') found.delete('size');
  const sizes = numbers(found, { align: 'align', size: 'size' }, refuse, example);
  return { ...accessOf(found, refuse, example), ...sizes, ...open, ...docOf(found) };
}

/** Range and text of the result. */
export function resultOf(value: string, refuse: Refuse): Part {
  const example = WHOLE_TAGS.result;
  const doc = value.startsWith('doc=') ? 0 : value.indexOf(',doc=') + 1;
  if (doc === 0 && !value.startsWith('doc=')) return { doc: '', range: rangeOf(value, refuse, example) };
  const range = doc === 0 ? {} : { range: rangeOf(value.slice(0, doc - 1), refuse, example) };
  return { doc: value.slice(doc + 4), ...range };
}

export function limitsOf(value: string, refuse: Refuse): Part {
  const example = WHOLE_TAGS.limits;
  const found = words(value, [], ['stack', 'instructions'], refuse, example);
  return numbers(found, { stack: 'stackBytes', instructions: 'instructions' }, refuse, example);
}

/** Names of helpers, or null for `*`. */
export function helpersOfTag(value: string, refuse: Refuse): string[] | null {
  if (value === '*') return null;
  const names = value.split(',').map((n) => n.trim());
  return names.includes('') ? refuse('a name is empty', WHOLE_TAGS.helpers) : names;
}

export function yesOrNo(value: string, refuse: Refuse, example: string): boolean {
  return value === 'yes' || (value === 'no' ? false : refuse(`${value} is neither yes nor no`, example));
}

/** A row of "signatures". */
export function signatureOf(value: string, refuse: Refuse): Part {
  const row = parseSignature(value);
  return row instanceof SignatureMistake ? refuse(`${row.got} is no part of a signature`, row.expected) : row;
}
