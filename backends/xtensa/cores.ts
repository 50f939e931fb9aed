// SPDX-License-Identifier: MIT
import type { Core, Emulator } from '../../compiler/codegen/target.js';

/** Bits of the image header's `features` for Xtensa: what text may use beyond the core instruction set and conditional moves. */
export const FEATURES = {
  density: { bit: 1, doc: '2-byte encodings' },
  mul16: { bit: 2, doc: '16-bit multiplication' },
  mul32: { bit: 4, doc: '32-bit multiplication, low word' },
  mul32high: { bit: 8, doc: '32-bit multiplication, high word' },
  div32: { bit: 16, doc: '32-bit division' },
  minmax: { bit: 32, doc: 'minimum and maximum' },
  sext: { bit: 64, doc: 'sign extension' },
  clamps: { bit: 128, doc: 'clamping to a signed range' },
  nsa: { bit: 256, doc: 'counting leading sign bits and zeros' },
  loop: { bit: 512, doc: 'zero-overhead loops' },
  s32c1i: { bit: 1024, doc: 'compare and swap' },
} as const;

export type Feature = keyof typeof FEATURES;

/** OR of the bits of the features that are true. */
export function featureBitsOf(features: Readonly<Record<string, boolean>>): number {
  return Object.entries(FEATURES).reduce((bits, [name, { bit }]) => (features[name] ? bits | bit : bits), 0);
}

interface Stand extends Emulator {
  readonly lacks: readonly Feature[];
}

const core = (name: string, lacks: readonly Feature[], emulators: readonly Stand[], doc: string): Core => {
  const features = Object.fromEntries(Object.keys(FEATURES).map((f) => [f, !lacks.includes(f as Feature)]));
  return { name, features, featureBits: featureBitsOf(features), emulators, doc };
};

/** QEMU's Xtensa processors that come nearest. */
const LX6: readonly Stand[] = [
  { board: 'sim-de212', lacks: ['mul32high', 's32c1i'] },
  { board: 'sim-dc232b', lacks: ['mul32high'] },
];

export const CORES: readonly Core[] = [
  core(
    'esp8266',
    ['mul32high', 'div32', 'minmax', 'sext', 'clamps', 'loop', 's32c1i'],
    [{ board: 'sim-lx106', lacks: [] }],
    'LX106: ESP8266',
  ),
  core('esp32', [], LX6, 'LX6: ESP32'),
  core('esp32s3', [], LX6, 'LX7: ESP32-S3'),
];
