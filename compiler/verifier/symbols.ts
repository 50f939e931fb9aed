// SPDX-License-Identifier: MIT
import type { Contract } from '../contract/types.js';
import type { Region } from './facts.js';

/** Inclusive bounds of a symbol's signed value; infinite where they are not below 2^53 in magnitude. */
export interface Range {
  readonly lo: number;
  readonly hi: number;
}

export const ANY: Range = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY };

/** No object on a 32-bit device is longer. */
const LONGEST = 0xffffffff;
/** Fresh symbols follow the fixed ones. */
const CONTEXT_LENGTH = 0;

/**
 * Numbers for unknown values. Fixed ones stand for lengths that no run changes: of the context, of granted regions, and of those counted
 * in units. All others stand for a value at one point of one path.
 */
export class Symbols {
  private last: number;
  private readonly fixed: Range[] = [];
  private readonly units = new Map<string, number>();

  constructor(private readonly contract: Contract) {
    this.fixed.push({ lo: 0, hi: LONGEST });
    for (const r of contract.regions) this.fixed.push({ lo: r.minSize, hi: r.maxSize });
    for (const f of contract.context.fields) {
      if (f.kind !== 'length' || (f.unit ?? 1) === 1) continue;
      const key = `${f.region}/${f.unit}`;
      const r = contract.regions.find((d) => d.name === f.region);
      if (this.units.has(key) || !r) continue;
      this.units.set(key, this.fixed.length);
      this.fixed.push({ lo: Math.floor(r.minSize / f.unit!), hi: Math.floor(r.maxSize / f.unit!) });
    }
    this.last = this.fixed.length - 1;
  }

  fresh(): number {
    return ++this.last;
  }

  /** Bounds that hold of a symbol in every state. */
  always(sym: number): Range {
    return this.fixed[sym] ?? ANY;
  }

  isFixed(sym: number): boolean {
    return sym < this.fixed.length;
  }

  /** The symbol of a region's length in bytes; null for regions whose length the contract or the program fixes. */
  lengthOf(region: Region): number | null {
    if (region.kind === 'context') return this.contract.context.size === null ? CONTEXT_LENGTH : null;
    if (region.kind !== 'granted') return null;
    return this.contract.regions[region.index]!.size === null ? region.index + 1 : null;
  }

  /** The symbol of a granted region's length in units of `unit` bytes, rounded down. */
  unitsOf(region: string, unit: number): number {
    const sym = this.units.get(`${region}/${unit}`);
    if (sym === undefined) throw new Error(`no length field counts ${region} in units of ${unit}`);
    return sym;
  }

  /** The fixed length symbols with their meaning, for those who know the lengths of a run: [symbol, region name or null for the context, unit]. */
  lengths(): [sym: number, region: string | null, unit: number][] {
    const out: [number, string | null, number][] = [[CONTEXT_LENGTH, null, 1]];
    for (const [i, r] of this.contract.regions.entries()) out.push([i + 1, r.name, 1]);
    for (const [key, sym] of this.units) {
      const cut = key.lastIndexOf('/');
      out.push([sym, key.slice(0, cut), Number(key.slice(cut + 1))]);
    }
    return out;
  }
}
