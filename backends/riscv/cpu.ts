// SPDX-License-Identifier: MIT
import type { Core } from '../../compiler/codegen/target.js';
import { type Abi, type Bus, type Cpu, CpuFault, type CpuModel } from '../../compiler/simulator/cpu.js';
import { type Decoded, decode, type Features, plainName, print, sizeOf, supports } from './isa.js';
import { type Domain, type Machine, MEANINGS, type Meaning } from './semantics.js';
import { CONCRETE } from './semantics-concrete.js';

interface Ready {
  readonly decoded: Decoded;
  readonly meaning: Meaning;
  readonly operands: readonly number[];
  readonly size: number;
}

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;
/** No address is reserved. Reserved addresses are unsigned. */
const NOTHING = -1;

/**
 * One hart as far as images use one: no exceptions, no privileged state, no control registers. Every access must be aligned.
 * Of reservations it keeps the least that the manual promises: any other access to memory ends them, as does a call out of the
 * text; a loop around sc.w that has such accesses in it would never end here.
 */
class RiscvCpu implements Cpu, Machine<number, boolean> {
  readonly d: Domain<number, boolean> = CONCRETE;
  readonly registers = new Int32Array(32);
  pc = 0;
  address = 0;
  size = 4;
  instructions = 0;
  readonly #features: Features;
  readonly #text: Uint8Array;
  readonly #base: number;
  readonly #bus: Bus;
  /** Bits that must be clear in an instruction's address. */
  readonly #alignment: number;
  readonly #cache: (Ready | undefined)[];
  #reserved = NOTHING;
  #next = 0;

  constructor(features: Features, text: Uint8Array, base: number, bus: Bus) {
    this.#features = features;
    this.#text = text;
    this.#base = base;
    this.#bus = bus;
    this.#alignment = features.compressed === true ? 1 : 3;
    this.#cache = new Array((text.length + 1) >> 1);
  }

  get(r: number): number {
    return this.registers[r]!;
  }

  set(r: number, value: number): void {
    if (r !== 0) this.registers[r] = value;
  }

  load(address: number, bytes: 1 | 2 | 4, signed: boolean): number {
    this.#reserved = NOTHING;
    const v = this.#read(address, bytes);
    if (bytes === 4) return v | 0;
    return signed ? (v << (32 - 8 * bytes)) >> (32 - 8 * bytes) : v;
  }

  store(address: number, bytes: 1 | 2 | 4, value: number): void {
    this.#reserved = NOTHING;
    if ((address & (bytes - 1)) !== 0) throw new CpuFault(`misaligned store of ${bytes} at ${hex(address)}`);
    this.#bus.write(address >>> 0, bytes, value);
  }

  #read(address: number, bytes: 1 | 2 | 4): number {
    if ((address & (bytes - 1)) !== 0) throw new CpuFault(`misaligned load of ${bytes} at ${hex(address)}`);
    return this.#bus.read(address >>> 0, bytes);
  }

  reserve(address: number): number {
    const v = this.#read(address, 4);
    this.#reserved = address >>> 0;
    return v | 0;
  }

  storeReserved(address: number, value: number): boolean {
    const holds = this.#reserved === address >>> 0;
    this.#reserved = NOTHING;
    if ((address & 3) !== 0) throw new CpuFault(`misaligned sc.w at ${hex(address)}`);
    if (holds) this.#bus.write(address >>> 0, 4, value);
    return holds;
  }

  modify(address: number, next: (old: number) => number): number {
    const old = this.load(address, 4, true);
    this.store(address, 4, next(old));
    return old;
  }

  jump(target: number, condition: boolean): void {
    if (condition) this.jumpTo(target);
  }

  jumpTo(target: number): void {
    if ((target & this.#alignment) !== 0) throw new CpuFault(`jump to the misaligned address ${hex(target)}`);
    this.#next = target >>> 0;
  }

  scramble(): void {
    this.#reserved = NOTHING;
  }

  run(limit: number): boolean {
    // Register 0 holds zero whatever was put there from outside.
    this.registers[0] = 0;
    const end = this.#text.length;
    const base = this.#base;
    const cache = this.#cache;
    for (;;) {
      const pc = this.pc;
      const at = pc - base;
      if (at < 0 || at >= end) return true;
      if (this.instructions >= limit) return false;
      const inst = (at & 1) === 0 ? (cache[at >> 1] ?? this.#decode(at)) : this.#decode(at);
      this.instructions++;
      this.address = pc;
      this.size = inst.size;
      this.#next = pc + inst.size;
      inst.meaning(this, inst.operands);
      this.pc = this.#next;
    }
  }

  #half(at: number): number {
    if (at + 2 > this.#text.length) throw new CpuFault('instruction runs past the end of the text');
    return this.#text[at]! | (this.#text[at + 1]! << 8);
  }

  #decode(at: number): Ready {
    if ((this.pc & this.#alignment) !== 0) throw new CpuFault(`instruction at the misaligned address ${hex(this.pc)}`);
    const first = this.#half(at);
    const second = sizeOf(first) === 4 ? this.#half(at + 2) : 0;
    const decoded = decode(first, second);
    if (!decoded) {
      const word = sizeOf(first) === 4 ? (second << 16) | first : first;
      throw new CpuFault(`undefined or reserved instruction ${hex(word)}`);
    }
    if (!supports(this.#features, decoded.row, decoded.operands))
      throw new CpuFault(`the core lacks ${print(decoded, this.pc)}`);
    const ready: Ready = {
      decoded,
      meaning: MEANINGS[plainName(decoded.row.name)],
      operands: decoded.operands,
      size: decoded.row.size,
    };
    this.#cache[at >> 1] = ready;
    return ready;
  }

  describe(address: number): string {
    const at = address - this.#base;
    if (at < 0 || at >= this.#text.length) return `outside the text at ${hex(address)}`;
    const ready = (at & 1) === 0 ? this.#cache[at >> 1] : undefined;
    return `text+${hex(at)}${ready ? `: ${print(ready.decoded, address)}` : ''}`;
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** RISC-V ELF psABI, procedure calling convention: ilp32, and ilp32e with the 16-register limit. */
function abiOf(features: Features): Abi {
  const few = features.registers16 === true;
  const argumentRegisters = range(10, few ? 15 : 17);
  return {
    argumentRegisters,
    alignPairs: false,
    alignStackPairs: !few,
    resultRegisters: [10, 11],
    // ra, t0 to t2, a0 and up, t3 to t6.
    callerSaved: [1, ...range(5, 7), ...argumentRegisters, ...(few ? [] : range(28, 31))],
    stackPointer: 2,
    stackAlign: few ? 4 : 16,
    linkRegister: 1,
    trapLink: 4,
    instanceRegister: few ? 9 : 27,
    codeBit: 0,
  };
}

/** The processor of one core for compiler/simulator: what it lacks, it faults on. */
export function riscvCpu(core: Core): CpuModel {
  const { features } = core;
  return {
    arch: 'riscv32',
    abi: abiOf(features),
    create: (text, textAddress, bus) => new RiscvCpu(features, text, textAddress, bus),
  };
}
