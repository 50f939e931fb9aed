// SPDX-License-Identifier: MIT

/** Text inside an element or a quoted attribute of HTML and SVG; what XML cannot hold is left out. */
export function escapeText(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is left out
  return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, '').replace(/[&<>"]/g, (c) => names[c]!);
}

type Attributes = Readonly<Record<string, string | number>>;

/** Elements that never have contents; of all others a browser wants the end tag. */
const EMPTY = new Set(['meta', 'line', 'rect']);

/** One element; its contents are markup already, attributes are escaped here. Numbers get two decimals at most. */
export function element(name: string, attributes: Attributes, ...contents: readonly string[]): string {
  const list = Object.entries(attributes).map(([key, value]) => {
    const text = typeof value === 'number' ? String(Math.round(value * 100) / 100) : escapeText(value);
    return ` ${key}="${text}"`;
  });
  const inside = contents.join('');
  return EMPTY.has(name) ? `<${name}${list.join('')}/>` : `<${name}${list.join('')}>${inside}</${name}>`;
}
