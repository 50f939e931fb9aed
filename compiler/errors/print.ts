// SPDX-License-Identifier: MIT
import type { CompileError, ErrorDetails, Place } from './error.js';

const PLAIN = { error: '', code: '', dim: '', mark: '', off: '' };
const COLOURED = { error: '\x1b[1;31m', code: '\x1b[1m', dim: '\x1b[36m', mark: '\x1b[31m', off: '\x1b[0m' };
type Palette = Record<keyof typeof PLAIN, string>;

/** `counter.c:13:36  (fc/timer, insn 10)`, as far as it is known. */
function placeText(at: Place): string {
  const source = [at.file, at.line, at.line === undefined ? undefined : at.column].filter((p) => p !== undefined);
  const inside = [
    at.section || at.function || undefined,
    at.instruction === undefined ? undefined : `insn ${at.instruction}`,
    at.offset === undefined ? undefined : `byte ${at.offset}`,
  ].filter((p) => p !== undefined);
  const both = [source.join(':'), inside.length > 0 ? `(${inside.join(', ')})` : ''];
  return both.filter((p) => p !== '').join('  ');
}

/** A file named in the first line goes without its folders, which the second line has. */
const baseName = (file: string): string => file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);

/**
 * The place in short, for the end of the first line: the source line, or else the function or section, or else the file; then
 * the instruction or byte. Empty where nothing is known, or `message` has it already.
 */
export function shortPlace(at: Place, message = ''): string {
  const file = at.file === undefined || at.file === '' ? undefined : baseName(at.file);
  const inside = at.function || at.section || undefined;
  const where =
    at.line === undefined ? (inside ?? file) : file === undefined ? `line ${at.line}` : `${file}:${at.line}`;
  const parts = [
    where,
    at.instruction === undefined ? undefined : `insn ${at.instruction}`,
    at.offset === undefined || at.line !== undefined ? undefined : `byte ${at.offset}`,
  ].filter((p) => p !== undefined && p !== '');
  const text = parts.join(', ');
  return message.endsWith(text) || (text === file && message.includes(file)) ? '' : text;
}

/** Length of the expression that starts at a column: names, members, brackets and what they enclose. */
export function expressionLength(text: string, from: number): number {
  let depth = 0;
  let i = from;
  if (text[i] === '*' || text[i] === '&') i++;
  for (; i < text.length; i++) {
    const c = text[i]!;
    if (c === '(' || c === '[') depth++;
    else if (c === ')' || c === ']') {
      if (--depth < 0) break;
    } else if (depth === 0 && !/[\w.]/.test(c)) {
      if (c === '-' && text[i + 1] === '>') i++;
      else break;
    }
  }
  return Math.max(1, i - from);
}

/** The source line with the part that `at.column` names underlined; one space stands for the indentation. */
function snippetLines(d: ErrorDetails, p: Palette): string[] {
  const { snippet, at } = d;
  if (!snippet) return [];
  const note = snippet.note === undefined ? '' : ` ${snippet.note}`;
  const text = snippet.text.trimStart();
  const indent = snippet.text.length - text.length;
  const number = String(at?.line ?? at?.instruction ?? '').padStart(5);
  const lines = [`${p.dim}${number} |${p.off}  ${text.trimEnd()}`];
  const start = Math.max(0, (at?.line === undefined ? 1 : (at.column ?? 1)) - 1 - indent);
  const whole = at?.line === undefined || at.column === undefined || start >= text.length;
  const [from, length] = whole ? [0, text.trimEnd().length] : [start, expressionLength(text, start)];
  // Tabs in front of the mark stay tabs, so that it stands where the terminal puts the text.
  const before = text.slice(0, from).replace(/[^\t]/g, ' ');
  if (length > 0 && (note !== '' || !whole))
    lines.push(`${p.dim}      |${p.off}  ${before}${p.mark}${'^'.repeat(length)}${note}${p.off}`);
  return lines;
}

/**
 * An error for people, several lines without a final newline, in the layout of the architecture section "Errors"; the first
 * alone says what is wrong and where. `color` adds ANSI colours.
 */
export function formatError(error: CompileError, options: { readonly color?: boolean } = {}): string {
  const p = options.color ? COLOURED : PLAIN;
  const d = error.details;
  const short = d.at ? shortPlace(d.at, error.message) : '';
  const lines = [
    `${p.error}error[${error.code}]${p.off}: ${p.code}${error.message}${p.off}${short === '' ? '' : ` (${short})`}`,
  ];
  const place = d.at ? placeText(d.at) : '';
  if (place !== '') lines.push(`${p.dim}  --> ${p.off}${place}`);
  lines.push(...snippetLines(d, p));
  const rows: [string, string | undefined][] = [
    ['wanted', d.expected],
    ['got', d.got],
    ['reason', d.reason],
    ['path', d.path && d.path.length > 0 ? d.path.join('  ->  ') : undefined],
    ['help', d.help],
  ];
  for (const [label, text] of rows)
    if (text !== undefined) lines.push(`${p.dim} ${`${label}:`.padEnd(7)}${p.off} ${text}`);
  return lines.join('\n');
}
