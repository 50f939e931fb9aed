// SPDX-License-Identifier: MIT
import { describe, expect, it } from 'vitest';
import { benchCsv, csvField } from '../../compiler/bench/csv.js';
import { COLUMNS } from '../../compiler/bench/figures.js';
import { benchHtml } from '../../compiler/bench/html.js';
import { PEERS } from '../../compiler/bench/peers.js';
import { linearTicks, logTicks, plotSvg } from '../../compiler/bench/plot.js';
import { benchText, ratioText } from '../../compiler/bench/text.js';
import { documentOf, rowOf, TWO } from './samples.js';

/** Fields of CSV text by RFC 4180, for reading back what was written. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (let at = 0; at < text.length; ) {
    const field = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(text.slice(at));
    if (!field) throw new Error(`no field at ${at}: ${text.slice(at, at + 20)}`);
    row.push(field[1]?.replaceAll('""', '"') ?? field[2] ?? '');
    if (field[3] === '\r\n') {
      rows.push(row);
      row = [];
    }
    at += field[0].length;
  }
  return rows;
}

/** Element names, attributes and text of a well-formed document; throws where it is not. */
function readMarkup(text: string): { names: string[]; text: string; attributes: [string, string][] } {
  const names: string[] = [];
  const attributes: [string, string][] = [];
  const open: string[] = [];
  let plain = '';
  const token = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<&]*(?:&(?:amp|lt|gt|quot);[^"<&]*)*")*)\s*(\/?)>|([^<]+)/y;
  token.lastIndex = text.startsWith('<!DOCTYPE html>\n') ? 16 : 0;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const m = token.exec(text);
    if (!m) throw new Error(`not well-formed at ${at}: ${text.slice(at, at + 60)}`);
    const [, end, name, list = '', self, words] = m;
    if (words !== undefined) {
      if (/&(?!(?:amp|lt|gt|quot);)/.test(words)) throw new Error(`a bare & in ${words}`);
      plain += words;
    } else if (end) {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing at ${at}`);
    } else {
      names.push(name!);
      for (const a of list.matchAll(/([\w:-]+)="([^"]*)"/g)) attributes.push([a[1]!, a[2]!]);
      if (!self) open.push(name!);
    }
  }
  if (open.length > 0) throw new Error(`open: ${open}`);
  return { names, text: plain, attributes };
}

describe('CSV', () => {
  it('quotes what needs it, and nothing else', () => {
    expect(['plain', 'a,b', 'say "x"', 'two\nlines', ''].map(csvField)).toEqual([
      'plain',
      '"a,b"',
      '"say ""x"""',
      '"two\nlines"',
      '',
    ]);
  });

  it('has a line for each column of each program, which reads back', () => {
    const odd = rowOf('odd, "row"', { gccO2: 10, contract: 15 }, { notes: ['one, two', 'three\r\nfour'] });
    const [head, ...lines] = readCsv(benchCsv([documentOf([...TWO, odd]), documentOf(TWO, {}, 'rv32imc')]));
    expect(lines.length).toBe(5 * COLUMNS.length);
    const at = (line: string[], name: string): string => line[head!.indexOf(name)]!;
    for (const line of lines) expect(line.length).toBe(head!.length);
    const contract = lines.find((l) => at(l, 'program') === 'odd, "row"' && at(l, 'column') === 'contract')!;
    expect(at(contract, 'instructions')).toBe('15');
    expect(at(contract, 'instructionsToGccO2')).toBe('1.5000');
    expect(at(contract, 'textBytesToGccOs')).toBe('');
    expect(at(contract, 'notes')).toBe('one, two; three\r\nfour');
    expect(new Set(lines.map((l) => at(l, 'target')))).toEqual(new Set(['cortex-m4', 'rv32imc']));
    const missing = lines.find((l) => at(l, 'program') === 'odd, "row"' && at(l, 'column') === 'guarded')!;
    expect(at(missing, 'instructions')).toBe('');
  });
});

describe('tables for a terminal', () => {
  it('align numbers, with the ratio beside each count', () => {
    const out = benchText(documentOf(TWO, { notes: ['something of the whole run'] }));
    expect(out).toMatch(
      /^cortex-m4: executed instructions \(ratio to gcc -O2\)\nprogram +gcc -O2 +gcc -Os +fcc guarded /,
    );
    expect(out).toMatch(/\nfir +1000 +1100 1\.10 +1000 1\.00 +500 0\.50 +400 0\.40 +50000 50\.0\n/);
    expect(out).toMatch(/\ncopy\/words +200 +400 2\.00 +800 4\.00 +400 2\.00 +300 1\.50 +8000 40\.0\n/);
    expect(out).toMatch(/\ngeomean +1\.48 +2\.00 +1\.00 +0\.77 +44\.7\n/);
    for (const table of out.split('\n\n').slice(0, 3)) {
      const lines = table.split('\n').slice(1, -1);
      expect(new Set(lines.map((l) => l.length)).size).toBe(1);
    }
    expect(out).toContain('\nworst with contract: copy/words 2.00\n');
    expect(out).toContain('\naccesses proved: 6 of 8, 75.0 %\n');
    expect(out).toContain('\nnote: something of the whole run\ncopy/words: built <twice> & counted "once"\n');
    expect(out).toContain('\n2026-01-31T12:00:00Z, a machine\nfcc 0.1.0, gcc 12.2.1\n');
  });

  it('leave out columns that nobody has, and write - for one that is missing', () => {
    const out = benchText(documentOf([rowOf('a', { gccO2: 10, contract: 10 }), rowOf('b', { gccO2: 10 })]));
    const [first = ''] = out.split('\n\n');
    expect(first).toMatch(/\nprogram +gcc -O2 +fcc contract\na +10 +10 1\.00\nb +10 +- +-\ngeomean +1\.00$/);
    expect(benchText(documentOf([]))).toContain('cortex-m4: guards, stack and load\n');
  });

  it('know what is missing from a mean, and leave out counts that nobody has', () => {
    const out = benchText(documentOf([...TWO, rowOf('c', { gccO2: 10, contract: 10 })]));
    expect(out).toContain('\ngeomean of fcc guarded: 2 of 3 programs\n');
    expect(out).not.toContain('geomean of fcc contract');
    expect(out).toMatch(
      /\nprogram +accesses proved +guards: contract +guards: guarded +stack: gcc -O2 +stack: contract\n/,
    );
  });

  it('give ratios three digits', () => {
    expect([0.5, 1.005, 9.994, 9.999, 50.04, 99.94, 99.96, 605.4, null].map(ratioText)).toEqual([
      ...['0.50', '1.00', '9.99', '10.0', '50.0', '99.9', '100', '605', '-'],
    ]);
  });
});

describe('the report', () => {
  const html = benchHtml([documentOf(TWO), { ...documentOf([TWO[0]!], {}, 'esp8266'), profile: 'hot < code' }]);
  const { names, text, attributes } = readMarkup(html);

  it('is well-formed, and has every row, note and count', () => {
    expect(names.filter((n) => n === 'html' || n === 'body' || n === 'h1')).toEqual(['html', 'body', 'h1']);
    for (const word of [
      'fir',
      'copy/words',
      '50000',
      'cortex-m4',
      'esp8266',
      '12.2.1',
      'a machine',
      '2026-01-31T12:00:00Z',
    ])
      expect(text).toContain(word);
    expect(text).toContain('copy/words: built &lt;twice&gt; &amp; counted &quot;once&quot;');
    expect(text).toContain('hot &lt; code');
    // Four plots and four tables a target.
    expect(names.filter((n) => n === 'svg').length).toBe(8);
    expect(names.filter((n) => n === 'table').length).toBe(8 + PEERS.length);
  });

  it('opens without a server: no script, nothing to load', () => {
    expect(names).not.toContain('script');
    expect(names).not.toContain('link');
    expect(attributes.filter(([name]) => name === 'src' || name.startsWith('on'))).toEqual([]);
    expect(attributes.filter(([name, value]) => name === 'href' && !value.startsWith('#'))).toEqual([]);
    expect(html).not.toMatch(/url\(|@import/);
  });

  it('says which costs the cycles are from, and has others’ figures apart with their sources', () => {
    expect(text).toContain('100166_0001');
    const peers = html.slice(html.indexOf('class="peers"'));
    for (const { title, source, rows, head } of PEERS) {
      expect(peers).toContain(title);
      expect(peers).toContain(source.replaceAll('"', '&quot;'));
      for (const row of rows) expect(row.length).toBe(head.length);
    }
    expect(html.indexOf('WAMR')).toBeGreaterThan(html.indexOf('class="peers"'));
  });

  it('of nothing at all is well-formed too', () => {
    expect(() => readMarkup(benchHtml([documentOf([])]))).not.toThrow();
    expect(() => readMarkup(benchHtml([documentOf([rowOf('a', {})])]))).not.toThrow();
    expect(readMarkup(benchHtml([documentOf([])])).names).not.toContain('svg');
  });
});

describe('plots', () => {
  it('have round ticks', () => {
    expect(linearTicks(4)).toEqual([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]);
    expect(linearTicks(700)).toEqual([0, 100, 200, 300, 400, 500, 600, 700]);
    expect(linearTicks(0.3).length).toBeLessThanOrEqual(9);
    expect(logTicks(0.4, 95)).toEqual([0.1, 1, 10, 100]);
    expect(logTicks(1, 1)).toEqual([1, 10]);
  });

  const bar = (value: number | null) => ({ kind: 'contract', value, label: String(value), hint: '' });
  const widths = (svg: string): number[] =>
    [...svg.matchAll(/<rect [^>]*? width="([\d.]+)"/g)].map((m) => Number(m[1]));

  it('draw bars as long as their values, cut at the limit', () => {
    const groups = [{ name: 'a', bars: [bar(1), bar(2), bar(8), bar(null)] }];
    const svg = plotSvg({ title: 't', groups, scale: 'linear', limit: 4, marks: [1], tick: String });
    const [one, two, eight, ...rest] = widths(svg);
    expect(rest).toEqual([]);
    expect(two! / one!).toBeCloseTo(2, 9);
    expect(eight! / one!).toBeCloseTo(4, 9);
    expect(svg).toContain('>→ 8<');
    expect(svg).toContain('>not measured<');
  });

  it('make room for long names, and cut what is longer still', () => {
    const of = (name: string): string =>
      plotSvg({ title: 't', groups: [{ name, bars: [bar(1)] }], scale: 'linear', marks: [], tick: String });
    const left = (svg: string): number => Number(/<rect [^>]*? x="([\d.]+)"/.exec(svg)![1]);
    expect(left(of('a'.repeat(30)))).toBeGreaterThan(left(of('short')));
    expect(left(of('a'.repeat(100)))).toBeLessThan(480);
    expect(of(`${'a'.repeat(100)}/entry`)).toMatch(/>…a+\/entry</);
  });

  it('draw logarithmic bars from the mark, to both sides', () => {
    const groups = [{ name: 'a', bars: [bar(0.1), bar(10), bar(100), bar(0)] }];
    const svg = plotSvg({ title: 't', groups, scale: 'log', marks: [1], tick: String });
    const [tenth, ten, hundred] = widths(svg);
    // The picture has two decimals.
    expect(tenth).toBeCloseTo(ten!, 1);
    expect(hundred! / ten!).toBeCloseTo(2, 3);
    expect(svg).not.toMatch(/NaN|Infinity/);
  });
});
