// SPDX-License-Identifier: MIT
import { CORES, featureBitsOf } from '../../backends/xtensa/cores.js';
import { xtensaCpu } from '../../backends/xtensa/cpu.js';
import { makeIsa } from '../../backends/xtensa/isa.js';
import type { Core } from '../../compiler/codegen/target.js';
import { type Bus, CpuFault } from '../../compiler/simulator/cpu.js';

/** Few instructions on the processor model, without a compiler. */

export const full: Core = CORES.find((c) => c.name === 'esp32')!;
export const without = (...names: string[]): Core => {
  const features = { ...full.features, ...Object.fromEntries(names.map((n) => [n, false])) };
  return { ...full, features, featureBits: featureBitsOf(features) };
};
export const isa = makeIsa(full.features);
export const BASE = 0x40000;
export const MEMORY = 0x3ff00000;

/** 64 bytes at MEMORY, byte i holds i + 128; literals say where they were read. */
export function testBus(): Bus & { readonly bytes: Uint8Array } {
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => i + 128);
  const at = (address: number, n: number): number => {
    const offset = address - MEMORY;
    if (offset < 0 || offset + n > 64) throw new CpuFault(`nothing at ${address}`);
    return offset;
  };
  return {
    bytes,
    read: (a, n) => bytes.subarray(at(a, n), at(a, n) + n).reduceRight((v, b) => v * 256 + b, 0),
    literal: (a) => (a ^ 0xffffffff) >>> 0,
    write: (a, n, v) => {
      const offset = at(a, n);
      for (let i = 0; i < n; i++) bytes[offset + i] = v >>> (8 * i);
    },
  };
}

export type Code = readonly (readonly [string, ...number[]])[];

/** Bytes of instructions that stand one behind the other from BASE on. */
export function assemble(code: Code, core = full): Uint8Array {
  const table = makeIsa(core.features);
  const out: number[] = [];
  for (const [name, ...operands] of code) {
    const bytes = table.encode(name, operands, BASE + out.length, 1);
    if (!bytes) throw new Error(`${name} ${operands}`);
    out.push(...bytes);
  }
  return Uint8Array.from(out);
}

/** Runs as many instructions as `code` has, or `count`, from these register values. */
export function execute(code: Code, registers: Record<number, number>, count = code.length, core = full) {
  return run(assemble(code, core), registers, count, core);
}

/** Runs `count` instructions of a text. */
export function run(text: Uint8Array, registers: Record<number, number>, count: number, core = full) {
  const bus = testBus();
  const cpu = xtensaCpu(core).create(text, BASE, bus);
  for (const [r, v] of Object.entries(registers)) cpu.registers[Number(r)] = v;
  cpu.pc = BASE;
  cpu.run(count);
  return { r: [...cpu.registers].map((v) => v >>> 0), pc: cpu.pc, bytes: bus.bytes, instructions: cpu.instructions };
}

/** The word at an offset, unsigned. */
export const word = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer).getUint32(at, true);
