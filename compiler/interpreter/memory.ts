// SPDX-License-Identifier: MIT
import type { Program } from '../bpf/program.js';
import { contextWritable } from '../contract/kept.js';
import type { Contract } from '../contract/types.js';
import { type GuestMemory, HelperTrap } from '../host/engine.js';
import type { Guest } from '../host/guest.js';
import { FRAME_BYTES, frameAddress, LAYOUT } from '../host/layout.js';

/** A piece of memory that the container may reach. */
export interface Area {
  readonly kind: 'frame' | 'data' | 'rodata' | 'context' | 'granted';
  /** frame: call depth; granted: index in the contract; else 0. */
  readonly index: number;
  readonly name: string;
  readonly base: bigint;
  readonly bytes: Uint8Array;
  /** Whether `length` bytes at `offset`, which lie inside, may be written. */
  writable(offset: number, length: number): boolean;
}

/** A refused access. */
export class MemoryTrap extends HelperTrap {
  constructor(detail: string) {
    super('memory', detail);
  }
}

const hex = (n: bigint): string => `0x${n.toString(16)}`;

/** The container's memory: a list of areas, default deny. Addresses are whole 64-bit register values and never wrap. */
export class Memory implements GuestMemory {
  readonly #fixed: Area[];
  readonly #frames: Area[] = [];
  /** Value of r1 at entry; 0 without a context. */
  readonly contextBase: bigint;

  constructor(program: Program, contract: Contract, guest: Guest) {
    const { data, bssLength, rodata } = program.globals;
    const block = new Uint8Array(data.length + bssLength);
    block.set(data);
    const area = (
      kind: Area['kind'],
      index: number,
      name: string,
      base: number,
      bytes: Uint8Array,
      rw: boolean,
    ): Area => ({
      kind,
      index,
      name,
      base: BigInt(base),
      bytes,
      writable: () => rw,
    });
    this.#fixed = [
      area('data', 0, 'data', LAYOUT.data, block, true),
      area('rodata', 0, 'rodata', LAYOUT.rodata, Uint8Array.from(rodata), false),
      ...guest.regions.map((r, i) => area('granted', i, `region "${r.name}"`, r.base, r.bytes, r.writable)),
    ];
    this.contextBase = BigInt(guest.context?.base ?? 0);
    if (guest.context) {
      const { base, bytes } = guest.context;
      const writable = (offset: number, length: number): boolean => contextWritable(contract, offset, length);
      this.#fixed.push({ kind: 'context', index: 0, name: 'context', base: BigInt(base), bytes, writable });
    }
  }

  /** Adds the zeroed frame of the next call depth and returns its top, the value of r10. Several functions' in one are longer. */
  pushFrame(length = FRAME_BYTES): bigint {
    const index = this.#frames.length;
    const base = BigInt(frameAddress(index));
    const bytes = new Uint8Array(length);
    this.#frames.push({ kind: 'frame', index, name: `stack frame ${index}`, base, bytes, writable: () => true });
    return base + BigInt(length);
  }

  popFrame(): void {
    this.#frames.pop();
  }

  /** Address of a block of globals. */
  blockBase(block: 'data' | 'rodata'): bigint {
    return BigInt(LAYOUT[block]);
  }

  /** Every area the container can reach now. */
  areas(): readonly Area[] {
    return [...this.#fixed, ...this.#frames];
  }

  /** The area that holds all of [address, address + length), or undefined. */
  locate(address: bigint, length: number): { area: Area; offset: number } | undefined {
    for (const list of [this.#frames, this.#fixed])
      for (const area of list) {
        const offset = address - area.base;
        if (offset >= 0n && offset + BigInt(length) <= BigInt(area.bytes.length))
          return { area, offset: Number(offset) };
      }
    return undefined;
  }

  /** The bytes themselves, in place. Throws MemoryTrap outside, or without the right; `what` names the access for people. */
  view(address: bigint, length: number, write: boolean, what: string): Uint8Array {
    const hit = this.locate(address, length);
    if (!hit) throw new MemoryTrap(`${what}: ${length} bytes at ${hex(address)}, ${this.#nearest(address)}`);
    const { area, offset } = hit;
    if (write && !area.writable(offset, length))
      throw new MemoryTrap(`${what}: ${length} bytes at ${hex(address)}, read-only at ${area.name}+${offset}`);
    return area.bytes.subarray(offset, offset + length);
  }

  read(address: number, length: number): Uint8Array {
    return Uint8Array.from(this.view(BigInt(address), length, false, 'read by a helper'));
  }

  write(address: number, bytes: Uint8Array): void {
    this.view(BigInt(address), bytes.length, true, 'write by a helper').set(bytes);
  }

  regionBase(name: string): number {
    const area = this.#fixed.find((a) => a.kind === 'granted' && a.name === `region "${name}"`);
    if (!area) throw new HelperTrap('helper', `the contract grants no region "${name}"`);
    return Number(area.base);
  }

  /** "12 bytes before context" and the like: the area that is closest. */
  #nearest(address: bigint): string {
    let best: { text: string; distance: bigint } | undefined;
    for (const area of this.areas()) {
      const size = BigInt(area.bytes.length);
      const offset = address - area.base;
      const distance = offset < 0n ? -offset : offset < size ? 0n : offset - size;
      if (best && best.distance <= distance) continue;
      const text = `${area.name}${offset < 0n ? '' : '+'}${offset} (${area.name} is ${size} bytes)`;
      best = { text, distance };
    }
    return best && best.distance < 0x10000n ? best.text : 'near nothing';
  }
}
