// SPDX-License-Identifier: MIT
import { CompileError } from '../errors/index.js';
import { type Cbor, decodeCbor, leafNotation, Tag } from './cbor.js';
import { type Kind, keyNumber, keyRow, type Profile, TAG_ENVELOPE, TAG_SIGN1, type Table } from './keys.js';
import { DEPTH_MAX } from './limits.js';
import { uuidText } from './uuid.js';

/** Columns of a line, as far as it can be broken. */
const WIDTH = 110;

/** Text that can be broken: a leaf, or items between brackets. */
type Text = string | { readonly open: string; readonly close: string; readonly items: readonly Item[] };
/** Commas follow `text`, and `comment` behind them. */
interface Item {
  readonly lead: string;
  readonly text: Text;
  readonly comment: string;
}

function flat(text: Text): string {
  if (typeof text === 'string') return text;
  const items = text.items.map((i) => `${i.lead}${flat(i.text)}${i.comment}`);
  return `${text.open}${items.join(', ')}${text.close}`;
}

/** The text with lines broken where it is too long for one that starts behind `column` characters. */
function broken(text: Text, indent: string, column: number): string {
  if (typeof text === 'string' || text.items.length === 0 || column + flat(text).length < WIDTH) return flat(text);
  const inner = `${indent}    `;
  const lines = text.items.map((item, i) => {
    const comma = i < text.items.length - 1 ? ',' : '';
    const head = `${inner}${item.lead}`;
    return `${head}${broken(item.text, inner, head.length + comma.length + item.comment.length)}${item.comment}${comma}`;
  });
  return `${text.open}\n${lines.join('\n')}\n${indent}${text.close}`;
}

/** Comments end at the next slash. */
const comment = (words: string): string => (words.includes('/') ? '' : `/ ${words} /`);
const item = (text: Text, lead = '', behind = ''): Item => ({ lead, text, comment: behind === '' ? '' : ` ${behind}` });

/** Printable ASCII that fits into a comment; else undefined. */
function asciiOf(bytes: Uint8Array): string | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 64));
  return bytes.length <= 64 && /^[\x20-\x2e\x30-\x7e]+$/.test(text) ? `"${text}"` : undefined;
}

/** What the numbers of algorithms mean: of SUIT draft 9 and COSE (RFC 9053, RFC 9054). */
const ALGORITHMS: Readonly<Record<string, string>> = { 2: 'SHA-256', '-16': 'SHA-256', '-8': 'EdDSA' };

class Printer {
  constructor(private readonly profile: Profile) {}

  /** A value by what it is; whatever has another form than that is printed as any item. */
  value(value: Cbor, kind: Kind, wrapped: boolean, depth: number): Text {
    if (depth > DEPTH_MAX) return value instanceof Uint8Array ? leafNotation(value) : '...';
    if (!wrapped) return this.unwrapped(value, kind, depth);
    if (!(value instanceof Uint8Array)) return this.plain(value, depth);
    const inner = decoded(value);
    if (inner === undefined) return leafNotation(value);
    const text = this.unwrapped(inner, kind, depth + 1);
    if (typeof text === 'string') return `<< ${text} >>`;
    return { open: `<< ${text.open}`, close: `${text.close} >>`, items: text.items };
  }

  private unwrapped(value: Cbor, kind: Kind, depth: number): Text {
    switch (kind) {
      case 'manifest':
      case 'common':
      case 'parameters':
        if (value instanceof Map) return this.map(value, kind, depth);
        break;
      case 'authentication':
        if (Array.isArray(value)) return this.list(value, (v) => item(this.authentication(v, depth)));
        break;
      case 'components':
        if (Array.isArray(value)) return this.list(value, (v) => item(this.component(v, depth)));
        break;
      case 'digest':
        if (Array.isArray(value)) return this.digest(value, depth);
        break;
      case 'sequence':
        if (Array.isArray(value)) return this.sequence(value, depth);
        break;
      case 'sequences':
        if (Array.isArray(value)) return this.list(value, (v) => item(this.value(v, 'sequence', true, depth + 1)));
        break;
      case 'uuid':
        if (value instanceof Uint8Array && value.length === 16) return `${leafNotation(value)} / ${uuidText(value)} /`;
        break;
      case 'plain':
        break;
    }
    return this.plain(value, depth);
  }

  map(value: ReadonlyMap<Cbor, Cbor>, table: Table, depth: number): Text {
    const items = [...value].map(([key, v]) => {
      const row = keyRow(table, key, this.profile);
      const name = row ? `/ ${row.name} / ` : '';
      const text = this.value(v, row?.value ?? 'plain', row?.wrapped === true, depth + 1);
      return item(text, `${name}${flat(this.plain(key, depth + 1))}: `);
    });
    return { open: '{', close: '}', items };
  }

  private list(values: readonly Cbor[], print: (value: Cbor) => Item): Text {
    return { open: '[', close: ']', items: values.map(print) };
  }

  /** Commands, each with its argument on the same line. */
  private sequence(values: readonly Cbor[], depth: number): Text {
    const items: Item[] = [];
    for (let i = 0; i < values.length; i += 2) {
      const [command, argument] = [values[i]!, values[i + 1]];
      const row = keyRow('commands', command, this.profile);
      const lead = `${row ? `/ ${row.name} / ` : ''}${flat(this.plain(command, depth + 1))}`;
      if (argument === undefined) items.push(item(lead));
      else items.push(item(this.value(argument, row?.value ?? 'plain', row?.wrapped === true, depth + 1), `${lead}, `));
    }
    return { open: '[', close: ']', items };
  }

  /** A part of the authentication, in a byte string: the digest, or a signature. */
  private authentication(value: Cbor, depth: number): Text {
    const inner = value instanceof Uint8Array ? decoded(value) : undefined;
    if (!(inner instanceof Tag) || inner.tag !== TAG_SIGN1 || !Array.isArray(inner.contents))
      return this.value(value, 'digest', true, depth + 1);
    const names = ['protected', 'unprotected', 'payload', 'signature'];
    const items = (inner.contents as readonly Cbor[]).map((v, i) =>
      item(
        i === 0 ? this.header(v) : this.value(v, i === 2 ? 'digest' : 'plain', i === 2, depth + 2),
        `/ ${names[i] ?? '?'} / `,
      ),
    );
    return { open: `<< ${TAG_SIGN1}([`, close: ']) >>', items };
  }

  /** The protected header of COSE: algorithm. */
  private header(value: Cbor): Text {
    const inner = value instanceof Uint8Array ? decoded(value) : undefined;
    if (!(inner instanceof Map) || inner.size !== 1 || !inner.has(1)) return this.value(value, 'plain', true, 1);
    const algorithm = inner.get(1)!;
    return `<< {/ alg / 1: ${flat(this.plain(algorithm, 1))}${named(algorithm)}} >>`;
  }

  private digest(value: readonly Cbor[], depth: number): Text {
    const names = ['algorithm', 'digest'];
    let i = 0;
    return this.list(value, (v) => {
      const name = names[i++];
      const text = `${flat(this.plain(v, depth + 1))}${name === 'algorithm' ? named(v) : ''}`;
      return item(text, name === undefined ? '' : `/ ${name} / `);
    });
  }

  /** A component's name: byte strings, mostly of ASCII. */
  private component(value: Cbor, depth: number): Text {
    if (!Array.isArray(value)) return this.plain(value, depth);
    return this.list(value, (part) => {
      const text = part instanceof Uint8Array ? asciiOf(part) : undefined;
      return item(this.plain(part, depth + 1), '', text === undefined ? '' : comment(text));
    });
  }

  /** Any item. */
  plain(value: Cbor, depth: number): Text {
    if (depth > DEPTH_MAX) return '...';
    if (Array.isArray(value)) return this.list(value, (v) => item(this.plain(v, depth + 1)));
    if (value instanceof Map) {
      const items = [...value].map(([k, v]) => item(this.plain(v, depth + 1), `${flat(this.plain(k, depth + 1))}: `));
      return { open: '{', close: '}', items };
    }
    if (value instanceof Tag) return `${value.tag}(${flat(this.plain(value.contents as Cbor, depth + 1))})`;
    return leafNotation(value);
  }
}

/** Name of an algorithm as a comment. */
function named(algorithm: Cbor): string {
  const name = ALGORITHMS[String(algorithm)];
  return name === undefined ? '' : ` / ${name} /`;
}

/** What a byte string holds, if it is CBOR. */
function decoded(bytes: Uint8Array): Cbor | undefined {
  try {
    return decodeCbor(bytes, 'a byte string');
  } catch (e) {
    if (e instanceof CompileError) return undefined;
    throw e;
  }
}

/**
 * A SUIT envelope, also one with more in it than fcc packs, in diagnostic notation (RFC 8949, section 8; RFC 8610,
 * appendix G) with the names of keys as comments; embedded CBOR stands in << >>. No newline at the end.
 * @throws CompileError FCC0811 if the bytes are not deterministic CBOR
 */
export function manifestNotation(bytes: Uint8Array, profile: Profile, file?: string): string {
  const value = decodeCbor(bytes, 'the manifest', file);
  const printer = new Printer(profile);
  const inner = value instanceof Tag && value.tag === TAG_ENVELOPE ? (value.contents as Cbor) : value;
  if (!(inner instanceof Map)) return broken(printer.plain(value, 0), '', 0);
  const text = printer.map(inner, 'envelope', 0);
  if (inner === value || typeof text === 'string') return broken(text, '', 0);
  return broken({ ...text, open: `${TAG_ENVELOPE}(${text.open}`, close: `${text.close})` }, '', 0);
}

/** Profile that bytes are most likely of, for manifests that cannot be read: install has another number in each. */
export function guessProfile(bytes: Uint8Array): Profile {
  let value = decoded(bytes);
  if (value instanceof Tag) return 'ietf-37';
  if (value instanceof Map) value = value.get(keyNumber('envelope', 'manifest', 'riot-v9'));
  const manifest = value instanceof Uint8Array ? decoded(value) : undefined;
  return manifest instanceof Map && [...manifest.keys()].some((k) => typeof k === 'number' && k >= 16)
    ? 'ietf-37'
    : 'riot-v9';
}
