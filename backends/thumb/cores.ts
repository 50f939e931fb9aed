// SPDX-License-Identifier: MIT

import type { Features } from '../../compiler/codegen/select.js';
import type { Core } from '../../compiler/codegen/target.js';
import type { Feature } from './isa-codec.js';

/**
 * Bits of the image header's `features` for Thumb: what text needs beyond the ARMv6-M instructions, which every core has. An
 * image runs on every core that has all of its bits.
 */
export const FEATURES = {
  v7m: {
    bit: 1,
    doc: 'ARMv7-M mainline instructions: Thumb-2, IT, long multiplication, unaligned ldr, ldrh, str and strh',
  },
  v8mbase: { bit: 2, doc: 'what ARMv8-M baseline adds: movw, movt, cbz, cbnz, b.w, division, ldrex, strex' },
} as const;

/** `dsp` is no bit of an image: no text uses those instructions. */
type Level = Readonly<Record<keyof typeof FEATURES | 'dsp', boolean>>;

const V6M: Level = { v7m: false, v8mbase: false, dsp: false };
const V8M_BASE: Level = { v7m: false, v8mbase: true, dsp: false };
const V7M: Level = { v7m: true, v8mbase: true, dsp: false };
const V7EM: Level = { ...V7M, dsp: true };

function core(name: string, features: Level, board: string, doc: string): Core {
  const names = Object.keys(FEATURES) as (keyof typeof FEATURES)[];
  const featureBits = names.reduce((bits, f) => bits | (features[f] ? FEATURES[f].bit : 0), 0);
  return { name, features, featureBits, emulators: [{ board, lacks: [] }], doc };
}

export const CORES: readonly Core[] = [
  core('cortex-m0', V6M, 'lm3s6965evb-m0', 'ARMv6-M'),
  core('cortex-m0plus', V6M, 'lm3s6965evb-m0', 'ARMv6-M'),
  core('cortex-m23', V8M_BASE, 'mps2-an505', 'ARMv8-M baseline; its emulator is a Cortex-M33'),
  core('cortex-m3', V7M, 'mps2-an385', 'ARMv7-M'),
  core('cortex-m4', V7EM, 'mps2-an386', 'ARMv7E-M; its DSP and floating-point instructions are not used'),
  core('cortex-m7', V7EM, 'mps2-an500', 'ARMv7E-M; its DSP and floating-point instructions are not used'),
  core('cortex-m33', V7M, 'mps2-an505', 'ARMv8-M mainline; only its ARMv7-M instructions are used'),
];

/** The newest instructions that a core with these features has; each level has those of all before it. */
export function levelOf(features: Features): Feature {
  if (features.v7m) return features.dsp ? 'dsp' : 'v7m';
  return features.v8mbase ? 'v8mbase' : 'v6m';
}
