// SPDX-License-Identifier: MIT
import { type GuestMemory, HelperTrap } from '../host/engine.js';
import { type Bus, CpuFault } from './cpu.js';

/** One piece of mapped memory. What no area covers is not there: touching it is a fault. */
export interface Area {
  readonly name: string;
  readonly base: number;
  readonly bytes: Uint8Array;
  /** Data reads by the container. */
  readonly readable: boolean;
  /** Whether the container may write these bytes. */
  readonly writable: (offset: number, length: number) => boolean;
  /** A region of the container's (not stack, instance or text): helpers may be given pointers into it. */
  readonly region: boolean;
}

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;
/** No area reaches past its 16 MiB: see LAYOUT. */
const BLOCK_SHIFT = 24;
/** Longest area that starts at a block. */
export const MAX_AREA_BYTES = 1 << BLOCK_SHIFT;

/** The container's address space: every access is inside one area and has the right there, or it is refused. */
export class SimMemory implements Bus {
  readonly #areas: (Area | undefined)[] = new Array(256);
  readonly #views: (DataView | undefined)[] = new Array(256);
  readonly #text: Area;
  readonly #textView: DataView;
  readonly #granted: ReadonlyMap<string, number>;

  /** `granted`: base addresses of the granted regions by name. Throws if two areas share a 16 MiB block (our bug). */
  constructor(areas: readonly Area[], text: Area, granted: ReadonlyMap<string, number>) {
    for (const area of [...areas, text]) {
      const block = area.base >>> BLOCK_SHIFT;
      const last = (area.base + Math.max(area.bytes.length, 1) - 1) >>> BLOCK_SHIFT;
      if (block !== last || this.#areas[block]) throw new Error(`area ${area.name} does not fit the layout`);
      this.#areas[block] = area;
      this.#views[block] = new DataView(area.bytes.buffer, area.bytes.byteOffset, area.bytes.byteLength);
    }
    this.#text = text;
    this.#textView = this.#views[text.base >>> BLOCK_SHIFT]!;
    this.#granted = granted;
  }

  #find(address: number, length: number, what: string): Area {
    const area = this.#areas[address >>> BLOCK_SHIFT];
    if (!area) throw new CpuFault(`${what} of ${length} at ${hex(address)}: nothing is mapped there`);
    const offset = address - area.base;
    if (offset < 0 || offset + length > area.bytes.length)
      throw new CpuFault(
        `${what} of ${length} at ${hex(address)}: outside ${area.name} [${hex(area.base)}, ${hex(area.base + area.bytes.length)})`,
      );
    return area;
  }

  read(address: number, bytes: 1 | 2 | 4): number {
    const area = this.#find(address, bytes, 'read');
    if (!area.readable) throw new CpuFault(`read of ${bytes} at ${hex(address)}: ${area.name} may not be read as data`);
    const view = this.#views[address >>> BLOCK_SHIFT]!;
    const offset = address - area.base;
    if (bytes === 4) return view.getUint32(offset, true);
    return bytes === 2 ? view.getUint16(offset, true) : view.getUint8(offset);
  }

  literal(address: number): number {
    if (this.#find(address, 4, 'literal read') !== this.#text)
      throw new CpuFault(`literal read at ${hex(address)}: not in the text`);
    return this.#textView.getUint32(address - this.#text.base, true);
  }

  write(address: number, bytes: 1 | 2 | 4, value: number): void {
    const area = this.#find(address, bytes, 'write');
    const offset = address - area.base;
    if (!area.writable(offset, bytes))
      throw new CpuFault(`write of ${bytes} at ${hex(address)}: ${area.name}+${hex(offset)} may not be written`);
    const view = this.#views[address >>> BLOCK_SHIFT]!;
    if (bytes === 4) view.setUint32(offset, value, true);
    else if (bytes === 2) view.setUint16(offset, value, true);
    else view.setUint8(offset, value);
  }

  /** Memory as helpers see it: the container's regions only, with its rights. Refusals are memory traps. */
  readonly guest: GuestMemory = {
    read: (address, length) => {
      const { area, offset } = this.#lent(address, length, 'read');
      return area.bytes.subarray(offset, offset + length);
    },
    write: (address, bytes) => {
      const { area, offset } = this.#lent(address, bytes.length, 'write');
      if (!area.writable(offset, bytes.length)) throw new HelperTrap('memory', `${area.name} may not be written`);
      area.bytes.set(bytes, offset);
    },
    regionBase: (name) => {
      const base = this.#granted.get(name);
      if (base === undefined) throw new HelperTrap('helper', `the contract grants no region "${name}"`);
      return base;
    },
  };

  #lent(address: number, length: number, what: string): { area: Area; offset: number } {
    const area = this.#areas[address >>> BLOCK_SHIFT];
    const offset = address - (area?.base ?? 0);
    if (!area?.region || !area.readable || offset < 0 || offset + length > area.bytes.length)
      throw new HelperTrap('memory', `helper ${what} of ${length} at ${hex(address)} is outside every region`);
    return { area, offset };
  }
}
