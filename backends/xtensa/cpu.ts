// SPDX-License-Identifier: MIT
import type { Core } from '../../compiler/codegen/target.js';
import { type Abi, type Bus, type Cpu, CpuFault, type CpuModel } from '../../compiler/simulator/cpu.js';
import { type Decoded, decode, type Features, print, sizeOf, supports, wordAt } from './isa.js';
import type { Special } from './isa-names.js';
import { type Domain, type Machine, MEANINGS, type Meaning } from './semantics.js';
import { CONCRETE } from './semantics-concrete.js';

interface Ready {
  readonly decoded: Decoded;
  readonly meaning: Meaning;
  readonly operands: readonly number[];
  readonly size: number;
}

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;
/** No loop is active. Addresses are unsigned. */
const NOWHERE = -1;
const MAX_SHIFT = 32;

/**
 * One processor as far as images use one: the call0 ABI's registers, no windows, no exceptions, no privileged state. Every
 * access must be aligned.
 */
class XtensaCpu implements Cpu, Machine<number, boolean> {
  readonly d: Domain<number, boolean> = CONCRETE;
  readonly registers = new Int32Array(16);
  pc = 0;
  address = 0;
  size = 3;
  instructions = 0;
  readonly #features: Features;
  readonly #text: Uint8Array;
  readonly #base: number;
  readonly #bus: Bus;
  readonly #cache: (Ready | undefined)[];
  readonly #special: Record<Special, number> = { lbeg: 0, lend: 0, lcount: 0, sar: 0, scompare1: 0 };
  /** LEND while LCOUNT is not zero. */
  #loopEnd = NOWHERE;
  #jumped = false;
  #next = 0;

  constructor(features: Features, text: Uint8Array, base: number, bus: Bus) {
    this.#features = features;
    this.#text = text;
    this.#base = base;
    this.#bus = bus;
    this.#cache = new Array(text.length);
  }

  get(r: number): number {
    return this.registers[r]!;
  }

  set(r: number, value: number): void {
    this.registers[r] = value;
  }

  special(name: Special): number {
    return this.#special[name];
  }

  setSpecial(name: Special, value: number): void {
    const s = this.#special;
    if (name === 'sar') {
      // Six bits exist.
      s.sar = value & 63;
      return;
    }
    s[name] = value | 0;
    this.#loopEnd = s.lcount === 0 ? NOWHERE : s.lend >>> 0;
  }

  shiftAmount(): number {
    const { sar } = this.#special;
    if (sar > MAX_SHIFT) throw new CpuFault(`shift by ${sar} in SAR`);
    return sar;
  }

  load(address: number, bytes: 1 | 2 | 4, signed: boolean): number {
    if ((address & (bytes - 1)) !== 0) throw new CpuFault(`misaligned load of ${bytes} at ${hex(address)}`);
    const v = this.#bus.read(address >>> 0, bytes);
    if (bytes === 4) return v | 0;
    return signed ? (v << (32 - 8 * bytes)) >> (32 - 8 * bytes) : v;
  }

  store(address: number, bytes: 1 | 2 | 4, value: number): void {
    if ((address & (bytes - 1)) !== 0) throw new CpuFault(`misaligned store of ${bytes} at ${hex(address)}`);
    this.#bus.write(address >>> 0, bytes, value);
  }

  literal(address: number): number {
    return this.#bus.literal(address >>> 0) | 0;
  }

  compareAndSwap(address: number, expected: number, value: number): number {
    const old = this.load(address, 4, true);
    // The right to store is asked for whether or not the word is the expected one.
    this.store(address, 4, old === expected ? value : old);
    return old;
  }

  divisor(value: number): number {
    if (value === 0) throw new CpuFault('division by zero');
    return value;
  }

  jump(target: number, condition: boolean): void {
    if (condition) this.jumpTo(target);
  }

  jumpTo(target: number): void {
    this.#jumped = true;
    this.#next = target >>> 0;
  }

  scramble(random: () => number): void {
    const s = this.#special;
    s.sar = random() & 63;
    s.scompare1 = random() | 0;
    // A function that a branch left in the midst of a loop leaves its count; the loop's end lies in that function.
    s.lcount = random() | 0;
    s.lbeg = random() | 0;
    s.lend = 0;
    this.#loopEnd = NOWHERE;
  }

  run(limit: number): boolean {
    const end = this.#text.length;
    const base = this.#base;
    const cache = this.#cache;
    for (;;) {
      const pc = this.pc;
      const at = pc - base;
      if (at < 0 || at >= end) return true;
      if (this.instructions >= limit) return false;
      const inst = cache[at] ?? this.#decode(at);
      this.instructions++;
      this.address = pc;
      this.size = inst.size;
      const behind = pc + inst.size;
      this.#next = behind;
      if (behind === this.#loopEnd) this.#lastOfLoop(inst);
      else inst.meaning(this, inst.operands);
      this.pc = this.#next;
    }
  }

  /** Who falls out of a loop's end goes back to its start as long as the count lasts; a taken branch leaves the loop. */
  #lastOfLoop(inst: Ready): void {
    this.#jumped = false;
    inst.meaning(this, inst.operands);
    const s = this.#special;
    if (this.#jumped || this.#loopEnd === NOWHERE) return;
    this.setSpecial('lcount', s.lcount - 1);
    this.#next = s.lbeg >>> 0;
  }

  #decode(at: number): Ready {
    const { pc } = this;
    const word = wordAt(this.#text, at);
    const decoded = decode(word, pc);
    const size = decoded?.row.size ?? sizeOf(word & 255) ?? 1;
    if (at + size > this.#text.length) throw new CpuFault('instruction runs past the end of the text');
    if (!decoded) throw new CpuFault(`undefined instruction ${hex(word & (2 ** (8 * size) - 1))}`);
    const { row, operands } = decoded;
    if (!supports(this.#features, row)) throw new CpuFault(`the core lacks ${print(decoded, pc)}`);
    const { name } = row;
    if (name === 'pad') throw new CpuFault('padding is no instruction');
    const ready: Ready = { decoded, meaning: MEANINGS[name], operands, size };
    this.#cache[at] = ready;
    return ready;
  }

  describe(address: number): string {
    const at = address - this.#base;
    if (at < 0 || at >= this.#text.length) return `outside the text at ${hex(address)}`;
    const ready = this.#cache[at];
    return `text+${hex(at)}${ready ? `: ${print(ready.decoded, address)}` : ''}`;
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Xtensa ISA Reference Manual, 8.1.2: the CALL0 ABI. */
const ABI: Abi = {
  argumentRegisters: range(2, 7),
  alignPairs: true,
  resultRegisters: [2, 3],
  callerSaved: [0, ...range(2, 11)],
  stackPointer: 1,
  stackAlign: 16,
  linkRegister: 0,
  trapLink: 3,
  instanceRegister: 15,
  codeBit: 0,
};

/** The processor of one core for compiler/simulator: what it lacks, it faults on. */
export function xtensaCpu(core: Core): CpuModel {
  const { features } = core;
  return {
    arch: 'xtensa',
    abi: ABI,
    create: (text, textAddress, bus) => new XtensaCpu(features, text, textAddress, bus),
  };
}
