// SPDX-License-Identifier: MIT
import type { Core } from '../../compiler/codegen/target.js';
import { type Bus, type Cpu, CpuFault, type CpuModel } from '../../compiler/simulator/cpu.js';
import { levelOf } from './cores.js';
import {
  type Decoded,
  decode,
  type Feature,
  has,
  type ItBlock,
  itAdvance,
  itPosition,
  itStart,
  NO_IT,
  plainName,
  print,
  sizeOf,
} from './isa.js';
import { conditionHolds, type Domain, type Machine, MEANINGS, type Meaning } from './semantics.js';
import { CONCRETE } from './semantics-concrete.js';

interface Ready {
  readonly decoded: Decoded;
  readonly meaning: Meaning;
  readonly operands: readonly number[];
  readonly size: number;
}

const POSITIONS = ['out', 'in', 'last'] as const;
const SLOT = { out: 0, in: 1, last: 2 } as const;

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;

/** A Cortex-M core as far as images use one: no exceptions, no privileged state. */
class ThumbCpu implements Cpu, Machine<number, boolean> {
  readonly d: Domain<number, boolean> = CONCRETE;
  readonly registers = new Int32Array(16);
  n = false;
  z = false;
  c = false;
  v = false;
  pc = 0;
  address = 0;
  size = 2;
  instructions = 0;
  readonly #text: Uint8Array;
  readonly #base: number;
  readonly #bus: Bus;
  readonly #level: Feature;
  /** Mask of address bits that must be zero, by access size: only ARMv7-M takes any address. */
  readonly #aligned: number;
  readonly #cache: (Ready | undefined)[][];
  #it: ItBlock = NO_IT;
  #next = 0;
  /** Address of the last exclusive load, if no exclusive store has followed. */
  #watched: number | null = null;

  constructor(text: Uint8Array, base: number, bus: Bus, core: Core) {
    this.#level = levelOf(core.features);
    this.#aligned = core.features.v7m ? 0 : 3;
    this.#text = text;
    this.#base = base;
    this.#bus = bus;
    this.#cache = POSITIONS.map(() => new Array(text.length >> 1));
  }

  get(r: number): number {
    return this.registers[r]!;
  }

  set(r: number, value: number): void {
    this.registers[r] = value;
  }

  load(address: number, bytes: 1 | 2 | 4, signed: boolean, via: 'base' | 'literal', strict: boolean): number {
    this.#checkAlignment(address, bytes, strict);
    if (via === 'literal') return this.#bus.literal(address >>> 0) | 0;
    const v = this.#bus.read(address >>> 0, bytes);
    if (bytes === 4) return v | 0;
    return signed ? (v << (32 - 8 * bytes)) >> (32 - 8 * bytes) : v;
  }

  store(address: number, bytes: 1 | 2 | 4, value: number, strict: boolean): void {
    this.#checkAlignment(address, bytes, strict);
    this.#bus.write(address >>> 0, bytes, value);
  }

  loadExclusive(address: number): number {
    const value = this.load(address, 4, false, 'base', true);
    this.#watched = address;
    return value;
  }

  storeExclusive(address: number, value: number): boolean {
    // The monitor is asked first, as in the emulator: what is not aligned was never watched. The manual leaves the order open.
    const intact = this.#watched === address;
    this.#watched = null;
    if (intact) this.store(address, 4, value, true);
    return intact;
  }

  #checkAlignment(address: number, bytes: 1 | 2 | 4, strict: boolean): void {
    if ((address & (bytes - 1) & (strict ? 3 : this.#aligned)) !== 0)
      throw new CpuFault(`unaligned access at ${hex(address)}`);
  }

  jump(target: number, condition: boolean): void {
    if (condition) this.#next = target >>> 0;
  }

  jumpTo(target: number, how: 'bx' | 'blx' | 'pop'): void {
    if ((target & 1) === 0) throw new CpuFault(`${how} to ${hex(target)}: bit 0 is clear`);
    this.#next = (target & ~1) >>> 0;
  }

  startIt(cond: number, mask: number): void {
    this.#it = itStart(cond, mask);
  }

  stop(why: 'udf' | 'bkpt', imm: number): void {
    throw new CpuFault(`${why} ${imm}`);
  }

  scramble(random: () => number): void {
    const bits = random();
    this.#watched = null;
    this.n = (bits & 1) !== 0;
    this.z = (bits & 2) !== 0;
    this.c = (bits & 4) !== 0;
    this.v = (bits & 8) !== 0;
  }

  run(limit: number): boolean {
    const end = this.#text.length;
    for (;;) {
      const at = this.pc - this.#base;
      if (at < 0 || at >= end) {
        if (this.#it !== NO_IT) throw new CpuFault('left the text inside an IT block');
        return true;
      }
      if (this.instructions >= limit) return false;
      const position = itPosition(this.#it);
      const inst = this.#cache[SLOT[position]]![at >> 1] ?? this.#decode(at, position);
      this.instructions++;
      this.address = this.pc;
      this.size = inst.size;
      this.#next = this.pc + inst.size;
      if (this.#it === NO_IT) inst.meaning(this, inst.operands);
      else {
        const condition = this.#it >>> 4;
        this.#it = itAdvance(this.#it);
        if (conditionHolds(this, condition)) inst.meaning(this, inst.operands);
      }
      this.pc = this.#next;
    }
  }

  #half(at: number): number {
    if (at + 2 > this.#text.length) throw new CpuFault('instruction runs past the end of the text');
    return this.#text[at]! | (this.#text[at + 1]! << 8);
  }

  #decode(at: number, position: (typeof POSITIONS)[number]): Ready {
    if ((at & 1) !== 0) throw new CpuFault(`instruction at an odd address ${hex(this.pc)}`);
    const first = this.#half(at);
    const second = sizeOf(first) === 4 ? this.#half(at + 2) : 0;
    const decoded = decode(first, second, this.#base + at, position);
    if (!decoded || !has(this.#level, decoded.row)) {
      const shown = sizeOf(first) === 4 ? `${hex(first)} ${hex(second)}` : hex(first);
      throw new CpuFault(
        `undefined instruction, or one that the core lacks, ${shown}${position === 'out' ? '' : ' in an IT block'}`,
      );
    }
    const ready: Ready = {
      decoded,
      meaning: MEANINGS[plainName(decoded.row.name)],
      operands: decoded.operands,
      size: decoded.row.size,
    };
    this.#cache[SLOT[position]]![at >> 1] = ready;
    return ready;
  }

  describe(address: number): string {
    const at = address - this.#base;
    if (at < 0 || at >= this.#text.length) return `outside the text at ${hex(address)}`;
    const ready = this.#cache.map((c) => c[at >> 1]).find((r) => r !== undefined);
    return `text+${hex(at)}${ready ? `: ${print(ready.decoded, address)}` : ''}`;
  }
}

const ARCH_AND_ABI = {
  arch: 'thumb',
  // Procedure Call Standard for the Arm Architecture (IHI 0042), sections 5 and 6.
  abi: {
    argumentRegisters: [0, 1, 2, 3],
    alignPairs: true,
    resultRegisters: [0, 1],
    callerSaved: [0, 1, 2, 3, 12, 14],
    stackPointer: 13,
    stackAlign: 8,
    linkRegister: 14,
    trapLink: 4,
    instanceRegister: 9,
    codeBit: 1,
  },
} as const satisfies Partial<CpuModel>;

/** Cortex-M simulation for compiler/simulator: instructions and accesses that the core has not are faults. */
export const thumbCpu = (core: Core): CpuModel => ({
  ...ARCH_AND_ABI,
  create: (text, textAddress, bus) => new ThumbCpu(text, textAddress, bus, core),
});
