// SPDX-License-Identifier: MIT
import { CompileError } from '../errors/index.js';
import type { Item } from './asm.js';
import type { Label } from './machine.js';
import type { Isa } from './target.js';

/** A run of items at an aligned address, with the constants behind or before it that its literal loads refer to. */
export interface Section {
  readonly align: number;
  readonly items: readonly Item[];
  readonly pool: ReadonlyMap<number, Label>;
  /** The constants come first. */
  readonly poolFirst?: boolean;
}

/** One final instruction. */
export interface Placed {
  readonly offset: number;
  readonly size: number;
  readonly item: Extract<Item, { kind: 'inst' | 'ref' }>;
}

export interface Bounds {
  readonly start: number;
  readonly code: number;
  readonly end: number;
}

export interface Laid {
  readonly text: Uint8Array;
  /** Start and end of each section, its pool included, and where its items start. */
  readonly bounds: readonly Bounds[];
  /** Instructions of each section, in order. */
  readonly placed: Placed[][];
  readonly address: ReadonlyMap<Label, number>;
}

/** Literal loads want words at multiples of 4. */
const POOL_ALIGN = 4;
const alignTo = (n: number, a: number): number => Math.ceil(n / a) * a;

/** The items that count: of alternatives the chosen one. */
export function* chosen(items: readonly Item[]): Generator<Exclude<Item, { kind: 'either' }>> {
  for (const x of items) {
    if (x.kind === 'either') yield* (x.isFar ? x.far : x.near) as Exclude<Item, { kind: 'either' }>[];
    else yield x;
  }
}

/**
 * Places sections one behind the other. References start at their shortest encoding and grow until all of them reach; what
 * has grown never shrinks, so this ends. Throws FCC0510 if one cannot reach at its longest.
 */
export function relax(sections: readonly Section[], isa: Isa): Laid {
  for (;;) {
    const laid = place(sections);
    if (!grow(sections, laid, isa)) return write(sections, laid, isa);
  }
}

/** Pool entries that some near literal load refers to. */
function usedPool(s: Section): [number, Label][] {
  const used = new Set<Label>();
  for (const x of s.items) if (x.kind === 'either' && x.literal !== null && !x.isFar) used.add(x.literal);
  return [...s.pool].filter(([, label]) => used.has(label));
}

type Ref = Extract<Item, { kind: 'ref' }>;
type Placing = { address: Map<Label, number>; bounds: Bounds[]; length: number };

function place(sections: readonly Section[]): Placing {
  const address = new Map<Label, number>();
  const bounds: Bounds[] = [];
  let at = 0;
  const placePool = (s: Section): void => {
    const words = usedPool(s);
    if (words.length > 0) at = alignTo(at, POOL_ALIGN);
    for (const [, label] of words) {
      address.set(label, at);
      at += 4;
    }
  };
  for (const s of sections) {
    at = alignTo(at, s.align);
    const start = at;
    if (s.poolFirst) placePool(s);
    at = alignTo(at, s.align);
    const code = at;
    for (const x of chosen(s.items)) {
      if (x.kind === 'bind') address.set(x.label, at);
      else at += x.kind === 'inst' ? x.bytes.length : x.size;
    }
    if (!s.poolFirst) placePool(s);
    bounds.push({ start, code, end: at });
  }
  return { address, bounds, length: at };
}

function encodeRef(x: Ref, at: number, address: ReadonlyMap<Label, number>, isa: Isa): Uint8Array | null {
  const to = address.get(x.label);
  if (to === undefined) throw new Error(`${x.name} refers to a label that is bound nowhere`);
  return isa.encode(x.name, [...x.operands, to - at], at, x.size);
}

/** Bytes of items at their present sizes. */
export const sizeOf = (items: readonly Item[]): number => {
  let n = 0;
  for (const x of chosen(items)) n += x.kind === 'inst' ? x.bytes.length : x.kind === 'ref' ? x.size : 0;
  return n;
};

/** Grows what does not reach with the addresses of a placing; false if everything does. */
function grow(sections: readonly Section[], { address, bounds }: Placing, isa: Isa): boolean {
  let changed = false;
  /** False if the longest encoding does not reach. */
  const reaches = (x: Ref, at: number): boolean => {
    const bytes = encodeRef(x, at, address, isa);
    const size = bytes ? bytes.length : isa.sizes(x.name).find((n) => n > x.size);
    if (size === undefined) return false;
    if (size !== x.size) changed = true;
    x.size = size;
    return true;
  };
  const walk = (items: readonly Item[], start: number, far: (() => void) | null): void => {
    let at = start;
    for (const x of items) {
      const width = sizeOf([x]);
      if (x.kind === 'either') {
        const leave = (): void => {
          x.isFar = true;
          changed = true;
        };
        walk(x.isFar ? x.far : x.near, at, x.isFar ? null : leave);
      } else if (x.kind === 'ref' && !reaches(x, at)) {
        if (far) {
          far();
          return;
        }
        throw new CompileError('FCC0510', 'the program is too large for the branches of the target', {
          got: `${x.name} over ${address.get(x.label)! - at} bytes`,
          help: 'compile fewer functions into one image, or split the largest one',
        });
      }
      at += width;
    }
  };
  sections.forEach((s, i) => {
    walk(s.items, bounds[i]!.code, null);
  });
  return changed;
}

function write(sections: readonly Section[], { address, bounds, length }: Placing, isa: Isa): Laid {
  const text = new Uint8Array(alignTo(length, 8));
  const view = new DataView(text.buffer);
  const placed = sections.map((s, i) => {
    const out: Placed[] = [];
    let at = bounds[i]!.code;
    for (const item of chosen(s.items)) {
      if (item.kind === 'bind') continue;
      const bytes = item.kind === 'inst' ? item.bytes : encodeRef(item, at, address, isa)!;
      text.set(bytes, at);
      out.push({ offset: at, size: bytes.length, item });
      at += bytes.length;
    }
    for (const [word, label] of usedPool(s)) view.setUint32(address.get(label)!, word, true);
    return out;
  });
  return { text, bounds, placed, address };
}
