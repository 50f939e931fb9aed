// SPDX-License-Identifier: MIT
import { assemble } from '../bpf/asm.js';
import type { Program } from '../bpf/program.js';
import { type Contract, DEFAULT_CONTRACT } from '../contract/types.js';
import { branchy, calls, loops, straight } from './scale-shapes.js';
import { ScaleWriter } from './scale-writer.js';

/** What a generated program mostly consists of. */
export const SCALE_SHAPES = ['straight', 'branchy', 'loops', 'calls'] as const;
export type ScaleShape = (typeof SCALE_SHAPES)[number];

const WRITERS: Readonly<Record<ScaleShape, (w: ScaleWriter) => void>> = { straight, branchy, loops, calls };

/** Bytes of context that every generated program takes: the first half is read only by the program, the second written too. */
export const SCALE_CONTEXT = 128;

/** The contract of the generated programs. A run traps on no guard if the first 32 bytes of the context are below 64. */
export const SCALE_CONTRACT: Contract = {
  ...DEFAULT_CONTRACT,
  hook: 'fc/scale',
  context: { size: SCALE_CONTEXT, access: 'rw', align: 8, fields: [] },
};

/**
 * A program of exactly `size` instructions (lddw counting once), the same for the same arguments: accepted by the verifier
 * under SCALE_CONTRACT, and it ends for every context. Some accesses need guards. `size` is at least 100.
 */
export function scaleProgram(shape: ScaleShape, size: number, seed = 1): Program {
  if (!Number.isInteger(size) || size < 100) throw new Error(`a generated program has at least 100 instructions`);
  const writer = new ScaleWriter(size, seed);
  WRITERS[shape](writer);
  return assemble(writer.text(), `${shape}-${size}`);
}
