// SPDX-License-Identifier: MIT

/** Where in a JSON document: property names and indices from the top. */
export type Path = readonly PropertyKey[];

/** A path as messages name it: `context.fields[2].size`. */
export function pathText(path: Path): string {
  if (path.length === 0) return 'top level';
  return path.map((p, i) => (typeof p === 'number' ? `[${p}]` : `${i === 0 ? '' : '.'}${String(p)}`)).join('');
}

/** Whitespace, a string, or any other run of characters that RFC 8259 gives a meaning. */
const TOKEN = /[\s,:]*("(?:[^"\\]|\\.)*"|[[\]{}]|[^\s,:[\]{}"]+)/y;

/**
 * Offset of the value at `path` in the text of a valid JSON document, or of the nearest value above it that is there. Of a
 * property that is given twice the last one counts, as for JSON.parse.
 */
export function offsetOf(text: string, path: Path): number {
  let best = { depth: -1, at: 0 };
  const here: PropertyKey[] = [];
  /** Containers around the next token: index for an array, null for an object. */
  const open: (number | null)[] = [];
  let key: string | null = null;
  TOKEN.lastIndex = 0;
  for (let m = TOKEN.exec(text); m; m = TOKEN.exec(text)) {
    const token = m[1]!;
    if (token === ']' || token === '}') {
      open.pop();
      here.length = open.length;
      continue;
    }
    const top = open.at(-1);
    if (top === null && key === null) {
      key = JSON.parse(token) as string;
      continue;
    }
    if (top !== undefined) here[open.length - 1] = top ?? key!;
    here.length = open.length;
    key = null;
    if (top !== undefined && top !== null) open[open.length - 1] = top + 1;
    if (here.length <= path.length && here.length >= best.depth && here.every((p, i) => p === path[i]))
      best = { depth: here.length, at: m.index + m[0].length - token.length };
    if (token === '[') open.push(0);
    else if (token === '{') open.push(null);
  }
  return best.at;
}

/** 1-based line and column of an offset, and the text of that line. */
export function positionOf(text: string, offset: number): { line: number; column: number; text: string } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1, text: text.split('\n')[before.length - 1] ?? '' };
}
