// SPDX-License-Identifier: MIT
import type { Core } from '../../compiler/codegen/target.js';

/**
 * Bits of the image header's `features` for Thumb. Text of every core below uses the ARMv7-M mainline instructions and
 * none of its extensions, so an image for one runs on all of them.
 */
export const FEATURES = {
  v7m: { bit: 1, doc: 'ARMv7-M mainline instructions: Thumb-2, division, unaligned ldr, ldrh, str and strh' },
} as const;

const mainline = (name: string, machine: string, doc: string): Core => ({
  name,
  features: { v7m: true },
  featureBits: FEATURES.v7m.bit,
  qemu: { machine, cpu: null },
  doc,
});

export const CORES: readonly Core[] = [
  mainline('cortex-m3', 'mps2-an385', 'ARMv7-M'),
  mainline('cortex-m4', 'mps2-an386', 'ARMv7E-M; its DSP and floating-point instructions are not used'),
  mainline('cortex-m7', 'mps2-an500', 'ARMv7E-M; its DSP and floating-point instructions are not used'),
  mainline('cortex-m33', 'mps2-an505', 'ARMv8-M mainline; only its ARMv7-M instructions are used'),
];
