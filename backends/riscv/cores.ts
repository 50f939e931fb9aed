// SPDX-License-Identifier: MIT
import type { Core } from '../../compiler/codegen/target.js';

/** Bits of the image header's `features` for RISC-V: what text may use beyond RV32I, and how it finds the instance. */
export const FEATURES = {
  mul: { bit: 1, doc: 'multiplication (M)' },
  div: { bit: 2, doc: 'division (M)' },
  atomics: { bit: 4, doc: '32-bit atomics (A)' },
  compressed: { bit: 8, doc: '16-bit encodings (C)' },
  registers16: { bit: 16, doc: 'x0 to x15 only (RV32E, ilp32e calls): the instance is in x9 instead of x27' },
} as const;

export type Feature = keyof typeof FEATURES;

/** OR of the bits of the features that are true. */
export function featureBitsOf(features: Readonly<Record<string, boolean>>): number {
  return Object.entries(FEATURES).reduce((bits, [name, { bit }]) => (features[name] ? bits | bit : bits), 0);
}

const core = (name: string, features: Readonly<Record<Feature, boolean>>, board: string, doc: string): Core => ({
  name,
  features,
  featureBits: featureBitsOf(features),
  emulators: [{ board, lacks: [] }],
  doc,
});

const IMC = { mul: true, div: true, atomics: false, compressed: true, registers16: false } as const;

export const CORES: readonly Core[] = [
  core('rv32imc', IMC, 'virt-ibex', 'RV32IMC: ESP32-C3, Ibex'),
  core('rv32imac', { ...IMC, atomics: true }, 'virt-e31', 'RV32IMAC: GD32VF103, FE310'),
];
