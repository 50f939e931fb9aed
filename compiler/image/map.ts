// SPDX-License-Identifier: MIT
import { CompileError } from '../errors/index.js';
import { type AnyTrapName, TRAPS } from './traps.js';

/** A place in the eBPF program: function index, slot, and the source line if the object had line info. */
export interface MapPlace {
  readonly func: number;
  readonly slot: number;
  readonly file?: string;
  readonly line?: number;
}

export interface MapSite extends MapPlace {
  readonly trap: AnyTrapName;
}

/** A stretch of text from `offset` on; `guard`: a check that the sandbox put there, not the program's own work. */
export interface MapText extends MapPlace {
  readonly offset: number;
  readonly guard: boolean;
}

/**
 * What stays on the host of a compilation: where each trap site and each stretch of text came from. Belongs to the image with
 * that checksum.
 */
export interface ImageMap {
  readonly schemaVersion: 1;
  /** Header checksum of the image. */
  readonly checksum: number;
  readonly functions: readonly {
    readonly func: number;
    readonly name: string;
    readonly section: string;
    /** Compiled as an entry point (a function can be in the text twice). */
    readonly entry: boolean;
    /** Byte offsets in text, end exclusive. */
    readonly start: number;
    readonly end: number;
  }[];
  /** By site number. */
  readonly sites: readonly MapSite[];
  /** Ascending by `offset` in text; each holds until the next. */
  readonly text: readonly MapText[];
}

/** The place that the instruction at a text offset was compiled from, if known. */
export function placeOf(map: ImageMap, offset: number): MapText | undefined {
  let low = 0;
  let high = map.text.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (map.text[mid]!.offset <= offset) low = mid + 1;
    else high = mid;
  }
  return map.text[low - 1];
}

/** A map as JSON text, for `--map`. */
export function formatMap(map: ImageMap): string {
  return `${JSON.stringify(map, null, 1)}\n`;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a map file and checks every field. `file` is for the message. Throws CompileError FCC0611.
 */
export function parseMap(text: string, file?: string): ImageMap {
  const fail = (where: string, expected: string, got: unknown): never => {
    throw new CompileError('FCC0611', `malformed map: ${where}`, {
      at: file === undefined ? {} : { file },
      expected,
      got: String(JSON.stringify(got)).slice(0, 60),
    });
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fail('not JSON', 'a JSON object', text);
  }
  const object = (v: unknown, where: string): Json =>
    typeof v === 'object' && v !== null && !Array.isArray(v) ? (v as Json) : fail(where, 'an object', v);
  const list = (v: unknown, where: string): readonly Json[] =>
    Array.isArray(v) ? v.map((e, i) => object(e, `${where}[${i}]`)) : fail(where, 'an array', v);
  const count = (o: Json, key: string, where: string): number => {
    const v = o[key];
    if (typeof v !== 'number' || !Number.isInteger(v) || v < 0 || v > 0xffffffff)
      return fail(`${where}.${key}`, 'an integer from 0 to 2^32 - 1', v);
    return v;
  };
  const text_ = (o: Json, key: string, where: string): string => {
    const v = o[key];
    return typeof v === 'string' ? v : fail(`${where}.${key}`, 'a string', v);
  };
  const place = (o: Json, where: string): MapPlace => ({
    func: count(o, 'func', where),
    slot: count(o, 'slot', where),
    ...(o.file !== undefined && { file: text_(o, 'file', where) }),
    ...(o.line !== undefined && { line: count(o, 'line', where) }),
  });
  const top = object(json, 'top level');
  if (top.schemaVersion !== 1) fail('schemaVersion', '1', top.schemaVersion);
  const map: ImageMap = {
    schemaVersion: 1,
    checksum: count(top, 'checksum', 'top'),
    functions: list(top.functions, 'functions').map((f, i) => {
      const where = `functions[${i}]`;
      const entry = f.entry;
      return {
        func: count(f, 'func', where),
        name: text_(f, 'name', where),
        section: text_(f, 'section', where),
        entry: typeof entry === 'boolean' ? entry : fail(`${where}.entry`, 'true or false', entry),
        start: count(f, 'start', where),
        end: count(f, 'end', where),
      };
    }),
    sites: list(top.sites, 'sites').map((s, i) => {
      const trap = text_(s, 'trap', `sites[${i}]`);
      if (!Object.hasOwn(TRAPS, trap)) fail(`sites[${i}].trap`, Object.keys(TRAPS).join(', '), trap);
      return { ...place(s, `sites[${i}]`), trap: trap as AnyTrapName };
    }),
    text: list(top.text, 'text').map((t, i) => ({
      offset: count(t, 'offset', `text[${i}]`),
      guard: typeof t.guard === 'boolean' ? t.guard : fail(`text[${i}].guard`, 'true or false', t.guard),
      ...place(t, `text[${i}]`),
    })),
  };
  for (let i = 1; i < map.text.length; i++)
    if (map.text[i]!.offset < map.text[i - 1]!.offset)
      fail(`text[${i}].offset`, 'ascending offsets', map.text[i]!.offset);
  return map;
}
