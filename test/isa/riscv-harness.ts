// SPDX-License-Identifier: MIT
import { CORES, featureBitsOf } from '../../backends/riscv/cores.js';
import { riscvCpu } from '../../backends/riscv/cpu.js';
import { makeIsa } from '../../backends/riscv/isa.js';
import type { Core } from '../../compiler/codegen/target.js';
import { type Bus, CpuFault } from '../../compiler/simulator/cpu.js';

/** Few instructions on the processor model, without a compiler. */

export const full: Core = CORES.find((c) => c.name === 'rv32imac')!;
export const without = (...names: string[]): Core => {
  const features = { ...full.features, ...Object.fromEntries(names.map((n) => [n, false])) };
  return { ...full, features, featureBits: featureBitsOf(features) };
};
export const isa = makeIsa(full.features);
export const BASE = 0x1000;
export const MEMORY = 0x20000000;

/** 64 bytes at MEMORY, byte i holds i + 128. */
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
    literal: () => 0,
    write: (a, n, v) => {
      const offset = at(a, n);
      for (let i = 0; i < n; i++) bytes[offset + i] = v >>> (8 * i);
    },
  };
}

/** Runs the instructions one after the other, from these register values. */
export function execute(
  code: readonly (readonly [string, ...number[]])[],
  registers: Record<number, number>,
  core = full,
) {
  const table = makeIsa(core.features);
  const text = Uint8Array.from(
    code.flatMap(([name, ...operands]) => {
      const bytes = table.encode(name, operands, 0, 2);
      if (!bytes) throw new Error(`${name} ${operands}`);
      return [...bytes];
    }),
  );
  return run(text, registers, code.length, core);
}

/** Runs `count` instructions of a text. */
export function run(text: Uint8Array, registers: Record<number, number>, count: number, core = full) {
  const bus = testBus();
  const cpu = riscvCpu(core).create(text, BASE, bus);
  // What stands in register 0 beforehand must not matter.
  cpu.registers[0] = 0x5a5a5a5a;
  for (const [r, v] of Object.entries(registers)) cpu.registers[Number(r)] = v;
  cpu.pc = BASE;
  cpu.run(count);
  return { r: [...cpu.registers].map((v) => v >>> 0), pc: cpu.pc, bytes: bus.bytes, instructions: cpu.instructions };
}

/** The word at an offset, unsigned. */
export const word = (bytes: Uint8Array, at: number): bigint => BigInt(new DataView(bytes.buffer).getUint32(at, true));
