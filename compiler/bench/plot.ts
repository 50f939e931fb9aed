// SPDX-License-Identifier: MIT
import { element, escapeText } from './markup.js';

/** One bar: what it is of (a class of the style sheet), how long, and what is written at its end. */
export interface Bar {
  readonly kind: string;
  /** null: nothing was measured. */
  readonly value: number | null;
  readonly label: string;
  /** What a pointer over the bar is told. */
  readonly hint: string;
}

export interface BarGroup {
  readonly name: string;
  readonly bars: readonly Bar[];
  /** Set apart from the groups before it: means. */
  readonly apart?: boolean;
}

export interface Plot {
  readonly title: string;
  readonly groups: readonly BarGroup[];
  /** `log`: decades, bars beginning at the first mark. */
  readonly scale: 'linear' | 'log';
  /** Longer bars are cut here; none: as long as the longest. */
  readonly limit?: number;
  /** Values to draw a strong line at. */
  readonly marks: readonly number[];
  readonly tick: (value: number) => string;
}

/** Sizes in units of the picture, which is as wide as the page. */
const WIDTH = 960;
const RIGHT = 90;
const TOP = 26;
const BOTTOM = 24;
const BAR = 9;
const BAR_GAP = 2;
const GROUP_GAP = 11;
/** Room for names: as much as the longest needs, within limits; longer ones are cut. */
const NAME = { least: 110, most: 300, each: 6.9, besides: 22 } as const;

/** Steps of 1, 2, 2.5 or 5 times a power of ten, so that there are at most about eight. */
export function linearTicks(top: number): number[] {
  const least = top / 8;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 2.5, 5, 10].map((f) => f * power).find((s) => s >= least * 0.9999)!;
  const count = Math.floor(top / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** Powers of ten, two at least, from the last that is not above `from` to the first that is not below `top`. */
export function logTicks(from: number, top: number): number[] {
  const low = Math.floor(Math.log10(from));
  const high = Math.max(Math.ceil(Math.log10(top)), low + 1);
  return Array.from({ length: high - low + 1 }, (_, i) => Number((10 ** (low + i)).toPrecision(12)));
}

interface Axis {
  /** Where the plot begins, right of the names. */
  readonly left: number;
  readonly ticks: readonly number[];
  readonly top: number;
  /** Where bars begin. */
  readonly origin: number;
  /** Position of a value, cut at the end of the axis. */
  readonly x: (value: number) => number;
}

function axisOf(plot: Plot): Axis {
  const longestName = Math.max(0, ...plot.groups.map((g) => g.name.length));
  const left = Math.min(Math.max(longestName * NAME.each + NAME.besides, NAME.least), NAME.most);
  const span = WIDTH - left - RIGHT;
  const values = plot.groups.flatMap((g) => g.bars.flatMap((b) => (b.value === null ? [] : [b.value])));
  const longest = Math.max(...values, ...plot.marks, 1e-9);
  const needed = Math.min(longest, plot.limit ?? Number.POSITIVE_INFINITY);
  if (plot.scale === 'linear') {
    const ticks = linearTicks(needed);
    const step = ticks[1] ?? needed;
    const last = ticks.at(-1)!;
    const top = last >= needed * 0.9999 ? last : last + step;
    if (top > last) ticks.push(Number(top.toPrecision(12)));
    return { ticks, top, left, origin: left, x: (v) => left + (Math.min(v, top) / top) * span };
  }
  const ticks = logTicks(Math.min(...values.filter((v) => v > 0), ...plot.marks), needed);
  const [from, top] = [ticks[0]!, ticks.at(-1)!];
  const width = Math.log10(top / from);
  const x = (v: number): number => left + (Math.log10(Math.min(Math.max(v, from), top) / from) / width) * span;
  return { ticks, top, left, origin: x(plot.marks[0] ?? from), x };
}

/** A name that fits, its end kept: what differs among programs of one object stands there. */
function shortName(name: string): string {
  const most = Math.floor((NAME.most - NAME.besides) / NAME.each);
  return name.length <= most ? name : `…${name.slice(1 - most)}`;
}

function heightOf(g: BarGroup): number {
  return g.bars.length * (BAR + BAR_GAP) + GROUP_GAP;
}

/** Groups of horizontal bars as SVG, names at the left, values at the ends. */
export function plotSvg(plot: Plot): string {
  const axis = axisOf(plot);
  const parts: string[] = [];
  const height = TOP + plot.groups.reduce((h, g) => h + heightOf(g) + (g.apart ? GROUP_GAP : 0), 0) + BOTTOM;
  for (const tick of axis.ticks) {
    const x = axis.x(tick);
    const line = { class: 'grid', x1: x, y1: TOP - 6, x2: x, y2: height - BOTTOM };
    const text = escapeText(plot.tick(tick));
    parts.push(
      element('line', line),
      element('text', { class: 'tick', x, y: TOP - 11, 'text-anchor': 'middle' }, text),
      element('text', { class: 'tick', x, y: height - 6, 'text-anchor': 'middle' }, text),
    );
  }
  const shapes: string[] = [];
  const labels: string[] = [];
  let y = TOP;
  for (const group of plot.groups) {
    if (group.apart) {
      const at = y + GROUP_GAP / 2;
      parts.push(element('line', { class: 'rule', x1: 8, y1: at, x2: WIDTH - 8, y2: at }));
      y += GROUP_GAP;
    }
    const middle = y + (heightOf(group) - BAR_GAP) / 2 + 4;
    const name = { class: group.apart ? 'name mean' : 'name', x: axis.left - 10, y: middle, 'text-anchor': 'end' };
    labels.push(element('text', name, escapeText(shortName(group.name))));
    y += GROUP_GAP / 2;
    for (const bar of group.bars) {
      const { shape, label } = barSvg(bar, y, axis);
      shapes.push(shape);
      labels.push(label);
      y += BAR + BAR_GAP;
    }
    y += GROUP_GAP / 2;
  }
  const marks = plot.marks.map((mark) => {
    const x = axis.x(mark);
    return element('line', { class: 'mark', x1: x, y1: TOP - 6, x2: x, y2: height - BOTTOM });
  });
  // Whatever is written stands above whatever is drawn.
  parts.push(...shapes, ...marks, ...labels);
  const frame = { viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-label': plot.title };
  return element('svg', frame, ...parts);
}

function barSvg(bar: Bar, y: number, axis: Axis): { shape: string; label: string } {
  const write = (x: number, text: string): string =>
    element('text', { class: 'value', x: x + 5, y: y + BAR - 1 }, escapeText(text));
  if (bar.value === null) return { shape: '', label: write(axis.origin, 'not measured') };
  const end = axis.x(bar.value);
  const [from, to] = [Math.min(end, axis.origin), Math.max(end, axis.origin)];
  const shape = { class: bar.kind, x: from, y, width: Math.max(to - from, 1), height: BAR, rx: 1.5 };
  return {
    shape: element('g', {}, element('title', {}, escapeText(bar.hint)), element('rect', shape)),
    label: write(to, bar.value > axis.top ? `→ ${bar.label}` : bar.label),
  };
}
